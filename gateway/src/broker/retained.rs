//! Messages that are kept for those who subscribe later (MQTT 5.0 §3.3.1.3).

use core::num::NonZeroU64;
use core::sync::atomic::AtomicUsize;
use std::sync::Arc;

use bytes::Bytes;
use mqtt_codec::{QoS, SubscriptionId};
use topic_match::{Cursor, PageLimit, RetainedIndex, TopicFilterBuf, TopicName};

use super::Broker;
use super::message::{Delivery, Message, MessageRow};
use super::records;
use super::session::{Pushed, Session};
use crate::store::{Batch, Store, StoreError, Table};

/// The messages that are kept, within their limits of number and bytes.
pub(super) struct Retained {
    index: RetainedIndex<Arc<Message>>,
    bytes: usize,
    limit: usize,
}

impl Retained {
    pub(super) fn new(index: RetainedIndex<Arc<Message>>, limit: usize) -> Self {
        Self {
            index,
            bytes: 0,
            limit,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    fn get(&self, name: TopicName<'_>) -> Option<&Arc<Message>> {
        self.index.get(name)
    }

    /// Keeps a message, or, when it has no payload, forgets the one that was kept
    /// (MQTT 5.0 [MQTT-3.3.1-5], [MQTT-3.3.1-6]). What was kept before is given back; nothing is changed when there is no
    /// room.
    pub(super) fn set(
        &mut self,
        name: TopicName<'_>,
        message: &Arc<Message>,
    ) -> Result<Option<Arc<Message>>, NoRoom> {
        if message.publish.payload().is_empty() {
            return Ok(self.remove(name));
        }
        let before = self.index.get(name).map_or(0, |before| before.size());
        let bytes = self
            .bytes
            .saturating_sub(before)
            .saturating_add(message.size());
        if bytes > self.limit {
            return Err(NoRoom);
        }
        let before = self
            .index
            .insert(name, Arc::clone(message))
            .map_err(|_| NoRoom)?;
        self.bytes = bytes;
        Ok(before)
    }

    fn remove(&mut self, name: TopicName<'_>) -> Option<Arc<Message>> {
        let removed = self.index.remove(name)?;
        self.bytes = self.bytes.saturating_sub(removed.size());
        Some(removed)
    }

    /// Takes back what [`set`](Self::set) did, when it could not be written down.
    pub(super) fn restore(&mut self, name: TopicName<'_>, before: Option<Arc<Message>>) {
        match before {
            // It had room before.
            Some(before) => drop(self.set(name, &before)),
            None => drop(self.remove(name)),
        }
    }
}

/// There are as many retained messages as are allowed, or as many bytes of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoRoom;

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

    /// Whether it is of the same subscription.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.filter == other.filter
    }
}

impl Broker {
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
        const VISITS: usize = 1000;
        let now = self.clock.millis();
        let mut found: Vec<Arc<Message>> = Vec::new();
        let mut expired: Vec<Arc<Message>> = Vec::new();
        let page = self.retained.read().index.page(
            query.filter.as_filter(),
            &mut query.cursor,
            PageLimit::results(PAGE).with_visits(VISITS),
            |_, message| {
                if message.is_expired(now) {
                    expired.push(Arc::clone(message));
                } else {
                    found.push(Arc::clone(message));
                }
            },
        );
        self.forget_expired(&expired);
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
            let mut delivery = Delivery {
                message,
                qos,
                // MQTT 5.0 [MQTT-3.3.1-8]
                retain: true,
                identifiers: query.identifier.into(),
                row,
                again: false,
            };
            // The caller asks for more only when there is room; a queue that fills up meanwhile loses what it would
            // lose of live messages.
            let pushed = session
                .state
                .lock()
                .push(delivery.clone(), &self.settings.limits);
            if !matches!(pushed, Pushed::Waiting | Pushed::UnderPressure) {
                self.settle(session, &mut delivery, &mut batch);
            }
        }
        self.submit_always(batch);
        !page.complete
    }

    /// Messages that were met and are of no use any more go, unless others have come in their place.
    fn forget_expired(&self, expired: &[Arc<Message>]) {
        if expired.is_empty() {
            return;
        }
        let mut batch = Batch::new();
        let mut retained = self.retained.write();
        for message in expired {
            let topic = message.publish.topic();
            let Ok(name) = TopicName::new(topic) else {
                continue;
            };
            let is_there = retained
                .get(name)
                .is_some_and(|kept| Arc::ptr_eq(kept, message));
            if is_there {
                retained.remove(name);
                batch.push(Table::Retained, topic.as_bytes().to_vec(), None);
            }
        }
        // Under the lock: what is kept next under these names is written after.
        self.submit_always(batch);
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
            again: false,
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
