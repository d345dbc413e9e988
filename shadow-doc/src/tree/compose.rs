use alloc::vec::Vec;
use core::cmp::Ordering;

use super::format::{Members, OpenObject, Value};

/// Appends one patch that does what `first` and then `second` do, or says that there is none.
///
/// There is none when `first` puts a scalar, an array or null where `second` puts an object: the
/// two together replace a value, and a merge patch cannot replace an object by an object.
pub(crate) fn compose(first: Members<'_>, second: Members<'_>, out: &mut Vec<u8>) -> bool {
    let mut outer: Vec<(Members<'_>, Members<'_>, OpenObject)> = Vec::new();
    let (mut first, mut second) = (first, second);
    loop {
        let (a, b) = (first.split(), second.split());
        let order = match (&a, &b) {
            (None, None) => {
                let Some((next_first, next_second, object)) = outer.pop() else {
                    return true;
                };
                object.end(out);
                (first, second) = (next_first, next_second);
                continue;
            }
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some((x, _)), Some((y, _))) => x.name.cmp(y.name),
        };
        if order != Ordering::Greater
            && let Some((_, rest)) = a
        {
            first = rest;
        }
        if order != Ordering::Less
            && let Some((_, rest)) = b
        {
            second = rest;
        }
        match (order, a, b) {
            (Ordering::Less, Some((x, _)), _) => out.extend_from_slice(x.raw),
            (Ordering::Greater, _, Some((y, _))) => out.extend_from_slice(y.raw),
            (_, Some((x, _)), Some((y, _))) => match (x.value, y.value) {
                (Value::Object(inner_first), Value::Object(inner_second)) => {
                    outer.push((first, second, OpenObject::begin(y.name, 0, out)));
                    (first, second) = (inner_first, inner_second);
                }
                (_, Value::Object(_)) => return false,
                _ => out.extend_from_slice(y.raw),
            },
            _ => return false,
        }
    }
}
