//! Validation, matching, captures and relations against the reference, for every short string there is.
//!
//! BC-034 (a name cannot hold wildcards), BC-036 (names that begin with `$`), BC-038 (a wider filter than granted) and
//! BC-039 (`sport/+` against `sport`) are instances of what is enumerated here.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test has `std`, and fails by panicking"
)]

mod support;

use support::{reference_filter, reference_matches, reference_name, strings};
use topic_match::{Capture, MatchRules, Profile, TopicFilter, TopicName, unchecked};

const RULES: [MatchRules; 2] = [MatchRules::MQTT, MatchRules::AWS_IOT];

/// MQTT 3.1.1, so that nothing is a shared filter; `$` and `#` are in the alphabet all the same.
fn filters(all: &[String]) -> Vec<TopicFilter<'_>> {
    all.iter()
        .filter(|text| reference_filter(text))
        .map(|text| TopicFilter::with_profile(text, &Profile::MQTT_3_1_1).unwrap())
        .collect()
}

fn names(all: &[String]) -> Vec<TopicName<'_>> {
    all.iter()
        .filter(|text| reference_name(text))
        .map(|text| TopicName::new(text).unwrap())
        .collect()
}

#[test]
fn validity_of_every_string_of_seven_characters() {
    for text in strings("a/+#$\0", 7) {
        let filter = TopicFilter::new(&text);
        assert_eq!(filter.is_ok(), reference_filter(&text), "filter {text:?}");
        let name = TopicName::new(&text);
        assert_eq!(name.is_ok(), reference_name(&text), "name {text:?}");
        for error in [filter.err(), name.err()].into_iter().flatten() {
            assert!(error.offset() <= text.len(), "{text:?}: {error}");
        }
    }
}

/// All filters and names of up to six characters: 10⁷ pairs.
#[test]
fn matches_of_every_pair() {
    let all = strings("a/+#$", 6);
    let (filters, names) = (filters(&all), names(&all));
    assert!(filters.len() > 1500 && names.len() > 1000);
    let mut matched = 0_u32;
    for filter in &filters {
        for name in &names {
            for rules in RULES {
                let expected =
                    reference_matches(filter.as_str(), name.as_str(), rules.hash_matches_parent);
                let got = filter.matches_with(*name, rules);
                assert_eq!(got, expected, "{filter} ~ {name}, {rules:?}");
                matched += u32::from(got);
            }
            let expected = reference_matches(filter.as_str(), name.as_str(), true);
            let got = unchecked::matches(filter.as_str(), name.as_str());
            assert_eq!(got, expected, "unchecked {filter} ~ {name}");
        }
    }
    assert!(matched > 10_000, "{matched}");
}

/// Putting what was captured in the place of the wildcards gives the name again.
#[test]
fn captures_rebuild_the_name() {
    let all = strings("a/+#", 6);
    let (filters, names) = (filters(&all), names(&all));
    for filter in &filters {
        for name in &names {
            let captures = filter.captures(*name);
            assert_eq!(
                captures.is_some(),
                filter.matches(*name),
                "{filter} ~ {name}"
            );
            let Some(mut captures) = captures else {
                continue;
            };
            let mut levels = Vec::new();
            for level in filter.levels() {
                match level {
                    "+" => match captures.next().unwrap() {
                        Capture::Level(text) => levels.push(text),
                        other => panic!("{filter} ~ {name}: {other:?} for `+`"),
                    },
                    "#" => match captures.next().unwrap() {
                        Capture::Rest(text) => levels.extend(text),
                        other => panic!("{filter} ~ {name}: {other:?} for `#`"),
                    },
                    literal => levels.push(literal),
                }
            }
            assert_eq!(captures.next(), None);
            assert_eq!(levels.join("/"), name.as_str(), "{filter}");
        }
    }
}

/// BC-038: relations are those of the sets of names. Names two characters longer than the filters hold every
/// difference that there can be.
#[test]
fn relations_are_those_of_sets() {
    let (short, long) = (strings("a/+#$", 4), strings("ab/$", 6));
    let (filters, names) = (filters(&short), names(&long));
    for rules in RULES {
        let sets: Vec<Vec<u64>> = filters
            .iter()
            .map(|filter| {
                let bits = names.chunks(64).map(|chunk| {
                    chunk.iter().enumerate().fold(0, |set, (bit, name)| {
                        let matched = reference_matches(
                            filter.as_str(),
                            name.as_str(),
                            rules.hash_matches_parent,
                        );
                        set | u64::from(matched) << bit
                    })
                });
                bits.collect()
            })
            .collect();
        for (one, ones) in filters.iter().zip(&sets) {
            for (two, twos) in filters.iter().zip(&sets) {
                let mut pairs = ones.iter().zip(twos);
                let covers = pairs.clone().all(|(one, two)| two & !one == 0);
                assert_eq!(
                    one.covers_with(*two, rules),
                    covers,
                    "{one} covers {two}, {rules:?}"
                );
                let overlaps = pairs.any(|(one, two)| one & two != 0);
                assert_eq!(
                    one.overlaps_with(*two, rules),
                    overlaps,
                    "{one} overlaps {two}, {rules:?}"
                );
            }
        }
    }
}
