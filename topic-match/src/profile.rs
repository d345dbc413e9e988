/// The revision of the MQTT standard whose statement numbers an error cites.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Version {
    /// MQTT 3.1.1 (OASIS Standard, 2014).
    V3_1_1,
    /// MQTT 5.0 (OASIS Standard, 2019).
    V5,
}

/// The rules under which names and filters are valid: a standard, or a service with limits of its own.
///
/// The presets are [`MQTT_5`](Self::MQTT_5), [`MQTT_3_1_1`](Self::MQTT_3_1_1) and [`AWS_IOT`](Self::AWS_IOT); each
/// `with_…` method changes one rule.
///
/// ```
/// use topic_match::{Profile, TopicFilter};
///
/// let small = Profile::MQTT_5.with_max_levels(4);
/// assert!(TopicFilter::with_profile("a/b/c/#", &small).is_ok());
/// assert!(TopicFilter::with_profile("a/b/c/d/#", &small).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    pub(crate) version: Version,
    pub(crate) max_name_bytes: u16,
    pub(crate) max_filter_bytes: u16,
    pub(crate) max_levels: u32,
    pub(crate) shared_filters: bool,
    pub(crate) refuse_control_characters: bool,
    pub(crate) aws_reserved_topics: bool,
    rules: MatchRules,
}

impl Profile {
    /// MQTT 5.0: up to 65,535 bytes, as many levels as fit, shared filters.
    pub const MQTT_5: Self = Self {
        version: Version::V5,
        max_name_bytes: u16::MAX,
        max_filter_bytes: u16::MAX,
        max_levels: u32::MAX,
        shared_filters: true,
        refuse_control_characters: false,
        aws_reserved_topics: false,
        rules: MatchRules::MQTT,
    };

    /// MQTT 3.1.1: as 5.0, except that `$share/…` is an ordinary filter.
    ///
    /// Brokers that extend shared subscriptions to 3.1.1 sessions take
    /// `Profile::MQTT_3_1_1.with_shared_filters(true)`.
    pub const MQTT_3_1_1: Self = Self {
        version: Version::V3_1_1,
        shared_filters: false,
        ..Self::MQTT_5
    };

    /// AWS IoT Core: names of up to 256 bytes and 8 levels, filters of up to 8 levels, reserved `$` topics, Basic
    /// Ingest, and `#` that does not match its parent level.
    ///
    /// Not counted towards the limits are `$share/<name>/` and `$aws/rules/<rule>/`. The last rule is what the
    /// developer guide says ("Topic filters"), against MQTT §4.7.1.2; it has not been verified against the service,
    /// and [`with_hash_matches_parent`](Self::with_hash_matches_parent) switches it.
    pub const AWS_IOT: Self = Self {
        version: Version::V5,
        max_name_bytes: 256,
        max_filter_bytes: u16::MAX,
        max_levels: 8,
        shared_filters: true,
        refuse_control_characters: false,
        aws_reserved_topics: true,
        rules: MatchRules::AWS_IOT,
    };

    /// The most bytes of UTF-8 that a topic name may have; at most 65,535 [MQTT-4.7.3-3].
    #[must_use]
    pub const fn with_max_name_bytes(self, max_name_bytes: u16) -> Self {
        Self {
            max_name_bytes,
            ..self
        }
    }

    /// The most bytes of UTF-8 that a topic filter may have, `$share/<name>/` included; at most 65,535
    /// [MQTT-4.7.3-3].
    #[must_use]
    pub const fn with_max_filter_bytes(self, max_filter_bytes: u16) -> Self {
        Self {
            max_filter_bytes,
            ..self
        }
    }

    /// The most levels (one more than the number of `/`) that a name or filter may have.
    #[must_use]
    pub const fn with_max_levels(self, max_levels: u32) -> Self {
        Self { max_levels, ..self }
    }

    /// Whether `$share/<name>/<filter>` is a shared filter (MQTT 5.0 §4.8.2) or an ordinary one.
    #[must_use]
    pub const fn with_shared_filters(self, shared_filters: bool) -> Self {
        Self {
            shared_filters,
            ..self
        }
    }

    /// Whether the characters that a sender SHOULD NOT include are refused: control characters and non-characters
    /// (MQTT 5.0 §1.5.4, MQTT 3.1.1 §1.5.3). Off in every preset.
    #[must_use]
    pub const fn with_control_characters_refused(self, refuse_control_characters: bool) -> Self {
        Self {
            refuse_control_characters,
            ..self
        }
    }

    /// Whether `a/#` matches `a` (MQTT 5.0 §4.7.1.2: it does).
    #[must_use]
    pub const fn with_hash_matches_parent(self, hash_matches_parent: bool) -> Self {
        Self {
            rules: MatchRules {
                hash_matches_parent,
                ..self.rules
            },
            ..self
        }
    }

    /// The rules by which filters match names under this profile.
    #[must_use]
    pub const fn match_rules(&self) -> MatchRules {
        self.rules
    }
}

/// MQTT 5.0.
impl Default for Profile {
    fn default() -> Self {
        Self::MQTT_5
    }
}

/// The points on which services match differently.
///
/// ```
/// use topic_match::{MatchRules, TopicFilter, TopicName};
///
/// let filter = TopicFilter::new("sensor/#")?;
/// let parent = TopicName::new("sensor")?;
/// assert!(filter.matches_with(parent, MatchRules::MQTT));
/// assert!(!filter.matches_with(parent, MatchRules::AWS_IOT));
/// # Ok::<(), topic_match::TopicError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MatchRules {
    /// Whether `a/#` matches `a`, as MQTT 5.0 §4.7.1.2 has it.
    pub hash_matches_parent: bool,
    /// Whether names below `$aws/rules/` are delivered to subscribers. AWS IoT delivers them to the rule alone
    /// (developer guide, "Basic Ingest").
    pub deliver_basic_ingest: bool,
}

impl MatchRules {
    /// As the standards have it.
    pub const MQTT: Self = Self {
        hash_matches_parent: true,
        deliver_basic_ingest: true,
    };

    /// As the AWS IoT developer guide has it.
    pub const AWS_IOT: Self = Self {
        hash_matches_parent: false,
        deliver_basic_ingest: false,
    };

    /// Whether names like this one reach any subscriber at all.
    pub(crate) fn delivers(self, name: &[u8]) -> bool {
        self.deliver_basic_ingest || !name.starts_with(BASIC_INGEST.as_bytes())
    }
}

/// As the standards have it.
impl Default for MatchRules {
    fn default() -> Self {
        Self::MQTT
    }
}

/// What precedes the rule's name in a Basic Ingest topic.
pub(crate) const BASIC_INGEST: &str = "$aws/rules/";

/// What precedes the share name in a shared filter; exactly these bytes [MQTT-4.8.2-1].
pub(crate) const SHARE: &str = "$share/";
