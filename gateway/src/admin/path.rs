//! Paths of sockets, which the operating system keeps shorter than those of files.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// What fits everywhere: 104 bytes with a zero at the end are the least that a system has.
const LONGEST: usize = 100;

/// A path for a socket; it holds as long as this does.
pub(super) struct SocketPath {
    path: PathBuf,
    _folder: Option<File>,
}

impl SocketPath {
    /// The path of a socket in a folder. One that is too long is written by way of the open folder, where the system has
    /// such names.
    pub(super) fn new(folder: &Path, name: &str) -> io::Result<Self> {
        use std::os::fd::AsRawFd as _;
        use std::os::unix::ffi::OsStrExt as _;

        let path = folder.join(name);
        if path.as_os_str().as_bytes().len() <= LONGEST {
            return Ok(Self {
                path,
                _folder: None,
            });
        }
        let open = File::open(folder)?;
        let by_number = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
        if !by_number.exists() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "the path {} is too long for a socket: give a data folder with a shorter one (--data)",
                    path.display()
                ),
            ));
        }
        Ok(Self {
            path: by_number.join(name),
            _folder: Some(open),
        })
    }

    pub(super) fn get(&self) -> &Path {
        &self.path
    }
}
