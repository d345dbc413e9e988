//! A connection of the gateway over a transport in memory: any bytes from its first one on, beside a neighbour that keeps
//! to the rules.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;
use std::sync::Arc;

use bytes::BytesMut;
use mqtt_codec::{
    Connect, Decoder, Delivery, Encode, Encoder, Packet, PacketId, PubAck, Publish, QoS,
    ReasonCode, Status, Subscribe, Version,
};
use thingwire::access::{Access, Operation};
use thingwire::broker::Broker;
use thingwire::connection::{Admission, Connection, serve};
use thingwire::settings::Settings;
use thingwire::shadows::{ShadowTopics, Shadows};
use thingwire::store::{Journal, JournalOptions, MemoryStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::runtime::{Builder, Runtime};

/// What a stranger may make the gateway hold at one time, with the limits of [`settings`]: buffers of the thread, one
/// packet, and what waits for two sessions.
const HELD: u64 = 2 * 1024 * 1024;

/// Nobody else may be it, or say anything below it.
const NEIGHBOUR: &str = "neighbour";

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
}

/// The first byte says how the transport cuts and which profile holds; the rest is what the stranger sends. Nothing
/// panics, no more than [`HELD`] is held, and the neighbour gets its message and its acknowledgement.
pub fn connection(data: &[u8]) {
    let Some((&how, bytes)) = data.split_first() else {
        return;
    };
    let held = allocation_counter::measure(|| {
        RUNTIME.with(|runtime| runtime.block_on(beside_a_neighbour(how, bytes)));
    });
    assert!(
        held.bytes_max <= HELD,
        "{} bytes were held at one time",
        held.bytes_max
    );
}

/// Small enough that each limit is within the reach of an input.
fn settings(how: u8) -> Settings {
    let mut settings = match how & 1 {
        0 => Settings::strict(),
        _ => Settings::aws(),
    };
    let limits = &mut settings.limits;
    limits.unauthenticated_bytes = 1024;
    limits.packet_bytes = 2048;
    limits.receive_maximum = 4;
    limits.inflight = 3;
    limits.queued_messages = 16;
    limits.queued_bytes = 8192;
    limits.filters_per_subscribe = 4;
    limits.subscriptions_per_session = 8;
    limits.sessions = 4;
    limits.retained_messages = 8;
    limits.topic_levels = 8;
    limits.topic_bytes = 128;
    settings
}

async fn beside_a_neighbour(how: u8, bytes: &[u8]) {
    let journal = Journal::start(Arc::new(MemoryStore::new()), JournalOptions::default()).unwrap();
    let broker = Broker::open(settings(how), Arc::new(journal)).unwrap();
    let shadows = Shadows::new(&broker, shadow_doc::Service::default()).unwrap();
    broker.set_service(Box::new(ShadowTopics(shadows)));

    let mut neighbour = Neighbour::new(&broker);
    let connect = Connect::builder(Version::V5, NEIGHBOUR).build().unwrap();
    neighbour.send(&connect).await;
    let filter = "neighbour/#";
    let subscribe = Subscribe::builder(PacketId::MIN).filter(filter, QoS::AtLeastOnce);
    neighbour.send(&subscribe.build().unwrap()).await;
    while !matches!(neighbour.receive().await, Packet::SubAck(_)) {}

    let wire = Wire {
        rest: bytes.to_vec(),
        at: 0,
        step: usize::from(how >> 1).max(1),
    };
    serve(
        wire,
        Connection::new(Arc::clone(&broker), Arc::new(Strangers), "stranger"),
    )
    .await;

    let delivery = Delivery::AtLeastOnce {
        packet_id: PacketId::MIN,
        dup: false,
    };
    let publish = Publish::builder("neighbour/x")
        .payload(b"mine")
        .delivery(delivery);
    neighbour.send(&publish.build().unwrap()).await;
    let (mut came, mut acknowledged) = (false, false);
    while !(came && acknowledged) {
        match neighbour.receive().await {
            Packet::Publish(publish) => {
                assert_eq!((publish.payload(), came), (&b"mine"[..], false));
                came = true;
                neighbour
                    .send(&<PubAck>::new(publish.packet_id().unwrap()))
                    .await;
            }
            Packet::PubAck(answer) => acknowledged = !answer.reason().is_error(),
            other => panic!("{other:?}"),
        }
    }
    neighbour.leave().await;
}

/// The stranger's bytes, some at a time; what it is sent, it takes some at a time.
struct Wire {
    rest: Vec<u8>,
    at: usize,
    step: usize,
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let end = (self.at + self.step.min(buffer.remaining())).min(self.rest.len());
        buffer.put_slice(&self.rest[self.at..end]);
        self.at = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len().min(self.step)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Lets everybody in; below the neighbour's topic, nobody but the neighbour does anything.
struct Strangers;

#[derive(Debug)]
struct NotTheNeighbours(bool);

impl Admission for Strangers {
    fn admit(&self, id: &str, _: &Connect<&[u8]>) -> Result<Arc<dyn Access>, ReasonCode> {
        match id {
            NEIGHBOUR => Err(ReasonCode::NotAuthorized),
            _ => Ok(Arc::new(NotTheNeighbours(true))),
        }
    }
}

struct TheNeighbour;

impl Admission for TheNeighbour {
    fn admit(&self, _: &str, _: &Connect<&[u8]>) -> Result<Arc<dyn Access>, ReasonCode> {
        Ok(Arc::new(NotTheNeighbours(false)))
    }
}

impl Access for NotTheNeighbours {
    fn allows(&self, operation: Operation<'_>) -> bool {
        let NotTheNeighbours(is_stranger) = *self;
        match operation {
            Operation::Publish { topic, .. } => !is_stranger || !topic.starts_with(NEIGHBOUR),
            _ => true,
        }
    }
}

struct Neighbour {
    stream: DuplexStream,
    served: tokio::task::JoinHandle<()>,
    received: BytesMut,
    decoder: Decoder,
}

impl Neighbour {
    fn new(broker: &Arc<Broker>) -> Self {
        let (stream, other) = tokio::io::duplex(4096);
        let connection = Connection::new(Arc::clone(broker), Arc::new(TheNeighbour), NEIGHBOUR);
        Self {
            stream,
            served: tokio::spawn(serve(other, connection)),
            received: BytesMut::new(),
            decoder: Decoder::client(Version::V5),
        }
    }

    async fn send<P: Encode>(&mut self, packet: &P) {
        let mut bytes = Vec::new();
        Encoder::client(Version::V5)
            .encode(packet, &mut bytes)
            .unwrap();
        self.stream.write_all(&bytes).await.unwrap();
    }

    async fn receive(&mut self) -> Packet {
        loop {
            if let Status::Complete(packet) = self.decoder.decode_from(&mut self.received).unwrap()
            {
                return packet;
            }
            let count = self.stream.read_buf(&mut self.received).await.unwrap();
            assert!(count > 0, "the neighbour lost its connection");
        }
    }

    async fn leave(self) {
        drop(self.stream);
        self.served.await.unwrap();
    }
}
