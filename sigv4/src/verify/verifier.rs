//! The verifier, and the one-call forms.

use alloc::sync::Arc;
use core::fmt;

use super::policy::Policy;
use super::record::{KeyRecord, ReplayGuard};
use super::verified::Verified;
use crate::canonical::scratch::Scratch;
use crate::error::{LookupFailed, VerifyError, VerifyErrorKind};
use crate::key_cache::KeyCache;
use crate::request::{Headers, Request};
use crate::time::Timestamp;

/// Verifies requests under one [`Policy`].
///
/// ```
/// use core::num::NonZeroUsize;
/// use sigv4::{KeyCache, Policy, Region, Service, Verifier};
///
/// let policy = Policy::new(Region::new("us-east-1")?, [Service::iot_data(), Service::iot_device_gateway()]);
/// let verifier = Verifier::new(policy).with_key_cache(KeyCache::new(NonZeroUsize::new(10_000).unwrap()));
/// # Ok::<(), sigv4::ScopeError>(())
/// ```
pub struct Verifier {
    pub(super) policy: Policy,
    pub(super) keys: Option<KeyCache>,
    pub(super) replay: Option<Arc<dyn ReplayGuard>>,
}

impl Verifier {
    /// A verifier without a key cache: it derives a key for every request.
    ///
    /// ```
    /// use sigv4::{Policy, Region, Service, Verifier};
    ///
    /// let verifier = Verifier::new(Policy::new(Region::new("us-east-1")?, [Service::s3()]));
    /// # Ok::<(), sigv4::ScopeError>(())
    /// ```
    #[must_use]
    pub const fn new(policy: Policy) -> Self {
        Self {
            policy,
            keys: None,
            replay: None,
        }
    }

    /// Keeps the keys of genuine requests in `keys`.
    ///
    /// ```
    /// # use sigv4::{KeyCache, Policy, Region, Service, Verifier};
    /// # use core::num::NonZeroUsize;
    /// let verifier = Verifier::new(Policy::new(Region::new("us-east-1")?, [Service::s3()]))
    ///     .with_key_cache(KeyCache::new(NonZeroUsize::new(100).unwrap()));
    /// # Ok::<(), sigv4::ScopeError>(())
    /// ```
    #[must_use]
    pub fn with_key_cache(mut self, keys: KeyCache) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Asks `guard` whether a genuine request is new.
    ///
    /// ```
    /// # use sigv4::{Mechanism, Policy, Region, ReplayGuard, Service, Signature, Timestamp, Verifier};
    /// # use std::sync::Arc;
    /// struct Never;
    /// impl ReplayGuard for Never {
    ///     fn is_first_use(&self, _: Signature, _: Timestamp, _: Mechanism) -> bool {
    ///         false
    ///     }
    /// }
    /// let verifier = Verifier::new(Policy::new(Region::new("us-east-1")?, [Service::s3()])).with_replay_guard(Arc::new(Never));
    /// # Ok::<(), sigv4::ScopeError>(())
    /// ```
    #[must_use]
    pub fn with_replay_guard(mut self, guard: Arc<dyn ReplayGuard>) -> Self {
        self.replay = Some(guard);
        self
    }

    /// Verifies a request with its body, asking `lookup` for the key in between.
    ///
    /// # Errors
    /// With the first check that fails, in the order of [`VerifyErrorKind`].
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use sigv4::{Credentials, KeyRecord, Policy, Region, Request, Scratch, SecretAccessKey, Service, Signer, Timestamp, Verifier};
    ///
    /// let at = Timestamp::parse("20260301T120000Z")?;
    /// let mut scratch = Scratch::new();
    /// let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// let url = signer.presign_mqtt_websocket("example.com", None, at, &mut scratch)?;
    /// let target = url.as_str().strip_prefix("wss://example.com").unwrap();
    ///
    /// let store = HashMap::from([("AKID", KeyRecord::long_term(SecretAccessKey::new("secret"), "alice"))]);
    /// let verifier = Verifier::new(Policy::new(Region::new("us-east-1")?, [Service::iot_device_gateway()]));
    /// let headers = [("Host", "example.com"), ("Upgrade", "websocket")];
    /// let request = Request::new("GET", target, headers.as_slice());
    /// let verified = verifier.verify(&request, b"", at, &mut scratch, |id| Ok(store.get(id).cloned()))?;
    /// assert_eq!(*verified.identity(), "alice");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify<I, H: Headers + ?Sized>(
        &self,
        request: &Request<'_, H>,
        body: &[u8],
        now: Timestamp,
        scratch: &mut Scratch,
        lookup: impl FnOnce(&str) -> Result<Option<KeyRecord<I>>, LookupFailed>,
    ) -> Result<Verified<I>, VerifyError> {
        let claim = self.head(request, now, scratch)?;
        let record = lookup(claim.access_key_id())?;
        claim.authenticate_with_body(record, body)
    }

    /// As [`verify`](Self::verify), with a lookup that waits.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    ///
    /// ```
    /// # use sigv4::{KeyRecord, LookupFailed, Policy, Region, Request, Scratch, SecretAccessKey, Service, Timestamp, Verifier, VerifyErrorKind};
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// # let verifier = Verifier::new(Policy::new(Region::new("us-east-1")?, [Service::iot_data()]));
    /// # let now = Timestamp::parse("20260301T120000Z")?;
    /// # let authorization = "AWS4-HMAC-SHA256 Credential=AKID/20260301/us-east-1/iotdata/aws4_request,SignedHeaders=host;x-amz-date,Signature=";
    /// # let headers = [("Host", "h"), ("X-Amz-Date", "20260301T120000Z"), ("Authorization", authorization)];
    /// # let request = Request::new("GET", "/", headers.as_slice());
    /// # let mut scratch = Scratch::new();
    /// async fn ask_the_database(id: &str) -> Result<Option<KeyRecord<u32>>, LookupFailed> {
    /// #   if id != "AKID" { return Ok(None); }
    ///     // …
    ///     Err(LookupFailed)
    /// }
    /// let result = verifier.verify_async(&request, b"", now, &mut scratch, async |id: &str| ask_the_database(id).await).await;
    /// assert_eq!(result.unwrap_err().kind(), VerifyErrorKind::LookupFailed);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn verify_async<I, H: Headers + ?Sized>(
        &self,
        request: &Request<'_, H>,
        body: &[u8],
        now: Timestamp,
        scratch: &mut Scratch,
        lookup: impl AsyncFnOnce(&str) -> Result<Option<KeyRecord<I>>, LookupFailed>,
    ) -> Result<Verified<I>, VerifyError> {
        let claim = self.head(request, now, scratch)?;
        let record = lookup(claim.access_key_id()).await?;
        claim.authenticate_with_body(record, body)
    }

    pub(super) fn check_first_use<I>(&self, verified: &Verified<I>) -> Result<(), VerifyError> {
        check_first_use(self.replay.as_ref(), verified)
    }
}

pub(super) fn check_first_use<I>(
    guard: Option<&Arc<dyn ReplayGuard>>,
    verified: &Verified<I>,
) -> Result<(), VerifyError> {
    match guard {
        Some(guard)
            if !guard.is_first_use(
                verified.signature(),
                verified.valid_until(),
                verified.mechanism(),
            ) =>
        {
            Err(VerifyError::new(
                VerifyErrorKind::Replayed,
                "the same request was made before",
            ))
        }
        _ => Ok(()),
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("policy", &self.policy)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
