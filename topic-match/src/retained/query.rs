use alloc::sync::Arc;
use core::hash::BuildHasher;
use core::ops::Bound;

use super::posting::Posting;
use super::{Entry, INDEXED_LEVELS, RetainedIndex, count_key, level_key};
use crate::{TopicFilter, TopicName};

/// A prefix is preferred to a posting when it has fewer names, of which no more than this many are counted.
const COUNTED: usize = 64;

/// The first string behind all that begin with `$`.
const BEHIND_DOLLAR: &str = "%";

/// Where the pages of one query have got to.
///
/// It is bound to the filter that it began with, not to a state of the index: a name that is there from the first
/// page to the last is visited once, whatever else comes and goes meanwhile. A name that comes or goes between two
/// pages may or may not be visited.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    state: State,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    Start,
    /// The names in order, behind this one.
    Names(Arc<str>),
    /// The ids of a posting in order, behind this one.
    Posting {
        key: u64,
        after: u32,
    },
    End,
}

impl Cursor {
    /// Before the first page.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::Start,
        }
    }

    /// Whether every page has been visited.
    ///
    /// ```
    /// # use topic_match::{Cursor, PageLimit, RetainedIndex, TopicFilter};
    /// let retained: RetainedIndex<()> = RetainedIndex::new();
    /// let mut cursor = Cursor::new();
    /// retained.page(TopicFilter::new("#")?, &mut cursor, PageLimit::default(), |_, _| ());
    /// assert!(cursor.is_complete());
    /// # Ok::<(), topic_match::TopicError>(())
    /// ```
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        matches!(self.state, State::End)
    }
}

/// What ends a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PageLimit {
    /// The most names that match.
    pub results: usize,
    /// The most names that are looked at, whether they match or not.
    pub visits: usize,
}

impl PageLimit {
    /// A limit on the results, and none on the work.
    ///
    /// ```
    /// # use topic_match::PageLimit;
    /// assert_eq!(PageLimit::results(10).with_visits(100).visits, 100);
    /// ```
    #[must_use]
    pub const fn results(results: usize) -> Self {
        Self {
            results,
            visits: usize::MAX,
        }
    }

    /// Adds a limit on the work.
    #[must_use]
    pub const fn with_visits(self, visits: usize) -> Self {
        Self { visits, ..self }
    }
}

/// 1,000 results, 100,000 names looked at.
impl Default for PageLimit {
    fn default() -> Self {
        Self::results(1000).with_visits(100_000)
    }
}

/// How a page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// How many names matched.
    pub results: usize,
    /// How many names were looked at.
    pub visited: usize,
    /// Whether this was the last page.
    pub complete: bool,
}

/// Which names a query looks at.
enum Plan {
    /// None can match.
    Nothing,
    /// This one alone.
    One(u32),
    /// All that begin with the filter's literal prefix.
    Names,
    /// Those of a posting.
    Posting(u64),
}

impl<V, S: BuildHasher> RetainedIndex<V, S> {
    /// Visits the next names that a filter matches, until one of the limits is reached, and moves the cursor behind
    /// them.
    ///
    /// A page with no result is not the last one where the limit on the work ended it.
    pub fn page<'i>(
        &'i self,
        filter: TopicFilter<'_>,
        cursor: &mut Cursor,
        limit: PageLimit,
        mut visit: impl FnMut(TopicName<'i>, &'i V),
    ) -> Page {
        let mut page = Page {
            results: 0,
            visited: 0,
            complete: false,
        };
        let mut candidates = self.candidates(filter, cursor);
        loop {
            if page.results >= limit.results || page.visited >= limit.visits {
                return page;
            }
            let Some((candidate, entry)) = candidates.next() else {
                cursor.state = State::End;
                page.complete = true;
                return page;
            };
            page.visited = page.visited.saturating_add(1);
            cursor.state = match candidate {
                Candidate::Name => State::Names(Arc::clone(&entry.name)),
                Candidate::Id { key, id } => State::Posting { key, after: id },
            };
            let (name, value) = entry.pair();
            if filter.matches_with(name, self.rules) {
                page.results = page.results.saturating_add(1);
                visit(name, value);
            }
        }
    }

    /// Everything that a filter matches, in no order, without a limit.
    ///
    /// ```
    /// use topic_match::{RetainedIndex, TopicFilter, TopicName};
    ///
    /// let mut retained = RetainedIndex::new();
    /// retained.insert(TopicName::new("a/b")?, 1)?;
    /// retained.insert(TopicName::new("a/b/c")?, 2)?;
    /// let filter = TopicFilter::new("a/b/#")?;
    /// assert_eq!(retained.matches(filter).map(|(_, value)| value).sum::<i32>(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn matches<'i, 'f>(
        &'i self,
        filter: TopicFilter<'f>,
    ) -> impl Iterator<Item = (TopicName<'i>, &'i V)> + use<'i, 'f, V, S> {
        self.candidates(filter, &Cursor::new())
            .map(|(_, entry)| entry.pair())
            .filter(move |(name, _)| filter.matches_with(*name, self.rules))
    }

    /// The names that a query looks at from a cursor on.
    fn candidates<'i, 'f>(
        &'i self,
        filter: TopicFilter<'f>,
        cursor: &Cursor,
    ) -> impl Iterator<Item = (Candidate, &'i Entry<V>)> + use<'i, 'f, V, S> {
        let mut one = None;
        let mut names = None;
        let mut posting = None;
        match &cursor.state {
            State::End => {}
            // There was one candidate, and the cursor is behind it.
            State::Names(_) if !filter.has_wildcard() => {}
            State::Names(after) => names = Some(self.names_of(filter, Some(after))),
            State::Posting { key, after } => {
                posting = Some(self.ids_of(*key, Bound::Excluded(*after)));
            }
            State::Start => match self.plan(filter) {
                Plan::Nothing => {}
                Plan::One(id) => one = Some(id),
                Plan::Names => {
                    one = self.parent(filter);
                    names = Some(self.names_of(filter, None));
                }
                Plan::Posting(key) => posting = Some(self.ids_of(key, Bound::Unbounded)),
            },
        }
        let ordered = one.into_iter().chain(names.into_iter().flatten());
        ordered
            .map(|id| (Candidate::Name, id))
            .chain(posting.into_iter().flatten())
            .filter_map(|(candidate, id)| Some((candidate, self.entries.get(id)?)))
    }

    fn plan(&self, filter: TopicFilter<'_>) -> Plan {
        if let Some(name) = filter.as_name() {
            return match self.names.get(name.as_str()) {
                Some(id) => Plan::One(*id),
                None => Plan::Nothing,
            };
        }
        let text = filter.as_str();
        let rest = text.get(filter.literal()..).unwrap_or_default();
        if rest == "#" {
            return Plan::Names;
        }
        let mut fewest: Option<(usize, u64)> = None;
        let mut levels = 0_usize;
        let mut closed = true;
        for (position, level) in filter.levels().enumerate() {
            levels = levels.saturating_add(1);
            match level {
                "+" => {}
                "#" => closed = false,
                level if position < INDEXED_LEVELS => {
                    let key = level_key(&self.hasher, position, level);
                    let Some(posting) = self.postings.get(&key) else {
                        return Plan::Nothing;
                    };
                    fewest = fewer(fewest, posting, key);
                }
                _ => {}
            }
        }
        if closed {
            let key = count_key(levels);
            let Some(posting) = self.postings.get(&key) else {
                return Plan::Nothing;
            };
            fewest = fewer(fewest, posting, key);
        }
        match fewest {
            None => Plan::Names,
            Some((count, key)) => {
                let counted = count.min(COUNTED);
                let in_prefix = self.names_of(filter, None).take(counted).count();
                if in_prefix < counted {
                    Plan::Names
                } else {
                    Plan::Posting(key)
                }
            }
        }
    }

    /// The parent that `prefix/#` matches too.
    fn parent(&self, filter: TopicFilter<'_>) -> Option<u32> {
        let parent = filter.as_str().strip_suffix("/#")?;
        (self.rules.hash_matches_parent && filter.literal() > parent.len())
            .then(|| self.names.get(parent).copied())
            .flatten()
    }

    /// The names that begin with the filter's literal prefix, in order, behind one of them.
    fn names_of<'i, 'f>(
        &'i self,
        filter: TopicFilter<'f>,
        after: Option<&str>,
    ) -> impl Iterator<Item = u32> + use<'i, 'f, V, S> {
        let prefix = filter.as_str().get(..filter.literal()).unwrap_or_default();
        let from = match after {
            // The parent comes before all that begin with the prefix.
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        // Leading wildcards do not see `$`: two ranges, of which the first may lie behind the cursor.
        let start = match from {
            Bound::Included(text) | Bound::Excluded(text) => text,
            Bound::Unbounded => "",
        };
        let (first, second) = if !prefix.is_empty() {
            (Some((from, Bound::Unbounded)), None)
        } else if start < "$" {
            let second = (Bound::Included(BEHIND_DOLLAR), Bound::Unbounded);
            (Some((from, Bound::Excluded("$"))), Some(second))
        } else {
            let from = if start < BEHIND_DOLLAR {
                Bound::Included(BEHIND_DOLLAR)
            } else {
                from
            };
            (None, Some((from, Bound::Unbounded)))
        };
        let ranges = [first, second].into_iter().flatten();
        let names = ranges.map(|range| self.names.range::<str, _>(range));
        let names: [_; 2] = {
            let mut names = names;
            [names.next(), names.next()]
        };
        names
            .into_iter()
            .flatten()
            .flatten()
            .take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(_, id)| *id)
    }

    fn ids_of(
        &self,
        key: u64,
        from: Bound<u32>,
    ) -> impl Iterator<Item = (Candidate, u32)> + use<'_, V, S> {
        let posting = self.postings.get(&key);
        let ids = posting
            .into_iter()
            .flat_map(move |posting| posting.from(from));
        ids.map(move |id| (Candidate::Id { key, id }, id))
    }
}

/// How a candidate was come by: what the cursor remembers of it.
#[derive(Clone, Copy)]
enum Candidate {
    Name,
    Id { key: u64, id: u32 },
}

fn fewer(best: Option<(usize, u64)>, posting: &Posting, key: u64) -> Option<(usize, u64)> {
    let count = posting.len();
    match best {
        Some((fewest, _)) if fewest <= count => best,
        _ => Some((count, key)),
    }
}
