use alloc::vec::Vec;

/// What stands in a slot of a table.
pub(super) trait Slot: Copy {
    /// A slot with nothing in it.
    const VACANT: Self;

    fn is_vacant(&self) -> bool;

    /// Where probing for this begins among so many slots.
    fn home(&self, slots: usize) -> usize;
}

/// The slots of a hash table: open addressing, linear probing, removal by shifting back.
///
/// They grow by a third when 4/5 are taken, and shrink when less than 1/4 are.
#[derive(Clone, Debug)]
pub(super) struct Slots<T> {
    slots: Vec<T>,
    taken: usize,
}

impl<T> Slots<T> {
    pub(super) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            taken: 0,
        }
    }

    /// How many are taken.
    pub(super) const fn taken(&self) -> usize {
        self.taken
    }

    /// How many there are.
    #[inline]
    pub(super) const fn count(&self) -> usize {
        self.slots.len()
    }

    #[inline]
    pub(super) fn get(&self, at: usize) -> Option<&T> {
        self.slots.get(at)
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.slots.get_mut(at)
    }

    /// The slot behind one, round the end.
    #[inline]
    pub(super) const fn next(&self, at: usize) -> usize {
        let next = at.wrapping_add(1);
        if next == self.slots.len() { 0 } else { next }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        self.slots.capacity().saturating_mul(size_of::<T>())
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

impl<T: Slot> Slots<T> {
    /// Puts something into the first vacancy from its home on, and answers where that is.
    pub(super) fn insert(&mut self, slot: T) -> usize {
        if self.taken >= self.slots.len().saturating_mul(4) / 5 {
            self.resize(self.slots.len().saturating_mul(4) / 3);
        }
        self.taken = self.taken.saturating_add(1);
        self.place(slot)
    }

    /// Makes a slot vacant, and shifts back what follows unless it stands at or past its home already.
    pub(super) fn vacate(&mut self, mut hole: usize) {
        self.taken = self.taken.saturating_sub(1);
        let mut at = hole;
        loop {
            at = self.next(at);
            let Some(slot) = self.slots.get(at).copied() else {
                break;
            };
            if slot.is_vacant() {
                break;
            }
            let home = slot.home(self.slots.len());
            if self.distance(home, at) >= self.distance(hole, at) {
                self.set(hole, slot);
                hole = at;
            }
        }
        self.set(hole, T::VACANT);
        if self.taken < self.slots.len() / 4 {
            self.resize(self.taken.saturating_mul(2));
        }
    }

    /// Makes every slot vacant and keeps them.
    pub(super) fn clear(&mut self) {
        self.slots.fill(T::VACANT);
        self.taken = 0;
    }

    pub(super) fn set(&mut self, at: usize, slot: T) {
        if let Some(place) = self.slots.get_mut(at) {
            *place = slot;
        }
    }

    /// Makes room for this many slots, or a few more.
    fn resize(&mut self, wanted: usize) {
        let slots = if wanted == 0 && !self.slots.is_empty() {
            Vec::new()
        } else {
            alloc::vec![T::VACANT; wanted.max(8)]
        };
        let old = core::mem::replace(&mut self.slots, slots);
        for slot in old {
            if !slot.is_vacant() {
                self.place(slot);
            }
        }
    }

    /// There always is a vacancy.
    fn place(&mut self, slot: T) -> usize {
        let mut at = slot.home(self.slots.len());
        while self.slots.get(at).is_some_and(|slot| !slot.is_vacant()) {
            at = self.next(at);
        }
        self.set(at, slot);
        at
    }
}
