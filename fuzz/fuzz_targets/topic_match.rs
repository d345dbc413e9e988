#![no_main]
//! Parsing and matching of any two strings equals the reference, and nothing panics.

use libfuzzer_sys::fuzz_target;
use thingwire_fuzz::topic;
use topic_match::{MatchRules, Profile, TopicFilter, TopicName, unchecked};

fuzz_target!(|data: &[u8]| {
    let Some((filter, name)) = topic::pair(data) else {
        return;
    };
    let _ = unchecked::matches(filter, name);
    let parsed = TopicFilter::with_profile(filter, &Profile::MQTT_3_1_1);
    assert_eq!(parsed.is_ok(), topic::is_filter(filter));
    let topic = TopicName::new(name);
    assert_eq!(topic.is_ok(), topic::is_name(name));
    let (Ok(parsed), Ok(topic)) = (parsed, topic) else {
        return;
    };
    for rules in [MatchRules::MQTT, MatchRules::AWS_IOT] {
        let expected = topic::matches(filter, name, rules.hash_matches_parent)
            && (rules.deliver_basic_ingest || !name.starts_with("$aws/rules/"));
        assert_eq!(parsed.matches_with(topic, rules), expected);
        assert_eq!(parsed.captures_with(topic, rules).is_some(), expected);
    }
    let expected = topic::matches(filter, name, true);
    assert_eq!(unchecked::matches(filter, name), expected);
    assert_eq!(parsed.covers(topic.into()), expected);
    assert_eq!(parsed.overlaps(topic.into()), expected);
});
