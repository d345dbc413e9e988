//! A certificate as it stands in its DER, borrowed.

mod extension;
mod general_name;
mod key;
mod name;
mod validity;

pub(crate) use extension::{BasicConstraints, Extensions, Flaw, Purpose, Purposes, Usage};
pub use general_name::{GeneralName, GeneralNames};
pub use key::{Curve, PublicKey, PublicKeyKind};
pub use name::{Attribute, AttributeType, Name};
pub use validity::Validity;
pub(crate) use validity::seconds;

use crate::der::{Malformed, Reader, Tag};
use crate::error::{Refusal, RefusalKind};
use crate::id::{CertificateId, PublicKeyHash};

/// An X.509 certificate, read once and borrowed from its DER.
///
/// Reading checks the form (RFC 5280 §4.1), not whether anyone should trust it. Every extension that decides something is
/// read, an unknown one is kept in mind when it is critical, and one that occurs twice is refused.
///
/// ```
/// use tls_auth::Certificate;
///
/// let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
/// let certificate = Certificate::parse(pair.cert.der())?;
/// assert_eq!(certificate.subject().to_string(), "CN=rcgen self signed cert");
/// assert_eq!(certificate.id().to_string().len(), 64);
/// assert!(Certificate::parse(b"no certificate").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Certificate<'a> {
    der: &'a [u8],
    signed: Signed<'a>,
    version: u8,
    serial: &'a [u8],
    issuer: Name<'a>,
    validity: Validity,
    subject: Name<'a>,
    public_key: PublicKey<'a>,
    extensions: Extensions<'a>,
}

/// What is signed, by which algorithm, and the signature: the outer form that certificates and CRLs share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed<'a> {
    /// The DER of what is signed.
    pub(crate) data: &'a [u8],
    /// The contents of the `AlgorithmIdentifier`.
    pub(crate) algorithm: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Reads all of `der` as `SEQUENCE { toBeSigned, AlgorithmIdentifier, BIT STRING }`.
    pub(crate) fn read(der: &'a [u8], what: &'static str) -> Result<Self, Malformed> {
        let outer = Reader::all(der, what, |reader| reader.sequence(what))?;
        let mut outer = outer;
        let signed = Self {
            data: outer.expect_whole(Tag::SEQUENCE, what)?,
            algorithm: outer.expect(Tag::SEQUENCE, "the signature algorithm")?,
            signature: outer.bit_string("the signature")?,
        };
        if outer.is_empty() {
            Ok(signed)
        } else {
            Err(Malformed(what))
        }
    }

    /// The values inside what is signed.
    pub(crate) fn fields(&self, what: &'static str) -> Result<Reader<'a>, Malformed> {
        Reader::new(self.data).sequence(what)
    }
}

impl<'a> Certificate<'a> {
    /// Reads a certificate from all of `der`.
    ///
    /// # Errors
    /// [`RefusalKind::Malformed`], which names the part that is not as RFC 5280 §4.1 describes it.
    pub fn parse(der: &'a [u8]) -> Result<Self, Refusal> {
        Self::read(der).map_err(|Malformed(what)| Refusal::malformed(what))
    }

    pub(crate) fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "the certificate";
        let signed = Signed::read(der, WHAT)?;
        let mut fields = signed.fields(WHAT)?;
        let version = match fields.optional(Tag::constructed(0), "the version")? {
            None => 1,
            Some(value) => {
                match Reader::all(value, "the version", |reader| reader.small("the version"))? {
                    number @ 0..=2 => number.saturating_add(1),
                    _ => return Err(Malformed("the version")),
                }
            }
        };
        let serial = fields.integer("the serial number")?;
        // RFC 5280 §4.1.1.2: both say the same.
        if fields.expect(Tag::SEQUENCE, "the signature algorithm")? != signed.algorithm {
            return Err(Malformed(
                "the signature algorithm, which is given twice and differs",
            ));
        }
        let issuer = Name::read(&mut fields, "the issuer")?;
        let validity = Validity::read(&mut fields)?;
        let subject = Name::read(&mut fields, "the subject")?;
        let public_key = PublicKey::read(fields.expect_whole(Tag::SEQUENCE, "the public key")?)?;
        // RFC 5280 §4.1.2.8: unique identifiers, which nobody uses.
        let _ = fields.optional(Tag::context(1), "the issuer's unique identifier")?;
        let _ = fields.optional(Tag::context(2), "the subject's unique identifier")?;
        let extensions = match fields.optional(Tag::constructed(3), "the extensions")? {
            Some(value) if version == 3 => Extensions::read(value)?,
            Some(_) => return Err(Malformed("the extensions, which only version 3 has")),
            None => Extensions::default(),
        };
        if !fields.is_empty() {
            return Err(Malformed(WHAT));
        }
        Ok(Self {
            der,
            signed,
            version,
            serial,
            issuer,
            validity,
            subject,
            public_key,
            extensions,
        })
    }

    /// The whole certificate.
    #[must_use]
    pub fn der(&self) -> &'a [u8] {
        self.der
    }

    /// The id that AWS IoT knows it by.
    #[must_use]
    pub fn id(&self) -> CertificateId {
        CertificateId::of(self.der)
    }

    /// The hash of its `SubjectPublicKeyInfo`, by which keys are pinned.
    #[must_use]
    pub fn public_key_hash(&self) -> PublicKeyHash {
        PublicKeyHash::of(self.public_key.info())
    }

    /// 1, 2 or 3.
    #[must_use]
    pub fn version(&self) -> u8 {
        self.version
    }

    /// The octets of the serial number as they stand, in two's complement.
    #[must_use]
    pub fn serial_number(&self) -> &'a [u8] {
        self.serial
    }

    /// Whose key signed it, by name.
    #[must_use]
    pub fn issuer(&self) -> Name<'a> {
        self.issuer
    }

    /// Whose key it certifies, by name.
    #[must_use]
    pub fn subject(&self) -> Name<'a> {
        self.subject
    }

    /// From when to when it is valid.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The key it certifies.
    #[must_use]
    pub fn public_key(&self) -> PublicKey<'a> {
        self.public_key
    }

    /// The alternative names of the subject, in order; none when the extension is absent.
    #[must_use]
    pub fn subject_alternative_names(&self) -> GeneralNames<'a> {
        GeneralNames::new(self.extensions.subject_alternative_name.unwrap_or(&[]))
    }

    /// The alternative names of the issuer, in order; none when the extension is absent.
    #[must_use]
    pub fn issuer_alternative_names(&self) -> GeneralNames<'a> {
        GeneralNames::new(self.extensions.issuer_alternative_name.unwrap_or(&[]))
    }

    /// Whether issuer and subject are one name, byte for byte.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Whether it says that it is a CA's (`cA` of the basic constraints).
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.extensions
            .basic_constraints
            .is_some_and(|constraints| constraints.ca)
    }

    pub(crate) fn extensions(&self) -> &Extensions<'a> {
        &self.extensions
    }

    pub(crate) fn signed(&self) -> Signed<'a> {
        self.signed
    }
}

impl Refusal {
    pub(crate) fn malformed(what: &'static str) -> Self {
        Self::new(RefusalKind::Malformed).because(what)
    }
}
