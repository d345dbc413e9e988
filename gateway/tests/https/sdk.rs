//! The service's own SDKs for Python, unchanged: boto3's `iot-data` with every operation, and awsiotsdk over WebSocket.
//!
//! `THINGWIRE_PYTHON` may name an interpreter that has the packages. Otherwise a virtual environment is made, and where
//! that cannot be, the tests are skipped, in words.

use std::path::{Path, PathBuf};
use std::process::Command;

use mqtt_codec::{Packet, PubAck, QoS, Version};

use crate::support::Client;
use crate::world::World;

const PACKAGES: [&str; 2] = ["boto3==1.44.5", "awsiotsdk==1.31.0"];

/// An interpreter with the packages; or why there is none.
fn python() -> Result<PathBuf, String> {
    if let Some(named) = std::env::var_os("THINGWIRE_PYTHON") {
        return Ok(named.into());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sdk-venv");
    let python = folder.join("bin/python");
    let run = |program: &Path, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .output()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{} {arguments:?}: {said}", program.display()))
    };
    let has_packages = || run(&python, &["-c", "import boto3, awsiot"]);
    if has_packages().is_ok() {
        return Ok(python);
    }
    run(
        Path::new("python3"),
        &["-m", "venv", &folder.to_string_lossy()],
    )?;
    let mut install = vec!["-m", "pip", "install", "--quiet"];
    install.extend(PACKAGES);
    run(&python, &install)?;
    has_packages()?;
    Ok(python)
}

/// Runs a script against a gateway; what it prints is in the test's output.
async fn run(world: &World, script: &'static str) {
    let python = match tokio::task::spawn_blocking(python).await.unwrap() {
        Ok(python) => python,
        Err(why) => {
            println!("skipped: no Python with {PACKAGES:?}: {why}");
            return;
        }
    };
    let ca = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(ca.path(), world.ca.pem()).unwrap();
    let mut command = Command::new(python);
    command
        .arg(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("tests/https")
                .join(script),
        )
        .arg(world.address.port().to_string())
        .arg(ca.path())
        .env("AWS_ACCESS_KEY_ID", &world.key.access_key_id)
        .env(
            "AWS_SECRET_ACCESS_KEY",
            world.key.secret_access_key.as_str(),
        )
        .env("AWS_DEFAULT_REGION", crate::world::REGION)
        .env_remove("AWS_SESSION_TOKEN");
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(output.status.success(), "{script}: {said}\n{complained}");
    assert!(said.ends_with("all right\n"), "{said}");
}

#[tokio::test]
#[ignore = "wants packages from PyPI: run by `cargo xtask interop`"]
async fn boto3_does_every_operation() {
    let world = World::start().await;
    // The client that connections, subscriptions and messages are about.
    let mut client = Client::connected(&world.broker, Version::V5, "sdk/client").await;
    client.subscribe("sdk/#", QoS::AtLeastOnce).await;
    let answers = tokio::spawn(async move {
        while let Some(packet) = client.next().await {
            if let Packet::Publish(publish) = packet
                && let Some(id) = publish.packet_id()
            {
                client.send(&<PubAck>::new(id)).await;
            }
        }
    });
    run(&world, "iot_data.py").await;
    answers.abort();
}

#[tokio::test]
#[ignore = "wants packages from PyPI: run by `cargo xtask interop`"]
async fn awsiotsdk_over_websocket() {
    let world = World::start().await;
    run(&world, "websocket.py").await;
}
