//! The context as data (feature `serde`): what is left out is not known, and what is not known is refused.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use iot_policy::{
    AlternativeName, Certificate, ConnectionContext, NameAttribute, Thing, Transport,
};

#[test]
fn context_as_json() {
    let text = r#"{"clientId": "a", "transport": "webSocket", "sourceIp": "192.0.2.1",
        "thing": {"name": "a", "type": "sensor", "attributes": {"room": "kitchen"}, "attached": true},
        "certificate": {"id": "c0ffee", "subject": {"CommonName": ["a", "b"]},
                        "subjectAlternativeNames": {"DNSName": ["d.example"]}},
        "connectAttributes": ["PersistentConnect"]}"#;
    let context: ConnectionContext = serde_json::from_str(text).unwrap();
    let certificate = Certificate::new("c0ffee")
        .with_subject(NameAttribute::CommonName, "a")
        .with_subject(NameAttribute::CommonName, "b")
        .with_subject_alternative_name(AlternativeName::DnsName, "d.example");
    let thing = Thing::new("a")
        .with_type("sensor")
        .with_attribute("room", "kitchen");
    let expected = ConnectionContext::new("a", Transport::WebSocket)
        .with_source_ip("192.0.2.1".parse().unwrap())
        .with_thing(thing.attached())
        .with_certificate(certificate)
        .with_persistent_connect();
    assert_eq!(context, expected);
    let again = serde_json::to_string(&context).unwrap();
    assert_eq!(
        serde_json::from_str::<ConnectionContext>(&again).unwrap(),
        context
    );
}

#[test]
fn unknown_fields_are_refused() {
    for text in [
        r#"{"clientId": "a"}"#,
        r#"{"clientId": "a", "transport": "mqtt", "attached": true}"#,
        r#"{"clientId": "a", "transport": "mqtt", "thing": {"name": "a", "isAttached": true}}"#,
        r#"{"clientId": "a", "transport": "mqtt", "certificate": {"subject": {"Owner": ["a"]}}}"#,
    ] {
        assert!(
            serde_json::from_str::<ConnectionContext>(text).is_err(),
            "{text}"
        );
    }
}
