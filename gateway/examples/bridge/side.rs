//! A connection to one of the brokers.

use core::num::NonZeroU16;
use core::time::Duration;
use std::collections::HashMap;

use futures_util::{SinkExt as _, StreamExt as _};
use mqtt_codec::{
    Connect, MqttCodec, Packet, PacketId, PropertiesBuf, Property, QoS, RetainHandling, Subscribe,
    SubscriptionOptions, Version,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout};
use tokio_util::codec::Framed;

use super::Error;

/// What the brokers are told. A ping in half of the time shows what is lost before they give up.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Messages that are on their way at one time. A broker that takes fewer (Receive Maximum) is none to bridge to.
const WINDOW: NonZeroU16 = NonZeroU16::MIN.saturating_add(15);

/// One of the brokers.
pub(super) struct Side<S> {
    pub(super) link: Framed<S, MqttCodec>,
    /// The PUBLISH packets that this side has not answered, each with its identifier on the other side.
    pub(super) unanswered: HashMap<PacketId, PacketId>,
    pub(super) next_id: PacketId,
    pub(super) heard: Instant,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Side<S> {
    /// Greets a broker and subscribes.
    pub(super) async fn new(stream: S, client_id: &str, filters: &[String]) -> Result<Self, Error> {
        let mut link = Framed::new(stream, MqttCodec::client(Version::V5));
        let mut properties = PropertiesBuf::new();
        properties
            .push(Property::SessionExpiryInterval(24 * 60 * 60))?
            .push(Property::ReceiveMaximum(WINDOW))?;
        let connect = Connect::builder(Version::V5, client_id)
            .clean_start(false)
            .keep_alive(u16::try_from(KEEP_ALIVE.as_secs())?)
            .properties(&properties);
        link.send(&connect.build()?).await?;
        let answer = timeout(KEEP_ALIVE, link.next()).await?.ok_or("closed")??;
        match answer {
            Packet::ConnAck(answer) if answer.reason().is_error() => {
                return Err(answer.reason().to_string().into());
            }
            Packet::ConnAck(answer)
                if answer
                    .properties()
                    .receive_maximum()
                    .is_some_and(|most| most < WINDOW) =>
            {
                return Err("a broker takes too few messages at a time".into());
            }
            Packet::ConnAck(_) => {}
            _ => return Err("no CONNACK".into()),
        }
        // What the bridge publishes does not come back to it, and what is retained is so on both sides.
        let options = SubscriptionOptions {
            qos: QoS::AtLeastOnce,
            no_local: true,
            retain_as_published: true,
            retain_handling: RetainHandling::OnNewSubscribe,
        };
        if !filters.is_empty() {
            let subscribe = Subscribe::builder(PacketId::MAX);
            let subscribe = filters
                .iter()
                .fold(subscribe, |all, one| all.filter(one, options));
            link.send(&subscribe.build()?).await?;
        }
        let (unanswered, next_id) = (HashMap::new(), PacketId::MIN);
        Ok(Self {
            link,
            unanswered,
            next_id,
            heard: Instant::now(),
        })
    }

    pub(super) async fn ping(&mut self) -> Result<(), Error> {
        if self.heard.elapsed() > KEEP_ALIVE {
            return Err("a broker says nothing any more".into());
        }
        Ok(self.link.send(Packet::PingReq).await?)
    }
}
