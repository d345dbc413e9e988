use bytes::{BufMut, Bytes};

use crate::build_error::BuildError;
use crate::decode_error::{DecodeErrorKind as Kind, Field};
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::EncodeError;
use crate::encoder::Encoder;
use crate::header::HeaderBytes;
use crate::packet::{self, BUILDER};
use crate::properties::Properties;
use crate::property::PropertyId;
use crate::reader::{Context, Reader, Result};
use crate::reasoned::{Reasoned, read_reason};
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
#[derive(Clone, Copy)]
pub struct ConnAck<S = Bytes> {
    frame: S,
    layout: Layout,
}

#[derive(Clone, Copy)]
pub(crate) struct Layout {
    session_present: bool,
    end: Reasoned,
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
        Ok(Self {
            session_present: flags == 1,
            end: Reasoned::read_properties(&mut reader, reason)?,
        })
    }

    pub(crate) const fn has_properties(&self) -> bool {
        self.end.has_properties()
    }
}

impl ConnAck {
    /// An answer of nothing but a reason, which must be one of CONNACK.
    pub(crate) const fn refusal(reason: ReasonCode) -> Self {
        Self {
            frame: Bytes::new(),
            layout: Layout {
                session_present: false,
                end: Reasoned::plain(reason),
            },
        }
    }

    /// Begins an answer.
    ///
    /// ```
    /// use mqtt_codec::{ConnAck, Encoder, ReasonCode, Version};
    ///
    /// let welcome = ConnAck::builder(ReasonCode::Success).build()?;
    /// let mut out = Vec::new();
    /// Encoder::server(Version::V311).encode(&welcome, &mut out)?;
    /// assert_eq!(out, [0x20, 0x02, 0x00, 0x00]);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// use mqtt_codec::{ConnAck, ReasonCode};
    ///
    /// assert!(!ConnAck::builder(ReasonCode::Success).build()?.session_present());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn session_present(&self) -> bool {
        self.layout.session_present
    }

    /// Whether the connection is accepted, or why not.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, ReasonCode, Version};
    ///
    /// let (packet, _) = Decoder::client(Version::V311).decode(&[0x20, 0x02, 0x00, 0x05])?.complete().unwrap();
    /// let Packet::ConnAck(answer) = packet else { panic!() };
    /// assert_eq!(answer.reason(), ReasonCode::NotAuthorized);
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn reason(&self) -> ReasonCode {
        self.layout.end.reason
    }

    /// The properties.
    ///
    /// ```
    /// use mqtt_codec::{ConnAck, ReasonCode};
    ///
    /// let answer = ConnAck::builder(ReasonCode::Success).build()?;
    /// assert_eq!(answer.properties().receive_maximum(), None); // 65,535, then
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn properties(&self) -> Properties<'_> {
        self.layout.end.properties(self.frame.as_ref())
    }

    pub(crate) fn content(&self) -> (bool, ReasonCode, &[u8]) {
        (
            self.session_present(),
            self.reason(),
            self.properties().as_bytes(),
        )
    }
}

impl<'a> ConnAck<&'a [u8]> {
    /// The properties, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\x20\x06\x00\x00\x03\x22\x00\x0A";
    /// let (packet, _) = Decoder::client(Version::V5).decode(bytes)?.complete().unwrap();
    /// let Packet::ConnAck(answer) = packet else { panic!() };
    /// assert_eq!(answer.into_properties().topic_alias_maximum(), Some(10));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn into_properties(self) -> Properties<'a> {
        self.layout.end.properties(self.frame)
    }
}

framed!(ConnAck);

impl<S: Storage> Wire for ConnAck<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::ConnAck
    }

    fn remaining(&self, to: &Encoder, trim: Trim) -> core::result::Result<usize, EncodeError> {
        let version = to.version();
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
    ///
    /// ```
    /// use mqtt_codec::{ConnAck, ReasonCode};
    ///
    /// assert!(ConnAck::builder(ReasonCode::Success).session_present(true).build()?.session_present());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn session_present(self, session_present: bool) -> Self {
        Self {
            session_present,
            ..self
        }
    }

    /// Sets the properties.
    ///
    /// ```
    /// use mqtt_codec::{ConnAck, PropertiesBuf, Property, ReasonCode};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::ServerKeepAlive(30))?;
    /// let answer = ConnAck::builder(ReasonCode::Success).properties(&properties).build()?;
    /// assert_eq!(answer.properties().server_keep_alive(), Some(30));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn properties(self, properties: impl Into<Properties<'a>>) -> Self {
        Self {
            properties: properties.into(),
            ..self
        }
    }

    /// The packet.
    ///
    /// ```
    /// use mqtt_codec::{ConnAck, ReasonCode};
    ///
    /// assert!(ConnAck::builder(ReasonCode::ServerBusy).build().is_ok());
    /// assert!(ConnAck::builder(ReasonCode::KeepAliveTimeout).build().is_err());
    /// ```
    ///
    /// # Errors
    /// When CONNACK does not have the reason code or a property, or when a refusal has a session.
    pub fn build(self) -> core::result::Result<ConnAck, BuildError> {
        let first = PacketType::ConnAck.first_byte();
        let cx = BUILDER.context(PacketType::ConnAck);
        // Numbers alone need no memory.
        if self.properties.is_empty() {
            let frame = [
                first,
                3,
                u8::from(self.session_present),
                self.reason.byte(),
                0,
            ];
            let layout = Layout::parse(&frame, 2, cx)?;
            let frame = Bytes::new();
            return Ok(ConnAck { frame, layout });
        }
        let properties = wire::properties_len(self.properties, Version::V5, Trim::Nothing);
        let (frame, header) = packet::frame(first, properties.saturating_add(2), |body| {
            body.put_slice(&[u8::from(self.session_present), self.reason.byte()]);
            wire::put_properties(self.properties, Version::V5, Trim::Nothing, body);
            Ok(())
        })?;
        let layout = Layout::parse(&frame, header, cx)?;
        Ok(ConnAck { frame, layout })
    }
}
