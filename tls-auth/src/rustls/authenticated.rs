use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::certificate::Certificate;
use crate::error::Refusal;
use crate::id::CertificateId;
use crate::identity::{Principal, TemplateParameters, Variable};
use crate::judge::Known;
use crate::registry::{Owner, Record, Status};

/// What a handshake that ended came to.
///
/// Three types, so that none is taken for another: a function that serves devices takes an [`Authenticated`].
///
/// ```
/// # mod memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/support/memory.rs")); }
/// use rustls::pki_types::UnixTime;
/// use tls_auth::{Authorities, Outcome, ServerAuth};
///
/// let plant = memory::plant()?;
/// let auth =
///     ServerAuth::builder(plant.server).with_authorities(Authorities::new([plant.authority])).build()?;
/// let connection = memory::handshake(&plant.device, auth.config(&[])?)?;
/// match auth.authenticate(&connection, UnixTime::now())? {
///     Outcome::Authenticated(device) => assert_eq!(device.certificate_id(), plant.device_id),
///     Outcome::Unregistered(_) => unreachable!("nothing is registered one by one here"),
///     _ => unreachable!("a certificate is required"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// A device that is registered and active, or leads to a CA where that is enough.
    Authenticated(Authenticated),
    /// A device that proved its key and whose CA offers it for registration.
    Unregistered(Unregistered),
    /// Nobody: no certificate was sent, and none is required.
    Anonymous(Anonymous),
}

impl Outcome {
    /// The device, if there is one.
    #[must_use]
    pub fn authenticated(self) -> Option<Authenticated> {
        match self {
            Self::Authenticated(device) => Some(device),
            _ => None,
        }
    }
}

/// A device that proved to have the key of a certificate which is good now.
///
/// Only [`ServerAuth::authenticate`](crate::ServerAuth::authenticate) makes one, at the end of a full handshake and of a
/// resumption alike.
///
/// ```
/// # mod memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/support/memory.rs")); }
/// use rustls::pki_types::UnixTime;
/// use tls_auth::{Authenticated, Authorities, PrincipalRule, ServerAuth, Variable};
///
/// fn greet(device: &Authenticated) -> String {
///     format!("hello, {}", device.principal())
/// }
///
/// let plant = memory::plant()?;
/// let ca = plant.authority.id();
/// let auth = ServerAuth::builder(plant.server)
///     .with_authorities(Authorities::new([plant.authority]))
///     .with_principal(PrincipalRule::common_name().for_mqtt())
///     .build()?;
/// let connection = memory::handshake(&plant.device, auth.config(&[])?)?;
/// let device = auth.authenticate(&connection, UnixTime::now())?.authenticated().expect("it leads to the CA");
///
/// assert_eq!(greet(&device), "hello, sensor-17");
/// assert_eq!((device.authority(), device.owner()), (Some(ca), None));
/// assert!(!device.is_resumed());
/// let name = device.variable("iot:Certificate.Subject.CommonName");
/// assert_eq!(name, Variable::Value("sensor-17".to_owned()));
/// assert_eq!(device.certificate()?.subject().to_string(), "CN=sensor-17");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail
/// let forged = tls_auth::Authenticated {};
/// ```
#[derive(Clone)]
pub struct Authenticated {
    known: Arc<Known>,
    owner: Option<Owner>,
    der: Arc<[u8]>,
    resumed: bool,
}

impl fmt::Debug for Authenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated")
            .field("certificate", &self.known.certificate)
            .field("owner", &self.owner)
            .field("principal", &self.known.principal)
            .field("resumed", &self.resumed)
            .finish_non_exhaustive()
    }
}

impl Authenticated {
    pub(super) fn new(
        known: Arc<Known>,
        record: Option<Record>,
        der: &[u8],
        resumed: bool,
    ) -> Self {
        Self {
            owner: record.map(|record| record.owner().clone()),
            known,
            der: der.into(),
            resumed,
        }
    }

    /// The id of its certificate.
    #[must_use]
    pub fn certificate_id(&self) -> CertificateId {
        self.known.certificate
    }

    /// Whose it is, by the registry; none where certificates are not registered one by one.
    #[must_use]
    pub fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }

    /// The CA that its certificate led to; none when it is registered without one.
    #[must_use]
    pub fn authority(&self) -> Option<CertificateId> {
        self.known.evidence.authority()
    }

    /// What it is known by, by the rule of the server.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.known.principal
    }

    /// Whether it resumed a session.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// The last second, counted from 1970, in which everything on its path is valid.
    #[must_use]
    pub fn valid_until(&self) -> i64 {
        self.known.evidence.validity().not_after()
    }

    /// The DER of its certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its certificate, read now: who never asks does not pay for it.
    ///
    /// # Errors
    /// None in fact, since it was read before.
    pub fn certificate(&self) -> Result<Certificate<'_>, Refusal> {
        Certificate::parse(&self.der)
    }

    /// The value of a policy variable of the service, such as `iot:Certificate.Subject.CommonName`, without `${` and `}`.
    #[must_use]
    pub fn variable(&self, name: &str) -> Variable {
        match self.certificate() {
            Ok(certificate) => Variable::of(&certificate, name),
            Err(_) => Variable::Absent,
        }
    }

    pub(super) fn known(&self) -> &Arc<Known> {
        &self.known
    }
}

/// A device of a CA with auto-registration that nobody registered yet, or nobody activated since.
///
/// It proved to have the key of a certificate which leads to that CA, and no more: register it, run the provisioning template,
/// and close the connection; when it comes back and is active, it is [`Authenticated`].
///
/// ```
/// # mod memory { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/support/memory.rs")); }
/// use std::sync::Arc;
/// use rustls::pki_types::UnixTime;
/// use tls_auth::{Authorities, MemoryRegistry, Outcome, Owner, ServerAuth, Status};
///
/// let plant = memory::plant()?;
/// let registry = Arc::new(MemoryRegistry::new());
/// let auth = ServerAuth::builder(plant.server)
///     .with_authorities(Authorities::new([plant.authority.with_auto_registration(true)]))
///     .with_registry(registry.clone())
///     .build()?;
/// let connection = memory::handshake(&plant.device, auth.config(&[])?)?;
/// let Outcome::Unregistered(device) = auth.authenticate(&connection, UnixTime::now())? else {
///     unreachable!("nobody registered it");
/// };
/// assert_eq!(device.parameters().value("AWS::IoT::Certificate::CommonName"), Some("sensor-17"));
///
/// registry.insert(device.certificate_id(), &device.pending_record(Owner::new("acme")))?;
/// registry.set_status(&device.certificate_id(), Status::Active)?;
/// assert!(auth.authenticate(&connection, UnixTime::now())?.authenticated().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Unregistered {
    certificate: CertificateId,
    authority: CertificateId,
    principal: Principal,
    parameters: TemplateParameters,
    record: Option<Record>,
    der: Vec<u8>,
}

impl Unregistered {
    pub(super) fn new(
        known: &Known,
        authority: CertificateId,
        record: Option<Record>,
        der: &[u8],
    ) -> Result<Self, Refusal> {
        Ok(Self {
            certificate: known.certificate,
            authority,
            principal: known.principal.clone(),
            parameters: TemplateParameters::of(&Certificate::parse(der)?),
            record,
            der: der.to_vec(),
        })
    }

    /// The id of its certificate: `certificateId` of the event that the service publishes.
    #[must_use]
    pub fn certificate_id(&self) -> CertificateId {
        self.certificate
    }

    /// The CA: `caCertificateId`.
    #[must_use]
    pub fn authority(&self) -> CertificateId {
        self.authority
    }

    /// What it would be known by.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// What a provisioning template may take from the certificate.
    #[must_use]
    pub fn parameters(&self) -> &TemplateParameters {
        &self.parameters
    }

    /// What the registry says of it: none, or that it waits to be activated.
    #[must_use]
    pub fn record(&self) -> Option<&Record> {
        self.record.as_ref()
    }

    /// The record to insert for it: [`Status::PendingActivation`], under its CA.
    #[must_use]
    pub fn pending_record(&self, owner: Owner) -> Record {
        Record::new(Status::PendingActivation, owner).with_authority(self.authority)
    }

    /// The DER of its certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

/// A connection of nobody: no certificate was sent where none is required. It must be authenticated otherwise, as by a signed
/// request, before it may do anything.
#[derive(Clone, Copy, Debug)]
pub struct Anonymous {
    pub(super) _private: (),
}
