//! One request: who makes it, what it asks for, the answer.

use core::convert::Infallible;
use core::net::SocketAddr;
use std::sync::Arc;

use http::{HeaderValue, Request};
use hyper::body::Incoming;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;

use super::answer::{self, Answer};
use super::api::{self, Call};
use super::body::Body;
use super::caller::{Authentic, authenticate};
use super::error::ApiError;
use super::gate::Gate;
use super::query::Query;
use super::route::Route;
use super::websocket;
use crate::authorize::Device;

/// What the requests of one connection have in common.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) gate: Arc<Gate>,
    pub(super) address: SocketAddr,
    pub(super) device: Option<Device>,
    /// The connection's place among those that are allowed; a WebSocket takes it along.
    #[expect(
        dead_code,
        reason = "it is held, and given back with the last who knows the peer"
    )]
    pub(super) place: Option<OwnedSemaphorePermit>,
}

/// Answers a request. `S` is the stream beneath, which a WebSocket takes over.
pub(super) async fn answer<S>(
    peer: Arc<Peer>,
    mut request: Request<Incoming>,
) -> Result<Answer, Infallible>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let request_id = answer::request_id();
    let upgrade = hyper::upgrade::on(&mut request);
    let method = request.method().clone();
    // The query may hold a signature or a token: the path is what the log gets.
    let path = request.uri().path().to_owned();
    let mut answer = match handle::<S>(&peer, request, upgrade, &request_id).await {
        Ok(answer) => answer,
        Err(error) => {
            tracing::info!(
                peer = %peer.address, %method, path, request_id,
                status = error.status.as_u16(), name = error.name,
                "a request was refused"
            );
            answer::failure(error, &request_id)
        }
    };
    if let Ok(id) = HeaderValue::from_str(&request_id) {
        answer.headers_mut().insert("x-amzn-requestid", id);
    }
    Ok(answer)
}

async fn handle<S>(
    peer: &Arc<Peer>,
    request: Request<Incoming>,
    upgrade: hyper::upgrade::OnUpgrade,
    request_id: &str,
) -> Result<Answer, ApiError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let gate = &peer.gate;
    let (parts, incoming) = request.into_parts();
    let body = Body::new(
        incoming,
        gate.limits.body_bytes,
        gate.limits.request_timeout,
    );
    let Authentic { caller, path, body } =
        authenticate(gate, peer.device.as_ref(), &parts, body).await?;
    let query = Query(parts.uri.query().unwrap_or_default());
    let route = Route::find(&parts.method, &path, query)?;
    tracing::debug!(peer = %peer.address, %caller, ?route, request_id, "a request");
    if route == Route::WebSocket {
        if !body.is_empty() {
            return Err(ApiError::invalid("An upgrade has no body"));
        }
        return websocket::upgrade::<S>(peer, &parts, upgrade, &caller);
    }
    let call = Call {
        gate,
        caller: &caller,
        query,
        headers: &parts.headers,
        body,
        request_id,
    };
    // A disk that takes nothing acknowledges nothing.
    tokio::time::timeout(gate.limits.request_timeout, api::answer(call, route))
        .await
        .unwrap_or_else(|_| Err(ApiError::unavailable()))
}
