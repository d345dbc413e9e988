//! SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK: a Packet Identifier, properties, and a list up to the end of the frame.

use alloc::vec::Vec;

use bytes::{BufMut, Bytes};

use crate::build_error::BuildError;
use crate::header::HeaderBytes;
use crate::packet;
use crate::properties::Properties;
use crate::property_block;
use crate::reader::{Reader, Result};
use crate::wire::{self, Trim};
use crate::{PacketId, PacketType, Version};

#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) packet_id: PacketId,
    /// Whether the frame is one of 5.0.
    pub(crate) has_properties: bool,
    properties: u32,
    /// 0 if there is none: UNSUBACK of 3.x.
    list: u32,
}

impl Layout {
    pub(crate) const fn without_list(packet_id: PacketId) -> Self {
        Self {
            packet_id,
            has_properties: false,
            properties: 0,
            list: 0,
        }
    }

    /// Reads everything before the list.
    #[inline]
    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Self> {
        let packet_id = reader.packet_id()?;
        let place = reader.cx.packet.bit();
        let block = property_block::read(reader, place)?;
        Ok(Self {
            packet_id,
            has_properties: reader.has_properties(),
            properties: block.start,
            list: block.end,
        })
    }

    pub(crate) const fn has_list(&self) -> bool {
        self.list != 0
    }

    pub(crate) fn properties<'a>(&self, frame: &'a [u8]) -> Properties<'a> {
        Properties::checked(wire::part(frame, self.properties, self.list))
    }

    pub(crate) fn list<'a>(&self, frame: &'a [u8]) -> &'a [u8] {
        if self.has_list() {
            wire::tail(frame, self.list)
        } else {
            &[]
        }
    }
}

/// Remaining Length with a list of so many bytes.
pub(crate) fn remaining(
    properties: Properties<'_>,
    version: Version,
    trim: Trim,
    list: usize,
) -> usize {
    wire::properties_len(properties, version, trim)
        .saturating_add(list)
        .saturating_add(2)
}

/// Writes everything before the list.
pub(crate) fn put<B: BufMut + ?Sized>(
    packet: PacketType,
    packet_id: PacketId,
    properties: Properties<'_>,
    (version, trim, remaining): (Version, Trim, u32),
    out: &mut B,
) {
    out.put_slice(HeaderBytes::new(packet.first_byte(), remaining).as_slice());
    out.put_u16(packet_id.get());
    wire::put_properties(properties, version, trim, out);
}

/// The frame of a packet to be built, and the length of its header.
pub(crate) fn frame(
    packet: PacketType,
    packet_id: PacketId,
    properties: Properties<'_>,
    len: usize,
    put_list: impl FnOnce(&mut Vec<u8>),
) -> core::result::Result<(Bytes, u8), BuildError> {
    let room = remaining(properties, Version::V5, Trim::Nothing, len);
    packet::frame(packet.first_byte(), room, |body| {
        body.put_u16(packet_id.get());
        wire::put_properties(properties, Version::V5, Trim::Nothing, body);
        put_list(body);
        Ok(())
    })
}

/// What the four types have in common: the type, its list as field, as iterator and as value to describe.
macro_rules! listed {
    (
        $name:ident;
        $(#[$id:meta])* packet_id;
        $(#[$properties:meta])* properties;
        $(#[$into_properties:meta])* into_properties;
        $(#[$list_doc:meta])* $list:ident: $iterator:ident as $value:ident;
        $(#[$into_doc:meta])* $into_list:ident;
    ) => {
        impl<S: Storage> $name<S> {
            pub(crate) const fn from_layout(frame: S, layout: Layout) -> Self {
                Self { frame, layout }
            }

            $(#[$id])*
            #[must_use]
            pub fn packet_id(&self) -> PacketId {
                self.layout.packet_id
            }

            $(#[$properties])*
            #[must_use]
            pub fn properties(&self) -> Properties<'_> {
                self.layout.properties(self.frame.as_ref())
            }

            $(#[$list_doc])*
            #[must_use]
            pub fn $list(&self) -> $iterator<'_> {
                $iterator { rest: self.layout.list(self.frame.as_ref()) }
            }

            pub(crate) fn content(&self) -> (PacketId, &[u8], &[u8]) {
                (self.packet_id(), self.properties().as_bytes(), self.$list().rest)
            }
        }

        impl<'a> $name<&'a [u8]> {
            $(#[$into_properties])*
            #[must_use]
            pub fn into_properties(self) -> Properties<'a> {
                self.layout.properties(self.frame)
            }

            $(#[$into_doc])*
            #[must_use]
            pub fn $into_list(self) -> $iterator<'a> {
                $iterator { rest: self.layout.list(self.frame) }
            }
        }

        framed!($name);

        impl<S: Storage> Describe for $name<S> {
            fn describe(&self, visitor: &mut dyn Visitor) {
                visitor.field("packet_id", Value::Id(Some(self.packet_id())));
                visitor.field("properties", Value::Properties(self.properties()));
                visitor.field(stringify!($list), Value::$value(self.$list()));
            }
        }
    };
}
pub(crate) use listed;

/// What the builders of the four types have in common; `len` and `put` are of the list.
macro_rules! listed_builder {
    (
        $name:ident, $builder:ident;
        $(#[$properties:meta])* properties;
        $(#[$build:meta])* build;
        |$self:ident| $ready:expr;
        len $len:expr;
        put |$body:ident| $put:expr;
    ) => {
        impl<'a> $builder<'a> {
            $(#[$properties])*
            #[must_use]
            pub fn properties(self, properties: impl Into<Properties<'a>>) -> Self {
                Self {
                    properties: properties.into(),
                    ..self
                }
            }

            $(#[$build])*
            pub fn build($self) -> core::result::Result<$name, BuildError> {
                $ready?;
                let (id, properties) = ($self.packet_id, $self.properties);
                let (frame, header) =
                    listed::frame(PacketType::$name, id, properties, $len, |$body| $put)?;
                let layout = parse(&frame, header, BUILDER.context(PacketType::$name))?;
                Ok($name { frame, layout })
            }
        }
    };
}
pub(crate) use listed_builder;
