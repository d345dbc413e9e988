//! What all connections of the port share.

use core::num::NonZeroUsize;
use std::sync::Arc;

use sigv4::{KeyCache, Policy, Region, Service, Verifier};

use super::limits::HttpsLimits;
use crate::authorize::Authorizer;
use crate::broker::Broker;
use crate::registry::Registry;
use crate::shadows::Shadows;

/// Signing keys that are remembered: one for each access key, day and service.
const SIGNING_KEYS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);

/// The parts of the gateway that the port stands before.
#[derive(Clone, Debug)]
pub struct GateParts {
    /// Sessions, subscriptions, retained messages.
    pub broker: Arc<Broker>,
    /// The shadow service.
    pub shadows: Arc<Shadows>,
    /// Access keys and certificates.
    pub registry: Arc<Registry>,
    /// The policies of devices.
    pub authorizer: Arc<Authorizer>,
    /// The region that signatures name.
    pub region: Region,
}

/// Who comes in, and what is behind the door.
pub struct Gate {
    pub(super) broker: Arc<Broker>,
    pub(super) shadows: Arc<Shadows>,
    pub(super) registry: Arc<Registry>,
    pub(super) authorizer: Arc<Authorizer>,
    pub(super) verifier: Verifier,
    pub(super) limits: HttpsLimits,
}

impl core::fmt::Debug for Gate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Gate")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Gate {
    /// A port to these parts.
    #[must_use]
    pub fn new(parts: GateParts, limits: HttpsLimits) -> Arc<Self> {
        // SDKs sign requests as `iotdata` and WebSocket URLs as `iotdevicegateway`; some do it the other way round.
        let services = [Service::iot_data(), Service::iot_device_gateway()];
        let head_bytes = usize::try_from(parts.broker.settings().limits.unauthenticated_bytes)
            .unwrap_or(usize::MAX);
        let signed = sigv4::Limits {
            header_bytes: head_bytes,
            target_len: head_bytes,
            ..sigv4::Limits::default()
        };
        let policy = Policy::new(parts.region, services).with_limits(signed);
        Arc::new(Self {
            broker: parts.broker,
            shadows: parts.shadows,
            registry: parts.registry,
            authorizer: parts.authorizer,
            verifier: Verifier::new(policy).with_key_cache(KeyCache::new(SIGNING_KEYS)),
            limits,
        })
    }
}
