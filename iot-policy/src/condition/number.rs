use core::cmp::Ordering;

/// A decimal number, compared exactly: `0.1` is `1e-1`, and 2⁵³ is not 2⁵³ + 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decimal {
    negative: bool,
    /// Without zeros behind; 0 is the number 0.
    digits: u128,
    /// The power of ten of the last digit.
    exponent: i32,
}

impl Decimal {
    /// Reads `-12.50` and `1e-3`, with up to 38 significant digits and exponents of up to three digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, power) = match rest.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, Self::power(power)?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, fraction),
            None => (mantissa, ""),
        };
        let all = || whole.bytes().chain(fraction.bytes());
        if all().next().is_none() || !all().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let fraction_length = i32::try_from(fraction.trim_end_matches('0').len()).ok()?;
        let mut digits = 0_u128;
        for byte in whole.bytes().chain(fraction.trim_end_matches('0').bytes()) {
            let digit = u128::from(byte.checked_sub(b'0')?);
            digits = digits.checked_mul(10)?.checked_add(digit)?;
        }
        let mut exponent = power.checked_sub(fraction_length)?;
        while digits != 0 && digits.checked_rem(10) == Some(0) {
            digits = digits.checked_div(10)?;
            exponent = exponent.checked_add(1)?;
        }
        Some(Self {
            negative: negative && digits != 0,
            digits,
            exponent: if digits == 0 { 0 } else { exponent },
        })
    }

    fn power(text: &str) -> Option<i32> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let valid =
            (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        valid.then(|| text.parse().ok()).flatten()
    }

    pub(crate) fn from_seconds(seconds: i64) -> Self {
        let mut digits = u128::from(seconds.unsigned_abs());
        let mut exponent = 0_i32;
        while digits != 0 && digits.checked_rem(10) == Some(0) {
            digits = digits.checked_div(10).unwrap_or_default();
            exponent = exponent.saturating_add(1);
        }
        Self {
            negative: seconds < 0,
            digits,
            exponent,
        }
    }

    /// The power of ten of the first digit.
    fn magnitude(self) -> i32 {
        let length = self.digits.checked_ilog10().unwrap_or_default();
        self.exponent
            .saturating_add(i32::try_from(length).unwrap_or_default())
    }

    fn compare_size(self, other: Self) -> Ordering {
        match (self.digits == 0, other.digits == 0) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Less,
            (false, true) => return Ordering::Greater,
            (false, false) => {}
        }
        self.magnitude().cmp(&other.magnitude()).then_with(|| {
            // As many digits: the one with the smaller power has more of them, and can be reached by zeros, unless it
            // has more than fit, and then it is not equal.
            let shift = |number: Self, to: i32| {
                let places = u32::try_from(number.exponent.saturating_sub(to)).ok()?;
                10_u128.checked_pow(places)?.checked_mul(number.digits)
            };
            let low = self.exponent.min(other.exponent);
            match (shift(self, low), shift(other, low)) {
                (Some(one), Some(other)) => one.cmp(&other),
                // 39 digits against 38 or fewer of the same magnitude cannot be: both have at most 39.
                (None, _) => Ordering::Greater,
                (_, None) => Ordering::Less,
            }
        })
    }

    pub(crate) fn compare(self, other: Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.compare_size(other),
            (true, true) => other.compare_size(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order() {
        let sorted = [
            "-1e3",
            "-12.5",
            "-12.49",
            "-0.001",
            "0",
            "1e-999",
            "0.001",
            "0.1",
            "1",
            "9007199254740992",
            "9007199254740993",
            "1e17",
            "123456789012345678901234567890.5",
            "1e999",
        ];
        for (index, one) in sorted.iter().enumerate() {
            for (place, other) in sorted.iter().enumerate() {
                let compare = Decimal::parse(one)
                    .unwrap()
                    .compare(Decimal::parse(other).unwrap());
                assert_eq!(compare, index.cmp(&place), "{one} {other}");
            }
        }
    }

    #[test]
    fn spellings() {
        for same in [
            ["0.1", "1e-1"],
            ["100", "1E2"],
            ["-0", "0.000"],
            ["+5", "05.0"],
            [".5", "5e-1"],
        ] {
            let [one, other] = same.map(|text| Decimal::parse(text).unwrap());
            assert_eq!(one.compare(other), Ordering::Equal, "{same:?}");
        }
        for bad in [
            "", "-", ".", "e1", "1e", "1e+-1", "0x10", "1,5", " 1", "1e1000", "NaN",
        ] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
        assert!(Decimal::parse(&"9".repeat(60)).is_none());
        let seconds = Decimal::from_seconds(1_700_000_000);
        assert_eq!(
            seconds.compare(Decimal::parse("1.7e9").unwrap()),
            Ordering::Equal
        );
    }
}
