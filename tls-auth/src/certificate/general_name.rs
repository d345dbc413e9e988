use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::name::Name;
use crate::der::{Malformed, Reader, Tag};

/// One `GeneralName` (RFC 5280 §4.2.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GeneralName<'a> {
    /// `otherName [0]`, all of it
    Other(&'a [u8]),
    /// `rfc822Name [1]`
    Email(&'a str),
    /// `dNSName [2]`
    Dns(&'a str),
    /// `directoryName [4]`
    Directory(Name<'a>),
    /// `uniformResourceIdentifier [6]`
    Uri(&'a str),
    /// `iPAddress [7]`: 4 or 16 octets, or twice as many in a constraint
    IpAddress(&'a [u8]),
    /// `registeredID [8]`
    RegisteredId(&'a [u8]),
    /// `x400Address [3]` and `ediPartyName [5]`, which nobody uses
    Unsupported(u8),
}

impl<'a> GeneralName<'a> {
    pub(crate) fn read(reader: &mut Reader<'a>, what: &'static str) -> Result<Self, Malformed> {
        let (tag, value, _) = reader.value(what)?;
        // RFC 5280 §4.2.1.6: `IA5String`, and for some purposes ASCII without control characters.
        let ascii = || match core::str::from_utf8(value) {
            Ok(text) if text.is_ascii() => Ok(text),
            _ => Err(Malformed(what)),
        };
        Ok(match tag.0 {
            0xA0 => Self::Other(value),
            0x81 => Self::Email(ascii()?),
            0x82 => Self::Dns(ascii()?),
            0xA4 => Self::Directory(Reader::all(value, what, |reader| Name::read(reader, what))?),
            0x86 => Self::Uri(ascii()?),
            0x87 => Self::IpAddress(value),
            0x88 => Self::RegisteredId(value),
            0xA3 | 0xA5 => Self::Unsupported(tag.0 & 0x1F),
            _ => return Err(Malformed(what)),
        })
    }

    /// The address, if this is one and not a range.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        let Self::IpAddress(octets) = self else {
            return None;
        };
        match octets.len() {
            4 => <[u8; 4]>::try_from(*octets)
                .ok()
                .map(|octets| Ipv4Addr::from(octets).into()),
            16 => <[u8; 16]>::try_from(*octets)
                .ok()
                .map(|octets| Ipv6Addr::from(octets).into()),
            _ => None,
        }
    }
}

/// The names of an extension in order, every one of which was read once.
///
/// ```
/// use tls_auth::{Certificate, GeneralName};
///
/// let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
/// let certificate = Certificate::parse(pair.cert.der())?;
/// let names: Vec<GeneralName<'_>> = certificate.subject_alternative_names().collect();
/// assert_eq!(names, [GeneralName::Dns("sensor-17.example")]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct GeneralNames<'a> {
    names: Reader<'a>,
}

impl<'a> GeneralNames<'a> {
    /// Over the contents of a sequence that [`GeneralNames::check`] accepted.
    pub(crate) fn new(contents: &'a [u8]) -> Self {
        Self {
            names: Reader::new(contents),
        }
    }

    /// Reads the extension, and returns the contents of its sequence.
    pub(crate) fn check(extension: &'a [u8], what: &'static str) -> Result<&'a [u8], Malformed> {
        let contents = Reader::all(extension, what, |reader| reader.expect(Tag::SEQUENCE, what))?;
        let mut names = Reader::new(contents);
        // RFC 5280 §4.2.1.6: at least one.
        loop {
            GeneralName::read(&mut names, what)?;
            if names.is_empty() {
                return Ok(contents);
            }
        }
    }
}

impl<'a> Iterator for GeneralNames<'a> {
    type Item = GeneralName<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.names.is_empty() {
            return None;
        }
        GeneralName::read(&mut self.names, "a name").ok()
    }
}
