//! Waiting before a request that failed is made again.

use crate::time::EpochSeconds;

/// Failures in a row, and when the next attempt may be made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    until: Option<EpochSeconds>,
}

impl Backoff {
    /// Another failure: a wait of 1, 2, 4, … seconds, `longest` at most.
    pub(super) fn fail(&mut self, now: EpochSeconds, longest: u64) {
        let wait = 1_u64.checked_shl(self.failures).unwrap_or(u64::MAX);
        self.failures = self.failures.saturating_add(1);
        self.until = Some(after(now, wait.min(longest)));
    }

    /// As [`fail`](Self::fail), but the first failure in a row costs no wait.
    pub(super) fn fail_again(&mut self, now: EpochSeconds, longest: u64) {
        if self.failures > 0 {
            self.fail(now, longest);
        } else {
            self.failures = 1;
        }
    }

    pub(super) const fn reset(&mut self) {
        self.failures = 0;
        self.until = None;
    }

    /// When the wait ends.
    pub(super) const fn until(&self) -> Option<EpochSeconds> {
        self.until
    }

    pub(super) fn waits(&self, now: EpochSeconds) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Ends the wait if its time has come; true if it did.
    pub(super) fn expire(&mut self, now: EpochSeconds) -> bool {
        let is_over = self.until.is_some_and(|until| until <= now);
        if is_over {
            self.until = None;
        }
        is_over
    }
}

/// `seconds` after `now`, or the end of time.
pub(super) fn after(now: EpochSeconds, seconds: u64) -> EpochSeconds {
    EpochSeconds::try_from(now.get().saturating_add(seconds)).unwrap_or(EpochSeconds::MAX)
}
