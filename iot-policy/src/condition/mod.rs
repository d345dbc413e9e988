//! One entry of a `Condition`: an operator, a key, and what the key's values are compared with.

mod fit;
mod network;
mod number;
mod operator;
mod time;

pub(crate) use fit::Fit;
pub use operator::Operator;
pub(crate) use operator::{Family, SetOperator, Test};

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::PolicyErrorKind;
use crate::key::Key;
use crate::pattern::{Glob, Slots};
use crate::snippet::Snippet;
use crate::template::{Item, Reading, Resolved, Template, Variable};

use network::Network;
use number::Decimal;
use time::Instant;

/// An operator, a key and operands.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub(crate) operator: Operator,
    pub(crate) key: Key,
    pub(crate) operands: Operands,
    /// The operands as the document has them, for people.
    pub(crate) texts: Box<[Box<str>]>,
}

#[derive(Clone, Debug)]
pub(crate) enum Operands {
    Texts(Vec<Template>),
    Numbers(Vec<Decimal>),
    Instants(Vec<Instant>),
    Booleans(Vec<bool>),
    Bytes(Vec<Vec<u8>>),
    Networks(Vec<Network>),
}

/// What a condition is asked about.
pub(crate) struct Facts<'a, V> {
    /// The values of the key; none where it is absent.
    pub(crate) values: Vec<Cow<'a, str>>,
    /// What variables in operands stand for.
    pub(crate) variable: V,
    /// Whether the statement denies.
    pub(crate) denies: bool,
}

impl Operands {
    pub(crate) fn new(test: Test) -> Self {
        match test.family() {
            Family::String { .. } | Family::Arn => Self::Texts(Vec::new()),
            Family::Numeric => Self::Numbers(Vec::new()),
            Family::Date => Self::Instants(Vec::new()),
            Family::Bool | Family::Null => Self::Booleans(Vec::new()),
            Family::Binary => Self::Bytes(Vec::new()),
            Family::Ip => Self::Networks(Vec::new()),
        }
    }

    /// Whether they are Booleans, and none is `false`.
    pub(crate) fn are_true(&self) -> bool {
        match self {
            Self::Booleans(list) => !list.contains(&false) && !list.is_empty(),
            Self::Texts(_)
            | Self::Numbers(_)
            | Self::Instants(_)
            | Self::Bytes(_)
            | Self::Networks(_) => false,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Texts(list) => list.is_empty(),
            Self::Numbers(list) => list.is_empty(),
            Self::Instants(list) => list.is_empty(),
            Self::Booleans(list) => list.is_empty(),
            Self::Bytes(list) => list.is_empty(),
            Self::Networks(list) => list.is_empty(),
        }
    }

    /// Adds one operand as the document spells it.
    pub(crate) fn push(
        &mut self,
        test: Test,
        text: &str,
        variables: bool,
    ) -> Result<(), PolicyErrorKind> {
        let invalid = |expected| PolicyErrorKind::InvalidOperand {
            found: Snippet::new(text),
            expected,
        };
        match self {
            Self::Texts(list) => {
                let wildcards = match test.family() {
                    Family::String { wildcards } => wildcards,
                    Family::Arn => true,
                    Family::Numeric
                    | Family::Date
                    | Family::Bool
                    | Family::Binary
                    | Family::Ip
                    | Family::Null => false,
                };
                let reading = Reading {
                    wildcards,
                    variables,
                };
                let template = Template::parse(text, reading)?;
                if test.family() == Family::Arn
                    && arn_patterns(&template.items(|_| Item::Star)).is_none()
                {
                    return Err(invalid("`*` or an ARN of six parts"));
                }
                list.push(template);
            }
            Self::Numbers(list) => {
                list.push(Decimal::parse(text).ok_or_else(|| invalid("a number"))?);
            }
            Self::Instants(list) => {
                let expected = "a date of ISO 8601 or seconds since 1970";
                list.push(Instant::parse(text).ok_or_else(|| invalid(expected))?);
            }
            Self::Booleans(list) => {
                list.push(boolean(text).ok_or_else(|| invalid("`true` or `false`"))?);
            }
            Self::Bytes(list) => {
                list.push(STANDARD.decode(text).map_err(|_| invalid("Base64"))?);
            }
            Self::Networks(list) => {
                let expected = "an address or a range such as `192.0.2.0/24`";
                list.push(Network::parse(text).ok_or_else(|| invalid(expected))?);
            }
        }
        Ok(())
    }
}

impl Condition {
    /// Whether it holds only where the key has a value.
    pub(crate) fn needs_value(&self) -> bool {
        if self.operator.test == Test::Null {
            return self.is_null(false) && !self.is_null(true);
        }
        let Operator {
            set,
            test,
            if_exists,
        } = self.operator;
        !Self::of_absent(set, test.is_negated(), if_exists)
    }

    /// Whether it holds only where the key has no value.
    pub(crate) fn needs_absence(&self) -> bool {
        self.operator.test == Test::Null && self.is_null(true) && !self.is_null(false)
    }

    /// The variables among the operands.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        let templates: &[Template] = match &self.operands {
            Operands::Texts(templates) => templates,
            Operands::Numbers(_)
            | Operands::Instants(_)
            | Operands::Booleans(_)
            | Operands::Bytes(_)
            | Operands::Networks(_) => &[],
        };
        templates.iter().flat_map(Template::variables)
    }

    /// Whether the condition holds for values that do not change while a connection lasts.
    ///
    /// An unresolved variable equals nothing. In a statement that allows, a negated operator does not hold because of
    /// that: what is not known grants nothing.
    pub(crate) fn holds<'a>(&'a self, facts: Facts<'a, impl FnMut(&Key) -> Resolved<'a>>) -> bool {
        let Facts {
            values,
            mut variable,
            denies,
        } = facts;
        let Operator {
            set,
            test,
            if_exists,
        } = self.operator;
        if test == Test::Null {
            return self.is_null(values.is_empty());
        }
        let negated = test.is_negated();
        if values.is_empty() {
            return Self::of_absent(set, negated, if_exists);
        }
        let (operands, unresolved) = self.resolved(&mut variable);
        if negated && unresolved && !denies {
            return false;
        }
        let equal = |value: &Cow<'_, str>| equals_any(test, value, &operands);
        match set {
            SetOperator::None if negated => !values.iter().any(equal),
            SetOperator::None => values.iter().any(equal),
            SetOperator::ForAllValues => values.iter().all(|value| equal(value) != negated),
            SetOperator::ForAnyValue => values.iter().any(|value| equal(value) != negated),
        }
    }

    /// Whether a condition on the time of the request holds; without allocation. There is always a time.
    pub(crate) fn holds_at(&self, seconds: i64) -> bool {
        let test = self.operator.test;
        let equal = match &self.operands {
            Operands::Instants(list) => {
                let value = Instant::from_seconds(seconds);
                list.iter().any(|operand| ordered(test, value.cmp(operand)))
            }
            Operands::Numbers(list) => {
                let value = Decimal::from_seconds(seconds);
                list.iter()
                    .any(|operand| ordered(test, value.compare(*operand)))
            }
            Operands::Booleans(_) => return self.is_null(false),
            // The reader takes no other operators for the time.
            Operands::Texts(_) | Operands::Bytes(_) | Operands::Networks(_) => false,
        };
        equal != test.is_negated()
    }

    fn of_absent(set: SetOperator, negated: bool, if_exists: bool) -> bool {
        if_exists
            || match set {
                SetOperator::None => negated,
                SetOperator::ForAllValues => true,
                SetOperator::ForAnyValue => false,
            }
    }

    fn is_null(&self, absent: bool) -> bool {
        match &self.operands {
            Operands::Booleans(list) => list.contains(&absent),
            Operands::Texts(_)
            | Operands::Numbers(_)
            | Operands::Instants(_)
            | Operands::Bytes(_)
            | Operands::Networks(_) => false,
        }
    }

    /// The operands with their variables resolved, without those that have an unresolved one; and whether there was one.
    fn resolved<'a>(
        &'a self,
        variable: &mut impl FnMut(&Key) -> Resolved<'a>,
    ) -> (Ready<'a>, bool) {
        let templates = match &self.operands {
            Operands::Texts(templates) => templates,
            other @ (Operands::Numbers(_)
            | Operands::Instants(_)
            | Operands::Booleans(_)
            | Operands::Bytes(_)
            | Operands::Networks(_)) => return (Ready::Parsed(other), false),
        };
        let all: Vec<Option<Vec<Item>>> = templates
            .iter()
            .map(|template| template.resolve(&mut *variable))
            .collect();
        let unresolved = all.iter().any(Option::is_none);
        let known = all.into_iter().flatten();
        let ready = match self.operator.test.family() {
            Family::Arn => Ready::Arns(known.filter_map(|items| arn_patterns(&items)).collect()),
            Family::String { .. }
            | Family::Numeric
            | Family::Date
            | Family::Bool
            | Family::Binary
            | Family::Ip
            | Family::Null => Ready::Texts(known.collect()),
        };
        (ready, unresolved)
    }
}

/// Operands that a value can be compared with.
enum Ready<'a> {
    Texts(Vec<Vec<Item>>),
    Arns(Vec<ArnPattern>),
    Parsed(&'a Operands),
}

/// Whether the value equals (or is like, less than, within) one of the operands; negation is for the caller.
fn equals_any(test: Test, value: &str, operands: &Ready<'_>) -> bool {
    match operands {
        Ready::Texts(list) => list.iter().any(|items| text_equals(test, value, items)),
        Ready::Arns(list) => list.iter().any(|pattern| pattern.matches(value)),
        Ready::Parsed(Operands::Numbers(list)) => Decimal::parse(value)
            .is_some_and(|value| list.iter().any(|one| ordered(test, value.compare(*one)))),
        Ready::Parsed(Operands::Instants(list)) => Instant::parse(value)
            .is_some_and(|value| list.iter().any(|one| ordered(test, value.cmp(one)))),
        Ready::Parsed(Operands::Booleans(list)) => {
            boolean(value).is_some_and(|value| list.contains(&value))
        }
        Ready::Parsed(Operands::Bytes(list)) => list.iter().any(|bytes| bytes == value.as_bytes()),
        Ready::Parsed(Operands::Networks(list)) => value
            .parse()
            .is_ok_and(|address| list.iter().any(|network| network.contains(address))),
        Ready::Parsed(Operands::Texts(_)) => false,
    }
}

fn text_equals(test: Test, value: &str, items: &[Item]) -> bool {
    let literal = || {
        items.iter().filter_map(|item| match item {
            Item::Char(character) => Some(*character),
            Item::One | Item::Star | Item::Slot(_) => None,
        })
    };
    match test {
        Test::StringEquals | Test::StringNotEquals => literal().eq(value.chars()),
        Test::StringEqualsIgnoreCase | Test::StringNotEqualsIgnoreCase => literal()
            .flat_map(char::to_lowercase)
            .eq(value.chars().flat_map(char::to_lowercase)),
        Test::StringLike | Test::StringNotLike => Glob::new(items).matches(value, &Slots::NONE),
        Test::NumericEquals
        | Test::NumericNotEquals
        | Test::NumericLessThan
        | Test::NumericLessThanEquals
        | Test::NumericGreaterThan
        | Test::NumericGreaterThanEquals
        | Test::DateEquals
        | Test::DateNotEquals
        | Test::DateLessThan
        | Test::DateLessThanEquals
        | Test::DateGreaterThan
        | Test::DateGreaterThanEquals
        | Test::Bool
        | Test::BinaryEquals
        | Test::IpAddress
        | Test::NotIpAddress
        | Test::ArnEquals
        | Test::ArnLike
        | Test::ArnNotEquals
        | Test::ArnNotLike
        | Test::Null => false,
    }
}

/// Whether this order of value and operand is the one asked for.
fn ordered(test: Test, order: Ordering) -> bool {
    match test {
        Test::NumericEquals | Test::NumericNotEquals | Test::DateEquals | Test::DateNotEquals => {
            order.is_eq()
        }
        Test::NumericLessThan | Test::DateLessThan => order.is_lt(),
        Test::NumericLessThanEquals | Test::DateLessThanEquals => order.is_le(),
        Test::NumericGreaterThan | Test::DateGreaterThan => order.is_gt(),
        Test::NumericGreaterThanEquals | Test::DateGreaterThanEquals => order.is_ge(),
        Test::StringEquals
        | Test::StringNotEquals
        | Test::StringEqualsIgnoreCase
        | Test::StringNotEqualsIgnoreCase
        | Test::StringLike
        | Test::StringNotLike
        | Test::Bool
        | Test::BinaryEquals
        | Test::IpAddress
        | Test::NotIpAddress
        | Test::ArnEquals
        | Test::ArnLike
        | Test::ArnNotEquals
        | Test::ArnNotLike
        | Test::Null => false,
    }
}

fn boolean(text: &str) -> Option<bool> {
    [("true", true), ("false", false)]
        .into_iter()
        .find(|(word, _)| text.eq_ignore_ascii_case(word))
        .map(|(_, value)| value)
}

/// A pattern for ARNs: each of the six parts is matched by itself.
enum ArnPattern {
    All,
    Parts(Vec<Glob>),
}

fn arn_patterns(items: &[Item]) -> Option<ArnPattern> {
    if items == [Item::Star] {
        return Some(ArnPattern::All);
    }
    let parts: Vec<Glob> = items
        .splitn(6, |item| *item == Item::Char(':'))
        .map(Glob::new)
        .collect();
    (parts.len() == 6).then_some(ArnPattern::Parts(parts))
}

impl ArnPattern {
    fn matches(&self, value: &str) -> bool {
        match self {
            Self::All => true,
            Self::Parts(patterns) => {
                let parts: Vec<&str> = value.splitn(6, ':').collect();
                parts.len() == patterns.len()
                    && patterns
                        .iter()
                        .zip(parts)
                        .all(|(pattern, part)| pattern.matches(part, &Slots::NONE))
            }
        }
    }
}

/// The entry as it could stand in a document, for people.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of `{}`", self.operator, self.key)
    }
}

/// Texts in quotes with commas between, for people.
pub(crate) fn list<T: fmt::Display>(values: &[T]) -> String {
    let quoted: Vec<String> = values
        .iter()
        .map(|value| alloc::format!("`{value}`"))
        .collect();
    quoted.join(", ")
}
