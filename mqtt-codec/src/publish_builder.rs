use alloc::vec::Vec;

use bytes::{BufMut, Bytes};

use crate::build_error::BuildError;
use crate::decode_error::Field;
use crate::header::HeaderBytes;
use crate::packet::{self, BUILDER};
use crate::prepared::PreparedPublish;
use crate::property::Properties;
use crate::property_buf::put_block;
use crate::publish::{Layout, Publish};
use crate::reader::short;
use crate::wire;
use crate::{Delivery, PacketType};

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

    /// Sets QoS, packet identifier and DUP.
    #[must_use]
    pub const fn delivery(self, delivery: Delivery) -> Self {
        Self { delivery, ..self }
    }

    /// Sets RETAIN.
    #[must_use]
    pub const fn retain(self, retain: bool) -> Self {
        Self { retain, ..self }
    }

    /// Sets the properties.
    #[must_use]
    pub fn properties(self, properties: impl Into<Properties<'a>>) -> Self {
        Self {
            properties: properties.into(),
            ..self
        }
    }

    /// Sets the payload.
    #[must_use]
    pub const fn payload(self, payload: &'a [u8]) -> Self {
        Self {
            payload: Payload(payload),
            ..self
        }
    }

    /// The packet.
    ///
    /// # Errors
    /// When the topic is no Topic Name, is empty without an alias, or when a property is not allowed here.
    pub fn build(self) -> Result<Publish, BuildError> {
        let mut body = Vec::new();
        put_block(&mut body, Field::TopicName, self.topic.as_bytes())?;
        if let Some(id) = self.delivery.packet_id() {
            body.put_u16(id.get());
        }
        wire::put_integer(self.properties.as_bytes().len(), &mut body);
        body.put_slice(self.properties.as_bytes());
        let first =
            (PacketType::Publish.code() << 4) | self.delivery.flags() | u8::from(self.retain);
        let remaining = body.len().saturating_add(self.payload.0.len());
        packet::check_size(remaining)?;
        let header = HeaderBytes::new(first, short(remaining));
        let mut frame = Vec::with_capacity(remaining.saturating_add(header.as_slice().len()));
        frame.extend_from_slice(header.as_slice());
        frame.extend_from_slice(&body);
        frame.extend_from_slice(self.payload.0);
        let layout = Layout::parse(&frame, header.len(), BUILDER.context(PacketType::Publish))?;
        Ok(Publish::new(Bytes::from(frame), layout))
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
