//! Who makes a request: signatures and certificates, good and bad.

use std::time::Duration;

use sigv4::{Credentials, Payload, Region, Request, Scratch, Service, Signer, Timestamp};
use thingwire::registry::CertificateStatus;
use tokio::io::AsyncWriteExt as _;

use crate::client::{Header, Http, headers, now, sign, signer};
use crate::world::{REGION, World};

fn other_signer(
    world: &World,
    id: Option<&str>,
    secret: Option<&str>,
    region: &'static str,
    service: Service,
) -> Signer {
    let id = id.unwrap_or(&world.key.access_key_id);
    let secret = secret.unwrap_or(world.key.secret_access_key.as_str());
    let credentials = Credentials::new(id, secret).unwrap();
    Signer::new(credentials, Region::new(region).unwrap(), service)
}

async fn said(http: &mut Http, headers: &[Header], body: &[u8]) -> (u16, String) {
    http.send("POST", "/topics/a?qos=1", headers, body).await;
    let reply = http.receive().await;
    (reply.status, reply.header("x-amzn-errortype").to_owned())
}

#[tokio::test]
async fn signatures_that_are_not_right() {
    let world = World::start().await;
    let mut http = Http::anonymous(&world).await;
    let host = || headers(&[("host", &world.host())]);
    let signed = |signer: &Signer| sign(signer, "POST", "/topics/a?qos=1", host(), b"x");
    let good = signer(&world);

    let refused = |name: &str| (403, name.to_owned());
    assert_eq!(
        said(&mut http, &signed(&good), b"x").await,
        (200, String::new())
    );
    assert_eq!(
        said(&mut http, &host(), b"x").await,
        refused("MissingAuthenticationTokenException")
    );
    assert_eq!(
        said(&mut http, &signed(&good), b"y").await,
        refused("InvalidSignatureException")
    );

    let unknown = other_signer(
        &world,
        Some("AKIAUNKNOWN"),
        None,
        REGION,
        Service::iot_data(),
    );
    assert_eq!(
        said(&mut http, &signed(&unknown), b"x").await,
        refused("UnrecognizedClientException")
    );
    let secret = other_signer(&world, None, Some("wrong"), REGION, Service::iot_data());
    assert_eq!(
        said(&mut http, &signed(&secret), b"x").await,
        refused("InvalidSignatureException")
    );
    let region = other_signer(&world, None, None, "eu-west-1", Service::iot_data());
    assert_eq!(
        said(&mut http, &signed(&region), b"x").await,
        refused("InvalidSignatureException")
    );
    let service = other_signer(
        &world,
        None,
        None,
        REGION,
        Service::new("execute-api").unwrap(),
    );
    assert_eq!(
        said(&mut http, &signed(&service), b"x").await,
        refused("InvalidSignatureException")
    );
    let either = other_signer(&world, None, None, REGION, Service::iot_device_gateway());
    assert_eq!(
        said(&mut http, &signed(&either), b"x").await,
        (200, String::new())
    );

    // A key of the gateway lives for ever: a session token with it is somebody else's.
    let credentials = Credentials::new(
        &*world.key.access_key_id,
        world.key.secret_access_key.as_str(),
    )
    .unwrap()
    .with_session_token("token")
    .unwrap();
    let token = Signer::new(
        credentials,
        Region::new(REGION).unwrap(),
        Service::iot_data(),
    );
    assert_eq!(
        said(&mut http, &signed(&token), b"x").await,
        refused("UnrecognizedClientException")
    );

    let mut unsigned_header = signed(&good);
    unsigned_header.extend(headers(&[("x-amz-mqtt5-correlation-data", "AQID")]));
    assert_eq!(
        said(&mut http, &unsigned_header, b"x").await,
        refused("AccessDeniedException")
    );

    let mut scratch = Scratch::new();
    let host = host();
    let request = Request::new("POST", "/topics/a?qos=1", &host);
    let old = Timestamp::parse("20200101T000000Z").unwrap();
    let added = good
        .sign(&request, Payload::Body(b"x"), old, &mut scratch)
        .unwrap();
    let mut expired = host.clone();
    expired.extend(
        added
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    assert_eq!(
        said(&mut http, &expired, b"x").await,
        refused("InvalidSignatureException")
    );

    // A bearer token is no signature.
    let mut bearer = host.clone();
    bearer.extend(headers(&[("authorization", "Bearer x")]));
    assert_eq!(
        said(&mut http, &bearer, b"x").await,
        refused("MissingAuthenticationTokenException")
    );
    // The connection is as good as before.
    assert_eq!(
        said(&mut http, &signed(&good), b"x").await,
        (200, String::new())
    );
}

/// A path has many spellings, and a signature is for one of them.
#[tokio::test]
async fn a_signature_does_not_carry_over() {
    let world = World::start().await;
    let mut http = Http::anonymous(&world).await;
    let host = headers(&[("host", &world.host())]);
    let signed = sign(&signer(&world), "POST", "/topics/a", host, b"x");
    for (method, target) in [
        ("POST", "/topics/b"),
        ("POST", "/topics/a?retain=true"),
        ("GET", "/topics/a"),
    ] {
        http.send(method, target, &signed, b"x").await;
        assert_eq!(
            http.receive().await.error(),
            (403, "InvalidSignatureException"),
            "{method} {target}"
        );
    }
}

/// A certificate does not make up for a signature that is wrong.
#[tokio::test]
async fn a_bad_signature_beside_a_certificate() {
    let world = World::start().await;
    let mut http = Http::with_certificate(&world).await;
    let host = headers(&[("host", &world.host())]);
    let wrong = other_signer(&world, None, Some("wrong"), REGION, Service::iot_data());
    let signed = sign(&wrong, "POST", "/topics/pump/1", host.clone(), b"x");
    http.send("POST", "/topics/pump/1", &signed, b"x").await;
    assert_eq!(
        http.receive().await.error(),
        (403, "InvalidSignatureException")
    );
    for query in [
        "X-Amz-Signature=0",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256",
        "%58-Amz-Credential=a",
    ] {
        http.send("POST", &format!("/topics/pump/1?{query}"), &host, b"x")
            .await;
        assert!(
            (400..=403).contains(&http.receive().await.status),
            "{query}"
        );
    }
    // With a good one, it is the holder of the key who asks.
    let signed = sign(&signer(&world), "POST", "/topics/other", host.clone(), b"x");
    http.send("POST", "/topics/other", &signed, b"x").await;
    assert_eq!(http.receive().await.status, 200);
    http.send("POST", "/topics/pump/1", &host, b"x").await;
    assert_eq!(http.receive().await.status, 200);
}

#[tokio::test]
async fn a_certificate_that_is_not_active_any_more() {
    let world = World::start().await;
    let mut http = Http::with_certificate(&world).await;
    assert_eq!(http.post("/topics/pump/1", b"x").await.status, 200);
    for status in [CertificateStatus::Inactive, CertificateStatus::Revoked] {
        world
            .registry
            .set_certificate_status(&world.certificate_id(), status)
            .unwrap();
        assert_eq!(
            http.post("/topics/pump/1", b"x").await.error(),
            (403, "ForbiddenException")
        );
    }
}

/// A presigned URL is for requests without a body.
#[tokio::test]
async fn a_presigned_url() {
    let world = World::start().await;
    let mut http = Http::anonymous(&world).await;
    assert_eq!(
        Http::signed(&world)
            .await
            .post("/topics/a?retain=true", b"kept")
            .await
            .status,
        200
    );
    let host = headers(&[("host", &world.host())]);
    let mut scratch = Scratch::new();
    let request = Request::new("GET", "/retainedMessage/a", &host);
    let expires = sigv4::Expires::from_secs(60).unwrap();
    let presigned = signer(&world)
        .presign(&request, Payload::Empty, expires, now(), &mut scratch)
        .unwrap();
    let target = presigned.as_str().to_owned();
    http.send("GET", &target, &host, b"").await;
    assert_eq!(http.receive().await.status, 200);
    http.send("GET", &target, &host, b"body").await;
    assert_eq!(
        http.receive().await.error(),
        (403, "InvalidSignatureException")
    );
}

/// A body in pieces is hashed as it comes.
#[tokio::test]
async fn a_body_in_chunks() {
    let world = World::start().await;
    let mut http = Http::anonymous(&world).await;
    let host = headers(&[("host", &world.host())]);
    let mut signed = sign(&signer(&world), "POST", "/topics/a", host, b"hello");
    signed.extend(headers(&[("transfer-encoding", "chunked")]));
    for (pieces, status) in [(["he", "llo"], 200), (["he", "lla"], 403)] {
        let head = crate::client::head("POST", "/topics/a", &signed, None);
        http.stream.write_all(head.as_bytes()).await.unwrap();
        for piece in pieces {
            let chunk = format!("{:x}\r\n{piece}\r\n", piece.len());
            http.stream.write_all(chunk.as_bytes()).await.unwrap();
            http.stream.flush().await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        http.stream.write_all(b"0\r\n\r\n").await.unwrap();
        assert_eq!(http.receive().await.status, status);
    }
}
