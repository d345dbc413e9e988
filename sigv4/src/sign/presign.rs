//! Signing in the query, so that a URL alone is the request.

use core::fmt;

use super::headers::{CONTENT_SHA256, ContentSha256, STALE_TOKEN, holds_token};
use super::signer::{Plan, Signer};
use crate::canonical::escape::{push_encoded, push_encoded_except};
use crate::canonical::headers::trimmed;
use crate::canonical::query::{AuthParam, add_param};
use crate::canonical::scratch::Scratch;
use crate::canonical::span::{Span, append};
use crate::error::{SignError, SignErrorKind};
use crate::hash::{Payload, PayloadHash, PayloadLine, Signature, push_hex};
use crate::request::{Headers, Request};
use crate::scope::{ALGORITHM, Service, TokenPlacement};
use crate::time::{Expires, Timestamp};
use crate::url::Url;

const HTTP_SCHEMES: &[(&str, u16)] = &[("https", 443), ("http", 80), ("wss", 443), ("ws", 80)];
const WEBSOCKET_SCHEMES: &[(&str, u16)] = &[("wss", 443), ("ws", 80)];

impl Signer {
    /// Presigns the target of a request; the answer is the target to use instead.
    ///
    /// Whoever uses it must send the same method and the same headers. The target is escaped as it must be sent: raw bytes above 0x7F
    /// become `%XX`.
    ///
    /// What verifiers assume of a URL that says nothing is that an S3 body is unsigned, and that the body of any other service is
    /// signed. A `payload` that differs is said in `X-Amz-Content-Sha256`, in the query, unless the request says it already.
    ///
    /// # Errors
    /// As [`sign`](Self::sign), and when the headers hold a session token, whose place is the query.
    ///
    /// ```
    /// use sigv4::{Credentials, Expires, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
    ///
    /// let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::s3());
    /// let headers = [("Host", "bucket.s3.us-east-1.amazonaws.com")];
    /// let request = Request::new("GET", "/key", headers.as_slice());
    /// let at = Timestamp::parse("20260301T120000Z")?;
    /// let target = signer.presign(&request, Payload::Unsigned, Expires::from_secs(300)?, at, &mut Scratch::new())?;
    /// assert!(target.as_str().starts_with("/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn presign<H: Headers + ?Sized>(
        &self,
        request: &Request<'_, H>,
        payload: Payload<'_>,
        expires: Expires,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Result<Presigned, SignError> {
        let plan = QueryPlan {
            service: &self.service,
            payload: payload.line(),
            expires: Some(expires),
            at,
            default_path: "/",
        };
        let mut out = Vec::with_capacity(self.room(request.target()));
        let signature = self.presign_onto(&mut out, None, request, &plan, scratch)?;
        Ok(Presigned::new(out, signature))
    }

    /// Presigns a URL (`https`, `http`, `wss` or `ws`) for a client that sends no headers but `Host`.
    ///
    /// The host is lower-cased and the scheme's default port left out, in the signature and in the URL, as clients do. S3 does not
    /// bind the body of a presigned request; for other services it is bound to be empty.
    ///
    /// # Errors
    /// As [`sign`](Self::sign), and when the URL is not absolute, holds user information or a host that is not ASCII.
    ///
    /// ```
    /// use sigv4::{Credentials, Expires, Region, Scratch, Service, Signer, Timestamp};
    ///
    /// let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::s3());
    /// let at = Timestamp::parse("20260301T120000Z")?;
    /// let url = signer.presign_url("GET", "https://Bucket.S3.amazonaws.com:443/key", Expires::MAX, at, &mut Scratch::new())?;
    /// assert!(url.as_str().starts_with("https://bucket.s3.amazonaws.com/key?X-Amz-Algorithm="));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn presign_url(
        &self,
        method: &str,
        url: &str,
        expires: Expires,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Result<Presigned, SignError> {
        // Nothing of an earlier request may be taken for this one's, whatever goes wrong.
        scratch.clear();
        let url = Url::parse(url, HTTP_SCHEMES)?;
        let payload = if self.service.presigns_without_body() {
            PayloadLine::Unsigned
        } else {
            PayloadLine::Hash(PayloadHash::EMPTY)
        };
        let plan = QueryPlan {
            service: &self.service,
            payload,
            expires: Some(expires),
            at,
            default_path: "/",
        };
        self.presign_parsed(method, &url, &plan, scratch)
    }

    /// Presigns the URL of an MQTT connection over WebSocket to AWS IoT Core (AWS IoT Core Developer Guide, "Device communication
    /// protocols").
    ///
    /// `endpoint` is a host with or without a port, or a `wss` or `ws` URL, whose path is `/mqtt` if it has none or `/`, and whose query,
    /// as for a custom authorizer, is signed. Whatever service the signer is for, the signature is for `iotdevicegateway`: method `GET`,
    /// empty body, `host` the only signed header, and the session token appended after the signature. `X-Amz-Expires` is optional, and
    /// AWS heeds it little: connect within minutes, and presign anew for each connection.
    ///
    /// # Errors
    /// As [`presign_url`](Self::presign_url).
    ///
    /// ```
    /// use sigv4::{Credentials, Region, Scratch, Service, Signer, Timestamp};
    ///
    /// let signer = Signer::new(
    ///     Credentials::new("ASIDEXAMPLE", "secret")?.with_session_token("IQoJ+/=")?,
    ///     Region::new("us-east-1")?,
    ///     Service::iot_data(),
    /// );
    /// let at = Timestamp::parse("20260301T120000Z")?;
    /// let url = signer.presign_mqtt_websocket("A1B2-ats.iot.us-east-1.amazonaws.com:443", None, at, &mut Scratch::new())?;
    /// assert!(url.as_str().starts_with("wss://a1b2-ats.iot.us-east-1.amazonaws.com/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&"));
    /// assert!(url.as_str().contains("%2Fiotdevicegateway%2Faws4_request&X-Amz-Date=20260301T120000Z&X-Amz-SignedHeaders=host&"));
    /// assert!(url.as_str().ends_with("&X-Amz-Security-Token=IQoJ%2B%2F%3D"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn presign_mqtt_websocket(
        &self,
        endpoint: &str,
        expires: Option<Expires>,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Result<Presigned, SignError> {
        scratch.clear();
        let service = Service::iot_device_gateway();
        let payload = PayloadLine::Hash(PayloadHash::EMPTY);
        let plan = QueryPlan {
            service: &service,
            payload,
            expires,
            at,
            default_path: "/mqtt",
        };
        let url = if endpoint.contains("://") {
            Url::parse(endpoint, WEBSOCKET_SCHEMES)?
        } else {
            Url::of_endpoint(endpoint, "wss", 443)?
        };
        self.presign_parsed("GET", &url, &plan, scratch)
    }

    fn presign_parsed(
        &self,
        method: &str,
        url: &Url<'_>,
        plan: &QueryPlan<'_>,
        scratch: &mut Scratch,
    ) -> Result<Presigned, SignError> {
        let room = self.room(url.target.as_bytes());
        let mut out = Vec::with_capacity(room.saturating_add(url.room()));
        out.extend_from_slice(url.scheme.as_bytes());
        out.extend_from_slice(b"://");
        let authority = append(&mut out, |out| url.push_authority(out));
        let none: [(&str, &[u8]); 0] = [];
        let request = Request::new(method, url.target, none.as_slice());
        let signature = self.presign_onto(&mut out, Some(authority), &request, plan, scratch)?;
        Ok(Presigned::new(out, signature))
    }

    /// How long the answer will about be.
    fn room(&self, target: &[u8]) -> usize {
        let token = self.credentials.token().map_or(0, str::len);
        // A third more than the token is enough for the escapes of Base64.
        target
            .len()
            .saturating_add(token.saturating_add(token / 3))
            .saturating_add(400)
    }

    /// Appends the presigned target to `out`, which may hold the beginning of a URL with the authority at the place given.
    fn presign_onto<H: Headers + ?Sized>(
        &self,
        out: &mut Vec<u8>,
        authority: Option<Span>,
        request: &Request<'_, H>,
        plan: &QueryPlan<'_>,
        scratch: &mut Scratch,
    ) -> Result<Signature, SignError> {
        let date = plan.at.text();
        let token = self
            .credentials
            .token()
            .map(|token| (token, plan.service.token()));

        // What is signed is what will be sent.
        let target = append(out, |out| {
            let (path, _) = request.split_target();
            let mut rest = request.target();
            if matches!(path, b"" | b"/") {
                out.extend_from_slice(plan.default_path.as_bytes());
                rest = rest.get(path.len()..).unwrap_or_default();
            }
            push_encoded_except(out, rest, |byte| byte.is_ascii());
        });
        let sent = Request::new(request.method(), target.of(out), request.headers());
        self.begin(&sent, scratch)?;
        if holds_token(request.headers()) {
            return Err(STALE_TOKEN);
        }

        let host: [(&str, &[u8]); 1] = [("host", authority.map_or(&[], |place| place.of(out)))];
        let added = if authority.is_some() {
            host.as_slice()
        } else {
            &[]
        };
        let list = Self::choose_headers(request.headers(), &[], added, scratch)?;
        let (credential, scope) = self.write_credential(&mut scratch.text, &date, plan.service);
        let is_declared = check_declared(request.headers(), plan.payload, scratch)?;
        let is_assumed =
            plan.service.presigns_without_body() == (plan.payload == PayloadLine::Unsigned);
        let added_hash = (!is_declared && !is_assumed).then(|| ContentSha256::of(plan.payload));

        let mut decimal = Decimal::default();
        let Scratch {
            stash,
            text,
            params,
            ..
        } = scratch;
        let signed_token = token.filter(|(_, placement)| *placement == TokenPlacement::Signed);
        let values = [
            (AuthParam::Algorithm, Some(ALGORITHM.as_bytes())),
            (
                AuthParam::ContentSha256,
                added_hash.as_ref().map(ContentSha256::as_bytes),
            ),
            (AuthParam::Credential, Some(credential.of(text))),
            (AuthParam::Date, Some(date.as_bytes())),
            (
                AuthParam::Expires,
                plan.expires.map(|expires| decimal.write(expires.as_secs())),
            ),
            (
                AuthParam::SecurityToken,
                signed_token.map(|(token, _)| token.as_bytes()),
            ),
            (AuthParam::SignedHeaders, Some(list.of(text))),
        ];
        // Ours are in canonical order, so that without others there is nothing to sort.
        let is_query_sorted = params.is_empty();
        for (param, value) in values {
            if let Some(value) = value {
                add_param(stash, params, param, value);
            }
        }

        let finish = Plan {
            service: plan.service,
            date: &date,
            list,
            credential,
            scope,
            payload: plan.payload,
            is_query_sorted,
        };
        let signature = self.finish(&sent, &finish, scratch)?;

        // A query may itself hold and end with a `?`.
        let mut separator = match sent.split_target().1 {
            None => b'?',
            Some(query) if query.is_empty() || query.ends_with(b"&") => 0,
            Some(_) => b'&',
        };
        if is_query_sorted && signed_token.is_none() {
            // What is sent is then, word for word, what was signed.
            out.extend((separator != 0).then_some(separator));
            separator = b'&';
            out.extend_from_slice(scratch.query.of(&scratch.canonical));
        } else {
            push_auth_params(out, &mut separator, added_hash.is_some(), scratch);
        }
        push_param(out, &mut separator, AuthParam::Signature, &[]);
        push_hex(out, signature.as_bytes());
        if let Some((token, TokenPlacement::Appended)) = token {
            push_param(out, &mut separator, AuthParam::SecurityToken, &[]);
            push_encoded(out, token.as_bytes());
        }
        Ok(signature)
    }
}

/// Sent in the order of the documentation: the token, where it is signed, before the signature, else after it.
/// A hash that the request itself declares is in its query already.
fn push_auth_params(out: &mut Vec<u8>, separator: &mut u8, with_hash: bool, scratch: &Scratch) {
    let order = [
        AuthParam::Algorithm,
        AuthParam::ContentSha256,
        AuthParam::Credential,
        AuthParam::Date,
        AuthParam::Expires,
        AuthParam::SignedHeaders,
        AuthParam::SecurityToken,
    ];
    let order = order
        .into_iter()
        .filter(|param| with_hash || *param != AuthParam::ContentSha256);
    for wanted in order {
        for param in &scratch.params {
            if param.auth == Some(wanted) {
                push_param(out, separator, wanted, param.value.of(&scratch.stash));
            }
        }
    }
}

fn push_param(out: &mut Vec<u8>, separator: &mut u8, param: AuthParam, value: &[u8]) {
    if *separator != 0 {
        out.push(*separator);
    }
    *separator = b'&';
    out.extend_from_slice(param.name().as_bytes());
    out.push(b'=');
    out.extend_from_slice(value);
}

/// A verifier goes by the hash that the request declares, in a header or in the query; it must be the one that is signed. Gives
/// whether there is one.
fn check_declared<H: Headers + ?Sized>(
    headers: &H,
    payload: PayloadLine,
    scratch: &mut Scratch,
) -> Result<bool, SignError> {
    let Scratch { stash, params, .. } = scratch;
    let line = append(stash, |out| payload.push(out));
    let in_query = params
        .iter()
        .filter(|param| param.auth == Some(AuthParam::ContentSha256))
        .map(|param| param.value.of(stash));
    let in_header = headers
        .fields()
        .filter(|(name, _)| name.eq_ignore_ascii_case(CONTENT_SHA256))
        .map(|(_, value)| trimmed(value));
    let mut is_declared = false;
    let is_right = in_query.chain(in_header).all(|declared| {
        is_declared = true;
        declared == line.of(stash)
    });
    if is_right {
        Ok(is_declared)
    } else {
        Err(SignError::new(
            SignErrorKind::AlreadySigned,
            "it declares another `X-Amz-Content-Sha256` than is to be signed",
        ))
    }
}

/// What differs between the ways of presigning.
struct QueryPlan<'a> {
    service: &'a Service,
    payload: PayloadLine,
    expires: Option<Expires>,
    at: Timestamp,
    /// The path of a URL that has none.
    default_path: &'static str,
}

/// A number in decimal, without an allocation.
#[derive(Default)]
struct Decimal {
    digits: [u8; 10],
}

impl Decimal {
    fn write(&mut self, mut number: u32) -> &[u8] {
        let mut first = self.digits.len();
        for digit in self.digits.iter_mut().rev() {
            *digit = b'0'.wrapping_add(u8::try_from(number.wrapping_rem(10)).unwrap_or(0));
            number = number.wrapping_div(10);
            first = first.saturating_sub(1);
            if number == 0 {
                break;
            }
        }
        self.digits.get(first..).unwrap_or(&[])
    }
}

/// A URL, or a request target, that is a signed request: whoever holds it may make the request until it expires.
///
/// `Debug` does not show it; [`as_str`](Self::as_str) does.
///
/// ```
/// use sigv4::{Credentials, Region, Scratch, Service, Signer, Timestamp};
///
/// let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
/// let url = signer.presign_mqtt_websocket("localhost:8443", None, Timestamp::parse("20260301T120000Z")?, &mut Scratch::new())?;
/// assert!(url.as_str().contains(&url.signature().to_string()));
/// assert_eq!(format!("{url:?}"), "Presigned([redacted])");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Presigned {
    text: String,
    signature: Signature,
}

impl Presigned {
    fn new(text: Vec<u8>, signature: Signature) -> Self {
        // ASCII: the target was escaped, and the rest is ASCII by its types.
        Self {
            text: String::from_utf8(text).unwrap_or_default(),
            signature,
        }
    }

    /// The URL, or the target.
    ///
    /// ```
    /// # use sigv4::{Credentials, Region, Scratch, Service, Signer, Timestamp};
    /// # let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// # let at = Timestamp::parse("20260301T120000Z")?;
    /// let url = signer.presign_mqtt_websocket("ws://localhost:9001", None, at, &mut Scratch::new())?;
    /// assert!(url.as_str().starts_with("ws://localhost:9001/mqtt?"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The signature.
    ///
    /// ```
    /// # use sigv4::{Credentials, Region, Scratch, Service, Signer, Timestamp};
    /// # let signer = Signer::new(Credentials::new("AKID", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// # let at = Timestamp::parse("20260301T120000Z")?;
    /// let url = signer.presign_mqtt_websocket("localhost", None, at, &mut Scratch::new())?;
    /// assert_eq!(url.signature().as_bytes().len(), 32);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn signature(&self) -> Signature {
        self.signature
    }
}

impl From<Presigned> for String {
    fn from(presigned: Presigned) -> Self {
        presigned.text
    }
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Presigned([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals() {
        for number in [0, 1, 9, 10, 604_800, u32::MAX] {
            assert_eq!(
                Decimal::default().write(number),
                number.to_string().as_bytes()
            );
        }
    }
}
