use bytes::{BufMut, Bytes};

use crate::decode_error::Field;
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::{EncodeError, EncodeErrorKind};
use crate::encoder::Encoder;
use crate::header::{FixedHeader, HeaderBytes};
use crate::properties::Properties;
use crate::property::PropertyId;
use crate::publish_builder::PublishBuilder;
use crate::publish_layout::{DUP, Form, Layout, RETAIN, qos_bits};
use crate::reader::{Sender, index, short};
use crate::storage::Storage;
use crate::wire::{self, Ready, Trim, Wire, framed};
use crate::{Delivery, PacketId, PacketType, QoS, Version, text, topic};

/// A message (MQTT 3.1.1 §3.3, MQTT 5.0 §3.3).
///
/// For 3.x, all properties are left out. Refused are a PUBLISH whose topic is known by nothing but its alias, and for 3.1
/// one with a topic of more than 32,767 characters.
///
/// Topic Alias and Subscription Identifiers belong to the connection that a message came on. [`PreparedPublish`]
/// forwards without them; an [`Encoder`] writes a packet with everything that it has.
///
/// [`PreparedPublish`]: crate::PreparedPublish
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
#[derive(Clone, Copy)]
pub struct Publish<S = Bytes> {
    frame: S,
    layout: Layout,
}

impl<'a> Publish<&'a [u8]> {
    /// The Topic Name, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\x30\x04\x00\x01ax";
    /// let (packet, _) = Decoder::any(Version::V311).decode(bytes)?.complete().unwrap();
    /// let Packet::Publish(publish) = packet else { panic!() };
    /// let topic: &'static str = publish.into_topic();
    /// assert_eq!(topic, "a");
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn into_topic(self) -> &'a str {
        text::checked(self.into_topic_bytes())
    }

    /// The bytes of the Topic Name, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\x30\x04\x00\x01ax";
    /// let (packet, _) = Decoder::any(Version::V311).decode(bytes)?.complete().unwrap();
    /// let Packet::Publish(publish) = packet else { panic!() };
    /// let topic: &'static [u8] = publish.into_topic_bytes();
    /// assert_eq!(topic, b"a");
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn into_topic_bytes(self) -> &'a [u8] {
        self.layout.topic(self.frame)
    }

    /// The properties, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\x30\x08\x00\x01a\x04\x03\x00\x01t";
    /// let (packet, _) = Decoder::any(Version::V5).decode(bytes)?.complete().unwrap();
    /// let Packet::Publish(publish) = packet else { panic!() };
    /// let content_type: Option<&'static str> = publish.into_properties().content_type();
    /// assert_eq!(content_type, Some("t"));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn into_properties(self) -> Properties<'a> {
        self.layout.properties(self.frame)
    }

    /// The payload, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\x30\x04\x00\x01ax";
    /// let (packet, _) = Decoder::any(Version::V311).decode(bytes)?.complete().unwrap();
    /// let Packet::Publish(publish) = packet else { panic!() };
    /// let payload: &'static [u8] = publish.into_payload();
    /// assert_eq!(payload, b"x");
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn into_payload(self) -> &'a [u8] {
        wire::tail(self.frame, self.layout.payload)
    }
}

impl Publish {
    /// Begins a PUBLISH with this topic.
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// assert_eq!(Publish::builder("a/b").build()?.topic(), "a/b");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
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
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// assert_eq!(Publish::builder("sensors/7").build()?.topic(), "sensors/7");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn topic(&self) -> &str {
        text::checked(self.topic_bytes())
    }

    /// The bytes of the Topic Name. Cheaper than [`topic`](Self::topic), which looks at them again.
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// assert_eq!(Publish::builder("sensors/7").build()?.topic_bytes(), b"sensors/7");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn topic_bytes(&self) -> &[u8] {
        self.layout.topic(self.bytes())
    }

    /// QoS with what belongs to it.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, Publish};
    ///
    /// assert_eq!(Publish::builder("a").build()?.delivery(), Delivery::AtMostOnce);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
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
    ///
    /// ```
    /// use mqtt_codec::{Publish, QoS};
    ///
    /// assert_eq!(Publish::builder("a").build()?.qos(), QoS::AtMostOnce);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn qos(&self) -> QoS {
        QoS::from_bits(qos_bits(self.layout.first)).unwrap_or_default()
    }

    /// Whether this may be a re-delivery.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, PacketId, Publish};
    ///
    /// let again = Delivery::AtLeastOnce { packet_id: PacketId::MIN, dup: true };
    /// assert!(Publish::builder("a").delivery(again).build()?.dup());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn dup(&self) -> bool {
        self.layout.first & DUP != 0
    }

    /// The Packet Identifier; QoS 0 has none.
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// assert_eq!(Publish::builder("a").build()?.packet_id(), None);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn packet_id(&self) -> Option<PacketId> {
        PacketId::new(self.layout.packet_id)
    }

    /// Whether the message is to be retained, or was.
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// assert!(Publish::builder("a").retain(true).build()?.retain());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn retain(&self) -> bool {
        self.layout.first & RETAIN != 0
    }

    /// The properties.
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// assert!(Publish::builder("a").build()?.properties().is_empty());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn properties(&self) -> Properties<'_> {
        self.layout.properties(self.bytes())
    }

    /// The payload.
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// assert_eq!(Publish::builder("a").payload(b"x").build()?.payload(), b"x");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
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
        layout.form == Form::of(version.has_properties())
            && self.bytes().first() == Some(&layout.first)
            && header.is_shortest()
            && (layout.topic_len < 0x8000 || version != Version::V31)
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

    /// The length of what comes between the fixed header and the payload.
    pub(crate) fn head_len(&self, to: &Encoder) -> Result<usize, EncodeError> {
        name_for(self.topic_bytes(), to.version())?;
        let properties = wire::properties_len(self.properties(), to.version(), Trim::Nothing);
        Ok(self.topic_and_id().len().saturating_add(properties))
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

/// Judges whether a version without aliases, or with a limit of its own, can name this topic.
pub(crate) fn name_for(topic: &[u8], version: Version) -> Result<(), EncodeError> {
    if topic.is_empty() && !version.has_properties() {
        let kind = EncodeErrorKind::UnresolvedTopicAlias;
        return Err(EncodeError::new(
            kind,
            PacketType::Publish,
            version,
            Field::TopicName,
        ));
    }
    if !topic::name_fits(topic, version) {
        let field = Field::TopicName;
        return Err(EncodeError::not_in_version(
            PacketType::Publish,
            version,
            field,
        ));
    }
    Ok(())
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

    #[inline]
    fn may_come_from(&self, sender: Sender) -> Result<(), Field> {
        // MQTT 5.0 [MQTT-3.3.4-6]
        wire::may_have(
            sender != Sender::Client || self.properties().is_empty(),
            self.properties(),
            PropertyId::SubscriptionIdentifier,
        )
    }

    fn remaining(&self, to: &Encoder, _trim: Trim) -> Result<usize, EncodeError> {
        let head = self.head_len(to)?;
        Ok(head.saturating_add(self.payload().len()))
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
