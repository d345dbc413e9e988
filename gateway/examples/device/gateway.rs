//! The way to the gateway: TLS with the device's certificate, or a WebSocket with a signature within TLS.

use core::future::ready;
use std::time::SystemTime;
use std::{fs, io};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _, TryStreamExt as _};
use http::HeaderValue;
use sigv4::{Profiles, Region, Scratch, Service, Signer, Timestamp};
use tls_auth::{Credentials, DeviceConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest as _};
use tokio_util::io::{CopyToBytes, SinkWriter, StreamReader};

use super::{Arguments, Error};

/// Where the gateway is and what it is shown: read from files once, so that TLS sessions are resumed.
pub struct Gateway {
    endpoint: String,
    tls: DeviceConfig,
    signer: Option<Signer>,
}

/// Either transport.
pub trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

impl Gateway {
    /// # Errors
    /// Something in the files cannot be used.
    pub fn new(arguments: &Arguments) -> Result<Self, Error> {
        let file = |name| fs::read(arguments.identity.join(name));
        let (tls, signer) = if let Some(file) = &arguments.credentials {
            let credentials = Profiles::parse(&fs::read_to_string(file)?).credentials("default")?;
            let region = Region::new(arguments.region.clone())?;
            let signer = Signer::new(credentials, region, Service::iot_device_gateway());
            (DeviceConfig::builder_without_certificate(), Some(signer))
        } else {
            let own = Credentials::from_pem(&file("certificate.pem")?, &file("private.key")?)?;
            (DeviceConfig::builder(own), None)
        };
        let (endpoint, tls) = (
            arguments.endpoint.clone(),
            tls.with_server_cas_pem(&file("ca.pem")?)?,
        );
        Ok(Self {
            endpoint,
            tls: tls.build()?,
            signer,
        })
    }

    /// # Errors
    /// The gateway is not there, or does not want this device.
    pub async fn connect(&self) -> Result<Box<dyn Stream>, Error> {
        let (host, _) = self
            .endpoint
            .rsplit_once(':')
            .ok_or("the endpoint has no port")?;
        let socket = TcpStream::connect(&self.endpoint).await?;
        socket.set_nodelay(true)?;
        let name = DeviceConfig::server_name(host)?;
        let stream = TlsConnector::from(self.tls.config())
            .connect(name, socket)
            .await?;
        let Some(signer) = &self.signer else {
            return Ok(Box::new(stream));
        };
        let at = Timestamp::try_from(SystemTime::now())?;
        let url = signer.presign_mqtt_websocket(&self.endpoint, None, at, &mut Scratch::new())?;
        let mut request = url.as_str().into_client_request()?;
        let protocol = HeaderValue::from_static("mqtt");
        request
            .headers_mut()
            .insert("sec-websocket-protocol", protocol);
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await?;
        Ok(Box::new(bytes_of(socket)))
    }
}

/// To MQTT a WebSocket is a stream of bytes: packets lie in its binary messages as they like.
pub fn bytes_of<S: Stream>(socket: WebSocketStream<S>) -> impl Stream {
    let (sink, messages) = socket.split();
    let bytes = messages
        .map_err(io::Error::other)
        .try_filter_map(|message| ready(Ok(message.is_binary().then(|| message.into_data()))));
    let sink = sink
        .with(|bytes: Bytes| ready(Ok::<_, tungstenite::Error>(Message::Binary(bytes))))
        .sink_map_err(io::Error::other);
    let writer = SinkWriter::new(CopyToBytes::new(sink));
    tokio::io::join(StreamReader::new(bytes), writer)
}
