use alloc::collections::BTreeSet;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::{Finding, FindingKind, Linter, Subject};
use crate::action::{Action, ActionSet, ResourceType};
use crate::condition::{SetOperator, Test};
use crate::document::Effect;
use crate::key::Key;
use crate::pattern::{Steps, covers, wildcard_items};
use crate::template::Item;

/// Actions that matter when they are allowed on everything.
const FAR_REACHING: [Action; 9] = [
    Action::Publish,
    Action::RetainPublish,
    Action::Receive,
    Action::Subscribe,
    Action::GetRetainedMessage,
    Action::GetThingShadow,
    Action::UpdateThingShadow,
    Action::DeleteThingShadow,
    Action::AssumeRoleWithCertificate,
];

impl Linter<'_> {
    /// Grants that reach further than one device needs.
    ///
    /// Source: AWS IoT developer guide, audit check `IOT_POLICY_OVERLY_PERMISSIVE_CHECK`.
    pub(super) fn broad(&self, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        let statement = subject.statement;
        match statement.effect {
            Effect::Deny => self.conditional_deny(subject, findings),
            Effect::Allow => {
                if statement.not_action || statement.not_resource {
                    findings.push(subject.finding(FindingKind::AllowExcept));
                }
                if statement.action_set == ActionSet::default().complement() {
                    findings.push(subject.finding(FindingKind::AllActions));
                }
                if statement.action_set.contains(Action::Connect) && !statement.not_resource {
                    self.any_client(subject, findings);
                }
                self.all_resources(subject, findings);
                self.client_id_in_filter(subject, findings);
                Self::empty_sets(subject, findings);
            }
        }
    }

    fn any_client(&self, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        let any = subject.of(Action::Connect).any(|items| match items {
            [item] if self.is_client_id(item) => true,
            items => is_anything(items),
        });
        if any && !subject.wants_attached() {
            findings.push(subject.finding(FindingKind::AnyClientId));
        }
    }

    fn all_resources(&self, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        if subject.statement.not_resource {
            return;
        }
        // A thing's reserved topics, of no thing in particular.
        let others = wildcard_items("$aws/things/\u{1}/shadow/update");
        for (index, by_type) in subject.resources.iter().enumerate() {
            let broad = FAR_REACHING.into_iter().find(|action| {
                subject.statement.action_set.contains(*action)
                    && by_type
                        .iter()
                        .filter(|(kind, _)| *kind == action.resource_type())
                        .any(|(kind, items)| {
                            let plus =
                                covers_text(items, &wildcard_items("$aws/things/+/shadow/update"));
                            let filter =
                                *kind == ResourceType::TopicFilter && is_filter_of_all(items);
                            is_anything(items) || covers_text(items, &others) || plus || filter
                        })
            });
            if let Some(action) = broad {
                findings.push(subject.finding(FindingKind::AllResources {
                    action,
                    resource: subject.resource(index),
                }));
            }
        }
    }

    fn client_id_in_filter(&self, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        let statement = subject.statement;
        if !statement.action_set.contains(Action::Subscribe) || statement.not_resource {
            return;
        }
        if !self.any_id_connects {
            return;
        }
        for (index, by_type) in subject.resources.iter().enumerate() {
            let in_filter = by_type.iter().any(|(kind, items)| {
                *kind == Action::Subscribe.resource_type()
                    && items.iter().any(|item| self.is_client_id(item))
            });
            if in_filter {
                let resource = subject.resource(index);
                findings.push(subject.finding(FindingKind::ClientIdInFilter { resource }));
            }
        }
    }

    /// Whether a client may connect as `+`, as far as the policies say.
    pub(super) fn any_id_connects(&self) -> bool {
        let plus = wildcard_items("+");
        let mut connects = self
            .subjects
            .iter()
            .filter(|subject| {
                let statement = subject.statement;
                statement.effect == Effect::Allow
                    && statement.action_set.contains(Action::Connect)
                    && !statement.not_resource
                    && !subject.wants_attached()
            })
            .flat_map(|subject| subject.of(Action::Connect));
        self.is_allowed_but_for_a_list(Action::Connect)
            || connects.any(|items| {
                let own_id = match items {
                    [item] => self.is_client_id(item),
                    [] | [_, ..] => false,
                };
                own_id || covers_text(items, &plus)
            })
    }

    /// `ForAllValues` without a second condition that asks for a value.
    fn empty_sets(subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        let conditions = &subject.statement.conditions;
        let asked_for: BTreeSet<&Key> = conditions
            .iter()
            .filter(|condition| {
                condition.operator.test == Test::Null
                    || condition.operator.set == SetOperator::ForAnyValue
            })
            .map(|condition| &condition.key)
            .collect();
        for condition in conditions {
            if condition.operator.set == SetOperator::ForAllValues
                && !asked_for.contains(&condition.key)
            {
                let key = condition.key.to_string();
                findings.push(subject.finding(FindingKind::TrueWithoutValues { key }));
            }
        }
    }

    fn conditional_deny(&self, subject: &Subject<'_>, findings: &mut Vec<Finding>) {
        if subject.statement.not_resource {
            return;
        }
        let variables = subject
            .statement
            .resources
            .iter()
            .flat_map(|resource| resource.template.variables());
        for variable in variables {
            // A client always has an id where it must be connected, and a default stands where there is no value.
            let connected = subject.actions().all(|action| {
                matches!(
                    action,
                    Action::Connect | Action::Subscribe | Action::Receive
                )
            });
            let always = variable.default.is_some() || variable.key == Key::ClientId && connected;
            if !always {
                let variable = variable.key.to_string();
                findings.push(subject.finding(FindingKind::DenyNeedsVariable { variable }));
                return;
            }
        }
    }
}

/// Whether a pattern matches a text that is short and known, in time that grows with the pattern.
fn covers_text(items: &[Item], text: &[Item]) -> bool {
    covers(items, text, &Steps::new(u64::MAX))
}

/// Whether a pattern asks for no more than a length.
fn is_anything(items: &[Item]) -> bool {
    items.contains(&Item::Star)
        && items.iter().all(|item| match item {
            Item::Star | Item::One => true,
            Item::Char(_) | Item::Slot(_) => false,
        })
}

/// Whether a filter without a policy's wildcards matches every topic with enough levels, or the reserved topics of every
/// thing (MQTT 5.0 §4.7.1, MQTT 3.1.1 §4.7.1).
fn is_filter_of_all(items: &[Item]) -> bool {
    let text: Option<String> = items
        .iter()
        .map(|item| match item {
            Item::Char(character) => Some(*character),
            Item::One | Item::Star | Item::Slot(_) => None,
        })
        .collect();
    let Some(text) = text else {
        return false;
    };
    let shared = text.strip_prefix("$share/");
    let filter = shared
        .and_then(|rest| rest.split_once('/'))
        .map_or(&*text, |(_, filter)| filter);
    if let Some(levels) = filter.strip_suffix('#') {
        let mut levels = levels.split_terminator('/');
        if levels.all(|level| level == "+") {
            return true;
        }
    }
    let mut topic = ["$aws", "things", "\u{1}", "shadow", "update"].into_iter();
    for (index, level) in filter.split('/').enumerate() {
        match (level, topic.next()) {
            ("#", _) => return index > 0,
            ("+", Some(_)) if index > 0 => {}
            (level, Some(name)) if level == name => {}
            (_, Some(_) | None) => return false,
        }
    }
    topic.next().is_none()
}
