use alloc::vec::Vec;

use super::format::{Members, OpenObject, Value, push_null};
use crate::json::same_value;

/// What one mask says of a member.
#[derive(Clone, Copy)]
enum Mask<'a> {
    /// It is not in the mask.
    Out,
    /// It is, as a whole.
    In,
    /// It is an object in the mask too; its members decide.
    Of(Members<'a>),
}

/// Appends the members of `state` that are named in one of `masks`, deep as far as both are objects.
pub(crate) fn project(state: Members<'_>, masks: [Members<'_>; 2], out: &mut Vec<u8>) {
    let mut outer: Vec<(Members<'_>, [Members<'_>; 2], OpenObject)> = Vec::new();
    let (mut here, mut masks) = (state, masks);
    loop {
        let Some((member, rest)) = here.split() else {
            let Some((next, next_masks, object)) = outer.pop() else {
                return;
            };
            object.end(out);
            (here, masks) = (next, next_masks);
            continue;
        };
        here = rest;
        let mut found = [Mask::Out; 2];
        for (mask, found) in masks.iter_mut().zip(&mut found) {
            *found = match mask.seek(member.name).1.map(|member| member.value) {
                None => Mask::Out,
                Some(Value::Object(inner)) => Mask::Of(inner),
                Some(_) => Mask::In,
            };
        }
        match (member.value, found) {
            (_, [Mask::Out, Mask::Out]) => {}
            (Value::Object(inner), [a, b]) if !matches!(a, Mask::In) && !matches!(b, Mask::In) => {
                outer.push((here, masks, OpenObject::begin(member.name, 0, out)));
                here = inner;
                masks = [a, b].map(|mask| match mask {
                    Mask::Of(members) => members,
                    Mask::Out | Mask::In => Members::default(),
                });
            }
            _ => out.extend_from_slice(member.raw),
        }
    }
}

/// Appends the members of `patch` that `state` has with the same value, or lacks where the patch has a
/// null; with `as_nulls`, a null for each that it has.
pub(crate) fn agreeing(patch: Members<'_>, state: Members<'_>, as_nulls: bool, out: &mut Vec<u8>) {
    let mut outer: Vec<(Members<'_>, Members<'_>, OpenObject)> = Vec::new();
    let (mut here, mut state) = (patch, state);
    loop {
        let Some((member, rest)) = here.split() else {
            let Some((next, next_state, object)) = outer.pop() else {
                return;
            };
            object.end_or_drop(out);
            (here, state) = (next, next_state);
            continue;
        };
        here = rest;
        let has = match (member.value, state.seek(member.name).1.map(|m| m.value)) {
            (Value::Object(content), Some(Value::Object(inner))) if !content.is_empty() => {
                outer.push((here, state, OpenObject::begin(member.name, 0, out)));
                (here, state) = (content, inner);
                continue;
            }
            (Value::Object(_), Some(Value::Object(_))) => true,
            (Value::Leaf { text, .. }, Some(Value::Leaf { text: other, .. })) => {
                same_value(text, other)
            }
            (Value::Null, None) => !as_nulls,
            _ => false,
        };
        match (has, as_nulls) {
            (true, true) => push_null(member.name, out),
            (true, false) => out.extend_from_slice(member.raw),
            (false, _) => {}
        }
    }
}

/// Appends the nulls of a patch, with the objects that lead to them and nothing else.
pub(crate) fn only_nulls(patch: Members<'_>, out: &mut Vec<u8>) {
    let mut outer: Vec<(Members<'_>, OpenObject)> = Vec::new();
    let mut here = patch;
    loop {
        let Some((member, rest)) = here.split() else {
            let Some((next, object)) = outer.pop() else {
                return;
            };
            object.end_or_drop(out);
            here = next;
            continue;
        };
        here = rest;
        match member.value {
            Value::Leaf { .. } => {}
            Value::Null => out.extend_from_slice(member.raw),
            Value::Object(inner) => {
                outer.push((here, OpenObject::begin(member.name, 0, out)));
                here = inner;
            }
        }
    }
}
