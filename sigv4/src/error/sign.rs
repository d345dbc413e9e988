//! Requests that cannot be signed.

use core::fmt;

use crate::request::OverLimit;

/// What kind of thing keeps a request from being signed.
///
/// ```
/// use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, SignErrorKind, Signer, Timestamp};
///
/// let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
/// let none: [(&str, &str); 0] = [];
/// let request = Request::new("GET", "/", none.as_slice());
/// let error = signer.sign(&request, Payload::Empty, Timestamp::parse("20260301T120000Z")?, &mut Scratch::new()).unwrap_err();
/// assert_eq!(error.kind(), SignErrorKind::Host);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignErrorKind {
    /// The method is not a token (RFC 9110 §9.1).
    Method,
    /// The request target is not path and query, or has a byte or escape that cannot stand in it.
    Target,
    /// The URL is not one that can be presigned.
    Url,
    /// A header name is not a token (RFC 9110 §5.1).
    HeaderName,
    /// There is no `Host` header, or more than one.
    Host,
    /// The request is signed already, holds a session token that is not replaced, or says something else about its body than is to be
    /// signed.
    AlreadySigned,
    /// The request's own `Date` is missing or is not the time it is to be signed at.
    Date,
    /// The request is over one of the [`Limits`](crate::Limits).
    Limit,
}

/// A request that cannot be signed. The request is unchanged.
///
/// ```
/// # use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
/// # let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
/// let headers = [("Host", "example.com")];
/// let request = Request::new("GET", "/a b", headers.as_slice());
/// let error = signer.sign(&request, Payload::Empty, Timestamp::parse("20260301T120000Z")?, &mut Scratch::new()).unwrap_err();
/// assert_eq!(error.offset(), Some(2));
/// assert_eq!(
///     error.to_string(),
///     "cannot sign the request: byte 2 of the target cannot stand in a path, expected RFC 3986 characters and `%XX` escapes",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignError {
    kind: SignErrorKind,
    what: &'static str,
    offset: Option<usize>,
}

impl SignError {
    pub(crate) const fn new(kind: SignErrorKind, what: &'static str) -> Self {
        Self {
            kind,
            what,
            offset: None,
        }
    }

    pub(crate) const fn at(kind: SignErrorKind, offset: usize, what: &'static str) -> Self {
        Self {
            kind,
            what,
            offset: Some(offset),
        }
    }

    /// The kind.
    ///
    /// ```
    /// # use sigv4::{Credentials, Region, Service, SignErrorKind, Signer, Timestamp, Expires, Scratch};
    /// # let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// let at = Timestamp::parse("20260301T120000Z")?;
    /// let error = signer.presign_mqtt_websocket("ftp://example.com", None, at, &mut Scratch::new()).unwrap_err();
    /// assert_eq!(error.kind(), SignErrorKind::Url);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn kind(&self) -> SignErrorKind {
        self.kind
    }

    /// Which byte of the request target is wrong, where one is.
    ///
    /// ```
    /// # use sigv4::{Credentials, Region, Service, Signer, Timestamp, Scratch};
    /// # let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// # let at = Timestamp::parse("20260301T120000Z")?;
    /// let error = signer.presign_mqtt_websocket("wss://example.com/mqtt?x=%zz", None, at, &mut Scratch::new()).unwrap_err();
    /// assert_eq!(error.offset(), Some(8));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn offset(&self) -> Option<usize> {
        self.offset
    }
}

impl From<OverLimit> for SignError {
    fn from(over: OverLimit) -> Self {
        Self::new(
            SignErrorKind::Limit,
            match over {
                OverLimit::Headers => "it has more headers than the limit",
                OverLimit::HeaderBytes => "its headers have more bytes than the limit",
                OverLimit::Target => "its target has more bytes than the limit",
            },
        )
    }
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot sign the request: ")?;
        if let Some(offset) = self.offset {
            write!(f, "byte {offset} of the target ")?;
        }
        f.write_str(self.what)
    }
}

impl core::error::Error for SignError {}
