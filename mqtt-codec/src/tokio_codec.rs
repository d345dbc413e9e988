use core::fmt;
use std::io;

use bytes::BytesMut;

use crate::{DecodeError, Decoder, Encode, EncodeError, Encoder, Packet, Status, Version};

/// A [`Decoder`] and an [`Encoder`] as one `tokio_util` codec.
///
/// On a server the encoder takes the version that the decoder learns from CONNECT. Memory is reserved for no more than as
/// many bytes as have arrived already, so a peer pays for what it makes us hold.
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
    #[must_use]
    pub const fn new(decoder: Decoder, encoder: Encoder) -> Self {
        Self { decoder, encoder }
    }

    /// The codec of a server: [`Decoder::server`], and an encoder that answers in the version of CONNECT.
    #[must_use]
    pub const fn server() -> Self {
        Self::new(Decoder::server(), Encoder::new(Version::V311))
    }

    /// The codec of a client of this version.
    #[must_use]
    pub const fn client(version: Version) -> Self {
        Self::new(Decoder::client(version), Encoder::new(version))
    }

    /// What decodes.
    #[must_use]
    pub const fn decoder(&self) -> &Decoder {
        &self.decoder
    }

    /// What encodes.
    #[must_use]
    pub const fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Sets what encodes, as when CONNECT has told the Maximum Packet Size.
    pub const fn set_encoder(&mut self, encoder: Encoder) {
        self.encoder = encoder;
    }
}

/// The least that is reserved when a packet is not all there.
const STEP: usize = 1024;

impl tokio_util::codec::Decoder for MqttCodec {
    type Item = Packet;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Packet>, CodecError> {
        match self.decoder.decode_from(src)? {
            Status::Complete(packet) => {
                if let (Packet::Connect(_), Some(version)) = (&packet, self.decoder.version()) {
                    self.encoder = self.encoder.with_version(version);
                }
                Ok(Some(packet))
            }
            Status::Incomplete { needed } => {
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
