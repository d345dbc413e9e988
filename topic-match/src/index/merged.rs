use core::hash::{BuildHasher, Hash};

use super::roster::Roster;
use super::{DefaultState, Match, Subscriber, SubscriptionIndex, hash};
use crate::TopicName;

/// One result per key, where several subscriptions of a key match a name.
///
/// A client whose filters overlap may be sent a message once, with the highest QoS of them and all their subscription
/// identifiers (MQTT 5.0 §3.3.4). What a result is and how two become one is the caller's: here, the granted QoS and
/// identifiers.
///
/// ```
/// use topic_match::{Merged, SubscriptionIndex, TopicFilter, TopicName};
///
/// let mut index = SubscriptionIndex::new();
/// index.insert(TopicFilter::new("a/#")?, "alice", (0, 11))?;
/// index.insert(TopicFilter::new("a/+")?, "alice", (2, 12))?;
/// index.insert(TopicFilter::new("a/b")?, "bob", (1, 13))?;
///
/// // Keeps its memory from one lookup to the next.
/// let mut merged: Merged<&str, (u8, Vec<u32>)> = Merged::new();
/// merged.collect(&index, TopicName::new("a/b")?, |before, subscriber| {
///     let (qos, identifier) = *subscriber.value;
///     let (highest, mut identifiers) = before.unwrap_or_default();
///     identifiers.push(identifier);
///     (qos.max(highest), identifiers)
/// });
/// for (key, (qos, mut identifiers)) in merged.drain() {
///     identifiers.sort();
///     match key {
///         "alice" => assert_eq!((qos, identifiers), (2, vec![11, 12])),
///         _ => assert_eq!((qos, identifiers), (1, vec![13])),
///     }
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Merged<K, A, S = DefaultState> {
    results: Roster<(K, Option<A>)>,
    hasher: S,
}

impl<K, A> Merged<K, A> {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_hasher(DefaultState::default())
    }
}

impl<K, A, S: Default> Default for Merged<K, A, S> {
    fn default() -> Self {
        Self::with_hasher(S::default())
    }
}

impl<K, A, S> Merged<K, A, S> {
    /// Nothing yet, with a hasher of the caller's.
    #[must_use]
    pub const fn with_hasher(hasher: S) -> Self {
        Self {
            results: Roster::new(),
            hasher,
        }
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.results.as_slice().len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.results.as_slice().is_empty()
    }

    /// The results by key, in the order in which the keys came.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &A)> {
        let results = self.results.as_slice().iter();
        results.filter_map(|(key, result)| Some((key, result.as_ref()?)))
    }

    /// Forgets the results and keeps the memory.
    pub fn clear(&mut self) {
        self.results.clear();
    }

    /// Takes the results, in the order in which their keys came, and keeps the memory; what is not taken is dropped.
    pub fn drain(&mut self) -> impl Iterator<Item = (K, A)> {
        self.results
            .drain()
            .filter_map(|(key, result)| Some((key, result?)))
    }
}

impl<K: Hash + Eq + Clone, A, S: BuildHasher> Merged<K, A, S> {
    /// Adds to the result of a key: `merge` gets the result so far, if there is one.
    ///
    /// This is how the chosen member of a shared subscription joins the others, if it is to.
    ///
    /// ```
    /// use topic_match::Merged;
    ///
    /// let mut merged: Merged<&str, u32> = Merged::new();
    /// merged.add(&"alice", |before| before.unwrap_or(0) + 1);
    /// merged.add(&"alice", |before| before.unwrap_or(0) + 1);
    /// assert_eq!(merged.iter().next(), Some((&"alice", &2)));
    /// ```
    pub fn add(&mut self, key: &K, merge: impl FnOnce(Option<A>) -> A) {
        let hash = hash::key(&self.hasher, key);
        match self.results.find(hash, |(found, _)| found == key) {
            Some(at) => {
                if let Some((_, result)) = self.results.get_mut(at) {
                    *result = Some(merge(result.take()));
                }
            }
            None => {
                let hasher = &self.hasher;
                self.results
                    .push((key.clone(), Some(merge(None))), |(key, _)| {
                        hash::key(hasher, key)
                    });
            }
        }
    }

    /// Replaces the results by those of a lookup; shared subscriptions, whose member the caller chooses, are left out.
    pub fn collect<V, T: BuildHasher>(
        &mut self,
        index: &SubscriptionIndex<K, V, T>,
        name: TopicName<'_>,
        mut merge: impl FnMut(Option<A>, Subscriber<'_, K, V>) -> A,
    ) {
        self.clear();
        for one in index.matches(name) {
            if let Match::Subscriber(subscriber) = one {
                self.add(subscriber.key, |before| merge(before, subscriber));
            }
        }
    }
}
