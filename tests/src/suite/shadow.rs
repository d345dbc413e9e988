//! `shadow.json`: requests on shadows one after the other, and everything the service says in answer.

use base64::Engine as _;
use serde_json::{Map, Value};
use shadow_doc::{
    Depth, EpochSeconds, Limits, MemoryStore, Operation, Processed, Profile, Request, Service,
    ShadowAddress, ShadowName, ThingName, process,
};

use crate::{Report, Verdict};

pub(super) fn run(bytes: &[u8]) -> Result<Report, String> {
    let scenarios: Vec<Value> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let mut report = Report::default();
    for scenario in &scenarios {
        let name = scenario["name"].as_str().ok_or("a scenario has no name")?;
        let verdict = match play(scenario) {
            Ok(()) => Verdict::Passed,
            Err(Difference { expected, got }) if scenario["uncertain"] == true => {
                Verdict::Skipped(format!("uncertain: expected {expected}, got {got}"))
            }
            Err(Difference { expected, got }) => Verdict::Failed { expected, got },
        };
        report.add(name, verdict);
    }
    Ok(report)
}

/// The payloads of all requests, as they are sent: seeds for fuzzing.
pub(crate) fn payloads(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let scenarios: Vec<Value> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let steps = scenarios
        .iter()
        .filter_map(|scenario| scenario["steps"].as_array())
        .flatten();
    steps.map(payload).collect()
}

/// The first thing in a scenario that is not as it should be.
struct Difference {
    expected: String,
    got: String,
}

impl From<String> for Difference {
    /// The scenario cannot be played.
    fn from(got: String) -> Self {
        Self {
            expected: "a step of the suite's format".to_owned(),
            got,
        }
    }
}

/// Runs one scenario from its first step to the first that differs.
fn play(scenario: &Value) -> Result<(), Difference> {
    let service = Service::new(limits(&scenario["config"])?, Profile::default());
    let mut store = MemoryStore::default();
    let steps = scenario["steps"]
        .as_array()
        .ok_or_else(|| "`steps` is no list".to_owned())?;
    for (index, step) in steps.iter().enumerate() {
        take(&service, &mut store, step).map_err(|difference| Difference {
            expected: format!("in step {index} {}", difference.expected),
            ..difference
        })?;
    }
    Ok(())
}

fn limits(config: &Value) -> Result<Limits, String> {
    let mut limits = Limits::default();
    for (name, value) in config.as_object().unwrap_or(&Map::new()) {
        let number = value
            .as_u64()
            .ok_or(format!("expected `{name}` to be a number"))?;
        match name.as_str() {
            "max_depth" => {
                limits.depth = u8::try_from(number)
                    .map_err(|error| error.to_string())
                    .and_then(|depth| Depth::try_from(depth).map_err(|error| error.to_string()))?;
            }
            "max_size" => {
                limits.document_bytes =
                    usize::try_from(number).map_err(|error| error.to_string())?;
            }
            "versions_kept_s" => limits.tombstone_seconds = number,
            other => return Err(format!("unknown setting `{other}`")),
        }
    }
    Ok(limits)
}

fn take(service: &Service, store: &mut MemoryStore, step: &Value) -> Result<(), Difference> {
    let thing = ThingName::try_from(step["thing"].as_str().unwrap_or("thing1"))
        .map_err(|error| error.to_string())?;
    let address = match step["shadow"].as_str() {
        None => ShadowAddress::classic(thing),
        Some(name) => {
            let name = ShadowName::try_from(name).map_err(|error| error.to_string())?;
            ShadowAddress::named(thing, name)
        }
    };
    let operation = match step["op"].as_str() {
        Some("get") => Operation::Get,
        Some("update") => Operation::Update,
        Some("delete") => Operation::Delete,
        _ => return Err(format!("the operation {}", step["op"]).into()),
    };
    let now = step["now"]
        .as_u64()
        .ok_or_else(|| format!("the time {}", step["now"]))?;
    let now = EpochSeconds::try_from(now).map_err(|error| error.to_string())?;
    let payload = payload(step)?;
    let request = Request::new(&address, operation, &payload);
    let Ok(done) = process(service, store, &request, now);
    let expect = &step["expect"];
    match done {
        Processed::Accepted(accepted) => {
            if expect["outcome"] != "accepted" {
                let response = String::from_utf8_lossy(accepted.response()).into_owned();
                return Err(Difference {
                    expected: expect.to_string(),
                    got: format!("accepted {response}"),
                });
            }
            compare("response", &expect["response"], accepted.response())?;
            if operation == Operation::Update {
                compare(
                    "delta",
                    &expect["delta"],
                    accepted.delta().unwrap_or(b"null"),
                )?;
                let documents = accepted.to_documents().unwrap_or_else(|| b"null".to_vec());
                compare("documents", &expect["documents"], &documents)?;
            }
            Ok(())
        }
        Processed::Rejected(rejection) => {
            let code = expect["code"]
                .as_u64()
                .or(expect["response"]["code"].as_u64());
            if expect["outcome"] != "rejected" || code != Some(rejection.code().into()) {
                return Err(Difference {
                    expected: expect.to_string(),
                    got: rejection.to_string(),
                });
            }
            // The message is advisory; the rest of the payload is not.
            let mut expected = expect["response"].clone();
            let mut got = json(&rejection.to_payload())?;
            for value in [&mut expected, &mut got] {
                if let Some(members) = value.as_object_mut() {
                    members.remove("message");
                }
            }
            same("response", &expected, &got)
        }
    }
}

fn payload(step: &Value) -> Result<Vec<u8>, String> {
    if let Some(raw) = step["request_raw"].as_str() {
        return Ok(raw.as_bytes().to_vec());
    }
    if let Some(base64) = step["request_base64"].as_str() {
        let engine = base64::engine::general_purpose::STANDARD;
        return engine.decode(base64).map_err(|error| error.to_string());
    }
    match step.get("request") {
        None => Ok(Vec::new()),
        Some(request) => serde_json::to_vec(request).map_err(|error| error.to_string()),
    }
}

fn json(text: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(text)
        .map_err(|error| format!("{error} in {}", String::from_utf8_lossy(text)))
}

fn compare(what: &str, expected: &Value, got: &[u8]) -> Result<(), Difference> {
    same(what, expected, &json(got)?)
}

fn same(what: &str, expected: &Value, got: &Value) -> Result<(), Difference> {
    if is_same(expected, got) {
        return Ok(());
    }
    Err(Difference {
        expected: format!("{what} {expected}"),
        got: got.to_string(),
    })
}

/// Equality of JSON values, numbers by value.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => {
            // Whole numbers that fit are compared as they are; a double would confuse the large ones.
            let whole = |number: &serde_json::Number| {
                number.as_i128().or_else(|| {
                    let double = number.as_f64()?;
                    let is_small = double.fract() == 0.0 && double.abs() < 9e15;
                    is_small.then_some(double as i128)
                })
            };
            match (whole(x), whole(y)) {
                (Some(x), Some(y)) => x == y,
                _ => x.as_f64() == y.as_f64(),
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| is_same(a, b)))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_by_value() {
        let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert!(is_same(&value("[1, 1e300]"), &value("[1.0, 1e+300]")));
        assert!(!is_same(
            &value("9007199254740993"),
            &value("9007199254740992")
        ));
        assert!(!is_same(&value("1"), &value("true")));
    }

    #[test]
    fn a_difference_is_seen() {
        let scenario = |response: &str| {
            format!(
                r#"[{{"name":"n","steps":[{{"op":"update","now":1,"request":{{"state":{{}}}},
                "expect":{{"outcome":"accepted","response":{response},"delta":null,"documents":
                {{"previous":null,"current":{{"state":{{}},"metadata":{{}},"version":1}},"timestamp":1}}}}}}]}}]"#
            )
        };
        let right = r#"{"state":{},"metadata":{},"version":1,"timestamp":1}"#;
        let report = run(scenario(right).as_bytes()).unwrap();
        assert_eq!(report.to_string(), "1 passed, 0 failed");
        let wrong = right.replace("\"version\":1", "\"version\":2");
        let report = run(scenario(&wrong).as_bytes()).unwrap();
        assert_eq!(report.to_string(), "0 passed, 1 failed");
    }
}
