//! What every suite measures with.
//!
//! Implementations of one case run in interleaved rounds in this process, on the same data, timed in CPU time of this
//! thread; what reading that clock takes is taken off. Each round's result is a checksum that must be the same for all of
//! them, so that nobody is fast by being wrong; a peer that is known to answer otherwise is declared so, with the reason,
//! and is not compared with.

mod alloc;
mod report;

pub use alloc::{Allocations, CountingAllocator};
pub use report::{Bench, CPU_TIME, Options};

use std::sync::OnceLock;
use std::time::Duration;

use cpu_time::ThreadTime;

/// One implementation of a case.
pub struct Entry<'a> {
    pub name: &'static str,
    pub ours: bool,
    /// Does the case's operations once; what is timed is for the constructor to say.
    run: Box<dyn FnMut() -> Timed + 'a>,
    /// Why this one may answer otherwise; it is shown and not compared with.
    pub wrong: Option<&'static str>,
}

/// One round of one implementation.
struct Timed {
    /// Of what the operations answered.
    checksum: u64,
    time: Duration,
    allocations: u64,
}

impl Timed {
    fn of(run: impl FnOnce() -> u64) -> Self {
        let before = Allocations::now().count;
        let start = ThreadTime::now();
        let checksum = std::hint::black_box(run());
        let time = start.elapsed().saturating_sub(clock());
        Self {
            checksum,
            time,
            allocations: Allocations::now().count - before,
        }
    }
}

/// What reading the clock takes: half a microsecond where it is a call of the system, as much as a hundred small packets.
fn clock() -> Duration {
    static LEAST: OnceLock<Duration> = OnceLock::new();
    *LEAST.get_or_init(|| {
        let empty = (0..1000).map(|_| ThreadTime::now().elapsed());
        empty.min().unwrap_or_default()
    })
}

impl<'a> Entry<'a> {
    fn new(name: &'static str, ours: bool, run: impl FnMut() -> Timed + 'a) -> Self {
        Self {
            name,
            ours,
            run: Box::new(run),
            wrong: None,
        }
    }

    /// Like [`Entry::ours`], but each round starts from something that `prepare` made; only `run` is timed.
    pub fn ours_prepared<T: 'a>(
        name: &'static str,
        prepare: Box<dyn FnMut() -> T + 'a>,
        run: Box<dyn FnMut(&mut T) -> u64 + 'a>,
    ) -> Self {
        Self::prepared(name, true, prepare, run)
    }

    /// Like [`Entry::peer`], but each round starts from something that `prepare` made; only `run` is timed.
    pub fn peer_prepared<T: 'a>(
        name: &'static str,
        prepare: Box<dyn FnMut() -> T + 'a>,
        run: Box<dyn FnMut(&mut T) -> u64 + 'a>,
    ) -> Self {
        Self::prepared(name, false, prepare, run)
    }

    fn prepared<T: 'a>(
        name: &'static str,
        ours: bool,
        mut prepare: Box<dyn FnMut() -> T + 'a>,
        mut run: Box<dyn FnMut(&mut T) -> u64 + 'a>,
    ) -> Self {
        Self::new(name, ours, move || {
            let mut prepared = prepare();
            Timed::of(|| run(&mut prepared))
        })
    }

    pub fn ours(name: &'static str, mut run: impl FnMut() -> u64 + 'a) -> Self {
        Self::new(name, true, move || Timed::of(&mut run))
    }

    pub fn peer(name: &'static str, mut run: impl FnMut() -> u64 + 'a) -> Self {
        Self::new(name, false, move || Timed::of(&mut run))
    }

    /// Declares that this peer answers this case otherwise.
    pub fn wrong(mut self, reason: &'static str) -> Self {
        self.wrong = Some(reason);
        self
    }
}

/// What was measured of one implementation of a case.
#[derive(Clone, Debug)]
pub struct Row {
    pub case: String,
    pub name: &'static str,
    pub ours: bool,
    pub wrong: Option<&'static str>,
    /// Nanoseconds of thread CPU time per operation: the best round and the middle one.
    pub min: f64,
    pub median: f64,
    pub allocations: f64,
}

/// Runs `entries` for `rounds` interleaved rounds of `operations` operations each.
pub fn measure(case: &str, operations: u64, rounds: usize, entries: Vec<Entry<'_>>) -> Vec<Row> {
    let mut entries = entries;
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); entries.len()];
    let mut allocations = vec![0; entries.len()];
    let mut checksums: Vec<Option<u64>> = vec![None; entries.len()];
    // The first round warms up and is not counted.
    for round in 0..=rounds {
        for (index, entry) in entries.iter_mut().enumerate() {
            let Timed {
                checksum,
                time,
                allocations: counted,
            } = (entry.run)();
            let first = *checksums[index].get_or_insert(checksum);
            assert_eq!(first, checksum, "{case}: {} changed its answer", entry.name);
            if round > 0 {
                times[index].push(time.as_nanos() as f64 / operations as f64);
                allocations[index] = counted;
            }
        }
    }
    let expected = entries
        .iter()
        .position(|entry| entry.ours)
        .and_then(|index| checksums[index]);
    for (entry, checksum) in entries.iter().zip(&checksums) {
        if entry.wrong.is_none() && expected.is_some() {
            assert_eq!(
                *checksum, expected,
                "{case}: {} answers otherwise",
                entry.name
            );
        }
    }
    entries
        .iter()
        .zip(&mut times)
        .zip(&allocations)
        .map(|((entry, times), allocations)| {
            times.sort_by(f64::total_cmp);
            Row {
                case: case.to_owned(),
                name: entry.name,
                ours: entry.ours,
                wrong: entry.wrong,
                min: times[0],
                median: times[times.len() / 2],
                allocations: *allocations as f64 / operations as f64,
            }
        })
        .collect()
}
