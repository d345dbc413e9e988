//! Requests that are refused.

use core::fmt;

use crate::request::OverLimit;

/// Why a request is refused, in the order in which the reasons are looked for.
///
/// Three are looked for later than they stand here: a path that climbs above the root, or that the policy wants normal, once the
/// service and so its reading of paths is known; a host that came twice, with the other headers; and, while a body streams, a body
/// that is not the declared one, after the signature over what was declared.
///
/// ```
/// use sigv4::VerifyErrorKind;
///
/// assert_eq!(VerifyErrorKind::RequestExpired.name(), "RequestExpired");
/// assert_eq!(VerifyErrorKind::RequestExpired.status(), 403);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum VerifyErrorKind {
    /// The request is over one of the [`Limits`](crate::Limits).
    LimitExceeded,
    /// The path or the method is none, or the path climbs above the root or has segments that the policy refuses.
    InvalidPath,
    /// The query has a byte or an escape that cannot stand in it.
    MalformedQueryString,
    /// A header name is not a token, or a header value holds NUL, CR or LF.
    InvalidHeader,
    /// The request is not signed with Signature Version 4.
    MissingAuthenticationToken,
    /// The request is signed in the `Authorization` header and in the query.
    BothMechanisms,
    /// The signature's parameters are unknown, missing, repeated or malformed.
    IncompleteSignature,
    /// The scope is not of this day, region, service or kind.
    InvalidScope,
    /// `X-Amz-Expires` is not 1 to 604,800 in decimal.
    InvalidExpires,
    /// The request is too old, or from the future.
    RequestExpired,
    /// A header that must be signed is not: `host`, the date, or one that begins with `x-amz-`.
    UnsignedHeader,
    /// The lookup of the key failed, for a reason that is not the client's.
    LookupFailed,
    /// The access key is not known, its record is no key, or the session token is not that of the key.
    UnrecognizedClientException,
    /// The session of the temporary credentials is over.
    ExpiredTokenException,
    /// The body is not the one that was declared, or what was declared is not accepted.
    PayloadMismatch,
    /// The signature is not the one that the key makes.
    SignatureDoesNotMatch,
    /// The request was seen before.
    Replayed,
}

impl VerifyErrorKind {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 17] = [
        Self::LimitExceeded,
        Self::InvalidPath,
        Self::MalformedQueryString,
        Self::InvalidHeader,
        Self::MissingAuthenticationToken,
        Self::BothMechanisms,
        Self::IncompleteSignature,
        Self::InvalidScope,
        Self::InvalidExpires,
        Self::RequestExpired,
        Self::UnsignedHeader,
        Self::LookupFailed,
        Self::UnrecognizedClientException,
        Self::ExpiredTokenException,
        Self::PayloadMismatch,
        Self::SignatureDoesNotMatch,
        Self::Replayed,
    ];

    /// The name of the kind; the names services use are in an [`AnswerTable`](crate::AnswerTable).
    ///
    /// ```
    /// assert_eq!(sigv4::VerifyErrorKind::UnsignedHeader.name(), "UnsignedHeader");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LimitExceeded => "LimitExceeded",
            Self::InvalidPath => "InvalidPath",
            Self::MalformedQueryString => "MalformedQueryString",
            Self::InvalidHeader => "InvalidHeader",
            Self::MissingAuthenticationToken => "MissingAuthenticationToken",
            Self::BothMechanisms => "BothMechanisms",
            Self::IncompleteSignature => "IncompleteSignature",
            Self::InvalidScope => "InvalidScope",
            Self::InvalidExpires => "InvalidExpires",
            Self::RequestExpired => "RequestExpired",
            Self::UnsignedHeader => "UnsignedHeader",
            Self::LookupFailed => "LookupFailed",
            Self::UnrecognizedClientException => "UnrecognizedClientException",
            Self::ExpiredTokenException => "ExpiredTokenException",
            Self::PayloadMismatch => "PayloadMismatch",
            Self::SignatureDoesNotMatch => "SignatureDoesNotMatch",
            Self::Replayed => "Replayed",
        }
    }

    /// The HTTP status that the REST services of AWS, AWS IoT among them, answer with.
    ///
    /// ```
    /// assert_eq!(sigv4::VerifyErrorKind::IncompleteSignature.status(), 400);
    /// ```
    #[must_use]
    pub const fn status(self) -> u16 {
        super::AnswerTable::rest_json().answer(self).status()
    }
}

impl fmt::Display for VerifyErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an offset counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Target,
    Authorization,
}

/// A request that is refused.
///
/// It says what is wrong for the operator's log; [`AnswerTable`](crate::AnswerTable) says what the client should be told. It holds no
/// part of the request.
///
/// ```
/// use sigv4::{Policy, Region, Request, Scratch, Service, Timestamp, Verifier, VerifyErrorKind};
///
/// let verifier = Verifier::new(Policy::new(Region::new("us-east-1")?, [Service::iot_data()]));
/// let headers = [("Host", "example.com")];
/// let request = Request::new("GET", "/?x=%zz", headers.as_slice());
/// let mut scratch = Scratch::new();
/// let error = verifier.head(&request, Timestamp::parse("20260301T120000Z")?, &mut scratch).unwrap_err();
/// assert_eq!(error.kind(), VerifyErrorKind::MalformedQueryString);
/// assert_eq!(error.offset(), Some(4));
/// assert_eq!(
///     error.to_string(),
///     "request refused at byte 4 of the target: found a byte or escape that no query has, expected RFC 3986 characters and `%XX` \
///      [MalformedQueryString, RFC 3986 §3.4]",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyError {
    kind: VerifyErrorKind,
    what: &'static str,
    at: Option<(Place, usize)>,
}

impl VerifyError {
    pub(crate) const fn new(kind: VerifyErrorKind, what: &'static str) -> Self {
        Self {
            kind,
            what,
            at: None,
        }
    }

    pub(crate) const fn at(
        kind: VerifyErrorKind,
        place: Place,
        offset: usize,
        what: &'static str,
    ) -> Self {
        Self {
            kind,
            what,
            at: Some((place, offset)),
        }
    }

    /// Counts the offset from further to the left.
    pub(crate) const fn move_by(&mut self, bytes: usize) {
        if let Some((_, offset)) = &mut self.at {
            *offset = offset.saturating_add(bytes);
        }
    }

    pub(crate) const fn incomplete(what: &'static str) -> Self {
        Self::new(VerifyErrorKind::IncompleteSignature, what)
    }

    /// The kind.
    ///
    /// ```
    /// # use sigv4::{Policy, Region, Request, Scratch, Service, Timestamp, Verifier, VerifyErrorKind};
    /// # let verifier = Verifier::new(Policy::new(Region::new("us-east-1")?, [Service::iot_data()]));
    /// let headers = [("Host", "example.com")];
    /// let request = Request::new("GET", "/", headers.as_slice());
    /// let mut scratch = Scratch::new();
    /// let error = verifier.head(&request, Timestamp::parse("20260301T120000Z")?, &mut scratch).unwrap_err();
    /// assert_eq!(error.kind(), VerifyErrorKind::MissingAuthenticationToken);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn kind(&self) -> VerifyErrorKind {
        self.kind
    }

    /// Which byte is wrong, where one is: of the request target, or of the value of the `Authorization` header.
    ///
    /// ```
    /// # use sigv4::{Policy, Region, Request, Scratch, Service, Timestamp, Verifier};
    /// # let verifier = Verifier::new(Policy::new(Region::new("us-east-1")?, [Service::iot_data()]));
    /// let headers = [("Host", "example.com")];
    /// let request = Request::new("GET", "/%", headers.as_slice());
    /// let mut scratch = Scratch::new();
    /// assert_eq!(verifier.head(&request, Timestamp::parse("20260301T120000Z")?, &mut scratch).unwrap_err().offset(), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn offset(&self) -> Option<usize> {
        match self.at {
            Some((_, offset)) => Some(offset),
            None => None,
        }
    }
}

const GUIDE: &str = "IAM User Guide, Signature Version 4";

const fn source(kind: VerifyErrorKind) -> &'static str {
    match kind {
        VerifyErrorKind::InvalidPath => "RFC 3986 §3.3",
        VerifyErrorKind::MalformedQueryString => "RFC 3986 §3.4",
        VerifyErrorKind::InvalidHeader => "RFC 9110 §5.1 and §5.5",
        VerifyErrorKind::PayloadMismatch
        | VerifyErrorKind::UnsignedHeader
        | VerifyErrorKind::InvalidExpires => "Amazon S3 API Reference, Signature Version 4",
        VerifyErrorKind::LimitExceeded
        | VerifyErrorKind::LookupFailed
        | VerifyErrorKind::Replayed => "local policy",
        VerifyErrorKind::MissingAuthenticationToken
        | VerifyErrorKind::BothMechanisms
        | VerifyErrorKind::IncompleteSignature
        | VerifyErrorKind::InvalidScope
        | VerifyErrorKind::RequestExpired
        | VerifyErrorKind::UnrecognizedClientException
        | VerifyErrorKind::ExpiredTokenException
        | VerifyErrorKind::SignatureDoesNotMatch => GUIDE,
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("request refused")?;
        match self.at {
            Some((Place::Target, offset)) => write!(f, " at byte {offset} of the target")?,
            Some((Place::Authorization, offset)) => {
                write!(f, " at byte {offset} of the `Authorization` header")?
            }
            None => {}
        }
        write!(f, ": {} [{}, {}]", self.what, self.kind, source(self.kind))
    }
}

impl core::error::Error for VerifyError {}

impl From<OverLimit> for VerifyError {
    fn from(over: OverLimit) -> Self {
        Self::new(
            VerifyErrorKind::LimitExceeded,
            match over {
                OverLimit::Headers => "found more headers than the limit",
                OverLimit::HeaderBytes => "found more bytes of headers than the limit",
                OverLimit::Target => "found more bytes of target than the limit",
            },
        )
    }
}

/// The store of keys could not be asked. What went wrong is for the caller's own log; the client learns of a failure of the service.
///
/// ```
/// use sigv4::{LookupFailed, VerifyError, VerifyErrorKind};
///
/// assert_eq!(VerifyError::from(LookupFailed).kind(), VerifyErrorKind::LookupFailed);
/// assert_eq!(VerifyErrorKind::LookupFailed.status(), 500);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookupFailed;

impl From<LookupFailed> for VerifyError {
    fn from(LookupFailed: LookupFailed) -> Self {
        Self::new(
            VerifyErrorKind::LookupFailed,
            "the store of keys could not be asked",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_name_and_the_list_is_whole() {
        let mut names: Vec<_> = VerifyErrorKind::ALL.map(VerifyErrorKind::name).into();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), VerifyErrorKind::ALL.len());
        assert!(
            VerifyErrorKind::ALL.is_sorted(),
            "in the order of declaration"
        );
        assert_eq!(
            VerifyErrorKind::ALL.last(),
            Some(&VerifyErrorKind::Replayed),
            "the last that is declared"
        );
    }

    #[test]
    fn sentences_name_place_and_source() {
        let error = VerifyError::at(
            VerifyErrorKind::IncompleteSignature,
            Place::Authorization,
            17,
            "found `x`, expected `y`",
        );
        assert_eq!(
            error.to_string(),
            "request refused at byte 17 of the `Authorization` header: found `x`, expected `y` \
             [IncompleteSignature, IAM User Guide, Signature Version 4]"
        );
    }
}
