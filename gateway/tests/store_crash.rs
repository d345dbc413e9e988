//! The process is killed while it commits; what it had called durable is there afterwards.
//!
//! Policy: the child is this test program itself, told by an environment variable to be the victim. It is killed with
//! SIGKILL at a moment that nobody chose. `THINGWIRE_CRASH_ROUNDS` sets how often (20 unless told).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use thingwire::store::{Batch, Journal, JournalOptions, RedbOptions, RedbStore, Store, Table};

const FOLDER: &str = "THINGWIRE_CRASH_FOLDER";

fn open(folder: &Path) -> RedbStore {
    RedbStore::open(folder, RedbOptions::default()).unwrap()
}

/// The number under which the victim goes on.
fn next(store: &dyn Store) -> u64 {
    store
        .get(Table::Meta, b"next")
        .unwrap()
        .map_or(0, |next| u64::from_be_bytes(next[..].try_into().unwrap()))
}

#[test]
#[ignore = "the child process of the test below"]
fn victim() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = Arc::new(open(Path::new(&folder)));
    let first = next(&*store);
    let journal = Journal::start(store, JournalOptions::default()).unwrap();
    for number in first.. {
        // One batch, three tables: all of it is there afterwards or nothing.
        let key = number.to_be_bytes().to_vec();
        let batch = Batch::new()
            .put(
                Table::Message,
                key.clone(),
                vec![number as u8; (number % 700) as usize],
            )
            .put(Table::Queue, key, "queued")
            .put(Table::Meta, "next", (number + 1).to_be_bytes().to_vec());
        while journal.pending_bytes() > 1 << 20 {
            std::thread::sleep(Duration::from_micros(100));
        }
        let ticket = journal.submit(batch).unwrap();
        journal.then(ticket, move || {
            let mut out = std::io::stdout().lock();
            // The test reads from the other end until it kills.
            if writeln!(out, "durable {number}")
                .and_then(|()| out.flush())
                .is_err()
            {
                std::process::exit(1);
            }
        });
    }
}

#[test]
fn what_was_durable_survives_a_kill() {
    let rounds: u64 = std::env::var("THINGWIRE_CRASH_ROUNDS")
        .map_or(20, |rounds| rounds.parse().expect("a number of rounds"));
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for round in 0..rounds {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "victim", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut durable = None;
        let mut note = |line: std::io::Result<String>| {
            // A line cut off by the kill is not a promise made.
            let line = line.unwrap_or_default();
            if let Some(number) = line.strip_prefix("durable ") {
                durable = number.parse::<u64>().ok().max(durable);
            }
        };
        // Into the work, then a while that differs from round to round.
        for line in lines.by_ref().take(3 + (round as usize * 37) % 200) {
            note(line);
        }
        std::thread::sleep(Duration::from_micros(round * 7919 % 9000));
        child.kill().unwrap();
        child.wait().unwrap();
        lines.for_each(&mut note);
        let durable = durable.expect("the victim got to work");

        let store = open(folder.path());
        let next = next(&store);
        assert!(
            next > durable,
            "round {round}: {durable} was lost, next is {next}"
        );
        let messages = store.scan(Table::Message, b"", None, usize::MAX).unwrap();
        let queued = store.scan(Table::Queue, b"", None, usize::MAX).unwrap();
        assert_eq!(messages.len() as u64, next, "round {round}");
        assert_eq!(queued.len() as u64, next, "round {round}");
        for (number, (key, value)) in (0_u64..).zip(&messages) {
            assert_eq!(key[..], number.to_be_bytes(), "round {round}");
            assert!(
                value.len() as u64 == number % 700
                    && value.iter().all(|&byte| byte == number as u8),
                "round {round}: message {number}"
            );
        }
        assert!(next > seen, "round {round}: no progress");
        seen = next;
    }
    println!("{rounds} kills, {seen} batches, none lost");
}
