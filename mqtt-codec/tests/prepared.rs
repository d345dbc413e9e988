//! A prepared PUBLISH is what building and encoding one by one gives, for every version, delivery, topic form, set of
//! identifiers and expiry, at every length where a Variable Byte Integer grows, under every limit.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking"
)]

use core::num::NonZeroU16;

use mqtt_codec::{
    Decoder, Delivery, EncodeErrorKind, Encoder, Packet, PacketId, PreparedPublish, PropertiesBuf,
    Property, Publish, Recipient, Status, SubscriptionId, TopicForm, Version,
};

const ID: PacketId = PacketId::MAX;

fn deliveries() -> [Delivery; 4] {
    [
        Delivery::AtMostOnce,
        Delivery::AtLeastOnce {
            packet_id: ID,
            dup: false,
        },
        Delivery::AtLeastOnce {
            packet_id: ID,
            dup: true,
        },
        Delivery::ExactlyOnce {
            packet_id: ID,
            dup: false,
        },
    ]
}

fn ids() -> Vec<SubscriptionId> {
    [1, 127, 128, 16_384, SubscriptionId::MAX]
        .into_iter()
        .map(|id| SubscriptionId::new(id).unwrap())
        .collect()
}

/// What the receiver should get, put together the long way.
fn expected(
    publish: &Publish,
    delivery: Delivery,
    form: TopicForm,
    ids: &[SubscriptionId],
    expiry: Option<u32>,
    version: Version,
) -> Vec<u8> {
    let mut properties = PropertiesBuf::new();
    let mut topic = publish.topic().to_owned();
    if version == Version::V5 {
        match form {
            TopicForm::NameAndAlias(alias) => {
                properties.push(Property::TopicAlias(alias)).unwrap();
            }
            TopicForm::Alias(alias) => {
                properties.push(Property::TopicAlias(alias)).unwrap();
                topic.clear();
            }
            _ => {}
        }
        for id in ids {
            properties
                .push(Property::SubscriptionIdentifier(*id))
                .unwrap();
        }
        for property in publish.properties() {
            let property = match (property, expiry) {
                (Property::TopicAlias(_) | Property::SubscriptionIdentifier(_), _) => continue,
                (Property::MessageExpiryInterval(_), Some(seconds)) => {
                    Property::MessageExpiryInterval(seconds)
                }
                (property, _) => property,
            };
            properties.push(property).unwrap();
        }
    }
    let own = Publish::builder(&topic)
        .delivery(delivery)
        .properties(&properties)
        .payload(publish.payload())
        .build()
        .unwrap();
    let mut out = Vec::new();
    Encoder::new(version).encode(&own, &mut out).unwrap();
    out
}

fn properties(kind: usize) -> PropertiesBuf {
    let mut properties = PropertiesBuf::new();
    if kind > 0 {
        properties
            .push(Property::TopicAlias(NonZeroU16::MAX))
            .unwrap()
            .push(Property::MessageExpiryInterval(60))
            .unwrap()
            .push(Property::SubscriptionIdentifier(
                SubscriptionId::new(300).unwrap(),
            ))
            .unwrap()
            .push(Property::UserProperty("k", "v"))
            .unwrap();
    }
    if kind > 1 {
        // Close to where the Property Length takes two bytes.
        properties
            .push(Property::UserProperty("long", &"x".repeat(kind)))
            .unwrap();
    }
    properties
}

#[test]
fn prepared_and_built_one_by_one_agree() {
    let (ids, alias) = (ids(), NonZeroU16::MIN);
    let forms = [
        TopicForm::Name,
        TopicForm::NameAndAlias(alias),
        TopicForm::Alias(alias),
    ];
    let mut cases = 0;
    // Remaining Lengths and heads around 80, 127/128 and 16,383/16,384.
    for topic in [
        1, 20, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 110, 200,
    ] {
        for payload in [
            0, 40, 60, 64, 100, 105, 110, 118, 122, 124, 16_300, 16_358, 16_361, 16_376, 16_380,
        ] {
            for kind in [0, 1, 95, 100, 105, 110] {
                let buf = properties(kind);
                let publish = Publish::builder(&"t".repeat(topic))
                    .retain(true)
                    .properties(&buf)
                    .payload(&vec![b'p'; payload])
                    .build()
                    .unwrap();
                let prepared = PreparedPublish::new(&publish);
                let streamed = PreparedPublish::streamed(&publish, payload as u32);
                for version in [Version::V311, Version::V5] {
                    for delivery in deliveries() {
                        for form in forms {
                            for (ids, expiry) in
                                [(&ids[..0], None), (&ids[..], Some(7)), (&ids[..2], None)]
                            {
                                let mut recipient =
                                    Recipient::new(delivery).topic(form).subscription_ids(ids);
                                if let Some(seconds) = expiry {
                                    recipient = recipient.message_expiry_interval(seconds);
                                }
                                let expected =
                                    expected(&publish, delivery, form, ids, expiry, version);
                                let encoder = Encoder::new(version)
                                    .with_max_packet_size(expected.len() as u32);
                                let mut out = Vec::new();
                                prepared.encode(&encoder, &recipient, &mut out).unwrap();
                                assert_eq!(out, expected);
                                let mut head = Vec::new();
                                streamed
                                    .encode_head(&encoder, &recipient, &mut head)
                                    .unwrap();
                                assert_eq!(head, expected[..expected.len() - payload]);
                                // One byte less is too large, and then nothing is written.
                                let encoder =
                                    encoder.with_max_packet_size(expected.len() as u32 - 1);
                                let mut out = Vec::new();
                                let error =
                                    prepared.encode(&encoder, &recipient, &mut out).unwrap_err();
                                assert_eq!(error.kind(), EncodeErrorKind::PacketTooLarge);
                                assert!(out.is_empty());
                                cases += 1;
                            }
                        }
                    }
                }
            }
        }
    }
    assert_eq!(cases, 16 * 15 * 6 * 2 * 4 * 3 * 3);
}

#[test]
fn nothing_is_written_without_room_for_all() {
    let publish = Publish::builder("topic")
        .payload(b"payload")
        .build()
        .unwrap();
    let prepared = PreparedPublish::new(&publish);
    let (encoder, recipient) = (
        Encoder::new(Version::V5),
        Recipient::new(Delivery::AtMostOnce),
    );
    let mut whole = Vec::new();
    prepared.encode(&encoder, &recipient, &mut whole).unwrap();
    for room in 0..whole.len() {
        let mut buffer = vec![0xAA; room];
        let error = prepared
            .encode(&encoder, &recipient, &mut &mut buffer[..])
            .unwrap_err();
        assert_eq!(error.kind(), EncodeErrorKind::BufferTooSmall);
        assert!(
            error
                .to_string()
                .contains(&format!("{} bytes", whole.len())),
            "{error}"
        );
        assert!(buffer.iter().all(|byte| *byte == 0xAA));
    }
    let mut exact = vec![0; whole.len()];
    prepared
        .encode(&encoder, &recipient, &mut &mut exact[..])
        .unwrap();
    assert_eq!(exact, whole);
}

/// [MQTT-3.3.1-9] of 3.1.1, [MQTT-3.3.1-12] and [MQTT-3.3.1-13] of 5.0.
#[test]
fn retain_is_cleared_unless_asked_for() {
    for published in [false, true] {
        let publish = Publish::builder("a").retain(published).build().unwrap();
        let prepared = PreparedPublish::new(&publish);
        let plain = Recipient::new(Delivery::AtMostOnce);
        for (recipient, expected) in [
            (plain, false),
            (plain.retain(true), true),
            (plain.retain(false), false),
            (plain.retain_as_published(), published),
        ] {
            let mut out = Vec::new();
            prepared
                .encode(&Encoder::server(Version::V5), &recipient, &mut out)
                .unwrap();
            let (packet, _) = Decoder::any(Version::V5)
                .decode(&out)
                .unwrap()
                .complete()
                .unwrap();
            let Packet::Publish(sent) = packet else {
                panic!()
            };
            assert_eq!(sent.retain(), expected);
        }
    }
}

#[test]
fn a_message_known_by_its_alias_alone_needs_an_alias() {
    let mut properties = PropertiesBuf::new();
    properties
        .push(Property::TopicAlias(NonZeroU16::MIN))
        .unwrap();
    let publish = Publish::builder("")
        .properties(&properties)
        .build()
        .unwrap();
    let prepared = PreparedPublish::new(&publish);
    let plain = Recipient::new(Delivery::AtMostOnce);
    let aliased = plain.topic(TopicForm::Alias(NonZeroU16::MAX));
    for (version, recipient, fits) in [
        (Version::V5, plain, false),
        (Version::V5, aliased, true),
        (Version::V311, aliased, false),
    ] {
        let result = prepared.encode(&Encoder::new(version), &recipient, &mut Vec::new());
        assert_eq!(
            result.map_err(|error| error.kind()),
            if fits {
                Ok(())
            } else {
                Err(EncodeErrorKind::UnresolvedTopicAlias)
            }
        );
    }
}

/// A client has no Subscription Identifiers to send ([MQTT-3.3.4-6]); 3.1.1 has none at all.
#[test]
fn a_client_does_not_send_subscription_identifiers() {
    let prepared = PreparedPublish::new(&Publish::builder("a").build().unwrap());
    let ids = ids();
    let recipient = Recipient::new(Delivery::AtMostOnce).subscription_ids(&ids);
    let error = prepared
        .encode(&Encoder::client(Version::V5), &recipient, &mut Vec::new())
        .unwrap_err();
    assert_eq!(error.kind(), EncodeErrorKind::WrongDirection);
    assert!(
        prepared
            .encode(&Encoder::client(Version::V311), &recipient, &mut Vec::new())
            .is_ok()
    );
    assert!(
        prepared
            .encode(&Encoder::server(Version::V5), &recipient, &mut Vec::new())
            .is_ok()
    );
}

#[test]
fn a_copy_does_not_keep_the_buffer() {
    let mut buffer = *b"\x30\x08\x00\x01ahello";
    let mut decoder = Decoder::any(Version::V311);
    let Ok(Status::Complete((Packet::Publish(publish), _))) = decoder.decode(&buffer) else {
        panic!()
    };
    let prepared = PreparedPublish::copy_of(&publish);
    buffer.fill(0);
    assert_eq!(
        (prepared.topic(), &prepared.payload()[..]),
        ("a", &b"hello"[..])
    );
}
