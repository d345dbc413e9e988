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
use crate::reader::{Context, Reader, Result};
use crate::storage::Storage;
use crate::wire::{self, Trim, Wire, framed};
use crate::{PacketId, PacketType, Version, text, topic};

/// The end of subscriptions (MQTT 3.1.1 §3.10, MQTT 5.0 §3.10).
///
/// For 3.x, user properties are left out. For 5.0, a 3.x filter that would become an invalid shared subscription is
/// refused.
///
/// ```
/// use mqtt_codec::{PacketId, Unsubscribe};
///
/// let unsubscribe = Unsubscribe::builder(PacketId::MIN).filter("a/#").filter("b").build()?;
/// assert!(unsubscribe.filters().eq(["a/#", "b"]));
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Unsubscribe<S = Bytes> {
    frame: S,
    layout: Layout,
}

/// The filters begin where the properties end, and end the frame.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    packet_id: PacketId,
    has_properties: bool,
    properties: u32,
    filters: u32,
}

impl Layout {
    pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Self> {
        let mut reader = Reader::new(frame, header, cx);
        let packet_id = reader.packet_id()?;
        let block = property::read(&mut reader, PacketType::Unsubscribe.bit())?;
        // MQTT 3.1.1 [MQTT-3.10.3-2], MQTT 5.0 [MQTT-3.10.3-2]
        if reader.is_empty() {
            return Err(reader.error(Kind::NoTopicFilters, Field::TopicFilter, 0));
        }
        while !reader.is_empty() {
            // MQTT 3.1.1 [MQTT-3.10.3-1], MQTT 5.0 [MQTT-3.10.3-1]
            reader.topic_filter()?;
        }
        let has_properties = reader.has_properties();
        Ok(Self {
            packet_id,
            has_properties,
            properties: block.start,
            filters: block.end,
        })
    }
}

/// Iterator over the filters of an UNSUBSCRIBE, in their order.
///
/// ```
/// use mqtt_codec::{PacketId, Unsubscribe};
///
/// let unsubscribe = Unsubscribe::builder(PacketId::MIN).filter("a").build()?;
/// assert_eq!(unsubscribe.filters().next(), Some("a"));
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TopicFilters<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for TopicFilters<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (len, rest) = self.rest.split_first_chunk()?;
        let (filter, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        self.rest = rest;
        Some(text::checked(filter))
    }
}

impl Unsubscribe {
    /// Begins a request.
    #[must_use]
    pub const fn builder<'a>(packet_id: PacketId) -> UnsubscribeBuilder<'a> {
        UnsubscribeBuilder {
            packet_id,
            properties: Properties::EMPTY,
            filters: Vec::new(),
            error: None,
        }
    }
}

impl<S: Storage> Unsubscribe<S> {
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

    /// The filters in their order; there is at least one.
    #[must_use]
    pub fn filters(&self) -> TopicFilters<'_> {
        TopicFilters {
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

framed!(Unsubscribe);

impl<S: Storage> Wire for Unsubscribe<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::Unsubscribe
    }

    fn remaining(&self, version: Version, _trim: Trim) -> core::result::Result<usize, EncodeError> {
        if version.has_properties()
            && !self.layout.has_properties
            && self
                .filters()
                .any(|filter| topic::check_filter(filter.as_bytes(), true).is_err())
        {
            return Err(EncodeError::not_in_version(
                PacketType::Unsubscribe,
                version,
                Field::TopicFilter,
            ));
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
        out.put_slice(HeaderBytes::new(PacketType::Unsubscribe.first_byte(), remaining).as_slice());
        out.put_u16(self.packet_id().get());
        wire::put_properties(self.properties(), version, Trim::Nothing, out);
        out.put_slice(self.filters().rest);
    }
}

impl<S: Storage> Describe for Unsubscribe<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.field("packet_id", Value::Id(Some(self.packet_id())));
        visitor.field("properties", Value::Properties(self.properties()));
        visitor.field("filters", Value::TopicFilters(self.filters()));
    }
}

/// An UNSUBSCRIBE to be built.
///
/// ```
/// use mqtt_codec::{PacketId, Unsubscribe};
///
/// assert!(Unsubscribe::builder(PacketId::MIN).filter("a/#/b").build().is_err());
/// ```
#[derive(Clone, Debug)]
pub struct UnsubscribeBuilder<'a> {
    packet_id: PacketId,
    properties: Properties<'a>,
    filters: Vec<u8>,
    error: Option<BuildError>,
}

impl<'a> UnsubscribeBuilder<'a> {
    /// Adds a filter.
    #[must_use]
    pub fn filter(mut self, filter: &str) -> Self {
        if let Err(error) = put_block(&mut self.filters, Field::TopicFilter, filter.as_bytes()) {
            self.error = self.error.or(Some(error));
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
    pub fn build(self) -> core::result::Result<Unsubscribe, BuildError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let (frame, header) = packet::frame(PacketType::Unsubscribe, |body| {
            body.put_u16(self.packet_id.get());
            wire::put_properties(self.properties, Version::V5, Trim::Nothing, body);
            body.put_slice(&self.filters);
            Ok(())
        })?;
        let layout = Layout::parse(&frame, header, BUILDER.context(PacketType::Unsubscribe))?;
        Ok(Unsubscribe { frame, layout })
    }
}
