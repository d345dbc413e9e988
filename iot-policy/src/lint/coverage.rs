use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use super::{Finding, FindingKind, Linter, Subject};
use crate::action::{Action, ResourceType};
use crate::condition::Condition;
use crate::document::Effect;
use crate::key::Key;
use crate::template::Item;

impl Linter<'_> {
    /// Statements whose actions and resources, or which among each other, do not fit together.
    pub(super) fn coverage(&self, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        match subject.statement.effect {
            Effect::Deny => self.receive_not_denied(subject, findings),
            Effect::Allow => {
                self.all_denied(subject, findings);
                self.nothing_to_receive(subject, findings);
                self.retain_without_publish(subject, findings);
            }
        }
    }

    /// Whether a resource can match what one of the actions is asked for on.
    fn can_match(subject: &Subject<'_>, index: usize) -> bool {
        let Some(by_type) = subject.resources.get(index) else {
            return false;
        };
        let everything = subject
            .statement
            .resources
            .get(index)
            .is_some_and(|resource| resource.text == "*");
        if Self::never_resolves(subject, index) {
            return false;
        }
        subject
            .actions()
            .any(|action| match action.resource_type() {
                ResourceType::All => everything,
                kind @ (ResourceType::Client
                | ResourceType::Topic
                | ResourceType::TopicFilter
                | ResourceType::Thing
                | ResourceType::RoleAlias) => by_type
                    .iter()
                    .filter(|(other, _)| *other == kind)
                    // A topic name holds no `+` and no `#` (MQTT 5.0 §4.7.1 [MQTT-4.7.0-1], MQTT 3.1.1 §4.7.1
                    // [MQTT-4.7.1-1]).
                    .any(|(_, items)| kind != ResourceType::Topic || !holds_mqtt_wildcard(items)),
            })
    }

    /// Whether a resource has a variable that stands for nothing on any connection.
    fn never_resolves(subject: &Subject<'_>, index: usize) -> bool {
        let resource = subject.statement.resources.get(index);
        resource.is_some_and(|resource| {
            let mut variables = resource.template.variables();
            variables.any(|variable| variable.default.is_none() && variable.key.is_never_resolved())
        })
    }

    /// Whether the conditions want a value of a key that has none, or that they want to have none.
    fn is_impossible(conditions: &[Condition]) -> bool {
        let absent: BTreeSet<&Key> = conditions
            .iter()
            .filter(|condition| condition.needs_absence())
            .map(|condition| &condition.key)
            .collect();
        conditions.iter().any(|condition| {
            condition.needs_value()
                && (matches!(condition.key, Key::Foreign(_)) || absent.contains(&condition.key))
        })
    }

    /// What of a statement never applies.
    pub(super) fn never(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        let statement = subject.statement;
        if statement.action_set.is_empty() || Self::is_impossible(&statement.conditions) {
            findings.push(subject.finding(FindingKind::NeverApplies));
            return;
        }
        let idle: Vec<usize> = (0..statement.resources.len())
            .filter(|index| !Self::can_match(subject, *index))
            .collect();
        if idle.len() == statement.resources.len() && !statement.not_resource {
            findings.push(subject.finding(FindingKind::NeverApplies));
            return;
        }
        for index in idle {
            let resource = subject.resource(index);
            findings.push(subject.finding(FindingKind::ResourceNeverMatches { resource }));
        }
    }

    /// An unconditional `Deny` that covers every action and resource.
    fn all_denied(&self, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        let statement = subject.statement;
        if statement.not_resource {
            return;
        }
        let within = |other: &&Subject<'_>| self.steps.take(other.cost());
        let by = self.subjects.iter().take_while(within).find(|other| {
            let deny = other.statement;
            deny.effect == Effect::Deny
                && deny.conditions.is_empty()
                && !deny.not_resource
                && subject.actions().all(|action| {
                    deny.action_set.contains(action)
                        && (action.resource_type() != ResourceType::All
                            || deny.resources.iter().any(|resource| resource.text == "*"))
                        && subject.of(action).all(|inner| {
                            self.steps.take(other.cost())
                                && other.of(action).any(|outer| self.covers(outer, inner))
                        })
                })
        });
        if let Some(other) = by {
            findings.push(subject.finding(FindingKind::AllDenied {
                by: other.at,
                title: other.title.clone(),
            }));
        }
    }

    /// Whether topics that match may be received: allowed, and not denied altogether.
    fn may_receive(&self, topics: &[Item]) -> bool {
        let allowed = self.is_allowed_but_for_a_list(Action::Receive)
            || self
                .patterns(Effect::Allow, Action::Receive)
                .any(|(_, allowed)| self.meet(allowed, topics));
        let denied = self
            .patterns(Effect::Deny, Action::Receive)
            .any(|(other, denied)| {
                other.statement.conditions.is_empty() && self.covers(denied, topics)
            });
        allowed && !denied
    }

    fn receive_not_denied(&self, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        let statement = subject.statement;
        if !statement.action_set.contains(Action::Subscribe) || statement.not_resource {
            return;
        }
        for (index, by_type) in subject.resources.iter().enumerate() {
            let open = by_type
                .iter()
                .filter(|(kind, _)| *kind == ResourceType::TopicFilter)
                .any(|(_, filter)| {
                    let topics = topics_of(filter);
                    // A filter that is allowed, not denied here, and may hold these topics.
                    let wider =
                        self.patterns(Effect::Allow, Action::Subscribe)
                            .any(|(_, allowed)| {
                                self.steps.take(allowed.len())
                                    && self.meet(&topics_of(allowed), &topics)
                                    && !self.covers(filter, allowed)
                            })
                            || self.is_allowed_but_for_a_list(Action::Subscribe);
                    wider && self.may_receive(&topics)
                });
            if open {
                let resource = subject.resource(index);
                findings.push(subject.finding(FindingKind::ReceiveNotDenied { resource }));
            }
        }
    }

    fn nothing_to_receive(&self, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        let statement = subject.statement;
        if !statement.action_set.contains(Action::Subscribe) || statement.not_resource {
            return;
        }
        for (index, by_type) in subject.resources.iter().enumerate() {
            let mut filters = by_type
                .iter()
                .filter(|(kind, _)| *kind == ResourceType::TopicFilter)
                .peekable();
            if filters.peek().is_some()
                && filters.all(|(_, filter)| !self.may_receive(&topics_of(filter)))
            {
                let resource = subject.resource(index);
                findings.push(subject.finding(FindingKind::NothingToReceive { resource }));
            }
        }
    }

    fn retain_without_publish(&self, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        let statement = subject.statement;
        let retain = Action::RetainPublish;
        if !statement.action_set.contains(retain) || statement.not_resource {
            return;
        }
        let published = self.is_allowed_but_for_a_list(Action::Publish)
            || subject.of(retain).all(|topics| {
                self.patterns(Effect::Allow, Action::Publish)
                    .any(|(_, allowed)| self.meet(allowed, topics))
            });
        if !published {
            findings.push(subject.finding(FindingKind::RetainWithoutPublish));
        }
    }
}

fn holds_mqtt_wildcard(items: &[Item]) -> bool {
    items.contains(&Item::Char('+')) || items.contains(&Item::Char('#'))
}

/// The topics that filters of a pattern may match, and a few more: `+` and `#` as any text, and so also what `*` and `?`
/// may stand for in a filter. A shared subscription's filter stands behind its name.
fn topics_of(filter: &[Item]) -> Vec<Item> {
    let mut topics = Vec::new();
    let share: Vec<Item> = "$share/".chars().map(Item::Char).collect();
    let filter = match filter.strip_prefix(&*share) {
        Some(rest) => match rest.iter().position(|item| *item == Item::Char('/')) {
            Some(slash) => {
                let (name, filter) = rest.split_at_checked(slash).unwrap_or_default();
                // A star in the name may reach into the filter.
                if name.contains(&Item::Star) {
                    topics.push(Item::Star);
                }
                filter.get(1..).unwrap_or_default()
            }
            None => &[Item::Star],
        },
        None => filter,
    };
    topics.extend(filter.iter().map(|item| match item {
        Item::Char('+' | '#') | Item::One => Item::Star,
        Item::Char(_) | Item::Star | Item::Slot(_) => item.clone(),
    }));
    topics
}
