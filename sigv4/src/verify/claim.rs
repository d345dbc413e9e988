//! A request whose head is in order, and whose key is not yet known.

use alloc::sync::Arc;
use core::fmt;

use ring::digest;

use super::pending::{Check, Pending};
use super::record::KeyRecord;
use super::verified::{Mechanism, Verified};
use super::verifier::Verifier;
use crate::canonical::scratch::Scratch;
use crate::canonical::span::Span;
use crate::error::{VerifyError, VerifyErrorKind};
use crate::hash::{
    PayloadHash, PayloadHasher, PayloadLine, Signature, UNSIGNED_PAYLOAD, parse_hex,
};
use crate::key::SigningKey;
use crate::scope::Service;
use crate::time::{AmzDate, Timestamp};

/// What a request declares about its body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Declared {
    Nothing,
    Once(Span),
    Repeatedly,
}

/// A request whose head is in order: what it claims, until the key proves it. From [`Verifier::head`].
///
/// Nothing here is proven. [`authenticate_with_body`](Self::authenticate_with_body) or [`authenticate`](Self::authenticate) is next.
///
/// ```
/// use sigv4::{Credentials, KeyRecord, Payload, Policy, Region, Request, Scratch, SecretAccessKey, Service, Signer, Timestamp, Verifier};
///
/// let at = Timestamp::parse("20260301T120000Z")?;
/// let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
/// let mut headers = vec![("host".to_owned(), "example.com".to_owned())];
/// let request = Request::new("POST", "/topics/a", headers.as_slice());
/// let signed = signer.sign(&request, Payload::Body(b"{}"), at, &mut Scratch::new())?;
/// headers.extend(signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())));
///
/// let verifier = Verifier::new(Policy::new(Region::new("us-east-1")?, [Service::iot_data()]));
/// let request = Request::new("POST", "/topics/a", headers.as_slice());
/// let mut scratch = Scratch::new();
/// let claim = verifier.head(&request, at, &mut scratch)?;
/// let record = KeyRecord::long_term(SecretAccessKey::new("secret"), "alice");
/// let mut pending = claim.authenticate(Some(record))?;
/// pending.update(b"{");
/// pending.update(b"}");
/// assert_eq!(*pending.finish()?.identity(), "alice");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is proven until the claim is authenticated"]
pub struct Claim<'v, 's> {
    pub(super) verifier: &'v Verifier,
    pub(super) scratch: &'s mut Scratch,
    pub(super) service: &'v Service,
    pub(super) credential: Span,
    pub(super) access_key_id: Span,
    pub(super) scope: Span,
    pub(super) list: Span,
    pub(super) path: Span,
    pub(super) signature: Span,
    pub(super) token: Option<Span>,
    pub(super) declared: Declared,
    pub(super) mechanism: Mechanism,
    pub(super) date: AmzDate,
    pub(super) signed_at: Timestamp,
    pub(super) valid_until: Timestamp,
    pub(super) now: Timestamp,
}

pub(super) const MISMATCH: VerifyError = VerifyError::new(
    VerifyErrorKind::SignatureDoesNotMatch,
    "the signature is not the one that the key makes",
);
pub(super) const OTHER_BODY: VerifyError = VerifyError::new(
    VerifyErrorKind::PayloadMismatch,
    "the body is not the one whose hash was declared",
);

impl Claim<'_, '_> {
    /// The access key whose record is needed next.
    ///
    /// ```
    /// # fn f(claim: &sigv4::Claim<'_, '_>) -> Option<u32> {
    /// # let store = std::collections::HashMap::<&str, u32>::new();
    /// store.get(claim.access_key_id()).copied()
    /// # }
    /// ```
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        core::str::from_utf8(self.access_key_id.of(&self.scratch.text)).unwrap_or_default()
    }

    /// The service that is claimed: one of the policy's.
    ///
    /// ```
    /// # fn f(claim: &sigv4::Claim<'_, '_>) {
    /// assert_eq!(claim.service(), &sigv4::Service::iot_data());
    /// # }
    /// ```
    #[must_use]
    pub const fn service(&self) -> &Service {
        self.service
    }

    /// Where the signature stands.
    ///
    /// ```
    /// # fn f(claim: &sigv4::Claim<'_, '_>) -> sigv4::Mechanism {
    /// claim.mechanism()
    /// # }
    /// ```
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// Checks the key, the token, the body and the signature, in this order. `None` is a key that the store does not know.
    ///
    /// # Errors
    /// `UnrecognizedClientException`, `ExpiredTokenException`, `PayloadMismatch`, `SignatureDoesNotMatch` or `Replayed`.
    ///
    /// ```
    /// # fn f(claim: sigv4::Claim<'_, '_>) {
    /// let error = claim.authenticate_with_body::<()>(None, b"").unwrap_err();
    /// assert_eq!(error.kind(), sigv4::VerifyErrorKind::UnrecognizedClientException);
    /// # }
    /// ```
    pub fn authenticate_with_body<I>(
        mut self,
        record: Option<KeyRecord<I>>,
        body: &[u8],
    ) -> Result<Verified<I>, VerifyError> {
        let record = self.admit(record)?;
        let line = match self.declared_line()? {
            Some(PayloadLine::Hash(declared)) if PayloadHash::of(body) != declared => {
                return Err(OTHER_BODY);
            }
            Some(line) => line,
            None => PayloadLine::Hash(PayloadHash::of(body)),
        };
        let signature = self.check_signature(&record, line)?;
        let verified = self.verified(record.identity, signature, line);
        self.verifier.check_first_use(&verified)?;
        Ok(verified)
    }

    /// Checks the key and the token and, if the request declares the hash of its body, the signature; the body follows.
    ///
    /// A request with a wrong signature is refused before its body is read, where that can be known.
    ///
    /// # Errors
    /// As [`authenticate_with_body`](Self::authenticate_with_body).
    ///
    /// ```
    /// # fn f(claim: sigv4::Claim<'_, '_>, record: sigv4::KeyRecord<u32>) -> Result<u32, sigv4::VerifyError> {
    /// let mut pending = claim.authenticate(Some(record))?;
    /// for piece in [b"some", b"body"] {
    ///     pending.update(piece);
    /// }
    /// Ok(pending.finish()?.into_identity())
    /// # }
    /// ```
    pub fn authenticate<I>(
        mut self,
        record: Option<KeyRecord<I>>,
    ) -> Result<Pending<I>, VerifyError> {
        let record = self.admit(record)?;
        let guard = self.verifier.replay.clone();
        if let Some(line) = self.declared_line()? {
            let signature = self.check_signature(&record, line)?;
            let check = match line {
                PayloadLine::Hash(declared) => Check::Body {
                    declared,
                    hasher: PayloadHasher::new(),
                },
                PayloadLine::Unsigned => Check::Nothing,
            };
            return Ok(Pending {
                verified: self.verified(record.identity, signature, line),
                check,
                guard,
            });
        }
        let claimed = self.claimed_signature()?;
        let mut head = digest::Context::new(&digest::SHA256);
        head.update(&self.scratch.canonical);
        let (key, is_new) = self.key(&record);
        let keys = self
            .verifier
            .keys
            .clone()
            .filter(|_| is_new)
            .map(|keys| (keys, *record.secret.fingerprint()));
        let check = Check::Signature {
            head,
            hasher: PayloadHasher::new(),
            key,
            date: self.date,
            keys,
        };
        let line = PayloadLine::Hash(PayloadHash::EMPTY);
        Ok(Pending {
            verified: self.verified(record.identity, Signature::from_bytes(claimed), line),
            check,
            guard,
        })
    }

    /// "Token matches key": a session's key without its token and a long-term key with one are refused alike.
    fn admit<I>(&self, record: Option<KeyRecord<I>>) -> Result<KeyRecord<I>, VerifyError> {
        let refuse = |what| VerifyError::new(VerifyErrorKind::UnrecognizedClientException, what);
        let record = record.ok_or(refuse("the access key is not known"))?;
        // A store that fills in what it does not have would let anybody sign.
        if record.secret.is_empty() {
            return Err(refuse("the record of the access key holds an empty secret"));
        }
        if record
            .session
            .as_ref()
            .is_some_and(|session| session.token.as_str().is_empty())
        {
            return Err(refuse(
                "the record of the access key holds an empty session token",
            ));
        }
        let token = self.token.map(|token| token.of(&self.scratch.text));
        match (&record.session, token) {
            (None, None) => {}
            (None, Some(_)) => {
                return Err(refuse("found a session token with a long-term access key"));
            }
            (Some(_), None) => {
                return Err(refuse("found no session token with a temporary access key"));
            }
            (Some(session), Some(token)) => {
                if !session.token.is(token) {
                    return Err(refuse("the session token is not that of the access key"));
                }
                if session.expires.is_some_and(|expires| expires <= self.now) {
                    return Err(VerifyError::new(
                        VerifyErrorKind::ExpiredTokenException,
                        "the session of the access key is over",
                    ));
                }
            }
        }
        Ok(record)
    }

    /// The last line of the canonical request, as far as the request or its service says it; else it is the hash of the body.
    fn declared_line(&self) -> Result<Option<PayloadLine>, VerifyError> {
        let refuse = |what| Err(VerifyError::new(VerifyErrorKind::PayloadMismatch, what));
        let by_service = self.mechanism == Mechanism::Query && self.service.presigns_without_body();
        let text = match self.declared {
            Declared::Nothing if by_service => return Ok(Some(PayloadLine::Unsigned)),
            Declared::Nothing => return Ok(None),
            Declared::Repeatedly => {
                return refuse("found several `X-Amz-Content-Sha256`, expected one");
            }
            Declared::Once(place) => place.of(&self.scratch.text),
        };
        match parse_hex(text) {
            Some(hash) => Ok(Some(PayloadLine::Hash(PayloadHash::from_bytes(hash)))),
            None if text != UNSIGNED_PAYLOAD.as_bytes() => {
                // The `STREAMING-` literals among them: their chunks carry signatures that nobody here checks (CVE-2025-31489).
                refuse("the declared hash is not 64 lower-case hex digits")
            }
            None if self.verifier.policy.unsigned_payload || by_service => {
                Ok(Some(PayloadLine::Unsigned))
            }
            None => refuse("found UNSIGNED-PAYLOAD, which the policy does not accept"),
        }
    }

    /// The signing key, and whether it had to be derived.
    fn key<I>(&self, record: &KeyRecord<I>) -> (Arc<SigningKey>, bool) {
        let credential = self.credential.of(&self.scratch.text);
        if let Some(key) = self
            .verifier
            .keys
            .as_ref()
            .and_then(|keys| keys.find(credential, &record.secret))
        {
            return (key, false);
        }
        let (region, service) = (self.verifier.policy.region.as_str(), self.service.name());
        (
            Arc::new(SigningKey::derive(
                &record.secret,
                self.date.day(),
                region.as_bytes(),
                service.as_bytes(),
            )),
            true,
        )
    }

    fn check_signature<I>(
        &mut self,
        record: &KeyRecord<I>,
        line: PayloadLine,
    ) -> Result<Signature, VerifyError> {
        line.push(&mut self.scratch.canonical);
        self.scratch
            .push_string_to_sign(self.date.as_bytes(), self.scope);
        let claimed = self.claimed_signature()?;
        let (key, is_new) = self.key(record);
        if !key.is_signature(&self.scratch.string_to_sign, &claimed) {
            return Err(MISMATCH);
        }
        if let Some(keys) = self.verifier.keys.as_ref().filter(|_| is_new) {
            keys.insert(
                self.credential.of(&self.scratch.text),
                *record.secret.fingerprint(),
                key,
            );
        }
        Ok(Signature::from_bytes(claimed))
    }

    /// 64 lower-case hex digits. Anything else is no secret's signature, which may be known.
    fn claimed_signature(&self) -> Result<[u8; 32], VerifyError> {
        parse_hex(self.signature.of(&self.scratch.text)).ok_or(MISMATCH)
    }

    fn verified<I>(&self, identity: I, signature: Signature, line: PayloadLine) -> Verified<I> {
        let [credential, list, path] =
            [self.credential, self.list, self.path].map(|place| place.of(&self.scratch.text));
        let mut text = Vec::with_capacity(
            credential
                .len()
                .saturating_add(list.len())
                .saturating_add(path.len())
                .saturating_add(2),
        );
        text.extend_from_slice(credential);
        text.push(b'\n');
        text.extend_from_slice(list);
        text.push(b'\n');
        text.extend_from_slice(path);
        Verified {
            identity,
            // ASCII: the parts were checked to be an access key id, the scope of this policy, header names and a path, whose bytes
            // above 0x7F were escaped.
            text: String::from_utf8(text).unwrap_or_default().into_boxed_str(),
            signature,
            mechanism: self.mechanism,
            signed_at: self.signed_at,
            valid_until: self.valid_until,
            body_bound: matches!(line, PayloadLine::Hash(_)),
        }
    }
}

impl fmt::Debug for Claim<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("access_key_id", &self.access_key_id())
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}
