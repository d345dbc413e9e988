//! A client for tests: it says exactly what a test wants said, over a pipe in memory.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use mqtt_codec::{
    ConnAck, Connect, ConnectBuilder, Decoder, Delivery, Disconnect, Encode, Encoder, Packet,
    PacketId, PropertiesBuf, Property, Publish, QoS, ReasonCode, Status, Subscribe,
    SubscriptionOptions, Version,
};
use thingwire::access::{Access, DangerousAllowAll};
use thingwire::broker::Broker;
use thingwire::connection::{Admission, Connection, serve};
use thingwire::settings::Settings;
use thingwire::store::{Journal, JournalOptions, MemoryStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

pub struct Everyone;

impl Admission for Everyone {
    fn admit(&self, _: &str, _: &Connect<&[u8]>) -> Result<Arc<dyn Access>, ReasonCode> {
        Ok(Arc::new(DangerousAllowAll))
    }
}

/// A broker that forgets.
pub fn broker(settings: Settings) -> Arc<Broker> {
    let store = Arc::new(MemoryStore::new());
    let journal = Journal::start(store, JournalOptions::default()).unwrap();
    let broker = Broker::open(settings, Arc::new(journal)).unwrap();
    tokio::spawn(Arc::clone(&broker).run_timers());
    broker
}

pub struct Client {
    stream: DuplexStream,
    received: BytesMut,
    decoder: Decoder,
    encoder: Encoder,
}

/// How many ticks a test waits for what must come.
const PATIENCE: usize = 500;

const TICK: Duration = Duration::from_millis(20);

impl Client {
    pub fn new(broker: &Arc<Broker>, version: Version) -> Self {
        Self::admitted(broker, version, Arc::new(Everyone))
    }

    pub fn admitted(broker: &Arc<Broker>, version: Version, admission: Arc<dyn Admission>) -> Self {
        let (stream, other) = tokio::io::duplex(64 * 1024);
        let connection = Connection::new(Arc::clone(broker), admission, "test");
        tokio::spawn(serve(other, connection));
        Self {
            stream,
            received: BytesMut::new(),
            decoder: Decoder::any(version),
            encoder: Encoder::new(version),
        }
    }

    /// Connects with a new session; panics unless that succeeds.
    pub async fn connected(broker: &Arc<Broker>, version: Version, client_id: &str) -> Self {
        let mut client = Self::new(broker, version);
        client
            .send(&Connect::builder(version, client_id).build().unwrap())
            .await;
        let Packet::ConnAck(connack) = client.receive().await else {
            panic!("no CONNACK")
        };
        assert_eq!(connack.reason(), ReasonCode::Success);
        client
    }

    /// Sends a CONNECT and gives the answer.
    pub async fn connect(&mut self, connect: ConnectBuilder<'_>) -> ConnAck {
        self.send(&connect.build().unwrap()).await;
        match self.receive().await {
            Packet::ConnAck(connack) => connack,
            other => panic!("{other:?} instead of CONNACK"),
        }
    }

    /// Asserts that the connection ends, in 5.0 with a DISCONNECT of this code.
    pub async fn assert_ends(&mut self, code: ReasonCode) {
        if self.encoder.version() == Version::V5 {
            match self.receive().await {
                Packet::Disconnect(disconnect) => assert_eq!(disconnect.reason(), code),
                other => panic!("{other:?} instead of DISCONNECT"),
            }
        }
        assert!(self.next().await.is_none(), "the connection goes on");
    }

    /// Ends the connection without a word.
    pub async fn vanish(mut self) {
        let _ = self.stream.shutdown().await;
        // The other end has seen it when it has closed.
        while self.next().await.is_some() {}
    }

    /// DISCONNECT, and the end.
    pub async fn disconnect(mut self) {
        self.send(&<Disconnect>::new()).await;
        assert!(self.next().await.is_none());
    }

    pub async fn send<P: Encode>(&mut self, packet: &P) {
        let mut bytes = BytesMut::new();
        self.encoder.encode(packet, &mut bytes).unwrap();
        self.send_bytes(&bytes).await;
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next packet; `None` when the connection has ended.
    ///
    /// It waits by the wall clock: a test whose clock stands still would otherwise have no patience with the disk.
    pub async fn next(&mut self) -> Option<Packet> {
        for _ in 0..PATIENCE {
            loop {
                let status = self.decoder.decode_from(&mut self.received).unwrap();
                if let Status::Complete(packet) = status {
                    return Some(packet);
                }
                tokio::select! {
                    biased;
                    read = self.stream.read_buf(&mut self.received) => {
                        if read.unwrap_or(0) == 0 {
                            assert!(self.received.is_empty(), "the connection ended within a packet");
                            return None;
                        }
                    }
                    _ = tokio::task::spawn_blocking(|| std::thread::sleep(TICK)) => break,
                }
            }
        }
        panic!("nothing came");
    }

    pub async fn receive(&mut self) -> Packet {
        self.next().await.expect("the connection ended")
    }

    pub async fn receive_publish(&mut self) -> Publish {
        match self.receive().await {
            Packet::Publish(publish) => publish,
            other => panic!("{other:?} instead of PUBLISH"),
        }
    }

    /// Asserts that nothing comes: everything that was sent has been handled when the answer to a ping is there.
    pub async fn receive_nothing(&mut self) {
        self.send_bytes(&[0xC0, 0x00]).await;
        match self.receive().await {
            Packet::PingResp => {}
            other => panic!("{other:?} instead of nothing"),
        }
    }

    pub async fn subscribe(
        &mut self,
        filter: &str,
        options: impl Into<SubscriptionOptions>,
    ) -> ReasonCode {
        let subscribe = Subscribe::builder(PacketId::MIN)
            .filter(filter, options)
            .build()
            .unwrap();
        self.send(&subscribe).await;
        match self.receive().await {
            Packet::SubAck(suback) => suback.codes().next().unwrap(),
            other => panic!("{other:?} instead of SUBACK"),
        }
    }

    pub async fn publish(&mut self, topic: &str, payload: &[u8], qos: QoS, id: u16) {
        let publish = Publish::builder(topic)
            .payload(payload)
            .delivery(delivery(qos, id))
            .build()
            .unwrap();
        self.send(&publish).await;
    }
}

pub fn delivery(qos: QoS, id: u16) -> Delivery {
    let packet_id = PacketId::new(id);
    match (qos, packet_id) {
        (QoS::AtLeastOnce, Some(packet_id)) => Delivery::AtLeastOnce {
            packet_id,
            dup: false,
        },
        (QoS::ExactlyOnce, Some(packet_id)) => Delivery::ExactlyOnce {
            packet_id,
            dup: false,
        },
        _ => Delivery::AtMostOnce,
    }
}

/// Properties from a list.
pub fn properties(list: &[Property<'_>]) -> PropertiesBuf {
    let mut properties = PropertiesBuf::new();
    for property in list {
        properties.push(*property).unwrap();
    }
    properties
}
