use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use arc_swap::ArcSwap;

use super::{LookupFailed, Owner, Record, Registry, Status};
use crate::id::CertificateId;

/// A registry in memory, at 64 bytes a certificate or less.
///
/// Certificates lie sorted in small blocks. Looking one up reads one block; changing one moves at most one; a reload builds a
/// new set aside and puts it in place by one pointer. Owners and CAs are kept once each.
///
/// ```
/// use tls_auth::{CertificateId, Entry, MemoryRegistry, Owner, Record, Registry, Status};
///
/// let id = CertificateId::of(b"DER");
/// let registry = MemoryRegistry::new();
/// registry.insert(id, &Record::new(Status::Active, Owner::new("acme")))?;
/// registry.set_status(&id, Status::Revoked)?;
/// assert_eq!(registry.find(&id)?.map(|record| record.status()), Some(Status::Revoked));
///
/// // A reload replaces everything at once, or nothing when the source fails half-way.
/// registry.reload([Entry::new(id, Record::new(Status::Active, Owner::new("acme")))])?;
/// assert_eq!(registry.len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MemoryRegistry {
    table: ArcSwap<Table>,
    /// Held by whoever changes something, never by a lookup.
    writer: Mutex<()>,
}

/// A certificate and what is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    id: CertificateId,
    record: Record,
}

impl Entry {
    /// What is known about the certificate called `id`.
    #[must_use]
    pub fn new(id: CertificateId, record: Record) -> Self {
        Self { id, record }
    }
}

/// A change that was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryError {
    /// The certificate is registered already.
    Exists,
    /// The certificate is not registered.
    Missing,
    /// An active certificate cannot be deleted.
    Active,
    /// There are more owners or CAs than 2³² - 1.
    Full,
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Exists => "the certificate is registered already",
            Self::Missing => "the certificate is not registered",
            Self::Active => {
                "the certificate is active; it must be taken out of use before it is deleted"
            }
            Self::Full => "the registry holds as many owners and CAs as it can",
        })
    }
}

impl core::error::Error for RegistryError {}

/// 41 bytes of content.
#[derive(Clone, Copy, Debug)]
struct Row {
    id: CertificateId,
    owner: u32,
    /// 0 for none.
    authority: u32,
    status: Status,
}

#[derive(Debug)]
struct Table {
    /// How far a prefix is shifted to give its block.
    shift: u32,
    blocks: Box<[RwLock<Vec<Row>>]>,
    words: RwLock<Words>,
}

/// Owners and CAs, by number and by value.
#[derive(Clone, Debug, Default)]
struct Words {
    owners: Vec<Owner>,
    owner_numbers: BTreeMap<Owner, u32>,
    authorities: Vec<CertificateId>,
    authority_numbers: BTreeMap<CertificateId, u32>,
}

/// How many certificates a block holds when the table is made, on average.
const BLOCK: usize = 64;
/// From how many on the table is made anew with more blocks.
const FULL_BLOCK: usize = 512;

/// A lock is poisoned only by a panic, and nothing here panics while it holds one.
fn held<T>(result: Result<T, PoisonError<T>>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}

impl Words {
    fn row(&mut self, id: CertificateId, record: &Record) -> Result<Row, RegistryError> {
        let owner = match self.owner_numbers.get(record.owner()) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.owners.len()).map_err(|_| RegistryError::Full)?;
                self.owners.push(record.owner().clone());
                self.owner_numbers.insert(record.owner().clone(), number);
                number
            }
        };
        let authority = match record.authority() {
            None => 0,
            Some(authority) => match self.authority_numbers.get(&authority) {
                Some(number) => *number,
                None => {
                    self.authorities.push(authority);
                    let number =
                        u32::try_from(self.authorities.len()).map_err(|_| RegistryError::Full)?;
                    self.authority_numbers.insert(authority, number);
                    number
                }
            },
        };
        Ok(Row {
            id,
            owner,
            authority,
            status: record.status(),
        })
    }

    fn record(&self, row: &Row) -> Option<Record> {
        let owner = self.owners.get(usize::try_from(row.owner).ok()?)?;
        let record = Record::new(row.status, owner.clone());
        let Some(number) = row.authority.checked_sub(1) else {
            return Some(record);
        };
        let authority = self.authorities.get(usize::try_from(number).ok()?)?;
        Some(record.with_authority(*authority))
    }
}

impl Table {
    fn of(rows: &[Row], words: Words) -> Self {
        let blocks = Self::blocks_of(rows.len());
        let shift = 64_u32.saturating_sub(blocks.trailing_zeros());
        let mut sorted = rows;
        let blocks = (0..blocks)
            .map(|block| {
                // Rows are sorted by id, and so by block.
                let end = sorted.partition_point(|row| Self::block_of(row.id, shift) <= block);
                let (own, rest) = sorted.split_at_checked(end).unwrap_or((sorted, &[]));
                sorted = rest;
                RwLock::new(own.to_vec())
            })
            .collect();
        Self {
            shift,
            blocks,
            words: RwLock::new(words),
        }
    }

    /// How many blocks so many certificates lie in, a power of two.
    fn blocks_of(certificates: usize) -> usize {
        certificates
            .div_euclid(BLOCK)
            .clamp(1, 1 << 20)
            .next_power_of_two()
    }

    fn len(&self) -> usize {
        self.blocks
            .iter()
            .map(|block| held(block.read()).len())
            .sum()
    }

    fn block_of(id: CertificateId, shift: u32) -> usize {
        // All bits are shifted out when there is one block.
        let block = id.prefix().checked_shr(shift).unwrap_or(0);
        usize::try_from(block).unwrap_or(0)
    }

    fn block(&self, id: &CertificateId) -> Option<&RwLock<Vec<Row>>> {
        self.blocks.get(Self::block_of(*id, self.shift))
    }

    fn find(&self, id: &CertificateId) -> Option<Row> {
        let rows = held(self.block(id)?.read());
        let index = rows.binary_search_by_key(id, |row| row.id).ok()?;
        rows.get(index).copied()
    }
}

impl Default for MemoryRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryRegistry {
    /// A registry of nobody.
    #[must_use]
    pub fn new() -> Self {
        Self {
            table: ArcSwap::from_pointee(Table::of(&[], Words::default())),
            writer: Mutex::new(()),
        }
    }

    fn write(&self) -> MutexGuard<'_, ()> {
        held(self.writer.lock())
    }

    /// Registers a certificate.
    ///
    /// # Errors
    /// [`RegistryError::Exists`] when it is registered already, with whatever status.
    pub fn insert(&self, id: CertificateId, record: &Record) -> Result<(), RegistryError> {
        let _writer = self.write();
        let table = self.table.load_full();
        if table.find(&id).is_some() {
            return Err(RegistryError::Exists);
        }
        let row = held(table.words.write()).row(id, record)?;
        let Some(block) = table.block(&id) else {
            return Err(RegistryError::Full);
        };
        let mut rows = held(block.write());
        let index = rows.partition_point(|other| other.id < id);
        if rows.len() == rows.capacity() {
            // An eighth more, not twice as much: the blocks are most of what is held.
            let more = rows.len().div_euclid(8).max(4);
            rows.reserve_exact(more);
        }
        rows.insert(index, row);
        let full = rows.len() >= FULL_BLOCK;
        drop(rows);
        // Ids that are much alike fill one block, and more blocks would not take them apart.
        if full && Table::blocks_of(table.len()) > table.blocks.len() {
            self.rebuild(&table);
        }
        Ok(())
    }

    /// More blocks for what has grown. Called with the writer's lock held.
    fn rebuild(&self, table: &Table) {
        let rows: Vec<Row> = table
            .blocks
            .iter()
            .flat_map(|block| held(block.read()).clone())
            .collect();
        let words = held(table.words.read()).clone();
        self.table.store(Arc::new(Table::of(&rows, words)));
    }

    /// Gives a registered certificate another status, and returns the one it had. From the next handshake and the next
    /// resumption on it counts; ask [`ServerAuth::expelled`](crate::ServerAuth::expelled) which connections to close.
    ///
    /// # Errors
    /// [`RegistryError::Missing`] when it is not registered.
    pub fn set_status(&self, id: &CertificateId, status: Status) -> Result<Status, RegistryError> {
        let _writer = self.write();
        let table = self.table.load();
        let block = table.block(id).ok_or(RegistryError::Missing)?;
        let mut rows = held(block.write());
        let index = rows
            .binary_search_by_key(id, |row| row.id)
            .map_err(|_| RegistryError::Missing)?;
        let row = rows.get_mut(index).ok_or(RegistryError::Missing)?;
        Ok(core::mem::replace(&mut row.status, status))
    }

    /// Deletes a certificate that is not active, as the service does.
    ///
    /// ```
    /// use tls_auth::{CertificateId, MemoryRegistry, Owner, Record, RegistryError, Status};
    ///
    /// let (registry, id) = (MemoryRegistry::new(), CertificateId::of(b"DER"));
    /// registry.insert(id, &Record::new(Status::Active, Owner::new("acme")))?;
    /// assert_eq!(registry.remove(&id), Err(RegistryError::Active));
    /// registry.set_status(&id, Status::Inactive)?;
    /// assert_eq!(registry.remove(&id), Ok(Status::Inactive));
    /// # Ok::<(), RegistryError>(())
    /// ```
    ///
    /// # Errors
    /// [`RegistryError::Missing`] or [`RegistryError::Active`].
    pub fn remove(&self, id: &CertificateId) -> Result<Status, RegistryError> {
        let _writer = self.write();
        let table = self.table.load();
        let block = table.block(id).ok_or(RegistryError::Missing)?;
        let mut rows = held(block.write());
        let index = rows
            .binary_search_by_key(id, |row| row.id)
            .map_err(|_| RegistryError::Missing)?;
        match rows.get(index).map(|row| row.status) {
            Some(Status::Active) => Err(RegistryError::Active),
            Some(status) => {
                rows.remove(index);
                Ok(status)
            }
            None => Err(RegistryError::Missing),
        }
    }

    /// Replaces everything at once. Lookups see all of the old or all of the new, and never wait.
    ///
    /// # Errors
    /// [`RegistryError::Exists`] when a certificate comes twice; everything stays as it was then.
    pub fn reload(&self, entries: impl IntoIterator<Item = Entry>) -> Result<(), RegistryError> {
        let mut words = Words::default();
        let mut rows = Vec::new();
        for entry in entries {
            rows.push(words.row(entry.id, &entry.record)?);
        }
        rows.sort_unstable_by_key(|row| row.id);
        if rows
            .windows(2)
            .any(|pair| matches!(pair, [one, two] if one.id == two.id))
        {
            return Err(RegistryError::Exists);
        }
        let table = Arc::new(Table::of(&rows, words));
        let _writer = self.write();
        self.table.store(table);
        Ok(())
    }

    /// How many certificates are registered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.table.load().len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Registry for MemoryRegistry {
    fn find(&self, id: &CertificateId) -> Result<Option<Record>, LookupFailed> {
        let table = self.table.load();
        let Some(row) = table.find(id) else {
            return Ok(None);
        };
        let record = held(table.words.read()).record(&row);
        // A row without its words is not one that may be let in.
        record.map(Some).ok_or(LookupFailed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> CertificateId {
        CertificateId::of(&number.to_be_bytes())
    }

    fn record(number: u32) -> Record {
        let record = Record::new(
            Status::ALL[number as usize % 6],
            Owner::new(format!("owner {}", number % 7)),
        );
        match number % 3 {
            0 => record,
            rest => record.with_authority(id(rest)),
        }
    }

    #[test]
    fn what_goes_in_comes_out_however_it_went_in() {
        let reloaded = MemoryRegistry::new();
        reloaded
            .reload((0..3_000).map(|number| Entry::new(id(number), record(number))))
            .unwrap();
        let inserted = MemoryRegistry::new();
        for number in 0..3_000 {
            inserted.insert(id(number), &record(number)).unwrap();
        }
        for registry in [&reloaded, &inserted] {
            assert_eq!(registry.len(), 3_000);
            for number in 0..3_000 {
                assert_eq!(registry.find(&id(number)), Ok(Some(record(number))));
            }
            assert_eq!(registry.find(&id(3_000)), Ok(None));
        }
        assert!(inserted.table.load().blocks.len() > 1, "it was made anew");
    }

    #[test]
    fn ids_that_are_much_alike_do_not_make_the_table_anew() {
        let registry = MemoryRegistry::new();
        let alike = |number: u32| {
            let mut bytes = [0; 32];
            bytes[28..].copy_from_slice(&number.to_be_bytes());
            CertificateId::from_bytes(bytes)
        };
        for number in 0..600 {
            registry.insert(alike(number), &record(number)).unwrap();
        }
        let table = registry.table.load_full();
        for number in 600..640 {
            registry.insert(alike(number), &record(number)).unwrap();
        }
        assert!(Arc::ptr_eq(&table, &registry.table.load()));
        for number in 0..640 {
            assert_eq!(registry.find(&alike(number)), Ok(Some(record(number))));
        }
    }

    #[test]
    fn rows_are_small() {
        assert!(size_of::<Row>() <= 44);
    }

    #[test]
    fn changes_that_are_not_made() {
        let registry = MemoryRegistry::new();
        assert_eq!(
            registry.set_status(&id(1), Status::Active),
            Err(RegistryError::Missing)
        );
        assert_eq!(registry.remove(&id(1)), Err(RegistryError::Missing));
        registry
            .insert(id(1), &Record::new(Status::Active, Owner::new("acme")))
            .unwrap();
        assert_eq!(
            registry.insert(id(1), &record(1)),
            Err(RegistryError::Exists)
        );
        assert_eq!(registry.remove(&id(1)), Err(RegistryError::Active));
        let twice = [1, 2, 1].map(|number| Entry::new(id(number), record(number)));
        assert_eq!(registry.reload(twice), Err(RegistryError::Exists));
        assert_eq!(registry.len(), 1);
        assert_eq!(
            registry.set_status(&id(1), Status::Inactive),
            Ok(Status::Active)
        );
        assert_eq!(registry.remove(&id(1)), Ok(Status::Inactive));
        assert!(registry.is_empty());
    }
}
