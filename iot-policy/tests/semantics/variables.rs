//! What variables stand for, and what becomes of a text whose variable stands for nothing.

use std::sync::Arc;

use iot_policy::{
    Certificate, ConnectionContext, NameAttribute, Policy, PolicySet, Request, Scope, Thing,
    Transport,
};

use super::{NOW, allowed, allowed_by, covers, holds};

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
