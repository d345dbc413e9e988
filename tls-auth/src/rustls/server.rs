use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::OnceLock;

use arc_swap::ArcSwap;
use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::UnixTime;
use rustls::server::{NoServerSessionStorage, ServerConnection};
use rustls::sign::SingleCertAndKey;
use rustls::{DistinguishedName, ServerConfig, SupportedProtocolVersion};

use super::live::Live;
use super::verifier::Verifier;
use super::{Credentials, Outcome, SessionStore, TicketKeys, session, ticket};
use crate::authority::Authorities;
use crate::error::Refusal;
use crate::identity::PrincipalRule;
use crate::judge::memo::Memo;
use crate::judge::{ClientCertificate, Judge, State, TrustMode};
use crate::limits::Limits;
use crate::path::{Policy, Use};
use crate::profile::Profile;
use crate::registry::Registry;
use crate::revocation::RevocationLists;

/// A server that authenticates devices: makes configurations for rustls, and says at the end of each handshake who came.
///
/// One is shared by all connections and listeners of a tenant. See the [crate's page](crate) for a whole server.
///
/// ```
/// # mod memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/support/memory.rs")); }
/// use std::sync::Arc;
/// use rustls::pki_types::UnixTime;
/// use tls_auth::{Authorities, MemoryRegistry, Owner, Record, ServerAuth, Status};
///
/// let plant = memory::plant()?;
/// let registry = Arc::new(MemoryRegistry::new());
/// let record = Record::new(Status::Active, Owner::new("acme")).with_authority(plant.authority.id());
/// registry.insert(plant.device_id, &record)?;
/// let auth = ServerAuth::builder(plant.server)
///     .with_authorities(Authorities::new([plant.authority]))
///     .with_registry(registry.clone())
///     .build()?;
///
/// let attempt = auth.attempt(&[])?;
/// let connection = memory::handshake(&plant.device, attempt.config())?;
/// let device = attempt.authenticate(&connection, UnixTime::now())?.authenticated();
/// assert_eq!(device.map(|device| device.certificate_id()), Some(plant.device_id));
///
/// // Without its CA the device is a stranger at once, on the connection that is open as well.
/// auth.replace_authorities(Authorities::new([]));
/// let refusal = auth.authenticate(&connection, UnixTime::now()).unwrap_err();
/// assert_eq!(refusal.kind().code(), "unknown-issuer");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ServerAuth {
    judge: Arc<Judge>,
    provider: Arc<CryptoProvider>,
    credentials: Credentials,
    versions: Vec<&'static SupportedProtocolVersion>,
    client_certificate: ClientCertificate,
    server_names: Vec<String>,
    requires_server_name: bool,
    sessions: Option<SessionStore>,
    tickets: Option<TicketKeys>,
    context: Arc<[u8]>,
    hints: bool,
    live: Arc<Live>,
}

/// Options of a [`ServerAuth`].
///
/// ```
/// # mod memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/support/memory.rs")); }
/// use std::time::Duration;
/// use tls_auth::{
///     Authorities, ClientCertificate, Limits, PrincipalRule, Profile, RevocationLists, RevocationPolicy, ServerAuth,
///     SessionStore, TicketKeys,
/// };
///
/// let plant = memory::plant()?;
/// let auth = ServerAuth::builder(plant.server)
///     .with_authorities(Authorities::new([plant.authority]))
///     .with_versions(&[&rustls::version::TLS13])
///     .with_revocation(RevocationLists::new([], RevocationPolicy::default().dangerous_accept_unknown(true)))
///     .with_profile(Profile::lenient())
///     .with_limits(Limits::default().with_certificates(4))
///     .with_principal(PrincipalRule::spiffe_id().or(PrincipalRule::certificate_id()))
///     .with_client_certificate(ClientCertificate::Optional)
///     .with_server_names(["broker.example"])
///     .with_server_name_required(true)
///     .with_sessions(SessionStore::new(10_000))
///     .with_tickets(TicketKeys::new(Duration::from_secs(3_600))?)
///     .with_session_context(b"acme")
///     .with_root_hints(true)
///     .with_remembered_paths(1_000)
///     .build()?;
/// assert_eq!(auth.server_names(), ["broker.example"]);
/// assert!(auth.requires_server_name() && auth.client_certificate() == ClientCertificate::Optional);
///
/// let bad = ServerAuth::builder(memory::plant()?.server).with_server_names(["no name"]).build();
/// assert_eq!(bad.unwrap_err().to_string(), "`no name` is no DNS name");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ServerAuthBuilder {
    provider: Arc<CryptoProvider>,
    credentials: Credentials,
    versions: Vec<&'static SupportedProtocolVersion>,
    authorities: Authorities,
    lists: RevocationLists,
    registry: Option<Arc<dyn Registry>>,
    mode: TrustMode,
    client_certificate: ClientCertificate,
    profile: Profile,
    limits: Limits,
    principal: PrincipalRule,
    server_names: Vec<String>,
    requires_server_name: bool,
    sessions: Option<SessionStore>,
    tickets: Option<TicketKeys>,
    context: Option<Arc<[u8]>>,
    hints: bool,
    remembered: usize,
}

/// A configuration that cannot be.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ConfigError {
    /// Nobody could ever be let in: the mode asks for a registry, and there is none.
    NobodyTrusted(&'static str),
    /// A server name is no DNS name.
    ServerName(String),
    /// Another tenant has this server name.
    NameTaken(String),
    /// A tenant has no server name that it could be chosen by.
    Nameless,
    /// The provider and the versions have no cipher suite in common, or the like.
    Rustls(rustls::Error),
    /// The system gave no randomness.
    NoRandomness,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NobodyTrusted(reason) => write!(f, "nobody could be let in: {reason}"),
            Self::ServerName(name) => write!(f, "`{}` is no DNS name", name.escape_debug()),
            Self::NameTaken(name) => write!(f, "another tenant has the server name `{name}`"),
            Self::Nameless => {
                f.write_str("the tenant has no server name that it could be chosen by")
            }
            Self::Rustls(error) => write!(f, "rustls refuses the configuration: {error}"),
            Self::NoRandomness => f.write_str("the system gave no randomness"),
        }
    }
}

impl core::error::Error for ConfigError {}

impl From<ticket::NoRandomness> for ConfigError {
    fn from(_: ticket::NoRandomness) -> Self {
        Self::NoRandomness
    }
}

impl ServerAuthBuilder {
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

    /// The CAs that are registered. None otherwise.
    #[must_use]
    pub fn with_authorities(self, authorities: Authorities) -> Self {
        Self {
            authorities,
            ..self
        }
    }

    /// The certificates that are registered. Without a registry whoever leads to an active CA is let in.
    #[must_use]
    pub fn with_registry(self, registry: Arc<dyn Registry>) -> Self {
        Self {
            registry: Some(registry),
            ..self
        }
    }

    /// Whom to trust.
    #[must_use]
    pub fn with_trust(self, mode: TrustMode) -> Self {
        Self { mode, ..self }
    }

    /// Whether a client must have a certificate.
    #[must_use]
    pub fn with_client_certificate(self, client_certificate: ClientCertificate) -> Self {
        Self {
            client_certificate,
            ..self
        }
    }

    /// Revocation lists, and what they are asked for. Nothing otherwise.
    #[must_use]
    pub fn with_revocation(self, lists: RevocationLists) -> Self {
        Self { lists, ..self }
    }

    /// Which departures from the standard are let pass.
    #[must_use]
    pub fn with_profile(self, profile: Profile) -> Self {
        Self { profile, ..self }
    }

    /// What a Certificate message may ask of the server.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// What devices are known by.
    #[must_use]
    pub fn with_principal(self, principal: PrincipalRule) -> Self {
        Self { principal, ..self }
    }

    /// The server names that this tenant answers to. With none it answers to all.
    #[must_use]
    pub fn with_server_names<'n>(self, names: impl IntoIterator<Item = &'n str>) -> Self {
        let server_names = names.into_iter().map(str::to_ascii_lowercase).collect();
        Self {
            server_names,
            ..self
        }
    }

    /// Whether devices must send a server name (`SNI_ONLY` of the service).
    #[must_use]
    pub fn with_server_name_required(self, requires_server_name: bool) -> Self {
        Self {
            requires_server_name,
            ..self
        }
    }

    /// Where sessions that may be resumed are kept; without it, and without tickets, every handshake is a full one.
    #[must_use]
    pub fn with_sessions(self, sessions: SessionStore) -> Self {
        Self {
            sessions: Some(sessions),
            ..self
        }
    }

    /// Keys for session tickets.
    #[must_use]
    pub fn with_tickets(self, tickets: TicketKeys) -> Self {
        Self {
            tickets: Some(tickets),
            ..self
        }
    }

    /// What binds sessions to this tenant where stores or keys are shared, as between processes. Random otherwise. Two tenants
    /// must not have the same.
    #[must_use]
    pub fn with_session_context(self, context: &[u8]) -> Self {
        Self {
            context: Some(crate::id::sha256(context).into()),
            ..self
        }
    }

    /// Whether the names of the active CAs are sent, for devices that have several certificates to choose from. It tells
    /// everybody who the CAs are, and is off otherwise. Names of more than 16 KiB together are not sent. A
    /// [configuration for all](ServerAuth::config) keeps those of the CAs that were there when it was made.
    #[must_use]
    pub fn with_root_hints(self, hints: bool) -> Self {
        Self { hints, ..self }
    }

    /// How many verified paths are remembered, so that they are not verified again at the next handshake. 16,384 otherwise,
    /// at some 500 bytes each.
    #[must_use]
    pub fn with_remembered_paths(self, remembered: usize) -> Self {
        Self { remembered, ..self }
    }

    /// The server.
    ///
    /// # Errors
    /// See [`ConfigError`]. A server without CAs and registry is one that refuses everybody.
    pub fn build(self) -> Result<ServerAuth, ConfigError> {
        if self.registry.is_none() && self.mode == TrustMode::Exact {
            return Err(ConfigError::NobodyTrusted(
                "exact trust asks for a registry",
            ));
        }
        for name in &self.server_names {
            rustls::pki_types::DnsName::try_from(name.as_str())
                .map_err(|_| ConfigError::ServerName(name.clone()))?;
        }
        let mode = if self.registry.is_none() {
            // Nobody is registered for themselves.
            TrustMode::Chain
        } else {
            self.mode
        };
        let context = match self.context {
            Some(context) => context,
            None => {
                let mut context = [0; 32];
                SystemRandom::new()
                    .fill(&mut context)
                    .map_err(|_| ConfigError::NoRandomness)?;
                context.into()
            }
        };
        let judge = Judge {
            policy: Policy {
                usage: Use::Client,
                profile: self.profile,
                limits: self.limits,
                algorithms: self.provider.signature_verification_algorithms.all,
                known_by_common_name: self.principal.is_common_name(),
            },
            mode,
            principal: self.principal,
            registry: self.registry,
            state: ArcSwap::from_pointee(State {
                authorities: self.authorities,
                lists: self.lists,
            }),
            memo: Memo::new(self.remembered),
        };
        let server = ServerAuth {
            judge: Arc::new(judge),
            provider: self.provider,
            credentials: self.credentials,
            versions: self.versions,
            client_certificate: self.client_certificate,
            server_names: self.server_names,
            requires_server_name: self.requires_server_name,
            sessions: self.sessions,
            tickets: self.tickets,
            context,
            hints: self.hints,
            live: Arc::default(),
        };
        // What rustls would refuse is refused now, so that no connection finds it out.
        server.make_config(&[], None).map_err(ConfigError::Rustls)?;
        Ok(server)
    }
}

impl ServerAuth {
    /// Options for a server with this certificate and key.
    #[must_use]
    pub fn builder(credentials: Credentials) -> ServerAuthBuilder {
        ServerAuthBuilder {
            provider: super::ring_provider(),
            credentials,
            versions: rustls::ALL_VERSIONS.to_vec(),
            authorities: Authorities::default(),
            lists: RevocationLists::default(),
            registry: None,
            mode: TrustMode::default(),
            client_certificate: ClientCertificate::default(),
            profile: Profile::default(),
            limits: Limits::default(),
            principal: PrincipalRule::default(),
            server_names: Vec::new(),
            requires_server_name: false,
            sessions: None,
            tickets: None,
            context: None,
            hints: false,
            remembered: 16_384,
        }
    }

    /// A configuration for every connection of a listener, with its ALPN names in order of preference.
    ///
    /// A device that is refused gets the alert `certificate_unknown` whatever the reason, and the reason is in the error:
    /// [`Refusal::from_rustls`]. For alerts that say more, see [`ServerAuth::attempt`].
    ///
    /// # Errors
    /// None after [`ServerAuthBuilder::build`], which tried.
    pub fn config(&self, alpn: &[&[u8]]) -> Result<Arc<ServerConfig>, ConfigError> {
        let config = self.make_config(alpn, None);
        config.map(Arc::new).map_err(ConfigError::Rustls)
    }

    /// One handshake, with a configuration of its own: the alert is the one of the refusal, and the refusal is kept.
    ///
    /// # Errors
    /// None after [`ServerAuthBuilder::build`], which tried.
    pub fn attempt(&self, alpn: &[&[u8]]) -> Result<Attempt<'_>, ConfigError> {
        let refusal = Arc::new(OnceLock::new());
        let config = self
            .make_config(alpn, Some(refusal.clone()))
            .map_err(ConfigError::Rustls)?;
        Ok(Attempt {
            server: self,
            config: Arc::new(config),
            refusal,
        })
    }

    fn make_config(
        &self,
        alpn: &[&[u8]],
        refusal: Option<Arc<OnceLock<Refusal>>>,
    ) -> Result<ServerConfig, rustls::Error> {
        let hints = if self.hints {
            hints(&self.judge.state.load().authorities)
        } else {
            Vec::new()
        };
        let verifier = Verifier {
            judge: self.judge.clone(),
            algorithms: self.provider.signature_verification_algorithms,
            certificate: self.client_certificate,
            hints: hints.into(),
            refusal,
        };
        let mut config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&self.versions)?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(self.credentials.key())));
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        config.session_storage = match &self.sessions {
            Some(store) => Arc::new(session::Bound {
                store: store.clone(),
                context: self.context.clone(),
            }),
            None => Arc::new(NoServerSessionStorage {}),
        };
        if let Some(keys) = &self.tickets {
            config.ticketer = Arc::new(ticket::Bound {
                keys: keys.clone(),
                context: self.context.clone(),
            });
        }
        if self.sessions.is_none() && self.tickets.is_none() {
            config.send_tls13_tickets = 0;
        }
        // What comes before the end of the handshake comes before anyone was judged.
        config.max_early_data_size = 0;
        config.send_half_rtt_data = false;
        Ok(config)
    }

    /// Replaces the CAs for every handshake and resumption from now on. A set that could not be made leaves the old one.
    pub fn replace_authorities(&self, authorities: Authorities) {
        self.judge.state.rcu(|state| State {
            authorities: authorities.clone(),
            lists: state.lists.clone(),
        });
    }

    /// Replaces the revocation lists for every handshake and resumption from now on.
    pub fn replace_revocation(&self, lists: RevocationLists) {
        self.judge.state.rcu(|state| State {
            authorities: state.authorities.clone(),
            lists: lists.clone(),
        });
    }

    /// The names that it answers to, in lower case.
    #[must_use]
    pub fn server_names(&self) -> &[String] {
        &self.server_names
    }

    /// Whether devices must send a server name.
    #[must_use]
    pub fn requires_server_name(&self) -> bool {
        self.requires_server_name
    }

    /// Whether clients must have a certificate.
    #[must_use]
    pub fn client_certificate(&self) -> ClientCertificate {
        self.client_certificate
    }

    pub(super) fn answers_to(&self, name: &str) -> bool {
        self.server_names.is_empty()
            || self
                .server_names
                .iter()
                .any(|own| own.eq_ignore_ascii_case(name))
    }

    pub(super) fn judge(&self) -> &Judge {
        &self.judge
    }

    pub(super) fn live(&self) -> &Arc<Live> {
        &self.live
    }
}

/// The names of the CAs that are active. Too many for a message are as good as none, since none means any.
fn hints(authorities: &Authorities) -> Vec<DistinguishedName> {
    /// A record of TLS.
    const MAX_BYTES: usize = 16 * 1024;
    let mut names: Vec<&[u8]> = authorities.active_names().collect();
    names.sort_unstable();
    names.dedup();
    let names: Vec<DistinguishedName> = names
        .into_iter()
        .map(DistinguishedName::in_sequence)
        .collect();
    // Each has two octets of length.
    let bytes = names
        .iter()
        .map(|name| name.as_ref().len().saturating_add(2))
        .fold(0, usize::saturating_add);
    if bytes <= MAX_BYTES {
        names
    } else {
        Vec::new()
    }
}

/// One handshake with a configuration of its own: see [`ServerAuth::attempt`].
///
/// ```
/// # mod memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/support/memory.rs")); }
/// use tls_auth::{Alert, Authorities, ServerAuth};
///
/// let plant = memory::plant()?;
/// let auth = ServerAuth::builder(plant.server).build()?;      // nobody is trusted
/// let attempt = auth.attempt(&[])?;
/// assert!(memory::handshake(&plant.device, attempt.config()).is_err());
/// let refusal = attempt.refusal().expect("the certificate was refused");
/// assert_eq!(refusal.alert(), Alert::UnknownCa);
/// assert!(refusal.to_string().ends_with("found the issuer `CN=plant CA`, and no CA is trusted"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Attempt<'s> {
    server: &'s ServerAuth,
    config: Arc<ServerConfig>,
    refusal: Arc<OnceLock<Refusal>>,
}

impl Attempt<'_> {
    /// The configuration, for one connection.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        self.config.clone()
    }

    /// Why the handshake failed, if it was for the device's certificate.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.get()
    }

    /// [`ServerAuth::authenticate`] of the server that the handshake was with.
    ///
    /// # Errors
    /// As [`ServerAuth::authenticate`].
    pub fn authenticate(
        &self,
        connection: &ServerConnection,
        now: UnixTime,
    ) -> Result<Outcome, Refusal> {
        self.server.authenticate(connection, now)
    }
}
