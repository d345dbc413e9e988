//! A request whose body is still coming.

use alloc::sync::Arc;
use core::fmt;

use ring::digest;

use super::claim::{MISMATCH, OTHER_BODY};
use super::record::ReplayGuard;
use super::verified::Verified;
use super::verifier::check_first_use;
use crate::canonical::scratch::push_string_to_sign_head;
use crate::error::VerifyError;
use crate::hash::{PayloadHash, PayloadHasher, hex, to_array};
use crate::key::SigningKey;
use crate::key_cache::KeyCache;
use crate::time::AmzDate;

/// A request whose body is still coming. From [`Claim::authenticate`](crate::Claim::authenticate).
///
/// It borrows nothing, so it can go wherever the body goes. Until [`finish`](Self::finish) says so the request is not verified: what was
/// read of the body must not be acted on.
///
/// ```
/// # fn f(mut pending: sigv4::Pending<String>, body: &[&[u8]]) -> Result<sigv4::Verified<String>, sigv4::VerifyError> {
/// for piece in body {
///     pending.update(piece);
/// }
/// pending.finish()
/// # }
/// ```
#[must_use = "a request is verified only when its body is"]
pub struct Pending<I> {
    pub(super) verified: Verified<I>,
    pub(super) check: Check,
    pub(super) guard: Option<Arc<dyn ReplayGuard>>,
}

/// What is left to check.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one a request, and boxing it would be an allocation for each"
)]
pub(super) enum Check {
    /// The policy accepts a body that the signature does not bind.
    Nothing,
    /// The signature is right; it binds this hash.
    Body {
        declared: PayloadHash,
        hasher: PayloadHasher,
    },
    /// The signature is over the hash of the body, which nobody declared.
    Signature {
        /// The canonical request but for its last line.
        head: digest::Context,
        hasher: PayloadHasher,
        key: Arc<SigningKey>,
        date: AmzDate,
        /// Where to keep a new key once it proved right.
        keys: Option<(KeyCache, [u8; 16])>,
    },
}

impl<I> Pending<I> {
    /// Takes the next piece of the body.
    ///
    /// ```
    /// # fn f(mut pending: sigv4::Pending<()>) {
    /// pending.update(b"more of the body");
    /// # }
    /// ```
    pub fn update(&mut self, piece: &[u8]) {
        match &mut self.check {
            Check::Nothing => {}
            Check::Body { hasher, .. } | Check::Signature { hasher, .. } => hasher.update(piece),
        }
    }

    /// The hash that the body must have, if the request declared one.
    ///
    /// ```
    /// # fn f(pending: sigv4::Pending<()>) -> Option<sigv4::PayloadHash> {
    /// pending.declared_payload_hash()
    /// # }
    /// ```
    #[must_use]
    pub const fn declared_payload_hash(&self) -> Option<PayloadHash> {
        match &self.check {
            Check::Body { declared, .. } => Some(*declared),
            Check::Nothing | Check::Signature { .. } => None,
        }
    }

    /// Checks what is left, after the last piece of the body.
    ///
    /// # Errors
    /// `PayloadMismatch` when the body is not the declared one; `SignatureDoesNotMatch` when nothing was declared and the signature is
    /// not over this body; `Replayed`.
    ///
    /// ```
    /// # fn f(pending: sigv4::Pending<()>) -> Result<(), sigv4::VerifyError> {
    /// let verified = pending.finish()?;
    /// # Ok(()) }
    /// ```
    pub fn finish(self) -> Result<Verified<I>, VerifyError> {
        let Self {
            verified,
            check,
            guard,
        } = self;
        match check {
            Check::Nothing => {}
            Check::Body { declared, hasher } => {
                if hasher.finish() != declared {
                    return Err(OTHER_BODY);
                }
            }
            Check::Signature {
                mut head,
                hasher,
                key,
                date,
                keys,
            } => {
                head.update(&hex(hasher.finish().as_bytes()));
                let mut text = Vec::with_capacity(256);
                push_string_to_sign_head(&mut text, date.as_bytes(), verified.scope().as_bytes());
                text.extend_from_slice(&hex(&to_array(head.finish().as_ref())));
                if !key.is_signature(&text, verified.signature().as_bytes()) {
                    return Err(MISMATCH);
                }
                if let Some((keys, fingerprint)) = keys {
                    keys.insert(verified.credential_bytes(), fingerprint, key);
                }
            }
        }
        check_first_use(guard.as_ref(), &verified)?;
        Ok(verified)
    }
}

impl<I> fmt::Debug for Pending<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("access_key_id", &self.verified.access_key_id())
            .finish_non_exhaustive()
    }
}
