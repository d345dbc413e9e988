//! What policy variables can be read from a certificate.

use iot_policy::{AlternativeName, Certificate, NameAttribute};
use x509_parser::der_parser::oid;
use x509_parser::der_parser::oid::Oid;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::x509::X509Name;

use super::PkiError;
use super::parsed::{address, x509};

/// The certificate as policies see it (AWS IoT developer guide, "X.509 Certificate AWS IoT Core policy variables").
pub(crate) fn policy_certificate(id: &str, der: &[u8]) -> Result<Certificate, PkiError> {
    let parsed = x509(der)?;
    let serial: String = parsed
        .raw_serial()
        .iter()
        .skip_while(|&&octet| octet == 0)
        .map(|octet| format!("{octet:02x}"))
        .collect();
    let mut certificate = Certificate::new(id).with_serial_number(serial);
    for (attribute, value) in attributes(parsed.subject()) {
        certificate = certificate.with_subject(attribute, value);
    }
    for (attribute, value) in attributes(parsed.issuer()) {
        certificate = certificate.with_issuer(attribute, value);
    }
    for extension in parsed.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                for (kind, value) in alternatives(&names.general_names) {
                    certificate = certificate.with_subject_alternative_name(kind, value);
                }
            }
            ParsedExtension::IssuerAlternativeName(names) => {
                for (kind, value) in alternatives(&names.general_names) {
                    certificate = certificate.with_issuer_alternative_name(kind, value);
                }
            }
            _ => {}
        }
    }
    Ok(certificate)
}

/// X.520 attribute types (RFC 5280, appendix A.1).
fn attribute(oid: &Oid<'_>) -> Option<NameAttribute> {
    let known = [
        (oid!(2.5.4.46), NameAttribute::DistinguishedNameQualifier),
        (oid!(2.5.4.6), NameAttribute::Country),
        (oid!(2.5.4.10), NameAttribute::Organization),
        (oid!(2.5.4.11), NameAttribute::OrganizationalUnit),
        (oid!(2.5.4.8), NameAttribute::State),
        (oid!(2.5.4.3), NameAttribute::CommonName),
        (oid!(2.5.4.5), NameAttribute::SerialNumber),
        (oid!(2.5.4.12), NameAttribute::Title),
        (oid!(2.5.4.4), NameAttribute::Surname),
        (oid!(2.5.4.42), NameAttribute::GivenName),
        (oid!(2.5.4.43), NameAttribute::Initials),
        (oid!(2.5.4.65), NameAttribute::Pseudonym),
        (oid!(2.5.4.44), NameAttribute::GenerationQualifier),
    ];
    known
        .into_iter()
        .find(|(known, _)| known == oid)
        .map(|(_, attribute)| attribute)
}

fn attributes(name: &X509Name<'_>) -> Vec<(NameAttribute, String)> {
    name.iter_attributes()
        .filter_map(|found| {
            let attribute = attribute(found.attr_type())?;
            Some((attribute, found.as_str().ok()?.to_owned()))
        })
        .collect()
}

fn alternatives(names: &[GeneralName<'_>]) -> Vec<(AlternativeName, String)> {
    names
        .iter()
        .filter_map(|name| match name {
            GeneralName::RFC822Name(name) => {
                Some((AlternativeName::Rfc822Name, (*name).to_owned()))
            }
            GeneralName::DNSName(name) => Some((AlternativeName::DnsName, (*name).to_owned())),
            GeneralName::DirectoryName(name) => {
                Some((AlternativeName::DirectoryName, name.to_string()))
            }
            GeneralName::URI(uri) => Some((
                AlternativeName::UniformResourceIdentifier,
                (*uri).to_owned(),
            )),
            GeneralName::IPAddress(octets) => {
                Some((AlternativeName::IpAddress, address(octets)?.to_string()))
            }
            _ => None,
        })
        .collect()
}
