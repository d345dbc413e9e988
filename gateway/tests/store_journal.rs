//! Durability as the journal tells it: tickets, callbacks, limits, a disk that refuses.
//!
//! Policy: the disk is a store in memory behind a gate that the test opens and shuts; time decides nothing but how long
//! a failing test waits.
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

mod disk;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use bytes::Bytes;
use disk::Disk;
use thingwire::store::{Batch, Journal, JournalOptions, Store, StoreErrorKind, Table};

fn start() -> (Arc<Disk>, Journal) {
    start_with(JournalOptions::default())
}

fn start_with(options: JournalOptions) -> (Arc<Disk>, Journal) {
    let disk = Arc::new(Disk::default());
    let journal = Journal::start(disk.clone(), options).unwrap();
    (disk, journal)
}

fn put(key: impl Into<Bytes>) -> Batch {
    Batch::new().put(Table::Queue, key, "value")
}

fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn nothing_is_durable_before_its_commit_returns() {
    let (disk, journal) = start();
    disk.shut();
    let ticket = journal.submit(put("a")).unwrap();
    soon("the commit begins", || {
        disk.attempts.load(Ordering::SeqCst) == 1
    });
    assert!(journal.durable() < ticket);
    assert_eq!(
        journal.get(Table::Queue, b"a").unwrap().as_deref(),
        Some(&b"value"[..])
    );
    assert_eq!(disk.get(Table::Queue, b"a").unwrap(), None);
    disk.open();
    journal.wait_blocking(ticket).unwrap();
    assert!(disk.get(Table::Queue, b"a").unwrap().is_some());
}

#[test]
fn what_gathers_during_a_commit_is_one_commit() {
    let (disk, journal) = start();
    disk.shut();
    journal.submit(put("first")).unwrap();
    soon("the commit begins", || {
        disk.attempts.load(Ordering::SeqCst) == 1
    });
    for number in 0_u32..1000 {
        // Ten keys: the later writes overtake the earlier.
        let key = (number % 10).to_be_bytes().to_vec();
        journal
            .submit(Batch::new().put(Table::Session, key, number.to_string()))
            .unwrap();
    }
    let before = journal.pending_bytes();
    disk.open();
    journal.wait_blocking(journal.submitted()).unwrap();
    assert_eq!(disk.commits.load(Ordering::SeqCst), 2);
    let found = disk.scan(Table::Session, b"", None, 100).unwrap();
    assert_eq!(found.len(), 10);
    assert_eq!(found[3].1, "993");
    assert!(before > 0);
    soon("nothing waits", || journal.pending_bytes() == 0);
}

#[test]
fn an_empty_batch_gets_the_ticket_of_the_write_before_it() {
    let (_disk, journal) = start();
    assert_eq!(
        journal.submit(Batch::new()).unwrap(),
        thingwire::store::Ticket::START
    );
    let ticket = journal.submit(put("a")).unwrap();
    assert_eq!(journal.submit(Batch::new()).unwrap(), ticket);
    assert_eq!(journal.submitted(), ticket);
}

#[test]
fn callbacks_run_in_the_order_of_tickets() {
    let (disk, journal) = start();
    disk.shut();
    let (send, receive) = mpsc::channel();
    let tickets: Vec<_> = (0_u32..100)
        .map(|number| journal.submit(put(number.to_be_bytes().to_vec())).unwrap())
        .collect();
    for (number, &ticket) in tickets.iter().enumerate().rev() {
        let send = send.clone();
        journal.then(ticket, move || send.send(number).unwrap());
    }
    assert!(receive.try_recv().is_err());
    disk.open();
    let order: Vec<_> = receive.iter().take(100).collect();
    assert!(order.is_sorted(), "{order:?}");
    // Durable already: called at once.
    let called = Arc::new(AtomicBool::new(false));
    soon("callbacks have ended", || journal.durable() == tickets[99]);
    journal.wait_blocking(tickets[99]).unwrap();
    let flag = called.clone();
    journal.then(tickets[0], move || flag.store(true, Ordering::SeqCst));
    soon("the callback ran", || called.load(Ordering::SeqCst));
}

#[test]
fn a_callback_that_panics_does_not_end_the_journal() {
    let (disk, journal) = start();
    disk.shut();
    let ticket = journal.submit(put("a")).unwrap();
    journal.then(ticket, || panic!("a callback of this test, on purpose"));
    disk.open();
    let next = journal.submit(put("b")).unwrap();
    journal.wait_blocking(next).unwrap();
}

#[tokio::test]
async fn tasks_are_woken() {
    let (disk, journal) = start();
    let journal = Arc::new(journal);
    disk.shut();
    let waiting: Vec<_> = (0_u32..50)
        .map(|number| {
            let journal = journal.clone();
            tokio::spawn(async move {
                let ticket = journal.submit(put(number.to_be_bytes().to_vec())).unwrap();
                journal.wait(ticket).await.unwrap();
                assert!(journal.durable() >= ticket);
                std::future::poll_fn(|context| journal.poll_durable(ticket, context)).await;
            })
        })
        .collect();
    tokio::task::yield_now().await;
    disk.open();
    for task in waiting {
        task.await.unwrap();
    }
}

#[test]
fn writers_on_many_threads_lose_nothing() {
    let (disk, journal) = start();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for writer in 0_u32..4 {
            let (journal, acknowledged) = (&journal, &acknowledged);
            scope.spawn(move || {
                let mut last = thingwire::store::Ticket::START;
                for number in 0_u32..5000 {
                    let key = [writer.to_be_bytes(), number.to_be_bytes()].concat();
                    let ticket = journal.submit(put(key)).unwrap();
                    assert!(ticket > last);
                    last = ticket;
                    let acknowledged = acknowledged.clone();
                    journal.then(ticket, move || {
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                    });
                }
            });
        }
    });
    journal.close().unwrap();
    assert_eq!(acknowledged.load(Ordering::SeqCst), 20_000);
    assert_eq!(
        disk.scan(Table::Queue, b"", None, usize::MAX)
            .unwrap()
            .len(),
        20_000
    );
}

#[test]
fn a_full_disk_acknowledges_nothing_and_loses_nothing() {
    let (disk, journal) = start_with(JournalOptions::default().with_pending_bytes(4096));
    disk.broken.store(true, Ordering::SeqCst);
    let first = journal.submit(put("first")).unwrap();
    soon("the failure is known", || {
        journal.status().failing.is_some()
    });
    assert_eq!(
        *journal.status().failing.unwrap().kind(),
        StoreErrorKind::NoSpace
    );

    // Writers go on up to the limit, and are refused from there.
    let mut taken = 1_u32;
    let refused = loop {
        match journal.submit(put(taken.to_be_bytes().to_vec())) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(*refused.kind(), StoreErrorKind::Full);
    assert!(taken > 10 && journal.pending_bytes() <= 4096);
    assert_eq!(journal.durable(), thingwire::store::Ticket::START);
    assert!(journal.get(Table::Queue, b"first").unwrap().is_some());

    // Who waits for an answer gets one.
    let answered = journal.commit(&put("guarded").expect(Table::Queue, "guarded", None));
    assert_eq!(*answered.unwrap_err().kind(), StoreErrorKind::NoSpace);

    disk.broken.store(false, Ordering::SeqCst);
    journal.wait_blocking(first).unwrap();
    journal.wait_blocking(journal.submitted()).unwrap();
    assert_eq!(
        disk.scan(Table::Queue, b"", None, 10_000).unwrap().len(),
        taken as usize
    );
    assert_eq!(journal.status().failing, None);
    soon("nothing waits", || journal.pending_bytes() == 0);
    journal.submit(put("later")).unwrap();
    journal.close().unwrap();
}

#[test]
fn a_disk_that_breaks_under_a_commit_answers_it() {
    let (disk, journal) = start();
    disk.shut();
    std::thread::scope(|scope| {
        let committing = scope.spawn(|| journal.commit(&put("a")));
        soon("the commit begins", || {
            disk.attempts.load(Ordering::SeqCst) == 1
        });
        disk.broken.store(true, Ordering::SeqCst);
        disk.open();
        let answered = committing.join().unwrap();
        assert_eq!(*answered.unwrap_err().kind(), StoreErrorKind::NoSpace);
    });
    // Kept and written with the rest, as documented.
    disk.broken.store(false, Ordering::SeqCst);
    soon("it is written", || {
        disk.get(Table::Queue, b"a").unwrap().is_some()
    });
}

#[test]
fn closing_a_journal_whose_disk_is_full_says_so() {
    let (disk, journal) = start();
    disk.broken.store(true, Ordering::SeqCst);
    let ticket = journal.submit(put("a")).unwrap();
    let called = Arc::new(AtomicBool::new(false));
    let flag = called.clone();
    journal.then(ticket, move || flag.store(true, Ordering::SeqCst));
    assert_eq!(
        *journal.close().unwrap_err().kind(),
        StoreErrorKind::NoSpace
    );
    assert!(!called.load(Ordering::SeqCst));
    let waited = journal.wait_blocking(ticket).unwrap_err();
    assert_eq!(*waited.kind(), StoreErrorKind::Closed);
    let late = journal.submit(put("b")).unwrap_err();
    assert_eq!(*late.kind(), StoreErrorKind::Closed);
}

#[test]
fn guards_see_what_was_submitted_before_them() {
    let (disk, journal) = start();
    disk.shut();
    let version = |number: &str| Batch::new().put(Table::Shadow, "pump", number.to_owned());
    journal.submit(version("1")).unwrap();
    std::thread::scope(|scope| {
        let held = scope.spawn(|| {
            journal.commit(&version("2").expect(Table::Shadow, "pump", Some("1".into())))
        });
        soon("it has its place", || journal.submitted().number() == 2);
        let failed = scope.spawn(|| {
            journal.commit(&version("9").expect(Table::Shadow, "pump", Some("1".into())))
        });
        soon("it has its place", || journal.submitted().number() == 3);
        journal.submit(version("3")).unwrap();
        assert_eq!(
            journal.get(Table::Shadow, b"pump").unwrap().as_deref(),
            Some(&b"3"[..])
        );
        disk.open();
        held.join().unwrap().unwrap();
        let refused = failed.join().unwrap().unwrap_err();
        assert!(matches!(
            refused.kind(),
            StoreErrorKind::GuardFailed {
                table: Table::Shadow,
                ..
            }
        ));
    });
    journal.close().unwrap();
    assert_eq!(
        disk.get(Table::Shadow, b"pump").unwrap().as_deref(),
        Some(&b"3"[..])
    );
}

#[test]
fn a_batch_with_guards_is_not_submitted() {
    let (_disk, journal) = start();
    let refused = journal
        .submit(put("a").expect(Table::Queue, "a", None))
        .unwrap_err();
    assert_eq!(*refused.kind(), StoreErrorKind::Misuse);
}
