//! A rule of this crate that no type holds: in what decides on access, no arm of a `match` takes whatever is left. Who
//! adds an operator, a key or a type of resource has to say what it does.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test has `std`, and fails by panicking"
)]

use std::fs;
use std::path::Path;

/// Files whose `match`es are on values that decide. What reads texts (dates, numbers, JSON) is not among them: there,
/// whatever is left is refused.
const DECIDING: &[&str] = &[
    "action.rs",
    "condition/fit.rs",
    "condition/mod.rs",
    "condition/network.rs",
    "condition/operator.rs",
    "context.rs",
    "decision.rs",
    "document/interpret.rs",
    "pattern/glob.rs",
    "pattern/late.rs",
    "pattern/relation.rs",
    "pattern/residual.rs",
    "pattern/shift_and.rs",
    "set/bind.rs",
    "set/compile.rs",
    "set/decide.rs",
    "set/mod.rs",
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

#[test]
fn no_arm_takes_the_rest() {
    assert!(takes_everything("            _ => true,"));
    assert!(takes_everything("(_, _) => true,"));
    assert!(takes_everything("_other_keys => {"));
    assert!(!takes_everything("Some(_) => true,"));
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in DECIDING {
        let text = fs::read_to_string(sources.join(file)).unwrap();
        let code = text.lines().take_while(|line| *line != "#[cfg(test)]");
        for (index, line) in code.enumerate() {
            assert!(!takes_everything(line), "{file}:{}: {line}", index + 1);
        }
    }
}
