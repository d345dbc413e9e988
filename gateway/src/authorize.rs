//! What a device may do: the policies of its certificate, bound to its connection, and bound again when they change.

use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Weak};

use iot_policy::{Bound, ConnectionContext, PolicySet, Request, Scope, Transport};
use mqtt_codec::{Connect, ReasonCode, Version};
use parking_lot::{Mutex, RwLock};

use crate::access::{Access, Operation};
use crate::broker::Broker;
use crate::connection::Admission;
use crate::registry::{CertificateId, CertificateStatus, Change, Registry, RegistryError};

/// A device whose certificate has been authenticated.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its certificate's id.
    pub certificate_id: CertificateId,
    /// Where it connects from.
    pub source_ip: Option<IpAddr>,
    /// The name under which it reached the gateway.
    pub domain_name: Option<String>,
}

/// Compiled sets of policies that are kept.
const SETS: usize = 1024;

/// The names and versions of the policies in a set.
type SetKey = Vec<(String, u64)>;

/// Gives devices their permissions, and takes them away.
pub struct Authorizer {
    registry: Arc<Registry>,
    scope: Scope,
    /// Compiled policies: devices with the same ones share them.
    sets: Mutex<HashMap<SetKey, Arc<PolicySet>>>,
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
        let id = &device.certificate_id;
        let context = self
            .registry
            .connection_context(id, None, Transport::Http)?;
        Ok(self.set(id)?.bind(&with_peer(context, device)))
    }

    /// The compiled policies of a certificate.
    fn set(&self, id: &CertificateId) -> Result<Arc<PolicySet>, RegistryError> {
        let key: SetKey = self
            .registry
            .policies_of(id)?
            .into_iter()
            .map(|policy| (policy.policy_name, policy.version))
            .collect();
        if let Some(set) = self.sets.lock().get(&key) {
            return Ok(Arc::clone(set));
        }
        let set = Arc::new(self.registry.policy_set(id, &self.scope)?);
        let mut sets = self.sets.lock();
        if sets.len() >= SETS {
            sets.clear();
        }
        sets.insert(key, Arc::clone(&set));
        Ok(set)
    }

    /// Acts on a change: connections of revoked certificates end, others get their new permissions.
    pub fn changed(&self, change: &Change, broker: &Broker) {
        match change {
            Change::Certificate(id) => self.certificate_changed(id, broker),
            Change::Attachments(id) => self.rebind(&[*id], broker),
            Change::Policy(_) | Change::Thing(_) => {
                // Whom it concerns is seen when they are bound again.
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
        for access in self.connections(id) {
            tracing::info!(client = %access.client_id, certificate = %id, "a certificate is not active any more: its connection ends");
            access.end(ReasonCode::AdministrativeAction);
            broker.wake(&access.client_id);
        }
    }

    fn rebind(&self, certificates: &[CertificateId], broker: &Broker) {
        for id in certificates {
            for access in self.connections(id) {
                if let Err(error) = self.bind(&access) {
                    tracing::error!(%error, "permissions cannot be read: a connection ends");
                    access.end(ReasonCode::ImplementationSpecificError);
                }
                broker.wake(&access.client_id);
            }
        }
    }

    /// Gives a connection the permissions that its device has now.
    fn bind(&self, access: &DeviceAccess) -> Result<(), RegistryError> {
        let id = &access.device.certificate_id;
        let context =
            self.registry
                .connection_context(id, Some(&access.client_id), access.transport)?;
        let mut context = with_peer(context, &access.device);
        if access.persists {
            context = context.with_persistent_connect();
        }
        if let Some(topic) = &access.will_topic {
            context = context.with_last_will(&**topic);
        }
        *access.bound.write() = Some(self.set(id)?.bind(&context));
        access.revision.fetch_add(1, Ordering::Release);
        Ok(())
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
        let access = Arc::new(DeviceAccess {
            client_id: client_id.into(),
            device: device.clone(),
            transport,
            persists: asks_for_persistence(connect),
            will_topic: connect.will().map(|will| will.topic().into()),
            bound: RwLock::new(None),
            revision: AtomicU64::new(0),
            ended: AtomicU8::new(0),
        });
        let id = &device.certificate_id;
        // Listed first, read after: a change that comes between is seen by one of the two. Connections that have gone
        // are forgotten when others come.
        {
            let mut live = self.live.lock();
            let all = live.entry(*id).or_default();
            all.retain(|access| access.strong_count() > 0);
            all.push(Arc::downgrade(&access));
        }
        self.bind(&access).map_err(unavailable)?;
        let status = self.registry.certificate(id).map_err(unavailable)?.status;
        if status == CertificateStatus::Active && access.decides(&Request::Connect { client_id }) {
            Ok(access)
        } else {
            Err(ReasonCode::NotAuthorized)
        }
    }
}

fn with_peer(mut context: ConnectionContext, device: &Device) -> ConnectionContext {
    if let Some(address) = device.source_ip {
        context = context.with_source_ip(address);
    }
    if let Some(name) = &device.domain_name {
        context = context.with_domain_name(&**name);
    }
    context
}

/// Whether a client wants its session to outlive the connection (`iot:ConnectAttributes`, `PersistentConnect`).
pub(crate) fn asks_for_persistence(connect: &Connect<&[u8]>) -> bool {
    match connect.version() {
        Version::V5 => connect
            .properties()
            .session_expiry_interval()
            .is_some_and(|seconds| seconds > 0),
        _ => !connect.clean_start(),
    }
}

/// What an operation is called in policies.
pub(crate) const fn request(operation: Operation<'_>) -> Request<'_> {
    match operation {
        Operation::Publish { topic, retain } => Request::Publish { topic, retain },
        Operation::Subscribe { filter } => Request::Subscribe { filter },
        Operation::Receive { topic } => Request::Receive { topic },
    }
}

/// The time that policies are asked for.
pub(crate) fn unix_seconds() -> i64 {
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
    device: Device,
    transport: Transport,
    persists: bool,
    will_topic: Option<Box<str>>,
    /// Nothing is allowed until it is bound.
    bound: RwLock<Option<Bound>>,
    revision: AtomicU64,
    /// The code of [`Access::ended`]; 0 while the connection lives.
    ended: AtomicU8,
}

impl DeviceAccess {
    fn end(&self, reason: ReasonCode) {
        self.ended.store(reason.byte(), Ordering::Release);
    }

    fn decides(&self, request: &Request<'_>) -> bool {
        self.bound
            .read()
            .as_ref()
            .is_some_and(|bound| bound.decide(request, unix_seconds()).is_allowed())
    }
}

impl Access for DeviceAccess {
    fn allows(&self, operation: Operation<'_>) -> bool {
        self.decides(&request(operation))
    }

    fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    fn ended(&self) -> Option<ReasonCode> {
        ReasonCode::from_byte(self.ended.load(Ordering::Acquire)).filter(|code| code.is_error())
    }
}
