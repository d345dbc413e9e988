//! Policy: what other clients, deletions, numbering and rejections do to a device, one test each, against
//! the crate's own service.

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

use cloud::{Cloud, Lamp, at, device, settle};
use shadow_doc::{DeviceEvent, DeviceOptions, Owner, TopicKind};
use support::json;

/// An app clears `reported` while the device is away: the device is what it was, and says so again.
#[test]
fn what_is_missing_from_reported_resets_nothing() {
    for owner in [Owner::Local, Owner::Remote, Owner::Newest] {
        for loss in ["null", "deleted", "deleted and wished for"] {
            let mut options = DeviceOptions::default();
            options.owner = owner;
            let (mut device, mut cloud) = (device(options), Cloud::default());
            device
                .change(at(0), |lamp| {
                    (lamp.on, lamp.level, lamp.hours) = (true, 3, 900)
                })
                .unwrap();
            device.connected();
            settle(&mut device, &mut cloud, at(0));
            let before = device.state().clone();
            device.disconnected();
            match loss {
                "null" => drop(cloud.overwrite("null", at(1))),
                "deleted" => drop(cloud.delete(at(1))),
                _ => {
                    cloud.delete(at(1));
                    cloud.wish(r#"{"colour":{"r":0}}"#, at(2));
                }
            }
            device.connected();
            settle(&mut device, &mut cloud, at(3));
            assert_eq!(device.state(), &before, "{owner:?}, {loss}");
            assert_eq!(cloud.reported()["level"], 3, "{owner:?}, {loss}");
        }
    }
}

/// What others put into `reported` is no wish, whether the device is away, meets a conflict, or hears it.
#[test]
fn what_others_write_into_reported_is_no_wish() {
    for lock in [false, true] {
        let mut options = DeviceOptions::default();
        options.optimistic_lock = lock;
        let (mut device, mut cloud) = (device(options), Cloud::default());
        device.change(at(0), |lamp| lamp.level = 3).unwrap();
        device.connected();
        settle(&mut device, &mut cloud, at(0));
        // Not heard of, and found out by a conflict or a later message.
        cloud.overwrite(r#"{"level":99}"#, at(1));
        device.change(at(1), |lamp| lamp.on = true).unwrap();
        settle(&mut device, &mut cloud, at(1));
        assert_eq!(
            (device.state().level, cloud.reported()["level"].clone()),
            (3, 3.into())
        );
        // Heard of.
        for (text, payload) in [("null", "null"), ("a number", r#"{"level":98}"#)] {
            let said = cloud.overwrite(payload, at(2));
            let (topic, accepted) = said.last().unwrap();
            let event = device.handle(*topic, accepted, at(2)).unwrap();
            assert!(matches!(event, DeviceEvent::Overwritten { .. }), "{text}");
            assert!(
                device.poll_send(at(2)).unwrap().is_none(),
                "no race with the other one"
            );
            settle(&mut device, &mut cloud, at(2));
            assert_eq!(device.state().level, 3);
            assert_eq!(cloud.reported()["level"], 3, "{text}");
        }
    }
}

/// Two days after its deletion a shadow begins at version 1 again.
#[test]
fn a_shadow_that_is_numbered_anew_is_heard() {
    for lock in [false, true] {
        let mut options = DeviceOptions::default();
        options.optimistic_lock = lock;
        let (mut device, mut cloud) = (device(options), Cloud::default());
        device.connected();
        settle(&mut device, &mut cloud, at(0));
        for level in 0..100 {
            cloud.wish(&format!(r#"{{"level":{level}}}"#), at(1));
        }
        device.connected();
        settle(&mut device, &mut cloud, at(1));
        // Neither the deletion nor what came after it was heard.
        cloud.delete(at(2));
        let later = 3 + 48 * 3600;
        cloud.wish(r#"{"level":1}"#, at(later));
        device.connected();
        let sent = settle(&mut device, &mut cloud, at(later));
        assert!(sent.len() <= 3, "lock {lock}: {sent:?}");
        assert_eq!(device.state().level, 1);
        let said = cloud.wish(r#"{"level":2}"#, at(later));
        let changed = said.iter().filter(|(topic, payload)| {
            cloud::hear(&mut device, *topic, payload, at(later)) == "changed"
        });
        assert_eq!(changed.count(), 1, "lock {lock}");
        assert_eq!(device.state().level, 2);
    }
}

/// The same without a new link: the answer to a report tells.
#[test]
fn a_report_that_makes_a_lower_version_tells_of_a_new_numbering() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    device.connected();
    settle(&mut device, &mut cloud, at(0));
    for level in 0..9 {
        let said = cloud.wish(&format!(r#"{{"level":{level}}}"#), at(1));
        for (topic, payload) in said {
            cloud::hear(&mut device, topic, &payload, at(1));
        }
    }
    settle(&mut device, &mut cloud, at(1));
    cloud.delete(at(2));
    let later = 3 + 48 * 3600;
    device.change(at(later), |lamp| lamp.hours = 1).unwrap();
    let sent = settle(&mut device, &mut cloud, at(later));
    assert_eq!(sent.len(), 3, "a report, a get, a whole report: {sent:?}");
    assert_eq!(cloud.reported()["level"], 8);
}

/// An answer that an update has overtaken is none: what it lacks would be taken for the past.
#[test]
fn an_answer_that_was_overtaken_is_asked_for_again() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    device.connected();
    settle(&mut device, &mut cloud, at(0));
    device.connected();
    let get = device.poll_send(at(1)).unwrap().unwrap();
    let answer = cloud.take(&get, at(1));
    for (topic, payload) in cloud.wish(r#"{"level":7}"#, at(1)) {
        cloud::hear(&mut device, topic, &payload, at(1));
    }
    assert_eq!(
        device.handle(answer[0].0, &answer[0].1, at(1)).unwrap(),
        DeviceEvent::Stale
    );
    settle(&mut device, &mut cloud, at(1));
    assert_eq!(device.state().level, 7);
    assert_eq!(cloud.reported()["level"], 7);
}

/// The clock stands still: a request that is rejected is not made again and again.
#[test]
fn a_rejection_that_lasts_costs_a_request_a_wait() {
    for (code, sends) in [
        (400, 1),
        (413, 1),
        (401, 1),
        (403, 1),
        (409, 3),
        (429, 1),
        (500, 1),
        (503, 1),
    ] {
        let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
        device.connected();
        settle(&mut device, &mut cloud, at(0));
        device.change(at(1), |lamp| lamp.level = 4).unwrap();
        let mut now = at(1);
        let mut poll = |device: &mut shadow_doc::DeviceShadow<Lamp>, now| {
            let mut reports = 0;
            for _ in 0..1000 {
                let Some(sent) = device.poll_send(now).unwrap() else {
                    return reports;
                };
                if sent.topic.ends_with("/get") {
                    for (topic, payload) in cloud.take(&sent, now) {
                        cloud::hear(device, topic, &payload, now);
                    }
                    continue;
                }
                reports += 1;
                let token = json(&sent.payload)["clientToken"].clone();
                let payload = format!(r#"{{"code":{code},"message":"no","clientToken":{token}}}"#);
                device
                    .handle(TopicKind::UpdateRejected, payload.as_bytes(), now)
                    .unwrap();
            }
            panic!("{code}: a thousand requests at one time");
        };
        let reports = poll(&mut device, now);
        assert!(reports <= sends, "{code}: {reports} reports at one time");
        if matches!(code, 400 | 413) {
            assert_eq!(
                device.next_timeout(),
                None,
                "{code}: the same report would be refused again"
            );
            device.change(at(2), |lamp| lamp.level = 5).unwrap();
            assert!(
                device.poll_send(at(2)).unwrap().is_some(),
                "{code}: another report"
            );
            continue;
        }
        // The waits grow, and do not outgrow their limit.
        let mut waits = Vec::new();
        for _ in 0..12 {
            let next = device.next_timeout().expect("it will be tried again");
            waits.push(next.get() - now.get());
            now = next;
            assert!(device.poll_timeout(now));
            poll(&mut device, now);
        }
        assert!(waits.is_sorted() && waits[0] <= 2, "{code}: {waits:?}");
        assert_eq!(waits.last(), Some(&300), "{code}");
    }
}

/// A `get` that is refused is not made again and again either.
#[test]
fn a_get_that_is_rejected_waits() {
    let mut device = device(DeviceOptions::default());
    device.connected();
    let get = device.poll_send(at(0)).unwrap().unwrap();
    let token = json(&get.payload)["clientToken"].clone();
    let no = format!(r#"{{"code":403,"message":"Forbidden","clientToken":{token}}}"#);
    let event = device
        .handle(TopicKind::GetRejected, no.as_bytes(), at(0))
        .unwrap();
    assert!(matches!(event, DeviceEvent::Rejected { code: 403, .. }));
    assert!(device.poll_send(at(0)).unwrap().is_none());
    assert_eq!(device.next_timeout(), Some(at(1)));
    assert!(device.poll_send(at(1)).unwrap().is_some());
}
