//! What a policy means, one row a rule: the statement (or list of statements), the request, and the answer. Requests are
//! those of one connection, described in `context`. One file a theme.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test has `std`, and fails by panicking"
)]

mod conditions;
mod requests;
mod resources;
mod variables;

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
