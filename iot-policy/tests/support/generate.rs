//! Policies, connections and requests that have much in common, so that statements often almost apply.

use std::collections::BTreeMap;

use iot_policy::{
    AlternativeName, Certificate, ConnectionContext, NameAttribute, Substitution, Thing, Transport,
};
use serde_json::{Map, Value, json};

use super::naive::{CertificateOf, DATES, SCOPE, ThingOf, World};

/// Where choices come from: a generator of random numbers, or a fuzzer's bytes.
pub trait Choice {
    /// A number below `bound`.
    fn below(&mut self, bound: usize) -> usize;

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const WORDS: &[&str] = &[
    "a", "b", "c1", "thing1", "é", "room", "x/y", "", "A", "a1a1", "$aws",
];
const CLIENTS: &[&str] = &[
    "a", "thing1", "c1", "+", "*", "a?", "$", "é", "", "b/c", "#",
];
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
    "iot:ConnectAttributes",
    "aws:username",
    "aws:CurrentTime",
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
];
const ACTIONS: &[&str] = &[
    "iot:Connect",
    "iot:Publish",
    "iot:Subscribe",
    "iot:Receive",
    "iot:RetainPublish",
    "iot:GetThingShadow",
    "iot:UpdateThingShadow",
    "iot:ListRetainedMessages",
    "iot:GetRetainedMessage",
];
const ACTION_PATTERNS: &[&str] = &[
    "*",
    "iot:*",
    "iot:Publish",
    "iot:publish",
    "IOT:Sub*",
    "iot:*Publish",
    "iot:?onnect",
    "iot:Receive",
    "iot:*Shadow",
    "iot:Get*",
    "iot:List*",
    "greengrass:*",
];
const TYPES: &[&str] = &["client", "topic", "topicfilter", "thing"];
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

fn resource(source: &mut impl Choice) -> String {
    if source.chance(10) {
        return source
            .pick(&[
                "*",
                "**",
                "arn:*",
                "arn:aws:iot:us-*",
                "arn:aws:iot:eu-*",
                "arn:aws:iot:*:*a*",
                "arn:aws:iot:*:topic/a",
                "*topic/*",
                "*:a",
            ])
            .to_owned();
    }
    let mut parts: Vec<&str> = SCOPE.to_vec();
    match source.below(12) {
        0 => parts[4] = "999999999999",
        1 => parts[3] = "*",
        2 => parts[1] = "aws*",
        3 => (parts[3], parts[4]) = ("us-*-?", "*"),
        4 => parts[4] = "",
        _ => {}
    }
    let kind = match source.below(14) {
        0 => "t*",
        1 => "*",
        2 => "topic?/",
        3 => "${iot:ClientId}",
        4 => "",
        _ => source.pick(&["client/", "topic/", "topicfilter/", "thing/"]),
    };
    format!("{}:{kind}{}", parts.join(":"), text(source, true))
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
        ("aws:SourceIp" | "AWS:sourceip", 1..=7) => (
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
                ];
                json!(patterns[below(4)])
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
                ];
                match source.below(3) {
                    0 => json!(fixed[source.below(4)]),
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
        .map(|_| source.pick(ACTION_PATTERNS))
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
            let (operator, key, operands) = if source.chance(8) {
                time_condition(source)
            } else {
                condition(source)
            };
            let keys = operators.entry(operator).or_default();
            // A document that has one key in two spellings is refused.
            keys.retain(|other, _| !other.eq_ignore_ascii_case(&key));
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

pub fn world(source: &mut impl Choice) -> World {
    let client_id = source.pick(CLIENTS).to_owned();
    let optional = |source: &mut dyn FnMut(usize) -> usize, values: &[&str]| {
        let chosen = source(values.len() + 1);
        values.get(chosen).map(|value| (*value).to_owned())
    };
    let mut below = |bound: usize| source.below(bound);
    let thing = (below(4) > 0).then(|| {
        let mut attributes = BTreeMap::new();
        for (name, values) in [
            ("room", &["kitchen", "a", "a#1", "*", ""][..]),
            ("Room", &["A"]),
            ("a,b", &["a", ""]),
            ("floor", &["1", "10", "1.5", "many"]),
            ("since", &["2020-01-01", "1577836800", "soon", "2021-07"]),
        ] {
            if let Some(value) = optional(&mut below, values) {
                attributes.insert(name.to_owned(), value);
            }
        }
        ThingOf {
            name: if below(5) > 0 {
                client_id.clone()
            } else {
                "other".to_owned()
            },
            thing_type: optional(&mut below, &["sensor", "a", "room"]),
            attributes,
            attached: below(2) == 0,
        }
    });
    let certificate = (below(4) > 0).then(|| {
        let mut names = BTreeMap::new();
        for name in [
            "Subject.CommonName",
            "Issuer.Organization",
            "Subject.AlternativeName.DNSName",
        ] {
            let long = "l".repeat(1025);
            let values = [
                "a", "thing1", "x*", "room", "A, B", "é", "kitchen", "a+b", "", &long,
            ];
            let list: Vec<String> = (0..below(8))
                .map(|_| values[below(values.len())].to_owned())
                .collect();
            if !list.is_empty() {
                names.insert(name.to_owned(), list);
            }
        }
        CertificateOf {
            id: "c0ffee".to_owned(),
            serial_number: optional(&mut below, &["1234", "a", ""]),
            names,
        }
    });
    let attributes = ["PersistentConnect", "LastWill", "a"];
    let mut connect_attributes: Vec<String> = Vec::new();
    for name in attributes {
        if below(3) == 0 {
            connect_attributes.push(name.to_owned());
        }
    }
    let address = optional(
        &mut below,
        &[
            "192.0.2.10",
            "2001:db8::7",
            "::ffff:192.0.2.10",
            "198.51.100.1",
        ],
    );
    World {
        http: below(6) == 0,
        source_ip: address.map(|text| text.parse().expect("an address")),
        domain_name: optional(&mut below, &["a", "iot.example", ""]),
        thing,
        certificate,
        connect_attributes,
        last_will_topic: optional(&mut below, &["a", "a/b", "x:y", client_id.as_str()]),
        now: [1_577_836_799, 1_577_836_800, 1_700_000_000][below(3)],
        strict: below(4) == 0,
        client_id,
    }
}

/// An action, and a resource: an ARN or `*`.
pub fn request(source: &mut impl Choice, world: &World) -> (&'static str, String) {
    let action = source.pick(ACTIONS);
    if source.chance(8) {
        return (action, "*".to_owned());
    }
    let natural = match action {
        "iot:Connect" => "client",
        "iot:Subscribe" => "topicfilter",
        "iot:GetThingShadow" | "iot:UpdateThingShadow" => "thing",
        "iot:ListRetainedMessages" => return (action, "*".to_owned()),
        _ => "topic",
    };
    let kind = if source.chance(90) {
        natural
    } else {
        source.pick(TYPES)
    };
    let mut name = String::new();
    for _ in 0..source.below(5) {
        match source.below(9) {
            0..=3 => name.push_str(source.pick(WORDS)),
            4 | 5 => name.push('/'),
            6 => name.push_str(&world.client_id),
            7 => name.push_str(source.pick(&[
                "+",
                "#",
                "*",
                "?",
                "$",
                "${iot:ClientId}",
                "a:b",
                "1a1b",
            ])),
            _ => name.push_str(source.pick(&["kitchen", "c0ffee", "sensor", "aab", "A\\, B"])),
        }
    }
    (action, format!("{}:{kind}/{name}", SCOPE.join(":")))
}

impl World {
    pub fn context(&self) -> ConnectionContext {
        let transport = if self.http {
            Transport::Http
        } else {
            Transport::Mqtt
        };
        let mut context = ConnectionContext::new(&self.client_id, transport);
        if let Some(address) = self.source_ip {
            context = context.with_source_ip(address);
        }
        if let Some(name) = &self.domain_name {
            context = context.with_domain_name(name);
        }
        if let Some(of) = &self.thing {
            let mut thing = Thing::new(&of.name);
            if let Some(name) = &of.thing_type {
                thing = thing.with_type(name);
            }
            for (name, value) in &of.attributes {
                thing = thing.with_attribute(name, value);
            }
            context = context.with_thing(if of.attached { thing.attached() } else { thing });
        }
        if let Some(of) = &self.certificate {
            let mut certificate = Certificate::new(&of.id);
            if let Some(number) = &of.serial_number {
                certificate = certificate.with_serial_number(number);
            }
            for (name, values) in &of.names {
                for value in values {
                    certificate = match &**name {
                        "Subject.CommonName" => {
                            certificate.with_subject(NameAttribute::CommonName, value)
                        }
                        "Issuer.Organization" => {
                            certificate.with_issuer(NameAttribute::Organization, value)
                        }
                        _ => certificate
                            .with_subject_alternative_name(AlternativeName::DnsName, value),
                    };
                }
            }
            context = context.with_certificate(certificate);
        }
        for name in &self.connect_attributes {
            context = context.with_connect_attribute(name);
        }
        if let Some(topic) = &self.last_will_topic {
            context = context.with_last_will_topic(topic);
        }
        context
    }

    pub fn substitution(&self) -> Substitution {
        if self.strict {
            Substitution::Strict
        } else {
            Substitution::AwsIot
        }
    }
}
