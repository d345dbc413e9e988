//! What two patterns have to do with each other, for the linter.

use alloc::vec;
use alloc::vec::Vec;
use core::cell::Cell;

use crate::template::Item;

/// How many steps may still be made: a step looks at one place of a pattern, or at a pair of places of two.
#[derive(Debug)]
pub(crate) struct Steps {
    left: Cell<u64>,
    /// More were asked for than were left.
    used_up: Cell<bool>,
}

impl Steps {
    pub(crate) fn new(limit: u64) -> Self {
        Self {
            left: Cell::new(limit),
            used_up: Cell::new(false),
        }
    }

    /// Takes steps, if there are so many.
    pub(crate) fn take(&self, steps: usize) -> bool {
        let left = u64::try_from(steps)
            .ok()
            .and_then(|steps| self.left.get().checked_sub(steps));
        match left {
            Some(left) => self.left.set(left),
            None => {
                self.left.set(0);
                self.used_up.set(true);
            }
        }
        left.is_some()
    }

    /// Whether an answer since the beginning may be no answer, for want of steps.
    pub(crate) fn are_used_up(&self) -> bool {
        self.used_up.get()
    }
}

/// Whether every text that `inner` matches is matched by `outer`: sure when true. Without enough steps, there is no
/// answer.
///
/// A variable is a text that is not known: only the same variable, or a star, covers it.
pub(crate) fn covers(outer: &[Item], inner: &[Item], steps: &Steps) -> bool {
    let step = |outer: &Item, inner: &Item| match (outer, inner) {
        (Item::One, Item::One | Item::Char(_)) => true,
        (Item::Char(one), Item::Char(other)) => one == other,
        (Item::Slot(one), Item::Slot(other)) => one == other,
        (Item::One | Item::Char(_) | Item::Slot(_) | Item::Star, _) => false,
    };
    go_together(outer, inner, false, steps, step)
}

/// Whether a text may be matched by both: sure when false. A variable may stand for any text. Without enough steps, there
/// is no answer.
pub(crate) fn overlaps(one: &[Item], other: &[Item], steps: &Steps) -> bool {
    if !steps.take(one.len().saturating_add(other.len())) {
        return false;
    }
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
    let step = |one: &Item, other: &Item| match (one, other) {
        (Item::One, _) | (_, Item::One) => true,
        (Item::Char(one), Item::Char(other)) => one == other,
        (Item::Star | Item::Slot(_) | Item::Char(_), _) => false,
    };
    go_together(&one, &other, true, steps, step)
}

/// Whether the patterns go together. A star of `rows` takes any items of `columns`; with `both`, one of `columns` takes
/// any of `rows` as well.
///
/// As far as the first star from either end, place stands against place; most pairs come no further.
fn go_together(
    mut rows: &[Item],
    mut columns: &[Item],
    both: bool,
    steps: &Steps,
    step: impl Fn(&Item, &Item) -> bool,
) -> bool {
    let fixed = |row: &Item, column: &Item| *row != Item::Star && !(both && *column == Item::Star);
    while let ([row, rest @ ..], [column, others @ ..]) = (rows, columns)
        && fixed(row, column)
    {
        if !steps.take(1) || !step(row, column) {
            return false;
        }
        (rows, columns) = (rest, others);
    }
    while let ([rest @ .., row], [others @ .., column]) = (rows, columns)
        && fixed(row, column)
    {
        if !steps.take(1) || !step(row, column) {
            return false;
        }
        (rows, columns) = (rest, others);
    }
    let pairs = rows.len().saturating_mul(columns.len());
    steps.take(
        pairs
            .saturating_add(rows.len())
            .saturating_add(columns.len())
            .saturating_add(1),
    ) && table(rows, columns, both, step)
}

/// Fills a table of what the first places of both patterns can do, row by row.
fn table(rows: &[Item], columns: &[Item], both: bool, step: impl Fn(&Item, &Item) -> bool) -> bool {
    let width = columns.len().saturating_add(1);
    // `row[j]`: the rows so far and the first `j` columns go together.
    let stars = columns
        .iter()
        .take_while(|column| both && **column == Item::Star);
    let empty = stars.count().saturating_add(1);
    let mut row = vec![false; width];
    row.iter_mut().take(empty).for_each(|cell| *cell = true);
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
    use alloc::format;
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
                let steps = Steps::new(1_000);
                if covers(one, other, &steps) {
                    assert!(subset, "{one:?} {other:?}");
                }
                assert_eq!(overlaps(one, other, &steps), common, "{one:?} {other:?}");
                assert!(!steps.are_used_up());
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
        let steps = Steps::new(u64::MAX);
        let covers = |one: &str, other: &str| covers(&items(one), &items(other), &steps);
        let overlaps = |one: &str, other: &str| overlaps(&items(one), &items(other), &steps);
        assert!(covers("a/*", "a/0"));
        assert!(covers("a/0/*", "a/0/b"));
        assert!(!covers("a/0", "a/b"));
        assert!(!covers("a/?", "a/0"));
        assert!(overlaps("a/0", "a/b"));
        assert!(!overlaps("a/0", "b/*"));
    }

    /// What is not answered is known not to be, and what was answered was so with the steps that there were.
    #[test]
    fn steps() {
        let (outer, inner) = (wildcard_items("*a*b*"), wildcard_items("xxaxxbxx"));
        let enough = (0..).find(|limit| {
            let steps = Steps::new(*limit);
            covers(&outer, &inner, &steps)
        });
        let Some(enough) = enough else {
            panic!("never enough");
        };
        // As many as there are pairs, and some for each pattern.
        assert!((40..80).contains(&enough), "{enough}");
        for limit in 0..enough {
            let steps = Steps::new(limit);
            assert!(
                !covers(&outer, &inner, &steps) && steps.are_used_up(),
                "{limit}"
            );
            assert!(!steps.take(1));
        }
        // A difference before the first star is seen at once, however long the patterns are.
        let long = "y".repeat(1_000_000);
        let (one, other) = (
            wildcard_items(&format!("a{long}*")),
            wildcard_items(&format!("b{long}*")),
        );
        let steps = Steps::new(1);
        assert!(!covers(&one, &other, &steps));
        assert!(!steps.are_used_up());
    }
}
