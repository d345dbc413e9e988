//! The gateway: everything tied together, from an open data folder to the last connection.

use core::time::Duration;
use std::io::{self, Write as _};
use std::sync::Arc;

use mqtt_codec::ReasonCode;
use tls_auth::ClientCertificate;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::authorize::Authorizer;
use crate::broker::Broker;
use crate::cli::{RunError, Shutdown};
use crate::listen::{DangerousAdmitAll, Gate, Mqtt, accept, plain};
use crate::provision::Opened;
use crate::registry::Change;
use crate::shadows::{ShadowTopics, Shadows};
use crate::tls::Endpoint;
use crate::workers::Workers;

/// How long connections have to end when the gateway stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// Serves until the shutdown is requested.
///
/// A line `thingwire ready` on the standard output says that every listener accepts.
///
/// # Errors
/// A listener cannot be bound, or something in the data folder cannot be used.
pub async fn run(opened: Arc<Opened>, mut shutdown: Shutdown) -> Result<(), RunError> {
    let config = &opened.config;
    let registry = &opened.registry;
    let broker = Broker::open(config.settings.clone(), Arc::clone(&opened.journal))?;
    let shadows = Shadows::new(&broker, shadow_doc::Service::default());
    broker.set_service(Box::new(ShadowTopics(Arc::clone(&shadows))));
    let authorizer = Authorizer::new(Arc::clone(registry), config.scope());
    let chain = std::fs::read(opened.data.server())?;
    let key = zeroize::Zeroizing::new(std::fs::read(opened.data.server_key())?);
    let endpoint = Endpoint::new(&chain, &key, registry, ClientCertificate::Required, &[])?;
    let changes = registry.subscribe_changes();

    let mqtt = config.mqtt.bind("--mqtt").await?;
    let dangerous = match config.dangerous_plain_mqtt {
        Some(address) => Some(TcpListener::bind(address.get()).await?),
        None => None,
    };

    let workers = Arc::new(Workers::start(threads())?);
    let gate = Gate::new(config.settings.limits.connections);
    let mut tasks = JoinSet::new();
    tasks.spawn(Arc::clone(&broker).run_timers());
    tasks.spawn(follow(
        changes,
        Arc::clone(&authorizer),
        Arc::clone(&broker),
        endpoint.clone(),
        Arc::clone(&opened),
    ));
    let service = Mqtt {
        endpoint,
        authorizer,
        broker: Arc::clone(&broker),
    };
    for listener in mqtt {
        let service = service.clone();
        tasks.spawn(accept(
            listener,
            gate.clone(),
            Arc::clone(&workers),
            move |stream| service.clone().serve(stream),
        ));
    }
    if let Some(listener) = dangerous {
        tracing::warn!("a listener without TLS lets everybody of this machine do everything");
        let broker = Arc::clone(&broker);
        tasks.spawn(accept(
            listener,
            gate.clone(),
            Arc::clone(&workers),
            move |stream| plain(stream, Arc::clone(&broker), Arc::new(DangerousAdmitAll)),
        ));
    }

    let mut out = io::stdout().lock();
    writeln!(out, "thingwire ready")?;
    out.flush()?;
    drop(out);

    shutdown.requested().await;
    broker.disconnect_all(ReasonCode::ServerShuttingDown);
    // Nobody new, and a little time for those who are told.
    tasks.shutdown().await;
    let deadline = tokio::time::Instant::now() + FAREWELL;
    while gate.is_occupied() && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The threads end with what is left on them.
    drop(service);
    tokio::task::spawn_blocking(move || drop(workers)).await?;
    Ok(())
}

/// Half of the processors: the other half is for the disk, the operators, and the programs that the messages are for.
fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, |all| all.get().div_ceil(2))
}

/// Acts on what changes in the registry.
async fn follow(
    mut changes: tokio::sync::mpsc::UnboundedReceiver<Change>,
    authorizer: Arc<Authorizer>,
    broker: Arc<Broker>,
    endpoint: Endpoint,
    opened: Arc<Opened>,
) {
    while let Some(change) = changes.recv().await {
        if let Change::Authority(_) = change {
            if let Err(error) = endpoint.reload_authorities(&opened.registry) {
                tracing::error!(%error, "the authorities stay as they were");
            }
        }
        authorizer.changed(&change, &broker);
    }
}
