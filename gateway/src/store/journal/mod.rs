//! Many writers, one commit at a time.
//!
//! All writes, with guards or without, take one queue, and one thread applies it in order. What a later write of the
//! same key overtakes before its commit never reaches the disk. There is therefore one order of all that happens, and
//! it is the order of tickets.

mod layer;
mod shared;
mod waiters;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;

use bytes::Bytes;
use parking_lot::Mutex;

use super::{Batch, Entry, Store, StoreError, StoreErrorKind, Table};
use layer::merge;
use shared::Shared;

/// The place of a write in the order of all writes. Durable means that it and all before it are on disk.
///
/// ```
/// use thingwire::store::Ticket;
///
/// assert!(Ticket::START <= Ticket::default());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(u64);

impl Ticket {
    /// Before the first write; always durable.
    pub const START: Self = Self(0);

    /// The number, for logs and for tests that print it.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// Limits of a [`Journal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalOptions {
    /// What may wait to be written, in bytes with its overhead, before writes are refused. 64 MiB unless told.
    pub pending_bytes: usize,
}

impl Default for JournalOptions {
    fn default() -> Self {
        Self {
            pending_bytes: 64 * 1024 * 1024,
        }
    }
}

impl JournalOptions {
    /// Sets [`pending_bytes`](Self::pending_bytes).
    #[must_use]
    pub const fn with_pending_bytes(mut self, bytes: usize) -> Self {
        self.pending_bytes = bytes;
        self
    }
}

/// How a journal is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JournalStatus {
    /// The last ticket given out.
    pub submitted: Ticket,
    /// The last durable ticket.
    pub durable: Ticket,
    /// What waits to be written, in bytes with its overhead.
    pub pending_bytes: usize,
    /// Commits that succeeded since the start.
    pub commits: u64,
    /// Why the last commit failed; `None` when it succeeded.
    pub failing: Option<StoreError>,
}

/// Commits writes in groups, and says when they are durable.
///
/// It is a [`Store`] itself: reads see what has been submitted, and [`commit`](Store::commit) takes its place in the
/// same order as every other write, waits for the disk, and may carry guards. Never call it on the journal's own thread,
/// which runs the callbacks of [`then`](Self::then).
///
/// When the disk refuses a commit, nothing of it is acknowledged; it is kept, and tried again until it succeeds.
/// Writers go on until [`JournalOptions::pending_bytes`] wait, and are refused from there.
///
/// ```
/// use std::sync::{Arc, mpsc};
/// use thingwire::store::{Batch, Journal, JournalOptions, MemoryStore, Table};
///
/// let journal = Journal::start(Arc::new(MemoryStore::new()), JournalOptions::default())?;
/// let (send, acknowledged) = mpsc::channel();
/// for packet in 0_u16..3 {
///     let ticket = journal.submit(Batch::new().put(Table::Queue, packet.to_be_bytes().to_vec(), "message"))?;
///     let send = send.clone();
///     journal.then(ticket, move || drop(send.send(packet)));
/// }
/// assert_eq!(acknowledged.iter().take(3).collect::<Vec<_>>(), [0, 1, 2]);
/// journal.close()?;
/// # Ok::<(), thingwire::store::StoreError>(())
/// ```
pub struct Journal {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Journal {
    /// Starts the journal's thread before a store.
    ///
    /// # Errors
    ///
    /// When the operating system gives no thread.
    pub fn start(store: Arc<dyn Store>, options: JournalOptions) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::new(store, options));
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn({
                let shared = Arc::clone(&shared);
                move || shared.run()
            })
            .map_err(|error| StoreError::io("starting the journal's thread", &error))?;
        Ok(Self {
            shared,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Hands in writes without waiting for anything but a lock held for moments.
    ///
    /// They are readable at once, and durable when [`durable`](Self::durable) has reached the ticket. An empty batch
    /// gets the ticket of the write before it.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Full`] when too much waits already, [`Closed`](StoreErrorKind::Closed) after the end, and
    /// [`Misuse`](StoreErrorKind::Misuse) for a batch with guards: nobody would hear of their failure, so those go
    /// through [`commit`](Store::commit).
    pub fn submit(&self, batch: Batch) -> Result<Ticket, StoreError> {
        if !batch.guards().is_empty() {
            return Err(StoreError::new(
                StoreErrorKind::Misuse,
                "a batch with guards was submitted; commit it",
            ));
        }
        self.shared.push(batch, None, true)
    }

    /// Hands in writes that go on with what was taken before, or end it: they are not refused because too much waits.
    /// Their number has to be bounded by what they end.
    ///
    /// After the end of the journal, and for a batch with guards, the ticket is one that never becomes durable, so that
    /// what waits for it is never acknowledged.
    pub fn submit_always(&self, batch: Batch) -> Ticket {
        if !batch.guards().is_empty() {
            return Ticket(u64::MAX);
        }
        let pushed = self.shared.push(batch, None, false);
        pushed.unwrap_or(Ticket(u64::MAX))
    }

    /// Whether so much waits that [`submit`](Self::submit) refuses.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.shared.is_full()
    }

    /// The last ticket that is on disk with all before it.
    #[must_use]
    pub fn durable(&self) -> Ticket {
        Ticket(self.shared.durable.load(Ordering::Acquire))
    }

    /// The last ticket given out: when it is durable, everything submitted so far is.
    #[must_use]
    pub fn submitted(&self) -> Ticket {
        Ticket(self.shared.incoming.lock().last)
    }

    /// What waits to be written, in bytes with its overhead.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.shared.pending_bytes.load(Ordering::Relaxed)
    }

    /// How the journal is doing.
    #[must_use]
    pub fn status(&self) -> JournalStatus {
        JournalStatus {
            submitted: self.submitted(),
            durable: self.durable(),
            pending_bytes: self.pending_bytes(),
            commits: self.shared.commits.load(Ordering::Relaxed),
            failing: self.shared.failing.lock().clone(),
        }
    }

    /// Ready when the ticket is durable; otherwise the task is woken when it is.
    ///
    /// A task that waits for several tickets polls the earliest. Once the journal has been closed with writes that it
    /// could not make durable, this stays pending for them: they are never acknowledged.
    pub fn poll_durable(&self, ticket: Ticket, context: &mut Context<'_>) -> Poll<()> {
        match self.poll(ticket, context) {
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }

    /// Waits until the ticket is durable.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Closed`] when the journal ended before.
    pub async fn wait(&self, ticket: Ticket) -> Result<(), StoreError> {
        core::future::poll_fn(|context| self.poll(ticket, context)).await
    }

    /// Waits until the ticket is durable, on a thread that may sleep.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Closed`] when the journal ended before.
    pub fn wait_blocking(&self, ticket: Ticket) -> Result<(), StoreError> {
        struct Unpark(std::thread::Thread);
        impl std::task::Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Arc::new(Unpark(std::thread::current())).into();
        let context = Context::from_waker(&waker);
        loop {
            match self.poll(ticket, &context) {
                Poll::Ready(result) => return result,
                Poll::Pending => std::thread::park(),
            }
        }
    }

    /// Calls `callback` once the ticket is durable: on this thread when it is already, else on the journal's thread,
    /// in the order of tickets.
    ///
    /// The journal's thread does nothing else meanwhile: a callback sends, wakes or counts, and leaves work to others.
    /// It is dropped uncalled when the journal ends before the ticket is durable.
    pub fn then(&self, ticket: Ticket, callback: impl FnOnce() + Send + 'static) {
        self.shared
            .waiters
            .then(ticket.0, Box::new(callback), || self.durable() >= ticket);
    }

    /// Refuses further writes, commits all that wait, and ends the thread.
    ///
    /// # Errors
    ///
    /// When the last writes could not be committed; what they would have acknowledged never was.
    pub fn close(&self) -> Result<(), StoreError> {
        self.shared.begin_closing();
        if let Some(thread) = self.thread.lock().take() {
            // The thread catches what its callbacks panic with; were it to end otherwise, `durable` tells.
            drop(thread.join());
        }
        if self.durable() == self.submitted() {
            return Ok(());
        }
        Err(self.shared.failing.lock().clone().unwrap_or_else(closed))
    }

    fn poll(&self, ticket: Ticket, context: &Context<'_>) -> Poll<Result<(), StoreError>> {
        if self.durable() >= ticket {
            return Poll::Ready(Ok(()));
        }
        self.shared
            .waiters
            .poll(ticket.0, context, || self.durable() >= ticket)
            .map_err(|waiters::Closed| closed())
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::error!(%error, "writes that were not acknowledged are lost. {}", error.advice());
        }
    }
}

impl core::fmt::Debug for Journal {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Journal")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}

impl Store for Journal {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        // Once the layers have nothing of the key, all that was submitted of it is in the store.
        let on_its_way = self.shared.folded().get(table, key);
        match on_its_way {
            Some(found) => Ok(found),
            None => self.shared.store.get(table, key),
        }
    }

    fn scan(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        // The lock is held while the store is read: what a commit moves from the layers into the store must be seen in
        // one of them.
        let layers = self.shared.folded();
        let mut overlay = BTreeMap::new();
        layers.pending.gather(table, prefix, after, &mut overlay);
        if let Some(committing) = &layers.committing {
            committing.gather(table, prefix, after, &mut overlay);
        }
        merge(overlay, after, limit, |after| {
            self.shared.store.scan(table, prefix, after, limit)
        })
    }

    /// Takes its place after all that has been submitted, and waits until it is durable.
    ///
    /// When the disk refuses, the error says so at once; a batch whose guards held is then kept and written with the
    /// rest when the disk recovers, so read again before repeating it.
    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        if let Some(error) = self.shared.failing.lock().clone() {
            return Err(error);
        }
        let (send, receive) = mpsc::sync_channel(1);
        self.shared.push(batch.clone(), Some(send), true)?;
        receive
            .recv()
            .unwrap_or_else(|mpsc::RecvError| Err(closed()))
    }
}

fn closed() -> StoreError {
    StoreError::new(StoreErrorKind::Closed, "the journal takes no more writes")
}
