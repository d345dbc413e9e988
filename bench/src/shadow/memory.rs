//! What a stored shadow takes, in memory and as bytes, and what it costs to go from one to the other.

use std::hint::black_box;

use serde_json::Value;
use shadow_doc::Shadow;

use super::data::section;
use super::update::Ours;
use crate::harness::{Allocations, Bench, Entry};

pub fn run(bench: &mut Bench) {
    for (size, bytes) in [("1 KB", 512), ("8 KB", 4096)] {
        let stored = Ours::new(bytes).shadow().to_bytes();
        let text = section(bytes);
        let compact = text.len() * 2;

        let before = Allocations::now().live;
        let shadow = Shadow::from_bytes(&stored).expect("just written");
        let ours = Allocations::now().live - before + size_of::<Shadow>() as i64;
        let before = Allocations::now().live;
        let values: [Value; 4] = std::array::from_fn(|section| {
            // State and metadata of both sections, as the straightforward service keeps them.
            let value: Value = serde_json::from_str(&text).expect("JSON");
            if section < 2 { value } else { stamped(&value) }
        });
        let naive = Allocations::now().live - before;
        bench.say(&format!(
            "\nA shadow of {compact} bytes of compact JSON takes {ours} bytes in memory ({:.2} times), stamps included, \
             and {} as stored bytes; as `serde_json::Value` with its metadata {naive} ({:.2} times).",
            ours as f64 / compact as f64,
            stored.len(),
            naive as f64 / compact as f64,
        ));
        bench.goal(
            &format!("memory.{}", size.replace(' ', "")),
            ours as f64 / compact as f64,
            2.5,
        );
        drop((shadow, values));
    }

    bench.head("To stored bytes and back, 8 KB");
    let shadow = Ours::new(4096).shadow().clone();
    let stored = shadow.to_bytes();
    let text = section(4096);
    let values: Vec<Value> = (0..4)
        .map(|section| {
            let value: Value = serde_json::from_str(&text).expect("JSON");
            if section < 2 { value } else { stamped(&value) }
        })
        .collect();
    let json = serde_json::to_vec(&values).expect("JSON");
    const OPERATIONS: u64 = 100;
    bench.case(
        "write",
        OPERATIONS,
        20,
        vec![
            Entry::ours("shadow-doc", || {
                (0..OPERATIONS).for_each(|_| drop(black_box(shadow.to_bytes())));
                0
            }),
            Entry::peer("serde_json::to_vec of state and metadata", || {
                (0..OPERATIONS).for_each(|_| drop(black_box(serde_json::to_vec(&values))));
                0
            }),
        ],
    );
    bench.case(
        "read",
        OPERATIONS,
        20,
        vec![
            Entry::ours("shadow-doc", || {
                (0..OPERATIONS).for_each(|_| drop(black_box(Shadow::from_bytes(&stored))));
                0
            }),
            Entry::peer("serde_json::from_slice of state and metadata", || {
                (0..OPERATIONS)
                    .for_each(|_| drop(black_box(serde_json::from_slice::<Value>(&json))));
                0
            }),
        ],
    );
}

fn stamped(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), stamped(value)))
            .collect(),
        Value::Array(elements) => elements.iter().map(stamped).collect(),
        _ => serde_json::json!({"timestamp": 1_700_000_000}),
    }
}
