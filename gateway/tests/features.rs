//! Sessions, wills, retained messages, subscriptions and limits, as MQTT 5.0 and 3.1.1 have them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    clippy::missing_panics_doc,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "a test has `std`, and fails by panicking"
)]

mod support;

use core::num::NonZeroU16;
use core::time::Duration;
use std::sync::Arc;

use mqtt_codec::{
    Connect, Packet, PacketId, Property, PubAck, Publish, QoS, ReasonCode, RetainHandling,
    Subscribe, SubscriptionId, SubscriptionOptions, Version, Will,
};
use support::{Client, broker, properties};
use thingwire::access::{Access, Operation};
use thingwire::connection::Admission;
use thingwire::settings::Settings;

/// A 5.0 CONNECT of a session that lives on for so many seconds.
fn lasting<'a>(
    client_id: &'a str,
    expiry: &'a mqtt_codec::PropertiesBuf,
) -> mqtt_codec::ConnectBuilder<'a> {
    Connect::builder(Version::V5, client_id)
        .clean_start(false)
        .properties(expiry)
}

fn expiry(seconds: u32) -> mqtt_codec::PropertiesBuf {
    properties(&[Property::SessionExpiryInterval(seconds)])
}

async fn retain(client: &mut Client, topic: &str, payload: &[u8]) {
    let publish = Publish::builder(topic).payload(payload).retain(true);
    client.send(&publish.build().unwrap()).await;
    client.receive_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_waits_for_its_client_and_ends_when_it_expires() {
    let broker = broker(Settings::strict());
    let mut publisher = Client::connected(&broker, Version::V5, "publisher").await;
    let ten = expiry(10);
    let mut client = Client::new(&broker, Version::V5);
    assert!(!client.connect(lasting("c", &ten)).await.session_present());
    client.subscribe("a", QoS::AtLeastOnce).await;
    client.vanish().await;

    publisher
        .publish("a", b"while away", QoS::AtLeastOnce, 1)
        .await;
    publisher
        .publish("a", b"for those who are there", QoS::AtMostOnce, 0)
        .await;
    assert!(matches!(publisher.receive().await, Packet::PubAck(_)));
    tokio::time::sleep(Duration::from_secs(9)).await;
    let mut client = Client::new(&broker, Version::V5);
    assert!(client.connect(lasting("c", &ten)).await.session_present());
    let got = client.receive_publish().await;
    assert_eq!((got.payload(), got.dup()), (&b"while away"[..], false));
    client.send(&<PubAck>::new(got.packet_id().unwrap())).await;
    client.receive_nothing().await;
    client.vanish().await;

    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(!broker.has_subscribers("a"));
    let mut client = Client::new(&broker, Version::V5);
    assert!(!client.connect(lasting("c", &ten)).await.session_present());
}

#[tokio::test]
async fn a_client_takes_its_session_over() {
    let broker = broker(Settings::strict());
    let ten = expiry(10);
    let mut first = Client::new(&broker, Version::V5);
    first.connect(lasting("c", &ten)).await;
    first.subscribe("a", QoS::AtMostOnce).await;
    let mut second = Client::new(&broker, Version::V5);
    assert!(second.connect(lasting("c", &ten)).await.session_present());
    first.assert_ends(ReasonCode::SessionTakenOver).await;
    second.publish("a", b"x", QoS::AtMostOnce, 0).await;
    assert_eq!(second.receive_publish().await.payload(), b"x");

    // A clean start leaves nothing of it.
    let mut third = Client::new(&broker, Version::V5);
    let clean = Connect::builder(Version::V5, "c").clean_start(true);
    assert!(!third.connect(clean).await.session_present());
    second.assert_ends(ReasonCode::SessionTakenOver).await;
    assert!(!broker.has_subscribers("a"));
}

#[tokio::test(start_paused = true)]
async fn a_will_is_published_when_the_connection_is_lost_and_not_when_it_is_ended() {
    let broker = broker(Settings::strict());
    let mut watcher = Client::connected(&broker, Version::V5, "watcher").await;
    watcher.subscribe("gone/#", QoS::AtLeastOnce).await;
    let will = |topic| Will::new(topic, b"gone").with_qos(QoS::AtLeastOnce);

    let mut lost = Client::new(&broker, Version::V5);
    lost.connect(Connect::builder(Version::V5, "lost").will(will("gone/lost")))
        .await;
    lost.vanish().await;
    let got = watcher.receive_publish().await;
    assert_eq!(
        (got.topic(), got.payload(), got.qos()),
        ("gone/lost", &b"gone"[..], QoS::AtLeastOnce)
    );
    watcher.send(&<PubAck>::new(got.packet_id().unwrap())).await;

    let mut ended = Client::new(&broker, Version::V5);
    ended
        .connect(Connect::builder(Version::V5, "ended").will(will("gone/ended")))
        .await;
    ended.disconnect().await;
    watcher.receive_nothing().await;

    // With a delay, only if nobody comes back (5.0 [MQTT-3.1.3-9]).
    let delay = properties(&[Property::WillDelayInterval(5)]);
    let sixty = expiry(60);
    for comes_back in [true, false] {
        let mut client = Client::new(&broker, Version::V5);
        let will = will("gone/delayed").with_properties(&delay);
        client.connect(lasting("delayed", &sixty).will(will)).await;
        client.vanish().await;
        tokio::time::sleep(Duration::from_secs(4)).await;
        watcher.receive_nothing().await;
        if comes_back {
            let mut client = Client::new(&broker, Version::V5);
            client.connect(lasting("delayed", &sixty)).await;
            tokio::time::sleep(Duration::from_secs(3)).await;
            watcher.receive_nothing().await;
            client.disconnect().await;
        } else {
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert_eq!(watcher.receive_publish().await.topic(), "gone/delayed");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_silent_for_too_long_is_let_go() {
    let broker = broker(Settings::strict());
    let mut client = Client::new(&broker, Version::V5);
    client
        .connect(Connect::builder(Version::V5, "c").keep_alive(10))
        .await;
    tokio::time::sleep(Duration::from_secs(14)).await;
    client.receive_nothing().await;
    tokio::time::sleep(Duration::from_secs(14)).await;
    client.receive_nothing().await;
    tokio::time::sleep(Duration::from_secs(16)).await;
    client.assert_ends(ReasonCode::KeepAliveTimeout).await;

    // A longer one than the server's is answered with the server's.
    let mut client = Client::new(&broker, Version::V5);
    let connack = client
        .connect(Connect::builder(Version::V5, "c").keep_alive(120))
        .await;
    assert_eq!(connack.properties().server_keep_alive(), Some(60));

    // Who never says CONNECT is let go too, without a word.
    let mut mute = Client::new(&broker, Version::V5);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(mute.next().await.is_none());
}

#[tokio::test]
async fn retained_messages_come_to_those_who_subscribe_later() {
    let broker = broker(Settings::strict());
    let mut publisher = Client::connected(&broker, Version::V311, "publisher").await;
    for number in 0..100 {
        retain(&mut publisher, &format!("r/{number}"), b"kept").await;
    }
    retain(&mut publisher, "r/7", b"").await;
    let mut client = Client::connected(&broker, Version::V5, "client").await;
    client.subscribe("r/+", QoS::AtMostOnce).await;
    let mut topics = std::collections::BTreeSet::new();
    for _ in 0..99 {
        let got = client.receive_publish().await;
        assert!(got.retain());
        topics.insert(got.topic().to_owned());
    }
    assert_eq!(topics.len(), 99);
    client.receive_nothing().await;

    let handling = |retain_handling| SubscriptionOptions {
        retain_handling,
        ..QoS::AtMostOnce.into()
    };
    // It is no new subscription, so nothing is due; and never is never.
    client
        .subscribe("r/+", handling(RetainHandling::OnNewSubscribe))
        .await;
    client.receive_nothing().await;
    client
        .subscribe("r/1", handling(RetainHandling::Never))
        .await;
    client.receive_nothing().await;
    client
        .subscribe("r/2", handling(RetainHandling::OnNewSubscribe))
        .await;
    assert_eq!(client.receive_publish().await.topic(), "r/2");

    // A message that comes live has no RETAIN, unless it is asked for.
    let as_published = SubscriptionOptions {
        retain_as_published: true,
        retain_handling: RetainHandling::Never,
        ..QoS::AtMostOnce.into()
    };
    let mut other = Client::connected(&broker, Version::V5, "other").await;
    other.subscribe("r/1", as_published).await;
    retain(&mut publisher, "r/1", b"new").await;
    assert!(other.receive_publish().await.retain());
    assert!(!client.receive_publish().await.retain());
}

#[tokio::test]
async fn overlapping_subscriptions_give_one_message_with_all_identifiers() {
    let broker = broker(Settings::strict());
    let mut client = Client::connected(&broker, Version::V5, "c").await;
    for (number, filter, qos) in [
        (1, "a/#", QoS::AtMostOnce),
        (2, "a/+", QoS::AtLeastOnce),
        (3, "b", QoS::AtMostOnce),
    ] {
        let identifier = properties(&[Property::SubscriptionIdentifier(
            SubscriptionId::new(number).unwrap(),
        )]);
        let subscribe = Subscribe::builder(PacketId::MIN)
            .filter(filter, qos)
            .properties(&identifier);
        client.send(&subscribe.build().unwrap()).await;
        assert!(matches!(client.receive().await, Packet::SubAck(_)));
    }
    client.publish("a/x", b"x", QoS::ExactlyOnce, 9).await;
    let (mut published, mut answered) = (None, false);
    for _ in 0..2 {
        match client.receive().await {
            Packet::Publish(publish) => published = Some(publish),
            Packet::PubRec(_) => answered = true,
            other => panic!("{other:?}"),
        }
    }
    let got = published.unwrap();
    assert!(answered);
    assert_eq!(got.qos(), QoS::AtLeastOnce);
    let mut ids: Vec<u32> = got
        .properties()
        .subscription_identifiers()
        .map(SubscriptionId::get)
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2]);
}

#[tokio::test]
async fn no_local_keeps_a_clients_own_messages_away() {
    let broker = broker(Settings::strict());
    let mut client = Client::connected(&broker, Version::V5, "c").await;
    let mut other = Client::connected(&broker, Version::V5, "o").await;
    let options = SubscriptionOptions {
        no_local: true,
        ..QoS::AtMostOnce.into()
    };
    client.subscribe("a", options).await;
    client.publish("a", b"own", QoS::AtMostOnce, 0).await;
    client.receive_nothing().await;
    other.publish("a", b"other", QoS::AtMostOnce, 0).await;
    assert_eq!(client.receive_publish().await.payload(), b"other");
}

#[tokio::test]
async fn each_message_of_a_shared_subscription_goes_to_one_member() {
    let broker = broker(Settings::strict());
    let mut publisher = Client::connected(&broker, Version::V311, "publisher").await;
    let mut members = Vec::new();
    for number in 0..3 {
        let mut member = Client::connected(&broker, Version::V5, &format!("m{number}")).await;
        member.subscribe("$share/g/a", QoS::AtMostOnce).await;
        members.push(member);
    }
    for number in 0..30_u8 {
        publisher.publish("a", &[number], QoS::AtMostOnce, 0).await;
    }
    publisher.receive_nothing().await;
    let mut all = Vec::new();
    for member in &mut members {
        for _ in 0..10 {
            all.push(member.receive_publish().await.payload()[0]);
        }
        member.receive_nothing().await;
    }
    all.sort_unstable();
    assert_eq!(all, (0..30).collect::<Vec<u8>>());
}

#[tokio::test(start_paused = true)]
async fn a_message_expires_and_says_how_long_it_still_lives() {
    let broker = broker(Settings::strict());
    let mut publisher = Client::connected(&broker, Version::V5, "publisher").await;
    let sixty = expiry(60);
    let mut client = Client::new(&broker, Version::V5);
    client.connect(lasting("c", &sixty)).await;
    client.subscribe("a", QoS::AtLeastOnce).await;
    client.vanish().await;
    for (seconds, id) in [(5, 1), (30, 2)] {
        let lives = properties(&[Property::MessageExpiryInterval(seconds)]);
        let publish = Publish::builder("a")
            .payload(b"x")
            .properties(&lives)
            .delivery(support::delivery(QoS::AtLeastOnce, id));
        publisher.send(&publish.build().unwrap()).await;
        assert!(matches!(publisher.receive().await, Packet::PubAck(_)));
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    let mut client = Client::new(&broker, Version::V5);
    client.connect(lasting("c", &sixty)).await;
    let got = client.receive_publish().await;
    assert_eq!(got.properties().message_expiry_interval(), Some(20));
    client.receive_nothing().await;
}

#[tokio::test]
async fn no_more_is_sent_than_the_client_can_take() {
    let broker = broker(Settings::strict());
    let mut publisher = Client::connected(&broker, Version::V311, "publisher").await;
    let bounds = properties(&[
        Property::ReceiveMaximum(NonZeroU16::new(2).unwrap()),
        Property::MaximumPacketSize(core::num::NonZeroU32::new(64).unwrap()),
    ]);
    let mut client = Client::new(&broker, Version::V5);
    client
        .connect(Connect::builder(Version::V5, "c").properties(&bounds))
        .await;
    client.subscribe("a", QoS::AtLeastOnce).await;
    for id in 1..=5 {
        publisher
            .publish("a", &[u8::try_from(id).unwrap()], QoS::AtLeastOnce, id)
            .await;
    }
    publisher.publish("a", &[0; 100], QoS::AtLeastOnce, 6).await;
    publisher.publish("a", b"last", QoS::AtLeastOnce, 7).await;
    let (first, second) = (
        client.receive_publish().await,
        client.receive_publish().await,
    );
    client.receive_nothing().await;
    client
        .send(&<PubAck>::new(second.packet_id().unwrap()))
        .await;
    client
        .send(&<PubAck>::new(first.packet_id().unwrap()))
        .await;
    for expected in 3..=5 {
        let got = client.receive_publish().await;
        assert_eq!(got.payload(), [expected]);
        client.send(&<PubAck>::new(got.packet_id().unwrap())).await;
    }
    // What is too large for it is as if it had been sent (5.0 [MQTT-3.1.2-25]).
    assert_eq!(client.receive_publish().await.payload(), b"last");
}

#[tokio::test]
async fn a_client_that_sends_more_than_the_server_takes_is_told_so() {
    let mut settings = Settings::strict();
    settings.limits.receive_maximum = 3;
    let broker = broker(settings);
    let mut client = Client::connected(&broker, Version::V5, "c").await;
    for id in 1..=4 {
        client.publish("a", b"x", QoS::ExactlyOnce, id).await;
    }
    for _ in 1..=3 {
        assert!(matches!(client.receive().await, Packet::PubRec(_)));
    }
    client.assert_ends(ReasonCode::ReceiveMaximumExceeded).await;
}

/// Allows what is not about `secret`.
#[derive(Debug)]
struct Discreet;

impl Access for Discreet {
    fn allows(&self, operation: Operation<'_>) -> bool {
        match operation {
            Operation::Publish { topic, .. } => !topic.starts_with("secret"),
            Operation::Subscribe { filter } => !filter.starts_with("secret"),
            Operation::Receive { topic } => topic != "all/secret",
        }
    }
}

impl Admission for Discreet {
    fn admit(&self, client_id: &str, _: &Connect<&[u8]>) -> Result<Arc<dyn Access>, ReasonCode> {
        if client_id == "nobody" {
            return Err(ReasonCode::NotAuthorized);
        }
        Ok(Arc::new(Self))
    }
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_with_its_code() {
    let broker = broker(Settings::strict());
    let mut nobody = Client::admitted(&broker, Version::V5, Arc::new(Discreet));
    let connack = nobody
        .connect(Connect::builder(Version::V5, "nobody"))
        .await;
    assert_eq!(connack.reason(), ReasonCode::NotAuthorized);
    assert!(nobody.next().await.is_none());

    let mut client = Client::admitted(&broker, Version::V5, Arc::new(Discreet));
    client
        .connect(Connect::builder(Version::V5, "somebody"))
        .await;
    assert_eq!(
        client.subscribe("secret/#", QoS::AtMostOnce).await,
        ReasonCode::UnspecifiedError
    );
    assert_eq!(
        client.subscribe("all/+", QoS::AtMostOnce).await,
        ReasonCode::Success
    );
    client.publish("secret/x", b"x", QoS::AtLeastOnce, 1).await;
    let Packet::PubAck(ack) = client.receive().await else {
        panic!()
    };
    assert_eq!(ack.reason(), ReasonCode::NotAuthorized);
    // Subscribed to, and not to be received.
    client.publish("all/secret", b"x", QoS::AtMostOnce, 0).await;
    client.receive_nothing().await;
    client.publish("all/open", b"x", QoS::AtMostOnce, 0).await;
    assert_eq!(client.receive_publish().await.topic(), "all/open");

    // Before 5.0 a refusal can only be said by closing (3.1.1 [MQTT-3.3.5-2]).
    let mut old = Client::admitted(&broker, Version::V311, Arc::new(Discreet));
    old.connect(Connect::builder(Version::V311, "old")).await;
    old.publish("secret/x", b"x", QoS::AtLeastOnce, 1).await;
    old.assert_ends(ReasonCode::NotAuthorized).await;
}
