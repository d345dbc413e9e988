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
use crate::wire::{Trim, Wire, framed};
use crate::{PacketId, PacketType, ReasonCode, Version};

/// The answer to SUBSCRIBE (MQTT 3.1.1 §3.9, MQTT 5.0 §3.9).
///
/// The return code 0x80 of 3.1.1 is read as [`ReasonCode::UnspecifiedError`]. For 3.1.1, properties are left out
/// and every code of 0x80 and above becomes 0x80; 3.1 cannot say that a subscription failed, so there it is refused.
///
/// ```
/// use mqtt_codec::{PacketId, ReasonCode, SubAck};
///
/// let answer = SubAck::builder(PacketId::MIN, &[ReasonCode::GrantedQoS1, ReasonCode::NotAuthorized]).build()?;
/// assert!(answer.codes().eq([ReasonCode::GrantedQoS1, ReasonCode::NotAuthorized]));
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy)]
pub struct SubAck<S = Bytes> {
    frame: S,
    layout: Layout,
}

const GOOD: ReasonSet = ReasonSet::of(PacketType::SubAck);
/// MQTT 3.1.1 [MQTT-3.9.3-2]
const GOOD_IN_V311: ReasonSet = ReasonSet::from_bytes(&[0x00, 0x01, 0x02, 0x80]);
/// MQTT 3.1 §3.9: a subscription cannot fail.
const GOOD_IN_V31: ReasonSet = ReasonSet::from_bytes(&[0x00, 0x01, 0x02]);

pub(crate) fn parse(frame: &[u8], header: u8, cx: Context) -> Result<Layout> {
    let mut reader = Reader::new(frame, header, cx);
    let layout = Layout::read(&mut reader)?;
    let good = match cx.version {
        Version::V31 => &GOOD_IN_V31,
        Version::V311 => &GOOD_IN_V311,
        Version::V5 => &GOOD,
    };
    read_reasons(&reader, good)?;
    Ok(layout)
}

/// Iterator over the reason codes of SUBACK and UNSUBACK, one for each filter of the request, in its order.
///
/// ```
/// use mqtt_codec::{PacketId, ReasonCode, SubAck};
///
/// let answer = SubAck::builder(PacketId::MIN, &[ReasonCode::Success]).build()?;
/// assert_eq!(answer.codes().len(), 1);
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReasonCodes<'a> {
    pub(crate) rest: &'a [u8],
}

impl Iterator for ReasonCodes<'_> {
    type Item = ReasonCode;

    fn next(&mut self) -> Option<ReasonCode> {
        let (&code, rest) = self.rest.split_first()?;
        self.rest = rest;
        ReasonCode::from_byte(code)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rest.len(), Some(self.rest.len()))
    }
}

impl ExactSizeIterator for ReasonCodes<'_> {}

impl SubAck {
    /// Begins an answer with a code for each filter.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, ReasonCode, SubAck};
    ///
    /// let answer = SubAck::builder(PacketId::MIN, &[ReasonCode::NotAuthorized]).build()?;
    /// assert_eq!(answer.codes().len(), 1);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn builder(packet_id: PacketId, codes: &[ReasonCode]) -> SubAckBuilder<'_> {
        SubAckBuilder {
            packet_id,
            properties: Properties::EMPTY,
            codes,
        }
    }
}

listed! {
    SubAck;
    /// The Packet Identifier of the request.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, ReasonCode, SubAck};
    ///
    /// let answer = SubAck::builder(PacketId::MAX, &[ReasonCode::Success]).build()?;
    /// assert_eq!(answer.packet_id(), PacketId::MAX);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    packet_id;
    /// The properties.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, ReasonCode, SubAck};
    ///
    /// let answer = SubAck::builder(PacketId::MIN, &[ReasonCode::Success]).build()?;
    /// assert_eq!(answer.properties().reason_string(), None);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    properties;
    /// The properties, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let bytes = b"\x90\x08\x00\x01\x04\x1F\x00\x01x\x00";
    /// let (packet, _) = Decoder::any(Version::V5).decode(bytes)?.complete().unwrap();
    /// let Packet::SubAck(answer) = packet else { panic!() };
    /// assert_eq!(answer.into_properties().reason_string(), Some("x"));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    into_properties;
    /// The codes in the order of the filters.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, ReasonCode, SubAck};
    ///
    /// let codes = [ReasonCode::Success, ReasonCode::NotAuthorized];
    /// assert!(SubAck::builder(PacketId::MIN, &codes).build()?.codes().eq(codes));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    codes: ReasonCodes as Codes;
    /// The codes, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, ReasonCode, Version};
    ///
    /// let bytes = b"\x90\x08\x00\x01\x04\x1F\x00\x01x\x00";
    /// let (packet, _) = Decoder::any(Version::V5).decode(bytes)?.complete().unwrap();
    /// let Packet::SubAck(answer) = packet else { panic!() };
    /// assert!(answer.into_codes().eq([ReasonCode::Success]));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    into_codes;
}

impl<S: Storage> Wire for SubAck<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::SubAck
    }

    fn remaining(&self, to: &Encoder, trim: Trim) -> core::result::Result<usize, EncodeError> {
        let version = to.version();
        if version == Version::V31 && self.codes().any(ReasonCode::is_error) {
            let field = Field::ReasonCode;
            return Err(EncodeError::not_in_version(
                PacketType::SubAck,
                version,
                field,
            ));
        }
        let codes = self.codes().len();
        Ok(listed::remaining(self.properties(), version, trim, codes))
    }

    fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B) {
        let how = (version, trim, remaining);
        listed::put(
            PacketType::SubAck,
            self.packet_id(),
            self.properties(),
            how,
            out,
        );
        if version.has_properties() {
            out.put_slice(self.codes().rest);
        } else {
            // MQTT 3.1.1 [MQTT-3.9.3-2]
            self.codes()
                .for_each(|code| out.put_u8(code.byte().min(0x80)));
        }
    }
}

/// A SUBACK to be built.
///
/// ```
/// use mqtt_codec::{PacketId, SubAck};
///
/// // No request has no filters, so no answer has no codes.
/// assert!(SubAck::builder(PacketId::MIN, &[]).build().is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SubAckBuilder<'a> {
    packet_id: PacketId,
    properties: Properties<'a>,
    codes: &'a [ReasonCode],
}

listed_builder! {
    SubAck, SubAckBuilder;
    /// Sets the properties.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, PropertiesBuf, Property, ReasonCode, SubAck};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::ReasonString("as you wish"))?;
    /// let answer = SubAck::builder(PacketId::MIN, &[ReasonCode::Success]).properties(&properties).build()?;
    /// assert_eq!(answer.properties().reason_string(), Some("as you wish"));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    properties;
    /// The packet.
    ///
    /// ```
    /// use mqtt_codec::{PacketId, ReasonCode, SubAck};
    ///
    /// assert!(SubAck::builder(PacketId::MIN, &[ReasonCode::GrantedQoS2]).build().is_ok());
    /// assert!(SubAck::builder(PacketId::MIN, &[ReasonCode::NoSubscriptionExisted]).build().is_err());
    /// ```
    ///
    /// # Errors
    /// When there is no code, or SUBACK does not have a code or a property.
    build;
    |self| Ok::<(), BuildError>(());
    len self.codes.len();
    put |body| body.extend(self.codes.iter().map(|code| code.byte()));
}
