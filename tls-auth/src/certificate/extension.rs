use arrayvec::ArrayVec;

use crate::certificate::GeneralNames;
use crate::der::{Malformed, Reader, Tag};

/// `KeyUsage` (RFC 5280 §4.2.1.3), the first bit as the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usage(u16);

impl Usage {
    pub(crate) const DIGITAL_SIGNATURE: Self = Self(0x8000);
    pub(crate) const KEY_CERT_SIGN: Self = Self(0x0400);
    pub(crate) const CRL_SIGN: Self = Self(0x0200);

    pub(crate) fn has(self, usage: Self) -> bool {
        self.0 & usage.0 != 0
    }
}

/// RFC 5280 §4.2.1.9
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BasicConstraints {
    pub(crate) ca: bool,
    pub(crate) path_len: Option<u8>,
    pub(crate) critical: bool,
}

/// What a certificate says in the extensions that decide something here.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extensions<'a> {
    pub(crate) basic_constraints: Option<BasicConstraints>,
    pub(crate) key_usage: Option<Usage>,
    /// The contents of the sequence of purposes, at least one.
    pub(crate) extended_key_usage: Option<&'a [u8]>,
    pub(crate) subject_alternative_name: Option<&'a [u8]>,
    pub(crate) issuer_alternative_name: Option<&'a [u8]>,
    /// The contents of the sequence, and whether it is critical.
    pub(crate) name_constraints: Option<(&'a [u8], bool)>,
    /// The contents of the sequence.
    pub(crate) crl_distribution_points: Option<&'a [u8]>,
    pub(crate) subject_key_identifier: Option<&'a [u8]>,
    /// The contents of the sequence.
    pub(crate) authority_key_identifier: Option<&'a [u8]>,
    /// Bits of [`Flaw`].
    flaws: u16,
}

/// What RFC 5280 forbids and readers let pass, kept until the profile is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A critical extension that nothing here knows.
    UnknownCritical = 0x01,
    /// The subject's alternative name is not critical.
    AlternativeNameNotCritical = 0x02,
    /// A policy mapping, policy constraint or `inhibitAnyPolicy`: policies that must be processed.
    PolicyProcessing = 0x04,
    /// Authority information access without a description, or not of its form.
    AuthorityInformation = 0x08,
    /// An identifier or information extension that must not be critical and is.
    MustNotBeCritical = 0x10,
    /// `policyConstraints`, which must be critical and is not.
    PolicyConstraintsNotCritical = 0x20,
    /// A subject key identifier that is no octet string.
    KeyIdentifier = 0x40,
}

impl<'a> Extensions<'a> {
    pub(crate) fn has(&self, flaw: Flaw) -> bool {
        self.flaws & flaw as u16 != 0
    }

    fn note(&mut self, flaw: Flaw) {
        self.flaws |= flaw as u16;
    }

    /// Reads the contents of `[3]`.
    pub(crate) fn read(value: &'a [u8]) -> Result<Self, Malformed> {
        const WHAT: &str = "the extensions";
        let mut list = Reader::all(value, WHAT, |reader| reader.sequence(WHAT))?;
        let mut extensions = Self::default();
        let mut seen = Seen::default();
        while !list.is_empty() {
            let mut fields = list.sequence(WHAT)?;
            let oid = fields.expect(Tag::OID, WHAT)?;
            let critical = fields.default_false(WHAT)?;
            let value = fields.expect(Tag::OCTET_STRING, WHAT)?;
            if !fields.is_empty() || !seen.add(oid) {
                return Err(Malformed(WHAT));
            }
            extensions.add(oid, critical, value)?;
        }
        // RFC 5280 §4.1: `SIZE (1..MAX)`.
        if seen.count == 0 {
            return Err(Malformed(WHAT));
        }
        Ok(extensions)
    }

    fn add(&mut self, oid: &'a [u8], critical: bool, value: &'a [u8]) -> Result<(), Malformed> {
        match oid {
            // subjectKeyIdentifier, RFC 5280 §4.2.1.2
            [0x55, 0x1D, 14] => {
                match Reader::all(value, "", |reader| reader.expect(Tag::OCTET_STRING, "")) {
                    Ok(identifier) => self.subject_key_identifier = Some(identifier),
                    Err(_) => self.note(Flaw::KeyIdentifier),
                }
                self.must_not_be_critical(critical);
            }
            // keyUsage, §4.2.1.3
            [0x55, 0x1D, 15] => {
                const WHAT: &str = "the key usage";
                let bits = Reader::all(value, WHAT, |reader| reader.flags(WHAT))?;
                self.key_usage = Some(Usage(bits));
            }
            // subjectAltName, §4.2.1.6
            [0x55, 0x1D, 17] => {
                self.subject_alternative_name = Some(GeneralNames::check(
                    value,
                    "the subject's alternative name",
                )?);
                if !critical {
                    self.note(Flaw::AlternativeNameNotCritical);
                }
            }
            // issuerAltName, §4.2.1.7
            [0x55, 0x1D, 18] => {
                self.issuer_alternative_name =
                    Some(GeneralNames::check(value, "the issuer's alternative name")?);
            }
            // basicConstraints, §4.2.1.9
            [0x55, 0x1D, 19] => {
                self.basic_constraints = Some(BasicConstraints::read(value, critical)?);
            }
            // nameConstraints, §4.2.1.10
            [0x55, 0x1D, 30] => {
                const WHAT: &str = "the name constraints";
                let contents =
                    Reader::all(value, WHAT, |reader| reader.expect(Tag::SEQUENCE, WHAT))?;
                self.name_constraints = Some((contents, critical));
            }
            // cRLDistributionPoints, §4.2.1.13
            [0x55, 0x1D, 31] => {
                const WHAT: &str = "the CRL distribution points";
                let contents =
                    Reader::all(value, WHAT, |reader| reader.expect(Tag::SEQUENCE, WHAT))?;
                self.crl_distribution_points = Some(contents);
            }
            // certificatePolicies, §4.2.1.4: any policy is acceptable, so nothing follows from them
            [0x55, 0x1D, 32] => {}
            // policyMappings, §4.2.1.5, and inhibitAnyPolicy, §4.2.1.14
            [0x55, 0x1D, 33 | 54] if critical => self.note(Flaw::PolicyProcessing),
            // authorityKeyIdentifier, §4.2.1.1
            [0x55, 0x1D, 35] => {
                const WHAT: &str = "the authority key identifier";
                let contents =
                    Reader::all(value, WHAT, |reader| reader.expect(Tag::SEQUENCE, WHAT))?;
                self.authority_key_identifier = Some(contents);
                self.must_not_be_critical(critical);
            }
            // policyConstraints, §4.2.1.11
            [0x55, 0x1D, 36] => self.note(if critical {
                Flaw::PolicyProcessing
            } else {
                Flaw::PolicyConstraintsNotCritical
            }),
            // extKeyUsage, §4.2.1.12
            [0x55, 0x1D, 37] => {
                const WHAT: &str = "the extended key usage";
                let contents =
                    Reader::all(value, WHAT, |reader| reader.expect(Tag::SEQUENCE, WHAT))?;
                let mut purposes = Reader::new(contents);
                loop {
                    purposes.expect(Tag::OID, WHAT)?;
                    if purposes.is_empty() {
                        break;
                    }
                }
                self.extended_key_usage = Some(contents);
            }
            // authorityInfoAccess, §4.2.2.1
            [0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01] => {
                if information_access(value).is_err() {
                    self.note(Flaw::AuthorityInformation);
                }
                self.must_not_be_critical(critical);
            }
            _ if critical => self.note(Flaw::UnknownCritical),
            _ => {}
        }
        Ok(())
    }

    fn must_not_be_critical(&mut self, critical: bool) {
        if critical {
            self.note(Flaw::MustNotBeCritical);
        }
    }

    /// Whether a purpose is allowed: it is listed, or nothing is.
    pub(crate) fn allows(&self, purpose: Purpose) -> bool {
        let Some(purposes) = self.extended_key_usage else {
            return true;
        };
        let mut purposes = Reader::new(purposes);
        core::iter::from_fn(|| purposes.expect(Tag::OID, "").ok()).any(|oid| oid == purpose.oid())
    }

    /// What may be kept of [`Extensions::allows`].
    pub(crate) fn purposes(&self) -> Purposes {
        Purposes {
            client: self.allows(Purpose::ClientAuth),
            server: self.allows(Purpose::ServerAuth),
        }
    }

    /// The `keyIdentifier` of the authority key identifier.
    pub(crate) fn authority_key(&self) -> Option<&'a [u8]> {
        Reader::new(self.authority_key_identifier?)
            .optional(Tag::context(0), "")
            .ok()?
    }
}

/// What a certificate is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    ClientAuth,
    ServerAuth,
}

/// Which uses a certificate allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purposes {
    client: bool,
    server: bool,
}

impl Purposes {
    pub(crate) fn allow(self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::ClientAuth => self.client,
            Purpose::ServerAuth => self.server,
        }
    }
}

impl Purpose {
    /// 1.3.6.1.5.5.7.3.x
    fn oid(self) -> &'static [u8] {
        match self {
            Self::ServerAuth => &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01],
            Self::ClientAuth => &[0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02],
        }
    }
}

impl BasicConstraints {
    fn read(value: &[u8], critical: bool) -> Result<Self, Malformed> {
        const WHAT: &str = "the basic constraints";
        let mut fields = Reader::all(value, WHAT, |reader| reader.sequence(WHAT))?;
        let ca = fields.default_false(WHAT)?;
        let path_len = if fields.is_empty() {
            None
        } else {
            // A longer path than any that is walked here is as good as no limit.
            match fields.integer(WHAT)? {
                [0x80..=0xFF, ..] => return Err(Malformed(WHAT)),
                [value] | [0, value] => Some(*value),
                _ => Some(u8::MAX),
            }
        };
        if fields.is_empty() {
            Ok(Self {
                ca,
                path_len,
                critical,
            })
        } else {
            Err(Malformed(WHAT))
        }
    }
}

fn information_access(value: &[u8]) -> Result<(), Malformed> {
    let mut list = Reader::all(value, "", |reader| reader.sequence(""))?;
    loop {
        let mut description = list.sequence("")?;
        description.expect(Tag::OID, "")?;
        description.value("")?;
        if !description.is_empty() {
            return Err(Malformed(""));
        }
        if list.is_empty() {
            return Ok(());
        }
    }
}

/// Which extensions came already. The usual ones are bits; others are few or the certificate is refused.
#[derive(Default)]
struct Seen<'a> {
    known: u64,
    others: ArrayVec<&'a [u8], MAX_OTHERS>,
    count: usize,
}

/// Certificates in the wild have up to five.
const MAX_OTHERS: usize = 32;

impl<'a> Seen<'a> {
    /// False for the second of a kind (RFC 5280 §4.2), and when there are too many to tell.
    fn add(&mut self, oid: &'a [u8]) -> bool {
        self.count = self.count.saturating_add(1);
        if let [0x55, 0x1D, arc @ 0..=63] = oid {
            let bit = 1_u64.wrapping_shl(u32::from(*arc));
            let first = self.known & bit == 0;
            self.known |= bit;
            return first;
        }
        !self.others.contains(&oid) && self.others.try_push(oid).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_constraints_of_every_form() {
        let read =
            |value: &[u8]| BasicConstraints::read(value, true).map(|read| (read.ca, read.path_len));
        assert_eq!(read(&[0x30, 0]), Ok((false, None)));
        assert_eq!(read(&[0x30, 3, 1, 1, 0xFF]), Ok((true, None)));
        assert_eq!(read(&[0x30, 6, 1, 1, 0xFF, 2, 1, 0]), Ok((true, Some(0))));
        assert_eq!(
            read(&[0x30, 8, 1, 1, 0xFF, 2, 3, 1, 0, 0]),
            Ok((true, Some(255)))
        );
        for value in [
            &[0x30, 3, 1, 1, 1][..],
            &[0x30, 6, 1, 1, 0xFF, 2, 1, 0xFF],
            &[0x30, 5, 1, 1, 0xFF, 5, 0],
            &[],
        ] {
            assert!(read(value).is_err(), "{value:02x?}");
        }
    }

    #[test]
    fn purposes() {
        let mut extensions = Extensions::default();
        assert!(extensions.allows(Purpose::ClientAuth));
        let value = [
            0x30, 0x0A, 0x06, 0x08, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02,
        ];
        extensions.add(&[0x55, 0x1D, 37], false, &value).unwrap();
        assert!(extensions.allows(Purpose::ClientAuth));
        assert!(!extensions.allows(Purpose::ServerAuth));
        assert!(
            extensions
                .add(&[0x55, 0x1D, 37], false, &[0x30, 0])
                .is_err(),
            "no purpose at all"
        );
    }
}
