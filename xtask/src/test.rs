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
}
