use core::time::Duration;

use rustls_pki_types::UnixTime;

use crate::der::{Date, Malformed, Reader, read_time};

/// From when to when something is valid, both seconds included (RFC 5280 §4.1.2.5).
///
/// ```
/// use tls_auth::Certificate;
///
/// let pair = rcgen::generate_simple_self_signed(["sensor-17.example".to_owned()])?;
/// let validity = Certificate::parse(pair.cert.der())?.validity();
/// assert_eq!(validity.to_string(), "1975-01-01T00:00:00Z to 4096-01-01T00:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    not_before: i64,
    not_after: i64,
}

impl Validity {
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        const WHAT: &str = "the validity";
        let mut times = reader.sequence(WHAT)?;
        let validity = Self {
            not_before: read_time(&mut times, WHAT)?,
            not_after: read_time(&mut times, WHAT)?,
        };
        if times.is_empty() && validity.not_before <= validity.not_after {
            Ok(validity)
        } else {
            Err(Malformed(WHAT))
        }
    }

    /// The first second, counted from 1970.
    #[must_use]
    pub fn not_before(&self) -> i64 {
        self.not_before
    }

    /// The last second, counted from 1970.
    #[must_use]
    pub fn not_after(&self) -> i64 {
        self.not_after
    }

    /// Whether `now` lies in it.
    #[must_use]
    pub fn contains(&self, now: UnixTime) -> bool {
        let now = seconds(now);
        self.not_before <= now && now <= self.not_after
    }

    /// Both at once.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            not_before: self.not_before.max(other.not_before),
            not_after: self.not_after.min(other.not_after),
        }
    }

    /// How long it lasts.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_secs(self.not_after.abs_diff(self.not_before))
    }
}

impl core::fmt::Display for Validity {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let (from, to) = (
            Date::from_unix(self.not_before),
            Date::from_unix(self.not_after),
        );
        write!(f, "{from} to {to}")
    }
}

/// `now` as certificates count.
pub(crate) fn seconds(now: UnixTime) -> i64 {
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
