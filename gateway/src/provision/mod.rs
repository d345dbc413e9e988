//! The data folder: made by the first start, found as it was by every other.
//!
//! What a first start makes becomes visible in an order in which each step can be repeated: files are staged beside
//! their places, the registry takes all that belongs to them in one commit, and they are moved. A start that was
//! interrupted is finished or begun again by the next.

mod demo;
mod error;
mod folder;
mod server;
mod thing;

pub use error::ProvisionError;
pub use folder::DataFolder;
pub use thing::{CreateThing, CreatedThing, Onboarding};

pub(crate) use demo::OWN_TOPICS;

use std::sync::Arc;
use std::time::SystemTime;

use zeroize::Zeroizing;

use crate::config::{Config, template};
use crate::pki::{DevelopmentAuthority, ParsedCertificate, certificates_of_pem};
use crate::registry::{AccessKey, NewThing, PolicyName, Registry, ThingName, put_access_key};
use crate::store::{Batch, Journal, RedbStore, Store, Table};
use demo::{DEMO, DEMO_POLICY, OWN_TOPICS_POLICY};
use folder::{Readers, private_folder, publish, read, remove_file, remove_parts, write};
use server::Names;

/// In the table `Meta`: the first start has been finished, and nothing that it made comes again after being deleted.
const PROVISIONED: &[u8] = b"provisioned";

/// An open data folder with all that is in it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The configuration.
    pub config: Config,
    /// The files.
    pub data: DataFolder,
    /// The journal before the store: everything is read and written through it.
    pub journal: Arc<Journal>,
    /// Things, certificates, authorities, policies and access keys.
    pub registry: Arc<Registry>,
    /// Whether this was the first start.
    pub first_start: bool,
}

impl Opened {
    /// Opens a data folder, making it when there is none or finishing one that was begun.
    ///
    /// No other process can have it open at the same time.
    ///
    /// # Errors
    ///
    /// When another process has it open, or something in it cannot be read, written or used.
    ///
    /// ```
    /// use thingwire::config::{Config, Flags};
    /// use thingwire::provision::Opened;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let config = Config::load(&folder.path().join("data"), &Flags::default())?;
    /// let opened = Opened::open(config)?;
    /// assert!(opened.first_start);
    /// for file in ["ca.pem", "things/demo/certificate.pem", "things/demo/private.key", "credentials"] {
    ///     assert!(opened.data.root().join(file).exists());
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn open(config: Config) -> Result<Self, ProvisionError> {
        let data = DataFolder::new(&config.data);
        private_folder(data.root())?;
        // The store's lock stands for the whole folder: from here on nobody else writes in it.
        let store = Arc::new(RedbStore::open(&data.store(), config.store)?);
        let journal = Arc::new(Journal::start(store, config.journal)?);
        let registry = Arc::new(Registry::open(Arc::clone(&journal) as Arc<dyn Store>)?);
        let mut opened = Self {
            config,
            data,
            journal,
            registry,
            first_start: false,
        };
        opened.provision(SystemTime::now())?;
        Ok(opened)
    }

    /// What makes and deletes things with their files.
    #[must_use]
    pub fn onboarding(&self) -> Onboarding {
        Onboarding::new(self.data.clone(), Arc::clone(&self.registry))
    }

    /// Commits what waits and closes the store. Dropping does the same, and only logs what goes wrong.
    ///
    /// # Errors
    ///
    /// When the last writes could not be committed.
    pub fn close(self) -> Result<(), ProvisionError> {
        Ok(self.journal.close()?)
    }

    fn provision(&mut self, now: SystemTime) -> Result<(), ProvisionError> {
        private_folder(&self.data.things())?;
        self.recover()?;
        let provisioned = self.journal.get(Table::Meta, PROVISIONED)?.is_some();
        if !provisioned && read(&self.data.config())?.is_none() {
            write(
                &self.data.config(),
                template().as_bytes(),
                Readers::Everyone,
            )?;
        }
        let authority = self.authority(now, provisioned)?;
        let names = Names::of_this_machine(&self.config.server_names);
        server::ensure(&self.data, authority.as_ref(), &names, now)?;
        if !provisioned {
            let Some(authority) = authority else {
                return Err(ProvisionError::new(format!(
                    "the first start cannot make a device's certificate: {} is not there",
                    self.data.authority_key().display()
                )));
            };
            self.first_start(&authority, now)?;
        }
        Ok(())
    }

    /// Finishes or undoes what was staged when a process ended.
    fn recover(&self) -> Result<(), ProvisionError> {
        remove_parts(self.data.root())?;
        self.onboarding().recover()?;
        let staged = self.data.staged_credentials();
        let Some(text) = read(&staged)? else {
            return Ok(());
        };
        let registered = match access_key_id(&text) {
            Some(id) => self.registry.access_key(id)?.is_some(),
            None => false,
        };
        if registered && read(&self.data.credentials())?.is_none() {
            return publish(&staged, &self.data.credentials());
        }
        remove_file(&staged).map_err(|error| ProvisionError::io("removing", &staged, &error))
    }

    /// The development CA, when its key is there, and its certificate registered in any case.
    fn authority(
        &self,
        now: SystemTime,
        provisioned: bool,
    ) -> Result<Option<DevelopmentAuthority>, ProvisionError> {
        let (place, key_place) = (self.data.authority(), self.data.authority_key());
        let key = read(&key_place)?.map(Zeroizing::new);
        let authority = match (read(&place)?, key) {
            (Some(pem), Some(key)) => Some(
                DevelopmentAuthority::load(&pem, &key)
                    .map_err(|error| ProvisionError::at(&place, &error))?,
            ),
            // The key may be kept elsewhere: then nothing is signed here.
            (Some(pem), None) => {
                let first = certificates_of_pem(&pem)
                    .and_then(|found| {
                        let first = found.into_iter().next().unwrap_or_default();
                        ParsedCertificate::parse(&first).map(|_| first)
                    })
                    .map_err(|error| ProvisionError::at(&place, &error))?;
                self.registry.register_authority(&first, false)?;
                return Ok(None);
            }
            // The certificate of the same name and key: what trusted the old one trusts it.
            (None, Some(key)) => {
                let authority = DevelopmentAuthority::renew(&key, now)
                    .map_err(|error| ProvisionError::at(&key_place, &error))?;
                write(&place, authority.pem().as_bytes(), Readers::Everyone)?;
                Some(authority)
            }
            (None, None) if provisioned => {
                return Err(ProvisionError::new(format!(
                    "{} and {} are not there, and every device trusts them: restore them, or begin anew with another \
                     folder (--data)",
                    place.display(),
                    key_place.display()
                )));
            }
            (None, None) => {
                let (authority, key) = DevelopmentAuthority::generate(now)?;
                write(&key_place, key.as_bytes(), Readers::Owner)?;
                write(&place, authority.pem().as_bytes(), Readers::Everyone)?;
                Some(authority)
            }
        };
        if let Some(authority) = &authority {
            self.registry
                .register_authority(authority.certificate(), false)?;
        }
        Ok(authority)
    }

    fn first_start(
        &mut self,
        authority: &DevelopmentAuthority,
        now: SystemTime,
    ) -> Result<(), ProvisionError> {
        let (demo, policy) = (ThingName::new(DEMO)?, PolicyName::new(DEMO)?);
        let access_key = AccessKey::generate()?;
        let mut batch = Batch::new().put(Table::Meta, PROVISIONED, "1");
        batch = put_access_key(batch, &access_key)?;
        batch = self.registry.new_policy(batch, &policy, DEMO_POLICY)?;
        batch =
            self.registry
                .new_policy(batch, &PolicyName::new(OWN_TOPICS)?, OWN_TOPICS_POLICY)?;

        let issued = authority.issue_device(DEMO, now)?;
        let onboarding = self.onboarding();
        onboarding.stage(
            &demo,
            &issued.certificate.pem(),
            Some(&issued.private_key_pem),
        )?;
        let credentials = Zeroizing::new(format!(
            "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            access_key.access_key_id, *access_key.secret_access_key
        ));
        write(
            &self.data.staged_credentials(),
            credentials.as_bytes(),
            Readers::Owner,
        )?;
        self.registry.create_with(
            &NewThing::new(demo.clone()),
            &issued.certificate.der,
            &[policy],
            batch,
        )?;
        onboarding.publish(&demo)?;
        publish(&self.data.staged_credentials(), &self.data.credentials())?;
        self.first_start = true;
        Ok(())
    }
}

/// The access key id of a credentials file with one profile.
fn access_key_id(credentials: &str) -> Option<&str> {
    credentials.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "aws_access_key_id").then(|| value.trim())
    })
}
