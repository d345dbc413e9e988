//! What the caller knows and the verifier asks for.

use alloc::sync::Arc;
use core::fmt;

use super::verified::Mechanism;
use crate::credentials::{SecretAccessKey, SessionToken};
use crate::hash::Signature;
use crate::time::Timestamp;

/// What the caller's store says of an access key: the secret, the session it belongs to, and whose it is.
///
/// Cloning shares the secret. A store keeps these and hands out clones; a store that makes them from a database row makes new ones.
///
/// ```
/// use std::collections::HashMap;
/// use sigv4::{KeyRecord, SecretAccessKey};
///
/// let mut store = HashMap::new();
/// store.insert("AKIDEXAMPLE", KeyRecord::long_term(SecretAccessKey::new("secret"), "alice"));
/// assert!(store.get("AKIDEXAMPLE").cloned().is_some());
/// ```
#[derive(Clone)]
pub struct KeyRecord<I> {
    pub(super) secret: Arc<SecretAccessKey>,
    pub(super) session: Option<Arc<Session>>,
    pub(super) identity: I,
}

pub(super) struct Session {
    pub(super) token: SessionToken,
    pub(super) expires: Option<Timestamp>,
}

impl<I> KeyRecord<I> {
    /// A key without a session; a request with it that brings a token is refused.
    ///
    /// ```
    /// # use sigv4::{KeyRecord, SecretAccessKey};
    /// let record = KeyRecord::long_term(SecretAccessKey::new("secret"), 17_u32);
    /// assert_eq!(*record.identity(), 17);
    /// ```
    #[must_use]
    pub fn long_term(secret: impl Into<Arc<SecretAccessKey>>, identity: I) -> Self {
        Self {
            secret: secret.into(),
            session: None,
            identity,
        }
    }

    /// A key of a session; a request with it must bring this token, and come before the session ends.
    ///
    /// ```
    /// # use sigv4::{KeyRecord, SecretAccessKey, SessionToken, Timestamp};
    /// let ends = Timestamp::parse("20260301T130000Z")?;
    /// let record = KeyRecord::temporary(SecretAccessKey::new("secret"), SessionToken::new("IQoJ"), Some(ends), "alice");
    /// assert_eq!(*record.identity(), "alice");
    /// # Ok::<(), sigv4::TimeError>(())
    /// ```
    #[must_use]
    pub fn temporary(
        secret: impl Into<Arc<SecretAccessKey>>,
        token: SessionToken,
        expires: Option<Timestamp>,
        identity: I,
    ) -> Self {
        Self {
            secret: secret.into(),
            session: Some(Arc::new(Session { token, expires })),
            identity,
        }
    }

    /// Whose key it is. This is not a proof of anything: a [`Verified`](crate::Verified) is.
    ///
    /// ```
    /// # use sigv4::{KeyRecord, SecretAccessKey};
    /// assert_eq!(KeyRecord::long_term(SecretAccessKey::new("secret"), "bob").identity(), &"bob");
    /// ```
    #[must_use]
    pub const fn identity(&self) -> &I {
        &self.identity
    }
}

impl<I: fmt::Debug> fmt::Debug for KeyRecord<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRecord")
            .field("identity", &self.identity)
            .field("temporary", &self.session.is_some())
            .finish_non_exhaustive()
    }
}

/// Remembers signatures, so that a request is served once.
///
/// A signed request can be sent again until it expires; services that cannot bear that put one of these into the
/// [`Verifier`](crate::Verifier). It is asked last, for requests that are genuine.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
/// use sigv4::{Mechanism, ReplayGuard, Signature, Timestamp};
///
/// #[derive(Default)]
/// struct Seen(Mutex<HashMap<Signature, Timestamp>>);
///
/// impl ReplayGuard for Seen {
///     fn is_first_use(&self, signature: Signature, valid_until: Timestamp, _: Mechanism) -> bool {
///         // A real one also forgets what is past `valid_until`, and has a bound.
///         self.0.lock().unwrap().insert(signature, valid_until).is_none()
///     }
/// }
/// ```
pub trait ReplayGuard: Send + Sync {
    /// Notes the signature until `valid_until` has passed, and says whether it was not noted before.
    fn is_first_use(
        &self,
        signature: Signature,
        valid_until: Timestamp,
        mechanism: Mechanism,
    ) -> bool;
}
