use alloc::boxed::Box;

use crate::text::{borrowed_text, owned_text};
use crate::{Profile, TopicError, validate};

/// A valid topic name (MQTT 5.0 §4.7, MQTT 3.1.1 §4.7): what a message is published to.
///
/// It holds no wildcard, which is what makes matching against it safe: a name taken from a stranger cannot act as a
/// filter.
///
/// ```
/// use topic_match::TopicName;
///
/// let name = TopicName::new("sport/tennis/player1")?;
/// assert_eq!(name.levels().count(), 3);
/// assert!(TopicName::new("sport/+").is_err());
/// # Ok::<(), topic_match::TopicError>(())
/// ```
#[derive(Clone, Copy)]
pub struct TopicName<'a> {
    text: &'a str,
}

impl<'a> TopicName<'a> {
    /// Checks `text` by the rules of MQTT 5.0, which are those of 3.1.1 too.
    ///
    /// # Errors
    /// When it is empty, longer than 65,535 bytes, or holds U+0000, `+` or `#`.
    pub fn new(text: &'a str) -> Result<Self, TopicError> {
        Self::with_profile(text, &Profile::MQTT_5)
    }

    /// Checks `text` by the rules of a profile.
    ///
    /// ```
    /// use topic_match::{Profile, TopicName};
    ///
    /// assert!(TopicName::with_profile("$aws/things/t/shadow/get", &Profile::AWS_IOT).is_ok());
    /// assert!(TopicName::with_profile("$mine/a", &Profile::AWS_IOT).is_err());
    /// ```
    ///
    /// # Errors
    /// When the profile does not allow it.
    pub fn with_profile(text: &'a str, profile: &Profile) -> Result<Self, TopicError> {
        validate::name(text, profile)?;
        Ok(Self { text })
    }

    /// Takes text that is known to be a valid name.
    pub(crate) const fn trusted(text: &'a str) -> Self {
        Self { text }
    }

    /// The levels: what stands between the `/`. Any of them may be empty.
    ///
    /// ```
    /// # use topic_match::TopicName;
    /// let levels: Vec<&str> = TopicName::new("/a//b")?.levels().collect();
    /// assert_eq!(levels, ["", "a", "", "b"]);
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    pub fn levels(&self) -> impl DoubleEndedIterator<Item = &'a str> + use<'a> {
        self.text.split('/')
    }

    /// Whether the name begins with `$`, so that no filter with a leading wildcard matches it [MQTT-4.7.2-1].
    ///
    /// ```
    /// # use topic_match::TopicName;
    /// assert!(TopicName::new("$SYS/uptime")?.begins_with_dollar());
    /// assert!(!TopicName::new("a/$b")?.begins_with_dollar());
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn begins_with_dollar(&self) -> bool {
        self.text.starts_with('$')
    }

    /// An owned copy.
    ///
    /// ```
    /// # use topic_match::{TopicName, TopicNameBuf};
    /// let owned: TopicNameBuf = TopicName::new("a/b")?.to_buf();
    /// assert_eq!(owned, "a/b");
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub fn to_buf(&self) -> TopicNameBuf {
        TopicNameBuf {
            text: self.text.into(),
        }
    }
}

/// An owned [`TopicName`].
///
/// ```
/// use topic_match::TopicNameBuf;
///
/// let name: TopicNameBuf = "sport/tennis".parse()?;
/// assert_eq!(name.as_ref().levels().last(), Some("tennis"));
/// # Ok::<(), topic_match::TopicError>(())
/// ```
#[derive(Clone)]
pub struct TopicNameBuf {
    text: Box<str>,
}

impl TopicNameBuf {
    /// The borrowed form.
    #[must_use]
    pub fn as_ref(&self) -> TopicName<'_> {
        TopicName { text: &self.text }
    }
}

borrowed_text!(TopicName, TopicNameBuf);
owned_text!(TopicNameBuf, TopicName);
