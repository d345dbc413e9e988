use alloc::vec::Vec;
use core::fmt;

use bytes::BufMut;

use crate::build_error::BuildError;
use crate::decode_error::Field;
use crate::properties::Properties;
use crate::property::{Property, Value};
use crate::property_block;
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
    ///
    /// ```
    /// use mqtt_codec::PropertiesBuf;
    ///
    /// assert!(PropertiesBuf::new().as_properties().is_empty());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            raw: Vec::new(),
            seen: 0,
        }
    }

    /// The properties so far.
    ///
    /// ```
    /// use mqtt_codec::{PropertiesBuf, Property};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::TopicAliasMaximum(10))?;
    /// assert_eq!(properties.as_properties().topic_alias_maximum(), Some(10));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn as_properties(&self) -> Properties<'_> {
        Properties::checked(&self.raw)
    }

    /// Adds a property at the end.
    ///
    /// ```
    /// use mqtt_codec::{PropertiesBuf, Property};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// assert!(properties.push(Property::ResponseTopic("answers/7")).is_ok());
    /// assert!(properties.push(Property::ResponseTopic("answers/#")).is_err());
    /// ```
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

    /// Adds all of these at the end, as when some are forwarded.
    ///
    /// ```
    /// use mqtt_codec::{PropertiesBuf, Property};
    ///
    /// let mut received = PropertiesBuf::new();
    /// received.push(Property::ContentType("text/plain"))?;
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::UserProperty("via", "bridge"))?.append(received.as_properties())?;
    /// assert_eq!(properties.as_properties().iter().count(), 2);
    /// assert!(properties.append(received.as_properties()).is_err()); // Content Type would be there twice
    /// assert_eq!(properties.as_properties().iter().count(), 2);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// When one is there already and may be there only once. The properties are as before, then.
    pub fn append(&mut self, properties: Properties<'_>) -> Result<&mut Self, BuildError> {
        let before = (self.raw.len(), self.seen);
        for property in properties {
            if let Err(error) = self.push(property) {
                self.raw.truncate(before.0);
                self.seen = before.1;
                return Err(error);
            }
        }
        Ok(self)
    }

    /// Takes out every property with this identifier, and says how many there were.
    ///
    /// ```
    /// use core::num::NonZeroU16;
    /// use mqtt_codec::{PropertiesBuf, Property, PropertyId};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::TopicAlias(NonZeroU16::MIN))?.push(Property::UserProperty("k", "v"))?;
    /// assert_eq!(properties.remove(PropertyId::TopicAlias), 1);
    /// assert!(properties.as_properties().iter().eq([Property::UserProperty("k", "v")]));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    pub fn remove(&mut self, id: PropertyId) -> usize {
        let mut kept = Vec::with_capacity(self.raw.len());
        let mut removed = 0_usize;
        for property in self.as_properties().raw() {
            if property.id == id {
                removed = removed.saturating_add(1);
            } else {
                kept.extend_from_slice(property.bytes);
            }
        }
        self.raw = kept;
        self.seen &= !id.bit();
        removed
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
        Ok(property_block::read_one(&mut reader, u16::MAX, seen)?)
    }
}

impl<'a> From<&'a PropertiesBuf> for Properties<'a> {
    fn from(buf: &'a PropertiesBuf) -> Self {
        buf.as_properties()
    }
}

impl From<Properties<'_>> for PropertiesBuf {
    /// A copy, to be changed.
    fn from(properties: Properties<'_>) -> Self {
        Self {
            raw: properties.as_bytes().to_vec(),
            seen: seen(properties),
        }
    }
}

/// The bits of properties.
fn seen(properties: Properties<'_>) -> u64 {
    properties
        .raw()
        .fold(0, |seen, property| seen | property.id.bit())
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
    out.reserve(bytes.len().saturating_add(2));
    out.put_u16(len);
    out.put_slice(bytes);
    Ok(())
}

fn put(out: &mut Vec<u8>, property: Property<'_>) -> Result<(), BuildError> {
    let field = Field::Property(property.id());
    out.put_u8(property.id().byte());
    match property.value() {
        Value::Flag(value) => out.put_u8(u8::from(value)),
        Value::Quality(qos) => out.put_u8(qos.bits()),
        Value::Short(value) => out.put_u16(value),
        Value::NonZeroShort(value) => out.put_u16(value.get()),
        Value::Long(value) => out.put_u32(value),
        Value::NonZeroLong(value) => out.put_u32(value.get()),
        Value::NonZeroVariable(id) => out.put_slice(id.integer().encode().as_ref()),
        Value::Text(text) | Value::Topic(text) => put_block(out, field, text.as_bytes())?,
        Value::Binary(data) => put_block(out, field, data)?,
        Value::Pair(name, value) => {
            put_block(out, field, name.as_bytes())?;
            put_block(out, field, value.as_bytes())?;
        }
    }
    Ok(())
}
