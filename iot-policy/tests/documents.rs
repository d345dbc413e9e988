//! What is refused and what is warned of in a document, where, and in which words. One row a case.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::panic,
    clippy::string_slice,
    reason = "a test has `std`, and fails by panicking"
)]

use iot_policy::{Policy, PolicyErrorKind};

/// A document, with `§` where the error is, and the message behind the place.
const REFUSED: &[(&str, &str)] = &[
    ("§", "$: found the end of the document, expected a value"),
    ("§x", "$: found `x`, expected a value"),
    ("§[]", "$: found a list, expected a policy: an object"),
    ("{§}", "$: `Statement` is missing"),
    ("{§'a': 1}", "$: found `'`, expected a string"),
    (
        r#"{"Statement": []} §{}"#,
        "$: found `{`, expected the end of the document",
    ),
    (r#"{"Statement": [],§}"#, "$: found `}`, expected a string"),
    (
        r#"{"Statement": [] §"Id": "x"}"#,
        "$: found `\"`, expected `,` or `}`",
    ),
    (
        r#"{"Statement": §null}"#,
        "$.Statement: found null, expected a statement or a list of statements",
    ),
    (
        r#"{"Statement": [§1]}"#,
        "$.Statement[0]: found a number, expected a statement: an object",
    ),
    (r#"{"Version": "§2012"}"#, "$: `Statement` is missing"),
    (
        r#"{"Version": §"2012-10-18", "Statement": []}"#,
        "$.Version: found version `2012-10-18`, expected `2012-10-17` or `2008-10-17`",
    ),
    (
        r#"{"Version": §20121017, "Statement": []}"#,
        "$.Version: found a number, expected a string",
    ),
    (
        r#"{"Statement": [], §"statement": []}"#,
        "$: `statement` is no element of a policy",
    ),
    (
        r#"{"Statement": [], §"Statement": []}"#,
        "$: `Statement` stands twice in one object",
    ),
    (
        r#"{"Statement": [], "Id": "a", §"Id": "a"}"#,
        "$: `Id` stands twice in one object",
    ),
    (
        r#"{"Statement": [§{}]}"#,
        "$.Statement[0]: `Effect` is missing",
    ),
    (
        r#"{"Statement": [§{"Effect": "Allow"}]}"#,
        "$.Statement[0]: `Action` or `NotAction` is missing",
    ),
    (
        r#"{"Statement": §{"Effect": "Allow", "Action": "*"}}"#,
        "$.Statement[0]: `Resource` or `NotResource` is missing",
    ),
    (
        r#"{"Statement": §{"Effect": "Deny", "Action": "*", "NotAction": "*", "Resource": "*"}}"#,
        "$.Statement[0]: `Action` and `NotAction` exclude each other",
    ),
    (
        r#"{"Statement": §{"Effect": "Deny", "Action": "*", "NotResource": "*", "Resource": "*"}}"#,
        "$.Statement[0]: `Resource` and `NotResource` exclude each other",
    ),
    (
        r#"{"Statement": {"Effect": §"allow", "Action": "*", "Resource": "*"}}"#,
        "$.Statement[0].Effect: found effect `allow`, expected `Allow` or `Deny`",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", §"Effect": "Deny", "Action": "*", "Resource": "*"}}"#,
        "$.Statement[0]: `Effect` stands twice in one object",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", §"Principal": "*"}}"#,
        "$.Statement[0]: AWS IoT policies have no `Principal`",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action":§ []}}"#,
        "$.Statement[0].Action: found an empty list, expected at least one value",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": ["iot:Connect", §"Connect"], "Resource": "*"}}"#,
        "$.Statement[0].Action[1]: found action `Connect`, expected `*` or a service, a colon and a name",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": §"iot:Conn ect", "Resource": "*"}}"#,
        "$.Statement[0].Action: found action `iot:Conn ect`, expected `*` or a service, a colon and a name",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": §"*t:Publish", "Resource": "*"}}"#,
        "$.Statement[0].Action: found action `*t:Publish`, expected `*` or a service, a colon and a name",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": §"arn:aws:*:us-east-1:1:topic/a"}}"#,
        "$.Statement[0].Resource: no wildcard may stand for the service of an ARN: `arn:aws:*:us-east-1:1:topic/a`",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"iot:ClientId": "a", §"IOT:clientid": "b"}}}}"#,
        "$.Statement[0].Condition.StringLike[\"IOT:clientid\"]: `IOT:clientid` stands twice in one object",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"aws:a": "a", §"aws:A": "b"}}}}"#,
        "$.Statement[0].Condition.StringLike[\"aws:A\"]: `aws:A` stands twice in one object",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": §"::ffff:192.0.2.0/90"}}}}"#,
        "$.Statement[0].Condition.IpAddress[\"aws:SourceIp\"]: found `::ffff:192.0.2.0/90`, expected an address or a range such as `192.0.2.0/24`",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": [[§]]}}"#,
        "$.Statement[0].Resource[0]: found a list, expected a string",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": §"topic/a"}}"#,
        "$.Statement[0].Resource: found resource `topic/a`, expected `*` or an ARN",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": §""}}"#,
        "$.Statement[0].Resource: found resource ``, expected `*` or an ARN",
    ),
    (
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": §"arn:aws:iot:${aws:x}:1:topic/a"}}"#,
        "$.Statement[0].Resource: no variable may stand here: `arn:aws:iot:${aws:x}:1:topic/a`",
    ),
    (
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": §"arn:aws:iot:::topic/${iot:Client}"}}"#,
        "$.Statement[0].Resource: AWS IoT has no policy variable `iot:Client`",
    ),
    (
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": §"arn:aws:iot:::topic/${iot:ClientId"}}"#,
        "$.Statement[0].Resource: found `${iot:ClientId`, expected `${name}` or `${name, 'default'}`",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": §[]}}"#,
        "$.Statement[0].Condition: found a list, expected operators: an object",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {§"StringEqual": {}}}}"#,
        "$.Statement[0].Condition: `StringEqual` is no condition operator",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {§"NullIfExists": {}}}}"#,
        "$.Statement[0].Condition: `NullIfExists` is no condition operator",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {}, §"Bool": {}}}}"#,
        "$.Statement[0].Condition: `Bool` stands twice in one object",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Null": {"iot:ClientId": "true", §"iot:ClientId": "false"}}}}"#,
        "$.Statement[0].Condition.Null: `iot:ClientId` stands twice in one object",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLike": {§"iot:Client": "a"}}}}"#,
        "$.Statement[0].Condition.StringLike[\"iot:Client\"]: AWS IoT has no condition key `iot:Client`",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringLike": {"iot:ClientId": ["a", §{}]}}}}"#,
        "$.Statement[0].Condition.StringLike[\"iot:ClientId\"][1]: found an object, expected a string, a number or a Boolean",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ForAnyValue:NumericEquals": {"iot:ClientId": §"1,5"}}}}"#,
        "$.Statement[0].Condition.ForAnyValue:NumericEquals[\"iot:ClientId\"]: found `1,5`, expected a number",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"IpAddress": {"aws:SourceIp": [§"192.0.2.0/33"]}}}}"#,
        "$.Statement[0].Condition.IpAddress[\"aws:SourceIp\"][0]: found `192.0.2.0/33`, expected an address or a range such as `192.0.2.0/24`",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"Bool": {"iot:ClientId": §"yes"}}}}"#,
        "$.Statement[0].Condition.Bool[\"iot:ClientId\"]: found `yes`, expected `true` or `false`",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"DateLessThan": {"aws:CurrentTime": §"soon"}}}}"#,
        "$.Statement[0].Condition.DateLessThan[\"aws:CurrentTime\"]: found `soon`, expected a date of ISO 8601 or seconds since 1970",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"StringEquals": {§"aws:CurrentTime": "2020"}}}}"#,
        "$.Statement[0].Condition.StringEquals[\"aws:CurrentTime\"]: this key takes the `Date` operators and `Null`",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"BinaryEquals": {"iot:ClientId": §"?"}}}}"#,
        "$.Statement[0].Condition.BinaryEquals[\"iot:ClientId\"]: found `?`, expected Base64",
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {"ArnLike": {"iot:LastWillTopic": §"topic/x"}}}}"#,
        "$.Statement[0].Condition.ArnLike[\"iot:LastWillTopic\"]: found `topic/x`, expected `*` or an ARN of six parts",
    ),
];

#[test]
fn refused() {
    for (marked, message) in REFUSED {
        let document = marked.replace('§', "");
        let error = Policy::parse(document.as_bytes()).unwrap_err();
        let text = error.to_string();
        let (place, rest) = text.split_once(", ").unwrap();
        assert!(rest == *message, "{document}\n got {rest}\nwant {message}");
        assert_eq!(place, format!("policy document at byte {}", error.offset()));
        assert_eq!(error.http_status(), 400);
        // The mark shows the byte where it is not about an element that is missing.
        let missing = matches!(error.kind(), PolicyErrorKind::MissingElement { .. });
        if !missing && !message.contains("found a list, expected a string") {
            assert_eq!(
                error.offset(),
                marked.find('§').unwrap(),
                "{marked}: {text}"
            );
        }
    }
}

#[test]
fn bytes_that_are_no_text() {
    let error = Policy::parse(b"{\"Id\": \"\xFF\"}").unwrap_err();
    assert_eq!(
        (error.kind(), error.offset()),
        (&PolicyErrorKind::InvalidUtf8, 8)
    );
    // A byte order mark is no white space of JSON.
    assert!(Policy::parse("\u{feff}{\"Statement\": []}".as_bytes()).is_err());
}

/// A document, and the warnings in its order.
const WARNED: &[(&str, &[&str])] = &[
    (
        r#"{"Statement": []}"#,
        &["$.Statement: no statement, so nothing is allowed"],
    ),
    (
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["s3:Get*", "iot:CreateThing"], "Resource": "arn:aws:iot:*"}}"#,
        &[
            "$.Statement[0].Action[0]: `s3:Get*` names no action of the AWS IoT data plane",
            "$.Statement[0].Action[1]: `iot:CreateThing` names no action of the AWS IoT data plane",
            "$.Statement[0].Resource: `arn:aws:iot:*` has not the six parts of an ARN",
        ],
    ),
    (
        r#"{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:iot:::topic/${iot:ClientId}"}}"#,
        &[
            "$.Statement[0].Resource: `arn:aws:iot:::topic/${iot:ClientId}` is literal text before version 2012-10-17",
        ],
    ),
    (
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {
            "StringEquals": {"aws:username": "${iot:ConnectAttributes}", "iot:ConnectAttributes": "a", "iot:ClientId": []},
            "IpAddress": {"iot:SourceIp": "::1"}, "Bool": {}}}}"#,
        &[
            "$.Statement[0].Condition.StringEquals[\"aws:username\"]: AWS IoT never sets `aws:username`",
            "$.Statement[0].Condition.StringEquals[\"aws:username\"]: `${iot:ConnectAttributes}` never has one value",
            "$.Statement[0].Condition.StringEquals[\"iot:ConnectAttributes\"]: the key has several values; say `ForAllValues` or `ForAnyValue`",
            "$.Statement[0].Condition.StringEquals[\"iot:ClientId\"]: a key without values to compare with",
            "$.Statement[0].Condition.IpAddress[\"iot:SourceIp\"]: the key's name is `aws:SourceIp`",
            "$.Statement[0].Condition.Bool: an operator without keys always holds",
        ],
    ),
    (
        r#"{"Version": "2008-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:iot:::topic/$(*)"}}"#,
        &[
            "$.Statement[0].Resource: `arn:aws:iot:::topic/$(*)` is literal text before version 2012-10-17",
        ],
    ),
    (
        r#"{"Version": "2012-10-17", "Statement": [
            {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"},
            {"Sid": "B", "Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {
                "StringEquals": {"aws:SourceIp": "192.0.2.0/24"}, "Bool": {"aws:VpcSourceIp": true},
                "NumericEquals": {"iot:Connection.Thing.IsAttached": 1, "iot:LastWillTopic": 1, "iot:CertificateId": 1}}},
            {"Sid": "A", "Effect": "Deny", "Action": "*", "Resource": "*"}]}"#,
        &[
            "$.Statement[1].Condition.StringEquals[\"aws:SourceIp\"]: the operator does not fit the key: `IpAddress`, `NotIpAddress` and `Null` do",
            "$.Statement[1].Condition.Bool[\"aws:VpcSourceIp\"]: the operator does not fit the key: `IpAddress`, `NotIpAddress` and `Null` do",
            "$.Statement[1].Condition.NumericEquals[\"iot:Connection.Thing.IsAttached\"]: the operator does not fit the key: `Bool`, the `String` operators and `Null` do",
            "$.Statement[1].Condition.NumericEquals[\"iot:LastWillTopic\"]: the operator does not fit the key: the `Arn` and `String` operators and `Null` do",
            "$.Statement[1].Condition.NumericEquals[\"iot:CertificateId\"]: the operator does not fit the key: the `String` operators and `Null` do",
            "$.Statement[2].Sid: another statement has the `Sid` `A`",
        ],
    ),
    (
        r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:*", "Resource": "*",
            "Condition": {"ForAllValues:StringEquals": {"iot:ConnectAttributes": []}}}}"#,
        &[],
    ),
];

#[test]
fn warned() {
    for (document, expected) in WARNED {
        let policy = Policy::parse(document.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let warnings: Vec<String> = policy.warnings().iter().map(ToString::to_string).collect();
        assert_eq!(warnings, *expected, "{document}");
    }
}

/// Elements may stand in any order: also the version behind the statement that depends on it.
#[test]
fn order_of_elements() {
    for (version, warnings) in [("2012-10-17", 0), ("2008-10-17", 1)] {
        let document = format!(
            r#"{{"Statement": {{"Resource": "arn:aws:iot:::topic/${{iot:ClientId}}", "Action": "iot:*", "Effect": "Deny"}},
               "Id": "x", "Version": "{version}"}}"#
        );
        let policy = Policy::parse(document.as_bytes()).unwrap();
        assert_eq!(policy.warnings().len(), warnings);
    }
}
