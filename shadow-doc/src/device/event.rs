//! What goes into a device's shadow and what comes out of it.

use alloc::string::String;
use alloc::vec::Vec;

use super::in_flight::InFlight;
use crate::document::Version;
use crate::patch::Patch;
use crate::state::Owner;

/// How a [`DeviceShadow`](crate::DeviceShadow) behaves.
///
/// ```
/// use shadow_doc::{DeviceOptions, Owner};
///
/// let mut options = DeviceOptions::default();
/// assert_eq!(options.timeout_seconds, 10);
/// options.owner = Owner::Local;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceOptions {
    /// Seconds after which a request without an answer is given up.
    pub timeout_seconds: u64,
    /// Requests under way at once, at least one; the service allows [`InFlight::MAX`](crate::InFlight::MAX).
    pub in_flight: usize,
    /// The longest wait before a request that was rejected is made again. The first wait is a second,
    /// each one after that twice as long.
    pub longest_wait_seconds: u64,
    /// Who wins when device and service changed the same member while the link was down.
    pub owner: Owner,
    /// Send reports with the version they build on, so that the service refuses one that others have
    /// overtaken. A refused report leads to a new `get` and, from what that brings, a new report.
    pub optimistic_lock: bool,
    /// Take wishes out of `desired` with the report that says they are reached.
    pub clear_desired: bool,
}

impl Outgoing {
    /// A message.
    ///
    /// ```
    /// let outgoing = shadow_doc::Outgoing::new("a/b".to_owned(), b"{}".to_vec());
    /// assert_eq!(outgoing.topic, "a/b");
    /// ```
    #[must_use]
    pub const fn new(topic: String, payload: Vec<u8>) -> Self {
        Self { topic, payload }
    }
}

impl Default for DeviceOptions {
    /// Ten seconds, ten requests, waits of up to five minutes, the service wins, no lock, wishes stay.
    ///
    /// ```
    /// assert_eq!(shadow_doc::DeviceOptions::default().owner, shadow_doc::Owner::Remote);
    /// ```
    fn default() -> Self {
        Self {
            timeout_seconds: 10,
            in_flight: InFlight::<()>::MAX,
            longest_wait_seconds: 300,
            owner: Owner::Remote,
            optimistic_lock: false,
            clear_desired: false,
        }
    }
}

/// A message to publish.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use shadow_doc::{DeviceOptions, DeviceShadow, EpochSeconds, ShadowAddress, ThingName};
///
/// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
/// let state = BTreeMap::from([("level".to_owned(), 7_u8)]);
/// let mut device = DeviceShadow::new(address, state, "boot-1", DeviceOptions::default())?;
/// device.connected();
/// let outgoing = device.poll_send(EpochSeconds::default())?.unwrap();
/// assert_eq!(outgoing.topic, "$aws/things/lamp/shadow/get");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outgoing {
    /// The topic.
    pub topic: String,
    /// The payload.
    pub payload: Vec<u8>,
}

/// What a message from the service means to the device.
///
/// ```
/// use shadow_doc::DeviceEvent;
///
/// let event: DeviceEvent<u8> = DeviceEvent::Stale;
/// assert!(matches!(event, DeviceEvent::Stale));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceEvent<P> {
    /// The device is to change. Look at the patch, then hand it to
    /// [`accept`](crate::DeviceShadow::accept), in part or whole or not at all.
    Changed {
        /// What is to change.
        patch: P,
        /// What is wished for besides and the state's type cannot hold; empty if there is nothing.
        unfit: Patch,
        /// The version that brought it.
        version: Version,
        /// Members that both sides had changed while the link was down.
        conflicts: usize,
    },
    /// Nothing of what is wished for is something that the state's type can hold.
    Unfit {
        /// The wishes.
        unfit: Patch,
        /// The version that brought them.
        version: Version,
    },
    /// Members have left `desired`, known from an `update/documents` message: the service makes no
    /// delta of that. The patch has a null for each that the device still has. What it means is for
    /// the device to say; some clients clear `desired` once it is reached.
    Removed {
        /// Nulls.
        patch: P,
        /// The version that removed them.
        version: Version,
    },
    /// The device is what it is wanted to be, as far as it can be set.
    InStep,
    /// Another client has changed what this device had reported. The device is what it was, and will
    /// say so again.
    Overwritten {
        /// The version that did it.
        version: Version,
    },
    /// A report was accepted.
    Reported {
        /// The version it made.
        version: Version,
    },
    /// A request of this device was rejected. Its report is not lost: what it said is part of the
    /// next one. After a 400 or 413, which the same report would meet again, that is made when the
    /// state changes or the link comes up anew; after other codes when
    /// [`next_timeout`](crate::DeviceShadow::next_timeout) says.
    Rejected {
        /// The code.
        code: u16,
        /// The service's text.
        message: alloc::boxed::Box<str>,
    },
    /// A report was overtaken by another update (409): a `get` comes first, then a new report; if
    /// that happens again and again, after a wait.
    Conflict,
    /// The shadow is not there any more. The next report makes it anew.
    Deleted,
    /// Older than what is known already.
    Stale,
    /// Of no concern: an answer to another client's request, or one given up.
    Ignored,
}
