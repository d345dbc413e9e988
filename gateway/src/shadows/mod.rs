//! Device shadows over the journal: the same for MQTT's reserved topics and for the HTTPS API.

mod answers;

use std::hash::BuildHasher;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use mqtt_codec::ReasonCode;
use parking_lot::Mutex;
use shadow_doc::{
    Accepted, Direction, EpochSeconds, Operation, Rejection, RejectionKind, Request, Shadow,
    ShadowAddress, ShadowName, ShadowTopic, ThingName,
};

use crate::broker::{Broker, Service};
use crate::store::{Batch, Journal, Store, StoreError, StoreErrorKind, Table, Ticket};
use answers::{Announcement, Announcer, InFlight, Place};

/// Shadows that are changed at one time by different threads.
const LANES: usize = 64;

/// Shadows of one thing that are read at a time.
const PAGE: usize = 100;

/// The shadow service of the gateway.
pub struct Shadows {
    broker: Weak<Broker>,
    journal: Arc<Journal>,
    service: shadow_doc::Service,
    /// One request of a thing after the other; things share a lane at random.
    lanes: [Mutex<()>; LANES],
    hasher: foldhash::fast::RandomState,
    in_flight: Arc<InFlight>,
    per_thing: usize,
    announcer: Announcer,
}

impl core::fmt::Debug for Shadows {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Shadows").finish_non_exhaustive()
    }
}

/// An answer, and what must be durable before it is given.
#[derive(Debug)]
pub struct Answer {
    /// What the service says.
    pub outcome: Arc<Result<Accepted, Rejection>>,
    /// The write that it promises, or that it has seen.
    pub ticket: Ticket,
    /// Its place among the requests that are under way, until it has been given. `None` for one that got none.
    #[expect(dead_code, reason = "it is held, and given back with the answer")]
    place: Option<Arc<Place>>,
}

/// What is published of a request, when it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Announce {
    /// What it has changed; nothing of a request that has not.
    Changes,
    /// The answer too, whatever it is: it was asked for with a message.
    Everything,
}

impl Shadows {
    /// The service for a broker's clients, within the broker's limits.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn new(
        broker: &Arc<Broker>,
        service: shadow_doc::Service,
    ) -> Result<Arc<Self>, StoreError> {
        let limits = &broker.settings().limits;
        let journal = Arc::clone(broker.journal());
        let weak = Arc::downgrade(broker);
        let announcer = Announcer::start(Weak::clone(&weak), Arc::clone(&journal))
            .map_err(|error| StoreError::io("starting the thread of the shadows", &error))?;
        Ok(Arc::new(Self {
            broker: weak,
            service,
            lanes: [const { Mutex::new(()) }; LANES],
            hasher: foldhash::fast::RandomState::default(),
            in_flight: InFlight::new(limits.shadow_requests, limits.shadow_answer_bytes),
            per_thing: limits.shadows_per_thing,
            announcer,
            journal,
        }))
    }

    fn key(address: &ShadowAddress<'_>) -> Bytes {
        // Neither name can hold a slash; the classic shadow's is empty.
        let name = address.shadow().map_or("", ShadowName::as_str);
        format!("{}/{name}", address.thing().as_str()).into()
    }

    /// Carries out a request. What is in `batch` is written with what the request changes, or not at all.
    ///
    /// What is to be published of it takes its place behind what was published of requests to the same thing before.
    ///
    /// # Errors
    /// The store cannot be read, holds what is no shadow, or takes no more.
    pub fn apply(
        &self,
        address: &ShadowAddress<'_>,
        operation: Operation,
        payload: &[u8],
        batch: Batch,
        announce: Announce,
    ) -> Result<Answer, StoreError> {
        let broker = self.broker.upgrade().ok_or_else(|| {
            StoreError::new(
                StoreErrorKind::Closed,
                "the gateway ends: no request is taken",
            )
        })?;
        let thing = address.thing().as_str();
        let Some(mut place) = self.in_flight.enter(thing) else {
            tracing::info!(
                thing,
                "a request to a shadow was rejected: too many wait for the disk (shadow_requests, shadow_answer_bytes)"
            );
            return self.rejected(&broker, address, operation, payload, batch, announce);
        };
        // The year 9999 is the last that the documents can say.
        let now = EpochSeconds::try_from(broker.unix_seconds()).unwrap_or(EpochSeconds::MAX);
        let key = Self::key(address);
        let lane = usize::try_from(self.hasher.hash_one(thing))
            .unwrap_or_default()
            .checked_rem(LANES)
            .and_then(|lane| self.lanes.get(lane));
        let _held = lane.map(Mutex::lock);
        let stored = self.journal.get(Table::Shadow, &key)?;
        let mut shadow = match &stored {
            Some(bytes) => read(bytes)?,
            None => Shadow::default(),
        };
        let before = stored.as_ref().map_or(0, Bytes::len);
        let request = Request::new(address, operation, payload);
        let mut outcome = self.service.apply(&mut shadow, &request, now);
        let mut batch = batch;
        if stored.is_none() && outcome.is_ok() && operation == Operation::Update {
            batch = match self.room(address, now, batch)? {
                Ok(batch) => batch,
                Err(batch) => {
                    tracing::info!(
                        thing,
                        limit = self.per_thing,
                        "a shadow was not made: its thing has as many as are allowed (shadows_per_thing)"
                    );
                    outcome = Err(Rejection::by_gateway(RejectionKind::TooLarge, payload));
                    batch
                }
            };
        }
        let changes = match operation {
            Operation::Update | Operation::Delete => outcome.is_ok(),
            Operation::Get => false,
        };
        let mut bytes = before.saturating_add(response_bytes(&outcome));
        if changes {
            let after = shadow.to_bytes();
            bytes = bytes.saturating_add(after.len());
            batch = batch.put(Table::Shadow, key, after);
        }
        let ticket = if batch.is_empty() {
            // What an answer has seen must not be lost after it is given.
            self.journal.submitted()
        } else {
            self.journal.submit(batch)?
        };
        place.hold(bytes);
        let (outcome, place) = (Arc::new(outcome), Arc::new(place));
        if changes || announce == Announce::Everything {
            // Within the lane: the order of a thing's announcements is that of its changes.
            self.announcer.add(Announcement {
                address: address.clone().into_owned(),
                operation,
                outcome: Arc::clone(&outcome),
                ticket,
                place: Arc::clone(&place),
            });
        }
        Ok(Answer {
            outcome,
            ticket,
            place: Some(place),
        })
    }

    /// Too many requests are under way. This answer has seen nothing: it waits for nothing.
    fn rejected(
        &self,
        broker: &Broker,
        address: &ShadowAddress<'_>,
        operation: Operation,
        payload: &[u8],
        batch: Batch,
        announce: Announce,
    ) -> Result<Answer, StoreError> {
        let ticket = if batch.is_empty() {
            self.journal.durable()
        } else {
            self.journal.submit(batch)?
        };
        let outcome = Err(Rejection::by_gateway(
            RejectionKind::TooManyInFlight,
            payload,
        ));
        if announce == Announce::Everything {
            answers::publish(broker, address, operation, &outcome);
        }
        Ok(Answer {
            outcome: Arc::new(outcome),
            ticket,
            place: None,
        })
    }

    /// Whether a thing may have one more shadow; versions that need not be remembered any more are forgotten with it.
    fn room(
        &self,
        address: &ShadowAddress<'_>,
        now: EpochSeconds,
        mut batch: Batch,
    ) -> Result<Result<Batch, Batch>, StoreError> {
        let prefix = format!("{}/", address.thing().as_str());
        let mut count = 0_usize;
        let mut after: Option<Bytes> = None;
        while count < self.per_thing {
            let page =
                self.journal
                    .scan(Table::Shadow, prefix.as_bytes(), after.as_deref(), PAGE)?;
            let Some((last, _)) = page.last() else {
                return Ok(Ok(batch));
            };
            after = Some(last.clone());
            for (key, value) in page {
                let seconds = self.service.limits().tombstone_seconds;
                let is_over = read(&value)?
                    .tombstone()
                    .is_some_and(|tombstone| tombstone.is_expired(now, seconds));
                if is_over {
                    batch = batch.delete(Table::Shadow, key);
                } else {
                    count = count.saturating_add(1);
                }
            }
        }
        Ok(Err(batch))
    }

    /// The names of a thing's named shadows, in order, after `after`.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn list(
        &self,
        thing: &ThingName<'_>,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let prefix = format!("{}/", thing.as_str());
        let mut after = format!("{prefix}{}", after.unwrap_or_default());
        let mut names = Vec::new();
        loop {
            let page = self.journal.scan(
                Table::Shadow,
                prefix.as_bytes(),
                Some(after.as_bytes()),
                PAGE,
            )?;
            let Some((last, _)) = page.last() else {
                return Ok(names);
            };
            after = String::from_utf8_lossy(last).into_owned();
            for (key, value) in &page {
                let name = key.get(prefix.len()..).unwrap_or_default();
                // A tombstone is no shadow.
                let lives =
                    Shadow::from_bytes(value).is_ok_and(|shadow| shadow.document().is_some());
                if lives {
                    names.push(String::from_utf8_lossy(name).into_owned());
                }
                if names.len() >= limit {
                    return Ok(names);
                }
            }
        }
    }
}

fn read(bytes: &[u8]) -> Result<Shadow, StoreError> {
    Shadow::from_bytes(bytes).map_err(|error| {
        tracing::error!(%error, "a stored shadow is damaged");
        StoreError::corrupt("a shadow")
    })
}

fn response_bytes(outcome: &Result<Accepted, Rejection>) -> usize {
    match outcome {
        Ok(accepted) => accepted
            .response()
            .len()
            .saturating_add(accepted.delta().map_or(0, <[u8]>::len)),
        // A sentence, and the client's token.
        Err(_) => 256,
    }
}

/// The service behind the reserved topics.
#[derive(Debug)]
pub struct ShadowTopics(pub Arc<Shadows>);

impl Service for ShadowTopics {
    fn takes(&self, topic: &str) -> bool {
        topic.starts_with("$aws/")
    }

    fn handle(
        &self,
        topic: &str,
        payload: &[u8],
        batch: Batch,
    ) -> Result<Option<Ticket>, ReasonCode> {
        let parsed = parse(topic)?;
        let operation = parsed.kind().operation();
        let everything = Announce::Everything;
        let is_alone = batch.is_empty();
        match self
            .0
            .apply(parsed.address(), operation, payload, batch, everything)
        {
            Ok(answer) => Ok(Some(answer.ticket)),
            Err(error) => {
                tracing::error!(topic, %error, "a shadow could not be reached");
                let rejection = Rejection::by_gateway(RejectionKind::InternalFailure, payload);
                if let Some(broker) = self.0.broker.upgrade() {
                    answers::publish(&broker, parsed.address(), operation, &Err(rejection));
                }
                if is_alone {
                    // The client has been told.
                    Ok(None)
                } else {
                    Err(ReasonCode::ImplementationSpecificError)
                }
            }
        }
    }

    fn check_will(&self, topic: &str) -> Result<(), ReasonCode> {
        parse(topic).map(drop)
    }
}

/// A topic on which clients speak to the service.
fn parse(topic: &str) -> Result<ShadowTopic<'_>, ReasonCode> {
    let parsed = ShadowTopic::parse(topic).map_err(|error| {
        tracing::info!(topic, %error, "a message on a reserved topic was refused");
        ReasonCode::TopicNameInvalid
    })?;
    // What the service says, clients do not.
    if parsed.kind().direction() != Direction::ToService {
        return Err(ReasonCode::NotAuthorized);
    }
    Ok(parsed)
}
