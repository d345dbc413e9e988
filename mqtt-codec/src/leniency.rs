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
/// let leniency = Leniency::NONE.dup_without_qos();
/// assert!(Decoder::any(Version::V311).dangerous_leniency(leniency).decode(&frame).is_ok());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leniency {
    pub(crate) dup_without_qos: bool,
    pub(crate) bridge_protocol_level: bool,
    pub(crate) long_client_id: bool,
    pub(crate) password_without_user_name: bool,
    pub(crate) no_matching_subscribers_from_client: bool,
}

impl Leniency {
    /// Strict: nothing is forgiven.
    pub const NONE: Self = Self {
        dup_without_qos: false,
        bridge_protocol_level: false,
        long_client_id: false,
        password_without_user_name: false,
        no_matching_subscribers_from_client: false,
    };

    /// DUP at QoS 0 is ignored (against MQTT 3.1.1 and 5.0 [MQTT-3.3.1-2]): some client libraries set it on
    /// every repetition.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Leniency, Packet, Version};
    ///
    /// let mut decoder = Decoder::any(Version::V311).dangerous_leniency(Leniency::NONE.dup_without_qos());
    /// let (packet, _) = decoder.decode(&[0x38, 0x04, 0x00, 0x01, b'a', b'x'])?.complete().unwrap();
    /// let Packet::Publish(publish) = packet else { panic!() };
    /// assert!(!publish.dup());
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub const fn dup_without_qos(self) -> Self {
        Self {
            dup_without_qos: true,
            ..self
        }
    }

    /// Bit 7 of the Protocol Level of 3.x is ignored: mosquitto sets it on bridge connections, unless told
    /// otherwise by `try_private false`.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Leniency, Version};
    ///
    /// let bridge = b"\x10\x0D\x00\x04MQTT\x84\x02\x00\x3C\x00\x01b";
    /// let mut decoder = Decoder::server().dangerous_leniency(Leniency::NONE.bridge_protocol_level());
    /// assert!(decoder.decode(bridge).is_ok());
    /// assert_eq!(decoder.version(), Some(Version::V311));
    /// ```
    #[must_use]
    pub const fn bridge_protocol_level(self) -> Self {
        Self {
            bridge_protocol_level: true,
            ..self
        }
    }

    /// A 3.1 Client Identifier may be longer than 23 characters, as in 3.1.1.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Leniency};
    ///
    /// let connect = b"\x10\x26\x00\x06MQIsdp\x03\x02\x00\x3C\x00\x18twenty-four-characters-id";
    /// let connect = &connect[..connect.len() - 1];
    /// assert!(Decoder::server().decode(connect).is_err());
    /// assert!(Decoder::server().dangerous_leniency(Leniency::NONE.long_client_id()).decode(connect).is_ok());
    /// ```
    #[must_use]
    pub const fn long_client_id(self) -> Self {
        Self {
            long_client_id: true,
            ..self
        }
    }

    /// A 3.x password may come without a user name (against MQTT 3.1.1 [MQTT-3.1.2-22]), as 5.0 allows.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Leniency};
    ///
    /// let connect = b"\x10\x10\x00\x04MQTT\x04\x42\x00\x3C\x00\x01c\x00\x01p";
    /// assert!(Decoder::server().decode(connect).is_err());
    /// let leniency = Leniency::NONE.password_without_user_name();
    /// assert!(Decoder::server().dangerous_leniency(leniency).decode(connect).is_ok());
    /// ```
    #[must_use]
    pub const fn password_without_user_name(self) -> Self {
        Self {
            password_without_user_name: true,
            ..self
        }
    }

    /// A client may answer PUBLISH with 0x10, No matching subscribers, which only a server may send (against
    /// MQTT 5.0 §3.4.2.1 and §3.5.2.1): a client that bridges to another broker may pass its answer on.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Leniency, Version};
    ///
    /// let answer = [0x40, 0x03, 0x00, 0x01, 0x10];
    /// assert!(Decoder::server_after_connect(Version::V5).decode(&answer).is_err());
    /// let leniency = Leniency::NONE.no_matching_subscribers_from_client();
    /// let mut decoder = Decoder::server_after_connect(Version::V5).dangerous_leniency(leniency);
    /// assert!(decoder.decode(&answer).is_ok());
    /// ```
    #[must_use]
    pub const fn no_matching_subscribers_from_client(self) -> Self {
        Self {
            no_matching_subscribers_from_client: true,
            ..self
        }
    }
}
