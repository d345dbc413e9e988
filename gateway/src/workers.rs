//! The threads that connections live on.

use core::future::Future;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::io;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

/// Threads with a loop each. A connection stays on the one it was given to: what becomes ready first is handled first, and
/// nothing moves between processors but messages. `DESIGN.md` has the layouts that were measured.
#[derive(Debug)]
pub struct Workers {
    handles: Vec<Handle>,
    threads: Vec<JoinHandle<()>>,
    next: AtomicUsize,
    stop: watch::Sender<bool>,
}

impl Workers {
    /// Starts so many threads; at least one.
    ///
    /// # Errors
    /// The system gives no more threads or descriptors.
    pub fn start(threads: usize) -> io::Result<Self> {
        let (stop, _) = watch::channel(false);
        let mut workers = Self {
            handles: Vec::new(),
            threads: Vec::new(),
            next: AtomicUsize::new(0),
            stop,
        };
        for number in 0..threads.max(1) {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            workers.handles.push(runtime.handle().clone());
            let mut stopped = workers.stop.subscribe();
            let thread = std::thread::Builder::new()
                .name(format!("connections-{number}"))
                .spawn(move || {
                    runtime.block_on(async {
                        // The sender goes with the workers: then it is over too.
                        let _ = stopped.wait_for(|stopped| *stopped).await;
                    });
                })?;
            workers.threads.push(thread);
        }
        Ok(workers)
    }

    /// The thread that is next in turn.
    pub fn next(&self) -> Option<&Handle> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let place = turn.checked_rem(self.handles.len())?;
        self.handles.get(place)
    }

    /// Runs a task on the thread that is next in turn.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(handle) = self.next() {
            handle.spawn(task);
        }
    }

    /// Ends the threads, and with them every task; returns when they have ended.
    pub fn stop(&mut self) {
        self.stop.send_replace(true);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of connections had panicked");
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
    }
}
