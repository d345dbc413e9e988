//! MQTT over mutual TLS.

use std::sync::Arc;

use iot_policy::Transport;
use tokio::net::TcpStream;

use crate::authorize::Authorizer;
use crate::broker::Broker;
use crate::connection::{Connection, serve};
use crate::tls::{Endpoint, Peer};

/// What a connection needs to be served.
#[derive(Clone, Debug)]
pub struct Mqtt {
    /// Who is let in.
    pub endpoint: Endpoint,
    /// What they may do.
    pub authorizer: Arc<Authorizer>,
    /// Where they are served.
    pub broker: Arc<Broker>,
}

impl Mqtt {
    /// Serves a connection from its first byte to its end.
    pub async fn serve(self, stream: TcpStream) {
        let peer: Arc<str> = stream
            .peer_addr()
            .map_or_else(|_| "unknown".into(), |address| address.to_string().into());
        // A handshake that takes longer is one that somebody wants to take longer.
        let patience = self.broker.settings().limits.connect_timeout;
        match tokio::time::timeout(patience, self.endpoint.accept(stream)).await {
            Ok(Ok((stream, Peer::Device(device)))) => {
                let admission = self.authorizer.admission(*device, Transport::Mqtt);
                let connection =
                    Connection::new(Arc::clone(&self.broker), admission, peer).authenticated();
                serve(stream, connection).await;
            }
            // The endpoint asks for a certificate.
            Ok(Ok((_, Peer::Anonymous))) => {
                tracing::warn!(%peer, "a connection without a certificate");
            }
            Ok(Err(error)) => tracing::info!(%peer, %error, "a connection was refused"),
            Err(_) => tracing::info!(%peer, "a TLS handshake took too long"),
        }
    }
}
