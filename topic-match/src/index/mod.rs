use core::fmt;
use core::hash::{BuildHasher, Hash};

use crate::{MatchRules, SubscriptionFilter, TopicFilter, TopicName};

pub(crate) mod hash;
mod lookup;
mod merged;
mod nodes;
mod record;
pub(crate) mod roster;
pub(crate) mod slab;
mod spill;
pub(crate) mod table;

pub use lookup::{Group, Lookup, Match, Matches, Outcome, Subscriber};
pub use merged::Merged;

use nodes::{Node, Nodes};
use record::{Client, Place, Record, Shares, Subscribers};
use roster::Roster;
use slab::Slab;
use table::Table;

/// No record, no group.
pub(crate) const NONE: u32 = u32::MAX;

/// The hasher of an index unless another is given: randomly seeded, since topics are chosen by strangers.
#[cfg(feature = "std")]
pub type DefaultState = std::hash::RandomState;

/// The hasher of an index unless another is given: without the feature `std` there is none, because there is no source
/// of randomness, and topics are chosen by strangers. Give one to `with_hasher`.
#[cfg(not(feature = "std"))]
#[derive(Clone, Copy, Debug)]
pub enum DefaultState {}

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
/// probe. It allocates nothing for names of up to 16 levels, and does not depend on the number of subscriptions, but
/// on how many paths of wildcard filters the name can take; a budget bounds those where strangers choose the filters.
/// Insertion and removal take time in the length of the filter alone, however many subscribers a filter, or filters
/// a subscriber, has. Nothing recurses.
#[derive(Clone)]
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

#[cfg(feature = "std")]
impl<K, V> SubscriptionIndex<K, V> {
    /// An empty index that matches by the rules of MQTT.
    #[must_use]
    pub fn new() -> Self {
        Self::with_hasher(DefaultState::new())
    }
}

impl<K, V, S: Default> Default for SubscriptionIndex<K, V, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K, V, S> SubscriptionIndex<K, V, S> {
    /// The most subscriptions that any index holds: about 4.29 · 10⁹.
    pub const MAX_SUBSCRIPTIONS: u32 = 0xFFFF_0000;

    /// An empty index with a hasher of the caller's. It should be seeded at random where strangers choose topics.
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
    #[must_use]
    pub fn with_capacity_limit(self, subscriptions: u32) -> Self {
        Self {
            capacity: subscriptions.min(Self::MAX_SUBSCRIPTIONS),
            ..self
        }
    }

    /// The number of subscriptions.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.subscriptions
    }

    /// Whether there is no subscription.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.subscriptions == 0
    }

    /// The number of different filters, share names left aside.
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
    /// Adds a subscription, or replaces its value and answers with the old one [MQTT-3.8.4-3].
    ///
    /// # Errors
    /// When the index holds as many subscriptions as it may; nothing has changed then.
    pub fn insert<'f>(
        &mut self,
        filter: impl Into<SubscriptionFilter<'f>>,
        key: K,
        value: V,
    ) -> Result<Option<V>, IndexFull> {
        let filter = filter.into();
        let full = IndexFull {
            capacity: self.capacity,
        };
        if let Some(present) = self.get_mut(filter, &key) {
            return Ok(Some(core::mem::replace(present, value)));
        }
        // Records, groups and clients are never more than subscriptions, so their ids do not run out before this.
        if self.subscriptions >= self.capacity as usize {
            return Err(full);
        }
        let key_hash = hash::key(&self.hasher, &key);
        let client = match self.client(key_hash, &key) {
            Some(client) => client,
            None => {
                let client = Client {
                    key: key.clone(),
                    places: Roster::new(),
                };
                let id = self.clients.insert(client).map_err(|_| full)?;
                self.keys.insert(key_hash, id);
                id
            }
        };
        let record = match self.record(filter.filter()) {
            Some(record) => record,
            None => self.add_record(filter.filter()).ok_or(full)?,
        };
        let group = match filter.share_name() {
            None => NONE,
            Some(share_name) => match self.group(record, share_name) {
                Some(group) => group,
                None => self.add_group(record, share_name).ok_or(full)?,
            },
        };
        let place = Place { record, group };
        self.attach(place, (key, value));
        if let Some(client) = self.clients.get_mut(client) {
            let before = client.places.heap_bytes();
            client.places.push(place, Place::hash);
            self.heap = replace_bytes(self.heap, before, client.places.heap_bytes());
        }
        self.subscriptions = self.subscriptions.saturating_add(1);
        Ok(None)
    }

    /// Removes a subscription and answers with its value.
    ///
    /// ```
    /// use topic_match::{SubscriptionIndex, TopicFilter};
    ///
    /// let mut index = SubscriptionIndex::new();
    /// let filter = TopicFilter::new("a/#")?;
    /// index.insert(filter, 7, "value")?;
    /// assert_eq!(index.remove(filter, &7), Some("value"));
    /// assert_eq!(index.remove(filter, &7), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove<'f>(&mut self, filter: impl Into<SubscriptionFilter<'f>>, key: &K) -> Option<V> {
        let filter = filter.into();
        let record = self.record(filter.filter())?;
        let group = match filter.share_name() {
            None => NONE,
            Some(share_name) => self.group(record, share_name)?,
        };
        let place = Place { record, group };
        let key_hash = hash::key(&self.hasher, key);
        let value = self.detach(place, key_hash, key)?;
        if let Some(id) = self.client(key_hash, key)
            && let Some(client) = self.clients.get_mut(id)
        {
            let before = client.places.heap_bytes();
            if let Some(at) = client.places.find(place.hash(), |found| *found == place) {
                client.places.swap_remove(at, Place::hash);
            }
            let nothing_left = client.places.as_slice().is_empty();
            self.heap = replace_bytes(self.heap, before, client.places.heap_bytes());
            if nothing_left {
                self.clients.remove(id);
                self.keys.remove(key_hash, id);
            }
        }
        Some(value)
    }

    /// Removes every subscription of a key, and answers how many there were.
    ///
    /// ```
    /// use topic_match::{SubscriptionIndex, TopicFilter};
    ///
    /// let mut index = SubscriptionIndex::new();
    /// index.insert(TopicFilter::new("a/#")?, 7, ())?;
    /// index.insert(TopicFilter::new("b")?, 7, ())?;
    /// index.insert(TopicFilter::new("b")?, 8, ())?;
    /// assert_eq!(index.remove_key(&7), 2);
    /// assert_eq!(index.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_key(&mut self, key: &K) -> usize {
        let key_hash = hash::key(&self.hasher, key);
        let Some(id) = self.client(key_hash, key) else {
            return 0;
        };
        self.keys.remove(key_hash, id);
        let Some(client) = self.clients.remove(id) else {
            return 0;
        };
        self.heap = replace_bytes(self.heap, client.places.heap_bytes(), 0);
        let places = client.places.into_items();
        for place in &places {
            self.detach(*place, key_hash, key);
        }
        places.len()
    }

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
    pub fn get<'f>(&self, filter: impl Into<SubscriptionFilter<'f>>, key: &K) -> Option<&V> {
        let filter = filter.into();
        let record = self.record(filter.filter())?;
        let members = match filter.share_name() {
            None => match &self.records.get(record)?.subscribers {
                Subscribers::Nobody => return None,
                Subscribers::One((found, value)) => return (found == key).then_some(value),
                Subscribers::Many(many) => &many.plain,
            },
            Some(share_name) => &self.groups.get(self.group(record, share_name)?)?.members,
        };
        let at = members.find(hash::key(&self.hasher, key), |(found, _)| found == key)?;
        members.as_slice().get(at).map(|(_, value)| value)
    }

    /// The value of a subscription, to be changed.
    ///
    /// ```
    /// use topic_match::{SubscriptionIndex, TopicFilter};
    ///
    /// let mut index = SubscriptionIndex::new();
    /// let filter = TopicFilter::new("a/#")?;
    /// index.insert(filter, 7, 1)?;
    /// *index.get_mut(filter, &7).unwrap() += 1;
    /// assert_eq!(index.get(filter, &7), Some(&2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_mut<'f>(
        &mut self,
        filter: impl Into<SubscriptionFilter<'f>>,
        key: &K,
    ) -> Option<&mut V> {
        let filter = filter.into();
        let record = self.record(filter.filter())?;
        let group = match filter.share_name() {
            None => NONE,
            Some(share_name) => self.group(record, share_name)?,
        };
        let members = match self.groups.get_mut(group) {
            Some(shares) => &mut shares.members,
            None => match &mut self.records.get_mut(record)?.subscribers {
                Subscribers::Nobody => return None,
                Subscribers::One((found, value)) => return (found == key).then_some(value),
                Subscribers::Many(many) => &mut many.plain,
            },
        };
        let at = members.find(hash::key(&self.hasher, key), |(found, _)| found == key)?;
        members.get_mut(at).map(|(_, value)| value)
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
    pub fn subscriptions_of<'i, 'k>(
        &'i self,
        key: &'k K,
    ) -> impl Iterator<Item = (TopicFilter<'i>, Option<&'i str>, &'i V)> + use<'i, 'k, K, V, S>
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
                        return Some((TopicFilter::rescanned(&record.filter), None, value));
                    }
                    Subscribers::Many(many) => (None, &many.plain),
                },
            };
            let at = members.find(key_hash, |(found, _)| found == key)?;
            let (_, value) = members.as_slice().get(at)?;
            Some((TopicFilter::rescanned(&record.filter), share_name, value))
        })
    }

    /// What a name matches, as an iterator that allocates nothing for names of up to 16 levels.
    ///
    /// The order is unspecified. Every subscription that matches comes up once, whatever filters overlap; see
    /// [`Merged`] for one result per key.
    #[must_use]
    pub fn matches<'i, 'n>(&'i self, name: TopicName<'n>) -> Matches<'i, 'n, K, V, S> {
        Matches::new(self, name)
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
        let mut matches = self.matches(name).with_budget(budget);
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
    fn record(&self, filter: TopicFilter<'_>) -> Option<u32> {
        let text = filter.as_str();
        let is = |id: u32| {
            self.records
                .get(id)
                .is_some_and(|found| &*found.filter == text)
        };
        let end = self.path(filter);
        if !filter.has_wildcard() {
            return self.exact.find(hash::high(end.path), is);
        }
        let node = match end.path {
            hash::ROOT => &self.root,
            path => self.nodes.get(path)?,
        };
        let mut id = if end.hash { node.hash_end } else { node.end };
        while let Some(record) = self.records.get(id) {
            if &*record.filter == text {
                return Some(id);
            }
            id = record.next;
        }
        None
    }

    /// Where a filter ends.
    fn path(&self, filter: TopicFilter<'_>) -> End {
        let mut path = hash::ROOT;
        for level in filter.levels() {
            path = match level {
                "#" => return End { path, hash: true },
                "+" => hash::plus_child(path),
                level => hash::literal_child(path, hash::level(&self.hasher, level.as_bytes())),
            };
        }
        End { path, hash: false }
    }

    fn client(&self, key_hash: u32, key: &K) -> Option<u32> {
        self.keys.find(key_hash, |id| {
            self.clients.get(id).is_some_and(|found| found.key == *key)
        })
    }

    fn group(&self, record: u32, share_name: &str) -> Option<u32> {
        let Subscribers::Many(many) = &self.records.get(record)?.subscribers else {
            return None;
        };
        let at = many
            .groups
            .find(hash::key(&self.hasher, share_name), |id| {
                let group = self.groups.get(*id);
                group.is_some_and(|group| &*group.share_name == share_name)
            })?;
        many.groups.as_slice().get(at).copied()
    }

    /// Adds a subscriber to a record or to one of its groups.
    fn attach(&mut self, place: Place, pair: (K, V)) {
        let hasher = &self.hasher;
        let hash_of = |(key, _): &(K, V)| hash::key(hasher, key);
        let (before, after) = if let Some(shares) = self.groups.get_mut(place.group) {
            let before = shares.members.heap_bytes();
            shares.members.push(pair, hash_of);
            (before, shares.members.heap_bytes())
        } else if let Some(record) = self.records.get_mut(place.record) {
            let before = record.subscribers.heap_bytes();
            record.subscribers.push(pair, hash_of);
            (before, record.subscribers.heap_bytes())
        } else {
            (0, 0)
        };
        self.heap = replace_bytes(self.heap, before, after);
    }

    /// Removes a subscriber from a record or from one of its groups, and what is empty then.
    fn detach(&mut self, place: Place, key_hash: u32, key: &K) -> Option<V> {
        let hasher = &self.hasher;
        let hash_of = |(key, _): &(K, V)| hash::key(hasher, key);
        let record = self.records.get_mut(place.record)?;
        let mut before = record.subscribers.heap_bytes();
        let mut after = 0;
        let pair = if let Some(shares) = self.groups.get_mut(place.group) {
            before = before.saturating_add(shares.members.heap_bytes());
            let at = shares.members.find(key_hash, |(found, _)| found == key)?;
            let pair = shares.members.swap_remove(at, hash_of)?;
            after = shares.members.heap_bytes();
            if shares.members.as_slice().is_empty()
                && let Subscribers::Many(many) = &mut record.subscribers
            {
                before = before.saturating_add(shares.share_name.len());
                let group_hash = |id: &u32| self.groups.get(*id).map_or(0, |group| group.hash);
                let hash = group_hash(&place.group);
                if let Some(at) = many.groups.find(hash, |id| *id == place.group) {
                    many.groups.swap_remove(at, group_hash);
                }
                self.groups.remove(place.group);
            }
            pair
        } else {
            match &mut record.subscribers {
                Subscribers::Nobody => return None,
                Subscribers::One((found, _)) if found != key => return None,
                one @ Subscribers::One(_) => match core::mem::replace(one, Subscribers::Nobody) {
                    Subscribers::One(pair) => pair,
                    Subscribers::Nobody | Subscribers::Many(_) => return None,
                },
                Subscribers::Many(many) => {
                    let at = many.plain.find(key_hash, |(found, _)| found == key)?;
                    many.plain.swap_remove(at, hash_of)?
                }
            }
        };
        let anybody_left = record.subscribers.narrow();
        after = after.saturating_add(record.subscribers.heap_bytes());
        self.heap = replace_bytes(self.heap, before, after);
        if !anybody_left {
            self.drop_record(place.record);
        }
        self.subscriptions = self.subscriptions.saturating_sub(1);
        Some(pair.1)
    }

    /// Makes a record for a filter that has none, and leads lookups to it.
    fn add_record(&mut self, filter: TopicFilter<'_>) -> Option<u32> {
        let text = filter.as_str();
        let record = Record {
            filter: text.into(),
            next: NONE,
            subscribers: Subscribers::Nobody,
        };
        let id = self.records.insert(record).ok()?;
        self.heap = self.heap.saturating_add(text.len());
        if !filter.has_wildcard() {
            self.exact.insert(hash::high(self.path(filter).path), id);
            return Some(id);
        }
        let mut node = &mut self.root;
        let mut path = hash::ROOT;
        let mut hash_end = false;
        for level in filter.levels() {
            match level {
                "#" => {
                    hash_end = true;
                    break;
                }
                "+" => {
                    node.set_plus(true);
                    path = hash::plus_child(path);
                }
                level => {
                    let level = hash::level(&self.hasher, level.as_bytes());
                    node.add_level(level);
                    path = hash::literal_child(path, level);
                }
            }
            node = self.nodes.enter(path)?;
        }
        let head = if hash_end {
            &mut node.hash_end
        } else {
            &mut node.end
        };
        let next = core::mem::replace(head, id);
        if let Some(record) = self.records.get_mut(id) {
            record.next = next;
        }
        Some(id)
    }

    /// Removes a record from the slab and from where lookups find it.
    fn drop_record(&mut self, id: u32) {
        let Some(record) = self.records.remove(id) else {
            return;
        };
        self.heap = replace_bytes(self.heap, record.filter.len(), 0);
        let filter = TopicFilter::rescanned(&record.filter);
        let end = self.path(filter);
        if !filter.has_wildcard() {
            self.exact.remove(hash::high(end.path), id);
            return;
        }
        self.unlink(end, id, record.next);
        let mut parent = hash::ROOT;
        for level in filter.levels() {
            let path = match level {
                "#" => break,
                "+" => hash::plus_child(parent),
                level => hash::literal_child(parent, hash::level(&self.hasher, level.as_bytes())),
            };
            if self.nodes.leave(path) && level == "+" {
                match parent {
                    hash::ROOT => self.root.set_plus(false),
                    parent => {
                        if let Some(node) = self.nodes.get_mut(parent) {
                            node.set_plus(false);
                        }
                    }
                }
            }
            parent = path;
        }
        if self.nodes.len() == 0 {
            self.root.forget_children();
        }
    }

    /// Takes a record out of the chain of its node.
    fn unlink(&mut self, end: End, id: u32, next: u32) {
        let node = match end.path {
            hash::ROOT => Some(&mut self.root),
            path => self.nodes.get_mut(path),
        };
        let Some(node) = node else { return };
        let head = if end.hash {
            &mut node.hash_end
        } else {
            &mut node.end
        };
        let mut before = *head;
        if before == id {
            *head = next;
            return;
        }
        while let Some(record) = self.records.get_mut(before) {
            if record.next == id {
                record.next = next;
                return;
            }
            before = record.next;
        }
    }

    fn add_group(&mut self, record: u32, share_name: &str) -> Option<u32> {
        let hash = hash::key(&self.hasher, share_name);
        let shares = Shares {
            share_name: share_name.into(),
            hash,
            members: Roster::new(),
        };
        let group = self.groups.insert(shares).ok()?;
        let entry = self.records.get_mut(record)?;
        let before = entry.subscribers.heap_bytes();
        let (hasher, groups) = (&self.hasher, &self.groups);
        let many = entry.subscribers.widen(|(key, _)| hash::key(hasher, key));
        many.groups
            .push(group, |id| groups.get(*id).map_or(0, |group| group.hash));
        let after = entry
            .subscribers
            .heap_bytes()
            .saturating_add(share_name.len());
        self.heap = replace_bytes(self.heap, before, after);
        Some(group)
    }
}

/// Where a filter ends: its path without `#`, and whether a `#` follows.
#[derive(Clone, Copy)]
struct End {
    path: u64,
    hash: bool,
}

fn replace_bytes(total: usize, before: usize, after: usize) -> usize {
    total.saturating_sub(before).saturating_add(after)
}

impl<K: fmt::Debug, V: fmt::Debug, S> fmt::Debug for SubscriptionIndex<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubscriptionIndex")
            .field("subscriptions", &self.subscriptions)
            .field("filters", &self.records.len())
            .finish_non_exhaustive()
    }
}
