//! How sessions and messages stand in the store.
//!
//! Client identifiers and filters hold no NUL (MQTT 5.0 [MQTT-1.5.4-2]), so that one separates the parts of a key.

use core::num::NonZeroU64;

use bytes::{BufMut, Bytes, BytesMut};
use mqtt_codec::{
    Decoder, Delivery as Wire, Encoder, Packet, PacketId, PreparedPublish, Publish, QoS, Recipient,
    Status, SubscriptionId, Version,
};
use serde::{Deserialize, Serialize};

use super::message::{Delivery, Granted, Identifiers, Message};
use super::will::Will;
use crate::access::Principal;
use crate::store::{StoreError, StoreErrorKind};

/// A session without what it subscribes to and is owed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SessionRecord {
    pub(super) expiry: u32,
    /// When its last connection ended; `None` while one is there.
    pub(super) disconnected: Option<u64>,
    pub(super) will: Option<WillRecord>,
}

/// A will that has not been published.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WillRecord {
    frame: Vec<u8>,
    qos: u8,
    pub(super) delay_seconds: u32,
    /// Who left it, to be asked when it is due.
    pub(super) principal: Option<Principal>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SubscriptionRecord {
    qos: u8,
    no_local: bool,
    retain_as_published: bool,
    identifier: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
struct MessageRecord<'a> {
    qos: u8,
    arrived: u64,
    expires: Option<u64>,
    /// A 5.0 PUBLISH of QoS 0.
    #[serde(borrow)]
    frame: &'a [u8],
}

/// One place in the queue of a session.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct QueueRecord {
    pub(super) message: u64,
    qos: u8,
    pub(super) retain: bool,
    identifiers: Vec<u32>,
    pub(super) packet_id: Option<u16>,
    /// Whether PUBREC has come.
    pub(super) released: bool,
}

fn corrupt(what: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, what)
}

fn write(record: &impl Serialize) -> Bytes {
    // Serializing plain data into memory has no way to fail.
    postcard::to_allocvec(record).unwrap_or_default().into()
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8], what: &str) -> Result<T, StoreError> {
    postcard::from_bytes(bytes).map_err(|_| corrupt(what))
}

fn qos(bits: u8) -> Result<QoS, StoreError> {
    QoS::from_bits(bits).ok_or_else(|| corrupt("a quality of service that is none"))
}

/// The key of something that a client has.
fn of_client(client_id: &str, rest: &[u8]) -> Bytes {
    let mut key =
        BytesMut::with_capacity(client_id.len().saturating_add(rest.len()).saturating_add(1));
    key.put_slice(client_id.as_bytes());
    key.put_u8(0);
    key.put_slice(rest);
    key.freeze()
}

/// The client and the rest of such a key.
pub(super) fn client_and_rest(key: &[u8]) -> Result<(&str, &[u8]), StoreError> {
    let at = key
        .iter()
        .position(|byte| *byte == 0)
        .ok_or_else(|| corrupt("a key without a client identifier"))?;
    let (client, rest) = key.split_at(at);
    let client = core::str::from_utf8(client).map_err(|_| corrupt("a client identifier"))?;
    Ok((client, rest.get(1..).unwrap_or_default()))
}

pub(super) fn subscription_key(client_id: &str, filter: &str) -> Bytes {
    of_client(client_id, filter.as_bytes())
}

pub(super) fn queue_key(client_id: &str, row: NonZeroU64) -> Bytes {
    of_client(client_id, &row.get().to_be_bytes())
}

pub(super) fn incoming_key(client_id: &str, id: PacketId) -> Bytes {
    of_client(client_id, &id.get().to_be_bytes())
}

pub(super) fn message_key(id: u64) -> Bytes {
    Bytes::copy_from_slice(&id.to_be_bytes())
}

/// A number in a key.
pub(super) fn number(bytes: &[u8]) -> Result<u64, StoreError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| corrupt("the key of a message"))?;
    Ok(u64::from_be_bytes(bytes))
}

/// A packet identifier in a key.
pub(super) fn packet_id(bytes: &[u8]) -> Result<PacketId, StoreError> {
    bytes
        .try_into()
        .ok()
        .and_then(|bytes| PacketId::new(u16::from_be_bytes(bytes)))
        .ok_or_else(|| corrupt("a packet identifier"))
}

impl SessionRecord {
    pub(super) fn write(&self) -> Bytes {
        write(self)
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        read(bytes, "a session")
    }
}

impl WillRecord {
    pub(super) fn of(will: &Will) -> Self {
        let mut frame = Vec::new();
        // What was built is valid, and 5.0 can say all of it.
        let _ = Encoder::new(Version::V5).encode(&will.publish, &mut frame);
        Self {
            frame,
            qos: will.qos.bits(),
            delay_seconds: will.delay_seconds,
            principal: will.left_by.principal(),
        }
    }

    pub(super) fn publish(&self) -> Result<(Publish, QoS), StoreError> {
        Ok((publish(&self.frame)?, qos(self.qos)?))
    }
}

pub(super) fn write_subscription(granted: Granted) -> Bytes {
    write(&SubscriptionRecord {
        qos: granted.qos.bits(),
        no_local: granted.no_local,
        retain_as_published: granted.retain_as_published,
        identifier: granted.identifier.map(core::num::NonZeroU32::get),
    })
}

pub(super) fn read_subscription(bytes: &[u8]) -> Result<Granted, StoreError> {
    let record: SubscriptionRecord = read(bytes, "a subscription")?;
    Ok(Granted {
        qos: qos(record.qos)?,
        no_local: record.no_local,
        retain_as_published: record.retain_as_published,
        identifier: record.identifier.and_then(core::num::NonZeroU32::new),
    })
}

/// A message as it is kept.
pub(super) fn write_message(message: &Message) -> Bytes {
    let publish = &message.publish;
    let mut frame = Vec::new();
    // 5.0 can say all that a message says, and no limit is set.
    let _ = publish.encode_head(
        &Encoder::new(Version::V5),
        &Recipient::new(Wire::AtMostOnce),
        &mut frame,
    );
    frame.extend_from_slice(publish.payload());
    write(&MessageRecord {
        qos: message.qos.bits(),
        arrived: message.arrived,
        expires: message.expires.map(NonZeroU64::get),
        frame: &frame,
    })
}

pub(super) fn read_message(bytes: &[u8]) -> Result<Message, StoreError> {
    let record: MessageRecord<'_> = read(bytes, "a message")?;
    Ok(Message {
        publish: PreparedPublish::new(&publish(record.frame)?),
        qos: qos(record.qos)?,
        arrived: record.arrived,
        expires: record.expires.and_then(NonZeroU64::new),
        row: None,
        receipt: None,
    })
}

fn publish(frame: &[u8]) -> Result<Publish, StoreError> {
    let mut decoder = Decoder::any(Version::V5).with_max_packet_size(u32::MAX);
    match decoder.decode_frame(Bytes::copy_from_slice(frame)) {
        Ok(Status::Complete(Packet::Publish(publish))) => Ok(publish),
        _ => Err(corrupt("the packet of a message")),
    }
}

/// A place in a queue, before it is sent or after.
pub(super) fn write_delivery(
    delivery: &Delivery,
    packet_id: Option<PacketId>,
    released: bool,
) -> Bytes {
    write(&QueueRecord {
        message: delivery.message.row.as_ref().map_or(0, |row| row.id),
        qos: delivery.qos.bits(),
        retain: delivery.retain,
        identifiers: delivery
            .identifiers
            .as_slice()
            .iter()
            .map(|id| id.get())
            .collect(),
        packet_id: packet_id.map(PacketId::get),
        released,
    })
}

impl QueueRecord {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        read(bytes, "a place in a queue")
    }

    pub(super) fn qos(&self) -> Result<QoS, StoreError> {
        qos(self.qos)
    }

    pub(super) fn identifiers(&self) -> Identifiers {
        let mut all = Identifiers::None;
        for id in &self.identifiers {
            all.add(SubscriptionId::new(*id));
        }
        all
    }
}

/// A filter as the client wrote it.
pub(super) fn filter_text(filter: &str, share: Option<&str>) -> String {
    match share {
        Some(share) => format!("$share/{share}/{filter}"),
        None => filter.to_owned(),
    }
}
