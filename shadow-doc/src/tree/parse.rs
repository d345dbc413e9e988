//! From JSON to a section, in one pass and without recursion.

use alloc::vec::Vec;

use super::format::{Members, OpenObject, push_leaf, push_null};
use crate::json::{
    ArrayNulls, ArrayRules, JsonError, JsonErrorKind, Scanner, canonical, is_number_start,
    parse_array,
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
    pub(crate) array_nulls: ArrayNulls,
    pub(crate) nulls: Nulls,
}

struct Frame {
    object: Option<OpenObject>,
    first_start: usize,
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
        starts: Vec::new(),
        name: Vec::new(),
        text: Vec::new(),
    };
    parser.run(scanner)
}

struct Parser<'p> {
    rules: &'p TreeRules,
    out: &'p mut Vec<u8>,
    frames: Vec<Frame>,
    /// Where the members of the open objects begin.
    starts: Vec<usize>,
    name: Vec<u8>,
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
            first_start: 0,
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
        self.name.clear();
        if string.escaped {
            canonical(string.raw, string.offset, &mut self.name)?;
        } else {
            self.name.extend_from_slice(string.raw);
        }
        self.starts.push(self.out.len());
        scanner.skip_space();
        scanner.expect(b':')
    }

    /// One value; true if it opened an object, whose first name comes next.
    fn value(&mut self, scanner: &mut Scanner<'_>) -> Result<bool, JsonError> {
        let stamp = self.rules.stamp;
        match scanner.peek() {
            Some(b'{') => {
                let too_deep = scanner.error(JsonErrorKind::TooDeep);
                scanner.eat(b'{');
                let object = OpenObject::begin(&self.name, 0, self.out);
                // An empty object is no level.
                if scanner.eat(b'}') {
                    return Ok(false);
                }
                if self.level() >= self.rules.max_level || self.frames.len() >= MAX_OPEN {
                    return Err(too_deep);
                }
                self.frames.push(Frame {
                    object: Some(object),
                    first_start: self.starts.len(),
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
                    nulls: self.rules.array_nulls,
                };
                parse_array(scanner, rules, &mut self.text)?;
                push_leaf(&self.name, stamp, &self.text, self.out);
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
                push_leaf(&self.name, stamp, &self.text, self.out);
            }
            Some(b't') => push_leaf(&self.name, stamp, scanner.word(b"true")?, self.out),
            Some(b'f') => push_leaf(&self.name, stamp, scanner.word(b"false")?, self.out),
            Some(b'n') => {
                let refused = scanner.error(JsonErrorKind::NullInState);
                scanner.word(b"null")?;
                if self.rules.nulls == Nulls::Refuse {
                    return Err(refused);
                }
                push_null(&self.name, self.out);
            }
            Some(byte) if is_number_start(byte) => {
                push_leaf(&self.name, stamp, scanner.number()?, self.out)
            }
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
        let members = self.starts.get(frame.first_start..).unwrap_or_default();
        if !sort_members(members, self.out) && self.rules.reject_duplicates {
            return Err(scanner.error(JsonErrorKind::DuplicateKey));
        }
        self.starts.truncate(frame.first_start);
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
fn sort_members(members: &[usize], out: &mut Vec<u8>) -> bool {
    let name = |start: usize| {
        let member = Members(out.get(start..).unwrap_or_default()).split();
        member.map_or(&[][..], |(member, _)| member.name)
    };
    if members.is_sorted_by(|a, b| name(*a) < name(*b)) {
        return true;
    }
    let Some(base) = members.first().copied() else {
        return true;
    };
    let ends = members
        .iter()
        .skip(1)
        .copied()
        .chain(core::iter::once(out.len()));
    let mut sorted: Vec<(&[u8], usize, usize)> = members
        .iter()
        .zip(ends)
        .map(|(start, end)| (name(*start), *start, end))
        .collect();
    sorted.sort_by_key(|(name, ..)| *name);
    let mut bytes = Vec::with_capacity(out.len().saturating_sub(base));
    let mut unique = true;
    for (index, (name, start, end)) in sorted.iter().enumerate() {
        let next = sorted.get(index.saturating_add(1));
        if next.is_some_and(|(next, ..)| next == name) {
            unique = false;
        } else {
            bytes.extend_from_slice(out.get(*start..*end).unwrap_or_default());
        }
    }
    out.truncate(base);
    out.append(&mut bytes);
    unique
}
