use alloc::vec::Vec;

use bytes::{Buf, BufMut, Bytes};

use crate::ack::{self, PubAck, PubComp, PubRec, PubRel};
use crate::auth::{self, Auth};
use crate::build_error::BuildError;
use crate::connack::{self, ConnAck};
use crate::connect::Connect;
use crate::connect_layout;
use crate::decode_error::Field;
use crate::disconnect::{self, Disconnect};
use crate::encode_error::EncodeError;
use crate::encoder::Encoder;
use crate::header::HeaderBytes;
use crate::publish::Publish;
use crate::publish_layout;
use crate::reader::{Context, Result, Sender, short};
use crate::storage::{Source, Storage};
use crate::suback::{self, SubAck};
use crate::subscribe::{self, Subscribe};
use crate::unsuback::{self, UnsubAck};
use crate::unsubscribe::{self, Unsubscribe};
use crate::varint::VariableByteInteger;
use crate::wire::{Ready, Trim, Wire};
use crate::{Encode, Leniency, PacketId, PacketType, Version};

/// A control packet of any version: owned over one shared frame, or as a [`PacketView`] over a slice.
///
/// The types carry what 5.0 can say; a packet of 3.x is the same type without properties. A value is proof that its
/// bytes obey every rule a codec can check, however it was made.
///
/// ```
/// use mqtt_codec::{Decoder, Packet, Version};
///
/// let (packet, _) = Decoder::any(Version::V311).decode(&[0x40, 0x02, 0x00, 0x07])?.complete().unwrap();
/// let Packet::PubAck(ack) = packet else { panic!("not a PUBACK") };
/// assert_eq!(ack.packet_id().get(), 7);
/// # Ok::<(), mqtt_codec::DecodeError>(())
/// ```
#[derive(Clone, Copy)]
pub enum Packet<S = Bytes> {
    /// 0x1
    Connect(Connect<S>),
    /// 0x2
    ConnAck(ConnAck<S>),
    /// 0x3
    Publish(Publish<S>),
    /// 0x4
    PubAck(PubAck<S>),
    /// 0x5
    PubRec(PubRec<S>),
    /// 0x6
    PubRel(PubRel<S>),
    /// 0x7
    PubComp(PubComp<S>),
    /// 0x8
    Subscribe(Subscribe<S>),
    /// 0x9
    SubAck(SubAck<S>),
    /// 0xA
    Unsubscribe(Unsubscribe<S>),
    /// 0xB
    UnsubAck(UnsubAck<S>),
    /// 0xC
    PingReq,
    /// 0xD
    PingResp,
    /// 0xE
    Disconnect(Disconnect<S>),
    /// 0xF
    Auth(Auth<S>),
}

/// A packet as a view over the bytes that it was read from; nothing is allocated.
///
/// ```
/// use mqtt_codec::{Decoder, Packet, PacketView, Version};
///
/// let bytes = [0xC0, 0x00];
/// let (view, _): (PacketView<'_>, usize) = Decoder::any(Version::V5).decode(&bytes)?.complete().unwrap();
/// let owned: Packet = view.to_owned_packet();
/// assert_eq!(owned, Packet::PingReq);
/// # Ok::<(), mqtt_codec::DecodeError>(())
/// ```
pub type PacketView<'a> = Packet<&'a [u8]>;

/// The packet in each variant, and something else for those without content.
macro_rules! each {
    ($self:expr, $packet:ident => $then:expr, $empty:ident => $else:expr) => {
        match $self {
            crate::Packet::Connect($packet) => $then,
            crate::Packet::ConnAck($packet) => $then,
            crate::Packet::Publish($packet) => $then,
            crate::Packet::PubAck($packet) => $then,
            crate::Packet::PubRec($packet) => $then,
            crate::Packet::PubRel($packet) => $then,
            crate::Packet::PubComp($packet) => $then,
            crate::Packet::Subscribe($packet) => $then,
            crate::Packet::SubAck($packet) => $then,
            crate::Packet::Unsubscribe($packet) => $then,
            crate::Packet::UnsubAck($packet) => $then,
            crate::Packet::Disconnect($packet) => $then,
            crate::Packet::Auth($packet) => $then,
            crate::Packet::PingReq => {
                let $empty = crate::PacketType::PingReq;
                $else
            }
            crate::Packet::PingResp => {
                let $empty = crate::PacketType::PingResp;
                $else
            }
        }
    };
}

#[cfg(feature = "serde")]
pub(crate) use each;

impl<S: Storage> Packet<S> {
    /// The type of the packet.
    ///
    /// ```
    /// use mqtt_codec::{Packet, PacketType};
    ///
    /// let packet: Packet = Packet::PingReq;
    /// assert_eq!(packet.packet_type(), PacketType::PingReq);
    /// ```
    #[must_use]
    #[inline]
    pub fn packet_type(&self) -> PacketType {
        each!(self, packet => packet.packet_type(), empty => empty)
    }

    /// The Packet Identifier, if the packet has one.
    ///
    /// ```
    /// use mqtt_codec::{Packet, PacketId, PubAck};
    ///
    /// assert_eq!(Packet::from(PubAck::new(PacketId::MIN)).packet_id(), Some(PacketId::MIN));
    /// assert_eq!(<Packet>::PingReq.packet_id(), None);
    /// ```
    #[must_use]
    pub fn packet_id(&self) -> Option<PacketId> {
        match self {
            Self::Publish(packet) => packet.packet_id(),
            Self::PubAck(packet) => Some(packet.packet_id()),
            Self::PubRec(packet) => Some(packet.packet_id()),
            Self::PubRel(packet) => Some(packet.packet_id()),
            Self::PubComp(packet) => Some(packet.packet_id()),
            Self::Subscribe(packet) => Some(packet.packet_id()),
            Self::SubAck(packet) => Some(packet.packet_id()),
            Self::Unsubscribe(packet) => Some(packet.packet_id()),
            Self::UnsubAck(packet) => Some(packet.packet_id()),
            _ => None,
        }
    }

    /// The same packet as a view; costs nothing.
    ///
    /// ```
    /// use mqtt_codec::{Packet, PacketId, PacketView, PubAck};
    ///
    /// let owned = Packet::from(PubAck::new(PacketId::MIN));
    /// let view: PacketView<'_> = owned.as_view();
    /// assert_eq!(view.packet_id(), owned.packet_id());
    /// ```
    #[must_use]
    pub fn as_view(&self) -> PacketView<'_> {
        each!(self, packet => packet.as_view().into(), empty => match empty {
            PacketType::PingReq => Packet::PingReq,
            _ => Packet::PingResp,
        })
    }

    /// The same packet with a copy of its bytes: one that outlives what a view was read from, or does not keep the
    /// whole buffer that an owned packet came in.
    ///
    /// ```
    /// use mqtt_codec::{Decoder, Packet, Version};
    ///
    /// let mut buffer = *b"\x30\x04\x00\x01ax";
    /// let (view, _) = Decoder::any(Version::V311).decode(&buffer)?.complete().unwrap();
    /// let kept: Packet = view.to_owned_packet();
    /// buffer.fill(0);
    /// let Packet::Publish(publish) = kept else { panic!() };
    /// assert_eq!(publish.topic(), "a");
    /// # Ok::<(), mqtt_codec::DecodeError>(())
    /// ```
    #[must_use]
    pub fn to_owned_packet(&self) -> Packet {
        each!(self, packet => packet.to_owned_packet().into(), empty => match empty {
            PacketType::PingReq => Packet::PingReq,
            _ => Packet::PingResp,
        })
    }

    /// Takes a whole frame from its source and judges it. The fixed header was judged before.
    #[inline]
    pub(crate) fn parse(
        cx: Context,
        told: bool,
        header: u8,
        source: impl Source<S>,
    ) -> Result<Self> {
        let frame = source.frame();
        Ok(match cx.packet {
            PacketType::Publish => {
                let layout = publish_layout::Layout::parse(frame, header, cx)?;
                Self::Publish(Publish::new(source.take(), layout))
            }
            PacketType::PubAck | PacketType::PubRec | PacketType::PubRel | PacketType::PubComp => {
                let layout = ack::Layout::parse(frame, header, cx)?;
                let frame = keep(source, layout.has_properties());
                match cx.packet {
                    PacketType::PubAck => Self::PubAck(PubAck::from_layout(frame, layout)),
                    PacketType::PubRec => Self::PubRec(PubRec::from_layout(frame, layout)),
                    PacketType::PubRel => Self::PubRel(PubRel::from_layout(frame, layout)),
                    _ => Self::PubComp(PubComp::from_layout(frame, layout)),
                }
            }
            PacketType::Connect => {
                let layout = connect_layout::Layout::parse(frame, header, cx, told)?;
                Self::Connect(Connect::from_layout(source.take(), layout))
            }
            PacketType::ConnAck => {
                let layout = connack::Layout::parse(frame, header, cx)?;
                Self::ConnAck(ConnAck::from_layout(
                    keep(source, layout.has_properties()),
                    layout,
                ))
            }
            PacketType::Subscribe => {
                let layout = subscribe::parse(frame, header, cx)?;
                Self::Subscribe(Subscribe::from_layout(source.take(), layout))
            }
            PacketType::SubAck => {
                let layout = suback::parse(frame, header, cx)?;
                Self::SubAck(SubAck::from_layout(source.take(), layout))
            }
            PacketType::Unsubscribe => {
                let layout = unsubscribe::parse(frame, header, cx)?;
                Self::Unsubscribe(Unsubscribe::from_layout(source.take(), layout))
            }
            PacketType::UnsubAck => {
                let layout = unsuback::parse(frame, header, cx)?;
                Self::UnsubAck(UnsubAck::from_layout(
                    keep(source, layout.has_list()),
                    layout,
                ))
            }
            PacketType::PingReq => {
                source.discard();
                Self::PingReq
            }
            PacketType::PingResp => {
                source.discard();
                Self::PingResp
            }
            PacketType::Disconnect => {
                let layout = disconnect::parse(frame, header, cx)?;
                Self::Disconnect(Disconnect::from_layout(
                    keep(source, layout.has_properties()),
                    layout,
                ))
            }
            PacketType::Auth => {
                let layout = auth::parse(frame, header, cx)?;
                Self::Auth(Auth::from_layout(
                    keep(source, layout.has_properties()),
                    layout,
                ))
            }
        })
    }
}

/// Keeps a frame only if there is more in it than the numbers of its layout.
#[inline]
fn keep<S: Storage>(source: impl Source<S>, needed: bool) -> S {
    if needed {
        source.take()
    } else {
        source.discard();
        S::default()
    }
}

// Of the same level only, so that `packet == Packet::PingReq` needs no type.
impl<S: Storage> PartialEq for Packet<S> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Connect(a), Self::Connect(b)) => a == b,
            (Self::ConnAck(a), Self::ConnAck(b)) => a == b,
            (Self::Publish(a), Self::Publish(b)) => a == b,
            (Self::PubAck(a), Self::PubAck(b)) => a == b,
            (Self::PubRec(a), Self::PubRec(b)) => a == b,
            (Self::PubRel(a), Self::PubRel(b)) => a == b,
            (Self::PubComp(a), Self::PubComp(b)) => a == b,
            (Self::Subscribe(a), Self::Subscribe(b)) => a == b,
            (Self::SubAck(a), Self::SubAck(b)) => a == b,
            (Self::Unsubscribe(a), Self::Unsubscribe(b)) => a == b,
            (Self::UnsubAck(a), Self::UnsubAck(b)) => a == b,
            (Self::Disconnect(a), Self::Disconnect(b)) => a == b,
            (Self::Auth(a), Self::Auth(b)) => a == b,
            (Self::PingReq, Self::PingReq) | (Self::PingResp, Self::PingResp) => true,
            _ => false,
        }
    }
}

impl<S: Storage> Eq for Packet<S> {}

impl<S: Storage> core::fmt::Debug for Packet<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        each!(self, packet => packet.fmt(f), empty => core::fmt::Debug::fmt(&empty, f))
    }
}

impl<S: Storage> Encode for Packet<S> {}

impl<S: Storage> Wire for Packet<S> {
    #[inline]
    fn packet_type(&self) -> PacketType {
        Self::packet_type(self)
    }

    #[inline(always)]
    fn ready(&self, version: Version) -> Ready<'_> {
        match self {
            Self::Publish(packet) => packet.ready(version),
            Self::PubAck(packet) => packet.ready(version),
            Self::PubRec(packet) => packet.ready(version),
            Self::PubRel(packet) => packet.ready(version),
            Self::PubComp(packet) => packet.ready(version),
            _ => Ready::No,
        }
    }

    #[inline]
    fn may_come_from(&self, sender: Sender) -> core::result::Result<(), Field> {
        each!(self, packet => packet.may_come_from(sender), _empty => Ok(()))
    }

    #[inline]
    fn remaining(&self, to: &Encoder, trim: Trim) -> core::result::Result<usize, EncodeError> {
        each!(self, packet => packet.remaining(to, trim), _empty => Ok(0))
    }

    #[inline]
    fn write<B: BufMut + ?Sized>(&self, version: Version, trim: Trim, remaining: u32, out: &mut B) {
        each!(self, packet => packet.write(version, trim, remaining, out), empty => {
            out.put_slice(HeaderBytes::new(empty.first_byte(), 0).as_slice());
        });
    }
}

/// How what a builder wrote is judged: as strictly as what a peer sends.
pub(crate) const BUILDER: Judge = Judge;

pub(crate) struct Judge;

impl Judge {
    pub(crate) const fn context(self, packet: PacketType) -> Context {
        Context {
            version: Version::V5,
            packet,
            sender: Sender::Anyone,
            leniency: Leniency::NONE,
        }
    }
}

/// Refuses a body that no Remaining Length can announce.
pub(crate) fn check_size(remaining: usize) -> core::result::Result<(), BuildError> {
    match u32::try_from(remaining) {
        Ok(remaining) if VariableByteInteger::new(remaining).is_some() => Ok(()),
        _ => Err(BuildError::packet_too_large(remaining.saturating_add(5))),
    }
}

/// Writes a body of `room` bytes behind space for the longest fixed header, and puts the header right before it: one
/// allocation, no copy. Gives the frame and the length of its header.
pub(crate) fn frame(
    first: u8,
    room: usize,
    write: impl FnOnce(&mut Vec<u8>) -> core::result::Result<(), BuildError>,
) -> core::result::Result<(Bytes, u8), BuildError> {
    const SPACE: usize = 5;
    check_size(room)?;
    let mut frame = Vec::with_capacity(room.saturating_add(SPACE));
    frame.extend_from_slice(&[0; SPACE]);
    write(&mut frame)?;
    let remaining = frame.len().saturating_sub(SPACE);
    check_size(remaining)?;
    let header = HeaderBytes::new(first, short(remaining));
    let unused = SPACE.saturating_sub(header.as_slice().len());
    if let Some(space) = frame.get_mut(unused..SPACE) {
        space.copy_from_slice(header.as_slice());
    }
    let mut frame = Bytes::from(frame);
    frame.advance(unused);
    Ok((frame, header.len()))
}
