//! The shape of a document: its elements and their texts, before anything is known about what they mean. Elements may
//! come in any order, and what `${…}` means depends on `Version`, which may come last.

use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use crate::condition::Operator;
use crate::error::{PolicyError, PolicyErrorKind};
use crate::json::{Kind, Reader};
use crate::location::{Element, Location};
use crate::snippet::Snippet;

/// A text with where it stands.
#[derive(Debug)]
pub(super) struct Text<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) offset: usize,
    pub(super) location: Location,
}

impl Text<'_> {
    pub(super) fn refuse(&self, kind: PolicyErrorKind) -> PolicyError {
        PolicyError {
            kind,
            location: self.location,
            offset: self.offset,
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct RawPolicy<'a> {
    pub(super) version: Option<Text<'a>>,
    pub(super) id: Option<Text<'a>>,
    pub(super) statements: Vec<RawStatement<'a>>,
}

#[derive(Debug, Default)]
pub(super) struct RawStatement<'a> {
    pub(super) location: Location,
    pub(super) offset: usize,
    pub(super) sid: Option<Text<'a>>,
    pub(super) effect: Option<Text<'a>>,
    pub(super) action: Option<Vec<Text<'a>>>,
    pub(super) not_action: Option<Vec<Text<'a>>>,
    pub(super) resource: Option<Vec<Text<'a>>>,
    pub(super) not_resource: Option<Vec<Text<'a>>>,
    pub(super) condition: Option<Vec<RawCondition<'a>>>,
}

#[derive(Debug)]
pub(super) struct RawCondition<'a> {
    pub(super) operator: Operator,
    pub(super) location: Location,
    /// No key: `{"StringEquals": {}}`.
    pub(super) entry: Option<(Text<'a>, Vec<Text<'a>>)>,
}

/// Reads a whole document.
pub(super) fn document(text: &str) -> Result<RawPolicy<'_>, PolicyError> {
    let mut parser = Parser {
        reader: Reader::new(text),
        location: Location::default(),
    };
    let policy = parser.policy()?;
    let end = parser.reader.end();
    parser.at(end)?;
    Ok(policy)
}

struct Parser<'a> {
    reader: Reader<'a>,
    location: Location,
}

type Result<T, E = PolicyError> = core::result::Result<T, E>;

impl<'a> Parser<'a> {
    /// Puts a place to what the reader says.
    fn at<T>(&self, result: Result<T, PolicyErrorKind>) -> Result<T> {
        result.map_err(|kind| self.refuse(self.reader.at(), kind))
    }

    fn refuse(&self, offset: usize, kind: PolicyErrorKind) -> PolicyError {
        PolicyError {
            kind,
            location: self.location,
            offset,
        }
    }

    fn kind(&mut self) -> Result<Kind> {
        let kind = self.reader.kind();
        self.at(kind)
    }

    fn wrong_type<T>(&self, found: Kind, expected: &'static str) -> Result<T> {
        let found = found.into();
        Err(self.refuse(
            self.reader.at(),
            PolicyErrorKind::WrongType { found, expected },
        ))
    }

    /// Reads an object, handing each name with its place to `member`, which reads the value.
    fn object(
        &mut self,
        expected: &'static str,
        mut member: impl FnMut(&mut Self, Cow<'a, str>, usize) -> Result<()>,
    ) -> Result<()> {
        let kind = self.kind()?;
        if kind != Kind::Object {
            return self.wrong_type(kind, expected);
        }
        let open = self.reader.expect(b'{', expected);
        self.at(open)?;
        let mut first = true;
        loop {
            let more = self.reader.more(first, b'}');
            if !self.at(more)? {
                return Ok(());
            }
            first = false;
            self.reader.skip_space();
            let offset = self.reader.at();
            let name = self.reader.string();
            let name = self.at(name)?;
            let colon = self.reader.expect(b':', "`:`");
            self.at(colon)?;
            member(self, name, offset)?;
        }
    }

    /// Reads a list, handing the index of each value to `item`, which reads it.
    fn list(&mut self, mut item: impl FnMut(&mut Self, usize) -> Result<()>) -> Result<()> {
        let open = self.reader.expect(b'[', "`[`");
        self.at(open)?;
        let mut index = 0_usize;
        loop {
            let more = self.reader.more(index == 0, b']');
            if !self.at(more)? {
                return Ok(());
            }
            item(self, index)?;
            index = index.saturating_add(1);
        }
    }

    fn policy(&mut self) -> Result<RawPolicy<'a>> {
        let mut policy = RawPolicy::default();
        let mut seen = BTreeSet::new();
        let mut statement = false;
        self.object("a policy: an object", |parser, name, offset| {
            match &*name {
                "Version" => policy.version = Some(parser.text_of(Element::Version)?),
                "Id" => policy.id = Some(parser.text_of(Element::Id)?),
                "Statement" => {
                    if !statement {
                        policy.statements = parser.statements()?;
                    }
                    statement = true;
                }
                _unknown => return Err(parser.unknown(offset, &name, false)),
            }
            parser.location = Location::default();
            parser.once(&mut seen, name, offset)
        })?;
        if statement {
            Ok(policy)
        } else {
            let element = Element::Statement;
            Err(self.refuse(0, PolicyErrorKind::MissingElement { element }))
        }
    }

    fn unknown(&self, offset: usize, name: &str, in_statement: bool) -> PolicyError {
        let foreign = ["Principal", "NotPrincipal"].contains(&name) && in_statement;
        let name = Snippet::new(name);
        self.refuse(
            offset,
            if foreign {
                PolicyErrorKind::ForeignElement { name }
            } else {
                PolicyErrorKind::UnknownElement { name, in_statement }
            },
        )
    }

    /// RFC 8259 §4 leaves open what a name that stands twice means; here it means nothing.
    fn once(
        &self,
        seen: &mut BTreeSet<Cow<'a, str>>,
        name: Cow<'a, str>,
        offset: usize,
    ) -> Result<()> {
        let kind = PolicyErrorKind::DuplicateName {
            name: Snippet::new(&name),
        };
        if seen.insert(name) {
            Ok(())
        } else {
            Err(self.refuse(offset, kind))
        }
    }

    fn statements(&mut self) -> Result<Vec<RawStatement<'a>>> {
        match self.kind()? {
            Kind::Object => {
                self.location = Location::in_statement(0);
                Ok(Vec::from([self.statement()?]))
            }
            Kind::Array => {
                let mut statements = Vec::new();
                self.list(|parser, index| {
                    parser.location = Location::in_statement(index);
                    statements.push(parser.statement()?);
                    parser.location = Location::default().of(Element::Statement);
                    Ok(())
                })?;
                Ok(statements)
            }
            other @ (Kind::String | Kind::Number | Kind::Boolean | Kind::Null) => {
                self.location = self.location.of(Element::Statement);
                self.wrong_type(other, "a statement or a list of statements")
            }
        }
    }

    fn statement(&mut self) -> Result<RawStatement<'a>> {
        self.reader.skip_space();
        let here = self.location;
        let mut statement = RawStatement {
            location: here,
            offset: self.reader.at(),
            ..RawStatement::default()
        };
        let mut seen = BTreeSet::new();
        self.object("a statement: an object", |parser, name, offset| {
            match &*name {
                "Sid" => statement.sid = Some(parser.text_of(Element::Sid)?),
                "Effect" => statement.effect = Some(parser.text_of(Element::Effect)?),
                "Action" => statement.action = Some(parser.texts_of(Element::Action)?),
                "NotAction" => statement.not_action = Some(parser.texts_of(Element::NotAction)?),
                "Resource" => statement.resource = Some(parser.texts_of(Element::Resource)?),
                "NotResource" => {
                    statement.not_resource = Some(parser.texts_of(Element::NotResource)?);
                }
                "Condition" => {
                    parser.location = here.of(Element::Condition);
                    statement.condition = Some(parser.conditions()?);
                }
                _unknown => return Err(parser.unknown(offset, &name, true)),
            }
            parser.location = here;
            parser.once(&mut seen, name, offset)
        })?;
        Ok(statement)
    }

    /// One string.
    fn text_of(&mut self, element: Element) -> Result<Text<'a>> {
        self.location = self.location.of(element);
        match self.kind()? {
            Kind::String => self.text(),
            other @ (Kind::Object | Kind::Array | Kind::Number | Kind::Boolean | Kind::Null) => {
                self.wrong_type(other, "a string")
            }
        }
    }

    /// A string, or a list of at least one.
    fn texts_of(&mut self, element: Element) -> Result<Vec<Text<'a>>> {
        self.location = self.location.of(element);
        let offset = self.reader.at();
        let texts = self.texts(false)?;
        if texts.is_empty() {
            return Err(self.refuse(offset, PolicyErrorKind::EmptyList));
        }
        Ok(texts)
    }

    /// A value, or a list of values; with `scalars`, numbers and Booleans as they are spelt too.
    fn texts(&mut self, scalars: bool) -> Result<Vec<Text<'a>>> {
        match self.kind()? {
            Kind::Array => {
                let here = self.location;
                let mut texts = Vec::new();
                self.list(|parser, index| {
                    parser.location = here.item(index);
                    texts.push(parser.scalar(scalars)?);
                    parser.location = here;
                    Ok(())
                })?;
                Ok(texts)
            }
            Kind::String | Kind::Number | Kind::Boolean | Kind::Object | Kind::Null => {
                Ok(Vec::from([self.scalar(scalars)?]))
            }
        }
    }

    fn scalar(&mut self, scalars: bool) -> Result<Text<'a>> {
        match self.kind()? {
            Kind::String => self.text(),
            Kind::Number | Kind::Boolean if scalars => {
                let offset = self.reader.at();
                let text = self.reader.scalar_text();
                Ok(Text {
                    text: Cow::Borrowed(self.at(text)?),
                    offset,
                    location: self.location,
                })
            }
            other @ (Kind::Object | Kind::Array | Kind::Number | Kind::Boolean | Kind::Null) => {
                let expected = if scalars {
                    "a string, a number or a Boolean"
                } else {
                    "a string"
                };
                self.wrong_type(other, expected)
            }
        }
    }

    fn text(&mut self) -> Result<Text<'a>> {
        let offset = self.reader.at();
        let text = self.reader.string();
        Ok(Text {
            text: self.at(text)?,
            offset,
            location: self.location,
        })
    }

    fn conditions(&mut self) -> Result<Vec<RawCondition<'a>>> {
        let here = self.location;
        let mut conditions = Vec::new();
        let mut operators = BTreeSet::new();
        self.object("operators: an object", |parser, name, offset| {
            let operator = Operator::parse(&name).ok_or_else(|| {
                let name = Snippet::new(&name);
                parser.refuse(offset, PolicyErrorKind::UnknownOperator { name })
            })?;
            parser.once(&mut operators, name, offset)?;
            parser.location.operator = Some(operator);
            let location = parser.location;
            let before = conditions.len();
            let mut keys = BTreeSet::new();
            parser.object("keys with values: an object", |parser, name, offset| {
                parser.once(&mut keys, name.clone(), offset)?;
                parser.location.key = Some(Snippet::new(&name));
                let key = Text {
                    text: name,
                    offset,
                    location: parser.location,
                };
                let values = parser.texts(true)?;
                parser.location = location;
                conditions.push(RawCondition {
                    operator,
                    location: key.location,
                    entry: Some((key, values)),
                });
                Ok(())
            })?;
            if conditions.len() == before {
                conditions.push(RawCondition {
                    operator,
                    location,
                    entry: None,
                });
            }
            parser.location = here;
            Ok(())
        })?;
        Ok(conditions)
    }
}
