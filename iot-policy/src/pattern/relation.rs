//! What two patterns have to do with each other, for the linter.

use alloc::vec;
use alloc::vec::Vec;

use crate::template::Item;

/// The most pairs of places that are looked at; beyond it the answer is the cautious one.
const MAX_WORK: usize = 4_000_000;

/// Whether every text that `inner` matches is matched by `outer`: sure when true.
///
/// A variable is a text that is not known: only the same variable, or a star, covers it.
pub(crate) fn covers(outer: &[Item], inner: &[Item]) -> bool {
    table(outer, inner, false, |outer, inner| match (outer, inner) {
        (Item::One, Item::One | Item::Char(_)) => true,
        (Item::Char(one), Item::Char(other)) => one == other,
        (Item::Slot(one), Item::Slot(other)) => one == other,
        (Item::One | Item::Char(_) | Item::Slot(_) | Item::Star, _) => false,
    })
}

/// Whether a text may be matched by both: sure when false. A variable may stand for any text.
pub(crate) fn overlaps(one: &[Item], other: &[Item]) -> bool {
    let loose = |items: &[Item]| -> Vec<Item> {
        items
            .iter()
            .map(|item| match item {
                Item::Slot(_) => Item::Star,
                Item::Char(_) | Item::One | Item::Star => item.clone(),
            })
            .collect()
    };
    let (one, other) = (loose(one), loose(other));
    table(&one, &other, true, |one, other| match (one, other) {
        (Item::One, _) | (_, Item::One) => true,
        (Item::Char(one), Item::Char(other)) => one == other,
        (Item::Star | Item::Slot(_) | Item::Char(_), _) => false,
    })
}

/// Fills a table of what the first places of both patterns can do, row by row. A star of `rows` takes any items of
/// `columns`; with `both`, one of `columns` takes any of `rows` as well.
fn table(rows: &[Item], columns: &[Item], both: bool, step: impl Fn(&Item, &Item) -> bool) -> bool {
    if rows.len().saturating_mul(columns.len()) > MAX_WORK {
        return both;
    }
    let width = columns.len().saturating_add(1);
    // `row[j]`: the rows so far and the first `j` columns go together.
    let mut row = vec![false; width];
    for (index, cell) in row.iter_mut().enumerate() {
        *cell = columns
            .iter()
            .take(index)
            .all(|column| both && *column == Item::Star);
    }
    for item in rows {
        let mut next = Vec::with_capacity(width);
        let star = *item == Item::Star;
        next.push(star && row.first().copied().unwrap_or_default());
        for (index, column) in columns.iter().enumerate() {
            let diagonal = row.get(index).copied().unwrap_or_default();
            let above = row
                .get(index.saturating_add(1))
                .copied()
                .unwrap_or_default();
            let left = next.last().copied().unwrap_or_default();
            next.push(
                star && (above || left)
                    || both && *column == Item::Star && (above || left)
                    || diagonal && step(item, column),
            );
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::{Glob, Slots, wildcard_items};
    use super::*;
    use alloc::string::String;

    const ALPHABET: [char; 4] = ['a', 'b', '*', '?'];

    fn word(mut number: usize, base: usize) -> String {
        let mut word = String::new();
        while number > 0 {
            number -= 1;
            word.push(ALPHABET[number % base]);
            number /= base;
        }
        word
    }

    /// Against the sets of texts of up to six characters, with a third letter that no pattern holds.
    #[test]
    fn exhaustive() {
        let texts: Vec<String> = (0..1093)
            .map(|number| word(number, 3).replace('*', "c"))
            .collect();
        let patterns: Vec<(Vec<Item>, Vec<bool>)> = (0..341)
            .map(|number| {
                let items = wildcard_items(&word(number, 4));
                let glob = Glob::new(&items);
                let set = texts
                    .iter()
                    .map(|text| glob.matches(text, &Slots::NONE))
                    .collect();
                (items, set)
            })
            .collect();
        for (one, in_one) in &patterns {
            for (other, in_other) in &patterns {
                let mut pairs = in_one.iter().zip(in_other);
                let subset = pairs.clone().all(|(one, other)| *one || !*other);
                let common = pairs.any(|(one, other)| *one && *other);
                if covers(one, other) {
                    assert!(subset, "{one:?} {other:?}");
                }
                assert_eq!(overlaps(one, other), common, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn variables() {
        let items = |text: &str| -> Vec<Item> {
            wildcard_items(text)
                .into_iter()
                .map(|item| {
                    if item == Item::Char('0') {
                        Item::Slot(0)
                    } else {
                        item
                    }
                })
                .collect()
        };
        assert!(covers(&items("a/*"), &items("a/0")));
        assert!(covers(&items("a/0/*"), &items("a/0/b")));
        assert!(!covers(&items("a/0"), &items("a/b")));
        assert!(!covers(&items("a/?"), &items("a/0")));
        assert!(overlaps(&items("a/0"), &items("a/b")));
        assert!(!overlaps(&items("a/0"), &items("b/*")));
    }
}
