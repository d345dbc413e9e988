//! What is asked of bytes that come from outside, and sizes.

use alloc::vec::Vec;

use super::format::{FLAGS, Members, Value};
use super::parse::MAX_OPEN;
use crate::json::{
    ArrayNulls, ArrayRules, is_canonical, is_canonical_array, is_number_start, number_end,
};
use crate::time::EpochSeconds;

/// Length of the members in compact JSON, each with a comma behind it. The section itself is two
/// braces more, and one comma less if it has members.
pub(crate) fn json_members_len(section: Members<'_>) -> usize {
    let mut length = 0_usize;
    let mut outer: Vec<Members<'_>> = Vec::new();
    let mut here = section;
    loop {
        let Some((member, rest)) = here.split() else {
            match outer.pop() {
                Some(next) => here = next,
                None => return length,
            }
            continue;
        };
        here = rest;
        // Two quotes, colon, comma.
        length = length.saturating_add(member.name.len()).saturating_add(4);
        length = match member.value {
            Value::Leaf { text, .. } => length.saturating_add(text.len()),
            Value::Null => length.saturating_add(4),
            Value::Object(content) if content.is_empty() => length.saturating_add(2),
            Value::Object(content) => {
                outer.push(here);
                here = content;
                length.saturating_add(1)
            }
        };
    }
}

/// Whether bytes are a section as this crate writes one: every name and text canonical, names in
/// order, no null, no flag, nothing over.
pub(crate) fn verify(section: Members<'_>) -> bool {
    let mut outer: Vec<(Members<'_>, &[u8])> = Vec::new();
    let mut here = section;
    let mut last: Option<&[u8]> = None;
    loop {
        let Some((member, rest)) = here.split() else {
            if !here.is_empty() {
                return false;
            }
            match outer.pop() {
                Some((next, name)) => {
                    here = next;
                    last = Some(name);
                }
                None => return true,
            }
            continue;
        };
        here = rest;
        let in_order = last.is_none_or(|last| last < member.name);
        if !in_order || member.tag & FLAGS != 0 || !is_canonical(member.name) {
            return false;
        }
        last = Some(member.name);
        match member.value {
            Value::Null => return false,
            Value::Leaf { stamp, text } => {
                if stamp > EpochSeconds::MAX || !is_canonical_text(text) {
                    return false;
                }
            }
            Value::Object(content) => {
                if outer.len() >= MAX_OPEN {
                    return false;
                }
                outer.push((here, member.name));
                here = content;
                last = None;
            }
        }
    }
}

fn is_canonical_text(text: &[u8]) -> bool {
    match text {
        b"true" | b"false" => true,
        [b'"', inner @ .., b'"'] => is_canonical(inner),
        [b'[', ..] => {
            let widest = ArrayRules {
                level: 0,
                max_level: u32::MAX,
                count_arrays: false,
                max_open: MAX_OPEN,
                reject_duplicates: true,
                nulls: ArrayNulls::InObjects,
            };
            is_canonical_array(text, widest)
        }
        [first, ..] if is_number_start(*first) => number_end(text, 0) == Ok(text.len()),
        _ => false,
    }
}

/// Appends the section without the flags of its tags, which are derived.
pub(crate) fn clear_flags(section: Members<'_>, out: &mut Vec<u8>) {
    let base = out.len();
    out.extend_from_slice(section.0);
    let mut outer: Vec<(Members<'_>, usize)> = Vec::new();
    let (mut here, mut at) = (section, base);
    loop {
        let Some((member, rest)) = here.split() else {
            match outer.pop() {
                Some(next) => (here, at) = next,
                None => return,
            }
            continue;
        };
        if let Some(tag) = out.get_mut(at) {
            *tag &= !FLAGS;
        }
        at = at.saturating_add(member.raw.len());
        here = rest;
        if let Value::Object(content) = member.value {
            outer.push((here, at));
            at = at.saturating_sub(content.0.len());
            here = content;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::format::{OpenObject, push_leaf, push_null};
    use super::*;

    fn leaves(leaves: &[(&str, &str)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (name, text) in leaves {
            push_leaf(
                name.as_bytes(),
                EpochSeconds::default(),
                text.as_bytes(),
                &mut out,
            );
        }
        out
    }

    #[test]
    fn only_canonical_sections_pass() {
        assert!(verify(Members(&leaves(&[]))));
        assert!(verify(Members(&leaves(&[
            ("a", "1"),
            ("b", "\"x\""),
            ("c", "[1,{}]")
        ]))));
        for (why, bad) in [
            ("a name twice", leaves(&[("a", "1"), ("a", "2")])),
            ("names out of order", leaves(&[("b", "1"), ("a", "2")])),
            ("a name with a bare quote", leaves(&[("\"", "1")])),
            ("a text of two numbers", leaves(&[("a", "1,2")])),
            ("a text that is null", leaves(&[("a", "null")])),
            ("a text that is an object", leaves(&[("a", "{}")])),
            ("white space", leaves(&[("a", "[1, 2]")])),
            (
                "an escape that need not be",
                leaves(&[("a", "\"\\u0041\"")]),
            ),
            ("an unfinished string", leaves(&[("a", "\"")])),
        ] {
            assert!(!verify(Members(&bad)), "{why}");
        }
        let mut null = Vec::new();
        push_null(b"a", &mut null);
        assert!(!verify(Members(&null)), "null");
        let mut object = Vec::new();
        OpenObject::begin(b"a", super::super::STRICT, &mut object).end(&mut object);
        assert!(!verify(Members(&object)), "a flag");
        let mut cleared = Vec::new();
        clear_flags(Members(&object), &mut cleared);
        assert!(verify(Members(&cleared)));
    }

    #[test]
    fn lengths_are_those_of_the_json() {
        let section = leaves(&[("a", "1"), ("b", "[1,2]")]);
        assert_eq!(
            json_members_len(Members(&section)),
            r#""a":1,"b":[1,2],"#.len()
        );
    }
}
