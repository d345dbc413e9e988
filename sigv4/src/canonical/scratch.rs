//! The buffers one operation works in.

use core::fmt;

use super::headers::{Entry, Field, Name};
use super::query::Param;
use super::span::Span;
use crate::hash::{push_hex, sha256};
use crate::scope::ALGORITHM;

/// The buffers that signing and verifying work in, to be used again for the next request.
///
/// After an operation it still holds the canonical request and the string to sign, the two texts to lay beside those of the other
/// side when a signature is refused. They hold no secret key. They do hold the session token, and whatever else the request holds;
/// [`explanation`](Self::explanation) leaves out what gives access.
///
/// ```
/// use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
///
/// let credentials = Credentials::new("AKIDEXAMPLE", "secret")?;
/// let signer = Signer::new(credentials, Region::new("us-east-1")?, Service::iot_data());
/// let mut scratch = Scratch::new();
/// let headers = [("Host", "example.com")];
/// let request = Request::new("GET", "/things/t/shadow", headers.as_slice());
/// signer.sign(&request, Payload::Empty, Timestamp::parse("20260301T120000Z")?, &mut scratch)?;
/// assert!(scratch.canonical_request().starts_with(b"GET\n/things/t/shadow\n\nhost:example.com\n"));
/// assert!(scratch.string_to_sign().starts_with(b"AWS4-HMAC-SHA256\n20260301T120000Z\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Scratch {
    pub(crate) canonical: Vec<u8>,
    /// Where the query is in the canonical request.
    pub(crate) query: Span,
    pub(crate) string_to_sign: Vec<u8>,
    pub(crate) stash: Vec<u8>,
    pub(crate) params: Vec<Param>,
    /// The credential and the list of signed headers, apart from the stash, which grows while they are read.
    pub(crate) text: Vec<u8>,
    pub(crate) names: Vec<Name>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) fields: Vec<Field>,
}

impl Scratch {
    /// Empty buffers; they grow to the size of a request at its first use.
    ///
    /// ```
    /// assert!(sigv4::Scratch::new().canonical_request().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The canonical request of the last operation, as far as it came. When a body is verified as it streams and its hash was not
    /// declared, the last line, which is that hash, is missing.
    ///
    /// ```
    /// let scratch = sigv4::Scratch::new();
    /// assert_eq!(scratch.canonical_request(), b"");
    /// ```
    #[must_use]
    pub fn canonical_request(&self) -> &[u8] {
        &self.canonical
    }

    /// The string to sign of the last operation, empty if it did not come that far.
    ///
    /// ```
    /// let scratch = sigv4::Scratch::new();
    /// assert_eq!(scratch.string_to_sign(), b"");
    /// ```
    #[must_use]
    pub fn string_to_sign(&self) -> &[u8] {
        &self.string_to_sign
    }

    /// Both texts for people to read, without the session token and its like.
    ///
    /// ```
    /// let scratch = sigv4::Scratch::new();
    /// assert!(scratch.explanation().to_string().starts_with("canonical request:"));
    /// ```
    #[must_use]
    pub const fn explanation(&self) -> Explanation<'_> {
        Explanation { scratch: self }
    }

    pub(crate) fn clear(&mut self) {
        self.canonical.clear();
        self.string_to_sign.clear();
        self.stash.clear();
        self.text.clear();
        self.params.clear();
        self.names.clear();
        self.entries.clear();
        self.fields.clear();
        // What a small request needs, in one step instead of several.
        if self.canonical.capacity() == 0 {
            self.canonical.reserve(1024);
            self.stash.reserve(1024);
            self.text.reserve(512);
        }
    }

    /// Writes the string to sign over the canonical request, which must be whole.
    pub(crate) fn push_string_to_sign(&mut self, date: &[u8], scope: Span) {
        let scope = scope.of(&self.text);
        let out = &mut self.string_to_sign;
        out.clear();
        out.reserve(
            ALGORITHM
                .len()
                .saturating_add(date.len())
                .saturating_add(scope.len())
                .saturating_add(67),
        );
        push_string_to_sign_head(out, date, scope);
        push_hex(out, &sha256(&self.canonical));
    }
}

/// All of the string to sign but its last line, the hash of the canonical request.
pub(crate) fn push_string_to_sign_head(out: &mut Vec<u8>, date: &[u8], scope: &[u8]) {
    out.extend_from_slice(ALGORITHM.as_bytes());
    out.push(b'\n');
    out.extend_from_slice(date);
    out.push(b'\n');
    out.extend_from_slice(scope);
    out.push(b'\n');
}

impl fmt::Debug for Scratch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the text: it holds the session token.
        f.debug_struct("Scratch")
            .field("canonical_len", &self.canonical.len())
            .finish_non_exhaustive()
    }
}

/// The canonical request and the string to sign of the last operation, to be printed; from [`Scratch::explanation`].
///
/// The values of the session token and of other headers and parameters that give access by themselves, such as cookies and the keys
/// of S3's server-side encryption, are printed as `[redacted]`, bytes that are not text as `\xNN`.
///
/// ```
/// use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
///
/// let credentials = Credentials::new("ASIDEXAMPLE", "secret")?.with_session_token("very-private")?;
/// let signer = Signer::new(credentials, Region::new("us-east-1")?, Service::iot_data());
/// let mut scratch = Scratch::new();
/// let headers = [("Host", "example.com")];
/// let request = Request::new("GET", "/", headers.as_slice());
/// signer.sign(&request, Payload::Empty, Timestamp::parse("20260301T120000Z")?, &mut scratch)?;
/// let text = scratch.explanation().to_string();
/// assert!(text.contains("x-amz-security-token:[redacted]"));
/// assert!(!text.contains("private"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Explanation<'s> {
    scratch: &'s Scratch,
}

const REDACTED: &str = "[redacted]";

/// Headers, and parameters into which clients move them, whose values give access by themselves.
const PRIVATE: [&str; 6] = [
    "x-amz-security-token",
    "x-amz-s3session-token",
    "x-amz-server-side-encryption-customer-key",
    "x-amz-copy-source-server-side-encryption-customer-key",
    "cookie",
    "proxy-authorization",
];

/// Writes `name:value` or `name=value`, without the value where it is private.
fn write_pair(f: &mut fmt::Formatter<'_>, pair: &[u8], separator: u8) -> fmt::Result {
    let end = memchr::memchr(separator, pair).map_or(0, |at| at.saturating_add(1));
    let (start, _) = pair.split_at_checked(end).unwrap_or((pair, &[]));
    let name = start.strip_suffix(&[separator]).unwrap_or(start);
    let is_private = PRIVATE
        .iter()
        .any(|private| name.eq_ignore_ascii_case(private.as_bytes()));
    if is_private {
        write!(f, "{}{REDACTED}", start.escape_ascii())
    } else {
        write!(f, "{}", pair.escape_ascii())
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "canonical request:")?;
        for (index, line) in self
            .scratch
            .canonical
            .split(|&byte| byte == b'\n')
            .enumerate()
        {
            f.write_str("  ")?;
            if index == 2 {
                write_query(f, line)?;
            } else {
                write_pair(f, line, b':')?;
            }
            writeln!(f)?;
        }
        writeln!(f, "string to sign:")?;
        for line in self.scratch.string_to_sign.split(|&byte| byte == b'\n') {
            writeln!(f, "  {}", line.escape_ascii())?;
        }
        Ok(())
    }
}

fn write_query(f: &mut fmt::Formatter<'_>, line: &[u8]) -> fmt::Result {
    for (index, param) in line.split(|&byte| byte == b'&').enumerate() {
        if index > 0 {
            f.write_str("&")?;
        }
        write_pair(f, param, b'=')?;
    }
    Ok(())
}
