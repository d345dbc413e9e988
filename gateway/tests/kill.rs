//! The gateway is killed under load, again and again: nothing that was acknowledged is lost, and QoS 2 comes once.
//!
//! `THINGWIRE_CRASH_ROUNDS` sets how often.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a test has `std`, and fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use mqtt_codec::{
    Connect, Decoder, Delivery, Encode, Encoder, Packet, PacketId, PubAck, PubComp, PubRec, PubRel,
    Publish, QoS, Status, Subscribe, Version,
};

/// A connection that ends with an error when the gateway does.
struct Link {
    stream: TcpStream,
    received: BytesMut,
    decoder: Decoder,
}

impl Link {
    /// Connects with the session of this client; also whether there was one.
    fn open(address: SocketAddr, client_id: &str) -> io::Result<(Self, bool)> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        let mut link = Self {
            stream,
            received: BytesMut::new(),
            decoder: Decoder::any(Version::V311),
        };
        let connect = Connect::builder(Version::V311, client_id).clean_start(false);
        link.send(&connect.build().unwrap())?;
        match link.receive()? {
            Packet::ConnAck(connack) => Ok((link, connack.session_present())),
            other => panic!("{other:?} instead of CONNACK"),
        }
    }

    fn send<P: Encode>(&mut self, packet: &P) -> io::Result<()> {
        let mut bytes = Vec::new();
        Encoder::new(Version::V311)
            .encode(packet, &mut bytes)
            .unwrap();
        self.stream.write_all(&bytes)
    }

    fn receive(&mut self) -> io::Result<Packet> {
        loop {
            if let Status::Complete(packet) = self.decoder.decode_from(&mut self.received).unwrap()
            {
                return Ok(packet);
            }
            let mut buffer = [0; 4096];
            let count = self.stream.read(&mut buffer)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.received
                .extend_from_slice(buffer.get(..count).unwrap());
        }
    }
}

/// What the publisher knows of an identifier.
#[derive(Clone, Copy, Debug)]
enum Exchange {
    Sent(u32),
    Received,
}

#[derive(Default)]
struct Publisher {
    next: u32,
    open: BTreeMap<PacketId, Exchange>,
    acknowledged: BTreeSet<u32>,
}

/// Messages with odd numbers are QoS 2.
fn qos_of(number: u32) -> QoS {
    if number.is_multiple_of(2) {
        QoS::AtLeastOnce
    } else {
        QoS::ExactlyOnce
    }
}

impl Publisher {
    fn publish(&self, id: PacketId, number: u32, dup: bool) -> Publish {
        let delivery = match qos_of(number) {
            QoS::ExactlyOnce => Delivery::ExactlyOnce { packet_id: id, dup },
            _ => Delivery::AtLeastOnce { packet_id: id, dup },
        };
        Publish::builder("kill/load")
            .payload(&number.to_be_bytes())
            .delivery(delivery)
            .build()
            .unwrap()
    }

    /// Publishes until the gateway is gone, or, when `last`, until all is acknowledged.
    fn run(&mut self, address: SocketAddr, last: bool) -> io::Result<()> {
        let (mut link, _) = Link::open(address, "publisher")?;
        for (id, exchange) in self.open.clone() {
            match exchange {
                Exchange::Sent(number) => link.send(&self.publish(id, number, true))?,
                Exchange::Received => link.send(&<PubRel>::new(id))?,
            }
        }
        loop {
            while self.open.len() < 20 && !last {
                let id = (1..=u16::MAX)
                    .filter_map(PacketId::new)
                    .find(|id| !self.open.contains_key(id))
                    .unwrap();
                let number = self.next;
                self.next += 1;
                self.open.insert(id, Exchange::Sent(number));
                link.send(&self.publish(id, number, false))?;
            }
            if self.open.is_empty() {
                return Ok(());
            }
            match link.receive()? {
                Packet::PubAck(ack) => {
                    if let Some(Exchange::Sent(number)) = self.open.remove(&ack.packet_id()) {
                        self.acknowledged.insert(number);
                    }
                }
                Packet::PubRec(rec) => {
                    let id = rec.packet_id();
                    if let Some(Exchange::Sent(number)) = self.open.get(&id).copied() {
                        self.acknowledged.insert(number);
                        self.open.insert(id, Exchange::Received);
                    }
                    link.send(&<PubRel>::new(id))?;
                }
                Packet::PubComp(comp) => {
                    self.open.remove(&comp.packet_id());
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[derive(Default)]
struct Subscriber {
    is_known: bool,
    held: BTreeSet<PacketId>,
    received: BTreeMap<u32, usize>,
}

impl Subscriber {
    /// Takes messages until the gateway is gone, or until `wanted` are there.
    fn run(&mut self, address: SocketAddr, wanted: Option<&BTreeSet<u32>>) -> io::Result<()> {
        let (mut link, present) = Link::open(address, "subscriber")?;
        assert!(present || !self.is_known, "the session is lost");
        if !self.is_known {
            let subscribe = Subscribe::builder(PacketId::MIN).filter("kill/#", QoS::ExactlyOnce);
            link.send(&subscribe.build().unwrap())?;
            while !self.is_known {
                self.is_known = matches!(link.receive()?, Packet::SubAck(_));
            }
        }
        loop {
            if wanted.is_some_and(|wanted| wanted.iter().all(|one| self.received.contains_key(one)))
            {
                return Ok(());
            }
            match link.receive()? {
                Packet::Publish(publish) => {
                    let number = u32::from_be_bytes(publish.payload().try_into().unwrap());
                    let id = publish.packet_id().unwrap();
                    if publish.qos() == QoS::ExactlyOnce {
                        if self.held.insert(id) {
                            *self.received.entry(number).or_default() += 1;
                        }
                        link.send(&<PubRec>::new(id))?;
                    } else {
                        *self.received.entry(number).or_default() += 1;
                        link.send(&<PubAck>::new(id))?;
                    }
                }
                Packet::PubRel(rel) => {
                    self.held.remove(&rel.packet_id());
                    link.send(&<PubComp>::new(rel.packet_id()))?;
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn start(data: &Path, address: SocketAddr) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_thingwire"))
        .args(["--mqtt", "127.0.0.1:0", "--https", "127.0.0.1:0"])
        .arg("--data")
        .arg(data)
        .arg("--dangerous-plain-mqtt")
        .arg(address.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_ready = lines
        .map_while(Result::ok)
        .any(|line| line == "thingwire ready");
    assert!(is_ready, "the gateway did not start: {:?}", child.wait());
    child
}

#[test]
fn nothing_acknowledged_is_lost_and_qos_2_comes_once() {
    let rounds: u32 =
        std::env::var("THINGWIRE_CRASH_ROUNDS").map_or(50, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (mut publisher, mut subscriber) = (Publisher::default(), Subscriber::default());
    // The session has to be there before anything is published.
    let mut seed = 1_u64;
    for round in 0..rounds {
        let mut gateway = start(&data, address);
        std::thread::scope(|scope| {
            let subscribing = scope.spawn(|| subscriber.run(address, None));
            let publishing = (round > 0).then(|| scope.spawn(|| publisher.run(address, false)));
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            std::thread::sleep(Duration::from_millis(20 + (seed >> 33) % 150));
            gateway.kill().unwrap();
            gateway.wait().unwrap();
            assert!(subscribing.join().unwrap().is_err());
            if let Some(publishing) = publishing {
                assert!(publishing.join().unwrap().is_err());
            }
        });
    }
    let mut gateway = start(&data, address);
    let deadline = Instant::now();
    publisher.run(address, true).unwrap();
    subscriber
        .run(address, Some(&publisher.acknowledged))
        .unwrap();
    gateway.kill().unwrap();
    gateway.wait().unwrap();

    assert!(deadline.elapsed() < Duration::from_secs(60));
    assert!(publisher.acknowledged.len() > 100, "there was no load");
    for (number, times) in &subscriber.received {
        assert!(
            *times == 1 || qos_of(*number) == QoS::AtLeastOnce,
            "message {number} of QoS 2 came {times} times"
        );
    }
}
