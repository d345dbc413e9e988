use crate::properties::Properties;
use crate::{BuildError, PropertiesBuf, PropertyId, Publish, QoS};

/// The message that the server publishes when a client is gone (MQTT 3.1.1 §3.1.2.5, MQTT 5.0 §3.1.2.5).
///
/// ```
/// use mqtt_codec::{QoS, Will};
///
/// let will = Will::new("status/7", b"offline").with_qos(QoS::AtLeastOnce).with_retain(true);
/// assert_eq!(will.topic(), "status/7");
/// assert_eq!(will.payload(), b"offline");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Will<'a> {
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) properties: Properties<'a>,
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a [u8],
}

impl<'a> Will<'a> {
    /// A will of QoS 0, not retained, without properties. Its rules are checked when CONNECT is built.
    ///
    /// ```
    /// use mqtt_codec::{QoS, Will};
    ///
    /// let will = Will::new("status", b"offline");
    /// assert_eq!((will.qos(), will.retain()), (QoS::AtMostOnce, false));
    /// ```
    #[must_use]
    pub const fn new(topic: &'a str, payload: &'a [u8]) -> Self {
        Self {
            qos: QoS::AtMostOnce,
            retain: false,
            properties: Properties::EMPTY,
            topic,
            payload,
        }
    }

    /// Sets the Will QoS.
    ///
    /// ```
    /// use mqtt_codec::{QoS, Will};
    ///
    /// assert_eq!(Will::new("status", b"").with_qos(QoS::ExactlyOnce).qos(), QoS::ExactlyOnce);
    /// ```
    #[must_use]
    pub const fn with_qos(self, qos: QoS) -> Self {
        Self { qos, ..self }
    }

    /// Sets Will Retain.
    ///
    /// ```
    /// use mqtt_codec::Will;
    ///
    /// assert!(Will::new("status", b"").with_retain(true).retain());
    /// ```
    #[must_use]
    pub const fn with_retain(self, retain: bool) -> Self {
        Self { retain, ..self }
    }

    /// Sets the will properties.
    ///
    /// ```
    /// use mqtt_codec::{PropertiesBuf, Property, Will};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::WillDelayInterval(60))?;
    /// let will = Will::new("status", b"").with_properties(&properties);
    /// assert_eq!(will.properties().will_delay_interval(), Some(60));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    #[must_use]
    pub fn with_properties(self, properties: impl Into<Properties<'a>>) -> Self {
        Self {
            properties: properties.into(),
            ..self
        }
    }

    /// The Will Topic.
    ///
    /// ```
    /// use mqtt_codec::Will;
    ///
    /// assert_eq!(Will::new("status", b"").topic(), "status");
    /// ```
    #[must_use]
    pub const fn topic(&self) -> &'a str {
        self.topic
    }

    /// The Will Message (3.x) or Will Payload (5.0).
    ///
    /// ```
    /// use mqtt_codec::Will;
    ///
    /// assert_eq!(Will::new("status", b"offline").payload(), b"offline");
    /// ```
    #[must_use]
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The Will QoS.
    ///
    /// ```
    /// use mqtt_codec::{QoS, Will};
    ///
    /// assert_eq!(Will::new("status", b"").qos(), QoS::AtMostOnce);
    /// ```
    #[must_use]
    pub const fn qos(&self) -> QoS {
        self.qos
    }

    /// Will Retain.
    ///
    /// ```
    /// use mqtt_codec::Will;
    ///
    /// assert!(!Will::new("status", b"").retain());
    /// ```
    #[must_use]
    pub const fn retain(&self) -> bool {
        self.retain
    }

    /// The will properties.
    ///
    /// ```
    /// use mqtt_codec::Will;
    ///
    /// assert!(Will::new("status", b"").properties().is_empty());
    /// ```
    #[must_use]
    pub const fn properties(&self) -> Properties<'a> {
        self.properties
    }

    /// What a server publishes when the will is due, at most once until it says otherwise: the Will Delay Interval is the
    /// server's business and stays behind (MQTT 5.0 §3.1.3.2).
    ///
    /// ```
    /// use mqtt_codec::{PropertiesBuf, Property, Will};
    ///
    /// let mut properties = PropertiesBuf::new();
    /// properties.push(Property::WillDelayInterval(5))?.push(Property::ContentType("text/plain"))?;
    /// let publish = Will::new("gone", b"c").with_retain(true).with_properties(&properties).to_publish()?;
    /// assert_eq!((publish.topic(), publish.payload(), publish.retain()), ("gone", &b"c"[..], true));
    /// assert!(publish.properties().iter().eq([Property::ContentType("text/plain")]));
    /// # Ok::<(), mqtt_codec::BuildError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`PublishBuilder::build`](crate::PublishBuilder::build): never for the will of a CONNECT that was decoded or
    /// built.
    pub fn to_publish(&self) -> Result<Publish, BuildError> {
        let mut properties = PropertiesBuf::from(self.properties);
        properties.remove(PropertyId::WillDelayInterval);
        Publish::builder(self.topic)
            .payload(self.payload)
            .retain(self.retain)
            .properties(&properties)
            .build()
    }
}

impl core::fmt::Debug for Will<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Will")
            .field("topic", &self.topic)
            .field("qos", &self.qos)
            .field("retain", &self.retain)
            .field("properties", &self.properties)
            .field("payload", &format_args!("{} bytes", self.payload.len()))
            .finish()
    }
}
