//! Orders to the gateway: what can be asked, who carries it out, and the socket between the two.
//!
//! The command line sends a [`Request`] to the running gateway through a socket in the data folder, or, when none runs,
//! opens the store and carries it out itself: both end in [`Operations::execute`].

mod client;
mod operations;
mod path;
mod protocol;
mod server;
mod status;

pub use client::{ClientError, send};
pub use operations::Operations;
pub use protocol::{
    AuthorityReport, CertificateReport, OperationError, PolicyReport, Question, Request, Response,
    ThingReport,
};
pub use server::AdminSocket;
pub use status::{StatusSource, status};
