//! Lookup, insertion, removal and memory of subscription indexes.

use std::ops::ControlFlow;

use cpu_time::ThreadTime;
use topic_match::{SubscriptionIndex, TopicFilter, TopicName};

use super::data::Workload;
use super::peers::{Engine, Index, Ours, SubMap};
use crate::harness::{Allocations, Bench, Entry, Row};

const LOOKUPS: usize = 20_000;

pub fn run(bench: &mut Bench) {
    // The goals for 10 k, 100 k and 1 M filters.
    let sizes: &[(usize, &str, f64)] = &[
        (10_000, "10k", 1.0 / 3.0),
        (100_000, "100k", 1.0 / 2.5),
        (1_000_000, "1M", 1.0 / 2.0),
    ];
    let sizes = if bench.quick() { &sizes[..2] } else { sizes };
    let mut visits = Vec::new();
    for (count, label, target) in sizes {
        bench.say(&format!("\n### {label} filters"));
        let workload = Workload::new(*count, LOOKUPS);
        let mut building = Building::default();
        let ours: Ours = building.build(&workload);
        #[cfg(feature = "paho")]
        let paho: super::peers::Paho = building.build(&workload);
        let engine: Engine = building.build(&workload);
        let submap: SubMap = building.build(&workload);
        bench.head(&format!("Lookups among {label} filters"));
        let topics = &workload.topics;
        let mut entries = vec![Entry::ours(Ours::NAME, || lookups(&ours, topics))];
        #[cfg(feature = "paho")]
        entries.push(Entry::peer(super::peers::Paho::NAME, || {
            lookups(&paho, topics)
        }));
        entries.push(Entry::peer(Engine::NAME, || lookups(&engine, topics)));
        entries.push(Entry::peer(SubMap::NAME, || lookups(&submap, topics)));
        let case = format!("lookup {label}");
        let ratio = bench.case(&case, LOOKUPS as u64, 7, entries);
        bench.goal(&format!("lookup.{label}"), ratio, *target);
        let allocations = bench.allocations(&case, Ours::NAME);
        bench.goal(&format!("lookup.{label}.allocations"), allocations, 0.0);

        building.remove_from(ours, &workload);
        #[cfg(feature = "paho")]
        building.remove_from(paho, &workload);
        building.remove_from(engine, &workload);
        building.remove_from(submap, &workload);
        building.report(bench, label, *count);
        visits.push(visited(*count));
    }
    if let [first, .., last] = visits.as_slice() {
        bench.say(&format!(
            "\nNodes visited per lookup: {visits:.2?} at the sizes above."
        ));
        bench.goal("visited.growth", last / first, 1.1);
    }
    one_filter(bench);
}

fn lookups<I: Index>(index: &I, topics: &[String]) -> u64 {
    topics.iter().map(|topic| index.lookup(topic)).sum()
}

/// Time and memory of filling and emptying each index once.
#[derive(Default)]
struct Building {
    insert: Vec<Row>,
    remove: Vec<Row>,
    bytes: Vec<(&'static str, f64, f64)>,
}

impl Building {
    fn build<I: Index>(&mut self, workload: &Workload) -> I {
        let before = Allocations::now();
        let start = ThreadTime::now();
        let mut index = I::new();
        for (number, filter) in (0..).zip(&workload.filters) {
            index.insert(number, filter);
        }
        let count = workload.filters.len() as f64;
        self.insert.push(row("insert", I::NAME, &start, count));
        let live = (Allocations::now().live - before.live) as f64;
        self.bytes.push((I::NAME, live / count, 0.0));
        index
    }

    fn remove_from<I: Index>(&mut self, mut index: I, workload: &Workload) {
        let before = Allocations::now();
        let start = ThreadTime::now();
        for (number, filter) in (0..).zip(&workload.filters) {
            index.remove(number, filter);
        }
        let count = workload.filters.len() as f64;
        self.remove.push(row("remove", I::NAME, &start, count));
        let freed = (before.live - Allocations::now().live) as f64 / count;
        if let Some(entry) = self.bytes.iter_mut().find(|entry| entry.0 == I::NAME) {
            entry.2 = entry.1 - freed;
        }
    }

    fn report(self, bench: &mut Bench, label: &str, count: usize) {
        bench.head(&format!("Insertion and removal of {label} filters"));
        let insert = bench.add(self.insert);
        let remove = bench.add(self.remove);
        bench.say("\n| implementation | bytes per subscription | left after removing all |\n|---|---|---|");
        for (name, bytes, left) in &self.bytes {
            bench.say(&format!("| {name} | {bytes:.1} | {left:.1} |"));
        }
        if count >= 100_000 {
            bench.goal(
                &format!("bytes_per_subscription.{label}"),
                self.bytes[0].1 / 150.0,
                1.0,
            );
            bench.goal(
                &format!("residual.{label}"),
                self.bytes[0].2 / self.bytes[0].1,
                0.05,
            );
        }
        if count == 100_000 {
            bench.goal("insert.100k", insert, 0.5);
            bench.goal("remove.100k", remove, 0.5);
        }
    }
}

fn row(case: &str, name: &'static str, start: &ThreadTime, count: f64) -> Row {
    let time = start.elapsed().as_nanos() as f64 / count;
    Row {
        case: case.to_owned(),
        name,
        ours: name == Ours::NAME,
        wrong: None,
        min: time,
        median: time,
        allocations: f64::NAN,
    }
}

/// Nodes per lookup of topics that match the same number of filters at every size.
fn visited(count: usize) -> f64 {
    let mut index = SubscriptionIndex::new();
    for device in 0..count as u32 / 4 {
        let (site, line) = (device % 20, device % 50);
        for filter in [
            format!("site{site}/line{line}/dev{device}/telemetry/temp"),
            format!("site{site}/+/dev{device}/cmd"),
            format!("site{site}/line{line}/dev{device}/#"),
            format!("+/+/dev{device}/alarm/#"),
        ] {
            let filter = TopicFilter::new(&filter).expect("it is valid");
            index.insert(filter, device, ()).expect("there is room");
        }
    }
    let visited: usize = (0..1000)
        .map(|device| {
            let (site, line) = (device % 20, device % 50);
            let name = format!("site{site}/line{line}/dev{device}/telemetry/temp");
            let name = TopicName::new(&name).expect("it is valid");
            index
                .lookup(name, usize::MAX, |_| ControlFlow::Continue(()))
                .visited
        })
        .sum();
    visited as f64 / 1000.0
}

/// Many subscribers of one filter.
fn one_filter(bench: &mut Bench) {
    bench.head("Subscribers of one filter");
    let filter = TopicFilter::new("alarm/all").expect("it is valid");
    let mut times = Vec::new();
    for count in [1_000_u32, 100_000] {
        let rounds = 200_000 / count;
        let operations = f64::from(count * rounds);
        let (mut insert, mut remove) = (0.0, 0.0);
        for _ in 0..rounds {
            let mut index = SubscriptionIndex::new();
            let start = ThreadTime::now();
            for key in 0..count {
                index.insert(filter, key, 0_u32).expect("there is room");
            }
            insert += start.elapsed().as_nanos() as f64 / operations;
            let start = ThreadTime::now();
            for key in 0..count {
                index.remove(filter, &key);
            }
            remove += start.elapsed().as_nanos() as f64 / operations;
        }
        for (what, time) in [("insert", insert), ("remove", remove)] {
            bench.add(vec![Row {
                case: format!("{what}, {count} on one filter"),
                name: Ours::NAME,
                ours: true,
                wrong: None,
                min: time,
                median: time,
                allocations: f64::NAN,
            }]);
        }
        times.push((insert, remove));
    }
    bench.goal("one_filter.insert.growth", times[1].0 / times[0].0, 2.0);
    bench.goal("one_filter.remove.growth", times[1].1 / times[0].1, 2.0);
}
