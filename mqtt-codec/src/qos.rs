use crate::PacketId;

/// Quality of service.
///
/// ```
/// use mqtt_codec::QoS;
///
/// assert_eq!(QoS::from_bits(2), Some(QoS::ExactlyOnce));
/// assert_eq!(QoS::from_bits(3), None);
/// assert!(QoS::AtMostOnce < QoS::AtLeastOnce);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum QoS {
    /// 0: fire and forget.
    #[default]
    AtMostOnce = 0,
    /// 1: acknowledged by PUBACK.
    AtLeastOnce = 1,
    /// 2: acknowledged by PUBREC, PUBREL, PUBCOMP.
    ExactlyOnce = 2,
}

impl QoS {
    /// The two bits that stand for this quality on the wire.
    ///
    /// ```
    /// use mqtt_codec::QoS;
    ///
    /// assert_eq!(QoS::ExactlyOnce.bits(), 2);
    /// ```
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Self::AtMostOnce => 0,
            Self::AtLeastOnce => 1,
            Self::ExactlyOnce => 2,
        }
    }

    /// The quality that `bits` stand for; 3 and above stand for none.
    ///
    /// ```
    /// use mqtt_codec::QoS;
    ///
    /// assert_eq!(QoS::from_bits(1), Some(QoS::AtLeastOnce));
    /// assert_eq!(QoS::from_bits(3), None);
    /// ```
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        match bits {
            0 => Some(Self::AtMostOnce),
            1 => Some(Self::AtLeastOnce),
            2 => Some(Self::ExactlyOnce),
            _ => None,
        }
    }
}

/// How a PUBLISH is delivered: QoS, and what only exists with it.
///
/// At QoS 0 there is neither a packet identifier nor a DUP flag
/// (MQTT 3.1.1 [MQTT-2.3.1-5], [MQTT-3.3.1-2]; MQTT 5.0 [MQTT-2.2.1-2], [MQTT-3.3.1-2]), so there is no
/// place here to put them.
///
/// ```
/// use mqtt_codec::{Delivery, PacketId, QoS};
///
/// let delivery = Delivery::AtLeastOnce { packet_id: PacketId::MIN, dup: false };
/// assert_eq!(delivery.qos(), QoS::AtLeastOnce);
/// assert_eq!(Delivery::AtMostOnce.packet_id(), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// QoS 0.
    #[default]
    AtMostOnce,
    /// QoS 1.
    AtLeastOnce {
        /// Echoed by PUBACK.
        packet_id: PacketId,
        /// Whether this may be a re-delivery.
        dup: bool,
    },
    /// QoS 2.
    ExactlyOnce {
        /// Echoed by PUBREC, PUBREL and PUBCOMP.
        packet_id: PacketId,
        /// Whether this may be a re-delivery.
        dup: bool,
    },
}

impl Delivery {
    /// The quality of service.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, QoS};
    ///
    /// assert_eq!(Delivery::AtMostOnce.qos(), QoS::AtMostOnce);
    /// ```
    #[must_use]
    pub const fn qos(self) -> QoS {
        match self {
            Self::AtMostOnce => QoS::AtMostOnce,
            Self::AtLeastOnce { .. } => QoS::AtLeastOnce,
            Self::ExactlyOnce { .. } => QoS::ExactlyOnce,
        }
    }

    /// The packet identifier; QoS 0 has none.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, PacketId};
    ///
    /// let delivery = Delivery::ExactlyOnce { packet_id: PacketId::MAX, dup: false };
    /// assert_eq!(delivery.packet_id(), Some(PacketId::MAX));
    /// ```
    #[must_use]
    pub const fn packet_id(self) -> Option<PacketId> {
        match self {
            Self::AtMostOnce => None,
            Self::AtLeastOnce { packet_id, .. } | Self::ExactlyOnce { packet_id, .. } => {
                Some(packet_id)
            }
        }
    }

    /// Whether this may be a re-delivery.
    ///
    /// ```
    /// use mqtt_codec::{Delivery, PacketId};
    ///
    /// assert!(Delivery::AtLeastOnce { packet_id: PacketId::MIN, dup: true }.dup());
    /// assert!(!Delivery::AtMostOnce.dup());
    /// ```
    #[must_use]
    pub const fn dup(self) -> bool {
        match self {
            Self::AtMostOnce => false,
            Self::AtLeastOnce { dup, .. } | Self::ExactlyOnce { dup, .. } => dup,
        }
    }

    /// The DUP and QoS bits of the first byte of PUBLISH.
    pub(crate) const fn flags(self) -> u8 {
        let qos = match self {
            Self::AtMostOnce => 0b0000,
            Self::AtLeastOnce { .. } => 0b0010,
            Self::ExactlyOnce { .. } => 0b0100,
        };
        if self.dup() { qos | 0b1000 } else { qos }
    }
}
