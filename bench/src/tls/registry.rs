//! The registry in memory: what an entry takes, what a lookup costs, and whether a reload stalls it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use tls_auth::{
    CertificateId, Entry as Registered, MemoryRegistry, Owner, Record, Registry, Status,
};

use crate::harness::{Allocations, Bench, Entry};

const ENTRIES: u32 = 100_000;

fn id(number: u32) -> CertificateId {
    CertificateId::of(&number.to_be_bytes())
}

fn entries() -> impl Iterator<Item = Registered> {
    let authority = CertificateId::of(b"the CA");
    (0..ENTRIES).map(move |number| {
        let owner = Owner::new(format!("account {}", number % 100));
        Registered::new(
            id(number),
            Record::new(Status::Active, owner).with_authority(authority),
        )
    })
}

pub(super) fn run(bench: &mut Bench) {
    bench.head("Registry of 100,000 certificates");
    let before = Allocations::now().live;
    let registry = MemoryRegistry::new();
    registry.reload(entries()).expect("each comes once");
    let bytes = (Allocations::now().live - before) as f64 / f64::from(ENTRIES);
    bench.goal("registry-bytes", bytes / 64.0, 1.0);
    let grown = {
        let before = Allocations::now().live;
        let registry = MemoryRegistry::new();
        let authority = CertificateId::of(b"the CA");
        for number in 0..ENTRIES {
            let owner = Owner::new(format!("account {}", number % 100));
            let record = Record::new(Status::Active, owner).with_authority(authority);
            registry
                .insert(id(number), &record)
                .expect("each comes once");
        }
        (Allocations::now().live - before) as f64 / f64::from(ENTRIES)
    };
    let ids: Vec<CertificateId> = (0..1_000).map(|number| id(number * 97)).collect();
    bench.case(
        "lookup",
        ids.len() as u64,
        40,
        vec![Entry::ours("MemoryRegistry", || {
            ids.iter()
                .map(|id| u64::from(registry.find(id).is_ok_and(|found| found.is_some())))
                .sum()
        })],
    );
    bench.say(&format!(
        "\nBytes an entry: {bytes:.1} after a reload, {grown:.1} when registered one by one."
    ));
    stalls(bench, registry, &ids);
}

/// Looks up while another thread reloads everything, and takes the time of each by the clock.
fn stalls(bench: &mut Bench, registry: MemoryRegistry, ids: &[CertificateId]) {
    let registry = Arc::new(registry);
    let reloads = if bench.quick() { 5 } else { 20 };
    let done = Arc::new(AtomicBool::new(false));
    let thread = {
        let (registry, done) = (registry.clone(), done.clone());
        std::thread::spawn(move || {
            for _ in 0..reloads {
                registry.reload(entries()).expect("each comes once");
            }
            done.store(true, Ordering::Relaxed);
        })
    };
    let mut times = Vec::new();
    while !done.load(Ordering::Relaxed) {
        for id in ids {
            let start = Instant::now();
            let found = registry.find(id);
            times.push(start.elapsed().as_nanos() as f64);
            assert!(found.is_ok_and(|found| found.is_some()));
        }
    }
    thread.join().expect("reloading does not fail");
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize];
    bench.say(&format!(
        "\nLookups while {reloads} reloads ran, by the clock: median {:.0} ns, 99.9 % {:.0} ns, 99.99 % {:.0} ns, longest {:.0} ns of {}.",
        at(0.5),
        at(0.999),
        at(0.9999),
        at(1.0),
        times.len()
    ));
    // The longest is the scheduler's: 99.99 % is what a lock would show.
    bench.goal("registry-reload-stall", at(0.9999) / 10_000.0, 1.0);
}
