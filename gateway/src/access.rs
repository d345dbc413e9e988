//! What a connection may do: asked on CONNECT, on each PUBLISH, for each filter and at each delivery.

use core::fmt::Debug;

use mqtt_codec::ReasonCode;

/// Something that a connection wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation<'a> {
    /// Publish on a topic (`iot:Publish`).
    Publish {
        /// The Topic Name.
        topic: &'a str,
        /// Whether the message is to be kept (`iot:RetainPublish`).
        retain: bool,
    },
    /// Subscribe to a filter (`iot:Subscribe`).
    Subscribe {
        /// The Topic Filter as it was sent, `$share/` and all.
        filter: &'a str,
    },
    /// Get a message (`iot:Receive`).
    Receive {
        /// The Topic Name.
        topic: &'a str,
    },
}

/// The answer, for one connection.
pub trait Access: Debug + Send + Sync {
    /// Whether the connection may do this. No answer is no permission: whoever cannot tell says `false`.
    fn allows(&self, operation: Operation<'_>) -> bool;

    /// Changes whenever an answer may have changed: answers are kept until then.
    fn revision(&self) -> u64 {
        0
    }

    /// Why the connection has to end, if it has to: its certificate was revoked.
    fn ended(&self) -> Option<ReasonCode> {
        None
    }
}

/// Everything is allowed: for the listener that authenticates nobody, and for tests.
#[derive(Clone, Copy, Debug)]
pub struct DangerousAllowAll;

impl Access for DangerousAllowAll {
    fn allows(&self, operation: Operation<'_>) -> bool {
        match operation {
            Operation::Publish { .. } | Operation::Subscribe { .. } | Operation::Receive { .. } => {
                true
            }
        }
    }
}
