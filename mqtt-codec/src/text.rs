//! Strings, checked once: well-formed UTF-8 without U+0000 (MQTT 3.1.1 §1.5.3, MQTT 5.0 §1.5.4).
//!
//! Nearly every string on the wire is short ASCII. Eight bytes at a time are tested for "is none of the bytes
//! that need a closer look"; only a string that fails the test is looked at byte by byte.

/// What is wrong with a string, and at which of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextFault {
    IllFormed { at: usize, byte: u8 },
    Nul { at: usize },
}

const HIGH: u64 = 0x8080_8080_8080_8080;

/// The high bit of each byte of the result says: not ASCII, or zero, or (with `WILDCARDS`) `#` or `+`.
///
/// For a byte of seven bits, `0x80 - byte` keeps its high bit only if the byte is 0, and borrows nothing from
/// its neighbour; a byte of eight bits is flagged by itself, so what it borrows does not matter.
#[inline(always)]
const fn suspicious<const WILDCARDS: bool>(word: u64) -> u64 {
    let mut flags = word | HIGH.wrapping_sub(word);
    if WILDCARDS {
        flags |= wildcards(word);
    }
    flags & HIGH
}

/// The high bit of each byte of the result says `#` or `+`, if all bytes are ASCII.
#[inline(always)]
const fn wildcards(word: u64) -> u64 {
    // `#` is 0x23 and `+` is 0x2B: one bit apart.
    HIGH.wrapping_sub((word & 0xF7F7_F7F7_F7F7_F7F7) ^ 0x2323_2323_2323_2323) & HIGH
}

/// The same for four words at once: what compilers make vector instructions of.
#[inline(always)]
fn mark<const WILDCARDS: bool>(marks: &mut [u64; 4], bytes: &[u8; 32]) {
    let (words, _) = bytes.as_chunks::<8>();
    for (mark, word) in marks.iter_mut().zip(words) {
        *mark |= suspicious::<WILDCARDS>(u64::from_le_bytes(*word));
    }
}

/// Four to seven bytes as a word; some of them twice.
#[inline(always)]
fn short_word(bytes: &[u8]) -> Option<u64> {
    let (first, last) = (bytes.first_chunk::<4>()?, bytes.last_chunk::<4>()?);
    Some(u64::from(u32::from_le_bytes(*first)) | (u64::from(u32::from_le_bytes(*last)) << 32))
}

/// Whether every byte is ASCII, not U+0000 and (with `WILDCARDS`) no wildcard.
///
/// The last bytes are looked at as the end of a whole word, some of them for the second time, which does no harm.
#[inline(always)]
fn is_plain<const WILDCARDS: bool>(bytes: &[u8]) -> bool {
    if bytes.len() >= 32 {
        return is_plain_long::<WILDCARDS>(bytes);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<16>(), bytes.last_chunk::<8>()) {
        let (first, _) = first.as_chunks::<8>();
        let flags = |words: &[[u8; 8]]| {
            words.iter().fold(0, |flags, word| {
                flags | suspicious::<WILDCARDS>(u64::from_le_bytes(*word))
            })
        };
        let mut found = flags(first) | flags(&[*last]);
        if let Some(third) = bytes.get(16..24) {
            found |= flags(third.as_chunks().0);
        }
        return found == 0;
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let [first, last] =
            [first, last].map(|word| suspicious::<WILDCARDS>(u64::from_le_bytes(*word)));
        return first | last == 0;
    }
    is_plain_short::<WILDCARDS>(bytes)
}

#[inline(never)]
fn is_plain_long<const WILDCARDS: bool>(bytes: &[u8]) -> bool {
    let Some(last) = bytes.last_chunk::<32>() else {
        return false;
    };
    let mut marks = [0; 4];
    let (chunks, rest) = bytes.as_chunks::<32>();
    for chunk in chunks {
        mark::<WILDCARDS>(&mut marks, chunk);
    }
    if !rest.is_empty() {
        mark::<WILDCARDS>(&mut marks, last);
    }
    let [a, b, c, d] = marks;
    a | b | c | d == 0
}

#[inline(never)]
fn is_plain_short<const WILDCARDS: bool>(bytes: &[u8]) -> bool {
    if let Some(word) = short_word(bytes) {
        return suspicious::<WILDCARDS>(word) == 0;
    }
    bytes
        .iter()
        .all(|&byte| byte.is_ascii() && byte != 0 && !(WILDCARDS && matches!(byte, b'#' | b'+')))
}

/// Whether the bytes are a string of ASCII characters without U+0000 and wildcards.
#[inline]
pub(crate) fn is_plain_topic(bytes: &[u8]) -> bool {
    is_plain::<true>(bytes)
}

/// Whether the bytes are a string of ASCII characters without U+0000 whose wildcards each pass `passes`, which gets
/// their offset.
#[inline(always)]
pub(crate) fn is_plain_filter(bytes: &[u8], passes: impl Fn(usize) -> bool) -> bool {
    let len = bytes.len();
    if let Some(last) = bytes.last_chunk::<8>() {
        let (words, _) = bytes.as_chunks::<8>();
        let mut start = 0_usize;
        for word in words {
            if !word_passes(u64::from_le_bytes(*word), |byte| {
                passes(start.saturating_add(byte))
            }) {
                return false;
            }
            start = start.saturating_add(8);
        }
        let start = len.saturating_sub(8);
        return word_passes(u64::from_le_bytes(*last), |byte| {
            passes(start.saturating_add(byte))
        });
    }
    if let Some(word) = short_word(bytes) {
        return word_passes(word, |byte| {
            passes(if byte < 4 {
                byte
            } else {
                len.saturating_add(byte).saturating_sub(8)
            })
        });
    }
    bytes.iter().enumerate().all(|(at, &byte)| {
        byte.is_ascii() && byte != 0 && (!matches!(byte, b'#' | b'+') || passes(at))
    })
}

/// `passes` gets the places of wildcards in the word.
#[inline(always)]
fn word_passes(word: u64, passes: impl Fn(usize) -> bool) -> bool {
    if suspicious::<false>(word) != 0 {
        return false;
    }
    let mut rest = wildcards(word);
    while rest != 0 {
        if !passes(usize::try_from(rest.trailing_zeros() >> 3).unwrap_or_default()) {
            return false;
        }
        rest &= rest.wrapping_sub(1);
    }
    true
}

/// Whether the bytes are a UTF-8 Encoded String.
#[inline]
pub(crate) fn check(bytes: &[u8]) -> Result<(), TextFault> {
    if is_plain::<false>(bytes) {
        Ok(())
    } else {
        check_closely(bytes)
    }
}

#[inline(never)]
fn check_closely(bytes: &[u8]) -> Result<(), TextFault> {
    // MQTT 3.1.1 [MQTT-1.5.3-1], MQTT 5.0 [MQTT-1.5.4-1]: Rust's UTF-8 has no surrogates either.
    // MQTT 3.1.1 [MQTT-1.5.3-3], MQTT 5.0 [MQTT-1.5.4-3]: U+FEFF is a character like others and stays.
    if let Err(error) = core::str::from_utf8(bytes) {
        let at = error.valid_up_to();
        return Err(TextFault::IllFormed {
            at,
            byte: bytes.get(at).copied().unwrap_or_default(),
        });
    }
    // MQTT 3.1.1 [MQTT-1.5.3-2], MQTT 5.0 [MQTT-1.5.4-2]
    match bytes.iter().position(|&byte| byte == 0) {
        Some(at) => Err(TextFault::Nul { at }),
        None => Ok(()),
    }
}

/// The string that bytes were found to be when their packet was read.
///
/// Looking again costs a few nanoseconds and needs no `unsafe`; it cannot fail for bytes that passed [`check`].
#[inline]
pub(crate) fn checked(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn every_byte_at_every_place_of_every_short_length() {
        for len in 0..=80 {
            for place in 0..len {
                for byte in 0..=255_u8 {
                    let mut bytes: Vec<u8> = core::iter::repeat_n(b'a', len).collect();
                    bytes[place] = byte;
                    let text = core::str::from_utf8(&bytes).is_ok() && byte != 0;
                    assert_eq!(check(&bytes).is_ok(), text, "{bytes:?}");
                    assert_eq!(
                        is_plain_topic(&bytes),
                        text && byte != b'#' && byte != b'+',
                        "{bytes:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn neighbours_do_not_hide_one_another() {
        // A borrow out of a byte must never clear the flag of another.
        for a in [
            0x00, 0x01, 0x22, 0x23, 0x24, 0x2A, 0x2B, 0x2C, 0x7F, 0x80, 0xA3, 0xFF,
        ] {
            for b in 0..=255_u8 {
                let bytes = [b'x', a, b, b'x', b'x', b'x', b'x', b'x', b'x'];
                let plain = bytes
                    .iter()
                    .all(|byte| byte.is_ascii() && ![0, b'#', b'+'].contains(byte));
                assert_eq!(is_plain_topic(&bytes), plain, "{bytes:?}");
            }
        }
    }

    #[test]
    fn faults_name_their_byte() {
        assert_eq!(
            check(b"ab\xC0\xAF"),
            Err(TextFault::IllFormed { at: 2, byte: 0xC0 })
        );
        assert_eq!(
            check(b"\xED\xA0\x80"),
            Err(TextFault::IllFormed { at: 0, byte: 0xED })
        );
        assert_eq!(check("ü\0".as_bytes()), Err(TextFault::Nul { at: 2 }));
        assert_eq!(check("\u{FEFF}a\u{10FFFF}".as_bytes()), Ok(()));
    }
}
