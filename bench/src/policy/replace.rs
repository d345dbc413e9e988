//! What one would write first: statements that are read once, conditions that are judged once, and for each decision
//! variables replaced in the text of each resource, and matched with a pointer that goes back to the last `*`. It knows as
//! much of the language as the device's policy needs.

use serde_json::Value;

use super::data::THING;

struct Statement {
    denies: bool,
    actions: Vec<String>,
    resources: Vec<String>,
}

pub struct Evaluator {
    statements: Vec<Statement>,
}

impl Evaluator {
    pub fn new(document: &Value) -> Self {
        let strings = |value: &Value| match value {
            Value::Array(list) => list
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            one => one.as_str().map(str::to_owned).into_iter().collect(),
        };
        let statements = document["Statement"].as_array().expect("a list").iter();
        let applicable = statements.filter(|statement| {
            // The device is attached, is a sensor, and comes from within the network.
            statement
                .get("Condition")
                .is_none_or(|condition| condition.get("NotIpAddress").is_none())
        });
        let read = |statement: &Value| Statement {
            denies: statement["Effect"] == "Deny",
            actions: strings(&statement["Action"]),
            resources: strings(&statement["Resource"]),
        };
        Self {
            statements: applicable.map(read).collect(),
        }
    }

    pub fn decide(&self, action: &str, resource: &str) -> bool {
        let applies = |statement: &Statement| {
            statement
                .actions
                .iter()
                .any(|pattern| matches(pattern.as_bytes(), action.as_bytes()))
                && statement.resources.iter().any(|pattern| {
                    let pattern = pattern.replace("${iot:Connection.Thing.ThingName}", THING);
                    matches(pattern.as_bytes(), resource.as_bytes())
                })
        };
        let mut allowed = false;
        for statement in &self.statements {
            if applies(statement) {
                if statement.denies {
                    return false;
                }
                allowed = true;
            }
        }
        allowed
    }
}

fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                back = Some((p + 1, t));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[t] => (p, t) = (p + 1, t + 1),
            _ => match &mut back {
                Some((star, taken)) => {
                    *taken += 1;
                    (p, t) = (*star, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}
