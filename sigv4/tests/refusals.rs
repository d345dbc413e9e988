//! What a verifier refuses, and what it says: one table a topic, named by the bug class it answers where there is one. The vectors in the
//! conformance suite hold the common cases; here are the boundaries.
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

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sigv4::{
    Answer, AnswerTable, Credentials, Expires, KeyRecord, Limits, LookupFailed, Mechanism, Payload,
    Policy, Region, ReplayGuard, Request, Scratch, SecretAccessKey, Service, SessionToken,
    Signature, Signer, Timestamp, Verifier, VerifyError, VerifyErrorKind,
};

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "secret";
const AT: &str = "20260301T120000Z";

type Fields = Vec<(String, String)>;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn region() -> Region {
    Region::new("us-east-1").unwrap()
}

fn policy() -> Policy {
    Policy::new(
        region(),
        [Service::iot_data(), Service::iot_device_gateway()],
    )
}

fn signer(service: Service) -> Signer {
    Signer::new(Credentials::new(ID, SECRET).unwrap(), region(), service)
}

/// `GET /x` to example.com, signed at `AT` in headers.
fn signed() -> Fields {
    let mut headers: Fields = vec![("host".to_owned(), "example.com".to_owned())];
    let request = Request::new("GET", "/x", &headers);
    let mut scratch = Scratch::new();
    let signer = signer(Service::iot_data());
    let signed = signer
        .sign(&request, Payload::Empty, at(AT), &mut scratch)
        .unwrap();
    let added: Fields = signed
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    headers.extend(added);
    headers
}

fn presigned(expires: u32) -> String {
    let headers = [("host", "example.com")];
    let request = Request::new("GET", "/x", headers.as_slice());
    let expires = Expires::from_secs(expires).unwrap();
    let target = signer(Service::iot_data())
        .presign(
            &request,
            Payload::Empty,
            expires,
            at(AT),
            &mut Scratch::new(),
        )
        .unwrap();
    target.as_str().to_owned()
}

fn judge_with(
    verifier: &Verifier,
    method: &str,
    target: &str,
    headers: &Fields,
    now: Timestamp,
) -> Result<(), VerifyError> {
    let lookup =
        |id: &str| Ok((id == ID).then(|| KeyRecord::long_term(SecretAccessKey::new(SECRET), ())));
    verifier
        .verify(
            &Request::new(method, target, headers),
            b"",
            now,
            &mut Scratch::new(),
            lookup,
        )
        .map(|_| ())
}

fn judge(target: &str, headers: &Fields, now: &str) -> Result<(), VerifyErrorKind> {
    judge_with(&Verifier::new(policy()), "GET", target, headers, at(now))
        .map_err(|error| error.kind())
}

fn host() -> Fields {
    vec![("Host".to_owned(), "example.com".to_owned())]
}

/// BC-057: neither, header, query, both, duplicated: exactly one is accepted.
#[test]
fn the_matrix_of_mechanisms() {
    use VerifyErrorKind::{BothMechanisms, IncompleteSignature, MissingAuthenticationToken};
    let query = presigned(60);
    let header = signed();
    let with = |fields: &Fields, more: &[(&str, &str)]| -> Fields {
        fields
            .iter()
            .cloned()
            .chain(
                more.iter()
                    .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
            )
            .collect()
    };
    let authorization = header
        .iter()
        .find(|(name, _)| name == "authorization")
        .unwrap()
        .1
        .clone();
    for (name, target, headers, expected) in [
        ("header", "/x", header.clone(), Ok(())),
        ("query", query.as_str(), host(), Ok(())),
        ("neither", "/x", host(), Err(MissingAuthenticationToken)),
        (
            "both, both right",
            query.as_str(),
            header.clone(),
            Err(BothMechanisms),
        ),
        (
            "query and another scheme",
            query.as_str(),
            with(&host(), &[("Authorization", "Bearer x")]),
            Err(BothMechanisms),
        ),
        (
            "query and an empty header",
            query.as_str(),
            with(&host(), &[("Authorization", "")]),
            Err(BothMechanisms),
        ),
        (
            "header and one parameter",
            "/x?X-Amz-Expires=60",
            header.clone(),
            Err(BothMechanisms),
        ),
        (
            "header and an escaped parameter",
            "/x?X-Amz%2DSignature=0",
            header.clone(),
            Err(BothMechanisms),
        ),
        (
            "header and a token parameter",
            "/x?X-Amz-Security-Token=t",
            header.clone(),
            Err(BothMechanisms),
        ),
        (
            "header twice",
            "/x",
            with(&header, &[("AUTHORIZATION", &authorization)]),
            Err(IncompleteSignature),
        ),
        (
            "header and a bearer",
            "/x",
            with(&header, &[("Authorization", "Bearer x")]),
            Err(IncompleteSignature),
        ),
        (
            "only a date in the query",
            "/x?X-Amz-Date=20260301T120000Z",
            host(),
            Err(IncompleteSignature),
        ),
        (
            "basic",
            "/x",
            with(&host(), &[("Authorization", "Basic eA==")]),
            Err(MissingAuthenticationToken),
        ),
        (
            "SigV2",
            "/x",
            with(&host(), &[("Authorization", "AWS AKID:sig")]),
            Err(MissingAuthenticationToken),
        ),
        (
            "SigV4a",
            "/x",
            with(&host(), &[("Authorization", "AWS4-ECDSA-P256-SHA256 x")]),
            Err(IncompleteSignature),
        ),
    ] {
        assert_eq!(judge(target, &headers, AT), expected, "{name}");
    }
}

/// BC-061: every parameter of a presigned URL twice, and in another case.
#[test]
fn duplicated_and_respelled_parameters() {
    let target = presigned(60);
    let query = target.split_once('?').unwrap().1;
    for parameter in query.split('&') {
        let (name, _) = parameter.split_once('=').unwrap();
        assert_eq!(
            judge(&format!("{target}&{parameter}"), &host(), AT),
            Err(VerifyErrorKind::IncompleteSignature),
            "{name} twice"
        );
        let lower = format!("{}{}", name.to_lowercase(), &parameter[name.len()..]);
        let added = judge(&format!("{target}&{lower}"), &host(), AT);
        assert_eq!(
            added,
            Err(VerifyErrorKind::SignatureDoesNotMatch),
            "{name} in lower case is another parameter, which is not signed"
        );
        let without: Vec<_> = query
            .split('&')
            .filter(|other| *other != parameter)
            .collect();
        let missing = judge(&format!("/x?{}", without.join("&")), &host(), AT);
        assert_eq!(
            missing,
            Err(VerifyErrorKind::IncompleteSignature),
            "{name} missing"
        );
    }
    for header in ["x-amz-date", "host"] {
        let mut headers = signed();
        let again = headers
            .iter()
            .find(|(name, _)| name == header)
            .unwrap()
            .clone();
        headers.push((again.0.to_uppercase(), again.1));
        assert!(judge("/x", &headers, AT).is_err(), "{header} twice");
    }
}

/// BC-062: skew to the second, and lifetimes at their ends.
#[test]
fn time_to_the_second() {
    let headers = signed();
    for (now, expected) in [
        ("20260301T114459Z", Err(VerifyErrorKind::RequestExpired)),
        ("20260301T114500Z", Ok(())),
        ("20260301T120000Z", Ok(())),
        ("20260301T121500Z", Ok(())),
        ("20260301T121501Z", Err(VerifyErrorKind::RequestExpired)),
        ("20270301T120000Z", Err(VerifyErrorKind::RequestExpired)),
    ] {
        assert_eq!(judge("/x", &headers, now), expected, "{now}");
    }
    for (expires, last, late) in [
        (1, "20260301T120001Z", "20260301T120002Z"),
        (604_800, "20260308T120000Z", "20260308T120001Z"),
    ] {
        let target = presigned(expires);
        assert_eq!(judge(&target, &host(), last), Ok(()), "{expires}");
        assert_eq!(
            judge(&target, &host(), late),
            Err(VerifyErrorKind::RequestExpired),
            "{expires}"
        );
        assert_eq!(
            judge(&target, &host(), "20260301T114459Z"),
            Err(VerifyErrorKind::RequestExpired),
            "{expires}, from the future"
        );
    }
    for text in [
        "0",
        "604801",
        "2147483648",
        "9223372036854775808",
        "-1",
        "%2B1",
        "+1",
        "060",
        "6e1",
        "",
        "%20",
    ] {
        let target = presigned(60).replace("X-Amz-Expires=60", &format!("X-Amz-Expires={text}"));
        assert_eq!(
            judge(&target, &host(), AT),
            Err(VerifyErrorKind::InvalidExpires),
            "{text}"
        );
    }
    // The scope of another day.
    let mut headers = signed();
    headers
        .iter_mut()
        .for_each(|(_, value)| *value = value.replace("/20260301/", "/20260302/"));
    assert_eq!(
        judge("/x", &headers, AT),
        Err(VerifyErrorKind::InvalidScope)
    );
}

#[test]
fn the_skew_is_the_policys() {
    let verifier = Verifier::new(policy().with_skew(Duration::from_secs(10)));
    for (now, ok) in [
        ("20260301T115949Z", false),
        ("20260301T115950Z", true),
        ("20260301T120010Z", true),
        ("20260301T120011Z", false),
    ] {
        assert_eq!(
            judge_with(&verifier, "GET", "/x", &signed(), at(now)).is_ok(),
            ok,
            "{now}"
        );
    }
}

/// BC-073: every header that is read, empty, blank and 64 KiB long: an error with a name, and no panic.
#[test]
fn headers_that_are_empty_blank_or_huge() {
    let huge = "a".repeat(64 * 1024);
    for name in [
        "authorization",
        "x-amz-date",
        "date",
        "host",
        "x-amz-security-token",
        "x-amz-content-sha256",
    ] {
        for value in ["", "   ", "\t", huge.as_str(), "\u{0}", "a\nb"] {
            let mut headers: Fields = signed()
                .into_iter()
                .filter(|(other, _)| other != name)
                .collect();
            headers.push((name.to_owned(), value.to_owned()));
            let result = judge("/x", &headers, AT);
            // A `Date` beside an `X-Amz-Date` is not looked at, so long as it is a header at all.
            if value.contains(['\0', '\n']) {
                assert_eq!(result, Err(VerifyErrorKind::InvalidHeader), "{name}");
            } else if name == "date" && value.len() < 1000 {
                assert_eq!(result, Ok(()), "{value:?}");
            } else {
                assert!(
                    result.is_err(),
                    "{name}: {:?}",
                    &value[..value.len().min(9)]
                );
            }
        }
    }
    for parameter in [
        "Algorithm",
        "Credential",
        "Date",
        "Expires",
        "SignedHeaders",
        "Signature",
        "Security-Token",
    ] {
        for value in ["", "%20%20", "%00", &huge[..8000], "%0A"] {
            let kept: Vec<String> = presigned(60)
                .split('&')
                .filter(|piece| !piece.contains(&format!("X-Amz-{parameter}=")))
                .map(str::to_owned)
                .collect();
            let target = format!("{}&X-Amz-{parameter}={value}", kept.join("&"));
            let target = if target.contains('?') {
                target
            } else {
                target.replacen('&', "?", 1)
            };
            assert!(
                judge(&target, &host(), AT).is_err(),
                "{parameter}={:?}",
                &value[..value.len().min(9)]
            );
        }
    }
}

#[test]
fn limits() {
    let verifier = Verifier::new(policy().with_limits(Limits {
        headers: 4,
        header_bytes: 400,
        target_len: 100,
    }));
    let headers = signed();
    let judge = |target: &str, headers: &Fields| {
        judge_with(&verifier, "GET", target, headers, at(AT)).map_err(|error| error.kind())
    };
    assert_eq!(judge("/x", &headers), Ok(()));
    let mut many = headers.clone();
    many.extend([
        ("a".to_owned(), String::new()),
        ("b".to_owned(), String::new()),
    ]);
    assert_eq!(judge("/x", &many), Err(VerifyErrorKind::LimitExceeded));
    let mut long = headers.clone();
    long.push(("a".to_owned(), "x".repeat(400)));
    assert_eq!(judge("/x", &long), Err(VerifyErrorKind::LimitExceeded));
    assert_eq!(
        judge(&format!("/x?{}", "a".repeat(98)), &headers),
        Err(VerifyErrorKind::LimitExceeded)
    );
}

/// Any bytes as target, method and header name: an error with the right name.
#[test]
fn bad_request_lines() {
    let verifier = Verifier::new(policy());
    let headers = signed();
    let judge = |method: &str, target: &str| {
        judge_with(&verifier, method, target, &headers, at(AT))
            .map_err(|error| (error.kind(), error.offset()))
    };
    use VerifyErrorKind::{InvalidPath, MalformedQueryString};
    for (method, target, expected) in [
        ("GET", "x", (InvalidPath, Some(0))),
        ("GET", "*", (InvalidPath, Some(0))),
        ("GET", "http://example.com/x", (InvalidPath, Some(0))),
        ("GET", "/x y", (InvalidPath, Some(2))),
        ("GET", "/x\ny", (InvalidPath, Some(2))),
        ("GET", "/%", (InvalidPath, Some(1))),
        ("GET", "/%zz?%zz", (InvalidPath, Some(1))),
        ("GET", "/x#f", (InvalidPath, Some(2))),
        ("GET", "/../x", (InvalidPath, Some(1))),
        ("GET", "/x?%zz", (MalformedQueryString, Some(3))),
        ("GET", "/x?a=b c", (MalformedQueryString, Some(6))),
        ("GET", "/x?a#f", (MalformedQueryString, Some(4))),
        ("", "/x", (InvalidPath, None)),
        ("GET /x", "/x", (InvalidPath, None)),
        ("GET\n", "/x", (InvalidPath, None)),
    ] {
        assert_eq!(
            judge(method, target),
            Err(expected),
            "{method:?} {target:?}"
        );
    }
    assert_eq!(
        judge("get", "/x"),
        Err((VerifyErrorKind::SignatureDoesNotMatch, None)),
        "methods are case-sensitive"
    );
}

/// BC-056: payload literals. Nothing that is not a hash or an accepted `UNSIGNED-PAYLOAD` passes, signed or not.
#[test]
fn payload_literals() {
    let literals = [
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "unsigned-payload",
        "UNSIGNED-PAYLOAD ,UNSIGNED-PAYLOAD",
        "",
        "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855",
    ];
    for accept in [false, true] {
        let policy = if accept {
            policy().dangerous_accept_unsigned_payload()
        } else {
            policy()
        };
        let verifier = Verifier::new(policy);
        let judge = |value: &str| {
            let mut headers = signed();
            headers.push(("x-amz-content-sha256".to_owned(), value.to_owned()));
            judge_with(&verifier, "GET", "/x", &headers, at(AT)).map_err(|error| error.kind())
        };
        for literal in literals {
            assert_eq!(
                judge(literal),
                Err(VerifyErrorKind::PayloadMismatch),
                "{literal}"
            );
        }
        let downgrade = if accept {
            VerifyErrorKind::SignatureDoesNotMatch
        } else {
            VerifyErrorKind::PayloadMismatch
        };
        assert_eq!(judge("UNSIGNED-PAYLOAD"), Err(downgrade));
        assert_eq!(
            judge("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            Ok(())
        );
    }
}

/// Temporary credentials: the token that belongs to the key, and not a second longer than the session.
#[test]
fn sessions() {
    let credentials = Credentials::new(ID, SECRET)
        .unwrap()
        .with_session_token("token")
        .unwrap();
    let signer = Signer::new(credentials, region(), Service::iot_data());
    let mut headers: Fields = host();
    let request = Request::new("GET", "/x", &headers);
    let mut scratch = Scratch::new();
    let added: Fields = {
        let signed = signer
            .sign(&request, Payload::Empty, at(AT), &mut scratch)
            .unwrap();
        signed
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    };
    headers.extend(added);
    let verifier = Verifier::new(policy());
    let judge = |token: &str, ends: Option<&str>| {
        let record = KeyRecord::temporary(
            SecretAccessKey::new(SECRET),
            SessionToken::new(token),
            ends.map(at),
            (),
        );
        let request = Request::new("GET", "/x", &headers);
        verifier
            .verify(&request, b"", at(AT), &mut Scratch::new(), |_| {
                Ok(Some(record))
            })
            .map(|_| ())
            .map_err(|error| error.kind())
    };
    assert_eq!(judge("token", None), Ok(()));
    assert_eq!(judge("token", Some("20260301T120001Z")), Ok(()));
    assert_eq!(
        judge("token", Some("20260301T120000Z")),
        Err(VerifyErrorKind::ExpiredTokenException)
    );
    for other in ["tokem", "toke", "tokenn", "", "TOKEN"] {
        assert_eq!(
            judge(other, None),
            Err(VerifyErrorKind::UnrecognizedClientException),
            "{other}"
        );
    }
}

#[test]
fn a_lookup_that_fails_is_not_the_clients_fault() {
    let headers = signed();
    let request = Request::new("GET", "/x", &headers);
    let result =
        Verifier::new(policy()).verify::<(), _>(&request, b"", at(AT), &mut Scratch::new(), |_| {
            Err(LookupFailed)
        });
    let error = result.unwrap_err();
    assert_eq!(
        (error.kind(), error.kind().status()),
        (VerifyErrorKind::LookupFailed, 500)
    );
    assert_eq!(
        AnswerTable::s3()
            .with(error.kind(), Answer::new("SlowDown", 503))
            .answer(error.kind())
            .status(),
        503
    );
}

#[test]
fn replays() {
    #[derive(Default)]
    struct Seen(Mutex<HashSet<Signature>>);
    impl ReplayGuard for Seen {
        fn is_first_use(
            &self,
            signature: Signature,
            valid_until: Timestamp,
            mechanism: Mechanism,
        ) -> bool {
            assert_eq!(
                (valid_until, mechanism),
                (at("20260301T121500Z"), Mechanism::Header)
            );
            self.0.lock().unwrap().insert(signature)
        }
    }
    let seen = Arc::new(Seen::default());
    let verifier = Verifier::new(policy()).with_replay_guard(seen.clone());
    let mut forged = signed();
    forged.iter_mut().for_each(|(name, value)| {
        if name == "authorization" {
            value.replace_range(value.len() - 1.., "!");
        }
    });
    assert!(judge_with(&verifier, "GET", "/x", &forged, at(AT)).is_err());
    assert!(
        seen.0.lock().unwrap().is_empty(),
        "only genuine requests are remembered"
    );
    assert_eq!(
        judge_with(&verifier, "GET", "/x", &signed(), at(AT)),
        Ok(())
    );
    assert_eq!(
        judge_with(&verifier, "GET", "/x", &signed(), at(AT))
            .unwrap_err()
            .kind(),
        VerifyErrorKind::Replayed
    );
}

#[test]
fn exempt_headers_are_exempt_and_no_others() {
    let verifier = Verifier::new(policy().dangerous_accept_unsigned_header("x-amz-cf-id"));
    for (name, ok) in [
        ("X-Amz-Cf-Id", true),
        ("x-amz-cf-id2", false),
        ("x-amz-cf", false),
    ] {
        let mut headers = signed();
        headers.push((name.to_owned(), "1".to_owned()));
        assert_eq!(
            judge_with(&verifier, "GET", "/x", &headers, at(AT)).is_ok(),
            ok,
            "{name}"
        );
    }
}
