//! A certificate that is revoked or deactivated: its connections end, and it opens no other, by no way.

use std::time::{Duration, Instant};

use mqtt_codec::{Connect, QoS, ReasonCode, Version};
use rustls::HandshakeKind;
use tokio::io::AsyncReadExt as _;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::client::{Client, Stream};
use crate::gateway::{Gateway, Tls, until};

const ANYTHING: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}"#;

/// How soon a connection has to end.
const SOON: Duration = Duration::from_secs(1);

struct World {
    gateway: Gateway,
    /// The certificate of the thing `pump`.
    id: String,
    pump: Tls,
    valve: Tls,
}

impl World {
    /// Two things that may do everything, as any client.
    fn new() -> Self {
        let gateway = Gateway::start();
        let policy = gateway.file("anything.json");
        std::fs::write(&policy, ANYTHING).unwrap();
        gateway.command(&["policy", "put", "anything", &policy]);
        for thing in ["pump", "valve"] {
            gateway.command(&["thing", "create", thing]);
            gateway.command(&["policy", "attach", "anything", thing]);
        }
        let shown = gateway.command(&["--json", "thing", "show", "pump"]);
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let id = shown["thing"]["certificates"][0]["certificateId"]
            .as_str()
            .unwrap();
        Self {
            id: id.to_owned(),
            pump: gateway.tls("pump", &[]),
            valve: gateway.tls("valve", &[]),
            gateway,
        }
    }

    async fn mqtt(&self, tls: &Tls, id: &str) -> Client {
        let (stream, _) = tls.connect(&self.gateway.mqtt()).await.unwrap();
        greeted(stream, id).await
    }

    async fn websocket(&self, tls: &Tls, id: &str) -> Client {
        let (stream, _) = tls.connect(&self.gateway.https()).await.unwrap();
        let url = format!("wss://{}/mqtt", self.gateway.https());
        let mut request = url.into_client_request().unwrap();
        let protocol = http::HeaderValue::from_static("mqtt");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .unwrap();
        greeted(crate::device::gateway::bytes_of(socket), id).await
    }

    /// Whether the gateway lets the pump in: it says so with the first byte at the latest, since TLS 1.3 lets a client go
    /// on before its certificate has been looked at.
    async fn lets_in(&self, tls: &Tls) -> Option<HandshakeKind> {
        let (stream, _) = tls.connect(&self.gateway.mqtt()).await.ok()?;
        let kind = stream.get_ref().1.handshake_kind();
        let mut stream = Box::new(stream);
        let connect = Connect::builder(Version::V5, "again").build().unwrap();
        let mut bytes = Vec::new();
        mqtt_codec::Encoder::client(Version::V5)
            .encode(&connect, &mut bytes)
            .unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes)
            .await
            .ok()?;
        let first = stream.read_u8().await.ok()?;
        (first == 0x20).then_some(kind?)
    }
}

async fn greeted(stream: impl Stream + 'static, id: &str) -> Client {
    let (client, answer) = Client::over(stream, Connect::builder(Version::V5, id)).await;
    assert_eq!(answer.reason(), ReasonCode::Success);
    client
}

async fn ends_what_is_and_what_would_be(order: &str) {
    let world = World::new();
    let mut by_tls = world.mqtt(&world.pump, "by-tls").await;
    let mut by_websocket = world.websocket(&world.pump, "by-websocket").await;
    let mut other = world.mqtt(&world.valve, "other").await;
    other.subscribe("other", QoS::AtLeastOnce).await;
    // The sessions of TLS would be resumed.
    until("a session is resumed", async || {
        let kind = world.lets_in(&world.pump).await?;
        (kind == HandshakeKind::Resumed).then_some(())
    })
    .await;

    world.gateway.command(&["certificate", order, &world.id]);
    let begin = Instant::now();
    by_tls.ends_with(ReasonCode::AdministrativeAction).await;
    by_websocket
        .ends_with(ReasonCode::AdministrativeAction)
        .await;
    assert!(begin.elapsed() < SOON, "after {:?}", begin.elapsed());

    assert_eq!(
        world.lets_in(&world.pump).await,
        None,
        "its session was resumed"
    );
    let fresh = world.gateway.tls("pump", &[]);
    assert_eq!(
        world.lets_in(&fresh).await,
        None,
        "a full handshake was completed"
    );
    other
        .publish("other", b"still here", QoS::AtMostOnce, false)
        .await;
    assert_eq!(other.message().await.payload(), b"still here");
    world
        .gateway
        .logged(&[&world.id, "not active any more", "by-tls"])
        .await;

    // What is revoked is so for good.
    if order == "deactivate" {
        world
            .gateway
            .command(&["certificate", "activate", &world.id]);
        assert!(world.lets_in(&fresh).await.is_some());
    }
}

#[tokio::test]
async fn a_revoked_certificate() {
    ends_what_is_and_what_would_be("revoke").await;
}

#[tokio::test]
async fn a_deactivated_certificate() {
    ends_what_is_and_what_would_be("deactivate").await;
}
