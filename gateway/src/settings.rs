//! What the gateway allows, and where it differs from the standard: every number and every switch is a value.

use core::time::Duration;

use mqtt_codec::QoS;
use topic_match::Profile as TopicProfile;

/// Everything that a broker can be told.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What is allowed.
    pub limits: Limits,
    /// Where the service differs from the standard.
    pub differences: Differences,
}

impl Settings {
    /// The standard, and nothing but it.
    #[must_use]
    pub fn strict() -> Self {
        Self::default()
    }

    /// As AWS IoT Core behaves.
    #[must_use]
    pub fn aws() -> Self {
        Self {
            limits: Limits::aws(),
            differences: Differences::aws(),
        }
    }

    /// The rules for topic names and filters.
    #[must_use]
    pub fn topics(&self) -> TopicProfile {
        let base = if self.differences.reserved_topics_close {
            TopicProfile::AWS_IOT
        } else {
            TopicProfile::MQTT_5
        };
        base.with_hash_matches_parent(self.differences.hash_matches_parent)
            .with_max_levels(self.limits.topic_levels)
            .with_max_name_bytes(self.limits.topic_bytes)
            .with_max_filter_bytes(self.limits.topic_bytes)
    }
}

/// Bounds of memory, time and number. Each is visible in the configuration under the name it has here.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at one time.
    pub connections: usize,
    /// Bytes that a connection may make the gateway hold before it is authenticated.
    pub unauthenticated_bytes: u32,
    /// From the connection's first byte to its CONNECT.
    pub connect_timeout: Duration,
    /// How long a client may take nothing of what waits to be written to it.
    pub stall_timeout: Duration,
    /// Answers that may wait for the disk before no more packets of their client are read.
    pub waiting_replies: usize,
    /// Bytes of a packet from a client, its header included.
    pub packet_bytes: u32,
    /// The longest keep alive; a client that asks for more is told this one.
    pub keep_alive_seconds: u16,
    /// The shortest keep alive; a client that asks for less is told this one.
    pub least_keep_alive_seconds: u16,
    /// The longest life of a session without a connection, in seconds; `u32::MAX` is for ever.
    pub session_expiry_seconds: u32,
    /// How long a WebSocket may last that was opened with a signature, in seconds; `u32::MAX` is for ever.
    pub signed_connection_seconds: u32,
    /// Bytes of a client identifier.
    pub client_id_bytes: usize,
    /// QoS 1 and 2 messages from one client that are not yet answered (Receive Maximum).
    pub receive_maximum: u16,
    /// QoS 1 and 2 messages to one client that are not yet answered.
    pub inflight: u16,
    /// Topic aliases that a client may set.
    pub topic_aliases: u16,
    /// Topic aliases that the gateway sets where a client takes them.
    pub topic_aliases_out: u16,
    /// Messages that wait for one session.
    pub queued_messages: usize,
    /// Bytes of messages that wait for one session, and of those that were sent to it and not answered.
    pub queued_bytes: usize,
    /// Filters in one SUBSCRIBE.
    pub filters_per_subscribe: usize,
    /// Subscriptions of one session.
    pub subscriptions_per_session: u32,
    /// Subscriptions of all sessions.
    pub subscriptions: u32,
    /// Sessions, connected or not.
    pub sessions: usize,
    /// Retained messages.
    pub retained_messages: u32,
    /// Bytes of retained messages.
    pub retained_bytes: usize,
    /// Levels of a topic name or filter.
    pub topic_levels: u32,
    /// Bytes of a topic name or filter.
    pub topic_bytes: u16,
    /// Nodes of the subscription index that one message may visit.
    pub lookup_nodes: usize,
    /// Requests to the shadows of one thing whose answers wait for the disk; another one is rejected with 429.
    pub shadow_requests: u32,
    /// Bytes of answers of all shadows that wait for the disk; from there on requests are rejected with 429.
    pub shadow_answer_bytes: usize,
    /// Shadows of one thing, with those deleted whose versions are still remembered; another one is rejected with 413.
    pub shadows_per_thing: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 100_000,
            unauthenticated_bytes: 16 * 1024,
            connect_timeout: Duration::from_secs(10),
            stall_timeout: Duration::from_secs(60),
            waiting_replies: 4096,
            packet_bytes: 1024 * 1024,
            keep_alive_seconds: 60,
            least_keep_alive_seconds: 0,
            session_expiry_seconds: u32::MAX,
            signed_connection_seconds: u32::MAX,
            client_id_bytes: 1024,
            receive_maximum: 1024,
            inflight: 1024,
            topic_aliases: 16,
            topic_aliases_out: 16,
            queued_messages: 100_000,
            queued_bytes: 64 * 1024 * 1024,
            filters_per_subscribe: 1024,
            subscriptions_per_session: 10_000,
            subscriptions: 10_000_000,
            sessions: 1_000_000,
            retained_messages: 1_000_000,
            retained_bytes: 1024 * 1024 * 1024,
            topic_levels: 128,
            topic_bytes: 4096,
            lookup_nodes: 100_000,
            shadow_requests: 1000,
            shadow_answer_bytes: 64 * 1024 * 1024,
            shadows_per_thing: 100,
        }
    }
}

impl Limits {
    /// The service's numbers, where it has some (AWS IoT Core quotas).
    #[must_use]
    pub fn aws() -> Self {
        Self {
            packet_bytes: 128 * 1024 + 1024,
            keep_alive_seconds: 1200,
            least_keep_alive_seconds: 30,
            session_expiry_seconds: 3600,
            signed_connection_seconds: 24 * 3600,
            client_id_bytes: 128,
            receive_maximum: 100,
            inflight: 100,
            topic_aliases: 8,
            topic_aliases_out: 8,
            filters_per_subscribe: 8,
            subscriptions_per_session: 50,
            topic_levels: 8,
            topic_bytes: 256,
            shadow_requests: 10,
            ..Self::default()
        }
    }
}

/// Where AWS IoT Core differs from the standard: one switch each.
#[derive(Clone, Debug)]
pub struct Differences {
    /// The highest quality of service; the service has no QoS 2.
    pub maximum_qos: QoS,
    /// Whether `a/#` matches `a`; the service says no.
    pub hash_matches_parent: bool,
    /// Whether a subscription with wildcards gets retained messages.
    pub retained_on_wildcards: bool,
    /// Whether Subscription Identifiers can be used.
    pub subscription_identifiers: bool,
    /// Whether a will waits for its delay.
    pub will_delay: bool,
    /// Whether a topic or filter that begins with `$` and is none of the reserved ones closes the connection.
    pub reserved_topics_close: bool,
    /// Whether SUBACK says of a filter that is not allowed why it is refused (0x87); the standard lets a server keep that
    /// to itself (0x80).
    pub subscribe_refusal_explained: bool,
    /// Whether a QoS 0 PUBLISH of 5.0 without permission closes the connection (0x87), since no acknowledgement can say
    /// so. One of QoS 1 or 2 is answered; before 5.0 the connection is closed in any case.
    pub unauthorized_closes: bool,
    /// Whether every client has a keep alive: one that asks for none, or that is a 3.x client, gets one within the limits.
    pub keep_alive_required: bool,
    /// Whether PUBACK and PUBREC say that nobody subscribes (0x10); it is not among the service's codes.
    pub missing_subscribers_told: bool,
}

impl Default for Differences {
    fn default() -> Self {
        Self {
            maximum_qos: QoS::ExactlyOnce,
            hash_matches_parent: true,
            retained_on_wildcards: true,
            subscription_identifiers: true,
            will_delay: true,
            reserved_topics_close: false,
            subscribe_refusal_explained: false,
            unauthorized_closes: false,
            keep_alive_required: false,
            missing_subscribers_told: true,
        }
    }
}

impl Differences {
    /// As AWS IoT Core documents them (developer guide, "AWS IoT differences from MQTT version 3.1.1 specification").
    #[must_use]
    pub const fn aws() -> Self {
        Self {
            maximum_qos: QoS::AtLeastOnce,
            hash_matches_parent: false,
            retained_on_wildcards: false,
            subscription_identifiers: false,
            will_delay: false,
            reserved_topics_close: true,
            subscribe_refusal_explained: true,
            unauthorized_closes: true,
            keep_alive_required: true,
            missing_subscribers_told: false,
        }
    }
}
