//! The broker: sessions, subscriptions, retained messages, and the way of a message from one client to others.
//!
//! It knows no sockets. A [`Connection`](crate::connection::Connection) brings it what a client says, takes what waits
//! for the client, and is woken when there is something. All state is shared between the threads; locks are taken in
//! this order and held briefly: the map of sessions, the index, the retained messages, one session; the timers and the
//! journal's queue last.

mod attach;
mod clients;
mod clock;
mod load;
mod message;
mod outgoing;
mod records;
mod retained;
mod route;
mod session;
mod shares;
mod subscribe;
mod timers;
mod will;

use core::num::NonZeroU64;
use core::sync::atomic::{AtomicU64, Ordering};
use core::task::Waker;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use mqtt_codec::{Publish, QoS, ReasonCode};
use parking_lot::{Mutex, RwLock};
use topic_match::{RetainedIndex, SubscriptionIndex, TopicName};

use crate::access::{Access, DangerousAllowAll, Principal};
use crate::settings::Settings;
use crate::store::{Batch, Journal, StoreError, Table, Ticket};

pub(crate) use attach::{AttachError, Attachment};
pub(crate) use clients::{Direct, Ended, LinkState};
pub(crate) use clock::Clock;
pub(crate) use message::{Delivery, Granted, Message};
pub(crate) use outgoing::{Answered, Slot};
use retained::Retained;
pub(crate) use retained::RetainedQuery;
pub(crate) use route::{Routed, Sendable, Turn};
use session::SessionKey;
pub(crate) use session::{Session, State};
pub(crate) use subscribe::SubscribeError;
use will::LeftBy;
pub use will::Principals;
pub(crate) use will::Will;

use timers::Timers;

/// Takes messages on topics that the gateway answers itself, such as those of shadows.
pub trait Service: Send + Sync {
    /// Whether messages on this topic are for the service alone.
    fn takes(&self, topic: &str) -> bool;

    /// A message on such a topic. What it answers, it publishes. What is in `batch` is written with what it writes, or not
    /// at all. The ticket is of what must be durable before the message is acknowledged.
    ///
    /// # Errors
    /// The code for PUBACK, when the service does not take the message.
    fn handle(
        &self,
        topic: &str,
        payload: &[u8],
        batch: Batch,
    ) -> Result<Option<Ticket>, ReasonCode>;

    /// Whether a client may leave a will on such a topic. A will goes to those who subscribe to it and not to the service.
    ///
    /// # Errors
    /// The code for CONNACK, where only the service speaks.
    fn check_will(&self, topic: &str) -> Result<(), ReasonCode>;
}

/// What became of a message that the gateway itself published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Sessions that matched.
    pub matched: usize,
    /// What must be durable before anyone is told that the message was taken.
    pub ticket: Option<Ticket>,
}

/// Everything that connections share.
pub struct Broker {
    settings: Settings,
    topics: topic_match::Profile,
    clock: Clock,
    sessions: Mutex<HashMap<Arc<str>, Arc<Session>, foldhash::fast::RandomState>>,
    index: RwLock<SubscriptionIndex<SessionKey, Granted>>,
    retained: RwLock<Retained>,
    journal: Arc<Journal>,
    timers: Timers,
    /// Numbers of sessions, messages and rows: each is used once, also across restarts.
    numbers: AtomicU64,
    shares: shares::Shares,
    service: OnceLock<Box<dyn Service>>,
    principals: OnceLock<Arc<dyn Principals>>,
    counts: Counts,
}

/// What has happened since the start.
#[derive(Debug, Default)]
struct Counts {
    refused: AtomicU64,
    dropped: AtomicU64,
}

impl core::fmt::Debug for Broker {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Broker")
            .field("sessions", &self.sessions.lock().len())
            .field("subscriptions", &self.index.read().len())
            .field("retained", &self.retained.read().len())
            .finish_non_exhaustive()
    }
}

impl Broker {
    /// A broker with everything that the journal's store holds.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what no gateway wrote.
    pub fn open(settings: Settings, journal: Arc<Journal>) -> Result<Arc<Self>, StoreError> {
        let topics = settings.topics();
        let broker = Self {
            topics,
            clock: Clock::start(),
            sessions: Mutex::default(),
            index: RwLock::new(
                SubscriptionIndex::new()
                    .with_match_rules(topics.match_rules())
                    .with_capacity_limit(settings.limits.subscriptions),
            ),
            retained: RwLock::new(Retained::new(
                RetainedIndex::new()
                    .with_match_rules(topics.match_rules())
                    .with_capacity_limit(settings.limits.retained_messages),
                settings.limits.retained_bytes,
            )),
            journal,
            timers: Timers::default(),
            numbers: AtomicU64::new(1),
            shares: shares::Shares::default(),
            service: OnceLock::new(),
            principals: OnceLock::new(),
            counts: Counts::default(),
            settings,
        };
        broker.load()?;
        Ok(Arc::new(broker))
    }

    /// Sets who answers on the gateway's own topics. The first call counts.
    pub fn set_service(&self, service: Box<dyn Service>) {
        let _ = self.service.set(service);
    }

    /// Sets who says what clients of an earlier process may do. The first call counts. Until then their wills are not
    /// published, but for those of the listener that authenticates nobody.
    pub fn set_principals(&self, principals: Arc<dyn Principals>) {
        let _ = self.principals.set(principals);
    }

    /// What the broker was told.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many messages were refused to their publisher, and dropped for one receiver, because a queue was full.
    #[must_use]
    pub fn losses(&self) -> (u64, u64) {
        (
            self.counts.refused.load(Ordering::Relaxed),
            self.counts.dropped.load(Ordering::Relaxed),
        )
    }

    pub(crate) const fn topics(&self) -> &topic_match::Profile {
        &self.topics
    }

    pub(crate) const fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn service_for(&self, topic: &str) -> Option<&dyn Service> {
        if !topic.starts_with('$') {
            return None;
        }
        let service = self.service.get()?;
        service.takes(topic).then_some(&**service)
    }

    /// Whether a will may stand on a topic: what a service says of itself, no client says with its will either.
    pub(crate) fn check_will(&self, topic: &str, retain: bool) -> Result<(), ReasonCode> {
        match self.service_for(topic) {
            // Retained messages on reserved topics are refused, as those of PUBLISH are.
            Some(_) if retain => Err(ReasonCode::NotAuthorized),
            Some(service) => service.check_will(topic),
            None => Ok(()),
        }
    }

    fn number(&self) -> NonZeroU64 {
        NonZeroU64::new(self.numbers.fetch_add(1, Ordering::Relaxed)).unwrap_or(NonZeroU64::MIN)
    }

    /// Does what falls due, until the broker is dropped or the task is.
    pub async fn run_timers(self: Arc<Self>) {
        loop {
            let now = self.clock.millis();
            for due in self.timers.take(now) {
                let Some(session) = due.session.upgrade() else {
                    continue;
                };
                self.fall_due(&session, due.generation, due.what);
            }
            match self.timers.next() {
                Some(next) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(self.clock.instant(next)) => {}
                        () = self.timers.earlier() => {}
                    }
                }
                None => self.timers.earlier().await,
            }
        }
    }

    fn fall_due(&self, session: &Arc<Session>, generation: u64, what: timers::What) {
        match what {
            timers::What::PublishWill => {
                let will = {
                    let mut state = session.state.lock();
                    if state.generation != generation || state.link.is_some() {
                        return;
                    }
                    state.will.take()
                };
                if let Some(will) = will {
                    let mut batch = Batch::new();
                    self.keep_session(session, &mut batch);
                    self.publish_will(&will, batch);
                }
            }
            timers::What::EndSession => {
                self.end_session_of(session, Some(generation));
            }
        }
    }

    /// Closes the connection of a client, if there is one.
    pub fn disconnect(&self, client_id: &str, reason: ReasonCode) -> bool {
        let Some(session) = self.session(client_id) else {
            return false;
        };
        let waker = {
            let mut state = session.state.lock();
            if state.link.is_none() {
                return false;
            }
            state.close(reason)
        };
        waker.into_iter().for_each(Waker::wake);
        true
    }

    /// Has the connection of a client look at what has changed for it.
    pub fn wake(&self, client_id: &str) {
        let waker = self
            .session(client_id)
            .and_then(|session| session.state.lock().alert());
        waker.into_iter().for_each(Waker::wake);
    }

    /// Tells every connection that the server is going down.
    pub fn disconnect_all(&self, reason: ReasonCode) {
        let all: Vec<_> = self.sessions.lock().values().cloned().collect();
        for session in all {
            let waker = session.state.lock().close(reason);
            waker.into_iter().for_each(Waker::wake);
        }
    }

    pub(crate) fn session(&self, client_id: &str) -> Option<Arc<Session>> {
        self.sessions.lock().get(client_id).cloned()
    }

    /// A batch goes to the store; `None` and a word in the log when the journal takes no more.
    pub(crate) fn submit(&self, batch: Batch) -> Option<Ticket> {
        match self.journal.submit(batch) {
            Ok(ticket) => Some(ticket),
            Err(error) => {
                tracing::error!(%error, "the store takes no more");
                None
            }
        }
    }

    /// A batch that goes on with what was taken before, or ends it, goes to the store whatever waits there already. Its
    /// ticket, unless there is nothing to write.
    pub(crate) fn submit_always(&self, batch: Batch) -> Option<Ticket> {
        (!batch.is_empty()).then(|| self.journal.submit_always(batch))
    }

    /// A delivery is done with: its rows go, once.
    pub(crate) fn settle(&self, session: &Session, delivery: &mut Delivery, batch: &mut Batch) {
        let Some(row) = delivery.row.take() else {
            return;
        };
        batch.push(
            Table::Queue,
            records::queue_key(&session.client_id, row),
            None,
        );
        if let Some(message) = &delivery.message.row
            && message.release()
        {
            batch.push(Table::Message, records::message_key(message.id), None);
        }
    }

    /// Where a delivery stands is written down: before a QoS 2 message is sent, and before it is released.
    pub(crate) fn note_delivery(
        &self,
        session: &Session,
        delivery: &Delivery,
        id: mqtt_codec::PacketId,
        released: bool,
        batch: &mut Batch,
    ) {
        if let Some(row) = delivery.row {
            batch.push(
                Table::Queue,
                records::queue_key(&session.client_id, row),
                Some(records::write_delivery(delivery, Some(id), released)),
            );
        }
    }

    /// A QoS 2 identifier from a client is held, or let go.
    pub(crate) fn note_incoming(
        &self,
        session: &Session,
        id: mqtt_codec::PacketId,
        held: bool,
        batch: &mut Batch,
    ) {
        batch.push(
            Table::Incoming,
            records::incoming_key(&session.client_id, id),
            held.then(bytes::Bytes::new),
        );
    }

    /// Publishes a message in the gateway's own name.
    ///
    /// # Errors
    /// The topic breaks the profile's rules, or the store takes no more.
    pub fn publish_own(&self, message: &Publish, qos: QoS) -> Result<Published, ReasonCode> {
        let name = TopicName::with_profile(message.topic(), &self.topics)
            .map_err(|_| ReasonCode::TopicNameInvalid)?;
        let mut turn = Turn::default();
        let routed = self.publish(name, message, qos, None, Batch::new(), &mut turn);
        turn.end(self);
        if routed.refused {
            return Err(ReasonCode::QuotaExceeded);
        }
        Ok(Published {
            matched: routed.matched,
            ticket: routed.ticket,
        })
    }

    /// Whether anyone would get a message on this topic.
    #[must_use]
    pub fn has_subscribers(&self, topic: &str) -> bool {
        TopicName::new(topic).is_ok_and(|name| self.index.read().matches(name).next().is_some())
    }

    /// The journal behind the sessions, which other services of the gateway write to as well.
    #[must_use]
    pub const fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Seconds since 1970 by the broker's clock.
    #[must_use]
    pub fn unix_seconds(&self) -> u64 {
        self.clock.millis().checked_div(1000).unwrap_or_default()
    }

    /// Publishes a will. What is in `batch` is written with it, and in any case; the ticket is of that.
    fn publish_will(&self, will: &Will, batch: Batch) -> Option<Ticket> {
        use crate::access::Operation;
        let topic = will.publish.topic();
        let operation = Operation::Publish {
            topic,
            retain: will.publish.retain(),
        };
        let access = match &will.left_by {
            LeftBy::Present(access) => Some(Arc::clone(access)),
            LeftBy::Earlier {
                client_id,
                principal,
            } => self.access_of(client_id, principal.as_ref(), topic),
        };
        // A certificate may have been revoked, or a policy changed, since the client has gone.
        let may = access.is_some_and(|access| access.ended().is_none() && access.allows(operation));
        if !may || self.check_will(topic, will.publish.retain()).is_err() {
            tracing::warn!(
                topic,
                "a will was not published: its client may not publish there"
            );
            return self.submit_always(batch);
        }
        let Ok(name) = TopicName::new(topic) else {
            return self.submit_always(batch);
        };
        let mut turn = Turn::default();
        let routed = self.publish(
            name,
            &will.publish,
            will.qos,
            None,
            batch.clone(),
            &mut turn,
        );
        turn.end(self);
        if routed.refused {
            tracing::warn!(topic, "a will was not published: there is no room for it");
            return self.submit_always(batch);
        }
        routed.ticket
    }

    fn access_of(
        &self,
        client_id: &str,
        principal: Option<&Principal>,
        topic: &str,
    ) -> Option<Arc<dyn Access>> {
        match (principal?, self.principals.get()) {
            (principal, Some(principals)) => principals.access(principal, client_id, topic),
            (Principal::Anybody, None) => Some(Arc::new(DangerousAllowAll)),
            (Principal::Certificate { .. } | Principal::AccessKey(_), None) => None,
        }
    }
}
