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
use crate::reader::{Context, Reader, Result, Sender};
use crate::reasoned::{Reasoned, reasoned};
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
#[derive(Clone, Copy)]
pub struct Disconnect<S = Bytes> {
    frame: S,
    layout: Reasoned,
}

pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Reasoned> {
    let mut reader = Reader::new(frame, header, cx);
    // 3.x ends here by its Remaining Length; 5.0 may (MQTT 5.0 §3.14.2.1).
    if reader.is_empty() {
        return Ok(Reasoned::SUCCESS);
    }
    let layout = Reasoned::read(&mut reader)?;
    // MQTT 5.0 [MQTT-3.14.2-2]
    if cx.sender == Sender::Server && layout.has(frame, PropertyId::SessionExpiryInterval) {
        let field = Field::Property(PropertyId::SessionExpiryInterval);
        return Err(reader.error_at(Kind::SessionExpiryFromServer, field, layout.start(), 0));
    }
    Ok(layout)
}

impl Disconnect {
    /// The normal end, without a will.
    ///
    /// ```
    /// use mqtt_codec::{Disconnect, Encoder, Version};
    ///
    /// let mut out = Vec::new();
    /// Encoder::client(Version::V311).encode(&Disconnect::new(), &mut out)?;
    /// assert_eq!(out, [0xE0, 0x00]);
    /// # Ok::<(), mqtt_codec::EncodeError>(())
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self::with_reason(ReasonCode::Success)
    }

    /// `reason` must be one of DISCONNECT.
    pub(crate) const fn with_reason(reason: ReasonCode) -> Self {
        Self {
            frame: Bytes::new(),
            layout: Reasoned::plain(reason),
        }
    }

    /// Begins an end with a reason.
    ///
    /// ```
    /// use mqtt_codec::{Disconnect, ReasonCode};
    ///
    /// let bye = Disconnect::builder(ReasonCode::DisconnectWithWillMessage).build()?;
    /// assert!(!bye.reason().is_error());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
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

impl<S: Storage> Wire for Disconnect<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::Disconnect
    }

    fn may_come_from(&self, sender: Sender) -> core::result::Result<(), Field> {
        wire::may_say(sender, self.reason(), PacketType::Disconnect)?;
        // MQTT 5.0 [MQTT-3.14.2-2]
        wire::may_have(
            sender != Sender::Server,
            self.properties(),
            PropertyId::SessionExpiryInterval,
        )
    }

    fn remaining(&self, to: &Encoder, trim: Trim) -> core::result::Result<usize, EncodeError> {
        let version = to.version();
        let refuse = |field| {
            Err(EncodeError::not_in_version(
                PacketType::Disconnect,
                version,
                field,
            ))
        };
        if version.has_properties() {
            return Ok(self.layout.len(self.properties(), trim));
        }
        if self.reason() != ReasonCode::Success {
            return refuse(Field::ReasonCode);
        }
        if self
            .layout
            .has(self.frame.as_ref(), PropertyId::SessionExpiryInterval)
        {
            return refuse(Field::Property(PropertyId::SessionExpiryInterval));
        }
        Ok(0)
    }

    fn write<B: BufMut + ?Sized>(&self, _: Version, trim: Trim, remaining: u32, out: &mut B) {
        out.put_slice(HeaderBytes::new(PacketType::Disconnect.first_byte(), remaining).as_slice());
        self.layout.put(self.properties(), trim, remaining, out);
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

reasoned! {
    Disconnect, DisconnectBuilder;
    /// Why the connection ends; always normally in 3.x.
    ///
    /// ```
    /// use mqtt_codec::{Disconnect, ReasonCode};
    ///
    /// let bye = Disconnect::builder(ReasonCode::SessionTakenOver).build()?;
    /// assert_eq!(bye.reason(), ReasonCode::SessionTakenOver);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    reason;
    /// The properties.
    ///
    /// ```
    /// use mqtt_codec::Disconnect;
    ///
    /// assert!(Disconnect::new().properties().is_empty());
    /// ```
    properties;
    /// The properties, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\xE0\x06\x8B\x04\x1F\x00\x01x";
    /// let (packet, _) = Decoder::any(Version::V5).decode(bytes)?.complete().unwrap();
    /// let Packet::Disconnect(bye) = packet else { panic!() };
    /// assert_eq!(bye.into_properties().reason_string(), Some("x"));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    into_properties;
    /// Sets the properties.
    ///
    /// ```
    /// use mqtt_codec::{Disconnect, PropertiesBuf, Property, ReasonCode};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::ServerReference("other.example"))?;
    /// let moved = Disconnect::builder(ReasonCode::ServerMoved).properties(&properties).build()?;
    /// assert_eq!(moved.properties().server_reference(), Some("other.example"));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    builder.properties;
    /// The packet.
    ///
    /// ```
    /// use mqtt_codec::{Disconnect, ReasonCode};
    ///
    /// assert!(Disconnect::builder(ReasonCode::KeepAliveTimeout).build().is_ok());
    /// ```
    ///
    /// # Errors
    /// When DISCONNECT does not have the reason code or a property.
    build;
}
