//! `Publish`.

use iot_policy::Request;
use mqtt_codec::{Publish, QoS};
use topic_match::TopicName;

use super::{Call, message};
use crate::broker::Turn;
use crate::https::answer::{self, Answer};
use crate::https::error::ApiError;
use crate::store::{Batch, Ticket};

/// `POST /topics/{topic}?qos&retain&contentType&responseTopic&messageExpiry`
pub(super) async fn publish(call: &Call<'_>, topic: &str) -> Result<Answer, ApiError> {
    let qos = match call.query.number("qos", 0..=1_u8)? {
        Some(1) => QoS::AtLeastOnce,
        _ => QoS::AtMostOnce,
    };
    let retain = call.query.flag("retain")?;
    let broker = &call.gate.broker;
    let name = TopicName::with_profile(topic, broker.topics())
        .map_err(|error| ApiError::invalid(error.to_string()))?;
    let properties = message::properties(call)?;
    call.caller.may(&Request::Publish { topic, retain })?;

    let ticket = match broker.service_for(topic) {
        // AWS IoT developer guide, "Retained messages": not on reserved topics.
        Some(_) if retain => {
            return Err(ApiError::invalid(
                "Messages on reserved topics cannot be retained",
            ));
        }
        Some(service) => service.handle(topic, &call.body, Batch::new())?,
        None => {
            let publish = Publish::builder(topic)
                .payload(&call.body)
                .retain(retain)
                .properties(&properties)
                .build()
                .map_err(|error| ApiError::invalid(error.to_string()))?;
            route(call, name, &publish, qos)?
        }
    };
    if let Some(ticket) = ticket {
        call.durable(ticket).await?;
    }
    Ok(answer::done(call.request_id))
}

fn route(
    call: &Call<'_>,
    name: TopicName<'_>,
    publish: &Publish,
    qos: QoS,
) -> Result<Option<Ticket>, ApiError> {
    let broker = &call.gate.broker;
    let mut turn = Turn::default();
    let routed = broker.publish(name, publish, qos, None, Batch::new(), &mut turn);
    turn.end(broker);
    if routed.refused {
        return Err(ApiError::unavailable());
    }
    if qos > QoS::AtMostOnce && routed.matched > 0 && routed.full == routed.matched {
        return Err(ApiError::throttled("The queues of all receivers are full"));
    }
    Ok(routed.ticket)
}
