//! A patch onto a section: objects deep, arrays whole, null removes.

use alloc::vec::Vec;
use core::ops::Range;

use super::format::{LOOSE, Member, Members, OpenObject, STRICT, Value, WHOLE};
use super::verify::json_members_len;

/// What a merge made.
pub(crate) struct Merged {
    pub(crate) bytes: Vec<u8>,
    /// See [`json_members_len`].
    pub(crate) members_len: usize,
}

/// A level that is being merged.
struct Frame<'a> {
    old: Members<'a>,
    patch: Members<'a>,
    /// The object in the output, and whether it had members before. `None` for the section.
    object: Option<(OpenObject, bool)>,
    /// Set for an object that the patch brings: what it needs to be taken back.
    fresh: Option<Fresh>,
}

#[derive(Clone, Copy)]
struct Fresh {
    name_len: usize,
    /// Whether the object may go again if nothing but nulls was in it.
    droppable: bool,
    saw_null: bool,
}

/// Merges `patch` onto `old`, whose [`json_members_len`] is `members_len`, into new bytes.
///
/// `drop_all_null` is the one open question of the merge: a new object that holds nothing but nulls
/// is `{}` without it and absent with it.
///
/// Bytes that the patch does not name are copied as runs; the work is that of the patch and of the
/// names beside those it touches.
pub(crate) fn merge(
    old: Members<'_>,
    members_len: usize,
    patch: Members<'_>,
    drop_all_null: bool,
) -> Merged {
    let mut out = Vec::with_capacity(old.0.len().saturating_add(patch.0.len()));
    let mut added = members_len;
    let mut removed = 0_usize;
    let mut frames: Vec<Frame<'_>> = Vec::with_capacity(2);
    let mut frame = Frame {
        old,
        patch,
        object: None,
        fresh: None,
    };
    loop {
        if let Some((member, rest)) = frame.patch.split() {
            frame.patch = rest;
            let (run, existing) = frame.old.seek(member.name);
            out.extend_from_slice(run);
            match member.value {
                Value::Null => {
                    if let Some(existing) = existing {
                        removed = removed.saturating_add(json_member_len(&existing));
                    }
                    if let Some(fresh) = &mut frame.fresh {
                        fresh.saw_null = true;
                    }
                }
                Value::Leaf { .. } => {
                    if let Some(existing) = existing {
                        removed = removed.saturating_add(json_member_len(&existing));
                    }
                    added = added.saturating_add(json_member_len(&member));
                    out.extend_from_slice(member.raw);
                }
                Value::Object(inner) => {
                    let next = match existing {
                        Some(Member {
                            value: Value::Object(old),
                            tag,
                            ..
                        }) => Frame {
                            old,
                            patch: inner,
                            object: Some((
                                OpenObject::begin(member.name, tag, &mut out),
                                !old.is_empty(),
                            )),
                            fresh: None,
                        },
                        other => {
                            if let Some(existing) = &other {
                                removed = removed.saturating_add(json_member_len(existing));
                            }
                            added = added.saturating_add(empty_object_len(member.name.len()));
                            let flags = WHOLE | STRICT | LOOSE;
                            Frame {
                                old: Members::default(),
                                patch: inner,
                                object: Some((
                                    OpenObject::begin(member.name, flags, &mut out),
                                    false,
                                )),
                                fresh: Some(Fresh {
                                    name_len: member.name.len(),
                                    droppable: drop_all_null && other.is_none(),
                                    saw_null: false,
                                }),
                            }
                        }
                    };
                    frames.push(core::mem::replace(&mut frame, next));
                }
            }
            continue;
        }
        out.extend_from_slice(frame.old.0);
        let Some(parent) = frames.pop() else {
            let members_len = added.saturating_sub(removed);
            return Merged {
                bytes: out,
                members_len,
            };
        };
        let closed = core::mem::replace(&mut frame, parent);
        let Some((object, had_members)) = closed.object else {
            continue;
        };
        let has_members = object.has_members(&out);
        match closed.fresh {
            Some(fresh) if fresh.droppable && fresh.saw_null && !has_members => {
                out.truncate(object.start());
                removed = removed.saturating_add(empty_object_len(fresh.name_len));
                if let Some(parent) = &mut frame.fresh {
                    parent.saw_null = true;
                }
                continue;
            }
            _ => {}
        }
        // A patch is bounded by its payload and a section by its limit, both far below 4 GiB; the
        // parser refuses what is not.
        object.end(&mut out);
        // The first member of an object brings no comma; `json_member_len` counts one each.
        match (had_members, has_members) {
            (true, false) => added = added.saturating_add(1),
            (false, true) => removed = removed.saturating_add(1),
            _ => {}
        }
    }
}

/// The first and the last name of a section.
pub(crate) fn ends(section: Members<'_>) -> Option<(&[u8], &[u8])> {
    let mut names = section.map(|member| member.name);
    let first = names.next()?;
    Some((first, names.last().unwrap_or(first)))
}

/// Puts `new` in the place of `range`; what stands behind it moves.
pub(crate) fn replace(bytes: &mut Vec<u8>, range: Range<usize>, new: &[u8]) {
    let length = bytes.len();
    let behind = range.start.saturating_add(new.len());
    if behind > range.end {
        bytes.resize(length.saturating_add(behind.saturating_sub(range.end)), 0);
    }
    if behind != range.end {
        bytes.copy_within(range.end..length, behind);
        bytes.truncate(behind.saturating_add(length.saturating_sub(range.end)));
    }
    if let Some(place) = bytes.get_mut(range.start..behind) {
        place.copy_from_slice(new);
    }
}

/// `"name":{},` without its name.
const fn empty_object_len(name_len: usize) -> usize {
    name_len.saturating_add(6)
}

/// Length of a member in compact JSON, with the comma behind it.
#[inline]
fn json_member_len(member: &Member<'_>) -> usize {
    match member.value {
        Value::Leaf { text, .. } => member
            .name
            .len()
            .saturating_add(4)
            .saturating_add(text.len()),
        Value::Object(_) | Value::Null => json_members_len(Members(member.raw)),
    }
}
