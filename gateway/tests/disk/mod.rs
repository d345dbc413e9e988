//! A disk for tests: a store in memory behind a gate that the test opens and shuts.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use thingwire::store::{Batch, Entry, MemoryStore, Store, StoreError, Table};

/// A disk with a gate: commits wait while it is shut, and fail while it is broken.
#[derive(Default)]
pub(crate) struct Disk {
    content: MemoryStore,
    shut: Mutex<bool>,
    opened: Condvar,
    pub(crate) broken: AtomicBool,
    pub(crate) commits: AtomicUsize,
    pub(crate) attempts: AtomicUsize,
}

impl Disk {
    pub(crate) fn shut(&self) {
        *self.shut.lock() = true;
    }

    pub(crate) fn open(&self) {
        *self.shut.lock() = false;
        self.opened.notify_all();
    }
}

impl Store for Disk {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.content.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.content.scan(table, prefix, after, limit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        let mut shut = self.shut.lock();
        while *shut {
            self.opened.wait(&mut shut);
        }
        drop(shut);
        if self.broken.load(Ordering::SeqCst) {
            return Err(no_space());
        }
        self.content.commit(batch)?;
        self.commits.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

/// The error of a full disk, as the store in a file makes it of the operating system's.
fn no_space() -> StoreError {
    StoreError::from(std::io::Error::from(std::io::ErrorKind::StorageFull))
}
