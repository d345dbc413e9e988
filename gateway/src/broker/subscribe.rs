//! Subscriptions: made, replaced, ended, and what they are owed of retained messages.

use core::sync::atomic::Ordering;
use std::sync::Arc;

use mqtt_codec::RetainHandling;
use topic_match::{SubscriptionFilter, TopicFilterBuf};

use super::Broker;
use super::message::Granted;
use super::records;
use super::retained::RetainedQuery;
use super::session::{Session, SessionKey};
use crate::store::{Batch, Table, Ticket};

/// Why a subscription is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubscribeError {
    /// A limit is reached, of the session or of the broker.
    Quota,
    /// Another connection has the session now.
    Overtaken,
}

/// A subscription that was made.
#[derive(Debug)]
pub(crate) struct Subscribed {
    /// What it is owed of retained messages, to be sent when there is room.
    pub(crate) retained: Option<RetainedQuery>,
    /// What must be durable before it is acknowledged.
    pub(crate) ticket: Option<Ticket>,
}

/// A subscription that was ended, if there was one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unsubscribed {
    pub(crate) existed: bool,
    /// What must be durable before it is acknowledged.
    pub(crate) ticket: Option<Ticket>,
}

impl Broker {
    /// Makes or replaces a subscription (MQTT 5.0 [MQTT-3.8.4-3]) for the connection of this generation.
    ///
    /// Index and store change together, under the index's lock: what ends the session sees both or neither.
    pub(crate) fn subscribe(
        &self,
        session: &Arc<Session>,
        generation: u64,
        filter: SubscriptionFilter<'_>,
        text: &str,
        granted: Granted,
        handling: RetainHandling,
    ) -> Result<Subscribed, SubscribeError> {
        let limits = &self.settings.limits;
        let key = SessionKey(Arc::clone(session));
        let (is_new, ticket) = {
            let mut index = self.index.write();
            if !session.state.lock().is_held_by(generation) {
                return Err(SubscribeError::Overtaken);
            }
            let is_known = index.get(filter, &key).is_some();
            let count = session.subscriptions.load(Ordering::Relaxed);
            if !is_known && count >= limits.subscriptions_per_session {
                return Err(SubscribeError::Quota);
            }
            let replaced = index
                .insert(filter, key.clone(), granted)
                .map_err(|_| SubscribeError::Quota)?;
            let mut ticket = None;
            if session.is_persistent() {
                let row = records::subscription_key(&session.client_id, text);
                let value = records::write_subscription(granted);
                ticket = self.submit(Batch::new().put(Table::Subscription, row, value));
                if ticket.is_none() {
                    match replaced {
                        // It was there: it fits.
                        Some(before) => drop(index.insert(filter, key, before)),
                        None => drop(index.remove(filter, &key)),
                    }
                    return Err(SubscribeError::Quota);
                }
            }
            if replaced.is_none() {
                session.subscriptions.fetch_add(1, Ordering::Relaxed);
            }
            (replaced.is_none(), ticket)
        };
        let wanted = match handling {
            RetainHandling::OnSubscribe => true,
            RetainHandling::OnNewSubscribe => is_new,
            RetainHandling::Never => false,
        };
        // A shared subscription gets no retained messages (MQTT 5.0 §4.8.2).
        let SubscriptionFilter::Plain(filter) = filter else {
            return Ok(Subscribed {
                retained: None,
                ticket,
            });
        };
        if !wanted || (filter.has_wildcard() && !self.settings.differences.retained_on_wildcards) {
            return Ok(Subscribed {
                retained: None,
                ticket,
            });
        }
        let query = RetainedQuery::new(
            TopicFilterBuf::from(filter),
            granted.qos,
            granted.identifier(),
        );
        Ok(Subscribed {
            retained: Some(query),
            ticket,
        })
    }

    /// Ends a subscription for the connection of this generation; `None` when another connection has the session.
    pub(crate) fn unsubscribe(
        &self,
        session: &Arc<Session>,
        generation: u64,
        filter: SubscriptionFilter<'_>,
        text: &str,
    ) -> Option<Unsubscribed> {
        let key = SessionKey(Arc::clone(session));
        let mut index = self.index.write();
        if !session.state.lock().is_held_by(generation) {
            return None;
        }
        let existed = index.remove(filter, &key).is_some();
        let mut ticket = None;
        if existed {
            session.subscriptions.fetch_sub(1, Ordering::Relaxed);
            if session.is_persistent() {
                let mut batch = Batch::new();
                let row = records::subscription_key(&session.client_id, text);
                batch.push(Table::Subscription, row, None);
                ticket = self.submit_always(batch);
            }
        }
        Some(Unsubscribed { existed, ticket })
    }
}
