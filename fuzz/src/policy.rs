//! Policies, connections and requests of a fuzzer's bytes, and the plain evaluator.

#[path = "../../iot-policy/tests/support/mod.rs"]
mod support;

use std::sync::Arc;

use arbitrary::Unstructured;
use iot_policy::{ConnectionContext, Limits, Policy, PolicySet, Request, Scope, Thing, Transport};
use serde_json::Value;
use support::ask::Verdict;
use support::generate::{self, Choice};
use support::naive::SCOPE;

/// Choices by the fuzzer's bytes; the first one when they are used up.
struct Bytes<'a>(Unstructured<'a>);

impl Choice for Bytes<'_> {
    fn below(&mut self, bound: usize) -> usize {
        self.0.choose_index(bound).unwrap_or(0)
    }
}

/// When requests are made.
const NOW: i64 = 1_795_000_000;

fn limits() -> Limits {
    Limits::AWS_IOT.with_document_characters(100_000)
}

fn scope() -> Scope {
    Scope::new(SCOPE[1], SCOPE[3], SCOPE[4])
}

/// Reads any bytes; what is accepted is JSON, can be used, and is explained as it is decided.
pub fn read(document: &[u8]) {
    let Ok(policy) = Policy::parse_with(document, &limits()) else {
        return;
    };
    serde_json::from_slice::<serde::de::IgnoredAny>(document).expect("a policy is JSON");
    let set = Arc::new(PolicySet::compile([("fuzz", &policy)], scope()));
    let _ = set.lint();
    let context = ConnectionContext::new("a", Transport::Mqtt).with_thing(Thing::new("a"));
    let bound = set.bind(&context);
    for request in [
        Request::Connect { client_id: "a" },
        Request::Publish {
            topic: "a/b",
            retain: true,
        },
        Request::Subscribe { filter: "a/#" },
        Request::ListRetainedMessages,
    ] {
        let explanation = set.explain(&context, &request, NOW);
        assert_eq!(
            explanation.decision(),
            bound.decide(&request, NOW),
            "{explanation}"
        );
    }
}

/// What the crate and the plain evaluator say to one random request.
pub fn decide(data: &[u8]) -> (Verdict, Verdict) {
    let mut source = Bytes(Unstructured::new(data));
    let documents: Vec<Value> = (0..=source.below(2))
        .map(|_| generate::policy(&mut source))
        .collect();
    let world = generate::world(&mut source, &documents);
    let ask = generate::request(&mut source, &world, &documents);
    let policies: Vec<Policy> = documents
        .iter()
        .map(|document| {
            Policy::parse_with(document.to_string().as_bytes(), &limits())
                .expect("the grammar holds policies")
        })
        .collect();
    let named = policies.iter().map(|policy| ("fuzz", policy));
    let set = PolicySet::compile_with(named, world.scope(), world.substitution());
    let bound = Arc::new(set).bind(&world.context());
    let decision = bound.decide(&ask.request(), world.now);
    (decision.into(), ask.verdict(&documents, &world))
}
