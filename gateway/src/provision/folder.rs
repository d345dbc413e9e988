//! The data folder: where each file lies, and how it is written whole or not at all.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::ProvisionError;
use crate::registry::ThingName;

/// What a file may be read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    Owner,
    Everyone,
}

/// The files of a data folder.
///
/// ```
/// use std::path::Path;
/// use thingwire::provision::DataFolder;
/// use thingwire::registry::ThingName;
///
/// let data = DataFolder::new("thingwire-data");
/// assert_eq!(data.authority(), Path::new("thingwire-data/ca.pem"));
/// let demo = data.thing(&ThingName::new("demo")?);
/// assert_eq!(demo, Path::new("thingwire-data/things/demo"));
/// # Ok::<(), thingwire::registry::RegistryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataFolder {
    root: PathBuf,
}

impl DataFolder {
    pub(crate) const ADMIN_SOCKET: &'static str = "admin.sock";

    /// The folder at a path; nothing is touched.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The certificate of the development CA: what devices trust.
    #[must_use]
    pub fn authority(&self) -> PathBuf {
        self.root.join("ca.pem")
    }

    /// The key of the development CA.
    #[must_use]
    pub fn authority_key(&self) -> PathBuf {
        self.root.join("ca.key")
    }

    /// The server's certificate.
    #[must_use]
    pub fn server(&self) -> PathBuf {
        self.root.join("server.pem")
    }

    /// The server's key.
    #[must_use]
    pub fn server_key(&self) -> PathBuf {
        self.root.join("server.key")
    }

    /// Access keys in the format of AWS's shared credentials file.
    #[must_use]
    pub fn credentials(&self) -> PathBuf {
        self.root.join("credentials")
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.root.join("gateway.toml")
    }

    /// The folder of the store.
    #[must_use]
    pub fn store(&self) -> PathBuf {
        self.root.join("store")
    }

    /// The folder of all things.
    #[must_use]
    pub fn things(&self) -> PathBuf {
        self.root.join("things")
    }

    /// The folder of a thing: `certificate.pem`, `private.key`, `ca.pem`.
    #[must_use]
    pub fn thing(&self, name: &ThingName) -> PathBuf {
        self.things().join(name.as_str())
    }

    /// The socket through which the running gateway takes orders.
    #[must_use]
    pub fn admin_socket(&self) -> PathBuf {
        self.root.join(Self::ADMIN_SOCKET)
    }

    pub(crate) fn staged_thing(&self, name: &ThingName) -> PathBuf {
        // No name of a thing has a dot.
        self.things().join(format!("{name}.new"))
    }

    pub(crate) fn staged_credentials(&self) -> PathBuf {
        self.root.join("credentials.new")
    }
}

/// Makes a folder that only its owner can enter, with those above it; one that is there stays as it is.
pub(crate) fn private_folder(path: &Path) -> Result<(), ProvisionError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| ProvisionError::io("creating", path, &error))
}

/// What a file is called until it is whole.
const PART: &str = ".part";

/// Removes what was being written when a process ended.
pub(crate) fn remove_parts(folder: &Path) -> Result<(), ProvisionError> {
    let removed = (|| {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.to_str().is_some_and(|path| path.ends_with(PART)) {
                remove_file(&path)?;
            }
        }
        Ok(())
    })();
    removed.map_err(|error| ProvisionError::io("cleaning", folder, &error))
}

/// Writes a file beside its place, forces it to the disk, and moves it there.
pub(crate) fn write(path: &Path, content: &[u8], readers: Readers) -> Result<(), ProvisionError> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(PART);
    let beside = PathBuf::from(beside);
    let written = (|| {
        remove_file(&beside)?;
        write_new(&beside, content, readers)?;
        fs::rename(&beside, path)?;
        sync_parent(path)
    })();
    written.map_err(|error| ProvisionError::io("writing", path, &error))
}

/// Writes files into a new folder and forces them to the disk; what was there is removed.
pub(crate) fn stage_folder(
    path: &Path,
    files: &[(&str, &[u8], Readers)],
) -> Result<(), ProvisionError> {
    let written = (|| {
        remove_folder(path)?;
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        for (name, content, readers) in files {
            write_new(&path.join(name), content, *readers)?;
        }
        File::open(path)?.sync_all()?;
        sync_parent(path)
    })();
    written.map_err(|error| ProvisionError::io("writing", path, &error))
}

/// Moves what was staged to its place.
pub(crate) fn publish(staged: &Path, place: &Path) -> Result<(), ProvisionError> {
    fs::rename(staged, place)
        .and_then(|()| sync_parent(place))
        .map_err(|error| ProvisionError::io("writing", place, &error))
}

pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The text of a file; `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<String>, ProvisionError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ProvisionError::io("reading", path, &error)),
    }
}

fn write_new(path: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Everyone => 0o644,
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}
