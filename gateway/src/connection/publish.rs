//! PUBLISH from the client.

use mqtt_codec::{PacketId, Publish, QoS, ReasonCode, Version};
use tokio::time::Instant;
use topic_match::{TopicName, TopicNameBuf};

use super::acks::Reply;
use super::output::Output;
use super::{Asked, End, Open};
use crate::access::{Access, Operation};
use crate::broker::{Broker, Routed, Turn};
use crate::store::Batch;

/// How long an answer is kept, in milliseconds: it may depend on the time.
const KEPT: u64 = 1000;

impl Asked {
    fn is(&self, access: &dyn Access, topic: &[u8], retain: bool, now: u64) -> bool {
        self.retain == retain
            && self.topic == topic
            && now < self.until
            && self.revision == access.revision()
    }

    fn ask(&mut self, access: &dyn Access, topic: &str, operation: Operation<'_>, now: u64) {
        self.topic.clear();
        self.topic.extend_from_slice(topic.as_bytes());
        self.retain = matches!(operation, Operation::Publish { retain: true, .. });
        self.until = now.saturating_add(KEPT);
        self.revision = access.revision();
        self.answer = access.allows(operation);
    }

    pub(super) fn may_publish(
        &mut self,
        access: &dyn Access,
        topic: &str,
        retain: bool,
        now: u64,
    ) -> bool {
        if !self.is(access, topic.as_bytes(), retain, now) {
            self.ask(access, topic, Operation::Publish { topic, retain }, now);
        }
        self.answer
    }

    pub(super) fn may_receive(&mut self, access: &dyn Access, topic: &[u8], now: u64) -> bool {
        if !self.is(access, topic, false, now) {
            let topic = core::str::from_utf8(topic).unwrap_or_default();
            self.ask(access, topic, Operation::Receive { topic }, now);
        }
        self.answer
    }
}

impl Open {
    pub(super) fn publish(
        &mut self,
        broker: &Broker,
        publish: &Publish<&[u8]>,
        now: Instant,
        turn: &mut Turn,
        out: &mut Output,
    ) -> Result<(), End> {
        let qos = publish.qos();
        let settings = broker.settings();
        // MQTT 5.0 [MQTT-3.2.2-11]
        if qos > settings.differences.maximum_qos {
            return Err(End::Disconnect(ReasonCode::QoSNotSupported));
        }
        let named = self.resolve(broker, publish)?;
        let text = match &named {
            Some(name) => name.as_name().as_str(),
            None => publish.topic(),
        };
        let name = match TopicName::with_profile(text, broker.topics()) {
            Ok(name) => name,
            Err(error) => {
                tracing::info!(client = %self.client_id, %error, "a topic was refused");
                if text.starts_with('$') {
                    // Basic Ingest and others that the service reserves.
                    return Err(End::Disconnect(ReasonCode::TopicNameInvalid));
                }
                return self.refuse(publish, ReasonCode::TopicNameInvalid, out);
            }
        };
        let now = broker.clock().at(now);
        let retain = publish.retain();
        if !self
            .may_publish
            .may_publish(&*self.access, text, retain, now)
        {
            tracing::info!(client = %self.client_id, topic = text, "a client may not publish there");
            // No acknowledgement can say so of QoS 0.
            if settings.differences.unauthorized_closes && qos == QoS::AtMostOnce {
                return Err(End::Disconnect(ReasonCode::NotAuthorized));
            }
            return self.refuse(publish, ReasonCode::NotAuthorized, out);
        }

        let service = broker.service_for(text);
        if service.is_some() && retain {
            // AWS IoT developer guide, "Retained messages": not on reserved topics.
            tracing::info!(client = %self.client_id, topic = text, "a message on a reserved topic cannot be retained");
            return self.refuse(publish, ReasonCode::NotAuthorized, out);
        }
        let Some(id) = publish.packet_id() else {
            let Some(service) = service else {
                self.forward(broker, name, publish, named.is_some(), Batch::new(), turn);
                return Ok(());
            };
            return match service.handle(text, publish.payload(), Batch::new()) {
                Ok(_) => Ok(()),
                Err(reason) => self.refuse(publish, reason, out),
            };
        };
        let mut batch = Batch::new();
        if !self.begin(broker, id, qos, &mut batch)? {
            // It was received before (MQTT 5.0 [MQTT-4.3.3-10]).
            self.reply(None, Reply::PubRec(id, ReasonCode::Success), out);
            return Ok(());
        }
        let answered = |reason| {
            if qos == QoS::ExactlyOnce {
                Reply::PubRec(id, reason)
            } else {
                Reply::PubAck(id, reason)
            }
        };
        if let Some(service) = service {
            return match service.handle(text, publish.payload(), batch) {
                Ok(ticket) => {
                    self.reply(ticket, answered(ReasonCode::Success), out);
                    Ok(())
                }
                Err(reason) => {
                    self.let_go(broker, id, &mut turn.batch);
                    self.refuse(publish, reason, out)
                }
            };
        }
        let routed = self.forward(broker, name, publish, named.is_some(), batch, turn);
        let mut reason = reason(&routed);
        if reason == ReasonCode::NoMatchingSubscribers
            && !settings.differences.missing_subscribers_told
        {
            reason = ReasonCode::Success;
        }
        let is_said = self.encoder.version() == Version::V5;
        if routed.refused || (reason.is_error() && is_said) {
            self.let_go(broker, id, &mut turn.batch);
            return self.refuse(publish, reason, out);
        }
        self.reply(routed.ticket, answered(reason), out);
        Ok(())
    }

    /// Begins an exchange; `false` when its message was received before.
    ///
    /// The identifier of a QoS 2 message is held until the client releases it. It is written down with the message: one
    /// without the other would be a message lost, or one that comes twice.
    fn begin(
        &self,
        broker: &Broker,
        id: PacketId,
        qos: QoS,
        batch: &mut Batch,
    ) -> Result<bool, End> {
        let mut state = self.session.state.lock();
        if !state.is_held_by(self.generation) {
            return Err(End::Disconnect(ReasonCode::SessionTakenOver));
        }
        if qos == QoS::ExactlyOnce && state.incoming.contains(&id) {
            return Ok(false);
        }
        // MQTT 5.0 [MQTT-3.3.4-7], [MQTT-3.3.4-8]
        let maximum = usize::from(broker.settings().limits.receive_maximum);
        let open = state
            .incoming
            .len()
            .saturating_add(usize::from(self.unacknowledged));
        if self.encoder.version() == Version::V5 && open >= maximum {
            return Err(End::Disconnect(ReasonCode::ReceiveMaximumExceeded));
        }
        if qos == QoS::ExactlyOnce {
            state.incoming.insert(id);
            if self.session.is_persistent() {
                broker.note_incoming(&self.session, id, true, batch);
            }
        }
        Ok(true)
    }

    /// An identifier is free again, if it was held.
    fn let_go(&self, broker: &Broker, id: PacketId, batch: &mut Batch) {
        if self.session.state.lock().incoming.remove(&id) && self.session.is_persistent() {
            broker.note_incoming(&self.session, id, false, batch);
        }
    }

    /// The name that an alias stands for; `None` when the packet has its name with it.
    fn resolve(
        &mut self,
        broker: &Broker,
        publish: &Publish<&[u8]>,
    ) -> Result<Option<TopicNameBuf>, End> {
        let Some(alias) = publish.properties().topic_alias() else {
            return Ok(None);
        };
        // MQTT 5.0 [MQTT-3.3.2-9]
        if alias.get() > broker.settings().limits.topic_aliases {
            return Err(End::Disconnect(ReasonCode::TopicAliasInvalid));
        }
        if publish.topic_bytes().is_empty() {
            return match self.received_aliases.get(alias) {
                Some(name) => Ok(Some(name.clone())),
                // MQTT 5.0 §3.3.4
                None => Err(End::Disconnect(ReasonCode::TopicAliasInvalid)),
            };
        }
        if let Ok(name) = TopicName::with_profile(publish.topic(), broker.topics()) {
            self.received_aliases.set(alias, name.to_buf());
        }
        Ok(None)
    }

    fn forward(
        &self,
        broker: &Broker,
        name: TopicName<'_>,
        publish: &Publish<&[u8]>,
        by_alias: bool,
        batch: Batch,
        turn: &mut Turn,
    ) -> Routed {
        let origin = Some(self.session.number);
        if !by_alias {
            return broker.publish(name, publish, publish.qos(), origin, batch, turn);
        }
        // The name stands in another packet: the message gets it back.
        let whole = Publish::builder(name.as_str())
            .retain(publish.retain())
            .properties(publish.properties())
            .payload(publish.payload())
            .build();
        match whole {
            Ok(whole) => broker.publish(name, &whole, publish.qos(), origin, batch, turn),
            // With its name the packet is longer than a packet can be.
            Err(_) => Routed {
                refused: true,
                ..Routed::default()
            },
        }
    }

    /// A message that is not taken. Before 5.0 there is no way to say so but to close (MQTT 3.1.1 [MQTT-3.3.5-2]).
    fn refuse(
        &mut self,
        publish: &Publish<&[u8]>,
        reason: ReasonCode,
        out: &mut Output,
    ) -> Result<(), End> {
        if self.encoder.version() != Version::V5 {
            return Err(End::Close);
        }
        match (publish.qos(), publish.packet_id()) {
            (QoS::AtLeastOnce, Some(id)) => self.reply(None, Reply::PubAck(id, reason), out),
            (QoS::ExactlyOnce, Some(id)) => self.reply(None, Reply::PubRec(id, reason), out),
            (QoS::AtMostOnce, _) | (_, None) => {}
        }
        Ok(())
    }
}

/// A message that some of its receivers had no room for is taken; the loss is counted. Before 5.0 that goes for a message
/// that none had room for too: nothing can be said but by closing the connection, and that mends nothing.
fn reason(routed: &Routed) -> ReasonCode {
    if routed.refused || (routed.matched > 0 && routed.full == routed.matched) {
        ReasonCode::QuotaExceeded
    } else if routed.matched == 0 {
        ReasonCode::NoMatchingSubscribers
    } else {
        ReasonCode::Success
    }
}
