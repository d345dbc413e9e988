use alloc::boxed::Box;
use alloc::vec::Vec;

use super::table::Table;

/// Up to this many items are searched one by one.
const SMALL: usize = 16;

/// A set of items in a row, small or very large, with insertion and removal that do not depend on its size.
///
/// Equality and hashes come from the caller: an item is found by a key that it holds.
#[derive(Clone, Debug)]
pub(crate) struct Roster<T> {
    items: Vec<T>,
    /// Positions by hash, once there are more than [`SMALL`] items.
    positions: Option<Box<Table>>,
}

impl<T> Roster<T> {
    pub(crate) const fn new() -> Self {
        Self {
            items: Vec::new(),
            positions: None,
        }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[T] {
        &self.items
    }

    /// The position of the item of this hash for which `is` holds.
    pub(crate) fn find(&self, hash: u32, mut is: impl FnMut(&T) -> bool) -> Option<usize> {
        match &self.positions {
            None => self.items.iter().position(is),
            Some(positions) => positions
                .find(hash, |at| self.items.get(at as usize).is_some_and(&mut is))
                .map(|at| at as usize),
        }
    }

    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.items.get_mut(at)
    }

    /// Adds an item. There is room for fewer than `u32::MAX` of them, as there is for what they belong to.
    pub(crate) fn push(&mut self, item: T, hash_of: impl Fn(&T) -> u32) {
        if self.items.is_empty() {
            // One is by far the most frequent number.
            self.items.reserve_exact(1);
        }
        let at = self.items.len();
        if let Some(positions) = &mut self.positions {
            positions.insert(hash_of(&item), position(at));
        }
        self.items.push(item);
        if self.positions.is_none() && self.items.len() > SMALL {
            let mut positions = Table::new();
            for (at, item) in self.items.iter().enumerate() {
                positions.insert(hash_of(item), position(at));
            }
            self.positions = Some(Box::new(positions));
        }
    }

    /// Removes the item at a position and puts the last one there.
    pub(crate) fn swap_remove(&mut self, at: usize, hash_of: impl Fn(&T) -> u32) -> Option<T> {
        if at >= self.items.len() {
            return None;
        }
        let removed = self.items.swap_remove(at);
        if let Some(positions) = &mut self.positions {
            positions.remove(hash_of(&removed), position(at));
            if let Some(moved) = self.items.get(at) {
                positions.rename(hash_of(moved), position(self.items.len()), position(at));
            }
            if self.items.len() <= SMALL / 2 {
                self.positions = None;
            }
        }
        if self.items.is_empty() {
            *self = Self::new();
        } else if self.items.len() < self.items.capacity() / 4 {
            self.items.shrink_to(self.items.len().saturating_mul(2));
        }
        Some(removed)
    }

    pub(crate) fn into_items(self) -> Vec<T> {
        self.items
    }

    /// Takes the items and keeps the memory.
    pub(crate) fn drain(&mut self) -> alloc::vec::Drain<'_, T> {
        if let Some(positions) = &mut self.positions {
            positions.clear();
        }
        self.items.drain(..)
    }

    /// Forgets the items and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.items.clear();
        if let Some(positions) = &mut self.positions {
            positions.clear();
        }
    }

    /// Memory held, but for what the items hold themselves.
    pub(crate) fn heap_bytes(&self) -> usize {
        let positions = self.positions.as_ref().map_or(0, |positions| {
            positions.heap_bytes().saturating_add(size_of::<Table>())
        });
        self.items
            .capacity()
            .saturating_mul(size_of::<T>())
            .saturating_add(positions)
    }
}

/// A position as the table keeps it.
fn position(at: usize) -> u32 {
    // Past `u32::MAX` items nothing would be found any more; the index refuses to hold as many.
    u32::try_from(at).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Roster, SMALL};

    fn hash(item: &u32) -> u32 {
        item.wrapping_mul(0x9E37_79B9)
    }

    #[test]
    fn finds_and_removes_at_every_size() {
        for size in [1, 2, SMALL as u32, SMALL as u32 + 1, 1000] {
            let mut roster = Roster::new();
            for item in 0..size {
                roster.push(item, hash);
            }
            for item in 0..size {
                let at = roster.find(hash(&item), |found| *found == item).unwrap();
                assert_eq!(roster.swap_remove(at, hash), Some(item));
                assert_eq!(roster.find(hash(&item), |found| *found == item), None);
                for left in item + 1..size.min(item + 40) {
                    assert!(roster.find(hash(&left), |found| *found == left).is_some());
                }
            }
            assert_eq!(roster.heap_bytes(), 0);
        }
    }
}
