#![no_main]
//! A connection takes any bytes from its first one on: no panic, bounded memory, and its neighbour is not disturbed.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| thingwire_fuzz::gateway::connection(data));
