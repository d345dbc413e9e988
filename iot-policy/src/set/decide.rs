use alloc::format;

use super::compile::head_of;
use super::{Compiled, Entry, PolicySet, Resolution, Resources};
use crate::action::ResourceType;
use crate::decision::Decision;
use crate::request::{Request, Target};

/// The longest name of a named shadow's resource that is put together on the stack.
const ON_STACK: usize = 256;

impl PolicySet {
    pub(crate) fn decide(
        &self,
        resolution: &Resolution,
        request: &Request<'_>,
        now: i64,
    ) -> Decision {
        let decision = self.decide_target(resolution, request.target(), now);
        match request.second_target() {
            Some(second) if decision.is_allowed() => self.decide_target(resolution, second, now),
            Some(_) | None => decision,
        }
    }

    /// Decides one action on one resource.
    fn decide_target(&self, resolution: &Resolution, target: Target<'_>, now: i64) -> Decision {
        match target.shadow {
            None => self.evaluate(resolution, target, now),
            Some(shadow) => with_joined(target.name, shadow, |name| {
                let target = Target {
                    name,
                    shadow: None,
                    ..target
                };
                self.evaluate(resolution, target, now)
            }),
        }
    }

    /// Explicit deny before allow before default deny.
    fn evaluate(&self, resolution: &Resolution, target: Target<'_>, now: i64) -> Decision {
        let action = target.action;
        let Some(fitting) = self.by_action.get(action.index()) else {
            return Decision::ImplicitDeny { action };
        };
        // The heads are those of the type of resource that the action is asked for on.
        let head = head_of(target.name.as_bytes());
        let natural = target.kind == target.action.resource_type();
        let first = |list: &[Entry]| {
            list.iter().find_map(|entry| {
                if natural && head & entry.mask != entry.head
                    || !resolution.is_alive(entry.statement)
                {
                    return None;
                }
                let statement = self
                    .statements
                    .get(usize::try_from(entry.statement).ok()?)?;
                statement
                    .applies(resolution, target, now)
                    .then_some(statement.at)
            })
        };
        match first(&fitting.deny) {
            Some(by) => Decision::ExplicitDeny { action, by },
            None => {
                first(&fitting.allow).map_or(Decision::ImplicitDeny { action }, Decision::Allow)
            }
        }
    }

    /// Whether a statement that names the action applies, its conditions but those of time being true.
    pub(crate) fn matches_resource(
        &self,
        index: usize,
        resolution: &Resolution,
        target: Target<'_>,
    ) -> bool {
        self.statements
            .get(index)
            .is_some_and(|statement| statement.matches_joined(resolution, target))
    }
}

/// Calls `use_it` with `thing/shadow`.
fn with_joined<T>(thing: &str, shadow: &str, use_it: impl FnOnce(&str) -> T) -> T {
    let mut buffer = [0_u8; ON_STACK];
    let length = thing.len().saturating_add(1).saturating_add(shadow.len());
    if let Some(room) = buffer.get_mut(..length) {
        let bytes = thing.bytes().chain([b'/']).chain(shadow.bytes());
        for (to, from) in room.iter_mut().zip(bytes) {
            *to = from;
        }
        if let Ok(name) = core::str::from_utf8(room) {
            return use_it(name);
        }
    }
    use_it(&format!("{thing}/{shadow}"))
}

impl Compiled {
    fn applies(&self, resolution: &Resolution, target: Target<'_>, now: i64) -> bool {
        self.matches(resolution, target)
            && self.timed.iter().all(|condition| condition.holds_at(now))
    }

    fn matches_joined(&self, resolution: &Resolution, target: Target<'_>) -> bool {
        match target.shadow {
            None => self.matches(resolution, target),
            Some(shadow) => with_joined(target.name, shadow, |name| {
                self.matches(resolution, Target { name, ..target })
            }),
        }
    }

    /// Whether the resource is one of `Resource`, or none of `NotResource`.
    fn matches(&self, resolution: &Resolution, target: Target<'_>) -> bool {
        let named = match target.kind {
            ResourceType::All => self.all,
            ResourceType::Client
            | ResourceType::Topic
            | ResourceType::TopicFilter
            | ResourceType::Thing
            | ResourceType::RoleAlias => self
                .resources
                .get(target.kind.index())
                .is_some_and(|resources| resources.contain(resolution, target.name)),
        };
        named != self.not_resource
    }
}

impl Resources {
    fn contain(&self, resolution: &Resolution, name: &str) -> bool {
        let slots = resolution.slots();
        self.all
            || self.globs.iter().any(|glob| glob.matches(name, &slots))
            || self.late.iter().any(|late| late.matches(name, &slots))
    }
}
