//! Which resources a pattern covers.

use super::{allowed, covers};

#[test]
fn resources() {
    // Resource, topic, covered.
    let rows = [
        ("*", "a", true),
        ("ARN:*", "a", true),
        ("ARN:topic/a", "a", true),
        ("ARN:topic/a", "A", false),
        ("ARN:topic/a/*", "a/b/c", true),
        ("ARN:topic/a/*", "a", false),
        ("ARN:topic/a?c", "a/c", true),
        ("ARN:topic/a?c", "aéc", true),
        ("ARN:topic/a?c", "ac", false),
        ("ARN:topic/*/b/*", "a/b/b/c", true),
        ("ARN:t*c/a", "a", true),
        ("ARN:topicfilter/a", "a", false),
        ("ARN:topic", "a", false),
        ("ARN:", "a", false),
        // The five first parts: each by itself.
        ("arn:aws:iot:*:*:topic/a", "a", true),
        ("arn:*:iot:us-????-?:123456789012:topic/a", "a", true),
        ("arn:aws:iot:eu-west-1:123456789012:topic/a", "a", false),
        ("arn:aws-cn:iot:us-east-1:123456789012:topic/a", "a", false),
        ("arn:aws:iot::123456789012:topic/a", "a", false),
        ("arn:aws:sns:us-east-1:123456789012:topic/a", "a", false),
        (
            "arn:aws:iot:*:123456789012:topic/a",
            "z:123456789012:topic/a",
            false,
        ),
        // Fewer than six parts: the last `*` stands for the others, and nothing else does.
        ("arn:*", "a", true),
        ("arn:aws:iot:*", "a", true),
        ("arn:aws:iot:us-*", "a", true),
        ("arn:aws:iot:eu-*", "a", false),
        ("arn:aws:iot:us-east-1:*/a", "b/a", false),
        ("arn:aws:iot:*:topic/a", "secret/x:topic/a", false),
        ("arn:aws:iot:*:topic/*", "secret/x:topic/a", false),
        // A topic with colons is one part.
        ("ARN:topic/a:b:*", "a:b:c:d", true),
        // Escapes.
        ("ARN:topic/${*}", "*", true),
        ("ARN:topic/${*}", "a", false),
        ("ARN:topic/$(?)", "?", true),
        ("ARN:topic/$(?)", "a", false),
        ("ARN:topic/${$}{x}", "${x}", true),
        ("ARN:topic/$aws/x", "$aws/x", true),
    ];
    for (resource, topic, covered) in rows {
        assert_eq!(covers(resource, topic), covered, "{resource} {topic}");
    }
}

/// Fewer than six parts, read as what grants less: where a match takes something away, they are one text.
#[test]
fn short_arns() {
    let all = r#"{"Effect": "Allow", "Action": "iot:Publish", "Resource": "*"}"#;
    let rows = [
        ("arn:aws:iot:*:topic/a", "a", true),
        ("arn:aws:iot:*:topic/a", "x:topic/a", true),
        ("arn:aws:iot:*:topic/a", "b", false),
        ("arn:aws:iot:us-east-1:*", "b", true),
    ];
    for (resource, topic, denied) in rows {
        let topic = format!("topic/{topic}");
        let deny = format!(
            r#"[{all}, {{"Effect": "Deny", "Action": "iot:Publish", "Resource": "{resource}"}}]"#
        );
        assert_eq!(
            !allowed(&deny, "iot:Publish", &topic),
            denied,
            "{deny} {topic}"
        );
        let except = format!(
            r#"{{"Effect": "Allow", "Action": "iot:Publish", "NotResource": "{resource}"}}"#
        );
        assert_eq!(
            !allowed(&except, "iot:Publish", &topic),
            denied,
            "{except} {topic}"
        );
    }
    // A denial of all but these excepts only what they surely name.
    let deny = format!(
        r#"[{all}, {{"Effect": "Deny", "Action": "iot:Publish", "NotResource": "arn:aws:iot:*:topic/a"}}]"#
    );
    assert!(!allowed(&deny, "iot:Publish", "topic/x:topic/a"));
}
