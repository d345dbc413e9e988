//! Random policies and requests against the plain evaluator in `support/naive.rs`: no difference in the decision, and
//! the explanation comes to the same.
//!
//! The default run compares 100,000 pairs, in a few seconds without optimisation; the ignored ones a million and ten
//! million, optimised.

#![allow(
    unreachable_pub,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::cast_precision_loss,
    reason = "a test has `std`, and fails by panicking; the fuzz targets and the bench take the same support"
)]

mod support;

use std::sync::Arc;

use iot_policy::{Action, Decision, Limits, Policy, PolicySet, Request, Resource, Scope};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use support::generate::{self, Choice};
use support::naive::{self, Outcome, SCOPE};

struct Random(SmallRng);

impl Choice for Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }
}

const WORLDS: usize = 4;
const REQUESTS: usize = 10;

/// Compares this many pairs of a policy set and a request, and counts the outcomes.
fn compare(pairs: usize, seed: u64) -> [usize; 3] {
    let mut random = Random(SmallRng::seed_from_u64(seed));
    let limits = Limits::AWS_IOT.with_document_characters(100_000);
    let mut outcomes = [0; 3];
    for _ in 0..pairs / (WORLDS * REQUESTS) {
        let documents: Vec<Value> = (0..1 + random.below(2))
            .map(|_| generate::policy(&mut random))
            .collect();
        let policies: Vec<Policy> = documents
            .iter()
            .map(|document| {
                let text = document.to_string();
                Policy::parse_with(text.as_bytes(), &limits)
                    .unwrap_or_else(|error| panic!("{error}\n{text}"))
            })
            .collect();
        for _ in 0..WORLDS {
            let world = generate::world(&mut random);
            let scope = Scope::new(SCOPE[1], SCOPE[3], SCOPE[4]);
            let named = policies.iter().map(|policy| ("p", policy));
            let set = Arc::new(PolicySet::compile_with(named, scope, world.substitution()));
            let context = world.context();
            let bound = set.bind(&context);
            for round in 0..REQUESTS {
                let (action, resource) = generate::request(&mut random, &world);
                let expected = naive::decide(&documents, &world, action, &resource);
                let name = resource.splitn(6, ':').last().unwrap();
                let request = Request::One {
                    action: Action::from_name(action).unwrap(),
                    resource: Resource::parse(name).unwrap(),
                };
                let decision = bound.decide(&request, world.now);
                let got = match decision {
                    Decision::Allow(_) => Outcome::Allow,
                    Decision::ExplicitDeny(_) => Outcome::ExplicitDeny,
                    Decision::ImplicitDeny => Outcome::ImplicitDeny,
                };
                assert_eq!(
                    got,
                    expected,
                    "{action} on {resource}\n{world:#?}\n{}",
                    serde_json::to_string_pretty(&documents).unwrap()
                );
                outcomes[got as usize] += 1;
                if round == 0 {
                    let explanation = set.explain(&context, &request, world.now);
                    assert_eq!(explanation.decision(), decision);
                    let applies = explanation
                        .statements()
                        .iter()
                        .filter(|one| *one.reason() == iot_policy::Reason::Applies);
                    let denies = applies
                        .clone()
                        .any(|one| one.effect() == iot_policy::Effect::Deny);
                    assert_eq!(denies, got == Outcome::ExplicitDeny, "{explanation}");
                    assert_eq!(
                        applies.count() == 0,
                        got == Outcome::ImplicitDeny,
                        "{explanation}"
                    );
                }
            }
            // The linter may say what it likes, and must come to an end.
            let _ = set.lint();
        }
    }
    println!("allow, explicit deny, implicit deny: {outcomes:?}");
    outcomes
}

#[test]
fn a_hundred_thousand_pairs() {
    let outcomes = compare(100_000, 1);
    // Each outcome is met often enough to mean something.
    assert!(outcomes.iter().all(|count| *count > 5_000), "{outcomes:?}");
}

#[test]
#[ignore = "a million pairs: run by `cargo xtask check`"]
fn a_million_pairs() {
    compare(1_000_000, 2);
}

#[test]
#[ignore = "ten million pairs: run by `cargo xtask check`"]
fn ten_million_pairs() {
    compare(10_000_000, 3);
}
