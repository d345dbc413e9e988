use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use super::PolicySet;
use crate::condition::{Condition, Facts};
use crate::context::ConnectionContext;
use crate::document::{Effect, Statement};
use crate::key::Key;
use crate::pattern::Slots;
use crate::template::{Resolved, Variable};

/// What of a set depends on the connection.
#[derive(Clone, Debug)]
pub(crate) struct Resolution {
    /// A bit for each statement: it may apply to requests of this connection.
    alive: Box<[u64]>,
    text: Box<str>,
    ranges: Box<[Option<(u32, u32)>]>,
}

impl Resolution {
    pub(super) fn is_alive(&self, statement: u32) -> bool {
        let word = usize::try_from(statement >> 6).unwrap_or(usize::MAX);
        self.alive
            .get(word)
            .is_some_and(|word| (word >> (statement & 63)) & 1 == 1)
    }

    pub(super) fn slots(&self) -> Slots<'_> {
        Slots {
            text: &self.text,
            ranges: &self.ranges,
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.alive)
            .saturating_add(self.text.len())
            .saturating_add(size_of_val(&*self.ranges))
    }
}

impl PolicySet {
    pub(crate) fn resolve(&self, context: &ConnectionContext) -> Resolution {
        let mut alive = Vec::new();
        for chunk in self.statements.chunks(64) {
            let mut word = 0_u64;
            for (bit, compiled) in chunk.iter().enumerate() {
                let may_apply = self
                    .statement(compiled.at)
                    .is_some_and(|statement| self.may_apply(statement, context));
                word |= u64::from(may_apply) << (bit & 63);
            }
            alive.push(word);
        }
        let mut text = String::new();
        let mut ranges = Vec::with_capacity(self.variables.len());
        // A value is kept once: a set may name one variable in many ways.
        let mut kept: BTreeMap<Cow<'_, str>, (u32, u32)> = BTreeMap::new();
        for variable in &self.variables {
            let range = self.value(variable, context).and_then(|value| {
                if let Some(range) = kept.get(&value) {
                    return Some(*range);
                }
                let start = u32::try_from(text.len()).ok()?;
                text.push_str(&value);
                let range = (start, u32::try_from(text.len()).ok()?);
                kept.insert(value, range);
                Some(range)
            });
            ranges.push(range);
        }
        Resolution {
            alive: alive.into(),
            text: text.into(),
            ranges: ranges.into(),
        }
    }

    /// The value of a variable; nothing if it is unresolved.
    pub(crate) fn value<'a>(
        &self,
        variable: &'a Variable,
        context: &'a ConnectionContext,
    ) -> Option<Cow<'a, str>> {
        variable.resolve(|key| context.resolve(key, &self.scope, self.substitution))
    }

    /// What a variable stands for, its default left aside.
    pub(crate) fn resolution_of<'a>(
        &self,
        variable: &Variable,
        context: &'a ConnectionContext,
    ) -> Resolved<'a> {
        context.resolve(&variable.key, &self.scope, self.substitution)
    }

    /// Whether the conditions hold that do not change while the connection lasts.
    fn may_apply(&self, statement: &Statement, context: &ConnectionContext) -> bool {
        let conditions = statement
            .conditions
            .iter()
            .filter(|condition| !condition.key.is_time())
            .all(|condition| self.holds(statement, condition, context));
        conditions && self.unresolved_exception(statement, context).is_none()
    }

    pub(crate) fn holds(
        &self,
        statement: &Statement,
        condition: &Condition,
        context: &ConnectionContext,
    ) -> bool {
        condition.holds(Facts {
            values: context.values(&condition.key, &self.scope),
            variable: |key: &Key| context.resolve(key, &self.scope, self.substitution),
            denies: match statement.effect {
                Effect::Deny => true,
                Effect::Allow => false,
            },
        })
    }

    /// A variable that keeps an `Allow` with `NotResource` from applying: an exception that cannot be told matches
    /// nothing, and everything would be allowed but for nothing.
    pub(crate) fn unresolved_exception<'a>(
        &self,
        statement: &'a Statement,
        context: &'a ConnectionContext,
    ) -> Option<&'a Variable> {
        match (statement.effect, statement.not_resource) {
            (Effect::Allow, true) => statement
                .resources
                .iter()
                .flat_map(|resource| resource.template.variables())
                .find(|variable| self.value(variable, context).is_none()),
            (Effect::Allow, false) | (Effect::Deny, true | false) => None,
        }
    }
}
