//! `http::Request` in and out.

use core::fmt;

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
/// A received request that has both, and they name two hosts, shows both, so that it is refused for having more than one.
///
/// ```
/// use sigv4::{Headers, HttpRequest};
///
/// let request = http::Request::get("https://example.com/a").body(())?;
/// let view = HttpRequest::of(&request);
/// assert_eq!(view.headers().fields().next(), Some(("host", b"example.com".as_slice())));
/// # Ok::<(), http::Error>(())
/// ```
#[derive(Clone, Copy)]
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

impl fmt::Debug for HttpHeaders<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither names nor values: among them are the session token and the signature.
        f.debug_struct("HttpHeaders")
            .field("len", &self.map.len())
            .finish_non_exhaustive()
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
#[derive(Clone, Copy)]
pub struct HttpRequest<'a> {
    method: &'a str,
    target: &'a str,
    headers: HttpHeaders<'a>,
}

impl<'a> HttpRequest<'a> {
    /// Looks at a request that was received; for one that is to be signed there is [`outgoing`](Self::outgoing).
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

    /// Looks at the parts of one that was received.
    ///
    /// A `Host` header that is not the authority of the URI (whatever the case, with or without the port that the scheme implies)
    /// stands beside it in the headers, and such a request is refused: frameworks differ in which of the two they believe.
    ///
    /// ```
    /// # let (parts, ()) = http::Request::get("/x").body(())?.into_parts();
    /// let view = sigv4::HttpRequest::new(&parts.method, &parts.uri, &parts.headers);
    /// assert_eq!(view.request().target(), b"/x");
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn new(method: &'a Method, uri: &'a Uri, headers: &'a HeaderMap) -> Self {
        let scheme = uri.scheme_str();
        let host = uri
            .authority()
            .map(|authority| host_of(authority.as_str()))
            .filter(|authority| {
                headers
                    .get(HOST)
                    .is_none_or(|host| !is_same_host(scheme, host, authority))
            });
        Self::with_host(method, uri, headers, host)
    }

    /// Looks at a request that is to be signed and sent: the `Host` header goes before the URI's authority, which says where to
    /// connect to, and is without the port that the scheme implies, as clients send it.
    ///
    /// ```
    /// use sigv4::{Headers, HttpRequest};
    ///
    /// let request = http::Request::get("http://127.0.0.1:8080/").header("host", "example.com").body(())?;
    /// let view = HttpRequest::outgoing(&request);
    /// let hosts: Vec<_> = view.headers().fields().collect();
    /// assert_eq!(hosts, [("host", b"example.com".as_slice())]);
    /// # Ok::<(), http::Error>(())
    /// ```
    #[must_use]
    pub fn outgoing<B>(request: &'a http::Request<B>) -> Self {
        let uri = request.uri();
        let host = uri
            .authority()
            .map(|authority| without_default_port(uri.scheme_str(), host_of(authority.as_str())))
            .filter(|_| !request.headers().contains_key(HOST));
        Self::with_host(request.method(), uri, request.headers(), host)
    }

    fn with_host(
        method: &'a Method,
        uri: &'a Uri,
        headers: &'a HeaderMap,
        host: Option<&'a str>,
    ) -> Self {
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

impl fmt::Debug for HttpRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // As `Request`: neither the query nor the headers.
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Whether a `Host` header says what the authority of the URI says.
fn is_same_host(scheme: Option<&str>, header: &HeaderValue, authority: &str) -> bool {
    header.to_str().is_ok_and(|host| {
        without_default_port(scheme, host.trim())
            .eq_ignore_ascii_case(without_default_port(scheme, authority))
    })
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
        let view = HttpRequest::outgoing(request);
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
                    SignErrorKind::HeaderName,
                    "a header of the signature cannot stand in a request",
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

    fn hosts(view: &HttpRequest<'_>) -> Vec<String> {
        view.headers()
            .fields()
            .filter(|(name, _)| *name == "host")
            .map(|(_, value)| String::from_utf8(value.to_vec()).unwrap())
            .collect()
    }

    /// Two hosts in one received request are both seen; one host spelled twice is one.
    #[test]
    fn a_host_header_and_another_authority_are_both_seen() {
        for (uri, header, received) in [
            ("https://a.example/", None, vec!["a.example"]),
            ("/", Some("a.example"), vec!["a.example"]),
            ("https://a.example/", Some("a.example"), vec!["a.example"]),
            ("https://A.Example/", Some("a.example"), vec!["a.example"]),
            (
                "https://a.example:443/",
                Some("a.example"),
                vec!["a.example"],
            ),
            (
                "https://a.example/",
                Some("a.example:443"),
                vec!["a.example:443"],
            ),
            (
                "https://b.example/",
                Some("a.example"),
                vec!["b.example", "a.example"],
            ),
            (
                "https://a.example:8443/",
                Some("a.example"),
                vec!["a.example:8443", "a.example"],
            ),
            (
                "http://a.example:443/",
                Some("a.example"),
                vec!["a.example:443", "a.example"],
            ),
        ] {
            let mut request = http::Request::get(uri);
            if let Some(host) = header {
                request = request.header("host", host);
            }
            let request = request.body(()).unwrap();
            assert_eq!(
                hosts(&HttpRequest::of(&request)),
                received,
                "{uri} {header:?}"
            );
            let sent = hosts(&HttpRequest::outgoing(&request));
            assert_eq!(sent.len(), 1, "{uri} {header:?}");
            assert_eq!(sent[0], header.unwrap_or("a.example"), "{uri} {header:?}");
        }
    }
}
