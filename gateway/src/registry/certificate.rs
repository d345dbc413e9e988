//! Device certificates.

use std::time::SystemTime;

use super::attachment::detach;
use super::record::{now, write};
use super::{
    Authority, Certificate, CertificateId, CertificateStatus, Change, Plan, Registry,
    RegistryError, RegistryErrorKind, ThingName,
};
use crate::pki::{ParsedCertificate, is_signed_by};
use crate::store::{Batch, Table};

impl Registry {
    /// Registers a certificate, and finds the registered CA that signed it; without one it is trusted for itself alone.
    ///
    /// # Errors
    ///
    /// When it is registered already; when it is no certificate, a CA's, outside its validity, has an RSA key under
    /// 2048 bits, or names a registered CA that did not sign it; when the status is not one to register with.
    pub fn register_certificate(
        &self,
        der: &[u8],
        status: CertificateStatus,
    ) -> Result<Certificate, RegistryError> {
        self.change(|| {
            let certificate = self.checked(der, status)?;
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
        status: CertificateStatus,
    ) -> Result<Certificate, RegistryError> {
        let invalid =
            |text: String| RegistryError::new(RegistryErrorKind::CertificateValidation, text);
        if status == CertificateStatus::PendingTransfer {
            return Err(not_settable(status));
        }
        let parsed = ParsedCertificate::parse(der)?;
        let id = CertificateId::of(der);
        if parsed.is_authority {
            return Err(invalid(format!(
                "the certificate of {} is a CA's; register it with `ca register`",
                parsed.subject
            )));
        }
        if !parsed.is_valid_at(SystemTime::now()) {
            return Err(invalid(format!(
                "the certificate of {} is outside its validity",
                parsed.subject
            )));
        }
        if parsed.is_rsa && parsed.key_bits < 2048 {
            return Err(invalid(format!(
                "the certificate of {} has an RSA key of {} bits, expected at least 2048",
                parsed.subject, parsed.key_bits
            )));
        }
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
            ca_certificate_id: self.signer(der, &parsed)?,
            der: der.to_vec(),
            creation_date: time,
            last_modified_date: time,
        })
    }

    /// The registered CA that signed a certificate.
    fn signer(
        &self,
        der: &[u8],
        parsed: &ParsedCertificate,
    ) -> Result<Option<CertificateId>, RegistryError> {
        let mut same_name = false;
        for authority in self.list::<Authority>(Table::CertificateAuthority, None, usize::MAX)? {
            if ParsedCertificate::parse(&authority.der)?.subject_der != parsed.issuer_der {
                continue;
            }
            same_name = true;
            if is_signed_by(der, &authority.der)? {
                return Ok(Some(authority.certificate_id));
            }
        }
        if same_name {
            return Err(RegistryError::new(
                RegistryErrorKind::CertificateValidation,
                format!(
                    "the certificate names {} as its issuer, and was not signed by the CA registered under that name",
                    parsed.issuer
                ),
            ));
        }
        Ok(None)
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
