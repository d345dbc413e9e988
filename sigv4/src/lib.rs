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
        reason = "a test fails by panicking"
    )
)]

extern crate alloc;

mod canonical;
mod credentials;
#[cfg(feature = "environment")]
mod environment;
mod error;
mod hash;
#[cfg(feature = "http")]
mod http_types;
mod key;
mod key_cache;
mod request;
mod scope;
mod sign;
mod time;
mod url;
mod verify;

pub use canonical::scratch::{Explanation, Scratch};
pub use credentials::{Credentials, SecretAccessKey, SessionToken};
#[cfg(feature = "environment")]
pub use environment::{EnvironmentError, EnvironmentErrorKind, Profiles};
pub use error::{
    Answer, AnswerTable, CredentialsError, LookupFailed, ScopeError, SignError, SignErrorKind,
    TimeError, VerifyError, VerifyErrorKind,
};
pub use hash::{Payload, PayloadHash, PayloadHasher, Signature};
#[cfg(feature = "http")]
pub use http_types::{HttpHeaders, HttpRequest};
pub use key_cache::KeyCache;
pub use request::{Headers, Limits, Request};
pub use scope::{Region, Service, TokenPlacement};
pub use sign::{Presigned, Signed, Signer};
pub use time::{Expires, Timestamp};
pub use verify::{Claim, KeyRecord, Mechanism, Pending, Policy, ReplayGuard, Verified, Verifier};
