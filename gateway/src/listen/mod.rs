//! Listeners: from a socket to a connection of the broker.

mod plain;

pub use plain::plain;
