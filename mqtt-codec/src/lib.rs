#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        reason = "a test fails by panicking"
    )
)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod ack;
#[cfg(feature = "arbitrary")]
mod arbitrary_packet;
mod auth;
mod build_error;
mod connack;
mod connect;
mod connect_builder;
mod connect_layout;
mod decode_error;
mod decoder;
mod describe;
mod disconnect;
mod encode_error;
mod encoder;
mod header;
mod leniency;
mod listed;
mod packet;
mod packet_id;
mod peek;
mod prepared;
mod properties;
mod property;
mod property_block;
mod property_buf;
mod publish;
mod publish_builder;
mod publish_layout;
mod qos;
mod quick;
mod reader;
mod reason;
mod reasoned;
mod recipient;
mod rules;
#[cfg(feature = "serde")]
mod serialize;
mod statement;
mod status;
mod storage;
mod stream;
mod suback;
mod subscribe;
mod subscription_id;
mod text;
#[cfg(feature = "tokio")]
mod tokio_codec;
mod topic;
mod unsuback;
mod unsubscribe;
mod varint;
mod version;
mod will;
mod wire;

pub use ack::{AckBuilder, PubAck, PubComp, PubRec, PubRel};
#[cfg(feature = "arbitrary")]
pub use arbitrary_packet::VersionedPacket;
pub use auth::{Auth, AuthBuilder};
pub use build_error::{BuildError, BuildErrorKind};
pub use connack::{ConnAck, ConnAckBuilder};
pub use connect::Connect;
pub use connect_builder::ConnectBuilder;
pub use decode_error::{DecodeError, DecodeErrorKind, Field, Reaction};
pub use decoder::Decoder;
pub use disconnect::{Disconnect, DisconnectBuilder};
pub use encode_error::{EncodeError, EncodeErrorKind};
pub use encoder::{Encode, Encoder};
pub use header::PacketType;
pub use leniency::Leniency;
pub use packet::{Packet, PacketView};
pub use packet_id::PacketId;
pub use peek::Peek;
pub use prepared::PreparedPublish;
pub use properties::{Properties, PropertyIter};
pub use property::{Property, PropertyId};
pub use property_buf::PropertiesBuf;
pub use publish::Publish;
pub use publish_builder::PublishBuilder;
pub use qos::{Delivery, QoS};
pub use reason::ReasonCode;
pub use recipient::{Recipient, TopicForm};
pub use status::Status;
pub use storage::Storage;
pub use stream::{Event, EventView, StreamDecoder};
pub use suback::{ReasonCodes, SubAck, SubAckBuilder};
pub use subscribe::{
    Filters, RetainHandling, Subscribe, SubscribeBuilder, Subscription, SubscriptionOptions,
};
pub use subscription_id::SubscriptionId;
#[cfg(feature = "tokio")]
pub use tokio_codec::{CodecError, MqttCodec};
pub use unsuback::{UnsubAck, UnsubAckBuilder};
pub use unsubscribe::{TopicFilters, Unsubscribe, UnsubscribeBuilder};
pub use varint::{EncodedInteger, VariableByteInteger};
pub use version::Version;
pub use will::Will;
