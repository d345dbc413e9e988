use alloc::collections::BTreeSet;
use core::ops::Bound;

/// A set of ids. Most levels that tell names apart stand in one name alone.
#[derive(Clone, Debug)]
pub(super) enum Posting {
    One(u32),
    Many(BTreeSet<u32>),
}

impl Posting {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(ids) => ids.len(),
        }
    }

    pub(super) fn insert(&mut self, id: u32) {
        match self {
            Self::One(present) if *present == id => {}
            Self::One(present) => *self = Self::Many([*present, id].into()),
            Self::Many(ids) => {
                ids.insert(id);
            }
        }
    }

    /// Removes an id, and answers whether any is left.
    pub(super) fn remove(&mut self, id: u32) -> bool {
        match self {
            Self::One(present) => *present != id,
            Self::Many(ids) => {
                ids.remove(&id);
                if let (1, Some(last)) = (ids.len(), ids.first()) {
                    *self = Self::One(*last);
                }
                true
            }
        }
    }

    /// The ids from a bound on, in ascending order.
    pub(super) fn from(&self, bound: Bound<u32>) -> impl Iterator<Item = u32> {
        let (one, many) = match self {
            Self::One(id) => {
                let after = match bound {
                    Bound::Included(from) => *id >= from,
                    Bound::Excluded(from) => *id > from,
                    Bound::Unbounded => true,
                };
                (after.then_some(*id), None)
            }
            Self::Many(ids) => (None, Some(ids.range((bound, Bound::Unbounded)))),
        };
        one.into_iter().chain(many.into_iter().flatten().copied())
    }
}
