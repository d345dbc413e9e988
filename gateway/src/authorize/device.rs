//! What a device may do on one connection.

use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::Arc;

use iot_policy::{Bound, Request, Transport};
use mqtt_codec::{Connect, ReasonCode};
use parking_lot::{Mutex, RwLock};

use super::live::Live;
use super::{Authorizer, Device};
use crate::access::{Access, Operation, Principal};
use crate::connection::Admission;

pub(super) struct DeviceAdmission {
    pub(super) authorizer: Arc<Authorizer>,
    pub(super) device: Device,
    pub(super) transport: Transport,
}

impl Admission for DeviceAdmission {
    fn admit(
        &self,
        client_id: &str,
        connect: &Connect<&[u8]>,
    ) -> Result<Arc<dyn Access>, ReasonCode> {
        self.authorizer
            .admit(&self.device, self.transport, client_id, connect)
    }
}

/// The permissions of one connection.
#[derive(Debug)]
pub(super) struct DeviceAccess {
    pub(super) client_id: Arc<str>,
    pub(super) number: u64,
    pub(super) device: Device,
    pub(super) transport: Transport,
    pub(super) persists: bool,
    pub(super) will_topic: Option<Box<str>>,
    pub(super) live: Arc<Live>,
    /// Held from the first read of the registry until `bound` says what was read: of two who bind at one time, the one
    /// that reads last writes last.
    pub(super) binding: Mutex<()>,
    /// Nothing is allowed until it is bound.
    pub(super) bound: RwLock<Option<Bound>>,
    revision: AtomicU64,
    /// Whether it is to be bound again.
    stale: AtomicBool,
    /// The code of [`Access::ended`]; 0 while the connection lives.
    ended: AtomicU8,
}

impl DeviceAccess {
    pub(super) fn new(
        live: &Arc<Live>,
        device: &Device,
        transport: Transport,
        client_id: &str,
        persists: bool,
        will_topic: Option<&str>,
    ) -> Self {
        Self {
            client_id: client_id.into(),
            number: live.number(),
            device: device.clone(),
            transport,
            persists,
            will_topic: will_topic.map(Into::into),
            live: Arc::clone(live),
            binding: Mutex::new(()),
            bound: RwLock::new(None),
            revision: AtomicU64::new(0),
            stale: AtomicBool::new(false),
            ended: AtomicU8::new(0),
        }
    }

    pub(super) fn end(&self, reason: ReasonCode) {
        self.ended.store(reason.byte(), Ordering::Release);
        self.revision.fetch_add(1, Ordering::Release);
    }

    pub(super) fn set(&self, bound: Bound) {
        *self.bound.write() = Some(bound);
        self.revision.fetch_add(1, Ordering::Release);
    }

    /// Whether it was not stale before.
    pub(super) fn mark_stale(&self) -> bool {
        !self.stale.swap(true, Ordering::AcqRel)
    }

    pub(super) fn unmark_stale(&self) {
        self.stale.store(false, Ordering::Release);
    }

    pub(super) fn decides(&self, request: &Request<'_>) -> bool {
        self.ended.load(Ordering::Acquire) == 0
            && self
                .bound
                .read()
                .as_ref()
                .is_some_and(|bound| bound.decide(request, super::unix_seconds()).is_allowed())
    }
}

impl Drop for DeviceAccess {
    fn drop(&mut self) {
        self.live.remove_device(self);
    }
}

impl Access for DeviceAccess {
    fn allows(&self, operation: Operation<'_>) -> bool {
        self.decides(&super::request(operation))
    }

    fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    fn ended(&self) -> Option<ReasonCode> {
        ReasonCode::from_byte(self.ended.load(Ordering::Acquire)).filter(|code| code.is_error())
    }

    fn principal(&self) -> Option<Principal> {
        Some(Principal::Certificate {
            id: self.device.certificate_id.to_string(),
            source_ip: self.device.source_ip,
            domain_name: self.device.domain_name.clone(),
            by_web_socket: self.transport == Transport::WebSocket,
        })
    }
}
