//! Patterns, and what variables make of them.

use super::World;
use super::values::{Lookup, lookup};

/// One character of a pattern.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Sign {
    Is(char),
    One,
    Many,
}

pub(super) fn signs(text: &str, wildcards: bool) -> Vec<Sign> {
    text.chars()
        .map(|character| match character {
            '*' if wildcards => Sign::Many,
            '?' if wildcards => Sign::One,
            other => Sign::Is(other),
        })
        .collect()
}

/// Every place of the text that every place of the pattern can reach.
pub(super) fn fits(pattern: &[Sign], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for sign in pattern {
        let mut next = vec![false; text.len() + 1];
        let mut before = false;
        for place in 0..=text.len() {
            before |= reached[place];
            next[place] = match sign {
                Sign::Many => before,
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
pub(super) fn expand(text: &str, new: bool, wildcards: bool, world: &World) -> Option<Vec<Sign>> {
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
