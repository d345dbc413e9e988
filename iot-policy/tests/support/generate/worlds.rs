//! Connections, as the oracle and as the crate know them.

use std::collections::BTreeMap;

use iot_policy::{
    AlternativeName, Certificate, CognitoIdentity, ConnectionContext, NameAttribute, Scope,
    Substitution, Thing, Transport, VpcEndpoint,
};

use serde_json::Value;

use super::super::naive::{CertificateOf, CognitoOf, ThingOf, World};
use super::{Choice, aimed, scope};

const CLIENTS: &[&str] = &[
    "a", "thing1", "c1", "+", "*", "a?", "$", "é", "", "b/c", "#",
];

/// A connection that has these policies.
pub fn world(source: &mut impl Choice, documents: &[Value]) -> World {
    let transport = *source.pick(&[&"mqtt", &"mqtt", &"websocket", &"http"]);
    // Who asks over HTTP mostly has no client id.
    let nobody = source.chance(if transport == "http" { 70 } else { 5 });
    let client_id = (!nobody).then(|| source.pick(CLIENTS).to_owned());
    let aimed = if source.chance(40) {
        aimed::scope(source, documents)
    } else {
        None
    };
    let scope = aimed.unwrap_or_else(|| scope(source));
    let optional = |source: &mut dyn FnMut(usize) -> usize, values: &[&str]| {
        let chosen = source(values.len() + 1);
        values.get(chosen).map(|value| (*value).to_owned())
    };
    let mut below = |bound: usize| source.below(bound);
    let thing = (below(4) > 0).then(|| {
        let mut attributes = BTreeMap::new();
        for (name, values) in [
            ("room", &["kitchen", "a", "a#1", "*", ""][..]),
            ("Room", &["A"]),
            ("a,b", &["a", ""]),
            ("floor", &["1", "10", "1.5", "many"]),
            ("since", &["2020-01-01", "1577836800", "soon", "2021-07"]),
        ] {
            if let Some(value) = optional(&mut below, values) {
                attributes.insert(name.to_owned(), value);
            }
        }
        ThingOf {
            name: match &client_id {
                Some(id) if below(5) > 0 => id.clone(),
                _ => "other".to_owned(),
            },
            thing_type: optional(&mut below, &["sensor", "a", "room"]),
            attributes,
            attached: below(2) == 0,
        }
    });
    let certificate = (below(4) > 0).then(|| {
        let mut names = BTreeMap::new();
        for name in [
            "Subject.CommonName",
            "Issuer.Organization",
            "Subject.AlternativeName.DNSName",
        ] {
            let long = "l".repeat(1025);
            let values = [
                "a", "thing1", "x*", "room", "A, B", "é", "kitchen", "a+b", "", &long,
            ];
            let list: Vec<String> = (0..below(8))
                .map(|_| values[below(values.len())].to_owned())
                .collect();
            if !list.is_empty() {
                names.insert(name.to_owned(), list);
            }
        }
        CertificateOf {
            id: "c0ffee".to_owned(),
            serial_number: optional(&mut below, &["1234", "a", ""]),
            names,
        }
    });
    let attributes = ["PersistentConnect", "LastWill", "a"];
    let mut connect_attributes: Vec<String> = Vec::new();
    for name in attributes {
        if below(3) == 0 {
            connect_attributes.push(name.to_owned());
        }
    }
    let address = optional(
        &mut below,
        &[
            "192.0.2.10",
            "2001:db8::7",
            "::ffff:192.0.2.10",
            "198.51.100.1",
        ],
    );
    let addresses = ["10.0.0.1", "2001:db8::7", "::ffff:192.0.2.10", "192.0.2.10"];
    let vpc = (below(2) == 0).then(|| {
        let vpc = ["vpc-1", "a", ""][below(3)];
        let endpoint = ["vpce-1", "b*"][below(2)];
        let address = addresses[below(4)].parse().expect("an address");
        (vpc.to_owned(), endpoint.to_owned(), address)
    });
    let cognito = (below(2) == 0).then(|| CognitoOf {
        sub: ["a", "eu-1:id", "thing1", "+"][below(4)].to_owned(),
        aud: ["eu-1:pool", ""][below(2)].to_owned(),
        amr: ["authenticated", "a", "", "cognito"][..below(5)]
            .iter()
            .map(|name| (*name).to_owned())
            .collect(),
    });
    let own = client_id.as_deref().unwrap_or("a").to_owned();
    World {
        transport,
        scope,
        vpc,
        cognito,
        source_ip: address.map(|text| text.parse().expect("an address")),
        domain_name: optional(&mut below, &["a", "iot.example", ""]),
        thing,
        certificate,
        connect_attributes,
        last_will_topic: optional(&mut below, &["a", "a/b", "x:y", own.as_str()]),
        now: [1_577_836_799, 1_577_836_800, 1_700_000_000][below(3)],
        strict: below(4) == 0,
        client_id,
    }
}

impl World {
    pub fn context(&self) -> ConnectionContext {
        let transport = match self.transport {
            "mqtt" => Transport::Mqtt,
            "websocket" => Transport::WebSocket,
            "http" => Transport::Http,
            other => panic!("no transport {other}"),
        };
        let mut context = match &self.client_id {
            Some(id) => ConnectionContext::new(id, transport),
            None => ConnectionContext::without_client_id(transport),
        };
        if let Some((vpc, endpoint, source_ip)) = &self.vpc {
            context = context.with_vpc_endpoint(VpcEndpoint {
                vpc: vpc.clone(),
                endpoint: endpoint.clone(),
                source_ip: *source_ip,
            });
        }
        if let Some(of) = &self.cognito {
            context = context.with_cognito_identity(CognitoIdentity {
                sub: of.sub.clone(),
                aud: of.aud.clone(),
                amr: of.amr.clone(),
            });
        }
        if let Some(address) = self.source_ip {
            context = context.with_source_ip(address);
        }
        if let Some(name) = &self.domain_name {
            context = context.with_domain_name(name);
        }
        if let Some(of) = &self.thing {
            let mut thing = Thing::new(&of.name);
            if let Some(name) = &of.thing_type {
                thing = thing.with_type(name);
            }
            for (name, value) in &of.attributes {
                thing = thing.with_attribute(name, value);
            }
            context = context.with_thing(if of.attached { thing.attached() } else { thing });
        }
        if let Some(of) = &self.certificate {
            let mut certificate = Certificate::new(&of.id);
            if let Some(number) = &of.serial_number {
                certificate = certificate.with_serial_number(number);
            }
            for (name, values) in &of.names {
                for value in values {
                    certificate = match &**name {
                        "Subject.CommonName" => {
                            certificate.with_subject(NameAttribute::CommonName, value)
                        }
                        "Issuer.Organization" => {
                            certificate.with_issuer(NameAttribute::Organization, value)
                        }
                        _ => certificate
                            .with_subject_alternative_name(AlternativeName::DnsName, value),
                    };
                }
            }
            context = context.with_certificate(certificate);
        }
        for name in &self.connect_attributes {
            context = context.with_connect_attribute(name);
        }
        if let Some(topic) = &self.last_will_topic {
            context = context.with_last_will_topic(topic);
        }
        context
    }

    pub fn scope(&self) -> Scope {
        Scope::new(self.scope[1], self.scope[3], self.scope[4])
    }

    pub fn substitution(&self) -> Substitution {
        if self.strict {
            Substitution::Strict
        } else {
            Substitution::AwsIot
        }
    }
}
