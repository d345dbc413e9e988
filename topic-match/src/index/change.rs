//! Insertion and removal.

use core::hash::{BuildHasher, Hash};

use super::record::{Client, Place, Record, Shares, Subscribers};
use super::roster::Roster;
use super::trail::Trail;
use super::{IndexFull, NONE, SubscriptionIndex, hash};
use crate::{SubscriptionFilter, TopicFilter};

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
        let (share_name, filter) = (filter.share_name(), filter.filter());
        let trail = Trail::new(&self.hasher, filter);
        let key_hash = hash::key(&self.hasher, &key);
        let record = self.record(filter, &trail);
        let place = record.and_then(|record| self.place(record, share_name));
        if let Some(place) = place
            && let Some(present) = self.value_mut(place, key_hash, &key)
        {
            return Ok(Some(core::mem::replace(present, value)));
        }
        // Records, groups and clients are never more than subscriptions, so their ids do not run out before this.
        let full = IndexFull {
            capacity: self.capacity,
        };
        if self.subscriptions >= self.capacity as usize {
            return Err(full);
        }
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
        let record = match record {
            Some(record) => record,
            None => self.add_record(filter, &trail).ok_or(full)?,
        };
        let place = match (place, share_name) {
            (Some(place), _) => place,
            (None, None) => Place {
                record,
                group: NONE,
            },
            (None, Some(share_name)) => self.add_group(record, share_name).ok_or(full)?,
        };
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
        let (share_name, filter) = (filter.share_name(), filter.filter());
        let trail = Trail::new(&self.hasher, filter);
        let record = self.record(filter, &trail)?;
        let place = self.place(record, share_name)?;
        let key_hash = hash::key(&self.hasher, key);
        let (value, nobody_left) = self.detach(place, key_hash, key)?;
        if nobody_left && let Some(record) = self.records.remove(place.record) {
            self.unlink(place.record, &record, &trail);
        }
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
            if let Some((_, true)) = self.detach(*place, key_hash, key)
                && let Some(record) = self.records.remove(place.record)
            {
                let trail = Trail::new(&self.hasher, record.filter());
                self.unlink(place.record, &record, &trail);
            }
        }
        places.len()
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
        let trail = Trail::new(&self.hasher, filter.filter());
        let record = self.record(filter.filter(), &trail)?;
        let place = self.place(record, filter.share_name())?;
        let key_hash = hash::key(&self.hasher, key);
        self.value_mut(place, key_hash, key)
    }

    fn value_mut(&mut self, place: Place, key_hash: u32, key: &K) -> Option<&mut V> {
        let members = match self.groups.get_mut(place.group) {
            Some(shares) => &mut shares.members,
            None => match &mut self.records.get_mut(place.record)?.subscribers {
                Subscribers::Nobody => return None,
                Subscribers::One((found, value)) => return (found == key).then_some(value),
                Subscribers::Many(many) => &mut many.plain,
            },
        };
        let at = members.find(key_hash, |(found, _)| found == key)?;
        members.get_mut(at).map(|(_, value)| value)
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

    /// Removes a subscriber from a record or from one of its groups; answers with the value, and whether the record
    /// has nobody left and is to be removed.
    fn detach(&mut self, place: Place, key_hash: u32, key: &K) -> Option<(V, bool)> {
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
            record.subscribers.take(key_hash, key, hash_of)?
        };
        let nobody_left = !record.subscribers.narrow();
        after = after.saturating_add(record.subscribers.heap_bytes());
        self.heap = replace_bytes(self.heap, before, after);
        self.subscriptions = self.subscriptions.saturating_sub(1);
        Some((pair.1, nobody_left))
    }

    /// Makes a record for a filter that has none, and leads lookups to it.
    fn add_record(&mut self, filter: TopicFilter<'_>, trail: &Trail) -> Option<u32> {
        let record = Record::new(filter);
        let text_bytes = record.text_bytes();
        let id = self.records.insert(record).ok()?;
        self.heap = self.heap.saturating_add(text_bytes);
        if !filter.has_wildcard() {
            self.exact.insert(hash::high(trail.end()), id);
            return Some(id);
        }
        let mut node = &mut self.root;
        for step in trail.steps() {
            match step.level {
                Some(level) => node.add_level(level),
                None => node.set_plus(true),
            }
            node = self.nodes.enter(step.path)?;
        }
        let head = node.head_mut(trail.hash);
        let next = core::mem::replace(head, id);
        if let Some(record) = self.records.get_mut(id) {
            record.next = next;
        }
        Some(id)
    }

    /// Takes a record that has left the slab out of where lookups find it.
    fn unlink(&mut self, id: u32, record: &Record<K, V>, trail: &Trail) {
        self.heap = replace_bytes(self.heap, record.text_bytes(), 0);
        if !record.filter().has_wildcard() {
            self.exact.remove(hash::high(trail.end()), id);
            return;
        }
        self.unchain(id, record.next, trail);
        let mut parent = hash::ROOT;
        for step in trail.steps() {
            let gone = self.nodes.leave(step.path);
            if gone && step.level.is_none() {
                let node = match parent {
                    hash::ROOT => Some(&mut self.root),
                    parent => self.nodes.get_mut(parent),
                };
                if let Some(node) = node {
                    node.set_plus(false);
                }
            }
            parent = step.path;
        }
        if self.nodes.is_empty() {
            self.root.forget_children();
        }
    }

    /// Takes a record out of the chain of its node.
    fn unchain(&mut self, id: u32, next: u32, trail: &Trail) {
        let node = match trail.end() {
            hash::ROOT => Some(&mut self.root),
            path => self.nodes.get_mut(path),
        };
        let Some(node) = node else { return };
        let head = node.head_mut(trail.hash);
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

    fn add_group(&mut self, record: u32, share_name: &str) -> Option<Place> {
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
        Some(Place { record, group })
    }
}

fn replace_bytes(total: usize, before: usize, after: usize) -> usize {
    total.saturating_sub(before).saturating_add(after)
}
