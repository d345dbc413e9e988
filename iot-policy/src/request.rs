use crate::action::{Action, ResourceType};

/// What a client asks for: an action on a resource of the set's [`Scope`](crate::Scope).
///
/// ```
/// use iot_policy::{Action, Request, Resource};
///
/// // The gateway's words …
/// let publish = Request::Publish { topic: "site/7/temp", retain: false };
/// // … and the policy's.
/// let same = Request::One { action: Action::Publish, resource: Resource::Topic("site/7/temp") };
/// assert_ne!(publish, same);
/// assert_eq!(publish.action(), same.action());
/// ```
///
/// Names are compared as they are: whether a topic, a filter, a client id or a thing's name is valid is for the caller to
/// see first. A thing's name holds no `/` (AWS IoT API reference, `thingName`); `a/b` would be compared as the shadow `b`
/// of the thing `a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Request<'a> {
    /// A CONNECT.
    Connect {
        /// The client id, also one that the server assigned.
        client_id: &'a str,
    },
    /// A PUBLISH, or the HTTP API's `Publish`. A last will is one too, checked when the client connects and again when
    /// it is sent.
    Publish {
        /// The topic name.
        topic: &'a str,
        /// With RETAIN, `iot:RetainPublish` must be allowed besides `iot:Publish`.
        retain: bool,
    },
    /// One filter of a SUBSCRIBE.
    Subscribe {
        /// The filter as it was sent, also a shared one: its text is what is compared.
        filter: &'a str,
    },
    /// A delivery.
    Receive {
        /// The topic name of the message.
        topic: &'a str,
    },
    /// The HTTP API's `GetRetainedMessage`.
    GetRetainedMessage {
        /// The topic name.
        topic: &'a str,
    },
    /// The HTTP API's `ListRetainedMessages`.
    ListRetainedMessages,
    /// The HTTP API's `GetThingShadow`. Over MQTT, shadows are topics.
    GetThingShadow {
        /// The thing.
        thing: &'a str,
        /// The name of a named shadow.
        shadow: Option<&'a str>,
    },
    /// The HTTP API's `UpdateThingShadow`.
    UpdateThingShadow {
        /// The thing.
        thing: &'a str,
        /// The name of a named shadow.
        shadow: Option<&'a str>,
    },
    /// The HTTP API's `DeleteThingShadow`.
    DeleteThingShadow {
        /// The thing.
        thing: &'a str,
        /// The name of a named shadow.
        shadow: Option<&'a str>,
    },
    /// The HTTP API's `ListNamedShadowsForThing`, whose resource is `*` whatever the thing.
    ListNamedShadowsForThing,
    /// The credential provider's `AssumeRoleWithCertificate`.
    AssumeRoleWithCertificate {
        /// The role alias.
        role_alias: &'a str,
    },
    /// Any action on any resource, also one that AWS IoT would not ask for together.
    One {
        /// The action.
        action: Action,
        /// The resource.
        resource: Resource<'a>,
    },
}

/// A resource of the set's [`Scope`](crate::Scope), or all of them.
///
/// ```
/// use iot_policy::Resource;
///
/// assert_eq!(Resource::parse("topic/a/b"), Some(Resource::Topic("a/b")));
/// assert_eq!(Resource::parse("*"), Some(Resource::All));
/// assert_eq!(Resource::parse("rule/x"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Resource<'a> {
    /// `client/…`
    Client(&'a str),
    /// `topic/…`
    Topic(&'a str),
    /// `topicfilter/…`
    TopicFilter(&'a str),
    /// `thing/…`, also `thing/…/…` for a named shadow
    Thing(&'a str),
    /// `rolealias/…`
    RoleAlias(&'a str),
    /// `*`
    All,
}

impl<'a> Resource<'a> {
    /// Reads the last part of an ARN, or `*`.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (kind, name) = match text.split_once('/') {
            Some((kind, name)) => (kind, name),
            None => return (text == "*").then_some(Self::All),
        };
        match kind {
            "client" => Some(Self::Client(name)),
            "topic" => Some(Self::Topic(name)),
            "topicfilter" => Some(Self::TopicFilter(name)),
            "thing" => Some(Self::Thing(name)),
            "rolealias" => Some(Self::RoleAlias(name)),
            _unknown => None,
        }
    }

    pub(crate) fn parts(self) -> (ResourceType, &'a str) {
        match self {
            Self::Client(name) => (ResourceType::Client, name),
            Self::Topic(name) => (ResourceType::Topic, name),
            Self::TopicFilter(name) => (ResourceType::TopicFilter, name),
            Self::Thing(name) => (ResourceType::Thing, name),
            Self::RoleAlias(name) => (ResourceType::RoleAlias, name),
            Self::All => (ResourceType::All, ""),
        }
    }
}

/// A resource as it is compared: a named shadow's name has two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    pub(crate) action: Action,
    pub(crate) kind: ResourceType,
    pub(crate) name: &'a str,
    pub(crate) shadow: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// The action; for a PUBLISH with RETAIN, the first of the two.
    pub fn action(&self) -> Action {
        self.target().action
    }

    /// What must be allowed besides [`Request::target`].
    pub(crate) fn second_target(&self) -> Option<Target<'a>> {
        match *self {
            Self::Publish {
                topic,
                retain: true,
            } => Some(Target {
                action: Action::RetainPublish,
                kind: ResourceType::Topic,
                name: topic,
                shadow: None,
            }),
            Self::Publish { retain: false, .. }
            | Self::Connect { .. }
            | Self::Subscribe { .. }
            | Self::Receive { .. }
            | Self::GetRetainedMessage { .. }
            | Self::ListRetainedMessages
            | Self::GetThingShadow { .. }
            | Self::UpdateThingShadow { .. }
            | Self::DeleteThingShadow { .. }
            | Self::ListNamedShadowsForThing
            | Self::AssumeRoleWithCertificate { .. }
            | Self::One { .. } => None,
        }
    }

    /// What must be allowed, and first where there are two.
    pub(crate) fn target(&self) -> Target<'a> {
        let on = |action: Action, name: &'a str| Target {
            action,
            kind: action.resource_type(),
            name,
            shadow: None,
        };
        let shadow_of = |action: Action, thing: &'a str, shadow: Option<&'a str>| Target {
            shadow,
            ..on(action, thing)
        };
        match *self {
            Self::Connect { client_id } => on(Action::Connect, client_id),
            Self::Publish { topic, .. } => on(Action::Publish, topic),
            Self::Subscribe { filter } => on(Action::Subscribe, filter),
            Self::Receive { topic } => on(Action::Receive, topic),
            Self::GetRetainedMessage { topic } => on(Action::GetRetainedMessage, topic),
            Self::ListRetainedMessages => on(Action::ListRetainedMessages, ""),
            Self::GetThingShadow { thing, shadow } => {
                shadow_of(Action::GetThingShadow, thing, shadow)
            }
            Self::UpdateThingShadow { thing, shadow } => {
                shadow_of(Action::UpdateThingShadow, thing, shadow)
            }
            Self::DeleteThingShadow { thing, shadow } => {
                shadow_of(Action::DeleteThingShadow, thing, shadow)
            }
            Self::ListNamedShadowsForThing => on(Action::ListNamedShadowsForThing, ""),
            Self::AssumeRoleWithCertificate { role_alias } => {
                on(Action::AssumeRoleWithCertificate, role_alias)
            }
            Self::One { action, resource } => {
                let (kind, name) = resource.parts();
                Target {
                    action,
                    kind,
                    name,
                    shadow: None,
                }
            }
        }
    }
}
