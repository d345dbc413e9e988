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
use crate::reader::{Context, Reader, Result, Sender};
use crate::storage::Storage;
use crate::wire::{self, Trim, Wire, framed};
use crate::{PacketType, ReasonCode, Version};

/// The end of a connection (MQTT 3.1.1 §3.14, MQTT 5.0 §3.14).
///
/// For 3.x, properties are left out, except a Session Expiry Interval, which is refused; a reason other than
/// [`ReasonCode::Success`] is refused: there the connection is closed without a word, which also publishes the will.
///
/// ```
/// use mqtt_codec::{Disconnect, ReasonCode};
///
/// assert_eq!(Disconnect::new().reason(), ReasonCode::Success);
/// let bye = Disconnect::builder(ReasonCode::ServerShuttingDown).build()?;
/// assert_eq!(bye.reason().byte(), 0x8B);
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone)]
pub struct Disconnect<S = Bytes> {
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
    const NORMAL: Self = Self {
        reason: ReasonCode::Success,
        properties: 0,
        properties_end: 0,
    };

    pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Self> {
        let mut reader = Reader::new(frame, header, cx);
        // 3.x ends here by its Remaining Length; 5.0 may (MQTT 5.0 §3.14.2.1).
        if reader.is_empty() {
            return Ok(Self::NORMAL);
        }
        let reason = read_reason(&mut reader)?;
        // MQTT 5.0 §3.14.2.2.1: without a Property Length there are no properties.
        if reader.is_empty() {
            return Ok(Self {
                reason,
                ..Self::NORMAL
            });
        }
        let block = property::read(&mut reader, PacketType::Disconnect.bit())?;
        // MQTT 5.0 [MQTT-3.14.2-2]
        if cx.sender == Sender::Server && block.has(PropertyId::SessionExpiryInterval) {
            let field = Field::Property(PropertyId::SessionExpiryInterval);
            return Err(reader.error_at(Kind::SessionExpiryFromServer, field, block.start, 0));
        }
        reader.finish(Detail::None)?;
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

impl Disconnect {
    /// The normal end, without a will.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            frame: Bytes::new(),
            layout: Layout::NORMAL,
        }
    }

    /// Begins an end with a reason.
    #[must_use]
    pub const fn builder<'a>(reason: ReasonCode) -> DisconnectBuilder<'a> {
        DisconnectBuilder {
            reason,
            properties: Properties::EMPTY,
        }
    }
}

impl Default for Disconnect {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Storage> Disconnect<S> {
    pub(crate) const fn from_layout(frame: S, layout: Layout) -> Self {
        Self { frame, layout }
    }

    /// Why the connection ends; always normally in 3.x.
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

framed!(Disconnect);

impl<S: Storage> Wire for Disconnect<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::Disconnect
    }

    fn remaining(&self, version: Version, trim: Trim) -> core::result::Result<usize, EncodeError> {
        let refuse = |field| {
            Err(EncodeError::not_in_version(
                PacketType::Disconnect,
                version,
                field,
            ))
        };
        if !version.has_properties() {
            if self.reason() != ReasonCode::Success {
                return refuse(Field::ReasonCode);
            }
            if self
                .properties()
                .find(PropertyId::SessionExpiryInterval)
                .is_some()
            {
                return refuse(Field::Property(PropertyId::SessionExpiryInterval));
            }
            return Ok(0);
        }
        Ok(match wire::trimmed_len(self.properties(), trim) {
            0 if self.reason() == ReasonCode::Success => 0,
            0 => 1,
            _ => wire::properties_len(self.properties(), version, trim).saturating_add(1),
        })
    }

    fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B) {
        out.put_slice(HeaderBytes::new(PacketType::Disconnect.first_byte(), remaining).as_slice());
        if remaining > 0 {
            out.put_u8(self.reason().byte());
        }
        if remaining > 1 {
            wire::put_properties(self.properties(), version, trim, out);
        }
    }
}

impl<S: Storage> Describe for Disconnect<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.field("reason", Value::Code(self.reason()));
        visitor.field("properties", Value::Properties(self.properties()));
    }
}

/// A DISCONNECT to be built.
///
/// ```
/// use mqtt_codec::{Disconnect, ReasonCode};
///
/// // 0x86 is an answer to CONNECT, not a reason to end.
/// assert!(Disconnect::builder(ReasonCode::BadUserNameOrPassword).build().is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DisconnectBuilder<'a> {
    reason: ReasonCode,
    properties: Properties<'a>,
}

impl<'a> DisconnectBuilder<'a> {
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
    /// When DISCONNECT does not have the reason code or a property.
    pub fn build(self) -> core::result::Result<Disconnect, BuildError> {
        let (frame, header) = packet::frame(PacketType::Disconnect, |body| {
            body.put_u8(self.reason.byte());
            wire::put_properties(self.properties, Version::V5, Trim::Nothing, body);
            Ok(())
        })?;
        let layout = Layout::parse(&frame, header, BUILDER.context(PacketType::Disconnect))?;
        Ok(Disconnect { frame, layout })
    }
}
