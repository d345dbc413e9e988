//! The peers, each at its best: settings and credentials are made once, requests are prepared before the clock starts.

use std::future::Future;
use std::pin::pin;
use std::str::FromStr as _;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use ring::{digest, hmac};
use scratchstack_aws_principal::{Principal, User};
use scratchstack_aws_signature::{
    GetSigningKeyRequest, GetSigningKeyResponse, KSecretKey, NO_ADDITIONAL_SIGNED_HEADERS,
    SignatureOptions, service_for_signing_key_fn, sigv4_validate_request,
};
use sigv4::Scratch;

use super::{
    ACCESS_KEY_ID, BODY, CONTENT_TYPE, HOST, NOW, OPERATIONS, REGION, SECRET, TARGET, fold, repeat,
};
use crate::harness::Entry;

/// Runs a future that never waits.
fn now_or_never<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("none of these peers waits for anything"),
    }
}

/// The hashes that a signature cannot do without, over text that is there already.
pub(super) struct Floor {
    canonical: Vec<u8>,
    string_to_sign: Vec<u8>,
    service: &'static str,
    body: Option<&'static [u8]>,
    key: hmac::Key,
}

fn signing_key(service: &str) -> hmac::Key {
    let secret = format!("AWS4{SECRET}");
    let mut key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    for part in ["20260301", REGION, service, "aws4_request"] {
        key = hmac::Key::new(
            hmac::HMAC_SHA256,
            hmac::sign(&key, part.as_bytes()).as_ref(),
        );
    }
    key
}

impl Floor {
    /// Of the operation that `scratch` was last used for.
    pub(super) fn new(
        scratch: &Scratch,
        service: &'static str,
        body: Option<&'static [u8]>,
    ) -> Self {
        Self {
            canonical: scratch.canonical_request().to_vec(),
            string_to_sign: scratch.string_to_sign().to_vec(),
            service,
            body,
            key: signing_key(service),
        }
    }

    fn sign(&self, key: &hmac::Key) -> u64 {
        if let Some(body) = self.body {
            std::hint::black_box(digest::digest(&digest::SHA256, body));
        }
        std::hint::black_box(digest::digest(&digest::SHA256, &self.canonical));
        fold(hmac::sign(key, &self.string_to_sign).as_ref())
    }

    pub(super) fn whole(&self) -> u64 {
        self.sign(&signing_key(self.service))
    }

    pub(super) fn cached(&self) -> u64 {
        self.sign(&self.key)
    }
}

pub(super) struct Aws {
    params: SigningParams<'static>,
    query: bool,
}

impl Aws {
    fn new(service: &'static str, settings: SigningSettings, query: bool) -> Self {
        let identity = Credentials::new(ACCESS_KEY_ID, SECRET, None, None, "bench").into();
        let params = v4::SigningParams::builder()
            .identity(Box::leak(Box::new(identity)))
            .region(REGION)
            .name(service)
            .time(SystemTime::UNIX_EPOCH + Duration::from_secs(NOW))
            .settings(settings)
            .build()
            .expect("every parameter is set");
        Self {
            params: params.into(),
            query,
        }
    }

    pub(super) fn headers() -> Self {
        Self::new("iotdata", SigningSettings::default(), false)
    }

    pub(super) fn query() -> Self {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(900));
        Self::new("iotdevicegateway", settings, true)
    }

    pub(super) fn sign(&self) -> u64 {
        let mut url = String::with_capacity(128);
        url.push_str("https://");
        url.push_str(HOST);
        let request = if self.query {
            url.push_str("/mqtt");
            SignableRequest::new("GET", url, [].into_iter(), SignableBody::Bytes(b""))
        } else {
            url.push_str(TARGET);
            SignableRequest::new(
                "POST",
                url,
                [("content-type", CONTENT_TYPE)].into_iter(),
                SignableBody::Bytes(BODY),
            )
        };
        let output =
            sign(request.expect("the request can be signed"), &self.params).expect("it is signed");
        let (instructions, signature) = output.into_parts();
        std::hint::black_box(instructions);
        u64::from_str_radix(&signature[..16], 16).expect("a signature is hex")
    }
}

fn reqsign(
    name: &'static str,
    service: &'static str,
    request: http::Request<()>,
    expires: Option<Duration>,
) -> Entry<'static> {
    use reqsign_core::SignRequest as _;

    let signer = reqsign_aws_v4::RequestSigner::new(service, REGION);
    let credential = reqsign_aws_v4::Credential {
        access_key_id: ACCESS_KEY_ID.to_owned(),
        secret_access_key: SECRET.to_owned(),
        ..Default::default()
    };
    let context = reqsign_core::Context::new();
    let (parts, ()) = request.into_parts();
    Entry::peer(name, move || {
        repeat(|| {
            let mut parts = parts.clone();
            now_or_never(signer.sign_request(&context, &mut parts, Some(&credential), expires))
                .expect("it is signed");
            std::hint::black_box(parts);
            0
        })
    })
    .wrong("signs for the time of the call, so its signature is another")
}

pub(super) fn reqsign_headers() -> Entry<'static> {
    let hash = sigv4::PayloadHash::of(BODY).to_string();
    let request = http::Request::post(format!("https://{HOST}{TARGET}"))
        .header("content-type", CONTENT_TYPE)
        .header("x-amz-content-sha256", hash)
        .body(())
        .expect("the request is one");
    reqsign(
        "reqsign-aws-v4, body hashed before",
        "iotdata",
        request,
        None,
    )
}

pub(super) fn reqsign_query() -> Entry<'static> {
    let request = http::Request::get(format!("https://{HOST}/mqtt"))
        .body(())
        .expect("the request is one");
    reqsign(
        "reqsign-aws-v4",
        "iotdevicegateway",
        request,
        Some(Duration::from_secs(900)),
    )
}

/// It takes its requests by value: they are copied before the clock starts.
pub(super) fn scratchstack(
    headers: &[(String, String)],
    expected: u64,
    key_given: bool,
    rounds: usize,
) -> Entry<'static> {
    let mut request = http::Request::post(TARGET);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let request = request
        .body(Bytes::from_static(BODY))
        .expect("the request is one");
    let copies = usize::try_from(OPERATIONS).expect("the count is small") * (rounds + 1);
    let mut requests: Vec<_> = (0..copies).map(|_| request.clone()).collect();

    let secret = KSecretKey::from_str(SECRET).expect("the constant is a secret");
    let time = chrono::DateTime::from_timestamp(i64::try_from(NOW).expect("it is small"), 0)
        .expect("it is an instant");
    let given = secret.to_ksigning(time.date_naive(), REGION, "iotdata");
    let principal = Principal::from(vec![
        User::new("aws", "123456789012", "/", "bench")
            .expect("it is a user")
            .into(),
    ]);
    let lookup = move |request: GetSigningKeyRequest| {
        let key = if key_given {
            given
        } else {
            secret.to_ksigning(request.request_date(), request.region(), request.service())
        };
        let response = GetSigningKeyResponse::builder()
            .principal(principal.clone())
            .signing_key(key)
            .build();
        std::future::ready(Ok(response.expect("every part is set")))
    };
    let mut service = service_for_signing_key_fn(lookup);
    let name = if key_given {
        "scratchstack-aws-signature, key given"
    } else {
        "scratchstack-aws-signature"
    };
    Entry::peer(name, move || {
        repeat(|| {
            let request = requests.pop().expect("there is one for each operation");
            let verified = now_or_never(sigv4_validate_request(
                request,
                REGION,
                "iotdata",
                &mut service,
                time,
                &NO_ADDITIONAL_SIGNED_HEADERS,
                SignatureOptions::default(),
            ));
            std::hint::black_box(verified.expect("the request is genuine"));
            expected
        })
    })
}
