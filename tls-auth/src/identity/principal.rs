use alloc::borrow::Cow;
use alloc::string::{String, ToString as _};
use core::fmt;

use super::text::{Unfit, fit, is_of_one_script};
use crate::certificate::{AttributeType, Certificate, GeneralName};
use crate::error::{Refusal, RefusalKind};
use crate::path::constraints::is_labels;

/// Where in a certificate the name stands that its holder is known by.
///
/// One rule decides; another is only asked, by [`PrincipalRule::or`], when the certificate has no such name at all. Several
/// names where one is expected are refused, as is a name that nobody can see whole: one with U+0000 or another control
/// character, with invisible characters, with spaces in front, behind or of odd kinds, or with letters of several scripts in
/// one word.
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
/// for name in ["sensors/#", "+", "sensor\0admin", "sen\u{455}or-17", "sensor-\u{430}", "sensor-17 "] {
///     let bad = named(name)?;
///     assert!(rule.principal(&Certificate::parse(bad.der())?).is_err());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrincipalRule {
    source: Source,
    /// Asked in turn; each kind at most once, and so never more than there are.
    others: [Option<Source>; Source::COUNT],
    mqtt: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
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
            others: [None; Source::COUNT],
            mqtt: false,
        }
    }

    /// The one common name of the subject. Name constraints of the path then judge it as well.
    #[must_use]
    pub const fn common_name() -> Self {
        Self::new(Source::CommonName)
    }

    /// The one DNS name among the alternative names, in lower case and without a period at its end.
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

    /// What `other` says where a certificate has no name for this rule. May be called again: rules are asked in turn. What is
    /// [for MQTT](Self::for_mqtt) in one of them is so in both.
    ///
    /// ```
    /// use rcgen::{CertificateParams, KeyPair};
    /// use tls_auth::{Certificate, PrincipalRule};
    ///
    /// let params = CertificateParams::new(["sensor-17.example".to_owned()])?;
    /// let certificate = params.self_signed(&KeyPair::generate()?)?;
    /// let rule = PrincipalRule::uri().or(PrincipalRule::email()).or(PrincipalRule::dns_name());
    /// let principal = rule.principal(&Certificate::parse(certificate.der())?)?;
    /// assert_eq!(principal.as_str(), "sensor-17.example");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.mqtt |= other.mqtt;
        for source in other.sources() {
            if self.sources().all(|own| own != source)
                && let Some(free) = self.others.iter_mut().find(|slot| slot.is_none())
            {
                *free = Some(source);
            }
        }
        self
    }

    /// The name becomes a level of MQTT topics, or a client identifier: `+`, `#` and `/` are refused, `$` in front, and letters
    /// of several scripts in the whole name.
    ///
    /// ```
    /// use tls_auth::PrincipalRule;
    ///
    /// assert!(PrincipalRule::common_name().for_mqtt() != PrincipalRule::common_name());
    /// ```
    #[must_use]
    pub const fn for_mqtt(self) -> Self {
        Self { mqtt: true, ..self }
    }

    fn sources(&self) -> impl Iterator<Item = Source> + use<> {
        core::iter::once(self.source).chain(self.others.into_iter().flatten())
    }

    pub(crate) fn is_common_name(&self) -> bool {
        self.sources().any(|source| source == Source::CommonName)
    }

    /// What the holder of a certificate is known by.
    ///
    /// # Errors
    /// [`RefusalKind::Principal`] when there is no such name, or one that may not be used.
    pub fn principal(&self, certificate: &Certificate<'_>) -> Result<Principal, Refusal> {
        let name = self
            .sources()
            .find_map(|source| source.name(certificate).transpose())
            .unwrap_or_else(|| Err(missing()))?;
        fit(&name).map_err(|unfit| {
            refuse(match unfit {
                Unfit::Empty => "the name is empty",
                Unfit::TooLong => "the name is longer than MQTT can carry",
                Unfit::Invisible => "the name has characters that are not seen",
                Unfit::Spaces => "the name has spaces in front, behind, or of odd kinds",
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
    const COUNT: usize = Self::CertificateId as usize;

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
                let Some(name) = name else {
                    return Ok(None);
                };
                if name.contains('*') {
                    return Err(refuse("a DNS name with a wildcard is no one's"));
                }
                let name = name.strip_suffix('.').unwrap_or(&name);
                if is_labels(name) {
                    Ok(Some(name.to_ascii_lowercase()))
                } else {
                    Err(refuse("the DNS name is not of its form"))
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
/// that are not empty, `.` or `..`; 2,048 bytes at most. Without a path it is the trust domain's own, and no device's.
fn is_spiffe_id(uri: &str) -> bool {
    let Some(rest) = uri.strip_prefix("spiffe://") else {
        return false;
    };
    let Some((domain, path)) = rest.split_once('/') else {
        return false;
    };
    let mark = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'_');
    uri.len() <= 2_048
        && (1..=255).contains(&domain.len())
        && domain
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || mark(byte))
        && path.split('/').all(|segment| {
            !matches!(segment, "" | "." | "..")
                && segment
                    .bytes()
                    .all(|byte| byte.is_ascii_alphabetic() || mark(byte))
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
    /// [`RefusalKind::Principal`] when it has `+`, `#` or `/` in it, `$` in front, or letters of several scripts: `sensor-a` with
    /// the letter of another script is a word of its own, and looks the same.
    pub fn as_mqtt_level(&self) -> Result<&str, Refusal> {
        if self.0.contains(['+', '#', '/']) || self.0.starts_with('$') {
            Err(refuse("the name cannot be a level of an MQTT topic"))
        } else if !is_of_one_script(&self.0) {
            Err(refuse("the name mixes letters of several scripts"))
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
        assert!(is_spiffe_id("spiffe://acme.example/a/B_c-1.x"));
        for bad in [
            "spiffe://acme.example",
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

    #[test]
    fn every_kind_fits_among_the_others() {
        let rule = PrincipalRule::common_name()
            .or(PrincipalRule::dns_name().or(PrincipalRule::uri()))
            .or(PrincipalRule::common_name())
            .or(PrincipalRule::spiffe_id())
            .or(PrincipalRule::email().for_mqtt())
            .or(PrincipalRule::certificate_id());
        let sources: Vec<Source> = rule.sources().collect();
        assert_eq!(
            sources,
            [
                Source::CommonName,
                Source::Dns,
                Source::Uri,
                Source::SpiffeId,
                Source::Email,
                Source::CertificateId
            ]
        );
        assert!(rule.mqtt && rule.is_common_name());
        assert!(
            !PrincipalRule::dns_name()
                .or(PrincipalRule::uri())
                .is_common_name()
        );
    }
}
