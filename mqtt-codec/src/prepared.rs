use core::num::NonZeroU16;

use bytes::{BufMut, Bytes, BytesMut};

use crate::decode_error::Field;
use crate::encode_error::EncodeError;
use crate::encoder::Encoder;
use crate::header::HeaderBytes;
use crate::property::{Properties, SubscriptionId};
use crate::property_id::PropertyId;
use crate::publish::Publish;
use crate::reader::{index, short};
use crate::storage::Storage;
use crate::varint::VariableByteInteger;
use crate::{Delivery, PacketType, text};

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
    /// The Topic Name with its length; the properties with theirs, without Topic Alias and Subscription Identifiers, as
    /// 5.0 has them; then zeros, so that what is short can be copied as blocks of a constant size.
    head: Bytes,
    payload: Bytes,
    /// Where in `head` the length of the properties begins, where they begin and where they end.
    topic_end: u32,
    properties: u32,
    end: u32,
    /// Where the value of the Message Expiry Interval is; 0 if there is none.
    expiry: u32,
    retain: bool,
}

/// Heads of up to so many bytes are copied as blocks.
const BLOCK: usize = 64;

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
    message_expiry_interval: Option<u32>,
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
            message_expiry_interval: None,
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

    /// What is left of the Message Expiry Interval, in seconds (MQTT 5.0 [MQTT-3.3.2-6]). A message without one, and
    /// versions before 5.0, have none to set.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, Encoder, PreparedPublish, PropertiesBuf, Property, Publish, Recipient, Version};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::MessageExpiryInterval(60))?;
    /// let prepared = PreparedPublish::new(&Publish::builder("a").properties(&properties).build()?);
    ///
    /// let mut head = Vec::new();
    /// let recipient = Recipient::new(Delivery::AtMostOnce).message_expiry_interval(45);
    /// prepared.encode_head(&Encoder::new(Version::V5), &recipient, &mut head)?;
    /// assert_eq!(head, b"\x30\x09\x00\x01a\x05\x02\x00\x00\x00\x2D");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn message_expiry_interval(self, seconds: u32) -> Self {
        Self {
            message_expiry_interval: Some(seconds),
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

    /// Whether all that is its own is the packet identifier and the flags.
    #[inline]
    fn is_plain(&self) -> bool {
        self.topic == TopicForm::Name
            && self.subscription_ids.is_empty()
            && self.message_expiry_interval.is_none()
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

    /// Prepares a message that is still in the buffer it was read into: everything is copied, once.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, PreparedPublish, Version};
    ///
    /// let mut buffer = *b"\x30\x08\x00\x01ahello";
    /// let mut decoder = Decoder::any(Version::V311);
    /// let status = decoder.decode(&buffer)?.complete();
    /// let Some((Packet::Publish(publish), _)) = status else { panic!() };
    /// let prepared = PreparedPublish::copy_of(&publish);
    /// buffer.fill(0);
    /// assert_eq!((prepared.topic(), &prepared.payload()[..]), ("a", &b"hello"[..]));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn copy_of<S: Storage>(publish: &Publish<S>) -> Self {
        Self::from_parts(publish, Bytes::copy_from_slice(publish.payload()))
    }

    pub(crate) fn from_parts<S: Storage>(publish: &Publish<S>, payload: Bytes) -> Self {
        // A server sends the identifiers of its own subscriptions and its own aliases
        // (MQTT 5.0 §3.3.2.3.4, §3.3.2.3.8).
        let kept = || {
            publish.properties().raw().filter(|property| {
                !matches!(
                    property.id,
                    PropertyId::TopicAlias | PropertyId::SubscriptionIdentifier
                )
            })
        };
        let topic = publish.topic_bytes();
        let properties_len = kept().fold(0, |sum: usize, one| sum.saturating_add(one.bytes.len()));
        let integer = VariableByteInteger::saturating(short(properties_len));
        let topic_end = topic.len().saturating_add(NO_NAME.len());
        let properties = topic_end.saturating_add(integer.encoded_len());
        let end = properties.saturating_add(properties_len);
        let padding = if end <= BLOCK { BLOCK } else { 0 };

        let mut head = BytesMut::with_capacity(end.saturating_add(padding));
        head.put_u16(u16::try_from(topic.len()).unwrap_or(u16::MAX));
        head.put_slice(topic);
        head.put_slice(integer.encode().as_ref());
        let mut expiry = 0;
        for property in kept() {
            if property.id == PropertyId::MessageExpiryInterval {
                expiry = head.len().saturating_add(1);
            }
            head.put_slice(property.bytes);
        }
        head.put_bytes(0, padding);
        Self {
            head: head.freeze(),
            payload,
            topic_end: short(topic_end),
            properties: short(properties),
            end: short(end),
            expiry: short(expiry),
            retain: publish.retain(),
        }
    }

    fn part(&self, from: u32, to: u32) -> &[u8] {
        self.head.get(index(from)..index(to)).unwrap_or_default()
    }

    /// The Topic Name; empty if the message came with an alias alone.
    #[must_use]
    pub fn topic(&self) -> &str {
        text::checked(self.topic_bytes())
    }

    /// The bytes of the Topic Name. Cheaper than [`topic`](Self::topic), which looks at them again.
    #[must_use]
    pub fn topic_bytes(&self) -> &[u8] {
        self.part(2, self.topic_end)
    }

    /// The properties, without Topic Alias and Subscription Identifiers.
    #[must_use]
    pub fn properties(&self) -> Properties<'_> {
        Properties::checked(self.part(self.properties, self.end))
    }

    /// The payload, to be written after each head.
    #[must_use]
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Whether RETAIN was set, which receivers get unless [`Recipient::retain`] says otherwise.
    #[must_use]
    pub const fn retain(&self) -> bool {
        self.retain
    }

    /// Whether the topic is known by its name.
    fn has_name(&self) -> bool {
        index(self.topic_end) > NO_NAME.len()
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
        if recipient.is_plain() && self.has_name() && index(self.end) <= BLOCK {
            if let Some((block, len)) = self.block(encoder, recipient) {
                let head = block.get(..len).unwrap_or_default();
                encoder.fits(PacketType::Publish, len.saturating_add(self.payload.len()))?;
                encoder.room(PacketType::Publish, len, out)?;
                out.put_slice(head);
                return Ok(());
            }
        }
        self.compose(encoder, recipient, out)
    }

    #[inline]
    fn first_byte(&self, recipient: &Recipient<'_>) -> u8 {
        let retain = recipient.retain.unwrap_or(self.retain);
        (PacketType::Publish.code() << 4) | recipient.delivery.flags() | u8::from(retain)
    }

    /// A short head, put together by copies of a constant size: each overwrites what the one before wrote too much.
    #[inline]
    fn block(
        &self,
        encoder: &Encoder,
        recipient: &Recipient<'_>,
    ) -> Option<([u8; 5 + BLOCK + 2 + BLOCK], usize)> {
        let id = recipient.delivery.packet_id();
        let has_properties = encoder.version().has_properties();
        let topic_end = index(self.topic_end);
        let rest = index(if has_properties {
            self.end
        } else {
            self.topic_end
        })
        .saturating_add(if id.is_some() { 2 } else { 0 });
        let remaining = short(rest.saturating_add(self.payload.len()));
        let header = HeaderBytes::new(self.first_byte(recipient), remaining);
        let start = usize::from(header.len());

        let mut block = [0; 5 + BLOCK + 2 + BLOCK];
        *block.first_chunk_mut()? = header.padded();
        *block.get_mut(start..)?.first_chunk_mut::<BLOCK>()? = *self.head.first_chunk()?;
        if let Some(id) = id {
            let after = block.get_mut(start.saturating_add(topic_end)..)?;
            *after.first_chunk_mut()? = id.get().to_be_bytes();
            if has_properties {
                let tail = self.head.get(topic_end..)?;
                *after.get_mut(2..)?.first_chunk_mut::<BLOCK>()? = *tail.first_chunk()?;
            }
        }
        Some((block, start.saturating_add(rest)))
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
            _ => self.part(0, self.topic_end),
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
            own = own.saturating_add(self.properties().as_bytes().len());
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
            self.put_properties(recipient.message_expiry_interval, out);
        }
        Ok(())
    }

    fn put_properties<B: BufMut + ?Sized>(
        &self,
        message_expiry_interval: Option<u32>,
        out: &mut B,
    ) {
        match message_expiry_interval.filter(|_| self.expiry != 0) {
            Some(seconds) => {
                out.put_slice(self.part(self.properties, self.expiry));
                out.put_u32(seconds);
                out.put_slice(self.part(self.expiry.saturating_add(4), self.end));
            }
            None => out.put_slice(self.part(self.properties, self.end)),
        }
    }
}
