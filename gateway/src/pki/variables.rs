//! What policy variables can be read from a certificate.

use iot_policy::{AlternativeName, Certificate as PolicyCertificate, NameAttribute};
use tls_auth::{Certificate, GeneralName, GeneralNames, Name};

use crate::registry::CertificateId;

/// A certificate as policies see it (AWS IoT developer guide, "X.509 Certificate AWS IoT Core policy variables").
pub(crate) fn policy_certificate(
    id: CertificateId,
    certificate: &Certificate<'_>,
) -> PolicyCertificate {
    let serial: String = certificate
        .serial_number()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut seen = PolicyCertificate::new(id.to_string()).with_serial_number(serial);
    for (attribute, value) in named(&certificate.subject()) {
        seen = seen.with_subject(attribute, value);
    }
    for (attribute, value) in named(&certificate.issuer()) {
        seen = seen.with_issuer(attribute, value);
    }
    for (kind, value) in alternatives(certificate.subject_alternative_names()) {
        seen = seen.with_subject_alternative_name(kind, value);
    }
    for (kind, value) in alternatives(certificate.issuer_alternative_names()) {
        seen = seen.with_issuer_alternative_name(kind, value);
    }
    seen
}

fn named<'a>(name: &Name<'a>) -> impl Iterator<Item = (NameAttribute, String)> + use<'a> {
    name.attributes().filter_map(|attribute| {
        let kind = NameAttribute::from_name(attribute.kind()?.variable_name())?;
        Some((kind, attribute.text()?.into_owned()))
    })
}

fn alternatives(names: GeneralNames<'_>) -> impl Iterator<Item = (AlternativeName, String)> {
    names.filter_map(|name| match name {
        GeneralName::Email(text) => Some((AlternativeName::Rfc822Name, text.to_owned())),
        GeneralName::Dns(text) => Some((AlternativeName::DnsName, text.to_owned())),
        GeneralName::Uri(text) => {
            Some((AlternativeName::UniformResourceIdentifier, text.to_owned()))
        }
        GeneralName::IpAddress(_) => {
            Some((AlternativeName::IpAddress, name.address()?.to_string()))
        }
        GeneralName::Directory(name) => Some((AlternativeName::DirectoryName, name.to_string())),
        _ => None,
    })
}
