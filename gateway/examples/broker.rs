//! A broker in small: MQTT 3.1.1 and 5.0, QoS 0 and 1, retained messages, wills. `cargo run --example broker -- --help`
//!
//! It keeps nothing beyond a connection, and asks nobody who they are.
#![allow(
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    reason = "an example has `std`, and shows what happens"
)]

#[path = "broker/topics.rs"]
mod topics;

use core::{convert::Infallible, iter::successors, net::SocketAddr, time::Duration};
use std::collections::{HashSet, VecDeque};
use std::io;

use clap::Parser;
use futures_util::{SinkExt as _, StreamExt as _};
use mqtt_codec::{
    CodecError, ConnAck, Connect, Delivery, Disconnect, MqttCodec, Packet, PacketId, PropertiesBuf,
    Property, PubAck, QoS, ReasonCode, Recipient, SubAck, UnsubAck,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::time::{sleep, timeout};
use tokio_util::codec::Framed;
use topics::{Message, Shared, lock};

type Error = Box<dyn core::error::Error + Send + Sync>;
type Link = Framed<TcpStream, MqttCodec>;

/// For CONNECT to come, and for a client to take what it is sent.
const PATIENCE: Duration = Duration::from_secs(10);
/// Messages that wait for one client: who leaves more of them unanswered is cut off.
const QUEUE: usize = 1000;

/// A small broker for MQTT 3.1.1 and 5.0.
#[derive(Parser)]
pub struct Arguments {
    /// Where clients connect: without TLS, and without being asked who they are.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:1883")]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    match run(TcpListener::bind(Arguments::parse().listen).await?).await {}
}

/// Serves whoever connects.
pub async fn run(listener: TcpListener) -> Infallible {
    let broker = Shared::default();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(serve(stream, peer.to_string(), broker.clone()));
            }
            // Out of descriptors, mostly: those that close give room.
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn serve(stream: TcpStream, peer: String, broker: Shared) {
    let mut link = Framed::new(stream, MqttCodec::server());
    let last = match converse(&mut link, &peer, &broker).await {
        Ok(ReasonCode::Success) => None,
        Ok(code) => Disconnect::builder(code).build().ok().map(Packet::from),
        Err(error) => {
            println!("{peer}: {error}");
            match error.downcast_ref() {
                Some(CodecError::Decode(error)) => error.reaction().packet(),
                _ => None,
            }
        }
    };
    // Before 5.0 a server says no DISCONNECT, and the codec encodes none.
    if let Some(last) = last {
        let _is_gone = timeout(PATIENCE, link.send(last)).await;
    }
}

/// A client from CONNECT to its end: `Success` for a goodbye, or the rule that was broken.
async fn converse(link: &mut Link, peer: &str, broker: &Shared) -> Result<ReasonCode, Error> {
    let first = timeout(PATIENCE, link.next()).await?;
    let Some(Packet::Connect(connect)) = first.transpose()? else {
        return Err("nothing came".into());
    };
    let mut limits = PropertiesBuf::new();
    limits
        .push(Property::MaximumQoS(QoS::AtLeastOnce))?
        .push(Property::SessionExpiryInterval(0))?
        .push(Property::SharedSubscriptionAvailable(false))?
        .push(Property::SubscriptionIdentifierAvailable(false))?;
    let mut id = connect.client_id();
    if id.is_empty() {
        id = peer;
        limits.push(Property::AssignedClientIdentifier(id))?;
    }
    let answer = ConnAck::builder(ReasonCode::Success).properties(&limits);
    link.send(&answer.build()?).await?;
    let (sender, queue) = channel(QUEUE);
    lock(broker).enter(id, sender);
    let result = attend(link, broker, &connect, id, queue).await;
    let mut broker = lock(broker);
    broker.leave(id);
    if let (Some(will), false) = (connect.will(), matches!(result, Ok(ReasonCode::Success))) {
        broker.publish(id, &will.to_publish()?, will.qos().min(QoS::AtLeastOnce))?;
    }
    result
}

async fn attend(
    link: &mut Link,
    broker: &Shared,
    connect: &Connect,
    id: &str,
    mut queue: Receiver<Message>,
) -> Result<ReasonCode, Error> {
    let window = connect.properties().receive_maximum();
    let window = window.map_or(65_535, |window| usize::from(window.get()));
    let (mut waiting, mut unanswered) = (VecDeque::<Message>::new(), HashSet::new());
    let mut ids = successors(Some(PacketId::MIN), |id| Some(id.next()));
    // MQTT 5.0 [MQTT-3.1.2-22]
    let patience = Duration::from_millis(u64::from(connect.keep_alive()).saturating_mul(1500));
    let mut silence = Box::pin(sleep(patience));
    loop {
        while unanswered.len() < window
            && let Some(message) = waiting.pop_front()
        {
            let mut delivery = Delivery::AtMostOnce;
            if message.qos == QoS::AtLeastOnce
                && let Some(packet_id) = ids.find(|id| unanswered.insert(*id))
            {
                let dup = false;
                delivery = Delivery::AtLeastOnce { packet_id, dup };
            }
            let recipient = Recipient::new(delivery).retain(message.retain);
            match timeout(PATIENCE, link.send((&message.publish, recipient))).await? {
                // What is larger than the client takes, it misses (MQTT 5.0 [MQTT-3.1.2-25]).
                Err(CodecError::Encode(_)) => {
                    unanswered.retain(|id| Some(*id) != delivery.packet_id())
                }
                sent => sent?,
            }
        }
        let packet = tokio::select! {
            packet = link.next() => packet.ok_or("the connection is lost")??,
            message = queue.recv() => match message {
                Some(message) if waiting.len() < QUEUE => {
                    waiting.push_back(message);
                    continue;
                }
                Some(_) => return Ok(ReasonCode::QuotaExceeded),
                None if lock(broker).clients.contains_key(id) => return Ok(ReasonCode::SessionTakenOver),
                None => return Ok(ReasonCode::QuotaExceeded),
            },
            () = &mut silence, if !patience.is_zero() => return Ok(ReasonCode::KeepAliveTimeout),
        };
        silence.set(sleep(patience));
        match packet {
            Packet::Publish(publish) if publish.qos() > QoS::AtLeastOnce => {
                return Ok(ReasonCode::QoSNotSupported);
            }
            Packet::Publish(publish) => {
                lock(broker).publish(id, &publish, publish.qos())?;
                if let Some(packet_id) = publish.packet_id() {
                    link.send(&<PubAck>::new(packet_id)).await?;
                }
            }
            Packet::PubAck(answer) => {
                unanswered.remove(&answer.packet_id());
            }
            Packet::Subscribe(subscribe) => {
                let mut codes = Vec::new();
                for one in subscribe.filters() {
                    let (code, due) = lock(broker).subscribe(id, &one)?;
                    codes.push(code);
                    waiting.extend(due);
                }
                let answer = SubAck::builder(subscribe.packet_id(), &codes).build()?;
                link.send(&answer).await?;
            }
            Packet::Unsubscribe(unsubscribe) => {
                let mut codes = Vec::new();
                for filter in unsubscribe.filters() {
                    codes.push(lock(broker).unsubscribe(id, filter)?);
                }
                let answer = UnsubAck::builder(unsubscribe.packet_id(), &codes).build()?;
                link.send(&answer).await?;
            }
            Packet::PingReq => link.send(Packet::PingResp).await?,
            Packet::Disconnect(bye) => return Ok(bye.reason()),
            _ => return Ok(ReasonCode::ProtocolError),
        }
    }
}
