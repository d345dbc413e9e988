use core::fmt;
use core::num::NonZeroU16;

/// A Packet Identifier: never zero (MQTT 3.1.1 [MQTT-2.3.1-1], MQTT 5.0 [MQTT-2.2.1-3]).
///
/// ```
/// use mqtt_codec::PacketId;
///
/// let id = PacketId::new(7).unwrap();
/// assert_eq!(id.get(), 7);
/// assert_eq!(PacketId::new(0), None);
/// assert_eq!(PacketId::MAX.next(), PacketId::MIN); // identifiers wrap around zero
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PacketId(NonZeroU16);

impl PacketId {
    /// The smallest identifier, 1.
    pub const MIN: Self = Self(NonZeroU16::MIN);
    /// The largest identifier, 65,535.
    pub const MAX: Self = Self(NonZeroU16::MAX);

    /// The identifier `id`, unless it is zero.
    ///
    /// ```
    /// use mqtt_codec::PacketId;
    ///
    /// assert_eq!(PacketId::new(1), Some(PacketId::MIN));
    /// assert_eq!(PacketId::new(0), None);
    /// ```
    #[must_use]
    pub const fn new(id: u16) -> Option<Self> {
        match NonZeroU16::new(id) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }

    /// The number.
    ///
    /// ```
    /// use mqtt_codec::PacketId;
    ///
    /// assert_eq!(PacketId::MAX.get(), 65_535);
    /// ```
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0.get()
    }

    /// The identifier after this one; 1 follows 65,535.
    ///
    /// ```
    /// use mqtt_codec::PacketId;
    ///
    /// assert_eq!(PacketId::MIN.next().get(), 2);
    /// assert_eq!(PacketId::MAX.next(), PacketId::MIN);
    /// ```
    #[must_use]
    pub const fn next(self) -> Self {
        match self.0.checked_add(1) {
            Some(id) => Self(id),
            None => Self::MIN,
        }
    }
}

impl From<NonZeroU16> for PacketId {
    fn from(id: NonZeroU16) -> Self {
        Self(id)
    }
}

impl From<PacketId> for u16 {
    fn from(id: PacketId) -> Self {
        id.get()
    }
}

impl fmt::Display for PacketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
