//! Publishers and subscribers under load: as fast as the broker takes it, or at a rate.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use mqtt_codec::{
    Delivery, Encoder, PacketId, PacketView, PreparedPublish, PubAck, Publish, QoS, Recipient,
};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::client::{self, Link, VERSION, encode};
use super::process::Server;
use super::tally::{PAYLOAD, Stamp, Tally, due, percentile};

/// QoS 1 messages of one publisher that are not acknowledged, when it sends as fast as it can.
const WINDOW: u64 = 100;

/// The same for one that sends at a rate: it is to wait for the clock alone.
const WIDE_WINDOW: u64 = 10_000;

/// QoS 0 messages of one write.
const BURST: u64 = 100;

/// QoS 0 messages that each publisher may be ahead of what has come. Without a bound, what waits in the buffers of the system
/// would keep a slow broker busy for seconds after its round, and so through the rounds of others.
const AHEAD: u64 = 4000;

/// Without a delivery for so long, what has not come is lost, and nobody waits for it.
const LOST: Duration = Duration::from_millis(100);

/// One in so many messages has its time noted when the rate is the broker's.
const SAMPLED: u64 = 16;

/// For each step that does not depend on the load.
const PATIENCE: Duration = Duration::from_secs(10);

/// Without another delivery for so long, a run is over.
const fn silence(qos: QoS) -> Duration {
    match qos {
        // What is lost does not come.
        QoS::AtMostOnce => Duration::from_millis(250),
        QoS::AtLeastOnce | QoS::ExactlyOnce => Duration::from_secs(10),
    }
}

/// Who publishes what, and who gets it.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) name: &'static str,
    pub(super) qos: QoS,
    /// The topic of each publisher.
    pub(super) topics: Vec<String>,
    /// The filter of each subscriber.
    pub(super) filters: Vec<String>,
}

impl Shape {
    /// Each subscriber gets the messages of one publisher.
    pub(super) fn pairs(name: &'static str, count: usize, qos: QoS) -> Self {
        let topics: Vec<String> = (0..count).map(|n| format!("load/pair/{n}")).collect();
        Self {
            name,
            qos,
            filters: topics.clone(),
            topics,
        }
    }

    /// One subscriber gets everything.
    pub(super) fn fan_in(name: &'static str, publishers: usize, qos: QoS) -> Self {
        Self {
            name,
            qos,
            topics: (0..publishers)
                .map(|n| format!("load/device/{n}"))
                .collect(),
            filters: vec!["load/device/+".to_owned()],
        }
    }

    /// One publisher, and everybody gets it.
    pub(super) fn fan_out(name: &'static str, subscribers: usize, qos: QoS) -> Self {
        Self {
            name,
            qos,
            topics: vec!["load/all".to_owned()],
            filters: vec!["load/all".to_owned(); subscribers],
        }
    }

    /// Which publishers a subscriber hears.
    fn hears(&self, subscriber: usize, publisher: usize) -> bool {
        match self.filters[subscriber].strip_suffix('+') {
            Some(prefix) => self.topics[publisher].starts_with(prefix),
            None => self.filters[subscriber] == self.topics[publisher],
        }
    }

    /// How many subscribers get each message of a publisher.
    fn receivers(&self, publisher: usize) -> u64 {
        let hear = (0..self.filters.len()).filter(|subscriber| self.hears(*subscriber, publisher));
        hear.count() as u64
    }

    /// What a subscriber has to get, by what each publisher sent.
    pub(super) fn expected(&self, subscriber: usize, sent: &[u64]) -> u64 {
        sent.iter()
            .enumerate()
            .filter(|(publisher, _)| self.hears(subscriber, *publisher))
            .map(|(_, count)| count)
            .sum()
    }
}

/// How long, and how fast.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) warm: Duration,
    pub(super) measured: Duration,
    /// Messages a second of all publishers together; as many as the broker takes unless set.
    pub(super) rate: Option<f64>,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    /// Deliveries a second while it was measured.
    pub(super) rate: f64,
    /// From the first message to the last, as shares of what had to come.
    pub(super) lost: f64,
    /// Microseconds from writing to reading.
    pub(super) p50: u32,
    pub(super) p99: u32,
    /// CPU time of the broker for each delivery, in microseconds.
    pub(super) broker: f64,
    /// CPU time of the generator, as a share of the time.
    pub(super) generator: f64,
}

struct Shared {
    start: Instant,
    is_stopped: Cell<bool>,
    is_measured: Cell<bool>,
    delivered: Cell<u64>,
    /// Deliveries that the messages so far ought to make, without those that are lost.
    owed: Cell<u64>,
    latencies: RefCell<Vec<u32>>,
}

impl Shared {
    fn new() -> Rc<Self> {
        Rc::new(Self {
            start: Instant::now(),
            is_stopped: Cell::new(false),
            is_measured: Cell::new(false),
            delivered: Cell::new(0),
            owed: Cell::new(0),
            latencies: RefCell::default(),
        })
    }

    fn micros(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }
}

/// Runs a shape against a broker once.
///
/// # Errors
/// Something did not answer, or QoS 1 messages did not come as they were sent.
pub(super) fn run(server: &Server, shape: &Shape, plan: Plan) -> Result<Outcome, String> {
    client::run(run_local(server, shape, plan))
}

async fn run_local(server: &Server, shape: &Shape, plan: Plan) -> Result<Outcome, String> {
    let shared = Shared::new();
    let tallies: Vec<Rc<RefCell<Tally>>> = shape
        .filters
        .iter()
        .map(|_| Rc::new(RefCell::new(Tally::of(shape.topics.len()))))
        .collect();
    let mut subscribers = Vec::new();
    for (number, (filter, tally)) in shape.filters.iter().zip(&tallies).enumerate() {
        let link = timeout(PATIENCE, subscriber(server, number, filter, shape.qos))
            .await
            .map_err(|_| "a SUBACK did not come")?
            .map_err(|error| format!("a subscriber: {error}"))?;
        // Under a rate, every message counts for latency.
        let sampled = if plan.rate.is_some() { 1 } else { SAMPLED };
        let task = subscribe(link, Rc::clone(tally), Rc::clone(&shared), sampled);
        subscribers.push(tokio::task::spawn_local(task));
    }
    let rate = plan.rate.map(|rate| rate / shape.topics.len() as f64);
    let mut links = Vec::new();
    for number in 0..shape.topics.len() {
        let client_id = format!("load-from-{number}");
        let link = timeout(PATIENCE, Link::plain(server.plain, &client_id))
            .await
            .map_err(|_| "a CONNACK did not come")?
            .map_err(|error| format!("a publisher: {error}"))?;
        links.push(link);
    }
    let publishers: Vec<JoinHandle<io::Result<u64>>> = links
        .into_iter()
        .zip(&shape.topics)
        .enumerate()
        .map(|(number, (link, topic))| {
            let mut source = Source::new(number as u32, topic, shape.qos, Rc::clone(&shared));
            source.receivers = shape.receivers(number);
            source.publishers = shape.topics.len() as u64;
            tokio::task::spawn_local(source.publish(link, rate))
        })
        .collect();

    sleep(plan.warm).await;
    let before = (shared.delivered.get(), server.cpu(), ThreadTime::now());
    shared.is_measured.set(true);
    let began = Instant::now();
    sleep(plan.measured).await;
    let elapsed = began.elapsed().as_secs_f64();
    shared.is_measured.set(false);
    let delivered = shared.delivered.get() - before.0;
    let broker = (server.cpu() - before.1).as_secs_f64();
    let generator = before.2.elapsed().as_secs_f64();
    shared.is_stopped.set(true);

    let mut sent = Vec::new();
    for publisher in publishers {
        let ended = timeout(PATIENCE, publisher).await;
        let count = ended
            .map_err(|_| "a publisher's last messages are not taken")?
            .expect("a publisher does not panic")
            .map_err(|error| format!("a publisher: {error}"))?;
        sent.push(count);
    }
    let expected: Vec<u64> = (0..tallies.len())
        .map(|subscriber| shape.expected(subscriber, &sent))
        .collect();
    let all = expected.iter().sum();
    settle(&shared, all, silence(shape.qos)).await;
    for subscriber in subscribers {
        if subscriber.is_finished() {
            let ended = subscriber.await.expect("a subscriber does not panic");
            return Err(format!("a subscriber's connection ended: {ended}"));
        }
        subscriber.abort();
    }

    if shape.qos > QoS::AtMostOnce {
        for (tally, expected) in tallies.iter().zip(&expected) {
            if let Some(fault) = tally.borrow().fault(*expected) {
                return Err(fault);
            }
        }
    }
    let counted: u64 = tallies.iter().map(|tally| tally.borrow().delivered).sum();
    let mut latencies = shared.latencies.take();
    Ok(Outcome {
        rate: delivered as f64 / elapsed,
        lost: 1.0 - counted as f64 / all as f64,
        p50: percentile(&mut latencies, 0.5),
        p99: percentile(&mut latencies, 0.99),
        broker: broker * 1e6 / delivered as f64,
        generator: generator / elapsed,
    })
}

/// Waits until everything has come, or nothing comes any more.
async fn settle(shared: &Shared, expected: u64, silence: Duration) {
    let mut last = (shared.delivered.get(), Instant::now());
    while last.0 < expected && last.1.elapsed() < silence {
        sleep(Duration::from_millis(5)).await;
        let now = shared.delivered.get();
        if now != last.0 {
            last = (now, Instant::now());
        }
    }
}

async fn subscriber(
    server: &Server,
    number: usize,
    filter: &str,
    qos: QoS,
) -> io::Result<Link<TcpStream>> {
    let mut link = Link::plain(server.plain, &format!("load-to-{number}")).await?;
    link.stream.set_nodelay(true)?;
    if !link.subscribe(filter, qos).await? {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    link.widen();
    Ok(link)
}

/// Takes messages until the task is aborted; gives why it could not.
async fn subscribe(
    mut link: Link<TcpStream>,
    tally: Rc<RefCell<Tally>>,
    shared: Rc<Shared>,
    sampled: u64,
) -> io::Error {
    let mut acks = Vec::new();
    loop {
        if let Err(error) = link.read().await {
            return error;
        }
        let now = shared.micros();
        let mut tally = tally.borrow_mut();
        let before = tally.delivered;
        let parsed = link.packets(|packet| {
            let PacketView::Publish(publish) = packet else {
                return;
            };
            let stamp = tally.take(publish.payload());
            if let Some(stamp) = stamp
                && shared.is_measured.get()
                && tally.delivered.is_multiple_of(sampled)
            {
                let micros = now.saturating_sub(stamp.micros);
                shared.latencies.borrow_mut().push(micros as u32);
            }
            if let Some(id) = publish.packet_id() {
                encode(&<PubAck>::new(id), &mut acks);
            }
        });
        let count = tally.delivered - before;
        shared.delivered.set(shared.delivered.get() + count);
        drop(tally);
        let written = link.write(&acks).await;
        acks.clear();
        if let Err(error) = parsed.and(written) {
            return error;
        }
    }
}

/// A publisher's messages.
struct Source {
    number: u32,
    prepared: PreparedPublish,
    qos: QoS,
    /// Of each message.
    receivers: u64,
    /// This one and the others.
    publishers: u64,
    shared: Rc<Shared>,
    sent: u64,
    open: u64,
    packet_id: u16,
    out: Vec<u8>,
}

impl Source {
    fn new(number: u32, topic: &str, qos: QoS, shared: Rc<Shared>) -> Self {
        let payload = [0; PAYLOAD];
        let publish: Publish = Publish::builder(topic)
            .payload(&payload)
            .build()
            .expect("the bench's own packets are whole");
        Self {
            number,
            prepared: PreparedPublish::new(&publish),
            qos,
            receivers: 1,
            publishers: 1,
            shared,
            sent: 0,
            open: 0,
            packet_id: 0,
            out: Vec::new(),
        }
    }

    /// Publishes until it is told to stop and everything is acknowledged; gives how many.
    async fn publish(mut self, mut link: Link<TcpStream>, rate: Option<f64>) -> io::Result<u64> {
        link.stream.set_nodelay(true)?;
        link.widen();
        match (rate, self.qos) {
            (Some(rate), _) => self.at_rate(&mut link, rate).await?,
            (None, QoS::AtMostOnce) => self.in_bursts(&mut link).await?,
            (None, _) => self.in_window(&mut link).await?,
        }
        while self.open > 0 {
            self.take_acks(&mut link).await?;
        }
        Ok(self.sent)
    }

    async fn in_bursts(&mut self, link: &mut Link<TcpStream>) -> io::Result<()> {
        while !self.shared.is_stopped.get() {
            self.send(link, BURST).await?;
            let owed = self.shared.owed.get() + BURST * self.receivers;
            self.shared.owed.set(owed);
            self.stay_near().await;
        }
        Ok(())
    }

    /// Lets the broker catch up.
    async fn stay_near(&self) {
        let shared = &self.shared;
        let ahead = AHEAD * self.receivers * self.publishers;
        tokio::task::yield_now().await;
        let mut last = (shared.delivered.get(), Instant::now());
        while !shared.is_stopped.get() && shared.owed.get() > shared.delivered.get() + ahead {
            sleep(Duration::from_millis(1)).await;
            let now = shared.delivered.get();
            if now != last.0 {
                last = (now, Instant::now());
            } else if last.1.elapsed() > LOST {
                shared.owed.set(now);
            }
        }
    }

    async fn in_window(&mut self, link: &mut Link<TcpStream>) -> io::Result<()> {
        while !self.shared.is_stopped.get() {
            self.send(link, WINDOW.saturating_sub(self.open)).await?;
            self.take_acks(link).await?;
        }
        Ok(())
    }

    async fn at_rate(&mut self, link: &mut Link<TcpStream>, rate: f64) -> io::Result<()> {
        let began = Instant::now();
        let mut tick = interval(Duration::from_millis(1));
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while !self.shared.is_stopped.get() {
            tokio::select! {
                _ = tick.tick() => {
                    let room = WIDE_WINDOW.saturating_sub(self.open);
                    let count = due(began.elapsed(), rate, self.sent).min(room);
                    self.send(link, count).await?;
                }
                acks = self.take_acks(link), if self.qos > QoS::AtMostOnce => acks?,
            }
        }
        Ok(())
    }

    async fn send(&mut self, link: &mut Link<TcpStream>, count: u64) -> io::Result<()> {
        let encoder = Encoder::client(VERSION);
        let micros = self.shared.micros();
        self.out.clear();
        for _ in 0..count {
            let delivery = match self.qos {
                QoS::AtMostOnce => Delivery::AtMostOnce,
                _ => {
                    self.open += 1;
                    Delivery::AtLeastOnce {
                        packet_id: self.next_id(),
                        dup: false,
                    }
                }
            };
            self.prepared
                .encode_head(&encoder, &Recipient::new(delivery), &mut self.out)
                .expect("the bench's own packets are whole");
            let stamp = Stamp {
                micros,
                publisher: self.number,
                number: self.sent,
            };
            self.out.extend_from_slice(&stamp.write());
            self.sent += 1;
        }
        link.write(&self.out).await
    }

    fn next_id(&mut self) -> PacketId {
        self.packet_id = self.packet_id.checked_add(1).unwrap_or(1);
        PacketId::new(self.packet_id).expect("it is not 0")
    }

    async fn take_acks(&mut self, link: &mut Link<TcpStream>) -> io::Result<()> {
        link.read().await?;
        let mut count = 0;
        link.packets(|packet| {
            if let PacketView::PubAck(_) = packet {
                count += 1;
            }
        })?;
        self.open -= count;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_subscriber_has_to_get() {
        let sent = [1, 10, 100, 1000];
        let pairs = Shape::pairs("pairs", 4, QoS::AtLeastOnce);
        let got: Vec<u64> = (0..4).map(|n| pairs.expected(n, &sent)).collect();
        assert_eq!(got, sent);
        let fan_in = Shape::fan_in("fan-in", 4, QoS::AtLeastOnce);
        assert_eq!(fan_in.expected(0, &sent), 1111);
        let fan_out = Shape::fan_out("fan-out", 3, QoS::AtLeastOnce);
        let got: Vec<u64> = (0..3).map(|n| fan_out.expected(n, &[7])).collect();
        assert_eq!(got, [7, 7, 7]);
        assert_eq!(fan_out.receivers(0), 3);
        assert_eq!((pairs.receivers(3), fan_in.receivers(3)), (1, 1));
    }

    #[test]
    fn packet_identifiers_begin_again_after_the_last() {
        let mut source = Source::new(0, "load/all", QoS::AtLeastOnce, Shared::new());
        source.packet_id = u16::MAX - 1;
        let ids: Vec<u16> = (0..3).map(|_| source.next_id().get()).collect();
        assert_eq!(ids, [u16::MAX, 1, 2]);
    }
}
