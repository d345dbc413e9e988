use core::fmt;
use core::num::{NonZeroU16, NonZeroU32};

use crate::decode_error::{DecodeErrorKind as Kind, Field};
use crate::property_id::{PropertyId, ValueType};
use crate::reader::{Reader, Result};
use crate::varint::{self, Scan, VariableByteInteger};
use crate::{QoS, text};

/// The identifier of a subscription: 1 to 268,435,455 (MQTT 5.0 §3.8.2.1.2).
///
/// ```
/// use mqtt_codec::SubscriptionId;
///
/// assert_eq!(SubscriptionId::new(7).unwrap().get(), 7);
/// assert!(SubscriptionId::new(0).is_none());
/// assert!(SubscriptionId::new(268_435_456).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(NonZeroU32);

impl SubscriptionId {
    /// The largest identifier, 268,435,455.
    pub const MAX: u32 = VariableByteInteger::MAX.get();

    /// The identifier `id`, unless it is zero or too large.
    #[must_use]
    pub const fn new(id: u32) -> Option<Self> {
        match NonZeroU32::new(id) {
            Some(id) if id.get() <= Self::MAX => Some(Self(id)),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    pub(crate) const fn integer(self) -> VariableByteInteger {
        VariableByteInteger::saturating(self.0.get())
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One property with its value (MQTT 5.0 §2.2.2.2).
///
/// ```
/// use mqtt_codec::{PropertiesBuf, Property};
///
/// let mut properties = PropertiesBuf::new();
/// properties.push(Property::UserProperty("trace", "4711"))?;
/// assert_eq!(properties.as_properties().iter().next(), Some(Property::UserProperty("trace", "4711")));
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Property<'a> {
    /// 0x01: whether the payload is text.
    PayloadFormatIndicator(bool),
    /// 0x02: seconds.
    MessageExpiryInterval(u32),
    /// 0x03.
    ContentType(&'a str),
    /// 0x08: a Topic Name.
    ResponseTopic(&'a str),
    /// 0x09.
    CorrelationData(&'a [u8]),
    /// 0x0B.
    SubscriptionIdentifier(SubscriptionId),
    /// 0x11: seconds; 0xFFFFFFFF is for ever.
    SessionExpiryInterval(u32),
    /// 0x12.
    AssignedClientIdentifier(&'a str),
    /// 0x13: seconds.
    ServerKeepAlive(u16),
    /// 0x15.
    AuthenticationMethod(&'a str),
    /// 0x16.
    AuthenticationData(&'a [u8]),
    /// 0x17.
    RequestProblemInformation(bool),
    /// 0x18: seconds.
    WillDelayInterval(u32),
    /// 0x19.
    RequestResponseInformation(bool),
    /// 0x1A.
    ResponseInformation(&'a str),
    /// 0x1C.
    ServerReference(&'a str),
    /// 0x1F.
    ReasonString(&'a str),
    /// 0x21.
    ReceiveMaximum(NonZeroU16),
    /// 0x22.
    TopicAliasMaximum(u16),
    /// 0x23.
    TopicAlias(NonZeroU16),
    /// 0x24: QoS 0 or 1.
    MaximumQoS(QoS),
    /// 0x25.
    RetainAvailable(bool),
    /// 0x26: name and value.
    UserProperty(&'a str, &'a str),
    /// 0x27: bytes.
    MaximumPacketSize(NonZeroU32),
    /// 0x28.
    WildcardSubscriptionAvailable(bool),
    /// 0x29.
    SubscriptionIdentifierAvailable(bool),
    /// 0x2A.
    SharedSubscriptionAvailable(bool),
}

impl Property<'_> {
    /// Which property this is.
    #[must_use]
    pub const fn id(&self) -> PropertyId {
        match self {
            Self::PayloadFormatIndicator(_) => PropertyId::PayloadFormatIndicator,
            Self::MessageExpiryInterval(_) => PropertyId::MessageExpiryInterval,
            Self::ContentType(_) => PropertyId::ContentType,
            Self::ResponseTopic(_) => PropertyId::ResponseTopic,
            Self::CorrelationData(_) => PropertyId::CorrelationData,
            Self::SubscriptionIdentifier(_) => PropertyId::SubscriptionIdentifier,
            Self::SessionExpiryInterval(_) => PropertyId::SessionExpiryInterval,
            Self::AssignedClientIdentifier(_) => PropertyId::AssignedClientIdentifier,
            Self::ServerKeepAlive(_) => PropertyId::ServerKeepAlive,
            Self::AuthenticationMethod(_) => PropertyId::AuthenticationMethod,
            Self::AuthenticationData(_) => PropertyId::AuthenticationData,
            Self::RequestProblemInformation(_) => PropertyId::RequestProblemInformation,
            Self::WillDelayInterval(_) => PropertyId::WillDelayInterval,
            Self::RequestResponseInformation(_) => PropertyId::RequestResponseInformation,
            Self::ResponseInformation(_) => PropertyId::ResponseInformation,
            Self::ServerReference(_) => PropertyId::ServerReference,
            Self::ReasonString(_) => PropertyId::ReasonString,
            Self::ReceiveMaximum(_) => PropertyId::ReceiveMaximum,
            Self::TopicAliasMaximum(_) => PropertyId::TopicAliasMaximum,
            Self::TopicAlias(_) => PropertyId::TopicAlias,
            Self::MaximumQoS(_) => PropertyId::MaximumQoS,
            Self::RetainAvailable(_) => PropertyId::RetainAvailable,
            Self::UserProperty(..) => PropertyId::UserProperty,
            Self::MaximumPacketSize(_) => PropertyId::MaximumPacketSize,
            Self::WildcardSubscriptionAvailable(_) => PropertyId::WildcardSubscriptionAvailable,
            Self::SubscriptionIdentifierAvailable(_) => PropertyId::SubscriptionIdentifierAvailable,
            Self::SharedSubscriptionAvailable(_) => PropertyId::SharedSubscriptionAvailable,
        }
    }
}

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
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.raw
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.raw.is_empty()
    }

    /// The properties in their order.
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
    #[must_use]
    pub fn find(self, id: PropertyId) -> Option<Property<'a>> {
        self.raw().find(|property| property.id == id)?.read()
    }

    /// The names and values of the user properties, in their order.
    pub fn user_properties(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.raw()
            .filter(|property| property.id == PropertyId::UserProperty)
            .filter_map(|property| match property.read() {
                Some(Property::UserProperty(name, value)) => Some((name, value)),
                _ => None,
            })
    }

    /// The identifiers of the subscriptions that a PUBLISH matched, in their order.
    pub fn subscription_identifiers(self) -> impl Iterator<Item = SubscriptionId> {
        self.raw()
            .filter(|property| property.id == PropertyId::SubscriptionIdentifier)
            .filter_map(|property| match property.read() {
                Some(Property::SubscriptionIdentifier(id)) => Some(id),
                _ => None,
            })
    }
}

macro_rules! accessors {
    ($($(#[$doc:meta])* $name:ident: $variant:ident -> $type:ty;)*) => {
        impl<'a> Properties<'a> {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $name(self) -> Option<$type> {
                    match self.find(PropertyId::$variant)? {
                        Property::$variant(value) => Some(value),
                        _ => None,
                    }
                }
            )*
        }
    };
}

accessors! {
    /// Payload Format Indicator: whether the payload is said to be text.
    payload_format_indicator: PayloadFormatIndicator -> bool;
    /// Message Expiry Interval in seconds.
    message_expiry_interval: MessageExpiryInterval -> u32;
    /// Content Type.
    content_type: ContentType -> &'a str;
    /// Response Topic.
    response_topic: ResponseTopic -> &'a str;
    /// Correlation Data.
    correlation_data: CorrelationData -> &'a [u8];
    /// The first Subscription Identifier; a PUBLISH may carry several.
    subscription_identifier: SubscriptionIdentifier -> SubscriptionId;
    /// Session Expiry Interval in seconds.
    session_expiry_interval: SessionExpiryInterval -> u32;
    /// Assigned Client Identifier.
    assigned_client_identifier: AssignedClientIdentifier -> &'a str;
    /// Server Keep Alive in seconds.
    server_keep_alive: ServerKeepAlive -> u16;
    /// Authentication Method.
    authentication_method: AuthenticationMethod -> &'a str;
    /// Authentication Data.
    authentication_data: AuthenticationData -> &'a [u8];
    /// Request Problem Information.
    request_problem_information: RequestProblemInformation -> bool;
    /// Will Delay Interval in seconds.
    will_delay_interval: WillDelayInterval -> u32;
    /// Request Response Information.
    request_response_information: RequestResponseInformation -> bool;
    /// Response Information.
    response_information: ResponseInformation -> &'a str;
    /// Server Reference.
    server_reference: ServerReference -> &'a str;
    /// Reason String.
    reason_string: ReasonString -> &'a str;
    /// Receive Maximum.
    receive_maximum: ReceiveMaximum -> NonZeroU16;
    /// Topic Alias Maximum.
    topic_alias_maximum: TopicAliasMaximum -> u16;
    /// Topic Alias.
    topic_alias: TopicAlias -> NonZeroU16;
    /// Maximum QoS.
    maximum_qos: MaximumQoS -> QoS;
    /// Retain Available.
    retain_available: RetainAvailable -> bool;
    /// Maximum Packet Size in bytes.
    maximum_packet_size: MaximumPacketSize -> NonZeroU32;
    /// Wildcard Subscription Available.
    wildcard_subscription_available: WildcardSubscriptionAvailable -> bool;
    /// Subscription Identifier Available.
    subscription_identifier_available: SubscriptionIdentifierAvailable -> bool;
    /// Shared Subscription Available.
    shared_subscription_available: SharedSubscriptionAvailable -> bool;
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
        let mut list = f.debug_list();
        for property in self.iter() {
            match property {
                // What proves an identity is nobody's business.
                Property::AuthenticationData(_) => {
                    list.entry(&format_args!("AuthenticationData([redacted])"))
                }
                Property::CorrelationData(data) => {
                    list.entry(&format_args!("CorrelationData({} bytes)", data.len()))
                }
                property => list.entry(&property),
            };
        }
        list.finish()
    }
}

/// Iterator over [`Properties`].
///
/// ```
/// use mqtt_codec::Properties;
///
/// assert_eq!(Properties::EMPTY.iter().next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct PropertyIter<'a> {
    raw: RawProperties<'a>,
}

impl<'a> Iterator for PropertyIter<'a> {
    type Item = Property<'a>;

    fn next(&mut self) -> Option<Property<'a>> {
        self.raw.next()?.read()
    }
}

/// A walk over checked properties that reads no more than identifiers and lengths.
#[derive(Clone, Debug)]
pub(crate) struct RawProperties<'a> {
    rest: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct RawProperty<'a> {
    pub(crate) id: PropertyId,
    value: &'a [u8],
    /// Identifier and value.
    pub(crate) bytes: &'a [u8],
}

impl<'a> Iterator for RawProperties<'a> {
    type Item = RawProperty<'a>;

    fn next(&mut self) -> Option<RawProperty<'a>> {
        let (&id, rest) = self.rest.split_first()?;
        let id = PropertyId::from_byte(id)?;
        let (value, after) = rest.split_at_checked(value_len(id.value_type(), rest)?)?;
        let (bytes, _) = self.rest.split_at_checked(value.len().saturating_add(1))?;
        self.rest = after;
        Some(RawProperty { id, value, bytes })
    }
}

fn block_len(bytes: &[u8]) -> Option<usize> {
    bytes
        .first_chunk::<2>()
        .map(|len| usize::from(u16::from_be_bytes(*len)).saturating_add(2))
}

fn value_len(value_type: ValueType, rest: &[u8]) -> Option<usize> {
    Some(match value_type {
        ValueType::Flag => 1,
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
        let value = self.value;
        let flag = || Some(value.first()? == &1);
        let short = || value.first_chunk().map(|bytes| u16::from_be_bytes(*bytes));
        let long = || value.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        let binary = || value.get(2..);
        let text = || Some(text::checked(value.get(2..)?));
        Some(match self.id {
            PropertyId::PayloadFormatIndicator => Property::PayloadFormatIndicator(flag()?),
            PropertyId::MessageExpiryInterval => Property::MessageExpiryInterval(long()?),
            PropertyId::ContentType => Property::ContentType(text()?),
            PropertyId::ResponseTopic => Property::ResponseTopic(text()?),
            PropertyId::CorrelationData => Property::CorrelationData(binary()?),
            PropertyId::SubscriptionIdentifier => match varint::scan(value) {
                Scan::Value { value, .. } => {
                    Property::SubscriptionIdentifier(SubscriptionId::new(value)?)
                }
                _ => return None,
            },
            PropertyId::SessionExpiryInterval => Property::SessionExpiryInterval(long()?),
            PropertyId::AssignedClientIdentifier => Property::AssignedClientIdentifier(text()?),
            PropertyId::ServerKeepAlive => Property::ServerKeepAlive(short()?),
            PropertyId::AuthenticationMethod => Property::AuthenticationMethod(text()?),
            PropertyId::AuthenticationData => Property::AuthenticationData(binary()?),
            PropertyId::RequestProblemInformation => Property::RequestProblemInformation(flag()?),
            PropertyId::WillDelayInterval => Property::WillDelayInterval(long()?),
            PropertyId::RequestResponseInformation => Property::RequestResponseInformation(flag()?),
            PropertyId::ResponseInformation => Property::ResponseInformation(text()?),
            PropertyId::ServerReference => Property::ServerReference(text()?),
            PropertyId::ReasonString => Property::ReasonString(text()?),
            PropertyId::ReceiveMaximum => Property::ReceiveMaximum(NonZeroU16::new(short()?)?),
            PropertyId::TopicAliasMaximum => Property::TopicAliasMaximum(short()?),
            PropertyId::TopicAlias => Property::TopicAlias(NonZeroU16::new(short()?)?),
            PropertyId::MaximumQoS => Property::MaximumQoS(QoS::from_bits(*value.first()?)?),
            PropertyId::RetainAvailable => Property::RetainAvailable(flag()?),
            PropertyId::UserProperty => {
                let (name, value) = value.split_at_checked(block_len(value)?)?;
                Property::UserProperty(
                    text::checked(name.get(2..)?),
                    text::checked(value.get(2..)?),
                )
            }
            PropertyId::MaximumPacketSize => Property::MaximumPacketSize(NonZeroU32::new(long()?)?),
            PropertyId::WildcardSubscriptionAvailable => {
                Property::WildcardSubscriptionAvailable(flag()?)
            }
            PropertyId::SubscriptionIdentifierAvailable => {
                Property::SubscriptionIdentifierAvailable(flag()?)
            }
            PropertyId::SharedSubscriptionAvailable => {
                Property::SharedSubscriptionAvailable(flag()?)
            }
        })
    }
}

/// Where the properties of a packet are in its frame, and which there are.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) seen: u64,
}

impl Block {
    pub(crate) const fn has(self, id: PropertyId) -> bool {
        self.seen & id.bit() != 0
    }
}

/// Reads a Property Length and judges the properties that follow. `place` is the bit of the packet type.
///
/// Versions without properties have an empty block here.
#[inline(always)]
pub(crate) fn read(reader: &mut Reader<'_>, place: u16) -> Result<Block> {
    if !reader.has_properties() {
        let here = reader.offset();
        return Ok(Block {
            start: here,
            end: here,
            seen: 0,
        });
    }
    read_block(reader, place)
}

fn read_block(reader: &mut Reader<'_>, place: u16) -> Result<Block> {
    // MQTT 5.0 [MQTT-2.2.2-1]: the length is there even if it is 0.
    let len = reader.integer(Field::PropertyLength)?;
    let start = reader.offset();
    if len == 0 {
        return Ok(Block {
            start,
            end: start,
            seen: 0,
        });
    }
    let mut inner = reader.split(len, Field::PropertyLength)?;
    let mut seen = 0;
    while !inner.is_empty() {
        seen |= read_one(&mut inner, place, seen)?;
    }
    let block = Block {
        start,
        end: inner.offset(),
        seen,
    };
    // MQTT 5.0 §3.1.2.11.10, §3.2.2.3.18, §3.15.2.2.3
    if block.has(PropertyId::AuthenticationData) && !block.has(PropertyId::AuthenticationMethod) {
        let field = Field::Property(PropertyId::AuthenticationData);
        return Err(inner.error_at(Kind::AuthenticationDataWithoutMethod, field, start, 0));
    }
    Ok(block)
}

/// Judges one property; `seen` holds the bits of those before it. Gives its bit.
#[inline]
pub(crate) fn read_one(reader: &mut Reader<'_>, place: u16, seen: u64) -> Result<u64> {
    let byte = reader.u8(Field::PropertyIdentifier)?;
    let Some(id) = PropertyId::from_byte(byte) else {
        return Err(unknown(reader, byte));
    };
    let field = Field::Property(id);
    // MQTT 5.0 §2.2.2.2
    if !id.is_in(place) {
        return Err(reader.error_before(Kind::PropertyNotAllowed, field, byte));
    }
    if seen & id.bit() != 0 && !id.may_repeat(place) {
        return Err(reader.error_before(Kind::DuplicateProperty, field, byte));
    }
    let value = reader.offset();
    let bad = match id.value_type() {
        ValueType::Flag => Some(u32::from(reader.u8(field)?)).filter(|value| *value > 1),
        ValueType::Short => reader.u16(field).map(|_| None)?,
        ValueType::NonZeroShort => Some(u32::from(reader.u16(field)?)).filter(|value| *value == 0),
        ValueType::Long => reader.u32(field).map(|_| None)?,
        ValueType::NonZeroLong => Some(reader.u32(field)?).filter(|value| *value == 0),
        ValueType::NonZeroVariable => Some(reader.integer(field)?).filter(|value| *value == 0),
        ValueType::Text => reader.text(field).map(|_| None)?,
        // MQTT 5.0 [MQTT-3.3.2-13], [MQTT-3.3.2-14]
        ValueType::Topic => reader.topic_name(field, false).map(|_| None)?,
        ValueType::Binary => reader.binary(field).map(|_| None)?,
        ValueType::Pair => {
            // MQTT 5.0 [MQTT-1.5.7-1]
            reader.text(field)?;
            reader.text(field).map(|_| None)?
        }
    };
    match bad {
        None => Ok(id.bit()),
        Some(found) => Err(reader.error_at(Kind::InvalidPropertyValue, field, value, found)),
    }
}

/// An identifier is a Variable Byte Integer too, so 0x81 0x00 is not an unknown property but a long 0x01.
#[cold]
fn unknown(reader: &Reader<'_>, byte: u8) -> crate::DecodeError {
    let mut again = *reader;
    match again.u8(Field::PropertyIdentifier) {
        Ok(0) if byte >= 0x80 => {
            reader.error_before(Kind::IntegerNotShortest, Field::PropertyIdentifier, 2)
        }
        _ => reader.error_before(Kind::UnknownProperty, Field::PropertyIdentifier, byte),
    }
}
