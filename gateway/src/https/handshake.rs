//! What lies beneath: TLS, and what it found out about the client.

use core::future::Future;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::authorize::Device;

/// The TLS side of the port. It authenticates a client that presents a certificate, and lets others pass without an
/// identity; it fails for a certificate that is not to be let in.
pub trait Handshake: Send + Sync + 'static {
    /// The stream under its protection.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;

    /// Does the handshake. The port sees to it that it does not take for ever.
    fn accept(
        &self,
        stream: TcpStream,
    ) -> impl Future<Output = io::Result<Secured<Self::Stream>>> + Send;
}

/// A connection after its handshake.
#[derive(Debug)]
pub struct Secured<S> {
    /// What is said from now on.
    pub stream: S,
    /// The protocol that was agreed on.
    pub alpn: Option<Vec<u8>>,
    /// Who the client is, if it presented a certificate.
    pub device: Option<Device>,
}

/// The protocols of the port (AWS IoT developer guide, "Protocols, port mappings, and authentication").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpn {
    /// `x-amzn-mqtt-ca`: MQTT with a client certificate.
    MqttCa,
    /// `mqtt`: MQTT with a custom authorizer.
    Mqtt,
    /// `x-amzn-http-ca`: HTTPS with a client certificate.
    HttpCa,
    /// `http/1.1`, as browsers and others say.
    Http,
}

impl Alpn {
    /// Those that a server offers, in the order in which it prefers them.
    pub const ALL: [Self; 4] = [Self::MqttCa, Self::HttpCa, Self::Http, Self::Mqtt];

    /// As it is said in the handshake.
    #[must_use]
    pub const fn name(self) -> &'static [u8] {
        match self {
            Self::MqttCa => b"x-amzn-mqtt-ca",
            Self::Mqtt => b"mqtt",
            Self::HttpCa => b"x-amzn-http-ca",
            Self::Http => b"http/1.1",
        }
    }

    /// The protocol of this name.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|alpn| alpn.name() == name)
    }
}
