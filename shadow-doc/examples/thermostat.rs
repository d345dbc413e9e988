//! A thermostat on both sides of the wire: it is offline, both sides change the same setting, and the
//! link comes back.
//!
//! `cargo run -p thingwire-shadow-doc --example thermostat --features derive`

#![allow(clippy::print_stdout, reason = "an example shows what happens")]

use core::error::Error;

use shadow_doc::{
    DeviceEvent, DeviceOptions, DeviceShadow, EpochSeconds, MemoryStore, Outgoing, Owner,
    Processed, Request, Service, ShadowAddress, ShadowState, ShadowTopic, ThingName, TopicKind,
    process,
};

#[derive(Debug, Default, serde::Serialize, ShadowState)]
#[serde(rename_all = "camelCase")]
struct Thermostat {
    target: f64,
    mode: Mode,
    fan_level: Option<u8>,
    #[shadow(report_only)]
    temperature: f64,
}

#[derive(
    Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize, ShadowState,
)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Off,
    Heat,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut store = MemoryStore::default();
    let hall = ShadowAddress::classic(ThingName::try_from("hall")?);
    let mut options = DeviceOptions::default();
    options.owner = Owner::Newest;
    let mut device = DeviceShadow::new(hall.clone(), Thermostat::default(), "boot-1", options)?;

    println!("— the link comes up");
    device.connected();
    exchange(&mut device, &mut store, at(100)?)?;

    println!("— the app wants heating");
    ask(
        &mut store,
        &hall,
        r#"{"mode":"heat","target":20,"fanLevel":2}"#,
        at(200)?,
        &mut device,
    )?;
    exchange(&mut device, &mut store, at(200)?)?;

    println!("— offline: the app sets 22 at 300 s, someone turns the knob to 19 at 310 s");
    device.disconnected();
    let update = br#"{"state":{"desired":{"target":22,"fanLevel":3}}}"#.to_vec();
    serve(
        &mut store,
        &Outgoing::new(hall.topic(TopicKind::Update), update),
        at(300)?,
    )?;
    device.change(at(310)?, |thermostat| thermostat.target = 19.0)?;
    device.change(at(320)?, |thermostat| thermostat.temperature = 18.5)?;

    println!("— the link comes back: the knob is newer, the fan is the app's");
    device.connected();
    exchange(&mut device, &mut store, at(400)?)?;
    println!("{:?}", device.state());
    assert!((device.state().target - 19.0).abs() < f64::EPSILON);
    assert_eq!(device.state().fan_level, Some(3));
    Ok(())
}

fn at(seconds: u64) -> Result<EpochSeconds, Box<dyn Error>> {
    Ok(EpochSeconds::try_from(
        1_700_000_000_u64.saturating_add(seconds),
    )?)
}

/// Lets the device and the service talk until both have said everything.
fn exchange(
    device: &mut DeviceShadow<Thermostat>,
    store: &mut MemoryStore,
    now: EpochSeconds,
) -> Result<(), Box<dyn Error>> {
    while let Some(sent) = device.poll_send(now)? {
        println!("  device  → {}", String::from_utf8_lossy(&sent.payload));
        for (topic, payload) in serve(store, &sent, now)? {
            deliver(device, topic, &payload, now)?;
        }
    }
    Ok(())
}

/// An app that wants something, with the device listening.
fn ask(
    store: &mut MemoryStore,
    address: &ShadowAddress<'_>,
    desired: &str,
    now: EpochSeconds,
    device: &mut DeviceShadow<Thermostat>,
) -> Result<(), Box<dyn Error>> {
    let payload = format!(r#"{{"state":{{"desired":{desired}}}}}"#).into_bytes();
    let update = Outgoing::new(address.topic(TopicKind::Update), payload);
    for (topic, payload) in serve(store, &update, now)? {
        deliver(device, topic, &payload, now)?;
    }
    Ok(())
}

fn deliver(
    device: &mut DeviceShadow<Thermostat>,
    topic: TopicKind,
    payload: &[u8],
    now: EpochSeconds,
) -> Result<(), Box<dyn Error>> {
    println!(
        "  service → {}: {}",
        topic.as_str(),
        String::from_utf8_lossy(payload)
    );
    if let DeviceEvent::Changed { patch, .. } = device.handle(topic, payload, now)? {
        device.accept(patch, now)?;
    }
    Ok(())
}

/// Messages of the service.
type Said = Vec<(TopicKind, Vec<u8>)>;

/// The service: what is published on a request topic is answered on others.
fn serve(
    store: &mut MemoryStore,
    sent: &Outgoing,
    now: EpochSeconds,
) -> Result<Said, Box<dyn Error>> {
    let topic = ShadowTopic::parse(&sent.topic)?;
    let operation = topic.kind().operation();
    let request = Request::new(topic.address(), operation, &sent.payload);
    let Ok(done) = process(&Service::default(), store, &request, now);
    Ok(match done {
        Processed::Accepted(accepted) => {
            let delta = accepted
                .delta()
                .map(|delta| (TopicKind::UpdateDelta, delta.to_vec()));
            let answer = (TopicKind::accepted(operation), accepted.response().to_vec());
            delta.into_iter().chain([answer]).collect()
        }
        Processed::Rejected(rejection) => {
            vec![(TopicKind::rejected(operation), rejection.to_payload())]
        }
    })
}
