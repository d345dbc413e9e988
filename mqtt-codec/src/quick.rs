//! The quick way through a decoder: most of what comes is a PUBLISH or an acknowledgement like one that was judged before.

use crate::ack::{self, PubAck, PubComp, PubRec, PubRel};
use crate::packet::Packet;
use crate::publish::Publish;
use crate::publish_layout::Layout;
use crate::rules::Rules;
use crate::storage::{Source, Storage};
use crate::{PacketId, PacketType, Version};

/// A packet against which there is nothing to say.
#[derive(Clone, Copy)]
pub(crate) enum Quick {
    Publish(Layout),
    Ack(AckType, PacketId),
}

#[derive(Clone, Copy)]
pub(crate) enum AckType {
    Ack,
    Rec,
    Rel,
    Comp,
}

impl Quick {
    /// A whole PUBLISH or acknowledgement of an identifier alone, with a first byte like one that was judged before and
    /// a length of one or two bytes. Gives the length of the packet too. `None` leaves it to the thorough way to say what
    /// is the matter, if anything is.
    #[inline(always)]
    pub(crate) fn read(bytes: &[u8], known: &KnownBytes, rules: &Rules) -> Option<(Self, usize)> {
        let (&first, rest) = bytes.split_first()?;
        if !known.contains(first) {
            return None;
        }
        let (&low, rest) = rest.split_first()?;
        let (remaining, header, rest) = if low < 0x80 {
            (u16::from(low), 2, rest)
        } else {
            match rest.split_first()? {
                (&high @ 1..=0x7F, rest) => {
                    (u16::from(low & 0x7F) | (u16::from(high) << 7), 3, rest)
                }
                _ => return None,
            }
        };
        let body = rest.get(..usize::from(remaining))?;
        let total = remaining.saturating_add(u16::from(header));
        if u32::from(total) > rules.max_packet_size {
            return None;
        }
        let quick = if first >> 4 == PacketType::Publish.code() {
            let has_properties = rules.version.is_some_and(Version::has_properties);
            let layout = match Layout::quick(first, header, body, has_properties) {
                Some(layout) => layout,
                None => {
                    let frame = bytes.get(..usize::from(total))?;
                    let cx = rules.context(PacketType::Publish);
                    Layout::parse(frame, header, cx).ok()?
                }
            };
            Self::Publish(layout)
        } else {
            let (&[high, low], []) = body.split_first_chunk()? else {
                return None;
            };
            let packet_id = PacketId::new(u16::from_be_bytes([high, low]))?;
            let ack = match first >> 4 {
                0x4 => AckType::Ack,
                0x5 => AckType::Rec,
                0x6 => AckType::Rel,
                0x7 => AckType::Comp,
                _ => return None,
            };
            Self::Ack(ack, packet_id)
        };
        Some((quick, usize::from(total)))
    }

    #[inline(always)]
    pub(crate) fn packet<S: Storage>(self, source: impl Source<S>) -> Packet<S> {
        let (ack, id) = match self {
            Self::Publish(layout) => return Packet::Publish(Publish::new(source.take(), layout)),
            Self::Ack(ack, id) => (ack, ack::Layout::plain(id)),
        };
        source.discard();
        match ack {
            AckType::Ack => Packet::PubAck(PubAck::from_layout(S::default(), id)),
            AckType::Rec => Packet::PubRec(PubRec::from_layout(S::default(), id)),
            AckType::Rel => Packet::PubRel(PubRel::from_layout(S::default(), id)),
            AckType::Comp => Packet::PubComp(PubComp::from_layout(S::default(), id)),
        }
    }
}

/// First bytes that were judged before and found good, so that the next packet of the kind is not judged again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownBytes([u64; 4]);

impl KnownBytes {
    pub(crate) const NONE: Self = Self([0; 4]);

    #[inline]
    fn contains(&self, byte: u8) -> bool {
        self.0
            .get(usize::from(byte >> 6))
            .is_some_and(|word| (word >> (byte & 0x3F)) & 1 != 0)
    }

    pub(crate) fn insert(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 0x3F);
        }
    }
}
