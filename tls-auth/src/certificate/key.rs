use crate::der::{Malformed, Reader, Tag};

/// 1.2.840.113549.1.1.1
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
/// 1.2.840.10045.2.1
const EC: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
/// 1.3.101.112
const ED25519: &[u8] = &[0x2B, 0x65, 0x70];
/// 1.2.840.10045.3.1.7
const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
/// 1.3.132.0.34
const P384: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x22];
/// 1.3.132.0.35
const P521: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x23];

/// A named curve of NIST.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Curve {
    /// `secp256r1`
    P256,
    /// `secp384r1`
    P384,
    /// `secp521r1`
    P521,
}

/// What kind of key a certificate is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublicKeyKind {
    /// An RSA key.
    Rsa {
        /// The length of the modulus.
        modulus_bits: usize,
        /// The public exponent, or the largest number where it is larger.
        exponent: u64,
    },
    /// A key on a named curve.
    Ec(Curve),
    /// An Ed25519 key.
    Ed25519,
    /// Any other algorithm, curve, or way to write one.
    Other,
}

/// A `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7).
///
/// ```
/// use tls_auth::{Certificate, Curve, PublicKeyKind};
///
/// let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
/// let certificate = Certificate::parse(pair.cert.der())?;
/// assert_eq!(certificate.public_key().kind(), PublicKeyKind::Ec(Curve::P256));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PublicKey<'a> {
    info: &'a [u8],
    algorithm: &'a [u8],
    key: &'a [u8],
    kind: PublicKeyKind,
}

impl<'a> PublicKey<'a> {
    pub(crate) fn read(info: &'a [u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "the public key";
        let mut fields = Reader::new(info).sequence(WHAT)?;
        let algorithm = fields.expect(Tag::SEQUENCE, WHAT)?;
        let key = fields.bit_string(WHAT)?;
        if !fields.is_empty() {
            return Err(Malformed(WHAT));
        }
        let mut parts = Reader::new(algorithm);
        // RFC 5480 §2.2: both coordinates. Compressed points are allowed by few, and by no provider here.
        let point = |octets: usize| key.first() == Some(&0x04) && key.len() == octets;
        let kind = match parts.expect(Tag::OID, WHAT)? {
            RSA => rsa(key)?,
            EC => match parts.peek() {
                Some(Tag::OID) => match parts.expect(Tag::OID, WHAT)? {
                    P256 if point(65) => PublicKeyKind::Ec(Curve::P256),
                    P384 if point(97) => PublicKeyKind::Ec(Curve::P384),
                    P521 if point(133) => PublicKeyKind::Ec(Curve::P521),
                    _ => PublicKeyKind::Other,
                },
                // Parameters spelled out: CVE-2020-0601.
                _ => PublicKeyKind::Other,
            },
            ED25519 if key.len() == 32 => PublicKeyKind::Ed25519,
            _ => PublicKeyKind::Other,
        };
        Ok(Self {
            info,
            algorithm,
            key,
            kind,
        })
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> PublicKeyKind {
        self.kind
    }

    /// The whole `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn info(&self) -> &'a [u8] {
        self.info
    }

    /// The contents of the `AlgorithmIdentifier`.
    pub(crate) fn algorithm(&self) -> &'a [u8] {
        self.algorithm
    }

    /// The octets of the key itself.
    pub(crate) fn key(&self) -> &'a [u8] {
        self.key
    }
}

/// RFC 3279 §2.3.1
fn rsa(key: &[u8]) -> Result<PublicKeyKind, Malformed> {
    const WHAT: &str = "the RSA key";
    let (modulus, exponent) = Reader::all(key, WHAT, |reader| {
        let mut fields = reader.sequence(WHAT)?;
        let numbers = (fields.integer(WHAT)?, fields.integer(WHAT)?);
        if fields.is_empty() {
            Ok(numbers)
        } else {
            Err(Malformed(WHAT))
        }
    })?;
    Ok(PublicKeyKind::Rsa {
        modulus_bits: bits(modulus).ok_or(Malformed(WHAT))?,
        exponent: positive(exponent).ok_or(Malformed(WHAT))?,
    })
}

fn magnitude(octets: &[u8]) -> Option<&[u8]> {
    match octets {
        [0, rest @ ..] => Some(rest),
        // Negative.
        [0x80..=0xFF, ..] => None,
        _ => Some(octets),
    }
}

fn bits(octets: &[u8]) -> Option<usize> {
    let octets = magnitude(octets)?;
    let leading = octets.first().map_or(0, |first| first.leading_zeros());
    octets
        .len()
        .checked_mul(8)?
        .checked_sub(usize::try_from(leading).ok()?)
}

fn positive(octets: &[u8]) -> Option<u64> {
    let octets = magnitude(octets)?;
    if octets.len() > 8 {
        return Some(u64::MAX);
    }
    Some(octets.iter().fold(0, |number: u64, octet| {
        number.wrapping_shl(8) | u64::from(*octet)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_rsa_keys() {
        assert_eq!(bits(&[0x00, 0x80, 0, 0]), Some(24));
        assert_eq!(bits(&[0x01]), Some(1));
        assert_eq!(bits(&[0xFF]), None);
        assert_eq!(positive(&[0x01, 0x00, 0x01]), Some(65_537));
        assert_eq!(positive(&[0x01, 0, 0, 0, 0, 0, 0, 0, 0]), Some(u64::MAX));
    }
}
