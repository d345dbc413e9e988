use core::fmt;

/// Whether a request is allowed, and what decided.
///
/// ```
/// use iot_policy::Decision;
///
/// assert!(!Decision::ImplicitDeny.is_allowed());
/// assert_eq!(Decision::ImplicitDeny.reason_code(), Some(0x87));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Decision {
    /// No statement denies, and this one is the first that allows.
    Allow(StatementRef),
    /// This statement is the first that denies.
    ExplicitDeny(StatementRef),
    /// No statement applies: what is not allowed is denied.
    ImplicitDeny,
}

impl Decision {
    /// Whether the request is allowed.
    pub fn is_allowed(self) -> bool {
        match self {
            Self::Allow(_) => true,
            Self::ExplicitDeny(_) | Self::ImplicitDeny => false,
        }
    }

    /// The statement that decided.
    pub fn statement(self) -> Option<StatementRef> {
        match self {
            Self::Allow(statement) | Self::ExplicitDeny(statement) => Some(statement),
            Self::ImplicitDeny => None,
        }
    }

    /// What to answer in MQTT 5.0 where the request is refused: 0x87, Not authorized (MQTT 5.0 §2.4). It is in place in
    /// CONNACK, PUBACK, PUBREC, SUBACK and DISCONNECT.
    pub fn reason_code(self) -> Option<u8> {
        match self {
            Self::Allow(_) => None,
            Self::ExplicitDeny(_) | Self::ImplicitDeny => Some(0x87),
        }
    }

    /// The status with which an HTTP API refuses: 403.
    pub fn http_status(self) -> Option<u16> {
        match self {
            Self::Allow(_) => None,
            Self::ExplicitDeny(_) | Self::ImplicitDeny => Some(403),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow(statement) => write!(f, "allowed by {statement}"),
            Self::ExplicitDeny(statement) => write!(f, "denied by {statement}"),
            Self::ImplicitDeny => f.write_str("denied because no statement allows it"),
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
