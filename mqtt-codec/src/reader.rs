//! The one place that moves through a frame. It cannot see past the end of what it was given.

use crate::decode_error::{DecodeError, DecodeErrorKind as Kind, Detail, Field};
use crate::text::{self, TextFault};
use crate::topic::{self, TopicFault};
use crate::varint::{self, Scan};
use crate::{Leniency, PacketId, PacketType, ReasonCode, Version};

/// Whose packets are read or written.
#[expect(unnameable_types, reason = "part of a sealed trait")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A client.
    Client,
    /// A server.
    Server,
    /// It is not known, or does not matter.
    Anyone,
}

impl Sender {
    /// MQTT 3.1.1 §2.2.1, MQTT 5.0 §2.1.2
    #[inline]
    pub(crate) const fn may_send(self, packet: PacketType, version: Version) -> bool {
        match self {
            Self::Anyone => true,
            Self::Client => packet.from_client(version),
            Self::Server => packet.from_server(version),
        }
    }

    /// MQTT 5.0 §3.4.2.1, §3.5.2.1, §3.14.2.1, §3.15.2.1
    #[inline]
    pub(crate) const fn may_say(self, reason: ReasonCode, packet: PacketType) -> bool {
        match self {
            Self::Anyone => true,
            Self::Client => reason.is_from_client(packet),
            Self::Server => reason.is_from_server(packet),
        }
    }
}

/// What is known about a packet besides its bytes.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    pub(crate) version: Version,
    pub(crate) packet: PacketType,
    pub(crate) sender: Sender,
    pub(crate) leniency: Leniency,
}

#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// Offset in the frame of the end of `rest`.
    end: usize,
    pub(crate) cx: Context,
}

pub(crate) type Result<T> = core::result::Result<T, DecodeError>;

/// An offset or length as errors and layouts keep it; a frame is never longer than 268,435,460 bytes.
#[inline]
pub(crate) fn short(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// An offset of a layout as an index.
#[inline]
pub(crate) fn index(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

impl<'a> Reader<'a> {
    /// Reads what follows the first `skip` bytes of `frame`.
    #[inline]
    pub(crate) fn new(frame: &'a [u8], skip: u8, cx: Context) -> Self {
        Self {
            rest: frame.get(usize::from(skip)..).unwrap_or_default(),
            end: frame.len(),
            cx,
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    #[inline]
    pub(crate) fn has_properties(&self) -> bool {
        self.cx.version.has_properties()
    }

    /// Everything that is left.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Where the next byte is in the frame.
    #[inline]
    pub(crate) fn offset(&self) -> u32 {
        short(self.end.saturating_sub(self.rest.len()))
    }

    #[cold]
    pub(crate) fn error_at(
        &self,
        kind: Kind,
        field: Field,
        offset: u32,
        found: u32,
    ) -> DecodeError {
        DecodeError {
            version: Some(self.cx.version),
            sender: self.cx.sender,
            offset,
            ..DecodeError::new(kind, Some(self.cx.packet), field, found)
        }
    }

    /// An error about the next byte.
    #[cold]
    pub(crate) fn error(&self, kind: Kind, field: Field, found: u32) -> DecodeError {
        self.error_at(kind, field, self.offset(), found)
    }

    /// An error about the byte before the next.
    #[cold]
    pub(crate) fn error_before(&self, kind: Kind, field: Field, found: u8) -> DecodeError {
        self.error_at(
            kind,
            field,
            self.offset().saturating_sub(1),
            u32::from(found),
        )
    }

    #[cold]
    fn truncated(&self, field: Field) -> DecodeError {
        self.error(Kind::Truncated, field, short(self.rest.len()))
    }

    #[inline]
    pub(crate) fn u8(&mut self, field: Field) -> Result<u8> {
        let Some((&byte, rest)) = self.rest.split_first() else {
            return Err(self.truncated(field));
        };
        self.rest = rest;
        Ok(byte)
    }

    #[inline]
    fn array<const N: usize>(&mut self, field: Field) -> Result<[u8; N]> {
        let Some((bytes, rest)) = self.rest.split_first_chunk::<N>() else {
            return Err(self.truncated(field));
        };
        self.rest = rest;
        Ok(*bytes)
    }

    #[inline]
    pub(crate) fn u16(&mut self, field: Field) -> Result<u16> {
        self.array(field).map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self, field: Field) -> Result<u32> {
        self.array(field).map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn integer(&mut self, field: Field) -> Result<u32> {
        match varint::scan(self.rest) {
            Scan::Value { value, len } => {
                // MQTT 5.0 [MQTT-1.5.5-1]
                if !varint::is_shortest(value, len) {
                    return Err(self.error(Kind::IntegerNotShortest, field, u32::from(len)));
                }
                self.rest = self.rest.get(usize::from(len)..).unwrap_or_default();
                Ok(value)
            }
            Scan::Short => Err(self.truncated(field)),
            // MQTT 5.0 §1.5.5: at most four bytes.
            Scan::TooLong => Err(self.error(Kind::IntegerTooLong, field, 0)),
        }
    }

    /// Bytes with a two-byte length in front: Binary Data, or a string to be checked.
    #[inline]
    pub(crate) fn binary(&mut self, field: Field) -> Result<&'a [u8]> {
        if let Some((len, rest)) = self.rest.split_first_chunk::<2>()
            && let Some((bytes, rest)) =
                rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
        {
            self.rest = rest;
            return Ok(bytes);
        }
        Err(self.truncated(field))
    }

    /// A UTF-8 Encoded String.
    #[inline]
    pub(crate) fn text(&mut self, field: Field) -> Result<&'a [u8]> {
        let bytes = self.binary(field)?;
        match text::check(bytes) {
            Ok(()) => Ok(bytes),
            Err(fault) => Err(self.text_error(field, bytes, fault)),
        }
    }

    /// A Topic Name; `may_be_empty` says that something else stands for it.
    #[inline]
    pub(crate) fn topic_name(&mut self, field: Field, may_be_empty: bool) -> Result<&'a [u8]> {
        let bytes = self.binary(field)?;
        let verdict = topic::check_name(bytes);
        if bytes.is_empty() && !may_be_empty {
            return Err(self.topic_error(field, bytes, TopicFault::Empty));
        }
        if let Err(fault) = verdict {
            return Err(self.topic_error(field, bytes, fault));
        }
        if !topic::name_fits(bytes, self.cx.version) {
            let at = self.offset_in(bytes, 0);
            return Err(self.error_at(Kind::TopicNameTooLong, field, at, short(bytes.len())));
        }
        Ok(bytes)
    }

    /// A Topic Filter.
    #[inline]
    pub(crate) fn topic_filter(&mut self) -> Result<&'a [u8]> {
        let bytes = self.binary(Field::TopicFilter)?;
        match topic::check_filter(bytes, self.has_properties()) {
            Ok(()) => Ok(bytes),
            Err(fault) => Err(self.topic_error(Field::TopicFilter, bytes, fault)),
        }
    }

    /// Offset of byte `at` of a string that was just read.
    fn offset_in(&self, bytes: &[u8], at: usize) -> u32 {
        self.offset()
            .saturating_sub(short(bytes.len()))
            .saturating_add(short(at))
    }

    #[cold]
    fn text_error(&self, field: Field, bytes: &[u8], fault: TextFault) -> DecodeError {
        match fault {
            TextFault::IllFormed { at, byte } => self.error_at(
                Kind::IllFormedUtf8,
                field,
                self.offset_in(bytes, at),
                u32::from(byte),
            ),
            TextFault::Nul { at } => {
                self.error_at(Kind::NulCharacter, field, self.offset_in(bytes, at), 0)
            }
        }
    }

    #[cold]
    fn topic_error(&self, field: Field, bytes: &[u8], fault: TopicFault) -> DecodeError {
        let (kind, at, found) = match fault {
            TopicFault::Text(fault) => return self.text_error(field, bytes, fault),
            TopicFault::Empty if field == Field::TopicFilter => (Kind::EmptyTopicFilter, 0, 0),
            TopicFault::Empty => (Kind::EmptyTopicName, 0, 0),
            TopicFault::Wildcard { at, byte } => (Kind::WildcardInTopicName, at, byte),
            TopicFault::MultiLevel { at } => (Kind::MisplacedMultiLevelWildcard, at, b'#'),
            TopicFault::SingleLevel { at } => (Kind::MisplacedSingleLevelWildcard, at, b'+'),
            TopicFault::NoShareName { at } => (Kind::EmptyShareName, at, 0),
            TopicFault::Shared { at } => (Kind::InvalidSharedSubscription, at, 0),
        };
        self.error_at(kind, field, self.offset_in(bytes, at), u32::from(found))
    }

    /// A Packet Identifier.
    #[inline]
    pub(crate) fn packet_id(&mut self) -> Result<PacketId> {
        let id = self.u16(Field::PacketId)?;
        // MQTT 3.1.1 [MQTT-2.3.1-1], MQTT 5.0 [MQTT-2.2.1-3], [MQTT-2.2.1-4]
        PacketId::new(id).ok_or_else(|| {
            self.error_at(
                Kind::ZeroPacketId,
                Field::PacketId,
                self.offset().saturating_sub(2),
                0,
            )
        })
    }

    /// A reader of the next `len` bytes, which cannot see what follows them.
    #[inline]
    pub(crate) fn split(&mut self, len: u32, field: Field) -> Result<Self> {
        let Some((head, rest)) = self.rest.split_at_checked(index(len)) else {
            return Err(self.truncated(field));
        };
        let end = self.end.saturating_sub(rest.len());
        self.rest = rest;
        Ok(Self {
            rest: head,
            end,
            cx: self.cx,
        })
    }

    /// There must be nothing left.
    #[inline]
    pub(crate) fn finish(&self, detail: Detail) -> Result<()> {
        if self.rest.is_empty() {
            return Ok(());
        }
        let mut error = self.error(Kind::TrailingBytes, Field::Body, short(self.rest.len()));
        error.detail = detail;
        Err(error)
    }
}
