//! Milliseconds since 1970 that never run backwards while the process lives.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The wall clock at the start, and what a steady clock has counted since: a wall clock that is set back makes no
/// message immortal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    unix_millis: u64,
}

impl Clock {
    pub(crate) fn start() -> Self {
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            started: Instant::now(),
            unix_millis: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
        }
    }

    pub(crate) fn millis(&self) -> u64 {
        self.at(Instant::now())
    }

    pub(crate) fn at(&self, instant: Instant) -> u64 {
        let elapsed = instant.saturating_duration_since(self.started).as_millis();
        self.unix_millis
            .saturating_add(u64::try_from(elapsed).unwrap_or(u64::MAX))
    }

    /// When the clock will show `millis`; now, if it already has.
    pub(crate) fn instant(&self, millis: u64) -> Instant {
        let now = Instant::now();
        let wait = millis.saturating_sub(self.at(now));
        // A wait of centuries is cut to one that the timer can count.
        let wait = wait.min(1000 * 60 * 60 * 24 * 365);
        now.checked_add(core::time::Duration::from_millis(wait))
            .unwrap_or(now)
    }
}
