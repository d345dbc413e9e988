//! `shadow-doc` against the straightforward service on `serde_json::Value`, and against merge-patch crates for the
//! part that they do.

mod data;
mod memory;
mod merge;
mod naive;
mod update;

use crate::harness::Bench;

pub fn run(bench: &mut Bench) {
    bench.say(
        "Left out: rustot (published without its shadow part; the part is a device's), AWS's own Greengrass (Java) and \
         moto (Python).",
    );
    update::run(bench);
    merge::run(bench);
    memory::run(bench);
}
