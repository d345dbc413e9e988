//! Packets for logs: every field but payloads, which are sizes, and passwords, which are nothing.

use alloc::string::ToString;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::describe::{Describe, Value, Visitor};
use crate::packet::each;
use crate::{Packet, PacketId, Properties, Property, Storage, Will};

impl<S: Storage> Serialize for Packet<S> {
    /// A map with `type` and the fields of the packet. Not meant to be read back: a packet has no other form than its
    /// bytes.
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &self.packet_type().to_string())?;
        each!(self, packet => fields(packet, &mut map)?, _empty => ());
        map.end()
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
            Self::Filters(value) => {
                let mut seq = serializer.serialize_seq(None)?;
                for subscription in value.clone() {
                    let options = subscription.options();
                    seq.serialize_element(&Pairs([
                        ("filter", Value::Text(subscription.filter())),
                        ("qos", Value::Number(options.qos.bits().into())),
                        ("no_local", Value::Bool(options.no_local)),
                        (
                            "retain_as_published",
                            Value::Bool(options.retain_as_published),
                        ),
                        (
                            "retain_handling",
                            Value::Number(options.retain_handling.bits().into()),
                        ),
                    ]))?;
                }
                seq.end()
            }
            Self::TopicFilters(value) => serializer.collect_seq(value.clone()),
            Self::Will(None) => serializer.serialize_none(),
            Self::Will(Some(will)) => serialize_will(will, serializer),
        }
    }
}

fn serialize_will<Z: Serializer>(will: &Will<'_>, serializer: Z) -> Result<Z::Ok, Z::Error> {
    Pairs([
        ("topic", Value::Text(will.topic())),
        ("qos", Value::Number(will.qos().bits().into())),
        ("retain", Value::Bool(will.retain())),
        ("properties", Value::Properties(will.properties())),
        ("payload", Value::Size(will.payload().len())),
    ])
    .serialize(serializer)
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
        serializer.collect_seq(self.iter().map(OneProperty))
    }
}

struct OneProperty<'a>(Property<'a>);

impl Serialize for OneProperty<'_> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        let name = self.0.id().to_string();
        match self.0 {
            Property::PayloadFormatIndicator(value)
            | Property::RequestProblemInformation(value)
            | Property::RequestResponseInformation(value)
            | Property::RetainAvailable(value)
            | Property::WildcardSubscriptionAvailable(value)
            | Property::SubscriptionIdentifierAvailable(value)
            | Property::SharedSubscriptionAvailable(value) => map.serialize_entry(&name, &value)?,
            Property::MessageExpiryInterval(value)
            | Property::SessionExpiryInterval(value)
            | Property::WillDelayInterval(value) => map.serialize_entry(&name, &value)?,
            Property::ServerKeepAlive(value) | Property::TopicAliasMaximum(value) => {
                map.serialize_entry(&name, &value)?
            }
            Property::ReceiveMaximum(value) | Property::TopicAlias(value) => {
                map.serialize_entry(&name, &value.get())?
            }
            Property::MaximumPacketSize(value) => map.serialize_entry(&name, &value.get())?,
            Property::SubscriptionIdentifier(value) => map.serialize_entry(&name, &value.get())?,
            Property::MaximumQoS(value) => map.serialize_entry(&name, &value.bits())?,
            Property::ContentType(value)
            | Property::ResponseTopic(value)
            | Property::AssignedClientIdentifier(value)
            | Property::AuthenticationMethod(value)
            | Property::ResponseInformation(value)
            | Property::ServerReference(value)
            | Property::ReasonString(value) => map.serialize_entry(&name, value)?,
            Property::CorrelationData(value) => map.serialize_entry(&name, &Size(value.len()))?,
            Property::AuthenticationData(_) => map.serialize_entry(&name, "[redacted]")?,
            Property::UserProperty(key, value) => map.serialize_entry(&name, &[key, value])?,
        }
        map.end()
    }
}
