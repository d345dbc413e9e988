use bytes::{Bytes, BytesMut};

use crate::decode_error::{DecodeError, DecodeErrorKind as Kind, Field};
use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::header::FixedHeader;
use crate::packet::Packet;
use crate::publish::Publish;
use crate::publish_layout::{Head, Layout};
use crate::reader::{Result, index, short};
use crate::rules::Streams;
use crate::status::Status;
use crate::{PacketType, Storage, Version};

/// Part of a stream in which payloads may be larger than memory: from a buffer, or as a view from a slice.
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
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<S = Bytes>
where
    S: Storage,
{
    /// A whole packet.
    Packet(Packet<S>),
    /// A PUBLISH whose payload follows in pieces; its own payload is empty. [`Encoder::encode_streamed_head`] and
    /// [`PreparedPublish::streamed`] send it on.
    ///
    /// [`PreparedPublish::streamed`]: crate::PreparedPublish::streamed
    Head {
        /// Everything but the payload.
        publish: Publish<S>,
        /// How many bytes of payload follow. If 0, no [`Event::Payload`] comes.
        payload_len: u32,
    },
    /// A piece of the payload of the last [`Event::Head`]; never empty.
    Payload {
        /// The piece, sharing the memory of the buffer.
        bytes: S,
        /// Whether the payload ends with it.
        last: bool,
    },
}

/// Part of a stream as a view over the bytes that it was read from.
///
/// ```
/// use mqtt_codec::{Decoder, Event, EventView, Packet, StreamDecoder, Version};
///
/// let mut stream = StreamDecoder::new(Decoder::any(Version::V5), 1024);
/// let (event, _): (EventView<'_>, usize) = stream.decode(&[0xC0, 0x00])?.complete().unwrap();
/// assert_eq!(event, Event::Packet(Packet::PingReq));
/// # Ok::<(), mqtt_codec::DecodeError>(())
/// ```
pub type EventView<'a> = Event<&'a [u8]>;

/// Contents stay out of logs.
impl<S: Storage> core::fmt::Debug for Event<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Packet(packet) => f.debug_tuple("Packet").field(packet).finish(),
            Self::Head {
                publish,
                payload_len,
            } => f
                .debug_struct("Head")
                .field("publish", publish)
                .field("payload_len", payload_len)
                .finish(),
            Self::Payload { bytes, last } => f
                .debug_struct("Payload")
                .field("bytes", &format_args!("{} bytes", bytes.as_ref().len()))
                .field("last", last)
                .finish(),
        }
    }
}

/// A [`Decoder`] that hands out long PUBLISH packets in pieces, so that it needs no more memory than their heads.
///
/// See [`Event`] for an example.
///
/// ```
/// use mqtt_codec::{Decoder, StreamDecoder, Version};
///
/// // Packets of up to 64 KiB whole, payloads of up to 16 MiB in pieces.
/// let decoder = Decoder::server_after_connect(Version::V5).with_max_packet_size(64 << 10);
/// let stream = StreamDecoder::new(decoder, 16 << 10).with_max_streamed_size(16 << 20);
/// assert_eq!(stream.remaining_payload(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct StreamDecoder {
    decoder: Decoder,
    streams: Streams,
    max_head: u32,
    /// Bytes of payload that are still to come.
    payload: u32,
}

/// What comes next, and how many bytes it takes.
enum Step {
    Whole,
    Head { len: usize, layout: Layout },
    Piece { len: usize, last: bool },
}

impl StreamDecoder {
    /// The limit for heads of a new decoder: 128 KiB, room for the longest topic and as much of properties.
    pub const DEFAULT_MAX_HEAD_SIZE: u32 = 128 * 1024;

    /// Streams PUBLISH packets of more than `whole` bytes after the fixed header, and those that are larger than
    /// `decoder` takes; all else comes whole, within the limit of `decoder`.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Event, Status, StreamDecoder, Version};
    ///
    /// let mut stream = StreamDecoder::new(Decoder::any(Version::V311), 4);
    /// let bytes = b"\x30\x04\x00\x01ax\x30\x05\x00\x01axx";
    /// let Status::Complete((Event::Packet(_), used)) = stream.decode(bytes)? else { panic!() };
    /// let Status::Complete((Event::Head { .. }, _)) = stream.decode(&bytes[used..])? else { panic!() };
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub const fn new(decoder: Decoder, whole: u32) -> Self {
        Self {
            decoder,
            streams: Streams {
                whole,
                max_packet_size: Encoder::MAX_PACKET_SIZE,
            },
            max_head: Self::DEFAULT_MAX_HEAD_SIZE,
            payload: 0,
        }
    }

    /// Sets the largest head of a streamed PUBLISH: fixed header, topic, identifier and properties. What is larger is
    /// refused as soon as its lengths say so.
    ///
    /// ```
    /// use mqtt_codec::{DecodeErrorKind, Decoder, StreamDecoder, Version};
    ///
    /// let mut stream = StreamDecoder::new(Decoder::any(Version::V311), 0).with_max_head_size(64);
    /// let error = stream.decode(&[0x30, 0xFF, 0x7F, 0x01, 0x00]).unwrap_err(); // a topic of 256 bytes
    /// assert_eq!(error.kind(), DecodeErrorKind::PacketTooLarge);
    /// ```
    #[must_use]
    pub const fn with_max_head_size(self, max_head: u32) -> Self {
        Self { max_head, ..self }
    }

    /// Sets the largest streamed PUBLISH, fixed header included. It takes no memory, so that only the protocol limits it
    /// unless told otherwise.
    ///
    /// ```
    /// use mqtt_codec::{DecodeErrorKind, Decoder, StreamDecoder, Version};
    ///
    /// let mut stream = StreamDecoder::new(Decoder::any(Version::V311), 0).with_max_streamed_size(1000);
    /// let error = stream.decode(&[0x30, 0xFF, 0x7F]).unwrap_err();
    /// assert_eq!(error.kind(), DecodeErrorKind::PacketTooLarge);
    /// ```
    #[must_use]
    pub const fn with_max_streamed_size(self, max_packet_size: u32) -> Self {
        Self {
            streams: Streams {
                max_packet_size,
                ..self.streams
            },
            ..self
        }
    }

    /// The version, once it is known.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, StreamDecoder};
    ///
    /// assert_eq!(StreamDecoder::new(Decoder::server(), 0).version(), None);
    /// ```
    #[must_use]
    pub const fn version(&self) -> Option<Version> {
        self.decoder.version()
    }

    /// Why this decoder refuses everything, if it does.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, StreamDecoder};
    ///
    /// let mut stream = StreamDecoder::new(Decoder::server(), 0);
    /// let error = stream.decode(&[0xC0]).unwrap_err();
    /// assert_eq!(stream.failure(), Some(&error));
    /// ```
    #[must_use]
    pub const fn failure(&self) -> Option<&DecodeError> {
        self.decoder.failure()
    }

    /// How many bytes of the payload are still to come. A stream that ends before they have come ends within a packet.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, StreamDecoder, Version};
    ///
    /// let mut stream = StreamDecoder::new(Decoder::any(Version::V311), 0);
    /// stream.decode(b"\x30\x08\x00\x01a")?;
    /// assert_eq!(stream.remaining_payload(), 5);
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub const fn remaining_payload(&self) -> u32 {
        self.payload
    }

    /// Reads the next part of the stream from the front of `bytes`; gives a view of it and how many bytes it took.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Event, Status, StreamDecoder, Version};
    ///
    /// let mut stream = StreamDecoder::new(Decoder::any(Version::V311), 0);
    /// let bytes = b"\x30\x08\x00\x01ahello";
    /// let Status::Complete((Event::Head { publish, payload_len: 5 }, used)) = stream.decode(bytes)? else { panic!() };
    /// assert_eq!(publish.topic(), "a");
    /// let Status::Complete((Event::Payload { bytes, last: true }, 5)) = stream.decode(&bytes[used..])? else { panic!() };
    /// assert_eq!(bytes, b"hello");
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Decoder::decode`], and when the head of a PUBLISH is larger than its limit.
    pub fn decode<'a>(&mut self, bytes: &'a [u8]) -> Result<Status<(EventView<'a>, usize)>> {
        let (event, len) = match self.step(bytes)? {
            Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
            Status::Complete(Step::Whole) => {
                let status = self.decoder.decode(bytes)?;
                return Ok(status.map(|(packet, used)| (Event::Packet(packet), used)));
            }
            Status::Complete(Step::Head { len, layout }) => {
                (self.head(front(bytes, len), layout), len)
            }
            Status::Complete(Step::Piece { len, last }) => {
                let bytes = front(bytes, len);
                (Event::Payload { bytes, last }, len)
            }
        };
        Ok(Status::Complete((event, len)))
    }

    /// Takes the next part of the stream from the front of `buffer`.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use mqtt_codec::{Decoder, Event, Packet, Status, StreamDecoder, Version};
    ///
    /// let mut stream = StreamDecoder::new(Decoder::any(Version::V311), 1024);
    /// let mut buffer = BytesMut::from(&[0xC0, 0x00][..]);
    /// assert_eq!(stream.decode_from(&mut buffer)?, Status::Complete(Event::Packet(Packet::PingReq)));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Decoder::decode_from`], and when the head of a PUBLISH is larger than its limit.
    pub fn decode_from(&mut self, buffer: &mut BytesMut) -> Result<Status<Event>> {
        Ok(Status::Complete(match self.step(buffer)? {
            Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
            Status::Complete(Step::Whole) => {
                return Ok(self.decoder.decode_from(buffer)?.map(Event::Packet));
            }
            Status::Complete(Step::Head { len, layout }) => {
                self.head(buffer.split_to(len).freeze(), layout)
            }
            Status::Complete(Step::Piece { len, last }) => Event::Payload {
                bytes: buffer.split_to(len).freeze(),
                last,
            },
        }))
    }

    fn step(&mut self, bytes: &[u8]) -> Result<Status<Step>> {
        if self.payload > 0 {
            return Ok(self.piece(bytes.len()));
        }
        let (header, packet) = match self.decoder.header(bytes, Some(&self.streams))? {
            Status::Complete(header) => header,
            Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
        };
        if !self.decoder.rules.streamed(header, packet, &self.streams) {
            return Ok(Status::Complete(Step::Whole));
        }
        let cx = self.decoder.rules.context(packet);
        let len = match Head::measure(bytes, header, cx.version, index(self.max_head)) {
            Head::Len(len) => len,
            Head::Short(needed) => return Ok(Status::Incomplete { needed }),
            Head::TooLarge(len) => return Err(self.head_too_large(len)),
            Head::Broken => return Err(self.broken(bytes, header)),
        };
        if bytes.len() < len {
            let needed = len.saturating_sub(bytes.len());
            return Ok(Status::Incomplete { needed });
        }
        let layout = match Layout::parse(front(bytes, len), header.len, cx) {
            Ok(layout) => layout.of_head(),
            Err(error) => return Err(self.decoder.fail(error)),
        };
        self.payload = short(header.total().saturating_sub(len));
        Ok(Status::Complete(Step::Head { len, layout }))
    }

    fn head<S: Storage>(&self, frame: S, layout: Layout) -> Event<S> {
        let publish = Publish::new(frame, layout);
        #[cfg(feature = "tracing")]
        crate::decoder::trace(&Packet::Publish(publish.as_view()));
        Event::Head {
            publish,
            payload_len: self.payload,
        }
    }

    fn piece(&mut self, there: usize) -> Status<Step> {
        let len = there.min(index(self.payload));
        if len == 0 {
            return Status::Incomplete { needed: 1 };
        }
        self.payload = self.payload.saturating_sub(short(len));
        let last = self.payload == 0;
        Status::Complete(Step::Piece { len, last })
    }

    #[cold]
    fn head_too_large(&mut self, len: usize) -> DecodeError {
        let publish = Some(PacketType::Publish);
        let error =
            self.decoder
                .rules
                .error(Kind::PacketTooLarge, publish, Field::Body, short(len));
        let limit = self.max_head;
        self.decoder.fail(DecodeError { limit, ..error })
    }

    /// What a decoder of the whole packet would say, whatever the bytes that are not there.
    #[cold]
    fn broken(&mut self, bytes: &[u8], header: FixedHeader) -> DecodeError {
        let cx = self.decoder.rules.context(PacketType::Publish);
        let there = front(bytes, bytes.len().min(header.total()));
        let error = match Layout::parse(there, header.len, cx) {
            Err(error) if error.kind != Kind::Truncated => error,
            result => {
                let error = result.err().unwrap_or_else(|| {
                    let publish = Some(PacketType::Publish);
                    let rules = &self.decoder.rules;
                    rules.error(Kind::Truncated, publish, Field::PropertyLength, 0)
                });
                let found = short(header.total()).saturating_sub(error.offset);
                DecodeError { found, ..error }
            }
        };
        self.decoder.fail(error)
    }
}

fn front(bytes: &[u8], len: usize) -> &[u8] {
    bytes.get(..len).unwrap_or_default()
}
