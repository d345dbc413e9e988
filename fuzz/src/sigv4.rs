//! Requests from bytes, and the SDK's own signer to compare with.

use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as SdkCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use sigv4::{
    Credentials, Expires, KeyCache, KeyRecord, Payload, Policy, Region, Request, Scratch,
    SecretAccessKey, Service, Signer, Timestamp, Verified, Verifier, VerifyError,
};

pub const ID: &str = "AKIDEXAMPLE0EXAMPLE0";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const REGION: &str = "us-east-1";
pub const HOST: &str = "example.com";

/// A request with all its parts owned.
#[derive(Clone, Debug)]
pub struct Message {
    pub method: String,
    pub target: Vec<u8>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

impl Message {
    /// As on the wire, but for the version: `METHOD target`, header lines, an empty line, the body.
    pub fn read(data: &[u8]) -> Self {
        let (head, body) = match data.windows(2).position(|two| two == b"\n\n") {
            Some(at) => (&data[..at], &data[at + 2..]),
            None => (data, &[][..]),
        };
        let mut lines = head.split(|&byte| byte == b'\n');
        let first = lines.next().unwrap_or_default();
        let space = first.iter().position(|&byte| byte == b' ');
        let (method, target) = first.split_at(space.unwrap_or(0));
        let headers = lines.map(|line| {
            let colon = line.iter().position(|&byte| byte == b':').unwrap_or(0);
            let (name, value) = line.split_at(colon);
            let value = value.strip_prefix(b":").unwrap_or(value);
            (String::from_utf8_lossy(name).into_owned(), value.to_vec())
        });
        Self {
            method: String::from_utf8_lossy(method).into_owned(),
            target: target.strip_prefix(b" ").unwrap_or(target).to_vec(),
            headers: headers.collect(),
            body: body.to_vec(),
        }
    }

    /// A request of the grammar that the SDK and this project read alike: no `+`, no bytes that are not UTF-8, no empty
    /// parameters, no tabs. Everything is in it that they should agree on.
    pub fn of_grammar(data: &[u8]) -> Self {
        const PATH: [&str; 32] = [
            "a",
            "B",
            "0",
            "-",
            ".",
            "_",
            "~",
            "/",
            "/",
            "/./",
            "/../",
            "//",
            "%20",
            "%2F",
            "%2f",
            "%7E",
            "%E2%82%AC",
            "%25",
            "!",
            "$",
            "'",
            "(",
            ")",
            "*",
            ",",
            ";",
            ":",
            "@",
            "=",
            "&",
            "z",
            "/..",
        ];
        const QUERY: [&str; 32] = [
            "a",
            "B",
            "0",
            "-",
            ".",
            "_",
            "~",
            "/",
            "?",
            "&a",
            "&b",
            "&A",
            "&%61",
            "%20",
            "%2F",
            "%2f",
            "%7E",
            "%E2%82%AC",
            "%25",
            "%26",
            "%3D",
            "=",
            "=",
            "!",
            "$",
            "'",
            "(",
            ")",
            "*",
            ",",
            ";",
            ":",
        ];
        const VALUE: [&str; 8] = ["a", " ", "  ", "\"", ",", "B", ";", "="];
        let mut parts = data.splitn(4, |&byte| byte == 0xFF);
        let mut next = || parts.next().unwrap_or_default();
        // Few enough that no target is over the limit.
        let text = |words: &[&'static str], data: &[u8]| -> String {
            let words = data
                .iter()
                .take(800)
                .map(|&byte| words[usize::from(byte) % words.len()]);
            words.collect()
        };
        let mut target = format!("/{}", text(&PATH, next()));
        // botocore and the C runtime leave no slash where a last dot segment was; the SDK for Rust leaves one.
        if target.ends_with("/.") || target.ends_with("/..") {
            target.push('e');
        }
        let query = text(&QUERY, next());
        if !query.is_empty() {
            target.push_str("?q");
            target.push_str(&query);
        }
        let values = next();
        let mut headers = vec![("host".to_owned(), HOST.as_bytes().to_vec())];
        for (index, value) in values.chunks(5).take(9).enumerate() {
            let name = ["x-a", "x-amz-meta-b", "accept"][index % 3];
            headers.push((name.to_owned(), text(&VALUE, value).into_bytes()));
        }
        Self {
            method: "POST".to_owned(),
            target: target.into_bytes(),
            headers,
            body: next().to_vec(),
        }
    }

    pub fn request(&self) -> Request<'_, Vec<(String, Vec<u8>)>> {
        Request::new(&self.method, &self.target, &self.headers)
    }
}

/// 2026-03-01T12:00:00Z.
pub fn now() -> Timestamp {
    Timestamp::from_unix(1_772_366_400).expect("the constant is an instant")
}

fn region() -> Region {
    Region::new(REGION).expect("the constant is a region")
}

pub fn signer() -> Signer {
    let credentials = Credentials::new(ID, SECRET).expect("the constants are credentials");
    Signer::new(credentials, region(), Service::iot_data())
}

pub fn verifier() -> Verifier {
    let services = [
        Service::iot_data(),
        Service::iot_device_gateway(),
        Service::s3(),
    ];
    Verifier::new(Policy::new(region(), services).dangerous_accept_unsigned_payload())
        .with_key_cache(KeyCache::new(NonZeroUsize::MIN))
}

/// Verifies in one call, with the keys that verifying in two steps left in the cache, and checks that both come to the same.
pub fn verify(message: &Message, secret: &str) -> (Result<Verified<u8>, VerifyError>, Scratch) {
    let verifier = verifier();
    let record = KeyRecord::long_term(SecretAccessKey::new(secret), 7);
    // The id is in no signature but through the store, which has a record for one.
    let known = |id: &str| (id == ID).then(|| record.clone());
    let mut scratch = Scratch::new();
    let pieces = verifier
        .head(&message.request(), now(), &mut scratch)
        .and_then(|claim| {
            let record = known(claim.access_key_id());
            let mut pending = claim.authenticate(record)?;
            message
                .body
                .chunks(7)
                .for_each(|piece| pending.update(piece));
            pending.finish()
        });
    let whole = verifier.verify(
        &message.request(),
        &message.body,
        now(),
        &mut scratch,
        |id| Ok(known(id)),
    );
    assert_eq!(whole.is_ok(), pieces.is_ok());
    (whole, scratch)
}

/// Signs in place, and gives the signature and the canonical request.
pub fn sign_in_place(message: &mut Message) -> (String, Vec<u8>) {
    let mut scratch = Scratch::new();
    let signer = signer();
    let signed = signer
        .sign(
            &message.request(),
            Payload::Body(&message.body),
            now(),
            &mut scratch,
        )
        .expect("the grammar holds only requests that can be signed");
    let added: Vec<_> = signed
        .headers()
        .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
        .collect();
    let signature = signed.signature().to_string();
    message.headers.extend(added);
    (signature, scratch.canonical_request().to_vec())
}

/// Presigns in place, and gives the signature and the canonical request.
pub fn presign_in_place(message: &mut Message) -> (String, Vec<u8>) {
    let mut scratch = Scratch::new();
    let presigned = signer()
        .presign(
            &message.request(),
            Payload::Body(&message.body),
            Expires::MAX,
            now(),
            &mut scratch,
        )
        .expect("the grammar holds only requests that can be signed");
    message.target = presigned.as_str().as_bytes().to_vec();
    (
        presigned.signature().to_string(),
        scratch.canonical_request().to_vec(),
    )
}

impl Message {
    /// Changes one thing: a byte of the target, the body or a header value, a whole header, or a parameter of the query. `how` chooses
    /// which, `at` where, and `bytes` are what is put there.
    pub fn tamper(&mut self, how: u8, at: usize, bytes: &[u8]) {
        let byte = bytes.first().copied().unwrap_or_default();
        let headers = self.headers.len();
        match how % 10 {
            0..=2 => {
                let changed = match at % (headers + 2) {
                    0 => &mut self.target,
                    1 => &mut self.body,
                    index => &mut self.headers[index - 2].1,
                };
                let place = at / (headers + 2) % (changed.len() + 1);
                match (how % 10, changed.get_mut(place)) {
                    (0, Some(old)) => *old = byte,
                    (1, Some(_)) => drop(changed.remove(place)),
                    _ => changed.insert(place, byte),
                }
            }
            3 => {
                let again = self.headers[at % headers].clone();
                self.headers.insert(at / headers % (headers + 1), again);
            }
            4 => drop(self.headers.remove(at % headers)),
            5 => self.headers.swap(at % headers, at / headers % headers),
            6 => {
                let name = ["x-amz-acl", "x-a", "host", "x-other", "cookie"][at % 5];
                self.headers.push((name.to_owned(), bytes.to_vec()));
            }
            7 => {
                let name = String::from_utf8_lossy(bytes).into_owned();
                self.headers.push((name, b"1".to_vec()));
            }
            _ => self.tamper_query(how % 10 == 8, at, bytes),
        }
    }

    /// Repeats a parameter, or moves one to the end, or adds one.
    fn tamper_query(&mut self, repeat: bool, at: usize, bytes: &[u8]) {
        let mark = self.target.iter().position(|&byte| byte == b'?');
        let Some(mark) = mark else {
            self.target.push(b'?');
            return self.target.extend_from_slice(bytes);
        };
        let query = self.target.split_off(mark + 1);
        let mut pieces: Vec<&[u8]> = query.split(|&byte| byte == b'&').collect();
        let index = at % pieces.len();
        let piece = pieces[index];
        if repeat {
            pieces.push(piece);
        } else if bytes.is_empty() {
            pieces.remove(index);
            pieces.push(piece);
        } else {
            pieces.insert(index, bytes);
        }
        self.target.extend_from_slice(&pieces.join(&b'&'));
    }
}

pub fn sdk_signature(message: &Message) -> String {
    let identity = SdkCredentials::new(ID, SECRET, None, None, "fuzz").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name("iotdata")
        .time(SystemTime::UNIX_EPOCH + Duration::from_secs(now().unix_seconds()))
        .settings(SigningSettings::default())
        .build()
        .expect("every parameter is set");
    let target = std::str::from_utf8(&message.target).expect("the grammar is ASCII");
    let headers = message.headers.iter().filter(|(name, _)| name != "host");
    let headers = headers.map(|(name, value)| {
        (
            name.as_str(),
            std::str::from_utf8(value).expect("the grammar is ASCII"),
        )
    });
    let body = SignableBody::Bytes(&message.body);
    let request = SignableRequest::new("POST", format!("https://{HOST}{target}"), headers, body);
    let output = sign(request.expect("the grammar holds URLs"), &params.into());
    output.expect("the request can be signed").into_parts().1
}

/// A secret that the fuzzer's requests were not signed with.
pub const OTHER_SECRET: &str = "another secret";
/// The one that they were.
pub const OWN_SECRET: &str = SECRET;
