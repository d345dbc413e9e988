//! What a policy means, one row a rule: the statement (or list of statements), the request, and the answer. Requests are
//! those of one connection, described in `context`.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test has `std`, and fails by panicking"
)]

use std::sync::Arc;

use iot_policy::{
    Action, AlternativeName, Certificate, CognitoIdentity, ConnectionContext, NameAttribute,
    Policy, PolicySet, Request, Resource, Scope, Thing, Transport, VpcEndpoint,
};

/// When requests are made.
const NOW: i64 = 1_795_000_000;

fn context() -> ConnectionContext {
    let certificate = Certificate::new("c0ffee")
        .with_serial_number("1234")
        .with_subject(NameAttribute::CommonName, "first")
        .with_subject(NameAttribute::CommonName, "second")
        .with_subject(NameAttribute::Organization, "A, Inc.")
        .with_subject(NameAttribute::OrganizationalUnit, "any*")
        .with_subject(NameAttribute::Title, "t".repeat(1025))
        .with_issuer(NameAttribute::Country, "US")
        .with_subject_alternative_name(AlternativeName::DnsName, "d.example");
    let certificate = ["1", "2", "3", "4", "5", "6"]
        .into_iter()
        .fold(certificate, |certificate, value| {
            certificate.with_subject(NameAttribute::State, value)
        });
    ConnectionContext::new("thing1", Transport::WebSocket)
        .with_source_ip("192.0.2.10".parse().unwrap())
        .with_domain_name("iot.example")
        .with_thing(
            Thing::new("thing1")
                .with_type("sensor")
                .with_attribute("room", "kitchen")
                .with_attribute("floor", "2.50")
                .with_attribute("since", "2026-01-31T12:00:00Z")
                .with_attribute("star", "*")
                .with_attribute("kind", "topic")
                .with_attribute("pic", "opic/b")
                .attached(),
        )
        .with_certificate(certificate)
        .with_persistent_connect()
        .with_last_will("last/words")
        .with_vpc_endpoint(VpcEndpoint {
            vpc: "vpc-1".to_owned(),
            endpoint: "vpce-1".to_owned(),
            source_ip: "10.0.0.1".parse().unwrap(),
        })
        .with_cognito_identity(CognitoIdentity {
            sub: "eu-1:id".to_owned(),
            aud: "eu-1:pool".to_owned(),
            amr: vec!["authenticated".to_owned()],
        })
}

fn allowed(statements: &str, action: &str, resource: &str) -> bool {
    allowed_by("2012-10-17", statements, action, resource)
}

fn allowed_by(version: &str, statements: &str, action: &str, resource: &str) -> bool {
    let statements = statements.replace("ARN:", "arn:aws:iot:us-east-1:123456789012:");
    let text = format!(r#"{{"Version": "{version}", "Statement": {statements}}}"#);
    let policy = Policy::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{error}: {text}"));
    let scope = Scope::new("aws", "us-east-1", "123456789012");
    let set = Arc::new(PolicySet::compile([("P", &policy)], scope));
    let request = Request::One {
        action: Action::from_name(action).unwrap(),
        resource: Resource::parse(resource).unwrap(),
    };
    set.bind(&context()).decide(&request, NOW).is_allowed()
}

/// The condition holds in a statement that allows.
fn holds(condition: &str) -> bool {
    let statement = format!(
        r#"{{"Effect": "Allow", "Action": "iot:Publish", "Resource": "*", "Condition": {condition}}}"#
    );
    allowed(&statement, "iot:Publish", "topic/x")
}

/// A resource of `iot:Publish` covers a topic.
fn covers(resource: &str, topic: &str) -> bool {
    let statement =
        format!(r#"{{"Effect": "Allow", "Action": "iot:Publish", "Resource": "{resource}"}}"#);
    allowed(&statement, "iot:Publish", &format!("topic/{topic}"))
}

#[test]
fn resources() {
    // Resource, topic, covered.
    let rows = [
        ("*", "a", true),
        ("ARN:*", "a", true),
        ("ARN:topic/a", "a", true),
        ("ARN:topic/a", "A", false),
        ("ARN:topic/a/*", "a/b/c", true),
        ("ARN:topic/a/*", "a", false),
        ("ARN:topic/a?c", "a/c", true),
        ("ARN:topic/a?c", "aéc", true),
        ("ARN:topic/a?c", "ac", false),
        ("ARN:topic/*/b/*", "a/b/b/c", true),
        ("ARN:t*c/a", "a", true),
        ("ARN:topicfilter/a", "a", false),
        ("ARN:topic", "a", false),
        ("ARN:", "a", false),
        // The five first parts: each by itself.
        ("arn:aws:iot:*:*:topic/a", "a", true),
        ("arn:*:iot:us-????-?:123456789012:topic/a", "a", true),
        ("arn:aws:iot:eu-west-1:123456789012:topic/a", "a", false),
        ("arn:aws-cn:iot:us-east-1:123456789012:topic/a", "a", false),
        ("arn:aws:iot::123456789012:topic/a", "a", false),
        ("arn:aws:sns:us-east-1:123456789012:topic/a", "a", false),
        (
            "arn:aws:iot:*:123456789012:topic/a",
            "z:123456789012:topic/a",
            false,
        ),
        // Fewer than six parts: the last `*` stands for the others, and nothing else does.
        ("arn:*", "a", true),
        ("arn:aws:iot:*", "a", true),
        ("arn:aws:iot:us-*", "a", true),
        ("arn:aws:iot:eu-*", "a", false),
        ("arn:aws:iot:us-east-1:*/a", "b/a", false),
        ("arn:aws:iot:*:topic/a", "secret/x:topic/a", false),
        ("arn:aws:iot:*:topic/*", "secret/x:topic/a", false),
        // A topic with colons is one part.
        ("ARN:topic/a:b:*", "a:b:c:d", true),
        // Escapes.
        ("ARN:topic/${*}", "*", true),
        ("ARN:topic/${*}", "a", false),
        ("ARN:topic/$(?)", "?", true),
        ("ARN:topic/$(?)", "a", false),
        ("ARN:topic/${$}{x}", "${x}", true),
        ("ARN:topic/$aws/x", "$aws/x", true),
    ];
    for (resource, topic, covered) in rows {
        assert_eq!(covers(resource, topic), covered, "{resource} {topic}");
    }
}

/// Fewer than six parts, read as what grants less: where a match takes something away, they are one text.
#[test]
fn short_arns() {
    let all = r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}"#;
    let rows = [
        ("arn:aws:iot:*:topic/a", "a", true),
        ("arn:aws:iot:*:topic/a", "x:topic/a", true),
        ("arn:aws:iot:*:topic/a", "b", false),
        ("arn:aws:iot:us-east-1:*", "b", true),
    ];
    for (resource, topic, denied) in rows {
        let topic = format!("topic/{topic}");
        let deny = format!(
            r#"[{all}, {{"Effect": "Deny", "Action": "iot:Publish", "Resource": "{resource}"}}]"#
        );
        assert_eq!(
            !allowed(&deny, "iot:Publish", &topic),
            denied,
            "{deny} {topic}"
        );
        let except = format!(
            r#"{{"Effect": "Allow", "Action": "iot:Publish", "NotResource": "{resource}"}}"#
        );
        assert_eq!(
            !allowed(&except, "iot:Publish", &topic),
            denied,
            "{except} {topic}"
        );
    }
    // A denial of all but these excepts only what they surely name.
    let deny = format!(
        r#"[{all}, {{"Effect": "Deny", "Action": "iot:Publish", "NotResource": "arn:aws:iot:*:topic/a"}}]"#
    );
    assert!(!allowed(&deny, "iot:Publish", "topic/x:topic/a"));
}

/// A denial that depends on the time is never left out.
#[test]
fn time() {
    let text = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "Closed", "Effect": "Deny", "Action": "iot:Publish", "Resource": "*",
         "Condition": {"DateGreaterThan": {"aws:CurrentTime": "2026-11-18T15:33:19Z"}}},
        {"Effect": "Deny", "Action": "iot:Connect", "Resource": "*",
         "Condition": {"NumericLessThan": {"aws:EpochTime": 1795015999}}},
        {"Effect": "Deny", "Action": "iot:Receive", "Resource": "*",
         "Condition": {"Null": {"aws:CurrentTime": "false"}}},
        {"Effect": "Deny", "Action": "iot:Subscribe", "Resource": "*",
         "Condition": {"Null": {"aws:EpochTime": "true"}}}]}"#;
    let policy = Policy::parse(text.as_bytes()).unwrap();
    let scope = Scope::new("aws", "us-east-1", "123456789012");
    let set = Arc::new(PolicySet::compile([("P", &policy)], scope));
    let context = ConnectionContext::new("c", Transport::Mqtt);
    let bound = set.bind(&context);
    // 2026-11-18T15:33:19Z is 1,795,015,999.
    let publish = Request::Publish {
        topic: "t",
        retain: false,
    };
    let connect = Request::Connect { client_id: "c" };
    for (seconds, may_publish, may_connect) in [
        (1_795_015_998, true, false),
        (1_795_015_999, true, true),
        (1_795_016_000, false, true),
    ] {
        assert_eq!(
            bound.decide(&publish, seconds).is_allowed(),
            may_publish,
            "{seconds}"
        );
        assert_eq!(
            bound.decide(&connect, seconds).is_allowed(),
            may_connect,
            "{seconds}"
        );
        assert!(
            !bound
                .decide(&Request::Receive { topic: "t" }, seconds)
                .is_allowed()
        );
        assert!(
            bound
                .decide(&Request::Subscribe { filter: "t" }, seconds)
                .is_allowed()
        );
        for request in [&publish, &connect] {
            let explained = set.explain(&context, request, seconds);
            assert_eq!(explained.decision(), bound.decide(request, seconds));
        }
    }
}

/// Who has no client id is nobody: not everybody whose texts go on behind nothing.
#[test]
fn empty_values() {
    let allowed = |context: &ConnectionContext, resource: &str, condition: &str, topic: &str| {
        let text = format!(
            r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "iot:Publish",
                "Resource": "arn:aws:iot:us-east-1:123456789012:topic/{resource}", "Condition": {condition}}}}}"#
        );
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let scope = Scope::new("aws", "us-east-1", "123456789012");
        let set = Arc::new(PolicySet::compile([("P", &policy)], scope));
        let request = Request::Publish {
            topic,
            retain: false,
        };
        set.bind(context).decide(&request, NOW).is_allowed()
    };
    let certificate = Certificate::new("")
        .with_serial_number("")
        .with_subject(NameAttribute::CommonName, "")
        .with_subject(NameAttribute::CommonName, "second");
    let nobody = [
        ConnectionContext::new("", Transport::Http),
        ConnectionContext::without_client_id(Transport::Http),
        ConnectionContext::new("", Transport::Mqtt).with_thing(Thing::new("")),
    ];
    for context in nobody {
        assert_eq!(context.client_id(), None);
        assert!(!allowed(
            &context,
            "dt/${iot:ClientId}*",
            "{}",
            "dt/victim/x"
        ));
        assert!(!allowed(
            &context,
            "dt/${iot:Connection.Thing.ThingName}*",
            "{}",
            "dt/victim/x"
        ));
        assert!(allowed(
            &context,
            "dt/${iot:ClientId, 'none'}/*",
            "{}",
            "dt/none/x"
        ));
        assert!(allowed(
            &context,
            "*",
            r#"{"Null": {"iot:ClientId": "true"}}"#,
            "x"
        ));
        assert!(!allowed(
            &context,
            "*",
            r#"{"StringLike": {"iot:ClientId": "*"}}"#,
            "x"
        ));
    }
    let context = ConnectionContext::new("t", Transport::Mqtt)
        .with_thing(Thing::new("t").with_type("").with_attribute("room", ""))
        .with_domain_name("")
        .with_certificate(certificate);
    for variable in [
        "iot:Connection.Thing.ThingTypeName",
        "iot:Connection.Thing.Attributes[room]",
        "iot:DomainName",
        "iot:CertificateId",
        "iot:Certificate.SerialNumber",
        "iot:Certificate.Subject.CommonName",
    ] {
        assert!(
            !allowed(&context, &format!("a${{{variable}}}*"), "{}", "ax"),
            "{variable}"
        );
        let condition = format!(r#"{{"Null": {{"{variable}": "true"}}}}"#);
        assert!(allowed(&context, "*", &condition, "x"), "{variable}");
    }
    let second = "a${iot:Certificate.Subject.CommonName.1}";
    assert!(allowed(&context, second, "{}", "asecond"));
}

/// Values of certificates have at most 1,024 characters, not bytes; other values have no such limit.
#[test]
fn long_values() {
    for (length, substituted) in [(1024, true), (1025, false)] {
        let value = "é".repeat(length);
        let context = ConnectionContext::new(&value, Transport::Mqtt)
            .with_certificate(Certificate::new("c").with_subject(NameAttribute::Title, &value));
        for (variable, expected) in [
            ("iot:Certificate.Subject.Title", substituted),
            ("iot:ClientId", true),
        ] {
            let text = format!(
                r#"{{"Version": "2012-10-17", "Statement": {{"Effect": "Allow", "Action": "iot:Publish",
                    "Resource": "arn:aws:iot:us-east-1:123456789012:topic/${{{variable}}}"}}}}"#
            );
            let policy = Policy::parse(text.as_bytes()).unwrap();
            let scope = Scope::new("aws", "us-east-1", "123456789012");
            let set = Arc::new(PolicySet::compile([("P", &policy)], scope));
            let request = Request::Publish {
                topic: &value,
                retain: false,
            };
            let decision = set.bind(&context).decide(&request, NOW);
            assert_eq!(decision.is_allowed(), expected, "{variable} {length}");
        }
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
            let by = decision
                .statement()
                .map(iot_policy::StatementRef::policy_index);
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

#[test]
fn variables() {
    let rows = [
        ("ARN:topic/${iot:ClientId}", "thing1", true),
        ("ARN:topic/${IOT:CLIENTID}/x", "thing1/x", true),
        ("ARN:topic/*/${iot:ClientId}/*", "a/thing1/b", true),
        ("ARN:topic/*/${iot:ClientId}?/*", "a/thing12/b", true),
        (
            "ARN:topic/*${iot:ClientId}*${iot:ClientId}*",
            "thing1thing1",
            true,
        ),
        (
            "ARN:topic/*${iot:ClientId}*${iot:ClientId}*",
            "thing1thing",
            false,
        ),
        ("ARN:topic/*${iot:ClientId}*x", "thing1thing1x", true),
        (
            "ARN:topic/*${iot:Connection.Thing.Attributes[x]}*",
            "a",
            false,
        ),
        // A variable's value decides which type the resource is of.
        ("ARN:${iot:Connection.Thing.Attributes[kind]}/a", "a", true),
        (
            "ARN:t${iot:Connection.Thing.Attributes[pic]}*a",
            "b/a",
            true,
        ),
        ("ARN:${iot:Connection.Thing.Attributes[room]}/a", "a", false),
        ("ARN:topic/*/${iot:ClientId}?/*", "a/thing1/b", false),
        (
            "ARN:topic/${iot:Connection.Thing.ThingName}",
            "thing1",
            true,
        ),
        (
            "ARN:topic/${iot:Connection.Thing.ThingTypeName}",
            "sensor",
            true,
        ),
        (
            "ARN:topic/${iot:Connection.Thing.Attributes[room]}",
            "kitchen",
            true,
        ),
        (
            "ARN:topic/${iot:Connection.Thing.Attributes[Room]}",
            "kitchen",
            false,
        ),
        ("ARN:topic/${iot:Connection.Thing.IsAttached}", "true", true),
        ("ARN:topic/${iot:CertificateId}", "c0ffee", true),
        ("ARN:topic/${iot:Certificate.SerialNumber}", "1234", true),
        (
            "ARN:topic/${iot:Certificate.Subject.CommonName}",
            "first",
            true,
        ),
        (
            "ARN:topic/${iot:Certificate.Subject.CommonName.0}",
            "first",
            true,
        ),
        (
            "ARN:topic/${iot:Certificate.Subject.CommonName.1}",
            "second",
            true,
        ),
        ("ARN:topic/${iot:Certificate.Issuer.Country}", "US", true),
        (
            "ARN:topic/${iot:Certificate.Subject.AlternativeName.DNSName}",
            "d.example",
            true,
        ),
        ("ARN:topic/${iot:Certificate.Subject.State.4}", "5", true),
        ("ARN:topic/${aws:SourceIp}", "192.0.2.10", true),
        ("ARN:topic/${iot:DomainName}", "iot.example", true),
        (
            "ARN:topic/${aws:SourceVpc}/${aws:SourceVpce}/${aws:VpcSourceIp}",
            "vpc-1/vpce-1/10.0.0.1",
            true,
        ),
        (
            "ARN:topic/${cognito-identity.amazonaws.com:sub}",
            "eu-1:id",
            true,
        ),
        // Special characters of a name have a backslash before them.
        (
            r"ARN:topic/${iot:Certificate.Subject.Organization}",
            r"A\, Inc.",
            true,
        ),
        // A value is no wildcard.
        (
            "ARN:topic/${iot:Connection.Thing.Attributes[star]}",
            "*",
            true,
        ),
        (
            "ARN:topic/${iot:Connection.Thing.Attributes[star]}",
            "a",
            false,
        ),
        // A default where there is no value.
        (
            "ARN:topic/${iot:Connection.Thing.Attributes[none], 'd'}/*",
            "d/x",
            true,
        ),
        ("ARN:topic/${iot:ClientId, 'd'}", "d", false),
    ];
    for (resource, topic, covered) in rows {
        assert_eq!(covers(resource, topic), covered, "{resource} {topic}");
    }
}

/// A variable without a value, or with one that is not substituted, makes its text match nothing: neither what the
/// value would be, nor the variable's own text, nor a default, nor everything.
#[test]
fn unresolved_variables() {
    for variable in [
        "iot:Connection.Thing.Attributes[none]",
        "iot:Certificate.Subject.CommonName.2",
        "iot:Certificate.Subject.CommonName.List",
        // The sixth value: lists are limited to five.
        "iot:Certificate.Subject.State.5",
        // Wildcards, and too long.
        "iot:Certificate.Subject.OrganizationalUnit",
        "iot:Certificate.Subject.Title",
        "iot:ConnectAttributes",
        "aws:username",
        "aws:EpochTime",
    ] {
        let resource = format!("ARN:topic/${{{variable}}}");
        let value = "t".repeat(1025);
        for topic in [
            &*format!("${{{variable}}}"),
            "",
            "any*",
            "anything",
            "6",
            "*",
            &value,
        ] {
            assert!(!covers(&resource, topic), "{resource} {topic}");
        }
        // Also behind a star.
        assert!(
            !covers(&format!("ARN:topic/*${{{variable}}}*"), "x"),
            "{variable}"
        );
        // A denial that asks for it denies nothing: say `NotResource`, or deny what the value is not.
        let deny = format!(
            r#"[{{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}},
               {{"Effect": "Deny", "Action": "iot:*", "Resource": "ARN:topic/${{{variable}}}*"}}]"#
        );
        assert!(allowed(&deny, "iot:Publish", "topic/x"), "{variable}");
        // An exception that cannot be told grants nothing, and is no exception from a denial.
        let except =
            r#"{"Effect": "EFFECT", "Action": "iot:*", "NotResource": "ARN:topic/${NAME}"}"#
                .replace("NAME", variable);
        let allow = except.replace("EFFECT", "Allow");
        assert!(!allowed(&allow, "iot:Publish", "topic/x"), "{variable}");
        let deny = except.replace("EFFECT", "Deny");
        let both =
            format!(r#"[{{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}}, {deny}]"#);
        assert!(!allowed(&both, "iot:Publish", "topic/x"), "{variable}");
        // Nor does what is not equal to it.
        let unequal = format!(r#"{{"StringNotEquals": {{"iot:ClientId": "${{{variable}}}"}}}}"#);
        assert!(!holds(&unequal), "{variable}");
    }
    // A value that is not substituted is not replaced by a default either.
    let resource = "ARN:topic/${iot:Certificate.Subject.OrganizationalUnit, 'd'}";
    assert!(!covers(resource, "d"));
}

#[test]
fn old_version_has_no_variables() {
    for version in ["2008-10-17", "2012-10-17"] {
        let old = version == "2008-10-17";
        let own = r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/${iot:ClientId}/*"}"#;
        assert_eq!(
            allowed_by(version, own, "iot:Publish", "topic/thing1/x"),
            !old
        );
        assert_eq!(
            allowed_by(version, own, "iot:Publish", "topic/${iot:ClientId}/x"),
            old
        );
        // Wildcards it has.
        let star = r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "ARN:topic/${*}"}"#;
        assert_eq!(allowed_by(version, star, "iot:Publish", "topic/${x}"), old);
        let id = r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "*",
            "Condition": {"StringEquals": {"iot:ClientId": "${iot:ClientId}"}}}"#;
        assert_eq!(allowed_by(version, id, "iot:Publish", "topic/x"), !old);
    }
}

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

#[test]
fn conditions() {
    let rows = [
        // Strings.
        (r#"{"StringEquals": {"iot:ClientId": "thing1"}}"#, true),
        (
            r#"{"StringEquals": {"iot:ClientId": ["x", "thing1"]}}"#,
            true,
        ),
        (r#"{"StringEquals": {"iot:ClientId": "thing?"}}"#, false),
        (r#"{"StringEquals": {"iot:ClientId": "Thing1"}}"#, false),
        (r#"{"StringEquals": {"IOT:clientid": "thing1"}}"#, true),
        (
            r#"{"StringEquals": {"iot:ClientId": "${iot:Connection.Thing.ThingName}"}}"#,
            true,
        ),
        (
            r#"{"StringEqualsIgnoreCase": {"iot:ClientId": "THING1"}}"#,
            true,
        ),
        (r#"{"StringNotEquals": {"iot:ClientId": ["x", "y"]}}"#, true),
        (
            r#"{"StringNotEquals": {"iot:ClientId": ["x", "thing1"]}}"#,
            false,
        ),
        (
            r#"{"StringNotEqualsIgnoreCase": {"iot:ClientId": "THING1"}}"#,
            false,
        ),
        (r#"{"StringLike": {"iot:ClientId": "th*g?"}}"#, true),
        (r#"{"StringNotLike": {"iot:ClientId": "th*g?"}}"#, false),
        (
            r#"{"StringLike": {"iot:Connection.Thing.Attributes[star]": "${*}"}}"#,
            true,
        ),
        (
            r#"{"StringEquals": {"iot:Certificate.Subject.Organization": "A\\, Inc."}}"#,
            true,
        ),
        (
            r#"{"StringEquals": {"iot:Certificate.Subject.Organization": "A, Inc."}}"#,
            false,
        ),
        (
            r#"{"StringEquals": {"iot:DomainName": "iot.example"}}"#,
            true,
        ),
        (r#"{"StringEquals": {"aws:SourceVpce": "vpce-1"}}"#, true),
        // Several operators and keys: all. Several values: one.
        (
            r#"{"StringEquals": {"iot:ClientId": "thing1", "iot:DomainName": "x"}}"#,
            false,
        ),
        (
            r#"{"StringEquals": {"iot:ClientId": "thing1"}, "Bool": {"iot:Connection.Thing.IsAttached": "false"}}"#,
            false,
        ),
        // An absent key.
        (
            r#"{"StringEquals": {"iot:Connection.Thing.Attributes[none]": "x"}}"#,
            false,
        ),
        (
            r#"{"StringNotEquals": {"iot:Connection.Thing.Attributes[none]": "x"}}"#,
            true,
        ),
        (
            r#"{"StringEqualsIfExists": {"iot:Connection.Thing.Attributes[none]": "x"}}"#,
            true,
        ),
        (
            r#"{"StringEqualsIfExists": {"iot:Connection.Thing.Attributes[room]": "x"}}"#,
            false,
        ),
        (
            r#"{"ForAllValues:StringEquals": {"iot:Connection.Thing.Attributes[none]": "x"}}"#,
            true,
        ),
        (
            r#"{"ForAnyValue:StringEquals": {"iot:Connection.Thing.Attributes[none]": "x"}}"#,
            false,
        ),
        (
            r#"{"ForAnyValue:StringNotEquals": {"iot:Connection.Thing.Attributes[none]": "x"}}"#,
            false,
        ),
        (
            r#"{"ForAnyValue:StringEqualsIfExists": {"iot:Connection.Thing.Attributes[none]": "x"}}"#,
            true,
        ),
        (
            r#"{"Null": {"iot:Connection.Thing.Attributes[none]": "true"}}"#,
            true,
        ),
        (
            r#"{"Null": {"iot:Connection.Thing.Attributes[none]": false}}"#,
            false,
        ),
        (r#"{"Null": {"iot:ClientId": ["false"]}}"#, true),
        (r#"{"Bool": {"aws:SecureTransport": "false"}}"#, false),
        // Sets.
        (
            r#"{"ForAllValues:StringEquals": {"iot:ConnectAttributes": ["PersistentConnect", "LastWill"]}}"#,
            true,
        ),
        (
            r#"{"ForAllValues:StringEquals": {"iot:ConnectAttributes": ["PersistentConnect"]}}"#,
            false,
        ),
        (
            r#"{"ForAllValues:StringEquals": {"iot:ConnectAttributes": []}}"#,
            false,
        ),
        (
            r#"{"ForAllValues:StringNotEquals": {"iot:ConnectAttributes": ["LastWill"]}}"#,
            false,
        ),
        (
            r#"{"ForAnyValue:StringNotEquals": {"iot:ConnectAttributes": ["LastWill"]}}"#,
            true,
        ),
        (
            r#"{"ForAnyValue:StringEquals": {"iot:ConnectAttributes": ["LastWill"]}}"#,
            true,
        ),
        (
            r#"{"ForAnyValue:StringLike": {"iot:Certificate.Subject.CommonName.List": "sec*"}}"#,
            true,
        ),
        (
            r#"{"ForAnyValue:StringEquals": {"iot:Certificate.Subject.State.List": "6"}}"#,
            false,
        ),
        (
            r#"{"ForAnyValue:StringEquals": {"iot:Certificate.AvailableKeys": "iot:Certificate.Issuer.Country"}}"#,
            true,
        ),
        // Several values without a set operator: any, or none.
        (
            r#"{"StringEquals": {"iot:ConnectAttributes": "LastWill"}}"#,
            true,
        ),
        (
            r#"{"StringNotEquals": {"iot:ConnectAttributes": "LastWill"}}"#,
            false,
        ),
        // Numbers, exact.
        (
            r#"{"NumericEquals": {"iot:Connection.Thing.Attributes[floor]": "2.5"}}"#,
            true,
        ),
        (
            r#"{"NumericGreaterThan": {"iot:Connection.Thing.Attributes[floor]": 2.4999999999999999999}}"#,
            true,
        ),
        (
            r#"{"NumericLessThanEquals": {"iot:Connection.Thing.Attributes[floor]": [1, 25e-1]}}"#,
            true,
        ),
        (
            r#"{"NumericNotEquals": {"iot:Connection.Thing.Attributes[floor]": "2.5"}}"#,
            false,
        ),
        (r#"{"NumericEquals": {"iot:ClientId": "1"}}"#, false),
        // Dates.
        (
            r#"{"DateLessThan": {"iot:Connection.Thing.Attributes[since]": "2026-02"}}"#,
            true,
        ),
        (
            r#"{"DateEquals": {"iot:Connection.Thing.Attributes[since]": "2026-01-31T13:00+01:00"}}"#,
            true,
        ),
        (
            r#"{"DateGreaterThan": {"iot:Connection.Thing.Attributes[since]": "1769860799"}}"#,
            true,
        ),
        // Booleans, bytes, addresses, ARNs.
        (
            r#"{"Bool": {"iot:Connection.Thing.IsAttached": true}}"#,
            true,
        ),
        (
            r#"{"BinaryEquals": {"iot:Connection.Thing.ThingTypeName": "c2Vuc29y"}}"#,
            true,
        ),
        (
            r#"{"BinaryEquals": {"iot:Connection.Thing.ThingTypeName": "c2Vuc28="}}"#,
            false,
        ),
        (
            r#"{"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.0/28"]}}"#,
            true,
        ),
        (r#"{"NotIpAddress": {"aws:SourceIp": "192.0.2.10"}}"#, false),
        (r#"{"IpAddress": {"aws:SourceIp": "::/0"}}"#, false),
        (
            r#"{"IpAddress": {"aws:SourceIp": "::ffff:192.0.2.0/120"}}"#,
            true,
        ),
        (
            r#"{"IpAddress": {"aws:SourceIp": "::ffff:192.0.3.0/120"}}"#,
            false,
        ),
        (r#"{"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}"#, true),
        (
            r#"{"ArnEquals": {"iot:LastWillTopic": "ARN:topic/last/words"}}"#,
            true,
        ),
        (
            r#"{"ArnLike": {"iot:LastWillTopic": "arn:aws:iot:*:*:topic/last/*"}}"#,
            true,
        ),
        (
            r#"{"ArnEquals": {"iot:LastWillTopic": "arn:aws:iot:*:topic/last/*:a:b"}}"#,
            false,
        ),
        (
            r#"{"ArnNotLike": {"iot:LastWillTopic": "arn:aws:iot:*:*:topic/last/*"}}"#,
            false,
        ),
        (r#"{"ArnLike": {"iot:ClientId": "*"}}"#, true),
        (r#"{"ArnLike": {"iot:ClientId": "arn:*:*:*:*:*"}}"#, false),
        // Nothing to ask for.
        ("{}", true),
        (r#"{"StringEquals": {}}"#, true),
        (r#"{"StringEquals": {"iot:ClientId": []}}"#, false),
        (r#"{"StringNotEquals": {"iot:ClientId": []}}"#, true),
    ];
    for (condition, expected) in rows {
        let condition = condition.replace("ARN:", "arn:aws:iot:us-east-1:123456789012:");
        assert_eq!(holds(&condition), expected, "{condition}");
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

/// The thing's variables: only over MQTT, and only where the client id is the thing's name.
#[test]
fn thing_variables() {
    let policy = Policy::parse(
        br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:Publish",
            "Resource": "arn:aws:iot:us-east-1:123456789012:topic/${iot:Connection.Thing.ThingName}"}}"#,
    )
    .unwrap();
    let scope = Scope::new("aws", "us-east-1", "123456789012");
    let set = Arc::new(PolicySet::compile([("P", &policy)], scope));
    let request = Request::Publish {
        topic: "t",
        retain: false,
    };
    for (client, transport, expected) in [
        ("t", Transport::Mqtt, true),
        ("t", Transport::WebSocket, true),
        ("t", Transport::Http, false),
        ("T", Transport::Mqtt, false),
    ] {
        let context = ConnectionContext::new(client, transport).with_thing(Thing::new("t"));
        assert_eq!(
            set.bind(&context).decide(&request, NOW).is_allowed(),
            expected
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

/// RETAIN needs both actions, and the answer names what is missing or denies.
#[test]
fn retain() {
    let both = r#"{"Effect": "Allow", "Action": "iot:*Publish", "Resource": "*"}"#;
    let publish = r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}"#;
    let retain = r#"{"Effect": "Allow", "Action": "iot:RetainPublish", "Resource": "*"}"#;
    for (statement, plain, retained) in [
        (both, true, true),
        (publish, true, false),
        (retain, false, false),
    ] {
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statement}}}"#);
        let policy = Policy::parse(text.as_bytes()).unwrap();
        let set = Arc::new(PolicySet::compile(
            [("P", &policy)],
            Scope::new("aws", "r", "a"),
        ));
        let bound = set.bind(&ConnectionContext::new("c", Transport::Mqtt));
        let ask = |retain| {
            bound
                .decide(&Request::Publish { topic: "t", retain }, NOW)
                .is_allowed()
        };
        assert_eq!((ask(false), ask(true)), (plain, retained), "{statement}");
    }
}
