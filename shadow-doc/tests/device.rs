//! Policy: the single rules of the device's half, one test each, against the crate's own service.

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

use cloud::{Cloud, Lamp, LampPatch, at, device, settle};
use shadow_doc::{DeviceEvent, DeviceOptions, Field, Outgoing, Owner, TopicKind};
use support::{address, json};

#[test]
fn only_what_changed_is_reported() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    device.connected();
    settle(&mut device, &mut cloud, at(0));
    assert!(
        settle(&mut device, &mut cloud, at(1)).is_empty(),
        "nothing to say"
    );
    device.change(at(1), |lamp| lamp.level = 0).unwrap();
    assert!(
        settle(&mut device, &mut cloud, at(1)).is_empty(),
        "the same value is no change"
    );
    device
        .change(at(1), |lamp| {
            lamp.colour.g = 9;
            lamp.zones.insert("a".to_owned(), 1);
        })
        .unwrap();
    let sent = settle(&mut device, &mut cloud, at(1));
    assert_eq!(
        sent,
        [r#"{"state":{"reported":{"colour":{"g":9},"zones":{"a":1}}},"clientToken":"boot-1-3"}"#]
    );
    device.change(at(2), |lamp| lamp.zones.remove("a")).unwrap();
    let sent = settle(&mut device, &mut cloud, at(2));
    assert_eq!(
        sent,
        [r#"{"state":{"reported":{"zones":{"a":null}}},"clientToken":"boot-1-4"}"#]
    );
}

#[test]
fn what_changes_while_the_link_is_down_folds_into_one_report() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    device.connected();
    settle(&mut device, &mut cloud, at(0));
    device.disconnected();
    for level in 0..100 {
        device.change(at(1), |lamp| lamp.level = level).unwrap();
        assert_eq!(device.poll_send(at(1)).unwrap(), None);
    }
    device.connected();
    let sent = settle(&mut device, &mut cloud, at(2));
    assert_eq!(sent.len(), 2, "a get and a report");
    assert!(
        sent[1].starts_with(r#"{"state":{"reported":{"level":99}}"#),
        "{}",
        sent[1]
    );
}

#[test]
fn a_report_only_member_cannot_be_set() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    device.connected();
    settle(&mut device, &mut cloud, at(0));
    for (topic, payload) in cloud.wish(r#"{"hours":7}"#, at(1)) {
        if let DeviceEvent::Changed { patch, .. } = device.handle(topic, &payload, at(1)).unwrap() {
            assert_eq!(patch, LampPatch::default());
            device.accept(patch, at(1)).unwrap();
        }
    }
    assert_eq!(device.state().hours, 0);
}

#[test]
fn what_others_keep_in_reported_stays_there() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    cloud.ask(
        TopicKind::Update,
        br#"{"state":{"reported":{"firmware":"1.2","scene":"old","zones":{"z":1}}}}"#,
        at(0),
    );
    device.connected();
    settle(&mut device, &mut cloud, at(1));
    let reported = cloud.reported();
    assert_eq!(reported["firmware"], "1.2", "not this device's");
    assert!(
        reported.get("scene").is_none(),
        "the device says it has none"
    );
}

#[test]
fn stale_messages_are_dropped_topic_by_topic() {
    let mut device = device(DeviceOptions::default());
    let delta = |version: u32, level: u32| {
        format!(r#"{{"version":{version},"state":{{"level":{level}}},"metadata":{{}}}}"#)
    };
    let mut hear = |version, level| {
        device
            .handle(
                TopicKind::UpdateDelta,
                delta(version, level).as_bytes(),
                at(0),
            )
            .unwrap()
    };
    assert!(matches!(hear(5, 1), DeviceEvent::Changed { .. }));
    assert_eq!(hear(4, 2), DeviceEvent::Stale);
    assert!(matches!(hear(5, 3), DeviceEvent::Changed { .. }));
    // The accepted message of another client's update 6 does not make delta 6 stale.
    let accepted = br#"{"state":{"desired":{}},"metadata":{},"version":6,"timestamp":1}"#;
    assert_eq!(
        device
            .handle(TopicKind::UpdateAccepted, accepted, at(0))
            .unwrap(),
        DeviceEvent::Ignored
    );
    let event = device
        .handle(TopicKind::UpdateDelta, delta(6, 4).as_bytes(), at(0))
        .unwrap();
    assert!(matches!(event, DeviceEvent::Changed { .. }));
}

#[test]
fn a_member_that_leaves_desired_is_known_from_the_documents() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    device.connected();
    cloud.wish(r#"{"scene":"night","level":3}"#, at(0));
    settle(&mut device, &mut cloud, at(0));
    assert_eq!(device.state().scene.as_deref(), Some("night"));
    let mut removed = None;
    for (topic, payload) in cloud.wish(r#"{"scene":null}"#, at(1)) {
        if let DeviceEvent::Removed { patch, version } =
            device.handle(topic, &payload, at(1)).unwrap()
        {
            removed = Some((patch, version.get()));
        }
    }
    let (patch, version) = removed.expect("the documents say so");
    assert_eq!(
        patch,
        LampPatch {
            scene: Field::Null,
            ..LampPatch::default()
        }
    );
    assert_eq!(version, 3);
    device.accept(patch, at(1)).unwrap();
    assert_eq!(device.state().scene, None);
}

#[test]
fn answers_are_told_apart_by_their_token() {
    let mut device = device(DeviceOptions::default());
    device.connected();
    device.poll_send(at(0)).unwrap().unwrap();
    let other = br#"{"code":404,"message":"No shadow","clientToken":"someone-else"}"#;
    assert_eq!(
        device.handle(TopicKind::GetRejected, other, at(0)).unwrap(),
        DeviceEvent::Ignored
    );
    assert!(device.poll_send(at(0)).unwrap().is_none(), "still waiting");
    let own = br#"{"code":404,"message":"No shadow","clientToken":"boot-1-1"}"#;
    assert_eq!(
        device.handle(TopicKind::GetRejected, own, at(0)).unwrap(),
        DeviceEvent::Deleted
    );
    assert!(device.poll_send(at(0)).unwrap().is_some());
}

#[test]
fn no_more_than_ten_requests_are_under_way() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    device.connected();
    settle(&mut device, &mut cloud, at(0));
    let mut reports = Vec::new();
    for level in 1..=20 {
        device.change(at(1), |lamp| lamp.level = level).unwrap();
        reports.extend(device.poll_send(at(1)).unwrap());
    }
    assert_eq!(reports.len(), 10);
    // The first answer makes room for one report of all that came after.
    for (topic, payload) in cloud.take(&reports[0], at(1)) {
        device.handle(topic, &payload, at(1)).unwrap();
    }
    let last = device.poll_send(at(1)).unwrap().unwrap();
    assert_eq!(
        json(&last.payload)["state"]["reported"],
        serde_json::json!({"level": 20})
    );
}

#[test]
fn a_report_without_an_answer_is_made_again() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    device.connected();
    settle(&mut device, &mut cloud, at(0));
    device.change(at(1), |lamp| lamp.level = 4).unwrap();
    let lost = device.poll_send(at(1)).unwrap().unwrap();
    assert_eq!(device.next_timeout(), Some(at(11)));
    assert!(device.poll_send(at(5)).unwrap().is_none());
    assert!(!device.poll_timeout(at(10)));
    assert!(device.poll_timeout(at(11)));
    // It may have arrived: the shadow is looked at first.
    let get = device.poll_send(at(11)).unwrap().unwrap();
    assert_eq!(get.topic, address().topic(TopicKind::Get));
    for (topic, payload) in cloud.take(&get, at(11)) {
        device.handle(topic, &payload, at(11)).unwrap();
    }
    let again = device.poll_send(at(11)).unwrap().unwrap();
    let state = |sent: &Outgoing| json(&sent.payload)["state"].clone();
    assert_eq!(state(&again), state(&lost));
    // An answer that comes after all is nobody's.
    let late = br#"{"state":{},"metadata":{},"version":2,"timestamp":1,"clientToken":"boot-1-3"}"#;
    assert_eq!(
        device
            .handle(TopicKind::UpdateAccepted, late, at(12))
            .unwrap(),
        DeviceEvent::Ignored
    );
}

#[test]
fn a_report_that_was_overtaken_is_made_anew() {
    let mut options = DeviceOptions::default();
    options.optimistic_lock = true;
    let (mut device, mut cloud) = (device(options), Cloud::default());
    device.connected();
    settle(&mut device, &mut cloud, at(0));
    // Someone is faster, and the device has not heard of it.
    cloud.wish(r#"{"on":true}"#, at(1));
    device.change(at(1), |lamp| lamp.level = 4).unwrap();
    let report = device.poll_send(at(1)).unwrap().unwrap();
    assert_eq!(json(&report.payload)["version"], 1);
    let answers = cloud.take(&report, at(1));
    assert_eq!(answers.len(), 1);
    let event = device.handle(answers[0].0, &answers[0].1, at(1)).unwrap();
    assert_eq!(event, DeviceEvent::Conflict);
    let sent = settle(&mut device, &mut cloud, at(1));
    assert_eq!(sent.len(), 2, "a get and a report: {sent:?}");
    assert_eq!((device.state().level, device.state().on), (4, true));
    assert!(!cloud.has_delta(at(1)));
}

#[test]
fn the_owner_decides_what_both_sides_changed() {
    for (owner, level) in [(Owner::Local, 2), (Owner::Remote, 9), (Owner::Newest, 9)] {
        let mut options = DeviceOptions::default();
        options.owner = owner;
        let (mut device, mut cloud) = (device(options), Cloud::default());
        device.connected();
        settle(&mut device, &mut cloud, at(0));
        device.disconnected();
        device
            .change(at(10), |lamp| (lamp.level, lamp.hours) = (2, 1))
            .unwrap();
        cloud.wish(r#"{"level":9,"on":true}"#, at(20));
        device.connected();
        settle(&mut device, &mut cloud, at(30));
        let lamp = device.state();
        assert_eq!(
            (lamp.level, lamp.on, lamp.hours),
            (level, true, 1),
            "{owner:?}"
        );
        assert!(
            !cloud.has_delta(at(30)),
            "{owner:?}: a wish that lost is taken back"
        );
    }
}

#[test]
fn a_deleted_shadow_is_reported_anew() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    device.connected();
    settle(&mut device, &mut cloud, at(0));
    for (topic, payload) in cloud.ask(TopicKind::Delete, b"", at(1)) {
        assert_eq!(
            device.handle(topic, &payload, at(1)).unwrap(),
            DeviceEvent::Deleted
        );
    }
    settle(&mut device, &mut cloud, at(1));
    assert_eq!(cloud.reported()["on"], false);
}

#[test]
fn what_does_not_fit_the_type_is_said_and_changes_nothing() {
    let mut device = device(DeviceOptions::default());
    let delta = br#"{"version":1,"state":{"level":"high"},"metadata":{}}"#;
    let event = device.handle(TopicKind::UpdateDelta, delta, at(0)).unwrap();
    let DeviceEvent::Unfit { unfit, .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(unfit.to_json(), br#"{"level":"high"}"#);
    assert_eq!(device.state(), &Lamp::default());
    assert!(device.handle(TopicKind::UpdateDelta, b"{", at(0)).is_err());
    assert!(
        device.handle(TopicKind::Update, b"{}", at(0)).is_err(),
        "a client's topic"
    );
}

/// One value that does not fit keeps nothing from the others, and whole numbers are whole.
#[test]
fn what_fits_is_done_and_the_rest_is_said() {
    let mut device = device(DeviceOptions::default());
    let delta = br#"{"version":1,"state":{
        "level":7.0,"on":"yes","colour":{"r":1e1,"g":300},"zones":{"a":2.0,"b":-1},"later":1
    },"metadata":{}}"#;
    let event = device.handle(TopicKind::UpdateDelta, delta, at(0)).unwrap();
    let DeviceEvent::Changed { patch, unfit, .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(
        unfit.to_json(),
        br#"{"colour":{"g":300},"on":"yes","zones":{"b":-1}}"#,
        "`later` is no member of the type: nobody's business"
    );
    device.accept(patch, at(0)).unwrap();
    let lamp = device.state();
    assert_eq!((lamp.level, lamp.colour.r, lamp.zones["a"]), (7, 10, 2));
    assert_eq!((lamp.on, lamp.colour.g, lamp.zones.len()), (false, 0, 1));
}

/// A deletion that is heard before the answer to an older report does not swallow the report.
#[test]
fn a_deletion_that_overtakes_an_answer_loses_no_report() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    device.connected();
    settle(&mut device, &mut cloud, at(0));
    device.change(at(1), |lamp| lamp.level = 4).unwrap();
    let report = device.poll_send(at(1)).unwrap().unwrap();
    let accepted = cloud.take(&report, at(1));
    let deleted = cloud.delete(at(1));
    for (topic, payload) in deleted.into_iter().chain(accepted) {
        cloud::hear(&mut device, topic, &payload, at(1));
    }
    settle(&mut device, &mut cloud, at(1));
    assert_eq!(cloud.reported()["level"], 4);
    assert_eq!(cloud.reported()["colour"]["r"], 0, "all of it, anew");
}

/// Members that leave `desired` take with them what stood there, and nothing that is only reported.
#[test]
fn what_leaves_desired_clears_no_more_than_stood_there() {
    use serde::Serialize;
    use shadow_doc::{DeviceShadow, ShadowState};

    #[derive(Clone, Debug, Default, PartialEq, Serialize, ShadowState)]
    struct Pump {
        motor: Motor,
        #[shadow(report_only)]
        hours: u32,
    }
    #[derive(Clone, Debug, Default, PartialEq, Serialize, ShadowState)]
    struct Motor {
        rpm: u32,
        gear: u8,
        #[shadow(report_only)]
        heat: u32,
    }

    let state = Pump {
        motor: Motor {
            rpm: 800,
            gear: 3,
            heat: 60,
        },
        hours: 9,
    };
    let mut pump = DeviceShadow::new(address(), state, "b", DeviceOptions::default()).unwrap();
    let mut cloud = Cloud::default();
    pump.connected();
    cloud.wish(r#"{"motor":{"rpm":900},"hours":1}"#, at(0));
    settle(&mut pump, &mut cloud, at(0));
    assert_eq!(pump.state().motor.rpm, 900);
    let mut removed = 0;
    for (topic, payload) in cloud.wish("null", at(1)) {
        if let DeviceEvent::Removed { patch, .. } = pump.handle(topic, &payload, at(1)).unwrap() {
            pump.accept(patch, at(1)).unwrap();
            removed += 1;
        }
    }
    assert_eq!(removed, 1);
    let expected = Pump {
        motor: Motor {
            rpm: 0,
            gear: 3,
            heat: 60,
        },
        hours: 9,
    };
    assert_eq!(pump.state(), &expected);
    // A null for the whole object clears what can be set.
    let mut whole = pump.state().clone();
    whole.apply(PumpPatch { motor: Field::Null });
    assert_eq!(
        whole.motor,
        Motor {
            rpm: 0,
            gear: 0,
            heat: 60
        }
    );
}

/// A wish that cannot be met is the service's to keep: the device neither takes it back nor answers it.
#[test]
fn a_wish_on_a_report_only_member_is_left_alone() {
    for owner in [Owner::Local, Owner::Remote, Owner::Newest] {
        let mut options = DeviceOptions::default();
        options.owner = owner;
        let (mut device, mut cloud) = (device(options), Cloud::default());
        device.connected();
        settle(&mut device, &mut cloud, at(0));
        device.disconnected();
        cloud.wish(r#"{"hours":7,"unknown":1}"#, at(1));
        device.change(at(2), |lamp| lamp.hours = 3).unwrap();
        device.connected();
        let get = device.poll_send(at(3)).unwrap().unwrap();
        let answer = cloud.take(&get, at(3));
        assert_eq!(
            device.handle(answer[0].0, &answer[0].1, at(3)).unwrap(),
            DeviceEvent::InStep
        );
        settle(&mut device, &mut cloud, at(3));
        assert_eq!(
            cloud.desired(),
            serde_json::json!({"hours": 7, "unknown": 1}),
            "{owner:?}"
        );
        assert_eq!(cloud.reported()["hours"], 3);
    }
}

/// A switch on the device itself: what is switched is wished for too, or an old wish would undo it.
#[test]
fn a_device_can_wish() {
    let (mut device, mut cloud) = (device(DeviceOptions::default()), Cloud::default());
    device.connected();
    cloud.wish(r#"{"on":true,"level":2}"#, at(0));
    settle(&mut device, &mut cloud, at(0));
    device
        .change_and_desire(at(1), |lamp| (lamp.on, lamp.hours) = (false, 1))
        .unwrap();
    let sent = settle(&mut device, &mut cloud, at(1));
    assert_eq!(
        sent,
        [
            r#"{"state":{"desired":{"on":false},"reported":{"hours":1,"on":false}},"clientToken":"boot-1-3"}"#
        ]
    );
    assert_eq!(
        cloud.desired(),
        serde_json::json!({"on": false, "level": 2})
    );
    assert!(!device.state().on);
    // Offline, and changed again before it could be said: a wish that is no longer true is not made,
    // and the older one holds.
    device.disconnected();
    device
        .change_and_desire(at(2), |lamp| lamp.level = 5)
        .unwrap();
    device.change(at(3), |lamp| lamp.level = 6).unwrap();
    device
        .change_and_desire(at(4), |lamp| lamp.on = true)
        .unwrap();
    device.connected();
    settle(&mut device, &mut cloud, at(5));
    assert_eq!(cloud.desired(), serde_json::json!({"on": true, "level": 2}));
    assert_eq!((device.state().on, device.state().level), (true, 2));
}

#[test]
fn wishes_can_be_cleared_once_they_are_reached() {
    let mut options = DeviceOptions::default();
    options.clear_desired = true;
    let (mut device, mut cloud) = (device(options), Cloud::default());
    device.connected();
    cloud.wish(r#"{"on":true,"level":2,"hours":7}"#, at(0));
    settle(&mut device, &mut cloud, at(0));
    assert_eq!(
        cloud.desired(),
        serde_json::json!({"hours": 7}),
        "what is reached, and only that"
    );
    for (topic, payload) in cloud.wish(r#"{"level":3}"#, at(1)) {
        cloud::hear(&mut device, topic, &payload, at(1));
    }
    let sent = settle(&mut device, &mut cloud, at(1));
    assert_eq!(
        sent,
        [r#"{"state":{"desired":{"level":null},"reported":{"level":3}},"clientToken":"boot-1-3"}"#]
    );
}

/// An opaque member is replaced as a whole, although the delta holds a part of it.
#[test]
fn an_opaque_member_arrives_whole() {
    use serde::{Deserialize, Serialize};
    use shadow_doc::{DeviceShadow, ShadowState};

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    struct Window {
        from: u8,
        to: u8,
    }
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    enum Schedule {
        #[default]
        Never,
        Daily {
            hour: u8,
        },
        Weekly {
            day: u8,
        },
    }
    #[derive(Clone, Debug, Default, PartialEq, Serialize, ShadowState)]
    struct Heating {
        #[shadow(opaque)]
        window: Window,
        #[shadow(opaque)]
        names: std::collections::BTreeMap<String, u8>,
        #[shadow(opaque)]
        schedule: Schedule,
    }

    let state = Heating {
        window: Window { from: 6, to: 22 },
        names: [("a".to_owned(), 1)].into(),
        schedule: Schedule::Daily { hour: 6 },
    };
    let mut heating = DeviceShadow::new(address(), state, "b", DeviceOptions::default()).unwrap();
    let mut cloud = Cloud::default();
    heating.connected();
    settle(&mut heating, &mut cloud, at(0));
    for (topic, payload) in cloud.wish(
        r#"{"window":{"to":23},"names":{"b":2},"schedule":{"Weekly":{"day":1}}}"#,
        at(1),
    ) {
        cloud::hear(&mut heating, topic, &payload, at(1));
    }
    settle(&mut heating, &mut cloud, at(1));
    let expected = Heating {
        window: Window { from: 6, to: 23 },
        names: [("a".to_owned(), 1), ("b".to_owned(), 2)].into(),
        schedule: Schedule::Weekly { day: 1 },
    };
    assert_eq!(heating.state(), &expected);
    assert_eq!(
        cloud.reported()["schedule"],
        serde_json::json!({"Weekly": {"day": 1}})
    );
    assert!(!cloud.has_delta(at(1)));
    // The same when it was away.
    heating.disconnected();
    cloud.wish(
        r#"{"window":{"from":7},"schedule":{"Weekly":null,"Daily":{"hour":5}}}"#,
        at(2),
    );
    heating.connected();
    settle(&mut heating, &mut cloud, at(3));
    assert_eq!(heating.state().window, Window { from: 7, to: 23 });
    assert_eq!(heating.state().schedule, Schedule::Daily { hour: 5 });
    assert!(!cloud.has_delta(at(3)));
}

/// Messages are read as they come: null where the service never has it, and deeper than it allows.
#[test]
fn messages_are_read_with_tolerance() {
    let mut device = device(DeviceOptions::default());
    let deep = format!("{}1{}", r#"{"n":"#.repeat(90), "}".repeat(90));
    let delta = format!(
        r#"{{"version":1,"state":{{"level":4,"on":null,"list":[null,{{"a":null}}],"deep":{deep}}},"metadata":{{}}}}"#
    );
    assert_eq!(
        cloud::hear(&mut device, TopicKind::UpdateDelta, delta.as_bytes(), at(0)),
        "changed"
    );
    assert_eq!(
        device.state(),
        &Lamp {
            level: 4,
            ..Lamp::default()
        }
    );
}
