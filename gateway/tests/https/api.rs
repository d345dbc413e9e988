//! The operations of the data plane API, one by one.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use mqtt_codec::{PubAck, QoS, Version};
use parking_lot::{Condvar, Mutex};
use serde_json::{Value, json};
use thingwire::store::{Batch, Entry, MemoryStore, Store, StoreError, Table};

use crate::client::Http;
use crate::support::Client;
use crate::world::{Wanted, World};

pub async fn subscriber(world: &World, id: &str, filter: &str) -> Client {
    let mut client = Client::connected(&world.broker, Version::V5, id).await;
    client.subscribe(filter, QoS::AtLeastOnce).await;
    client
}

#[tokio::test]
async fn a_message_is_published_with_all_that_is_said_of_it() {
    let world = World::start().await;
    let mut subscriber = subscriber(&world, "s", "#").await;
    let mut http = Http::signed(&world).await;
    let properties = STANDARD.encode(r#"[{"deviceName":"alpha"},{"deviceCnt":"45"}]"#);
    let said = [
        ("x-amz-mqtt5-user-properties", &*properties),
        ("x-amz-mqtt5-payload-format-indicator", "UTF8_DATA"),
        ("x-amz-mqtt5-correlation-data", "AQID"),
    ];
    let target =
        "/topics/a%2Fb%20c%261?qos=1&contentType=text%2Fplain&responseTopic=r%2F1&messageExpiry=60";
    let reply = http
        .request("POST", target, &said, "grüße".as_bytes())
        .await;
    assert_eq!(
        (reply.status, &reply.json()["message"]),
        (200, &json!("OK"))
    );
    assert_eq!(reply.json()["traceId"], reply.header("x-amzn-requestid"));

    let got = subscriber.receive_publish().await;
    assert_eq!(
        (got.topic(), got.payload(), got.qos()),
        ("a/b c&1", "grüße".as_bytes(), QoS::AtLeastOnce)
    );
    let properties = got.properties();
    assert_eq!(properties.content_type(), Some("text/plain"));
    assert_eq!(properties.response_topic(), Some("r/1"));
    assert_eq!(properties.correlation_data(), Some(&[1, 2, 3][..]));
    assert_eq!(properties.message_expiry_interval(), Some(60));
    assert_eq!(properties.payload_format_indicator(), Some(true));
    let user: Vec<_> = properties.user_properties().collect();
    assert_eq!(user, [("deviceName", "alpha"), ("deviceCnt", "45")]);
}

#[tokio::test]
async fn slashes_of_a_topic_may_be_escaped_or_not() {
    let world = World::start().await;
    let mut subscriber = subscriber(&world, "s", "pump/+").await;
    let mut signed = Http::signed(&world).await;
    let mut device = Http::with_certificate(&world).await;
    for http in [&mut signed, &mut device] {
        for target in [
            "/topics/pump%2F1",
            "/topics/pump/1",
            "/topics/pump%2f1?qos=0&retain=false",
        ] {
            assert_eq!(http.post(target, b"x").await.status, 200);
            let got = subscriber.receive_publish().await;
            assert_eq!((got.topic(), got.qos()), ("pump/1", QoS::AtMostOnce));
        }
    }
    // Of a signed request, the path counts that was signed.
    assert_eq!(
        signed.post("/things/..//topics/pump/2", b"x").await.status,
        200
    );
    assert_eq!(subscriber.receive_publish().await.topic(), "pump/2");
}

/// SDKs encode what they are given: an array, or a text that is an array already.
#[tokio::test]
async fn user_properties_may_be_text() {
    let world = World::start().await;
    let mut subscriber = subscriber(&world, "s", "a").await;
    let mut http = Http::signed(&world).await;
    let text = Value::from(r#"[{"k":"v"}]"#).to_string();
    let encoded = STANDARD.encode(text);
    let said = [("x-amz-mqtt5-user-properties", &*encoded)];
    assert_eq!(
        http.request("POST", "/topics/a", &said, b"").await.status,
        200
    );
    let got = subscriber.receive_publish().await;
    assert_eq!(
        got.properties().user_properties().collect::<Vec<_>>(),
        [("k", "v")]
    );
}

#[tokio::test]
async fn requests_that_are_not_right() {
    let world = World::start().await;
    let mut http = Http::signed(&world).await;
    let encoded = |text: &str| STANDARD.encode(text);
    let no_array = encoded(r#"{"k":"v"}"#);
    let no_strings = encoded(r#"[{"k":1}]"#);
    const INVALID: (u16, &str) = (400, "InvalidRequestException");
    for (method, target, header, expected) in [
        ("POST", "/topics/a?qos=2", None, INVALID),
        ("POST", "/topics/a?qos=x", None, INVALID),
        ("POST", "/topics/a?retain=yes", None, INVALID),
        ("POST", "/topics/a%23", None, INVALID),
        ("POST", "/topics/a%00", None, INVALID),
        ("POST", "/topics/a?messageExpiry=-1", None, INVALID),
        ("POST", "/topics/a?messageExpiry=4294967296", None, INVALID),
        ("POST", "/topics/a?responseTopic=a%2F%23", None, INVALID),
        (
            "POST",
            "/topics/a",
            Some(("x-amz-mqtt5-user-properties", "{}")),
            INVALID,
        ),
        (
            "POST",
            "/topics/a",
            Some(("x-amz-mqtt5-user-properties", &*no_array)),
            INVALID,
        ),
        (
            "POST",
            "/topics/a",
            Some(("x-amz-mqtt5-user-properties", &*no_strings)),
            INVALID,
        ),
        (
            "POST",
            "/topics/a",
            Some(("x-amz-mqtt5-correlation-data", "*")),
            INVALID,
        ),
        (
            "POST",
            "/topics/a",
            Some(("x-amz-mqtt5-payload-format-indicator", "JSON")),
            INVALID,
        ),
        (
            "POST",
            "/topics/$aws/things/t/shadow/get?retain=true",
            None,
            INVALID,
        ),
        (
            "POST",
            "/topics/$aws/things/t/shadow/get/accepted",
            None,
            (403, "ForbiddenException"),
        ),
        ("POST", "/topics/$aws/things/t/shadow/gets", None, INVALID),
        ("GET", "/topics/a", None, (405, "MethodNotAllowedException")),
        ("GET", "/nothing", None, (404, "ResourceNotFoundException")),
        (
            "GET",
            "/retainedMessage/nothing",
            None,
            (404, "ResourceNotFoundException"),
        ),
        ("GET", "/retainedMessage?maxResults=0", None, INVALID),
        ("GET", "/retainedMessage?maxResults=201", None, INVALID),
        ("GET", "/retainedMessage?nextToken=%2A", None, INVALID),
        ("GET", "/things/a%20b/shadow", None, INVALID),
        ("GET", "/things/a/shadow?name=%2A", None, INVALID),
        (
            "PUT",
            "/things/a/shadow",
            None,
            (405, "MethodNotAllowedException"),
        ),
        (
            "GET",
            "/api/things/shadow/ListNamedShadowsForThing/a?pageSize=101",
            None,
            INVALID,
        ),
        (
            "GET",
            "/connections/nobody",
            None,
            (404, "ResourceNotFoundException"),
        ),
        (
            "DELETE",
            "/connections/nobody",
            None,
            (404, "ResourceNotFoundException"),
        ),
        (
            "DELETE",
            "/connections/nobody?cleanSession=1",
            None,
            INVALID,
        ),
        (
            "GET",
            "/connections/nobody/subscriptions",
            None,
            (404, "ResourceNotFoundException"),
        ),
        (
            "POST",
            "/connections/nobody/messages?topic=a",
            None,
            (404, "ResourceNotFoundException"),
        ),
        ("POST", "/connections/nobody/messages", None, INVALID),
        (
            "POST",
            "/connections/nobody/messages?topic=%23",
            None,
            INVALID,
        ),
        (
            "POST",
            "/connections/nobody/messages?topic=a&timeout=16",
            None,
            INVALID,
        ),
        ("POST", "/connections/%24a/messages?topic=a", None, INVALID),
        ("GET", "/mqtt", None, (426, "InvalidRequestException")),
    ] {
        let header = header.map(|(name, value): (&str, &str)| (name, value));
        let said: Vec<(&str, &str)> = header.into_iter().collect();
        let reply = http.request(method, target, &said, b"").await;
        assert_eq!(reply.error(), expected, "{method} {target} {header:?}");
        assert!(!reply.json()["message"].as_str().unwrap().is_empty());
        if reply.status == 405 {
            assert!(!reply.header("allow").is_empty(), "{method} {target}");
        }
    }
}

#[tokio::test]
async fn retained_messages() {
    let world = World::start().await;
    let mut http = Http::signed(&world).await;
    let properties = STANDARD.encode(r#"[{"k":"v"}]"#);
    let said = [("x-amz-mqtt5-user-properties", &*properties)];
    for topic in ["b", "a", "c%2Fd"] {
        let target = format!("/topics/{topic}?retain=true&qos=1");
        assert_eq!(
            http.request("POST", &target, &said, b"kept").await.status,
            200
        );
    }
    let kept = http.get("/retainedMessage/c%2Fd").await;
    let kept = kept.json();
    assert_eq!((&kept["topic"], &kept["qos"]), (&json!("c/d"), &json!(1)));
    assert_eq!(kept["payload"], STANDARD.encode("kept"));
    assert_eq!(kept["userProperties"], properties);
    let age = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .saturating_sub(Duration::from_millis(
            kept["lastModifiedTime"].as_u64().unwrap(),
        ));
    assert!(age < Duration::from_secs(60));

    let first = http.get("/retainedMessage?maxResults=2").await.json();
    let topics = |page: &Value| -> Vec<String> {
        let list = page["retainedTopics"].as_array().unwrap();
        list.iter()
            .map(|one| one["topic"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(topics(&first), ["a", "b"]);
    assert_eq!(first["retainedTopics"][0]["payloadSize"], 4);
    let token = first["nextToken"].as_str().unwrap();
    let second = http
        .get(&format!("/retainedMessage?maxResults=2&nextToken={token}"))
        .await
        .json();
    assert_eq!(
        (topics(&second), &second["nextToken"]),
        (vec!["c/d".to_owned()], &Value::Null)
    );

    assert_eq!(http.post("/topics/a?retain=true", b"").await.status, 200);
    assert_eq!(http.get("/retainedMessage/a").await.status, 404);
    assert_eq!(
        topics(&http.get("/retainedMessage").await.json()),
        ["b", "c/d"]
    );
}

#[tokio::test]
async fn shadows() {
    let world = World::start().await;
    let mut http = Http::signed(&world).await;
    let mut device = Client::connected(&world.broker, Version::V5, "d").await;
    device
        .subscribe("$aws/things/lamp/shadow/#", QoS::AtLeastOnce)
        .await;

    let missing = http.get("/things/lamp/shadow").await;
    assert_eq!(missing.error(), (404, "ResourceNotFoundException"));
    assert_eq!(
        missing.json(),
        json!({"code": 404, "message": "No shadow exists with name: 'lamp'"})
    );
    // Nothing is published of a request that failed.
    device.receive_nothing().await;

    let update = br#"{"state":{"desired":{"on":true}},"clientToken":"t"}"#;
    let updated = http.post("/things/lamp/shadow", update).await;
    let updated_json = updated.json();
    assert_eq!(
        (
            updated.status,
            &updated_json["version"],
            &updated_json["clientToken"]
        ),
        (200, &json!(1), &json!("t"))
    );
    let mut published = HashMap::new();
    for _ in 0..3 {
        let got = device.receive_publish().await;
        let id = got.packet_id().unwrap();
        published.insert(
            got.topic().to_owned(),
            serde_json::from_slice::<Value>(got.payload()).unwrap(),
        );
        device.send(&<PubAck>::new(id)).await;
    }
    assert_eq!(
        published["$aws/things/lamp/shadow/update/accepted"],
        updated_json
    );
    assert_eq!(
        published["$aws/things/lamp/shadow/update/delta"]["state"],
        json!({"on": true})
    );
    assert!(published.contains_key("$aws/things/lamp/shadow/update/documents"));

    let got = http.get("/things/lamp/shadow").await.json();
    assert_eq!(got["state"]["delta"], json!({"on": true}));
    device.receive_nothing().await;

    for (body, expected) in [
        (
            &br#"{"state":{},"version":7}"#[..],
            (409, "ConflictException"),
        ),
        (b"{", (400, "InvalidRequestException")),
        (
            br#"{"state":{"desired":"x"}}"#,
            (400, "InvalidRequestException"),
        ),
        (
            b"{\"state\":{\"desired\":{\"a\":\"\xFF\"}}}",
            (415, "UnsupportedDocumentEncodingException"),
        ),
    ] {
        assert_eq!(
            http.post("/things/lamp/shadow", body).await.error(),
            expected
        );
    }
    let large = format!(
        r#"{{"state":{{"desired":{{"a":"{}"}}}}}}"#,
        "x".repeat(9000)
    );
    let reply = http.post("/things/lamp/shadow", large.as_bytes()).await;
    assert_eq!(reply.error(), (413, "RequestEntityTooLargeException"));
    device.receive_nothing().await;

    for name in ["one", "two", "three"] {
        let target = format!("/things/lamp/shadow?name={name}");
        assert_eq!(
            http.post(&target, br#"{"state":{"reported":{"n":1}}}"#)
                .await
                .status,
            200
        );
    }
    let list = "/api/things/shadow/ListNamedShadowsForThing/lamp?pageSize=2";
    let first = http.get(list).await.json();
    assert_eq!(first["results"], json!(["one", "three"]));
    assert!(first["timestamp"].as_u64().unwrap() > 1_600_000_000);
    let token = first["nextToken"].as_str().unwrap();
    let second = http.get(&format!("{list}&nextToken={token}")).await.json();
    assert_eq!(
        (&second["results"], &second["nextToken"]),
        (&json!(["two"]), &Value::Null)
    );

    let deleted = http.delete("/things/lamp/shadow?name=one").await;
    assert_eq!(
        (deleted.status, &deleted.json()["version"]),
        (200, &json!(1))
    );
    assert_eq!(http.get("/things/lamp/shadow?name=one").await.status, 404);
    let rest = http
        .get("/api/things/shadow/ListNamedShadowsForThing/lamp")
        .await
        .json();
    assert_eq!(rest["results"], json!(["three", "two"]));
}

/// The same service stands behind the reserved topics.
#[tokio::test]
async fn a_shadow_request_may_be_published() {
    let world = World::start().await;
    let mut http = Http::signed(&world).await;
    let topic = "/topics/%24aws%2Fthings%2Flamp%2Fshadow%2Fupdate";
    let update = br#"{"state":{"reported":{"on":false}}}"#;
    assert_eq!(http.post(topic, update).await.status, 200);
    let got = http.get("/things/lamp/shadow").await.json();
    assert_eq!(got["state"]["reported"], json!({"on": false}));
}

#[tokio::test]
async fn a_device_may_do_what_its_policies_say() {
    let world = World::start().await;
    let mut http = Http::with_certificate(&world).await;
    const FORBIDDEN: (u16, &str) = (403, "ForbiddenException");
    for (method, target, body, expected) in [
        ("POST", "/topics/pump/1", "x", (200, "")),
        ("POST", "/topics/other", "x", FORBIDDEN),
        // Retaining needs a permission of its own.
        ("POST", "/topics/pump/1?retain=true", "x", FORBIDDEN),
        (
            "POST",
            "/things/pump/shadow",
            r#"{"state":{"reported":{}}}"#,
            (200, ""),
        ),
        ("GET", "/things/pump/shadow", "", (200, "")),
        ("DELETE", "/things/pump/shadow", "", FORBIDDEN),
        ("GET", "/things/other/shadow", "", FORBIDDEN),
        ("GET", "/things/pump/shadow?name=x", "", FORBIDDEN),
        (
            "GET",
            "/api/things/shadow/ListNamedShadowsForThing/pump",
            "",
            FORBIDDEN,
        ),
        ("GET", "/retainedMessage", "", FORBIDDEN),
        ("GET", "/retainedMessage/pump/1", "", FORBIDDEN),
        ("GET", "/connections/pump", "", FORBIDDEN),
        ("DELETE", "/connections/pump", "", FORBIDDEN),
        ("GET", "/connections/pump/subscriptions", "", FORBIDDEN),
        (
            "POST",
            "/connections/pump/messages?topic=pump/1",
            "",
            FORBIDDEN,
        ),
    ] {
        let reply = http.request(method, target, &[], body.as_bytes()).await;
        assert_eq!(reply.error(), expected, "{method} {target}");
    }
}

/// A store whose commits wait until they are let through.
#[derive(Default)]
struct Gated {
    store: MemoryStore,
    open: Mutex<bool>,
    opened: Condvar,
}

impl Gated {
    fn set(&self, open: bool) {
        *self.open.lock() = open;
        self.opened.notify_all();
    }
}

impl Store for Gated {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.store.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.store.scan(table, prefix, after, limit)
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut open = self.open.lock();
        while !*open {
            self.opened.wait(&mut open);
        }
        self.store.commit(batch)
    }
}

#[tokio::test]
async fn an_answer_waits_for_the_disk() {
    let store = Arc::new(Gated::default());
    store.set(true);
    let world = World::with(Wanted {
        store: Arc::clone(&store) as Arc<dyn Store>,
        ..Wanted::default()
    })
    .await;
    let mut http = Http::signed(&world).await;
    for (method, target, body) in [
        ("POST", "/topics/a?retain=true", "kept"),
        (
            "POST",
            "/things/lamp/shadow",
            r#"{"state":{"desired":{"on":true}}}"#,
        ),
        (
            "POST",
            "/topics/$aws/things/lamp/shadow/update",
            r#"{"state":{"desired":{"on":false}}}"#,
        ),
        ("DELETE", "/things/lamp/shadow", ""),
    ] {
        store.set(false);
        let request = http.request(method, target, &[], body.as_bytes());
        tokio::pin!(request);
        let early = tokio::time::timeout(Duration::from_millis(200), &mut request).await;
        assert!(
            early.is_err(),
            "{target} was answered before it was durable"
        );
        store.set(true);
        assert_eq!(request.await.status, 200, "{target}");
    }
    // What is read may be what another has just written.
    store.set(false);
    let mut other = Http::signed(&world).await;
    let write = http.post("/topics/b?retain=true", b"kept");
    tokio::pin!(write);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), &mut write)
            .await
            .is_err()
    );
    let read = other.get("/retainedMessage/b");
    tokio::pin!(read);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), &mut read)
            .await
            .is_err()
    );
    store.set(true);
    assert_eq!((write.await.status, read.await.status), (200, 200));
}
