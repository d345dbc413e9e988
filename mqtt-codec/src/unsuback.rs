use alloc::vec::Vec;

use bytes::{BufMut, Bytes};

use crate::ack::read_reason;
use crate::build_error::BuildError;
use crate::decode_error::{DecodeErrorKind as Kind, Field};
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::EncodeError;
use crate::header::HeaderBytes;
use crate::packet::{self, BUILDER};
use crate::property::{self, Properties};
use crate::reader::{Context, Reader, Result};
use crate::storage::Storage;
use crate::suback::ReasonCodes;
use crate::wire::{self, Trim, Wire, framed};
use crate::{PacketId, PacketType, ReasonCode, Version};

/// The answer to UNSUBSCRIBE (MQTT 3.1.1 §3.11, MQTT 5.0 §3.11).
///
/// In 3.x it carries no codes, in 5.0 one for each filter. For 3.x codes and properties are left out; a code of
/// 0x80 and above is refused. For 5.0, an answer without codes is refused: nobody knows how many there must be.
///
/// ```
/// use mqtt_codec::{PacketId, ReasonCode, UnsubAck};
///
/// let answer = UnsubAck::builder(PacketId::MIN, &[ReasonCode::NoSubscriptionExisted]).build()?;
/// assert_eq!(answer.codes().len(), 1);
/// assert_eq!(UnsubAck::without_codes(PacketId::MIN).codes().len(), 0); // for 3.x
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone)]
pub struct UnsubAck<S = Bytes> {
    frame: S,
    layout: Layout,
}

#[derive(Clone, Copy)]
pub(crate) struct Layout {
    packet_id: PacketId,
    properties: u32,
    codes: u32,
}

impl Layout {
    const fn plain(packet_id: PacketId) -> Self {
        Self {
            packet_id,
            properties: 0,
            codes: 0,
        }
    }

    pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Self> {
        let mut reader = Reader::new(frame, header, cx);
        let packet_id = reader.packet_id()?;
        if !reader.has_properties() {
            return Ok(Self::plain(packet_id));
        }
        let block = property::read(&mut reader, PacketType::UnsubAck.bit())?;
        // MQTT 5.0 §3.11.3: one code for each filter, and a request has at least one.
        if reader.is_empty() {
            return Err(reader.error(Kind::NoReasonCodes, Field::ReasonCode, 0));
        }
        while !reader.is_empty() {
            read_reason(&mut reader)?;
        }
        Ok(Self {
            packet_id,
            properties: block.start,
            codes: block.end,
        })
    }

    pub(crate) const fn has_codes(&self) -> bool {
        self.codes != 0
    }
}

impl UnsubAck {
    /// An answer for 3.x.
    #[must_use]
    pub const fn without_codes(packet_id: PacketId) -> Self {
        Self {
            frame: Bytes::new(),
            layout: Layout::plain(packet_id),
        }
    }

    /// Begins an answer with a code for each filter.
    #[must_use]
    pub const fn builder(packet_id: PacketId, codes: &[ReasonCode]) -> UnsubAckBuilder<'_> {
        UnsubAckBuilder {
            packet_id,
            properties: Properties::EMPTY,
            codes,
        }
    }
}

impl<S: Storage> UnsubAck<S> {
    pub(crate) const fn from_layout(frame: S, layout: Layout) -> Self {
        Self { frame, layout }
    }

    fn bytes(&self) -> &[u8] {
        self.frame.as_ref()
    }

    /// The Packet Identifier of the request.
    #[must_use]
    pub fn packet_id(&self) -> PacketId {
        self.layout.packet_id
    }

    /// The properties.
    #[must_use]
    pub fn properties(&self) -> Properties<'_> {
        Properties::checked(wire::part(
            self.bytes(),
            self.layout.properties,
            self.layout.codes,
        ))
    }

    /// The codes in the order of the filters; none in 3.x.
    #[must_use]
    pub fn codes(&self) -> ReasonCodes<'_> {
        let rest = if self.layout.has_codes() {
            wire::tail(self.bytes(), self.layout.codes)
        } else {
            &[]
        };
        ReasonCodes { rest }
    }

    pub(crate) fn content(&self) -> (PacketId, &[u8], &[u8]) {
        (
            self.packet_id(),
            self.properties().as_bytes(),
            self.codes().rest,
        )
    }
}

framed!(UnsubAck);

impl<S: Storage> Wire for UnsubAck<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::UnsubAck
    }

    fn remaining(&self, version: Version, trim: Trim) -> core::result::Result<usize, EncodeError> {
        let sayable = if version.has_properties() {
            self.layout.has_codes()
        } else {
            !self.codes().any(ReasonCode::is_error)
        };
        if !sayable {
            return Err(EncodeError::not_in_version(
                PacketType::UnsubAck,
                version,
                Field::ReasonCode,
            ));
        }
        let codes = if version.has_properties() {
            self.codes().rest.len()
        } else {
            0
        };
        Ok(wire::properties_len(self.properties(), version, trim)
            .saturating_add(codes)
            .saturating_add(2))
    }

    fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B) {
        out.put_slice(HeaderBytes::new(PacketType::UnsubAck.first_byte(), remaining).as_slice());
        out.put_u16(self.packet_id().get());
        wire::put_properties(self.properties(), version, trim, out);
        if version.has_properties() {
            out.put_slice(self.codes().rest);
        }
    }
}

impl<S: Storage> Describe for UnsubAck<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.field("packet_id", Value::Id(Some(self.packet_id())));
        visitor.field("properties", Value::Properties(self.properties()));
        visitor.field("codes", Value::Codes(self.codes()));
    }
}

/// An UNSUBACK to be built.
///
/// ```
/// use mqtt_codec::{PacketId, ReasonCode, UnsubAck};
///
/// // Granted QoS 1 is no answer to UNSUBSCRIBE.
/// assert!(UnsubAck::builder(PacketId::MIN, &[ReasonCode::GrantedQoS1]).build().is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct UnsubAckBuilder<'a> {
    packet_id: PacketId,
    properties: Properties<'a>,
    codes: &'a [ReasonCode],
}

impl<'a> UnsubAckBuilder<'a> {
    /// Sets the properties.
    #[must_use]
    pub fn properties(self, properties: impl Into<Properties<'a>>) -> Self {
        Self {
            properties: properties.into(),
            ..self
        }
    }

    /// The packet.
    ///
    /// # Errors
    /// When there is no code, or UNSUBACK does not have a code or a property.
    pub fn build(self) -> core::result::Result<UnsubAck, BuildError> {
        let codes: Vec<u8> = self.codes.iter().map(|code| code.byte()).collect();
        let (frame, header) = packet::frame(PacketType::UnsubAck, |body| {
            body.put_u16(self.packet_id.get());
            wire::put_properties(self.properties, Version::V5, Trim::Nothing, body);
            body.put_slice(&codes);
            Ok(())
        })?;
        let layout = Layout::parse(&frame, header, BUILDER.context(PacketType::UnsubAck))?;
        Ok(UnsubAck { frame, layout })
    }
}
