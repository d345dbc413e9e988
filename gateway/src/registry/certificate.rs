//! Device certificates.

use rustls_pki_types::UnixTime;
use tls_auth::{PathVerifier, RefusalKind, Registrable};

use super::attachment::detach;
use super::record::{now, write};
use super::{
    Certificate, CertificateId, CertificateStatus, Change, Plan, Registry, RegistryError,
    RegistryErrorKind, ThingName,
};
use crate::pki::ParsedCertificate;
use crate::store::{Batch, Table};

impl Registry {
    /// Registers a certificate, and finds the registered CA that signed it, by way of the intermediates of `chain` or
    /// without; when no registered CA has its issuer's name it is trusted for itself alone.
    ///
    /// # Errors
    ///
    /// When it is registered already; when it is no device's certificate that `tls-auth` would let in: a CA's, outside its
    /// validity, of a weak key, or of a registered CA that did not sign it; when the status is not one to register with.
    pub fn register_certificate(
        &self,
        der: &[u8],
        chain: &[&[u8]],
        status: CertificateStatus,
    ) -> Result<Certificate, RegistryError> {
        self.change(|| {
            let certificate = self.checked(der, chain, status)?;
            Ok(Plan {
                batch: put(Batch::new(), &certificate)?,
                changes: vec![Change::Certificate(certificate.certificate_id)],
                outcome: certificate,
            })
        })
    }

    /// The record of a certificate that may be registered.
    pub(super) fn checked(
        &self,
        der: &[u8],
        chain: &[&[u8]],
        status: CertificateStatus,
    ) -> Result<Certificate, RegistryError> {
        if status == CertificateStatus::PendingTransfer {
            return Err(not_settable(status));
        }
        let registrable = self.registrable(der, chain)?;
        let id = CertificateId::from(registrable.certificate_id());
        if self
            .find::<Certificate>(Table::Certificate, id.as_bytes())?
            .is_some()
        {
            return Err(RegistryError::new(
                RegistryErrorKind::AlreadyExists,
                format!("the certificate {id} is registered already"),
            ));
        }
        let time = now();
        Ok(Certificate {
            certificate_id: id,
            status,
            ca_certificate_id: registrable.authority().map(CertificateId::from),
            der: der.to_vec(),
            creation_date: time,
            last_modified_date: time,
        })
    }

    /// Asks what a handshake would ask.
    fn registrable(&self, der: &[u8], chain: &[&[u8]]) -> Result<Registrable, RegistryError> {
        let verifier = PathVerifier::new(self.trusted()?);
        let now = UnixTime::now();
        let refusal = match Registrable::with_authority(der, chain, None, &verifier, now) {
            Ok(registrable) => return Ok(registrable),
            Err(refusal) => refusal,
        };
        match refusal.kind() {
            RefusalKind::UnknownIssuer if !self.has_issuer_of(der)? => {
                Ok(Registrable::without_authority(der, &verifier, now)?)
            }
            RefusalKind::CaCertificate => Err(RegistryError::new(
                RegistryErrorKind::CertificateValidation,
                format!("{refusal}; a CA is registered with `ca register`"),
            )),
            _ => Err(refusal.into()),
        }
    }

    /// Whether a registered CA has the name of a certificate's issuer: then it is to be the CA's, or is forged.
    fn has_issuer_of(&self, der: &[u8]) -> Result<bool, RegistryError> {
        let issuer = ParsedCertificate::parse(der)?.issuer_der;
        for authority in self.authorities()? {
            if ParsedCertificate::parse(&authority.der)?.subject_der == issuer {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A certificate.
    ///
    /// # Errors
    ///
    /// When there is none of this id.
    pub fn certificate(&self, id: &CertificateId) -> Result<Certificate, RegistryError> {
        self.find(Table::Certificate, id.as_bytes())?
            .ok_or_else(|| RegistryError::not_found("certificate", id))
    }

    /// At most `limit` certificates after an id, in order.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn certificates(
        &self,
        after: Option<&CertificateId>,
        limit: usize,
    ) -> Result<Vec<Certificate>, RegistryError> {
        let after = after.map(|id| &id.as_bytes()[..]);
        self.list(Table::Certificate, after, limit)
    }

    /// Gives a certificate another status. Returns it as it is then.
    ///
    /// # Errors
    ///
    /// When there is none of this id; when it is revoked, which is for good; when the status is one that only the
    /// gateway gives (`PENDING_TRANSFER`, `PENDING_ACTIVATION`).
    pub fn set_certificate_status(
        &self,
        id: &CertificateId,
        status: CertificateStatus,
    ) -> Result<Certificate, RegistryError> {
        if matches!(
            status,
            CertificateStatus::PendingTransfer | CertificateStatus::PendingActivation
        ) {
            return Err(not_settable(status));
        }
        self.change(|| {
            let mut certificate = self.certificate(id)?;
            if certificate.status == status {
                return Ok(Plan::nothing(certificate));
            }
            if certificate.status == CertificateStatus::Revoked {
                return Err(RegistryError::new(
                    RegistryErrorKind::CertificateState,
                    format!("the certificate {id} is revoked, which is for good"),
                ));
            }
            certificate.status = status;
            certificate.last_modified_date = now();
            Ok(Plan {
                batch: put(Batch::new(), &certificate)?,
                changes: vec![Change::Certificate(*id)],
                outcome: certificate,
            })
        })
    }

    /// Deletes a certificate that is not active and that no thing is attached to; with `force` also one that has
    /// policies.
    ///
    /// # Errors
    ///
    /// When there is none of this id, it is active, or something is attached.
    pub fn delete_certificate(&self, id: &CertificateId, force: bool) -> Result<(), RegistryError> {
        self.change(|| {
            let conflict = |what: String| {
                RegistryError::new(
                    RegistryErrorKind::DeleteConflict,
                    format!("the certificate {id} {what}"),
                )
            };
            if self.certificate(id)?.status == CertificateStatus::Active {
                return Err(RegistryError::new(
                    RegistryErrorKind::CertificateState,
                    format!("the certificate {id} is active; deactivate or revoke it first"),
                ));
            }
            if let Some(thing) = self.things_of(id)?.first() {
                return Err(conflict(format!(
                    "is attached to the thing `{}`; detach it first",
                    thing.thing_name
                )));
            }
            if !force && let Some(policy) = self.policies_of(id)?.first() {
                return Err(conflict(format!(
                    "has the policy `{}` attached; detach it first",
                    policy.policy_name
                )));
            }
            Ok(Plan {
                batch: self.without_certificate(Batch::new(), id)?,
                changes: vec![Change::Certificate(*id)],
                outcome: (),
            })
        })
    }

    /// Adds to a batch what deletes a certificate with all its attachments.
    pub(super) fn without_certificate(
        &self,
        mut batch: Batch,
        id: &CertificateId,
    ) -> Result<Batch, RegistryError> {
        for policy in self.policies_of(id)? {
            batch = detach(batch, id, &super::PolicyName::new(policy.policy_name)?);
        }
        for thing in self.things_of(id)? {
            batch = detach(batch, id, &ThingName::new(thing.thing_name)?);
        }
        Ok(batch.delete(Table::Certificate, id.as_bytes().to_vec()))
    }
}

pub(super) fn put(batch: Batch, certificate: &Certificate) -> Result<Batch, RegistryError> {
    let key = certificate.certificate_id.as_bytes().to_vec();
    Ok(batch.put(Table::Certificate, key, write(certificate)?))
}

fn not_settable(status: CertificateStatus) -> RegistryError {
    RegistryError::new(
        RegistryErrorKind::Invalid,
        format!("the status {status} is given by the gateway alone"),
    )
}
