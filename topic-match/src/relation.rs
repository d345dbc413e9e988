//! Relations between the sets of names that two filters match.
//!
//! They are about names, not deliveries: [`MatchRules::deliver_basic_ingest`] plays no part.

use crate::{MatchRules, TopicFilter};

/// Whether every name that `other` matches is matched by `this`.
pub(crate) fn covers(this: TopicFilter<'_>, other: TopicFilter<'_>, rules: MatchRules) -> bool {
    if begins_with_wildcard(this) && other.as_str().starts_with('$') {
        return false;
    }
    let (mut ours, mut theirs) = (this.levels(), other.levels());
    loop {
        match (ours.next(), theirs.next()) {
            (Some("#"), Some(_)) | (None, None) => return true,
            (Some("#"), None) => return rules.hash_matches_parent,
            (Some("+"), Some("#")) => {
                // `+/#` is all that may match as much as `#` does: from one level more on, and its parent. What it
                // lacks is the parent of their `#`, which is no name where there is none (`#`) or it is empty (`/#`).
                let parent = other.as_str().strip_suffix('#').unwrap_or_default();
                return rules.hash_matches_parent
                    && matches!(parent, "" | "/")
                    && ours.next() == Some("#");
            }
            (Some("+"), Some(_)) => {}
            (Some(level), Some(other)) if level == other => {}
            _ => return false,
        }
    }
}

/// Whether some name is matched by both.
pub(crate) fn overlaps(one: TopicFilter<'_>, two: TopicFilter<'_>, rules: MatchRules) -> bool {
    if begins_with_wildcard(one) && two.as_str().starts_with('$')
        || begins_with_wildcard(two) && one.as_str().starts_with('$')
    {
        return false;
    }
    // The parent of `/#` would be the empty name, which is none.
    let no_parent = [one, two].iter().any(|filter| filter.as_str() == "/#");
    let (mut one, mut two) = (one.levels(), two.levels());
    loop {
        match (one.next(), two.next()) {
            (None, None) | (Some("#"), Some(_)) | (Some(_), Some("#")) => return true,
            (Some("#"), None) | (None, Some("#")) => {
                return rules.hash_matches_parent && !no_parent;
            }
            (Some("+"), Some(_)) | (Some(_), Some("+")) => {}
            (Some(level), Some(other)) if level == other => {}
            _ => return false,
        }
    }
}

fn begins_with_wildcard(filter: TopicFilter<'_>) -> bool {
    filter.has_wildcard() && filter.literal() == 0
}
