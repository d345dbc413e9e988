//! Packets from their fields to bytes: what a client or a broker does for every packet that it makes.

use bytes::BytesMut;
use mqtt_codec::{
    ConnAck, Connect, Encoder, PacketId, Publish, QoS, ReasonCode, SubAck, Subscribe, Version, Will,
};
use mqttbytes_ng::v4;

use super::data;
use crate::harness::{Bench, Entry};

const COPIES: usize = 500;
const ROUNDS: usize = 101;

type Run<'a> = Box<dyn Fn(&mut BytesMut) + 'a>;

fn repeated<'a>(run: Run<'a>) -> impl FnMut(&mut BytesMut) -> u64 + 'a {
    move |out| {
        for _ in 0..COPIES {
            run(out);
        }
        out.len() as u64
    }
}

/// The two that make the same bytes.
fn case(bench: &mut Bench, name: &str, ours: Run<'_>, ng: Run<'_>) {
    let buffer = || {
        Box::new(|| {
            let mut buffer = BytesMut::zeroed(256 * COPIES);
            buffer.clear();
            buffer
        })
    };
    let entries = vec![
        Entry::ours_prepared("mqtt-codec", buffer(), Box::new(repeated(ours))),
        Entry::peer_prepared("mqttbytes-ng", buffer(), Box::new(repeated(ng))),
    ];
    bench.case(name, COPIES as u64, ROUNDS, entries);
}

pub fn run(bench: &mut Bench) {
    bench.head("build and encode");
    let encoder = Encoder::new(Version::V311);
    let payload = [b'x'; 64];
    case(
        bench,
        "build publish-64",
        Box::new(|out| {
            let publish = Publish::builder(data::TOPIC).payload(&payload).build();
            encoder.encode(&publish.unwrap(), out).unwrap();
        }),
        Box::new(|out| {
            let publish = v4::Publish::new(data::TOPIC, mqttbytes_ng::QoS::AtMostOnce, payload);
            publish.write(out).unwrap();
        }),
    );
    case(
        bench,
        "build connect",
        Box::new(|out| {
            let connect = Connect::builder(Version::V311, "device-0123456789")
                .keep_alive(60)
                .will(Will::new("status/device-0123456789", b"offline").with_qos(QoS::AtLeastOnce))
                .user_name("user-name")
                .password(b"s3cr3t-passw0rd")
                .build();
            encoder.encode(&connect.unwrap(), out).unwrap();
        }),
        Box::new(|out| {
            let mut connect = v4::Connect::new("device-0123456789");
            connect.keep_alive = 60;
            connect.last_will = Some(v4::LastWill::new(
                "status/device-0123456789",
                *b"offline",
                mqttbytes_ng::QoS::AtLeastOnce,
                false,
            ));
            connect.set_login("user-name", "s3cr3t-passw0rd");
            connect.write(out).unwrap();
        }),
    );
    case(
        bench,
        "build subscribe-1",
        Box::new(|out| {
            let subscribe = Subscribe::builder(PacketId::MIN)
                .filter("sensors/0042/+/state", QoS::AtLeastOnce)
                .build();
            encoder.encode(&subscribe.unwrap(), out).unwrap();
        }),
        Box::new(|out| {
            let qos = mqttbytes_ng::QoS::AtLeastOnce;
            let mut subscribe = v4::Subscribe::new("sensors/0042/+/state", qos);
            subscribe.pkid = 1;
            subscribe.write(out).unwrap();
        }),
    );
    case(
        bench,
        "build suback",
        Box::new(|out| {
            let answer = SubAck::builder(PacketId::MIN, &[ReasonCode::GrantedQoS1]).build();
            encoder.encode(&answer.unwrap(), out).unwrap();
        }),
        Box::new(|out| {
            let code = v4::SubscribeReasonCode::Success(mqttbytes_ng::QoS::AtLeastOnce);
            v4::SubAck::new(1, vec![code]).write(out).unwrap();
        }),
    );
    case(
        bench,
        "build connack",
        Box::new(|out| {
            let answer = ConnAck::builder(ReasonCode::Success).build();
            encoder.encode(&answer.unwrap(), out).unwrap();
        }),
        Box::new(|out| {
            let answer = v4::ConnAck::new(v4::ConnectReturnCode::Success, false);
            answer.write(out).unwrap();
        }),
    );
}
