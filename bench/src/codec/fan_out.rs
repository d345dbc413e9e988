//! One message of 1 KiB to 100 subscribers at QoS 1, each with a packet identifier of its own.

use std::io::IoSlice;

use bytes::{Bytes, BytesMut};
use mqtt_codec::{Delivery, Encoder, PacketId, PreparedPublish, Recipient, Version};

use super::data;
use crate::harness::{Bench, Entry};

const SUBSCRIBERS: u16 = 100;

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
        let mut peer = mqttbytes_ng::v4::Publish::from_bytes(
            data::TOPIC,
            mqttbytes_ng::QoS::AtLeastOnce,
            publish.payload_bytes(),
        );
        let ids = || (1..=SUBSCRIBERS).filter_map(PacketId::new);
        let delivery = |packet_id| Delivery::AtLeastOnce {
            packet_id,
            dup: false,
        };
        let buffer = move || {
            let mut buffer = BytesMut::zeroed((payload + 64) * usize::from(SUBSCRIBERS));
            buffer.clear();
            buffer
        };
        let mut entries = vec![
            Entry::ours_prepared(
                "prepared",
                Box::new(buffer),
                Box::new(|out: &mut BytesMut| {
                    let mut payloads = 0;
                    for packet_id in ids() {
                        prepared
                            .encode_head(&encoder, &Recipient::new(delivery(packet_id)), out)
                            .unwrap();
                        payloads += std::hint::black_box(IoSlice::new(prepared.payload())).len();
                    }
                    (out.len() + payloads) as u64
                }),
            ),
            Entry::ours_prepared(
                "prepared, payloads queued",
                Box::new(move || (buffer(), Vec::with_capacity(usize::from(SUBSCRIBERS)))),
                Box::new(|(out, payloads): &mut (BytesMut, Vec<Bytes>)| {
                    for packet_id in ids() {
                        prepared
                            .encode_head(&encoder, &Recipient::new(delivery(packet_id)), out)
                            .unwrap();
                        payloads.push(prepared.payload().clone());
                    }
                    // No byte of any payload was copied: all of them are the one that came.
                    assert!(
                        payloads
                            .iter()
                            .all(|payload| payload.as_ptr() == prepared.payload().as_ptr())
                    );
                    (out.len() + payloads.len() * payload) as u64
                }),
            ),
            Entry::peer_prepared(
                "re-encoded (mqtt-codec)",
                Box::new(buffer),
                Box::new(|out: &mut BytesMut| {
                    for packet_id in ids() {
                        let own = publish
                            .to_builder()
                            .delivery(delivery(packet_id))
                            .build()
                            .unwrap();
                        encoder.encode(&own, out).unwrap();
                    }
                    out.len() as u64
                }),
            ),
        ];
        if version == Version::V311 {
            entries.push(Entry::peer_prepared(
                "re-encoded (mqttbytes-ng)",
                Box::new(buffer),
                Box::new(move |out: &mut BytesMut| {
                    for packet_id in 1..=SUBSCRIBERS {
                        peer.pkid = packet_id;
                        peer.write(out).unwrap();
                    }
                    out.len() as u64
                }),
            ));
        }
        let ratio = bench.case(name, u64::from(SUBSCRIBERS), 31, entries);
        bench.goal(&name.replace([' ', '(', ')'], "-"), ratio, 0.5);
    }
}
