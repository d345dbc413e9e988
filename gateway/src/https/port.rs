//! Connections: put under TLS, handed to who speaks their protocol.

use core::net::SocketAddr;
use core::time::Duration;
use std::io;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use iot_policy::Transport;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::gate::Gate;
use super::handshake::{Alpn, Handshake, Secured};
use super::linger::Linger;
use super::request::{self, Peer};
use super::rewind::{Opening, Rewind};
use crate::connection::{Connection, serve};

/// The smallest buffer that hyper reads a head into.
const LEAST_HEAD: usize = 8192;

/// Serves one connection to its end. `place`, its place among those that are allowed, is given back then.
pub async fn serve_connection<H: Handshake>(
    stream: TcpStream,
    address: SocketAddr,
    handshake: &H,
    gate: Arc<Gate>,
    place: Option<OwnedSemaphorePermit>,
) {
    let patience = gate.broker.settings().limits.connect_timeout;
    let secured = match timeout(patience, handshake.accept(stream)).await {
        Ok(Ok(secured)) => secured,
        Ok(Err(error)) => {
            tracing::info!(peer = %address, %error, "a TLS handshake failed");
            return;
        }
        Err(_) => {
            tracing::info!(peer = %address, "a TLS handshake took too long");
            return;
        }
    };
    let Secured {
        stream,
        alpn,
        device,
    } = secured;
    let peer = Peer {
        gate,
        address,
        device,
        place,
    };
    let protocol = match alpn.as_deref() {
        None => Alpn::Http,
        Some(name) => match Alpn::from_name(name) {
            Some(alpn) => alpn,
            None => {
                let name = String::from_utf8_lossy(name);
                tracing::warn!(peer = %address, alpn = %name, "this protocol is not offered");
                return end(stream, b"").await;
            }
        },
    };
    match protocol {
        Alpn::Mqtt => {
            tracing::info!(
                peer = %address,
                "ALPN `mqtt` is for custom authorizers, which are not offered: use `x-amzn-mqtt-ca` and a client certificate"
            );
            end(stream, b"").await;
        }
        Alpn::MqttCa | Alpn::HttpCa | Alpn::Http => {
            let opened = match timeout(patience, Rewind::open(stream)).await {
                Ok(Ok(opened)) => opened,
                Ok(Err(error)) => {
                    tracing::debug!(peer = %address, %error, "a connection was lost");
                    return;
                }
                Err(_) => {
                    tracing::info!(peer = %address, "a client said nothing in time");
                    return;
                }
            };
            match protocol {
                Alpn::MqttCa => mqtt(opened, peer).await,
                _ => http(opened, peer).await,
            }
        }
    }
}

async fn mqtt<S>((stream, opening): (Rewind<S>, Opening), peer: Peer)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let address = peer.address;
    match opening {
        Opening::Http => {
            tracing::info!(peer = %address, "an HTTP request where ALPN `x-amzn-mqtt-ca` says MQTT");
            return end(stream, NOT_HTTP).await;
        }
        Opening::Nothing => return,
        Opening::Mqtt | Opening::Tls | Opening::Unknown => {}
    }
    let Some(device) = peer.device else {
        tracing::info!(peer = %address, "MQTT with ALPN `x-amzn-mqtt-ca` needs a client certificate");
        return end(stream, b"").await;
    };
    let admission = peer.gate.authorizer.admission(device, Transport::Mqtt);
    let broker = Arc::clone(&peer.gate.broker);
    let connection = Connection::new(broker, admission, address.to_string()).authenticated();
    serve(stream, connection).await;
}

async fn http<S>((stream, opening): (Rewind<S>, Opening), peer: Peer)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let address = peer.address;
    match opening {
        Opening::Mqtt => {
            tracing::info!(
                peer = %address,
                "MQTT without ALPN `x-amzn-mqtt-ca` on the HTTPS port: the MQTT port takes it, and this one with that ALPN"
            );
            return end(stream, b"").await;
        }
        Opening::Tls => {
            tracing::info!(peer = %address, "a TLS handshake within TLS");
            return end(stream, BAD_REQUEST).await;
        }
        Opening::Nothing => return,
        // hyper finds the words for what is no HTTP.
        Opening::Http | Opening::Unknown => {}
    }
    let gate = Arc::clone(&peer.gate);
    let head_bytes =
        usize::try_from(gate.broker.settings().limits.unauthenticated_bytes).unwrap_or(usize::MAX);
    let peer = Arc::new(peer);
    let service =
        service_fn(move |request| request::answer::<Rewind<S>>(Arc::clone(&peer), request));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(gate.limits.head_timeout)
        .max_buf_size(head_bytes.max(LEAST_HEAD))
        .serve_connection(TokioIo::new(Linger::new(stream)), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        if error.is_parse() {
            tracing::info!(peer = %address, %error, "a request is no HTTP/1.1");
        } else if error.is_timeout() {
            tracing::debug!(peer = %address, "no further request came in time");
        } else {
            tracing::debug!(peer = %address, %error, "a connection was lost");
        }
    }
}

const NOT_HTTP: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 32\r\n\
    connection: close\r\n\r\nALPN x-amzn-mqtt-ca speaks MQTT\n";

const BAD_REQUEST: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Says the last words and closes. Whoever does not listen is not waited for.
async fn end<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, words: &[u8]) {
    let farewell = async {
        stream.write_all(words).await?;
        stream.shutdown().await?;
        // A socket that is closed with bytes unread resets the connection, and the last words are lost with it.
        let mut sink = tokio::io::sink();
        tokio::io::copy(
            &mut tokio::io::AsyncReadExt::take(&mut stream, 64 * 1024),
            &mut sink,
        )
        .await
    };
    let _: Result<io::Result<u64>, _> = timeout(Duration::from_secs(2), farewell).await;
}
