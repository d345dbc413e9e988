use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::bytes::{strip_end, strip_start};
use super::needle::Needle;
use super::shift_and::ShiftAnd;
use crate::template::Item;

/// A pattern ready to match.
///
/// It is cut at its stars: what stands before the first must begin the text, what stands behind the last must end it,
/// and the pieces between are looked for from left to right, each behind the one before. The leftmost place is always
/// the right one, since it leaves the most for what follows; so there is nothing to go back to.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    /// What the text begins with, and is, if there is no star.
    prefix: Box<[Atom]>,
    rest: Option<Box<Rest>>,
}

#[derive(Clone, Debug)]
struct Rest {
    floats: Box<[Float]>,
    suffix: Box<[Atom]>,
}

#[derive(Clone, Debug)]
enum Atom {
    Text(Box<str>),
    /// This many characters, whatever they are.
    Any(usize),
    /// The value of a variable.
    Slot(u32),
}

/// What is looked for between two stars.
#[derive(Clone, Debug)]
enum Float {
    Text(Needle),
    /// A piece with `?` inside.
    Holes(Box<ShiftAnd>),
    /// This many characters, whatever they are.
    Any(usize),
}

/// The values of variables on one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slots<'a> {
    /// All values, one behind the other.
    pub(crate) text: &'a str,
    /// Where each begins and ends; `None`: unresolved.
    pub(crate) ranges: &'a [Option<(u32, u32)>],
}

impl Slots<'_> {
    pub(crate) const NONE: Self = Slots {
        text: "",
        ranges: &[],
    };

    pub(super) fn value(&self, slot: u32) -> Option<&[u8]> {
        let (start, end) = self
            .ranges
            .get(usize::try_from(slot).ok()?)
            .copied()
            .flatten()?;
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
        self.text.as_bytes().get(start..end)
    }
}

impl Glob {
    /// Compiles items. A slot must not stand between two stars: see [`Glob::takes_slots`].
    pub(crate) fn new(items: &[Item]) -> Self {
        let mut pieces = items.split(|item| *item == Item::Star);
        let prefix = atoms(pieces.next().unwrap_or_default());
        let mut middle: Vec<&[Item]> = pieces.collect();
        let rest = middle.pop().map(|last| {
            let mut floats = Vec::new();
            for piece in middle.into_iter().filter(|piece| !piece.is_empty()) {
                add_floats(piece, &mut floats);
            }
            Box::new(Rest {
                floats: floats.into(),
                suffix: atoms(last),
            })
        });
        Self { prefix, rest }
    }

    /// Whether the values of variables can be left in slots: none stands between two stars.
    pub(crate) fn takes_slots(items: &[Item]) -> bool {
        let is_star = |item: &Item| *item == Item::Star;
        let first = items.iter().position(is_star).unwrap_or(items.len());
        let last = items.iter().rposition(is_star).unwrap_or(first);
        !items
            .get(first..last)
            .unwrap_or_default()
            .iter()
            .any(|item| match item {
                Item::Slot(_) => true,
                Item::Char(_) | Item::One | Item::Star => false,
            })
    }

    /// Whether this is `*` alone.
    pub(crate) fn is_all(&self) -> bool {
        self.prefix.is_empty()
            && self
                .rest
                .as_ref()
                .is_some_and(|rest| rest.floats.is_empty() && rest.suffix.is_empty())
    }

    /// What every text that matches begins with, as far as it is the same on every connection.
    pub(crate) fn beginning(&self) -> &[u8] {
        match self.prefix.first() {
            Some(Atom::Text(text)) => text.as_bytes(),
            Some(Atom::Any(_) | Atom::Slot(_)) | None => &[],
        }
    }

    /// Whether the whole text matches; never if it asks for a variable that is unresolved.
    pub(crate) fn matches(&self, text: &str, slots: &Slots<'_>) -> bool {
        let Some(after) = starts(&self.prefix, text.as_bytes(), slots) else {
            return false;
        };
        let Some(rest) = &self.rest else {
            return after.is_empty();
        };
        let Some(mut middle) = ends(&rest.suffix, after, slots) else {
            return false;
        };
        for float in &rest.floats {
            let behind = match float {
                Float::Text(piece) => piece.find_end(middle).and_then(|end| middle.get(end..)),
                Float::Holes(piece) => piece.find_end(middle).and_then(|end| middle.get(end..)),
                Float::Any(count) => skip(middle, *count),
            };
            match behind {
                Some(behind) => middle = behind,
                None => return false,
            }
        }
        true
    }

    /// Bytes on the heap, about.
    pub(crate) fn memory_bytes(&self) -> usize {
        let atoms = |atoms: &[Atom]| {
            atoms.iter().fold(0_usize, |sum, atom| {
                let text = match atom {
                    Atom::Text(text) => text.len(),
                    Atom::Any(_) | Atom::Slot(_) => 0,
                };
                sum.saturating_add(size_of::<Atom>()).saturating_add(text)
            })
        };
        let rest = self.rest.as_ref().map_or(0, |rest| {
            let floats = rest.floats.iter().fold(0_usize, |sum, float| {
                let inner = match float {
                    Float::Text(piece) => piece.memory_bytes(),
                    Float::Holes(piece) => piece.memory_bytes(),
                    Float::Any(_) => 0,
                };
                sum.saturating_add(size_of::<Float>()).saturating_add(inner)
            });
            size_of::<Rest>()
                .saturating_add(floats)
                .saturating_add(atoms(&rest.suffix))
        });
        atoms(&self.prefix).saturating_add(rest)
    }
}

fn atoms(items: &[Item]) -> Box<[Atom]> {
    let mut atoms = Vec::new();
    let mut text = String::new();
    for item in items {
        if let Item::Char(character) = item {
            text.push(*character);
            continue;
        }
        if !text.is_empty() {
            atoms.push(Atom::Text(core::mem::take(&mut text).into()));
        }
        match (item, atoms.last_mut()) {
            (Item::One, Some(Atom::Any(count))) => *count = count.saturating_add(1),
            (Item::One, Some(Atom::Text(_) | Atom::Slot(_)) | None) => atoms.push(Atom::Any(1)),
            (Item::Slot(slot), _) => atoms.push(Atom::Slot(*slot)),
            // Pieces are cut at stars, and characters were taken above.
            (Item::Star | Item::Char(_), _) => {}
        }
    }
    if !text.is_empty() {
        atoms.push(Atom::Text(text.into()));
    }
    atoms.into()
}

/// Adds one piece between stars: `*??x?y?*` is any two characters, then `x?y` anywhere, then any character.
fn add_floats(piece: &[Item], floats: &mut Vec<Float>) {
    let is_one = |item: &&Item| **item == Item::One;
    let before = piece.iter().take_while(is_one).count();
    let core = piece.get(before..).unwrap_or_default();
    let behind = core.iter().rev().take_while(is_one).count();
    let core = core
        .get(..core.len().saturating_sub(behind))
        .unwrap_or_default();
    if before > 0 {
        floats.push(Float::Any(before));
    }
    if core.contains(&Item::One) {
        floats.push(Float::Holes(Box::new(ShiftAnd::new(core))));
    } else if !core.is_empty() {
        let text: String = core
            .iter()
            .filter_map(|item| match item {
                Item::Char(character) => Some(*character),
                Item::One | Item::Star | Item::Slot(_) => None,
            })
            .collect();
        floats.push(Float::Text(Needle::new(text)));
    }
    if behind > 0 {
        floats.push(Float::Any(behind));
    }
}

/// What is left of the text behind these atoms, if it begins with them.
fn starts<'a>(atoms: &[Atom], text: &'a [u8], slots: &Slots<'_>) -> Option<&'a [u8]> {
    let mut rest = text;
    for atom in atoms {
        rest = match atom {
            Atom::Text(text) => strip_start(rest, text.as_bytes())?,
            Atom::Any(count) => skip(rest, *count)?,
            Atom::Slot(slot) => strip_start(rest, slots.value(*slot)?)?,
        };
    }
    Some(rest)
}

/// What is left of the text before these atoms, if it ends with them.
fn ends<'a>(atoms: &[Atom], text: &'a [u8], slots: &Slots<'_>) -> Option<&'a [u8]> {
    let mut rest = text;
    for atom in atoms.iter().rev() {
        rest = match atom {
            Atom::Text(text) => strip_end(rest, text.as_bytes())?,
            Atom::Any(count) => skip_back(rest, *count)?,
            Atom::Slot(slot) => strip_end(rest, slots.value(*slot)?)?,
        };
    }
    Some(rest)
}

/// The text behind its first `count` characters.
fn skip(text: &[u8], count: usize) -> Option<&[u8]> {
    let mut rest = text;
    for _ in 0..count {
        let (_, tail) = rest.split_first()?;
        let inside = tail.iter().take_while(|byte| is_inside(**byte)).count();
        rest = tail.get(inside..)?;
    }
    Some(rest)
}

/// The text before its last `count` characters.
fn skip_back(text: &[u8], count: usize) -> Option<&[u8]> {
    let mut rest = text;
    for _ in 0..count {
        let inside = rest
            .iter()
            .rev()
            .take_while(|byte| is_inside(**byte))
            .count();
        let first = rest.len().checked_sub(inside)?.checked_sub(1)?;
        rest = rest.get(..first)?;
    }
    Some(rest)
}

/// Whether a byte of UTF-8 continues a character.
pub(super) fn is_inside(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

#[cfg(test)]
mod tests {
    use super::super::wildcard_items;
    use super::*;
    use alloc::format;
    use alloc::vec;

    /// The definition, without thought for time.
    fn reference(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => {
                reference(rest, text)
                    || text
                        .split_first()
                        .is_some_and(|(_, tail)| reference(pattern, tail))
            }
            Some((first, rest)) => text.split_first().is_some_and(|(head, tail)| {
                (*first == '?' || first == head) && reference(rest, tail)
            }),
        }
    }

    fn all(alphabet: &[char], length: usize) -> Vec<Vec<char>> {
        let mut strings = vec![vec![]];
        let mut from = 0;
        for _ in 0..length {
            let until = strings.len();
            for index in from..until {
                for character in alphabet {
                    let mut longer = strings[index].clone();
                    longer.push(*character);
                    strings.push(longer);
                }
            }
            from = until;
        }
        strings
    }

    /// Every pattern of five items against every text of four characters, one of them of two bytes.
    #[test]
    fn exhaustive() {
        let texts = all(&['a', 'b', 'é'], 4);
        for pattern in all(&['a', 'b', 'é', '*', '?'], 5) {
            let text: String = pattern.iter().collect();
            let glob = Glob::new(&wildcard_items(&text));
            for chars in &texts {
                let candidate: String = chars.iter().collect();
                assert_eq!(
                    glob.matches(&candidate, &Slots::NONE),
                    reference(&pattern, chars),
                    "{text} ~ {candidate}"
                );
            }
        }
    }

    #[test]
    fn slots() {
        let items = |text: &str| -> Vec<Item> {
            let digit = |c: char| c.to_digit(10);
            wildcard_items(text)
                .into_iter()
                .map(|item| match item {
                    Item::Char(c) => digit(c).map_or(Item::Char(c), Item::Slot),
                    other @ (Item::One | Item::Star | Item::Slot(_)) => other,
                })
                .collect()
        };
        let slots = Slots {
            text: "onetwo*",
            ranges: &[Some((0, 3)), Some((3, 7)), None],
        };
        let matches = |pattern: &str, text: &str| Glob::new(&items(pattern)).matches(text, &slots);
        assert!(matches("a/0/*/1", "a/one/x/two*"));
        // A star in a value is no wildcard.
        assert!(!matches("1", "twox"));
        assert!(matches("1", "two*"));
        // Unresolved, and a slot that does not exist.
        assert!(!matches("2*", "anything"));
        assert!(!matches("*9", "anything"));
        assert!(Glob::takes_slots(&items("0*a*1")));
        assert!(!Glob::takes_slots(&items("*0*")));
        assert!(Glob::takes_slots(&items("01")));
    }

    /// A long piece with holes: several words of state, more than a stack holds.
    #[test]
    fn long_pieces() {
        for length in [10, 63, 64, 65, 130, 2000, 5000] {
            let core = "ab".repeat(length / 2);
            let pattern = format!("*x{core}?{core}y*");
            let glob = Glob::new(&wildcard_items(&pattern));
            let hit = format!("xxab{core}x{core}é{core}yz");
            assert!(glob.matches(&hit, &Slots::NONE), "{length}");
            let miss = hit.replace('é', "éé");
            assert!(!glob.matches(&miss, &Slots::NONE), "{length}");
        }
    }
}
