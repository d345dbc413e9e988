use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use core::fmt;

use super::text::{Unfit, fit};
use crate::certificate::{AttributeType, Certificate, GeneralName};
use crate::error::{Refusal, RefusalKind};

/// Where in a certificate the name stands that its holder is known by.
///
/// One rule decides; another is only asked, by [`PrincipalRule::or`], when the certificate has no such name at all. Several
/// names where one is expected are refused, as is a name that nobody can see whole: one with U+0000 or another control
/// character, with invisible characters, or with letters of several scripts in one word.
///
/// ```
/// use rcgen::{CertificateParams, DnType, KeyPair};
/// use tls_auth::{Certificate, PrincipalRule};
///
/// let named = |name: &str| -> Result<_, rcgen::Error> {
///     let mut params = CertificateParams::default();
///     params.distinguished_name.push(DnType::CommonName, name);
///     params.self_signed(&KeyPair::generate()?)
/// };
/// let rule = PrincipalRule::common_name().for_mqtt();
///
/// let good = named("sensor-17")?;
/// let principal = rule.principal(&Certificate::parse(good.der())?)?;
/// assert_eq!(principal.as_str(), "sensor-17");
///
/// for name in ["sensors/#", "+", "sensor\0admin", "sen\u{455}or-17"] {
///     let bad = named(name)?;
///     assert!(rule.principal(&Certificate::parse(bad.der())?).is_err());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrincipalRule {
    source: Source,
    or: Option<Source>,
    mqtt: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    CommonName,
    Dns,
    Uri,
    SpiffeId,
    Email,
    CertificateId,
}

/// The id of the certificate, which every certificate has and nobody can choose.
impl Default for PrincipalRule {
    fn default() -> Self {
        Self::certificate_id()
    }
}

impl PrincipalRule {
    const fn new(source: Source) -> Self {
        Self {
            source,
            or: None,
            mqtt: false,
        }
    }

    /// The one common name of the subject. Name constraints of the path then judge it as well.
    #[must_use]
    pub const fn common_name() -> Self {
        Self::new(Source::CommonName)
    }

    /// The one DNS name among the alternative names, in lower case.
    #[must_use]
    pub const fn dns_name() -> Self {
        Self::new(Source::Dns)
    }

    /// The one URI among the alternative names.
    #[must_use]
    pub const fn uri() -> Self {
        Self::new(Source::Uri)
    }

    /// The one URI, which must be a SPIFFE id: `spiffe://`, a trust domain, and a path.
    #[must_use]
    pub const fn spiffe_id() -> Self {
        Self::new(Source::SpiffeId)
    }

    /// The one mail address among the alternative names.
    #[must_use]
    pub const fn email() -> Self {
        Self::new(Source::Email)
    }

    /// The id of the certificate.
    #[must_use]
    pub const fn certificate_id() -> Self {
        Self::new(Source::CertificateId)
    }

    /// What the first rule of `other` says where a certificate has no name for this one.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            or: Some(other.source),
            ..self
        }
    }

    /// The name becomes a level of MQTT topics, or a client identifier: `+`, `#` and `/` are refused, and `$` in front.
    #[must_use]
    pub const fn for_mqtt(self) -> Self {
        Self { mqtt: true, ..self }
    }

    pub(crate) fn is_common_name(&self) -> bool {
        self.source == Source::CommonName || self.or == Some(Source::CommonName)
    }

    /// What the holder of a certificate is known by.
    ///
    /// # Errors
    /// [`RefusalKind::Principal`] when there is no such name, or one that may not be used.
    pub fn principal(&self, certificate: &Certificate<'_>) -> Result<Principal, Refusal> {
        let name = match (self.source.name(certificate)?, self.or) {
            (Some(name), _) => name,
            (None, Some(other)) => other.name(certificate)?.ok_or_else(missing)?,
            (None, None) => return Err(missing()),
        };
        fit(&name).map_err(|unfit| {
            refuse(match unfit {
                Unfit::Empty => "the name is empty",
                Unfit::TooLong => "the name is longer than MQTT can carry",
                Unfit::Invisible => "the name has characters that are not seen",
                Unfit::MixedScripts => "a word of the name mixes letters of several scripts",
            })
        })?;
        let principal = Principal(name);
        if self.mqtt {
            principal.as_mqtt_level()?;
        }
        Ok(principal)
    }
}

fn refuse(reason: &'static str) -> Refusal {
    Refusal::new(RefusalKind::Principal).because(reason)
}

fn missing() -> Refusal {
    refuse("there is no name of the kind that is asked for")
}

impl Source {
    /// The one name of this kind, none when there is none.
    fn name(self, certificate: &Certificate<'_>) -> Result<Option<String>, Refusal> {
        let alternative = |pick: fn(GeneralName<'_>) -> Option<&str>| {
            one(certificate.subject_alternative_names().filter_map(pick))
        };
        match self {
            Self::CertificateId => Ok(Some(certificate.id().to_string())),
            Self::CommonName => {
                let mut names = certificate
                    .subject()
                    .attributes()
                    .filter(|attribute| attribute.kind() == Some(AttributeType::CommonName));
                match (names.next(), names.next()) {
                    (None, _) => Ok(None),
                    (Some(name), None) => name
                        .text()
                        .map(Cow::into_owned)
                        .map(Some)
                        .ok_or_else(|| refuse("the common name is no text")),
                    (Some(_), Some(_)) => Err(refuse("there are several common names")),
                }
            }
            Self::Dns => {
                let name = alternative(|name| match name {
                    GeneralName::Dns(text) => Some(text),
                    _ => None,
                })?;
                match name {
                    Some(name) if name.contains('*') => {
                        Err(refuse("a DNS name with a wildcard is no one's"))
                    }
                    name => Ok(name.map(|name| name.to_ascii_lowercase())),
                }
            }
            Self::Uri | Self::SpiffeId => {
                let name = alternative(|name| match name {
                    GeneralName::Uri(text) => Some(text),
                    _ => None,
                })?;
                match name {
                    Some(name) if self == Self::SpiffeId && !is_spiffe_id(&name) => {
                        Err(refuse("the URI is no SPIFFE id"))
                    }
                    name => Ok(name),
                }
            }
            Self::Email => alternative(|name| match name {
                GeneralName::Email(text) => Some(text),
                _ => None,
            }),
        }
    }
}

fn one<'a>(mut names: impl Iterator<Item = &'a str>) -> Result<Option<String>, Refusal> {
    match (names.next(), names.next()) {
        (Some(_), Some(_)) => Err(refuse("there are several names of the kind")),
        (name, _) => Ok(name.map(str::to_owned)),
    }
}

/// SPIFFE-ID §2: a trust domain of lower case letters, digits, `.`, `-` and `_`, and a path of segments of these and capitals
/// that are not empty, `.` or `..`; 2,048 bytes at most.
fn is_spiffe_id(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("spiffe://") else {
        return false;
    };
    let (domain, path) = match rest.split_once('/') {
        Some((domain, path)) => (domain, Some(path)),
        None => (rest, None),
    };
    let mark = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
    uri.len() <= 2_048
        && (1..=255).contains(&domain.len())
        && domain
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || mark(byte))
        && path.is_none_or(|path| {
            path.split('/').all(|segment| {
                !matches!(segment, "" | "." | "..")
                    && segment
                        .bytes()
                        .all(|byte| byte.is_ascii_alphabetic() || mark(byte))
            })
        })
}

/// What the holder of a certificate is known by: a text that a person can tell from another.
///
/// ```
/// use rcgen::{CertificateParams, KeyPair, SanType};
/// use tls_auth::{Certificate, PrincipalRule};
///
/// let mut params = CertificateParams::default();
/// params.subject_alt_names = vec![SanType::URI("spiffe://acme.example/plant/7".try_into()?)];
/// let certificate = params.self_signed(&KeyPair::generate()?)?;
/// let principal = PrincipalRule::spiffe_id().principal(&Certificate::parse(certificate.der())?)?;
/// assert_eq!(principal.as_str(), "spiffe://acme.example/plant/7");
/// assert!(principal.as_mqtt_level().is_err(), "it has slashes");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal(String);

impl Principal {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as one level of an MQTT topic.
    ///
    /// # Errors
    /// [`RefusalKind::Principal`] when it has `+`, `#` or `/` in it, or `$` in front.
    pub fn as_mqtt_level(&self) -> Result<&str, Refusal> {
        if self.0.contains(['+', '#', '/']) || self.0.starts_with('$') {
            Err(refuse("the name cannot be a level of an MQTT topic"))
        } else {
            Ok(&self.0)
        }
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spiffe_ids() {
        for good in ["spiffe://acme.example", "spiffe://acme.example/a/B_c-1.x"] {
            assert!(is_spiffe_id(good), "{good}");
        }
        for bad in [
            "https://acme.example/a",
            "spiffe://",
            "spiffe:///a",
            "spiffe://Acme.example/a",
            "spiffe://acme.example/",
            "spiffe://acme.example/a//b",
            "spiffe://acme.example/../b",
            "spiffe://acme.example:80/a",
            "spiffe://u@acme.example/a",
            "spiffe://acme.example/a?b",
            "spiffe://acme.example/a%2fb",
        ] {
            assert!(!is_spiffe_id(bad), "{bad}");
        }
    }
}
