//! The statements of both standards that are about sessions, each by its number; the list is `mqtt-normative.csv`.
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

use core::num::NonZeroU16;

use mqtt_codec::{
    Auth, Connect, Packet, PacketId, Property, PubAck, PubComp, PubRec, PubRel, Publish, QoS,
    ReasonCode, Subscribe, Unsubscribe, Version,
};
use support::{Client, broker, properties};
use thingwire::settings::Settings;

/// A session of version 3.1.1 that outlives its connection.
fn lasting(client_id: &str) -> mqtt_codec::ConnectBuilder<'_> {
    Connect::builder(Version::V311, client_id).clean_start(false)
}

fn id(number: u16) -> PacketId {
    PacketId::new(number).unwrap()
}

/// 3.1.1 [MQTT-2.3.1-2], [MQTT-2.3.1-4]: identifiers of the server's own are not in use.
#[tokio::test]
async fn mqtt_2_3_1_2_and_2_3_1_4_a_new_packet_takes_an_unused_identifier() {
    let broker = broker(Settings::strict());
    let mut publisher = Client::connected(&broker, Version::V311, "publisher").await;
    let mut subscriber = Client::connected(&broker, Version::V311, "subscriber").await;
    subscriber.subscribe("a", QoS::AtLeastOnce).await;
    let mut seen = Vec::new();
    for number in 1..=5 {
        publisher.publish("a", b"x", QoS::AtLeastOnce, number).await;
        let got = subscriber.receive_publish().await.packet_id().unwrap();
        assert!(!seen.contains(&got));
        seen.push(got);
    }
    // The third is free again, and the others are still in use.
    subscriber.send(&<PubAck>::new(seen[2])).await;
    for number in 6..=20 {
        publisher.publish("a", b"x", QoS::AtLeastOnce, number).await;
        let got = subscriber.receive_publish().await.packet_id().unwrap();
        assert!(got == seen[2] || !seen.contains(&got));
        seen.push(got);
    }
}

/// 3.1.1 [MQTT-2.3.1-3], [MQTT-3.3.1-1]: what was not answered comes again, with DUP and its identifier.
#[tokio::test]
async fn mqtt_2_3_1_3_and_3_3_1_1_what_is_sent_again_keeps_its_identifier_and_has_dup() {
    let broker = broker(Settings::strict());
    let mut publisher = Client::connected(&broker, Version::V311, "publisher").await;
    let mut subscriber = Client::new(&broker, Version::V311);
    subscriber.connect(lasting("s")).await;
    subscriber.subscribe("#", QoS::ExactlyOnce).await;
    for (topic, qos, number) in [
        ("one", QoS::AtLeastOnce, 1),
        ("two", QoS::ExactlyOnce, 2),
        ("released", QoS::ExactlyOnce, 3),
    ] {
        publisher.publish(topic, b"x", qos, number).await;
    }
    let mut first = Vec::new();
    for _ in 0..3 {
        let got = subscriber.receive_publish().await;
        assert!(!got.dup());
        first.push((got.topic().to_owned(), got.packet_id().unwrap()));
    }
    let released = first[2].1;
    subscriber.send(&<PubRec>::new(released)).await;
    assert!(matches!(subscriber.receive().await, Packet::PubRel(_)));
    subscriber.vanish().await;

    let mut again = Client::new(&broker, Version::V311);
    assert!(again.connect(lasting("s")).await.session_present());
    // Of the third the client has had the message: PUBREL is what it misses. Between the kinds there is no order
    // (3.1.1 §4.6).
    let (mut published, mut rels) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        match again.receive().await {
            Packet::Publish(got) => {
                assert!(got.dup());
                published.push((got.topic().to_owned(), got.packet_id().unwrap()));
            }
            Packet::PubRel(rel) => rels.push(rel.packet_id()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(published, first[..2]);
    assert_eq!(rels, [released]);
    again.send(&<PubComp>::new(released)).await;
    again.receive_nothing().await;
}

/// 3.1.1 [MQTT-2.3.1-6], [MQTT-2.3.1-7]; 5.0 [MQTT-2.2.1-5], [MQTT-2.2.1-6]
#[tokio::test]
async fn mqtt_2_3_1_6_2_3_1_7_2_2_1_5_and_2_2_1_6_answers_have_the_identifier_of_what_they_answer()
{
    let broker = broker(Settings::strict());
    for version in [Version::V311, Version::V5] {
        let mut client = Client::connected(&broker, version, "client").await;
        for number in [1, 7, 65_535] {
            client.publish("a", b"x", QoS::AtLeastOnce, number).await;
            let Packet::PubAck(ack) = client.receive().await else {
                panic!()
            };
            assert_eq!(ack.packet_id(), id(number));

            client.publish("a", b"x", QoS::ExactlyOnce, number).await;
            let Packet::PubRec(rec) = client.receive().await else {
                panic!()
            };
            assert_eq!(rec.packet_id(), id(number));
            client.send(&<PubRel>::new(id(number))).await;
            let Packet::PubComp(comp) = client.receive().await else {
                panic!()
            };
            assert_eq!(comp.packet_id(), id(number));

            let subscribe = Subscribe::builder(id(number)).filter("b", QoS::AtMostOnce);
            client.send(&subscribe.build().unwrap()).await;
            let Packet::SubAck(suback) = client.receive().await else {
                panic!()
            };
            assert_eq!(suback.packet_id(), id(number));

            let unsubscribe = Unsubscribe::builder(id(number)).filter("b");
            client.send(&unsubscribe.build().unwrap()).await;
            let Packet::UnsubAck(unsuback) = client.receive().await else {
                panic!()
            };
            assert_eq!(unsuback.packet_id(), id(number));
        }
    }
}

/// 3.1.1 [MQTT-3.1.0-1]
#[tokio::test]
async fn mqtt_3_1_0_1_the_first_packet_is_connect() {
    let broker = broker(Settings::strict());
    let mut client = Client::new(&broker, Version::V311);
    client.send_bytes(&[0xC0, 0x00]).await;
    assert!(client.next().await.is_none());
}

/// 5.0 [MQTT-3.1.0-2]
#[tokio::test]
async fn mqtt_3_1_0_2_a_second_connect_is_a_protocol_error() {
    let broker = broker(Settings::strict());
    for version in [Version::V311, Version::V5] {
        let mut client = Client::connected(&broker, version, "client").await;
        let connect = Connect::builder(version, "client").build().unwrap();
        client.send(&connect).await;
        client.assert_ends(ReasonCode::ProtocolError).await;
    }
}

/// 3.1.1 [MQTT-3.8.4-5], [MQTT-3.9.3-1]; 5.0 [MQTT-3.8.4-6], [MQTT-3.9.3-1], [MQTT-3.11.3-1]
#[tokio::test]
async fn mqtt_3_8_4_5_3_8_4_6_3_9_3_1_and_3_11_3_1_one_code_for_each_filter_in_order() {
    let broker = broker(Settings::strict());
    for version in [Version::V311, Version::V5] {
        let mut client = Client::connected(&broker, version, "client").await;
        let wanted = [
            QoS::ExactlyOnce,
            QoS::AtMostOnce,
            QoS::AtLeastOnce,
            QoS::AtMostOnce,
        ];
        let mut subscribe = Subscribe::builder(id(3));
        for (number, qos) in wanted.iter().enumerate() {
            subscribe = subscribe.filter(&format!("f/{number}"), *qos);
        }
        client.send(&subscribe.build().unwrap()).await;
        let Packet::SubAck(suback) = client.receive().await else {
            panic!()
        };
        let codes: Vec<u8> = suback.codes().map(ReasonCode::byte).collect();
        assert_eq!(codes, [2, 0, 1, 0]);

        if version == Version::V5 {
            let mut unsubscribe = Unsubscribe::builder(id(4));
            for filter in ["f/0", "unknown", "f/2"] {
                unsubscribe = unsubscribe.filter(filter);
            }
            client.send(&unsubscribe.build().unwrap()).await;
            let Packet::UnsubAck(unsuback) = client.receive().await else {
                panic!()
            };
            let codes: Vec<u8> = unsuback.codes().map(ReasonCode::byte).collect();
            assert_eq!(codes, [0x00, 0x11, 0x00]);
        }
    }
}

/// 5.0 [MQTT-3.1.2-26], [MQTT-3.2.2-18]: none above the client's maximum, none without one.
#[tokio::test]
async fn mqtt_3_1_2_26_and_3_2_2_18_aliases_stay_within_the_clients_maximum() {
    let broker = broker(Settings::strict());
    for maximum in [0, 2] {
        let mut publisher = Client::connected(&broker, Version::V5, "publisher").await;
        let mut subscriber = Client::new(&broker, Version::V5);
        let wanted = properties(&[Property::TopicAliasMaximum(maximum)]);
        let connect = Connect::builder(Version::V5, "subscriber").properties(&wanted);
        subscriber.connect(connect).await;
        subscriber.subscribe("topic/+", QoS::AtMostOnce).await;
        let mut known = std::collections::HashMap::new();
        for round in 0..3 {
            for topic in ["topic/1", "topic/2", "topic/3"] {
                publisher.publish(topic, b"x", QoS::AtMostOnce, 0).await;
                let got = subscriber.receive_publish().await;
                let alias = got.properties().topic_alias().map(NonZeroU16::get);
                assert!(alias.is_none_or(|alias| alias <= maximum), "{alias:?}");
                let name = match (got.topic(), alias) {
                    ("", Some(alias)) => known[&alias],
                    (name, Some(alias)) => {
                        assert_eq!(name, topic);
                        known.insert(alias, topic);
                        topic
                    }
                    (name, None) => {
                        assert_eq!(name, topic);
                        topic
                    }
                };
                assert_eq!(name, topic, "round {round}");
            }
        }
        assert_eq!(known.len(), usize::from(maximum));
    }
}

/// 5.0 [MQTT-3.2.2-17]
#[tokio::test]
async fn mqtt_3_2_2_17_an_alias_of_the_client_is_within_the_servers_maximum() {
    let broker = broker(Settings::strict());
    let maximum = broker.settings().limits.topic_aliases;
    let mut subscriber = Client::connected(&broker, Version::V5, "subscriber").await;
    subscriber.subscribe("a", QoS::AtMostOnce).await;
    let with_alias = |topic, alias| {
        let alias = NonZeroU16::new(alias).unwrap();
        let alias = properties(&[Property::TopicAlias(alias)]);
        Publish::builder(topic).properties(&alias).build().unwrap()
    };
    let mut client = Client::connected(&broker, Version::V5, "client").await;
    client.send(&with_alias("a", maximum)).await;
    client.send(&with_alias("", maximum)).await;
    for _ in 0..2 {
        let got = subscriber.receive_publish().await;
        assert_eq!(got.topic(), "a");
        assert!(got.properties().topic_alias().is_none());
    }
    client.send(&with_alias("a", maximum + 1)).await;
    client.assert_ends(ReasonCode::TopicAliasInvalid).await;

    // One that was never set stands for nothing.
    let mut client = Client::connected(&broker, Version::V5, "client").await;
    client.send(&with_alias("", 1)).await;
    client.assert_ends(ReasonCode::TopicAliasInvalid).await;
}

/// 5.0 [MQTT-4.12.0-5]: no method is offered, so none is answered with another.
#[tokio::test]
async fn mqtt_4_12_0_5_authentication_methods_are_refused() {
    let broker = broker(Settings::strict());
    let method = properties(&[Property::AuthenticationMethod("SCRAM-SHA-1")]);
    let mut client = Client::new(&broker, Version::V5);
    let connect = Connect::builder(Version::V5, "client").properties(&method);
    let connack = client.connect(connect).await;
    assert_eq!(connack.reason(), ReasonCode::BadAuthenticationMethod);
    assert!(client.next().await.is_none());

    let mut client = Client::connected(&broker, Version::V5, "client").await;
    let auth = Auth::builder(ReasonCode::ReAuthenticate).properties(&method);
    client.send(&auth.build().unwrap()).await;
    client.assert_ends(ReasonCode::ProtocolError).await;
}

/// Every statement of the list that is about sessions has its test here.
#[test]
fn every_statement_about_sessions_has_a_test() {
    let list = include_str!("../../tests/vectors/mqtt-normative.csv");
    let own = include_str!("session_statements.rs");
    let mut count = 0;
    for line in list.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        if !fields.contains(&"session") {
            continue;
        }
        count += 1;
        let statement = format!("{} [", if fields[1] == "5.0" { "5.0" } else { "3.1.1" });
        assert!(
            own.lines().any(|text| text.starts_with("///")
                && text.contains(&statement)
                && text.contains(&format!("[{}]", fields[0]))),
            "{} {} has no test",
            fields[1],
            fields[0]
        );
    }
    assert_eq!(count, 19);
}
