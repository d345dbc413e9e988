//! Whose turn it is in shared subscriptions.

use core::hash::BuildHasher;
use std::collections::HashMap;

use parking_lot::Mutex;

/// Groups that are remembered. With more than that, all turns begin anew: a message then goes to the first member of a
/// group a little more often.
const GROUPS: usize = 64 * 1024;

/// A counter for each group: one for all would give each of two groups that match the same topics always the same
/// members.
#[derive(Debug, Default)]
pub(super) struct Shares {
    hasher: foldhash::fast::RandomState,
    /// By the hash of share name and filter. Two groups of one hash would share their turns, which does no harm.
    turns: Mutex<HashMap<u64, usize, foldhash::fast::RandomState>>,
}

impl Shares {
    /// The number of this turn in a group.
    pub(super) fn next(&self, share_name: &str, filter: &str) -> usize {
        let group = self.hasher.hash_one((share_name, filter));
        let mut turns = self.turns.lock();
        if turns.len() >= GROUPS && !turns.contains_key(&group) {
            turns.clear();
        }
        let turn = turns.entry(group).or_default();
        let this = *turn;
        *turn = turn.wrapping_add(1);
        this
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_has_its_own_turns() {
        let shares = Shares::default();
        for turn in 0..3 {
            assert_eq!(shares.next("a", "t/#"), turn);
            assert_eq!(shares.next("b", "t/#"), turn);
            assert_eq!(shares.next("a", "t/+"), turn);
        }
    }

    #[test]
    fn memory_is_bounded() {
        let shares = Shares::default();
        for number in 0..=GROUPS {
            shares.next("a", &number.to_string());
        }
        assert!(shares.turns.lock().len() <= GROUPS);
    }
}
