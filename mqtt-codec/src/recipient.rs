use core::num::NonZeroU16;

use crate::{Delivery, SubscriptionId};

/// What one receiver of a [`PreparedPublish`](crate::PreparedPublish) gets for itself.
///
/// ```
/// use mqtt_codec::{Delivery, Encoder, PreparedPublish, Publish, Recipient, Version};
///
/// let prepared = PreparedPublish::new(&Publish::builder("a").retain(true).build()?);
/// let encoder = Encoder::server(Version::V311);
/// let mut head = Vec::new();
///
/// // A subscription that was there when the message came does not see RETAIN.
/// prepared.encode_head(&encoder, &Recipient::new(Delivery::AtMostOnce), &mut head)?;
/// assert_eq!(head, b"\x30\x03\x00\x01a");
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    pub(crate) delivery: Delivery,
    pub(crate) retain: Retain,
    pub(crate) message_expiry_interval: Option<u32>,
    pub(crate) subscription_ids: &'a [SubscriptionId],
    pub(crate) topic: TopicForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retain {
    As(bool),
    Published,
}

/// How a PUBLISH names its topic (MQTT 5.0 §3.3.2.3.4).
///
/// ```
/// use core::num::NonZeroU16;
/// use mqtt_codec::{Delivery, Encoder, PreparedPublish, Publish, Recipient, TopicForm, Version};
///
/// let prepared = PreparedPublish::new(&Publish::builder("sensors/7").build()?);
/// let known = TopicForm::Alias(NonZeroU16::MIN);
/// let mut head = Vec::new();
/// let recipient = Recipient::new(Delivery::AtMostOnce).topic(known);
/// prepared.encode_head(&Encoder::server(Version::V5), &recipient, &mut head)?;
/// assert_eq!(head, [0x30, 0x06, 0x00, 0x00, 0x03, 0x23, 0x00, 0x01]);
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TopicForm {
    /// By its name.
    #[default]
    Name,
    /// By its name, which from now on has this alias. The receiver's Topic Alias Maximum is for the caller to
    /// keep.
    NameAndAlias(NonZeroU16),
    /// By the alias alone.
    Alias(NonZeroU16),
}

impl<'a> Recipient<'a> {
    /// A receiver that gets the message so, without RETAIN: what a server sends to the subscriptions that are there when
    /// a message comes (MQTT 3.1.1 [MQTT-3.3.1-9], MQTT 5.0 [MQTT-3.3.1-12]).
    ///
    /// ```
    /// use mqtt_codec::{Delivery, PacketId, Recipient};
    ///
    /// let first = Recipient::new(Delivery::AtLeastOnce { packet_id: PacketId::MIN, dup: false });
    /// assert!(format!("{first:?}").contains("AtLeastOnce"));
    /// ```
    #[must_use]
    pub const fn new(delivery: Delivery) -> Self {
        Self {
            delivery,
            retain: Retain::As(false),
            message_expiry_interval: None,
            subscription_ids: &[],
            topic: TopicForm::Name,
        }
    }

    /// Sets RETAIN: with `true`, the message is one that was retained, sent because of a new subscription (MQTT 3.1.1
    /// [MQTT-3.3.1-8], MQTT 5.0 §3.3.1.3), or one that a client publishes to be retained.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, Encoder, PreparedPublish, Publish, Recipient, Version};
    ///
    /// let prepared = PreparedPublish::new(&Publish::builder("a").build()?);
    /// let mut head = Vec::new();
    /// let recipient = Recipient::new(Delivery::AtMostOnce).retain(true);
    /// prepared.encode_head(&Encoder::server(Version::V311), &recipient, &mut head)?;
    /// assert_eq!(head, b"\x31\x03\x00\x01a");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn retain(self, retain: bool) -> Self {
        Self {
            retain: Retain::As(retain),
            ..self
        }
    }

    /// Leaves RETAIN as it was published, for a subscription that asks for it (MQTT 5.0 [MQTT-3.3.1-13]) and for
    /// bridges.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, Encoder, PreparedPublish, Publish, Recipient, Version};
    ///
    /// let prepared = PreparedPublish::new(&Publish::builder("a").retain(true).build()?);
    /// let mut head = Vec::new();
    /// let recipient = Recipient::new(Delivery::AtMostOnce).retain_as_published();
    /// prepared.encode_head(&Encoder::server(Version::V311), &recipient, &mut head)?;
    /// assert_eq!(head, b"\x31\x03\x00\x01a");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn retain_as_published(self) -> Self {
        Self {
            retain: Retain::Published,
            ..self
        }
    }

    /// What is left of the Message Expiry Interval, in seconds (MQTT 5.0 [MQTT-3.3.2-6]). A message without one, and
    /// versions before 5.0, have none to set.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, Encoder, PreparedPublish, PropertiesBuf, Property, Publish, Recipient, Version};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::MessageExpiryInterval(60))?;
    /// let prepared = PreparedPublish::new(&Publish::builder("a").properties(&properties).build()?);
    ///
    /// let mut head = Vec::new();
    /// let recipient = Recipient::new(Delivery::AtMostOnce).message_expiry_interval(45);
    /// prepared.encode_head(&Encoder::new(Version::V5), &recipient, &mut head)?;
    /// assert_eq!(head, b"\x30\x09\x00\x01a\x05\x02\x00\x00\x00\x2D");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn message_expiry_interval(self, seconds: u32) -> Self {
        Self {
            message_expiry_interval: Some(seconds),
            ..self
        }
    }

    /// The identifiers of the subscriptions that matched. Versions before 5.0 have none.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, Encoder, PreparedPublish, Publish, Recipient, SubscriptionId, Version};
    ///
    /// let prepared = PreparedPublish::new(&Publish::builder("a").build()?);
    /// let ids = [SubscriptionId::new(7).unwrap()];
    /// let mut head = Vec::new();
    /// let recipient = Recipient::new(Delivery::AtMostOnce).subscription_ids(&ids);
    /// prepared.encode_head(&Encoder::server(Version::V5), &recipient, &mut head)?;
    /// assert_eq!(head, b"\x30\x06\x00\x01a\x02\x0B\x07");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn subscription_ids(self, subscription_ids: &'a [SubscriptionId]) -> Self {
        Self {
            subscription_ids,
            ..self
        }
    }

    /// How the topic is named. Versions before 5.0 have no alias: there the name is sent.
    ///
    /// ```
    /// use core::num::NonZeroU16;
    /// use mqtt_codec::{Delivery, Encoder, PreparedPublish, Publish, Recipient, TopicForm, Version};
    ///
    /// let prepared = PreparedPublish::new(&Publish::builder("a").build()?);
    /// let mut head = Vec::new();
    /// let recipient = Recipient::new(Delivery::AtMostOnce).topic(TopicForm::NameAndAlias(NonZeroU16::MIN));
    /// prepared.encode_head(&Encoder::server(Version::V5), &recipient, &mut head)?;
    /// assert_eq!(head, b"\x30\x07\x00\x01a\x03\x23\x00\x01");
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn topic(self, topic: TopicForm) -> Self {
        Self { topic, ..self }
    }

    pub(crate) fn alias(&self) -> Option<NonZeroU16> {
        match self.topic {
            TopicForm::Name => None,
            TopicForm::NameAndAlias(alias) | TopicForm::Alias(alias) => Some(alias),
        }
    }

    /// Whether all that is its own is the packet identifier and the flags.
    #[inline]
    pub(crate) fn is_plain(&self) -> bool {
        self.topic == TopicForm::Name
            && self.subscription_ids.is_empty()
            && self.message_expiry_interval.is_none()
    }
}
