//! A message on its way: one block that all receivers share.

use core::num::{NonZeroU32, NonZeroU64};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use mqtt_codec::{PreparedPublish, QoS, SubscriptionId};
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// An Application Message, shared by all who get it.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) publish: PreparedPublish,
    pub(crate) qos: QoS,
    /// When the message came, in milliseconds of the broker's clock.
    pub(crate) arrived: u64,
    /// When it is of no use any more (Message Expiry Interval), in milliseconds of the broker's clock.
    pub(crate) expires: Option<NonZeroU64>,
    /// Its row in the store, if any of its receivers outlives its connection.
    pub(crate) row: Option<MessageRow>,
    /// Who is waiting to hear that its one receiver has acknowledged it.
    pub(crate) receipt: Option<Box<Receipt>>,
}

/// Tells of an acknowledgement once. Dropped with its message, it tells that there will be none.
#[derive(Debug)]
pub(crate) struct Receipt(Mutex<Option<oneshot::Sender<()>>>);

impl Receipt {
    pub(crate) fn new() -> (Self, oneshot::Receiver<()>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Mutex::new(Some(sender))), receiver)
    }

    pub(crate) fn confirm(&self) {
        if let Some(sender) = self.0.lock().take() {
            // Whoever waited may have gone.
            let _ = sender.send(());
        }
    }
}

/// The place of a message in the store, and how many rows of queues refer to it.
#[derive(Debug)]
pub(crate) struct MessageRow {
    pub(crate) id: u64,
    pub(crate) references: AtomicUsize,
}

impl MessageRow {
    /// Gives up one reference; `true` for the last.
    pub(crate) fn release(&self) -> bool {
        self.references.fetch_sub(1, Ordering::AcqRel) == 1
    }
}

impl Message {
    /// Bytes that it takes in a queue: what counts against the limit.
    pub(crate) fn size(&self) -> usize {
        self.publish
            .payload()
            .len()
            .saturating_add(self.publish.topic_bytes().len())
            .saturating_add(self.publish.properties().as_bytes().len())
    }

    pub(crate) fn is_expired(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires.get() <= now)
    }

    /// What is left of the Message Expiry Interval, if it has changed since the message came
    /// (MQTT 5.0 [MQTT-3.3.2-6]).
    pub(crate) fn remaining_expiry(&self, now: u64) -> Option<u32> {
        let expires = self.expires?.get();
        if now.saturating_sub(self.arrived) < 1000 {
            return None;
        }
        let seconds = expires.saturating_sub(now).div_ceil(1000);
        Some(u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}

/// The identifiers of the subscriptions that a message matched (MQTT 5.0 §3.3.2.3.8).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Identifiers {
    #[default]
    None,
    One(SubscriptionId),
    Many(Box<[SubscriptionId]>),
}

impl Identifiers {
    pub(crate) fn as_slice(&self) -> &[SubscriptionId] {
        match self {
            Self::None => &[],
            Self::One(id) => core::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }

    pub(crate) fn add(&mut self, id: Option<SubscriptionId>) {
        let Some(id) = id else { return };
        *self = match core::mem::take(self) {
            Self::None => Self::One(id),
            Self::One(first) => Self::Many([first, id].into()),
            Self::Many(ids) => Self::Many(ids.iter().copied().chain([id]).collect()),
        };
    }
}

impl From<Option<SubscriptionId>> for Identifiers {
    fn from(id: Option<SubscriptionId>) -> Self {
        id.map_or(Self::None, Self::One)
    }
}

/// A message for one session.
#[derive(Clone, Debug)]
pub(crate) struct Delivery {
    pub(crate) message: Arc<Message>,
    /// What the subscription grants, at most that of the message.
    pub(crate) qos: QoS,
    /// RETAIN as this receiver gets it.
    pub(crate) retain: bool,
    pub(crate) identifiers: Identifiers,
    /// The row of the session's queue, for a session that outlives its connection.
    pub(crate) row: Option<NonZeroU64>,
    /// Whether it may have been sent already, by a process that was killed before it could write that down.
    pub(crate) again: bool,
}

/// What a subscription was granted, in the eight bytes that the index holds for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) qos: QoS,
    pub(crate) no_local: bool,
    pub(crate) retain_as_published: bool,
    pub(crate) identifier: Option<NonZeroU32>,
}

impl Granted {
    pub(crate) fn identifier(&self) -> Option<SubscriptionId> {
        self.identifier.and_then(|id| SubscriptionId::new(id.get()))
    }
}
