//! The protocol names that AWS IoT listens for (ALPN, RFC 7301).
//!
//! ```
//! assert_eq!(tls_auth::alpn::MQTT_CA, b"x-amzn-mqtt-ca");
//! ```

/// MQTT with a device certificate on port 443.
pub const MQTT_CA: &[u8] = b"x-amzn-mqtt-ca";
/// MQTT with custom authentication on port 443.
pub const MQTT: &[u8] = b"mqtt";
/// HTTPS with a device certificate on port 443.
pub const HTTP_CA: &[u8] = b"x-amzn-http-ca";
