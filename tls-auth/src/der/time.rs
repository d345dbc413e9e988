use core::fmt;

use super::reader::{Malformed, Reader, Tag};

/// Reads a `Time` in the form that RFC 5280 §4.1.2.5 requires, as seconds since 1970.
pub(crate) fn read_time(reader: &mut Reader<'_>, what: &'static str) -> Result<i64, Malformed> {
    let malformed = Malformed(what);
    let (tag, text, _) = reader.value(what)?;
    let (year, rest) = match (tag, text) {
        (Tag::UTC_TIME, [a, b, rest @ ..]) => {
            let year = two([*a, *b]).ok_or(malformed)?;
            // RFC 5280 §4.1.2.5.1: from 50 on it is the twentieth century.
            let century: i64 = if year >= 50 { 1900 } else { 2000 };
            (year.saturating_add(century), rest)
        }
        (Tag::GENERALIZED_TIME, [a, b, c, d, rest @ ..]) => {
            let (high, low) = two([*a, *b]).zip(two([*c, *d])).ok_or(malformed)?;
            (high.saturating_mul(100).saturating_add(low), rest)
        }
        _ => return Err(malformed),
    };
    let [a, b, c, d, e, f, g, h, i, j, b'Z'] = rest else {
        return Err(malformed);
    };
    let part = |tens: &u8, ones: &u8| two([*tens, *ones]).ok_or(malformed);
    let date = Date {
        year,
        month: part(a, b)?,
        day: part(c, d)?,
        hour: part(e, f)?,
        minute: part(g, h)?,
        second: part(i, j)?,
    };
    date.unix().ok_or(malformed)
}

fn two(digits: [u8; 2]) -> Option<i64> {
    match digits {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            let tens = i64::from(tens & 0x0F).saturating_mul(10);
            Some(tens.saturating_add(i64::from(ones & 0x0F)))
        }
        _ => None,
    }
}

/// A date of the proleptic Gregorian calendar in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Date {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "years are 0 to 9999 when read from four digits, and ±292 billion when made of any i64 of seconds; \
              no product below leaves the range of an i64"
)]
impl Date {
    /// The date of so many seconds since 1970, by the civil-from-days method over eras of 400 years.
    pub(crate) fn from_unix(seconds: i64) -> Self {
        let (days, time) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            hour: time / 3_600,
            minute: time / 60 % 60,
            second: time % 60,
        }
    }

    fn unix(self) -> Option<i64> {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let last_day = match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let valid = (1..=12).contains(&self.month)
            && (1..=last_day).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second < 60;
        if !valid {
            return None;
        }
        let year = self.year - i64::from(self.month <= 2);
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let from_march = (self.month + 9) % 12;
        let day_of_year = (153 * from_march + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        Some(days * 86_400 + self.hour * 3_600 + self.minute * 60 + self.second)
    }
}

/// RFC 3339.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Result<i64, Malformed> {
        let mut bytes = vec![tag, u8::try_from(text.len()).unwrap()];
        bytes.extend_from_slice(text.as_bytes());
        read_time(&mut Reader::new(&bytes), "time")
    }

    #[test]
    fn times_of_both_forms() {
        assert_eq!(read(0x17, "700101000000Z"), Ok(0));
        assert_eq!(read(0x17, "500101000000Z"), Ok(-631_152_000));
        assert_eq!(read(0x17, "491231235959Z"), Ok(2_524_607_999));
        assert_eq!(read(0x18, "20260601000000Z"), Ok(1_780_272_000));
        assert_eq!(read(0x18, "99991231235959Z"), Ok(253_402_300_799));
        assert_eq!(read(0x18, "20240229000000Z"), Ok(1_709_164_800));
    }

    // BC-051: simple_asn1 RUSTSEC-2021-0125, a UTCTime with a byte that is not ASCII
    #[test]
    fn times_that_are_none() {
        for (tag, text) in [
            (0x17, "7001010000Z"),
            (0x17, "700101000000"),
            (0x17, "700101000000+0100"),
            (0x17, "70010100000\u{e9}Z"),
            (0x17, "701301000000Z"),
            (0x17, "700100000000Z"),
            (0x17, "700101240000Z"),
            (0x17, "700101006000Z"),
            (0x17, "700101000060Z"),
            (0x18, "20230229000000Z"),
            (0x18, "20240301000000.5Z"),
            (0x18, "700101000000Z"),
            (0x19, "20240301000000Z"),
        ] {
            assert_eq!(read(tag, text), Err(Malformed("time")), "{text}");
        }
    }

    #[test]
    fn dates_and_seconds_are_inverse() {
        for seconds in (-62_167_219_200_i64..253_402_300_799).step_by(86_399 * 97) {
            assert_eq!(Date::from_unix(seconds).unix(), Some(seconds));
        }
        assert_eq!(
            Date::from_unix(1_780_272_061).to_string(),
            "2026-06-01T00:01:01Z"
        );
    }
}
