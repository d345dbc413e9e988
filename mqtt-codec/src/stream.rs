use bytes::{Buf, Bytes, BytesMut};

use crate::decoder::Decoder;
use crate::header::FixedHeader;
use crate::packet::Packet;
use crate::publish::{Layout, Publish};
use crate::reader::{Result, index, short};
use crate::status::Status;
use crate::{DecodeError, DecodeErrorKind, Field, PacketType, Version};

/// Part of a stream in which payloads may be larger than memory.
///
/// ```
/// use bytes::BytesMut;
/// use mqtt_codec::{Decoder, Event, Status, StreamDecoder, Version};
///
/// let mut decoder = StreamDecoder::new(Decoder::any(Version::V311), 2);
/// let mut buffer = BytesMut::from(&b"\x30\x08\x00\x01ahel"[..]);
///
/// let Status::Complete(Event::Head { publish, payload_len }) = decoder.decode_from(&mut buffer)? else { panic!() };
/// assert_eq!((publish.topic(), payload_len), ("a", 5));
/// let Status::Complete(Event::Payload { bytes, last }) = decoder.decode_from(&mut buffer)? else { panic!() };
/// assert_eq!((&bytes[..], last), (&b"hel"[..], false));
///
/// buffer.extend_from_slice(b"lo");
/// let Status::Complete(Event::Payload { bytes, last }) = decoder.decode_from(&mut buffer)? else { panic!() };
/// assert_eq!((&bytes[..], last), (&b"lo"[..], true));
/// # Ok::<(), mqtt_codec::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A whole packet.
    Packet(Packet),
    /// A PUBLISH whose payload follows in pieces; its own payload is empty.
    Head {
        /// Everything but the payload.
        publish: Publish,
        /// How many bytes of payload follow. If 0, no [`Event::Payload`] comes.
        payload_len: u32,
    },
    /// A piece of the payload of the last [`Event::Head`]; never empty.
    Payload {
        /// The piece, sharing the memory of the buffer.
        bytes: Bytes,
        /// Whether the payload ends with it.
        last: bool,
    },
}

/// A [`Decoder`] that hands out long PUBLISH packets in pieces, so that it needs no more memory than their heads.
///
/// See [`Event`] for an example.
#[derive(Clone, Debug)]
pub struct StreamDecoder {
    decoder: Decoder,
    whole: u32,
    max_head: u32,
    /// Bytes of payload that are still to come.
    payload: u32,
}

impl StreamDecoder {
    /// The limit for heads of a new decoder: 128 KiB, room for the longest topic and as much of properties.
    pub const DEFAULT_MAX_HEAD_SIZE: u32 = 128 * 1024;

    /// Streams PUBLISH packets of more than `whole` bytes after the fixed header; all else comes whole, within the
    /// limit of `decoder`. For PUBLISH that limit does not bind memory here and may be as large as the protocol has it.
    #[must_use]
    pub const fn new(decoder: Decoder, whole: u32) -> Self {
        Self {
            decoder,
            whole,
            max_head: Self::DEFAULT_MAX_HEAD_SIZE,
            payload: 0,
        }
    }

    /// Sets the largest head of a streamed PUBLISH: fixed header, topic, identifier and properties.
    #[must_use]
    pub const fn with_max_head_size(self, max_head: u32) -> Self {
        Self { max_head, ..self }
    }

    /// The version, once it is known.
    #[must_use]
    pub const fn version(&self) -> Option<Version> {
        self.decoder.version()
    }

    /// Takes the next part of the stream from the front of `buffer`.
    ///
    /// # Errors
    /// As for [`Decoder::decode_from`], and when the head of a PUBLISH is larger than its limit.
    pub fn decode_from(&mut self, buffer: &mut BytesMut) -> Result<Status<Event>> {
        if self.payload > 0 {
            return Ok(self.piece(buffer));
        }
        let (header, packet) = match self.decoder.header(buffer)? {
            Status::Complete(header) => header,
            Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
        };
        if packet != PacketType::Publish || header.remaining <= self.whole {
            return Ok(self.decoder.decode_from(buffer)?.map(Event::Packet));
        }
        let version = self.decoder.version().unwrap_or(Version::V311);
        let len = match Layout::head_len(buffer, header, version) {
            Ok(len) => len,
            Err(needed) => return Ok(Status::Incomplete { needed }),
        };
        if len > index(self.max_head) {
            return Err(self.head_too_large(len));
        }
        if buffer.len() < len {
            return Ok(Status::Incomplete {
                needed: len.saturating_sub(buffer.len()),
            });
        }
        self.head(buffer, header, len)
    }

    fn head(
        &mut self,
        buffer: &mut BytesMut,
        header: FixedHeader,
        len: usize,
    ) -> Result<Status<Event>> {
        let head = buffer.get(..len).unwrap_or_default();
        let cx = self.decoder.context(PacketType::Publish);
        let layout = match Layout::parse(head, header.len, cx) {
            Ok(layout) => layout,
            Err(error) => return Err(self.decoder.fail(error)),
        };
        let payload_len = short(header.total().saturating_sub(len));
        self.payload = payload_len;
        let mut frame = buffer.split_to(len).freeze();
        if payload_len > 0 {
            frame = with_own_length(&frame, header);
        }
        let layout = layout.with_header(&frame);
        Ok(Status::Complete(Event::Head {
            publish: Publish::new(frame, layout),
            payload_len,
        }))
    }

    fn piece(&mut self, buffer: &mut BytesMut) -> Status<Event> {
        let len = buffer.len().min(index(self.payload));
        if len == 0 {
            return Status::Incomplete { needed: 1 };
        }
        self.payload = self.payload.saturating_sub(short(len));
        let bytes = buffer.split_to(len).freeze();
        Status::Complete(Event::Payload {
            bytes,
            last: self.payload == 0,
        })
    }

    #[cold]
    fn head_too_large(&mut self, len: usize) -> DecodeError {
        let cx = self.decoder.context(PacketType::Publish);
        let error = DecodeError {
            kind: DecodeErrorKind::PacketTooLarge,
            packet: Some(PacketType::Publish),
            field: Field::Body,
            version: Some(cx.version),
            detail: crate::decode_error::Detail::None,
            offset: 0,
            found: short(len),
        };
        self.decoder.fail(error)
    }
}

/// The head as a packet of its own, whose Remaining Length says that there is no payload.
fn with_own_length(head: &Bytes, header: FixedHeader) -> Bytes {
    let mut body = head.clone();
    body.advance(usize::from(header.len).min(body.len()));
    let own = crate::header::HeaderBytes::new(header.first, short(body.len()));
    let mut frame = BytesMut::with_capacity(body.len().saturating_add(own.as_slice().len()));
    frame.extend_from_slice(own.as_slice());
    frame.extend_from_slice(&body);
    frame.freeze()
}
