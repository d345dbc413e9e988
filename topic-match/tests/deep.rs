//! Names and filters of as many levels as 65,535 bytes hold, on a stack of 64 KiB, in linear time.
//!
//! BC-032 and BC-033: five published tries abort the process here.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test has `std`, and fails by panicking"
)]

use std::thread;

use topic_match::{
    Cursor, PageLimit, Profile, RetainedIndex, SubscriptionIndex, TopicErrorKind, TopicFilter,
    TopicName,
};

fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(64 * 1024);
    thread.spawn(body).unwrap().join().unwrap();
}

#[test]
fn filters_of_32768_levels() {
    for wildcard in ["+", "#", "a"] {
        on_a_small_stack(move || {
            let filter = "a/".repeat(32_767) + wildcard;
            let name = "a/".repeat(32_767) + "a";
            assert_eq!(filter.len(), 65_535);
            let filter = TopicFilter::new(&filter).unwrap();
            let name = TopicName::new(&name).unwrap();
            assert!(filter.matches(name));
            assert_eq!(
                filter.captures(name).unwrap().count(),
                usize::from(wildcard != "a")
            );
            assert!(filter.covers(filter) && filter.overlaps(filter));

            let mut index = SubscriptionIndex::new();
            index.insert(filter, 1, ()).unwrap();
            assert_eq!(index.matches(name).count(), 1);
            // Memory per level is bounded.
            assert!(index.memory_bytes() < 64 * 65_536 + 4096);
            let copy = index.clone();
            index.remove(filter, &1).unwrap();
            assert_eq!(index.matches(name).count(), 0);
            assert_eq!(copy.matches(name).count(), 1);
            drop(copy);

            let mut retained = RetainedIndex::new();
            retained.insert(name, ()).unwrap();
            let page = retained.page(filter, &mut Cursor::new(), PageLimit::default(), |_, _| ());
            assert_eq!(page.results, 1);
            assert!(retained.memory_bytes() < 2 * 65_536);
        });
    }
}

#[test]
fn only_separators() {
    on_a_small_stack(|| {
        let text = "/".repeat(65_535);
        let (filter, name) = (
            TopicFilter::new(&text).unwrap(),
            TopicName::new(&text).unwrap(),
        );
        assert_eq!(name.levels().count(), 65_536);
        let plus = vec!["+"; 32_768].join("/");
        let mut index = SubscriptionIndex::new();
        index.insert(filter, 1, ()).unwrap();
        index
            .insert(TopicFilter::new(&plus).unwrap(), 2, ())
            .unwrap();
        assert_eq!(index.matches(name).count(), 1);
        let shallower = "/".repeat(32_767);
        assert_eq!(
            index.matches(TopicName::new(&shallower).unwrap()).count(),
            1
        );
        assert_eq!(index.remove_key(&1) + index.remove_key(&2), 2);
    });
}

/// The work of a deep lookup is the number of levels, not its square.
#[test]
fn visits_are_linear_in_the_levels() {
    let visits = |levels: usize| {
        let filter = "+/".repeat(levels) + "#";
        let name = "a/".repeat(levels) + "a";
        let mut index = SubscriptionIndex::new();
        index
            .insert(TopicFilter::new(&filter).unwrap(), 1, ())
            .unwrap();
        let mut matches = index.matches(TopicName::new(&name).unwrap());
        assert_eq!(matches.by_ref().count(), 1);
        matches.visited()
    };
    assert!(visits(32_000) <= 2 * 32_000 + 8);
}

#[test]
fn a_cap_on_levels_refuses_them_first() {
    let filter = "a/".repeat(32_767) + "#";
    let error =
        TopicFilter::with_profile(&filter, &Profile::MQTT_5.with_max_levels(128)).unwrap_err();
    assert_eq!(error.kind(), TopicErrorKind::TooManyLevels { max: 128 });
    assert_eq!(error.offset(), 255);
}
