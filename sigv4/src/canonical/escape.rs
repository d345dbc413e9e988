//! Percent-encoding as the signature wants it: only the unreserved characters of RFC 3986 §2.3 stand for themselves, and hex digits
//! are upper-case.

const UPPER_HEX: [u8; 16] = *b"0123456789ABCDEF";

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which would refuse an index past the end"
)]
const fn unreserved_table() -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0_u8;
    loop {
        table[byte as usize] =
            matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~');
        if byte == u8::MAX {
            return table;
        }
        byte = byte.wrapping_add(1);
    }
}

static UNRESERVED: [bool; 256] = unreserved_table();

/// RFC 3986 §2.3.
#[inline]
pub(crate) fn is_unreserved(byte: u8) -> bool {
    UNRESERVED.get(usize::from(byte)).copied().unwrap_or(false)
}

/// Bytes that no request line can carry raw (RFC 9112 §3): controls and space would end or split it, `#` starts a fragment, which is
/// never sent. Bytes above 0x7F are not legal either, but clients do send raw UTF-8 and the encoding of it is unambiguous.
#[inline]
pub(crate) const fn is_forbidden(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7F || byte == b'#'
}

#[inline]
fn push_escape(out: &mut Vec<u8>, byte: u8) {
    let digit = |nibble: u8| UPPER_HEX.get(usize::from(nibble)).copied().unwrap_or(b'0');
    out.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 0x0F)]);
}

/// Appends `bytes`, escaping what is not unreserved.
pub(crate) fn push_encoded(out: &mut Vec<u8>, bytes: &[u8]) {
    push_encoded_except(out, bytes, |_| false);
}

/// Appends `bytes`, escaping what is neither unreserved nor kept.
#[inline]
pub(crate) fn push_encoded_except(out: &mut Vec<u8>, bytes: &[u8], keep: impl Fn(u8) -> bool) {
    let plain = |byte: u8| is_unreserved(byte) || keep(byte);
    let mut rest = bytes;
    loop {
        let run = rest
            .iter()
            .position(|&byte| !plain(byte))
            .unwrap_or(rest.len());
        let (head, tail) = rest.split_at_checked(run).unwrap_or((rest, &[]));
        out.extend_from_slice(head);
        let Some((&byte, after)) = tail.split_first() else {
            return;
        };
        push_escape(out, byte);
        rest = after;
    }
}

pub(crate) const fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(digit.wrapping_sub(b'a').wrapping_add(10)),
        b'A'..=b'F' => Some(digit.wrapping_sub(b'A').wrapping_add(10)),
        _ => None,
    }
}

/// The byte that `%XY` at the start of `rest` (after the `%`) stands for, and what follows it.
fn escape(rest: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], after) = rest.split_first_chunk::<2>()?;
    Some(((hex_value(high)? << 4) | hex_value(low)?, after))
}

/// Appends the canonical form of one query name or value: escapes are decoded to bytes and encoded again, so that `%2f`, `%2F` and `/`
/// agree. A `+` is the character `+`: RFC 3986 knows no other meaning, and form bodies are not signed as queries.
///
/// On failure gives the offset of the byte in `raw` that cannot be there.
#[inline]
pub(crate) fn push_reencoded(out: &mut Vec<u8>, raw: &[u8]) -> Result<(), usize> {
    let mut rest = raw;
    loop {
        let run = rest
            .iter()
            .position(|&byte| !is_unreserved(byte))
            .unwrap_or(rest.len());
        let (head, tail) = rest.split_at_checked(run).unwrap_or((rest, &[]));
        out.extend_from_slice(head);
        let Some((&byte, after)) = tail.split_first() else {
            return Ok(());
        };
        let at = raw.len().saturating_sub(tail.len());
        if byte == b'%' {
            let (decoded, after) = escape(after).ok_or(at)?;
            if is_unreserved(decoded) {
                out.push(decoded);
            } else {
                push_escape(out, decoded);
            }
            rest = after;
        } else if is_forbidden(byte) {
            return Err(at);
        } else {
            push_escape(out, byte);
            rest = after;
        }
    }
}

/// Appends what `encoded`, a canonical name or value, stands for.
pub(crate) fn push_decoded(out: &mut Vec<u8>, encoded: &[u8]) {
    let mut rest = encoded;
    while let Some((&byte, after)) = rest.split_first() {
        match (byte, escape(after)) {
            (b'%', Some((decoded, after))) => {
                out.push(decoded);
                rest = after;
            }
            _ => {
                out.push(byte);
                rest = after;
            }
        }
    }
}

/// Whether every `%` of `raw` starts an escape and no byte is forbidden; else the offset of the first that is wrong.
pub(crate) fn check(raw: &[u8]) -> Result<(), usize> {
    let mut rest = raw;
    loop {
        let run = rest
            .iter()
            .position(|&byte| byte == b'%' || is_forbidden(byte))
            .unwrap_or(rest.len());
        let Some((&byte, after)) = rest
            .split_at_checked(run)
            .and_then(|(_, tail)| tail.split_first())
        else {
            return Ok(());
        };
        let at = raw.len().saturating_sub(after.len()).saturating_sub(1);
        if byte != b'%' {
            return Err(at);
        }
        rest = escape(after).ok_or(at)?.1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reencoded(raw: &str) -> Result<String, usize> {
        let mut out = Vec::new();
        push_reencoded(&mut out, raw.as_bytes())?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn spellings_of_one_value_agree() {
        for (raw, canonical) in [
            ("", ""),
            ("abc-._~09", "abc-._~09"),
            ("%2f%2F/", "%2F%2F%2F"),
            ("%7Ex%7ex~x", "~x~x~x"),
            ("a+b", "a%2Bb"),
            ("a%20b", "a%20b"),
            ("a=b", "a%3Db"),
            ("\u{20ac}", "%E2%82%AC"),
            ("%FF", "%FF"),
            ("%00", "%00"),
        ] {
            assert_eq!(reencoded(raw).as_deref(), Ok(canonical), "{raw}");
        }
    }

    #[test]
    fn bad_escapes_are_found_where_they_are() {
        for (raw, at) in [
            ("%", 0),
            ("a%", 1),
            ("a%4", 1),
            ("%zz", 0),
            ("%4g", 0),
            ("ab%%41", 2),
            ("a b", 1),
            ("a\nb", 1),
            ("a#", 1),
            ("\u{7f}", 0),
        ] {
            assert_eq!(reencoded(raw), Err(at), "{raw:?}");
            assert_eq!(check(raw.as_bytes()), Err(at), "{raw:?}");
        }
        assert_eq!(check(b"/a%41/\xff?"), Ok(()));
    }

    #[test]
    fn decoding_undoes_encoding_for_every_byte() {
        let all: Vec<u8> = (0..=255).collect();
        let (mut encoded, mut decoded) = (Vec::new(), Vec::new());
        push_encoded(&mut encoded, &all);
        push_decoded(&mut decoded, &encoded);
        assert_eq!(decoded, all);
        let mut again = Vec::new();
        push_reencoded(&mut again, &encoded).unwrap();
        assert_eq!(again, encoded, "canonical text is its own canonical form");
    }
}
