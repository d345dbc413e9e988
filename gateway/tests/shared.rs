//! Shared subscriptions: whose turn it is (MQTT 5.0 §4.8.2).
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

use mqtt_codec::{QoS, Version};
use support::{Client, broker};
use thingwire::settings::Settings;

/// Two groups that match the same topics: in each of them, all members have their turns.
#[tokio::test]
async fn each_group_has_its_own_turns() {
    let broker = broker(Settings::strict());
    let mut members = Vec::new();
    for group in ["one", "two"] {
        for member in 0..2 {
            let id = format!("{group}{member}");
            let mut client = Client::connected(&broker, Version::V5, &id).await;
            client
                .subscribe(&format!("$share/{group}/t"), QoS::AtMostOnce)
                .await;
            members.push(client);
        }
    }
    let mut publisher = Client::connected(&broker, Version::V5, "publisher").await;
    for _ in 0..8 {
        publisher.publish("t", b"x", QoS::AtMostOnce, 0).await;
    }
    publisher.receive_nothing().await;
    for member in &mut members {
        for _ in 0..4 {
            assert_eq!(member.receive_publish().await.topic(), "t");
        }
        member.receive_nothing().await;
    }
}
