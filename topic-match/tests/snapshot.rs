//! Reading while writing: every snapshot is one version, and no version is skipped by a reader that asks again.

#![cfg(feature = "snapshot")]
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test has `std`, and fails by panicking"
)]

use core::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use topic_match::snapshot::{self, Published};
use topic_match::{Match, SubscriptionIndex, TopicFilter, TopicName};

/// Each version has exactly one value in all of its subscriptions: a mixture would show two.
#[test]
fn a_snapshot_is_one_version() {
    let filters = ["a/+", "+/b", "a/#", "#", "a/b"];
    let (mut writer, reader) = snapshot::channel(SubscriptionIndex::new());
    for filter in filters {
        writer
            .insert(TopicFilter::new(filter).unwrap(), 1, 0)
            .unwrap();
    }
    assert_eq!(writer.publish(), Published::Now);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            let reader = reader.clone();
            scope.spawn(|| {
                let reader = reader;
                let name = TopicName::new("a/b").unwrap();
                let (mut last, mut lookups) = (0, 0_u32);
                while !done.load(Ordering::Relaxed) || lookups == 0 {
                    let snapshot = reader.snapshot();
                    let values: Vec<u32> = snapshot
                        .matches(name)
                        .map(|one| match one {
                            Match::Subscriber(one) => *one.value,
                            Match::Group(_) => u32::MAX,
                        })
                        .collect();
                    assert_eq!(values.len(), filters.len());
                    let first = *values.first().unwrap();
                    assert!(values.iter().all(|value| *value == first), "{values:?}");
                    assert!(first >= last, "version {first} after {last}");
                    last = first;
                    lookups += 1;
                }
            });
        }
        for version in 1..20_000 {
            for filter in filters {
                writer
                    .insert(TopicFilter::new(filter).unwrap(), 1, version)
                    .unwrap();
            }
            writer.publish();
            if version % 64 == 0 {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

/// A snapshot that is kept stays as it was, and the writer goes on without it.
#[test]
fn a_kept_snapshot_stays_as_it_was() {
    let (mut writer, reader) = snapshot::channel(SubscriptionIndex::new());
    let (filter, name) = (TopicFilter::new("a").unwrap(), TopicName::new("a").unwrap());
    let empty = reader.snapshot();
    for key in 0..10 {
        writer.insert(filter, key, ()).unwrap();
        assert_eq!(writer.publish(), Published::Now);
        assert_eq!(writer.publish(), Published::Unchanged);
        assert_eq!(reader.snapshot().matches(name).count(), key + 1);
    }
    assert_eq!(writer.remove_key(&3), 1);
    assert_eq!(writer.remove(filter, &4), Some(()));
    assert_eq!(reader.snapshot().len(), 10);
    writer.publish();
    assert_eq!(reader.snapshot().len(), 8);
    assert!(empty.is_empty());
}
