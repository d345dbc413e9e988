//! Serving: opens the data folder, listens at the admin socket, runs the gateway, and ends in good order.

use std::future::Future;
use std::io::IsTerminal as _;
use std::sync::Arc;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tracing_subscriber::EnvFilter;

use super::Failure;
use crate::admin::{AdminSocket, Operations};
use crate::config::Config;
use crate::provision::Opened;

/// Why serving ended.
pub type RunError = Box<dyn std::error::Error + Send + Sync>;

/// Tells the gateway when to stop.
///
/// ```
/// use thingwire::cli::Shutdown;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (stop, mut shutdown) = Shutdown::new();
/// assert!(!shutdown.is_requested());
/// stop();
/// shutdown.requested().await;
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// A shutdown, and what requests it.
    pub fn new() -> (impl Fn() + Send + Sync + use<>, Self) {
        let (send, receive) = watch::channel(false);
        let request = move || {
            send.send_replace(true);
        };
        (request, Self(receive))
    }

    /// Waits until it is requested, or until nobody is left who could.
    pub async fn requested(&mut self) {
        // An error says that the other end is gone: the process is ending.
        let _gone = self.0.wait_for(|requested| *requested).await;
    }

    /// Whether it has been requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }
}

pub(super) fn serve<F, R>(config: Config, run: F) -> Result<(), Failure>
where
    F: FnOnce(Arc<Opened>, Shutdown) -> R,
    R: Future<Output = Result<(), RunError>>,
{
    log();
    let opened = Arc::new(Opened::open(config)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let served = runtime.block_on(until_stopped(Arc::clone(&opened), run));
    // What still runs ends here, and with it the last who could write.
    drop(runtime);
    let closed = opened.journal.close();
    served?;
    closed.map_err(|error| Failure::Failed(format!("{error}. {}", error.advice())))
}

async fn until_stopped<F, R>(opened: Arc<Opened>, run: F) -> Result<(), Failure>
where
    F: FnOnce(Arc<Opened>, Shutdown) -> R,
    R: Future<Output = Result<(), RunError>>,
{
    let (mut terminate, mut interrupt) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    let admin = AdminSocket::bind(&opened.data)?;
    let operations = Operations::new(&opened);
    let orders = admin.serve(operations);
    let (stop, shutdown) = Shutdown::new();
    let running = run(opened, shutdown);
    tokio::pin!(orders, running);
    let mut stopping = false;
    loop {
        tokio::select! {
            ended = &mut running => {
                return ended.map_err(|error| Failure::Failed(error.to_string()));
            }
            () = &mut orders => {}
            () = either(&mut terminate, &mut interrupt) => {
                if stopping {
                    return Err(Failure::Failed("stopped before all connections were closed".to_owned()));
                }
                stopping = true;
                tracing::info!("stopping; a second signal stops at once");
                stop();
            }
        }
    }
}

async fn either(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}

/// Log lines go to the standard error; `THINGWIRE_LOG` says which, `info` unless set.
fn log() {
    let filter =
        EnvFilter::try_from_env("THINGWIRE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A program that embeds the library may have set its own, which stays.
    let _own = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
}
