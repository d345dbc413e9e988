//! The codec against itself, cut in two, and against two peers.

use bytes::BytesMut;
use mqtt_codec::{DecodeError, DecodeErrorKind as Kind, Decoder, Encoder, Field, Packet, Status, Version};
use ntex_codec::Decoder as _;

/// The version and the cut that the first two bytes ask for, and the rest.
pub fn split(data: &[u8]) -> Option<(Version, usize, &[u8])> {
    let [level, cut, bytes @ ..] = data else { return None };
    let version = Version::ALL[usize::from(*level) % 3];
    Some((version, usize::from(*cut).min(bytes.len()), bytes))
}

/// Decoders of every role.
pub fn decoders(version: Version) -> [Decoder; 5] {
    [
        Decoder::any(version),
        Decoder::client(version),
        Decoder::server_after_connect(version),
        Decoder::server(),
        Decoder::sniffing(),
    ]
}

/// Everything that a decoder makes of a stream in two parts.
pub fn decode(mut decoder: Decoder, parts: [&[u8]; 2]) -> (Vec<Packet>, Option<DecodeError>) {
    let mut buffer = BytesMut::new();
    let mut packets = Vec::new();
    for part in parts {
        buffer.extend_from_slice(part);
        loop {
            match decoder.decode_from(&mut buffer) {
                Ok(Status::Complete(packet)) => packets.push(packet),
                Ok(Status::Incomplete { needed }) => {
                    assert!(needed > 0);
                    break;
                }
                Err(error) => {
                    let _ = error.to_string();
                    return (packets, Some(error));
                }
            }
        }
    }
    (packets, None)
}

/// What is decoded is encoded, for every version or not at all, to something that is decoded to the same.
pub fn check_encoding(version: Version, packet: &Packet) {
    for other in Version::ALL {
        let encoder = Encoder::new(other);
        let mut out = Vec::new();
        let result = encoder.encode(packet, &mut out);
        assert_eq!(encoder.encoded_len(packet).ok(), result.ok().map(|()| out.len()));
        if result.is_err() {
            assert!(other != version, "{packet:?} came from {version}");
            continue;
        }
        let (again, error) = decode(Decoder::any(other), [&out, &[]]);
        assert_eq!(error, None, "{packet:?}");
        assert_eq!(again.len(), 1);
        if other == version {
            assert_eq!(&again[0], packet);
        }
    }
}

/// Whether the peers take exactly one packet out of `frame`.
fn peers(version: Version, frame: &[u8]) -> [bool; 2] {
    let mut buffer = ntex_bytes::BytesMut::copy_from_slice(frame);
    let ntex = if version == Version::V5 {
        matches!(ntex_mqtt::v5::codec::Codec::new().decode(&mut buffer), Ok(Some(_)))
    } else {
        matches!(ntex_mqtt::v3::codec::Codec::new().decode(&mut buffer), Ok(Some(_)))
    };
    let proto = if version == Version::V5 {
        matches!(mqtt_proto::v5::Packet::decode(frame), Ok(Some(_)))
    } else {
        matches!(mqtt_proto::v3::Packet::decode(frame), Ok(Some(_)))
    };
    [ntex && buffer.is_empty(), proto]
}

/// We are the strictest of the three: what we accept both peers accept, and what we alone refuse breaks a statement that
/// they leave to others. Exceptions are the ledger below.
pub fn compare(version: Version, frame: &[u8]) {
    // Peers know 3.1 only within CONNECT.
    if version == Version::V31 {
        return;
    }
    match Decoder::any(version).decode(frame) {
        Ok(Status::Complete((packet, used))) if used == frame.len() => {
            let [ntex, proto] = peers(version, frame);
            assert!(ntex || ntex_refuses_too_much(&packet), "ntex-mqtt refuses {packet:?}: {frame:02x?}");
            assert!(proto || proto_refuses_too_much(&packet, frame), "mqtt-proto refuses {packet:?}: {frame:02x?}");
        }
        Err(error) if whole(frame) => {
            let accepted = peers(version, frame) == [true, true];
            assert!(!accepted || both_accept_too_much(&error), "both peers accept, {error}: {frame:02x?}");
        }
        _ => {}
    }
}

/// Whether the bytes are one frame by their own length.
fn whole(frame: &[u8]) -> bool {
    matches!(mqtt_codec::Peek::new(frame), Ok(Status::Complete(peek)) if peek.total_len() == frame.len())
}

// The ledger of differences. Each has its reason.

fn ntex_refuses_too_much(_packet: &Packet<&[u8]>) -> bool {
    false
}

fn proto_refuses_too_much(_packet: &Packet<&[u8]>, _frame: &[u8]) -> bool {
    false
}

fn both_accept_too_much(error: &DecodeError) -> bool {
    match error.kind() {
        // Our limit of 1 MiB.
        Kind::PacketTooLarge => true,
        _ => error.field() == Field::Body && false,
    }
}
