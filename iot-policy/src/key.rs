//! The names that policies have for what is known of a connection: condition keys, and variables.

use alloc::boxed::Box;
use core::fmt;

/// What a key or variable stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    ClientId,
    SourceIp,
    DomainName,
    SourceVpc,
    SourceVpce,
    VpcSourceIp,
    CurrentTime,
    EpochTime,
    CertificateId,
    SerialNumber,
    AvailableKeys,
    Name(Party, NameAttribute, Pick),
    AlternativeName(Party, AlternativeName, Pick),
    ThingName,
    ThingTypeName,
    ThingAttribute(Box<str>),
    IsAttached,
    ConnectAttributes,
    LastWillTopic,
    CognitoSub,
    CognitoAud,
    CognitoAmr,
    /// Of another service, or of AWS as a whole: AWS IoT never sets it.
    Foreign(Box<str>),
}

/// Whose name in a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Party {
    Issuer,
    Subject,
}

impl Party {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Issuer => "Issuer",
            Self::Subject => "Subject",
        }
    }
}

/// Which of several values: the bare name is the first, `.1` the second (the index counts from 0), `.List` all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pick {
    One(usize),
    List,
}

macro_rules! names {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
        #[non_exhaustive]
        pub enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            /// Every one, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in policies.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The one of this name, in any case.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name().eq_ignore_ascii_case(name))
            }
        }
    };
}

names! {
    /// An attribute of a distinguished name that policies can ask for.
    ///
    /// Source: AWS IoT developer guide, "X.509 Certificate AWS IoT Core policy variables".
    ///
    /// ```
    /// use iot_policy::NameAttribute;
    ///
    /// assert_eq!(NameAttribute::from_name("CommonName"), Some(NameAttribute::CommonName));
    /// ```
    NameAttribute {
        /// `DistinguishedNameQualifier`
        DistinguishedNameQualifier = "DistinguishedNameQualifier",
        /// `Country`
        Country = "Country",
        /// `Organization`
        Organization = "Organization",
        /// `OrganizationalUnit`
        OrganizationalUnit = "OrganizationalUnit",
        /// `State`
        State = "State",
        /// `CommonName`
        CommonName = "CommonName",
        /// `SerialNumber`
        SerialNumber = "SerialNumber",
        /// `Title`
        Title = "Title",
        /// `Surname`
        Surname = "Surname",
        /// `GivenName`
        GivenName = "GivenName",
        /// `Initials`
        Initials = "Initials",
        /// `Pseudonym`
        Pseudonym = "Pseudonym",
        /// `GenerationQualifier`
        GenerationQualifier = "GenerationQualifier",
    }
}

names! {
    /// A kind of alternative name that policies can ask for.
    ///
    /// Source: AWS IoT developer guide, "X.509 Certificate AWS IoT Core policy variables".
    ///
    /// ```
    /// use iot_policy::AlternativeName;
    ///
    /// assert_eq!(AlternativeName::DnsName.name(), "DNSName");
    /// ```
    AlternativeName {
        /// `RFC822Name`, a mail address
        #[cfg_attr(feature = "serde", serde(rename = "RFC822Name"))]
        Rfc822Name = "RFC822Name",
        /// `DNSName`
        #[cfg_attr(feature = "serde", serde(rename = "DNSName"))]
        DnsName = "DNSName",
        /// `DirectoryName`
        DirectoryName = "DirectoryName",
        /// `UniformResourceIdentifier`
        UniformResourceIdentifier = "UniformResourceIdentifier",
        /// `IPAddress`
        #[cfg_attr(feature = "serde", serde(rename = "IPAddress"))]
        IpAddress = "IPAddress",
    }
}

/// The keys without parameters.
const PLAIN: &[(&str, Key)] = &[
    ("iot:ClientId", Key::ClientId),
    ("aws:SourceIp", Key::SourceIp),
    ("iot:DomainName", Key::DomainName),
    ("aws:SourceVpc", Key::SourceVpc),
    ("aws:SourceVpce", Key::SourceVpce),
    ("aws:VpcSourceIp", Key::VpcSourceIp),
    ("aws:CurrentTime", Key::CurrentTime),
    ("aws:EpochTime", Key::EpochTime),
    ("iot:CertificateId", Key::CertificateId),
    ("iot:Certificate.SerialNumber", Key::SerialNumber),
    ("iot:Certificate.AvailableKeys", Key::AvailableKeys),
    ("iot:Connection.Thing.ThingName", Key::ThingName),
    ("iot:Connection.Thing.ThingTypeName", Key::ThingTypeName),
    ("iot:Connection.Thing.IsAttached", Key::IsAttached),
    ("iot:ConnectAttributes", Key::ConnectAttributes),
    ("iot:LastWillTopic", Key::LastWillTopic),
    ("cognito-identity.amazonaws.com:sub", Key::CognitoSub),
    ("cognito-identity.amazonaws.com:aud", Key::CognitoAud),
    ("cognito-identity.amazonaws.com:amr", Key::CognitoAmr),
];

/// What `iot:SourceIp` is called.
pub(crate) const SOURCE_IP: &str = "aws:SourceIp";

impl Key {
    /// Reads a name; nothing for a name in `iot:` that AWS IoT does not have. Names are not case-sensitive, but for
    /// the attribute in `iot:Connection.Thing.Attributes[name]`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Some((_, key)) = PLAIN
            .iter()
            .find(|(plain, _)| plain.eq_ignore_ascii_case(name))
        {
            return Some(key.clone());
        }
        if Self::is_alias(name) {
            return Some(Self::SourceIp);
        }
        if let Some(rest) = strip(name, "iot:Connection.Thing.Attributes[") {
            let attribute = rest.strip_suffix(']')?;
            let valid = !attribute.is_empty() && !attribute.contains(['[', ']']);
            return valid.then(|| Self::ThingAttribute(attribute.into()));
        }
        if let Some(rest) = strip(name, "iot:Certificate.") {
            return Self::of_certificate(rest);
        }
        let (service, rest) = name.split_once(':')?;
        let foreign =
            !service.is_empty() && !rest.is_empty() && !service.eq_ignore_ascii_case("iot");
        foreign.then(|| Self::Foreign(name.into()))
    }

    /// The key, with a foreign name in the case that all spellings of it share.
    pub(crate) fn folded(&self) -> Self {
        match self {
            Self::Foreign(name) => Self::Foreign(name.to_ascii_lowercase().into()),
            Self::ClientId
            | Self::SourceIp
            | Self::DomainName
            | Self::SourceVpc
            | Self::SourceVpce
            | Self::VpcSourceIp
            | Self::CurrentTime
            | Self::EpochTime
            | Self::CertificateId
            | Self::SerialNumber
            | Self::AvailableKeys
            | Self::Name(..)
            | Self::AlternativeName(..)
            | Self::ThingName
            | Self::ThingTypeName
            | Self::ThingAttribute(_)
            | Self::IsAttached
            | Self::ConnectAttributes
            | Self::LastWillTopic
            | Self::CognitoSub
            | Self::CognitoAud
            | Self::CognitoAmr => self.clone(),
        }
    }

    /// Whether this name is another one for `aws:SourceIp`.
    pub(crate) fn is_alias(name: &str) -> bool {
        name.eq_ignore_ascii_case("iot:SourceIp")
    }

    fn of_certificate(rest: &str) -> Option<Self> {
        let mut parts = rest.split('.');
        let word = parts.next()?;
        let party = [Party::Issuer, Party::Subject]
            .into_iter()
            .find(|party| party.name().eq_ignore_ascii_case(word))?;
        let word = parts.next()?;
        let alternative = word.eq_ignore_ascii_case("AlternativeName");
        let word = if alternative { parts.next()? } else { word };
        let pick = match (parts.next(), parts.next()) {
            (None, _) => Pick::One(0),
            (Some(word), None) if word.eq_ignore_ascii_case("List") => Pick::List,
            (Some(word), None) if word.bytes().all(|byte| byte.is_ascii_digit()) => {
                Pick::One(word.parse().ok()?)
            }
            (Some(_), _) => return None,
        };
        if alternative {
            AlternativeName::from_name(word).map(|kind| Self::AlternativeName(party, kind, pick))
        } else {
            NameAttribute::from_name(word).map(|attribute| Self::Name(party, attribute, pick))
        }
    }

    /// Whether the key can have several values.
    pub(crate) fn is_list(&self) -> bool {
        match self {
            Self::Name(_, _, pick) | Self::AlternativeName(_, _, pick) => *pick == Pick::List,
            Self::AvailableKeys | Self::ConnectAttributes | Self::CognitoAmr => true,
            Self::ClientId
            | Self::SourceIp
            | Self::DomainName
            | Self::SourceVpc
            | Self::SourceVpce
            | Self::VpcSourceIp
            | Self::CurrentTime
            | Self::EpochTime
            | Self::CertificateId
            | Self::SerialNumber
            | Self::ThingName
            | Self::ThingTypeName
            | Self::ThingAttribute(_)
            | Self::IsAttached
            | Self::LastWillTopic
            | Self::CognitoSub
            | Self::CognitoAud
            | Self::Foreign(_) => false,
        }
    }

    /// Whether it never has one value that could stand in a text.
    pub(crate) fn is_never_resolved(&self) -> bool {
        match self {
            Self::Name(_, _, pick) | Self::AlternativeName(_, _, pick) => match pick {
                Pick::One(index) => *index >= crate::context::MAX_VALUES,
                Pick::List => true,
            },
            Self::AvailableKeys
            | Self::ConnectAttributes
            | Self::CognitoAmr
            | Self::CurrentTime
            | Self::EpochTime
            | Self::Foreign(_) => true,
            Self::ClientId
            | Self::SourceIp
            | Self::DomainName
            | Self::SourceVpc
            | Self::SourceVpce
            | Self::VpcSourceIp
            | Self::CertificateId
            | Self::SerialNumber
            | Self::ThingName
            | Self::ThingTypeName
            | Self::ThingAttribute(_)
            | Self::IsAttached
            | Self::LastWillTopic
            | Self::CognitoSub
            | Self::CognitoAud => false,
        }
    }

    /// Whether its value is of the request and not of the connection.
    pub(crate) fn is_time(&self) -> bool {
        match self {
            Self::CurrentTime | Self::EpochTime => true,
            Self::ClientId
            | Self::SourceIp
            | Self::DomainName
            | Self::SourceVpc
            | Self::SourceVpce
            | Self::VpcSourceIp
            | Self::CertificateId
            | Self::SerialNumber
            | Self::AvailableKeys
            | Self::Name(..)
            | Self::AlternativeName(..)
            | Self::ThingName
            | Self::ThingTypeName
            | Self::ThingAttribute(_)
            | Self::IsAttached
            | Self::ConnectAttributes
            | Self::LastWillTopic
            | Self::CognitoSub
            | Self::CognitoAud
            | Self::CognitoAmr
            | Self::Foreign(_) => false,
        }
    }
}

/// `name` without `prefix`, which is not case-sensitive.
fn strip<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = name.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// The name as the documentation spells it.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ThingAttribute(name) => write!(f, "iot:Connection.Thing.Attributes[{name}]"),
            Self::Foreign(name) => f.write_str(name),
            Self::Name(party, attribute, pick) => {
                write!(
                    f,
                    "iot:Certificate.{}.{}{pick}",
                    party.name(),
                    attribute.name()
                )
            }
            Self::AlternativeName(party, kind, pick) => write!(
                f,
                "iot:Certificate.{}.AlternativeName.{}{pick}",
                party.name(),
                kind.name()
            ),
            Self::ClientId
            | Self::SourceIp
            | Self::DomainName
            | Self::SourceVpc
            | Self::SourceVpce
            | Self::VpcSourceIp
            | Self::CurrentTime
            | Self::EpochTime
            | Self::CertificateId
            | Self::SerialNumber
            | Self::AvailableKeys
            | Self::ThingName
            | Self::ThingTypeName
            | Self::IsAttached
            | Self::ConnectAttributes
            | Self::LastWillTopic
            | Self::CognitoSub
            | Self::CognitoAud
            | Self::CognitoAmr => {
                let name = PLAIN.iter().find(|(_, key)| key == self);
                f.write_str(name.map_or("", |(name, _)| name))
            }
        }
    }
}

impl fmt::Display for Pick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(0) => Ok(()),
            Self::One(index) => write!(f, ".{index}"),
            Self::List => f.write_str(".List"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn names_of_the_documentation() {
        for (name, _) in PLAIN {
            assert_eq!(Key::parse(name).unwrap().to_string(), *name);
            assert_eq!(Key::parse(&name.to_uppercase()).unwrap().to_string(), *name);
        }
        for name in [
            "iot:Certificate.Subject.CommonName",
            "iot:Certificate.Issuer.Country.4",
            "iot:Certificate.Subject.AlternativeName.DNSName.List",
            "iot:Connection.Thing.Attributes[Room-1]",
            "aws:PrincipalTag/team",
        ] {
            assert_eq!(Key::parse(name).unwrap().to_string(), name);
        }
        let first = Key::parse("iot:Certificate.Subject.CommonName.0");
        assert_eq!(first, Key::parse("iot:certificate.subject.commonname"));
    }

    #[test]
    fn names_that_are_none() {
        for name in [
            "",
            "ClientId",
            "iot:",
            ":x",
            "iot:Client",
            "iot:Certificate.Subject",
            "iot:Certificate.Owner.CommonName",
            "iot:Certificate.Subject.CommonName.+1",
            "iot:Certificate.Subject.CommonName.1.2",
            "iot:Certificate.Subject.AlternativeName",
            "iot:Connection.Thing.Attributes[]",
            "iot:Connection.Thing.Attributes[a",
            "iot:Connection.Thing.Attributes[a]]",
        ] {
            assert_eq!(Key::parse(name), None, "{name}");
        }
    }
}
