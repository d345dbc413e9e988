//! Writes that happen together.

use bytes::Bytes;

use super::Table;

/// One write: a value to put, or `None` to delete the key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Write {
    /// The table.
    pub table: Table,
    /// The key.
    pub key: Bytes,
    /// The new value; `None` deletes.
    pub value: Option<Bytes>,
}

impl Write {
    /// What a write that waits is counted as: its bytes and the structures around them.
    pub(super) fn footprint(&self) -> usize {
        footprint(&self.key, self.value.as_ref())
    }
}

pub(super) fn footprint(key: &Bytes, value: Option<&Bytes>) -> usize {
    // Two handles of 32 bytes and their place in a tree or list.
    const OVERHEAD: usize = 96;
    OVERHEAD
        .saturating_add(key.len())
        .saturating_add(value.map_or(0, Bytes::len))
}

/// What a key must hold for its batch to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guard {
    /// The table.
    pub table: Table,
    /// The key.
    pub key: Bytes,
    /// The value that must be there; `None`: the key must be absent.
    pub value: Option<Bytes>,
}

/// Writes that happen all or not at all, and what must hold for them to happen.
///
/// Of two writes to one key the later wins. Guards look at the state before the batch.
///
/// ```
/// use thingwire::store::{Batch, MemoryStore, Store, StoreErrorKind, Table};
///
/// let store = MemoryStore::new();
/// // Only when there is no such thing yet.
/// let create = Batch::new().expect(Table::Thing, "pump", None).put(Table::Thing, "pump", "{}");
/// store.commit(&create)?;
/// let again = store.commit(&create).unwrap_err();
/// assert!(matches!(again.kind(), StoreErrorKind::GuardFailed { table: Table::Thing, .. }));
/// # Ok::<(), thingwire::store::StoreError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    writes: Vec<Write>,
    guards: Vec<Guard>,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            writes: Vec::new(),
            guards: Vec::new(),
        }
    }

    /// Adds a value to put.
    #[must_use]
    pub fn put(mut self, table: Table, key: impl Into<Bytes>, value: impl Into<Bytes>) -> Self {
        self.push(table, key, Some(value.into()));
        self
    }

    /// Adds a key to delete; a key that is not there is no error.
    #[must_use]
    pub fn delete(mut self, table: Table, key: impl Into<Bytes>) -> Self {
        self.push(table, key, None);
        self
    }

    /// Adds a write in place: `None` deletes.
    pub fn push(&mut self, table: Table, key: impl Into<Bytes>, value: Option<Bytes>) {
        self.writes.push(Write {
            table,
            key: key.into(),
            value,
        });
    }

    /// Adds a guard: the batch is written only when the key holds this value, or, for `None`, is absent.
    #[must_use]
    pub fn expect(mut self, table: Table, key: impl Into<Bytes>, value: Option<Bytes>) -> Self {
        self.guards.push(Guard {
            table,
            key: key.into(),
            value,
        });
        self
    }

    /// The writes in the order in which they were added.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The guards in the order in which they were added.
    #[must_use]
    pub fn guards(&self) -> &[Guard] {
        &self.guards
    }

    /// True when nothing is written and nothing guarded.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.guards.is_empty()
    }

    /// Takes over the writes and guards of another batch, after its own.
    pub fn append(&mut self, mut other: Self) {
        self.writes.append(&mut other.writes);
        self.guards.append(&mut other.guards);
    }

    pub(super) fn footprint(&self) -> usize {
        self.writes
            .iter()
            .map(Write::footprint)
            .fold(0, usize::saturating_add)
    }

    pub(super) fn into_parts(self) -> (Vec<Write>, Vec<Guard>) {
        (self.writes, self.guards)
    }

    pub(super) const fn from_writes(writes: Vec<Write>) -> Self {
        Self {
            writes,
            guards: Vec::new(),
        }
    }
}

impl Guard {
    /// The guard against what the key holds.
    pub(super) fn check(&self, found: Option<&[u8]>) -> Result<(), super::StoreError> {
        if found == self.value.as_deref() {
            Ok(())
        } else {
            Err(super::StoreError::guard_failed(
                self.table,
                self.key.clone(),
            ))
        }
    }
}
