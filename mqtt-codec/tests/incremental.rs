//! The result does not depend on how a stream arrives, and what is declared costs nothing until it is there. Every packet of
//! the corpus, good and bad, through every way in, cut at every byte.

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

use bytes::{Bytes, BytesMut};
use mqtt_codec::{
    DecodeError, DecodeErrorKind, Decoder, Event, Packet, PacketType, Peek, Status, StreamDecoder,
    Version,
};

type Outcome = Result<Vec<Packet>, DecodeError>;

/// Feeds `parts` to a decoder of buffers.
fn from_buffer(mut decoder: Decoder, parts: &[&[u8]]) -> Outcome {
    let mut buffer = BytesMut::new();
    let mut packets = Vec::new();
    for part in parts {
        buffer.extend_from_slice(part);
        loop {
            let before = buffer.len();
            match decoder.decode_from(&mut buffer)? {
                Status::Complete(packet) => {
                    // BC-019: every packet takes bytes, so a loop ends.
                    assert!(buffer.len() < before);
                    packets.push(packet);
                }
                Status::Incomplete { needed } => {
                    assert!(needed > 0);
                    assert_eq!(buffer.len(), before, "what is not decoded is not touched");
                    break;
                }
            }
        }
    }
    Ok(packets)
}

fn from_slice(mut decoder: Decoder, mut bytes: &[u8]) -> Outcome {
    let mut packets = Vec::new();
    while let Status::Complete((packet, used)) = decoder.decode(bytes)? {
        packets.push(packet.to_owned_packet());
        bytes = &bytes[used..];
    }
    Ok(packets)
}

/// Puts streamed packets together again.
fn from_stream(decoder: Decoder, whole: u32, parts: &[&[u8]]) -> Outcome {
    let mut decoder = StreamDecoder::new(decoder, whole);
    let mut buffer = BytesMut::new();
    let mut packets = Vec::new();
    let mut open: Option<(mqtt_codec::Publish, Vec<u8>, usize)> = None;
    for part in parts {
        buffer.extend_from_slice(part);
        loop {
            match decoder.decode_from(&mut buffer)? {
                Status::Complete(Event::Packet(packet)) => packets.push(packet),
                Status::Complete(Event::Head {
                    publish,
                    payload_len,
                }) => {
                    assert!(publish.payload().is_empty());
                    open = Some((publish, Vec::new(), payload_len as usize));
                }
                Status::Complete(Event::Payload { bytes, last }) => {
                    let (_, payload, len) = open.as_mut().unwrap();
                    assert!(!bytes.is_empty());
                    payload.extend_from_slice(&bytes);
                    assert_eq!(last, payload.len() == *len);
                }
                Status::Complete(other) => panic!("{other:?}"),
                Status::Incomplete { .. } => break,
            }
            if open
                .as_ref()
                .is_some_and(|(_, payload, len)| payload.len() == *len)
            {
                let (publish, payload, _) = open.take().unwrap();
                packets.push(
                    publish
                        .to_builder()
                        .payload(&payload)
                        .build()
                        .unwrap()
                        .into(),
                );
            }
        }
    }
    Ok(packets)
}

// BC-013, BC-015: a WebSocket frame is one more way to cut a stream.
#[test]
fn every_cut_of_every_packet_gives_the_same() {
    for (version, bytes) in support::corpus() {
        for (name, decoder) in support::decoders(version) {
            let expected = from_buffer(decoder.clone(), &[&bytes]);
            assert_eq!(
                from_slice(decoder.clone(), &bytes),
                expected,
                "{name} {bytes:02x?}"
            );
            for cut in 0..=bytes.len() {
                let parts = [&bytes[..cut], &bytes[cut..]];
                assert_eq!(
                    from_buffer(decoder.clone(), &parts),
                    expected,
                    "{name}, cut at {cut} of {bytes:02x?}"
                );
                assert_eq!(
                    from_stream(decoder.clone(), u32::MAX, &parts),
                    expected,
                    "{name} {bytes:02x?}"
                );
                assert_eq!(
                    from_stream(decoder.clone(), 0, &parts),
                    expected,
                    "{name}, cut at {cut} of {bytes:02x?}"
                );
            }
            let bytewise: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(
                from_buffer(decoder.clone(), &bytewise),
                expected,
                "{name} {bytes:02x?}"
            );
            assert_eq!(
                from_stream(decoder, 0, &bytewise),
                expected,
                "{name} {bytes:02x?}"
            );
        }
    }
}

#[test]
fn exactly_what_is_missing_is_asked_for_once_the_header_is_there() {
    for (version, bytes) in support::valid() {
        let header = support::header_len(&bytes);
        for have in 0..bytes.len() {
            let Ok(Status::Incomplete { needed }) = Decoder::any(version).decode(&bytes[..have])
            else {
                panic!("{have} of {bytes:02x?}")
            };
            assert!(needed <= bytes.len() - have);
            if have >= header {
                assert_eq!(needed, bytes.len() - have);
            }
        }
    }
}

#[test]
fn a_frame_holds_one_packet_and_nothing_else() {
    for (version, bytes) in support::valid() {
        let decode =
            |bytes: &[u8]| Decoder::any(version).decode_frame(Bytes::copy_from_slice(bytes));
        assert!(matches!(decode(&bytes), Ok(Status::Complete(_))));
        let more = [&bytes[..], &[0]].concat();
        assert_eq!(
            decode(&more).unwrap_err().kind(),
            DecodeErrorKind::TrailingBytes
        );
        assert_eq!(decode(&more).unwrap_err().offset() as usize, bytes.len());
    }
}

// BC-001: a declared length is not memory.
#[test]
fn a_huge_length_is_refused_by_its_header_or_waited_for_without_memory() {
    let bytes = [0x30, 0xFF, 0xFF, 0xFF, 0x7F];
    let mut decoder = Decoder::any(Version::V5);
    assert_eq!(
        decoder.decode(&bytes).unwrap_err().kind(),
        DecodeErrorKind::PacketTooLarge
    );

    let mut decoder = Decoder::any(Version::V5).with_max_packet_size(u32::MAX);
    for have in 0..=bytes.len() {
        let mut buffer = BytesMut::from(&bytes[..have]);
        let capacity = buffer.capacity();
        assert!(matches!(
            decoder.decode_from(&mut buffer),
            Ok(Status::Incomplete { .. })
        ));
        assert_eq!(buffer.capacity(), capacity);
    }
}

// BC-002, BC-008: nothing but CONNECT is heard before CONNECT, and one byte is enough to say so.
#[test]
fn a_server_refuses_everything_before_connect_after_one_byte() {
    let lengths: [&[u8]; 5] = [
        &[],
        &[0x02],
        &[0x80, 0x01],
        &[0x80, 0x80, 0x01],
        &[0xFF, 0xFF, 0xFF, 0x7F],
    ];
    for code in 0..16_u8 {
        for flags in 0..16_u8 {
            for length in lengths {
                let first = (code << 4) | flags;
                let bytes = [&[first], length].concat();
                let result = Decoder::server().decode(&bytes);
                match (code, flags, result) {
                    (1, 0, Ok(Status::Incomplete { .. })) => {}
                    (1, 0, Err(error)) => assert_eq!(error.kind(), DecodeErrorKind::PacketTooLarge),
                    (1, _, Err(error)) => assert_eq!(error.kind(), DecodeErrorKind::InvalidFlags),
                    (_, _, Err(error)) => {
                        assert_eq!(error.kind(), DecodeErrorKind::ConnectExpected)
                    }
                    (_, _, result) => panic!("{bytes:02x?}: {result:?}"),
                }
            }
        }
    }
}

#[test]
fn the_limit_is_exact() {
    let bytes = support::frame(0x30, &[b"\0\x01a".as_slice(), &[b'x'; 200]].concat());
    let len = bytes.len() as u32;
    assert!(
        Decoder::any(Version::V311)
            .with_max_packet_size(len)
            .decode(&bytes)
            .is_ok()
    );
    let error = Decoder::any(Version::V311)
        .with_max_packet_size(len - 1)
        .decode(&bytes[..3])
        .unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::PacketTooLarge);
}

#[test]
fn a_streamed_head_has_a_limit_of_its_own() {
    let topic = support::block([b'a'; 300]);
    let bytes = support::frame(0x30, &[topic, vec![0; 1000]].concat());
    let decoder = Decoder::any(Version::V311);
    let mut stream = StreamDecoder::new(decoder, 100).with_max_head_size(200);
    let error = stream
        .decode_from(&mut BytesMut::from(&bytes[..]))
        .unwrap_err();
    assert_eq!(error.kind(), DecodeErrorKind::PacketTooLarge);
}

#[test]
fn peek_agrees_with_decoding() {
    for (version, bytes) in support::valid() {
        let (packet, used) = Decoder::any(version)
            .decode(&bytes)
            .unwrap()
            .complete()
            .unwrap();
        for have in 0..=bytes.len() {
            let Status::Complete(peek) = Peek::new(&bytes[..have]).unwrap() else {
                assert!(have < support::header_len(&bytes));
                continue;
            };
            assert_eq!(
                (peek.packet_type(), peek.total_len()),
                (packet.packet_type(), used)
            );
            match peek.packet_id().unwrap() {
                Status::Complete(id) => assert_eq!(id, packet.packet_id()),
                Status::Incomplete { needed } => assert!(needed > 0 && have + needed <= used),
            }
            match (peek.topic().unwrap(), &packet) {
                (Status::Complete(topic), Packet::Publish(publish)) => {
                    assert_eq!(topic, Some(publish.topic_bytes()))
                }
                (Status::Complete(topic), _) => assert_eq!(topic, None),
                (Status::Incomplete { .. }, _) => {
                    assert_eq!(peek.packet_type(), PacketType::Publish)
                }
            }
        }
    }
}

// BC-003, BC-004: what was refused leaves the buffer as it was; a refused decoder stays refused.
#[test]
fn a_refusal_changes_nothing_and_lasts() {
    for (version, bytes) in support::corpus() {
        let mut decoder = Decoder::any(version);
        let mut buffer = BytesMut::from(&bytes[..]);
        if let Err(error) = decoder.decode_from(&mut buffer) {
            assert_eq!(buffer, bytes);
            assert_eq!(decoder.decode_from(&mut buffer), Err(error));
            assert_eq!(decoder.failure(), Some(&error));
        }
    }
}
