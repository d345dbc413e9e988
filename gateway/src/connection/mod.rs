//! One client's connection, without its socket: bytes in, bytes out.
//!
//! A [`Connection`] takes what came and gives what is to go; [`serve`] ties it to a
//! transport. An idle connection owns no buffer: a thread lends its own for as long as there is something to do.

mod acks;
mod aliases;
mod connect;
mod deliver;
mod driver;
mod output;
mod publish;
mod subscribe;

use core::task::Context;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use mqtt_codec::{
    ConnAck, Connect, Decoder, Disconnect, Encoder, PacketId, PacketView, Reaction, ReasonCode,
    Status, Version,
};
use tokio::time::Instant;

use crate::access::Access;
use crate::broker::{Broker, Delivery, RetainedQuery, Session, Turn};
use crate::store::Ticket;

pub use driver::serve;
use output::Output;

/// Who may come in: asked once for each CONNECT, by the listener that took the connection.
pub trait Admission: Send + Sync {
    /// What the client may do, if it may connect at all.
    ///
    /// # Errors
    /// The code for CONNACK; [`ReasonCode::return_code`] is its 3.x form.
    fn admit(
        &self,
        client_id: &str,
        connect: &Connect<&[u8]>,
    ) -> Result<Arc<dyn Access>, ReasonCode>;
}

/// A client's connection.
pub struct Connection {
    broker: Arc<Broker>,
    admission: Arc<dyn Admission>,
    /// Where it comes from, for the log.
    peer: Arc<str>,
    decoder: Decoder,
    /// The beginning of a packet whose end has not come.
    partial: Vec<u8>,
    phase: Phase,
    /// When CONNECT has to be there, then when the client has to be heard again.
    deadline: Option<Instant>,
}

enum Phase {
    /// CONNECT has not come.
    New,
    Open(Box<Open>),
    /// Nothing more is read.
    Over,
}

/// What a connection has from its CONNECT on.
struct Open {
    session: Arc<Session>,
    generation: u64,
    client_id: Arc<str>,
    encoder: Encoder,
    access: Arc<dyn Access>,
    /// One and a half times the Keep Alive.
    patience: Option<Duration>,
    /// When the last packet came.
    heard: Instant,
    received_aliases: aliases::Received,
    sent_aliases: aliases::Sent,
    /// Whether CONNACK has gone: nothing goes before it.
    is_greeted: bool,
    /// Answers in the order in which they are due, each with what must be durable first.
    replies: VecDeque<(Option<Ticket>, acks::Reply)>,
    /// What an earlier connection left unanswered, to be sent again.
    resend: VecDeque<PacketId>,
    /// QoS 2 messages whose identifiers are on their way to the disk.
    held: VecDeque<(Ticket, PacketId, Delivery)>,
    /// Retained messages that subscriptions are still owed.
    retained: VecDeque<RetainedQuery>,
    /// PUBLISH packets to the client that it has not answered, and how many there may be.
    unanswered: u16,
    receive_maximum: u16,
    /// PUBLISH packets of the client whose answers wait for the disk.
    unacknowledged: u16,
    /// The last answers of `access`: a device publishes on one topic again and again.
    may_publish: Asked,
    may_receive: Asked,
    /// Whether the session may end with another expiry than zero (MQTT 5.0 [MQTT-3.14.2-2]).
    expiry_was_zero: bool,
}

/// The last question and its answer.
#[derive(Debug, Default)]
struct Asked {
    topic: Vec<u8>,
    retain: bool,
    revision: u64,
    /// Until when the answer holds, in milliseconds of the broker's clock.
    until: u64,
    answer: bool,
}

/// How a connection ends.
#[derive(Debug)]
enum End {
    /// The client said DISCONNECT; whether its will is published all the same.
    Goodbye { keep_will: bool },
    /// The client broke a rule, or the server ends it: DISCONNECT with this code, in 5.0.
    Disconnect(ReasonCode),
    /// CONNACK with this code.
    Refuse(Option<Version>, ReasonCode),
    /// Nothing is said.
    Close,
}

/// How often a connection goes on before others have their turn.
const ROUNDS: usize = 8;

impl Connection {
    /// A connection from which nothing has come.
    #[must_use]
    pub fn new(
        broker: Arc<Broker>,
        admission: Arc<dyn Admission>,
        peer: impl Into<Arc<str>>,
    ) -> Self {
        let limits = &broker.settings().limits;
        let deadline = Instant::now().checked_add(limits.connect_timeout);
        let decoder = Decoder::server()
            .with_max_packet_size(limits.unauthenticated_bytes.min(limits.packet_bytes));
        Self {
            broker,
            admission,
            peer: peer.into(),
            decoder,
            partial: Vec::new(),
            phase: Phase::New,
            deadline,
        }
    }

    /// The client was authenticated before its first byte, by TLS: its CONNECT may be as large as other packets.
    #[must_use]
    pub fn authenticated(mut self) -> Self {
        let limits = &self.broker.settings().limits;
        self.decoder = Decoder::server().with_max_packet_size(limits.packet_bytes);
        self
    }

    /// Whether the connection may go on: asked before anything is read or written.
    fn check(&self, cx: &Context<'_>) -> Result<(), End> {
        match &self.phase {
            Phase::Open(open) => open.check(cx),
            Phase::New | Phase::Over => Ok(()),
        }
    }

    /// Whether more packets are wanted from the client.
    fn takes_more(&self) -> bool {
        match &self.phase {
            Phase::Open(open) => open.takes_more(&self.broker.settings().limits),
            Phase::New | Phase::Over => true,
        }
    }

    /// Puts the answers that are due into `out`, and nothing else: the client does not take what it has already.
    fn answer(&mut self, cx: &mut Context<'_>, out: &mut Output) {
        if let Phase::Open(open) = &mut self.phase {
            open.send_replies(&self.broker, cx, out);
        }
    }

    /// Takes bytes from the client. Answers go to `out`.
    fn receive(
        &mut self,
        input: &[u8],
        now: Instant,
        turn: &mut Turn,
        out: &mut Output,
    ) -> Result<(), End> {
        let mut partial = core::mem::take(&mut self.partial);
        let bytes = if partial.is_empty() {
            input
        } else {
            partial.extend_from_slice(input);
            &partial
        };
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.decoder.decode(rest) {
                Ok(Status::Complete((packet, used))) => {
                    rest = rest.get(used..).unwrap_or_default();
                    self.handle(packet, now, turn, out)?;
                }
                Ok(Status::Incomplete { .. }) => break,
                Err(error) => {
                    tracing::info!(peer = %self.peer, %error, "a client broke a rule");
                    return Err(match error.reaction() {
                        Reaction::ConnAck(code) => End::Refuse(error.version(), code),
                        Reaction::Disconnect(code) => End::Disconnect(code),
                        _ => End::Close,
                    });
                }
            }
        }
        if rest.len() == partial.len() && !rest.is_empty() && !partial.is_empty() {
            self.partial = partial;
        } else if !rest.is_empty() {
            self.partial = rest.to_vec();
        }
        Ok(())
    }

    fn handle(
        &mut self,
        packet: PacketView<'_>,
        now: Instant,
        turn: &mut Turn,
        out: &mut Output,
    ) -> Result<(), End> {
        let open = match &mut self.phase {
            Phase::Open(open) => {
                open.heard = now;
                open
            }
            Phase::New => {
                return match packet {
                    PacketView::Connect(connect) => self.connect(&connect, now),
                    // The decoder lets nothing else through.
                    _ => Err(End::Close),
                };
            }
            Phase::Over => return Ok(()),
        };
        let broker = &*self.broker;
        match packet {
            PacketView::Publish(publish) => open.publish(broker, &publish, now, turn, out),
            PacketView::PubAck(ack) => {
                open.acknowledged(broker, ack.packet_id(), turn);
                Ok(())
            }
            PacketView::PubRec(ack) => {
                open.received(broker, ack.packet_id(), ack.reason(), turn, out);
                Ok(())
            }
            PacketView::PubRel(ack) => {
                open.released(broker, ack.packet_id(), out);
                Ok(())
            }
            PacketView::PubComp(ack) => {
                open.completed(broker, ack.packet_id(), turn);
                Ok(())
            }
            PacketView::Subscribe(subscribe) => open.subscribe(broker, &subscribe, out),
            PacketView::Unsubscribe(unsubscribe) => open.unsubscribe(broker, &unsubscribe, out),
            PacketView::PingReq => {
                open.reply(None, acks::Reply::PingResp, out);
                Ok(())
            }
            PacketView::Disconnect(disconnect) => Err(open.goodbye(broker, &disconnect)),
            // No authentication was begun (MQTT 5.0 [MQTT-4.12.0-6]).
            PacketView::Auth(_) => Err(End::Disconnect(ReasonCode::ProtocolError)),
            PacketView::Connect(_)
            | PacketView::ConnAck(_)
            | PacketView::SubAck(_)
            | PacketView::UnsubAck(_)
            | PacketView::PingResp => Err(End::Disconnect(ReasonCode::ProtocolError)),
        }
    }

    /// Puts what waits for the client into `out`; arranges to be woken for what comes later.
    fn produce(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn,
        out: &mut Output,
    ) -> Result<bool, End> {
        match &mut self.phase {
            Phase::Open(open) => open.produce(&self.broker, cx, turn, out),
            Phase::New | Phase::Over => Ok(false),
        }
    }

    /// When the connection has to be looked at although nothing has come.
    fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::New => self.deadline,
            Phase::Open(open) => open.heard.checked_add(open.patience?),
            Phase::Over => None,
        }
    }

    /// The deadline has passed.
    fn overdue(&self) -> End {
        match self.phase {
            // MQTT 5.0 [MQTT-3.1.4-1]: a client that says nothing is told nothing.
            Phase::New | Phase::Over => {
                tracing::info!(peer = %self.peer, "no CONNECT came in time [MQTT 5.0 §3.1.4]");
                End::Close
            }
            // MQTT 5.0 [MQTT-3.1.2-22]
            Phase::Open(_) => End::Disconnect(ReasonCode::KeepAliveTimeout),
        }
    }

    /// Ends the connection: what is to be said last goes to `out`.
    fn end(&mut self, end: &End, out: &mut Output) {
        let phase = core::mem::replace(&mut self.phase, Phase::Over);
        self.partial = Vec::new();
        let keep_will = match end {
            End::Goodbye { keep_will } => *keep_will,
            End::Refuse(version, code) => {
                let version = version.unwrap_or(Version::V311);
                if let Ok(connack) = ConnAck::builder(*code).build() {
                    // What a version has no code for, it closes without a word (MQTT 3.1.1 §3.2.2.3).
                    let _ = Encoder::new(version).encode(&connack, out.buffer());
                }
                true
            }
            End::Disconnect(code) => {
                if let Phase::Open(open) = &phase {
                    let byte = format_args!("{:#04x}", code.byte());
                    tracing::info!(peer = %self.peer, client = %open.client_id, %code, %byte, "a connection is ended");
                    // Before 5.0 a server says no DISCONNECT.
                    if open.encoder.version() == Version::V5
                        && let Ok(disconnect) = Disconnect::builder(*code).build()
                    {
                        let _ = open.encoder.encode(&disconnect, out.buffer());
                    }
                }
                true
            }
            End::Close => true,
        };
        if let Phase::Open(open) = phase {
            tracing::debug!(client = %open.client_id, ?end, "a connection ends");
            self.broker
                .detach(&open.session, open.generation, keep_will);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        // A task that is cancelled leaves its session as a lost connection does.
        if let Phase::Open(open) = &self.phase {
            self.broker.detach(&open.session, open.generation, true);
        }
    }
}

impl Open {
    /// What the client says with DISCONNECT.
    fn goodbye(&mut self, broker: &Broker, disconnect: &Disconnect<&[u8]>) -> End {
        if let Some(expiry) = disconnect.properties().session_expiry_interval() {
            // MQTT 5.0 [MQTT-3.14.2-2]
            if self.expiry_was_zero && expiry > 0 {
                return End::Disconnect(ReasonCode::ProtocolError);
            }
            let longest = broker.settings().limits.session_expiry_seconds;
            let mut state = self.session.state.lock();
            if state.is_held_by(self.generation) {
                self.session.set_expiry(&mut state, expiry.min(longest));
            }
        }
        // MQTT 5.0 [MQTT-3.1.2-8], [MQTT-3.14.4-3]
        End::Goodbye {
            keep_will: disconnect.reason() != ReasonCode::Success,
        }
    }
}
