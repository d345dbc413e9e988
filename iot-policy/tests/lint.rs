//! What the linter finds, one row a case: statements, and what it says. And what it does not find in a policy as a device
//! should have it.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::panic,
    reason = "a test has `std`, and fails by panicking"
)]

use iot_policy::{Policy, PolicySet, Scope};

fn lint(statements: &str) -> Vec<String> {
    let statements = statements.replace("ARN:", "arn:aws:iot:us-east-1:123456789012:");
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    let policy = Policy::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    let scope = Scope::new("aws", "us-east-1", "123456789012");
    let set = PolicySet::compile([("P", &policy)], scope);
    set.lint().iter().map(ToString::to_string).collect()
}

const SOUND: &str = r#"
    {"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/${iot:Connection.Thing.ThingName}",
     "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}},
    {"Effect": "Allow", "Action": ["iot:Publish", "iot:RetainPublish"],
     "Resource": ["ARN:topic/dt/${iot:ClientId}/*", "ARN:topic/$aws/things/${iot:Connection.Thing.ThingName}/shadow/*"]},
    {"Effect": "Allow", "Action": "iot:Subscribe",
     "Resource": ["ARN:topicfilter/cmd/${iot:ClientId}/*", "ARN:topicfilter/news/+/#"]},
    {"Effect": "Allow", "Action": "iot:Receive",
     "Resource": ["ARN:topic/cmd/${iot:ClientId}/*", "ARN:topic/news/*"]}"#;

#[test]
fn nothing_in_a_sound_policy() {
    assert_eq!(lint(SOUND), [""; 0]);
}

#[test]
fn findings() {
    let rows: &[(&str, &[&str])] = &[
        (
            r#"{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}"#,
            &[
                "P[0]: allows every action",
                "P[0]: lets a client connect under any client id",
                "P[0]: allows iot:Publish on everything or everyone: `*`",
            ],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/${iot:ClientId}"}"#,
            &["P[0]: lets a client connect under any client id"],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/$aws/things/*"}"#,
            &[
                "P[0]: allows iot:Publish on everything or everyone: `arn:aws:iot:us-east-1:123456789012:t…`",
            ],
        ),
        (
            r#"{"Effect": "Allow", "NotAction": "iot:Connect", "Resource": "ARN:topic/a"}"#,
            &["P[0]: allows everything but a list"],
        ),
        // A client that may be called `+`, and one that may not.
        (
            r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/*"},
               {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/${iot:ClientId}"},
               {"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/${iot:ClientId}"}"#,
            &[
                "P[0]: lets a client connect under any client id",
                "P[1]: a client that connects as `+` or `#` may subscribe to the topics of others: `arn:aws:iot:us-east-1:123456789012:t…`",
            ],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/dev-*"},
               {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/${iot:ClientId}"},
               {"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/${iot:ClientId}"}"#,
            &[],
        ),
        // The developer guide's example, and its cure.
        (
            r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/*"},
               {"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/*"},
               {"Effect": "Deny", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/b/*"}"#,
            &[
                "P[2]: a wider filter still receives what `arn:aws:iot:us-east-1:123456789012:t…` denies: deny iot:Receive too",
            ],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/*"},
               {"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/*"},
               {"Effect": "Deny", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/b/*"},
               {"Effect": "Deny", "Action": "iot:Receive", "Resource": "ARN:topic/a/b/*"}"#,
            &[],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topicfilter/a/#"}"#,
            &[
                "P[0]: no message may be received through `arn:aws:iot:us-east-1:123456789012:t…`: allow iot:Receive",
            ],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:RetainPublish", "Resource": "ARN:topic/a"}"#,
            &["P[0]: allows iot:RetainPublish where iot:Publish is not allowed"],
        ),
        // What never applies: the type, the account, MQTT's wildcards in a topic name, no action.
        (
            r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": "ARN:topic/a"}"#,
            &["P[0]: never applies"],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:999999999999:topic/a"}"#,
            &["P[0]: never applies"],
        ),
        (
            r#"{"Effect": "Deny", "Action": "iot:Publish", "Resource": ["ARN:topic/a/+", "ARN:topic/a"]}"#,
            &["P[0]: `arn:aws:iot:us-east-1:123456789012:t…` never matches"],
        ),
        (
            r#"{"Effect": "Allow", "Action": "greengrass:*", "Resource": "*"}"#,
            &["P[0]: never applies"],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a/b"},
               {"Effect": "Deny", "Action": "iot:Pub*", "Resource": "ARN:topic/a/*"}"#,
            &["P[0]: everything that it allows is denied by statement 1 of policy 0"],
        ),
        (
            r#"{"Effect": "Deny", "Action": "iot:Publish", "Resource": "ARN:topic/${iot:Connection.Thing.ThingTypeName}/x"}"#,
            &["P[0]: denies nothing where `iot:Connection.Thing.ThingTypeName` has no value"],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a",
                "Condition": {"ForAllValues:StringEquals": {"iot:Certificate.Subject.Organization.List": "A"}}}"#,
            &[
                "P[0]: `ForAllValues` also holds where `iot:Certificate.Subject.Organization.List` has no value",
            ],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a",
                "Condition": {"ForAllValues:StringEquals": {"iot:Certificate.Subject.Organization.List": "A"},
                              "Null": {"iot:Certificate.Subject.Organization.List": "false"}}}"#,
            &[],
        ),
    ];
    for (statements, expected) in rows {
        assert_eq!(lint(statements), *expected, "{statements}");
    }
}
