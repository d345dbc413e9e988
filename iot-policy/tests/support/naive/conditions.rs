//! Conditions.

use std::net::IpAddr;

use serde_json::Value;

use super::matching::{Sign, expand, fits, signs};
use super::values::{DATES, values};
use super::{World, strings};

pub(super) fn conditions(statement: &Value, new: bool, denies: bool, world: &World) -> bool {
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
            !pattern.is_empty() && pattern.iter().all(|sign| *sign == Sign::Many)
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
        "BinaryEquals" => base64(operand) == value.as_bytes(),
        "IpAddress" => value
            .parse()
            .is_ok_and(|address| in_range(address, operand)),
        other => panic!("no test {other}"),
    }
}

/// The bytes of standard Base64, six bits a character.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = Vec::new();
    for character in text.trim_end_matches('=').chars() {
        let value = ALPHABET.find(character).expect("documents have Base64");
        bits.extend((0..6).rev().map(|bit| value >> bit & 1 == 1));
    }
    bits.chunks_exact(8)
        .map(|byte| byte.iter().fold(0, |sum, bit| sum << 1 | u8::from(*bit)))
        .collect()
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
