//! Authorities whose certificates devices may present.

use rustls_pki_types::UnixTime;
use tls_auth::Profile;

use super::record::{now, write};
use super::{Authority, CertificateId, Change, Plan, Registry, RegistryError, RegistryErrorKind};
use crate::pki::ParsedCertificate;
use crate::store::{Batch, Table};

impl Registry {
    /// Registers an active CA. Registering it again does nothing but set its auto-registration.
    ///
    /// # Errors
    ///
    /// When it is no certificate of a CA that `tls-auth` would trust: not a CA's, of a weak key, or outside its validity.
    pub fn register_authority(
        &self,
        der: &[u8],
        auto_registration: bool,
    ) -> Result<Authority, RegistryError> {
        let usable = tls_auth::Authority::registrable(der, &Profile::default(), UnixTime::now());
        if let Err(refusal) = usable {
            let is_device =
                ParsedCertificate::parse(der).is_ok_and(|certificate| !certificate.is_authority);
            let advice = if is_device {
                "; a device's certificate is registered with `certificate register`"
            } else {
                ""
            };
            return Err(RegistryError::new(
                RegistryErrorKind::CertificateValidation,
                format!("{refusal}{advice}"),
            ));
        }
        let id = CertificateId::of(der);
        self.change(|| {
            let present: Option<Authority> =
                self.find(Table::CertificateAuthority, id.as_bytes())?;
            let authority = match present {
                Some(authority) if authority.auto_registration == auto_registration => {
                    return Ok(Plan::nothing(authority));
                }
                Some(authority) => Authority {
                    auto_registration,
                    ..authority
                },
                None => Authority {
                    certificate_id: id,
                    active: true,
                    auto_registration,
                    der: der.to_vec(),
                    creation_date: now(),
                },
            };
            plan(authority)
        })
    }

    /// A CA.
    ///
    /// # Errors
    ///
    /// When there is none of this id.
    pub fn authority(&self, id: &CertificateId) -> Result<Authority, RegistryError> {
        self.find(Table::CertificateAuthority, id.as_bytes())?
            .ok_or_else(|| RegistryError::not_found("CA", id))
    }

    /// Every CA.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn authorities(&self) -> Result<Vec<Authority>, RegistryError> {
        self.list(Table::CertificateAuthority, None, usize::MAX)
    }

    /// Lets the devices of a CA in, or no longer.
    ///
    /// # Errors
    ///
    /// When there is none of this id.
    pub fn set_authority_active(
        &self,
        id: &CertificateId,
        active: bool,
    ) -> Result<Authority, RegistryError> {
        self.change(|| {
            let authority = self.authority(id)?;
            if authority.active == active {
                return Ok(Plan::nothing(authority));
            }
            plan(Authority {
                active,
                ..authority
            })
        })
    }

    /// Deletes a CA that is not active. Certificates that it signed stay registered, for themselves.
    ///
    /// # Errors
    ///
    /// When there is none of this id, or it is active.
    pub fn delete_authority(&self, id: &CertificateId) -> Result<(), RegistryError> {
        self.change(|| {
            if self.authority(id)?.active {
                return Err(RegistryError::new(
                    RegistryErrorKind::CertificateState,
                    format!("the CA {id} is active; deactivate it first"),
                ));
            }
            Ok(Plan {
                batch: Batch::new().delete(Table::CertificateAuthority, id.as_bytes().to_vec()),
                changes: vec![Change::Authority(*id)],
                outcome: (),
            })
        })
    }
}

fn plan(authority: Authority) -> Result<Plan<Authority>, RegistryError> {
    let key = authority.certificate_id.as_bytes().to_vec();
    Ok(Plan {
        batch: Batch::new().put(Table::CertificateAuthority, key, write(&authority)?),
        changes: vec![Change::Authority(authority.certificate_id)],
        outcome: authority,
    })
}
