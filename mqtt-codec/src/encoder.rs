use bytes::BufMut;

use crate::connack::ConnAck;
use crate::connect::Connect;
use crate::decode_error::Field;
use crate::encode_error::{EncodeError, EncodeErrorKind};
use crate::properties::Properties;
use crate::publish::Publish;
use crate::reader::{Sender, index, short};
use crate::storage::Storage;
use crate::varint::VariableByteInteger;
use crate::wire::{Ready, Trim, Wire};
use crate::{PacketType, Version, topic};

/// What an [`Encoder`] can encode: [`Packet`](crate::Packet) and every packet type. Sealed.
///
/// ```
/// use mqtt_codec::{Encode, Encoder, Packet, Publish, Version};
///
/// fn size(packet: &impl Encode) -> usize {
///     Encoder::new(Version::V311).encoded_len(packet).unwrap()
/// }
///
/// let publish = Publish::builder("a").build()?;
/// assert_eq!(size(&publish), 5);
/// assert_eq!(size(&Packet::from(publish)), 5);
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
pub trait Encode: Wire {}

/// Turns packets into bytes for one receiver: its version, and what it said it accepts.
///
/// A packet can be encoded for any version. What an older version cannot carry is left out; what would change
/// its meaning by being left out is refused. The rules stand in the documentation of each packet type.
///
/// An encoder that knows which side it writes for ([`client`](Self::client), [`server`](Self::server)) refuses what
/// this side may not send, so that it emits nothing that the peer's [`Decoder`](crate::Decoder) would refuse; one that
/// does not ([`new`](Self::new)) writes what either side may.
///
/// ```
/// use bytes::BytesMut;
/// use mqtt_codec::{Encoder, PropertiesBuf, Property, Publish, Version};
///
/// let mut properties = PropertiesBuf::new();
/// properties.push(Property::ContentType("text/plain"))?;
/// let publish = Publish::builder("a").properties(&properties).payload(b"x").build()?;
///
/// let mut out = BytesMut::new();
/// Encoder::new(Version::V311).encode(&publish, &mut out)?; // a 3.1.1 subscriber gets no properties
/// assert_eq!(out, &b"\x30\x04\x00\x01ax"[..]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoder {
    version: Version,
    sender: Sender,
    problem_information: bool,
    shared_subscriptions: bool,
    max_packet_size: u32,
}

impl Encoder {
    /// The largest packet that the fixed header can announce: 268,435,460 bytes.
    pub const MAX_PACKET_SIZE: u32 = 268_435_460;

    /// An encoder of what either side may send, without other limits than those of the protocol: for proxies, tools
    /// and tests.
    ///
    /// ```
    /// use mqtt_codec::{Encoder, Packet, Version};
    ///
    /// let (encoder, mut out) = (Encoder::new(Version::V5), Vec::new());
    /// encoder.encode(&<Packet>::PingReq, &mut out)?;
    /// encoder.encode(&<Packet>::PingResp, &mut out)?;
    /// assert_eq!(out, [0xC0, 0x00, 0xD0, 0x00]);
    /// # Ok::<(), mqtt_codec::EncodeError>(())
    /// ```
    #[must_use]
    pub const fn new(version: Version) -> Self {
        Self {
            version,
            sender: Sender::Anyone,
            problem_information: true,
            shared_subscriptions: false,
            max_packet_size: Self::MAX_PACKET_SIZE,
        }
    }

    /// An encoder of what a client sends to a server.
    ///
    /// ```
    /// use mqtt_codec::{EncodeErrorKind, Encoder, Packet, Version};
    ///
    /// let error = Encoder::client(Version::V5).encode(&<Packet>::PingResp, &mut Vec::new()).unwrap_err();
    /// assert_eq!(error.kind(), EncodeErrorKind::WrongDirection);
    /// ```
    #[must_use]
    pub const fn client(version: Version) -> Self {
        Self {
            sender: Sender::Client,
            ..Self::new(version)
        }
    }

    /// An encoder of what a server sends to a client.
    ///
    /// ```
    /// use mqtt_codec::{Disconnect, Encoder, Version};
    ///
    /// // In 3.1.1 only clients say that they go.
    /// assert!(Encoder::server(Version::V311).encode(&Disconnect::new(), &mut Vec::new()).is_err());
    /// assert!(Encoder::server(Version::V5).encode(&Disconnect::new(), &mut Vec::new()).is_ok());
    /// ```
    #[must_use]
    pub const fn server(version: Version) -> Self {
        Self {
            sender: Sender::Server,
            ..Self::new(version)
        }
    }

    /// An encoder of what a server sends to the client that sent this: in its version, within its Maximum Packet Size,
    /// and with no more reasons for people than its Request Problem Information allows.
    ///
    /// ```
    /// use core::num::NonZeroU32;
    /// use mqtt_codec::{Connect, EncodeErrorKind, Encoder, PropertiesBuf, Property, Publish, Version};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::MaximumPacketSize(NonZeroU32::new(64).unwrap()))?;
    /// let connect = Connect::builder(Version::V5, "small").properties(&properties).build()?;
    ///
    /// let encoder = Encoder::for_client(&connect);
    /// let large = Publish::builder("a").payload(&[0; 100]).build()?;
    /// let error = encoder.encode(&large, &mut Vec::new()).unwrap_err();
    /// assert_eq!(error.kind(), EncodeErrorKind::PacketTooLarge);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn for_client<S: Storage>(connect: &Connect<S>) -> Self {
        Self::server(connect.version()).within(connect.properties())
    }

    /// An encoder of what a client sends to the server that answered so: within its Maximum Packet Size.
    ///
    /// ```
    /// use mqtt_codec::{ConnAck, Encoder, ReasonCode, Version};
    ///
    /// let answer = ConnAck::builder(ReasonCode::Success).build()?;
    /// assert_eq!(Encoder::for_server(Version::V5, &answer), Encoder::client(Version::V5));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn for_server<S: Storage>(version: Version, answer: &ConnAck<S>) -> Self {
        Self::client(version).within(answer.properties())
    }

    /// As far as the peer's properties allow.
    pub(crate) fn within(self, properties: Properties<'_>) -> Self {
        let allowed = properties
            .maximum_packet_size()
            .map_or(Self::MAX_PACKET_SIZE, core::num::NonZeroU32::get);
        let problem_information = properties.request_problem_information() != Some(false);
        Self {
            problem_information: self.problem_information && problem_information,
            max_packet_size: self.max_packet_size.min(allowed),
            ..self
        }
    }

    /// Sends nothing larger than the Maximum Packet Size of the receiver.
    ///
    /// Reason String and User Properties of answers are left out when they would make a packet too large
    /// (MQTT 5.0 [MQTT-3.2.2-19], [MQTT-3.2.2-20], and the same for the other answers).
    ///
    /// ```
    /// use mqtt_codec::{EncodeErrorKind, Encoder, Publish, Version};
    ///
    /// let encoder = Encoder::new(Version::V5).with_max_packet_size(64);
    /// let publish = Publish::builder("a").payload(&[0; 100]).build()?;
    /// let error = encoder.encode(&publish, &mut Vec::new()).unwrap_err();
    /// assert_eq!(error.kind(), EncodeErrorKind::PacketTooLarge);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn with_max_packet_size(self, max_packet_size: u32) -> Self {
        let max_packet_size = if max_packet_size > Self::MAX_PACKET_SIZE {
            Self::MAX_PACKET_SIZE
        } else {
            max_packet_size
        };
        Self {
            max_packet_size,
            ..self
        }
    }

    /// Says whether the client's Request Problem Information allows reasons for people; with `false`, Reason
    /// String and User Properties go out only with PUBLISH, CONNACK and DISCONNECT (MQTT 5.0 [MQTT-3.1.2-29]).
    ///
    /// ```
    /// use mqtt_codec::{Encoder, PacketId, PropertiesBuf, Property, PubAck, Version};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::ReasonString("welcome"))?;
    /// let ack = PubAck::builder(PacketId::MIN).properties(&properties).build()?;
    /// let mut out = Vec::new();
    /// Encoder::new(Version::V5).with_problem_information(false).encode(&ack, &mut out)?;
    /// assert_eq!(out, [0x40, 0x02, 0x00, 0x01]);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn with_problem_information(self, problem_information: bool) -> Self {
        Self {
            problem_information,
            ..self
        }
    }

    /// Says that the receiver takes `$share/name/filter` for a shared subscription in every version, as some servers do
    /// for 3.1.1, so that it may go from 3.x to 5.0 and back. Otherwise it is refused between them: to the standards it
    /// is a shared subscription in 5.0 and a filter like any other in 3.x.
    ///
    /// ```
    /// use mqtt_codec::{Encoder, PacketId, QoS, Subscribe, Version};
    ///
    /// let subscribe = Subscribe::builder(PacketId::MIN).filter("$share/g/a", QoS::AtMostOnce).build()?;
    /// let encoder = Encoder::client(Version::V311);
    /// assert!(encoder.encode(&subscribe, &mut Vec::new()).is_err());
    /// assert!(encoder.with_shared_subscriptions(true).encode(&subscribe, &mut Vec::new()).is_ok());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn with_shared_subscriptions(self, shared_subscriptions: bool) -> Self {
        Self {
            shared_subscriptions,
            ..self
        }
    }

    /// The same encoder for receivers of another version.
    ///
    /// ```
    /// use mqtt_codec::{Encoder, Version};
    ///
    /// let encoder = Encoder::server(Version::V311).with_version(Version::V5);
    /// assert_eq!(encoder, Encoder::server(Version::V5));
    /// ```
    #[must_use]
    pub const fn with_version(self, version: Version) -> Self {
        Self { version, ..self }
    }

    /// The version of the receiver.
    ///
    /// ```
    /// use mqtt_codec::{Encoder, Version};
    ///
    /// assert_eq!(Encoder::new(Version::V5).version(), Version::V5);
    /// ```
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    pub(crate) const fn sender(&self) -> Sender {
        self.sender
    }

    /// Whether a filter of 3.x means the same to a receiver of 5.0, or the other way round.
    pub(crate) fn means_the_same(&self, filter: &[u8]) -> bool {
        !topic::is_shared(filter)
            || (self.shared_subscriptions
                && (!self.version.has_properties() || topic::check_filter(filter, true).is_ok()))
    }

    /// Refuses what this side may not send.
    #[inline]
    fn judge<P: Encode + ?Sized>(&self, packet: &P) -> Result<(), EncodeError> {
        match self.sender {
            Sender::Anyone => Ok(()),
            sender => self.judge_sender(packet, sender),
        }
    }

    fn judge_sender<P: Encode + ?Sized>(
        &self,
        packet: &P,
        sender: Sender,
    ) -> Result<(), EncodeError> {
        let packet_type = packet.packet_type();
        let verdict = if !sender.may_send(packet_type, self.version) {
            Err(Field::FixedHeader)
        } else if self.version.has_properties() {
            packet.may_come_from(sender)
        } else {
            Ok(())
        };
        verdict.map_err(|field| EncodeError::wrong_direction(packet_type, self.version, field))
    }

    /// The exact number of bytes that [`encode`](Self::encode) would write.
    ///
    /// ```
    /// use mqtt_codec::{Encoder, Publish, Version};
    ///
    /// let publish = Publish::builder("a").payload(b"x").build()?;
    /// assert_eq!(Encoder::new(Version::V311).encoded_len(&publish)?, 6);
    /// assert_eq!(Encoder::new(Version::V5).encoded_len(&publish)?, 7); // with its Property Length
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The same as for encoding.
    pub fn encoded_len<P: Encode + ?Sized>(&self, packet: &P) -> Result<usize, EncodeError> {
        self.judge(packet)?;
        let len = match packet.ready(self.version) {
            Ready::Frame(frame) => frame.len(),
            Ready::Four(bytes) => bytes.len(),
            Ready::No => return self.plan(packet).map(|plan| plan.total),
        };
        self.fits(packet.packet_type(), len).map(|()| len)
    }

    /// Writes a packet.
    ///
    /// ```
    /// use mqtt_codec::{Encoder, PacketId, PubAck, Version};
    ///
    /// let mut out = Vec::new();
    /// Encoder::new(Version::V311).encode(&PubAck::new(PacketId::MIN), &mut out)?;
    /// assert_eq!(out, [0x40, 0x02, 0x00, 0x01]);
    ///
    /// // Into memory of a fixed size: nothing is written if there is no room.
    /// let mut memory = [0; 3];
    /// assert!(Encoder::new(Version::V311).encode(&PubAck::new(PacketId::MIN), &mut &mut memory[..]).is_err());
    /// # Ok::<(), mqtt_codec::EncodeError>(())
    /// ```
    ///
    /// # Errors
    /// When the version cannot say it, when it is larger than the receiver takes, or when `out` has no room.
    /// Nothing is written, then.
    #[inline]
    pub fn encode<P: Encode + ?Sized, B: BufMut + ?Sized>(
        &self,
        packet: &P,
        out: &mut B,
    ) -> Result<(), EncodeError> {
        self.judge(packet)?;
        let room = out.remaining_mut().min(index(self.max_packet_size));
        match packet.ready(self.version) {
            Ready::Frame(frame) if frame.len() <= room => out.put_slice(frame),
            Ready::Four(bytes) if bytes.len() <= room => out.put_slice(&bytes),
            _ => return self.measure_and_write(packet, out),
        }
        Ok(())
    }

    fn measure_and_write<P: Encode + ?Sized, B: BufMut + ?Sized>(
        &self,
        packet: &P,
        out: &mut B,
    ) -> Result<(), EncodeError> {
        let plan = self.plan(packet)?;
        self.room(packet.packet_type(), plan.total, out)?;
        packet.write(self.version, plan.trim, plan.remaining, out);
        Ok(())
    }

    /// Writes everything of a PUBLISH but its payload, for a vectored write of both: nothing of the payload
    /// is copied, so the cost does not depend on its size.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use mqtt_codec::{Encoder, Publish, Version};
    ///
    /// let publish = Publish::builder("a").payload(b"hello").build()?;
    /// let mut head = BytesMut::new();
    /// Encoder::new(Version::V311).encode_publish_head(&publish, &mut head)?;
    /// assert_eq!(head, &b"\x30\x08\x00\x01a"[..]);
    /// assert_eq!(publish.payload(), b"hello"); // to be written after it
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    #[inline]
    pub fn encode_publish_head<S: Storage, B: BufMut + ?Sized>(
        &self,
        publish: &Publish<S>,
        out: &mut B,
    ) -> Result<(), EncodeError> {
        self.judge(publish)?;
        if let Some(head) = publish.verbatim_head(self.version) {
            self.fits(
                PacketType::Publish,
                head.len().saturating_add(publish.payload().len()),
            )?;
            self.room(PacketType::Publish, head.len(), out)?;
            out.put_slice(head);
            return Ok(());
        }
        let plan = self.plan(publish)?;
        self.room(
            PacketType::Publish,
            plan.total.saturating_sub(publish.payload().len()),
            out,
        )?;
        publish.write_head(self.version, plan.remaining, out);
        Ok(())
    }

    /// Writes everything of a PUBLISH but its payload of so many bytes, which is for the caller to send after it: what a
    /// [`StreamDecoder`](crate::StreamDecoder) takes apart, put together again.
    ///
    /// ```
    /// use mqtt_codec::{Encoder, Publish, Version};
    ///
    /// let publish = Publish::builder("firmware").build()?;
    /// let mut head = Vec::new();
    /// Encoder::client(Version::V311).encode_streamed_head(&publish, 1_000_000, &mut head)?;
    /// assert_eq!(head, b"\x30\xCA\x84\x3D\x00\x08firmware");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    pub fn encode_streamed_head<S: Storage, B: BufMut + ?Sized>(
        &self,
        publish: &Publish<S>,
        payload_len: u32,
        out: &mut B,
    ) -> Result<(), EncodeError> {
        self.judge(publish)?;
        let head = publish.head_len(self)?;
        let remaining = head.saturating_add(index(payload_len));
        let header = header_len(remaining);
        self.fits(PacketType::Publish, remaining.saturating_add(header))?;
        self.room(PacketType::Publish, head.saturating_add(header), out)?;
        publish.write_head(self.version, short(remaining), out);
        Ok(())
    }

    #[inline]
    pub(crate) fn fits(&self, packet: PacketType, len: usize) -> Result<(), EncodeError> {
        // MQTT 5.0 [MQTT-3.1.2-24], [MQTT-3.1.2-25], [MQTT-3.2.2-15]
        if len <= index(self.max_packet_size) {
            return Ok(());
        }
        Err(self.failure(
            EncodeErrorKind::PacketTooLarge,
            packet,
            len,
            index(self.max_packet_size),
        ))
    }

    #[inline]
    pub(crate) fn room<B: BufMut + ?Sized>(
        &self,
        packet: PacketType,
        len: usize,
        out: &B,
    ) -> Result<(), EncodeError> {
        if len <= out.remaining_mut() {
            return Ok(());
        }
        Err(self.failure(
            EncodeErrorKind::BufferTooSmall,
            packet,
            len,
            out.remaining_mut(),
        ))
    }

    #[cold]
    fn failure(
        &self,
        kind: EncodeErrorKind,
        packet: PacketType,
        len: usize,
        limit: usize,
    ) -> EncodeError {
        EncodeError {
            kind,
            packet,
            version: self.version,
            field: Field::Body,
            len,
            limit,
        }
    }

    #[inline]
    fn plan<P: Encode + ?Sized>(&self, packet: &P) -> Result<Plan, EncodeError> {
        let packet_type = packet.packet_type();
        let mut trim = match packet_type {
            // MQTT 5.0 [MQTT-3.1.2-29]
            PacketType::PubAck
            | PacketType::PubRec
            | PacketType::PubRel
            | PacketType::PubComp
            | PacketType::SubAck
            | PacketType::UnsubAck
            | PacketType::Auth
                if !self.problem_information =>
            {
                Trim::UserPropertiesAndReasonString
            }
            _ => Trim::Nothing,
        };
        loop {
            let remaining = packet.remaining(self, trim)?;
            let total = header_len(remaining).saturating_add(remaining);
            match self.fits(packet_type, total) {
                Ok(()) => {
                    return Ok(Plan {
                        trim,
                        remaining: short(remaining),
                        total,
                    });
                }
                Err(error) => trim = next_trim(packet_type, trim).ok_or(error)?,
            }
        }
    }
}

/// The length of a fixed header that announces so many bytes.
fn header_len(remaining: usize) -> usize {
    VariableByteInteger::saturating(short(remaining))
        .encoded_len()
        .saturating_add(1)
}

struct Plan {
    trim: Trim,
    remaining: u32,
    total: usize,
}

/// What else can be left out of an answer that is too large.
///
/// MQTT 5.0 [MQTT-3.2.2-19], [MQTT-3.2.2-20] CONNACK; [MQTT-3.4.2-2], [MQTT-3.4.2-3] PUBACK; [MQTT-3.5.2-2],
/// [MQTT-3.5.2-3] PUBREC; [MQTT-3.6.2-2], [MQTT-3.6.2-3] PUBREL; [MQTT-3.7.2-2], [MQTT-3.7.2-3] PUBCOMP;
/// [MQTT-3.9.2-1], [MQTT-3.9.2-2] SUBACK; [MQTT-3.11.2-1], [MQTT-3.11.2-2] UNSUBACK; [MQTT-3.14.2-3],
/// [MQTT-3.14.2-4] DISCONNECT; [MQTT-3.15.2-2], [MQTT-3.15.2-3] AUTH.
#[cold]
fn next_trim(packet: PacketType, trim: Trim) -> Option<Trim> {
    match packet {
        PacketType::ConnAck
        | PacketType::PubAck
        | PacketType::PubRec
        | PacketType::PubRel
        | PacketType::PubComp
        | PacketType::SubAck
        | PacketType::UnsubAck
        | PacketType::Disconnect
        | PacketType::Auth => match trim {
            Trim::Nothing => Some(Trim::UserProperties),
            Trim::UserProperties => Some(Trim::UserPropertiesAndReasonString),
            Trim::UserPropertiesAndReasonString => None,
        },
        _ => None,
    }
}
