//! The policy language once more, as plainly as it can be said and without thought for time: the oracle. It shares
//! nothing with the crate: documents are `serde_json` values, names are looked up as text, patterns are matched by a
//! table of all places.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

/// What is known of a connection.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub client_id: String,
    pub http: bool,
    pub source_ip: Option<IpAddr>,
    pub domain_name: Option<String>,
    pub thing: Option<ThingOf>,
    pub certificate: Option<CertificateOf>,
    pub connect_attributes: Vec<String>,
    pub last_will_topic: Option<String>,
    pub now: i64,
    /// No value with `*?+#$` is substituted, whatever it comes from.
    pub strict: bool,
}

#[derive(Clone, Debug, Default)]
pub struct ThingOf {
    pub name: String,
    pub thing_type: Option<String>,
    pub attributes: BTreeMap<String, String>,
    pub attached: bool,
}

#[derive(Clone, Debug, Default)]
pub struct CertificateOf {
    pub id: String,
    pub serial_number: Option<String>,
    /// By name, `Subject.CommonName` and so on.
    pub names: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Allow,
    ExplicitDeny,
    ImplicitDeny,
}

/// The first parts of the ARNs of requests, up to the account.
pub const SCOPE: [&str; 5] = ["arn", "aws", "iot", "us-east-1", "123456789012"];

/// Dates that occur, with their seconds.
pub const DATES: &[(&str, i64)] = &[
    ("2020-01-01", 1_577_836_800),
    ("2020-01-01T00:00:00Z", 1_577_836_800),
    ("1577836800", 1_577_836_800),
    ("2026-06-01T12:30:00+02:00", 1_780_309_800),
    ("2021-07", 1_625_097_600),
];

/// One character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Sign {
    Is(char),
    One,
    Many,
}

enum Lookup {
    Value(String),
    Absent,
    Unusable,
}

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().flat_map(strings).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// Decides an action on a resource, which is an ARN or `*`.
pub fn decide(policies: &[Value], world: &World, action: &str, resource: &str) -> Outcome {
    let mut outcome = Outcome::ImplicitDeny;
    for policy in policies {
        let new = policy.get("Version").and_then(Value::as_str) == Some("2012-10-17");
        let statements = match &policy["Statement"] {
            Value::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        for statement in &statements {
            if applies(statement, new, world, action, resource) {
                if statement["Effect"] == "Deny" {
                    return Outcome::ExplicitDeny;
                }
                outcome = Outcome::Allow;
            }
        }
    }
    outcome
}

fn applies(statement: &Value, new: bool, world: &World, action: &str, resource: &str) -> bool {
    let denies = statement["Effect"] == "Deny";
    let named = |element: &str| statement.get(element).map(strings);
    let is_action = |patterns: Vec<String>| {
        patterns.iter().any(|pattern| {
            let pattern = pattern.to_lowercase();
            fits(&signs(&pattern, true), &action.to_lowercase())
        })
    };
    let action_fits = match (named("Action"), named("NotAction")) {
        (Some(list), _) => is_action(list),
        (None, list) => !is_action(list.unwrap_or_default()),
    };
    if !action_fits {
        return false;
    }
    let resource_fits = match (named("Resource"), named("NotResource")) {
        (Some(list), _) => list.iter().any(|text| {
            expand(text, new, true, world)
                .is_some_and(|pattern| is_resource(&pattern, resource, denies))
        }),
        (None, list) => {
            let patterns: Vec<Option<Vec<Sign>>> = list
                .unwrap_or_default()
                .iter()
                .map(|text| expand(text, new, true, world))
                .collect();
            // What is not known grants nothing.
            if !denies && patterns.contains(&None) {
                return false;
            }
            !patterns
                .iter()
                .flatten()
                .any(|pattern| is_resource(pattern, resource, !denies))
        }
    };
    resource_fits && conditions(statement, new, denies, world)
}

/// Six parts are matched one by one. Fewer are one text where a match takes something away; where it grants, their last
/// star stands for the parts that are missing.
fn is_resource(pattern: &[Sign], resource: &str, takes: bool) -> bool {
    let parts: Vec<&[Sign]> = pattern.splitn(6, |sign| *sign == Sign::Is(':')).collect();
    if parts.len() < 6 && takes {
        return fits(pattern, resource);
    }
    if pattern.iter().all(|sign| *sign == Sign::Many) {
        return true;
    }
    let texts: Vec<&str> = resource.splitn(6, ':').collect();
    texts.len() == 6
        && (parts.len() == 6 || pattern.last() == Some(&Sign::Many))
        && parts
            .iter()
            .zip(texts)
            .all(|(pattern, text)| fits(pattern, text))
}

fn signs(text: &str, wildcards: bool) -> Vec<Sign> {
    text.chars()
        .map(|character| match character {
            '*' if wildcards => Sign::Many,
            '?' if wildcards => Sign::One,
            other => Sign::Is(other),
        })
        .collect()
}

/// Every place of the text that every place of the pattern can reach.
fn fits(pattern: &[Sign], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for sign in pattern {
        let mut next = vec![false; text.len() + 1];
        for place in 0..=text.len() {
            next[place] = match sign {
                Sign::Many => reached[..=place].contains(&true),
                Sign::One => place > 0 && reached[place - 1],
                Sign::Is(character) => {
                    place > 0 && reached[place - 1] && text[place - 1] == *character
                }
            };
        }
        reached = next;
    }
    reached[text.len()]
}

/// Variables and escapes; nothing if a variable is unresolved.
fn expand(text: &str, new: bool, wildcards: bool, world: &World) -> Option<Vec<Sign>> {
    if !new {
        return Some(signs(text, wildcards));
    }
    let mut pattern = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let escape = ["${*}", "${?}", "${$}", "$(*)", "$(?)", "$($)"]
            .into_iter()
            .find(|escape| rest.starts_with(escape));
        if let Some(escape) = escape {
            pattern.extend(escape.chars().nth(2).map(Sign::Is));
            rest = &rest[4..];
        } else if let Some(inner) = rest.strip_prefix("${") {
            let from = match inner.find(['}', ',', '[']) {
                Some(at) if inner[at..].starts_with('[') => inner.find(']'),
                found => found,
            };
            let from = from.expect("documents have whole variables");
            let end = from + inner[from..].find(['}', ',']).expect("closed");
            let (name, mut tail) = inner.split_at(end);
            let mut default = None;
            if let Some(quoted) = tail.strip_prefix(',') {
                let quoted = quoted
                    .trim_start_matches(' ')
                    .strip_prefix('\'')
                    .expect("quoted");
                let (value, behind) = quoted.split_once('\'').expect("quoted");
                (default, tail) = (Some(value), behind);
            }
            rest = tail.strip_prefix('}').expect("closed");
            let value = match (lookup(name, world), default) {
                (Lookup::Value(value), _) => value,
                (Lookup::Absent, Some(default)) => default.to_owned(),
                (Lookup::Absent, None) | (Lookup::Unusable, _) => return None,
            };
            pattern.extend(value.chars().map(Sign::Is));
        } else {
            let character = rest.chars().next().expect("not empty");
            pattern.extend(signs(&rest[..character.len_utf8()], wildcards));
            rest = &rest[character.len_utf8()..];
        }
    }
    Some(pattern)
}

fn lookup(name: &str, world: &World) -> Lookup {
    let lower = name.to_lowercase();
    let list = lower.ends_with(".list")
        || ["iot:connectattributes", "iot:certificate.availablekeys"].contains(&&*lower);
    // The time is a key, and no variable.
    if list || lower.starts_with("aws:currenttime") || lower.starts_with("aws:epochtime") {
        return Lookup::Absent;
    }
    let Some(value) = values(name, world).into_iter().next() else {
        return Lookup::Absent;
    };
    let certificate = lower.starts_with("iot:certificate");
    let wild = value.contains(['*', '?', '+', '#', '$']);
    if (certificate || world.strict) && wild
        || certificate && value.chars().count() > 1024
        || world.strict && value.contains('\0')
    {
        return Lookup::Unusable;
    }
    Lookup::Value(value)
}

/// The values of a key, by its name.
fn values(name: &str, world: &World) -> Vec<String> {
    let lower = name.to_lowercase();
    let thing = world
        .thing
        .as_ref()
        .filter(|thing| !world.http && thing.name == world.client_id && !thing.name.is_empty());
    // An empty value is none.
    let optional = |value: Option<String>| {
        let value = value.filter(|value| !value.is_empty());
        value.into_iter().collect::<Vec<String>>()
    };
    if let Some(attribute) = lower.strip_prefix("iot:connection.thing.attributes[") {
        // The attribute's own name is case-sensitive.
        let attribute = &name[name.len() - attribute.len()..name.len() - 1];
        return optional(thing.and_then(|thing| thing.attributes.get(attribute).cloned()));
    }
    if let Some(rest) = lower.strip_prefix("iot:certificate.") {
        let Some(certificate) = &world.certificate else {
            return Vec::new();
        };
        return match rest {
            "serialnumber" => optional(certificate.serial_number.clone()),
            "availablekeys" => {
                let mut keys: Vec<String> = certificate
                    .names
                    .iter()
                    .filter(|(_, values)| values.first().is_some_and(|value| !value.is_empty()))
                    .map(|(name, _)| format!("iot:Certificate.{name}"))
                    .collect();
                if certificate
                    .serial_number
                    .as_deref()
                    .is_some_and(|text| !text.is_empty())
                {
                    keys.push("iot:Certificate.SerialNumber".to_owned());
                }
                keys
            }
            name => {
                let (name, suffix) = match name.rsplit_once('.') {
                    Some((name, suffix)) if suffix == "list" || suffix.parse::<usize>().is_ok() => {
                        (name, suffix)
                    }
                    _ => (name, "0"),
                };
                let all: Vec<String> = certificate
                    .names
                    .iter()
                    .filter(|(known, _)| known.to_lowercase() == name)
                    .flat_map(|(_, values)| values.iter().take(5))
                    .map(|value| {
                        let special = |c: char| ",\"\\+=<>;".contains(c);
                        value
                            .chars()
                            .flat_map(|c| special(c).then_some('\\').into_iter().chain([c]))
                            .collect()
                    })
                    .collect();
                match suffix.parse::<usize>() {
                    Ok(index) => optional(all.get(index).cloned()),
                    Err(_) => all,
                }
            }
        };
    }
    match &*lower {
        "iot:clientid" => optional(Some(world.client_id.clone())),
        "aws:sourceip" | "iot:sourceip" => optional(
            world
                .source_ip
                .map(|address| address.to_canonical().to_string()),
        ),
        "iot:domainname" => optional(world.domain_name.clone()),
        "iot:certificateid" => optional(world.certificate.as_ref().map(|one| one.id.clone())),
        "iot:connection.thing.thingname" => optional(thing.map(|thing| thing.name.clone())),
        "iot:connection.thing.thingtypename" => {
            optional(thing.and_then(|thing| thing.thing_type.clone()))
        }
        "iot:connection.thing.isattached" => {
            optional(thing.map(|thing| thing.attached.to_string()))
        }
        "iot:connectattributes" => world.connect_attributes.clone(),
        "iot:lastwilltopic" => {
            let arn = |topic: &String| format!("{}:topic/{topic}", SCOPE.join(":"));
            optional(world.last_will_topic.as_ref().map(arn))
        }
        "aws:currenttime" | "aws:epochtime" => vec![world.now.to_string()],
        _ => Vec::new(),
    }
}

fn conditions(statement: &Value, new: bool, denies: bool, world: &World) -> bool {
    let Some(Value::Object(operators)) = statement.get("Condition") else {
        return true;
    };
    operators.iter().all(|(operator, keys)| {
        keys.as_object()
            .expect("an operator has keys")
            .iter()
            .all(|(key, operands)| condition(operator, key, &strings(operands), new, denies, world))
    })
}

fn condition(
    operator: &str,
    key: &str,
    operands: &[String],
    new: bool,
    denies: bool,
    world: &World,
) -> bool {
    let values = values(key, world);
    let (set, test) = operator.split_once(':').unwrap_or(("", operator));
    let (test, if_exists) = match test.strip_suffix("IfExists") {
        Some(test) => (test, true),
        None => (test, false),
    };
    if test == "Null" {
        return operands.iter().any(|operand| {
            operand.eq_ignore_ascii_case(if values.is_empty() { "true" } else { "false" })
        });
    }
    let negated = test.contains("Not");
    let positive = test.replace("Not", "");
    if values.is_empty() {
        return if_exists
            || match set {
                "ForAllValues" => true,
                "ForAnyValue" => false,
                _ => negated,
            };
    }
    let texts = positive.starts_with("String") || positive.starts_with("Arn");
    let wildcards = positive == "StringLike" || positive.starts_with("Arn");
    let patterns: Vec<Option<Vec<Sign>>> = operands
        .iter()
        .map(|operand| {
            if texts {
                expand(operand, new, wildcards, world)
            } else {
                Some(signs(operand, false))
            }
        })
        .collect();
    if negated && !denies && patterns.contains(&None) {
        return false;
    }
    let equal = |value: &String| {
        patterns.iter().zip(operands).any(|(pattern, operand)| {
            let Some(pattern) = pattern else {
                return false;
            };
            compare(&positive, value, pattern, operand)
        })
    };
    match set {
        "ForAllValues" => values.iter().all(|value| equal(value) != negated),
        "ForAnyValue" => values.iter().any(|value| equal(value) != negated),
        _ => values.iter().any(equal) != negated,
    }
}

fn compare(test: &str, value: &str, pattern: &[Sign], operand: &str) -> bool {
    let literal: String = pattern
        .iter()
        .filter_map(|sign| match sign {
            Sign::Is(character) => Some(*character),
            Sign::One | Sign::Many => None,
        })
        .collect();
    let lower = |text: &str| {
        text.chars()
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    let order =
        |values: Option<(f64, f64)>| values.and_then(|(one, other)| one.partial_cmp(&other));
    let (family, order) = if let Some(relation) = test.strip_prefix("Numeric") {
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        (relation, order(number(value).zip(number(operand))))
    } else if let Some(relation) = test.strip_prefix("Date") {
        let date = |text: &str| {
            let known = DATES.iter().find(|(date, _)| *date == text);
            known.map_or_else(|| text.parse().ok(), |(_, seconds)| Some(*seconds as f64))
        };
        // A thing's attribute is no date but for those above.
        let known = DATES.iter().any(|(date, _)| *date == value)
            || value.parse::<i64>().is_ok_and(|n| n.abs() > 9999);
        (
            relation,
            order(known.then(|| date(value).zip(date(operand))).flatten()),
        )
    } else {
        ("", None)
    };
    match family {
        "" => {}
        "Equals" => return order.is_some_and(|order| order.is_eq()),
        "LessThan" => return order.is_some_and(|order| order.is_lt()),
        "LessThanEquals" => return order.is_some_and(|order| order.is_le()),
        "GreaterThan" => return order.is_some_and(|order| order.is_gt()),
        "GreaterThanEquals" => return order.is_some_and(|order| order.is_ge()),
        other => panic!("no relation {other}"),
    }
    match test {
        "StringEquals" => literal == value,
        "StringEqualsIgnoreCase" => lower(&literal) == lower(value),
        "StringLike" => fits(pattern, value),
        "ArnEquals" | "ArnLike" => {
            let parts: Vec<&[Sign]> = pattern.splitn(6, |sign| *sign == Sign::Is(':')).collect();
            let texts: Vec<&str> = value.splitn(6, ':').collect();
            pattern == [Sign::Many]
                || parts.len() == 6
                    && texts.len() == 6
                    && parts
                        .iter()
                        .zip(texts)
                        .all(|(pattern, text)| fits(pattern, text))
        }
        "Bool" => ["true", "false"]
            .iter()
            .any(|word| operand.eq_ignore_ascii_case(word) && value.eq_ignore_ascii_case(word)),
        "IpAddress" => value
            .parse()
            .is_ok_and(|address| in_range(address, operand)),
        other => panic!("no test {other}"),
    }
}

fn in_range(address: IpAddr, range: &str) -> bool {
    let bits = |address: IpAddr| -> Vec<bool> {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let of_byte = |byte: u8| (0..8).rev().map(move |bit| byte >> bit & 1 == 1);
        bytes.into_iter().flat_map(of_byte).collect()
    };
    let (base, length) = range.split_once('/').unwrap_or((range, ""));
    let base = bits(base.parse().expect("an address"));
    let length = length.parse().unwrap_or(base.len());
    // An IPv4 address counts as such, and lies in the ranges of IPv6 that hold IPv4 alone.
    let address = match address {
        IpAddr::V4(four) if base.len() == 128 && length >= 96 => bits(four.to_ipv6_mapped().into()),
        other => bits(other),
    };
    address.len() == base.len() && address[..length] == base[..length]
}
