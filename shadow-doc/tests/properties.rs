//! Policy: laws that hold for all states and patches, on random ones.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    clippy::string_slice,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod support;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde_json::Value;
use shadow_doc::{EpochSeconds, Owner, Patch, State};
use support::{json, random};

const ROUNDS: u64 = 20_000;

fn state(rng: &mut SmallRng, stamp: u32) -> State {
    let value = random::object(rng, false, 3).to_string();
    State::from_json(value.as_bytes(), EpochSeconds::from(stamp)).unwrap()
}

fn patch(rng: &mut SmallRng) -> Patch {
    loop {
        let value = random::object(rng, true, 3).to_string();
        // Some hold null in an array.
        if let Ok(patch) = Patch::from_json(value.as_bytes()) {
            return patch;
        }
    }
}

fn rounds(mut law: impl FnMut(&mut SmallRng)) {
    for seed in 0..ROUNDS {
        law(&mut SmallRng::seed_from_u64(seed));
    }
}

fn merged(state: &State, patch: &Patch) -> State {
    let mut state = state.clone();
    state.merge(patch);
    state
}

#[test]
fn merging_twice_is_merging_once() {
    rounds(|rng| {
        let (state, patch) = (state(rng, 1), patch(rng));
        let once = merged(&state, &patch);
        assert_eq!(merged(&once, &patch), once);
    });
}

#[test]
fn a_state_has_no_delta_with_itself() {
    rounds(|rng| {
        let state = state(rng, 1);
        assert!(state.delta(&state).is_none());
    });
}

#[test]
fn applying_the_delta_empties_it() {
    rounds(|rng| {
        let (desired, reported) = (state(rng, 1), state(rng, 2));
        if let Some(delta) = desired.delta(&reported) {
            let reported = merged(&reported, &Patch::from(delta));
            assert!(
                desired.delta(&reported).is_none(),
                "{desired:?} {reported:?}"
            );
        }
    });
}

#[test]
fn the_patch_between_two_states_leads_from_one_to_the_other() {
    rounds(|rng| {
        let (from, to) = (state(rng, 1), state(rng, 2));
        let patch = from.patch_to(&to, EpochSeconds::default());
        assert_eq!(merged(&from, &patch), to, "{from:?} {to:?} {patch:?}");
        assert_eq!(patch.is_empty(), from == to);
    });
}

#[test]
fn two_patches_that_compose_do_what_they_do_one_after_the_other() {
    let mut composed = 0;
    rounds(|rng| {
        let (state, first, second) = (state(rng, 1), patch(rng), patch(rng));
        if let Some(both) = first.then(&second) {
            composed += 1;
            let apart = merged(&merged(&state, &first), &second);
            assert_eq!(
                merged(&state, &both),
                apart,
                "{state:?} {first:?} {second:?}"
            );
        }
    });
    assert!(composed > ROUNDS / 4, "most do: {composed}");
}

#[test]
fn json_and_back_is_the_same() {
    rounds(|rng| {
        let state = state(rng, 5);
        let again = State::from_json(&state.to_json(), EpochSeconds::from(5_u32)).unwrap();
        assert_eq!(again, state);
        assert_eq!(again.to_json(), state.to_json());
        assert_eq!(again.to_metadata_json(), state.to_metadata_json());
        assert_eq!(state.json_len(), state.to_json().len());
    });
}

/// Metadata is the state with a stamp in the place of each leaf.
#[test]
fn metadata_mirrors_state() {
    fn mirrors(state: &Value, metadata: &Value) -> bool {
        match (state, metadata) {
            (Value::Object(state), Value::Object(metadata)) => {
                state.len() == metadata.len()
                    && state.iter().all(|(name, value)| {
                        metadata
                            .get(name)
                            .is_some_and(|stamps| mirrors(value, stamps))
                    })
            }
            (Value::Array(state), Value::Array(metadata)) => {
                state.len() == metadata.len()
                    && state
                        .iter()
                        .zip(metadata)
                        .all(|(value, stamps)| mirrors(value, stamps))
            }
            (Value::Object(_) | Value::Array(_), _) => false,
            (_, Value::Object(stamp)) => stamp.len() == 1 && stamp["timestamp"].is_u64(),
            _ => false,
        }
    }
    rounds(|rng| {
        let state = merged(&state(rng, 3), &patch(rng));
        let (state, metadata) = (json(&state.to_json()), json(&state.to_metadata_json()));
        assert!(mirrors(&state, &metadata), "{state} {metadata}");
    });
}

#[test]
fn three_way_merge_takes_what_only_one_side_changed() {
    rounds(|rng| {
        let (base, other) = (state(rng, 1), state(rng, 2));
        for owner in [Owner::Local, Owner::Remote, Owner::Newest] {
            let merge = State::three_way(&base, &base, &other, owner);
            assert_eq!(merge.state, other, "only the remote side changed");
            assert_eq!(merge.conflicts, 0);
            let merge = State::three_way(&base, &other, &base, owner);
            assert_eq!(merge.state, other, "only the local side changed");
            assert_eq!(merge.conflicts, 0);
            let merge = State::three_way(&base, &other, &other, owner);
            assert_eq!(merge.state, other, "both made the same change");
            assert_eq!(merge.conflicts, 0);
        }
    });
}

#[test]
fn three_way_merge_is_the_same_from_both_sides() {
    rounds(|rng| {
        let (base, a, b) = (state(rng, 1), state(rng, 2), state(rng, 3));
        let here = State::three_way(&base, &a, &b, Owner::Local);
        let there = State::three_way(&base, &b, &a, Owner::Remote);
        assert_eq!(here.state, there.state);
        assert_eq!(here.conflicts, there.conflicts);
    });
}

#[test]
fn the_newest_stamp_wins_a_conflict() {
    let at = |stamp: u32, json: &str| {
        State::from_json(json.as_bytes(), EpochSeconds::from(stamp)).unwrap()
    };
    let base = at(1, r#"{"a":1,"b":1,"c":1}"#);
    let local = at(9, r#"{"a":2,"b":1}"#);
    let remote = at(5, r#"{"a":3,"c":2}"#);
    let merge = State::three_way(&base, &local, &remote, Owner::Newest);
    // `a`: the newer one. `b`: removed by one side. `c`: changed here, removed there, and a
    // deletion has no stamp.
    assert_eq!(merge.state.to_json(), br#"{"a":2,"c":2}"#);
    assert_eq!(merge.conflicts, 2);
}
