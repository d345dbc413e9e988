//! Policy: whatever the link, other clients and the service do, nothing changes on the device that was
//! not wished for, and in the end both sides agree. The link loses, repeats and delays; others wish,
//! write `reported` and delete; the service rejects; two days pass.

#![cfg(feature = "derive")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::float_cmp,
    clippy::cast_precision_loss,
    clippy::string_slice,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    missing_docs,
    reason = "a test fails by panicking"
)]

#[path = "support/cloud.rs"]
mod cloud;
mod support;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cloud::{Cloud, Lamp, at, device, hear};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use shadow_doc::{
    DeviceOptions, DeviceShadow, EpochSeconds, Outgoing, Owner, ShadowTopic, TopicKind,
};
use support::json;

type Wire = VecDeque<(TopicKind, Vec<u8>)>;

/// Every value that ever stood in `desired`, by its path.
type Wished = BTreeMap<String, BTreeSet<String>>;

/// The leaves of a JSON value with their paths; nulls are none.
fn leaves(value: &Value, path: &str, out: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                leaves(value, &format!("{path}/{name}"), out);
            }
        }
        Value::Null => {}
        leaf => drop(out.insert(path.to_owned(), leaf.to_string())),
    }
}

fn leaves_of(value: &Value) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    leaves(value, "", &mut out);
    out
}

struct World {
    cloud: Cloud,
    wished: Wished,
    wire: Wire,
    hears_documents: bool,
}

impl World {
    /// What the service says goes onto the wire, and what is wished for now is remembered.
    fn said(&mut self, said: Vec<(TopicKind, Vec<u8>)>, connected: bool, rng: &mut SmallRng) {
        self.remember();
        for (topic, payload) in said {
            let is_heard = topic != TopicKind::UpdateDocuments || self.hears_documents;
            if connected && is_heard && !rng.random_ratio(1, 10) {
                self.wire.push_back((topic, payload));
            }
        }
    }
}

impl World {
    /// The device hears a message and does what it is told: nothing changes that was not wished for.
    fn hear(
        &self,
        device: &mut DeviceShadow<Lamp>,
        topic: TopicKind,
        payload: &[u8],
        now: EpochSeconds,
        seed: u64,
    ) {
        let before = leaves_of(&serde_json::to_value(device.state()).unwrap());
        let event = hear(device, topic, payload, now);
        let after = leaves_of(&serde_json::to_value(device.state()).unwrap());
        for (path, value) in &after {
            if before.get(path) != Some(value) {
                let wished = self.wished.get(path).is_some_and(|w| w.contains(value));
                assert!(
                    wished,
                    "seed {seed}, {now}: {path} became {value} ({event})"
                );
            }
        }
        for path in before.keys() {
            assert!(
                after.contains_key(path),
                "seed {seed}, {now}: {path} is gone ({event})"
            );
        }
    }

    /// Both talk, over a link that does its job and as long as it takes, until all is said.
    fn settle(
        &mut self,
        device: &mut DeviceShadow<Lamp>,
        now: EpochSeconds,
        seed: u64,
    ) -> Vec<String> {
        let mut now = now;
        let mut sent_payloads = Vec::new();
        for _ in 0..100 {
            while let Some(sent) = device.poll_send(now).unwrap() {
                let said = self.cloud.take(&sent, now);
                self.remember();
                for (topic, payload) in said {
                    self.hear(device, topic, &payload, now, seed);
                }
                sent_payloads.push(String::from_utf8(sent.payload).unwrap());
                assert!(
                    sent_payloads.len() < 30,
                    "seed {seed}: no end: {sent_payloads:?}"
                );
            }
            match device.next_timeout() {
                Some(next) => now = next.max(now),
                None => return sent_payloads,
            }
            device.poll_timeout(now);
        }
        panic!("seed {seed}: no rest: {sent_payloads:?}");
    }

    fn remember(&mut self) {
        for (path, value) in leaves_of(&self.cloud.desired()) {
            self.wished.entry(path).or_default().insert(value);
        }
    }
}

fn random_wish(rng: &mut SmallRng) -> &'static str {
    [
        r#"{"on":true}"#,
        r#"{"on":false,"level":3}"#,
        r#"{"colour":{"r":7}}"#,
        r#"{"scene":"night","zones":{"a":1}}"#,
        r#"{"level":null,"zones":{"a":null,"b":2}}"#,
        r#"{"level":5}"#,
        "null",
    ][rng.random_range(0..7)]
}

fn random_overwrite(rng: &mut SmallRng) -> &'static str {
    [
        "null",
        r#"{"level":99}"#,
        r#"{"level":null,"colour":null}"#,
        r#"{"colour":{"r":null},"on":null}"#,
        r#"{"hours":4000,"scene":null}"#,
        r#"{"firmware":"1.2"}"#,
        r#"{"colour":7}"#,
    ][rng.random_range(0..7)]
}

fn change(rng: &mut SmallRng) -> impl FnOnce(&mut Lamp) + use<> {
    let (which, value) = (rng.random_range(0..6), rng.random_range(0..4_u8));
    move |lamp| match which {
        0 => lamp.on = value > 1,
        1 => lamp.level = i64::from(value),
        2 => lamp.scene = (value > 1).then(|| "day".to_owned()),
        3 => drop(lamp.zones.insert("c".to_owned(), value)),
        4 => drop(lamp.zones.remove("c")),
        _ => lamp.hours += 1,
    }
}

fn rejection(sent: &Outgoing, rng: &mut SmallRng) -> (TopicKind, Vec<u8>) {
    let code = [400, 403, 409, 413, 429, 500, 503][rng.random_range(0..7)];
    let token = json(&sent.payload)["clientToken"].clone();
    let topic = ShadowTopic::parse(&sent.topic).unwrap().kind();
    let payload = format!(r#"{{"code":{code},"message":"no","clientToken":{token}}}"#);
    (TopicKind::rejected(topic.operation()), payload.into_bytes())
}

fn play(seed: u64) {
    let mut rng = SmallRng::seed_from_u64(seed);
    let rng = &mut rng;
    let mut options = DeviceOptions::default();
    options.optimistic_lock = rng.random();
    options.clear_desired = rng.random_ratio(1, 4);
    options.owner = [Owner::Local, Owner::Remote, Owner::Newest][rng.random_range(0..3)];
    let mut device = device(options);
    let mut world = World {
        cloud: Cloud::default(),
        wished: Wished::new(),
        wire: Wire::new(),
        hears_documents: rng.random(),
    };
    let mut now = 0;
    let mut connected = false;
    for _ in 0..rng.random_range(5..100) {
        now += if rng.random_ratio(1, 60) {
            48 * 3600
        } else {
            rng.random_range(0..4)
        };
        match rng.random_range(0..16) {
            0 => {
                // Often the link comes back at once.
                connected = !connected || rng.random();
                world.wire.clear();
                if connected {
                    device.connected();
                } else {
                    device.disconnected();
                }
            }
            1..4 => {
                let said = world.cloud.wish(random_wish(rng), at(now));
                world.said(said, connected, rng);
            }
            4 => {
                let said = world.cloud.overwrite(random_overwrite(rng), at(now));
                world.said(said, connected, rng);
            }
            5 if rng.random_ratio(1, 3) => {
                let said = world.cloud.delete(at(now));
                world.said(said, connected, rng);
            }
            5 => device.change_and_desire(at(now), change(rng)).unwrap(),
            6..9 => device.change(at(now), change(rng)).unwrap(),
            9..12 => {
                device.poll_timeout(at(now));
                if let Some(sent) = device.poll_send(at(now)).unwrap() {
                    match rng.random_range(0..6) {
                        0 => {}
                        1 => {
                            world.cloud.take(&sent, at(now));
                            world.said(Vec::new(), connected, rng);
                        }
                        2 => {
                            let said = vec![rejection(&sent, rng)];
                            world.said(said, connected, rng);
                        }
                        _ => {
                            let said = world.cloud.take(&sent, at(now));
                            world.said(said, connected, rng);
                        }
                    }
                }
            }
            _ => {
                let Some((topic, payload)) = world.wire.pop_front() else {
                    continue;
                };
                if rng.random_ratio(1, 8) {
                    world.wire.push_front((topic, payload.clone()));
                }
                world.hear(&mut device, topic, &payload, at(now), seed);
            }
        }
    }
    // The link comes to rest, and nobody else writes any more.
    now += 100;
    device.connected();
    let sent = world.settle(&mut device, at(now), seed);
    let mut expected = serde_json::to_value(device.state()).unwrap();
    if expected["scene"].is_null() {
        expected.as_object_mut().unwrap().remove("scene");
    }
    let mut reported = world.cloud.reported();
    reported.as_object_mut().unwrap().remove("firmware");
    assert_eq!(reported, expected, "seed {seed}: {sent:?}");
    assert!(!world.cloud.has_delta(at(now)), "seed {seed}: {sent:?}");
    assert_eq!(device.next_timeout(), None, "seed {seed}");
}

#[test]
fn a_device_changes_by_wishes_alone_and_agrees_with_the_service_in_the_end() {
    for seed in 0..20_000 {
        play(seed);
    }
}

#[test]
#[ignore = "a minute: run by `cargo xtask check`"]
fn a_device_agrees_with_the_service_after_many_more_sequences() {
    for seed in 1_000_000..1_200_000 {
        play(seed);
    }
}
