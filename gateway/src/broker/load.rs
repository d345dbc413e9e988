//! What the store held when the process started.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use mqtt_codec::PacketId;
use topic_match::{SubscriptionFilter, TopicName};

use super::Broker;
use super::message::{Delivery, Message, MessageRow};
use super::outgoing::Slot;
use super::records::{self, QueueRecord, SessionRecord};
use super::session::{Session, SessionKey};
use super::will::{LeftBy, Will};
use crate::store::{Batch, Store, StoreError, Table};

/// Entries read at a time.
const PAGE: usize = 1000;

/// A session that was found.
struct Found {
    session: Arc<Session>,
    /// When its last connection ended, in milliseconds of the broker's clock.
    disconnected: u64,
    /// Whether it had a connection when the process ended: then nothing says what was sent on it.
    was_connected: bool,
}

impl Broker {
    /// Reads sessions, their subscriptions and queues, and retained messages; sweeps away what belongs to nobody.
    pub(super) fn load(&self) -> Result<(), StoreError> {
        let mut highest = 0;
        let mut sweep = Batch::new();
        let mut found = HashMap::new();
        let now = self.clock.millis();
        self.scan(Table::Session, |key, value| {
            let record = SessionRecord::read(value)?;
            let client_id: Arc<str> = String::from_utf8_lossy(key).into();
            let session = Arc::new(Session::new(
                self.number().get(),
                Arc::clone(&client_id),
                record.expiry,
            ));
            if let Some(kept) = &record.will {
                let (publish, qos) = kept.publish()?;
                session.state.lock().will = Some(Will {
                    publish,
                    qos,
                    delay_seconds: kept.delay_seconds,
                    left_by: LeftBy::Earlier {
                        client_id: Arc::clone(&client_id),
                        principal: kept.principal.clone(),
                    },
                });
            }
            let found_one = Found {
                session,
                // Whoever was connected when the process ended was disconnected by that.
                disconnected: record.disconnected.unwrap_or(now),
                was_connected: record.disconnected.is_none(),
            };
            found.insert(client_id, found_one);
            Ok(())
        })?;

        self.scan(Table::Subscription, |key, value| {
            let (client, filter) = records::client_and_rest(key)?;
            let text = core::str::from_utf8(filter).unwrap_or_default();
            match (found.get(client), SubscriptionFilter::new(text)) {
                (Some(Found { session, .. }), Ok(filter)) => {
                    let granted = records::read_subscription(value)?;
                    let inserted =
                        self.index
                            .write()
                            .insert(filter, SessionKey(Arc::clone(session)), granted);
                    match inserted {
                        Ok(_) => {
                            session.subscriptions.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(full) => tracing::error!(client, %full, "a subscription is lost"),
                    }
                }
                _ => sweep.push(Table::Subscription, Bytes::copy_from_slice(key), None),
            }
            Ok(())
        })?;

        let mut messages: HashMap<u64, Message> = HashMap::new();
        self.scan(Table::Message, |key, value| {
            let id = records::number(key)?;
            highest = highest.max(id);
            messages.insert(id, records::read_message(value)?);
            Ok(())
        })?;
        highest = highest.max(self.load_queues(&found, messages, &mut sweep)?);

        self.scan(Table::Incoming, |key, _| {
            let (client, id) = records::client_and_rest(key)?;
            match found.get(client) {
                Some(Found { session, .. }) => {
                    session
                        .state
                        .lock()
                        .incoming
                        .insert(records::packet_id(id)?);
                }
                None => sweep.push(Table::Incoming, Bytes::copy_from_slice(key), None),
            }
            Ok(())
        })?;

        self.scan(Table::Retained, |key, value| {
            let message = Arc::new(records::read_message(value)?);
            let text = core::str::from_utf8(key).unwrap_or_default();
            let Ok(name) = TopicName::new(text) else {
                sweep.push(Table::Retained, Bytes::copy_from_slice(key), None);
                return Ok(());
            };
            if message.is_expired(now) {
                sweep.push(Table::Retained, Bytes::copy_from_slice(key), None);
            } else if self.retained.write().set(name, &message).is_err() {
                tracing::error!(
                    topic = text,
                    "a retained message is lost: there is no room for it"
                );
            }
            Ok(())
        })?;

        self.numbers
            .fetch_max(highest.saturating_add(1), Ordering::Relaxed);
        for (client_id, one) in found {
            self.rearm(&one.session, one.disconnected);
            self.sessions.lock().insert(client_id, one.session);
        }
        if !sweep.is_empty() {
            self.submit(sweep);
        }
        Ok(())
    }

    /// Reads the queues in the order of their rows; gives the highest number seen.
    fn load_queues(
        &self,
        found: &HashMap<Arc<str>, Found>,
        messages: HashMap<u64, Message>,
        sweep: &mut Batch,
    ) -> Result<u64, StoreError> {
        let mut highest = 0;
        let mut rows: Vec<(&Found, u64, QueueRecord)> = Vec::new();
        let mut references: HashMap<u64, usize> = HashMap::new();
        self.scan(Table::Queue, |key, value| {
            let (client, row) = records::client_and_rest(key)?;
            let row = records::number(row)?;
            highest = highest.max(row);
            let record = QueueRecord::read(value)?;
            match found.get(client) {
                Some(found) if messages.contains_key(&record.message) => {
                    let count = references.entry(record.message).or_default();
                    *count = count.saturating_add(1);
                    rows.push((found, row, record));
                }
                _ => sweep.push(Table::Queue, Bytes::copy_from_slice(key), None),
            }
            Ok(())
        })?;
        let mut shared: HashMap<u64, Arc<Message>> = HashMap::new();
        for (id, message) in messages {
            match references.get(&id) {
                Some(count) => {
                    let row = MessageRow {
                        id,
                        references: AtomicUsize::new(*count),
                    };
                    let message = Message {
                        row: Some(row),
                        ..message
                    };
                    shared.insert(id, Arc::new(message));
                }
                None => sweep.push(Table::Message, records::message_key(id), None),
            }
        }
        let mut sent: HashMap<u64, Vec<(PacketId, Slot)>> = HashMap::new();
        for (found, row, record) in rows {
            let session = &found.session;
            let Some(message) = shared.get(&record.message) else {
                continue;
            };
            let delivery = Delivery {
                message: Arc::clone(message),
                qos: record.qos()?,
                retain: record.retain,
                identifiers: record.identifiers(),
                row: core::num::NonZeroU64::new(row),
                // QoS 2 goes out after its identifier was written down, QoS 1 does not wait for that.
                again: found.was_connected && record.qos()? == mqtt_codec::QoS::AtLeastOnce,
            };
            // What was accepted once is kept, whatever the limit is now.
            let mut state = session.state.lock();
            state.bytes = state.bytes.saturating_add(message.size());
            match record.packet_id.and_then(PacketId::new) {
                Some(id) => {
                    let slot = if record.released {
                        Slot::Released(delivery)
                    } else {
                        Slot::Sent(delivery)
                    };
                    sent.entry(session.number).or_default().push((id, slot));
                }
                None => {
                    state.waiting.push_back(delivery);
                }
            }
        }
        for Found { session, .. } in found.values() {
            if let Some(exchanges) = sent.remove(&session.number) {
                session.state.lock().outgoing.restore(exchanges);
            }
        }
        Ok(highest)
    }

    fn scan(
        &self,
        table: Table,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut after: Option<Bytes> = None;
        loop {
            let page = self.journal.scan(table, b"", after.as_deref(), PAGE)?;
            for (key, value) in &page {
                visit(key, value)?;
            }
            match page.into_iter().last() {
                Some((last, _)) => after = Some(last),
                None => return Ok(()),
            }
        }
    }
}
