//! From a device's certificate to a registered CA.

mod check;
pub(crate) mod constraints;
mod evidence;
pub(crate) mod leaf;
mod search;
pub(crate) mod shield;
pub(crate) mod signature;
mod verifier;

pub(crate) use check::{Path, check_intermediate};
pub(crate) use evidence::Evidence;
pub use verifier::{PathVerifier, VerifiedChain};
pub(crate) use verifier::{furthest, verify_only};

use crate::certificate::Purpose;
use crate::limits::Limits;
use crate::profile::Profile;
use signature::Algorithms;

/// The longest path that webpki walks: six intermediates.
pub(crate) const MAX_DEPTH: usize = 6;

/// Which side of a connection a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Client,
    Server,
}

impl Use {
    pub(crate) fn purpose(self) -> Purpose {
        match self {
            Self::Client => Purpose::ClientAuth,
            Self::Server => Purpose::ServerAuth,
        }
    }
}

/// What does not change while a server runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) usage: Use,
    pub(crate) profile: Profile,
    pub(crate) limits: Limits,
    pub(crate) algorithms: Algorithms,
    /// Whether devices are known by their common name, which is then judged by constraints as well.
    pub(crate) known_by_common_name: bool,
}
