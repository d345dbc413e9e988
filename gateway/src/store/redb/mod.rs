//! A store in one file.

mod length;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ::redb::{
    CommitError, Database, DatabaseError, ReadableTable, StorageError, TableDefinition, TableError,
    TransactionError,
};
use bytes::Bytes;
use parking_lot::RwLock;

use super::{Batch, Entry, Store, StoreError, StoreErrorKind, Table, lower_bound};

/// The format of what this version writes: the meaning of the tables, their keys and their values.
const FORMAT: &[u8] = b"thingwire store 1";
const FORMAT_KEY: &[u8] = b"format";

const FILE: &str = "thingwire.redb";
const LOCK: &str = "lock";

type Definition = TableDefinition<'static, &'static [u8], &'static [u8]>;

const fn definition(table: Table) -> Definition {
    TableDefinition::new(table.name())
}

/// How a [`RedbStore`] is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedbOptions {
    /// Memory for pages read and pages about to be written, in bytes. 64 MiB unless told.
    pub cache_bytes: usize,
}

impl Default for RedbOptions {
    fn default() -> Self {
        Self {
            cache_bytes: 64 * 1024 * 1024,
        }
    }
}

impl RedbOptions {
    /// Sets [`cache_bytes`](Self::cache_bytes).
    #[must_use]
    pub const fn with_cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }
}

/// A store in a folder of its own, with the engine `redb`.
///
/// A folder is open in one process at a time. After a crash the next opening finds the last commit that had returned.
///
/// ```
/// use thingwire::store::{Batch, RedbOptions, RedbStore, Store, Table};
///
/// let folder = tempfile::tempdir()?;
/// let store = RedbStore::open(folder.path(), RedbOptions::default())?;
/// store.commit(&Batch::new().put(Table::Retained, "demo/door", "open"))?;
/// drop(store);
///
/// let store = RedbStore::open(folder.path(), RedbOptions::default())?;
/// assert_eq!(store.get(Table::Retained, b"demo/door")?.as_deref(), Some(&b"open"[..]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RedbStore {
    path: PathBuf,
    options: RedbOptions,
    /// `None` only between a failure of the disk and a successful new opening: after an error of input or output the
    /// engine wants its file opened anew, which is when it finds its way back to the last whole commit.
    database: RwLock<Option<Database>>,
    /// Keeps other processes out, also while the file itself is being opened anew. Dropped last.
    _lock: File,
}

impl RedbStore {
    /// Opens the store in `folder`, creating it when there is none.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::InUse`] when another process has it open; [`Foreign`](StoreErrorKind::Foreign),
    /// [`UnknownFormat`](StoreErrorKind::UnknownFormat) and [`Corrupt`](StoreErrorKind::Corrupt) for a file that this
    /// version cannot use, which is left as it was found.
    pub fn open(folder: &Path, options: RedbOptions) -> Result<Self, StoreError> {
        // A process that is just ending has a moment to let go: a supervisor starts the next one at once.
        const PATIENCE: Duration = Duration::from_millis(500);
        const PAUSE: Duration = Duration::from_millis(10);

        let start = Instant::now();
        loop {
            match Self::try_open(folder, options) {
                Err(error)
                    if *error.kind() == StoreErrorKind::InUse && start.elapsed() < PATIENCE =>
                {
                    std::thread::sleep(PAUSE);
                }
                other => return other,
            }
        }
    }

    fn try_open(folder: &Path, options: RedbOptions) -> Result<Self, StoreError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| StoreError::io(&format!("creating {}", folder.display()), &error))?;
        let lock = lock(folder)?;
        let path = folder.join(FILE);
        let missing = match fs::metadata(&path) {
            Ok(_) => false,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(error) => return Err(StoreError::io(&shown(&path), &error)),
        };
        if missing {
            create(folder, &path, options)?;
        }
        let database = open_checked(&path, options)?;
        Ok(Self {
            path,
            options,
            database: RwLock::new(Some(database)),
            _lock: lock,
        })
    }

    /// Runs `work` on the engine, opening the file anew before when the last use had failed.
    fn with<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, EngineError>,
    ) -> Result<T, StoreError> {
        let mut database = self.database.read();
        if database.is_none() {
            drop(database);
            self.reopen()?;
            database = self.database.read();
        }
        let Some(engine) = &*database else {
            return Err(StoreError::new(StoreErrorKind::Io, shown(&self.path)));
        };
        let outcome = caught(|| work(engine)).unwrap_or_else(|panicked| Err(panicked.into()));
        match outcome {
            Ok(done) => Ok(done),
            Err(EngineError::Refused(error)) => Err(error),
            Err(EngineError::Storage(error)) => {
                drop(database);
                self.shut();
                Err(EngineError::Storage(error).at(&self.path))
            }
        }
    }

    fn shut(&self) {
        // An engine that cannot close has nothing left to lose: its last commit is on disk.
        let _panicked = caught(|| drop(self.database.write().take()));
    }

    fn reopen(&self) -> Result<(), StoreError> {
        let mut database = self.database.write();
        if database.is_none() {
            *database = Some(open_checked(&self.path, self.options)?);
        }
        Ok(())
    }
}

impl Drop for RedbStore {
    fn drop(&mut self) {
        self.shut();
    }
}

impl Store for RedbStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.with(|database| {
            let table = database.begin_read()?.open_table(definition(table))?;
            let found = table.get(key)?;
            Ok(found.map(|value| Bytes::copy_from_slice(value.value())))
        })
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.with(|database| {
            let table = database.begin_read()?.open_table(definition(table))?;
            let from = (lower_bound(prefix, after), core::ops::Bound::Unbounded);
            let mut found = Vec::new();
            for entry in table.range::<&[u8]>(from)? {
                let (key, value) = entry?;
                if found.len() >= limit || !key.value().starts_with(prefix) {
                    break;
                }
                found.push((
                    Bytes::copy_from_slice(key.value()),
                    Bytes::copy_from_slice(value.value()),
                ));
            }
            Ok(found)
        })
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.with(|database| {
            let transaction = database.begin_write()?;
            for guard in batch.guards() {
                let table = transaction.open_table(definition(guard.table))?;
                let found = table.get(&*guard.key)?;
                let checked = guard.check(found.as_ref().map(::redb::AccessGuard::value));
                drop(found);
                drop(table);
                if let Err(error) = checked {
                    transaction.abort()?;
                    return Err(EngineError::Refused(error));
                }
            }
            for table in Table::ALL {
                let mut writes = batch
                    .writes()
                    .iter()
                    .filter(|write| write.table == table)
                    .peekable();
                if writes.peek().is_none() {
                    continue;
                }
                let mut entries = transaction.open_table(definition(table))?;
                for write in writes {
                    match &write.value {
                        Some(value) => entries.insert(&*write.key, &**value)?,
                        None => entries.remove(&*write.key)?,
                    };
                }
            }
            transaction.commit()?;
            Ok(())
        })
    }
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(|error| StoreError::io(&shown(&path), &error))?;
    // `File::try_lock` of the standard library is younger than our oldest compiler.
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => {
            Err(StoreError::new(StoreErrorKind::InUse, shown(folder)))
        }
        Err(error) => Err(StoreError::io(&shown(&path), &error.into())),
    }
}

/// Makes a whole store beside its place and moves it there, so that a crash leaves none or a whole one.
fn create(folder: &Path, path: &Path, options: RedbOptions) -> Result<(), StoreError> {
    let fresh = folder.join(format!("{FILE}.new"));
    match fs::remove_file(&fresh) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(StoreError::io(&shown(&fresh), &error)),
    }
    let made = (|| {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&fresh)
            .map_err(|error| EngineError::Storage(StorageError::Io(error)))?;
        let database = Database::builder()
            .set_cache_size(options.cache_bytes)
            // What later versions of the engine read.
            .create_with_file_format_v3(true)
            .create_file(file)?;
        add_tables(&database)?;
        let transaction = database.begin_write()?;
        transaction
            .open_table(definition(Table::Meta))?
            .insert(FORMAT_KEY, FORMAT)?;
        transaction.commit()?;
        Ok(())
    })();
    made.map_err(|error: EngineError| error.at(&fresh))?;
    fs::rename(&fresh, path)
        .and_then(|()| File::open(folder)?.sync_all())
        .map_err(|error| StoreError::io(&shown(path), &error))
}

fn open_checked(path: &Path, options: RedbOptions) -> Result<Database, StoreError> {
    caught(|| {
        let database = open_file(path, options)?;
        check_format(&database, path)?;
        add_tables(&database).map_err(|error| error.at(path))?;
        Ok(database)
    })
    .unwrap_or_else(|panicked| Err(EngineError::from(panicked).at(path)))
}

/// Runs the engine, which asserts what it believes of its file: a damaged one can say otherwise, and that is an error
/// of the file, not the end of the gateway.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, StorageError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_panic| {
        StorageError::Corrupted("the storage engine cannot make sense of it".to_owned())
    })
}

fn open_file(path: &Path, options: RedbOptions) -> Result<Database, StoreError> {
    let shortfall = File::open(path)
        .and_then(|mut file| length::shortfall(&mut file))
        .map_err(|error| StoreError::io(&shown(path), &error))?;
    if let Some((_, found)) = shortfall {
        return Err(StoreError::new(
            StoreErrorKind::Corrupt,
            format!("{} ends too early, at {found} bytes", shown(path)),
        ));
    }
    let shown_path = shown(path);
    let opened = Database::builder()
        .set_cache_size(options.cache_bytes)
        .set_repair_callback(move |session| {
            tracing::info!(path = %shown_path, done = session.progress(), "the store was not closed; checking it");
        })
        .open(path);
    opened.map_err(|error| match error {
        DatabaseError::Storage(error) => opening_error(path, &error),
        DatabaseError::DatabaseAlreadyOpen => StoreError::new(StoreErrorKind::InUse, shown(path)),
        DatabaseError::UpgradeRequired(version) => StoreError::new(
            StoreErrorKind::UnknownFormat,
            format!("{} is a file of the engine's format {version}", shown(path)),
        ),
        other => StoreError::new(StoreErrorKind::Corrupt, format!("{}: {other}", shown(path))),
    })
}

/// An error of opening: what is not the engine's file at all is told apart from what once was.
fn opening_error(path: &Path, error: &StorageError) -> StoreError {
    match error {
        StorageError::Io(io) if io.kind() == std::io::ErrorKind::InvalidData => StoreError::new(
            StoreErrorKind::Foreign,
            format!("{} is not a database file", shown(path)),
        ),
        other => storage_error(path, other),
    }
}

fn check_format(database: &Database, path: &Path) -> Result<(), StoreError> {
    let found = (|| -> Result<Option<Vec<u8>>, EngineError> {
        let transaction = database.begin_read()?;
        let table = match transaction.open_table(definition(Table::Meta)) {
            Ok(table) => table,
            Err(TableError::Storage(error)) => return Err(EngineError::Storage(error)),
            Err(_) => return Ok(None),
        };
        Ok(table.get(FORMAT_KEY)?.map(|value| value.value().to_vec()))
    })();
    match found {
        Ok(Some(format)) if format == FORMAT => Ok(()),
        Ok(Some(format)) => Err(StoreError::new(
            StoreErrorKind::UnknownFormat,
            format!(
                "{} says `{}`, this version writes `{}`",
                shown(path),
                format.escape_ascii(),
                FORMAT.escape_ascii()
            ),
        )),
        Ok(None) => Err(StoreError::new(
            StoreErrorKind::Foreign,
            format!("{} is a database of another program", shown(path)),
        )),
        Err(error) => Err(error.at(path)),
    }
}

/// Makes the tables that are not there: all of them in a new file, younger ones in a file of an earlier version.
fn add_tables(database: &Database) -> Result<(), EngineError> {
    let present = database.begin_read()?.list_tables()?.count();
    if present >= Table::ALL.len() {
        return Ok(());
    }
    let transaction = database.begin_write()?;
    for table in Table::ALL {
        transaction.open_table(definition(table))?;
    }
    transaction.commit()?;
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn storage_error(path: &Path, error: &StorageError) -> StoreError {
    match error {
        StorageError::Io(error) => StoreError::io(&shown(path), error),
        StorageError::Corrupted(what) => {
            StoreError::new(StoreErrorKind::Corrupt, format!("{}: {what}", shown(path)))
        }
        StorageError::ValueTooLarge(_) => {
            StoreError::new(StoreErrorKind::Misuse, format!("{}: {error}", shown(path)))
        }
        other => StoreError::new(StoreErrorKind::Io, format!("{}: {other}", shown(path))),
    }
}

/// What the engine answers, its many types brought down to two cases.
enum EngineError {
    /// The disk or the file; the file must be opened anew.
    Storage(StorageError),
    /// The request.
    Refused(StoreError),
}

impl EngineError {
    fn at(self, path: &Path) -> StoreError {
        match self {
            Self::Storage(error) => storage_error(path, &error),
            Self::Refused(error) => error,
        }
    }
}

impl From<StorageError> for EngineError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<TransactionError> for EngineError {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Storage(error) => Self::Storage(error),
            other => Self::Storage(StorageError::Corrupted(other.to_string())),
        }
    }
}

impl From<TableError> for EngineError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => Self::Storage(error),
            other => Self::Storage(StorageError::Corrupted(other.to_string())),
        }
    }
}

impl From<CommitError> for EngineError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Storage(error) => Self::Storage(error),
            other => Self::Storage(StorageError::Corrupted(other.to_string())),
        }
    }
}

impl From<DatabaseError> for EngineError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Storage(error) => Self::Storage(error),
            other => Self::Storage(StorageError::Corrupted(other.to_string())),
        }
    }
}
