use bytes::{Bytes, BytesMut};

use crate::decode_error::{DecodeError, DecodeErrorKind as Kind, Field};
use crate::header::FixedHeader;
use crate::packet::{Packet, PacketView};
use crate::quick::{KnownBytes, Quick};
use crate::reader::{Result, Sender, short};
use crate::rules::{Phase, Rules, Streams};
use crate::status::Status;
use crate::storage::{BufferSource, FrameSource, SliceSource, Storage};
use crate::{Leniency, PacketType, Version};

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
    pub(crate) rules: Rules,
    failure: Option<DecodeError>,
    known: KnownBytes,
}

impl Decoder {
    /// The limit of a new decoder: 1 MiB.
    pub const DEFAULT_MAX_PACKET_SIZE: u32 = 1024 * 1024;

    const fn new(sender: Sender, version: Option<Version>, phase: Phase) -> Self {
        Self {
            rules: Rules {
                sender,
                version,
                told: version.is_some(),
                phase,
                max_packet_size: Self::DEFAULT_MAX_PACKET_SIZE,
                leniency: Leniency::NONE,
            },
            failure: None,
            known: KnownBytes::NONE,
        }
    }

    /// A decoder of what a server receives: CONNECT first, which says the version.
    ///
    /// ```
    /// use mqtt_codec::{DecodeErrorKind, Decoder};
    ///
    /// let error = Decoder::server().decode(&[0xC0]).unwrap_err();
    /// assert_eq!(error.kind(), DecodeErrorKind::ConnectExpected);
    /// ```
    #[must_use]
    pub const fn server() -> Self {
        Self::new(Sender::Client, None, Phase::Connect)
    }

    /// A decoder of what a server receives after a CONNECT of this version that was read elsewhere.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let (packet, _) = Decoder::server_after_connect(Version::V311).decode(&[0xC0, 0x00])?.complete().unwrap();
    /// assert_eq!(packet, Packet::PingReq);
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub const fn server_after_connect(version: Version) -> Self {
        Self::new(Sender::Client, Some(version), Phase::Open)
    }

    /// A decoder of what a client receives: CONNACK first, in 5.0 perhaps after AUTH, and no other after it.
    ///
    /// ```
    /// use mqtt_codec::{DecodeErrorKind, Decoder, Version};
    ///
    /// let mut decoder = Decoder::client(Version::V311);
    /// assert!(decoder.decode(&[0x20, 0x02, 0x00, 0x00])?.complete().is_some());
    /// let error = decoder.decode(&[0x20, 0x02, 0x00, 0x00]).unwrap_err();
    /// assert_eq!(error.kind(), DecodeErrorKind::SecondConnAck);
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub const fn client(version: Version) -> Self {
        Self::new(Sender::Server, Some(version), Phase::ConnAck)
    }

    /// A decoder of what a client receives after a CONNACK that was read elsewhere.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let (packet, _) = Decoder::client_after_connack(Version::V5).decode(&[0xD0, 0x00])?.complete().unwrap();
    /// assert_eq!(packet, Packet::PingResp);
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub const fn client_after_connack(version: Version) -> Self {
        Self::new(Sender::Server, Some(version), Phase::Open)
    }

    /// A decoder of packets of this version from either side.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Version};
    ///
    /// let mut decoder = Decoder::any(Version::V5);
    /// assert!(decoder.decode(&[0xC0, 0x00])?.complete().is_some()); // a client's PINGREQ
    /// assert!(decoder.decode(&[0xD0, 0x00])?.complete().is_some()); // a server's PINGRESP
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub const fn any(version: Version) -> Self {
        Self::new(Sender::Anyone, Some(version), Phase::Open)
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
        Self::new(Sender::Anyone, None, Phase::Connect)
    }

    /// Sets the largest packet, fixed header included. What is larger is refused as soon as its fixed header is there.
    ///
    /// ```
    /// use mqtt_codec::{DecodeErrorKind, Decoder, Version};
    ///
    /// let mut decoder = Decoder::any(Version::V5).with_max_packet_size(64);
    /// let error = decoder.decode(&[0x30, 0x7F]).unwrap_err();
    /// assert_eq!(error.kind(), DecodeErrorKind::PacketTooLarge);
    /// ```
    #[must_use]
    pub const fn with_max_packet_size(mut self, max_packet_size: u32) -> Self {
        self.rules.max_packet_size = max_packet_size;
        self
    }

    /// Forgives what `leniency` names; see [`Leniency`] for an example.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Leniency, Version};
    ///
    /// let strict = Decoder::any(Version::V311).dangerous_leniency(Leniency::NONE);
    /// assert!(strict.clone().decode(&[0x38]).is_err());
    /// assert!(strict.dangerous_leniency(Leniency::NONE.dup_without_qos()).decode(&[0x38]).is_ok());
    /// ```
    #[must_use]
    pub const fn dangerous_leniency(mut self, leniency: Leniency) -> Self {
        self.rules.leniency = leniency;
        self.known = KnownBytes::NONE;
        self
    }

    /// The version, once it is known.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Version};
    ///
    /// assert_eq!(Decoder::server().version(), None);
    /// assert_eq!(Decoder::client(Version::V5).version(), Some(Version::V5));
    /// ```
    #[must_use]
    pub const fn version(&self) -> Option<Version> {
        self.rules.version
    }

    /// Why this decoder refuses everything, if it does.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Version};
    ///
    /// let mut decoder = Decoder::any(Version::V311);
    /// assert_eq!(decoder.failure(), None);
    /// let error = decoder.decode(&[0x00]).unwrap_err();
    /// assert_eq!(decoder.failure(), Some(&error));
    /// ```
    #[must_use]
    pub const fn failure(&self) -> Option<&DecodeError> {
        self.failure.as_ref()
    }

    /// Reads a packet from the front of `bytes`; gives a view of it and how many bytes it took.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Status, Version};
    ///
    /// let received = b"\x30\x04\x00\x01ax\xC0\x00";
    /// let mut decoder = Decoder::any(Version::V311);
    /// let Status::Complete((Packet::Publish(publish), used)) = decoder.decode(received)? else { panic!() };
    /// assert_eq!((publish.topic(), publish.payload(), used), ("a", &b"x"[..], 6));
    /// assert_eq!(decoder.decode(&received[used..])?, Status::Complete((Packet::PingReq, 2)));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
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
        let (header, packet) = match self.header(bytes, None)? {
            Status::Complete(header) => header,
            Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
        };
        let Some(frame) = bytes.get(..header.total()) else {
            return Ok(missing(header, bytes.len()));
        };
        let packet = Packet::parse(
            self.rules.context(packet),
            self.rules.told,
            header.len,
            SliceSource(frame),
        );
        let packet = self.settle(packet)?;
        Ok(Status::Complete((packet, frame.len())))
    }

    /// Takes a packet from the front of `buffer`; its memory is shared, not copied. The buffer is as before if the
    /// packet is refused or not all there; nothing is ever reserved in it.
    ///
    /// A packet that is kept keeps the whole memory of the buffer that it came in. What is to be kept for long, as a
    /// retained message, is better copied out of it with [`Packet::to_owned_packet`] or [`PreparedPublish::copy_of`].
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use mqtt_codec::{Decoder, Packet, Status, Version};
    ///
    /// let mut buffer = BytesMut::from(&b"\x40\x02\x00\x07\xC0"[..]);
    /// let mut decoder = Decoder::any(Version::V311);
    /// let Status::Complete(Packet::PubAck(ack)) = decoder.decode_from(&mut buffer)? else { panic!() };
    /// assert_eq!(ack.packet_id().get(), 7);
    /// assert_eq!(decoder.decode_from(&mut buffer)?, Status::Incomplete { needed: 1 });
    /// assert_eq!(buffer, [0xC0][..]);
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    ///
    /// [`PreparedPublish::copy_of`]: crate::PreparedPublish::copy_of
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
        let (header, packet) = match self.header(buffer, None)? {
            Status::Complete(header) => header,
            Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
        };
        let len = header.total();
        if buffer.len() < len {
            return Ok(missing(header, buffer.len()));
        }
        let source = BufferSource { buffer, len };
        let packet = Packet::parse(
            self.rules.context(packet),
            self.rules.told,
            header.len,
            source,
        );
        self.settle(packet).map(Status::Complete)
    }

    /// Reads a frame that holds one packet and nothing else, as a log of packets does. The frames of a WebSocket are
    /// nothing of the kind: packets need not begin or end with them (MQTT 3.1.1 and 5.0 [MQTT-6.0.0-2]), so they are
    /// put into a buffer for [`decode_from`](Self::decode_from).
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
        let (header, packet) = match self.header(&frame, None)? {
            Status::Complete(header) => header,
            Status::Incomplete { needed } => return Ok(Status::Incomplete { needed }),
        };
        let total = header.total();
        if frame.len() < total {
            return Ok(missing(header, frame.len()));
        }
        let packet = if frame.len() > total {
            let extra = frame.len().saturating_sub(total);
            let offset = short(total);
            let error =
                self.rules
                    .error(Kind::TrailingBytes, Some(packet), Field::Body, short(extra));
            Err(DecodeError { offset, ..error })
        } else {
            Packet::parse(
                self.rules.context(packet),
                self.rules.told,
                header.len,
                FrameSource(frame),
            )
        };
        self.settle(packet).map(Status::Complete)
    }

    #[inline(always)]
    fn quick(&self, bytes: &[u8]) -> Option<(Quick, usize)> {
        let quick = Quick::read(bytes, &self.known, &self.rules);
        #[cfg(feature = "tracing")]
        if let Some((quick, len)) = &quick {
            trace(&quick.packet(SliceSource(bytes.get(..*len)?)));
        }
        quick
    }

    /// Judges the fixed header, as far as it is there.
    #[inline]
    pub(crate) fn header(
        &mut self,
        bytes: &[u8],
        streams: Option<&Streams>,
    ) -> Result<Status<(FixedHeader, PacketType)>> {
        if let Some(error) = self.failure {
            return Err(error);
        }
        let status = match self.rules.judge(bytes, streams) {
            Ok(status) => status,
            Err(error) => return Err(self.fail(error)),
        };
        if let (Status::Complete(_), Some(&first), Phase::Open) =
            (&status, bytes.first(), self.rules.phase)
        {
            self.known.insert(first);
        }
        Ok(status)
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
    fn settle<S: Storage>(&mut self, packet: Result<Packet<S>>) -> Result<Packet<S>> {
        let packet = match packet {
            Ok(packet) => packet,
            Err(error) => return Err(self.fail(error)),
        };
        match &packet {
            Packet::Connect(connect) if !self.rules.told => {
                self.rules.version = Some(connect.version());
                self.rules.phase = Phase::Open;
                self.known = KnownBytes::NONE;
            }
            Packet::ConnAck(answer) => self.rules.answered(answer.reason()),
            _ => {}
        }
        #[cfg(feature = "tracing")]
        trace(&packet);
        Ok(packet)
    }
}

/// Types and identifiers only: neither topics nor payloads nor credentials get into a trace.
#[cfg(feature = "tracing")]
pub(crate) fn trace<S: Storage>(packet: &Packet<S>) {
    tracing::trace!(packet = %packet.packet_type(), id = packet.packet_id().map(crate::PacketId::get), "decoded");
}

#[cold]
fn missing<T>(header: FixedHeader, have: usize) -> Status<T> {
    Status::Incomplete {
        needed: header.total().saturating_sub(have),
    }
}
