//! The packets of the facts: the same bytes for everyone.

use mqtt_codec::{
    Connect, Delivery, Encoder, Packet, PacketId, PropertiesBuf, Property, PubAck, Publish, QoS,
    Subscribe, Version, Will,
};

pub const TOPIC: &str = "sensors/0042/tempera";
pub const LONG_TOPIC: &str = "factory/building-07/floor-3/line-12/station-0042/device-000000017/sensor/temperature/celsius/measured";

pub fn frame(version: Version, packet: impl Into<Packet>) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(version)
        .encode(&packet.into(), &mut out)
        .expect("a valid packet");
    out
}

fn at_least_once(id: u16) -> Delivery {
    Delivery::AtLeastOnce {
        packet_id: PacketId::new(id).expect("not zero"),
        dup: false,
    }
}

pub fn publish(topic: &str, payload: usize, id: Option<u16>) -> Publish {
    let payload: Vec<u8> = (0..payload)
        .map(|index| b'a' + (index % 26) as u8)
        .collect();
    let delivery = id.map_or(Delivery::AtMostOnce, at_least_once);
    Publish::builder(topic)
        .payload(&payload)
        .delivery(delivery)
        .build()
        .expect("a valid packet")
}

pub fn with_properties(topic: &str) -> Publish {
    let mut properties = PropertiesBuf::new();
    for property in [
        Property::PayloadFormatIndicator(true),
        Property::MessageExpiryInterval(3600),
        Property::ContentType("application/json"),
        Property::UserProperty("trace-id", "0af7651916cd43dd8448eb211c80319c"),
    ] {
        properties.push(property).expect("a valid property");
    }
    publish(topic, 64, None)
        .to_builder()
        .properties(&properties)
        .build()
        .expect("a valid packet")
}

pub fn connect(version: Version) -> Connect {
    Connect::builder(version, "device-0123456789")
        .keep_alive(60)
        .will(Will::new("status/device-0123456789", b"offline").with_qos(QoS::AtLeastOnce))
        .user_name("user-name")
        .password(b"s3cr3t-passw0rd")
        .build()
        .expect("a valid packet")
}

pub fn subscribe() -> Subscribe {
    let filters: Vec<String> = (0..8)
        .map(|index| format!("sensors/{index:04}/+/state"))
        .collect();
    let builder = Subscribe::builder(PacketId::MIN);
    let builder = filters.iter().fold(builder, |builder, filter| {
        builder.filter(filter, QoS::AtLeastOnce)
    });
    builder.build().expect("a valid packet")
}

pub fn puback() -> PubAck {
    PubAck::new(PacketId::new(4711).expect("not zero"))
}

/// A thousand publishes of mixed QoS and size.
pub fn stream(version: Version) -> Vec<u8> {
    let mut out = Vec::new();
    for index in 0..1000_u16 {
        let payload = [16, 64, 256, 1024][usize::from(index % 4)];
        let topic = format!("sensors/{index:04}/tempera");
        out.extend(frame(
            version,
            publish(&topic, payload, (index % 3 != 0).then_some(index + 1)),
        ));
    }
    out
}
