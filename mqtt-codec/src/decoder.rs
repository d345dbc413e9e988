use bytes::{Bytes, BytesMut};

use crate::ack::{self, PubAck, PubComp, PubRec, PubRel};
use crate::decode_error::{DecodeError, DecodeErrorKind as Kind, Detail, Field};
use crate::header::{FixedHeader, HeaderScan};
use crate::packet::{Packet, PacketView};
use crate::publish::{self, Publish, qos_bits};
use crate::reader::{Context, Result, Sender, index, short};
use crate::status::Status;
use crate::storage::{BufferSource, FrameSource, SliceSource, Source};
use crate::{Leniency, PacketId, PacketType, Storage, Version};

/// Turns a stream of bytes into packets: one for each connection and direction.
///
/// How many bytes a packet needs is decided from its fixed header alone, and its size is checked before any more of it
/// is waited for. Inside a whole frame every shortfall is an error. However the bytes arrive, the result is the same.
///
/// A decoder that has refused something refuses everything after it: the connection is to be closed.
///
/// ```
/// use bytes::BytesMut;
/// use mqtt_codec::{Decoder, Packet, Status, Version};
///
/// let mut decoder = Decoder::server();
/// let mut buffer = BytesMut::from(&b"\x10\x0E\x00\x04MQTT\x04\x02\x00\x3C\x00\x02id\xC0"[..]);
///
/// let Status::Complete(Packet::Connect(connect)) = decoder.decode_from(&mut buffer)? else { panic!() };
/// assert_eq!(connect.client_id(), "id");
/// assert_eq!(decoder.version(), Some(Version::V311)); // learned
///
/// assert_eq!(decoder.decode_from(&mut buffer)?, Status::Incomplete { needed: 1 });
/// buffer.extend_from_slice(&[0x00]);
/// assert_eq!(decoder.decode_from(&mut buffer)?, Status::Complete(Packet::PingReq));
/// # Ok::<(), mqtt_codec::DecodeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Decoder {
    sender: Sender,
    version: Option<Version>,
    /// Whether a CONNECT must be of `version`.
    told: bool,
    expects_connect: bool,
    max_packet_size: u32,
    leniency: Leniency,
    failure: Option<DecodeError>,
    /// First bytes that were judged before and found good, so that the next packet of the kind is not judged again.
    known: KnownBytes,
}

impl Decoder {
    /// The limit of a new decoder: 1 MiB.
    pub const DEFAULT_MAX_PACKET_SIZE: u32 = 1024 * 1024;

    const fn new(sender: Sender, version: Option<Version>) -> Self {
        Self {
            sender,
            version,
            told: version.is_some(),
            expects_connect: version.is_none(),
            max_packet_size: Self::DEFAULT_MAX_PACKET_SIZE,
            leniency: Leniency::NONE,
            failure: None,
            known: KnownBytes::NONE,
        }
    }

    /// A decoder of what a server receives: CONNECT first, which says the version.
    #[must_use]
    pub const fn server() -> Self {
        Self::new(Sender::Client, None)
    }

    /// A decoder of what a server receives after a CONNECT of this version that was read elsewhere.
    #[must_use]
    pub const fn server_after_connect(version: Version) -> Self {
        Self::new(Sender::Client, Some(version))
    }

    /// A decoder of what a client receives.
    #[must_use]
    pub const fn client(version: Version) -> Self {
        Self::new(Sender::Server, Some(version))
    }

    /// A decoder of packets of this version from either side.
    #[must_use]
    pub const fn any(version: Version) -> Self {
        Self::new(Sender::Anyone, Some(version))
    }

    /// A decoder of packets from either side, CONNECT first, which says the version: for what listens on a wire.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Version};
    ///
    /// let mut decoder = Decoder::sniffing();
    /// decoder.decode(b"\x10\x0D\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x00")?;
    /// assert_eq!(decoder.version(), Some(Version::V5));
    /// assert!(decoder.decode(b"\x20\x03\x00\x00\x00")?.complete().is_some());
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub const fn sniffing() -> Self {
        Self::new(Sender::Anyone, None)
    }

    /// Sets the largest packet, fixed header included. What is larger is refused as soon as its fixed header is there.
    #[must_use]
    pub const fn with_max_packet_size(self, max_packet_size: u32) -> Self {
        Self {
            max_packet_size,
            ..self
        }
    }

    /// Forgives what `leniency` names.
    #[must_use]
    pub const fn dangerous_leniency(self, leniency: Leniency) -> Self {
        Self {
            leniency,
            known: KnownBytes::NONE,
            ..self
        }
    }

    /// The version, once it is known.
    #[must_use]
    pub const fn version(&self) -> Option<Version> {
        self.version
    }

    /// Why this decoder refuses everything, if it does.
    #[must_use]
    pub const fn failure(&self) -> Option<&DecodeError> {
        self.failure.as_ref()
    }

    /// Reads a packet from the front of `bytes`; gives a view of it and how many bytes it took.
    ///
    /// # Errors
    /// When the bytes are not a packet that may come here.
    // A part of its callers: what it gives is then put together in place instead of being moved.
    #[inline(always)]
    pub fn decode<'a>(&mut self, bytes: &'a [u8]) -> Result<Status<(PacketView<'a>, usize)>> {
        if let Some((quick, len)) = self.quick(bytes)
            && let Some(frame) = bytes.get(..len)
        {
            return Ok(Status::Complete((quick.packet(SliceSource(frame)), len)));
        }
        self.decode_any(bytes)
    }

    #[inline(never)]
    fn decode_any<'a>(&mut self, bytes: &'a [u8]) -> Result<Status<(PacketView<'a>, usize)>> {
        let (header, packet) = match self.header(bytes)? {
            Status::Complete(header) => header,
            Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
        };
        let Some(frame) = bytes.get(..header.total()) else {
            return Ok(missing(header, bytes.len()));
        };
        let packet = Packet::parse(
            self.context(packet),
            self.told,
            header.len,
            SliceSource(frame),
        );
        let packet = self.settle(packet)?;
        Ok(Status::Complete((packet, frame.len())))
    }

    /// Takes a packet from the front of `buffer`; its memory is shared, not copied. The buffer is as before if the
    /// packet is refused or not all there; nothing is ever reserved in it.
    ///
    /// # Errors
    /// When the bytes are not a packet that may come here.
    // A part of its callers, as `decode` is.
    #[inline(always)]
    pub fn decode_from(&mut self, buffer: &mut BytesMut) -> Result<Status<Packet>> {
        if let Some((quick, len)) = self.quick(buffer) {
            return Ok(Status::Complete(quick.packet(BufferSource { buffer, len })));
        }
        self.decode_any_from(buffer)
    }

    #[inline(never)]
    fn decode_any_from(&mut self, buffer: &mut BytesMut) -> Result<Status<Packet>> {
        let (header, packet) = match self.header(buffer)? {
            Status::Complete(header) => header,
            Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
        };
        let len = header.total();
        if buffer.len() < len {
            return Ok(missing(header, buffer.len()));
        }
        let source = BufferSource { buffer, len };
        let packet = Packet::parse(self.context(packet), self.told, header.len, source);
        self.settle(packet).map(Status::Complete)
    }

    /// Reads a frame that holds one packet and nothing else, as a WebSocket message may.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use mqtt_codec::{Decoder, Packet, Status, Version};
    ///
    /// let mut decoder = Decoder::any(Version::V5);
    /// assert_eq!(decoder.decode_frame(Bytes::from_static(&[0xD0, 0x00]))?, Status::Complete(Packet::PingResp));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    ///
    /// # Errors
    /// When the bytes are not a packet that may come here, or there are more.
    pub fn decode_frame(&mut self, frame: Bytes) -> Result<Status<Packet>> {
        let (header, packet) = match self.header(&frame)? {
            Status::Complete(header) => header,
            Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
        };
        let total = header.total();
        if frame.len() < total {
            return Ok(missing(header, frame.len()));
        }
        let packet = if frame.len() > total {
            let extra = frame.len().saturating_sub(total);
            let mut error =
                self.error(Kind::TrailingBytes, Some(packet), Field::Body, short(extra));
            error.offset = short(total);
            Err(error)
        } else {
            Packet::parse(
                self.context(packet),
                self.told,
                header.len,
                FrameSource(frame),
            )
        };
        self.settle(packet).map(Status::Complete)
    }

    /// Most of what comes: a whole PUBLISH or acknowledgement of an identifier alone, with a first byte like one that was
    /// judged before and a length of one or two bytes, against which there is nothing to say. Gives the length of the
    /// packet too. `None` leaves it to the thorough way to say what is the matter, if anything is.
    #[inline(always)]
    fn quick(&self, bytes: &[u8]) -> Option<(Quick, usize)> {
        let (&first, rest) = bytes.split_first()?;
        if !self.known.contains(first) {
            return None;
        }
        let (&low, rest) = rest.split_first()?;
        let (remaining, header, rest) = if low < 0x80 {
            (u16::from(low), 2, rest)
        } else {
            match rest.split_first()? {
                (&high @ 1..=0x7F, rest) => {
                    (u16::from(low & 0x7F) | (u16::from(high) << 7), 3, rest)
                }
                _ => return None,
            }
        };
        let body = rest.get(..usize::from(remaining))?;
        let total = remaining.saturating_add(u16::from(header));
        if u32::from(total) > self.max_packet_size {
            return None;
        }
        let quick = if first >> 4 == PacketType::Publish.code() {
            let has_properties = self.version.is_some_and(Version::has_properties);
            let layout = match publish::Layout::quick(first, header, body, has_properties) {
                Some(layout) => layout,
                None => {
                    let frame = bytes.get(..usize::from(total))?;
                    publish::Layout::parse(frame, header, self.context(PacketType::Publish)).ok()?
                }
            };
            Quick::Publish(layout)
        } else {
            let (&[high, low], []) = body.split_first_chunk()? else {
                return None;
            };
            let packet_id = PacketId::new(u16::from_be_bytes([high, low]))?;
            let ack = match first >> 4 {
                0x4 => AckType::Ack,
                0x5 => AckType::Rec,
                0x6 => AckType::Rel,
                0x7 => AckType::Comp,
                _ => return None,
            };
            Quick::Ack(ack, packet_id)
        };
        #[cfg(feature = "tracing")]
        trace(&quick.packet(SliceSource(bytes.get(..usize::from(total))?)));
        Some((quick, usize::from(total)))
    }

    /// Judges the fixed header, as far as it is there.
    #[inline]
    pub(crate) fn header(&mut self, bytes: &[u8]) -> Result<Status<(FixedHeader, PacketType)>> {
        match self.judge_header(bytes) {
            Ok(status) => {
                if let (Status::Complete(_), Some(&first), false) =
                    (&status, bytes.first(), self.expects_connect)
                {
                    self.known.insert(first);
                }
                Ok(status)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    #[inline]
    fn judge_header(&self, bytes: &[u8]) -> Result<Status<(FixedHeader, PacketType)>> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        let Some(&first) = bytes.first() else {
            return Ok(Status::Incomplete { needed: 2 });
        };
        let packet = self.judge_first_byte(first)?;
        let header = match FixedHeader::scan(bytes) {
            HeaderScan::Header(header) => header,
            HeaderScan::Short(needed) => return Ok(Status::Incomplete { needed }),
            // MQTT 3.1.1 §2.2.3, MQTT 5.0 §1.5.5
            HeaderScan::TooLong => {
                let mut error = self.error(
                    Kind::IntegerTooLong,
                    Some(packet),
                    Field::RemainingLength,
                    0,
                );
                error.offset = 1;
                return Err(error);
            }
        };
        self.judge_length(header, packet)?;
        Ok(Status::Complete((header, packet)))
    }

    /// Judges the type and its flags: all that one byte can tell.
    #[inline]
    fn judge_first_byte(&self, first: u8) -> Result<PacketType> {
        let found = u32::from(first);
        let packet = PacketType::from_code(first >> 4);
        // MQTT 3.1.1 and 5.0 [MQTT-3.1.0-1]
        if self.expects_connect && packet != Some(PacketType::Connect) {
            return Err(self.error(Kind::ConnectExpected, packet, Field::FixedHeader, found));
        }
        let version = self.version.unwrap_or(Version::V5);
        let Some(packet) =
            packet.filter(|packet| *packet != PacketType::Auth || version.has_properties())
        else {
            // MQTT 3.1.1 §2.2.1, MQTT 5.0 §2.1.2
            return Err(self.error(Kind::UnknownPacketType, None, Field::FixedHeader, found));
        };
        let allowed = match self.sender {
            Sender::Anyone => true,
            Sender::Client => packet.from_client(version),
            Sender::Server => packet.from_server(version),
        };
        // MQTT 3.1.1 §2.2.1, MQTT 5.0 §2.1.2
        if !allowed {
            return Err(self.error(
                Kind::WrongDirection,
                Some(packet),
                Field::FixedHeader,
                found,
            ));
        }
        // MQTT 3.1.1 and 5.0 [MQTT-3.1.0-2]
        if packet == PacketType::Connect && self.sender == Sender::Client && !self.expects_connect {
            return Err(self.error(Kind::SecondConnect, Some(packet), Field::FixedHeader, found));
        }
        let flags = first & 0xF;
        let kind = if packet == PacketType::Publish {
            match (qos_bits(first), first & 0b1000) {
                // MQTT 3.1.1 [MQTT-3.3.1-4], MQTT 5.0 [MQTT-3.3.1-4]
                (3, _) => Kind::InvalidQoS,
                // MQTT 3.1.1 [MQTT-3.3.1-2], [MQTT-4.3.1-1]; MQTT 5.0 [MQTT-3.3.1-2], [MQTT-4.3.1-1]
                (0, 0b1000) if !self.leniency.dup_without_qos => Kind::DupWithoutQoS,
                _ => return Ok(packet),
            }
        } else if flags == packet.reserved_flags() {
            return Ok(packet);
        } else if version == Version::V31
            && flags == packet.reserved_flags() | 0b1000
            && flags & 0b0010 != 0
        {
            // MQTT 3.1 §2.1: PUBREL, SUBSCRIBE and UNSUBSCRIBE are sent at QoS 1 and may be repeated with DUP.
            return Ok(packet);
        } else {
            // MQTT 3.1.1 [MQTT-2.2.2-1], [MQTT-2.2.2-2], [MQTT-3.6.1-1], [MQTT-3.8.1-1], [MQTT-3.10.1-1],
            // [MQTT-3.14.1-1]; MQTT 5.0 [MQTT-2.1.3-1], [MQTT-3.6.1-1], [MQTT-3.8.1-1], [MQTT-3.10.1-1],
            // [MQTT-3.14.1-1], [MQTT-3.15.1-1]
            Kind::InvalidFlags
        };
        Err(self.error(kind, Some(packet), Field::FixedHeader, found))
    }

    /// Judges the Remaining Length: its form, the limit, and what the type can have.
    #[inline]
    fn judge_length(&self, header: FixedHeader, packet: PacketType) -> Result<()> {
        let v5 = self.version.is_some_and(Version::has_properties);
        let (kind, found) = if v5 && !header.is_shortest() {
            // MQTT 5.0 [MQTT-1.5.5-1]; 3.1.1 does not say it.
            (
                Kind::IntegerNotShortest,
                u32::from(header.len).saturating_sub(1),
            )
        } else if header.total() > index(self.max_packet_size) {
            (Kind::PacketTooLarge, short(header.total()))
        } else if exact_length(packet, v5).is_some_and(|exact| exact != header.remaining) {
            // MQTT 3.1.1 §3.2.1, §3.4.1 to §3.7.1, §3.11.1 to §3.14.1; MQTT 5.0 §3.12.1, §3.13.1
            (Kind::UnexpectedLength, header.remaining)
        } else {
            return Ok(());
        };
        let mut error = self.error(kind, Some(packet), Field::RemainingLength, found);
        error.offset = 1;
        Err(error)
    }

    #[inline]
    pub(crate) fn context(&self, packet: PacketType) -> Context {
        Context {
            // A CONNECT that is read without a version says its own.
            version: self.version.unwrap_or(Version::V311),
            packet,
            sender: self.sender,
            leniency: self.leniency,
        }
    }

    #[cold]
    fn error(
        &self,
        kind: Kind,
        packet: Option<PacketType>,
        field: Field,
        found: u32,
    ) -> DecodeError {
        DecodeError {
            kind,
            packet,
            field,
            version: self.version,
            detail: Detail::None,
            offset: 0,
            found,
        }
    }

    #[cold]
    pub(crate) fn fail(&mut self, error: DecodeError) -> DecodeError {
        self.failure = Some(error);
        self.known = KnownBytes::NONE;
        #[cfg(feature = "tracing")]
        tracing::debug!(%error, "refused");
        error
    }

    /// Remembers what a packet means for those after it.
    #[inline]
    pub(crate) fn settle<S: Storage>(&mut self, packet: Result<Packet<S>>) -> Result<Packet<S>> {
        match packet {
            Ok(packet) => {
                if !self.told
                    && let Packet::Connect(connect) = &packet
                {
                    self.version = Some(connect.version());
                    self.expects_connect = false;
                    self.known = KnownBytes::NONE;
                }
                #[cfg(feature = "tracing")]
                trace(&packet);
                Ok(packet)
            }
            Err(error) => Err(self.fail(error)),
        }
    }
}

/// What comes most.
#[derive(Clone, Copy)]
enum Quick {
    Publish(publish::Layout),
    Ack(AckType, PacketId),
}

#[derive(Clone, Copy)]
enum AckType {
    Ack,
    Rec,
    Rel,
    Comp,
}

impl Quick {
    #[inline(always)]
    fn packet<S: Storage>(self, source: impl Source<S>) -> Packet<S> {
        let (ack, id) = match self {
            Self::Publish(layout) => return Packet::Publish(Publish::new(source.take(), layout)),
            Self::Ack(ack, id) => (ack, ack::Layout::plain(id)),
        };
        source.discard();
        match ack {
            AckType::Ack => Packet::PubAck(PubAck::from_layout(S::default(), id)),
            AckType::Rec => Packet::PubRec(PubRec::from_layout(S::default(), id)),
            AckType::Rel => Packet::PubRel(PubRel::from_layout(S::default(), id)),
            AckType::Comp => Packet::PubComp(PubComp::from_layout(S::default(), id)),
        }
    }
}

/// A set of bytes.
#[derive(Clone, Copy, Debug)]
struct KnownBytes([u64; 4]);

impl KnownBytes {
    const NONE: Self = Self([0; 4]);

    #[inline]
    fn contains(&self, byte: u8) -> bool {
        self.0
            .get(usize::from(byte >> 6))
            .is_some_and(|word| (word >> (byte & 0x3F)) & 1 != 0)
    }

    fn insert(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 0x3F);
        }
    }
}

/// Types and identifiers only: neither topics nor payloads nor credentials get into a trace.
#[cfg(feature = "tracing")]
fn trace<S: Storage>(packet: &Packet<S>) {
    tracing::trace!(packet = %packet.packet_type(), id = packet.packet_id().map(PacketId::get), "decoded");
}

/// The one Remaining Length that a type can have in a version, if there is one.
#[inline]
const fn exact_length(packet: PacketType, v5: bool) -> Option<u32> {
    match packet {
        PacketType::PingReq | PacketType::PingResp => Some(0),
        PacketType::Disconnect if !v5 => Some(0),
        PacketType::ConnAck
        | PacketType::PubAck
        | PacketType::PubRec
        | PacketType::PubRel
        | PacketType::PubComp
        | PacketType::UnsubAck
            if !v5 =>
        {
            Some(2)
        }
        _ => None,
    }
}

#[cold]
fn missing<T>(header: FixedHeader, have: usize) -> Status<T> {
    Status::Incomplete {
        needed: header.total().saturating_sub(have),
    }
}
