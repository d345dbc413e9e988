use bytes::BufMut;

use crate::decode_error::Field;
use crate::encode_error::{EncodeError, EncodeErrorKind};
use crate::publish::Publish;
use crate::reader::{index, short};
use crate::storage::Storage;
use crate::varint::VariableByteInteger;
use crate::wire::{Ready, Trim, Wire};
use crate::{PacketType, Version};

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
    max_packet_size: u32,
    problem_information: bool,
}

impl Encoder {
    /// The largest packet that the fixed header can announce: 268,435,460 bytes.
    pub const MAX_PACKET_SIZE: u32 = 268_435_460;

    /// An encoder for receivers of this version, without other limits than those of the protocol.
    #[must_use]
    pub const fn new(version: Version) -> Self {
        Self {
            version,
            max_packet_size: Self::MAX_PACKET_SIZE,
            problem_information: true,
        }
    }

    /// Sends nothing larger than the Maximum Packet Size of the receiver.
    ///
    /// Reason String and User Properties of answers are left out when they would make a packet too large
    /// (MQTT 5.0 [MQTT-3.2.2-19], [MQTT-3.2.2-20], and the same for the other answers).
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
    #[must_use]
    pub const fn with_problem_information(self, problem_information: bool) -> Self {
        Self {
            problem_information,
            ..self
        }
    }

    /// The same encoder for receivers of another version.
    #[must_use]
    pub const fn with_version(self, version: Version) -> Self {
        Self { version, ..self }
    }

    /// The version of the receiver.
    #[must_use]
    pub const fn version(&self) -> Version {
        self.version
    }

    /// The exact number of bytes that [`encode`](Self::encode) would write.
    ///
    /// # Errors
    /// The same as for encoding.
    pub fn encoded_len<P: Encode + ?Sized>(&self, packet: &P) -> Result<usize, EncodeError> {
        let len = match packet.ready(self.version) {
            Ready::Frame(frame) => frame.len(),
            Ready::Four(bytes) => bytes.len(),
            Ready::No => return self.plan(packet).map(|plan| plan.total),
        };
        self.fits(packet.packet_type(), len).map(|()| len)
    }

    /// Writes a packet.
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
            let remaining = packet.remaining(self.version, trim)?;
            let header = VariableByteInteger::saturating(short(remaining))
                .encoded_len()
                .saturating_add(1);
            let total = header.saturating_add(remaining);
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
