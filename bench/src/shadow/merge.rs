//! The state alone: a merge patch on a JSON object, without metadata, versions and messages.

use std::hint::black_box;

use serde_json::Value;
use shadow_doc::{EpochSeconds, Patch, State};

use super::data::{patches, section};
use crate::harness::{Bench, Entry};

pub fn run(bench: &mut Bench) {
    bench.head("State only, patch and document parsed before");
    for (size, bytes) in [("1 KB", 1024), ("8 KB", 8192)] {
        let document = section(bytes);
        let small = patches(&document).map(|request| {
            let request: Value = serde_json::from_str(&request).expect("the patches are JSON");
            request["state"]["reported"].to_string()
        });
        let whole = [document.clone(), document.replace("auto", "hand")];
        for (what, patches, operations) in [("small", small, 2000), ("whole", whole, 100)] {
            let name = format!("{what} patch on {size}");
            let ratio = merge(bench, &name, &document, &patches, operations);
            bench.goal(
                &format!("merge.{what}.{}", size.replace(' ', "")),
                ratio,
                1.5,
            );
        }
    }
}

/// Ratio to `json-patch`, which the goal names.
fn merge(
    bench: &mut Bench,
    name: &str,
    document: &str,
    patches: &[String; 2],
    operations: u64,
) -> f64 {
    let value: Value = serde_json::from_str(document).expect("the document is JSON");
    let values = patches
        .each_ref()
        .map(|patch| serde_json::from_str::<Value>(patch).expect("the patches are JSON"));
    let state = State::from_json(document.as_bytes(), EpochSeconds::default()).expect("a state");
    let ours = patches
        .each_ref()
        .map(|patch| Patch::from_json(patch.as_bytes()).expect("a patch"));
    let (other_value, other_values) = (value.clone(), values.clone());
    let pick = |index: u64| usize::from(index % 2 == 1);
    bench.case(
        name,
        operations,
        40,
        vec![
            Entry::ours("shadow-doc", move || {
                let mut state = state.clone();
                for index in 0..operations {
                    state.merge(black_box(&ours[pick(index)]));
                }
                state.to_json().len() as u64
            }),
            Entry::peer("json-patch", move || {
                let mut value = value.clone();
                for index in 0..operations {
                    json_patch::merge(&mut value, black_box(&values[pick(index)]));
                }
                value.to_string().len() as u64
            }),
            Entry::peer("json_value_merge", move || {
                use json_value_merge::Merge as _;
                let mut value = other_value.clone();
                for index in 0..operations {
                    value.merge(black_box(&other_values[pick(index)]));
                }
                value.to_string().len() as u64
            })
            .wrong("wrong: appends to arrays and stores null"),
        ],
    );
    bench.time(name, "shadow-doc") / bench.time(name, "json-patch")
}
