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

mod authority;
mod certificate;
mod der;
mod error;
mod id;
mod identity;
mod judge;
mod limits;
mod path;
mod pem;
mod profile;
mod registration;
mod registry;
mod revocation;
mod rustls;

pub use crate::rustls::{
    Anonymous, Attempt, Authenticated, ConfigError, Credentials, CredentialsError, DeviceConfig,
    DeviceConfigBuilder, DeviceConfigError, Diagnosis, Expelled, LiveConnection, Outcome,
    ServerAuth, ServerAuthBuilder, SessionStore, Tenants, TicketKeys, Unregistered, alpn,
};
pub use authority::{Authorities, Authority};
pub use certificate::{
    Attribute, AttributeType, Certificate, Curve, GeneralName, GeneralNames, Name, PublicKey,
    PublicKeyKind, Validity,
};
pub use error::{Alert, Refusal, RefusalKind};
pub use id::{CertificateId, ParseIdError, PublicKeyHash};
pub use identity::{Principal, PrincipalRule, TemplateParameters, Variable, variable_names};
pub use judge::{ClientCertificate, TrustMode};
pub use limits::Limits;
pub use path::{PathVerifier, VerifiedChain};
pub use pem::FileError;
pub use profile::Profile;
pub use registration::Registrable;
pub use registry::{
    Entry, LookupFailed, MemoryRegistry, Owner, Record, Registry, RegistryError, Status,
    StatusError,
};
pub use revocation::{RevocationList, RevocationLists, RevocationPolicy};
