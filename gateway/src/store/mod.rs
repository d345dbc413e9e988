//! What outlives the process: ordered tables behind a small trait, and a journal that commits in groups.
//!
//! - [`Store`] is what a database has to do: read, scan in order, and commit a [`Batch`] whole or not at all.
//!   [`MemoryStore`] forgets at the end, [`RedbStore`] keeps a file.
//! - [`Journal`] stands before a store. A write is handed in without waiting ([`Journal::submit`]) and gets a
//!   [`Ticket`]; one thread commits whatever has gathered in a single transaction; an acknowledgement leaves when its
//!   ticket is durable. Forcing a disk takes milliseconds whatever its size, so the group is what makes the rate.
//!
//! ```
//! use std::sync::Arc;
//! use thingwire::store::{Batch, Journal, JournalOptions, MemoryStore, Store, Table};
//!
//! let journal = Journal::start(Arc::new(MemoryStore::new()), JournalOptions::default())?;
//!
//! let ticket = journal.submit(Batch::new().put(Table::Retained, "demo/door", "open"))?;
//! // Readable at once, durable soon.
//! assert_eq!(journal.get(Table::Retained, b"demo/door")?.as_deref(), Some(&b"open"[..]));
//! journal.wait_blocking(ticket)?;
//! assert!(journal.durable() >= ticket);
//! # Ok::<(), thingwire::store::StoreError>(())
//! ```

mod batch;
mod error;
mod journal;
mod memory;
mod redb;
mod table;

pub use batch::{Batch, Guard, Write};
pub use error::{StoreError, StoreErrorKind};
pub use journal::{Journal, JournalOptions, JournalStatus, Ticket};
pub use memory::MemoryStore;
pub use redb::{RedbOptions, RedbStore};
pub use table::Table;

use bytes::Bytes;

/// A key with its value, in the order of keys.
pub type Entry = (Bytes, Bytes);

/// Ordered tables of byte strings with atomic batches.
///
/// Keys of a table are ordered byte by byte. Calls may block on the disk; asynchronous code goes through a [`Journal`]
/// or a thread of its own.
///
/// ```
/// use thingwire::store::{Batch, MemoryStore, Store, Table};
///
/// let store = MemoryStore::new();
/// store.commit(&Batch::new().put(Table::Thing, "pump", "{}").put(Table::Thing, "valve", "{}"))?;
///
/// let page = store.scan(Table::Thing, b"", Some(b"pump"), 10)?;
/// assert_eq!(page, [("valve".into(), "{}".into())]);
/// # Ok::<(), thingwire::store::StoreError>(())
/// ```
pub trait Store: Send + Sync + 'static {
    /// The value of a key.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError>;

    /// At most `limit` entries whose keys begin with `prefix` and come after `after`, in order.
    ///
    /// A page of fewer than `limit` entries is the last.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Writes all of a batch, or, when a guard does not hold, nothing.
    ///
    /// What it wrote has reached the disk when it returns `Ok`.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::GuardFailed`] names the first guard that did not hold; other kinds say that the store could
    /// not be written. Nothing of the batch is then to be relied on.
    fn commit(&self, batch: &Batch) -> Result<(), StoreError>;
}

impl<S: Store + ?Sized> Store for std::sync::Arc<S> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        (**self).get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        (**self).scan(table, prefix, after, limit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        (**self).commit(batch)
    }
}

/// Where a scan of `prefix` that continues after `after` begins.
fn lower_bound<'a>(prefix: &'a [u8], after: Option<&'a [u8]>) -> core::ops::Bound<&'a [u8]> {
    match after {
        Some(after) if after >= prefix => core::ops::Bound::Excluded(after),
        _ => core::ops::Bound::Included(prefix),
    }
}
