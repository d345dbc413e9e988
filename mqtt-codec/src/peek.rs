use crate::decode_error::{DecodeError, DecodeErrorKind as Kind, Field};
use crate::header::{FixedHeader, HeaderScan};
use crate::publish_layout::qos_bits;
use crate::reader::short;
use crate::status::Status;
use crate::{PacketId, PacketType};

/// A look at the beginning of a packet without decoding it, the same for all versions: for proxies and routers.
///
/// Nothing is judged but that there is a type, a length, and room for what is asked for.
///
/// ```
/// use mqtt_codec::{PacketId, PacketType, Peek, Status};
///
/// let bytes = b"\x32\x08\x00\x01a\x00\x07";
/// let Status::Complete(peek) = Peek::new(bytes)? else { panic!() };
/// assert_eq!(peek.packet_type(), PacketType::Publish);
/// assert_eq!(peek.total_len(), 10); // not all there yet
/// assert_eq!(peek.topic()?, Status::Complete(Some(&b"a"[..])));
/// assert_eq!(peek.packet_id()?, Status::Complete(PacketId::new(7)));
/// # Ok::<(), mqtt_codec::DecodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Peek<'a> {
    bytes: &'a [u8],
    header: FixedHeader,
    packet: PacketType,
}

impl<'a> Peek<'a> {
    /// Reads the fixed header at the front of `bytes`.
    ///
    /// ```
    /// use mqtt_codec::{Peek, Status};
    ///
    /// assert!(matches!(Peek::new(&[0x30, 0x80])?, Status::Incomplete { needed: 1 }));
    /// assert!(Peek::new(&[0x00]).is_err()); // there is no type 0
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// When the type does not exist in any version, or the length takes more than four bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Status<Self>, DecodeError> {
        let Some(&first) = bytes.first() else {
            return Ok(Status::Incomplete { needed: 2 });
        };
        let Some(packet) = PacketType::from_code(first >> 4) else {
            let found = u32::from(first);
            let field = Field::FixedHeader;
            return Err(DecodeError::new(
                Kind::UnknownPacketType,
                None,
                field,
                found,
            ));
        };
        match FixedHeader::scan(bytes) {
            HeaderScan::Header(header) => Ok(Status::Complete(Self {
                bytes,
                header,
                packet,
            })),
            HeaderScan::Short(needed) => Ok(Status::Incomplete { needed }),
            HeaderScan::TooLong => {
                let field = Field::RemainingLength;
                let error = DecodeError::new(Kind::IntegerTooLong, Some(packet), field, 0);
                Err(DecodeError { offset: 1, ..error })
            }
        }
    }

    /// The type of the packet.
    ///
    /// ```
    /// use mqtt_codec::{PacketType, Peek};
    ///
    /// let peek = Peek::new(&[0xC0, 0x00])?.complete().unwrap();
    /// assert_eq!(peek.packet_type(), PacketType::PingReq);
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub const fn packet_type(&self) -> PacketType {
        self.packet
    }

    /// The length of the whole packet.
    ///
    /// ```
    /// use mqtt_codec::Peek;
    ///
    /// let peek = Peek::new(&[0x30, 0x80, 0x01])?.complete().unwrap();
    /// assert_eq!(peek.total_len(), 131);
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn total_len(&self) -> usize {
        self.header.total()
    }

    /// The Topic Name of a PUBLISH as bytes that nobody has judged; other types have none.
    ///
    /// ```
    /// use mqtt_codec::{Peek, Status};
    ///
    /// let peek = Peek::new(b"\x30\x04\x00\x01ax")?.complete().unwrap();
    /// assert_eq!(peek.topic()?, Status::Complete(Some(&b"a"[..])));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// When the packet ends before its topic does.
    pub fn topic(&self) -> Result<Status<Option<&'a [u8]>>, DecodeError> {
        if self.packet != PacketType::Publish {
            return Ok(Status::Complete(None));
        }
        Ok(self.topic_and_end()?.map(|(topic, _)| Some(topic)))
    }

    /// The Packet Identifier; `None` for packets without one, and for one of 0, which does not exist.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, Peek, Status};
    ///
    /// let peek = Peek::new(&[0x40, 0x02, 0x00, 0x07])?.complete().unwrap();
    /// assert_eq!(peek.packet_id()?, Status::Complete(PacketId::new(7)));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// When the packet ends before its identifier does.
    pub fn packet_id(&self) -> Result<Status<Option<PacketId>>, DecodeError> {
        let start = match self.packet {
            PacketType::Publish if qos_bits(self.header.first) == 0 => {
                return Ok(Status::Complete(None));
            }
            PacketType::Publish => match self.topic_and_end()? {
                Status::Complete((_, end)) => end,
                Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
            },
            PacketType::PubAck
            | PacketType::PubRec
            | PacketType::PubRel
            | PacketType::PubComp
            | PacketType::Subscribe
            | PacketType::SubAck
            | PacketType::Unsubscribe
            | PacketType::UnsubAck => usize::from(self.header.len),
            _ => return Ok(Status::Complete(None)),
        };
        Ok(self
            .range(start, start.saturating_add(2), Field::PacketId)?
            .map(|bytes| {
                bytes
                    .first_chunk()
                    .and_then(|bytes| PacketId::new(u16::from_be_bytes(*bytes)))
            }))
    }

    fn topic_and_end(&self) -> Result<Status<(&'a [u8], usize)>, DecodeError> {
        let start = usize::from(self.header.len);
        let from = start.saturating_add(2);
        let len = match self.range(start, from, Field::TopicName)? {
            Status::Complete(len) => len
                .first_chunk()
                .map_or(0, |len| usize::from(u16::from_be_bytes(*len))),
            Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
        };
        let end = from.saturating_add(len);
        Ok(self
            .range(from, end, Field::TopicName)?
            .map(|topic| (topic, end)))
    }

    /// A part of the packet that may not be there yet, but must fit into it.
    fn range(
        &self,
        start: usize,
        end: usize,
        field: Field,
    ) -> Result<Status<&'a [u8]>, DecodeError> {
        if end > self.total_len() {
            let found = short(self.total_len().saturating_sub(start));
            let error = DecodeError::new(Kind::Truncated, Some(self.packet), field, found);
            return Err(DecodeError {
                offset: short(start),
                ..error
            });
        }
        Ok(match self.bytes.get(start..end) {
            Some(bytes) => Status::Complete(bytes),
            None => Status::Incomplete {
                needed: end.saturating_sub(self.bytes.len()),
            },
        })
    }
}

impl core::fmt::Debug for Peek<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Peek")
            .field("packet_type", &self.packet)
            .field("total_len", &self.total_len())
            .finish()
    }
}
