//! The profile `aws`: what its clients are told where the service differs from the standard.
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

use mqtt_codec::{Connect, Packet, QoS, ReasonCode, Version};
use support::{Client, broker};
use thingwire::access::{Access, Operation};
use thingwire::connection::Admission;
use thingwire::settings::Settings;

/// Nothing is allowed but what is on `mine`.
#[derive(Debug)]
struct Mine;

impl Access for Mine {
    fn allows(&self, operation: Operation<'_>) -> bool {
        match operation {
            Operation::Publish { topic, .. } | Operation::Receive { topic } => topic == "mine",
            Operation::Subscribe { filter } => filter == "mine",
        }
    }
}

struct OnlyMine;

impl Admission for OnlyMine {
    fn admit(&self, _: &str, _: &Connect<&[u8]>) -> Result<Arc<dyn Access>, ReasonCode> {
        Ok(Arc::new(Mine))
    }
}

#[tokio::test]
async fn what_is_not_allowed_is_said_where_there_is_an_answer() {
    let broker = broker(Settings::aws());
    let mut client = Client::admitted(&broker, Version::V5, Arc::new(OnlyMine));
    client.connect(Connect::builder(Version::V5, "c")).await;
    assert_eq!(
        client.subscribe("yours", QoS::AtMostOnce).await,
        ReasonCode::NotAuthorized
    );
    client.publish("yours", b"", QoS::AtLeastOnce, 1).await;
    let Packet::PubAck(ack) = client.receive().await else {
        panic!("no PUBACK")
    };
    assert_eq!(ack.reason(), ReasonCode::NotAuthorized);
    // There is no answer to QoS 0.
    client.publish("yours", b"", QoS::AtMostOnce, 0).await;
    client.assert_ends(ReasonCode::NotAuthorized).await;

    let mut old = Client::admitted(&broker, Version::V311, Arc::new(OnlyMine));
    old.connect(Connect::builder(Version::V311, "old")).await;
    assert!(old.subscribe("yours", QoS::AtMostOnce).await.is_error());
    old.publish("yours", b"", QoS::AtLeastOnce, 1).await;
    old.assert_ends(ReasonCode::NotAuthorized).await;
}

/// 0x10 is not among the codes of the service.
#[tokio::test]
async fn nobody_is_told_that_nobody_subscribes() {
    let broker = broker(Settings::aws());
    let mut client = Client::connected(&broker, Version::V5, "c").await;
    client.publish("t", b"", QoS::AtLeastOnce, 1).await;
    let Packet::PubAck(ack) = client.receive().await else {
        panic!("no PUBACK")
    };
    assert_eq!(ack.reason(), ReasonCode::Success);
}

#[tokio::test]
async fn filters_on_unknown_reserved_topics_end_the_connection() {
    let broker = broker(Settings::aws());
    for (filter, ends) in [("$SYS/#", true), ("$aws/things/t/jobs/#", false)] {
        let mut client = Client::connected(&broker, Version::V5, "c").await;
        let subscribe = mqtt_codec::Subscribe::builder(mqtt_codec::PacketId::MIN)
            .filter("t", QoS::AtMostOnce)
            .filter(filter, QoS::AtMostOnce)
            .build()
            .unwrap();
        client.send(&subscribe).await;
        if ends {
            client.assert_ends(ReasonCode::TopicFilterInvalid).await;
        } else {
            assert!(matches!(client.receive().await, Packet::SubAck(_)));
        }
    }
}

#[tokio::test]
async fn every_client_has_a_keep_alive() {
    let broker = broker(Settings::aws());
    for (asked, said) in [
        (0, Some(1200)),
        (5, Some(30)),
        (30, None),
        (1200, None),
        (2000, Some(1200)),
    ] {
        let mut client = Client::new(&broker, Version::V5);
        let connack = client
            .connect(Connect::builder(Version::V5, "c").keep_alive(asked))
            .await;
        assert_eq!(connack.properties().server_keep_alive(), said, "{asked}");
        client.disconnect().await;
    }
}

/// A 3.x client cannot be told its keep alive; it has one all the same.
#[tokio::test(start_paused = true)]
async fn a_silent_client_of_3_x_is_let_go() {
    for (settings, ends) in [(Settings::aws(), true), (Settings::strict(), false)] {
        let broker = broker(settings);
        let mut client = Client::new(&broker, Version::V311);
        client
            .connect(Connect::builder(Version::V311, "c").keep_alive(0))
            .await;
        tokio::time::sleep(std::time::Duration::from_secs(1801)).await;
        if ends {
            assert!(client.next().await.is_none());
        } else {
            client.receive_nothing().await;
        }
    }
}
