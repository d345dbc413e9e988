//! What a device may do: the policies of its certificate, bound to its connection, and bound again when they change.

use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use iot_policy::{
    Bound, Certificate, ConnectionContext, Policy, PolicySet, Request, Scope, Transport,
};
use mqtt_codec::{Connect, ReasonCode, Version};
use parking_lot::{Mutex, RwLock};

use crate::access::{Access, Operation};
use crate::broker::Broker;
use crate::connection::Admission;
use crate::registry::{
    CertificateId, CertificateStatus, Change, Registry, RegistryError, Thing, ThingName,
};

/// A device whose certificate has been authenticated.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its certificate's id.
    pub certificate_id: CertificateId,
    /// What its certificate says, as policies see it.
    pub certificate: Certificate,
    /// Where it connects from.
    pub source_ip: Option<IpAddr>,
    /// The name under which it reached the gateway.
    pub domain_name: Option<String>,
}

/// Gives devices their permissions, and takes them away.
pub struct Authorizer {
    registry: Arc<Registry>,
    scope: Scope,
    /// The compiled policies of each certificate that is connected.
    sets: Mutex<HashMap<CertificateId, Arc<PolicySet>>>,
    /// Connections to look after, by certificate.
    live: Mutex<HashMap<CertificateId, Vec<Weak<DeviceAccess>>>>,
}

impl core::fmt::Debug for Authorizer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Authorizer").finish_non_exhaustive()
    }
}

impl Authorizer {
    /// An authorizer for resources of this scope.
    #[must_use]
    pub fn new(registry: Arc<Registry>, scope: Scope) -> Arc<Self> {
        Arc::new(Self {
            registry,
            scope,
            sets: Mutex::default(),
            live: Mutex::default(),
        })
    }

    /// Who decides on the CONNECT of a device.
    #[must_use]
    pub fn admission(self: &Arc<Self>, device: Device, transport: Transport) -> Arc<dyn Admission> {
        Arc::new(DeviceAdmission {
            authorizer: Arc::clone(self),
            device,
            transport,
        })
    }

    /// What a device may do with an HTTPS request.
    ///
    /// # Errors
    /// The registry cannot be read.
    pub fn bind_http(&self, device: &Device) -> Result<Bound, RegistryError> {
        let set = self.set(&device.certificate_id)?;
        // Things have no variables over HTTP, and there is no client identifier.
        Ok(set.bind(&context(device, "", Transport::Http)))
    }

    /// The compiled policies of a certificate.
    fn set(&self, id: &CertificateId) -> Result<Arc<PolicySet>, RegistryError> {
        if let Some(set) = self.sets.lock().get(id) {
            return Ok(Arc::clone(set));
        }
        let set = Arc::new(self.compile(id)?);
        self.sets.lock().insert(*id, Arc::clone(&set));
        Ok(set)
    }

    fn compile(&self, id: &CertificateId) -> Result<PolicySet, RegistryError> {
        let mut parsed: Vec<(String, Policy)> = Vec::new();
        for policy in self.registry.policies_of(id)? {
            match Policy::parse(policy.document.as_bytes()) {
                Ok(document) => parsed.push((policy.policy_name, document)),
                Err(error) => {
                    // One of the documents may have denied something: without it nothing can be allowed.
                    tracing::error!(policy = policy.policy_name, %error, "a stored policy cannot be read");
                    return Ok(PolicySet::compile(NOTHING, self.scope.clone()));
                }
            }
        }
        let named = parsed.iter().map(|(name, policy)| (name.as_str(), policy));
        Ok(PolicySet::compile(named, self.scope.clone()))
    }

    /// Acts on a change: connections of revoked certificates end, others get their new permissions.
    pub fn changed(&self, change: &Change, broker: &Broker) {
        match change {
            Change::Certificate(id) => self.certificate_changed(id, broker),
            Change::Attachments(id) => self.rebind(&[*id], broker),
            Change::Policy(_) | Change::Thing(_) => {
                // Whom it concerns is seen when they are bound again.
                self.sets.lock().clear();
                let all: Vec<CertificateId> = self.live.lock().keys().copied().collect();
                self.rebind(&all, broker);
            }
            Change::Authority(_) | Change::Credential(_) => {}
        }
    }

    fn certificate_changed(&self, id: &CertificateId, broker: &Broker) {
        let status = self.registry.certificate(id).map(|found| found.status);
        if matches!(status, Ok(CertificateStatus::Active)) {
            return self.rebind(&[*id], broker);
        }
        self.sets.lock().remove(id);
        for access in self.connections(id) {
            tracing::info!(client = %access.client_id, certificate = %id, "a certificate is not active any more: its connection ends");
            access.end(ReasonCode::AdministrativeAction);
            broker.wake(&access.client_id);
        }
    }

    fn rebind(&self, certificates: &[CertificateId], broker: &Broker) {
        for id in certificates {
            self.sets.lock().remove(id);
            let set = self.set(id);
            for access in self.connections(id) {
                match &set {
                    Ok(set) => access.bind(set, self.thing(id, &access.client_id)),
                    Err(error) => {
                        tracing::error!(%error, "permissions cannot be read: a connection ends");
                        access.end(ReasonCode::ImplementationSpecificError);
                    }
                }
                broker.wake(&access.client_id);
            }
        }
    }

    fn connections(&self, id: &CertificateId) -> Vec<Arc<DeviceAccess>> {
        let mut live = self.live.lock();
        let Some(all) = live.get_mut(id) else {
            return Vec::new();
        };
        all.retain(|access| access.strong_count() > 0);
        let connections = all.iter().filter_map(Weak::upgrade).collect();
        if all.is_empty() {
            live.remove(id);
        }
        connections
    }

    /// The thing whose name is the client identifier, as policies see it.
    fn thing(&self, id: &CertificateId, client_id: &str) -> Option<iot_policy::Thing> {
        let name = ThingName::new(client_id).ok()?;
        let thing = self.registry.thing(&name).ok()?;
        let attached = self
            .registry
            .things_of(id)
            .is_ok_and(|things| things.iter().any(|other| other.thing_name == client_id));
        Some(policy_thing(&thing, attached))
    }

    fn admit(
        &self,
        device: &Device,
        transport: Transport,
        client_id: &str,
        connect: &Connect<&[u8]>,
    ) -> Result<Arc<dyn Access>, ReasonCode> {
        let unavailable = |error: RegistryError| {
            tracing::error!(%error, "permissions cannot be read");
            ReasonCode::ServerUnavailable
        };
        let id = &device.certificate_id;
        let set = self.set(id).map_err(unavailable)?;
        let mut context = context(device, client_id, transport);
        let persists = match connect.version() {
            Version::V5 => connect
                .properties()
                .session_expiry_interval()
                .is_some_and(|seconds| seconds > 0),
            _ => !connect.clean_start(),
        };
        if persists {
            context = context.with_persistent_connect();
        }
        if let Some(will) = connect.will() {
            context = context.with_last_will(will.topic());
        }
        let access = Arc::new(DeviceAccess {
            client_id: client_id.into(),
            bound: RwLock::new(set.bind(&context)),
            context,
            revision: AtomicU64::new(0),
            ended: AtomicU8::new(0),
        });
        // Listed first, read after: a change that comes between is seen by one of the two.
        self.live
            .lock()
            .entry(*id)
            .or_default()
            .push(Arc::downgrade(&access));
        access.bind(
            &self.set(id).map_err(unavailable)?,
            self.thing(id, client_id),
        );
        let status = self.registry.certificate(id).map_err(unavailable)?.status;
        let request = Request::Connect { client_id };
        let decision = access.bound.read().decide_at(&request, unix_seconds());
        if status != CertificateStatus::Active || !decision.is_allowed() {
            return Err(ReasonCode::NotAuthorized);
        }
        // Connections that have gone are forgotten when others come.
        self.connections(id);
        Ok(access)
    }
}

const NOTHING: [(&str, &Policy); 0] = [];

fn policy_thing(thing: &Thing, attached: bool) -> iot_policy::Thing {
    let mut seen = iot_policy::Thing::new(&*thing.thing_name);
    if let Some(kind) = &thing.thing_type_name {
        seen = seen.with_type(&**kind);
    }
    for (name, value) in &thing.attributes {
        seen = seen.with_attribute(&**name, &**value);
    }
    if attached { seen.attached() } else { seen }
}

fn context(device: &Device, client_id: &str, transport: Transport) -> ConnectionContext {
    let mut context =
        ConnectionContext::new(client_id, transport).with_certificate(device.certificate.clone());
    if let Some(address) = device.source_ip {
        context = context.with_source_ip(address);
    }
    if let Some(name) = &device.domain_name {
        context = context.with_domain_name(&**name);
    }
    context
}

fn unix_seconds() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

struct DeviceAdmission {
    authorizer: Arc<Authorizer>,
    device: Device,
    transport: Transport,
}

impl Admission for DeviceAdmission {
    fn admit(
        &self,
        client_id: &str,
        connect: &Connect<&[u8]>,
    ) -> Result<Arc<dyn Access>, ReasonCode> {
        self.authorizer
            .admit(&self.device, self.transport, client_id, connect)
    }
}

/// The permissions of one connection.
#[derive(Debug)]
struct DeviceAccess {
    client_id: Box<str>,
    context: ConnectionContext,
    bound: RwLock<Bound>,
    revision: AtomicU64,
    /// The code of [`Access::ended`]; 0 while the connection lives.
    ended: AtomicU8,
}

impl DeviceAccess {
    fn bind(&self, set: &Arc<PolicySet>, thing: Option<iot_policy::Thing>) {
        let mut context = self.context.clone();
        if let Some(thing) = thing {
            context = context.with_thing(thing);
        }
        *self.bound.write() = set.bind(&context);
        self.revision.fetch_add(1, Ordering::Release);
    }

    fn end(&self, reason: ReasonCode) {
        self.ended.store(reason.byte(), Ordering::Release);
    }
}

impl Access for DeviceAccess {
    fn allows(&self, operation: Operation<'_>) -> bool {
        let request = match operation {
            Operation::Publish { topic, retain } => Request::Publish { topic, retain },
            Operation::Subscribe { filter } => Request::Subscribe { filter },
            Operation::Receive { topic } => Request::Receive { topic },
        };
        self.bound
            .read()
            .decide_at(&request, unix_seconds())
            .is_allowed()
    }

    fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    fn ended(&self) -> Option<ReasonCode> {
        ReasonCode::from_byte(self.ended.load(Ordering::Acquire)).filter(|code| code.is_error())
    }
}
