use core::borrow::Borrow;
use core::fmt;
use core::hash::{BuildHasher, Hash};

use crate::{MatchRules, SubscriptionFilter, TopicFilter, TopicName};

mod change;
mod filter_text;
pub(crate) mod hash;
mod lookup;
mod merged;
mod nodes;
mod record;
pub(crate) mod roster;
pub(crate) mod slab;
mod slots;
mod spill;
pub(crate) mod table;
mod trail;

pub use lookup::{Group, Lookup, Match, Matches, Outcome, Subscriber};
pub use merged::Merged;

use nodes::{Node, Nodes};
use record::{Client, Place, Record, Shares, Subscribers};
use slab::Slab;
use table::Table;
use trail::Trail;

/// No record, no group.
pub(crate) const NONE: u32 = u32::MAX;

/// The hasher of an index unless another is given: fast, and seeded at random, since topics are chosen by strangers.
///
/// Its seeds come from the addresses and the time that a process starts with. Where that is not random enough, as
/// on a device without an operating system, or where SipHash is wanted, pass a hasher to `with_hasher`. Whatever it
/// answers, no match is lost and none is wrong; only where levels collide that should not may a lookup be slow, or find
/// one subscription twice.
///
/// ```
/// use topic_match::{DefaultState, SubscriptionIndex};
///
/// let index: SubscriptionIndex<u32, ()> = SubscriptionIndex::with_hasher(DefaultState::default());
/// assert!(index.is_empty());
/// ```
pub type DefaultState = foldhash::quality::RandomState;

/// Which subscriptions a topic name matches: many subscriptions, each a filter, the key of who subscribes and a value.
///
/// A filter and a key together are one subscription, with a share name as part of the filter. The key is whatever
/// names a subscriber (a client id, a connection number); the value is whatever belongs to the subscription (the
/// granted QoS, a subscription identifier).
///
/// ```
/// use topic_match::{Match, SubscriptionFilter, SubscriptionIndex, TopicFilter, TopicName};
///
/// let mut index = SubscriptionIndex::new();
/// index.insert(TopicFilter::new("sport/+")?, "alice", 1)?;
/// index.insert(TopicFilter::new("sport/#")?, "bob", 0)?;
/// index.insert(SubscriptionFilter::new("$share/desk/sport/#")?, "carol", 2)?;
///
/// let mut found = Vec::new();
/// for one in index.matches(TopicName::new("sport/tennis")?) {
///     match one {
///         Match::Subscriber(subscriber) => found.push((*subscriber.key, *subscriber.value)),
///         // Who of a group gets the message is the caller's choice.
///         Match::Group(group) => found.extend(group.members().first().copied()),
///     }
/// }
/// found.sort();
/// assert_eq!(found, [("alice", 1), ("bob", 0), ("carol", 2)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Cost
/// A lookup follows the levels of the name through the filters with wildcards, and finds the filter without by one
/// probe, first of all. It allocates nothing for names of up to 16 levels, and does not depend on the number of
/// subscriptions, but on how many paths of wildcard filters the name can take; a budget bounds those where strangers
/// choose the filters. Insertion and removal take time in the length of the filter, amortised over the growth of tables,
/// however many subscribers a filter, or filters a subscriber, has. Nothing recurses.
///
/// # Memory
/// It is given back as subscriptions go: texts and rows at once, tables when they are less than a quarter full, records
/// in pages of 256 when the last of a page goes. What thinning out leaves behind, [`shrink_to_fit`](Self::shrink_to_fit)
/// gives back.
pub struct SubscriptionIndex<K, V, S = DefaultState> {
    hasher: S,
    rules: MatchRules,
    capacity: u32,
    /// The filters with wildcards, level by level; the root is not in the table.
    root: Node,
    nodes: Nodes,
    /// The filters without wildcards, by the hash of their path.
    exact: Table,
    records: Slab<Record<K, V>>,
    groups: Slab<Shares<K, V>>,
    /// The clients by the hash of their key.
    keys: Table,
    clients: Slab<Client<K>>,
    subscriptions: usize,
    /// What records, groups and clients hold beyond themselves.
    heap: usize,
}

impl<K: Clone, V: Clone, S: Clone> Clone for SubscriptionIndex<K, V, S> {
    fn clone(&self) -> Self {
        let mut clone = Self {
            hasher: self.hasher.clone(),
            rules: self.rules,
            capacity: self.capacity,
            root: self.root,
            nodes: self.nodes.clone(),
            exact: self.exact.clone(),
            records: self.records.clone(),
            groups: self.groups.clone(),
            keys: self.keys.clone(),
            clients: self.clients.clone(),
            subscriptions: self.subscriptions,
            heap: 0,
        };
        // Rows are cloned to their length, not to their capacity: they are counted again.
        let records = clone.records.iter().map(|(_, record)| {
            record
                .text_bytes()
                .saturating_add(record.subscribers.heap_bytes())
        });
        let groups = clone.groups.iter().map(|(_, shares)| {
            shares
                .members
                .heap_bytes()
                .saturating_add(shares.share_name.len())
        });
        let clients = clone
            .clients
            .iter()
            .map(|(_, client)| client.places.heap_bytes());
        clone.heap = records
            .chain(groups)
            .chain(clients)
            .fold(0, usize::saturating_add);
        clone
    }
}

/// An index holds as many subscriptions as it was allowed to.
///
/// ```
/// use topic_match::{SubscriptionIndex, TopicFilter};
///
/// let mut index = SubscriptionIndex::new().with_capacity_limit(1);
/// index.insert(TopicFilter::new("a")?, 1, ())?;
/// let full = index.insert(TopicFilter::new("b")?, 1, ()).unwrap_err();
/// assert_eq!(full.to_string(), "the index is full: it may hold 1 subscriptions");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IndexFull {
    capacity: u32,
}

impl IndexFull {
    /// How many subscriptions the index may hold.
    ///
    /// ```
    /// # use topic_match::{SubscriptionIndex, TopicFilter};
    /// let mut index = SubscriptionIndex::new().with_capacity_limit(0);
    /// let full = index.insert(TopicFilter::new("a")?, 7, ()).unwrap_err();
    /// assert_eq!(full.capacity(), 0);
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub const fn capacity(&self) -> u32 {
        self.capacity
    }
}

impl fmt::Display for IndexFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the index is full: it may hold {} subscriptions",
            self.capacity
        )
    }
}

impl core::error::Error for IndexFull {}

impl<K, V> SubscriptionIndex<K, V> {
    /// An empty index that matches by the rules of MQTT.
    ///
    /// ```
    /// # use topic_match::SubscriptionIndex;
    /// let index: SubscriptionIndex<u32, ()> = SubscriptionIndex::new();
    /// assert!(index.is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::with_hasher(DefaultState::default())
    }
}

impl<K, V, S: Default> Default for SubscriptionIndex<K, V, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K, V, S> SubscriptionIndex<K, V, S> {
    /// The most subscriptions that any index holds: about 4.29 · 10⁹.
    ///
    /// ```
    /// # use topic_match::SubscriptionIndex;
    /// assert_eq!(<SubscriptionIndex<u32, ()>>::MAX_SUBSCRIPTIONS, 4_294_901_760);
    /// ```
    pub const MAX_SUBSCRIPTIONS: u32 = 0xFFFF_0000;

    /// An empty index with a hasher of the caller's. It should be seeded at random where strangers choose topics.
    ///
    /// ```
    /// use std::hash::RandomState;
    /// use topic_match::{SubscriptionIndex, TopicFilter, TopicName};
    ///
    /// let mut index = SubscriptionIndex::with_hasher(RandomState::new());
    /// index.insert(TopicFilter::new("a/+")?, 7, ())?;
    /// assert_eq!(index.matches(TopicName::new("a/b")?).count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn with_hasher(hasher: S) -> Self {
        Self {
            hasher,
            rules: MatchRules::MQTT,
            capacity: Self::MAX_SUBSCRIPTIONS,
            root: Node::new(hash::ROOT),
            nodes: Nodes::new(),
            exact: Table::new(),
            records: Slab::new(),
            groups: Slab::new(),
            keys: Table::new(),
            clients: Slab::new(),
            subscriptions: 0,
            heap: 0,
        }
    }

    /// Sets the rules by which filters match; see [`Profile::match_rules`](crate::Profile::match_rules).
    ///
    /// ```
    /// use topic_match::{MatchRules, SubscriptionIndex, TopicFilter, TopicName};
    ///
    /// let mut index = SubscriptionIndex::new().with_match_rules(MatchRules::AWS_IOT);
    /// index.insert(TopicFilter::new("sensor/#")?, 1, ())?;
    /// assert_eq!(index.matches(TopicName::new("sensor")?).count(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_match_rules(self, rules: MatchRules) -> Self {
        Self { rules, ..self }
    }

    /// Sets how many subscriptions the index may hold, at most [`MAX_SUBSCRIPTIONS`](Self::MAX_SUBSCRIPTIONS).
    ///
    /// ```
    /// # use topic_match::{SubscriptionIndex, TopicFilter};
    /// let mut index = SubscriptionIndex::new().with_capacity_limit(1);
    /// index.insert(TopicFilter::new("a")?, 7, 1)?;
    /// // Another value for the same subscription takes no room.
    /// assert_eq!(index.insert(TopicFilter::new("a")?, 7, 2), Ok(Some(1)));
    /// assert!(index.insert(TopicFilter::new("b")?, 7, 3).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_capacity_limit(self, subscriptions: u32) -> Self {
        Self {
            capacity: subscriptions.min(Self::MAX_SUBSCRIPTIONS),
            ..self
        }
    }

    /// Removes everything.
    ///
    /// ```
    /// use topic_match::{SubscriptionIndex, TopicFilter};
    ///
    /// let mut index = SubscriptionIndex::new();
    /// index.insert(TopicFilter::new("a/#")?, 7, ())?;
    /// index.clear();
    /// assert!(index.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn clear(&mut self) {
        self.root = Node::new(hash::ROOT);
        self.nodes = Nodes::new();
        self.exact = Table::new();
        self.records = Slab::new();
        self.groups = Slab::new();
        self.keys = Table::new();
        self.clients = Slab::new();
        self.subscriptions = 0;
        self.heap = 0;
    }

    /// The number of subscriptions.
    ///
    /// ```
    /// # use topic_match::{SubscriptionIndex, TopicFilter};
    /// let mut index = SubscriptionIndex::new();
    /// index.insert(TopicFilter::new("a/#")?, 7, ())?;
    /// index.insert(TopicFilter::new("a/#")?, 8, ())?;
    /// assert_eq!(index.len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn len(&self) -> usize {
        self.subscriptions
    }

    /// Whether there is no subscription.
    ///
    /// ```
    /// # use topic_match::{SubscriptionIndex, TopicFilter};
    /// let mut index = SubscriptionIndex::new();
    /// index.insert(TopicFilter::new("a")?, 7, ())?;
    /// assert!(!index.is_empty());
    /// index.remove_key(&7);
    /// assert!(index.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.subscriptions == 0
    }

    /// The number of different filters, share names left aside.
    ///
    /// ```
    /// # use topic_match::{SubscriptionFilter, SubscriptionIndex};
    /// let mut index = SubscriptionIndex::new();
    /// index.insert(SubscriptionFilter::new("a/#")?, 7, ())?;
    /// index.insert(SubscriptionFilter::new("$share/g/a/#")?, 8, ())?;
    /// assert_eq!((index.len(), index.filters()), (2, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn filters(&self) -> usize {
        self.records.len()
    }

    /// The memory held, in bytes; what keys and values hold themselves is not counted.
    ///
    /// An estimate that is kept up to date, not measured: asking costs nothing.
    ///
    /// ```
    /// use topic_match::{SubscriptionIndex, TopicFilter};
    ///
    /// let mut index = SubscriptionIndex::new();
    /// let empty = index.memory_bytes();
    /// index.insert(TopicFilter::new("a/+")?, 7, ())?;
    /// assert!(index.memory_bytes() > empty);
    /// index.remove_key(&7);
    /// assert_eq!(index.memory_bytes(), empty);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        [
            size_of::<Self>(),
            self.nodes.heap_bytes(),
            self.exact.heap_bytes(),
            self.records.heap_bytes(),
            self.groups.heap_bytes(),
            self.keys.heap_bytes(),
            self.clients.heap_bytes(),
            self.heap,
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }
}

impl<K: Hash + Eq + Clone, V, S: BuildHasher> SubscriptionIndex<K, V, S> {
    /// The value of a subscription.
    ///
    /// ```
    /// use topic_match::{SubscriptionIndex, TopicFilter};
    ///
    /// let mut index = SubscriptionIndex::new();
    /// index.insert(TopicFilter::new("a/#")?, 7, "value")?;
    /// assert_eq!(index.get(TopicFilter::new("a/#")?, &7), Some(&"value"));
    /// assert_eq!(index.get(TopicFilter::new("a/b")?, &7), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get<'f, Q>(&self, filter: impl Into<SubscriptionFilter<'f>>, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let filter = filter.into();
        let trail = Trail::new(&self.hasher, filter.filter());
        let record = self.record(filter.filter(), &trail)?;
        let place = self.place(record, filter.share_name())?;
        let members = match self.groups.get(place.group) {
            Some(shares) => &shares.members,
            None => match &self.records.get(place.record)?.subscribers {
                Subscribers::Nobody => return None,
                Subscribers::One((found, value)) => {
                    return (found.borrow() == key).then_some(value);
                }
                Subscribers::Many(many) => &many.plain,
            },
        };
        let at = members.find(hash::key(&self.hasher, key), |(found, _)| {
            found.borrow() == key
        })?;
        members.as_slice().get(at).map(|(_, value)| value)
    }

    /// The subscriptions of a key, in no order: filter, share name and value.
    ///
    /// ```
    /// use topic_match::{SubscriptionFilter, SubscriptionIndex};
    ///
    /// let mut index = SubscriptionIndex::new();
    /// index.insert(SubscriptionFilter::new("$share/g/a")?, 7, "value")?;
    /// let (filter, share_name, value) = index.subscriptions_of(&7).next().unwrap();
    /// assert_eq!((filter.as_str(), share_name, *value), ("a", Some("g"), "value"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subscriptions_of<'i, 'k, Q>(
        &'i self,
        key: &'k Q,
    ) -> impl Iterator<Item = (TopicFilter<'i>, Option<&'i str>, &'i V)> + use<'i, 'k, K, V, S, Q>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let key_hash = hash::key(&self.hasher, key);
        let places = self
            .client(key_hash, key)
            .and_then(|id| self.clients.get(id))
            .map_or(&[][..], |client| client.places.as_slice());
        places.iter().filter_map(move |place| {
            let record = self.records.get(place.record)?;
            let (share_name, members) = match self.groups.get(place.group) {
                Some(shares) => (Some(&*shares.share_name), &shares.members),
                None => match &record.subscribers {
                    Subscribers::Nobody => return None,
                    Subscribers::One((_, value)) => {
                        return Some((record.filter(), None, value));
                    }
                    Subscribers::Many(many) => (None, &many.plain),
                },
            };
            let at = members.find(key_hash, |(found, _)| found.borrow() == key)?;
            let (_, value) = members.as_slice().get(at)?;
            Some((record.filter(), share_name, value))
        })
    }

    /// Every subscription, in no order: filter, share name, key and value.
    ///
    /// ```
    /// use topic_match::{SubscriptionFilter, SubscriptionIndex};
    ///
    /// let mut index = SubscriptionIndex::new();
    /// index.insert(SubscriptionFilter::new("$share/g/a")?, 7, "value")?;
    /// let (filter, share_name, key, value) = index.iter().next().unwrap();
    /// assert_eq!((filter.as_str(), share_name, *key, *value), ("a", Some("g"), 7, "value"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (TopicFilter<'_>, Option<&str>, &K, &V)> {
        self.records.iter().flat_map(|(_, record)| {
            let plain = record.subscribers.plain().iter();
            let plain = plain.map(|(key, value)| (record.filter(), None, key, value));
            let groups = record.subscribers.groups().iter();
            let shared = groups.filter_map(|id| self.groups.get(*id));
            plain.chain(shared.flat_map(|shares| {
                let members = shares.members.as_slice().iter();
                members.map(|(key, value)| (record.filter(), Some(&*shares.share_name), key, value))
            }))
        })
    }

    /// What a name matches, as an iterator that allocates nothing for names of up to 16 levels.
    ///
    /// The order is unspecified. Every subscription that matches comes up once, whatever filters overlap; see
    /// [`Merged`] for one result per key.
    ///
    /// ```
    /// # use topic_match::{SubscriptionIndex, TopicFilter, TopicName};
    /// let mut index = SubscriptionIndex::new();
    /// index.insert(TopicFilter::new("a/+")?, 7, ())?;
    /// index.insert(TopicFilter::new("a/#")?, 7, ())?;
    /// assert_eq!(index.matches(TopicName::new("a/b")?).count(), 2);
    /// assert_eq!(index.matches(TopicName::new("a/b/c")?).count(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn matches<'i, 'n>(&'i self, name: TopicName<'n>) -> Matches<'i, 'n, K, V, S> {
        Matches::new(self, name, usize::MAX)
    }

    /// Calls `visit` with what a name matches until it breaks or `budget` nodes have been visited.
    ///
    /// ```
    /// use core::ops::ControlFlow;
    /// use topic_match::{Outcome, SubscriptionIndex, TopicFilter, TopicName};
    ///
    /// let mut index = SubscriptionIndex::new();
    /// index.insert(TopicFilter::new("a/+")?, 1, ())?;
    /// index.insert(TopicFilter::new("a/#")?, 2, ())?;
    /// let mut count = 0;
    /// let lookup = index.lookup(TopicName::new("a/b")?, 1000, |_| {
    ///     count += 1;
    ///     ControlFlow::Continue(())
    /// });
    /// assert_eq!((count, lookup.outcome), (2, Outcome::Complete));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn lookup<'i>(
        &'i self,
        name: TopicName<'_>,
        budget: usize,
        mut visit: impl FnMut(Match<'i, K, V>) -> core::ops::ControlFlow<()>,
    ) -> Lookup {
        let mut matches = Matches::new(self, name, budget);
        let stopped = matches.try_for_each(&mut visit).is_break();
        Lookup {
            outcome: if stopped {
                Outcome::Stopped
            } else if matches.is_exhausted() {
                Outcome::Exhausted
            } else {
                Outcome::Complete
            },
            visited: matches.visited(),
        }
    }

    /// The record of a filter.
    fn record(&self, filter: TopicFilter<'_>, trail: &Trail) -> Option<u32> {
        let text = filter.as_str();
        let is = |id: u32| {
            self.records
                .get(id)
                .is_some_and(|found| found.filter() == *text)
        };
        if !filter.has_wildcard() {
            return self.exact.find(trail.exact(), is);
        }
        let node = match trail.end() {
            None => &self.root,
            Some(path) => self.nodes.get(path, false)?,
        };
        let mut id = if trail.hash { node.hash_end } else { node.end };
        while let Some(record) = self.records.get(id) {
            if record.filter() == *text {
                return Some(id);
            }
            id = record.next;
        }
        None
    }

    fn client<Q>(&self, key_hash: u32, key: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Eq + ?Sized,
    {
        self.keys.find(key_hash, |id| {
            let client = self.clients.get(id);
            client.is_some_and(|found| found.key.borrow() == key)
        })
    }

    /// The place of a subscription whose record is known.
    fn place(&self, record: u32, share_name: Option<&str>) -> Option<Place> {
        let Some(share_name) = share_name else {
            return Some(Place {
                record,
                group: NONE,
            });
        };
        let Subscribers::Many(many) = &self.records.get(record)?.subscribers else {
            return None;
        };
        let at = many
            .groups
            .find(hash::key(&self.hasher, share_name), |id| {
                let group = self.groups.get(*id);
                group.is_some_and(|group| &*group.share_name == share_name)
            })?;
        let group = *many.groups.as_slice().get(at)?;
        Some(Place { record, group })
    }
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for SubscriptionIndex<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionIndex")
            .field("subscriptions", &self.subscriptions)
            .field("filters", &self.records.len())
            .finish_non_exhaustive()
    }
}
