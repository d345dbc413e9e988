//! Putting the service's metadata back on the leaves it belongs to.

use alloc::vec::Vec;

use super::format::{Members, OpenObject, Value, push_leaf};
use crate::json::integer;
use crate::time::EpochSeconds;

/// Appends `state` with the stamps that `metadata` (the JSON of a `metadata` member, read as a tree)
/// holds for its leaves; a leaf without one keeps its own. A null is a member that is not there.
///
/// The shape of `state` decides what is a leaf, so that a user's member called `timestamp` is none
/// of the service's.
pub(crate) fn stamped(state: Members<'_>, metadata: Members<'_>, out: &mut Vec<u8>) {
    let mut outer: Vec<(Members<'_>, Members<'_>, OpenObject)> = Vec::new();
    let (mut here, mut stamps) = (state, metadata);
    loop {
        let Some((member, rest)) = here.split() else {
            let Some((next, next_stamps, object)) = outer.pop() else {
                return;
            };
            object.end(out);
            (here, stamps) = (next, next_stamps);
            continue;
        };
        here = rest;
        let known = stamps.seek(member.name).1.map(|member| member.value);
        match member.value {
            Value::Null => {}
            Value::Leaf { stamp, text } => {
                push_leaf(
                    member.name,
                    known.and_then(stamp_of).unwrap_or(stamp),
                    text,
                    out,
                );
            }
            Value::Object(inner) => {
                outer.push((here, stamps, OpenObject::begin(member.name, 0, out)));
                here = inner;
                stamps = match known {
                    Some(Value::Object(stamps)) => stamps,
                    _ => Members::default(),
                };
            }
        }
    }
}

/// The stamp in `{"timestamp":N}`, or the first one in an array of such: all elements share it.
fn stamp_of(value: Value<'_>) -> Option<EpochSeconds> {
    const NAME: &[u8] = b"\"timestamp\":";
    let text = match value {
        Value::Object(members) => match members.find(b"timestamp")?.value {
            Value::Leaf { text, .. } => text,
            _ => return None,
        },
        Value::Leaf { text, .. } => {
            // A user's member called `timestamp` has an object behind its name, a stamp a digit.
            let digits = text
                .windows(NAME.len())
                .enumerate()
                .find_map(|(at, window)| {
                    let digits = text.get(at.checked_add(NAME.len())?..)?;
                    (window == NAME && digits.first()?.is_ascii_digit()).then_some(digits)
                })?;
            let end = digits
                .iter()
                .position(|b| !b.is_ascii_digit())
                .unwrap_or(digits.len());
            digits.get(..end)?
        }
        Value::Null => return None,
    };
    if !text.first()?.is_ascii_digit() {
        return None;
    }
    EpochSeconds::try_from(integer(text)?).ok()
}
