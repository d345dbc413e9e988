use core::fmt;

use crate::connack::ConnAck;
use crate::disconnect::Disconnect;
use crate::property::PropertyId;
use crate::reader::Sender;
use crate::{Packet, PacketType, ReasonCode, Version};

/// Why bytes are not the packet they should be.
///
/// `Display` says where, what was found, what was expected and which statement was broken;
/// [`reaction`](Self::reaction) says what to send before closing. An error is always fatal for its
/// connection (MQTT 3.1.1 [MQTT-4.8.0-1], MQTT 5.0 [MQTT-4.13.1-1]).
///
/// ```
/// use mqtt_codec::{DecodeErrorKind, Decoder, Field, PacketType, Reaction, ReasonCode, Version};
///
/// // A 5.0 PUBLISH with Topic Alias 0.
/// let frame = [0x30, 0x08, 0x00, 0x01, b'a', 0x03, 0x23, 0x00, 0x00, b'x'];
/// let error = Decoder::any(Version::V5).decode(&frame).unwrap_err();
///
/// assert_eq!(error.kind(), DecodeErrorKind::InvalidPropertyValue);
/// assert_eq!(error.packet(), Some(PacketType::Publish));
/// assert_eq!(error.offset(), 7);
/// assert_eq!(error.statement(), Some("MQTT-3.3.2-8"));
/// assert_eq!(error.reaction(), Reaction::Disconnect(ReasonCode::TopicAliasInvalid));
/// assert_eq!(
///     error.to_string(),
///     "invalid PUBLISH at byte 7: Topic Alias is 0, expected a number from 1 to 65,535 \
///      [MQTT 5.0 MQTT-3.3.2-8]",
/// );
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DecodeError {
    pub(crate) kind: DecodeErrorKind,
    pub(crate) packet: Option<PacketType>,
    pub(crate) field: Field,
    pub(crate) version: Option<Version>,
    /// For a field that ends the packet too late: what of CONNECT its flags did not announce.
    pub(crate) detail: Detail,
    /// Whose packets were read.
    pub(crate) sender: Sender,
    pub(crate) offset: u32,
    pub(crate) found: u32,
    /// The number that was expected, for the kinds that have one.
    pub(crate) limit: u32,
}

/// What a kind of error needs to know besides kind and field.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    None,
    /// The User Name Flag was 0.
    NoUserName,
    /// The Password Flag was 0.
    NoPassword,
    /// Neither flag was set.
    NoCredentials,
}

/// The part of a packet in which an error was found.
///
/// ```
/// use mqtt_codec::{Field, PropertyId};
///
/// assert_eq!(Field::TopicName.to_string(), "Topic Name");
/// assert_eq!(Field::Property(PropertyId::TopicAlias).to_string(), "Topic Alias");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// The first byte.
    FixedHeader,
    /// The length of the rest.
    RemainingLength,
    /// The whole of what follows the fixed header.
    Body,
    /// The Protocol Name of CONNECT.
    ProtocolName,
    /// The Protocol Level (3.x) or Protocol Version (5.0) of CONNECT.
    ProtocolLevel,
    /// The Connect Flags.
    ConnectFlags,
    /// The Keep Alive of CONNECT.
    KeepAlive,
    /// The Property Length.
    PropertyLength,
    /// The identifier of a property.
    PropertyIdentifier,
    /// The value of a property.
    Property(PropertyId),
    /// The Client Identifier.
    ClientId,
    /// The Will Topic.
    WillTopic,
    /// The Will Message (3.x) or Will Payload (5.0).
    WillPayload,
    /// The User Name.
    UserName,
    /// The Password.
    Password,
    /// The Connect Acknowledge Flags.
    AcknowledgeFlags,
    /// A return code (3.x) or reason code (5.0).
    ReasonCode,
    /// The Packet Identifier.
    PacketId,
    /// The Topic Name of PUBLISH.
    TopicName,
    /// A Topic Filter.
    TopicFilter,
    /// The Requested QoS (3.x) or Subscription Options (5.0).
    SubscriptionOptions,
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FixedHeader => "first byte",
            Self::RemainingLength => "Remaining Length",
            Self::Body => "packet body",
            Self::ProtocolName => "Protocol Name",
            Self::ProtocolLevel => "Protocol Level",
            Self::ConnectFlags => "Connect Flags",
            Self::KeepAlive => "Keep Alive",
            Self::PropertyLength => "Property Length",
            Self::PropertyIdentifier => "Property Identifier",
            Self::Property(id) => return id.fmt(f),
            Self::ClientId => "Client Identifier",
            Self::WillTopic => "Will Topic",
            Self::WillPayload => "Will Payload",
            Self::UserName => "User Name",
            Self::Password => "Password",
            Self::AcknowledgeFlags => "Connect Acknowledge Flags",
            Self::ReasonCode => "Reason Code",
            Self::PacketId => "Packet Identifier",
            Self::TopicName => "Topic Name",
            Self::TopicFilter => "Topic Filter",
            Self::SubscriptionOptions => "Subscription Options",
        })
    }
}

/// What is wrong, in the order in which a packet is read.
///
/// ```
/// use mqtt_codec::{DecodeErrorKind, Decoder, Version};
///
/// let error = Decoder::any(Version::V311).decode(&[0x36]).unwrap_err();
/// assert_eq!(error.kind(), DecodeErrorKind::InvalidQoS);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// A packet type that the version does not have.
    UnknownPacketType,
    /// Reserved bits of the first byte have another value than the tabled one.
    InvalidFlags,
    /// A QoS of 3.
    InvalidQoS,
    /// DUP at QoS 0.
    DupWithoutQoS,
    /// A Variable Byte Integer of more than four bytes.
    IntegerTooLong,
    /// A Variable Byte Integer in more bytes than its value needs.
    IntegerNotShortest,
    /// More bytes than the limit allows.
    PacketTooLarge,
    /// A Remaining Length that this type cannot have.
    UnexpectedLength,
    /// A field that would run past the end of the packet, or is not there at all.
    Truncated,
    /// Bytes after the last field.
    TrailingBytes,
    /// A first packet that is not CONNECT.
    ConnectExpected,
    /// A second CONNECT.
    SecondConnect,
    /// Something else before a CONNACK that accepts the connection.
    ConnAckExpected,
    /// A second CONNACK.
    SecondConnAck,
    /// A packet that this peer may not send.
    WrongDirection,
    /// A Protocol Name that is not MQTT.
    InvalidProtocolName,
    /// A Protocol Level that is not supported, or not the one agreed on.
    UnsupportedProtocolLevel,
    /// The reserved bit of the Connect Flags is set.
    ReservedConnectFlag,
    /// A Will QoS of 3.
    InvalidWillQoS,
    /// A Will QoS without a will.
    WillQoSWithoutWill,
    /// Will Retain without a will.
    WillRetainWithoutWill,
    /// A password without a user name (3.x).
    PasswordWithoutUserName,
    /// A Client Identifier that is empty although the session is to be kept, or (3.1) of the wrong length.
    ClientIdRejected,
    /// Reserved bits of the Connect Acknowledge Flags are set.
    ReservedAcknowledgeFlags,
    /// Session Present together with a refusal.
    SessionPresentOnRefusal,
    /// A reason code that this packet type does not have.
    InvalidReasonCode,
    /// A reason code that this peer may not send.
    ReasonCodeWrongDirection,
    /// No reason code at all where there must be one for each filter.
    NoReasonCodes,
    /// A Packet Identifier of 0.
    ZeroPacketId,
    /// Bytes that are not well-formed UTF-8.
    IllFormedUtf8,
    /// U+0000 in a string.
    NulCharacter,
    /// A wildcard in a Topic Name.
    WildcardInTopicName,
    /// An empty Topic Name, without a Topic Alias that would stand for it.
    EmptyTopicName,
    /// A Topic Name of more than 32,767 characters (3.1).
    TopicNameTooLong,
    /// An empty Topic Filter.
    EmptyTopicFilter,
    /// A `#` that is not the whole last level.
    MisplacedMultiLevelWildcard,
    /// A `+` that is not a whole level.
    MisplacedSingleLevelWildcard,
    /// A shared subscription without a share name (5.0).
    EmptyShareName,
    /// A shared subscription with a wildcard in its share name, or without a filter (5.0).
    InvalidSharedSubscription,
    /// No Topic Filter at all.
    NoTopicFilters,
    /// Reserved bits of the Requested QoS or the Subscription Options are set.
    ReservedSubscriptionOptions,
    /// A Requested QoS of 3.
    InvalidRequestedQoS,
    /// A Retain Handling of 3 (5.0).
    InvalidRetainHandling,
    /// No Local on a shared subscription (5.0).
    NoLocalOnShared,
    /// A property identifier that does not exist.
    UnknownProperty,
    /// A property that this packet may not carry.
    PropertyNotAllowed,
    /// A property twice that may be there once.
    DuplicateProperty,
    /// A value that its property cannot have.
    InvalidPropertyValue,
    /// Authentication Data without Authentication Method.
    AuthenticationDataWithoutMethod,
    /// An AUTH packet without Authentication Method.
    MissingAuthenticationMethod,
    /// A Subscription Identifier in a PUBLISH from a client.
    SubscriptionIdentifierFromClient,
    /// A Session Expiry Interval in a DISCONNECT from a server.
    SessionExpiryFromServer,
}

/// What to send before closing the connection.
///
/// ```
/// use mqtt_codec::{Decoder, Reaction};
///
/// // PINGREQ before CONNECT: nothing may be said to a peer that has not introduced itself.
/// let error = Decoder::server().decode(&[0xC0]).unwrap_err();
/// assert_eq!(error.reaction(), Reaction::Close);
/// assert_eq!(error.reaction().packet(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// Nothing: the version knows no way to say it.
    Close,
    /// A CONNACK with this code; [`ReasonCode::return_code`] is the byte for 3.x.
    ConnAck(ReasonCode),
    /// A 5.0 DISCONNECT with this code.
    Disconnect(ReasonCode),
}

impl Reaction {
    /// The packet to send, if there is one: to be encoded for [`DecodeError::version`].
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Encoder};
    ///
    /// // Level 6 is of no version; the answer is in the form of the latest.
    /// let error = Decoder::server().decode(b"\x10\x0D\x00\x04MQTT\x06\x02\x00\x3C\x00\x01c").unwrap_err();
    /// let mut out = Vec::new();
    /// if let (Some(version), Some(answer)) = (error.version(), error.reaction().packet()) {
    ///     Encoder::server(version).encode(&answer, &mut out)?;
    /// }
    /// assert_eq!(out, [0x20, 0x03, 0x00, 0x84, 0x00]);
    /// # Ok::<(), mqtt_codec::EncodeError>(())
    /// ```
    #[must_use]
    pub const fn packet(self) -> Option<Packet> {
        match self {
            Self::Close => None,
            Self::ConnAck(reason) => Some(Packet::ConnAck(ConnAck::refusal(reason))),
            Self::Disconnect(reason) => Some(Packet::Disconnect(Disconnect::with_reason(reason))),
        }
    }
}

impl DecodeError {
    /// An error at the beginning of a packet of unknown version.
    pub(crate) const fn new(
        kind: DecodeErrorKind,
        packet: Option<PacketType>,
        field: Field,
        found: u32,
    ) -> Self {
        Self {
            kind,
            packet,
            field,
            version: None,
            detail: Detail::None,
            sender: Sender::Anyone,
            offset: 0,
            found,
            limit: 0,
        }
    }

    /// What is wrong.
    ///
    /// ```
    /// use mqtt_codec::{DecodeErrorKind, Decoder, Version};
    ///
    /// let error = Decoder::any(Version::V311).decode(&[0x36]).unwrap_err();
    /// assert_eq!(error.kind(), DecodeErrorKind::InvalidQoS);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> DecodeErrorKind {
        self.kind
    }

    /// The type of the packet, unless the first byte names none.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, PacketType, Version};
    ///
    /// let error = Decoder::any(Version::V311).decode(&[0x36]).unwrap_err();
    /// assert_eq!(error.packet(), Some(PacketType::Publish));
    /// ```
    #[must_use]
    pub const fn packet(&self) -> Option<PacketType> {
        self.packet
    }

    /// The part of the packet.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Field, Version};
    ///
    /// let error = Decoder::any(Version::V311).decode(&[0x36]).unwrap_err();
    /// assert_eq!(error.field(), Field::FixedHeader);
    /// ```
    #[must_use]
    pub const fn field(&self) -> Field {
        self.field
    }

    /// The version by which the packet was read; unknown before CONNECT.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Version};
    ///
    /// assert_eq!(Decoder::any(Version::V5).decode(&[0x36]).unwrap_err().version(), Some(Version::V5));
    /// assert_eq!(Decoder::server().decode(&[0x36]).unwrap_err().version(), None);
    /// ```
    #[must_use]
    pub const fn version(&self) -> Option<Version> {
        self.version
    }

    /// The byte, counted from the first byte of the packet.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Version};
    ///
    /// let error = Decoder::any(Version::V311).decode(b"\x30\x06\x00\x03a/#x").unwrap_err();
    /// assert_eq!(error.offset(), 6);
    /// ```
    #[must_use]
    pub const fn offset(&self) -> u32 {
        self.offset
    }

    /// The numbered statement that was broken, or the section (`§…`) where the standard gave no number.
    ///
    /// MQTT 3.1 has no numbered statements; there the statement of 3.1.1 that says the same is given.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Version};
    ///
    /// let error = Decoder::any(Version::V311).decode(&[0x36]).unwrap_err();
    /// assert_eq!(error.statement(), Some("MQTT-3.3.1-4"));
    /// ```
    #[must_use]
    pub fn statement(&self) -> Option<&'static str> {
        self.statements().first().copied()
    }

    /// Every statement that was broken by this one fault, the most specific first.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Version};
    ///
    /// let error = Decoder::any(Version::V311).decode(&[0x38]).unwrap_err(); // DUP at QoS 0
    /// assert_eq!(error.statements(), ["MQTT-3.3.1-2", "MQTT-4.3.1-1"]);
    /// ```
    #[must_use]
    pub fn statements(&self) -> &'static [&'static str] {
        crate::statement::statements(self)
    }

    /// The 5.0 reason code for this error (MQTT 5.0 §4.13).
    ///
    /// ```
    /// use mqtt_codec::{Decoder, ReasonCode, Version};
    ///
    /// let error = Decoder::any(Version::V5).with_max_packet_size(10).decode(&[0x30, 0x7F]).unwrap_err();
    /// assert_eq!(error.reason_code(), ReasonCode::PacketTooLarge);
    /// ```
    #[must_use]
    pub fn reason_code(&self) -> ReasonCode {
        crate::statement::reason_code(self)
    }

    /// What to send before closing.
    ///
    /// In 5.0 a server answers a bad CONNECT with CONNACK and anything later with DISCONNECT; a client has nothing
    /// but DISCONNECT. In 3.x only a server has an answer, to a refused level or client identifier (MQTT 3.1.1
    /// [MQTT-3.1.2-2], [MQTT-3.1.3-8]). A server that has not sent its CONNACK yet may not send DISCONNECT (MQTT 5.0
    /// [MQTT-3.14.0-1]); whether it has is known to the connection.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Reaction, ReasonCode, Version};
    ///
    /// // PINGREQ goes from clients to servers only.
    /// let error = Decoder::client_after_connack(Version::V5).decode(&[0xC0]).unwrap_err();
    /// assert_eq!(error.reaction(), Reaction::Disconnect(ReasonCode::ProtocolError));
    /// ```
    #[must_use]
    pub fn reaction(&self) -> Reaction {
        let code = self.reason_code();
        let connect =
            self.packet == Some(PacketType::Connect) && self.kind != DecodeErrorKind::SecondConnect;
        match (self.sender, self.kind, self.version) {
            (_, DecodeErrorKind::ConnectExpected, _) | (_, _, None) => Reaction::Close,
            (Sender::Server, _, Some(Version::V5)) => Reaction::Disconnect(code),
            (Sender::Server, ..) => Reaction::Close,
            (_, DecodeErrorKind::UnsupportedProtocolLevel, _) => Reaction::ConnAck(code),
            (_, DecodeErrorKind::ClientIdRejected, _) => Reaction::ConnAck(code),
            (_, _, Some(Version::V5)) if connect => Reaction::ConnAck(code),
            (_, _, Some(Version::V5)) => Reaction::Disconnect(code),
            (_, _, Some(_)) => Reaction::Close,
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.packet {
            Some(packet) => write!(f, "invalid {packet} at byte {}: ", self.offset)?,
            None => write!(f, "invalid packet at byte {}: ", self.offset)?,
        }
        crate::statement::describe(self, f)?;
        if let Some(statement) = self.statement() {
            match self.version {
                // 3.1 cites the 3.1.1 statement that says the same.
                Some(Version::V5) => write!(f, " [MQTT 5.0 {statement}]")?,
                _ => write!(f, " [MQTT 3.1.1 {statement}]")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodeError")
            .field("kind", &self.kind)
            .field("packet", &self.packet)
            .field("field", &self.field)
            .field("version", &self.version)
            .field("offset", &self.offset)
            .field("found", &self.found)
            .finish()
    }
}

impl core::error::Error for DecodeError {}
