use alloc::vec::Vec;
use core::fmt;

use bytes::BufMut;

use crate::build_error::BuildError;
use crate::decode_error::Field;
use crate::property::{self, Properties, Property};
use crate::reader::{Context, Reader, Sender};
use crate::{Leniency, PacketType, PropertyId, Version};

/// Properties to be put into a packet, each checked when it is added.
///
/// Whether a packet may carry them is known when the packet is built.
///
/// ```
/// use mqtt_codec::{BuildErrorKind, DecodeErrorKind, PropertiesBuf, Property};
///
/// let mut properties = PropertiesBuf::new();
/// properties.push(Property::ContentType("text/plain"))?.push(Property::UserProperty("k", "v"))?;
///
/// let error = properties.push(Property::ContentType("again")).unwrap_err();
/// assert_eq!(error.kind(), BuildErrorKind::Refused(DecodeErrorKind::DuplicateProperty));
/// assert_eq!(properties.as_properties().iter().count(), 2); // a refusal changes nothing
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PropertiesBuf {
    raw: Vec<u8>,
    seen: u64,
}

impl PropertiesBuf {
    /// No properties yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            raw: Vec::new(),
            seen: 0,
        }
    }

    /// The properties so far.
    #[must_use]
    pub fn as_properties(&self) -> Properties<'_> {
        Properties::checked(&self.raw)
    }

    /// Adds a property at the end.
    ///
    /// # Errors
    /// When its value is not allowed, too long, or when it is there already and may be there only once. The
    /// properties are as before, then.
    pub fn push(&mut self, property: Property<'_>) -> Result<&mut Self, BuildError> {
        let before = self.raw.len();
        match self.try_push(property) {
            Ok(bit) => {
                self.seen |= bit;
                Ok(self)
            }
            Err(error) => {
                self.raw.truncate(before);
                Err(error)
            }
        }
    }

    fn try_push(&mut self, property: Property<'_>) -> Result<u64, BuildError> {
        let before = self.raw.len();
        let id = property.id();
        put(&mut self.raw, property)?;
        // The same judge as for what comes from a peer. Subscription identifiers may repeat in one packet
        // type; building another with them fails there.
        let seen = match id {
            PropertyId::SubscriptionIdentifier => 0,
            _ => self.seen,
        };
        let cx = Context {
            version: Version::V5,
            packet: PacketType::Publish,
            sender: Sender::Anyone,
            leniency: Leniency::NONE,
        };
        let mut reader = Reader::new(self.raw.get(before..).unwrap_or_default(), 0, cx);
        Ok(property::read_one(&mut reader, u16::MAX, seen)?)
    }
}

impl<'a> From<&'a PropertiesBuf> for Properties<'a> {
    fn from(buf: &'a PropertiesBuf) -> Self {
        buf.as_properties()
    }
}

impl fmt::Debug for PropertiesBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_properties().fmt(f)
    }
}

/// Appends bytes with their length in two bytes.
pub(crate) fn put_block(out: &mut Vec<u8>, field: Field, bytes: &[u8]) -> Result<(), BuildError> {
    // MQTT 3.1.1 and 5.0 [MQTT-4.7.3-3]: the length never wraps.
    let len = u16::try_from(bytes.len()).map_err(|_| BuildError::too_long(field, bytes.len()))?;
    out.put_u16(len);
    out.put_slice(bytes);
    Ok(())
}

fn put(out: &mut Vec<u8>, property: Property<'_>) -> Result<(), BuildError> {
    let field = Field::Property(property.id());
    out.put_u8(property.id().byte());
    match property {
        Property::PayloadFormatIndicator(value)
        | Property::RequestProblemInformation(value)
        | Property::RequestResponseInformation(value)
        | Property::RetainAvailable(value)
        | Property::WildcardSubscriptionAvailable(value)
        | Property::SubscriptionIdentifierAvailable(value)
        | Property::SharedSubscriptionAvailable(value) => out.put_u8(u8::from(value)),
        Property::MaximumQoS(qos) => out.put_u8(qos.bits()),
        Property::ServerKeepAlive(value) | Property::TopicAliasMaximum(value) => out.put_u16(value),
        Property::ReceiveMaximum(value) | Property::TopicAlias(value) => out.put_u16(value.get()),
        Property::MessageExpiryInterval(value)
        | Property::SessionExpiryInterval(value)
        | Property::WillDelayInterval(value) => out.put_u32(value),
        Property::MaximumPacketSize(value) => out.put_u32(value.get()),
        Property::SubscriptionIdentifier(id) => out.put_slice(id.integer().encode().as_ref()),
        Property::ContentType(text)
        | Property::ResponseTopic(text)
        | Property::AssignedClientIdentifier(text)
        | Property::AuthenticationMethod(text)
        | Property::ResponseInformation(text)
        | Property::ServerReference(text)
        | Property::ReasonString(text) => put_block(out, field, text.as_bytes())?,
        Property::CorrelationData(data) | Property::AuthenticationData(data) => {
            put_block(out, field, data)?
        }
        Property::UserProperty(name, value) => {
            put_block(out, field, name.as_bytes())?;
            put_block(out, field, value.as_bytes())?;
        }
    }
    Ok(())
}
