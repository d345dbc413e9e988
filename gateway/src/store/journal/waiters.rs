//! Who is told when a ticket is durable.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use super::shared::Reply;
use crate::store::StoreError;

type Callback = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Waiting {
    wakers: BTreeMap<u64, Vec<Waker>>,
    callbacks: BTreeMap<u64, Vec<Callback>>,
    replies: BTreeMap<u64, Reply>,
    /// The thread is calling callbacks; others wait their turn behind them.
    calling: bool,
    closed: bool,
}

#[derive(Default)]
pub(super) struct Waiters {
    waiting: Mutex<Waiting>,
}

impl Waiters {
    /// Ready when `is_durable` holds, else wakes the task later.
    ///
    /// `is_durable` is asked again under the lock: whoever makes a ticket durable does so before it takes the lock.
    pub(super) fn poll(
        &self,
        ticket: u64,
        context: &Context<'_>,
        is_durable: impl Fn() -> bool,
    ) -> Poll<Result<(), Closed>> {
        let mut waiting = self.waiting.lock();
        if is_durable() {
            return Poll::Ready(Ok(()));
        }
        if waiting.closed {
            return Poll::Ready(Err(Closed));
        }
        let wakers = waiting.wakers.entry(ticket).or_default();
        if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
        Poll::Pending
    }

    /// Calls `callback` when the ticket is durable: now, or later on the journal's thread.
    pub(super) fn then(&self, ticket: u64, callback: Callback, is_durable: impl Fn() -> bool) {
        let mut waiting = self.waiting.lock();
        let earlier = waiting
            .callbacks
            .first_key_value()
            .is_some_and(|(&first, _)| first <= ticket);
        if is_durable() && !waiting.calling && !earlier {
            drop(waiting);
            callback();
        } else if !waiting.closed {
            waiting.callbacks.entry(ticket).or_default().push(callback);
        }
    }

    /// Leaves a reply for the one who waits for a ticket.
    pub(super) fn reply(&self, ticket: u64, reply: Reply) {
        self.waiting.lock().replies.insert(ticket, reply);
    }

    /// Everything up to `durable` is on disk.
    pub(super) fn durable(&self, durable: u64) {
        let mut waiting = self.waiting.lock();
        waiting.calling = true;
        loop {
            let callbacks = up_to(&mut waiting.callbacks, durable);
            let replies = up_to(&mut waiting.replies, durable);
            if callbacks.is_empty() && replies.is_empty() {
                break;
            }
            drop(waiting);
            for callback in callbacks.into_values().flatten() {
                guarded(callback);
            }
            for reply in replies.into_values() {
                // The one who asked may have gone.
                let _gone = reply.try_send(Ok(()));
            }
            waiting = self.waiting.lock();
        }
        waiting.calling = false;
        let wakers = up_to(&mut waiting.wakers, durable);
        drop(waiting);
        wakers.into_values().flatten().for_each(Waker::wake);
    }

    /// A commit failed: whoever waits for an answer gets it; acknowledgements stay back.
    pub(super) fn failed(&self, error: &StoreError) {
        let replies = core::mem::take(&mut self.waiting.lock().replies);
        for reply in replies.into_values() {
            let _gone = reply.try_send(Err(error.clone()));
        }
    }

    /// No further ticket becomes durable.
    pub(super) fn close(&self) {
        let mut waiting = self.waiting.lock();
        waiting.closed = true;
        waiting.callbacks.clear();
        let wakers = core::mem::take(&mut waiting.wakers);
        drop(waiting);
        wakers.into_values().flatten().for_each(Waker::wake);
    }
}

/// The journal ended before the ticket was durable.
pub(super) struct Closed;

/// Takes the entries up to and with `last` out of a map.
fn up_to<T>(map: &mut BTreeMap<u64, T>, last: u64) -> BTreeMap<u64, T> {
    let later = map.split_off(&last.saturating_add(1));
    core::mem::replace(map, later)
}

/// A panic of one callback must not end the thread on which all durability hangs.
fn guarded(call: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(call)).is_err() {
        tracing::error!("a callback of the journal panicked; the journal goes on");
    }
}
