use core::fmt;

use crate::action::Action;

/// Whether a request is allowed, and what decided.
///
/// A denial names the action: a PUBLISH with RETAIN asks for two, and it is the first of them that is denied.
///
/// ```
/// use std::sync::Arc;
/// use iot_policy::{Action, ConnectionContext, Policy, PolicySet, Request, Scope, Transport};
///
/// let policy = Policy::parse(br#"{"Statement": [
///     {"Effect": "Allow", "Action": ["iot:Publish", "iot:RetainPublish"], "Resource": "*"},
///     {"Effect": "Deny", "Action": "iot:RetainPublish", "Resource": "*"}]}"#)?;
/// let set = Arc::new(PolicySet::compile([("P", &policy)], Scope::new("aws", "us-east-1", "123456789012")));
/// let bound = set.bind(&ConnectionContext::new("a", Transport::Mqtt));
///
/// assert!(bound.decide(&Request::Publish { topic: "t", retain: false }, 1_795_000_000).is_allowed());
/// let decision = bound.decide(&Request::Publish { topic: "t", retain: true }, 1_795_000_000);
/// assert_eq!(decision.refused_action(), Some(Action::RetainPublish));
/// assert_eq!(decision.to_string(), "iot:RetainPublish is denied by statement 1 of policy 0");
/// assert_eq!(decision.reason_code(), Some(0x87));
/// # Ok::<(), iot_policy::PolicyError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Decision {
    /// No statement denies, and this one is the first that allows; for a PUBLISH with RETAIN, the first that allows
    /// `iot:RetainPublish`.
    Allow(StatementRef),
    /// A statement denies.
    ExplicitDeny {
        /// What it denies of what was asked for.
        action: Action,
        /// The first statement that denies it.
        by: StatementRef,
    },
    /// No statement applies: what is not allowed is denied.
    ImplicitDeny {
        /// What no statement allows of what was asked for.
        action: Action,
    },
}

impl Decision {
    /// Whether the request is allowed.
    pub fn is_allowed(self) -> bool {
        match self {
            Self::Allow(_) => true,
            Self::ExplicitDeny { .. } | Self::ImplicitDeny { .. } => false,
        }
    }

    /// The statement that decided.
    pub fn statement(self) -> Option<StatementRef> {
        match self {
            Self::Allow(statement) | Self::ExplicitDeny { by: statement, .. } => Some(statement),
            Self::ImplicitDeny { .. } => None,
        }
    }

    /// The action that is denied: of a PUBLISH with RETAIN, the first of the two that is.
    pub fn refused_action(self) -> Option<Action> {
        match self {
            Self::Allow(_) => None,
            Self::ExplicitDeny { action, .. } | Self::ImplicitDeny { action } => Some(action),
        }
    }

    /// What to answer in MQTT 5.0 where the request is refused: 0x87, Not authorized (MQTT 5.0 §2.4). It is in place in
    /// CONNACK, PUBACK, PUBREC, SUBACK and DISCONNECT.
    pub fn reason_code(self) -> Option<u8> {
        match self {
            Self::Allow(_) => None,
            Self::ExplicitDeny { .. } | Self::ImplicitDeny { .. } => Some(0x87),
        }
    }

    /// The status with which an HTTP API refuses: 403.
    pub fn http_status(self) -> Option<u16> {
        match self {
            Self::Allow(_) => None,
            Self::ExplicitDeny { .. } | Self::ImplicitDeny { .. } => Some(403),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow(statement) => write!(f, "allowed by {statement}"),
            Self::ExplicitDeny { action, by } => write!(f, "{action} is denied by {by}"),
            Self::ImplicitDeny { action } => {
                write!(f, "{action} is denied because no statement allows it")
            }
        }
    }
}

/// A statement of one of a set's policies, by their places.
///
/// ```
/// use std::sync::Arc;
/// use iot_policy::{ConnectionContext, Policy, PolicySet, Request, Scope, Transport};
///
/// let policy = Policy::parse(br#"{"Statement": [
///     {"Effect": "Deny", "Action": "iot:Publish", "Resource": "*"},
///     {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}]}"#)?;
/// let set = Arc::new(PolicySet::compile([("P", &policy)], Scope::new("aws", "us-east-1", "123456789012")));
/// let bound = set.bind(&ConnectionContext::new("a", Transport::Mqtt));
///
/// let decision = bound.decide(&Request::Connect { client_id: "a" }, 1_795_000_000);
/// let statement = decision.statement().unwrap();
/// assert_eq!((statement.policy_index(), statement.statement_index()), (0, 1));
/// assert_eq!(decision.to_string(), "allowed by statement 1 of policy 0");
/// # Ok::<(), iot_policy::PolicyError>(())
/// ```
///
/// [`PolicySet::policy_name`](crate::PolicySet::policy_name)
/// and [`PolicySet::statement`](crate::PolicySet::statement) say more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StatementRef {
    pub(crate) policy: u32,
    pub(crate) statement: u32,
}

impl StatementRef {
    /// The policy's place in the set, from 0.
    pub fn policy_index(self) -> usize {
        usize::try_from(self.policy).unwrap_or(usize::MAX)
    }

    /// The statement's place in the policy, from 0.
    pub fn statement_index(self) -> usize {
        usize::try_from(self.statement).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for StatementRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement {} of policy {}", self.statement, self.policy)
    }
}
