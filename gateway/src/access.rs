//! What a connection may do: asked on CONNECT, on each PUBLISH, for each filter and at each delivery.

use core::fmt::Debug;
use std::net::IpAddr;

use mqtt_codec::ReasonCode;
use serde::{Deserialize, Serialize};

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

/// Who is behind a connection, in a form that outlives the process: a will that it left is judged by it after a restart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Principal {
    /// The listener that authenticates nobody.
    Anybody,
    /// The holder of one of the gateway's access keys.
    AccessKey(String),
    /// A device.
    Certificate {
        /// The id of its certificate.
        id: String,
        /// Where it connected from.
        source_ip: Option<IpAddr>,
        /// The name under which it reached the gateway.
        domain_name: Option<String>,
        /// Whether it came over WebSocket.
        by_web_socket: bool,
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

    /// Whom the answer is about. What nobody is known to have left, a later process does not publish.
    fn principal(&self) -> Option<Principal> {
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

    fn principal(&self) -> Option<Principal> {
        Some(Principal::Anybody)
    }
}
