//! From a section to JSON: its state, and the metadata that mirrors it.

use alloc::vec::Vec;

use super::format::{OpenObject, push_leaf, push_null};
use super::{Event, Walk};
use crate::json::{write_stamp, write_stamps};
use crate::time::EpochSeconds;

/// Appends the walked members as one JSON object.
pub(crate) fn write_state(walk: Walk<'_>, out: &mut Vec<u8>) {
    let mut object = Object::begin(out);
    for event in walk {
        match event {
            Event::Leaf { name, text, .. } => {
                object.name(name, out);
                out.extend_from_slice(text);
            }
            Event::Null { name } => {
                object.name(name, out);
                out.extend_from_slice(b"null");
            }
            Event::Enter { name } => {
                object.name(name, out);
                object = Object::begin(out);
            }
            Event::Leave => object = Object::end(out),
        }
    }
    Object::end(out);
}

/// Appends the metadata of the walked members: a stamp for each leaf, arrays element by element.
/// A null, which only a patch can hold, is stamped with `null_stamp`, or left out.
pub(crate) fn write_metadata(walk: Walk<'_>, null_stamp: Option<EpochSeconds>, out: &mut Vec<u8>) {
    let mut stamps = StampText::default();
    let mut object = Object::begin(out);
    for event in walk {
        match event {
            Event::Leaf { name, stamp, text } => {
                object.name(name, out);
                let stamp = stamps.of(stamp);
                if text.first() == Some(&b'[') {
                    write_stamps(text, stamp, out);
                } else {
                    out.extend_from_slice(stamp);
                }
            }
            Event::Null { name } => {
                if let Some(stamp) = null_stamp {
                    object.name(name, out);
                    out.extend_from_slice(stamps.of(stamp));
                }
            }
            Event::Enter { name } => {
                object.name(name, out);
                object = Object::begin(out);
            }
            Event::Leave => object = Object::end(out),
        }
    }
    Object::end(out);
}

/// Appends the walked members as members, without flags; their stamps are their own or `restamp`.
pub(crate) fn write_members(walk: Walk<'_>, restamp: Option<EpochSeconds>, out: &mut Vec<u8>) {
    let mut open: Vec<OpenObject> = Vec::new();
    for event in walk {
        match event {
            Event::Leaf { name, stamp, text } => {
                push_leaf(name, restamp.unwrap_or(stamp), text, out);
            }
            Event::Null { name } => {
                push_null(name, out);
            }
            Event::Enter { name } => {
                open.push(OpenObject::begin(name, 0, out));
            }
            Event::Leave => {
                if let Some(object) = open.pop() {
                    object.end(out);
                }
            }
        }
    }
}

/// The object that is open in the output.
struct Object {
    is_empty: bool,
}

impl Object {
    fn begin(out: &mut Vec<u8>) -> Self {
        out.push(b'{');
        Self { is_empty: true }
    }

    #[inline]
    fn name(&mut self, name: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(if self.is_empty { b"\"" } else { b",\"" });
        self.is_empty = false;
        out.extend_from_slice(name);
        out.extend_from_slice(b"\":");
    }

    /// Closes it; the object around it has at least this member.
    fn end(out: &mut Vec<u8>) -> Self {
        out.push(b'}');
        Self { is_empty: false }
    }
}

/// `{"timestamp":N}` for the last stamp asked for: neighbours mostly share one.
#[derive(Default)]
struct StampText {
    stamp: Option<EpochSeconds>,
    text: Vec<u8>,
}

impl StampText {
    fn of(&mut self, stamp: EpochSeconds) -> &[u8] {
        if self.stamp != Some(stamp) {
            self.stamp = Some(stamp);
            self.text.clear();
            write_stamp(stamp, &mut self.text);
        }
        &self.text
    }
}
