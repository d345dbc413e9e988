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
use crate::store::{Batch, Table};

/// Why a subscription is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SubscribeError {
    /// A limit is reached, of the session or of the broker.
    Quota,
}

impl Broker {
    /// Makes or replaces a subscription (MQTT 5.0 [MQTT-3.8.4-3]). What it is owed of retained messages is given back,
    /// to be sent when there is room.
    pub(crate) fn subscribe(
        &self,
        session: &Arc<Session>,
        filter: SubscriptionFilter<'_>,
        text: &str,
        granted: Granted,
        handling: RetainHandling,
        batch: &mut Batch,
    ) -> Result<Option<RetainedQuery>, SubscribeError> {
        let limits = &self.settings.limits;
        let key = SessionKey(Arc::clone(session));
        let is_new = {
            let mut index = self.index.write();
            let is_known = index.get(filter, &key).is_some();
            let count = session.subscriptions.load(Ordering::Relaxed);
            if !is_known && count >= limits.subscriptions_per_session {
                return Err(SubscribeError::Quota);
            }
            let replaced = index
                .insert(filter, key, granted)
                .map_err(|_| SubscribeError::Quota)?;
            if replaced.is_none() {
                session.subscriptions.fetch_add(1, Ordering::Relaxed);
            }
            replaced.is_none()
        };
        if session.is_persistent() {
            batch.push(
                Table::Subscription,
                records::subscription_key(&session.client_id, text),
                Some(records::write_subscription(granted)),
            );
        }
        let wanted = match handling {
            RetainHandling::OnSubscribe => true,
            RetainHandling::OnNewSubscribe => is_new,
            RetainHandling::Never => false,
        };
        // A shared subscription gets no retained messages (MQTT 5.0 §4.8.2).
        let SubscriptionFilter::Plain(filter) = filter else {
            return Ok(None);
        };
        if !wanted || (filter.has_wildcard() && !self.settings.differences.retained_on_wildcards) {
            return Ok(None);
        }
        Ok(Some(RetainedQuery::new(
            TopicFilterBuf::from(filter),
            granted.qos,
            granted.identifier(),
        )))
    }

    /// Ends a subscription; whether there was one.
    pub(crate) fn unsubscribe(
        &self,
        session: &Arc<Session>,
        filter: SubscriptionFilter<'_>,
        text: &str,
        batch: &mut Batch,
    ) -> bool {
        let key = SessionKey(Arc::clone(session));
        let removed = self.index.write().remove(filter, &key).is_some();
        if removed {
            session.subscriptions.fetch_sub(1, Ordering::Relaxed);
            if session.is_persistent() {
                batch.push(
                    Table::Subscription,
                    records::subscription_key(&session.client_id, text),
                    None,
                );
            }
        }
        removed
    }
}
