//! PUBACK, PUBREC, PUBREL and PUBCOMP: four types of one form.

use bytes::{BufMut, Bytes};

use crate::build_error::BuildError;
use crate::decode_error::Field;
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::EncodeError;
use crate::encoder::Encoder;
use crate::header::HeaderBytes;
use crate::packet::{self, BUILDER};
use crate::properties::Properties;
use crate::reader::{Context, Reader, Result, Sender};
use crate::reasoned::Reasoned;
use crate::storage::Storage;
use crate::wire::{self, Ready, Trim, Wire, framed};
use crate::{PacketId, PacketType, ReasonCode, Version};

#[derive(Clone, Copy)]
pub(crate) struct Layout {
    packet_id: PacketId,
    end: Reasoned,
}

impl Layout {
    #[inline]
    pub(crate) const fn plain(packet_id: PacketId) -> Self {
        Self {
            packet_id,
            end: Reasoned::SUCCESS,
        }
    }

    #[inline]
    pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Self> {
        let mut reader = Reader::new(frame, header, cx);
        let packet_id = reader.packet_id()?;
        // 3.x ends here by its Remaining Length; 5.0 may (MQTT 5.0 §3.4.2.1).
        if reader.is_empty() {
            return Ok(Self::plain(packet_id));
        }
        let end = Reasoned::read(&mut reader)?;
        Ok(Self { packet_id, end })
    }

    /// Whether there is more to keep than numbers.
    pub(crate) const fn has_properties(&self) -> bool {
        self.end.has_properties()
    }
}

/// Remaining Length of packet identifier, reason and properties in their shortest form.
fn remaining(
    packet: PacketType,
    layout: &Layout,
    properties: Properties<'_>,
    version: Version,
    trim: Trim,
) -> core::result::Result<usize, EncodeError> {
    if version.has_properties() {
        return Ok(layout.end.len(properties, trim).saturating_add(2));
    }
    // An error cannot be said in 3.x. That an identifier is not known changes nothing there: the exchange
    // goes on as if it were (MQTT 3.1.1 §4.3.3).
    let reason = layout.end.reason;
    if reason.is_error() && reason != ReasonCode::PacketIdentifierNotFound {
        let field = Field::ReasonCode;
        return Err(EncodeError::not_in_version(packet, version, field));
    }
    Ok(2)
}

fn write<B: BufMut + ?Sized>(
    packet: PacketType,
    layout: &Layout,
    properties: Properties<'_>,
    (trim, remaining): (Trim, u32),
    out: &mut B,
) {
    out.put_slice(HeaderBytes::new(packet.first_byte(), remaining).as_slice());
    out.put_u16(layout.packet_id.get());
    let len = remaining.saturating_sub(2);
    layout.end.put(properties, trim, len, out);
}

/// An answer to be built.
///
/// ```
/// use mqtt_codec::{PacketId, PropertiesBuf, Property, PubAck, ReasonCode};
///
/// let mut properties = PropertiesBuf::new();
/// properties.push(Property::ReasonString("the disk is full"))?;
/// let ack = PubAck::builder(PacketId::MIN)
///     .reason(ReasonCode::QuotaExceeded)
///     .properties(&properties)
///     .build()?;
/// assert_eq!(ack.properties().reason_string(), Some("the disk is full"));
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AckBuilder<'a, P> {
    packet_id: PacketId,
    reason: ReasonCode,
    properties: Properties<'a>,
    packet: core::marker::PhantomData<P>,
}

impl<'a, P> AckBuilder<'a, P> {
    /// Sets the reason code.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, PubRec, ReasonCode};
    ///
    /// let refusal = PubRec::builder(PacketId::MIN).reason(ReasonCode::NotAuthorized).build()?;
    /// assert!(refusal.reason().is_error());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn reason(self, reason: ReasonCode) -> Self {
        Self { reason, ..self }
    }

    /// Sets the properties.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, PropertiesBuf, Property, PubRel};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::UserProperty("k", "v"))?;
    /// let release = PubRel::builder(PacketId::MIN).properties(&properties).build()?;
    /// assert_eq!(release.properties().iter().count(), 1);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn properties(self, properties: impl Into<Properties<'a>>) -> Self {
        Self {
            properties: properties.into(),
            ..self
        }
    }

    fn frame(&self, packet: PacketType) -> core::result::Result<(Bytes, Layout), BuildError> {
        let (first, cx) = (packet.first_byte(), BUILDER.context(packet));
        // Numbers alone need no memory.
        if self.properties.is_empty() {
            let [high, low] = self.packet_id.get().to_be_bytes();
            let frame = [first, 4, high, low, self.reason.byte(), 0];
            return Ok((Bytes::new(), Layout::parse(&frame, 2, cx)?));
        }
        let properties = wire::properties_len(self.properties, Version::V5, Trim::Nothing);
        let (frame, header) = packet::frame(first, properties.saturating_add(3), |body| {
            body.put_u16(self.packet_id.get());
            body.put_u8(self.reason.byte());
            wire::put_properties(self.properties, Version::V5, Trim::Nothing, body);
            Ok(())
        })?;
        let layout = Layout::parse(&frame, header, cx)?;
        Ok((frame, layout))
    }
}

macro_rules! acks {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $name<S = Bytes> {
            frame: S,
            layout: Layout,
        }

        impl $name {
            /// The answer that everything is well.
            ///
            /// ```
            /// use mqtt_codec::{PacketId, PubAck, ReasonCode};
            ///
            /// let ack = PubAck::new(PacketId::MIN); // the same for each of the four
            /// assert_eq!(ack.reason(), ReasonCode::Success);
            /// ```
            #[must_use]
            pub const fn new(packet_id: PacketId) -> Self {
                Self { frame: Bytes::new(), layout: Layout::plain(packet_id) }
            }

            /// Begins an answer with a reason or with properties.
            ///
            /// ```
            /// use mqtt_codec::{PacketId, PubComp, ReasonCode};
            ///
            /// let unknown = PubComp::builder(PacketId::MIN).reason(ReasonCode::PacketIdentifierNotFound).build()?;
            /// assert_eq!(unknown.reason().byte(), 0x92);
            /// # Ok::<(), mqtt_codec::BuildError>(())
            /// ```
            #[must_use]
            pub const fn builder<'a>(packet_id: PacketId) -> AckBuilder<'a, Self> {
                AckBuilder {
                    packet_id,
                    reason: ReasonCode::Success,
                    properties: Properties::EMPTY,
                    packet: core::marker::PhantomData,
                }
            }
        }

        impl AckBuilder<'_, $name> {
            /// The packet.
            ///
            /// ```
            /// use mqtt_codec::{PacketId, PubAck, PubRel, ReasonCode};
            ///
            /// assert!(PubAck::builder(PacketId::MIN).reason(ReasonCode::QuotaExceeded).build().is_ok());
            /// assert!(PubRel::builder(PacketId::MIN).reason(ReasonCode::QuotaExceeded).build().is_err());
            /// ```
            ///
            /// # Errors
            /// When this packet type does not have the reason code or a property.
            pub fn build(self) -> core::result::Result<$name, BuildError> {
                let (frame, layout) = self.frame(PacketType::$name)?;
                Ok($name { frame, layout })
            }
        }

        impl<S: Storage> $name<S> {
            #[inline]
            pub(crate) const fn from_layout(frame: S, layout: Layout) -> Self {
                Self { frame, layout }
            }

            /// The Packet Identifier of what is answered.
            ///
            /// ```
            /// use mqtt_codec::{PacketId, PubAck};
            ///
            /// assert_eq!(PubAck::new(PacketId::MAX).packet_id(), PacketId::MAX);
            /// ```
            #[must_use]
            #[inline]
            pub fn packet_id(&self) -> PacketId {
                self.layout.packet_id
            }

            /// The reason code; 3.x always means success.
            ///
            /// ```
            /// use mqtt_codec::{PacketId, PubRel, ReasonCode};
            ///
            /// assert_eq!(PubRel::new(PacketId::MIN).reason(), ReasonCode::Success);
            /// ```
            #[must_use]
            #[inline]
            pub fn reason(&self) -> ReasonCode {
                self.layout.end.reason
            }

            /// The properties.
            ///
            /// ```
            /// use mqtt_codec::{PacketId, PubAck};
            ///
            /// assert!(PubAck::new(PacketId::MIN).properties().is_empty());
            /// ```
            #[must_use]
            pub fn properties(&self) -> Properties<'_> {
                self.layout.end.properties(self.frame.as_ref())
            }

            pub(crate) fn content(&self) -> (PacketId, ReasonCode, &[u8]) {
                (self.packet_id(), self.reason(), self.properties().as_bytes())
            }
        }

        impl<'a> $name<&'a [u8]> {
            /// The properties, for as long as the bytes that the view was read from.
            ///
            /// ```
            /// use mqtt_codec::{Decoder, Packet, Version};
            ///
            /// let bytes = b"\x40\x08\x00\x01\x97\x04\x1F\x00\x01x";
            /// let (packet, _) = Decoder::any(Version::V5).decode(bytes)?.complete().unwrap();
            /// let Packet::PubAck(ack) = packet else { panic!() };
            /// assert_eq!(ack.into_properties().reason_string(), Some("x"));
            /// # Ok::<(), mqtt_codec::DecodeError>(())
            /// ```
            #[must_use]
            pub fn into_properties(self) -> Properties<'a> {
                self.layout.end.properties(self.frame)
            }
        }

        framed!($name);

        impl<S: Storage> Wire for $name<S> {
            #[inline]
            fn packet_type(&self) -> PacketType {
                PacketType::$name
            }

            #[inline(always)]
            fn ready(&self, _version: Version) -> Ready<'_> {
                if self.layout.end.reason == ReasonCode::Success && !self.layout.has_properties() {
                    let [high, low] = self.layout.packet_id.get().to_be_bytes();
                    return Ready::Four([PacketType::$name.first_byte(), 2, high, low]);
                }
                Ready::No
            }

            #[inline]
            fn may_come_from(&self, sender: Sender) -> core::result::Result<(), Field> {
                wire::may_say(sender, self.reason(), PacketType::$name)
            }

            fn remaining(&self, to: &Encoder, trim: Trim) -> core::result::Result<usize, EncodeError> {
                remaining(PacketType::$name, &self.layout, self.properties(), to.version(), trim)
            }

            fn write<B: BufMut + ?Sized>(&self, _: Version, trim: Trim, remaining: u32, out: &mut B) {
                write(PacketType::$name, &self.layout, self.properties(), (trim, remaining), out);
            }
        }

        impl<S: Storage> Describe for $name<S> {
            fn describe(&self, visitor: &mut dyn Visitor) {
                visitor.field("packet_id", Value::Id(Some(self.packet_id())));
                visitor.field("reason", Value::Code(self.reason()));
                visitor.field("properties", Value::Properties(self.properties()));
            }
        }
    )*};
}

acks! {
    /// The answer to a QoS 1 PUBLISH (MQTT 3.1.1 §3.4, MQTT 5.0 §3.4).
    ///
    /// For 3.x reason and properties are left out; a reason of 0x80 and above is refused.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, PubAck, ReasonCode};
    ///
    /// let ack = PubAck::new(PacketId::MIN);
    /// assert_eq!(ack.reason(), ReasonCode::Success);
    /// ```
    PubAck;
    /// The first answer to a QoS 2 PUBLISH (MQTT 3.1.1 §3.5, MQTT 5.0 §3.5).
    ///
    /// For 3.x reason and properties are left out; a reason of 0x80 and above is refused.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, PubRec, ReasonCode};
    ///
    /// let nobody = PubRec::builder(PacketId::MIN).reason(ReasonCode::NoMatchingSubscribers).build()?;
    /// assert!(!nobody.reason().is_error());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    PubRec;
    /// The answer to PUBREC (MQTT 3.1.1 §3.6, MQTT 5.0 §3.6).
    ///
    /// For 3.x reason and properties are left out.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, PubRel};
    ///
    /// assert_eq!(PubRel::new(PacketId::MAX).packet_id().get(), 65_535);
    /// ```
    PubRel;
    /// The answer to PUBREL (MQTT 3.1.1 §3.7, MQTT 5.0 §3.7).
    ///
    /// For 3.x reason and properties are left out.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, PubComp};
    ///
    /// assert!(PubComp::new(PacketId::MIN).properties().is_empty());
    /// ```
    PubComp;
}
