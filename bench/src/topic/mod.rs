//! `topic-match` against matchers and indexes from crates.io, and libmosquitto where it is installed.

mod data;
mod hostile;
mod index;
mod mosquitto;
mod peers;
mod retained;
mod single;
mod snapshot;

use crate::harness::Bench;

pub fn run(bench: &mut Bench) {
    #[cfg(not(feature = "paho"))]
    bench.say("Left out: paho-mqtt (this program was built without its feature `paho`).");
    bench.say(
        "Left out: rmqtt (its topic tree is a private part of a broker; nothing smaller is published).",
    );
    single::run(bench);
    index::run(bench);
    hostile::run(bench);
    retained::run(bench);
    snapshot::run(bench);
}
