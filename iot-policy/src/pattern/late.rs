use alloc::boxed::Box;

use super::Slots;
use super::glob::is_inside;
use crate::template::Item;

/// A pattern in which a variable stands where `Glob` takes none: between two stars, or where its value decides of
/// which type the resource is.
///
/// It keeps nothing for a connection. Matching goes back to the last star, one character at a time, and so takes time in
/// proportion to the text and to the longest piece between two stars, values put in.
#[derive(Clone, Debug)]
pub(crate) struct Late {
    items: Box<[Item]>,
    /// What the pattern's text has before the resource's name.
    beginning: &'static str,
}

/// A place in a pattern: an item, and how many bytes of a variable's value lie behind.
#[derive(Clone, Copy)]
struct Place {
    item: usize,
    inside: usize,
}

impl Place {
    fn next_item(self) -> Self {
        Self {
            item: self.item.saturating_add(1),
            inside: 0,
        }
    }
}

impl Late {
    pub(crate) fn new(items: &[Item], beginning: &'static str) -> Self {
        Self {
            items: items.into(),
            beginning,
        }
    }

    /// Whether the whole text matches; never if a variable is unresolved.
    pub(crate) fn matches(&self, name: &str, slots: &Slots<'_>) -> bool {
        let resolved = self.items.iter().all(|item| match item {
            Item::Slot(slot) => slots.value(*slot).is_some(),
            Item::Char(_) | Item::One | Item::Star => true,
        });
        resolved && self.walk(name.as_bytes(), slots)
    }

    /// Bytes on the heap.
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of_val(&*self.items)
    }

    fn walk(&self, name: &[u8], slots: &Slots<'_>) -> bool {
        let head = self.beginning.as_bytes();
        let length = head.len().saturating_add(name.len());
        let text = |at: usize| {
            head.get(at)
                .or_else(|| name.get(at.checked_sub(head.len())?))
                .copied()
        };
        // Where the character at this place ends.
        let behind = |at: usize| {
            let mut end = at.saturating_add(1);
            while text(end).is_some_and(is_inside) {
                end = end.saturating_add(1);
            }
            end
        };
        let mut at = 0_usize;
        let mut place = Place { item: 0, inside: 0 };
        // Behind the last star that was met, and where in the text what follows it is tried.
        let mut again: Option<(Place, usize)> = None;
        loop {
            let moved = match self.items.get(place.item) {
                None if at >= length => return true,
                None => None,
                Some(Item::Star) => {
                    again = Some((place.next_item(), at));
                    Some((place.next_item(), at))
                }
                Some(Item::One) => (at < length).then(|| (place.next_item(), behind(at))),
                Some(Item::Char(character)) => {
                    let mut buffer = [0; 4];
                    let bytes = character.encode_utf8(&mut buffer).as_bytes();
                    let equal = bytes
                        .iter()
                        .enumerate()
                        .all(|(index, byte)| text(at.saturating_add(index)) == Some(*byte));
                    equal.then(|| (place.next_item(), at.saturating_add(bytes.len())))
                }
                Some(Item::Slot(slot)) => match slots.value(*slot).unwrap_or_default() {
                    value if place.inside >= value.len() => Some((place.next_item(), at)),
                    value => (value.get(place.inside).copied() == text(at)).then(|| {
                        let inside = place.inside.saturating_add(1);
                        (Place { inside, ..place }, at.saturating_add(1))
                    }),
                },
            };
            (place, at) = match (moved, again) {
                (Some(moved), _) => moved,
                (None, Some((star, tried))) if tried < length => {
                    let next = behind(tried);
                    again = Some((star, next));
                    (star, next)
                }
                (None, _) => return false,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Glob, wildcard_items};
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    /// Against the pattern with the values put in, for every pattern of five signs.
    #[test]
    fn exhaustive() {
        let slots = Slots {
            text: "aba*é",
            ranges: &[Some((0, 1)), Some((1, 3)), Some((3, 6)), Some((0, 0)), None],
        };
        let values = ["a", "ba", "*é", ""];
        let signs = ['a', 'b', '*', '?', '0', '1', '2', '3'];
        let texts = [
            "", "a", "b", "ba", "aba", "abab", "é", "*é", "a*é", "ab*éa", "aaéba", "bababa",
        ];
        for mut number in 0..8_usize.pow(5) {
            let mut pattern = String::new();
            for _ in 0..5 {
                pattern.push(signs[number % 8]);
                number /= 8;
            }
            let items: Vec<Item> = wildcard_items(&pattern)
                .into_iter()
                .map(|item| match item {
                    Item::Char(c) => c.to_digit(10).map_or(Item::Char(c), Item::Slot),
                    other @ (Item::One | Item::Star | Item::Slot(_)) => other,
                })
                .collect();
            let plain: Vec<Item> = items
                .iter()
                .flat_map(|item| match item {
                    Item::Slot(slot) => {
                        let value = values[usize::try_from(*slot).unwrap()];
                        value.chars().map(Item::Char).collect()
                    }
                    other @ (Item::Char(_) | Item::One | Item::Star) => Vec::from([other.clone()]),
                })
                .collect();
            let late = [Late::new(&items, ""), Late::new(&items, "a")];
            let glob = Glob::new(&plain);
            for text in texts {
                let behind = format!("a{text}");
                let got = [late[0].matches(text, &slots), late[1].matches(text, &slots)];
                let expected = [text, &*behind].map(|text| glob.matches(text, &Slots::NONE));
                assert_eq!(got, expected, "{pattern} ~ {text}");
            }
        }
    }

    #[test]
    fn unresolved() {
        let slots = Slots {
            text: "",
            ranges: &[None],
        };
        let items = [Item::Star, Item::Slot(0), Item::Star];
        assert!(!Late::new(&items, "").matches("", &slots));
        assert!(!Late::new(&[Item::Slot(7)], "").matches("a", &slots));
    }
}
