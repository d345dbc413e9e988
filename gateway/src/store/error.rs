//! Why a store refuses.

use core::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::Table;

/// What is wrong with a store or a request to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// A guard of the batch did not hold; nothing was written.
    GuardFailed {
        /// The table of the guard.
        table: Table,
        /// The key of the guard.
        key: Bytes,
    },
    /// More waits to be written than the journal's limit allows.
    Full,
    /// The disk has no room.
    NoSpace,
    /// The disk or file system failed.
    Io,
    /// Another process has the store open.
    InUse,
    /// The file is something else than a store.
    Foreign,
    /// The store was written by a version with another format.
    UnknownFormat,
    /// The file is damaged.
    Corrupt,
    /// The journal has been closed.
    Closed,
    /// The call cannot be made like this, by the mistake of its caller.
    Misuse,
}

/// A store could not do what was asked.
///
/// ```
/// use thingwire::store::{RedbOptions, RedbStore, StoreErrorKind};
///
/// let folder = tempfile::tempdir()?;
/// let _first = RedbStore::open(folder.path(), RedbOptions::default())?;
/// let second = RedbStore::open(folder.path(), RedbOptions::default()).unwrap_err();
/// assert_eq!(*second.kind(), StoreErrorKind::InUse);
/// assert!(second.to_string().contains("another process has the store open"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreError {
    kind: StoreErrorKind,
    detail: Arc<str>,
}

impl StoreError {
    /// What was read is not what was written.
    pub(crate) fn corrupt(what: &str) -> Self {
        Self::new(StoreErrorKind::Corrupt, what)
    }

    pub(crate) fn new(kind: StoreErrorKind, detail: impl Into<Arc<str>>) -> Self {
        Self {
            kind,
            detail: detail.into(),
        }
    }

    pub(super) fn guard_failed(table: Table, key: Bytes) -> Self {
        let detail = format!("key `{}` of table `{table}`", key.escape_ascii());
        Self::new(StoreErrorKind::GuardFailed { table, key }, detail)
    }

    pub(crate) fn io(doing: &str, error: &std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::StorageFull
            | std::io::ErrorKind::QuotaExceeded
            | std::io::ErrorKind::FileTooLarge => StoreErrorKind::NoSpace,
            _ => StoreErrorKind::Io,
        };
        Self::new(kind, format!("{doing}: {error}"))
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &StoreErrorKind {
        &self.kind
    }

    /// What the operator can do about it, as a sentence.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self.kind {
            StoreErrorKind::GuardFailed { .. } => "Read the present state and try again.",
            StoreErrorKind::Full => {
                "The disk does not keep up; wait, or raise the journal's limit in gateway.toml."
            }
            StoreErrorKind::NoSpace => {
                "Make room on the disk of the data folder; writing goes on by itself."
            }
            StoreErrorKind::Io => "Look at the disk of the data folder and the system's log.",
            StoreErrorKind::InUse => {
                "Stop the other gateway on this data folder, or give this one another with --data."
            }
            StoreErrorKind::Foreign => {
                "Move the file away, or give another data folder with --data."
            }
            StoreErrorKind::UnknownFormat => "Use the version of thingwire that wrote the store.",
            StoreErrorKind::Corrupt => {
                "Restore the data folder from a copy, or move `store/` away to start without its content."
            }
            StoreErrorKind::Closed => "The gateway is stopping.",
            StoreErrorKind::Misuse => "This is a mistake of the program.",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            StoreErrorKind::GuardFailed { .. } => "the state has changed meanwhile",
            StoreErrorKind::Full => "too much waits to be written",
            StoreErrorKind::NoSpace => "no room on the disk",
            StoreErrorKind::Io => "the disk failed",
            StoreErrorKind::InUse => "another process has the store open",
            StoreErrorKind::Foreign => "not a store of thingwire",
            StoreErrorKind::UnknownFormat => {
                "the store has a format that this version does not know"
            }
            StoreErrorKind::Corrupt => "the store is damaged",
            StoreErrorKind::Closed => "the store has been closed",
            StoreErrorKind::Misuse => "misuse of the store",
        };
        write!(f, "{what}: {}", self.detail)
    }
}

impl std::error::Error for StoreError {}

impl From<std::io::Error> for StoreError {
    /// For stores other than ours: a full disk is told apart from a broken one.
    fn from(error: std::io::Error) -> Self {
        Self::io("the operating system said", &error)
    }
}
