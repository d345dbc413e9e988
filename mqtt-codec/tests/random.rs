//! Random valid packets: what is encoded is decoded to the same, views and owned packets agree, and what goes out is in its one
//! form. Also the features that show packets to people and to tokio.

#![cfg(all(feature = "arbitrary", feature = "serde", feature = "tokio"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::collections::HashMap;

use arbitrary::{Arbitrary, Unstructured};
use bytes::BytesMut;
use mqtt_codec::{
    Connect, Decoder, Delivery, Encoder, MqttCodec, Packet, PacketId, PreparedPublish, Properties,
    Property, Publish, Recipient, Status, Version, VersionedPacket, Will,
};
use rand::{RngCore as _, SeedableRng as _};

fn random_packets(count: usize) -> impl Iterator<Item = VersionedPacket> {
    let mut random = rand::rngs::SmallRng::seed_from_u64(0x4D51_5454);
    core::iter::repeat_with(move || {
        let mut bytes = vec![0; 512];
        random.fill_bytes(&mut bytes);
        // Text rather than noise: most random bytes are no UTF-8.
        for byte in bytes.iter_mut().skip(64).step_by(2) {
            *byte &= 0x7F;
        }
        VersionedPacket::arbitrary(&mut Unstructured::new(&bytes))
    })
    .flatten()
    .take(count)
}

fn encode(version: Version, packet: &Packet) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(version).encode(packet, &mut out).unwrap();
    out
}

#[test]
fn decoding_what_was_encoded_gives_the_same() {
    let mut seen = HashMap::new();
    for VersionedPacket { version, packet } in random_packets(20_000) {
        let bytes = encode(version, &packet);
        assert_eq!(Encoder::new(version).encoded_len(&packet), Ok(bytes.len()));
        let (view, used) = Decoder::any(version)
            .decode(&bytes)
            .unwrap()
            .complete()
            .unwrap();
        assert_eq!(used, bytes.len());
        let mut buffer = BytesMut::from(&bytes[..]);
        let owned = Decoder::any(version)
            .decode_from(&mut buffer)
            .unwrap()
            .complete()
            .unwrap();
        assert!(buffer.is_empty());
        assert_eq!(view, owned.as_view());
        assert_eq!(view.to_owned_packet(), owned);
        // One form only.
        assert_eq!(encode(version, &owned), bytes);
        if version == Version::V5 {
            assert_eq!(owned, packet);
        }
        *seen.entry((version, packet.packet_type())).or_insert(0) += 1;
    }
    // All types of all versions: 14 of 3.x, 15 of 5.0.
    assert_eq!(seen.len(), 14 + 14 + 15, "{seen:?}");
}

#[test]
fn every_packet_for_every_version_is_valid_or_refused() {
    for VersionedPacket { packet, .. } in random_packets(10_000) {
        for version in Version::ALL {
            let mut out = Vec::new();
            if Encoder::new(version).encode(&packet, &mut out).is_ok() {
                let result = Decoder::any(version).decode(&out);
                assert!(
                    matches!(result, Ok(Status::Complete((_, used))) if used == out.len()),
                    "{packet:?}: {result:?}"
                );
            }
        }
    }
}

#[test]
fn head_and_payload_are_the_packet() {
    for VersionedPacket { packet, .. } in random_packets(20_000) {
        let Packet::Publish(publish) = packet else {
            continue;
        };
        for version in Version::ALL {
            let encoder = Encoder::new(version);
            let (mut head, mut whole) = (Vec::new(), Vec::new());
            let result = encoder.encode_publish_head(&publish, &mut head);
            assert_eq!(result, encoder.encode(&publish, &mut whole));
            head.extend_from_slice(if result.is_ok() {
                publish.payload()
            } else {
                &[]
            });
            assert_eq!(head, whole);
        }
    }
}

#[test]
fn a_prepared_publish_is_what_encoding_one_by_one_gives() {
    let ids: Vec<_> = [1, 200, 70_000]
        .into_iter()
        .filter_map(mqtt_codec::SubscriptionId::new)
        .collect();
    for VersionedPacket { packet, .. } in random_packets(20_000) {
        let Packet::Publish(publish) = packet else {
            continue;
        };
        let prepared = PreparedPublish::new(&publish);
        for version in Version::ALL {
            for delivery in [
                Delivery::AtMostOnce,
                Delivery::ExactlyOnce {
                    packet_id: PacketId::MAX,
                    dup: true,
                },
            ] {
                for ids in [&ids[..0], &ids[..]] {
                    let encoder = Encoder::new(version);
                    let recipient = Recipient::new(delivery).retain(false).subscription_ids(ids);
                    let mut bytes = Vec::new();
                    let result = prepared.encode_head(&encoder, &recipient, &mut bytes);
                    assert_eq!(result.is_err(), publish.topic().is_empty());
                    if result.is_err() {
                        continue;
                    }
                    bytes.extend_from_slice(prepared.payload());
                    let (packet, used) = Decoder::any(version)
                        .decode(&bytes)
                        .unwrap()
                        .complete()
                        .unwrap();
                    assert_eq!(used, bytes.len());
                    let Packet::Publish(sent) = packet else {
                        panic!("not a PUBLISH")
                    };
                    assert_eq!(
                        (sent.topic(), sent.payload(), sent.delivery()),
                        (publish.topic(), publish.payload(), delivery)
                    );
                    assert!(!sent.retain());
                    if version == Version::V5 {
                        assert!(
                            sent.properties()
                                .subscription_identifiers()
                                .eq(ids.iter().copied())
                        );
                        assert!(
                            without_own(sent.properties()).eq(without_own(publish.properties()))
                        );
                    }
                }
            }
        }
    }
}

/// The properties that every receiver gets.
fn without_own(properties: Properties<'_>) -> impl Iterator<Item = Property<'_>> {
    properties.iter().filter(|property| {
        !matches!(
            property,
            Property::TopicAlias(_) | Property::SubscriptionIdentifier(_)
        )
    })
}

#[test]
fn an_alias_stands_for_the_topic() {
    use core::num::NonZeroU16;
    use mqtt_codec::TopicForm;
    let publish = Publish::builder("a/b").payload(b"x").build().unwrap();
    let prepared = PreparedPublish::new(&publish);
    for (form, version, expected) in [
        (
            TopicForm::NameAndAlias(NonZeroU16::MIN),
            Version::V5,
            &b"\x30\x0A\x00\x03a/b\x03\x23\x00\x01"[..],
        ),
        (
            TopicForm::Alias(NonZeroU16::MIN),
            Version::V5,
            b"\x30\x07\x00\x00\x03\x23\x00\x01",
        ),
        (
            TopicForm::Alias(NonZeroU16::MIN),
            Version::V311,
            b"\x30\x06\x00\x03a/b",
        ),
    ] {
        let mut head = Vec::new();
        let recipient = Recipient::new(Delivery::AtMostOnce).topic(form);
        prepared
            .encode_head(&Encoder::new(version), &recipient, &mut head)
            .unwrap();
        assert_eq!(head, expected);
    }
}

/// Everything that holds bytes of others: packets and views of them, builders, events, properties, wills, prepared messages,
/// errors of them, decoders in the middle of them.
#[test]
fn nothing_secret_is_shown() {
    const SECRET: &str = "hunter2";
    let secret = SECRET.as_bytes();
    let will = Will::new("will/topic", secret);
    let connect = Connect::builder(Version::V5, "client")
        .user_name("user")
        .password(secret)
        .will(will);
    let mut properties = mqtt_codec::PropertiesBuf::new();
    properties
        .push(Property::AuthenticationMethod("M"))
        .unwrap()
        .push(Property::AuthenticationData(secret))
        .unwrap();
    let mut data = mqtt_codec::PropertiesBuf::new();
    data.push(Property::CorrelationData(secret)).unwrap();
    let reason = mqtt_codec::ReasonCode::ContinueAuthentication;
    let auth = mqtt_codec::Auth::builder(reason).properties(&properties);
    let connack =
        mqtt_codec::ConnAck::builder(mqtt_codec::ReasonCode::Success).properties(&properties);
    let publish = Publish::builder("topic").payload(secret).properties(&data);
    let message = publish.build().unwrap();
    let prepared = PreparedPublish::new(&message);

    let mut bytes = Vec::new();
    Encoder::new(Version::V5)
        .encode(&message, &mut bytes)
        .unwrap();
    let mut whole = mqtt_codec::StreamDecoder::new(Decoder::any(Version::V5), u32::MAX);
    let mut pieces = mqtt_codec::StreamDecoder::new(Decoder::any(Version::V5), 0);
    let event = whole.decode(&bytes).unwrap();
    let mut buffer = BytesMut::from(&bytes[..]);
    let head = pieces.decode_from(&mut buffer).unwrap();
    let piece = pieces.decode_from(&mut buffer).unwrap();
    let peek = mqtt_codec::Peek::new(&bytes).unwrap();
    let status = Decoder::any(Version::V5).decode(&bytes).unwrap();

    let raw = properties.as_properties();
    let mut shown: Vec<String> = [
        &will as &dyn core::fmt::Debug,
        &connect,
        &connect.build().unwrap(),
        &auth,
        &auth.build().unwrap(),
        &connack,
        &publish,
        &message,
        &message.as_view(),
        &message.to_builder(),
        &prepared,
        &event,
        &head,
        &piece,
        &peek,
        &status,
        &pieces,
        &properties,
        &raw,
        &raw.iter(),
        &raw.iter().last(),
        &data,
        &Property::CorrelationData(secret),
        &MqttCodec::new(Decoder::any(Version::V5), Encoder::new(Version::V5)),
    ]
    .into_iter()
    .flat_map(|value| [format!("{value:?}"), format!("{value:#?}")])
    .collect();
    for packet in [
        Packet::from(connect.build().unwrap()),
        auth.build().unwrap().into(),
        connack.build().unwrap().into(),
        message.clone().into(),
    ] {
        shown.push(serde_json::to_string(&packet).unwrap());
    }
    shown.push(serde_json::to_string(&will).unwrap());
    shown.push(serde_json::to_string(&message).unwrap());
    shown.push(serde_json::to_string(&raw).unwrap());
    shown.push(serde_json::to_string(&Property::AuthenticationData(secret)).unwrap());
    let numbers: Vec<String> = secret.iter().map(|byte| byte.to_string()).collect();
    for shown in shown {
        assert!(!shown.contains(SECRET), "{shown}");
        let flat: String = shown.split_whitespace().collect();
        assert!(
            !flat.contains(&numbers.join(",")),
            "nor as numbers: {shown}"
        );
    }
}

#[test]
fn a_packet_as_json() {
    let subscribe = mqtt_codec::Subscribe::builder(PacketId::MIN)
        .filter("a/#", mqtt_codec::QoS::AtLeastOnce)
        .build()
        .unwrap();
    let json = serde_json::to_value(Packet::from(subscribe)).unwrap();
    assert_eq!(json["type"], "SUBSCRIBE");
    assert_eq!(json["packet_id"], 1);
    assert_eq!(json["filters"][0]["filter"], "a/#");
    assert_eq!(json["filters"][0]["qos"], 1);
    for VersionedPacket { packet, .. } in random_packets(2_000) {
        let json = serde_json::to_value(&packet).unwrap();
        assert_eq!(json["type"], packet.packet_type().to_string());
    }
}

#[test]
fn tokio_codec_reserves_no_more_than_has_arrived() {
    use tokio_util::codec::Decoder as _;
    let mut codec = MqttCodec::new(
        Decoder::any(Version::V5).with_max_packet_size(u32::MAX),
        Encoder::new(Version::V5),
    );
    let mut buffer = BytesMut::from(&[0x30, 0xFF, 0xFF, 0xFF, 0x7F][..]);
    assert!(codec.decode(&mut buffer).unwrap().is_none());
    assert!(buffer.capacity() <= 4096, "{}", buffer.capacity());
    buffer.extend_from_slice(&[0; 10_000]);
    buffer[6] = 0;
    assert!(codec.decode(&mut buffer).unwrap().is_none());
    assert!(
        buffer.capacity() <= 4 * 10_005 + 4096,
        "{}",
        buffer.capacity()
    );
    // The end of a stream within a packet is an error of the transport.
    assert!(matches!(
        codec.decode_eof(&mut buffer),
        Err(mqtt_codec::CodecError::Io(_))
    ));
}
