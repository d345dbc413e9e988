//! Answers: in the order in which they are due, and not before what they promise is on the disk.

use bytes::BufMut;
use mqtt_codec::{Encoder, PacketId, PubAck, PubComp, PubRec, PubRel, ReasonCode, Version};

use super::Open;
use super::output::Output;
use crate::broker::{Answered, Broker, Turn};
use crate::store::{Batch, Ticket};

/// An answer that is due.
#[derive(Debug)]
pub(super) enum Reply {
    PubAck(PacketId, ReasonCode),
    PubRec(PacketId, ReasonCode),
    PubRel(PacketId, ReasonCode),
    PubComp(PacketId, ReasonCode),
    PingResp,
    /// A packet that is encoded already: CONNACK, SUBACK, UNSUBACK.
    Packet(Box<[u8]>),
}

impl Reply {
    /// Whether it ends an exchange that counts against the Receive Maximum; one of QoS 2 counts as long as its
    /// identifier is held.
    const fn ends_exchange(&self) -> bool {
        match self {
            Self::PubAck(..) => true,
            Self::PubRec(..)
            | Self::PubRel(..)
            | Self::PubComp(..)
            | Self::PingResp
            | Self::Packet(_) => false,
        }
    }

    fn write(&self, encoder: &Encoder, out: &mut Vec<u8>) {
        macro_rules! put {
            ($packet:ident, $id:expr, $reason:expr) => {
                // 3.x has no reasons; in 5.0 success needs none.
                if *$reason == ReasonCode::Success || encoder.version() != Version::V5 {
                    let _ = encoder.encode(&<$packet>::new(*$id), out);
                } else if let Ok(packet) = $packet::builder(*$id).reason(*$reason).build() {
                    let _ = encoder.encode(&packet, out);
                }
            };
        }
        match self {
            Self::PubAck(id, reason) => put!(PubAck, id, reason),
            Self::PubRec(id, reason) => put!(PubRec, id, reason),
            Self::PubRel(id, reason) => put!(PubRel, id, reason),
            Self::PubComp(id, reason) => put!(PubComp, id, reason),
            Self::PingResp => out.put_slice(&[0xD0, 0x00]),
            Self::Packet(frame) => out.put_slice(frame),
        }
    }
}

impl Open {
    /// Sends an answer, now or when those before it have gone and its ticket is durable.
    pub(super) fn reply(&mut self, ticket: Option<Ticket>, reply: Reply, out: &mut Output) {
        if ticket.is_none() && self.replies.is_empty() {
            reply.write(&self.encoder, out.buffer());
            return;
        }
        if reply.ends_exchange() {
            self.unacknowledged = self.unacknowledged.saturating_add(1);
        }
        self.replies.push_back((ticket, reply));
    }

    /// Sends the answers that have become due; whether all have gone.
    pub(super) fn send_replies(
        &mut self,
        broker: &Broker,
        cx: &mut core::task::Context<'_>,
        out: &mut Output,
    ) -> bool {
        let was_greeted = self.is_greeted;
        while let Some((ticket, reply)) = self.replies.front() {
            if let Some(ticket) = ticket
                && broker.journal().poll_durable(*ticket, cx).is_pending()
            {
                return false;
            }
            reply.write(&self.encoder, out.buffer());
            self.is_greeted = true;
            if reply.ends_exchange() {
                self.unacknowledged = self.unacknowledged.saturating_sub(1);
            }
            self.replies.pop_front();
        }
        // The room for CONNACK, and what a burst took.
        if was_greeted != self.is_greeted || self.replies.capacity() > 32 {
            self.replies = std::collections::VecDeque::new();
        }
        true
    }

    fn answered(&mut self) {
        self.unanswered = self.unanswered.saturating_sub(1);
    }

    /// PUBACK from the client.
    pub(super) fn acknowledged(&mut self, broker: &Broker, id: PacketId, turn: &mut Turn) {
        let answered = {
            let mut state = self.session.state.lock();
            if !state.is_held_by(self.generation) {
                return;
            }
            state.acknowledged(id)
        };
        if let Answered::Done(mut delivery) = answered {
            self.answered();
            broker.settle(&self.session, &mut delivery, &mut turn.batch);
            if let Some(receipt) = &delivery.message.receipt {
                receipt.confirm();
            }
        }
    }

    /// PUBREC from the client (MQTT 5.0 §4.3.3).
    pub(super) fn received(
        &mut self,
        broker: &Broker,
        id: PacketId,
        reason: ReasonCode,
        turn: &mut Turn,
        out: &mut Output,
    ) {
        if reason.is_error() {
            // The client will have none of it: the identifier is free (MQTT 5.0 §4.3.3).
            self.acknowledged(broker, id, turn);
            return;
        }
        let answered = {
            let mut state = self.session.state.lock();
            if !state.is_held_by(self.generation) {
                return;
            }
            state.outgoing.received(id)
        };
        match answered {
            Answered::Release(delivery) => {
                let mut batch = Batch::new();
                broker.note_delivery(&self.session, &delivery, id, true, &mut batch);
                let ticket = broker.submit_always(batch);
                self.reply(ticket, Reply::PubRel(id, ReasonCode::Success), out);
            }
            Answered::Again => self.reply(None, Reply::PubRel(id, ReasonCode::Success), out),
            Answered::Done(_) | Answered::Unknown => {
                self.reply(
                    None,
                    Reply::PubRel(id, ReasonCode::PacketIdentifierNotFound),
                    out,
                );
            }
        }
    }

    /// PUBREL from the client: its identifier is free again once that is written down.
    pub(super) fn released(&mut self, broker: &Broker, id: PacketId, out: &mut Output) {
        let was_held = {
            let mut state = self.session.state.lock();
            if !state.is_held_by(self.generation) {
                return;
            }
            state.incoming.remove(&id)
        };
        if !was_held {
            self.reply(
                None,
                Reply::PubComp(id, ReasonCode::PacketIdentifierNotFound),
                out,
            );
            return;
        }
        let ticket = if self.session.is_persistent() {
            let mut batch = Batch::new();
            broker.note_incoming(&self.session, id, false, &mut batch);
            broker.submit_always(batch)
        } else {
            None
        };
        self.reply(ticket, Reply::PubComp(id, ReasonCode::Success), out);
    }

    /// PUBCOMP from the client.
    pub(super) fn completed(&mut self, broker: &Broker, id: PacketId, turn: &mut Turn) {
        let answered = {
            let mut state = self.session.state.lock();
            if !state.is_held_by(self.generation) {
                return;
            }
            state.completed(id)
        };
        if let Answered::Done(mut delivery) = answered {
            self.answered();
            broker.settle(&self.session, &mut delivery, &mut turn.batch);
        }
    }
}
