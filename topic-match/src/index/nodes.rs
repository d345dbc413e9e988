use super::NONE;
use super::slots::{Slot, Slots};

/// One path of the wildcard filters: what all filters that begin with the same levels share.
///
/// A path is known by its hash alone. Paths of one hash share a node, which then leads a lookup astray at most: the
/// counts add up, the flags unite, and every filter that is found is compared with the name in the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) path: u64,
    /// How many filters lead through here or end here; a vacant slot has none.
    pub(crate) filters: u32,
    /// The first record of a filter that ends here.
    pub(crate) end: u32,
    /// The first record of a filter that ends here with `/#`.
    pub(crate) hash_end: u32,
    /// Bit 0: `+` follows. The others: a Bloom filter of the levels that follow.
    children: u32,
}

impl Node {
    pub(crate) const fn new(path: u64) -> Self {
        Self {
            path,
            filters: 0,
            end: NONE,
            hash_end: NONE,
            children: 0,
        }
    }

    /// The first record that ends here, or ends here with `/#`.
    pub(crate) const fn head_mut(&mut self, hash: bool) -> &mut u32 {
        if hash {
            &mut self.hash_end
        } else {
            &mut self.end
        }
    }

    #[inline]
    pub(crate) const fn has_plus(&self) -> bool {
        self.children & 1 != 0
    }

    pub(crate) const fn set_plus(&mut self, has: bool) {
        if has {
            self.children |= 1;
        } else {
            self.children &= !1;
        }
    }

    /// Whether a level of this hash may follow.
    #[inline]
    pub(crate) const fn may_have(&self, level: u64) -> bool {
        self.children & bloom(level) != 0
    }

    /// Notes that a level of this hash follows. It is not taken back when the level goes: until the node goes too, a
    /// lookup may probe for it in vain.
    pub(crate) const fn add_level(&mut self, level: u64) {
        self.children |= bloom(level);
    }

    /// Notes that nothing follows any more.
    pub(crate) const fn forget_children(&mut self) {
        self.children = 0;
    }
}

/// One of the bits 1 to 31; a hash that would choose bit 0 shares bit 1.
#[inline]
const fn bloom(level: u64) -> u32 {
    let bit = 1 << (level & 31);
    if bit == 1 { 2 } else { bit }
}

impl Slot for Node {
    const VACANT: Self = Self::new(0);

    #[inline]
    fn is_vacant(&self) -> bool {
        self.filters == 0
    }

    #[inline]
    fn home(&self, slots: usize) -> usize {
        home(self.path, slots)
    }
}

/// A hash table of nodes.
#[derive(Clone, Debug)]
pub(crate) struct Nodes {
    slots: Slots<Node>,
}

impl Nodes {
    pub(crate) const fn new() -> Self {
        Self {
            slots: Slots::new(),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.slots.taken() == 0
    }

    /// Whether a path is where probing for it begins. To ask ahead is to have that slot in the cache when the path's
    /// turn comes.
    #[inline]
    pub(crate) fn is_at_home(&self, path: u64) -> bool {
        let home = self.slots.get(home(path, self.slots.count()));
        home.is_some_and(|node| (node.path == path) & !node.is_vacant())
    }

    /// The node of a path, of which it is known whether it is where probing begins.
    #[inline]
    pub(crate) fn get(&self, path: u64, is_at_home: bool) -> Option<&Node> {
        if is_at_home {
            self.slots.get(home(path, self.slots.count()))
        } else {
            self.slots.get(self.position(path)?)
        }
    }

    pub(crate) fn get_mut(&mut self, path: u64) -> Option<&mut Node> {
        let at = self.position(path)?;
        self.slots.get_mut(at)
    }

    /// Counts one more filter through a path, which is made if it is not there.
    pub(crate) fn enter(&mut self, path: u64) -> Option<&mut Node> {
        let at = match self.position(path) {
            Some(at) => at,
            None => self.slots.insert(Node::new(path)),
        };
        let node = self.slots.get_mut(at)?;
        node.filters = node.filters.saturating_add(1);
        Some(node)
    }

    /// Counts one filter less through a path, and answers whether the path went with it.
    pub(crate) fn leave(&mut self, path: u64) -> bool {
        let Some(at) = self.position(path) else {
            return false;
        };
        if let Some(node) = self.slots.get_mut(at) {
            node.filters = node.filters.saturating_sub(1);
            if node.filters > 0 {
                return false;
            }
        }
        self.slots.vacate(at);
        true
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.slots.heap_bytes()
    }

    #[inline]
    fn position(&self, path: u64) -> Option<usize> {
        let mut at = home(path, self.slots.count());
        loop {
            // An empty table has no slot at all; in any other a vacant one ends the run.
            let node = self.slots.get(at)?;
            if node.is_vacant() {
                return None;
            }
            if node.path == path {
                return Some(at);
            }
            at = self.slots.next(at);
        }
    }
}

/// Where probing for a path begins: its high bits.
#[inline]
#[allow(
    clippy::cast_possible_truncation,
    reason = "the product is below 2^64 times the length, so that its high half is below the length, a `usize`; \
              the lint sees that on some targets only"
)]
fn home(path: u64, slots: usize) -> usize {
    (u128::from(path).wrapping_mul(slots as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::Nodes;

    /// Paths that crowd at the end of the table wrap around, and are found there whatever goes before them.
    #[test]
    fn runs_wrap_around() {
        for crowd in [u64::MAX, 0, 1 << 63] {
            let mut nodes = Nodes::new();
            let path = |n: u64| crowd ^ n;
            for n in 0..200 {
                nodes.enter(path(n)).unwrap();
                nodes.enter(path(n)).unwrap();
            }
            for n in 0..200 {
                assert!(nodes.get_mut(path(n)).is_some(), "{crowd:x} {n}");
                assert!(!nodes.leave(path(n)));
                assert!(nodes.leave(path(n)));
                assert!(nodes.get_mut(path(n)).is_none());
                for left in n + 1..200 {
                    assert!(nodes.get_mut(path(left)).is_some(), "{crowd:x} {n} {left}");
                }
            }
            assert!(nodes.is_empty());
            assert_eq!(nodes.heap_bytes(), 0);
        }
    }
}
