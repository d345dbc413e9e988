//! The other end of the socket.

use core::fmt;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::path::SocketPath;
use super::protocol::{OperationError, Outcome, Request, Response};
use crate::provision::DataFolder;

/// How long the gateway may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why an order got no answer, or not the one hoped for.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// No gateway listens in the data folder.
    NotRunning,
    /// The gateway refused.
    Refused(OperationError),
    /// The way to the gateway failed.
    Io(io::Error),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning => f.write_str("no gateway is running on this data folder"),
            Self::Refused(error) => error.fmt(f),
            Self::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => f.write_str(
                "the gateway belongs to another user: run this as the user that started it",
            ),
            Self::Io(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                write!(
                    f,
                    "the gateway has not answered in {} s; the order may still be carried out",
                    PATIENCE.as_secs()
                )
            }
            Self::Io(error) => write!(f, "talking to the gateway: {error}"),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<io::Error> for ClientError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Sends an order to the gateway that runs on a data folder, and waits for its answer.
///
/// # Errors
///
/// [`ClientError::NotRunning`] when none runs, and otherwise what went wrong.
pub fn send(data: &DataFolder, request: &Request) -> Result<Response, ClientError> {
    let connected = SocketPath::new(data.root(), DataFolder::ADMIN_SOCKET)
        .and_then(|path| UnixStream::connect(path.get()));
    let stream = match connected {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Err(ClientError::NotRunning);
        }
        Err(error) => return Err(error.into()),
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut text = serde_json::to_vec(request).map_err(io::Error::from)?;
    text.push(b'\n');
    (&stream).write_all(&text)?;
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line)?;
    if line.is_empty() {
        let error = io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the gateway closed the connection without an answer",
        );
        return Err(error.into());
    }
    match serde_json::from_str(&line).map_err(io::Error::from)? {
        Outcome::Done(response) => Ok(response),
        Outcome::Refused(error) => Err(ClientError::Refused(error)),
    }
}
