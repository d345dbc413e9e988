//! `examples/device.rs`: a lamp that does what its shadow wants, and comes back.

use clap::{CommandFactory as _, Parser as _};
use serde_json::json;

use crate::device::{Arguments, run};
use crate::gateway::Gateway;

async fn is_what_is_wanted(mut gateway: Gateway, arguments: Arguments) {
    let scenario = async {
        // Wished for before it is there.
        gateway.desire(r#"{"on":true,"brightness":40}"#).await;
        gateway
            .reported(json!({"on": true, "brightness": 40, "connections": 1}))
            .await;
        // Wished for while it is there.
        gateway.desire(r#"{"brightness":70}"#).await;
        gateway
            .reported(json!({"on": true, "brightness": 70}))
            .await;
        // What does not fit a lamp keeps nothing else from it.
        gateway.desire(r#"{"brightness":"much","on":false}"#).await;
        gateway
            .reported(json!({"on": false, "brightness": 70}))
            .await;

        gateway.kill();
        gateway.restart();
        gateway.desire(r#"{"brightness":20}"#).await;
        gateway
            .reported(json!({"on": false, "brightness": 20, "connections": 2}))
            .await;
    };
    tokio::select! {
        ended = run(arguments) => panic!("{ended:?}"),
        () = scenario => {}
    }
}

#[tokio::test]
async fn over_mutual_tls() {
    let gateway = Gateway::start();
    let identity = gateway.file("things/demo");
    let arguments = [
        "device",
        "--endpoint",
        &gateway.mqtt(),
        "--identity",
        &identity,
    ];
    let arguments = Arguments::parse_from(arguments);
    is_what_is_wanted(gateway, arguments).await;
}

#[tokio::test]
async fn over_websocket_with_a_signature() {
    let gateway = Gateway::start();
    let (identity, credentials) = (gateway.file("things/demo"), gateway.file("credentials"));
    let arguments = [
        "device",
        "--endpoint",
        &gateway.https(),
        "--identity",
        &identity,
        "--credentials",
        &credentials,
    ];
    let arguments = Arguments::parse_from(arguments);
    is_what_is_wanted(gateway, arguments).await;
}

#[tokio::test]
async fn what_cannot_become_good_is_said_at_once() {
    let arguments = ["device", "--identity", "/nowhere"];
    assert!(run(Arguments::parse_from(arguments)).await.is_err());
    let help = Arguments::command().render_long_help().to_string();
    assert!(
        help.contains("--credentials") && help.contains("HOST:PORT"),
        "{help}"
    );
}
