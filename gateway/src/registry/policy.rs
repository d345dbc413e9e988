//! Policies.

use super::record::{now, write};
use super::{Change, Plan, Policy, PolicyName, Registry, RegistryError, RegistryErrorKind};
use crate::store::{Batch, Table};

impl Registry {
    /// Creates a policy, or gives it another document. It counts for live connections at once.
    ///
    /// # Errors
    ///
    /// When the document is no policy.
    pub fn put_policy(&self, name: &PolicyName, document: &str) -> Result<Policy, RegistryError> {
        check(document)?;
        self.change(|| {
            let present: Option<Policy> = self.find(Table::Policy, name.as_str().as_bytes())?;
            if let Some(policy) = &present
                && policy.document == document
            {
                return Ok(Plan::nothing(policy.clone()));
            }
            let policy = made(name, document, present);
            Ok(Plan {
                batch: put(Batch::new(), &policy)?,
                changes: vec![Change::Policy(name.clone())],
                outcome: policy,
            })
        })
    }

    /// Adds a policy that is not there yet to a batch.
    pub(crate) fn new_policy(
        &self,
        batch: Batch,
        name: &PolicyName,
        document: &str,
    ) -> Result<Batch, RegistryError> {
        check(document)?;
        if self
            .find::<Policy>(Table::Policy, name.as_str().as_bytes())?
            .is_some()
        {
            return Ok(batch);
        }
        put(batch, &made(name, document, None))
    }

    /// A policy.
    ///
    /// # Errors
    ///
    /// When there is none of this name.
    pub fn policy(&self, name: &PolicyName) -> Result<Policy, RegistryError> {
        self.find(Table::Policy, name.as_str().as_bytes())?
            .ok_or_else(|| RegistryError::not_found("policy", name))
    }

    /// At most `limit` policies after a name, in order.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    pub fn policies(
        &self,
        after: Option<&PolicyName>,
        limit: usize,
    ) -> Result<Vec<Policy>, RegistryError> {
        let after = after.map(|name| name.as_str().as_bytes());
        self.list(Table::Policy, after, limit)
    }

    /// Deletes a policy that is not attached.
    ///
    /// # Errors
    ///
    /// When there is none of this name, or it is attached to a certificate.
    pub fn delete_policy(&self, name: &PolicyName) -> Result<(), RegistryError> {
        self.change(|| {
            self.policy(name)?;
            if let Some(id) = self.targets_of_policy(name)?.first() {
                return Err(RegistryError::new(
                    RegistryErrorKind::DeleteConflict,
                    format!(
                        "the policy `{name}` is attached to the certificate {id}; detach it first"
                    ),
                ));
            }
            Ok(Plan {
                batch: Batch::new().delete(Table::Policy, name.as_str().to_owned()),
                changes: vec![Change::Policy(name.clone())],
                outcome: (),
            })
        })
    }
}

fn check(document: &str) -> Result<(), RegistryError> {
    iot_policy::Policy::parse(document.as_bytes())
        .map(drop)
        .map_err(|error| {
            RegistryError::new(
                RegistryErrorKind::MalformedPolicy,
                format!("the document is no policy: {error}"),
            )
        })
}

fn made(name: &PolicyName, document: &str, present: Option<Policy>) -> Policy {
    let time = now();
    let (version, creation_date) = present.map_or((1, time), |policy| {
        (policy.version.saturating_add(1), policy.creation_date)
    });
    Policy {
        policy_name: name.as_str().to_owned(),
        document: document.to_owned(),
        version,
        creation_date,
        last_modified_date: time,
    }
}

fn put(batch: Batch, policy: &Policy) -> Result<Batch, RegistryError> {
    Ok(batch.put(Table::Policy, policy.policy_name.clone(), write(policy)?))
}
