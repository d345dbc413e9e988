//! `codec`: MQTT packets from bytes and to bytes.
//!
//! Only decoding and encoding is timed: the buffers are made before. The closure of each implementation also reads the
//! topic as text and the length of the payload, so that nobody is fast by putting work off.

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
    fan_out::run(bench);
    limits::run(bench);
}
