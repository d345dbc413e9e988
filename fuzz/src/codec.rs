//! The codec against itself, cut in two, and against two peers.

use bytes::BytesMut;
use mqtt_codec::{
    DecodeError, DecodeErrorKind as Kind, Decoder, Encoder, Event, Field, Packet, PacketType,
    PreparedPublish, PropertiesBuf, PropertyId, Publish, ReasonCode, Recipient, Status,
    StreamDecoder, Version,
};
use ntex_codec::Decoder as _;

/// The version and the cut that the first two bytes ask for, and the rest.
pub fn split(data: &[u8]) -> Option<(Version, usize, &[u8])> {
    let [level, cut, bytes @ ..] = data else {
        return None;
    };
    let version = Version::ALL[usize::from(*level) % 3];
    Some((version, usize::from(*cut).min(bytes.len()), bytes))
}

/// Decoders of every role.
pub fn decoders(version: Version) -> [Decoder; 6] {
    [
        Decoder::any(version),
        Decoder::client(version),
        Decoder::client_after_connack(version),
        Decoder::server_after_connect(version),
        Decoder::server(),
        Decoder::sniffing(),
    ]
}

/// Everything that a decoder makes of a stream in two parts.
pub fn decode(mut decoder: Decoder, parts: [&[u8]; 2]) -> (Vec<Packet>, Option<DecodeError>) {
    let mut buffer = BytesMut::new();
    let mut packets = Vec::new();
    for part in parts {
        buffer.extend_from_slice(part);
        loop {
            match decoder.decode_from(&mut buffer) {
                Ok(Status::Complete(packet)) => packets.push(packet),
                Ok(Status::Incomplete { needed }) => {
                    assert!(needed > 0);
                    break;
                }
                Err(error) => {
                    let _ = error.to_string();
                    return (packets, Some(error));
                }
            }
        }
    }
    (packets, None)
}

/// What is decoded is encoded, for every version or not at all, to something that is decoded to the same.
pub fn check_encoding(version: Version, packet: &Packet) {
    for other in Version::ALL {
        let encoder = Encoder::new(other);
        let mut out = Vec::new();
        let result = encoder.encode(packet, &mut out);
        assert_eq!(
            encoder.encoded_len(packet).ok(),
            result.ok().map(|()| out.len())
        );
        if result.is_err() {
            assert!(other != version, "{packet:?} came from {version}");
            continue;
        }
        let (again, error) = decode(Decoder::any(other), [&out, &[]]);
        assert_eq!(error, None, "{packet:?}");
        assert_eq!(again.len(), 1);
        if other == version {
            assert_eq!(&again[0], packet);
        }
    }
}

/// Whether the peers take exactly one packet out of `frame`.
fn peers(version: Version, frame: &[u8]) -> [bool; 2] {
    let mut buffer = ntex_bytes::BytesMut::copy_from_slice(frame);
    let ntex = if version == Version::V5 {
        matches!(
            ntex_mqtt::v5::codec::Codec::new().decode(&mut buffer),
            Ok(Some(_))
        )
    } else {
        matches!(
            ntex_mqtt::v3::codec::Codec::new().decode(&mut buffer),
            Ok(Some(_))
        )
    };
    let proto = if version == Version::V5 {
        matches!(mqtt_proto::v5::Packet::decode(frame), Ok(Some(_)))
    } else {
        matches!(mqtt_proto::v3::Packet::decode(frame), Ok(Some(_)))
    };
    [ntex && buffer.is_empty(), proto]
}

/// We are the strictest of the three: what we accept both peers accept, and what we alone refuse breaks a statement that
/// they leave to others. A difference that is not in the ledger below is given.
pub fn difference(version: Version, frame: &[u8]) -> Option<String> {
    // Peers know 3.1 only within CONNECT.
    if version == Version::V31 {
        return None;
    }
    let say = |what: &str, why: &dyn core::fmt::Debug| {
        Some(format!("{version}: {what} {why:?}: {frame:02x?}"))
    };
    match Decoder::any(version).decode(frame) {
        Ok(Status::Complete((packet, used))) if used == frame.len() => {
            let [ntex, proto] = peers(version, frame);
            if !ntex && !ntex_refuses_too_much(version, &packet) {
                return say("ntex-mqtt refuses", &packet);
            }
            if !proto && !proto_refuses_too_much(version, &packet) {
                return say("mqtt-proto refuses", &packet);
            }
            None
        }
        Err(error)
            if whole(frame)
                && peers(version, frame) == [true, true]
                && !both_accept_too_much(&error) =>
        {
            say("both accept", &error)
        }
        _ => None,
    }
}

/// Whether the bytes are one frame by their own length.
fn whole(frame: &[u8]) -> bool {
    matches!(mqtt_codec::Peek::new(frame), Ok(Status::Complete(peek)) if peek.total_len() == frame.len())
}

// The ledger of differences. Each has its reason.

fn ntex_refuses_too_much(_version: Version, packet: &Packet<&[u8]>) -> bool {
    // A Message Expiry Interval of 0 is not forbidden (5.0 §3.3.2.3.3).
    let expires_at_once =
        |properties: mqtt_codec::Properties<'_>| properties.message_expiry_interval() == Some(0);
    match packet {
        Packet::Publish(publish) => expires_at_once(publish.properties()),
        Packet::Connect(connect) => connect
            .will()
            .is_some_and(|will| expires_at_once(will.properties())),
        _ => false,
    }
}

fn proto_refuses_too_much(version: Version, packet: &Packet<&[u8]>) -> bool {
    let lies = |properties: mqtt_codec::Properties<'_>, payload: &[u8]| {
        properties.payload_format_indicator() == Some(true)
            && core::str::from_utf8(payload).is_err()
    };
    let badly_shared = |filter: &str| filter.starts_with("$share");
    match packet {
        // That a payload is what its indicator says may be checked (5.0 §3.3.2.3.2), and is left to the application here.
        Packet::Publish(publish) if lies(publish.properties(), publish.payload()) => true,
        // A PUBLISH may carry several Subscription Identifiers (5.0 §3.3.2.3.8).
        Packet::Publish(publish) => publish.properties().subscription_identifiers().count() > 1,
        Packet::Connect(connect) => connect
            .will()
            .is_some_and(|will| lies(will.properties(), will.payload())),
        // 0x8C stands in the table of all codes (5.0 §2.4) as one of DISCONNECT, though not in that of §3.14.2.1.
        Packet::Disconnect(disconnect) => {
            disconnect.reason() == ReasonCode::BadAuthenticationMethod
        }
        // 3.1.1 knows no shared subscriptions: there `$share/x` is a filter like any other.
        Packet::Subscribe(subscribe) if version == Version::V311 => subscribe
            .filters()
            .any(|subscription| badly_shared(subscription.filter())),
        Packet::Unsubscribe(unsubscribe) if version == Version::V311 => {
            unsubscribe.filters().any(badly_shared)
        }
        _ => false,
    }
}

/// What both peers let pass, and the statement that says otherwise: by kind, packet, field and version, so that a new
/// refusal of ours is a finding and not excused by an old one.
fn both_accept_too_much(error: &DecodeError) -> bool {
    use PacketType as Type;
    let v5 = error.version() == Some(Version::V5);
    let Some(packet) = error.packet() else {
        return false;
    };
    match (error.kind(), packet, error.field()) {
        // Our limit of 1 MiB; theirs are off.
        (Kind::PacketTooLarge, _, Field::RemainingLength) => true,
        // [MQTT-3.3.1-2] of both
        (Kind::DupWithoutQoS, Type::Publish, Field::FixedHeader) => true,
        // 5.0 [MQTT-1.5.5-1]: of the packet, of properties, of an identifier
        (Kind::IntegerNotShortest, _, _) => v5,
        // 3.1.1 §3.12.1, §3.13.1, §3.14.1; 5.0 §3.12.1, §3.13.1: something in a packet that has no body
        (Kind::UnexpectedLength, Type::PingReq | Type::PingResp, Field::RemainingLength) => true,
        (Kind::UnexpectedLength, _, Field::RemainingLength) => !v5,
        // 3.1.1 and 5.0 [MQTT-3.1.4-1]: something after the last field
        (Kind::TrailingBytes, _, Field::Body) => true,
        // [MQTT-4.7.3-1] of both: of a will, a response topic, or a PUBLISH without an alias
        (
            Kind::EmptyTopicName,
            Type::Publish | Type::Connect,
            Field::TopicName | Field::WillTopic | Field::Property(PropertyId::ResponseTopic),
        ) => true,
        (Kind::EmptyTopicFilter, Type::Subscribe | Type::Unsubscribe, Field::TopicFilter) => true,
        // 3.1.1 [MQTT-4.7.1-2], [MQTT-4.7.1-3]; 5.0 [MQTT-4.7.1-1], [MQTT-4.7.1-2]
        (
            Kind::MisplacedMultiLevelWildcard | Kind::MisplacedSingleLevelWildcard,
            Type::Subscribe | Type::Unsubscribe,
            Field::TopicFilter,
        ) => true,
        // 5.0 [MQTT-4.8.2-1], [MQTT-4.8.2-2]
        (
            Kind::EmptyShareName | Kind::InvalidSharedSubscription,
            Type::Subscribe | Type::Unsubscribe,
            Field::TopicFilter,
        ) => v5,
        // 5.0 [MQTT-3.8.3-4]
        (Kind::NoLocalOnShared, Type::Subscribe, Field::SubscriptionOptions) => v5,
        // 3.1.1 [MQTT-3.8.4-5]; 5.0 [MQTT-3.8.4-6], §3.11.3
        (Kind::NoReasonCodes, Type::SubAck | Type::UnsubAck, Field::ReasonCode) => true,
        // 3.1.1 [MQTT-1.5.3-2], 5.0 [MQTT-1.5.4-2]: of strings that are no topics
        (
            Kind::NulCharacter,
            _,
            Field::ClientId | Field::UserName | Field::TopicFilter | Field::Property(_),
        ) => true,
        // 3.1.1 [MQTT-3.1.2-22]
        (Kind::PasswordWithoutUserName, Type::Connect, Field::ConnectFlags) => !v5,
        // 3.1.1 [MQTT-3.1.2-15], 5.0 [MQTT-3.1.2-13]
        (Kind::WillRetainWithoutWill, Type::Connect, Field::ConnectFlags) => true,
        // 3.1.1 [MQTT-3.2.2-4], 5.0 [MQTT-3.2.2-6]
        (Kind::SessionPresentOnRefusal, Type::ConnAck, Field::AcknowledgeFlags) => true,
        // 5.0 §3.1.2.11.4 and others: zero, or more than one
        (Kind::InvalidPropertyValue, _, Field::Property(_)) => v5,
        // 5.0 §3.1.2.11.10
        (
            Kind::AuthenticationDataWithoutMethod,
            Type::Connect | Type::ConnAck | Type::Auth,
            Field::Property(PropertyId::AuthenticationData),
        ) => v5,
        // 5.0 §3.15.2.2.2
        (
            Kind::MissingAuthenticationMethod,
            Type::Auth,
            Field::Property(PropertyId::AuthenticationMethod),
        ) => v5,
        _ => false,
    }
}

/// A stream in pieces, as a packet each; the payload arrives as it may.
pub fn decode_streamed(
    mut decoder: StreamDecoder,
    parts: [&[u8]; 2],
) -> (Vec<Packet>, Option<DecodeError>) {
    let mut buffer = BytesMut::new();
    let mut packets = Vec::new();
    let mut open: Option<(Publish, Vec<u8>)> = None;
    for part in parts {
        buffer.extend_from_slice(part);
        loop {
            match decoder.decode_from(&mut buffer) {
                Ok(Status::Complete(Event::Packet(packet))) => packets.push(packet),
                Ok(Status::Complete(Event::Head { publish, .. })) => {
                    open = Some((publish, Vec::new()));
                }
                Ok(Status::Complete(Event::Payload { bytes, last })) => {
                    let (_, payload) = open.as_mut().expect("a head comes first");
                    payload.extend_from_slice(&bytes);
                    assert_eq!(last, decoder.remaining_payload() == 0);
                }
                Ok(Status::Complete(other)) => panic!("{other:?}"),
                Ok(Status::Incomplete { needed }) => {
                    assert!(needed > 0);
                    break;
                }
                Err(error) => return (packets, Some(error)),
            }
            if decoder.remaining_payload() == 0
                && let Some((publish, payload)) = open.take()
            {
                let whole = publish.to_builder().payload(&payload).build();
                packets.push(whole.expect("it was valid before").into());
            }
        }
    }
    (packets, None)
}

/// A prepared PUBLISH is what building and encoding its parts gives, and its head fits its payload.
pub fn check_prepared(publish: &Publish) {
    let prepared = PreparedPublish::new(publish);
    for version in Version::ALL {
        let encoder = Encoder::server(version);
        let recipient = Recipient::new(publish.delivery()).retain_as_published();
        let (mut whole, mut head) = (Vec::new(), Vec::new());
        let result = prepared.encode(&encoder, &recipient, &mut whole);
        assert_eq!(
            prepared.encode_head(&encoder, &recipient, &mut head),
            result
        );
        if result.is_err() {
            assert!(whole.is_empty() && head.is_empty());
            continue;
        }
        head.extend_from_slice(prepared.payload());
        assert_eq!(head, whole);
        let mut properties = PropertiesBuf::from(publish.properties());
        properties.remove(PropertyId::TopicAlias);
        properties.remove(PropertyId::SubscriptionIdentifier);
        let own = publish.to_builder().properties(&properties).build();
        let mut expected = Vec::new();
        encoder
            .encode(&own.expect("valid parts"), &mut expected)
            .expect("as it was prepared");
        assert_eq!(whole, expected);
    }
}
