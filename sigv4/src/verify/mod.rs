//! Verifying: the checks, in their order, and the proof that they were passed.

mod claim;
mod head;
mod mechanism;
mod pending;
mod policy;
mod record;
mod verified;
mod verifier;

pub use claim::Claim;
pub use pending::Pending;
pub use policy::Policy;
pub use record::{KeyRecord, ReplayGuard};
pub use verified::{Mechanism, Verified};
pub use verifier::Verifier;
