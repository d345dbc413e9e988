use core::num::NonZeroU16;

use bytes::{BufMut, Bytes, BytesMut};

use crate::decode_error::Field;
use crate::encode_error::EncodeError;
use crate::encoder::Encoder;
use crate::header::HeaderBytes;
use crate::property::SubscriptionId;
use crate::property_id::PropertyId;
use crate::publish::Publish;
use crate::reader::short;
use crate::varint::VariableByteInteger;
use crate::{Delivery, PacketType, Version};

/// A message for many subscribers: encoded once, patched for each, its payload shared and never copied.
///
/// What differs between subscribers is in [`Recipient`]; what they have in common is written by copying bytes.
/// The same value serves subscribers of all versions.
///
/// ```
/// use bytes::BytesMut;
/// use mqtt_codec::{Delivery, Encoder, PacketId, PreparedPublish, Publish, Recipient, SubscriptionId, Version};
///
/// let publish = Publish::builder("a").payload(b"hello").build()?;
/// let prepared = PreparedPublish::new(&publish);
///
/// let mut head = BytesMut::new();
/// let delivery = Delivery::AtLeastOnce { packet_id: PacketId::MIN, dup: false };
/// prepared.encode_head(&Encoder::new(Version::V311), &Recipient::new(delivery), &mut head)?;
/// assert_eq!(head, &b"\x32\x0A\x00\x01a\x00\x01"[..]);
/// assert_eq!(prepared.payload(), "hello");
///
/// head.clear();
/// let ids = [SubscriptionId::new(7).unwrap()];
/// let recipient = Recipient::new(Delivery::AtMostOnce).subscription_ids(&ids);
/// prepared.encode_head(&Encoder::new(Version::V5), &recipient, &mut head)?;
/// assert_eq!(head, &b"\x30\x0B\x00\x01a\x02\x0B\x07"[..]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct PreparedPublish {
    /// The Topic Name with its length.
    topic: Bytes,
    /// What every subscriber gets: without Topic Alias and Subscription Identifiers.
    properties: Bytes,
    payload: Bytes,
    retain: bool,
    /// The properties with their length, as 5.0 has them after the packet identifier.
    tail: Bytes,
    /// What comes between the first byte and the packet identifier when all that differs is those two: for 3.x and 5.0,
    /// at QoS 0 and above.
    middles: [Middle; 4],
}

/// Remaining Length and Topic Name, and the length of the whole head.
#[derive(Clone, Debug, Default)]
struct Middle {
    bytes: Bytes,
    head_len: usize,
}

/// What one receiver of a [`PreparedPublish`] gets for itself.
///
/// ```
/// use mqtt_codec::{Delivery, Recipient};
///
/// let recipient = Recipient::new(Delivery::AtMostOnce).retain(true);
/// # let _ = recipient;
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    delivery: Delivery,
    retain: Option<bool>,
    subscription_ids: &'a [SubscriptionId],
    topic: TopicForm,
}

/// How a PUBLISH names its topic (MQTT 5.0 §3.3.2.3.4).
///
/// ```
/// use core::num::NonZeroU16;
/// use mqtt_codec::{Delivery, Recipient, TopicForm};
///
/// let known = TopicForm::Alias(NonZeroU16::MIN);
/// let recipient = Recipient::new(Delivery::AtMostOnce).topic(known);
/// # let _ = recipient;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopicForm {
    /// By its name.
    #[default]
    Name,
    /// By its name, which from now on has this alias. The receiver's Topic Alias Maximum is for the caller to
    /// keep.
    NameAndAlias(NonZeroU16),
    /// By the alias alone.
    Alias(NonZeroU16),
}

impl<'a> Recipient<'a> {
    /// A receiver that gets the message so; the rest is as in the message.
    #[must_use]
    pub const fn new(delivery: Delivery) -> Self {
        Self {
            delivery,
            retain: None,
            subscription_ids: &[],
            topic: TopicForm::Name,
        }
    }

    /// Sets RETAIN, as Retain As Published has it.
    #[must_use]
    pub const fn retain(self, retain: bool) -> Self {
        Self {
            retain: Some(retain),
            ..self
        }
    }

    /// The identifiers of the subscriptions that matched. Versions before 5.0 have none.
    #[must_use]
    pub const fn subscription_ids(self, subscription_ids: &'a [SubscriptionId]) -> Self {
        Self {
            subscription_ids,
            ..self
        }
    }

    /// How the topic is named. Versions before 5.0 have no alias: there the name is sent.
    #[must_use]
    pub const fn topic(self, topic: TopicForm) -> Self {
        Self { topic, ..self }
    }

    fn alias(&self) -> Option<NonZeroU16> {
        match self.topic {
            TopicForm::Name => None,
            TopicForm::NameAndAlias(alias) | TopicForm::Alias(alias) => Some(alias),
        }
    }
}

/// The Topic Name of a PUBLISH that has only an alias.
const NO_NAME: &[u8] = &[0, 0];

impl PreparedPublish {
    /// Prepares a message, sharing its payload.
    #[must_use]
    pub fn new(publish: &Publish) -> Self {
        Self::from_parts(publish, publish.payload_bytes())
    }

    pub(crate) fn from_parts(head: &Publish, payload: Bytes) -> Self {
        let mut topic = BytesMut::with_capacity(head.topic_bytes().len().saturating_add(2));
        topic.put_slice(
            head.topic_and_id()
                .get(..topic.capacity())
                .unwrap_or_default(),
        );
        let mut properties = BytesMut::with_capacity(head.properties().as_bytes().len());
        for property in head.properties().raw() {
            // A server sends the identifiers of its own subscriptions and its own aliases
            // (MQTT 5.0 §3.3.2.3.4, §3.3.2.3.8).
            if !matches!(
                property.id,
                PropertyId::TopicAlias | PropertyId::SubscriptionIdentifier
            ) {
                properties.put_slice(property.bytes);
            }
        }
        let properties = properties.freeze();
        let mut tail = BytesMut::with_capacity(properties.len().saturating_add(4));
        tail.put_slice(
            VariableByteInteger::saturating(short(properties.len()))
                .encode()
                .as_ref(),
        );
        tail.put_slice(&properties);
        let mut prepared = Self {
            topic: topic.freeze(),
            properties,
            payload,
            retain: head.retain(),
            tail: tail.freeze(),
            middles: Default::default(),
        };
        if prepared.has_name() {
            let len = prepared.tail.len();
            prepared.middles = [(0, 0), (2, 0), (0, len), (2, len)]
                .map(|(id, properties)| prepared.middle(id, properties));
        }
        prepared
    }

    /// Whether the topic is known by its name.
    fn has_name(&self) -> bool {
        self.topic.len() > NO_NAME.len()
    }

    fn middle(&self, id: usize, properties: usize) -> Middle {
        let remaining = self
            .topic
            .len()
            .saturating_add(id)
            .saturating_add(properties)
            .saturating_add(self.payload.len());
        let len = VariableByteInteger::saturating(short(remaining));
        let mut bytes = BytesMut::with_capacity(self.topic.len().saturating_add(4));
        bytes.put_slice(len.encode().as_ref());
        bytes.put_slice(&self.topic);
        let head_len = remaining
            .saturating_sub(self.payload.len())
            .saturating_add(len.encoded_len())
            .saturating_add(1);
        Middle {
            bytes: bytes.freeze(),
            head_len,
        }
    }

    #[inline]
    fn find_middle(&self, version: Version, delivery: Delivery) -> &Middle {
        let [plain, with_id, plain_v5, with_id_v5] = &self.middles;
        match (version.has_properties(), delivery) {
            (false, Delivery::AtMostOnce) => plain,
            (false, _) => with_id,
            (true, Delivery::AtMostOnce) => plain_v5,
            (true, _) => with_id_v5,
        }
    }

    /// The payload, to be written after each head.
    #[must_use]
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Writes everything but the payload for one receiver.
    ///
    /// # Errors
    /// As for [`Encoder::encode`]. A message whose topic came as an alias alone cannot be sent by its name.
    #[inline]
    pub fn encode_head<B: BufMut + ?Sized>(
        &self,
        encoder: &Encoder,
        recipient: &Recipient<'_>,
        out: &mut B,
    ) -> Result<(), EncodeError> {
        if recipient.topic == TopicForm::Name
            && recipient.subscription_ids.is_empty()
            && self.has_name()
        {
            let version = encoder.version();
            let middle = self.find_middle(version, recipient.delivery);
            encoder.fits(
                PacketType::Publish,
                middle.head_len.saturating_add(self.payload.len()),
            )?;
            encoder.room(PacketType::Publish, middle.head_len, out)?;
            out.put_slice(&[self.first_byte(recipient)]);
            out.put_slice(&middle.bytes);
            if let Some(id) = recipient.delivery.packet_id() {
                out.put_slice(&id.get().to_be_bytes());
            }
            if version.has_properties() {
                out.put_slice(&self.tail);
            }
            return Ok(());
        }
        self.compose(encoder, recipient, out)
    }

    #[inline]
    fn first_byte(&self, recipient: &Recipient<'_>) -> u8 {
        let retain = recipient.retain.unwrap_or(self.retain);
        (PacketType::Publish.code() << 4) | recipient.delivery.flags() | u8::from(retain)
    }

    fn compose<B: BufMut + ?Sized>(
        &self,
        encoder: &Encoder,
        recipient: &Recipient<'_>,
        out: &mut B,
    ) -> Result<(), EncodeError> {
        let version = encoder.version();
        let alias = recipient.alias().filter(|_| version.has_properties());
        let topic = match recipient.topic {
            TopicForm::Alias(_) if alias.is_some() => NO_NAME,
            _ if !self.has_name() => {
                return Err(EncodeError::not_in_version(
                    PacketType::Publish,
                    version,
                    Field::TopicName,
                ));
            }
            _ => &self.topic,
        };
        let mut own = 0_usize;
        let mut properties_len = 0_usize;
        if version.has_properties() {
            if alias.is_some() {
                own = 3;
            }
            for id in recipient.subscription_ids {
                own = own
                    .saturating_add(id.integer().encoded_len())
                    .saturating_add(1);
            }
            own = own.saturating_add(self.properties.len());
            properties_len = VariableByteInteger::saturating(short(own))
                .encoded_len()
                .saturating_add(own);
        }
        let id = recipient.delivery.packet_id();
        let remaining = topic
            .len()
            .saturating_add(if id.is_some() { 2 } else { 0 })
            .saturating_add(properties_len)
            .saturating_add(self.payload.len());
        let header = HeaderBytes::new(self.first_byte(recipient), short(remaining));
        let total = remaining.saturating_add(header.as_slice().len());
        encoder.fits(PacketType::Publish, total)?;
        encoder.room(
            PacketType::Publish,
            total.saturating_sub(self.payload.len()),
            out,
        )?;
        out.put_slice(header.as_slice());
        out.put_slice(topic);
        if let Some(id) = id {
            out.put_slice(&id.get().to_be_bytes());
        }
        if version.has_properties() {
            let len = VariableByteInteger::saturating(short(own));
            out.put_slice(len.encode().as_ref());
            if let Some(alias) = alias {
                let [high, low] = alias.get().to_be_bytes();
                out.put_slice(&[PropertyId::TopicAlias.byte(), high, low]);
            }
            for id in recipient.subscription_ids {
                out.put_u8(PropertyId::SubscriptionIdentifier.byte());
                out.put_slice(id.integer().encode().as_ref());
            }
            out.put_slice(&self.properties);
        }
        Ok(())
    }
}
