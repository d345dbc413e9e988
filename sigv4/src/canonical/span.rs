//! Places in the stash: what is kept while a buffer grows cannot be a reference into it.

/// A range of a buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// The text at this place; nothing, if the buffer was cut since.
    #[inline]
    pub(crate) fn of(self, buffer: &[u8]) -> &[u8] {
        buffer.get(self.start..self.end).unwrap_or(&[])
    }

    /// Appends the text at this place to the buffer that holds it.
    pub(crate) fn copy_within(self, buffer: &mut Vec<u8>) {
        if self.end <= buffer.len() && self.start <= self.end {
            buffer.extend_from_within(self.start..self.end);
        }
    }

    /// A part of this place, counted from its start.
    pub(crate) const fn part(self, start: usize, end: usize) -> Self {
        Self {
            start: self.start.saturating_add(start),
            end: self.start.saturating_add(end),
        }
    }
}

/// Appends by `write` and says where.
#[inline]
pub(crate) fn append(buffer: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> Span {
    let start = buffer.len();
    write(buffer);
    Span {
        start,
        end: buffer.len(),
    }
}

/// As [`append`], for a `write` that can fail.
#[inline]
pub(crate) fn try_append<E>(
    buffer: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<Span, E> {
    let start = buffer.len();
    write(buffer)?;
    Ok(Span {
        start,
        end: buffer.len(),
    })
}

/// Appends a copy of `bytes` and says where.
#[inline]
pub(crate) fn stash(buffer: &mut Vec<u8>, bytes: &[u8]) -> Span {
    append(buffer, |out| out.extend_from_slice(bytes))
}
