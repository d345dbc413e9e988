//! Why an operation of the registry is refused.

use core::fmt;

use crate::pki::PkiError;
use crate::store::StoreError;

/// What kind of refusal it is: the service's own exceptions, and the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistryErrorKind {
    /// There is no such thing, certificate, policy or CA.
    NotFound,
    /// It is there already, and differs.
    AlreadyExists,
    /// The request says something that cannot be.
    Invalid,
    /// The document is no policy.
    MalformedPolicy,
    /// The certificate's status does not allow it.
    CertificateState,
    /// The certificate cannot be registered: no certificate, too weak, outside its validity, not signed by its CA.
    CertificateValidation,
    /// Something else still refers to it.
    DeleteConflict,
    /// The store cannot be read or written now.
    Unavailable,
}

impl RegistryErrorKind {
    /// The name of the service's exception.
    #[must_use]
    pub const fn exception(self) -> &'static str {
        match self {
            Self::NotFound => "ResourceNotFoundException",
            Self::AlreadyExists => "ResourceAlreadyExistsException",
            Self::Invalid => "InvalidRequestException",
            Self::MalformedPolicy => "MalformedPolicyException",
            Self::CertificateState => "CertificateStateException",
            Self::CertificateValidation => "CertificateValidationException",
            Self::DeleteConflict => "DeleteConflictException",
            Self::Unavailable => "ServiceUnavailableException",
        }
    }

    /// The HTTP status that goes with it.
    #[must_use]
    pub const fn http_status(self) -> u16 {
        match self {
            Self::NotFound => 404,
            Self::AlreadyExists | Self::DeleteConflict => 409,
            Self::Invalid | Self::MalformedPolicy | Self::CertificateValidation => 400,
            Self::CertificateState => 406,
            Self::Unavailable => 503,
        }
    }
}

/// An operation of the registry that was refused. Nothing was changed.
///
/// ```
/// use std::sync::Arc;
/// use thingwire::registry::{Registry, RegistryErrorKind, ThingName};
/// use thingwire::store::MemoryStore;
///
/// let registry = Registry::open(Arc::new(MemoryStore::new()))?;
/// let error = registry.thing(&ThingName::new("pump")?).unwrap_err();
/// assert_eq!(error.kind(), RegistryErrorKind::NotFound);
/// assert_eq!(error.to_string(), "there is no thing `pump`");
/// # Ok::<(), thingwire::registry::RegistryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryError {
    kind: RegistryErrorKind,
    text: Box<str>,
}

impl RegistryError {
    pub(crate) fn new(kind: RegistryErrorKind, text: impl Into<Box<str>>) -> Self {
        Self {
            kind,
            text: text.into(),
        }
    }

    pub(super) fn not_found(what: &str, name: impl fmt::Display) -> Self {
        Self::new(
            RegistryErrorKind::NotFound,
            format!("there is no {what} `{name}`"),
        )
    }

    /// What kind of refusal it is.
    #[must_use]
    pub const fn kind(&self) -> RegistryErrorKind {
        self.kind
    }
}

impl fmt::Display for RegistryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for RegistryError {}

impl From<StoreError> for RegistryError {
    fn from(error: StoreError) -> Self {
        Self::new(
            RegistryErrorKind::Unavailable,
            format!("{error}. {}", error.advice()),
        )
    }
}

impl From<PkiError> for RegistryError {
    fn from(error: PkiError) -> Self {
        Self::new(RegistryErrorKind::CertificateValidation, error.to_string())
    }
}

impl From<tls_auth::Refusal> for RegistryError {
    fn from(refusal: tls_auth::Refusal) -> Self {
        Self::new(
            RegistryErrorKind::CertificateValidation,
            refusal.to_string(),
        )
    }
}
