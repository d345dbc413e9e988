//! What a set of policies probably does not mean.

mod broad;
mod coverage;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::action::{Action, ActionSet, ResourceType};
use crate::condition::{SetOperator, Test};
use crate::decision::StatementRef;
use crate::document::{Effect, Statement};
use crate::explain::Printable;
use crate::key::Key;
use crate::pattern::{Residuals, Steps, covers, overlaps, residuals};
use crate::set::{PolicySet, ShortArn};
use crate::snippet::Snippet;
use crate::template::{Item, Numbered, Variable};

/// Something in a set of policies that grants more, or less, than it seems to.
///
/// ```
/// use iot_policy::{FindingKind, Policy, PolicySet, Scope};
///
/// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
///     "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topicfilter/a"}]}"#)?;
/// let set = PolicySet::compile([("P", &policy)], Scope::new("aws", "us-east-1", "123456789012"));
/// let [finding] = &*set.lint() else { panic!() };
/// assert_eq!(finding.kind(), &FindingKind::NeverApplies);
/// assert_eq!(finding.to_string(), "P[0]: never applies");
/// # Ok::<(), iot_policy::PolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    statement: StatementRef,
    title: String,
    kind: FindingKind,
}

/// What is the matter with a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FindingKind {
    /// It allows every action of AWS IoT.
    AllActions,
    /// It allows an action on every resource of its type, or on the reserved topics of every thing.
    AllResources {
        /// The first such action.
        action: Action,
        /// The resource.
        resource: Snippet,
    },
    /// It lets a client connect under any client id: `client/*`, or `client/${iot:ClientId}` without asking for
    /// `iot:Connection.Thing.IsAttached`.
    AnyClientId,
    /// It allows everything but a list, of actions or of resources: what is added later is allowed.
    AllowExcept,
    /// A client that connects as `+` or `#` can subscribe to the topics of others, since `iot:ClientId` is put into
    /// this filter and no statement says what a client id may be.
    ClientIdInFilter {
        /// The resource.
        resource: Snippet,
    },
    /// It denies a filter, but a wider filter is allowed, and messages of these topics may be received through that:
    /// deny `iot:Receive` on the topics as well.
    ReceiveNotDenied {
        /// The resource that is denied.
        resource: Snippet,
    },
    /// It allows to subscribe, and no message of such a topic may be received.
    NothingToReceive {
        /// The resource.
        resource: Snippet,
    },
    /// It allows to publish with RETAIN what may not be published.
    RetainWithoutPublish,
    /// It never applies: no resource is of the type, partition, region and account of its actions, or it has no actions
    /// of AWS IoT, or its conditions ask for a value that there cannot be.
    NeverApplies,
    /// This resource never matches: its type, partition, region or account is of none of the statement's actions, or
    /// it is a topic name with `+` or `#`, or it has a variable that never stands for anything.
    ResourceNeverMatches {
        /// The resource.
        resource: Snippet,
    },
    /// Everything that it allows is denied.
    AllDenied {
        /// By this statement.
        by: StatementRef,
        /// Its policy's name, place and `Sid`.
        title: String,
    },
    /// It denies only where a variable has a value: where it has none, nothing is denied.
    DenyNeedsVariable {
        /// The variable.
        variable: String,
    },
    /// It allows if all values of a key are in a list, and so also where the key has no value.
    TrueWithoutValues {
        /// The key.
        key: String,
    },
    /// The limit of steps is used up: this statement and those behind it were looked at one by one, and not compared
    /// with each other. It stands once, and says nothing against the statement.
    NotCompared {
        /// The limit.
        steps: u64,
    },
}

impl PolicySet {
    /// How many steps [`PolicySet::lint`] makes at most when it compares statements: some seconds at worst. Ten policies
    /// within the limits of AWS IoT take far fewer, if they are not made to take long.
    pub const LINT_STEPS: u64 = 100_000_000;

    /// Looks at all policies together; the findings are in the order of the statements.
    ///
    /// Statements are compared with each other, with at most [`PolicySet::LINT_STEPS`] steps; when these are used up, a
    /// finding says so. Everything else takes time in proportion to the policies. It is for those who write policies, and
    /// not for the way of a request.
    ///
    /// ```
    /// use iot_policy::{FindingKind, Policy, PolicySet, Scope};
    ///
    /// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": [
    ///     {"Effect": "Allow", "Action": ["iot:Subscribe"],
    ///      "Resource": "arn:aws:iot:us-east-1:123456789012:topicfilter/a/*"},
    ///     {"Effect": "Allow", "Action": ["iot:Receive"],
    ///      "Resource": "arn:aws:iot:us-east-1:123456789012:topic/a/*"},
    ///     {"Effect": "Deny", "Action": "iot:Subscribe",
    ///      "Resource": "arn:aws:iot:us-east-1:123456789012:topicfilter/a/restricted/*"}]}"#)?;
    /// let set = PolicySet::compile([("P", &policy)], Scope::new("aws", "us-east-1", "123456789012"));
    ///
    /// // A client that subscribes to `a/#` receives `a/restricted/x`.
    /// let [finding] = &*set.lint() else { panic!() };
    /// assert!(matches!(finding.kind(), FindingKind::ReceiveNotDenied { .. }));
    /// # Ok::<(), iot_policy::PolicyError>(())
    /// ```
    pub fn lint(&self) -> Vec<Finding> {
        self.lint_with(Self::LINT_STEPS)
    }

    /// [`PolicySet::lint`] with another limit: a step looks at a statement, at a place of a pattern, or at a pair of places
    /// of two.
    ///
    /// ```
    /// use iot_policy::{FindingKind, Policy, PolicySet, Scope};
    ///
    /// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": [
    ///     {"Effect": "Allow", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/a/b"},
    ///     {"Effect": "Deny", "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/a/*"}]}"#)?;
    /// let set = PolicySet::compile([("P", &policy)], Scope::new("aws", "us-east-1", "123456789012"));
    ///
    /// let [finding] = &*set.lint_with(1_000) else { panic!() };
    /// assert!(matches!(finding.kind(), FindingKind::AllDenied { .. }));
    /// // Too few steps to find that out, and the linter says so.
    /// let [finding] = &*set.lint_with(1) else { panic!() };
    /// assert_eq!(finding.kind(), &FindingKind::NotCompared { steps: 1 });
    /// # Ok::<(), iot_policy::PolicyError>(())
    /// ```
    pub fn lint_with(&self, steps: u64) -> Vec<Finding> {
        let linter = Linter::new(self, steps);
        let mut findings = Vec::new();
        for subject in &linter.subjects {
            linter.broad(subject, &mut findings);
            let before = findings.len();
            Linter::never(subject, &mut findings);
            // Of a statement that never applies, or not in all its parts, nothing more is said.
            if findings.len() > before || linter.steps.are_used_up() {
                continue;
            }
            let mut compared = Vec::new();
            linter.coverage(subject, &mut compared);
            // Without all steps, what was found may not be so.
            if linter.steps.are_used_up() {
                findings.push(subject.finding(FindingKind::NotCompared { steps }));
            } else {
                findings.append(&mut compared);
            }
        }
        findings
    }
}

/// A statement, taken apart for comparing.
struct Subject<'a> {
    at: StatementRef,
    title: String,
    statement: &'a Statement,
    /// What each resource matches behind the type, for each type of resource that it can be.
    resources: Vec<Vec<(ResourceType, Vec<Item>)>>,
}

struct Linter<'a> {
    subjects: Vec<Subject<'a>>,
    /// The variables, by their slots.
    variables: Box<[Variable]>,
    /// What statements that allow with `NotResource` are about.
    allowed_but_for_a_list: ActionSet,
    /// A client may connect as `+` or `#`: a pattern that says nothing about the id, or a wildcard, lets it.
    any_id_connects: bool,
    steps: Steps,
}

impl<'a> Linter<'a> {
    fn new(set: &'a PolicySet, steps: u64) -> Self {
        let mut subjects = Vec::new();
        let mut variables = Numbered::default();
        for (policy, (name, document)) in set.policies().enumerate() {
            for (place, statement) in document.statements().iter().enumerate() {
                let at = StatementRef {
                    policy: u32::try_from(policy).unwrap_or(u32::MAX),
                    statement: u32::try_from(place).unwrap_or(u32::MAX),
                };
                let sid = statement
                    .sid()
                    .map_or(String::new(), |sid| alloc::format!(" {sid}"));
                let resources = statement
                    .resources
                    .iter()
                    .map(|resource| {
                        let items = resource.template.items(|variable| variables.slot(variable));
                        Self::by_type(set, &items, ShortArn::of(statement))
                    })
                    .collect();
                subjects.push(Subject {
                    at,
                    title: alloc::format!("{name}[{place}]{sid}"),
                    statement,
                    resources,
                });
            }
        }
        let but_for_a_list = subjects.iter().filter(|subject| {
            subject.statement.effect == Effect::Allow && subject.statement.not_resource
        });
        let mut linter = Self {
            allowed_but_for_a_list: but_for_a_list
                .map(|subject| subject.statement.action_set)
                .fold(ActionSet::default(), ActionSet::union),
            subjects,
            variables: variables.into_list(),
            any_id_connects: false,
            steps: Steps::new(steps),
        };
        linter.any_id_connects = linter.any_id_connects();
        linter
    }

    fn by_type(set: &PolicySet, items: &[Item], short: ShortArn) -> Vec<(ResourceType, Vec<Item>)> {
        let mut found = Vec::new();
        let Some((items, mut beginning)) = set.named(items, short) else {
            return found;
        };
        let scope_length = beginning.len();
        for kind in ResourceType::NAMED {
            beginning.truncate(scope_length);
            beginning.push_str(kind.prefix());
            match residuals(items, &beginning) {
                Residuals::Known(known) => {
                    found.extend(known.into_iter().map(|items| (kind, items)));
                }
                // A variable in the type: it may be of any.
                Residuals::Late => found.push((kind, Vec::from([Item::Star]))),
            }
        }
        found
    }

    /// Whether a slot is the client id.
    fn is_client_id(&self, item: &Item) -> bool {
        match item {
            Item::Slot(slot) => self
                .variables
                .get(usize::try_from(*slot).unwrap_or(usize::MAX))
                .is_some_and(|variable| variable.key == Key::ClientId),
            Item::Char(_) | Item::One | Item::Star => false,
        }
    }

    /// The patterns of statements with this effect for an action, on its type of resource, as far as the steps go.
    fn patterns(
        &self,
        effect: Effect,
        action: Action,
    ) -> impl Iterator<Item = (&Subject<'a>, &[Item])> {
        self.subjects
            .iter()
            .take_while(|subject| self.steps.take(subject.cost()))
            .filter(move |subject| {
                let statement = subject.statement;
                statement.effect == effect
                    && statement.action_set.contains(action)
                    && !statement.not_resource
            })
            .flat_map(move |subject| subject.of(action).map(move |items| (subject, items)))
    }

    /// Whether a statement that allows an action has `NotResource`.
    fn is_allowed_but_for_a_list(&self, action: Action) -> bool {
        self.allowed_but_for_a_list.contains(action)
    }

    /// Whether every text that `inner` matches is matched by `outer`: sure when true.
    fn covers(&self, outer: &[Item], inner: &[Item]) -> bool {
        covers(outer, inner, &self.steps)
    }

    /// Whether two patterns may have a text in common: sure when false.
    fn meet(&self, one: &[Item], other: &[Item]) -> bool {
        overlaps(one, other, &self.steps)
    }
}

impl Subject<'_> {
    /// How many steps it takes to go through the patterns.
    fn cost(&self) -> usize {
        let patterns = self.resources.iter().map(Vec::len);
        patterns.fold(1, usize::saturating_add)
    }

    /// The patterns for the type of resource of an action.
    fn of(&self, action: Action) -> impl Iterator<Item = &[Item]> {
        self.resources
            .iter()
            .flatten()
            .filter(move |(kind, _)| *kind == action.resource_type())
            .map(|(_, items)| &**items)
    }

    fn actions(&self) -> impl Iterator<Item = Action> {
        Action::ALL
            .into_iter()
            .filter(|action| self.statement.action_set.contains(*action))
    }

    fn resource(&self, index: usize) -> Snippet {
        let text = self.statement.resources.get(index);
        Snippet::new(text.map_or("", |resource| &resource.text))
    }

    fn finding(&self, kind: FindingKind) -> Finding {
        Finding {
            statement: self.at,
            title: self.title.clone(),
            kind,
        }
    }

    /// Whether a condition wants the certificate to be attached to the thing, and nothing else will do.
    fn wants_attached(&self) -> bool {
        self.statement.conditions.iter().any(|condition| {
            condition.key == Key::IsAttached
                && condition.operator.test == Test::Bool
                && !condition.operator.if_exists
                && condition.operands.are_true()
                && condition.operator.set != SetOperator::ForAllValues
        })
    }
}

impl Finding {
    /// The statement.
    pub fn statement(&self) -> StatementRef {
        self.statement
    }

    /// What is the matter.
    pub fn kind(&self) -> &FindingKind {
        &self.kind
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Printable(&self.title), self.kind)
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllActions => f.write_str("allows every action"),
            Self::AllResources { action, resource } => {
                write!(f, "allows {action} on everything or everyone: `{resource}`")
            }
            Self::AnyClientId => f.write_str("lets a client connect under any client id"),
            Self::AllowExcept => f.write_str("allows everything but a list"),
            Self::ClientIdInFilter { resource } => write!(
                f,
                "a client that connects as `+` or `#` may subscribe to the topics of others: `{resource}`"
            ),
            Self::ReceiveNotDenied { resource } => write!(
                f,
                "a wider filter still receives what `{resource}` denies: deny iot:Receive too"
            ),
            Self::NothingToReceive { resource } => write!(
                f,
                "no message may be received through `{resource}`: allow iot:Receive"
            ),
            Self::RetainWithoutPublish => {
                f.write_str("allows iot:RetainPublish where iot:Publish is not allowed")
            }
            Self::NeverApplies => f.write_str("never applies"),
            Self::ResourceNeverMatches { resource } => write!(f, "`{resource}` never matches"),
            Self::AllDenied { title, .. } => {
                write!(
                    f,
                    "everything that it allows is denied by {}",
                    Printable(title)
                )
            }
            Self::DenyNeedsVariable { variable } => {
                write!(
                    f,
                    "denies nothing where `{}` has no value",
                    Printable(variable)
                )
            }
            Self::TrueWithoutValues { key } => {
                write!(
                    f,
                    "`ForAllValues` also holds where `{}` has no value",
                    Printable(key)
                )
            }
            Self::NotCompared { steps } => write!(
                f,
                "not compared with other statements, nor are those behind it: the limit of {steps} steps is used up"
            ),
        }
    }
}
