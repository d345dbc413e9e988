use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use ring::digest;

/// The id of a certificate: the SHA-256 of its DER, printed in lower hex as AWS IoT does.
///
/// ```
/// use tls_auth::CertificateId;
///
/// let id = CertificateId::of(b"the DER of a certificate");
/// assert_eq!(id.to_string().parse(), Ok(id));
/// assert!("0x12".parse::<CertificateId>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateId([u8; 32]);

/// The SHA-256 of a `SubjectPublicKeyInfo`: what pins a key across the certificates made for it.
///
/// ```
/// use tls_auth::{Certificate, PublicKeyHash};
///
/// let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
/// let certificate = Certificate::parse(pair.cert.der())?;
/// let hash = PublicKeyHash::of(certificate.public_key().info());
/// assert_eq!(certificate.public_key_hash(), hash);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKeyHash([u8; 32]);

/// A text that is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseIdError(());

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid certificate id: expected 64 hexadecimal digits")
    }
}

impl core::error::Error for ParseIdError {}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, bytes);
    // SHA-256 has 32 octets.
    digest.as_ref().try_into().unwrap_or([0; 32])
}

impl CertificateId {
    /// The id of the certificate whose DER this is.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        Self(sha256(der))
    }

    /// An id from its bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first eight bytes as a number: as good as random, unless whoever has the certificates made chose them so.
    pub(crate) fn prefix(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

/// 64 hexadecimal digits of either case, after `0x` or not: `(0x)?[a-fA-F0-9]+` in the service's API.
impl FromStr for CertificateId {
    type Err = ParseIdError;

    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(ParseIdError(()));
        }
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            let nibble = |digit: u8| match digit {
                b'0'..=b'9' => Some(digit & 0x0F),
                b'a'..=b'f' | b'A'..=b'F' => Some((digit & 0x0F).wrapping_add(9)),
                _ => None,
            };
            let (high, low) = nibble(*high).zip(nibble(*low)).ok_or(ParseIdError(()))?;
            *byte = (high << 4) | low;
        }
        Ok(Self(bytes))
    }
}

impl PublicKeyHash {
    /// The hash of a whole `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn of(info: &[u8]) -> Self {
        Self(sha256(info))
    }

    /// A hash from its bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0F)])
        .collect()
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateId({self})")
    }
}

impl fmt::Display for PublicKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for PublicKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKeyHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_the_service_writes_them() {
        let id = CertificateId::of(b"");
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(id.to_string(), text);
        assert_eq!(text.to_uppercase().parse(), Ok(id));
        assert_eq!(format!("0x{text}").parse(), Ok(id));
        for wrong in [
            "",
            "0x",
            &text[1..],
            &format!("{text}0"),
            &text.replace('e', "g"),
        ] {
            assert_eq!(
                wrong.parse::<CertificateId>(),
                Err(ParseIdError(())),
                "{wrong}"
            );
        }
    }
}
