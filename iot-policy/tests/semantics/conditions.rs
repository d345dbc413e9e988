//! When conditions hold.

use std::sync::Arc;

use iot_policy::{ConnectionContext, Policy, PolicySet, Request, Scope, Transport};

use super::holds;

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
