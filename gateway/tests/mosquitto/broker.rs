//! Our codec and `tls-auth`'s client with Mosquitto's broker: what it sends is decoded strictly, what we send it takes.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::SystemTime;

use bytes::BytesMut;
use mqtt_codec::{
    Connect, ConnectBuilder, Decoder, Delivery, Disconnect, Encode, Encoder, Packet, PacketId,
    PropertiesBuf, Property, PubAck, PubComp, PubRec, PubRel, Publish, QoS, ReasonCode, Status,
    Subscribe, SubscriptionOptions, Unsubscribe, Version, Will,
};
use rustls::{ClientConnection, StreamOwned, SupportedProtocolVersion};
use tempfile::TempDir;
use thingwire::pki::DevelopmentAuthority;
use thingwire_tests::Mosquitto;
use tls_auth::{Credentials, DeviceConfig};

use crate::PATIENCE;

/// A broker that asks for certificates, and the device that has one.
struct World {
    broker: Mosquitto,
    folder: TempDir,
}

impl World {
    fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let now = SystemTime::now();
        let (authority, _) = DevelopmentAuthority::generate(now).unwrap();
        let server = authority
            .issue_server(&["localhost".to_owned()], &[], now)
            .unwrap();
        let device = authority.issue_device("device", now).unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("ca.pem"), authority.pem()).unwrap();
        for (name, issued) in [("server", server), ("device", device)] {
            std::fs::write(path(&format!("{name}.pem")), issued.certificate.pem()).unwrap();
            std::fs::write(path(&format!("{name}.key")), &*issued.private_key_pem).unwrap();
        }
        let configuration = format!(
            "cafile {}\ncertfile {}\nkeyfile {}\nrequire_certificate true\nallow_anonymous true\n",
            path("ca.pem"),
            path("server.pem"),
            path("server.key"),
        );
        let broker = Mosquitto::start(&configuration).unwrap()?;
        Some(Self { broker, folder })
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    fn device(&self, tls: &'static SupportedProtocolVersion) -> DeviceConfig {
        let credentials =
            Credentials::from_pem(&self.read("device.pem"), &self.read("device.key")).unwrap();
        DeviceConfig::builder(credentials)
            .with_server_cas_pem(&self.read("ca.pem"))
            .unwrap()
            .with_versions(&[tls])
            .build()
            .unwrap()
    }

    /// A connection with the answer to this CONNECT.
    fn connect(
        &self,
        tls: &'static SupportedProtocolVersion,
        version: Version,
        connect: ConnectBuilder<'_>,
    ) -> Link {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.broker.port())).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = DeviceConfig::server_name("localhost").unwrap();
        let connection = ClientConnection::new(self.device(tls).config(), name).unwrap();
        let mut link = Link {
            stream: StreamOwned::new(connection, socket),
            received: BytesMut::new(),
            decoder: Decoder::client(version),
            encoder: Encoder::new(version),
        };
        link.send(&connect.build().unwrap());
        match link.receive() {
            Packet::ConnAck(connack) => assert_eq!(connack.reason(), ReasonCode::Success),
            other => panic!("{other:?} instead of CONNACK"),
        }
        link
    }
}

struct Link {
    stream: StreamOwned<ClientConnection, TcpStream>,
    received: BytesMut,
    decoder: Decoder,
    encoder: Encoder,
}

impl Link {
    fn send<P: Encode>(&mut self, packet: &P) {
        let mut bytes = Vec::new();
        self.encoder.encode(packet, &mut bytes).unwrap();
        self.stream.write_all(&bytes).unwrap();
    }

    fn receive(&mut self) -> Packet {
        loop {
            if let Status::Complete(packet) = self.decoder.decode_from(&mut self.received).unwrap()
            {
                return packet;
            }
            let mut bytes = [0; 4096];
            let count = self.stream.read(&mut bytes).unwrap();
            assert!(count > 0, "the broker closed the connection");
            self.received.extend_from_slice(&bytes[..count]);
        }
    }

    fn subscribe(&mut self, filter: &str, options: impl Into<SubscriptionOptions>) {
        let subscribe = Subscribe::builder(PacketId::MIN).filter(filter, options);
        self.send(&subscribe.build().unwrap());
        match self.receive() {
            Packet::SubAck(suback) => {
                assert!(suback.codes().all(|code| !code.is_error()), "{suback:?}");
            }
            other => panic!("{other:?} instead of SUBACK"),
        }
    }

    /// A message from the broker, with its exchange brought to its end.
    fn take(&mut self) -> Publish {
        let publish = match self.receive() {
            Packet::Publish(publish) => publish,
            other => panic!("{other:?} instead of PUBLISH"),
        };
        match publish.delivery() {
            Delivery::AtMostOnce => {}
            Delivery::AtLeastOnce { packet_id, .. } => self.send(&<PubAck>::new(packet_id)),
            Delivery::ExactlyOnce { packet_id, .. } => {
                self.send(&<PubRec>::new(packet_id));
                match self.receive() {
                    Packet::PubRel(rel) => assert_eq!(rel.packet_id(), packet_id),
                    other => panic!("{other:?} instead of PUBREL"),
                }
                self.send(&<PubComp>::new(packet_id));
            }
        }
        publish
    }

    /// Publishes, and brings the exchange to its end.
    fn publish(
        &mut self,
        topic: &str,
        payload: &[u8],
        delivery: Delivery,
        properties: &PropertiesBuf,
    ) {
        let publish = Publish::builder(topic)
            .payload(payload)
            .delivery(delivery)
            .properties(properties);
        self.send(&publish.build().unwrap());
        match delivery {
            Delivery::AtMostOnce => {}
            Delivery::AtLeastOnce { packet_id, .. } => match self.receive() {
                Packet::PubAck(ack) => assert_eq!(ack.packet_id(), packet_id),
                other => panic!("{other:?} instead of PUBACK"),
            },
            Delivery::ExactlyOnce { packet_id, .. } => {
                match self.receive() {
                    Packet::PubRec(rec) => assert_eq!(rec.packet_id(), packet_id),
                    other => panic!("{other:?} instead of PUBREC"),
                }
                self.send(&<PubRel>::new(packet_id));
                match self.receive() {
                    Packet::PubComp(comp) => assert_eq!(comp.packet_id(), packet_id),
                    other => panic!("{other:?} instead of PUBCOMP"),
                }
            }
        }
    }

    fn disconnect(mut self) {
        self.send(&<Disconnect>::new());
        // A broker closes; some say nothing before.
        let mut rest = Vec::new();
        let _ = self.stream.read_to_end(&mut rest);
        assert!(rest.is_empty(), "{rest:?}");
    }
}

fn deliveries() -> [Delivery; 3] {
    let packet_id = PacketId::new(7).unwrap();
    [
        Delivery::AtMostOnce,
        Delivery::AtLeastOnce {
            packet_id,
            dup: false,
        },
        Delivery::ExactlyOnce {
            packet_id,
            dup: false,
        },
    ]
}

const TLS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

#[test]
fn our_clients_of_every_version_talk_through_mosquitto() {
    let Some(world) = World::start() else { return };
    for tls in TLS {
        for (from, to) in [
            (Version::V31, Version::V5),
            (Version::V311, Version::V311),
            (Version::V311, Version::V5),
            (Version::V5, Version::V311),
            (Version::V5, Version::V5),
        ] {
            let mut receiver = world.connect(tls, to, Connect::builder(to, "receiver"));
            receiver.subscribe("plant/#", QoS::ExactlyOnce);
            let mut sender = world.connect(tls, from, Connect::builder(from, "sender"));
            let mut properties = PropertiesBuf::new();
            if from.has_properties() {
                properties
                    .push(Property::ContentType("text/plain"))
                    .unwrap();
                properties
                    .push(Property::UserProperty("site", "north"))
                    .unwrap();
            }
            for delivery in deliveries() {
                for size in [0, 1, 200, 20_000] {
                    let payload = vec![b'x'; size];
                    sender.publish("plant/7", &payload, delivery, &properties);
                    let got = receiver.take();
                    assert_eq!((got.topic(), got.payload()), ("plant/7", &*payload));
                    assert_eq!(
                        core::mem::discriminant(&got.delivery()),
                        core::mem::discriminant(&delivery)
                    );
                    if from.has_properties() && to.has_properties() {
                        assert_eq!(got.properties().content_type(), Some("text/plain"));
                        assert_eq!(
                            got.properties().user_properties().next(),
                            Some(("site", "north"))
                        );
                    }
                }
            }
            let unsubscribe = Unsubscribe::builder(PacketId::MIN).filter("plant/#");
            receiver.send(&unsubscribe.build().unwrap());
            assert!(matches!(receiver.receive(), Packet::UnsubAck(_)));
            sender.publish(
                "plant/7",
                b"unheard",
                deliveries()[1],
                &PropertiesBuf::new(),
            );
            receiver.send(&<Packet>::PingReq);
            assert!(matches!(receiver.receive(), Packet::PingResp));
            sender.disconnect();
            receiver.disconnect();
        }
    }
}

#[test]
fn retained_messages_and_wills_come_from_mosquitto() {
    let Some(world) = World::start() else { return };
    for (tls, version) in [(TLS[0], Version::V311), (TLS[1], Version::V5)] {
        let will = Will::new("state", b"gone")
            .with_qos(QoS::AtLeastOnce)
            .with_retain(true);
        let connect = Connect::builder(version, "device").will(will);
        let device = world.connect(tls, version, connect);
        let mut watcher = world.connect(tls, version, Connect::builder(version, "watcher"));
        watcher.subscribe("state", QoS::AtLeastOnce);
        // The connection is cut.
        drop(device);
        let got = watcher.take();
        assert_eq!(
            (got.payload(), got.qos(), got.retain()),
            (&b"gone"[..], QoS::AtLeastOnce, false)
        );
        watcher.disconnect();
        let mut late = world.connect(tls, version, Connect::builder(version, "late"));
        late.subscribe("state", QoS::AtLeastOnce);
        let got = late.take();
        assert_eq!((got.payload(), got.retain()), (&b"gone"[..], true));
        let forget = Publish::builder("state").retain(true).build().unwrap();
        late.send(&forget);
        assert_eq!(late.take().payload(), b"");
        late.disconnect();
    }
}
