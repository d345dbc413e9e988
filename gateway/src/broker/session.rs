//! What is kept of a client between its packets, and between its connections.

use core::hash::{Hash, Hasher};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use core::task::Waker;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use mqtt_codec::{PacketId, QoS, ReasonCode};
use parking_lot::Mutex;

use super::message::Delivery;
use super::outgoing::{Answered, Outgoing};
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
    /// Bytes of all that waits, and of all that was sent and not answered.
    pub(crate) bytes: usize,
    /// When expired messages were last looked for, in milliseconds of the broker's clock.
    purged: u64,
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
    /// Wakes the connection to be told to end, also when it is busy with a client that does not read.
    pub(crate) closer: Option<Waker>,
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
            closer: None,
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
                bytes: 0,
                purged: 0,
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
        let bytes = self.bytes.saturating_add(delivery.message.size());
        if self.waiting_messages() >= limits.queued_messages || bytes > limits.queued_bytes {
            return Pushed::Full;
        }
        self.bytes = bytes;
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
        let delivery = take(&mut self.waiting_qos0)?;
        self.finished(&delivery);
        Some(delivery)
    }

    /// Takes the next delivery of QoS 1 or 2. Its bytes count until it is [finished](Self::finished).
    pub(crate) fn pop(&mut self) -> Option<Delivery> {
        take(&mut self.waiting)
    }

    /// A delivery is neither waited with nor waited for any more.
    pub(crate) fn finished(&mut self, delivery: &Delivery) {
        self.bytes = self.bytes.saturating_sub(delivery.message.size());
    }

    /// PUBACK, or PUBREC with an error.
    pub(crate) fn acknowledged(&mut self, id: PacketId) -> Answered {
        let answered = self.outgoing.acknowledged(id);
        self.answered(answered)
    }

    /// PUBCOMP.
    pub(crate) fn completed(&mut self, id: PacketId) -> Answered {
        let answered = self.outgoing.completed(id);
        self.answered(answered)
    }

    fn answered(&mut self, answered: Answered) -> Answered {
        if let Answered::Done(delivery) = &answered {
            self.finished(delivery);
        }
        answered
    }

    /// Takes back a delivery that is not to be sent, or not again.
    pub(crate) fn take_back(&mut self, id: PacketId) -> Option<Delivery> {
        let delivery = self.outgoing.take_back(id)?;
        self.finished(&delivery);
        Some(delivery)
    }

    /// Takes out what has expired while it waited, looking for it no more than once a second.
    pub(crate) fn purge(&mut self, now: u64) -> Vec<Delivery> {
        const PAUSE: u64 = 1000;
        if now < self.purged.saturating_add(PAUSE) {
            return Vec::new();
        }
        self.purged = now;
        let is_expired = |delivery: &Delivery| delivery.message.is_expired(now);
        let mut expired = Vec::new();
        for queue in [&mut self.waiting, &mut self.waiting_qos0] {
            if queue.iter().any(is_expired) {
                let (gone, kept) = core::mem::take(queue).into_iter().partition(is_expired);
                *queue = kept;
                expired.extend::<VecDeque<_>>(gone);
            }
        }
        for delivery in &expired {
            self.finished(delivery);
        }
        expired
    }

    pub(crate) fn take_waker(&mut self) -> Option<Waker> {
        self.link.as_mut()?.waker.take()
    }

    /// Whom to wake so that the connection looks at what has changed for it.
    pub(crate) fn alert(&mut self) -> Option<Waker> {
        let link = self.link.as_mut()?;
        link.waker.take().or_else(|| link.closer.clone())
    }

    /// Whether the connection of this generation still holds the session.
    pub(crate) fn is_held_by(&self, generation: u64) -> bool {
        self.generation == generation && self.link.is_some() && !self.ended
    }

    /// Tells the connection to end; gives whom to wake.
    pub(crate) fn close(&mut self, reason: ReasonCode) -> Option<Waker> {
        let link = self.link.as_mut()?;
        link.close.get_or_insert(reason);
        self.alert()
    }
}

/// Takes the first; what a burst took is given back when it is over.
fn take(queue: &mut VecDeque<Delivery>) -> Option<Delivery> {
    let delivery = queue.pop_front()?;
    if queue.is_empty() && queue.capacity() > 64 {
        *queue = VecDeque::new();
    }
    Some(delivery)
}
