//! From a request to a WebSocket (RFC 6455 §4.2).

use core::time::Duration;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Version};
use http_body_util::Full;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use iot_policy::Transport;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::stream::{WebSocket, WebSocketLimits};
use crate::connection::{Admission, Connection, serve};
use crate::https::answer::Answer;
use crate::https::caller::Caller;
use crate::https::error::ApiError;
use crate::https::linger::Linger;
use crate::https::request::Peer;

/// The sub-protocols: MQTT 5.0 [MQTT-6.0.0-3], and what clients of 3.1 say.
const PROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];

/// Bytes of `Sec-WebSocket-Key` (RFC 6455 §4.2.1).
const LEAST_NONCE: usize = 16;

/// Answers an upgrade whose maker is known, and serves MQTT on what becomes of the connection.
pub(crate) fn upgrade<S>(
    peer: &Arc<Peer>,
    parts: &Parts,
    upgrade: OnUpgrade,
    caller: &Caller,
) -> Result<Answer, ApiError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let agreed = Agreed::on(parts)?;
    let admission: Arc<dyn Admission> = match (caller, &peer.device) {
        (Caller::Key(id), _) => {
            let seconds = peer.gate.broker.settings().limits.signed_connection_seconds;
            let life = (seconds < u32::MAX).then(|| Duration::from_secs(seconds.into()));
            peer.gate.authorizer.key_admission(Arc::clone(id), life)
        }
        (Caller::Device(..), Some(device)) => peer
            .gate
            .authorizer
            .admission(device.clone(), Transport::WebSocket),
        (Caller::Device(..), None) => return Err(ApiError::forbidden()),
    };
    let peer = Arc::clone(peer);
    tokio::spawn(async move {
        // The place among the connections is given up with `peer`, when MQTT ends.
        run::<S>(&peer, upgrade, admission).await;
    });
    agreed.answer()
}

async fn run<S>(peer: &Peer, upgrade: OnUpgrade, admission: Arc<dyn Admission>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let address = peer.address;
    let upgraded = match upgrade.await {
        Ok(upgraded) => upgraded,
        Err(error) => {
            tracing::debug!(peer = %address, %error, "a connection was lost before it was a WebSocket");
            return;
        }
    };
    let Ok(raw) = upgraded.downcast::<TokioIo<Linger<S>>>() else {
        tracing::error!(peer = %address, "a WebSocket is not on the stream that it was on");
        return;
    };
    let limits = WebSocketLimits {
        message_bytes: peer.gate.limits.websocket_message_bytes,
    };
    let stream = WebSocket::server(raw.io.into_inner(), raw.read_buf, &limits, address).await;
    let broker = Arc::clone(&peer.gate.broker);
    let connection = Connection::new(broker, admission, address.to_string()).authenticated();
    serve(stream, connection).await;
}

/// What both sides have agreed on.
struct Agreed {
    key: HeaderValue,
    protocol: &'static str,
}

impl Agreed {
    fn on(parts: &Parts) -> Result<Self, ApiError> {
        let headers = &parts.headers;
        let is_upgrade = has_token(headers, &CONNECTION, "upgrade")
            && has_token(headers, &UPGRADE, "websocket")
            && parts.version == Version::HTTP_11;
        if !is_upgrade || single(headers, &SEC_WEBSOCKET_VERSION)? != "13" {
            return Err(ApiError::upgrade_required());
        }
        let key = single(headers, &SEC_WEBSOCKET_KEY)?;
        // RFC 6455 §4.2.1 has 16 bytes here. AWSIoTPythonSDK sends 128, and the service takes them: the answer proves as
        // much with a longer nonce.
        if STANDARD.decode(key).map_or(0, |nonce| nonce.len()) < LEAST_NONCE {
            return Err(ApiError::invalid(
                "`Sec-WebSocket-Key` must be at least 16 bytes in base64",
            ));
        }
        let key = HeaderValue::from_str(key)
            .map_err(|_| ApiError::invalid("`Sec-WebSocket-Key` is not valid"))?;
        let protocol = PROTOCOLS
            .into_iter()
            .find(|protocol| has_token(headers, &SEC_WEBSOCKET_PROTOCOL, protocol))
            .ok_or_else(|| {
                // MQTT 5.0 [MQTT-6.0.0-3]
                ApiError::invalid("`Sec-WebSocket-Protocol` must offer `mqtt`")
            })?;
        Ok(Self { key, protocol })
    }

    fn answer(&self) -> Result<Answer, ApiError> {
        Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(CONNECTION, "upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_ACCEPT, derive_accept_key(self.key.as_bytes()))
            // MQTT 5.0 [MQTT-6.0.0-4]
            .header(SEC_WEBSOCKET_PROTOCOL, self.protocol)
            .body(Full::new(Bytes::new()))
            .map_err(|_| ApiError::internal())
    }
}

/// Whether a list in one or several headers has a token, whatever its case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|found| found.trim().eq_ignore_ascii_case(token))
}

/// The value of a header that may be there once; empty when it is not there.
fn single<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<&'h str, ApiError> {
    let mut values = headers.get_all(name).into_iter();
    let value = values.next().map(HeaderValue::to_str);
    match (value, values.next()) {
        (None, _) => Ok(""),
        (Some(Ok(value)), None) => Ok(value.trim()),
        _ => Err(ApiError::invalid(format!("`{name}` must be there once"))),
    }
}
