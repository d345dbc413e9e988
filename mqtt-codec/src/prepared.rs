use bytes::{BufMut, Bytes, BytesMut};

use crate::decode_error::Field;
use crate::encode_error::{EncodeError, EncodeErrorKind};
use crate::encoder::Encoder;
use crate::header::HeaderBytes;
use crate::properties::Properties;
use crate::property::PropertyId;
use crate::publish::{self, Publish};
use crate::reader::{Sender, index, short};
use crate::recipient::{Recipient, Retain, TopicForm};
use crate::storage::Storage;
use crate::varint::VariableByteInteger;
use crate::{PacketType, Version, text};

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
#[derive(Clone)]
pub struct PreparedPublish {
    /// Room for a fixed header, the Topic Name with its length, room for a packet identifier; the properties with their
    /// length, without Topic Alias and Subscription Identifiers, as 5.0 has them; then zeros, so that what is short can be
    /// copied as a block of a constant size.
    head: Bytes,
    payload: Bytes,
    /// More than `payload` has if it comes in pieces.
    payload_len: u32,
    /// Where in `head` the room for the packet identifier begins, where the properties begin and where they end.
    topic_end: u32,
    properties: u32,
    end: u32,
    /// Where the value of the Message Expiry Interval is; 0 if there is none.
    expiry: u32,
    retain: bool,
}

/// The room for a fixed header, before the topic.
const HEADER: usize = 5;

/// Where the bytes of the topic begin.
const NAME: usize = 7;

/// The room for a packet identifier, behind the topic.
const ID: usize = 2;

/// Heads of up to so many bytes, all the room counted, are copied as a block.
const BLOCK: usize = 80;

/// The Topic Name of a PUBLISH that has only an alias.
const NO_NAME: &[u8] = &[0, 0];

impl PreparedPublish {
    /// Prepares a message, sharing its payload.
    ///
    /// ```
    /// use mqtt_codec::{PreparedPublish, Publish};
    ///
    /// let publish = Publish::builder("a").payload(b"hello").build()?;
    /// let prepared = PreparedPublish::new(&publish);
    /// assert_eq!(prepared.payload().as_ptr(), publish.payload().as_ptr());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn new(publish: &Publish) -> Self {
        Self::from_parts(publish, publish.payload_bytes())
    }

    /// Prepares a message whose payload of so many bytes comes in pieces, as a [`StreamDecoder`](crate::StreamDecoder)
    /// gives it; [`payload`](Self::payload) is empty, then, and each piece is for the caller to send after each head.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use mqtt_codec::{Decoder, Delivery, Encoder, Event, PreparedPublish, Recipient, Status, StreamDecoder, Version};
    ///
    /// let mut decoder = StreamDecoder::new(Decoder::any(Version::V311), 0);
    /// let mut buffer = BytesMut::from(&b"\x30\x08\x00\x01ahel"[..]);
    /// let Status::Complete(Event::Head { publish, payload_len }) = decoder.decode_from(&mut buffer)? else { panic!() };
    ///
    /// let prepared = PreparedPublish::streamed(&publish, payload_len);
    /// let mut head = Vec::new();
    /// prepared.encode_head(&Encoder::new(Version::V5), &Recipient::new(Delivery::AtMostOnce), &mut head)?;
    /// assert_eq!(head, b"\x30\x09\x00\x01a\x00"); // five bytes follow
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn streamed<S: Storage>(publish: &Publish<S>, payload_len: u32) -> Self {
        Self {
            payload_len,
            ..Self::from_parts(publish, Bytes::new())
        }
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
        let topic_end = NAME.saturating_add(topic.len());
        let properties = topic_end
            .saturating_add(ID)
            .saturating_add(integer.encoded_len());
        let end = properties.saturating_add(properties_len);

        // A block can begin at any byte of the room for the fixed header.
        let padded = if end <= BLOCK { HEADER + BLOCK } else { end };
        let mut head = BytesMut::with_capacity(padded);
        head.put_slice(&[0; HEADER]);
        head.put_u16(u16::try_from(topic.len()).unwrap_or(u16::MAX));
        head.put_slice(topic);
        head.put_slice(&[0; ID]);
        head.put_slice(integer.encode().as_ref());
        let mut expiry = 0;
        for property in kept() {
            if property.id == PropertyId::MessageExpiryInterval {
                expiry = head.len().saturating_add(1);
            }
            head.put_slice(property.bytes);
        }
        head.put_bytes(0, padded.saturating_sub(end));
        Self {
            head: head.freeze(),
            payload_len: short(payload.len()),
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
    ///
    /// ```
    /// use mqtt_codec::{PreparedPublish, Publish};
    ///
    /// assert_eq!(PreparedPublish::new(&Publish::builder("a").build()?).topic(), "a");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn topic(&self) -> &str {
        text::checked(self.topic_bytes())
    }

    /// The bytes of the Topic Name. Cheaper than [`topic`](Self::topic), which looks at them again.
    ///
    /// ```
    /// use mqtt_codec::{PreparedPublish, Publish};
    ///
    /// assert_eq!(PreparedPublish::new(&Publish::builder("a").build()?).topic_bytes(), b"a");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn topic_bytes(&self) -> &[u8] {
        self.part(short(NAME), self.topic_end)
    }

    /// The properties, without Topic Alias and Subscription Identifiers.
    ///
    /// ```
    /// use core::num::NonZeroU16;
    /// use mqtt_codec::{PreparedPublish, PropertiesBuf, Property, Publish};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::TopicAlias(NonZeroU16::MIN))?.push(Property::ContentType("text/plain"))?;
    /// let prepared = PreparedPublish::new(&Publish::builder("a").properties(&properties).build()?);
    /// assert!(prepared.properties().iter().eq([Property::ContentType("text/plain")]));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn properties(&self) -> Properties<'_> {
        Properties::checked(self.part(self.properties, self.end))
    }

    /// The payload, to be written after each head.
    ///
    /// ```
    /// use mqtt_codec::{PreparedPublish, Publish};
    ///
    /// let prepared = PreparedPublish::new(&Publish::builder("a").payload(b"hello").build()?);
    /// assert_eq!(prepared.payload(), "hello");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// Whether RETAIN was set, which receivers get if [`Recipient::retain_as_published`] says so.
    ///
    /// ```
    /// use mqtt_codec::{PreparedPublish, Publish};
    ///
    /// assert!(PreparedPublish::new(&Publish::builder("a").retain(true).build()?).retain());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn retain(&self) -> bool {
        self.retain
    }

    /// Whether the topic is known by its name.
    fn has_name(&self) -> bool {
        index(self.topic_end) > NAME
    }

    /// Writes the message for one receiver, its payload copied: for receivers without vectored writes.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, Encoder, PreparedPublish, Publish, Recipient, Version};
    ///
    /// let prepared = PreparedPublish::new(&Publish::builder("a").payload(b"x").build()?);
    /// let mut out = Vec::new();
    /// prepared.encode(&Encoder::server(Version::V311), &Recipient::new(Delivery::AtMostOnce), &mut out)?;
    /// assert_eq!(out, b"\x30\x04\x00\x01ax");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`encode_head`](Self::encode_head), and when `out` has room for the head alone. Nothing is written, then.
    pub fn encode<B: BufMut + ?Sized>(
        &self,
        encoder: &Encoder,
        recipient: &Recipient<'_>,
        out: &mut B,
    ) -> Result<(), EncodeError> {
        let there = out.remaining_mut();
        let room = there.saturating_sub(self.payload.len());
        self.encode_head(encoder, recipient, &mut (&mut *out).limit(room))
            .map_err(|error| match error.kind {
                EncodeErrorKind::BufferTooSmall => EncodeError {
                    len: error.len.saturating_add(self.payload.len()),
                    limit: there,
                    ..error
                },
                _ => error,
            })?;
        out.put_slice(&self.payload);
        Ok(())
    }

    /// Writes everything but the payload for one receiver.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, Encoder, PacketId, PreparedPublish, Publish, Recipient, Version};
    ///
    /// let prepared = PreparedPublish::new(&Publish::builder("a").payload(b"hello").build()?);
    /// let encoder = Encoder::server(Version::V311);
    /// for packet_id in [1, 2].into_iter().filter_map(PacketId::new) {
    ///     let mut head = Vec::new();
    ///     let recipient = Recipient::new(Delivery::AtLeastOnce { packet_id, dup: false });
    ///     prepared.encode_head(&encoder, &recipient, &mut head)?;
    ///     assert_eq!(head, [0x32, 0x0A, 0x00, 0x01, b'a', 0x00, packet_id.get() as u8]);
    /// }
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Encoder::encode`]. A message whose topic came as an alias alone cannot be sent by its name.
    // A part of its callers: what is the same for all receivers is then found out once.
    #[inline(always)]
    pub fn encode_head<B: BufMut + ?Sized>(
        &self,
        encoder: &Encoder,
        recipient: &Recipient<'_>,
        out: &mut B,
    ) -> Result<(), EncodeError> {
        if recipient.is_plain() && self.has_name() && index(self.end) <= BLOCK {
            let has_properties = encoder.version().has_properties();
            let id = recipient.delivery.packet_id();
            match (id, has_properties) {
                (Some(id), true) => {
                    return self.put_block(encoder, recipient, id.get(), self.end, out);
                }
                (Some(id), false) => {
                    let end = self.topic_end.saturating_add(short(ID));
                    return self.put_block(encoder, recipient, id.get(), end, out);
                }
                (None, false) => {
                    return self.put_block(encoder, recipient, 0, self.topic_end, out);
                }
                // The first byte of the room for the identifier says that there are no properties.
                (None, true) if self.properties == self.end => {
                    let end = self.topic_end.saturating_add(1);
                    return self.put_block(encoder, recipient, 0, end, out);
                }
                (None, true) => {}
            }
        }
        self.compose(encoder, recipient, out)
    }

    #[inline]
    fn first_byte(&self, recipient: &Recipient<'_>) -> u8 {
        let retain = match recipient.retain {
            Retain::As(retain) => retain,
            Retain::Published => self.retain,
        };
        (PacketType::Publish.code() << 4) | recipient.delivery.flags() | u8::from(retain)
    }

    /// Writes a short head: a block of a constant size, patched.
    #[inline(always)]
    fn put_block<B: BufMut + ?Sized>(
        &self,
        encoder: &Encoder,
        recipient: &Recipient<'_>,
        id: u16,
        end: u32,
        out: &mut B,
    ) -> Result<(), EncodeError> {
        let body = index(end).saturating_sub(HEADER);
        let remaining = short(body).saturating_add(self.payload_len);
        let header = HeaderBytes::new(self.first_byte(recipient), remaining);
        let start = usize::from(header.len());
        let len = start.saturating_add(body);
        let total = len.saturating_add(index(self.payload_len));
        encoder.fits(PacketType::Publish, total)?;
        encoder.room(PacketType::Publish, len, out)?;

        let mut block = self.block(HEADER.saturating_sub(start));
        if let Some(place) = block.first_chunk_mut() {
            // The room for it is zero.
            *place = (u64::from_le_bytes(*place) | header.word()).to_le_bytes();
        }
        let at = index(self.topic_end).saturating_sub(HEADER.saturating_sub(start));
        if let Some(place) = block.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *place = id.to_be_bytes();
        }
        out.put_slice(block.get(..len).unwrap_or_default());
        Ok(())
    }

    /// A whole block of the head from there; what is behind its end is zero.
    #[inline]
    fn block(&self, from: usize) -> [u8; BLOCK] {
        let bytes = self.head.get(from..).and_then(<[u8]>::first_chunk);
        bytes.copied().unwrap_or([0; BLOCK])
    }

    #[inline(never)]
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
                let kind = EncodeErrorKind::UnresolvedTopicAlias;
                return Err(EncodeError::new(
                    kind,
                    PacketType::Publish,
                    version,
                    Field::TopicName,
                ));
            }
            _ => {
                publish::name_for(self.topic_bytes(), version)?;
                self.part(short(HEADER), self.topic_end)
            }
        };
        // MQTT 5.0 [MQTT-3.3.4-6]
        if !recipient.subscription_ids.is_empty()
            && version == Version::V5
            && encoder.sender() == Sender::Client
        {
            let field = Field::Property(PropertyId::SubscriptionIdentifier);
            return Err(EncodeError::wrong_direction(
                PacketType::Publish,
                version,
                field,
            ));
        }
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
            .saturating_add(index(self.payload_len));
        let header = HeaderBytes::new(self.first_byte(recipient), short(remaining));
        let total = remaining.saturating_add(header.as_slice().len());
        encoder.fits(PacketType::Publish, total)?;
        encoder.room(
            PacketType::Publish,
            total.saturating_sub(index(self.payload_len)),
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

/// Contents stay out of logs.
impl core::fmt::Debug for PreparedPublish {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PreparedPublish")
            .field("topic", &self.topic())
            .field("retain", &self.retain)
            .field("properties", &self.properties())
            .field("payload", &format_args!("{} bytes", self.payload_len))
            .finish()
    }
}
