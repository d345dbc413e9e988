//! Device shadows over the journal: the same for MQTT's reserved topics and for the HTTPS API.

use std::hash::BuildHasher;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use mqtt_codec::{Publish, QoS, ReasonCode};
use parking_lot::Mutex;
use shadow_doc::{
    Accepted, Direction, EpochSeconds, Operation, Rejection, RejectionKind, Request, Shadow,
    ShadowAddress, ShadowName, ShadowTopic, ThingName, TopicKind,
};

use crate::broker::{Broker, Service};
use crate::store::{Batch, Journal, Store, StoreError, Table, Ticket};

/// Shadows that are changed at one time by different threads.
const LANES: usize = 64;

/// The shadow service of the gateway.
pub struct Shadows {
    broker: Weak<Broker>,
    journal: Arc<Journal>,
    service: shadow_doc::Service,
    /// One request of a thing after the other; things share a lane at random.
    lanes: [Mutex<()>; LANES],
    hasher: foldhash::fast::RandomState,
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
    pub outcome: Result<Accepted, Rejection>,
    /// The write that it promises, or that it has seen.
    pub ticket: Ticket,
}

impl Shadows {
    /// The service for a broker's clients.
    #[must_use]
    pub fn new(broker: &Arc<Broker>, service: shadow_doc::Service) -> Arc<Self> {
        Arc::new(Self {
            broker: Arc::downgrade(broker),
            journal: Arc::clone(broker.journal()),
            service,
            lanes: [const { Mutex::new(()) }; LANES],
            hasher: foldhash::fast::RandomState::default(),
        })
    }

    fn key(address: &ShadowAddress<'_>) -> Bytes {
        // Neither name can hold a slash; the classic shadow's is empty.
        let name = address.shadow().map_or("", ShadowName::as_str);
        format!("{}/{name}", address.thing().as_str()).into()
    }

    /// Carries out a request. Nothing is published.
    ///
    /// # Errors
    /// The store cannot be read, holds what is no shadow, or takes no more.
    pub fn apply(
        &self,
        address: &ShadowAddress<'_>,
        operation: Operation,
        payload: &[u8],
        now: u64,
    ) -> Result<Answer, StoreError> {
        let key = Self::key(address);
        let lane = usize::try_from(self.hasher.hash_one(address.thing().as_str()))
            .unwrap_or_default()
            .checked_rem(LANES)
            .and_then(|lane| self.lanes.get(lane));
        let _held = lane.map(Mutex::lock);
        let mut shadow = match self.journal.get(Table::Shadow, &key)? {
            Some(bytes) => Shadow::from_bytes(&bytes).map_err(|error| {
                tracing::error!(%error, "a stored shadow is damaged");
                StoreError::corrupt("a shadow")
            })?,
            None => Shadow::default(),
        };
        let request = Request::new(address, operation, payload);
        // The year 9999 is the last that the documents can say.
        let now = EpochSeconds::try_from(now).unwrap_or(EpochSeconds::MAX);
        let outcome = self.service.apply(&mut shadow, &request, now);
        let changes = match operation {
            Operation::Update | Operation::Delete => outcome.is_ok(),
            Operation::Get => false,
        };
        let ticket = if changes {
            let batch = Batch::new().put(Table::Shadow, key, shadow.to_bytes());
            self.journal.submit(batch)?
        } else {
            // What an answer has seen must not be lost after it is given.
            self.journal.submitted()
        };
        Ok(Answer { outcome, ticket })
    }

    /// Publishes what an update or deletion is followed by, once it is durable: `accepted`, `delta`, `documents`.
    pub fn announce(
        self: &Arc<Self>,
        address: &ShadowAddress<'_>,
        operation: Operation,
        answer: Answer,
    ) {
        let shadows = Arc::clone(self);
        let address = address.clone().into_owned();
        let ticket = answer.ticket;
        self.journal.then(ticket, move || {
            shadows.publish(&address, operation, &answer.outcome);
        });
    }

    fn publish(
        &self,
        address: &ShadowAddress<'_>,
        operation: Operation,
        outcome: &Result<Accepted, Rejection>,
    ) {
        let Some(broker) = self.broker.upgrade() else {
            return;
        };
        match outcome {
            Ok(accepted) => {
                let kind = TopicKind::accepted(operation);
                send(&broker, &address.topic(kind), accepted.response());
                if let Some(delta) = accepted.delta() {
                    send(&broker, &address.topic(TopicKind::UpdateDelta), delta);
                }
                let documents = address.topic(TopicKind::UpdateDocuments);
                // They are made for those who listen.
                if accepted.has_documents()
                    && broker.has_subscribers(&documents)
                    && let Some(payload) = accepted.to_documents()
                {
                    send(&broker, &documents, &payload);
                }
            }
            Err(rejection) => {
                let kind = TopicKind::rejected(operation);
                send(&broker, &address.topic(kind), &rejection.to_payload());
            }
        }
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
                100,
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

fn send(broker: &Broker, topic: &str, payload: &[u8]) {
    match Publish::builder(topic).payload(payload).build() {
        Ok(publish) => {
            if let Err(code) = broker.publish_own(&publish, QoS::AtLeastOnce) {
                tracing::warn!(topic, %code, "an answer was not published");
            }
        }
        Err(error) => tracing::warn!(topic, %error, "an answer was not published"),
    }
}

/// The service behind the reserved topics.
#[derive(Debug)]
pub struct ShadowTopics(pub Arc<Shadows>);

impl Service for ShadowTopics {
    fn takes(&self, topic: &str) -> bool {
        topic.starts_with("$aws/")
    }

    fn handle(&self, topic: &str, payload: &[u8]) -> Result<Option<Ticket>, ReasonCode> {
        let shadows = &self.0;
        let parsed = ShadowTopic::parse(topic).map_err(|error| {
            tracing::info!(topic, %error, "a message on a reserved topic was refused");
            ReasonCode::TopicNameInvalid
        })?;
        // What the service says, clients do not.
        if parsed.kind().direction() != Direction::ToService {
            return Err(ReasonCode::NotAuthorized);
        }
        let now = shadows
            .broker
            .upgrade()
            .map(|broker| broker.unix_seconds())
            .ok_or(ReasonCode::ImplementationSpecificError)?;
        let operation = parsed.kind().operation();
        let answer = shadows
            .apply(parsed.address(), operation, payload, now)
            .unwrap_or_else(|error| {
                tracing::error!(topic, %error, "a shadow could not be reached");
                Answer {
                    outcome: Err(Rejection::by_gateway(
                        RejectionKind::InternalFailure,
                        payload,
                    )),
                    ticket: shadows.journal.durable(),
                }
            });
        let ticket = answer.ticket;
        shadows.announce(parsed.address(), operation, answer);
        Ok(Some(ticket))
    }
}
