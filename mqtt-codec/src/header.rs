use core::fmt;

use crate::Version;
use crate::varint::{self, Scan, VariableByteInteger};

/// The type of a control packet, by its code in the first byte.
///
/// ```
/// use mqtt_codec::PacketType;
///
/// assert_eq!(PacketType::from_code(3), Some(PacketType::Publish));
/// assert_eq!(PacketType::SubAck.code(), 9);
/// assert_eq!(PacketType::PingReq.to_string(), "PINGREQ");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum PacketType {
    /// Client to server: a connection request.
    Connect = 0x1,
    /// Server to client: the answer to CONNECT.
    ConnAck = 0x2,
    /// Both ways: a message.
    Publish = 0x3,
    /// Both ways: the answer to a QoS 1 PUBLISH.
    PubAck = 0x4,
    /// Both ways: first answer to a QoS 2 PUBLISH.
    PubRec = 0x5,
    /// Both ways: the answer to PUBREC.
    PubRel = 0x6,
    /// Both ways: the answer to PUBREL.
    PubComp = 0x7,
    /// Client to server: a subscription request.
    Subscribe = 0x8,
    /// Server to client: the answer to SUBSCRIBE.
    SubAck = 0x9,
    /// Client to server: the end of subscriptions.
    Unsubscribe = 0xA,
    /// Server to client: the answer to UNSUBSCRIBE.
    UnsubAck = 0xB,
    /// Client to server: a sign of life.
    PingReq = 0xC,
    /// Server to client: the answer to PINGREQ.
    PingResp = 0xD,
    /// The end of a connection: client to server, and in 5.0 both ways.
    Disconnect = 0xE,
    /// Both ways: a step of authentication; 5.0 only.
    Auth = 0xF,
}

impl PacketType {
    /// All types in the order of their codes.
    pub const ALL: [Self; 15] = [
        Self::Connect,
        Self::ConnAck,
        Self::Publish,
        Self::PubAck,
        Self::PubRec,
        Self::PubRel,
        Self::PubComp,
        Self::Subscribe,
        Self::SubAck,
        Self::Unsubscribe,
        Self::UnsubAck,
        Self::PingReq,
        Self::PingResp,
        Self::Disconnect,
        Self::Auth,
    ];

    /// The upper four bits of the first byte.
    ///
    /// ```
    /// use mqtt_codec::PacketType;
    ///
    /// assert_eq!(PacketType::Auth.code(), 0xF);
    /// ```
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Connect => 0x1,
            Self::ConnAck => 0x2,
            Self::Publish => 0x3,
            Self::PubAck => 0x4,
            Self::PubRec => 0x5,
            Self::PubRel => 0x6,
            Self::PubComp => 0x7,
            Self::Subscribe => 0x8,
            Self::SubAck => 0x9,
            Self::Unsubscribe => 0xA,
            Self::UnsubAck => 0xB,
            Self::PingReq => 0xC,
            Self::PingResp => 0xD,
            Self::Disconnect => 0xE,
            Self::Auth => 0xF,
        }
    }

    /// The type with this code; 0 is reserved.
    ///
    /// ```
    /// use mqtt_codec::PacketType;
    ///
    /// assert_eq!(PacketType::from_code(0xC), Some(PacketType::PingReq));
    /// assert_eq!(PacketType::from_code(0), None);
    /// ```
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0x1 => Self::Connect,
            0x2 => Self::ConnAck,
            0x3 => Self::Publish,
            0x4 => Self::PubAck,
            0x5 => Self::PubRec,
            0x6 => Self::PubRel,
            0x7 => Self::PubComp,
            0x8 => Self::Subscribe,
            0x9 => Self::SubAck,
            0xA => Self::Unsubscribe,
            0xB => Self::UnsubAck,
            0xC => Self::PingReq,
            0xD => Self::PingResp,
            0xE => Self::Disconnect,
            0xF => Self::Auth,
            _ => return None,
        })
    }

    /// Whether a client may send this type (MQTT 3.1.1 §2.2.1, MQTT 5.0 §2.1.2).
    ///
    /// ```
    /// use mqtt_codec::{PacketType, Version};
    ///
    /// assert!(PacketType::Subscribe.from_client(Version::V311));
    /// assert!(!PacketType::SubAck.from_client(Version::V311));
    /// ```
    #[must_use]
    pub const fn from_client(self, version: Version) -> bool {
        match self {
            Self::ConnAck | Self::SubAck | Self::UnsubAck | Self::PingResp => false,
            Self::Auth => matches!(version, Version::V5),
            _ => true,
        }
    }

    /// Whether a server may send this type (MQTT 3.1.1 §2.2.1, MQTT 5.0 §2.1.2).
    ///
    /// ```
    /// use mqtt_codec::{PacketType, Version};
    ///
    /// assert!(PacketType::Disconnect.from_server(Version::V5));
    /// assert!(!PacketType::Disconnect.from_server(Version::V311));
    /// ```
    #[must_use]
    pub const fn from_server(self, version: Version) -> bool {
        match self {
            Self::Connect | Self::Subscribe | Self::Unsubscribe | Self::PingReq => false,
            Self::Disconnect | Self::Auth => matches!(version, Version::V5),
            _ => true,
        }
    }

    /// The lower four bits of the first byte, for every type whose bits are reserved.
    pub(crate) const fn reserved_flags(self) -> u8 {
        match self {
            Self::PubRel | Self::Subscribe | Self::Unsubscribe => 0b0010,
            _ => 0,
        }
    }

    /// The first byte of a packet whose flag bits are reserved.
    pub(crate) const fn first_byte(self) -> u8 {
        (self.code() << 4) | self.reserved_flags()
    }

    /// Bit of this type in a set of types; bit 0 is free.
    pub(crate) const fn bit(self) -> u16 {
        1 << self.code()
    }
}

impl fmt::Display for PacketType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "CONNECT",
            Self::ConnAck => "CONNACK",
            Self::Publish => "PUBLISH",
            Self::PubAck => "PUBACK",
            Self::PubRec => "PUBREC",
            Self::PubRel => "PUBREL",
            Self::PubComp => "PUBCOMP",
            Self::Subscribe => "SUBSCRIBE",
            Self::SubAck => "SUBACK",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::UnsubAck => "UNSUBACK",
            Self::PingReq => "PINGREQ",
            Self::PingResp => "PINGRESP",
            Self::Disconnect => "DISCONNECT",
            Self::Auth => "AUTH",
        })
    }
}

/// A fixed header, read but not judged.
#[derive(Clone, Copy)]
pub(crate) struct FixedHeader {
    pub(crate) first: u8,
    pub(crate) remaining: u32,
    /// Length of the header itself, 2 to 5.
    pub(crate) len: u8,
}

pub(crate) enum HeaderScan {
    Header(FixedHeader),
    /// More bytes are needed, at least so many.
    Short(usize),
    /// A Remaining Length of more than four bytes.
    TooLong,
}

impl FixedHeader {
    #[inline]
    pub(crate) fn scan(bytes: &[u8]) -> HeaderScan {
        let Some((&first, rest)) = bytes.split_first() else {
            return HeaderScan::Short(2);
        };
        match varint::scan(rest) {
            Scan::Value { value, len } => HeaderScan::Header(Self {
                first,
                remaining: value,
                len: len.saturating_add(1),
            }),
            Scan::Short => HeaderScan::Short(1),
            Scan::TooLong => HeaderScan::TooLong,
        }
    }

    /// Length of the whole packet.
    #[inline]
    pub(crate) fn total(self) -> usize {
        usize::try_from(self.remaining)
            .unwrap_or(usize::MAX)
            .saturating_add(usize::from(self.len))
    }

    pub(crate) const fn is_shortest(self) -> bool {
        varint::is_shortest(self.remaining, self.len.saturating_sub(1))
    }
}

/// The bytes of a fixed header to be sent.
#[derive(Clone, Copy)]
pub(crate) struct HeaderBytes {
    bytes: [u8; 5],
    len: usize,
}

impl HeaderBytes {
    #[inline]
    pub(crate) const fn new(first: u8, remaining: u32) -> Self {
        if remaining < 0x80 {
            let [low, ..] = remaining.to_le_bytes();
            return Self {
                bytes: [first, low, 0, 0, 0],
                len: 2,
            };
        }
        let integer = VariableByteInteger::saturating(remaining);
        let [a, b, c, d] = integer.array();
        Self {
            bytes: [first, a, b, c, d],
            len: integer.encoded_len().saturating_add(1),
        }
    }

    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// The bytes with zeros after them, as a little-endian number.
    #[inline]
    pub(crate) const fn word(&self) -> u64 {
        let [a, b, c, d, e] = self.bytes;
        u64::from_le_bytes([a, b, c, d, e, 0, 0, 0])
    }

    #[inline]
    pub(crate) fn len(&self) -> u8 {
        u8::try_from(self.len).unwrap_or(u8::MAX)
    }
}
