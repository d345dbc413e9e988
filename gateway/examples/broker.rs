//! A broker in small: MQTT 3.1.1 and 5.0, QoS 0 and 1, retained messages, wills. `cargo run --example broker -- --help`
//!
//! It keeps nothing beyond a connection, and asks nobody who they are.
#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use core::{
    convert::Infallible, iter::successors, net::SocketAddr, num::NonZeroU16, time::Duration,
};
use std::collections::{HashMap, HashSet, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::Parser;
use futures_util::{SinkExt as _, StreamExt as _};
use mqtt_codec::*;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{sleep, timeout};
use tokio_util::codec::Framed;
use topic_match::{Match, RetainedIndex, Subscriber, SubscriptionIndex, TopicFilter, TopicName};

type Error = Box<dyn core::error::Error + Send + Sync>;
type Link = Framed<TcpStream, MqttCodec>;
type Shared = Arc<Mutex<Broker>>;

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

#[derive(Clone)]
struct Message {
    publish: PreparedPublish,
    qos: QoS,
    retain: bool,
}

impl Message {
    fn to(&self, options: &SubscriptionOptions, keep_retain: bool) -> Self {
        let (qos, retain) = (self.qos.min(options.qos), self.retain && keep_retain);
        Self {
            publish: self.publish.clone(),
            qos,
            retain,
        }
    }
}

/// What connections share.
#[derive(Default)]
struct Broker {
    subscriptions: SubscriptionIndex<Arc<str>, SubscriptionOptions>,
    retained: RetainedIndex<Message>,
    clients: HashMap<Arc<str>, Sender<Message>>,
}

impl Broker {
    fn remove(&mut self, id: &str) {
        self.subscriptions.remove_key(id);
        // The connection, if it is still there, sees that nobody sends to it any more.
        self.clients.remove(id);
    }

    /// One copy for each subscription that matches, as a server may (MQTT 5.0 §3.3.4).
    fn publish(&mut self, from: &str, publish: &Publish) -> Result<(), Error> {
        let name = TopicName::new(publish.topic())?;
        let (qos, retain) = (publish.qos(), publish.retain());
        let message = Message {
            publish: PreparedPublish::copy_of(publish),
            qos,
            retain,
        };
        let mut slow = Vec::new();
        for one in self.subscriptions.matches(name) {
            if let Match::Subscriber(Subscriber {
                key,
                value: options,
                ..
            }) = one
                && !(options.no_local && **key == *from)
                && let Some(client) = self.clients.get(key)
                && client
                    .try_send(message.to(options, options.retain_as_published))
                    .is_err()
            {
                slow.push(key.clone());
            }
        }
        slow.iter().for_each(|id| self.remove(id));
        if retain && publish.payload().is_empty() {
            self.retained.remove(name);
        } else if retain {
            self.retained.insert(name, message)?;
        }
        Ok(())
    }

    /// The code for SUBACK, and the retained messages that are due.
    fn subscribe(
        &mut self,
        id: &str,
        one: &Subscription<'_>,
    ) -> Result<(ReasonCode, Vec<Message>), Error> {
        let (filter, mut options) = (TopicFilter::new(one.filter())?, one.options());
        options.qos = options.qos.min(QoS::AtLeastOnce);
        let before = self.subscriptions.insert(filter, id.into(), options)?;
        let mut due = Vec::new();
        if options.retain_handling.is_due(before.is_none()) {
            due.extend(
                self.retained
                    .matches(filter)
                    .map(|(_, found)| found.to(&options, true)),
            );
        }
        Ok((ReasonCode::granted(options.qos), due))
    }
}

fn lock(broker: &Shared) -> MutexGuard<'_, Broker> {
    broker.lock().unwrap_or_else(PoisonError::into_inner)
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
        let _is_gone = timeout(Duration::from_secs(1), link.send(last)).await;
    }
}

/// A client from CONNECT to its end: `Success` for a goodbye, or the rule that was broken.
async fn converse(link: &mut Link, peer: &str, broker: &Shared) -> Result<ReasonCode, Error> {
    let first = timeout(Duration::from_secs(10), link.next()).await?;
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
    lock(broker).remove(id);
    lock(broker).clients.insert(id.into(), sender);
    let result = attend(link, broker, &connect, id, queue).await;
    let mut broker = lock(broker);
    // Otherwise the place is another connection's by now.
    if broker.clients.get(id).is_some_and(Sender::is_closed) {
        broker.remove(id);
    }
    if let (Some(will), false) = (connect.will(), matches!(result, Ok(ReasonCode::Success))) {
        broker.publish(id, &will.to_publish()?)?;
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
    let window = connect
        .properties()
        .receive_maximum()
        .map_or(u16::MAX, NonZeroU16::get);
    let (mut waiting, mut unanswered) = (VecDeque::<Message>::new(), HashSet::new());
    let mut ids = successors(Some(PacketId::MIN), |id| Some(id.next()));
    // MQTT 5.0 [MQTT-3.1.2-22]
    let patience = Duration::from_millis(u64::from(connect.keep_alive()).saturating_mul(1500));
    let mut silence = Box::pin(sleep(patience));
    loop {
        while unanswered.len() < usize::from(window)
            && let Some(message) = waiting.pop_front()
        {
            let mut delivery = Delivery::AtMostOnce;
            if message.qos == QoS::AtLeastOnce
                && let Some(packet_id) = ids.find(|id| unanswered.insert(*id))
            {
                delivery = Delivery::AtLeastOnce {
                    packet_id,
                    dup: false,
                };
            }
            let recipient = Recipient::new(delivery).retain(message.retain);
            match link.send((&message.publish, recipient)).await {
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
                lock(broker).publish(id, &publish)?;
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
                    lock(broker)
                        .subscriptions
                        .remove(TopicFilter::new(filter)?, id);
                    codes.push(ReasonCode::Success);
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
