//! A subscription index that is read while it is written.
//!
//! There are two copies of the index. Readers use one; the [`Writer`] changes the other, swaps the two when it
//! [publishes](Writer::publish), and repeats the changes on the copy that the readers have left. Readers never wait,
//! neither for the writer nor for each other, and each [`Snapshot`] is one version from beginning to end. The price is
//! twice the memory and every change made twice; `DESIGN.md` says what else was weighed.
//!
//! ```
//! use topic_match::{SubscriptionIndex, TopicFilter, TopicName, snapshot};
//!
//! let (mut writer, reader) = snapshot::channel(SubscriptionIndex::new());
//! writer.insert(TopicFilter::new("a/+")?, "alice", 1)?;
//! let name = TopicName::new("a/b")?;
//! assert_eq!(reader.snapshot().matches(name).count(), 0);
//! writer.publish();
//! assert_eq!(reader.snapshot().matches(name).count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::ops::Deref;

use arc_swap::{ArcSwap, Guard};

use crate::{
    DefaultState, IndexFull, SubscriptionFilter, SubscriptionFilterBuf, SubscriptionIndex,
};

/// Makes an index readable while it is written.
#[must_use]
pub fn channel<K: Clone, V: Clone, S: Clone>(
    index: SubscriptionIndex<K, V, S>,
) -> (Writer<K, V, S>, Reader<K, V, S>) {
    let current = Arc::new(ArcSwap::from_pointee(index.clone()));
    let reader = Reader {
        current: Arc::clone(&current),
    };
    let writer = Writer {
        current,
        spare: Arc::new(index),
        lacking: Vec::new(),
        unpublished: Vec::new(),
    };
    (writer, reader)
}

/// The one who changes the index. Changes are seen by readers from the next [`publish`](Self::publish) on.
pub struct Writer<K, V, S = DefaultState> {
    current: Arc<ArcSwap<SubscriptionIndex<K, V, S>>>,
    /// The other copy, which new readers do not get.
    spare: Arc<SubscriptionIndex<K, V, S>>,
    /// Changes that `current` has and `spare` has not yet.
    lacking: Vec<Change<K, V>>,
    /// Changes that `spare` has and `current` has not yet.
    unpublished: Vec<Change<K, V>>,
}

enum Change<K, V> {
    Insert(SubscriptionFilterBuf, K, V),
    Remove(SubscriptionFilterBuf, K),
    RemoveKey(K),
}

/// What [`Writer::publish`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// Readers see every change.
    Now,
    /// Nothing had changed.
    Unchanged,
}

impl<K: Hash + Eq + Clone, V: Clone, S: BuildHasher + Clone> Writer<K, V, S> {
    /// As [`SubscriptionIndex::insert`].
    ///
    /// # Errors
    /// When the index is full.
    pub fn insert<'f>(
        &mut self,
        filter: impl Into<SubscriptionFilter<'f>>,
        key: K,
        value: V,
    ) -> Result<Option<V>, IndexFull> {
        let filter = filter.into();
        let before = self.index().insert(filter, key.clone(), value.clone())?;
        self.unpublished
            .push(Change::Insert(filter.to_buf(), key, value));
        Ok(before)
    }

    /// As [`SubscriptionIndex::remove`].
    ///
    /// ```
    /// # use topic_match::{SubscriptionIndex, TopicFilter, snapshot};
    /// let (mut writer, _) = snapshot::channel(SubscriptionIndex::new());
    /// writer.insert(TopicFilter::new("a")?, 7, "value")?;
    /// assert_eq!(writer.remove(TopicFilter::new("a")?, &7), Some("value"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove<'f>(&mut self, filter: impl Into<SubscriptionFilter<'f>>, key: &K) -> Option<V> {
        let filter = filter.into();
        let value = self.index().remove(filter, key)?;
        self.unpublished
            .push(Change::Remove(filter.to_buf(), key.clone()));
        Some(value)
    }

    /// As [`SubscriptionIndex::remove_key`].
    ///
    /// ```
    /// # use topic_match::{SubscriptionIndex, TopicFilter, snapshot};
    /// let (mut writer, _) = snapshot::channel(SubscriptionIndex::new());
    /// writer.insert(TopicFilter::new("a")?, 7, ())?;
    /// assert_eq!(writer.remove_key(&7), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_key(&mut self, key: &K) -> usize {
        let count = self.index().remove_key(key);
        if count > 0 {
            self.unpublished.push(Change::RemoveKey(key.clone()));
        }
        count
    }

    /// Shows every change so far to readers: a snapshot taken from now on has them all.
    ///
    /// It takes time in the number of changes since the last time but one. Only where a reader has kept a snapshot
    /// since then is the whole index copied, so that neither waits for the other: snapshots are meant to be held for
    /// a lookup or a batch of them, not for long.
    pub fn publish(&mut self) -> Published {
        if self.unpublished.is_empty() {
            return Published::Unchanged;
        }
        self.spare = self.current.swap(Arc::clone(&self.spare));
        self.lacking = core::mem::take(&mut self.unpublished);
        Published::Now
    }

    /// The spare copy with every change, cloned if a reader still holds it from before it was swapped out.
    fn index(&mut self) -> &mut SubscriptionIndex<K, V, S> {
        let index = Arc::make_mut(&mut self.spare);
        for change in self.lacking.drain(..) {
            change.repeat(index);
        }
        index
    }
}

impl<K, V, S> Writer<K, V, S> {
    /// A handle for one more reader.
    #[must_use]
    pub fn reader(&self) -> Reader<K, V, S> {
        Reader {
            current: Arc::clone(&self.current),
        }
    }
}

impl<K: Hash + Eq + Clone, V> Change<K, V> {
    /// Makes the change on the other copy. It went well on the first, which was the same before.
    fn repeat<S: BuildHasher>(self, index: &mut SubscriptionIndex<K, V, S>) {
        match self {
            Self::Insert(filter, key, value) => {
                let _: Result<Option<V>, IndexFull> = index.insert(&filter, key, value);
            }
            Self::Remove(filter, key) => {
                index.remove(&filter, &key);
            }
            Self::RemoveKey(key) => {
                index.remove_key(&key);
            }
        }
    }
}

/// One who reads the index. Cloning it is cheap; each thread may have its own.
pub struct Reader<K, V, S = DefaultState> {
    current: Arc<ArcSwap<SubscriptionIndex<K, V, S>>>,
}

impl<K, V, S> Reader<K, V, S> {
    /// The last published version, without waiting. It stays as it is while it is held.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot<K, V, S> {
        Snapshot {
            index: self.current.load(),
        }
    }
}

impl<K, V, S> Clone for Reader<K, V, S> {
    fn clone(&self) -> Self {
        Self {
            current: Arc::clone(&self.current),
        }
    }
}

/// One version of the index.
pub struct Snapshot<K, V, S = DefaultState> {
    index: Guard<Arc<SubscriptionIndex<K, V, S>>>,
}

impl<K, V, S> Deref for Snapshot<K, V, S> {
    type Target = SubscriptionIndex<K, V, S>;

    fn deref(&self) -> &Self::Target {
        &self.index
    }
}

impl<K, V, S> fmt::Debug for Writer<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("unpublished", &self.unpublished.len())
            .finish_non_exhaustive()
    }
}

impl<K, V, S> fmt::Debug for Reader<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl<K, V, S> fmt::Debug for Snapshot<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}
