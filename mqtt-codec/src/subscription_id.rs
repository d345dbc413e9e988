use core::fmt;
use core::num::NonZeroU32;

use crate::varint::VariableByteInteger;

/// The identifier of a subscription: 1 to 268,435,455 (MQTT 5.0 §3.8.2.1.2).
///
/// ```
/// use mqtt_codec::SubscriptionId;
///
/// assert_eq!(SubscriptionId::new(7).unwrap().get(), 7);
/// assert!(SubscriptionId::new(0).is_none());
/// assert!(SubscriptionId::new(268_435_456).is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubscriptionId(NonZeroU32);

impl SubscriptionId {
    /// The largest identifier, 268,435,455.
    pub const MAX: u32 = VariableByteInteger::MAX.get();

    /// The identifier `id`, unless it is zero or too large.
    ///
    /// ```
    /// use mqtt_codec::SubscriptionId;
    ///
    /// assert!(SubscriptionId::new(SubscriptionId::MAX).is_some());
    /// ```
    #[must_use]
    pub const fn new(id: u32) -> Option<Self> {
        match NonZeroU32::new(id) {
            Some(id) if id.get() <= Self::MAX => Some(Self(id)),
            _ => None,
        }
    }

    /// The number.
    ///
    /// ```
    /// use mqtt_codec::SubscriptionId;
    ///
    /// assert_eq!(SubscriptionId::new(7).unwrap().get(), 7);
    /// ```
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    pub(crate) const fn integer(self) -> VariableByteInteger {
        VariableByteInteger::saturating(self.0.get())
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
