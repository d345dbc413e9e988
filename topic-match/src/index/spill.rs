use alloc::vec::Vec;

/// A stack whose first `N` items need no allocation.
#[derive(Clone, Debug)]
pub(crate) struct Spill<T, const N: usize> {
    inline: [T; N],
    len: usize,
    rest: Vec<T>,
}

impl<T: Copy, const N: usize> Spill<T, N> {
    pub(crate) const fn new(filler: T) -> Self {
        Self {
            inline: [filler; N],
            len: 0,
            rest: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, item: T) {
        match self.inline.get_mut(self.len) {
            Some(place) => *place = item,
            None => self.rest.push(item),
        }
        self.len = self.len.wrapping_add(1);
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        self.len = self.len.checked_sub(1)?;
        match self.inline.get(self.len) {
            Some(item) => Some(*item),
            None => self.rest.pop(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, at: usize) -> Option<T> {
        match self.inline.get(at) {
            Some(item) => (at < self.len).then_some(*item),
            None => self.rest.get(at.wrapping_sub(N)).copied(),
        }
    }

    #[inline]
    pub(crate) fn last(&self) -> Option<T> {
        self.get(self.len.checked_sub(1)?)
    }
}
