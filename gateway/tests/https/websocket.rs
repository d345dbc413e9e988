//! MQTT over WebSocket: who may upgrade, and what the frames may hold.

use bytes::{Bytes, BytesMut};
use futures_core::Stream as _;
use futures_sink::Sink as _;
use mqtt_codec::{
    Connect, Decoder, Disconnect, Encode, Encoder, Packet, PacketId, Publish, QoS, ReasonCode,
    Status, Subscribe, Version,
};
use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use thingwire::https::HttpsLimits;
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

use crate::client::{Header, Http, Reply, head, headers, now, receive, sign, signer};
use crate::world::{REGION, Tls, Wanted, World};

const UPGRADE: [(&str, &str); 5] = [
    ("connection", "Upgrade"),
    ("upgrade", "websocket"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-protocol", "mqtt"),
];

/// The target that a presigned URL asks for.
fn presigned(world: &World, signer: &Signer) -> String {
    let url = signer
        .presign_mqtt_websocket(&world.host(), None, now(), &mut Scratch::new())
        .unwrap();
    let text = url.as_str().to_owned();
    text[text.find("/mqtt").unwrap()..].to_owned()
}

/// The target as the SDKs in C presign it: `connection` is a signed header too.
fn presigned_with_connection(world: &World) -> String {
    let hmac = |key: &[u8], text: &str| {
        ring::hmac::sign(
            &ring::hmac::Key::new(ring::hmac::HMAC_SHA256, key),
            text.as_bytes(),
        )
    };
    let sha256 = |text: &str| {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        hex(digest.as_ref())
    };
    let time = now().to_string();
    let day = &time[..8];
    let scope = format!("{day}/{REGION}/iotdevicegateway/aws4_request");
    let credential = format!("{}/{scope}", world.key.access_key_id).replace('/', "%2F");
    let query = format!(
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={time}&X-Amz-SignedHeaders=connection%3Bhost"
    );
    let canonical = format!(
        "GET\n/mqtt\n{query}\nconnection:Upgrade\nhost:{}\n\nconnection;host\n{}",
        world.host(),
        sha256("")
    );
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", sha256(&canonical));
    let secret = format!("AWS4{}", world.key.secret_access_key.as_str());
    let mut key = hmac(secret.as_bytes(), day);
    for part in [REGION, "iotdevicegateway", "aws4_request"] {
        key = hmac(key.as_ref(), part);
    }
    let signature = hex(hmac(key.as_ref(), &to_sign).as_ref());
    format!("/mqtt?{query}&X-Amz-Signature={signature}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn upgrade(world: &World) -> Vec<Header> {
    let mut all = headers(&[("host", &world.host())]);
    all.extend(headers(&UPGRADE));
    all
}

async fn ask(stream: &mut Tls, target: &str, headers: &[Header]) -> Reply {
    stream
        .write_all(head("GET", target, headers, None).as_bytes())
        .await
        .unwrap();
    receive(stream).await
}

/// MQTT in binary frames.
struct WebSocketClient {
    socket: WebSocketStream<Tls>,
    received: BytesMut,
    decoder: Decoder,
    encoder: Encoder,
}

impl WebSocketClient {
    async fn of(stream: Tls) -> Self {
        Self {
            socket: WebSocketStream::from_raw_socket(stream, Role::Client, None).await,
            received: BytesMut::new(),
            decoder: Decoder::any(Version::V5),
            encoder: Encoder::new(Version::V5),
        }
    }

    /// By a presigned URL, with an MQTT session.
    async fn connected(world: &World, client_id: &str) -> Self {
        let mut stream = world.tls(None, false).await;
        let target = presigned(world, &signer(world));
        assert_eq!(ask(&mut stream, &target, &upgrade(world)).await.status, 101);
        let mut client = Self::of(stream).await;
        client.connect(client_id).await;
        client
    }

    async fn connect(&mut self, client_id: &str) {
        self.send(&Connect::builder(Version::V5, client_id).build().unwrap())
            .await;
        let Packet::ConnAck(connack) = self.receive().await else {
            panic!()
        };
        assert_eq!(connack.reason(), ReasonCode::Success);
    }

    fn frame<P: Encode>(&self, packet: &P) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encoder.encode(packet, &mut bytes).unwrap();
        bytes
    }

    async fn send<P: Encode>(&mut self, packet: &P) {
        let bytes = self.frame(packet);
        self.say(Message::Binary(bytes.into())).await;
    }

    async fn say(&mut self, message: Message) {
        let mut socket = Pin::new(&mut self.socket);
        poll_fn(|cx| socket.as_mut().poll_ready(cx)).await.unwrap();
        socket.as_mut().start_send(message).unwrap();
        poll_fn(|cx| socket.as_mut().poll_flush(cx)).await.unwrap();
    }

    async fn hear(&mut self) -> Option<Message> {
        let next = poll_fn(|cx| Pin::new(&mut self.socket).poll_next(cx));
        let next = tokio::time::timeout(Duration::from_secs(10), next).await;
        next.expect("nothing came").map(Result::unwrap)
    }

    async fn receive(&mut self) -> Packet {
        loop {
            if let Status::Complete(packet) = self.decoder.decode_from(&mut self.received).unwrap()
            {
                return packet;
            }
            match self.hear().await {
                Some(Message::Binary(payload)) => self.received.extend_from_slice(&payload),
                other => panic!("{other:?} instead of a packet"),
            }
        }
    }

    /// The code of the Close frame that comes next; then the connection ends.
    async fn closed(&mut self) -> CloseCode {
        let code = match self.hear().await {
            Some(Message::Close(Some(CloseFrame { code, .. }))) => code,
            other => panic!("{other:?} instead of Close"),
        };
        assert!(self.hear().await.is_none());
        code
    }
}

/// What SDKs do: presigned with `host` alone, or with `connection;host`; signed headers; one service name or the other.
#[tokio::test]
async fn everyone_who_may_upgrade() {
    let world = World::start().await;
    let good = signer(&world);
    let credentials = Credentials::new(
        &*world.key.access_key_id,
        world.key.secret_access_key.as_str(),
    )
    .unwrap();
    let device_gateway = Signer::new(
        credentials,
        Region::new(REGION).unwrap(),
        Service::iot_device_gateway(),
    );
    let plain = upgrade(&world);

    for (target, headers, with_certificate) in [
        (presigned(&world, &good), plain.clone(), false),
        (presigned_with_connection(&world), plain.clone(), false),
        (
            "/mqtt".to_owned(),
            sign(&good, "GET", "/mqtt", plain.clone(), b""),
            false,
        ),
        (
            "/mqtt".to_owned(),
            sign(&device_gateway, "GET", "/mqtt", plain.clone(), b""),
            false,
        ),
        ("/mqtt".to_owned(), plain.clone(), true),
    ] {
        let mut stream = world.tls(None, with_certificate).await;
        let reply = ask(&mut stream, &target, &headers).await;
        assert_eq!(reply.status, 101, "{target} {headers:?}");
        assert_eq!(reply.header("sec-websocket-protocol"), "mqtt");
        // RFC 6455 §1.3
        assert_eq!(
            reply.header("sec-websocket-accept"),
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
        let mut client = WebSocketClient::of(stream).await;
        client.connect("pump").await;
        let subscribe = Subscribe::builder(PacketId::MIN)
            .filter("pump/1", QoS::AtMostOnce)
            .build()
            .unwrap();
        client.send(&subscribe).await;
        assert!(matches!(client.receive().await, Packet::SubAck(_)));
        assert_eq!(
            Http::signed(&world)
                .await
                .post("/topics/pump%2F1", b"x")
                .await
                .status,
            200
        );
        let Packet::Publish(got) = client.receive().await else {
            panic!()
        };
        assert_eq!((got.topic(), got.payload()), ("pump/1", &b"x"[..]));
        client
            .send(&<Disconnect>::builder(ReasonCode::Success).build().unwrap())
            .await;
        assert_eq!(client.closed().await, CloseCode::Normal);
    }
}

/// The policies of a device hold over WebSocket too.
#[tokio::test]
async fn a_device_is_bound_by_its_policies() {
    let world = World::start().await;
    let mut stream = world.tls(None, true).await;
    assert_eq!(
        ask(&mut stream, "/mqtt", &upgrade(&world)).await.status,
        101
    );
    let mut client = WebSocketClient::of(stream).await;
    client
        .send(&Connect::builder(Version::V5, "other").build().unwrap())
        .await;
    let Packet::ConnAck(connack) = client.receive().await else {
        panic!()
    };
    assert_eq!(connack.reason(), ReasonCode::NotAuthorized);
    assert_eq!(client.closed().await, CloseCode::Normal);
}

#[tokio::test]
async fn upgrades_that_are_refused() {
    let world = World::start().await;
    let good = signer(&world);
    let target = presigned(&world, &good);
    let without = |name: &str| -> Vec<Header> {
        upgrade(&world)
            .into_iter()
            .filter(|(found, _)| found != name)
            .collect()
    };
    let with = |name: &str, value: &str| -> Vec<Header> {
        let mut all = without(name);
        all.push((name.to_owned(), value.to_owned()));
        all
    };
    let mut twice = upgrade(&world);
    twice.push((
        "sec-websocket-key".to_owned(),
        "AAAAAAAAAAAAAAAAAAAAAA==".to_owned(),
    ));
    for (headers, status) in [
        (without("upgrade"), 426),
        (with("upgrade", "h2c"), 426),
        (without("connection"), 426),
        (with("connection", "keep-alive"), 426),
        (without("sec-websocket-version"), 426),
        (with("sec-websocket-version", "8"), 426),
        (without("sec-websocket-key"), 400),
        (with("sec-websocket-key", "c2hvcnQ="), 400),
        (with("sec-websocket-key", "not base64"), 400),
        // AWSIoTPythonSDK: 128 bytes.
        (
            with("sec-websocket-key", &format!("{}s=", "x".repeat(170))),
            101,
        ),
        (twice, 400),
        (without("sec-websocket-protocol"), 400),
        (with("sec-websocket-protocol", "graphql-ws, mqtt5"), 400),
        (with("sec-websocket-protocol", "graphql-ws, MQTT"), 101),
        (with("connection", "keep-alive, upgrade"), 101),
    ] {
        let mut stream = world.tls(None, false).await;
        let reply = ask(&mut stream, &target, &headers).await;
        assert_eq!(reply.status, status, "{headers:?}");
        if status == 426 {
            assert_eq!(reply.header("sec-websocket-version"), "13");
            assert_eq!(reply.header("upgrade"), "websocket");
        }
    }
    let mut stream = world.tls(None, false).await;
    let reply = ask(
        &mut stream,
        &target,
        &with("sec-websocket-protocol", "mqttv3.1"),
    )
    .await;
    assert_eq!(
        (reply.status, reply.header("sec-websocket-protocol")),
        (101, "mqttv3.1")
    );

    // Who may not.
    let wrong = Signer::new(
        Credentials::new(&*world.key.access_key_id, "wrong").unwrap(),
        Region::new(REGION).unwrap(),
        Service::iot_device_gateway(),
    );
    for (target, name) in [
        ("/mqtt".to_owned(), "MissingAuthenticationTokenException"),
        (presigned(&world, &wrong), "InvalidSignatureException"),
        // A token that no one gave.
        (
            format!("{target}&X-Amz-Security-Token=token"),
            "UnrecognizedClientException",
        ),
        (
            target.replace("us-east-1", "eu-west-1"),
            "InvalidSignatureException",
        ),
    ] {
        let mut stream = world.tls(None, false).await;
        let reply = ask(&mut stream, &target, &upgrade(&world)).await;
        assert_eq!(reply.error(), (403, name), "{target}");
    }
    // Elsewhere.
    let mut stream = world.tls(None, true).await;
    assert_eq!(ask(&mut stream, "/", &upgrade(&world)).await.status, 404);
}

#[tokio::test]
async fn packets_are_split_and_joined_over_frames() {
    let world = World::start().await;
    let mut client = WebSocketClient::connected(&world, "c").await;
    let subscribe = Subscribe::builder(PacketId::MIN)
        .filter("t/#", QoS::AtMostOnce)
        .build()
        .unwrap();
    let publish =
        |topic: &str, payload: &[u8]| Publish::builder(topic).payload(payload).build().unwrap();
    // Three packets in one message.
    let mut joined = client.frame(&subscribe);
    joined.extend(client.frame(&publish("t/1", b"one")));
    joined.extend(client.frame(&publish("t/2", b"two")));
    client.say(Message::Binary(joined.into())).await;
    assert!(matches!(client.receive().await, Packet::SubAck(_)));
    for expected in ["t/1", "t/2"] {
        let Packet::Publish(got) = client.receive().await else {
            panic!()
        };
        assert_eq!(got.topic(), expected);
    }
    // One packet in a message for each byte, with empty ones and pings between.
    for byte in client.frame(&publish("t/3", b"three")) {
        client.say(Message::Binary(Bytes::from(vec![byte]))).await;
        client.say(Message::Binary(Bytes::new())).await;
    }
    let Packet::Publish(got) = client.receive().await else {
        panic!()
    };
    assert_eq!(got.payload(), b"three");
    // The end of one with the beginning of the next.
    let (first, second) = (
        client.frame(&publish("t/4", b"four")),
        client.frame(&publish("t/5", b"five")),
    );
    let mut all = first.clone();
    all.extend(&second);
    let middle = first.len() + 3;
    client
        .say(Message::Binary(Bytes::copy_from_slice(&all[..middle])))
        .await;
    let Packet::Publish(got) = client.receive().await else {
        panic!()
    };
    assert_eq!(got.topic(), "t/4");
    client
        .say(Message::Binary(Bytes::copy_from_slice(&all[middle..])))
        .await;
    let Packet::Publish(got) = client.receive().await else {
        panic!()
    };
    assert_eq!(got.topic(), "t/5");
    // Larger than one buffer, both ways.
    let large: Vec<u8> = (0..300_000_u32).map(|byte| byte.to_le_bytes()[0]).collect();
    client.send(&publish("t/6", &large)).await;
    let Packet::Publish(got) = client.receive().await else {
        panic!()
    };
    assert!(got.payload() == large);
}

#[tokio::test]
async fn pings_are_answered() {
    let world = World::start().await;
    let mut client = WebSocketClient::connected(&world, "c").await;
    client
        .say(Message::Ping(Bytes::from_static(b"there?")))
        .await;
    match client.hear().await {
        Some(Message::Pong(payload)) => assert_eq!(&payload[..], b"there?"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn text_is_refused() {
    let world = World::start().await;
    let mut client = WebSocketClient::connected(&world, "c").await;
    client.say(Message::Text("hello".into())).await;
    assert_eq!(client.closed().await, CloseCode::Unsupported);
    let seen = Http::signed(&world).await.get("/connections/c").await;
    assert_eq!(seen.status, 404);
}

#[tokio::test]
async fn a_message_over_the_limit() {
    let limits = HttpsLimits {
        websocket_message_bytes: 10_000,
        ..HttpsLimits::default()
    };
    let world = World::with(Wanted {
        limits,
        ..Wanted::default()
    })
    .await;
    let mut client = WebSocketClient::connected(&world, "c").await;
    // So long that most of it has not been read when it is refused.
    client
        .say(Message::Binary(Bytes::from(vec![0xC0; 500_000])))
        .await;
    assert_eq!(client.closed().await, CloseCode::Size);
}

/// Frames that no client may send: unmasked, and with a length that nobody would hold.
#[tokio::test]
async fn what_is_no_frame() {
    let world = World::start().await;
    for (sent, code) in [
        (&b"\x82\x02\xC0\x00"[..], 1002_u16),
        (b"\xF2\x82\x00\x00\x00\x00\xC0\x00", 1002),
        (
            b"\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x00\x00\x00\x00",
            1009,
        ),
    ] {
        let mut stream = world.tls(None, false).await;
        let target = presigned(&world, &signer(&world));
        assert_eq!(
            ask(&mut stream, &target, &upgrade(&world)).await.status,
            101
        );
        stream.write_all(sent).await.unwrap();
        let mut client = WebSocketClient::of(stream).await;
        match client.hear().await {
            Some(Message::Close(Some(said))) => assert_eq!(u16::from(said.code), code, "{sent:x?}"),
            other => panic!("{other:?}"),
        }
    }
}

/// Clients may not count on it, and some do: a message is a packet, however many are sent at once.
#[tokio::test]
async fn a_packet_is_a_message() {
    let world = World::start().await;
    let mut client = WebSocketClient::connected(&world, "c").await;
    let subscribe = Subscribe::builder(PacketId::MIN).filter("own/#", QoS::AtLeastOnce);
    client.send(&subscribe.build().unwrap()).await;
    client.receive().await;
    // Below and above what is copied into one buffer, and more than one message takes.
    let sizes = [0, 1, 5000, 70_000];
    let mut sent = Vec::new();
    for (id, size) in (1..).zip(sizes) {
        let payload = vec![b'x'; size];
        let publish = Publish::builder("own/topic").payload(&payload).delivery(
            mqtt_codec::Delivery::AtLeastOnce {
                packet_id: PacketId::new(id).unwrap(),
                dup: false,
            },
        );
        sent.extend(client.frame(&publish.build().unwrap()));
    }
    client.say(Message::Binary(sent.into())).await;
    let (mut acknowledged, mut published) = (0, Vec::new());
    while acknowledged < sizes.len() || published.len() < sizes.len() {
        match client.receive().await {
            Packet::PubAck(_) => acknowledged += 1,
            Packet::Publish(publish) => published.push(publish.payload().len()),
            other => panic!("{other:?}"),
        }
        assert!(
            client.received.is_empty(),
            "a message holds more than a packet"
        );
    }
    assert_eq!(published, sizes);
}

#[tokio::test]
async fn the_client_closes_first() {
    let world = World::start().await;
    let mut client = WebSocketClient::connected(&world, "c").await;
    let said = CloseFrame {
        code: CloseCode::Away,
        reason: "".into(),
    };
    client.say(Message::Close(Some(said))).await;
    assert_eq!(client.closed().await, CloseCode::Away);
    assert_eq!(
        Http::signed(&world)
            .await
            .get("/connections/c")
            .await
            .status,
        404
    );
}

/// Whoever does not speak MQTT in the frames is told so, as over any transport.
#[tokio::test]
async fn frames_without_mqtt() {
    let world = World::start().await;
    let mut stream = world.tls(None, false).await;
    let target = presigned(&world, &signer(&world));
    assert_eq!(
        ask(&mut stream, &target, &upgrade(&world)).await.status,
        101
    );
    let mut client = WebSocketClient::of(stream).await;
    client
        .say(Message::Binary(Bytes::from_static(
            b"GET / HTTP/1.1\r\n\r\n",
        )))
        .await;
    assert_eq!(client.closed().await, CloseCode::Normal);
}

/// What a client says with its upgrade, before it has the answer.
#[tokio::test]
async fn frames_right_behind_the_request() {
    let world = World::start().await;
    let mut stream = world.tls(None, false).await;
    let mut bytes = head(
        "GET",
        &presigned(&world, &signer(&world)),
        &upgrade(&world),
        None,
    )
    .into_bytes();
    let connect = Connect::builder(Version::V5, "early").build().unwrap();
    let mut frame = Vec::new();
    Encoder::new(Version::V5)
        .encode(&connect, &mut frame)
        .unwrap();
    // A mask of zeroes.
    bytes.extend([0x82, 0x80 | u8::try_from(frame.len()).unwrap(), 0, 0, 0, 0]);
    bytes.extend(&frame);
    stream.write_all(&bytes).await.unwrap();
    assert_eq!(receive(&mut stream).await.status, 101);
    let mut client = WebSocketClient::of(stream).await;
    assert!(matches!(client.receive().await, Packet::ConnAck(_)));
}

/// A WebSocket keeps its place among the connections, and gives it back.
#[tokio::test]
async fn a_websocket_has_a_place() {
    let world = World::start().await;
    let mut client = WebSocketClient::connected(&world, "c").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(world.places.is_occupied());
    client.say(Message::Ping(Bytes::new())).await;
    drop(client);
    for _ in 0..100 {
        if !world.places.is_occupied() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place was not given back");
}

/// A body with an upgrade is no upgrade that anyone makes.
#[tokio::test]
async fn an_upgrade_with_a_body() {
    let world = World::start().await;
    let mut stream = world.tls(None, false).await;
    let good = signer(&world);
    let mut scratch = Scratch::new();
    let plain = upgrade(&world);
    let request = Request::new("GET", "/mqtt", &plain);
    let added = good
        .sign(&request, Payload::Body(b"x"), now(), &mut scratch)
        .unwrap();
    let mut signed = plain.clone();
    signed.extend(
        added
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    stream
        .write_all(head("GET", "/mqtt", &signed, Some(1)).as_bytes())
        .await
        .unwrap();
    stream.write_all(b"x").await.unwrap();
    assert_eq!(receive(&mut stream).await.status, 400);
}
