use core::fmt;

use crate::json::Kind;
use crate::location::{Element, Location};
use crate::snippet::Snippet;

/// Why a policy document was refused: where, what was found, what was expected.
///
/// ```
/// use iot_policy::{Policy, PolicyErrorKind};
///
/// let error = Policy::parse(br#"{"Version": "2012-10-17", "Statement": {
///     "Effect": "Allow", "Action": "iot:Connect", "Ressource": "*"}}"#).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "policy document at byte 89, $.Statement[0]: `Ressource` is no element of a statement",
/// );
/// assert!(matches!(error.kind(), PolicyErrorKind::UnknownElement { .. }));
/// assert_eq!((error.http_status(), error.exception()), (400, "MalformedPolicyException"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct PolicyError {
    pub(crate) kind: PolicyErrorKind,
    pub(crate) location: Location,
    pub(crate) offset: usize,
}

impl PolicyError {
    /// What is wrong.
    pub fn kind(&self) -> &PolicyErrorKind {
        &self.kind
    }

    /// Where, as a JSON path.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Where, as a byte of the document.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The status with which an API that takes policies answers.
    pub fn http_status(&self) -> u16 {
        400
    }

    /// The name of the exception with which AWS IoT's `CreatePolicy` and `CreatePolicyVersion` answer.
    pub fn exception(&self) -> &'static str {
        "MalformedPolicyException"
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "policy document at byte {}, {}: {}",
            self.offset, self.location, self.kind
        )
    }
}

impl fmt::Debug for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PolicyError({self})")
    }
}

impl core::error::Error for PolicyError {}

/// What stood where something else was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// The document ended.
    End,
    /// This character.
    Character(char),
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::End => f.write_str("the end of the document"),
            Self::Character(character) if character.is_control() => {
                write!(f, "U+{:04X}", u32::from(*character))
            }
            Self::Character(character) => write!(f, "`{character}`"),
        }
    }
}

/// The type of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JsonType {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `null`
    Null,
}

impl From<Kind> for JsonType {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Object => Self::Object,
            Kind::Array => Self::Array,
            Kind::String => Self::String,
            Kind::Number => Self::Number,
            Kind::Boolean => Self::Boolean,
            Kind::Null => Self::Null,
        }
    }
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Object => "an object",
            Self::Array => "a list",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Boolean => "a Boolean",
            Self::Null => "null",
        })
    }
}

/// What is wrong with a policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyErrorKind {
    /// The bytes are no UTF-8.
    InvalidUtf8,
    /// The document has more bytes than [`Limits::document_bytes`](crate::Limits::document_bytes).
    TooManyBytes {
        /// How many there may be.
        max: usize,
    },
    /// The document has more characters, white space not counted, than
    /// [`Limits::document_characters`](crate::Limits::document_characters).
    TooManyCharacters {
        /// How many there may be.
        max: usize,
    },
    /// It is no JSON (RFC 8259).
    Syntax {
        /// What stands there.
        found: Found,
        /// What JSON, or this place of a policy, wants.
        expected: &'static str,
    },
    /// A JSON value of the wrong type.
    WrongType {
        /// What stands there.
        found: JsonType,
        /// What is expected.
        expected: &'static str,
    },
    /// A name twice in one object: readers differ in which one counts.
    DuplicateName {
        /// The name.
        name: Snippet,
    },
    /// A name that is no element of a document, or of a statement.
    UnknownElement {
        /// The name.
        name: Snippet,
        /// Whether it stands in a statement.
        in_statement: bool,
    },
    /// A name that other AWS policies have, and AWS IoT policies have not: `Principal`, `NotPrincipal`.
    ForeignElement {
        /// The name.
        name: Snippet,
    },
    /// An element that must be there is not.
    MissingElement {
        /// The element; its `Not` form would do where there is one.
        element: Element,
    },
    /// Both an element and its `Not` form.
    ConflictingElements {
        /// One of them.
        one: Element,
        /// The other.
        other: Element,
    },
    /// An empty list where at least one value is needed.
    EmptyList,
    /// A `Version` other than `2012-10-17` and `2008-10-17`.
    InvalidVersion {
        /// What stands there.
        found: Snippet,
    },
    /// An `Effect` other than `Allow` and `Deny`, which are case-sensitive.
    InvalidEffect {
        /// What stands there.
        found: Snippet,
    },
    /// An action that is neither `*` nor `service:Name`.
    InvalidAction {
        /// What stands there.
        found: Snippet,
    },
    /// A resource that is neither `*` nor an ARN.
    InvalidResource {
        /// What stands there.
        found: Snippet,
    },
    /// A wildcard in the place of an ARN's service, which must be named.
    WildcardNotAllowed {
        /// The resource.
        found: Snippet,
    },
    /// `${` without `}`, or a default value without its quotes.
    InvalidVariable {
        /// The text from `${` on.
        found: Snippet,
    },
    /// A variable that AWS IoT does not have.
    UnknownVariable {
        /// Its name.
        name: Snippet,
    },
    /// A variable before the fifth colon of an ARN.
    VariableNotAllowed {
        /// The text in which it stands.
        found: Snippet,
    },
    /// A condition operator that does not exist.
    UnknownOperator {
        /// Its name.
        name: Snippet,
    },
    /// A condition key that AWS IoT does not have.
    UnknownKey {
        /// Its name.
        name: Snippet,
    },
    /// An operator that cannot compare what this key holds.
    OperatorNotForKey {
        /// What may be asked of this key.
        expected: &'static str,
    },
    /// A value that this operator cannot compare with.
    InvalidOperand {
        /// What stands there.
        found: Snippet,
        /// What the operator takes.
        expected: &'static str,
    },
}

impl fmt::Display for PolicyErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUtf8 => f.write_str("the text must be UTF-8"),
            Self::TooManyBytes { max } => write!(f, "the document has more than {max} bytes"),
            Self::TooManyCharacters { max } => write!(
                f,
                "the document has more than {max} characters without white space"
            ),
            Self::Syntax { found, expected } => write!(f, "found {found}, expected {expected}"),
            Self::WrongType { found, expected } => write!(f, "found {found}, expected {expected}"),
            Self::DuplicateName { name } => write!(f, "`{name}` stands twice in one object"),
            Self::UnknownElement { name, in_statement } => write!(
                f,
                "`{name}` is no element of a {}",
                if *in_statement { "statement" } else { "policy" }
            ),
            Self::ForeignElement { name } => {
                write!(f, "AWS IoT policies have no `{name}`")
            }
            Self::MissingElement { element } => {
                write!(f, "`{}`", element.name())?;
                match element {
                    Element::Action => f.write_str(" or `NotAction`")?,
                    Element::Resource => f.write_str(" or `NotResource`")?,
                    Element::Version
                    | Element::Id
                    | Element::Statement
                    | Element::Sid
                    | Element::Effect
                    | Element::NotAction
                    | Element::NotResource
                    | Element::Condition => {}
                }
                f.write_str(" is missing")
            }
            Self::ConflictingElements { one, other } => write!(
                f,
                "`{}` and `{}` exclude each other",
                one.name(),
                other.name()
            ),
            Self::EmptyList => f.write_str("found an empty list, expected at least one value"),
            Self::InvalidVersion { found } => write!(
                f,
                "found version `{found}`, expected `2012-10-17` or `2008-10-17`"
            ),
            Self::InvalidEffect { found } => {
                write!(f, "found effect `{found}`, expected `Allow` or `Deny`")
            }
            Self::InvalidAction { found } => write!(
                f,
                "found action `{found}`, expected `*` or a service, a colon and a name"
            ),
            Self::InvalidResource { found } => {
                write!(f, "found resource `{found}`, expected `*` or an ARN")
            }
            Self::WildcardNotAllowed { found } => {
                write!(
                    f,
                    "no wildcard may stand for the service of an ARN: `{found}`"
                )
            }
            Self::InvalidVariable { found } => write!(
                f,
                "found `{found}`, expected `${{name}}` or `${{name, 'default'}}`"
            ),
            Self::UnknownVariable { name } => {
                write!(f, "AWS IoT has no policy variable `{name}`")
            }
            Self::VariableNotAllowed { found } => {
                write!(f, "no variable may stand here: `{found}`")
            }
            Self::UnknownOperator { name } => write!(f, "`{name}` is no condition operator"),
            Self::UnknownKey { name } => write!(f, "AWS IoT has no condition key `{name}`"),
            Self::OperatorNotForKey { expected } => {
                write!(f, "this key takes {expected}")
            }
            Self::InvalidOperand { found, expected } => {
                write!(f, "found `{found}`, expected {expected}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Errors are handed on through every level of the reader.
    #[test]
    fn size() {
        assert!(size_of::<PolicyError>() < 128);
    }
}
