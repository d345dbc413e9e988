//! `GetConnection`, `DeleteConnection`, `ListSubscriptions`, `SendDirectMessage`.

use core::net::SocketAddr;
use core::time::Duration;

use iot_policy::{Action, Request, Resource};
use mqtt_codec::{Publish, QoS};
use serde_json::{Value, json};
use topic_match::TopicName;

use super::{Call, message, page};
use crate::broker::{Direct, Ended, LinkState};
use crate::https::answer::{self, Answer};
use crate::https::caller::Caller;
use crate::https::error::ApiError;

/// Subscriptions on a page that says nothing of its size, and the most it may ask for.
const PAGE: usize = 20;
const MOST: usize = 200;

/// How long PUBACK is waited for, in seconds.
const CONFIRMATION: u64 = 5;
const LONGEST_CONFIRMATION: u64 = 15;

fn not_found() -> ApiError {
    ApiError::not_found("There is no such client")
}

/// The service has permissions for these operations that the policies of devices cannot give.
fn only_keys(call: &Call<'_>) -> Result<(), ApiError> {
    match call.caller {
        Caller::Key(_) => Ok(()),
        Caller::Device(..) => Err(ApiError::forbidden()),
    }
}

fn may(call: &Call<'_>, action: Action, client_id: &str) -> Result<(), ApiError> {
    let resource = Resource::Client(client_id);
    call.caller.may(&Request::One { action, resource })
}

/// `GET /connections/{clientId}?includeSocketInformation`
pub(super) fn get(call: &Call<'_>, client_id: &str) -> Result<Answer, ApiError> {
    let with_socket = call.query.flag("includeSocketInformation")?;
    may(call, Action::GetConnection, client_id)?;
    let client = call.gate.broker.client(client_id).ok_or_else(not_found)?;
    let mut answer = json!({
        "clientId": client_id,
        "cleanSession": client.expiry == 0,
        "sessionExpiry": client.expiry,
    });
    if let Some(answer) = answer.as_object_mut() {
        let mut say = |name: &str, value: Value| answer.insert(name.to_owned(), value);
        match client.link {
            LinkState::Connected {
                since,
                peer,
                keep_alive,
            } => {
                say("connected", true.into());
                say("connectedSince", since.into());
                say("keepAliveDuration", keep_alive.into());
                if let (true, Ok(peer)) = (with_socket, peer.parse::<SocketAddr>()) {
                    say("sourceIp", peer.ip().to_string().into());
                    say("sourcePort", peer.port().into());
                }
            }
            LinkState::Disconnected { since } => {
                say("connected", false.into());
                if let Some(since) = since {
                    say("disconnectedSince", since.into());
                }
            }
        }
    }
    Ok(answer::document(answer.to_string()))
}

/// `DELETE /connections/{clientId}?cleanSession&preventWillMessage`
pub(super) async fn delete(call: &Call<'_>, client_id: &str) -> Result<Answer, ApiError> {
    let clean_session = call.query.flag("cleanSession")?;
    let prevent_will = call.query.flag("preventWillMessage")?;
    may(call, Action::DeleteConnection, client_id)?;
    let broker = &call.gate.broker;
    match broker
        .end_client(client_id, clean_session, prevent_will)
        .await
    {
        Ended::Unknown => Err(not_found()),
        Ended::Done => {
            call.all_durable().await?;
            Ok(answer::done(call.request_id))
        }
    }
}

/// `GET /connections/{clientId}/subscriptions?nextToken&maxResults`
pub(super) async fn subscriptions(call: &Call<'_>, client_id: &str) -> Result<Answer, ApiError> {
    let limit = call.query.number("maxResults", 1..=MOST)?.unwrap_or(PAGE);
    let after = page::after(call.query.text("nextToken")?.as_deref())?;
    only_keys(call)?;
    let mut found = call
        .gate
        .broker
        .subscriptions_of(client_id, after.as_deref(), limit.saturating_add(1))
        .ok_or_else(not_found)?;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let list: Vec<Value> = found
        .iter()
        .map(|(filter, qos)| json!({ "topicFilter": filter, "qos": qos.bits() }))
        .collect();
    let mut answer = json!({ "subscriptions": list });
    if let (true, Some((last, _)), Some(answer)) = (has_more, found.last(), answer.as_object_mut())
    {
        answer.insert("nextToken".to_owned(), page::token(last).into());
    }
    call.all_durable().await?;
    Ok(answer::document(answer.to_string()))
}

/// `POST /connections/{clientId}/messages?topic&contentType&responseTopic&confirmation&timeout`
pub(super) async fn send(call: &Call<'_>, client_id: &str) -> Result<Answer, ApiError> {
    let topic = call
        .query
        .text("topic")?
        .ok_or_else(|| ApiError::invalid("`topic` is missing"))?;
    let broker = &call.gate.broker;
    TopicName::with_profile(&topic, broker.topics())
        .map_err(|error| ApiError::invalid(error.to_string()))?;
    let properties = message::properties(call)?;
    let patience = call
        .query
        .number("timeout", 1..=LONGEST_CONFIRMATION)?
        .unwrap_or(CONFIRMATION);
    let qos = if call.query.flag("confirmation")? {
        QoS::AtLeastOnce
    } else {
        QoS::AtMostOnce
    };
    only_keys(call)?;
    let publish = Publish::builder(&topic)
        .payload(&call.body)
        .properties(&properties)
        .build()
        .map_err(|error| ApiError::invalid(error.to_string()))?;
    match broker.send_direct(client_id, &publish, qos) {
        Direct::Offline => Err(ApiError::not_found("The client is not connected")),
        Direct::Full => Err(ApiError::throttled("The queue of the client is full")),
        Direct::Sent => Ok(answer::done(call.request_id)),
        Direct::Awaited(receipt) => {
            let patience = Duration::from_secs(patience);
            match tokio::time::timeout(patience, receipt).await {
                Ok(Ok(())) => Ok(answer::done(call.request_id)),
                // The connection was lost, or the client may not receive this.
                Ok(Err(_)) => refused(call, client_id),
                Err(_) => Err(ApiError::no_confirmation()),
            }
        }
    }
}

/// Why there will be no confirmation.
fn refused(call: &Call<'_>, client_id: &str) -> Result<Answer, ApiError> {
    let client = call.gate.broker.client(client_id);
    match client.map(|client| client.link) {
        Some(LinkState::Connected { .. }) => Err(ApiError::forbidden()),
        Some(LinkState::Disconnected { .. }) | None => {
            Err(ApiError::not_found("The client is not connected"))
        }
    }
}
