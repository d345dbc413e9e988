//! Requests as the SDKs make them, in the forms that verifiers elsewhere refuse, and the ways of presigning.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a test fails by panicking"
)]

use sigv4::{
    Credentials, Expires, KeyRecord, Payload, Policy, Region, Request, Scratch, SecretAccessKey,
    Service, SessionToken, SignErrorKind, Signer, Timestamp, TokenPlacement, Verifier,
    VerifyErrorKind,
};

const HOST: &str = "a1b2c3-ats.iot.us-east-1.amazonaws.com";

fn at() -> Timestamp {
    Timestamp::parse("20260301T120000Z").unwrap()
}

fn signer(service: Service) -> Signer {
    let credentials = Credentials::new("ASIDEXAMPLE", "secret")
        .unwrap()
        .with_session_token("IQoJ/+==")
        .unwrap();
    Signer::new(credentials, Region::new("us-east-1").unwrap(), service)
}

fn verify(
    service: Service,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(), VerifyErrorKind> {
    let verifier = Verifier::new(Policy::new(Region::new("us-east-1").unwrap(), [service]));
    let record = KeyRecord::temporary(
        SecretAccessKey::new("secret"),
        SessionToken::new("IQoJ/+=="),
        None,
        (),
    );
    let request = Request::new(method, target, headers);
    verifier
        .verify(&request, body, at(), &mut Scratch::new(), |_| {
            Ok(Some(record))
        })
        .map(|_| ())
        .map_err(|error| error.kind())
}

fn target_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split_at(rest.find('/').unwrap()).1
}

/// awsiotsdk signs `connection;host` for the WebSocket handshake and appends the token.
#[test]
fn the_iot_device_sdk_signs_connection() {
    let handshake = [
        ("Host", HOST),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "x"),
        ("Sec-WebSocket-Protocol", "mqtt"),
    ];
    let url = "/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIDEXAMPLE%2F20260301%2Fus-east-1%2Fiotdevicegateway%2Faws4_request&X-Amz-Date=20260301T120000Z&X-Amz-SignedHeaders=connection%3Bhost&X-Amz-Signature=SIGNATURE&X-Amz-Security-Token=IQoJ%2F%2B%3D%3D";
    // Our own signer leaves `connection` out, so this was computed apart, by Python's hmac over the canonical request of these parts.
    let signature = "6ea7da3cb4b660d33ac1e927a7d6af1aeb9fc1d72320ed836e9c32e0aea1d056";
    assert_eq!(
        verify(
            Service::iot_device_gateway(),
            "GET",
            &url.replace("SIGNATURE", signature),
            &handshake,
            b""
        ),
        Ok(())
    );
    let other = [("Host", HOST), ("Connection", "keep-alive, Upgrade")];
    assert_eq!(
        verify(
            Service::iot_device_gateway(),
            "GET",
            &url.replace("SIGNATURE", signature),
            &other,
            b""
        ),
        Err(VerifyErrorKind::SignatureDoesNotMatch)
    );
}

#[test]
fn a_presigned_websocket_url_in_each_form() {
    for (endpoint, start, host) in [
        (
            HOST.to_owned(),
            format!("wss://{HOST}/mqtt?X-Amz-Algorithm="),
            HOST.to_owned(),
        ),
        (
            format!("{HOST}:443"),
            format!("wss://{HOST}/mqtt?"),
            HOST.to_owned(),
        ),
        (
            HOST.to_uppercase(),
            format!("wss://{HOST}/mqtt?"),
            HOST.to_owned(),
        ),
        (
            format!("{HOST}:8443"),
            format!("wss://{HOST}:8443/mqtt?"),
            format!("{HOST}:8443"),
        ),
        (
            "ws://localhost:80".to_owned(),
            "ws://localhost/mqtt?".to_owned(),
            "localhost".to_owned(),
        ),
        (
            "ws://[::1]:8083".to_owned(),
            "ws://[::1]:8083/mqtt?".to_owned(),
            "[::1]:8083".to_owned(),
        ),
        (
            format!("wss://{HOST}/mqtt?x-amz-customauthorizer-name=my%20auth&t=a"),
            format!("wss://{HOST}/mqtt?x-amz-customauthorizer-name=my%20auth&t=a&X-Amz-"),
            HOST.to_owned(),
        ),
        (
            format!("wss://{HOST}?t=a"),
            format!("wss://{HOST}/mqtt?t=a&X-Amz-"),
            HOST.to_owned(),
        ),
        (
            format!("wss://{HOST}/mqtt#part"),
            format!("wss://{HOST}/mqtt?X-Amz-"),
            HOST.to_owned(),
        ),
    ] {
        for expires in [None, Some(Expires::from_secs(300).unwrap())] {
            // Whatever the signer is for otherwise.
            let url = signer(Service::s3())
                .presign_mqtt_websocket(&endpoint, expires, at(), &mut Scratch::new())
                .unwrap();
            let url = url.as_str();
            assert!(url.starts_with(&start), "{endpoint}: {url}");
            assert_eq!(url.contains("X-Amz-Expires"), expires.is_some(), "{url}");
            assert!(
                url.ends_with("&X-Amz-Security-Token=IQoJ%2F%2B%3D%3D"),
                "{url}"
            );
            let headers = [("Host", host.as_str()), ("Upgrade", "websocket")];
            assert_eq!(
                verify(
                    Service::iot_device_gateway(),
                    "GET",
                    target_of(url),
                    &headers,
                    b""
                ),
                Ok(()),
                "{url}"
            );
        }
    }
}

#[test]
fn endpoints_that_are_none() {
    for endpoint in [
        "",
        "http://h",
        "h/mqtt",
        "h:",
        "user@h",
        "m\u{fc}nchen",
        "h:99999",
        "wss://h/a b",
        "wss://h/mqtt?X-Amz-Date=1",
    ] {
        let result = signer(Service::iot_data()).presign_mqtt_websocket(
            endpoint,
            None,
            at(),
            &mut Scratch::new(),
        );
        if endpoint == "h:" {
            assert!(
                result.is_ok(),
                "an empty port is the default one (RFC 3986 §3.2.3)"
            );
        } else {
            let kind = result.unwrap_err().kind();
            assert!(
                matches!(
                    kind,
                    SignErrorKind::Url | SignErrorKind::Target | SignErrorKind::AlreadySigned
                ),
                "{endpoint}: {kind:?}"
            );
        }
    }
}

#[test]
fn presigned_urls_keep_what_they_hold() {
    let expires = Expires::from_secs(60).unwrap();
    for (url, sent) in [
        (
            "https://Bucket.example.com/k//e/../y?versionId=a.b",
            "https://bucket.example.com/k//e/../y?versionId=a.b&X-Amz-",
        ),
        ("https://h", "https://h/?X-Amz-"),
        ("https://h?", "https://h/?X-Amz-"),
        ("https://h/?a&", "https://h/?a&X-Amz-"),
        ("https://h/?a=b?", "https://h/?a=b?&X-Amz-"),
        (
            "http://h:8080/\u{20ac}?\u{fc}=1&dup=1&dup=2",
            "http://h:8080/%E2%82%AC?%C3%BC=1&dup=1&dup=2&X-Amz-",
        ),
    ] {
        for service in [Service::s3(), Service::new("execute-api").unwrap()] {
            let signed = signer(service.clone())
                .presign_url("PUT", url, expires, at(), &mut Scratch::new())
                .unwrap();
            assert!(signed.as_str().starts_with(sent), "{}", signed.as_str());
            let host = sent.split('/').nth(2).unwrap().split('?').next().unwrap();
            let rest = signed.as_str().split_once("://").unwrap().1;
            let target = rest.strip_prefix(host).unwrap();
            let headers = [("host", host)];
            // A body that S3 does not bind, and that others refuse.
            let with_body = verify(service.clone(), "PUT", target, &headers, b"body");
            assert_eq!(with_body.is_ok(), service.name() == "s3", "{target}");
            assert_eq!(
                verify(service, "PUT", target, &headers, b""),
                Ok(()),
                "{target}"
            );
        }
    }
}

/// S3 clients move the header of the content hash into the query.
#[test]
fn a_content_hash_in_the_query_is_heeded() {
    let expires = Expires::from_secs(60).unwrap();
    let headers = [("host", "b.example.com")];
    let sign = |query: &str, payload| {
        let target = format!("/k?X-Amz-Content-Sha256={query}");
        let request = Request::new("PUT", &target, headers.as_slice());
        signer(Service::s3())
            .presign(&request, payload, expires, at(), &mut Scratch::new())
            .map(|target| target.as_str().to_owned())
    };
    let hash = sigv4::PayloadHash::of(b"body").to_string();
    let bound = sign(&hash, Payload::Body(b"body")).unwrap();
    assert_eq!(
        verify(Service::s3(), "PUT", &bound, &headers, b"body"),
        Ok(())
    );
    assert_eq!(
        verify(Service::s3(), "PUT", &bound, &headers, b"other"),
        Err(VerifyErrorKind::PayloadMismatch)
    );
    let open = sign("UNSIGNED-PAYLOAD", Payload::Unsigned).unwrap();
    assert_eq!(
        verify(Service::s3(), "PUT", &open, &headers, b"other"),
        Ok(())
    );
    assert_eq!(
        sign(&hash, Payload::Unsigned).unwrap_err().kind(),
        SignErrorKind::AlreadySigned
    );
}

#[test]
fn a_retry_is_signed_anew() {
    let signer = signer(Service::s3());
    let first = [("host", "h"), ("x-a", "1")];
    let request = Request::new("GET", "/k", first.as_slice());
    let mut scratch = Scratch::new();
    let old = signer
        .sign(
            &request,
            Payload::Unsigned,
            Timestamp::parse("20250101T000000Z").unwrap(),
            &mut scratch,
        )
        .unwrap();
    let mut headers: Vec<(String, String)> = first
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    headers.extend(
        old.headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let again = signer
        .sign(
            &Request::new("GET", "/k", &headers),
            Payload::Empty,
            at(),
            &mut scratch,
        )
        .unwrap();
    let fresh = signer
        .sign(&request, Payload::Empty, at(), &mut scratch)
        .unwrap();
    assert_eq!(again.authorization(), fresh.authorization());
}

#[test]
fn the_token_where_the_service_wants_it() {
    let headers = [("host", "h")];
    let request = Request::new("GET", "/", headers.as_slice());
    for (placement, sent, is_signed) in [
        (TokenPlacement::Signed, true, true),
        (TokenPlacement::Appended, true, false),
        (TokenPlacement::Absent, false, false),
    ] {
        let signer = signer(Service::iot_data().with_token(placement));
        let mut scratch = Scratch::new();
        let signed = signer
            .sign(&request, Payload::Empty, at(), &mut scratch)
            .unwrap();
        assert_eq!(
            signed
                .headers()
                .any(|(name, _)| name == "x-amz-security-token"),
            sent
        );
        assert_eq!(
            signed.authorization().contains("x-amz-security-token"),
            is_signed
        );
        let expires = Expires::from_secs(1).unwrap();
        let target = signer
            .presign(&request, Payload::Empty, expires, at(), &mut scratch)
            .unwrap();
        assert_eq!(target.as_str().contains("X-Amz-Security-Token="), sent);
        let canonical = String::from_utf8(scratch.canonical_request().to_vec()).unwrap();
        assert_eq!(canonical.contains("X-Amz-Security-Token="), is_signed);
    }
}
