//! What an explanation says, one row a reason, and what a person reads.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test has `std`, and fails by panicking"
)]

use iot_policy::{
    Action, Certificate, ConnectionContext, Explanation, NameAttribute, Policy, PolicySet, Reason,
    Request, Scope, Thing, Transport, Unresolved,
};

/// When requests are made.
const NOW: i64 = 1_795_000_000;

fn explain(statements: &str, request: &Request<'_>) -> Explanation {
    let statements = statements.replace("ARN:", "arn:aws:iot:us-east-1:123456789012:");
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let policy = Policy::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    let set = PolicySet::compile(
        [("P", &policy)],
        Scope::new("aws", "us-east-1", "123456789012"),
    );
    let certificate = Certificate::new("c0ffee").with_subject(NameAttribute::CommonName, "*");
    let context = ConnectionContext::new("c", Transport::Mqtt)
        .with_thing(Thing::new("c"))
        .with_certificate(certificate);
    set.explain(&context, request, NOW)
}

fn publish(retain: bool) -> Request<'static> {
    Request::Publish { topic: "t", retain }
}

fn absent(variable: &str) -> Unresolved {
    Unresolved::Absent {
        variable: variable.to_owned(),
    }
}

fn not_substituted(variable: &str) -> Unresolved {
    Unresolved::NotSubstituted {
        variable: variable.to_owned(),
    }
}

#[test]
fn reasons() {
    let kind = "iot:Connection.Thing.ThingTypeName";
    let name = "iot:Certificate.Subject.CommonName";
    let texts = |list: &[&str]| {
        list.iter()
            .map(|text| (*text).to_owned())
            .collect::<Vec<_>>()
    };
    let rows: Vec<(&str, Reason, &str)> = vec![
        (
            r#""Action": "iot:Publish", "Resource": "ARN:topic/t""#,
            Reason::Applies,
            "P[0] (Allow) applies to iot:Publish",
        ),
        (
            r#""Action": "iot:Connect", "Resource": "*""#,
            Reason::OtherAction,
            "P[0] (Allow) does not apply: it is about other actions",
        ),
        (
            r#""Action": "iot:Publish", "Resource": "ARN:topic/u""#,
            Reason::OtherResource { unresolved: vec![] },
            "P[0] (Allow) does not apply: no resource matches",
        ),
        (
            r#""Action": "iot:Publish", "Resource": ["ARN:topic/${iot:Connection.Thing.ThingTypeName}", "ARN:topic/${iot:Connection.Thing.ThingTypeName}/${iot:Certificate.Subject.CommonName}"]"#,
            Reason::OtherResource {
                unresolved: vec![absent(kind), not_substituted(name)],
            },
            "P[0] (Allow) does not apply: no resource matches; `iot:Connection.Thing.ThingTypeName` has no value here; `iot:Certificate.Subject.CommonName` has a value here that is not substituted",
        ),
        (
            r#""Action": "iot:Publish", "NotResource": "ARN:topic/t""#,
            Reason::ExceptedResource,
            "P[0] (Allow) does not apply: `NotResource` excepts the resource",
        ),
        (
            r#""Action": "iot:Publish", "NotResource": ["ARN:topic/a", "ARN:topic/${iot:Certificate.Subject.CommonName}"]"#,
            Reason::UnresolvedException {
                variable: not_substituted(name),
            },
            "P[0] (Allow) does not apply: what `NotResource` excepts cannot be told; `iot:Certificate.Subject.CommonName` has a value here that is not substituted",
        ),
        (
            r#""Action": "iot:Publish", "Resource": "*", "Condition": {"StringEquals": {"iot:ClientId": ["a", "${iot:Connection.Thing.ThingTypeName}"]}}"#,
            Reason::ConditionFalse {
                condition: "StringEquals of `iot:ClientId`".to_owned(),
                operands: texts(&["a", "${iot:Connection.Thing.ThingTypeName}"]),
                unresolved: vec![absent(kind)],
                values: texts(&["c"]),
            },
            "P[0] (Allow) does not apply: StringEquals of `iot:ClientId` with `a`, `${iot:Connection.Thing.ThingTypeName}` is false for `c`; `iot:Connection.Thing.ThingTypeName` has no value here",
        ),
        (
            r#""Action": "iot:Publish", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}"#,
            Reason::ConditionFalse {
                condition: "IpAddress of `aws:SourceIp`".to_owned(),
                operands: texts(&["192.0.2.0/24"]),
                unresolved: vec![],
                values: vec![],
            },
            "P[0] (Allow) does not apply: IpAddress of `aws:SourceIp` with `192.0.2.0/24` is false, since the key has no value",
        ),
        (
            r#""Action": "iot:Publish", "Resource": "*", "Condition": {"DateLessThan": {"aws:CurrentTime": "2020"}}"#,
            Reason::ConditionFalse {
                condition: "DateLessThan of `aws:CurrentTime`".to_owned(),
                operands: texts(&["2020"]),
                unresolved: vec![],
                values: texts(&["1795000000"]),
            },
            "P[0] (Allow) does not apply: DateLessThan of `aws:CurrentTime` with `2020` is false for `1795000000`",
        ),
    ];
    for (statement, reason, line) in rows {
        let explanation = explain(
            &format!(r#"{{"Effect": "Allow", {statement}}}"#),
            &publish(false),
        );
        let [one] = explanation.statements() else {
            panic!("{explanation}");
        };
        assert_eq!(*one.reason(), reason, "{statement}");
        assert_eq!(one.to_string(), line);
        assert_eq!(
            explanation.decision().is_allowed(),
            reason == Reason::Applies
        );
    }
}

/// A PUBLISH with RETAIN asks for two actions; the explanation says which of them was refused.
#[test]
fn retain() {
    let publish_only = r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}"#;
    let both = r#"{"Effect": "Allow", "Action": "iot:*Publish", "Resource": "*"}"#;
    let deny = r#"{"Sid": "No", "Effect": "Deny", "Action": "iot:RetainPublish", "Resource": "*"}"#;
    let on = "iot:Publish and iot:RetainPublish on arn:aws:iot:us-east-1:123456789012:topic/t:";
    let rows = [
        (both.to_owned(), None, "allowed by P[0]"),
        (
            publish_only.to_owned(),
            Some(Action::RetainPublish),
            "iot:RetainPublish is denied because no statement allows it",
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:RetainPublish", "Resource": "*"}"#.to_owned(),
            Some(Action::Publish),
            "iot:Publish is denied because no statement allows it",
        ),
        (
            format!("{both}, {deny}"),
            Some(Action::RetainPublish),
            "iot:RetainPublish is denied by P[1] No",
        ),
    ];
    for (statements, refused, text) in rows {
        let explanation = explain(&statements, &publish(true));
        assert_eq!(explanation.decision().refused_action(), refused);
        let shown = explanation.to_string();
        assert_eq!(shown.lines().next().unwrap(), format!("{on} {text}"));
    }
}
