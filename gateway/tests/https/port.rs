//! What comes to the port: ALPN, what is no HTTP, limits of size, time and number.

use std::time::{Duration, Instant};

use mqtt_codec::{Connect, Encoder, Version};
use thingwire::https::HttpsLimits;
use thingwire::settings::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{Http, has_ended, head, headers, receive, sign, signer};
use crate::world::{Wanted, World};

fn connect() -> Vec<u8> {
    let connect = Connect::builder(Version::V311, "pump").build().unwrap();
    let mut frame = Vec::new();
    Encoder::new(Version::V311)
        .encode(&connect, &mut frame)
        .unwrap();
    frame
}

const CONNACK: [u8; 4] = [0x20, 0x02, 0x00, 0x00];

#[tokio::test]
async fn mqtt_by_alpn_with_a_certificate() {
    let world = World::start().await;
    let mut stream = world.tls(Some(b"x-amzn-mqtt-ca"), true).await;
    stream.write_all(&connect()).await.unwrap();
    let mut connack = [0; 4];
    stream.read_exact(&mut connack).await.unwrap();
    assert_eq!(connack, CONNACK);
    let seen = Http::signed(&world)
        .await
        .get("/connections/pump")
        .await
        .json();
    assert_eq!(seen["connected"], true);
}

#[tokio::test]
async fn mqtt_by_alpn_without_a_certificate() {
    let world = World::start().await;
    let mut stream = world.tls(Some(b"x-amzn-mqtt-ca"), false).await;
    stream.write_all(&connect()).await.unwrap();
    assert!(has_ended(&mut stream).await);
}

/// A custom authorizer's ALPN, and one that the TLS side should not have agreed to.
#[tokio::test]
async fn protocols_that_are_not_offered() {
    let world = World::start().await;
    for alpn in [&b"mqtt"[..], b"h2"] {
        let mut stream = world.tls(Some(alpn), true).await;
        stream.write_all(&connect()).await.unwrap();
        assert!(has_ended(&mut stream).await);
    }
}

#[tokio::test]
async fn http_where_mqtt_is_spoken() {
    let world = World::start().await;
    let mut stream = world.tls(Some(b"x-amzn-mqtt-ca"), true).await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await
        .unwrap();
    let reply = receive(&mut stream).await;
    assert_eq!(reply.status, 400);
    assert!(String::from_utf8(reply.body).unwrap().contains("MQTT"));
    assert!(has_ended(&mut stream).await);
}

#[tokio::test]
async fn mqtt_where_http_is_spoken() {
    let world = World::start().await;
    for alpn in [None, Some(&b"http/1.1"[..]), Some(b"x-amzn-http-ca")] {
        let mut stream = world.tls(alpn, true).await;
        stream.write_all(&connect()).await.unwrap();
        assert!(has_ended(&mut stream).await);
    }
}

#[tokio::test]
async fn what_is_no_http() {
    let world = World::start().await;
    let long = format!(
        "GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n",
        "a".repeat(17 * 1024)
    );
    let field = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\nx: {}\r\n\r\n",
        "a".repeat(17 * 1024)
    );
    let fields = format!(
        "GET / HTTP/1.1\r\nhost: localhost\r\n{}\r\n",
        "x: y\r\n".repeat(200)
    );
    for (sent, status) in [
        ("nonsense\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nno field\r\n\r\n", 400),
        (
            "POST /topics/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: x\r\n\r\n",
            400,
        ),
        (
            "POST /topics/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
            400,
        ),
        ("\u{1}\u{2}\r\n\r\n", 400),
        (&*long, 431),
        (&*field, 431),
        (&*fields, 431),
    ] {
        let mut stream = world.tls(None, false).await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let reply = receive(&mut stream).await;
        assert_eq!(reply.status, status, "{:.40}", sent);
        assert!(has_ended(&mut stream).await);
    }
    // HTTP/2 was not agreed on.
    let mut stream = world.tls(None, false).await;
    stream
        .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(receive(&mut stream).await.status, 400);
    assert!(has_ended(&mut stream).await);
    let mut stream = world.tls(None, false).await;
    stream.write_all(b"\x16\x03\x01\x02\x00").await.unwrap();
    assert_eq!(receive(&mut stream).await.status, 400);
}

#[tokio::test]
async fn a_body_over_the_limit() {
    let limits = HttpsLimits {
        body_bytes: 1000,
        ..HttpsLimits::default()
    };
    let world = World::with(Wanted {
        limits,
        ..Wanted::default()
    })
    .await;
    let mut http = Http::signed(&world).await;
    assert_eq!(http.post("/topics/a", &[0; 1000]).await.status, 200);
    // Announced; the client sends all of it before it listens.
    for length in [1001, 300 * 1024, 2 * 1024 * 1024] {
        let mut http = Http::signed(&world).await;
        let body = vec![0; length];
        let all = headers(&[("host", &world.host())]);
        let all = sign(&signer(&world), "POST", "/topics/a", all, &body);
        let head = head("POST", "/topics/a", &all, Some(length));
        http.stream.write_all(head.as_bytes()).await.unwrap();
        http.stream.write_all(&body).await.unwrap();
        assert_eq!(
            http.receive().await.error(),
            (413, "RequestEntityTooLargeException")
        );
        assert!(http.has_ended().await);
    }
    // Not announced.
    let mut http = Http::signed(&world).await;
    let mut all = headers(&[("host", &world.host())]);
    all = sign(&signer(&world), "POST", "/topics/a", all, &[0; 1200]);
    all.extend(headers(&[("transfer-encoding", "chunked")]));
    http.stream
        .write_all(head("POST", "/topics/a", &all, None).as_bytes())
        .await
        .unwrap();
    for _ in 0..3 {
        http.stream.write_all(b"190\r\n").await.unwrap();
        http.stream.write_all(&[0; 400]).await.unwrap();
        http.stream.write_all(b"\r\n").await.unwrap();
    }
    http.stream.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(
        http.receive().await.error(),
        (413, "RequestEntityTooLargeException")
    );
}

/// Slow hands: at the handshake, at the first byte, at the head, at the body.
#[tokio::test]
async fn whoever_is_too_slow() {
    let mut settings = Settings::strict();
    settings.limits.connect_timeout = Duration::from_millis(300);
    let limits = HttpsLimits {
        head_timeout: Duration::from_millis(300),
        request_timeout: Duration::from_millis(300),
        ..HttpsLimits::default()
    };
    let world = World::with(Wanted {
        settings,
        limits,
        ..Wanted::default()
    })
    .await;
    let begun = Instant::now();

    let mut tcp = TcpStream::connect(world.address).await.unwrap();
    tcp.write_all(&[0x16, 0x03]).await.unwrap();
    assert!(has_ended(&mut tcp).await);

    let mut silent = world.tls(None, false).await;
    assert!(has_ended(&mut silent).await);

    let mut head = world.tls(None, false).await;
    head.write_all(b"GET / HTTP/1.1\r\nhost: ").await.unwrap();
    let mut rest = Vec::new();
    // With or without a word.
    let ended = tokio::time::timeout(Duration::from_secs(5), head.read_to_end(&mut rest)).await;
    assert!(ended.is_ok());
    assert!(
        rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"),
        "{rest:?}"
    );

    let mut body = Http::anonymous(&world).await;
    let all = headers(&[("host", &world.host())]);
    let all = sign(&signer(&world), "POST", "/topics/a", all, b"hello");
    let start = crate::client::head("POST", "/topics/a", &all, Some(5));
    body.stream.write_all(start.as_bytes()).await.unwrap();
    body.stream.write_all(b"he").await.unwrap();
    assert_eq!(body.receive().await.status, 408);
    assert!(body.has_ended().await);

    // A connection that has had its request may not wait for ever either.
    let mut idle = Http::signed(&world).await;
    assert_eq!(idle.post("/topics/a", b"x").await.status, 200);
    assert!(idle.has_ended().await);
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn as_many_connections_as_there_are_places() {
    let world = World::with(Wanted {
        places: 2,
        ..Wanted::default()
    })
    .await;
    let mut first = Http::signed(&world).await;
    let second = Http::signed(&world).await;
    assert_eq!(first.post("/topics/a", b"x").await.status, 200);
    assert!(
        world.try_tls(None, false).await.is_err(),
        "there was a third place"
    );
    drop(second);
    for _ in 0..100 {
        if let Ok(mut third) = world.try_tls(None, false).await {
            third
                .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
                .await
                .unwrap();
            assert_eq!(receive(&mut third).await.status, 403);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the place was not given back");
}

#[tokio::test]
async fn requests_one_after_the_other_and_at_once() {
    let world = World::start().await;
    let mut http = Http::signed(&world).await;
    for _ in 0..3 {
        assert_eq!(http.post("/topics/a", b"x").await.status, 200);
    }
    // Pipelined.
    let all = headers(&[("host", &world.host())]);
    let all = sign(&signer(&world), "POST", "/topics/a", all, b"x");
    for _ in 0..3 {
        http.send("POST", "/topics/a", &all, b"x").await;
    }
    for _ in 0..3 {
        assert_eq!(http.receive().await.status, 200);
    }
    // Asks before it sends its body.
    let mut expecting = all.clone();
    expecting.extend(headers(&[("expect", "100-continue")]));
    let head = head("POST", "/topics/a", &expecting, Some(1));
    http.stream.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(http.receive().await.status, 100);
    http.stream.write_all(b"x").await.unwrap();
    assert_eq!(http.receive().await.status, 200);
}
