use alloc::vec::Vec;

use super::format::{Members, Value, WHOLE};
use crate::time::EpochSeconds;

/// One step through a section.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event<'a> {
    Leaf {
        name: &'a [u8],
        stamp: EpochSeconds,
        text: &'a [u8],
    },
    Null {
        name: &'a [u8],
    },
    Enter {
        name: &'a [u8],
    },
    Leave,
}

/// The newest stamp of all leaves; `None` without leaves.
pub(crate) fn newest_stamp(section: Members<'_>) -> Option<EpochSeconds> {
    let stamp = |event| match event {
        Event::Leaf { stamp, .. } => Some(stamp),
        _ => None,
    };
    Walk::new(section).filter_map(stamp).max()
}

/// The events of a section in order, without recursion.
pub(crate) struct Walk<'a> {
    here: Members<'a>,
    outer: Vec<(Members<'a>, u8)>,
    /// Members without this flag are passed over; 0 takes all of them.
    mask: u8,
}

impl<'a> Walk<'a> {
    pub(crate) const fn new(section: Members<'a>) -> Self {
        Self::masked(section, 0)
    }

    /// Only what the flags of the tags call a difference.
    pub(crate) const fn masked(section: Members<'a>, mask: u8) -> Self {
        Self {
            here: section,
            outer: Vec::new(),
            mask,
        }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Event<'a>;

    #[inline]
    fn next(&mut self) -> Option<Event<'a>> {
        loop {
            let Some((member, rest)) = self.here.split() else {
                let (here, mask) = self.outer.pop()?;
                self.here = here;
                self.mask = mask;
                return Some(Event::Leave);
            };
            self.here = rest;
            if self.mask != 0 && member.tag & self.mask == 0 {
                continue;
            }
            let name = member.name;
            return Some(match member.value {
                Value::Leaf { stamp, text } => Event::Leaf { name, stamp, text },
                Value::Null => Event::Null { name },
                Value::Object(content) => {
                    self.outer.push((self.here, self.mask));
                    self.here = content;
                    if member.tag & WHOLE != 0 {
                        self.mask = 0;
                    }
                    Event::Enter { name }
                }
            });
        }
    }
}
