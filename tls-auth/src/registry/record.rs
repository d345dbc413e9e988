use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

use crate::id::CertificateId;

/// The status of a registered certificate, with the names that AWS IoT gives them. Only [`Status::Active`] authenticates.
///
/// ```
/// use tls_auth::Status;
///
/// assert_eq!("PENDING_ACTIVATION".parse(), Ok(Status::PendingActivation));
/// assert_eq!(Status::Active.to_string(), "ACTIVE");
/// assert!("active".parse::<Status>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Status {
    /// In use.
    Active,
    /// Taken out of use for now.
    Inactive,
    /// Taken out of use for good.
    Revoked,
    /// On the way to another account.
    PendingTransfer,
    /// Registered and never activated; deprecated by the service.
    RegisterInactive,
    /// Registered just in time, waiting to be activated.
    PendingActivation,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Inactive,
        Self::Revoked,
        Self::PendingTransfer,
        Self::RegisterInactive,
        Self::PendingActivation,
    ];

    /// Its name in the service's API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Revoked => "REVOKED",
            Self::PendingTransfer => "PENDING_TRANSFER",
            Self::RegisterInactive => "REGISTER_INACTIVE",
            Self::PendingActivation => "PENDING_ACTIVATION",
        }
    }
}

/// A text that is no status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusError(());

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "invalid certificate status: expected one of the six names of the service, in capitals",
        )
    }
}

impl core::error::Error for StatusError {}

impl FromStr for Status {
    type Err = StatusError;

    fn from_str(text: &str) -> Result<Self, StatusError> {
        Self::ALL
            .into_iter()
            .find(|status| status.name() == text)
            .ok_or(StatusError(()))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whose a certificate is: an account, a thing, whatever the registry says. Cheap to clone.
///
/// ```
/// use tls_auth::Owner;
///
/// let owner = Owner::new("123456789012");
/// assert_eq!(owner.as_str(), "123456789012");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Owner(Arc<str>);

impl Owner {
    /// An owner by its name.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// Its name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a registry knows about a certificate.
///
/// ```
/// use tls_auth::{CertificateId, Owner, Record, Status};
///
/// let ca = CertificateId::of(b"the DER of the CA");
/// let record = Record::new(Status::Active, Owner::new("acme")).with_authority(ca);
/// assert_eq!(record.authority(), Some(ca));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    status: Status,
    owner: Owner,
    authority: Option<CertificateId>,
}

impl Record {
    /// A certificate that was registered without a CA: it is trusted for itself.
    #[must_use]
    pub fn new(status: Status, owner: Owner) -> Self {
        Self {
            status,
            owner,
            authority: None,
        }
    }

    /// A certificate that was registered under a CA, and must lead to it.
    #[must_use]
    pub fn with_authority(self, authority: CertificateId) -> Self {
        Self {
            authority: Some(authority),
            ..self
        }
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// The CA that it was registered under.
    #[must_use]
    pub fn authority(&self) -> Option<CertificateId> {
        self.authority
    }
}
