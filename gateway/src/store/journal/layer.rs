//! Writes on their way to the store, the latest of each key.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::store::batch::footprint;
use crate::store::{Batch, Entry, StoreError, Table, Write, lower_bound};

type Writes = BTreeMap<Bytes, Option<Bytes>>;

/// What a key will hold when the layer is committed, `None` where it will be gone.
#[derive(Debug, Default)]
pub(super) struct Layer {
    tables: BTreeMap<Table, Writes>,
}

impl Layer {
    /// Adds a write; returns the footprint of the one that it replaces.
    pub(super) fn insert(&mut self, write: Write) -> usize {
        let Write { table, key, value } = write;
        let length = key.len();
        let replaced = self.tables.entry(table).or_default().insert(key, value);
        replaced.map_or(0, |value| {
            footprint(&Bytes::new(), value.as_ref()).saturating_add(length)
        })
    }

    pub(super) fn get(&self, table: Table, key: &[u8]) -> Option<&Option<Bytes>> {
        self.tables.get(&table)?.get(key)
    }

    /// Adds to `found` what this layer says of a scan's range, where nothing newer has spoken.
    pub(super) fn gather(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        found: &mut Writes,
    ) {
        let Some(writes) = self.tables.get(&table) else {
            return;
        };
        let range = (lower_bound(prefix, after), core::ops::Bound::Unbounded);
        for (key, value) in writes
            .range::<[u8], _>(range)
            .take_while(|(key, _)| key.starts_with(prefix))
        {
            if !found.contains_key(key) {
                found.insert(key.clone(), value.clone());
            }
        }
    }

    pub(super) fn footprint(&self) -> usize {
        self.tables
            .values()
            .flatten()
            .map(|(key, value)| footprint(key, value.as_ref()))
            .fold(0, usize::saturating_add)
    }

    /// The layer as one batch, ordered by table and key.
    pub(super) fn to_batch(&self) -> Batch {
        let mut writes = Vec::with_capacity(self.tables.values().map(BTreeMap::len).sum());
        for (&table, entries) in &self.tables {
            writes.extend(entries.iter().map(|(key, value)| Write {
                table,
                key: key.clone(),
                value: value.clone(),
            }));
        }
        Batch::from_writes(writes)
    }
}

/// A page of a scan: the store's entries with what is on the way laid over them.
///
/// `read` reads at most `limit` entries of the store after a key.
pub(super) fn merge(
    overlay: Writes,
    after: Option<&[u8]>,
    limit: usize,
    mut read: impl FnMut(Option<&[u8]>) -> Result<Vec<Entry>, StoreError>,
) -> Result<Vec<Entry>, StoreError> {
    let mut overlay = overlay.into_iter().peekable();
    let mut found: Vec<Entry> = Vec::new();
    let mut after = after.map(Bytes::copy_from_slice);
    loop {
        let page = read(after.as_deref())?;
        let last_page = page.len() < limit;
        after = page.last().map(|(key, _)| key.clone());
        for (key, value) in page {
            while let Some((newer, value)) = overlay.next_if(|(newer, _)| *newer < key) {
                found.extend(value.map(|value| (newer, value)));
            }
            match overlay.next_if(|(newer, _)| *newer == key) {
                Some((newer, value)) => found.extend(value.map(|value| (newer, value))),
                None => found.push((key, value)),
            }
        }
        if last_page {
            found.extend(overlay.filter_map(|(key, value)| Some((key, value?))));
            found.truncate(limit);
            return Ok(found);
        }
        if found.len() >= limit {
            found.truncate(limit);
            return Ok(found);
        }
    }
}
