//! Tables of the standards, written down here a second time and compared cell by cell: which property belongs where, who may
//! send what, and which values are zero though they may not be.

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

use mqtt_codec::{DecodeErrorKind, Decoder, PacketType, ReasonCode, Status, Version};
use support::{block, frame, properties};

/// Table 2-4 of 5.0: identifier, a valid value, and the places by their initials: `c` CONNECT, `C` CONNACK, `p` PUBLISH,
/// `w` will, `a` the four acknowledgements, `s` SUBSCRIBE, `S` SUBACK, `u` UNSUBSCRIBE, `U` UNSUBACK, `d` DISCONNECT,
/// `A` AUTH.
const PROPERTIES: [(u8, &[u8], &str); 27] = [
    (0x01, &[1], "pw"),
    (0x02, &[0, 0, 0, 1], "pw"),
    (0x03, &[0, 1, b't'], "pw"),
    (0x08, &[0, 1, b't'], "pw"),
    (0x09, &[0, 1, 0], "pw"),
    (0x0B, &[1], "ps"),
    (0x11, &[0, 0, 0, 1], "cCd"),
    (0x12, &[0, 1, b'i'], "C"),
    (0x13, &[0, 1], "C"),
    (0x15, &[0, 1, b'm'], "cCA"),
    (0x16, &[0, 1, 0], "cCA"),
    (0x17, &[1], "c"),
    (0x18, &[0, 0, 0, 1], "w"),
    (0x19, &[1], "c"),
    (0x1A, &[0, 1, b'i'], "C"),
    (0x1C, &[0, 1, b'r'], "Cd"),
    (0x1F, &[0, 1, b'r'], "CaSUdA"),
    (0x21, &[0, 1], "cC"),
    (0x22, &[0, 1], "cC"),
    (0x23, &[0, 1], "p"),
    (0x24, &[1], "C"),
    (0x25, &[1], "C"),
    (0x26, &[0, 1, b'k', 0, 1, b'v'], "cCpwasSuUdA"),
    (0x27, &[0, 0, 0, 1], "cC"),
    (0x28, &[1], "C"),
    (0x29, &[1], "C"),
    (0x2A, &[1], "C"),
];

const METHOD: &[u8] = &[0x15, 0, 1, b'm'];

/// A packet of every place that has properties, with these.
fn packets(raw: &[u8]) -> Vec<(char, Vec<u8>)> {
    let name = [block("MQTT"), vec![5]].concat();
    let connect = |flags: u8, raw: &[u8], rest: &[Vec<u8>]| {
        frame(
            0x10,
            &[
                &name[..],
                &[flags, 0, 10],
                &properties(raw),
                &block("c"),
                &rest.concat(),
            ]
            .concat(),
        )
    };
    // Authentication Data is not allowed alone, and AUTH not without a method.
    let with_method = match raw.first() {
        Some(0x16) => [METHOD, raw].concat(),
        _ => raw.to_vec(),
    };
    let auth = if raw.first() == Some(&0x15) {
        raw.to_vec()
    } else {
        [METHOD, raw].concat()
    };
    let mut all = vec![
        ('c', connect(2, &with_method, &[])),
        (
            'w',
            connect(6, &[], &[properties(raw), block("w"), block("m")]),
        ),
        (
            'C',
            frame(0x20, &[vec![0, 0], properties(&with_method)].concat()),
        ),
        ('p', frame(0x30, &[block("a"), properties(raw)].concat())),
        (
            's',
            frame(
                0x82,
                &[vec![0, 1], properties(raw), block("a"), vec![0]].concat(),
            ),
        ),
        (
            'S',
            frame(0x90, &[vec![0, 1], properties(raw), vec![0]].concat()),
        ),
        (
            'u',
            frame(0xA2, &[vec![0, 1], properties(raw), block("a")].concat()),
        ),
        (
            'U',
            frame(0xB0, &[vec![0, 1], properties(raw), vec![0]].concat()),
        ),
        ('d', frame(0xE0, &[vec![0], properties(raw)].concat())),
        ('A', frame(0xF0, &[vec![0x18], properties(&auth)].concat())),
    ];
    for first in [0x40, 0x50, 0x62, 0x70] {
        all.push((
            'a',
            frame(first, &[vec![0, 1, 0], properties(raw)].concat()),
        ));
    }
    all
}

fn kind(version: Version, bytes: &[u8]) -> Option<DecodeErrorKind> {
    match Decoder::any(version).decode(bytes) {
        Ok(Status::Complete(_)) => None,
        Ok(status) => panic!("{status:?} of {bytes:02x?}"),
        Err(error) => Some(error.kind()),
    }
}

// BC-005: 27 properties and 14 places.
#[test]
fn each_property_in_each_place() {
    let mut cells = 0;
    for (id, value, places) in PROPERTIES {
        let property = [&[id], value].concat();
        for (place, bytes) in packets(&property) {
            let expected = (!places.contains(place)).then_some(DecodeErrorKind::PropertyNotAllowed);
            assert_eq!(
                kind(Version::V5, &bytes),
                expected,
                "property {id:#04x} in {place}: {bytes:02x?}"
            );
            cells += 1;
        }
    }
    assert_eq!(cells, 27 * 14);
}

#[test]
fn each_property_twice() {
    for (id, value, places) in PROPERTIES {
        let property = [&[id], value].concat();
        for (place, bytes) in packets(&property.repeat(2)) {
            if !places.contains(place) {
                continue;
            }
            let may_repeat = id == 0x26 || (id == 0x0B && place == 'p');
            let expected = (!may_repeat).then_some(DecodeErrorKind::DuplicateProperty);
            assert_eq!(
                kind(Version::V5, &bytes),
                expected,
                "property {id:#04x} in {place}"
            );
        }
    }
}

#[test]
fn identifiers_that_are_no_property() {
    for id in 0..=255_u8 {
        if PROPERTIES.iter().any(|(known, ..)| *known == id) {
            continue;
        }
        for (place, bytes) in packets(&[id, 1]) {
            assert_eq!(
                kind(Version::V5, &bytes),
                Some(DecodeErrorKind::UnknownProperty),
                "{id:#04x} in {place}"
            );
        }
    }
}

// BC-010, BC-011, BC-012: zero where zero is nothing, and the code that says so.
#[test]
fn zero_values_are_refused_with_their_reason() {
    let connect = |raw: &[u8]| {
        packets(raw)
            .into_iter()
            .find(|(place, _)| *place == 'c')
            .unwrap()
            .1
    };
    let connack = |raw: &[u8]| {
        packets(raw)
            .into_iter()
            .find(|(place, _)| *place == 'C')
            .unwrap()
            .1
    };
    let publish = |raw: &[u8]| {
        packets(raw)
            .into_iter()
            .find(|(place, _)| *place == 'p')
            .unwrap()
            .1
    };
    let subscribe = |raw: &[u8]| {
        packets(raw)
            .into_iter()
            .find(|(place, _)| *place == 's')
            .unwrap()
            .1
    };
    for (bytes, reason) in [
        (publish(&[0x23, 0, 0]), ReasonCode::TopicAliasInvalid),
        (publish(&[0x0B, 0]), ReasonCode::ProtocolError),
        (subscribe(&[0x0B, 0]), ReasonCode::ProtocolError),
        (connect(&[0x21, 0, 0]), ReasonCode::ProtocolError),
        (connack(&[0x21, 0, 0]), ReasonCode::ProtocolError),
        (connect(&[0x27, 0, 0, 0, 0]), ReasonCode::ProtocolError),
        (connack(&[0x27, 0, 0, 0, 0]), ReasonCode::ProtocolError),
        (
            frame(0x32, &[block("a"), vec![0, 0, 0]].concat()),
            ReasonCode::ProtocolError,
        ),
        (
            frame(0x30, &[block(""), vec![0]].concat()),
            ReasonCode::ProtocolError,
        ),
    ] {
        let error = Decoder::any(Version::V5).decode(&bytes).unwrap_err();
        assert_eq!(error.reason_code(), reason, "{error}");
    }
    // A topic may be empty in 5.0 if an alias stands for it, and never in 3.x.
    assert_eq!(
        kind(
            Version::V5,
            &frame(0x30, &[block(""), properties(&[0x23, 0, 1])].concat())
        ),
        None
    );
    assert_eq!(
        kind(Version::V311, &frame(0x30, &block(""))),
        Some(DecodeErrorKind::EmptyTopicName)
    );
}

/// The tables of §2.2.1 (3.1.1) and §2.1.2 (5.0): may a client, may a server send it.
const DIRECTIONS: [(PacketType, bool, bool); 15] = [
    (PacketType::Connect, true, false),
    (PacketType::ConnAck, false, true),
    (PacketType::Publish, true, true),
    (PacketType::PubAck, true, true),
    (PacketType::PubRec, true, true),
    (PacketType::PubRel, true, true),
    (PacketType::PubComp, true, true),
    (PacketType::Subscribe, true, false),
    (PacketType::SubAck, false, true),
    (PacketType::Unsubscribe, true, false),
    (PacketType::UnsubAck, false, true),
    (PacketType::PingReq, true, false),
    (PacketType::PingResp, false, true),
    (PacketType::Disconnect, true, true),
    (PacketType::Auth, true, true),
];

// BC-006, BC-007: a packet that goes the wrong way is refused by its first byte.
#[test]
fn each_type_in_each_direction() {
    for version in Version::ALL {
        for (packet, client, server) in DIRECTIONS {
            let v5 = version == Version::V5;
            let server = server && (v5 || packet != PacketType::Disconnect);
            let exists = v5 || packet != PacketType::Auth;
            let flags = if matches!(
                packet,
                PacketType::PubRel | PacketType::Subscribe | PacketType::Unsubscribe
            ) {
                2
            } else {
                0
            };
            let first = [(packet.code() << 4) | flags];
            let refused =
                |mut decoder: Decoder| decoder.decode(&first).err().map(|error| error.kind());
            let expect = |allowed: bool| match (exists, allowed) {
                (false, _) => Some(DecodeErrorKind::UnknownPacketType),
                (true, false) => Some(DecodeErrorKind::WrongDirection),
                (true, true) => None,
            };
            assert_eq!(
                refused(Decoder::client_after_connack(version)),
                match packet {
                    PacketType::ConnAck => Some(DecodeErrorKind::SecondConnAck),
                    _ => expect(server),
                },
                "{packet} from a server, {version}"
            );
            let first = match packet {
                PacketType::ConnAck => None,
                PacketType::Auth if v5 => None,
                _ => Some(expect(server).unwrap_or(DecodeErrorKind::ConnAckExpected)),
            };
            assert_eq!(
                refused(Decoder::client(version)),
                first,
                "{packet} as the first from a server, {version}"
            );
            assert_eq!(
                refused(Decoder::any(version)),
                expect(true),
                "{packet}, {version}"
            );
            let from_client = match packet {
                PacketType::Connect => Some(DecodeErrorKind::SecondConnect),
                _ => expect(client),
            };
            assert_eq!(
                refused(Decoder::server_after_connect(version)),
                from_client,
                "{packet} from a client, {version}"
            );
        }
    }
}

#[test]
fn each_reason_code_in_each_answer() {
    // §2.4 by packet type, as §3.2.2.2, §3.4.2.1, … have it.
    let tables: [(PacketType, &[u8]); 9] = [
        (
            PacketType::ConnAck,
            &[
                0, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x8C, 0x90,
                0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F,
            ],
        ),
        (
            PacketType::PubAck,
            &[0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
        ),
        (
            PacketType::PubRec,
            &[0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
        ),
        (PacketType::PubRel, &[0, 0x92]),
        (PacketType::PubComp, &[0, 0x92]),
        (
            PacketType::SubAck,
            &[
                0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2,
            ],
        ),
        (
            PacketType::UnsubAck,
            &[0, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91],
        ),
        (
            PacketType::Disconnect,
            &[
                0, 4, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x93,
                0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1,
                0xA2,
            ],
        ),
        (PacketType::Auth, &[0, 0x18, 0x19]),
    ];
    for (packet, allowed) in tables {
        for code in 0..=255_u8 {
            let first = (packet.code() << 4) | if packet == PacketType::PubRel { 2 } else { 0 };
            let body = match packet {
                PacketType::ConnAck => vec![0, code, 0],
                PacketType::SubAck | PacketType::UnsubAck => vec![0, 1, 0, code],
                PacketType::Disconnect => vec![code],
                PacketType::Auth => [vec![code], properties(METHOD)].concat(),
                _ => vec![0, 1, code],
            };
            let expected = (!allowed.contains(&code)).then_some(DecodeErrorKind::InvalidReasonCode);
            assert_eq!(
                kind(Version::V5, &frame(first, &body)),
                expected,
                "{packet} {code:#04x}"
            );
        }
    }
}
