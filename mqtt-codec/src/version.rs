use core::fmt;

/// A version of the protocol, by its Protocol Level byte.
///
/// ```
/// use mqtt_codec::Version;
///
/// assert_eq!(Version::V5.level(), 5);
/// assert_eq!(Version::from_level(4), Some(Version::V311));
/// assert_eq!(Version::V31.protocol_name(), "MQIsdp");
/// assert_eq!(Version::V311.to_string(), "3.1.1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Version {
    /// MQTT 3.1, protocol name `MQIsdp`.
    V31 = 0x03,
    /// MQTT 3.1.1.
    V311 = 0x04,
    /// MQTT 5.0.
    V5 = 0x05,
}

impl Version {
    /// All versions, oldest first.
    pub const ALL: [Self; 3] = [Self::V31, Self::V311, Self::V5];

    /// The Protocol Level (3.x) or Protocol Version (5.0) byte of CONNECT.
    ///
    /// ```
    /// use mqtt_codec::Version;
    ///
    /// assert_eq!(Version::V311.level(), 4);
    /// ```
    #[must_use]
    pub const fn level(self) -> u8 {
        match self {
            Self::V31 => 3,
            Self::V311 => 4,
            Self::V5 => 5,
        }
    }

    /// The version whose level byte is `level`.
    ///
    /// ```
    /// use mqtt_codec::Version;
    ///
    /// assert_eq!(Version::from_level(5), Some(Version::V5));
    /// assert_eq!(Version::from_level(6), None);
    /// ```
    #[must_use]
    pub const fn from_level(level: u8) -> Option<Self> {
        match level {
            3 => Some(Self::V31),
            4 => Some(Self::V311),
            5 => Some(Self::V5),
            _ => None,
        }
    }

    /// The Protocol Name that CONNECT carries.
    ///
    /// ```
    /// use mqtt_codec::Version;
    ///
    /// assert_eq!(Version::V5.protocol_name(), "MQTT");
    /// ```
    #[must_use]
    pub const fn protocol_name(self) -> &'static str {
        match self {
            Self::V31 => "MQIsdp",
            Self::V311 | Self::V5 => "MQTT",
        }
    }

    /// Whether packets of this version carry properties.
    ///
    /// ```
    /// use mqtt_codec::Version;
    ///
    /// assert!(Version::V5.has_properties());
    /// assert!(!Version::V311.has_properties());
    /// ```
    #[must_use]
    pub const fn has_properties(self) -> bool {
        matches!(self, Self::V5)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V31 => "3.1",
            Self::V311 => "3.1.1",
            Self::V5 => "5.0",
        })
    }
}
