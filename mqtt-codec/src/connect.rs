use bytes::{BufMut, Bytes};

use crate::connect_builder::ConnectBuilder;
use crate::connect_layout::{CLEAN, Layout, PASSWORD, USER_NAME, fits_v31};
use crate::decode_error::Field;
use crate::describe::{Describe, Value, Visitor};
use crate::encode_error::EncodeError;
use crate::encoder::Encoder;
use crate::header::HeaderBytes;
use crate::properties::Properties;
use crate::property::PropertyId;
use crate::reader::index;
use crate::storage::Storage;
use crate::will::Will;
use crate::wire::{self, Trim, Wire, framed};
use crate::{PacketType, Version, topic};

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

    fn convertible(&self, version: Version) -> Result<(), EncodeError> {
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

    fn remaining(&self, to: &Encoder, _trim: Trim) -> Result<usize, EncodeError> {
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
