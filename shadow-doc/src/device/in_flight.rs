use alloc::vec::Vec;
use core::fmt;

use crate::time::EpochSeconds;
use crate::token::ClientToken;

/// Requests that are under way, found again by their client token.
///
/// ```
/// use shadow_doc::{ClientToken, EpochSeconds, InFlight};
///
/// let at = |seconds: u32| EpochSeconds::from(seconds);
/// let mut requests = InFlight::default();
/// let token = ClientToken::try_from("lamp-1")?;
/// requests.insert(token.clone(), "first report", at(100)).unwrap();
///
/// assert_eq!(requests.take(&token), Some("first report"));
/// assert_eq!(requests.take(&token), None, "answered once");
/// # Ok::<(), shadow_doc::ClientTokenError>(())
/// ```
#[derive(Clone, Debug)]
pub struct InFlight<R> {
    limit: usize,
    /// In the order in which they were sent.
    requests: Vec<(ClientToken, EpochSeconds, R)>,
}

impl<R> InFlight<R> {
    /// The most that the service lets one thing have under way (quota "Maximum in-flight,
    /// unacknowledged messages per thing").
    ///
    /// ```
    /// assert_eq!(shadow_doc::InFlight::<()>::MAX, 10);
    /// ```
    pub const MAX: usize = 10;

    /// At most `limit` at once, and never more than [`MAX`](Self::MAX).
    ///
    /// ```
    /// assert_eq!(shadow_doc::InFlight::<()>::with_limit(50).room(), 10);
    /// ```
    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        let limit = if limit > Self::MAX { Self::MAX } else { limit };
        Self {
            limit,
            requests: Vec::new(),
        }
    }

    /// How many more may be sent now.
    ///
    /// ```
    /// assert_eq!(shadow_doc::InFlight::<()>::default().room(), 10);
    /// ```
    #[must_use]
    pub fn room(&self) -> usize {
        self.limit.saturating_sub(self.requests.len())
    }

    /// True if nothing is under way.
    ///
    /// ```
    /// assert!(shadow_doc::InFlight::<()>::default().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Notes a request that is sent now and given up at `deadline`.
    ///
    /// ```
    /// # use shadow_doc::{ClientToken, EpochSeconds, InFlight};
    /// let mut requests = InFlight::with_limit(0);
    /// let token = ClientToken::try_from("a")?;
    /// assert!(requests.insert(token, (), EpochSeconds::default()).is_err());
    /// # Ok::<(), shadow_doc::ClientTokenError>(())
    /// ```
    ///
    /// # Errors
    /// As many as may be are under way; the request is given back.
    pub fn insert(
        &mut self,
        token: ClientToken,
        request: R,
        deadline: EpochSeconds,
    ) -> Result<(), InFlightFull<R>> {
        if self.room() == 0 {
            return Err(InFlightFull(request));
        }
        self.requests.push((token, deadline, request));
        Ok(())
    }

    /// The request that this token answers.
    ///
    /// ```
    /// # use shadow_doc::{ClientToken, InFlight};
    /// assert_eq!(InFlight::<()>::default().take(&ClientToken::try_from("a")?), None);
    /// # Ok::<(), shadow_doc::ClientTokenError>(())
    /// ```
    pub fn take(&mut self, token: &ClientToken) -> Option<R> {
        let place = self
            .requests
            .iter()
            .position(|(known, ..)| known == token)?;
        Some(self.requests.remove(place).2)
    }

    /// A request whose deadline is reached, if there is one.
    ///
    /// ```
    /// # use shadow_doc::{ClientToken, EpochSeconds, InFlight};
    /// let at = |seconds: u32| EpochSeconds::from(seconds);
    /// let mut requests = InFlight::default();
    /// requests.insert(ClientToken::try_from("a")?, 7, at(10)).unwrap();
    /// assert_eq!(requests.take_expired(at(9)), None);
    /// assert_eq!(requests.take_expired(at(10)).unwrap().1, 7);
    /// # Ok::<(), shadow_doc::ClientTokenError>(())
    /// ```
    pub fn take_expired(&mut self, now: EpochSeconds) -> Option<(ClientToken, R)> {
        let place = self
            .requests
            .iter()
            .position(|(_, deadline, _)| *deadline <= now)?;
        let (token, _, request) = self.requests.remove(place);
        Some((token, request))
    }

    /// The next time at which [`take_expired`](Self::take_expired) has something.
    ///
    /// ```
    /// assert_eq!(shadow_doc::InFlight::<()>::default().next_deadline(), None);
    /// ```
    #[must_use]
    pub fn next_deadline(&self) -> Option<EpochSeconds> {
        self.requests.iter().map(|(_, deadline, _)| *deadline).min()
    }

    /// The requests under way, oldest first.
    ///
    /// ```
    /// assert_eq!(shadow_doc::InFlight::<()>::default().iter().count(), 0);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.requests.iter().map(|(.., request)| request)
    }

    /// Gives all of them up: the link is gone, and with it the answers.
    ///
    /// ```
    /// let mut requests = shadow_doc::InFlight::<()>::default();
    /// requests.clear();
    /// assert!(requests.is_empty());
    /// ```
    pub fn clear(&mut self) {
        self.requests.clear();
    }
}

impl<R> Default for InFlight<R> {
    fn default() -> Self {
        Self::with_limit(Self::MAX)
    }
}

/// As many requests as may be are under way; holds the one that was not noted.
///
/// ```
/// # use shadow_doc::{ClientToken, EpochSeconds, InFlight};
/// let token = ClientToken::try_from("a")?;
/// let full = InFlight::with_limit(0).insert(token, "report", EpochSeconds::default()).unwrap_err();
/// assert_eq!(full.0, "report");
/// # Ok::<(), shadow_doc::ClientTokenError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InFlightFull<R>(pub R);

impl<R> fmt::Display for InFlightFull<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too many shadow requests under way: expected at most 10 [AWS IoT Core quotas]")
    }
}

impl<R: fmt::Debug> core::error::Error for InFlightFull<R> {}
