//! The conformance suites: data files that the crates must satisfy, and what it means to satisfy them.
//!
//! Each suite is a function from the bytes of a file to a [`Report`]. The `conformance` binary runs one suite over
//! one file; `tests/conformance.rs` runs every suite over the copies in `vectors/`.
//!
//! Beside them, [`Mosquitto`]: a broker of other hands for tests of interoperation, where it is installed.

mod mosquitto;
mod report;
mod seeds;
mod suite;

pub use mosquitto::{Mosquitto, is_installed};
pub use report::{Report, Verdict};
pub use seeds::write_fuzz_seeds;
pub use suite::{SUITES, Suite, suite};
