//! From JSON to a section, in one pass and without recursion.

use alloc::vec::Vec;
use core::ops::Range;

use super::format::{OpenObject, push_leaf, push_name, push_null};
use crate::json::{
    ArrayRules, JsonError, JsonErrorKind, Scanner, canonical, is_number_start, parse_array,
};
use crate::time::EpochSeconds;

/// Most containers open at once, whatever the limit says and whether they count as levels or not.
pub(crate) const MAX_OPEN: usize = 128;

/// Whether members may be `null`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nulls {
    /// A patch: null deletes.
    Keep,
    /// A state: nulls are an error.
    Refuse,
}

/// How a section is read.
#[derive(Clone, Copy)]
pub(crate) struct TreeRules {
    pub(crate) stamp: EpochSeconds,
    pub(crate) max_level: u32,
    pub(crate) count_arrays: bool,
    pub(crate) reject_duplicates: bool,
    pub(crate) null_in_array_objects: bool,
    pub(crate) nulls: Nulls,
}

struct Frame {
    object: Option<OpenObject>,
    first_span: usize,
}

struct Span {
    start: usize,
    name: Range<usize>,
}

/// Reads the object that stands at `scanner` (level 1) and appends its members to `out`.
pub(crate) fn parse_object(
    scanner: &mut Scanner<'_>,
    rules: &TreeRules,
    out: &mut Vec<u8>,
) -> Result<(), JsonError> {
    let mut parser = Parser {
        rules,
        out,
        frames: Vec::new(),
        spans: Vec::new(),
        text: Vec::new(),
    };
    parser.run(scanner)
}

struct Parser<'p> {
    rules: &'p TreeRules,
    out: &'p mut Vec<u8>,
    frames: Vec<Frame>,
    spans: Vec<Span>,
    text: Vec<u8>,
}

impl Parser<'_> {
    fn run(&mut self, scanner: &mut Scanner<'_>) -> Result<(), JsonError> {
        scanner.expect(b'{')?;
        if scanner.eat(b'}') {
            return Ok(());
        }
        self.frames.push(Frame {
            object: None,
            first_span: 0,
        });
        loop {
            self.name(scanner)?;
            if self.value(scanner)? {
                continue;
            }
            loop {
                scanner.skip_space();
                if scanner.eat(b',') {
                    break;
                }
                if !scanner.eat(b'}') {
                    return Err(scanner.unexpected());
                }
                self.close(scanner)?;
                if self.frames.is_empty() {
                    return Ok(());
                }
            }
        }
    }

    fn name(&mut self, scanner: &mut Scanner<'_>) -> Result<(), JsonError> {
        let string = scanner.string()?;
        let start = self.out.len();
        if string.escaped {
            self.text.clear();
            canonical(string.raw, string.offset, &mut self.text)?;
            push_name(&self.text, self.out);
            self.push_span(start, self.text.len());
        } else {
            push_name(string.raw, self.out);
            self.push_span(start, string.raw.len());
        }
        scanner.skip_space();
        scanner.expect(b':')
    }

    fn push_span(&mut self, start: usize, length: usize) {
        let end = self.out.len();
        self.spans.push(Span {
            start,
            name: end.saturating_sub(length)..end,
        });
    }

    /// One value; true if it opened an object, whose first name comes next.
    fn value(&mut self, scanner: &mut Scanner<'_>) -> Result<bool, JsonError> {
        let stamp = self.rules.stamp;
        match scanner.peek() {
            Some(b'{') => {
                let too_deep = scanner.error(JsonErrorKind::TooDeep);
                scanner.eat(b'{');
                let object = OpenObject::begin(0, self.out);
                // An empty object is no level.
                if scanner.eat(b'}') {
                    return Ok(false);
                }
                if self.level() >= self.rules.max_level || self.frames.len() >= MAX_OPEN {
                    return Err(too_deep);
                }
                self.frames.push(Frame {
                    object: Some(object),
                    first_span: self.spans.len(),
                });
                return Ok(true);
            }
            Some(b'[') => {
                self.text.clear();
                let rules = ArrayRules {
                    level: self.level(),
                    max_level: self.rules.max_level,
                    count_arrays: self.rules.count_arrays,
                    max_open: MAX_OPEN,
                    reject_duplicates: self.rules.reject_duplicates,
                    null_in_objects: self.rules.null_in_array_objects,
                };
                parse_array(scanner, rules, &mut self.text)?;
                push_leaf(stamp, &self.text, self.out);
            }
            Some(b'"') => {
                let string = scanner.string()?;
                self.text.clear();
                self.text.push(b'"');
                if string.escaped {
                    canonical(string.raw, string.offset, &mut self.text)?;
                } else {
                    self.text.extend_from_slice(string.raw);
                }
                self.text.push(b'"');
                push_leaf(stamp, &self.text, self.out);
            }
            Some(b't') => push_leaf(stamp, scanner.word(b"true")?, self.out),
            Some(b'f') => push_leaf(stamp, scanner.word(b"false")?, self.out),
            Some(b'n') => {
                let refused = scanner.error(JsonErrorKind::NullInState);
                scanner.word(b"null")?;
                if self.rules.nulls == Nulls::Refuse {
                    return Err(refused);
                }
                push_null(self.out);
            }
            Some(byte) if is_number_start(byte) => push_leaf(stamp, scanner.number()?, self.out),
            _ => return Err(scanner.unexpected()),
        }
        Ok(false)
    }

    /// Levels open around the next value.
    fn level(&self) -> u32 {
        u32::try_from(self.frames.len()).unwrap_or(u32::MAX)
    }

    fn close(&mut self, scanner: &Scanner<'_>) -> Result<(), JsonError> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        let members = self.spans.get(frame.first_span..).unwrap_or_default();
        if !sort_members(members, self.out) && self.rules.reject_duplicates {
            return Err(scanner.error(JsonErrorKind::DuplicateKey));
        }
        self.spans.truncate(frame.first_span);
        if frame.object.is_some_and(|object| !object.end(self.out)) || self.out.len() > MAX_BYTES {
            return Err(scanner.error(JsonErrorKind::TooLong));
        }
        Ok(())
    }
}

/// What the four-byte lengths reach.
const MAX_BYTES: usize = u32::MAX as usize;

/// Puts the members at the end of `out` in the order of their names; of members with one name the
/// last stays. False if there were such.
fn sort_members(members: &[Span], out: &mut Vec<u8>) -> bool {
    let name = |span: &Span| out.get(span.name.clone()).unwrap_or_default();
    if members.is_sorted_by(|a, b| name(a) < name(b)) {
        return true;
    }
    let Some(base) = members.first().map(|first| first.start) else {
        return true;
    };
    let ends = members
        .iter()
        .skip(1)
        .map(|next| next.start)
        .chain(core::iter::once(out.len()));
    let mut sorted: Vec<(&Span, usize)> = members.iter().zip(ends).collect();
    sorted.sort_by(|(a, _), (b, _)| name(a).cmp(name(b)));
    let mut bytes = Vec::with_capacity(out.len().saturating_sub(base));
    let mut unique = true;
    for (index, (span, end)) in sorted.iter().enumerate() {
        let next = sorted.get(index.saturating_add(1));
        if next.is_some_and(|(next, _)| name(next) == name(span)) {
            unique = false;
        } else {
            bytes.extend_from_slice(out.get(span.start..*end).unwrap_or_default());
        }
    }
    out.truncate(base);
    out.append(&mut bytes);
    unique
}
