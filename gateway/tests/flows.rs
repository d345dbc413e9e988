//! The ways of messages between clients: each quality of service, each pair of versions.
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

use mqtt_codec::{Packet, PubAck, PubComp, PubRec, PubRel, QoS, ReasonCode, Version};
use support::{Client, broker};
use thingwire::settings::Settings;

#[tokio::test]
async fn every_quality_of_service_between_all_versions() {
    let broker = broker(Settings::strict());
    for from in [Version::V31, Version::V311, Version::V5] {
        for to in [Version::V31, Version::V311, Version::V5] {
            let mut publisher = Client::connected(&broker, from, "publisher").await;
            let mut subscriber = Client::connected(&broker, to, "subscriber").await;
            assert_eq!(
                subscriber.subscribe("a/+", QoS::ExactlyOnce).await,
                ReasonCode::GrantedQoS2
            );
            publisher.publish("a/0", b"zero", QoS::AtMostOnce, 0).await;
            let got = subscriber.receive_publish().await;
            assert_eq!(
                (got.topic(), got.payload(), got.qos()),
                ("a/0", &b"zero"[..], QoS::AtMostOnce)
            );

            publisher.publish("a/1", b"one", QoS::AtLeastOnce, 7).await;
            let Packet::PubAck(ack) = publisher.receive().await else {
                panic!()
            };
            assert_eq!(ack.packet_id().get(), 7);
            let got = subscriber.receive_publish().await;
            assert_eq!(
                (got.topic(), got.payload(), got.qos()),
                ("a/1", &b"one"[..], QoS::AtLeastOnce)
            );
            subscriber
                .send(&<PubAck>::new(got.packet_id().unwrap()))
                .await;

            publisher.publish("a/2", b"two", QoS::ExactlyOnce, 8).await;
            let Packet::PubRec(rec) = publisher.receive().await else {
                panic!()
            };
            publisher.send(&<PubRel>::new(rec.packet_id())).await;
            let Packet::PubComp(comp) = publisher.receive().await else {
                panic!()
            };
            assert_eq!(comp.packet_id().get(), 8);
            let got = subscriber.receive_publish().await;
            assert_eq!(
                (got.topic(), got.payload(), got.qos()),
                ("a/2", &b"two"[..], QoS::ExactlyOnce)
            );
            let id = got.packet_id().unwrap();
            subscriber.send(&<PubRec>::new(id)).await;
            let Packet::PubRel(rel) = subscriber.receive().await else {
                panic!()
            };
            assert_eq!(rel.packet_id(), id);
            subscriber.send(&<PubComp>::new(id)).await;
            subscriber.receive_nothing().await;
            publisher.receive_nothing().await;
        }
    }
}
