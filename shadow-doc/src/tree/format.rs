use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::time::EpochSeconds;

/// Kinds of value: the low bits of a tag.
const LEAF: u8 = 1;
const OBJECT: u8 = 2;
const NULL: u8 = 3;
const KIND: u8 = 3;

/// Flags of a tag in `desired`, kept up to date by [`refresh`](super::refresh) while both sections
/// exist: the whole value belongs to the delta.
pub(crate) const WHOLE: u8 = 0x10;
/// Something in the value differs from `reported`.
pub(crate) const STRICT: u8 = 0x20;
/// As [`STRICT`], and `{}` where `reported` has nothing counts as a difference too.
pub(crate) const LOOSE: u8 = 0x40;
pub(crate) const FLAGS: u8 = WHOLE | STRICT | LOOSE;

/// Bytes of an object's length field.
const LENGTH_FIELD: usize = 4;
const STAMP: usize = 5;

/// A cursor over the members of one object. It cannot leave its slice; bytes that are no members
/// end the iteration.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Members<'a>(pub(crate) &'a [u8]);

/// One member as it stands in the bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) tag: u8,
    pub(crate) value: Value<'a>,
    /// The whole member; the tag is its first byte.
    pub(crate) raw: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Leaf { stamp: EpochSeconds, text: &'a [u8] },
    Object(Members<'a>),
    Null,
}

impl<'a> Members<'a> {
    pub(crate) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next member and the cursor behind it; `None` also for bytes that are no member.
    #[inline]
    pub(crate) fn split(self) -> Option<(Member<'a>, Self)> {
        let (tag, rest) = self.0.split_first()?;
        let (name, value, rest) = match tag & KIND {
            LEAF => {
                let (name_len, rest) = read_length(rest)?;
                let (text_len, rest) = read_length(rest)?;
                let (name, rest) = rest.split_at_checked(name_len)?;
                let (stamp, rest) = rest.split_first_chunk::<STAMP>()?;
                let (text, rest) = rest.split_at_checked(text_len)?;
                let stamp = EpochSeconds::from_bytes(*stamp);
                (name, Value::Leaf { stamp, text }, rest)
            }
            OBJECT => {
                let (content_len, rest) = rest.split_first_chunk::<LENGTH_FIELD>()?;
                let content_len = usize::try_from(u32::from_le_bytes(*content_len)).ok()?;
                let (name_len, rest) = read_length(rest)?;
                let (name, rest) = rest.split_at_checked(name_len)?;
                let (content, rest) = rest.split_at_checked(content_len)?;
                (name, Value::Object(Members(content)), rest)
            }
            NULL => {
                let (name_len, rest) = read_length(rest)?;
                let (name, rest) = rest.split_at_checked(name_len)?;
                (name, Value::Null, rest)
            }
            _ => return None,
        };
        let raw = self.0.get(..self.0.len().saturating_sub(rest.len()))?;
        Some((
            Member {
                name,
                tag: *tag,
                value,
                raw,
            },
            Self(rest),
        ))
    }

    /// Moves past the members whose names come before `name`, and past the one that has it.
    /// Gives the bytes of the former and the latter.
    #[inline]
    pub(crate) fn seek(&mut self, name: &[u8]) -> (&'a [u8], Option<Member<'a>>) {
        let from = self.0;
        let mut here = *self;
        while let Some((member, rest)) = here.split() {
            let order = order(member.name, name);
            if order.is_ge() {
                let passed = from.len().saturating_sub(here.0.len());
                let run = from.get(..passed).unwrap_or_default();
                if order.is_eq() {
                    *self = rest;
                    return (run, Some(member));
                }
                *self = here;
                return (run, None);
            }
            here = rest;
        }
        *self = Members(&[]);
        (from, None)
    }

    /// The name of the next member alone.
    #[inline]
    pub(crate) fn first_name(self) -> Option<&'a [u8]> {
        let (tag, rest) = self.0.split_first()?;
        let (name_len, rest) = match tag & KIND {
            LEAF => {
                let (name_len, rest) = read_length(rest)?;
                (name_len, read_length(rest)?.1)
            }
            OBJECT => read_length(rest.get(LENGTH_FIELD..)?)?,
            _ => read_length(rest)?,
        };
        rest.get(..name_len)
    }

    /// The member with this name.
    pub(crate) fn find(mut self, name: &[u8]) -> Option<Member<'a>> {
        self.seek(name).1
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        let (member, rest) = self.split()?;
        *self = rest;
        Some(member)
    }
}

impl Value<'_> {
    pub(crate) const fn is_empty_object(&self) -> bool {
        matches!(self, Value::Object(members) if members.is_empty())
    }
}

/// The order of two names, bytewise, eight bytes at a time: most names are too short for a call to pay.
#[inline]
pub(crate) fn order(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a, b);
    while let (Some((x, rest_a)), Some((y, rest_b))) =
        (a.split_first_chunk::<8>(), b.split_first_chunk::<8>())
    {
        if x != y {
            return u64::from_be_bytes(*x).cmp(&u64::from_be_bytes(*y));
        }
        (a, b) = (rest_a, rest_b);
    }
    for (x, y) in a.iter().zip(b) {
        if x != y {
            return x.cmp(y);
        }
    }
    a.len().cmp(&b.len())
}

/// A LEB128 length of at most five bytes.
#[inline]
fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), rest));
    }
    read_long_length(bytes)
}

#[cold]
fn read_long_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        let shift = u32::try_from(index).ok()?.checked_mul(7)?;
        value |= u64::from(byte & 0x7F) << shift;
        if *byte < 0x80 {
            // One spelling a length: no padding with empty groups.
            if *byte == 0 {
                return None;
            }
            let rest = bytes.get(index.saturating_add(1)..)?;
            return Some((usize::try_from(u32::try_from(value).ok()?).ok()?, rest));
        }
    }
    None
}

fn push_length(length: usize, out: &mut Vec<u8>) {
    let mut left = length;
    while left >= 0x80 {
        out.push(0x80 | u8::try_from(left & 0x7F).unwrap_or_default());
        left >>= 7;
    }
    out.push(u8::try_from(left).unwrap_or_default());
}

pub(crate) fn push_leaf(name: &[u8], stamp: EpochSeconds, text: &[u8], out: &mut Vec<u8>) {
    out.push(LEAF);
    push_length(name.len(), out);
    push_length(text.len(), out);
    out.extend_from_slice(name);
    out.extend_from_slice(&stamp.to_bytes());
    out.extend_from_slice(text);
}

pub(crate) fn push_null(name: &[u8], out: &mut Vec<u8>) {
    out.push(NULL);
    push_length(name.len(), out);
    out.extend_from_slice(name);
}

/// An object that is being written.
#[derive(Clone, Copy)]
pub(crate) struct OpenObject {
    /// Where its member begins.
    start: usize,
    /// Where its members begin.
    content: usize,
}

impl OpenObject {
    /// Writes what stands before its members, and leaves room for the length.
    pub(crate) fn begin(name: &[u8], flags: u8, out: &mut Vec<u8>) -> Self {
        let start = out.len();
        out.push(OBJECT | (flags & FLAGS));
        out.extend_from_slice(&[0; LENGTH_FIELD]);
        push_length(name.len(), out);
        out.extend_from_slice(name);
        Self {
            start,
            content: out.len(),
        }
    }

    /// Where its member begins.
    pub(crate) const fn start(self) -> usize {
        self.start
    }

    /// Whether it has members so far.
    pub(crate) const fn has_members(self, out: &[u8]) -> bool {
        out.len() > self.content
    }

    /// Fills in the length, or takes the object back if it has no members.
    pub(crate) fn end_or_drop(self, out: &mut Vec<u8>) {
        if self.has_members(out) {
            self.end(out);
        } else {
            out.truncate(self.start);
        }
    }

    /// Fills in the length. False past 4 GiB.
    pub(crate) fn end(self, out: &mut [u8]) -> bool {
        let Ok(length) = u32::try_from(out.len().saturating_sub(self.content)) else {
            return false;
        };
        // Right behind the tag.
        let rest = out.get_mut(self.start.saturating_add(1)..);
        if let Some(field) = rest.and_then(<[u8]>::first_chunk_mut) {
            *field = length.to_le_bytes();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_spelling() {
        for length in [0, 1, 127, 128, 300, 16_383, 16_384, 1 << 28] {
            let mut out = Vec::new();
            push_length(length, &mut out);
            assert_eq!(read_length(&out), Some((length, &[][..])));
        }
        assert_eq!(read_length(&[0x80, 0x00]), None, "padded");
        assert_eq!(
            read_length(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]),
            None,
            "too long"
        );
        assert_eq!(
            read_length(&[0xFF, 0xFF, 0xFF, 0xFF, 0x7F]),
            None,
            "past 32 bits"
        );
    }

    #[test]
    fn names_are_in_the_order_of_their_bytes() {
        let names = [
            "",
            "a",
            "aa",
            "abcdefgh",
            "abcdefgi",
            "abcdefghi",
            "abcdefgh\u{e9}",
            "\u{e9}",
            "b",
        ];
        for a in names {
            for b in names {
                assert_eq!(order(a.as_bytes(), b.as_bytes()), a.cmp(b), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_cursor_ends_at_bytes_that_are_no_members() {
        let mut out = Vec::new();
        push_leaf(b"a", EpochSeconds::from(1_u32), b"true", &mut out);
        assert_eq!(Members(&out).count(), 1);
        for cut in 0..out.len() {
            assert_eq!(Members(out.get(..cut).unwrap()).count(), 0, "cut at {cut}");
        }
        assert!(Members(&[0, 1, b'a']).next().is_none(), "an unknown kind");
    }
}
