//! Files that are no store, or no whole one; a disk without room.
//!
//! Policy: a file that cannot be used is refused in words and left as it was, byte by byte. The full disk is a `tmpfs`
//! of a few megabytes in a mount namespace of its own; where that cannot be had the test says so and ends.
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

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use thingwire::store::{
    Batch, Journal, JournalOptions, RedbOptions, RedbStore, Store, StoreError, StoreErrorKind,
    Table,
};

fn open(folder: &Path) -> Result<RedbStore, StoreError> {
    RedbStore::open(folder, RedbOptions::default())
}

fn refused_with(content: &[u8]) -> StoreError {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("thingwire.redb");
    fs::write(&file, content).unwrap();
    let error = open(folder.path()).expect_err("not a store");
    assert!(
        fs::read(&file).unwrap() == content,
        "{error}: the file was changed"
    );
    assert!(error.to_string().contains("thingwire.redb"), "{error}");
    error
}

#[test]
fn a_foreign_file_is_refused() {
    for content in [
        &b""[..],
        b"x",
        b"SQLite format 3\0 and so on",
        &[0; 100_000],
    ] {
        let error = refused_with(content);
        assert_eq!(*error.kind(), StoreErrorKind::Foreign, "{error}");
    }
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let database = redb::Database::create(folder.path().join("thingwire.redb")).unwrap();
    let writing = database.begin_write().unwrap();
    writing
        .open_table(redb::TableDefinition::<u64, u64>::new("numbers"))
        .unwrap()
        .insert(1, 2)
        .unwrap();
    writing.commit().unwrap();
    drop(database);
    let error = open(folder.path()).unwrap_err();
    assert_eq!(*error.kind(), StoreErrorKind::Foreign, "{error}");
}

#[test]
fn a_store_of_a_later_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    store
        .commit(&Batch::new().put(Table::Meta, "format", "thingwire store 99"))
        .unwrap();
    drop(store);
    let error = open(folder.path()).unwrap_err();
    assert_eq!(*error.kind(), StoreErrorKind::UnknownFormat);
    let text = error.to_string();
    assert!(
        text.contains("`thingwire store 99`") && text.contains("`thingwire store 1`"),
        "{text}"
    );
}

fn whole_store() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    for number in 0_u32..50 {
        let key = number.to_be_bytes().to_vec();
        store
            .commit(&Batch::new().put(Table::Queue, key, vec![7; 500]))
            .unwrap();
    }
    drop(store);
    fs::read(folder.path().join("thingwire.redb")).unwrap()
}

#[test]
fn a_torn_file_is_refused() {
    let whole = whole_store();
    for length in [
        10,
        100,
        319,
        4096,
        5000,
        whole.len() / 2,
        whole.len() - 4096,
        whole.len() - 1,
    ] {
        let error = refused_with(&whole[..length]);
        assert!(
            matches!(
                error.kind(),
                StoreErrorKind::Corrupt | StoreErrorKind::Foreign
            ),
            "{length} bytes: {error}"
        );
    }
}

/// The engine checks its sums when it recovers, not at each read: damage may go unseen. It must not end the process.
#[test]
fn a_damaged_file_panics_nobody() {
    let whole = whole_store();
    let folder = tempfile::tempdir().unwrap();
    let mut refused = 0;
    for position in (0..whole.len()).step_by(2003) {
        let mut damaged = whole.clone();
        for byte in &mut damaged[position..(position + 64).min(whole.len())] {
            *byte ^= 0xA5;
        }
        fs::write(folder.path().join("thingwire.redb"), damaged).unwrap();
        let used = open(folder.path()).and_then(|store| {
            for table in Table::ALL {
                store.scan(table, b"", None, usize::MAX)?;
            }
            store.commit(&Batch::new().put(Table::Queue, "new", "value"))
        });
        refused += u32::from(used.is_err());
    }
    assert!(refused > 0);
}

#[test]
fn folder_and_file_are_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let _store = open(&path).unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join("thingwire.redb")), 0o600);
    assert_eq!(mode(&path.join("lock")), 0o600);
}

#[test]
fn what_a_first_start_left_half_done_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thingwire.redb.new"), b"half").unwrap();
    let store = open(folder.path()).unwrap();
    assert_eq!(store.get(Table::Thing, b"a").unwrap(), None);
    assert!(!folder.path().join("thingwire.redb.new").exists());
}

const MOUNTED: &str = "THINGWIRE_FULL_DISK";

#[test]
fn a_full_disk_is_waited_for() {
    if std::env::var_os(MOUNTED).is_some() {
        return on_a_small_disk(Path::new("/mnt"));
    }
    // The same test again, in a namespace where /mnt is a disk of four megabytes.
    let script = "mount -t tmpfs -o size=4m none /mnt || exit 77; exec \"$0\" --exact \
                  a_full_disk_is_waited_for --nocapture";
    let run = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
        .arg(std::env::current_exe().unwrap())
        .env(MOUNTED, "1")
        .output();
    match run {
        Err(error) => println!("skipped: `unshare` is not to be had here ({error})"),
        Ok(run) if run.status.code() == Some(77) || run.stdout.is_empty() => {
            println!("skipped: no mount namespace to be had here");
        }
        Ok(run) => {
            let said = String::from_utf8_lossy(&run.stdout);
            let complained = String::from_utf8_lossy(&run.stderr);
            assert!(run.status.success(), "{said}\n{complained}");
            println!("{said}");
        }
    }
}

fn on_a_small_disk(disk: &Path) {
    let folder = disk.join("store");
    let ballast = disk.join("ballast");
    let store = Arc::new(open(&folder).unwrap());
    let free = rustix::fs::statvfs(disk).unwrap();
    let room = (free.f_bavail * free.f_frsize) as usize;
    fs::write(&ballast, vec![0; room - 300_000]).unwrap();

    let journal =
        Journal::start(store, JournalOptions::default().with_pending_bytes(1 << 20)).unwrap();
    let mut tickets = Vec::new();
    let start = Instant::now();
    let refused = loop {
        let number = tickets.len() as u32;
        let batch = Batch::new().put(Table::Queue, number.to_be_bytes().to_vec(), vec![1; 1000]);
        match journal.submit(batch) {
            Ok(ticket) => tickets.push(ticket),
            Err(error) => break error,
        }
        assert!(
            start.elapsed() < Duration::from_secs(60),
            "the disk never fills"
        );
        std::thread::sleep(Duration::from_micros(200));
    };
    assert_eq!(*refused.kind(), StoreErrorKind::Full, "{refused}");
    let failing = journal.status().failing.expect("the disk is full");
    assert_eq!(*failing.kind(), StoreErrorKind::NoSpace, "{failing}");
    let durable = journal.durable();
    assert!(durable < *tickets.last().unwrap());
    // What was durable before can be read all the time, and so can what waits.
    for number in [0, tickets.len() as u32 - 1] {
        assert!(
            journal
                .get(Table::Queue, &number.to_be_bytes())
                .unwrap()
                .is_some()
        );
    }

    fs::remove_file(&ballast).unwrap();
    journal.wait_blocking(journal.submitted()).unwrap();
    assert_eq!(journal.status().failing, None);
    journal.close().unwrap();
    drop(journal);

    let store = open(&folder).unwrap();
    let found = store.scan(Table::Queue, b"", None, usize::MAX).unwrap();
    assert_eq!(found.len(), tickets.len());
    println!(
        "full at {} of {} writes; all there in the end",
        durable.number(),
        tickets.len()
    );
}
