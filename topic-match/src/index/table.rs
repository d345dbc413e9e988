use alloc::vec::Vec;

/// What an empty slot holds in place of an id.
const EMPTY: u32 = u32::MAX;

/// A hash table of ids: open addressing, linear probing, removal by shifting back.
///
/// It keeps 32 bits of each hash and leaves it to the caller to compare what the ids stand for; ids of equal hash
/// may be there several times. It grows by a third when 4/5 are taken, and shrinks when less than 1/4 are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    slots: Vec<Slot>,
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    id: u32,
}

const VACANT: Slot = Slot { hash: 0, id: EMPTY };

impl Table {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            len: 0,
        }
    }

    /// The first id of this hash for which `is` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u32, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let mut at = self.home(hash);
        loop {
            // An empty table has no slot at all; in any other a vacant one ends the run.
            let slot = self.slots.get(at)?;
            if slot.id == EMPTY {
                return None;
            }
            if slot.hash == hash && is(slot.id) {
                return Some(slot.id);
            }
            at = self.next(at);
        }
    }

    /// Adds an id, which must not be `u32::MAX`.
    pub(crate) fn insert(&mut self, hash: u32, id: u32) {
        if self.len >= self.slots.len().saturating_mul(4) / 5 {
            self.resize(self.slots.len().saturating_mul(4) / 3);
        }
        self.place(Slot { hash, id });
        self.len = self.len.saturating_add(1);
    }

    /// Removes an id that was added with this hash.
    pub(crate) fn remove(&mut self, hash: u32, id: u32) {
        let Some(mut hole) = self.position(hash, id) else {
            return;
        };
        self.len = self.len.saturating_sub(1);
        // Shift back what follows, unless it stands at or past its home already.
        let mut at = hole;
        loop {
            at = self.next(at);
            let Some(slot) = self.slots.get(at).copied() else {
                break;
            };
            if slot.id == EMPTY {
                break;
            }
            if self.distance(self.home(slot.hash), at) >= self.distance(hole, at) {
                self.set(hole, slot);
                hole = at;
            }
        }
        self.set(hole, VACANT);
        if self.len < self.slots.len() / 4 {
            self.resize(self.len.saturating_mul(2));
        }
    }

    /// Puts `new` in the place of `old`, which was added with this hash.
    pub(crate) fn rename(&mut self, hash: u32, old: u32, new: u32) {
        if let Some(at) = self.position(hash, old) {
            self.set(at, Slot { hash, id: new });
        }
    }

    pub(crate) fn clear(&mut self) {
        self.slots.fill(VACANT);
        self.len = 0;
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.slots.capacity().saturating_mul(size_of::<Slot>())
    }

    fn position(&self, hash: u32, id: u32) -> Option<usize> {
        let mut at = self.home(hash);
        loop {
            let slot = self.slots.get(at)?;
            if slot.id == id {
                return Some(at);
            }
            if slot.id == EMPTY {
                return None;
            }
            at = self.next(at);
        }
    }

    /// Makes room for this many slots, or a few more.
    fn resize(&mut self, wanted: usize) {
        let slots = if wanted == 0 && !self.slots.is_empty() {
            Vec::new()
        } else {
            alloc::vec![VACANT; wanted.max(8)]
        };
        let old = core::mem::replace(&mut self.slots, slots);
        for slot in old {
            if slot.id != EMPTY {
                self.place(slot);
            }
        }
    }

    /// Puts a slot into the first vacancy from its home on; there always is one.
    fn place(&mut self, slot: Slot) {
        let mut at = self.home(slot.hash);
        while self.slots.get(at).is_some_and(|slot| slot.id != EMPTY) {
            at = self.next(at);
        }
        self.set(at, slot);
    }

    fn set(&mut self, at: usize, slot: Slot) {
        if let Some(place) = self.slots.get_mut(at) {
            *place = slot;
        }
    }

    /// Where the probing for a hash begins: its high bits.
    #[inline]
    #[allow(
        clippy::cast_possible_truncation,
        reason = "the product is below 2^32 times the length, so that its high half is below the length, a `usize`; \
                  the lint sees that on some targets only"
    )]
    fn home(&self, hash: u32) -> usize {
        (u64::from(hash).wrapping_mul(self.slots.len() as u64) >> 32) as usize
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        let next = at.wrapping_add(1);
        if next == self.slots.len() { 0 } else { next }
    }

    /// How many steps lead from one slot to another.
    const fn distance(&self, from: usize, to: usize) -> usize {
        let steps = to.wrapping_sub(from);
        if to < from {
            steps.wrapping_add(self.slots.len())
        } else {
            steps
        }
    }
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
