//! Places in a section from which a search can begin.

use alloc::vec::Vec;
use core::ops::Range;

use super::format::{Members, order};

/// About how many bytes lie between two marks.
const STEP: usize = 512;

/// Where some of a section's own members begin, in order and about evenly spread; none in a section that
/// is passed through in no time.
///
/// A hint and no more: the offsets are always those of members, and a search from the nearest one is
/// as right as a search from the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks(Vec<u32>);

impl Marks {
    pub(crate) fn new(section: Members<'_>) -> Self {
        let mut marks = Vec::new();
        let mut at = 0_usize;
        let mut next = STEP;
        for member in section {
            if at >= next
                && let Ok(mark) = u32::try_from(at)
            {
                marks.push(mark);
                next = at.saturating_add(STEP);
            }
            at = at.saturating_add(member.raw.len());
        }
        Self(marks)
    }

    /// The last mark whose member does not come after `name`; 0 if there is none.
    pub(crate) fn before(&self, section: Members<'_>, name: &[u8]) -> usize {
        let at = |mark: u32| usize::try_from(mark).unwrap_or_default();
        let later = self.0.partition_point(|mark| {
            let rest = section.0.get(at(*mark)..).unwrap_or_default();
            Members(rest)
                .first_name()
                .is_some_and(|first| order(first, name).is_le())
        });
        later
            .checked_sub(1)
            .and_then(|last| self.0.get(last))
            .map_or(0, |mark| at(*mark))
    }

    /// Follows a change of `section` in which `old` became `new_len` bytes.
    pub(crate) fn follow(&mut self, section: Members<'_>, old: Range<usize>, new_len: usize) {
        if new_len == old.len() && self.0.is_empty() {
            return;
        }
        let old_start = u32::try_from(old.start).unwrap_or(u32::MAX);
        let old_end = u32::try_from(old.end).unwrap_or(u32::MAX);
        let first = self.0.partition_point(|mark| *mark <= old_start);
        let last = self.0.partition_point(|mark| *mark < old_end);
        if first < last {
            self.0.drain(first..last);
        }
        // A mark at the very start stays right only if a member still begins there.
        let new_end = old.start.saturating_add(new_len);
        if let Ok(new_end) = u32::try_from(new_end) {
            for mark in self.0.iter_mut().skip(first) {
                *mark = mark.saturating_sub(old_end).saturating_add(new_end);
            }
        }
        let at = |index: Option<usize>| {
            let mark = index.and_then(|index| self.0.get(index))?;
            usize::try_from(*mark).ok()
        };
        let gap_start = at(first.checked_sub(1)).unwrap_or(0);
        let gap_end = at(Some(first)).unwrap_or(section.0.len());
        let has_grown = new_len > old.len();
        if has_grown && gap_end.saturating_sub(gap_start) > STEP.saturating_mul(4) {
            *self = Self::new(section);
        }
    }

    pub(crate) const fn heap_bytes(&self) -> usize {
        self.0.capacity().saturating_mul(size_of::<u32>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{EpochSeconds, Patch, State};
    use alloc::format;

    /// Marks are always places where a member begins, or the end, in order.
    #[test]
    fn marks_follow_every_change() {
        let mut state = State::default();
        let mut seed = 1_u32;
        let mut next = |below: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) % below
        };
        for _ in 0..4_000 {
            let name = next(300);
            let value = match next(4) {
                0 => "null".into(),
                1 => format!("\"{}\"", "x".repeat(next(60) as usize)),
                2 => format!(r#"{{"inner":{}}}"#, next(1000)),
                _ => format!("{}", next(100)),
            };
            let json = format!(r#"{{"{name:03}":{value},"{:03}":1}}"#, next(300));
            state.merge(&Patch::from_json(json.as_bytes()).unwrap());
            let mut starts = alloc::vec![0];
            for member in state.members() {
                starts.push(starts.last().unwrap() + member.raw.len());
            }
            let marks = state.marks();
            assert!(marks.0.is_sorted());
            assert!(
                marks
                    .0
                    .iter()
                    .all(|mark| starts.contains(&(*mark as usize)))
            );
            for member in state.members() {
                let at = marks.before(state.members(), member.name);
                let found = Members(&state.members().0[at..]).find(member.name);
                assert_eq!(found.unwrap().raw.as_ptr(), member.raw.as_ptr());
            }
        }
        assert!(!state.marks().0.is_empty());
        let again = State::from_json(&state.to_json(), EpochSeconds::default()).unwrap();
        assert_eq!(again, state);
        assert_eq!(again.json_len(), state.json_len());
    }
}
