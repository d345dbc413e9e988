//! The gateway against brokers, each a process of its own: throughput, latency, connections, memory.
//!
//! The load generator is ours, on one thread of this process, and speaks MQTT 3.1.1 over loopback. Every message is counted
//! where it arrives, by publisher and number: at QoS 1 each has to come once and in order, or the run does not count; at QoS 0
//! what was lost is shown.

mod brokers;
mod client;
mod connections;
mod latency;
mod load;
mod memory;
mod process;
mod shapes;
mod tally;
mod thingwire;

use std::rc::Rc;

use crate::harness::Bench;

use brokers::Broker;
use process::Server;
use thingwire::Gateway;

pub(crate) const METHOD: &str = "Brokers and the load generator share the processors; nobody is pinned to any. Interleaved \
     rounds, of which each broker's best counts; 64-byte messages, MQTT 3.1.1, loopback.";

/// The names under which goals find their rows.
const OURS: &str = "thingwire";
const MOSQUITTO: &str = "mosquitto";

/// A broker that is there, and the process that the rounds are run against.
struct Contender {
    broker: Rc<Broker>,
    server: Server,
}

pub(crate) fn run(bench: &mut Bench) {
    let descriptors = process::raise_descriptor_limit();
    bench.say("## Brokers\n");
    let gateway = Rc::new(Gateway::prepare(bench));
    let brokers = brokers::all(bench, &gateway);
    let mut contenders = Vec::new();
    for broker in brokers {
        match broker.start() {
            Ok(server) => contenders.push(Contender {
                broker: Rc::new(broker),
                server,
            }),
            Err(why) if broker.ours => panic!("{} does not start: {why}", broker.name),
            Err(why) => bench.say(&format!("- {} is left out: {why}", broker.name)),
        }
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    bench.say(&format!(
        "\n{cores} processors for broker and generator together. `broker µs` is the CPU time of the broker's process per \
         delivery or connection, `generator` the share of its one processor that the generator used."
    ));
    thingwire::show_that_the_policy_decides(bench, &contenders);
    let peak = shapes::run(bench, &contenders);
    latency::run(bench, &contenders, peak);
    connections::run(bench, &contenders, &gateway.data());
    // Each of the next processes is fresh.
    let brokers: Vec<_> = contenders.into_iter().map(|one| one.broker).collect();
    memory::run(bench, &brokers, descriptors);
}
