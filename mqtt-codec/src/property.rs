use core::fmt;
use core::num::{NonZeroU16, NonZeroU32};

use crate::properties::Properties;
use crate::{PacketType, QoS, SubscriptionId};

/// The place of the will properties in a set of packets: they are not a packet, and bit 0 is no packet's.
pub(crate) const WILL: u16 = 1;

/// The type of a value with the value, the names being those of `ValueType`.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Flag(bool),
    Quality(QoS),
    Short(u16),
    NonZeroShort(NonZeroU16),
    Long(u32),
    NonZeroLong(NonZeroU32),
    NonZeroVariable(SubscriptionId),
    Text(&'a str),
    Topic(&'a str),
    Pair(&'a str, &'a str),
    Binary(&'a [u8]),
}

/// The data type of a property's value (MQTT 5.0 §2.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    /// A byte that is 0 or 1.
    Flag,
    /// A QoS that is 0 or 1.
    Quality,
    /// A Two Byte Integer.
    Short,
    /// A Two Byte Integer that is not 0.
    NonZeroShort,
    /// A Four Byte Integer.
    Long,
    /// A Four Byte Integer that is not 0.
    NonZeroLong,
    /// A Variable Byte Integer that is not 0.
    NonZeroVariable,
    /// A UTF-8 Encoded String.
    Text,
    /// A UTF-8 Encoded String that is a Topic Name.
    Topic,
    /// A UTF-8 String Pair.
    Pair,
    /// Binary Data.
    Binary,
}

/// What reading a property needs to know.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) id: PropertyId,
    pub(crate) value_type: ValueType,
    /// The packets that may carry it.
    pub(crate) packets: u16,
}

/// Of each row: documentation, variant with its values, identifier, name, type of the value, packets; and the accessor
/// of [`Properties`] with documentation and an example, where one value is all there can be.
macro_rules! properties {
    ($(
        $(#[$doc:meta])*
        $name:ident($($field:ident: $type:ty),*) = $id:literal, $text:literal, $kind:ident, [$($packet:ident)*]
        $(, $accessor:ident: $one:ty, $about:literal $example:literal)?;
    )*) => {
        /// A property, by its identifier (MQTT 5.0 §2.2.2.2).
        ///
        /// ```
        /// use mqtt_codec::{PacketType, PropertyId};
        ///
        /// assert_eq!(PropertyId::from_byte(0x26), Some(PropertyId::UserProperty));
        /// assert_eq!(PropertyId::TopicAlias.byte(), 0x23);
        /// assert!(PropertyId::TopicAlias.is_for(PacketType::Publish));
        /// assert!(!PropertyId::TopicAlias.is_for_will());
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum PropertyId {
            $($(#[$doc])* $name = $id,)*
        }

        impl PropertyId {
            /// All properties in the order of their identifiers.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The identifier.
            ///
            /// ```
            /// use mqtt_codec::PropertyId;
            ///
            /// assert_eq!(PropertyId::UserProperty.byte(), 0x26);
            /// ```
            #[must_use]
            pub const fn byte(self) -> u8 {
                match self { $(Self::$name => $id,)* }
            }

            /// The property with this identifier.
            ///
            /// ```
            /// use mqtt_codec::PropertyId;
            ///
            /// assert_eq!(PropertyId::from_byte(0x01), Some(PropertyId::PayloadFormatIndicator));
            /// assert_eq!(PropertyId::from_byte(0x04), None);
            /// ```
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte { $($id => Some(Self::$name),)* _ => None }
            }

            const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row {
                        id: self,
                        value_type: ValueType::$kind,
                        packets: 0 $(| properties!(@bit $packet))*,
                    },)*
                }
            }
        }

        impl fmt::Display for PropertyId {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$name => $text,)* })
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
        ///
        /// // What proves an identity stays out of logs.
        /// let shown = format!("{:?}", Property::AuthenticationData(b"secret"));
        /// assert_eq!(shown, "AuthenticationData([redacted])");
        /// # Ok::<(), mqtt_codec::BuildError>(())
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Property<'a> {
            $($(#[$doc])* $name($($type),*),)*
        }

        impl<'a> Property<'a> {
            /// Which property this is.
            ///
            /// ```
            /// use mqtt_codec::{Property, PropertyId};
            ///
            /// assert_eq!(Property::ServerKeepAlive(60).id(), PropertyId::ServerKeepAlive);
            /// ```
            #[must_use]
            pub const fn id(&self) -> PropertyId {
                match self { $(Self::$name(..) => PropertyId::$name,)* }
            }

            pub(crate) const fn value(self) -> Value<'a> {
                match self { $(Self::$name($($field),*) => Value::$kind($($field),*),)* }
            }

            /// `None` if the value is not of the type that the property has.
            pub(crate) const fn new(id: PropertyId, value: Value<'a>) -> Option<Self> {
                Some(match (id, value) {
                    $((PropertyId::$name, Value::$kind($($field),*)) => Self::$name($($field),*),)*
                    _ => return None,
                })
            }
        }

        impl<'a> Properties<'a> {
            $($(
                #[doc = $about]
                ///
                /// ```
                /// # use core::num::{NonZeroU16, NonZeroU32};
                /// # use mqtt_codec::{PropertiesBuf, Property, QoS, SubscriptionId};
                #[doc = concat!("let value = Property::", stringify!($name), "(", $example, ");")]
                /// let mut properties = PropertiesBuf::new();
                /// properties.push(value)?;
                #[doc = concat!(
                    "assert_eq!(properties.as_properties().", stringify!($accessor), "(), Some(", $example, "));"
                )]
                #[doc = concat!("assert_eq!(PropertiesBuf::new().as_properties().", stringify!($accessor), "(), None);")]
                /// # let _: NonZeroU16 = NonZeroU16::MIN;
                /// # let _: (NonZeroU32, QoS) = (NonZeroU32::MIN, QoS::AtMostOnce);
                /// # let _ = SubscriptionId::new(1);
                /// # Ok::<(), mqtt_codec::BuildError>(())
                /// ```
                #[must_use]
                pub fn $accessor(self) -> Option<$one> {
                    match self.find(PropertyId::$name)? {
                        Property::$name(value) => Some(value),
                        _ => None,
                    }
                }
            )?)*
        }
    };
    (@bit Will) => { WILL };
    (@bit $packet:ident) => { PacketType::$packet.bit() };
}

properties! {
    /// Whether the payload is text.
    PayloadFormatIndicator(value: bool) = 0x01, "Payload Format Indicator", Flag, [Publish Will],
        payload_format_indicator: bool, "Payload Format Indicator: whether the payload is said to be text." "true";
    /// Seconds until the message is worth nothing.
    MessageExpiryInterval(value: u32) = 0x02, "Message Expiry Interval", Long, [Publish Will],
        message_expiry_interval: u32, "Message Expiry Interval in seconds." "60";
    /// What the payload is.
    ContentType(value: &'a str) = 0x03, "Content Type", Text, [Publish Will],
        content_type: &'a str, "Content Type." "\"text\"";
    /// Where an answer goes.
    ResponseTopic(value: &'a str) = 0x08, "Response Topic", Topic, [Publish Will],
        response_topic: &'a str, "Response Topic." "\"a/topic\"";
    /// What an answer belongs to.
    CorrelationData(value: &'a [u8]) = 0x09, "Correlation Data", Binary, [Publish Will],
        correlation_data: &'a [u8], "Correlation Data." "&b\"bytes\"[..]";
    /// Which subscription matched.
    SubscriptionIdentifier(value: SubscriptionId) = 0x0B, "Subscription Identifier", NonZeroVariable, [Publish Subscribe],
        subscription_identifier: SubscriptionId, "The first Subscription Identifier; a PUBLISH may carry several." "SubscriptionId::new(7).unwrap()";
    /// Seconds that the session outlives its connection.
    SessionExpiryInterval(value: u32) = 0x11, "Session Expiry Interval", Long, [Connect ConnAck Disconnect],
        session_expiry_interval: u32, "Session Expiry Interval in seconds." "60";
    /// The identifier that the server chose for the client.
    AssignedClientIdentifier(value: &'a str) = 0x12, "Assigned Client Identifier", Text, [ConnAck],
        assigned_client_identifier: &'a str, "Assigned Client Identifier." "\"text\"";
    /// The keep alive that the server wants.
    ServerKeepAlive(value: u16) = 0x13, "Server Keep Alive", Short, [ConnAck],
        server_keep_alive: u16, "Server Keep Alive in seconds." "10";
    /// The method of enhanced authentication.
    AuthenticationMethod(value: &'a str) = 0x15, "Authentication Method", Text, [Connect ConnAck Auth],
        authentication_method: &'a str, "Authentication Method." "\"text\"";
    /// Data of that method.
    AuthenticationData(value: &'a [u8]) = 0x16, "Authentication Data", Binary, [Connect ConnAck Auth],
        authentication_data: &'a [u8], "Authentication Data." "&b\"bytes\"[..]";
    /// Whether reasons may be told.
    RequestProblemInformation(value: bool) = 0x17, "Request Problem Information", Flag, [Connect],
        request_problem_information: bool, "Request Problem Information." "true";
    /// Seconds until the will is published.
    WillDelayInterval(value: u32) = 0x18, "Will Delay Interval", Long, [Will],
        will_delay_interval: u32, "Will Delay Interval in seconds." "60";
    /// Whether response information is wanted.
    RequestResponseInformation(value: bool) = 0x19, "Request Response Information", Flag, [Connect],
        request_response_information: bool, "Request Response Information." "true";
    /// The base of response topics.
    ResponseInformation(value: &'a str) = 0x1A, "Response Information", Text, [ConnAck],
        response_information: &'a str, "Response Information." "\"text\"";
    /// Another server to use.
    ServerReference(value: &'a str) = 0x1C, "Server Reference", Text, [ConnAck Disconnect],
        server_reference: &'a str, "Server Reference." "\"text\"";
    /// Why, for people.
    ReasonString(value: &'a str) = 0x1F, "Reason String", Text, [ConnAck PubAck PubRec PubRel PubComp SubAck UnsubAck Disconnect Auth],
        reason_string: &'a str, "Reason String." "\"text\"";
    /// How many QoS 1 and 2 messages may be unacknowledged.
    ReceiveMaximum(value: NonZeroU16) = 0x21, "Receive Maximum", NonZeroShort, [Connect ConnAck],
        receive_maximum: NonZeroU16, "Receive Maximum." "NonZeroU16::MIN";
    /// The highest topic alias.
    TopicAliasMaximum(value: u16) = 0x22, "Topic Alias Maximum", Short, [Connect ConnAck],
        topic_alias_maximum: u16, "Topic Alias Maximum." "10";
    /// A number instead of the topic.
    TopicAlias(value: NonZeroU16) = 0x23, "Topic Alias", NonZeroShort, [Publish],
        topic_alias: NonZeroU16, "Topic Alias." "NonZeroU16::MIN";
    /// The highest QoS, if it is not 2.
    MaximumQoS(value: QoS) = 0x24, "Maximum QoS", Quality, [ConnAck],
        maximum_qos: QoS, "Maximum QoS." "QoS::AtLeastOnce";
    /// Whether messages may be retained.
    RetainAvailable(value: bool) = 0x25, "Retain Available", Flag, [ConnAck],
        retain_available: bool, "Retain Available." "true";
    /// A name and a value, both free.
    UserProperty(name: &'a str, value: &'a str) = 0x26, "User Property", Pair, [Connect ConnAck Publish Will PubAck PubRec PubRel PubComp Subscribe SubAck Unsubscribe UnsubAck Disconnect Auth];
    /// The largest packet.
    MaximumPacketSize(value: NonZeroU32) = 0x27, "Maximum Packet Size", NonZeroLong, [Connect ConnAck],
        maximum_packet_size: NonZeroU32, "Maximum Packet Size in bytes." "NonZeroU32::MIN";
    /// Whether filters may have wildcards.
    WildcardSubscriptionAvailable(value: bool) = 0x28, "Wildcard Subscription Available", Flag, [ConnAck],
        wildcard_subscription_available: bool, "Wildcard Subscription Available." "true";
    /// Whether subscriptions may have identifiers.
    SubscriptionIdentifierAvailable(value: bool) = 0x29, "Subscription Identifier Available", Flag, [ConnAck],
        subscription_identifier_available: bool, "Subscription Identifier Available." "true";
    /// Whether subscriptions may be shared.
    SharedSubscriptionAvailable(value: bool) = 0x2A, "Shared Subscription Available", Flag, [ConnAck],
        shared_subscription_available: bool, "Shared Subscription Available." "true";
}

impl PropertyId {
    /// Whether packets of this type may carry the property.
    ///
    /// ```
    /// use mqtt_codec::{PacketType, PropertyId};
    ///
    /// assert!(PropertyId::ReasonString.is_for(PacketType::PubAck));
    /// assert!(!PropertyId::ReasonString.is_for(PacketType::Publish));
    /// ```
    #[must_use]
    pub const fn is_for(self, packet: PacketType) -> bool {
        self.is_in(packet.bit())
    }

    /// Whether the will properties of CONNECT may contain the property.
    ///
    /// ```
    /// use mqtt_codec::PropertyId;
    ///
    /// assert!(PropertyId::WillDelayInterval.is_for_will());
    /// ```
    #[must_use]
    pub const fn is_for_will(self) -> bool {
        self.is_in(WILL)
    }

    pub(crate) const fn is_in(self, place: u16) -> bool {
        self.row().packets & place != 0
    }

    #[cfg(feature = "arbitrary")]
    pub(crate) const fn value_type(self) -> ValueType {
        self.row().value_type
    }

    /// Bit of this property in a set of properties.
    pub(crate) const fn bit(self) -> u64 {
        1 << self.byte()
    }

    /// Whether the property may be there more than once: User Property always, Subscription Identifier in
    /// PUBLISH (MQTT 5.0 §3.3.2.3.8).
    pub(crate) const fn may_repeat(self, place: u16) -> bool {
        matches!(self, Self::UserProperty)
            || (matches!(self, Self::SubscriptionIdentifier) && place == PacketType::Publish.bit())
    }
}

impl Row {
    /// The row of an identifier on the wire.
    #[inline]
    pub(crate) fn of(byte: u8) -> Option<&'static Self> {
        ROWS.get(usize::from(byte))?.as_ref()
    }
}

/// By identifier: one look instead of one for each thing to know.
static ROWS: [Option<Row>; 0x2B] = {
    let mut rows = [const { None }; 0x2B];
    let mut byte = 0;
    while byte < 0x2B {
        if let Some(id) = PropertyId::from_byte(byte) {
            #[expect(clippy::indexing_slicing, reason = "`byte` is less than the length")]
            {
                rows[byte as usize] = Some(id.row());
            }
        }
        byte = byte.saturating_add(1);
    }
    rows
};

impl fmt::Debug for Property<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id();
        match self.value() {
            // What proves an identity is nobody's business, and data may be anything.
            Value::Binary(_) if id == PropertyId::AuthenticationData => {
                write!(f, "{id:?}([redacted])")
            }
            Value::Binary(data) => write!(f, "{id:?}({} bytes)", data.len()),
            Value::Flag(value) => write!(f, "{id:?}({value})"),
            Value::Quality(value) => write!(f, "{id:?}({value:?})"),
            Value::Short(value) => write!(f, "{id:?}({value})"),
            Value::NonZeroShort(value) => write!(f, "{id:?}({value})"),
            Value::Long(value) => write!(f, "{id:?}({value})"),
            Value::NonZeroLong(value) => write!(f, "{id:?}({value})"),
            Value::NonZeroVariable(value) => write!(f, "{id:?}({value})"),
            Value::Text(value) | Value::Topic(value) => write!(f, "{id:?}({value:?})"),
            Value::Pair(name, value) => write!(f, "{id:?}({name:?}, {value:?})"),
        }
    }
}
