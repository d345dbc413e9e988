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
use crate::wire::{self, Trim, Wire, framed};
use crate::{PacketId, PacketType, ReasonCode, Version};

/// The answer to SUBSCRIBE (MQTT 3.1.1 §3.9, MQTT 5.0 §3.9).
///
/// The return code 0x80 of 3.1.1 is read as [`ReasonCode::UnspecifiedError`]. For 3.1.1, properties are left out
/// and every code of 0x80 and above becomes 0x80; 3.1 cannot say that a subscription failed, so there it is refused.
///
/// ```
/// use mqtt_codec::{PacketId, ReasonCode, SubAck};
///
/// let answer = SubAck::builder(PacketId::MIN, &[ReasonCode::GrantedQoS1, ReasonCode::NotAuthorized]).build()?;
/// assert!(answer.codes().eq([ReasonCode::GrantedQoS1, ReasonCode::NotAuthorized]));
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone)]
pub struct SubAck<S = Bytes> {
    frame: S,
    layout: Layout,
}

/// The codes begin where the properties end, and end the frame.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    packet_id: PacketId,
    properties: u32,
    codes: u32,
}

impl Layout {
    pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Self> {
        let mut reader = Reader::new(frame, header, cx);
        let packet_id = reader.packet_id()?;
        let block = property::read(&mut reader, PacketType::SubAck.bit())?;
        // A request has at least one filter, so its answer has at least one code (MQTT 3.1.1 [MQTT-3.8.4-5],
        // MQTT 5.0 [MQTT-3.8.4-6]).
        if reader.is_empty() {
            return Err(reader.error(Kind::NoReasonCodes, Field::ReasonCode, 0));
        }
        while !reader.is_empty() {
            if reader.has_properties() {
                read_reason(&mut reader)?;
            } else {
                let code = reader.u8(Field::ReasonCode)?;
                // MQTT 3.1.1 [MQTT-3.9.3-2]; 3.1 has no 0x80.
                if code > 2 && !(code == 0x80 && cx.version == Version::V311) {
                    return Err(reader.error_before(
                        Kind::InvalidReasonCode,
                        Field::ReasonCode,
                        code,
                    ));
                }
            }
        }
        Ok(Self {
            packet_id,
            properties: block.start,
            codes: block.end,
        })
    }
}

/// Iterator over the reason codes of SUBACK and UNSUBACK, one for each filter of the request, in its order.
///
/// ```
/// use mqtt_codec::{PacketId, ReasonCode, SubAck};
///
/// let answer = SubAck::builder(PacketId::MIN, &[ReasonCode::Success]).build()?;
/// assert_eq!(answer.codes().len(), 1);
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReasonCodes<'a> {
    pub(crate) rest: &'a [u8],
}

impl Iterator for ReasonCodes<'_> {
    type Item = ReasonCode;

    fn next(&mut self) -> Option<ReasonCode> {
        let (&code, rest) = self.rest.split_first()?;
        self.rest = rest;
        ReasonCode::from_byte(code)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rest.len(), Some(self.rest.len()))
    }
}

impl ExactSizeIterator for ReasonCodes<'_> {}

impl SubAck {
    /// Begins an answer with a code for each filter.
    #[must_use]
    pub const fn builder(packet_id: PacketId, codes: &[ReasonCode]) -> SubAckBuilder<'_> {
        SubAckBuilder {
            packet_id,
            properties: Properties::EMPTY,
            codes,
        }
    }
}

impl<S: Storage> SubAck<S> {
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

    /// The codes in the order of the filters.
    #[must_use]
    pub fn codes(&self) -> ReasonCodes<'_> {
        ReasonCodes {
            rest: wire::tail(self.bytes(), self.layout.codes),
        }
    }

    pub(crate) fn content(&self) -> (PacketId, &[u8], &[u8]) {
        (
            self.packet_id(),
            self.properties().as_bytes(),
            self.codes().rest,
        )
    }
}

framed!(SubAck);

impl<S: Storage> Wire for SubAck<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::SubAck
    }

    fn remaining(&self, version: Version, trim: Trim) -> core::result::Result<usize, EncodeError> {
        if version == Version::V31 && self.codes().any(ReasonCode::is_error) {
            return Err(EncodeError::not_in_version(
                PacketType::SubAck,
                version,
                Field::ReasonCode,
            ));
        }
        Ok(wire::properties_len(self.properties(), version, trim)
            .saturating_add(self.codes().rest.len())
            .saturating_add(2))
    }

    fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B) {
        out.put_slice(HeaderBytes::new(PacketType::SubAck.first_byte(), remaining).as_slice());
        out.put_u16(self.packet_id().get());
        wire::put_properties(self.properties(), version, trim, out);
        if version.has_properties() {
            out.put_slice(self.codes().rest);
        } else {
            // MQTT 3.1.1 [MQTT-3.9.3-2]
            self.codes()
                .for_each(|code| out.put_u8(code.byte().min(0x80)));
        }
    }
}

impl<S: Storage> Describe for SubAck<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.field("packet_id", Value::Id(Some(self.packet_id())));
        visitor.field("properties", Value::Properties(self.properties()));
        visitor.field("codes", Value::Codes(self.codes()));
    }
}

/// A SUBACK to be built.
///
/// ```
/// use mqtt_codec::{PacketId, SubAck};
///
/// // No request has no filters, so no answer has no codes.
/// assert!(SubAck::builder(PacketId::MIN, &[]).build().is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SubAckBuilder<'a> {
    packet_id: PacketId,
    properties: Properties<'a>,
    codes: &'a [ReasonCode],
}

impl<'a> SubAckBuilder<'a> {
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
    /// When there is no code, or SUBACK does not have a code or a property.
    pub fn build(self) -> core::result::Result<SubAck, BuildError> {
        let codes: Vec<u8> = self.codes.iter().map(|code| code.byte()).collect();
        let (frame, header) = packet::frame(PacketType::SubAck, |body| {
            body.put_u16(self.packet_id.get());
            wire::put_properties(self.properties, Version::V5, Trim::Nothing, body);
            body.put_slice(&codes);
            Ok(())
        })?;
        let layout = Layout::parse(&frame, header, BUILDER.context(PacketType::SubAck))?;
        Ok(SubAck { frame, layout })
    }
}
