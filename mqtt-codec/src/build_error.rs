use core::fmt;

use crate::Version;
use crate::decode_error::{DecodeError, DecodeErrorKind, Field};

/// Why a packet cannot be built: what was asked for does not exist in the standard.
///
/// This is a mistake of the caller, never of a peer.
///
/// ```
/// use mqtt_codec::{BuildErrorKind, DecodeErrorKind, Publish};
///
/// let error = Publish::builder("a/#").build().unwrap_err();
/// assert_eq!(error.kind(), BuildErrorKind::Refused(DecodeErrorKind::WildcardInTopicName));
/// assert_eq!(
///     error.to_string(),
///     "cannot build: Topic Name has the wildcard `#`, expected a name without wildcards [MQTT 5.0 MQTT-3.3.2-2]",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BuildError(Cause);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    TooLong { field: Field, len: usize },
    PacketTooLarge { len: usize },
    NotInVersion { version: Version, field: Field },
    Refused(DecodeError),
}

/// What kind of thing was wrong with it.
///
/// ```
/// use mqtt_codec::{BuildErrorKind, Publish};
///
/// let topic = "x".repeat(65_536);
/// assert_eq!(Publish::builder(&topic).build().unwrap_err().kind(), BuildErrorKind::TooLong);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildErrorKind {
    /// A string or binary field of more than 65,535 bytes (MQTT 3.1.1 and 5.0 [MQTT-4.7.3-3]).
    TooLong,
    /// A packet of more than 268,435,460 bytes.
    PacketTooLarge,
    /// Something that the version does not have.
    NotInVersion,
    /// A decoder would refuse it, for this reason.
    Refused(DecodeErrorKind),
}

impl BuildError {
    pub(crate) const fn too_long(field: Field, len: usize) -> Self {
        Self(Cause::TooLong { field, len })
    }

    pub(crate) const fn packet_too_large(len: usize) -> Self {
        Self(Cause::PacketTooLarge { len })
    }

    pub(crate) const fn not_in_version(version: Version, field: Field) -> Self {
        Self(Cause::NotInVersion { version, field })
    }

    /// What kind of thing was wrong.
    ///
    /// ```
    /// use mqtt_codec::{BuildErrorKind, PropertiesBuf, Property, Connect, Version};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::ReceiveMaximum(core::num::NonZeroU16::MIN))?;
    /// let error = Connect::builder(Version::V311, "c").properties(&properties).build().unwrap_err();
    /// assert_eq!(error.kind(), BuildErrorKind::NotInVersion);
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub const fn kind(&self) -> BuildErrorKind {
        match self.0 {
            Cause::TooLong { .. } => BuildErrorKind::TooLong,
            Cause::PacketTooLarge { .. } => BuildErrorKind::PacketTooLarge,
            Cause::NotInVersion { .. } => BuildErrorKind::NotInVersion,
            Cause::Refused(error) => BuildErrorKind::Refused(error.kind()),
        }
    }

    /// The part of the packet.
    ///
    /// ```
    /// use mqtt_codec::{Field, Publish};
    ///
    /// assert_eq!(Publish::builder("a/#").build().unwrap_err().field(), Field::TopicName);
    /// ```
    #[must_use]
    pub const fn field(&self) -> Field {
        match self.0 {
            Cause::TooLong { field, .. } | Cause::NotInVersion { field, .. } => field,
            Cause::PacketTooLarge { .. } => Field::RemainingLength,
            Cause::Refused(error) => error.field(),
        }
    }
}

impl From<DecodeError> for BuildError {
    fn from(error: DecodeError) -> Self {
        Self(Cause::Refused(error))
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot build: ")?;
        match &self.0 {
            Cause::TooLong { field, len } => {
                write!(
                    f,
                    "{field} of {len} bytes, expected at most 65,535 [MQTT 5.0 MQTT-4.7.3-3]"
                )
            }
            Cause::PacketTooLarge { len } => {
                write!(
                    f,
                    "packet of {len} bytes, expected at most 268,435,460 [MQTT 5.0 §2.1.4]"
                )
            }
            Cause::NotInVersion { version, field } => {
                write!(f, "{field} does not exist in MQTT {version}")
            }
            Cause::Refused(error) => {
                crate::statement::describe(error, f)?;
                match error.statement() {
                    Some(statement) => write!(
                        f,
                        " [MQTT {} {statement}]",
                        error.version().map_or("3.1.1", |v| {
                            if v.has_properties() { "5.0" } else { "3.1.1" }
                        })
                    ),
                    None => Ok(()),
                }
            }
        }
    }
}

impl core::error::Error for BuildError {}
