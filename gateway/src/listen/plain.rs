//! MQTT without TLS, for benches and development.

use std::sync::Arc;

use mqtt_codec::{Connect, ReasonCode};
use tokio::net::TcpStream;

use crate::access::{Access, DangerousAllowAll};
use crate::broker::Broker;
use crate::connection::{Admission, Connection, serve};

/// Lets everybody in, to do everything.
#[derive(Clone, Copy, Debug)]
pub struct DangerousAdmitAll;

impl Admission for DangerousAdmitAll {
    fn admit(&self, _: &str, _: &Connect<&[u8]>) -> Result<Arc<dyn Access>, ReasonCode> {
        Ok(Arc::new(DangerousAllowAll))
    }
}

/// Serves a connection without TLS: `admission` alone decides who is let in.
pub async fn plain(stream: TcpStream, broker: Arc<Broker>, admission: Arc<dyn Admission>) {
    let peer = stream
        .peer_addr()
        .map_or_else(|_| "unknown".to_owned(), |address| address.to_string());
    serve(stream, Connection::new(broker, admission, peer)).await;
}
