//! What keys and variables stand for on a connection.

use std::net::IpAddr;

use super::World;

/// Dates that occur, with their seconds.
pub const DATES: &[(&str, i64)] = &[
    ("2020-01-01", 1_577_836_800),
    ("2020-01-01T00:00:00Z", 1_577_836_800),
    ("1577836800", 1_577_836_800),
    ("2026-06-01T12:30:00+02:00", 1_780_309_800),
    ("2021-07", 1_625_097_600),
];

/// What a variable stands for.
pub(super) enum Lookup {
    Value(String),
    Absent,
    Unusable,
}

pub(super) fn lookup(name: &str, world: &World) -> Lookup {
    let lower = name.to_lowercase();
    let list = lower.ends_with(".list")
        || [
            "iot:connectattributes",
            "iot:certificate.availablekeys",
            "cognito-identity.amazonaws.com:amr",
        ]
        .contains(&&*lower);
    // The time is a key, and no variable.
    if list || lower.starts_with("aws:currenttime") || lower.starts_with("aws:epochtime") {
        return Lookup::Absent;
    }
    let Some(value) = values(name, world).into_iter().next() else {
        return Lookup::Absent;
    };
    let certificate = lower.starts_with("iot:certificate");
    let wild = value.contains(['*', '?', '+', '#', '$']);
    if (certificate || world.strict) && wild
        || certificate && value.chars().count() > 1024
        || world.strict && value.contains('\0')
    {
        return Lookup::Unusable;
    }
    Lookup::Value(value)
}

/// The values of a key, by its name.
pub(super) fn values(name: &str, world: &World) -> Vec<String> {
    let lower = name.to_lowercase();
    let thing = world
        .thing
        .as_ref()
        .filter(|thing| world.transport != "http" && !thing.name.is_empty())
        .filter(|thing| world.client_id.as_ref() == Some(&thing.name));
    let (vpc, cognito) = (world.vpc.as_ref(), world.cognito.as_ref());
    let address_text = |address: IpAddr| match address {
        IpAddr::V6(six) => six
            .to_ipv4_mapped()
            .map_or_else(|| six.to_string(), |four| four.to_string()),
        IpAddr::V4(four) => four.to_string(),
    };
    // An empty value is none.
    let optional = |value: Option<String>| {
        let value = value.filter(|value| !value.is_empty());
        value.into_iter().collect::<Vec<String>>()
    };
    if let Some(attribute) = lower.strip_prefix("iot:connection.thing.attributes[") {
        // The attribute's own name is case-sensitive.
        let attribute = &name[name.len() - attribute.len()..name.len() - 1];
        return optional(thing.and_then(|thing| thing.attributes.get(attribute).cloned()));
    }
    if let Some(rest) = lower.strip_prefix("iot:certificate.") {
        let Some(certificate) = &world.certificate else {
            return Vec::new();
        };
        return match rest {
            "serialnumber" => optional(certificate.serial_number.clone()),
            "availablekeys" => {
                let mut keys: Vec<String> = certificate
                    .names
                    .iter()
                    .filter(|(_, values)| values.first().is_some_and(|value| !value.is_empty()))
                    .map(|(name, _)| format!("iot:Certificate.{name}"))
                    .collect();
                if certificate
                    .serial_number
                    .as_deref()
                    .is_some_and(|text| !text.is_empty())
                {
                    keys.push("iot:Certificate.SerialNumber".to_owned());
                }
                keys
            }
            name => {
                let (name, suffix) = match name.rsplit_once('.') {
                    Some((name, suffix)) if suffix == "list" || suffix.parse::<usize>().is_ok() => {
                        (name, suffix)
                    }
                    _ => (name, "0"),
                };
                let all: Vec<String> = certificate
                    .names
                    .iter()
                    .filter(|(known, _)| known.to_lowercase() == name)
                    .flat_map(|(_, values)| values.iter().take(5))
                    .map(|value| {
                        let special = |c: char| ",\"\\+=<>;".contains(c);
                        value
                            .chars()
                            .flat_map(|c| special(c).then_some('\\').into_iter().chain([c]))
                            .collect()
                    })
                    .collect();
                match suffix.parse::<usize>() {
                    Ok(index) => optional(all.get(index).cloned()),
                    Err(_) => all,
                }
            }
        };
    }
    match &*lower {
        "iot:clientid" => optional(world.client_id.clone()),
        "aws:sourceip" | "iot:sourceip" => optional(world.source_ip.map(address_text)),
        "iot:domainname" => optional(world.domain_name.clone()),
        "iot:certificateid" => optional(world.certificate.as_ref().map(|one| one.id.clone())),
        "iot:connection.thing.thingname" => optional(thing.map(|thing| thing.name.clone())),
        "iot:connection.thing.thingtypename" => {
            optional(thing.and_then(|thing| thing.thing_type.clone()))
        }
        "iot:connection.thing.isattached" => {
            optional(thing.map(|thing| thing.attached.to_string()))
        }
        "iot:connectattributes" => world.connect_attributes.clone(),
        "iot:lastwilltopic" => {
            let arn = |topic: &String| format!("{}:topic/{topic}", world.scope.join(":"));
            optional(world.last_will_topic.as_ref().map(arn))
        }
        "aws:sourcevpc" => optional(vpc.map(|(vpc, _, _)| vpc.clone())),
        "aws:sourcevpce" => optional(vpc.map(|(_, endpoint, _)| endpoint.clone())),
        "aws:vpcsourceip" => optional(vpc.map(|(_, _, address)| address_text(*address))),
        "cognito-identity.amazonaws.com:sub" => optional(cognito.map(|of| of.sub.clone())),
        "cognito-identity.amazonaws.com:aud" => optional(cognito.map(|of| of.aud.clone())),
        "cognito-identity.amazonaws.com:amr" => cognito.map_or_else(Vec::new, |of| of.amr.clone()),
        "aws:currenttime" | "aws:epochtime" => vec![world.now.to_string()],
        _ => Vec::new(),
    }
}
