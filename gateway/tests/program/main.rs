//! The program `thingwire` over real sockets: with the programs in `examples/`, with neighbours that break every rule, and
//! with certificates that are revoked.
//!
//! Policy: the gateway is the program itself, on a folder and ports of its own, so that it can be killed and its log read; an
//! example is a module here, run with the arguments that a command line would give it. Nothing waits for a time: what must
//! happen is waited for, with patience.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    missing_docs,
    unreachable_pub,
    reason = "a test has `std`, and fails by panicking"
)]

#[path = "../../examples/bridge.rs"]
#[allow(dead_code, reason = "its `main`")]
mod bridge;
#[path = "../../examples/broker.rs"]
#[allow(dead_code, reason = "its `main`")]
mod broker;
#[path = "../../examples/device.rs"]
#[allow(dead_code, reason = "its `main`")]
mod device;

mod as_bridge;
mod as_broker;
mod as_device;
mod bad_neighbours;
mod client;
mod gateway;
mod revocation;
