//! A bridge between two brokers, as from Mosquitto in a plant to the gateway: what is published on one side is published
//! on the other, both ways, at least once.
//!
//! ```text
//! cargo run --example bridge -- --local 127.0.0.1:1883 --out 'demo/out/#' --in 'demo/in/#'
//! ```
//!
//! It keeps no message: one side gets its PUBACK when the other side has given its own, and the sessions of both sides keep
//! what comes while the bridge is away.

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

#[path = "bridge/side.rs"]
mod side;

use core::convert::Infallible;
use core::time::Duration;
use std::path::PathBuf;
use std::{fs, io};

use clap::Parser;
use futures_util::{SinkExt as _, StreamExt as _};
use mqtt_codec::{CodecError, Delivery, Packet, PreparedPublish, PubAck, ReasonCode, Recipient};
use side::{KEEP_ALIVE, Side};
use tls_auth::{Credentials, DeviceConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_rustls::{TlsConnector, client::TlsStream};

type Error = Box<dyn core::error::Error + Send + Sync>;

/// A bridge between a broker nearby and the gateway.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// The broker nearby, which is spoken to without TLS.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:1883")]
    local: String,
    /// The gateway, which is spoken to by mutual TLS.
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:8883")]
    gateway: String,
    /// The folder with ca.pem, certificate.pem and private.key.
    #[arg(long, value_name = "DIR", default_value = "thingwire-data/things/demo")]
    identity: PathBuf,
    /// The client identifier on both sides.
    #[arg(long, default_value = "demo")]
    client_id: String,
    /// What goes from the broker nearby to the gateway; can be given more than once.
    #[arg(long, value_name = "FILTER")]
    out: Vec<String>,
    /// What comes from the gateway; can be given more than once.
    #[arg(long, value_name = "FILTER")]
    r#in: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let Err(error) = run(Arguments::parse()).await;
    Err(io::Error::other(error))
}

const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Bridges for ever. An error is one that the next attempt would meet again.
pub(crate) async fn run(arguments: Arguments) -> Result<Infallible, Error> {
    let file = |name| fs::read(arguments.identity.join(name));
    let own = Credentials::from_pem(&file("certificate.pem")?, &file("private.key")?)?;
    let tls = DeviceConfig::builder(own)
        .with_server_cas_pem(&file("ca.pem")?)?
        .build()?;
    let mut wait = SHORTEST_WAIT;
    loop {
        let begin = Instant::now();
        let Err(error) = bridge(&arguments, &tls).await;
        if begin.elapsed() > LONGEST_WAIT {
            wait = SHORTEST_WAIT;
        }
        println!("{error}; again in {} s", wait.as_secs());
        sleep(wait).await;
        wait = wait.saturating_mul(2).min(LONGEST_WAIT);
    }
}

/// From two connections to the loss of one.
async fn bridge(arguments: &Arguments, tls: &DeviceConfig) -> Result<Infallible, Error> {
    let local = TcpStream::connect(&arguments.local);
    let local = timeout(KEEP_ALIVE, local).await??;
    let mut local = Side::new(local, &arguments.client_id, &arguments.out).await?;
    let gateway = timeout(KEEP_ALIVE, connect(&arguments.gateway, tls)).await??;
    let mut gateway = Side::new(gateway, &arguments.client_id, &arguments.r#in).await?;
    let mut pings = interval(KEEP_ALIVE.mul_f32(0.5));
    loop {
        tokio::select! {
            packet = local.link.next() => relay(packet, &mut local, &mut gateway).await?,
            packet = gateway.link.next() => relay(packet, &mut gateway, &mut local).await?,
            _ = pings.tick() => {
                local.ping().await?;
                gateway.ping().await?;
            }
        }
    }
}

async fn connect(endpoint: &str, tls: &DeviceConfig) -> Result<TlsStream<TcpStream>, Error> {
    let (host, _) = endpoint
        .rsplit_once(':')
        .ok_or("the endpoint has no port")?;
    let name = DeviceConfig::server_name(host)?;
    let socket = TcpStream::connect(endpoint).await?;
    socket.set_nodelay(true)?;
    Ok(TlsConnector::from(tls.config())
        .connect(name, socket)
        .await?)
}

/// What came from one side, and what it means to the other.
async fn relay<A, B>(
    packet: Option<Result<Packet, CodecError>>,
    from: &mut Side<A>,
    to: &mut Side<B>,
) -> Result<(), Error>
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    from.heard = Instant::now();
    match packet.ok_or("a broker has closed the connection")?? {
        Packet::Publish(publish) => {
            let (id, mut delivery) = (publish.packet_id(), Delivery::AtMostOnce);
            if let Some(id) = id {
                let packet_id = to.next_id;
                to.next_id = packet_id.next();
                to.unanswered.insert(packet_id, id);
                delivery = Delivery::AtLeastOnce {
                    packet_id,
                    dup: false,
                };
            }
            let recipient = Recipient::new(delivery).retain_as_published();
            match to
                .link
                .send((&PreparedPublish::new(&publish), recipient))
                .await
            {
                // It would be too large the next time, too.
                Err(CodecError::Encode(error)) => {
                    println!("a message is left out: {error}");
                    to.unanswered
                        .retain(|id, _| Some(*id) != delivery.packet_id());
                    if let Some(id) = id {
                        from.link.send(&<PubAck>::new(id)).await?;
                    }
                }
                sent => sent?,
            }
        }
        // It stays with the side that it came from, and comes again.
        Packet::PubAck(answer) if answer.reason() == ReasonCode::QuotaExceeded => {
            return Err("a broker has no room".into());
        }
        Packet::PubAck(answer) => {
            if answer.reason().is_error() {
                println!("a message was refused: {}", answer.reason());
            }
            if let Some(id) = from.unanswered.remove(&answer.packet_id()) {
                to.link.send(&<PubAck>::new(id)).await?;
            }
        }
        Packet::SubAck(answer) => {
            if let Some(refusal) = answer.codes().find(|code| code.is_error()) {
                return Err(format!("a filter was refused: {refusal}").into());
            }
        }
        Packet::Disconnect(bye) => return Err(format!("a broker goes: {}", bye.reason()).into()),
        _ => {}
    }
    Ok(())
}
