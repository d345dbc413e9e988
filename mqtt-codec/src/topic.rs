//! What a Topic Name and a Topic Filter may be (MQTT 3.1.1 §4.7, MQTT 5.0 §4.7, §4.8.2).

use crate::Version;
use crate::text::{self, TextFault};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TopicFault {
    Text(TextFault),
    Empty,
    Wildcard { at: usize, byte: u8 },
    MultiLevel { at: usize },
    SingleLevel { at: usize },
    NoShareName { at: usize },
    Shared { at: usize },
}

/// Judges a Topic Name; whether it may be empty is for the caller to know.
#[inline]
pub(crate) fn check_name(bytes: &[u8]) -> Result<(), TopicFault> {
    if text::is_plain_topic(bytes) {
        Ok(())
    } else {
        check_name_closely(bytes)
    }
}

#[inline(never)]
fn check_name_closely(bytes: &[u8]) -> Result<(), TopicFault> {
    text::check(bytes).map_err(TopicFault::Text)?;
    // MQTT 3.1.1 [MQTT-3.3.2-2], [MQTT-4.7.1-1]; MQTT 5.0 [MQTT-3.3.2-2], [MQTT-4.7.0-1]
    match bytes
        .iter()
        .enumerate()
        .find(|(_, byte)| matches!(byte, b'#' | b'+'))
    {
        Some((at, &byte)) => Err(TopicFault::Wildcard { at, byte }),
        None => Ok(()),
    }
}

/// Whether a valid name is not too long for a version: 3.1 has at most 32,767 characters (MQTT 3.1 §2.3).
#[inline]
pub(crate) fn name_fits(name: &[u8], version: Version) -> bool {
    version != Version::V31
        || name.len() <= V31_MAX
        || text::checked(name).chars().count() <= V31_MAX
}

const V31_MAX: usize = 32_767;

/// Judges a Topic Filter; `shared` is whether the version knows shared subscriptions (5.0).
#[inline]
pub(crate) fn check_filter(bytes: &[u8], shared: bool) -> Result<(), TopicFault> {
    match bytes.first() {
        // MQTT 3.1.1 [MQTT-4.7.3-1], MQTT 5.0 [MQTT-4.7.3-1]
        None => Err(TopicFault::Empty),
        Some(&first) => {
            let ordinary = first != b'$' || !(shared && is_shared(bytes));
            if ordinary && text::is_plain_filter(bytes, |at| is_level(bytes, at)) {
                Ok(())
            } else {
                check_filter_closely(bytes, shared)
            }
        }
    }
}

/// Whether the wildcard at `at` is a whole level, and the last one if it is `#`.
#[inline]
fn is_level(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|at| bytes.get(at));
    let after = bytes.get(at.saturating_add(1));
    let begins = matches!(before, None | Some(b'/'));
    begins && (after.is_none() || (after == Some(&b'/') && bytes.get(at) == Some(&b'+')))
}

#[inline(never)]
fn check_filter_closely(bytes: &[u8], shared: bool) -> Result<(), TopicFault> {
    text::check(bytes).map_err(TopicFault::Text)?;
    let levels = match bytes.strip_prefix(b"$share/") {
        Some(rest) if shared => check_share(rest)?,
        _ => bytes,
    };
    // Offsets are those of the filter on the wire.
    let skipped = bytes.len().saturating_sub(levels.len());
    let mut previous = b'/';
    let mut rest = levels.iter().zip(skipped..).peekable();
    while let Some((&byte, at)) = rest.next() {
        let next = rest.peek().map(|(byte, _)| **byte);
        match byte {
            // MQTT 3.1.1 [MQTT-4.7.1-2], MQTT 5.0 [MQTT-4.7.1-1]
            b'#' if previous != b'/' || next.is_some() => {
                return Err(TopicFault::MultiLevel { at });
            }
            // MQTT 3.1.1 [MQTT-4.7.1-3], MQTT 5.0 [MQTT-4.7.1-2]
            b'+' if previous != b'/' || !matches!(next, None | Some(b'/')) => {
                return Err(TopicFault::SingleLevel { at });
            }
            _ => {}
        }
        previous = byte;
    }
    Ok(())
}

/// Judges what follows `$share/` and gives the filter in it.
fn check_share(rest: &[u8]) -> Result<&[u8], TopicFault> {
    const PREFIX: usize = 7;
    let end = rest
        .iter()
        .position(|&byte| byte == b'/')
        .unwrap_or(rest.len());
    let (name, filter) = rest.split_at_checked(end).unwrap_or_default();
    // MQTT 5.0 [MQTT-4.8.2-1]
    if name.is_empty() {
        return Err(TopicFault::NoShareName { at: PREFIX });
    }
    // MQTT 5.0 [MQTT-4.8.2-2]
    if let Some(at) = name.iter().position(|byte| matches!(byte, b'#' | b'+')) {
        return Err(TopicFault::Shared {
            at: at.saturating_add(PREFIX),
        });
    }
    match filter.split_first() {
        Some((_, filter)) if !filter.is_empty() => Ok(filter),
        _ => Err(TopicFault::Shared {
            at: end.saturating_add(PREFIX),
        }),
    }
}

/// Whether a valid 5.0 filter is a shared subscription.
pub(crate) fn is_shared(filter: &[u8]) -> bool {
    filter.starts_with(b"$share/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use TopicFault as F;
    use alloc::vec::Vec;

    #[test]
    fn names() {
        for (name, verdict) in [
            ("a", Ok(())),
            ("/", Ok(())),
            ("$SYS/a b/ü", Ok(())),
            ("a/longer/name/than/eight", Ok(())),
            ("a/#", Err(F::Wildcard { at: 2, byte: b'#' })),
            ("ü/+/#", Err(F::Wildcard { at: 3, byte: b'+' })),
            ("a\0", Err(F::Text(TextFault::Nul { at: 1 }))),
        ] {
            assert_eq!(check_name(name.as_bytes()), verdict, "{name}");
        }
    }

    // Every filter of up to nine bytes over an alphabet that matters: the quick way says the same as the slow one.
    #[test]
    fn quick_and_close_agree() {
        let alphabet = [b'a', b'/', b'+', b'#'];
        for len in 1..=9_u32 {
            for number in 0..4_u32.pow(len) {
                let filter: Vec<u8> = (0..len)
                    .map(|place| alphabet[(number >> (2 * place)) as usize & 3])
                    .collect();
                assert_eq!(
                    check_filter(&filter, true),
                    check_filter_closely(&filter, true),
                    "{filter:?}"
                );
            }
        }
    }

    #[test]
    fn filters() {
        for (filter, v5, v311) in [
            ("a", Ok(()), Ok(())),
            ("#", Ok(()), Ok(())),
            ("+", Ok(()), Ok(())),
            ("/", Ok(()), Ok(())),
            ("+/+/#", Ok(()), Ok(())),
            ("/+", Ok(()), Ok(())),
            ("$SYS/#", Ok(()), Ok(())),
            ("", Err(F::Empty), Err(F::Empty)),
            (
                "a#",
                Err(F::MultiLevel { at: 1 }),
                Err(F::MultiLevel { at: 1 }),
            ),
            (
                "a/#/b",
                Err(F::MultiLevel { at: 2 }),
                Err(F::MultiLevel { at: 2 }),
            ),
            (
                "##",
                Err(F::MultiLevel { at: 0 }),
                Err(F::MultiLevel { at: 0 }),
            ),
            (
                "a+/b",
                Err(F::SingleLevel { at: 1 }),
                Err(F::SingleLevel { at: 1 }),
            ),
            (
                "+a",
                Err(F::SingleLevel { at: 0 }),
                Err(F::SingleLevel { at: 0 }),
            ),
            (
                "ü/+b",
                Err(F::SingleLevel { at: 3 }),
                Err(F::SingleLevel { at: 3 }),
            ),
            // Shared subscriptions are an affair of 5.0.
            ("$share/g/a", Ok(()), Ok(())),
            ("$share/g//", Ok(()), Ok(())),
            ("$share", Ok(()), Ok(())),
            ("$shared/#", Ok(()), Ok(())),
            ("$share//a", Err(F::NoShareName { at: 7 }), Ok(())),
            ("$share/", Err(F::NoShareName { at: 7 }), Ok(())),
            ("$share/g", Err(F::Shared { at: 8 }), Ok(())),
            ("$share/g/", Err(F::Shared { at: 8 }), Ok(())),
            ("$share/+/a", Err(F::Shared { at: 7 }), Ok(())),
            (
                "$share/g/a#",
                Err(F::MultiLevel { at: 10 }),
                Err(F::MultiLevel { at: 10 }),
            ),
        ] {
            assert_eq!(check_filter(filter.as_bytes(), true), v5, "{filter}");
            assert_eq!(check_filter(filter.as_bytes(), false), v311, "{filter}");
        }
    }
}
