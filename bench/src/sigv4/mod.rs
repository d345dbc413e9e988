//! Signing, presigning and verifying against the peers, and against the hashing alone.

mod peers;

use std::collections::HashMap;
use std::num::NonZeroUsize;

use sigv4::{
    Credentials, Expires, KeyCache, KeyRecord, Payload, PayloadHash, Policy, Region, Request,
    Scratch, SecretAccessKey, Service, Signer, Timestamp, Verifier,
};

use crate::harness::{Bench, Entry};

pub(crate) const ACCESS_KEY_ID: &str = "AKIDEXAMPLE0EXAMPLE0";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const HOST: &str = "a1b2c3d4e5f6g7-ats.iot.us-east-1.amazonaws.com";
pub(crate) const TARGET: &str = "/topics/plant?qos=1";
pub(crate) const CONTENT_TYPE: &str = "application/octet-stream";
pub(crate) const BODY: &[u8] =
    br#"{"temperature":21.5,"humidity":40,"battery":87,"at":"2026-03-01T12"}x"#;
/// 2026-03-01T12:00:00Z.
pub(crate) const NOW: u64 = 1_772_366_400;

const OPERATIONS: u64 = 200;
const ROUNDS: usize = 120;

/// What an operation answers with, folded into the checksum.
pub(crate) fn fold(signature: &[u8]) -> u64 {
    signature
        .iter()
        .take(8)
        .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
}

pub(crate) fn repeat(mut operation: impl FnMut() -> u64) -> u64 {
    (0..OPERATIONS).fold(0, |sum, _| sum.wrapping_add(operation()))
}

fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY_ID, SECRET).expect("the constants are credentials")
}

fn region() -> Region {
    Region::new(REGION).expect("the constant is a region")
}

fn cache() -> KeyCache {
    KeyCache::new(NonZeroUsize::new(1000).expect("1000 is not zero"))
}

fn now() -> Timestamp {
    Timestamp::from_unix(NOW).expect("the constant is an instant")
}

pub(crate) fn run(bench: &mut Bench) {
    sign(bench);
    presign(bench);
    verify(bench);
    body(bench);
}

fn headers() -> Vec<(&'static str, &'static str)> {
    vec![("host", HOST), ("content-type", CONTENT_TYPE)]
}

fn sign_once(signer: &Signer, scratch: &mut Scratch) -> u64 {
    let headers = [("host", HOST), ("content-type", CONTENT_TYPE)];
    let request = Request::new("POST", TARGET, headers.as_slice());
    let signed = signer
        .sign(&request, Payload::Body(BODY), now(), scratch)
        .expect("the request can be signed");
    fold(signed.signature().as_bytes())
}

fn sign(bench: &mut Bench) {
    const CASE: &str = "sign headers, 69-byte body";
    let uncached = Signer::new(credentials(), region(), Service::iot_data());
    let cached = Signer::new(credentials(), region(), Service::iot_data()).with_key_cache(cache());
    let (mut first, mut second) = (Scratch::new(), Scratch::new());
    sign_once(&cached, &mut second);
    let chain = peers::Floor::new(&second, "iotdata", Some(BODY));
    let aws = peers::Aws::headers();
    bench.head("Sign");
    bench.case(
        CASE,
        OPERATIONS,
        ROUNDS,
        vec![
            Entry::ours("sigv4", || repeat(|| sign_once(&uncached, &mut first))),
            Entry::ours("sigv4, key cached", || {
                repeat(|| sign_once(&cached, &mut second))
            }),
            Entry::peer("aws-sigv4", || repeat(|| aws.sign())),
            peers::reqsign_headers(),
            Entry::peer("ring: the hash chain alone", || repeat(|| chain.whole())),
            Entry::peer("ring: the hash chain alone, key cached", || {
                repeat(|| chain.cached())
            }),
        ],
    );
    bench.case(
        "sign headers, a fresh scratch each",
        OPERATIONS,
        ROUNDS / 4,
        vec![Entry::ours("sigv4", || {
            repeat(|| sign_once(&uncached, &mut Scratch::new()))
        })],
    );
    let (own, own_cached) = (
        bench.time(CASE, "sigv4"),
        bench.time(CASE, "sigv4, key cached"),
    );
    let aws = bench.time(CASE, "aws-sigv4");
    bench.goal("sign-vs-aws-sigv4", own / aws, 0.50);
    bench.goal("sign-cached-vs-aws-sigv4", own_cached / aws, 0.20);
    let floor = bench.time(CASE, "ring: the hash chain alone, key cached");
    bench.goal("sign-cached-vs-floor", own_cached / floor, 1.5);
    bench.goal("sign-allocations", bench.allocations(CASE, "sigv4"), 4.0);
}

fn presign_once(signer: &Signer, scratch: &mut Scratch) -> u64 {
    let expires = Some(Expires::from_secs(900).expect("900 is a lifetime"));
    let url = signer
        .presign_mqtt_websocket(HOST, expires, now(), scratch)
        .expect("the endpoint can be presigned");
    fold(url.signature().as_bytes())
}

fn presign(bench: &mut Bench) {
    const CASE: &str = "presign wss /mqtt";
    let uncached = Signer::new(credentials(), region(), Service::iot_device_gateway());
    let cached =
        Signer::new(credentials(), region(), Service::iot_device_gateway()).with_key_cache(cache());
    let (mut first, mut second) = (Scratch::new(), Scratch::new());
    presign_once(&cached, &mut second);
    let chain = peers::Floor::new(&second, "iotdevicegateway", None);
    let aws = peers::Aws::query();
    bench.head("Presign");
    bench.case(
        CASE,
        OPERATIONS,
        ROUNDS,
        vec![
            Entry::ours("sigv4", || repeat(|| presign_once(&uncached, &mut first))),
            Entry::ours("sigv4, key cached", || {
                repeat(|| presign_once(&cached, &mut second))
            }),
            Entry::peer("aws-sigv4", || repeat(|| aws.sign())),
            peers::reqsign_query(),
            Entry::peer("ring: the hash chain alone", || repeat(|| chain.whole())),
            Entry::peer("ring: the hash chain alone, key cached", || {
                repeat(|| chain.cached())
            }),
        ],
    );
    let (own, own_cached) = (
        bench.time(CASE, "sigv4"),
        bench.time(CASE, "sigv4, key cached"),
    );
    let aws = bench.time(CASE, "aws-sigv4");
    bench.goal("presign-vs-aws-sigv4", own / aws, 0.50);
    bench.goal("presign-cached-vs-aws-sigv4", own_cached / aws, 0.20);
    let floor = bench.time(CASE, "ring: the hash chain alone, key cached");
    bench.goal("presign-cached-vs-floor", own_cached / floor, 1.5);
    bench.goal("presign-allocations", bench.allocations(CASE, "sigv4"), 2.0);
}

fn verify(bench: &mut Bench) {
    const CASE: &str = "verify headers, 69-byte body";
    let signer = Signer::new(credentials(), region(), Service::iot_data());
    let mut scratch = Scratch::new();
    let mut signed_headers: Vec<(String, String)> = headers()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let request = Request::new("POST", TARGET, &signed_headers);
    let signed = signer
        .sign(&request, Payload::Body(BODY), now(), &mut scratch)
        .expect("the request can be signed");
    signed_headers.extend(
        signed
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    let chain = peers::Floor::new(&scratch, "iotdata", Some(BODY));
    let expected = fold(signed.signature().as_bytes());

    let mut http_request = http::Request::post(format!("https://{HOST}{TARGET}"));
    for (name, value) in &signed_headers {
        http_request = http_request.header(name, value);
    }
    let http_request = http_request.body(()).expect("the headers are headers");

    let store: HashMap<String, KeyRecord<u32>> = HashMap::from([(
        ACCESS_KEY_ID.to_owned(),
        KeyRecord::long_term(SecretAccessKey::new(SECRET), 7),
    )]);
    let policy = || {
        Policy::new(
            region(),
            [Service::iot_data(), Service::iot_device_gateway()],
        )
    };
    let uncached = Verifier::new(policy());
    let cached = Verifier::new(policy()).with_key_cache(cache());
    let once = |verifier: &Verifier, scratch: &mut Scratch| {
        let request = Request::new("POST", TARGET, &signed_headers);
        let verified = verifier.verify(&request, BODY, now(), scratch, |id| {
            Ok(store.get(id).cloned())
        });
        fold(
            verified
                .expect("the request is genuine")
                .signature()
                .as_bytes(),
        )
    };
    let once_http = |verifier: &Verifier, scratch: &mut Scratch| {
        let view = sigv4::HttpRequest::of(&http_request);
        let verified = verifier.verify(&view.request(), BODY, now(), scratch, |id| {
            Ok(store.get(id).cloned())
        });
        fold(
            verified
                .expect("the request is genuine")
                .signature()
                .as_bytes(),
        )
    };
    let [mut first, mut second, mut third] = [Scratch::new(), Scratch::new(), Scratch::new()];
    let rounds = bench.rounds(ROUNDS);
    bench.head("Verify");
    bench.case(
        CASE,
        OPERATIONS,
        ROUNDS,
        vec![
            Entry::ours("sigv4", || repeat(|| once(&uncached, &mut first))),
            Entry::ours("sigv4, key cached", || {
                repeat(|| once(&cached, &mut second))
            }),
            Entry::ours("sigv4, key cached, `http::Request`", || {
                repeat(|| once_http(&cached, &mut third))
            }),
            peers::scratchstack(&signed_headers, expected, false, rounds),
            peers::scratchstack(&signed_headers, expected, true, rounds),
            Entry::peer("ring: the hash chain alone", || repeat(|| chain.whole())),
            Entry::peer("ring: the hash chain alone, key cached", || {
                repeat(|| chain.cached())
            }),
        ],
    );
    let time = |name| bench.time(CASE, name);
    let (own, own_cached) = (time("sigv4"), time("sigv4, key cached"));
    let (peer, peer_cached) = (
        time("scratchstack-aws-signature"),
        time("scratchstack-aws-signature, key given"),
    );
    let floor = time("ring: the hash chain alone, key cached");
    let allocations = bench.allocations(CASE, "sigv4, key cached");
    bench.goal("verify-vs-scratchstack", own / peer, 0.50);
    bench.goal(
        "verify-cached-vs-scratchstack",
        own_cached / peer_cached,
        0.30,
    );
    bench.goal("verify-cached-vs-floor", own_cached / floor, 1.7);
    bench.goal("verify-allocations", allocations, 1.0);
}

fn body(bench: &mut Bench) {
    const CASE: &str = "hash a 64 KiB body";
    let body = vec![0x5A_u8; 64 * 1024];
    bench.head("Body");
    let ratio = bench.case(
        CASE,
        20,
        ROUNDS,
        vec![
            Entry::ours("sigv4", || {
                (0..20).fold(0, |sum: u64, _| {
                    sum.wrapping_add(fold(PayloadHash::of(&body).as_bytes()))
                })
            }),
            Entry::peer("ring", || {
                (0..20).fold(0, |sum: u64, _| {
                    sum.wrapping_add(fold(
                        ring::digest::digest(&ring::digest::SHA256, &body).as_ref(),
                    ))
                })
            }),
        ],
    );
    // At least 0.95 of ring's throughput.
    bench.goal("body-vs-ring", ratio, 1.0 / 0.95);
}
