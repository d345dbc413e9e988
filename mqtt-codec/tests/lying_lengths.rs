//! Lengths that lie. Every valid packet of the corpus is cut short and has each of its bytes changed; whatever comes out,
//! a whole frame is never "not all there", nothing panics, and what is accepted is encoded to something that is accepted.

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

mod support;

use mqtt_codec::{DecodeErrorKind, Decoder, Encoder, Status, Version};

/// Judges one whole frame.
fn judge(version: Version, bytes: &[u8]) {
    for (name, mut decoder) in support::decoders(version) {
        match decoder.decode(bytes) {
            Ok(Status::Incomplete { .. }) => panic!("{name}: more bytes wanted of {bytes:02x?}"),
            Ok(Status::Complete((packet, used))) => {
                assert_eq!(used, bytes.len());
                let version = decoder.version().unwrap();
                let mut out = Vec::new();
                Encoder::new(version).encode(&packet, &mut out).unwrap();
                let (again, _) = Decoder::any(version)
                    .decode(&out)
                    .unwrap()
                    .complete()
                    .unwrap();
                assert_eq!(again, packet);
            }
            Err(error) => {
                assert!(error.offset() as usize <= bytes.len(), "{error}");
                assert!(!error.to_string().is_empty());
            }
        }
    }
}

// BC-009, BC-017, BC-020, BC-023: the body ends early, and the fixed header says so.
#[test]
fn truncated_everywhere() {
    for (version, bytes) in support::valid() {
        let header = support::header_len(&bytes);
        for end in header..bytes.len() {
            judge(version, &support::frame(bytes[0], &bytes[header..end]));
        }
    }
}

// BC-016, BC-018, BC-021, BC-026: every byte of the body as another length, type, flag or identifier.
#[test]
fn each_byte_replaced() {
    for (version, bytes) in support::valid() {
        let header = support::header_len(&bytes);
        for place in header..bytes.len() {
            let byte = bytes[place];
            for value in [
                0x00,
                0x01,
                0x7F,
                0x80,
                0xFF,
                byte.wrapping_add(1),
                byte.wrapping_sub(1),
                byte ^ 0x80,
            ] {
                let mut changed = bytes.clone();
                changed[place] = value;
                judge(version, &changed);
            }
        }
    }
}

#[test]
fn each_pair_of_bytes_as_a_huge_length() {
    for (version, bytes) in support::valid() {
        let header = support::header_len(&bytes);
        for place in header..bytes.len().saturating_sub(1) {
            let mut changed = bytes.clone();
            changed[place..place + 2].copy_from_slice(&[0xFF, 0xFF]);
            judge(version, &changed);
        }
    }
}

#[test]
fn an_inner_length_that_is_too_large_is_found_at_its_field() {
    // PUBLISH: a topic of 5 bytes in a body of 4.
    let error = Decoder::any(Version::V311)
        .decode(&[0x30, 0x04, 0x00, 0x05, b'a', b'b'])
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.offset()),
        (DecodeErrorKind::Truncated, 2)
    );
    // A user property whose value is longer than the properties, though not than the packet.
    let body = [
        support::block("a"),
        vec![7, 0x26, 0, 1, b'k', 0, 9, b'v'],
        vec![b'x'; 20],
    ]
    .concat();
    let error = Decoder::any(Version::V5)
        .decode(&support::frame(0x30, &body))
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.offset()),
        (DecodeErrorKind::Truncated, 10)
    );
    // BC-014: a Property Length of five bytes.
    let body = [support::block("a"), vec![0x80, 0x80, 0x80, 0x80, 0x01]].concat();
    let error = Decoder::any(Version::V5)
        .decode(&support::frame(0x30, &body))
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.offset()),
        (DecodeErrorKind::IntegerTooLong, 5)
    );
}

// BC-022: a CONNECT and an acknowledgement of nothing, as it was published.
#[test]
fn a_connect_followed_by_garbage() {
    let bytes = [
        &b"\x10\x10\x00\x04MQTT\x05\x02\x00\x3C\x03\x21\x00\x14\x00\x00"[..],
        &[0x42, 0x03, 0x00, 0x20],
    ]
    .concat();
    let mut decoder = Decoder::server();
    let (_, used) = decoder.decode(&bytes).unwrap().complete().unwrap();
    let error = decoder.decode(&bytes[used..]).unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::InvalidFlags);
    // BC-055: and nothing is read after an error.
    assert_eq!(decoder.decode(&[0xC0, 0x00]), Err(error));
}

// BC-032: as many levels as a filter can have, on a stack that nothing may recurse on.
#[test]
fn a_filter_of_65_535_levels() {
    let judge = || {
        let filter = vec![b'/'; 65_535];
        let body = [&[0, 1][..], &support::block(&filter), &[1]].concat();
        let bytes = support::frame(0x82, &body);
        let (packet, _) = Decoder::any(Version::V311)
            .decode(&bytes)
            .unwrap()
            .complete()
            .unwrap();
        let mqtt_codec::Packet::Subscribe(subscribe) = packet else {
            panic!()
        };
        assert_eq!(subscribe.filters().next().unwrap().filter_bytes(), filter);
    };
    std::thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(judge)
        .unwrap()
        .join()
        .unwrap();
}

// BC-026: every level with every name.
#[test]
fn protocol_names_and_levels() {
    for name in ["MQTT", "MQIsdp", "MQTt", "mqtt", "MQT", "MQTTT", ""] {
        for level in 0..=255_u8 {
            let mut body = [support::block(name), vec![level, 2, 0, 10]].concat();
            if level == 5 {
                body.push(0);
            }
            body.extend(support::block("c"));
            let expected = match (name, level) {
                ("MQTT", 4) => Some(Version::V311),
                ("MQTT", 5) => Some(Version::V5),
                ("MQIsdp", 3) => Some(Version::V31),
                _ => None,
            };
            let mut decoder = Decoder::server();
            let bytes = support::frame(0x10, &body);
            let result = decoder.decode(&bytes);
            assert_eq!(result.is_ok(), expected.is_some(), "{name} {level}");
            assert_eq!(decoder.version(), expected);
            if let Err(error) = decoder.decode(&bytes)
                && expected.is_none()
            {
                let known = matches!(name, "MQTT" | "MQIsdp");
                let kind = if known {
                    DecodeErrorKind::UnsupportedProtocolLevel
                } else {
                    DecodeErrorKind::InvalidProtocolName
                };
                assert_eq!(error.kind(), kind, "{name} {level}");
            }
        }
    }
}
