//! `policy.json`: policies, a connection, an action on a resource, and whether it is allowed.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use iot_policy::{
    Action, AlternativeName, Certificate, ConnectionContext, NameAttribute, Policy, PolicySet,
    Request, Resource, Scope, Thing, Transport,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Report, Verdict};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File<'a> {
    default_account: String,
    #[serde(borrow)]
    cases: Vec<Case<'a>>,
}

#[derive(Deserialize)]
pub(crate) struct Case<'a> {
    id: String,
    #[serde(default)]
    name: String,
    /// As they are written: what `Policy` reads is the text.
    #[serde(borrow)]
    pub(crate) policies: Vec<&'a RawValue>,
    context: Context,
    pub(crate) action: String,
    pub(crate) resource: String,
    expected: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Context {
    client_id: String,
    #[serde(default)]
    source_ip: Option<IpAddr>,
    #[serde(default)]
    domain_name: Option<String>,
    #[serde(default)]
    thing: Option<ThingOf>,
    #[serde(default)]
    certificate: Option<CertificateOf>,
    #[serde(default)]
    connect_attributes: Vec<String>,
    #[serde(default)]
    last_will_topic: Option<String>,
    transport: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThingOf {
    name: String,
    #[serde(default, rename = "type")]
    thing_type: Option<String>,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
    #[serde(default)]
    attached: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct CertificateOf {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    serial_number: Option<String>,
    #[serde(default)]
    subject: BTreeMap<String, Values>,
    #[serde(default)]
    issuer: BTreeMap<String, Values>,
    #[serde(default, alias = "subjectAltNames", alias = "subjectAlternativeName")]
    subject_alternative_names: BTreeMap<String, Values>,
    #[serde(default, alias = "issuerAltNames", alias = "issuerAlternativeName")]
    issuer_alternative_names: BTreeMap<String, Values>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    List(Vec<String>),
}

impl Values {
    fn list(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::List(values) => values,
        }
    }
}

/// The cases of a file, and the account of ARNs that name none.
pub(crate) fn cases(bytes: &[u8]) -> Result<(Vec<Case<'_>>, String), String> {
    let file: File<'_> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    Ok((file.cases, file.default_account))
}

pub(super) fn run(bytes: &[u8]) -> Result<Report, String> {
    let (cases, account) = cases(bytes)?;
    let mut report = Report::default();
    for case in &cases {
        let name = format!("{} {}", case.id, case.name);
        match decide(case, &account) {
            Ok(outcome) => report.add(name, Verdict::of(&case.expected, outcome)),
            Err(error) => report.add(
                name,
                Verdict::Failed {
                    expected: case.expected.clone(),
                    got: error,
                },
            ),
        }
    }
    Ok(report)
}

/// When the requests are made: no case has a condition on the time.
const NOW: i64 = 1_795_000_000;

fn decide(case: &Case<'_>, account: &str) -> Result<&'static str, String> {
    let action = Action::from_name(&case.action)
        .ok_or_else(|| format!("`{}`, which is no action", case.action))?;
    let (scope, resource) = target(&case.resource, account)?;
    let policies: Vec<Policy> = case
        .policies
        .iter()
        .map(|policy| Policy::parse(policy.get().as_bytes()).map_err(|error| error.to_string()))
        .collect::<Result<_, _>>()?;
    let named = policies.iter().map(|policy| ("policy", policy));
    let set = Arc::new(PolicySet::compile(named, scope));
    let context = case.context.connection()?;
    let request = Request::One { action, resource };
    let decision = set.bind(&context).decide(&request, NOW);
    let explained = set.explain(&context, &request, NOW).decision();
    if decision != explained {
        return Err(format!("{decision}, explained as {explained}"));
    }
    Ok(if decision.is_allowed() {
        "allow"
    } else {
        "deny"
    })
}

/// Where the request is made, and on what.
fn target<'a>(resource: &'a str, account: &str) -> Result<(Scope, Resource<'a>), String> {
    if resource == "*" {
        return Ok((Scope::new("aws", "us-east-1", account), Resource::All));
    }
    let parts: Vec<&str> = resource.splitn(6, ':').collect();
    let ["arn", partition, "iot", region, account, name] = parts.as_slice() else {
        return Err(format!("`{resource}`, which is no ARN of AWS IoT"));
    };
    let resource = Resource::parse(name)
        .ok_or_else(|| format!("`{name}`, which is of no type that actions are asked for on"))?;
    Ok((Scope::new(*partition, *region, *account), resource))
}

impl Context {
    fn connection(&self) -> Result<ConnectionContext, String> {
        let transport = match self.transport.as_str() {
            "mqtt" => Transport::Mqtt,
            "ws" | "websocket" | "wss" => Transport::WebSocket,
            "http" | "https" => Transport::Http,
            other => return Err(format!("`{other}`, which is no transport")),
        };
        let mut context = ConnectionContext::new(&self.client_id, transport);
        if let Some(address) = self.source_ip {
            context = context.with_source_ip(address);
        }
        if let Some(name) = &self.domain_name {
            context = context.with_domain_name(name);
        }
        if let Some(thing) = &self.thing {
            context = context.with_thing(thing.thing());
        }
        if let Some(certificate) = &self.certificate {
            context = context.with_certificate(certificate.certificate()?);
        }
        for name in &self.connect_attributes {
            context = context.with_connect_attribute(name);
        }
        if let Some(topic) = &self.last_will_topic {
            context = context.with_last_will_topic(topic);
        }
        Ok(context)
    }
}

impl ThingOf {
    fn thing(&self) -> Thing {
        let mut thing = Thing::new(&self.name);
        if let Some(name) = &self.thing_type {
            thing = thing.with_type(name);
        }
        for (name, value) in &self.attributes {
            thing = thing.with_attribute(name, value);
        }
        if self.attached {
            thing.attached()
        } else {
            thing
        }
    }
}

impl CertificateOf {
    fn certificate(&self) -> Result<Certificate, String> {
        let mut certificate = match &self.id {
            Some(id) => Certificate::new(id),
            None => Certificate::default(),
        };
        if let Some(number) = &self.serial_number {
            certificate = certificate.with_serial_number(number);
        }
        let attribute = |name: &str| {
            NameAttribute::from_name(name)
                .ok_or_else(|| format!("`{name}`, which is no attribute of a name"))
        };
        let kind = |name: &str| {
            AlternativeName::from_name(name)
                .ok_or_else(|| format!("`{name}`, which is no kind of alternative name"))
        };
        for (name, values) in &self.subject {
            for value in values.list() {
                certificate = certificate.with_subject(attribute(name)?, value);
            }
        }
        for (name, values) in &self.issuer {
            for value in values.list() {
                certificate = certificate.with_issuer(attribute(name)?, value);
            }
        }
        for (name, values) in &self.subject_alternative_names {
            for value in values.list() {
                certificate = certificate.with_subject_alternative_name(kind(name)?, value);
            }
        }
        for (name, values) in &self.issuer_alternative_names {
            for value in values.list() {
                certificate = certificate.with_issuer_alternative_name(kind(name)?, value);
            }
        }
        Ok(certificate)
    }
}
