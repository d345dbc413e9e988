use core::fmt;
use core::num::{NonZeroU16, NonZeroU32};

use crate::property::{Property, PropertyId, Row, Value, ValueType};
use crate::varint::{self, Scan};
use crate::{QoS, SubscriptionId, text};

/// The properties of a packet, as checked bytes: forwarding copies them, reading walks them.
///
/// ```
/// use mqtt_codec::{PropertiesBuf, Property};
///
/// let mut buf = PropertiesBuf::new();
/// buf.push(Property::MessageExpiryInterval(60))?;
/// buf.push(Property::UserProperty("a", "1"))?;
/// buf.push(Property::UserProperty("b", "2"))?;
/// let properties = buf.as_properties();
///
/// assert_eq!(properties.message_expiry_interval(), Some(60));
/// assert_eq!(properties.content_type(), None);
/// assert!(properties.user_properties().eq([("a", "1"), ("b", "2")]));
/// assert_eq!(properties.iter().count(), 3);
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Properties<'a> {
    raw: &'a [u8],
}

impl<'a> Properties<'a> {
    /// No properties.
    pub const EMPTY: Self = Properties { raw: &[] };

    /// `raw` was checked by [`read`].
    #[inline]
    pub(crate) const fn checked(raw: &'a [u8]) -> Self {
        Self { raw }
    }

    /// The properties as they stand on the wire, without their length.
    ///
    /// ```
    /// use mqtt_codec::{PropertiesBuf, Property};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::ServerKeepAlive(60))?;
    /// assert_eq!(properties.as_properties().as_bytes(), [0x13, 0x00, 0x3C]);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.raw
    }

    /// Whether there are none.
    ///
    /// ```
    /// use mqtt_codec::Properties;
    ///
    /// assert!(Properties::EMPTY.is_empty());
    /// ```
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// The properties in their order.
    ///
    /// ```
    /// use mqtt_codec::{PropertiesBuf, Property};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::UserProperty("b", "1"))?.push(Property::UserProperty("a", "2"))?;
    /// let expected = [Property::UserProperty("b", "1"), Property::UserProperty("a", "2")];
    /// assert!(properties.as_properties().iter().eq(expected));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn iter(self) -> PropertyIter<'a> {
        PropertyIter {
            raw: RawProperties { rest: self.raw },
        }
    }

    pub(crate) const fn raw(self) -> RawProperties<'a> {
        RawProperties { rest: self.raw }
    }

    /// The first property with this identifier.
    ///
    /// ```
    /// use mqtt_codec::{PropertiesBuf, Property, PropertyId};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::ServerKeepAlive(60))?;
    /// let found = properties.as_properties().find(PropertyId::ServerKeepAlive);
    /// assert_eq!(found, Some(Property::ServerKeepAlive(60)));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn find(self, id: PropertyId) -> Option<Property<'a>> {
        self.raw().find(|property| property.id == id)?.read()
    }

    /// The names and values of the user properties, in their order.
    ///
    /// ```
    /// use mqtt_codec::{PropertiesBuf, Property};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::UserProperty("k", "v"))?;
    /// assert!(properties.as_properties().user_properties().eq([("k", "v")]));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    pub fn user_properties(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.raw()
            .filter(|property| property.id == PropertyId::UserProperty)
            .filter_map(|property| match property.read() {
                Some(Property::UserProperty(name, value)) => Some((name, value)),
                _ => None,
            })
    }

    /// The identifiers of the subscriptions that a PUBLISH matched, in their order.
    ///
    /// ```
    /// use mqtt_codec::{PropertiesBuf, Property, SubscriptionId};
    ///
    /// let ids = [1, 2].map(|id| SubscriptionId::new(id).unwrap());
    /// let mut properties = PropertiesBuf::new();
    /// for id in ids {
    ///     properties.push(Property::SubscriptionIdentifier(id))?;
    /// }
    /// assert!(properties.as_properties().subscription_identifiers().eq(ids));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    pub fn subscription_identifiers(self) -> impl Iterator<Item = SubscriptionId> {
        self.raw()
            .filter(|property| property.id == PropertyId::SubscriptionIdentifier)
            .filter_map(|property| match property.read() {
                Some(Property::SubscriptionIdentifier(id)) => Some(id),
                _ => None,
            })
    }
}

impl<'a> IntoIterator for Properties<'a> {
    type Item = Property<'a>;
    type IntoIter = PropertyIter<'a>;

    fn into_iter(self) -> PropertyIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Properties<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterator over [`Properties`].
///
/// ```
/// use mqtt_codec::Properties;
///
/// assert_eq!(Properties::EMPTY.iter().next(), None);
/// ```
#[derive(Clone)]
pub struct PropertyIter<'a> {
    raw: RawProperties<'a>,
}

impl<'a> Iterator for PropertyIter<'a> {
    type Item = Property<'a>;

    fn next(&mut self) -> Option<Property<'a>> {
        self.raw.next()?.read()
    }
}

impl fmt::Debug for PropertyIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// A walk over checked properties that reads no more than identifiers and lengths.
#[derive(Clone)]
pub(crate) struct RawProperties<'a> {
    rest: &'a [u8],
}

#[derive(Clone, Copy)]
pub(crate) struct RawProperty<'a> {
    pub(crate) id: PropertyId,
    value_type: ValueType,
    value: &'a [u8],
    /// Identifier and value.
    pub(crate) bytes: &'a [u8],
}

impl<'a> Iterator for RawProperties<'a> {
    type Item = RawProperty<'a>;

    fn next(&mut self) -> Option<RawProperty<'a>> {
        let (&id, rest) = self.rest.split_first()?;
        let Row { id, value_type, .. } = *Row::of(id)?;
        let (value, after) = rest.split_at_checked(value_len(value_type, rest)?)?;
        let (bytes, _) = self.rest.split_at_checked(value.len().saturating_add(1))?;
        self.rest = after;
        Some(RawProperty {
            id,
            value_type,
            value,
            bytes,
        })
    }
}

fn block_len(bytes: &[u8]) -> Option<usize> {
    bytes
        .first_chunk::<2>()
        .map(|len| usize::from(u16::from_be_bytes(*len)).saturating_add(2))
}

fn value_len(value_type: ValueType, rest: &[u8]) -> Option<usize> {
    Some(match value_type {
        ValueType::Flag | ValueType::Quality => 1,
        ValueType::Short | ValueType::NonZeroShort => 2,
        ValueType::Long | ValueType::NonZeroLong => 4,
        ValueType::NonZeroVariable => match varint::scan(rest) {
            Scan::Value { len, .. } => usize::from(len),
            _ => return None,
        },
        ValueType::Text | ValueType::Topic | ValueType::Binary => block_len(rest)?,
        ValueType::Pair => {
            let name = block_len(rest)?;
            block_len(rest.get(name..)?)?.saturating_add(name)
        }
    })
}

impl<'a> RawProperty<'a> {
    fn read(self) -> Option<Property<'a>> {
        let bytes = self.value;
        let short = || bytes.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
        let long = || bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        let text = |bytes: &'a [u8]| Some(text::checked(bytes.get(2..)?));
        let value = match self.value_type {
            ValueType::Flag => Value::Flag(bytes.first()? == &1),
            ValueType::Quality => Value::Quality(QoS::from_bits(*bytes.first()?)?),
            ValueType::Short => Value::Short(short()?),
            ValueType::NonZeroShort => Value::NonZeroShort(NonZeroU16::new(short()?)?),
            ValueType::Long => Value::Long(long()?),
            ValueType::NonZeroLong => Value::NonZeroLong(NonZeroU32::new(long()?)?),
            ValueType::NonZeroVariable => match varint::scan(bytes) {
                Scan::Value { value, .. } => Value::NonZeroVariable(SubscriptionId::new(value)?),
                _ => return None,
            },
            ValueType::Text => Value::Text(text(bytes)?),
            ValueType::Topic => Value::Topic(text(bytes)?),
            ValueType::Binary => Value::Binary(bytes.get(2..)?),
            ValueType::Pair => {
                let (name, value) = bytes.split_at_checked(block_len(bytes)?)?;
                Value::Pair(text(name)?, text(value)?)
            }
        };
        Property::new(self.id, value)
    }
}
