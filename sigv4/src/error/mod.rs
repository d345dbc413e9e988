//! What can go wrong, by operation.

mod answer;
mod sign;
mod value;
mod verify;

pub use answer::{Answer, AnswerTable};
pub use sign::{SignError, SignErrorKind};
pub use value::{CredentialsError, ScopeError, TimeError};
pub(crate) use verify::Place;
pub use verify::{LookupFailed, VerifyError, VerifyErrorKind};
