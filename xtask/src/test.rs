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
    plan.step("shadow-doc with the features of serde_json", || {
        run(&mut cargo([
            "test",
            "--package",
            "thingwire-shadow-doc",
            "--all-features",
            "--features",
            "serde_json/arbitrary_precision,serde_json/preserve_order,serde_json/float_roundtrip",
            "--locked",
            "--no-fail-fast",
        ]))
    });
}
