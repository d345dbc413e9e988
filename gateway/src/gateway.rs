//! The gateway: everything tied together, from an open data folder to the last connection.

use core::time::Duration;
use std::io::{self, Write as _};
use std::sync::Arc;

use mqtt_codec::ReasonCode;
use serde_json::json;
use tls_auth::ClientCertificate;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::admin::status;
use crate::authorize::Authorizer;
use crate::banner::{Endpoints, banner};
use crate::broker::{Broker, Principals};
use crate::cli::{RunError, Shutdown};
use crate::https::{self, Alpn, GateParts};
use crate::listen::{DangerousAdmitByPolicy, DangerousPlain, Gate, Mqtt, accept};
use crate::provision::Opened;
use crate::registry::{Change, ThingName};
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
    let shadows = Shadows::new(&broker, shadow_doc::Service::default())?;
    broker.set_service(Box::new(ShadowTopics(Arc::clone(&shadows))));
    let authorizer = Authorizer::new(Arc::clone(registry), config.scope());
    broker.set_principals(Arc::clone(&authorizer) as Arc<dyn Principals>);
    let chain = std::fs::read(opened.data.server())?;
    let key = zeroize::Zeroizing::new(std::fs::read(opened.data.server_key())?);
    let mqtt_endpoint = Endpoint::new(&chain, &key, registry, ClientCertificate::Required, &[])?
        .with_unauthenticated_bytes(config.settings.limits.unauthenticated_bytes);
    let https_endpoint = Endpoint::new(
        &chain,
        &key,
        registry,
        ClientCertificate::Optional,
        &Alpn::ALL.map(Alpn::name),
    )?
    .with_unauthenticated_bytes(config.settings.limits.unauthenticated_bytes);
    let https_gate = https::Gate::new(
        GateParts {
            broker: Arc::clone(&broker),
            shadows,
            registry: Arc::clone(registry),
            authorizer: Arc::clone(&authorizer),
            region: sigv4::Region::new(config.region.clone()).map_err(|error| error.to_string())?,
        },
        config.https_limits.clone(),
    );
    let changes = registry.subscribe_changes();

    let mqtt = config.mqtt.bind("--mqtt").await?;
    let https = config.https.bind("--https").await?;
    let admin = match &config.admin {
        Some(address) => address.bind("--admin").await?,
        None => Vec::new(),
    };
    let dangerous = match config.dangerous_plain_mqtt {
        Some(address) => Some(TcpListener::bind(address.get()).await?),
        None => None,
    };

    let port = |listeners: &[TcpListener]| -> io::Result<u16> {
        listeners
            .first()
            .map_or(Ok(0), |listener| Ok(listener.local_addr()?.port()))
    };
    let ports = Endpoints {
        mqtt: port(&mqtt)?,
        https: port(&https)?,
        region: &config.region,
    };

    let workers = Arc::new(Workers::start(config.connection_threads.get())?);
    let gate = Gate::new(config.settings.limits.connections);
    let mut tasks = JoinSet::new();
    tasks.spawn(Arc::clone(&broker).run_timers());
    let without_tls = match &config.dangerous_plain_policy {
        Some(name) => DangerousPlain::ByPolicy(DangerousAdmitByPolicy::new(
            Arc::clone(registry),
            config.scope(),
            name.clone(),
        )),
        None => DangerousPlain::AllowAll,
    };
    tasks.spawn(follow(
        changes,
        Arc::clone(&authorizer),
        without_tls.clone(),
        Arc::clone(&broker),
        [mqtt_endpoint.clone(), https_endpoint.clone()],
        Arc::clone(&opened),
    ));
    let service = Mqtt {
        endpoint: mqtt_endpoint,
        authorizer,
        broker: Arc::clone(&broker),
    };
    for listener in mqtt {
        let service = service.clone();
        tasks.spawn(accept(
            listener,
            gate.clone(),
            Arc::clone(&workers),
            move |stream, place| {
                let service = service.clone();
                async move {
                    service.serve(stream).await;
                    drop(place);
                }
            },
        ));
    }
    for listener in admin {
        let counted = Arc::clone(&broker);
        let router = status(
            Arc::clone(&opened.journal),
            Arc::new(move || {
                let (refused, dropped) = counted.losses();
                json!({"refused": refused, "dropped": dropped})
            }),
        );
        tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the status is not served any more");
            }
        });
    }
    for listener in https {
        let (endpoint, doors) = (https_endpoint.clone(), Arc::clone(&https_gate));
        tasks.spawn(accept(
            listener,
            gate.clone(),
            Arc::clone(&workers),
            move |stream, place| {
                let (endpoint, doors) = (endpoint.clone(), Arc::clone(&doors));
                async move {
                    if let Ok(address) = stream.peer_addr() {
                        https::serve_connection(stream, address, &endpoint, doors, Some(place))
                            .await;
                    }
                }
            },
        ));
    }
    if let Some(listener) = dangerous {
        match &config.dangerous_plain_policy {
            Some(name) => tracing::warn!(
                "a listener without TLS lets everybody of this machine do what the policy `{name}` allows"
            ),
            None => tracing::warn!(
                "a listener without TLS lets everybody of this machine do everything"
            ),
        }
        let broker = Arc::clone(&broker);
        tasks.spawn(accept(
            listener,
            gate.clone(),
            Arc::clone(&workers),
            move |stream, place| {
                // Boxed, since a future that captures another has room for it twice: before it is awaited and while.
                let serving = Box::pin(without_tls.serve(stream, Arc::clone(&broker)));
                async move {
                    serving.await;
                    drop(place);
                }
            },
        ));
    }

    let text = banner(
        &opened.data,
        ports,
        opened.data.thing(&ThingName::new("demo")?).exists(),
    );
    let mut out = io::stdout().lock();
    writeln!(out, "{text}thingwire ready")?;
    out.flush()?;
    drop(out);

    shutdown.requested().await;
    broker.disconnect_all(ReasonCode::ServerShuttingDown);
    // Nobody new, and a little time for those who are told.
    tasks.shutdown().await;
    let emptied = async {
        while gate.is_occupied() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    // Whoever does not go is cut off.
    let _ = tokio::time::timeout(FAREWELL, emptied).await;
    // The threads end with what is left on them.
    drop((service, https_gate));
    tokio::task::spawn_blocking(move || drop(workers)).await?;
    Ok(())
}

/// Acts on what changes in the registry.
async fn follow(
    mut changes: tokio::sync::mpsc::UnboundedReceiver<Change>,
    authorizer: Arc<Authorizer>,
    without_tls: DangerousPlain,
    broker: Arc<Broker>,
    endpoints: [Endpoint; 2],
    opened: Arc<Opened>,
) {
    loop {
        // What ends connections comes before what gives them other permissions, however many those are.
        let change = tokio::select! {
            biased;
            change = changes.recv() => change,
            () = tokio::task::yield_now(), if authorizer.has_work() => {
                authorizer.step(&broker);
                continue;
            }
        };
        let Some(change) = change else { return };
        if let Change::Authority(_) = change {
            for endpoint in &endpoints {
                if let Err(error) = endpoint.reload_authorities(&opened.registry) {
                    tracing::error!(%error, "the authorities stay as they were");
                }
            }
        }
        if let DangerousPlain::ByPolicy(policy) = &without_tls {
            policy.changed(&change);
        }
        authorizer.changed(&change, &broker);
    }
}
