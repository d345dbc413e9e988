//! What outlives a connection: retained messages, wills, sessions.

use std::time::{Duration, Instant};

use crate::gateway::Gateway;
use crate::tools::{Subscriber, publish, run};

#[test]
fn retained_messages() {
    let Some(gateway) = Gateway::start() else {
        return;
    };
    for (keeper, reader) in [("mqttv311", "mqttv5"), ("mqttv5", "mqttv311")] {
        let keep = |qos: &str, more: &[&str]| {
            let kept = ["-V", keeper, "-i", "from", "-r", "-q", qos, "-t"];
            publish(
                &gateway,
                &[kept.as_slice(), &[&format!("kept/{qos}")], more].concat(),
            );
        };
        for qos in ["0", "1", "2"] {
            keep(qos, &["-m", "replaced"]);
            keep(qos, &["-m", "last"]);
        }
        let subscriber = Subscriber::start(
            &gateway,
            &["-V", reader, "-i", "to", "-q", "2", "-t", "kept/+"],
        );
        let mut kept: Vec<String> = (0..3).map(|_| subscriber.next()).collect();
        kept.sort();
        assert_eq!(
            kept,
            ["kept/0 0 1 last", "kept/1 1 1 last", "kept/2 2 1 last"]
        );
        // To those who are there already, it is a message like others.
        keep("1", &["-m", "news"]);
        assert_eq!(subscriber.next(), "kept/1 1 0 news");
        for qos in ["0", "1", "2"] {
            keep(qos, &["-n"]);
            assert_eq!(subscriber.next(), format!("kept/{qos} {qos} 0 "));
        }
        subscriber.disconnect();
        let subscriber = Subscriber::start(
            &gateway,
            &["-V", reader, "-i", "to", "-q", "2", "-t", "kept/+"],
        );
        publish(&gateway, &["-i", "from", "-t", "kept/after", "-m", "first"]);
        assert_eq!(subscriber.next(), "kept/after 0 0 first");
    }
}

#[test]
fn wills() {
    let Some(gateway) = Gateway::start() else {
        return;
    };
    let watcher = Subscriber::start(
        &gateway,
        &["-V", "mqttv5", "-i", "watcher", "-q", "2", "-t", "last/#"],
    );
    for version in ["mqttv311", "mqttv5"] {
        let will = [
            "--will-topic",
            "last/will",
            "--will-payload",
            "gone",
            "--will-qos",
            "2",
        ];
        let device = ["-V", version, "-i", "device", "-t", "own"];
        let device = [device.as_slice(), &will].concat();
        Subscriber::start(&gateway, &device).kill();
        assert_eq!(watcher.next(), "last/will 2 0 gone");
        // Who says goodbye leaves no will. `-C 1` does after a message.
        let short = Subscriber::start(&gateway, &[device.as_slice(), &["-C", "1"]].concat());
        publish(&gateway, &["-i", "from", "-t", "own", "-m", "enough"]);
        short.end();
        publish(&gateway, &["-i", "from", "-t", "last/word", "-m", version]);
        assert_eq!(watcher.next(), format!("last/word 0 0 {version}"));
    }
    let delayed = [
        "-V",
        "mqttv5",
        "-i",
        "device",
        "-t",
        "own",
        "-x",
        "60",
        "--will-topic",
        "last/late",
        "--will-payload",
        "gone",
        "-D",
        "will",
        "will-delay-interval",
        "1",
    ];
    let device = Subscriber::start(&gateway, &delayed);
    let start = Instant::now();
    device.kill();
    assert_eq!(watcher.next(), "last/late 0 0 gone");
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[test]
fn a_session_keeps_what_its_client_misses() {
    let Some(gateway) = Gateway::start() else {
        return;
    };
    for (keeper, publisher) in [("mqttv311", "mqttv5"), ("mqttv5", "mqttv311")] {
        let session = [
            "-V", keeper, "-i", "sleeper", "-c", "-q", "2", "-t", "missed/#",
        ];
        // `-E` ends as soon as it has subscribed.
        let subscribe = [session.as_slice(), &["-E"]].concat();
        let status = run(
            gateway.client("mosquitto_sub"),
            gateway.mqtt,
            &subscribe,
            "",
        );
        assert!(status.success(), "{status}");
        for qos in ["1", "2", "1"] {
            let topic = format!("missed/{qos}");
            publish(
                &gateway,
                &[
                    "-V", publisher, "-i", "from", "-q", qos, "-t", &topic, "-m", keeper,
                ],
            );
        }
        let back = Subscriber::start(&gateway, &session);
        let mut missed: Vec<String> = (0..3).map(|_| back.next()).collect();
        // The client shows a message of QoS 2 when it is released: one of QoS 1 that was sent after it is shown before.
        missed.sort();
        let expected = ["1", "1", "2"].map(|qos| format!("missed/{qos} {qos} 0 {keeper}"));
        assert_eq!(missed, expected);
        back.disconnect();
        // A clean one has nothing of it.
        let clean = Subscriber::start(
            &gateway,
            &["-V", keeper, "-i", "sleeper", "-q", "2", "-t", "missed/#"],
        );
        publish(
            &gateway,
            &["-i", "from", "-q", "1", "-t", "missed/new", "-m", "x"],
        );
        assert_eq!(clean.next(), "missed/new 1 0 x");
    }
}

#[test]
fn a_client_is_where_it_connected_last() {
    let Some(gateway) = Gateway::start() else {
        return;
    };
    let watcher = Subscriber::start(
        &gateway,
        &["-V", "mqttv5", "-i", "watcher", "-q", "1", "-t", "last/#"],
    );
    for (first, second) in [("mqttv311", "mqttv5"), ("mqttv5", "mqttv311")] {
        let topic = format!("last/{first}");
        let will = ["--will-topic", &topic, "--will-payload", "gone"];
        let arguments = ["-V", first, "-i", "twin", "-t", "own"];
        let one = Subscriber::start(&gateway, &[arguments.as_slice(), &will].concat());
        let other = Subscriber::start(&gateway, &["-V", second, "-i", "twin", "-t", "own"]);
        // The two take the session from each other until they are ended, and so there may be more than one will.
        while watcher.next() != format!("{topic} 0 0 gone") {}
        drop((one, other));
    }
}
