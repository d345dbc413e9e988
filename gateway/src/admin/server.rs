//! The socket in the data folder that only its owner can open.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::Operations;
use super::path::SocketPath;
use super::protocol::{MAX_LINE, OperationError, Outcome, Request};
use crate::provision::DataFolder;

/// Orders that are carried out at the same time.
const AT_ONCE: usize = 8;
/// How long a client may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);

/// The socket of a running gateway. It is removed when this is dropped.
#[derive(Debug)]
pub struct AdminSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl AdminSocket {
    /// Begins to listen in a data folder that this process has open.
    ///
    /// # Errors
    ///
    /// When the socket cannot be made.
    pub fn bind(data: &DataFolder) -> io::Result<Self> {
        let path = data.admin_socket();
        // Made in a folder that nobody else can enter, and moved: at no moment can another user connect.
        let folder = data.root().join(".admin");
        remove(&path)?;
        match std::fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        {
            use std::os::unix::fs::DirBuilderExt as _;
            std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        }
        let fresh = folder.join("s");
        let made = (|| {
            let listener = UnixListener::bind(SocketPath::new(&folder, "s")?.get())?;
            std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o600))?;
            std::fs::rename(&fresh, &path)?;
            Ok(listener)
        })();
        std::fs::remove_dir_all(&folder)?;
        let listener = made.map_err(|error: io::Error| {
            io::Error::new(error.kind(), format!("making {}: {error}", path.display()))
        })?;
        Ok(Self { listener, path })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Carries out orders until the task is dropped.
    pub async fn serve(&self, operations: Operations) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        loop {
            // Never closed, so there is always a place in the end.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let operations = operations.clone();
                    tokio::spawn(async move {
                        if let Err(error) = answer(stream, operations).await {
                            tracing::debug!(%error, "an order could not be read or answered");
                        }
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the admin socket cannot accept");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}

impl Drop for AdminSocket {
    fn drop(&mut self) {
        // Left over, it is removed by the next start.
        let _left_over = remove(&self.path);
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

async fn answer(stream: UnixStream, operations: Operations) -> io::Result<()> {
    // The file's mode keeps others out already; a file system without modes would not.
    let peer = stream.peer_cred()?.uid();
    let own = rustix::process::geteuid();
    if peer != own.as_raw() && peer != 0 {
        return Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("user {peer} is not the gateway's"),
        ));
    }
    let (read, mut write) = stream.into_split();
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
    let mut read = BufReader::new(read).take(limit);
    tokio::time::timeout(PATIENCE, read.read_until(b'\n', &mut line)).await??;
    let outcome = match serde_json::from_slice::<Request>(&line) {
        Ok(request) => {
            let executed =
                tokio::task::spawn_blocking(move || operations.execute(&request)).await?;
            match executed {
                Ok(response) => Outcome::Done(response),
                Err(error) => Outcome::Refused(error),
            }
        }
        Err(error) => Outcome::Refused(OperationError {
            code: "InvalidRequestException".to_owned(),
            message: format!("the order is not understood: {error}"),
        }),
    };
    let mut text = serde_json::to_vec(&outcome)?;
    text.push(b'\n');
    tokio::time::timeout(PATIENCE, write.write_all(&text)).await??;
    write.shutdown().await
}
