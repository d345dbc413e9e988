//! The same policy in Cedar.

use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request, RestrictedExpression,
};

use super::data::{Asked, THING};

/// One Cedar policy for each statement.
const POLICIES: &str = r#"
permit(principal, action == Action::"Connect", resource)
when { context.owner == principal.name && principal.attached };
permit(principal, action == Action::"Publish", resource)
when { context.owner == principal.name
    && (context.area == "dt/"
        || context.area == "$aws/things/" && (context.rest like "/shadow/*" || context.rest like "/jobs/*")) };
permit(principal, action == Action::"RetainPublish", resource)
when { context.owner == principal.name && context.area == "dt/" && context.rest == "/state" };
permit(principal, action == Action::"Subscribe", resource)
when { context.owner == principal.name && ["cmd/", "$aws/things/"].contains(context.area) };
permit(principal, action == Action::"Receive", resource)
when { context.owner == principal.name && ["cmd/", "$aws/things/"].contains(context.area) };
permit(principal, action == Action::"Receive", resource)
when { context.topic like "broadcast/*" && principal.type == "sensor" };
forbid(principal, action in [Action::"Publish", Action::"Receive"], resource)
when { context.topic like "*/admin/*" };
forbid(principal, action, resource)
unless { principal.sourceIp.isInRange(ip("192.0.2.0/24")) };
"#;

pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    entities: Entities,
    requests: Vec<Request>,
}

impl Cedar {
    pub fn new(asked: &[Asked]) -> Self {
        let uid = |text: String| EntityUid::from_str(&text).expect("the text is an entity");
        let device = serde_json::json!([{
            "uid": {"type": "Device", "id": THING},
            "attrs": {
                "name": THING,
                "type": "sensor",
                "attached": true,
                "sourceIp": {"__extn": {"fn": "ip", "arg": "192.0.2.10"}},
            },
            "parents": [],
        }]);
        let requests = asked.iter().map(|asked| {
            let text = |text: String| RestrictedExpression::new_string(text);
            let context = Context::from_pairs([
                ("topic".to_owned(), text(asked.name())),
                ("area".to_owned(), text(asked.area.to_owned())),
                ("owner".to_owned(), text(asked.owner.to_owned())),
                ("rest".to_owned(), text(asked.rest.to_owned())),
            ]);
            Request::new(
                uid(format!("Device::\"{THING}\"")),
                uid(format!("Action::\"{}\"", asked.action)),
                uid("Topic::\"any\"".to_owned()),
                context.expect("the names are different"),
                None,
            )
            .expect("without a schema every request is valid")
        });
        Self {
            authorizer: Authorizer::new(),
            policies: POLICIES.parse().expect("the constant is Cedar"),
            entities: Entities::from_json_value(device, None).expect("the value is entities"),
            requests: requests.collect(),
        }
    }

    pub fn decide_all(&self) -> u64 {
        let mut allowed = 0;
        for request in std::hint::black_box(&self.requests) {
            let response = self
                .authorizer
                .is_authorized(request, &self.policies, &self.entities);
            allowed = allowed * 2 + u64::from(response.decision() == Decision::Allow);
        }
        allowed
    }
}
