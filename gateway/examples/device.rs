//! A lamp that is what its shadow wants it to be: it connects by mutual TLS, or by WebSocket with a SigV4 signature, does
//! what is wanted, reports what it is, and comes back when the link is lost.
//!
//! ```text
//! cargo run --example device
//! cargo run --example device -- --endpoint localhost:8443 --credentials thingwire-data/credentials
//! ```

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

#[path = "device/gateway.rs"]
pub mod gateway;

use core::convert::Infallible;
use core::time::Duration;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use clap::Parser;
use futures_util::{SinkExt as _, StreamExt as _};
use gateway::Gateway;
use mqtt_codec::{Connect, MqttCodec, Packet, PacketId, PubAck, Publish, QoS, Subscribe, Version};
use shadow_doc::{
    DeviceEvent, DeviceOptions, DeviceShadow, EpochSeconds, ShadowAddress, ShadowState,
    ShadowTopic, ThingName,
};
use tokio::time::{Instant, interval, sleep, timeout};
use tokio_util::codec::Framed;

type Error = Box<dyn core::error::Error + Send + Sync>;

/// What the lamp is. All of it can be wished for but the number of connections.
#[derive(Debug, Default, serde::Serialize, ShadowState)]
struct Lamp {
    on: bool,
    brightness: u8,
    #[shadow(report_only)]
    connections: u32,
}

/// A lamp with a shadow.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Where the gateway is.
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:8883")]
    endpoint: String,
    /// The name of the thing, which is the client identifier too.
    #[arg(long, default_value = "demo")]
    thing: String,
    /// The folder with ca.pem, certificate.pem and private.key.
    #[arg(long, value_name = "DIR", default_value = "thingwire-data/things/demo")]
    identity: PathBuf,
    /// Connect by WebSocket, signed with the profile `default` of this shared credentials file, not by certificate.
    #[arg(long, value_name = "FILE")]
    credentials: Option<PathBuf>,
    /// The region that the signature names.
    #[arg(long, default_value = "us-east-1")]
    region: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Err(error) = run(Arguments::parse()).await;
    println!("{error}");
    ExitCode::FAILURE
}

const SHORTEST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Is a lamp for ever. An error is one that the next attempt would meet again.
pub(crate) async fn run(arguments: Arguments) -> Result<Infallible, Error> {
    let gateway = Gateway::new(&arguments)?;
    let address = ShadowAddress::classic(ThingName::try_from(arguments.thing.as_str())?);
    // Answers to the last run of the device are not taken for answers to this one.
    let run = format!("run-{}", now()?);
    let mut lamp = DeviceShadow::new(address, Lamp::default(), &run, DeviceOptions::default())?;
    let mut wait = SHORTEST_WAIT;
    loop {
        let begin = Instant::now();
        let Err(error) = session(&gateway, &arguments.thing, &mut lamp).await;
        lamp.disconnected();
        if begin.elapsed() > LONGEST_WAIT {
            wait = SHORTEST_WAIT;
        }
        println!("{error}; again in about {} s", wait.as_secs());
        // When a gateway comes back, its devices do not all come in the same instant.
        let dice = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
        sleep(wait.mul_f64(0.5 + f64::from(dice.subsec_millis()) / 1000.0)).await;
        wait = wait.saturating_mul(2).min(LONGEST_WAIT);
    }
}

fn now() -> Result<EpochSeconds, Error> {
    Ok(EpochSeconds::try_from(SystemTime::now())?)
}

/// What the gateway is told. A ping in half of the time shows what is lost before the gateway gives up.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// From a connection to its loss.
async fn session(
    gateway: &Gateway,
    client_id: &str,
    lamp: &mut DeviceShadow<Lamp>,
) -> Result<Infallible, Error> {
    let stream = timeout(KEEP_ALIVE, gateway.connect()).await??;
    let mut link = Framed::new(stream, MqttCodec::client(Version::V5));
    let seconds = u16::try_from(KEEP_ALIVE.as_secs())?;
    let connect = Connect::builder(Version::V5, client_id).keep_alive(seconds);
    link.send(&connect.build()?).await?;
    let topics = lamp.address().device_subscriptions();
    let subscribe = topics.fold(Subscribe::builder(PacketId::MIN), |subscribe, topic| {
        subscribe.filter(&topic, QoS::AtLeastOnce)
    });
    let subscribe = subscribe.build()?;
    let mut pings = interval(KEEP_ALIVE.mul_f32(0.5));
    pings.reset();
    let mut heard = Instant::now();
    loop {
        tokio::select! {
            packet = link.next() => {
                heard = Instant::now();
                match packet.ok_or("the gateway has closed the connection")?? {
                    Packet::ConnAck(answer) if answer.reason().is_error() => {
                        return Err(format!("the gateway refuses: {}", answer.reason()).into());
                    }
                    Packet::ConnAck(_) => link.send(&subscribe).await?,
                    Packet::SubAck(answer) => {
                        if let Some(refusal) = answer.codes().find(|code| code.is_error()) {
                            return Err(format!("the gateway refuses a topic: {refusal}").into());
                        }
                        lamp.connected();
                        lamp.change(now()?, |lamp| lamp.connections = lamp.connections.saturating_add(1))?;
                    }
                    Packet::Publish(publish) => {
                        obey(lamp, &publish)?;
                        if let Some(packet_id) = publish.packet_id() {
                            link.send(&<PubAck>::new(packet_id)).await?;
                        }
                    }
                    Packet::Disconnect(bye) => return Err(format!("the gateway goes: {}", bye.reason()).into()),
                    _ => {}
                }
            }
            _ = pings.tick() => {
                if heard.elapsed() > KEEP_ALIVE {
                    return Err("the gateway says nothing any more".into());
                }
                link.send(Packet::PingReq).await?;
            }
        }
        lamp.poll_timeout(now()?);
        // QoS 0: the shadow answers each request, and one that is not answered is made again.
        while let Some(request) = lamp.poll_send(now()?)? {
            let publish = Publish::builder(&request.topic).payload(&request.payload);
            link.send(&publish.build()?).await?;
        }
    }
}

/// Does what a message of the shadow asks for.
fn obey(lamp: &mut DeviceShadow<Lamp>, message: &Publish) -> Result<(), Error> {
    let kind = ShadowTopic::parse(message.topic())?.kind();
    match lamp.handle(kind, message.payload(), now()?)? {
        DeviceEvent::Changed { patch, unfit, .. } => {
            if !unfit.is_empty() {
                println!("a lamp cannot be {unfit:?}");
            }
            lamp.accept(patch, now()?)?;
            println!("{:?}", lamp.state());
        }
        DeviceEvent::Rejected { code, message } => println!("rejected: {code} {message}"),
        _ => {}
    }
    Ok(())
}
