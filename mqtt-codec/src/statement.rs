//! Which numbered statements an error breaks, what was expected instead, and which code says so.
//!
//! MQTT 3.1 has no numbered statements: it takes those of 3.1.1, which wrote down what it meant.

use core::fmt;

use crate::decode_error::{DecodeError, DecodeErrorKind as Kind, Detail, Field};
use crate::property::PropertyId;
use crate::{PacketType as Type, ReasonCode, Version};

pub(crate) fn statements(error: &DecodeError) -> &'static [&'static str] {
    if error.version == Some(Version::V5) {
        v5(error)
    } else {
        v311(error)
    }
}

fn v311(error: &DecodeError) -> &'static [&'static str] {
    match error.kind {
        Kind::UnknownPacketType => &["§2.2.1"],
        Kind::InvalidFlags => match error.packet {
            Some(Type::PubRel) => &["MQTT-3.6.1-1", "MQTT-2.2.2-1", "MQTT-2.2.2-2"],
            Some(Type::Subscribe) => &["MQTT-3.8.1-1", "MQTT-2.2.2-1", "MQTT-2.2.2-2"],
            Some(Type::Unsubscribe) => &["MQTT-3.10.1-1", "MQTT-2.2.2-1", "MQTT-2.2.2-2"],
            Some(Type::Disconnect) => &["MQTT-3.14.1-1", "MQTT-2.2.2-1", "MQTT-2.2.2-2"],
            _ => &["MQTT-2.2.2-2", "MQTT-2.2.2-1"],
        },
        Kind::InvalidQoS => &["MQTT-3.3.1-4"],
        Kind::DupWithoutQoS => &["MQTT-3.3.1-2", "MQTT-4.3.1-1"],
        Kind::IntegerTooLong => &["§2.2.3"],
        Kind::UnexpectedLength => match error.packet {
            Some(Type::ConnAck) => &["§3.2.1"],
            Some(Type::PubAck) => &["§3.4.1"],
            Some(Type::PubRec) => &["§3.5.1"],
            Some(Type::PubRel) => &["§3.6.1"],
            Some(Type::PubComp) => &["§3.7.1"],
            Some(Type::UnsubAck) => &["§3.11.1"],
            Some(Type::PingReq) => &["§3.12.1"],
            Some(Type::PingResp) => &["§3.13.1"],
            Some(Type::Disconnect) => &["§3.14.1"],
            _ => &["§2.2.3"],
        },
        Kind::Truncated => match (error.packet, error.field) {
            (_, Field::ClientId) => &["MQTT-3.1.3-3", "MQTT-3.1.3-1", "MQTT-3.1.4-1"],
            (_, Field::WillTopic | Field::WillPayload) => {
                &["MQTT-3.1.2-9", "MQTT-3.1.3-1", "MQTT-3.1.4-1"]
            }
            (_, Field::UserName) => &["MQTT-3.1.2-19", "MQTT-3.1.3-1", "MQTT-3.1.4-1"],
            (_, Field::Password) => &["MQTT-3.1.2-21", "MQTT-3.1.3-1", "MQTT-3.1.4-1"],
            (Some(Type::Connect), _) => &["MQTT-3.1.4-1"],
            (_, Field::TopicName) => &["MQTT-3.3.2-1"],
            _ => &["§2.2.3"],
        },
        Kind::TrailingBytes => match (error.packet, error.detail) {
            (_, Detail::NoUserName | Detail::NoCredentials) => &[
                "MQTT-3.1.2-18",
                "MQTT-3.1.2-20",
                "MQTT-3.1.2-11",
                "MQTT-3.1.4-1",
            ],
            (_, Detail::NoPassword) => &["MQTT-3.1.2-20", "MQTT-3.1.2-11", "MQTT-3.1.4-1"],
            (Some(Type::Connect), _) => &["MQTT-3.1.4-1"],
            _ => &["§2.2.3"],
        },
        Kind::ConnectExpected => &["MQTT-3.1.0-1"],
        Kind::SecondConnect => &["MQTT-3.1.0-2"],
        Kind::ConnAckExpected => &["MQTT-3.2.0-1"],
        Kind::SecondConnAck => &["§3.2"],
        Kind::WrongDirection => &["§2.2.1"],
        Kind::InvalidProtocolName => &["MQTT-3.1.2-1"],
        Kind::UnsupportedProtocolLevel => &["MQTT-3.1.2-2"],
        Kind::ReservedConnectFlag => &["MQTT-3.1.2-3"],
        Kind::InvalidWillQoS => &["MQTT-3.1.2-14", "MQTT-3.1.4-1"],
        Kind::WillQoSWithoutWill => &["MQTT-3.1.2-13", "MQTT-3.1.2-11", "MQTT-3.1.4-1"],
        Kind::WillRetainWithoutWill => &["MQTT-3.1.2-15", "MQTT-3.1.2-11", "MQTT-3.1.4-1"],
        Kind::PasswordWithoutUserName => &["MQTT-3.1.2-22", "MQTT-3.1.4-1"],
        Kind::ClientIdRejected => &["MQTT-3.1.3-8", "MQTT-3.1.3-7"],
        Kind::ReservedAcknowledgeFlags => &["§3.2.2.1"],
        Kind::SessionPresentOnRefusal => &["MQTT-3.2.2-4"],
        Kind::InvalidReasonCode => match error.packet {
            Some(Type::ConnAck) => &["MQTT-3.2.2-6"],
            _ => &["MQTT-3.9.3-2"],
        },
        Kind::NoReasonCodes => &["MQTT-3.8.4-5"],
        Kind::ZeroPacketId => &["MQTT-2.3.1-1"],
        Kind::IllFormedUtf8 => match (error.packet, error.field) {
            (_, Field::ClientId) => &["MQTT-1.5.3-1", "MQTT-3.1.3-4"],
            (_, Field::WillTopic) => &["MQTT-1.5.3-1", "MQTT-3.1.3-10"],
            (_, Field::UserName) => &["MQTT-1.5.3-1", "MQTT-3.1.3-11"],
            (_, Field::TopicName) => &["MQTT-1.5.3-1", "MQTT-3.3.2-1"],
            (Some(Type::Unsubscribe), Field::TopicFilter) => &["MQTT-1.5.3-1", "MQTT-3.10.3-1"],
            (_, Field::TopicFilter) => &["MQTT-1.5.3-1", "MQTT-3.8.3-1"],
            _ => &["MQTT-1.5.3-1"],
        },
        Kind::NulCharacter => match error.field {
            Field::TopicName | Field::TopicFilter | Field::WillTopic => {
                &["MQTT-1.5.3-2", "MQTT-4.7.3-2"]
            }
            _ => &["MQTT-1.5.3-2"],
        },
        Kind::WildcardInTopicName => match error.field {
            Field::TopicName => &["MQTT-3.3.2-2", "MQTT-4.7.1-1"],
            _ => &["MQTT-4.7.1-1"],
        },
        Kind::EmptyTopicName | Kind::EmptyTopicFilter => &["MQTT-4.7.3-1"],
        Kind::MisplacedMultiLevelWildcard => &["MQTT-4.7.1-2"],
        Kind::MisplacedSingleLevelWildcard => &["MQTT-4.7.1-3"],
        Kind::NoTopicFilters => match error.packet {
            Some(Type::Unsubscribe) => &["MQTT-3.10.3-2"],
            _ => &["MQTT-3.8.3-3"],
        },
        Kind::ReservedSubscriptionOptions | Kind::InvalidRequestedQoS => &["MQTT-3-8.3-4"],
        // A limit of ours, one of 3.1, and what only exists in 5.0.
        _ => &[],
    }
}

fn v5(error: &DecodeError) -> &'static [&'static str] {
    match error.kind {
        Kind::UnknownPacketType | Kind::WrongDirection => &["§2.1.2"],
        Kind::InvalidFlags => match error.packet {
            Some(Type::PubRel) => &["MQTT-3.6.1-1", "MQTT-2.1.3-1"],
            Some(Type::Subscribe) => &["MQTT-3.8.1-1", "MQTT-2.1.3-1"],
            Some(Type::Unsubscribe) => &["MQTT-3.10.1-1", "MQTT-2.1.3-1"],
            Some(Type::Disconnect) => &["MQTT-3.14.1-1", "MQTT-2.1.3-1"],
            Some(Type::Auth) => &["MQTT-3.15.1-1", "MQTT-2.1.3-1"],
            _ => &["MQTT-2.1.3-1"],
        },
        Kind::InvalidQoS => &["MQTT-3.3.1-4"],
        Kind::DupWithoutQoS => &["MQTT-3.3.1-2", "MQTT-4.3.1-1"],
        Kind::IntegerTooLong => &["§1.5.5"],
        Kind::IntegerNotShortest => &["MQTT-1.5.5-1"],
        Kind::PacketTooLarge => &["§3.1.2.11.4"],
        Kind::UnexpectedLength => match error.packet {
            Some(Type::PingReq) => &["§3.12.1"],
            Some(Type::PingResp) => &["§3.13.1"],
            _ => &["§2.1.4"],
        },
        Kind::Truncated => match (error.packet, error.field) {
            (_, Field::ClientId) => &["MQTT-3.1.3-3", "MQTT-3.1.3-1", "MQTT-3.1.4-1"],
            (_, Field::WillTopic | Field::WillPayload) => {
                &["MQTT-3.1.2-9", "MQTT-3.1.3-1", "MQTT-3.1.4-1"]
            }
            (_, Field::UserName) => &["MQTT-3.1.2-17", "MQTT-3.1.3-1", "MQTT-3.1.4-1"],
            (_, Field::Password) => &["MQTT-3.1.2-19", "MQTT-3.1.3-1", "MQTT-3.1.4-1"],
            (Some(Type::Connect), Field::PropertyLength) => &["MQTT-2.2.2-1", "MQTT-3.1.4-1"],
            (_, Field::PropertyLength) => &["MQTT-2.2.2-1"],
            (_, Field::PropertyIdentifier | Field::Property(_)) => &["§2.2.2.2"],
            (Some(Type::Connect), _) => &["MQTT-3.1.4-1"],
            (_, Field::TopicName) => &["MQTT-3.3.2-1"],
            _ => &["§2.1.4"],
        },
        Kind::TrailingBytes => match (error.packet, error.detail) {
            (_, Detail::NoCredentials) => &["MQTT-3.1.2-16", "MQTT-3.1.2-18", "MQTT-3.1.4-1"],
            (_, Detail::NoUserName) => &["MQTT-3.1.2-16", "MQTT-3.1.4-1"],
            (_, Detail::NoPassword) => &["MQTT-3.1.2-18", "MQTT-3.1.4-1"],
            (Some(Type::Connect), _) => &["MQTT-3.1.4-1"],
            _ => &["§2.1.4"],
        },
        Kind::ConnectExpected => &["MQTT-3.1.0-1"],
        Kind::SecondConnect => &["MQTT-3.1.0-2"],
        Kind::ConnAckExpected => match error.packet {
            Some(Type::Disconnect) => &["MQTT-3.2.0-1", "MQTT-3.14.0-1"],
            _ => &["MQTT-3.2.0-1"],
        },
        Kind::SecondConnAck => &["MQTT-3.2.0-2"],
        Kind::InvalidProtocolName => &["MQTT-3.1.2-1"],
        Kind::UnsupportedProtocolLevel => &["MQTT-3.1.2-2"],
        Kind::ReservedConnectFlag => &["MQTT-3.1.2-3"],
        Kind::InvalidWillQoS => &["MQTT-3.1.2-12", "MQTT-3.1.4-1"],
        Kind::WillQoSWithoutWill => &["MQTT-3.1.2-11", "MQTT-3.1.4-1"],
        Kind::WillRetainWithoutWill => &["MQTT-3.1.2-13", "MQTT-3.1.4-1"],
        Kind::ReservedAcknowledgeFlags => &["MQTT-3.2.2-1"],
        Kind::SessionPresentOnRefusal => &["MQTT-3.2.2-6"],
        Kind::InvalidReasonCode | Kind::ReasonCodeWrongDirection => match error.packet {
            Some(Type::ConnAck) => &["MQTT-3.2.2-8"],
            Some(Type::PubAck) => &["MQTT-3.4.2-1"],
            Some(Type::PubRec) => &["MQTT-3.5.2-1"],
            Some(Type::PubRel) => &["MQTT-3.6.2-1"],
            Some(Type::PubComp) => &["MQTT-3.7.2-1"],
            Some(Type::SubAck) => &["MQTT-3.9.3-2"],
            Some(Type::UnsubAck) => &["MQTT-3.11.3-2"],
            Some(Type::Auth) => &["MQTT-3.15.2-1"],
            _ => &["MQTT-3.14.2-1"],
        },
        Kind::NoReasonCodes => match error.packet {
            Some(Type::UnsubAck) => &["§3.11.3"],
            _ => &["MQTT-3.8.4-6"],
        },
        Kind::ZeroPacketId => match error.packet {
            Some(Type::Publish) => &["MQTT-2.2.1-3", "MQTT-2.2.1-4"],
            Some(Type::Subscribe | Type::Unsubscribe) => &["MQTT-2.2.1-3"],
            _ => &["§2.2.1"],
        },
        Kind::IllFormedUtf8 => match (error.packet, error.field) {
            (_, Field::ClientId) => &["MQTT-1.5.4-1", "MQTT-3.1.3-4"],
            (_, Field::WillTopic) => &["MQTT-1.5.4-1", "MQTT-3.1.3-11"],
            (_, Field::UserName) => &["MQTT-1.5.4-1", "MQTT-3.1.3-12"],
            (_, Field::TopicName) => &["MQTT-1.5.4-1", "MQTT-3.3.2-1"],
            (Some(Type::Unsubscribe), Field::TopicFilter) => &["MQTT-1.5.4-1", "MQTT-3.10.3-1"],
            (_, Field::TopicFilter) => &["MQTT-1.5.4-1", "MQTT-3.8.3-1"],
            (_, Field::Property(PropertyId::ResponseTopic)) => &["MQTT-1.5.4-1", "MQTT-3.3.2-13"],
            (_, Field::Property(PropertyId::ContentType)) => &["MQTT-1.5.4-1", "MQTT-3.3.2-19"],
            (_, Field::Property(PropertyId::UserProperty)) => &["MQTT-1.5.4-1", "MQTT-1.5.7-1"],
            _ => &["MQTT-1.5.4-1"],
        },
        Kind::NulCharacter => match error.field {
            Field::TopicName
            | Field::TopicFilter
            | Field::WillTopic
            | Field::Property(PropertyId::ResponseTopic) => &["MQTT-1.5.4-2", "MQTT-4.7.3-2"],
            Field::Property(PropertyId::UserProperty) => &["MQTT-1.5.4-2", "MQTT-1.5.7-1"],
            _ => &["MQTT-1.5.4-2"],
        },
        Kind::WildcardInTopicName => match error.field {
            Field::TopicName => &["MQTT-3.3.2-2", "MQTT-4.7.0-1"],
            Field::Property(_) => &["MQTT-3.3.2-14", "MQTT-4.7.0-1"],
            _ => &["MQTT-4.7.0-1"],
        },
        Kind::EmptyTopicName => match error.field {
            Field::TopicName => &["§3.3.2.1", "MQTT-4.7.3-1"],
            _ => &["MQTT-4.7.3-1"],
        },
        Kind::EmptyTopicFilter => &["MQTT-4.7.3-1"],
        Kind::MisplacedMultiLevelWildcard => &["MQTT-4.7.1-1"],
        Kind::MisplacedSingleLevelWildcard => &["MQTT-4.7.1-2"],
        Kind::EmptyShareName => &["MQTT-4.8.2-1"],
        Kind::InvalidSharedSubscription => &["MQTT-4.8.2-2"],
        Kind::NoTopicFilters => match error.packet {
            Some(Type::Unsubscribe) => &["MQTT-3.10.3-2"],
            _ => &["MQTT-3.8.3-2"],
        },
        Kind::ReservedSubscriptionOptions => &["MQTT-3.8.3-5"],
        Kind::InvalidRequestedQoS | Kind::InvalidRetainHandling => &["§3.8.3.1"],
        Kind::NoLocalOnShared => &["MQTT-3.8.3-4"],
        Kind::UnknownProperty | Kind::PropertyNotAllowed => &["§2.2.2.2"],
        Kind::DuplicateProperty => match error.field {
            Field::Property(PropertyId::SubscriptionIdentifier) => &["§3.8.2.1.2", "§2.2.2.2"],
            _ => &["§2.2.2.2"],
        },
        Kind::InvalidPropertyValue => match (error.packet, error.field) {
            (_, Field::Property(PropertyId::TopicAlias)) => &["MQTT-3.3.2-8"],
            (_, Field::Property(PropertyId::PayloadFormatIndicator)) => &["MQTT-3.3.2-4"],
            (Some(Type::Subscribe), Field::Property(PropertyId::SubscriptionIdentifier)) => {
                &["§3.8.2.1.2"]
            }
            (_, Field::Property(PropertyId::SubscriptionIdentifier)) => &["§3.3.2.3.8"],
            (Some(Type::ConnAck), Field::Property(PropertyId::ReceiveMaximum)) => &["§3.2.2.3.3"],
            (_, Field::Property(PropertyId::ReceiveMaximum)) => &["§3.1.2.11.3"],
            (Some(Type::ConnAck), Field::Property(PropertyId::MaximumPacketSize)) => {
                &["§3.2.2.3.6"]
            }
            (_, Field::Property(PropertyId::MaximumPacketSize)) => &["§3.1.2.11.4"],
            (_, Field::Property(PropertyId::RequestResponseInformation)) => &["§3.1.2.11.6"],
            (_, Field::Property(PropertyId::RequestProblemInformation)) => &["§3.1.2.11.7"],
            (_, Field::Property(PropertyId::MaximumQoS)) => &["§3.2.2.3.4"],
            (_, Field::Property(PropertyId::RetainAvailable)) => &["§3.2.2.3.5", "§3.2.2.3.4"],
            (_, Field::Property(PropertyId::WildcardSubscriptionAvailable)) => {
                &["§3.2.2.3.11", "§3.2.2.3.4"]
            }
            (_, Field::Property(PropertyId::SubscriptionIdentifierAvailable)) => {
                &["§3.2.2.3.12", "§3.2.2.3.4"]
            }
            (_, Field::Property(PropertyId::SharedSubscriptionAvailable)) => {
                &["§3.2.2.3.13", "§3.2.2.3.4"]
            }
            _ => &["§2.2.2.2"],
        },
        Kind::AuthenticationDataWithoutMethod => &["§3.1.2.11.10"],
        Kind::MissingAuthenticationMethod => &["§3.15.2.2.2"],
        Kind::SubscriptionIdentifierFromClient => &["MQTT-3.3.4-6"],
        Kind::SessionExpiryFromServer => &["MQTT-3.14.2-2"],
        // What only exists in 3.x.
        Kind::PasswordWithoutUserName | Kind::ClientIdRejected | Kind::TopicNameTooLong => &[],
    }
}

/// MQTT 5.0 §1.2 and §4.13: malformed is what cannot be read, a protocol error what can be but may not be said.
pub(crate) fn reason_code(error: &DecodeError) -> ReasonCode {
    match error.kind {
        Kind::InvalidPropertyValue if error.field == Field::Property(PropertyId::TopicAlias) => {
            ReasonCode::TopicAliasInvalid
        }
        Kind::PacketTooLarge => ReasonCode::PacketTooLarge,
        Kind::InvalidProtocolName | Kind::UnsupportedProtocolLevel => {
            ReasonCode::UnsupportedProtocolVersion
        }
        Kind::ClientIdRejected => ReasonCode::ClientIdentifierNotValid,
        Kind::DupWithoutQoS
        | Kind::ConnectExpected
        | Kind::SecondConnect
        | Kind::ConnAckExpected
        | Kind::SecondConnAck
        | Kind::WrongDirection
        | Kind::PasswordWithoutUserName
        | Kind::SessionPresentOnRefusal
        | Kind::InvalidReasonCode
        | Kind::ReasonCodeWrongDirection
        | Kind::NoReasonCodes
        | Kind::ZeroPacketId
        | Kind::EmptyTopicName
        | Kind::NoTopicFilters
        | Kind::InvalidRequestedQoS
        | Kind::InvalidRetainHandling
        | Kind::NoLocalOnShared
        | Kind::DuplicateProperty
        | Kind::InvalidPropertyValue
        | Kind::AuthenticationDataWithoutMethod
        | Kind::MissingAuthenticationMethod
        | Kind::SubscriptionIdentifierFromClient
        | Kind::SessionExpiryFromServer => ReasonCode::ProtocolError,
        _ => ReasonCode::MalformedPacket,
    }
}

/// The sentence in the middle: what was found where, and what was expected.
pub(crate) fn describe(error: &DecodeError, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (field, found) = (error.field, error.found);
    match error.kind {
        Kind::UnknownPacketType => write!(
            f,
            "{field} is 0x{found:02x}, expected a packet type of this version"
        ),
        Kind::InvalidFlags => {
            let flags = error.packet.map_or(0, Type::reserved_flags);
            write!(
                f,
                "flags of the {field} are 0b{:04b}, expected 0b{flags:04b}",
                found & 0xF
            )
        }
        Kind::InvalidQoS => write!(f, "QoS in the {field} is 3, expected 0, 1 or 2"),
        Kind::DupWithoutQoS => write!(f, "DUP in the {field} is 1 at QoS 0, expected 0"),
        Kind::IntegerTooLong => write!(f, "{field} goes on after byte 4, expected at most 4 bytes"),
        Kind::IntegerNotShortest => {
            write!(f, "{field} takes {found} bytes, expected its shortest form")
        }
        Kind::PacketTooLarge => {
            let what = if field == Field::Body {
                "head"
            } else {
                "packet"
            };
            let limit = error.limit;
            write!(f, "{what} of {found} bytes, expected at most {limit}")
        }
        Kind::UnexpectedLength => {
            write!(f, "{field} is {found}, expected {}", error.limit)
        }
        Kind::Truncated => write!(
            f,
            "{field} has {found} bytes left of the packet, expected more"
        ),
        Kind::TrailingBytes => write!(f, "{found} bytes after the last field, expected none"),
        Kind::ConnectExpected => write!(
            f,
            "{field} is 0x{found:02x}, expected CONNECT as the first packet"
        ),
        Kind::SecondConnect => f.write_str("second CONNECT on a connection, expected one"),
        Kind::ConnAckExpected => write!(
            f,
            "{field} is 0x{found:02x}, expected a CONNACK that accepts the connection first"
        ),
        Kind::SecondConnAck => f.write_str("second CONNACK on a connection, expected one"),
        Kind::WrongDirection => write!(
            f,
            "{field} is 0x{found:02x}, expected a type that this peer may send"
        ),
        Kind::InvalidProtocolName => {
            write!(
                f,
                "{field} of {found} bytes, expected `MQTT` (or `MQIsdp` for level 3)"
            )
        }
        Kind::UnsupportedProtocolLevel => match error.version {
            Some(version) if u32::from(version.level()) != found => {
                write!(f, "{field} is {found}, expected {}", version.level())
            }
            _ => write!(f, "{field} is {found}, expected 3, 4 or 5"),
        },
        Kind::ReservedConnectFlag => write!(f, "{field} are 0x{found:02x}, expected bit 0 clear"),
        Kind::InvalidWillQoS => write!(
            f,
            "{field} are 0x{found:02x}, expected a Will QoS of 0, 1 or 2"
        ),
        Kind::WillQoSWithoutWill => write!(
            f,
            "{field} are 0x{found:02x}, expected Will QoS 0 without a will"
        ),
        Kind::WillRetainWithoutWill => {
            write!(
                f,
                "{field} are 0x{found:02x}, expected Will Retain 0 without a will"
            )
        }
        Kind::PasswordWithoutUserName => {
            write!(
                f,
                "{field} are 0x{found:02x}, expected no password without a user name"
            )
        }
        Kind::ClientIdRejected if error.version == Some(Version::V31) => {
            write!(f, "{field} of {found} bytes, expected 1 to 23 characters")
        }
        Kind::ClientIdRejected => write!(f, "{field} is empty, expected one, or Clean Session 1"),
        Kind::ReservedAcknowledgeFlags => {
            write!(f, "{field} are 0x{found:02x}, expected bits 7 to 1 clear")
        }
        Kind::SessionPresentOnRefusal => write!(
            f,
            "Session Present is 1 with code 0x{found:02x}, expected 0"
        ),
        Kind::InvalidReasonCode => write!(
            f,
            "{field} is 0x{found:02x}, expected one of this packet type"
        ),
        Kind::ReasonCodeWrongDirection => {
            write!(
                f,
                "{field} is 0x{found:02x}, expected one that this peer may send"
            )
        }
        Kind::NoReasonCodes => write!(f, "no {field}, expected one for each filter"),
        Kind::ZeroPacketId => write!(f, "{field} is 0, expected a number from 1 to 65,535"),
        Kind::IllFormedUtf8 => write!(
            f,
            "{field} has the byte 0x{found:02x}, expected well-formed UTF-8"
        ),
        Kind::NulCharacter => write!(f, "{field} has the character U+0000, expected none"),
        Kind::WildcardInTopicName => {
            let wildcard = char::from_u32(found).unwrap_or_default();
            write!(
                f,
                "{field} has the wildcard `{wildcard}`, expected a name without wildcards"
            )
        }
        Kind::EmptyTopicName
            if error.field == Field::TopicName && error.version == Some(Version::V5) =>
        {
            write!(
                f,
                "{field} is empty without a Topic Alias, expected at least one character"
            )
        }
        Kind::EmptyTopicName | Kind::EmptyTopicFilter => {
            write!(f, "{field} is empty, expected at least one character")
        }
        Kind::TopicNameTooLong => {
            write!(
                f,
                "{field} of {found} bytes, expected at most 32,767 characters"
            )
        }
        Kind::MisplacedMultiLevelWildcard => write!(
            f,
            "{field} has a `#` with neighbours, expected it to be the whole last level"
        ),
        Kind::MisplacedSingleLevelWildcard => write!(
            f,
            "{field} has a `+` with neighbours, expected it to be a whole level"
        ),
        Kind::EmptyShareName => write!(
            f,
            "{field} has an empty share name, expected at least one character"
        ),
        Kind::InvalidSharedSubscription => {
            write!(
                f,
                "{field} goes on after `$share/` otherwise, expected a name without wildcards, `/` and a filter"
            )
        }
        Kind::NoTopicFilters => write!(f, "no {field}, expected at least one"),
        Kind::ReservedSubscriptionOptions => {
            write!(f, "{field} are 0x{found:02x}, expected reserved bits 0")
        }
        Kind::InvalidRequestedQoS => {
            write!(f, "{field} are 0x{found:02x}, expected a QoS of 0, 1 or 2")
        }
        Kind::InvalidRetainHandling => {
            write!(
                f,
                "{field} are 0x{found:02x}, expected a Retain Handling of 0, 1 or 2"
            )
        }
        Kind::NoLocalOnShared => {
            write!(
                f,
                "{field} are 0x{found:02x}, expected No Local 0 on a shared subscription"
            )
        }
        Kind::UnknownProperty => write!(
            f,
            "{field} is 0x{found:02x}, expected a property of the standard"
        ),
        Kind::PropertyNotAllowed => write!(
            f,
            "{field} is there, expected a property of this packet type"
        ),
        Kind::DuplicateProperty => write!(f, "{field} is there twice, expected once"),
        Kind::InvalidPropertyValue => match error.field {
            Field::Property(PropertyId::TopicAlias | PropertyId::ReceiveMaximum) => {
                write!(f, "{field} is {found}, expected a number from 1 to 65,535")
            }
            Field::Property(PropertyId::SubscriptionIdentifier) => {
                write!(
                    f,
                    "{field} is {found}, expected a number from 1 to 268,435,455"
                )
            }
            Field::Property(PropertyId::MaximumPacketSize) => {
                write!(
                    f,
                    "{field} is {found}, expected a number from 1 to 4,294,967,295"
                )
            }
            _ => write!(f, "{field} is {found}, expected 0 or 1"),
        },
        Kind::AuthenticationDataWithoutMethod => {
            f.write_str("Authentication Data is there without Authentication Method, expected both")
        }
        Kind::MissingAuthenticationMethod => f.write_str("no Authentication Method, expected one"),
        Kind::SubscriptionIdentifierFromClient => {
            f.write_str("Subscription Identifier from a client, expected none")
        }
        Kind::SessionExpiryFromServer => {
            f.write_str("Session Expiry Interval from a server, expected none")
        }
    }
}
