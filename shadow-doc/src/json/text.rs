//! Whole values as canonical text: no white space, one spelling a string, names of an object in
//! order, numbers as they came. An array of a shadow is such a text, since the service treats it
//! as one value.

use alloc::vec::Vec;
use core::ops::Range;

#[cfg(feature = "serde")]
use super::number::push_plain;
use super::number::same_number;
use super::scan::closer;
use super::{JsonError, JsonErrorKind, Scanner, canonical, is_number_start};
use crate::time::EpochSeconds;

/// What an array may hold, and how deep.
#[derive(Clone, Copy)]
pub(crate) struct ArrayRules {
    /// Levels that are open around the array.
    pub(crate) level: u32,
    /// The most levels that may be open.
    pub(crate) max_level: u32,
    /// Whether arrays are levels at all.
    pub(crate) count_arrays: bool,
    /// The most containers that may be open, counted or not.
    pub(crate) max_open: usize,
    pub(crate) reject_duplicates: bool,
    /// Where in an array `null` may stand.
    pub(crate) nulls: ArrayNulls,
}

/// Where in an array `null` may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArrayNulls {
    /// Nowhere.
    Refuse,
    /// As a member of an object.
    InObjects,
    /// As an element too.
    Anywhere,
}

struct Frame {
    is_object: bool,
    counted: bool,
    first_span: usize,
}

/// One member of an object that is being written: where it begins, and where its name stands.
struct Span {
    start: usize,
    name: Range<usize>,
}

/// Reads the array that stands at `scanner` and appends its canonical text.
pub(crate) fn parse_array(
    scanner: &mut Scanner<'_>,
    rules: ArrayRules,
    out: &mut Vec<u8>,
) -> Result<(), JsonError> {
    let mut frames: Vec<Frame> = Vec::new();
    let mut spans: Vec<Span> = Vec::new();
    let mut level = rules.level;
    loop {
        match scanner.peek() {
            Some(bracket @ (b'{' | b'[')) => {
                let is_object = bracket == b'{';
                let too_deep = scanner.error(JsonErrorKind::TooDeep);
                scanner.eat(bracket);
                out.push(bracket);
                if scanner.eat(closer(is_object)) {
                    out.push(closer(is_object));
                } else {
                    let counted = is_object || rules.count_arrays;
                    level = level.saturating_add(u32::from(counted));
                    if level > rules.max_level || frames.len() >= rules.max_open {
                        return Err(too_deep);
                    }
                    frames.push(Frame {
                        is_object,
                        counted,
                        first_span: spans.len(),
                    });
                    if is_object {
                        spans.push(parse_name(scanner, out)?);
                    }
                    continue;
                }
            }
            Some(b'"') => parse_string(scanner, out)?,
            Some(b't') => out.extend_from_slice(scanner.word(b"true")?),
            Some(b'f') => out.extend_from_slice(scanner.word(b"false")?),
            Some(b'n') => {
                let refused = scanner.error(JsonErrorKind::NullInArray);
                let word = scanner.word(b"null")?;
                let in_object = frames.last().is_some_and(|frame| frame.is_object);
                match rules.nulls {
                    ArrayNulls::Anywhere => {}
                    ArrayNulls::InObjects if in_object => {}
                    ArrayNulls::InObjects | ArrayNulls::Refuse => return Err(refused),
                }
                out.extend_from_slice(word);
            }
            Some(byte) if is_number_start(byte) => out.extend_from_slice(scanner.number()?),
            _ => return Err(scanner.unexpected()),
        }
        loop {
            let Some(frame) = frames.last() else {
                return Ok(());
            };
            scanner.skip_space();
            if scanner.eat(b',') {
                out.push(b',');
                if frame.is_object {
                    spans.push(parse_name(scanner, out)?);
                }
                break;
            }
            if !scanner.eat(closer(frame.is_object)) {
                return Err(scanner.unexpected());
            }
            if frame.is_object {
                let members = spans.get(frame.first_span..).unwrap_or_default();
                if !sort_members(members, out) && rules.reject_duplicates {
                    return Err(scanner.error(JsonErrorKind::DuplicateKey));
                }
                spans.truncate(frame.first_span);
            }
            out.push(closer(frame.is_object));
            level = level.saturating_sub(u32::from(frame.counted));
            frames.pop();
        }
    }
}

fn parse_string(scanner: &mut Scanner<'_>, out: &mut Vec<u8>) -> Result<(), JsonError> {
    let string = scanner.string()?;
    out.push(b'"');
    if string.escaped {
        canonical(string.raw, string.offset, out)?;
    } else {
        out.extend_from_slice(string.raw);
    }
    out.push(b'"');
    Ok(())
}

fn parse_name(scanner: &mut Scanner<'_>, out: &mut Vec<u8>) -> Result<Span, JsonError> {
    let start = out.len();
    parse_string(scanner, out)?;
    let name = start.saturating_add(1)..out.len().saturating_sub(1);
    scanner.skip_space();
    scanner.expect(b':')?;
    out.push(b':');
    Ok(Span { start, name })
}

/// Puts the members at the end of `out` in the order of their names; of members with one name the
/// last stays. False if there were such.
fn sort_members(members: &[Span], out: &mut Vec<u8>) -> bool {
    let name = |span: &Span| out.get(span.name.clone()).unwrap_or_default();
    if members.is_sorted_by(|a, b| name(a) < name(b)) {
        return true;
    }
    let Some(base) = members.first().map(|first| first.start) else {
        return true;
    };
    // Each member with its end; a comma stands between one's end and the next one's start.
    let ends = members
        .iter()
        .skip(1)
        .map(|next| next.start.saturating_sub(1))
        .chain(core::iter::once(out.len()));
    let mut sorted: Vec<(&Span, usize)> = members.iter().zip(ends).collect();
    sorted.sort_by(|(a, _), (b, _)| name(a).cmp(name(b)));
    let mut text = Vec::with_capacity(out.len().saturating_sub(base));
    let mut unique = true;
    for (index, (span, end)) in sorted.iter().enumerate() {
        let next = sorted.get(index.saturating_add(1));
        if next.is_some_and(|(next, _)| name(next) == name(span)) {
            unique = false;
            continue;
        }
        if !text.is_empty() {
            text.push(b',');
        }
        text.extend_from_slice(out.get(span.start..*end).unwrap_or_default());
    }
    out.truncate(base);
    out.append(&mut text);
    unique
}

/// Whether a text is what [`parse_array`] writes under its widest rules: asked of stored shadows.
pub(crate) fn is_canonical_array(text: &[u8], rules: ArrayRules) -> bool {
    let mut again = Vec::with_capacity(text.len());
    let Ok(mut scanner) = Scanner::new(text) else {
        return false;
    };
    parse_array(&mut scanner, rules, &mut again).is_ok()
        && scanner.finish().is_ok()
        && again == text
}

/// Whether two canonical texts are the same value: numbers by value, everything else by bytes.
pub(crate) fn same_value(a: &[u8], b: &[u8]) -> bool {
    if a == b {
        return true;
    }
    let (mut a, mut b) = (a, b);
    loop {
        match (a.first(), b.first()) {
            (None, None) => return true,
            (Some(x), Some(y)) if is_number_start(*x) && is_number_start(*y) => {
                let (x, after_x) = split_scalar(a);
                let (y, after_y) = split_scalar(b);
                if !same_number(x, y) {
                    return false;
                }
                (a, b) = (after_x, after_y);
            }
            (Some(b'"'), Some(b'"')) => {
                let (x, after_x) = split_string(a);
                let (y, after_y) = split_string(b);
                if x != y {
                    return false;
                }
                (a, b) = (after_x, after_y);
            }
            (Some(x), Some(y)) if x == y => {
                (a, b) = (
                    a.get(1..).unwrap_or_default(),
                    b.get(1..).unwrap_or_default(),
                );
            }
            _ => return false,
        }
    }
}

/// A number or word at the start of a canonical text, and the rest.
fn split_scalar(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| matches!(b, b',' | b']' | b'}'));
    text.split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or((text, &[]))
}

/// A string, with its quotes, at the start of a canonical text, and the rest.
fn split_string(text: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    for (index, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => {
                return text
                    .split_at_checked(index.saturating_add(1))
                    .unwrap_or((text, &[]));
            }
            _ => {}
        }
    }
    (text, &[])
}

/// A canonical text with its whole numbers written as such: see [`push_plain`].
#[cfg(feature = "serde")]
pub(crate) fn plain_numbers(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        if *byte == b'"' {
            let (string, after) = split_string(rest);
            out.extend_from_slice(string);
            rest = after;
        } else if is_number_start(*byte) {
            let (number, after) = split_scalar(rest);
            push_plain(number, &mut out);
            rest = after;
        } else {
            out.push(*byte);
            rest = after;
        }
    }
    out
}

/// Appends `{"timestamp":N}`.
pub(crate) fn write_stamp(stamp: EpochSeconds, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"timestamp\":");
    push_number(stamp.get(), out);
    out.push(b'}');
}

/// Appends the metadata of one canonical value: `stamp` (as [`write_stamp`] writes it) for every
/// scalar in it, arrays and the objects inside them in their own shape.
pub(crate) fn write_stamps(value: &[u8], stamp: &[u8], out: &mut Vec<u8>) {
    let mut rest = value;
    while let Some((byte, after)) = rest.split_first() {
        match byte {
            b'[' | b']' | b'{' | b'}' | b',' | b':' => {
                out.push(*byte);
                rest = after;
            }
            b'"' => {
                let (string, after) = split_string(rest);
                // A string before a colon is a name.
                out.extend_from_slice(if after.first() == Some(&b':') {
                    string
                } else {
                    stamp
                });
                rest = after;
            }
            _ => {
                out.extend_from_slice(stamp);
                rest = split_scalar(rest).1;
            }
        }
    }
}

/// Appends a number in decimal.
pub(crate) fn push_number(number: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut left = number;
    let mut used = 0_usize;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' | u8::try_from(left % 10).unwrap_or_default();
        left /= 10;
        used = used.saturating_add(1);
        if left == 0 {
            break;
        }
    }
    let start = digits.len().saturating_sub(used);
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    const RULES: ArrayRules = ArrayRules {
        level: 0,
        max_level: 5,
        count_arrays: true,
        max_open: 128,
        reject_duplicates: false,
        nulls: ArrayNulls::Refuse,
    };

    fn parse(text: &str, rules: ArrayRules) -> Result<String, JsonErrorKind> {
        let mut out = Vec::new();
        let mut scanner = Scanner::new(text.as_bytes()).map_err(|e| e.kind())?;
        parse_array(&mut scanner, rules, &mut out).map_err(|e| e.kind())?;
        scanner.finish().map_err(|e| e.kind())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn arrays_become_canonical() {
        for (raw, kept) in [
            ("[ 1 , 2.0 ]", "[1,2.0]"),
            (
                r#"[{"b":1,"a":[{"d":1,"c":2}]}]"#,
                r#"[{"a":[{"c":2,"d":1}],"b":1}]"#,
            ),
            (r#"[{"a":1,"b":2,"a":3}]"#, r#"[{"a":3,"b":2}]"#),
            (
                r#"[{}, [], "\u0041", true, false]"#,
                r#"[{},[],"A",true,false]"#,
            ),
        ] {
            assert_eq!(parse(raw, RULES).unwrap(), kept);
            assert!(is_canonical_array(kept.as_bytes(), RULES));
        }
        assert!(!is_canonical_array(br#"[{"b":1,"a":1}]"#, RULES));
    }

    #[test]
    fn bad_arrays_are_refused() {
        for (raw, kind) in [
            ("[null]", JsonErrorKind::NullInArray),
            (r#"[{"a":null}]"#, JsonErrorKind::NullInArray),
            ("[1,]", JsonErrorKind::UnexpectedByte),
            ("[1 2]", JsonErrorKind::UnexpectedByte),
            ("[1}", JsonErrorKind::UnexpectedByte),
            (r#"[{"a":1,}]"#, JsonErrorKind::UnexpectedByte),
            (r#"[{"a" 1}]"#, JsonErrorKind::UnexpectedByte),
            ("[NaN]", JsonErrorKind::UnexpectedByte),
            ("[1", JsonErrorKind::UnexpectedEnd),
            ("[[[[[[1]]]]]]", JsonErrorKind::TooDeep),
            ("[]]", JsonErrorKind::TrailingData),
        ] {
            assert_eq!(parse(raw, RULES).unwrap_err(), kind, "{raw}");
        }
        assert_eq!(
            parse("[[[[[[]]]]]]", RULES).unwrap(),
            "[[[[[[]]]]]]",
            "empty is no level"
        );
        let lax = ArrayRules {
            count_arrays: false,
            ..RULES
        };
        assert!(parse("[[[[[[1]]]]]]", lax).is_ok());
        let nulls = ArrayRules {
            nulls: ArrayNulls::InObjects,
            ..RULES
        };
        assert_eq!(parse(r#"[{"a":null}]"#, nulls).unwrap(), r#"[{"a":null}]"#);
        assert!(parse("[null]", nulls).is_err());
        let strict = ArrayRules {
            reject_duplicates: true,
            ..RULES
        };
        assert_eq!(
            parse(r#"[{"a":1,"a":1}]"#, strict),
            Err(JsonErrorKind::DuplicateKey)
        );
    }

    #[test]
    fn values_are_the_same_by_value() {
        assert!(same_value(br#"[1,{"a":2.0},"x"]"#, br#"[1.0,{"a":2},"x"]"#));
        assert!(!same_value(br#"[1,2]"#, br#"[2,1]"#));
        assert!(!same_value(b"\"1\"", b"1"));
        assert!(!same_value(b"true", b"1"));
        assert!(!same_value(b"[1]", b"[1,1]"));
        assert!(!same_value(b"[]", b"{}"));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn whole_numbers_are_written_without_a_point() {
        for (text, plain) in [
            ("[3.0,1e1,-2.50e1,0.0,-0,7]", "[3,10,-25,0,0,7]"),
            (
                r#"{"3.0":"1e1","a\"1.0":1.0}"#,
                r#"{"3.0":"1e1","a\"1.0":1}"#,
            ),
            (
                "[1.5,1e-1,1e39,12345678901234567890.0]",
                "[1.5,1e-1,1e39,12345678901234567890]",
            ),
        ] {
            assert_eq!(
                String::from_utf8(plain_numbers(text.as_bytes())).unwrap(),
                plain
            );
        }
    }

    #[test]
    fn metadata_has_the_shape_of_the_value() {
        let shape = |value: &str| {
            let mut out = Vec::new();
            write_stamps(value.as_bytes(), b"T", &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shape("1"), "T");
        assert_eq!(shape(r#""a:b""#), "T");
        assert_eq!(
            shape(r#"[1,{"k":["\"",true]},[],{}]"#),
            r#"[T,{"k":[T,T]},[],{}]"#
        );
    }

    #[test]
    fn decimals_are_written_whole() {
        for n in [0, 7, 10, 1_700_000_000, u64::MAX] {
            let mut out = Vec::new();
            push_number(n, &mut out);
            assert_eq!(out, alloc::format!("{n}").into_bytes());
        }
    }
}
