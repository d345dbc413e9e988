//! A lamp, and a service that it talks to.

#![allow(dead_code, reason = "each test file uses a part")]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shadow_doc::{
    DeviceEvent, DeviceOptions, DeviceShadow, EpochSeconds, MemoryStore, Outgoing, Processed,
    Request, Service, ShadowState, ShadowTopic, Store, TopicKind, process,
};

use crate::support::{address, json};

#[derive(Clone, Debug, Default, PartialEq, Serialize, ShadowState)]
pub(crate) struct Lamp {
    pub(crate) on: bool,
    pub(crate) level: i64,
    pub(crate) scene: Option<String>,
    pub(crate) colour: Colour,
    pub(crate) zones: BTreeMap<String, u8>,
    #[shadow(report_only)]
    pub(crate) hours: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ShadowState)]
pub(crate) struct Colour {
    pub(crate) r: u8,
    pub(crate) g: u8,
}

pub(crate) fn at(seconds: u32) -> EpochSeconds {
    EpochSeconds::from(1_700_000_000 + seconds)
}

pub(crate) fn device(options: DeviceOptions) -> DeviceShadow<Lamp> {
    DeviceShadow::new(address(), Lamp::default(), "boot-1", options).unwrap()
}

/// A service, and everything it says.
#[derive(Default)]
pub(crate) struct Cloud {
    pub(crate) store: MemoryStore,
    pub(crate) service: Service,
}

impl Cloud {
    pub(crate) fn ask(
        &mut self,
        kind: TopicKind,
        payload: &[u8],
        now: EpochSeconds,
    ) -> Vec<(TopicKind, Vec<u8>)> {
        let address = address();
        let operation = kind.operation();
        let request = Request::new(&address, operation, payload);
        let Ok(done) = process(&self.service, &mut self.store, &request, now);
        match done {
            Processed::Accepted(accepted) => {
                let mut said = Vec::new();
                if let Some(delta) = accepted.delta() {
                    said.push((TopicKind::UpdateDelta, delta.to_vec()));
                }
                if let Some(documents) = accepted.to_documents() {
                    said.push((TopicKind::UpdateDocuments, documents));
                }
                said.push((TopicKind::accepted(operation), accepted.response().to_vec()));
                said
            }
            Processed::Rejected(rejection) => {
                vec![(TopicKind::rejected(operation), rejection.to_payload())]
            }
        }
    }

    pub(crate) fn take(&mut self, sent: &Outgoing, now: EpochSeconds) -> Vec<(TopicKind, Vec<u8>)> {
        self.ask(
            ShadowTopic::parse(&sent.topic).unwrap().kind(),
            &sent.payload,
            now,
        )
    }

    pub(crate) fn wish(&mut self, desired: &str, now: EpochSeconds) -> Vec<(TopicKind, Vec<u8>)> {
        let payload = format!(r#"{{"state":{{"desired":{desired}}}}}"#);
        self.ask(TopicKind::Update, payload.as_bytes(), now)
    }

    /// Another client writes `reported`.
    pub(crate) fn overwrite(
        &mut self,
        reported: &str,
        now: EpochSeconds,
    ) -> Vec<(TopicKind, Vec<u8>)> {
        let payload = format!(r#"{{"state":{{"reported":{reported}}}}}"#);
        self.ask(TopicKind::Update, payload.as_bytes(), now)
    }

    pub(crate) fn delete(&mut self, now: EpochSeconds) -> Vec<(TopicKind, Vec<u8>)> {
        self.ask(TopicKind::Delete, b"", now)
    }

    pub(crate) fn desired(&mut self) -> serde_json::Value {
        let Ok(shadow) = self.store.load(&address());
        let desired = shadow.document().and_then(|document| document.desired());
        desired.map_or(serde_json::Value::Null, |state| json(&state.to_json()))
    }

    pub(crate) fn reported(&mut self) -> serde_json::Value {
        let Ok(shadow) = self.store.load(&address());
        let document = shadow.document().expect("the shadow exists");
        document
            .reported()
            .map_or(serde_json::Value::Null, |state| json(&state.to_json()))
    }

    pub(crate) fn has_delta(&mut self, now: EpochSeconds) -> bool {
        let (_, payload) = &self.ask(TopicKind::Get, b"", now)[0];
        json(payload)["state"].get("delta").is_some()
    }
}

/// Lets both talk, over a link that does its job and as long as it takes, until all is said.
pub(crate) fn settle<T: ShadowState>(
    device: &mut DeviceShadow<T>,
    cloud: &mut Cloud,
    now: EpochSeconds,
) -> Vec<String> {
    let mut now = now;
    let mut sent_payloads = Vec::new();
    for _ in 0..100 {
        while let Some(sent) = device.poll_send(now).unwrap() {
            for (topic, payload) in cloud.take(&sent, now) {
                hear(device, topic, &payload, now);
            }
            sent_payloads.push(String::from_utf8(sent.payload).unwrap());
            assert!(
                sent_payloads.len() < 50,
                "the two never come to an end: {sent_payloads:?}"
            );
        }
        match device.next_timeout() {
            Some(next) => now = next.max(now),
            None => return sent_payloads,
        }
        device.poll_timeout(now);
    }
    panic!("the two never come to rest: {sent_payloads:?}");
}

/// Hands the device a message; it does what it is told.
pub(crate) fn hear<T: ShadowState>(
    device: &mut DeviceShadow<T>,
    topic: TopicKind,
    payload: &[u8],
    now: EpochSeconds,
) -> &'static str {
    match device.handle(topic, payload, now).unwrap() {
        DeviceEvent::Changed { patch, .. } => {
            device.accept(patch, now).unwrap();
            "changed"
        }
        DeviceEvent::Unfit { .. } => "unfit",
        DeviceEvent::Removed { .. } => "removed",
        DeviceEvent::InStep => "in step",
        DeviceEvent::Overwritten { .. } => "overwritten",
        DeviceEvent::Reported { .. } => "reported",
        DeviceEvent::Rejected { .. } => "rejected",
        DeviceEvent::Conflict => "conflict",
        DeviceEvent::Deleted => "deleted",
        DeviceEvent::Stale => "stale",
        _ => "ignored",
    }
}
