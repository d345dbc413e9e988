//! PUBACK, PUBREC, PUBREL and PUBCOMP: four types of one form.

use bytes::{BufMut, Bytes};

use crate::build_error::BuildError;
use crate::decode_error::{DecodeErrorKind as Kind, Detail, Field};
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::EncodeError;
use crate::header::HeaderBytes;
use crate::packet::{self, BUILDER};
use crate::property::{self, Properties};
use crate::reader::{Context, Reader, Result};
use crate::storage::Storage;
use crate::wire::{self, Ready, Trim, Wire, framed};
use crate::{PacketId, PacketType, ReasonCode, Version};

#[derive(Clone, Copy)]
pub(crate) struct Layout {
    packet_id: PacketId,
    reason: ReasonCode,
    properties: u32,
    properties_end: u32,
}

impl Layout {
    pub(crate) const fn plain(packet_id: PacketId) -> Self {
        Self {
            packet_id,
            reason: ReasonCode::Success,
            properties: 0,
            properties_end: 0,
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
        Self::parse_reason(reader, packet_id)
    }

    fn parse_reason(mut reader: Reader<'_>, packet_id: PacketId) -> Result<Self> {
        let reason = read_reason(&mut reader)?;
        // MQTT 5.0 §3.4.2.2.1: without a Property Length there are no properties.
        if reader.is_empty() {
            return Ok(Self {
                reason,
                ..Self::plain(packet_id)
            });
        }
        let place = reader.cx.packet.bit();
        let block = property::read(&mut reader, place)?;
        reader.finish(Detail::None)?;
        Ok(Self {
            packet_id,
            reason,
            properties: block.start,
            properties_end: block.end,
        })
    }

    /// Whether there is more to keep than numbers.
    pub(crate) const fn has_properties(&self) -> bool {
        self.properties != self.properties_end
    }
}

/// Reads a reason code of 5.0 that the packet type has and the sender may send.
///
/// MQTT 5.0 [MQTT-3.2.2-8] CONNACK, [MQTT-3.4.2-1] PUBACK, [MQTT-3.5.2-1] PUBREC, [MQTT-3.6.2-1] PUBREL,
/// [MQTT-3.7.2-1] PUBCOMP, [MQTT-3.9.3-2] SUBACK, [MQTT-3.11.3-2] UNSUBACK, [MQTT-3.14.2-1] DISCONNECT,
/// [MQTT-3.15.2-1] AUTH.
pub(crate) fn read_reason(reader: &mut Reader<'_>) -> Result<ReasonCode> {
    use crate::reader::Sender;
    let byte = reader.u8(Field::ReasonCode)?;
    let packet = reader.cx.packet;
    let Some(reason) = ReasonCode::from_byte(byte).filter(|reason| reason.is_for(packet)) else {
        return Err(reader.error_before(Kind::InvalidReasonCode, Field::ReasonCode, byte));
    };
    let allowed = match reader.cx.sender {
        Sender::Anyone => true,
        Sender::Client => reason.is_from_client(packet),
        Sender::Server => reason.is_from_server(packet),
    };
    if allowed {
        Ok(reason)
    } else {
        Err(reader.error_before(Kind::ReasonCodeWrongDirection, Field::ReasonCode, byte))
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
    if !version.has_properties() {
        // An error cannot be said in 3.x. That an identifier is not known changes nothing there: the exchange
        // goes on as if it were (MQTT 3.1.1 §4.3.3).
        if layout.reason.is_error() && layout.reason != ReasonCode::PacketIdentifierNotFound {
            return Err(EncodeError::not_in_version(
                packet,
                version,
                Field::ReasonCode,
            ));
        }
        return Ok(2);
    }
    Ok(match wire::trimmed_len(properties, trim) {
        0 if layout.reason == ReasonCode::Success => 2,
        0 => 3,
        _ => wire::properties_len(properties, version, trim).saturating_add(3),
    })
}

fn write<B: BufMut + ?Sized>(
    packet: PacketType,
    layout: &Layout,
    properties: Properties<'_>,
    (version, trim, remaining): (Version, Trim, u32),
    out: &mut B,
) {
    let [high, low] = layout.packet_id.get().to_be_bytes();
    if remaining == 2 {
        out.put_slice(&[packet.first_byte(), 2, high, low]);
        return;
    }
    out.put_slice(HeaderBytes::new(packet.first_byte(), remaining).as_slice());
    out.put_slice(&[high, low, layout.reason.byte()]);
    if remaining > 3 {
        wire::put_properties(properties, version, trim, out);
    }
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
    #[must_use]
    pub const fn reason(self, reason: ReasonCode) -> Self {
        Self { reason, ..self }
    }

    /// Sets the properties.
    #[must_use]
    pub fn properties(self, properties: impl Into<Properties<'a>>) -> Self {
        Self {
            properties: properties.into(),
            ..self
        }
    }

    fn frame(&self, packet: PacketType) -> core::result::Result<(Bytes, Layout), BuildError> {
        packet::frame(packet, |body| {
            body.put_u16(self.packet_id.get());
            body.put_u8(self.reason.byte());
            wire::put_properties(self.properties, Version::V5, Trim::Nothing, body);
            Ok(())
        })
        .and_then(|(frame, header)| {
            let layout = Layout::parse(&frame, header, BUILDER.context(packet))?;
            Ok((frame, layout))
        })
    }
}

macro_rules! acks {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name<S = Bytes> {
            frame: S,
            layout: Layout,
        }

        impl $name {
            /// The answer that everything is well.
            #[must_use]
            pub const fn new(packet_id: PacketId) -> Self {
                Self { frame: Bytes::new(), layout: Layout::plain(packet_id) }
            }

            /// Begins an answer with a reason or with properties.
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
            #[must_use]
            #[inline]
            pub fn packet_id(&self) -> PacketId {
                self.layout.packet_id
            }

            /// The reason code; 3.x always means success.
            #[must_use]
            #[inline]
            pub fn reason(&self) -> ReasonCode {
                self.layout.reason
            }

            /// The properties.
            #[must_use]
            pub fn properties(&self) -> Properties<'_> {
                let layout = &self.layout;
                Properties::checked(wire::part(self.frame.as_ref(), layout.properties, layout.properties_end))
            }

            pub(crate) fn content(&self) -> (PacketId, ReasonCode, &[u8]) {
                (self.packet_id(), self.reason(), self.properties().as_bytes())
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
                if self.layout.reason == ReasonCode::Success && !self.layout.has_properties() {
                    let [high, low] = self.layout.packet_id.get().to_be_bytes();
                    return Ready::Four([PacketType::$name.first_byte(), 2, high, low]);
                }
                Ready::No
            }

            fn remaining(&self, version: Version, trim: Trim) -> core::result::Result<usize, EncodeError> {
                remaining(PacketType::$name, &self.layout, self.properties(), version, trim)
            }

            fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B) {
                write(PacketType::$name, &self.layout, self.properties(), (version, trim, remaining), out);
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
