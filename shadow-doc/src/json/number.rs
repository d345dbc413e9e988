//! Numbers as text: the grammar of RFC 8259 §6, and equality by value.
//!
//! A device that sends `18446744073709551615` or `0.1` must read back the same characters, and a
//! shadow must not call `9007199254740993` and `9007199254740992` equal. No binary type holds all
//! of them, so a number stays the text it came as and is compared digit by digit.

use super::{JsonError, JsonErrorKind};

/// Longest exponent that is looked at. A billion is far past the range of a double on either side,
/// and what is left fits `i64` arithmetic with any mantissa that fits in memory.
const MAX_EXPONENT: i64 = 1_000_000_000;

/// True for the bytes with which a number begins.
pub(crate) const fn is_number_start(byte: u8) -> bool {
    byte == b'-' || byte.is_ascii_digit()
}

/// The length of the number at the start of `text`. `offset` is where `text` stands in the input.
pub(crate) fn number_end(text: &[u8], offset: usize) -> Result<usize, JsonError> {
    let end = grammar_end(text, offset)?;
    let number = text.get(..end).unwrap_or(text);
    // 308 digits before the point are always a double; only longer ones and exponents can leave it.
    let is_plain = end <= 308 && !number.iter().any(|b| matches!(b, b'e' | b'E'));
    if is_plain || in_range(number) {
        Ok(end)
    } else {
        Err(JsonError::new(JsonErrorKind::NumberOutOfRange, offset))
    }
}

/// As [`number_end`], whatever the number is worth.
pub(crate) fn grammar_end(text: &[u8], offset: usize) -> Result<usize, JsonError> {
    let invalid = |at: usize| {
        let kind = if at >= text.len() {
            JsonErrorKind::UnexpectedEnd
        } else {
            JsonErrorKind::InvalidNumber
        };
        Err(JsonError::new(kind, offset.saturating_add(at)))
    };
    let at = |i: usize| text.get(i).copied();
    let digits = |mut i: usize| {
        while at(i).is_some_and(|b| b.is_ascii_digit()) {
            i = i.saturating_add(1);
        }
        i
    };
    let start = usize::from(at(0) == Some(b'-'));
    let int_end = digits(start);
    if int_end == start || (at(start) == Some(b'0') && int_end.saturating_sub(start) > 1) {
        return invalid(start);
    }
    let mut end = int_end;
    if at(end) == Some(b'.') {
        let fraction = end.saturating_add(1);
        end = digits(fraction);
        if end == fraction {
            return invalid(end);
        }
    }
    if matches!(at(end), Some(b'e' | b'E')) {
        let mut exponent = end.saturating_add(1);
        if matches!(at(exponent), Some(b'+' | b'-')) {
            exponent = exponent.saturating_add(1);
        }
        end = digits(exponent);
        if end == exponent {
            return invalid(end);
        }
    }
    Ok(end)
}

/// False for a magnitude that no double reaches, and for an exponent past a billion on either side.
/// Numbers too small for a double stay: they round to zero, which is no surprise to the reader.
fn in_range(number: &[u8]) -> bool {
    let decimal = Decimal::new(number);
    if decimal.is_zero() {
        return true;
    }
    if decimal.exponent.abs() >= MAX_EXPONENT {
        return false;
    }
    core::str::from_utf8(number)
        .ok()
        .and_then(|text| text.parse::<f64>().ok())
        .is_some_and(f64::is_finite)
}

/// A number as sign, significant digits (no zeros at either end) and the exponent of a point
/// standing before the first of them: `-12.50` is − · 0.125 · 10².
struct Decimal<'a> {
    negative: bool,
    integer: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> Decimal<'a> {
    fn new(text: &'a [u8]) -> Self {
        let (negative, text) = match text.split_first() {
            Some((b'-', rest)) => (true, rest),
            _ => (false, text),
        };
        let (mantissa, exponent) = match text.iter().position(|b| matches!(b, b'e' | b'E')) {
            Some(e) => (
                text.get(..e).unwrap_or_default(),
                parse_exponent(text.get(e.saturating_add(1)..).unwrap_or_default()),
            ),
            None => (text, 0),
        };
        let (integer, fraction) = match mantissa.iter().position(|b| *b == b'.') {
            Some(dot) => (
                mantissa.get(..dot).unwrap_or_default(),
                mantissa.get(dot.saturating_add(1)..).unwrap_or_default(),
            ),
            None => (mantissa, &[][..]),
        };
        let integer = trim_start(integer);
        let mut decimal = Self {
            negative,
            integer,
            fraction: trim_end(fraction),
            exponent: exponent.saturating_add(length(integer)),
        };
        if decimal.integer.is_empty() {
            let significant = trim_start(decimal.fraction);
            let zeros = length(decimal.fraction).saturating_sub(length(significant));
            decimal.fraction = significant;
            decimal.exponent = exponent.saturating_sub(zeros);
        }
        if decimal.fraction.is_empty() {
            decimal.integer = trim_end(decimal.integer);
        }
        decimal
    }

    const fn is_zero(&self) -> bool {
        self.integer.is_empty() && self.fraction.is_empty()
    }

    fn digits(&self) -> impl Iterator<Item = &u8> {
        self.integer.iter().chain(self.fraction)
    }
}

fn length(digits: &[u8]) -> i64 {
    i64::try_from(digits.len()).unwrap_or(i64::MAX)
}

fn trim_start(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|d| **d == b'0').count();
    digits.get(zeros..).unwrap_or_default()
}

fn trim_end(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().rev().take_while(|d| **d == b'0').count();
    digits
        .get(..digits.len().saturating_sub(zeros))
        .unwrap_or_default()
}

fn parse_exponent(text: &[u8]) -> i64 {
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let value = digits.iter().fold(0_i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit.wrapping_sub(b'0')))
    });
    // Halved at the end of the range so that the length of a mantissa can still be added.
    let value = value.min(i64::MAX / 2);
    if negative {
        value.saturating_neg()
    } else {
        value
    }
}

/// Whether two numbers are the same value: `1`, `1.0` and `10e-1` are; so are `0` and `-0`.
pub(super) fn same_number(a: &[u8], b: &[u8]) -> bool {
    if a == b {
        return true;
    }
    let (a, b) = (Decimal::new(a), Decimal::new(b));
    if a.is_zero() || b.is_zero() {
        return a.is_zero() && b.is_zero();
    }
    a.negative == b.negative && a.exponent == b.exponent && a.digits().eq(b.digits())
}

/// Appends a number; a whole one of at most 39 digits, which is what `u128` holds, without point and
/// exponent: `3.0` as `3`, for readers to whom only that is an integer.
#[cfg(feature = "serde")]
pub(super) fn push_plain(text: &[u8], out: &mut alloc::vec::Vec<u8>) {
    const LONGEST: usize = 39;
    let decimal = Decimal::new(text);
    if decimal.is_zero() {
        out.push(b'0');
        return;
    }
    let digits = decimal.digits().count();
    let Some(zeros) = usize::try_from(decimal.exponent)
        .ok()
        .filter(|length| *length <= LONGEST)
        .and_then(|length| length.checked_sub(digits))
    else {
        out.extend_from_slice(text);
        return;
    };
    if decimal.negative {
        out.push(b'-');
    }
    out.extend(decimal.digits());
    out.extend(core::iter::repeat_n(b'0', zeros));
}

/// A number that is a whole number from 0 to `u64::MAX`, however it is written (`3`, `3.0`, `30e-1`).
pub(crate) fn integer(text: &[u8]) -> Option<u64> {
    let decimal = Decimal::new(text);
    if decimal.is_zero() {
        return Some(0);
    }
    let digits = decimal.digits().count();
    let exponent = usize::try_from(decimal.exponent).ok()?;
    // `u64::MAX` has 20 digits.
    if decimal.negative || exponent > 20 || digits > exponent {
        return None;
    }
    let zeros = core::iter::repeat_n(&b'0', exponent.saturating_sub(digits));
    decimal
        .digits()
        .chain(zeros)
        .try_fold(0_u64, |value, digit| {
            value
                .checked_mul(10)?
                .checked_add(u64::from(digit.wrapping_sub(b'0')))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_by_value() {
        for (a, b) in [
            ("1", "1.0"),
            ("1", "10e-1"),
            ("100", "1e2"),
            ("100", "1E+2"),
            ("0", "-0"),
            ("0.0", "0e999999999999"),
            ("-12.50", "-125e-1"),
            ("0.001", "1e-3"),
            ("0.0010", "10e-4"),
            ("1200", "1.2e3"),
            ("10.01", "1001e-2"),
        ] {
            assert!(same_number(a.as_bytes(), b.as_bytes()), "{a} {b}");
            assert!(same_number(b.as_bytes(), a.as_bytes()), "{b} {a}");
        }
    }

    #[test]
    fn numbers_that_a_double_confuses_differ() {
        for (a, b) in [
            ("9007199254740993", "9007199254740992"),
            ("18446744073709551615", "18446744073709551616"),
            ("0.1", "0.10000000000000000001"),
            ("1", "-1"),
            ("1e300", "1.0000000000000001e300"),
            ("10", "1"),
            ("0.01", "0.1"),
            ("1e-400", "0"),
        ] {
            assert!(!same_number(a.as_bytes(), b.as_bytes()), "{a} {b}");
        }
    }

    #[test]
    fn the_grammar_is_rfc_8259() {
        for good in [
            "0",
            "-0",
            "1",
            "10.5",
            "1e5",
            "1E-5",
            "0.0e+0",
            "1e-400",
            "0e99999999999999",
        ] {
            assert_eq!(number_end(good.as_bytes(), 0), Ok(good.len()), "{good}");
        }
        for bad in ["-", "01", "-01", "1.", "1.e5", "1e", "1e+", ".5", "+1"] {
            assert!(number_end(bad.as_bytes(), 0).is_err(), "{bad}");
        }
        for far in [
            "1e400",
            "-1e309",
            "1e99999999999999999999",
            "1e-99999999999999999999",
        ] {
            let error = number_end(far.as_bytes(), 0).unwrap_err();
            assert_eq!(error.kind(), JsonErrorKind::NumberOutOfRange, "{far}");
        }
        let long = alloc::vec![b'9'; 400];
        assert!(
            number_end(&long, 0).is_err(),
            "four hundred digits are beyond a double"
        );
    }

    #[test]
    fn whole_numbers_are_read_however_written() {
        assert_eq!(integer(b"3"), Some(3));
        assert_eq!(integer(b"3.0"), Some(3));
        assert_eq!(integer(b"0.3e1"), Some(3));
        assert_eq!(integer(b"300e-2"), Some(3));
        assert_eq!(integer(b"-0"), Some(0));
        assert_eq!(integer(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(integer(b"18446744073709551616"), None);
        assert_eq!(integer(b"1.5"), None);
        assert_eq!(integer(b"-1"), None);
        assert_eq!(integer(b"1e300"), None);
    }
}
