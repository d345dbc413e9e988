use core::fmt;

use crate::header::PacketType;

/// The data type of a property's value (MQTT 5.0 §2.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueType {
    /// A byte that is 0 or 1.
    Flag,
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

/// The place of the will properties in a set of packets: they are not a packet, and bit 0 is no packet's.
pub(crate) const WILL: u16 = 1;

macro_rules! property_ids {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $text:literal, $value:ident, [$($packet:ident)*];)*) => {
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
            #[must_use]
            pub const fn byte(self) -> u8 {
                match self { $(Self::$name => $id,)* }
            }

            /// The property with this identifier.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte { $($id => Some(Self::$name),)* _ => None }
            }

            pub(crate) const fn value_type(self) -> ValueType {
                match self { $(Self::$name => ValueType::$value,)* }
            }

            const fn packets(self) -> u16 {
                match self { $(Self::$name => 0 $(| property_ids!(@bit $packet))*,)* }
            }
        }

        impl fmt::Display for PropertyId {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$name => $text,)* })
            }
        }
    };
    (@bit Will) => { WILL };
    (@bit $packet:ident) => { PacketType::$packet.bit() };
}

property_ids! {
    /// Whether the payload is text.
    PayloadFormatIndicator = 0x01, "Payload Format Indicator", Flag, [Publish Will];
    /// Seconds until the message is worth nothing.
    MessageExpiryInterval = 0x02, "Message Expiry Interval", Long, [Publish Will];
    /// What the payload is.
    ContentType = 0x03, "Content Type", Text, [Publish Will];
    /// Where an answer goes.
    ResponseTopic = 0x08, "Response Topic", Topic, [Publish Will];
    /// What an answer belongs to.
    CorrelationData = 0x09, "Correlation Data", Binary, [Publish Will];
    /// Which subscription matched.
    SubscriptionIdentifier = 0x0B, "Subscription Identifier", NonZeroVariable, [Publish Subscribe];
    /// Seconds that the session outlives its connection.
    SessionExpiryInterval = 0x11, "Session Expiry Interval", Long, [Connect ConnAck Disconnect];
    /// The identifier that the server chose for the client.
    AssignedClientIdentifier = 0x12, "Assigned Client Identifier", Text, [ConnAck];
    /// The keep alive that the server wants.
    ServerKeepAlive = 0x13, "Server Keep Alive", Short, [ConnAck];
    /// The method of enhanced authentication.
    AuthenticationMethod = 0x15, "Authentication Method", Text, [Connect ConnAck Auth];
    /// Data of that method.
    AuthenticationData = 0x16, "Authentication Data", Binary, [Connect ConnAck Auth];
    /// Whether reasons may be told.
    RequestProblemInformation = 0x17, "Request Problem Information", Flag, [Connect];
    /// Seconds until the will is published.
    WillDelayInterval = 0x18, "Will Delay Interval", Long, [Will];
    /// Whether response information is wanted.
    RequestResponseInformation = 0x19, "Request Response Information", Flag, [Connect];
    /// The base of response topics.
    ResponseInformation = 0x1A, "Response Information", Text, [ConnAck];
    /// Another server to use.
    ServerReference = 0x1C, "Server Reference", Text, [ConnAck Disconnect];
    /// Why, for people.
    ReasonString = 0x1F, "Reason String", Text,
        [ConnAck PubAck PubRec PubRel PubComp SubAck UnsubAck Disconnect Auth];
    /// How many QoS 1 and 2 messages may be unacknowledged.
    ReceiveMaximum = 0x21, "Receive Maximum", NonZeroShort, [Connect ConnAck];
    /// The highest topic alias.
    TopicAliasMaximum = 0x22, "Topic Alias Maximum", Short, [Connect ConnAck];
    /// A number instead of the topic.
    TopicAlias = 0x23, "Topic Alias", NonZeroShort, [Publish];
    /// The highest QoS, if it is not 2.
    MaximumQoS = 0x24, "Maximum QoS", Flag, [ConnAck];
    /// Whether messages may be retained.
    RetainAvailable = 0x25, "Retain Available", Flag, [ConnAck];
    /// A name and a value, both free.
    UserProperty = 0x26, "User Property", Pair,
        [Connect ConnAck Publish Will PubAck PubRec PubRel PubComp Subscribe SubAck Unsubscribe UnsubAck
         Disconnect Auth];
    /// The largest packet.
    MaximumPacketSize = 0x27, "Maximum Packet Size", NonZeroLong, [Connect ConnAck];
    /// Whether filters may have wildcards.
    WildcardSubscriptionAvailable = 0x28, "Wildcard Subscription Available", Flag, [ConnAck];
    /// Whether subscriptions may have identifiers.
    SubscriptionIdentifierAvailable = 0x29, "Subscription Identifier Available", Flag, [ConnAck];
    /// Whether subscriptions may be shared.
    SharedSubscriptionAvailable = 0x2A, "Shared Subscription Available", Flag, [ConnAck];
}

impl PropertyId {
    /// Whether packets of this type may carry the property.
    #[must_use]
    pub const fn is_for(self, packet: PacketType) -> bool {
        self.packets() & packet.bit() != 0
    }

    /// Whether the will properties of CONNECT may contain the property.
    #[must_use]
    pub const fn is_for_will(self) -> bool {
        self.packets() & WILL != 0
    }

    /// Whether the property may be there more than once: User Property always, Subscription Identifier in
    /// PUBLISH (MQTT 5.0 §3.3.2.3.8).
    pub(crate) const fn may_repeat(self, place: u16) -> bool {
        matches!(self, Self::UserProperty)
            || (matches!(self, Self::SubscriptionIdentifier) && place == PacketType::Publish.bit())
    }

    pub(crate) const fn is_in(self, place: u16) -> bool {
        self.packets() & place != 0
    }

    /// Bit of this property in a set of properties.
    pub(crate) const fn bit(self) -> u64 {
        1 << self.byte()
    }
}
