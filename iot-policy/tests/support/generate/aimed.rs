//! Requests and places that are taken from a document, so that they meet it.

use serde_json::Value;

use super::super::ask::Ask;
use super::super::naive::{self, SCOPE, World};
use super::{Choice, OTHER_SCOPES};

/// A text of a resource of one of the documents.
fn resource<'a>(source: &mut impl Choice, documents: &'a [Value]) -> Option<&'a str> {
    let document = &documents[source.below(documents.len())];
    let statements = naive::statements(document);
    let at = source.below(statements.len().max(1));
    let statement = statements.get(at)?;
    let element = statement
        .get("Resource")
        .or_else(|| statement.get("NotResource"))?;
    match element {
        Value::Array(list) => list.get(source.below(list.len().max(1)))?.as_str(),
        one => one.as_str(),
    }
}

/// The scope that a resource names.
pub(super) fn scope(source: &mut impl Choice, documents: &[Value]) -> Option<[&'static str; 5]> {
    let text = resource(source, documents)?;
    let mut all = OTHER_SCOPES.iter().chain([&SCOPE]).copied();
    all.find(|scope| text.starts_with(&scope.join(":")))
}

/// A request on a resource that a document names, its wildcards and variables replaced.
pub(super) fn request(source: &mut impl Choice, world: &World, documents: &[Value]) -> Option<Ask> {
    let text = resource(source, documents)?.splitn(6, ':').nth(5)?;
    let mut name = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some((variable, tail)) = rest
            .strip_prefix("${")
            .and_then(|inner| inner.split_once('}'))
        {
            name.push_str(&stands_for(variable, world));
            rest = tail;
            continue;
        }
        rest = &rest[character.len_utf8()..];
        match character {
            '*' => name.push_str(source.pick(&["", "", "a", "x/y"])),
            '?' => name.push_str(source.pick(&["a", "a", "é", "/"])),
            other => name.push(other),
        }
    }
    let (kind, name) = name.split_once('/')?;
    let name = name.to_owned();
    Some(match kind {
        "client" => Ask::Connect(name),
        "topic" => match source.below(4) {
            0 => Ask::Receive(name),
            1 => Ask::GetRetainedMessage(name),
            retained => Ask::Publish {
                topic: name,
                retain: retained == 2,
            },
        },
        "topicfilter" => Ask::Subscribe(name),
        "thing" => Ask::Shadow {
            action: source.pick(&[
                "iot:GetThingShadow",
                "iot:UpdateThingShadow",
                "iot:DeleteThingShadow",
            ]),
            thing: name,
            shadow: None,
        },
        "rolealias" => Ask::AssumeRole(name),
        _ => return None,
    })
}

/// What a variable may stand for; some text where it stands for nothing.
fn stands_for(variable: &str, world: &World) -> String {
    let lower = variable.to_ascii_lowercase();
    let thing = world.thing.as_ref();
    let certificate = world.certificate.as_ref();
    let value = match &*lower {
        "iot:clientid" => world.client_id.clone(),
        "aws:sourcevpc" => world.vpc.as_ref().map(|(vpc, _, _)| vpc.clone()),
        "aws:sourcevpce" => world.vpc.as_ref().map(|(_, endpoint, _)| endpoint.clone()),
        "aws:vpcsourceip" => world
            .vpc
            .as_ref()
            .map(|(_, _, address)| address.to_canonical().to_string()),
        "cognito-identity.amazonaws.com:sub" => {
            world.cognito.as_ref().map(|identity| identity.sub.clone())
        }
        "cognito-identity.amazonaws.com:aud" => {
            world.cognito.as_ref().map(|identity| identity.aud.clone())
        }
        "iot:connection.thing.thingname" => thing.map(|thing| thing.name.clone()),
        "iot:connection.thing.thingtypename" => thing.and_then(|thing| thing.thing_type.clone()),
        "iot:connection.thing.attributes[room]" => {
            thing.and_then(|thing| thing.attributes.get("room").cloned())
        }
        "iot:certificateid" => certificate.map(|certificate| certificate.id.clone()),
        "iot:certificate.serialnumber" => {
            certificate.and_then(|certificate| certificate.serial_number.clone())
        }
        "iot:certificate.subject.commonname" => certificate.and_then(|certificate| {
            let names = certificate.names.get("Subject.CommonName")?;
            names.first().cloned()
        }),
        escape if escape.len() == 1 => Some(escape.to_owned()),
        _ => None,
    };
    value.unwrap_or_else(|| "a".to_owned())
}
