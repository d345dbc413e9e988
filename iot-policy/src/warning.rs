use core::fmt;

use crate::location::Location;
use crate::snippet::Snippet;

/// Something in a document that is accepted, and hardly meant: what AWS IoT ignores, or what never comes true.
///
/// ```
/// use iot_policy::{Policy, WarningKind};
///
/// let parsed = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {
///     "Effect": "Allow", "Action": ["iot:Connect", "greengrass:Discover"], "Resource": "*"}}"#)?;
/// let [warning] = parsed.warnings() else { panic!() };
/// assert!(matches!(warning.kind(), WarningKind::UnknownAction { .. }));
/// assert_eq!(
///     warning.to_string(),
///     "$.Statement[0].Action[1]: `greengrass:Discover` names no action of the AWS IoT data plane",
/// );
/// # Ok::<(), iot_policy::PolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub(crate) kind: WarningKind,
    pub(crate) location: Location,
}

impl Warning {
    /// What is odd.
    pub fn kind(&self) -> &WarningKind {
        &self.kind
    }

    /// Where, as a JSON path.
    pub fn location(&self) -> &Location {
        &self.location
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.location, self.kind)
    }
}

/// What is odd about a document that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WarningKind {
    /// The list of statements is empty: the policy grants nothing.
    NoStatements,
    /// An action outside the AWS IoT data plane: it is never asked for.
    UnknownAction {
        /// The action.
        name: Snippet,
    },
    /// A resource with fewer than the six parts of an ARN. Where a match grants something, its last `*` stands for the
    /// parts that are missing, and without one it matches nothing; where a match denies, it is one text.
    ShortArn {
        /// The resource.
        found: Snippet,
    },
    /// `${…}`, or an escape such as `$(*)`, in a document of version `2008-10-17` (or without version), where it is text.
    VariableIsText {
        /// The text.
        found: Snippet,
    },
    /// A key of another service or of all of AWS that AWS IoT never sets: it is always absent.
    ForeignKey {
        /// The key.
        name: Snippet,
    },
    /// `iot:SourceIp`: the key is `aws:SourceIp`, and is taken as that.
    Alias {
        /// The key's name.
        name: &'static str,
    },
    /// A key with several values without `ForAllValues` or `ForAnyValue`: taken as `ForAnyValue`, or for a negated
    /// operator as none of them.
    NoSetOperator,
    /// A variable that stands for a list, or for a place that no list has: it is never resolved.
    NeverResolved {
        /// The variable.
        name: Snippet,
    },
    /// An operator that does not fit what the key's values are: it hardly ever holds, or negated almost always does.
    OperatorDoesNotFit {
        /// What would.
        expected: &'static str,
    },
    /// A statement's `Sid` that an earlier one of the document has: who reads a log cannot tell them apart.
    DuplicateSid {
        /// The `Sid`.
        sid: Snippet,
    },
    /// A condition operator without keys: it holds always.
    EmptyCondition,
    /// A key without operands: a plain operator never holds, a negated one always.
    NoOperands,
}

impl fmt::Display for WarningKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoStatements => f.write_str("no statement, so nothing is allowed"),
            Self::UnknownAction { name } => {
                write!(f, "`{name}` names no action of the AWS IoT data plane")
            }
            Self::ShortArn { found } => {
                write!(f, "`{found}` has not the six parts of an ARN")
            }
            Self::VariableIsText { found } => {
                write!(f, "`{found}` is literal text before version 2012-10-17")
            }
            Self::ForeignKey { name } => write!(f, "AWS IoT never sets `{name}`"),
            Self::Alias { name } => write!(f, "the key's name is `{name}`"),
            Self::NoSetOperator => {
                f.write_str("the key has several values; say `ForAllValues` or `ForAnyValue`")
            }
            Self::NeverResolved { name } => write!(f, "`${{{name}}}` never has one value"),
            Self::OperatorDoesNotFit { expected } => {
                write!(f, "the operator does not fit the key: {expected} do")
            }
            Self::DuplicateSid { sid } => write!(f, "another statement has the `Sid` `{sid}`"),
            Self::EmptyCondition => f.write_str("an operator without keys always holds"),
            Self::NoOperands => f.write_str("a key without values to compare with"),
        }
    }
}
