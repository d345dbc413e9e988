//! Packets for logs: every field but payloads, which are sizes, and passwords, which are nothing.

use alloc::string::ToString;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::describe::{Describe, Value, Visitor};
use crate::packet::each;
use crate::property::Value as Typed;
use crate::{
    Packet, PacketId, PacketType, Properties, Property, PropertyId, QoS, Storage, Subscription,
    Will,
};

impl<S: Storage> Serialize for Packet<S> {
    /// A map with `type` and the fields of the packet. Not meant to be read back: a packet has no other form than its
    /// bytes.
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        each!(self, packet => packet.serialize(serializer), empty => {
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry("type", &empty)?;
            map.end()
        })
    }
}

/// Any packet type.
pub(crate) fn packet<Z: Serializer>(
    packet_type: PacketType,
    packet: &impl Describe,
    serializer: Z,
) -> Result<Z::Ok, Z::Error> {
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("type", &packet_type)?;
    fields(packet, &mut map)?;
    map.end()
}

/// As they are printed.
macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl Serialize for crate::$name {
            /// As it is printed.
            fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

as_text! { PacketType PropertyId ReasonCode Version DecodeError EncodeError BuildError }

impl Serialize for QoS {
    /// As its number.
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.serialize_u8(self.bits())
    }
}

impl Serialize for PacketId {
    /// As its number.
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.serialize_u16(self.get())
    }
}

impl Serialize for Will<'_> {
    /// A map of its fields; the payload is its size.
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        Pairs([
            ("topic", Value::Text(self.topic())),
            ("qos", Value::Number(self.qos().bits().into())),
            ("retain", Value::Bool(self.retain())),
            ("properties", Value::Properties(self.properties())),
            ("payload", Value::Size(self.payload().len())),
        ])
        .serialize(serializer)
    }
}

impl Serialize for Subscription<'_> {
    /// A map of filter and options.
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let options = self.options();
        let handling = options.retain_handling.bits();
        Pairs([
            ("filter", Value::Text(self.filter())),
            ("qos", Value::Number(options.qos.bits().into())),
            ("no_local", Value::Bool(options.no_local)),
            (
                "retain_as_published",
                Value::Bool(options.retain_as_published),
            ),
            ("retain_handling", Value::Number(handling.into())),
        ])
        .serialize(serializer)
    }
}

struct Fields<'a, M: SerializeMap> {
    map: &'a mut M,
    error: Option<M::Error>,
}

impl<M: SerializeMap> Visitor for Fields<'_, M> {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        if self.error.is_none() {
            self.error = self.map.serialize_entry(name, &value).err();
        }
    }
}

fn fields<M: SerializeMap>(packet: &impl Describe, map: &mut M) -> Result<(), M::Error> {
    let mut fields = Fields { map, error: None };
    packet.describe(&mut fields);
    fields.error.map_or(Ok(()), Err)
}

impl Serialize for Value<'_> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        match self {
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => serializer.serialize_u64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::OptionalText(value) => value.serialize(serializer),
            Self::Size(value) => Size(*value).serialize(serializer),
            Self::Redacted(true) => serializer.serialize_str("[redacted]"),
            Self::Redacted(false) => serializer.serialize_none(),
            Self::Id(value) => value.map(PacketId::get).serialize(serializer),
            Self::Version(value) => serializer.collect_str(value),
            Self::Code(value) => serializer.collect_str(value),
            Self::Codes(value) => {
                serializer.collect_seq(value.clone().map(|code| code.to_string()))
            }
            Self::Properties(value) => value.serialize(serializer),
            Self::Filters(value) => serializer.collect_seq(value.clone()),
            Self::TopicFilters(value) => serializer.collect_seq(value.clone()),
            Self::Will(value) => value.serialize(serializer),
        }
    }
}

struct Pairs<'a, const N: usize>([(&'static str, Value<'a>); N]);

impl<const N: usize> Serialize for Pairs<'_, N> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

struct Size(usize);

impl Serialize for Size {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_str(&format_args!("{} bytes", self.0))
    }
}

impl Serialize for Properties<'_> {
    /// A list of maps with one entry each: properties may repeat and have an order.
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl Serialize for Property<'_> {
    /// A map of one entry: its name, and its value unless that is data.
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        let id = self.id();
        match self.value() {
            Typed::Flag(value) => map.serialize_entry(&id, &value)?,
            Typed::Quality(value) => map.serialize_entry(&id, &value)?,
            Typed::Short(value) => map.serialize_entry(&id, &value)?,
            Typed::NonZeroShort(value) => map.serialize_entry(&id, &value)?,
            Typed::Long(value) => map.serialize_entry(&id, &value)?,
            Typed::NonZeroLong(value) => map.serialize_entry(&id, &value)?,
            Typed::NonZeroVariable(value) => map.serialize_entry(&id, &value.get())?,
            Typed::Text(value) | Typed::Topic(value) => map.serialize_entry(&id, value)?,
            Typed::Binary(_) if id == PropertyId::AuthenticationData => {
                map.serialize_entry(&id, "[redacted]")?;
            }
            Typed::Binary(value) => map.serialize_entry(&id, &Size(value.len()))?,
            Typed::Pair(name, value) => map.serialize_entry(&id, &[name, value])?,
        }
        map.end()
    }
}
