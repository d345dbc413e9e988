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
use crate::property_buf::put_block;
use crate::reader::{Context, Reader, Result};
use crate::storage::Storage;
use crate::wire::{Trim, Wire, framed};
use crate::{PacketId, PacketType, Version, text};

/// The end of subscriptions (MQTT 3.1.1 §3.10, MQTT 5.0 §3.10).
///
/// For 3.x, user properties are left out. Between 3.x and 5.0, `$share/…` is refused as in
/// [`Subscribe`](crate::Subscribe).
///
/// ```
/// use mqtt_codec::{PacketId, Unsubscribe};
///
/// let unsubscribe = Unsubscribe::builder(PacketId::MIN).filter("a/#").filter("b").build()?;
/// assert!(unsubscribe.filters().eq(["a/#", "b"]));
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Unsubscribe<S = Bytes> {
    frame: S,
    layout: Layout,
}

pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Layout> {
    let mut reader = Reader::new(frame, header, cx);
    let layout = Layout::read(&mut reader)?;
    // MQTT 3.1.1 [MQTT-3.10.3-2], MQTT 5.0 [MQTT-3.10.3-2]
    if reader.is_empty() {
        return Err(reader.error(Kind::NoTopicFilters, Field::TopicFilter, 0));
    }
    while !reader.is_empty() {
        // MQTT 3.1.1 [MQTT-3.10.3-1], MQTT 5.0 [MQTT-3.10.3-1]
        reader.topic_filter()?;
    }
    Ok(layout)
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

impl<'a> TopicFilters<'a> {
    /// The filters as bytes. Cheaper than as text, which looks at them again.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, Unsubscribe};
    ///
    /// let unsubscribe = Unsubscribe::builder(PacketId::MIN).filter("a").filter("b/#").build()?;
    /// assert!(unsubscribe.filters().filter_bytes().eq([&b"a"[..], b"b/#"]));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    pub fn filter_bytes(mut self) -> impl Iterator<Item = &'a [u8]> {
        core::iter::from_fn(move || self.next_bytes())
    }

    fn next_bytes(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = self.rest.split_first_chunk()?;
        let (filter, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        self.rest = rest;
        Some(filter)
    }
}

impl<'a> Iterator for TopicFilters<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.next_bytes().map(text::checked)
    }
}

impl Unsubscribe {
    /// Begins a request.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, Unsubscribe};
    ///
    /// let unsubscribe = Unsubscribe::builder(PacketId::MIN).filter("a/+").build()?;
    /// assert_eq!(unsubscribe.filters().next(), Some("a/+"));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
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

listed! {
    Unsubscribe;
    /// The Packet Identifier.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, Unsubscribe};
    ///
    /// let request = Unsubscribe::builder(PacketId::MAX).filter("a").build()?;
    /// assert_eq!(request.packet_id(), PacketId::MAX);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    packet_id;
    /// The properties.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, Unsubscribe};
    ///
    /// let request = Unsubscribe::builder(PacketId::MIN).filter("a").build()?;
    /// assert!(request.properties().is_empty());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    properties;
    /// The properties, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\xA2\x0D\x00\x01\x07\x26\x00\x01k\x00\x01v\x00\x01a";
    /// let (packet, _) = Decoder::any(Version::V5).decode(bytes)?.complete().unwrap();
    /// let Packet::Unsubscribe(request) = packet else { panic!() };
    /// assert!(request.into_properties().user_properties().eq([("k", "v")]));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    into_properties;
    /// The filters in their order; there is at least one.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, Unsubscribe};
    ///
    /// let request = Unsubscribe::builder(PacketId::MIN).filter("a").filter("b").build()?;
    /// assert_eq!(request.filters().count(), 2);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    filters: TopicFilters as TopicFilters;
    /// The filters, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\xA2\x05\x00\x01\x00\x01a";
    /// let (packet, _) = Decoder::any(Version::V311).decode(bytes)?.complete().unwrap();
    /// let Packet::Unsubscribe(unsubscribe) = packet else { panic!() };
    /// assert!(unsubscribe.into_filters().eq(["a"]));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    into_filters;
}

impl<S: Storage> Wire for Unsubscribe<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::Unsubscribe
    }

    fn remaining(&self, to: &Encoder, trim: Trim) -> core::result::Result<usize, EncodeError> {
        let version = to.version();
        let crosses = version.has_properties() != self.layout.has_properties;
        let mut filters = self.filters().filter_bytes();
        if crosses && filters.any(|filter| !to.means_the_same(filter)) {
            let field = Field::TopicFilter;
            return Err(EncodeError::not_in_version(
                PacketType::Unsubscribe,
                version,
                field,
            ));
        }
        let filters = self.filters().rest.len();
        Ok(listed::remaining(self.properties(), version, trim, filters))
    }

    fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B) {
        let how = (version, trim, remaining);
        listed::put(
            PacketType::Unsubscribe,
            self.packet_id(),
            self.properties(),
            how,
            out,
        );
        out.put_slice(self.filters().rest);
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
    ///
    /// ```
    /// use mqtt_codec::{PacketId, Unsubscribe};
    ///
    /// let unsubscribe = Unsubscribe::builder(PacketId::MIN).filter("a").filter("b").build()?;
    /// assert_eq!(unsubscribe.filters().count(), 2);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn filter(mut self, filter: &str) -> Self {
        if let Err(error) = put_block(&mut self.filters, Field::TopicFilter, filter.as_bytes()) {
            self.error = self.error.or(Some(error));
        }
        self
    }
}

listed_builder! {
    Unsubscribe, UnsubscribeBuilder;
    /// Sets the properties.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, PropertiesBuf, Property, Unsubscribe};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::UserProperty("k", "v"))?;
    /// let unsubscribe = Unsubscribe::builder(PacketId::MIN).filter("a").properties(&properties).build()?;
    /// assert!(unsubscribe.properties().user_properties().eq([("k", "v")]));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    properties;
    /// The packet.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, Unsubscribe};
    ///
    /// assert!(Unsubscribe::builder(PacketId::MIN).filter("$share/group/a").build().is_ok());
    /// assert!(Unsubscribe::builder(PacketId::MIN).build().is_err());
    /// ```
    ///
    /// # Errors
    /// When there is no filter, one is not valid, or a property is not allowed.
    build;
    |self| self.error.map_or(Ok(()), Err);
    len self.filters.len();
    put |body| body.put_slice(&self.filters);
}
