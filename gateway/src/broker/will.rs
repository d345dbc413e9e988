//! The message that a client leaves for the case that its connection is lost (MQTT 5.0 §3.1.2.5).

use std::sync::Arc;

use mqtt_codec::{Connect, PropertiesBuf, Property, Publish, QoS, Storage};

use crate::access::{Access, Principal};

/// Says what somebody may do who has no connection any more.
pub trait Principals: Send + Sync {
    /// What the client may do that left a will on this topic; `None` when it may do nothing any more.
    fn access(
        &self,
        principal: &Principal,
        client_id: &str,
        will_topic: &str,
    ) -> Option<Arc<dyn Access>>;
}

/// Who left a will.
#[derive(Clone, Debug)]
pub(crate) enum LeftBy {
    /// A client of this process, and what it may do.
    Present(Arc<dyn Access>),
    /// A client of an earlier process.
    Earlier {
        client_id: Arc<str>,
        principal: Option<Principal>,
    },
}

impl LeftBy {
    pub(crate) fn principal(&self) -> Option<Principal> {
        match self {
            Self::Present(access) => access.principal(),
            Self::Earlier { principal, .. } => principal.clone(),
        }
    }
}

/// A Will Message with its delay.
#[derive(Clone, Debug)]
pub(crate) struct Will {
    pub(crate) publish: Publish,
    pub(crate) qos: QoS,
    pub(crate) delay_seconds: u32,
    pub(crate) left_by: LeftBy,
}

impl Will {
    /// The will of a CONNECT, if it has one.
    pub(crate) fn of<S: Storage>(
        connect: &Connect<S>,
        access: &Arc<dyn Access>,
        delay: bool,
    ) -> Option<Self> {
        let will = connect.will()?;
        let mut properties = PropertiesBuf::new();
        for property in will.properties().iter() {
            // The delay is the server's business; the rest goes with the message (MQTT 5.0 §3.1.3.2).
            if !matches!(property, Property::WillDelayInterval(_)) {
                // What a CONNECT may say of its will, a PUBLISH may say too.
                properties.push(property).ok()?;
            }
        }
        let publish = Publish::builder(will.topic())
            .payload(will.payload())
            .retain(will.retain())
            .properties(&properties)
            .build()
            .ok()?;
        Some(Self {
            publish,
            qos: will.qos(),
            delay_seconds: if delay {
                will.properties().will_delay_interval().unwrap_or(0)
            } else {
                0
            },
            left_by: LeftBy::Present(Arc::clone(access)),
        })
    }
}
