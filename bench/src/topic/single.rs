//! One filter against one topic.

use std::hint::black_box;

use topic_match::{TopicFilter, TopicName, unchecked};

use super::mosquitto::Mosquitto;
use crate::harness::{Bench, Entry};

const OPERATIONS: u64 = 20_000;

/// Name, filter, topic.
const SHAPES: &[(&str, &str, &str)] = &[
    (
        "exact, 5 levels",
        "plant7/line12/robot0042/telemetry/temp",
        "plant7/line12/robot0042/telemetry/temp",
    ),
    (
        "two +",
        "plant7/+/robot0042/+/temp",
        "plant7/line12/robot0042/telemetry/temp",
    ),
    ("trailing #", "plant7/line12/#", "plant7/line12/robot0042"),
    (
        "16 levels, 4 + and #",
        "l01/l02/+/l04/l05/+/l07/l08/+/l10/l11/+/l13/l14/l15/#",
        "l01/l02/l03/l04/l05/l06/l07/l08/l09/l10/l11/l12/l13/l14/l15/l16",
    ),
    (
        "miss, first byte",
        "plant7/line12/robot0042/telemetry/temp",
        "xlant7/line12/robot0042/telemetry/temp",
    ),
    (
        "miss, last level",
        "plant7/line12/robot0042/telemetry/temp",
        "plant7/line12/robot0042/telemetry/tamp",
    ),
    ("#", "#", "plant7/line12/robot0042/telemetry/temp"),
    (
        "shadow",
        "$aws/things/+/shadow/#",
        "$aws/things/robot0042/shadow/update/accepted",
    ),
];

pub fn run(bench: &mut Bench) {
    let mosquitto = Mosquitto::load();
    if let Err(reason) = &mosquitto {
        bench.say(&format!("Left out: libmosquitto ({reason})."));
    }
    bench.head("Single match, both from plain strings");
    for (shape, filter, topic) in SHAPES {
        let mut rumqttc = Entry::peer("rumqttc", || {
            repeat(|| rumqttc::mqttbytes::matches(black_box(topic), black_box(filter)))
        });
        if topic.starts_with('$') {
            rumqttc = rumqttc.wrong("wrong: matches no topic that begins with `$`");
        }
        let mut entries = vec![
            Entry::ours("topic-match, unchecked", || {
                repeat(|| unchecked::matches(black_box(filter), black_box(topic)))
            }),
            rumqttc,
        ];
        #[cfg(feature = "paho")]
        entries.push(Entry::peer("paho-mqtt", || {
            repeat(|| paho::topic_matches(black_box(filter), black_box(topic)))
        }));
        if let Ok(mosquitto) = &mosquitto {
            let (filter, topic) = mosquitto.strings(filter, topic);
            // Shown, and not among the peers of the goal, which are Rust crates.
            entries.push(
                Entry::peer("libmosquitto", move || {
                    repeat(|| mosquitto.matches(black_box(&filter), black_box(&topic)))
                })
                .wrong("C"),
            );
        }
        let case = format!("plain: {shape}");
        let ratio = bench.case(&case, OPERATIONS, 15, entries);
        bench.goal(&format!("single.plain.{}", short(shape)), ratio, 0.5);
        // The same question with both strings checked first, which no peer does.
        bench.case(
            &format!("plain, checked: {shape}"),
            OPERATIONS,
            15,
            vec![Entry::ours("topic-match", || {
                repeat(|| topic_match::matches(black_box(filter), black_box(topic)) == Ok(true))
            })],
        );
    }

    bench.head("Single match, filter parsed before");
    for (shape, filter, topic) in SHAPES {
        let ours = TopicFilter::new(filter).expect("the shapes are valid");
        let name = TopicName::new(topic).expect("the shapes are valid");
        let ntex: ntex_mqtt::TopicFilter = filter.parse().expect("the shapes are valid");
        let entries = vec![
            Entry::ours("topic-match", || {
                repeat(|| black_box(&ours).matches(black_box(name)))
            }),
            Entry::peer("ntex-mqtt", || {
                repeat(|| black_box(&ntex).matches_topic(black_box(*topic)))
            }),
        ];
        let ratio = bench.case(&format!("parsed: {shape}"), OPERATIONS, 15, entries);
        bench.goal(&format!("single.parsed.{}", short(shape)), ratio, 0.7);
    }
}

#[cfg(feature = "paho")]
mod paho {
    pub fn topic_matches(filter: &str, topic: &str) -> bool {
        paho_mqtt::topic_matcher::topic_matches(filter, topic)
    }
}

fn repeat(mut matches: impl FnMut() -> bool) -> u64 {
    (0..OPERATIONS).map(|_| u64::from(matches())).sum()
}

fn short(shape: &str) -> String {
    shape
        .replace('#', "hash")
        .replace('+', "plus")
        .chars()
        .filter(|c| *c != ',')
        .map(|c| if c == ' ' { '_' } else { c })
        .collect()
}
