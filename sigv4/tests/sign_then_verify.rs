//! What is signed verifies, and what was changed after signing does not: for every request of a seeded stream, through the public API.
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

use std::num::NonZeroUsize;

use sigv4::{
    Credentials, Expires, KeyCache, KeyRecord, Mechanism, Payload, Policy, Region, Request,
    Scratch, SecretAccessKey, Service, SessionToken, Signer, Timestamp, Verified, Verifier,
    VerifyError, VerifyErrorKind,
};

const ID: &str = "AKIDEXAMPLE0EXAMPLE0";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN: &str = "IQoJb3JpZ2luX2VjE/abc+def==";

/// A small generator of its own (xorshift), so that a failure can be made again from its number.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn text(&mut self, alphabet: &[&str], longest: usize) -> String {
        (0..self.below(longest + 1))
            .map(|_| alphabet[self.below(alphabet.len())])
            .collect()
    }
}

#[derive(Clone, Debug)]
struct Message {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    temporary: bool,
}

impl Message {
    fn request(&self) -> Request<'_, Vec<(String, Vec<u8>)>> {
        Request::new(&self.method, &self.target, &self.headers)
    }

    fn random(numbers: &mut Numbers) -> Self {
        const PATH: &[&str] = &[
            "a",
            "B",
            "7",
            "-",
            ".",
            "_",
            "~",
            "/",
            "%20",
            "%2F",
            "%E2%82%AC",
            "!",
            "'",
            "(",
            "*",
            ";",
            ":",
            "@",
            "=",
            "+",
            ",",
        ];
        const QUERY: &[&str] = &[
            "a", "B", "7", "&", "&b=", "=", "%20", "%2F", "%26", "%FF", "%7E", "~", "+", "/", "?",
            "!", "*", ";",
        ];
        let mut target = format!("/x{}", numbers.text(PATH, 12));
        // A segment of dots would be refused, or removed; the paths have tests of their own.
        target = target.replace("/.", "/x.");
        if numbers.below(3) > 0 {
            target.push_str(&format!("?{}", numbers.text(QUERY, 12)));
        }
        let mut headers = vec![("Host".to_owned(), b"example.com".to_vec())];
        for index in 0..numbers.below(4) {
            let value = numbers.text(&["a", " ", "  ", "\t", "\"", "\u{fc}", ",", ";"], 9);
            headers.push((
                ["X-Amz-Meta-A", "x-b", "Accept"][(index + numbers.below(2)) % 3].to_owned(),
                value.into_bytes(),
            ));
        }
        Self {
            method: ["GET", "POST", "PUT", "DELETE", "PATCH"][numbers.below(5)].to_owned(),
            target,
            headers,
            body: numbers.text(&["a", "\0", "{", "\u{20ac}"], 40).into_bytes(),
            temporary: numbers.below(2) == 0,
        }
    }
}

fn now() -> Timestamp {
    Timestamp::parse("20260301T120000Z").unwrap()
}

fn region() -> Region {
    Region::new("us-east-1").unwrap()
}

fn signer(service: Service, temporary: bool) -> Signer {
    let credentials = Credentials::new(ID, SECRET).unwrap();
    Signer::new(
        if temporary {
            credentials.with_session_token(TOKEN).unwrap()
        } else {
            credentials
        },
        region(),
        service,
    )
}

fn verifier() -> Verifier {
    Verifier::new(Policy::new(
        region(),
        [
            Service::iot_data(),
            Service::s3(),
            Service::iot_device_gateway(),
        ],
    ))
    .with_key_cache(KeyCache::new(NonZeroUsize::new(4).unwrap()))
}

fn verify(
    verifier: &Verifier,
    message: &Message,
    scratch: &mut Scratch,
) -> Result<Verified<u8>, VerifyError> {
    let record = if message.temporary {
        KeyRecord::temporary(
            SecretAccessKey::new(SECRET),
            SessionToken::new(TOKEN),
            None,
            7,
        )
    } else {
        KeyRecord::long_term(SecretAccessKey::new(SECRET), 7)
    };
    let known = |id: &str| Ok((id == ID).then_some(record.clone()));
    let whole = verifier.verify(&message.request(), &message.body, now(), scratch, known);
    let pieces = verifier
        .head(&message.request(), now(), scratch)
        .and_then(|claim| {
            let record = (claim.access_key_id() == ID).then_some(record.clone());
            let mut pending = claim.authenticate(record)?;
            message
                .body
                .chunks(5)
                .for_each(|piece| pending.update(piece));
            pending.finish()
        });
    assert_eq!(
        whole.is_ok(),
        pieces.is_ok(),
        "one call and two steps agree"
    );
    whole
}

fn sign_headers(message: &mut Message, service: Service, scratch: &mut Scratch) {
    let signer = signer(service, message.temporary);
    let signed = signer
        .sign(
            &message.request(),
            Payload::Body(&message.body),
            now(),
            scratch,
        )
        .unwrap();
    let added: Vec<_> = signed
        .headers()
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .collect();
    message.headers.extend(added);
}

fn sign_query(message: &mut Message, service: Service, scratch: &mut Scratch) {
    let payload = if service.name() == "s3" {
        Payload::Unsigned
    } else {
        Payload::Body(&message.body)
    };
    let signer = signer(service, message.temporary);
    let target = signer
        .presign(
            &message.request(),
            payload,
            Expires::from_secs(60).unwrap(),
            now(),
            scratch,
        )
        .unwrap();
    message.target = target.as_str().to_owned();
}

#[test]
fn every_signed_request_verifies() {
    let (mut numbers, mut scratch, verifier) = (Numbers(1), Scratch::new(), verifier());
    for number in 0..2000 {
        let message = Message::random(&mut numbers);
        for service in [
            Service::iot_data(),
            Service::s3(),
            Service::iot_device_gateway(),
        ] {
            // The device gateway sends its token unsigned, which only a query may do.
            if service.name() != "iotdevicegateway" || !message.temporary {
                let mut signed = message.clone();
                sign_headers(&mut signed, service.clone(), &mut scratch);
                let verified = verify(&verifier, &signed, &mut scratch)
                    .unwrap_or_else(|error| panic!("{number}: {error}\n{signed:?}"));
                assert_eq!(
                    (
                        *verified.identity(),
                        verified.access_key_id(),
                        verified.mechanism()
                    ),
                    (7, ID, Mechanism::Header)
                );
                assert_eq!(verified.service(), service.name());
                assert!(verified.is_signed_header("HOST") && verified.is_body_bound());
            }
            let mut presigned = message.clone();
            sign_query(&mut presigned, service.clone(), &mut scratch);
            let verified = verify(&verifier, &presigned, &mut scratch)
                .unwrap_or_else(|error| panic!("{number}: {error}\n{presigned:?}"));
            assert_eq!(
                (verified.mechanism(), verified.is_body_bound()),
                (Mechanism::Query, service.name() != "s3")
            );
        }
    }
}

/// BC-056, BC-060: every single-bit change of any part of 1,000 requests is refused.
#[test]
#[ignore = "takes a minute: run by `cargo xtask check`"]
fn every_single_bit_change_is_refused() {
    flip_every_bit(1000);
}

#[test]
fn every_single_bit_change_of_a_few_requests_is_refused() {
    flip_every_bit(20);
}

/// The case of a name, and a bit of white space or of an escape's digits, change the spelling and not the meaning; then the canonical request
/// must be the same, byte by byte.
fn flip_every_bit(requests: usize) {
    let (mut numbers, mut scratch, verifier) = (Numbers(2), Scratch::new(), verifier());
    for number in 0..requests {
        let mut message = Message::random(&mut numbers);
        if number % 2 == 0 {
            sign_headers(&mut message, Service::iot_data(), &mut scratch);
        } else {
            sign_query(&mut message, Service::iot_data(), &mut scratch);
        }
        verify(&verifier, &message, &mut scratch).unwrap();
        let canonical = scratch.canonical_request().to_vec();
        let mut passes = |changed: &Message| {
            let passes = verify(&verifier, changed, &mut scratch).is_ok();
            if passes {
                assert_eq!(
                    scratch.canonical_request(),
                    canonical,
                    "{number}: {changed:?}"
                );
            }
            passes
        };
        for changed in flips(&message.body) {
            let changed = Message {
                body: changed,
                ..message.clone()
            };
            assert!(!passes(&changed), "{number}: a changed body passes");
        }
        for changed in flips(message.method.as_bytes()) {
            let Ok(method) = String::from_utf8(changed) else {
                continue;
            };
            let changed = Message {
                method,
                ..message.clone()
            };
            assert!(!passes(&changed), "{number}: a changed method passes");
        }
        for changed in flips(message.target.as_bytes()) {
            let Ok(target) = String::from_utf8(changed) else {
                continue;
            };
            passes(&Message {
                target,
                ..message.clone()
            });
        }
        for index in 0..message.headers.len() {
            let (name, value) = &message.headers[index];
            for value in flips(value) {
                let mut changed = message.clone();
                changed.headers[index].1 = value;
                passes(&changed);
            }
            for other in flips(name.as_bytes()) {
                let Ok(other) = String::from_utf8(other) else {
                    continue;
                };
                let is_same = other.eq_ignore_ascii_case(name);
                let mut changed = message.clone();
                changed.headers[index].0 = other;
                assert_eq!(passes(&changed), is_same, "{number}: {changed:?}");
            }
        }
    }
}

/// The bytes with each bit changed, one at a time.
fn flips(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    (0..bytes.len() * 8).map(|bit| {
        let mut changed = bytes.to_vec();
        changed[bit / 8] ^= 1 << (bit % 8);
        changed
    })
}

/// All bits of one whole request, of the parts that are text and have one spelling.
#[test]
fn every_bit_of_one_request() {
    let (mut scratch, verifier) = (Scratch::new(), verifier());
    let mut message = Message {
        method: "POST".to_owned(),
        target: "/topics/plant?qos=1".to_owned(),
        headers: vec![
            ("host".to_owned(), b"example.com".to_vec()),
            ("x-amz-meta-a".to_owned(), b"v".to_vec()),
        ],
        body: b"{\"v\":1}".to_vec(),
        temporary: true,
    };
    sign_headers(&mut message, Service::iot_data(), &mut scratch);
    verify(&verifier, &message, &mut scratch).unwrap();
    for index in 0..message.headers.len() {
        for at in 0..message.headers[index].1.len() {
            for bit in 0..8 {
                let mut changed = message.clone();
                changed.headers[index].1[at] ^= 1 << bit;
                // White space between the parameters of the header, and only that, has several spellings.
                let was = message.headers[index].1[at];
                if let Ok(verified) = verify(&verifier, &changed, &mut scratch) {
                    assert_eq!(message.headers[index].0, "authorization");
                    assert!(
                        was == b' ',
                        "byte {at} bit {bit} of authorization: {verified:?}"
                    );
                }
            }
        }
    }
    for at in 0..message.target.len() {
        for bit in 0..7 {
            let mut target = message.target.clone().into_bytes();
            target[at] ^= 1 << bit;
            let changed = Message {
                target: String::from_utf8(target).unwrap(),
                ..message.clone()
            };
            assert!(
                verify(&verifier, &changed, &mut scratch).is_err(),
                "byte {at} bit {bit} of the target: {}",
                changed.target
            );
        }
    }
}

/// BC-060: a header that is added, altered or taken away.
#[test]
fn headers_added_altered_and_removed() {
    let (mut scratch, verifier) = (Scratch::new(), verifier());
    let mut message = Message::random(&mut Numbers(7));
    message
        .headers
        .push(("x-amz-meta-q".to_owned(), b"1".to_vec()));
    sign_headers(&mut message, Service::iot_data(), &mut scratch);
    let kind = |message: &Message, scratch: &mut Scratch| {
        verify(&verifier, message, scratch)
            .map_err(|error| error.kind())
            .err()
    };
    assert_eq!(kind(&message, &mut scratch), None);
    for name in ["x-amz-acl", "X-AMZ-Copy-Source", "x-amz-", "X-Amz-Date2"] {
        let mut changed = message.clone();
        changed.headers.push((name.to_owned(), b"x".to_vec()));
        assert_eq!(
            kind(&changed, &mut scratch),
            Some(VerifyErrorKind::UnsignedHeader),
            "{name}"
        );
    }
    for name in ["x-amzn-trace-id", "x-amz", "user-agent", "via"] {
        let mut changed = message.clone();
        changed.headers.push((name.to_owned(), b"x".to_vec()));
        assert_eq!(kind(&changed, &mut scratch), None, "{name}");
    }
    for index in 0..message.headers.len() {
        let mut changed = message.clone();
        let (name, _) = changed.headers.remove(index);
        assert!(
            kind(&changed, &mut scratch).is_some(),
            "{name} was taken away"
        );
        let mut changed = message.clone();
        changed.headers.push(changed.headers[index].clone());
        assert!(kind(&changed, &mut scratch).is_some(), "{name} came twice");
    }
}

/// The cache never answers for another secret, another day or another service, and holds genuine keys only.
#[test]
fn the_key_cache_is_filled_by_genuine_requests_only() {
    let keys = KeyCache::new(NonZeroUsize::new(100).unwrap());
    let verifier =
        Verifier::new(Policy::new(region(), [Service::iot_data()])).with_key_cache(keys.clone());
    let mut scratch = Scratch::new();
    let mut message = Message::random(&mut Numbers(3));
    message.temporary = false;
    sign_headers(&mut message, Service::iot_data(), &mut scratch);
    let ask = |secret: &str, scratch: &mut Scratch| {
        verifier
            .verify(&message.request(), &message.body, now(), scratch, |_| {
                Ok(Some(KeyRecord::long_term(SecretAccessKey::new(secret), ())))
            })
            .map_err(|error| error.kind())
            .is_ok()
    };
    assert!(!ask("other", &mut scratch));
    assert_eq!(
        keys.len(),
        0,
        "a request that is not genuine leaves nothing"
    );
    assert!(ask(SECRET, &mut scratch));
    assert_eq!(keys.len(), 1);
    assert!(
        !ask("other", &mut scratch),
        "the secret was changed: its old key is not used"
    );
    assert!(ask(SECRET, &mut scratch));
    assert_eq!(keys.len(), 1);
}
