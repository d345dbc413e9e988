//! Wildcards: `*` for any text, `?` for any character, both across `/`; `+` and `#` are characters like others.

mod bytes;
mod glob;
mod late;
mod needle;
mod relation;
mod residual;
mod shift_and;

pub(crate) use glob::{Glob, Slots};
pub(crate) use late::Late;
pub(crate) use relation::{Steps, covers, overlaps};
pub(crate) use residual::{Residuals, residuals};

use alloc::vec::Vec;

use crate::template::{Item, Reading, Template};

/// A text with the wildcards of policies: `*` stands for any characters or none, `?` for one character.
///
/// Matching takes time in proportion to the text, and to a 64th of the longest piece with `?` between two `*`: nothing is
/// tried again.
///
/// ```
/// use iot_policy::Pattern;
///
/// let pattern = Pattern::new("topicfilter/some/*/topic");
/// assert!(pattern.matches("topicfilter/some/+/topic"));
/// // Not confined to a level.
/// assert!(pattern.matches("topicfilter/some/a/b/topic"));
/// // `+` and `#` are no wildcards here.
/// assert!(!Pattern::new("topicfilter/a/#").matches("topicfilter/a/b"));
/// // The escapes `${*}`, `${?}` and `${$}`, also spelt `$(*)`.
/// assert!(Pattern::new("100${*}").matches("100*"));
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    glob: Glob,
}

impl Pattern {
    /// Reads a pattern. Any text is one; what looks like a variable is literal text.
    pub fn new(text: &str) -> Self {
        let reading = Reading {
            wildcards: true,
            variables: true,
        };
        let literal = Reading {
            variables: false,
            ..reading
        };
        let template = Template::parse(text, reading)
            .ok()
            .filter(|template| template.variables().next().is_none())
            .or_else(|| Template::parse(text, literal).ok())
            .unwrap_or_default();
        // No variable is left, so nothing asks for a slot.
        let items = template.items(|_| Item::Star);
        Self {
            glob: Glob::new(&items),
        }
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.glob.matches(text, &Slots::NONE)
    }
}

/// A pattern without variables against a text; case counts, and there are no escapes.
pub(crate) fn wildcard_match(pattern: &str, text: &str) -> bool {
    Glob::new(&wildcard_items(pattern)).matches(text, &Slots::NONE)
}

pub(crate) fn wildcard_items(pattern: &str) -> Vec<Item> {
    pattern
        .chars()
        .map(|character| match character {
            '*' => Item::Star,
            '?' => Item::One,
            literal => Item::Char(literal),
        })
        .collect()
}
