//! Signing in the `Authorization` header.

use core::fmt;

use super::signer::{Plan, Signer, is_one_of};
use crate::canonical::headers::trimmed;
use crate::canonical::query::AuthParam;
use crate::canonical::scratch::Scratch;
use crate::error::{SignError, SignErrorKind};
use crate::hash::{Payload, PayloadLine, Signature, UNSIGNED_PAYLOAD, hex};
use crate::request::{Headers, Request};
use crate::scope::{ALGORITHM, TokenPlacement};
use crate::time::{AmzDate, Timestamp};

pub(crate) const DATE: &str = "x-amz-date";
pub(crate) const TOKEN: &str = "x-amz-security-token";
pub(crate) const CONTENT_SHA256: &str = "x-amz-content-sha256";
pub(crate) const AUTHORIZATION: &str = "authorization";

impl Signer {
    /// Signs a request in headers.
    ///
    /// Every header of the request is signed, but for those that do not survive the way (`connection`, `user-agent` and the like). The
    /// request must have a `Host` header. `X-Amz-Date`, `X-Amz-Security-Token`, `X-Amz-Content-Sha256` and `Authorization` of an earlier
    /// signature are passed over, so a retry is signed anew: *replace* them by [`Signed::headers`]. A token that would not be replaced,
    /// since none is sent with these credentials, is an error: no verifier accepts it.
    ///
    /// # Errors
    /// When the request is not one, is signed in its query, holds a session token that is not replaced, has no `Host`, or is over a limit; see [`SignErrorKind`].
    ///
    /// ```
    /// use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
    ///
    /// // "Elements of an AWS API request signature", IAM User Guide.
    /// let signer = Signer::new(
    ///     Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")?,
    ///     Region::new("us-east-1")?,
    ///     Service::new("iam")?,
    /// );
    /// let headers = [
    ///     ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
    ///     ("Host", "iam.amazonaws.com"),
    /// ];
    /// let request = Request::new("GET", "/?Action=ListUsers&Version=2010-05-08", headers.as_slice());
    /// let at = Timestamp::parse("20150830T123600Z")?;
    /// let signed = signer.sign(&request, Payload::Empty, at, &mut Scratch::new())?;
    /// assert_eq!(signed.signature().to_string(), "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign<H: Headers + ?Sized>(
        &self,
        request: &Request<'_, H>,
        payload: Payload<'_>,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Result<Signed<'_>, SignError> {
        self.begin(request, scratch)?;
        if scratch
            .params
            .iter()
            .any(|param| param.auth == Some(AuthParam::ContentSha256))
        {
            return Err(SignError::new(
                SignErrorKind::AlreadySigned,
                "the query holds `X-Amz-Content-Sha256`, which belongs into a header here",
            ));
        }
        let date = at.text();
        let payload = payload.line();
        let sends_hash = self.service.sends_content_sha256()
            || payload == PayloadLine::Unsigned
            || request
                .headers()
                .fields()
                .any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_SHA256));
        let content_sha256 = sends_hash.then(|| ContentSha256::of(payload));
        let token = self
            .credentials
            .token()
            .filter(|_| self.service.token() != TokenPlacement::Absent);
        if token.is_none() && holds_token(request.headers()) {
            return Err(STALE_TOKEN);
        }
        let signed_token = token.filter(|_| self.service.token() == TokenPlacement::Signed);
        if self.own_date {
            check_own_date(request.headers(), at)?;
        }

        let mut added: [(&str, &[u8]); 3] = [("", &[]); 3];
        let candidates = [
            (!self.own_date).then_some((DATE, date.as_bytes())),
            signed_token.map(|token| (TOKEN, token.as_bytes())),
            content_sha256
                .as_ref()
                .map(|text| (CONTENT_SHA256, text.as_bytes())),
        ];
        let mut filled = 0_usize;
        for (candidate, header) in candidates.into_iter().flatten().zip(&mut added) {
            *header = candidate;
            filled = filled.saturating_add(1);
        }
        let added = added.get(..filled).unwrap_or(&[]);

        let replaced = [DATE, TOKEN, CONTENT_SHA256, AUTHORIZATION];
        let list = Self::choose_headers(request.headers(), &replaced, added, scratch)?;
        let (credential, scope) = self.write_credential(&mut scratch.text, &date, &self.service);
        let plan = Plan {
            service: &self.service,
            date: &date,
            list,
            credential,
            scope,
            payload,
            is_query_sorted: false,
        };
        let signature = self.finish(request, &plan, scratch)?;

        let authorization = authorization(
            credential.of(&scratch.text),
            list.of(&scratch.text),
            &signature,
        );
        Ok(Signed {
            authorization,
            date: (!self.own_date).then_some(date),
            token,
            content_sha256,
            signature,
        })
    }
}

pub(super) const STALE_TOKEN: SignError = SignError::new(
    SignErrorKind::AlreadySigned,
    "it holds an `X-Amz-Security-Token` header, which the signature does not replace",
);

pub(super) fn holds_token<H: Headers + ?Sized>(headers: &H) -> bool {
    headers
        .fields()
        .any(|(name, _)| name.eq_ignore_ascii_case(TOKEN))
}

fn authorization(credential: &[u8], list: &[u8], signature: &Signature) -> String {
    let hex = hex(signature.as_bytes());
    let parts: [&[u8]; 7] = [
        ALGORITHM.as_bytes(),
        b" Credential=",
        credential,
        b", SignedHeaders=",
        list,
        b", Signature=",
        &hex,
    ];
    let mut text = Vec::with_capacity(
        parts
            .iter()
            .fold(0, |sum: usize, part| sum.saturating_add(part.len())),
    );
    for part in parts {
        text.extend_from_slice(part);
    }
    // Key id, scope and header names are ASCII by their types.
    String::from_utf8(text).unwrap_or_default()
}

fn check_own_date<H: Headers + ?Sized>(headers: &H, at: Timestamp) -> Result<(), SignError> {
    const WRONG: SignError = SignError::new(
        SignErrorKind::Date,
        "expected exactly one `Date` header, with the time of signing, and no `X-Amz-Date`",
    );
    let mut dates = headers
        .fields()
        .filter(|(name, _)| is_one_of(name, &["date", DATE]));
    match (dates.next(), dates.next()) {
        (Some((name, value)), None)
            if name.eq_ignore_ascii_case("date")
                && Timestamp::parse_http(trimmed(value)) == Ok(at) =>
        {
            Ok(())
        }
        _ => Err(WRONG),
    }
}

/// The value of `X-Amz-Content-Sha256`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentSha256 {
    Hash([u8; 64]),
    Unsigned,
}

impl ContentSha256 {
    pub(super) fn of(payload: PayloadLine) -> Self {
        match payload {
            PayloadLine::Hash(hash) => Self::Hash(hex(hash.as_bytes())),
            PayloadLine::Unsigned => Self::Unsigned,
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Hash(text) => text,
            Self::Unsigned => UNSIGNED_PAYLOAD.as_bytes(),
        }
    }
}

/// The headers that make a request a signed one.
///
/// ```
/// use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
///
/// let signer = Signer::new(
///     Credentials::new("ASIDEXAMPLE", "secret")?.with_session_token("IQoJ")?,
///     Region::new("us-east-1")?,
///     Service::s3(),
/// );
/// let headers = [("Host", "bucket.s3.us-east-1.amazonaws.com")];
/// let request = Request::new("PUT", "/key", headers.as_slice());
/// let signed = signer.sign(&request, Payload::Unsigned, Timestamp::parse("20260301T120000Z")?, &mut Scratch::new())?;
/// let names: Vec<&str> = signed.headers().map(|(name, _)| name).collect();
/// assert_eq!(names, ["x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "authorization"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Signed<'s> {
    authorization: String,
    date: Option<AmzDate>,
    token: Option<&'s str>,
    content_sha256: Option<ContentSha256>,
    signature: Signature,
}

impl Signed<'_> {
    /// The headers to set, replacing any of the same names; names are lower-case, as HTTP/2 wants them.
    ///
    /// ```
    /// # use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
    /// # let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// # let headers = [("Host", "example.com")];
    /// # let request = Request::new("GET", "/", headers.as_slice());
    /// let signed = signer.sign(&request, Payload::Empty, Timestamp::parse("20260301T120000Z")?, &mut Scratch::new())?;
    /// assert_eq!(signed.headers().next(), Some(("x-amz-date", "20260301T120000Z")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let sha256 = self
            .content_sha256
            .as_ref()
            .and_then(|text| core::str::from_utf8(text.as_bytes()).ok());
        [
            self.date.as_ref().map(|date| (DATE, date.as_str())),
            self.token.map(|token| (TOKEN, token)),
            sha256.map(|text| (CONTENT_SHA256, text)),
            Some((AUTHORIZATION, self.authorization.as_str())),
        ]
        .into_iter()
        .flatten()
    }

    /// The value of `Authorization`.
    ///
    /// ```
    /// # use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
    /// # let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// # let headers = [("Host", "example.com")];
    /// # let request = Request::new("GET", "/", headers.as_slice());
    /// let signed = signer.sign(&request, Payload::Empty, Timestamp::parse("20260301T120000Z")?, &mut Scratch::new())?;
    /// assert!(signed.authorization().ends_with(&format!("Signature={}", signed.signature())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// The signature.
    ///
    /// ```
    /// # use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
    /// # let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// # let headers = [("Host", "example.com")];
    /// # let request = Request::new("GET", "/", headers.as_slice());
    /// # let at = Timestamp::parse("20260301T120000Z")?;
    /// let one = signer.sign(&request, Payload::Empty, at, &mut Scratch::new())?;
    /// let other = signer.sign(&request, Payload::Body(b"x"), at, &mut Scratch::new())?;
    /// assert_ne!(one.signature(), other.signature());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn signature(&self) -> Signature {
        self.signature
    }
}

impl fmt::Debug for Signed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The headers are a bearer token for fifteen minutes.
        f.write_str("Signed([redacted])")
    }
}
