//! CONNECT and CONNACK.

use core::num::NonZeroU16;
use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use mqtt_codec::{
    ConnAck, Connect, Decoder, Encoder, PropertiesBuf, Property, QoS, ReasonCode, Version,
};
use tokio::time::Instant;
use topic_match::TopicName;

use super::acks::Reply;
use super::aliases;
use super::{Asked, Connection, End, Open, Phase};
use crate::access::Operation;
use crate::broker::{AttachError, Attachment, Will};

impl Connection {
    pub(super) fn connect(&mut self, connect: &Connect<&[u8]>, now: Instant) -> Result<(), End> {
        let broker = Arc::clone(&self.broker);
        let settings = broker.settings();
        let limits = &settings.limits;
        let version = connect.version();
        let refuse = |code| Err(End::Refuse(Some(version), code));

        // No method is offered (MQTT 5.0 [MQTT-4.12.0-1]).
        if connect.properties().authentication_method().is_some() {
            return refuse(ReasonCode::BadAuthenticationMethod);
        }
        // An empty identifier without Clean Session is refused by the decoder ([MQTT-3.1.3-8]).
        let is_assigned = connect.client_id().is_empty();
        let client_id: Arc<str> = if is_assigned {
            let Some(assigned) = assigned_client_id() else {
                return refuse(ReasonCode::ServerUnavailable);
            };
            assigned
        } else {
            connect.client_id().into()
        };
        if client_id.len() > limits.client_id_bytes {
            return refuse(ReasonCode::ClientIdentifierNotValid);
        }
        let access = match self.admission.admit(&client_id, connect) {
            Ok(access) => access,
            Err(code) => {
                tracing::info!(peer = %self.peer, client = %client_id, %code, "a client was refused");
                return refuse(code);
            }
        };
        if let Some(will) = connect.will()
            && let Err(code) = self.check_will(&*access, will.topic(), will.qos(), will.retain())
        {
            return refuse(code);
        }

        let asked_expiry = match version {
            Version::V5 => connect.properties().session_expiry_interval().unwrap_or(0),
            // What 3.x calls a session that is not clean has no end (MQTT 3.1.1 §3.1.2.4).
            _ if connect.clean_start() => 0,
            _ => u32::MAX,
        };
        let expiry = asked_expiry.min(limits.session_expiry_seconds);
        let attached = broker.attach(Attachment {
            client_id: Arc::clone(&client_id),
            clean_start: connect.clean_start(),
            expiry,
            will: Will::of(connect, &access, settings.differences.will_delay),
            peer: Arc::clone(&self.peer),
            keep_alive: connect.keep_alive(),
        });
        let attached = match attached {
            Ok(attached) => attached,
            Err(AttachError::TooMany | AttachError::Store) => {
                return refuse(ReasonCode::QuotaExceeded);
            }
        };

        let differences = &settings.differences;
        let most = limits.keep_alive_seconds;
        let keep_alive = match connect.keep_alive() {
            0 if differences.keep_alive_required => most,
            0 => 0,
            asked if version == Version::V5 || differences.keep_alive_required => {
                asked.max(limits.least_keep_alive_seconds).min(most)
            }
            // A 3.x client cannot be told another one.
            asked => asked,
        };
        let properties = connect.properties();
        let mut encoder = Encoder::new(version)
            .with_problem_information(properties.request_problem_information().unwrap_or(true));
        if let Some(maximum) = properties.maximum_packet_size() {
            encoder = encoder.with_max_packet_size(maximum.get());
        }
        let receive_maximum = properties
            .receive_maximum()
            .map_or(u16::MAX, NonZeroU16::get)
            .min(limits.inflight);
        let sent_aliases = properties
            .topic_alias_maximum()
            .unwrap_or(0)
            .min(limits.topic_aliases_out);

        let connack = self.connack(&Granting {
            version,
            session_present: attached.present,
            expiry: (expiry != asked_expiry).then_some(expiry),
            assigned: is_assigned.then_some(&*client_id),
            keep_alive: (keep_alive != connect.keep_alive()).then_some(keep_alive),
        });
        let mut replies = VecDeque::new();
        let mut frame = Vec::new();
        let encoded = connack.is_some_and(|connack| encoder.encode(&connack, &mut frame).is_ok());
        if !encoded {
            // A client that takes no CONNACK of a few bytes takes nothing.
            broker.detach(&attached.session, attached.generation, false);
            return Err(End::Close);
        }
        replies.push_back((attached.ticket, Reply::Packet(frame.into())));

        tracing::debug!(peer = %self.peer, client = %client_id, %version, present = attached.present, "connected");
        self.decoder =
            Decoder::server_after_connect(version).with_max_packet_size(limits.packet_bytes);
        self.phase = Phase::Open(Box::new(Open {
            session: attached.session,
            generation: attached.generation,
            client_id,
            encoder,
            access,
            patience: (keep_alive > 0)
                .then(|| Duration::from_millis(u64::from(keep_alive).saturating_mul(1500))),
            heard: now,
            received_aliases: aliases::Received::default(),
            sent_aliases: aliases::Sent::new(sent_aliases),
            is_greeted: false,
            replies,
            resend: attached.unanswered.into(),
            held: VecDeque::new(),
            retained: VecDeque::new(),
            unanswered: 0,
            receive_maximum,
            unacknowledged: 0,
            may_publish: Asked::default(),
            may_receive: Asked::default(),
            expiry_was_zero: expiry == 0,
        }));
        Ok(())
    }

    fn check_will(
        &self,
        access: &dyn crate::access::Access,
        topic: &str,
        qos: QoS,
        retain: bool,
    ) -> Result<(), ReasonCode> {
        // MQTT 5.0 [MQTT-3.2.2-12]
        if qos > self.broker.settings().differences.maximum_qos {
            return Err(ReasonCode::QoSNotSupported);
        }
        if TopicName::with_profile(topic, self.broker.topics()).is_err() {
            return Err(ReasonCode::TopicNameInvalid);
        }
        if !access.allows(Operation::Publish { topic, retain }) {
            return Err(ReasonCode::NotAuthorized);
        }
        self.broker.check_will(topic, retain)
    }

    fn connack(&self, granting: &Granting<'_>) -> Option<ConnAck> {
        let settings = self.broker.settings();
        let (limits, differences) = (&settings.limits, &settings.differences);
        let mut properties = PropertiesBuf::new();
        let mut say = |property: Property<'_>| {
            // Each is said once, with a value that is allowed; one that were not would be left unsaid.
            let _ = properties.push(property);
        };
        if granting.version == Version::V5 {
            if let Some(expiry) = granting.expiry {
                say(Property::SessionExpiryInterval(expiry));
            }
            if let Some(maximum) = NonZeroU16::new(limits.receive_maximum)
                .filter(|maximum| *maximum != NonZeroU16::MAX)
            {
                say(Property::ReceiveMaximum(maximum));
            }
            if differences.maximum_qos < QoS::ExactlyOnce {
                say(Property::MaximumQoS(differences.maximum_qos));
            }
            if let Some(size) = core::num::NonZeroU32::new(limits.packet_bytes) {
                say(Property::MaximumPacketSize(size));
            }
            if let Some(assigned) = granting.assigned {
                say(Property::AssignedClientIdentifier(assigned));
            }
            if limits.topic_aliases > 0 {
                say(Property::TopicAliasMaximum(limits.topic_aliases));
            }
            if !differences.subscription_identifiers {
                say(Property::SubscriptionIdentifierAvailable(false));
            }
            if let Some(keep_alive) = granting.keep_alive {
                say(Property::ServerKeepAlive(keep_alive));
            }
        }
        ConnAck::builder(ReasonCode::Success)
            .session_present(granting.session_present)
            .properties(&properties)
            .build()
            .ok()
    }
}

/// An identifier that nobody has: `None` only when the system gives no random numbers.
fn assigned_client_id() -> Option<Arc<str>> {
    let random = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new()).ok()?;
    Some(format!("auto-{:032x}", u128::from_be_bytes(random.expose())).into())
}

/// What CONNACK tells the client.
struct Granting<'a> {
    version: Version,
    session_present: bool,
    expiry: Option<u32>,
    assigned: Option<&'a str>,
    keep_alive: Option<u16>,
}
