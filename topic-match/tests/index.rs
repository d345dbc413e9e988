//! The subscription index against a list that is searched from end to end.
//!
//! The default run makes 150,000 random operations; the ignored test makes 10⁷. BC-034 and BC-035 (work that grows with
//! what strangers subscribe to) are the tests of `visited` and of the budget.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "a test has `std`, and fails by panicking"
)]

mod support;

use core::ops::ControlFlow;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use support::reference_matches;
use topic_match::{
    Match, MatchRules, Merged, Outcome, SubscriptionFilter, SubscriptionIndex, TopicFilter,
    TopicName,
};

/// Every level and every key has the same hash: nothing may depend on hashes but speed (BC-071).
#[derive(Default)]
struct Collide;

impl Hasher for Collide {
    fn finish(&self) -> u64 {
        0x1234_5678_9ABC_DEF0
    }

    fn write(&mut self, _: &[u8]) {}
}

fn level(rng: &mut SmallRng) -> &'static str {
    ["a", "b", "", "c", "$x", "dd"][rng.random_range(0..6)]
}

fn name(rng: &mut SmallRng) -> String {
    loop {
        let levels: Vec<_> = (0..rng.random_range(1..6)).map(|_| level(rng)).collect();
        let name = levels.join("/");
        if !name.is_empty() {
            return name;
        }
    }
}

fn filter(rng: &mut SmallRng) -> String {
    loop {
        let mut levels: Vec<_> = (0..rng.random_range(1..6))
            .map(|_| {
                if rng.random_ratio(1, 3) {
                    "+"
                } else {
                    level(rng)
                }
            })
            .collect();
        if rng.random_ratio(1, 4) {
            levels.push("#");
        }
        let mut filter = levels.join("/");
        if rng.random_ratio(1, 4) && !filter.is_empty() {
            let group = rng.random_range(0..40);
            filter = format!("$share/g{group}/{filter}");
        }
        if SubscriptionFilter::new(&filter).is_ok() {
            return filter;
        }
    }
}

/// Filter with share name, and key, to value.
type Model = BTreeMap<(String, u32), u64>;

/// Filter, share name, key and value of everything that matches.
fn expected(
    model: &Model,
    name: &str,
    rules: MatchRules,
) -> Vec<(String, Option<String>, u32, u64)> {
    let mut found = Vec::new();
    for ((filter, key), value) in model {
        let (share, inner) = match filter.strip_prefix("$share/") {
            Some(rest) => {
                let (share, inner) = rest.split_once('/').unwrap();
                (Some(share.to_owned()), inner)
            }
            None => (None, filter.as_str()),
        };
        if reference_matches(inner, name, rules.hash_matches_parent) {
            found.push((inner.to_owned(), share, *key, *value));
        }
    }
    found.sort();
    found
}

fn found<S: BuildHasher>(
    index: &SubscriptionIndex<u32, u64, S>,
    name: &str,
) -> Vec<(String, Option<String>, u32, u64)> {
    let mut found = Vec::new();
    for one in index.matches(TopicName::new(name).unwrap()) {
        match one {
            Match::Subscriber(one) => {
                found.push((one.filter.to_string(), None, *one.key, *one.value));
            }
            Match::Group(group) => {
                assert!(!group.members().is_empty());
                for (key, value) in group.members() {
                    let share_name = Some(group.share_name.to_owned());
                    found.push((group.filter.to_string(), share_name, *key, *value));
                }
            }
        }
    }
    found.sort();
    found
}

fn random_operations<S: BuildHasher + Clone>(
    hasher: S,
    operations: u64,
    swell: u64,
    seed: u64,
    rules: MatchRules,
) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut index = SubscriptionIndex::with_hasher(hasher).with_match_rules(rules);
    let empty = index.memory_bytes();
    let mut model = Model::new();
    for operation in 0..operations {
        // The number of subscriptions swells, and shrinks for twice as long.
        let growing = (operation / swell).is_multiple_of(3);
        let key = rng.random_range(0..60);
        match rng.random_range(0..100) {
            10..45 if growing => insert(&mut index, &mut model, filter(&mut rng), key, operation),
            0..10 => insert(&mut index, &mut model, filter(&mut rng), key, operation),
            10..45 => {
                // One that is there, mostly.
                let at = rng.random_range(0..model.len().max(1));
                let present = model.keys().nth(at).cloned();
                let (filter, key) = present.unwrap_or((filter(&mut rng), key));
                remove(&mut index, &mut model, filter, key);
            }
            45..70 => remove(&mut index, &mut model, filter(&mut rng), key),
            70 if !growing => {
                let before = model.len();
                model.retain(|(_, found), _| *found != key);
                assert_eq!(index.remove_key(&key), before - model.len());
            }
            70..80 => {
                let filter = filter(&mut rng);
                let parsed = SubscriptionFilter::new(&filter).unwrap();
                assert_eq!(index.get(parsed, &key), model.get(&(filter.clone(), key)));
                let mut of_key: Vec<_> = index
                    .subscriptions_of(&key)
                    .map(|(filter, share, value)| {
                        (filter.to_string(), share.map(str::to_owned), *value)
                    })
                    .collect();
                of_key.sort();
                assert_eq!(
                    of_key.len(),
                    model.keys().filter(|(_, found)| *found == key).count()
                );
            }
            _ => {
                let name = name(&mut rng);
                assert_eq!(
                    found(&index, &name),
                    expected(&model, &name, rules),
                    "{name}"
                );
            }
        }
        assert_eq!(index.len(), model.len());
    }
    for (filter, key) in model.clone().into_keys() {
        remove(&mut index, &mut model, filter, key);
    }
    assert!(index.is_empty());
    assert_eq!((index.filters(), index.memory_bytes()), (0, empty));
}

fn insert<S: BuildHasher>(
    index: &mut SubscriptionIndex<u32, u64, S>,
    model: &mut Model,
    filter: String,
    key: u32,
    value: u64,
) {
    let parsed = SubscriptionFilter::new(&filter).unwrap();
    let before = index.insert(parsed, key, value).unwrap();
    assert_eq!(before, model.insert((filter, key), value));
}

fn remove<S: BuildHasher>(
    index: &mut SubscriptionIndex<u32, u64, S>,
    model: &mut Model,
    filter: String,
    key: u32,
) {
    let parsed = SubscriptionFilter::new(&filter).unwrap();
    let before = index.remove(parsed, &key);
    assert_eq!(before, model.remove(&(filter, key)));
}

#[test]
fn random_operations_equal_the_list() {
    random_operations(RandomState::new(), 60_000, 1000, 1, MatchRules::MQTT);
    random_operations(RandomState::new(), 60_000, 200, 2, MatchRules::AWS_IOT);
}

#[test]
fn random_operations_where_every_hash_collides() {
    let collide = BuildHasherDefault::<Collide>::default();
    random_operations(collide, 30_000, 200, 3, MatchRules::MQTT);
}

#[test]
#[ignore = "ten million operations: run by `cargo xtask check`"]
fn ten_million_random_operations() {
    for seed in 0..10 {
        random_operations(
            RandomState::new(),
            1_000_000,
            50,
            100 + seed,
            MatchRules::MQTT,
        );
    }
}

#[test]
fn basic_ingest_reaches_nobody_on_aws() {
    let mut index = SubscriptionIndex::new().with_match_rules(MatchRules::AWS_IOT);
    index
        .insert(TopicFilter::new("$aws/#").unwrap(), 1, ())
        .unwrap();
    let count = |name| index.matches(TopicName::new(name).unwrap()).count();
    assert_eq!(count("$aws/rules/r/a"), 0);
    assert_eq!(count("$aws/things/t/shadow/get"), 1);
}

/// A hasher that is the same in every run, so that counts are too.
#[derive(Clone, Default)]
struct Fixed(u64);

impl Hasher for Fixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            self.0 ^= self.0 >> 29;
        }
    }
}

/// Nodes visited per lookup of the same names, with `devices` devices of four filters each.
fn visited(devices: u32) -> usize {
    let mut index = SubscriptionIndex::with_hasher(BuildHasherDefault::<Fixed>::default());
    for device in 0..devices {
        let (site, line) = (device % 20, device % 50);
        for filter in [
            format!("site{site}/line{line}/dev{device}/telemetry/temp"),
            format!("site{site}/+/dev{device}/cmd"),
            format!("site{site}/line{line}/dev{device}/#"),
            format!("+/+/dev{device}/alarm/#"),
        ] {
            index
                .insert(TopicFilter::new(&filter).unwrap(), device, ())
                .unwrap();
        }
    }
    (0..100)
        .map(|device| {
            let name = format!(
                "site{}/line{}/dev{device}/telemetry/temp",
                device % 20,
                device % 50
            );
            let lookup = index.lookup(TopicName::new(&name).unwrap(), usize::MAX, |_| {
                ControlFlow::Continue(())
            });
            assert_eq!(lookup.outcome, Outcome::Complete);
            lookup.visited
        })
        .sum()
}

#[test]
fn visits_do_not_grow_with_the_index() {
    let (small, large) = (visited(2_500), visited(100_000));
    assert!(large * 10 <= small * 11, "{small} visits, then {large}");
}

/// BC-035: 2ⁿ filters of `a` and `+` all lie in the way of one name, and match nothing.
#[test]
fn a_budget_bounds_a_hostile_lookup() {
    let mut index = SubscriptionIndex::new();
    for bits in 0_u32..1 << 12 {
        let mut filter = String::new();
        for level in 0..12 {
            filter.push_str(if bits >> level & 1 == 0 { "a/" } else { "+/" });
        }
        filter.push_str("zz");
        index
            .insert(TopicFilter::new(&filter).unwrap(), bits, ())
            .unwrap();
    }
    let name = "a/".repeat(12) + "a";
    let name = TopicName::new(&name).unwrap();
    let all = index.lookup(name, usize::MAX, |_| ControlFlow::Continue(()));
    assert_eq!(all.outcome, Outcome::Complete);
    assert!(
        all.visited > 4096 && all.visited < 4 * 4096,
        "{}",
        all.visited
    );
    let few = index.lookup(name, 100, |_| ControlFlow::Continue(()));
    assert_eq!((few.outcome, few.visited), (Outcome::Exhausted, 100));
}

/// Whoever subscribes to the very name is found first, whatever wildcards others pile up.
#[test]
fn a_budget_is_not_spent_before_the_exact_filter() {
    let mut index = SubscriptionIndex::new();
    for bits in 0_u32..1 << 12 {
        let levels = (0..12).map(|level| if bits >> level & 1 == 0 { "a/" } else { "+/" });
        let filter = levels.collect::<String>() + "zz";
        index
            .insert(TopicFilter::new(&filter).unwrap(), bits, ())
            .unwrap();
    }
    let name = "a/".repeat(12) + "yy";
    index
        .insert(TopicFilter::new(&name).unwrap(), u32::MAX, ())
        .unwrap();
    let mut found = Vec::new();
    let lookup = index.lookup(TopicName::new(&name).unwrap(), 2, |one| {
        if let Match::Subscriber(one) = one {
            found.push(*one.key);
        }
        ControlFlow::Continue(())
    });
    assert_eq!(
        (found.as_slice(), lookup.outcome),
        (&[u32::MAX][..], Outcome::Exhausted)
    );
}

/// Constants that have a meaning in the hashing itself, as a hasher without a key might let a stranger choose: nothing
/// is lost and nothing wrong is found.
#[test]
fn no_hash_hides_or_invents_a_match() {
    #[derive(Clone)]
    struct Constant(u64);
    impl Hasher for Constant {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, _: &[u8]) {}
    }
    impl BuildHasher for Constant {
        type Hasher = Self;
        fn build_hasher(&self) -> Self {
            self.clone()
        }
    }
    for constant in [
        0,
        7,
        u64::MAX,
        0x1319_8A2E_0370_7344,
        0x082E_FA98_EC4E_6C89,
        0x243F_6A88_85A3_08D3,
    ] {
        let mut index = SubscriptionIndex::with_hasher(Constant(constant));
        let filters = ["+/x", "b/x/+", "+/#", "b/+", "#", "a/x", "a/+", "+", "a"];
        for (key, filter) in filters.iter().enumerate() {
            assert_eq!(
                index
                    .insert(TopicFilter::new(filter).unwrap(), key, ())
                    .unwrap(),
                None
            );
        }
        for name in ["a/x", "b/x/y", "a", "c"] {
            let found: std::collections::BTreeSet<usize> = index
                .matches(TopicName::new(name).unwrap())
                .filter_map(|one| match one {
                    Match::Subscriber(one) => Some(*one.key),
                    Match::Group(_) => None,
                })
                .collect();
            let expected =
                (0..filters.len()).filter(|key| reference_matches(filters[*key], name, true));
            assert_eq!(found, expected.collect(), "{constant:x} {name}");
        }
        for (key, filter) in filters.iter().enumerate() {
            assert_eq!(
                index.remove(TopicFilter::new(filter).unwrap(), &key),
                Some(()),
                "{constant:x} {filter}"
            );
        }
        assert!(index.is_empty() && index.filters() == 0);
    }
}

/// The estimate falls with what is removed, and a clone counts what it holds itself.
#[test]
fn memory_is_given_back_and_counted() {
    let mut index = SubscriptionIndex::new();
    let empty = index.memory_bytes();
    for key in 0..20_000 {
        let filter = format!("dev/{key}/+/a filter of more than forty bytes, on the heap");
        index
            .insert(TopicFilter::new(&filter).unwrap(), key, ())
            .unwrap();
        index
            .insert(TopicFilter::new("all").unwrap(), key, ())
            .unwrap();
    }
    let full = index.memory_bytes();
    let mut copy = index.clone();
    for key in 1..20_000 {
        index.remove_key(&key);
        copy.remove_key(&key);
    }
    assert!(
        index.memory_bytes() * 20 < full,
        "{} of {full}",
        index.memory_bytes()
    );
    index.shrink_to_fit();
    assert!(
        index.memory_bytes() < empty + 16 * 1024,
        "{}",
        index.memory_bytes()
    );
    assert_eq!((index.len(), index.iter().count()), (2, 2));
    index.remove_key(&0);
    copy.remove_key(&0);
    assert_eq!((index.memory_bytes(), copy.memory_bytes()), (empty, empty));
}

#[test]
fn keys_are_found_by_what_they_borrow_as() {
    let mut index = SubscriptionIndex::new();
    let filter = TopicFilter::new("a").unwrap();
    index.insert(filter, String::from("client"), 1).unwrap();
    assert_eq!(index.get(filter, "client"), Some(&1));
    let first = index.matches(TopicName::new("a").unwrap()).next().unwrap();
    let copied = first;
    assert!(
        matches!((first, copied), (Match::Subscriber(one), Match::Subscriber(_)) if one.key == "client")
    );
    assert_eq!(index.subscriptions_of("client").count(), 1);
    assert_eq!(index.remove_key("client"), 1);
}

#[test]
fn a_visitor_can_stop() {
    let mut index = SubscriptionIndex::new();
    for key in 0..10 {
        index
            .insert(TopicFilter::new("a").unwrap(), key, ())
            .unwrap();
    }
    let mut seen = 0;
    let lookup = index.lookup(TopicName::new("a").unwrap(), usize::MAX, |_| {
        seen += 1;
        if seen == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert_eq!((lookup.outcome, seen), (Outcome::Stopped, 3));
}

/// A key that subscribes to a filter plainly and under two share names has three subscriptions.
#[test]
fn share_names_are_part_of_the_identity() {
    let mut index = SubscriptionIndex::new();
    for filter in ["a/+", "$share/g/a/+", "$share/h/a/+"] {
        let filter = SubscriptionFilter::new(filter).unwrap();
        assert_eq!(index.insert(filter, 1, filter.to_string()).unwrap(), None);
    }
    assert_eq!((index.len(), index.filters()), (3, 1));
    let shared = SubscriptionFilter::new("$share/g/a/+").unwrap();
    assert_eq!(index.remove(shared, &1).as_deref(), Some("$share/g/a/+"));
    assert_eq!(index.get(shared, &1), None);
    assert_eq!(index.len(), 2);
    assert_eq!(index.remove_key(&1), 2);
    assert_eq!(index.filters(), 0);
}

/// The two large cases: many subscribers of one filter, many filters of one subscriber. Were removal linear in either,
/// this would take minutes.
#[test]
fn a_hundred_thousand_on_either_side() {
    let mut index = SubscriptionIndex::new();
    let filter = TopicFilter::new("all/#").unwrap();
    for key in 0..100_000 {
        index.insert(filter, key, ()).unwrap();
    }
    for key in 0..100_000 {
        let text = format!("f/{key}/+");
        index
            .insert(TopicFilter::new(&text).unwrap(), 7, ())
            .unwrap();
    }
    assert_eq!(
        index.matches(TopicName::new("all/x").unwrap()).count(),
        100_000
    );
    for key in 0..100_000 {
        assert_eq!(index.remove(filter, &key), Some(()));
        let text = format!("f/{key}/+");
        assert_eq!(index.remove(TopicFilter::new(&text).unwrap(), &7), Some(()));
    }
    assert!(index.is_empty());
}

#[test]
fn merged_results_are_one_per_key() {
    let mut rng = SmallRng::seed_from_u64(9);
    let mut index = SubscriptionIndex::new();
    let mut model = Model::new();
    for value in 0..2000 {
        let key = rng.random_range(0..100);
        insert(&mut index, &mut model, filter(&mut rng), key, value);
    }
    let mut merged = Merged::new();
    for _ in 0..200 {
        let name = name(&mut rng);
        let mut wanted: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (_, share, key, value) in expected(&model, &name, MatchRules::MQTT) {
            if share.is_none() {
                wanted.entry(key).or_default().push(value);
            }
        }
        let topic = TopicName::new(&name).unwrap();
        merged.collect(&index, topic, |before: Option<Vec<u64>>, subscriber| {
            let mut values = before.unwrap_or_default();
            values.push(*subscriber.value);
            values
        });
        assert_eq!(merged.len(), wanted.len());
        let got: BTreeMap<u32, Vec<u64>> = merged
            .drain()
            .map(|(key, mut values)| {
                values.sort_unstable();
                (key, values)
            })
            .collect();
        for values in wanted.values_mut() {
            values.sort_unstable();
        }
        assert_eq!(got, wanted, "{name}");
        assert!(merged.is_empty());
    }
}

#[test]
fn a_full_index_stays_as_it_is() {
    let mut index = SubscriptionIndex::new().with_capacity_limit(2);
    let filter = TopicFilter::new("a/+").unwrap();
    index.insert(filter, 1, "one").unwrap();
    index.insert(filter, 2, "two").unwrap();
    let before = index.memory_bytes();
    assert!(index.insert(filter, 3, "three").is_err());
    assert_eq!((index.len(), index.memory_bytes()), (2, before));
    assert_eq!(index.insert(filter, 2, "again").unwrap(), Some("two"));
}
