//! Mosquitto and the gateway, as processes over real sockets and real TLS: Mosquitto's clients against `thingwire`, and our codec
//! with `tls-auth`'s client against Mosquitto's broker.
//!
//! What is not installed is skipped in words. Nothing waits for a time to pass: a subscriber has subscribed when it says so, and
//! that a message does not come is known by one that comes after it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::print_stdout,
    reason = "a test has `std`, and fails by panicking"
)]

mod broker;
mod delivery;
mod gateway;
mod services;
mod sessions;
mod tools;

/// For anything that must happen, on a machine that has much else to do.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(90);
