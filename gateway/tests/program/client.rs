//! A client that says exactly what a test wants said, over a socket.

use futures_util::{SinkExt as _, StreamExt as _};
use mqtt_codec::{
    CodecError, ConnAck, Connect, ConnectBuilder, Decoder, Delivery, Encode, Encoder, MqttCodec,
    Packet, PacketId, PubAck, Publish, QoS, ReasonCode, Subscribe, SubscriptionOptions, Version,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::codec::Framed;

use crate::gateway::PATIENCE;

pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub struct Client(Framed<Box<dyn Stream>, MqttCodec>);

impl Client {
    /// A client that has said nothing.
    pub fn new(stream: impl Stream + 'static, version: Version) -> Self {
        // Answers in a test are whatever they are; that they are packets is checked.
        let codec = MqttCodec::new(Decoder::any(version), Encoder::new(version));
        Self(Framed::new(Box::new(stream), codec))
    }

    /// Says CONNECT and hears the answer.
    pub async fn over(
        stream: impl Stream + 'static,
        connect: ConnectBuilder<'_>,
    ) -> (Self, ConnAck) {
        let connect = connect.build().unwrap();
        let mut client = Self::new(stream, connect.version());
        client.send(&connect).await;
        match client.receive().await {
            Packet::ConnAck(answer) => (client, answer),
            other => panic!("{other:?} instead of CONNACK"),
        }
    }

    pub async fn connect(address: &str, connect: ConnectBuilder<'_>) -> (Self, ConnAck) {
        Self::over(TcpStream::connect(address).await.unwrap(), connect).await
    }

    /// Connects with a new session; panics unless that succeeds.
    pub async fn connected(address: &str, version: Version, id: &str) -> Self {
        let (client, answer) = Self::connect(address, Connect::builder(version, id)).await;
        assert_eq!(answer.reason(), ReasonCode::Success);
        client
    }

    pub async fn send<P: Encode>(&mut self, packet: &P) {
        self.0.send(packet).await.unwrap();
    }

    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).await.unwrap();
        self.0.get_mut().flush().await.unwrap();
    }

    /// The next packet; `None` when the connection has ended, with or without a word of TLS.
    pub async fn next(&mut self) -> Option<Packet> {
        let next = tokio::time::timeout(PATIENCE, self.0.next()).await;
        match next.expect("nothing came, and the connection goes on") {
            Some(Err(CodecError::Io(_))) | None => None,
            Some(packet) => Some(packet.unwrap()),
        }
    }

    /// Asserts that the connection ends with this DISCONNECT.
    pub async fn ends_with(&mut self, code: ReasonCode) {
        match self.next().await {
            Some(Packet::Disconnect(bye)) => assert_eq!(bye.reason(), code),
            other => panic!("{other:?} instead of DISCONNECT"),
        }
        assert!(self.next().await.is_none(), "the connection goes on");
    }

    pub async fn receive(&mut self) -> Packet {
        self.next().await.expect("the connection ended")
    }

    /// The next message, acknowledged.
    pub async fn message(&mut self) -> Publish {
        match self.receive().await {
            Packet::Publish(publish) => {
                if let Some(id) = publish.packet_id() {
                    self.send(&<PubAck>::new(id)).await;
                }
                publish
            }
            other => panic!("{other:?} instead of PUBLISH"),
        }
    }

    /// Asserts that nothing comes before the answer to a ping.
    pub async fn nothing(&mut self) {
        self.0.send(Packet::PingReq).await.unwrap();
        assert!(matches!(self.receive().await, Packet::PingResp));
    }

    pub async fn subscribe(
        &mut self,
        filter: &str,
        options: impl Into<SubscriptionOptions>,
    ) -> ReasonCode {
        let subscribe = Subscribe::builder(PacketId::MIN).filter(filter, options);
        self.send(&subscribe.build().unwrap()).await;
        match self.receive().await {
            Packet::SubAck(answer) => answer.codes().next().unwrap(),
            other => panic!("{other:?} instead of SUBACK"),
        }
    }

    /// Publishes, and waits for the PUBACK of QoS 1.
    pub async fn publish(&mut self, topic: &str, payload: &[u8], qos: QoS, retain: bool) {
        let packet_id = PacketId::MIN;
        let delivery = match qos {
            QoS::AtMostOnce => Delivery::AtMostOnce,
            QoS::AtLeastOnce => Delivery::AtLeastOnce {
                packet_id,
                dup: false,
            },
            QoS::ExactlyOnce => Delivery::ExactlyOnce {
                packet_id,
                dup: false,
            },
        };
        let publish = Publish::builder(topic)
            .payload(payload)
            .retain(retain)
            .delivery(delivery);
        self.send(&publish.build().unwrap()).await;
        if qos == QoS::AtLeastOnce {
            assert!(matches!(self.receive().await, Packet::PubAck(_)));
        }
    }
}
