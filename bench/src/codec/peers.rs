//! Packets are looked at where the decoder put them: moving one costs as much as decoding it.
//!
//! Each peer as a function that takes everything out of a buffer and says what it saw: lengths of topics and payloads,
//! of client identifiers and filters, and packet identifiers of acknowledgements.

use bytes::{Buf, BytesMut};

const MAX: u32 = 1 << 20;

pub type Owned = fn(&mut BytesMut) -> u64;
pub type Borrowed = fn(&[u8]) -> u64;

fn size(a: usize, b: usize) -> u64 {
    (a + b) as u64
}

pub mod ours {
    use super::{Buf, BytesMut, size};
    use mqtt_codec::{Decoder, Packet, Status, Storage, Version};

    /// What was decoded, as the bytes that were proven to be text.
    fn seen<S: Storage>(packet: &Packet<S>) -> u64 {
        match packet {
            Packet::Publish(publish) => size(publish.topic_bytes().len(), publish.payload().len()),
            Packet::Connect(connect) => connect.client_id().len() as u64,
            Packet::Subscribe(subscribe) => subscribe
                .filters()
                .map(|subscription| subscription.filter_bytes().len() as u64)
                .sum(),
            Packet::PubAck(ack) => u64::from(ack.packet_id().get()),
            _ => 0,
        }
    }

    /// The same as `&str`, which safe code makes of bytes by looking at them once more.
    fn read<S: Storage>(packet: &Packet<S>) -> u64 {
        match packet {
            Packet::Publish(publish) => size(publish.topic().len(), publish.payload().len()),
            Packet::Subscribe(subscribe) => subscribe
                .filters()
                .map(|subscription| subscription.filter().len() as u64)
                .sum(),
            packet => seen(packet),
        }
    }

    fn owned_as(mut decoder: Decoder, buffer: &mut BytesMut, seen: impl Fn(&Packet) -> u64) -> u64 {
        let mut sum = 0;
        while buffer.has_remaining() {
            let Ok(Status::Complete(packet)) = &decoder.decode_from(buffer) else {
                panic!("whole packets")
            };
            sum += seen(packet);
        }
        sum
    }

    fn borrowed_as(
        mut decoder: Decoder,
        mut bytes: &[u8],
        seen: impl Fn(&Packet<&[u8]>) -> u64,
    ) -> u64 {
        let mut sum = 0;
        while !bytes.is_empty() {
            let Ok(Status::Complete((packet, used))) = &decoder.decode(bytes) else {
                panic!("whole packets")
            };
            sum += seen(packet);
            bytes = &bytes[*used..];
        }
        sum
    }

    pub fn owned(buffer: &mut BytesMut) -> u64 {
        owned_as(Decoder::any(Version::V311), buffer, seen)
    }

    pub fn owned_text(buffer: &mut BytesMut) -> u64 {
        owned_as(Decoder::any(Version::V311), buffer, read)
    }

    pub fn owned_v5(buffer: &mut BytesMut) -> u64 {
        owned_as(Decoder::any(Version::V5), buffer, seen)
    }

    pub fn owned_v5_text(buffer: &mut BytesMut) -> u64 {
        owned_as(Decoder::any(Version::V5), buffer, read)
    }

    pub fn borrowed(bytes: &[u8]) -> u64 {
        borrowed_as(Decoder::any(Version::V311), bytes, |packet| seen(packet))
    }

    pub fn borrowed_text(bytes: &[u8]) -> u64 {
        borrowed_as(Decoder::any(Version::V311), bytes, |packet| read(packet))
    }

    pub fn borrowed_v5(bytes: &[u8]) -> u64 {
        borrowed_as(Decoder::any(Version::V5), bytes, |packet| seen(packet))
    }

    pub fn borrowed_v5_text(bytes: &[u8]) -> u64 {
        borrowed_as(Decoder::any(Version::V5), bytes, |packet| read(packet))
    }
}

macro_rules! mqttbytes {
    ($name:ident, $v4:path, $v5:path) => {
        pub mod $name {
            use super::{Buf, BytesMut, MAX, size};
            use $v4 as v4;
            use $v5 as v5;

            pub fn owned(buffer: &mut BytesMut) -> u64 {
                let mut sum = 0;
                while buffer.has_remaining() {
                    sum += match v4::Packet::read(buffer, MAX as usize).as_ref().unwrap() {
                        v4::Packet::Publish(publish) => {
                            size(publish.topic.len(), publish.payload.len())
                        }
                        v4::Packet::Connect(connect) => connect.client_id.len() as u64,
                        v4::Packet::Subscribe(subscribe) => subscribe
                            .filters
                            .iter()
                            .map(|filter| filter.path.len() as u64)
                            .sum(),
                        v4::Packet::PubAck(ack) => u64::from(ack.pkid),
                        _ => 0,
                    };
                }
                sum
            }

            pub fn owned_v5(buffer: &mut BytesMut) -> u64 {
                let mut sum = 0;
                while buffer.has_remaining() {
                    sum += match v5::Packet::read(buffer, Some(MAX)).as_ref().unwrap() {
                        v5::Packet::Publish(publish) => {
                            size(publish.topic.len(), publish.payload.len())
                        }
                        _ => 0,
                    };
                }
                sum
            }
        }
    };
}

mqttbytes!(
    rumqttc,
    ::rumqttc::mqttbytes::v4,
    ::rumqttc::v5::mqttbytes::v5
);
mqttbytes!(mqttbytes_ng, ::mqttbytes_ng::v4, ::mqttbytes_ng::v5);

pub mod rmqtt {
    use super::{Buf, BytesMut, MAX, size};
    use rmqtt_codec::{v3, v5};
    use tokio_util::codec::Decoder as _;

    pub fn owned(buffer: &mut BytesMut) -> u64 {
        let mut codec = v3::Codec::new(MAX);
        let mut sum = 0;
        while buffer.has_remaining() {
            let Ok(Some((packet, _))) = &codec.decode(buffer) else {
                panic!("whole packets")
            };
            sum += match packet {
                v3::Packet::Publish(publish) => size(publish.topic.len(), publish.payload.len()),
                v3::Packet::Connect(connect) => connect.client_id.len() as u64,
                v3::Packet::Subscribe { topic_filters, .. } => topic_filters
                    .iter()
                    .map(|(filter, _)| filter.len() as u64)
                    .sum(),
                v3::Packet::PublishAck { packet_id } => u64::from(packet_id.get()),
                _ => 0,
            };
        }
        sum
    }

    pub fn owned_v5(buffer: &mut BytesMut) -> u64 {
        let mut codec = v5::Codec::new(MAX, MAX);
        let mut sum = 0;
        while buffer.has_remaining() {
            let Ok(Some((packet, _))) = &codec.decode(buffer) else {
                panic!("whole packets")
            };
            sum += match packet {
                v5::Packet::Publish(publish) => size(publish.topic.len(), publish.payload.len()),
                _ => 0,
            };
        }
        sum
    }
}

pub mod mqute {
    use super::{Buf, BytesMut, MAX, size};
    use mqute_codec::codec::PacketCodec;
    use mqute_codec::protocol::{v4, v5};

    pub fn owned(buffer: &mut BytesMut) -> u64 {
        let codec = PacketCodec::new(Some(MAX as usize), None);
        let mut sum = 0;
        while buffer.has_remaining() {
            let raw = codec.try_decode(buffer).unwrap();
            sum += match v4::Packet::decode(raw).unwrap() {
                v4::Packet::Publish(publish) => {
                    size(publish.topic().len(), publish.payload().len())
                }
                v4::Packet::Connect(connect) => connect.client_id().len() as u64,
                v4::Packet::Subscribe(subscribe) => subscribe
                    .filters()
                    .into_iter()
                    .map(|filter| filter.topic.len() as u64)
                    .sum(),
                v4::Packet::PubAck(ack) => u64::from(ack.packet_id()),
                _ => 0,
            };
        }
        sum
    }

    pub fn owned_v5(buffer: &mut BytesMut) -> u64 {
        let codec = PacketCodec::new(Some(MAX as usize), None);
        let mut sum = 0;
        while buffer.has_remaining() {
            let raw = codec.try_decode(buffer).unwrap();
            sum += match v5::Packet::decode(raw).unwrap() {
                v5::Packet::Publish(publish) => {
                    size(publish.topic().len(), publish.payload().len())
                }
                _ => 0,
            };
        }
        sum
    }
}

pub mod mqtt5 {
    use super::{Buf, BytesMut, size};
    use mqtt5_protocol::packet::{FixedHeader, Packet};

    fn decode(buffer: &mut BytesMut, version: u8) -> u64 {
        let mut sum = 0;
        while buffer.has_remaining() {
            let header = FixedHeader::decode(buffer).unwrap();
            let mut body = buffer.split_to(header.remaining_length as usize).freeze();
            let packet = Packet::decode_from_body_with_version(
                header.packet_type,
                &header,
                &mut body,
                version,
            )
            .unwrap();
            sum += match packet {
                Packet::Publish(publish) => size(publish.topic_name.len(), publish.payload.len()),
                Packet::Connect(connect) => connect.client_id.len() as u64,
                Packet::Subscribe(subscribe) => subscribe
                    .filters
                    .iter()
                    .map(|filter| filter.filter.len() as u64)
                    .sum(),
                Packet::PubAck(ack) => u64::from(ack.packet_id),
                _ => 0,
            };
        }
        sum
    }

    pub fn owned(buffer: &mut BytesMut) -> u64 {
        decode(buffer, 4)
    }

    pub fn owned_v5(buffer: &mut BytesMut) -> u64 {
        decode(buffer, 5)
    }
}

/// Decodes from a slice and does not say how much of it was used, so the length is computed for it.
pub mod mqtt_proto {
    use super::{Buf, BytesMut, size};
    use ::mqtt_proto::{v3, v5};

    fn frame_len(bytes: &[u8]) -> usize {
        let (mut len, mut shift) = (0, 0);
        for (index, byte) in bytes[1..].iter().enumerate() {
            len |= usize::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return len + index + 2;
            }
            shift += 7;
        }
        bytes.len()
    }

    pub fn owned(buffer: &mut BytesMut) -> u64 {
        let mut sum = 0;
        while buffer.has_remaining() {
            let len = frame_len(buffer);
            let packet = v3::Packet::decode(&buffer[..len])
                .unwrap()
                .expect("whole packets");
            sum += match packet {
                v3::Packet::Publish(publish) => {
                    size(publish.topic_name.len(), publish.payload.len())
                }
                v3::Packet::Connect(connect) => connect.client_id.len() as u64,
                v3::Packet::Subscribe(subscribe) => subscribe
                    .topics
                    .iter()
                    .map(|(filter, _)| filter.len() as u64)
                    .sum(),
                v3::Packet::Puback(pid) => u64::from(pid.value()),
                _ => 0,
            };
            buffer.advance(len);
        }
        sum
    }

    pub fn owned_v5(buffer: &mut BytesMut) -> u64 {
        let mut sum = 0;
        while buffer.has_remaining() {
            let len = frame_len(buffer);
            let packet = v5::Packet::decode(&buffer[..len])
                .unwrap()
                .expect("whole packets");
            sum += match packet {
                v5::Packet::Publish(publish) => {
                    size(publish.topic_name.len(), publish.payload.len())
                }
                _ => 0,
            };
            buffer.advance(len);
        }
        sum
    }
}

pub mod mqttrs {
    use super::size;
    use ::mqttrs::{Packet, decode_slice};

    /// Does not say how much it used; for these packets the length is what it saw and what frames it.
    pub fn borrowed(mut bytes: &[u8]) -> u64 {
        let mut sum = 0;
        while !bytes.is_empty() {
            let len = frame_len(bytes);
            sum += match decode_slice(&bytes[..len])
                .as_ref()
                .unwrap()
                .as_ref()
                .expect("whole packets")
            {
                Packet::Publish(publish) => size(publish.topic_name.len(), publish.payload.len()),
                Packet::Connect(connect) => connect.client_id.len() as u64,
                Packet::Subscribe(subscribe) => subscribe
                    .topics
                    .iter()
                    .map(|topic| topic.topic_path.len() as u64)
                    .sum(),
                Packet::Puback(pid) => u64::from(pid.get()),
                _ => 0,
            };
            bytes = &bytes[len..];
        }
        sum
    }

    fn frame_len(bytes: &[u8]) -> usize {
        if bytes[1] < 0x80 {
            usize::from(bytes[1]) + 2
        } else {
            usize::from(bytes[1] & 0x7F) + (usize::from(bytes[2]) << 7) + 3
        }
    }
}

pub mod protocol_core {
    use super::{Buf, BytesMut, size};
    use mqtt_protocol_core::mqtt::packet::{v3_1_1, v5_0};
    use std::sync::Arc;

    fn body(buffer: &mut BytesMut) -> (u8, BytesMut) {
        let first = buffer[0];
        let (len, header) = if buffer[1] < 0x80 {
            (usize::from(buffer[1]), 2)
        } else {
            (
                usize::from(buffer[1] & 0x7F) + (usize::from(buffer[2]) << 7),
                3,
            )
        };
        buffer.advance(header);
        (first, buffer.split_to(len))
    }

    pub fn owned(buffer: &mut BytesMut) -> u64 {
        let mut sum = 0;
        while buffer.has_remaining() {
            let (first, body) = body(buffer);
            sum += match first >> 4 {
                1 => v3_1_1::Connect::parse(&body).unwrap().0.client_id().len() as u64,
                3 => {
                    let (publish, _) =
                        v3_1_1::Publish::parse(first & 0xF, Arc::from(&body[..])).unwrap();
                    size(publish.topic_name().len(), publish.payload().len())
                }
                4 => u64::from(v3_1_1::Puback::parse(&body).unwrap().0.packet_id()),
                8 => {
                    let (subscribe, _) = v3_1_1::Subscribe::parse(&body).unwrap();
                    subscribe
                        .entries()
                        .iter()
                        .map(|entry| entry.topic_filter().len() as u64)
                        .sum()
                }
                _ => 0,
            };
        }
        sum
    }

    pub fn owned_v5(buffer: &mut BytesMut) -> u64 {
        let mut sum = 0;
        while buffer.has_remaining() {
            let (first, body) = body(buffer);
            let (publish, _) = v5_0::Publish::parse(first & 0xF, Arc::from(&body[..])).unwrap();
            sum += size(publish.topic_name().len(), publish.payload().len());
        }
        sum
    }
}

/// Has buffers of its own.
pub mod ntex {
    use super::{MAX, size};
    use ntex_bytes::BytesMut;
    use ntex_codec::Decoder as _;
    use ntex_mqtt::{v3::codec as v3, v5::codec as v5};

    pub fn owned(buffer: &mut BytesMut) -> u64 {
        let codec = v3::Codec::new();
        codec.set_max_size(MAX);
        let mut sum = 0;
        while !buffer.is_empty() {
            sum += match codec.decode(buffer).unwrap().expect("whole packets") {
                v3::Decoded::Publish(publish, payload, _) => {
                    size(publish.topic.len(), payload.len())
                }
                v3::Decoded::Packet(v3::Packet::Connect(connect), _) => {
                    connect.client_id.len() as u64
                }
                v3::Decoded::Packet(v3::Packet::Subscribe { topic_filters, .. }, _) => {
                    topic_filters
                        .iter()
                        .map(|(filter, _)| filter.len() as u64)
                        .sum()
                }
                v3::Decoded::Packet(v3::Packet::PublishAck { packet_id }, _) => {
                    u64::from(packet_id.get())
                }
                _ => 0,
            };
        }
        sum
    }

    pub fn owned_v5(buffer: &mut BytesMut) -> u64 {
        let codec = v5::Codec::new();
        codec.set_max_inbound_size(MAX);
        let mut sum = 0;
        while !buffer.is_empty() {
            sum += match codec.decode(buffer).unwrap().expect("whole packets") {
                v5::Decoded::Publish(publish, payload, _) => {
                    size(publish.topic.len(), payload.len())
                }
                _ => 0,
            };
        }
        sum
    }
}
