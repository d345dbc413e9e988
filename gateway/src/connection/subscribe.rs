//! SUBSCRIBE and UNSUBSCRIBE.

use mqtt_codec::{
    QoS, ReasonCode, SubAck, Subscribe, Subscription, SubscriptionId, UnsubAck, Unsubscribe,
    Version,
};
use topic_match::SubscriptionFilter;

use super::acks::Reply;
use super::output::Output;
use super::{End, Open};
use crate::access::Operation;
use crate::broker::{Broker, Granted, SubscribeError};
use crate::store::Batch;

impl Open {
    pub(super) fn subscribe(
        &mut self,
        broker: &Broker,
        subscribe: &Subscribe<&[u8]>,
        out: &mut Output,
    ) -> Result<(), End> {
        let settings = broker.settings();
        let identifier = subscribe.properties().subscription_identifier();
        let limit = settings.limits.filters_per_subscribe;
        if settings.differences.reserved_topics_close
            && let Some(unknown) = subscribe.filters().find(|one| is_unknown(one.filter()))
        {
            tracing::info!(client = %self.client_id, filter = unknown.filter(), "a filter begins with `$` and names no topic of the service");
            return Err(End::Disconnect(ReasonCode::TopicFilterInvalid));
        }
        let mut codes = Vec::new();
        let mut batch = Batch::new();
        for (place, subscription) in subscribe.filters().enumerate() {
            if place >= limit {
                codes.push(ReasonCode::QuotaExceeded);
                continue;
            }
            let code = self.subscribe_one(broker, &subscription, identifier, &mut batch);
            codes.push(match code {
                ReasonCode::NotAuthorized if !settings.differences.subscribe_refusal_explained => {
                    ReasonCode::UnspecifiedError
                }
                code => code,
            });
        }
        let ticket = if batch.is_empty() {
            None
        } else {
            match broker.submit(batch) {
                Some(ticket) => Some(ticket),
                None => return Err(End::Disconnect(ReasonCode::QuotaExceeded)),
            }
        };
        let mut frame = Vec::new();
        if let Ok(suback) = SubAck::builder(subscribe.packet_id(), &codes).build() {
            let _ = self.encoder.encode(&suback, &mut frame);
        }
        self.reply(ticket, Reply::Packet(frame.into()), out);
        Ok(())
    }

    fn subscribe_one(
        &mut self,
        broker: &Broker,
        subscription: &Subscription<'_>,
        identifier: Option<SubscriptionId>,
        batch: &mut Batch,
    ) -> ReasonCode {
        let differences = &broker.settings().differences;
        if identifier.is_some() && !differences.subscription_identifiers {
            return ReasonCode::SubscriptionIdentifiersNotSupported;
        }
        let text = subscription.filter();
        let filter = match SubscriptionFilter::with_profile(text, broker.topics()) {
            Ok(filter) => filter,
            Err(error) => {
                tracing::info!(client = %self.client_id, %error, "a filter was refused");
                return ReasonCode::TopicFilterInvalid;
            }
        };
        let operation = Operation::Subscribe { filter: text };
        if !self.access.allows(operation) {
            tracing::info!(client = %self.client_id, filter = text, "a client may not subscribe to that");
            return ReasonCode::NotAuthorized;
        }
        let options = subscription.options();
        let granted = Granted {
            qos: options.qos.min(differences.maximum_qos),
            no_local: options.no_local,
            // 3.x has no such option: there RETAIN is for messages that were retained (MQTT 3.1.1 [MQTT-3.3.1-9]).
            retain_as_published: options.retain_as_published,
            identifier: identifier.and_then(|id| core::num::NonZeroU32::new(id.get())),
        };
        let made = broker.subscribe(
            &self.session,
            filter,
            text,
            granted,
            options.retain_handling,
            batch,
        );
        match made {
            Ok(query) => {
                self.retained.extend(query);
                match granted.qos {
                    QoS::AtMostOnce => ReasonCode::Success,
                    QoS::AtLeastOnce => ReasonCode::GrantedQoS1,
                    QoS::ExactlyOnce => ReasonCode::GrantedQoS2,
                }
            }
            Err(SubscribeError::Quota) => ReasonCode::QuotaExceeded,
        }
    }

    pub(super) fn unsubscribe(
        &mut self,
        broker: &Broker,
        unsubscribe: &Unsubscribe<&[u8]>,
        out: &mut Output,
    ) {
        let mut batch = Batch::new();
        let codes: Vec<ReasonCode> = unsubscribe
            .filters()
            .map(|text| {
                let removed = SubscriptionFilter::new(text).is_ok_and(|filter| {
                    broker.unsubscribe(&self.session, filter, text, &mut batch)
                });
                if removed {
                    ReasonCode::Success
                } else {
                    ReasonCode::NoSubscriptionExisted
                }
            })
            .collect();
        let ticket = (!batch.is_empty()).then(|| broker.submit(batch)).flatten();
        let unsuback = if self.encoder.version() == Version::V5 {
            UnsubAck::builder(unsubscribe.packet_id(), &codes)
                .build()
                .ok()
        } else {
            Some(UnsubAck::without_codes(unsubscribe.packet_id()))
        };
        let mut frame = Vec::new();
        if let Some(unsuback) = unsuback {
            let _ = self.encoder.encode(&unsuback, &mut frame);
        }
        self.reply(ticket, Reply::Packet(frame.into()), out);
    }
}

/// Whether a filter is about topics that begin with `$` and are none of the service's.
fn is_unknown(filter: &str) -> bool {
    filter.starts_with('$') && !filter.starts_with("$aws/") && !filter.starts_with("$share/")
}
