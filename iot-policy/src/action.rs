use core::fmt;

use crate::pattern::wildcard_match;

/// An action of the AWS IoT data plane.
///
/// Source: AWS IoT developer guide, "AWS IoT Core policy actions"; the last four are those of the connection API
/// (`iot-data` service model of 2015-05-28).
///
/// ```
/// use iot_policy::Action;
///
/// assert_eq!(Action::Publish.name(), "iot:Publish");
/// // Actions are not case-sensitive.
/// assert_eq!(Action::from_name("IOT:publish"), Some(Action::Publish));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
#[non_exhaustive]
pub enum Action {
    /// `iot:Connect`, on `client/`
    Connect,
    /// `iot:Publish`, on `topic/`
    Publish,
    /// `iot:RetainPublish`, on `topic/`, needed besides `iot:Publish`
    RetainPublish,
    /// `iot:Receive`, on `topic/`, at every delivery
    Receive,
    /// `iot:Subscribe`, on `topicfilter/`
    Subscribe,
    /// `iot:GetRetainedMessage`, on `topic/`
    GetRetainedMessage,
    /// `iot:ListRetainedMessages`, on `*`
    ListRetainedMessages,
    /// `iot:GetThingShadow`, on `thing/`
    GetThingShadow,
    /// `iot:UpdateThingShadow`, on `thing/`
    UpdateThingShadow,
    /// `iot:DeleteThingShadow`, on `thing/`
    DeleteThingShadow,
    /// `iot:ListNamedShadowsForThing`, on `*`
    ListNamedShadowsForThing,
    /// `iot:DescribeJobExecution`, on `thing/`
    DescribeJobExecution,
    /// `iot:GetPendingJobExecutions`, on `thing/`
    GetPendingJobExecutions,
    /// `iot:StartNextPendingJobExecution`, on `thing/`
    StartNextPendingJobExecution,
    /// `iot:UpdateJobExecution`, on `thing/`
    UpdateJobExecution,
    /// `iot:AssumeRoleWithCertificate`, on `rolealias/`
    AssumeRoleWithCertificate,
    /// `iot:GetConnection`, on `client/`
    GetConnection,
    /// `iot:DeleteConnection`, on `client/`
    DeleteConnection,
    /// `iot:ListSubscriptions`, on `client/`
    ListSubscriptions,
    /// `iot:SendDirectMessage`, on `client/`
    SendDirectMessage,
}

impl Action {
    /// Every action, in the order of the variants.
    pub const ALL: [Self; 20] = [
        Self::Connect,
        Self::Publish,
        Self::RetainPublish,
        Self::Receive,
        Self::Subscribe,
        Self::GetRetainedMessage,
        Self::ListRetainedMessages,
        Self::GetThingShadow,
        Self::UpdateThingShadow,
        Self::DeleteThingShadow,
        Self::ListNamedShadowsForThing,
        Self::DescribeJobExecution,
        Self::GetPendingJobExecutions,
        Self::StartNextPendingJobExecution,
        Self::UpdateJobExecution,
        Self::AssumeRoleWithCertificate,
        Self::GetConnection,
        Self::DeleteConnection,
        Self::ListSubscriptions,
        Self::SendDirectMessage,
    ];

    /// The name in policies.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect => "iot:Connect",
            Self::Publish => "iot:Publish",
            Self::RetainPublish => "iot:RetainPublish",
            Self::Receive => "iot:Receive",
            Self::Subscribe => "iot:Subscribe",
            Self::GetRetainedMessage => "iot:GetRetainedMessage",
            Self::ListRetainedMessages => "iot:ListRetainedMessages",
            Self::GetThingShadow => "iot:GetThingShadow",
            Self::UpdateThingShadow => "iot:UpdateThingShadow",
            Self::DeleteThingShadow => "iot:DeleteThingShadow",
            Self::ListNamedShadowsForThing => "iot:ListNamedShadowsForThing",
            Self::DescribeJobExecution => "iot:DescribeJobExecution",
            Self::GetPendingJobExecutions => "iot:GetPendingJobExecutions",
            Self::StartNextPendingJobExecution => "iot:StartNextPendingJobExecution",
            Self::UpdateJobExecution => "iot:UpdateJobExecution",
            Self::AssumeRoleWithCertificate => "iot:AssumeRoleWithCertificate",
            Self::GetConnection => "iot:GetConnection",
            Self::DeleteConnection => "iot:DeleteConnection",
            Self::ListSubscriptions => "iot:ListSubscriptions",
            Self::SendDirectMessage => "iot:SendDirectMessage",
        }
    }

    /// The action of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|action| action.name().eq_ignore_ascii_case(name))
    }

    /// The type of the resource that AWS IoT checks it on.
    pub(crate) fn resource_type(self) -> ResourceType {
        match self {
            Self::Connect
            | Self::GetConnection
            | Self::DeleteConnection
            | Self::ListSubscriptions
            | Self::SendDirectMessage => ResourceType::Client,
            Self::Publish | Self::RetainPublish | Self::Receive | Self::GetRetainedMessage => {
                ResourceType::Topic
            }
            Self::Subscribe => ResourceType::TopicFilter,
            Self::GetThingShadow
            | Self::UpdateThingShadow
            | Self::DeleteThingShadow
            | Self::DescribeJobExecution
            | Self::GetPendingJobExecutions
            | Self::StartNextPendingJobExecution
            | Self::UpdateJobExecution => ResourceType::Thing,
            Self::AssumeRoleWithCertificate => ResourceType::RoleAlias,
            Self::ListRetainedMessages | Self::ListNamedShadowsForThing => ResourceType::All,
        }
    }

    pub(crate) fn index(self) -> usize {
        // The discriminants are 0 to 19.
        usize::from(self as u8)
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What stands between the account and the name in an ARN; `All` is the resource `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ResourceType {
    Client,
    Topic,
    TopicFilter,
    Thing,
    RoleAlias,
    All,
}

impl ResourceType {
    /// Those that have names.
    pub(crate) const NAMED: [Self; 5] = [
        Self::Client,
        Self::Topic,
        Self::TopicFilter,
        Self::Thing,
        Self::RoleAlias,
    ];

    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Client => "client/",
            Self::Topic => "topic/",
            Self::TopicFilter => "topicfilter/",
            Self::Thing => "thing/",
            Self::RoleAlias => "rolealias/",
            Self::All => "*",
        }
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self as u8)
    }
}

/// A set of actions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ActionSet(u32);

impl ActionSet {
    /// The actions that a pattern of a policy names: `*` and `?` are wildcards, case does not count.
    pub(crate) fn of_pattern(pattern: &str) -> Self {
        let lower = pattern.to_ascii_lowercase();
        Action::ALL
            .into_iter()
            .filter(|action| wildcard_match(&lower, &action.name().to_ascii_lowercase()))
            .fold(Self::default(), Self::with)
    }

    pub(crate) fn with(self, action: Action) -> Self {
        Self(self.0 | 1_u32.checked_shl(action as u32).unwrap_or_default())
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn complement(self) -> Self {
        let all = Action::ALL.into_iter().fold(Self::default(), Self::with);
        Self(all.0 & !self.0)
    }

    pub(crate) fn contains(self, action: Action) -> bool {
        self.0 & Self::default().with(action).0 != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_the_order() {
        for (index, action) in Action::ALL.into_iter().enumerate() {
            assert_eq!(action.index(), index);
            assert_eq!(Action::from_name(action.name()), Some(action));
        }
    }

    #[test]
    fn patterns() {
        let set = |pattern| {
            let set = ActionSet::of_pattern(pattern);
            Action::ALL
                .iter()
                .filter(|action| set.contains(**action))
                .count()
        };
        assert_eq!(set("*"), 20);
        assert_eq!(set("iot:*"), 20);
        assert_eq!(set("IOT:*thingshadow"), 3);
        assert_eq!(set("iot:?ublish"), 1);
        assert_eq!(set("iot:publis"), 0);
        assert_eq!(set("iotevents:*"), 0);
        assert!(ActionSet::of_pattern("*").complement().is_empty());
    }
}
