//! Where two readers of one request could take it for two things, where a signer could make what no verifier accepts, and what is printed
//! of all this. One test a bug, named by what must hold.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a test fails by panicking"
)]

use sigv4::{
    Credentials, Expires, KeyRecord, Payload, PayloadHash, Policy, Region, Request, Scratch,
    SecretAccessKey, Service, SessionToken, SignErrorKind, Signer, Timestamp, TokenPlacement,
    Verified, Verifier, VerifyError, VerifyErrorKind,
};

const SECRET: &str = "sEcReT";
const TOKEN: &str = "tOkEn";
const HOST: (&str, &str) = ("host", "example.com");

type Fields = Vec<(String, String)>;

fn now() -> Timestamp {
    Timestamp::parse("20260301T120000Z").unwrap()
}

fn region() -> Region {
    Region::new("us-east-1").unwrap()
}

fn long_term(service: Service) -> Signer {
    Signer::new(
        Credentials::new("AKIDEXAMPLE", SECRET).unwrap(),
        region(),
        service,
    )
}

fn temporary(service: Service) -> Signer {
    let credentials = Credentials::new("ASIDEXAMPLE", SECRET).unwrap();
    Signer::new(
        credentials.with_session_token(TOKEN).unwrap(),
        region(),
        service,
    )
}

fn long_term_record() -> KeyRecord<&'static str> {
    KeyRecord::long_term(SecretAccessKey::new(SECRET), "id")
}

fn temporary_record() -> KeyRecord<&'static str> {
    KeyRecord::temporary(
        SecretAccessKey::new(SECRET),
        SessionToken::new(TOKEN),
        None,
        "id",
    )
}

fn fields(list: &[(&str, &str)]) -> Fields {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Signs in headers, and gives all headers to send.
fn signed(signer: &Signer, target: &str, list: &[(&str, &str)], payload: Payload<'_>) -> Fields {
    let mut headers = fields(list);
    let mut scratch = Scratch::new();
    let request = Request::new("PUT", target, &headers);
    let signed = signer.sign(&request, payload, now(), &mut scratch).unwrap();
    let added: Fields = signed
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    headers.extend(added);
    headers
}

fn verify(
    policy: Policy,
    record: KeyRecord<&'static str>,
    target: &str,
    headers: &Fields,
    body: &[u8],
) -> Result<Verified<&'static str>, VerifyError> {
    Verifier::new(policy).verify(
        &Request::new("PUT", target, headers),
        body,
        now(),
        &mut Scratch::new(),
        |_| Ok(Some(record)),
    )
}

fn policy(service: Service) -> Policy {
    Policy::new(region(), [service])
}

/// The path that arrived may be another spelling of the one that was signed; the verifier says which that was.
#[test]
fn the_path_to_route_on_is_the_one_that_was_signed() {
    let signer = long_term(Service::iot_data());
    let headers = signed(&signer, "/topics/a%2Fb", &[HOST], Payload::Empty);
    for (arrived, offset) in [
        ("/topics/a%2Fb", None),
        ("/topics//a%2Fb", Some(8)),
        ("/topics/./a%2Fb", Some(8)),
        ("/admin/../topics/a%2Fb", Some(7)),
    ] {
        let judge = |policy| verify(policy, long_term_record(), arrived, &headers, b"");
        let verified = judge(policy(Service::iot_data())).unwrap();
        assert_eq!(verified.path(), "/topics/a%2Fb", "{arrived}");
        assert!(verified.is_signed_header("host") && !verified.is_signed_header("/topics/a%2Fb"));
        let strict = judge(policy(Service::iot_data()).with_normal_paths_only())
            .map(|_| ())
            .map_err(|error| (error.kind(), error.offset()));
        let expected = offset.map_or(Ok(()), |at| Err((VerifyErrorKind::InvalidPath, Some(at))));
        assert_eq!(strict, expected, "{arrived}");
    }
    // S3 signs the path as it is, so there is nothing to refuse.
    let headers = signed(
        &long_term(Service::s3()),
        "/k//a/../b",
        &[HOST],
        Payload::Empty,
    );
    let strict = policy(Service::s3()).with_normal_paths_only();
    let verified = verify(strict, long_term_record(), "/k//a/../b", &headers, b"").unwrap();
    assert_eq!(verified.path(), "/k//a/../b");
    let headers = signed(&signer, "/\u{20ac}/", &[HOST], Payload::Empty);
    let generic = policy(Service::iot_data());
    let verified = verify(generic, long_term_record(), "/\u{20ac}/", &headers, b"").unwrap();
    assert_eq!(verified.path(), "/%E2%82%AC/");
}

/// A name that some reader trims or splits to `x-amz-acl` is not let through as another header.
#[test]
fn headers_that_are_none_are_refused() {
    let headers = signed(&long_term(Service::s3()), "/k", &[HOST], Payload::Empty);
    for (name, value) in [
        (" x-amz-acl", "x"),
        ("x-amz-acl ", "x"),
        ("evil:x-amz-acl", "x"),
        ("a\r\nx-amz-acl", "x"),
        ("x-amz-\u{e4}cl", "x"),
        ("", "x"),
        ("a", "1\r\nx-amz-acl: public-read"),
        ("a", "1\nb"),
        ("a", "1\rb"),
        ("a", "1\0"),
    ] {
        let mut more = headers.clone();
        more.push((name.to_owned(), value.to_owned()));
        let error = verify(policy(Service::s3()), long_term_record(), "/k", &more, b"");
        assert_eq!(
            error.unwrap_err().kind(),
            VerifyErrorKind::InvalidHeader,
            "{name:?}: {value:?}"
        );
    }
    for value in ["a\tb", "\u{fc}", "", "\u{1}"] {
        let mut more = headers.clone();
        more.push(("x-other!".to_owned(), value.to_owned()));
        let result = verify(policy(Service::s3()), long_term_record(), "/k", &more, b"");
        assert!(result.is_ok(), "{value:?}");
    }
}

/// A store that fills in what it does not know must not let in whoever signs with nothing.
#[test]
fn records_without_a_secret_or_token_are_refused() {
    let headers = signed(
        &temporary(Service::iot_data()),
        "/k",
        &[HOST],
        Payload::Empty,
    );
    let empty = SecretAccessKey::new("");
    let no_token = KeyRecord::temporary(
        SecretAccessKey::new(SECRET),
        SessionToken::new(""),
        None,
        "id",
    );
    for (record, message) in [
        (KeyRecord::long_term(empty, "id"), "an empty secret"),
        (no_token, "an empty session token"),
    ] {
        let error = verify(policy(Service::iot_data()), record, "/k", &headers, b"").unwrap_err();
        assert_eq!(error.kind(), VerifyErrorKind::UnrecognizedClientException);
        assert!(error.to_string().contains(message), "{error}");
    }
    // Nor does this side sign with nothing.
    assert!(Credentials::new("AKIDEXAMPLE", "").is_err());
    let credentials = Credentials::new("AKIDEXAMPLE", SECRET).unwrap();
    assert!(credentials.with_session_token("").is_err());
}

/// What is presigned verifies, whatever the payload: where verifiers would assume another, the URL says which.
#[test]
fn every_presigned_payload_verifies() {
    let headers = fields(&[HOST]);
    let hash = PayloadHash::of(b"body");
    for signer in [long_term, temporary] {
        for service in [
            Service::s3(),
            Service::iot_data(),
            Service::iot_device_gateway(),
            Service::s3().with_unsigned_presigned_payload(false),
        ] {
            for target in ["/k", "/k?a=1&Z=2", "/k?X-Amz-A=1"] {
                for (payload, body) in [
                    (Payload::Empty, b"".as_slice()),
                    (Payload::Body(b"body"), b"body"),
                    (Payload::Hash(hash), b"body"),
                    (Payload::Unsigned, b"any"),
                ] {
                    let signer = signer(service.clone());
                    let request = Request::new("PUT", target, &headers);
                    let url = signer
                        .presign(&request, payload, Expires::MAX, now(), &mut Scratch::new())
                        .unwrap();
                    let url = url.as_str();
                    let record = if url.contains("ASID") {
                        temporary_record()
                    } else {
                        long_term_record()
                    };
                    let judge = |body| {
                        let policy = policy(service.clone()).dangerous_accept_unsigned_payload();
                        verify(policy, record.clone(), url, &headers, body)
                    };
                    let verified = judge(body).unwrap_or_else(|error| panic!("{error}: {url}"));
                    let is_bound = payload != Payload::Unsigned;
                    assert_eq!(verified.is_body_bound(), is_bound, "{url}");
                    assert_eq!(judge(b"other").is_err(), is_bound, "{url}");
                    assert!(url.matches("X-Amz-Content-Sha256").count() <= 1, "{url}");
                }
            }
        }
    }
}

/// A gateway in front of S3 can refuse URLs that leave the body open.
#[test]
fn unsigned_presigned_payloads_can_be_refused() {
    let headers = fields(&[HOST]);
    let request = Request::new("PUT", "/k", &headers);
    let sign = |payload| {
        long_term(Service::s3())
            .presign(&request, payload, Expires::MAX, now(), &mut Scratch::new())
            .unwrap()
    };
    let strict = || policy(Service::s3().with_unsigned_presigned_payload(false));
    let judge = |url: &str, policy, body| {
        verify(policy, long_term_record(), url, &headers, body)
            .map(|verified| verified.is_body_bound())
            .map_err(|error| error.kind())
    };
    let open = sign(Payload::Unsigned);
    assert_eq!(judge(open.as_str(), policy(Service::s3()), b"x"), Ok(false));
    assert_eq!(
        judge(open.as_str(), strict(), b"x"),
        Err(VerifyErrorKind::SignatureDoesNotMatch)
    );
    let bound = sign(Payload::Body(b"x"));
    assert_eq!(judge(bound.as_str(), strict(), b"x"), Ok(true));
    let said = format!("{}&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD", open.as_str());
    assert_eq!(
        judge(&said, strict(), b"x"),
        Err(VerifyErrorKind::PayloadMismatch)
    );
}

/// A token that would stay in the request, and make every verifier refuse it, is not signed over.
#[test]
fn a_token_that_is_not_replaced_is_an_error() {
    let stale = [HOST, ("X-Amz-Security-Token", "old")];
    let request = Request::new("GET", "/k", stale.as_slice());
    let mut scratch = Scratch::new();
    let absent = Service::iot_data().with_token(TokenPlacement::Absent);
    for signer in [long_term(Service::iot_data()), temporary(absent)] {
        let error = signer.sign(&request, Payload::Empty, now(), &mut scratch);
        assert_eq!(error.unwrap_err().kind(), SignErrorKind::AlreadySigned);
    }
    for signer in [long_term(Service::s3()), temporary(Service::s3())] {
        let expires = Expires::MAX;
        let error = signer.presign(&request, Payload::Unsigned, expires, now(), &mut scratch);
        assert_eq!(error.unwrap_err().kind(), SignErrorKind::AlreadySigned);
    }
    let headers = signed(&temporary(Service::s3()), "/k", &stale, Payload::Empty);
    let fresh: Fields = headers
        .into_iter()
        .filter(|(name, _)| name != "X-Amz-Security-Token")
        .collect();
    let result = verify(policy(Service::s3()), temporary_record(), "/k", &fresh, b"");
    assert!(result.is_ok(), "the old token was replaced");
}

/// A service whose token is appended takes it unsigned in a header too, and compares it all the same.
#[test]
fn an_appended_token_verifies_in_headers() {
    let gateway = Service::iot_device_gateway;
    let headers = signed(&temporary(gateway()), "/mqtt", &[HOST], Payload::Empty);
    let judge = |service, headers: &Fields| {
        verify(policy(service), temporary_record(), "/mqtt", headers, b"")
            .map(|_| ())
            .map_err(|error| error.kind())
    };
    assert_eq!(judge(gateway(), &headers), Ok(()));
    assert_eq!(
        judge(gateway().with_token(TokenPlacement::Signed), &headers),
        Err(VerifyErrorKind::UnsignedHeader)
    );
    let mut swapped = headers.clone();
    for (name, value) in &mut swapped {
        if name == "x-amz-security-token" {
            *value = "other".to_owned();
        }
    }
    assert_eq!(
        judge(gateway(), &swapped),
        Err(VerifyErrorKind::UnrecognizedClientException)
    );
    let mut more = headers.clone();
    more.push(("x-amz-acl".to_owned(), "1".to_owned()));
    assert_eq!(
        judge(gateway(), &more),
        Err(VerifyErrorKind::UnsignedHeader)
    );
    // In a presigned request the token is in the query; a header of that name is not read, so it may not stand there.
    let url = temporary(gateway())
        .presign_mqtt_websocket("example.com", None, now(), &mut Scratch::new())
        .unwrap();
    let target = url.as_str().strip_prefix("wss://example.com").unwrap();
    for (more, expected) in [
        (vec![HOST], Ok(())),
        (
            vec![HOST, ("x-amz-security-token", TOKEN)],
            Err(VerifyErrorKind::UnsignedHeader),
        ),
    ] {
        let headers = fields(&more);
        let request = Request::new("GET", target, &headers);
        let result = Verifier::new(policy(gateway()))
            .verify(&request, b"", now(), &mut Scratch::new(), |_| {
                Ok(Some(temporary_record()))
            })
            .map(|_| ())
            .map_err(|error| error.kind());
        assert_eq!(result, expected);
    }
}

/// After a failure the scratch holds nothing of the request before.
#[test]
fn a_refused_url_leaves_no_stale_explanation() {
    let signer = long_term(Service::s3());
    let mut scratch = Scratch::new();
    let fill = |scratch: &mut Scratch| {
        let request = [HOST];
        let request = Request::new("GET", "/k", request.as_slice());
        signer
            .sign(&request, Payload::Empty, now(), scratch)
            .unwrap();
        assert!(!scratch.canonical_request().is_empty());
    };
    fill(&mut scratch);
    let url = signer.presign_url("GET", "ftp://h/", Expires::MAX, now(), &mut scratch);
    assert_eq!(url.unwrap_err().kind(), SignErrorKind::Url);
    assert_eq!(scratch.canonical_request(), b"");
    fill(&mut scratch);
    let url = signer.presign_mqtt_websocket("h/", None, now(), &mut scratch);
    assert_eq!(url.unwrap_err().kind(), SignErrorKind::Url);
    assert_eq!(scratch.string_to_sign(), b"");
}

#[test]
fn a_websocket_url_without_a_path_is_for_mqtt() {
    for endpoint in ["h", "wss://h", "wss://h/", "wss://h/?a=b", "wss://h?a=b"] {
        let url = long_term(Service::iot_data())
            .presign_mqtt_websocket(endpoint, None, now(), &mut Scratch::new())
            .unwrap();
        assert!(url.as_str().starts_with("wss://h/mqtt?"), "{endpoint}");
    }
    let url = long_term(Service::iot_data())
        .presign_mqtt_websocket("wss://h/own", None, now(), &mut Scratch::new())
        .unwrap();
    assert!(url.as_str().starts_with("wss://h/own?"));
}

/// BC-059: nothing that holds a request, and no explanation, prints a secret, a token, a signature or a body.
#[test]
fn nothing_secret_is_printed() {
    const PRIVATE: &str = "pRiVaTe";
    let signer = temporary(Service::iot_data());
    let private = [
        HOST,
        ("Cookie", PRIVATE),
        ("x-amz-server-side-encryption-customer-key", PRIVATE),
        (
            "X-Amz-Copy-Source-Server-Side-Encryption-Customer-Key",
            PRIVATE,
        ),
        ("x-amz-s3session-token", PRIVATE),
    ];
    let target = "/k?x-amz-s3session-token=pRiVaTe&Cookie=pRiVaTe";
    let headers = signed(&signer, target, &private, Payload::Body(b"bOdY"));
    let request = Request::new("PUT", target, &headers);
    let mut scratch = Scratch::new();
    let resigned = signer
        .sign(&request, Payload::Body(b"bOdY"), now(), &mut scratch)
        .unwrap();
    let signature = resigned.signature().to_string();
    let resigned = format!("{resigned:?}");
    let explained = scratch.explanation().to_string();
    assert_eq!(explained.matches("[redacted]").count(), 7, "{explained}");

    let verifier = Verifier::new(policy(Service::iot_data()));
    let claim = verifier.head(&request, now(), &mut scratch).unwrap();
    let claim_text = format!("{claim:?}");
    let pending = claim.authenticate(Some(temporary_record())).unwrap();
    let pending_text = format!("{pending:?}");
    let verified = verify(
        policy(Service::iot_data()),
        temporary_record(),
        target,
        &headers,
        b"bOdY",
    )
    .unwrap();
    let url = signer
        .presign_mqtt_websocket("example.com", None, now(), &mut Scratch::new())
        .unwrap();
    for text in [
        explained,
        resigned,
        claim_text,
        pending_text,
        format!("{signer:?}"),
        format!("{request:?}"),
        format!("{verified:?}"),
        format!("{verifier:?}"),
        format!("{url:?}"),
        format!("{:?}", temporary_record()),
        format!("{scratch:?}"),
        format!("{:?}", scratch.explanation()),
        format!("{:?}", Payload::Body(b"bOdY")),
    ] {
        for secret in [SECRET, TOKEN, PRIVATE, "bOdY", signature.as_str()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

/// BC-059 for the types of the feature `http`.
#[cfg(feature = "http")]
#[test]
fn http_views_print_no_header_and_no_query() {
    let mut request = http::Request::put("https://example.com/k?X=pRiVaTe")
        .body(())
        .unwrap();
    let signature = temporary(Service::s3())
        .sign_http(&mut request, Payload::Empty, now(), &mut Scratch::new())
        .unwrap();
    let view = sigv4::HttpRequest::of(&request);
    for text in [format!("{view:?}"), format!("{:?}", view.headers())] {
        for secret in [TOKEN, "pRiVaTe", "AWS4", &signature.to_string()] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

/// A received request that names two hosts is refused, whichever of them was signed.
#[cfg(feature = "http")]
#[test]
fn two_hosts_in_one_http_request_are_refused() {
    let mut request = http::Request::put("https://example.com/k")
        .body(())
        .unwrap();
    temporary(Service::s3())
        .sign_http(&mut request, Payload::Empty, now(), &mut Scratch::new())
        .unwrap();
    let judge = |request: &http::Request<()>| {
        let view = sigv4::HttpRequest::of(request);
        Verifier::new(policy(Service::s3()))
            .verify(&view.request(), b"", now(), &mut Scratch::new(), |_| {
                Ok(Some(temporary_record()))
            })
            .map(|_| ())
            .map_err(|error| error.kind())
    };
    assert_eq!(judge(&request), Ok(()));
    *request.uri_mut() = http::Uri::from_static("https://EXAMPLE.com:443/k");
    assert_eq!(judge(&request), Ok(()), "another spelling of one host");
    *request.uri_mut() = http::Uri::from_static("/k");
    assert_eq!(judge(&request), Ok(()), "HTTP/1.1");
    *request.uri_mut() = http::Uri::from_static("https://admin.example.com/k");
    assert_eq!(judge(&request), Err(VerifyErrorKind::UnsignedHeader));
}
