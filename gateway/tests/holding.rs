//! What outlives a connection or a process, who may act on a session, and what is bounded: the broker where its parts meet.
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

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::Arc;

use mqtt_codec::{
    Connect, ConnectBuilder, Disconnect, Packet, PropertiesBuf, Property, PubAck, Publish, QoS,
    ReasonCode, Version, Will,
};
use support::{Client, broker, delivery, properties};
use thingwire::access::{Access, Operation};
use thingwire::broker::Broker;
use thingwire::connection::Admission;
use thingwire::settings::Settings;
use thingwire::store::{Journal, JournalOptions, MemoryStore, Store as _, Table};

/// A broker on this store, as the next process would have it.
fn opened(store: &Arc<MemoryStore>) -> (Arc<Broker>, Arc<Journal>) {
    let journal = Journal::start(Arc::clone(store) as _, JournalOptions::default()).unwrap();
    let journal = Arc::new(journal);
    let broker = Broker::open(Settings::strict(), Arc::clone(&journal)).unwrap();
    (broker, journal)
}

fn lasting<'a>(client_id: &'a str, expiry: &'a PropertiesBuf) -> ConnectBuilder<'a> {
    Connect::builder(Version::V5, client_id)
        .clean_start(false)
        .properties(expiry)
}

fn for_ever() -> PropertiesBuf {
    properties(&[Property::SessionExpiryInterval(u32::MAX)])
}

async fn acknowledged(client: &mut Client, topic: &str, payload: &[u8]) {
    client.publish(topic, payload, QoS::AtLeastOnce, 1).await;
    match client.receive().await {
        Packet::PubAck(ack) => assert_eq!(ack.reason(), ReasonCode::Success),
        other => panic!("{other:?} instead of PUBACK"),
    }
}

#[tokio::test]
async fn a_message_of_two_sessions_outlives_the_one_that_is_done_with_it() {
    let store = Arc::new(MemoryStore::new());
    let (broker, journal) = opened(&store);
    let expiry = for_ever();
    for name in ["a", "b"] {
        let mut client = Client::new(&broker, Version::V5);
        client.connect(lasting(name, &expiry)).await;
        client.subscribe("x", QoS::AtLeastOnce).await;
        client.vanish().await;
    }
    let mut publisher = Client::connected(&broker, Version::V5, "publisher").await;
    acknowledged(&mut publisher, "x", b"for both").await;

    // From now on the session of `a` ends with its connection.
    let mut a = Client::new(&broker, Version::V5);
    let connect = Connect::builder(Version::V5, "a").clean_start(false);
    assert!(a.connect(connect).await.session_present());
    let got = a.receive_publish().await;
    a.send(&<PubAck>::new(got.packet_id().unwrap())).await;
    a.receive_nothing().await;
    a.vanish().await;
    drop(broker);
    journal.close().unwrap();

    let (broker, _journal) = opened(&store);
    let mut b = Client::new(&broker, Version::V5);
    assert!(b.connect(lasting("b", &expiry)).await.session_present());
    assert_eq!(b.receive_publish().await.payload(), b"for both");
}

#[tokio::test]
async fn what_was_sent_and_not_answered_comes_again_after_a_restart() {
    for is_killed in [false, true] {
        let store = Arc::new(MemoryStore::new());
        let (broker, journal) = opened(&store);
        let expiry = for_ever();
        let mut client = Client::new(&broker, Version::V5);
        client.connect(lasting("c", &expiry)).await;
        client.subscribe("x", QoS::AtLeastOnce).await;
        let mut publisher = Client::connected(&broker, Version::V5, "publisher").await;
        acknowledged(&mut publisher, "x", b"1").await;
        let first = client.receive_publish().await;
        assert!(!first.dup());
        client
            .send(&<PubAck>::new(first.packet_id().unwrap()))
            .await;
        acknowledged(&mut publisher, "x", b"2").await;
        let second = client.receive_publish().await;
        if !is_killed {
            // The connection ends before the process does.
            client.vanish().await;
        }
        journal.close().unwrap();

        let (broker, _journal) = opened(&store);
        let mut client = Client::new(&broker, Version::V5);
        assert!(
            client
                .connect(lasting("c", &expiry))
                .await
                .session_present()
        );
        let again = client.receive_publish().await;
        assert_eq!((again.payload(), again.dup()), (&b"2"[..], true));
        if !is_killed {
            // MQTT 5.0 [MQTT-4.4.0-1]
            assert_eq!(again.packet_id(), second.packet_id());
        }
        client.receive_nothing().await;
    }
}

#[tokio::test]
async fn only_a_normal_disconnect_takes_the_will_back() {
    let broker = broker(Settings::strict());
    let mut watcher = Client::connected(&broker, Version::V5, "watcher").await;
    watcher.subscribe("gone/#", QoS::AtMostOnce).await;
    for (reason, is_sent) in [
        (ReasonCode::Success, false),
        (ReasonCode::DisconnectWithWillMessage, true),
        (ReasonCode::UnspecifiedError, true),
        (ReasonCode::MalformedPacket, true),
    ] {
        let mut client = Client::new(&broker, Version::V5);
        let will = Will::new("gone/c", b"gone");
        client
            .connect(Connect::builder(Version::V5, "c").will(will))
            .await;
        client
            .send(&Disconnect::builder(reason).build().unwrap())
            .await;
        assert!(client.next().await.is_none());
        if is_sent {
            assert_eq!(
                watcher.receive_publish().await.topic(),
                "gone/c",
                "{reason:?}"
            );
        }
        watcher.receive_nothing().await;
    }
}

#[tokio::test]
async fn a_session_that_ends_with_its_connection_is_not_taken_over() {
    let broker = broker(Settings::strict());
    for version in [Version::V311, Version::V5] {
        let mut first = Client::connected(&broker, version, "c").await;
        first.subscribe("a", QoS::AtMostOnce).await;
        let mut second = Client::new(&broker, version);
        let connect = Connect::builder(version, "c").clean_start(false);
        // MQTT 3.1.1 [MQTT-3.1.2-6]
        assert!(!second.connect(connect).await.session_present());
        first.assert_ends(ReasonCode::SessionTakenOver).await;
        assert!(!broker.has_subscribers("a"));
        second.disconnect().await;
    }
}

/// May do everything until it is ended.
#[derive(Clone, Debug, Default)]
struct Revocable(Arc<AtomicBool>);

impl Access for Revocable {
    fn allows(&self, _: Operation<'_>) -> bool {
        true
    }

    fn ended(&self) -> Option<ReasonCode> {
        self.0
            .load(Ordering::Acquire)
            .then_some(ReasonCode::AdministrativeAction)
    }
}

impl Admission for Revocable {
    fn admit(&self, _: &str, _: &Connect<&[u8]>) -> Result<Arc<dyn Access>, ReasonCode> {
        Ok(Arc::new(self.clone()))
    }
}

/// A client with a will that reads nothing any more, so that its connection has more to write than the pipe takes.
async fn stuck(broker: &Arc<Broker>, admission: Revocable) -> Client {
    let mut client = Client::admitted(broker, Version::V5, Arc::new(admission));
    let will = Will::new("gone", b"gone");
    client
        .connect(Connect::builder(Version::V5, "stuck").will(will))
        .await;
    client.subscribe("own", QoS::AtMostOnce).await;
    for _ in 0..20 {
        client
            .publish("own", &[0; 10_000], QoS::AtMostOnce, 0)
            .await;
    }
    client.publish("seen", b"before", QoS::AtMostOnce, 0).await;
    client
}

#[tokio::test]
async fn a_client_that_does_not_read_is_ended_all_the_same() {
    let broker = broker(Settings::strict());
    let mut watcher = Client::connected(&broker, Version::V5, "watcher").await;
    watcher.subscribe("seen", QoS::AtMostOnce).await;
    watcher.subscribe("gone", QoS::AtMostOnce).await;
    let access = Revocable::default();
    let mut client = stuck(&broker, access.clone()).await;
    assert_eq!(watcher.receive_publish().await.payload(), b"before");

    access.0.store(true, Ordering::Release);
    client.publish("seen", b"after", QoS::AtMostOnce, 0).await;
    broker.wake("stuck");
    let mut last = None;
    while let Some(packet) = client.next().await {
        last = Some(packet);
    }
    match last {
        Some(Packet::Disconnect(disconnect)) => {
            assert_eq!(disconnect.reason(), ReasonCode::AdministrativeAction);
        }
        other => panic!("{other:?} instead of DISCONNECT"),
    }
    // What it says after its end is not heard, and its will is that of somebody who may not publish any more.
    watcher.receive_nothing().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_overtaken_all_the_same() {
    let broker = broker(Settings::strict());
    let mut client = stuck(&broker, Revocable::default()).await;
    let mut second = Client::connected(&broker, Version::V5, "stuck").await;
    client.publish("own", b"late", QoS::AtMostOnce, 0).await;
    second.subscribe("own", QoS::AtMostOnce).await;
    second.receive_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_waited_for_so_long() {
    let broker = broker(Settings::strict());
    let mut watcher = Client::connected(&broker, Version::V5, "watcher").await;
    watcher.subscribe("gone", QoS::AtMostOnce).await;
    let mut client = stuck(&broker, Revocable::default()).await;
    // It is heard of all the while.
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(14)).await;
        client.publish("own", b"", QoS::AtMostOnce, 0).await;
    }
    tokio::time::sleep(Duration::from_secs(14)).await;
    assert_eq!(watcher.receive_publish().await.topic(), "gone");
}

#[tokio::test]
async fn an_overtaken_connection_subscribes_to_nothing() {
    let broker = broker(Settings::strict());
    let mut client = stuck(&broker, Revocable::default()).await;
    let _second = Client::connected(&broker, Version::V5, "stuck").await;
    let subscribe = mqtt_codec::Subscribe::builder(mqtt_codec::PacketId::MIN)
        .filter("late", QoS::AtMostOnce)
        .build()
        .unwrap();
    client.send(&subscribe).await;
    let mut other = Client::connected(&broker, Version::V5, "other").await;
    other.receive_nothing().await;
    assert!(!broker.has_subscribers("late"));
}

#[tokio::test(start_paused = true)]
async fn expired_messages_go_where_they_are_met() {
    let store = Arc::new(MemoryStore::new());
    let (broker, journal) = opened(&store);
    let mut client = Client::connected(&broker, Version::V5, "c").await;
    let second = properties(&[Property::MessageExpiryInterval(1)]);
    let retained = Publish::builder("kept/a")
        .payload(b"x")
        .retain(true)
        .properties(&second)
        .delivery(delivery(QoS::AtLeastOnce, 1));
    client.send(&retained.build().unwrap()).await;
    assert!(matches!(client.receive().await, Packet::PubAck(_)));
    let rows = || store.scan(Table::Retained, b"", None, 10).unwrap().len();
    assert_eq!(rows(), 1);

    tokio::time::sleep(Duration::from_secs(2)).await;
    client.subscribe("kept/#", QoS::AtMostOnce).await;
    client.receive_nothing().await;
    drop(broker);
    journal.close().unwrap();
    assert_eq!(rows(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_full_of_what_has_expired_has_room() {
    let mut settings = Settings::strict();
    settings.limits.queued_messages = 2;
    let broker = broker(settings);
    let expiry = for_ever();
    let mut client = Client::new(&broker, Version::V5);
    client.connect(lasting("c", &expiry)).await;
    client.subscribe("x", QoS::AtLeastOnce).await;
    client.vanish().await;
    let mut publisher = Client::connected(&broker, Version::V5, "publisher").await;
    let second = properties(&[Property::MessageExpiryInterval(1)]);
    let mut told = Vec::new();
    for round in 0..4_u8 {
        if round == 3 {
            tokio::time::sleep(Duration::from_secs(3)).await;
        }
        let payload = [round];
        let publish = Publish::builder("x")
            .payload(&payload)
            .properties(&second)
            .delivery(delivery(QoS::AtLeastOnce, 1));
        publisher.send(&publish.build().unwrap()).await;
        let Packet::PubAck(ack) = publisher.receive().await else {
            panic!("no PUBACK")
        };
        told.push(ack.reason());
    }
    let (taken, full) = (ReasonCode::Success, ReasonCode::QuotaExceeded);
    assert_eq!(told, [taken, taken, full, taken]);
    let mut client = Client::new(&broker, Version::V5);
    client.connect(lasting("c", &expiry)).await;
    assert_eq!(client.receive_publish().await.payload(), [3]);
}

#[tokio::test]
async fn what_is_retained_is_bounded_in_bytes() {
    let mut settings = Settings::strict();
    settings.limits.retained_bytes = 1000;
    let broker = broker(settings);
    let mut client = Client::connected(&broker, Version::V5, "c").await;
    for (topic, bytes, code) in [
        ("a", 900, ReasonCode::NoMatchingSubscribers),
        ("b", 200, ReasonCode::QuotaExceeded),
        // It takes the place of another.
        ("a", 700, ReasonCode::NoMatchingSubscribers),
        ("b", 200, ReasonCode::NoMatchingSubscribers),
        ("a", 0, ReasonCode::NoMatchingSubscribers),
        ("b", 999, ReasonCode::NoMatchingSubscribers),
    ] {
        let payload = vec![0; bytes];
        let publish = Publish::builder(topic)
            .payload(&payload)
            .retain(true)
            .delivery(delivery(QoS::AtLeastOnce, 1));
        client.send(&publish.build().unwrap()).await;
        match client.receive().await {
            Packet::PubAck(ack) => assert_eq!(ack.reason(), code, "{topic} {bytes}"),
            other => panic!("{other:?} instead of PUBACK"),
        }
    }
    client.subscribe("#", QoS::AtMostOnce).await;
    assert_eq!(client.receive_publish().await.payload().len(), 999);
    client.receive_nothing().await;
}

#[tokio::test]
async fn what_is_sent_and_not_answered_counts() {
    let mut settings = Settings::strict();
    settings.limits.queued_bytes = 2500;
    let broker = broker(settings);
    let mut client = Client::connected(&broker, Version::V5, "c").await;
    client.subscribe("x", QoS::AtLeastOnce).await;
    let mut publisher = Client::connected(&broker, Version::V5, "publisher").await;
    acknowledged(&mut publisher, "x", &[0; 1000]).await;
    acknowledged(&mut publisher, "x", &[1; 1000]).await;
    let first = client.receive_publish().await;
    let _second = client.receive_publish().await;
    publisher
        .publish("x", &[2; 1000], QoS::AtLeastOnce, 1)
        .await;
    match publisher.receive().await {
        Packet::PubAck(ack) => assert_eq!(ack.reason(), ReasonCode::QuotaExceeded),
        other => panic!("{other:?} instead of PUBACK"),
    }
    client
        .send(&<PubAck>::new(first.packet_id().unwrap()))
        .await;
    client.receive_nothing().await;
    acknowledged(&mut publisher, "x", &[3; 1000]).await;
}
