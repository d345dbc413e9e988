use core::fmt;
use std::io;

use bytes::BytesMut;

use crate::{
    DecodeError, Decoder, Encode, EncodeError, Encoder, Packet, PreparedPublish, Recipient, Status,
    Version,
};

/// A [`Decoder`] and an [`Encoder`] as one `tokio_util` codec.
///
/// On a server the encoder takes from CONNECT which version the client speaks, how large its packets may be and whether it
/// wants to be told reasons; on a client it takes the Maximum Packet Size from CONNACK. After a refusal it encodes for the
/// version that the answer is to be in ([`DecodeError::reaction`]). Memory is reserved for no more than as many bytes as
/// have arrived already, so a peer pays for what it makes us hold.
///
/// ```
/// use bytes::BytesMut;
/// use mqtt_codec::{MqttCodec, Packet};
/// use tokio_util::codec::{Decoder as _, Encoder as _};
///
/// let mut codec = MqttCodec::server();
/// let mut received = BytesMut::from(&b"\x10\x0E\x00\x04MQTT\x04\x02\x00\x3C\x00\x02id\xC0\x00"[..]);
/// assert!(matches!(codec.decode(&mut received)?, Some(Packet::Connect(_))));
/// assert_eq!(codec.decode(&mut received)?, Some(Packet::PingReq));
/// assert_eq!(codec.decode(&mut received)?, None);
///
/// let mut to_send = BytesMut::new();
/// codec.encode(Packet::PingResp, &mut to_send)?;
/// assert_eq!(to_send, [0xD0, 0x00][..]);
/// # Ok::<(), mqtt_codec::CodecError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MqttCodec {
    decoder: Decoder,
    encoder: Encoder,
}

impl MqttCodec {
    /// A codec of this decoder and this encoder.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Encoder, MqttCodec, Version};
    ///
    /// let codec = MqttCodec::new(Decoder::any(Version::V5), Encoder::new(Version::V5));
    /// assert_eq!(codec.decoder().version(), Some(Version::V5));
    /// ```
    #[must_use]
    pub const fn new(decoder: Decoder, encoder: Encoder) -> Self {
        Self { decoder, encoder }
    }

    /// The codec of a server: [`Decoder::server`], and an encoder that answers in the version of CONNECT.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use mqtt_codec::{CodecError, MqttCodec};
    /// use tokio_util::codec::{Decoder as _, Encoder as _};
    ///
    /// // What is refused is answered.
    /// let mut codec = MqttCodec::server();
    /// let mut received = BytesMut::from(&b"\x10\x0D\x00\x04MQTT\x06\x02\x00\x3C\x00\x01c"[..]);
    /// let Err(CodecError::Decode(error)) = codec.decode(&mut received) else { panic!() };
    /// let mut to_send = BytesMut::new();
    /// if let Some(answer) = error.reaction().packet() {
    ///     codec.encode(answer, &mut to_send)?;
    /// }
    /// assert_eq!(to_send, [0x20, 0x03, 0x00, 0x84, 0x00][..]);
    /// # Ok::<(), mqtt_codec::CodecError>(())
    /// ```
    #[must_use]
    pub const fn server() -> Self {
        Self::new(Decoder::server(), Encoder::server(Version::V311))
    }

    /// The codec of a client of this version.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use mqtt_codec::{Connect, MqttCodec, Version};
    /// use tokio_util::codec::Encoder as _;
    ///
    /// let mut to_send = BytesMut::new();
    /// let connect = Connect::builder(Version::V5, "c").build()?;
    /// MqttCodec::client(Version::V5).encode(&connect, &mut to_send)?;
    /// assert_eq!(to_send.len(), 16);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn client(version: Version) -> Self {
        Self::new(Decoder::client(version), Encoder::client(version))
    }

    /// What decodes.
    ///
    /// ```
    /// use mqtt_codec::MqttCodec;
    ///
    /// assert_eq!(MqttCodec::server().decoder().version(), None);
    /// ```
    #[must_use]
    pub const fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// What encodes.
    ///
    /// ```
    /// use mqtt_codec::{Encoder, MqttCodec, Version};
    ///
    /// assert_eq!(MqttCodec::client(Version::V5).encoder(), &Encoder::client(Version::V5));
    /// ```
    #[must_use]
    pub const fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Sets what encodes.
    ///
    /// ```
    /// use mqtt_codec::{Encoder, MqttCodec, Version};
    ///
    /// let mut codec = MqttCodec::client(Version::V5);
    /// codec.set_encoder(codec.encoder().with_max_packet_size(1024));
    /// assert_ne!(codec.encoder(), &Encoder::client(Version::V5));
    /// ```
    pub const fn set_encoder(&mut self, encoder: Encoder) {
        self.encoder = encoder;
    }

    /// Sets what decodes, as one with another limit once the client is known.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, MqttCodec, Version};
    ///
    /// let mut codec = MqttCodec::server();
    /// codec.set_decoder(Decoder::server_after_connect(Version::V5).with_max_packet_size(16 << 20));
    /// assert_eq!(codec.decoder().version(), Some(Version::V5));
    /// ```
    pub fn set_decoder(&mut self, decoder: Decoder) {
        self.decoder = decoder;
    }
}

/// The least that is reserved when a packet is not all there.
const STEP: usize = 1024;

impl tokio_util::codec::Decoder for MqttCodec {
    type Item = Packet;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Packet>, CodecError> {
        match self.decoder.decode_from(src) {
            Err(error) => {
                if let Some(version) = error.version() {
                    self.encoder = self.encoder.with_version(version);
                }
                Err(error.into())
            }
            Ok(Status::Complete(packet)) => {
                match &packet {
                    Packet::Connect(connect) => {
                        let encoder = self.encoder.with_version(connect.version());
                        self.encoder = encoder.within(connect.properties());
                    }
                    Packet::ConnAck(answer) => {
                        self.encoder = self.encoder.within(answer.properties());
                    }
                    _ => {}
                }
                Ok(Some(packet))
            }
            Ok(Status::Incomplete { needed }) => {
                src.reserve(needed.min(src.len().max(STEP)));
                Ok(None)
            }
        }
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Packet>, CodecError> {
        match self.decode(src)? {
            Some(packet) => Ok(Some(packet)),
            None if src.is_empty() => Ok(None),
            None => Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
        }
    }
}

impl tokio_util::codec::Encoder<Packet> for MqttCodec {
    type Error = CodecError;

    fn encode(&mut self, packet: Packet, dst: &mut BytesMut) -> Result<(), CodecError> {
        Ok(self.encoder.encode(&packet, dst)?)
    }
}

impl<P: Encode> tokio_util::codec::Encoder<&P> for MqttCodec {
    type Error = CodecError;

    fn encode(&mut self, packet: &P, dst: &mut BytesMut) -> Result<(), CodecError> {
        Ok(self.encoder.encode(packet, dst)?)
    }
}

/// A message forwarded to the peer:
///
/// ```
/// use bytes::BytesMut;
/// use mqtt_codec::{Delivery, MqttCodec, PreparedPublish, Publish, Recipient, Version};
/// use tokio_util::codec::Encoder as _;
///
/// let prepared = PreparedPublish::new(&Publish::builder("a").payload(b"x").build()?);
/// let mut to_send = BytesMut::new();
/// MqttCodec::server().encode((&prepared, Recipient::new(Delivery::AtMostOnce)), &mut to_send)?;
/// assert_eq!(to_send, &b"\x30\x04\x00\x01ax"[..]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
impl tokio_util::codec::Encoder<(&PreparedPublish, Recipient<'_>)> for MqttCodec {
    type Error = CodecError;

    fn encode(
        &mut self,
        (message, recipient): (&PreparedPublish, Recipient<'_>),
        dst: &mut BytesMut,
    ) -> Result<(), CodecError> {
        Ok(message.encode(&self.encoder, &recipient, dst)?)
    }
}

/// Why a [`MqttCodec`] failed.
///
/// ```
/// use bytes::BytesMut;
/// use mqtt_codec::{CodecError, DecodeErrorKind, MqttCodec};
/// use tokio_util::codec::Decoder as _;
///
/// let error = MqttCodec::server().decode(&mut BytesMut::from(&[0xC0][..])).unwrap_err();
/// let CodecError::Decode(error) = error else { panic!() };
/// assert_eq!(error.kind(), DecodeErrorKind::ConnectExpected);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum CodecError {
    /// The transport failed, or ended within a packet.
    Io(io::Error),
    /// The peer sent something that is no packet.
    Decode(DecodeError),
    /// A packet cannot be sent to this peer.
    Encode(EncodeError),
}

impl From<io::Error> for CodecError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<DecodeError> for CodecError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for CodecError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
            Self::Encode(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for CodecError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Decode(error) => Some(error),
            Self::Encode(error) => Some(error),
        }
    }
}
