//! QoS 1 and 2 messages that were sent and not yet answered, in the order in which they were sent.

use std::collections::VecDeque;

use mqtt_codec::PacketId;

use super::message::Delivery;

/// A window over packet identifiers: they are given in order, so the place of an identifier is its distance from the
/// oldest one.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The identifier of the first slot.
    oldest: PacketId,
    slots: VecDeque<Slot>,
}

/// What is known of one identifier.
#[derive(Clone, Debug)]
pub(crate) enum Slot {
    /// Answered, with an older one that is not.
    Free,
    /// Sent; PUBACK or PUBREC has not come.
    Sent(Delivery),
    /// PUBREC has come; PUBCOMP has not.
    Released(Delivery),
}

/// What an answer found.
#[derive(Debug)]
pub(crate) enum Answered {
    /// The exchange is at its end.
    Done(Delivery),
    /// PUBREL is due. The delivery is still held.
    Release(Delivery),
    /// PUBREL is due once more.
    Again,
    /// There is no such exchange.
    Unknown,
}

impl Default for Outgoing {
    fn default() -> Self {
        Self {
            oldest: PacketId::MIN,
            slots: VecDeque::new(),
        }
    }
}

/// How many identifiers there are.
const IDS: usize = 65_535;

fn after(id: PacketId, steps: usize) -> PacketId {
    let sum = usize::from(id.get()).saturating_add(steps);
    let wrapped = if sum > IDS {
        sum.saturating_sub(IDS)
    } else {
        sum
    };
    u16::try_from(wrapped)
        .ok()
        .and_then(PacketId::new)
        .unwrap_or(PacketId::MIN)
}

impl Outgoing {
    /// Whether another identifier can be given.
    pub(crate) fn has_room(&self) -> bool {
        self.slots.len() < IDS
    }

    /// Gives the next identifier to a delivery. Only when there [is room](Self::has_room).
    pub(crate) fn send(&mut self, delivery: Delivery) -> PacketId {
        let id = after(self.oldest, self.slots.len());
        self.slots.push_back(Slot::Sent(delivery));
        id
    }

    /// Puts back what the store had, in any order of identifiers.
    pub(crate) fn restore(&mut self, mut exchanges: Vec<(PacketId, Slot)>) {
        // The identifiers of one window lie together; the gap that is largest is where it begins.
        exchanges.sort_by_key(|(id, _)| id.get());
        let distance = |from: PacketId, to: PacketId| {
            usize::from(to.get())
                .saturating_add(IDS)
                .saturating_sub(usize::from(from.get()))
                % IDS
        };
        let ids: Vec<PacketId> = exchanges.iter().map(|(id, _)| *id).collect();
        let before = ids.iter().cycle().skip(ids.len().saturating_sub(1));
        let start = before
            .zip(&ids)
            .enumerate()
            .max_by_key(|(_, (last, next))| distance(**last, **next))
            .map_or(0, |(at, _)| at);
        if let Some(mid) = exchanges.get(start).map(|_| start) {
            exchanges.rotate_left(mid);
        }
        *self = Self::default();
        for (id, slot) in exchanges {
            if self.slots.is_empty() {
                self.oldest = id;
            }
            while after(self.oldest, self.slots.len()) != id && self.has_room() {
                self.slots.push_back(Slot::Free);
            }
            self.slots.push_back(slot);
        }
    }

    fn slot(&mut self, id: PacketId) -> Option<&mut Slot> {
        let (id, oldest) = (usize::from(id.get()), usize::from(self.oldest.get()));
        let at = if id >= oldest {
            id.saturating_sub(oldest)
        } else {
            id.saturating_add(IDS).saturating_sub(oldest)
        };
        self.slots.get_mut(at)
    }

    /// Takes the delivery out and moves the window past what is free.
    fn finish(&mut self, id: PacketId) -> Option<Delivery> {
        let slot = self.slot(id)?;
        let delivery = match core::mem::replace(slot, Slot::Free) {
            Slot::Free => return None,
            Slot::Sent(delivery) | Slot::Released(delivery) => delivery,
        };
        while let Some(Slot::Free) = self.slots.front() {
            self.slots.pop_front();
            self.oldest = after(self.oldest, 1);
        }
        Some(delivery)
    }

    /// PUBACK, or PUBREC with an error: the message is done with.
    pub(crate) fn acknowledged(&mut self, id: PacketId) -> Answered {
        match self.slot(id) {
            Some(Slot::Sent(_)) => self.finish(id).map_or(Answered::Unknown, Answered::Done),
            Some(Slot::Free | Slot::Released(_)) | None => Answered::Unknown,
        }
    }

    /// PUBREC.
    pub(crate) fn received(&mut self, id: PacketId) -> Answered {
        match self.slot(id) {
            Some(slot) => match slot {
                Slot::Sent(delivery) => {
                    let delivery = delivery.clone();
                    *slot = Slot::Released(delivery.clone());
                    Answered::Release(delivery)
                }
                Slot::Released(_) => Answered::Again,
                Slot::Free => Answered::Unknown,
            },
            None => Answered::Unknown,
        }
    }

    /// PUBCOMP.
    pub(crate) fn completed(&mut self, id: PacketId) -> Answered {
        match self.slot(id) {
            Some(Slot::Released(_)) => self.finish(id).map_or(Answered::Unknown, Answered::Done),
            Some(Slot::Free | Slot::Sent(_)) | None => Answered::Unknown,
        }
    }

    /// Gives an identifier back that is not to be sent, or not again.
    pub(crate) fn take_back(&mut self, id: PacketId) -> Option<Delivery> {
        self.finish(id)
    }

    pub(crate) fn get(&mut self, id: PacketId) -> Option<&Slot> {
        self.slot(id).map(|slot| &*slot)
    }

    /// All deliveries that are not answered.
    pub(crate) fn deliveries_mut(&mut self) -> impl Iterator<Item = &mut Delivery> {
        self.slots.iter_mut().filter_map(|slot| match slot {
            Slot::Free => None,
            Slot::Sent(delivery) | Slot::Released(delivery) => Some(delivery),
        })
    }

    /// Everything that is not answered, the oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (PacketId, &Slot)> {
        let oldest = self.oldest;
        self.slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| !matches!(slot, Slot::Free))
            .map(move |(at, slot)| (after(oldest, at), slot))
    }
}
