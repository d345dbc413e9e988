/// Nanoseconds since 1970-01-01T00:00:00Z.
///
/// Read as one of the forms of the W3C note "Date and Time Formats", a profile of ISO 8601, or as seconds since 1970:
/// `2026`, `2026-11`, `2026-11-21`, `2026-11-21T09:30Z`, `2026-11-21T09:30:00.5+01:00`, `1795000000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(i128);

const NANOS: i128 = 1_000_000_000;

impl Instant {
    pub(crate) fn from_seconds(seconds: i64) -> Self {
        Self(i128::from(seconds).saturating_mul(NANOS))
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        // Four digits alone are a year.
        if digits.len() != 4
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
        {
            return text.parse().ok().map(Self::from_seconds);
        }
        let (date, time) = match text.split_once('T') {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let mut parts = date.split('-');
        let year = number(parts.next()?, 4)?;
        let month = parts.next().map_or(Some(1), |text| number(text, 2))?;
        let day = parts.next().map_or(Some(1), |text| number(text, 2))?;
        let whole = date.len() == 10;
        if parts.next().is_some() || time.is_some() && !whole {
            return None;
        }
        if !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
            return None;
        }
        let midnight = days_from_epoch(year, month, day).checked_mul(86_400)?;
        let (seconds, nanos) = match time {
            None => (0, 0),
            Some(time) => time_of_day(time)?,
        };
        let seconds = midnight.checked_add(seconds)?;
        Some(Self(
            i128::from(seconds).checked_mul(NANOS)?.checked_add(nanos)?,
        ))
    }
}

/// `hh:mm`, `hh:mm:ss` or `hh:mm:ss.s…` with `Z` or `±hh:mm`, as seconds and nanoseconds.
fn time_of_day(text: &str) -> Option<(i64, i128)> {
    let zone = text.find(['Z', '+', '-'])?;
    let (clock, zone) = text.split_at_checked(zone)?;
    let offset = match zone.split_at_checked(1)? {
        ("Z", "") => 0,
        ("+", offset) => minutes(offset)?,
        ("-", offset) => minutes(offset)?.checked_neg()?,
        (_, _) => return None,
    };
    let mut parts = clock.splitn(3, ':');
    let hours = number(parts.next()?, 2).filter(|hours| *hours < 24)?;
    let minutes = number(parts.next()?, 2).filter(|minutes| *minutes < 60)?;
    let (seconds, fraction) = match parts.next() {
        None => ("00", ""),
        Some(rest) => match rest.split_once('.') {
            None => (rest, ""),
            Some((_, "")) => return None,
            Some((seconds, fraction)) => (seconds, fraction),
        },
    };
    // A leap second is the last one of its minute.
    let seconds = number(seconds, 2).filter(|seconds| *seconds <= 60)?.min(59);
    let mut nanos = 0_i128;
    let mut unit = NANOS;
    for byte in fraction.bytes() {
        unit = unit.checked_div(10)?;
        let digit = char::from(byte).to_digit(10)?;
        nanos = nanos.checked_add(i128::from(digit).checked_mul(unit)?)?;
    }
    let of_day = hours
        .checked_mul(60)?
        .checked_add(minutes)?
        .checked_sub(offset)?
        .checked_mul(60)?
        .checked_add(seconds)?;
    Some((of_day, nanos))
}

/// `hh:mm` as minutes.
fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let hours = number(hours, 2).filter(|hours| *hours < 24)?;
    let minutes = number(minutes, 2).filter(|minutes| *minutes < 60)?;
    hours.checked_mul(60)?.checked_add(minutes)
}

/// A number of exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let valid = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| text.parse().ok()).flatten()
}

fn is_leap(year: i64) -> bool {
    let divides = |by: i64| year.checked_rem(by) == Some(0);
    divides(4) && (!divides(100) || divides(400))
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _long_months => 31,
    }
}

/// Days from 1970-01-01; the year has four digits.
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let before = |year: i64| {
        // Leap days before the first of January of this year, from year 0.
        let last = year.saturating_sub(1);
        let every = |by: i64| last.div_euclid(by);
        year.saturating_mul(365)
            .saturating_add(every(4))
            .saturating_sub(every(100))
            .saturating_add(every(400))
    };
    let in_year = (1..month).fold(0_i64, |sum, month| sum.saturating_add(days_of(year, month)));
    before(year)
        .saturating_sub(before(1970))
        .saturating_add(in_year)
        .saturating_add(day)
        .saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let rows: &[(&str, i64)] = &[
            ("1970", 0),
            ("1970-02", 31 * 86_400),
            ("2000-03-01", 951_868_800),
            ("2026-11-21", 1_795_219_200),
            ("2026-11-21T09:30Z", 1_795_253_400),
            ("2026-11-21T09:30:15Z", 1_795_253_415),
            ("2026-11-21T10:30:15+01:00", 1_795_253_415),
            ("2026-11-21T04:00:15-05:30", 1_795_253_415),
            ("1969-12-31T23:59:59Z", -1),
            ("0000-01-01", -62_167_219_200),
            ("1795253415", 1_795_253_415),
            ("-5", -5),
            ("0", 0),
        ];
        for (text, seconds) in rows {
            assert_eq!(
                Instant::parse(text),
                Some(Instant::from_seconds(*seconds)),
                "{text}"
            );
        }
        let half = Instant::parse("1970-01-01T00:00:00.5Z").unwrap();
        assert!(half > Instant::from_seconds(0) && half < Instant::from_seconds(1));
    }

    #[test]
    fn forms_that_are_none() {
        for bad in [
            "",
            "-",
            "26",
            "2026-13",
            "2026-02-29",
            "2026-1-1",
            "2026-11-21T09:30",
            "2026-11-21T9:30Z",
            "2026-11-21T24:00Z",
            "2026-11-21T09:60Z",
            "2026-11-21T09:30:61Z",
            "2026-11-21T09:30:00.Z",
            "2026-11-21T09:30Zx",
            "2026-11T09:30Z",
            "2026-11-21-01",
            "tomorrow",
            "+5",
            "2026-11-21T09:30+0100",
        ] {
            // `26` is seconds.
            assert_eq!(Instant::parse(bad).is_none(), bad != "26", "{bad}");
        }
    }
}
