use alloc::boxed::Box;
use alloc::string::String;

use memchr::{memchr, memmem};

/// How often a rare byte may lead astray before the text is searched in another way.
const TRIES: usize = 4;

/// A text to look for in names that are mostly short, and where in it a byte stands that is rare in them.
///
/// That byte is looked for first. Setting up a search that is linear whatever the text (`memmem`) takes longer than most
/// searches here; it is done where the rare byte turns out not to be rare.
#[derive(Clone, Debug)]
pub(super) struct Needle {
    text: Box<[u8]>,
    /// The place of the rare byte.
    rare: u32,
}

impl Needle {
    /// A text that is not empty.
    pub(super) fn new(text: String) -> Self {
        let text: Box<[u8]> = text.into_bytes().into();
        let rarest = text
            .iter()
            .enumerate()
            .min_by_key(|(_, byte)| frequency(**byte))
            .map_or(0, |(at, _)| at);
        Self {
            text,
            // Any place will do, also where a text has four thousand million bytes.
            rare: u32::try_from(rarest).unwrap_or_default(),
        }
    }

    /// Where the leftmost occurrence ends.
    pub(super) fn find_end(&self, text: &[u8]) -> Option<usize> {
        let rare = usize::try_from(self.rare).ok()?;
        let byte = *self.text.get(rare)?;
        // Where the rare byte is looked for: not before its place in the needle.
        let mut from = rare;
        for _ in 0..TRIES {
            let at = from.saturating_add(memchr(byte, text.get(from..)?)?);
            let start = at.saturating_sub(rare);
            let end = start.saturating_add(self.text.len());
            // Where the needle would reach beyond the text, so it would further on.
            if text.get(start..end)? == &*self.text {
                return Some(end);
            }
            from = at.saturating_add(1);
        }
        let start = from.saturating_sub(rare);
        let found = memmem::find(text.get(start..)?, &self.text)?;
        Some(start.saturating_add(found).saturating_add(self.text.len()))
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.text.len()
    }
}

/// How frequent a byte is in the names of topics, about.
fn frequency(byte: u8) -> u8 {
    match byte {
        b'/' => 5,
        b'a' | b'e' | b'i' | b'n' | b'o' | b'r' | b's' | b't' | b'0'..=b'9' => 4,
        b'c' | b'd' | b'l' | b'm' | b'p' | b'u' | b'-' | b'_' => 3,
        // Bytes of UTF-8 beyond ASCII come in crowds.
        0x80.. => 3,
        b'a'..=b'z' => 2,
        0..=0x7F => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// Every needle of up to four letters, one of which is rare, in every text of up to seven.
    #[test]
    fn exhaustive() {
        let word = |mut number: usize| {
            let mut word = String::new();
            while number > 0 {
                number -= 1;
                word.push(['e', 'z', '/'][number % 3]);
                number /= 3;
            }
            word
        };
        let texts: Vec<String> = (0..3280).map(word).collect();
        for needle in (1..121).map(word) {
            let found = Needle::new(needle.clone());
            for text in &texts {
                let expected = text.find(&needle).map(|at| at + needle.len());
                assert_eq!(
                    found.find_end(text.as_bytes()),
                    expected,
                    "{needle} in {text}"
                );
            }
        }
    }

    #[test]
    fn the_rare_byte_is_everywhere() {
        let found = Needle::new("ez/".into());
        for count in 0..20 {
            let text = "z".repeat(count) + "eze" + &"z".repeat(count);
            assert_eq!(found.find_end(text.as_bytes()), None, "{text}");
            let text = text + "ez/";
            assert_eq!(found.find_end(text.as_bytes()), Some(text.len()), "{text}");
        }
    }
}
