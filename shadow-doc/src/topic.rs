//! The reserved topics of shadows.

use alloc::string::String;
use core::fmt;

use crate::names::{NameError, ShadowAddress, ShadowName, ThingName};
use crate::request::Operation;

/// A reserved topic of a shadow: `$aws/things/{thing}/shadow[/name/{shadow}]/…`.
///
/// ```
/// use shadow_doc::{Direction, Operation, ShadowTopic, TopicKind};
///
/// let topic = ShadowTopic::parse("$aws/things/lamp/shadow/name/cfg/update/delta")?;
/// assert_eq!(topic.kind(), TopicKind::UpdateDelta);
/// assert_eq!(topic.kind().operation(), Operation::Update);
/// assert_eq!(topic.kind().direction(), Direction::FromService);
/// assert_eq!(topic.address().shadow().unwrap().as_str(), "cfg");
/// assert_eq!(topic.to_string(), "$aws/things/lamp/shadow/name/cfg/update/delta");
/// # Ok::<(), shadow_doc::TopicError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShadowTopic<'a> {
    address: ShadowAddress<'a>,
    kind: TopicKind,
}

/// The eleven topics of a shadow.
///
/// ```
/// use shadow_doc::TopicKind;
///
/// assert_eq!(TopicKind::UpdateDocuments.as_str(), "update/documents");
/// assert_eq!(TopicKind::ALL.len(), 11);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TopicKind {
    /// `get`
    Get,
    /// `get/accepted`
    GetAccepted,
    /// `get/rejected`
    GetRejected,
    /// `update`
    Update,
    /// `update/accepted`
    UpdateAccepted,
    /// `update/rejected`
    UpdateRejected,
    /// `update/delta`
    UpdateDelta,
    /// `update/documents`
    UpdateDocuments,
    /// `delete`
    Delete,
    /// `delete/accepted`
    DeleteAccepted,
    /// `delete/rejected`
    DeleteRejected,
}

/// What is said on a topic.
///
/// ```
/// use shadow_doc::{MessageKind, TopicKind};
///
/// assert_eq!(TopicKind::GetRejected.message(), MessageKind::Rejected);
/// assert_eq!(MessageKind::Rejected.as_str(), "rejected");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// A client asks.
    Request,
    /// The service did it.
    Accepted,
    /// The service did not.
    Rejected,
    /// What the device has still to become.
    Delta,
    /// The shadow before and after.
    Documents,
}

/// Who publishes on a topic.
///
/// ```
/// use shadow_doc::{Direction, TopicKind};
///
/// assert_eq!(TopicKind::Get.direction(), Direction::ToService);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// A client.
    ToService,
    /// The service.
    FromService,
}

impl MessageKind {
    /// The word for it, which is also the last level of the topic unless it is a request.
    ///
    /// ```
    /// assert_eq!(shadow_doc::MessageKind::Delta.as_str(), "delta");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Delta => "delta",
            Self::Documents => "documents",
        }
    }
}

impl Direction {
    /// `to-service` or `from-service`.
    ///
    /// ```
    /// assert_eq!(shadow_doc::Direction::ToService.as_str(), "to-service");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToService => "to-service",
            Self::FromService => "from-service",
        }
    }
}

impl TopicKind {
    /// All of them.
    ///
    /// ```
    /// use shadow_doc::{Direction, TopicKind};
    ///
    /// let asked = TopicKind::ALL.iter().filter(|kind| kind.direction() == Direction::ToService);
    /// assert_eq!(asked.count(), 3);
    /// ```
    pub const ALL: [Self; 11] = [
        Self::Get,
        Self::GetAccepted,
        Self::GetRejected,
        Self::Update,
        Self::UpdateAccepted,
        Self::UpdateRejected,
        Self::UpdateDelta,
        Self::UpdateDocuments,
        Self::Delete,
        Self::DeleteAccepted,
        Self::DeleteRejected,
    ];

    /// The levels behind the shadow's prefix.
    ///
    /// ```
    /// assert_eq!(shadow_doc::TopicKind::GetAccepted.as_str(), "get/accepted");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::GetAccepted => "get/accepted",
            Self::GetRejected => "get/rejected",
            Self::Update => "update",
            Self::UpdateAccepted => "update/accepted",
            Self::UpdateRejected => "update/rejected",
            Self::UpdateDelta => "update/delta",
            Self::UpdateDocuments => "update/documents",
            Self::Delete => "delete",
            Self::DeleteAccepted => "delete/accepted",
            Self::DeleteRejected => "delete/rejected",
        }
    }

    /// What it is about.
    ///
    /// ```
    /// use shadow_doc::{Operation, TopicKind};
    ///
    /// assert_eq!(TopicKind::DeleteAccepted.operation(), Operation::Delete);
    /// ```
    #[must_use]
    pub const fn operation(self) -> Operation {
        match self {
            Self::Get | Self::GetAccepted | Self::GetRejected => Operation::Get,
            Self::Update
            | Self::UpdateAccepted
            | Self::UpdateRejected
            | Self::UpdateDelta
            | Self::UpdateDocuments => Operation::Update,
            Self::Delete | Self::DeleteAccepted | Self::DeleteRejected => Operation::Delete,
        }
    }

    /// What is said on it.
    ///
    /// ```
    /// use shadow_doc::{MessageKind, TopicKind};
    ///
    /// assert_eq!(TopicKind::Update.message(), MessageKind::Request);
    /// ```
    #[must_use]
    pub const fn message(self) -> MessageKind {
        match self {
            Self::Get | Self::Update | Self::Delete => MessageKind::Request,
            Self::GetAccepted | Self::UpdateAccepted | Self::DeleteAccepted => {
                MessageKind::Accepted
            }
            Self::GetRejected | Self::UpdateRejected | Self::DeleteRejected => {
                MessageKind::Rejected
            }
            Self::UpdateDelta => MessageKind::Delta,
            Self::UpdateDocuments => MessageKind::Documents,
        }
    }

    /// Who publishes on it.
    ///
    /// ```
    /// use shadow_doc::{Direction, TopicKind};
    ///
    /// assert_eq!(TopicKind::UpdateDelta.direction(), Direction::FromService);
    /// ```
    #[must_use]
    pub const fn direction(self) -> Direction {
        match self.message() {
            MessageKind::Request => Direction::ToService,
            _ => Direction::FromService,
        }
    }

    /// The topic on which a client asks for an operation.
    ///
    /// ```
    /// use shadow_doc::{Operation, TopicKind};
    ///
    /// assert_eq!(TopicKind::request(Operation::Get), TopicKind::Get);
    /// ```
    #[must_use]
    pub const fn request(operation: Operation) -> Self {
        match operation {
            Operation::Get => Self::Get,
            Operation::Update => Self::Update,
            Operation::Delete => Self::Delete,
        }
    }

    /// The topic on which an operation is answered when it was carried out.
    ///
    /// ```
    /// use shadow_doc::{Operation, TopicKind};
    ///
    /// assert_eq!(TopicKind::accepted(Operation::Get), TopicKind::GetAccepted);
    /// ```
    #[must_use]
    pub const fn accepted(operation: Operation) -> Self {
        match operation {
            Operation::Get => Self::GetAccepted,
            Operation::Update => Self::UpdateAccepted,
            Operation::Delete => Self::DeleteAccepted,
        }
    }

    /// The topic on which an operation is answered when it was not.
    ///
    /// ```
    /// use shadow_doc::{Operation, TopicKind};
    ///
    /// assert_eq!(TopicKind::rejected(Operation::Get), TopicKind::GetRejected);
    /// ```
    #[must_use]
    pub const fn rejected(operation: Operation) -> Self {
        match operation {
            Operation::Get => Self::GetRejected,
            Operation::Update => Self::UpdateRejected,
            Operation::Delete => Self::DeleteRejected,
        }
    }
}

impl<'a> ShadowTopic<'a> {
    /// Puts a topic together.
    ///
    /// ```
    /// use shadow_doc::{ShadowAddress, ShadowTopic, ThingName, TopicKind};
    ///
    /// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let topic = ShadowTopic::new(address, TopicKind::Get);
    /// assert_eq!(topic.to_string(), "$aws/things/lamp/shadow/get");
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub const fn new(address: ShadowAddress<'a>, kind: TopicKind) -> Self {
        Self { address, kind }
    }

    /// Takes a topic apart (developer guide, "Reserved topics", shadow topics).
    ///
    /// ```
    /// use shadow_doc::{ShadowTopic, TopicErrorKind};
    ///
    /// // A shadow called `get`, and no operation.
    /// let error = ShadowTopic::parse("$aws/things/t/shadow/name/get").unwrap_err();
    /// assert_eq!(error.kind(), TopicErrorKind::UnknownOperation);
    /// ```
    ///
    /// # Errors
    /// The topic is not a reserved topic of a shadow. Topics are case-sensitive.
    pub fn parse(topic: &'a str) -> Result<Self, TopicError> {
        let error = |kind, offset| TopicError { kind, offset };
        let not_a_shadow = error(TopicErrorKind::NotAShadowTopic, 0);
        let rest = topic.strip_prefix("$aws/things/").ok_or(not_a_shadow)?;
        let offset = |rest: &str| topic.len().saturating_sub(rest.len());
        let (thing, after) = rest.split_once('/').ok_or(not_a_shadow)?;
        let after = after.strip_prefix("shadow/").ok_or(not_a_shadow)?;
        let thing = ThingName::try_from(thing).map_err(|name| {
            let at = offset(rest).saturating_add(name.offset());
            error(TopicErrorKind::InvalidThingName(name), at)
        })?;
        let (address, suffix) = match after.strip_prefix("name/") {
            None => (ShadowAddress::classic(thing), after),
            Some(named) => {
                let (shadow, suffix) = named
                    .split_once('/')
                    .ok_or(error(TopicErrorKind::UnknownOperation, topic.len()))?;
                let shadow = ShadowName::try_from(shadow).map_err(|name| {
                    let at = offset(named).saturating_add(name.offset());
                    error(TopicErrorKind::InvalidShadowName(name), at)
                })?;
                (ShadowAddress::named(thing, shadow), suffix)
            }
        };
        TopicKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == suffix)
            .map(|kind| Self { address, kind })
            .ok_or(error(TopicErrorKind::UnknownOperation, offset(suffix)))
    }

    /// The shadow.
    ///
    /// ```
    /// # use shadow_doc::ShadowTopic;
    /// let topic = ShadowTopic::parse("$aws/things/lamp/shadow/get")?;
    /// assert_eq!(topic.address().thing().as_str(), "lamp");
    /// # Ok::<(), shadow_doc::TopicError>(())
    /// ```
    #[must_use]
    pub const fn address(&self) -> &ShadowAddress<'a> {
        &self.address
    }

    /// Which of its topics.
    ///
    /// ```
    /// # use shadow_doc::{ShadowTopic, TopicKind};
    /// assert_eq!(ShadowTopic::parse("$aws/things/lamp/shadow/get")?.kind(), TopicKind::Get);
    /// # Ok::<(), shadow_doc::TopicError>(())
    /// ```
    #[must_use]
    pub const fn kind(&self) -> TopicKind {
        self.kind
    }
}

impl ShadowAddress<'_> {
    /// One topic of this shadow.
    ///
    /// ```
    /// use shadow_doc::{ShadowAddress, ThingName, TopicKind};
    ///
    /// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// assert_eq!(address.topic(TopicKind::Update), "$aws/things/lamp/shadow/update");
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    #[must_use]
    pub fn topic(&self, kind: TopicKind) -> String {
        let mut topic = self.topic_prefix();
        topic.push('/');
        topic.push_str(kind.as_str());
        topic
    }

    /// The topics that a device subscribes to: everything the service says about this shadow, except
    /// the large `documents` message.
    ///
    /// ```
    /// use shadow_doc::{ShadowAddress, ThingName};
    ///
    /// let address = ShadowAddress::classic(ThingName::try_from("lamp")?);
    /// let topics: Vec<String> = address.device_subscriptions().collect();
    /// assert_eq!(topics.len(), 7);
    /// assert!(topics.contains(&"$aws/things/lamp/shadow/update/delta".to_owned()));
    /// # Ok::<(), shadow_doc::NameError>(())
    /// ```
    pub fn device_subscriptions(&self) -> impl Iterator<Item = String> + '_ {
        TopicKind::ALL
            .into_iter()
            .filter(|kind| {
                kind.direction() == Direction::FromService && *kind != TopicKind::UpdateDocuments
            })
            .map(|kind| self.topic(kind))
    }
}

impl fmt::Display for ShadowTopic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address.topic_prefix(), self.kind.as_str())
    }
}

/// Why a topic is not a reserved topic of a shadow.
///
/// ```
/// use shadow_doc::ShadowTopic;
///
/// let error = ShadowTopic::parse("$aws/things/t/shadow/put").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid shadow topic at byte 21: expected one of the eleven shadow operations [AWS IoT developer guide, reserved topics]"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TopicError {
    kind: TopicErrorKind,
    offset: usize,
}

/// The ways in which a topic can fail to be one of a shadow.
///
/// ```
/// # use shadow_doc::{ShadowTopic, TopicErrorKind};
/// assert_eq!(ShadowTopic::parse("a/b").unwrap_err().kind(), TopicErrorKind::NotAShadowTopic);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopicErrorKind {
    /// It does not begin with `$aws/things/{thing}/shadow/`.
    NotAShadowTopic,
    /// The thing's name is none.
    InvalidThingName(NameError),
    /// The shadow's name is none.
    InvalidShadowName(NameError),
    /// What follows the shadow is none of the eleven topics.
    UnknownOperation,
}

impl TopicError {
    /// What is wrong.
    ///
    /// ```
    /// # use shadow_doc::{ShadowTopic, TopicErrorKind};
    /// assert_eq!(ShadowTopic::parse("").unwrap_err().kind(), TopicErrorKind::NotAShadowTopic);
    /// ```
    #[must_use]
    pub const fn kind(&self) -> TopicErrorKind {
        self.kind
    }

    /// The byte of the topic at which it was noticed.
    ///
    /// ```
    /// # use shadow_doc::ShadowTopic;
    /// assert_eq!(ShadowTopic::parse("$aws/things/a b/shadow/get").unwrap_err().offset(), 13);
    /// ```
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for TopicError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid shadow topic at byte {}: ", self.offset)?;
        match self.kind {
            TopicErrorKind::NotAShadowTopic => {
                f.write_str("expected `$aws/things/{thing}/shadow/`")?;
            }
            TopicErrorKind::InvalidThingName(name) | TopicErrorKind::InvalidShadowName(name) => {
                return write!(f, "{name}");
            }
            TopicErrorKind::UnknownOperation => {
                f.write_str("expected one of the eleven shadow operations")?;
            }
        }
        f.write_str(" [AWS IoT developer guide, reserved topics]")
    }
}

impl core::error::Error for TopicError {}
