//! The indexes behind one interface. A lookup answers with the sum of the numbers of the subscriptions that match, each
//! plus one; the topic is parsed within it, since that is what a broker has to do.

use std::ops::ControlFlow;

use topic_match::{Match, SubscriptionFilter, SubscriptionIndex, TopicName};

pub trait Index {
    const NAME: &'static str;
    fn new() -> Self;
    fn insert(&mut self, number: u32, filter: &str);
    fn remove(&mut self, number: u32, filter: &str);
    fn lookup(&self, topic: &str) -> u64;
}

pub struct Ours(pub SubscriptionIndex<u32, u32>);

impl Index for Ours {
    const NAME: &'static str = "topic-match";

    fn new() -> Self {
        Self(SubscriptionIndex::new())
    }

    fn insert(&mut self, number: u32, filter: &str) {
        let filter = SubscriptionFilter::new(filter).expect("the workload is valid");
        // Four filters a device; the device is the key.
        self.0
            .insert(filter, number / 4, number)
            .expect("there is room");
    }

    fn remove(&mut self, number: u32, filter: &str) {
        let filter = SubscriptionFilter::new(filter).expect("the workload is valid");
        self.0.remove(filter, &(number / 4));
    }

    fn lookup(&self, topic: &str) -> u64 {
        let name = TopicName::new(topic).expect("the workload is valid");
        let mut sum = 0;
        self.0.lookup(name, usize::MAX, |one| {
            if let Match::Subscriber(one) = one {
                sum += u64::from(*one.value) + 1;
            }
            ControlFlow::Continue(())
        });
        sum
    }
}

#[cfg(feature = "paho")]
pub struct Paho(paho_mqtt::TopicMatcher<Vec<u32>>);

#[cfg(feature = "paho")]
impl Index for Paho {
    const NAME: &'static str = "paho-mqtt TopicMatcher";

    fn new() -> Self {
        Self(paho_mqtt::TopicMatcher::new())
    }

    fn insert(&mut self, number: u32, filter: &str) {
        match self.0.get_mut(filter) {
            Some(numbers) => numbers.push(number),
            None => self.0.insert(filter, vec![number]),
        }
    }

    fn remove(&mut self, number: u32, filter: &str) {
        if let Some(numbers) = self.0.get_mut(filter) {
            numbers.retain(|found| *found != number);
            if numbers.is_empty() {
                self.0.remove(filter);
            }
        }
    }

    fn lookup(&self, topic: &str) -> u64 {
        let numbers = self.0.matches(topic).flat_map(|(_, numbers)| numbers);
        numbers.map(|number| u64::from(*number) + 1).sum()
    }
}

pub struct Engine {
    router: mqtt_topic_engine::TopicRouter<u32>,
    /// The caller is to keep these: removal goes by them.
    ids: Vec<Option<mqtt_topic_engine::SubscriptionId>>,
}

impl Index for Engine {
    const NAME: &'static str = "mqtt-topic-engine TopicRouter";

    fn new() -> Self {
        Self {
            router: mqtt_topic_engine::TopicRouter::new(),
            ids: Vec::new(),
        }
    }

    fn insert(&mut self, number: u32, filter: &str) {
        let pattern = mqtt_topic_engine::TopicPatternPath::new_from_string(
            filter,
            mqtt_topic_engine::CacheStrategy::NoCache,
        )
        .expect("the workload is valid");
        let qos = mqtt_topic_engine::QoS::AtMostOnce;
        let (_, id) = self.router.add_subscription(pattern, qos, number);
        let at = number as usize;
        if self.ids.len() <= at {
            self.ids.resize_with(at + 1, || None);
        }
        self.ids[at] = Some(id);
    }

    fn remove(&mut self, number: u32, _: &str) {
        if let Some(id) = self.ids[number as usize].take() {
            self.router.unsubscribe(&id).expect("it is subscribed");
        }
    }

    fn lookup(&self, topic: &str) -> u64 {
        let path = mqtt_topic_engine::TopicPath::new(topic).expect("the workload is valid");
        let found = self.router.get_subscribers(&path);
        found
            .iter()
            .map(|(_, _, number)| u64::from(**number) + 1)
            .sum()
    }
}

pub struct SubMap(submap::SubMap<u32>);

impl Index for SubMap {
    const NAME: &'static str = "submap";

    fn new() -> Self {
        let map = submap::SubMap::new().separator('/');
        Self(map.wildcard("#").match_any("+"))
    }

    fn insert(&mut self, number: u32, filter: &str) {
        self.0.register_client(&number);
        self.0.subscribe(filter, &number);
    }

    fn remove(&mut self, number: u32, filter: &str) {
        self.0.unsubscribe(filter, &number);
        self.0.unregister_client(&number);
    }

    fn lookup(&self, topic: &str) -> u64 {
        let found = self.0.get_subscribers(topic);
        found.iter().map(|number| u64::from(*number) + 1).sum()
    }
}
