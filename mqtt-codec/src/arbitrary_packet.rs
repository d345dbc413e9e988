//! Valid packets out of random bytes, for fuzzing what consumes them.

use alloc::string::String;
use alloc::vec::Vec;
use core::num::{NonZeroU16, NonZeroU32};

use arbitrary::{Arbitrary, Error, Result, Unstructured};

use crate::property::{Value, ValueType};
use crate::{
    Auth, BuildError, ConnAck, Connect, Delivery, Disconnect, Encoder, Packet, PacketId,
    PacketType, PropertiesBuf, Property, PropertyId, PubAck, PubComp, PubRec, PubRel, Publish, QoS,
    ReasonCode, RetainHandling, SubAck, Subscribe, SubscriptionId, SubscriptionOptions, UnsubAck,
    Unsubscribe, Version, Will,
};

/// A packet, and a version for which it can be encoded.
///
/// ```
/// use arbitrary::{Arbitrary, Unstructured};
/// use mqtt_codec::{Encoder, VersionedPacket};
///
/// let mut random = Unstructured::new(b"bytes from a fuzzer, used as a source of choices");
/// let VersionedPacket { version, packet } = VersionedPacket::arbitrary(&mut random)?;
/// assert!(Encoder::new(version).encoded_len(&packet).is_ok());
/// # Ok::<(), arbitrary::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionedPacket {
    /// The version.
    pub version: Version,
    /// The packet.
    pub packet: Packet,
}

impl<'a> Arbitrary<'a> for VersionedPacket {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        let version = Version::arbitrary(u)?;
        let packet = packet(u, version)?;
        // What a version cannot say is no packet of it.
        match Encoder::new(version).encoded_len(&packet) {
            Ok(_) => Ok(Self { version, packet }),
            Err(_) => Err(Error::IncorrectFormat),
        }
    }
}

impl<'a> Arbitrary<'a> for Version {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.choose(&Self::ALL).copied()
    }
}

impl<'a> Arbitrary<'a> for Packet {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(VersionedPacket::arbitrary(u)?.packet)
    }
}

impl<'a> Arbitrary<'a> for PacketId {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        NonZeroU16::arbitrary(u).map(Self::from)
    }
}

impl<'a> Arbitrary<'a> for QoS {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        u.choose(&[Self::AtMostOnce, Self::AtLeastOnce, Self::ExactlyOnce])
            .copied()
    }
}

impl<'a> Arbitrary<'a> for Delivery {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Self> {
        Ok(match QoS::arbitrary(u)? {
            QoS::AtMostOnce => Self::AtMostOnce,
            QoS::AtLeastOnce => Self::AtLeastOnce {
                packet_id: u.arbitrary()?,
                dup: u.arbitrary()?,
            },
            QoS::ExactlyOnce => Self::ExactlyOnce {
                packet_id: u.arbitrary()?,
                dup: u.arbitrary()?,
            },
        })
    }
}

fn refused(_: BuildError) -> Error {
    Error::IncorrectFormat
}

/// One of the four acknowledgements.
macro_rules! ack {
    ($name:ident, $u:ident, $version:ident, $properties:ident) => {{
        let builder = $name::builder($u.arbitrary()?);
        let reason = reason($u, $version, PacketType::$name)?;
        let builder = builder.reason(reason).properties(&$properties);
        builder.build().map_err(refused)?.into()
    }};
}

fn packet(u: &mut Unstructured<'_>, version: Version) -> Result<Packet> {
    let types = if version.has_properties() {
        PacketType::ALL.as_slice()
    } else {
        PacketType::ALL
            .split_last()
            .map_or(&[][..], |(_, types)| types)
    };
    let packet_type = *u.choose(types)?;
    let place = packet_type.bit();
    let properties = properties(u, version, place)?;
    Ok(match packet_type {
        PacketType::Connect => connect(u, version, &properties)?.into(),
        PacketType::ConnAck => {
            let reason = reason(u, version, packet_type)?;
            let present =
                reason == ReasonCode::Success && version != Version::V31 && u.arbitrary()?;
            ConnAck::builder(reason)
                .session_present(present)
                .properties(&properties)
                .build()
                .map_err(refused)?
                .into()
        }
        PacketType::Publish => {
            let alias = properties.as_properties().topic_alias().is_some();
            let topic = if alias && u.arbitrary()? {
                String::new()
            } else {
                topic(u)?
            };
            Publish::builder(&topic)
                .delivery(u.arbitrary()?)
                .retain(u.arbitrary()?)
                .properties(&properties)
                .payload(u.arbitrary()?)
                .build()
                .map_err(refused)?
                .into()
        }
        PacketType::PubAck => ack!(PubAck, u, version, properties),
        PacketType::PubRec => ack!(PubRec, u, version, properties),
        PacketType::PubRel => ack!(PubRel, u, version, properties),
        PacketType::PubComp => ack!(PubComp, u, version, properties),
        PacketType::Subscribe => {
            let mut builder = Subscribe::builder(u.arbitrary()?).properties(&properties);
            for _ in 0..u.int_in_range(1..=4)? {
                let filter = filter(u)?;
                builder =
                    builder.filter(&filter, options(u, version, filter.starts_with("$share/"))?);
            }
            builder.build().map_err(refused)?.into()
        }
        PacketType::SubAck => SubAck::builder(u.arbitrary()?, &codes(u, version, packet_type)?)
            .properties(&properties)
            .build()
            .map_err(refused)?
            .into(),
        PacketType::Unsubscribe => {
            let mut builder = Unsubscribe::builder(u.arbitrary()?).properties(&properties);
            for _ in 0..u.int_in_range(1..=4)? {
                builder = builder.filter(&filter(u)?);
            }
            builder.build().map_err(refused)?.into()
        }
        PacketType::UnsubAck if !version.has_properties() => {
            UnsubAck::without_codes(u.arbitrary()?).into()
        }
        PacketType::UnsubAck => UnsubAck::builder(u.arbitrary()?, &codes(u, version, packet_type)?)
            .properties(&properties)
            .build()
            .map_err(refused)?
            .into(),
        PacketType::PingReq => Packet::PingReq,
        PacketType::PingResp => Packet::PingResp,
        PacketType::Disconnect => {
            let reason = reason(u, version, packet_type)?;
            Disconnect::builder(reason)
                .properties(&properties)
                .build()
                .map_err(refused)?
                .into()
        }
        PacketType::Auth => {
            if properties.as_properties().authentication_method().is_none() {
                return Ok(Auth::success().into());
            }
            let reason = reason(u, version, packet_type)?;
            Auth::builder(reason)
                .properties(&properties)
                .build()
                .map_err(refused)?
                .into()
        }
    })
}

fn connect(
    u: &mut Unstructured<'_>,
    version: Version,
    properties: &PropertiesBuf,
) -> Result<Connect> {
    let will_properties = self::properties(u, version, crate::property::WILL)?;
    let (will_topic, client_id, user_name) = (topic(u)?, text(u)?, text(u)?);
    let client_id = match version {
        Version::V31 => client_id.chars().chain("c".chars()).take(23).collect(),
        _ => client_id,
    };
    let clean_start = u.arbitrary::<bool>()? || (version == Version::V311 && client_id.is_empty());
    let mut builder = Connect::builder(version, &client_id)
        .clean_start(clean_start)
        .keep_alive(u.arbitrary()?)
        .properties(properties);
    if u.arbitrary()? {
        let will = Will::new(&will_topic, u.arbitrary()?)
            .with_qos(u.arbitrary()?)
            .with_retain(u.arbitrary()?)
            .with_properties(&will_properties);
        builder = builder.will(will);
    }
    let has_user_name = u.arbitrary()?;
    if has_user_name {
        builder = builder.user_name(&user_name);
    }
    if (has_user_name || version.has_properties()) && u.arbitrary()? {
        builder = builder.password(u.arbitrary()?);
    }
    builder.build().map_err(refused)
}

/// A reason code that the packet type has and the version can say.
fn reason(u: &mut Unstructured<'_>, version: Version, packet: PacketType) -> Result<ReasonCode> {
    let codes: Vec<ReasonCode> = ReasonCode::ALL
        .iter()
        .copied()
        .filter(|code| code.is_for(packet))
        .filter(|code| {
            version.has_properties()
                || match packet {
                    PacketType::ConnAck => code
                        .return_code()
                        .is_some_and(|byte| ReasonCode::from_return_code(byte) == Some(*code)),
                    PacketType::SubAck => {
                        !code.is_error() || (version == Version::V311 && code.byte() == 0x80)
                    }
                    _ => *code == ReasonCode::Success,
                }
        })
        .collect();
    u.choose(&codes).copied()
}

fn codes(
    u: &mut Unstructured<'_>,
    version: Version,
    packet: PacketType,
) -> Result<Vec<ReasonCode>> {
    (0..u.int_in_range(1..=4)?)
        .map(|_| reason(u, version, packet))
        .collect()
}

fn options(
    u: &mut Unstructured<'_>,
    version: Version,
    shared: bool,
) -> Result<SubscriptionOptions> {
    let qos = QoS::arbitrary(u)?;
    if !version.has_properties() {
        return Ok(qos.into());
    }
    Ok(SubscriptionOptions {
        qos,
        no_local: !shared && u.arbitrary()?,
        retain_as_published: u.arbitrary()?,
        retain_handling: *u.choose(&[
            RetainHandling::OnSubscribe,
            RetainHandling::OnNewSubscribe,
            RetainHandling::Never,
        ])?,
    })
}

fn text(u: &mut Unstructured<'_>) -> Result<String> {
    let text: &str = u.arbitrary()?;
    Ok(text
        .chars()
        .filter(|character| *character != '\0')
        .collect())
}

fn topic(u: &mut Unstructured<'_>) -> Result<String> {
    let topic: String = text(u)?
        .chars()
        .filter(|character| !matches!(character, '#' | '+'))
        .collect();
    Ok(if topic.is_empty() { "/".into() } else { topic })
}

fn filter(u: &mut Unstructured<'_>) -> Result<String> {
    let mut filter = match u.int_in_range(0..=7)? {
        0 => String::from("$share/group/"),
        _ => String::new(),
    };
    let levels = u.int_in_range(1..=4)?;
    for level in 1..=levels {
        if level > 1 {
            filter.push('/');
        }
        match u.int_in_range(0..=4)? {
            0 => filter.push('+'),
            1 if level == levels => filter.push('#'),
            _ => filter.push_str(&topic(u)?.replace("$share", "share")),
        }
    }
    Ok(filter)
}

fn properties(u: &mut Unstructured<'_>, version: Version, place: u16) -> Result<PropertiesBuf> {
    let mut properties = PropertiesBuf::new();
    if !version.has_properties() {
        return Ok(properties);
    }
    let ids: Vec<PropertyId> = PropertyId::ALL
        .iter()
        .copied()
        .filter(|id| id.is_in(place))
        .collect();
    for _ in 0..u.int_in_range(0..=5)? {
        if ids.is_empty() {
            break;
        }
        let id = *u.choose(&ids)?;
        let present = properties.as_properties().find(id).is_some();
        if present && !id.may_repeat(place) {
            continue;
        }
        if id == PropertyId::AuthenticationData
            && properties.as_properties().authentication_method().is_none()
        {
            properties
                .push(Property::AuthenticationMethod(&text(u)?))
                .map_err(refused)?;
        }
        push(u, id, &mut properties)?;
    }
    Ok(properties)
}

fn push(u: &mut Unstructured<'_>, id: PropertyId, properties: &mut PropertiesBuf) -> Result<()> {
    let (name, text) = (text(u)?, text(u)?);
    let value = match id.value_type() {
        ValueType::Flag => Value::Flag(u.arbitrary()?),
        ValueType::Quality => Value::Quality(*u.choose(&[QoS::AtMostOnce, QoS::AtLeastOnce])?),
        ValueType::Short => Value::Short(u.arbitrary()?),
        ValueType::NonZeroShort => Value::NonZeroShort(NonZeroU16::arbitrary(u)?),
        ValueType::Long => Value::Long(u.arbitrary()?),
        ValueType::NonZeroLong => Value::NonZeroLong(NonZeroU32::arbitrary(u)?),
        ValueType::NonZeroVariable => Value::NonZeroVariable(
            SubscriptionId::new(u.int_in_range(1..=SubscriptionId::MAX)?)
                .ok_or(Error::IncorrectFormat)?,
        ),
        ValueType::Text => Value::Text(&text),
        ValueType::Topic => Value::Topic("answers/here"),
        ValueType::Pair => Value::Pair(&name, &text),
        ValueType::Binary => Value::Binary(u.arbitrary()?),
    };
    let property = Property::new(id, value).ok_or(Error::IncorrectFormat)?;
    properties.push(property).map(|_| ()).map_err(refused)
}
