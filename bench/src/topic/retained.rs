//! Queries of a retained index with 100,000 names.

use topic_match::{Cursor, PageLimit, RetainedIndex, TopicFilter, TopicName};

use super::data::topic;
use crate::harness::{Bench, Entry};

const NAME: &str = "topic-match";
const CHANNELS: [&str; 5] = [
    "telemetry/temp",
    "telemetry/hum",
    "cmd/fw",
    "state/online",
    "alarm/high",
];

pub fn run(bench: &mut Bench) {
    bench.head("Retained index of 100k names, per query");
    let mut index = RetainedIndex::new();
    for device in 0..20_000 {
        for channel in CHANNELS {
            let name = topic(device, channel);
            let name = TopicName::new(&name).expect("it is valid");
            index.insert(name, device as u32).expect("there is room");
        }
    }
    // Filter, how many names it matches, repetitions.
    let known = topic(123, "x/y");
    let prefix = known.trim_end_matches("x/y");
    for (filter, hits, repetitions) in [
        (topic(123, CHANNELS[0]), 1, 1000),
        (format!("{prefix}#"), 5, 1000),
        (format!("{prefix}+/fw"), 1, 1000),
        ("+/+/dev0000123/#".to_owned(), 5, 1000),
        ("+/+/+/cmd/fw".to_owned(), 20_000, 1),
        ("#".to_owned(), 100_000, 1),
    ] {
        let parsed = TopicFilter::new(&filter).expect("it is valid");
        let case = format!("`{filter}`, {hits} hits");
        let entry = Entry::ours(NAME, || {
            (0..repetitions)
                .map(|_| {
                    let (mut cursor, mut results) = (Cursor::new(), 0);
                    while !cursor.is_complete() {
                        let limit = PageLimit::default();
                        results += index.page(parsed, &mut cursor, limit, |_, _| ()).results;
                    }
                    assert_eq!(results, hits);
                    results as u64
                })
                .sum()
        });
        bench.case(&case, repetitions, 15, vec![entry]);
        let time = bench.time(&case, NAME);
        match filter.as_str() {
            "+/+/dev0000123/#" => {
                bench.goal("retained.leading_plus_of_50_us", time / 50_000.0, 1.0)
            }
            "#" => bench.goal(
                "retained.hash_per_hit_of_200_ns",
                time / hits as f64 / 200.0,
                1.0,
            ),
            _ => {}
        }
    }
}
