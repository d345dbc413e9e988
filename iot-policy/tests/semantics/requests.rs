//! Actions and requests, and statements together.

use std::sync::Arc;

use iot_policy::{
    Action, ConnectionContext, Policy, PolicySet, Request, Scope, StatementRef, Transport,
};

use super::{NOW, allowed};

#[test]
fn actions() {
    let rows = [
        (r#""Action": "*""#, "iot:Publish", true),
        (r#""Action": "iot:*""#, "iot:Publish", true),
        (
            r#""Action": ["iot:Connect", "iot:PUBLISH"]"#,
            "iot:Publish",
            true,
        ),
        (r#""Action": "iot:Pub*""#, "iot:Publish", true),
        (r#""Action": "iot:*Publish""#, "iot:RetainPublish", true),
        (r#""Action": "iot:Publish""#, "iot:RetainPublish", false),
        (r#""Action": "iot:?ublish""#, "iot:Publish", true),
        (r#""Action": "greengrass:*""#, "iot:Publish", false),
        (r#""NotAction": "iot:Publish""#, "iot:Publish", false),
        (r#""NotAction": "iot:Publish""#, "iot:Receive", true),
        (
            r#""NotAction": ["iot:Pub*", "iot:Rec*"]"#,
            "iot:Receive",
            false,
        ),
        (r#""NotAction": "greengrass:*""#, "iot:Receive", true),
    ];
    for (element, action, fits) in rows {
        let statement = format!(r#"{{"Effect": "Allow", {element}, "Resource": "*"}}"#);
        assert_eq!(
            allowed(&statement, action, "topic/x"),
            fits,
            "{element} {action}"
        );
    }
}

/// What the gateway asks, and on what that is checked.
#[test]
fn requests() {
    let requests = [
        (
            Request::Connect { client_id: "c" },
            "iot:Connect",
            "client/c",
        ),
        (
            Request::Subscribe {
                filter: "$share/g/a/#",
            },
            "iot:Subscribe",
            "topicfilter/$share/g/a/#",
        ),
        (Request::Receive { topic: "a" }, "iot:Receive", "topic/a"),
        (
            Request::Publish {
                topic: "a",
                retain: false,
            },
            "iot:Publish",
            "topic/a",
        ),
        (
            Request::GetRetainedMessage { topic: "a" },
            "iot:GetRetainedMessage",
            "topic/a",
        ),
        (
            Request::ListRetainedMessages,
            "iot:ListRetainedMessages",
            "*",
        ),
        (
            Request::ListNamedShadowsForThing,
            "iot:ListNamedShadowsForThing",
            "*",
        ),
        (
            Request::GetThingShadow {
                thing: "t",
                shadow: None,
            },
            "iot:GetThingShadow",
            "thing/t",
        ),
        (
            Request::UpdateThingShadow {
                thing: "t",
                shadow: Some("s"),
            },
            "iot:UpdateThingShadow",
            "thing/t/s",
        ),
        (
            Request::DeleteThingShadow {
                thing: "t",
                shadow: Some("s"),
            },
            "iot:DeleteThingShadow",
            "thing/t/s",
        ),
        (
            Request::AssumeRoleWithCertificate { role_alias: "r" },
            "iot:AssumeRoleWithCertificate",
            "rolealias/r",
        ),
    ];
    for (index, (_, action, resource)) in requests.iter().enumerate() {
        let resource = if *resource == "*" {
            "*".to_owned()
        } else {
            format!("arn:aws:iot:us-east-1:123456789012:{resource}")
        };
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}}}"#
        );
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let scope = Scope::new("aws", "us-east-1", "123456789012");
        let set = Arc::new(PolicySet::compile([("P", &policy)], scope));
        let bound = set.bind(&ConnectionContext::new("c", Transport::Mqtt));
        for (other, (request, _, _)) in requests.iter().enumerate() {
            assert_eq!(
                bound.decide(request, NOW).is_allowed(),
                index == other,
                "{text} {request:?}"
            );
        }
    }
}

/// RETAIN needs both actions, and the answer names the one that is refused, and who denies it.
#[test]
fn retain() {
    let allow = |action: &str| {
        format!(r#"{{"Effect": "Allow", "Action": "iot:{action}", "Resource": "*"}}"#)
    };
    let deny = |action: &str| {
        let both = allow("*Publish");
        format!(
            r#"{both}, {{"Effect": "Deny", "Action": "iot:{action}", "Resource": "ARN:topic/t"}}"#
        )
    };
    // What is refused without RETAIN and with it, and whether a statement denies it.
    let rows = [
        (allow("*Publish"), None, None, false),
        (allow("Publish"), None, Some(Action::RetainPublish), false),
        (
            allow("RetainPublish"),
            Some(Action::Publish),
            Some(Action::Publish),
            false,
        ),
        (
            allow("Receive"),
            Some(Action::Publish),
            Some(Action::Publish),
            false,
        ),
        (
            deny("RetainPublish"),
            None,
            Some(Action::RetainPublish),
            true,
        ),
        (
            deny("Publish"),
            Some(Action::Publish),
            Some(Action::Publish),
            true,
        ),
        (
            deny("*Publish"),
            Some(Action::Publish),
            Some(Action::Publish),
            true,
        ),
    ];
    for (statements, plain, retained, explicit) in rows {
        let statements = statements.replace("ARN:", "arn:aws:iot:us-east-1:123456789012:");
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let scope = Scope::new("aws", "us-east-1", "123456789012");
        let set = Arc::new(PolicySet::compile([("P", &policy)], scope));
        let context = ConnectionContext::new("c", Transport::Mqtt);
        let bound = set.bind(&context);
        for (retain, refused) in [(false, plain), (true, retained)] {
            let request = Request::Publish { topic: "t", retain };
            let decision = bound.decide(&request, NOW);
            assert_eq!(decision.refused_action(), refused, "{statements} {retain}");
            assert_eq!(decision.is_allowed(), refused.is_none());
            let explanation = set.explain(&context, &request, NOW);
            assert_eq!(explanation.decision(), decision);
            let Some(action) = refused else {
                continue;
            };
            let by = decision.statement().map(StatementRef::statement_index);
            assert_eq!(by, explicit.then_some(1), "{statements} {retain}");
            let shown = decision.to_string();
            assert!(shown.starts_with(&format!("{action} is denied")), "{shown}");
            let explained = explanation.to_string();
            assert!(
                explained.contains(&format!(": {action} is denied ")),
                "{explained}"
            );
        }
    }
}

#[test]
fn order_does_not_matter() {
    let allow = r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}"#;
    let deny = r#"{"Effect": "Deny", "Action": "iot:Publish", "Resource": "ARN:topic/x"}"#;
    for statements in [format!("[{allow}, {deny}]"), format!("[{deny}, {allow}]")] {
        assert!(!allowed(&statements, "iot:Publish", "topic/x"));
        assert!(allowed(&statements, "iot:Publish", "topic/y"));
    }
}

/// More statements than fit into one word of bits, each about one client: every one counts, and no other does.
#[test]
fn many_statements() {
    let statement = |index: usize| {
        format!(
            r#"{{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/{index}",
                "Condition": {{"StringEquals": {{"iot:ClientId": "c{index}"}}}}}}"#
        )
        .replace("ARN:", "arn:aws:iot:us-east-1:123456789012:")
    };
    let policies: Vec<Policy> = (0..200)
        .map(|index| {
            let text = format!(
                r#"{{"Version": "2012-10-17", "Statement": {}}}"#,
                statement(index)
            );
            Policy::parse(text.as_bytes()).unwrap()
        })
        .collect();
    let scope = Scope::new("aws", "us-east-1", "123456789012");
    let set = Arc::new(PolicySet::compile(
        policies.iter().map(|policy| ("P", policy)),
        scope,
    ));
    for client in [0, 1, 63, 64, 65, 127, 128, 199] {
        let bound = set.bind(&ConnectionContext::new(
            format!("c{client}"),
            Transport::Mqtt,
        ));
        for topic in 0..200_usize {
            let name = topic.to_string();
            let request = Request::Publish {
                topic: &name,
                retain: false,
            };
            let decision = bound.decide(&request, NOW);
            let by = decision.statement().map(StatementRef::policy_index);
            assert_eq!(by, (topic == client).then_some(client), "{client} {topic}");
        }
    }
}

/// Named shadows whose names fit on the stack and which do not, one byte apart.
#[test]
fn long_shadow_names() {
    for length in [1, 249, 250, 251, 252, 253, 254, 255, 256, 257, 1000] {
        let (shadow, other) = ("s".repeat(length), format!("{}x", "s".repeat(length - 1)));
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "iot:GetThingShadow",
                "Resource": "arn:aws:iot:us-east-1:123456789012:thing/thing1/{shadow}"}}}}"#
        );
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let scope = Scope::new("aws", "us-east-1", "123456789012");
        let set = Arc::new(PolicySet::compile([("P", &policy)], scope));
        let context = ConnectionContext::without_client_id(Transport::Http);
        let rows = [
            ("thing1", Some(&*shadow), true),
            ("thing1", Some(&*other), false),
            ("thing1", None, false),
            ("thing2", Some(&*shadow), false),
        ];
        for (thing, shadow, expected) in rows {
            let request = Request::GetThingShadow { thing, shadow };
            let decision = set.bind(&context).decide(&request, NOW);
            assert_eq!(decision.is_allowed(), expected, "{length} {request:?}");
            assert_eq!(set.explain(&context, &request, NOW).decision(), decision);
        }
    }
}
