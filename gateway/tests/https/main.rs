//! The HTTPS port over real sockets and real TLS: every operation, every refusal, every protocol that it tells apart.
//!
//! The TLS side is rustls with a development CA, as an embedder would put it beneath. Requests are signed by `sigv4`;
//! `cargo xtask interop` has the service's own SDKs say the same things.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    missing_docs,
    unreachable_pub,
    reason = "a test has `std`, and fails by panicking"
)]

mod api;
mod client;
mod connections;
mod port;
mod signatures;
#[path = "../support/mod.rs"]
#[allow(
    dead_code,
    clippy::missing_panics_doc,
    reason = "other tests use the rest of it"
)]
mod support;
mod websocket;
mod world;
