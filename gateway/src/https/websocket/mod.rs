//! MQTT over WebSocket (MQTT 5.0 §6; AWS IoT developer guide, "MQTT over the WebSocket protocol").

mod stream;
mod upgrade;

pub(super) use upgrade::upgrade;
