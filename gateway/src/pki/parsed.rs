//! What can be read from a certificate: for people, for registration, for deciding on renewal.
//!
//! Nothing here decides whether a device is let in.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;
use x509_parser::time::ASN1Time;

use super::PkiError;

/// The certificates of a PEM text, in order.
///
/// # Errors
///
/// When there is none, or one is not whole.
///
/// ```
/// use thingwire::pki::{certificates_of_pem, pem_of_certificate};
///
/// let pem = pem_of_certificate(b"DER");
/// assert_eq!(certificates_of_pem(&pem)?, [b"DER".to_vec()]);
/// # Ok::<(), thingwire::pki::PkiError>(())
/// ```
pub fn certificates_of_pem(pem: &str) -> Result<Vec<Vec<u8>>, PkiError> {
    let certificates = CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|der| der.map(|der| der.to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| PkiError::new(format!("the PEM text is damaged: {error}")))?;
    if certificates.is_empty() {
        return Err(PkiError::new(
            "no certificate found: expected a line `-----BEGIN CERTIFICATE-----`",
        ));
    }
    Ok(certificates)
}

/// A certificate as PEM, in lines of 64.
#[must_use]
pub fn pem_of_certificate(der: &[u8]) -> String {
    pem::encode_config(
        &pem::Pem::new("CERTIFICATE", der),
        pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
    )
}

/// What a certificate says.
///
/// ```
/// use std::time::SystemTime;
/// use thingwire::pki::{DevelopmentAuthority, ParsedCertificate};
///
/// let (authority, _key) = DevelopmentAuthority::generate(SystemTime::now())?;
/// let parsed = ParsedCertificate::parse(authority.certificate())?;
/// assert!(parsed.is_authority && parsed.subject == parsed.issuer);
/// assert!(parsed.is_valid_at(SystemTime::now()));
/// # Ok::<(), thingwire::pki::PkiError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParsedCertificate {
    /// The subject's name.
    pub subject: String,
    /// The issuer's name.
    pub issuer: String,
    /// The DER of the subject's name.
    pub subject_der: Vec<u8>,
    /// The DER of the issuer's name.
    pub issuer_der: Vec<u8>,
    /// Not valid before.
    pub not_before: SystemTime,
    /// Not valid after.
    pub not_after: SystemTime,
    /// The basic constraints say that it is a CA.
    pub is_authority: bool,
    /// DNS names among the alternative names.
    pub dns_names: Vec<String>,
    /// IP addresses among the alternative names.
    pub addresses: Vec<IpAddr>,
    /// The DER of the subject's public key.
    pub public_key: Vec<u8>,
}

impl ParsedCertificate {
    /// Reads a certificate.
    ///
    /// # Errors
    ///
    /// When the bytes are no certificate, or more than one.
    pub fn parse(der: &[u8]) -> Result<Self, PkiError> {
        let certificate = x509(der)?;
        let mut dns_names = Vec::new();
        let mut addresses = Vec::new();
        if let Ok(Some(names)) = certificate.subject_alternative_name() {
            for name in &names.value.general_names {
                match name {
                    GeneralName::DNSName(name) => dns_names.push((*name).to_owned()),
                    GeneralName::IPAddress(octets) => addresses.extend(address(octets)),
                    _ => {}
                }
            }
        }
        let key = certificate.public_key();
        Ok(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            subject_der: certificate.subject().as_raw().to_vec(),
            issuer_der: certificate.issuer().as_raw().to_vec(),
            not_before: time(certificate.validity().not_before),
            not_after: time(certificate.validity().not_after),
            is_authority: certificate.is_ca(),
            dns_names,
            addresses,
            public_key: key.raw.to_vec(),
        })
    }

    /// Whether a time lies in its validity.
    #[must_use]
    pub fn is_valid_at(&self, time: SystemTime) -> bool {
        self.not_before <= time && time <= self.not_after
    }
}

/// Whether the key of `authority` made the signature of `certificate`.
pub(crate) fn is_signed_by(certificate: &[u8], authority: &[u8]) -> Result<bool, PkiError> {
    let (certificate, authority) = (x509(certificate)?, x509(authority)?);
    Ok(certificate
        .verify_signature(Some(authority.public_key()))
        .is_ok())
}

fn x509(der: &[u8]) -> Result<X509Certificate<'_>, PkiError> {
    let (rest, certificate) = X509Certificate::from_der(der)
        .map_err(|error| PkiError::new(format!("not an X.509 certificate: {error}")))?;
    if rest.is_empty() {
        Ok(certificate)
    } else {
        Err(PkiError::new(format!(
            "not an X.509 certificate: {} bytes follow it",
            rest.len()
        )))
    }
}

fn time(time: ASN1Time) -> SystemTime {
    let seconds = time.timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 {
        UNIX_EPOCH.checked_sub(distance)
    } else {
        UNIX_EPOCH.checked_add(distance)
    };
    moved.unwrap_or(UNIX_EPOCH)
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return Some(octets.into());
    }
    <[u8; 16]>::try_from(octets).ok().map(IpAddr::from)
}
