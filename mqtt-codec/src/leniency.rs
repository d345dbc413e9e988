/// Breaches of the standard that some peers need forgiven. All are off unless named.
///
/// What is forgiven is normalised while it is read, or, where that would lose something, is not encoded again: what
/// an encoder writes is always strict.
///
/// ```
/// use mqtt_codec::{Decoder, Leniency, Version};
///
/// let frame = [0x38, 0x04, 0x00, 0x01, b'a', b'x']; // DUP at QoS 0
/// assert!(Decoder::any(Version::V311).decode(&frame).is_err());
///
/// let leniency = Leniency { dup_without_qos: true, ..Leniency::NONE };
/// assert!(Decoder::any(Version::V311).dangerous_leniency(leniency).decode(&frame).is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leniency {
    /// DUP at QoS 0 is ignored (against MQTT 3.1.1 and 5.0 [MQTT-3.3.1-2]): some client libraries set it on
    /// every repetition.
    pub dup_without_qos: bool,
    /// Bit 7 of the Protocol Level of 3.x is ignored: mosquitto sets it on bridge connections, unless told
    /// otherwise by `try_private false`.
    pub bridge_protocol_level: bool,
    /// A 3.1 Client Identifier may be longer than 23 characters, as in 3.1.1.
    pub long_client_id: bool,
    /// A 3.x password may come without a user name (against MQTT 3.1.1 [MQTT-3.1.2-22]), as 5.0 allows.
    pub password_without_user_name: bool,
}

impl Leniency {
    /// Strict: nothing is forgiven.
    pub const NONE: Self = Self {
        dup_without_qos: false,
        bridge_protocol_level: false,
        long_client_id: false,
        password_without_user_name: false,
    };
}
