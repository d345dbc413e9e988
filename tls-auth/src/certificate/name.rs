use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Write as _};

use crate::der::{Malformed, Reader, Tag};
use crate::identity::is_invisible;

/// The kinds of attribute that a name may have and that AWS IoT gives names to, in the order of its documentation.
///
/// ```
/// use tls_auth::AttributeType;
///
/// assert_eq!(AttributeType::CommonName.variable_name(), "CommonName");
/// assert_eq!(AttributeType::State.variable_name(), "State");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttributeType {
    /// `DNQ`, 2.5.4.46
    DistinguishedNameQualifier,
    /// `C`, 2.5.4.6
    Country,
    /// `O`, 2.5.4.10
    Organization,
    /// `OU`, 2.5.4.11
    OrganizationalUnit,
    /// `ST`, 2.5.4.8
    State,
    /// `CN`, 2.5.4.3
    CommonName,
    /// `serialNumber`, 2.5.4.5; not the certificate's
    SerialNumber,
    /// `title`, 2.5.4.12
    Title,
    /// `SN`, 2.5.4.4
    Surname,
    /// `GN`, 2.5.4.42
    GivenName,
    /// `initials`, 2.5.4.43
    Initials,
    /// `pseudonym`, 2.5.4.65
    Pseudonym,
    /// `generationQualifier`, 2.5.4.44
    GenerationQualifier,
}

impl AttributeType {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::DistinguishedNameQualifier,
        Self::Country,
        Self::Organization,
        Self::OrganizationalUnit,
        Self::State,
        Self::CommonName,
        Self::SerialNumber,
        Self::Title,
        Self::Surname,
        Self::GivenName,
        Self::Initials,
        Self::Pseudonym,
        Self::GenerationQualifier,
    ];

    /// Its name in AWS IoT's policy variables.
    #[must_use]
    pub fn variable_name(self) -> &'static str {
        match self {
            Self::DistinguishedNameQualifier => "DistinguishedNameQualifier",
            Self::Country => "Country",
            Self::Organization => "Organization",
            Self::OrganizationalUnit => "OrganizationalUnit",
            Self::State => "State",
            Self::CommonName => "CommonName",
            Self::SerialNumber => "SerialNumber",
            Self::Title => "Title",
            Self::Surname => "Surname",
            Self::GivenName => "GivenName",
            Self::Initials => "Initials",
            Self::Pseudonym => "Pseudonym",
            Self::GenerationQualifier => "GenerationQualifier",
        }
    }

    /// The last arc of 2.5.4.x.
    fn arc(self) -> u8 {
        match self {
            Self::DistinguishedNameQualifier => 46,
            Self::Country => 6,
            Self::Organization => 10,
            Self::OrganizationalUnit => 11,
            Self::State => 8,
            Self::CommonName => 3,
            Self::SerialNumber => 5,
            Self::Title => 12,
            Self::Surname => 4,
            Self::GivenName => 42,
            Self::Initials => 43,
            Self::Pseudonym => 65,
            Self::GenerationQualifier => 44,
        }
    }
}

/// A distinguished name (RFC 5280 §4.1.2.4), equal to another when its bytes are.
///
/// ```
/// use rcgen::{CertificateParams, DnType, KeyPair};
/// use tls_auth::{AttributeType, Certificate};
///
/// let mut params = CertificateParams::default();
/// params.distinguished_name.push(DnType::CommonName, "sensor-17");
/// params.distinguished_name.push(DnType::OrganizationName, "Acme, Inc.");
/// let certificate = params.self_signed(&KeyPair::generate()?)?;
/// let certificate = Certificate::parse(certificate.der())?;
///
/// let subject = certificate.subject();
/// assert_eq!(subject.values(AttributeType::CommonName).next().as_deref(), Some("sensor-17"));
/// assert!(subject.to_string().contains(r"O=Acme\, Inc."));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name<'a> {
    /// The contents of the `RDNSequence`, every part of which was read once.
    contents: &'a [u8],
}

/// One attribute of a name.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    oid: &'a [u8],
    tag: Tag,
    value: &'a [u8],
    /// The set of attributes that it stands in, counted from zero.
    set: usize,
}

impl<'a> Name<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>, what: &'static str) -> Result<Self, Malformed> {
        Self::of_contents(reader.expect(Tag::SEQUENCE, what)?, what)
    }

    pub(crate) fn of_contents(contents: &'a [u8], what: &'static str) -> Result<Self, Malformed> {
        let mut sets = Reader::new(contents);
        while !sets.is_empty() {
            let mut set = Reader::new(sets.expect(Tag::SET, what)?);
            // X.501: a set holds at least one.
            loop {
                read_attribute(&mut set, what)?;
                if set.is_empty() {
                    break;
                }
            }
        }
        Ok(Self { contents })
    }

    /// The contents of the sequence, without its head.
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.contents
    }

    /// Whether it has no attribute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// Its attributes in order.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        let mut sets = Reader::new(self.contents);
        let mut set = Reader::new(&[]);
        let mut index = None;
        // What cannot be read was refused by `read`.
        core::iter::from_fn(move || {
            if set.is_empty() {
                set = Reader::new(sets.expect(Tag::SET, "a name").ok()?);
                index = Some(index.map_or(0, |index: usize| index.saturating_add(1)));
            }
            let (oid, tag, value) = read_attribute(&mut set, "a name").ok()?;
            Some(Attribute {
                oid,
                tag,
                value,
                set: index?,
            })
        })
    }

    /// The values of one kind of attribute in order; a value that is no text is left out.
    pub fn values(&self, attribute: AttributeType) -> impl Iterator<Item = Cow<'a, str>> + use<'a> {
        self.attributes()
            .filter(move |found| found.kind() == Some(attribute))
            .filter_map(|found| found.text())
    }

    /// Whether the first sets of this name are those of `prefix` (RFC 5280 §7.1, as constraints compare names).
    pub(crate) fn is_within(&self, prefix: &Self) -> bool {
        let mut own = self.attributes().peekable();
        for wanted in prefix.attributes() {
            match own.next() {
                Some(found) if found.set == wanted.set && found.is_same(&wanted) => {}
                _ => return false,
            }
        }
        // The last set that was compared must have been compared whole.
        let last = prefix.attributes().last().map(|attribute| attribute.set);
        own.peek().map(|attribute| attribute.set) != last || last.is_none()
    }
}

fn read_attribute<'a>(
    set: &mut Reader<'a>,
    what: &'static str,
) -> Result<(&'a [u8], Tag, &'a [u8]), Malformed> {
    let mut attribute = set.sequence(what)?;
    let oid = attribute.expect(Tag::OID, what)?;
    let (tag, value, _) = attribute.value(what)?;
    if attribute.is_empty() {
        Ok((oid, tag, value))
    } else {
        Err(Malformed(what))
    }
}

impl<'a> Attribute<'a> {
    /// Which kind it is, if AWS IoT has a name for it.
    #[must_use]
    pub fn kind(&self) -> Option<AttributeType> {
        let [0x55, 0x04, arc] = self.oid else {
            return None;
        };
        AttributeType::ALL
            .into_iter()
            .find(|kind| kind.arc() == *arc)
    }

    /// Its value as text, if it is of a string type and its bytes are of that type.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'a, str>> {
        match self.tag.0 {
            // UTF8String
            0x0C => core::str::from_utf8(self.value).ok().map(Cow::Borrowed),
            // NumericString, PrintableString, IA5String, VisibleString
            0x12 | 0x13 | 0x16 | 0x1A => {
                let text = core::str::from_utf8(self.value).ok()?;
                text.is_ascii().then_some(Cow::Borrowed(text))
            }
            // TeletexString, which everyone reads as Latin-1
            0x14 => Some(if self.value.is_ascii() {
                Cow::Borrowed(core::str::from_utf8(self.value).ok()?)
            } else {
                Cow::Owned(self.value.iter().map(|byte| char::from(*byte)).collect())
            }),
            // BMPString
            0x1E => {
                let (units, rest) = self.value.as_chunks::<2>();
                let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
                let text: Result<String, _> = char::decode_utf16(units).collect();
                (rest.is_empty()).then_some(Cow::Owned(text.ok()?))
            }
            // UniversalString
            0x1C => {
                let (units, rest) = self.value.as_chunks::<4>();
                let text: Option<String> = units
                    .iter()
                    .map(|unit| char::from_u32(u32::from_be_bytes(*unit)))
                    .collect();
                rest.is_empty().then_some(Cow::Owned(text?))
            }
            _ => None,
        }
    }

    /// Whether its value is of a string type.
    pub(crate) fn is_string(&self) -> bool {
        matches!(
            self.tag.0,
            0x0C | 0x12 | 0x13 | 0x14 | 0x16 | 0x1A | 0x1C | 0x1E
        )
    }

    /// `emailAddress`, 1.2.840.113549.1.9.1
    pub(crate) fn is_email_address(&self) -> bool {
        self.oid == [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01]
    }

    /// RFC 5280 §7.1 without Unicode normalization: text without regard to case and to runs of spaces, anything else by its
    /// bytes.
    fn is_same(&self, other: &Self) -> bool {
        if self.oid != other.oid {
            return false;
        }
        match (self.text(), other.text()) {
            (Some(one), Some(two)) => folded(&one).eq(folded(&two)),
            (None, None) => self.tag == other.tag && self.value == other.value,
            _ => false,
        }
    }

    fn label(&self) -> Option<&'static str> {
        Some(match self.oid {
            [0x55, 0x04, 3] => "CN",
            [0x55, 0x04, 4] => "SN",
            [0x55, 0x04, 5] => "serialNumber",
            [0x55, 0x04, 6] => "C",
            [0x55, 0x04, 7] => "L",
            [0x55, 0x04, 8] => "ST",
            [0x55, 0x04, 10] => "O",
            [0x55, 0x04, 11] => "OU",
            [0x55, 0x04, 12] => "title",
            [0x55, 0x04, 42] => "GN",
            [0x55, 0x04, 43] => "initials",
            [0x55, 0x04, 44] => "generationQualifier",
            [0x55, 0x04, 46] => "dnQualifier",
            [0x55, 0x04, 65] => "pseudonym",
            _ => return None,
        })
    }
}

fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut pending = false;
    let mut started = false;
    text.trim_matches(' ').chars().flat_map(move |letter| {
        let space = letter == ' ';
        let before = !space && pending && started;
        pending = space;
        started |= !space;
        let letters = (!space).then(|| letter.to_lowercase());
        before
            .then_some(' ')
            .into_iter()
            .chain(letters.into_iter().flatten())
    })
}

/// In the order of the certificate, on one line: what would break out of it is escaped.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("(no name)");
        }
        let mut before: Option<usize> = None;
        for attribute in self.attributes() {
            match before {
                None => {}
                Some(set) if set == attribute.set => f.write_str("+")?,
                Some(_) => f.write_str(", ")?,
            }
            before = Some(attribute.set);
            match attribute.label() {
                Some(label) => f.write_str(label)?,
                None => write_oid(f, attribute.oid)?,
            }
            f.write_str("=")?;
            match attribute.text() {
                Some(text) => {
                    for letter in text.chars() {
                        match letter {
                            ',' | '+' | '"' | '\\' | '<' | '>' | ';' => write!(f, "\\{letter}")?,
                            _ if is_invisible(letter) => write!(f, "{}", letter.escape_unicode())?,
                            _ => f.write_char(letter)?,
                        }
                    }
                }
                None => {
                    f.write_str("#")?;
                    for byte in attribute.value {
                        write!(f, "{byte:02x}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

fn write_oid(f: &mut fmt::Formatter<'_>, oid: &[u8]) -> fmt::Result {
    let mut arc: u64 = 0;
    let mut first = true;
    for byte in oid {
        arc = arc.wrapping_shl(7) | u64::from(byte & 0x7F);
        if byte & 0x80 != 0 {
            continue;
        }
        if first {
            let root = (arc / 40).min(2);
            write!(f, "{root}.{}", arc.saturating_sub(root.saturating_mul(40)))?;
        } else {
            write!(f, ".{arc}")?;
        }
        first = false;
        arc = 0;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets of (last arc, tag, value).
    fn name(sets: &[&[(u8, u8, &[u8])]]) -> Vec<u8> {
        let wrap = |tag: u8, value: Vec<u8>| {
            [vec![tag, u8::try_from(value.len()).unwrap()], value].concat()
        };
        sets.iter()
            .flat_map(|set| {
                let attributes = set.iter().flat_map(|(arc, tag, value)| {
                    let oid = wrap(0x06, vec![0x55, 0x04, *arc]);
                    wrap(0x30, [oid, wrap(*tag, value.to_vec())].concat())
                });
                wrap(0x31, attributes.collect())
            })
            .collect()
    }

    fn within(name: &[u8], prefix: &[u8]) -> bool {
        let read = |bytes| Name::of_contents(bytes, "name").unwrap();
        Name::is_within(&read(name), &read(prefix))
    }

    #[test]
    fn a_name_within_another() {
        let acme = name(&[&[(10, 0x13, b"Acme")]]);
        let device = name(&[&[(10, 0x0C, b" ACME ")], &[(3, 0x0C, b"sensor")]]);
        let pair = name(&[&[(10, 0x13, b"Acme"), (11, 0x13, b"x")]]);
        assert!(within(&device, &acme));
        assert!(within(&acme, &acme));
        assert!(within(&acme, &[]));
        assert!(within(&[], &[]));
        assert!(!within(&acme, &device));
        assert!(!within(&pair, &acme), "half a set");
        assert!(!within(&name(&[&[(10, 0x13, b"Ac me")]]), &acme));
        assert!(!within(&name(&[&[(11, 0x13, b"Acme")]]), &acme));
        let capitals = name(&[&[(10, 0x0C, "\u{c9}VIL  Corp".as_bytes())]]);
        let small = name(&[&[(10, 0x0C, "\u{e9}vil corp".as_bytes())]]);
        assert!(within(&small, &capitals) && within(&capitals, &small));
    }

    #[test]
    fn text_of_every_string_type() {
        let text = |tag: u8, value: &[u8]| {
            let bytes = name(&[&[(3, tag, value)]]);
            let name = Name::of_contents(&bytes, "name").unwrap();
            name.attributes()
                .next()
                .unwrap()
                .text()
                .map(Cow::into_owned)
        };
        assert_eq!(text(0x0C, "é".as_bytes()).as_deref(), Some("é"));
        assert_eq!(text(0x14, &[0xE9]).as_deref(), Some("é"));
        assert_eq!(text(0x1E, &[0, 0xE9]).as_deref(), Some("é"));
        assert_eq!(text(0x1C, &[0, 0, 0, 0xE9]).as_deref(), Some("é"));
        for (tag, value) in [
            (0x0C, &[0xE9][..]),
            (0x13, &[0xE9]),
            (0x1E, &[0, 0xE9, 0]),
            (0x1E, &[0xD8, 0]),
            (0x1C, &[0, 0x11, 0, 0]),
            (0x02, &[1]),
        ] {
            assert_eq!(text(tag, value), None, "{tag:02x}");
        }
    }

    #[test]
    fn names_are_printed_on_one_line() {
        let bytes = name(&[
            &[(3, 0x0C, b"a\n,b"), (11, 0x02, &[0xFF])],
            &[(99, 0x0C, "c\u{202E}".as_bytes())],
        ]);
        let name = Name::of_contents(&bytes, "name").unwrap();
        assert_eq!(name.to_string(), r"CN=a\u{a}\,b+OU=#ff, 2.5.4.99=c\u{202e}");
        assert!(
            Name::of_contents(&[0x31, 0x00], "name").is_err(),
            "an empty set"
        );
    }
}
