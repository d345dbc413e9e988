use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use super::glob::is_inside;
use crate::template::Item;

/// How many words of state are kept on the stack: pieces of up to 1,024 bytes.
const ON_STACK: usize = 16;

/// Finds a piece with `?` inside in one pass over the text, 64 places of the piece at a time: the algorithm of Baeza-Yates and Gonnet
/// ("A new approach to text searching", 1992). A bit of the state says that the piece matches as far as that bit.
///
/// The piece begins and ends with a literal character.
#[derive(Clone, Debug)]
pub(super) struct ShiftAnd {
    /// For each byte, which row of `masks` says where it may stand; row 0 is for bytes that the piece does not hold.
    rows: Box<[u8; 256]>,
    /// `words` a row.
    masks: Box<[u64]>,
    /// Where the piece has `?`.
    holes: Box<[u64]>,
    /// The bit of the last byte, in the last word.
    last: u64,
    /// How many bytes a match has at least.
    shortest: usize,
}

impl ShiftAnd {
    pub(super) fn new(items: &[Item]) -> Self {
        let mut bytes: Vec<Option<u8>> = Vec::new();
        for item in items {
            match item {
                Item::Char(character) => {
                    let mut buffer = [0; 4];
                    bytes.extend(character.encode_utf8(&mut buffer).bytes().map(Some));
                }
                Item::One => bytes.push(None),
                // A piece is what stands between stars, and its variables are resolved.
                Item::Star | Item::Slot(_) => {}
            }
        }
        let words = bytes.len().div_ceil(64).max(1);
        let mut this = Self {
            rows: Box::new([0; 256]),
            masks: Box::default(),
            holes: vec![0; words].into(),
            last: 1 << (bytes.len().saturating_sub(1) & 63),
            shortest: bytes.len(),
        };
        let mut masks = vec![0_u64; words];
        for (index, byte) in bytes.iter().enumerate() {
            let (word, bit) = (index >> 6, 1_u64 << (index & 63));
            let slot = match byte {
                None => this.holes.get_mut(word),
                Some(byte) => {
                    let row = this.row_of(*byte, &mut masks, words);
                    masks.get_mut(row.saturating_mul(words).saturating_add(word))
                }
            };
            if let Some(slot) = slot {
                *slot |= bit;
            }
        }
        this.masks = masks.into();
        this
    }

    fn row_of(&mut self, byte: u8, masks: &mut Vec<u64>, words: usize) -> usize {
        let next = masks.len().checked_div(words).unwrap_or_default();
        let Some(row) = self.rows.get_mut(usize::from(byte)) else {
            return 0;
        };
        if *row == 0 {
            // UTF-8 has fewer than 255 different bytes.
            *row = u8::try_from(next).unwrap_or_default();
            masks.resize(masks.len().saturating_add(words), 0);
        }
        usize::from(*row)
    }

    /// Where the leftmost occurrence ends.
    pub(super) fn find_end(&self, text: &[u8]) -> Option<usize> {
        if text.len() < self.shortest {
            return None;
        }
        let words = self.holes.len();
        let mut on_stack = [0_u64; ON_STACK];
        let mut on_heap: Vec<u64> = Vec::new();
        let state = match on_stack.get_mut(..words) {
            Some(state) => state,
            None => {
                on_heap.resize(words, 0);
                &mut *on_heap
            }
        };
        for (at, &byte) in text.iter().enumerate() {
            let row = usize::from(
                self.rows
                    .get(usize::from(byte))
                    .copied()
                    .unwrap_or_default(),
            );
            let masks = self
                .masks
                .get(row.saturating_mul(words)..)
                .unwrap_or_default();
            let inside = is_inside(byte);
            // A match may begin at every byte; only the first of a character can fit.
            let mut carry = 1_u64;
            let mut reached = 0;
            for ((word, mask), holes) in state.iter_mut().zip(masks).zip(&self.holes) {
                let moved = (*word << 1) | carry;
                carry = *word >> 63;
                *word = if inside {
                    // The rest of the character that a `?` stands for.
                    (moved & mask) | (*word & holes)
                } else {
                    moved & (mask | holes)
                };
                reached = *word;
            }
            if reached & self.last != 0 {
                return Some(at.saturating_add(1));
            }
        }
        None
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let words = self.masks.len().saturating_add(self.holes.len());
        size_of::<Self>()
            .saturating_add(256)
            .saturating_add(words.saturating_mul(8))
    }
}
