//! Requests of a connection.

use serde_json::Value;

use super::super::ask::Ask;
use super::super::naive::World;
use super::{ACTIONS, Choice, TYPES, WORDS, aimed, long};

/// What is asked on a connection that has these policies.
pub fn request(source: &mut impl Choice, world: &World, documents: &[Value]) -> Ask {
    if source.chance(40)
        && let Some(ask) = aimed::request(source, world, documents)
    {
        return ask;
    }
    let name = name(source, world);
    match source.below(100) {
        0..=29 => Ask::Publish {
            topic: name,
            retain: source.chance(45),
        },
        30..=37 => Ask::Connect(name),
        38..=47 => Ask::Subscribe(name),
        48..=57 => Ask::Receive(name),
        58..=61 => Ask::GetRetainedMessage(name),
        62..=65 => Ask::ListRetainedMessages,
        66..=74 => Ask::Shadow {
            action: source.pick(&[
                "iot:GetThingShadow",
                "iot:UpdateThingShadow",
                "iot:DeleteThingShadow",
            ]),
            shadow: source.chance(60).then(|| self::name(source, world)),
            thing: name,
        },
        75..=77 => Ask::ListNamedShadows,
        78..=84 => Ask::AssumeRole(name),
        _ => one(source, name),
    }
}

/// Any action, mostly on a resource of its type.
fn one(source: &mut impl Choice, name: String) -> Ask {
    let action = source.pick(ACTIONS);
    let natural = match action {
        "iot:Connect"
        | "iot:GetConnection"
        | "iot:DeleteConnection"
        | "iot:ListSubscriptions"
        | "iot:SendDirectMessage" => "client/",
        "iot:Subscribe" => "topicfilter/",
        "iot:Publish" | "iot:RetainPublish" | "iot:Receive" | "iot:GetRetainedMessage" => "topic/",
        "iot:AssumeRoleWithCertificate" => "rolealias/",
        "iot:ListRetainedMessages" | "iot:ListNamedShadowsForThing" => "*",
        _ => "thing/",
    };
    let kind = match source.below(10) {
        0 => source.pick(TYPES),
        1 => "*",
        _ => natural,
    };
    Ask::One {
        action,
        resource: if kind == "*" {
            "*".to_owned()
        } else {
            format!("{kind}{name}")
        },
    }
}

fn name(source: &mut impl Choice, world: &World) -> String {
    let mut name = String::new();
    for _ in 0..source.below(5) {
        match source.below(20) {
            0..=7 => name.push_str(source.pick(WORDS)),
            8..=11 => name.push('/'),
            12 | 13 => name.push_str(world.client_id.as_deref().unwrap_or("a")),
            14 | 15 => name.push_str(source.pick(&[
                "+",
                "#",
                "*",
                "?",
                "$",
                "${iot:ClientId}",
                "a:b",
                "1a1b",
            ])),
            16 | 17 => name.push_str(source.pick(&[
                "kitchen",
                "c0ffee",
                "sensor",
                "aab",
                "A\\, B",
                "vpc-1",
                "vpce-1",
                "10.0.0.1",
                "eu-1:id",
                "eu-1:pool",
            ])),
            _ => {
                let mut text = long(source);
                // As a pattern wants it, or almost so.
                if source.chance(20) {
                    text.pop();
                    text.push_str(source.pick(&["é", "aa", ""]));
                }
                name.push_str(&text);
            }
        }
    }
    name
}
