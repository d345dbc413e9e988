use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::fmt;
use core::hash::BuildHasher;

use crate::index::DefaultState;
use crate::index::hash;
use crate::index::slab::Slab;
use crate::{MatchRules, TopicName};

mod posting;
mod query;

pub use query::{Cursor, Page, PageLimit};

use posting::Posting;

/// Levels further right have no postings, so that what a name costs is bounded by a small multiple of its length.
const INDEXED_LEVELS: usize = 16;

/// Which topic names a filter matches: one value per name, as the retained messages of a broker are.
///
/// A query costs as much as it finds wherever the filter has one selective level, and not only at its left end:
/// `+/+/dev7/#` looks at the names whose third level is `dev7`. Queries are answered in pages under a limit on results
/// and on work, so that one subscriber cannot hold up the others.
///
/// ```
/// use topic_match::{Cursor, PageLimit, RetainedIndex, TopicFilter, TopicName};
///
/// let mut retained = RetainedIndex::new();
/// for (name, value) in [("s1/l1/dev7/temp", 20), ("s1/l1/dev8/temp", 21), ("s2/l4/dev7/temp", 22)] {
///     retained.insert(TopicName::new(name)?, value)?;
/// }
///
/// let filter = TopicFilter::new("+/+/dev7/#")?;
/// let mut cursor = Cursor::new();
/// let mut values = Vec::new();
/// while !retained
///     .page(filter, &mut cursor, PageLimit::results(1), |_, value| values.push(*value))
///     .complete
/// {
///     // Other work can be done, and the index changed, between two pages.
/// }
/// values.sort();
/// assert_eq!(values, [20, 22]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RetainedIndex<V, S = DefaultState> {
    hasher: S,
    rules: MatchRules,
    names: BTreeMap<Arc<str>, u32>,
    entries: Slab<Entry<V>>,
    /// The names that have a level at a position, and those that have a number of levels.
    postings: BTreeMap<u64, Posting>,
    text_bytes: usize,
}

#[derive(Clone, Debug)]
struct Entry<V> {
    name: Arc<str>,
    value: V,
}

/// A retained index holds as many names as 32 bits can number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RetainedFull;

impl fmt::Display for RetainedFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the retained index is full: it holds as many names as 32 bits can number")
    }
}

impl core::error::Error for RetainedFull {}

impl<V> RetainedIndex<V> {
    /// An empty index that matches by the rules of MQTT.
    #[must_use]
    pub fn new() -> Self {
        Self::with_hasher(DefaultState::default())
    }
}

impl<V, S: Default> Default for RetainedIndex<V, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<V, S> RetainedIndex<V, S> {
    /// An empty index with a hasher of the caller's. It should be seeded at random where strangers choose topics.
    #[must_use]
    pub const fn with_hasher(hasher: S) -> Self {
        Self {
            hasher,
            rules: MatchRules::MQTT,
            names: BTreeMap::new(),
            entries: Slab::new(),
            postings: BTreeMap::new(),
            text_bytes: 0,
        }
    }

    /// Sets the rules by which filters match; see [`Profile::match_rules`](crate::Profile::match_rules).
    #[must_use]
    pub fn with_match_rules(self, rules: MatchRules) -> Self {
        Self { rules, ..self }
    }

    /// The number of names.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no name.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// Every name with its value, in the order of the names' bytes.
    ///
    /// ```
    /// use topic_match::{RetainedIndex, TopicName};
    ///
    /// let mut retained = RetainedIndex::new();
    /// retained.insert(TopicName::new("b")?, 2)?;
    /// retained.insert(TopicName::new("a")?, 1)?;
    /// let values: Vec<i32> = retained.iter().map(|(_, value)| *value).collect();
    /// assert_eq!(values, [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (TopicName<'_>, &V)> {
        let ids = self.names.values();
        ids.filter_map(|id| self.entries.get(*id).map(Entry::pair))
    }

    /// About how much memory is held, in bytes; what values hold themselves is not counted.
    ///
    /// Nodes of the ordered maps are taken as filled by two thirds, which random insertion tends to.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let two_thirds_full =
            |items: usize, size: usize| items.saturating_mul(size).saturating_mul(3) / 2;
        // A name is in one posting for each of its levels, and in that of its number of levels.
        [
            size_of::<Self>(),
            self.entries.heap_bytes(),
            self.text_bytes,
            two_thirds_full(self.names.len(), size_of::<(Arc<str>, u32)>()),
            two_thirds_full(self.postings.len(), size_of::<(u64, Posting)>()),
            two_thirds_full(
                self.postings
                    .values()
                    .map(Posting::len)
                    .filter(|ids| *ids > 1)
                    .sum(),
                size_of::<u32>(),
            ),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

impl<V, S: BuildHasher> RetainedIndex<V, S> {
    /// Keeps a value under a name, and answers with the one it replaces.
    ///
    /// # Errors
    /// When 32 bits cannot number one name more; nothing has changed then.
    pub fn insert(&mut self, name: TopicName<'_>, value: V) -> Result<Option<V>, RetainedFull> {
        if let Some(present) = self.get_mut(name) {
            return Ok(Some(core::mem::replace(present, value)));
        }
        let text: Arc<str> = name.as_str().into();
        let entry = Entry {
            name: Arc::clone(&text),
            value,
        };
        let id = self.entries.insert(entry).map_err(|_| RetainedFull)?;
        self.names.insert(text, id);
        self.text_bytes = self.text_bytes.saturating_add(arc_bytes(name));
        for key in posting_keys(&self.hasher, name) {
            self.postings
                .entry(key)
                .and_modify(|posting| posting.insert(id))
                .or_insert(Posting::One(id));
        }
        Ok(None)
    }

    /// Removes a name and answers with its value.
    ///
    /// ```
    /// use topic_match::{RetainedIndex, TopicName};
    ///
    /// let mut retained = RetainedIndex::new();
    /// let name = TopicName::new("a/b")?;
    /// retained.insert(name, 1)?;
    /// assert_eq!(retained.remove(name), Some(1));
    /// assert!(retained.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove(&mut self, name: TopicName<'_>) -> Option<V> {
        let id = self.names.remove(name.as_str())?;
        self.text_bytes = self.text_bytes.saturating_sub(arc_bytes(name));
        for key in posting_keys(&self.hasher, name) {
            if let Some(posting) = self.postings.get_mut(&key)
                && !posting.remove(id)
            {
                self.postings.remove(&key);
            }
        }
        self.entries.remove(id).map(|entry| entry.value)
    }

    /// The value under a name.
    ///
    /// ```
    /// # use topic_match::{RetainedIndex, TopicName};
    /// let mut retained = RetainedIndex::new();
    /// retained.insert(TopicName::new("a/b")?, 1)?;
    /// assert_eq!(retained.get(TopicName::new("a/b")?), Some(&1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(&self, name: TopicName<'_>) -> Option<&V> {
        let id = self.names.get(name.as_str())?;
        self.entries.get(*id).map(|entry| &entry.value)
    }

    /// The value under a name, to be changed.
    ///
    /// ```
    /// # use topic_match::{RetainedIndex, TopicName};
    /// let mut retained = RetainedIndex::new();
    /// let name = TopicName::new("a/b")?;
    /// retained.insert(name, 1)?;
    /// *retained.get_mut(name).unwrap() += 1;
    /// assert_eq!(retained.get(name), Some(&2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_mut(&mut self, name: TopicName<'_>) -> Option<&mut V> {
        let id = self.names.get(name.as_str())?;
        self.entries.get_mut(*id).map(|entry| &mut entry.value)
    }
}

impl<V> Entry<V> {
    fn pair(&self) -> (TopicName<'_>, &V) {
        (TopicName::trusted(&self.name), &self.value)
    }
}

/// The postings that a name is in.
fn posting_keys<S: BuildHasher>(hasher: &S, name: TopicName<'_>) -> impl Iterator<Item = u64> {
    let levels = name.levels().take(INDEXED_LEVELS).enumerate();
    levels
        .map(|(position, level)| level_key(hasher, position, level))
        .chain([count_key(name.levels().count())])
}

/// The posting of the names with this level at this position, counted from 0.
fn level_key<S: BuildHasher>(hasher: &S, position: usize, level: &str) -> u64 {
    let level = hash::level(hasher, level.as_bytes());
    hash::literal_child(hash::literal_child(hash::ROOT, position as u64), level)
}

/// The posting of the names with this number of levels. Like all postings it may hold others by chance: every
/// candidate is compared with the filter.
fn count_key(levels: usize) -> u64 {
    hash::literal_child(hash::plus_child(hash::ROOT), levels as u64)
}

/// What a shared string of this length holds, its two counters included.
fn arc_bytes(name: TopicName<'_>) -> usize {
    name.as_str().len().saturating_add(size_of::<[usize; 2]>())
}

impl<V: fmt::Debug, S> fmt::Debug for RetainedIndex<V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
