//! MQTT without TLS, for benches and development.

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::broker::Broker;
use crate::connection::{Admission, Connection, serve};

/// Accepts MQTT connections without TLS, until the task is dropped. Whoever can reach the listener is let in by
/// `admission` alone.
pub async fn plain(listener: TcpListener, broker: Arc<Broker>, admission: Arc<dyn Admission>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Small packets are what this is about; waiting for more of them is not.
                let _ = stream.set_nodelay(true);
                let connection = Connection::new(
                    Arc::clone(&broker),
                    Arc::clone(&admission),
                    peer.to_string(),
                );
                tokio::spawn(serve(stream, connection));
            }
            Err(error) => {
                // Out of descriptors, mostly: those that close give room.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(core::time::Duration::from_millis(50)).await;
            }
        }
    }
}
