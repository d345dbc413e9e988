#![doc = include_str!("../README.md")]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        reason = "a test fails by panicking"
    )
)]
// The gateway is a program of the operating system: `std` is its home.
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::alloc_instead_of_core,
    reason = "not a `no_std` crate"
)]

pub mod access;
pub mod admin;
pub mod authorize;
pub mod banner;
pub mod broker;
pub mod cli;
pub mod config;
pub mod connection;
mod forward;
pub mod gateway;
pub mod https;
pub mod listen;
pub mod metered;
pub mod pki;
pub mod provision;
pub mod registry;
pub mod settings;
pub mod shadows;
pub mod store;
pub mod tls;
pub mod workers;
