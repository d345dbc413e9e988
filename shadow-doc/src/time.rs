//! The clock of the service: whole seconds, given by the caller.

use core::fmt;

/// Seconds since 1970-01-01T00:00:00Z, the unit of every `timestamp` a shadow carries.
///
/// The crate has no clock: whoever calls it says what time it is. The largest value is the last
/// second of the year 9999, so that a stamp takes five bytes in a stored shadow.
///
/// ```
/// use shadow_doc::EpochSeconds;
///
/// let now = EpochSeconds::try_from(1_700_000_000_u64)?;
/// assert_eq!(now.get(), 1_700_000_000);
/// assert!(EpochSeconds::try_from(1_700_000_000_000_u64).is_err(), "milliseconds are caught");
/// # Ok::<(), shadow_doc::EpochSecondsError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochSeconds(u64);

impl EpochSeconds {
    /// 9999-12-31T23:59:59Z.
    ///
    /// ```
    /// assert_eq!(shadow_doc::EpochSeconds::MAX.get(), 253_402_300_799);
    /// ```
    pub const MAX: Self = Self(253_402_300_799);

    /// The seconds.
    ///
    /// ```
    /// assert_eq!(shadow_doc::EpochSeconds::from(7_u32).get(), 7);
    /// ```
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The five low bytes, little-endian: the stored form.
    pub(crate) const fn to_bytes(self) -> [u8; 5] {
        let [a, b, c, d, e, ..] = self.0.to_le_bytes();
        [a, b, c, d, e]
    }

    /// What [`to_bytes`](Self::to_bytes) wrote. Five bytes can hold more than [`MAX`](Self::MAX);
    /// the reader of stored shadows refuses those.
    pub(crate) const fn from_bytes([a, b, c, d, e]: [u8; 5]) -> Self {
        Self(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0]))
    }
}

impl From<u32> for EpochSeconds {
    fn from(seconds: u32) -> Self {
        Self(u64::from(seconds))
    }
}

impl TryFrom<u64> for EpochSeconds {
    type Error = EpochSecondsError;

    fn try_from(seconds: u64) -> Result<Self, Self::Error> {
        if seconds > Self::MAX.0 {
            return Err(EpochSecondsError(seconds));
        }
        Ok(Self(seconds))
    }
}

/// A time before 1970 is 1970: the clock of a device that has not been set yet.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use shadow_doc::EpochSeconds;
///
/// let time = SystemTime::UNIX_EPOCH + Duration::from_millis(7_900);
/// assert_eq!(EpochSeconds::try_from(time)?, EpochSeconds::from(7_u32));
/// # Ok::<(), shadow_doc::EpochSecondsError>(())
/// ```
#[cfg(feature = "std")]
impl TryFrom<std::time::SystemTime> for EpochSeconds {
    type Error = EpochSecondsError;

    fn try_from(time: std::time::SystemTime) -> Result<Self, Self::Error> {
        let since = time
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Self::try_from(since.as_secs())
    }
}

impl fmt::Display for EpochSeconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A time past the year 9999: most often milliseconds where seconds belong.
///
/// ```
/// use shadow_doc::EpochSeconds;
///
/// let error = EpochSeconds::try_from(u64::MAX).unwrap_err();
/// assert!(error.to_string().starts_with("18446744073709551615 is not a time in seconds"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochSecondsError(u64);

impl fmt::Display for EpochSecondsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is not a time in seconds: the last one is {}",
            self.0,
            EpochSeconds::MAX
        )
    }
}

impl core::error::Error for EpochSecondsError {}
