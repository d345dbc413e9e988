//! SHA-256, hex, and what stands for the body in a signature.

use core::fmt;

use ring::digest;

/// `UNSIGNED-PAYLOAD` in place of a hash (Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header").
pub(crate) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// SHA-256 of nothing.
const EMPTY: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// 32 bytes as 64 lower-case hex digits. Arithmetic instead of a table, so that the compiler makes vector code of it.
#[inline]
pub(crate) fn hex(bytes: &[u8; 32]) -> [u8; 64] {
    let digit = |nibble: u8| {
        let letter = u8::from(nibble > 9).wrapping_mul(b'a'.wrapping_sub(b'0').wrapping_sub(10));
        nibble.wrapping_add(b'0').wrapping_add(letter)
    };
    let mut text = [0; 64];
    for (digits, &byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        *digits = [digit(byte >> 4), digit(byte & 0x0F)];
    }
    text
}

#[inline]
pub(crate) fn push_hex(out: &mut Vec<u8>, bytes: &[u8; 32]) {
    out.extend_from_slice(&hex(bytes));
}

/// 64 lower-case hex digits, and nothing else. Without branches, so that the compiler makes vector code of it.
pub(crate) fn parse_hex(text: &[u8]) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.try_into().ok()?;
    let mut is_hex = true;
    let values = digits.map(|digit| {
        let (decimal, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
        is_hex &= decimal < 10 || letter < 6;
        if decimal < 10 {
            decimal
        } else {
            letter.wrapping_add(10)
        }
    });
    let mut bytes = [0; 32];
    for (byte, &[high, low]) in bytes.iter_mut().zip(values.as_chunks::<2>().0) {
        *byte = high.wrapping_shl(4) | low;
    }
    is_hex.then_some(bytes)
}

#[inline]
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    to_array(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// SHA-256 and HMAC-SHA-256 give 32 bytes; the type of ring's answer does not say so.
#[inline]
pub(crate) fn to_array(output: &[u8]) -> [u8; 32] {
    output.first_chunk::<32>().copied().unwrap_or_default()
}

/// The SHA-256 of a body.
///
/// ```
/// use sigv4::PayloadHash;
///
/// let hash = PayloadHash::of(b"hello");
/// assert_eq!(hash.to_string(), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
/// assert_eq!(PayloadHash::of(b""), PayloadHash::EMPTY);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PayloadHash([u8; 32]);

impl PayloadHash {
    /// The hash of the empty body.
    ///
    /// ```
    /// assert!(sigv4::PayloadHash::EMPTY.to_string().starts_with("e3b0c442"));
    /// ```
    pub const EMPTY: Self = Self(EMPTY);

    /// Hashes a body that is at hand.
    ///
    /// ```
    /// assert_ne!(sigv4::PayloadHash::of(b"a"), sigv4::PayloadHash::of(b"b"));
    /// ```
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        if body.is_empty() {
            Self::EMPTY
        } else {
            Self(sha256(body))
        }
    }

    /// Takes a hash made elsewhere.
    ///
    /// ```
    /// use sigv4::PayloadHash;
    ///
    /// let bytes = *PayloadHash::EMPTY.as_bytes();
    /// assert_eq!(PayloadHash::from_bytes(bytes), PayloadHash::EMPTY);
    /// ```
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    ///
    /// ```
    /// assert_eq!(sigv4::PayloadHash::EMPTY.as_bytes()[0], 0xe3);
    /// ```
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for PayloadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for PayloadHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PayloadHash({self})")
    }
}

pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8; 32]) -> fmt::Result {
    f.write_str(core::str::from_utf8(&hex(bytes)).unwrap_or_default())
}

/// Hashes a body that comes in pieces.
///
/// ```
/// use sigv4::{PayloadHash, PayloadHasher};
///
/// let mut hasher = PayloadHasher::new();
/// hasher.update(b"hel");
/// hasher.update(b"lo");
/// assert_eq!(hasher.finish(), PayloadHash::of(b"hello"));
/// ```
#[derive(Clone)]
pub struct PayloadHasher {
    context: digest::Context,
}

impl PayloadHasher {
    /// Nothing hashed yet.
    ///
    /// ```
    /// use sigv4::{PayloadHash, PayloadHasher};
    ///
    /// assert_eq!(PayloadHasher::new().finish(), PayloadHash::EMPTY);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            context: digest::Context::new(&digest::SHA256),
        }
    }

    /// Takes the next piece of the body.
    ///
    /// ```
    /// let mut hasher = sigv4::PayloadHasher::new();
    /// hasher.update(b"");
    /// assert_eq!(hasher.finish(), sigv4::PayloadHash::EMPTY);
    /// ```
    pub fn update(&mut self, piece: &[u8]) {
        self.context.update(piece);
    }

    /// The hash of all pieces.
    ///
    /// ```
    /// let hasher = sigv4::PayloadHasher::new();
    /// assert_eq!(hasher.finish(), sigv4::PayloadHash::of(b""));
    /// ```
    #[must_use]
    pub fn finish(self) -> PayloadHash {
        PayloadHash(to_array(self.context.finish().as_ref()))
    }
}

impl Default for PayloadHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for PayloadHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayloadHasher")
    }
}

/// What a signature says about the body.
///
/// ```
/// use sigv4::{Payload, PayloadHash};
///
/// // The same signature, with the hashing done here or elsewhere.
/// let hashed = Payload::Hash(PayloadHash::of(b"{}"));
/// assert_ne!(hashed, Payload::Body(b"{}"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Payload<'a> {
    /// There is no body, or it has no bytes.
    Empty,
    /// The body, to be hashed.
    Body(&'a [u8]),
    /// The hash of the body.
    Hash(PayloadHash),
    /// `UNSIGNED-PAYLOAD`: anybody on the way may change the body. S3 accepts it, and presigned S3 URLs mean it when they say nothing.
    Unsigned,
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            // Not what it says: a body is not for logs.
            Self::Body(body) => write!(f, "Body({} bytes)", body.len()),
            Self::Hash(hash) => f.debug_tuple("Hash").field(hash).finish(),
            Self::Unsigned => f.write_str("Unsigned"),
        }
    }
}

impl Payload<'_> {
    pub(crate) fn line(self) -> PayloadLine {
        match self {
            Self::Empty => PayloadLine::Hash(PayloadHash::EMPTY),
            Self::Body(body) => PayloadLine::Hash(PayloadHash::of(body)),
            Self::Hash(hash) => PayloadLine::Hash(hash),
            Self::Unsigned => PayloadLine::Unsigned,
        }
    }
}

/// The last line of a canonical request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PayloadLine {
    Hash(PayloadHash),
    Unsigned,
}

impl PayloadLine {
    pub(crate) fn push(self, out: &mut Vec<u8>) {
        match self {
            Self::Hash(hash) => push_hex(out, &hash.0),
            Self::Unsigned => out.extend_from_slice(UNSIGNED_PAYLOAD.as_bytes()),
        }
    }
}

/// A signature: 32 bytes, written as 64 lower-case hex digits.
///
/// ```
/// use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
///
/// let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::iot_data());
/// let headers = [("Host", "example.com")];
/// let request = Request::new("GET", "/", headers.as_slice());
/// let signed = signer.sign(&request, Payload::Empty, Timestamp::parse("20260301T120000Z")?, &mut Scratch::new())?;
/// assert_eq!(signed.signature().to_string().len(), 64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 32]);

impl Signature {
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, for a replay store to key by.
    ///
    /// ```
    /// # use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
    /// # let signer = Signer::new(Credentials::new("AKIDEXAMPLE", "secret")?, Region::new("us-east-1")?, Service::iot_data());
    /// # let headers = [("Host", "example.com")];
    /// # let request = Request::new("GET", "/", headers.as_slice());
    /// # let signed = signer.sign(&request, Payload::Empty, Timestamp::parse("20260301T120000Z")?, &mut Scratch::new())?;
    /// assert_eq!(signed.signature().as_bytes().len(), 32);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_hash_is_the_hash_of_nothing() {
        assert_eq!(sha256(b""), EMPTY);
    }

    #[test]
    fn hex_goes_both_ways_in_lower_case_only() {
        let bytes = sha256(b"x");
        assert_eq!(parse_hex(&hex(&bytes)), Some(bytes));
        assert_eq!(parse_hex(&hex(&bytes).to_ascii_uppercase()), None);
        for length in [0, 63, 65] {
            assert_eq!(parse_hex(&vec![b'0'; length]), None, "{length}");
        }
        for byte in 0..=u8::MAX {
            let mut text = [b'0'; 64];
            text[7] = byte;
            let digit = (byte as char)
                .to_digit(16)
                .filter(|_| !byte.is_ascii_uppercase());
            assert_eq!(
                parse_hex(&text).map(|bytes| u32::from(bytes[3])),
                digit,
                "{byte}"
            );
        }
    }
}
