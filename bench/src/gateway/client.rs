//! One client's end of a connection, over our codec.

use std::future::Future;
use std::io;
use std::net::SocketAddr;

use mqtt_codec::{
    Connect, Decoder, Delivery, Encode, Encoder, PacketId, PacketView, Publish, QoS, ReasonCode,
    Status, Subscribe, Version,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::LocalSet;

pub(super) const VERSION: Version = Version::V311;

/// Seconds between two packets, as devices have it. No bench lasts so long.
const KEEP_ALIVE: u16 = 600;

/// For connections that carry a load.
const WIDE: usize = 128 * 1024;

/// Runs something on one thread, its local tasks too.
pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the system gives descriptors");
    LocalSet::new().block_on(&runtime, future)
}

pub(super) fn encode<P: Encode>(packet: &P, out: &mut Vec<u8>) {
    Encoder::client(VERSION)
        .encode(packet, out)
        .expect("the bench's own packets are whole");
}

/// A client that was let in.
pub(super) struct Link<S> {
    pub(super) stream: S,
    decoder: Decoder,
    buffer: Vec<u8>,
    held: usize,
}

impl Link<TcpStream> {
    pub(super) async fn plain(address: SocketAddr, client_id: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        Self::open(stream, client_id).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Link<S> {
    /// Sends CONNECT with a clean session, and waits for CONNACK.
    pub(super) async fn open(mut stream: S, client_id: &str) -> io::Result<Self> {
        let connect = Connect::builder(VERSION, client_id)
            .keep_alive(KEEP_ALIVE)
            .build()
            .expect("the bench's own packets are whole");
        let mut bytes = Vec::new();
        encode(&connect, &mut bytes);
        stream.write_all(&bytes).await?;
        stream.flush().await?;
        let mut link = Self {
            stream,
            decoder: Decoder::client(VERSION),
            buffer: vec![0; 64],
            held: 0,
        };
        let mut answer = None;
        while answer.is_none() {
            link.read().await?;
            link.packets(|packet| {
                if let PacketView::ConnAck(connack) = packet {
                    answer = Some(connack.reason());
                }
            })?;
        }
        match answer {
            Some(ReasonCode::Success) => Ok(link),
            _ => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }

    /// Gives the connection room for a load.
    pub(super) fn widen(&mut self) {
        self.buffer.resize(WIDE, 0);
    }

    /// Takes what has come; an error when the other end is gone.
    pub(super) async fn read(&mut self) -> io::Result<()> {
        let count = self.stream.read(&mut self.buffer[self.held..]).await?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.held += count;
        Ok(())
    }

    /// Hands over every whole packet that was read.
    pub(super) fn packets(&mut self, mut take: impl FnMut(PacketView<'_>)) -> io::Result<()> {
        let mut at = 0;
        while at < self.held {
            match self.decoder.decode(&self.buffer[at..self.held]) {
                Ok(Status::Complete((packet, used))) => {
                    take(packet);
                    at += used;
                }
                Ok(Status::Incomplete { .. }) => break,
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        self.buffer.copy_within(at..self.held, 0);
        self.held -= at;
        Ok(())
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// Whether the filter was granted.
    pub(super) async fn subscribe(&mut self, filter: &str, qos: QoS) -> io::Result<bool> {
        let subscribe = Subscribe::builder(PacketId::MIN)
            .filter(filter, qos)
            .build()
            .expect("the bench's own packets are whole");
        let mut bytes = Vec::new();
        encode(&subscribe, &mut bytes);
        self.write(&bytes).await?;
        let mut granted = None;
        while granted.is_none() {
            self.read().await?;
            self.packets(|packet| {
                if let PacketView::SubAck(suback) = packet {
                    granted = Some(suback.codes().all(|code| !code.is_error()));
                }
            })?;
        }
        Ok(granted == Some(true))
    }

    /// One message at QoS 1.
    pub(super) async fn publish_once(&mut self, topic: &str) -> io::Result<()> {
        let publish = Publish::builder(topic)
            .delivery(Delivery::AtLeastOnce {
                packet_id: PacketId::MIN,
                dup: false,
            })
            .build()
            .expect("the bench's own packets are whole");
        let mut bytes = Vec::new();
        encode(&publish, &mut bytes);
        self.write(&bytes).await
    }
}
