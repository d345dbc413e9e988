//! SUBSCRIBE and UNSUBSCRIBE.

use mqtt_codec::{
    Encode, QoS, ReasonCode, SubAck, Subscribe, Subscription, SubscriptionId, UnsubAck,
    Unsubscribe, Version,
};
use topic_match::SubscriptionFilter;

use super::acks::Reply;
use super::output::Output;
use super::{End, Open};
use crate::access::Operation;
use crate::broker::{Broker, Granted, SubscribeError};
use crate::store::Ticket;

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
        let mut ticket = None;
        for (place, subscription) in subscribe.filters().enumerate() {
            if place >= limit {
                codes.push(ReasonCode::QuotaExceeded);
                continue;
            }
            let code = self.subscribe_one(broker, &subscription, identifier, &mut ticket)?;
            codes.push(match code {
                ReasonCode::NotAuthorized if !settings.differences.subscribe_refusal_explained => {
                    ReasonCode::UnspecifiedError
                }
                code => code,
            });
        }
        let suback = SubAck::builder(subscribe.packet_id(), &codes).build().ok();
        self.reply_packet(ticket, suback.as_ref(), out)
    }

    /// Answers with a packet that has a code for each filter. A client that takes no packet of that size would wait for
    /// ever (MQTT 5.0 [MQTT-3.1.2-24]).
    fn reply_packet<P: Encode>(
        &mut self,
        ticket: Option<Ticket>,
        packet: Option<&P>,
        out: &mut Output,
    ) -> Result<(), End> {
        let mut frame = Vec::new();
        let encoded = packet.map(|packet| self.encoder.encode(packet, &mut frame));
        let Some(Ok(())) = encoded else {
            return Err(End::Disconnect(ReasonCode::PacketTooLarge));
        };
        self.reply(ticket, Reply::Packet(frame.into()), out);
        Ok(())
    }

    fn subscribe_one(
        &mut self,
        broker: &Broker,
        subscription: &Subscription<'_>,
        identifier: Option<SubscriptionId>,
        ticket: &mut Option<Ticket>,
    ) -> Result<ReasonCode, End> {
        let differences = &broker.settings().differences;
        if identifier.is_some() && !differences.subscription_identifiers {
            return Ok(ReasonCode::SubscriptionIdentifiersNotSupported);
        }
        let text = subscription.filter();
        let filter = match SubscriptionFilter::with_profile(text, broker.topics()) {
            Ok(filter) => filter,
            Err(error) => {
                tracing::info!(client = %self.client_id, %error, "a filter was refused");
                return Ok(ReasonCode::TopicFilterInvalid);
            }
        };
        let operation = Operation::Subscribe { filter: text };
        if !self.access.allows(operation) {
            tracing::info!(client = %self.client_id, filter = text, "a client may not subscribe to that");
            return Ok(ReasonCode::NotAuthorized);
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
            self.generation,
            filter,
            text,
            granted,
            options.retain_handling,
        );
        match made {
            Ok(made) => {
                if let Some(query) = made.retained {
                    self.retained.retain(|other| !other.is_like(&query));
                    self.retained.push_back(query);
                }
                *ticket = made.ticket.or(*ticket);
                Ok(match granted.qos {
                    QoS::AtMostOnce => ReasonCode::Success,
                    QoS::AtLeastOnce => ReasonCode::GrantedQoS1,
                    QoS::ExactlyOnce => ReasonCode::GrantedQoS2,
                })
            }
            Err(SubscribeError::Quota) => Ok(ReasonCode::QuotaExceeded),
            Err(SubscribeError::Overtaken) => Err(End::Disconnect(ReasonCode::SessionTakenOver)),
        }
    }

    pub(super) fn unsubscribe(
        &mut self,
        broker: &Broker,
        unsubscribe: &Unsubscribe<&[u8]>,
        out: &mut Output,
    ) -> Result<(), End> {
        let mut ticket = None;
        let mut codes = Vec::new();
        for text in unsubscribe.filters() {
            let mut code = ReasonCode::NoSubscriptionExisted;
            if let Ok(filter) = SubscriptionFilter::new(text) {
                let Some(ended) = broker.unsubscribe(&self.session, self.generation, filter, text)
                else {
                    return Err(End::Disconnect(ReasonCode::SessionTakenOver));
                };
                if ended.existed {
                    code = ReasonCode::Success;
                }
                ticket = ended.ticket.or(ticket);
            }
            codes.push(code);
        }
        let unsuback = if self.encoder.version() == Version::V5 {
            UnsubAck::builder(unsubscribe.packet_id(), &codes)
                .build()
                .ok()
        } else {
            Some(UnsubAck::without_codes(unsubscribe.packet_id()))
        };
        self.reply_packet(ticket, unsuback.as_ref(), out)
    }
}

/// Whether a filter is about topics that begin with `$` and are none of the service's.
fn is_unknown(filter: &str) -> bool {
    filter.starts_with('$') && !filter.starts_with("$aws/") && !filter.starts_with("$share/")
}
