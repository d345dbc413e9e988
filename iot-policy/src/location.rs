use core::fmt;
use core::num::NonZeroU32;

use crate::condition::Operator;
use crate::snippet::Snippet;

/// An element of a policy document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Element {
    /// `Version`
    Version,
    /// `Id`
    Id,
    /// `Statement`
    Statement,
    /// `Sid`
    Sid,
    /// `Effect`
    Effect,
    /// `Action`
    Action,
    /// `NotAction`
    NotAction,
    /// `Resource`
    Resource,
    /// `NotResource`
    NotResource,
    /// `Condition`
    Condition,
}

impl Element {
    /// The name in the document.
    ///
    /// ```
    /// assert_eq!(iot_policy::Element::NotResource.name(), "NotResource");
    /// ```
    pub fn name(self) -> &'static str {
        match self {
            Self::Version => "Version",
            Self::Id => "Id",
            Self::Statement => "Statement",
            Self::Sid => "Sid",
            Self::Effect => "Effect",
            Self::Action => "Action",
            Self::NotAction => "NotAction",
            Self::Resource => "Resource",
            Self::NotResource => "NotResource",
            Self::Condition => "Condition",
        }
    }
}

/// A place in a policy document, shown as a JSON path.
///
/// ```
/// use iot_policy::{Element, Policy};
///
/// let error = Policy::parse(br#"{"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*",
///     "Condition": {"Bool": {"iot:ClientId": ["true", "yes"]}}}}"#).unwrap_err();
/// let location = error.location();
/// assert_eq!(location.to_string(), r#"$.Statement[0].Condition.Bool["iot:ClientId"][1]"#);
/// assert_eq!(location.statement(), Some(0));
/// assert_eq!((location.element(), location.index()), (Some(Element::Condition), Some(1)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Location {
    statement: Option<Place>,
    pub(crate) element: Option<Element>,
    pub(crate) operator: Option<Operator>,
    pub(crate) key: Option<Snippet>,
    index: Option<Place>,
}

/// A place in a list, from 0, kept as the one from 1: an error is made of several of these, and handed on often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place(NonZeroU32);

impl Place {
    fn new(index: usize) -> Option<Self> {
        let from_one = u32::try_from(index).ok()?.checked_add(1)?;
        NonZeroU32::new(from_one).map(Self)
    }

    fn index(self) -> usize {
        usize::try_from(self.0.get().saturating_sub(1)).unwrap_or(usize::MAX)
    }
}

impl Location {
    /// The statement's place in the list, from 0; 0 where `Statement` is no list.
    pub fn statement(&self) -> Option<usize> {
        self.statement.map(Place::index)
    }

    /// The element of the document or of the statement.
    pub fn element(&self) -> Option<Element> {
        self.element
    }

    /// The place in the element's list of values, from 0.
    pub fn index(&self) -> Option<usize> {
        self.index.map(Place::index)
    }

    pub(crate) fn in_statement(index: usize) -> Self {
        Self {
            statement: Place::new(index),
            ..Self::default()
        }
    }

    pub(crate) fn of(mut self, element: Element) -> Self {
        self.element = Some(element);
        self.index = None;
        self
    }

    pub(crate) fn item(mut self, index: usize) -> Self {
        self.index = Place::new(index);
        self
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        if let Some(index) = self.statement() {
            write!(f, ".Statement[{index}]")?;
        }
        if let Some(element) = self.element {
            write!(f, ".{}", element.name())?;
        }
        if let Some(operator) = &self.operator {
            write!(f, ".{operator}")?;
        }
        if let Some(key) = &self.key {
            write!(f, "[\"{key}\"]")?;
        }
        if let Some(index) = self.index() {
            write!(f, "[{index}]")?;
        }
        Ok(())
    }
}
