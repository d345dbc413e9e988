//! Taking connections from a socket: no more than are allowed, each on a thread of its own choosing.

use core::future::Future;
use core::time::Duration;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::workers::Workers;

/// How many connections there may be, over all listeners.
#[derive(Clone, Debug)]
pub struct Gate {
    places: Arc<Semaphore>,
    connections: usize,
}

impl Gate {
    /// A gate for so many connections.
    #[must_use]
    pub fn new(connections: usize) -> Self {
        let connections = connections.min(Semaphore::MAX_PERMITS);
        Self {
            places: Arc::new(Semaphore::new(connections)),
            connections,
        }
    }

    /// Whether anybody is inside.
    #[must_use]
    pub fn is_occupied(&self) -> bool {
        self.places.available_permits() < self.connections
    }
}

/// Accepts connections until the task is dropped, and has each served on the workers. Its place is free when the permit is
/// dropped.
pub async fn accept<F, R>(listener: TcpListener, gate: Gate, workers: Arc<Workers>, serve: F)
where
    F: Fn(TcpStream, OwnedSemaphorePermit) -> R,
    R: Future<Output = ()> + Send + 'static,
{
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors, mostly: those that close give room.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&gate.places).try_acquire_owned() else {
            tracing::warn!("a connection was closed: there are as many as are allowed");
            continue;
        };
        // Small packets are what this is about; waiting for more of them is not.
        let _ = stream.set_nodelay(true);
        let Some(worker) = workers.next() else { return };
        // A socket belongs to the loop that it is registered with.
        let moved = {
            let _entered = worker.enter();
            stream.into_std().and_then(TcpStream::from_std)
        };
        match moved {
            Ok(stream) => {
                worker.spawn(serve(stream, permit));
            }
            Err(error) => tracing::warn!(%error, "a connection could not be moved to its thread"),
        }
    }
}
