//! A device's shadow: its state as a Rust value, kept in step with the service.

use alloc::string::String;
use alloc::vec::Vec;

use super::VersionFilter;
use super::backoff::Backoff;
use super::error::{DeviceError, DeviceErrorKind};
use super::event::DeviceOptions;
use super::in_flight::InFlight;
use super::shape::settable;
use super::typed::ShadowState;
use crate::document::Version;
use crate::names::ShadowAddress;
use crate::patch::Patch;
use crate::state::State;
use crate::time::EpochSeconds;
use crate::token::ClientToken;
use crate::tree;

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
    pub(super) address: ShadowAddress<'static>,
    pub(super) options: DeviceOptions,
    pub(super) value: T,
    /// `value` as it was last looked at, each leaf with the time at which it came to be.
    pub(super) local: State,
    /// `local` as it was when device and service last agreed.
    pub(super) base: Option<State>,
    /// What the service is known to hold of what this device reported.
    pub(super) acknowledged: State,
    /// What the service may hold of it besides: every member that was in a report whose fate is not
    /// known. Without this, a member that is removed before its report is answered would stay there.
    pub(super) claimed: State,
    pub(super) in_flight: InFlight<Pending>,
    pub(super) filter: VersionFilter,
    /// The newest version heard of.
    pub(super) version: Option<Version>,
    /// The version up to which `acknowledged` is known to be right.
    pub(super) content: Option<Version>,
    /// When to stop waiting for `content` to reach `version`.
    pub(super) behind_until: Option<EpochSeconds>,
    pub(super) link: Link,
    /// Wishes that the device overrules; they go out with the next report.
    pub(super) overruled: Patch,
    /// Wishes of the device itself; they go out with the next report as far as they are still true.
    pub(super) desires: Patch,
    /// What is known to stand in `desired`.
    pub(super) wished: State,
    /// `local` as it was in a report that the service will never accept.
    pub(super) held: Option<State>,
    pub(super) asking: Backoff,
    pub(super) reporting: Backoff,
    /// Others write what this device reports.
    pub(super) contested: Backoff,
    pub(super) token_prefix: String,
    pub(super) tokens: u64,
}

/// A request under way.
#[derive(Clone, Debug)]
pub(super) enum Pending {
    /// Made when this was the newest version.
    Get(Option<Version>),
    Report(Report),
}

#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) reported: Patch,
    pub(super) overruled: Patch,
    pub(super) desires: Patch,
    /// The newest version when it was made.
    pub(super) known: Option<Version>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
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
            in_flight: InFlight::with_limit(options.in_flight.max(1)),
            filter: VersionFilter::default(),
            version: None,
            content: None,
            behind_until: None,
            link: Link::Down,
            overruled: Patch::default(),
            desires: Patch::default(),
            wished: State::default(),
            held: None,
            asking: Backoff::default(),
            reporting: Backoff::default(),
            contested: Backoff::default(),
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
        self.disconnected();
        self.held = None;
        for wait in [&mut self.asking, &mut self.reporting, &mut self.contested] {
            wait.reset();
        }
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
        self.give_up_all();
        self.link = Link::Down;
    }

    /// Changes the state. What changed is stamped with `now` and goes out with the next
    /// [`poll_send`](Self::poll_send) that the link allows. A NaN or an infinity is null in JSON, which
    /// removes the member.
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

    /// As [`change`](Self::change), and what changed is wished for too: for a switch on the device
    /// itself, where an older wish would otherwise undo what was switched. Wishes that the device
    /// does not come to send before the state changes again are not made.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, EpochSeconds, ShadowAddress, ThingName, TopicKind};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// # let mut device = DeviceShadow::new(address, BTreeMap::<String, u8>::new(), "b", DeviceOptions::default())?;
    /// # let now = EpochSeconds::default();
    /// # device.connected();
    /// # device.poll_send(now)?;
    /// # let answer = br#"{"code":404,"message":"","clientToken":"b-1"}"#;
    /// # device.handle(TopicKind::GetRejected, answer, now)?;
    /// device.change_and_desire(now, |state| state.insert("level".to_owned(), 3))?;
    /// assert_eq!(
    ///     device.poll_send(now)?.unwrap().payload,
    ///     br#"{"state":{"desired":{"level":3},"reported":{"level":3}},"clientToken":"b-2"}"#
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`change`](Self::change).
    pub fn change_and_desire<R>(
        &mut self,
        now: EpochSeconds,
        change: impl FnOnce(&mut T) -> R,
    ) -> Result<R, DeviceError> {
        let before = self.local.clone();
        let result = self.change(now, change)?;
        let changed = before.patch_to(&self.local, now);
        let desires = settable(&changed, self.local.members(), T::shape());
        let mut older = Vec::new();
        tree::agreeing(
            self.desires.members(),
            self.local.members(),
            false,
            &mut older,
        );
        self.desires = Patch::from_members(older).then(&desires).unwrap_or(desires);
        self.held = None;
        Ok(result)
    }

    /// Bytes that the state takes of [`Limits::document_bytes`](crate::Limits::document_bytes), which
    /// `desired` and `reported` share.
    ///
    /// ```
    /// # use std::collections::BTreeMap;
    /// # use shadow_doc::{DeviceOptions, DeviceShadow, ShadowAddress, ThingName};
    /// # let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let state = BTreeMap::from([("level".to_owned(), 3_u8)]);
    /// let device = DeviceShadow::new(address, state, "b", DeviceOptions::default())?;
    /// assert_eq!(device.json_len(), r#"{"level":3}"#.len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub const fn json_len(&self) -> usize {
        self.local.json_len()
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
}

/// A value as a state, and as the patch it is written as: a member that is written as null is none
/// of the state, but is known to be the device's.
pub(super) fn to_state<T: ShadowState>(
    value: &T,
    stamp: EpochSeconds,
) -> Result<(State, Patch), DeviceError> {
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
