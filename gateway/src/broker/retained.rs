//! Messages that are kept for those who subscribe later (MQTT 5.0 §3.3.1.3).

use core::num::NonZeroU64;
use core::sync::atomic::AtomicUsize;
use std::sync::Arc;

use bytes::Bytes;
use mqtt_codec::{QoS, SubscriptionId};
use topic_match::{Cursor, PageLimit, TopicFilterBuf, TopicName};

use super::Broker;
use super::message::{Delivery, Message, MessageRow};
use super::records;
use super::session::Session;
use crate::store::{Batch, Store, StoreError, Table};

/// Retained messages that a new subscription is still owed.
#[derive(Debug)]
pub(crate) struct RetainedQuery {
    filter: TopicFilterBuf,
    cursor: Cursor,
    qos: QoS,
    identifier: Option<SubscriptionId>,
}

impl RetainedQuery {
    pub(crate) fn new(
        filter: TopicFilterBuf,
        qos: QoS,
        identifier: Option<SubscriptionId>,
    ) -> Self {
        Self {
            filter,
            cursor: Cursor::new(),
            qos,
            identifier,
        }
    }
}

impl Broker {
    /// Keeps a message, or, when it has no payload, forgets the one that was kept
    /// (MQTT 5.0 [MQTT-3.3.1-5], [MQTT-3.3.1-6]).
    pub(super) fn retain_message(
        &self,
        name: TopicName<'_>,
        message: &Arc<Message>,
        batch: &mut Batch,
    ) {
        let key = Bytes::copy_from_slice(name.as_str().as_bytes());
        if message.publish.payload().is_empty() {
            self.retained.write().remove(name);
            batch.push(Table::Retained, key, None);
            return;
        }
        match self.retained.write().insert(name, Arc::clone(message)) {
            Ok(_) => batch.push(Table::Retained, key, Some(records::write_message(message))),
            Err(full) => tracing::warn!(topic = name.as_str(), %full, "a message was not retained"),
        }
    }

    /// The retained message of a topic.
    pub(crate) fn retained(&self, name: TopicName<'_>) -> Option<Arc<Message>> {
        let message = self.retained.read().get(name).map(Arc::clone)?;
        (!message.is_expired(self.clock.millis())).then_some(message)
    }

    /// At most `limit` retained messages in the order of their topics, after `after`. Reads the store, and so may take a
    /// moment.
    ///
    /// # Errors
    /// The store cannot be read, or holds what no gateway wrote.
    pub(crate) fn retained_page(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        let now = self.clock.millis();
        let mut after = after.map(|after| Bytes::copy_from_slice(after.as_bytes()));
        let mut found = Vec::new();
        loop {
            let wanted = limit.saturating_sub(found.len());
            let page = self
                .journal
                .scan(Table::Retained, b"", after.as_deref(), wanted)?;
            for (_, value) in &page {
                let message = records::read_message(value)?;
                if !message.is_expired(now) {
                    found.push(message);
                }
            }
            match page.last() {
                Some((last, _)) if page.len() == wanted && found.len() < limit => {
                    after = Some(last.clone());
                }
                _ => return Ok(found),
            }
        }
    }

    /// Lets the next retained messages of a subscription wait for their session; `false` when there are no more.
    pub(crate) fn continue_retained(&self, query: &mut RetainedQuery, session: &Session) -> bool {
        const PAGE: usize = 64;
        let now = self.clock.millis();
        let mut found: Vec<Arc<Message>> = Vec::new();
        let page = self.retained.read().page(
            query.filter.as_filter(),
            &mut query.cursor,
            PageLimit::results(PAGE).with_visits(10_000),
            |_, message| {
                if !message.is_expired(now) {
                    found.push(Arc::clone(message));
                }
            },
        );
        let mut batch = Batch::new();
        let persistent = session.is_persistent();
        for kept in found {
            let qos = kept.qos.min(query.qos);
            // A kept message may be a hundred sessions' at once: what one session is owed is a message of its own.
            let (message, row) = if persistent && qos > QoS::AtMostOnce {
                self.own_copy(&kept, session, qos, query.identifier, &mut batch)
            } else {
                (kept, None)
            };
            let delivery = Delivery {
                message,
                qos,
                // MQTT 5.0 [MQTT-3.3.1-8]
                retain: true,
                identifiers: query.identifier.into(),
                row,
            };
            // The caller asks for more only when there is room; a queue that fills up meanwhile loses what it would
            // lose of live messages.
            let mut state = session.state.lock();
            let _ = state.push(delivery, &self.settings.limits);
        }
        if !batch.is_empty() {
            self.submit(batch);
        }
        !page.complete
    }

    /// A copy of a kept message that lives in the queue of one session.
    fn own_copy(
        &self,
        kept: &Message,
        session: &Session,
        qos: QoS,
        identifier: Option<SubscriptionId>,
        batch: &mut Batch,
    ) -> (Arc<Message>, Option<NonZeroU64>) {
        let message = Arc::new(Message {
            publish: kept.publish.clone(),
            qos: kept.qos,
            arrived: kept.arrived,
            expires: kept.expires,
            row: Some(MessageRow {
                id: self.number().get(),
                references: AtomicUsize::new(1),
            }),
            receipt: None,
        });
        let row = self.number();
        let delivery = Delivery {
            message: Arc::clone(&message),
            qos,
            retain: true,
            identifiers: identifier.into(),
            row: Some(row),
        };
        if let Some(stored) = &message.row {
            batch.push(
                Table::Message,
                records::message_key(stored.id),
                Some(records::write_message(&message)),
            );
        }
        batch.push(
            Table::Queue,
            records::queue_key(&session.client_id, row),
            Some(records::write_delivery(&delivery, None, false)),
        );
        (message, Some(row))
    }
}
