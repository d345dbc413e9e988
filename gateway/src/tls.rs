//! TLS with device certificates: `tls-auth` over the gateway's registry.

use core::fmt;
use std::io;
use std::sync::Arc;

use rustls_pki_types::UnixTime;
use tls_auth::{
    ClientCertificate, ConfigError, Credentials, Outcome, Refusal, ServerAuth, SessionStore,
};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::authorize::Device;
use crate::https::{Handshake, Secured};
use crate::metered::Metered;
use crate::registry::{CertificateId, Registry, RegistryError};

/// Sessions that devices can resume.
const SESSIONS: usize = 10_000;

/// What a client may say before it is known who it is: it and what is read ahead are held together.
const HANDSHAKE_BYTES: usize = 16 * 1024 - READ_AHEAD;

/// What rustls makes room for behind what it has.
const READ_AHEAD: usize = 4096;

/// One TLS endpoint of the gateway.
#[derive(Clone)]
pub struct Endpoint {
    auth: Arc<ServerAuth>,
    acceptor: TlsAcceptor,
    handshake_bytes: usize,
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
            Self::Credentials(error) => {
                write!(f, "the server's certificate cannot be used: {error}")
            }
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
    Tls(io::Error),
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
            .with_authorities(registry.trusted().map_err(EndpointError::Registry)?)
            .with_registry(Arc::clone(registry) as Arc<dyn tls_auth::Registry>)
            .with_client_certificate(clients)
            .with_sessions(SessionStore::new(SESSIONS))
            .build()
            .map_err(EndpointError::Config)?;
        let config = auth.config(alpn).map_err(EndpointError::Config)?;
        Ok(Self {
            auth: Arc::new(auth),
            acceptor: TlsAcceptor::from(config),
            handshake_bytes: HANDSHAKE_BYTES,
        })
    }

    /// The same, for clients that may make the gateway hold this many bytes until the handshake is over, which are 16 KiB
    /// otherwise. TLS itself lets a message of a handshake grow to 64 KiB before it is judged.
    #[must_use]
    pub fn with_unauthenticated_bytes(self, bytes: u32) -> Self {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            handshake_bytes: bytes.saturating_sub(READ_AHEAD).max(READ_AHEAD),
            ..self
        }
    }

    /// Trusts the authorities that the registry has now.
    ///
    /// # Errors
    /// One of them cannot be used; the old ones stay.
    pub fn reload_authorities(&self, registry: &Registry) -> Result<(), EndpointError> {
        let authorities = registry.trusted().map_err(EndpointError::Registry)?;
        self.auth.replace_authorities(authorities);
        Ok(())
    }

    /// Runs the handshake and says who came.
    ///
    /// # Errors
    /// Nobody is let in: the connection is to be dropped. The peer has been told no more than an alert.
    pub async fn accept(
        &self,
        stream: TcpStream,
    ) -> Result<(TlsStream<Metered>, Peer), HandshakeError> {
        let source_ip = stream.peer_addr().ok().map(|address| address.ip());
        let stream = Metered::new(stream, self.handshake_bytes);
        let mut stream = self.acceptor.accept(stream).await.map_err(|error| {
            let refusal = error
                .get_ref()
                .and_then(|inner| inner.downcast_ref())
                .and_then(Refusal::from_rustls);
            match refusal {
                Some(refusal) => HandshakeError::Refused(refusal),
                None => HandshakeError::Tls(error),
            }
        })?;
        stream.get_mut().0.lift();
        let (_, connection) = stream.get_ref();
        let outcome = self
            .auth
            .authenticate(connection, UnixTime::now())
            .map_err(HandshakeError::Refused)?;
        let peer = match outcome {
            Outcome::Authenticated(device) => Peer::Device(Box::new(Device {
                certificate_id: CertificateId::from_bytes(*device.certificate_id().as_bytes()),
                source_ip,
                domain_name: connection.server_name().map(str::to_owned),
            })),
            Outcome::Anonymous(_) => Peer::Anonymous,
            Outcome::Unregistered(device) => {
                return Err(HandshakeError::Unregistered(device.certificate_id()));
            }
            // A new outcome lets nobody in until it is known what it means.
            _ => return Err(HandshakeError::Tls(io::ErrorKind::Unsupported.into())),
        };
        Ok((stream, peer))
    }
}

impl Handshake for Endpoint {
    type Stream = TlsStream<Metered>;

    async fn accept(&self, stream: TcpStream) -> io::Result<Secured<Self::Stream>> {
        let (stream, peer) = Self::accept(self, stream).await.map_err(io::Error::other)?;
        let alpn = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        let device = match peer {
            Peer::Device(device) => Some(*device),
            Peer::Anonymous => None,
        };
        Ok(Secured {
            stream,
            alpn,
            device,
        })
    }
}
