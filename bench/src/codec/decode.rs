//! Bytes to packets.

use bytes::BytesMut;
use mqtt_codec::Version;

use super::data::{self, frame};
use super::peers::{self, Borrowed, Owned};
use crate::harness::{Bench, Entry};

const COPIES: usize = 500;
const ROUNDS: usize = 101;

const OWNED: &[(&str, Owned)] = &[
    ("mqtt-codec", peers::ours::owned),
    ("mqtt-codec, as text", peers::ours::owned_text),
    ("rumqttc", peers::rumqttc::owned),
    ("mqttbytes-ng", peers::mqttbytes_ng::owned),
    ("rmqtt-codec", peers::rmqtt::owned),
    ("mqute-codec", peers::mqute::owned),
    ("mqtt5-protocol", peers::mqtt5::owned),
    ("mqtt-proto", peers::mqtt_proto::owned),
    ("mqtt-protocol-core", peers::protocol_core::owned),
];

const OWNED_V5: &[(&str, Owned)] = &[
    ("mqtt-codec", peers::ours::owned_v5),
    ("mqtt-codec, as text", peers::ours::owned_v5_text),
    ("rumqttc", peers::rumqttc::owned_v5),
    ("mqttbytes-ng", peers::mqttbytes_ng::owned_v5),
    ("rmqtt-codec", peers::rmqtt::owned_v5),
    ("mqute-codec", peers::mqute::owned_v5),
    ("mqtt5-protocol", peers::mqtt5::owned_v5),
    ("mqtt-proto", peers::mqtt_proto::owned_v5),
    ("mqtt-protocol-core", peers::protocol_core::owned_v5),
];

const BORROWED: &[(&str, Borrowed)] = &[
    ("mqtt-codec", peers::ours::borrowed),
    ("mqtt-codec, as text", peers::ours::borrowed_text),
    ("mqttrs", peers::mqttrs::borrowed),
];

struct Case {
    name: &'static str,
    version: Version,
    bytes: Vec<u8>,
    operations: usize,
    /// The goal against owned peers, and whether nothing may be allocated.
    goal: Option<(f64, bool)>,
    borrowed_goal: Option<f64>,
}

fn cases() -> Vec<Case> {
    let v3 = Version::V311;
    let repeated = |name, version, frame: Vec<u8>, goal, borrowed_goal| Case {
        name,
        version,
        bytes: frame.repeat(COPIES),
        operations: COPIES,
        goal,
        borrowed_goal,
    };
    let publish = |topic, payload, id| frame(v3, data::publish(topic, payload, id));
    vec![
        repeated(
            "publish-64",
            v3,
            publish(data::TOPIC, 64, None),
            Some((0.70, true)),
            Some(0.85),
        ),
        repeated(
            "publish-64-long-topic",
            v3,
            publish(data::LONG_TOPIC, 64, None),
            Some((0.70, true)),
            Some(0.85),
        ),
        repeated(
            "publish-1024",
            v3,
            publish(data::TOPIC, 1024, Some(7)),
            Some((0.70, true)),
            Some(0.85),
        ),
        repeated(
            "properties-4",
            Version::V5,
            frame(Version::V5, data::with_properties(data::TOPIC)),
            Some((0.55, true)),
            None,
        ),
        repeated(
            "properties-4-long-topic",
            Version::V5,
            frame(Version::V5, data::with_properties(data::LONG_TOPIC)),
            Some((0.55, true)),
            None,
        ),
        repeated(
            "connect",
            v3,
            frame(v3, data::connect(v3)),
            Some((0.60, false)),
            None,
        ),
        repeated(
            "subscribe-8",
            v3,
            frame(v3, data::subscribe()),
            Some((0.60, true)),
            None,
        ),
        repeated(
            "puback",
            v3,
            frame(v3, data::puback()),
            Some((0.50, true)),
            None,
        ),
        Case {
            name: "stream",
            version: v3,
            bytes: data::stream(v3),
            operations: 1000,
            goal: Some((0.95, false)),
            borrowed_goal: None,
        },
    ]
}

pub fn run(bench: &mut Bench) {
    bench.head("decode, owned");
    let cases = cases();
    for case in &cases {
        let v5 = case.version == Version::V5;
        let mut entries: Vec<Entry<'_>> = (if v5 { OWNED_V5 } else { OWNED })
            .iter()
            .map(|&(name, run)| {
                let entry = if name.starts_with("mqtt-codec") {
                    Entry::ours_prepared
                } else {
                    Entry::peer_prepared
                };
                entry(
                    name,
                    Box::new(|| BytesMut::from(&case.bytes[..])),
                    Box::new(run),
                )
            })
            .collect();
        let ntex = if v5 {
            peers::ntex::owned_v5
        } else {
            peers::ntex::owned
        };
        entries.push(Entry::peer_prepared(
            "ntex-mqtt",
            Box::new(|| ntex_bytes::BytesMut::copy_from_slice(&case.bytes)),
            Box::new(ntex),
        ));
        let ratio = bench.case(case.name, case.operations as u64, ROUNDS, entries);
        if let Some((target, no_allocations)) = case.goal {
            bench.goal(&format!("owned.{}", case.name), ratio, target);
            if no_allocations {
                // Less than one in a thousand operations: the shared header of the buffer itself.
                let allocations = bench.allocations(case.name, "mqtt-codec");
                bench.goal(&format!("allocations.{}", case.name), allocations, 0.01);
            }
        }
    }
    bench.head("decode, borrowed");
    for case in &cases {
        let name = format!("{} (view)", case.name);
        if case.version == Version::V5 {
            // No peer decodes 5.0 without allocating.
            let ours = Entry::ours("mqtt-codec", || peers::ours::borrowed_v5(&case.bytes));
            let text = Entry::ours("mqtt-codec, as text", || {
                peers::ours::borrowed_v5_text(&case.bytes)
            });
            bench.case(&name, case.operations as u64, ROUNDS, vec![ours, text]);
            continue;
        }
        let entries = BORROWED
            .iter()
            .map(|&(name, run)| {
                let entry = if name.starts_with("mqtt-codec") {
                    Entry::ours
                } else {
                    Entry::peer
                };
                entry(name, move || run(&case.bytes))
            })
            .collect();
        let ratio = bench.case(&name, case.operations as u64, ROUNDS, entries);
        if let Some(target) = case.borrowed_goal {
            bench.goal(&format!("borrowed.{}", case.name), ratio, target);
        }
    }
}
