use bytes::BufMut;

use crate::build_error::BuildError;
use crate::connect::{self, CLEAN, Connect, PASSWORD, USER_NAME, WILL_FLAG, WILL_RETAIN};
use crate::decode_error::Field;
use crate::packet::{self, BUILDER};
use crate::property::Properties;
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
    #[must_use]
    pub const fn clean_start(self, clean_start: bool) -> Self {
        Self {
            clean_start,
            ..self
        }
    }

    /// Sets Keep Alive in seconds.
    #[must_use]
    pub const fn keep_alive(self, keep_alive: u16) -> Self {
        Self { keep_alive, ..self }
    }

    /// Sets the properties; 3.x has none.
    #[must_use]
    pub fn properties(self, properties: impl Into<Properties<'a>>) -> Self {
        Self {
            properties: properties.into(),
            ..self
        }
    }

    /// Sets the will.
    #[must_use]
    pub const fn will(self, will: Will<'a>) -> Self {
        Self {
            will: Some(will),
            ..self
        }
    }

    /// Sets the User Name.
    #[must_use]
    pub const fn user_name(self, user_name: &'a str) -> Self {
        Self {
            user_name: Some(user_name),
            ..self
        }
    }

    /// Sets the Password.
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

    /// The packet.
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
        let (frame, header) = packet::frame(PacketType::Connect, |body| {
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
        let layout = connect::Layout::parse(&frame, header, cx, true)?;
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
