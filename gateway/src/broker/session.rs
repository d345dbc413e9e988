//! What is kept of a client between its packets, and between its connections.

use core::hash::{Hash, Hasher};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::task::Waker;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use mqtt_codec::{PacketId, QoS, ReasonCode};
use parking_lot::Mutex;

use super::message::Delivery;
use super::outgoing::Outgoing;
use super::will::Will;
use crate::settings::Limits;

/// A session (MQTT 5.0 §4.1).
#[derive(Debug)]
pub(crate) struct Session {
    /// Its number in this process: what the index compares.
    pub(crate) number: u64,
    pub(crate) client_id: Arc<str>,
    /// Whether it outlives its connection, so that what it is owed has to be kept.
    persistent: AtomicBool,
    /// How many subscriptions it has: one message can match no session with one subscription twice.
    pub(crate) subscriptions: AtomicU32,
    pub(crate) state: Mutex<State>,
}

/// A session as the key of the subscription index.
#[derive(Clone, Debug)]
pub(crate) struct SessionKey(pub(crate) Arc<Session>);

impl PartialEq for SessionKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.number == other.0.number
    }
}

impl Eq for SessionKey {}

impl Hash for SessionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.number.hash(state);
    }
}

/// What changes.
#[derive(Debug)]
pub(crate) struct State {
    /// Counts the connections that held the session: one that was overtaken knows it by this.
    pub(crate) generation: u64,
    pub(crate) link: Option<Link>,
    /// Seconds that it lives on without a connection.
    pub(crate) expiry: u32,
    pub(crate) ended: bool,
    /// QoS 0 does not wait for the window (MQTT 5.0 [MQTT-3.3.4-9]).
    pub(crate) waiting_qos0: VecDeque<Delivery>,
    pub(crate) waiting: VecDeque<Delivery>,
    pub(crate) waiting_bytes: usize,
    pub(crate) outgoing: Outgoing,
    /// QoS 2 identifiers from the client that it has not released.
    pub(crate) incoming: BTreeSet<PacketId>,
    pub(crate) will: Option<Will>,
    /// Publishers that hold back until the queue is shorter.
    pub(crate) relief: Vec<Waker>,
    /// When the last connection ended, in milliseconds of the broker's clock.
    pub(crate) disconnected: Option<u64>,
    /// What is to be taken off the list of timers when a connection comes back.
    pub(crate) timers: Vec<(u64, u64)>,
}

/// The connection that holds a session.
#[derive(Debug)]
pub(crate) struct Link {
    /// Where it comes from.
    pub(crate) peer: Arc<str>,
    /// What its CONNECT says, in seconds.
    pub(crate) keep_alive: u16,
    /// When it came, in milliseconds of the broker's clock.
    pub(crate) since: u64,
    /// Set when the connection has nothing to do.
    pub(crate) waker: Option<Waker>,
    /// Why the connection has to end.
    pub(crate) close: Option<ReasonCode>,
}

impl Link {
    pub(crate) const fn new(peer: Arc<str>, keep_alive: u16, since: u64) -> Self {
        Self {
            peer,
            keep_alive,
            since,
            waker: None,
            close: None,
        }
    }
}

/// From so many waiting messages on, those who publish to a connected session hold back a little.
const PRESSURE: usize = 4096;

/// From so few on, they go on.
const RELIEF: usize = 1024;

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    Waiting,
    /// It waits, behind many others that a connection is busy sending.
    UnderPressure,
    /// Nobody is there for a QoS 0 message.
    Offline,
    /// The queue is at its limit.
    Full,
    /// The session has ended.
    Ended,
}

impl Session {
    pub(crate) fn new(number: u64, client_id: Arc<str>, expiry: u32) -> Self {
        Self {
            number,
            client_id,
            persistent: AtomicBool::new(expiry > 0),
            subscriptions: AtomicU32::new(0),
            state: Mutex::new(State {
                generation: 0,
                link: None,
                expiry,
                ended: false,
                waiting_qos0: VecDeque::new(),
                waiting: VecDeque::new(),
                waiting_bytes: 0,
                outgoing: Outgoing::default(),
                incoming: BTreeSet::new(),
                will: None,
                relief: Vec::new(),
                disconnected: None,
                timers: Vec::new(),
            }),
        }
    }

    pub(crate) fn is_persistent(&self) -> bool {
        self.persistent.load(Ordering::Relaxed)
    }

    pub(crate) fn set_expiry(&self, state: &mut State, expiry: u32) {
        state.expiry = expiry;
        self.persistent.store(expiry > 0, Ordering::Relaxed);
    }

    /// Whether a message that waits for its receiver would wait for a connection that is there.
    pub(crate) fn is_connected(&self) -> bool {
        self.state.lock().link.is_some()
    }

    /// Lets a delivery wait for the connection; whom to wake is added to `wakers`.
    pub(crate) fn push(
        &self,
        delivery: Delivery,
        limits: &Limits,
        wakers: &mut Vec<Waker>,
    ) -> Pushed {
        let mut state = self.state.lock();
        let pushed = state.push(delivery, limits);
        if matches!(pushed, Pushed::Waiting | Pushed::UnderPressure) {
            wakers.extend(state.take_waker());
        }
        pushed
    }

    /// Has `waker` woken when the queue has become shorter; `false` when it is short already.
    pub(crate) fn await_relief(&self, waker: &Waker) -> bool {
        let mut state = self.state.lock();
        if state.link.is_none() || state.waiting_messages() <= RELIEF {
            return false;
        }
        if !state.relief.iter().any(|other| other.will_wake(waker)) {
            state.relief.push(waker.clone());
        }
        true
    }
}

impl State {
    pub(crate) fn push(&mut self, delivery: Delivery, limits: &Limits) -> Pushed {
        if self.ended {
            return Pushed::Ended;
        }
        if delivery.qos == QoS::AtMostOnce && self.link.is_none() {
            return Pushed::Offline;
        }
        let bytes = self.waiting_bytes.saturating_add(delivery.message.size());
        if self.waiting_messages() >= limits.queued_messages || bytes > limits.queued_bytes {
            return Pushed::Full;
        }
        self.waiting_bytes = bytes;
        if delivery.qos == QoS::AtMostOnce {
            self.waiting_qos0.push_back(delivery);
        } else {
            self.waiting.push_back(delivery);
        }
        if self.link.is_some() && self.waiting_messages() >= PRESSURE {
            Pushed::UnderPressure
        } else {
            Pushed::Waiting
        }
    }

    /// Publishers that need hold back no longer.
    pub(crate) fn take_relieved(&mut self) -> Vec<Waker> {
        if self.relief.is_empty() || self.waiting_messages() > RELIEF {
            return Vec::new();
        }
        core::mem::take(&mut self.relief)
    }

    pub(crate) fn waiting_messages(&self) -> usize {
        self.waiting.len().saturating_add(self.waiting_qos0.len())
    }

    /// Takes the next QoS 0 delivery.
    pub(crate) fn pop_qos0(&mut self) -> Option<Delivery> {
        let delivery = self.waiting_qos0.pop_front()?;
        self.taken(&delivery);
        Some(delivery)
    }

    /// Takes the next delivery of QoS 1 or 2.
    pub(crate) fn pop(&mut self) -> Option<Delivery> {
        let delivery = self.waiting.pop_front()?;
        self.taken(&delivery);
        Some(delivery)
    }

    fn taken(&mut self, delivery: &Delivery) {
        self.waiting_bytes = self.waiting_bytes.saturating_sub(delivery.message.size());
        // What a burst took is given back when it is over.
        if self.waiting.is_empty() && self.waiting.capacity() > 64 {
            self.waiting = VecDeque::new();
        }
        if self.waiting_qos0.is_empty() && self.waiting_qos0.capacity() > 64 {
            self.waiting_qos0 = VecDeque::new();
        }
    }

    pub(crate) fn take_waker(&mut self) -> Option<Waker> {
        self.link.as_mut()?.waker.take()
    }

    /// Whether the connection of this generation still holds the session.
    pub(crate) fn is_held_by(&self, generation: u64) -> bool {
        self.generation == generation && self.link.is_some() && !self.ended
    }

    /// Tells the connection to end; gives whom to wake.
    pub(crate) fn close(&mut self, reason: ReasonCode) -> Option<Waker> {
        let link = self.link.as_mut()?;
        link.close.get_or_insert(reason);
        link.waker.take()
    }
}
