use core::fmt;

/// A Variable Byte Integer: at most 268,435,455, in one to four bytes (MQTT 5.0 §1.5.5).
///
/// ```
/// use mqtt_codec::VariableByteInteger;
///
/// let n = VariableByteInteger::new(321).unwrap();
/// assert_eq!(n.encoded_len(), 2);
/// assert_eq!(n.encode().as_ref(), [0xC1, 0x02]);
/// assert!(VariableByteInteger::new(268_435_456).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VariableByteInteger(u32);

impl VariableByteInteger {
    /// The largest value, 268,435,455.
    pub const MAX: Self = Self(0x0FFF_FFFF);

    /// The integer `value`, unless it is too large.
    ///
    /// ```
    /// use mqtt_codec::VariableByteInteger;
    ///
    /// assert_eq!(VariableByteInteger::new(268_435_455), Some(VariableByteInteger::MAX));
    /// assert_eq!(VariableByteInteger::new(268_435_456), None);
    /// ```
    #[must_use]
    pub const fn new(value: u32) -> Option<Self> {
        if value <= Self::MAX.0 {
            Some(Self(value))
        } else {
            None
        }
    }

    pub(crate) const fn saturating(value: u32) -> Self {
        if value <= Self::MAX.0 {
            Self(value)
        } else {
            Self::MAX
        }
    }

    /// The number.
    ///
    /// ```
    /// use mqtt_codec::VariableByteInteger;
    ///
    /// assert_eq!(VariableByteInteger::MAX.get(), 268_435_455);
    /// ```
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// How many bytes its shortest form takes.
    ///
    /// ```
    /// use mqtt_codec::VariableByteInteger;
    ///
    /// assert_eq!(VariableByteInteger::new(127).unwrap().encoded_len(), 1);
    /// assert_eq!(VariableByteInteger::new(128).unwrap().encoded_len(), 2);
    /// ```
    #[must_use]
    pub const fn encoded_len(self) -> usize {
        match self.0 {
            0..=0x7F => 1,
            0x80..=0x3FFF => 2,
            0x4000..=0x1F_FFFF => 3,
            _ => 4,
        }
    }

    /// Its shortest form (MQTT 5.0 [MQTT-1.5.5-1]).
    ///
    /// ```
    /// use mqtt_codec::VariableByteInteger;
    ///
    /// assert_eq!(VariableByteInteger::MAX.encode().as_ref(), [0xFF, 0xFF, 0xFF, 0x7F]);
    /// ```
    #[must_use]
    pub const fn encode(self) -> EncodedInteger {
        EncodedInteger {
            bytes: self.array(),
            len: self.encoded_len(),
        }
    }

    pub(crate) const fn array(self) -> [u8; 4] {
        let [b0, b1, b2, b3] = [
            self.0 & 0x7F,
            (self.0 >> 7) & 0x7F,
            (self.0 >> 14) & 0x7F,
            (self.0 >> 21) & 0x7F,
        ];
        let word = b0 | (b1 << 8) | (b2 << 16) | (b3 << 24);
        let more = match self.encoded_len() {
            1 => 0,
            2 => 0x80,
            3 => 0x8080,
            _ => 0x0080_8080,
        };
        (word | more).to_le_bytes()
    }
}

impl fmt::Display for VariableByteInteger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The bytes of a [`VariableByteInteger`].
///
/// ```
/// use mqtt_codec::{EncodedInteger, VariableByteInteger};
///
/// let bytes: EncodedInteger = VariableByteInteger::new(128).unwrap().encode();
/// assert_eq!(bytes.as_ref(), [0x80, 0x01]);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct EncodedInteger {
    bytes: [u8; 4],
    len: usize,
}

impl AsRef<[u8]> for EncodedInteger {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// What reading a Variable Byte Integer from the front of some bytes gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scan {
    /// The value and how many bytes it took.
    Value { value: u32, len: u8 },
    /// The bytes end before the integer does.
    Short,
    /// A fifth byte would be needed.
    TooLong,
}

/// Reads an integer; whether its form is the shortest is for the caller to judge.
#[inline]
pub(crate) fn scan(bytes: &[u8]) -> Scan {
    let Some(&b0) = bytes.first() else {
        return Scan::Short;
    };
    if b0 < 0x80 {
        return Scan::Value {
            value: u32::from(b0),
            len: 1,
        };
    }
    scan_long(bytes)
}

fn scan_long(bytes: &[u8]) -> Scan {
    let mut value = 0_u32;
    for (&byte, (shift, len)) in bytes.iter().zip([(0_u32, 1_u8), (7, 2), (14, 3), (21, 4)]) {
        value |= u32::from(byte & 0x7F).wrapping_shl(shift);
        if byte < 0x80 {
            return Scan::Value { value, len };
        }
    }
    if bytes.len() < 4 {
        Scan::Short
    } else {
        Scan::TooLong
    }
}

/// Whether `value` in `len` bytes is in its shortest form.
pub(crate) const fn is_shortest(value: u32, len: u8) -> bool {
    match len {
        1 => true,
        2 => value > 0x7F,
        3 => value > 0x3FFF,
        _ => value > 0x1F_FFFF,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries() {
        for (value, bytes) in [
            (0, &[0x00][..]),
            (127, &[0x7F]),
            (128, &[0x80, 0x01]),
            (16_383, &[0xFF, 0x7F]),
            (16_384, &[0x80, 0x80, 0x01]),
            (2_097_151, &[0xFF, 0xFF, 0x7F]),
            (2_097_152, &[0x80, 0x80, 0x80, 0x01]),
            (268_435_455, &[0xFF, 0xFF, 0xFF, 0x7F]),
        ] {
            assert_eq!(
                VariableByteInteger::new(value).unwrap().encode().as_ref(),
                bytes
            );
            let len = bytes.len() as u8;
            assert_eq!(scan(bytes), Scan::Value { value, len });
            assert!(is_shortest(value, len));
            assert_eq!(scan(&bytes[..bytes.len() - 1]), Scan::Short);
        }
        assert_eq!(scan(&[0x80, 0x80, 0x80, 0x80, 0x01]), Scan::TooLong);
        assert_eq!(scan(&[0x80, 0x80, 0x80, 0x80]), Scan::TooLong);
    }

    // BC-014: a four-byte form is the end, whatever follows.
    #[test]
    #[ignore = "4,294,967,296 inputs: run in release by `cargo xtask check`"]
    fn every_four_byte_input() {
        let mut values = 0_u64;
        for word in 0..=u32::MAX {
            let bytes = word.to_le_bytes();
            match scan(&bytes) {
                Scan::Value { value, len } => {
                    let shortest = is_shortest(value, len);
                    let encoded = VariableByteInteger::new(value).unwrap().encode();
                    assert_eq!(shortest, encoded.as_ref() == &bytes[..usize::from(len)]);
                    values +=
                        u64::from(shortest && bytes[usize::from(len)..].iter().all(|b| *b == 0));
                }
                Scan::TooLong => assert_eq!(word & 0x8080_8080, 0x8080_8080),
                Scan::Short => panic!("four bytes always decide"),
            }
        }
        // Each value once, in its shortest form followed by zeros.
        assert_eq!(values, 268_435_456);
    }
}
