//! Where the fields of a CONNECT are in its frame, and how they are judged.

use crate::decode_error::{DecodeErrorKind as Kind, Detail, Field};
use crate::header::FixedHeader;
use crate::properties::Properties;
use crate::property::WILL;
use crate::property_block;
use crate::reader::{Context, Reader, Result, short};
use crate::varint::{self, Scan};
use crate::will::Will;
use crate::{PacketType, QoS, Version, text, wire};

/// Where the fields are; 0 is a field that is not there.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) version: Version,
    pub(crate) flags: u8,
    pub(crate) keep_alive: u16,
    /// What follows Keep Alive.
    pub(crate) rest: u32,
    properties: u32,
    properties_end: u32,
    pub(crate) client_id: u32,
    pub(crate) will: u32,
    pub(crate) user_name: u32,
    pub(crate) password: u32,
}

pub(crate) const CLEAN: u8 = 0b0000_0010;
pub(crate) const WILL_FLAG: u8 = 0b0000_0100;
pub(crate) const WILL_RETAIN: u8 = 0b0010_0000;
pub(crate) const PASSWORD: u8 = 0b0100_0000;
pub(crate) const USER_NAME: u8 = 0b1000_0000;
const BRIDGE: u8 = 0b1000_0000;

const fn will_qos(flags: u8) -> u8 {
    (flags >> 3) & 0b11
}

impl Layout {
    /// `cx.version` is the version that must be, if `told`; else the packet says which it is.
    pub(crate) fn parse(frame: &[u8], header: u8, mut cx: Context, told: bool) -> Result<Self> {
        let mut reader = Reader::new(frame, header, cx);
        cx.version = read_version(&mut reader, told).map_err(|mut error| {
            if !told && error.kind != Kind::UnsupportedProtocolLevel {
                error.version = None;
            }
            error
        })?;
        reader.cx = cx;
        let version = cx.version;
        let remaining = short(frame.len().saturating_sub(usize::from(header)));
        let fixed = FixedHeader {
            first: 0,
            remaining,
            len: header,
        };
        // MQTT 5.0 [MQTT-1.5.5-1]: only now it is known that this is 5.0.
        if version.has_properties() && !fixed.is_shortest() {
            let len = u32::from(header).saturating_sub(1);
            return Err(reader.error_at(Kind::IntegerNotShortest, Field::RemainingLength, 1, len));
        }
        let flags = read_flags(&mut reader)?;
        let keep_alive = reader.u16(Field::KeepAlive)?;
        let rest = reader.offset();
        let block = property_block::read(&mut reader, PacketType::Connect.bit())?;
        let client_id = reader.offset();
        read_client_id(&mut reader, flags)?;
        let mut layout = Self {
            version,
            flags,
            keep_alive,
            rest,
            properties: block.start,
            properties_end: block.end,
            client_id,
            will: 0,
            user_name: 0,
            password: 0,
        };
        // MQTT 3.1.1 [MQTT-3.1.3-1], [MQTT-3.1.2-9]; MQTT 5.0 [MQTT-3.1.3-1], [MQTT-3.1.2-9]
        if flags & WILL_FLAG != 0 {
            layout.will = reader.offset();
            property_block::read(&mut reader, WILL)?;
            // MQTT 3.1.1 [MQTT-3.1.3-10], [MQTT-4.7.1-1]; MQTT 5.0 [MQTT-3.1.3-11], [MQTT-4.7.0-1]
            reader.topic_name(Field::WillTopic, false)?;
            reader.binary(Field::WillPayload)?;
        }
        // 3.1 allows a flag without its field at the end ("Remaining Length takes precedence").
        let lenient = version == Version::V31;
        if flags & USER_NAME != 0 && !(lenient && reader.is_empty()) {
            layout.user_name = reader.offset();
            // MQTT 3.1.1 [MQTT-3.1.2-19], [MQTT-3.1.3-11]; MQTT 5.0 [MQTT-3.1.2-17], [MQTT-3.1.3-12]
            reader.text(Field::UserName)?;
        }
        if flags & PASSWORD != 0 && !(lenient && reader.is_empty()) {
            layout.password = reader.offset();
            // MQTT 3.1.1 [MQTT-3.1.2-21], MQTT 5.0 [MQTT-3.1.2-19]
            reader.binary(Field::Password)?;
        }
        // MQTT 3.1.1 [MQTT-3.1.2-18], [MQTT-3.1.2-20]; MQTT 5.0 [MQTT-3.1.2-16], [MQTT-3.1.2-18]
        reader.finish(match flags & (USER_NAME | PASSWORD) {
            0 => Detail::NoCredentials,
            PASSWORD => Detail::NoUserName,
            USER_NAME => Detail::NoPassword,
            _ => Detail::None,
        })?;
        layout.flags = canonical_flags(&layout);
        Ok(layout)
    }
}

/// The flags that say exactly which fields are there.
fn canonical_flags(layout: &Layout) -> u8 {
    let mut flags = layout.flags & !(USER_NAME | PASSWORD);
    if layout.user_name != 0 {
        flags |= USER_NAME;
    }
    if layout.password != 0 {
        flags |= PASSWORD;
    }
    flags
}

fn read_version(reader: &mut Reader<'_>, told: bool) -> Result<Version> {
    let at = reader.offset();
    let name = reader.binary(Field::ProtocolName)?;
    // MQTT 3.1.1 and 5.0 [MQTT-3.1.2-1]
    if !matches!(name, b"MQTT" | b"MQIsdp") {
        return Err(reader.error_at(
            Kind::InvalidProtocolName,
            Field::ProtocolName,
            at,
            short(name.len()),
        ));
    }
    let mut level = reader.u8(Field::ProtocolLevel)?;
    if reader.cx.leniency.bridge_protocol_level && matches!(level & !BRIDGE, 3 | 4) {
        level &= !BRIDGE;
    }
    let version = match (name, level) {
        (b"MQIsdp", 3) => Some(Version::V31),
        (b"MQTT", 4) => Some(Version::V311),
        (b"MQTT", 5) => Some(Version::V5),
        _ => None,
    };
    match version {
        Some(version) if !told || version == reader.cx.version => Ok(version),
        // MQTT 3.1.1 and 5.0 [MQTT-3.1.2-2]
        _ => {
            let mut error =
                reader.error_before(Kind::UnsupportedProtocolLevel, Field::ProtocolLevel, level);
            if !told {
                // The form of the answer that the peer most likely understands.
                error.version = Some(if level > 4 {
                    Version::V5
                } else {
                    Version::V311
                });
            }
            Err(error)
        }
    }
}

fn read_flags(reader: &mut Reader<'_>) -> Result<u8> {
    let flags = reader.u8(Field::ConnectFlags)?;
    let will = flags & WILL_FLAG != 0;
    let kind = if flags & 1 != 0 {
        // MQTT 3.1.1 and 5.0 [MQTT-3.1.2-3]
        Kind::ReservedConnectFlag
    } else if !will && will_qos(flags) != 0 {
        // MQTT 3.1.1 [MQTT-3.1.2-11], [MQTT-3.1.2-13]; MQTT 5.0 [MQTT-3.1.2-11]
        Kind::WillQoSWithoutWill
    } else if !will && flags & WILL_RETAIN != 0 {
        // MQTT 3.1.1 [MQTT-3.1.2-11], [MQTT-3.1.2-15]; MQTT 5.0 [MQTT-3.1.2-13]
        Kind::WillRetainWithoutWill
    } else if will_qos(flags) == 3 {
        // MQTT 3.1.1 [MQTT-3.1.2-14], MQTT 5.0 [MQTT-3.1.2-12]
        Kind::InvalidWillQoS
    } else if flags & (USER_NAME | PASSWORD) == PASSWORD
        && !reader.has_properties()
        && !reader.cx.leniency.password_without_user_name
    {
        // MQTT 3.1.1 [MQTT-3.1.2-22]
        Kind::PasswordWithoutUserName
    } else {
        return Ok(flags);
    };
    Err(reader.error_before(kind, Field::ConnectFlags, flags))
}

fn read_client_id(reader: &mut Reader<'_>, flags: u8) -> Result<()> {
    let at = reader.offset();
    // MQTT 3.1.1 [MQTT-3.1.3-3], [MQTT-3.1.3-4]; MQTT 5.0 [MQTT-3.1.3-3], [MQTT-3.1.3-4]
    let id = reader.text(Field::ClientId)?;
    let rejected = match reader.cx.version {
        // MQTT 3.1 §3.1
        Version::V31 => !fits_v31(id) && (id.is_empty() || !reader.cx.leniency.long_client_id),
        // MQTT 3.1.1 [MQTT-3.1.3-7], [MQTT-3.1.3-8]
        Version::V311 => id.is_empty() && flags & CLEAN == 0,
        Version::V5 => false,
    };
    if rejected {
        let len = short(id.len());
        return Err(reader.error_at(Kind::ClientIdRejected, Field::ClientId, at, len));
    }
    Ok(())
}

/// MQTT 3.1 §3.1: between 1 and 23 characters.
pub(crate) fn fits_v31(client_id: &[u8]) -> bool {
    (1..=23).contains(&text::checked(client_id).chars().count())
}

impl Layout {
    pub(crate) fn properties<'a>(&self, frame: &'a [u8]) -> Properties<'a> {
        Properties::checked(wire::part(frame, self.properties, self.properties_end))
    }

    pub(crate) fn client_id<'a>(&self, frame: &'a [u8]) -> &'a str {
        text::checked(wire::block(frame, self.client_id).0)
    }

    pub(crate) fn will<'a>(&self, frame: &'a [u8]) -> Option<Will<'a>> {
        if self.will == 0 {
            return None;
        }
        let (properties, topic) = self.will_properties(frame);
        let (topic, payload) = wire::block(frame, topic);
        Some(Will {
            qos: QoS::from_bits(will_qos(self.flags)).unwrap_or_default(),
            retain: self.flags & WILL_RETAIN != 0,
            properties,
            topic: text::checked(topic),
            payload: wire::block(frame, payload).0,
        })
    }

    /// The will properties and where the Will Topic begins.
    pub(crate) fn will_properties<'a>(&self, frame: &'a [u8]) -> (Properties<'a>, u32) {
        let start = self.will;
        if !self.version.has_properties() {
            return (Properties::EMPTY, start);
        }
        match varint::scan(wire::tail(frame, start)) {
            Scan::Value { value, len } => {
                let start = start.saturating_add(u32::from(len));
                let end = start.saturating_add(value);
                (Properties::checked(wire::part(frame, start, end)), end)
            }
            _ => (Properties::EMPTY, start),
        }
    }

    pub(crate) fn user_name<'a>(&self, frame: &'a [u8]) -> Option<&'a str> {
        (self.user_name != 0).then(|| text::checked(wire::block(frame, self.user_name).0))
    }

    pub(crate) fn password<'a>(&self, frame: &'a [u8]) -> Option<&'a [u8]> {
        (self.password != 0).then(|| wire::block(frame, self.password).0)
    }
}
