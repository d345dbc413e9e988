//! `gateway.toml` and the flags of the command line.
//!
//! A flag beats the file, the file beats the profile, the profile beats nothing: what neither says has the default of
//! the profile. A key that is not known is an error that names it and its line.

mod address;
mod file;
mod template;

pub use address::{ListenAddress, LoopbackAddress};
pub use template::template;

use core::fmt;
use core::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use crate::https::HttpsLimits;
use crate::registry::{PolicyName, RegistryError};
use crate::settings::Settings;
use crate::store::{JournalOptions, RedbOptions};

/// Which behaviour the gateway starts from.
///
/// ```
/// use thingwire::config::Profile;
///
/// assert_eq!("aws".parse(), Ok(Profile::Aws));
/// assert_eq!(Profile::default(), Profile::Strict);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// The MQTT standards.
    #[default]
    Strict,
    /// AWS IoT Core: its differences from the standard, and its limits.
    Aws,
}

impl Profile {
    /// What the profile sets.
    #[must_use]
    pub fn settings(self) -> Settings {
        match self {
            Self::Strict => Settings::strict(),
            Self::Aws => Settings::aws(),
        }
    }

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Aws => "aws",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl core::str::FromStr for Profile {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, ConfigError> {
        [Self::Strict, Self::Aws]
            .into_iter()
            .find(|profile| profile.as_str() == text)
            .ok_or_else(|| {
                ConfigError::new(format!(
                    "invalid profile `{text}`: expected `strict` or `aws`"
                ))
            })
    }
}

/// A configuration that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    text: Box<str>,
}

impl ConfigError {
    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        Self { text: text.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for ConfigError {}

impl From<RegistryError> for ConfigError {
    fn from(error: RegistryError) -> Self {
        Self::new(error.to_string())
    }
}

/// What the command line says; `None` where it says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Flags {
    /// `--mqtt`
    pub mqtt: Option<ListenAddress>,
    /// `--https`
    pub https: Option<ListenAddress>,
    /// `--admin`
    pub admin: Option<ListenAddress>,
    /// `--region`
    pub region: Option<String>,
    /// `--profile`
    pub profile: Option<Profile>,
    /// `--dangerous-plain-mqtt`
    pub dangerous_plain_mqtt: Option<LoopbackAddress>,
    /// `--dangerous-plain-policy`
    pub dangerous_plain_policy: Option<PolicyName>,
}

/// Everything that the gateway is told at its start.
///
/// ```
/// use thingwire::config::{Config, Flags};
///
/// let config = Config::parse("[limits]\nconnections = 500\n", "./thingwire-data", &Flags::default())?;
/// assert_eq!(config.settings.limits.connections, 500);
/// assert_eq!(config.region, "us-east-1");
///
/// let error = Config::parse("[limits]\nconections = 500\n", ".", &Flags::default()).unwrap_err();
/// assert!(error.to_string().contains("line 2") && error.to_string().contains("`conections`"));
/// # Ok::<(), thingwire::config::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Where MQTT over mutual TLS is served.
    ///
    /// All interfaces unless told: devices are other machines, and nobody gets further than the handshake without a
    /// certificate that is registered and active.
    pub mqtt: ListenAddress,
    /// Where HTTPS is served, with MQTT by ALPN and WebSocket. All interfaces unless told: see [`mqtt`](Self::mqtt).
    pub https: ListenAddress,
    /// Where the read-only status is served over HTTP, without authentication; nowhere unless told.
    pub admin: Option<ListenAddress>,
    /// Where MQTT is served to anybody without TLS; nowhere unless told, and never beyond this machine.
    pub dangerous_plain_mqtt: Option<LoopbackAddress>,
    /// The policy that says what clients without TLS may do; everything unless told.
    pub dangerous_plain_policy: Option<PolicyName>,
    /// The region in ARNs and in the scope of signatures.
    pub region: String,
    /// The account in ARNs, twelve digits.
    pub account: String,
    /// Further names and addresses for the server's certificate.
    pub server_names: Vec<String>,
    /// Threads that serve connections.
    ///
    /// Half of the processors unless told: the other half is for the disk, the operators, and the programs that the messages
    /// are for.
    pub connection_threads: NonZeroUsize,
    /// The profile that the settings started from.
    pub profile: Profile,
    /// Limits and differences.
    pub settings: Settings,
    /// Limits of the HTTPS port beside those.
    pub https_limits: HttpsLimits,
    /// Memory of the store.
    pub store: RedbOptions,
    /// Memory of what waits for the disk.
    pub journal: JournalOptions,
}

impl Config {
    /// The configuration of a data folder: its `gateway.toml`, when there is one, and the flags.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or says something that cannot be.
    pub fn load(data: &Path, flags: &Flags) -> Result<Self, ConfigError> {
        let path = data.join("gateway.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(ConfigError::new(format!("{}: {error}", path.display()))),
        };
        Self::parse(&text, data, flags)
            .map_err(|error| ConfigError::new(format!("{}: {error}", path.display())))
    }

    /// The same from a text.
    ///
    /// # Errors
    ///
    /// When the text says something that cannot be.
    pub fn parse(text: &str, data: impl Into<PathBuf>, flags: &Flags) -> Result<Self, ConfigError> {
        let file = file::parse(text)?;
        let profile = match (flags.profile, &file.profile) {
            (Some(profile), _) => profile,
            (None, Some(profile)) => profile.parse()?,
            (None, None) => Profile::default(),
        };
        let mut settings = profile.settings();
        file.limits.apply(&mut settings.limits)?;
        let mut https_limits = HttpsLimits::default();
        file.https_limits.apply(&mut https_limits)?;
        file.differences.apply(&mut settings.differences)?;
        let region = flags
            .region
            .clone()
            .or(file.region)
            .unwrap_or_else(|| DEFAULT_REGION.to_owned());
        let account = file.account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned());
        check_region(&region)?;
        check_account(&account)?;
        let listen = |flag: &Option<ListenAddress>, text: &Option<String>, default: u16| match (
            flag, text,
        ) {
            (Some(address), _) => Ok(address.clone()),
            (None, Some(text)) => text.parse(),
            (None, None) => Ok(ListenAddress::every_interface(default)),
        };
        let (mut store, mut journal) = (RedbOptions::default(), JournalOptions::default());
        if let Some(bytes) = file.store.cache_bytes {
            store = store.with_cache_bytes(bytes);
        }
        if let Some(bytes) = file.store.pending_bytes {
            journal = journal.with_pending_bytes(bytes);
        }
        Ok(Self {
            data: data.into(),
            mqtt: listen(&flags.mqtt, &file.mqtt, 8883)?,
            https: listen(&flags.https, &file.https, 8443)?,
            admin: match (&flags.admin, file.admin) {
                (Some(address), _) => Some(address.clone()),
                (None, text) => text.as_deref().map(str::parse).transpose()?,
            },
            dangerous_plain_mqtt: match (&flags.dangerous_plain_mqtt, file.dangerous_plain_mqtt) {
                (Some(address), _) => Some(*address),
                (None, text) => text.as_deref().map(str::parse).transpose()?,
            },
            dangerous_plain_policy: match (
                &flags.dangerous_plain_policy,
                file.dangerous_plain_policy,
            ) {
                (Some(name), _) => Some(name.clone()),
                (None, text) => text
                    .map(|text| text.parse().map_err(ConfigError::from))
                    .transpose()?,
            },
            region,
            account,
            server_names: file.server_names,
            connection_threads: file
                .connection_threads
                .unwrap_or_else(default_connection_threads),
            profile,
            settings,
            https_limits,
            store,
            journal,
        })
    }

    /// Partition, region and account: the beginning of every ARN.
    #[must_use]
    pub fn scope(&self) -> iot_policy::Scope {
        iot_policy::Scope::new("aws", self.region.as_str(), self.account.as_str())
    }
}

fn default_connection_threads() -> NonZeroUsize {
    std::thread::available_parallelism()
        .ok()
        .and_then(|all| NonZeroUsize::new(all.get().div_ceil(2)))
        .unwrap_or(NonZeroUsize::MIN)
}

const DEFAULT_REGION: &str = "us-east-1";
/// What local stand-ins of the service use, and no real account has.
const DEFAULT_ACCOUNT: &str = "000000000000";

fn check_region(region: &str) -> Result<(), ConfigError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || region.len() > 64 || !region.chars().all(allowed) {
        return Err(ConfigError::new(format!(
            "invalid region `{region}`: expected lower-case letters, digits and `-`, as in `us-east-1`"
        )));
    }
    Ok(())
}

fn check_account(account: &str) -> Result<(), ConfigError> {
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ConfigError::new(format!(
            "invalid account `{account}`: expected twelve digits in quotes"
        )));
    }
    Ok(())
}
