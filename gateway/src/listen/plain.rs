//! MQTT without TLS, for benches and development.

use core::sync::atomic::{AtomicU64, Ordering};
use std::net::IpAddr;
use std::sync::Arc;

use iot_policy::{Bound, ConnectionContext, Policy, PolicySet, Request, Scope, Transport};
use mqtt_codec::{Connect, ReasonCode};
use parking_lot::RwLock;
use tokio::net::TcpStream;

use crate::access::{Access, DangerousAllowAll, Operation};
use crate::authorize::{asks_for_persistence, request, unix_seconds};
use crate::broker::Broker;
use crate::connection::{Admission, Connection, serve};
use crate::registry::{Change, PolicyName, Registry, RegistryErrorKind};

/// Lets everybody in, to do everything.
#[derive(Clone, Copy, Debug)]
pub struct DangerousAdmitAll;

impl Admission for DangerousAdmitAll {
    fn admit(&self, _: &str, _: &Connect<&[u8]>) -> Result<Arc<dyn Access>, ReasonCode> {
        Ok(Arc::new(DangerousAllowAll))
    }
}

/// Lets everybody in under any name, to do what one policy of the registry allows.
///
/// Nobody proves who they are: `${iot:ClientId}` is what the client says. The policy counts as it is at the time, for live
/// connections too; while there is none of this name, nothing is allowed.
#[derive(Debug)]
pub struct DangerousAdmitByPolicy {
    registry: Arc<Registry>,
    scope: Scope,
    name: PolicyName,
    current: RwLock<Compiled>,
    /// That of `current`, where it is read without a lock.
    revision: AtomicU64,
}

#[derive(Clone, Debug)]
struct Compiled {
    set: Arc<PolicySet>,
    revision: u64,
}

impl DangerousAdmitByPolicy {
    /// Decides by the policy of this name.
    #[must_use]
    pub fn new(registry: Arc<Registry>, scope: Scope, name: PolicyName) -> Arc<Self> {
        let made = Self {
            registry,
            name,
            current: RwLock::new(Compiled {
                set: Arc::new(nothing(&scope)),
                revision: 0,
            }),
            scope,
            revision: AtomicU64::new(0),
        };
        made.reload();
        Arc::new(made)
    }

    /// Acts on a change in the registry.
    pub fn changed(&self, change: &Change) {
        if *change == Change::Policy(self.name.clone()) {
            self.reload();
        }
    }

    fn reload(&self) {
        let set = match self.registry.named_policy_set(&self.name, &self.scope) {
            Ok(set) => set,
            Err(error) => {
                let name = &self.name;
                if error.kind() == RegistryErrorKind::NotFound {
                    tracing::warn!(
                        "clients without TLS may do nothing: there is no policy `{name}`"
                    );
                } else {
                    tracing::error!(%error, "clients without TLS may do nothing: the policy `{name}` cannot be used");
                }
                nothing(&self.scope)
            }
        };
        let mut current = self.current.write();
        current.set = Arc::new(set);
        current.revision = current.revision.saturating_add(1);
        self.revision.store(current.revision, Ordering::Release);
    }
}

/// What allows nothing.
fn nothing(scope: &Scope) -> PolicySet {
    PolicySet::compile(core::iter::empty::<(&str, &Policy)>(), scope.clone())
}

struct PolicyAdmission {
    policy: Arc<DangerousAdmitByPolicy>,
    source_ip: Option<IpAddr>,
}

impl Admission for PolicyAdmission {
    fn admit(
        &self,
        client_id: &str,
        connect: &Connect<&[u8]>,
    ) -> Result<Arc<dyn Access>, ReasonCode> {
        let caller = Caller {
            client_id: client_id.into(),
            source_ip: self.source_ip,
            persists: asks_for_persistence(connect),
            will_topic: connect.will().map(|will| will.topic().into()),
        };
        let compiled = self.policy.current.read().clone();
        let access = PolicyAccess {
            bound: RwLock::new((compiled.revision, caller.bind(&compiled.set))),
            policy: Arc::clone(&self.policy),
            caller,
        };
        if access.decides(&Request::Connect { client_id }) {
            Ok(Arc::new(access))
        } else {
            Err(ReasonCode::NotAuthorized)
        }
    }
}

/// What policies can ask of a connection.
#[derive(Debug)]
struct Caller {
    client_id: Box<str>,
    source_ip: Option<IpAddr>,
    persists: bool,
    will_topic: Option<Box<str>>,
}

impl Caller {
    fn bind(&self, set: &Arc<PolicySet>) -> Bound {
        let mut context = ConnectionContext::new(&*self.client_id, Transport::Mqtt);
        if let Some(address) = self.source_ip {
            context = context.with_source_ip(address);
        }
        if self.persists {
            context = context.with_persistent_connect();
        }
        if let Some(topic) = &self.will_topic {
            context = context.with_last_will(&**topic);
        }
        set.bind(&context)
    }
}

#[derive(Debug)]
struct PolicyAccess {
    policy: Arc<DangerousAdmitByPolicy>,
    caller: Caller,
    /// The policy bound to the connection, and the revision that it is of.
    bound: RwLock<(u64, Bound)>,
}

impl PolicyAccess {
    fn decides(&self, request: &Request<'_>) -> bool {
        let now = unix_seconds();
        let revision = self.revision();
        {
            let bound = self.bound.read();
            if bound.0 == revision {
                return bound.1.decide(request, now).is_allowed();
            }
        }
        let compiled = self.policy.current.read().clone();
        let fresh = (compiled.revision, self.caller.bind(&compiled.set));
        let answer = fresh.1.decide(request, now).is_allowed();
        *self.bound.write() = fresh;
        answer
    }
}

impl Access for PolicyAccess {
    fn allows(&self, operation: Operation<'_>) -> bool {
        self.decides(&request(operation))
    }

    fn revision(&self) -> u64 {
        self.policy.revision.load(Ordering::Acquire)
    }
}

/// What clients without TLS may do.
#[derive(Clone, Debug)]
pub enum DangerousPlain {
    /// Everything.
    AllowAll,
    /// What a policy allows.
    ByPolicy(Arc<DangerousAdmitByPolicy>),
}

impl DangerousPlain {
    fn admission(&self, stream: &TcpStream) -> Arc<dyn Admission> {
        match self {
            Self::AllowAll => Arc::new(DangerousAdmitAll),
            Self::ByPolicy(policy) => Arc::new(PolicyAdmission {
                policy: Arc::clone(policy),
                source_ip: stream.peer_addr().ok().map(|address| address.ip()),
            }),
        }
    }

    /// Serves a connection without TLS.
    pub fn serve(
        &self,
        stream: TcpStream,
        broker: Arc<Broker>,
    ) -> impl Future<Output = ()> + Send + use<> {
        let admission = self.admission(&stream);
        plain(stream, broker, admission)
    }
}

/// Serves a connection without TLS: `admission` alone decides who is let in.
pub fn plain(
    stream: TcpStream,
    broker: Arc<Broker>,
    admission: Arc<dyn Admission>,
) -> impl Future<Output = ()> + Send + use<> {
    let peer = stream
        .peer_addr()
        .map_or_else(|_| "unknown".to_owned(), |address| address.to_string());
    serve(stream, Connection::new(broker, admission, peer))
}

#[cfg(test)]
mod tests {
    use mqtt_codec::{Decoder, Encoder, PacketView, Version};

    use super::*;
    use crate::store::MemoryStore;

    const POLICY: &str = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:*:*:client/visitor-*",
         "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}},
        {"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:*:*:topic/${iot:ClientId}/up"},
        {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "arn:aws:iot:*:*:topicfilter/down/*"},
        {"Effect": "Allow", "Action": "iot:Receive", "Resource": "arn:aws:iot:*:*:topic/down/*"}]}"#;

    fn publish(topic: &str) -> Operation<'_> {
        Operation::Publish {
            topic,
            retain: false,
        }
    }

    fn admit(
        policy: &Arc<DangerousAdmitByPolicy>,
        client_id: &str,
    ) -> Result<Arc<dyn Access>, ReasonCode> {
        let connect = Connect::builder(Version::V311, client_id).build().unwrap();
        let mut bytes = Vec::new();
        Encoder::new(Version::V311)
            .encode(&connect, &mut bytes)
            .unwrap();
        let (packet, _) = Decoder::server()
            .decode(&bytes)
            .unwrap()
            .complete()
            .unwrap();
        let PacketView::Connect(connect) = packet else {
            panic!("{packet:?}")
        };
        let admission = PolicyAdmission {
            policy: Arc::clone(policy),
            source_ip: Some([127, 0, 0, 1].into()),
        };
        admission.admit(client_id, &connect)
    }

    #[test]
    fn the_policy_decides_and_changes_for_live_connections() {
        let registry = Arc::new(Registry::open(Arc::new(MemoryStore::new())).unwrap());
        let name = PolicyName::new("visitors").unwrap();
        let scope = Scope::new("aws", "us-east-1", "000000000000");
        let policy = DangerousAdmitByPolicy::new(Arc::clone(&registry), scope, name.clone());
        assert_eq!(
            admit(&policy, "visitor-1").unwrap_err(),
            ReasonCode::NotAuthorized,
            "there is no policy yet"
        );

        registry.put_policy(&name, POLICY).unwrap();
        policy.changed(&Change::Policy(PolicyName::new("another").unwrap()));
        assert!(admit(&policy, "visitor-1").is_err());
        policy.changed(&Change::Policy(name.clone()));
        assert!(admit(&policy, "resident-1").is_err());
        let access = admit(&policy, "visitor-1").unwrap();
        assert!(access.allows(publish("visitor-1/up")));
        assert!(!access.allows(publish("visitor-2/up")));
        assert!(access.allows(Operation::Subscribe { filter: "down/#" }));
        assert!(!access.allows(Operation::Subscribe { filter: "#" }));
        assert!(access.allows(Operation::Receive { topic: "down/x" }));
        assert!(!access.allows(Operation::Receive { topic: "up/x" }));

        let before = access.revision();
        registry
            .put_policy(&name, &POLICY.replace("/up", "/out"))
            .unwrap();
        policy.changed(&Change::Policy(name.clone()));
        assert_ne!(access.revision(), before);
        assert!(!access.allows(publish("visitor-1/up")));
        assert!(access.allows(publish("visitor-1/out")));

        registry.delete_policy(&name).unwrap();
        policy.changed(&Change::Policy(name));
        assert!(!access.allows(publish("visitor-1/out")));
    }
}
