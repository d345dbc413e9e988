use alloc::string::String;
use alloc::sync::Arc;
use std::collections::HashMap;

use rustls::server::ClientHello;

use super::{ConfigError, ServerAuth};
use crate::error::{Refusal, RefusalKind};

/// Several servers behind one port, chosen by the server name that the device sends (SNI, RFC 6066 §3).
///
/// Each has its own CAs, registry, key and sessions. The one that is chosen is the one to ask at the end:
/// [`ServerAuth::authenticate`] refuses a connection that was made for another's name.
///
/// ```
/// use std::sync::Arc;
/// use tls_auth::{Credentials, ServerAuth, Tenants};
///
/// let server = |name: &str| -> Result<_, Box<dyn std::error::Error>> {
///     let pair = rcgen::generate_simple_self_signed([name.to_owned()])?;
///     let credentials =
///         Credentials::from_pem(pair.cert.pem().as_bytes(), pair.signing_key.serialize_pem().as_bytes())?;
///     Ok(Arc::new(ServerAuth::builder(credentials).with_server_names([name]).build()?))
/// };
/// let acme = server("acme.iot.example")?;
/// let tenants = Tenants::new().with_tenant(acme.clone())?.with_tenant(server("plant.iot.example")?)?;
///
/// assert!(Arc::ptr_eq(tenants.find(Some("ACME.iot.example"))?, &acme));
/// assert_eq!(tenants.find(Some("other.example")).unwrap_err().kind().code(), "server-name-unknown");
/// assert_eq!(tenants.find(None).unwrap_err().kind().code(), "server-name-missing");
/// assert!(tenants.clone().with_tenant(server("ACME.iot.example")?).is_err(), "one name, two tenants");
/// assert!(tenants.with_default(acme)?.find(None).is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tenants {
    by_name: HashMap<String, Arc<ServerAuth>>,
    default: Option<Arc<ServerAuth>>,
}

impl Tenants {
    /// Nobody yet: every connection is refused.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A server under each of its [names](crate::ServerAuthBuilder::with_server_names).
    ///
    /// # Errors
    /// [`ConfigError::NameTaken`] when another tenant has one of its names, [`ConfigError::Nameless`] when it has none.
    pub fn with_tenant(self, tenant: Arc<ServerAuth>) -> Result<Self, ConfigError> {
        if tenant.server_names().is_empty() {
            return Err(ConfigError::Nameless);
        }
        self.with_names_of(&tenant)
    }

    /// The server for devices that send no server name (`DEFAULT` mode); without it they are refused (`SNI_ONLY`). It is chosen
    /// by its names as well, if it has any.
    ///
    /// # Errors
    /// [`ConfigError::NameTaken`] when another tenant has one of its names.
    pub fn with_default(mut self, tenant: Arc<ServerAuth>) -> Result<Self, ConfigError> {
        self = self.with_names_of(&tenant)?;
        self.default = Some(tenant);
        Ok(self)
    }

    fn with_names_of(mut self, tenant: &Arc<ServerAuth>) -> Result<Self, ConfigError> {
        for name in tenant.server_names() {
            let before = self.by_name.insert(name.clone(), tenant.clone());
            if before.is_some_and(|before| !Arc::ptr_eq(&before, tenant)) {
                return Err(ConfigError::NameTaken(name.clone()));
            }
        }
        Ok(self)
    }

    /// The server for what a device asks, as `rustls::server::Acceptor` reads it.
    ///
    /// # Errors
    /// [`RefusalKind::ServerNameMissing`] or [`RefusalKind::ServerNameUnknown`].
    pub fn select(&self, hello: &ClientHello<'_>) -> Result<&Arc<ServerAuth>, Refusal> {
        self.find(hello.server_name())
    }

    /// The server of a name.
    ///
    /// # Errors
    /// As [`Tenants::select`].
    pub fn find(&self, server_name: Option<&str>) -> Result<&Arc<ServerAuth>, Refusal> {
        let Some(name) = server_name else {
            return match &self.default {
                Some(tenant) if !tenant.requires_server_name() => Ok(tenant),
                _ => Err(Refusal::new(RefusalKind::ServerNameMissing)),
            };
        };
        self.by_name.get(&name.to_ascii_lowercase()).ok_or_else(|| {
            Refusal::new(RefusalKind::ServerNameUnknown).found(name, "the name of a tenant")
        })
    }
}
