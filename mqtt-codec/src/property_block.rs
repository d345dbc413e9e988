//! How the properties of a packet are judged, once.

use crate::decode_error::{DecodeErrorKind as Kind, Field};
use crate::property::{PropertyId, Row, ValueType};
use crate::reader::{Reader, Result};

/// Where the properties of a packet are in its frame, and which there are.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) seen: u64,
}

impl Block {
    pub(crate) const fn has(self, id: PropertyId) -> bool {
        self.seen & id.bit() != 0
    }
}

/// Reads a Property Length and judges the properties that follow. `place` is the bit of the packet type.
///
/// Versions without properties have an empty block here.
#[inline(always)]
pub(crate) fn read(reader: &mut Reader<'_>, place: u16) -> Result<Block> {
    if !reader.has_properties() {
        let here = reader.offset();
        return Ok(Block {
            start: here,
            end: here,
            seen: 0,
        });
    }
    read_block(reader, place)
}

fn read_block(reader: &mut Reader<'_>, place: u16) -> Result<Block> {
    // MQTT 5.0 [MQTT-2.2.2-1]: the length is there even if it is 0.
    let len = reader.integer(Field::PropertyLength)?;
    let start = reader.offset();
    if len == 0 {
        return Ok(Block {
            start,
            end: start,
            seen: 0,
        });
    }
    let mut inner = reader.split(len, Field::PropertyLength)?;
    let mut seen = 0;
    while !inner.is_empty() {
        seen |= read_one(&mut inner, place, seen)?;
    }
    let block = Block {
        start,
        end: inner.offset(),
        seen,
    };
    // MQTT 5.0 §3.1.2.11.10, §3.2.2.3.18, §3.15.2.2.3
    if block.has(PropertyId::AuthenticationData) && !block.has(PropertyId::AuthenticationMethod) {
        let field = Field::Property(PropertyId::AuthenticationData);
        return Err(inner.error_at(Kind::AuthenticationDataWithoutMethod, field, start, 0));
    }
    Ok(block)
}

/// Judges one property; `seen` holds the bits of those before it. Gives its bit.
#[inline]
pub(crate) fn read_one(reader: &mut Reader<'_>, place: u16, seen: u64) -> Result<u64> {
    let byte = reader.u8(Field::PropertyIdentifier)?;
    let Some(&Row {
        id,
        value_type,
        packets,
    }) = Row::of(byte)
    else {
        return Err(unknown(reader, byte));
    };
    let field = Field::Property(id);
    // MQTT 5.0 §2.2.2.2
    if packets & place == 0 {
        return Err(reader.error_before(Kind::PropertyNotAllowed, field, byte));
    }
    if seen & id.bit() != 0 && !id.may_repeat(place) {
        return Err(reader.error_before(Kind::DuplicateProperty, field, byte));
    }
    let value = reader.offset();
    let bad = match value_type {
        ValueType::Flag | ValueType::Quality => {
            Some(u32::from(reader.u8(field)?)).filter(|value| *value > 1)
        }
        ValueType::Short => reader.u16(field).map(|_| None)?,
        ValueType::NonZeroShort => Some(u32::from(reader.u16(field)?)).filter(|value| *value == 0),
        ValueType::Long => reader.u32(field).map(|_| None)?,
        ValueType::NonZeroLong => Some(reader.u32(field)?).filter(|value| *value == 0),
        ValueType::NonZeroVariable => Some(reader.integer(field)?).filter(|value| *value == 0),
        ValueType::Text => reader.text(field).map(|_| None)?,
        // MQTT 5.0 [MQTT-3.3.2-13], [MQTT-3.3.2-14]
        ValueType::Topic => reader.topic_name(field, false).map(|_| None)?,
        ValueType::Binary => reader.binary(field).map(|_| None)?,
        ValueType::Pair => {
            // MQTT 5.0 [MQTT-1.5.7-1]
            reader.text(field)?;
            reader.text(field).map(|_| None)?
        }
    };
    match bad {
        None => Ok(id.bit()),
        Some(found) => Err(reader.error_at(Kind::InvalidPropertyValue, field, value, found)),
    }
}

/// An identifier is a Variable Byte Integer too, so 0x81 0x00 is not an unknown property but a long 0x01.
#[cold]
fn unknown(reader: &Reader<'_>, byte: u8) -> crate::DecodeError {
    let mut again = *reader;
    match again.u8(Field::PropertyIdentifier) {
        Ok(0) if byte >= 0x80 => {
            reader.error_before(Kind::IntegerNotShortest, Field::PropertyIdentifier, 2)
        }
        _ => reader.error_before(Kind::UnknownProperty, Field::PropertyIdentifier, byte),
    }
}
