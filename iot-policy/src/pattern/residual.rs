use alloc::vec::Vec;

use crate::template::Item;

/// What must match the rest of a text whose beginning is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Residuals {
    /// One of these (none: no text with this beginning matches).
    Known(Vec<Vec<Item>>),
    /// A variable stands in what is known: it must be resolved first.
    Late,
}

/// Takes a beginning off a pattern: `topic/*` less `topic/` is `*`, and `*ic/a` less `topic/` is `*ic/a` or `a`.
///
/// The positions in the pattern that the beginning may have reached are followed side by side. Of those at a star only
/// the last counts, since whatever matches from an earlier one matches from there too; so few are left.
pub(crate) fn residuals(items: &[Item], beginning: &str) -> Residuals {
    let mut places = Vec::from([0_usize]);
    pass_stars(items, &mut places);
    for character in beginning.chars() {
        let mut next = Vec::new();
        for &place in &places {
            match items.get(place) {
                Some(Item::Star) => next.push(place),
                Some(Item::One) => next.push(place.saturating_add(1)),
                Some(Item::Char(expected)) if *expected == character => {
                    next.push(place.saturating_add(1));
                }
                Some(Item::Char(_)) | None => {}
                Some(Item::Slot(_)) => return Residuals::Late,
            }
        }
        pass_stars(items, &mut next);
        places = next;
    }
    // Behind a star that was only passed stands nothing that the star does not allow.
    let known = places
        .iter()
        .filter(|&&place| {
            place
                .checked_sub(1)
                .and_then(|before| items.get(before))
                .is_none_or(|before| {
                    *before != Item::Star || !places.contains(&place.saturating_sub(1))
                })
        })
        .filter_map(|&place| items.get(place..).map(<[Item]>::to_vec))
        .collect();
    Residuals::Known(known)
}

/// A star may stand for nothing; and before the last star reached nothing needs to be followed.
fn pass_stars(items: &[Item], places: &mut Vec<usize>) {
    let mut index = 0;
    while let Some(&place) = places.get(index) {
        if items.get(place) == Some(&Item::Star) {
            places.push(place.saturating_add(1));
        }
        index = index.saturating_add(1);
    }
    places.sort_unstable();
    places.dedup();
    let last_star = places
        .iter()
        .rposition(|&place| items.get(place) == Some(&Item::Star));
    if let Some(index) = last_star {
        places.drain(..index);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Glob, Slots, wildcard_items};
    use super::*;
    use alloc::format;
    use alloc::string::String;

    fn spelt(items: &[Item]) -> String {
        let character = |item: &Item| match item {
            Item::Char(character) => *character,
            Item::One => '?',
            Item::Star => '*',
            Item::Slot(_) => '0',
        };
        items.iter().map(character).collect()
    }

    fn shown(pattern: &str, beginning: &str) -> Vec<String> {
        match residuals(&wildcard_items(pattern), beginning) {
            Residuals::Known(known) => known.iter().map(|items| spelt(items)).collect(),
            Residuals::Late => panic!("{pattern} has no variable"),
        }
    }

    #[test]
    fn beginnings() {
        assert_eq!(shown("topic/a*", "topic/"), ["a*"]);
        assert_eq!(shown("*", "topic/"), ["*"]);
        assert_eq!(shown("t*", "topic/"), ["*"]);
        assert_eq!(shown("topic*", "topic/"), ["*"]);
        assert_eq!(shown("*ic/a", "topic/"), ["*ic/a", "a"]);
        assert_eq!(shown("t*p*c/?", "topic/"), ["*c/?", "?"]);
        assert_eq!(shown("topicfilter/*", "topic/"), [""; 0]);
        assert_eq!(shown("?opic/x", "topic/"), ["x"]);
        assert_eq!(shown("topic", "topic/"), [""; 0]);
        assert_eq!(shown("topic/", "topic/"), [""]);
        let items = [Item::Char('t'), Item::Slot(0)];
        assert_eq!(residuals(&items, "topic/"), Residuals::Late);
        assert_eq!(residuals(&items, "thing/"), Residuals::Late);
        assert_eq!(residuals(&items, "client/"), Residuals::Known(Vec::new()));
    }

    /// A text matches exactly if what is left of it matches what is left of the pattern.
    #[test]
    fn exhaustive() {
        let alphabet = ['a', 'b', '*', '?'];
        let word = |mut number: usize, base: usize| {
            let mut word = String::new();
            while number > 0 {
                number -= 1;
                word.push(alphabet[number % base]);
                number /= base;
            }
            word
        };
        for pattern in (0..1365).map(|number| word(number, 4)) {
            let items = wildcard_items(&pattern);
            let whole = Glob::new(&items);
            for beginning in ["", "a", "ab", "aab", "bb"] {
                let Residuals::Known(known) = residuals(&items, beginning) else {
                    panic!("no variable");
                };
                let known: Vec<Glob> = known.iter().map(|items| Glob::new(items)).collect();
                for rest in (0..31).map(|number| word(number, 2)) {
                    assert_eq!(
                        known.iter().any(|glob| glob.matches(&rest, &Slots::NONE)),
                        whole.matches(&format!("{beginning}{rest}"), &Slots::NONE),
                        "{pattern} ~ {beginning}|{rest}"
                    );
                }
            }
        }
    }
}
