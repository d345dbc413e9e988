//! Which policies and things a certificate is attached to.
//!
//! Each attachment is two keys, so that both directions are a scan: `certificate-policy/ID/NAME` and
//! `policy-certificate/NAME/ID`, and the same for things. No name has a slash.

use core::fmt;
use core::str::FromStr;

use super::{
    Certificate, CertificateId, Change, Plan, Policy, PolicyName, Registry, RegistryError,
    RegistryErrorKind, Thing, ThingName,
};
use crate::store::{Batch, Table};

/// What a policy is attached to: a certificate, or each certificate of a thing.
///
/// ```
/// use thingwire::registry::{CertificateId, Target, ThingName};
///
/// let id = CertificateId::of(b"DER");
/// assert_eq!(id.to_string().parse(), Ok(Target::Certificate(id)));
/// assert_eq!("pump".parse(), Ok(Target::Thing(ThingName::new("pump")?)));
/// # Ok::<(), thingwire::registry::RegistryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One certificate.
    Certificate(CertificateId),
    /// The certificates that a thing has now.
    Thing(ThingName),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate(id) => id.fmt(f),
            Self::Thing(name) => name.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = RegistryError;

    /// 64 hexadecimal digits are a certificate, anything else is a thing.
    fn from_str(text: &str) -> Result<Self, RegistryError> {
        match text.parse() {
            Ok(id) => Ok(Self::Certificate(id)),
            Err(_) => text.parse().map(Self::Thing),
        }
    }
}

fn pair(kind: &str, one: impl fmt::Display, other: impl fmt::Display) -> String {
    format!("{kind}/{one}/{other}")
}

pub(super) fn attach(batch: Batch, id: &CertificateId, to: &impl Attachable) -> Batch {
    let [forth, back] = to.keys(id);
    batch
        .put(Table::Attachment, forth, "")
        .put(Table::Attachment, back, "")
}

pub(super) fn detach(batch: Batch, id: &CertificateId, from: &impl Attachable) -> Batch {
    let [forth, back] = from.keys(id);
    batch
        .delete(Table::Attachment, forth)
        .delete(Table::Attachment, back)
}

/// A name that certificates are attached to.
pub(super) trait Attachable {
    /// The keys of an attachment, from the certificate and to it.
    fn keys(&self, id: &CertificateId) -> [String; 2];
}

impl Attachable for PolicyName {
    fn keys(&self, id: &CertificateId) -> [String; 2] {
        [
            pair("certificate-policy", id, self),
            pair("policy-certificate", self, id),
        ]
    }
}

impl Attachable for ThingName {
    fn keys(&self, id: &CertificateId) -> [String; 2] {
        [
            pair("certificate-thing", id, self),
            pair("thing-certificate", self, id),
        ]
    }
}

impl Registry {
    /// Attaches a policy; what is attached already stays so. Returns the certificates that have it now by this.
    ///
    /// # Errors
    ///
    /// When there is no such policy, certificate or thing, or the thing has no certificate.
    pub fn attach_policy(
        &self,
        policy: &PolicyName,
        target: &Target,
    ) -> Result<Vec<CertificateId>, RegistryError> {
        self.change(|| {
            self.policy(policy)?;
            self.for_each(target, |batch, id| attach(batch, id, policy))
        })
    }

    /// Detaches a policy; what is not attached stays so. Returns the certificates that it was detached from.
    ///
    /// # Errors
    ///
    /// When there is no such policy, certificate or thing, or the thing has no certificate.
    pub fn detach_policy(
        &self,
        policy: &PolicyName,
        target: &Target,
    ) -> Result<Vec<CertificateId>, RegistryError> {
        self.change(|| {
            self.policy(policy)?;
            self.for_each(target, |batch, id| detach(batch, id, policy))
        })
    }

    /// Attaches a certificate to a thing.
    ///
    /// # Errors
    ///
    /// When there is no such thing or certificate.
    pub fn attach_thing(&self, thing: &ThingName, id: &CertificateId) -> Result<(), RegistryError> {
        self.change(|| {
            self.thing(thing)?;
            self.certificate(id)?;
            Ok(Plan {
                batch: attach(Batch::new(), id, thing),
                changes: vec![Change::Attachments(*id)],
                outcome: (),
            })
        })
    }

    /// Detaches a certificate from a thing.
    ///
    /// # Errors
    ///
    /// When there is no such thing or certificate.
    pub fn detach_thing(&self, thing: &ThingName, id: &CertificateId) -> Result<(), RegistryError> {
        self.change(|| {
            self.thing(thing)?;
            self.certificate(id)?;
            Ok(Plan {
                batch: detach(Batch::new(), id, thing),
                changes: vec![Change::Attachments(*id)],
                outcome: (),
            })
        })
    }

    /// The policies of a certificate, in the order of their names.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn policies_of(&self, id: &CertificateId) -> Result<Vec<Policy>, RegistryError> {
        self.attached(id, "certificate-policy", |name| {
            self.policy(&PolicyName::new(name)?)
        })
    }

    /// The things of a certificate, in the order of their names.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn things_of(&self, id: &CertificateId) -> Result<Vec<Thing>, RegistryError> {
        self.attached(id, "certificate-thing", |name| {
            self.thing(&ThingName::new(name)?)
        })
    }

    /// The certificates that a policy is attached to.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn targets_of_policy(
        &self,
        policy: &PolicyName,
    ) -> Result<Vec<CertificateId>, RegistryError> {
        self.ids(&pair("policy-certificate", policy, ""))
    }

    /// The certificates of a thing.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn certificates_of_thing(
        &self,
        thing: &ThingName,
    ) -> Result<Vec<Certificate>, RegistryError> {
        self.ids(&pair("thing-certificate", thing, ""))?
            .iter()
            .map(|id| self.certificate(id))
            .collect()
    }

    /// What a certificate is attached to. What was detached and deleted since the names were read is left out; what is
    /// attached and not there is an error, since nobody can tell what it would deny.
    fn attached<T>(
        &self,
        id: &CertificateId,
        kind: &str,
        read: impl Fn(&str) -> Result<T, RegistryError>,
    ) -> Result<Vec<T>, RegistryError> {
        let mut found = Vec::new();
        for name in self.keys(Table::Attachment, &pair(kind, id, ""))? {
            match read(&name) {
                Ok(one) => found.push(one),
                Err(error) if error.kind() == RegistryErrorKind::NotFound => {
                    let key = pair(kind, id, &name);
                    if self.store.get(Table::Attachment, key.as_bytes())?.is_some() {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn ids(&self, prefix: &str) -> Result<Vec<CertificateId>, RegistryError> {
        self.keys(Table::Attachment, prefix)?
            .iter()
            .map(|id| id.parse())
            .collect()
    }

    fn for_each(
        &self,
        target: &Target,
        mut add: impl FnMut(Batch, &CertificateId) -> Batch,
    ) -> Result<Plan<Vec<CertificateId>>, RegistryError> {
        let ids = match target {
            Target::Certificate(id) => vec![self.certificate(id)?.certificate_id],
            Target::Thing(name) => {
                self.thing(name)?;
                let ids = self.ids(&pair("thing-certificate", name, ""))?;
                if ids.is_empty() {
                    return Err(RegistryError::not_found("certificate of the thing", name));
                }
                ids
            }
        };
        Ok(Plan {
            batch: ids.iter().fold(Batch::new(), &mut add),
            changes: ids.iter().copied().map(Change::Attachments).collect(),
            outcome: ids,
        })
    }
}
