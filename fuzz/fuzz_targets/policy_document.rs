#![no_main]
//! Any bytes as a policy document: nothing panics, and what is accepted is JSON and decides as it explains.

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| thingwire_fuzz::policy::read(data));
