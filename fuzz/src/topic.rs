//! Topic matching as the standard has it, written as plainly as can be, and indexes that are lists.

use std::collections::{BTreeMap, BTreeSet};

use topic_match::{
    Cursor, Match, PageLimit, RetainedIndex, SubscriptionFilter, SubscriptionIndex, TopicFilter,
    TopicName,
};

/// A filter and a name, separated by the first line feed.
pub fn pair(data: &[u8]) -> Option<(&str, &str)> {
    core::str::from_utf8(data).ok()?.split_once('\n')
}

/// MQTT 5.0 §4.7.1 and §4.7.3.
pub fn is_filter(text: &str) -> bool {
    let levels: Vec<&str> = text.split('/').collect();
    is_text(text)
        && levels.iter().enumerate().all(|(at, level)| match *level {
            "#" => at + 1 == levels.len(),
            "+" => true,
            literal => !literal.contains(['+', '#']),
        })
}

/// MQTT 5.0 §4.7.3 and [MQTT-4.7.0-1].
pub fn is_name(text: &str) -> bool {
    is_text(text) && !text.contains(['+', '#'])
}

fn is_text(text: &str) -> bool {
    !text.is_empty() && text.len() <= 65_535 && !text.contains('\0')
}

/// MQTT 5.0 §4.7, for a valid filter and a valid name.
pub fn matches(filter: &str, name: &str, hash_matches_parent: bool) -> bool {
    if name.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let filter: Vec<&str> = filter.split('/').collect();
    let name: Vec<&str> = name.split('/').collect();
    for (at, level) in filter.iter().enumerate() {
        match *level {
            "#" => return name.len() > at || (hash_matches_parent && name.len() == at),
            "+" if at < name.len() => {}
            literal if at < name.len() && literal == name[at] => {}
            _ => return false,
        }
    }
    filter.len() == name.len()
}

/// The indexes, and lists of what should be in them.
#[derive(Default)]
pub struct Lists {
    index: SubscriptionIndex<u8, u32>,
    subscriptions: BTreeMap<(String, u8), u32>,
    retained: RetainedIndex<u32>,
    names: BTreeMap<String, u32>,
    operations: u32,
}

impl Lists {
    /// One operation: the low bits say which, the high bits the key.
    pub fn apply(&mut self, operation: u8, text: &str) {
        self.operations += 1;
        let (kind, key, value) = (operation % 8, operation / 32, self.operations);
        if let Ok(filter) = SubscriptionFilter::new(text) {
            match kind {
                0..=2 => assert_eq!(
                    self.index.insert(filter, key, value).ok(),
                    Some(self.subscriptions.insert((text.to_owned(), key), value))
                ),
                3 => assert_eq!(
                    self.index.remove(filter, &key),
                    self.subscriptions.remove(&(text.to_owned(), key))
                ),
                4 => {
                    let before = self.subscriptions.len();
                    self.subscriptions.retain(|(_, found), _| *found != key);
                    assert_eq!(
                        self.index.remove_key(&key),
                        before - self.subscriptions.len()
                    );
                }
                _ => self.query(filter.filter()),
            }
        }
        if let Ok(name) = TopicName::new(text) {
            match kind {
                0..=3 => assert_eq!(
                    self.retained.insert(name, value).ok(),
                    Some(self.names.insert(text.to_owned(), value))
                ),
                4 => assert_eq!(self.retained.remove(name), self.names.remove(text)),
                _ => self.look_up(name),
            }
        }
        assert_eq!(self.index.len(), self.subscriptions.len());
        assert_eq!(self.retained.len(), self.names.len());
    }

    fn look_up(&self, name: TopicName<'_>) {
        let mut found = BTreeSet::new();
        for one in self.index.matches(name) {
            match one {
                Match::Subscriber(one) => {
                    assert!(found.insert((one.filter.to_string(), *one.key, *one.value)));
                }
                Match::Group(group) => {
                    for (key, value) in group.members() {
                        let text = format!("$share/{}/{}", group.share_name, group.filter);
                        assert!(found.insert((text, *key, *value)));
                    }
                }
            }
        }
        let expected = self.subscriptions.iter().filter(|((text, _), _)| {
            let inner = SubscriptionFilter::new(text).map(|filter| filter.filter());
            inner.is_ok_and(|inner| matches(inner.as_str(), name.as_str(), true))
        });
        let expected = expected.map(|((text, key), value)| (text.clone(), *key, *value));
        assert_eq!(found, expected.collect());
    }

    fn query(&self, filter: TopicFilter<'_>) {
        let limit = PageLimit::results(2).with_visits(3);
        let (mut cursor, mut found) = (Cursor::new(), BTreeMap::new());
        while !cursor.is_complete() {
            self.retained
                .page(filter, &mut cursor, limit, |name, value| {
                    assert_eq!(found.insert(name.to_string(), *value), None);
                });
        }
        let mut expected = self.names.clone();
        expected.retain(|name, _| matches(filter.as_str(), name, true));
        assert_eq!(found, expected);
    }

    /// Everything removed, nothing is left.
    pub fn end(mut self) {
        let empty = SubscriptionIndex::<u8, u32>::default().memory_bytes();
        for key in 0..8 {
            self.index.remove_key(&key);
        }
        assert!(self.index.is_empty());
        assert_eq!(self.index.memory_bytes(), empty);
    }
}
