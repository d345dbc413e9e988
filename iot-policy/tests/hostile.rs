//! Documents and patterns that somebody made to hurt: deep, huge, with names twice; how values and documents of strangers
//! are answered; and rows of the bug classes that concern authorization, by their ids. What such documents cost is in
//! `growth.rs`.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test has `std`, and fails by panicking"
)]

use std::sync::Arc;
use std::thread;

use iot_policy::{
    Action, Bound, ConnectionContext, Decision, Limits, Policy, PolicyErrorKind, PolicySet,
    Request, Scope, Substitution, Thing, Transport,
};

const WIDE: Limits = Limits::AWS_IOT;

/// When requests are made.
const NOW: i64 = 1_795_000_000;

fn wide() -> Limits {
    WIDE.with_document_characters(50_000_000)
}

fn scope() -> Scope {
    Scope::new("aws", "us-east-1", "123456789012")
}

fn bind(policies: &[&Policy], context: &ConnectionContext) -> Bound {
    let named = policies.iter().map(|policy| ("P", *policy));
    Arc::new(PolicySet::compile(named, scope())).bind(context)
}

fn policy(statements: &str) -> Policy {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#);
    Policy::parse_with(text.as_bytes(), &wide()).unwrap_or_else(|error| panic!("{error}"))
}

fn publish(topic: &str) -> Request<'_> {
    Request::Publish {
        topic,
        retain: false,
    }
}

fn on_a_small_stack(body: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(64 * 1024);
    thread.spawn(body).unwrap().join().unwrap();
}

/// BC-065: a megabyte of brackets, wherever they can stand, on a stack of 64 KiB.
#[test]
fn deep_documents() {
    on_a_small_stack(|| {
        let deep = "[".repeat(1_000_000);
        let deeper = "{\"a\":".repeat(200_000);
        for start in [
            "",
            "{\"Version\": ",
            "{\"Statement\": ",
            "{\"Statement\": [{\"Effect\": ",
            "{\"Statement\": [{\"Resource\": ",
            "{\"Statement\": [{\"Condition\": ",
            "{\"Statement\": [{\"Condition\": {\"Bool\": ",
            "{\"Statement\": [{\"Condition\": {\"Bool\": {\"iot:ClientId\": ",
            "{\"Unknown\": ",
        ] {
            for nest in [&deep, &deeper] {
                let error = Policy::parse_with(format!("{start}{nest}").as_bytes(), &wide());
                assert!(error.unwrap_err().offset() < 100, "{start}");
            }
        }
    });
}

/// The limits of the service, and of the caller.
#[test]
fn huge_documents() {
    let text = |spaces: usize| format!("{}{{\"Statement\": []}}", " ".repeat(spaces));
    let fits = 404_600 - 17;
    assert!(Policy::parse(text(fits).as_bytes()).is_ok());
    let error = Policy::parse(text(fits + 1).as_bytes()).unwrap_err();
    assert_eq!(
        error.kind(),
        &PolicyErrorKind::TooManyBytes { max: 404_600 }
    );

    let id = |length: usize| format!(r#"{{"Statement":[],"Id":"{}"}}"#, "é".repeat(length));
    assert!(Policy::parse(id(2048 - 24).as_bytes()).is_ok());
    let error = Policy::parse(id(2048 - 23).as_bytes()).unwrap_err();
    assert_eq!(
        error.kind(),
        &PolicyErrorKind::TooManyCharacters { max: 2048 }
    );
}

/// BC-069, and what an attacker hides behind a second `Effect` or `Condition`: names that stand twice, also in other
/// spellings of JSON, are refused.
#[test]
fn names_twice() {
    for document in [
        r#"{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": []}"#,
        r#"{"Statement": [], "\u0053tatement": []}"#,
        r#"{"Statement": {"Effect": "Deny", "Eff\u0065ct": "Allow", "Action": "*", "Resource": "*"}}"#,
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"iot:ClientId": "true"}}, "Condition": {}}}"#,
    ] {
        let error = Policy::parse(document.as_bytes()).unwrap_err();
        assert!(
            matches!(error.kind(), PolicyErrorKind::DuplicateName { .. }),
            "{error}"
        );
    }
}

/// BC-037: a client id or another value is never a wildcard of the pattern; and with `Substitution::Strict`, no value
/// with a wildcard of MQTT is put into a filter either, so that a substituted filter covers no other id's topics.
#[test]
fn bc_037_values_in_patterns() {
    let policy = policy(
        r#"{"Effect": "Allow", "Action": "iot:*", "Resource": [
            "arn:aws:iot:us-east-1:123456789012:topicfilter/own/${iot:ClientId}/x",
            "arn:aws:iot:us-east-1:123456789012:topic/own/${iot:ClientId}/*",
            "arn:aws:iot:us-east-1:123456789012:topicfilter/*/${iot:ClientId}/y",
            "arn:aws:iot:us-east-1:123456789012:topicfilter/kind/${iot:Connection.Thing.Attributes[k]}"]}"#,
    );
    let named = || [("P", &policy)];
    let aws = Arc::new(PolicySet::compile(named(), scope()));
    let strict = Arc::new(PolicySet::compile_with(
        named(),
        scope(),
        Substitution::Strict,
    ));
    let ids = [
        "*",
        "?",
        "+",
        "#",
        "$",
        "a*",
        "?b",
        "+/+",
        "a/#",
        "a\0",
        "${*}",
        "${iot:ClientId}",
        "$(*)",
    ];
    for id in ids {
        let thing = Thing::new(id).with_attribute("k", id);
        let context = ConnectionContext::new(id, Transport::Mqtt).with_thing(thing);
        for other in ["victim", "a", "ab", "b", "x/y", ""] {
            for set in [&aws, &strict] {
                let bound = set.bind(&context);
                for filter in [
                    format!("own/{other}/x"),
                    format!("z/{other}/y"),
                    format!("kind/{other}"),
                ] {
                    let request = Request::Subscribe { filter: &filter };
                    assert_eq!(
                        bound.decide(&request, NOW),
                        Decision::ImplicitDeny {
                            action: Action::Subscribe
                        },
                        "{id} {filter}"
                    );
                }
                let topic = format!("own/{other}/t");
                assert!(
                    !bound.decide(&publish(&topic), NOW).is_allowed(),
                    "{id} {topic}"
                );
            }
        }
        // Strict: not even its own text.
        let filters = [
            format!("own/{id}/x"),
            format!("z/{id}/y"),
            format!("kind/{id}"),
        ];
        for filter in &filters {
            let request = Request::Subscribe { filter };
            assert!(
                !strict.bind(&context).decide(&request, NOW).is_allowed(),
                "{filter}"
            );
            assert!(
                aws.bind(&context).decide(&request, NOW).is_allowed(),
                "{filter}"
            );
        }
    }
}

/// BC-040: nothing at all denies everything, and what cannot be read is an error and no empty policy.
#[test]
fn bc_040_empty_is_deny_all() {
    let context = ConnectionContext::new("c", Transport::Mqtt);
    let empty = Policy::parse(br#"{"Version": "2012-10-17", "Statement": []}"#).unwrap();
    for policies in [&[][..], &[&empty], &[&empty, &empty]] {
        let bound = bind(policies, &context);
        for request in [
            Request::Connect { client_id: "c" },
            publish("a"),
            Request::Subscribe { filter: "#" },
            Request::Receive { topic: "a" },
            Request::ListRetainedMessages,
        ] {
            let action = request.action();
            assert_eq!(
                bound.decide(&request, NOW),
                Decision::ImplicitDeny { action }
            );
        }
    }
    for document in [
        "",
        " ",
        "\n",
        "{}",
        "null",
        "[]",
        "\"\"",
        "{\"Version\": \"2012-10-17\"}",
    ] {
        assert!(Policy::parse(document.as_bytes()).is_err(), "{document:?}");
    }
}

/// BC-041 and BC-054: who is bound again is judged by the new policies at once, and nobody is changed by halves: what
/// was bound stays as it was, also while a document that cannot be read is refused.
#[test]
fn bc_041_bc_054_revocation() {
    let context = ConnectionContext::new("c", Transport::Mqtt);
    let allow = policy(r#"{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}"#);
    let mut bound = bind(&[&allow], &context);
    let receive = Request::Receive { topic: "t" };
    assert!(bound.decide(&receive, NOW).is_allowed());

    assert!(Policy::parse(b"{\"Statement\": [{\"Effect\": \"Deny\"}]}").is_err());
    assert!(bound.decide(&receive, NOW).is_allowed());

    let deny = policy(r#"{"Effect": "Deny", "Action": "iot:Receive", "Resource": "*"}"#);
    let old = bound.clone();
    bound = bind(&[&allow, &deny], &context);
    assert!(!bound.decide(&receive, NOW).is_allowed());
    assert!(old.decide(&receive, NOW).is_allowed());
}

/// Text of strangers does not break a line of a log.
#[test]
fn messages_stay_on_their_line() {
    let error = Policy::parse(b"{\"Statement\": {\"Effect\": \"a\\nb\\u0007\"}}").unwrap_err();
    assert!(
        error
            .to_string()
            .chars()
            .all(|character| !character.is_control()),
        "{error}"
    );
    let policy = policy(
        r#"{"Sid": "a\nb", "Effect": "Allow", "Action": "iot:Publish", "Resource": "*",
        "Condition": {"StringEquals": {"iot:ClientId": "x"}}}"#,
    );
    let set = PolicySet::compile([("na\nme", &policy)], scope());
    let context = ConnectionContext::new("c\r\n", Transport::Mqtt);
    let text = set.explain(&context, &publish("t\n"), NOW).to_string();
    assert_eq!(text.lines().count(), 2, "{text}");
}

/// What is bound goes to other threads, is small, and counts what it holds.
#[test]
fn bound_is_small() {
    fn is_send<T: Send + Sync + 'static>() {}
    is_send::<Bound>();
    let policy = policy(
        r#"[{"Effect": "Allow", "Action": "iot:Connect", "Resource": "arn:aws:iot:us-east-1:123456789012:client/${iot:ClientId}"},
        {"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/${iot:Connection.Thing.ThingName}/*"}]"#,
    );
    let context = ConnectionContext::new("sensor-00042", Transport::Mqtt)
        .with_thing(Thing::new("sensor-00042"));
    let bytes = bind(&[&policy], &context).memory_bytes();
    assert!((64..256).contains(&bytes), "{bytes}");
}

/// Ten policies as long as AWS allows, made of nothing but variables between stars: a connection still holds little more
/// than its own values, and the set no more than some multiple of the documents.
#[test]
fn bound_is_small_whatever_the_policies() {
    let piece = "*${iot:ClientId}*${iot:Connection.Thing.ThingName, 'x'}${iot:Connection.Thing.Attributes[a]}";
    let documents: Vec<Policy> = ["client/", "topic/", "topicfilter/", "${iot:ClientId}/", ""]
        .into_iter()
        .cycle()
        .take(10)
        .map(|kind| {
            let resource = format!("arn:aws:iot:us-east-1:123456789012:{kind}{}", piece.repeat(17));
            let text = format!(
                r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"*","Resource":"{resource}"}}}}"#
            );
            // Within the limits of AWS IoT.
            Policy::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
        })
        .collect();
    let name = "n".repeat(128);
    let context = ConnectionContext::new(&name, Transport::Mqtt)
        .with_thing(Thing::new(&name).with_attribute("a", "v".repeat(800)));
    let bound = bind(&documents.iter().collect::<Vec<_>>(), &context);
    let bytes = bound.memory_bytes();
    assert!(bytes < 1_500, "{bytes}");
    let bytes = bound.set().memory_bytes();
    assert!(bytes < 10 * 2_048 * 32, "{bytes}");
    // They do match what they should.
    let topic = format!("{name}{name}{}", "v".repeat(800)).repeat(17);
    assert!(bound.decide(&publish(&topic), NOW).is_allowed());
    assert!(
        !bound
            .decide(&publish(topic.strip_prefix('n').unwrap()), NOW)
            .is_allowed()
    );
}

/// More variables than sixteen bits count: each keeps its own value.
#[test]
fn very_many_variables() {
    let count = 70_000;
    let resources: Vec<String> = (0..count)
        .map(|index| {
            format!(
                r#""arn:aws:iot:us-east-1:123456789012:topic/${{iot:Connection.Thing.ThingTypeName, '{index}'}}/x""#
            )
        })
        .collect();
    let policy = policy(&format!(
        r#"{{"Effect": "Allow", "Action": "iot:Publish", "Resource": [{}]}}"#,
        resources.join(",")
    ));
    let context = ConnectionContext::new("c", Transport::Mqtt);
    let bound = bind(&[&policy], &context);
    for index in [0, 1, 65_534, 65_535, 65_536, 65_537, 69_999] {
        let topic = format!("{index}/x");
        assert!(bound.decide(&publish(&topic), NOW).is_allowed(), "{topic}");
    }
    assert!(!bound.decide(&publish("70000/x"), NOW).is_allowed());
}
