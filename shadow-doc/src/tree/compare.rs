//! `desired` against `reported`: which members belong to the delta.
//!
//! The answer is kept as flags in the tags of `desired` and brought up to date along the paths a
//! patch names, so that the delta of an unchanged rest costs nothing.

use alloc::vec::Vec;

use super::format::push_null;
use super::format::{FLAGS, LOOSE, Members, OpenObject, STRICT, Value, WHOLE};
use super::{Walk, write_members};
use crate::json::same_value;
use crate::time::EpochSeconds;

/// A level of `desired` that is being looked at. Its bytes change under the walk (flags only), so
/// places in it are offsets.
struct Frame<'a> {
    at: usize,
    end: usize,
    reported: Members<'a>,
    /// The names that changed; `None` for all of them.
    patch: Option<Members<'a>>,
    /// Flags of the members so far.
    flags: u8,
    /// Where the tag of this level stands.
    tag: Option<usize>,
}

/// Brings the flags of `desired` up to date with `reported` along the names in `patch`, or
/// everywhere. Returns the flags of the section.
pub(crate) fn refresh(desired: &mut [u8], reported: Members<'_>, patch: Option<Members<'_>>) -> u8 {
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut frame = Frame {
        at: 0,
        end: desired.len(),
        reported,
        patch,
        flags: 0,
        tag: None,
    };
    loop {
        let here = Members(desired.get(frame.at..frame.end).unwrap_or_default());
        let Some((member, _)) = here.split() else {
            let done = frame.flags & (STRICT | LOOSE);
            if let Some(tag) = frame.tag {
                set_flags(desired, tag, done);
            }
            match frames.pop() {
                Some(parent) => frame = parent,
                None => return done,
            }
            frame.flags |= done;
            continue;
        };
        let start = frame.at;
        frame.at = start.saturating_add(member.raw.len());
        let inner_patch = match &mut frame.patch {
            None => None,
            Some(patch) => match patch.seek(member.name).1 {
                Some(named) => Some(named.value),
                None => {
                    frame.flags |= member.tag;
                    continue;
                }
            },
        };
        // The tag is the first byte of a member.
        let tag = start;
        let other = frame
            .reported
            .seek(member.name)
            .1
            .map(|member| member.value);
        let flags = match (member.value, other) {
            (Value::Object(content), Some(Value::Object(reported))) => {
                // The flags below a member that was absent from `reported` were not kept.
                let patch = match inner_patch {
                    Some(Value::Object(inner)) if member.tag & WHOLE == 0 => Some(inner),
                    _ => None,
                };
                let end = frame.at;
                let at = end.saturating_sub(content.0.len());
                let next = Frame {
                    at,
                    end,
                    reported,
                    patch,
                    flags: 0,
                    tag: Some(tag),
                };
                frames.push(core::mem::replace(&mut frame, next));
                continue;
            }
            (Value::Leaf { text: a, .. }, Some(Value::Leaf { text: b, .. })) => {
                if same_value(a, b) {
                    0
                } else {
                    WHOLE | STRICT | LOOSE
                }
            }
            (value, None) if value.is_empty_object() => WHOLE | LOOSE,
            _ => WHOLE | STRICT | LOOSE,
        };
        set_flags(desired, tag, flags);
        frame.flags |= flags;
    }
}

fn set_flags(bytes: &mut [u8], tag: usize, flags: u8) {
    if let Some(tag) = bytes.get_mut(tag) {
        *tag = (*tag & !FLAGS) | flags;
    }
}

/// Whether two sections hold the same state; stamps and flags do not matter.
pub(crate) fn compare(a: Members<'_>, b: Members<'_>) -> bool {
    let mut outer = Vec::new();
    let (mut a, mut b) = (a, b);
    loop {
        match (a.split(), b.split()) {
            (None, None) => match outer.pop() {
                Some(next) => (a, b) = next,
                None => return true,
            },
            (Some((x, after_x)), Some((y, after_y))) if x.name == y.name => {
                (a, b) = (after_x, after_y);
                match (x.value, y.value) {
                    (Value::Object(inner_a), Value::Object(inner_b)) => {
                        outer.push((a, b));
                        (a, b) = (inner_a, inner_b);
                    }
                    (Value::Leaf { text: x, .. }, Value::Leaf { text: y, .. }) => {
                        if !same_value(x, y) {
                            return false;
                        }
                    }
                    (Value::Null, Value::Null) => {}
                    _ => return false,
                }
            }
            _ => return false,
        }
    }
}

/// Appends the smallest patch that turns `from` into `to`: new and changed members with their
/// value, gone ones as null. `stamp` goes on the leaves of the patch.
pub(crate) fn patch_between(
    from: Members<'_>,
    to: Members<'_>,
    stamp: EpochSeconds,
    out: &mut Vec<u8>,
) {
    let mut outer: Vec<(Members<'_>, Members<'_>, OpenObject)> = Vec::new();
    let (mut from, mut to) = (from, to);
    loop {
        let (a, b) = (from.split(), to.split());
        let order = match (&a, &b) {
            (None, None) => {
                let Some((outer_from, outer_to, object)) = outer.pop() else {
                    return;
                };
                // Where nothing differs inside, there is nothing to say.
                object.end_or_drop(out);
                (from, to) = (outer_from, outer_to);
                continue;
            }
            (Some(_), None) => core::cmp::Ordering::Less,
            (None, Some(_)) => core::cmp::Ordering::Greater,
            (Some((x, _)), Some((y, _))) => x.name.cmp(y.name),
        };
        match (order, a, b) {
            (core::cmp::Ordering::Less, Some((gone, rest)), _) => {
                from = rest;
                push_null(gone.name, out);
            }
            (core::cmp::Ordering::Greater, _, Some((new, rest))) => {
                to = rest;
                write_members(Walk::new(Members(new.raw)), Some(stamp), out);
            }
            (_, Some((x, after_x)), Some((y, after_y))) => {
                (from, to) = (after_x, after_y);
                match (x.value, y.value) {
                    (Value::Object(inner_from), Value::Object(inner_to)) => {
                        outer.push((from, to, OpenObject::begin(y.name, 0, out)));
                        (from, to) = (inner_from, inner_to);
                    }
                    (Value::Leaf { text: x, .. }, Value::Leaf { text, .. })
                        if same_value(x, text) => {}
                    _ => write_members(Walk::new(Members(y.raw)), Some(stamp), out),
                }
            }
            _ => return,
        }
    }
}
