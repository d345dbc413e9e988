//! What the texts of a document mean.

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::raw::{RawCondition, RawPolicy, RawStatement, Text};
use super::{Effect, Policy, Resource, Statement, Version};
use crate::action::ActionSet;
use crate::condition::{Condition, Fit, Operands, Operator, SetOperator, Test};
use crate::error::{PolicyError, PolicyErrorKind};
use crate::key::{Key, SOURCE_IP};
use crate::location::{Element, Location};
use crate::snippet::Snippet;
use crate::template::{Item, Reading, Template, Token};
use crate::warning::{Warning, WarningKind};

pub(super) fn policy(raw: RawPolicy<'_>) -> Result<Policy, PolicyError> {
    let version = match &raw.version {
        None => Version::V2008_10_17,
        Some(text) => match &*text.text {
            "2012-10-17" => Version::V2012_10_17,
            "2008-10-17" => Version::V2008_10_17,
            other => {
                let found = Snippet::new(other);
                return Err(text.refuse(PolicyErrorKind::InvalidVersion { found }));
            }
        },
    };
    let mut interpreter = Interpreter {
        variables: match version {
            Version::V2012_10_17 => true,
            Version::V2008_10_17 => false,
        },
        warnings: Vec::new(),
        sids: BTreeSet::new(),
    };
    if raw.statements.is_empty() {
        let location = Location::default().of(Element::Statement);
        interpreter.warn(location, WarningKind::NoStatements);
    }
    let statements: Result<Vec<Statement>, PolicyError> = raw
        .statements
        .into_iter()
        .map(|statement| interpreter.statement(statement))
        .collect();
    Ok(Policy {
        version,
        id: raw.id.map(|text| text.text.into()),
        statements: statements?.into(),
        warnings: interpreter.warnings.into(),
    })
}

struct Interpreter {
    /// `${…}` is a variable.
    variables: bool,
    warnings: Vec<Warning>,
    /// Those met so far.
    sids: BTreeSet<String>,
}

/// One of two elements that exclude each other, and whether it is the `Not` form.
fn either<T>(
    statement: &(Location, usize),
    (plain, element): (Option<T>, Element),
    (negated, other): (Option<T>, Element),
) -> Result<(T, bool), PolicyError> {
    let (location, offset) = *statement;
    let kind = match (plain, negated) {
        (Some(list), None) => return Ok((list, false)),
        (None, Some(list)) => return Ok((list, true)),
        (Some(_), Some(_)) => PolicyErrorKind::ConflictingElements {
            one: element,
            other,
        },
        (None, None) => PolicyErrorKind::MissingElement { element },
    };
    Err(PolicyError {
        kind,
        location,
        offset,
    })
}

impl Interpreter {
    fn warn(&mut self, location: Location, kind: WarningKind) {
        self.warnings.push(Warning { kind, location });
    }

    fn statement(&mut self, raw: RawStatement<'_>) -> Result<Statement, PolicyError> {
        let place = (raw.location, raw.offset);
        let effect = raw.effect.ok_or(PolicyError {
            kind: PolicyErrorKind::MissingElement {
                element: Element::Effect,
            },
            location: raw.location,
            offset: raw.offset,
        })?;
        let effect = match &*effect.text {
            "Allow" => Effect::Allow,
            "Deny" => Effect::Deny,
            other => {
                let found = Snippet::new(other);
                return Err(effect.refuse(PolicyErrorKind::InvalidEffect { found }));
            }
        };
        let (actions, not_action) = either(
            &place,
            (raw.action, Element::Action),
            (raw.not_action, Element::NotAction),
        )?;
        let (resources, not_resource) = either(
            &place,
            (raw.resource, Element::Resource),
            (raw.not_resource, Element::NotResource),
        )?;
        let mut named = ActionSet::default();
        for action in &actions {
            named = named.union(self.action(action)?);
        }
        let resources: Result<Vec<Resource>, PolicyError> = resources
            .into_iter()
            .map(|text| self.resource(text))
            .collect();
        let mut conditions = Vec::new();
        let mut seen = BTreeSet::new();
        for condition in raw.condition.into_iter().flatten() {
            conditions.extend(self.condition(condition, &mut seen)?);
        }
        if let Some(sid) = &raw.sid
            && !self.sids.insert(sid.text.clone().into_owned())
        {
            let found = Snippet::new(&sid.text);
            self.warn(sid.location, WarningKind::DuplicateSid { sid: found });
        }
        Ok(Statement {
            sid: raw.sid.map(|text| text.text.into_owned()),
            effect,
            not_action,
            action_set: if not_action {
                named.complement()
            } else {
                named
            },
            actions: actions
                .into_iter()
                .map(|text| text.text.into_owned())
                .collect(),
            not_resource,
            resources: resources?,
            conditions,
        })
    }

    /// `*`, or a service, a colon and a name, which may hold wildcards.
    fn action(&mut self, text: &Text<'_>) -> Result<ActionSet, PolicyError> {
        let name = &*text.text;
        let part = |part: &str, wildcards: &[u8]| {
            !part.is_empty()
                && part.bytes().all(|byte| {
                    byte.is_ascii_alphanumeric() || byte == b'-' || wildcards.contains(&byte)
                })
        };
        let valid = name == "*"
            || name
                .split_once(':')
                .is_some_and(|(service, action)| part(service, b"") && part(action, b"*?"));
        if !valid {
            let found = Snippet::new(name);
            return Err(text.refuse(PolicyErrorKind::InvalidAction { found }));
        }
        let actions = ActionSet::of_pattern(name);
        if actions.is_empty() {
            let name = Snippet::new(name);
            self.warn(text.location, WarningKind::UnknownAction { name });
        }
        Ok(actions)
    }

    fn template(&mut self, text: &Text<'_>, reading: Reading) -> Result<Template, PolicyError> {
        let template = Template::parse(&text.text, reading).map_err(|kind| text.refuse(kind))?;
        self.look_at_variables(text, &template);
        Ok(template)
    }

    fn look_at_variables(&mut self, text: &Text<'_>, template: &Template) {
        let dollars = ["${", "$(*)", "$(?)", "$($)"];
        if !self.variables && dollars.iter().any(|dollar| text.text.contains(dollar)) {
            let found = Snippet::new(&text.text);
            self.warn(text.location, WarningKind::VariableIsText { found });
        }
        for variable in template.variables() {
            let name = alloc::string::ToString::to_string(&variable.key);
            if let Key::Foreign(name) = &variable.key {
                let name = Snippet::new(name);
                self.warn(text.location, WarningKind::ForeignKey { name });
            } else if variable.key.is_never_resolved() {
                let name = Snippet::new(&name);
                self.warn(text.location, WarningKind::NeverResolved { name });
            }
        }
    }

    /// `*`, or an ARN: six parts with wildcards, and variables in the last.
    fn resource(&mut self, text: Text<'_>) -> Result<Resource, PolicyError> {
        let reading = Reading {
            wildcards: true,
            variables: self.variables,
        };
        let template = self.template(&text, reading)?;
        let found = Snippet::new(&text.text);
        let may_be_arn = match template.tokens.first() {
            Some(Token::Star) => true,
            Some(Token::Text(start)) => start.starts_with("arn:"),
            Some(Token::One | Token::Variable(_)) | None => false,
        };
        if !may_be_arn {
            return Err(text.refuse(PolicyErrorKind::InvalidResource { found }));
        }
        let items = template.items(|_| Item::Slot(0));
        let parts: Vec<&[Item]> = items.splitn(6, |item| *item == Item::Char(':')).collect();
        if let [fixed @ .., _] = parts.as_slice()
            && fixed.iter().any(|part| part.contains(&Item::Slot(0)))
        {
            return Err(text.refuse(PolicyErrorKind::VariableNotAllowed { found }));
        }
        // IAM: "the resource vendor must be fully qualified and cannot contain regexes". The last of too few parts may
        // be a `*` that stands for the service too.
        if let [_, _, service, _, ..] = parts.as_slice()
            && (service.contains(&Item::Star) || service.contains(&Item::One))
        {
            return Err(text.refuse(PolicyErrorKind::WildcardNotAllowed { found }));
        }
        if parts.len() < 6 && items != [Item::Star] {
            if template.variables().next().is_some() {
                return Err(text.refuse(PolicyErrorKind::VariableNotAllowed { found }));
            }
            self.warn(text.location, WarningKind::ShortArn { found });
        }
        Ok(Resource {
            text: text.text.into_owned(),
            template,
        })
    }

    /// One operator with one key; `seen` are those of the statement so far. Two spellings of a key are one name: both
    /// entries would have to hold, and whoever wrote them meant either.
    fn condition(
        &mut self,
        raw: RawCondition<'_>,
        seen: &mut BTreeSet<(Operator, Key)>,
    ) -> Result<Option<Condition>, PolicyError> {
        let Some((name, values)) = raw.entry else {
            self.warn(raw.location, WarningKind::EmptyCondition);
            return Ok(None);
        };
        let operator = raw.operator;
        let key = Key::parse(&name.text).ok_or_else(|| {
            let key = Snippet::new(&name.text);
            name.refuse(PolicyErrorKind::UnknownKey { name: key })
        })?;
        if !seen.insert((operator, key.folded())) {
            let key = Snippet::new(&name.text);
            return Err(name.refuse(PolicyErrorKind::DuplicateName { name: key }));
        }
        match Fit::of(&key, operator.test.family()) {
            Fit::Yes => {}
            Fit::Hardly(expected) => {
                self.warn(raw.location, WarningKind::OperatorDoesNotFit { expected });
            }
            Fit::No(expected) => {
                return Err(name.refuse(PolicyErrorKind::OperatorNotForKey { expected }));
            }
        }
        if Key::is_alias(&name.text) {
            self.warn(raw.location, WarningKind::Alias { name: SOURCE_IP });
        }
        if let Key::Foreign(foreign) = &key {
            let name = Snippet::new(foreign);
            self.warn(raw.location, WarningKind::ForeignKey { name });
        }
        if key.is_list() && operator.set == SetOperator::None && operator.test != Test::Null {
            self.warn(raw.location, WarningKind::NoSetOperator);
        }
        let mut operands = Operands::new(operator.test);
        let texts = values.iter().map(|value| (*value.text).into()).collect();
        for value in &values {
            operands
                .push(operator.test, &value.text, self.variables)
                .map_err(|kind| value.refuse(kind))?;
            if let Operands::Texts(templates) = &operands
                && let Some(template) = templates.last()
            {
                self.look_at_variables(value, template);
            }
        }
        // `ForAllValues` with an empty list says that the key must have no values, and is in the developer guide.
        if operands.is_empty() && operator.set != SetOperator::ForAllValues {
            self.warn(raw.location, WarningKind::NoOperands);
        }
        Ok(Some(Condition {
            operator,
            key,
            operands,
            texts,
        }))
    }
}
