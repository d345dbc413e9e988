use alloc::vec::Vec;

/// How many entries a page holds, as a power of two.
const PAGE_BITS: u32 = 10;
const PAGE: usize = 1 << PAGE_BITS;

/// Values under ids that stay as they are until the value is removed.
///
/// It is made of pages, so that it grows without copying what it holds, and a page whose last value goes gives its
/// memory back.
#[derive(Clone, Debug)]
pub(crate) struct Slab<T> {
    pages: Vec<Page<T>>,
    /// The pages with room, in no order.
    open: Vec<u32>,
    len: usize,
}

#[derive(Clone, Debug)]
struct Page<T> {
    entries: Vec<Entry<T>>,
    /// The first of the free entries below `entries.len()`, or `PAGE`.
    free: u16,
    live: u16,
}

#[derive(Clone, Debug)]
enum Entry<T> {
    Value(T),
    /// The next free entry.
    Free(u16),
}

#[expect(clippy::cast_possible_truncation, reason = "1,024 fits")]
const NO_ENTRY: u16 = PAGE as u16;

impl<T> Slab<T> {
    pub(crate) const fn new() -> Self {
        Self {
            pages: Vec::new(),
            open: Vec::new(),
            len: 0,
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        match self.pages.get(page_of(id))?.entries.get(entry_of(id))? {
            Entry::Value(value) => Some(value),
            Entry::Free(_) => None,
        }
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        match self
            .pages
            .get_mut(page_of(id))?
            .entries
            .get_mut(entry_of(id))?
        {
            Entry::Value(value) => Some(value),
            Entry::Free(_) => None,
        }
    }

    /// The id that the next [`insert`](Self::insert) uses, or `None` where 32 bits have no more.
    fn vacancy(&mut self) -> Option<(u32, u32)> {
        let page = match self.open.last() {
            Some(page) => *page,
            None => {
                let page = u32::try_from(self.pages.len()).ok()?;
                // The last page stays unused, so that `u32::MAX` is never an id.
                if page >= u32::MAX >> PAGE_BITS {
                    return None;
                }
                self.pages.push(Page {
                    entries: Vec::new(),
                    free: NO_ENTRY,
                    live: 0,
                });
                self.open.push(page);
                page
            }
        };
        let place = self.pages.get(page as usize)?;
        let entry = if place.free == NO_ENTRY {
            u32::try_from(place.entries.len()).ok()?
        } else {
            u32::from(place.free)
        };
        Some((page, entry))
    }

    /// Keeps a value and answers with its id, or gives the value back where 32 bits have no more ids.
    pub(crate) fn insert(&mut self, value: T) -> Result<u32, T> {
        let Some((number, entry)) = self.vacancy() else {
            return Err(value);
        };
        let Some(page) = self.pages.get_mut(number as usize) else {
            return Err(value);
        };
        match page.entries.get_mut(entry as usize) {
            Some(place) => {
                if let Entry::Free(next) = place {
                    page.free = *next;
                }
                *place = Entry::Value(value);
            }
            None => page.entries.push(Entry::Value(value)),
        }
        page.live = page.live.saturating_add(1);
        if usize::from(page.live) == PAGE {
            self.open.pop();
        }
        self.len = self.len.saturating_add(1);
        Ok(number << PAGE_BITS | entry)
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<T> {
        let page = self.pages.get_mut(page_of(id))?;
        let place = page.entries.get_mut(entry_of(id))?;
        if let Entry::Free(_) = place {
            return None;
        }
        let was_full = usize::from(page.live) == PAGE;
        let entry = core::mem::replace(place, Entry::Free(page.free));
        page.free = u16::try_from(entry_of(id)).unwrap_or(NO_ENTRY);
        page.live = page.live.saturating_sub(1);
        if page.live == 0 {
            page.entries = Vec::new();
            page.free = NO_ENTRY;
        }
        if was_full {
            self.open.push(id >> PAGE_BITS);
        }
        self.len = self.len.saturating_sub(1);
        if self.len == 0 {
            *self = Self::new();
        }
        match entry {
            Entry::Value(value) => Some(value),
            Entry::Free(_) => None,
        }
    }

    /// Memory held, but for what the values hold themselves; pages are taken as full.
    pub(crate) fn heap_bytes(&self) -> usize {
        let entries: usize = match self.pages.split_last() {
            // Pages are filled in order, so that all but the last are as large as they get, or empty.
            Some((last, pages)) => pages
                .len()
                .saturating_mul(PAGE)
                .saturating_add(last.entries.capacity()),
            None => 0,
        };
        entries
            .saturating_mul(size_of::<Entry<T>>())
            .saturating_add(self.pages.capacity().saturating_mul(size_of::<Page<T>>()))
            .saturating_add(self.open.capacity().saturating_mul(size_of::<u32>()))
    }
}

const fn page_of(id: u32) -> usize {
    (id >> PAGE_BITS) as usize
}

const fn entry_of(id: u32) -> usize {
    id as usize & (PAGE - 1)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::Slab;

    #[test]
    fn ids_are_stable_and_reused() {
        let mut slab = Slab::new();
        let ids: Vec<u32> = (0..1000).map(|value| slab.insert(value).unwrap()).collect();
        for (value, id) in ids.iter().enumerate() {
            assert_eq!(slab.get(*id), Some(&value));
        }
        for id in ids.iter().step_by(3) {
            assert!(slab.remove(*id).is_some());
            assert!(slab.remove(*id).is_none());
        }
        let before = slab.heap_bytes();
        for value in 0..300 {
            slab.insert(value).unwrap();
        }
        assert_eq!(slab.heap_bytes(), before);
        let all: Vec<u32> = (0..4096).filter(|id| slab.get(*id).is_some()).collect();
        assert_eq!(slab.len(), all.len());
        for id in all {
            slab.remove(id);
        }
        assert_eq!((slab.len(), slab.heap_bytes()), (0, 0));
    }
}
