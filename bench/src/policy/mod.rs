//! `iot-policy` against the plain evaluator of its own tests, which reads the policies anew for each decision; against one
//! that has read them, replaces variables and matches; and against Cedar on a policy set that says the same.

mod cedar;
mod data;
mod growth;
#[path = "../../../iot-policy/tests/support/naive/mod.rs"]
mod naive;
mod replace;

use std::sync::Arc;

use iot_policy::{Bound, PolicySet, Request};
use serde_json::Value;

use crate::harness::{Bench, Entry};

pub(crate) const OURS: &str = "iot-policy";
const NAIVE: &str = "naive evaluator";
const REPLACE: &str = "replace and match";
const CEDAR: &str = "cedar-policy";

/// When the requests are made.
pub(crate) const NOW: i64 = 1_795_000_000;

/// How often a round goes through the requests.
const TIMES: u64 = 200;

pub fn run(bench: &mut Bench) {
    bench.say(
        "Requests and entities of Cedar are made beforehand, with the topic cut into what its policies compare, since \
         its patterns hold no variables; its decisions alone are timed.",
    );
    typical(bench);
    binding(bench);
    growth::run(bench);
}

/// Ours, as the gateway asks.
fn ours(bound: &Bound, requests: &[Request<'_>]) -> u64 {
    let mut allowed = 0;
    for request in requests {
        allowed = allowed * 2 + u64::from(bound.decide(request, NOW).is_allowed());
    }
    allowed
}

fn typical(bench: &mut Bench) {
    bench.head("A device's policy: eight statements, variables, twelve kinds of request");
    let case = "8 statements";
    let policy = data::device_policy();
    let set = Arc::new(PolicySet::compile([("Device", &policy)], data::scope()));
    let bound = set.bind(&data::context());
    let requests = data::requests();
    let asked: Vec<Request<'_>> = requests.iter().map(data::Asked::request).collect();

    let document: Value = serde_json::from_str(data::DEVICE).expect("the constant is JSON");
    let documents = [document];
    let world = data::world();
    let arns: Vec<(&str, String)> = requests.iter().map(data::Asked::arn).collect();

    let replace = replace::Evaluator::new(&documents[0]);
    let cedar = cedar::Cedar::new(&requests);
    let operations = TIMES * requests.len() as u64;
    bench.case(
        case,
        operations,
        31,
        vec![
            Entry::ours(OURS, || {
                (0..TIMES).fold(0, |sum, _| sum ^ ours(&bound, std::hint::black_box(&asked)))
            }),
            Entry::peer(NAIVE, || {
                (0..TIMES).fold(0, |sum, _| {
                    let mut allowed = 0;
                    for (action, resource) in std::hint::black_box(&arns) {
                        let (outcome, _) = naive::decide(&documents, &world, action, resource);
                        allowed = allowed * 2 + u64::from(outcome == naive::Outcome::Allow);
                    }
                    sum ^ allowed
                })
            }),
            Entry::peer(REPLACE, || {
                (0..TIMES).fold(0, |sum, _| {
                    let mut allowed = 0;
                    for (action, resource) in std::hint::black_box(&arns) {
                        let is_allowed = replace.decide(action, resource);
                        allowed = allowed * 2 + u64::from(is_allowed);
                    }
                    sum ^ allowed
                })
            }),
            Entry::peer(CEDAR, || {
                (0..TIMES).fold(0, |sum, _| sum ^ cedar.decide_all())
            }),
        ],
    );
    // All three agree, and not by saying no to everything.
    let allowed = ours(&bound, &asked);
    assert_eq!(allowed, cedar.decide_all());
    assert_eq!(allowed.count_ones(), 8, "{allowed:b}");

    let time = bench.time(case, OURS);
    bench.goal("typical.against_naive", time / bench.time(case, NAIVE), 0.1);
    bench.goal(
        "typical.against_replace",
        time / bench.time(case, REPLACE),
        0.1,
    );
    bench.goal("typical.against_cedar", time / bench.time(case, CEDAR), 0.2);
    bench.goal("typical.of_1000_ns", time / 1000.0, 1.0);
    let allocations = bench.allocations(case, OURS);
    bench.goal("typical.allocations", allocations, 0.0);
}

fn binding(bench: &mut Bench) {
    bench.head("Binding a connection to the same policy");
    let policy = data::device_policy();
    let set = Arc::new(PolicySet::compile([("Device", &policy)], data::scope()));
    let context = data::context();
    bench.case(
        "bind",
        TIMES,
        31,
        vec![Entry::ours(OURS, || {
            (0..TIMES).fold(0, |sum, _| {
                sum + set.bind(std::hint::black_box(&context)).memory_bytes() as u64
            })
        })],
    );
    let bytes = set.bind(&context).memory_bytes();
    bench.say(&format!("\nA bound connection holds {bytes} bytes.\n"));
    bench.goal("bound.of_512_bytes", bytes as f64 / 512.0, 1.0);
}
