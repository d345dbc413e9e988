use alloc::boxed::Box;

use arrayvec::ArrayString;

/// Filters of up to this many bytes stand in their record itself: a lookup that has found the record has the text.
const INLINE: usize = 40;

/// The text of a filter.
#[derive(Clone, Debug)]
pub(super) enum FilterText {
    Inline(ArrayString<INLINE>),
    Heap(Box<str>),
}

impl FilterText {
    pub(super) fn new(text: &str) -> Self {
        match ArrayString::from(text) {
            Ok(text) => Self::Inline(text),
            Err(_) => Self::Heap(text.into()),
        }
    }

    #[inline]
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Inline(text) => text,
            Self::Heap(text) => text,
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::Inline(_) => 0,
            Self::Heap(text) => text.len(),
        }
    }
}
