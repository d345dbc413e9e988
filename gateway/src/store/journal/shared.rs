//! The queue, the layers of what is on its way, and the thread that commits them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::layer::Layer;
use super::waiters::Waiters;
use super::{JournalOptions, Ticket, closed};
use crate::store::{Batch, Guard, Store, StoreError, StoreErrorKind, Table};

/// Where the outcome of a [`commit`](Store::commit) goes.
pub(super) type Reply = SyncSender<Result<(), StoreError>>;

struct Item {
    ticket: u64,
    batch: Batch,
    reply: Option<Reply>,
}

#[derive(Default)]
pub(super) struct Incoming {
    items: Vec<Item>,
    pub(super) last: u64,
    sleeping: bool,
    pub(super) closing: bool,
}

#[derive(Default)]
pub(super) struct Layers {
    /// Folded out of the queue, not yet begun.
    pub(super) pending: Layer,
    /// The ticket up to which `pending` reaches.
    folded: u64,
    /// Being committed.
    pub(super) committing: Option<Arc<Layer>>,
}

impl Layers {
    /// What the writes on their way leave in a key; `None` when none of them touches it.
    pub(super) fn get(&self, table: Table, key: &[u8]) -> Option<Option<Bytes>> {
        let committing = || self.committing.as_ref()?.get(table, key);
        self.pending.get(table, key).or_else(committing).cloned()
    }
}

pub(super) struct Shared {
    pub(super) store: Arc<dyn Store>,
    options: JournalOptions,
    /// Held for the length of a push. Taken inside `layers`, never the other way round.
    pub(super) incoming: Mutex<Incoming>,
    wake: Condvar,
    layers: Mutex<Layers>,
    pub(super) durable: AtomicU64,
    pub(super) pending_bytes: AtomicUsize,
    pub(super) commits: AtomicU64,
    pub(super) failing: Mutex<Option<StoreError>>,
    pub(super) waiters: Waiters,
}

impl Shared {
    pub(super) fn new(store: Arc<dyn Store>, options: JournalOptions) -> Self {
        Self {
            store,
            options,
            incoming: Mutex::default(),
            wake: Condvar::new(),
            layers: Mutex::default(),
            durable: AtomicU64::new(0),
            pending_bytes: AtomicUsize::new(0),
            commits: AtomicU64::new(0),
            failing: Mutex::new(None),
            waiters: Waiters::default(),
        }
    }

    /// Whether the queue is at its limit.
    pub(super) fn is_full(&self) -> bool {
        self.pending_bytes.load(Ordering::Relaxed) >= self.options.pending_bytes
    }

    pub(super) fn push(
        &self,
        batch: Batch,
        reply: Option<Reply>,
        limited: bool,
    ) -> Result<Ticket, StoreError> {
        let bytes = batch.footprint();
        let mut incoming = self.incoming.lock();
        if incoming.closing {
            return Err(closed());
        }
        if batch.is_empty() && reply.is_none() {
            return Ok(Ticket(incoming.last));
        }
        let pending = self.pending_bytes.load(Ordering::Relaxed);
        // A batch larger than the limit is taken when it is alone; it could never be written otherwise.
        let wanted = pending.saturating_add(bytes);
        if limited && pending != 0 && wanted > self.options.pending_bytes {
            return Err(StoreError::new(
                StoreErrorKind::Full,
                format!(
                    "{pending} of at most {} bytes wait",
                    self.options.pending_bytes
                ),
            ));
        }
        self.pending_bytes.fetch_add(bytes, Ordering::Relaxed);
        incoming.last = incoming.last.saturating_add(1);
        let ticket = incoming.last;
        incoming.items.push(Item {
            ticket,
            batch,
            reply,
        });
        let sleeping = core::mem::take(&mut incoming.sleeping);
        drop(incoming);
        if sleeping {
            self.wake.notify_one();
        }
        Ok(Ticket(ticket))
    }

    pub(super) fn begin_closing(&self) {
        self.incoming.lock().closing = true;
        self.wake.notify_one();
    }

    /// The layers with everything submitted so far in them.
    pub(super) fn folded(&self) -> MutexGuard<'_, Layers> {
        let mut layers = self.layers.lock();
        let items = core::mem::take(&mut self.incoming.lock().items);
        for item in items {
            self.fold(&mut layers, item);
        }
        layers
    }

    /// Applies one item to the pending layer: here, in the order of tickets, guards are decided.
    fn fold(&self, layers: &mut Layers, item: Item) {
        let bytes = item.batch.footprint();
        let (writes, guards) = item.batch.into_parts();
        layers.folded = item.ticket;
        match self.check(layers, &guards) {
            Ok(()) => {
                for write in writes {
                    let replaced = layers.pending.insert(write);
                    self.pending_bytes.fetch_sub(replaced, Ordering::Relaxed);
                }
                if let Some(reply) = item.reply {
                    self.waiters.reply(item.ticket, reply);
                }
            }
            Err(error) => {
                self.pending_bytes.fetch_sub(bytes, Ordering::Relaxed);
                if let Some(reply) = item.reply {
                    // The one who asked may have gone.
                    let _gone = reply.try_send(Err(error));
                }
            }
        }
    }

    fn check(&self, layers: &Layers, guards: &[Guard]) -> Result<(), StoreError> {
        for guard in guards {
            let found = match layers.get(guard.table, &guard.key) {
                Some(found) => found,
                None => self.store.get(guard.table, &guard.key)?,
            };
            guard.check(found.as_deref())?;
        }
        Ok(())
    }

    /// The journal's thread.
    pub(super) fn run(&self) {
        while let Some((layer, last)) = self.next() {
            if !self.write(&layer) {
                self.abandon();
                return;
            }
            let bytes = layer.footprint();
            drop(layer);
            self.layers.lock().committing = None;
            self.pending_bytes.fetch_sub(bytes, Ordering::Relaxed);
            self.durable.store(last, Ordering::Release);
            self.waiters.durable(last);
        }
        self.waiters.close();
    }

    /// Sleeps until there is something to commit; `None` at the end of all work.
    fn next(&self) -> Option<(Arc<Layer>, u64)> {
        loop {
            let mut layers = self.folded();
            if layers.folded > self.durable.load(Ordering::Relaxed) {
                let layer = Arc::new(core::mem::take(&mut layers.pending));
                layers.committing = Some(Arc::clone(&layer));
                return Some((layer, layers.folded));
            }
            drop(layers);
            let mut incoming = self.incoming.lock();
            if incoming.items.is_empty() {
                if incoming.closing {
                    return None;
                }
                incoming.sleeping = true;
                self.wake.wait(&mut incoming);
                incoming.sleeping = false;
            }
        }
    }

    /// Commits a layer, however often it takes; false when the journal is closed before it succeeds.
    fn write(&self, layer: &Layer) -> bool {
        const FIRST_PAUSE: Duration = Duration::from_millis(50);
        const LAST_PAUSE: Duration = Duration::from_secs(1);
        const BETWEEN_LOG_LINES: Duration = Duration::from_secs(30);

        let batch = layer.to_batch();
        let mut pause = FIRST_PAUSE;
        let mut logged: Option<Instant> = None;
        loop {
            // Read before trying: what is closed meanwhile still gets one whole attempt.
            let closing = self.incoming.lock().closing;
            let Err(error) = self.attempt(&batch) else {
                if logged.is_some() {
                    tracing::info!("the store can be written again; nothing was lost");
                }
                self.failing.lock().take();
                self.commits.fetch_add(1, Ordering::Relaxed);
                return true;
            };
            if logged.is_none_or(|at| at.elapsed() >= BETWEEN_LOG_LINES) {
                tracing::error!(%error, waiting = self.pending_bytes.load(Ordering::Relaxed),
                    "the store cannot be written; nothing is acknowledged until it can. {}", error.advice());
                logged = Some(Instant::now());
            }
            *self.failing.lock() = Some(error.clone());
            // Those who wait for an answer get this one, also those who came while it was tried.
            drop(self.folded());
            self.waiters.failed(&error);
            if closing {
                return false;
            }
            let mut incoming = self.incoming.lock();
            if !incoming.closing {
                self.wake.wait_for(&mut incoming, pause);
            }
            drop(incoming);
            pause = pause.saturating_mul(2).min(LAST_PAUSE);
        }
    }

    fn attempt(&self, batch: &Batch) -> Result<(), StoreError> {
        if batch.is_empty() {
            return Ok(());
        }
        // An engine that panics over a damaged file must not leave everyone waiting without a word.
        catch_unwind(AssertUnwindSafe(|| self.store.commit(batch))).unwrap_or_else(|_| {
            Err(StoreError::new(
                StoreErrorKind::Corrupt,
                "the storage engine panicked",
            ))
        })
    }

    fn abandon(&self) {
        // Dropping an item tells the one who waits for its reply.
        drop(core::mem::take(&mut self.incoming.lock().items));
        self.waiters.close();
    }
}
