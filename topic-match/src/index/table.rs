use super::slots::{Slot, Slots};

/// What a vacant slot holds in place of an id.
const EMPTY: u32 = u32::MAX;

/// A hash table of ids.
///
/// It keeps 32 bits of each hash and leaves it to the caller to compare what the ids stand for; ids of equal hash
/// may be there several times.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    slots: Slots<Hashed>,
}

#[derive(Clone, Copy, Debug)]
struct Hashed {
    hash: u32,
    id: u32,
}

impl Slot for Hashed {
    const VACANT: Self = Self { hash: 0, id: EMPTY };

    #[inline]
    fn is_vacant(&self) -> bool {
        self.id == EMPTY
    }

    #[inline]
    fn home(&self, slots: usize) -> usize {
        home(self.hash, slots)
    }
}

impl Table {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Slots::new(),
        }
    }

    /// The first id of this hash for which `is` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u32, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = home(hash, self.slots.count());
        loop {
            // An empty table has no slot at all; in any other a vacant one ends the run.
            let slot = self.slots.get(at)?;
            if slot.is_vacant() {
                return None;
            }
            if slot.hash == hash && is(slot.id) {
                return Some(slot.id);
            }
            at = self.slots.next(at);
        }
    }

    /// Adds an id, which must not be `u32::MAX`.
    pub(crate) fn insert(&mut self, hash: u32, id: u32) {
        self.slots.insert(Hashed { hash, id });
    }

    /// Removes an id that was added with this hash.
    pub(crate) fn remove(&mut self, hash: u32, id: u32) {
        if let Some(at) = self.position(hash, id) {
            self.slots.vacate(at);
        }
    }

    /// Puts `new` in the place of `old`, which was added with this hash.
    pub(crate) fn rename(&mut self, hash: u32, old: u32, new: u32) {
        if let Some(at) = self.position(hash, old) {
            self.slots.set(at, Hashed { hash, id: new });
        }
    }

    pub(crate) fn clear(&mut self) {
        self.slots.clear();
    }

    pub(crate) const fn slots(&self) -> usize {
        self.slots.count()
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.slots.heap_bytes()
    }

    fn position(&self, hash: u32, id: u32) -> Option<usize> {
        let mut at = home(hash, self.slots.count());
        loop {
            let slot = self.slots.get(at)?;
            if slot.id == id {
                return Some(at);
            }
            if slot.is_vacant() {
                return None;
            }
            at = self.slots.next(at);
        }
    }
}

/// Where probing for a hash begins: its high bits.
#[inline]
#[allow(
    clippy::cast_possible_truncation,
    reason = "the product is below 2^32 times the length, so that its high half is below the length, a `usize`; \
              the lint sees that on some targets only"
)]
fn home(hash: u32, slots: usize) -> usize {
    (u64::from(hash).wrapping_mul(slots as u64) >> 32) as usize
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::Table;

    #[test]
    fn ids_of_one_hash_live_together() {
        let mut table = Table::new();
        assert_eq!(table.find(7, |_| true), None);
        for id in 0..100 {
            table.insert(7, id);
        }
        for id in 0..100 {
            assert_eq!(table.find(7, |found| found == id), Some(id));
            assert_eq!(table.find(8, |_| true), None);
        }
        for id in (0..100).step_by(2) {
            table.remove(7, id);
        }
        let mut left = Vec::new();
        table.find(7, |id| {
            left.push(id);
            false
        });
        left.sort_unstable();
        assert_eq!(left, (1..100).step_by(2).collect::<Vec<_>>());
    }

    #[test]
    fn grows_and_gives_back() {
        let mut table = Table::new();
        let hash = |id: u32| id.wrapping_mul(0x9E37_79B9);
        for id in 0..10_000 {
            table.insert(hash(id), id);
        }
        let full = table.heap_bytes();
        for id in 0..10_000 {
            assert_eq!(table.find(hash(id), |found| found == id), Some(id));
            table.rename(hash(id), id, id + 20_000);
        }
        for id in 0..10_000 {
            assert_eq!(table.find(hash(id), |_| true), Some(id + 20_000));
            table.remove(hash(id), id + 20_000);
        }
        assert!(table.heap_bytes() * 100 < full);
    }
}
