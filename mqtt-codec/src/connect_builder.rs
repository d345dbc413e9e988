use bytes::BufMut;

use crate::build_error::BuildError;
use crate::connect::Connect;
use crate::connect_layout::{CLEAN, Layout, PASSWORD, USER_NAME, WILL_FLAG, WILL_RETAIN};
use crate::decode_error::Field;
use crate::packet::{self, BUILDER};
use crate::properties::Properties;
use crate::property_buf::put_block;
use crate::will::Will;
use crate::wire::{self, Trim};
use crate::{PacketType, Version};

/// A CONNECT to be built; what is not said is a clean session, no keep alive, no will and no credentials.
///
/// ```
/// use mqtt_codec::{Connect, Version};
///
/// // 3.1.1 has no password without a user name; 5.0 has.
/// assert!(Connect::builder(Version::V311, "c").password(b"token").build().is_err());
/// assert!(Connect::builder(Version::V5, "c").password(b"token").build().is_ok());
/// ```
#[derive(Clone, Copy)]
pub struct ConnectBuilder<'a> {
    version: Version,
    client_id: &'a str,
    clean_start: bool,
    keep_alive: u16,
    properties: Properties<'a>,
    will: Option<Will<'a>>,
    user_name: Option<&'a str>,
    password: Option<&'a [u8]>,
}

impl<'a> ConnectBuilder<'a> {
    pub(crate) const fn new(version: Version, client_id: &'a str) -> Self {
        Self {
            version,
            client_id,
            clean_start: true,
            keep_alive: 0,
            properties: Properties::EMPTY,
            will: None,
            user_name: None,
            password: None,
        }
    }

    /// Sets Clean Session (3.x) or Clean Start (5.0).
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// assert!(!Connect::builder(Version::V5, "c").clean_start(false).build()?.clean_start());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn clean_start(self, clean_start: bool) -> Self {
        Self {
            clean_start,
            ..self
        }
    }

    /// Sets Keep Alive in seconds.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// assert_eq!(Connect::builder(Version::V5, "c").keep_alive(30).build()?.keep_alive(), 30);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn keep_alive(self, keep_alive: u16) -> Self {
        Self { keep_alive, ..self }
    }

    /// Sets the properties; 3.x has none.
    ///
    /// ```
    /// use mqtt_codec::{Connect, PropertiesBuf, Property, Version};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::SessionExpiryInterval(3600))?;
    /// assert!(Connect::builder(Version::V5, "c").properties(&properties).build().is_ok());
    /// assert!(Connect::builder(Version::V311, "c").properties(&properties).build().is_err());
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn properties(self, properties: impl Into<Properties<'a>>) -> Self {
        Self {
            properties: properties.into(),
            ..self
        }
    }

    /// Sets the will.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version, Will};
    ///
    /// let connect = Connect::builder(Version::V5, "c").will(Will::new("status", b"offline")).build()?;
    /// assert_eq!(connect.will().unwrap().payload(), b"offline");
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn will(self, will: Will<'a>) -> Self {
        Self {
            will: Some(will),
            ..self
        }
    }

    /// Sets the User Name.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// assert_eq!(Connect::builder(Version::V311, "c").user_name("me").build()?.user_name(), Some("me"));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn user_name(self, user_name: &'a str) -> Self {
        Self {
            user_name: Some(user_name),
            ..self
        }
    }

    /// Sets the Password.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// let connect = Connect::builder(Version::V311, "c").user_name("me").password(b"secret").build()?;
    /// assert_eq!(connect.password(), Some(&b"secret"[..]));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn password(self, password: &'a [u8]) -> Self {
        Self {
            password: Some(password),
            ..self
        }
    }

    fn flags(&self) -> u8 {
        let mut flags = 0;
        if self.clean_start {
            flags |= CLEAN;
        }
        if let Some(will) = &self.will {
            flags |= WILL_FLAG | (will.qos.bits() << 3);
            if will.retain {
                flags |= WILL_RETAIN;
            }
        }
        if self.user_name.is_some() {
            flags |= USER_NAME;
        }
        if self.password.is_some() {
            flags |= PASSWORD;
        }
        flags
    }

    /// How many bytes the fields take.
    fn room(&self) -> usize {
        let block = |bytes: &[u8]| bytes.len().saturating_add(2);
        let properties = |properties| wire::properties_len(properties, self.version, Trim::Nothing);
        let will = self.will.map_or(0, |will| {
            properties(will.properties)
                .saturating_add(block(will.topic.as_bytes()))
                .saturating_add(block(will.payload))
        });
        [
            block(self.version.protocol_name().as_bytes()),
            4,
            properties(self.properties),
            block(self.client_id.as_bytes()),
            will,
            self.user_name.map_or(0, |name| block(name.as_bytes())),
            self.password.map_or(0, block),
        ]
        .into_iter()
        .fold(0, usize::saturating_add)
    }

    /// The packet.
    ///
    /// ```
    /// use mqtt_codec::{Connect, Version};
    ///
    /// assert!(Connect::builder(Version::V311, "").build().is_ok()); // the server chooses an identifier
    /// assert!(Connect::builder(Version::V311, "").clean_start(false).build().is_err());
    /// ```
    ///
    /// # Errors
    /// When the version refuses it: see [`DecodeErrorKind`](crate::DecodeErrorKind). Properties for 3.x are refused too.
    pub fn build(self) -> Result<Connect, BuildError> {
        let version = self.version;
        let will_properties = self.will.map_or(Properties::EMPTY, |will| will.properties);
        let has_properties = !self.properties.is_empty() || !will_properties.is_empty();
        if has_properties && !version.has_properties() {
            return Err(BuildError::not_in_version(version, Field::PropertyLength));
        }
        let (frame, header) =
            packet::frame(PacketType::Connect.first_byte(), self.room(), |body| {
                put_block(
                    body,
                    Field::ProtocolName,
                    version.protocol_name().as_bytes(),
                )?;
                body.put_slice(&[version.level(), self.flags()]);
                body.put_u16(self.keep_alive);
                wire::put_properties(self.properties, version, Trim::Nothing, body);
                put_block(body, Field::ClientId, self.client_id.as_bytes())?;
                if let Some(will) = &self.will {
                    wire::put_properties(will.properties, version, Trim::Nothing, body);
                    put_block(body, Field::WillTopic, will.topic.as_bytes())?;
                    put_block(body, Field::WillPayload, will.payload)?;
                }
                if let Some(user_name) = self.user_name {
                    put_block(body, Field::UserName, user_name.as_bytes())?;
                }
                if let Some(password) = self.password {
                    put_block(body, Field::Password, password)?;
                }
                Ok(())
            })?;
        let mut cx = BUILDER.context(PacketType::Connect);
        cx.version = version;
        let layout = Layout::parse(&frame, header, cx, true)?;
        Ok(Connect::from_layout(frame, layout))
    }
}

impl core::fmt::Debug for ConnectBuilder<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("ConnectBuilder")
            .field("version", &self.version)
            .field("client_id", &self.client_id)
            .field("clean_start", &self.clean_start)
            .field("keep_alive", &self.keep_alive)
            .field("properties", &self.properties)
            .field("will", &self.will)
            .field("user_name", &self.user_name)
            .field(
                "password",
                if self.password.is_some() {
                    &"[redacted]"
                } else {
                    &"None"
                },
            )
            .finish()
    }
}
