//! The one HTTPS port: MQTT, MQTT over WebSocket and the data plane API, told apart by ALPN and path.
//!
//! | ALPN | what is spoken | who is it |
//! |---|---|---|
//! | `x-amzn-mqtt-ca` | MQTT | a client certificate, without which the connection ends |
//! | `x-amzn-http-ca`, `http/1.1`, none | HTTP/1.1: the API, and WebSocket on `/mqtt` | a signature, or a client certificate |
//! | `mqtt` | MQTT with a custom authorizer, which is not offered: the connection ends | |
//!
//! [`Handshake`] is the TLS beneath, [`Gate`] what all connections share, and [`serve_connection`] the life of one;
//! [`accept`](crate::listen::accept) takes them in.
//!
//! A request carries one identity. One that has any part of a signature is judged by it alone, whatever certificate the
//! connection has: a bad signature never falls back to the certificate.

mod answer;
mod api;
mod body;
mod caller;
mod error;
mod gate;
mod handshake;
mod limits;
mod linger;
mod port;
mod query;
mod request;
mod rewind;
mod route;
mod websocket;

pub use gate::{Gate, GateParts};
pub use handshake::{Alpn, Handshake, Secured};
pub use limits::HttpsLimits;
pub use port::serve_connection;
pub use rewind::{Opening, Rewind};
