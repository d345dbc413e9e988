//! What is to be said to a peer that was refused: for every refusal of the corpus and of every first packet, the answer can be
//! encoded for the version of the error by the side that refused, and the peer's decoder takes it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod support;

use mqtt_codec::{
    DecodeErrorKind, Decoder, Encoder, PacketType, Reaction, ReasonCode, Status, Version,
};

/// The side that a decoder stands on.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Server,
    Client,
}

fn check(side: Side, decoder: &Decoder, bytes: &[u8]) -> usize {
    let mut decoder = decoder.clone();
    let mut rest = bytes;
    let error = loop {
        match decoder.decode(rest) {
            Ok(Status::Complete((_, used))) => rest = &rest[used..],
            Ok(Status::Incomplete { .. }) => return 0,
            Err(error) => break error,
        }
    };
    let Some(answer) = error.reaction().packet() else {
        assert_eq!(error.reaction(), Reaction::Close);
        return 0;
    };
    let version = error.version().unwrap();
    let (encoder, peer) = match side {
        Side::Server => (Encoder::server(version), Decoder::client(version)),
        Side::Client => (
            Encoder::client(version),
            Decoder::server_after_connect(version),
        ),
    };
    // A CONNACK is the first that a client hears; a DISCONNECT comes after one.
    let mut peer = match answer.packet_type() {
        PacketType::Disconnect if side == Side::Server => Decoder::client_after_connack(version),
        PacketType::ConnAck => {
            assert!(
                side == Side::Server,
                "{error}: a client has no CONNACK to send"
            );
            peer
        }
        _ => peer,
    };
    let mut out = Vec::new();
    encoder
        .encode(&answer, &mut out)
        .unwrap_or_else(|failure| panic!("{error}: {failure}"));
    let (packet, used) = peer.decode(&out).unwrap().complete().unwrap();
    assert_eq!(used, out.len());
    assert_eq!(packet.to_owned_packet(), answer, "{error}");
    1
}

#[test]
fn every_answer_is_one_that_the_peer_takes() {
    let mut answers = 0;
    for (version, bytes) in support::corpus() {
        for place in 0..bytes.len() {
            for value in [bytes[place], 0x00, 0x01, 0x7F, 0x80, 0xFF] {
                let mut bytes = bytes.clone();
                bytes[place] = value;
                for (side, decoder) in [
                    (Side::Server, Decoder::server()),
                    (Side::Server, Decoder::server_after_connect(version)),
                    (Side::Client, Decoder::client(version)),
                    (Side::Client, Decoder::client_after_connack(version)),
                ] {
                    answers += check(side, &decoder, &bytes);
                }
            }
        }
    }
    assert!(answers > 10_000, "{answers}");
}

// BC-007: what only the other side may send is answered as what it is, an error of protocol.
#[test]
fn a_packet_that_goes_the_wrong_way_is_no_connection_attempt() {
    let connect = b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x0A\x00\x00\x01c";
    for decoder in [
        Decoder::client(Version::V5),
        Decoder::client_after_connack(Version::V5),
    ] {
        let error = decoder.clone().decode(connect).unwrap_err();
        assert_eq!(error.kind(), DecodeErrorKind::WrongDirection);
        assert_eq!(
            error.reaction(),
            Reaction::Disconnect(ReasonCode::ProtocolError)
        );
    }
    for first in [0x20, 0x90, 0xB0, 0xD0] {
        let error = Decoder::server_after_connect(Version::V5)
            .decode(&[first])
            .unwrap_err();
        assert_eq!(
            error.reaction(),
            Reaction::Disconnect(ReasonCode::ProtocolError)
        );
    }
    // 3.x has nothing to say it with.
    let error = Decoder::client(Version::V311).decode(connect).unwrap_err();
    assert_eq!(error.reaction(), Reaction::Close);
}

/// What the tokio codec answers goes out in the version of what it refused.
#[cfg(feature = "tokio")]
#[test]
fn the_tokio_codec_answers_in_the_version_of_the_refusal() {
    use tokio_util::codec::{Decoder as _, Encoder as _};
    for (bytes, expected) in [
        // Level 6, and a malformed CONNECT of 5.0.
        (
            &b"\x10\x0D\x00\x04MQTT\x06\x02\x00\x3C\x00\x01c"[..],
            &[0x20, 0x03, 0x00, 0x84, 0x00][..],
        ),
        (
            b"\x10\x0E\x00\x04MQTT\x05\x03\x00\x3C\x00\x00\x01c",
            &[0x20, 0x03, 0x00, 0x81, 0x00],
        ),
        // An empty identifier of 3.1.1 for a session to keep.
        (
            b"\x10\x0C\x00\x04MQTT\x04\x00\x00\x3C\x00\x00",
            &[0x20, 0x02, 0x00, 0x02],
        ),
    ] {
        let mut codec = mqtt_codec::MqttCodec::server();
        let Err(mqtt_codec::CodecError::Decode(error)) =
            codec.decode(&mut bytes::BytesMut::from(bytes))
        else {
            panic!("{bytes:02x?}")
        };
        let mut out = bytes::BytesMut::new();
        codec
            .encode(error.reaction().packet().unwrap(), &mut out)
            .unwrap();
        assert_eq!(out, expected);
    }
}

/// And it keeps to what the client said of itself.
#[cfg(feature = "tokio")]
#[test]
fn the_tokio_codec_keeps_to_the_limits_of_its_client() {
    use tokio_util::codec::{Decoder as _, Encoder as _};
    let mut codec = mqtt_codec::MqttCodec::server();
    let connect = b"\x10\x13\x00\x04MQTT\x05\x02\x00\x0A\x05\x27\x00\x00\x00\x20\x00\x01c";
    assert!(
        codec
            .decode(&mut bytes::BytesMut::from(&connect[..]))
            .unwrap()
            .is_some()
    );
    let publish = mqtt_codec::Publish::builder("a")
        .payload(&[0; 64])
        .build()
        .unwrap();
    // BC-082: what is larger than the client takes is not sent.
    assert!(codec.encode(&publish, &mut bytes::BytesMut::new()).is_err());
}
