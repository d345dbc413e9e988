//! The proof that a request is genuine.

use core::fmt;

use crate::hash::Signature;
use crate::time::Timestamp;

/// Where a signature stands.
///
/// ```
/// assert_ne!(sigv4::Mechanism::Header, sigv4::Mechanism::Query);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// In the `Authorization` header.
    Header,
    /// In the query: a presigned URL.
    Query,
}

/// A request that passed every check, and whose it is.
///
/// Only a [`Verifier`](crate::Verifier) makes one, so a function that takes a `Verified` cannot be called for a request that was not
/// verified.
///
/// ```
/// use sigv4::Verified;
///
/// fn delete_everything(by: &Verified<String>) -> String {
///     format!("deleted by {} with {}", by.identity(), by.access_key_id())
/// }
/// ```
///
/// ```compile_fail,E0451
/// // There is no other way to come by one, nor to make it another's.
/// fn forge(mine: sigv4::Verified<&'static str>) -> sigv4::Verified<&'static str> {
///     sigv4::Verified { identity: "root", ..mine }
/// }
/// ```
pub struct Verified<I> {
    pub(super) identity: I,
    /// `AKID/YYYYMMDD/region/service/aws4_request`, the list of signed headers and the path, with line breaks between: one allocation.
    pub(super) text: Box<str>,
    pub(super) signature: Signature,
    pub(super) mechanism: Mechanism,
    pub(super) signed_at: Timestamp,
    pub(super) valid_until: Timestamp,
    pub(super) body_bound: bool,
}

impl<I> Verified<I> {
    /// Whose key signed the request, as the caller's store said.
    ///
    /// ```
    /// # fn f(verified: &sigv4::Verified<u32>) -> u32 {
    /// *verified.identity()
    /// # }
    /// ```
    #[must_use]
    pub const fn identity(&self) -> &I {
        &self.identity
    }

    /// Gives the identity away.
    ///
    /// ```
    /// # fn f(verified: sigv4::Verified<String>) -> String {
    /// verified.into_identity()
    /// # }
    /// ```
    #[must_use]
    pub fn into_identity(self) -> I {
        self.identity
    }

    fn credential(&self) -> &str {
        self.text
            .split_once('\n')
            .map_or("", |(credential, _)| credential)
    }

    /// `AKID/YYYYMMDD/region/service/aws4_request`, with one `/` between each.
    pub(super) fn scope(&self) -> &str {
        self.credential()
            .split_once('/')
            .map_or("", |(_, scope)| scope)
    }

    pub(super) fn credential_bytes(&self) -> &[u8] {
        self.credential().as_bytes()
    }

    /// The access key that signed.
    ///
    /// ```
    /// # fn f(verified: &sigv4::Verified<u32>) -> &str {
    /// verified.access_key_id()
    /// # }
    /// ```
    #[must_use]
    pub fn access_key_id(&self) -> &str {
        self.credential().split('/').next().unwrap_or_default()
    }

    /// The service that was signed for: one of the policy's.
    ///
    /// ```
    /// # fn f(verified: &sigv4::Verified<u32>) -> &str {
    /// verified.service()
    /// # }
    /// ```
    #[must_use]
    pub fn service(&self) -> &str {
        self.credential().split('/').nth(3).unwrap_or_default()
    }

    /// Whether a header is part of what was signed. Any other header may have been added or changed on the way.
    ///
    /// ```
    /// # fn f(verified: &sigv4::Verified<u32>) -> bool {
    /// verified.is_signed_header("content-type")
    /// # }
    /// ```
    #[must_use]
    pub fn is_signed_header(&self, name: &str) -> bool {
        self.signed_headers()
            .any(|signed| signed.eq_ignore_ascii_case(name))
    }

    /// The names of the signed headers, sorted.
    ///
    /// ```
    /// # fn f(verified: &sigv4::Verified<u32>) {
    /// assert!(verified.signed_headers().any(|name| name == "host"));
    /// # }
    /// ```
    pub fn signed_headers(&self) -> impl Iterator<Item = &str> {
        self.text.split('\n').nth(1).unwrap_or_default().split(';')
    }

    /// The path that was signed: the one to route on.
    ///
    /// For a service that normalizes paths, which all but S3 do, this is without `.`, `..` and empty segments. The path that arrived may
    /// be another spelling of it, since `/admin/../topics/a` has the signature of `/topics/a`; whoever holds a signed request can
    /// send it under either. Escapes stand as they were sent; bytes above 0x7F are escaped.
    ///
    /// ```
    /// # use sigv4::{Credentials, KeyRecord, Payload, Policy, Region, Request, Scratch, SecretAccessKey, Service, Signer, Timestamp, Verifier};
    /// # let at = Timestamp::parse("20260301T120000Z")?;
    /// # let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// # let mut headers = vec![("host".to_owned(), "example.com".to_owned())];
    /// # let mut scratch = Scratch::new();
    /// # let signed = signer.sign(&Request::new("GET", "/topics/a%2Fb?qos=1", &headers), Payload::Empty, at, &mut scratch)?;
    /// # let added: Vec<_> = signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    /// # headers.extend(added);
    /// # let verifier = Verifier::new(Policy::new(Region::new("us-east-1")?, [Service::iot_data()]));
    /// # let record = KeyRecord::long_term(SecretAccessKey::new("secret"), ());
    /// let arrived = Request::new("GET", "/admin/..//topics/a%2Fb?qos=1", &headers);
    /// let verified = verifier.verify(&arrived, b"", at, &mut scratch, |_| Ok(Some(record)))?;
    /// assert_eq!(verified.path(), "/topics/a%2Fb");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn path(&self) -> &str {
        self.text.split('\n').nth(2).unwrap_or_default()
    }

    /// Whether the signature binds the body. It does unless `UNSIGNED-PAYLOAD` was accepted.
    ///
    /// ```
    /// # fn f(verified: &sigv4::Verified<u32>) -> bool {
    /// verified.is_body_bound()
    /// # }
    /// ```
    #[must_use]
    pub const fn is_body_bound(&self) -> bool {
        self.body_bound
    }

    /// Where the signature stood.
    ///
    /// ```
    /// # fn f(verified: &sigv4::Verified<u32>) -> bool {
    /// verified.mechanism() == sigv4::Mechanism::Query
    /// # }
    /// ```
    #[must_use]
    pub const fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The signature.
    ///
    /// ```
    /// # fn f(verified: &sigv4::Verified<u32>) -> sigv4::Signature {
    /// verified.signature()
    /// # }
    /// ```
    #[must_use]
    pub const fn signature(&self) -> Signature {
        self.signature
    }

    /// When the client says it signed.
    ///
    /// ```
    /// # fn f(verified: &sigv4::Verified<u32>) -> sigv4::Timestamp {
    /// verified.signed_at()
    /// # }
    /// ```
    #[must_use]
    pub const fn signed_at(&self) -> Timestamp {
        self.signed_at
    }

    /// The last second in which the same request would pass.
    ///
    /// ```
    /// # fn f(verified: &sigv4::Verified<u32>) {
    /// assert!(verified.valid_until() >= verified.signed_at());
    /// # }
    /// ```
    #[must_use]
    pub const fn valid_until(&self) -> Timestamp {
        self.valid_until
    }
}

impl<I: fmt::Debug> fmt::Debug for Verified<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the signature: with the rest of the request it is a bearer token.
        f.debug_struct("Verified")
            .field("identity", &self.identity)
            .field("access_key_id", &self.access_key_id())
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}
