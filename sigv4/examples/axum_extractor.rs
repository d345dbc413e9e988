//! An `axum` extractor: a handler that takes a [`Signed`] runs for genuine requests only, and gets the body that was signed.
//!
//! `cargo run --example axum_extractor --features http` makes a request to itself and prints the answer.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "an example prints, and reads as an application would, which names the standard library `std`"
)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequest, OriginalUri, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::BodyExt as _;
use sigv4::{
    AnswerTable, Credentials, HttpRequest, KeyRecord, Payload, Policy, Region, Scratch,
    SecretAccessKey, Service, Signer, Timestamp, Verified, Verifier, VerifyError,
};
use tower::ServiceExt as _;

/// What the extractor needs of the application.
struct Gate {
    verifier: Verifier,
    keys: HashMap<String, KeyRecord<String>>,
    /// The longest body that is read before it is known to be genuine.
    body_limit: usize,
}

/// A genuine request: who made it, and its body.
struct Signed {
    by: Verified<String>,
    body: Vec<u8>,
}

/// A refusal, as the service would word it; the sentence goes to the log, not to the client.
struct Refused(StatusCode, &'static str);

impl From<VerifyError> for Refused {
    fn from(error: VerifyError) -> Self {
        let answer = AnswerTable::rest_json().answer(error.kind());
        Self(
            StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::FORBIDDEN),
            answer.name(),
        )
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, [("x-amzn-errortype", self.1)]).into_response()
    }
}

impl FromRequest<Arc<Gate>> for Signed {
    type Rejection = Refused;

    async fn from_request(request: Request, gate: &Arc<Gate>) -> Result<Self, Refused> {
        let now = Timestamp::try_from(SystemTime::now())
            .map_err(|_| Refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure"))?;
        let (parts, mut stream) = request.into_parts();
        // The head is judged, and where the client declared the body's hash the signature too, before any of the body is read.
        let mut scratch = Scratch::new();
        // Under `Router::nest` the URI of the request has lost the prefix, which was signed.
        let original = parts.extensions.get::<OriginalUri>();
        let uri = original.map_or(&parts.uri, |OriginalUri(uri)| uri);
        let view = HttpRequest::new(&parts.method, uri, &parts.headers);
        let claim = gate.verifier.head(&view.request(), now, &mut scratch)?;
        let record = gate.keys.get(claim.access_key_id()).cloned();
        let mut pending = claim.authenticate(record)?;
        let mut body = Vec::new();
        while let Some(frame) = stream.frame().await {
            let frame = frame.map_err(|_| Refused(StatusCode::BAD_REQUEST, "IncompleteBody"))?;
            if let Ok(piece) = frame.into_data() {
                if body.len().saturating_add(piece.len()) > gate.body_limit {
                    return Err(Refused(
                        StatusCode::PAYLOAD_TOO_LARGE,
                        "RequestEntityTooLarge",
                    ));
                }
                pending.update(&piece);
                body.extend_from_slice(&piece);
            }
        }
        Ok(Self {
            by: pending.finish()?,
            body,
        })
    }
}

async fn publish(signed: Signed) -> String {
    format!("{} bytes from {}", signed.body.len(), signed.by.identity())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let region = Region::new("us-east-1")?;
    let record = KeyRecord::long_term(SecretAccessKey::new("secret"), "device 7".to_owned());
    let gate = Arc::new(Gate {
        verifier: Verifier::new(Policy::new(region.clone(), [Service::iot_data()])),
        keys: HashMap::from([("AKIDEXAMPLE".to_owned(), record)]),
        body_limit: 128 * 1024,
    });
    let app = Router::new()
        .nest("/topics", Router::new().route("/{topic}", post(publish)))
        .with_state(gate);

    let signer = Signer::new(
        Credentials::new("AKIDEXAMPLE", "secret")?,
        region,
        Service::iot_data(),
    );
    let mut request =
        Request::post("http://localhost/topics/a%2Fb?qos=1").body(Body::from("{}"))?;
    signer.sign_http(
        &mut request,
        Payload::Body(b"{}"),
        Timestamp::try_from(SystemTime::now())?,
        &mut Scratch::new(),
    )?;
    let (parts, _) = request.into_parts();

    for body in ["{}", "{!"] {
        let request = Request::from_parts(parts.clone(), Body::from(body));
        let response = app.clone().oneshot(request).await?;
        let (status, kind) = (
            response.status(),
            response.headers().get("x-amzn-errortype").cloned(),
        );
        let text = response.into_body().collect().await?.to_bytes();
        println!(
            "{body} -> {status} {}{}",
            kind.as_ref()
                .and_then(|kind| kind.to_str().ok())
                .unwrap_or_default(),
            String::from_utf8_lossy(&text)
        );
    }
    Ok(())
}
