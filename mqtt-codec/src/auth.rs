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
use crate::reasoned::{Reasoned, read_reason, reasoned};
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
#[derive(Clone, Copy)]
pub struct Auth<S = Bytes> {
    frame: S,
    layout: Reasoned,
}

pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Reasoned> {
    let mut reader = Reader::new(frame, header, cx);
    // MQTT 5.0 §3.15.2.1: success without properties may be nothing at all, and is a server's to say.
    if reader.is_empty() {
        if cx.sender.may_say(ReasonCode::Success, cx.packet) {
            return Ok(Reasoned::SUCCESS);
        }
        return Err(reader.error(Kind::ReasonCodeWrongDirection, Field::ReasonCode, 0));
    }
    let reason = read_reason(&mut reader)?;
    let layout = Reasoned::read_properties(&mut reader, reason)?;
    // MQTT 5.0 §3.15.2.2.2
    if !layout.has(frame, PropertyId::AuthenticationMethod) {
        let field = Field::Property(PropertyId::AuthenticationMethod);
        return Err(reader.error_at(Kind::MissingAuthenticationMethod, field, layout.start(), 0));
    }
    Ok(layout)
}

impl Auth {
    /// Begins a step; it needs at least an Authentication Method.
    ///
    /// ```
    /// use mqtt_codec::{Auth, PropertiesBuf, Property, ReasonCode};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::AuthenticationMethod("M"))?;
    /// let again = Auth::builder(ReasonCode::ReAuthenticate).properties(&properties).build()?;
    /// assert_eq!(again.reason(), ReasonCode::ReAuthenticate);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn builder<'a>(reason: ReasonCode) -> AuthBuilder<'a> {
        AuthBuilder {
            reason,
            properties: Properties::EMPTY,
        }
    }

    /// Success in its short form, without properties; only a server may say it.
    ///
    /// ```
    /// use mqtt_codec::{Auth, Encoder, Version};
    ///
    /// let mut out = Vec::new();
    /// Encoder::server(Version::V5).encode(&Auth::success(), &mut out)?;
    /// assert_eq!(out, [0xF0, 0x00]);
    /// # Ok::<(), mqtt_codec::EncodeError>(())
    /// ```
    #[must_use]
    pub const fn success() -> Self {
        Self {
            frame: Bytes::new(),
            layout: Reasoned::SUCCESS,
        }
    }
}

impl<S: Storage> Wire for Auth<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::Auth
    }

    fn may_come_from(&self, sender: Sender) -> core::result::Result<(), Field> {
        wire::may_say(sender, self.reason(), PacketType::Auth)
    }

    fn remaining(&self, to: &Encoder, trim: Trim) -> core::result::Result<usize, EncodeError> {
        if !to.version().has_properties() {
            return Err(EncodeError::not_in_version(
                PacketType::Auth,
                to.version(),
                Field::FixedHeader,
            ));
        }
        Ok(self.layout.len(self.properties(), trim))
    }

    fn write<B: BufMut + ?Sized>(&self, _: Version, trim: Trim, remaining: u32, out: &mut B) {
        out.put_slice(HeaderBytes::new(PacketType::Auth.first_byte(), remaining).as_slice());
        self.layout.put(self.properties(), trim, remaining, out);
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

reasoned! {
    Auth, AuthBuilder;
    /// Which step this is.
    ///
    /// ```
    /// use mqtt_codec::{Auth, ReasonCode};
    ///
    /// assert_eq!(Auth::success().reason(), ReasonCode::Success);
    /// ```
    reason;
    /// The properties.
    ///
    /// ```
    /// use mqtt_codec::Auth;
    ///
    /// assert!(Auth::success().properties().is_empty());
    /// ```
    properties;
    /// The properties, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\xF0\x06\x18\x04\x15\x00\x01M";
    /// let (packet, _) = Decoder::any(Version::V5).decode(bytes)?.complete().unwrap();
    /// let Packet::Auth(auth) = packet else { panic!() };
    /// assert_eq!(auth.into_properties().authentication_method(), Some("M"));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    into_properties;
    /// Sets the properties.
    ///
    /// ```
    /// use mqtt_codec::{Auth, PropertiesBuf, Property, ReasonCode};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::AuthenticationMethod("M"))?;
    /// assert!(Auth::builder(ReasonCode::ContinueAuthentication).properties(&properties).build().is_ok());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    builder.properties;
    /// The packet.
    ///
    /// ```
    /// use mqtt_codec::{Auth, ReasonCode};
    ///
    /// let error = Auth::builder(ReasonCode::Banned).build().unwrap_err();
    /// assert!(error.to_string().contains("Reason Code is 0x8a"));
    /// ```
    ///
    /// # Errors
    /// When AUTH does not have the reason code or a property, or there is no Authentication Method.
    build;
}
