//! Clients that break the rules: each is told which, as far as its version can say it, the log names the rule, the
//! connection ends, and a neighbour notices nothing.

use std::time::Duration;

use mqtt_codec::{Connect, QoS, ReasonCode, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use crate::client::Client;
use crate::gateway::{Gateway, PATIENCE, Tls, until};

/// Limits within the reach of a test.
const CONFIGURATION: &str = "
[limits]
packet_bytes = 4096
queued_messages = 100
queued_bytes = 100000
";

struct World {
    gateway: Gateway,
    bad: Tls,
    good: Client,
}

impl World {
    async fn new() -> Self {
        Self::with(CONFIGURATION).await
    }

    async fn with(configuration: &str) -> Self {
        let gateway = Gateway::with(configuration);
        gateway.command(&["thing", "create", "bad"]);
        gateway.command(&["thing", "create", "good"]);
        let (stream, _) = gateway
            .tls("good", &[])
            .connect(&gateway.mqtt())
            .await
            .unwrap();
        let (mut good, _) =
            Client::over(stream, Connect::builder(Version::V5, "good").keep_alive(0)).await;
        good.subscribe("good/#", QoS::AtLeastOnce).await;
        let bad = gateway.tls("bad", &[]);
        Self { gateway, bad, good }
    }

    async fn tls(&self) -> (TlsStream<TcpStream>, String) {
        self.bad.connect(&self.gateway.mqtt()).await.unwrap()
    }

    /// A bad neighbour that has behaved so far.
    async fn connected(&self, version: Version) -> (Client, String) {
        let (stream, peer) = self.tls().await;
        let (client, answer) = Client::over(stream, Connect::builder(version, "bad")).await;
        assert_eq!(answer.reason(), ReasonCode::Success);
        (client, peer)
    }

    /// What the neighbour sends arrives.
    async fn is_undisturbed(&mut self) {
        self.good
            .publish("good/x", b"mine", QoS::AtMostOnce, false)
            .await;
        assert_eq!(self.good.message().await.payload(), b"mine");
    }
}

/// Reads to the end of a connection.
async fn rest(mut stream: impl tokio::io::AsyncRead + Unpin) -> Vec<u8> {
    let mut rest = Vec::new();
    // A connection may end without a word of TLS.
    let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the connection goes on");
    rest
}

/// What is sent after CONNECT, the DISCONNECT of 5.0, and what the log has.
const PACKETS: &[(&str, &[u8], ReasonCode, &str)] = &[
    (
        "a wildcard in a topic name",
        b"\x30\x08\x00\x05bad/#\x00",
        ReasonCode::MalformedPacket,
        "[MQTT 5.0 MQTT-3.3.2-2]",
    ),
    (
        "reserved flags",
        b"\x80\x0B\x00\x01\x00\x00\x05bad/#\x00",
        ReasonCode::MalformedPacket,
        "MQTT-3.8.1-1",
    ),
    (
        "a packet of a type that is none",
        b"\x00\x00",
        ReasonCode::MalformedPacket,
        "invalid",
    ),
    (
        "a packet of the server",
        b"\xD0\x00",
        ReasonCode::ProtocolError,
        "PINGRESP",
    ),
    (
        "a second CONNECT",
        b"\x10\x10\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x03bad",
        ReasonCode::ProtocolError,
        "MQTT-3.1.0-2",
    ),
    (
        "a packet over the limit",
        b"\x30\x81\x40",
        ReasonCode::PacketTooLarge,
        "4096",
    ),
    (
        "a Topic Alias beyond the maximum",
        b"\x30\x0C\x00\x05bad/x\x03\x23\xFF\xFFx",
        ReasonCode::TopicAliasInvalid,
        "0x94",
    ),
    (
        "an answer to nothing asked",
        b"\xF0\x02\x18\x00",
        ReasonCode::ProtocolError,
        "AUTH",
    ),
];

#[tokio::test]
async fn a_packet_that_breaks_a_rule() {
    let mut world = World::new().await;
    for (what, bytes, code, logged) in PACKETS {
        println!("{what}");
        let (mut client, peer) = world.connected(Version::V5).await;
        client.send_bytes(bytes).await;
        client.ends_with(*code).await;
        world.gateway.logged(&[&peer, logged]).await;
        world.is_undisturbed().await;
    }
    // Before 5.0 a server has no word for it.
    let (mut client, peer) = world.connected(Version::V311).await;
    client.send_bytes(b"\x30\x07\x00\x05bad/#").await;
    assert!(client.next().await.is_none());
    world
        .gateway
        .logged(&[&peer, "[MQTT 3.1.1 MQTT-3.3.2-2]"])
        .await;
    world.is_undisturbed().await;
}

#[tokio::test]
async fn what_is_not_mqtt() {
    let mut world = World::new().await;
    // Without TLS.
    let mut stream = TcpStream::connect(world.gateway.mqtt()).await.unwrap();
    let peer = stream.local_addr().unwrap().to_string();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    rest(stream).await;
    world
        .gateway
        .logged(&[&peer, "the TLS handshake failed"])
        .await;
    world.is_undisturbed().await;
    // Within TLS.
    let (mut stream, peer) = world.tls().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(rest(stream).await, b"");
    world.gateway.logged(&[&peer, "MQTT-3.1.0-1"]).await;
    world.is_undisturbed().await;
}

#[tokio::test]
async fn a_protocol_that_is_not_offered() {
    let mut world = World::new().await;
    let https = world.gateway.https();
    let h2 = world.gateway.tls("bad", &[b"h2"]);
    assert!(h2.connect(&https).await.is_err());
    world
        .gateway
        .logged(&["a TLS handshake failed", "protocol"])
        .await;
    let (stream, peer) = world
        .gateway
        .tls("bad", &[b"mqtt"])
        .connect(&https)
        .await
        .unwrap();
    assert_eq!(rest(stream).await, b"");
    world.gateway.logged(&[&peer, "custom authorizers"]).await;
    world.is_undisturbed().await;
}

#[tokio::test]
async fn a_client_that_does_not_come_to_the_point() {
    let mut world = World::with("[limits]\nconnect_timeout_seconds = 5\n").await;
    // Half of a TLS handshake, half of a CONNECT, and nothing at all.
    let mut half_tls = TcpStream::connect(world.gateway.mqtt()).await.unwrap();
    let half_peer = half_tls.local_addr().unwrap().to_string();
    half_tls
        .write_all(b"\x16\x03\x01\x01\x00\x01")
        .await
        .unwrap();
    let (mut half, peer) = world.tls().await;
    half.write_all(b"\x10\x10\x00\x04MQ").await.unwrap();
    half.flush().await.unwrap();
    let silent = TcpStream::connect(world.gateway.mqtt()).await.unwrap();
    assert_eq!(rest(half).await, b"");
    rest(half_tls).await;
    rest(silent).await;
    world.gateway.logged(&[&peer, "CONNECT"]).await;
    world.gateway.logged(&[&half_peer, "took too long"]).await;
    world.is_undisturbed().await;
}

/// So many bytes of a ClientHello that says that it is as long as one can be, in a record as long as it can be.
fn endless_hello(bytes: usize) -> Vec<u8> {
    let mut hello = vec![0; bytes];
    let head = [
        0x16, 0x03, 0x01, 0x40, 0x00, 0x01, 0x00, 0xFF, 0xFF, 0x03, 0x03,
    ];
    hello[..head.len()].copy_from_slice(&head);
    hello
}

/// The state of the connection's task and of its TLS come on top of the 16 KiB that it may say.
#[tokio::test]
async fn before_the_handshake_little_is_held() {
    const CONNECTIONS: usize = 400;
    let mut world = World::with("[limits]\nconnect_timeout_seconds = 60\n").await;
    let before = world.gateway.resident();
    let mut held = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(world.gateway.mqtt()).await.unwrap();
        stream.write_all(&endless_hello(12_000)).await.unwrap();
        held.push(stream);
    }
    world.is_undisturbed().await;
    let each = world.gateway.resident().saturating_sub(before) / CONNECTIONS;
    println!("{each} bytes for each connection");
    assert!(each <= 24 * 1024, "{each} bytes for each connection");

    let mut stream = TcpStream::connect(world.gateway.mqtt()).await.unwrap();
    let peer = stream.local_addr().unwrap().to_string();
    let _refused = stream.write_all(&endless_hello(16_000)).await;
    rest(stream).await;
    world
        .gateway
        .logged(&[&peer, "unauthenticated_bytes"])
        .await;
    drop(held);
    world.is_undisturbed().await;
}

#[tokio::test]
async fn a_reader_that_reads_nothing() {
    let mut world = World::new().await;
    let (mut slow, _) = world.connected(Version::V311).await;
    slow.subscribe("bad/#", QoS::AtMostOnce).await;
    let before = world.gateway.resident();
    // It sends itself what it never reads, until nothing more is taken.
    let message = [&b"\x30\xD6\x0F\x00\x05bad/x"[..], &[b'x'; 1999]].concat();
    let flood = message.repeat(32);
    for _ in 0..2000 {
        let sent = tokio::time::timeout(Duration::from_secs(1), slow.send_bytes(&flood));
        world.is_undisturbed().await;
        if sent.await.is_err() {
            break;
        }
    }
    world.is_undisturbed().await;
    let grown = world.gateway.resident().saturating_sub(before);
    assert!(
        grown < 16 * 1024 * 1024,
        "{grown} bytes are held for one reader"
    );
    // And when it goes, it is gone.
    drop(slow);
    until("another connection has its place", async || {
        let (stream, _) = world.bad.connect(&world.gateway.mqtt()).await.ok()?;
        let (_, answer) = Client::over(stream, Connect::builder(Version::V5, "bad")).await;
        (answer.reason() == ReasonCode::Success).then_some(())
    })
    .await;
    world.is_undisturbed().await;
}
