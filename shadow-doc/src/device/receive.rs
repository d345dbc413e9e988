//! What a device makes of the service's messages.

use alloc::vec::Vec;

use super::Field;
use super::backoff::after;
use super::error::{DeviceError, DeviceErrorKind};
use super::event::DeviceEvent;
use super::message::{ServiceMessage, Snapshot};
use super::shadow::{DeviceShadow, Link, Pending, Report, to_state};
use super::shape::{removable, settable, split};
use super::typed::ShadowState;
use crate::document::Version;
use crate::json;
use crate::patch::Patch;
use crate::state::State;
use crate::time::EpochSeconds;
use crate::topic::{MessageKind, TopicKind};
use crate::tree::{self, Members};

impl<T: ShadowState> DeviceShadow<T> {
    /// Reads a message of the service.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// use shadow_doc::{DeviceEvent, TopicKind};
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, EpochSeconds, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// # let now = EpochSeconds::default();
    /// let delta = |version| format!(r#"{{"version":{version},"state":{{"a":1}},"metadata":{{}}}}"#);
    /// assert!(matches!(
    ///     device.handle(TopicKind::UpdateDelta, delta(5).as_bytes(), now)?,
    ///     DeviceEvent::Changed { .. }
    /// ));
    /// assert_eq!(device.handle(TopicKind::UpdateDelta, delta(4).as_bytes(), now)?, DeviceEvent::Stale);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The message is none of the service's, or the state does not become a JSON object any more.
    pub fn handle(
        &mut self,
        topic: TopicKind,
        payload: &[u8],
        now: EpochSeconds,
    ) -> Result<DeviceEvent<T::Patch>, DeviceError> {
        let message = ServiceMessage::parse(topic, payload)
            .map_err(|error| DeviceError::new(DeviceErrorKind::Message(error)))?;
        let is_answer = matches!(
            topic.message(),
            MessageKind::Accepted | MessageKind::Rejected
        );
        let pending = message
            .client_token()
            .filter(|_| is_answer)
            .and_then(|token| self.in_flight.take(token));
        if let Some(version) = message.version()
            && !matches!(message, ServiceMessage::Deleted { .. })
        {
            let is_fresh = self.filter.admit(topic, version);
            // An answer to a request of this device counts whatever has overtaken it.
            if !is_fresh && pending.is_none() {
                return Ok(DeviceEvent::Stale);
            }
        }
        match message {
            ServiceMessage::Delta { version, state, .. } => {
                self.hear(version, now);
                let wish = Patch::from(state);
                self.wished.merge(&wish);
                let mut target = self.local.clone();
                target.merge(&wish);
                // What is done already, and only not reported yet, comes with every delta.
                Ok(self.changed(&target, wish.members(), version, 0, now))
            }
            ServiceMessage::Shadow {
                snapshot, delta, ..
            } => match pending {
                Some(Pending::Get(known)) => self.answered(known, &snapshot, &delta, now),
                _ => Ok(DeviceEvent::Ignored),
            },
            ServiceMessage::Updated {
                version, reported, ..
            } => {
                self.hear(version, now);
                match pending {
                    Some(Pending::Report(report)) => Ok(self.accepted(version, &report)),
                    _ => self.others(version, &reported, now),
                }
            }
            ServiceMessage::Documents {
                previous, current, ..
            } => {
                self.hear(current.version, now);
                self.seen(&current)?;
                Ok(self.deletions(previous.as_ref(), &current, now))
            }
            ServiceMessage::Deleted { .. } => {
                self.forget();
                // What is under way may have come before it or after it.
                self.give_up_all();
                if self.link != Link::Down {
                    self.link = Link::Up;
                }
                Ok(DeviceEvent::Deleted)
            }
            ServiceMessage::Rejected { code, message, .. } => {
                let Some(pending) = pending else {
                    return Ok(DeviceEvent::Ignored);
                };
                if self.rejected(pending, code, now) {
                    return Ok(DeviceEvent::Deleted);
                }
                if code == 409 {
                    return Ok(DeviceEvent::Conflict);
                }
                Ok(DeviceEvent::Rejected { code, message })
            }
        }
    }

    /// Notes the version of a message.
    fn hear(&mut self, version: Version, now: EpochSeconds) {
        if self.version < Some(version) {
            self.version = Some(version);
            self.behind_until = Some(after(now, self.options.timeout_seconds));
        }
    }

    /// The shadow does not exist: everything is to be reported, and numbering may start anew.
    fn forget(&mut self) {
        self.acknowledged = State::default();
        self.base = None;
        self.wished = State::default();
        self.filter.reset();
        self.version = None;
        self.content = None;
    }

    /// What to do after a rejection. True if it means that the shadow does not exist.
    fn rejected(&mut self, pending: Pending, code: u16, now: EpochSeconds) -> bool {
        let longest = self.options.longest_wait_seconds;
        match (&pending, code) {
            (Pending::Get(_), 404) => {
                self.asking.reset();
                self.forget();
                // Reports from before the `get` have arrived before it, or never will.
                self.give_up_all();
                self.claimed = State::default();
                if self.link == Link::Asked {
                    self.link = Link::Synced;
                }
                return true;
            }
            (Pending::Get(_), _) => self.asking.fail(now, longest),
            (Pending::Report(_), 409) => {
                self.reporting.fail_again(now, longest);
                self.ask_again();
            }
            (Pending::Report(_), 400 | 413) => self.held = Some(self.local.clone()),
            (Pending::Report(_), _) => self.reporting.fail(now, longest),
        }
        self.give_up(pending);
        false
    }

    /// A report of this device was accepted.
    fn accepted(&mut self, version: Version, report: &Report) -> DeviceEvent<T::Patch> {
        self.reporting.reset();
        if report.known.is_some_and(|known| version <= known) {
            // Versions only rise: the shadow was deleted and numbering has begun anew.
            self.filter.reset();
            self.filter.admit(TopicKind::UpdateAccepted, version);
            self.version = Some(version);
            self.content = None;
            self.ask_again();
            return DeviceEvent::Reported { version };
        }
        if self.content < Some(version) {
            if self
                .content
                .is_some_and(|content| content.next() != Some(version))
            {
                // An update in between was missed.
                self.ask_again();
            }
            self.acknowledged.merge(&report.reported);
            self.content = Some(version);
        }
        if self.in_flight.is_empty() && self.link == Link::Synced {
            self.claimed = self.acknowledged.clone();
            if self.unreported().is_empty() {
                self.base = Some(self.local.clone());
            }
        }
        DeviceEvent::Reported { version }
    }

    /// An update of another client was accepted.
    fn others(
        &mut self,
        version: Version,
        reported: &Field<Patch>,
        now: EpochSeconds,
    ) -> Result<DeviceEvent<T::Patch>, DeviceError> {
        if self.link != Link::Synced || self.content >= Some(version) {
            return Ok(DeviceEvent::Ignored);
        }
        if self.content.and_then(Version::next) != Some(version) {
            // An update in between was missed.
            self.ask_again();
            return Ok(DeviceEvent::Ignored);
        }
        self.content = Some(version);
        let mut known = self.acknowledged.clone();
        match reported {
            Field::Absent => {}
            Field::Null => known = State::default(),
            Field::Value(patch) => {
                let own = Patch::from_members(self.own(patch.members())?);
                known.merge(&own);
                self.claim(&own);
            }
        }
        if known == self.acknowledged {
            return Ok(DeviceEvent::Ignored);
        }
        self.acknowledged = known;
        // Two clients that both insist would do so as fast as the link allows.
        self.contested.fail(now, self.options.longest_wait_seconds);
        Ok(DeviceEvent::Overwritten { version })
    }

    /// The whole shadow, as a documents message shows it.
    fn seen(&mut self, current: &Snapshot) -> Result<(), DeviceError> {
        if self.link == Link::Synced && self.content < Some(current.version) {
            self.acknowledged = State::from_members(self.own(current.reported.members())?);
            self.claim(&Patch::from(self.acknowledged.clone()));
            self.content = Some(current.version);
        }
        Ok(())
    }

    /// What of `reported` is this device's: members that it has, or may have reported. What others
    /// keep there is none of its business.
    fn own(&self, reported: Members<'_>) -> Result<Vec<u8>, DeviceError> {
        let (_, mask) = to_state(&self.value, EpochSeconds::default())?;
        let mut own = Vec::new();
        tree::project(reported, [self.claimed.members(), mask.members()], &mut own);
        Ok(own)
    }

    /// The answer to a `get`, made when `known` was the newest version.
    fn answered(
        &mut self,
        known: Option<Version>,
        snapshot: &Snapshot,
        delta: &State,
        now: EpochSeconds,
    ) -> Result<DeviceEvent<T::Patch>, DeviceError> {
        self.asking.reset();
        if self.version > Some(snapshot.version) {
            if self.version > known {
                // Overtaken by an update that was heard of meanwhile.
                self.link = Link::Up;
                return Ok(DeviceEvent::Stale);
            }
            // Versions only rise: the shadow was deleted and numbering has begun anew.
            self.filter.reset();
            self.filter.admit(TopicKind::GetAccepted, snapshot.version);
        }
        self.version = Some(snapshot.version);
        self.synced(snapshot, delta, now)
    }

    /// Three states that have to become one.
    fn synced(
        &mut self,
        snapshot: &Snapshot,
        delta: &State,
        now: EpochSeconds,
    ) -> Result<DeviceEvent<T::Patch>, DeviceError> {
        self.acknowledged = State::from_members(self.own(snapshot.reported.members())?);
        self.claimed = self.acknowledged.clone();
        self.content = Some(snapshot.version);
        self.wished = snapshot.desired.clone();
        self.link = Link::Synced;
        // Reports from before the `get` have arrived before it, or never will.
        self.give_up_all();
        // Only wishes are changes of the other side. What is missing from `reported` or was put there
        // by others is no wish: it says nothing about what the device is to be. Without a common past
        // the base is what the service last heard, so that all the device has otherwise is its own.
        let base = self.base.as_ref().unwrap_or(&self.acknowledged);
        let wishes = settable(
            &Patch::from(delta.clone()),
            snapshot.desired.members(),
            T::shape(),
        );
        let mut remote = base.clone();
        remote.merge(&wishes);
        let merge = State::three_way(base, &self.local, &remote, self.options.owner);
        // Wishes that lost are taken back, or the service would repeat them for ever.
        let project = |state: &State| {
            let mut named = Vec::new();
            tree::project(
                state.members(),
                [wishes.members(), Members::default()],
                &mut named,
            );
            State::from_members(named)
        };
        self.overruled = project(&snapshot.desired).patch_to(&project(&merge.state), now);
        let conflicts = merge.conflicts;
        Ok(self.changed(
            &merge.state,
            wishes.members(),
            snapshot.version,
            conflicts,
            now,
        ))
    }

    /// The event of a wish that leads to `target`.
    fn changed(
        &self,
        target: &State,
        wish: Members<'_>,
        version: Version,
        conflicts: usize,
        now: EpochSeconds,
    ) -> DeviceEvent<T::Patch> {
        let patch = self.local.patch_to(target, now);
        let patch = settable(&patch, target.members(), T::shape());
        if patch.is_empty() {
            return DeviceEvent::InStep;
        }
        match fit::<T>(&patch, wish) {
            (Some(patch), unfit) => DeviceEvent::Changed {
                patch,
                unfit,
                version,
                conflicts,
            },
            (None, unfit) => DeviceEvent::Unfit { unfit, version },
        }
    }

    /// A member that leaves `desired` makes no delta; the documents message is the only word of it.
    fn deletions(
        &self,
        previous: Option<&Snapshot>,
        current: &Snapshot,
        now: EpochSeconds,
    ) -> DeviceEvent<T::Patch> {
        let version = current.version;
        let Some(previous) = previous else {
            return DeviceEvent::Ignored;
        };
        let change = current.desired_change(Some(previous));
        let mut gone = Vec::new();
        tree::only_nulls(change.members(), &mut gone);
        let gone = removable(Members(&gone), previous.desired.members(), T::shape());
        // Only what the device still has.
        let mut left = self.local.clone();
        left.merge(&gone);
        let patch = self.local.patch_to(&left, now);
        let patch = settable(&patch, left.members(), T::shape());
        if patch.is_empty() {
            return DeviceEvent::Ignored;
        }
        match fit::<T>(&patch, Members::default()) {
            (Some(patch), _) => DeviceEvent::Removed { patch, version },
            (None, unfit) => DeviceEvent::Unfit { unfit, version },
        }
    }
}

/// A patch as the type's own, as far as it fits, and what does not.
fn fit<T: ShadowState>(patch: &Patch, wish: Members<'_>) -> (Option<T::Patch>, Patch) {
    if let Some(whole) = to_patch::<T>(patch) {
        return (Some(whole), Patch::default());
    }
    let fits = |part: &Patch| to_patch::<T>(part).is_some();
    let [fitting, unfit] = split(patch, wish, T::shape(), fits);
    if fitting.is_empty() {
        return (None, unfit);
    }
    match to_patch::<T>(&fitting) {
        Some(fitting) => (Some(fitting), unfit),
        None => (None, patch.clone()),
    }
}

fn to_patch<T: ShadowState>(patch: &Patch) -> Option<T::Patch> {
    // A service may write a whole number as `3.0`, which serde takes for no integer.
    serde_json::from_slice(&json::plain_numbers(&patch.to_json())).ok()
}
