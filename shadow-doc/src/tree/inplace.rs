//! A patch whose leaves are all there already, written where they stand: the everyday patch, for which
//! building a run of members anew would be most of the work.

use alloc::vec::Vec;
use core::cmp::Ordering;
use core::ops::Range;

use super::format::{Members, Value, order};
use super::merge::replace;

/// Leaves of the largest patch that is looked at; a larger one is worth a new run.
const MAX_EDITS: usize = 12;
/// Its levels.
const MAX_LEVELS: usize = 6;
/// Bytes between its first leaf and its last, changed ones included.
const WINDOW: usize = 512;

/// By how much something grows and shrinks.
#[derive(Clone, Copy, Default)]
pub(crate) struct Shift {
    added: usize,
    removed: usize,
}

impl Shift {
    const fn add(&mut self, added: usize, removed: usize) {
        self.added = self.added.saturating_add(added);
        self.removed = self.removed.saturating_add(removed);
    }

    pub(crate) const fn of(self, length: usize) -> usize {
        length
            .saturating_add(self.added)
            .saturating_sub(self.removed)
    }
}

/// What was done.
pub(crate) struct Done {
    /// What became of the length of the JSON.
    pub(crate) json: Shift,
    /// The members of the section that were touched, from the first to the last, as they stood, and
    /// their length now; `None` if every member stands where it stood.
    pub(crate) moved: Option<(Range<usize>, usize)>,
}

/// An object that is being patched.
#[derive(Clone, Copy)]
struct Level<'a> {
    at: usize,
    end: usize,
    patch: Members<'a>,
    length_field: usize,
    shift: Shift,
}

/// A leaf that is to be replaced.
#[derive(Clone, Copy, Default)]
struct Edit<'a> {
    at: usize,
    length: usize,
    new: &'a [u8],
}

/// Puts the leaves of `patch` in the place of those in the section `bytes`, or does nothing and says
/// so with `None`: where a member is new, goes, or becomes an object or stops being one, and where the
/// patch is large. `start` tells where to begin looking for a name of the section.
pub(crate) fn merge_in_place(
    bytes: &mut Vec<u8>,
    start: impl Fn(&[u8], &[u8]) -> usize,
    patch: Members<'_>,
) -> Option<Done> {
    let mut levels = [Level {
        at: 0,
        end: bytes.len(),
        patch,
        length_field: 0,
        shift: Shift::default(),
    }; MAX_LEVELS];
    let mut depth = 0_usize;
    let mut edits = [Edit::default(); MAX_EDITS];
    let mut edit_count = 0_usize;
    let mut lengths = [(0_usize, Shift::default()); MAX_EDITS];
    let mut length_count = 0_usize;
    let mut json = Shift::default();
    let mut touched: Option<Range<usize>> = None;
    // Nothing is written until all leaves are found.
    let total = loop {
        let level = levels.get_mut(depth)?;
        let Some((member, rest)) = level.patch.split() else {
            let (shift, length_field) = (level.shift, level.length_field);
            let Some(outer) = depth.checked_sub(1) else {
                break shift;
            };
            *lengths.get_mut(length_count)? = (length_field, shift);
            length_count = length_count.saturating_add(1);
            levels.get_mut(outer)?.shift.add(shift.added, shift.removed);
            depth = outer;
            continue;
        };
        level.patch = rest;
        if depth == 0 {
            level.at = level.at.max(start(bytes, member.name));
        }
        let mut here = Members(bytes.get(level.at..level.end)?);
        let old = loop {
            let (old, rest) = here.split()?;
            match order(old.name, member.name) {
                Ordering::Less => here = rest,
                Ordering::Equal => break old,
                Ordering::Greater => return None,
            }
        };
        let at = level.end.saturating_sub(here.0.len());
        let after = at.saturating_add(old.raw.len());
        level.at = after;
        if depth == 0 {
            touched = Some(touched.map_or(at, |touched| touched.start)..after);
        }
        match (member.value, old.value) {
            (Value::Leaf { text, .. }, Value::Leaf { text: was, .. }) => {
                json.add(text.len(), was.len());
                level.shift.add(member.raw.len(), old.raw.len());
                *edits.get_mut(edit_count)? = Edit {
                    at,
                    length: old.raw.len(),
                    new: member.raw,
                };
                edit_count = edit_count.saturating_add(1);
            }
            (Value::Object(patch), Value::Object(content)) => {
                let inner = Level {
                    at: after.saturating_sub(content.0.len()),
                    end: after,
                    patch,
                    // Right behind the tag.
                    length_field: at.saturating_add(1),
                    shift: Shift::default(),
                };
                depth = depth.saturating_add(1);
                *levels.get_mut(depth)? = inner;
            }
            _ => return None,
        }
    };
    let edits = edits.get(..edit_count)?;
    let (Some(first), Some(last)) = (edits.first(), edits.last()) else {
        // A patch of nothing but empty objects, each of which is there.
        return Some(Done { json, moved: None });
    };
    let region = first.at..last.at.saturating_add(last.length);
    if edits.iter().all(|edit| edit.length == edit.new.len()) {
        for edit in edits {
            write(bytes, edit.at, edit.new);
        }
        return Some(Done { json, moved: None });
    }
    let mut window = [0_u8; WINDOW];
    let new_length = total.of(region.len());
    if new_length.max(region.len()) > WINDOW {
        return None;
    }
    for (field, shift) in lengths.get(..length_count)? {
        let place = bytes.get_mut(*field..).and_then(<[u8]>::first_chunk_mut);
        if let Some(place) = place {
            let length = usize::try_from(u32::from_le_bytes(*place)).unwrap_or_default();
            *place = u32::try_from(shift.of(length))
                .unwrap_or(u32::MAX)
                .to_le_bytes();
        }
    }
    let (mut read, mut written) = (region.start, 0_usize);
    for edit in edits {
        for part in [bytes.get(read..edit.at).unwrap_or_default(), edit.new] {
            write(&mut window, written, part);
            written = written.saturating_add(part.len());
        }
        read = edit.at.saturating_add(edit.length);
    }
    replace(bytes, region, window.get(..written).unwrap_or_default());
    let moved = touched.map(|touched| {
        let length = total.of(touched.len());
        (touched, length)
    });
    Some(Done { json, moved })
}

fn write(bytes: &mut [u8], at: usize, new: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at.saturating_add(new.len())) {
        place.copy_from_slice(new);
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec::Vec;

    use crate::{EpochSeconds, Patch, State};

    /// Whichever way a patch goes, the bytes are the same.
    #[test]
    fn in_place_is_what_a_new_run_is() {
        let mut seed = 1_u32;
        let mut next = move |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        let value = |next: &mut dyn FnMut(u32) -> u32| match next(8) {
            0 => "null".into(),
            1 => "{}".into(),
            2 => format!(
                r#"{{"x":{},"y":"{}"}}"#,
                next(1000),
                "z".repeat(next(40) as usize)
            ),
            3 => format!(r#"{{"n":{{"x":{}}},"x":1}}"#, next(9)),
            4 => format!(r#""{}""#, "s".repeat(next(200) as usize)),
            _ => format!("{}", next(100_000)),
        };
        let mut state = State::default();
        let mut in_place = 0;
        for time in 0..20_000_u32 {
            let members: Vec<_> = (0..=next(3))
                .map(|_| format!(r#""m{:02}":{}"#, next(40), value(&mut next)))
                .collect();
            let json = format!("{{{}}}", members.join(","));
            let patch = Patch::from_json_at(json.as_bytes(), EpochSeconds::from(time)).unwrap();
            let expected = state.merged(&patch, false);
            let mut bytes = state.members().0.to_vec();
            if super::merge_in_place(&mut bytes, |_, _| 0, patch.members()).is_some() {
                in_place += 1;
            }
            state.merge(&patch);
            assert_eq!(state.members().0, expected.members().0, "{json}");
            assert_eq!(state.json_len(), state.to_json().len(), "{json}");
            for member in state.members() {
                let mark = state.marks().before(state.members(), member.name);
                let behind = super::Members(&state.members().0[mark..]);
                assert_eq!(behind.find(member.name).unwrap().raw, member.raw);
            }
        }
        assert!(in_place > 2_000, "{in_place}");
    }
}
