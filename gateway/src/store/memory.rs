//! A store that forgets.

use std::collections::BTreeMap;

use bytes::Bytes;
use parking_lot::RwLock;

use super::{Batch, Entry, Store, StoreError, Table, lower_bound};

type Tables = BTreeMap<Table, BTreeMap<Bytes, Bytes>>;

/// A store in memory, for tests and for gateways that need not remember.
///
/// ```
/// use thingwire::store::{Batch, MemoryStore, Store, Table};
///
/// let store = MemoryStore::new();
/// store.commit(&Batch::new().put(Table::Shadow, "pump", "{}"))?;
/// assert_eq!(store.get(Table::Shadow, b"pump")?.as_deref(), Some(&b"{}"[..]));
/// # Ok::<(), thingwire::store::StoreError>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: RwLock<Tables>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        let tables = self.tables.read();
        Ok(tables
            .get(&table)
            .and_then(|entries| entries.get(key))
            .cloned())
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let tables = self.tables.read();
        let Some(entries) = tables.get(&table) else {
            return Ok(Vec::new());
        };
        Ok(entries
            .range::<[u8], _>((lower_bound(prefix, after), core::ops::Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(limit)
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect())
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut tables = self.tables.write();
        for guard in batch.guards() {
            let found = tables
                .get(&guard.table)
                .and_then(|entries| entries.get(&guard.key));
            guard.check(found.map(|value| &**value))?;
        }
        for write in batch.writes() {
            let entries = tables.entry(write.table).or_default();
            match &write.value {
                Some(value) => entries.insert(write.key.clone(), value.clone()),
                None => entries.remove(&write.key),
            };
        }
        Ok(())
    }
}
