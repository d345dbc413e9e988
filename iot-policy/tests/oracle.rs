//! Random policies and requests against the plain evaluator in `support/naive`: no difference in the outcome, in the
//! statement that decides and in the action that is refused, and the explanation comes to the same. What the generator
//! is there for is counted, so that a kind of policy, connection or request that is not met any more is seen.
//!
//! The default run compares 100,000 pairs, in some seconds; the ignored one a million, or as many as `IOT_POLICY_PAIRS`
//! says.

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

use std::collections::BTreeMap;
use std::sync::Arc;

use iot_policy::{Bound, Effect, Limits, Policy, PolicySet, Reason};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use support::ask::{Ask, Verdict};
use support::generate::{self, Choice};
use support::naive::{self, Outcome, SCOPE, World};

struct Random(SmallRng);

impl Choice for Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }
}

const WORLDS: usize = 4;
const REQUESTS: usize = 10;

/// How often each kind came out as allowed, explicitly denied, implicitly denied.
type Counts = BTreeMap<&'static str, [usize; 3]>;

/// Kinds of requests, connections and places: each must come out in all three ways.
const ASKED: &[&str] = &[
    "all",
    "CONNECT",
    "PUBLISH",
    "PUBLISH with RETAIN",
    "SUBSCRIBE",
    "delivery",
    "GetRetainedMessage",
    "ListRetainedMessages",
    "shadow, classic",
    "shadow, named",
    "ListNamedShadowsForThing",
    "AssumeRoleWithCertificate",
    "the connection API",
    "jobs",
    "resource of another type",
    "resource *",
    "no client id over HTTP",
    "no client id over MQTT",
    "a client id over HTTP",
    "over WebSocket",
    "over WebSocket, as a thing",
    "another account",
    "another region",
    "another partition",
    "substitution: strict",
];

/// What the statement that decided has in it, in a place where it counts: each must have allowed and denied.
const DECIDED: &[&str] = &[
    "BinaryEquals holds",
    "aws:SourceVpc asked for",
    "aws:SourceVpce asked for",
    "aws:VpcSourceIp asked for",
    "cognito sub asked for",
    "cognito aud asked for",
    "cognito amr asked for",
    "IfExists",
    "ForAllValues",
    "ForAnyValue",
    "Null",
    "variable of a VPC",
    "variable of Cognito",
    "variable of a thing",
    "variable of a certificate",
    "a piece longer than 64 bytes, with holes",
    "a piece longer than 64 bytes, without",
    "a piece longer than 1,024 bytes",
    "a role alias",
    "another account",
    "another region",
    "another partition",
    "wildcards before the account's end",
    "NotResource",
    "NotAction",
];

/// What denied a PUBLISH with RETAIN: explicitly and implicitly.
const RETAIN: &[&str] = &["RETAIN: iot:Publish", "RETAIN: iot:RetainPublish"];

fn kind_of(ask: &Ask) -> &'static str {
    match ask {
        Ask::Connect(_) => "CONNECT",
        Ask::Publish { retain: false, .. } => "PUBLISH",
        Ask::Publish { retain: true, .. } => "PUBLISH with RETAIN",
        Ask::Subscribe(_) => "SUBSCRIBE",
        Ask::Receive(_) => "delivery",
        Ask::GetRetainedMessage(_) => "GetRetainedMessage",
        Ask::ListRetainedMessages => "ListRetainedMessages",
        Ask::Shadow { shadow: None, .. } => "shadow, classic",
        Ask::Shadow { .. } => "shadow, named",
        Ask::ListNamedShadows => "ListNamedShadowsForThing",
        Ask::AssumeRole(_) => "AssumeRoleWithCertificate",
        Ask::One { resource, .. } if resource == "*" => "resource *",
        Ask::One { action, resource } => match *action {
            "iot:GetConnection"
            | "iot:DeleteConnection"
            | "iot:ListSubscriptions"
            | "iot:SendDirectMessage"
                if resource.starts_with("client/") =>
            {
                "the connection API"
            }
            "iot:DescribeJobExecution"
            | "iot:GetPendingJobExecutions"
            | "iot:StartNextPendingJobExecution"
            | "iot:UpdateJobExecution"
                if resource.starts_with("thing/") =>
            {
                "jobs"
            }
            "iot:Publish" if resource.starts_with("topic/") => "PUBLISH",
            _ => "resource of another type",
        },
    }
}

fn place(scope: [&str; 5]) -> Option<&'static str> {
    if scope[1] != SCOPE[1] {
        Some("another partition")
    } else if scope[3] != SCOPE[3] {
        Some("another region")
    } else if scope[4] != SCOPE[4] {
        Some("another account")
    } else {
        None
    }
}

fn kinds_of(world: &World) -> Vec<&'static str> {
    let mut kinds = vec!["all"];
    kinds.extend(match (world.transport, &world.client_id) {
        ("http", None) => Some("no client id over HTTP"),
        ("http", Some(_)) => Some("a client id over HTTP"),
        ("mqtt", None) => Some("no client id over MQTT"),
        ("websocket", _) => Some("over WebSocket"),
        _ => None,
    });
    if world.transport == "websocket"
        && let (Some(thing), Some(id)) = (&world.thing, &world.client_id)
        && thing.name == *id
    {
        kinds.push("over WebSocket, as a thing");
    }
    kinds.extend(place(world.scope));
    if world.strict {
        kinds.push("substitution: strict");
    }
    kinds
}

/// What a statement that applies has in it. Its conditions all hold, so each of them counts; of its resources any may be
/// the one that matches, so one counts only where it is alone.
fn kinds_of_statement(statement: &Value, ask: &Ask, world: &World) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
        let keys = keys.as_object().unwrap();
        let plain = !operator.contains("IfExists") && !operator.starts_with("ForAllValues");
        for (part, kind) in [
            ("IfExists", "IfExists"),
            ("ForAllValues", "ForAllValues"),
            ("ForAnyValue", "ForAnyValue"),
            ("Null", "Null"),
        ] {
            if operator.contains(part) && !keys.is_empty() {
                kinds.push(kind);
            }
        }
        if operator.contains("BinaryEquals") && plain && !keys.is_empty() {
            kinds.push("BinaryEquals holds");
        }
        for key in keys.keys() {
            kinds.extend(match &*key.to_ascii_lowercase() {
                "aws:sourcevpc" => Some("aws:SourceVpc asked for"),
                "aws:sourcevpce" => Some("aws:SourceVpce asked for"),
                "aws:vpcsourceip" => Some("aws:VpcSourceIp asked for"),
                "cognito-identity.amazonaws.com:sub" => Some("cognito sub asked for"),
                "cognito-identity.amazonaws.com:aud" => Some("cognito aud asked for"),
                "cognito-identity.amazonaws.com:amr" => Some("cognito amr asked for"),
                _ => None,
            });
        }
    }
    for element in ["NotResource", "NotAction"] {
        if statement.get(element).is_some() {
            kinds.push(element);
        }
    }
    let alone = match &statement["Resource"] {
        Value::String(one) => Some(one),
        Value::Array(list) => match list.as_slice() {
            [Value::String(one)] => Some(one),
            _ => None,
        },
        _ => None,
    };
    let Some(resource) = alone else {
        return kinds;
    };
    let lower = resource.to_ascii_lowercase();
    for (variable, kind) in [
        ("${aws:sourcevpc", "variable of a VPC"),
        ("${aws:vpcsourceip", "variable of a VPC"),
        ("${cognito-identity", "variable of Cognito"),
        ("${iot:connection.thing", "variable of a thing"),
        ("${iot:certificate", "variable of a certificate"),
    ] {
        if lower.contains(variable) {
            kinds.push(kind);
        }
    }
    // Between two stars, where a piece must be searched for.
    let pieces: Vec<&str> = resource.split('*').collect();
    for piece in pieces.get(1..pieces.len() - 1).unwrap_or_default() {
        if piece.len() > 64 {
            kinds.push(if piece.trim_matches('?').contains('?') {
                "a piece longer than 64 bytes, with holes"
            } else {
                "a piece longer than 64 bytes, without"
            });
        }
        if piece.len() > 1024 {
            kinds.push("a piece longer than 1,024 bytes");
        }
    }
    if let Ask::AssumeRole(_) = ask {
        kinds.push("a role alias");
    }
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    if let [_, partition, _, region, account, _] = *parts {
        let wild = |part: &str| part.contains(['*', '?']);
        if wild(partition) || wild(region) || wild(account) {
            kinds.push("wildcards before the account's end");
        } else {
            kinds.extend(place(world.scope));
        }
    }
    kinds
}

fn count(counts: &mut Counts, kinds: impl IntoIterator<Item = &'static str>, outcome: Outcome) {
    for kind in kinds {
        counts.entry(kind).or_default()[outcome as usize] += 1;
    }
}

#[derive(Default)]
struct Reached {
    asked: Counts,
    decided: Counts,
    retain: Counts,
}

/// Compares this many pairs of a policy set and a request, and counts what was met.
fn compare(pairs: usize, seed: u64) -> Reached {
    let mut random = Random(SmallRng::seed_from_u64(seed));
    let limits = Limits::AWS_IOT.with_document_characters(100_000);
    let mut reached = Reached::default();
    for _ in 0..pairs.div_ceil(WORLDS * REQUESTS) {
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
            let world = generate::world(&mut random, &documents);
            let named = policies.iter().map(|policy| ("p", policy));
            let set = PolicySet::compile_with(named, world.scope(), world.substitution());
            let set = Arc::new(set);
            let bound = set.bind(&world.context());
            for round in 0..REQUESTS {
                let ask = generate::request(&mut random, &world, &documents);
                let expected = ask.verdict(&documents, &world);
                let got = Verdict::from(bound.decide(&ask.request(), world.now));
                assert_eq!(
                    got,
                    expected,
                    "{ask:?}\n{world:#?}\n{}",
                    serde_json::to_string_pretty(&documents).unwrap()
                );
                note(&mut reached, &documents, &world, &ask, got);
                if round == 0 {
                    explained(&documents, &world, &ask, &bound);
                }
            }
            // The linter may say what it likes, and must come to an end.
            let _ = set.lint();
        }
    }
    reached
}

fn note(reached: &mut Reached, documents: &[Value], world: &World, ask: &Ask, got: Verdict) {
    let kinds = kinds_of(world).into_iter().chain([kind_of(ask)]);
    count(&mut reached.asked, kinds, got.outcome);
    if let Some((policy, index)) = got.by {
        let statement = naive::statements(&documents[policy])[index];
        let kinds = kinds_of_statement(statement, ask, world);
        count(&mut reached.decided, kinds, got.outcome);
    }
    if let Ask::Publish { retain: true, .. } = ask {
        let refused = match got.refused {
            Some("iot:Publish") => Some("RETAIN: iot:Publish"),
            Some("iot:RetainPublish") => Some("RETAIN: iot:RetainPublish"),
            _ => None,
        };
        count(&mut reached.retain, refused, got.outcome);
    }
}

/// The explanation decides the same, and has for each action what the oracle says of it.
fn explained(documents: &[Value], world: &World, ask: &Ask, bound: &Bound) {
    let explanation = bound
        .set()
        .explain(&world.context(), &ask.request(), world.now);
    assert_eq!(
        explanation.decision(),
        bound.decide(&ask.request(), world.now)
    );
    for (action, resource) in ask.needs(&world.scope) {
        let (outcome, _) = naive::decide(documents, world, action, &resource);
        let applies = |effect: Effect| {
            explanation.statements().iter().any(|one| {
                one.action().name() == action
                    && one.effect() == effect
                    && *one.reason() == Reason::Applies
            })
        };
        let denies = applies(Effect::Deny);
        assert_eq!(denies, outcome == Outcome::ExplicitDeny, "{explanation}");
        let any = denies || applies(Effect::Allow);
        assert_eq!(!any, outcome == Outcome::ImplicitDeny, "{explanation}");
    }
    if let Some(action) = explanation.decision().refused_action() {
        assert!(
            explanation
                .to_string()
                .contains(&format!(": {action} is denied ")),
            "{explanation}"
        );
    }
}

/// Every kind was met, in every way that it can come out, at least so often: `asked` times where a request or connection
/// is of the kind, and `decided` times where the statement that decided is. Without the latter, once in any way.
fn assert_reached(reached: &Reached, asked: usize, decided: Option<usize>) {
    let mut missing = Vec::new();
    for (counts, kinds, outcomes, least) in [
        (&reached.asked, ASKED, 0..3, Some(asked)),
        (&reached.decided, DECIDED, 0..2, decided),
        (&reached.retain, RETAIN, 1..3, Some(asked)),
    ] {
        for kind in kinds {
            let met = counts.get(kind).copied().unwrap_or_default();
            println!("{kind}: allowed, explicitly, implicitly denied: {met:?}");
            let enough = match least {
                Some(least) => met[outcomes.clone()].iter().all(|count| *count >= least),
                None => met.iter().any(|count| *count > 0),
            };
            if !enough {
                missing.push(*kind);
            }
        }
        let unlisted = counts.keys().filter(|kind| !kinds.contains(*kind));
        missing.extend(unlisted);
    }
    assert!(missing.is_empty(), "too seldom, or not listed: {missing:?}");
}

#[test]
fn a_hundred_thousand_pairs() {
    assert_reached(&compare(100_000, 1), 10, None);
}

#[test]
#[ignore = "a million pairs: run by `cargo xtask check`"]
fn a_million_pairs() {
    let pairs = std::env::var("IOT_POLICY_PAIRS").map_or(1_000_000, |text| text.parse().unwrap());
    let reached = compare(pairs, 2);
    assert_reached(&reached, pairs / 10_000, Some(pairs / 250_000));
}
