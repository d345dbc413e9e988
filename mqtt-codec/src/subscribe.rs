use alloc::vec::Vec;

use bytes::{BufMut, Bytes};

use crate::build_error::BuildError;
use crate::decode_error::{DecodeErrorKind as Kind, Field};
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::EncodeError;
use crate::encoder::Encoder;
use crate::listed::{self, Layout, listed, listed_builder};
use crate::packet::BUILDER;
use crate::properties::Properties;
use crate::property::PropertyId;
use crate::property_buf::put_block;
use crate::reader::{Context, Reader, Result};
use crate::storage::Storage;
use crate::wire::{Trim, Wire, framed};
use crate::{PacketId, PacketType, QoS, Version, text, topic};

/// A subscription request (MQTT 3.1.1 §3.8, MQTT 5.0 §3.8).
///
/// For 3.x, user properties are left out. Refused are a Subscription Identifier, No Local, Retain As Published and
/// a Retain Handling other than 0: the client would get other messages than it asked for. `$share/…` is a shared
/// subscription in 5.0 and a filter like others in 3.x, so between them it is refused, unless the receiver shares in
/// all versions ([`Encoder::with_shared_subscriptions`](crate::Encoder::with_shared_subscriptions)).
///
/// ```
/// use mqtt_codec::{PacketId, QoS, Subscribe, SubscriptionOptions};
///
/// let subscribe = Subscribe::builder(PacketId::MIN)
///     .filter("sensors/+/temperature", QoS::AtLeastOnce)
///     .filter("alarms/#", SubscriptionOptions { no_local: true, ..QoS::ExactlyOnce.into() })
///     .build()?;
///
/// let filters: Vec<_> = subscribe.filters().map(|subscription| subscription.filter()).collect();
/// assert_eq!(filters, ["sensors/+/temperature", "alarms/#"]);
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Subscribe<S = Bytes> {
    frame: S,
    layout: Layout,
}

pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Layout> {
    let mut reader = Reader::new(frame, header, cx);
    let layout = Layout::read(&mut reader)?;
    // MQTT 3.1.1 [MQTT-3.8.3-3], MQTT 5.0 [MQTT-3.8.3-2]
    if reader.is_empty() {
        return Err(reader.error(Kind::NoTopicFilters, Field::TopicFilter, 0));
    }
    while !reader.is_empty() {
        // MQTT 3.1.1 [MQTT-3.8.3-1], MQTT 5.0 [MQTT-3.8.3-1]
        let filter = reader.topic_filter()?;
        read_options(&mut reader, filter)?;
    }
    Ok(layout)
}

fn read_options(reader: &mut Reader<'_>, filter: &[u8]) -> Result<()> {
    let byte = reader.u8(Field::SubscriptionOptions)?;
    // The common case: a QoS and nothing else.
    if byte <= 2 {
        return Ok(());
    }
    // MQTT 3.1.1 [MQTT-3-8.3-4], MQTT 5.0 [MQTT-3.8.3-5]
    let reserved = if reader.has_properties() {
        0b1100_0000
    } else {
        0b1111_1100
    };
    let kind = if byte & reserved != 0 {
        Kind::ReservedSubscriptionOptions
    } else if byte & 0b11 == 3 {
        // MQTT 3.1.1 [MQTT-3-8.3-4], MQTT 5.0 §3.8.3.1
        Kind::InvalidRequestedQoS
    } else if byte >> 4 == 3 {
        // MQTT 5.0 §3.8.3.1
        Kind::InvalidRetainHandling
    } else if byte & NO_LOCAL != 0 && topic::is_shared(filter) {
        // MQTT 5.0 [MQTT-3.8.3-4]
        Kind::NoLocalOnShared
    } else {
        return Ok(());
    };
    Err(reader.error_before(kind, Field::SubscriptionOptions, byte))
}

const NO_LOCAL: u8 = 0b0100;
const RETAIN_AS_PUBLISHED: u8 = 0b1000;

/// What a subscription asks for besides its filter (MQTT 5.0 §3.8.3.1). 3.x knows the QoS only.
///
/// ```
/// use mqtt_codec::{QoS, RetainHandling, SubscriptionOptions};
///
/// let options = SubscriptionOptions { retain_handling: RetainHandling::Never, ..QoS::AtLeastOnce.into() };
/// assert_eq!(options.qos, QoS::AtLeastOnce);
/// assert!(!options.no_local);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SubscriptionOptions {
    /// The highest QoS at which messages may come.
    pub qos: QoS,
    /// Whether the client's own messages stay away.
    pub no_local: bool,
    /// Whether RETAIN comes as it was published.
    pub retain_as_published: bool,
    /// When retained messages come.
    pub retain_handling: RetainHandling,
}

/// When retained messages are sent (MQTT 5.0 §3.8.3.1).
///
/// ```
/// use mqtt_codec::RetainHandling;
///
/// assert_eq!(RetainHandling::default(), RetainHandling::OnSubscribe);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RetainHandling {
    /// 0: at every subscription.
    #[default]
    OnSubscribe = 0,
    /// 1: at a subscription that was not there before.
    OnNewSubscribe = 1,
    /// 2: never.
    Never = 2,
}

impl RetainHandling {
    /// The two bits that stand for this on the wire.
    ///
    /// ```
    /// use mqtt_codec::RetainHandling;
    ///
    /// assert_eq!(RetainHandling::Never.bits(), 2);
    /// ```
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::OnSubscribe => 0,
            Self::OnNewSubscribe => 1,
            Self::Never => 2,
        }
    }

    /// Whether retained messages are due to a subscription that was not there before, or that was.
    ///
    /// ```
    /// use mqtt_codec::RetainHandling;
    ///
    /// assert!(RetainHandling::OnSubscribe.is_due(false));
    /// assert!(RetainHandling::OnNewSubscribe.is_due(true) && !RetainHandling::OnNewSubscribe.is_due(false));
    /// ```
    #[must_use]
    pub const fn is_due(self, is_new: bool) -> bool {
        match self {
            Self::OnSubscribe => true,
            Self::OnNewSubscribe => is_new,
            Self::Never => false,
        }
    }
}

impl From<QoS> for SubscriptionOptions {
    fn from(qos: QoS) -> Self {
        Self {
            qos,
            ..Self::default()
        }
    }
}

impl SubscriptionOptions {
    fn from_byte(byte: u8) -> Self {
        Self {
            qos: QoS::from_bits(byte & 0b11).unwrap_or_default(),
            no_local: byte & NO_LOCAL != 0,
            retain_as_published: byte & RETAIN_AS_PUBLISHED != 0,
            retain_handling: match byte >> 4 {
                0 => RetainHandling::OnSubscribe,
                1 => RetainHandling::OnNewSubscribe,
                _ => RetainHandling::Never,
            },
        }
    }

    const fn byte(self) -> u8 {
        let mut byte = self.qos.bits();
        if self.no_local {
            byte |= NO_LOCAL;
        }
        if self.retain_as_published {
            byte |= RETAIN_AS_PUBLISHED;
        }
        byte | (self.retain_handling.bits() << 4)
    }
}

/// One filter of a SUBSCRIBE with its options.
///
/// ```
/// use mqtt_codec::{PacketId, QoS, Subscribe};
///
/// let subscribe = Subscribe::builder(PacketId::MIN).filter("a/#", QoS::AtMostOnce).build()?;
/// let subscription = subscribe.filters().next().unwrap();
/// assert_eq!((subscription.filter(), subscription.options().qos), ("a/#", QoS::AtMostOnce));
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Subscription<'a> {
    filter: &'a [u8],
    options: u8,
}

impl<'a> Subscription<'a> {
    /// The Topic Filter.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, QoS, Subscribe};
    ///
    /// let subscribe = Subscribe::builder(PacketId::MIN).filter("a/+", QoS::AtMostOnce).build()?;
    /// assert_eq!(subscribe.filters().next().unwrap().filter(), "a/+");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn filter(&self) -> &'a str {
        text::checked(self.filter)
    }

    /// The bytes of the Topic Filter. Cheaper than [`filter`](Self::filter), which looks at them again.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, QoS, Subscribe};
    ///
    /// let subscribe = Subscribe::builder(PacketId::MIN).filter("a/+", QoS::AtMostOnce).build()?;
    /// assert_eq!(subscribe.filters().next().unwrap().filter_bytes(), b"a/+");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn filter_bytes(&self) -> &'a [u8] {
        self.filter
    }

    /// What is asked for besides.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, QoS, Subscribe, SubscriptionOptions};
    ///
    /// let options = SubscriptionOptions { no_local: true, ..QoS::AtLeastOnce.into() };
    /// let subscribe = Subscribe::builder(PacketId::MIN).filter("a", options).build()?;
    /// assert_eq!(subscribe.filters().next().unwrap().options(), options);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn options(&self) -> SubscriptionOptions {
        SubscriptionOptions::from_byte(self.options)
    }
}

impl core::fmt::Debug for Subscription<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Subscription")
            .field("filter", &self.filter())
            .field("options", &self.options())
            .finish()
    }
}

/// Iterator over the subscriptions of a SUBSCRIBE, in their order.
///
/// ```
/// use mqtt_codec::{PacketId, QoS, Subscribe};
///
/// let subscribe = Subscribe::builder(PacketId::MIN).filter("a", QoS::AtMostOnce).build()?;
/// assert_eq!(subscribe.filters().count(), 1);
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Filters<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Filters<'a> {
    type Item = Subscription<'a>;

    fn next(&mut self) -> Option<Subscription<'a>> {
        let (len, rest) = self.rest.split_first_chunk()?;
        let (filter, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        let (&options, rest) = rest.split_first()?;
        self.rest = rest;
        Some(Subscription { filter, options })
    }
}

impl Subscribe {
    /// Begins a request.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, QoS, Subscribe};
    ///
    /// let subscribe = Subscribe::builder(PacketId::MIN).filter("a/+", QoS::ExactlyOnce).build()?;
    /// assert_eq!(subscribe.filters().next().unwrap().options().qos, QoS::ExactlyOnce);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn builder<'a>(packet_id: PacketId) -> SubscribeBuilder<'a> {
        SubscribeBuilder {
            packet_id,
            properties: Properties::EMPTY,
            filters: Vec::new(),
            error: None,
        }
    }
}

listed! {
    Subscribe;
    /// The Packet Identifier.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, QoS, Subscribe};
    ///
    /// let request = Subscribe::builder(PacketId::MAX).filter("a", QoS::AtMostOnce).build()?;
    /// assert_eq!(request.packet_id(), PacketId::MAX);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    packet_id;
    /// The properties.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, QoS, Subscribe};
    ///
    /// let request = Subscribe::builder(PacketId::MIN).filter("a", QoS::AtMostOnce).build()?;
    /// assert!(request.properties().is_empty());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    properties;
    /// The properties, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\x82\x0E\x00\x01\x07\x26\x00\x01k\x00\x01v\x00\x01a\x00";
    /// let (packet, _) = Decoder::any(Version::V5).decode(bytes)?.complete().unwrap();
    /// let Packet::Subscribe(request) = packet else { panic!() };
    /// assert!(request.into_properties().user_properties().eq([("k", "v")]));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    into_properties;
    /// The subscriptions in their order; there is at least one.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, QoS, Subscribe};
    ///
    /// let request = Subscribe::builder(PacketId::MIN).filter("a", QoS::AtMostOnce).filter("b", QoS::AtMostOnce).build()?;
    /// assert_eq!(request.filters().count(), 2);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    filters: Filters as Filters;
    /// The subscriptions, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\x82\x06\x00\x01\x00\x01a\x00";
    /// let (packet, _) = Decoder::any(Version::V311).decode(bytes)?.complete().unwrap();
    /// let Packet::Subscribe(subscribe) = packet else { panic!() };
    /// let filters: Vec<&str> = subscribe.into_filters().map(|subscription| subscription.filter()).collect();
    /// assert_eq!(filters, ["a"]);
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    into_filters;
}

impl<S: Storage> Wire for Subscribe<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::Subscribe
    }

    fn remaining(&self, to: &Encoder, _trim: Trim) -> core::result::Result<usize, EncodeError> {
        let version = to.version();
        let refuse = |field| {
            Err(EncodeError::not_in_version(
                PacketType::Subscribe,
                version,
                field,
            ))
        };
        let mut filters = self.filters();
        let crosses = version.has_properties() != self.layout.has_properties;
        if crosses && filters.clone().any(|one| !to.means_the_same(one.filter)) {
            return refuse(Field::TopicFilter);
        }
        if crosses && !version.has_properties() {
            let id = PropertyId::SubscriptionIdentifier;
            if self.properties().find(id).is_some() {
                return refuse(Field::Property(id));
            }
            if filters.any(|one| one.options > 2) {
                return refuse(Field::SubscriptionOptions);
            }
        }
        let filters = self.filters().rest.len();
        Ok(listed::remaining(
            self.properties(),
            version,
            Trim::Nothing,
            filters,
        ))
    }

    fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B) {
        let how = (version, trim, remaining);
        listed::put(
            PacketType::Subscribe,
            self.packet_id(),
            self.properties(),
            how,
            out,
        );
        out.put_slice(self.filters().rest);
    }
}

/// A SUBSCRIBE to be built.
///
/// ```
/// use mqtt_codec::{PacketId, Subscribe};
///
/// // A SUBSCRIBE without filters does not exist.
/// assert!(Subscribe::builder(PacketId::MIN).build().is_err());
/// ```
#[derive(Clone, Debug)]
pub struct SubscribeBuilder<'a> {
    packet_id: PacketId,
    properties: Properties<'a>,
    filters: Vec<u8>,
    error: Option<BuildError>,
}

impl<'a> SubscribeBuilder<'a> {
    /// Adds a filter.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, QoS, Subscribe, SubscriptionOptions};
    ///
    /// let subscribe = Subscribe::builder(PacketId::MIN)
    ///     .filter("a", QoS::AtLeastOnce)
    ///     .filter("b", SubscriptionOptions { retain_as_published: true, ..QoS::AtMostOnce.into() })
    ///     .build()?;
    /// assert!(subscribe.filters().last().unwrap().options().retain_as_published);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn filter(mut self, filter: &str, options: impl Into<SubscriptionOptions>) -> Self {
        // Room for the options too.
        self.filters.reserve(filter.len().saturating_add(3));
        match put_block(&mut self.filters, Field::TopicFilter, filter.as_bytes()) {
            Ok(()) => self.filters.put_u8(options.into().byte()),
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }
}

listed_builder! {
    Subscribe, SubscribeBuilder;
    /// Sets the properties.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, PropertiesBuf, Property, QoS, Subscribe, SubscriptionId};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::SubscriptionIdentifier(SubscriptionId::new(7).unwrap()))?;
    /// let subscribe =
    ///     Subscribe::builder(PacketId::MIN).filter("a", QoS::AtMostOnce).properties(&properties).build()?;
    /// assert_eq!(subscribe.properties().subscription_identifier(), SubscriptionId::new(7));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    properties;
    /// The packet.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, QoS, Subscribe};
    ///
    /// assert!(Subscribe::builder(PacketId::MIN).filter("#", QoS::AtMostOnce).build().is_ok());
    /// assert!(Subscribe::builder(PacketId::MIN).filter("a#", QoS::AtMostOnce).build().is_err());
    /// ```
    ///
    /// # Errors
    /// When there is no filter, one is not valid, or a property is not allowed.
    build;
    |self| self.error.map_or(Ok(()), Err);
    len self.filters.len();
    put |body| body.put_slice(&self.filters);
}
