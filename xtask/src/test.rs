//! `cargo xtask test`.

use crate::run::{Plan, cargo, run};

pub fn steps(plan: &mut Plan) {
    plan.step("tests of every crate, all features", || {
        run(&mut cargo([
            "test",
            "--workspace",
            "--all-features",
            "--locked",
            "--no-fail-fast",
        ]))
    });
    // Anyone in a build can turn these on for everyone in it; no answer may change with them.
    for features in [
        "serde_json/arbitrary_precision",
        "serde_json/preserve_order",
        "serde_json/float_roundtrip",
        "serde_json/arbitrary_precision,serde_json/preserve_order,serde_json/float_roundtrip",
    ] {
        plan.step(&format!("shadow-doc with {features}"), || {
            run(&mut cargo([
                "test",
                "--package",
                "thingwire-shadow-doc",
                "--all-features",
                "--features",
                features,
                "--locked",
                "--no-fail-fast",
            ]))
        });
    }
}
