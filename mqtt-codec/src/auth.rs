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

/// A step of enhanced authentication (MQTT 5.0 §3.15). 3.x has none: there it is refused.
///
/// ```
/// use mqtt_codec::{Auth, PropertiesBuf, Property, ReasonCode};
///
/// let mut properties = PropertiesBuf::new();
/// properties.push(Property::AuthenticationMethod("SCRAM-SHA-256"))?;
/// properties.push(Property::AuthenticationData(b"client-first"))?;
/// let auth = Auth::builder(ReasonCode::ContinueAuthentication).properties(&properties).build()?;
/// assert_eq!(auth.properties().authentication_method(), Some("SCRAM-SHA-256"));
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Auth<S = Bytes> {
    frame: S,
    layout: Layout,
}

#[derive(Clone, Copy)]
pub(crate) struct Layout {
    reason: ReasonCode,
    properties: u32,
    properties_end: u32,
}

impl Layout {
    const SUCCESS: Self = Self {
        reason: ReasonCode::Success,
        properties: 0,
        properties_end: 0,
    };

    pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Self> {
        let mut reader = Reader::new(frame, header, cx);
        // MQTT 5.0 §3.15.2.1: success without properties may be nothing at all.
        if reader.is_empty() {
            return Ok(Self::SUCCESS);
        }
        let reason = read_reason(&mut reader)?;
        let block = property::read(&mut reader, PacketType::Auth.bit())?;
        reader.finish(Detail::None)?;
        // MQTT 5.0 §3.15.2.2.2
        if !block.has(PropertyId::AuthenticationMethod) {
            let field = Field::Property(PropertyId::AuthenticationMethod);
            return Err(reader.error_at(Kind::MissingAuthenticationMethod, field, block.start, 0));
        }
        Ok(Self {
            reason,
            properties: block.start,
            properties_end: block.end,
        })
    }

    pub(crate) const fn has_properties(&self) -> bool {
        self.properties != self.properties_end
    }
}

impl Auth {
    /// Begins a step; it needs at least an Authentication Method.
    #[must_use]
    pub const fn builder<'a>(reason: ReasonCode) -> AuthBuilder<'a> {
        AuthBuilder {
            reason,
            properties: Properties::EMPTY,
        }
    }

    /// Success in its short form, without properties.
    #[must_use]
    pub const fn success() -> Self {
        Self {
            frame: Bytes::new(),
            layout: Layout::SUCCESS,
        }
    }
}

impl<S: Storage> Auth<S> {
    pub(crate) const fn from_layout(frame: S, layout: Layout) -> Self {
        Self { frame, layout }
    }

    /// Which step this is.
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

    pub(crate) fn content(&self) -> (ReasonCode, &[u8]) {
        (self.reason(), self.properties().as_bytes())
    }
}

framed!(Auth);

impl<S: Storage> Wire for Auth<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::Auth
    }

    fn remaining(&self, version: Version, trim: Trim) -> core::result::Result<usize, EncodeError> {
        if !version.has_properties() {
            return Err(EncodeError::not_in_version(
                PacketType::Auth,
                version,
                Field::FixedHeader,
            ));
        }
        Ok(match wire::trimmed_len(self.properties(), trim) {
            0 => 0,
            _ => wire::properties_len(self.properties(), version, trim).saturating_add(1),
        })
    }

    fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B) {
        out.put_slice(HeaderBytes::new(PacketType::Auth.first_byte(), remaining).as_slice());
        if remaining > 0 {
            out.put_u8(self.reason().byte());
            wire::put_properties(self.properties(), version, trim, out);
        }
    }
}

impl<S: Storage> Describe for Auth<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.field("reason", Value::Code(self.reason()));
        visitor.field("properties", Value::Properties(self.properties()));
    }
}

/// An AUTH to be built.
///
/// ```
/// use mqtt_codec::{Auth, ReasonCode};
///
/// // Without a method there is nothing to authenticate by.
/// assert!(Auth::builder(ReasonCode::ReAuthenticate).build().is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AuthBuilder<'a> {
    reason: ReasonCode,
    properties: Properties<'a>,
}

impl<'a> AuthBuilder<'a> {
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
    /// When AUTH does not have the reason code or a property, or there is no Authentication Method.
    pub fn build(self) -> core::result::Result<Auth, BuildError> {
        let (frame, header) = packet::frame(PacketType::Auth, |body| {
            body.put_u8(self.reason.byte());
            wire::put_properties(self.properties, Version::V5, Trim::Nothing, body);
            Ok(())
        })?;
        let layout = Layout::parse(&frame, header, BUILDER.context(PacketType::Auth))?;
        Ok(Auth { frame, layout })
    }
}
