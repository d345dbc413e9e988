//! Listeners: from a socket to a connection of the broker.

mod accept;
mod mqtt;
mod plain;

pub use accept::{Gate, accept};
pub use mqtt::Mqtt;
pub use plain::{DangerousAdmitAll, DangerousAdmitByPolicy, DangerousPlain, plain};
