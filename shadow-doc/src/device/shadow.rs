//! A device's shadow: its state as a Rust value, kept in step with the service.

use alloc::string::String;
use alloc::vec::Vec;

use super::VersionFilter;
use super::error::{DeviceError, DeviceErrorKind};
use super::event::{DeviceEvent, DeviceOptions, Outgoing};
use super::in_flight::InFlight;
use super::message::{ServiceMessage, Snapshot};
use super::typed::ShadowState;
use crate::document::Version;
use crate::names::ShadowAddress;
use crate::state::{Patch, State};
use crate::time::EpochSeconds;
use crate::token::ClientToken;
use crate::topic::TopicKind;
use crate::tree;
use crate::update::UpdateRequest;

/// A device's side of one shadow, without transport and clock.
///
/// ```
/// use shadow_doc::{DeviceEvent, DeviceOptions, DeviceShadow, EpochSeconds, ShadowAddress, ThingName, TopicKind};
///
/// #[derive(Default, serde::Serialize, shadow_doc::ShadowState)]
/// struct Lamp {
///     on: bool,
///     #[shadow(report_only)]
///     hours: u32,
/// }
///
/// let now = EpochSeconds::from(100_u32);
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let mut device = DeviceShadow::new(address, Lamp::default(), "boot-1", DeviceOptions::default())?;
///
/// // The link is up: ask for the shadow, and hear that there is none.
/// device.connected();
/// let get = device.poll_send(now)?.unwrap();
/// assert_eq!(get.payload, br#"{"clientToken":"boot-1-1"}"#);
/// let answer = br#"{"code":404,"message":"No shadow exists with name: 'lamp'","clientToken":"boot-1-1"}"#;
/// device.handle(TopicKind::GetRejected, answer, now)?;
///
/// // So everything is reported, and then only what changes.
/// let report = device.poll_send(now)?.unwrap();
/// assert_eq!(report.payload, br#"{"state":{"reported":{"hours":0,"on":false}},"clientToken":"boot-1-2"}"#);
/// device.change(now, |lamp| lamp.hours = 1)?;
/// let report = device.poll_send(now)?.unwrap();
/// assert_eq!(report.payload, br#"{"state":{"reported":{"hours":1}},"clientToken":"boot-1-3"}"#);
///
/// // Someone wants the lamp on.
/// let delta = br#"{"version":2,"timestamp":101,"state":{"on":true},"metadata":{"on":{"timestamp":101}}}"#;
/// let DeviceEvent::Changed { patch, .. } = device.handle(TopicKind::UpdateDelta, delta, now)? else { panic!() };
/// device.accept(patch, now)?;
/// assert!(device.state().on);
/// let report = device.poll_send(now)?.unwrap();
/// assert_eq!(report.payload, br#"{"state":{"reported":{"on":true}},"clientToken":"boot-1-4"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct DeviceShadow<T> {
    address: ShadowAddress<'static>,
    options: DeviceOptions,
    value: T,
    /// `value` as it was last looked at, each leaf with the time at which it came to be.
    local: State,
    /// `local` as it was when device and service last agreed.
    base: Option<State>,
    /// What the service is known to hold of what this device reported.
    acknowledged: State,
    /// What the service may hold of it besides: every member that was in a report whose fate is not
    /// known. Without this, a member that is removed before its report is answered would stay there.
    claimed: State,
    in_flight: InFlight<Pending>,
    filter: VersionFilter,
    version: Option<Version>,
    link: Link,
    /// Wishes that the device overrules; they go out with the next report.
    overruled: Patch,
    token_prefix: String,
    tokens: u64,
}

#[derive(Clone, Debug)]
enum Pending {
    Get,
    Report(Patch, Patch),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Down,
    /// Up, and the shadow is to be asked for.
    Up,
    /// Asked for.
    Asked,
    /// Known.
    Synced,
}

impl<T: ShadowState> DeviceShadow<T> {
    /// A device with this state whose link is down.
    ///
    /// `token_prefix` goes before the number of each client token; it has to differ between runs of
    /// the device and between devices of one thing, or answers are mistaken for each other's.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// use shadow_doc::{DeviceOptions, DeviceShadow, ShadowAddress, ThingName};
    ///
    /// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let state = BTreeMap::from([("level".to_owned(), 3_u8)]);
    /// let device = DeviceShadow::new(address, state, "boot-1", DeviceOptions::default())?;
    /// assert_eq!(device.state()["level"], 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The state does not become a JSON object, or the prefix leaves no room for a number.
    pub fn new(
        address: ShadowAddress<'_>,
        state: T,
        token_prefix: &str,
        options: DeviceOptions,
    ) -> Result<Self, DeviceError> {
        // A hyphen and the twenty digits of the largest number.
        if token_prefix.len() > ClientToken::MAX.saturating_sub(21) {
            return Err(DeviceError::new(DeviceErrorKind::TokenPrefixTooLong));
        }
        let (local, _) = to_state(&state, EpochSeconds::default())?;
        Ok(Self {
            address: address.into_owned(),
            options,
            value: state,
            local,
            base: None,
            acknowledged: State::default(),
            claimed: State::default(),
            in_flight: InFlight::with_limit(options.in_flight),
            filter: VersionFilter::default(),
            version: None,
            link: Link::Down,
            overruled: Patch::default(),
            token_prefix: token_prefix.into(),
            tokens: 0,
        })
    }

    /// The state.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// assert!(device.state().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn state(&self) -> &T {
        &self.value
    }

    /// The shadow that this is the device of.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// assert_eq!(device.address().device_subscriptions().count(), 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn address(&self) -> &ShadowAddress<'static> {
        &self.address
    }

    /// The newest version of the shadow that the device knows of.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// assert_eq!(device.version(), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn version(&self) -> Option<Version> {
        self.version
    }

    /// The link is up and the topics are subscribed to: the shadow is asked for first.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, EpochSeconds, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// device.connected();
    /// assert!(device.poll_send(EpochSeconds::default())?.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn connected(&mut self) {
        self.in_flight.clear();
        self.link = Link::Up;
    }

    /// The link is down. Changes from here on are kept and fold into one report.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, EpochSeconds, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// device.connected();
    /// device.disconnected();
    /// assert!(device.poll_send(EpochSeconds::default())?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn disconnected(&mut self) {
        self.in_flight.clear();
        self.link = Link::Down;
    }

    /// Changes the state. What changed is stamped with `now` and goes out with the next
    /// [`poll_send`](Self::poll_send) that the link allows.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, EpochSeconds, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// device.change(EpochSeconds::from(5_u32), |state| { state.insert("level".to_owned(), 3); })?;
    /// assert_eq!(device.state()["level"], 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The state does not become a JSON object any more.
    pub fn change<R>(
        &mut self,
        now: EpochSeconds,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R, DeviceError> {
        let result = change(&mut self.value);
        self.look(now)?;
        Ok(result)
    }

    /// Takes over what an event said is to change. The new state is reported like any other change.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, EpochSeconds, Field, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// let patch = BTreeMap::from([("level".to_owned(), Field::Value(9))]);
    /// device.accept(patch, EpochSeconds::default())?;
    /// assert_eq!(device.state()["level"], 9);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The state does not become a JSON object any more.
    pub fn accept(&mut self, patch: T::Patch, now: EpochSeconds) -> Result<(), DeviceError> {
        self.value.apply(patch);
        self.look(now)
    }

    /// Brings `local` up to date with `value`; what did not change keeps its stamp.
    fn look(&mut self, now: EpochSeconds) -> Result<(), DeviceError> {
        let (state, _) = to_state(&self.value, now)?;
        self.local.merge(&self.local.patch_to(&state, now));
        Ok(())
    }

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
            Link::Up => {
                self.link = Link::Asked;
                let token = self.token();
                let mut payload = Vec::from(&b"{"[..]);
                ClientToken::write(Some(&token), &mut payload);
                // The token is the only member: no comma before it.
                payload.remove(1);
                payload.push(b'}');
                Ok(self.send(TopicKind::Get, token, Pending::Get, payload, now))
            }
            Link::Synced => self.send_report(now),
        }
    }

    fn send_report(&mut self, now: EpochSeconds) -> Result<Option<Outgoing>, DeviceError> {
        // With a lock only one report can be right about the version.
        if self.options.optimistic_lock && !self.in_flight.is_empty() {
            return Ok(None);
        }
        let report = self.unreported()?;
        let overruled = core::mem::take(&mut self.overruled);
        if report.is_empty() && overruled.is_empty() {
            return Ok(None);
        }
        let token = self.token();
        let mut request = UpdateRequest::new().client_token(token.clone());
        if !report.is_empty() {
            request = request.reported(report.clone());
        }
        if !overruled.is_empty() {
            request = request.desired(overruled.clone());
        }
        if self.options.optimistic_lock
            && let Some(version) = self.version
        {
            request = request.if_version(version);
        }
        let mut sent = State::default();
        sent.merge(&report);
        self.claimed.merge(&Patch::from(sent));
        let pending = Pending::Report(report, overruled);
        Ok(self.send(TopicKind::Update, token, pending, request.to_payload(), now))
    }

    /// What the service will not know once everything under way is accepted.
    fn unreported(&self) -> Result<Patch, DeviceError> {
        let mut expected = self.acknowledged.clone();
        for pending in self.in_flight.iter() {
            if let Pending::Report(report, _) = pending {
                expected.merge(report);
            }
        }
        Ok(expected.patch_to(&self.local, EpochSeconds::default()))
    }

    fn send(
        &mut self,
        topic: TopicKind,
        token: ClientToken,
        pending: Pending,
        payload: Vec<u8>,
        now: EpochSeconds,
    ) -> Option<Outgoing> {
        let deadline = now.get().saturating_add(self.options.timeout_seconds);
        let deadline = EpochSeconds::try_from(deadline).unwrap_or(EpochSeconds::MAX);
        // There is room: it was asked for before.
        self.in_flight.insert(token, pending, deadline).ok()?;
        Some(Outgoing {
            topic: self.address.topic(topic),
            payload,
        })
    }

    fn token(&mut self) -> ClientToken {
        self.tokens = self.tokens.saturating_add(1);
        ClientToken::numbered(&self.token_prefix, self.tokens)
    }

    /// Gives up requests whose time is over; true if there were any. What a report said is not lost:
    /// the shadow is asked for again, and what it lacks goes into the next report.
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
        let mut any = false;
        while let Some((_, pending)) = self.in_flight.take_expired(now) {
            any = true;
            // The report may have arrived and only its answer been lost: the shadow has to be seen.
            if matches!(pending, Pending::Report(..)) && self.link == Link::Synced {
                self.link = Link::Up;
            }
            self.give_up(pending);
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
        self.in_flight.next_deadline()
    }

    fn give_up(&mut self, pending: Pending) {
        match pending {
            Pending::Get => {
                if self.link == Link::Asked {
                    self.link = Link::Up;
                }
            }
            // A wish that was overruled meanwhile again is newer.
            Pending::Report(_, overruled) => {
                if let Some(both) = overruled.then(&self.overruled) {
                    self.overruled = both;
                }
            }
        }
    }

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
    /// The message is none of the service's, or says something that the state's type cannot hold.
    pub fn handle(
        &mut self,
        topic: TopicKind,
        payload: &[u8],
        now: EpochSeconds,
    ) -> Result<DeviceEvent<T::Patch>, DeviceError> {
        let message = ServiceMessage::parse(topic, payload)
            .map_err(|error| DeviceError::new(DeviceErrorKind::Message(error)))?;
        let pending = message
            .client_token()
            .filter(|_| is_answer(topic))
            .and_then(|token| self.in_flight.take(token));
        if let Some(version) = message.version()
            && !matches!(message, ServiceMessage::Deleted { .. })
        {
            let is_fresh = self.filter.admit(topic, version);
            // An answer to a request of this device counts whatever has overtaken it.
            if !is_fresh && pending.is_none() {
                return Ok(DeviceEvent::Stale);
            }
            self.version = self.version.max(Some(version));
        }
        match message {
            ServiceMessage::Delta { version, state, .. } => {
                let mut wanted = self.local.clone();
                wanted.merge(&Patch::from(state));
                // What is done already, and only not reported yet, comes with every delta.
                let patch = self.local.patch_to(&wanted, now);
                if patch.is_empty() {
                    return Ok(DeviceEvent::InStep);
                }
                self.changed(&patch, version, 0)
            }
            ServiceMessage::Shadow {
                snapshot, delta, ..
            } => match pending {
                Some(_) => self.synced(snapshot, &delta, now),
                None => Ok(DeviceEvent::Ignored),
            },
            ServiceMessage::Updated { version, .. } => match pending {
                Some(Pending::Report(report, _)) => {
                    self.acknowledged.merge(&report);
                    if self.in_flight.is_empty() && self.link == Link::Synced {
                        self.claimed = self.acknowledged.clone();
                        if self.unreported()?.is_empty() {
                            self.base = Some(self.local.clone());
                        }
                    }
                    Ok(DeviceEvent::Reported { version })
                }
                _ => Ok(DeviceEvent::Ignored),
            },
            ServiceMessage::Documents {
                previous, current, ..
            } => self.deletions(previous.as_ref(), &current, now),
            ServiceMessage::Deleted { .. } => {
                self.forget();
                Ok(DeviceEvent::Deleted)
            }
            ServiceMessage::Rejected { code, message, .. } => match pending {
                None => Ok(DeviceEvent::Ignored),
                Some(Pending::Get) if code == 404 => {
                    self.forget();
                    Ok(DeviceEvent::Deleted)
                }
                Some(pending) => {
                    self.give_up(pending);
                    if code == 409 {
                        self.link = Link::Up;
                        return Ok(DeviceEvent::Conflict);
                    }
                    Ok(DeviceEvent::Rejected { code, message })
                }
            },
        }
    }

    /// The shadow does not exist: everything is to be reported, and numbering may start anew.
    fn forget(&mut self) {
        self.acknowledged = State::default();
        self.claimed = State::default();
        self.base = None;
        self.filter.reset();
        self.version = None;
        if self.link == Link::Asked {
            self.link = Link::Synced;
        }
    }

    fn changed(
        &self,
        patch: &Patch,
        version: Version,
        conflicts: usize,
    ) -> Result<DeviceEvent<T::Patch>, DeviceError> {
        Ok(DeviceEvent::Changed {
            patch: to_patch::<T>(patch)?,
            version,
            conflicts,
        })
    }

    /// The answer to the `get` after the link came up: three states that have to become one.
    fn synced(
        &mut self,
        snapshot: Snapshot,
        delta: &State,
        now: EpochSeconds,
    ) -> Result<DeviceEvent<T::Patch>, DeviceError> {
        self.link = Link::Synced;
        // Reports from before the `get` have arrived before it, or never will.
        self.in_flight.clear();
        // What others keep in `reported` is none of this device's.
        let (_, mask) = to_state(&self.value, now)?;
        self.acknowledged = project(&snapshot.reported, self.claimed.members(), mask.members());
        self.claimed = self.acknowledged.clone();
        // What the service wants the device to be: what it reported, and the wishes over it.
        let wishes = Patch::from(delta.clone());
        let mut remote = self.acknowledged.clone();
        remote.merge(&wishes);
        // Without a common past, what the service last heard is the base: only wishes are changes,
        // and everything that the device has otherwise is its own.
        let base = self.base.as_ref().unwrap_or(&self.acknowledged);
        let merge = State::three_way(base, &self.local, &remote, self.options.owner);
        let patch = self.local.patch_to(&merge.state, now);
        // Wishes that lost are taken back, or the service would repeat them for ever.
        let wanted = project(
            &snapshot.desired,
            delta.members(),
            Patch::default().members(),
        );
        let settled = project(&merge.state, delta.members(), Patch::default().members());
        self.overruled = wanted.patch_to(&settled, now);
        if patch.is_empty() {
            return Ok(DeviceEvent::InStep);
        }
        self.changed(&patch, snapshot.version, merge.conflicts)
    }

    /// A member that leaves `desired` makes no delta; the documents message is the only word of it.
    fn deletions(
        &self,
        previous: Option<&Snapshot>,
        current: &Snapshot,
        now: EpochSeconds,
    ) -> Result<DeviceEvent<T::Patch>, DeviceError> {
        let change = current.desired_change(previous);
        let mut gone = Vec::new();
        tree::only_nulls(change.members(), &mut gone);
        let gone = Patch::from_members(gone);
        // Only what the device still has.
        let mut left = self.local.clone();
        left.merge(&gone);
        let patch = self.local.patch_to(&left, now);
        if patch.is_empty() {
            return Ok(DeviceEvent::Ignored);
        }
        Ok(DeviceEvent::Removed {
            patch: to_patch::<T>(&patch)?,
            version: current.version,
        })
    }
}

fn is_answer(topic: TopicKind) -> bool {
    use crate::topic::MessageKind;
    matches!(
        topic.message(),
        MessageKind::Accepted | MessageKind::Rejected
    )
}

fn project(state: &State, a: tree::Members<'_>, b: tree::Members<'_>) -> State {
    let mut bytes = Vec::new();
    tree::project(state.members(), [a, b], &mut bytes);
    State::from_members(bytes)
}

/// A value as a state, and as the patch it is written as: a member that is written as null is none
/// of the state, but is known to be the device's.
fn to_state<T: ShadowState>(value: &T, stamp: EpochSeconds) -> Result<(State, Patch), DeviceError> {
    // Text between serde_json and this crate: its features change how numbers are held in memory,
    // never how they are written.
    let json = serde_json::to_vec(value)
        .map_err(|_| DeviceError::new(DeviceErrorKind::NotSerializable))?;
    let patch = Patch::from_json_at(&json, stamp)
        .map_err(|error| DeviceError::new(DeviceErrorKind::NotAnObject(error)))?;
    let mut state = State::default();
    state.merge(&patch);
    Ok((state, patch))
}

fn to_patch<T: ShadowState>(patch: &Patch) -> Result<T::Patch, DeviceError> {
    let json = patch.to_json();
    serde_json::from_slice(&json).map_err(|_| DeviceError::new(DeviceErrorKind::DoesNotFit))
}
