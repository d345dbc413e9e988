use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Compiled, Entry, Fitting, PolicySet, Resources};
use crate::action::{Action, ResourceType};
use crate::context::Substitution;
use crate::decision::StatementRef;
use crate::document::{Effect, Policy, Statement};
use crate::pattern::{Glob, Late, Residuals, Slots, residuals};
use crate::scope::Scope;
use crate::template::{Item, Numbered};

pub(super) fn compile(
    policies: Vec<(String, Policy)>,
    scope: Scope,
    substitution: Substitution,
) -> PolicySet {
    let mut compiler = Compiler {
        scope: &scope,
        variables: Numbered::default(),
    };
    let mut statements = Vec::new();
    let mut by_action: [(Vec<Entry>, Vec<Entry>); Action::ALL.len()] = Default::default();
    for (policy, (_, document)) in policies.iter().enumerate() {
        for (place, statement) in document.statements().iter().enumerate() {
            let (Ok(policy), Ok(place), Ok(index)) = (
                u32::try_from(policy),
                u32::try_from(place),
                u32::try_from(statements.len()),
            ) else {
                // Four thousand million statements do not fit into memory.
                continue;
            };
            let at = StatementRef {
                policy,
                statement: place,
            };
            let compiled = compiler.statement(at, statement);
            for (action, (deny, allow)) in Action::ALL.into_iter().zip(&mut by_action) {
                if statement.action_set.contains(action) {
                    let entry = Entry::new(index, &compiled, action.resource_type());
                    match statement.effect {
                        Effect::Deny => deny.push(entry),
                        Effect::Allow => allow.push(entry),
                    }
                }
            }
            statements.push(compiled);
        }
    }
    let variables = compiler.variables.into_list();
    PolicySet {
        scope,
        substitution,
        policies,
        statements: statements.into(),
        by_action: by_action.map(|(deny, allow)| Fitting {
            deny: deny.into(),
            allow: allow.into(),
        }),
        variables,
    }
}

impl Entry {
    fn new(statement: u32, compiled: &Compiled, kind: ResourceType) -> Self {
        let any = Self {
            statement,
            mask: 0,
            head: 0,
        };
        let Some(resources) = compiled.resources.get(kind.index()) else {
            return any;
        };
        if compiled.not_resource || resources.all || !resources.late.is_empty() {
            return any;
        }
        let mut beginnings = resources.globs.iter().map(Glob::beginning);
        let Some(first) = beginnings.next() else {
            return any;
        };
        let common = beginnings.fold(first, |common, other| {
            let same = common
                .iter()
                .zip(other)
                .take_while(|(one, other)| one == other);
            common.get(..same.count()).unwrap_or_default()
        });
        let ones = [0xFF; 8];
        let fixed = ones.get(..common.len()).unwrap_or(&ones);
        Self {
            statement,
            mask: head_of(fixed),
            head: head_of(common),
        }
    }
}

/// The first eight bytes, and zeros where there are fewer.
pub(super) fn head_of(text: &[u8]) -> u64 {
    match text.first_chunk::<8>() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => text
            .iter()
            .rev()
            .fold(0, |head, byte| (head << 8) | u64::from(*byte)),
    }
}

struct Compiler<'a> {
    scope: &'a Scope,
    variables: Numbered,
}

/// The patterns of one statement while they are collected.
#[derive(Default)]
struct Collected {
    all: bool,
    globs: Vec<Glob>,
    late: Vec<Late>,
}

impl Compiler<'_> {
    fn statement(&mut self, at: StatementRef, statement: &Statement) -> Compiled {
        let mut collected: [Collected; ResourceType::NAMED.len()] = Default::default();
        let mut all = false;
        for resource in &statement.resources {
            let items = resource
                .template
                .items(|variable| self.variables.slot(variable));
            let reading = ShortArn::of(statement);
            all |= match reading {
                ShortArn::Completed => *items == [Item::Star],
                ShortArn::Text => {
                    Glob::new(&items).matches(ResourceType::All.prefix(), &Slots::NONE)
                }
            };
            if let Some((items, beginning)) = self.scope.named(&items, reading) {
                for (kind, collected) in ResourceType::NAMED.into_iter().zip(&mut collected) {
                    Self::resource(items, &beginning, kind, collected);
                }
            }
        }
        let timed = statement
            .conditions
            .iter()
            .filter(|condition| condition.key.is_time())
            .cloned()
            .collect();
        Compiled {
            at,
            not_resource: statement.not_resource,
            resources: collected.map(|collected| {
                let all = collected.all;
                Resources {
                    all,
                    globs: if all { Vec::new() } else { collected.globs }.into(),
                    late: if all { Vec::new() } else { collected.late }.into(),
                }
            }),
            all,
            timed,
        }
    }

    fn resource(items: &[Item], beginning: &str, kind: ResourceType, collected: &mut Collected) {
        let mut whole = String::from(beginning);
        whole.push_str(kind.prefix());
        match residuals(items, &whole) {
            // Only patterns of six parts have variables, and their beginning is the type alone.
            Residuals::Late => collected.late.push(Late::new(items, kind.prefix())),
            Residuals::Known(known) => {
                for items in known {
                    if Glob::takes_slots(&items) {
                        let glob = Glob::new(&items);
                        collected.all |= glob.is_all();
                        collected.globs.push(glob);
                    } else {
                        collected.late.push(Late::new(&items, ""));
                    }
                }
            }
        }
    }
}

/// What a pattern with fewer than the six parts of an ARN means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShortArn {
    /// The parts that it has, if it ends with `*`, which then stands for all other parts too; else nothing.
    Completed,
    /// One text, in which `*` reaches across colons.
    Text,
}

impl ShortArn {
    /// The reading that grants less: one text is the wider one.
    pub(crate) fn of(statement: &Statement) -> Self {
        match (statement.effect, statement.not_resource) {
            (Effect::Allow, false) | (Effect::Deny, true) => Self::Completed,
            (Effect::Allow, true) | (Effect::Deny, false) => Self::Text,
        }
    }
}

impl Scope {
    /// What of a pattern is about resources of this scope, and what their texts have before their type; nothing if the
    /// pattern is about another partition, region or account.
    ///
    /// Each of the first five parts of an ARN is matched by itself: a wildcard in the region reaches no further.
    fn named<'a>(&self, items: &'a [Item], short: ShortArn) -> Option<(&'a [Item], String)> {
        let mut parts = items.splitn(6, |item| *item == Item::Char(':'));
        let first: Vec<&[Item]> = parts.by_ref().take(5).collect();
        let last = match (parts.next(), short) {
            (Some(last), _) => last,
            (None, ShortArn::Text) => return Some((items, self.to_string())),
            (None, ShortArn::Completed) => items
                .last()
                .filter(|item| **item == Item::Star)
                .map(core::slice::from_ref)?,
        };
        first
            .iter()
            .zip(self.parts())
            .all(|(pattern, part)| Glob::new(pattern).matches(part, &Slots::NONE))
            .then(|| (last, String::new()))
    }
}

impl PolicySet {
    /// What of a pattern is about resources of this set's scope, and what their texts have before their type.
    pub(crate) fn named<'a>(
        &self,
        items: &'a [Item],
        short: ShortArn,
    ) -> Option<(&'a [Item], String)> {
        self.scope.named(items, short)
    }
}
