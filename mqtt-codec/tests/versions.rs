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
                assert_eq!(
                    (error.kind(), error.version()),
                    (EncodeErrorKind::NotInVersion, to),
                    "{name}"
                );
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
    let leniency = mqtt_codec::Leniency {
        long_client_id: true,
        ..mqtt_codec::Leniency::NONE
    };
    assert!(
        Decoder::any(V31)
            .dangerous_leniency(leniency)
            .decode(&hex(&long))
            .is_ok()
    );
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
    let dup = Leniency {
        dup_without_qos: true,
        ..Leniency::NONE
    };
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
    let bridge = Leniency {
        bridge_protocol_level: true,
        ..Leniency::NONE
    };
    assert_eq!(
        decode(bridge, "10 0D 00 04 4D 51 54 54 84 02 00 0A 00 01 63"),
        Ok(Ok(hex("10 0D 00 04 4D 51 54 54 04 02 00 0A 00 01 63")))
    );
    let password = Leniency {
        password_without_user_name: true,
        ..Leniency::NONE
    };
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
