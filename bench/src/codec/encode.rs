//! Packets to bytes. Each peer encodes a packet of its own that it decoded from the same bytes.

use std::io::IoSlice;

use bytes::BytesMut;
use mqtt_codec::{Decoder, Encoder, Packet, Publish, Status, Version};
use mqute_codec::codec::PacketCodec;

use super::data::{self, frame};
use crate::harness::{Bench, Entry};

const COPIES: usize = 500;
const ROUNDS: usize = 101;
const MAX: usize = 1 << 20;

struct Packets {
    ours: Packet,
    ng: mqttbytes_ng::v4::Packet,
    rumqttc: rumqttc::mqttbytes::v4::Packet,
    mqute: mqute_codec::protocol::v4::Packet,
    proto: mqtt_proto::v3::Packet,
    bytes: Vec<u8>,
}

impl Packets {
    fn new(bytes: Vec<u8>) -> Self {
        let buffer = || BytesMut::from(&bytes[..]);
        let Ok(Status::Complete(ours)) = Decoder::any(Version::V311).decode_from(&mut buffer())
        else {
            panic!("a valid packet")
        };
        Self {
            ours,
            ng: mqttbytes_ng::v4::Packet::read(&mut buffer(), MAX).unwrap(),
            rumqttc: rumqttc::mqttbytes::v4::Packet::read(&mut buffer(), MAX).unwrap(),
            mqute: mqute_codec::protocol::v4::Packet::decode(
                PacketCodec::new(None, None)
                    .try_decode(&mut buffer())
                    .unwrap(),
            )
            .unwrap(),
            proto: mqtt_proto::v3::Packet::decode(&bytes).unwrap().unwrap(),
            bytes,
        }
    }

    fn buffer(&self) -> BytesMut {
        // Touched before, so that nobody pays for fresh pages.
        let mut buffer = BytesMut::zeroed(self.bytes.len() * COPIES);
        buffer.clear();
        buffer
    }

    fn entries<'a>(&'a self, ours: impl Fn(&mut BytesMut) + 'a) -> Vec<Entry<'a>> {
        let buffer = || Box::new(|| self.buffer());
        let repeated = |encode: Box<dyn Fn(&mut BytesMut) + 'a>| {
            Box::new(move |out: &mut BytesMut| {
                for _ in 0..COPIES {
                    encode(out);
                }
                out.len() as u64
            })
        };
        vec![
            Entry::ours_prepared("mqtt-codec", buffer(), repeated(Box::new(ours))),
            Entry::peer_prepared(
                "mqttbytes-ng",
                buffer(),
                repeated(Box::new(|out| {
                    self.ng.write(out, MAX).unwrap();
                })),
            ),
            Entry::peer_prepared(
                "rumqttc",
                buffer(),
                repeated(Box::new(|out| {
                    self.rumqttc.write(out, MAX).unwrap();
                })),
            ),
            Entry::peer_prepared(
                "mqute-codec",
                buffer(),
                repeated(Box::new(|out| self.mqute.encode(out).unwrap())),
            ),
            Entry::peer_prepared(
                "mqtt-proto",
                buffer(),
                repeated(Box::new(|out| {
                    out.extend_from_slice(self.proto.encode().unwrap().as_ref());
                })),
            ),
        ]
    }
}

impl Packets {
    /// Into a slice that is made long before, as mqttrs wants it.
    fn into_slice<'a>(&'a self, encoder: &'a Encoder) -> Vec<Entry<'a>> {
        let buffer = || Box::new(|| vec![0; self.bytes.len() * COPIES]);
        let slice = mqttrs::decode_slice(&self.bytes).unwrap().unwrap();
        vec![
            Entry::ours_prepared(
                "mqtt-codec",
                buffer(),
                Box::new(|out: &mut Vec<u8>| {
                    let mut rest = &mut out[..];
                    for _ in 0..COPIES {
                        encoder.encode(&self.ours, &mut rest).unwrap();
                    }
                    rest.len() as u64
                }),
            ),
            Entry::peer_prepared(
                "mqttrs",
                buffer(),
                Box::new(move |out: &mut Vec<u8>| {
                    let mut at = 0;
                    for _ in 0..COPIES {
                        at += mqttrs::encode_slice(&slice, &mut out[at..]).unwrap();
                    }
                    (out.len() - at) as u64
                }),
            ),
        ]
    }
}

pub fn run(bench: &mut Bench) {
    let v3 = Version::V311;
    let encoder = Encoder::new(v3);
    bench.head("encode");
    for (name, bytes, goal) in [
        (
            "encode publish-64",
            frame(v3, data::publish(data::TOPIC, 64, None)),
            Some(1.05),
        ),
        (
            "encode publish-64-long-topic",
            frame(v3, data::publish(data::LONG_TOPIC, 64, None)),
            Some(1.05),
        ),
        ("encode puback", frame(v3, data::puback()), Some(1.05)),
        (
            "encode publish-1024",
            frame(v3, data::publish(data::TOPIC, 1024, Some(7))),
            None,
        ),
        ("encode connect", frame(v3, data::connect(v3)), None),
        ("encode subscribe-8", frame(v3, data::subscribe()), None),
    ] {
        let packets = Packets::new(bytes);
        let entries = packets.entries(|out| encoder.encode(&packets.ours, out).unwrap());
        let ratio = bench.case(name, COPIES as u64, ROUNDS, entries);
        if let Some(target) = goal {
            bench.goal(&name.replace(' ', "."), ratio, target);
        }
        let name = format!("{name} (slice)");
        let ratio = bench.case(&name, COPIES as u64, ROUNDS, packets.into_slice(&encoder));
        if let Some(target) = goal {
            bench.goal(&name.replace(' ', "."), ratio, target);
        }
    }
    apart(bench);
}

/// Head and payload apart: the head is written, the payload is handed to a vectored write as it is.
fn apart(bench: &mut Bench) {
    bench.head("encode, head and payload apart");
    let v3 = Version::V311;
    let encoder = Encoder::new(v3).with_max_packet_size(Encoder::MAX_PACKET_SIZE);
    let packets = Packets::new(frame(v3, data::publish(data::TOPIC, 1024, Some(7))));
    let decoded = |payload| {
        let frame = frame(v3, data::publish(data::TOPIC, payload, Some(7)));
        let mut decoder = Decoder::any(v3).with_max_packet_size(Encoder::MAX_PACKET_SIZE);
        match decoder.decode_frame(frame.into()) {
            Ok(Status::Complete(Packet::Publish(publish))) => publish,
            _ => panic!("a PUBLISH"),
        }
    };
    let apart = |name, publish: &'static Publish| {
        Entry::ours_prepared(
            name,
            Box::new(|| packets.buffer()),
            Box::new(move |out: &mut BytesMut| {
                let mut payload = 0;
                for _ in 0..COPIES {
                    encoder.encode_publish_head(publish, out).unwrap();
                    payload += std::hint::black_box(IoSlice::new(publish.payload())).len();
                }
                (out.len() + payload) as u64
            }),
        )
    };
    // One packet of each size for the length of the process.
    let [small, large]: [&'static Publish; 2] =
        [1 << 10, 1 << 20].map(|payload| &*Box::leak(Box::new(decoded(payload))));
    let mut entries = packets.entries(|_| ());
    entries[0] = apart("mqtt-codec", small);
    let ratio = bench.case("apart publish-1024", COPIES as u64, ROUNDS, entries);
    bench.goal("encode.apart-1024", ratio, 0.35);
    // Independent of the size: 1 MiB costs what 1 KiB does.
    bench.case(
        "apart publish-1048576",
        COPIES as u64,
        ROUNDS,
        vec![apart("mqtt-codec", large)],
    );
    let ratio = bench.time("apart publish-1048576", "mqtt-codec")
        / bench.time("apart publish-1024", "mqtt-codec");
    bench.goal("encode.apart-size-independent", ratio, 1.25);
}
