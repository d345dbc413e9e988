use bytes::{BufMut, Bytes};

use crate::build_error::BuildError;
use crate::decode_error::Field;
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::EncodeError;
use crate::encoder::Encoder;
use crate::listed::{self, Layout, listed, listed_builder};
use crate::packet::BUILDER;
use crate::properties::Properties;
use crate::reader::{Context, Reader, Result};
use crate::reasoned::{ReasonSet, read_reasons};
use crate::storage::Storage;
use crate::suback::ReasonCodes;
use crate::wire::{Trim, Wire, framed};
use crate::{PacketId, PacketType, ReasonCode, Version};

/// The answer to UNSUBSCRIBE (MQTT 3.1.1 §3.11, MQTT 5.0 §3.11).
///
/// In 3.x it carries no codes, in 5.0 one for each filter. For 3.x codes and properties are left out; a code of
/// 0x80 and above is refused. For 5.0, an answer without codes is refused: nobody knows how many there must be.
///
/// ```
/// use mqtt_codec::{PacketId, ReasonCode, UnsubAck};
///
/// let answer = UnsubAck::builder(PacketId::MIN, &[ReasonCode::NoSubscriptionExisted]).build()?;
/// assert_eq!(answer.codes().len(), 1);
/// assert_eq!(UnsubAck::without_codes(PacketId::MIN).codes().len(), 0); // for 3.x
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy)]
pub struct UnsubAck<S = Bytes> {
    frame: S,
    layout: Layout,
}

const GOOD: ReasonSet = ReasonSet::of(PacketType::UnsubAck);

pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Layout> {
    let mut reader = Reader::new(frame, header, cx);
    if !reader.has_properties() {
        return reader.packet_id().map(Layout::without_list);
    }
    let layout = Layout::read(&mut reader)?;
    read_reasons(&reader, &GOOD)?;
    Ok(layout)
}

impl UnsubAck {
    /// An answer for 3.x.
    ///
    /// ```
    /// use mqtt_codec::{Encoder, PacketId, UnsubAck, Version};
    ///
    /// let mut out = Vec::new();
    /// Encoder::server(Version::V311).encode(&UnsubAck::without_codes(PacketId::MIN), &mut out)?;
    /// assert_eq!(out, [0xB0, 0x02, 0x00, 0x01]);
    /// # Ok::<(), mqtt_codec::EncodeError>(())
    /// ```
    #[must_use]
    pub const fn without_codes(packet_id: PacketId) -> Self {
        Self {
            frame: Bytes::new(),
            layout: Layout::without_list(packet_id),
        }
    }

    /// Begins an answer with a code for each filter.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, ReasonCode, UnsubAck};
    ///
    /// let answer = UnsubAck::builder(PacketId::MIN, &[ReasonCode::NotAuthorized]).build()?;
    /// assert_eq!(answer.codes().len(), 1);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn builder(packet_id: PacketId, codes: &[ReasonCode]) -> UnsubAckBuilder<'_> {
        UnsubAckBuilder {
            packet_id,
            properties: Properties::EMPTY,
            codes,
        }
    }
}

listed! {
    UnsubAck;
    /// The Packet Identifier of the request.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, ReasonCode, UnsubAck};
    ///
    /// let answer = UnsubAck::builder(PacketId::MAX, &[ReasonCode::Success]).build()?;
    /// assert_eq!(answer.packet_id(), PacketId::MAX);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    packet_id;
    /// The properties.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, ReasonCode, UnsubAck};
    ///
    /// let answer = UnsubAck::builder(PacketId::MIN, &[ReasonCode::Success]).build()?;
    /// assert_eq!(answer.properties().reason_string(), None);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    properties;
    /// The properties, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\xB0\x08\x00\x01\x04\x1F\x00\x01x\x00";
    /// let (packet, _) = Decoder::any(Version::V5).decode(bytes)?.complete().unwrap();
    /// let Packet::UnsubAck(answer) = packet else { panic!() };
    /// assert_eq!(answer.into_properties().reason_string(), Some("x"));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    into_properties;
    /// The codes in the order of the filters; none in 3.x.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, ReasonCode, UnsubAck};
    ///
    /// let codes = [ReasonCode::Success, ReasonCode::NotAuthorized];
    /// assert!(UnsubAck::builder(PacketId::MIN, &codes).build()?.codes().eq(codes));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    codes: ReasonCodes as Codes;
    /// The codes, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, ReasonCode, Version};
    ///
    /// let bytes = b"\xB0\x08\x00\x01\x04\x1F\x00\x01x\x00";
    /// let (packet, _) = Decoder::any(Version::V5).decode(bytes)?.complete().unwrap();
    /// let Packet::UnsubAck(answer) = packet else { panic!() };
    /// assert!(answer.into_codes().eq([ReasonCode::Success]));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    into_codes;
}

impl<S: Storage> Wire for UnsubAck<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::UnsubAck
    }

    fn remaining(&self, to: &Encoder, trim: Trim) -> core::result::Result<usize, EncodeError> {
        let version = to.version();
        let (sayable, codes) = if version.has_properties() {
            (self.layout.has_list(), self.codes().len())
        } else {
            (!self.codes().any(ReasonCode::is_error), 0)
        };
        if !sayable {
            let field = Field::ReasonCode;
            return Err(EncodeError::not_in_version(
                PacketType::UnsubAck,
                version,
                field,
            ));
        }
        Ok(listed::remaining(self.properties(), version, trim, codes))
    }

    fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B) {
        let how = (version, trim, remaining);
        listed::put(
            PacketType::UnsubAck,
            self.packet_id(),
            self.properties(),
            how,
            out,
        );
        if version.has_properties() {
            out.put_slice(self.codes().rest);
        }
    }
}

/// An UNSUBACK to be built.
///
/// ```
/// use mqtt_codec::{PacketId, ReasonCode, UnsubAck};
///
/// // Granted QoS 1 is no answer to UNSUBSCRIBE.
/// assert!(UnsubAck::builder(PacketId::MIN, &[ReasonCode::GrantedQoS1]).build().is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct UnsubAckBuilder<'a> {
    packet_id: PacketId,
    properties: Properties<'a>,
    codes: &'a [ReasonCode],
}

listed_builder! {
    UnsubAck, UnsubAckBuilder;
    /// Sets the properties.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, PropertiesBuf, Property, ReasonCode, UnsubAck};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::ReasonString("as you wish"))?;
    /// let answer = UnsubAck::builder(PacketId::MIN, &[ReasonCode::Success]).properties(&properties).build()?;
    /// assert_eq!(answer.properties().reason_string(), Some("as you wish"));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    properties;
    /// The packet.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, ReasonCode, UnsubAck};
    ///
    /// assert!(UnsubAck::builder(PacketId::MIN, &[ReasonCode::Success]).build().is_ok());
    /// assert!(UnsubAck::builder(PacketId::MIN, &[]).build().is_err());
    /// ```
    ///
    /// # Errors
    /// When there is no code, or UNSUBACK does not have a code or a property.
    build;
    |self| Ok::<(), BuildError>(());
    len self.codes.len();
    put |body| body.extend(self.codes.iter().map(|code| code.byte()));
}
