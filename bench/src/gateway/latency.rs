//! Latency of QoS 1 pairs at half of the rate that Mosquitto reaches.

use std::time::Duration;

use mqtt_codec::QoS;

use super::load::{self, Outcome, Plan, Shape};
use super::shapes::PAIRS;
use super::{Contender, MOSQUITTO, OURS};
use crate::harness::Bench;

const ROUNDS: usize = 6;

/// A broker that falls behind the rate is not measured at it.
const REACHED: f64 = 0.95;

pub(super) fn run(bench: &mut Bench, contenders: &[Contender], peak: Option<f64>) {
    let Some(peak) = peak else {
        bench.say("\nLatency is left out: the rate comes from Mosquitto.");
        return;
    };
    let rate = peak / 2.0;
    let measured = if bench.quick() { 500 } else { 2000 };
    let plan = Plan {
        warm: Duration::from_millis(300),
        measured: Duration::from_millis(measured),
        rate: Some(rate),
    };
    bench.say(&format!(
        "\n## Latency: 4 pairs, QoS 1, {rate:.0} messages a second, half of Mosquitto's best\n\n\
         | broker | p50 µs best | p50 µs of each round | p99 µs best | broker µs | thingwire / this |\n\
         |---|---|---|---|---|---|"
    ));
    let shape = Shape::pairs("latency", PAIRS, QoS::AtLeastOnce);
    let mut rows: Vec<Vec<Outcome>> = vec![Vec::new(); contenders.len()];
    for _ in 0..bench.rounds(ROUNDS) {
        for (contender, row) in contenders.iter().zip(&mut rows) {
            match load::run(&contender.server, &shape, plan) {
                Ok(outcome) if outcome.rate >= rate * REACHED => row.push(outcome),
                Ok(outcome) => println!(
                    "{}: a round does not count, it reached {:.0} a second",
                    contender.broker.name, outcome.rate
                ),
                Err(fault) => {
                    println!("{}: a round does not count: {fault}", contender.broker.name)
                }
            }
        }
    }
    let best = |name: &str| {
        let at = contenders.iter().position(|one| one.broker.name == name)?;
        rows[at].iter().map(|one| one.p50).min()
    };
    let ours = best(OURS).map_or(f64::NAN, f64::from);
    for (contender, row) in contenders.iter().zip(&rows) {
        let name = contender.broker.name;
        let Some(first) = row.iter().min_by_key(|one| one.p50) else {
            bench.say(&format!("| {name} | it did not keep up | – | – | – | – |"));
            continue;
        };
        let all: Vec<String> = row.iter().map(|one| one.p50.to_string()).collect();
        bench.say(&format!(
            "| {name} | {} | {} | {} | {:.2} | {:.2} |",
            first.p50,
            all.join(", "),
            row.iter().map(|one| one.p99).min().unwrap_or_default(),
            first.broker,
            ours / f64::from(first.p50)
        ));
    }
    if let Some(mosquitto) = best(MOSQUITTO) {
        bench.goal("latency-p50", ours / f64::from(mosquitto), 1.5);
    }
}
