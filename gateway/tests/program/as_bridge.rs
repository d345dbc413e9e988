//! `examples/bridge.rs`: between a broker and the gateway, both ways, and again after a loss.

use std::process::{Child, Command, Stdio};

use clap::Parser as _;
use mqtt_codec::{QoS, Version};
use serde_json::Value;

use crate::as_broker;
use crate::bridge::{Arguments, run};
use crate::client::Client;
use crate::gateway::{Gateway, free_port, until};

fn arguments(gateway: &Gateway, local: &str) -> Arguments {
    let identity = gateway.file("things/demo");
    let gateway = gateway.mqtt();
    let names = [
        "bridge",
        "--local",
        local,
        "--gateway",
        &gateway,
        "--identity",
        &identity,
    ];
    Arguments::parse_from(
        names
            .into_iter()
            .chain(["--out", "demo/out/#", "--in", "demo/in/#"]),
    )
}

/// A retained message of the gateway.
async fn kept(gateway: &Gateway, topic: &str) -> Option<Value> {
    let target = format!("/retainedMessage/{}", topic.replace('/', "%2F"));
    gateway.request("GET", &target, b"").await
}

/// Publishes on the broker nearby until it is there at the gateway: the bridge may still be on its way.
async fn reaches_the_gateway(client: &mut Client, gateway: &Gateway, topic: &str) {
    until(&format!("{topic} reaches the gateway"), async || {
        client.publish(topic, b"out", QoS::AtLeastOnce, true).await;
        kept(gateway, topic).await
    })
    .await;
}

async fn messages_go_both_ways(gateway: &mut Gateway, local: &str, keeps_sessions: bool) {
    let mut client = Client::connected(local, Version::V311, "nearby").await;
    client.subscribe("demo/#", QoS::AtLeastOnce).await;
    // Its own messages come to it too; they are not what is looked for.
    let mut own = Client::connected(local, Version::V5, "publisher").await;
    reaches_the_gateway(&mut own, gateway, "demo/out/first").await;
    let sent = gateway
        .request("POST", "/topics/demo%2Fin%2Ffirst?qos=1", b"in")
        .await;
    assert!(sent.is_some());
    while client.message().await.topic() != "demo/in/first" {}

    gateway.kill();
    if keeps_sessions {
        // Acknowledged by the broker nearby, kept in the bridge's session.
        own.publish("demo/out/meanwhile", b"out", QoS::AtLeastOnce, true)
            .await;
    }
    gateway.restart();
    reaches_the_gateway(&mut own, gateway, "demo/out/second").await;
    if keeps_sessions {
        until("what was published meanwhile is there", async || {
            kept(gateway, "demo/out/meanwhile").await
        })
        .await;
    }
    let sent = gateway
        .request("POST", "/topics/demo%2Fin%2Fsecond?qos=1", b"in")
        .await;
    assert!(sent.is_some());
    while client.message().await.topic() != "demo/in/second" {}
}

#[tokio::test]
async fn from_the_example_broker() {
    let mut gateway = Gateway::start();
    let local = as_broker::start().await;
    let arguments = arguments(&gateway, &local);
    tokio::select! {
        ended = run(arguments) => panic!("{ended:?}"),
        () = messages_go_both_ways(&mut gateway, &local, false) => {}
    }
}

struct Mosquitto(Child);

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

#[tokio::test]
async fn from_mosquitto() {
    let port = free_port();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("mosquitto.conf");
    std::fs::write(
        &config,
        format!("listener {port} 127.0.0.1\nallow_anonymous true\n"),
    )
    .unwrap();
    let started = ["/usr/sbin/mosquitto", "mosquitto"]
        .iter()
        .find_map(|program| {
            let mut command = Command::new(program);
            command.arg("-c").arg(&config);
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command.spawn().ok()
        });
    let Some(started) = started.map(Mosquitto) else {
        println!("skipped: `mosquitto` is not installed (Debian: apt-get install mosquitto)");
        return;
    };
    let local = format!("127.0.0.1:{port}");
    until("Mosquitto listens", async || {
        tokio::net::TcpStream::connect(&local).await.ok()
    })
    .await;
    let mut gateway = Gateway::start();
    let arguments = arguments(&gateway, &local);
    tokio::select! {
        ended = run(arguments) => panic!("{ended:?}"),
        () = messages_go_both_ways(&mut gateway, &local, true) => {}
    }
    drop(started);
}
