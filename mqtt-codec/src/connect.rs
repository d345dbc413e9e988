use bytes::{BufMut, Bytes};

use crate::connect_builder::ConnectBuilder;
use crate::decode_error::{DecodeErrorKind as Kind, Detail, Field};
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::EncodeError;
use crate::encoder::Encoder;
use crate::header::{FixedHeader, HeaderBytes};
use crate::properties::Properties;
use crate::property::{PropertyId, WILL};
use crate::property_block;
use crate::reader::{Context, Reader, Result, index, short};
use crate::storage::Storage;
use crate::varint::{self, Scan};
use crate::will::Will;
use crate::wire::{self, Trim, Wire, framed};
use crate::{PacketType, QoS, Version, text, topic};

/// A connection request (MQTT 3.1.1 §3.1, MQTT 5.0 §3.1).
///
/// It says for itself which version it is. Encoded for another:
///
/// * 5.0 to 3.x leaves out all properties. Refused are: Authentication Method, a password without a user name, an
///   empty Client Identifier without Clean Start, a will that is to wait (Will Delay Interval), and a session that 3.x
///   cannot have: one that is taken up but not kept, or begun new and kept. Seconds of expiry become "kept".
///   What the client said of its own limits (Receive Maximum, Maximum Packet Size, Topic Alias Maximum) and wishes
///   (Request Response Information, Request Problem Information) is for whoever converts to keep: the 3.x server does
///   not know of it, and its messages have to be held back, or to be dropped as too large, on the way to the client
///   ([`Encoder::for_client`](crate::Encoder::for_client)).
/// * 3.x to 5.0: a session that is to be kept gets a Session Expiry Interval of 0xFFFFFFFF, which means the same.
/// * To 3.1: a Client Identifier of other than 1 to 23 characters and a Will Topic of more than 32,767 are refused.
///
/// ```
/// use mqtt_codec::{Connect, QoS, Version, Will};
///
/// let connect = Connect::builder(Version::V311, "device-7")
///     .keep_alive(60)
///     .user_name("device-7")
///     .password(b"secret")
///     .will(Will::new("status/device-7", b"offline").with_qos(QoS::AtLeastOnce))
///     .build()?;
///
/// assert_eq!(connect.client_id(), "device-7");
/// assert_eq!(connect.will().unwrap().topic(), "status/device-7");
/// assert!(!format!("{connect:?}").contains("secret"));
/// # Ok::<(), mqtt_codec::BuildError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Connect<S = Bytes> {
    frame: S,
    layout: Layout,
}

/// Where the fields are; 0 is a field that is not there.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    version: Version,
    flags: u8,
    keep_alive: u16,
    /// What follows Keep Alive.
    rest: u32,
    properties: u32,
    properties_end: u32,
    client_id: u32,
    will: u32,
    user_name: u32,
    password: u32,
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
fn fits_v31(client_id: &[u8]) -> bool {
    (1..=23).contains(&text::checked(client_id).chars().count())
}

impl Connect {
    /// Begins a CONNECT of this version.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// assert_eq!(Connect::builder(Version::V5, "device-7").build()?.client_id(), "device-7");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn builder(version: Version, client_id: &str) -> ConnectBuilder<'_> {
        ConnectBuilder::new(version, client_id)
    }
}

impl Layout {
    fn properties<'a>(&self, frame: &'a [u8]) -> Properties<'a> {
        Properties::checked(wire::part(frame, self.properties, self.properties_end))
    }

    fn client_id<'a>(&self, frame: &'a [u8]) -> &'a str {
        text::checked(wire::block(frame, self.client_id).0)
    }

    fn will<'a>(&self, frame: &'a [u8]) -> Option<Will<'a>> {
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
    fn will_properties<'a>(&self, frame: &'a [u8]) -> (Properties<'a>, u32) {
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

    fn user_name<'a>(&self, frame: &'a [u8]) -> Option<&'a str> {
        (self.user_name != 0).then(|| text::checked(wire::block(frame, self.user_name).0))
    }

    fn password<'a>(&self, frame: &'a [u8]) -> Option<&'a [u8]> {
        (self.password != 0).then(|| wire::block(frame, self.password).0)
    }
}

impl<S: Storage> Connect<S> {
    pub(crate) const fn from_layout(frame: S, layout: Layout) -> Self {
        Self { frame, layout }
    }

    fn bytes(&self) -> &[u8] {
        self.frame.as_ref()
    }

    /// The version that the client wants to speak.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// assert_eq!(Connect::builder(Version::V31, "c").build()?.version(), Version::V31);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn version(&self) -> Version {
        self.layout.version
    }

    /// Clean Session (3.x) or Clean Start (5.0).
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// assert!(!Connect::builder(Version::V311, "c").clean_start(false).build()?.clean_start());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn clean_start(&self) -> bool {
        self.layout.flags & CLEAN != 0
    }

    /// Keep Alive in seconds; 0 is none.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// assert_eq!(Connect::builder(Version::V311, "c").keep_alive(60).build()?.keep_alive(), 60);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn keep_alive(&self) -> u16 {
        self.layout.keep_alive
    }

    /// The properties.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// let connect = Connect::builder(Version::V5, "c").build()?;
    /// assert_eq!(connect.properties().session_expiry_interval(), None); // 0, then
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn properties(&self) -> Properties<'_> {
        self.layout.properties(self.bytes())
    }

    /// The Client Identifier; empty if the server shall choose one.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// assert_eq!(Connect::builder(Version::V5, "").build()?.client_id(), "");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.layout.client_id(self.bytes())
    }

    /// The message to be published when the client is gone.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version, Will};
    ///
    /// let will = Will::new("status", b"offline");
    /// assert_eq!(Connect::builder(Version::V5, "c").will(will).build()?.will(), Some(will));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn will(&self) -> Option<Will<'_>> {
        self.layout.will(self.bytes())
    }

    /// The User Name.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// assert_eq!(Connect::builder(Version::V5, "c").user_name("me").build()?.user_name(), Some("me"));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn user_name(&self) -> Option<&str> {
        self.layout.user_name(self.bytes())
    }

    /// The Password.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// assert_eq!(Connect::builder(Version::V5, "c").password(b"token").build()?.password(), Some(&b"token"[..]));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn password(&self) -> Option<&[u8]> {
        self.layout.password(self.bytes())
    }

    pub(crate) fn content(&self) -> (Version, u8, u16, &[u8], &[u8]) {
        let layout = &self.layout;
        let fields = wire::tail(self.bytes(), layout.client_id);
        (
            layout.version,
            layout.flags,
            layout.keep_alive,
            self.properties().as_bytes(),
            fields,
        )
    }

    /// The Client Identifier with its length.
    fn client_id_block(&self) -> &[u8] {
        let (_, end) = wire::block(self.bytes(), self.layout.client_id);
        wire::part(self.bytes(), self.layout.client_id, end)
    }

    /// Will Topic and Will Payload with their lengths.
    fn will_block(&self) -> &[u8] {
        if self.layout.will == 0 {
            return &[];
        }
        let (_, topic) = self.layout.will_properties(self.bytes());
        let (_, payload) = wire::block(self.bytes(), topic);
        let (_, end) = wire::block(self.bytes(), payload);
        wire::part(self.bytes(), topic, end)
    }

    /// User Name and Password with their lengths.
    fn credentials_block(&self) -> &[u8] {
        match (self.layout.user_name, self.layout.password) {
            (0, 0) => &[],
            (0, start) | (start, _) => wire::tail(self.bytes(), start),
        }
    }

    fn convertible(&self, version: Version) -> core::result::Result<(), EncodeError> {
        let refuse = |field| {
            Err(EncodeError::not_in_version(
                PacketType::Connect,
                version,
                field,
            ))
        };
        if version == Version::V31 && !fits_v31(self.client_id().as_bytes()) {
            return refuse(Field::ClientId);
        }
        if self
            .will()
            .is_some_and(|will| !topic::name_fits(will.topic().as_bytes(), version))
        {
            return refuse(Field::WillTopic);
        }
        // MQTT 3.1.1 [MQTT-3.1.2-22], also for what a lenient decoder let pass
        if !version.has_properties() && self.layout.flags & (USER_NAME | PASSWORD) == PASSWORD {
            return refuse(Field::Password);
        }
        if version.has_properties() || !self.layout.version.has_properties() {
            return Ok(());
        }
        if self
            .properties()
            .find(PropertyId::AuthenticationMethod)
            .is_some()
        {
            return refuse(Field::Property(PropertyId::AuthenticationMethod));
        }
        if self.client_id().is_empty() && !self.clean_start() {
            return refuse(Field::ClientId);
        }
        let kept = self
            .properties()
            .session_expiry_interval()
            .is_some_and(|seconds| seconds != 0);
        if kept == self.clean_start() {
            return refuse(Field::Property(PropertyId::SessionExpiryInterval));
        }
        let delay = self
            .will()
            .and_then(|will| will.properties().will_delay_interval());
        if delay.is_some_and(|seconds| seconds != 0) {
            return refuse(Field::Property(PropertyId::WillDelayInterval));
        }
        Ok(())
    }

    /// The properties that stand in 5.0 for what a 3.x CONNECT means.
    fn upgraded_properties(&self) -> &'static [u8] {
        // 3.x keeps a session that is not clean: MQTT 5.0 §3.1.2.11.2, 0xFFFFFFFF.
        if self.clean_start() {
            &[0]
        } else {
            &[5, 0x11, 0xFF, 0xFF, 0xFF, 0xFF]
        }
    }
}

impl<'a> Connect<&'a [u8]> {
    /// The Client Identifier, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet};
    ///
    /// let bytes = b"\x10\x19\x00\x04MQTT\x04\xC6\x00\x0A\x00\x01c\x00\x01w\x00\x01m\x00\x01u\x00\x01p";
    /// let (packet, _) = Decoder::server().decode(bytes)?.complete().unwrap();
    /// let Packet::Connect(connect) = packet else { panic!() };
    /// assert_eq!(connect.into_client_id(), "c");
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn into_client_id(self) -> &'a str {
        self.layout.client_id(self.frame)
    }

    /// The properties, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet};
    ///
    /// let bytes = b"\x10\x13\x00\x04MQTT\x05\x02\x00\x0A\x05\x11\x00\x00\x00\x3C\x00\x01c";
    /// let (packet, _) = Decoder::server().decode(bytes)?.complete().unwrap();
    /// let Packet::Connect(connect) = packet else { panic!() };
    /// assert_eq!(connect.into_properties().session_expiry_interval(), Some(60));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn into_properties(self) -> Properties<'a> {
        self.layout.properties(self.frame)
    }

    /// The message to be published when the client is gone, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet};
    ///
    /// let bytes = b"\x10\x19\x00\x04MQTT\x04\xC6\x00\x0A\x00\x01c\x00\x01w\x00\x01m\x00\x01u\x00\x01p";
    /// let (packet, _) = Decoder::server().decode(bytes)?.complete().unwrap();
    /// let Packet::Connect(connect) = packet else { panic!() };
    /// assert_eq!(connect.into_will().unwrap().topic(), "w");
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn into_will(self) -> Option<Will<'a>> {
        self.layout.will(self.frame)
    }

    /// The User Name, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet};
    ///
    /// let bytes = b"\x10\x19\x00\x04MQTT\x04\xC6\x00\x0A\x00\x01c\x00\x01w\x00\x01m\x00\x01u\x00\x01p";
    /// let (packet, _) = Decoder::server().decode(bytes)?.complete().unwrap();
    /// let Packet::Connect(connect) = packet else { panic!() };
    /// assert_eq!(connect.into_user_name(), Some("u"));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn into_user_name(self) -> Option<&'a str> {
        self.layout.user_name(self.frame)
    }

    /// The Password, for as long as the bytes that the view was read from.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet};
    ///
    /// let bytes = b"\x10\x19\x00\x04MQTT\x04\xC6\x00\x0A\x00\x01c\x00\x01w\x00\x01m\x00\x01u\x00\x01p";
    /// let (packet, _) = Decoder::server().decode(bytes)?.complete().unwrap();
    /// let Packet::Connect(connect) = packet else { panic!() };
    /// assert_eq!(connect.into_password(), Some(&b"p"[..]));
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn into_password(self) -> Option<&'a [u8]> {
        self.layout.password(self.frame)
    }
}

framed!(Connect);

impl<S: Storage> Wire for Connect<S> {
    fn packet_type(&self) -> PacketType {
        PacketType::Connect
    }

    fn remaining(&self, to: &Encoder, _trim: Trim) -> core::result::Result<usize, EncodeError> {
        let version = to.version();
        let prefix = version.protocol_name().len().saturating_add(6);
        self.convertible(version)?;
        if version == self.layout.version {
            return Ok(prefix
                .saturating_add(self.bytes().len())
                .saturating_sub(index(self.layout.rest)));
        }
        let will_properties = match (version.has_properties(), self.layout.will != 0) {
            (true, true) => 1,
            _ => 0,
        };
        let properties = if version.has_properties() {
            self.upgraded_properties().len()
        } else {
            0
        };
        Ok([
            prefix,
            properties,
            self.client_id_block().len(),
            will_properties,
            self.will_block().len(),
            self.credentials_block().len(),
        ]
        .into_iter()
        .fold(0, usize::saturating_add))
    }

    fn write<B: BufMut + ?Sized>(
        &self,
        version: Version,
        _trim: Trim,
        remaining: u32,
        out: &mut B,
    ) {
        let name = version.protocol_name().as_bytes();
        out.put_slice(HeaderBytes::new(PacketType::Connect.first_byte(), remaining).as_slice());
        out.put_u16(u16::try_from(name.len()).unwrap_or_default());
        out.put_slice(name);
        let [high, low] = self.layout.keep_alive.to_be_bytes();
        out.put_slice(&[version.level(), self.layout.flags, high, low]);
        if version == self.layout.version {
            out.put_slice(wire::tail(self.bytes(), self.layout.rest));
            return;
        }
        if version.has_properties() {
            out.put_slice(self.upgraded_properties());
        }
        out.put_slice(self.client_id_block());
        if version.has_properties() && self.layout.will != 0 {
            out.put_u8(0);
        }
        out.put_slice(self.will_block());
        out.put_slice(self.credentials_block());
    }
}

impl<S: Storage> Describe for Connect<S> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        visitor.field("version", Value::Version(self.version()));
        visitor.field("client_id", Value::Text(self.client_id()));
        visitor.field("clean_start", Value::Bool(self.clean_start()));
        visitor.field("keep_alive", Value::Number(self.keep_alive().into()));
        visitor.field("properties", Value::Properties(self.properties()));
        visitor.field("will", Value::Will(self.will()));
        visitor.field("user_name", Value::OptionalText(self.user_name()));
        visitor.field("password", Value::Redacted(self.password().is_some()));
    }
}
