//! `shadow-topics.json`: topics, and what they are if they are a shadow's.

use serde_json::{Value, json};
use shadow_doc::ShadowTopic;

use crate::{Report, Verdict};

pub(super) fn run(bytes: &[u8]) -> Result<Report, String> {
    let cases: Vec<Value> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut report = Report::default();
    for expected in &cases {
        let topic = expected["topic"].as_str().ok_or("a case has no topic")?;
        report.add(topic, Verdict::of(expected, parsed(topic)));
    }
    Ok(report)
}

/// A topic as the cases describe one. Building it again has to give the same text.
fn parsed(text: &str) -> Value {
    match ShadowTopic::parse(text) {
        Err(_) => json!({"topic": text, "valid": false}),
        Ok(topic) => json!({
            "topic": topic.to_string(),
            "valid": true,
            "thing": topic.address().thing().as_str(),
            "shadow": topic.address().shadow().map(shadow_doc::ShadowName::as_str),
            "op": topic.kind().operation().as_str(),
            "kind": topic.kind().message().as_str(),
            "direction": topic.kind().direction().as_str(),
        }),
    }
}
