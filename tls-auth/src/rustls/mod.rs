//! Everything that names a type of rustls: its next release renames the trait, and this folder is what changes then.

mod alerts;
pub mod alpn;
mod authenticated;
mod client;
mod credentials;
mod diagnosis;
mod finish;
mod live;
mod server;
mod session;
mod tenants;
mod ticket;
mod verifier;

pub use authenticated::{Anonymous, Authenticated, Outcome, Unregistered};
pub use client::{DeviceConfig, DeviceConfigBuilder, DeviceConfigError};
pub use credentials::{Credentials, CredentialsError};
pub use diagnosis::Diagnosis;
pub use live::{Expelled, LiveConnection};
pub use server::{Attempt, ConfigError, ServerAuth, ServerAuthBuilder};
pub use session::SessionStore;
pub use tenants::Tenants;
pub use ticket::TicketKeys;

use alloc::sync::Arc;

use rustls::crypto::CryptoProvider;

use crate::path::signature::Algorithms;

/// The provider that is used where none is given; it is not installed for anybody else.
pub(crate) fn ring_provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

pub(crate) fn ring_algorithms() -> Algorithms {
    rustls::crypto::ring::default_provider()
        .signature_verification_algorithms
        .all
}
