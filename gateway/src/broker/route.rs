//! The way of a message: who gets it, what is written down first, whom to wake.

use core::num::NonZeroU64;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::task::Waker;
use std::collections::HashMap;
use std::sync::Arc;

use mqtt_codec::{PacketId, PreparedPublish, Publish, QoS, Storage};
use topic_match::{Group, Match, TopicName};

use super::Broker;
use super::message::{Delivery, Granted, Identifiers, Message, MessageRow};
use super::records;
use super::session::{Pushed, Session, SessionKey};
use crate::store::{Batch, Table, Ticket};

/// What gathers while the packets of one read are handled, to be done once at the end.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// Connections that have something to send.
    pub(crate) wakers: Vec<Waker>,
    /// Writes that nobody waits for.
    pub(crate) batch: Batch,
    /// A session that cannot keep up with what was published to it.
    pub(crate) pressed: Option<Arc<Session>>,
    /// What one connection is about to send.
    pub(crate) sendable: Vec<Sendable>,
}

/// A delivery that goes out now.
#[derive(Debug)]
pub(crate) struct Sendable {
    pub(crate) delivery: Delivery,
    pub(crate) packet_id: Option<PacketId>,
    pub(crate) dup: bool,
}

impl Turn {
    pub(crate) fn end(&mut self, broker: &Broker) {
        if !self.batch.is_empty() {
            broker.submit_always(core::mem::take(&mut self.batch));
        }
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Routed {
    /// Sessions that matched.
    pub(crate) matched: usize,
    /// Of these, sessions whose queue was full.
    pub(crate) full: usize,
    /// What must be durable before the message is acknowledged.
    pub(crate) ticket: Option<Ticket>,
    /// Whether the store could not take it: then nobody got it.
    pub(crate) refused: bool,
}

/// A session that matched, and how.
struct Target<'a> {
    session: &'a Arc<Session>,
    qos: QoS,
    retain: bool,
    identifiers: Identifiers,
    row: Option<NonZeroU64>,
}

/// Sessions that fit here are told apart by looking at each.
const FEW: usize = 16;

impl Broker {
    /// Publishes a message to all who subscribe, and keeps it where it is to be retained.
    ///
    /// `publish` must have a topic of its own, the one given. What is in `batch` is written with it, or not at all.
    pub(crate) fn publish<S: Storage>(
        &self,
        name: TopicName<'_>,
        publish: &Publish<S>,
        qos: QoS,
        origin: Option<u64>,
        mut batch: Batch,
        turn: &mut Turn,
    ) -> Routed {
        let retain = publish.retain();
        let index = self.index.read();
        let mut targets = Targets::default();
        let mut matches = index
            .matches(name)
            .with_budget(self.settings.limits.lookup_nodes);
        for one in &mut matches {
            match one {
                Match::Subscriber(subscriber) => {
                    targets.add(&subscriber.key.0, *subscriber.value, origin, qos, retain);
                }
                Match::Group(group) => {
                    if let Some((key, granted)) = self.choose(&group) {
                        targets.add(&key.0, *granted, None, qos, retain);
                    }
                }
            }
        }
        if matches.is_exhausted() {
            tracing::warn!(
                topic = name.as_str(),
                "a message was refused: the lookup of its subscribers came to its limit"
            );
            return Routed {
                refused: true,
                ..Routed::default()
            };
        }
        let mut targets = targets.list;
        let mut routed = Routed {
            matched: targets.len(),
            ..Routed::default()
        };
        if targets.is_empty() && !retain {
            self.write_down(batch, &mut routed);
            return routed;
        }
        let mut kept = 0_usize;
        for target in &mut targets {
            if target.qos > QoS::AtMostOnce && target.session.is_persistent() {
                target.row = Some(self.number());
                kept = kept.saturating_add(1);
            }
        }
        let now = self.clock.millis();
        let publish = PreparedPublish::copy_of(publish);
        let expires = publish
            .properties()
            .message_expiry_interval()
            .and_then(|seconds| {
                NonZeroU64::new(now.saturating_add(u64::from(seconds).saturating_mul(1000)))
            });
        let message = Arc::new(Message {
            publish,
            qos,
            arrived: now,
            expires,
            row: (kept > 0).then(|| MessageRow {
                id: self.number().get(),
                references: AtomicUsize::new(kept),
            }),
            receipt: None,
        });

        // What must survive is handed to the store before anyone can answer it.
        if kept > 0 {
            if let Some(row) = &message.row {
                batch.push(
                    Table::Message,
                    records::message_key(row.id),
                    Some(records::write_message(&message)),
                );
            }
            for target in &targets {
                if let Some(row) = target.row {
                    let delivery = target.delivery(&message);
                    batch.push(
                        Table::Queue,
                        records::queue_key(&target.session.client_id, row),
                        Some(records::write_delivery(&delivery, None, false)),
                    );
                }
            }
        }
        if retain {
            self.retain(name, &message, batch, &mut routed);
        } else {
            self.write_down(batch, &mut routed);
        }
        if routed.refused {
            return routed;
        }

        for target in &targets {
            match self.push(target, &message, now, turn) {
                Pushed::Waiting => {}
                Pushed::UnderPressure => turn.pressed = Some(Arc::clone(target.session)),
                Pushed::Offline | Pushed::Ended => {
                    let mut delivery = target.delivery(&message);
                    self.settle(target.session, &mut delivery, &mut turn.batch);
                }
                Pushed::Full => {
                    routed.full = routed.full.saturating_add(1);
                    self.counts.dropped.fetch_add(1, Ordering::Relaxed);
                    let mut delivery = target.delivery(&message);
                    self.settle(target.session, &mut delivery, &mut turn.batch);
                }
            }
        }
        if routed.full > 0 && routed.full == routed.matched {
            self.counts.refused.fetch_add(1, Ordering::Relaxed);
        }
        routed
    }

    /// Lets a message wait for a session. One whose queue is full of what has expired has room.
    fn push(
        &self,
        target: &Target<'_>,
        message: &Arc<Message>,
        now: u64,
        turn: &mut Turn,
    ) -> Pushed {
        let session = target.session;
        let limits = &self.settings.limits;
        let pushed = session.push(target.delivery(message), limits, &mut turn.wakers);
        if pushed != Pushed::Full {
            return pushed;
        }
        let mut expired = session.state.lock().purge(now);
        if expired.is_empty() {
            return pushed;
        }
        for delivery in &mut expired {
            self.settle(session, delivery, &mut turn.batch);
        }
        session.push(target.delivery(message), limits, &mut turn.wakers)
    }

    /// Keeps a message, or forgets the one that was kept; memory and store change together.
    fn retain(
        &self,
        name: TopicName<'_>,
        message: &Arc<Message>,
        mut batch: Batch,
        routed: &mut Routed,
    ) {
        let mut retained = self.retained.write();
        let Ok(before) = retained.set(name, message) else {
            tracing::warn!(
                topic = name.as_str(),
                "a message was refused: there is no room to retain it"
            );
            routed.refused = true;
            return;
        };
        let value =
            (!message.publish.payload().is_empty()).then(|| records::write_message(message));
        batch.push(Table::Retained, name.as_str().as_bytes().to_vec(), value);
        self.write_down(batch, routed);
        if routed.refused {
            retained.restore(name, before);
        }
    }

    fn write_down(&self, batch: Batch, routed: &mut Routed) {
        if !batch.is_empty() {
            routed.ticket = self.submit(batch);
            routed.refused = routed.ticket.is_none();
        }
    }

    /// The member of a shared subscription that gets the next message: in turn, those who are there first
    /// (MQTT 5.0 §4.8.2).
    fn choose<'a>(
        &self,
        group: &Group<'a, SessionKey, Granted>,
    ) -> Option<&'a (SessionKey, Granted)> {
        let members = group.members();
        let turn = self.shares.next(group.share_name, group.filter.as_str());
        let start = turn.checked_rem(members.len())?;
        let (before, after) = members.split_at_checked(start)?;
        let mut in_turn = after.iter().chain(before);
        let first = in_turn.clone().next();
        in_turn.find(|(key, _)| key.0.is_connected()).or(first)
    }
}

impl Target<'_> {
    fn delivery(&self, message: &Arc<Message>) -> Delivery {
        Delivery {
            message: Arc::clone(message),
            qos: self.qos,
            retain: self.retain,
            identifiers: self.identifiers.clone(),
            row: self.row,
            again: false,
        }
    }
}

/// Sessions that matched, each once (MQTT 5.0 [MQTT-3.3.4-2]).
#[derive(Default)]
struct Targets<'a> {
    list: Vec<Target<'a>>,
    places: HashMap<u64, usize>,
}

impl<'a> Targets<'a> {
    fn add(
        &mut self,
        session: &'a Arc<Session>,
        granted: Granted,
        origin: Option<u64>,
        qos: QoS,
        retain: bool,
    ) {
        // MQTT 5.0 [MQTT-3.8.3-3]
        if granted.no_local && origin == Some(session.number) {
            return;
        }
        let (qos, retain) = (granted.qos.min(qos), retain && granted.retain_as_published);
        if session.subscriptions.load(Ordering::Relaxed) > 1 {
            if let Some(target) = self.find(session.number) {
                target.qos = target.qos.max(qos);
                target.retain |= retain;
                target.identifiers.add(granted.identifier());
                return;
            }
            if self.list.len() >= FEW {
                self.places.insert(session.number, self.list.len());
            }
        }
        self.list.push(Target {
            session,
            qos,
            retain,
            identifiers: granted.identifier().into(),
            row: None,
        });
    }

    fn find(&mut self, number: u64) -> Option<&mut Target<'a>> {
        let place = match self.places.get(&number) {
            Some(place) => *place,
            None => self
                .list
                .iter()
                .take(FEW)
                .position(|target| target.session.number == number)?,
        };
        self.list.get_mut(place)
    }
}
