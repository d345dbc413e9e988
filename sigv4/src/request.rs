//! A request as it stands on the wire.

use core::fmt;

/// A list of header fields, names in any case, values as bytes, in the order in which they stand in the message.
///
/// Implemented for slices of pairs and, with the feature `http`, for `http::HeaderMap`. It is read more than once.
///
/// ```
/// use sigv4::Headers;
///
/// let list = [("Host", "example.com"), ("X-A", "1")];
/// let names: Vec<&str> = list.as_slice().fields().map(|(name, _)| name).collect();
/// assert_eq!(names, ["Host", "X-A"]);
/// ```
pub trait Headers {
    /// The fields, in order.
    fn fields(&self) -> impl Iterator<Item = (&str, &[u8])>;
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Headers for [(N, V)] {
    fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.iter()
            .map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Headers for Vec<(N, V)> {
    fn fields(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.as_slice().fields()
    }
}

/// The head of a request: the method, the target and the headers exactly as sent or received, before any framework decoded them.
///
/// The target is that of the request line: path and query, such as `/topics/a%2Fb?qos=1`.
///
/// ```
/// use sigv4::Request;
///
/// let headers = [("Host", "example.com")];
/// let request = Request::new("GET", "/mqtt?a=b", headers.as_slice());
/// assert_eq!(request.target(), b"/mqtt?a=b");
/// ```
pub struct Request<'a, H: ?Sized> {
    method: &'a str,
    target: &'a [u8],
    headers: &'a H,
}

impl<'a, H: ?Sized> Request<'a, H> {
    /// Puts the three parts together; they are checked when the request is signed or verified.
    ///
    /// ```
    /// # use sigv4::Request;
    /// let none: [(&str, &str); 0] = [];
    /// assert_eq!(Request::new("DELETE", "/", none.as_slice()).method(), "DELETE");
    /// ```
    pub fn new<T: AsRef<[u8]> + ?Sized>(method: &'a str, target: &'a T, headers: &'a H) -> Self {
        Self {
            method,
            target: target.as_ref(),
            headers,
        }
    }

    /// The method, case-sensitive (RFC 9110 §9.1).
    ///
    /// ```
    /// # use sigv4::Request;
    /// # let none: [(&str, &str); 0] = [];
    /// assert_eq!(Request::new("GET", "/", none.as_slice()).method(), "GET");
    /// ```
    #[must_use]
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// The target as bytes.
    ///
    /// ```
    /// # use sigv4::Request;
    /// # let none: [(&str, &str); 0] = [];
    /// assert_eq!(Request::new("GET", "/?", none.as_slice()).target(), b"/?");
    /// ```
    #[must_use]
    pub const fn target(&self) -> &'a [u8] {
        self.target
    }

    /// The headers.
    ///
    /// ```
    /// # use sigv4::Request;
    /// let headers = [("Host", "h")];
    /// assert_eq!(Request::new("GET", "/", headers.as_slice()).headers().len(), 1);
    /// ```
    #[must_use]
    pub const fn headers(&self) -> &'a H {
        self.headers
    }

    /// The path and, if there is a `?`, the query.
    pub(crate) fn split_target(&self) -> (&'a [u8], Option<&'a [u8]>) {
        let at = memchr::memchr(b'?', self.target).unwrap_or(self.target.len());
        let (path, rest) = self
            .target
            .split_at_checked(at)
            .unwrap_or((self.target, &[]));
        (path, rest.strip_prefix(b"?"))
    }
}

impl<H: ?Sized> Clone for Request<'_, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<H: ?Sized> Copy for Request<'_, H> {}

impl<H: ?Sized> fmt::Debug for Request<'_, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the query nor the headers: both can hold a session token.
        f.debug_struct("Request")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// How much of a request is looked at before it is refused. All work is linear in these, but for a logarithm in the sorting.
///
/// ```
/// use sigv4::Limits;
///
/// let limits = Limits { headers: 64, ..Limits::default() };
/// assert_eq!(limits.target_len, 16 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most header fields. 128 by default.
    pub headers: usize,
    /// The most bytes of all header names and values together. 64 KiB by default.
    pub header_bytes: usize,
    /// The most bytes of the request target. 16 KiB by default.
    pub target_len: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            headers: 128,
            header_bytes: 64 * 1024,
            target_len: 16 * 1024,
        }
    }
}

/// Which of the [`Limits`] a request is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OverLimit {
    Headers,
    HeaderBytes,
    Target,
}

impl Limits {
    pub(crate) fn check<H: Headers + ?Sized>(
        &self,
        request: &Request<'_, H>,
    ) -> Result<(), OverLimit> {
        if request.target().len() > self.target_len {
            return Err(OverLimit::Target);
        }
        let (mut count, mut bytes) = (0_usize, 0_usize);
        for (name, value) in request.headers().fields() {
            count = count.saturating_add(1);
            if count > self.headers {
                return Err(OverLimit::Headers);
            }
            bytes = bytes.saturating_add(name.len()).saturating_add(value.len());
            if bytes > self.header_bytes {
                return Err(OverLimit::HeaderBytes);
            }
        }
        Ok(())
    }
}
