//! `topic.csv`: filter, topic, expected, profile, why.

use iot_policy::Pattern;
use topic_match::{Profile, SubscriptionFilter, TopicName};

use crate::{Report, Verdict};

/// One row, its escapes resolved.
pub(crate) struct Row {
    /// What a failure is reported under.
    name: String,
    pub(crate) filter: String,
    pub(crate) topic: String,
    expected: String,
    profile: String,
}

pub(crate) fn rows(bytes: &[u8]) -> Result<Vec<Row>, String> {
    let mut rows = Vec::new();
    for record in csv::Reader::from_reader(bytes).records() {
        let record = record.map_err(|error| error.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        let [filter, topic, expected, profile] = [0, 1, 2, 3].map(|index| record.get(index));
        let (Some(filter), Some(topic), Some(expected), Some(profile)) =
            (filter, topic, expected, profile)
        else {
            return Err(format!("line {line}: a field is missing"));
        };
        rows.push(Row {
            name: format!("line {line}: {filter} ~ {topic} ({profile})"),
            filter: unescape(filter)?,
            topic: unescape(topic)?,
            expected: expected.to_owned(),
            profile: profile.to_owned(),
        });
    }
    Ok(rows)
}

pub(super) fn run(bytes: &[u8]) -> Result<Report, String> {
    let mut report = Report::default();
    for row in rows(bytes)? {
        let judge = |profile: Profile| {
            Verdict::of(&row.expected, outcome(profile, &row.filter, &row.topic))
        };
        let verdict = match row.profile.as_str() {
            "mqtt" => match judge(Profile::MQTT_5) {
                Verdict::Passed => judge(Profile::MQTT_3_1_1),
                verdict => verdict,
            },
            "mqtt5" => judge(Profile::MQTT_5),
            "mqtt311" => judge(Profile::MQTT_3_1_1),
            "aws" => judge(Profile::AWS_IOT.with_hash_matches_parent(true)),
            "aws_doc" => judge(Profile::AWS_IOT),
            // A policy's pattern and a resource, not a filter and a name: any text is valid.
            "iam_policy" => {
                let matches = Pattern::new(&row.filter).matches(&row.topic);
                Verdict::of(&row.expected, if matches { "match" } else { "nomatch" })
            }
            other => return Err(format!("{}: unknown profile `{other}`", row.name)),
        };
        report.add(&row.name, verdict);
    }
    Ok(report)
}

/// Filter validity first, then topic validity, then the match.
fn outcome(profile: Profile, filter: &str, topic: &str) -> &'static str {
    let Ok(filter) = SubscriptionFilter::with_profile(filter, &profile) else {
        return "invalid_filter";
    };
    let Ok(topic) = TopicName::with_profile(topic, &profile) else {
        return "invalid_topic";
    };
    if filter.filter().matches_with(topic, profile.match_rules()) {
        "match"
    } else {
        "nomatch"
    }
}

/// Resolves `\u{HEX}`, `\\` and `{rep:TEXT:N}`.
fn unescape(text: &str) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if let Some(tail) = rest.strip_prefix("\\u{") {
            let (hex, tail) = tail.split_once('}').ok_or("`\\u{` without `}`")?;
            let scalar = u32::from_str_radix(hex, 16)
                .ok()
                .and_then(char::from_u32)
                .ok_or_else(|| format!("`\\u{{{hex}}}` is no character"))?;
            out.push(scalar);
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix("\\\\") {
            out.push('\\');
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix("{rep:") {
            let (body, tail) = split_braced(tail).ok_or("`{rep:` without `}`")?;
            let (text, count) = body.rsplit_once(':').ok_or("`{rep:` without a count")?;
            let count: usize = count
                .parse()
                .map_err(|_| format!("`{count}` is no count"))?;
            out.push_str(&unescape(text)?.repeat(count));
            rest = tail;
        } else {
            out.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    Ok(out)
}

/// What stands before the `}` that closes, and behind it; `\u{…}` within has a brace of its own.
fn split_braced(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escapes() {
        assert_eq!(unescape(r"a\u{0}\\{rep:x/:3}+").unwrap(), "a\0\\x/x/x/+");
        assert_eq!(unescape(r"{rep:\u{e9}:3}b").unwrap(), "éééb");
        assert!(unescape(r"\u{110000}").is_err());
        assert!(unescape("{rep:a:x}").is_err());
    }
}
