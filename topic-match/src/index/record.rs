use alloc::boxed::Box;

use super::NONE;
use super::filter_text::FilterText;
use super::roster::Roster;
use crate::TopicFilter;

/// A filter that somebody subscribes to.
#[derive(Clone, Debug)]
pub(crate) struct Record<K, V> {
    /// The filter, without share name.
    text: FilterText,
    /// How many of its bytes come before its first wildcard; a filter has at most 65,535.
    literal: u16,
    /// The next record under the same node.
    pub(crate) next: u32,
    pub(crate) subscribers: Subscribers<K, V>,
}

impl<K, V> Record<K, V> {
    /// Nobody's record yet.
    pub(crate) fn new(filter: TopicFilter<'_>) -> Self {
        Self {
            text: FilterText::new(filter.as_str()),
            literal: u16::try_from(filter.literal()).unwrap_or(u16::MAX),
            next: NONE,
            subscribers: Subscribers::Nobody,
        }
    }

    #[inline]
    pub(crate) fn filter(&self) -> TopicFilter<'_> {
        TopicFilter::trusted(self.text.as_str(), usize::from(self.literal))
    }

    /// What the text holds beyond the record.
    pub(crate) fn text_bytes(&self) -> usize {
        self.text.heap_bytes()
    }
}

/// Who subscribes to a filter. Most filters have one subscriber and no groups.
#[derive(Clone, Debug)]
pub(crate) enum Subscribers<K, V> {
    /// Only while a record is made.
    Nobody,
    One((K, V)),
    Many(Box<Many<K, V>>),
}

#[derive(Clone, Debug)]
pub(crate) struct Many<K, V> {
    pub(crate) plain: Roster<(K, V)>,
    /// Ids of groups.
    pub(crate) groups: Roster<u32>,
}

impl<K, V> Subscribers<K, V> {
    /// The subscribers without share name.
    #[inline]
    pub(crate) fn plain(&self) -> &[(K, V)] {
        match self {
            Self::Nobody => &[],
            Self::One(pair) => core::slice::from_ref(pair),
            Self::Many(many) => many.plain.as_slice(),
        }
    }

    #[inline]
    pub(crate) fn groups(&self) -> &[u32] {
        match self {
            Self::Nobody | Self::One(_) => &[],
            Self::Many(many) => many.groups.as_slice(),
        }
    }

    /// Adds a subscriber without share name.
    pub(crate) fn push(&mut self, pair: (K, V), hash_of: impl Fn(&(K, V)) -> u32) {
        match self {
            Self::Nobody => *self = Self::One(pair),
            Self::One(_) | Self::Many(_) => self.widen(&hash_of).plain.push(pair, &hash_of),
        }
    }

    /// Makes room for any number of subscribers.
    pub(crate) fn widen(&mut self, hash_of: impl Fn(&(K, V)) -> u32) -> &mut Many<K, V> {
        if !matches!(self, Self::Many(_)) {
            let mut plain = Roster::new();
            if let Self::One(pair) = core::mem::replace(self, Self::Nobody) {
                plain.push(pair, hash_of);
            }
            let groups = Roster::new();
            *self = Self::Many(Box::new(Many { plain, groups }));
        }
        match self {
            Self::Many(many) => many,
            #[expect(
                clippy::unreachable,
                reason = "the lines above have just made it `Many`"
            )]
            Self::Nobody | Self::One(_) => unreachable!(),
        }
    }

    /// Takes out the subscriber without share name that has this key.
    pub(crate) fn take(
        &mut self,
        key_hash: u32,
        key: &K,
        hash_of: impl Fn(&(K, V)) -> u32,
    ) -> Option<(K, V)>
    where
        K: Eq,
    {
        if let Self::Many(many) = self {
            let at = many.plain.find(key_hash, |(found, _)| found == key)?;
            return many.plain.swap_remove(at, hash_of);
        }
        match core::mem::replace(self, Self::Nobody) {
            Self::One(pair) if pair.0 == *key => Some(pair),
            other => {
                *self = other;
                None
            }
        }
    }

    /// Takes the smallest form that holds the same, and answers whether anybody is left.
    pub(crate) fn narrow(&mut self) -> bool {
        if let Self::Many(many) = self
            && many.groups.as_slice().is_empty()
            && many.plain.as_slice().len() <= 1
        {
            let last = core::mem::replace(&mut many.plain, Roster::new());
            *self = match last.into_items().pop() {
                Some(pair) => Self::One(pair),
                None => Self::Nobody,
            };
        }
        !matches!(self, Self::Nobody)
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        match self {
            Self::Nobody | Self::One(_) => 0,
            Self::Many(many) => size_of::<Many<K, V>>()
                .saturating_add(many.plain.heap_bytes())
                .saturating_add(many.groups.heap_bytes()),
        }
    }
}

/// The members of one share name on one filter.
#[derive(Clone, Debug)]
pub(crate) struct Shares<K, V> {
    pub(crate) share_name: Box<str>,
    /// The hash of the share name.
    pub(crate) hash: u32,
    pub(crate) members: Roster<(K, V)>,
}

/// A key and where it subscribes.
#[derive(Clone, Debug)]
pub(crate) struct Client<K> {
    pub(crate) key: K,
    pub(crate) places: Roster<Place>,
}

/// One subscription of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) record: u32,
    /// The group, or `NONE` for a subscription without share name.
    pub(crate) group: u32,
}

impl Place {
    pub(crate) fn hash(&self) -> u32 {
        super::hash::high(super::hash::literal_child(
            u64::from(self.record),
            u64::from(self.group),
        ))
    }
}
