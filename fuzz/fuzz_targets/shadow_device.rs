//! Any messages to a device, a line each: no panic, and no change but to a value that was wished for.

#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use shadow_doc::{
    DeviceEvent, DeviceOptions, DeviceShadow, EpochSeconds, ShadowAddress, ShadowState, ThingName,
    TopicKind,
};

#[derive(Default, serde::Serialize, ShadowState)]
struct Lamp {
    on: bool,
    scene: Option<String>,
    colour: Colour,
    zones: BTreeMap<String, u8>,
    #[shadow(opaque)]
    window: (u8, f64),
    #[shadow(report_only)]
    hours: u32,
}

#[derive(Default, serde::Serialize, ShadowState)]
struct Colour {
    r: u8,
    g: i64,
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.values().any(has_null),
        Value::Array(elements) => elements.iter().any(has_null),
        _ => false,
    }
}

fuzz_target!(|data: &[u8]| {
    let address = ShadowAddress::classic(ThingName::try_from("t").unwrap());
    let mut options = DeviceOptions::default();
    let flags = data.first().copied().unwrap_or_default();
    (options.optimistic_lock, options.clear_desired) = (flags & 1 != 0, flags & 2 != 0);
    let mut device = DeviceShadow::new(address, Lamp::default(), "b", options).unwrap();
    device.connected();
    let mut token = Value::Null;
    for (step, line) in (0_u32..).zip(data.split(|byte| *byte == b'\n')) {
        let now = EpochSeconds::from(step);
        device.poll_timeout(now);
        while let Some(sent) = device.poll_send(now).unwrap() {
            token = serde_json::from_slice::<Value>(&sent.payload).unwrap()["clientToken"].take();
        }
        let Some((topic, payload)) = line.split_first() else {
            device.change(now, |lamp| lamp.hours += 1).unwrap();
            continue;
        };
        let topic = TopicKind::ALL[usize::from(*topic) % TopicKind::ALL.len()];
        // `"@"` stands for the token of the last request.
        let payload = String::from_utf8_lossy(payload).replace("\"@\"", &token.to_string());
        match device.handle(topic, payload.as_bytes(), now) {
            Ok(DeviceEvent::Changed { patch, .. }) => {
                assert!(
                    !has_null(&serde_json::to_value(&patch).unwrap()),
                    "{payload}"
                );
                device.accept(patch, now).unwrap();
            }
            Ok(DeviceEvent::Removed { patch, .. }) => device.accept(patch, now).unwrap(),
            _ => {}
        }
    }
});
