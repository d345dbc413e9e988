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
            r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/?*"}"#,
            &["P[0]: lets a client connect under any client id"],
        ),
        // A condition that does not narrow it, and one that does.
        (
            r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/*",
                "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": ["true", "false"]}}}"#,
            &["P[0]: lets a client connect under any client id"],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Connect", "Resource": "ARN:client/*",
                "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}}"#,
            &[],
        ),
        // Filters with MQTT's wildcards that reach everybody's messages, and some that do not.
        (
            r#"{"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/a/*"},
               {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": ["ARN:topicfilter/#", "ARN:topicfilter/+/+/#",
                "ARN:topicfilter/$share/g/#", "ARN:topicfilter/+/a/#", "ARN:topicfilter/a/#"]}"#,
            &[
                "P[1]: allows iot:Subscribe on everything or everyone: `arn:aws:iot:us-east-1:123456789012:t…`",
                "P[1]: allows iot:Subscribe on everything or everyone: `arn:aws:iot:us-east-1:123456789012:t…`",
                "P[1]: allows iot:Subscribe on everything or everyone: `arn:aws:iot:us-east-1:123456789012:t…`",
            ],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Receive", "Resource": "ARN:topic/$aws/things/t/*"},
               {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": ["ARN:topicfilter/$aws/things/+/shadow/#",
                "ARN:topicfilter/$aws/things/t/shadow/#"]}"#,
            &[
                "P[1]: allows iot:Subscribe on everything or everyone: `arn:aws:iot:us-east-1:123456789012:t…`",
            ],
        ),
        // `?` may be `#`, and a star in the name of a share may reach into the filter.
        (
            r#"{"Effect": "Allow", "Action": "iot:Subscribe", "Resource": ["ARN:topicfilter/a/?", "ARN:topicfilter/$share/*/x"]},
               {"Effect": "Allow", "Action": "iot:Receive", "Resource": ["ARN:topic/a/b/c", "ARN:topic/y/x"]}"#,
            &[],
        ),
        // What cannot come true.
        (
            r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/${iot:ConnectAttributes}"}"#,
            &["P[0]: never applies"],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a",
                "Condition": {"StringEquals": {"aws:PrincipalTag/a": "x"}}}"#,
            &["P[0]: never applies"],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a",
                "Condition": {"StringEqualsIfExists": {"aws:PrincipalTag/a": "x"}}}"#,
            &[],
        ),
        (
            r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/a",
                "Condition": {"StringEquals": {"iot:DomainName": "x"}, "Null": {"iot:DomainName": "true"}}}"#,
            &["P[0]: never applies"],
        ),
        // A client has an id where it is connected; over HTTP it may have none.
        (
            r#"{"Effect": "Deny", "Action": "iot:Receive", "Resource": "ARN:topic/${iot:ClientId}"}"#,
            &[],
        ),
        (
            r#"{"Effect": "Deny", "Action": "iot:Publish", "Resource": "ARN:topic/${iot:ClientId}"}"#,
            &["P[0]: denies nothing where `iot:ClientId` has no value"],
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
            &["P[0]: everything that it allows is denied by P[1]"],
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

/// Text of strangers does not break a line of a log.
#[test]
fn findings_stay_on_their_line() {
    let text = br#"{"Version": "2012-10-17", "Statement": {"Sid": "a\nb", "Effect": "Allow", "Action": "iot:*", "Resource": "*"}}"#;
    let policy = Policy::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let scope = Scope::new("aws", "us-east-1", "123456789012");
    let findings = PolicySet::compile([("na\nme", &policy)], scope).lint();
    assert_eq!(findings.len(), 3);
    for finding in findings {
        assert!(!finding.to_string().contains('\n'), "{finding}");
    }
}
