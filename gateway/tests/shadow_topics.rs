//! Shadows over the reserved topics: what holds of any PUBLISH, what is limited, and who may say what.
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

mod disk;
mod support;

use std::sync::Arc;

use disk::Disk;
use mqtt_codec::{Connect, Packet, Publish, QoS, ReasonCode, Version, Will};
use serde_json::Value;
use support::{Client, delivery};
use thingwire::broker::Broker;
use thingwire::settings::Settings;
use thingwire::shadows::{ShadowTopics, Shadows};
use thingwire::store::{Journal, JournalOptions, Store};

const UPDATE: &str = "$aws/things/pump/shadow/update";
const STATE: &[u8] = br#"{"state":{"reported":{"on":true}}}"#;

fn start(settings: Settings) -> (Arc<Disk>, Arc<Broker>) {
    let disk = Arc::new(Disk::default());
    let store = Arc::clone(&disk) as Arc<dyn Store>;
    let journal = Journal::start(store, JournalOptions::default()).unwrap();
    let broker = Broker::open(settings, Arc::new(journal)).unwrap();
    tokio::spawn(Arc::clone(&broker).run_timers());
    let shadows = Shadows::new(&broker, shadow_doc::Service::default()).unwrap();
    broker.set_service(Box::new(ShadowTopics(shadows)));
    (disk, broker)
}

fn json(publish: &Publish) -> Value {
    serde_json::from_slice(publish.payload()).unwrap()
}

async fn watcher(broker: &Arc<Broker>, filter: &str) -> Client {
    let mut watcher = Client::connected(broker, Version::V5, "watcher").await;
    watcher.subscribe(filter, QoS::AtMostOnce).await;
    watcher
}

/// MQTT 5.0 [MQTT-4.3.3-10]
#[tokio::test]
async fn a_qos_2_message_that_comes_again_is_not_applied_again() {
    let (_, broker) = start(Settings::strict());
    let mut watcher = watcher(&broker, "$aws/things/pump/shadow/update/accepted").await;
    for expiry in [0, 60] {
        let expiry = support::properties(&[mqtt_codec::Property::SessionExpiryInterval(expiry)]);
        let mut client = Client::new(&broker, Version::V5);
        client
            .connect(Connect::builder(Version::V5, "c").properties(&expiry))
            .await;
        for _ in 0..3 {
            client.publish(UPDATE, STATE, QoS::ExactlyOnce, 7).await;
            let Packet::PubRec(rec) = client.receive().await else {
                panic!("no PUBREC")
            };
            assert_eq!(rec.reason(), ReasonCode::Success);
        }
        watcher.receive_publish().await;
        client.disconnect().await;
    }
    watcher.receive_nothing().await;
}

#[tokio::test]
async fn receive_maximum_holds_for_shadows_too() {
    let mut settings = Settings::strict();
    settings.limits.receive_maximum = 2;
    let (_, broker) = start(settings);
    let mut client = Client::connected(&broker, Version::V5, "c").await;
    for id in [1, 2] {
        client.publish(UPDATE, STATE, QoS::ExactlyOnce, id).await;
        assert!(matches!(client.receive().await, Packet::PubRec(_)));
    }
    client.publish(UPDATE, STATE, QoS::ExactlyOnce, 3).await;
    client.assert_ends(ReasonCode::ReceiveMaximumExceeded).await;
}

#[tokio::test]
async fn a_message_to_a_shadow_cannot_be_retained() {
    let (_, broker) = start(Settings::strict());
    let mut client = Client::connected(&broker, Version::V5, "c").await;
    let publish = Publish::builder(UPDATE)
        .payload(STATE)
        .retain(true)
        .delivery(delivery(QoS::AtLeastOnce, 1));
    client.send(&publish.build().unwrap()).await;
    let Packet::PubAck(ack) = client.receive().await else {
        panic!("no PUBACK")
    };
    assert_eq!(ack.reason(), ReasonCode::NotAuthorized);
}

/// What the service says, no client says with its will either.
#[tokio::test]
async fn wills_on_reserved_topics() {
    let (_, broker) = start(Settings::strict());
    for (topic, retain, code) in [
        ("$aws/things/pump/shadow/update", false, ReasonCode::Success),
        (
            "$aws/things/pump/shadow/update",
            true,
            ReasonCode::NotAuthorized,
        ),
        (
            "$aws/things/pump/shadow/update/accepted",
            false,
            ReasonCode::NotAuthorized,
        ),
        (
            "$aws/things/pump/shadow/update/delta",
            false,
            ReasonCode::NotAuthorized,
        ),
        (
            "$aws/things/pump/shadow/name/n/get/accepted",
            false,
            ReasonCode::NotAuthorized,
        ),
        (
            "$aws/things/pump/nothing",
            false,
            ReasonCode::TopicNameInvalid,
        ),
    ] {
        let mut client = Client::new(&broker, Version::V5);
        let will = Will::new(topic, STATE).with_retain(retain);
        let connack = client
            .connect(Connect::builder(Version::V5, "c").will(will))
            .await;
        assert_eq!(connack.reason(), code, "{topic}");
    }
}

/// As the service has it: the will goes to those who subscribe, and the shadow stays as it is.
#[tokio::test]
async fn a_will_does_not_change_a_shadow() {
    let (_, broker) = start(Settings::strict());
    let mut watcher = watcher(&broker, "$aws/things/pump/shadow/#").await;
    let mut client = Client::new(&broker, Version::V5);
    client
        .connect(Connect::builder(Version::V5, "c").will(Will::new(UPDATE, STATE)))
        .await;
    client.vanish().await;
    assert_eq!(watcher.receive_publish().await.topic(), UPDATE);
    watcher
        .publish("$aws/things/pump/shadow/get", b"", QoS::AtMostOnce, 0)
        .await;
    let got = watcher.receive_publish().await;
    assert_eq!(got.topic(), "$aws/things/pump/shadow/get/rejected");
    assert_eq!(json(&got)["code"], 404);
}

/// While the disk stands still, requests wait in bounded number; the others are told so at once.
#[tokio::test]
async fn requests_that_wait_for_the_disk_are_limited() {
    let mut settings = Settings::strict();
    settings.limits.shadow_requests = 3;
    let (disk, broker) = start(settings);
    let mut watcher = watcher(&broker, "$aws/things/+/shadow/+/+").await;
    let mut client = Client::connected(&broker, Version::V5, "c").await;
    disk.shut();
    for _ in 0..2 {
        client.publish(UPDATE, STATE, QoS::AtMostOnce, 0).await;
    }
    let get = "$aws/things/pump/shadow/get";
    client.publish(get, b"", QoS::AtMostOnce, 0).await;
    client.publish(get, b"", QoS::AtMostOnce, 0).await;
    let got = watcher.receive_publish().await;
    assert_eq!(got.topic(), "$aws/things/pump/shadow/get/rejected");
    assert_eq!(json(&got)["code"], 429);
    // Other things have places of their own.
    let other = "$aws/things/lamp/shadow/update";
    client.publish(other, STATE, QoS::AtMostOnce, 0).await;
    client.receive_nothing().await;
    watcher.receive_nothing().await;

    disk.open();
    for topic in [
        "$aws/things/pump/shadow/update/accepted",
        "$aws/things/pump/shadow/update/documents",
        "$aws/things/pump/shadow/update/accepted",
        "$aws/things/pump/shadow/update/documents",
        "$aws/things/pump/shadow/get/accepted",
        "$aws/things/lamp/shadow/update/accepted",
        "$aws/things/lamp/shadow/update/documents",
    ] {
        assert_eq!(watcher.receive_publish().await.topic(), topic);
    }
    // Their places are free again.
    client.publish(UPDATE, STATE, QoS::AtMostOnce, 0).await;
    let got = watcher.receive_publish().await;
    assert_eq!(json(&got)["version"], 3);
}

#[tokio::test]
async fn the_bytes_of_answers_are_limited() {
    let mut settings = Settings::strict();
    settings.limits.shadow_answer_bytes = 1;
    let (disk, broker) = start(settings);
    let mut watcher = watcher(&broker, "$aws/things/+/shadow/update/rejected").await;
    let mut client = Client::connected(&broker, Version::V5, "c").await;
    disk.shut();
    for thing in ["one", "two"] {
        let topic = format!("$aws/things/{thing}/shadow/update");
        client.publish(&topic, STATE, QoS::AtMostOnce, 0).await;
    }
    let got = watcher.receive_publish().await;
    assert_eq!(got.topic(), "$aws/things/two/shadow/update/rejected");
    assert_eq!(json(&got)["code"], 429);
    disk.open();
}

/// Deleted shadows count for as long as their versions are remembered.
#[tokio::test]
async fn shadows_of_a_thing_are_limited() {
    let mut settings = Settings::strict();
    settings.limits.shadows_per_thing = 2;
    let (_, broker) = start(settings);
    let mut client = watcher(&broker, "$aws/things/+/shadow/name/+/+/+").await;
    let mut ask = async |name: &str, operation: &str, thing: &str| {
        let topic = format!("$aws/things/{thing}/shadow/name/{name}/{operation}");
        let payload = if operation == "update" { STATE } else { b"" };
        client.publish(&topic, payload, QoS::AtMostOnce, 0).await;
        loop {
            let got = client.receive_publish().await;
            if got.topic().ends_with("/accepted") {
                return 200;
            }
            if got.topic().ends_with("/rejected") {
                return json(&got)["code"].as_u64().unwrap();
            }
        }
    };
    assert_eq!(ask("a", "update", "pump").await, 200);
    assert_eq!(ask("b", "update", "pump").await, 200);
    assert_eq!(ask("c", "update", "pump").await, 413);
    assert_eq!(ask("a", "update", "pump").await, 200);
    assert_eq!(ask("a", "update", "lamp").await, 200);
    assert_eq!(ask("a", "delete", "pump").await, 200);
    assert_eq!(ask("c", "update", "pump").await, 413);
    assert_eq!(ask("a", "update", "pump").await, 200);
}

/// Two clients update one shadow as fast as they can: what is said of it comes in the order of its versions.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn announcements_come_in_the_order_of_versions() {
    const EACH: u64 = 200;
    let (_, broker) = start(Settings::strict());
    let mut watcher = watcher(&broker, "$aws/things/pump/shadow/update/accepted").await;
    let mut clients = Vec::new();
    for id in ["one", "two"] {
        let mut client = Client::connected(&broker, Version::V5, id).await;
        clients.push(tokio::spawn(async move {
            for _ in 0..EACH {
                client.publish(UPDATE, STATE, QoS::AtMostOnce, 0).await;
            }
            client
        }));
    }
    for version in 1..=2 * EACH {
        let got = watcher.receive_publish().await;
        assert_eq!(json(&got)["version"], version);
    }
    for client in clients {
        client.await.unwrap();
    }
}
