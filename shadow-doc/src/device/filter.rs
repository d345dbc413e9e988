use crate::document::Version;
use crate::topic::TopicKind;

/// Drops messages that are older than one already seen on the same topic.
///
/// Accepted, delta and documents of one update carry the same version, and MQTT keeps the order of a
/// topic only. So each topic has its own last version, and only a strictly lower one is stale; a
/// filter that is shared between topics loses deltas.
///
/// ```
/// use shadow_doc::{TopicKind, Version, VersionFilter};
///
/// let version = |n| Version::new(n).unwrap();
/// let mut filter = VersionFilter::default();
/// assert!(filter.admit(TopicKind::UpdateDelta, version(5)));
/// assert!(filter.admit(TopicKind::UpdateAccepted, version(4)), "another topic");
/// assert!(filter.admit(TopicKind::UpdateDelta, version(5)), "sent again, not stale");
/// assert!(!filter.admit(TopicKind::UpdateDelta, version(4)));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionFilter {
    seen: [Option<Version>; TopicKind::ALL.len()],
}

impl VersionFilter {
    /// Whether a message is to be looked at; if so, it is the newest of its topic now.
    ///
    /// ```
    /// # use shadow_doc::{TopicKind, Version, VersionFilter};
    /// assert!(VersionFilter::default().admit(TopicKind::GetAccepted, Version::FIRST));
    /// ```
    pub fn admit(&mut self, topic: TopicKind, version: Version) -> bool {
        let place = TopicKind::ALL.iter().position(|kind| *kind == topic);
        let Some(seen) = place.and_then(|place| self.seen.get_mut(place)) else {
            return true;
        };
        if seen.is_some_and(|seen| version < seen) {
            return false;
        }
        *seen = Some(version);
        true
    }

    /// Forgets all versions: for a shadow that was deleted, whose numbering may start anew.
    ///
    /// ```
    /// # use shadow_doc::{TopicKind, Version, VersionFilter};
    /// let mut filter = VersionFilter::default();
    /// filter.admit(TopicKind::UpdateDelta, Version::new(9).unwrap());
    /// filter.reset();
    /// assert!(filter.admit(TopicKind::UpdateDelta, Version::FIRST));
    /// ```
    pub fn reset(&mut self) {
        *self = Self::default();
    }
}
