//! Things with their files: `things/NAME/` holds what the device needs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use zeroize::Zeroizing;

use super::folder::{Readers, publish, read, remove_folder, stage_folder};
use super::{DataFolder, OWN_TOPICS, ProvisionError};
use crate::pki::{DevelopmentAuthority, certificates_of_pem};
use crate::registry::{
    Certificate, CertificateId, NewThing, PolicyName, Registry, RegistryError, RegistryErrorKind,
    Retired, Thing, ThingName,
};

const CERTIFICATE: &str = "certificate.pem";
const PRIVATE_KEY: &str = "private.key";
const AUTHORITY: &str = "ca.pem";

/// A thing to be created with a certificate of the development CA.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreateThing {
    /// The thing.
    pub thing: NewThing,
    /// A certificate signing request in PEM, when the key stays on the device.
    pub request_pem: Option<String>,
    /// The policies to attach; `None` for the one that lets a thing use its own topics and shadows.
    pub policies: Option<Vec<PolicyName>>,
}

impl CreateThing {
    /// A thing with a key made here, and its own topics and shadows.
    #[must_use]
    pub const fn new(thing: NewThing) -> Self {
        Self {
            thing,
            request_pem: None,
            policies: None,
        }
    }
}

/// A thing just created.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedThing {
    /// The thing.
    pub thing: Thing,
    /// Its certificate.
    pub certificate: Certificate,
    /// The policies attached to the certificate.
    pub policies: Vec<PolicyName>,
    /// The folder with its files.
    pub folder: PathBuf,
}

/// Creates and deletes things with their files.
///
/// ```
/// use thingwire::config::{Config, Flags};
/// use thingwire::provision::{CreateThing, Opened};
/// use thingwire::registry::{NewThing, ThingName};
///
/// let folder = tempfile::tempdir()?;
/// let opened = Opened::open(Config::load(folder.path(), &Flags::default())?)?;
/// let name = ThingName::new("pump")?;
/// let created = opened.onboarding().create(&CreateThing::new(NewThing::new(name.clone())))?;
/// assert!(created.folder.join("private.key").exists());
/// opened.onboarding().delete(&name)?;
/// assert!(!created.folder.exists());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Onboarding {
    data: DataFolder,
    registry: Arc<Registry>,
}

impl Onboarding {
    pub(super) const fn new(data: DataFolder, registry: Arc<Registry>) -> Self {
        Self { data, registry }
    }

    /// Creates a thing, its certificate, and the folder with its files. After a crash the next opening of the data
    /// folder finds all of it or removes what there is.
    ///
    /// # Errors
    ///
    /// When there is such a thing, the request is refused, a policy is missing, the CA's key is not there, or a file
    /// cannot be written.
    pub fn create(&self, create: &CreateThing) -> Result<CreatedThing, RegistryError> {
        let name = &create.thing.name;
        if self.registry.thing(name).is_ok() {
            return Err(RegistryError::new(
                RegistryErrorKind::AlreadyExists,
                format!("there is a thing `{name}` already"),
            ));
        }
        let place = self.data.thing(name);
        if place.exists() {
            return Err(RegistryError::new(
                RegistryErrorKind::AlreadyExists,
                format!(
                    "{} is there already, and no thing of the gateway: move it away",
                    place.display()
                ),
            ));
        }
        let authority = self.authority()?;
        let now = SystemTime::now();
        let (certificate, key) = match &create.request_pem {
            Some(request) => (authority.issue_for_request(request, now)?, None),
            None => {
                let issued = authority.issue_device(name.as_str(), now)?;
                (issued.certificate, Some(issued.private_key_pem))
            }
        };
        let policies = match &create.policies {
            Some(policies) => policies.clone(),
            None => vec![PolicyName::new(OWN_TOPICS)?],
        };
        self.stage(name, &certificate.pem(), key.as_ref())?;
        let created =
            self.registry
                .create_thing_with_certificate(&create.thing, &certificate.der, &policies);
        let (thing, certificate) = match created {
            Ok(created) => created,
            Err(error) => {
                // Unless the store may yet take it: then the next start decides.
                if error.kind() != RegistryErrorKind::Unavailable {
                    let staged = self.data.staged_thing(name);
                    if let Err(error) = remove_folder(&staged) {
                        tracing::warn!(%error, "{} is left over", staged.display());
                    }
                }
                return Err(error);
            }
        };
        self.publish(name)?;
        Ok(CreatedThing {
            thing,
            certificate,
            policies,
            folder: place,
        })
    }

    /// Deletes a thing, what only it used, and its files.
    ///
    /// # Errors
    ///
    /// When there is no such thing.
    pub fn delete(&self, name: &ThingName) -> Result<Retired, RegistryError> {
        let retired = self.registry.retire_thing(name)?;
        let place = self.data.thing(name);
        remove_folder(&place).map_err(|error| {
            RegistryError::from(ProvisionError::io(
                "the thing is deleted, its files are not: removing",
                &place,
                &error,
            ))
        })?;
        Ok(retired)
    }

    fn authority(&self) -> Result<DevelopmentAuthority, RegistryError> {
        let (place, key_place) = (self.data.authority(), self.data.authority_key());
        let key = read(&key_place)?.map(Zeroizing::new);
        let (Some(pem), Some(key)) = (read(&place)?, key) else {
            return Err(RegistryError::new(
                RegistryErrorKind::Unavailable,
                format!(
                    "the development CA cannot sign: {} is not there; have the certificate made elsewhere and register \
                     it with `certificate register`",
                    key_place.display()
                ),
            ));
        };
        Ok(DevelopmentAuthority::load(&pem, &key)?)
    }

    pub(super) fn stage(
        &self,
        name: &ThingName,
        certificate: &str,
        key: Option<&Zeroizing<String>>,
    ) -> Result<(), ProvisionError> {
        let place = self.data.authority();
        let authority = read(&place)?.ok_or_else(|| {
            ProvisionError::new(format!("{} is not there; restore it", place.display()))
        })?;
        let mut files = vec![
            (CERTIFICATE, certificate.as_bytes(), Readers::Everyone),
            (AUTHORITY, authority.as_bytes(), Readers::Everyone),
        ];
        if let Some(key) = key {
            files.push((PRIVATE_KEY, key.as_bytes(), Readers::Owner));
        }
        stage_folder(&self.data.staged_thing(name), &files)
    }

    pub(super) fn publish(&self, name: &ThingName) -> Result<(), ProvisionError> {
        publish(&self.data.staged_thing(name), &self.data.thing(name))
    }

    /// Moves what was staged and registered to its place, and removes what was staged alone.
    pub(super) fn recover(&self) -> Result<(), ProvisionError> {
        let things = self.data.things();
        let entries = std::fs::read_dir(&things)
            .map_err(|error| ProvisionError::io("reading", &things, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| ProvisionError::io("reading", &things, &error))?;
            let file_name = entry.file_name();
            let Some(name) = file_name
                .to_str()
                .and_then(|name| name.strip_suffix(".new"))
            else {
                continue;
            };
            let Ok(name) = ThingName::new(name) else {
                continue;
            };
            let staged = entry.path();
            if self.is_registered(&staged, &name)? && !self.data.thing(&name).exists() {
                self.publish(&name)?;
            } else {
                remove_folder(&staged)
                    .map_err(|error| ProvisionError::io("removing", &staged, &error))?;
            }
        }
        Ok(())
    }

    fn is_registered(&self, staged: &Path, name: &ThingName) -> Result<bool, ProvisionError> {
        let Some(pem) = read(&staged.join(CERTIFICATE))? else {
            return Ok(false);
        };
        let Ok(certificates) = certificates_of_pem(&pem) else {
            return Ok(false);
        };
        let ids: Vec<CertificateId> = certificates
            .iter()
            .map(|der| CertificateId::of(der))
            .collect();
        Ok(self
            .registry
            .certificates_of_thing(name)?
            .iter()
            .any(|certificate| ids.contains(&certificate.certificate_id)))
    }
}

impl From<ProvisionError> for RegistryError {
    fn from(error: ProvisionError) -> Self {
        Self::new(RegistryErrorKind::Unavailable, error.to_string())
    }
}
