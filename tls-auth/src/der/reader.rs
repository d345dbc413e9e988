/// The identifier octet of a DER value. Only low tag numbers occur in certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag(pub(crate) u8);

impl Tag {
    pub(crate) const BOOLEAN: Self = Self(0x01);
    pub(crate) const INTEGER: Self = Self(0x02);
    pub(crate) const BIT_STRING: Self = Self(0x03);
    pub(crate) const OCTET_STRING: Self = Self(0x04);
    pub(crate) const OID: Self = Self(0x06);
    pub(crate) const SEQUENCE: Self = Self(0x30);
    pub(crate) const SET: Self = Self(0x31);
    pub(crate) const UTC_TIME: Self = Self(0x17);
    pub(crate) const GENERALIZED_TIME: Self = Self(0x18);

    /// `[number]`, primitive.
    pub(crate) const fn context(number: u8) -> Self {
        Self(0x80 | (number & 0x1F))
    }

    /// `[number]`, constructed.
    pub(crate) const fn constructed(number: u8) -> Self {
        Self(0xA0 | (number & 0x1F))
    }
}

/// Bytes that are not the DER of what was to be read there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// A cursor over DER: the only code that touches offsets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Reads all of `bytes` by `read`; what is left over makes it malformed.
    pub(crate) fn all<T>(
        bytes: &'a [u8],
        what: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        let mut reader = Self::new(bytes);
        let value = read(&mut reader)?;
        if reader.is_empty() {
            Ok(value)
        } else {
            Err(Malformed(what))
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) fn peek(&self) -> Option<Tag> {
        self.rest.first().copied().map(Tag)
    }

    /// The next value: its tag, its contents, and all of its bytes.
    pub(crate) fn value(
        &mut self,
        what: &'static str,
    ) -> Result<(Tag, &'a [u8], &'a [u8]), Malformed> {
        let malformed = Malformed(what);
        let [tag, first, after @ ..] = self.rest else {
            return Err(malformed);
        };
        // High tag numbers, which nothing here has.
        if tag & 0x1F == 0x1F {
            return Err(malformed);
        }
        let (length, contents) = match *first {
            short @ 0..=0x7F => (usize::from(short), after),
            // X.690 §10.1: the definite form, in the fewest octets.
            0x81 => match after {
                [length @ 0x80..=0xFF, after @ ..] => (usize::from(*length), after),
                _ => return Err(malformed),
            },
            0x82 => match after {
                [high @ 1..=0xFF, low, after @ ..] => {
                    (usize::from(u16::from_be_bytes([*high, *low])), after)
                }
                _ => return Err(malformed),
            },
            0x83 => match after {
                [high @ 1..=0xFF, middle, low, after @ ..] => {
                    let length = u32::from_be_bytes([0, *high, *middle, *low]);
                    (usize::try_from(length).map_err(|_| malformed)?, after)
                }
                _ => return Err(malformed),
            },
            _ => return Err(malformed),
        };
        let (contents, rest) = contents.split_at_checked(length).ok_or(malformed)?;
        let size = self.rest.len().saturating_sub(rest.len());
        let whole = self.rest.get(..size).ok_or(malformed)?;
        self.rest = rest;
        Ok((Tag(*tag), contents, whole))
    }

    /// The contents of the next value, which must have this tag.
    pub(crate) fn expect(&mut self, tag: Tag, what: &'static str) -> Result<&'a [u8], Malformed> {
        match self.value(what)? {
            (found, contents, _) if found == tag => Ok(contents),
            _ => Err(Malformed(what)),
        }
    }

    /// All bytes of the next value, which must have this tag.
    pub(crate) fn expect_whole(
        &mut self,
        tag: Tag,
        what: &'static str,
    ) -> Result<&'a [u8], Malformed> {
        match self.value(what)? {
            (found, _, whole) if found == tag => Ok(whole),
            _ => Err(Malformed(what)),
        }
    }

    /// The contents of the next value if it has this tag.
    pub(crate) fn optional(
        &mut self,
        tag: Tag,
        what: &'static str,
    ) -> Result<Option<&'a [u8]>, Malformed> {
        if self.peek() == Some(tag) {
            self.expect(tag, what).map(Some)
        } else {
            Ok(None)
        }
    }

    /// The contents of the next `SEQUENCE`, to be read.
    pub(crate) fn sequence(&mut self, what: &'static str) -> Result<Self, Malformed> {
        self.expect(Tag::SEQUENCE, what).map(Self::new)
    }

    /// The octets of an `INTEGER` as they stand: two's complement, in the fewest octets.
    pub(crate) fn integer(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        match self.expect(Tag::INTEGER, what)? {
            // X.690 §8.3.2
            [] | [0x00, 0x00..=0x7F, ..] | [0xFF, 0x80..=0xFF, ..] => Err(Malformed(what)),
            octets => Ok(octets),
        }
    }

    /// An `INTEGER` from 0 to 255.
    pub(crate) fn small(&mut self, what: &'static str) -> Result<u8, Malformed> {
        match self.integer(what)? {
            [value @ 0..=0x7F] | [0, value] => Ok(*value),
            _ => Err(Malformed(what)),
        }
    }

    /// A `BOOLEAN`, or false where it is left out. `DEFAULT FALSE` written out is tolerated, as everyone does.
    pub(crate) fn default_false(&mut self, what: &'static str) -> Result<bool, Malformed> {
        match self.optional(Tag::BOOLEAN, what)? {
            None | Some([0x00]) => Ok(false),
            Some([0xFF]) => Ok(true),
            Some(_) => Err(Malformed(what)),
        }
    }

    /// The octets of a `BIT STRING` that fills its last octet.
    pub(crate) fn bit_string(&mut self, what: &'static str) -> Result<&'a [u8], Malformed> {
        match self.expect(Tag::BIT_STRING, what)? {
            [0, octets @ ..] => Ok(octets),
            _ => Err(Malformed(what)),
        }
    }

    /// The first sixteen bits of a `BIT STRING`, the first as the highest bit.
    pub(crate) fn flags(&mut self, what: &'static str) -> Result<u16, Malformed> {
        let [unused @ 0..=7, octets @ ..] = self.expect(Tag::BIT_STRING, what)? else {
            return Err(Malformed(what));
        };
        let (first, second) = match octets {
            [] if *unused == 0 => (0, 0),
            [first] => (*first, 0),
            [first, second, ..] => (*first, *second),
            [] => return Err(Malformed(what)),
        };
        // X.690 §11.2.1: unused bits are zero.
        let unused_bits = 0xFF_u8.checked_shr(8_u32.saturating_sub(u32::from(*unused)));
        match octets.last() {
            Some(last) if last & unused_bits.unwrap_or(0) != 0 => Err(Malformed(what)),
            _ => Ok(u16::from_be_bytes([first, second])),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_shortest_lengths_are_read() {
        let read = |bytes: &[u8]| {
            Reader::new(bytes)
                .value("test")
                .map(|(_, value, _)| value.len())
        };
        assert_eq!(read(&[0x04, 0x00]), Ok(0));
        assert_eq!(
            read(&[&[0x04, 0x81, 0x80][..], &[0; 0x80]].concat()),
            Ok(0x80)
        );
        assert_eq!(
            read(&[&[0x04, 0x82, 1, 0][..], &[0; 0x100]].concat()),
            Ok(0x100)
        );
        for bytes in [
            &[0x04][..],
            &[0x04, 0x01],
            &[0x04, 0x80],
            &[0x04, 0x81, 0x01, 0x00],
            &[0x04, 0x81],
            &[0x04, 0x82, 0x00, 0x80],
            &[0x04, 0x83, 0x00, 0x01, 0x00],
            &[0x04, 0x84, 0x00, 0x00, 0x00, 0x01],
            &[0x1F, 0x01, 0x00],
        ] {
            assert_eq!(read(bytes), Err(Malformed("test")), "{bytes:02x?}");
        }
    }

    #[test]
    fn bits_are_read_from_the_highest() {
        let flags = |bytes: &[u8]| Reader::new(bytes).flags("test");
        assert_eq!(flags(&[0x03, 0x02, 0x07, 0x80]), Ok(0x8000));
        assert_eq!(flags(&[0x03, 0x03, 0x07, 0x00, 0x80]), Ok(0x0080));
        assert_eq!(flags(&[0x03, 0x01, 0x00]), Ok(0));
        for bytes in [
            &[0x03, 0x00][..],
            &[0x03, 0x01, 0x07],
            &[0x03, 0x02, 0x08, 0x00],
            &[0x03, 0x02, 0x07, 0xC0],
        ] {
            assert_eq!(flags(bytes), Err(Malformed("test")), "{bytes:02x?}");
        }
    }

    #[test]
    fn integers_are_minimal() {
        let integer = |bytes: &[u8]| Reader::new(bytes).integer("test").map(<[u8]>::len);
        assert_eq!(integer(&[2, 1, 0]), Ok(1));
        assert_eq!(integer(&[2, 2, 0, 0x80]), Ok(2));
        assert_eq!(integer(&[2, 0]), Err(Malformed("test")));
        assert_eq!(integer(&[2, 2, 0, 0x7F]), Err(Malformed("test")));
        assert_eq!(integer(&[2, 2, 0xFF, 0x80]), Err(Malformed("test")));
    }
}
