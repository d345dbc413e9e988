//! The policy language once more, as plainly as it can be said and without thought for time: the oracle. It shares
//! nothing with the crate: documents are `serde_json` values, names are looked up as text, patterns are matched by a
//! table of all places, Base64 is read bit by bit.

mod conditions;
mod matching;
pub mod values;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use conditions::conditions;
use matching::{Sign, expand, fits, signs};

/// What is known of a connection.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub client_id: Option<String>,
    /// `mqtt`, `websocket` or `http`.
    pub transport: &'static str,
    /// The first parts of the ARNs of requests, up to the account.
    pub scope: [&'static str; 5],
    pub source_ip: Option<IpAddr>,
    pub domain_name: Option<String>,
    pub thing: Option<ThingOf>,
    pub certificate: Option<CertificateOf>,
    pub connect_attributes: Vec<String>,
    pub last_will_topic: Option<String>,
    /// The VPC, its endpoint, and the address in it.
    pub vpc: Option<(String, String, IpAddr)>,
    pub cognito: Option<CognitoOf>,
    pub now: i64,
    /// No value with `*?+#$` is substituted, whatever it comes from.
    pub strict: bool,
}

#[derive(Clone, Debug, Default)]
pub struct ThingOf {
    pub name: String,
    pub thing_type: Option<String>,
    pub attributes: BTreeMap<String, String>,
    pub attached: bool,
}

#[derive(Clone, Debug, Default)]
pub struct CertificateOf {
    pub id: String,
    pub serial_number: Option<String>,
    /// By name, `Subject.CommonName` and so on.
    pub names: BTreeMap<String, Vec<String>>,
}

#[derive(Clone, Debug, Default)]
pub struct CognitoOf {
    pub sub: String,
    pub aud: String,
    pub amr: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Allow,
    ExplicitDeny,
    ImplicitDeny,
}

/// The scope of most requests.
pub const SCOPE: [&str; 5] = ["arn", "aws", "iot", "us-east-1", "123456789012"];

fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::Array(list) => list.iter().flat_map(strings).collect(),
        Value::String(text) => vec![text.clone()],
        other => vec![other.to_string()],
    }
}

/// Decides an action on a resource, which is an ARN or `*`; and says which statement of which policy decided.
pub fn decide(
    policies: &[Value],
    world: &World,
    action: &str,
    resource: &str,
) -> (Outcome, Option<(usize, usize)>) {
    let mut allowed = None;
    for (place, policy) in policies.iter().enumerate() {
        let new = policy.get("Version").and_then(Value::as_str) == Some("2012-10-17");
        for (index, statement) in statements(policy).into_iter().enumerate() {
            if applies(statement, new, world, action, resource) {
                let by = Some((place, index));
                if statement["Effect"] == "Deny" {
                    return (Outcome::ExplicitDeny, by);
                }
                allowed = allowed.or(by);
            }
        }
    }
    let outcome = if allowed.is_some() {
        Outcome::Allow
    } else {
        Outcome::ImplicitDeny
    };
    (outcome, allowed)
}

/// The statements of a policy.
pub fn statements(policy: &Value) -> Vec<&Value> {
    match &policy["Statement"] {
        Value::Array(list) => list.iter().collect(),
        one => vec![one],
    }
}

fn applies(statement: &Value, new: bool, world: &World, action: &str, resource: &str) -> bool {
    let denies = statement["Effect"] == "Deny";
    let named = |element: &str| statement.get(element).map(strings);
    let is_action = |patterns: Vec<String>| {
        patterns.iter().any(|pattern| {
            let pattern = pattern.to_lowercase();
            fits(&signs(&pattern, true), &action.to_lowercase())
        })
    };
    let action_fits = match (named("Action"), named("NotAction")) {
        (Some(list), _) => is_action(list),
        (None, list) => !is_action(list.unwrap_or_default()),
    };
    if !action_fits {
        return false;
    }
    let resource_fits = match (named("Resource"), named("NotResource")) {
        (Some(list), _) => list.iter().any(|text| {
            expand(text, new, true, world)
                .is_some_and(|pattern| is_resource(&pattern, resource, denies))
        }),
        (None, list) => {
            let patterns: Vec<Option<Vec<Sign>>> = list
                .unwrap_or_default()
                .iter()
                .map(|text| expand(text, new, true, world))
                .collect();
            // What is not known grants nothing.
            if !denies && patterns.contains(&None) {
                return false;
            }
            !patterns
                .iter()
                .flatten()
                .any(|pattern| is_resource(pattern, resource, !denies))
        }
    };
    resource_fits && conditions(statement, new, denies, world)
}

/// Six parts are matched one by one. Fewer are one text where a match takes something away; where it grants, their last
/// star stands for the parts that are missing.
fn is_resource(pattern: &[Sign], resource: &str, takes: bool) -> bool {
    let parts: Vec<&[Sign]> = pattern.splitn(6, |sign| *sign == Sign::Is(':')).collect();
    if parts.len() < 6 && takes {
        return fits(pattern, resource);
    }
    if pattern.iter().all(|sign| *sign == Sign::Many) {
        return true;
    }
    let texts: Vec<&str> = resource.splitn(6, ':').collect();
    texts.len() == 6
        && (parts.len() == 6 || pattern.last() == Some(&Sign::Many))
        && parts
            .iter()
            .zip(texts)
            .all(|(pattern, text)| fits(pattern, text))
}
