//! Connections come and go: a session is made, taken over, left, ended.

use core::task::Waker;
use std::sync::Arc;

use mqtt_codec::{PacketId, QoS, ReasonCode};

use super::Broker;
use super::outgoing::Slot;
use super::records::{self, SessionRecord, WillRecord};
use super::session::{Link, Session, SessionKey, State};
use super::timers::{Due, What};
use super::will::Will;
use crate::store::{Batch, Table, Ticket};

/// What a CONNECT asks of the broker.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) client_id: Arc<str>,
    pub(crate) clean_start: bool,
    /// Seconds that the session lives on without a connection; `u32::MAX` is for ever.
    pub(crate) expiry: u32,
    pub(crate) will: Option<Will>,
    /// Where the connection comes from.
    pub(crate) peer: Arc<str>,
    /// What the client says of its keep alive, in seconds.
    pub(crate) keep_alive: u16,
}

/// A session in the hands of a connection.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) session: Arc<Session>,
    pub(crate) generation: u64,
    /// Whether the session was there before (Session Present).
    pub(crate) present: bool,
    /// What was sent on earlier connections and not answered, the oldest first.
    pub(crate) unanswered: Vec<PacketId>,
    /// What must be durable before CONNACK goes out.
    pub(crate) ticket: Option<Ticket>,
}

/// Why a session cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AttachError {
    /// There are as many sessions as are allowed.
    TooMany,
    /// The store takes no more.
    Store,
}

impl Broker {
    /// Gives a connection its session: the old one, or a new one (MQTT 5.0 §3.1.2.4). A connection that holds it is told
    /// to end (MQTT 5.0 [MQTT-3.1.4-3]).
    pub(crate) fn attach(&self, wanted: Attachment) -> Result<Attached, AttachError> {
        let mut sessions = self.sessions.lock();
        let old = sessions.get(&wanted.client_id).cloned();
        if old.is_none() && sessions.len() >= self.settings.limits.sessions {
            return Err(AttachError::TooMany);
        }
        // What follows is not undone, so it is asked before whether it can be written down.
        if (old.is_some() || wanted.expiry > 0) && self.journal.is_full() {
            return Err(AttachError::Store);
        }
        let mut wakers: Vec<Waker> = Vec::new();
        let mut will = None;
        let mut batch = Batch::new();
        // A session that ends with its connection ends when that is taken over.
        let resumed = old
            .as_ref()
            .filter(|session| !wanted.clean_start && session.is_persistent());
        let now = self.clock.millis();
        let link = Link::new(Arc::clone(&wanted.peer), wanted.keep_alive, now);
        let attached = match resumed {
            Some(session) => {
                let mut state = session.state.lock();
                wakers.extend(state.close(ReasonCode::SessionTakenOver));
                self.cancel_timers(&mut state.timers);
                // A new connection within the delay keeps the will from being sent (MQTT 5.0 [MQTT-3.1.3-9]).
                will = state.will.take().filter(|will| will.delay_seconds == 0);
                state.generation = state.generation.saturating_add(1);
                state.link = Some(link);
                state.will.clone_from(&wanted.will);
                session.set_expiry(&mut state, wanted.expiry);
                let unanswered = state.outgoing.iter().map(|(id, _)| id).collect();
                Attached {
                    session: Arc::clone(session),
                    generation: state.generation,
                    present: true,
                    unanswered,
                    ticket: None,
                }
            }
            None => {
                if let Some(session) = &old {
                    let mut state = session.state.lock();
                    wakers.extend(state.close(ReasonCode::SessionTakenOver));
                    // The session ends now, so its will is due now (MQTT 5.0 §3.1.3.2.2).
                    will = state.will.take();
                    drop(state);
                    self.dissolve(session, &mut batch);
                }
                let session = Arc::new(Session::new(
                    self.number().get(),
                    Arc::clone(&wanted.client_id),
                    wanted.expiry,
                ));
                {
                    let mut state = session.state.lock();
                    state.link = Some(link);
                    state.will.clone_from(&wanted.will);
                }
                sessions.insert(Arc::clone(&wanted.client_id), Arc::clone(&session));
                Attached {
                    session,
                    generation: 0,
                    present: false,
                    unanswered: Vec::new(),
                    ticket: None,
                }
            }
        };
        if attached.session.is_persistent() {
            let record = SessionRecord {
                expiry: wanted.expiry,
                disconnected: None,
                will: wanted.will.as_ref().map(WillRecord::of),
            };
            batch.push(
                Table::Session,
                wanted.client_id.as_bytes().to_vec(),
                Some(record.write()),
            );
        } else if attached.present {
            // It was to outlive its connection, and is not to any more: what was kept of it goes.
            self.forget(&attached.session, &mut batch);
        }
        drop(sessions);
        let ticket = match will {
            Some(will) => self.publish_will(&will, batch),
            None => self.submit_always(batch),
        };
        wakers.into_iter().for_each(Waker::wake);
        Ok(Attached { ticket, ..attached })
    }

    /// The connection of this generation has ended; `keep_will` unless the client took it back with a good DISCONNECT
    /// (MQTT 5.0 [MQTT-3.14.4-3]).
    pub(crate) fn detach(&self, session: &Arc<Session>, generation: u64, keep_will: bool) {
        let now = self.clock.millis();
        let mut ends = false;
        let mut batch = Batch::new();
        let due = {
            let mut state = session.state.lock();
            if !state.is_held_by(generation) {
                return;
            }
            state.link = None;
            state.disconnected = Some(now);
            state.relief.drain(..).for_each(Waker::wake);
            // QoS 0 is for those who are there.
            let bytes: usize = state
                .waiting_qos0
                .iter()
                .map(|delivery| delivery.message.size())
                .fold(0, usize::saturating_add);
            state.bytes = state.bytes.saturating_sub(bytes);
            state.waiting_qos0 = std::collections::VecDeque::new();
            if !keep_will {
                state.will = None;
            }
            let expiry = state.expiry;
            let will = if state
                .will
                .as_ref()
                .is_some_and(|will| will.delay_seconds == 0 || expiry == 0)
            {
                state.will.take()
            } else {
                None
            };
            if let Some(delay) = state.will.as_ref().map(|will| will.delay_seconds) {
                // The will is due with the end of the session at the latest (MQTT 5.0 [MQTT-3.1.3-9]).
                let at = after(now, delay.min(expiry));
                self.add_timer(&mut state, session, generation, at, What::PublishWill);
            }
            if expiry == 0 {
                ends = true;
            } else if expiry < u32::MAX {
                let at = after(now, expiry);
                self.add_timer(&mut state, session, generation, at, What::EndSession);
            }
            // What was sent goes out under the same identifier next time, also after a restart (MQTT 5.0 [MQTT-4.4.0-1]).
            for (id, slot) in state.outgoing.iter() {
                if let Slot::Sent(delivery) = slot
                    && delivery.qos == QoS::AtLeastOnce
                    && !ends
                {
                    self.note_delivery(session, delivery, id, false, &mut batch);
                }
            }
            will
        };
        if !ends {
            self.keep_session(session, &mut batch);
        }
        match due {
            Some(will) => self.publish_will(&will, batch),
            None => self.submit_always(batch),
        };
        if ends {
            self.end_session_of(session, Some(generation));
        }
    }

    fn add_timer(
        &self,
        state: &mut State,
        session: &Arc<Session>,
        generation: u64,
        at: u64,
        what: What,
    ) {
        let order = self.number().get();
        state.timers.push((at, order));
        let due = Due {
            session: Arc::downgrade(session),
            generation,
            what,
        };
        self.timers.add(at, order, due);
    }

    fn cancel_timers(&self, timers: &mut Vec<(u64, u64)>) {
        for timer in timers.drain(..) {
            self.timers.cancel(timer);
        }
    }

    /// Puts a session that has no connection back on the list of timers, after a restart.
    pub(super) fn rearm(&self, session: &Arc<Session>, disconnected: u64) {
        let mut state = session.state.lock();
        state.disconnected = Some(disconnected);
        let (generation, expiry) = (state.generation, state.expiry);
        if let Some(delay) = state.will.as_ref().map(|will| will.delay_seconds) {
            let at = after(disconnected, delay.min(expiry));
            self.add_timer(&mut state, session, generation, at, What::PublishWill);
        }
        if expiry < u32::MAX {
            let at = after(disconnected, expiry);
            self.add_timer(&mut state, session, generation, at, What::EndSession);
        }
    }

    /// Writes down how long a session that has no connection is to be kept.
    pub(super) fn keep_session(&self, session: &Session, batch: &mut Batch) {
        if !session.is_persistent() {
            return;
        }
        let record = {
            let state = session.state.lock();
            if state.ended {
                return;
            }
            SessionRecord {
                expiry: state.expiry,
                disconnected: state.disconnected.filter(|_| state.link.is_none()),
                will: state.will.as_ref().map(WillRecord::of),
            }
        };
        let key = session.client_id.as_bytes().to_vec();
        batch.push(Table::Session, key, Some(record.write()));
    }

    /// Ends a session that no connection holds, unless there has been another since the one of this generation.
    pub(super) fn end_session_of(&self, session: &Arc<Session>, generation: Option<u64>) {
        let mut batch = Batch::new();
        let will = {
            let mut sessions = self.sessions.lock();
            {
                let state = session.state.lock();
                let overtaken = generation.is_some_and(|own| state.generation != own);
                if state.ended || state.link.is_some() || overtaken {
                    return;
                }
            }
            let is_current = sessions
                .get(&session.client_id)
                .is_some_and(|current| current.number == session.number);
            if is_current {
                sessions.remove(&session.client_id);
            }
            let will = session.state.lock().will.take();
            self.dissolve(session, &mut batch);
            will
        };
        match will {
            Some(will) => self.publish_will(&will, batch),
            None => self.submit_always(batch),
        };
    }

    /// Takes everything away that a session has.
    fn dissolve(&self, session: &Arc<Session>, batch: &mut Batch) {
        let mut state = session.state.lock();
        state.ended = true;
        self.settle_all(session, &mut state, batch);
        self.cancel_timers(&mut state.timers);
        state.waiting.clear();
        state.waiting_qos0.clear();
        state.bytes = 0;
        state.outgoing = super::outgoing::Outgoing::default();
        state.relief.drain(..).for_each(Waker::wake);
        drop(state);
        self.forget_subscriptions(session, batch);
        if session
            .subscriptions
            .load(core::sync::atomic::Ordering::Relaxed)
            > 0
        {
            let key = SessionKey(Arc::clone(session));
            self.index.write().remove_key(&key);
        }
    }

    /// Takes out of the store what it has of a session; the connection that holds it keeps what it is owed.
    fn forget(&self, session: &Arc<Session>, batch: &mut Batch) {
        self.settle_all(session, &mut session.state.lock(), batch);
        self.forget_subscriptions(session, batch);
    }

    /// Takes the rows of all that a session is owed, and of the identifiers that it holds.
    fn settle_all(&self, session: &Session, state: &mut State, batch: &mut Batch) {
        for delivery in &mut state.waiting {
            self.settle(session, delivery, batch);
        }
        for delivery in state.outgoing.deliveries_mut() {
            self.settle(session, delivery, batch);
        }
        for id in &state.incoming {
            let key = records::incoming_key(&session.client_id, *id);
            batch.push(Table::Incoming, key, None);
        }
    }

    fn forget_subscriptions(&self, session: &Arc<Session>, batch: &mut Batch) {
        let client = &session.client_id;
        let key = SessionKey(Arc::clone(session));
        for (filter, share, _) in self.index.read().subscriptions_of(&key) {
            let text = records::filter_text(filter.as_str(), share);
            batch.push(
                Table::Subscription,
                records::subscription_key(client, &text),
                None,
            );
        }
        batch.push(Table::Session, client.as_bytes().to_vec(), None);
    }
}

fn after(millis: u64, seconds: u32) -> u64 {
    millis.saturating_add(u64::from(seconds).saturating_mul(1000))
}
