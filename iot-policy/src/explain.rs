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
        /// The variables in them that have no value on this connection.
        unresolved: Vec<String>,
    },
    /// A pattern of `NotResource` matches the resource.
    ExceptedResource,
    /// It allows but for resources that cannot be told, since a variable in `NotResource` has no value.
    UnresolvedException {
        /// The variable.
        variable: String,
    },
    /// A condition does not hold.
    ConditionFalse {
        /// The operator and the key.
        condition: String,
        /// The values of the key on this connection; none where it is absent.
        values: Vec<String>,
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
    /// iot:Publish on arn:aws:iot:us-east-1:123456789012:topic/a/b: denied because no statement allows it
    ///   P[0] Own (Allow) does not apply: no resource matches; `iot:Connection.Thing.ThingName` has no value here
    ///   P[1] Home (Allow) does not apply: IpAddress of `aws:SourceIp` is false for `198.51.100.1`
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
        let (first, second) = request.targets();
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
                variable: variable.key.to_string(),
            };
        }
        if !self.matches_resource(index, resolution, target) {
            if statement.not_resource {
                return Reason::ExceptedResource;
            }
            let mut unresolved: Vec<String> = statement
                .resources
                .iter()
                .flat_map(|resource| resource.template.variables())
                .filter(|variable| self.value(variable, context).is_none())
                .map(|variable| variable.key.to_string())
                .collect();
            unresolved.dedup();
            return Reason::OtherResource { unresolved };
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
        let request = Printable(&self.request);
        match (self.decision, decider) {
            (Decision::Allow(_), Some(one)) => writeln!(f, "{request}: allowed by {}", one.title)?,
            (Decision::ExplicitDeny(_), Some(one)) => {
                writeln!(f, "{request}: denied by {}", one.title)?;
            }
            (decision, _) => writeln!(f, "{request}: {decision}")?,
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
            reason => write!(f, " does not apply: {reason}"),
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
                    .try_for_each(|name| write!(f, "; `{}` has no value here", Printable(name)))
            }
            Self::ExceptedResource => f.write_str("`NotResource` excepts the resource"),
            Self::UnresolvedException { variable } => write!(
                f,
                "`{}` in `NotResource` has no value here",
                Printable(variable)
            ),
            Self::ConditionFalse { condition, values } => {
                write!(f, "{} is false", Printable(condition))?;
                if values.is_empty() {
                    f.write_str(", since there is no value")
                } else {
                    let values: Vec<_> = values.iter().map(Into::into).collect();
                    write!(f, " for {}", Printable(&list(&values)))
                }
            }
        }
    }
}

/// Text of strangers on one line: control characters are written as escapes.
struct Printable<'a>(&'a str);

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
