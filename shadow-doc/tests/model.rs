//! Policy: on random sequences of requests the crate says and keeps exactly what a plain model of the
//! service does (`support/model.rs`), which was written from the rules and shares no code with it.
//! Along the way: a rejection leaves the bytes alone, versions never repeat or fall, sizes are exact,
//! and what was stored comes back. The long run is `cargo test --release -- --ignored`.

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

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use shadow_doc::{
    AllNullObject, ArrayLevels, DeleteNumbering, DeltaMetadata, EmptyObjectDelta, EpochSeconds,
    ExplicitNull, Limits, NestedNullStamps, Operation, Profile, Request, Service, Shadow,
    VersionOnMissing,
};
use support::model::{Answer, Model, Readings};
use support::{address, json, random, same};

/// Small enough that random documents outgrow it now and then.
const MAX_SIZE: usize = 160;

fn random_readings(rng: &mut SmallRng) -> Readings {
    Readings {
        delete_takes_no_number: rng.random(),
        no_empty_objects_in_delta: rng.random(),
        all_null_objects_vanish: rng.random(),
        version_on_missing_is_invalid: rng.random(),
        delta_has_metadata: rng.random(),
        nested_nulls_have_no_stamp: rng.random(),
        arrays_are_no_levels: rng.random(),
        null_is_absent: rng.random(),
    }
}

fn profile(readings: Readings) -> Profile {
    let mut profile = Profile::default();
    if readings.delete_takes_no_number {
        profile.delete_numbering = DeleteNumbering::Continues;
    }
    if readings.no_empty_objects_in_delta {
        profile.empty_object_delta = EmptyObjectDelta::Omitted;
    }
    if readings.all_null_objects_vanish {
        profile.all_null_object = AllNullObject::Dropped;
    }
    if readings.version_on_missing_is_invalid {
        profile.version_on_missing = VersionOnMissing::Invalid;
    }
    if readings.delta_has_metadata {
        profile.delta_metadata = DeltaMetadata::Included;
    }
    if readings.nested_nulls_have_no_stamp {
        profile.nested_null_stamps = NestedNullStamps::Omitted;
    }
    if readings.arrays_are_no_levels {
        profile.array_levels = ArrayLevels::Ignored;
    }
    if readings.null_is_absent {
        profile.explicit_null = ExplicitNull::Absent;
    }
    profile
}

fn play(seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut limits = Limits::default();
    limits.document_bytes = MAX_SIZE;
    // Half of the sequences read the documentation otherwise.
    let readings = if seed.is_multiple_of(2) {
        Readings::default()
    } else {
        random_readings(&mut rng)
    };
    let service = Service::new(limits, profile(readings));
    let mut model = Model::with_max_size(MAX_SIZE);
    model.readings = readings;
    let mut forgotten_at = None;
    let mut shadow = Shadow::default();
    let address = address();
    let mut now = 1_700_000_000_u64;
    let mut last_version = 0;
    for step in 0..rng.random_range(1..8) {
        now += match rng.random_range(0..30) {
            0 => 48 * 3600,
            1 => 48 * 3600 - 1,
            _ => rng.random_range(0..3),
        };
        let version = model
            .document
            .as_ref()
            .map_or(1, |document| document.version);
        let (operation, payload, expected) = match rng.random_range(0..12) {
            0 => (Operation::Get, String::new(), model.get(now)),
            1 => (Operation::Delete, String::new(), model.delete(now)),
            _ => {
                let request = random::update(&mut rng, version);
                let expected = model.update(&request, now);
                (Operation::Update, request.to_string(), expected)
            }
        };
        let at = || format!("seed {seed}, step {step}: {} {payload}", operation.as_str());
        let before = shadow.to_bytes();
        let request = Request::new(&address, operation, payload.as_bytes());
        let got = service.apply(&mut shadow, &request, EpochSeconds::try_from(now).unwrap());
        match (expected, got) {
            (Answer::Rejected(code), Err(rejection)) => {
                assert_eq!(rejection.code(), code, "{}", at());
                // The 48 hours pass for a tombstone whatever becomes of the request.
                let is_forgotten = forgotten_at.is_some_and(|at| now >= at);
                let expected = if is_forgotten { Vec::new() } else { before };
                assert_eq!(shadow.to_bytes(), expected, "{}", at());
            }
            (
                Answer::Accepted {
                    response,
                    delta,
                    documents,
                },
                Ok(accepted),
            ) => {
                let compare = |what: &str, expected: &Value, got: &[u8]| {
                    let got = json(got);
                    assert!(same(expected, &got), "{}\n{what}\n{expected}\n{got}", at());
                };
                compare("response", &response, accepted.response());
                compare("delta", &delta, accepted.delta().unwrap_or(b"null"));
                compare(
                    "documents",
                    &documents,
                    &accepted.to_documents().unwrap_or(b"null".into()),
                );
                if operation == Operation::Update {
                    // The 48 hours are the one way back to 1.
                    let version = accepted.version().get();
                    if forgotten_at.take().is_some_and(|at| now >= at) {
                        last_version = 0;
                    }
                    assert!(version > last_version, "{}", at());
                    last_version = version;
                }
                if operation == Operation::Delete {
                    forgotten_at = Some(now + 48 * 3600);
                }
            }
            (expected, got) => panic!("{}\nexpected {expected:?}\ngot {got:?}", at()),
        }
        if let (Some(document), Some(plain)) = (shadow.document(), &model.document) {
            let length =
                |state: Option<&shadow_doc::State>| state.map_or(0, |state| state.to_json().len());
            let length = length(document.desired()) + length(document.reported());
            assert_eq!(document.json_len(), length, "{}", at());
            assert_eq!(document.json_len(), plain.size(), "{}", at());
        }
        let stored = shadow.to_bytes();
        let again = Shadow::from_bytes(&stored).unwrap();
        assert_eq!(again, shadow, "{}", at());
        assert_eq!(again.to_bytes(), stored, "{}", at());
        // Going on from the stored form must not make a difference either.
        if rng.random_ratio(1, 3) {
            shadow = again;
        }
    }
}

#[test]
fn a_hundred_thousand_sequences_agree_with_the_model() {
    for seed in 0..100_000 {
        play(seed);
    }
}

#[test]
#[ignore = "ten minutes; run by the long tests"]
fn a_million_sequences_agree_with_the_model() {
    for seed in 1_000_000..2_000_000 {
        play(seed);
    }
}
