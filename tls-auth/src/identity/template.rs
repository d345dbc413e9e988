use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use crate::certificate::{AttributeType, Certificate};

/// What a provisioning template may take from a certificate, by the names that the service gives them.
///
/// A parameter that the subject lacks is not there, and a template that refers to it fails.
///
/// ```
/// use rcgen::{CertificateParams, DnType, KeyPair};
/// use tls_auth::{Certificate, TemplateParameters};
///
/// let mut params = CertificateParams::default();
/// params.distinguished_name.push(DnType::CommonName, "sensor-17");
/// let certificate = params.self_signed(&KeyPair::generate()?)?;
/// let certificate = Certificate::parse(certificate.der())?;
///
/// let parameters = TemplateParameters::of(&certificate);
/// assert_eq!(parameters.value("AWS::IoT::Certificate::CommonName"), Some("sensor-17"));
/// assert_eq!(parameters.value("AWS::IoT::Certificate::Country"), None);
/// assert_eq!(
///     parameters.value("AWS::IoT::Certificate::Id"),
///     Some(certificate.id().to_string().as_str()),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateParameters {
    values: Vec<(&'static str, String)>,
}

/// In the order of the documentation.
const SUBJECT: [(&str, AttributeType); 7] = [
    ("AWS::IoT::Certificate::Country", AttributeType::Country),
    (
        "AWS::IoT::Certificate::Organization",
        AttributeType::Organization,
    ),
    (
        "AWS::IoT::Certificate::OrganizationalUnit",
        AttributeType::OrganizationalUnit,
    ),
    (
        "AWS::IoT::Certificate::DistinguishedNameQualifier",
        AttributeType::DistinguishedNameQualifier,
    ),
    ("AWS::IoT::Certificate::StateName", AttributeType::State),
    (
        "AWS::IoT::Certificate::CommonName",
        AttributeType::CommonName,
    ),
    (
        "AWS::IoT::Certificate::SerialNumber",
        AttributeType::SerialNumber,
    ),
];

impl TemplateParameters {
    /// The parameters of a certificate: the first value of each kind in its subject, and its id.
    #[must_use]
    pub fn of(certificate: &Certificate<'_>) -> Self {
        let mut values: Vec<(&'static str, String)> = SUBJECT
            .into_iter()
            .filter_map(|(name, kind)| {
                let value = certificate.subject().values(kind).next()?;
                Some((name, value.into_owned()))
            })
            .collect();
        values.push(("AWS::IoT::Certificate::Id", certificate.id().to_string()));
        Self { values }
    }

    /// The value of one parameter.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Every parameter that there is.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.values
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
    }
}
