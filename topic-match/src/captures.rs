use core::str::Split;

/// What one wildcard of a filter stood for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capture<'n> {
    /// The level that a `+` matched; it may be empty.
    Level(&'n str),
    /// The levels that a `#` matched, with the `/` between them, or `None` where it matched its parent.
    Rest(Option<&'n str>),
}

impl<'n> Capture<'n> {
    /// The text, empty where a `#` matched its parent.
    ///
    /// ```
    /// use topic_match::Capture;
    ///
    /// assert_eq!(Capture::Level("a").as_str(), "a");
    /// assert_eq!(Capture::Rest(None).as_str(), "");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &'n str {
        match self {
            Self::Level(text) => text,
            Self::Rest(text) => text.unwrap_or_default(),
        }
    }
}

/// What each wildcard of a filter stood for, from left to right. Made by
/// [`TopicFilter::captures`](crate::TopicFilter::captures); it allocates nothing.
#[derive(Clone, Debug)]
pub struct Captures<'f, 'n> {
    filter: Split<'f, char>,
    name: Option<&'n str>,
}

impl<'f, 'n> Captures<'f, 'n> {
    /// For a filter that matches the name.
    pub(crate) fn new(filter: &'f str, name: &'n str) -> Self {
        Self {
            filter: filter.split('/'),
            name: Some(name),
        }
    }
}

impl<'n> Iterator for Captures<'_, 'n> {
    type Item = Capture<'n>;

    fn next(&mut self) -> Option<Capture<'n>> {
        loop {
            let wanted = self.filter.next()?;
            if wanted == "#" {
                return Some(Capture::Rest(self.name));
            }
            let name = self.name?;
            let level = match name.split_once('/') {
                Some((level, rest)) => {
                    self.name = Some(rest);
                    level
                }
                None => {
                    self.name = None;
                    name
                }
            };
            if wanted == "+" {
                return Some(Capture::Level(level));
            }
        }
    }
}

impl core::iter::FusedIterator for Captures<'_, '_> {}
