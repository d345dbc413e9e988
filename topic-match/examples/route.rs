//! A broker's routing in miniature: who subscribes to what, who gets a message, what is retained.
//!
//! `cargo run --release -p thingwire-topic-match --example route`
//! `cargo run --release -p thingwire-topic-match --example route -- FILTER TOPIC`

use core::error::Error;
use std::io::{self, Write};

use topic_match::{
    Cursor, Match, Merged, PageLimit, RetainedIndex, SubscriptionFilter, SubscriptionIndex,
    TopicFilter, TopicName,
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut out = io::stdout().lock();
    match arguments.as_slice() {
        [filter, topic] => explain(&mut out, filter, topic),
        _ => route(&mut out),
    }
}

/// Says whether a filter matches a topic, what its wildcards stood for, or what is wrong with either.
fn explain(out: &mut impl Write, filter: &str, topic: &str) -> Result<(), Box<dyn Error>> {
    let filter = SubscriptionFilter::new(filter)?;
    let name = TopicName::new(topic)?;
    match filter.filter().captures(name) {
        None => writeln!(out, "{filter} does not match {name}")?,
        Some(captures) => {
            let captures: Vec<_> = captures.map(|capture| capture.as_str()).collect();
            writeln!(out, "{filter} matches {name}; wildcards: {captures:?}")?;
        }
    }
    Ok(())
}

fn route(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    // Filter, client, granted QoS.
    let mut index = SubscriptionIndex::new();
    for (filter, client, qos) in [
        ("plant/+/press/temp", "dashboard", 0_u8),
        ("plant/#", "dashboard", 1),
        ("plant/line1/press/temp", "controller", 2),
        ("$share/archive/plant/#", "archiver-1", 1),
        ("$share/archive/plant/#", "archiver-2", 1),
    ] {
        let filter = SubscriptionFilter::new(filter)?;
        index.insert(filter, client, qos)?;
        writeln!(out, "{client:<11} subscribes to {filter}")?;
    }

    let topic = TopicName::new("plant/line1/press/temp")?;
    writeln!(out, "\na message to {topic}:")?;
    // Filters overlap; each client gets the message once, with its highest QoS.
    let mut deliveries: Merged<&str, u8> = Merged::new();
    for one in index.matches(topic) {
        match one {
            Match::Subscriber(one) => {
                deliveries.add(one.key, |before| before.unwrap_or(0).max(*one.value));
            }
            Match::Group(group) => {
                let members = group.members();
                writeln!(
                    out,
                    "  one of the {} members of `{}`",
                    members.len(),
                    group.share_name
                )?;
                if let Some((client, qos)) = members.last() {
                    deliveries.add(client, |before| before.unwrap_or(0).max(*qos));
                }
            }
        }
    }
    for (client, qos) in deliveries.iter() {
        writeln!(out, "  to {client} with QoS {qos}")?;
    }

    let mut retained = RetainedIndex::new();
    for (name, value) in [
        ("plant/line1/press/temp", "71 C"),
        ("plant/line2/press/temp", "68 C"),
        ("plant/line2/oven/temp", "210 C"),
    ] {
        retained.insert(TopicName::new(name)?, value)?;
    }
    let filter = TopicFilter::new("+/+/press/#")?;
    writeln!(out, "\nretained under {filter}:")?;
    let mut cursor = Cursor::new();
    while !cursor.is_complete() {
        let mut page = Vec::new();
        retained.page(filter, &mut cursor, PageLimit::default(), |name, value| {
            page.push(format!("  {name} = {value}"));
        });
        for line in page {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
