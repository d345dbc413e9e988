//! What the registry knows, as `iot-policy` wants it: the policies of a certificate, and what their variables stand for.

use iot_policy::{ConnectionContext, PolicySet, Scope, Substitution, Transport};

use super::{
    CertificateId, Policy, PolicyName, Registry, RegistryError, RegistryErrorKind, Thing, ThingName,
};
use crate::pki::policy_certificate;

impl Registry {
    /// The policies of a certificate, compiled. Without any, everything is denied.
    ///
    /// # Errors
    ///
    /// When the store cannot be read, or holds a document that this version does not understand: then nobody can tell
    /// what it denies, so nothing may be allowed.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use iot_policy::{ConnectionContext, Request, Scope, Transport};
    /// use thingwire::registry::{CertificateId, Registry};
    /// use thingwire::store::MemoryStore;
    ///
    /// let registry = Registry::open(Arc::new(MemoryStore::new()))?;
    /// let set = registry.policy_set(&CertificateId::of(b""), &Scope::new("aws", "us-east-1", "000000000000"))?;
    /// let bound = Arc::new(set).bind(&ConnectionContext::new("pump", Transport::Mqtt));
    /// assert!(!bound.decide(&Request::Connect { client_id: "pump" }, 0).is_allowed());
    /// # Ok::<(), thingwire::registry::RegistryError>(())
    /// ```
    pub fn policy_set(
        &self,
        id: &CertificateId,
        scope: &Scope,
    ) -> Result<PolicySet, RegistryError> {
        compile(&self.policies_of(id)?, scope)
    }

    /// One policy, compiled.
    ///
    /// # Errors
    ///
    /// When there is none of this name, the store cannot be read, or it holds a document that this version does not
    /// understand.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use iot_policy::Scope;
    /// use thingwire::registry::{PolicyName, Registry, RegistryErrorKind};
    /// use thingwire::store::MemoryStore;
    ///
    /// let registry = Registry::open(Arc::new(MemoryStore::new()))?;
    /// let scope = Scope::new("aws", "us-east-1", "000000000000");
    /// let error = registry.named_policy_set(&PolicyName::new("visitors")?, &scope).unwrap_err();
    /// assert_eq!(error.kind(), RegistryErrorKind::NotFound);
    /// # Ok::<(), thingwire::registry::RegistryError>(())
    /// ```
    pub fn named_policy_set(
        &self,
        name: &PolicyName,
        scope: &Scope,
    ) -> Result<PolicySet, RegistryError> {
        compile(&[self.policy(name)?], scope)
    }

    /// What policy variables stand for on a connection of a certificate under a client id: the certificate, and the
    /// thing of that name, attached to it or not. The peer's address and what CONNECT says are the caller's to add.
    ///
    /// HTTPS requests have no client id, and are no thing's.
    ///
    /// # Errors
    ///
    /// When the certificate is not registered, or the store cannot be read.
    pub fn connection_context(
        &self,
        id: &CertificateId,
        client_id: Option<&str>,
        transport: Transport,
    ) -> Result<ConnectionContext, RegistryError> {
        let registered = self.certificate(id)?;
        let certificate = tls_auth::Certificate::parse(&registered.der)?;
        let certificate = policy_certificate(*id, &certificate);
        let Some(client_id) = client_id else {
            let context = ConnectionContext::without_client_id(transport);
            return Ok(context.with_certificate(certificate));
        };
        let context = ConnectionContext::new(client_id, transport).with_certificate(certificate);
        // A client id that is no name of a thing is no thing's.
        let Ok(name) = ThingName::new(client_id) else {
            return Ok(context);
        };
        let thing = match self.thing(&name) {
            Ok(thing) => thing,
            Err(error) if error.kind() == RegistryErrorKind::NotFound => return Ok(context),
            Err(error) => return Err(error),
        };
        let is_attached = self
            .things_of(id)?
            .iter()
            .any(|attached| attached.thing_name == client_id);
        Ok(context.with_thing(described(thing, is_attached)))
    }
}

/// Compiles policies that have been read.
///
/// # Errors
///
/// When a document is one that this version does not understand.
pub(crate) fn compile(policies: &[Policy], scope: &Scope) -> Result<PolicySet, RegistryError> {
    let mut parsed = Vec::new();
    for policy in policies {
        let document = iot_policy::Policy::parse(policy.document.as_bytes()).map_err(|error| {
            RegistryError::new(
                RegistryErrorKind::MalformedPolicy,
                format!("the policy `{}`: {error}", policy.policy_name),
            )
        })?;
        parsed.push((policy.policy_name.as_str(), document));
    }
    let named = parsed.iter().map(|(name, policy)| (*name, policy));
    // No client chooses an identifier that opens another's topics: values with wildcards are not substituted.
    Ok(PolicySet::compile_with(
        named,
        scope.clone(),
        Substitution::Strict,
    ))
}

fn described(thing: Thing, is_attached: bool) -> iot_policy::Thing {
    let mut described = iot_policy::Thing::new(thing.thing_name);
    if let Some(name) = thing.thing_type_name {
        described = described.with_type(name);
    }
    for (name, value) in thing.attributes {
        described = described.with_attribute(name, value);
    }
    if is_attached {
        described = described.attached();
    }
    described
}
