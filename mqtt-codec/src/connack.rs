use bytes::{BufMut, Bytes};

use crate::ack::read_reason;
use crate::build_error::BuildError;
use crate::decode_error::{DecodeErrorKind as Kind, Detail, Field};
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::EncodeError;
use crate::header::HeaderBytes;
use crate::packet::{self, BUILDER};
use crate::property::{self, Properties};
use crate::property_id::PropertyId;
use crate::reader::{Context, Reader, Result};
use crate::storage::Storage;
use crate::wire::{self, Trim, Wire, framed};
use crate::{PacketType, ReasonCode, Version};

/// The answer to CONNECT (MQTT 3.1.1 §3.2, MQTT 5.0 §3.2).
///
/// The return codes of 3.x are read as the reason codes that say the same. For 3.x, properties are left out,
/// except an Authentication Method, which is refused; a reason that no return code says
/// ([`ReasonCode::return_code`]) is refused: without it the connection is closed unanswered. 3.1 has no Session
/// Present.
///
/// ```
/// use mqtt_codec::{ConnAck, PropertiesBuf, Property, ReasonCode};
///
/// let mut properties = PropertiesBuf::new();
/// properties.push(Property::TopicAliasMaximum(10))?;
/// let answer = ConnAck::builder(ReasonCode::Success).session_present(true).properties(&properties).build()?;
/// assert!(answer.session_present());
/// assert_eq!(answer.properties().topic_alias_maximum(), Some(10));
///
/// assert!(ConnAck::builder(ReasonCode::NotAuthorized).session_present(true).build().is_err());
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone)]
pub struct ConnAck<S = Bytes> {
    frame: S,
    layout: Layout,
}

#[derive(Clone, Copy)]
pub(crate) struct Layout {
    session_present: bool,
    reason: ReasonCode,
    properties: u32,
    properties_end: u32,
}

impl Layout {
    pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Self> {
        let mut reader = Reader::new(frame, header, cx);
        let flags = reader.u8(Field::AcknowledgeFlags)?;
        // MQTT 3.1.1 §3.2.2.1, MQTT 5.0 [MQTT-3.2.2-1]; 3.1 has no Session Present, all bits are reserved.
        if flags > u8::from(cx.version != Version::V31) {
            return Err(reader.error_before(
                Kind::ReservedAcknowledgeFlags,
                Field::AcknowledgeFlags,
                flags,
            ));
        }
        let reason = if reader.has_properties() {
            read_reason(&mut reader)?
        } else {
            let code = reader.u8(Field::ReasonCode)?;
            // MQTT 3.1.1 [MQTT-3.2.2-6]
            ReasonCode::from_return_code(code).ok_or_else(|| {
                reader.error_before(Kind::InvalidReasonCode, Field::ReasonCode, code)
            })?
        };
        // MQTT 3.1.1 [MQTT-3.2.2-4], MQTT 5.0 [MQTT-3.2.2-6]
        if flags == 1 && reason != ReasonCode::Success {
            let at = u32::from(header);
            let code = u32::from(reason.byte());
            return Err(reader.error_at(
                Kind::SessionPresentOnRefusal,
                Field::AcknowledgeFlags,
                at,
                code,
            ));
        }
        let block = property::read(&mut reader, PacketType::ConnAck.bit())?;
        reader.finish(Detail::None)?;
        Ok(Self {
            session_present: flags == 1,
            reason,
            properties: block.start,
            properties_end: block.end,
        })
    }

    pub(crate) const fn has_properties(&self) -> bool {
        self.properties != self.properties_end
    }
}

impl ConnAck {
    /// Begins an answer.
    #[must_use]
    pub const fn builder<'a>(reason: ReasonCode) -> ConnAckBuilder<'a> {
        ConnAckBuilder {
            session_present: false,
            reason,
            properties: Properties::EMPTY,
        }
    }
}

impl<S: Storage> ConnAck<S> {
    pub(crate) const fn from_layout(frame: S, layout: Layout) -> Self {
        Self { frame, layout }
    }

    /// Whether the server has kept a session.
    #[must_use]
    pub fn session_present(&self) -> bool {
        self.layout.session_present
    }

    /// Whether the connection is accepted, or why not.
    #[must_use]
    pub fn reason(&self) -> ReasonCode {
        self.layout.reason
    }

    /// The properties.
    #[must_use]
    pub fn properties(&self) -> Properties<'_> {
        Properties::checked(wire::part(
            self.frame.as_ref(),
            self.layout.properties,
            self.layout.properties_end,
        ))
    }

    pub(crate) fn content(&self) -> (bool, ReasonCode, &[u8]) {
        (
            self.session_present(),
            self.reason(),
            self.properties().as_bytes(),
        )
    }
}

framed!(ConnAck);

impl<S: Storage> Wire for ConnAck<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::ConnAck
    }

    fn remaining(&self, version: Version, trim: Trim) -> core::result::Result<usize, EncodeError> {
        let refuse = |field| {
            Err(EncodeError::not_in_version(
                PacketType::ConnAck,
                version,
                field,
            ))
        };
        if !version.has_properties() {
            if self.reason().return_code().is_none() {
                return refuse(Field::ReasonCode);
            }
            if self
                .properties()
                .find(PropertyId::AuthenticationMethod)
                .is_some()
            {
                return refuse(Field::Property(PropertyId::AuthenticationMethod));
            }
        }
        Ok(wire::properties_len(self.properties(), version, trim).saturating_add(2))
    }

    fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B) {
        let code = if version.has_properties() {
            self.reason().byte()
        } else {
            self.reason().return_code().unwrap_or_default()
        };
        out.put_slice(HeaderBytes::new(PacketType::ConnAck.first_byte(), remaining).as_slice());
        out.put_slice(&[
            u8::from(self.session_present() && version != Version::V31),
            code,
        ]);
        wire::put_properties(self.properties(), version, trim, out);
    }
}

impl<S: Storage> Describe for ConnAck<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.field("session_present", Value::Bool(self.session_present()));
        visitor.field("reason", Value::Code(self.reason()));
        visitor.field("properties", Value::Properties(self.properties()));
    }
}

/// A CONNACK to be built.
///
/// ```
/// use mqtt_codec::{ConnAck, ReasonCode};
///
/// let refusal = ConnAck::builder(ReasonCode::Banned).build()?;
/// assert!(refusal.reason().is_error());
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ConnAckBuilder<'a> {
    session_present: bool,
    reason: ReasonCode,
    properties: Properties<'a>,
}

impl<'a> ConnAckBuilder<'a> {
    /// Sets Session Present.
    #[must_use]
    pub const fn session_present(self, session_present: bool) -> Self {
        Self {
            session_present,
            ..self
        }
    }

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
    /// When CONNACK does not have the reason code or a property, or when a refusal has a session.
    pub fn build(self) -> core::result::Result<ConnAck, BuildError> {
        let (frame, header) = packet::frame(PacketType::ConnAck, |body| {
            body.put_slice(&[u8::from(self.session_present), self.reason.byte()]);
            wire::put_properties(self.properties, Version::V5, Trim::Nothing, body);
            Ok(())
        })?;
        let layout = Layout::parse(&frame, header, BUILDER.context(PacketType::ConnAck))?;
        Ok(ConnAck { frame, layout })
    }
}
