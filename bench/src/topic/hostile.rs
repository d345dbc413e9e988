//! 2¹⁶ filters of `a` and `+` on 16 levels, all of which lie in the way of one topic and none of which matches it.

use std::ops::ControlFlow;

use topic_match::{Outcome, TopicName};

use super::peers::{Engine, Index, Ours, SubMap};
use crate::harness::{Bench, Entry};

const LEVELS: u32 = 16;
const BUDGET: usize = 4096;

pub fn run(bench: &mut Bench) {
    bench.head("{a,+}^16/zz, no match");
    let topic = "a/".repeat(LEVELS as usize) + "yy";
    let ours: Ours = build();
    #[cfg(feature = "paho")]
    let paho: super::peers::Paho = build();
    let engine: Engine = build();
    let submap: SubMap = build();
    let mut entries = vec![Entry::ours(Ours::NAME, || ours.lookup(&topic))];
    #[cfg(feature = "paho")]
    entries.push(Entry::peer(super::peers::Paho::NAME, || {
        paho.lookup(&topic)
    }));
    entries.push(Entry::peer(Engine::NAME, || engine.lookup(&topic)));
    entries.push(Entry::peer(SubMap::NAME, || submap.lookup(&topic)));
    let ratio = bench.case("hostile", 1, 7, entries);
    bench.goal("hostile.unbounded", ratio, 0.25);

    let name = TopicName::new(&topic).expect("it is valid");
    let case = "hostile, budget of 4096 nodes";
    let entry = Entry::ours(Ours::NAME, || {
        let lookup = ours.0.lookup(name, BUDGET, |_| ControlFlow::Continue(()));
        assert_eq!(lookup.outcome, Outcome::Exhausted);
        lookup.visited as u64
    });
    bench.case(case, 1, 31, vec![entry]);
    let microseconds = bench.time(case, Ours::NAME) / 1000.0;
    bench.goal("hostile.budget_4096_of_50_us", microseconds / 50.0, 1.0);
}

fn build<I: Index>() -> I {
    let mut index = I::new();
    for number in 0..1_u32 << LEVELS {
        let levels = (0..LEVELS).map(|bit| if number >> bit & 1 == 0 { "a/" } else { "+/" });
        index.insert(number, &(levels.collect::<String>() + "zz"));
    }
    index
}
