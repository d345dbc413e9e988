//! Instants and lifetimes as they stand in a request.

use core::fmt;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::TimeError;

/// An instant, to the second, between 1970 and 9999: what `X-Amz-Date` can say.
///
/// The crate reads no clock; every operation that depends on the time takes one of these.
///
/// ```
/// use sigv4::Timestamp;
///
/// let at = Timestamp::parse("20260301T120000Z")?;
/// assert_eq!(at.unix_seconds(), 1_772_366_400);
/// assert_eq!(at.to_string(), "20260301T120000Z");
/// assert!(Timestamp::parse("20260230T120000Z").is_err(), "February has no 30th");
/// # Ok::<(), sigv4::TimeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    seconds: u64,
}

const DAY: u64 = 86_400;

impl Timestamp {
    /// 9999-12-31T23:59:59Z.
    ///
    /// ```
    /// assert_eq!(sigv4::Timestamp::MAX.to_string(), "99991231T235959Z");
    /// ```
    pub const MAX: Self = Self {
        seconds: 253_402_300_799,
    };

    /// From seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// When the year would not have four digits.
    ///
    /// ```
    /// use sigv4::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_unix(0)?.to_string(), "19700101T000000Z");
    /// assert!(Timestamp::from_unix(u64::MAX).is_err());
    /// # Ok::<(), sigv4::TimeError>(())
    /// ```
    pub const fn from_unix(seconds: u64) -> Result<Self, TimeError> {
        if seconds <= Self::MAX.seconds {
            Ok(Self { seconds })
        } else {
            Err(TimeError::new("an instant is between 1970 and 9999"))
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    ///
    /// ```
    /// assert_eq!(sigv4::Timestamp::parse("19700101T000001Z")?.unix_seconds(), 1);
    /// # Ok::<(), sigv4::TimeError>(())
    /// ```
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.seconds
    }

    /// Reads `YYYYMMDDTHHMMSSZ`, the ISO 8601 basic format and the only one `X-Amz-Date` may have.
    ///
    /// # Errors
    /// When the text has another form or names no instant of the calendar.
    ///
    /// ```
    /// use sigv4::Timestamp;
    ///
    /// assert!(Timestamp::parse("20240229T235959Z").is_ok());
    /// assert!(Timestamp::parse("2024-02-29T23:59:59Z").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        Self::parse_bytes(text.as_bytes())
    }

    pub(crate) fn parse_bytes(text: &[u8]) -> Result<Self, TimeError> {
        const FORM: TimeError = TimeError::new("expected the form YYYYMMDDTHHMMSSZ");
        let &[
            y1,
            y2,
            y3,
            y4,
            m1,
            m2,
            d1,
            d2,
            b'T',
            h1,
            h2,
            n1,
            n2,
            s1,
            s2,
            b'Z',
        ] = text
        else {
            return Err(FORM);
        };
        let pair = |high, low| number(&[high, low]).ok_or(FORM);
        let year = number(&[y1, y2, y3, y4]).ok_or(FORM)?;
        civil(
            year,
            pair(m1, m2)?,
            pair(d1, d2)?,
            pair(h1, h2)?,
            pair(n1, n2)?,
            pair(s1, s2)?,
        )
    }

    /// Reads the date of an HTTP `Date` header (RFC 9110 §5.6.7, IMF-fixdate), which some clients sign instead of `X-Amz-Date`. For `GMT`
    /// may stand `UTC`, `+0000` or the `-0000` that Python writes.
    ///
    /// # Errors
    /// When the text has another form or names no instant of the calendar.
    ///
    /// ```
    /// use sigv4::Timestamp;
    ///
    /// let at = Timestamp::parse_http_date("Sun, 01 Mar 2026 12:00:00 GMT")?;
    /// assert_eq!(at.to_string(), "20260301T120000Z");
    /// # Ok::<(), sigv4::TimeError>(())
    /// ```
    pub fn parse_http_date(text: &str) -> Result<Self, TimeError> {
        Self::parse_http(text.as_bytes())
    }

    pub(crate) fn parse_http(text: &[u8]) -> Result<Self, TimeError> {
        const FORM: TimeError = TimeError::new("expected the form `Sun, 06 Nov 1994 08:49:37 GMT`");
        const MONTHS: [&[u8]; 12] = [
            b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
            b"Dec",
        ];
        let (
            &[
                w1,
                w2,
                w3,
                b',',
                b' ',
                d1,
                d2,
                b' ',
                o1,
                o2,
                o3,
                b' ',
                y1,
                y2,
                y3,
                y4,
                b' ',
                h1,
                h2,
                b':',
                n1,
                n2,
                b':',
                s1,
                s2,
                b' ',
            ],
            zone,
        ) = text.split_first_chunk::<26>().ok_or(FORM)?
        else {
            return Err(FORM);
        };
        if !matches!(zone, b"GMT" | b"UTC" | b"+0000" | b"-0000") {
            return Err(FORM);
        }
        let pair = |high, low| number(&[high, low]).ok_or(FORM);
        let month = MONTHS
            .iter()
            .position(|name| **name == [o1, o2, o3])
            .ok_or(FORM)?;
        let month = u64::try_from(month).map_err(|_| FORM)?.saturating_add(1);
        let year = number(&[y1, y2, y3, y4]).ok_or(FORM)?;
        let at = civil(
            year,
            month,
            pair(d1, d2)?,
            pair(h1, h2)?,
            pair(n1, n2)?,
            pair(s1, s2)?,
        )?;
        if at.weekday().as_bytes() == [w1, w2, w3] {
            Ok(at)
        } else {
            Err(TimeError::new(
                "the day of the week is not that of the date",
            ))
        }
    }

    fn weekday(self) -> &'static str {
        // 1970-01-01 was a Thursday.
        match self.seconds.wrapping_div(DAY).wrapping_rem(7) {
            0 => "Thu",
            1 => "Fri",
            2 => "Sat",
            3 => "Sun",
            4 => "Mon",
            5 => "Tue",
            _ => "Wed",
        }
    }

    /// `YYYYMMDDTHHMMSSZ`.
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "`seconds` is at most MAX, so every term stays far below 2^63"
    )]
    pub(crate) fn text(self) -> AmzDate {
        let (days, second) = (self.seconds / DAY, self.seconds % DAY);
        // Days are counted from 0000-03-01, so that the leap day is the last of its year, in eras of 400 years.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = year_of_era + era * 400 + u64::from(month <= 2);
        let [y1, y2] = two_digits(year / 100);
        let [y3, y4] = two_digits(year % 100);
        let [m1, m2] = two_digits(month);
        let [d1, d2] = two_digits(day);
        let [h1, h2] = two_digits(second / 3_600);
        let [n1, n2] = two_digits(second / 60 % 60);
        let [s1, s2] = two_digits(second % 60);
        AmzDate([
            y1, y2, y3, y4, m1, m2, d1, d2, b'T', h1, h2, n1, n2, s1, s2, b'Z',
        ])
    }

    /// Never later than [`MAX`](Self::MAX), after which there is nothing to print.
    pub(crate) const fn plus(self, seconds: u64) -> Self {
        let later = self.seconds.saturating_add(seconds);
        if later > Self::MAX.seconds {
            Self::MAX
        } else {
            Self { seconds: later }
        }
    }

    pub(crate) const fn minus(self, seconds: u64) -> Self {
        Self {
            seconds: self.seconds.saturating_sub(seconds),
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = TimeError;

    fn try_from(time: SystemTime) -> Result<Self, TimeError> {
        let since = time
            .duration_since(UNIX_EPOCH)
            .map_err(|_| TimeError::new("an instant is between 1970 and 9999"))?;
        Self::from_unix(since.as_secs())
    }
}

/// `YYYYMMDDTHHMMSSZ`, and `YYYYMMDD` in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AmzDate([u8; 16]);

impl AmzDate {
    pub(crate) const fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) fn day(&self) -> &[u8] {
        self.0.first_chunk::<8>().map_or(&[], |day| day.as_slice())
    }
}

fn two_digits(value: u64) -> [u8; 2] {
    let digit = |value: u64| b'0'.wrapping_add(u8::try_from(value.wrapping_rem(10)).unwrap_or(0));
    [digit(value.wrapping_div(10)), digit(value)]
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        value.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[expect(
    clippy::arithmetic_side_effects,
    reason = "the fields were read from two or four digits and checked, so no term nears 2^63"
)]
fn civil(
    year: u64,
    month: u64,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
) -> Result<Timestamp, TimeError> {
    const CALENDAR: TimeError = TimeError::new("there is no such instant in the calendar");
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let last_day = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u64::from(leap),
        _ => return Err(CALENDAR),
    };
    if year < 1970 || day == 0 || day > last_day || hour > 23 || minute > 59 || second > 59 {
        return Err(CALENDAR);
    }
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Timestamp::from_unix(days * DAY + hour * 3_600 + minute * 60 + second)
}

/// How long a presigned URL lives: `X-Amz-Expires`, 1 to 604,800 seconds, which is seven days.
///
/// ```
/// use sigv4::Expires;
///
/// assert_eq!(Expires::from_secs(900)?.as_secs(), 900);
/// assert!(Expires::from_secs(0).is_err());
/// assert!(Expires::from_secs(604_801).is_err());
/// # Ok::<(), sigv4::TimeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expires {
    seconds: u32,
}

impl Expires {
    /// Seven days.
    ///
    /// ```
    /// assert_eq!(sigv4::Expires::MAX.as_secs(), 604_800);
    /// ```
    pub const MAX: Self = Self { seconds: 604_800 };

    pub(crate) const QUARTER_OF_AN_HOUR: Self = Self { seconds: 900 };

    /// A lifetime in seconds.
    ///
    /// # Errors
    /// When it is zero or longer than seven days.
    ///
    /// ```
    /// assert!(sigv4::Expires::from_secs(1).is_ok());
    /// ```
    pub const fn from_secs(seconds: u32) -> Result<Self, TimeError> {
        if seconds >= 1 && seconds <= Self::MAX.seconds {
            Ok(Self { seconds })
        } else {
            Err(TimeError::new("a lifetime is 1 to 604800 seconds"))
        }
    }

    /// The lifetime in seconds.
    ///
    /// ```
    /// assert_eq!(sigv4::Expires::MAX.as_secs(), 7 * 24 * 60 * 60);
    /// ```
    #[must_use]
    pub const fn as_secs(self) -> u32 {
        self.seconds
    }

    /// A canonical decimal number: no sign, no leading zero, nothing around it.
    pub(crate) fn parse_bytes(text: &[u8]) -> Option<Self> {
        if text.len() > 6 || !matches!(text.first(), Some(b'1'..=b'9')) {
            return None;
        }
        Self::from_secs(u32::try_from(number(text)?).ok()?).ok()
    }
}

impl TryFrom<Duration> for Expires {
    type Error = TimeError;

    fn try_from(lifetime: Duration) -> Result<Self, TimeError> {
        // A fraction of a second is cut off, never rounded up: the URL must not outlive what was asked for.
        Self::from_secs(u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX))
    }
}

impl fmt::Display for Expires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.seconds.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_sum_is_after_the_last_instant() {
        for seconds in [0, 1, u64::MAX] {
            assert_eq!(Timestamp::MAX.plus(seconds), Timestamp::MAX);
        }
        let first = Timestamp::from_unix(0).unwrap();
        assert_eq!(first.plus(u64::MAX).to_string(), "99991231T235959Z");
        assert_eq!(first.plus(1).to_string(), "19700101T000001Z");
    }

    #[test]
    fn every_day_of_the_calendar_goes_both_ways() {
        let mut seconds = 0;
        let mut previous = String::new();
        while let Ok(at) = Timestamp::from_unix(seconds) {
            let text = at.to_string();
            assert_eq!(Timestamp::parse(&text), Ok(at), "{text}");
            assert!(text > previous, "{text} follows {previous}");
            previous = text;
            seconds += DAY + 1;
        }
        assert!(previous.starts_with("9999"));
    }

    #[test]
    fn known_instants() {
        for (seconds, text) in [
            (0, "19700101T000000Z"),
            (951_782_400, "20000229T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (4_107_542_399, "21000228T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(Timestamp::from_unix(seconds).unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_forms_and_impossible_dates_are_refused() {
        for text in [
            "",
            "20260301",
            "20260301T120000",
            "20260301T120000z",
            "20260301t120000Z",
            "20260301T120000Z ",
            " 20260301T120000Z",
            "20260301T120000.0Z",
            "20260001T000000Z",
            "20261301T000000Z",
            "20260100T000000Z",
            "20260132T000000Z",
            "20260229T000000Z",
            "21000229T000000Z",
            "20260301T240000Z",
            "20260301T006000Z",
            "20260301T000060Z",
            "19691231T235959Z",
            "+0260301T120000Z",
            "2026030\u{661}T120000",
            "00000101T000000Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn http_dates() {
        let at = Timestamp::parse("20260708T034149Z").unwrap();
        for zone in ["GMT", "UTC", "+0000", "-0000"] {
            assert_eq!(
                Timestamp::parse_http(format!("Wed, 08 Jul 2026 03:41:49 {zone}").as_bytes()),
                Ok(at),
                "{zone}"
            );
        }
        for text in [
            "",
            "Thu, 08 Jul 2026 03:41:49 GMT",
            "Wed, 8 Jul 2026 03:41:49 GMT",
            "Wed, 08 Jul 2026 03:41:49 CET",
            "Wed, 08 Jul 2026 03:41:49",
            "Wed, 08 jul 2026 03:41:49 GMT",
            "Wednesday, 08-Jul-26 03:41:49 GMT",
            "Wed, 31 Jun 2026 03:41:49 GMT",
        ] {
            assert!(Timestamp::parse_http(text.as_bytes()).is_err(), "{text}");
        }
    }

    /// BC-062: the boundaries of `X-Amz-Expires`.
    #[test]
    fn lifetimes_are_strict_decimal() {
        for (text, seconds) in [("1", 1), ("60", 60), ("604800", 604_800)] {
            assert_eq!(
                Expires::parse_bytes(text.as_bytes()).map(Expires::as_secs),
                Some(seconds)
            );
        }
        for text in [
            "",
            "0",
            "00",
            "060",
            "+60",
            "-1",
            " 60",
            "60 ",
            "6e1",
            "60.0",
            "0x3c",
            "604801",
            "999999",
            "2147483648",
            "9223372036854775808",
            "18446744073709551617",
            "\u{661}",
        ] {
            assert_eq!(Expires::parse_bytes(text.as_bytes()), None, "{text}");
        }
    }
}
