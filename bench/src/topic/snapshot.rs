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
    for (filters, label) in [(10_000, "10k"), (100_000, "100k")] {
        readers_beside_a_writer(bench, filters, label);
    }
}

fn readers_beside_a_writer(bench: &mut Bench, filters: usize, label: &str) {
    bench.say(&format!("\n## Readers beside a writer, {label} filters\n"));
    let workload = Workload::new(filters, 20_000);
    let mut index = SubscriptionIndex::new();
    for (number, filter) in (0_u32..).zip(&workload.filters) {
        let filter = SubscriptionFilter::new(filter).expect("it is valid");
        index
            .insert(filter, number / 4, number)
            .expect("there is room");
    }
    // The control: the same work on an index that nobody reads shows what a second busy thread costs on this machine.
    let (mut aside, _) = snapshot::channel(index.clone());
    let (mut writer, reader) = snapshot::channel(index);
    let mut times: [Vec<u64>; 4] = Default::default();
    let [idle, control, batches, singly] = &mut times;
    for _ in 0..bench.rounds(12) {
        idle.push(percentile_99(&reader, &workload));
        // An event loop with turns of 1 ms publishes 50 changes together; one by one is the worst there is.
        control.push(beside(&mut aside, 50, &reader, &workload));
        batches.push(beside(&mut writer, 50, &reader, &workload));
        singly.push(beside(&mut writer, 2, &reader, &workload));
    }
    let [idle, control, batches, singly] = times.map(middle);
    bench.say(&format!(
        "99th percentile of a lookup, wall time, middle of the rounds: {idle} ns idle; {control} ns beside \
         {CHANGES_PER_SECOND} changes a second to another index; {batches} ns beside as many to this one, published 50 \
         together; {singly} ns with each published at once."
    ));
    let ratio = |time: u64| time as f64 / idle as f64;
    bench.goal(&format!("snapshot.{label}.control"), ratio(control), 1.5);
    bench.goal(&format!("snapshot.{label}.reader_p99"), ratio(batches), 1.5);
    bench.goal(
        &format!("snapshot.{label}.reader_p99_published_singly"),
        ratio(singly),
        1.5,
    );
}

/// The 99th percentile beside a writer.
fn beside(
    writer: &mut Writer<u32, u32>,
    every: u32,
    reader: &Reader<u32, u32>,
    workload: &Workload,
) -> u64 {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| write(writer, every, workload, &done));
        let time = percentile_99(reader, workload);
        done.store(true, Ordering::Relaxed);
        time
    })
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

/// Subscribes and unsubscribes at the pace until told to stop.
fn write(writer: &mut Writer<u32, u32>, every: u32, workload: &Workload, done: &AtomicBool) {
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
            writer.remove(filter, &1_000_000);
            changes += 2;
            if changes % every == 0 {
                writer.publish();
            }
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn middle(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values[values.len() / 2]
}
