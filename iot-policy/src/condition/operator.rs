use core::fmt;

/// A condition operator: what is compared, with a set operator before it and `IfExists` behind it.
///
/// Source: IAM user guide, "IAM JSON policy elements: Condition operators".
///
/// It is shown in places: `$.Statement[0].Condition.ForAnyValue:StringLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operator {
    pub(crate) set: SetOperator,
    pub(crate) test: Test,
    pub(crate) if_exists: bool,
}

/// How a key with several values is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum SetOperator {
    None,
    ForAllValues,
    ForAnyValue,
}

/// What is compared, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Test {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    NotIpAddress,
    ArnEquals,
    ArnLike,
    ArnNotEquals,
    ArnNotLike,
    Null,
}

/// Name, test, and whether it is the negation of another one.
const TESTS: &[(&str, Test, bool)] = &[
    ("StringEquals", Test::StringEquals, false),
    ("StringNotEquals", Test::StringNotEquals, true),
    (
        "StringEqualsIgnoreCase",
        Test::StringEqualsIgnoreCase,
        false,
    ),
    (
        "StringNotEqualsIgnoreCase",
        Test::StringNotEqualsIgnoreCase,
        true,
    ),
    ("StringLike", Test::StringLike, false),
    ("StringNotLike", Test::StringNotLike, true),
    ("NumericEquals", Test::NumericEquals, false),
    ("NumericNotEquals", Test::NumericNotEquals, true),
    ("NumericLessThan", Test::NumericLessThan, false),
    ("NumericLessThanEquals", Test::NumericLessThanEquals, false),
    ("NumericGreaterThan", Test::NumericGreaterThan, false),
    (
        "NumericGreaterThanEquals",
        Test::NumericGreaterThanEquals,
        false,
    ),
    ("DateEquals", Test::DateEquals, false),
    ("DateNotEquals", Test::DateNotEquals, true),
    ("DateLessThan", Test::DateLessThan, false),
    ("DateLessThanEquals", Test::DateLessThanEquals, false),
    ("DateGreaterThan", Test::DateGreaterThan, false),
    ("DateGreaterThanEquals", Test::DateGreaterThanEquals, false),
    ("Bool", Test::Bool, false),
    ("BinaryEquals", Test::BinaryEquals, false),
    ("IpAddress", Test::IpAddress, false),
    ("NotIpAddress", Test::NotIpAddress, true),
    ("ArnEquals", Test::ArnEquals, false),
    ("ArnLike", Test::ArnLike, false),
    ("ArnNotEquals", Test::ArnNotEquals, true),
    ("ArnNotLike", Test::ArnNotLike, true),
    ("Null", Test::Null, false),
];

/// What the operands of a test are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    String { wildcards: bool },
    Numeric,
    Date,
    Bool,
    Binary,
    Ip,
    Arn,
    Null,
}

impl Test {
    pub(crate) fn name(self) -> &'static str {
        let found = TESTS.iter().find(|(_, test, _)| *test == self);
        found.map_or("", |(name, _, _)| name)
    }

    /// Whether it holds where the test that it negates does not.
    pub(crate) fn is_negated(self) -> bool {
        TESTS
            .iter()
            .any(|(_, test, negated)| *test == self && *negated)
    }

    pub(crate) fn family(self) -> Family {
        match self {
            Self::StringEquals
            | Self::StringNotEquals
            | Self::StringEqualsIgnoreCase
            | Self::StringNotEqualsIgnoreCase => Family::String { wildcards: false },
            Self::StringLike | Self::StringNotLike => Family::String { wildcards: true },
            Self::NumericEquals
            | Self::NumericNotEquals
            | Self::NumericLessThan
            | Self::NumericLessThanEquals
            | Self::NumericGreaterThan
            | Self::NumericGreaterThanEquals => Family::Numeric,
            Self::DateEquals
            | Self::DateNotEquals
            | Self::DateLessThan
            | Self::DateLessThanEquals
            | Self::DateGreaterThan
            | Self::DateGreaterThanEquals => Family::Date,
            Self::Bool => Family::Bool,
            Self::BinaryEquals => Family::Binary,
            Self::IpAddress | Self::NotIpAddress => Family::Ip,
            Self::ArnEquals | Self::ArnLike | Self::ArnNotEquals | Self::ArnNotLike => Family::Arn,
            Self::Null => Family::Null,
        }
    }
}

impl Operator {
    /// Reads a name; case counts.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (set, rest) = match name.split_once(':') {
            None => (SetOperator::None, name),
            Some(("ForAllValues", rest)) => (SetOperator::ForAllValues, rest),
            Some(("ForAnyValue", rest)) => (SetOperator::ForAnyValue, rest),
            Some((_, _)) => return None,
        };
        let (rest, if_exists) = match rest.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (_, test, _) = TESTS.iter().find(|(name, _, _)| *name == rest)?;
        // `Null` asks whether the key exists; with a quantifier or `IfExists` it would say nothing.
        let plain = set == SetOperator::None && !if_exists;
        (plain || *test != Test::Null).then_some(Self {
            set,
            test: *test,
            if_exists,
        })
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.set {
            SetOperator::None => "",
            SetOperator::ForAllValues => "ForAllValues:",
            SetOperator::ForAnyValue => "ForAnyValue:",
        })?;
        f.write_str(self.test.name())?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn names() {
        for (name, _, negated) in TESTS {
            assert_eq!(name.contains("Not"), *negated);
            for set in ["", "ForAllValues:", "ForAnyValue:"] {
                for suffix in ["", "IfExists"] {
                    let full = format!("{set}{name}{suffix}");
                    let plain = set.is_empty() && suffix.is_empty();
                    let parsed = Operator::parse(&full).map(|operator| operator.to_string());
                    assert_eq!(parsed, (plain || *name != "Null").then_some(full));
                }
            }
        }
        for bad in [
            "",
            "stringEquals",
            "ForSome:StringEquals",
            "StringEqualsifExists",
            "Equals",
        ] {
            assert_eq!(Operator::parse(bad), None, "{bad}");
        }
    }
}
