use core::hash::BuildHasher;
use core::iter::FusedIterator;
use core::slice;

use super::nodes::Node;
use super::record::{Record, Shares};
use super::spill::Spill;
use super::{NONE, SubscriptionIndex, hash};
use crate::{TopicFilter, TopicName};

/// Names of up to this many levels are looked up without allocation.
const LEVELS: usize = 16;

/// Something that a name matched.
#[derive(Clone, Copy, Debug)]
pub enum Match<'i, K, V> {
    /// A subscription without share name.
    Subscriber(Subscriber<'i, K, V>),
    /// The members of one share name on one filter, of whom one gets the message.
    Group(Group<'i, K, V>),
}

/// A subscription that a name matched.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Subscriber<'i, K, V> {
    /// The filter that matched.
    pub filter: TopicFilter<'i>,
    /// Who subscribes.
    pub key: &'i K,
    /// What belongs to the subscription.
    pub value: &'i V,
}

/// A shared subscription that a name matched.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Group<'i, K, V> {
    /// The share name.
    pub share_name: &'i str,
    /// The filter that matched, without `$share/<name>/`.
    pub filter: TopicFilter<'i>,
    members: &'i [(K, V)],
}

impl<'i, K, V> Group<'i, K, V> {
    /// The members, at least one, in an order that changes only when a member leaves: any of them can be taken by
    /// position.
    ///
    /// ```
    /// use topic_match::{Match, SubscriptionFilter, SubscriptionIndex, TopicName};
    ///
    /// let mut index = SubscriptionIndex::new();
    /// for worker in ["w1", "w2", "w3"] {
    ///     index.insert(SubscriptionFilter::new("$share/pool/jobs")?, worker, ())?;
    /// }
    /// let message_number = 7;
    /// for one in index.matches(TopicName::new("jobs")?) {
    ///     let Match::Group(group) = one else { continue };
    ///     let members = group.members();
    ///     assert_eq!(members[message_number % members.len()].0, "w2");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn members(&self) -> &'i [(K, V)] {
        self.members
    }
}

/// How a lookup with a budget went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookup {
    /// How it ended.
    pub outcome: Outcome,
    /// How many nodes and filters it looked at; subscribers are not counted.
    pub visited: usize,
}

/// How a lookup ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything that the name matches was visited.
    Complete,
    /// The budget ran out before.
    Exhausted,
    /// The visitor broke off.
    Stopped,
}

/// What a name matches: made by [`SubscriptionIndex::matches`].
#[derive(Clone, Debug)]
pub struct Matches<'i, 'n, K, V, S> {
    index: &'i SubscriptionIndex<K, V, S>,
    name: TopicName<'n>,
    /// The hash of each level of the name.
    levels: Spill<u64, LEVELS>,
    /// Paths that are still to be followed, each with the number of levels it has.
    paths: Spill<Path, LEVELS>,
    /// Where the filter without wildcards is looked for, until it has been.
    exact: Option<u32>,
    /// The records that the last node leads to: those that end there, and those that end there with `/#`.
    chains: [u32; 2],
    filter: TopicFilter<'i>,
    subscribers: slice::Iter<'i, (K, V)>,
    groups: slice::Iter<'i, u32>,
    visited: usize,
    budget: usize,
    exhausted: bool,
}

#[derive(Clone, Copy, Debug)]
struct Path {
    hash: u64,
    levels: u32,
    is_at_home: bool,
}

impl<'i, 'n, K, V, S: BuildHasher> Matches<'i, 'n, K, V, S> {
    #[inline]
    pub(super) fn new(
        index: &'i SubscriptionIndex<K, V, S>,
        name: TopicName<'n>,
        budget: usize,
    ) -> Self {
        let mut matches = Self {
            index,
            name,
            levels: Spill::new(0),
            paths: Spill::new(Path {
                hash: 0,
                levels: 0,
                is_at_home: false,
            }),
            exact: None,
            chains: [NONE; 2],
            filter: TopicFilter::trusted("", 0),
            subscribers: slice::Iter::default(),
            groups: slice::Iter::default(),
            visited: 0,
            budget,
            exhausted: false,
        };
        if index.rules.delivers(name.as_str().as_bytes()) {
            let mut path = hash::ROOT;
            for level in name.as_str().as_bytes().split(|byte| *byte == b'/') {
                let level = hash::level(&index.hasher, level);
                path = hash::literal_child(path, level);
                matches.levels.push(level);
            }
            matches.exact = Some(hash::high(path));
            matches.follow(&index.root, 0);
        }
        matches
    }

    /// Ends the iteration once `nodes` nodes and filters have been looked at;
    /// [`is_exhausted`](Self::is_exhausted) tells then that there may be more.
    ///
    /// Where strangers choose the filters, a budget bounds the work that one message costs: 2ⁿ filters of `a` and `+`
    /// on n levels all lie in the way of one name.
    ///
    /// ```
    /// use topic_match::{SubscriptionIndex, TopicFilter, TopicName};
    ///
    /// let mut index = SubscriptionIndex::new();
    /// for filter in ["+/+/+", "a/+/+", "+/a/+", "+/+/a", "a/a/+", "a/+/a", "+/a/a", "a/a/a"] {
    ///     index.insert(TopicFilter::new(filter)?, 1, ())?;
    /// }
    /// let name = TopicName::new("a/a/b")?;
    /// let mut few = index.matches(name).with_budget(5);
    /// assert!(few.by_ref().count() < 4);
    /// assert!(few.is_exhausted());
    /// assert_eq!(index.matches(name).count(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn with_budget(mut self, nodes: usize) -> Self {
        self.budget = nodes;
        self
    }

    /// How many nodes and filters have been looked at so far.
    #[must_use]
    pub const fn visited(&self) -> usize {
        self.visited
    }

    /// Whether the iteration ended because the budget ran out.
    #[must_use]
    pub const fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Notes what a node leads to that the name's first `levels` levels led to.
    #[inline]
    fn follow(&mut self, node: &Node, levels: u32) {
        let index = self.index;
        // MQTT 5.0 §4.7.2 [MQTT-4.7.2-1]: leading wildcards do not see `$`.
        let hidden = levels == 0 && self.name.begins_with_dollar();
        match self.levels.get(levels as usize) {
            Some(level) => {
                self.chains = [NONE, if hidden { NONE } else { node.hash_end }];
                let levels = levels.wrapping_add(1);
                let mut push = |hash| {
                    self.paths.push(Path {
                        hash,
                        levels,
                        is_at_home: index.nodes.is_at_home(hash),
                    });
                };
                if node.has_plus() && !hidden {
                    push(hash::plus_child(node.path));
                }
                if node.may_have(level) {
                    push(hash::literal_child(node.path, level));
                }
            }
            None => {
                let parent = index.rules.hash_matches_parent;
                self.chains = [node.end, if parent { node.hash_end } else { NONE }];
            }
        }
    }

    /// The next record whose filter matches the name.
    fn next_record(&mut self) -> Option<&'i Record<K, V>> {
        let index = self.index;
        let name = self.name.as_str();
        loop {
            let [end, hash_end] = &mut self.chains;
            let chain = if *end == NONE { hash_end } else { end };
            if let Some(record) = index.records.get(*chain) {
                *chain = record.next;
                self.spend()?;
                // Hashes led here: the text decides.
                if record.filter().matches_with(self.name, index.rules) {
                    return Some(record);
                }
            } else if let Some(path) = self.paths.pop() {
                self.spend()?;
                if let Some(node) = index.nodes.get(path.hash, path.is_at_home) {
                    self.follow(node, path.levels);
                }
            } else {
                let hash = self.exact.take()?;
                self.spend()?;
                let is = |id| {
                    let record = index.records.get(id);
                    record.is_some_and(|record| record.filter() == *name)
                };
                return index
                    .exact
                    .find(hash, is)
                    .and_then(|id| index.records.get(id));
            }
        }
    }

    /// Counts a visit, or ends the iteration where the budget has none left.
    #[inline]
    fn spend(&mut self) -> Option<()> {
        if self.visited >= self.budget {
            self.exhausted = true;
            self.chains = [NONE; 2];
            self.exact = None;
            while self.paths.pop().is_some() {}
            return None;
        }
        self.visited = self.visited.wrapping_add(1);
        Some(())
    }

    fn group(&self, shares: &'i Shares<K, V>) -> Group<'i, K, V> {
        Group {
            share_name: &shares.share_name,
            filter: self.filter,
            members: shares.members.as_slice(),
        }
    }
}

impl<'i, K, V, S: BuildHasher> Iterator for Matches<'i, '_, K, V, S> {
    type Item = Match<'i, K, V>;

    #[inline]
    fn next(&mut self) -> Option<Match<'i, K, V>> {
        loop {
            if let Some((key, value)) = self.subscribers.next() {
                let filter = self.filter;
                return Some(Match::Subscriber(Subscriber { filter, key, value }));
            }
            if let Some(id) = self.groups.next()
                && let Some(shares) = self.index.groups.get(*id)
            {
                return Some(Match::Group(self.group(shares)));
            }
            let record = self.next_record()?;
            self.filter = record.filter();
            self.subscribers = record.subscribers.plain().iter();
            self.groups = record.subscribers.groups().iter();
        }
    }
}

impl<K, V, S: BuildHasher> FusedIterator for Matches<'_, '_, K, V, S> {}
