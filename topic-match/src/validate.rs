//! The rules of MQTT §4.7 and §4.8.2, and of AWS IoT, over plain strings.

use crate::profile::{BASIC_INGEST, SHARE};
use crate::{Profile, Subject, TopicError, TopicErrorKind as Kind};

/// The second levels below `$aws/` that the AWS IoT developer guide defines ("Reserved topics").
const AWS_NAMESPACES: &[&str] = &[
    "certificates",
    "commands",
    "device_location",
    "events",
    "iotwireless",
    "provisioning-templates",
    "rules",
    "sitewise",
    "things",
];

/// Checks a topic name.
pub(crate) fn name(text: &str, profile: &Profile) -> Result<(), TopicError> {
    let fail = |kind, offset| {
        Err(TopicError::new(
            kind,
            Subject::TopicName,
            profile.version,
            offset,
        ))
    };
    if text.is_empty() {
        return fail(Kind::Empty, 0);
    }
    // The prefix `$aws/rules/<rule>/` counts neither as bytes nor as levels.
    let exempt = if profile.aws_reserved_topics {
        basic_ingest_prefix(text)
    } else {
        0
    };
    length(
        text,
        exempt,
        profile.max_name_bytes,
        Subject::TopicName,
        profile,
    )?;
    if has_special(text.as_bytes())
        && let Some((offset, byte)) = specials(text.as_bytes()).next()
    {
        // MQTT 5.0 §4.7.3 [MQTT-4.7.3-2], §4.7.1 [MQTT-4.7.0-1]; MQTT 3.1.1 §4.7.1 [MQTT-4.7.1-1]
        return fail(
            if byte == 0 {
                Kind::NullCharacter
            } else {
                Kind::WildcardInName
            },
            offset,
        );
    }
    control_characters(text, Subject::TopicName, profile)?;
    levels(text, exempt, Subject::TopicName, profile)?;
    if profile.aws_reserved_topics && text.starts_with('$') && !is_aws_topic(text) {
        return fail(Kind::ReservedTopic, 0);
    }
    Ok(())
}

/// Checks a filter without share name; `offset` is where it begins in the string that errors count bytes of.
///
/// Answers how many of its bytes come before its first wildcard.
pub(crate) fn filter(
    text: &str,
    offset: usize,
    subject: Subject,
    profile: &Profile,
) -> Result<usize, TopicError> {
    let fail = |kind, at: usize| {
        let at = at.saturating_add(offset);
        Err(TopicError::new(kind, subject, profile.version, at))
    };
    if text.is_empty() {
        return fail(Kind::Empty, 0);
    }
    if subject == Subject::TopicFilter {
        length(text, 0, profile.max_filter_bytes, subject, profile)?;
        if profile.shared_filters && text.starts_with(SHARE) {
            return fail(Kind::SharedFilter, 0);
        }
    }
    let bytes = text.as_bytes();
    let mut literal = bytes.len();
    if has_special(bytes) {
        for (at, byte) in specials(bytes) {
            if byte == 0 {
                return fail(Kind::NullCharacter, at);
            }
            let (before, after) = (bytes.get(..at), bytes.get(at.saturating_add(1)..));
            let starts_level = before.is_some_and(|b| b.last().is_none_or(|b| *b == b'/'));
            let next = after.and_then(<[u8]>::first);
            match (byte, starts_level, next) {
                // MQTT 5.0 §4.7.1.2 [MQTT-4.7.1-1], §4.7.1.3 [MQTT-4.7.1-2]
                (b'#', true, None) | (b'+', true, None | Some(b'/')) => {}
                (b'#', true, Some(b'/')) => return fail(Kind::HashNotLast, at),
                (b'#', _, _) => return fail(Kind::HashNotAlone, at),
                (_, _, _) => return fail(Kind::PlusNotAlone, at),
            }
            literal = literal.min(at);
        }
    }
    control_characters(text, subject, profile).map_err(|error| {
        TopicError::new(
            error.kind(),
            subject,
            profile.version,
            error.offset().saturating_add(offset),
        )
    })?;
    if profile.aws_reserved_topics && text.starts_with(BASIC_INGEST) {
        return fail(Kind::BasicIngestSubscription, 0);
    }
    levels(text, 0, subject, profile).map_err(|error| {
        TopicError::new(
            error.kind(),
            subject,
            profile.version,
            error.offset().saturating_add(offset),
        )
    })?;
    Ok(literal)
}

/// Checks a shared filter; answers where its share name ends, and how many bytes of its filter come before that
/// filter's first wildcard.
pub(crate) fn shared(text: &str, profile: &Profile) -> Result<(usize, usize), TopicError> {
    let subject = Subject::SharedFilter;
    let fail = |kind, at| Err(TopicError::new(kind, subject, profile.version, at));
    length(text, 0, profile.max_filter_bytes, subject, profile)?;
    // MQTT 5.0 §4.8.2 [MQTT-4.8.2-1], [MQTT-4.8.2-2]
    let Some(rest) = text.strip_prefix(SHARE) else {
        return fail(Kind::NotShared, 0);
    };
    let (name, filter_text) = match rest.split_once('/') {
        Some((name, filter)) => (name, Some(filter)),
        None => (rest, None),
    };
    if name.is_empty() {
        return fail(Kind::ShareNameEmpty, SHARE.len());
    }
    if let Some((at, byte)) = specials(name.as_bytes()).next() {
        let kind = if byte == 0 {
            Kind::NullCharacter
        } else {
            Kind::ShareNameWildcard
        };
        return fail(kind, at.saturating_add(SHARE.len()));
    }
    control_characters(name, subject, profile).map_err(|error| {
        let at = error.offset().saturating_add(SHARE.len());
        TopicError::new(error.kind(), subject, profile.version, at)
    })?;
    let name_end = SHARE.len().saturating_add(name.len());
    match filter_text {
        None | Some("") => fail(Kind::SharedFilterMissing, text.len()),
        Some(inner) => {
            let literal = filter(inner, name_end.saturating_add(1), subject, profile)?;
            Ok((name_end, literal))
        }
    }
}

/// Whether any byte is U+0000, `+` or `#`, eight at a time.
#[inline]
fn has_special(bytes: &[u8]) -> bool {
    let (words, tail) = bytes.as_chunks::<8>();
    // The last word again, from the end back, rather than the tail byte by byte.
    let last = bytes.last_chunk::<8>();
    let found = words
        .iter()
        .fold(0, |found, word| found | specials_of(*word));
    let found = match (tail, last) {
        ([], _) => found,
        (_, Some(last)) => found | specials_of(*last),
        (tail, None) => {
            let mut word = [b'.'; 8];
            for (place, byte) in word.iter_mut().zip(tail) {
                *place = *byte;
            }
            specials_of(word)
        }
    };
    found != 0
}

/// Not zero if any byte of the word is U+0000, `+` or `#`.
#[inline]
fn specials_of(word: [u8; 8]) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(word);
    // `+` is 0x2B and `#` is 0x23: they differ in the bit 0x08 alone.
    let wildcards = (word | EACH.wrapping_mul(0x08)) ^ EACH.wrapping_mul(b'+' as u64);
    // A byte borrows from above itself only if it is zero, or if one below it is.
    let zero_byte = |word: u64| word.wrapping_sub(EACH) & !word & HIGH;
    zero_byte(wildcards) | zero_byte(word)
}

/// The bytes that are U+0000, `+` or `#`, with their offsets.
fn specials(bytes: &[u8]) -> impl Iterator<Item = (usize, u8)> {
    bytes
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, byte)| matches!(byte, 0 | b'+' | b'#'))
}

fn length(
    text: &str,
    exempt: usize,
    max: u16,
    subject: Subject,
    profile: &Profile,
) -> Result<(), TopicError> {
    // The exempt prefix does not free a name from the limit of an MQTT string [MQTT-4.7.3-3].
    for (bytes, max, start) in [
        (text.len(), u16::MAX, 0),
        (text.len().saturating_sub(exempt), max, exempt),
    ] {
        if bytes > usize::from(max) {
            let offset = start.saturating_add(usize::from(max));
            let kind = Kind::TooLong { bytes, max };
            return Err(TopicError::new(kind, subject, profile.version, offset));
        }
    }
    Ok(())
}

fn levels(
    text: &str,
    exempt: usize,
    subject: Subject,
    profile: &Profile,
) -> Result<(), TopicError> {
    let max = profile.max_levels;
    // A string of n bytes has at most n + 1 levels, so the presets of MQTT have nothing to count.
    if usize::try_from(max).is_ok_and(|max| max > text.len()) {
        return Ok(());
    }
    let mut separators = text
        .bytes()
        .enumerate()
        .skip(exempt)
        .filter(|(_, byte)| *byte == b'/');
    let excess = match max.checked_sub(1) {
        Some(allowed) => separators.nth(usize::try_from(allowed).unwrap_or(usize::MAX)),
        None => Some((0, b'/')),
    };
    match excess {
        Some((offset, _)) => Err(TopicError::new(
            Kind::TooManyLevels { max },
            subject,
            profile.version,
            offset,
        )),
        None => Ok(()),
    }
}

/// MQTT 5.0 §1.5.4 and MQTT 3.1.1 §1.5.3: U+0001..U+001F, U+007F..U+009F and the Unicode non-characters.
fn control_characters(text: &str, subject: Subject, profile: &Profile) -> Result<(), TopicError> {
    if !profile.refuse_control_characters {
        return Ok(());
    }
    let found = text.char_indices().find(|(_, character)| {
        let scalar = u32::from(*character);
        character.is_control() || (0xFDD0..=0xFDEF).contains(&scalar) || scalar & 0xFFFE == 0xFFFE
    });
    match found {
        Some((offset, _)) => Err(TopicError::new(
            Kind::ControlCharacter,
            subject,
            profile.version,
            offset,
        )),
        None => Ok(()),
    }
}

/// The length of `$aws/rules/<rule>/` at the start of `text`, or 0.
fn basic_ingest_prefix(text: &str) -> usize {
    text.strip_prefix(BASIC_INGEST)
        .and_then(|rest| rest.find('/'))
        .map_or(0, |end| {
            end.saturating_add(BASIC_INGEST.len()).saturating_add(1)
        })
}

fn is_aws_topic(text: &str) -> bool {
    text.strip_prefix("$aws/").is_some_and(|rest| {
        let namespace = rest.split('/').next().unwrap_or(rest);
        AWS_NAMESPACES.contains(&namespace)
    })
}
