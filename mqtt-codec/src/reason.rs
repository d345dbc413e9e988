use core::fmt;

use crate::QoS;
use crate::header::PacketType;

macro_rules! reason_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal, [$($packet:ident)*];)*) => {
        /// A reason code of MQTT 5.0 §2.4, which also stands for the return codes of 3.x.
        ///
        /// 0x00 has three names in the standard (Success, Normal disconnection, Granted QoS 0); here it is
        /// [`Success`](Self::Success).
        ///
        /// ```
        /// use mqtt_codec::{PacketType, ReasonCode};
        ///
        /// let code = ReasonCode::from_byte(0x87).unwrap();
        /// assert_eq!(code, ReasonCode::NotAuthorized);
        /// assert!(code.is_error());
        /// assert!(code.is_for(PacketType::PubAck));
        /// assert!(!code.is_for(PacketType::PubRel));
        /// assert_eq!(code.return_code(), Some(0x05)); // what 3.1.1 calls it in CONNACK
        /// assert_eq!(code.to_string(), "Not authorized (0x87)");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum ReasonCode {
            $($(#[$doc])* $name = $code,)*
        }

        impl ReasonCode {
            /// All codes in their order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code as its byte.
            ///
            /// ```
            /// use mqtt_codec::ReasonCode;
            ///
            /// assert_eq!(ReasonCode::QuotaExceeded.byte(), 0x97);
            /// ```
            #[must_use]
            pub const fn byte(self) -> u8 {
                match self { $(Self::$name => $code,)* }
            }

            /// The code of this byte.
            ///
            /// ```
            /// use mqtt_codec::ReasonCode;
            ///
            /// assert_eq!(ReasonCode::from_byte(0x8A), Some(ReasonCode::Banned));
            /// assert_eq!(ReasonCode::from_byte(0xFF), None);
            /// ```
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte { $($code => Some(Self::$name),)* _ => None }
            }

            const fn packets(self) -> u16 {
                match self { $(Self::$name => 0 $(| PacketType::$packet.bit())*,)* }
            }

            const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

reason_codes! {
    /// Success; Normal disconnection; Granted QoS 0.
    Success = 0x00, "Success", [ConnAck PubAck PubRec PubRel PubComp SubAck UnsubAck Disconnect Auth];
    /// Granted QoS 1.
    GrantedQoS1 = 0x01, "Granted QoS 1", [SubAck];
    /// Granted QoS 2.
    GrantedQoS2 = 0x02, "Granted QoS 2", [SubAck];
    /// Disconnect, and publish the will.
    DisconnectWithWillMessage = 0x04, "Disconnect with Will Message", [Disconnect];
    /// Accepted, but nobody is subscribed.
    NoMatchingSubscribers = 0x10, "No matching subscribers", [PubAck PubRec];
    /// There was no such subscription.
    NoSubscriptionExisted = 0x11, "No subscription existed", [UnsubAck];
    /// The authentication goes on.
    ContinueAuthentication = 0x18, "Continue authentication", [Auth];
    /// A new authentication begins.
    ReAuthenticate = 0x19, "Re-authenticate", [Auth];
    /// A reason that is not told, or none of the others.
    UnspecifiedError = 0x80, "Unspecified error", [ConnAck PubAck PubRec SubAck UnsubAck Disconnect];
    /// The packet cannot be read by the standard.
    MalformedPacket = 0x81, "Malformed Packet", [ConnAck Disconnect];
    /// The packet can be read but is not allowed.
    ProtocolError = 0x82, "Protocol Error", [ConnAck Disconnect];
    /// Valid, but not accepted by this implementation.
    ImplementationSpecificError = 0x83, "Implementation specific error",
        [ConnAck PubAck PubRec SubAck UnsubAck Disconnect];
    /// Not a version that the server speaks.
    UnsupportedProtocolVersion = 0x84, "Unsupported Protocol Version", [ConnAck];
    /// Not a client identifier that the server accepts.
    ClientIdentifierNotValid = 0x85, "Client Identifier not valid", [ConnAck];
    /// Bad user name or password.
    BadUserNameOrPassword = 0x86, "Bad User Name or Password", [ConnAck];
    /// Not authorized.
    NotAuthorized = 0x87, "Not authorized", [ConnAck PubAck PubRec SubAck UnsubAck Disconnect];
    /// The server is not available.
    ServerUnavailable = 0x88, "Server unavailable", [ConnAck];
    /// The server is busy.
    ServerBusy = 0x89, "Server busy", [ConnAck Disconnect];
    /// The client is banned.
    Banned = 0x8A, "Banned", [ConnAck];
    /// The server is shutting down.
    ServerShuttingDown = 0x8B, "Server shutting down", [Disconnect];
    /// Not an authentication method that is supported, or not the one agreed on.
    BadAuthenticationMethod = 0x8C, "Bad authentication method", [ConnAck Disconnect];
    /// Nothing was received for one and a half times the keep alive.
    KeepAliveTimeout = 0x8D, "Keep Alive timeout", [Disconnect];
    /// Another connection uses the client identifier.
    SessionTakenOver = 0x8E, "Session taken over", [Disconnect];
    /// Correctly formed, but not accepted.
    TopicFilterInvalid = 0x8F, "Topic Filter invalid", [SubAck UnsubAck Disconnect];
    /// Correctly formed, but not accepted.
    TopicNameInvalid = 0x90, "Topic Name invalid", [ConnAck PubAck PubRec Disconnect];
    /// The packet identifier is in use.
    PacketIdentifierInUse = 0x91, "Packet Identifier in use", [PubAck PubRec SubAck UnsubAck];
    /// The packet identifier is not known.
    PacketIdentifierNotFound = 0x92, "Packet Identifier not found", [PubRel PubComp];
    /// More unacknowledged messages than Receive Maximum.
    ReceiveMaximumExceeded = 0x93, "Receive Maximum exceeded", [Disconnect];
    /// A topic alias of 0 or above the maximum.
    TopicAliasInvalid = 0x94, "Topic Alias invalid", [Disconnect];
    /// Larger than Maximum Packet Size.
    PacketTooLarge = 0x95, "Packet too large", [ConnAck Disconnect];
    /// The message rate is too high.
    MessageRateTooHigh = 0x96, "Message rate too high", [Disconnect];
    /// A limit was exceeded.
    QuotaExceeded = 0x97, "Quota exceeded", [ConnAck PubAck PubRec SubAck Disconnect];
    /// Closed by an administrator.
    AdministrativeAction = 0x98, "Administrative action", [Disconnect];
    /// The payload is not what its format indicator says.
    PayloadFormatInvalid = 0x99, "Payload format invalid", [ConnAck PubAck PubRec Disconnect];
    /// Retained messages are not supported.
    RetainNotSupported = 0x9A, "Retain not supported", [ConnAck Disconnect];
    /// A QoS above Maximum QoS.
    QoSNotSupported = 0x9B, "QoS not supported", [ConnAck Disconnect];
    /// Use another server, temporarily.
    UseAnotherServer = 0x9C, "Use another server", [ConnAck Disconnect];
    /// Use another server, from now on.
    ServerMoved = 0x9D, "Server moved", [ConnAck Disconnect];
    /// Shared subscriptions are not supported.
    SharedSubscriptionsNotSupported = 0x9E, "Shared Subscriptions not supported", [SubAck Disconnect];
    /// The connection rate is too high.
    ConnectionRateExceeded = 0x9F, "Connection rate exceeded", [ConnAck Disconnect];
    /// The maximum connection time is over.
    MaximumConnectTime = 0xA0, "Maximum connect time", [Disconnect];
    /// Subscription identifiers are not supported.
    SubscriptionIdentifiersNotSupported = 0xA1, "Subscription Identifiers not supported", [SubAck Disconnect];
    /// Wildcard subscriptions are not supported.
    WildcardSubscriptionsNotSupported = 0xA2, "Wildcard Subscriptions not supported", [SubAck Disconnect];
}

impl ReasonCode {
    /// Whether this code says that something failed (0x80 and above).
    ///
    /// ```
    /// use mqtt_codec::ReasonCode;
    ///
    /// assert!(ReasonCode::NotAuthorized.is_error());
    /// assert!(!ReasonCode::NoMatchingSubscribers.is_error());
    /// ```
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.byte() >= 0x80
    }

    /// The code by which SUBACK grants this QoS.
    ///
    /// ```
    /// use mqtt_codec::{QoS, ReasonCode};
    ///
    /// assert_eq!(ReasonCode::granted(QoS::AtMostOnce), ReasonCode::Success);
    /// assert_eq!(ReasonCode::granted(QoS::ExactlyOnce), ReasonCode::GrantedQoS2);
    /// ```
    #[must_use]
    pub const fn granted(qos: QoS) -> Self {
        match qos {
            QoS::AtMostOnce => Self::Success,
            QoS::AtLeastOnce => Self::GrantedQoS1,
            QoS::ExactlyOnce => Self::GrantedQoS2,
        }
    }

    /// Whether packets of this type may carry the code in 5.0.
    ///
    /// ```
    /// use mqtt_codec::{PacketType, ReasonCode};
    ///
    /// assert!(ReasonCode::GrantedQoS1.is_for(PacketType::SubAck));
    /// assert!(!ReasonCode::GrantedQoS1.is_for(PacketType::UnsubAck));
    /// ```
    #[must_use]
    pub const fn is_for(self, packet: PacketType) -> bool {
        self.packets() & packet.bit() != 0
    }

    /// Whether a client may send the code in such a packet (MQTT 5.0 §3.4.2.1, §3.5.2.1, §3.14.2.1, §3.15.2.1).
    pub(crate) const fn is_from_client(self, packet: PacketType) -> bool {
        match packet {
            PacketType::Disconnect => matches!(
                self,
                Self::Success
                    | Self::DisconnectWithWillMessage
                    | Self::UnspecifiedError
                    | Self::MalformedPacket
                    | Self::ProtocolError
                    | Self::ImplementationSpecificError
                    | Self::BadAuthenticationMethod
                    | Self::TopicNameInvalid
                    | Self::ReceiveMaximumExceeded
                    | Self::TopicAliasInvalid
                    | Self::PacketTooLarge
                    | Self::MessageRateTooHigh
                    | Self::QuotaExceeded
                    | Self::AdministrativeAction
                    | Self::PayloadFormatInvalid
            ),
            PacketType::Auth => !matches!(self, Self::Success),
            PacketType::PubAck | PacketType::PubRec => !matches!(self, Self::NoMatchingSubscribers),
            _ => true,
        }
    }

    /// Whether a server may send the code in DISCONNECT or AUTH (MQTT 5.0 §3.14.2.1, §3.15.2.1).
    pub(crate) const fn is_from_server(self, packet: PacketType) -> bool {
        match packet {
            PacketType::Disconnect => !matches!(self, Self::DisconnectWithWillMessage),
            PacketType::Auth => !matches!(self, Self::ReAuthenticate),
            _ => true,
        }
    }

    /// The CONNACK return code of 3.x that says the same (MQTT 3.1.1 §3.2.2.3), if one does.
    ///
    /// ```
    /// use mqtt_codec::ReasonCode;
    ///
    /// assert_eq!(ReasonCode::ServerBusy.return_code(), Some(0x03)); // "server unavailable" there
    /// assert_eq!(ReasonCode::QuotaExceeded.return_code(), None);
    /// ```
    #[must_use]
    pub const fn return_code(self) -> Option<u8> {
        match self {
            Self::Success => Some(0x00),
            Self::UnsupportedProtocolVersion => Some(0x01),
            Self::ClientIdentifierNotValid => Some(0x02),
            Self::ServerUnavailable | Self::ServerBusy => Some(0x03),
            Self::BadUserNameOrPassword => Some(0x04),
            Self::NotAuthorized | Self::Banned => Some(0x05),
            _ => None,
        }
    }

    /// The reason code that says the same as a CONNACK return code of 3.x.
    ///
    /// ```
    /// use mqtt_codec::ReasonCode;
    ///
    /// assert_eq!(ReasonCode::from_return_code(0x04), Some(ReasonCode::BadUserNameOrPassword));
    /// assert_eq!(ReasonCode::from_return_code(0x06), None);
    /// ```
    #[must_use]
    pub const fn from_return_code(code: u8) -> Option<Self> {
        match code {
            0x00 => Some(Self::Success),
            0x01 => Some(Self::UnsupportedProtocolVersion),
            0x02 => Some(Self::ClientIdentifierNotValid),
            0x03 => Some(Self::ServerUnavailable),
            0x04 => Some(Self::BadUserNameOrPassword),
            0x05 => Some(Self::NotAuthorized),
            _ => None,
        }
    }
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (0x{:02x})", self.text(), self.byte())
    }
}
