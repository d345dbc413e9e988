//! How packets are written: measured first, then put down, so that a failure writes nothing.

use bytes::BufMut;

use crate::decode_error::Field;
use crate::encode_error::EncodeError;
use crate::encoder::Encoder;
use crate::properties::Properties;
use crate::property::PropertyId;
use crate::reader::{Sender, index, short};
use crate::varint::VariableByteInteger;
use crate::{PacketType, ReasonCode, Version};

/// What is left out of a packet so that its receiver takes it.
#[expect(unnameable_types, reason = "part of a sealed trait")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trim {
    /// The packet goes out as it is.
    Nothing,
    /// User Properties stay behind.
    UserProperties,
    /// User Properties and Reason String stay behind.
    UserPropertiesAndReasonString,
}

impl Trim {
    const fn drops(self, id: PropertyId) -> bool {
        match id {
            PropertyId::UserProperty => !matches!(self, Self::Nothing),
            PropertyId::ReasonString => matches!(self, Self::UserPropertiesAndReasonString),
            _ => false,
        }
    }
}

/// A packet in the form in which it goes out.
#[expect(unnameable_types, reason = "part of a sealed trait")]
#[derive(Clone, Copy, Debug)]
pub enum Ready<'a> {
    /// As it was received.
    Frame(&'a [u8]),
    /// So short that it is made at once.
    Four([u8; 4]),
    /// It has to be measured and written.
    No,
}

/// A packet that can be written.
#[expect(
    unnameable_types,
    reason = "that it cannot be named is what seals `Encode`"
)]
pub trait Wire {
    /// The type of the packet.
    fn packet_type(&self) -> PacketType;

    /// What can be sent without measuring.
    #[inline]
    fn ready(&self, _version: Version) -> Ready<'_> {
        Ready::No
    }

    /// Whether a 5.0 packet with this content may come from there; its type may. 3.x knows no such thing.
    ///
    /// # Errors
    /// The field that may not.
    #[inline]
    fn may_come_from(&self, _sender: Sender) -> Result<(), Field> {
        Ok(())
    }

    /// Remaining Length, or why it cannot be said to this receiver.
    ///
    /// # Errors
    /// [`EncodeErrorKind::NotInVersion`](crate::EncodeErrorKind::NotInVersion).
    fn remaining(&self, to: &Encoder, trim: Trim) -> Result<usize, EncodeError>;

    /// Writes the packet, fixed header included. `remaining` is what [`Wire::remaining`] gave.
    fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B);
}

/// Whether a reason code may come from there.
pub(crate) fn may_say(sender: Sender, reason: ReasonCode, packet: PacketType) -> Result<(), Field> {
    if sender.may_say(reason, packet) {
        Ok(())
    } else {
        Err(Field::ReasonCode)
    }
}

/// Whether a property that only one side may send is not there, or `allowed`.
pub(crate) fn may_have(
    allowed: bool,
    properties: Properties<'_>,
    id: PropertyId,
) -> Result<(), Field> {
    if allowed || properties.find(id).is_none() {
        Ok(())
    } else {
        Err(Field::Property(id))
    }
}

/// Length of properties with their Property Length; nothing in versions that have none.
#[inline]
pub(crate) fn properties_len(properties: Properties<'_>, version: Version, trim: Trim) -> usize {
    if !version.has_properties() {
        return 0;
    }
    let len = trimmed_len(properties, trim);
    VariableByteInteger::saturating(short(len))
        .encoded_len()
        .saturating_add(len)
}

pub(crate) fn trimmed_len(properties: Properties<'_>, trim: Trim) -> usize {
    match trim {
        Trim::Nothing => properties.as_bytes().len(),
        _ => properties
            .raw()
            .filter(|property| !trim.drops(property.id))
            .fold(0, |len, property| property.bytes.len().saturating_add(len)),
    }
}

/// Writes properties with their Property Length; nothing in versions that have none.
#[inline]
pub(crate) fn put_properties<B: BufMut + ?Sized>(
    properties: Properties<'_>,
    version: Version,
    trim: Trim,
    out: &mut B,
) {
    if !version.has_properties() {
        return;
    }
    put_integer(trimmed_len(properties, trim), out);
    match trim {
        Trim::Nothing => out.put_slice(properties.as_bytes()),
        _ => properties
            .raw()
            .filter(|property| !trim.drops(property.id))
            .for_each(|property| out.put_slice(property.bytes)),
    }
}

#[inline]
pub(crate) fn put_integer<B: BufMut + ?Sized>(value: usize, out: &mut B) {
    out.put_slice(
        VariableByteInteger::saturating(short(value))
            .encode()
            .as_ref(),
    );
}

/// The part of a frame between two offsets of its layout.
#[inline]
pub(crate) fn part(frame: &[u8], start: u32, end: u32) -> &[u8] {
    frame.get(index(start)..index(end)).unwrap_or_default()
}

/// The part of a frame from an offset of its layout.
#[inline]
pub(crate) fn tail(frame: &[u8], start: u32) -> &[u8] {
    frame.get(index(start)..).unwrap_or_default()
}

/// The bytes with a two-byte length in front at an offset of a layout, and where they end.
#[inline]
pub(crate) fn block(frame: &[u8], start: u32) -> (&[u8], u32) {
    let bytes = tail(frame, start);
    let len = bytes
        .first_chunk::<2>()
        .map_or(0, |len| u16::from_be_bytes(*len));
    let end = start.saturating_add(2).saturating_add(u32::from(len));
    (part(frame, start.saturating_add(2), end), end)
}

/// What every packet type that keeps a frame has in common.
macro_rules! framed {
    ($name:ident) => {
        impl<S: crate::Storage> $name<S> {
            /// The same packet as a view; costs nothing.
            ///
            /// ```
            /// use mqtt_codec::{Packet, PacketView, Publish};
            ///
            /// let owned: Packet = Publish::builder("a").build()?.into();
            /// let view: PacketView<'_> = owned.as_view(); // the same for each packet type
            /// assert_eq!(view.to_owned_packet(), owned);
            /// # Ok::<(), mqtt_codec::BuildError>(())
            /// ```
            #[must_use]
            pub fn as_view(&self) -> $name<&[u8]> {
                $name {
                    frame: self.frame.as_ref(),
                    layout: self.layout,
                }
            }

            /// The same packet with a copy of its bytes: one that outlives what a view was read from, or does not keep
            /// the whole buffer that an owned packet came in.
            ///
            /// ```
            /// use mqtt_codec::{Decoder, Packet, Version};
            ///
            /// let mut buffer = *b"\x30\x04\x00\x01ax";
            /// let (view, _) = Decoder::any(Version::V311).decode(&buffer)?.complete().unwrap();
            /// let owned = view.to_owned_packet(); // the same for each packet type
            /// buffer.fill(0);
            /// let Packet::Publish(publish) = owned else { panic!() };
            /// assert_eq!(publish.payload(), b"x");
            /// # Ok::<(), mqtt_codec::DecodeError>(())
            /// ```
            #[must_use]
            pub fn to_owned_packet(&self) -> $name {
                $name {
                    frame: bytes::Bytes::copy_from_slice(self.frame.as_ref()),
                    layout: self.layout,
                }
            }
        }

        impl<S: crate::Storage, T: crate::Storage> PartialEq<$name<T>> for $name<S> {
            fn eq(&self, other: &$name<T>) -> bool {
                self.content() == other.content()
            }
        }

        impl<S: crate::Storage> Eq for $name<S> {}

        impl<S: crate::Storage> core::fmt::Debug for $name<S> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                crate::describe::debug(self, stringify!($name), f)
            }
        }

        #[cfg(feature = "serde")]
        impl<S: crate::Storage> serde::Serialize for $name<S> {
            /// As [`Packet`](crate::Packet).
            fn serialize<Z: serde::Serializer>(
                &self,
                serializer: Z,
            ) -> core::result::Result<Z::Ok, Z::Error> {
                crate::serialize::packet(crate::PacketType::$name, self, serializer)
            }
        }

        impl<S: crate::Storage> From<$name<S>> for crate::Packet<S> {
            fn from(packet: $name<S>) -> Self {
                Self::$name(packet)
            }
        }

        impl<S: crate::Storage> crate::Encode for $name<S> {}
    };
}
pub(crate) use framed;
