use bytes::{BufMut, Bytes};

use crate::build_error::BuildError;
use crate::decode_error::Field;
use crate::packet::{self, BUILDER};
use crate::prepared::PreparedPublish;
use crate::properties::Properties;
use crate::property_buf::put_block;
use crate::publish::Publish;
use crate::publish_layout::Layout;
use crate::wire::{self, Trim};
use crate::{Delivery, PacketType, Version};

/// A PUBLISH to be built; what is not said is QoS 0, not retained, without properties and payload.
///
/// ```
/// use mqtt_codec::Publish;
///
/// let publish = Publish::builder("a/b").retain(true).build()?;
/// assert!(publish.retain());
/// assert!(publish.payload().is_empty());
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct PublishBuilder<'a> {
    topic: &'a str,
    delivery: Delivery,
    retain: bool,
    properties: Properties<'a>,
    payload: Payload<'a>,
}

/// Contents stay out of logs.
#[derive(Clone, Copy)]
struct Payload<'a>(&'a [u8]);

impl core::fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl<'a> PublishBuilder<'a> {
    pub(crate) const fn new(topic: &'a str) -> Self {
        Self {
            topic,
            delivery: Delivery::AtMostOnce,
            retain: false,
            properties: Properties::EMPTY,
            payload: Payload(&[]),
        }
    }

    /// Sets the topic, as when an alias is replaced by what it stands for.
    ///
    /// ```
    /// use core::num::NonZeroU16;
    /// use mqtt_codec::{Properties, PropertiesBuf, Property, Publish};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::TopicAlias(NonZeroU16::MIN))?;
    /// let aliased = Publish::builder("").properties(&properties).payload(b"x").build()?;
    ///
    /// let named = aliased.to_builder().topic("sensors/7").properties(Properties::EMPTY).build()?;
    /// assert_eq!((named.topic(), named.payload()), ("sensors/7", &b"x"[..]));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn topic(self, topic: &'a str) -> Self {
        Self { topic, ..self }
    }

    /// Sets QoS, packet identifier and DUP.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, PacketId, Publish, QoS};
    ///
    /// let delivery = Delivery::ExactlyOnce { packet_id: PacketId::MIN, dup: false };
    /// assert_eq!(Publish::builder("a").delivery(delivery).build()?.qos(), QoS::ExactlyOnce);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn delivery(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }

    /// Sets RETAIN.
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// assert!(Publish::builder("status").retain(true).build()?.retain());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn retain(self, retain: bool) -> Self {
        Self { retain, ..self }
    }

    /// Sets the properties.
    ///
    /// ```
    /// use mqtt_codec::{PropertiesBuf, Property, Publish};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::ResponseTopic("answers"))?;
    /// let question = Publish::builder("questions").properties(&properties).build()?;
    /// assert_eq!(question.properties().response_topic(), Some("answers"));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn properties(self, properties: impl Into<Properties<'a>>) -> Self {
        Self {
            properties: properties.into(),
            ..self
        }
    }

    /// Sets the payload.
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// assert_eq!(Publish::builder("a").payload(b"21.5").build()?.payload(), b"21.5");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn payload(self, payload: &'a [u8]) -> Self {
        Self {
            payload: Payload(payload),
            ..self
        }
    }

    /// The packet.
    ///
    /// ```
    /// use mqtt_codec::Publish;
    ///
    /// assert!(Publish::builder("a/b").build().is_ok());
    /// assert!(Publish::builder("a/+").build().is_err());
    /// ```
    ///
    /// # Errors
    /// When the topic is no Topic Name, is empty without an alias, or when a property is not allowed here.
    pub fn build(self) -> Result<Publish, BuildError> {
        let properties = self.properties.as_bytes();
        let room = wire::properties_len(self.properties, Version::V5, Trim::Nothing)
            .saturating_add(self.topic.len())
            .saturating_add(self.payload.0.len())
            .saturating_add(if self.delivery.packet_id().is_some() {
                4
            } else {
                2
            });
        let first =
            (PacketType::Publish.code() << 4) | self.delivery.flags() | u8::from(self.retain);
        let (frame, header) = packet::frame(first, room, |body| {
            put_block(body, Field::TopicName, self.topic.as_bytes())?;
            if let Some(id) = self.delivery.packet_id() {
                body.put_u16(id.get());
            }
            wire::put_integer(properties.len(), body);
            body.put_slice(properties);
            body.put_slice(self.payload.0);
            Ok(())
        })?;
        let layout = Layout::parse(&frame, header, BUILDER.context(PacketType::Publish))?;
        Ok(Publish::new(frame, layout))
    }

    /// The packet for many receivers, with a payload that is shared instead of copied; what was set as payload
    /// before is not used.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use mqtt_codec::Publish;
    ///
    /// let payload = Bytes::from(vec![0; 1_000_000]);
    /// let prepared = Publish::builder("firmware").prepare(payload.clone())?;
    /// assert_eq!(prepared.payload().as_ptr(), payload.as_ptr());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`build`](Self::build).
    pub fn prepare(self, payload: Bytes) -> Result<PreparedPublish, BuildError> {
        let head = self.payload(&[]).build()?;
        packet::check_size(head.topic_and_id().len().saturating_add(payload.len()))?;
        Ok(PreparedPublish::from_parts(&head, payload))
    }
}
