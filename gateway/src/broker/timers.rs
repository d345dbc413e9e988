//! What falls due: sessions that expire, wills that have waited.

use std::collections::BTreeMap;
use std::sync::Weak;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::session::Session;

/// Things to do at a time, in its order.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    due: Mutex<BTreeMap<(u64, u64), Due>>,
    earlier: Notify,
}

/// Something to do, unless the session has changed hands since.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) session: Weak<Session>,
    pub(crate) generation: u64,
    pub(crate) what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    PublishWill,
    EndSession,
}

impl Timers {
    /// `order` tells things that fall due in one millisecond apart.
    pub(crate) fn add(&self, at: u64, order: u64, due: Due) {
        let mut all = self.due.lock();
        let is_first = all
            .first_key_value()
            .is_none_or(|(first, _)| *first > (at, order));
        all.insert((at, order), due);
        drop(all);
        if is_first {
            self.earlier.notify_one();
        }
    }

    pub(crate) fn cancel(&self, key: (u64, u64)) {
        self.due.lock().remove(&key);
    }

    /// Takes what is due by `now`.
    pub(crate) fn take(&self, now: u64) -> Vec<Due> {
        let mut all = self.due.lock();
        let later = all.split_off(&(now.saturating_add(1), 0));
        core::mem::replace(&mut *all, later).into_values().collect()
    }

    /// When the next thing falls due.
    pub(crate) fn next(&self) -> Option<u64> {
        self.due.lock().first_key_value().map(|((at, _), _)| *at)
    }

    /// Returns when something was added that falls due before all else.
    pub(crate) async fn earlier(&self) {
        self.earlier.notified().await;
    }
}
