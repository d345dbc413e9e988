use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::certificate::{AttributeType, Certificate, GeneralName, GeneralNames};

/// The service looks at no more values than this of one kind.
const MAX_VALUES: usize = 5;
/// Longer values are not substituted.
const MAX_CHARS: usize = 1024;

/// What one of the service's policy variables stands for in a certificate.
///
/// A value that the service does not substitute (longer than 1,024 characters, or with one of `* $ + ? #`) is as if it were
/// absent; the backslash stands before `, " \ + = < > ;` in a value that it does.
///
/// ```
/// use rcgen::{CertificateParams, DnType, KeyPair};
/// use tls_auth::{Certificate, Variable};
///
/// let mut params = CertificateParams::new(["a.example".to_owned(), "b.example".to_owned()])?;
/// params.distinguished_name.push(DnType::OrganizationName, "Acme, Inc.");
/// let certificate = params.self_signed(&KeyPair::generate()?)?;
/// let certificate = Certificate::parse(certificate.der())?;
/// let variable = |name: &str| Variable::of(&certificate, name);
///
/// assert_eq!(variable("iot:Certificate.Subject.Organization"), Variable::Value(r"Acme\, Inc.".to_owned()));
/// let names = "iot:Certificate.Subject.AlternativeName.DNSName";
/// assert_eq!(variable(names), Variable::Value("a.example".to_owned()));
/// assert_eq!(variable(&format!("{names}.1")), Variable::Value("b.example".to_owned()));
/// assert_eq!(variable(&format!("{names}.2")), Variable::Absent);
/// assert_eq!(
///     variable(&format!("{names}.List")),
///     Variable::List(vec!["a.example".to_owned(), "b.example".to_owned()]),
/// );
/// assert_eq!(variable("iot:Certificate.Subject.Shoe"), Variable::Unknown);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Variable {
    /// A value to substitute.
    Value(String),
    /// The values of a `.List`, for conditions on sets.
    List(Vec<String>),
    /// The certificate has no such value, or one that is not substituted: what depends on it is denied.
    Absent,
    /// There is no variable of this name.
    Unknown,
}

/// A variable's name, taken apart.
enum Kind {
    SerialNumber,
    AvailableKeys,
    CertificateId,
    Attribute(Side, AttributeType),
    Alternative(Side, AlternativeName),
}

#[derive(Clone, Copy)]
enum Side {
    Issuer,
    Subject,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AlternativeName {
    Rfc822Name,
    DnsName,
    DirectoryName,
    UniformResourceIdentifier,
    IpAddress,
}

impl AlternativeName {
    const ALL: [Self; 5] = [
        Self::Rfc822Name,
        Self::DnsName,
        Self::DirectoryName,
        Self::UniformResourceIdentifier,
        Self::IpAddress,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Rfc822Name => "RFC822Name",
            Self::DnsName => "DNSName",
            Self::DirectoryName => "DirectoryName",
            Self::UniformResourceIdentifier => "UniformResourceIdentifier",
            Self::IpAddress => "IPAddress",
        }
    }

    fn text<'a>(self, name: &GeneralName<'a>) -> Option<Cow<'a, str>> {
        use alloc::string::ToString as _;
        match (self, name) {
            (Self::Rfc822Name, GeneralName::Email(text))
            | (Self::DnsName, GeneralName::Dns(text))
            | (Self::UniformResourceIdentifier, GeneralName::Uri(text)) => {
                Some(Cow::Borrowed(text))
            }
            (Self::DirectoryName, GeneralName::Directory(name)) => {
                Some(Cow::Owned(name.to_string()))
            }
            (Self::IpAddress, GeneralName::IpAddress(_)) => {
                Some(Cow::Owned(name.address()?.to_string()))
            }
            _ => None,
        }
    }
}

/// Which of several values is meant.
#[derive(Clone, Copy)]
enum Which {
    Index(usize),
    List,
}

impl Kind {
    fn parse(name: &str) -> Option<(Self, Which)> {
        let rest = name.strip_prefix("iot:Certificate")?;
        match rest {
            "Id" => return Some((Self::CertificateId, Which::Index(0))),
            ".SerialNumber" => return Some((Self::SerialNumber, Which::Index(0))),
            ".AvailableKeys" => return Some((Self::AvailableKeys, Which::List)),
            _ => {}
        }
        let (side, rest) = if let Some(rest) = rest.strip_prefix(".Subject.") {
            (Side::Subject, rest)
        } else {
            (Side::Issuer, rest.strip_prefix(".Issuer.")?)
        };
        let alternative = rest.strip_prefix("AlternativeName.");
        let (word, which) = match alternative.unwrap_or(rest).split_once('.') {
            None => (alternative.unwrap_or(rest), Which::Index(0)),
            Some((word, "List")) => (word, Which::List),
            // The documentation calls the index one-based; `.1` is the second value all the same.
            Some((word, index)) => match index.as_bytes() {
                [digit @ b'0'..=b'9'] => (word, Which::Index(usize::from(digit & 0x0F))),
                _ => return None,
            },
        };
        let kind = if alternative.is_some() {
            AlternativeName::ALL
                .into_iter()
                .find(|kind| kind.name() == word)
                .map(|kind| Self::Alternative(side, kind))
        } else {
            AttributeType::ALL
                .into_iter()
                .find(|kind| kind.variable_name() == word)
                .map(|kind| Self::Attribute(side, kind))
        };
        Some((kind?, which))
    }
}

impl Variable {
    /// The value of the variable called `name`, without `${` and `}`.
    #[must_use]
    pub fn of(certificate: &Certificate<'_>, name: &str) -> Self {
        use alloc::string::ToString as _;
        let Some((kind, which)) = Kind::parse(name) else {
            return Self::Unknown;
        };
        let values: Vec<Cow<'_, str>> = match kind {
            Kind::CertificateId => return Self::Value(certificate.id().to_string()),
            Kind::SerialNumber => return Self::Value(hex(certificate.serial_number())),
            Kind::AvailableKeys => return Self::List(available_keys(certificate)),
            Kind::Attribute(side, kind) => {
                let name = match side {
                    Side::Issuer => certificate.issuer(),
                    Side::Subject => certificate.subject(),
                };
                name.values(kind).take(MAX_VALUES).collect()
            }
            Kind::Alternative(side, kind) => names(certificate, side)
                .filter_map(|name| kind.text(&name))
                .take(MAX_VALUES)
                .collect(),
        };
        match which {
            Which::Index(index) => values
                .get(index)
                .and_then(|value| substitute(value))
                .map_or(Self::Absent, Self::Value),
            Which::List if values.is_empty() => Self::Absent,
            Which::List => Self::List(
                values
                    .iter()
                    .filter_map(|value| substitute(value))
                    .collect(),
            ),
        }
    }
}

fn names<'a>(certificate: &Certificate<'a>, side: Side) -> GeneralNames<'a> {
    match side {
        Side::Issuer => certificate.issuer_alternative_names(),
        Side::Subject => certificate.subject_alternative_names(),
    }
}

/// A value as it stands in a policy, if it may.
fn substitute(value: &str) -> Option<String> {
    if value.chars().count() > MAX_CHARS || value.contains(['*', '$', '+', '?', '#']) {
        return None;
    }
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        if matches!(letter, ',' | '"' | '\\' | '=' | '<' | '>' | ';') {
            text.push('\\');
        }
        text.push(letter);
    }
    Some(text)
}

fn hex(octets: &[u8]) -> String {
    use core::fmt::Write as _;
    let octets = match octets {
        [0, rest @ ..] if !rest.is_empty() => rest,
        _ => octets,
    };
    let mut text = String::new();
    for octet in octets {
        // Writing to a string does not fail.
        let _ = write!(text, "{octet:02x}");
    }
    text
}

fn available_keys(certificate: &Certificate<'_>) -> Vec<String> {
    variable_names()
        .filter(|name| {
            name != "iot:Certificate.AvailableKeys"
                && matches!(
                    Variable::of(certificate, name),
                    Variable::Value(_) | Variable::List(_)
                )
        })
        .collect()
}

/// The name of every variable, without `.1` and `.List`, in the order of the service's documentation.
///
/// ```
/// assert!(tls_auth::variable_names().any(|name| name == "iot:Certificate.Issuer.Country"));
/// ```
pub fn variable_names() -> impl Iterator<Item = String> {
    let sides = ["Issuer", "Subject"];
    let attributes = sides.into_iter().flat_map(|side| {
        AttributeType::ALL
            .into_iter()
            .map(move |kind| alloc::format!("iot:Certificate.{side}.{}", kind.variable_name()))
    });
    let alternatives = sides.into_iter().flat_map(|side| {
        AlternativeName::ALL.into_iter().map(move |kind| {
            alloc::format!("iot:Certificate.{side}.AlternativeName.{}", kind.name())
        })
    });
    let others = [
        "iot:Certificate.SerialNumber",
        "iot:Certificate.AvailableKeys",
        "iot:CertificateId",
    ];
    attributes
        .chain(alternatives)
        .chain(others.into_iter().map(String::from))
}
