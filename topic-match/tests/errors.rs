//! What is refused, at which byte, with which statement of which version. One row a case.

#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::unwrap_used,
    reason = "a test has `std`, and fails by panicking"
)]

use topic_match::{Profile, SubscriptionFilter, TopicErrorKind, TopicName};

/// Filter, byte, message in MQTT 5.0, statement in MQTT 3.1.1 (`-`: valid there).
const FILTERS: &[(&str, usize, &str, &str)] = &[
    (
        "",
        0,
        "invalid topic filter at byte 0: at least one character is needed [MQTT-4.7.3-1]",
        "MQTT-4.7.3-1",
    ),
    (
        "a/\0",
        2,
        "invalid topic filter at byte 2: U+0000 is not allowed [MQTT-4.7.3-2]",
        "MQTT-4.7.3-2",
    ),
    (
        "sport/#/player",
        6,
        "invalid topic filter at byte 6: `#` must be the last level [MQTT-4.7.1-1]",
        "MQTT-4.7.1-2",
    ),
    (
        "sport/tennis#",
        12,
        "invalid topic filter at byte 12: `#` must be alone in its level [MQTT-4.7.1-1]",
        "MQTT-4.7.1-2",
    ),
    (
        "sport/#tennis",
        6,
        "invalid topic filter at byte 6: `#` must be alone in its level [MQTT-4.7.1-1]",
        "MQTT-4.7.1-2",
    ),
    (
        "é/+x",
        3,
        "invalid topic filter at byte 3: `+` must be alone in its level [MQTT-4.7.1-2]",
        "MQTT-4.7.1-3",
    ),
    (
        "a/+/+b",
        4,
        "invalid topic filter at byte 4: `+` must be alone in its level [MQTT-4.7.1-2]",
        "MQTT-4.7.1-3",
    ),
    (
        "$share//a",
        7,
        "invalid shared filter at byte 7: the share name needs at least one character [MQTT-4.8.2-1]",
        "-",
    ),
    (
        "$share/",
        7,
        "invalid shared filter at byte 7: the share name needs at least one character [MQTT-4.8.2-1]",
        "-",
    ),
    (
        "$share/g",
        8,
        "invalid shared filter at byte 8: the share name must be followed by `/` and a topic filter [MQTT-4.8.2-2]",
        "-",
    ),
    (
        "$share/g/",
        9,
        "invalid shared filter at byte 9: the share name must be followed by `/` and a topic filter [MQTT-4.8.2-2]",
        "-",
    ),
    (
        "$share/+/a",
        7,
        "invalid shared filter at byte 7: `+` and `#` are not allowed in a share name [MQTT-4.8.2-2]",
        "-",
    ),
    (
        "$share/g#/a",
        8,
        "invalid shared filter at byte 8: `+` and `#` are not allowed in a share name [MQTT-4.8.2-2]",
        "MQTT-4.7.1-2",
    ),
    (
        "$share/g/a/#/b",
        11,
        "invalid shared filter at byte 11: `#` must be the last level [MQTT-4.7.1-1]",
        "MQTT-4.7.1-2",
    ),
    (
        "$share/g\0/a",
        8,
        "invalid shared filter at byte 8: U+0000 is not allowed [MQTT-4.7.3-2]",
        "MQTT-4.7.3-2",
    ),
];

#[test]
fn filters() {
    for (text, offset, message, old) in FILTERS {
        let error = SubscriptionFilter::new(text).unwrap_err();
        assert_eq!(
            (error.offset(), error.to_string().as_str()),
            (*offset, *message),
            "{text:?}"
        );
        assert_eq!(error.reason_code(), 0x81, "{text:?}");
        let error = SubscriptionFilter::with_profile(text, &Profile::MQTT_3_1_1).err();
        let statement = error.and_then(|error| error.statement()).unwrap_or("-");
        assert_eq!(statement, *old, "{text:?} in 3.1.1");
    }
}

/// Name, byte, message in MQTT 5.0, statement in MQTT 3.1.1.
const NAMES: &[(&str, usize, &str, &str)] = &[
    (
        "",
        0,
        "invalid topic name at byte 0: at least one character is needed [MQTT-4.7.3-1]",
        "MQTT-4.7.3-1",
    ),
    (
        "a/\0b",
        2,
        "invalid topic name at byte 2: U+0000 is not allowed [MQTT-4.7.3-2]",
        "MQTT-4.7.3-2",
    ),
    (
        "a/b+",
        3,
        "invalid topic name at byte 3: `+` and `#` are not allowed in a topic name [MQTT-4.7.0-1]",
        "MQTT-4.7.1-1",
    ),
    (
        "#",
        0,
        "invalid topic name at byte 0: `+` and `#` are not allowed in a topic name [MQTT-4.7.0-1]",
        "MQTT-4.7.1-1",
    ),
];

#[test]
fn names() {
    for (text, offset, message, old) in NAMES {
        let error = TopicName::new(text).unwrap_err();
        assert_eq!(
            (error.offset(), error.to_string().as_str()),
            (*offset, *message),
            "{text:?}"
        );
        let error = TopicName::with_profile(text, &Profile::MQTT_3_1_1).unwrap_err();
        assert_eq!(error.statement(), Some(*old), "{text:?} in 3.1.1");
    }
}

#[test]
fn lengths_are_counted_in_bytes() {
    let (fits, too_long) = ("é".repeat(32_767) + "a", "é".repeat(32_768));
    assert!(TopicName::new(&fits).is_ok() && SubscriptionFilter::new(&fits).is_ok());
    assert_eq!(
        TopicName::new(&too_long).unwrap_err().to_string(),
        "invalid topic name at byte 65535: 65536 bytes, but at most 65535 are allowed [MQTT-4.7.3-3]"
    );
    let shared = format!("$share/g/{fits}");
    assert_eq!(
        SubscriptionFilter::new(&shared).unwrap_err().statement(),
        Some("MQTT-4.7.3-3")
    );
}

/// Name, whether it is valid on AWS IoT.
const AWS_NAMES: &[(&str, bool)] = &[
    ("a/b/c/d/e/f/g/h", true),
    ("a/b/c/d/e/f/g/h/i", false),
    ("$aws/rules/r", true),
    ("$aws/rules/r/a/b/c/d/e/f/g/h", true),
    ("$aws/rules/r/a/b/c/d/e/f/g/h/i", false),
    ("$aws/things/t/shadow/name/n/update", true),
    ("$aws/events/presence/connected/c", true),
    ("$aws/nothing/of/this/kind", false),
    ("$aws", false),
    ("$SYS/uptime", false),
    ("a/$b", true),
];

#[test]
fn aws_names() {
    for (name, valid) in AWS_NAMES {
        assert_eq!(
            TopicName::with_profile(name, &Profile::AWS_IOT).is_ok(),
            *valid,
            "{name}"
        );
    }
    let long = format!("$aws/rules/rule/{}", "a".repeat(256));
    assert!(TopicName::with_profile(&long, &Profile::AWS_IOT).is_ok());
    let longer = long + "a";
    let error = TopicName::with_profile(&longer, &Profile::AWS_IOT).unwrap_err();
    assert_eq!(
        (error.offset(), error.reason_code(), error.statement()),
        (272, 0x90, None)
    );
}

/// Filter, whether it is valid on AWS IoT.
const AWS_FILTERS: &[(&str, bool)] = &[
    ("$aws/rules/r/a", false),
    ("$aws/rules/#", false),
    ("$share/g/$aws/rules/r", false),
    ("$aws/#", true),
    ("$share/g/+/b/c/d/e/f/g/#", true),
    ("$share/g/+/b/c/d/e/f/g/h/#", false),
];

#[test]
fn aws_filters() {
    for (filter, valid) in AWS_FILTERS {
        let parsed = SubscriptionFilter::with_profile(filter, &Profile::AWS_IOT);
        assert_eq!(parsed.is_ok(), *valid, "{filter}");
    }
}

#[test]
fn control_characters_where_they_are_refused() {
    let strict = Profile::MQTT_5.with_control_characters_refused(true);
    for text in [
        "a\u{1}",
        "\u{7F}",
        "a/\u{9F}",
        "\u{FDD0}",
        "\u{1FFFF}",
        "\u{FFFE}",
    ] {
        assert!(TopicName::new(text).is_ok(), "{text:?}");
        let error = TopicName::with_profile(text, &strict).unwrap_err();
        assert_eq!(error.reason_code(), 0x90, "{text:?}");
        let shared = format!("$share/{text}/x");
        let error = SubscriptionFilter::with_profile(&shared, &strict).unwrap_err();
        assert_eq!(error.kind(), TopicErrorKind::ControlCharacter, "{text:?}");
    }
    // The byte order mark is an ordinary character [MQTT-1.5.4-3].
    assert!(TopicName::with_profile("\u{FEFF}a", &strict).is_ok());
}
