//! Filter against name, byte by byte.
//!
//! Everything rests on one observation: a name holds no wildcard, so wherever filter and name first differ either the
//! filter has a wildcard there, which by validity fills its level, or there is no match but for the parent of a `#`.

use crate::{MatchRules, Profile, SubscriptionFilter, TopicError, TopicName};

/// Whether `filter` matches `name`, both checked by the rules of MQTT 5.0.
///
/// A shared filter matches by its inner filter. Where one filter meets many names, parse it once:
/// [`TopicFilter::matches`](crate::TopicFilter::matches).
///
/// ```
/// assert!(topic_match::matches("sport/+/#", "sport/tennis/player1")?);
/// assert!(!topic_match::matches("#", "$SYS/uptime")?);
/// assert!(topic_match::matches("sport/#/x", "sport").is_err());
/// # Ok::<(), topic_match::TopicError>(())
/// ```
///
/// # Errors
/// When the filter is invalid, or else the name.
pub fn matches(filter: &str, name: &str) -> Result<bool, TopicError> {
    let filter = SubscriptionFilter::with_profile(filter, &Profile::MQTT_5)?.filter();
    Ok(filter.matches(TopicName::new(name)?))
}

/// Matching of strings that are known to be valid.
pub mod unchecked {
    use crate::MatchRules;

    /// Whether `filter` matches `name` by the rules of MQTT, for strings that have been checked before.
    ///
    /// It never panics, but where the filter or the name is invalid the answer means nothing: a wildcard in the name
    /// equals itself in the filter. For strings from strangers there is [`matches`](crate::matches()). A `$share/…`
    /// filter is taken as an ordinary one.
    ///
    /// ```
    /// use topic_match::unchecked;
    ///
    /// assert!(unchecked::matches("sport/+/player1", "sport/tennis/player1"));
    /// assert!(!unchecked::matches("sport/+", "sport"));
    /// ```
    #[must_use]
    #[inline]
    pub fn matches(filter: &str, name: &str) -> bool {
        super::plain(filter.as_bytes(), name.as_bytes(), MatchRules::MQTT)
    }
}

/// Matches a valid filter whose first wildcard stands at `literal` (its length where there is none).
#[inline]
pub(crate) fn parsed(filter: &[u8], literal: usize, name: &[u8], rules: MatchRules) -> bool {
    if !rules.delivers(name) {
        return false;
    }
    if literal == filter.len() {
        // Most names differ at once: a look at the first byte spares them the call of `memcmp`.
        return filter.first() == name.first() && filter == name;
    }
    if literal == 0 {
        return leading(filter, name, rules);
    }
    let Some((prefix, rest)) = filter.split_at_checked(literal) else {
        return false;
    };
    match name.strip_prefix(prefix) {
        Some(tail) => wild(rest, tail, rules),
        // MQTT 5.0 §4.7.1.2: `a/#` matches `a`.
        None => {
            rules.hash_matches_parent && rest == b"#" && prefix.split_last() == Some((&b'/', name))
        }
    }
}

/// Matches a valid filter of which nothing more is known.
#[inline]
pub(crate) fn plain(filter: &[u8], name: &[u8], rules: MatchRules) -> bool {
    if !rules.delivers(name) {
        return false;
    }
    match filter.first() {
        Some(b'+' | b'#') => leading(filter, name, rules),
        _ => literal(filter, name, rules),
    }
}

/// `filter` begins with a wildcard, and `name` is whole.
#[inline]
fn leading(filter: &[u8], name: &[u8], rules: MatchRules) -> bool {
    // MQTT 5.0 §4.7.2 [MQTT-4.7.2-1]: leading wildcards do not see `$`.
    name.first() != Some(&b'$')
        && (filter.len() == 1 && filter == b"#" || wild(filter, name, rules))
}

/// `filter` begins with a wildcard, and `name` where that wildcard's level begins.
#[inline(never)]
fn wild(mut filter: &[u8], mut name: &[u8], rules: MatchRules) -> bool {
    // Each turn consumes a level of the filter.
    while let Some((b'+', rest)) = filter.split_first() {
        let tail = skip_level(name);
        (filter, name) = match agree(rest, tail) {
            Agreement::Whole => return true,
            Agreement::Wildcard(filter, name) => (filter, name),
            Agreement::Parent => return rules.hash_matches_parent,
            Agreement::None => return false,
        };
    }
    // Only `#` is left: `wild` is called with a wildcard first, and `agree` stops at one.
    true
}

/// `filter` begins with no wildcard.
fn literal(filter: &[u8], name: &[u8], rules: MatchRules) -> bool {
    match agree(filter, name) {
        Agreement::Whole => true,
        Agreement::Wildcard(filter, name) => wild(filter, name, rules),
        Agreement::Parent => rules.hash_matches_parent,
        Agreement::None => false,
    }
}

/// How far filter and name are the same.
enum Agreement<'f, 'n> {
    /// To the end of both.
    Whole,
    /// Up to a wildcard, from which on these are left.
    Wildcard(&'f [u8], &'n [u8]),
    /// The name is the parent of the filter's `/#`.
    Parent,
    /// They differ.
    None,
}

#[inline]
fn agree<'f, 'n>(filter: &'f [u8], name: &'n [u8]) -> Agreement<'f, 'n> {
    let same = common_prefix(filter, name);
    let (Some(filter), Some(name)) = (filter.get(same..), name.get(same..)) else {
        return Agreement::None;
    };
    match (filter, name) {
        ([], []) => Agreement::Whole,
        ([b'+' | b'#', ..], _) => Agreement::Wildcard(filter, name),
        ([b'/', b'#'], []) => Agreement::Parent,
        _ => Agreement::None,
    }
}

/// How many bytes are the same from the start, eight at a time.
#[inline]
fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    let (mut left, mut right, mut same) = (a, b, 0_usize);
    while let (Some((x, rest_left)), Some((y, rest_right))) = (
        left.split_first_chunk::<8>(),
        right.split_first_chunk::<8>(),
    ) {
        let differing = u64::from_le_bytes(*x) ^ u64::from_le_bytes(*y);
        if differing != 0 {
            return same.wrapping_add((differing.trailing_zeros() / 8) as usize);
        }
        (left, right, same) = (rest_left, rest_right, same.wrapping_add(8));
    }
    let tail = left.iter().zip(right).take_while(|(x, y)| x == y).count();
    same.wrapping_add(tail)
}

/// What is left of a name from the next `/` on.
#[inline]
fn skip_level(name: &[u8]) -> &[u8] {
    let end = name.iter().position(|byte| *byte == b'/');
    end.and_then(|end| name.get(end..)).unwrap_or_default()
}
