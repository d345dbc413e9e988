use bytes::{BufMut, Bytes};

use crate::decode_error::{DecodeErrorKind as Kind, Field};
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::EncodeError;
use crate::header::{FixedHeader, HeaderBytes};
use crate::property::{self, Properties};
use crate::property_id::PropertyId;
use crate::publish_builder::PublishBuilder;
use crate::reader::{Context, Reader, Result, Sender, index, short};
use crate::storage::Storage;
use crate::wire::{self, Ready, Trim, Wire, framed};
use crate::{Delivery, PacketId, PacketType, QoS, Version, text};

/// A message (MQTT 3.1.1 §3.3, MQTT 5.0 §3.3).
///
/// For 3.x, all properties are left out; only a PUBLISH whose topic is known by nothing but its alias is refused,
/// since its topic would be lost.
///
/// ```
/// use mqtt_codec::{Delivery, PacketId, Publish};
///
/// let publish = Publish::builder("sensors/7/temperature")
///     .payload(b"21.5")
///     .delivery(Delivery::AtLeastOnce { packet_id: PacketId::MIN, dup: false })
///     .build()?;
///
/// assert_eq!(publish.topic(), "sensors/7/temperature");
/// assert_eq!(publish.packet_id(), Some(PacketId::MIN));
/// assert_eq!(publish.payload(), b"21.5");
/// // Contents stay out of logs.
/// assert!(format!("{publish:?}").contains("payload: 4 bytes"));
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Publish<S = Bytes> {
    frame: S,
    layout: Layout,
}

/// Where the fields of a frame are. The topic begins two bytes after the header, the payload ends the frame.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// The first byte, strict: without DUP at QoS 0.
    first: u8,
    header: u8,
    has_properties: bool,
    topic_len: u16,
    /// 0 at QoS 0.
    packet_id: u16,
    properties: u32,
    payload: u32,
}

const RETAIN: u8 = 0b0001;
const DUP: u8 = 0b1000;

pub(crate) const fn qos_bits(first: u8) -> u8 {
    (first >> 1) & 0b11
}

impl Layout {
    /// Judges what most packets are, with as few steps as possible: a plain ASCII topic and no properties. `None` says
    /// nothing: then [`Layout::parse`] judges. `first` is good already.
    #[inline(always)]
    pub(crate) fn quick(first: u8, header: u8, body: &[u8], has_properties: bool) -> Option<Self> {
        let (len, rest) = body.split_first_chunk::<2>()?;
        let topic_len = u16::from_be_bytes(*len);
        let (topic, mut rest) = rest.split_at_checked(usize::from(topic_len))?;
        if topic.is_empty() || !text::is_plain_topic(topic) {
            return None;
        }
        let mut packet_id = 0;
        if qos_bits(first) != 0 {
            let (id, after) = rest.split_first_chunk::<2>()?;
            packet_id = u16::from_be_bytes(*id);
            rest = after;
            if packet_id == 0 {
                return None;
            }
        }
        if has_properties {
            let (0, after) = rest.split_first()? else {
                return None;
            };
            rest = after;
        }
        let payload =
            u32::from(header).saturating_add(short(body.len().saturating_sub(rest.len())));
        // With DUP at QoS 0 forgiven, it is dropped here as in `parse`.
        let first = if packet_id == 0 { first & !DUP } else { first };
        Some(Self {
            first,
            header,
            has_properties,
            topic_len,
            packet_id,
            properties: payload,
            payload,
        })
    }

    pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Self> {
        let mut reader = Reader::new(frame, header, cx);
        let first = frame.first().copied().unwrap_or_default();
        let has_properties = reader.has_properties();
        // MQTT 3.1.1 and 5.0 [MQTT-3.3.2-1], [MQTT-3.3.2-2], [MQTT-4.7.3-1]; in 5.0 an alias may stand for it.
        let topic = reader.topic_name(Field::TopicName, has_properties)?;
        let topic_len = u16::try_from(topic.len()).unwrap_or(u16::MAX);
        let qos0 = qos_bits(first) == 0;
        let packet_id = if qos0 { 0 } else { reader.packet_id()?.get() };
        let block = property::read(&mut reader, PacketType::Publish.bit())?;
        if has_properties {
            // MQTT 5.0 §3.3.2.1
            if topic_len == 0 && !block.has(PropertyId::TopicAlias) {
                let at = u32::from(header).saturating_add(2);
                return Err(reader.error_at(Kind::EmptyTopicName, Field::TopicName, at, 0));
            }
            // MQTT 5.0 [MQTT-3.3.4-6]
            if cx.sender == Sender::Client && block.has(PropertyId::SubscriptionIdentifier) {
                let field = Field::Property(PropertyId::SubscriptionIdentifier);
                return Err(reader.error_at(
                    Kind::SubscriptionIdentifierFromClient,
                    field,
                    block.start,
                    0,
                ));
            }
        }
        Ok(Self {
            first: if qos0 { first & !DUP } else { first },
            header,
            has_properties,
            topic_len,
            packet_id,
            properties: block.start,
            payload: block.end,
        })
    }

    /// The same layout in a frame whose fixed header has another length; the frame ends with the head.
    pub(crate) fn with_header(self, frame: &[u8]) -> Self {
        let payload = short(frame.len());
        let header = payload.saturating_sub(self.payload.saturating_sub(u32::from(self.header)));
        let properties = payload.saturating_sub(self.payload.saturating_sub(self.properties));
        Self {
            header: u8::try_from(header).unwrap_or(self.header),
            properties,
            payload,
            ..self
        }
    }

    /// How many bytes of a PUBLISH come before its payload, as far as `bytes` tells: `Err` says how many bytes
    /// are needed to tell more.
    pub(crate) fn head_len(
        bytes: &[u8],
        header: FixedHeader,
        version: Version,
    ) -> core::result::Result<usize, usize> {
        let short_of = |end: usize| {
            if bytes.len() < end {
                Err(end.saturating_sub(bytes.len()))
            } else {
                Ok(())
            }
        };
        let total = header.total();
        let topic = usize::from(header.len);
        short_of(topic.saturating_add(2).min(total))?;
        let (_, end) = wire::block(bytes, u32::from(header.len));
        let id: usize = if qos_bits(header.first) == 0 { 0 } else { 2 };
        let mut end = index(end).saturating_add(id);
        if version.has_properties() {
            short_of(end.saturating_add(1).min(total))?;
            let properties = bytes.get(end..).unwrap_or_default();
            match crate::varint::scan(properties) {
                crate::varint::Scan::Value { value, len } => {
                    end = end
                        .saturating_add(usize::from(len))
                        .saturating_add(index(value));
                }
                crate::varint::Scan::Short if bytes.len() < total => return Err(1),
                _ => return Ok(total.min(bytes.len())),
            }
        }
        Ok(end.min(total))
    }
}

impl<'a> Publish<&'a [u8]> {
    /// The payload, for as long as the bytes that the view was read from.
    #[must_use]
    pub fn into_payload(self) -> &'a [u8] {
        wire::tail(self.frame, self.layout.payload)
    }
}

impl Publish {
    /// Begins a PUBLISH with this topic.
    #[must_use]
    pub const fn builder(topic: &str) -> PublishBuilder<'_> {
        PublishBuilder::new(topic)
    }

    /// The payload, sharing the memory of the packet.
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// let publish = Publish::builder("a").payload(b"x").build()?;
    /// assert_eq!(publish.payload_bytes(), "x");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn payload_bytes(&self) -> Bytes {
        self.frame
            .slice(index(self.layout.payload).min(self.frame.len())..)
    }
}

impl<S: Storage> Publish<S> {
    #[inline]
    pub(crate) const fn new(frame: S, layout: Layout) -> Self {
        Self { frame, layout }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        self.frame.as_ref()
    }

    /// The Topic Name; empty if a Topic Alias stands for it.
    #[must_use]
    #[inline]
    pub fn topic(&self) -> &str {
        text::checked(self.topic_bytes())
    }

    /// The bytes of the Topic Name. Cheaper than [`topic`](Self::topic), which looks at them again.
    #[must_use]
    #[inline]
    pub fn topic_bytes(&self) -> &[u8] {
        let start = u32::from(self.layout.header).saturating_add(2);
        wire::part(
            self.bytes(),
            start,
            start.saturating_add(u32::from(self.layout.topic_len)),
        )
    }

    /// QoS with what belongs to it.
    #[must_use]
    #[inline]
    pub fn delivery(&self) -> Delivery {
        let dup = self.layout.first & DUP != 0;
        match (PacketId::new(self.layout.packet_id), self.qos()) {
            (Some(packet_id), QoS::AtLeastOnce) => Delivery::AtLeastOnce { packet_id, dup },
            (Some(packet_id), QoS::ExactlyOnce) => Delivery::ExactlyOnce { packet_id, dup },
            _ => Delivery::AtMostOnce,
        }
    }

    /// Quality of service.
    #[must_use]
    #[inline]
    pub fn qos(&self) -> QoS {
        QoS::from_bits(qos_bits(self.layout.first)).unwrap_or_default()
    }

    /// Whether this may be a re-delivery.
    #[must_use]
    #[inline]
    pub fn dup(&self) -> bool {
        self.layout.first & DUP != 0
    }

    /// The Packet Identifier; QoS 0 has none.
    #[must_use]
    #[inline]
    pub fn packet_id(&self) -> Option<PacketId> {
        PacketId::new(self.layout.packet_id)
    }

    /// Whether the message is to be retained, or was.
    #[must_use]
    #[inline]
    pub fn retain(&self) -> bool {
        self.layout.first & RETAIN != 0
    }

    /// The properties.
    #[must_use]
    #[inline]
    pub fn properties(&self) -> Properties<'_> {
        Properties::checked(wire::part(
            self.bytes(),
            self.layout.properties,
            self.layout.payload,
        ))
    }

    /// The payload.
    #[must_use]
    #[inline]
    pub fn payload(&self) -> &[u8] {
        wire::tail(self.bytes(), self.layout.payload)
    }

    /// A builder with everything that this packet says.
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// let retained = Publish::builder("a").payload(b"x").retain(true).build()?;
    /// let live = retained.to_builder().retain(false).build()?;
    /// assert!(!live.retain());
    /// assert_eq!(live.payload(), b"x");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn to_builder(&self) -> PublishBuilder<'_> {
        PublishBuilder::new(self.topic())
            .delivery(self.delivery())
            .retain(self.retain())
            .properties(self.properties())
            .payload(self.payload())
    }

    pub(crate) fn content(&self) -> (u8, u16, &[u8], &[u8], &[u8]) {
        let layout = &self.layout;
        (
            layout.first,
            layout.packet_id,
            self.topic_bytes(),
            self.properties().as_bytes(),
            self.payload(),
        )
    }

    /// Whether the frame is what this version would send.
    #[inline(always)]
    fn is_verbatim(&self, version: Version) -> bool {
        let layout = &self.layout;
        let header = FixedHeader {
            first: layout.first,
            remaining: short(
                self.bytes()
                    .len()
                    .saturating_sub(usize::from(layout.header)),
            ),
            len: layout.header,
        };
        version.has_properties() == layout.has_properties
            && self.bytes().first() == Some(&layout.first)
            && header.is_shortest()
    }

    #[inline]
    pub(crate) fn verbatim_head(&self, version: Version) -> Option<&[u8]> {
        self.is_verbatim(version)
            .then(|| wire::part(self.bytes(), 0, self.layout.payload))
    }

    /// Topic Name and Packet Identifier as they stand on the wire.
    #[inline]
    pub(crate) fn topic_and_id(&self) -> &[u8] {
        let id = if self.layout.packet_id == 0 { 2 } else { 4 };
        let start = u32::from(self.layout.header);
        wire::part(
            self.bytes(),
            start,
            start
                .saturating_add(u32::from(self.layout.topic_len))
                .saturating_add(id),
        )
    }

    pub(crate) fn write_head<B: BufMut + ?Sized>(
        &self,
        version: Version,
        remaining: u32,
        out: &mut B,
    ) {
        out.put_slice(HeaderBytes::new(self.layout.first, remaining).as_slice());
        out.put_slice(self.topic_and_id());
        wire::put_properties(self.properties(), version, Trim::Nothing, out);
    }
}

framed!(Publish);

impl<S: Storage> Wire for Publish<S> {
    #[inline]
    fn packet_type(&self) -> PacketType {
        PacketType::Publish
    }

    #[inline(always)]
    fn ready(&self, version: Version) -> Ready<'_> {
        if self.is_verbatim(version) {
            Ready::Frame(self.bytes())
        } else {
            Ready::No
        }
    }

    fn remaining(&self, version: Version, _trim: Trim) -> core::result::Result<usize, EncodeError> {
        if !version.has_properties() && self.layout.topic_len == 0 {
            return Err(EncodeError::not_in_version(
                PacketType::Publish,
                version,
                Field::TopicName,
            ));
        }
        Ok(self
            .topic_and_id()
            .len()
            .saturating_add(wire::properties_len(
                self.properties(),
                version,
                Trim::Nothing,
            ))
            .saturating_add(self.payload().len()))
    }

    fn write<B: BufMut + ?Sized>(
        &self,
        version: Version,
        _trim: Trim,
        remaining: u32,
        out: &mut B,
    ) {
        self.write_head(version, remaining, out);
        out.put_slice(self.payload());
    }
}

impl<S: Storage> Describe for Publish<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.field("topic", Value::Text(self.topic()));
        visitor.field("qos", Value::Number(self.qos().bits().into()));
        visitor.field("dup", Value::Bool(self.dup()));
        visitor.field("retain", Value::Bool(self.retain()));
        visitor.field("packet_id", Value::Id(self.packet_id()));
        visitor.field("properties", Value::Properties(self.properties()));
        visitor.field("payload", Value::Size(self.payload().len()));
    }
}
