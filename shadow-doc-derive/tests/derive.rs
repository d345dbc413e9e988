//! Policy: what the derive makes of each kind of type and attribute, seen through serde.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::float_cmp,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use shadow_doc::{Field, ShadowState};

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ShadowState)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Off,
    Heat,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ShadowState)]
struct Celsius(f64);

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
enum Schedule {
    #[default]
    Never,
    Daily {
        hour: u8,
    },
}

/// A state with one member of each kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ShadowState)]
#[serde(rename_all = "camelCase")]
struct Thermostat {
    /// What it should reach.
    target_temperature: Celsius,
    mode: Mode,
    #[serde(rename = "fan", alias = "fanSpeed")]
    fan_level: Option<u8>,
    motor: Motor,
    zones: BTreeMap<String, Motor>,
    hours: Vec<u8>,
    #[shadow(opaque)]
    schedule: Schedule,
    #[shadow(report_only)]
    measured: f64,
    #[serde(skip)]
    cache: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, ShadowState)]
#[shadow(patch = "MotorChange", patch_derive(Debug, Clone, PartialEq, Eq))]
struct Motor {
    rpm: u32,
    r#type: String,
}

#[derive(Default, Serialize, ShadowState)]
#[shadow(crate = "shadow_doc")]
struct OnlyReported {
    #[shadow(report_only)]
    uptime: u64,
}

fn patch(json: &str) -> ThermostatPatch {
    serde_json::from_str(json).unwrap()
}

fn applied(json: &str) -> Thermostat {
    let mut state = Thermostat {
        target_temperature: Celsius(20.0),
        mode: Mode::Heat,
        fan_level: Some(2),
        motor: Motor {
            rpm: 800,
            r#type: "dc".to_owned(),
        },
        zones: BTreeMap::from([("hall".to_owned(), Motor::default())]),
        hours: vec![6, 22],
        schedule: Schedule::Daily { hour: 6 },
        measured: 19.5,
        cache: 7,
    };
    state.apply(patch(json));
    state
}

#[test]
fn absent_null_and_a_value_are_three_things() {
    let p = patch(r#"{"mode": null, "targetTemperature": 21.5}"#);
    assert_eq!(p.mode, Field::Null);
    assert_eq!(p.target_temperature, Field::Value(21.5));
    assert_eq!(p.fan_level, Field::Absent);
    assert_eq!(patch("{}"), ThermostatPatch::default());
}

#[test]
fn a_patch_is_written_as_it_is_read() {
    for json in [
        "{}",
        r#"{"mode":"heat"}"#,
        r#"{"fan":null}"#,
        r#"{"motor":{"rpm":5}}"#,
        r#"{"zones":{"a":null,"b":{"rpm":1}}}"#,
        r#"{"schedule":{"Daily":{"hour":7}}}"#,
    ] {
        assert_eq!(serde_json::to_string(&patch(json)).unwrap(), json);
    }
}

#[test]
fn each_kind_of_member_changes_in_its_way() {
    let unchanged = applied("{}");
    assert_eq!(
        applied(r#"{"targetTemperature":22}"#).target_temperature,
        Celsius(22.0)
    );
    assert_eq!(applied(r#"{"mode":"off"}"#).mode, Mode::Off);
    assert_eq!(applied(r#"{"mode":null}"#).mode, Mode::default());
    assert_eq!(applied(r#"{"fan":5}"#).fan_level, Some(5));
    assert_eq!(applied(r#"{"fanSpeed":6}"#).fan_level, Some(6), "an alias");
    assert_eq!(applied(r#"{"fan":null}"#).fan_level, None);
    let motor = applied(r#"{"motor":{"rpm":900}}"#).motor;
    assert_eq!((motor.rpm, motor.r#type.as_str()), (900, "dc"), "merged");
    assert_eq!(applied(r#"{"motor":null}"#).motor, Motor::default());
    assert_eq!(
        applied(r#"{"hours":[1]}"#).hours,
        [1],
        "a list is one value"
    );
    assert_eq!(applied(r#"{"schedule":"Never"}"#).schedule, Schedule::Never);
    let zones = applied(r#"{"zones":{"hall":{"rpm":1},"attic":{"type":"ac"}}}"#).zones;
    assert_eq!(zones.len(), 2);
    assert!(applied(r#"{"zones":{"hall":null}}"#).zones.is_empty());
    assert_eq!(
        applied(r#"{"measured":99,"cache":1,"unknown":[]}"#),
        unchanged
    );
}

#[test]
fn a_patch_struct_can_be_named_and_derived_for() {
    let change = MotorChange {
        rpm: Field::Value(3),
        r#type: Field::Null,
    };
    assert_eq!(change.clone(), change);
    assert_eq!(
        serde_json::to_string(&change).unwrap(),
        r#"{"rpm":3,"type":null}"#
    );
}

#[test]
fn a_state_that_nobody_sets_has_an_empty_patch() {
    let mut state = OnlyReported { uptime: 3 };
    state.apply(serde_json::from_str(r#"{"uptime":9}"#).unwrap());
    assert_eq!(state.uptime, 3);
}

fn half() -> u8 {
    50
}

/// What serde says of names, defaults and directions holds for the patch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ShadowState)]
#[serde(rename_all(serialize = "kebab-case", deserialize = "UPPERCASE"))]
struct Attributes {
    light_level: u8,
    #[serde(rename(serialize = "tone", deserialize = "colour"))]
    hue: u8,
    #[serde(default = "half")]
    dim_to: u8,
    #[serde(skip_deserializing)]
    run_time: u32,
    window: Window,
    span: (u8, f64),
    scenes: [u8; 2],
    child: Option<Box<Node>>,
}

/// An object that is replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ShadowState)]
struct Window(#[shadow(opaque)] BTreeMap<String, u8>);

/// A type that holds itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ShadowState)]
struct Node {
    value: u8,
    next: BTreeMap<String, Self>,
}

#[test]
fn what_serde_writes_is_what_a_patch_reads() {
    let state = Attributes {
        dim_to: 9,
        window: Window([("a".to_owned(), 1)].into()),
        ..Attributes::default()
    };
    let written = serde_json::to_value(&state).unwrap();
    let shadow_doc::Shape::Members(members) = Attributes::shape() else {
        panic!()
    };
    let mut names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    let mut keys: Vec<&String> = written.as_object().unwrap().keys().collect();
    keys.sort_unstable();
    assert_eq!(names, keys, "the shape has the names that are written");

    let mut patched = state.clone();
    let patch = r#"{"light-level":7,"tone":3,"run-time":8,"window":{"b":2},"span":[1,2.5],"scenes":[4,5],
        "child":{"next":{"x":{"value":6}}}}"#;
    patched.apply(serde_json::from_str(patch).unwrap());
    assert_eq!(
        (patched.light_level, patched.hue, patched.run_time),
        (7, 3, 0)
    );
    assert_eq!(patched.window.0, [("b".to_owned(), 2)].into());
    assert_eq!((patched.span, patched.scenes), ((1, 2.5), [4, 5]));
    assert_eq!(patched.child.as_ref().unwrap().next["x"].value, 6);

    patched.apply(serde_json::from_str(r#"{"dim-to":null,"span":null,"window":null}"#).unwrap());
    assert_eq!(patched.dim_to, 50, "the default that serde was told");
    assert_eq!((patched.span, patched.window.0.len()), ((0, 0.0), 0));
    patched.run_time = 5;
    patched.clear();
    let cleared = Attributes {
        dim_to: 50,
        run_time: 5,
        ..Attributes::default()
    };
    assert_eq!(patched, cleared, "all that can be set");
}
