//! What the registry knows, as `tls-auth` asks it in a handshake.

use tls_auth::{Authorities, Authority, LookupFailed, Owner, Profile, Record, Status};

use super::{CertificateId, CertificateStatus, Registry, RegistryError, RegistryErrorKind};

/// Whose every certificate is: a gateway is one account.
const OWNER: &str = "gateway";

impl Registry {
    /// The CAs that devices may come from, as `tls-auth` wants them.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or holds a CA that can no longer be used.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::SystemTime;
    /// use thingwire::pki::DevelopmentAuthority;
    /// use thingwire::registry::Registry;
    /// use thingwire::store::MemoryStore;
    ///
    /// let registry = Registry::open(Arc::new(MemoryStore::new()))?;
    /// let (ca, _key) = DevelopmentAuthority::generate(SystemTime::now())?;
    /// registry.register_authority(ca.certificate(), false)?;
    /// let _verifier = tls_auth::PathVerifier::new(registry.trusted()?);
    /// # Ok::<(), thingwire::registry::RegistryError>(())
    /// ```
    pub fn trusted(&self) -> Result<Authorities, RegistryError> {
        let profile = Profile::default();
        let mut authorities = Vec::new();
        for authority in self.authorities()? {
            let trusted = Authority::new(&authority.der, &profile)?
                .with_active(authority.active)
                .with_auto_registration(authority.auto_registration);
            authorities.push(trusted);
        }
        Ok(Authorities::new(authorities))
    }
}

impl tls_auth::Registry for Registry {
    fn find(&self, id: &tls_auth::CertificateId) -> Result<Option<Record>, LookupFailed> {
        match self.certificate(&(*id).into()) {
            Ok(certificate) => {
                let record = Record::new(certificate.status.into(), Owner::new(OWNER));
                Ok(Some(match certificate.ca_certificate_id {
                    Some(authority) => record.with_authority(authority.into()),
                    None => record,
                }))
            }
            Err(error) if error.kind() == RegistryErrorKind::NotFound => Ok(None),
            Err(error) => {
                tracing::error!(%error, "a certificate cannot be looked up; its device is refused");
                Err(LookupFailed)
            }
        }
    }
}

impl From<tls_auth::CertificateId> for CertificateId {
    fn from(id: tls_auth::CertificateId) -> Self {
        Self::from_bytes(*id.as_bytes())
    }
}

impl From<CertificateId> for tls_auth::CertificateId {
    fn from(id: CertificateId) -> Self {
        Self::from_bytes(*id.as_bytes())
    }
}

impl From<CertificateStatus> for Status {
    fn from(status: CertificateStatus) -> Self {
        match status {
            CertificateStatus::Active => Self::Active,
            CertificateStatus::Inactive => Self::Inactive,
            CertificateStatus::Revoked => Self::Revoked,
            CertificateStatus::PendingTransfer => Self::PendingTransfer,
            CertificateStatus::RegisterInactive => Self::RegisterInactive,
            CertificateStatus::PendingActivation => Self::PendingActivation,
        }
    }
}
