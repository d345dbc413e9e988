//! Random histories of a store against a map in memory, over closing and opening again.
//!
//! Policy: the history comes from a fixed seed a round, so that a failure can be repeated by its printed round. The
//! model is one ordered map; nothing of the implementation is used to predict it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use thingwire::store::{
    Batch, Entry, Journal, JournalOptions, MemoryStore, RedbOptions, RedbStore, Store,
    StoreErrorKind, Table,
};

const TABLES: [Table; 3] = [Table::Session, Table::Queue, Table::Shadow];

/// Numbers that look random (xorshift64*), the same for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn table(&mut self) -> Table {
        TABLES[self.below(3) as usize]
    }

    /// Few keys, prefixes of one another among them, so that histories meet.
    fn key(&mut self) -> Bytes {
        let length = self.below(4) as usize;
        (0..length)
            .map(|_| [0, b'a', b'b', 0xFF][self.below(4) as usize])
            .collect()
    }

    fn value(&mut self) -> Bytes {
        let length = self.below(40) as usize;
        (0..length).map(|_| self.below(256) as u8).collect()
    }
}

#[derive(Default)]
struct Model(BTreeMap<(Table, Bytes), Bytes>);

impl Model {
    fn get(&self, table: Table, key: &Bytes) -> Option<Bytes> {
        self.0.get(&(table, key.clone())).cloned()
    }

    fn scan(&self, table: Table, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Vec<Entry> {
        self.0
            .iter()
            .filter(|((of, key), _)| *of == table && key.starts_with(prefix))
            .filter(|((_, key), _)| after.is_none_or(|after| &**key > after))
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .take(limit)
            .collect()
    }

    fn commit(&mut self, batch: &Batch) -> bool {
        for guard in batch.guards() {
            if self.get(guard.table, &guard.key) != guard.value {
                return false;
            }
        }
        for write in batch.writes() {
            let key = (write.table, write.key.clone());
            match &write.value {
                Some(value) => self.0.insert(key, value.clone()),
                None => self.0.remove(&key),
            };
        }
        true
    }
}

fn random_batch(random: &mut Random, model: &Model, guards: bool) -> Batch {
    let mut batch = Batch::new();
    for _ in 0..random.below(6) {
        let value = (random.below(3) != 0).then(|| random.value());
        batch.push(random.table(), random.key(), value);
    }
    if guards {
        for _ in 0..1 + random.below(2) {
            let (table, key) = (random.table(), random.key());
            // Mostly what is there, so that a good share of the guards holds.
            let value = match random.below(4) {
                0 => Some(random.value()),
                1 => None,
                _ => model.get(table, &key),
            };
            batch = batch.expect(table, key, value);
        }
    }
    batch
}

fn compare(store: &dyn Store, model: &Model, random: &mut Random, round: u64) {
    for _ in 0..4 {
        let (table, key) = (random.table(), random.key());
        assert_eq!(
            store.get(table, &key).unwrap(),
            model.get(table, &key),
            "round {round}"
        );
        let prefix = random.key();
        let after = (random.below(2) == 0).then(|| random.key());
        let limit = 1 + random.below(5) as usize;
        assert_eq!(
            store.scan(table, &prefix, after.as_deref(), limit).unwrap(),
            model.scan(table, &prefix, after.as_deref(), limit),
            "round {round}: table {table}, prefix {prefix:?}, after {after:?}, limit {limit}"
        );
    }
}

fn commit_both(store: &dyn Store, model: &mut Model, batch: &Batch, round: u64) {
    let done = store.commit(batch);
    if model.commit(batch) {
        done.unwrap();
    } else {
        let kind = done.expect_err("a guard does not hold").kind().clone();
        assert!(
            matches!(kind, StoreErrorKind::GuardFailed { .. }),
            "round {round}: {kind:?}"
        );
    }
}

fn everything(model: &Model, store: &dyn Store, round: u64) {
    for table in Table::ALL
        .into_iter()
        .filter(|table| TABLES.contains(table))
    {
        assert_eq!(
            store.scan(table, b"", None, usize::MAX).unwrap(),
            model.scan(table, b"", None, usize::MAX),
            "round {round}: table {table}"
        );
    }
}

#[test]
fn the_store_in_memory_is_the_model() {
    for round in 1..200 {
        let mut random = Random(round);
        let (store, mut model) = (MemoryStore::new(), Model::default());
        for _ in 0..50 {
            let guards = random.below(3) == 0;
            let batch = random_batch(&mut random, &model, guards);
            commit_both(&store, &mut model, &batch, round);
            compare(&store, &model, &mut random, round);
        }
        everything(&model, &store, round);
    }
}

#[test]
fn the_store_in_a_file_is_the_model_over_reopening() {
    for round in 1..5 {
        let mut random = Random(round);
        let folder = tempfile::tempdir().unwrap();
        let mut model = Model::default();
        for _ in 0..4 {
            let store = RedbStore::open(folder.path(), RedbOptions::default()).unwrap();
            everything(&model, &store, round);
            for _ in 0..12 {
                let guards = random.below(3) == 0;
                let batch = random_batch(&mut random, &model, guards);
                commit_both(&store, &mut model, &batch, round);
                compare(&store, &model, &mut random, round);
            }
        }
    }
}

/// A store whose commits take a moment, so that reads fall before, into and after them.
struct Slow(MemoryStore, std::time::Duration);

impl Store for Slow {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, thingwire::store::StoreError> {
        self.0.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, thingwire::store::StoreError> {
        self.0.scan(table, prefix, after, limit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), thingwire::store::StoreError> {
        std::thread::sleep(self.1);
        self.0.commit(batch)
    }
}

#[test]
fn the_journal_reads_what_was_submitted_at_every_moment() {
    for round in 1..60 {
        let mut random = Random(round);
        let pause = std::time::Duration::from_micros(random.below(300));
        let store = Arc::new(Slow(MemoryStore::new(), pause));
        let journal = Journal::start(store.clone(), JournalOptions::default()).unwrap();
        let mut model = Model::default();
        for _ in 0..60 {
            if random.below(8) == 0 {
                let batch = random_batch(&mut random, &model, true);
                commit_both(&journal, &mut model, &batch, round);
            } else {
                let batch = random_batch(&mut random, &model, false);
                journal.submit(batch.clone()).unwrap();
                model.commit(&batch);
            }
            compare(&journal, &model, &mut random, round);
        }
        journal.close().unwrap();
        everything(&model, &store.0, round);
        assert_eq!(journal.pending_bytes(), 0, "round {round}");
    }
}

#[test]
fn a_journal_closed_and_opened_again_has_everything() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random(7);
    let mut model = Model::default();
    for round in 0..5 {
        let store = RedbStore::open(folder.path(), RedbOptions::default()).unwrap();
        let journal = Journal::start(Arc::new(store), JournalOptions::default()).unwrap();
        everything(&model, &journal, round);
        for _ in 0..200 {
            let batch = random_batch(&mut random, &model, false);
            journal.submit(batch.clone()).unwrap();
            model.commit(&batch);
        }
        if round % 2 == 0 {
            journal.close().unwrap();
        }
    }
}
