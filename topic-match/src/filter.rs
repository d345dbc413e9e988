use alloc::boxed::Box;

use crate::text::{borrowed_text, owned_text};
use crate::{
    Captures, MatchRules, Profile, Subject, TopicError, TopicName, matching, relation, validate,
};

/// A valid topic filter without share name (MQTT 5.0 §4.7, MQTT 3.1.1 §4.7).
///
/// Besides its text it knows where its first wildcard stands, which makes matching a parsed filter cheaper than
/// matching a string.
///
/// ```
/// use topic_match::{TopicFilter, TopicName};
///
/// let filter = TopicFilter::new("sport/+/player1/#")?;
/// assert!(filter.matches(TopicName::new("sport/tennis/player1/ranking")?));
/// assert!(filter.matches(TopicName::new("sport/tennis/player1")?));
/// assert!(!filter.matches(TopicName::new("sport/tennis/player2")?));
/// # Ok::<(), topic_match::TopicError>(())
/// ```
#[derive(Clone, Copy)]
pub struct TopicFilter<'a> {
    text: &'a str,
    /// How many bytes come before the first wildcard: all of them where there is none.
    literal: usize,
}

impl<'a> TopicFilter<'a> {
    /// Checks `text` by the rules of MQTT 5.0.
    ///
    /// # Errors
    /// When a wildcard is out of place, the text is empty, longer than 65,535 bytes or holds U+0000, or when it
    /// begins with `$share/`: see [`SubscriptionFilter`](crate::SubscriptionFilter), which takes both kinds.
    pub fn new(text: &'a str) -> Result<Self, TopicError> {
        Self::with_profile(text, &Profile::MQTT_5)
    }

    /// Checks `text` by the rules of a profile.
    ///
    /// ```
    /// use topic_match::{Profile, TopicFilter};
    ///
    /// // MQTT 3.1.1 knows no shared subscriptions: an ordinary filter.
    /// assert!(TopicFilter::with_profile("$share/group/a", &Profile::MQTT_3_1_1).is_ok());
    /// ```
    ///
    /// # Errors
    /// When the profile does not allow it.
    pub fn with_profile(text: &'a str, profile: &Profile) -> Result<Self, TopicError> {
        let literal = validate::filter(text, 0, Subject::TopicFilter, profile)?;
        Ok(Self { text, literal })
    }

    /// Takes text that is known to be a valid filter, and where its first wildcard stands.
    pub(crate) const fn trusted(text: &'a str, literal: usize) -> Self {
        Self { text, literal }
    }

    pub(crate) const fn literal(&self) -> usize {
        self.literal
    }

    /// Whether this filter matches `name`, by the rules of MQTT.
    ///
    /// Linear in the shorter of the two, without allocation.
    #[must_use]
    #[inline]
    pub fn matches(&self, name: TopicName<'_>) -> bool {
        self.matches_with(name, MatchRules::MQTT)
    }

    /// Whether this filter matches `name`, by the rules given.
    ///
    /// ```
    /// use topic_match::{MatchRules, TopicFilter, TopicName};
    ///
    /// let filter = TopicFilter::new("$aws/#")?;
    /// let ingest = TopicName::new("$aws/rules/r/a")?;
    /// assert!(filter.matches(ingest));
    /// assert!(!filter.matches_with(ingest, MatchRules::AWS_IOT));
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    #[inline]
    pub fn matches_with(&self, name: TopicName<'_>, rules: MatchRules) -> bool {
        matching::parsed(
            self.text.as_bytes(),
            self.literal,
            name.as_str().as_bytes(),
            rules,
        )
    }

    /// What the wildcards stood for, or `None` where the filter does not match.
    ///
    /// ```
    /// use topic_match::{Capture, TopicFilter, TopicName};
    ///
    /// let filter = TopicFilter::new("site/+/dev/#")?;
    /// let name = TopicName::new("site/7/dev/temp/max")?;
    /// let captures: Vec<Capture> = filter.captures(name).unwrap().collect();
    /// assert_eq!(captures, [Capture::Level("7"), Capture::Rest(Some("temp/max"))]);
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn captures<'n>(&self, name: TopicName<'n>) -> Option<Captures<'a, 'n>> {
        self.captures_with(name, MatchRules::MQTT)
    }

    /// [`captures`](Self::captures) by the rules given.
    ///
    /// ```
    /// use topic_match::{Capture, MatchRules, TopicFilter, TopicName};
    ///
    /// let (filter, parent) = (TopicFilter::new("a/#")?, TopicName::new("a")?);
    /// assert_eq!(filter.captures(parent).unwrap().next(), Some(Capture::Rest(None)));
    /// assert!(filter.captures_with(parent, MatchRules::AWS_IOT).is_none());
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn captures_with<'n>(
        &self,
        name: TopicName<'n>,
        rules: MatchRules,
    ) -> Option<Captures<'a, 'n>> {
        self.matches_with(name, rules)
            .then(|| Captures::new(self.text, name.as_str()))
    }

    /// Whether this filter matches every name that `other` matches: then a subscription to `other` adds nothing to one
    /// to this, and a grant of this includes `other`.
    ///
    /// ```
    /// use topic_match::TopicFilter;
    ///
    /// let granted = TopicFilter::new("dev/7/#")?;
    /// assert!(granted.covers(TopicFilter::new("dev/7/+/max")?));
    /// assert!(!granted.covers(TopicFilter::new("dev/+/max")?));
    /// // `#` does not match names that begin with `$`.
    /// assert!(!TopicFilter::new("#")?.covers(TopicFilter::new("$SYS/#")?));
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn covers(&self, other: TopicFilter<'_>) -> bool {
        relation::covers(*self, other, MatchRules::MQTT)
    }

    /// [`covers`](Self::covers) by the rules given.
    ///
    /// ```
    /// # use topic_match::{MatchRules, TopicFilter};
    /// let (hash, parent) = (TopicFilter::new("a/#")?, TopicFilter::new("a")?);
    /// assert!(hash.covers(parent));
    /// assert!(!hash.covers_with(parent, MatchRules::AWS_IOT));
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn covers_with(&self, other: TopicFilter<'_>, rules: MatchRules) -> bool {
        relation::covers(*self, other, rules)
    }

    /// Whether some name is matched by both filters.
    ///
    /// ```
    /// use topic_match::TopicFilter;
    ///
    /// assert!(TopicFilter::new("a/+/c")?.overlaps(TopicFilter::new("+/b/#")?));
    /// assert!(!TopicFilter::new("a/+")?.overlaps(TopicFilter::new("a/b/+")?));
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn overlaps(&self, other: TopicFilter<'_>) -> bool {
        relation::overlaps(*self, other, MatchRules::MQTT)
    }

    /// [`overlaps`](Self::overlaps) by the rules given.
    ///
    /// ```
    /// # use topic_match::{MatchRules, TopicFilter};
    /// let (hash, parent) = (TopicFilter::new("a/#")?, TopicFilter::new("a")?);
    /// assert!(hash.overlaps(parent));
    /// assert!(!hash.overlaps_with(parent, MatchRules::AWS_IOT));
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn overlaps_with(&self, other: TopicFilter<'_>, rules: MatchRules) -> bool {
        relation::overlaps(*self, other, rules)
    }

    /// The levels: what stands between the `/`.
    ///
    /// ```
    /// # use topic_match::TopicFilter;
    /// let levels: Vec<&str> = TopicFilter::new("a/+/#")?.levels().collect();
    /// assert_eq!(levels, ["a", "+", "#"]);
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    pub fn levels(&self) -> impl DoubleEndedIterator<Item = &'a str> + use<'a> {
        self.text.split('/')
    }

    /// Whether there is a `+` or `#`.
    ///
    /// ```
    /// # use topic_match::TopicFilter;
    /// assert!(TopicFilter::new("a/+")?.has_wildcard());
    /// assert!(!TopicFilter::new("a/b")?.has_wildcard());
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub const fn has_wildcard(&self) -> bool {
        self.literal < self.text.len()
    }

    /// The one name that a filter without wildcards matches.
    ///
    /// ```
    /// # use topic_match::TopicFilter;
    /// assert_eq!(TopicFilter::new("a/b")?.as_name().unwrap(), "a/b");
    /// assert!(TopicFilter::new("a/#")?.as_name().is_none());
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn as_name(&self) -> Option<TopicName<'a>> {
        (!self.has_wildcard()).then(|| TopicName::trusted(self.text))
    }

    /// An owned copy.
    ///
    /// ```
    /// # use topic_match::{TopicFilter, TopicFilterBuf};
    /// let owned: TopicFilterBuf = TopicFilter::new("a/+")?.to_buf();
    /// assert_eq!(owned, "a/+");
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn to_buf(&self) -> TopicFilterBuf {
        TopicFilterBuf {
            text: self.text.into(),
            literal: self.literal,
        }
    }
}

/// A name is the filter that matches it alone.
impl<'a> From<TopicName<'a>> for TopicFilter<'a> {
    fn from(name: TopicName<'a>) -> Self {
        Self::trusted(name.as_str(), name.as_str().len())
    }
}

/// An owned [`TopicFilter`].
///
/// ```
/// use topic_match::{TopicFilterBuf, TopicName};
///
/// let filter: TopicFilterBuf = "sport/#".parse()?;
/// assert!(filter.as_ref().matches(TopicName::new("sport/tennis")?));
/// # Ok::<(), topic_match::TopicError>(())
/// ```
#[derive(Clone)]
pub struct TopicFilterBuf {
    text: Box<str>,
    literal: usize,
}

impl TopicFilterBuf {
    /// The borrowed form.
    #[must_use]
    pub fn as_ref(&self) -> TopicFilter<'_> {
        TopicFilter {
            text: &self.text,
            literal: self.literal,
        }
    }
}

borrowed_text!(TopicFilter, TopicFilterBuf);
owned_text!(TopicFilterBuf, TopicFilter);
