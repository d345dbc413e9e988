use super::{JsonError, JsonErrorKind, grammar_end, number_end};

/// A place in a JSON text that is known to be UTF-8.
#[derive(Clone)]
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    rest: &'a [u8],
    /// Whether numbers may be beyond every double.
    any_number: bool,
}

/// The raw contents of a string, and whether they hold an escape.
pub(crate) struct RawString<'a> {
    pub(crate) raw: &'a [u8],
    pub(crate) escaped: bool,
    pub(crate) offset: usize,
}

impl<'a> Scanner<'a> {
    /// Begins at the first byte that is not white space.
    ///
    /// # Errors
    /// The bytes are not UTF-8.
    pub(crate) fn new(text: &'a [u8]) -> Result<Self, JsonError> {
        if let Err(error) = core::str::from_utf8(text) {
            return Err(JsonError::new(JsonErrorKind::NotUtf8, error.valid_up_to()));
        }
        let mut scanner = Self {
            text,
            rest: text,
            any_number: false,
        };
        scanner.skip_space();
        Ok(scanner)
    }

    /// Takes numbers of any size, for a text that is searched and not kept.
    pub(crate) const fn with_any_number(mut self) -> Self {
        self.any_number = true;
        self
    }

    pub(crate) const fn offset(&self) -> usize {
        self.text.len().saturating_sub(self.rest.len())
    }

    pub(crate) const fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError::new(kind, self.offset())
    }

    /// The error for a byte, or the end, that fits nothing here.
    pub(crate) const fn unexpected(&self) -> JsonError {
        if self.rest.is_empty() {
            self.error(JsonErrorKind::UnexpectedEnd)
        } else {
            self.error(JsonErrorKind::UnexpectedByte)
        }
    }

    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(crate) fn advance(&mut self, bytes: usize) -> &'a [u8] {
        let (head, rest) = self
            .rest
            .split_at_checked(bytes)
            .unwrap_or((self.rest, &[]));
        self.rest = rest;
        head
    }

    pub(crate) fn skip_space(&mut self) {
        while let Some((b' ' | b'\n' | b'\r' | b'\t', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
    }

    /// Takes `byte` and the white space behind it, if it stands here.
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                self.skip_space();
                true
            }
            _ => false,
        }
    }

    /// As [`eat`](Self::eat), or an error.
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.eat(byte) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    /// The end of the text.
    pub(crate) fn finish(&mut self) -> Result<(), JsonError> {
        self.skip_space();
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.error(JsonErrorKind::TrailingData))
        }
    }

    /// A string; its escapes are looked at only when it is spelled out.
    pub(crate) fn string(&mut self) -> Result<RawString<'a>, JsonError> {
        let Some((b'"', inside)) = self.rest.split_first() else {
            return Err(self.unexpected());
        };
        let offset = self.offset().saturating_add(1);
        let mut escaped = false;
        let mut skip = false;
        for (length, byte) in inside.iter().enumerate() {
            if skip {
                skip = false;
                if *byte >= b' ' {
                    continue;
                }
            }
            match byte {
                b'"' => {
                    let (raw, rest) = inside.split_at_checked(length).unwrap_or((inside, &[]));
                    self.rest = rest;
                    self.advance(1);
                    return Ok(RawString {
                        raw,
                        escaped,
                        offset,
                    });
                }
                b'\\' => {
                    escaped = true;
                    skip = true;
                }
                0..b' ' => {
                    let at = offset.saturating_add(length);
                    return Err(JsonError::new(JsonErrorKind::ControlCharacter, at));
                }
                _ => {}
            }
        }
        Err(JsonError::new(
            JsonErrorKind::UnexpectedEnd,
            self.text.len(),
        ))
    }

    /// A number, as it is written.
    pub(crate) fn number(&mut self) -> Result<&'a [u8], JsonError> {
        let end = if self.any_number {
            grammar_end
        } else {
            number_end
        };
        let length = end(self.rest, self.offset())?;
        Ok(self.advance(length))
    }

    /// `true`, `false` or `null`, as `word` says.
    pub(crate) fn word(&mut self, word: &[u8]) -> Result<&'a [u8], JsonError> {
        if self.rest.starts_with(word) {
            return Ok(self.advance(word.len()));
        }
        Err(self.unexpected())
    }

    /// Passes over one value of any kind without keeping it. `max_open` bounds the containers that
    /// may be open at once; the openers are kept as bits, so that nothing grows.
    pub(crate) fn skip_value(&mut self, max_open: u32) -> Result<(), JsonError> {
        let mut open = 0_u32;
        let mut objects = 0_u128;
        loop {
            match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    let is_object = bracket == b'{';
                    let offset = self.offset();
                    self.eat(bracket);
                    if self.eat(closer(is_object)) {
                        // An empty container is no level.
                    } else {
                        if open >= max_open.min(127) {
                            return Err(JsonError::new(JsonErrorKind::TooDeep, offset));
                        }
                        open = open.saturating_add(1);
                        objects = objects << 1 | u128::from(is_object);
                        if is_object {
                            self.skip_name()?;
                        }
                        continue;
                    }
                }
                _ => self.skip_scalar()?,
            }
            loop {
                self.skip_space();
                if open == 0 {
                    return Ok(());
                }
                let in_object = objects & 1 == 1;
                if self.eat(b',') {
                    if in_object {
                        self.skip_name()?;
                    }
                    break;
                }
                if !self.eat(closer(in_object)) {
                    return Err(self.unexpected());
                }
                open = open.saturating_sub(1);
                objects >>= 1;
            }
        }
    }

    fn skip_name(&mut self) -> Result<(), JsonError> {
        self.check_string()?;
        self.skip_space();
        self.expect(b':')
    }

    fn check_string(&mut self) -> Result<(), JsonError> {
        let string = self.string()?;
        if string.escaped {
            super::canonical(string.raw, string.offset, &mut alloc::vec::Vec::new())?;
        }
        Ok(())
    }

    fn skip_scalar(&mut self) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.check_string(),
            Some(b't') => self.word(b"true").map(drop),
            Some(b'f') => self.word(b"false").map(drop),
            Some(b'n') => self.word(b"null").map(drop),
            Some(byte) if super::is_number_start(byte) => self.number().map(drop),
            _ => Err(self.unexpected()),
        }
    }
}

/// The bracket that ends a container.
pub(super) const fn closer(is_object: bool) -> u8 {
    if is_object { b'}' } else { b']' }
}
