//! A small client on nothing but a socket of `std`: subscribes, publishes if asked to, and prints what comes.
//!
//! `cargo run --example client -- ADDRESS FILTER [TOPIC MESSAGE]`, as in
//! `cargo run --example client -- localhost:1883 'test/#' test/hello 'good day'`. It ends when the server does.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "printing is what this program is for"
)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;

use bytes::BytesMut;
use mqtt_codec::{
    Connect, Decoder, Delivery, Disconnect, Encode, Encoder, Packet, PacketId, PubAck, Publish,
    QoS, Reaction, Status, Subscribe, Version,
};

type Error = Box<dyn core::error::Error>;

/// One connection: what the codec leaves to its user is a socket and a buffer.
struct Connection {
    socket: TcpStream,
    received: BytesMut,
    decoder: Decoder,
    encoder: Encoder,
}

impl Connection {
    fn send(&mut self, packet: &impl Encode) -> Result<(), Error> {
        let mut out = Vec::new();
        self.encoder.encode(packet, &mut out)?;
        Ok(self.socket.write_all(&out)?)
    }

    /// The next packet; `None` when the server has closed the connection.
    fn receive(&mut self) -> Result<Option<Packet>, Error> {
        loop {
            match self.decoder.decode_from(&mut self.received) {
                Ok(Status::Complete(packet)) => return Ok(Some(packet)),
                Ok(Status::Incomplete { .. }) => {}
                Err(error) => {
                    if let Some(answer) = error.reaction().packet() {
                        self.send(&answer)?;
                    }
                    debug_assert!(!matches!(error.reaction(), Reaction::ConnAck(_)));
                    return Err(error.into());
                }
            }
            let mut chunk = [0; 4096];
            let len = self.socket.read(&mut chunk)?;
            if len == 0 && self.received.is_empty() {
                return Ok(None);
            }
            if len == 0 {
                return Err("the connection was closed within a packet".into());
            }
            self.received
                .extend_from_slice(chunk.get(..len).unwrap_or_default());
        }
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("client: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (address, filter, message) = match arguments.as_slice() {
        [address, filter] => (address, filter, None),
        [address, filter, topic, message] => (address, filter, Some((topic, message))),
        _ => return Err("usage: client ADDRESS FILTER [TOPIC MESSAGE]".into()),
    };
    let version = Version::V5;
    let mut connection = Connection {
        socket: TcpStream::connect(address)?,
        received: BytesMut::new(),
        decoder: Decoder::client(version),
        encoder: Encoder::client(version),
    };

    // An empty identifier: the server chooses one.
    connection.send(&Connect::builder(version, "").build()?)?;
    match connection.receive()? {
        Some(Packet::ConnAck(answer)) if !answer.reason().is_error() => {
            connection.encoder = Encoder::for_server(version, &answer);
        }
        other => return Err(format!("no welcome, but {other:?}").into()),
    }

    let mut ids = core::iter::successors(Some(PacketId::MIN), |id| Some(id.next()));
    let mut next_id = move || ids.next().unwrap_or(PacketId::MIN);
    let subscribe = Subscribe::builder(next_id()).filter(filter, QoS::AtLeastOnce);
    connection.send(&subscribe.build()?)?;
    if let Some((topic, message)) = message {
        let packet_id = next_id();
        let dup = false;
        let publish = Publish::builder(topic)
            .payload(message.as_bytes())
            .delivery(Delivery::AtLeastOnce { packet_id, dup });
        connection.send(&publish.build()?)?;
    }

    while let Some(packet) = connection.receive()? {
        match packet {
            Packet::Publish(publish) => {
                let text = String::from_utf8_lossy(publish.payload());
                println!("{}: {text}", publish.topic());
                if let Delivery::AtLeastOnce { packet_id, .. } = publish.delivery() {
                    connection.send(&PubAck::new(packet_id))?;
                }
            }
            Packet::SubAck(answer) => {
                if let Some(refusal) = answer.codes().find(|code| code.is_error()) {
                    connection.send(&Disconnect::new())?;
                    return Err(format!("`{filter}`: {refusal}").into());
                }
            }
            Packet::Disconnect(bye) => {
                return Err(format!("the server goes: {}", bye.reason()).into());
            }
            _ => {}
        }
    }
    Ok(())
}
