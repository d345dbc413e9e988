//! What waits for the client goes out: answers first, then what was sent before, then what is new.

use core::task::Context;

use mqtt_codec::{Delivery as Wire, PacketId, QoS, ReasonCode, Recipient, TopicForm};

use super::acks::Reply;
use super::output::Output;
use super::{End, Open};
use crate::broker::{Broker, Delivery, Sendable, Slot, State, Turn};
use crate::settings::Limits;
use crate::store::Batch;

/// Deliveries taken at a time, so that a queue is not locked for long.
const AT_ONCE: usize = 128;

/// Bytes that are put together before they are written.
const WINDOW: usize = 128 * 1024;

/// Below so many waiting messages, more retained ones are let in.
const FEW: usize = 32;

/// From so many subscriptions that are still owed retained messages on, no more packets are read.
const QUERIES: usize = 1024;

impl Open {
    /// Fills `out`; whether there is more to do at once. Otherwise the connection is woken when there is.
    pub(super) fn produce(
        &mut self,
        broker: &Broker,
        cx: &mut Context<'_>,
        turn: &mut Turn,
        out: &mut Output,
    ) -> Result<bool, End> {
        loop {
            self.send_replies(broker, cx, out);
            let mut is_drained = true;
            {
                let session = std::sync::Arc::clone(&self.session);
                let mut state = session.state.lock();
                self.check_hold(&state)?;
                if self.is_greeted {
                    is_drained = self.take(broker, &mut state, turn);
                    turn.wakers.extend(state.take_relieved());
                }
                if is_drained
                    && let Some(link) = &mut state.link
                    && !link
                        .waker
                        .as_ref()
                        .is_some_and(|waker| waker.will_wake(cx.waker()))
                {
                    link.waker = Some(cx.waker().clone());
                }
            }
            // PUBREL may have come up.
            self.send_replies(broker, cx, out);
            let mut sendable = core::mem::take(&mut turn.sendable);
            for one in sendable.drain(..) {
                self.send(broker, &one, turn, out);
            }
            turn.sendable = sendable;
            self.send_held(broker, cx, out);
            if is_drained {
                // A page of retained messages at a time: one that holds none for this client takes its time too.
                return Ok(self.is_greeted && self.fetch_retained(broker));
            }
            if out.len() >= WINDOW {
                return Ok(true);
            }
        }
    }

    /// Whether the connection may go on; arranges to be woken when it may not any more.
    pub(super) fn check(&self, cx: &Context<'_>) -> Result<(), End> {
        let mut state = self.session.state.lock();
        self.check_hold(&state)?;
        if let Some(link) = &mut state.link
            && !link
                .closer
                .as_ref()
                .is_some_and(|closer| closer.will_wake(cx.waker()))
        {
            link.closer = Some(cx.waker().clone());
        }
        Ok(())
    }

    /// Whether there is room for the answers to more packets.
    pub(super) fn takes_more(&self, limits: &Limits) -> bool {
        self.replies.len() < limits.waiting_replies && self.retained.len() < QUERIES
    }

    /// Whether the session is still this connection's.
    fn check_hold(&self, state: &State) -> Result<(), End> {
        if let Some(reason) = self.access.ended() {
            return Err(End::Disconnect(reason));
        }
        if state.generation != self.generation {
            return Err(End::Disconnect(ReasonCode::SessionTakenOver));
        }
        match state.link.as_ref().and_then(|link| link.close) {
            Some(reason) => Err(End::Disconnect(reason)),
            None if state.ended => Err(End::Disconnect(ReasonCode::SessionTakenOver)),
            None => Ok(()),
        }
    }

    /// Takes what may go out now; whether nothing is left that may.
    fn take(&mut self, broker: &Broker, state: &mut State, turn: &mut Turn) -> bool {
        let now = broker.clock().millis();
        let mut room = AT_ONCE;
        while let Some(id) = self.resend.front().copied() {
            match state.outgoing.get(id) {
                Some(Slot::Sent(delivery)) => {
                    if self.unanswered >= self.receive_maximum || room == 0 {
                        break;
                    }
                    if !self.may_have(delivery, now) {
                        self.drop_sent(broker, state, id, &mut turn.batch);
                        self.resend.pop_front();
                        continue;
                    }
                    self.unanswered = self.unanswered.saturating_add(1);
                    room = room.saturating_sub(1);
                    turn.sendable.push(Sendable {
                        delivery: delivery.clone(),
                        packet_id: Some(id),
                        // MQTT 5.0 [MQTT-3.3.1-1]
                        dup: true,
                    });
                }
                Some(Slot::Released(_)) => {
                    self.replies
                        .push_back((None, Reply::PubRel(id, ReasonCode::Success)));
                }
                Some(Slot::Free) | None => {}
            }
            self.resend.pop_front();
        }
        while room > 0 {
            let Some(delivery) = state.pop_qos0() else {
                break;
            };
            if self.is_wanted(&delivery, now) {
                room = room.saturating_sub(1);
                turn.sendable.push(Sendable {
                    delivery,
                    packet_id: None,
                    dup: false,
                });
            }
        }
        // What was sent before goes before what is new (MQTT 5.0 [MQTT-4.6.0-1]).
        while room > 0
            && self.resend.is_empty()
            && self.unanswered < self.receive_maximum
            && state.outgoing.has_room()
        {
            let Some(mut delivery) = state.pop() else {
                break;
            };
            if !self.is_wanted(&delivery, now) {
                state.finished(&delivery);
                broker.settle(&self.session, &mut delivery, &mut turn.batch);
                continue;
            }
            room = room.saturating_sub(1);
            self.unanswered = self.unanswered.saturating_add(1);
            let id = state.outgoing.send(delivery.clone());
            if delivery.qos == QoS::ExactlyOnce && delivery.row.is_some() {
                // After a crash the message must go out under the same identifier, or the client would take it for
                // another one.
                let mut batch = Batch::new();
                broker.note_delivery(&self.session, &delivery, id, false, &mut batch);
                if let Some(ticket) = broker.submit_always(batch) {
                    self.held.push_back((ticket, id, delivery));
                    continue;
                }
            }
            turn.sendable.push(Sendable {
                dup: delivery.again,
                delivery,
                packet_id: Some(id),
            });
        }
        room > 0
    }

    /// A delivery that was sent, or was about to be, is not to be sent any more.
    fn drop_sent(&self, broker: &Broker, state: &mut State, id: PacketId, batch: &mut Batch) {
        if let Some(mut delivery) = state.take_back(id) {
            broker.settle(&self.session, &mut delivery, batch);
        }
    }

    /// Whether a delivery is still of use, and allowed.
    fn is_wanted(&mut self, delivery: &Delivery, now: u64) -> bool {
        // MQTT 5.0 [MQTT-3.3.2-5]
        !delivery.message.is_expired(now) && self.may_have(delivery, now)
    }

    /// Whether the client may have a message, now.
    fn may_have(&mut self, delivery: &Delivery, now: u64) -> bool {
        let topic = delivery.message.publish.topic_bytes();
        self.may_receive.may_receive(&*self.access, topic, now)
    }

    /// Sends QoS 2 messages whose identifiers have reached the disk.
    fn send_held(&mut self, broker: &Broker, cx: &mut Context<'_>, out: &mut Output) {
        while let Some((ticket, _, _)) = self.held.front() {
            if broker.journal().poll_durable(*ticket, cx).is_pending() {
                return;
            }
            let Some((_, id, delivery)) = self.held.pop_front() else {
                return;
            };
            let mut turn = Turn::default();
            if !self.may_have(&delivery, broker.clock().millis()) {
                self.unanswered = self.unanswered.saturating_sub(1);
                let session = std::sync::Arc::clone(&self.session);
                self.drop_sent(broker, &mut session.state.lock(), id, &mut turn.batch);
                turn.end(broker);
                continue;
            }
            let sendable = Sendable {
                delivery,
                packet_id: Some(id),
                dup: false,
            };
            self.send(broker, &sendable, &mut turn, out);
            turn.end(broker);
        }
    }

    fn send(&mut self, broker: &Broker, one: &Sendable, turn: &mut Turn, out: &mut Output) {
        let Sendable {
            delivery,
            packet_id,
            dup,
        } = one;
        let message = &delivery.message;
        let form = if self.encoder.version().has_properties() {
            self.sent_aliases.form(message.publish.topic_bytes())
        } else {
            TopicForm::Name
        };
        let mut recipient = Recipient::new(wire(delivery.qos, *packet_id, *dup))
            .retain(delivery.retain)
            .subscription_ids(delivery.identifiers.as_slice())
            .topic(form);
        if message.expires.is_some()
            && let Some(seconds) = message.remaining_expiry(broker.clock().millis())
        {
            recipient = recipient.message_expiry_interval(seconds);
        }
        let encoded = message
            .publish
            .encode_head(&self.encoder, &recipient, out.buffer());
        match encoded {
            Ok(()) => out.put_payload(message.publish.payload()),
            Err(error) => {
                // The client takes no packet of this size: for it the message is as if it had been sent
                // (MQTT 5.0 [MQTT-3.1.2-25]).
                tracing::debug!(client = %self.client_id, %error, "a message was not sent");
                if let TopicForm::NameAndAlias(_) = form {
                    self.sent_aliases.forget(message.publish.topic_bytes());
                }
                if let Some(id) = packet_id {
                    self.unanswered = self.unanswered.saturating_sub(1);
                    let mut state = self.session.state.lock();
                    self.drop_sent(broker, &mut state, *id, &mut turn.batch);
                }
            }
        }
    }

    /// Lets more retained messages in when few are waiting; whether any may have come.
    fn fetch_retained(&mut self, broker: &Broker) -> bool {
        let Some(query) = self.retained.front_mut() else {
            return false;
        };
        if self.session.state.lock().waiting_messages() > FEW {
            return false;
        }
        if !broker.continue_retained(query, &self.session) {
            self.retained.pop_front();
        }
        true
    }
}

const fn wire(qos: QoS, packet_id: Option<PacketId>, dup: bool) -> Wire {
    match (qos, packet_id) {
        (QoS::AtLeastOnce, Some(packet_id)) => Wire::AtLeastOnce { packet_id, dup },
        (QoS::ExactlyOnce, Some(packet_id)) => Wire::ExactlyOnce { packet_id, dup },
        (QoS::AtMostOnce, _) | (_, None) => Wire::AtMostOnce,
    }
}
