//! `examples/broker.rs`: clients of both versions talk, and the rules hold.

use mqtt_codec::{
    Connect, Disconnect, Packet, QoS, ReasonCode, RetainHandling, SubscriptionOptions, Version,
    Will,
};
use tokio::net::TcpListener;

use crate::broker;
use crate::client::Client;

pub async fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(broker::run(listener));
    address
}

#[tokio::test]
async fn clients_of_both_versions_talk() {
    let address = start().await;
    let mut old = Client::connected(&address, Version::V311, "old").await;
    let mut new = Client::connected(&address, Version::V5, "new").await;
    assert_eq!(
        old.subscribe("to/old/#", QoS::ExactlyOnce).await,
        ReasonCode::GrantedQoS1
    );
    assert_eq!(
        new.subscribe("to/+", QoS::AtMostOnce).await,
        ReasonCode::Success
    );

    new.publish("to/old/x", b"1", QoS::AtLeastOnce, false).await;
    let got = old.message().await;
    assert_eq!(
        (got.topic(), got.payload(), got.qos()),
        ("to/old/x", &b"1"[..], QoS::AtLeastOnce)
    );
    // The lower QoS of the subscription holds.
    old.publish("to/new", b"2", QoS::AtLeastOnce, false).await;
    let got = new.message().await;
    assert_eq!((got.payload(), got.qos()), (&b"2"[..], QoS::AtMostOnce));
    new.nothing().await;
}

#[tokio::test]
async fn retained_messages_come_and_go() {
    let address = start().await;
    let mut keeper = Client::connected(&address, Version::V311, "keeper").await;
    keeper.publish("kept/a", b"1", QoS::AtLeastOnce, true).await;
    let mut reader = Client::connected(&address, Version::V5, "reader").await;
    reader.subscribe("kept/#", QoS::AtLeastOnce).await;
    let got = reader.message().await;
    assert_eq!((got.payload(), got.retain()), (&b"1"[..], true));
    let never = SubscriptionOptions {
        retain_handling: RetainHandling::OnNewSubscribe,
        ..QoS::AtMostOnce.into()
    };
    reader.subscribe("kept/#", never).await;
    reader.nothing().await;

    // What is published now is not a retained message, and an empty one ends it.
    keeper.publish("kept/a", b"", QoS::AtLeastOnce, true).await;
    assert!(!reader.message().await.retain());
    reader.subscribe("kept/+", QoS::AtMostOnce).await;
    reader.nothing().await;
}

#[tokio::test]
async fn a_will_is_published_and_a_goodbye_has_none() {
    let address = start().await;
    let mut watcher = Client::connected(&address, Version::V5, "watcher").await;
    watcher.subscribe("will", QoS::AtLeastOnce).await;
    let connect = || Connect::builder(Version::V311, "mortal").will(Will::new("will", b"gone"));
    let (mut polite, _) = Client::connect(&address, connect()).await;
    polite.send(&<Disconnect>::new()).await;
    assert!(polite.next().await.is_none());
    watcher.nothing().await;
    drop(Client::connect(&address, connect()).await);
    assert_eq!(watcher.message().await.payload(), b"gone");
}

#[tokio::test]
async fn a_client_identifier_is_one_connections() {
    let address = start().await;
    let mut first = Client::connected(&address, Version::V5, "one").await;
    first.subscribe("a", QoS::AtLeastOnce).await;
    let mut second = Client::connected(&address, Version::V311, "one").await;
    match first.receive().await {
        Packet::Disconnect(bye) => assert_eq!(bye.reason(), ReasonCode::SessionTakenOver),
        other => panic!("{other:?}"),
    }
    assert!(first.next().await.is_none());
    second.subscribe("a", QoS::AtLeastOnce).await;
    second.publish("a", b"mine", QoS::AtMostOnce, false).await;
    assert_eq!(second.message().await.payload(), b"mine");
}

#[tokio::test]
async fn a_broken_rule_ends_the_connection_with_its_reason_and_nobody_elses() {
    let address = start().await;
    let mut neighbour = Client::connected(&address, Version::V5, "neighbour").await;
    neighbour.subscribe("x", QoS::AtMostOnce).await;
    let (mut named, answer) = Client::connect(&address, Connect::builder(Version::V5, "")).await;
    assert!(answer.properties().assigned_client_identifier().is_some());
    named.publish("x", b"twice", QoS::ExactlyOnce, false).await;
    match named.receive().await {
        Packet::Disconnect(bye) => assert_eq!(bye.reason(), ReasonCode::QoSNotSupported),
        other => panic!("{other:?}"),
    }
    assert!(named.next().await.is_none());
    neighbour
        .publish("x", b"still here", QoS::AtMostOnce, false)
        .await;
    assert_eq!(neighbour.message().await.payload(), b"still here");
}
