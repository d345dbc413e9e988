//! TLS with device certificates: `tls-auth` over the gateway's registry.

use core::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use iot_policy::{AlternativeName, Certificate as PolicyCertificate, NameAttribute};
use rustls_pki_types::UnixTime;
use tls_auth::{
    Authenticated, Authorities, Authority, Certificate, ClientCertificate, ConfigError,
    Credentials, GeneralName, GeneralNames, LookupFailed, Name, Outcome, Owner, Profile, Record,
    Refusal, ServerAuth, SessionStore, Status,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::authorize::Device;
use crate::registry::{
    CertificateId, CertificateStatus, Registry, RegistryError, RegistryErrorKind,
};

/// Sessions that devices can resume.
const SESSIONS: usize = 10_000;

/// One TLS endpoint of the gateway.
#[derive(Clone)]
pub struct Endpoint {
    auth: Arc<ServerAuth>,
    acceptor: TlsAcceptor,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").finish_non_exhaustive()
    }
}

/// Who is at the other end of a connection.
#[derive(Debug)]
pub enum Peer {
    /// A device whose certificate is good.
    Device(Box<Device>),
    /// Somebody without a certificate, who has to prove otherwise who they are.
    Anonymous,
}

/// Why an endpoint cannot be made.
#[derive(Debug)]
pub enum EndpointError {
    /// The server's certificate or key.
    Credentials(tls_auth::CredentialsError),
    /// An authority of the registry.
    Authority(Refusal),
    /// The combination of both.
    Config(ConfigError),
    /// The registry.
    Registry(RegistryError),
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credentials(error) => write!(f, "the server's certificate cannot be used: {error}"),
            Self::Authority(error) => write!(f, "a registered authority cannot be used: {error}"),
            Self::Config(error) => write!(f, "TLS cannot be set up: {error}"),
            Self::Registry(error) => write!(f, "the registry cannot be read: {error}"),
        }
    }
}

impl std::error::Error for EndpointError {}

/// Why nobody was let in.
#[derive(Debug)]
pub enum HandshakeError {
    /// TLS itself, or the connection.
    Tls(std::io::Error),
    /// The device's certificate.
    Refused(Refusal),
    /// An unknown certificate of an authority with auto-registration. It is registered when a provisioning template
    /// says how.
    Unregistered(tls_auth::CertificateId),
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls(error) => write!(f, "the TLS handshake failed: {error}"),
            Self::Refused(refusal) => write!(f, "the certificate was refused: {refusal}"),
            Self::Unregistered(id) => write!(f, "the certificate {id} is not registered"),
        }
    }
}

impl std::error::Error for HandshakeError {}

impl Endpoint {
    /// An endpoint with the server's chain and key in PEM, which trusts what the registry has.
    ///
    /// # Errors
    /// Something of it cannot be used.
    pub fn new(
        chain: &[u8],
        key: &[u8],
        registry: &Arc<Registry>,
        clients: ClientCertificate,
        alpn: &[&[u8]],
    ) -> Result<Self, EndpointError> {
        let credentials = Credentials::from_pem(chain, key).map_err(EndpointError::Credentials)?;
        let auth = ServerAuth::builder(credentials)
            .with_authorities(authorities(registry)?)
            .with_registry(Arc::new(Known(Arc::clone(registry))))
            .with_client_certificate(clients)
            .with_sessions(SessionStore::new(SESSIONS))
            .build()
            .map_err(EndpointError::Config)?;
        let config = auth.config(alpn).map_err(EndpointError::Config)?;
        Ok(Self {
            auth: Arc::new(auth),
            acceptor: TlsAcceptor::from(config),
        })
    }

    /// Trusts the authorities that the registry has now.
    ///
    /// # Errors
    /// One of them cannot be used; the old ones stay.
    pub fn reload_authorities(&self, registry: &Registry) -> Result<(), EndpointError> {
        self.auth.replace_authorities(authorities(registry)?);
        Ok(())
    }

    /// Runs the handshake and says who came.
    ///
    /// # Errors
    /// Nobody is let in: the connection is to be dropped. The peer has been told no more than an alert.
    pub async fn accept(
        &self,
        stream: TcpStream,
    ) -> Result<(TlsStream<TcpStream>, Peer), HandshakeError> {
        let source_ip = stream.peer_addr().ok().map(|address| address.ip());
        let stream = self.acceptor.accept(stream).await.map_err(|error| {
            let refusal = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref())
                .and_then(Refusal::from_rustls);
            match refusal {
                Some(refusal) => HandshakeError::Refused(refusal),
                None => HandshakeError::Tls(error),
            }
        })?;
        let (_, connection) = stream.get_ref();
        let outcome = self
            .auth
            .authenticate(connection, UnixTime::now())
            .map_err(HandshakeError::Refused)?;
        let peer = match outcome {
            Outcome::Authenticated(device) => {
                let domain_name = connection.server_name().map(str::to_owned);
                Peer::Device(Box::new(device_of(&device, source_ip, domain_name)?))
            }
            Outcome::Anonymous(_) => Peer::Anonymous,
            Outcome::Unregistered(device) => {
                return Err(HandshakeError::Unregistered(device.certificate_id()));
            }
            // A new outcome lets nobody in until it is known what it means.
            _ => return Err(HandshakeError::Tls(std::io::ErrorKind::Unsupported.into())),
        };
        Ok((stream, peer))
    }
}

fn authorities(registry: &Registry) -> Result<Authorities, EndpointError> {
    let profile = Profile::default();
    let mut all = Vec::new();
    for authority in registry.authorities().map_err(EndpointError::Registry)? {
        let made = Authority::new(&authority.der, &profile)
            .map_err(EndpointError::Authority)?
            .with_active(authority.active)
            .with_auto_registration(authority.auto_registration);
        all.push(made);
    }
    Ok(Authorities::new(all))
}

fn device_of(
    device: &Authenticated,
    source_ip: Option<IpAddr>,
    domain_name: Option<String>,
) -> Result<Device, HandshakeError> {
    let certificate = device.certificate().map_err(HandshakeError::Refused)?;
    let certificate_id = CertificateId::from_bytes(*device.certificate_id().as_bytes());
    Ok(Device {
        certificate_id,
        certificate: policy_certificate(&certificate, certificate_id),
        source_ip,
        domain_name,
    })
}

/// A certificate as policies see it.
fn policy_certificate(certificate: &Certificate<'_>, id: CertificateId) -> PolicyCertificate {
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

/// The registry as `tls-auth` asks it.
#[derive(Debug)]
struct Known(Arc<Registry>);

impl tls_auth::Registry for Known {
    fn find(&self, id: &tls_auth::CertificateId) -> Result<Option<Record>, LookupFailed> {
        let found = self.0.certificate(&CertificateId::from_bytes(*id.as_bytes()));
        match found {
            Ok(certificate) => {
                let record = Record::new(status(certificate.status), Owner::new("gateway"));
                Ok(Some(match certificate.ca_certificate_id {
                    Some(ca) => {
                        record.with_authority(tls_auth::CertificateId::from_bytes(*ca.as_bytes()))
                    }
                    None => record,
                }))
            }
            Err(error) if error.kind() == RegistryErrorKind::NotFound => Ok(None),
            Err(error) => {
                tracing::error!(%error, "the registry cannot be read");
                Err(LookupFailed)
            }
        }
    }
}

const fn status(status: CertificateStatus) -> Status {
    match status {
        CertificateStatus::Active => Status::Active,
        CertificateStatus::Inactive => Status::Inactive,
        CertificateStatus::Revoked => Status::Revoked,
        CertificateStatus::PendingTransfer => Status::PendingTransfer,
        CertificateStatus::RegisterInactive => Status::RegisterInactive,
        CertificateStatus::PendingActivation => Status::PendingActivation,
    }
}
