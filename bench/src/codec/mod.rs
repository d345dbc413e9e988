//! `codec`: MQTT packets from bytes and to bytes.
//!
//! Only decoding and encoding is timed: the buffers are made before. Each implementation also says what it saw (lengths
//! of topics, filters and payloads), so that nobody is fast by being wrong. Ours does so from the bytes that it proved to
//! be text while it decoded; the row "as text" makes `&str` of them, which safe code can do only by looking again.

mod build;
mod data;
mod decode;
mod encode;
mod fan_out;
mod limits;
mod peers;

use crate::harness::Bench;

pub fn run(bench: &mut Bench) {
    decode::run(bench);
    encode::run(bench);
    build::run(bench);
    fan_out::run(bench);
    limits::run(bench);
}
