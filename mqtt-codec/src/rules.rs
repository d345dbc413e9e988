//! What a decoder holds against a packet before it has all of it: its first byte and its length.

use crate::decode_error::{DecodeError, DecodeErrorKind as Kind, Field};
use crate::header::{FixedHeader, HeaderScan};
use crate::publish_layout::qos_bits;
use crate::reader::{Context, Result, Sender, index, short};
use crate::status::Status;
use crate::{Leniency, PacketType, ReasonCode, Version};

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// CONNECT comes first.
    Connect,
    /// CONNACK comes first, in 5.0 perhaps after AUTH.
    ConnAck,
    /// The CONNACK was a refusal: nothing comes after it.
    Refused,
    /// Everything may come.
    Open,
}

/// Which PUBLISH packets come in pieces, and how large they may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streams {
    /// Those with more bytes than this after the fixed header, and those that are larger than the decoder takes whole.
    pub(crate) whole: u32,
    pub(crate) max_packet_size: u32,
}

/// Who may send what, and how much of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) sender: Sender,
    pub(crate) version: Option<Version>,
    /// Whether a CONNECT must be of `version`.
    pub(crate) told: bool,
    pub(crate) phase: Phase,
    pub(crate) max_packet_size: u32,
    pub(crate) leniency: Leniency,
}

impl Rules {
    /// Judges the fixed header, as far as it is there.
    #[inline]
    pub(crate) fn judge(
        &self,
        bytes: &[u8],
        streams: Option<&Streams>,
    ) -> Result<Status<(FixedHeader, PacketType)>> {
        let Some(&first) = bytes.first() else {
            return Ok(Status::Incomplete { needed: 2 });
        };
        let packet = self.judge_first_byte(first)?;
        let header = match FixedHeader::scan(bytes) {
            HeaderScan::Header(header) => header,
            HeaderScan::Short(needed) => return Ok(Status::Incomplete { needed }),
            // MQTT 3.1.1 §2.2.3, MQTT 5.0 §1.5.5
            HeaderScan::TooLong => {
                let field = Field::RemainingLength;
                let error = self.error(Kind::IntegerTooLong, Some(packet), field, 0);
                return Err(DecodeError { offset: 1, ..error });
            }
        };
        self.judge_length(header, packet, streams)?;
        Ok(Status::Complete((header, packet)))
    }

    /// Judges the type and its flags: all that one byte can tell.
    #[inline]
    fn judge_first_byte(&self, first: u8) -> Result<PacketType> {
        let found = u32::from(first);
        let packet = PacketType::from_code(first >> 4);
        let refuse = |kind| Err(self.error(kind, packet, Field::FixedHeader, found));
        // MQTT 3.1.1 and 5.0 [MQTT-3.1.0-1]
        if self.phase == Phase::Connect && packet != Some(PacketType::Connect) {
            return refuse(Kind::ConnectExpected);
        }
        let version = self.version.unwrap_or(Version::V5);
        let Some(packet) =
            packet.filter(|packet| *packet != PacketType::Auth || version.has_properties())
        else {
            // MQTT 3.1.1 §2.2.1, MQTT 5.0 §2.1.2
            return Err(self.error(Kind::UnknownPacketType, None, Field::FixedHeader, found));
        };
        // MQTT 3.1.1 §2.2.1, MQTT 5.0 §2.1.2
        if !self.sender.may_send(packet, version) {
            return refuse(Kind::WrongDirection);
        }
        match (self.phase, packet) {
            // MQTT 3.1.1 and 5.0 [MQTT-3.1.0-2]
            (Phase::Open, PacketType::Connect) if self.sender == Sender::Client => {
                return refuse(Kind::SecondConnect);
            }
            // MQTT 3.1.1 §3.2, MQTT 5.0 [MQTT-3.2.0-2]
            (Phase::Open | Phase::Refused, PacketType::ConnAck)
                if self.sender == Sender::Server =>
            {
                return refuse(Kind::SecondConnAck);
            }
            (Phase::ConnAck, PacketType::ConnAck | PacketType::Auth) => {}
            // MQTT 3.1.1 [MQTT-3.2.0-1]; MQTT 5.0 [MQTT-3.2.0-1], [MQTT-3.14.0-1]
            (Phase::ConnAck | Phase::Refused, _) => return refuse(Kind::ConnAckExpected),
            _ => {}
        }
        let flags = first & 0xF;
        if packet == PacketType::Publish {
            return match (qos_bits(first), first & 0b1000) {
                // MQTT 3.1.1 [MQTT-3.3.1-4], MQTT 5.0 [MQTT-3.3.1-4]
                (3, _) => refuse(Kind::InvalidQoS),
                // MQTT 3.1.1 [MQTT-3.3.1-2], [MQTT-4.3.1-1]; MQTT 5.0 [MQTT-3.3.1-2], [MQTT-4.3.1-1]
                (0, 0b1000) if !self.leniency.dup_without_qos => refuse(Kind::DupWithoutQoS),
                _ => Ok(packet),
            };
        }
        let reserved = packet.reserved_flags();
        // MQTT 3.1 §2.1: PUBREL, SUBSCRIBE and UNSUBSCRIBE are sent at QoS 1 and may be repeated with DUP.
        let repeated = version == Version::V31 && flags & 0b0010 != 0 && flags == reserved | 0b1000;
        if flags == reserved || repeated {
            return Ok(packet);
        }
        // MQTT 3.1.1 [MQTT-2.2.2-1], [MQTT-2.2.2-2], [MQTT-3.6.1-1], [MQTT-3.8.1-1], [MQTT-3.10.1-1],
        // [MQTT-3.14.1-1]; MQTT 5.0 [MQTT-2.1.3-1], [MQTT-3.6.1-1], [MQTT-3.8.1-1], [MQTT-3.10.1-1],
        // [MQTT-3.14.1-1], [MQTT-3.15.1-1]
        refuse(Kind::InvalidFlags)
    }

    /// Judges the Remaining Length: its form, the limit, and what the type can have.
    #[inline]
    fn judge_length(
        &self,
        header: FixedHeader,
        packet: PacketType,
        streams: Option<&Streams>,
    ) -> Result<()> {
        let v5 = self.version.is_some_and(Version::has_properties);
        let exact = exact_length(packet, v5);
        let limit = match streams {
            Some(streams) if self.streamed(header, packet, streams) => streams.max_packet_size,
            _ => self.max_packet_size,
        };
        let (kind, found, limit) = if v5 && !header.is_shortest() {
            // MQTT 5.0 [MQTT-1.5.5-1]; 3.1.1 does not say it.
            let len = u32::from(header.len).saturating_sub(1);
            (Kind::IntegerNotShortest, len, 0)
        } else if header.total() > index(limit) {
            (Kind::PacketTooLarge, short(header.total()), limit)
        } else if let Some(exact) = exact.filter(|exact| *exact != header.remaining) {
            // MQTT 3.1.1 §3.2.1, §3.4.1 to §3.7.1, §3.11.1 to §3.14.1; MQTT 5.0 §3.12.1, §3.13.1
            (Kind::UnexpectedLength, header.remaining, exact)
        } else {
            return Ok(());
        };
        let error = self.error(kind, Some(packet), Field::RemainingLength, found);
        Err(DecodeError {
            offset: 1,
            limit,
            ..error
        })
    }

    /// Whether a packet comes in pieces.
    #[inline]
    pub(crate) fn streamed(
        &self,
        header: FixedHeader,
        packet: PacketType,
        streams: &Streams,
    ) -> bool {
        packet == PacketType::Publish
            && (header.remaining > streams.whole || header.total() > index(self.max_packet_size))
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
    pub(crate) fn error(
        &self,
        kind: Kind,
        packet: Option<PacketType>,
        field: Field,
        found: u32,
    ) -> DecodeError {
        DecodeError {
            version: self.version,
            sender: self.sender,
            ..DecodeError::new(kind, packet, field, found)
        }
    }

    /// A CONNACK was read.
    pub(crate) fn answered(&mut self, reason: ReasonCode) {
        if self.phase == Phase::ConnAck {
            self.phase = if reason == ReasonCode::Success {
                Phase::Open
            } else {
                Phase::Refused
            };
        }
    }
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
