//! Where the fields of a PUBLISH are in its frame, and how they are judged: at once, or its head before its payload is there.

use crate::decode_error::{DecodeErrorKind as Kind, Field};
use crate::header::FixedHeader;
use crate::properties::Properties;
use crate::property::PropertyId;
use crate::property_block;
use crate::reader::{Context, Reader, Result, Sender, index, short};
use crate::varint::{self, Scan};
use crate::{PacketType, Version, text, wire};

/// Where the fields of a frame are. The topic begins two bytes after the header, the payload ends the frame.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// The first byte, strict: without DUP at QoS 0.
    pub(crate) first: u8,
    pub(crate) header: u8,
    pub(crate) form: Form,
    pub(crate) topic_len: u16,
    /// 0 at QoS 0.
    pub(crate) packet_id: u16,
    properties: u32,
    pub(crate) payload: u32,
}

/// For which versions the frame is what is sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    V3,
    V5,
    /// For none: the head of a PUBLISH whose payload comes in pieces.
    Head,
}

impl Form {
    #[inline(always)]
    pub(crate) const fn of(has_properties: bool) -> Self {
        if has_properties { Self::V5 } else { Self::V3 }
    }
}

pub(crate) const RETAIN: u8 = 0b0001;
pub(crate) const DUP: u8 = 0b1000;

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
            form: Form::of(has_properties),
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
        let block = property_block::read(&mut reader, PacketType::Publish.bit())?;
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
            form: Form::of(has_properties),
            topic_len,
            packet_id,
            properties: block.start,
            payload: block.end,
        })
    }

    /// The same layout, of a frame that ends before its payload.
    pub(crate) fn of_head(self) -> Self {
        Self {
            form: Form::Head,
            ..self
        }
    }

    #[inline]
    pub(crate) fn topic<'a>(&self, frame: &'a [u8]) -> &'a [u8] {
        let start = u32::from(self.header).saturating_add(2);
        let end = start.saturating_add(u32::from(self.topic_len));
        wire::part(frame, start, end)
    }

    #[inline]
    pub(crate) fn properties<'a>(&self, frame: &'a [u8]) -> Properties<'a> {
        Properties::checked(wire::part(frame, self.properties, self.payload))
    }
}

/// How long the head of a PUBLISH is: everything before its payload.
pub(crate) enum Head {
    Len(usize),
    /// So many bytes more are needed to tell more.
    Short(usize),
    /// More than the limit: at least so many.
    TooLarge(usize),
    /// Something runs past the end of the packet.
    Broken,
}

impl Head {
    /// As far as `bytes` tells, and as soon as it does: no more than `max` bytes are ever waited for.
    pub(crate) fn measure(bytes: &[u8], header: FixedHeader, version: Version, max: usize) -> Self {
        let total = header.total();
        let missing = |end: usize| end.saturating_sub(bytes.len());
        let topic = usize::from(header.len).saturating_add(2);
        if topic > total {
            return Self::Broken;
        }
        if bytes.len() < topic {
            return Self::Short(missing(topic));
        }
        let (_, end) = wire::block(bytes, u32::from(header.len));
        let topic_end = index(end);
        let id = if qos_bits(header.first) == 0 { 0 } else { 2 };
        let fixed = topic_end.saturating_add(id);
        if topic_end > total {
            return Self::Broken;
        }
        if fixed > max {
            return Self::TooLarge(fixed);
        }
        // What is wrong with the topic goes before what is wrong behind it.
        if bytes.len() < topic_end {
            return Self::Short(missing(topic_end));
        }
        if fixed > total {
            return Self::Broken;
        }
        if !version.has_properties() {
            return Self::Len(fixed);
        }
        // And so is what is wrong with the identifier.
        if bytes.len() < fixed {
            return Self::Short(missing(fixed));
        }
        let first = fixed.saturating_add(1);
        if first > total {
            return Self::Broken;
        }
        if bytes.len() < first {
            return Self::Short(missing(first));
        }
        let there = bytes.get(fixed..total.min(bytes.len())).unwrap_or_default();
        match varint::scan(there) {
            Scan::Value { value, len } => {
                let end = fixed
                    .saturating_add(usize::from(len))
                    .saturating_add(index(value));
                if end > total || !varint::is_shortest(value, len) {
                    Self::Broken
                } else if end > max {
                    Self::TooLarge(end)
                } else {
                    Self::Len(end)
                }
            }
            Scan::Short if bytes.len() < total => Self::Short(1),
            Scan::Short | Scan::TooLong => Self::Broken,
        }
    }
}
