//! What CONNACK, the four acknowledgements, DISCONNECT and AUTH end with: a reason code and properties. Both may be left
//! away where they say nothing.

use bytes::BufMut;

use crate::decode_error::{DecodeErrorKind as Kind, Detail, Field};
use crate::properties::Properties;
use crate::property_block;
use crate::reader::{Reader, Result};
use crate::wire::{self, Trim};
use crate::{PacketType, PropertyId, ReasonCode, Version};

#[derive(Clone, Copy)]
pub(crate) struct Reasoned {
    pub(crate) reason: ReasonCode,
    start: u32,
    end: u32,
}

impl Reasoned {
    pub(crate) const SUCCESS: Self = Self::plain(ReasonCode::Success);

    /// Without properties.
    pub(crate) const fn plain(reason: ReasonCode) -> Self {
        Self {
            reason,
            start: 0,
            end: 0,
        }
    }

    /// Reads a reason code and properties up to the end of the packet. Without a Property Length there are no
    /// properties (MQTT 5.0 §3.4.2.2.1, §3.14.2.2.1).
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let reason = read_reason(reader)?;
        if reader.is_empty() {
            return Ok(Self::plain(reason));
        }
        Self::read_properties(reader, reason)
    }

    /// Reads properties up to the end of the packet.
    pub(crate) fn read_properties(reader: &mut Reader<'_>, reason: ReasonCode) -> Result<Self> {
        let place = reader.cx.packet.bit();
        let block = property_block::read(reader, place)?;
        reader.finish(Detail::None)?;
        Ok(Self {
            reason,
            start: block.start,
            end: block.end,
        })
    }

    /// Whether there is more to keep than numbers.
    #[inline]
    pub(crate) const fn has_properties(&self) -> bool {
        self.start != self.end
    }

    pub(crate) fn has(&self, frame: &[u8], id: PropertyId) -> bool {
        self.properties(frame).find(id).is_some()
    }

    /// Where the properties begin in the frame.
    pub(crate) const fn start(&self) -> u32 {
        self.start
    }

    pub(crate) fn properties<'a>(&self, frame: &'a [u8]) -> Properties<'a> {
        Properties::checked(wire::part(frame, self.start, self.end))
    }

    /// Length of reason and properties in their shortest form.
    pub(crate) fn len(&self, properties: Properties<'_>, trim: Trim) -> usize {
        match wire::trimmed_len(properties, trim) {
            0 if self.reason == ReasonCode::Success => 0,
            0 => 1,
            _ => wire::properties_len(properties, Version::V5, trim).saturating_add(1),
        }
    }

    /// Writes as much of reason and properties as `len` has room for.
    pub(crate) fn put<B: BufMut + ?Sized>(
        &self,
        properties: Properties<'_>,
        trim: Trim,
        len: u32,
        out: &mut B,
    ) {
        if len > 0 {
            out.put_u8(self.reason.byte());
        }
        if len > 1 {
            wire::put_properties(properties, Version::V5, trim, out);
        }
    }
}

/// Reads a reason code of 5.0 that the packet type has and the sender may send.
///
/// MQTT 5.0 [MQTT-3.2.2-8] CONNACK, [MQTT-3.4.2-1] PUBACK, [MQTT-3.5.2-1] PUBREC, [MQTT-3.6.2-1] PUBREL,
/// [MQTT-3.7.2-1] PUBCOMP, [MQTT-3.9.3-2] SUBACK, [MQTT-3.11.3-2] UNSUBACK, [MQTT-3.14.2-1] DISCONNECT,
/// [MQTT-3.15.2-1] AUTH.
pub(crate) fn read_reason(reader: &mut Reader<'_>) -> Result<ReasonCode> {
    let byte = reader.u8(Field::ReasonCode)?;
    let cx = reader.cx;
    let Some(reason) = ReasonCode::from_byte(byte).filter(|reason| reason.is_for(cx.packet)) else {
        return Err(reader.error_before(Kind::InvalidReasonCode, Field::ReasonCode, byte));
    };
    let forgiven = reason == ReasonCode::NoMatchingSubscribers
        && cx.leniency.no_matching_subscribers_from_client;
    if cx.sender.may_say(reason, cx.packet) || forgiven {
        Ok(reason)
    } else {
        Err(reader.error_before(Kind::ReasonCodeWrongDirection, Field::ReasonCode, byte))
    }
}

/// Judges reason codes up to the end of the packet: those of SUBACK and UNSUBACK, which say nothing about directions.
pub(crate) fn read_reasons(reader: &Reader<'_>, good: &ReasonSet) -> Result<()> {
    // A request has at least one filter, so its answer has at least one code (MQTT 3.1.1 [MQTT-3.8.4-5], MQTT 5.0
    // [MQTT-3.8.4-6], §3.11.3).
    if reader.is_empty() {
        return Err(reader.error(Kind::NoReasonCodes, Field::ReasonCode, 0));
    }
    match reader.rest().iter().position(|byte| !good.contains(*byte)) {
        None => Ok(()),
        Some(at) => {
            let found = reader.rest().get(at).copied().unwrap_or_default();
            let at = reader.offset().saturating_add(crate::reader::short(at));
            let found = u32::from(found);
            Err(reader.error_at(Kind::InvalidReasonCode, Field::ReasonCode, at, found))
        }
    }
}

/// A set of bytes that are reason codes.
pub(crate) struct ReasonSet([bool; 256]);

impl ReasonSet {
    /// The codes that a packet type has in 5.0.
    pub(crate) const fn of(packet: PacketType) -> Self {
        let mut set = [false; 256];
        let mut codes = ReasonCode::ALL;
        while let [code, rest @ ..] = codes {
            if code.is_for(packet) {
                Self::insert(&mut set, code.byte());
            }
            codes = rest;
        }
        Self(set)
    }

    /// These codes.
    pub(crate) const fn from_bytes(mut bytes: &[u8]) -> Self {
        let mut set = [false; 256];
        while let [byte, rest @ ..] = bytes {
            Self::insert(&mut set, *byte);
            bytes = rest;
        }
        Self(set)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "256 places for a byte; constants know no other way"
    )]
    const fn insert(set: &mut [bool; 256], byte: u8) {
        set[byte as usize] = true;
    }

    #[inline]
    fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).is_some_and(|good| *good)
    }
}

/// What DISCONNECT and AUTH have in common.
macro_rules! reasoned {
    (
        $name:ident, $builder:ident;
        $(#[$reason:meta])* reason;
        $(#[$properties:meta])* properties;
        $(#[$into_properties:meta])* into_properties;
        $(#[$build_properties:meta])* builder.properties;
        $(#[$build:meta])* build;
    ) => {
        impl<S: Storage> $name<S> {
            pub(crate) const fn from_layout(frame: S, layout: Reasoned) -> Self {
                Self { frame, layout }
            }

            $(#[$reason])*
            #[must_use]
            pub fn reason(&self) -> ReasonCode {
                self.layout.reason
            }

            $(#[$properties])*
            #[must_use]
            pub fn properties(&self) -> Properties<'_> {
                self.layout.properties(self.frame.as_ref())
            }

            pub(crate) fn content(&self) -> (ReasonCode, &[u8]) {
                (self.reason(), self.properties().as_bytes())
            }
        }

        impl<'a> $name<&'a [u8]> {
            $(#[$into_properties])*
            #[must_use]
            pub fn into_properties(self) -> Properties<'a> {
                self.layout.properties(self.frame)
            }
        }

        framed!($name);

        impl<S: Storage> Describe for $name<S> {
            fn describe(&self, visitor: &mut dyn Visitor) {
                visitor.field("reason", Value::Code(self.reason()));
                visitor.field("properties", Value::Properties(self.properties()));
            }
        }

        impl<'a> $builder<'a> {
            $(#[$build_properties])*
            #[must_use]
            pub fn properties(self, properties: impl Into<Properties<'a>>) -> Self {
                Self {
                    properties: properties.into(),
                    ..self
                }
            }

            $(#[$build])*
            pub fn build(self) -> core::result::Result<$name, BuildError> {
                let first = PacketType::$name.first_byte();
                let cx = BUILDER.context(PacketType::$name);
                // Numbers alone need no memory.
                if self.properties.is_empty() {
                    let layout = parse(&[first, 2, self.reason.byte(), 0], 2, cx)?;
                    let frame = Bytes::new();
                    return Ok($name { frame, layout });
                }
                let properties = wire::properties_len(self.properties, Version::V5, Trim::Nothing);
                let (frame, header) = packet::frame(first, properties.saturating_add(1), |body| {
                    body.put_u8(self.reason.byte());
                    wire::put_properties(self.properties, Version::V5, Trim::Nothing, body);
                    Ok(())
                })?;
                let layout = parse(&frame, header, cx)?;
                Ok($name { frame, layout })
            }
        }
    };
}
pub(crate) use reasoned;
