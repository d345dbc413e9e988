//! Requests in the gateway's words, what they need in the policy's words, and the whole answer of the oracle.

use iot_policy::{Action, Decision, Request, Resource};
use serde_json::Value;

use super::naive::{self, Outcome, World};

/// A request.
#[derive(Clone, Debug)]
pub enum Ask {
    Connect(String),
    Publish {
        topic: String,
        retain: bool,
    },
    Subscribe(String),
    Receive(String),
    GetRetainedMessage(String),
    ListRetainedMessages,
    /// One of the three actions on shadows.
    Shadow {
        action: &'static str,
        thing: String,
        shadow: Option<String>,
    },
    ListNamedShadows,
    AssumeRole(String),
    /// Any action on any resource: the last part of an ARN, or `*`.
    One {
        action: &'static str,
        resource: String,
    },
}

/// What is answered, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub outcome: Outcome,
    /// The policy and the statement that decided.
    pub by: Option<(usize, usize)>,
    /// The action that is denied.
    pub refused: Option<&'static str>,
}

impl Ask {
    /// What must be allowed, and on what: PUBLISH with RETAIN needs two actions.
    pub fn needs(&self, scope: &[&str; 5]) -> Vec<(&'static str, String)> {
        let arn = |name: &str| format!("{}:{name}", scope.join(":"));
        match self {
            Self::Connect(id) => vec![("iot:Connect", arn(&format!("client/{id}")))],
            Self::Publish { topic, retain } => {
                let topic = arn(&format!("topic/{topic}"));
                let mut needs = vec![("iot:Publish", topic.clone())];
                if *retain {
                    needs.push(("iot:RetainPublish", topic));
                }
                needs
            }
            Self::Subscribe(filter) => {
                vec![("iot:Subscribe", arn(&format!("topicfilter/{filter}")))]
            }
            Self::Receive(topic) => vec![("iot:Receive", arn(&format!("topic/{topic}")))],
            Self::GetRetainedMessage(topic) => {
                vec![("iot:GetRetainedMessage", arn(&format!("topic/{topic}")))]
            }
            Self::ListRetainedMessages => vec![("iot:ListRetainedMessages", "*".to_owned())],
            Self::Shadow {
                action,
                thing,
                shadow: None,
            } => vec![(action, arn(&format!("thing/{thing}")))],
            Self::Shadow {
                action,
                thing,
                shadow: Some(shadow),
            } => vec![(action, arn(&format!("thing/{thing}/{shadow}")))],
            Self::ListNamedShadows => vec![("iot:ListNamedShadowsForThing", "*".to_owned())],
            Self::AssumeRole(alias) => {
                let alias = arn(&format!("rolealias/{alias}"));
                vec![("iot:AssumeRoleWithCertificate", alias)]
            }
            Self::One { action, resource } if resource == "*" => vec![(action, "*".to_owned())],
            Self::One { action, resource } => vec![(action, arn(resource))],
        }
    }

    /// What the oracle says.
    pub fn verdict(&self, policies: &[Value], world: &World) -> Verdict {
        let mut last = None;
        for (action, resource) in self.needs(&world.scope) {
            let (outcome, by) = naive::decide(policies, world, action, &resource);
            let refused = (outcome != Outcome::Allow).then_some(action);
            last = Some(Verdict {
                outcome,
                by,
                refused,
            });
            if refused.is_some() {
                break;
            }
        }
        last.expect("every request needs an action")
    }

    /// The same for the crate.
    pub fn request(&self) -> Request<'_> {
        match self {
            Self::Connect(client_id) => Request::Connect { client_id },
            Self::Publish { topic, retain } => Request::Publish {
                topic,
                retain: *retain,
            },
            Self::Subscribe(filter) => Request::Subscribe { filter },
            Self::Receive(topic) => Request::Receive { topic },
            Self::GetRetainedMessage(topic) => Request::GetRetainedMessage { topic },
            Self::ListRetainedMessages => Request::ListRetainedMessages,
            Self::Shadow {
                action,
                thing,
                shadow,
            } => {
                let shadow = shadow.as_deref();
                match *action {
                    "iot:GetThingShadow" => Request::GetThingShadow { thing, shadow },
                    "iot:UpdateThingShadow" => Request::UpdateThingShadow { thing, shadow },
                    "iot:DeleteThingShadow" => Request::DeleteThingShadow { thing, shadow },
                    other => panic!("{other} is not about shadows"),
                }
            }
            Self::ListNamedShadows => Request::ListNamedShadowsForThing,
            Self::AssumeRole(role_alias) => Request::AssumeRoleWithCertificate { role_alias },
            Self::One { action, resource } => Request::One {
                action: Action::from_name(action).expect("an action"),
                resource: Resource::parse(resource).expect("a resource"),
            },
        }
    }
}

/// What the crate says, in the oracle's words.
impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        let outcome = match decision {
            Decision::Allow(_) => Outcome::Allow,
            Decision::ExplicitDeny { .. } => Outcome::ExplicitDeny,
            Decision::ImplicitDeny { .. } => Outcome::ImplicitDeny,
        };
        Self {
            outcome,
            by: decision
                .statement()
                .map(|by| (by.policy_index(), by.statement_index())),
            refused: decision.refused_action().map(Action::name),
        }
    }
}
