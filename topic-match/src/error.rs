use core::fmt;

use crate::Version;

/// Why a string is no valid topic name, topic filter or shared filter.
///
/// It is made without allocation, and says which rule of which standard was broken at which byte:
///
/// ```
/// use topic_match::{TopicErrorKind, TopicFilter};
///
/// let error = TopicFilter::new("sport/#/player").unwrap_err();
/// assert_eq!(error.kind(), TopicErrorKind::HashNotLast);
/// assert_eq!(error.offset(), 6);
/// assert_eq!(
///     error.to_string(),
///     "invalid topic filter at byte 6: `#` must be the last level [MQTT-4.7.1-1]"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopicError {
    kind: TopicErrorKind,
    subject: Subject,
    version: Version,
    offset: usize,
}

impl TopicError {
    pub(crate) const fn new(
        kind: TopicErrorKind,
        subject: Subject,
        version: Version,
        offset: usize,
    ) -> Self {
        Self {
            kind,
            subject,
            version,
            offset,
        }
    }

    /// The rule that was broken.
    #[must_use]
    pub const fn kind(&self) -> TopicErrorKind {
        self.kind
    }

    /// Where, in bytes from the start of the string; its length where something is missing at the end.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What the string was meant to be.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// The statement of the standard that was broken, such as `MQTT-4.7.1-1`; `None` where a service's limit or a
    /// recommendation was.
    #[must_use]
    pub const fn statement(&self) -> Option<&'static str> {
        use TopicErrorKind as Kind;
        match (self.kind, self.version) {
            (Kind::Empty, _) => Some("MQTT-4.7.3-1"),
            (Kind::NullCharacter, _) => Some("MQTT-4.7.3-2"),
            (Kind::TooLong { max: u16::MAX, .. }, _) => Some("MQTT-4.7.3-3"),
            (Kind::WildcardInName, Version::V5) => Some("MQTT-4.7.0-1"),
            (Kind::WildcardInName, Version::V3_1_1) => Some("MQTT-4.7.1-1"),
            (Kind::HashNotAlone | Kind::HashNotLast, Version::V5) => Some("MQTT-4.7.1-1"),
            (Kind::HashNotAlone | Kind::HashNotLast, Version::V3_1_1) => Some("MQTT-4.7.1-2"),
            (Kind::PlusNotAlone, Version::V5) => Some("MQTT-4.7.1-2"),
            (Kind::PlusNotAlone, Version::V3_1_1) => Some("MQTT-4.7.1-3"),
            (Kind::ShareNameEmpty, _) => Some("MQTT-4.8.2-1"),
            (Kind::ShareNameWildcard | Kind::SharedFilterMissing, _) => Some("MQTT-4.8.2-2"),
            (
                Kind::TooLong { .. }
                | Kind::TooManyLevels { .. }
                | Kind::ControlCharacter
                | Kind::SharedFilter
                | Kind::NotShared
                | Kind::ReservedTopic
                | Kind::BasicIngestSubscription,
                _,
            ) => None,
        }
    }

    /// The MQTT 5.0 reason code that answers a packet with this string in it (§2.4).
    ///
    /// `0x81` (Malformed Packet) for what the standard forbids; otherwise `0x8F` (Topic Filter invalid) or `0x90`
    /// (Topic Name invalid), for what is well-formed but not accepted here. A 3.1.1 server has no such codes: it
    /// closes the connection, or answers a SUBSCRIBE's filter with `0x80`.
    ///
    /// ```
    /// use topic_match::{Profile, TopicName};
    ///
    /// assert_eq!(TopicName::new("a/+").unwrap_err().reason_code(), 0x81);
    /// let too_long = "x".repeat(300);
    /// let error = TopicName::with_profile(&too_long, &Profile::AWS_IOT).unwrap_err();
    /// assert_eq!(error.reason_code(), 0x90);
    /// ```
    #[must_use]
    pub const fn reason_code(&self) -> u8 {
        match (self.statement(), self.subject) {
            (Some(_), _) => 0x81,
            (None, Subject::TopicName) => 0x90,
            (None, Subject::TopicFilter | Subject::SharedFilter) => 0x8F,
        }
    }
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid {} at byte {}: {}",
            self.subject, self.offset, self.kind
        )?;
        match self.statement() {
            Some(statement) => write!(f, " [{statement}]"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for TopicError {}

/// What a string was meant to be when it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Subject {
    /// The topic of a message.
    TopicName,
    /// What a subscription without a share name asks for.
    TopicFilter,
    /// `$share/<name>/<filter>`.
    SharedFilter,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TopicName => "topic name",
            Self::TopicFilter => "topic filter",
            Self::SharedFilter => "shared filter",
        })
    }
}

/// The rules that a string can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TopicErrorKind {
    /// Names and filters have at least one character.
    Empty,
    /// The string has more bytes of UTF-8 than the profile allows.
    TooLong {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        max: u16,
    },
    /// The string has more levels than the profile allows.
    TooManyLevels {
        /// How many it may have.
        max: u32,
    },
    /// U+0000.
    NullCharacter,
    /// A control character or non-character, under a profile that refuses them.
    ControlCharacter,
    /// `+` or `#` in a topic name.
    WildcardInName,
    /// `#` shares its level with another character.
    HashNotAlone,
    /// A level follows `#`.
    HashNotLast,
    /// `+` shares its level with another character.
    PlusNotAlone,
    /// `$share/…` where a plain filter was asked for.
    SharedFilter,
    /// No `$share/` where a shared filter was asked for.
    NotShared,
    /// `$share//…`.
    ShareNameEmpty,
    /// `+` or `#` in a share name.
    ShareNameWildcard,
    /// `$share/name` without `/` and a filter.
    SharedFilterMissing,
    /// A name that begins with `$` and that the service does not define (AWS IoT).
    ReservedTopic,
    /// A filter below `$aws/rules/`, to which nobody can subscribe (AWS IoT).
    BasicIngestSubscription,
}

impl fmt::Display for TopicErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("at least one character is needed"),
            Self::TooLong { bytes, max } => {
                write!(f, "{bytes} bytes, but at most {max} are allowed")
            }
            Self::TooManyLevels { max } => write!(f, "more than {max} levels"),
            Self::NullCharacter => f.write_str("U+0000 is not allowed"),
            Self::ControlCharacter => {
                f.write_str("control characters and non-characters are refused here")
            }
            Self::WildcardInName => f.write_str("`+` and `#` are not allowed in a topic name"),
            Self::HashNotAlone => f.write_str("`#` must be alone in its level"),
            Self::HashNotLast => f.write_str("`#` must be the last level"),
            Self::PlusNotAlone => f.write_str("`+` must be alone in its level"),
            Self::SharedFilter => {
                f.write_str("`$share/` begins a shared filter, and a plain one is needed here")
            }
            Self::NotShared => f.write_str("a shared filter begins with `$share/`"),
            Self::ShareNameEmpty => f.write_str("the share name needs at least one character"),
            Self::ShareNameWildcard => f.write_str("`+` and `#` are not allowed in a share name"),
            Self::SharedFilterMissing => {
                f.write_str("the share name must be followed by `/` and a topic filter")
            }
            Self::ReservedTopic => {
                f.write_str("names that begin with `$` are reserved, and this one is not defined")
            }
            Self::BasicIngestSubscription => {
                f.write_str("nobody can subscribe below `$aws/rules/` (Basic Ingest)")
            }
        }
    }
}
