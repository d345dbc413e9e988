//! A `tower` layer that puts a `Verified` into the extensions of genuine requests and answers the others itself.
//!
//! The body is checked here as a whole; see `axum_extractor.rs` for one that is read in pieces.
//! `cargo run --example tower_layer --features http` makes a request to itself and prints the answer.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "an example prints, and reads as an application would, which names the standard library `std`"
)]

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use http::{Request, Response};
use sigv4::{
    AnswerTable, Credentials, HttpRequest, KeyRecord, LookupFailed, Payload, Policy, Region,
    Scratch, SecretAccessKey, Service as SigningService, Signer, Timestamp, Verified, Verifier,
};
use tower::{Layer, Service, ServiceBuilder, ServiceExt as _};

/// Asks for a key; a real one would go to a database.
type Lookup = Arc<dyn Fn(&str) -> Result<Option<KeyRecord<String>>, LookupFailed> + Send + Sync>;

#[derive(Clone)]
struct VerifyLayer {
    verifier: Arc<Verifier>,
    lookup: Lookup,
}

impl<S> Layer<S> for VerifyLayer {
    type Service = Verify<S>;

    fn layer(&self, inner: S) -> Verify<S> {
        Verify {
            inner,
            layer: self.clone(),
        }
    }
}

#[derive(Clone)]
struct Verify<S> {
    inner: S,
    layer: VerifyLayer,
}

impl<S> Service<Request<Vec<u8>>> for Verify<S>
where
    S: Service<Request<Vec<u8>>, Response = Response<String>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<String>, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Vec<u8>>) -> Self::Future {
        // The one that was polled ready is the one to call.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let layer = self.layer.clone();
        Box::pin(async move {
            match layer.check(&request) {
                Ok(verified) => {
                    request.extensions_mut().insert(Arc::new(verified));
                    inner.call(request).await
                }
                Err((status, name)) => {
                    let mut response = Response::new(name.to_owned());
                    *response.status_mut() =
                        http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::FORBIDDEN);
                    Ok(response)
                }
            }
        })
    }
}

impl VerifyLayer {
    fn check(&self, request: &Request<Vec<u8>>) -> Result<Verified<String>, (u16, &'static str)> {
        let now = Timestamp::try_from(SystemTime::now()).map_err(|_| (500, "InternalFailure"))?;
        let view = HttpRequest::of(request);
        let result = self.verifier.verify(
            &view.request(),
            request.body(),
            now,
            &mut Scratch::new(),
            |id| (self.lookup)(id),
        );
        result.map_err(|error| {
            let answer = AnswerTable::rest_json().answer(error.kind());
            (answer.status(), answer.name())
        })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let region = Region::new("us-east-1")?;
    let record = KeyRecord::long_term(SecretAccessKey::new("secret"), "device 7".to_owned());
    let layer = VerifyLayer {
        verifier: Arc::new(Verifier::new(Policy::new(
            region.clone(),
            [SigningService::iot_data()],
        ))),
        lookup: Arc::new(move |id| Ok((id == "AKIDEXAMPLE").then(|| record.clone()))),
    };
    let service =
        ServiceBuilder::new()
            .layer(layer)
            .service_fn(|request: Request<Vec<u8>>| async move {
                let by = request
                    .extensions()
                    .get::<Arc<Verified<String>>>()
                    .map(|verified| verified.identity().clone());
                Ok::<_, Infallible>(Response::new(format!("hello, {}", by.unwrap_or_default())))
            });

    let signer = Signer::new(
        Credentials::new("AKIDEXAMPLE", "secret")?,
        region,
        SigningService::iot_data(),
    );
    let mut request = Request::get("https://localhost/things/t/shadow").body(Vec::new())?;
    signer.sign_http(
        &mut request,
        Payload::Empty,
        Timestamp::try_from(SystemTime::now())?,
        &mut Scratch::new(),
    )?;
    let genuine = service.clone().oneshot(request.clone()).await?;
    println!("{} {}", genuine.status(), genuine.body());
    request
        .headers_mut()
        .insert("x-amz-acl", http::HeaderValue::from_static("public-read"));
    let tampered = service.oneshot(request).await?;
    println!("{} {}", tampered.status(), tampered.body());
    Ok(())
}
