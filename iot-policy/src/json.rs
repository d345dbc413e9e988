//! A strict reader of JSON (RFC 8259) that hands out one token at a time.
//!
//! The grammar of policies is fixed and five levels deep, so its reader asks for what it expects and anything else is an
//! error where it stands: nothing is skipped, built as a tree, or recursed into.

use alloc::borrow::Cow;
use alloc::string::String;

use crate::error::{Found, PolicyErrorKind};

/// What a value begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Boolean,
    Null,
}

/// A place in a document, reading on.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

type Result<T> = core::result::Result<T, PolicyErrorKind>;

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// What stands here, for a message.
    pub(crate) fn found(&self) -> Found {
        match self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next())
        {
            None => Found::End,
            Some(character) => Found::Character(character),
        }
    }

    fn step(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }

    pub(crate) fn skip_space(&mut self) {
        let space = self
            .rest()
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
            .count();
        self.step(space);
    }

    /// The kind of the value that begins here.
    pub(crate) fn kind(&mut self) -> Result<Kind> {
        self.skip_space();
        match self.peek() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Boolean),
            Some(b'n') => Ok(Kind::Null),
            Some(_) | None => Err(PolicyErrorKind::Syntax {
                found: self.found(),
                expected: "a value",
            }),
        }
    }

    /// Takes one character of the grammar.
    pub(crate) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<()> {
        self.skip_space();
        if self.peek() == Some(byte) {
            self.step(1);
            Ok(())
        } else {
            Err(PolicyErrorKind::Syntax {
                found: self.found(),
                expected,
            })
        }
    }

    /// After `{` or `[`, or after a member: whether another one follows. Takes the comma or the bracket.
    pub(crate) fn more(&mut self, first: bool, close: u8) -> Result<bool> {
        self.skip_space();
        match self.peek() {
            Some(byte) if byte == close => {
                self.step(1);
                Ok(false)
            }
            Some(b',') if !first => {
                self.step(1);
                Ok(true)
            }
            Some(_) if first => Ok(true),
            Some(_) | None => Err(PolicyErrorKind::Syntax {
                found: self.found(),
                expected: match (first, close) {
                    (true, b'}') => "a name or `}`",
                    (true, _) => "a value or `]`",
                    (false, b'}') => "`,` or `}`",
                    (false, _) => "`,` or `]`",
                },
            }),
        }
    }

    /// Nothing but space may follow the document.
    pub(crate) fn end(&mut self) -> Result<()> {
        self.skip_space();
        match self.found() {
            Found::End => Ok(()),
            found @ Found::Character(_) => Err(PolicyErrorKind::Syntax {
                found,
                expected: "the end of the document",
            }),
        }
    }

    /// A string, its escapes resolved.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>> {
        self.expect(b'"', "a string")?;
        let mut owned: Option<String> = None;
        loop {
            let plain = self
                .rest()
                .iter()
                .take_while(|&&byte| byte != b'"' && byte != b'\\' && byte >= 0x20)
                .count();
            let end = self.at.saturating_add(plain);
            // Both ends stand before an ASCII character or at the end.
            let piece = self.text.get(self.at..end).unwrap_or_default();
            self.at = end;
            match self.peek() {
                Some(b'"') => {
                    self.step(1);
                    return Ok(match owned {
                        None => Cow::Borrowed(piece),
                        Some(mut text) => {
                            text.push_str(piece);
                            Cow::Owned(text)
                        }
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_default();
                    text.push_str(piece);
                    text.push(self.escape()?);
                }
                Some(_) => {
                    return Err(PolicyErrorKind::Syntax {
                        found: self.found(),
                        expected: "an escape instead of a control character",
                    });
                }
                None => {
                    return Err(PolicyErrorKind::Syntax {
                        found: Found::End,
                        expected: "the end of the string",
                    });
                }
            }
        }
    }

    /// One escape; the reader stands before its backslash.
    fn escape(&mut self) -> Result<char> {
        let wrong = |reader: &Self| PolicyErrorKind::Syntax {
            found: reader.found(),
            expected: "an escape of JSON",
        };
        self.step(1);
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.step(1);
                let start = self.at;
                let high = self.hex4()?;
                let scalar = if (0xD800..0xDC00).contains(&high) && self.rest().starts_with(b"\\u")
                {
                    self.step(2);
                    let low = self.hex4()?;
                    if (0xDC00..0xE000).contains(&low) {
                        // RFC 8259 §7: a surrogate pair is one character.
                        0x1_0000_u32
                            .saturating_add((high & 0x3FF) << 10)
                            .saturating_add(low & 0x3FF)
                    } else {
                        high
                    }
                } else {
                    high
                };
                return char::from_u32(scalar).ok_or_else(|| {
                    self.at = start;
                    PolicyErrorKind::Syntax {
                        found: self.found(),
                        expected: "both halves of a surrogate pair",
                    }
                });
            }
            Some(_) | None => return Err(wrong(self)),
        };
        self.step(1);
        Ok(character)
    }

    fn hex4(&mut self) -> Result<u32> {
        let mut value = 0_u32;
        for _ in 0..4 {
            let digit = self
                .peek()
                .and_then(|byte| char::from(byte).to_digit(16))
                .ok_or(PolicyErrorKind::Syntax {
                    found: self.found(),
                    expected: "four hexadecimal digits",
                })?;
            value = (value << 4) | digit;
            self.step(1);
        }
        Ok(value)
    }

    /// `true`, `false` or a number, as it is spelt.
    pub(crate) fn scalar_text(&mut self) -> Result<&'a str> {
        self.skip_space();
        let start = self.at;
        for word in ["true", "false"] {
            if self.rest().starts_with(word.as_bytes()) {
                self.step(word.len());
                return Ok(word);
            }
        }
        if self.peek() == Some(b'-') {
            self.step(1);
        }
        let digits = self.digits();
        let leading_zero = digits > 1
            && self
                .text
                .as_bytes()
                .get(self.at.saturating_sub(digits))
                .is_some_and(|&byte| byte == b'0');
        let mut valid = digits > 0 && !leading_zero;
        if self.peek() == Some(b'.') {
            self.step(1);
            valid &= self.digits() > 0;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.step(1);
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.step(1);
            }
            valid &= self.digits() > 0;
        }
        if valid {
            Ok(self.text.get(start..self.at).unwrap_or_default())
        } else {
            self.at = start;
            Err(PolicyErrorKind::Syntax {
                found: self.found(),
                expected: "a number, `true` or `false`",
            })
        }
    }

    fn digits(&mut self) -> usize {
        let count = self
            .rest()
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        self.step(count);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> core::result::Result<String, usize> {
        let mut reader = Reader::new(text);
        match reader.string().map(Cow::into_owned) {
            Ok(text) => Ok(text),
            Err(_) => Err(reader.at()),
        }
    }

    #[test]
    fn strings() {
        assert_eq!(
            string(r#""a\"\\\/\b\f\n\r\té""#).unwrap(),
            "a\"\\/\u{8}\u{c}\n\r\té"
        );
        assert_eq!(string(r#""\uD83D\uDE00\u00e9""#).unwrap(), "😀é");
        // Half a pair, a bare control character, an unknown escape, no end.
        assert_eq!(string(r#""\uD83D""#), Err(3));
        assert_eq!(string(r#""\uD83Dx""#), Err(3));
        assert_eq!(string(r#""\uDE00""#), Err(3));
        assert_eq!(string("\"a\nb\""), Err(2));
        assert_eq!(string(r#""\x""#), Err(2));
        assert_eq!(string("\"abc"), Err(4));
        assert_eq!(string(r#""\u12g4""#), Err(5));
    }

    #[test]
    fn numbers_as_spelt() {
        for good in ["0", "-0", "10.50", "1e3", "-1.5E-7", "true", "false"] {
            assert_eq!(Reader::new(good).scalar_text().unwrap(), good);
        }
        for bad in ["01", "-", ".5", "1.", "1e", "tru", "+1", "NaN"] {
            let mut reader = Reader::new(bad);
            assert!(
                reader.scalar_text().and_then(|_| reader.end()).is_err(),
                "{bad}"
            );
        }
    }
}
