//! Answers of the shadow service that wait for the disk: how many there may be, and who gives them when their time has
//! come.

use std::collections::HashMap;
use std::sync::{Arc, Weak, mpsc};

use mqtt_codec::{Publish, QoS};
use parking_lot::Mutex;
use shadow_doc::{Accepted, Operation, Rejection, ShadowAddress, TopicKind};

use crate::broker::Broker;
use crate::store::{Journal, Ticket};

/// Requests that are not answered yet.
#[derive(Debug)]
pub(crate) struct InFlight {
    per_thing: u32,
    bytes: usize,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    things: HashMap<Arc<str>, u32>,
    bytes: usize,
}

impl InFlight {
    pub(crate) fn new(per_thing: u32, bytes: usize) -> Arc<Self> {
        Arc::new(Self {
            per_thing,
            bytes,
            counts: Mutex::default(),
        })
    }

    /// A place for a request; `None` when its thing, or all together, have too many.
    pub(crate) fn enter(self: &Arc<Self>, thing: &str) -> Option<Place> {
        let mut counts = self.counts.lock();
        if counts.bytes >= self.bytes {
            return None;
        }
        let thing: Arc<str> = match counts.things.get_key_value(thing) {
            Some((_, count)) if *count >= self.per_thing => return None,
            Some((thing, _)) => Arc::clone(thing),
            None => thing.into(),
        };
        let count = counts.things.entry(Arc::clone(&thing)).or_default();
        *count = count.saturating_add(1);
        drop(counts);
        Some(Place {
            all: Arc::clone(self),
            thing,
            bytes: 0,
        })
    }
}

/// The place of one request, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    all: Arc<InFlight>,
    thing: Arc<str>,
    bytes: usize,
}

impl Place {
    /// The answer takes so many bytes while it waits.
    pub(crate) fn hold(&mut self, bytes: usize) {
        let mut counts = self.all.counts.lock();
        counts.bytes = counts
            .bytes
            .saturating_sub(self.bytes)
            .saturating_add(bytes);
        self.bytes = bytes;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.all.counts.lock();
        counts.bytes = counts.bytes.saturating_sub(self.bytes);
        let left = counts.things.get_mut(&self.thing).map(|count| {
            *count = count.saturating_sub(1);
            *count
        });
        if left == Some(0) {
            counts.things.remove(&self.thing);
        }
    }
}

/// What is published of a request.
#[derive(Debug)]
pub(crate) struct Announcement {
    pub(crate) address: ShadowAddress<'static>,
    pub(crate) operation: Operation,
    pub(crate) outcome: Arc<Result<Accepted, Rejection>>,
    pub(crate) ticket: Ticket,
    /// Given back when all of it has been published.
    pub(crate) place: Arc<Place>,
}

/// Publishes announcements, each when it is durable, in the order in which they come. It has a thread of its own: that
/// of the journal has to go on with the next commit.
#[derive(Debug)]
pub(crate) struct Announcer {
    sender: mpsc::Sender<Announcement>,
}

impl Announcer {
    pub(crate) fn start(broker: Weak<Broker>, journal: Arc<Journal>) -> std::io::Result<Self> {
        // As long as there are places: that is its bound.
        let (sender, receiver) = mpsc::channel::<Announcement>();
        std::thread::Builder::new()
            .name("shadows".to_owned())
            .spawn(move || {
                for one in receiver {
                    if let Err(error) = journal.wait_blocking(one.ticket) {
                        tracing::debug!(%error, "answers of shadows are not given");
                        return;
                    }
                    let Some(broker) = broker.upgrade() else {
                        return;
                    };
                    publish(&broker, &one.address, one.operation, &one.outcome);
                    drop(one.place);
                }
            })?;
        Ok(Self { sender })
    }

    /// Takes its place behind all that came before.
    pub(crate) fn add(&self, announcement: Announcement) {
        if self.sender.send(announcement).is_err() {
            tracing::debug!("an answer of a shadow is not given: the gateway ends");
        }
    }
}

/// `accepted`, `delta` and `documents`, or `rejected`.
pub(crate) fn publish(
    broker: &Broker,
    address: &ShadowAddress<'_>,
    operation: Operation,
    outcome: &Result<Accepted, Rejection>,
) {
    match outcome {
        Ok(accepted) => {
            let kind = TopicKind::accepted(operation);
            send(broker, &address.topic(kind), accepted.response());
            if let Some(delta) = accepted.delta() {
                send(broker, &address.topic(TopicKind::UpdateDelta), delta);
            }
            let documents = address.topic(TopicKind::UpdateDocuments);
            // They are made for those who listen.
            if accepted.has_documents()
                && broker.has_subscribers(&documents)
                && let Some(payload) = accepted.to_documents()
            {
                send(broker, &documents, &payload);
            }
        }
        Err(rejection) => {
            let kind = TopicKind::rejected(operation);
            send(broker, &address.topic(kind), &rejection.to_payload());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_for_each_thing_and_in_bytes() {
        let all = InFlight::new(2, 100);
        let first = all.enter("pump").unwrap();
        let mut second = all.enter("pump").unwrap();
        assert!(all.enter("pump").is_none());
        let other = all.enter("lamp").unwrap();
        drop(first);
        second.hold(100);
        assert!(all.enter("fan").is_none(), "the bytes are used up");
        drop(second);
        assert!(all.enter("fan").is_some());
        drop(other);
        let counts = all.counts.lock();
        assert!(counts.things.is_empty());
        assert_eq!(counts.bytes, 0);
    }
}
