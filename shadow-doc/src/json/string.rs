//! Strings: read in any spelling, kept in one.
//!
//! The kept (canonical) spelling escapes what RFC 8259 §7 demands and nothing else, so two strings
//! are equal exactly when their bytes are, and a name compares without being decoded.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write as _;

use super::{JsonError, JsonErrorKind};

/// Appends the canonical spelling (without quotes) of the raw contents of a JSON string.
/// `offset` is where `raw` stands in the input.
pub(crate) fn canonical(raw: &[u8], offset: usize, out: &mut Vec<u8>) -> Result<(), JsonError> {
    let mut rest = raw;
    loop {
        let plain = rest.iter().position(|b| *b == b'\\').unwrap_or(rest.len());
        let (head, tail) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        out.extend_from_slice(head);
        let Some((_, escape)) = tail.split_first() else {
            return Ok(());
        };
        let here = offset.saturating_add(raw.len().saturating_sub(tail.len()));
        let (character, after) =
            decode_escape(escape).map_err(|kind| JsonError::new(kind, here))?;
        push_escaped(character, out);
        rest = after;
    }
}

/// The character that an escape sequence (after its backslash) names, and what follows it.
fn decode_escape(text: &[u8]) -> Result<(char, &[u8]), JsonErrorKind> {
    let (byte, rest) = text.split_first().ok_or(JsonErrorKind::InvalidEscape)?;
    let character = match byte {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return decode_unicode(rest),
        _ => return Err(JsonErrorKind::InvalidEscape),
    };
    Ok((character, rest))
}

fn decode_unicode(text: &[u8]) -> Result<(char, &[u8]), JsonErrorKind> {
    let (first, rest) = hex4(text)?;
    if !(0xD800..=0xDFFF).contains(&first) {
        let character = char::from_u32(first).ok_or(JsonErrorKind::LoneSurrogate)?;
        return Ok((character, rest));
    }
    let low = rest
        .strip_prefix(b"\\u")
        .ok_or(JsonErrorKind::LoneSurrogate)?;
    let (second, rest) = hex4(low)?;
    let units = [first, second].map(|unit| u16::try_from(unit).unwrap_or_default());
    match char::decode_utf16(units).next() {
        Some(Ok(character)) if character > '\u{FFFF}' => Ok((character, rest)),
        _ => Err(JsonErrorKind::LoneSurrogate),
    }
}

fn hex4(text: &[u8]) -> Result<(u32, &[u8]), JsonErrorKind> {
    let (digits, rest) = text
        .split_first_chunk::<4>()
        .ok_or(JsonErrorKind::InvalidEscape)?;
    let value = digits.iter().try_fold(0_u32, |value, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(value << 4 | digit)
    });
    Ok((value.ok_or(JsonErrorKind::InvalidEscape)?, rest))
}

fn push_escaped(character: char, out: &mut Vec<u8>) {
    match short_escape(character) {
        Some(short) => out.extend_from_slice(&[b'\\', short]),
        None if character < ' ' => {
            let mut text = String::new();
            // Writing to a `String` cannot fail.
            let _ = write!(text, "\\u{:04x}", u32::from(character));
            out.extend_from_slice(text.as_bytes());
        }
        None => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
    }
}

const fn short_escape(character: char) -> Option<u8> {
    Some(match character {
        '"' => b'"',
        '\\' => b'\\',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        _ => return None,
    })
}

/// The canonical spelling (without quotes) of a Rust string.
pub(crate) fn escape(text: &str, out: &mut Vec<u8>) {
    if !text.bytes().any(|b| b < b' ' || b == b'"' || b == b'\\') {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for character in text.chars() {
        push_escaped(character, out);
    }
}

/// The Rust string behind a canonical spelling (without quotes).
pub(crate) fn unescape(text: &[u8]) -> Cow<'_, str> {
    if !text.contains(&b'\\') {
        return String::from_utf8_lossy(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            out.push(*byte);
        } else if let Ok((character, after)) = decode_escape(after) {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = after;
        }
    }
    Cow::Owned(String::from_utf8_lossy(&out).into_owned())
}

/// Whether bytes are what [`canonical`] writes: asked of stored shadows only.
pub(crate) fn is_canonical(text: &[u8]) -> bool {
    if core::str::from_utf8(text).is_err() {
        return false;
    }
    let clean = |b: &u8| *b >= b' ' && *b != b'"';
    if !text.contains(&b'\\') {
        return text.iter().all(clean);
    }
    let mut again = Vec::with_capacity(text.len());
    let mut rest = text;
    // A quote may stand only behind its backslash; anything else is caught by spelling it again.
    while let Some((byte, after)) = rest.split_first() {
        if *byte != b'\\' {
            if !clean(byte) {
                return false;
            }
            rest = after;
        } else if let Ok((_, after)) = decode_escape(after) {
            rest = after;
        } else {
            return false;
        }
    }
    canonical(text, 0, &mut again).is_ok() && again == text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(raw: &str) -> Result<String, JsonErrorKind> {
        let mut out = Vec::new();
        canonical(raw.as_bytes(), 0, &mut out).map_err(|e| e.kind())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn one_spelling_is_kept() {
        for (raw, kept) in [
            ("plain", "plain"),
            (r"\u0041\/", "A/"),
            (r#"\"\\"#, r#"\"\\"#),
            (r"\u000a\u000A\n", r"\n\n\n"),
            (r"\u0001", r"\u0001"),
            (r"\ud83d\ude00", "\u{1F600}"),
            (r"\u00e9é", "éé"),
            (r"\u007f", "\u{7f}"),
        ] {
            assert_eq!(spelled(raw).unwrap(), kept);
            assert!(is_canonical(kept.as_bytes()), "{kept}");
            let mut again = Vec::new();
            escape(&unescape(kept.as_bytes()), &mut again);
            assert_eq!(again, kept.as_bytes());
        }
    }

    #[test]
    fn broken_escapes_are_refused() {
        for (raw, kind) in [
            (r"\x", JsonErrorKind::InvalidEscape),
            (r"\u12", JsonErrorKind::InvalidEscape),
            (r"\u12g4", JsonErrorKind::InvalidEscape),
            (r"\ud800", JsonErrorKind::LoneSurrogate),
            (r"\ud800x", JsonErrorKind::LoneSurrogate),
            (r"\ud800\u0041", JsonErrorKind::LoneSurrogate),
            (r"\udc00", JsonErrorKind::LoneSurrogate),
            (r"\udc00\ud800", JsonErrorKind::LoneSurrogate),
        ] {
            assert_eq!(spelled(raw).unwrap_err(), kind, "{raw}");
        }
        assert!(!is_canonical(br"\u0041"));
        assert!(!is_canonical(b"a\"b"));
        assert!(!is_canonical(b"\xff"));
    }
}
