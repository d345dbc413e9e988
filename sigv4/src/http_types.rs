//! `http::Request` in and out.

use http::header::{HOST, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Uri};

use crate::canonical::scratch::Scratch;
use crate::error::{SignError, SignErrorKind};
use crate::hash::{Payload, Signature};
use crate::request::{Headers, Request};
use crate::sign::{AUTHORIZATION, Signer, TOKEN};
use crate::time::Timestamp;

impl Headers for HeaderMap {
    fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
    }
}

/// The headers of an `http` request, with `host` taken from the authority of the URI where there is no `Host` header, as in HTTP/2.
///
/// ```
/// use sigv4::{Headers, HttpRequest};
///
/// let request = http::Request::get("https://example.com/a").body(())?;
/// let view = HttpRequest::of(&request);
/// assert_eq!(view.headers().fields().next(), Some(("host", b"example.com".as_slice())));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HttpHeaders<'a> {
    map: &'a HeaderMap,
    host: Option<&'a str>,
}

impl Headers for HttpHeaders<'_> {
    fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.host
            .map(|host| ("host", host.as_bytes()))
            .into_iter()
            .chain(self.map.fields())
    }
}

/// The head of an `http::Request` as this crate reads it.
///
/// ```
/// use sigv4::HttpRequest;
///
/// let request = http::Request::get("https://example.com/a%2Fb?c=d").body(())?;
/// assert_eq!(HttpRequest::of(&request).request().target(), b"/a%2Fb?c=d");
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HttpRequest<'a> {
    method: &'a str,
    target: &'a str,
    headers: HttpHeaders<'a>,
}

impl<'a> HttpRequest<'a> {
    /// Looks at a request.
    ///
    /// ```
    /// # let request = http::Request::get("/").body(())?;
    /// assert_eq!(sigv4::HttpRequest::of(&request).request().method(), "GET");
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn of<B>(request: &'a http::Request<B>) -> Self {
        Self::new(request.method(), request.uri(), request.headers())
    }

    /// Looks at the parts of one.
    ///
    /// ```
    /// # let (parts, ()) = http::Request::get("/x").body(())?.into_parts();
    /// let view = sigv4::HttpRequest::new(&parts.method, &parts.uri, &parts.headers);
    /// assert_eq!(view.request().target(), b"/x");
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn new(method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        let host = uri
            .authority()
            .map(|authority| host_of(authority.as_str()))
            .filter(|_| !headers.contains_key(HOST));
        Self {
            method: method.as_str(),
            target: uri.path_and_query().map_or("", |target| target.as_str()),
            headers: HttpHeaders { map: headers, host },
        }
    }

    /// What [`Signer`] and [`Verifier`](crate::Verifier) take.
    ///
    /// ```
    /// # let request = http::Request::put("/").body(())?;
    /// # let view = sigv4::HttpRequest::of(&request);
    /// assert_eq!(view.request().method(), "PUT");
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn request(&self) -> Request<'_, HttpHeaders<'a>> {
        Request::new(self.method, self.target, &self.headers)
    }

    /// The headers.
    ///
    /// ```
    /// # use sigv4::{Headers, HttpRequest};
    /// # let request = http::Request::get("/").header("a", "b").body(())?;
    /// assert_eq!(HttpRequest::of(&request).headers().fields().count(), 1);
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub const fn headers(&self) -> &HttpHeaders<'a> {
        &self.headers
    }
}

/// An authority without user information, which is never sent.
fn host_of(authority: &str) -> &str {
    authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
}

/// An authority as clients send it in `Host`: without the port that the scheme implies.
fn without_default_port<'a>(scheme: Option<&str>, authority: &'a str) -> &'a str {
    let suffix = match scheme {
        Some("https" | "wss") => ":443",
        Some("http" | "ws") => ":80",
        _ => return authority,
    };
    authority.strip_suffix(suffix).unwrap_or(authority)
}

impl Signer {
    /// Signs an `http::Request` in place, setting the headers that [`sign`](Self::sign) answers with, as sensitive where they are.
    ///
    /// A request without `Host` gets one from its URI, without the port that the scheme implies.
    ///
    /// # Errors
    /// As [`sign`](Self::sign). The request is then unchanged.
    ///
    /// ```
    /// use sigv4::{Credentials, Payload, Region, Scratch, Service, Signer, Timestamp};
    ///
    /// let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// let mut request = http::Request::post("https://example.com:443/topics/a?qos=1").body("{}")?;
    /// let payload = request.body().as_bytes();
    /// signer.sign_http(&mut request, Payload::Body(payload), Timestamp::parse("20260301T120000Z")?, &mut Scratch::new())?;
    /// assert_eq!(request.headers()["host"], "example.com");
    /// assert!(request.headers()["authorization"].is_sensitive());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sign_http<B>(
        &self,
        request: &mut http::Request<B>,
        payload: Payload<'_>,
        at: Timestamp,
        scratch: &mut Scratch,
    ) -> Result<Signature, SignError> {
        let mut view = HttpRequest::of(request);
        view.headers.host = view
            .headers
            .host
            .map(|host| without_default_port(request.uri().scheme_str(), host));
        let host = view
            .headers
            .host
            .map(HeaderValue::from_str)
            .transpose()
            .map_err(|_| {
                SignError::new(
                    SignErrorKind::Host,
                    "the authority of the URI cannot stand in a `Host` header",
                )
            })?;
        let signed = self.sign(&view.request(), payload, at, scratch)?;
        let mut values = Vec::with_capacity(4);
        for (name, value) in signed.headers() {
            let mut value = HeaderValue::from_str(value).map_err(|_| {
                SignError::new(
                    SignErrorKind::AlreadySigned,
                    "the session token cannot stand in a header",
                )
            })?;
            value.set_sensitive(matches!(name, AUTHORIZATION | TOKEN));
            values.push((HeaderName::from_static(name), value));
        }
        let signature = signed.signature();
        let headers = request.headers_mut();
        if let Some(host) = host {
            headers.insert(HOST, host);
        }
        for (name, value) in values {
            headers.insert(name, value);
        }
        Ok(signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_ports() {
        for (scheme, authority, host) in [
            (Some("https"), "h:443", "h"),
            (Some("https"), "h:80", "h:80"),
            (Some("http"), "h:80", "h"),
            (Some("wss"), "[::1]:443", "[::1]"),
            (Some("ws"), "h:443", "h:443"),
            (Some("ftp"), "h:443", "h:443"),
            (None, "h:443", "h:443"),
        ] {
            assert_eq!(without_default_port(scheme, authority), host);
        }
        assert_eq!(host_of("user:pw@h:1"), "h:1");
    }
}
