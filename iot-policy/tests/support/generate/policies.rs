//! Documents that the crate must accept.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::naive::values::DATES;
use super::{ACTIONS, Choice, TYPES, WORDS, long, scope};

const VARIABLES: &[&str] = &[
    "iot:ClientId",
    "IOT:clientid",
    "iot:Connection.Thing.ThingName",
    "iot:Connection.Thing.ThingTypeName",
    "iot:Connection.Thing.Attributes[room]",
    "iot:Connection.Thing.Attributes[Room]",
    "iot:Connection.Thing.Attributes[a,b]",
    "iot:CertificateId",
    "iot:Certificate.SerialNumber",
    "iot:Certificate.Subject.CommonName",
    "iot:Certificate.Subject.CommonName.1",
    "iot:Certificate.Subject.CommonName.5",
    "iot:Certificate.Subject.CommonName.List",
    "iot:Certificate.Issuer.Organization",
    "iot:Certificate.Subject.AlternativeName.DNSName",
    "aws:SourceIp",
    "iot:DomainName",
    "iot:LastWillTopic",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:VpcSourceIp",
    "cognito-identity.amazonaws.com:sub",
    "Cognito-Identity.amazonaws.com:Aud",
    "cognito-identity.amazonaws.com:amr",
    "iot:ConnectAttributes",
    "aws:username",
    "aws:CurrentTime",
];
/// Those whose values are often asked for.
const SOME_VARIABLES: &[&str] = &[
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:VpcSourceIp",
    "cognito-identity.amazonaws.com:sub",
    "cognito-identity.amazonaws.com:aud",
    "iot:ClientId",
    "iot:Connection.Thing.ThingName",
    "iot:Connection.Thing.ThingTypeName",
    "iot:Connection.Thing.Attributes[room]",
    "iot:Certificate.Subject.CommonName",
    "iot:CertificateId",
];
/// Conditions that often hold.
const LIKELY: &[(&str, &str, &str)] = &[
    (
        "BinaryEquals",
        "iot:Connection.Thing.ThingTypeName",
        "c2Vuc29y",
    ),
    ("BinaryEquals", "iot:CertificateId", "YzBmZmVl"),
    ("BinaryEquals", "aws:SourceVpce", "dnBjZS0x"),
    (
        "ForAnyValue:BinaryEquals",
        "iot:ConnectAttributes",
        "TGFzdFdpbGw=",
    ),
    ("StringEquals", "aws:SourceVpc", "vpc-1"),
    ("StringLike", "aws:SourceVpce", "vpce?1*"),
    ("IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"),
    (
        "StringEquals",
        "cognito-identity.amazonaws.com:sub",
        "eu-1:id",
    ),
    ("StringLike", "cognito-identity.amazonaws.com:aud", "*pool"),
    (
        "ForAnyValue:StringEquals",
        "cognito-identity.amazonaws.com:amr",
        "authenticated",
    ),
    (
        "ForAllValues:StringLike",
        "cognito-identity.amazonaws.com:amr",
        "*",
    ),
];
const KEYS: &[&str] = &[
    "iot:ClientId",
    "iot:Connection.Thing.ThingName",
    "iot:Connection.Thing.ThingTypeName",
    "iot:Connection.Thing.IsAttached",
    "iot:Connection.Thing.Attributes[room]",
    "iot:Connection.Thing.Attributes[floor]",
    "iot:Connection.Thing.Attributes[since]",
    "iot:CertificateId",
    "iot:Certificate.SerialNumber",
    "iot:Certificate.AvailableKeys",
    "iot:Certificate.Subject.CommonName",
    "iot:Certificate.Subject.CommonName.1",
    "iot:Certificate.Subject.CommonName.List",
    "iot:Certificate.Subject.AlternativeName.DNSName.List",
    "iot:Certificate.Issuer.Organization.List",
    "iot:ConnectAttributes",
    "iot:LastWillTopic",
    "aws:SourceIp",
    "iot:DomainName",
    "aws:PrincipalType",
    "AWS:sourceip",
    "iot:SourceIp",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:VpcSourceIp",
    "cognito-identity.amazonaws.com:sub",
    "cognito-identity.amazonaws.com:aud",
    "cognito-identity.amazonaws.com:amr",
];
const ACTION_PATTERNS: &[&str] = &[
    "*",
    "iot:*",
    "iot:*",
    "iot:publish",
    "IOT:Sub*",
    "iot:*Publish",
    "iot:?onnect",
    "iot:re*",
    "iot:*Shadow",
    "iot:Get*",
    "iot:List*",
    "iot:*Connection",
    "iot:*Job*",
    "iot:Assume*",
    "greengrass:*",
];
const STRING_TESTS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];
const NUMERIC_TESTS: &[&str] = &[
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
];
const DATE_TESTS: &[&str] = &[
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
];
const ARN_TESTS: &[&str] = &["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"];

/// Words, wildcards and variables, joined by slashes or by nothing.
fn text(source: &mut impl Choice, wildcards: bool) -> String {
    let mut text = String::new();
    for _ in 0..source.below(5) {
        match source.below(if wildcards { 12 } else { 6 }) {
            0..=2 => text.push_str(source.pick(WORDS)),
            3 => {
                let variable: &str = source.pick(VARIABLES);
                let default = if source.chance(20) { ", 'a'" } else { "" };
                text.push_str(&format!("${{{variable}{default}}}"));
            }
            4 => text.push_str(source.pick(&["${*}", "$(?)", "${$}", "$", "+", "#"])),
            5 | 6 => text.push('/'),
            7..=9 => text.push('*'),
            10 => text.push('?'),
            _ => text.push_str(source.pick(&["*a*", "a?b", "*?1?*", "/+/"])),
        }
    }
    text
}

/// A long text with holes in it, mostly between stars.
fn long_pattern(source: &mut impl Choice) -> String {
    let mut piece: Vec<char> = long(source).chars().collect();
    for _ in 0..source.below(5) {
        let at = source.below(piece.len());
        piece[at] = '?';
    }
    if source.chance(10) {
        piece
            .iter_mut()
            .step_by(2)
            .for_each(|character| *character = '?');
    }
    let piece: String = piece.into_iter().collect();
    let before = source.pick(&["*", "*", "*", "", "*?", "a*"]);
    let behind = source.pick(&["*", "*", "*", "", "?*", "*a"]);
    format!("{before}{piece}{behind}")
}

fn resource(source: &mut impl Choice) -> String {
    if source.chance(10) {
        return source
            .pick(&[
                "*",
                "**",
                "arn:*",
                "arn:aws:iot:us-*",
                "arn:aws:iot:eu-*",
                "arn:aws-cn:*",
                "arn:aws:iot:*:*a*",
                "arn:aws:iot:*:topic/a",
                "*topic/*",
                "*:a",
            ])
            .to_owned();
    }
    let mut parts: Vec<&str> = scope(source).to_vec();
    match source.below(16) {
        0 => parts[4] = "9*",
        1 => parts[3] = "*",
        2 => parts[1] = "aws*",
        3 => (parts[3], parts[4]) = ("us-*-?", "*"),
        4 => parts[4] = "",
        5 => (parts[1], parts[3]) = ("*", "*-?"),
        6 => (parts[1], parts[3], parts[4]) = ("aws-??", "cn-*", "????????????"),
        7 => (parts[1], parts[3], parts[4]) = ("*", "*", "*"),
        _ => {}
    }
    let kind = match source.below(14) {
        0 => "t*",
        1 => "*",
        2 => "topic?/",
        3 => "${iot:ClientId}",
        4 => "",
        _ => source.pick(TYPES),
    };
    let name = match source.below(20) {
        0..=2 => long_pattern(source),
        3..=5 => {
            let variables = source.pick(&[SOME_VARIABLES, VARIABLES]);
            let variable: &str = source.pick(variables);
            let shape = source.pick(&["VARIABLE", "VARIABLE*", "*VARIABLE*", "VARIABLE/?"]);
            shape.replace("VARIABLE", &format!("${{{variable}}}"))
        }
        _ => text(source, true),
    };
    format!("{}:{kind}{name}", parts.join(":"))
}

/// Makes an operand, choosing by a number below a bound.
type Operand = Box<dyn Fn(&mut dyn FnMut(usize) -> usize) -> Value>;

fn condition(source: &mut impl Choice) -> (String, String, Value) {
    let key = source.pick(KEYS);
    let (test, operand): (&str, Operand) = match (key, source.below(10)) {
        (_, 0) => (
            "Null",
            Box::new(|below| [json!("true"), json!("false"), json!(true)][below(3)].clone()),
        ),
        ("iot:Connection.Thing.IsAttached", _) => (
            "Bool",
            Box::new(|below| {
                [json!("true"), json!("false"), json!("TRUE"), json!(false)][below(4)].clone()
            }),
        ),
        ("iot:Connection.Thing.Attributes[floor]", 1..=6) => (
            source.pick(NUMERIC_TESTS),
            Box::new(|below| {
                [
                    json!("1"),
                    json!("1.5"),
                    json!("1e1"),
                    json!("-2"),
                    json!(10),
                ][below(5)]
                .clone()
            }),
        ),
        ("iot:Connection.Thing.Attributes[since]", 1..=6) => (
            source.pick(DATE_TESTS),
            Box::new(|below| json!(DATES[below(DATES.len())].0)),
        ),
        ("aws:SourceIp" | "AWS:sourceip" | "iot:SourceIp" | "aws:VpcSourceIp", 1..=7) => (
            source.pick(&["IpAddress", "NotIpAddress"]),
            Box::new(|below| {
                let ranges = [
                    "192.0.2.0/24",
                    "192.0.2.10",
                    "::/0",
                    "2001:db8::/32",
                    "0.0.0.0/0",
                    "::ffff:192.0.2.0/120",
                ];
                json!(ranges[below(ranges.len())])
            }),
        ),
        ("iot:LastWillTopic", 1..=6) => (
            source.pick(ARN_TESTS),
            Box::new(|below| {
                let patterns = [
                    "*",
                    "arn:aws:iot:*:*:topic/a*",
                    "arn:aws:iot:us-east-1:123456789012:topic/${iot:ClientId}",
                    "arn:aws:iot:us-east-1:9*:topic/a",
                    "arn:aws-*:iot:*:*:topic/*",
                ];
                json!(patterns[below(patterns.len())])
            }),
        ),
        (_, 8) => (
            "BinaryEquals",
            Box::new(|below| {
                // `a`, `c1`, `sensor`, `kitchen`, `é`, `thing1`, `vpc-1`, `LastWill`, nothing, and bytes that are no text.
                let bytes = [
                    "YQ==",
                    "YzE=",
                    "c2Vuc29y",
                    "a2l0Y2hlbg==",
                    "w6k=",
                    "dGhpbmcx",
                    "dnBjLTE=",
                    "TGFzdFdpbGw=",
                    "",
                    "/+8=",
                ];
                json!(bytes[below(bytes.len())])
            }),
        ),
        (_, _) => (source.pick(STRING_TESTS), Box::new(|_| Value::Null)),
    };
    let string = test.starts_with("String");
    let length = source.below(4);
    let one = |source: &mut dyn FnMut(usize) -> usize| operand(source);
    let operands: Vec<Value> = (0..length)
        .map(|_| {
            if string {
                let fixed = [
                    "PersistentConnect",
                    "LastWill",
                    "kitchen",
                    "iot:Certificate.Subject.CommonName",
                    "vpc-1",
                    "vpce-1",
                    "authenticated",
                    "eu-1:pool",
                    "c0ffee",
                ];
                match source.below(8) {
                    0..=3 => json!(fixed[source.below(fixed.len())]),
                    4 if test.ends_with("Like") => json!(long_pattern(source)),
                    _ => json!(text(source, test.ends_with("Like"))),
                }
            } else {
                one(&mut |bound| source.below(bound))
            }
        })
        .collect();
    let operands = match operands.as_slice() {
        [single] if source.chance(50) => single.clone(),
        _ => Value::Array(operands),
    };
    let (set, if_exists) = if test == "Null" {
        ("", "")
    } else {
        (
            *[&"", &"", &"ForAllValues:", &"ForAnyValue:"][source.below(4)],
            if source.chance(15) { "IfExists" } else { "" },
        )
    };
    (format!("{set}{test}{if_exists}"), key.to_owned(), operands)
}

fn time_condition(source: &mut impl Choice) -> (String, String, Value) {
    let (key, test) = if source.chance(50) {
        ("aws:CurrentTime", source.pick(DATE_TESTS))
    } else {
        (
            "aws:EpochTime",
            source.pick(&[
                "NumericLessThan",
                "NumericNotEquals",
                "DateGreaterThan",
                "Null",
            ]),
        )
    };
    let operand = match test {
        "Null" => json!("true"),
        "NumericLessThan" | "NumericNotEquals" => json!("1577836800"),
        _ => json!(DATES[source.below(DATES.len())].0),
    };
    let set = if test == "Null" {
        ""
    } else {
        *[&"", &"ForAllValues:", &"ForAnyValue:"][source.below(3)]
    };
    (format!("{set}{test}"), key.to_owned(), operand)
}

fn statement(source: &mut impl Choice) -> Value {
    let mut statement = Map::new();
    let effect = if source.chance(30) { "Deny" } else { "Allow" };
    statement.insert("Effect".into(), json!(effect));
    let action = if source.chance(12) {
        "NotAction"
    } else {
        "Action"
    };
    let actions: Vec<&str> = (0..=source.below(3))
        .map(|_| {
            let names = source.chance(40);
            source.pick(if names { ACTIONS } else { ACTION_PATTERNS })
        })
        .collect();
    statement.insert(action.into(), json!(actions));
    let element = if source.chance(15) {
        "NotResource"
    } else {
        "Resource"
    };
    let resources: Vec<String> = (0..=source.below(3)).map(|_| resource(source)).collect();
    let resources = if source.chance(30) {
        json!(resources[0])
    } else {
        json!(resources)
    };
    statement.insert(element.into(), resources);
    if source.chance(40) {
        let mut operators: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
        for _ in 0..=source.below(2) {
            let (operator, key, operands) = match source.below(12) {
                0 => time_condition(source),
                1..=4 => {
                    let (operator, key, operand) = LIKELY[source.below(LIKELY.len())];
                    (operator.to_owned(), key.to_owned(), json!(operand))
                }
                _ => condition(source),
            };
            let keys = operators.entry(operator).or_default();
            // A document that has one key in two spellings is refused.
            let folded = |key: &str| {
                let key = key.to_ascii_lowercase();
                key.replace("iot:sourceip", "aws:sourceip")
            };
            keys.retain(|other, _| folded(other) != folded(&key));
            keys.insert(key, operands);
        }
        statement.insert("Condition".into(), json!(operators));
    }
    Value::Object(statement)
}

/// A document that the crate must accept.
pub fn policy(source: &mut impl Choice) -> Value {
    let mut policy = Map::new();
    match source.below(12) {
        0 => {}
        1 => drop(policy.insert("Version".into(), json!("2008-10-17"))),
        _ => drop(policy.insert("Version".into(), json!("2012-10-17"))),
    }
    let count = source.below(5);
    let statements: Vec<Value> = (0..count).map(|_| statement(source)).collect();
    let statements = match statements.as_slice() {
        [one] if source.chance(50) => one.clone(),
        _ => Value::Array(statements),
    };
    policy.insert("Statement".into(), statements);
    Value::Object(policy)
}
