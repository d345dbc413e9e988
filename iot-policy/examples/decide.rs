//! May a client do this, and why? Policy files and a request go in, the decision comes out, and what each statement had
//! to say to it.
//!
//! ```sh
//! cargo run -p thingwire-iot-policy --example decide -- \
//!     --client-id pump --thing pump --attached --retain iot:Publish topic/dt/pump/state device.json fleet.json
//! ```
//!
//! It ends with 0 where the request is allowed, with 1 where it is denied, and with 2 where it cannot be decided.
#![allow(
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "an example reads as an application would, which names the standard library `std`"
)]

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use iot_policy::{
    Action, ConnectionContext, Policy, PolicySet, Request, Resource, Scope, Thing, Transport,
};

const USAGE: &str = "usage: decide [OPTION]... ACTION RESOURCE POLICY-FILE...

  ACTION       such as iot:Publish
  RESOURCE     the last part of an ARN, such as topic/dt/pump/state, or *

  --client-id ID      the client id; without it, nobody is connected
  --thing NAME        the thing of this name is in the registry
  --attached          the certificate is attached to the thing
  --source-ip ADDRESS where the client comes from
  --http              it asks over HTTP, not MQTT
  --retain            an iot:Publish with RETAIN
  --region REGION     of the request (us-east-1)
  --account ACCOUNT   of the request (123456789012)
  --at SECONDS        since 1970, instead of now";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let read = |name: &str| std::fs::read(name).map_err(|error| format!("{name}: {error}"));
    let (code, text) = match run(&words, read) {
        Ok((true, text)) => (0, text),
        Ok((false, text)) => (1, text),
        Err(error) => (2, format!("{error}\n\n{USAGE}\n")),
    };
    // Nobody may be reading any more; the code still says it.
    let _ = io::stdout().write_all(text.as_bytes());
    ExitCode::from(code)
}

/// What is asked, as it stands on the command line.
#[derive(Default)]
struct Asked<'a> {
    client_id: Option<&'a str>,
    thing: Option<&'a str>,
    attached: bool,
    source_ip: Option<&'a str>,
    http: bool,
    retain: bool,
    region: Option<&'a str>,
    account: Option<&'a str>,
    at: Option<&'a str>,
    others: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn read(words: &'a [String]) -> Result<Self, String> {
        let mut asked = Self::default();
        let mut words = words.iter().map(String::as_str);
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .ok_or(format!("`{word}` wants a value"))
                    .map(Some)
            };
            match word {
                "--client-id" => asked.client_id = value()?,
                "--thing" => asked.thing = value()?,
                "--attached" => asked.attached = true,
                "--source-ip" => asked.source_ip = value()?,
                "--http" => asked.http = true,
                "--retain" => asked.retain = true,
                "--region" => asked.region = value()?,
                "--account" => asked.account = value()?,
                "--at" => asked.at = value()?,
                option if option.starts_with("--") => {
                    return Err(format!("there is no option `{option}`"));
                }
                other => asked.others.push(other),
            }
        }
        Ok(asked)
    }

    /// What is known of the connection.
    fn context(&self) -> Result<ConnectionContext, String> {
        let transport = if self.http {
            Transport::Http
        } else {
            Transport::Mqtt
        };
        let mut context = match self.client_id {
            Some(id) => ConnectionContext::new(id, transport),
            None => ConnectionContext::without_client_id(transport),
        };
        if let Some(name) = self.thing {
            let thing = Thing::new(name);
            context = context.with_thing(if self.attached {
                thing.attached()
            } else {
                thing
            });
        }
        if let Some(address) = self.source_ip {
            let address = address
                .parse()
                .map_err(|_| format!("`{address}` is no address"))?;
            context = context.with_source_ip(address);
        }
        Ok(context)
    }

    fn request(&self, action: &str, resource: &'a str) -> Result<Request<'a>, String> {
        let found = Action::from_name(action);
        let action = found.ok_or_else(|| format!("there is no action `{action}`"))?;
        let found = Resource::parse(resource);
        let resource = found.ok_or_else(|| format!("`{resource}` is no resource of AWS IoT"))?;
        Ok(match (action, resource, self.retain) {
            (Action::Publish, Resource::Topic(topic), true) => Request::Publish {
                topic,
                retain: true,
            },
            (_, _, true) => return Err("only an iot:Publish to a topic has RETAIN".to_owned()),
            (action, resource, false) => Request::One { action, resource },
        })
    }

    fn time(&self) -> Result<i64, String> {
        let now = || {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
            i64::try_from(since.as_secs()).ok()
        };
        match self.at {
            Some(text) => text.parse().map_err(|_| format!("`{text}` is no time")),
            None => now().ok_or_else(|| "this machine's clock is wrong".to_owned()),
        }
    }
}

/// Whether it is allowed, and why.
fn run(
    words: &[String],
    read: impl Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<(bool, String), String> {
    let asked = Asked::read(words)?;
    let [action, resource, files @ ..] = &*asked.others else {
        return Err("an action, a resource and policy files are wanted".to_owned());
    };
    let mut text = String::new();
    let mut policies = Vec::new();
    for name in files {
        let policy = Policy::parse(&read(name)?).map_err(|error| format!("{name}: {error}"))?;
        for warning in policy.warnings() {
            // Writing to a text does not fail.
            let _ = writeln!(text, "{name}: {warning}");
        }
        policies.push((*name, policy));
    }
    let scope = Scope::new(
        "aws",
        asked.region.unwrap_or("us-east-1"),
        asked.account.unwrap_or("123456789012"),
    );
    let named = policies.iter().map(|(name, policy)| (*name, policy));
    let set = PolicySet::compile(named, scope);
    let request = asked.request(action, resource)?;
    let explanation = set.explain(&asked.context()?, &request, asked.time()?);
    text.push_str(&explanation.to_string());
    Ok((explanation.decision().is_allowed(), text))
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
mod tests {
    use super::*;

    const DEVICE: &[u8] = br#"{"Version": "2012-10-17", "Statement": [
        {"Sid": "Own", "Effect": "Allow", "Action": "iot:*Publish",
         "Resource": "arn:aws:iot:us-east-1:123456789012:topic/dt/${iot:Connection.Thing.ThingName}/*"},
        {"Sid": "NoState", "Effect": "Deny", "Action": "iot:RetainPublish",
         "Resource": "arn:aws:iot:*:*:topic/*/state"}]}"#;

    fn on(line: &str) -> Result<(bool, String), String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        run(&words, |name| match name {
            "device.json" => Ok(DEVICE.to_vec()),
            "wrong.json" => Ok(b"{\"Statement\": [{}]}".to_vec()),
            other => Err(format!("{other}: no such file")),
        })
    }

    #[test]
    fn answers() {
        let rows = [
            (
                "--client-id pump --thing pump iot:Publish topic/dt/pump/state device.json",
                true,
                "iot:Publish on arn:aws:iot:us-east-1:123456789012:topic/dt/pump/state: allowed by device.json[0] Own\n",
            ),
            (
                "--client-id pump --thing pump --retain iot:Publish topic/dt/pump/state device.json",
                false,
                ": iot:RetainPublish is denied by device.json[1] NoState\n",
            ),
            (
                "--http --thing pump iot:Publish topic/dt/pump/x device.json",
                false,
                "`iot:Connection.Thing.ThingName` has no value here\n",
            ),
            (
                "--client-id pump --thing pump --region eu-west-1 iot:Publish topic/dt/pump/x device.json",
                false,
                ": iot:Publish is denied because no statement allows it\n",
            ),
            (
                "iot:Connect client/a",
                false,
                ": iot:Connect is denied because no statement allows it\n",
            ),
        ];
        for (line, allowed, part) in rows {
            let (is_allowed, text) = on(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            assert_eq!(is_allowed, allowed, "{line}: {text}");
            assert!(text.contains(part), "{line}: {text}");
        }
    }

    #[test]
    fn mistakes() {
        for (line, expected) in [
            ("", "an action, a resource and policy files are wanted"),
            ("--at", "`--at` wants a value"),
            (
                "--nowhere iot:Publish topic/a",
                "there is no option `--nowhere`",
            ),
            ("iot:Pub topic/a", "there is no action `iot:Pub`"),
            ("iot:Publish rule/a", "`rule/a` is no resource of AWS IoT"),
            (
                "--retain iot:Receive topic/a",
                "only an iot:Publish to a topic has RETAIN",
            ),
            ("iot:Publish topic/a none.json", "none.json: no such file"),
            (
                "--source-ip here iot:Publish topic/a",
                "`here` is no address",
            ),
        ] {
            assert_eq!(on(line), Err(expected.to_owned()), "{line}");
        }
        let error = on("iot:Publish topic/a wrong.json").unwrap_err();
        assert!(error.starts_with("wrong.json: "), "{error}");
    }
}
