use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Compiled, Entry, Fitting, Late, PolicySet, Resources};
use crate::action::{Action, ResourceType};
use crate::context::Substitution;
use crate::decision::StatementRef;
use crate::document::{Effect, Policy, Statement};
use crate::pattern::{Glob, Residuals, Slots, residuals};
use crate::scope::Scope;
use crate::template::{Item, Variable};

pub(super) fn compile(
    policies: Vec<(String, Policy)>,
    scope: Scope,
    substitution: Substitution,
) -> PolicySet {
    let mut compiler = Compiler {
        scope: &scope,
        variables: Vec::new(),
        late: Vec::new(),
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
    let (variables, late) = (compiler.variables.into(), compiler.late.into());
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
        late,
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
    variables: Vec<Variable>,
    late: Vec<Late>,
}

/// The patterns of one statement while they are collected.
#[derive(Default)]
struct Collected {
    all: bool,
    globs: Vec<Glob>,
    late: Vec<u32>,
}

impl Compiler<'_> {
    fn statement(&mut self, at: StatementRef, statement: &Statement) -> Compiled {
        let mut collected: [Collected; ResourceType::NAMED.len()] = Default::default();
        let mut all = false;
        for resource in &statement.resources {
            let items = resource.template.items(|variable| self.slot(variable));
            all |= Glob::new(&items).matches(ResourceType::All.prefix(), &Slots::NONE);
            if let Some((items, beginning)) = self.scope.named(&items) {
                for (kind, collected) in ResourceType::NAMED.into_iter().zip(&mut collected) {
                    self.resource(items, &beginning, kind, collected);
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

    /// A place for the value of a variable.
    fn slot(&mut self, variable: &Variable) -> Item {
        let known = self.variables.iter().position(|one| one == variable);
        let slot = known.unwrap_or_else(|| {
            self.variables.push(variable.clone());
            self.variables.len().saturating_sub(1)
        });
        // A slot beyond the last one is unresolved, and matches nothing.
        Item::Slot(u16::try_from(slot).unwrap_or(u16::MAX))
    }

    fn resource(
        &mut self,
        items: &[Item],
        beginning: &str,
        kind: ResourceType,
        collected: &mut Collected,
    ) {
        let mut whole = String::from(beginning);
        whole.push_str(kind.prefix());
        match residuals(items, &whole) {
            // Only patterns of six parts have variables, and their beginning is the type alone.
            Residuals::Late => self.late(items.to_vec(), kind.prefix(), collected),
            Residuals::Known(known) => {
                for items in known {
                    if Glob::takes_slots(&items) {
                        let glob = Glob::new(&items);
                        collected.all |= glob.is_all();
                        collected.globs.push(glob);
                    } else {
                        self.late(items, "", collected);
                    }
                }
            }
        }
    }

    fn late(&mut self, items: Vec<Item>, beginning: &'static str, collected: &mut Collected) {
        if let Ok(index) = u32::try_from(self.late.len()) {
            self.late.push(Late { items, beginning });
            collected.late.push(index);
        }
    }
}

impl Scope {
    /// What of a pattern is about resources of this scope, and what their texts have before their type; nothing if the
    /// pattern is about another partition, region or account.
    ///
    /// Each of the first five parts of an ARN is matched by itself: a wildcard in the region reaches no further. A
    /// pattern with fewer than six parts is matched against the whole text.
    fn named<'a>(&self, items: &'a [Item]) -> Option<(&'a [Item], String)> {
        let mut parts = items.splitn(6, |item| *item == Item::Char(':'));
        let first: Vec<&[Item]> = parts.by_ref().take(5).collect();
        match parts.next() {
            None => Some((items, self.to_string())),
            Some(last) => first
                .iter()
                .zip(self.parts())
                .all(|(pattern, part)| Glob::new(pattern).matches(part, &Slots::NONE))
                .then(|| (last, String::new())),
        }
    }
}

impl PolicySet {
    /// What of a pattern is about resources of this set's scope, and what their texts have before their type.
    pub(crate) fn named<'a>(&self, items: &'a [Item]) -> Option<(&'a [Item], String)> {
        self.scope.named(items)
    }
}
