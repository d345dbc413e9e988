//! Things.

use std::collections::BTreeMap;

use super::attachment::{attach, detach};
use super::record::{now, write};
use super::{
    Certificate, CertificateId, Change, Plan, PolicyName, Registry, RegistryError,
    RegistryErrorKind, Thing, ThingName,
};
use crate::store::{Batch, Table};

/// A thing to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewThing {
    /// Its name.
    pub name: ThingName,
    /// Its type, when it has one.
    pub type_name: Option<String>,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
}

impl NewThing {
    /// A thing without type and attributes.
    #[must_use]
    pub const fn new(name: ThingName) -> Self {
        Self {
            name,
            type_name: None,
            attributes: BTreeMap::new(),
        }
    }

    /// Adds an attribute.
    ///
    /// # Errors
    ///
    /// When its name is not `[a-zA-Z0-9_.,@/:#-]{1,128}` or its value has more than 800 characters or others than
    /// these (AWS IoT API, `AttributePayload`).
    pub fn with_attribute(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, RegistryError> {
        let (name, value) = (name.into(), value.into());
        let allowed = |c: char| {
            c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ',' | '@' | '/' | ':' | '#' | '-')
        };
        if name.is_empty() || name.len() > 128 || !name.chars().all(allowed) {
            return Err(RegistryError::new(
                RegistryErrorKind::Invalid,
                format!("invalid name of an attribute: `{name}`"),
            ));
        }
        if value.len() > 800 || !value.chars().all(allowed) {
            return Err(RegistryError::new(
                RegistryErrorKind::Invalid,
                format!("invalid value of the attribute `{name}`"),
            ));
        }
        self.attributes.insert(name, value);
        Ok(self)
    }
}

/// What went with a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retired {
    /// Certificates that were the thing's alone; deleted.
    pub deleted: Vec<CertificateId>,
    /// Certificates that other things have too; detached.
    pub detached: Vec<CertificateId>,
}

impl Registry {
    /// Creates a thing. Creating it again just as it is does nothing.
    ///
    /// # Errors
    ///
    /// When a thing of this name is there and differs.
    pub fn create_thing(&self, new: &NewThing) -> Result<Thing, RegistryError> {
        self.change(|| {
            if let Some(thing) = self.find::<Thing>(Table::Thing, key(&new.name))? {
                if thing.attributes == new.attributes && thing.thing_type_name == new.type_name {
                    return Ok(Plan::nothing(thing));
                }
                return Err(exists(&new.name));
            }
            let thing = made(new);
            Ok(Plan {
                batch: put(Batch::new(), &thing)?,
                changes: vec![Change::Thing(new.name.clone())],
                outcome: thing,
            })
        })
    }

    /// Creates a thing together with its active certificate, and attaches policies to it.
    ///
    /// # Errors
    ///
    /// When a thing of this name is there, the certificate is registered or cannot be, or a policy is missing.
    pub fn create_thing_with_certificate(
        &self,
        new: &NewThing,
        der: &[u8],
        policies: &[PolicyName],
    ) -> Result<(Thing, Certificate), RegistryError> {
        self.create_with(new, der, policies, Batch::new())
    }

    /// The same, with further writes in the same commit.
    pub(crate) fn create_with(
        &self,
        new: &NewThing,
        der: &[u8],
        policies: &[PolicyName],
        further: Batch,
    ) -> Result<(Thing, Certificate), RegistryError> {
        self.change(|| {
            if self.find::<Thing>(Table::Thing, key(&new.name))?.is_some() {
                return Err(exists(&new.name));
            }
            let thing = made(new);
            let certificate = self.checked(der, &[], super::CertificateStatus::Active)?;
            let id = certificate.certificate_id;
            let mut batch = put(further, &thing)?;
            batch = super::certificate::put(batch, &certificate)?;
            batch = attach(batch, &id, &new.name);
            for policy in policies {
                // A policy may be put by the same commit.
                let comes = batch.writes().iter().any(|write| {
                    write.table == Table::Policy && *write.key == *policy.as_str().as_bytes()
                });
                if !comes {
                    self.policy(policy)?;
                }
                batch = attach(batch, &id, policy);
            }
            Ok(Plan {
                batch,
                changes: vec![Change::Thing(new.name.clone()), Change::Certificate(id)],
                outcome: (thing, certificate),
            })
        })
    }

    /// A thing.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn thing(&self, name: &ThingName) -> Result<Thing, RegistryError> {
        self.find(Table::Thing, key(name))?
            .ok_or_else(|| RegistryError::not_found("thing", name))
    }

    /// At most `limit` things after a name, in order.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn things(
        &self,
        after: Option<&ThingName>,
        limit: usize,
    ) -> Result<Vec<Thing>, RegistryError> {
        self.list(Table::Thing, after.map(key), limit)
    }

    /// Deletes a thing that no certificate is attached to.
    ///
    /// # Errors
    ///
    /// When there is none of this name, or a certificate is attached to it.
    pub fn delete_thing(&self, name: &ThingName) -> Result<(), RegistryError> {
        self.change(|| {
            self.thing(name)?;
            let certificates = self.certificates_of_thing(name)?;
            if let Some(certificate) = certificates.first() {
                return Err(RegistryError::new(
                    RegistryErrorKind::DeleteConflict,
                    format!(
                        "the thing `{name}` has the certificate {} attached; detach it first",
                        certificate.certificate_id
                    ),
                ));
            }
            Ok(Plan {
                batch: Batch::new().delete(Table::Thing, key(name).to_vec()),
                changes: vec![Change::Thing(name.clone())],
                outcome: (),
            })
        })
    }

    /// Deletes a thing and what only it used: its certificates, unless another thing has them too.
    ///
    /// Shadows are kept, as the service keeps them.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn retire_thing(&self, name: &ThingName) -> Result<Retired, RegistryError> {
        self.change(|| {
            self.thing(name)?;
            let mut batch = Batch::new().delete(Table::Thing, key(name).to_vec());
            let mut changes = vec![Change::Thing(name.clone())];
            let mut retired = Retired {
                deleted: Vec::new(),
                detached: Vec::new(),
            };
            for certificate in self.certificates_of_thing(name)? {
                let id = certificate.certificate_id;
                batch = detach(batch, &id, name);
                if self.things_of(&id)?.len() > 1 {
                    changes.push(Change::Attachments(id));
                    retired.detached.push(id);
                    continue;
                }
                batch = self.without_certificate(batch, &id)?;
                changes.push(Change::Certificate(id));
                retired.deleted.push(id);
            }
            Ok(Plan {
                batch,
                changes,
                outcome: retired,
            })
        })
    }
}

fn key(name: &ThingName) -> &[u8] {
    name.as_str().as_bytes()
}

fn exists(name: &ThingName) -> RegistryError {
    RegistryError::new(
        RegistryErrorKind::AlreadyExists,
        format!("there is a thing `{name}` already"),
    )
}

fn made(new: &NewThing) -> Thing {
    Thing {
        thing_name: new.name.as_str().to_owned(),
        thing_type_name: new.type_name.clone(),
        attributes: new.attributes.clone(),
        version: 1,
        creation_date: now(),
    }
}

fn put(batch: Batch, thing: &Thing) -> Result<Batch, RegistryError> {
    Ok(batch.put(Table::Thing, thing.thing_name.clone(), write(thing)?))
}
