//! The `gateway.toml` that a first start writes.

use core::fmt::Write as _;

use super::file::{DifferenceKeys, HttpsKeys, Key, LimitKeys};
use super::{DEFAULT_ACCOUNT, DEFAULT_REGION};
use crate::https::HttpsLimits;
use crate::settings::Settings;
use crate::store::{JournalOptions, RedbOptions};

/// A `gateway.toml` in which every key stands with its default, as a comment.
///
/// ```
/// use thingwire::config::{Config, Flags, template};
///
/// let text = template();
/// assert!(text.contains("# connections = 100000"));
/// // Nothing in it counts until it is taken out of its comment …
/// assert!(Config::parse(&text, ".", &Flags::default()).is_ok());
/// // … and everything can be.
/// let all: String = text.lines().map(|line| {
///     let key = line.strip_prefix("# ").filter(|rest| rest.contains(" = "));
///     format!("{}\n", key.unwrap_or(line))
/// }).collect();
/// assert!(Config::parse(&all, ".", &Flags::default()).is_ok());
/// ```
#[must_use]
pub fn template() -> String {
    let (strict, aws) = (Settings::strict(), Settings::aws());
    let mut text = format!(
        "\
# The configuration of the Thingwire gateway, read at its start.
#
# A line that begins with `# ` shows a key with its default. Flags of the command line beat this file.

# Where MQTT over mutual TLS is served: ADDRESS:PORT, or a port of every interface.
# mqtt = \"8883\"

# Where HTTPS is served; also MQTT there, by ALPN and over WebSocket.
# https = \"8443\"

# Where the read-only status is served over HTTP, to anybody who can reach it. Off unless set.
# admin = \"127.0.0.1:8080\"

# MQTT without TLS and without authentication, for benches and development; loopback only. Off unless set.
# dangerous-plain-mqtt = \"127.0.0.1:1883\"

# The policy that says what clients of that listener may do. They prove nothing: a client identifier is what they say.
# Unless set, they may do everything.
# dangerous-plain-policy = \"visitors\"

# Region and account in ARNs and signatures.
# region = \"{DEFAULT_REGION}\"
# account = \"{DEFAULT_ACCOUNT}\"

# `strict` follows the MQTT standards, `aws` AWS IoT Core with its limits.
# profile = \"strict\"

# Further DNS names and addresses for the server's certificate.
# server_names = []

# Threads that serve connections. Unless set, half of the processors.
# connection_threads = 1

[store]
# Memory for pages of the store, in bytes.
# cache_bytes = {}
# Memory for what waits to be written, in bytes; from there on writers are refused.
# pending_bytes = {}
",
        RedbOptions::default().cache_bytes,
        JournalOptions::default().pending_bytes,
    );
    section(
        &mut text,
        "limits",
        &LimitKeys::keys(&strict.limits),
        &LimitKeys::keys(&aws.limits),
    );
    let https = HttpsKeys::keys(&HttpsLimits::default());
    section(&mut text, "https_limits", &https, &https);
    section(
        &mut text,
        "differences",
        &DifferenceKeys::keys(&strict.differences),
        &DifferenceKeys::keys(&aws.differences),
    );
    text
}

fn section(text: &mut String, name: &str, strict: &[Key], aws: &[Key]) {
    // Writing to a string does not fail.
    let _infallible = writeln!(text, "\n[{name}]");
    for (key, aws) in strict.iter().zip(aws) {
        let profile = if key.value == aws.value {
            String::new()
        } else {
            format!(" In the profile `aws`: {}.", aws.value)
        };
        let _infallible = writeln!(
            text,
            "# {}{profile}\n# {} = {}",
            key.text, key.name, key.value
        );
    }
}
