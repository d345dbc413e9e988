//! What becomes of a packet that is encoded for another version than it came in: left out, translated, or refused. One row a
//! rule; bytes as spaced hex.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use mqtt_codec::{Decoder, EncodeErrorKind, Encoder, Version};

use Version::{V5, V31, V311};

fn hex(text: &str) -> Vec<u8> {
    text.split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

const REFUSED: &str = "refused";

/// Rule, version of the packet, packet, version of the receiver, what goes out.
const RULES: &[(&str, Version, &str, Version, &str)] = &[
    (
        "PUBLISH loses its properties",
        V5,
        "30 09 00 01 61 04 01 01 0B 07 78",
        V311,
        "30 04 00 01 61 78",
    ),
    (
        "PUBLISH loses an alias with its name",
        V5,
        "30 08 00 01 61 03 23 00 01 78",
        V311,
        "30 04 00 01 61 78",
    ),
    (
        "PUBLISH known by its alias alone",
        V5,
        "30 07 00 00 03 23 00 01 78",
        V311,
        REFUSED,
    ),
    (
        "PUBLISH gets no properties",
        V311,
        "32 06 00 01 61 00 07 78",
        V5,
        "32 07 00 01 61 00 07 00 78",
    ),
    (
        "CONNACK code is translated",
        V5,
        "20 03 00 87 00",
        V311,
        "20 02 00 05",
    ),
    (
        "CONNACK code is translated back",
        V311,
        "20 02 00 04",
        V5,
        "20 03 00 86 00",
    ),
    (
        "CONNACK busy is unavailable",
        V5,
        "20 03 00 89 00",
        V311,
        "20 02 00 03",
    ),
    (
        "CONNACK code without a return code",
        V5,
        "20 03 00 95 00",
        V311,
        REFUSED,
    ),
    (
        "CONNACK loses its properties",
        V5,
        "20 06 01 00 03 22 00 0A",
        V311,
        "20 02 01 00",
    ),
    (
        "CONNACK of 3.1 has no session present",
        V311,
        "20 02 01 00",
        V31,
        "20 02 00 00",
    ),
    (
        "CONNACK of enhanced authentication",
        V5,
        "20 07 00 00 04 15 00 01 6D",
        V311,
        REFUSED,
    ),
    (
        "PUBACK loses a good reason",
        V5,
        "40 03 00 07 10",
        V311,
        "40 02 00 07",
    ),
    ("PUBACK of a refusal", V5, "40 03 00 07 97", V311, REFUSED),
    ("PUBREC of a refusal", V5, "50 03 00 07 87", V311, REFUSED),
    (
        "PUBREL of an unknown identifier goes on",
        V5,
        "62 03 00 07 92",
        V311,
        "62 02 00 07",
    ),
    (
        "PUBCOMP of an unknown identifier goes on",
        V5,
        "70 03 00 07 92",
        V311,
        "70 02 00 07",
    ),
    (
        "SUBSCRIBE of QoS alone",
        V5,
        "82 07 00 01 00 00 01 61 02",
        V311,
        "82 06 00 01 00 01 61 02",
    ),
    (
        "SUBSCRIBE with No Local",
        V5,
        "82 07 00 01 00 00 01 61 04",
        V311,
        REFUSED,
    ),
    (
        "SUBSCRIBE with an identifier",
        V5,
        "82 09 00 01 02 0B 07 00 01 61 00",
        V311,
        REFUSED,
    ),
    (
        "SUBSCRIBE loses user properties",
        V5,
        "82 0E 00 01 07 26 00 01 6B 00 01 76 00 01 61 00",
        V31,
        "82 06 00 01 00 01 61 00",
    ),
    (
        "SUBSCRIBE gets no properties",
        V311,
        "82 06 00 01 00 01 61 01",
        V5,
        "82 07 00 01 00 00 01 61 01",
    ),
    (
        "SUBSCRIBE that would be badly shared",
        V311,
        "82 0D 00 01 00 08 24 73 68 61 72 65 2F 67 01",
        V5,
        REFUSED,
    ),
    (
        "UNSUBSCRIBE that would be badly shared",
        V311,
        "A2 0C 00 01 00 08 24 73 68 61 72 65 2F 67",
        V5,
        REFUSED,
    ),
    (
        "SUBSCRIBE that would no longer be shared",
        V5,
        "82 10 00 01 00 00 0A 24 73 68 61 72 65 2F 67 2F 61 01",
        V311,
        REFUSED,
    ),
    (
        "SUBSCRIBE that would be shared",
        V311,
        "82 0F 00 01 00 0A 24 73 68 61 72 65 2F 67 2F 61 01",
        V5,
        REFUSED,
    ),
    (
        "SUBSCRIBE that is not shared in either",
        V311,
        "82 0F 00 01 00 0A 24 73 68 61 72 65 2F 67 2F 61 01",
        V31,
        "82 0F 00 01 00 0A 24 73 68 61 72 65 2F 67 2F 61 01",
    ),
    (
        "UNSUBSCRIBE that would no longer be shared",
        V5,
        "A2 0F 00 01 00 00 0A 24 73 68 61 72 65 2F 67 2F 61",
        V311,
        REFUSED,
    ),
    (
        "UNSUBSCRIBE that would be shared",
        V311,
        "A2 0E 00 01 00 0A 24 73 68 61 72 65 2F 67 2F 61",
        V5,
        REFUSED,
    ),
    (
        "UNSUBSCRIBE",
        V5,
        "A2 06 00 01 00 00 01 61",
        V311,
        "A2 05 00 01 00 01 61",
    ),
    (
        "SUBACK failures are one",
        V5,
        "90 05 00 01 00 01 87",
        V311,
        "90 04 00 01 01 80",
    ),
    (
        "SUBACK failure cannot be said in 3.1",
        V5,
        "90 05 00 01 00 01 87",
        V31,
        REFUSED,
    ),
    (
        "SUBACK",
        V311,
        "90 04 00 01 02 80",
        V5,
        "90 05 00 01 00 02 80",
    ),
    (
        "UNSUBACK loses its codes",
        V5,
        "B0 05 00 01 00 00 11",
        V311,
        "B0 02 00 01",
    ),
    (
        "UNSUBACK of a failure",
        V5,
        "B0 04 00 01 00 87",
        V311,
        REFUSED,
    ),
    ("UNSUBACK without codes", V311, "B0 02 00 01", V5, REFUSED),
    ("DISCONNECT", V5, "E0 01 00", V311, "E0 00"),
    ("DISCONNECT with the will", V5, "E0 01 04", V311, REFUSED),
    ("DISCONNECT of a server", V5, "E0 01 8B", V311, REFUSED),
    (
        "DISCONNECT with an expiry",
        V5,
        "E0 07 00 05 11 00 00 00 01",
        V311,
        REFUSED,
    ),
    ("AUTH", V5, "F0 00", V311, REFUSED),
    ("PINGREQ", V5, "C0 00", V31, "C0 00"),
    (
        "CONNECT, clean",
        V5,
        "10 0E 00 04 4D 51 54 54 05 02 00 0A 00 00 01 63",
        V311,
        "10 0D 00 04 4D 51 54 54 04 02 00 0A 00 01 63",
    ),
    (
        "CONNECT, clean, from 3.1.1",
        V311,
        "10 0D 00 04 4D 51 54 54 04 02 00 0A 00 01 63",
        V5,
        "10 0E 00 04 4D 51 54 54 05 02 00 0A 00 00 01 63",
    ),
    (
        "CONNECT, kept, from 3.1.1",
        V311,
        "10 0D 00 04 4D 51 54 54 04 00 00 0A 00 01 63",
        V5,
        "10 13 00 04 4D 51 54 54 05 00 00 0A 05 11 FF FF FF FF 00 01 63",
    ),
    (
        "CONNECT, kept",
        V5,
        "10 13 00 04 4D 51 54 54 05 00 00 0A 05 11 FF FF FF FF 00 01 63",
        V311,
        "10 0D 00 04 4D 51 54 54 04 00 00 0A 00 01 63",
    ),
    (
        "CONNECT, taken up and not kept",
        V5,
        "10 0E 00 04 4D 51 54 54 05 00 00 0A 00 00 01 63",
        V311,
        REFUSED,
    ),
    (
        "CONNECT, begun new and kept",
        V5,
        "10 13 00 04 4D 51 54 54 05 02 00 0A 05 11 00 00 00 3C 00 01 63",
        V311,
        REFUSED,
    ),
    (
        "CONNECT of enhanced authentication",
        V5,
        "10 12 00 04 4D 51 54 54 05 02 00 0A 04 15 00 01 6D 00 01 63",
        V311,
        REFUSED,
    ),
    (
        "CONNECT whose will waits",
        V5,
        "10 1A 00 04 4D 51 54 54 05 06 00 0A 00 00 01 63 05 18 00 00 00 01 00 01 77 00 01 6D",
        V311,
        REFUSED,
    ),
    (
        "CONNECT whose will does not wait",
        V5,
        "10 1A 00 04 4D 51 54 54 05 06 00 0A 00 00 01 63 05 18 00 00 00 00 00 01 77 00 01 6D",
        V311,
        "10 13 00 04 4D 51 54 54 04 06 00 0A 00 01 63 00 01 77 00 01 6D",
    ),
    (
        "CONNECT loses limits and wishes of the client",
        V5,
        "10 16 00 04 4D 51 54 54 05 02 00 0A 08 27 00 00 01 00 21 00 0A 00 01 63",
        V311,
        "10 0D 00 04 4D 51 54 54 04 02 00 0A 00 01 63",
    ),
    (
        "CONNECT with a password alone",
        V5,
        "10 11 00 04 4D 51 54 54 05 42 00 0A 00 00 01 63 00 01 70",
        V311,
        REFUSED,
    ),
    (
        "CONNECT to 3.1",
        V311,
        "10 0D 00 04 4D 51 54 54 04 02 00 0A 00 01 63",
        V31,
        "10 0F 00 06 4D 51 49 73 64 70 03 02 00 0A 00 01 63",
    ),
    (
        "CONNECT to 3.1 without an identifier",
        V311,
        "10 0C 00 04 4D 51 54 54 04 02 00 0A 00 00",
        V31,
        REFUSED,
    ),
    (
        "CONNECT with all fields loses will properties",
        V5,
        "10 1D 00 04 4D 51 54 54 05 C6 00 0A 00 00 01 63 02 01 01 00 01 77 00 01 6D 00 01 75 00 01 70",
        V311,
        "10 19 00 04 4D 51 54 54 04 C6 00 0A 00 01 63 00 01 77 00 01 6D 00 01 75 00 01 70",
    ),
    (
        "CONNECT with all fields gets a length of will properties",
        V311,
        "10 19 00 04 4D 51 54 54 04 C6 00 0A 00 01 63 00 01 77 00 01 6D 00 01 75 00 01 70",
        V5,
        "10 1B 00 04 4D 51 54 54 05 C6 00 0A 00 00 01 63 00 00 01 77 00 01 6D 00 01 75 00 01 70",
    ),
];

#[test]
fn each_rule() {
    for &(name, from, packet, to, expected) in RULES {
        let bytes = hex(packet);
        let (packet, used) = Decoder::any(from)
            .decode(&bytes)
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .complete()
            .unwrap();
        assert_eq!(used, bytes.len(), "{name}");
        let encoder = Encoder::new(to);
        let mut out = Vec::new();
        match encoder.encode(&packet, &mut out) {
            Ok(()) => {
                assert_eq!(out, hex(expected), "{name}");
                assert_eq!(encoder.encoded_len(&packet), Ok(out.len()), "{name}");
                // What goes out is a packet of its version.
                let (again, _) = Decoder::any(to)
                    .decode(&out)
                    .unwrap_or_else(|error| panic!("{name}: {error}"))
                    .complete()
                    .unwrap();
                assert_eq!(again.packet_type(), packet.packet_type(), "{name}");
            }
            Err(error) => {
                assert_eq!(expected, REFUSED, "{name}: {error}");
                let kind = match name {
                    "PUBLISH known by its alias alone" => EncodeErrorKind::UnresolvedTopicAlias,
                    _ => EncodeErrorKind::NotInVersion,
                };
                assert_eq!((error.kind(), error.version()), (kind, to), "{name}");
                assert!(out.is_empty());
            }
        }
    }
}

#[test]
fn nothing_is_written_without_room() {
    for &(name, from, packet, ..) in RULES {
        let bytes = hex(packet);
        let (packet, _) = Decoder::any(from)
            .decode(&bytes)
            .unwrap()
            .complete()
            .unwrap();
        let len = Encoder::new(from).encoded_len(&packet).unwrap();
        let mut buffer = vec![0xAA; len];
        let mut small = &mut buffer[..len - 1];
        let error = Encoder::new(from).encode(&packet, &mut small).unwrap_err();
        assert_eq!(error.kind(), EncodeErrorKind::BufferTooSmall, "{name}");
        assert_eq!(small.len(), len - 1);
        assert!(buffer.iter().all(|byte| *byte == 0xAA), "{name}");
        let mut exact = &mut buffer[..];
        assert_eq!(
            Encoder::new(from).encode(&packet, &mut exact),
            Ok(()),
            "{name}"
        );
        assert!(exact.is_empty());
    }
}

/// 3.1 has rules of its own (MQTT 3.1 §2.1, §3.1, §3.9).
#[test]
fn what_only_3_1_allows_and_forbids() {
    let accepts = |text: &str| Decoder::any(V31).decode(&hex(text)).is_ok();
    // SUBSCRIBE may be repeated with DUP; a SUBACK cannot say that it failed; CONNACK has no session present.
    assert!(accepts("8A 06 00 01 00 01 61 01"));
    assert!(!accepts("90 03 00 01 80"));
    assert!(!accepts("20 02 01 00"));
    // A Client Identifier of 1 to 23 characters; a flag whose field is missing at the end.
    assert!(accepts(
        "10 0F 00 06 4D 51 49 73 64 70 03 02 00 0A 00 01 63"
    ));
    assert!(!accepts("10 0E 00 06 4D 51 49 73 64 70 03 02 00 0A 00 00"));
    assert!(accepts(
        "10 0F 00 06 4D 51 49 73 64 70 03 82 00 0A 00 01 63"
    ));
    let long = format!(
        "10 26 00 06 4D 51 49 73 64 70 03 02 00 0A 00 18 {}",
        "63 ".repeat(24)
    );
    assert!(!accepts(&long));
    let leniency = mqtt_codec::Leniency::NONE.long_client_id();
    assert!(
        Decoder::any(V31)
            .dangerous_leniency(leniency)
            .decode(&hex(&long))
            .is_ok()
    );
}

/// What a server takes for shared in every version goes over, unless it is no shared subscription of 5.0.
#[test]
fn shared_subscriptions_cross_if_the_receiver_shares() {
    for (from, packet, to, expected) in [
        (
            V5,
            "82 10 00 01 00 00 0A 24 73 68 61 72 65 2F 67 2F 61 01",
            V311,
            "82 0F 00 01 00 0A 24 73 68 61 72 65 2F 67 2F 61 01",
        ),
        (
            V311,
            "82 0F 00 01 00 0A 24 73 68 61 72 65 2F 67 2F 61 01",
            V5,
            "82 10 00 01 00 00 0A 24 73 68 61 72 65 2F 67 2F 61 01",
        ),
        (
            V311,
            "A2 0E 00 01 00 0A 24 73 68 61 72 65 2F 67 2F 61",
            V5,
            "A2 0F 00 01 00 00 0A 24 73 68 61 72 65 2F 67 2F 61",
        ),
        (
            V311,
            "A2 0C 00 01 00 08 24 73 68 61 72 65 2F 67",
            V5,
            REFUSED,
        ),
    ] {
        let bytes = hex(packet);
        let (packet, _) = Decoder::any(from)
            .decode(&bytes)
            .unwrap()
            .complete()
            .unwrap();
        let mut out = Vec::new();
        let result = Encoder::new(to)
            .with_shared_subscriptions(true)
            .encode(&packet, &mut out);
        assert_eq!(result.is_err(), expected == REFUSED, "{packet:?}");
        assert!(expected == REFUSED || out == hex(expected), "{packet:?}");
    }
}

/// MQTT 3.1 §2.3: a topic of at most 32,767 characters, however many bytes they take.
#[test]
fn topics_of_3_1_have_a_limit() {
    for (topic, fits) in [
        ("a".repeat(32_767), true),
        ("a".repeat(32_768), false),
        ("ü".repeat(32_767), true),
    ] {
        let publish = mqtt_codec::Publish::builder(&topic).build().unwrap();
        let mut out = Vec::new();
        Encoder::new(V311).encode(&publish, &mut out).unwrap();
        let decoded = Decoder::any(V31).decode(&out);
        assert_eq!(decoded.is_ok(), fits);
        if let Err(error) = decoded {
            assert_eq!(error.kind(), mqtt_codec::DecodeErrorKind::TopicNameTooLong);
        }
        // Neither as it came nor anew.
        let (packet, _) = Decoder::any(V311).decode(&out).unwrap().complete().unwrap();
        let prepared = mqtt_codec::PreparedPublish::new(&publish);
        let recipient = mqtt_codec::Recipient::new(mqtt_codec::Delivery::AtMostOnce);
        for version in [V31, V311, V5] {
            let encoder = Encoder::new(version);
            let fits = fits || version != V31;
            assert_eq!(encoder.encode(&packet, &mut Vec::new()).is_ok(), fits);
            assert_eq!(encoder.encode(&publish, &mut Vec::new()).is_ok(), fits);
            assert_eq!(
                encoder
                    .encode_publish_head(&publish, &mut Vec::new())
                    .is_ok(),
                fits
            );
            assert_eq!(
                prepared
                    .encode(&encoder, &recipient, &mut Vec::new())
                    .is_ok(),
                fits
            );
        }
        let will = mqtt_codec::Will::new(&topic, b"");
        assert_eq!(
            mqtt_codec::Connect::builder(V31, "c")
                .will(will)
                .build()
                .is_ok(),
            fits
        );
    }
}

#[test]
fn leniency_is_normalised_or_not_passed_on() {
    use mqtt_codec::Leniency;
    let decode = |leniency, text: &str| {
        Decoder::any(V311)
            .dangerous_leniency(leniency)
            .decode(&hex(text))
            .map(|status| {
                let (packet, _) = status.complete().unwrap();
                let mut out = Vec::new();
                Encoder::new(V311)
                    .encode(&packet, &mut out)
                    .map(|()| out)
                    .map_err(|error| error.kind())
            })
    };
    let dup = Leniency::NONE.dup_without_qos();
    assert_eq!(
        decode(dup, "38 04 00 01 61 78"),
        Ok(Ok(hex("30 04 00 01 61 78")))
    );
    // The second one goes the quick way.
    let mut decoder = Decoder::any(V311).dangerous_leniency(dup);
    for _ in 0..2 {
        let bytes = hex("38 04 00 01 61 78");
        let (packet, _) = decoder.decode(&bytes).unwrap().complete().unwrap();
        let mut out = Vec::new();
        Encoder::new(V311).encode(&packet, &mut out).unwrap();
        assert_eq!(out, hex("30 04 00 01 61 78"));
    }
    let bridge = Leniency::NONE.bridge_protocol_level();
    assert_eq!(
        decode(bridge, "10 0D 00 04 4D 51 54 54 84 02 00 0A 00 01 63"),
        Ok(Ok(hex("10 0D 00 04 4D 51 54 54 04 02 00 0A 00 01 63")))
    );
    let password = Leniency::NONE.password_without_user_name();
    assert_eq!(
        decode(
            password,
            "10 10 00 04 4D 51 54 54 04 42 00 0A 00 01 63 00 01 70"
        ),
        Ok(Err(EncodeErrorKind::NotInVersion))
    );
    for text in [
        "38 04 00 01 61 78",
        "10 0D 00 04 4D 51 54 54 84 02 00 0A 00 01 63",
    ] {
        assert!(decode(Leniency::NONE, text).is_err());
    }
}
