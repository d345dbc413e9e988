use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::SingleCertAndKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    SupportedProtocolVersion,
};

use super::{Credentials, CredentialsError, Diagnosis};
use crate::certificate::Certificate;
use crate::error::Issuers;
use crate::id::PublicKeyHash;
use crate::path::furthest;

/// A device's side of the connection.
///
/// ```
/// use tls_auth::{Credentials, DeviceConfig, alpn};
///
/// let ca = rcgen::generate_simple_self_signed(["ca.example".to_owned()])?;
/// let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
/// let credentials =
///     Credentials::from_pem(pair.cert.pem().as_bytes(), pair.signing_key.serialize_pem().as_bytes())?;
/// let device = DeviceConfig::builder(credentials)
///     .with_server_cas_pem(ca.cert.pem().as_bytes())?
///     .with_alpn(&[alpn::MQTT_CA])
///     .build()?;
///
/// let name = DeviceConfig::server_name("broker.example")?;
/// let connection = rustls::ClientConnection::new(device.config(), name)?;
/// assert!(connection.wants_write());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// With `tokio-rustls`, `TlsConnector::from(device.config()).connect(name, stream)` does the rest.
#[derive(Clone, Debug)]
pub struct DeviceConfig {
    config: Arc<ClientConfig>,
    untrusted: Untrusted,
}

/// The issuers of the last server that led to none of the CAs: rustls' error does not say them.
type Untrusted = Arc<Mutex<Option<Issuers>>>;

/// Options of a [`DeviceConfig`].
///
/// ```
/// use tls_auth::{Credentials, DeviceConfig, DeviceConfigError, PublicKeyHash, alpn};
///
/// let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
/// let credentials = Credentials::from_der(&[pair.cert.der()], &pair.signing_key.serialize_der())?;
/// let device = DeviceConfig::builder(credentials.clone())
///     .with_pinned_server_key(PublicKeyHash::of(b"SubjectPublicKeyInfo of the server"))
///     .with_versions(&[&rustls::version::TLS12])
///     .with_alpn(&[alpn::MQTT_CA])
///     .with_server_name_sent(false)
///     .with_sessions(0)
///     .build()?;
/// assert!(!device.config().enable_sni);
/// assert_eq!(device.config().alpn_protocols, [alpn::MQTT_CA]);
///
/// // Nobody is trusted unless somebody is named.
/// let nobody = DeviceConfig::builder(credentials).build().unwrap_err();
/// assert_eq!(nobody, DeviceConfigError::NobodyTrusted);
/// assert!(DeviceConfig::server_name("no host").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct DeviceConfigBuilder {
    credentials: Option<Credentials>,
    provider: Arc<CryptoProvider>,
    versions: Vec<&'static SupportedProtocolVersion>,
    roots: RootCertStore,
    pins: Vec<PublicKeyHash>,
    alpn: Vec<Vec<u8>>,
    sni: bool,
    sessions: usize,
}

/// A device configuration that cannot be.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum DeviceConfigError {
    /// Neither a CA nor a key of the server was given: nobody could be trusted.
    NobodyTrusted,
    /// The CA bundle is no PEM, or holds no certificate.
    Bundle,
    /// A certificate of the bundle, counted from zero, cannot be a CA.
    Authority(usize),
    /// What was given as a host is neither a DNS name nor an address.
    ServerName(String),
    /// The credentials are none.
    Credentials(CredentialsError),
    /// The provider and the versions have no cipher suite in common, or the like.
    Rustls(Error),
}

impl fmt::Display for DeviceConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NobodyTrusted => {
                f.write_str("no server could be trusted: expected CAs or the key of the server")
            }
            Self::Bundle => f.write_str("malformed CA bundle: expected PEM with `CERTIFICATE`"),
            Self::Authority(index) => write!(
                f,
                "certificate {} of the CA bundle cannot be a CA",
                index.saturating_add(1)
            ),
            Self::ServerName(name) => write!(
                f,
                "`{}` is neither a DNS name nor an address",
                name.escape_debug()
            ),
            Self::Credentials(error) => error.fmt(f),
            Self::Rustls(error) => write!(f, "rustls refuses the configuration: {error}"),
        }
    }
}

impl core::error::Error for DeviceConfigError {}

impl From<CredentialsError> for DeviceConfigError {
    fn from(error: CredentialsError) -> Self {
        Self::Credentials(error)
    }
}

impl DeviceConfig {
    /// Options for a device with this certificate and key.
    #[must_use]
    pub fn builder(credentials: Credentials) -> DeviceConfigBuilder {
        DeviceConfigBuilder {
            credentials: Some(credentials),
            ..Self::builder_without_certificate()
        }
    }

    /// Options for a device without a certificate, which proves otherwise who it is, as by a SigV4 signature.
    ///
    /// ```
    /// use tls_auth::DeviceConfig;
    ///
    /// let ca = rcgen::generate_simple_self_signed(["plant CA".to_owned()])?;
    /// let device = DeviceConfig::builder_without_certificate()
    ///     .with_server_cas_pem(ca.cert.pem().as_bytes())?
    ///     .build()?;
    /// assert!(!device.config().client_auth_cert_resolver.has_certs());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn builder_without_certificate() -> DeviceConfigBuilder {
        DeviceConfigBuilder {
            credentials: None,
            provider: super::ring_provider(),
            versions: rustls::ALL_VERSIONS.to_vec(),
            roots: RootCertStore::empty(),
            pins: Vec::new(),
            alpn: Vec::new(),
            sni: true,
            sessions: 8,
        }
    }

    /// The configuration, to be used for every connection, so that sessions are resumed.
    #[must_use]
    pub fn config(&self) -> Arc<ClientConfig> {
        self.config.clone()
    }

    /// What an error of a handshake with this configuration means: [`Diagnosis::of`], and where no CA is trusted, which one was
    /// found and which was expected, at the last such handshake.
    ///
    /// ```
    /// # use tls_auth::{Credentials, DeviceConfig, PublicKeyHash};
    /// # let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
    /// # let credentials =
    /// #     Credentials::from_pem(pair.cert.pem().as_bytes(), pair.signing_key.serialize_pem().as_bytes())?;
    /// # let device = DeviceConfig::builder(credentials).with_pinned_server_key(PublicKeyHash::of(b"key")).build()?;
    /// let diagnosis = device.diagnose(&rustls::Error::NoApplicationProtocol);
    /// assert_eq!(diagnosis.code(), "no-application-protocol");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn diagnose(&self, error: &Error) -> Diagnosis {
        let diagnosis = Diagnosis::of(error);
        if *error == Error::InvalidCertificate(CertificateError::UnknownIssuer) {
            let untrusted = self.untrusted.lock();
            if let Some(issuers) = &*untrusted.unwrap_or_else(PoisonError::into_inner) {
                return diagnosis.with_issuers(issuers);
            }
        }
        diagnosis
    }

    /// A host to connect to: what is sent as server name, and what the server's certificate is compared with.
    ///
    /// # Errors
    /// [`DeviceConfigError::ServerName`]
    pub fn server_name(host: &str) -> Result<ServerName<'static>, DeviceConfigError> {
        ServerName::try_from(host.to_owned())
            .map_err(|_| DeviceConfigError::ServerName(host.to_owned()))
    }
}

impl DeviceConfigBuilder {
    /// The crypto provider, which is ring's otherwise.
    #[must_use]
    pub fn with_provider(self, provider: Arc<CryptoProvider>) -> Self {
        Self { provider, ..self }
    }

    /// The TLS versions, which are 1.2 and 1.3 otherwise.
    #[must_use]
    pub fn with_versions(self, versions: &[&'static SupportedProtocolVersion]) -> Self {
        Self {
            versions: versions.to_vec(),
            ..self
        }
    }

    /// CAs that the server's certificate may lead to, as PEM.
    ///
    /// # Errors
    /// [`DeviceConfigError::Bundle`] or [`DeviceConfigError::Authority`].
    pub fn with_server_cas_pem(mut self, bundle: &[u8]) -> Result<Self, DeviceConfigError> {
        let certificates = CertificateDer::pem_slice_iter(bundle)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| DeviceConfigError::Bundle)?;
        if certificates.is_empty() {
            return Err(DeviceConfigError::Bundle);
        }
        for (index, certificate) in certificates.into_iter().enumerate() {
            self.roots
                .add(certificate)
                .map_err(|_| DeviceConfigError::Authority(index))?;
        }
        Ok(self)
    }

    /// A CA that the server's certificate may lead to, as DER.
    ///
    /// # Errors
    /// [`DeviceConfigError::Authority`]
    pub fn with_server_ca(mut self, der: &[u8]) -> Result<Self, DeviceConfigError> {
        self.roots
            .add(CertificateDer::from(der.to_vec()))
            .map_err(|_| DeviceConfigError::Authority(0))?;
        Ok(self)
    }

    /// The key that the server must have, or one of several. With CAs both must be right; without, the key is all that is
    /// compared, and neither names nor dates are, as for a server with a certificate of its own making.
    #[must_use]
    pub fn with_pinned_server_key(mut self, key: PublicKeyHash) -> Self {
        self.pins.push(key);
        self
    }

    /// The ALPN names to offer, in order of preference. See [`alpn`](super::alpn).
    #[must_use]
    pub fn with_alpn(self, names: &[&[u8]]) -> Self {
        Self {
            alpn: names.iter().map(|name| name.to_vec()).collect(),
            ..self
        }
    }

    /// Whether the server name is sent; it is unless this says otherwise.
    #[must_use]
    pub fn with_server_name_sent(self, sni: bool) -> Self {
        Self { sni, ..self }
    }

    /// How many servers' sessions are kept to be resumed: 8 unless this says otherwise, none for 0.
    #[must_use]
    pub fn with_sessions(self, sessions: usize) -> Self {
        Self { sessions, ..self }
    }

    /// The configuration.
    ///
    /// # Errors
    /// [`DeviceConfigError::NobodyTrusted`] or [`DeviceConfigError::Rustls`].
    pub fn build(self) -> Result<DeviceConfig, DeviceConfigError> {
        if self.roots.is_empty() && self.pins.is_empty() {
            return Err(DeviceConfigError::NobodyTrusted);
        }
        let names = self.roots.roots.iter();
        let names = names.map(|root| root.subject.as_ref().into()).collect();
        let webpki = if self.roots.is_empty() {
            None
        } else {
            let verifier = WebPkiServerVerifier::builder_with_provider(
                Arc::new(self.roots),
                self.provider.clone(),
            )
            .build()
            .map_err(|error| {
                DeviceConfigError::Rustls(Error::General(alloc::format!("{error}")))
            })?;
            Some(verifier)
        };
        let untrusted = Untrusted::default();
        let verifier = Arc::new(Verifier {
            webpki,
            names,
            untrusted: untrusted.clone(),
            pins: self.pins,
            algorithms: self.provider.signature_verification_algorithms,
        });
        let config = ClientConfig::builder_with_provider(self.provider)
            .with_protocol_versions(&self.versions)
            .map_err(DeviceConfigError::Rustls)?
            // Not more dangerous than the verifier inside it.
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match self.credentials {
            Some(credentials) => config
                .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(credentials.key()))),
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = self.alpn;
        config.enable_sni = self.sni;
        config.resumption = if self.sessions == 0 {
            Resumption::disabled()
        } else {
            Resumption::in_memory_sessions(self.sessions)
        };
        Ok(DeviceConfig {
            config: Arc::new(config),
            untrusted,
        })
    }
}

/// CAs, pinned keys, or both.
#[derive(Debug)]
struct Verifier {
    webpki: Option<Arc<WebPkiServerVerifier>>,
    /// Those of the CAs.
    names: Vec<Box<[u8]>>,
    untrusted: Untrusted,
    pins: Vec<PublicKeyHash>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn note_issuer(&self, end_entity: &[u8], intermediates: &[CertificateDer<'_>]) {
        let Ok(leaf) = Certificate::read(end_entity) else {
            return;
        };
        let intermediates: Vec<Certificate<'_>> = intermediates
            .iter()
            .filter_map(|der| Certificate::read(der).ok())
            .collect();
        let found = furthest(&leaf, &intermediates).issuer();
        let issuers = Issuers::new(found, self.names.iter().map(AsRef::as_ref));
        *self
            .untrusted
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(issuers);
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(webpki) = &self.webpki {
            let verified = webpki.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            );
            if let Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) = verified {
                self.note_issuer(end_entity, intermediates);
            }
            verified?;
        }
        if !self.pins.is_empty() {
            let key = Certificate::parse(end_entity)
                .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?
                .public_key_hash();
            if !self.pins.contains(&key) {
                let error = CertificateError::ApplicationVerificationFailure;
                return Err(Error::InvalidCertificate(error));
            }
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
