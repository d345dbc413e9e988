use core::hash::BuildHasher;

use super::hash;
use super::spill::Spill;
use crate::TopicFilter;

/// The hashes along a filter: what its levels are hashed to is computed once per operation.
pub(super) struct Trail {
    steps: Spill<Step, 16>,
    /// Whether a `#` follows the last step.
    pub(super) hash: bool,
}

/// One level of a filter.
#[derive(Clone, Copy)]
pub(super) struct Step {
    /// The path up to here.
    pub(super) path: u64,
    /// The hash of the level, or `None` for `+`.
    pub(super) level: Option<u64>,
}

impl Trail {
    pub(super) fn new<S: BuildHasher>(hasher: &S, filter: TopicFilter<'_>) -> Self {
        let mut steps = Spill::new(Step {
            path: hash::ROOT,
            level: None,
        });
        let mut path = hash::ROOT;
        for text in filter.as_str().as_bytes().split(|byte| *byte == b'/') {
            let level = match text {
                b"#" => return Self { steps, hash: true },
                b"+" => None,
                text => Some(hash::level(hasher, text)),
            };
            path = match level {
                Some(level) => hash::literal_child(path, level),
                None => hash::plus_child(path),
            };
            steps.push(Step { path, level });
        }
        Self { steps, hash: false }
    }

    /// The path of the whole filter, but for `#`.
    pub(super) fn end(&self) -> u64 {
        self.steps.last().map_or(hash::ROOT, |step| step.path)
    }

    pub(super) fn steps(&self) -> impl Iterator<Item = Step> {
        (0..).map_while(|at| self.steps.get(at))
    }
}
