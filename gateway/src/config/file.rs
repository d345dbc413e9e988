//! The keys of `gateway.toml`. Each limit and each difference is one line here: its name, its type, what is allowed,
//! and what the file says about it.

use core::num::NonZeroUsize;
use core::time::Duration;

use mqtt_codec::QoS;
use serde::Deserialize;

use super::ConfigError;
use crate::https::HttpsLimits;
use crate::settings::{Differences, Limits};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) mqtt: Option<String>,
    pub(super) https: Option<String>,
    pub(super) admin: Option<String>,
    #[serde(rename = "dangerous-plain-mqtt")]
    pub(super) dangerous_plain_mqtt: Option<String>,
    #[serde(rename = "dangerous-plain-policy")]
    pub(super) dangerous_plain_policy: Option<String>,
    pub(super) region: Option<String>,
    pub(super) account: Option<String>,
    pub(super) profile: Option<String>,
    #[serde(default)]
    pub(super) server_names: Vec<String>,
    pub(super) connection_threads: Option<NonZeroUsize>,
    #[serde(default)]
    pub(super) store: StoreKeys,
    #[serde(default)]
    pub(super) limits: LimitKeys,
    // `https` alone is the address.
    #[serde(default)]
    pub(super) https_limits: HttpsKeys,
    #[serde(default)]
    pub(super) differences: DifferenceKeys,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoreKeys {
    pub(super) cache_bytes: Option<usize>,
    pub(super) pending_bytes: Option<usize>,
}

pub(super) fn parse(text: &str) -> Result<File, ConfigError> {
    toml::from_str(text).map_err(|error| ConfigError::new(error.to_string().trim_end()))
}

/// A key, its value in a profile, and what the template says about it.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) text: &'static str,
}

/// Makes the section of a settings' struct. Each struct is taken apart by all its fields, so that a field without a key
/// does not compile.
macro_rules! keys {
    ($keys:ident for $settings:ident, $section:literal {
        $($field:ident = $key:literal: $type:ty, $least:expr, $text:literal;)+
    }) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $keys {
            $(#[serde(rename = $key)] $field: Option<$type>,)+
        }

        impl $keys {
            pub(super) fn apply(self, settings: &mut $settings) -> Result<(), ConfigError> {
                $(if let Some(value) = self.$field {
                    let least: $type = $least;
                    if value < least {
                        return Err(ConfigError::new(format!(
                            "[{}] {} = {value}: expected at least {least}", $section, $key
                        )));
                    }
                    settings.$field = Setting::from_key(value).map_err(|expected| {
                        ConfigError::new(format!("[{}] {} = {value}: expected {expected}", $section, $key))
                    })?;
                })+
                Ok(())
            }

            pub(super) fn keys(settings: &$settings) -> Vec<Key> {
                let $settings { $($field),+ } = settings;
                vec![$(Key {
                    name: $key,
                    value: <_ as Setting<$type>>::to_key($field).to_string(),
                    text: $text,
                }),+]
            }
        }
    };
}

/// A setting and how it is written in the file.
trait Setting<T>: Sized {
    fn from_key(key: T) -> Result<Self, &'static str>;
    fn to_key(&self) -> T;
}

macro_rules! plain {
    ($($type:ty),+) => {
        $(impl Setting<Self> for $type {
            fn from_key(key: Self) -> Result<Self, &'static str> {
                Ok(key)
            }

            fn to_key(&self) -> Self {
                *self
            }
        })+
    };
}

plain!(usize, u16, u32, bool);

impl Setting<u64> for Duration {
    fn from_key(seconds: u64) -> Result<Self, &'static str> {
        Ok(Self::from_secs(seconds))
    }

    fn to_key(&self) -> u64 {
        self.as_secs()
    }
}

impl Setting<u8> for QoS {
    fn from_key(level: u8) -> Result<Self, &'static str> {
        match level {
            0 => Ok(Self::AtMostOnce),
            1 => Ok(Self::AtLeastOnce),
            2 => Ok(Self::ExactlyOnce),
            _ => Err("0, 1 or 2"),
        }
    }

    fn to_key(&self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }
}

keys! { LimitKeys for Limits, "limits" {
    connections = "connections": usize, 1, "Connections at one time.";
    unauthenticated_bytes = "unauthenticated_bytes": u32, 1024, "Bytes that a connection may make the gateway hold before it is authenticated.";
    connect_timeout = "connect_timeout_seconds": u64, 1, "From a connection's first byte to its CONNECT.";
    stall_timeout = "stall_timeout_seconds": u64, 1, "How long a client may take nothing of what waits to be written to it.";
    waiting_replies = "waiting_replies": usize, 16, "Answers that may wait for the disk before no more packets of their client are read.";
    packet_bytes = "packet_bytes": u32, 1024, "Bytes of a packet from a client, its header included.";
    keep_alive_seconds = "keep_alive_seconds": u16, 1, "The longest keep alive; a client that asks for more is told this one.";
    least_keep_alive_seconds = "least_keep_alive_seconds": u16, 0, "The shortest keep alive; a client that asks for less is told this one.";
    session_expiry_seconds = "session_expiry_seconds": u32, 0, "The longest life of a session without a connection; 4294967295 is for ever.";
    signed_connection_seconds = "signed_connection_seconds": u32, 1, "How long a WebSocket may last that was opened with a signature; 4294967295 is for ever.";
    client_id_bytes = "client_id_bytes": usize, 23, "Bytes of a client identifier.";
    receive_maximum = "receive_maximum": u16, 1, "QoS 1 and 2 messages from one client that are not yet answered.";
    inflight = "inflight": u16, 1, "QoS 1 and 2 messages to one client that are not yet answered.";
    topic_aliases = "topic_aliases": u16, 0, "Topic aliases that a client may set.";
    topic_aliases_out = "topic_aliases_out": u16, 0, "Topic aliases that the gateway sets where a client takes them.";
    queued_messages = "queued_messages": usize, 0, "Messages that wait for one session.";
    queued_bytes = "queued_bytes": usize, 0, "Bytes of messages that wait for one session, and of those that were sent to it and not answered.";
    filters_per_subscribe = "filters_per_subscribe": usize, 1, "Filters in one SUBSCRIBE.";
    subscriptions_per_session = "subscriptions_per_session": u32, 1, "Subscriptions of one session.";
    subscriptions = "subscriptions": u32, 1, "Subscriptions of all sessions.";
    sessions = "sessions": usize, 1, "Sessions, connected or not.";
    retained_messages = "retained_messages": u32, 0, "Retained messages.";
    retained_bytes = "retained_bytes": usize, 0, "Bytes of retained messages.";
    topic_levels = "topic_levels": u32, 1, "Levels of a topic name or filter.";
    topic_bytes = "topic_bytes": u16, 1, "Bytes of a topic name or filter.";
    lookup_nodes = "lookup_nodes": usize, 1000, "Nodes of the subscription index that one message may visit.";
    shadow_requests = "shadow_requests": u32, 1, "Requests to the shadows of one thing whose answers wait for the disk.";
    shadow_answer_bytes = "shadow_answer_bytes": usize, 65536, "Bytes of answers of all shadows that wait for the disk.";
    shadows_per_thing = "shadows_per_thing": usize, 1, "Shadows of one thing, with those deleted whose versions are still remembered.";
}}

keys! { HttpsKeys for HttpsLimits, "https_limits" {
    body_bytes = "body_bytes": usize, 1024, "Bytes of a request's body.";
    head_timeout = "head_timeout_seconds": u64, 1, "For the head of a request; a connection that has had one may wait as long for the next.";
    request_timeout = "request_timeout_seconds": u64, 1, "For the body of a request to come, and for its answer to become durable.";
    websocket_message_bytes = "websocket_message_bytes": usize, 1024, "Bytes of a WebSocket message, which may hold several MQTT packets or a part of one.";
}}

keys! { DifferenceKeys for Differences, "differences" {
    maximum_qos = "maximum_qos": u8, 0, "The highest quality of service; the service has no QoS 2.";
    hash_matches_parent = "hash_matches_parent": bool, false, "Whether `a/#` matches `a`; the service says no.";
    retained_on_wildcards = "retained_on_wildcards": bool, false, "Whether a subscription with wildcards gets retained messages.";
    subscribe_refusal_explained = "subscribe_refusal_explained": bool, false, "Whether SUBACK says of a filter that is not allowed why it is refused (0x87, not 0x80).";
    subscription_identifiers = "subscription_identifiers": bool, false, "Whether Subscription Identifiers can be used.";
    will_delay = "will_delay": bool, false, "Whether a will waits for its delay.";
    reserved_topics_close = "reserved_topics_close": bool, false, "Whether an unknown topic or filter that begins with `$` closes the connection.";
    unauthorized_closes = "unauthorized_closes": bool, false, "Whether a QoS 0 PUBLISH of 5.0 without permission closes the connection.";
    keep_alive_required = "keep_alive_required": bool, false, "Whether every client has a keep alive, whatever it asks for.";
    missing_subscribers_told = "missing_subscribers_told": bool, false, "Whether PUBACK and PUBREC say that nobody subscribes (0x10).";
}}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Flags, Profile};

    fn error(text: &str) -> String {
        Config::parse(text, ".", &Flags::default())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        for (text, line, key) in [
            ("mqqt = \"1\"\n", "line 1", "`mqqt`"),
            ("\n[limits]\nconections = 1\n", "line 3", "`conections`"),
            ("[differences]\nqos3 = true\n", "line 2", "`qos3`"),
            ("[store]\ncache = 1\n", "line 2", "`cache`"),
            ("[limit]\n", "line 1", "`limit`"),
        ] {
            let error = error(text);
            assert!(error.contains(line) && error.contains(key), "{error}");
        }
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        for (text, says) in [
            (
                "[limits]\nconnections = 0",
                "connections = 0: expected at least 1",
            ),
            (
                "[differences]\nmaximum_qos = 3",
                "maximum_qos = 3: expected 0, 1 or 2",
            ),
            ("[limits]\nconnections = -1", "line 2"),
            ("[limits]\ninflight = 70000", "line 2"),
            ("profile = \"azure\"", "expected `strict` or `aws`"),
            ("region = \"US EAST\"", "invalid region"),
            ("account = \"1\"", "twelve digits"),
            ("dangerous-plain-mqtt = \"0.0.0.0:1883\"", "loopback"),
            ("mqtt = \"somewhere\"", "invalid address `somewhere`"),
        ] {
            let error = error(text);
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn the_https_port_has_its_limits_here() {
        let text = "[https_limits]\nbody_bytes = 2048\nhead_timeout_seconds = 3\n";
        let config = Config::parse(text, ".", &Flags::default()).unwrap();
        let limits = &config.https_limits;
        assert_eq!(limits.body_bytes, 2048);
        assert_eq!(limits.head_timeout.as_secs(), 3);
        assert_eq!(limits.request_timeout.as_secs(), 30);
        assert!(
            error("[https_limits]\nbody_bytes = 1")
                .contains("[https_limits] body_bytes = 1: expected at least 1024")
        );
        let text = crate::config::template();
        assert!(
            text.contains("[https_limits]") && text.contains("# body_bytes = 131072"),
            "{text}"
        );
    }

    #[test]
    fn flags_beat_the_file_and_the_file_beats_the_profile() {
        let text =
            "profile = \"aws\"\nregion = \"eu-central-1\"\nmqtt = \"1\"\n[limits]\ninflight = 7\n";
        let config = Config::parse(text, ".", &Flags::default()).unwrap();
        assert_eq!(config.profile, Profile::Aws);
        assert_eq!(config.settings.limits.inflight, 7);
        assert_eq!(config.settings.limits.client_id_bytes, 128);
        let flags = Flags {
            profile: Some(Profile::Strict),
            region: Some("us-west-2".to_owned()),
            mqtt: Some("[::1]:2".parse().unwrap()),
            ..Flags::default()
        };
        let config = Config::parse(text, ".", &flags).unwrap();
        assert_eq!(config.profile, Profile::Strict);
        assert_eq!(config.settings.limits.inflight, 7);
        assert_eq!(config.settings.limits.client_id_bytes, 1024);
        assert_eq!(
            (config.region.as_str(), config.mqtt.port()),
            ("us-west-2", 2)
        );
    }
}
