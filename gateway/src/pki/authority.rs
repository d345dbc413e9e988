//! The development authority: signs device certificates and the server's own.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SanType, SerialNumber,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use time::OffsetDateTime;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer as _;
use zeroize::Zeroizing;

use super::{ParsedCertificate, PkiError, pem_of_certificate};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// What no certificate of AWS IoT outlives: 2049-12-31T23:59:59Z.
const END: i64 = 2_524_607_999;
/// A server's certificate: what clients that set a limit still accept.
const SERVER_LIFE: Duration = Duration::from_secs(397 * 24 * 60 * 60);

/// A certificate just made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Issued {
    /// The certificate.
    pub der: Vec<u8>,
}

impl Issued {
    /// The certificate as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem_of_certificate(&self.der)
    }
}

/// A certificate just made, and its key.
#[non_exhaustive]
pub struct IssuedWithKey {
    /// The certificate.
    pub certificate: Issued,
    /// The private key as PKCS #8 in PEM.
    pub private_key_pem: Zeroizing<String>,
}

impl core::fmt::Debug for IssuedWithKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IssuedWithKey")
            .field("certificate", &self.certificate)
            .field("private_key_pem", &"[redacted]")
            .finish()
    }
}

/// A CA whose key lies in the data folder: for development, and for sites that trust the machine it is on.
///
/// ```
/// use std::time::SystemTime;
/// use thingwire::pki::{DevelopmentAuthority, ParsedCertificate};
///
/// let now = SystemTime::now();
/// let (authority, key) = DevelopmentAuthority::generate(now)?;
/// let device = authority.issue_device("pump-1", now)?;
/// let parsed = ParsedCertificate::parse(&device.certificate.der)?;
/// assert_eq!(parsed.subject, "CN=pump-1");
///
/// // The same authority from its two files.
/// let again = DevelopmentAuthority::load(&authority.pem(), &key)?;
/// assert_eq!(again.certificate(), authority.certificate());
/// # Ok::<(), thingwire::pki::PkiError>(())
/// ```
pub struct DevelopmentAuthority {
    certificate: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl core::fmt::Debug for DevelopmentAuthority {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DevelopmentAuthority")
            .finish_non_exhaustive()
    }
}

impl DevelopmentAuthority {
    /// A new authority, and its key as PKCS #8 in PEM.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers.
    pub fn generate(now: SystemTime) -> Result<(Self, Zeroizing<String>), PkiError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let pem = Zeroizing::new(key.serialize_pem());
        Ok((Self::of_key(key, now)?, pem))
    }

    /// The authority of a key, its certificate signed anew.
    ///
    /// # Errors
    ///
    /// When the text is no key.
    pub fn renew(key_pem: &str, now: SystemTime) -> Result<Self, PkiError> {
        Self::of_key(key_pair(key_pem)?, now)
    }

    fn of_key(key: KeyPair, now: SystemTime) -> Result<Self, PkiError> {
        let mut params = params(now, None)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::CrlSign,
            KeyUsagePurpose::DigitalSignature,
        ];
        params.use_authority_key_identifier_extension = false;
        // The name follows from the key: two gateways have two CAs that clients can tell apart.
        let hash = ring::digest::digest(&ring::digest::SHA256, key.public_key_raw());
        let short: String = hash
            .as_ref()
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        params.distinguished_name = common_name(&format!("Thingwire development CA {short}"));
        let certificate = params.self_signed(&key)?.der().to_vec();
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
        })
    }

    /// An authority from its certificate and key.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read, the certificate is not a CA's, or they do not belong together.
    pub fn load(certificate_pem: &str, key_pem: &str) -> Result<Self, PkiError> {
        let certificate = super::certificates_of_pem(certificate_pem)?
            .into_iter()
            .next()
            .unwrap_or_default();
        let parsed = ParsedCertificate::parse(&certificate)?;
        if !parsed.is_authority {
            return Err(PkiError::new(format!(
                "the certificate of {} is not a CA's",
                parsed.subject
            )));
        }
        let key = key_pair(key_pem)?;
        if !parsed.public_key.ends_with(key.public_key_raw()) {
            return Err(PkiError::new(
                "the CA's certificate and its key do not belong together",
            ));
        }
        let issuer = Issuer::from_ca_cert_der(&certificate.as_slice().into(), key)?;
        Ok(Self {
            certificate,
            issuer,
        })
    }

    /// Whether a text is the private key of a certificate.
    pub(crate) fn is_key_of(key_pem: &str, certificate: &ParsedCertificate) -> bool {
        key_pair(key_pem).is_ok_and(|key| certificate.public_key.ends_with(key.public_key_raw()))
    }

    /// The CA's certificate.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// The CA's certificate as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem_of_certificate(&self.certificate)
    }

    /// A device's key and certificate, with `name` as the common name.
    ///
    /// # Errors
    ///
    /// When the operating system gives no random numbers.
    pub fn issue_device(&self, name: &str, now: SystemTime) -> Result<IssuedWithKey, PkiError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params(now, None)?;
        for_device(&mut params);
        params.distinguished_name = common_name(name);
        let der = params.signed_by(&key, &self.issuer)?.der().to_vec();
        Ok(IssuedWithKey {
            certificate: Issued { der },
            private_key_pem: Zeroizing::new(key.serialize_pem()),
        })
    }

    /// A device's certificate for the key of a signing request in PEM, with the subject that it asks for.
    ///
    /// Of what else it asks for nothing is granted: it is a device's certificate.
    ///
    /// # Errors
    ///
    /// When the request cannot be read, its signature is wrong, or its key is too weak (RSA under 2048 bits).
    pub fn issue_for_request(
        &self,
        request_pem: &str,
        now: SystemTime,
    ) -> Result<Issued, PkiError> {
        let request = pem::parse(request_pem)
            .map_err(|error| PkiError::new(format!("not a PEM text: {error}")))?;
        if !matches!(
            request.tag(),
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST"
        ) {
            return Err(PkiError::new(format!(
                "not a certificate signing request: found `{}`, expected `CERTIFICATE REQUEST`",
                request.tag()
            )));
        }
        let key = requested_key(request.contents())?;
        let mut signing = CertificateSigningRequestParams::from_der(&request.contents().into())
            .map_err(|error| PkiError::new(format!("the signing request is refused: {error}")))?;
        let subject = core::mem::take(&mut signing.params.distinguished_name);
        signing.params = params(now, None)?;
        for_device(&mut signing.params);
        signing.params.distinguished_name = subject;
        let der = signing.signed_by(&self.issuer)?.der().to_vec();
        // The library takes the kind of key from the algorithm of the request's signature; a request signed in an
        // unusual way would get a certificate for a key that does not exist.
        if ParsedCertificate::parse(&der)?.public_key != key {
            return Err(PkiError::new(
                "the signing request is refused: its signature algorithm does not fit its key",
            ));
        }
        Ok(Issued { der })
    }

    /// A server's key and certificate for these names and addresses.
    ///
    /// # Errors
    ///
    /// When a name is no DNS name, or the operating system gives no random numbers.
    pub fn issue_server(
        &self,
        names: &[String],
        addresses: &[IpAddr],
        now: SystemTime,
    ) -> Result<IssuedWithKey, PkiError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = params(now, Some(SERVER_LIFE))?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.distinguished_name = common_name("Thingwire gateway");
        for name in names {
            params
                .subject_alt_names
                .push(SanType::DnsName(name.as_str().try_into()?));
        }
        params
            .subject_alt_names
            .extend(addresses.iter().copied().map(SanType::IpAddress));
        let der = params.signed_by(&key, &self.issuer)?.der().to_vec();
        Ok(IssuedWithKey {
            certificate: Issued { der },
            private_key_pem: Zeroizing::new(key.serialize_pem()),
        })
    }
}

fn key_pair(pem: &str) -> Result<KeyPair, PkiError> {
    KeyPair::from_pem(pem)
        .map_err(|error| PkiError::new(format!("not a private key (PKCS #8 in PEM): {error}")))
}

/// The DER of the public key that a request is for.
fn requested_key(request: &[u8]) -> Result<Vec<u8>, PkiError> {
    let (_, request) = X509CertificationRequest::from_der(request)
        .map_err(|error| PkiError::new(format!("not a certificate signing request: {error}")))?;
    let key = &request.certification_request_info.subject_pki;
    if let Ok(x509_parser::public_key::PublicKey::RSA(rsa)) = key.parsed()
        && rsa.key_size() < 2048
    {
        return Err(PkiError::new(format!(
            "the signing request is refused: an RSA key of {} bits, expected at least 2048",
            rsa.key_size()
        )));
    }
    Ok(key.raw.to_vec())
}

fn for_device(params: &mut CertificateParams) {
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

/// Times and serial number. A certificate begins a day early: clocks of devices are seldom right.
fn params(now: SystemTime, life: Option<Duration>) -> Result<CertificateParams, PkiError> {
    let out_of_range = || PkiError::new("the system's clock is out of range");
    let mut params = CertificateParams::default();
    let begin = now.checked_sub(DAY).ok_or_else(out_of_range)?;
    let end = OffsetDateTime::from_unix_timestamp(END).map_err(|_| out_of_range())?;
    params.not_before = begin.into();
    params.not_after = match life {
        Some(life) => end.min(now.checked_add(life).ok_or_else(out_of_range)?.into()),
        None => end,
    };
    params.subject_alt_names = Vec::new();
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(serial()?);
    Ok(params)
}

/// Sixteen random octets, positive and not zero (RFC 5280 §4.1.2.2).
fn serial() -> Result<SerialNumber, PkiError> {
    let mut serial = [0; 16];
    SystemRandom::new()
        .fill(&mut serial)
        .map_err(|ring::error::Unspecified| PkiError::new("no random numbers to be had"))?;
    let [first, ..] = &mut serial;
    *first = (*first & 0x3F) | 0x40;
    Ok(SerialNumber::from_slice(&serial))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::parsed::is_signed_by;

    fn authority() -> DevelopmentAuthority {
        DevelopmentAuthority::generate(SystemTime::now()).unwrap().0
    }

    fn request(change: impl FnOnce(&mut CertificateParams)) -> String {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name("own key");
        change(&mut params);
        params.serialize_request(&key).unwrap().pem().unwrap()
    }

    #[test]
    fn a_device_certificate_is_only_that() {
        let authority = authority();
        let device = authority.issue_device("pump", SystemTime::now()).unwrap();
        let parsed = ParsedCertificate::parse(&device.certificate.der).unwrap();
        assert!(!parsed.is_authority);
        assert!(is_signed_by(&device.certificate.der, authority.certificate()).unwrap());
        assert!(
            device
                .private_key_pem
                .starts_with("-----BEGIN PRIVATE KEY-----")
        );
        assert!(!format!("{device:?}").contains("PRIVATE"));
        assert_eq!(
            parsed
                .not_after
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap()
                .as_secs(),
            END.unsigned_abs()
        );
    }

    #[test]
    fn a_request_gets_its_key_and_subject_and_nothing_else() {
        let authority = authority();
        let asks_for_more = request(|params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
            params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().unwrap())];
        });
        let issued = authority
            .issue_for_request(&asks_for_more, SystemTime::now())
            .unwrap();
        let parsed = ParsedCertificate::parse(&issued.der).unwrap();
        assert_eq!(parsed.subject, "CN=own key");
        assert!(!parsed.is_authority && parsed.dns_names.is_empty());
    }

    #[test]
    fn a_request_that_is_none_or_forged_is_refused() {
        let authority = authority();
        let now = SystemTime::now();
        let certificate = authority.issue_for_request(&authority.pem(), now);
        assert!(
            certificate
                .unwrap_err()
                .to_string()
                .contains("found `CERTIFICATE`")
        );
        let text = authority.issue_for_request("hello", now).unwrap_err();
        assert!(text.to_string().contains("not a PEM text"));
        let whole = pem::parse(request(|_| {})).unwrap();
        let mut forged = whole.contents().to_vec();
        *forged.last_mut().unwrap() ^= 1;
        let forged = pem::encode(&pem::Pem::new("CERTIFICATE REQUEST", forged));
        assert!(authority.issue_for_request(&forged, now).is_err());
    }

    #[test]
    fn a_key_of_another_authority_is_refused() {
        let now = SystemTime::now();
        let (authority, _) = DevelopmentAuthority::generate(now).unwrap();
        let (_, other) = DevelopmentAuthority::generate(now).unwrap();
        let error = DevelopmentAuthority::load(&authority.pem(), &other).unwrap_err();
        assert!(error.to_string().contains("do not belong together"));
    }

    #[test]
    fn a_renewed_authority_verifies_what_the_old_one_signed() {
        let now = SystemTime::now();
        let (authority, key) = DevelopmentAuthority::generate(now).unwrap();
        let device = authority.issue_device("pump", now).unwrap();
        let renewed = DevelopmentAuthority::renew(&key, now).unwrap();
        let (old, new) = (
            ParsedCertificate::parse(authority.certificate()).unwrap(),
            ParsedCertificate::parse(renewed.certificate()).unwrap(),
        );
        assert_eq!(old.subject_der, new.subject_der);
        assert!(is_signed_by(&device.certificate.der, renewed.certificate()).unwrap());
    }

    #[test]
    fn a_server_certificate_names_what_it_serves() {
        let names = ["localhost".to_owned(), "gateway.local".to_owned()];
        let addresses = ["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()];
        let server = authority()
            .issue_server(&names, &addresses, SystemTime::now())
            .unwrap();
        let parsed = ParsedCertificate::parse(&server.certificate.der).unwrap();
        assert_eq!(parsed.dns_names, names);
        assert_eq!(parsed.addresses, addresses);
    }
}
