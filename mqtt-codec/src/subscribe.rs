use alloc::vec::Vec;

use bytes::{BufMut, Bytes};

use crate::build_error::BuildError;
use crate::decode_error::{DecodeErrorKind as Kind, Field};
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::EncodeError;
use crate::header::HeaderBytes;
use crate::packet::{self, BUILDER};
use crate::property::{self, Properties};
use crate::property_buf::put_block;
use crate::property_id::PropertyId;
use crate::reader::{Context, Reader, Result};
use crate::storage::Storage;
use crate::wire::{self, Trim, Wire, framed};
use crate::{PacketId, PacketType, QoS, Version, text, topic};

/// A subscription request (MQTT 3.1.1 §3.8, MQTT 5.0 §3.8).
///
/// For 3.x, user properties are left out. Refused are a Subscription Identifier, No Local, Retain As Published and
/// a Retain Handling other than 0: the client would get other messages than it asked for. For 5.0, a 3.x filter that
/// would become an invalid shared subscription is refused.
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
#[derive(Clone)]
pub struct Subscribe<S = Bytes> {
    frame: S,
    layout: Layout,
}

/// The filters begin where the properties end, and end the frame.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    packet_id: PacketId,
    has_properties: bool,
    header: u8,
    properties: u32,
    filters: u32,
}

impl Layout {
    pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Self> {
        let mut reader = Reader::new(frame, header, cx);
        let packet_id = reader.packet_id()?;
        let block = property::read(&mut reader, PacketType::Subscribe.bit())?;
        // MQTT 3.1.1 [MQTT-3.8.3-3], MQTT 5.0 [MQTT-3.8.3-2]
        if reader.is_empty() {
            return Err(reader.error(Kind::NoTopicFilters, Field::TopicFilter, 0));
        }
        while !reader.is_empty() {
            // MQTT 3.1.1 [MQTT-3.8.3-1], MQTT 5.0 [MQTT-3.8.3-1]
            let filter = reader.topic_filter()?;
            read_options(&mut reader, filter)?;
        }
        let has_properties = reader.has_properties();
        Ok(Self {
            packet_id,
            has_properties,
            header,
            properties: block.start,
            filters: block.end,
        })
    }
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
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::OnSubscribe => 0,
            Self::OnNewSubscribe => 1,
            Self::Never => 2,
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
    #[must_use]
    pub fn filter(&self) -> &'a str {
        text::checked(self.filter)
    }

    /// The bytes of the Topic Filter. Cheaper than [`filter`](Self::filter), which looks at them again.
    #[must_use]
    pub const fn filter_bytes(&self) -> &'a [u8] {
        self.filter
    }

    /// What is asked for besides.
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

impl<'a> Filters<'a> {
    /// The next filter with its length, and its options.
    fn next_raw(&mut self) -> Option<(&'a [u8], u8)> {
        let len = usize::from(u16::from_be_bytes(*self.rest.first_chunk()?)).saturating_add(2);
        let (block, rest) = self.rest.split_at_checked(len)?;
        let (&options, rest) = rest.split_first()?;
        self.rest = rest;
        Some((block, options))
    }
}

impl<'a> Iterator for Filters<'a> {
    type Item = Subscription<'a>;

    fn next(&mut self) -> Option<Subscription<'a>> {
        let (block, options) = self.next_raw()?;
        Some(Subscription {
            filter: block.get(2..)?,
            options,
        })
    }
}

impl Subscribe {
    /// Begins a request.
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

impl<S: Storage> Subscribe<S> {
    pub(crate) const fn from_layout(frame: S, layout: Layout) -> Self {
        Self { frame, layout }
    }

    fn bytes(&self) -> &[u8] {
        self.frame.as_ref()
    }

    /// The Packet Identifier.
    #[must_use]
    pub fn packet_id(&self) -> PacketId {
        self.layout.packet_id
    }

    /// The properties.
    #[must_use]
    pub fn properties(&self) -> Properties<'_> {
        Properties::checked(wire::part(
            self.bytes(),
            self.layout.properties,
            self.layout.filters,
        ))
    }

    /// The subscriptions in their order; there is at least one.
    #[must_use]
    pub fn filters(&self) -> Filters<'_> {
        Filters {
            rest: wire::tail(self.bytes(), self.layout.filters),
        }
    }

    pub(crate) fn content(&self) -> (PacketId, &[u8], &[u8]) {
        (
            self.packet_id(),
            self.properties().as_bytes(),
            self.filters().rest,
        )
    }
}

framed!(Subscribe);

impl<S: Storage> Wire for Subscribe<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::Subscribe
    }

    fn remaining(&self, version: Version, _trim: Trim) -> core::result::Result<usize, EncodeError> {
        let refuse = |field| {
            Err(EncodeError::not_in_version(
                PacketType::Subscribe,
                version,
                field,
            ))
        };
        let mut filters = self.filters();
        if version.has_properties() && !self.layout.has_properties {
            while let Some((block, _)) = filters.next_raw() {
                if topic::check_filter(block.get(2..).unwrap_or_default(), true).is_err() {
                    return refuse(Field::TopicFilter);
                }
            }
        } else if !version.has_properties() && self.layout.has_properties {
            if self
                .properties()
                .find(PropertyId::SubscriptionIdentifier)
                .is_some()
            {
                return refuse(Field::Property(PropertyId::SubscriptionIdentifier));
            }
            while let Some((_, options)) = filters.next_raw() {
                if options > 2 {
                    return refuse(Field::SubscriptionOptions);
                }
            }
        }
        Ok(
            wire::properties_len(self.properties(), version, Trim::Nothing)
                .saturating_add(self.filters().rest.len())
                .saturating_add(2),
        )
    }

    fn write<B: BufMut + ?Sized>(
        &self,
        version: Version,
        _trim: Trim,
        remaining: u32,
        out: &mut B,
    ) {
        out.put_slice(HeaderBytes::new(PacketType::Subscribe.first_byte(), remaining).as_slice());
        if version.has_properties() == self.layout.has_properties {
            out.put_slice(wire::tail(self.bytes(), u32::from(self.layout.header)));
            return;
        }
        out.put_u16(self.packet_id().get());
        wire::put_properties(self.properties(), version, Trim::Nothing, out);
        out.put_slice(self.filters().rest);
    }
}

impl<S: Storage> Describe for Subscribe<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.field("packet_id", Value::Id(Some(self.packet_id())));
        visitor.field("properties", Value::Properties(self.properties()));
        visitor.field("filters", Value::Filters(self.filters()));
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
    #[must_use]
    pub fn filter(mut self, filter: &str, options: impl Into<SubscriptionOptions>) -> Self {
        match put_block(&mut self.filters, Field::TopicFilter, filter.as_bytes()) {
            Ok(()) => self.filters.put_u8(options.into().byte()),
            Err(error) => self.error = self.error.or(Some(error)),
        }
        self
    }

    /// Sets the properties.
    #[must_use]
    pub fn properties(self, properties: impl Into<Properties<'a>>) -> Self {
        Self {
            properties: properties.into(),
            ..self
        }
    }

    /// The packet.
    ///
    /// # Errors
    /// When there is no filter, one is not valid, or a property is not allowed.
    pub fn build(self) -> core::result::Result<Subscribe, BuildError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let (frame, header) = packet::frame(PacketType::Subscribe, |body| {
            body.put_u16(self.packet_id.get());
            wire::put_properties(self.properties, Version::V5, Trim::Nothing, body);
            body.put_slice(&self.filters);
            Ok(())
        })?;
        let layout = Layout::parse(&frame, header, BUILDER.context(PacketType::Subscribe))?;
        Ok(Subscribe { frame, layout })
    }
}
