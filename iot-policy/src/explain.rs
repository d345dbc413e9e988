use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::action::{Action, ResourceType};
use crate::condition::list;
use crate::context::ConnectionContext;
use crate::decision::{Decision, StatementRef};
use crate::document::{Effect, Statement};
use crate::request::{Request, Target};
use crate::set::{PolicySet, Resolution};
use crate::template::{Resolved, Variable};

/// Why a request is allowed or denied: what each statement of each policy had to say. Its [`Display`](fmt::Display) is
/// for people; a line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    decision: Decision,
    request: String,
    statements: Vec<StatementExplanation>,
}

/// What one statement had to say to one action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementExplanation {
    statement: StatementRef,
    title: String,
    effect: Effect,
    action: Action,
    reason: Reason,
}

/// Why a statement applies, or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// It applies.
    Applies,
    /// It is about other actions.
    OtherAction,
    /// No pattern of `Resource` matches the resource.
    OtherResource {
        /// The variables in them that stand for nothing on this connection.
        unresolved: Vec<Unresolved>,
    },
    /// A pattern of `NotResource` matches the resource.
    ExceptedResource,
    /// It allows but for resources that cannot be told, since a variable in `NotResource` stands for nothing.
    UnresolvedException {
        /// The variable.
        variable: Unresolved,
    },
    /// A condition does not hold.
    ConditionFalse {
        /// The operator and the key.
        condition: String,
        /// What the document compares with.
        operands: Vec<String>,
        /// The variables in the operands that stand for nothing on this connection.
        unresolved: Vec<Unresolved>,
        /// The values of the key on this connection; none where it is absent.
        values: Vec<String>,
    },
}

/// A variable that stands for nothing on a connection.
///
/// ```
/// use iot_policy::{
///     Certificate, ConnectionContext, NameAttribute, Policy, PolicySet, Reason, Request, Scope, Transport, Unresolved,
/// };
///
/// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:Publish",
///     "Resource": "arn:aws:iot:us-east-1:123456789012:topic/${iot:Certificate.Subject.CommonName}"}}"#)?;
/// let set = PolicySet::compile([("P", &policy)], Scope::new("aws", "us-east-1", "123456789012"));
/// let certificate = Certificate::new("c0ffee").with_subject(NameAttribute::CommonName, "*");
/// let context = ConnectionContext::new("a", Transport::Mqtt).with_certificate(certificate);
///
/// let request = Request::Publish { topic: "*", retain: false };
/// let explanation = set.explain(&context, &request, 1_795_000_000);
/// let Reason::OtherResource { unresolved } = explanation.statements()[0].reason() else { panic!() };
/// let variable = "iot:Certificate.Subject.CommonName".to_owned();
/// assert_eq!(*unresolved, [Unresolved::NotSubstituted { variable }]);
/// # Ok::<(), iot_policy::PolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unresolved {
    /// There is no value.
    Absent {
        /// The variable.
        variable: String,
    },
    /// There is a value that is not put into a policy's text: see [`Substitution`](crate::Substitution).
    NotSubstituted {
        /// The variable.
        variable: String,
    },
}

impl PolicySet {
    /// Explains the decision on a request that is made at this time, in seconds since 1970. Slow, compared with [`Bound::decide`](crate::Bound::decide): for people.
    ///
    /// ```
    /// use iot_policy::{ConnectionContext, Policy, PolicySet, Request, Scope, Transport};
    ///
    /// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": [
    ///     {"Sid": "Own", "Effect": "Allow", "Action": "iot:Publish",
    ///      "Resource": "arn:aws:iot:us-east-1:123456789012:topic/${iot:Connection.Thing.ThingName}/*"},
    ///     {"Sid": "Home", "Effect": "Allow", "Action": "iot:*", "Resource": "*",
    ///      "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}]}"#)?;
    /// let set = PolicySet::compile([("P", &policy)], Scope::new("aws", "us-east-1", "123456789012"));
    ///
    /// let context = ConnectionContext::new("a", Transport::Mqtt).with_source_ip("198.51.100.1".parse().unwrap());
    /// let explanation = set.explain(&context, &Request::Publish { topic: "a/b", retain: false }, 1_795_000_000);
    /// assert!(!explanation.decision().is_allowed());
    /// assert_eq!(explanation.to_string(), "\
    /// iot:Publish on arn:aws:iot:us-east-1:123456789012:topic/a/b: iot:Publish is denied because no statement allows it
    ///   P[0] Own (Allow) does not apply: no resource matches; `iot:Connection.Thing.ThingName` has no value here
    ///   P[1] Home (Allow) does not apply: IpAddress of `aws:SourceIp` with `192.0.2.0/24` is false for `198.51.100.1`
    /// ");
    /// # Ok::<(), iot_policy::PolicyError>(())
    /// ```
    pub fn explain(
        &self,
        context: &ConnectionContext,
        request: &Request<'_>,
        unix_seconds: i64,
    ) -> Explanation {
        let resolution = self.resolve(context);
        let (first, second) = (request.target(), request.second_target());
        let targets = || [Some(first), second].into_iter().flatten();
        let mut statements = Vec::new();
        for target in targets() {
            let mut index = 0_usize;
            for (policy, (name, document)) in self.policies().enumerate() {
                for (place, statement) in document.statements().iter().enumerate() {
                    let sid = statement
                        .sid()
                        .map_or(String::new(), |sid| format!(" {sid}"));
                    statements.push(StatementExplanation {
                        statement: StatementRef {
                            policy: u32::try_from(policy).unwrap_or(u32::MAX),
                            statement: u32::try_from(place).unwrap_or(u32::MAX),
                        },
                        title: format!("{name}[{place}]{sid}"),
                        effect: statement.effect,
                        action: target.action,
                        reason: self.reason(
                            statement,
                            index,
                            context,
                            &resolution,
                            target,
                            unix_seconds,
                        ),
                    });
                    index = index.saturating_add(1);
                }
            }
        }
        let names: Vec<String> = targets().map(|target| target.action.to_string()).collect();
        Explanation {
            decision: self.decide(&resolution, request, unix_seconds),
            request: format!("{} on {}", names.join(" and "), self.resource_text(first)),
            statements,
        }
    }

    fn resource_text(&self, target: Target<'_>) -> String {
        let shadow = target
            .shadow
            .map_or(String::new(), |name| format!("/{name}"));
        match target.kind {
            ResourceType::All => "*".to_string(),
            ResourceType::Client
            | ResourceType::Topic
            | ResourceType::TopicFilter
            | ResourceType::Thing
            | ResourceType::RoleAlias => {
                format!(
                    "{}{}{}{shadow}",
                    self.scope(),
                    target.kind.prefix(),
                    target.name
                )
            }
        }
    }

    fn reason(
        &self,
        statement: &Statement,
        index: usize,
        context: &ConnectionContext,
        resolution: &Resolution,
        target: Target<'_>,
        now: i64,
    ) -> Reason {
        if !statement.action_set.contains(target.action) {
            return Reason::OtherAction;
        }
        if let Some(variable) = self.unresolved_exception(statement, context) {
            return Reason::UnresolvedException {
                variable: self.why(variable, context),
            };
        }
        if !self.matches_resource(index, resolution, target) {
            if statement.not_resource {
                return Reason::ExceptedResource;
            }
            let resources = statement.resources.iter();
            let variables = resources.flat_map(|resource| resource.template.variables());
            return Reason::OtherResource {
                unresolved: self.unresolved(variables, context),
            };
        }
        let failing = statement.conditions.iter().find(|condition| {
            if condition.key.is_time() {
                !condition.holds_at(now)
            } else {
                !self.holds(statement, condition, context)
            }
        });
        match failing {
            None => Reason::Applies,
            Some(condition) => Reason::ConditionFalse {
                condition: condition.to_string(),
                operands: condition.texts.iter().map(ToString::to_string).collect(),
                unresolved: self.unresolved(condition.variables(), context),
                values: if condition.key.is_time() {
                    Vec::from([now.to_string()])
                } else {
                    context
                        .values(&condition.key, self.scope())
                        .into_iter()
                        .map(alloc::borrow::Cow::into_owned)
                        .collect()
                },
            },
        }
    }
}

impl PolicySet {
    /// Those of the variables that stand for nothing, each once.
    fn unresolved<'a>(
        &self,
        variables: impl Iterator<Item = &'a Variable>,
        context: &ConnectionContext,
    ) -> Vec<Unresolved> {
        let mut seen = BTreeSet::new();
        variables
            .filter(|variable| self.value(variable, context).is_none())
            .filter(|variable| seen.insert(&variable.key))
            .map(|variable| self.why(variable, context))
            .collect()
    }

    fn why(&self, variable: &Variable, context: &ConnectionContext) -> Unresolved {
        let name = variable.key.to_string();
        match self.resolution_of(variable, context) {
            Resolved::Absent => Unresolved::Absent { variable: name },
            Resolved::Unusable | Resolved::Value(_) => {
                Unresolved::NotSubstituted { variable: name }
            }
        }
    }
}

impl Explanation {
    /// The decision.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// Every statement, in the order of the policies; for a PUBLISH with RETAIN, once for each of the two actions.
    pub fn statements(&self) -> &[StatementExplanation] {
        &self.statements
    }
}

impl StatementExplanation {
    /// Which statement.
    pub fn statement(&self) -> StatementRef {
        self.statement
    }

    /// What it does where it applies.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// The action that was asked for.
    pub fn action(&self) -> Action {
        self.action
    }

    /// Why it applies, or does not.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decider = self.decision.statement().and_then(|statement| {
            self.statements
                .iter()
                .find(|explained| explained.statement == statement)
        });
        write!(f, "{}: ", Printable(&self.request))?;
        match (self.decision, decider) {
            (Decision::Allow(_), Some(one)) => {
                writeln!(f, "allowed by {}", Printable(&one.title))?;
            }
            (Decision::ExplicitDeny { action, .. }, Some(one)) => {
                writeln!(f, "{action} is denied by {}", Printable(&one.title))?;
            }
            (decision, _) => writeln!(f, "{decision}")?,
        }
        self.statements
            .iter()
            .try_for_each(|statement| writeln!(f, "  {statement}"))
    }
}

impl fmt::Display for StatementExplanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", Printable(&self.title), self.effect)?;
        match &self.reason {
            Reason::Applies => write!(f, " applies to {}", self.action),
            Reason::OtherAction
            | Reason::OtherResource { .. }
            | Reason::ExceptedResource
            | Reason::UnresolvedException { .. }
            | Reason::ConditionFalse { .. } => write!(f, " does not apply: {}", self.reason),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Applies => f.write_str("everything fits"),
            Self::OtherAction => f.write_str("it is about other actions"),
            Self::OtherResource { unresolved } => {
                f.write_str("no resource matches")?;
                unresolved
                    .iter()
                    .try_for_each(|variable| write!(f, "; {variable}"))
            }
            Self::ExceptedResource => f.write_str("`NotResource` excepts the resource"),
            Self::UnresolvedException { variable } => {
                write!(f, "what `NotResource` excepts cannot be told; {variable}")
            }
            Self::ConditionFalse {
                condition,
                operands,
                unresolved,
                values,
            } => {
                write!(f, "{}", Printable(condition))?;
                if !operands.is_empty() {
                    write!(f, " with {}", Printable(&list(operands)))?;
                }
                f.write_str(" is false")?;
                if values.is_empty() {
                    f.write_str(", since the key has no value")?;
                } else {
                    write!(f, " for {}", Printable(&list(values)))?;
                }
                unresolved
                    .iter()
                    .try_for_each(|variable| write!(f, "; {variable}"))
            }
        }
    }
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent { variable } => write!(f, "`{}` has no value here", Printable(variable)),
            Self::NotSubstituted { variable } => {
                write!(
                    f,
                    "`{}` has a value here that is not substituted",
                    Printable(variable)
                )
            }
        }
    }
}

/// Text of strangers on one line: control characters are written as escapes.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.0.chars().try_for_each(|character| {
            if character.is_control() {
                write!(f, "{}", character.escape_unicode())
            } else {
                f.write_char(character)
            }
        })
    }
}
