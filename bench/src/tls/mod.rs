//! Mutual TLS with device certificates: the server's CPU time in whole handshakes, against rustls with `WebPkiClientVerifier` and against
//! OpenSSL; strangers' Certificate messages; the registry.

mod handshake;
#[cfg(feature = "openssl")]
mod openssl;
mod pki;
mod registry;
mod stranger;

use crate::harness::Bench;

pub(crate) fn run(bench: &mut Bench) {
    handshake::run(bench);
    stranger::run(bench);
    registry::run(bench);
}
