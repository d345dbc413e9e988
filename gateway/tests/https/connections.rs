//! The operations on connections: seen, listed, ended, written to.

use std::sync::Arc;
use std::time::Duration;

use mqtt_codec::{Connect, Packet, PropertiesBuf, Property, PubAck, QoS, ReasonCode, Version};
use serde_json::{Value, json};
use thingwire::access::{Access, Operation};
use thingwire::connection::Admission;

use crate::api::subscriber;
use crate::client::Http;
use crate::support::Client;
use crate::world::World;

/// A client with a session that lives on, and a will.
async fn persistent(world: &World, id: &str) -> Client {
    let mut client = Client::new(&world.broker, Version::V5);
    let mut properties = PropertiesBuf::new();
    properties
        .push(Property::SessionExpiryInterval(600))
        .unwrap();
    let will = mqtt_codec::Will::new("will", b"gone");
    let connect = Connect::builder(Version::V5, id)
        .keep_alive(30)
        .properties(&properties)
        .will(will)
        .build()
        .unwrap();
    client.send(&connect).await;
    assert!(matches!(client.receive().await, Packet::ConnAck(_)));
    client
}

#[tokio::test]
async fn connections_are_seen_and_ended() {
    let world = World::start().await;
    let mut http = Http::signed(&world).await;
    let mut watcher = subscriber(&world, "watcher", "will").await;
    let mut client = persistent(&world, "a/b").await;

    let seen = http
        .get("/connections/a%2Fb?includeSocketInformation=true")
        .await
        .json();
    assert_eq!(
        (&seen["clientId"], &seen["connected"]),
        (&json!("a/b"), &json!(true))
    );
    assert_eq!(
        (&seen["cleanSession"], &seen["sessionExpiry"]),
        (&json!(false), &json!(600))
    );
    assert_eq!(seen["keepAliveDuration"], 30);
    assert!(seen["connectedSince"].as_u64().unwrap() > 1_600_000_000_000);

    for filter in ["x/#", "$share/g/y", "z"] {
        client.subscribe(filter, QoS::AtLeastOnce).await;
    }
    let list = "/connections/a%2Fb/subscriptions?maxResults=2";
    let first = http.get(list).await.json();
    let expected =
        json!([{"topicFilter": "$share/g/y", "qos": 1}, {"topicFilter": "x/#", "qos": 1}]);
    assert_eq!(first["subscriptions"], expected);
    let token = first["nextToken"].as_str().unwrap();
    let second = http.get(&format!("{list}&nextToken={token}")).await.json();
    assert_eq!(
        second["subscriptions"],
        json!([{"topicFilter": "z", "qos": 1}])
    );
    assert_eq!(second["nextToken"], Value::Null);

    // Ended, with its will; the session stays.
    assert_eq!(http.delete("/connections/a%2Fb").await.status, 200);
    match client.receive().await {
        Packet::Disconnect(said) => assert_eq!(said.reason(), ReasonCode::AdministrativeAction),
        other => panic!("{other:?}"),
    }
    assert!(client.next().await.is_none());
    assert_eq!(watcher.receive_publish().await.topic(), "will");
    let seen = http.get("/connections/a%2Fb").await.json();
    assert_eq!(seen["connected"], false);
    assert!(seen["disconnectedSince"].as_u64().unwrap() > 1_600_000_000_000);
    assert_eq!(http.delete("/connections/a%2Fb").await.status, 404);
    let kept = http.get("/connections/a%2Fb/subscriptions").await.json();
    assert_eq!(kept["subscriptions"].as_array().unwrap().len(), 3);

    // Ended without its will, and its session with it.
    let _client = persistent(&world, "a/b").await;
    let target = "/connections/a%2Fb?cleanSession=true&preventWillMessage=true";
    assert_eq!(http.delete(target).await.status, 200);
    assert_eq!(http.get("/connections/a%2Fb").await.status, 404);
    watcher.receive_nothing().await;

    // A session without a connection can be ended too.
    drop(persistent(&world, "c").await);
    watcher.receive_publish().await;
    assert_eq!(
        http.delete("/connections/c?cleanSession=true").await.status,
        200
    );
    assert_eq!(http.get("/connections/c").await.status, 404);
}

/// May connect, and receive nothing.
struct Deaf;

impl Admission for Deaf {
    fn admit(&self, _: &str, _: &Connect<&[u8]>) -> Result<Arc<dyn Access>, ReasonCode> {
        Ok(Arc::new(DeafAccess))
    }
}

#[derive(Debug)]
struct DeafAccess;

impl Access for DeafAccess {
    fn allows(&self, operation: Operation<'_>) -> bool {
        !matches!(operation, Operation::Receive { .. })
    }
}

#[tokio::test]
async fn a_message_for_one_client() {
    let world = World::start().await;
    let mut http = Http::signed(&world).await;
    let mut client = Client::connected(&world.broker, Version::V5, "c").await;

    let sent = http
        .post(
            "/connections/c/messages?topic=to%2Fyou&contentType=text%2Fplain",
            b"hi",
        )
        .await;
    assert_eq!(sent.status, 200);
    let got = client.receive_publish().await;
    assert_eq!(
        (got.topic(), got.payload(), got.qos()),
        ("to/you", &b"hi"[..], QoS::AtMostOnce)
    );
    assert_eq!(got.properties().content_type(), Some("text/plain"));

    // The answer comes with PUBACK.
    let confirmed = http.post("/connections/c/messages?topic=t&confirmation=true", b"1");
    let acknowledge = async {
        let got = client.receive_publish().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        client.send(&<PubAck>::new(got.packet_id().unwrap())).await;
    };
    let (confirmed, ()) = tokio::join!(confirmed, acknowledge);
    assert_eq!(confirmed.status, 200);

    let silent = http
        .post(
            "/connections/c/messages?topic=t&confirmation=true&timeout=1",
            b"2",
        )
        .await;
    assert_eq!(silent.error(), (504, "GatewayTimeoutException"));
    assert!(matches!(client.receive().await, Packet::Publish(_)));

    // The connection is lost before.
    let lost = http.post("/connections/c/messages?topic=t&confirmation=true", b"3");
    let lose = async {
        client.receive_publish().await;
        drop(client);
    };
    let (lost, ()) = tokio::join!(lost, lose);
    assert_eq!(lost.error(), (404, "ResourceNotFoundException"));

    let mut deaf = Client::admitted(&world.broker, Version::V5, Arc::new(Deaf));
    deaf.send(&Connect::builder(Version::V5, "deaf").build().unwrap())
        .await;
    deaf.receive().await;
    let refused = http
        .post("/connections/deaf/messages?topic=t&confirmation=true", b"4")
        .await;
    assert_eq!(refused.error(), (403, "ForbiddenException"));
}
