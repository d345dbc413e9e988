//! What connections share: who subscribes to what, what is retained, and who is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mqtt_codec::{PreparedPublish, Publish, QoS, ReasonCode, Subscription, SubscriptionOptions};
use tokio::sync::mpsc::Sender;
use topic_match::{Match, RetainedIndex, Subscriber, SubscriptionIndex, TopicFilter, TopicName};

use super::Error;

pub(super) type Shared = Arc<Mutex<Broker>>;

pub(super) fn lock(broker: &Shared) -> MutexGuard<'_, Broker> {
    broker.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A message on its way to a client.
#[derive(Clone)]
pub(super) struct Message {
    pub(super) publish: PreparedPublish,
    pub(super) qos: QoS,
    pub(super) retain: bool,
}

impl Message {
    fn to(&self, options: &SubscriptionOptions, keep_retain: bool) -> Self {
        let (qos, retain) = (self.qos.min(options.qos), self.retain && keep_retain);
        Self {
            publish: self.publish.clone(),
            qos,
            retain,
        }
    }
}

/// What connections share.
#[derive(Default)]
pub(super) struct Broker {
    subscriptions: SubscriptionIndex<Arc<str>, SubscriptionOptions>,
    retained: RetainedIndex<Message>,
    pub(super) clients: HashMap<Arc<str>, Sender<Message>>,
}

impl Broker {
    /// A connection takes the place of this client; one that had it sees that nobody sends to it any more.
    pub(super) fn enter(&mut self, id: &str, queue: Sender<Message>) {
        self.remove(id);
        self.clients.insert(id.into(), queue);
    }

    /// A connection has ended, and its queue with it: the place is free unless another connection has it by now.
    pub(super) fn leave(&mut self, id: &str) {
        if self.clients.get(id).is_some_and(Sender::is_closed) {
            self.remove(id);
        }
    }

    fn remove(&mut self, id: &str) {
        self.subscriptions.remove_key(id);
        self.clients.remove(id);
    }

    /// One copy for each subscription that matches, as a server may (MQTT 5.0 §3.3.4).
    pub(super) fn publish(&mut self, from: &str, publish: &Publish, qos: QoS) -> Result<(), Error> {
        let name = TopicName::new(publish.topic())?;
        let retain = publish.retain();
        let message = Message {
            publish: PreparedPublish::copy_of(publish),
            qos,
            retain,
        };
        let mut slow = Vec::new();
        for one in self.subscriptions.matches(name) {
            if let Match::Subscriber(Subscriber {
                key,
                value: options,
                ..
            }) = one
                && !(options.no_local && **key == *from)
                && let Some(client) = self.clients.get(key)
                && client
                    .try_send(message.to(options, options.retain_as_published))
                    .is_err()
            {
                slow.push(key.clone());
            }
        }
        slow.iter().for_each(|id| self.remove(id));
        if retain && publish.payload().is_empty() {
            self.retained.remove(name);
        } else if retain {
            self.retained.insert(name, message)?;
        }
        Ok(())
    }

    /// The code for SUBACK, and the retained messages that are due.
    pub(super) fn subscribe(
        &mut self,
        id: &str,
        one: &Subscription<'_>,
    ) -> Result<(ReasonCode, Vec<Message>), Error> {
        let (filter, mut options) = (TopicFilter::new(one.filter())?, one.options());
        options.qos = options.qos.min(QoS::AtLeastOnce);
        let before = self.subscriptions.insert(filter, id.into(), options)?;
        let mut due = Vec::new();
        if options.retain_handling.is_due(before.is_none()) {
            due.extend(
                self.retained
                    .matches(filter)
                    .map(|(_, found)| found.to(&options, true)),
            );
        }
        Ok((ReasonCode::granted(options.qos), due))
    }

    /// The code for UNSUBACK.
    pub(super) fn unsubscribe(&mut self, id: &str, filter: &str) -> Result<ReasonCode, Error> {
        Ok(
            match self.subscriptions.remove(TopicFilter::new(filter)?, id) {
                Some(_) => ReasonCode::Success,
                None => ReasonCode::NoSubscriptionExisted,
            },
        )
    }
}
