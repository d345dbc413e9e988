use alloc::boxed::Box;
use core::fmt;
use core::str::FromStr;

use crate::profile::SHARE;
use crate::text::{borrowed_text, owned_text};
use crate::{Profile, TopicError, TopicFilter, TopicFilterBuf, validate};

/// A valid shared filter, `$share/<name>/<filter>` (MQTT 5.0 §4.8.2).
///
/// The inner filter does the matching; share name and filter together are the identity of the subscription.
///
/// ```
/// use topic_match::{SharedFilter, TopicName};
///
/// let shared = SharedFilter::new("$share/workers/jobs/+")?;
/// assert_eq!(shared.share_name(), "workers");
/// assert_eq!(shared.filter(), "jobs/+");
/// assert!(shared.filter().matches(TopicName::new("jobs/1")?));
///
/// let error = SharedFilter::new("$share//jobs").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "invalid shared filter at byte 7: the share name needs at least one character [MQTT-4.8.2-1]"
/// );
/// # Ok::<(), topic_match::TopicError>(())
/// ```
#[derive(Clone, Copy)]
pub struct SharedFilter<'a> {
    text: &'a str,
    share_name: &'a str,
    filter: TopicFilter<'a>,
}

impl<'a> SharedFilter<'a> {
    /// Checks `text` by the rules of MQTT 5.0.
    ///
    /// # Errors
    /// When it does not begin with `$share/`, a share name without wildcards and `/`, or when no valid filter follows.
    pub fn new(text: &'a str) -> Result<Self, TopicError> {
        Self::with_profile(text, &Profile::MQTT_5)
    }

    /// Checks `text` by the rules of a profile.
    ///
    /// ```
    /// use topic_match::{Profile, SharedFilter};
    ///
    /// // `$share/<name>/` does not count towards the eight levels.
    /// assert!(SharedFilter::with_profile("$share/g/a/b/c/d/e/f/g/h", &Profile::AWS_IOT).is_ok());
    /// ```
    ///
    /// # Errors
    /// When the profile does not allow it.
    pub fn with_profile(text: &'a str, profile: &Profile) -> Result<Self, TopicError> {
        let (name_end, literal) = validate::shared(text, profile)?;
        // The validator found `$share/` before and `/` after the name, so none of these falls back.
        let share_name = text.get(SHARE.len()..name_end).unwrap_or_default();
        let filter = text.get(name_end.saturating_add(1)..).unwrap_or_default();
        Ok(Self {
            text,
            share_name,
            filter: TopicFilter::trusted(filter, literal),
        })
    }

    /// The share name.
    #[must_use]
    pub const fn share_name(&self) -> &'a str {
        self.share_name
    }

    /// The filter that does the matching.
    #[must_use]
    pub const fn filter(&self) -> TopicFilter<'a> {
        self.filter
    }

    /// An owned copy.
    ///
    /// ```
    /// # use topic_match::{SharedFilter, SharedFilterBuf};
    /// let owned: SharedFilterBuf = SharedFilter::new("$share/g/a")?.to_buf();
    /// assert_eq!(owned.as_ref().share_name(), "g");
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn to_buf(&self) -> SharedFilterBuf {
        SharedFilterBuf {
            text: self.text.into(),
            name_end: SHARE.len().saturating_add(self.share_name.len()),
            literal: self.filter.literal(),
        }
    }
}

/// An owned [`SharedFilter`].
///
/// ```
/// use topic_match::SharedFilterBuf;
///
/// let shared: SharedFilterBuf = "$share/workers/jobs/#".parse()?;
/// assert_eq!(shared.as_ref().filter(), "jobs/#");
/// # Ok::<(), topic_match::TopicError>(())
/// ```
#[derive(Clone)]
pub struct SharedFilterBuf {
    text: Box<str>,
    name_end: usize,
    literal: usize,
}

impl SharedFilterBuf {
    /// The borrowed form.
    #[must_use]
    pub fn as_ref(&self) -> SharedFilter<'_> {
        let text = &*self.text;
        SharedFilter {
            text,
            share_name: text.get(SHARE.len()..self.name_end).unwrap_or_default(),
            filter: TopicFilter::trusted(
                text.get(self.name_end.saturating_add(1)..)
                    .unwrap_or_default(),
                self.literal,
            ),
        }
    }
}

borrowed_text!(SharedFilter, SharedFilterBuf);
owned_text!(SharedFilterBuf, SharedFilter);

/// What stands in a SUBSCRIBE packet: a plain or a shared filter.
///
/// ```
/// use topic_match::{Profile, SubscriptionFilter};
///
/// let shared = SubscriptionFilter::new("$share/g/a/#")?;
/// assert_eq!(shared.share_name(), Some("g"));
/// assert_eq!(shared.filter(), "a/#");
///
/// let plain = SubscriptionFilter::with_profile("$share/g/a/#", &Profile::MQTT_3_1_1)?;
/// assert_eq!(plain.share_name(), None);
/// # Ok::<(), topic_match::TopicError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubscriptionFilter<'a> {
    /// A filter without share name.
    Plain(TopicFilter<'a>),
    /// `$share/<name>/<filter>`.
    Shared(SharedFilter<'a>),
}

impl<'a> SubscriptionFilter<'a> {
    /// Checks `text` by the rules of MQTT 5.0.
    ///
    /// # Errors
    /// When it is neither a valid filter nor a valid shared filter.
    pub fn new(text: &'a str) -> Result<Self, TopicError> {
        Self::with_profile(text, &Profile::MQTT_5)
    }

    /// Checks `text` by the rules of a profile.
    ///
    /// # Errors
    /// When the profile does not allow it.
    pub fn with_profile(text: &'a str, profile: &Profile) -> Result<Self, TopicError> {
        if profile.shared_filters && text.starts_with(SHARE) {
            SharedFilter::with_profile(text, profile).map(Self::Shared)
        } else {
            // `$share` without `/` too: the prefix is exactly `$share/` [MQTT-4.8.2-1].
            TopicFilter::with_profile(text, profile).map(Self::Plain)
        }
    }

    /// The filter that does the matching.
    #[must_use]
    pub const fn filter(&self) -> TopicFilter<'a> {
        match self {
            Self::Plain(filter) => *filter,
            Self::Shared(shared) => shared.filter,
        }
    }

    /// The share name of a shared filter.
    #[must_use]
    pub const fn share_name(&self) -> Option<&'a str> {
        match self {
            Self::Plain(_) => None,
            Self::Shared(shared) => Some(shared.share_name),
        }
    }

    /// The whole text, `$share/<name>/` included.
    ///
    /// ```
    /// # use topic_match::SubscriptionFilter;
    /// assert_eq!(SubscriptionFilter::new("$share/g/a")?.as_str(), "$share/g/a");
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        match self {
            Self::Plain(filter) => filter.as_str(),
            Self::Shared(shared) => shared.text,
        }
    }

    /// An owned copy.
    ///
    /// ```
    /// # use topic_match::SubscriptionFilter;
    /// let filter = SubscriptionFilter::new("a/+")?;
    /// assert_eq!(filter.to_buf().as_ref(), filter);
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn to_buf(&self) -> SubscriptionFilterBuf {
        match self {
            Self::Plain(filter) => SubscriptionFilterBuf::Plain(filter.to_buf()),
            Self::Shared(shared) => SubscriptionFilterBuf::Shared(shared.to_buf()),
        }
    }
}

impl fmt::Display for SubscriptionFilter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<'a> TryFrom<&'a str> for SubscriptionFilter<'a> {
    type Error = TopicError;

    fn try_from(text: &'a str) -> Result<Self, TopicError> {
        Self::new(text)
    }
}

impl<'a> From<TopicFilter<'a>> for SubscriptionFilter<'a> {
    fn from(filter: TopicFilter<'a>) -> Self {
        Self::Plain(filter)
    }
}

impl<'a> From<&'a TopicFilterBuf> for SubscriptionFilter<'a> {
    fn from(filter: &'a TopicFilterBuf) -> Self {
        Self::Plain(filter.as_ref())
    }
}

impl<'a> From<SharedFilter<'a>> for SubscriptionFilter<'a> {
    fn from(shared: SharedFilter<'a>) -> Self {
        Self::Shared(shared)
    }
}

impl<'a> From<&'a SharedFilterBuf> for SubscriptionFilter<'a> {
    fn from(shared: &'a SharedFilterBuf) -> Self {
        Self::Shared(shared.as_ref())
    }
}

impl<'a> From<&'a SubscriptionFilterBuf> for SubscriptionFilter<'a> {
    fn from(filter: &'a SubscriptionFilterBuf) -> Self {
        filter.as_ref()
    }
}

/// An owned [`SubscriptionFilter`].
///
/// ```
/// use topic_match::SubscriptionFilterBuf;
///
/// let filter: SubscriptionFilterBuf = "$share/g/a".parse()?;
/// assert_eq!(filter.as_ref().share_name(), Some("g"));
/// # Ok::<(), topic_match::TopicError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubscriptionFilterBuf {
    /// A filter without share name.
    Plain(TopicFilterBuf),
    /// `$share/<name>/<filter>`.
    Shared(SharedFilterBuf),
}

impl SubscriptionFilterBuf {
    /// The borrowed form.
    #[must_use]
    pub fn as_ref(&self) -> SubscriptionFilter<'_> {
        match self {
            Self::Plain(filter) => SubscriptionFilter::Plain(filter.as_ref()),
            Self::Shared(shared) => SubscriptionFilter::Shared(shared.as_ref()),
        }
    }
}

impl fmt::Display for SubscriptionFilterBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

impl FromStr for SubscriptionFilterBuf {
    type Err = TopicError;

    fn from_str(text: &str) -> Result<Self, TopicError> {
        SubscriptionFilter::new(text).map(|filter| filter.to_buf())
    }
}

impl From<SubscriptionFilter<'_>> for SubscriptionFilterBuf {
    fn from(filter: SubscriptionFilter<'_>) -> Self {
        filter.to_buf()
    }
}
