//! A policy as devices have it, and what a device asks for.

use std::collections::BTreeMap;

use iot_policy::{ConnectionContext, Policy, Request, Scope, Thing, Transport};

use super::naive::{SCOPE, ThingOf, World};

pub const THING: &str = "sensor-00042";

pub const DEVICE: &str = r#"{"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "iot:Connect",
     "Resource": "arn:aws:iot:us-east-1:123456789012:client/${iot:Connection.Thing.ThingName}",
     "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}},
    {"Effect": "Allow", "Action": "iot:Publish", "Resource": [
        "arn:aws:iot:us-east-1:123456789012:topic/dt/${iot:Connection.Thing.ThingName}/*",
        "arn:aws:iot:us-east-1:123456789012:topic/$aws/things/${iot:Connection.Thing.ThingName}/shadow/*",
        "arn:aws:iot:us-east-1:123456789012:topic/$aws/things/${iot:Connection.Thing.ThingName}/jobs/*"]},
    {"Effect": "Allow", "Action": "iot:RetainPublish",
     "Resource": "arn:aws:iot:us-east-1:123456789012:topic/dt/${iot:Connection.Thing.ThingName}/state"},
    {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": [
        "arn:aws:iot:us-east-1:123456789012:topicfilter/cmd/${iot:Connection.Thing.ThingName}/*",
        "arn:aws:iot:us-east-1:123456789012:topicfilter/$aws/things/${iot:Connection.Thing.ThingName}/*"]},
    {"Effect": "Allow", "Action": "iot:Receive", "Resource": [
        "arn:aws:iot:us-east-1:123456789012:topic/cmd/${iot:Connection.Thing.ThingName}/*",
        "arn:aws:iot:us-east-1:123456789012:topic/$aws/things/${iot:Connection.Thing.ThingName}/*"]},
    {"Effect": "Allow", "Action": "iot:Receive",
     "Resource": "arn:aws:iot:us-east-1:123456789012:topic/broadcast/*",
     "Condition": {"StringEquals": {"iot:Connection.Thing.ThingTypeName": "sensor"}}},
    {"Effect": "Deny", "Action": ["iot:Publish", "iot:Receive"],
     "Resource": "arn:aws:iot:us-east-1:123456789012:topic/*/admin/*"},
    {"Effect": "Deny", "Action": "iot:*", "Resource": "*",
     "Condition": {"NotIpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}
]}"#;

pub fn device_policy() -> Policy {
    Policy::parse(DEVICE.as_bytes()).expect("the constant is a policy")
}

pub fn scope() -> Scope {
    Scope::new(SCOPE[1], SCOPE[3], SCOPE[4])
}

pub fn context() -> ConnectionContext {
    ConnectionContext::new(THING, Transport::Mqtt)
        .with_source_ip("192.0.2.10".parse().expect("the constant is an address"))
        .with_thing(Thing::new(THING).with_type("sensor").attached())
}

pub fn world() -> World {
    World {
        client_id: Some(THING.to_owned()),
        transport: "mqtt",
        scope: SCOPE,
        source_ip: Some("192.0.2.10".parse().expect("the constant is an address")),
        thing: Some(ThingOf {
            name: THING.to_owned(),
            thing_type: Some("sensor".to_owned()),
            attributes: BTreeMap::new(),
            attached: true,
        }),
        ..World::default()
    }
}

/// One request: the action without `iot:`, and the topic cut where Cedar's policies compare.
pub struct Asked {
    pub action: &'static str,
    pub area: &'static str,
    pub owner: &'static str,
    pub rest: &'static str,
}

/// Twelve requests, eight of which are allowed.
pub fn requests() -> Vec<Asked> {
    let asked = |action, area, owner, rest| Asked {
        action,
        area,
        owner,
        rest,
    };
    vec![
        asked("Connect", "", THING, ""),
        asked("Publish", "dt/", THING, "/temperature"),
        asked("Publish", "$aws/things/", THING, "/shadow/update"),
        asked("Subscribe", "cmd/", THING, "/+/request"),
        asked("Subscribe", "$aws/things/", THING, "/shadow/update/delta"),
        asked("Receive", "cmd/", THING, "/reboot/request"),
        asked("Receive", "broadcast/", "all", "/firmware"),
        asked("Publish", "$aws/things/", THING, "/jobs/get"),
        asked("Publish", "dt/", "sensor-00043", "/temperature"),
        asked("Publish", "dt/", THING, "/admin/reset"),
        asked("Receive", "cmd/", "sensor-00043", "/reboot/request"),
        asked("Subscribe", "#", "", ""),
    ]
}

impl Asked {
    pub fn name(&self) -> String {
        format!("{}{}{}", self.area, self.owner, self.rest)
    }

    pub fn request(&self) -> Request<'static> {
        let name: &'static str = Box::leak(self.name().into_boxed_str());
        match self.action {
            "Connect" => Request::Connect { client_id: name },
            "Publish" => Request::Publish {
                topic: name,
                retain: false,
            },
            "Subscribe" => Request::Subscribe { filter: name },
            "Receive" => Request::Receive { topic: name },
            other => panic!("no request for {other}"),
        }
    }

    /// As the naive evaluator takes it.
    pub fn arn(&self) -> (&'static str, String) {
        let (action, kind) = match self.action {
            "Connect" => ("iot:Connect", "client"),
            "Publish" => ("iot:Publish", "topic"),
            "Subscribe" => ("iot:Subscribe", "topicfilter"),
            "Receive" => ("iot:Receive", "topic"),
            other => panic!("no ARN for {other}"),
        };
        (
            action,
            format!("{}:{kind}/{}", SCOPE.join(":"), self.name()),
        )
    }
}
