//! What the gateway says when it has started: where it listens, and lines to paste.

use core::fmt::Write as _;
use std::path::Path;

use crate::provision::DataFolder;
use crate::registry::ThingName;

/// Where the gateway can be reached.
#[derive(Clone, Copy, Debug)]
pub struct Endpoints<'a> {
    /// The port of MQTT over mutual TLS.
    pub mqtt: u16,
    /// The HTTPS port.
    pub https: u16,
    /// The region of signatures.
    pub region: &'a str,
}

/// The text: endpoints, and commands that work as they stand in the folder the gateway was started in.
///
/// A client identifier is one connection's, and the demo policy has one: so a message is published and kept first, then
/// received.
#[must_use]
pub fn banner(data: &DataFolder, endpoints: Endpoints<'_>, has_demo: bool) -> String {
    let Endpoints {
        mqtt,
        https,
        region,
    } = endpoints;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "MQTT over mutual TLS   localhost:{mqtt}\nHTTPS and WebSocket    https://localhost:{https}"
    );
    let Some(demo) = ThingName::new("demo").ok().filter(|_| has_demo) else {
        return text;
    };
    let ca = quoted(&data.authority());
    let thing = data.thing(&demo);
    let device = format!(
        "-h localhost -p {mqtt} --cafile {ca} --cert {} --key {} -i demo",
        quoted(&thing.join("certificate.pem")),
        quoted(&thing.join("private.key")),
    );
    let aws = format!(
        "AWS_SHARED_CREDENTIALS_FILE={} AWS_CA_BUNDLE={ca} aws --profile default --region {region} \
         --endpoint-url https://localhost:{https} iot-data",
        quoted(&data.credentials()),
    );
    // Versions 1 and 2 of the command line read a payload that is written into the command differently.
    let payload = "--payload fileb:///dev/stdin";
    let _ = writeln!(
        text,
        "
As the device `demo`, publish a message that is kept, and receive it:
  mosquitto_pub {device} -q 1 -r -t demo/hello -m 'hello'
  mosquitto_sub {device} -q 1 -t 'demo/#' -v

As an application, publish to the device and use its shadow:
  printf 'hello again' | {aws} publish --topic demo/hello --qos 1 {payload}
  printf '{{\"state\":{{\"desired\":{{\"on\":true}}}}}}' | {aws} update-thing-shadow --thing-name demo {payload} /dev/stdout
  {aws} get-thing-shadow --thing-name demo /dev/stdout
"
    );
    text
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+,:@".contains(&byte);
    if text.bytes().all(is_plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_one_word() {
        assert_eq!(
            quoted(Path::new("./thingwire-data/ca.pem")),
            "./thingwire-data/ca.pem"
        );
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
