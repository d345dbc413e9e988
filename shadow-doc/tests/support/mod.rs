//! What several test files share: a plain model of the service, and random requests.

#![allow(dead_code, reason = "each test file uses a part")]

pub(crate) mod model;
pub(crate) mod random;

use serde_json::Value;
use shadow_doc::{ShadowAddress, ThingName};

pub(crate) fn address() -> ShadowAddress<'static> {
    ShadowAddress::classic(ThingName::try_from("thing1").unwrap().into_owned())
}

pub(crate) fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes)))
}

/// Equality of JSON values, numbers by value. The numbers of the tests are small.
pub(crate) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter()
                    .all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

/// Whether the numbers of a value are ones that [`same`] and the model can tell apart.
pub(crate) fn is_small(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some_and(|number| number.abs() < 1e9),
        Value::Array(elements) => elements.iter().all(is_small),
        Value::Object(members) => members.values().all(is_small),
        _ => true,
    }
}

/// Runs `test` on a thread with a stack of 64 KiB.
pub(crate) fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(64 * 1024)
        .spawn(test)
        .unwrap()
        .join()
        .unwrap();
}
