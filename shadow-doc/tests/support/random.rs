//! Random states, patches and requests: few names and few values, so that they meet.

use rand::Rng;
use rand::rngs::SmallRng;
use serde_json::{Map, Value, json};

const NAMES: &[&str] = &["a", "b", "c", "timestamp", "state", "", "é\"\\"];

/// A value that is no object.
fn leaf(rng: &mut SmallRng, nulls: bool, depth: usize) -> Value {
    match rng.random_range(0..12) {
        0 => json!(true),
        1 => json!(false),
        2 | 3 => json!(rng.random_range(0..3)),
        4 => json!(1.0),
        5 => json!(-0.5),
        6 => json!("x"),
        7 => json!("tab\t\u{1F600}"),
        8 | 9 if depth > 0 => (0..rng.random_range(0..3))
            .map(|_| match rng.random_range(0..4) {
                0 => object(rng, false, depth - 1),
                // Now and then one that the service refuses.
                1 if nulls && rng.random_ratio(1, 20) => Value::Null,
                _ => leaf(rng, false, depth - 1),
            })
            .collect(),
        _ if nulls => Value::Null,
        _ => json!(2),
    }
}

/// An object of up to four members.
pub(crate) fn object(rng: &mut SmallRng, nulls: bool, depth: usize) -> Value {
    let mut members = Map::new();
    for _ in 0..rng.random_range(0..5) {
        let name = NAMES[rng.random_range(0..NAMES.len())];
        let value = if depth > 0 && rng.random_ratio(2, 5) {
            object(rng, nulls, depth - 1)
        } else {
            leaf(rng, nulls, depth)
        };
        members.insert(name.to_owned(), value);
    }
    members.into()
}

fn section(rng: &mut SmallRng) -> Value {
    match rng.random_range(0..40) {
        0 => json!(7),
        1 | 2 => Value::Null,
        3 => nested(rng.random_range(6..12)),
        _ => object(rng, true, 3),
    }
}

/// An object `levels` deep.
fn nested(levels: usize) -> Value {
    (1..levels).fold(json!({"x": 1}), |inner, _| json!({"n": inner}))
}

/// An update request; most are well-formed.
pub(crate) fn update(rng: &mut SmallRng, version: u64) -> Value {
    let mut state = Map::new();
    for name in ["desired", "reported"] {
        if rng.random_ratio(3, 5) {
            state.insert(name.to_owned(), section(rng));
        }
    }
    if rng.random_ratio(1, 50) {
        state.insert("delta".to_owned(), json!({}));
    }
    let mut request = Map::new();
    match rng.random_range(0..40) {
        0 => {}
        1 => drop(request.insert("state".to_owned(), Value::Null)),
        2 => drop(request.insert("state".to_owned(), json!([1]))),
        _ => drop(request.insert("state".to_owned(), state.into())),
    }
    match rng.random_range(0..12) {
        0 => drop(request.insert("version".to_owned(), json!(version))),
        1 => drop(request.insert("version".to_owned(), json!(version as f64))),
        2 => drop(request.insert("version".to_owned(), json!(rng.random_range(0..4)))),
        3 if rng.random_ratio(1, 4) => drop(request.insert("version".to_owned(), json!("1"))),
        _ => {}
    }
    match rng.random_range(0..8) {
        0 => drop(request.insert("clientToken".to_owned(), json!("t\"1"))),
        1 if rng.random_ratio(1, 4) => {
            drop(request.insert("clientToken".to_owned(), json!("é".repeat(33))));
        }
        2 => drop(request.insert("extra".to_owned(), json!({"ignored": [null]}))),
        _ => {}
    }
    request.into()
}
