//! What a device publishes, and when.

use alloc::vec::Vec;

use super::backoff::after;
use super::error::DeviceError;
use super::event::Outgoing;
use super::shadow::{DeviceShadow, Link, Pending, Report};
use super::typed::ShadowState;
use crate::patch::Patch;
use crate::state::State;
use crate::time::EpochSeconds;
use crate::token::ClientToken;
use crate::topic::TopicKind;
use crate::tree;
use crate::update::UpdateRequest;

impl<T: ShadowState> DeviceShadow<T> {
    /// What is to be published now, if anything: a `get` after the link came up, else a report of
    /// what the service does not know yet. Call it until it gives nothing.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, EpochSeconds, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// assert!(device.poll_send(EpochSeconds::default())?.is_none(), "the link is down");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The state does not become a JSON object any more.
    pub fn poll_send(&mut self, now: EpochSeconds) -> Result<Option<Outgoing>, DeviceError> {
        if self.in_flight.room() == 0 {
            return Ok(None);
        }
        match self.link {
            Link::Down | Link::Asked => Ok(None),
            Link::Up if self.asking.waits(now) => Ok(None),
            Link::Up => {
                self.link = Link::Asked;
                let token = self.token();
                let mut payload = Vec::from(&b"{"[..]);
                ClientToken::write(Some(&token), &mut payload);
                // The token is the only member: no comma before it.
                payload.remove(1);
                payload.push(b'}');
                let pending = Pending::Get(self.version);
                Ok(self.send(TopicKind::Get, token, pending, payload, now))
            }
            Link::Synced if self.may_report(now) => Ok(self.send_report(now)),
            Link::Synced => Ok(None),
        }
    }

    fn may_report(&self, now: EpochSeconds) -> bool {
        if self.reporting.waits(now) || self.contested.waits(now) {
            return false;
        }
        // The same report would be refused again.
        if self.held.as_ref() == Some(&self.local) {
            return false;
        }
        // With a lock only one report can be right about the version, and none is before the newest
        // update has been seen.
        !self.options.optimistic_lock || (self.in_flight.is_empty() && !self.is_behind())
    }

    /// Whether an update is known of whose contents are not.
    pub(super) fn is_behind(&self) -> bool {
        self.version > self.content
    }

    fn send_report(&mut self, now: EpochSeconds) -> Option<Outgoing> {
        self.held = None;
        let reported = self.unreported();
        let overruled = core::mem::take(&mut self.overruled);
        let desires = core::mem::take(&mut self.desires);
        let desires = self.agreeing(desires.members(), false);
        let mut desired = overruled.then(&desires).unwrap_or_else(|| desires.clone());
        if self.options.clear_desired {
            let reached = self.agreeing(self.wished.members(), true);
            self.wished.merge(&reached);
            // What is wished for with this very report has to stay.
            desired = reached.then(&desired).unwrap_or(desired);
        }
        if reported.is_empty() && desired.is_empty() {
            return None;
        }
        let token = self.token();
        let mut request = UpdateRequest::new().client_token(token.clone());
        if !reported.is_empty() {
            request = request.reported(reported.clone());
        }
        if !desired.is_empty() {
            request = request.desired(desired);
        }
        if self.options.optimistic_lock
            && let Some(version) = self.content
        {
            request = request.if_version(version);
        }
        self.claim(&reported);
        let report = Report {
            reported,
            overruled,
            desires,
            known: self.version,
        };
        let pending = Pending::Report(report);
        self.send(TopicKind::Update, token, pending, request.to_payload(), now)
    }

    /// Notes that the service may hold the members of `patch` from here on.
    pub(super) fn claim(&mut self, patch: &Patch) {
        let mut set = State::default();
        set.merge(patch);
        self.claimed.merge(&Patch::from(set));
    }

    /// What of `members` the device is, as it stands there or as nulls.
    fn agreeing(&self, members: tree::Members<'_>, as_nulls: bool) -> Patch {
        let mut out = Vec::new();
        tree::agreeing(members, self.local.members(), as_nulls, &mut out);
        Patch::from_members(out)
    }

    /// What the service will not know once everything under way is accepted.
    pub(super) fn unreported(&self) -> Patch {
        let mut expected = self.acknowledged.clone();
        for pending in self.in_flight.iter() {
            if let Pending::Report(report) = pending {
                expected.merge(&report.reported);
            }
        }
        expected.patch_to(&self.local, EpochSeconds::default())
    }

    fn send(
        &mut self,
        topic: TopicKind,
        token: ClientToken,
        pending: Pending,
        payload: Vec<u8>,
        now: EpochSeconds,
    ) -> Option<Outgoing> {
        let deadline = after(now, self.options.timeout_seconds);
        // There is room: it was asked for before.
        self.in_flight.insert(token, pending, deadline).ok()?;
        Some(Outgoing::new(self.address.topic(topic), payload))
    }

    fn token(&mut self) -> ClientToken {
        self.tokens = self.tokens.saturating_add(1);
        ClientToken::numbered(&self.token_prefix, self.tokens)
    }

    /// Gives up requests whose time is over and ends waits; true if there were any. What a report
    /// said is not lost: the shadow is asked for again, and what it lacks goes into the next report.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, EpochSeconds, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// device.connected();
    /// device.poll_send(EpochSeconds::from(0_u32))?;
    /// assert!(!device.poll_timeout(EpochSeconds::from(9_u32)));
    /// assert!(device.poll_timeout(EpochSeconds::from(10_u32)));
    /// assert!(device.poll_send(EpochSeconds::from(10_u32))?.is_some(), "asked again");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn poll_timeout(&mut self, now: EpochSeconds) -> bool {
        let mut any = self.asking.expire(now);
        any |= self.reporting.expire(now);
        any |= self.contested.expire(now);
        while let Some((_, pending)) = self.in_flight.take_expired(now) {
            any = true;
            // The report may have arrived and only its answer been lost: the shadow has to be seen.
            if matches!(pending, Pending::Report(_)) {
                self.ask_again();
            }
            self.give_up(pending);
        }
        if self.behind_until().is_some_and(|until| until <= now) {
            any = true;
            self.ask_again();
        }
        any
    }

    /// When [`poll_timeout`](Self::poll_timeout) has something to do next.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// assert_eq!(device.next_timeout(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn next_timeout(&self) -> Option<EpochSeconds> {
        let waits = match self.link {
            Link::Down | Link::Asked => [None; 3],
            Link::Up => [self.asking.until(), None, None],
            Link::Synced => [
                self.reporting.until(),
                self.contested.until(),
                self.behind_until(),
            ],
        };
        let waits = waits.into_iter().flatten();
        waits.chain(self.in_flight.next_deadline()).min()
    }

    /// When to stop waiting for the contents of an update that only its version is known of.
    fn behind_until(&self) -> Option<EpochSeconds> {
        let waits = self.link == Link::Synced && self.options.optimistic_lock && self.is_behind();
        self.behind_until.filter(|_| waits)
    }

    /// The shadow has to be seen again before anything is said.
    pub(super) fn ask_again(&mut self) {
        if self.link == Link::Synced {
            self.link = Link::Up;
        }
    }

    /// Gives up all that is under way.
    pub(super) fn give_up_all(&mut self) {
        while let Some((_, pending)) = self.in_flight.take_expired(EpochSeconds::MAX) {
            self.give_up(pending);
        }
    }

    pub(super) fn give_up(&mut self, pending: Pending) {
        match pending {
            Pending::Get(_) => {
                if self.link == Link::Asked {
                    self.link = Link::Up;
                }
            }
            // A wish that was made or overruled meanwhile again is newer.
            Pending::Report(report) => {
                for (older, newer) in [
                    (report.overruled, &mut self.overruled),
                    (report.desires, &mut self.desires),
                ] {
                    if let Some(both) = older.then(newer) {
                        *newer = both;
                    }
                }
            }
        }
    }
}
