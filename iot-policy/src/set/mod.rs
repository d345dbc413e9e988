//! All policies that are attached to a connection, compiled.

mod bind;
mod compile;
mod decide;

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::action::{Action, ResourceType};
use crate::condition::Condition;
use crate::context::{ConnectionContext, Substitution};
use crate::decision::{Decision, StatementRef};
use crate::document::{Policy, Statement};
use crate::pattern::{Glob, Late};
use crate::request::Request;
use crate::scope::Scope;
use crate::template::Variable;

pub(crate) use bind::Resolution;
pub(crate) use compile::ShortArn;

/// The policies that are attached together, compiled: shared by all connections that have the same ones.
///
/// ```
/// use std::sync::Arc;
/// use iot_policy::{Action, ConnectionContext, Decision, Policy, PolicySet, Request, Scope, Transport};
///
/// let allow = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
///     "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/site/*"}}"#)?;
/// let deny = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {"Sid": "NoAlarms", "Effect": "Deny",
///     "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/site/alarm"}}"#)?;
/// let scope = Scope::new("aws", "us-east-1", "123456789012");
/// let set = Arc::new(PolicySet::compile([("Devices", &allow), ("Quiet", &deny)], scope));
///
/// let bound = set.bind(&ConnectionContext::new("sensor-7", Transport::Mqtt));
/// let decision = bound.decide(&Request::Publish { topic: "site/alarm", retain: false }, 1_795_000_000);
/// let Decision::ExplicitDeny { action: Action::Publish, by } = decision else { panic!() };
/// assert_eq!(set.policy_name(by), "Quiet");
/// assert_eq!(set.statement(by).unwrap().sid(), Some("NoAlarms"));
/// # Ok::<(), iot_policy::PolicyError>(())
/// ```
#[derive(Debug)]
pub struct PolicySet {
    scope: Scope,
    substitution: Substitution,
    policies: Vec<(String, Policy)>,
    statements: Box<[Compiled]>,
    /// For each action, the statements that name it: those that deny, then those that allow.
    by_action: [Fitting; Action::ALL.len()],
    /// The variables whose values are put into patterns while they match.
    variables: Box<[Variable]>,
}

#[derive(Debug, Default)]
struct Fitting {
    deny: Box<[Entry]>,
    allow: Box<[Entry]>,
}

/// A statement in a list that is gone through for every request, with what tells most of those apart that do not match.
#[derive(Debug)]
struct Entry {
    statement: u32,
    /// Which of the first eight bytes of a resource's name all patterns fix, and how.
    mask: u64,
    head: u64,
}

/// A statement as far as requests are concerned.
#[derive(Debug)]
struct Compiled {
    at: StatementRef,
    not_resource: bool,
    /// By type of resource, in the order of [`ResourceType::NAMED`].
    resources: [Resources; ResourceType::NAMED.len()],
    /// Whether a pattern matches the resource `*`.
    all: bool,
    /// Those conditions that ask for the time of the request.
    timed: Box<[Condition]>,
}

/// The patterns of a statement for one type of resource.
#[derive(Debug, Default)]
struct Resources {
    /// One of them is `*`.
    all: bool,
    globs: Box<[Glob]>,
    late: Box<[Late]>,
}

impl PolicySet {
    /// Compiles named policies, which substitute variables as AWS IoT does.
    ///
    /// No policy at all is a set that denies everything.
    pub fn compile<'a>(
        policies: impl IntoIterator<Item = (impl Into<String>, &'a Policy)>,
        scope: Scope,
    ) -> Self {
        Self::compile_with(policies, scope, Substitution::AwsIot)
    }

    /// Compiles named policies with a choice of which values are put in the place of variables.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use iot_policy::{ConnectionContext, Policy, PolicySet, Request, Scope, Substitution, Transport};
    ///
    /// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
    ///     "Action": "iot:Subscribe",
    ///     "Resource": "arn:aws:iot:us-east-1:123456789012:topicfilter/my/${iot:ClientId}/topic"}}"#)?;
    /// let scope = Scope::new("aws", "us-east-1", "123456789012");
    /// let plus = ConnectionContext::new("+", Transport::Mqtt);
    /// let request = Request::Subscribe { filter: "my/+/topic" };
    ///
    /// // The gap that the developer guide warns of …
    /// let set = Arc::new(PolicySet::compile([("P", &policy)], scope.clone()));
    /// assert!(set.bind(&plus).decide(&request, 1_795_000_000).is_allowed());
    /// // … closed.
    /// let set = Arc::new(PolicySet::compile_with([("P", &policy)], scope, Substitution::Strict));
    /// assert!(!set.bind(&plus).decide(&request, 1_795_000_000).is_allowed());
    /// # Ok::<(), iot_policy::PolicyError>(())
    /// ```
    pub fn compile_with<'a>(
        policies: impl IntoIterator<Item = (impl Into<String>, &'a Policy)>,
        scope: Scope,
        substitution: Substitution,
    ) -> Self {
        let policies = policies
            .into_iter()
            .map(|(name, policy)| (name.into(), policy.clone()))
            .collect();
        compile::compile(policies, scope, substitution)
    }

    /// Resolves what depends on the connection alone: conditions and variables.
    pub fn bind(self: &Arc<Self>, context: &ConnectionContext) -> Bound {
        Bound {
            set: Arc::clone(self),
            resolution: self.resolve(context),
        }
    }

    /// Bytes that the compiled set has on the heap, about; without the policies, which it shares with whoever has them.
    ///
    /// ```
    /// use iot_policy::{Policy, PolicySet, Scope};
    ///
    /// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
    ///     "Action": "iot:Publish", "Resource": "arn:aws:iot:us-east-1:123456789012:topic/a/*"}}"#)?;
    /// let set = PolicySet::compile([("P", &policy)], Scope::new("aws", "us-east-1", "123456789012"));
    /// assert!((100..2000).contains(&set.memory_bytes()));
    /// # Ok::<(), iot_policy::PolicyError>(())
    /// ```
    pub fn memory_bytes(&self) -> usize {
        let entries = self.by_action.iter().fold(0_usize, |sum, fitting| {
            sum.saturating_add(size_of_val(&*fitting.deny))
                .saturating_add(size_of_val(&*fitting.allow))
        });
        let resources = self.statements.iter().flat_map(|one| &one.resources);
        let patterns = resources.fold(0_usize, |sum, resources| {
            let globs = resources.globs.iter().map(Glob::memory_bytes);
            let late = resources.late.iter().map(Late::memory_bytes);
            globs
                .chain(late)
                .fold(sum, usize::saturating_add)
                .saturating_add(size_of_val(&*resources.globs))
                .saturating_add(size_of_val(&*resources.late))
        });
        size_of_val(&*self.statements)
            .saturating_add(size_of_val(&*self.variables))
            .saturating_add(entries)
            .saturating_add(patterns)
    }

    /// The scope of the set's requests.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The policies with their names, in the order in which they were given.
    pub fn policies(&self) -> impl ExactSizeIterator<Item = (&str, &Policy)> {
        self.policies.iter().map(|(name, policy)| (&**name, policy))
    }

    /// The name of a statement's policy. A place says nothing of its set: ask the set that decided.
    pub fn policy_name(&self, statement: StatementRef) -> &str {
        self.policies
            .get(statement.policy_index())
            .map_or("", |(name, _)| name)
    }

    /// The statement at a place; nothing if there is none. A place says nothing of its set: ask the set that decided.
    pub fn statement(&self, statement: StatementRef) -> Option<&Statement> {
        let (_, policy) = self.policies.get(statement.policy_index())?;
        policy.statements().get(statement.statement_index())
    }
}

/// A set of policies bound to one connection: small, `Send`, and what decides.
///
/// It stays as it was when it was bound. When policies, the thing or the certificate change, bind again and put the
/// new one in its place.
#[derive(Clone, Debug)]
pub struct Bound {
    set: Arc<PolicySet>,
    resolution: Resolution,
}

impl Bound {
    /// Decides a request that is made at this time, in seconds since 1970 (`aws:EpochTime`, `aws:CurrentTime`).
    ///
    /// Without allocation, unless a named shadow's ARN has more than 256 bytes after `thing/`, or a pattern holds more
    /// than 1,024 bytes with a `?` inside between two `*`.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use iot_policy::{ConnectionContext, Policy, PolicySet, Request, Scope, Transport};
    ///
    /// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow",
    ///     "Action": "iot:Publish", "Resource": "*",
    ///     "Condition": {"DateLessThan": {"aws:CurrentTime": "2027-01-01"}}}}"#)?;
    /// let scope = Scope::new("aws", "us-east-1", "123456789012");
    /// let set = Arc::new(PolicySet::compile([("Trial", &policy)], scope));
    /// let bound = set.bind(&ConnectionContext::new("a", Transport::Mqtt));
    ///
    /// let request = Request::Publish { topic: "x", retain: false };
    /// assert!(bound.decide(&request, 1_795_000_000).is_allowed());
    /// assert!(!bound.decide(&request, 1_800_000_000).is_allowed());
    /// # Ok::<(), iot_policy::PolicyError>(())
    /// ```
    pub fn decide(&self, request: &Request<'_>, unix_seconds: i64) -> Decision {
        self.set.decide(&self.resolution, request, unix_seconds)
    }

    /// The set that was bound.
    pub fn set(&self) -> &Arc<PolicySet> {
        &self.set
    }

    /// Bytes that this connection holds: the value itself and what it has on the heap, not the set it shares.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>().saturating_add(self.resolution.heap_bytes())
    }
}
