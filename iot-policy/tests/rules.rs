//! A rule of this crate that no type holds: in what decides on access, no arm of a `match` takes whatever is left. Who
//! adds an operator, a key or a type of resource has to say what it does. `clippy::wildcard_enum_match_arm` is denied in
//! `lib.rs`; it sees neither tuples nor `matches!`, so this test reads the sources too.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test has `std`, and fails by panicking"
)]

use std::fs;
use std::path::Path;

/// Files whose `match`es are on values that decide.
const DECIDING: &[&str] = &[
    "action.rs",
    "condition/fit.rs",
    "condition/mod.rs",
    "condition/network.rs",
    "condition/operator.rs",
    "context.rs",
    "decision.rs",
    "document/interpret.rs",
    "key.rs",
    "pattern/bytes.rs",
    "pattern/glob.rs",
    "pattern/late.rs",
    "pattern/needle.rs",
    "pattern/relation.rs",
    "pattern/residual.rs",
    "pattern/shift_and.rs",
    "scope.rs",
    "set/bind.rs",
    "set/compile.rs",
    "set/decide.rs",
    "set/mod.rs",
];

/// Files that read texts (dates, numbers, JSON, names), where whatever is left is refused or literal; and those that say
/// something to people.
const OTHERS: &[&str] = &[
    "arbitrary_impls.rs",
    "condition/number.rs",
    "condition/time.rs",
    "document/mod.rs",
    "document/raw.rs",
    "error.rs",
    "explain.rs",
    "json.rs",
    "lib.rs",
    "limits.rs",
    "lint/broad.rs",
    "lint/coverage.rs",
    "lint/mod.rs",
    "location.rs",
    "pattern/mod.rs",
    "request.rs",
    "snippet.rs",
    "template.rs",
    "warning.rs",
];

/// Whether a line begins an arm that takes everything: `_ =>`, `_rest =>`, `(_, _) =>`.
fn takes_everything(line: &str) -> bool {
    let Some((pattern, _)) = line.split_once("=>") else {
        return false;
    };
    let pattern = pattern.split(" if ").next().unwrap_or_default();
    let mut words = pattern
        .split(['(', ')', ',', ' '])
        .filter(|word| !word.is_empty())
        .peekable();
    words.peek().is_some() && words.all(|word| word.starts_with('_'))
}

/// Whether a line asks with `matches!`, whose hidden arm takes everything; not the expression in a pattern's guard.
fn asks_for_some(line: &str) -> bool {
    !line.trim_start().starts_with("//") && line.contains("matches!(")
}

fn files(folder: &Path, under: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let name = format!("{under}{name}");
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), &format!("{name}/"), found);
        } else {
            found.push(name);
        }
    }
}

#[test]
fn no_arm_takes_the_rest() {
    assert!(takes_everything("            _ => true,"));
    assert!(takes_everything("(_, _) => true,"));
    assert!(takes_everything("_other_keys => {"));
    assert!(!takes_everything("Some(_) => true,"));
    assert!(asks_for_some("    if matches!(key, Key::ClientId) {"));
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lib = fs::read_to_string(sources.join("lib.rs")).unwrap();
    assert!(lib.contains("\n#![deny(clippy::wildcard_enum_match_arm)]\n"));
    for file in DECIDING {
        let text = fs::read_to_string(sources.join(file)).unwrap();
        let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
        for (index, line) in code.enumerate() {
            assert!(
                !takes_everything(line) && !asks_for_some(line),
                "{file}:{}: {line}",
                index + 1
            );
        }
    }
}

/// A new file is one or the other.
#[test]
fn every_file_is_listed() {
    let mut found = Vec::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    files(&sources, "", &mut found);
    found.sort();
    let mut listed: Vec<&str> = DECIDING.iter().chain(OTHERS).copied().collect();
    listed.sort_unstable();
    assert_eq!(found, listed);
}
