//! Memory of a connection that is idle.

use std::rc::Rc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::OURS;
use super::brokers::Broker;
use super::client::{self, Link};
use super::process::Server;
use crate::harness::Bench;

const CONNECTIONS: usize = 5000;

/// Descriptors for everything else.
const SPARE: u64 = 300;

const LIMIT: f64 = 4096.0;

/// Connections that are opened at a time.
const LANES: usize = 32;

/// Until memory is what it stays.
const REST: Duration = Duration::from_millis(1000);

pub(super) fn run(bench: &mut Bench, brokers: &[Rc<Broker>], descriptors: u64) {
    let wanted = if bench.quick() {
        CONNECTIONS * 2 / 5
    } else {
        CONNECTIONS
    };
    let allowed = usize::try_from(descriptors.saturating_sub(SPARE)).unwrap_or(usize::MAX);
    let count = wanted.min(allowed);
    bench.say(&format!(
        "\n## Memory of an idle connection: growth of the resident memory over {count} connections without TLS\n\n\
         | broker | bytes a connection |\n|---|---|"
    ));
    for broker in brokers {
        let measured = broker
            .start()
            .and_then(|server| measure(&server, count).map_err(|error| error.to_string()));
        match measured {
            Ok(bytes) => {
                bench.say(&format!("| {} | {bytes:.0} |", broker.name));
                if broker.name == OURS {
                    bench.goal("idle-connection-of-4096-bytes", bytes / LIMIT, 1.0);
                }
            }
            Err(why) => {
                bench.say(&format!("| {} | {why} |", broker.name));
                if broker.name == OURS {
                    bench.goal("idle-connection-of-4096-bytes", f64::NAN, 1.0);
                }
            }
        }
    }
}

fn measure(server: &Server, count: usize) -> std::io::Result<f64> {
    let address = server.plain;
    client::run(async {
        // What the first connections make for all that come after.
        drop(Link::plain(address, "load-first").await?);
        sleep(REST).await;
        let before = server.resident();
        let mut streams = Vec::with_capacity(count);
        let mut opening = JoinSet::new();
        for number in 0..count {
            opening.spawn_local(async move {
                let link = Link::plain(address, &format!("load-idle-{number}")).await?;
                Ok::<_, std::io::Error>(link.stream)
            });
            if opening.len() >= LANES {
                streams.extend(opening.join_next().await.and_then(Result::ok).transpose()?);
            }
        }
        while let Some(stream) = opening.join_next().await {
            streams.extend(stream.ok().transpose()?);
        }
        sleep(REST).await;
        let grown = server.resident().saturating_sub(before);
        // All of them are still there.
        for stream in &streams {
            let mut byte = [0];
            let read = stream.try_read(&mut byte);
            if !matches!(&read, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock) {
                return Err(std::io::ErrorKind::ConnectionAborted.into());
            }
        }
        assert_eq!(streams.len(), count);
        Ok(grown as f64 / count as f64)
    })
}
