//! The policy document: what was written, checked.

mod interpret;
mod raw;

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use crate::action::ActionSet;
use crate::condition::Condition;
use crate::error::{PolicyError, PolicyErrorKind};
use crate::limits::Limits;
use crate::location::Location;
use crate::template::Template;
use crate::warning::Warning;

/// A policy document that was read and checked. Clones share what was read.
///
/// ```
/// use iot_policy::{Effect, Policy, Version};
///
/// let policy = Policy::parse(br#"{"Version": "2012-10-17", "Id": "sensors", "Statement": [
///     {"Sid": "Own", "Effect": "Allow", "Action": "iot:Publish",
///      "Resource": "arn:aws:iot:us-east-1:123456789012:topic/${iot:ClientId}/*"}]}"#)?;
/// assert_eq!(policy.version(), Version::V2012_10_17);
/// assert_eq!(policy.id(), Some("sensors"));
/// assert_eq!(policy.statements().len(), 1);
/// assert_eq!(policy.statements()[0].sid(), Some("Own"));
/// assert_eq!(policy.statements()[0].effect(), Effect::Allow);
/// assert!(policy.warnings().is_empty());
/// # Ok::<(), iot_policy::PolicyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    version: Version,
    id: Option<Arc<str>>,
    statements: Arc<[Statement]>,
    warnings: Arc<[Warning]>,
}

/// A version of the policy language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Version {
    /// `2008-10-17`, also where a document says nothing: `${…}` is literal text.
    V2008_10_17,
    /// `2012-10-17`
    V2012_10_17,
}

/// What a statement does where it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// `Allow`
    Allow,
    /// `Deny`
    Deny,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "Allow",
            Self::Deny => "Deny",
        })
    }
}

/// One statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    pub(crate) sid: Option<String>,
    pub(crate) effect: Effect,
    /// `NotAction`
    pub(crate) not_action: bool,
    pub(crate) actions: Vec<String>,
    /// What `actions` names, and what it leaves with `NotAction`.
    pub(crate) action_set: ActionSet,
    /// `NotResource`
    pub(crate) not_resource: bool,
    pub(crate) resources: Vec<Resource>,
    pub(crate) conditions: Vec<Condition>,
}

#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) text: String,
    pub(crate) template: Template,
}

impl Policy {
    /// Reads a document with the limits of AWS IoT.
    ///
    /// # Errors
    /// When it is no JSON, no policy, or too long; when it has a name twice, or an element, operator, key or variable
    /// that AWS IoT does not have. What AWS IoT ignores is in [`Policy::warnings`].
    pub fn parse(document: &[u8]) -> Result<Self, PolicyError> {
        Self::parse_with(document, &Limits::AWS_IOT)
    }

    /// Reads a document with other limits.
    ///
    /// # Errors
    /// As [`Policy::parse`].
    pub fn parse_with(document: &[u8], limits: &Limits) -> Result<Self, PolicyError> {
        let refuse = |kind, offset| PolicyError {
            kind,
            location: Location::default(),
            offset,
        };
        let max = limits.document_bytes();
        if document.len() > max {
            return Err(refuse(PolicyErrorKind::TooManyBytes { max }, max));
        }
        let text = core::str::from_utf8(document)
            .map_err(|error| refuse(PolicyErrorKind::InvalidUtf8, error.valid_up_to()))?;
        let max = limits.document_characters();
        let mut counted = text.char_indices().filter(|(_, c)| !c.is_whitespace());
        if let Some((offset, _)) = counted.nth(max) {
            return Err(refuse(PolicyErrorKind::TooManyCharacters { max }, offset));
        }
        interpret::policy(raw::document(text)?)
    }

    /// The version of the policy language.
    pub fn version(&self) -> Version {
        self.version
    }

    /// `Id`
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The statements, in the order of the document.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// What is odd about the document, in its order.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }
}

impl Statement {
    /// `Sid`
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// `Effect`
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// `Action`, or `NotAction` with [`Statement::is_not_action`], as written.
    pub fn actions(&self) -> impl ExactSizeIterator<Item = &str> {
        self.actions.iter().map(|text| &**text)
    }

    /// Whether [`Statement::actions`] are those that the statement is not about.
    pub fn is_not_action(&self) -> bool {
        self.not_action
    }

    /// `Resource`, or `NotResource` with [`Statement::is_not_resource`], as written.
    pub fn resources(&self) -> impl ExactSizeIterator<Item = &str> {
        self.resources.iter().map(|resource| &*resource.text)
    }

    /// Whether [`Statement::resources`] are those that the statement is not about.
    pub fn is_not_resource(&self) -> bool {
        self.not_resource
    }
}
