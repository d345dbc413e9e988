//! Permissions of devices and of access keys: what changes while a connection is there, and what happens at one time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::missing_panics_doc,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a test has `std`, and fails by panicking"
)]

mod support;

use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use iot_policy::{Request, Scope, Transport};
use mqtt_codec::{Connect, Packet, Property, QoS, ReasonCode, Version, Will};
use parking_lot::Mutex;
use support::{Client, properties};
use thingwire::authorize::{Authorizer, Device};
use thingwire::broker::{Broker, Principals};
use thingwire::pki::DevelopmentAuthority;
use thingwire::registry::{
    AccessKey, CertificateStatus, Change, NewThing, PolicyName, Registry, Target, ThingName,
};
use thingwire::settings::Settings;
use thingwire::store::{
    Batch, Entry, Journal, JournalOptions, MemoryStore, Store, StoreError, Table,
};
use tokio::sync::mpsc::UnboundedReceiver;

type Hook = Box<dyn FnOnce() + Send>;

/// A store that does something else in between: once, right after a policy has been read.
#[derive(Default)]
struct Hooked {
    store: MemoryStore,
    hook: Mutex<Option<(&'static str, Hook)>>,
}

impl Hooked {
    fn after_reading(&self, policy: &'static str, hook: impl FnOnce() + Send + 'static) {
        *self.hook.lock() = Some((policy, Box::new(hook)));
    }
}

impl Store for Hooked {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let found = self.store.get(table, key);
        let is_it = |name: &str| table == Table::Policy && key == name.as_bytes();
        let hook = self.hook.lock().take_if(|(name, _)| is_it(name));
        if let Some((_, hook)) = hook {
            hook();
        }
        found
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.store.scan(table, prefix, after, limit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.store.commit(batch)
    }
}

struct World {
    store: Arc<Hooked>,
    registry: Arc<Registry>,
    authorizer: Arc<Authorizer>,
    ca: DevelopmentAuthority,
    changes: UnboundedReceiver<Change>,
}

/// A policy that allows some actions on everything.
fn allowing(actions: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#
    )
}

fn name(name: &str) -> PolicyName {
    PolicyName::new(name).unwrap()
}

impl World {
    fn new() -> Self {
        let store = Arc::new(Hooked::default());
        let registry = Arc::new(Registry::open(Arc::clone(&store) as Arc<dyn Store>).unwrap());
        let (ca, _) = DevelopmentAuthority::generate(SystemTime::now()).unwrap();
        registry
            .register_authority(ca.certificate(), false)
            .unwrap();
        let scope = Scope::new("aws", "us-east-1", "123456789012");
        let authorizer = Authorizer::new(Arc::clone(&registry), scope);
        let changes = registry.subscribe_changes();
        let world = Self {
            store,
            registry,
            authorizer,
            ca,
            changes,
        };
        world.put("connect", r#""iot:Connect""#);
        world.put("all", r#""iot:*""#);
        world
    }

    fn put(&self, policy: &str, actions: &str) {
        self.registry
            .put_policy(&name(policy), &allowing(actions))
            .unwrap();
    }

    fn device(&self, thing: &str, policies: &[&str]) -> Device {
        let issued = self.ca.issue_device(thing, SystemTime::now()).unwrap();
        let policies: Vec<_> = policies.iter().map(|policy| name(policy)).collect();
        let new = NewThing::new(ThingName::new(thing).unwrap());
        let (_, certificate) = self
            .registry
            .create_thing_with_certificate(&new, &issued.certificate.der, &policies)
            .unwrap();
        Device {
            certificate_id: certificate.certificate_id,
            source_ip: None,
            domain_name: None,
        }
    }

    fn attach(&self, policy: &str, device: &Device) {
        let target = Target::Certificate(device.certificate_id);
        self.registry.attach_policy(&name(policy), &target).unwrap();
    }

    fn detach(&self, policy: &str, device: &Device) {
        let target = Target::Certificate(device.certificate_id);
        self.registry.detach_policy(&name(policy), &target).unwrap();
    }

    fn revoke(&self, device: &Device) {
        self.registry
            .set_certificate_status(&device.certificate_id, CertificateStatus::Revoked)
            .unwrap();
    }

    /// Tells the authorizer what has changed, and leaves the work that is not urgent.
    fn tell(&mut self, broker: &Broker) {
        while let Ok(change) = self.changes.try_recv() {
            self.authorizer.changed(&change, broker);
        }
    }

    fn tell_and_work(&mut self, broker: &Broker) {
        self.tell(broker);
        while self.authorizer.has_work() {
            self.authorizer.step(broker);
        }
    }

    fn may_publish(&self, device: &Device) -> bool {
        let bound = self.authorizer.bind_http(device).unwrap();
        let request = Request::Publish {
            topic: "t",
            retain: false,
        };
        bound.decide(&request, 0).is_allowed()
    }

    fn client(&self, broker: &Arc<Broker>, device: &Device) -> Client {
        let admission = self.authorizer.admission(device.clone(), Transport::Mqtt);
        Client::admitted(broker, Version::V5, admission)
    }

    async fn connected(&self, broker: &Arc<Broker>, device: &Device, client_id: &str) -> Client {
        let mut client = self.client(broker, device);
        let connack = client
            .connect(Connect::builder(Version::V5, client_id))
            .await;
        assert_eq!(connack.reason(), ReasonCode::Success);
        client
    }
}

/// Publishes with QoS 1 and gives the answer.
async fn publish(client: &mut Client, topic: &str) -> ReasonCode {
    client.publish(topic, b"x", QoS::AtLeastOnce, 1).await;
    match client.receive().await {
        Packet::PubAck(ack) => ack.reason(),
        other => panic!("{other:?} instead of PUBACK"),
    }
}

#[test]
fn a_policy_that_is_made_anew_under_an_old_name_is_not_the_old_one() {
    let world = World::new();
    world.put("p", r#""iot:Publish""#);
    let device = world.device("pump", &["p"]);
    assert!(world.may_publish(&device));
    world.detach("p", &device);
    world.registry.delete_policy(&name("p")).unwrap();
    world.put("p", r#""iot:Connect""#);
    world.attach("p", &device);
    assert!(!world.may_publish(&device));
}

/// One device gets another policy while its policies are being read: others with the same policies as before get nothing
/// of it, and nothing is taken from them.
#[test]
fn what_is_attached_meanwhile_is_not_given_to_others() {
    let world = World::new();
    let (x, y) = (
        world.device("x", &["connect"]),
        world.device("y", &["connect"]),
    );
    let registry = Arc::clone(&world.registry);
    let target = Target::Certificate(x.certificate_id);
    world.store.after_reading("connect", move || {
        registry.attach_policy(&name("all"), &target).unwrap();
    });
    // What the device itself gets is one or the other.
    world.authorizer.bind_http(&x).unwrap();
    assert!(!world.may_publish(&y));
    assert!(world.may_publish(&x));
}

/// A policy is taken away while the device connects, and all live connections are bound again before its CONNECT has been
/// judged.
#[tokio::test]
async fn what_is_detached_meanwhile_is_not_kept() {
    let world = World::new();
    let broker = support::broker(Settings::strict());
    let device = world.device("pump", &["connect", "all"]);
    let (done, is_done) = mpsc::channel::<()>();
    let (registry, authorizer) = (Arc::clone(&world.registry), Arc::clone(&world.authorizer));
    let (other, id) = (Arc::clone(&broker), device.certificate_id);
    world.store.after_reading("all", move || {
        let change = std::thread::spawn(move || {
            let target = Target::Certificate(id);
            registry.detach_policy(&name("all"), &target).unwrap();
            authorizer.changed(&Change::Attachments(id), &other);
            while authorizer.has_work() {
                authorizer.step(&other);
            }
            drop(done);
        });
        // Where it has to wait for this reader, it is not waited for.
        for _ in 0..100 {
            if change.is_finished() {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    let mut client = world.connected(&broker, &device, "pump").await;
    tokio::task::spawn_blocking(move || is_done.recv().unwrap_err())
        .await
        .unwrap();
    assert_eq!(publish(&mut client, "t").await, ReasonCode::NotAuthorized);
}

#[tokio::test]
async fn a_policy_counts_for_live_connections_when_it_changes() {
    let mut world = World::new();
    let broker = support::broker(Settings::strict());
    world.put("p", r#""iot:Connect","iot:Publish""#);
    let device = world.device("pump", &["p"]);
    let mut client = world.connected(&broker, &device, "pump").await;
    let other = world.device("other", &["all"]);
    let mut bystander = world.connected(&broker, &other, "other").await;
    assert!(!publish(&mut client, "t").await.is_error());

    world.put("p", r#""iot:Connect""#);
    world.tell_and_work(&broker);
    assert_eq!(publish(&mut client, "t").await, ReasonCode::NotAuthorized);
    world.attach("all", &device);
    world.tell_and_work(&broker);
    assert!(!publish(&mut client, "t").await.is_error());
    world.detach("all", &device);
    world.tell_and_work(&broker);
    assert_eq!(publish(&mut client, "t").await, ReasonCode::NotAuthorized);
    assert!(!publish(&mut bystander, "t").await.is_error());
}

/// A message that waits for a client is not given to it when it may not receive it any more.
#[tokio::test]
async fn receiving_ends_with_its_permission() {
    let mut world = World::new();
    let broker = support::broker(Settings::strict());
    world.put("p", r#""iot:Connect","iot:Subscribe","iot:Receive""#);
    let device = world.device("pump", &["p"]);
    let mut client = world.connected(&broker, &device, "pump").await;
    client.subscribe("t", QoS::AtMostOnce).await;
    let mut publisher = Client::connected(&broker, Version::V5, "publisher").await;
    publisher.publish("t", b"1", QoS::AtMostOnce, 0).await;
    assert_eq!(client.receive_publish().await.payload(), b"1");
    world.put("p", r#""iot:Connect","iot:Subscribe""#);
    world.tell_and_work(&broker);
    publish(&mut publisher, "t").await;
    client.receive_nothing().await;
}

#[tokio::test]
async fn the_variables_of_a_thing_follow_the_thing() {
    let mut world = World::new();
    let broker = support::broker(Settings::strict());
    let document = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Action":"iot:Connect","Resource":"*"},
        {"Effect":"Allow","Action":"iot:Publish",
         "Resource":"arn:aws:iot:us-east-1:123456789012:topic/${iot:Connection.Thing.ThingName}/t"}]}"#;
    world.registry.put_policy(&name("p"), document).unwrap();
    let device = world.device("pump", &["p"]);
    let mut client = world.connected(&broker, &device, "lamp").await;
    assert_eq!(
        publish(&mut client, "lamp/t").await,
        ReasonCode::NotAuthorized
    );
    let lamp = NewThing::new(ThingName::new("lamp").unwrap());
    world.registry.create_thing(&lamp).unwrap();
    world.tell_and_work(&broker);
    assert!(!publish(&mut client, "lamp/t").await.is_error());
}

#[tokio::test]
async fn a_revoked_certificate_ends_its_connections() {
    let mut world = World::new();
    let broker = support::broker(Settings::strict());
    for status in [CertificateStatus::Inactive, CertificateStatus::Revoked] {
        let thing = status.to_string();
        let device = world.device(&thing, &["all"]);
        let mut idle = world.connected(&broker, &device, "idle").await;
        let mut other = world.connected(&broker, &device, "other").await;
        world
            .registry
            .set_certificate_status(&device.certificate_id, status)
            .unwrap();
        world.tell(&broker);
        idle.assert_ends(ReasonCode::AdministrativeAction).await;
        other.assert_ends(ReasonCode::AdministrativeAction).await;
        let mut again = world.client(&broker, &device);
        let connack = again.connect(Connect::builder(Version::V5, "idle")).await;
        assert_eq!(connack.reason(), ReasonCode::NotAuthorized);
    }
}

/// However many connections are to get new permissions, whoever is revoked ends first.
#[tokio::test]
async fn a_revocation_does_not_wait_for_other_changes() {
    let mut world = World::new();
    let broker = support::broker(Settings::strict());
    let device = world.device("pump", &["all"]);
    let mut others = Vec::new();
    for number in 0..20 {
        let other = world.device(&format!("other{number}"), &["all"]);
        others.push(
            world
                .connected(&broker, &other, &format!("other{number}"))
                .await,
        );
    }
    let mut client = world.connected(&broker, &device, "pump").await;
    world.tell_and_work(&broker);

    world.put("all", r#""iot:Connect""#);
    world.revoke(&device);
    world.tell(&broker);
    client.assert_ends(ReasonCode::AdministrativeAction).await;
    assert!(world.authorizer.has_work());
    world.tell_and_work(&broker);
    for other in &mut others {
        assert_eq!(publish(other, "t").await, ReasonCode::NotAuthorized);
    }
}

/// What concerns nobody leaves no work, however many are connected.
#[tokio::test]
async fn a_change_concerns_those_whom_it_concerns() {
    let mut world = World::new();
    let broker = support::broker(Settings::strict());
    let device = world.device("pump", &["all"]);
    let _client = world.connected(&broker, &device, "pump").await;
    world.tell_and_work(&broker);
    world.device("lamp", &["all"]);
    world.put("nobodys", r#""iot:Connect""#);
    world.tell(&broker);
    world.authorizer.step(&broker);
    assert!(!world.authorizer.has_work());
}

#[tokio::test(start_paused = true)]
async fn a_connection_under_an_access_key_ends_with_the_key_or_its_time() {
    let mut world = World::new();
    let broker = support::broker(Settings::strict());
    let key = AccessKey::generate().unwrap();
    world.registry.add_access_key(&key).unwrap();
    let admit = |life| world.authorizer.key_admission(&*key.access_key_id, life);
    let mut short = Client::admitted(&broker, Version::V5, admit(Some(Duration::from_secs(50))));
    let mut long = Client::admitted(&broker, Version::V5, admit(None));
    short.connect(Connect::builder(Version::V5, "short")).await;
    long.connect(Connect::builder(Version::V5, "long").keep_alive(0))
        .await;
    assert!(!publish(&mut short, "t").await.is_error());
    tokio::time::sleep(Duration::from_secs(51)).await;
    short.publish("t", b"x", QoS::AtMostOnce, 0).await;
    short.assert_ends(ReasonCode::MaximumConnectTime).await;
    assert!(!publish(&mut long, "t").await.is_error());

    world
        .registry
        .delete_access_key(&key.access_key_id)
        .unwrap();
    world.tell(&broker);
    long.assert_ends(ReasonCode::AdministrativeAction).await;
    let admission = world.authorizer.key_admission(&*key.access_key_id, None);
    let mut late = Client::admitted(&broker, Version::V5, admission);
    let connack = late.connect(Connect::builder(Version::V5, "late")).await;
    assert_eq!(connack.reason(), ReasonCode::NotAuthorized);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    Revoked,
    Detached,
}

/// A will that waits is judged when it is due, in the process that it was left in and in the next one.
#[tokio::test(start_paused = true)]
async fn a_will_is_judged_when_it_is_due() {
    let delay = properties(&[Property::WillDelayInterval(30)]);
    let expiry = properties(&[Property::SessionExpiryInterval(60)]);
    for restarts in [false, true] {
        for meanwhile in [Meanwhile::Nothing, Meanwhile::Revoked, Meanwhile::Detached] {
            let mut world = World::new();
            let store = Arc::new(MemoryStore::new());
            let open = || {
                let store = Arc::clone(&store) as Arc<dyn Store>;
                let journal = Journal::start(store, JournalOptions::default()).unwrap();
                let broker = Broker::open(Settings::strict(), Arc::new(journal)).unwrap();
                let principals = Arc::clone(&world.authorizer) as Arc<dyn Principals>;
                broker.set_principals(principals);
                broker
            };
            let mut broker = open();
            let device = world.device("pump", &["connect", "all"]);
            let mut client = world.client(&broker, &device);
            let connect = Connect::builder(Version::V5, "pump")
                .properties(&expiry)
                .will(Will::new("gone", b"x").with_properties(&delay));
            client.connect(connect).await;
            client.vanish().await;
            if restarts {
                broker.journal().close().unwrap();
                broker = open();
            }
            match meanwhile {
                Meanwhile::Nothing => {}
                Meanwhile::Revoked => world.revoke(&device),
                Meanwhile::Detached => world.detach("all", &device),
            }
            world.tell_and_work(&broker);
            let timers = tokio::spawn(Arc::clone(&broker).run_timers());
            let mut watcher = Client::connected(&broker, Version::V5, "watcher").await;
            watcher.subscribe("gone", QoS::AtMostOnce).await;
            tokio::time::sleep(Duration::from_secs(40)).await;
            if meanwhile == Meanwhile::Nothing {
                assert_eq!(watcher.receive_publish().await.topic(), "gone");
            }
            watcher.receive_nothing().await;
            timers.abort();
        }
    }
}
