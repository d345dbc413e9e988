//! Bounds of the HTTPS port beside those that all of the gateway has.

use core::time::Duration;

/// Bounds of memory and time. Each is visible in the configuration, in the section `https_limits`, under the name it has
/// here.
///
/// The head of a request may have as many bytes as a connection may make the gateway hold before it is authenticated, and
/// the TLS handshake as much time as there is to the CONNECT:
/// [`unauthenticated_bytes`](crate::settings::Limits::unauthenticated_bytes) and
/// [`connect_timeout`](crate::settings::Limits::connect_timeout).
#[derive(Clone, Debug)]
pub struct HttpsLimits {
    /// Bytes of a request's body. One whose head is refused is not kept while it comes; that of a request that names an
    /// access key of this gateway is, since what it is signed with can only be told at its end.
    pub body_bytes: usize,
    /// For the head of a request; a connection that has had one may wait as long for the next.
    pub head_timeout: Duration,
    /// For the body of a request to come, and for its answer to become durable.
    pub request_timeout: Duration,
    /// Bytes of a WebSocket message, which may hold several MQTT packets or a part of one.
    pub websocket_message_bytes: usize,
}

impl Default for HttpsLimits {
    fn default() -> Self {
        Self {
            // The service's limit of a message.
            body_bytes: 128 * 1024,
            head_timeout: Duration::from_secs(30),
            request_timeout: Duration::from_secs(30),
            websocket_message_bytes: 1024 * 1024,
        }
    }
}
