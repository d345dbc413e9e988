//! What the service says, read.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use super::Field;
use crate::document::Version;
use crate::json::{self, JsonError};
use crate::patch::Patch;
use crate::state::State;
use crate::time::EpochSeconds;
use crate::token::ClientToken;
use crate::topic::{MessageKind, TopicKind};
use crate::tree::{self, Members, Value};

/// A message of the service about one shadow.
///
/// ```
/// use shadow_doc::{ServiceMessage, TopicKind};
///
/// let payload = br#"{"version":7,"timestamp":9,"state":{"on":true},"metadata":{"on":{"timestamp":8}}}"#;
/// let ServiceMessage::Delta { version, state, .. } =
///     ServiceMessage::parse(TopicKind::UpdateDelta, payload)?
/// else {
///     panic!()
/// };
/// assert_eq!(version.get(), 7);
/// assert_eq!(state.to_json(), br#"{"on":true}"#);
/// assert_eq!(state.stamp(&["on"]).unwrap().get(), 8);
/// # Ok::<(), shadow_doc::MessageError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceMessage {
    /// `update/delta`: what the device has still to become, stamped with the times of the wishes.
    #[non_exhaustive]
    Delta {
        /// Of the update that made it.
        version: Version,
        /// What differs.
        state: State,
        /// Of the update that made it, if that had one.
        client_token: Option<ClientToken>,
    },
    /// `get/accepted`: the whole shadow.
    #[non_exhaustive]
    Shadow {
        /// What it holds.
        snapshot: Snapshot,
        /// What differs; empty if nothing does.
        delta: State,
        /// Of the `get`.
        client_token: Option<ClientToken>,
    },
    /// `update/accepted`: what an update said.
    #[non_exhaustive]
    Updated {
        /// The new version.
        version: Version,
        /// What it said of `desired`; a null removed it.
        desired: Field<Patch>,
        /// What it said of `reported`; a null removed it.
        reported: Field<Patch>,
        /// Of the update.
        client_token: Option<ClientToken>,
    },
    /// `update/documents`: the shadow before and after.
    #[non_exhaustive]
    Documents {
        /// Before; `None` if the update made the shadow.
        previous: Option<Snapshot>,
        /// After.
        current: Snapshot,
        /// Of the update.
        client_token: Option<ClientToken>,
    },
    /// `delete/accepted`.
    #[non_exhaustive]
    Deleted {
        /// The version that was deleted.
        version: Version,
        /// Of the `delete`.
        client_token: Option<ClientToken>,
    },
    /// `…/rejected`.
    #[non_exhaustive]
    Rejected {
        /// The code; see [`RejectionKind`](crate::RejectionKind).
        code: u16,
        /// The service's text.
        message: Box<str>,
        /// Of the request.
        client_token: Option<ClientToken>,
    },
}

/// A shadow at one version, as the service shows it.
///
/// ```
/// use shadow_doc::{ServiceMessage, TopicKind};
///
/// let payload = br#"{"state":{"reported":{"a":1}},"metadata":{},"version":2,"timestamp":3}"#;
/// let message = ServiceMessage::parse(TopicKind::GetAccepted, payload)?;
/// let ServiceMessage::Shadow { snapshot, .. } = message else { panic!() };
/// assert_eq!(snapshot.version.get(), 2);
/// assert!(snapshot.desired.is_empty());
/// # Ok::<(), shadow_doc::MessageError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// What the device should become.
    pub desired: State,
    /// What the device says it is.
    pub reported: State,
    /// The version.
    pub version: Version,
}

impl Snapshot {
    /// The change of `desired` since `previous`, deletions as nulls: the service publishes no delta
    /// for a member that leaves `desired`, so this is the only way to learn of it.
    ///
    /// ```
    /// use shadow_doc::{ServiceMessage, TopicKind};
    ///
    /// let payload = br#"{
    ///     "previous": {"state": {"desired": {"a": 1, "b": 2}}, "metadata": {}, "version": 1},
    ///     "current": {"state": {"desired": {"b": 2}}, "metadata": {}, "version": 2},
    ///     "timestamp": 3
    /// }"#;
    /// let message = ServiceMessage::parse(TopicKind::UpdateDocuments, payload)?;
    /// let ServiceMessage::Documents { previous, current, .. } = message else { panic!() };
    /// assert_eq!(current.desired_change(previous.as_ref()).to_json(), br#"{"a":null}"#);
    /// # Ok::<(), shadow_doc::MessageError>(())
    /// ```
    #[must_use]
    pub fn desired_change(&self, previous: Option<&Self>) -> Patch {
        let nothing = State::default();
        let before = previous.map_or(&nothing, |previous| &previous.desired);
        before.patch_to(&self.desired, EpochSeconds::default())
    }
}

impl ServiceMessage {
    /// Reads the payload of a message on a topic of the service.
    ///
    /// ```
    /// use shadow_doc::{ServiceMessage, TopicKind};
    ///
    /// let payload = br#"{"code":409,"message":"Version conflict","clientToken":"a"}"#;
    /// let message = ServiceMessage::parse(TopicKind::UpdateRejected, payload)?;
    /// assert_eq!(message.client_token().unwrap().as_str(), "a");
    /// # Ok::<(), shadow_doc::MessageError>(())
    /// ```
    ///
    /// # Errors
    /// The payload is not JSON, lacks a member that the service always sends, or the topic is one on
    /// which clients speak.
    pub fn parse(topic: TopicKind, payload: &[u8]) -> Result<Self, MessageError> {
        let root = Patch::from_message(payload)
            .map_err(|error| MessageError(MessageErrorKind::InvalidJson(error)))?;
        let root = Object(root.members());
        let client_token = root
            .text("clientToken")
            .and_then(|token| ClientToken::try_from(token).ok());
        match (topic.message(), topic) {
            (MessageKind::Request, _) => Err(MessageError(MessageErrorKind::NotFromService)),
            (MessageKind::Rejected, _) => Ok(Self::Rejected {
                code: root
                    .number("code")
                    .and_then(|code| u16::try_from(code).ok())
                    .ok_or(missing("code"))?,
                message: Box::from(root.text("message").unwrap_or_default()),
                client_token,
            }),
            (MessageKind::Delta, _) => {
                let state = root.object("state").ok_or(missing("state"))?;
                let metadata = root.object("metadata").unwrap_or_default();
                Ok(Self::Delta {
                    version: root.version()?,
                    state: state.state(metadata),
                    client_token,
                })
            }
            (MessageKind::Documents, _) => Ok(Self::Documents {
                previous: root.object("previous").map(Object::snapshot).transpose()?,
                current: root
                    .object("current")
                    .ok_or(missing("current"))?
                    .snapshot()?,
                client_token,
            }),
            (_, TopicKind::GetAccepted) => {
                let state = root.object("state").ok_or(missing("state"))?;
                let delta = state.object("delta").unwrap_or_default();
                let wishes = root.object("metadata").unwrap_or_default();
                let delta = delta.state(wishes.object("desired").unwrap_or_default());
                Ok(Self::Shadow {
                    snapshot: root.snapshot()?,
                    delta,
                    client_token,
                })
            }
            (_, TopicKind::DeleteAccepted) => Ok(Self::Deleted {
                version: root.version()?,
                client_token,
            }),
            _ => {
                let section = |name| match root.find("state") {
                    // A null state clears both sections.
                    Some(Value::Null) => Field::Null,
                    Some(Value::Object(state)) => match Object(state).find(name) {
                        Some(Value::Object(section)) => {
                            Field::Value(Patch::from_members(section.0.to_vec()))
                        }
                        Some(Value::Null) => Field::Null,
                        Some(Value::Leaf { .. }) | None => Field::Absent,
                    },
                    Some(Value::Leaf { .. }) | None => Field::Absent,
                };
                Ok(Self::Updated {
                    version: root.version()?,
                    desired: section("desired"),
                    reported: section("reported"),
                    client_token,
                })
            }
        }
    }

    /// The token of the request that this message answers or follows.
    ///
    /// ```
    /// # use shadow_doc::{ServiceMessage, TopicKind};
    /// let message = ServiceMessage::parse(TopicKind::DeleteAccepted, br#"{"version":1}"#)?;
    /// assert_eq!(message.client_token(), None);
    /// # Ok::<(), shadow_doc::MessageError>(())
    /// ```
    #[must_use]
    pub const fn client_token(&self) -> Option<&ClientToken> {
        match self {
            Self::Delta { client_token, .. }
            | Self::Shadow { client_token, .. }
            | Self::Updated { client_token, .. }
            | Self::Documents { client_token, .. }
            | Self::Deleted { client_token, .. }
            | Self::Rejected { client_token, .. } => client_token.as_ref(),
        }
    }

    /// The version that the message carries; a rejection has none.
    ///
    /// ```
    /// # use shadow_doc::{ServiceMessage, TopicKind};
    /// let message = ServiceMessage::parse(TopicKind::DeleteAccepted, br#"{"version":3}"#)?;
    /// assert_eq!(message.version().unwrap().get(), 3);
    /// # Ok::<(), shadow_doc::MessageError>(())
    /// ```
    #[must_use]
    pub const fn version(&self) -> Option<Version> {
        match self {
            Self::Delta { version, .. }
            | Self::Updated { version, .. }
            | Self::Deleted { version, .. } => Some(*version),
            Self::Shadow { snapshot, .. }
            | Self::Documents {
                current: snapshot, ..
            } => Some(snapshot.version),
            Self::Rejected { .. } => None,
        }
    }
}

/// An object of a payload, of which single members are wanted.
#[derive(Clone, Copy, Default)]
struct Object<'a>(Members<'a>);

impl<'a> Object<'a> {
    fn find(self, name: &str) -> Option<Value<'a>> {
        self.0.find(name.as_bytes()).map(|member| member.value)
    }

    fn object(self, name: &str) -> Option<Self> {
        match self.find(name)? {
            Value::Object(members) => Some(Self(members)),
            Value::Leaf { .. } | Value::Null => None,
        }
    }

    fn text(self, name: &str) -> Option<alloc::string::String> {
        match self.find(name)? {
            Value::Leaf {
                text: [b'"', inner @ .., b'"'],
                ..
            } => Some(json::unescape(inner).into_owned()),
            _ => None,
        }
    }

    fn number(self, name: &str) -> Option<u64> {
        match self.find(name)? {
            Value::Leaf { text, .. } if text.first().is_some_and(|b| json::is_number_start(*b)) => {
                json::integer(text)
            }
            _ => None,
        }
    }

    fn version(self) -> Result<Version, MessageError> {
        self.number("version")
            .and_then(Version::new)
            .ok_or(missing("version"))
    }

    fn snapshot(self) -> Result<Snapshot, MessageError> {
        let state = self.object("state").ok_or(missing("state"))?;
        let metadata = self.object("metadata").unwrap_or_default();
        let section = |name| {
            let stamps = metadata.object(name).unwrap_or_default();
            state.object(name).unwrap_or_default().state(stamps)
        };
        Ok(Snapshot {
            desired: section("desired"),
            reported: section("reported"),
            version: self.version()?,
        })
    }

    /// A state, stamped with what `metadata` says.
    fn state(self, metadata: Self) -> State {
        let mut bytes = Vec::with_capacity(self.0.0.len());
        tree::stamped(self.0, metadata.0, &mut bytes);
        State::from_members(bytes)
    }
}

const fn missing(member: &'static str) -> MessageError {
    MessageError(MessageErrorKind::Missing(member))
}

/// Why a payload is no message of the service.
///
/// ```
/// use shadow_doc::{ServiceMessage, TopicKind};
///
/// let error = ServiceMessage::parse(TopicKind::UpdateDelta, b"{}").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid shadow message: `state` is missing [AWS IoT developer guide, device shadow service documents]"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageError(MessageErrorKind);

/// The ways in which a payload can fail to be a message of the service.
///
/// ```
/// # use shadow_doc::{MessageErrorKind, ServiceMessage, TopicKind};
/// let error = ServiceMessage::parse(TopicKind::Get, b"{}").unwrap_err();
/// assert_eq!(error.kind(), MessageErrorKind::NotFromService);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MessageErrorKind {
    /// It is not JSON.
    InvalidJson(JsonError),
    /// This member is not there, or not of its kind.
    Missing(&'static str),
    /// Clients speak on this topic.
    NotFromService,
}

impl MessageError {
    /// What is wrong.
    ///
    /// ```
    /// # use shadow_doc::{MessageErrorKind, ServiceMessage, TopicKind};
    /// let error = ServiceMessage::parse(TopicKind::UpdateDelta, b"").unwrap_err();
    /// assert!(matches!(error.kind(), MessageErrorKind::InvalidJson(_)));
    /// ```
    #[must_use]
    pub const fn kind(&self) -> MessageErrorKind {
        self.0
    }
}

impl fmt::Display for MessageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid shadow message: ")?;
        match self.0 {
            MessageErrorKind::InvalidJson(error) => return write!(f, "{error}"),
            MessageErrorKind::Missing(member) => write!(f, "`{member}` is missing")?,
            MessageErrorKind::NotFromService => f.write_str("clients speak on this topic")?,
        }
        f.write_str(" [AWS IoT developer guide, device shadow service documents]")
    }
}

impl core::error::Error for MessageError {}
