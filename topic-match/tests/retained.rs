//! The retained index against a list that is searched from end to end, in pages of every size.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test has `std`, and fails by panicking"
)]

mod support;

use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use support::{reference_filter, reference_matches};
use topic_match::{Cursor, MatchRules, PageLimit, RetainedIndex, TopicFilter, TopicName};

#[derive(Default)]
struct Collide;

impl Hasher for Collide {
    fn finish(&self) -> u64 {
        0
    }

    fn write(&mut self, _: &[u8]) {}
}

fn text(rng: &mut SmallRng, wildcards: bool) -> String {
    loop {
        let mut levels: Vec<_> = (0..rng.random_range(1..6))
            .map(|_| match rng.random_range(0..9) {
                0..3 if wildcards => "+",
                0..3 => "a",
                3 => "b",
                4 => "",
                5 => "$x",
                6 => "!",
                7 => "0",
                _ => "a!",
            })
            .collect();
        if wildcards && rng.random_ratio(1, 3) {
            levels.push("#");
        }
        let text = levels.join("/");
        if reference_filter(&text) {
            return text;
        }
    }
}

fn random_operations<S: BuildHasher>(hasher: S, operations: u32, seed: u64, rules: MatchRules) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut index = RetainedIndex::with_hasher(hasher).with_match_rules(rules);
    let empty = index.memory_bytes();
    let mut model: BTreeMap<String, u32> = BTreeMap::new();
    for operation in 0..operations {
        let name = text(&mut rng, false);
        let topic = TopicName::new(&name).unwrap();
        match rng.random_range(0..10) {
            0..4 => assert_eq!(
                index.insert(topic, operation).unwrap(),
                model.insert(name.clone(), operation)
            ),
            4..7 => assert_eq!(index.remove(topic), model.remove(&name)),
            _ => {
                let filter = text(&mut rng, true);
                let expected: BTreeMap<String, u32> = model
                    .iter()
                    .filter(|(name, _)| reference_matches(&filter, name, rules.hash_matches_parent))
                    .map(|(name, value)| (name.clone(), *value))
                    .collect();
                let parsed = TopicFilter::new(&filter).unwrap();
                let all: Vec<_> = index.matches(parsed).collect();
                assert_eq!(all.len(), expected.len(), "{filter}");
                // In pages, of which none is larger than its limit.
                let limit =
                    PageLimit::results(rng.random_range(1..5)).with_visits(rng.random_range(1..20));
                let (mut cursor, mut got) = (Cursor::new(), BTreeMap::new());
                let mut pages = 0;
                loop {
                    let before = got.len();
                    let page = index.page(parsed, &mut cursor, limit, |name, value| {
                        assert_eq!(
                            got.insert(name.to_string(), *value),
                            None,
                            "{filter}: twice"
                        );
                    });
                    assert_eq!(page.results, got.len() - before);
                    assert!(page.results <= limit.results && page.visited <= limit.visits);
                    assert_eq!(page.complete, cursor.is_complete());
                    if page.complete {
                        break;
                    }
                    pages += 1;
                    assert!(pages <= model.len() + 1, "{filter}: no end");
                }
                assert_eq!(got, expected, "{filter}");
            }
        }
        assert_eq!(index.len(), model.len());
        assert_eq!(index.get(topic), model.get(&name));
    }
    for name in model.into_keys() {
        assert!(index.remove(TopicName::new(&name).unwrap()).is_some());
    }
    assert_eq!(index.memory_bytes(), empty);
}

#[test]
fn random_operations_equal_the_list() {
    random_operations(RandomState::new(), 20_000, 1, MatchRules::MQTT);
    random_operations(RandomState::new(), 10_000, 2, MatchRules::AWS_IOT);
}

#[test]
fn random_operations_where_every_hash_collides() {
    let collide = BuildHasherDefault::<Collide>::default();
    random_operations(collide, 5_000, 3, MatchRules::MQTT);
}

/// What stays from the first page to the last is visited once, whatever comes and goes between the pages.
#[test]
fn a_cursor_survives_changes() {
    for filter in ["#", "+/+", "x/+", "x/#", "+/keep/#", "+/keep/+"] {
        let parsed = TopicFilter::new(filter).unwrap();
        let mut rng = SmallRng::seed_from_u64(4);
        let mut index = RetainedIndex::new();
        let keep: Vec<String> = (0..40).map(|n| format!("x/keep/{n}")).collect();
        for name in &keep {
            index.insert(TopicName::new(name).unwrap(), true).unwrap();
        }
        let (mut cursor, mut seen) = (Cursor::new(), BTreeMap::new());
        loop {
            for _ in 0..10 {
                let other = format!(
                    "x/{}/{}",
                    ["keep", "other"][rng.random_range(0..2)],
                    rng.random_range(100..140)
                );
                let other = TopicName::new(&other).unwrap();
                if rng.random() {
                    index.insert(other, false).unwrap();
                } else {
                    index.remove(other);
                }
            }
            let limit = PageLimit::results(3).with_visits(7);
            let page = index.page(parsed, &mut cursor, limit, |name, stays| {
                if *stays {
                    *seen.entry(name.to_string()).or_insert(0) += 1;
                }
            });
            if page.complete {
                break;
            }
        }
        let expected = keep
            .iter()
            .filter(|name| reference_matches(filter, name, true));
        let expected: BTreeMap<String, i32> = expected.map(|name| (name.clone(), 1)).collect();
        assert_eq!(seen, expected, "{filter}");
    }
}

/// A query looks at about as many names as it finds wherever one of the filter's levels is selective.
#[test]
fn visits_are_bounded_by_the_output() {
    let mut index = RetainedIndex::new();
    for device in 0..4000 {
        for channel in ["temp", "hum", "state", "cmd", "fw"] {
            let name = format!(
                "site{}/line{}/dev{device}/{channel}/v",
                device % 7,
                device % 31
            );
            index.insert(TopicName::new(&name).unwrap(), ()).unwrap();
        }
    }
    for (filter, results) in [
        ("+/+/dev77/#", 5),
        ("+/+/dev77/+/v", 5),
        ("site0/line0/dev77/+/v", 0),
        ("site0/line15/dev77/+/v", 5),
        ("site0/+/dev77/#", 5),
        ("nowhere/#", 0),
        ("+/nowhere/#", 0),
        ("+", 0),
        ("site0/line15/dev77/fw/v", 1),
    ] {
        let filter = TopicFilter::new(filter).unwrap();
        let limit = PageLimit::results(usize::MAX);
        let page = index.page(filter, &mut Cursor::new(), limit, |_, _| ());
        assert_eq!(page.results, results, "{filter}");
        assert!(page.visited <= results.max(5), "{filter}: {page:?}");
    }
}
