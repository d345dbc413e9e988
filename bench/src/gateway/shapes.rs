//! Throughput by shape.

use std::time::Duration;

use mqtt_codec::QoS;

use super::load::{self, Outcome, Plan, Shape};
use super::tally::median;
use super::{Contender, MOSQUITTO, OURS};
use crate::harness::Bench;

pub(super) const PAIRS: usize = 4;

const ROUNDS: usize = 6;

/// What the rounds of one broker gave.
struct Row {
    good: Vec<Outcome>,
    faults: Vec<String>,
}

impl Row {
    fn best(&self) -> Option<&Outcome> {
        self.good.iter().max_by(|a, b| a.rate.total_cmp(&b.rate))
    }
}

/// Measures every shape; gives Mosquitto's best rate of QoS 1 pairs, if it was measured.
pub(super) fn run(bench: &mut Bench, contenders: &[Contender]) -> Option<f64> {
    let shapes = [
        (
            "pairs-qos0",
            Shape::pairs("4 pairs, QoS 0", PAIRS, QoS::AtMostOnce),
        ),
        (
            "pairs-qos1",
            Shape::pairs("4 pairs, QoS 1", PAIRS, QoS::AtLeastOnce),
        ),
        (
            "fan-in-qos1",
            Shape::fan_in("16 → 1, QoS 1", 16, QoS::AtLeastOnce),
        ),
        (
            "fan-out-qos0",
            Shape::fan_out("1 → 50, QoS 0", 50, QoS::AtMostOnce),
        ),
        (
            "fan-out-qos1",
            Shape::fan_out("1 → 50, QoS 1", 50, QoS::AtLeastOnce),
        ),
    ];
    bench.say(
        "\n## Throughput: deliveries a second, up to 100 unacknowledged messages a publisher, at QoS 0 4,000 ahead of what has come\n\n\
         | shape | broker | best | median | lost | broker µs | generator | thingwire / this |\n\
         |---|---|---|---|---|---|---|---|",
    );
    let mut peak = None;
    for (goal, shape) in shapes {
        let rows = measure(bench, contenders, &shape);
        let best = |name: &str| {
            let at = contenders.iter().position(|one| one.broker.name == name)?;
            Some(rows[at].best()?.rate)
        };
        let ours = best(OURS).unwrap_or(f64::NAN);
        for (contender, row) in contenders.iter().zip(&rows) {
            say(bench, contender, &shape, row, ours);
        }
        if let Some(mosquitto) = best(MOSQUITTO) {
            bench.goal_at_least(goal, ours / mosquitto, 1.0);
            if goal == "pairs-qos1" {
                peak = Some(mosquitto);
            }
        }
        for (contender, row) in contenders.iter().zip(&rows) {
            // One run that does not add up is a message lost or doubled.
            if contender.broker.ours && !row.faults.is_empty() {
                bench.goal(
                    &format!("{goal}.runs-that-do-not-add-up"),
                    row.faults.len() as f64,
                    0.0,
                );
            }
        }
    }
    peak
}

fn measure(bench: &Bench, contenders: &[Contender], shape: &Shape) -> Vec<Row> {
    let (warm, measured) = if bench.quick() {
        (100, 300)
    } else {
        (300, 1500)
    };
    let plan = Plan {
        warm: Duration::from_millis(warm),
        measured: Duration::from_millis(measured),
        rate: None,
    };
    let mut rows: Vec<Row> = contenders
        .iter()
        .map(|_| Row {
            good: Vec::new(),
            faults: Vec::new(),
        })
        .collect();
    for _ in 0..bench.rounds(ROUNDS) {
        for (contender, row) in contenders.iter().zip(&mut rows) {
            match load::run(&contender.server, shape, plan) {
                Ok(outcome) => row.good.push(outcome),
                Err(fault) => row.faults.push(fault),
            }
        }
    }
    rows
}

fn say(bench: &mut Bench, contender: &Contender, shape: &Shape, row: &Row, ours: f64) {
    let name = contender.broker.name;
    if let Some(best) = row.best() {
        let rates = row.good.iter().map(|outcome| outcome.rate).collect();
        bench.say(&format!(
            "| {} | {name} | {:.0} | {:.0} | {:.1} % | {:.2} | {:.0} % | {:.2} |",
            shape.name,
            best.rate,
            median(rates),
            best.lost * 100.0,
            best.broker,
            best.generator * 100.0,
            ours / best.rate
        ));
    }
    for fault in &row.faults {
        bench.say(&format!(
            "| {} | {name} | – | – | – | – | – | this run does not count: {fault} |",
            shape.name
        ));
    }
}
