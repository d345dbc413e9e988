//! What a writer costs the readers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use topic_match::snapshot::{Reader, Writer};
use topic_match::{SubscriptionFilter, SubscriptionIndex, TopicName, snapshot};

use super::data::Workload;
use crate::harness::Bench;

const LOOKUPS: usize = 200_000;
const CHANGES_PER_SECOND: u32 = 50_000;

pub fn run(bench: &mut Bench) {
    bench.say("\n## Readers beside a writer, 100k filters\n");
    let workload = Workload::new(100_000, 20_000);
    let mut index = SubscriptionIndex::new();
    for (number, filter) in (0_u32..).zip(&workload.filters) {
        let filter = SubscriptionFilter::new(filter).expect("it is valid");
        index
            .insert(filter, number / 4, number)
            .expect("there is room");
    }
    let (mut writer, reader) = snapshot::channel(index);
    let rounds = bench.rounds(12);
    let (mut idle, mut busy) = (Vec::new(), Vec::new());
    let mut changes = 0;
    for _ in 0..rounds {
        idle.push(percentile_99(&reader, &workload));
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            let writing = scope.spawn(|| write(&mut writer, &workload, &done));
            busy.push(percentile_99(&reader, &workload));
            done.store(true, Ordering::Relaxed);
            changes += writing.join().expect("the writer does not panic");
        });
    }
    let (idle, busy) = (middle(idle), middle(busy));
    bench.say(&format!(
        "99th percentile of a lookup, wall time, middle of {rounds} rounds: {idle} ns idle, {busy} ns beside a writer that \
         publishes each of its {CHANGES_PER_SECOND} changes a second ({changes} changes in all)."
    ));
    bench.goal("snapshot.reader_p99", busy as f64 / idle as f64, 1.5);
}

/// Nanoseconds below which 99 % of the lookups stay, each with a snapshot of its own.
fn percentile_99(reader: &Reader<u32, u32>, workload: &Workload) -> u64 {
    let mut times = Vec::with_capacity(LOOKUPS);
    for topic in workload.topics.iter().cycle().take(LOOKUPS) {
        let name = TopicName::new(topic).expect("it is valid");
        let start = Instant::now();
        let found = reader.snapshot().matches(name).count();
        times.push(start.elapsed().as_nanos() as u64);
        std::hint::black_box(found);
    }
    times.sort_unstable();
    times[times.len() / 100 * 99]
}

/// Subscribes and unsubscribes at the pace until told to stop, and answers how many changes it made.
fn write(writer: &mut Writer<u32, u32>, workload: &Workload, done: &AtomicBool) -> u64 {
    let start = Instant::now();
    let mut changes = 0_u32;
    let mut filters = workload.filters.iter().cycle();
    while !done.load(Ordering::Relaxed) {
        let due = start.elapsed().as_secs_f64() * f64::from(CHANGES_PER_SECOND);
        while f64::from(changes) < due {
            let filter = filters.next().expect("it goes round");
            let filter = SubscriptionFilter::new(filter).expect("it is valid");
            writer
                .insert(filter, 1_000_000, changes)
                .expect("there is room");
            writer.publish();
            writer.remove(filter, &1_000_000);
            writer.publish();
            changes += 2;
        }
        thread::sleep(Duration::from_micros(200));
    }
    u64::from(changes)
}

fn middle(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}
