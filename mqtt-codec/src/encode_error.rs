use core::fmt;

use crate::decode_error::Field;
use crate::{PacketType, Version};

/// Why a packet was not encoded. Nothing was written.
///
/// ```
/// use bytes::BytesMut;
/// use mqtt_codec::{EncodeErrorKind, Encoder, Publish, Version};
///
/// let publish = Publish::builder("a").payload(&[0; 100]).build()?;
/// let encoder = Encoder::new(Version::V5).with_max_packet_size(64);
/// let error = encoder.encode(&publish, &mut BytesMut::new()).unwrap_err();
///
/// assert_eq!(error.kind(), EncodeErrorKind::PacketTooLarge);
/// // MQTT 5.0 [MQTT-3.1.2-25]: then the sender acts as if it had sent it.
/// assert_eq!(
///     error.to_string(),
///     "cannot encode PUBLISH for MQTT 5.0: 106 bytes, expected at most 64 [MQTT 5.0 MQTT-3.1.2-24]",
/// );
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError {
    pub(crate) kind: EncodeErrorKind,
    pub(crate) packet: PacketType,
    pub(crate) version: Version,
    pub(crate) field: Field,
    pub(crate) len: usize,
    pub(crate) limit: usize,
}

/// What stands against encoding.
///
/// ```
/// use bytes::BytesMut;
/// use mqtt_codec::{EncodeErrorKind, Encoder, PacketId, PubAck, ReasonCode, Version};
///
/// // 3.1.1 has no way to say that a message was refused.
/// let refusal = PubAck::builder(PacketId::MIN).reason(ReasonCode::QuotaExceeded).build()?;
/// let error = Encoder::new(Version::V311).encode(&refusal, &mut BytesMut::new()).unwrap_err();
/// assert_eq!(error.kind(), EncodeErrorKind::NotInVersion);
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncodeErrorKind {
    /// More bytes than the receiver takes. The packet is to be dropped as if it had been sent
    /// (MQTT 5.0 [MQTT-3.1.2-25]).
    PacketTooLarge,
    /// The version cannot say what the packet says, and leaving it out would change the meaning.
    NotInVersion,
    /// The topic is known by nothing but an alias, which means nothing to this receiver. The alias has to be replaced by
    /// the name that it stands for: [`PublishBuilder::topic`](crate::PublishBuilder::topic).
    UnresolvedTopicAlias,
    /// A packet, or something in it, that this side of a connection may not send ([`Encoder::client`],
    /// [`Encoder::server`]).
    ///
    /// [`Encoder::client`]: crate::Encoder::client
    /// [`Encoder::server`]: crate::Encoder::server
    WrongDirection,
    /// The buffer has no room.
    BufferTooSmall,
}

impl EncodeError {
    pub(crate) const fn not_in_version(packet: PacketType, version: Version, field: Field) -> Self {
        Self::new(EncodeErrorKind::NotInVersion, packet, version, field)
    }

    pub(crate) const fn wrong_direction(
        packet: PacketType,
        version: Version,
        field: Field,
    ) -> Self {
        Self::new(EncodeErrorKind::WrongDirection, packet, version, field)
    }

    pub(crate) const fn new(
        kind: EncodeErrorKind,
        packet: PacketType,
        version: Version,
        field: Field,
    ) -> Self {
        Self {
            kind,
            packet,
            version,
            field,
            len: 0,
            limit: 0,
        }
    }

    /// What stands against it.
    ///
    /// ```
    /// use mqtt_codec::{EncodeErrorKind, Encoder, Packet, Version};
    ///
    /// let error = Encoder::new(Version::V5).encode(&<Packet>::PingReq, &mut &mut [0; 1][..]).unwrap_err();
    /// assert_eq!(error.kind(), EncodeErrorKind::BufferTooSmall);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> EncodeErrorKind {
        self.kind
    }

    /// The type of the packet.
    ///
    /// ```
    /// use mqtt_codec::{Auth, Encoder, PacketType, Version};
    ///
    /// let error = Encoder::new(Version::V311).encode(&Auth::success(), &mut Vec::new()).unwrap_err();
    /// assert_eq!(error.packet(), PacketType::Auth);
    /// ```
    #[must_use]
    pub const fn packet(&self) -> PacketType {
        self.packet
    }

    /// The version that was to be encoded for.
    ///
    /// ```
    /// use mqtt_codec::{Auth, Encoder, Version};
    ///
    /// let error = Encoder::new(Version::V311).encode(&Auth::success(), &mut Vec::new()).unwrap_err();
    /// assert_eq!(error.version(), Version::V311);
    /// ```
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The part of the packet that cannot be said, or [`Field::Body`].
    ///
    /// ```
    /// use mqtt_codec::{Encoder, Field, PacketId, UnsubAck, Version};
    ///
    /// // 5.0 wants a code for each filter, and 3.x has none.
    /// let answer = UnsubAck::without_codes(PacketId::MIN);
    /// let error = Encoder::new(Version::V5).encode(&answer, &mut Vec::new()).unwrap_err();
    /// assert_eq!(error.field(), Field::ReasonCode);
    /// ```
    #[must_use]
    pub const fn field(&self) -> Field {
        self.field
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot encode {} for MQTT {}: ",
            self.packet, self.version
        )?;
        match self.kind {
            EncodeErrorKind::PacketTooLarge => write!(
                f,
                "{} bytes, expected at most {} [MQTT 5.0 MQTT-3.1.2-24]",
                self.len, self.limit
            ),
            EncodeErrorKind::NotInVersion => {
                write!(
                    f,
                    "{} says what this version cannot, expected something that it has",
                    self.field
                )
            }
            EncodeErrorKind::UnresolvedTopicAlias => write!(
                f,
                "{} is empty, expected the name that the Topic Alias stands for",
                self.field
            ),
            EncodeErrorKind::WrongDirection => write!(
                f,
                "{} is not for this side to send, expected what its peer may receive",
                self.field
            ),
            EncodeErrorKind::BufferTooSmall => {
                write!(
                    f,
                    "{} bytes, expected a buffer with room for them, has {}",
                    self.len, self.limit
                )
            }
        }
    }
}

impl core::error::Error for EncodeError {}
