//! What a device may do: the policies of its certificate, bound to its connection, and bound again when they change.

mod device;
mod key;
mod live;

use core::time::Duration;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use iot_policy::{Bound, ConnectionContext, PolicySet, Request, Scope, Transport};
use mqtt_codec::{Connect, ReasonCode, Version};
use parking_lot::Mutex;
use ring::digest::{Context, SHA256};

use crate::access::{Access, Operation, Principal};
use crate::broker::{Broker, Principals};
use crate::connection::Admission;
use crate::registry::{
    self, CertificateId, CertificateStatus, Change, Policy, PolicyName, Registry, RegistryError,
};
use device::{DeviceAccess, DeviceAdmission};
use key::KeyAdmission;
use live::{Live, Step, Work};

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

/// The digest of the names and documents of the policies in a set. A version would not do: the policy that is created
/// under the name of one that was deleted begins at 1 again.
type SetKey = [u8; 32];

/// Gives devices their permissions, and takes them away.
///
/// Whoever has one tells it of each [`Change`]: [`changed`](Self::changed) at once, which ends what has to end, and
/// [`step`](Self::step) for as long as there [is work](Self::has_work), between other things that are more urgent.
pub struct Authorizer {
    registry: Arc<Registry>,
    scope: Scope,
    /// Compiled policies: devices with the same ones share them.
    sets: Mutex<HashMap<SetKey, Arc<PolicySet>>>,
    /// Connections to look after.
    live: Arc<Live>,
    work: Work,
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
            live: Arc::default(),
            work: Work::default(),
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

    /// Who decides on the CONNECT of the holder of an access key, who may do everything for as long as there is the key,
    /// and at most for `life`.
    #[must_use]
    pub fn key_admission(
        self: &Arc<Self>,
        access_key_id: impl Into<Arc<str>>,
        life: Option<Duration>,
    ) -> Arc<dyn Admission> {
        Arc::new(KeyAdmission {
            authorizer: Arc::clone(self),
            id: access_key_id.into(),
            life,
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

    /// The compiled policies of a certificate. They are read once: what is compiled is what the key was made of.
    fn set(&self, id: &CertificateId) -> Result<Arc<PolicySet>, RegistryError> {
        let policies = self.registry.policies_of(id)?;
        let key = digest(&policies);
        if let Some(set) = self.sets.lock().get(&key) {
            return Ok(Arc::clone(set));
        }
        let set = Arc::new(registry::compile(&policies, &self.scope)?);
        let mut sets = self.sets.lock();
        if sets.len() >= SETS {
            sets.clear();
        }
        sets.insert(key, Arc::clone(&set));
        Ok(set)
    }

    /// Acts on a change: connections of certificates and access keys that are not to be used any more end at once; whose
    /// permissions may be others now is noted for [`step`](Self::step).
    pub fn changed(&self, change: &Change, broker: &Broker) {
        match change {
            Change::Certificate(id) => self.certificate_changed(id, broker),
            Change::Attachments(id) => self.work.note(&self.live.of_certificate(*id)),
            // The thing of a connection is the one whose name is its client identifier.
            Change::Thing(name) => self.work.note(&self.live.of_client(name.as_str())),
            Change::Policy(name) => self.work.note_policy(name),
            Change::Credential(id) => self.key_changed(id, broker),
            Change::Authority(_) => {}
        }
    }

    /// Whether there are connections that have not got their new permissions.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.work.is_there()
    }

    /// Does a part of the work: one connection gets the permissions that its device has now.
    pub fn step(&self, broker: &Broker) {
        match self.work.next() {
            Some(Step::Policy(name)) => self.note_targets(&name),
            Some(Step::Bind(access)) => {
                if let Err(error) = self.bind(&access) {
                    tracing::error!(%error, "permissions cannot be read: a connection ends");
                    access.end(ReasonCode::ImplementationSpecificError);
                }
                broker.wake(&access.client_id);
            }
            None => {}
        }
    }

    /// Connections that a policy concerns have to be bound again; all, when nobody can tell which.
    fn note_targets(&self, name: &PolicyName) {
        match self.registry.targets_of_policy(name) {
            Ok(targets) => {
                for id in targets {
                    self.work.note(&self.live.of_certificate(id));
                }
            }
            Err(error) => {
                tracing::error!(%error, policy = %name, "whom a policy concerns cannot be read");
                self.work.note(&self.live.all());
            }
        }
    }

    fn certificate_changed(&self, id: &CertificateId, broker: &Broker) {
        let status = self.registry.certificate(id).map(|found| found.status);
        let connections = self.live.of_certificate(*id);
        if matches!(status, Ok(CertificateStatus::Active)) {
            return self.work.note(&connections);
        }
        for access in connections {
            tracing::info!(client = %access.client_id, certificate = %id, "a certificate is not active any more: its connection ends");
            access.end(ReasonCode::AdministrativeAction);
            broker.wake(&access.client_id);
        }
    }

    fn key_changed(&self, id: &str, broker: &Broker) {
        if matches!(self.registry.access_key(id), Ok(Some(_))) {
            return;
        }
        for access in self.live.of_key(id) {
            tracing::info!(client = %access.client_id, access_key = id, "an access key is not there any more: its connection ends");
            access.end();
            broker.wake(&access.client_id);
        }
    }

    /// Gives a connection the permissions that its device has now.
    fn bind(&self, access: &DeviceAccess) -> Result<(), RegistryError> {
        let _binding = access.binding.lock();
        // What changes from here on is noted again.
        access.unmark_stale();
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
        access.set(self.set(id)?.bind(&context));
        Ok(())
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
        let persists = asks_for_persistence(connect);
        let will = connect.will();
        let will_topic = will.as_ref().map(|will| will.topic());
        let access = self
            .access(device, transport, client_id, persists, will_topic)
            .map_err(unavailable)?;
        if access.decides(&Request::Connect { client_id }) {
            Ok(access)
        } else {
            Err(ReasonCode::NotAuthorized)
        }
    }

    /// What a device may do from now on; nothing when its certificate is not active.
    fn access(
        &self,
        device: &Device,
        transport: Transport,
        client_id: &str,
        persists: bool,
        will_topic: Option<&str>,
    ) -> Result<Arc<DeviceAccess>, RegistryError> {
        let access = Arc::new(DeviceAccess::new(
            &self.live, device, transport, client_id, persists, will_topic,
        ));
        // Listed first, read after: a change that comes between is seen by one of the two.
        self.live.add_device(&access);
        self.bind(&access)?;
        let certificate = self.registry.certificate(&device.certificate_id)?;
        if certificate.status != CertificateStatus::Active {
            access.end(ReasonCode::NotAuthorized);
        }
        Ok(access)
    }
}

impl Principals for Authorizer {
    fn access(
        &self,
        principal: &Principal,
        client_id: &str,
        will_topic: &str,
    ) -> Option<Arc<dyn Access>> {
        match principal {
            Principal::Certificate {
                id,
                source_ip,
                domain_name,
                by_web_socket,
            } => {
                let device = Device {
                    certificate_id: id.parse().ok()?,
                    source_ip: *source_ip,
                    domain_name: domain_name.clone(),
                };
                let transport = if *by_web_socket {
                    Transport::WebSocket
                } else {
                    Transport::Mqtt
                };
                let found = self.access(&device, transport, client_id, true, Some(will_topic));
                match found {
                    Ok(access) => Some(access),
                    Err(error) => {
                        tracing::info!(%error, "the permissions of a client that has gone cannot be read");
                        None
                    }
                }
            }
            Principal::AccessKey(id) => match self.registry.access_key(id) {
                Ok(Some(_)) => Some(Arc::new(crate::access::DangerousAllowAll)),
                Ok(None) | Err(_) => None,
            },
            Principal::Anybody => Some(Arc::new(crate::access::DangerousAllowAll)),
        }
    }
}

/// Names and documents, each with its length before it, so that no two lists read the same.
fn digest(policies: &[Policy]) -> SetKey {
    let mut context = Context::new(&SHA256);
    for part in policies
        .iter()
        .flat_map(|policy| [&policy.policy_name, &policy.document])
    {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        context.update(&length.to_be_bytes());
        context.update(part.as_bytes());
    }
    let mut key = SetKey::default();
    let digest = context.finish();
    for (to, from) in key.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    key
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
