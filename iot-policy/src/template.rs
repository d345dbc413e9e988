//! Texts of a policy that may hold wildcards and variables.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::error::PolicyErrorKind;
use crate::key::Key;
use crate::snippet::Snippet;

/// A text as it stands in a document, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Text(String),
    /// `?`
    One,
    /// `*`, any number of them in a row
    Star,
    Variable(Variable),
}

/// `${key}` or `${key, 'default'}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Variable {
    pub(crate) key: Key,
    pub(crate) default: Option<Box<str>>,
}

/// What a variable stands for on one connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resolved<'a> {
    Value(Cow<'a, str>),
    /// There is no value: a default takes its place.
    Absent,
    /// There is one that is not substituted; nor is a default.
    Unusable,
}

/// Variables, each with a number of its own.
#[derive(Debug, Default)]
pub(crate) struct Numbered {
    slots: BTreeMap<Variable, u32>,
}

impl Numbered {
    /// A place for the value of a variable.
    pub(crate) fn slot(&mut self, variable: &Variable) -> Item {
        // More than four thousand million variables do not fit into memory.
        let next = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let known = self.slots.get(variable).copied();
        Item::Slot(known.unwrap_or_else(|| *self.slots.entry(variable.clone()).or_insert(next)))
    }

    /// The variables, in the order of their slots.
    pub(crate) fn into_list(self) -> Box<[Variable]> {
        let mut list: Vec<(u32, Variable)> = self
            .slots
            .into_iter()
            .map(|(variable, slot)| (slot, variable))
            .collect();
        list.sort_unstable_by_key(|(slot, _)| *slot);
        list.into_iter().map(|(_, variable)| variable).collect()
    }
}

/// One character of a template whose variables are resolved, or left for later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Char(char),
    One,
    Star,
    /// The slot of a variable.
    Slot(u32),
}

/// How a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    /// `*` and `?` are wildcards.
    pub(crate) wildcards: bool,
    /// `${…}` is a variable or an escape: version 2012-10-17.
    pub(crate) variables: bool,
}

impl Template {
    pub(crate) fn parse(text: &str, reading: Reading) -> Result<Self, PolicyErrorKind> {
        let mut template = Self::default();
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            let after = rest.get(character.len_utf8()..).unwrap_or_default();
            rest = match character {
                '*' if reading.wildcards => {
                    template.star();
                    after
                }
                '?' if reading.wildcards => {
                    template.tokens.push(Token::One);
                    after
                }
                '$' if reading.variables => template.dollar(rest, after)?,
                _literal => {
                    template.character(character);
                    after
                }
            };
        }
        Ok(template)
    }

    /// Reads on from a `$`: an escape, a variable, or a dollar sign.
    fn dollar<'a>(&mut self, rest: &'a str, after: &'a str) -> Result<&'a str, PolicyErrorKind> {
        // `${*}` in the guide of IAM, `$(*)` in that of AWS IoT.
        for (open, close) in [('{', "}"), ('(', ")")] {
            for special in ['*', '?', '$'] {
                let escape = after
                    .strip_prefix(open)
                    .and_then(|text| text.strip_prefix(special))
                    .and_then(|text| text.strip_prefix(close));
                if let Some(tail) = escape {
                    self.character(special);
                    return Ok(tail);
                }
            }
        }
        let Some(inner) = after.strip_prefix('{') else {
            self.character('$');
            return Ok(after);
        };
        let (variable, tail) = Variable::parse(rest, inner)?;
        self.tokens.push(Token::Variable(variable));
        Ok(tail)
    }

    fn character(&mut self, character: char) {
        if let Some(Token::Text(text)) = self.tokens.last_mut() {
            text.push(character);
        } else {
            self.tokens.push(Token::Text(character.into()));
        }
    }

    fn star(&mut self) {
        if self.tokens.last() != Some(&Token::Star) {
            self.tokens.push(Token::Star);
        }
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.tokens.iter().filter_map(|token| match token {
            Token::Variable(variable) => Some(variable),
            Token::Text(_) | Token::One | Token::Star => None,
        })
    }

    /// Puts values in the place of variables: `None` as soon as one is unresolved, since that text matches nothing.
    pub(crate) fn resolve<'a>(
        &'a self,
        mut value: impl FnMut(&Key) -> Resolved<'a>,
    ) -> Option<Vec<Item>> {
        let mut items = Vec::new();
        for token in &self.tokens {
            match token {
                Token::Text(text) => items.extend(text.chars().map(Item::Char)),
                Token::One => items.push(Item::One),
                Token::Star => items.push(Item::Star),
                Token::Variable(variable) => {
                    let text = variable.resolve(&mut value)?;
                    items.extend(text.chars().map(Item::Char));
                }
            }
        }
        Some(items)
    }

    /// The items, with what `slot` says in the place of each variable.
    pub(crate) fn items(&self, mut slot: impl FnMut(&Variable) -> Item) -> Vec<Item> {
        let mut items = Vec::new();
        for token in &self.tokens {
            match token {
                Token::Text(text) => items.extend(text.chars().map(Item::Char)),
                Token::One => items.push(Item::One),
                Token::Star => items.push(Item::Star),
                Token::Variable(variable) => items.push(slot(variable)),
            }
        }
        items
    }
}

impl Variable {
    /// Reads `name}` or `name, 'default'}`; `whole` is the text from its `${` on, for messages.
    fn parse<'a>(whole: &str, inner: &'a str) -> Result<(Self, &'a str), PolicyErrorKind> {
        let invalid = || PolicyErrorKind::InvalidVariable {
            found: Snippet::new(whole),
        };
        let end = Self::end_of_name(inner).ok_or_else(invalid)?;
        let (name, mut rest) = inner.split_at_checked(end).ok_or_else(invalid)?;
        let mut default = None;
        if let Some(quoted) = rest.strip_prefix(',') {
            let (value, tail) = quoted
                .trim_start_matches(' ')
                .strip_prefix('\'')
                .and_then(|text| text.split_once('\''))
                .ok_or_else(invalid)?;
            default = Some(value.into());
            rest = tail;
        }
        let tail = rest.strip_prefix('}').ok_or_else(invalid)?;
        let key = Key::parse(name).ok_or_else(|| PolicyErrorKind::UnknownVariable {
            name: Snippet::new(name),
        })?;
        Ok((Self { key, default }, tail))
    }

    /// Where the name ends. The name of a thing's attribute, in brackets, may hold a comma.
    fn end_of_name(inner: &str) -> Option<usize> {
        let end = inner.find(['}', ',', '['])?;
        let bracket = inner.get(end..)?;
        if !bracket.starts_with('[') {
            return Some(end);
        }
        let close = bracket.find([']', '}'])?;
        let behind = end.saturating_add(close);
        let is_closed = inner.get(behind..)?.starts_with(']');
        Some(behind.saturating_add(usize::from(is_closed)))
    }

    pub(crate) fn resolve<'a>(
        &'a self,
        mut value: impl FnMut(&Key) -> Resolved<'a>,
    ) -> Option<Cow<'a, str>> {
        match (value(&self.key), &self.default) {
            (Resolved::Value(value), _) => Some(value),
            (Resolved::Absent, Some(default)) => Some(Cow::Borrowed(default)),
            (Resolved::Absent, None) | (Resolved::Unusable, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Reading = Reading {
        wildcards: true,
        variables: true,
    };

    fn text(text: &str) -> Token {
        Token::Text(text.into())
    }

    #[test]
    fn tokens() {
        let tokens = |text| Template::parse(text, BOTH).unwrap().tokens;
        assert_eq!(
            tokens("a**?b"),
            [text("a"), Token::Star, Token::One, text("b")]
        );
        assert_eq!(tokens("${*}$(?)${$}x"), [text("*?$x")]);
        assert_eq!(tokens("$aws/$"), [text("$aws/$")]);
        // `$(` is an escape only with what it escapes.
        assert_eq!(tokens("$(a)"), [text("$(a)")]);
        let variable = |default: Option<&str>| {
            Token::Variable(Variable {
                key: Key::ClientId,
                default: default.map(Into::into),
            })
        };
        assert_eq!(
            tokens("a${iot:ClientId}b"),
            [text("a"), variable(None), text("b")]
        );
        assert_eq!(tokens("${iot:ClientId, 'x}y'}"), [variable(Some("x}y"))]);
        // A comma in an attribute's name begins no default.
        assert_eq!(
            tokens("${iot:Connection.Thing.Attributes[a,b], 'c'}"),
            [Token::Variable(Variable {
                key: Key::ThingAttribute("a,b".into()),
                default: Some("c".into()),
            })]
        );
    }

    #[test]
    fn old_version() {
        let reading = Reading {
            variables: false,
            ..BOTH
        };
        let tokens = |text| Template::parse(text, reading).unwrap().tokens;
        assert_eq!(tokens("${iot:ClientId}"), [text("${iot:ClientId}")]);
        assert_eq!(tokens("${*}"), [text("${"), Token::Star, text("}")]);
    }

    #[test]
    fn variables_that_are_none() {
        for bad in [
            "${",
            "${iot:ClientId",
            "${iot:ClientId,x}",
            "${iot:ClientId, 'x'y}",
            "${}",
            "${iot:Foo}",
            "${iot:Connection.Thing.Attributes[a}",
            "${iot:Connection.Thing.Attributes[a,b}]",
            "${iot:Connection.Thing.Attributes[a]b}",
            "${iot:Connection.Thing.Attributes[a",
        ] {
            assert!(Template::parse(bad, BOTH).is_err(), "{bad}");
        }
    }
}
