//! One message to many subscribers at QoS 1, each with a packet identifier of its own: with the message prepared before, as
//! the goal has it, and with preparing it counted.

use std::io::IoSlice;

use bytes::{Bytes, BytesMut};
use mqtt_codec::{Delivery, Encoder, PacketId, PreparedPublish, Publish, Recipient, Version};

use super::data;
use crate::harness::{Bench, Entry};

const SUBSCRIBERS: u16 = 100;

/// Messages that are sent within one measurement: one alone takes little longer than reading the clock does.
const MESSAGES: u64 = 20;

const ROUNDS: usize = 101;

fn ids(subscribers: u16) -> impl Iterator<Item = PacketId> {
    (1..=subscribers).filter_map(PacketId::new)
}

fn recipient(packet_id: PacketId) -> Recipient<'static> {
    Recipient::new(Delivery::AtLeastOnce {
        packet_id,
        dup: false,
    })
}

/// A buffer that was touched before.
fn buffer(payload: usize, subscribers: u16) -> BytesMut {
    let mut buffer = BytesMut::zeroed((payload + 64) * usize::from(subscribers));
    buffer.clear();
    buffer
}

/// Sends that many messages, each into the same buffer, and gives the bytes of all of them.
fn repeat(out: &mut BytesMut, mut send: impl FnMut(&mut BytesMut) -> u64) -> u64 {
    let mut bytes = 0;
    for _ in 0..MESSAGES {
        out.clear();
        bytes += std::hint::black_box(send(out));
    }
    bytes
}

/// Heads into the buffer, payloads to a vectored write; gives the bytes of both.
fn send(
    prepared: &PreparedPublish,
    encoder: &Encoder,
    subscribers: u16,
    out: &mut BytesMut,
) -> u64 {
    let mut payloads = 0;
    for id in ids(subscribers) {
        prepared.encode_head(encoder, &recipient(id), out).unwrap();
        payloads += std::hint::black_box(IoSlice::new(prepared.payload())).len();
    }
    (out.len() + payloads) as u64
}

/// The peer that copies fastest, writing the packet anew for each.
fn peer(publish: &Publish, version: Version, subscribers: u16) -> Entry<'static> {
    let payload = publish.payload_bytes();
    let len = payload.len();
    let name = "re-encoded (mqttbytes-ng)";
    let make = Box::new(move || buffer(len, subscribers));
    if version == Version::V5 {
        let mut peer = mqttbytes_ng::v5::Publish::new(
            data::TOPIC,
            mqttbytes_ng::QoS::AtLeastOnce,
            payload,
            None,
        );
        let run = move |out: &mut BytesMut| {
            repeat(out, |out| {
                for id in 1..=subscribers {
                    peer.pkid = id;
                    peer.write(out).unwrap();
                }
                out.len() as u64
            })
        };
        return Entry::peer_prepared(name, make, Box::new(run));
    }
    let mut peer =
        mqttbytes_ng::v4::Publish::from_bytes(data::TOPIC, mqttbytes_ng::QoS::AtLeastOnce, payload);
    let run = move |out: &mut BytesMut| {
        repeat(out, |out| {
            for id in 1..=subscribers {
                peer.pkid = id;
                peer.write(out).unwrap();
            }
            out.len() as u64
        })
    };
    Entry::peer_prepared(name, make, Box::new(run))
}

pub fn run(bench: &mut Bench) {
    bench.head("fan-out to 100 subscribers");
    for (name, version, payload) in [
        ("fan-out 1024", Version::V311, 1024),
        ("fan-out 1024 (5.0)", Version::V5, 1024),
        ("fan-out 16384", Version::V311, 16384),
    ] {
        let publish = data::publish(data::TOPIC, payload, Some(1));
        let encoder = Encoder::new(version);
        let prepared = PreparedPublish::new(&publish);
        let entries = vec![
            Entry::ours_prepared(
                "prepared",
                Box::new(move || buffer(payload, SUBSCRIBERS)),
                Box::new(|out: &mut BytesMut| {
                    repeat(out, |out| send(&prepared, &encoder, SUBSCRIBERS, out))
                }),
            ),
            Entry::ours_prepared(
                "prepared, payloads queued",
                Box::new(move || {
                    let payloads = Vec::with_capacity(usize::from(SUBSCRIBERS));
                    (buffer(payload, SUBSCRIBERS), payloads)
                }),
                Box::new(|(out, payloads): &mut (BytesMut, Vec<Bytes>)| {
                    repeat(out, |out| {
                        payloads.clear();
                        for id in ids(SUBSCRIBERS) {
                            prepared.encode_head(&encoder, &recipient(id), out).unwrap();
                            payloads.push(prepared.payload().clone());
                        }
                        // No byte of any payload was copied: all of them are the one that came.
                        let first = prepared.payload().as_ptr();
                        assert!(payloads.iter().all(|payload| payload.as_ptr() == first));
                        (out.len() + payloads.len() * payload) as u64
                    })
                }),
            ),
            Entry::peer_prepared(
                "re-encoded (mqtt-codec)",
                Box::new(move || buffer(payload, SUBSCRIBERS)),
                Box::new(|out: &mut BytesMut| {
                    repeat(out, |out| {
                        for packet_id in ids(SUBSCRIBERS) {
                            let delivery = Delivery::AtLeastOnce {
                                packet_id,
                                dup: false,
                            };
                            let own = publish.to_builder().delivery(delivery).build().unwrap();
                            encoder.encode(&own, out).unwrap();
                        }
                        out.len() as u64
                    })
                }),
            ),
            peer(&publish, version, SUBSCRIBERS),
        ];
        let operations = MESSAGES * u64::from(SUBSCRIBERS);
        let ratio = bench.case(name, operations, ROUNDS, entries);
        bench.goal(&name.replace([' ', '(', ')'], "-"), ratio, 0.5);
    }
    with_preparing(bench);
}

/// What preparing costs, by the number of subscribers that share it.
fn with_preparing(bench: &mut Bench) {
    bench.head("fan-out of 1 KiB, prepared within the time");
    const TIMES: u16 = 100;
    let publish = data::publish(data::TOPIC, 1024, Some(1));
    let encoder = Encoder::new(Version::V311);
    for subscribers in [1, 3, 10, 100] {
        let name = format!("prepare and send to {subscribers}");
        let entries = vec![
            Entry::ours_prepared(
                "prepared",
                Box::new(|| buffer(64, TIMES * subscribers)),
                Box::new(|out: &mut BytesMut| {
                    for _ in 0..TIMES {
                        let prepared = PreparedPublish::new(std::hint::black_box(&publish));
                        std::hint::black_box(send(&prepared, &encoder, subscribers, out));
                    }
                    out.len() as u64
                }),
            ),
            Entry::ours_prepared(
                "prepared before",
                Box::new(|| buffer(64, TIMES * subscribers)),
                Box::new(|out: &mut BytesMut| {
                    let prepared = PreparedPublish::new(&publish);
                    for _ in 0..TIMES {
                        std::hint::black_box(send(&prepared, &encoder, subscribers, out));
                    }
                    out.len() as u64
                }),
            ),
        ];
        let operations = u64::from(TIMES) * u64::from(subscribers);
        bench.case(&name, operations, ROUNDS, entries);
    }
}
