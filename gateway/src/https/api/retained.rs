//! `GetRetainedMessage` and `ListRetainedMessages`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iot_policy::Request;
use serde_json::{Value, json};
use topic_match::TopicName;

use super::{Call, page};
use crate::broker::Message;
use crate::https::answer::{self, Answer};
use crate::https::error::ApiError;

/// The most that one page may have, and has by default.
const PAGE: usize = 200;

/// `GET /retainedMessage/{topic}`
pub(super) async fn get(call: &Call<'_>, topic: &str) -> Result<Answer, ApiError> {
    let broker = &call.gate.broker;
    let name = TopicName::with_profile(topic, broker.topics())
        .map_err(|error| ApiError::invalid(error.to_string()))?;
    call.caller.may(&Request::GetRetainedMessage { topic })?;
    let message = broker
        .retained(name)
        .ok_or_else(|| ApiError::not_found("There is no retained message on this topic"))?;
    let properties: Vec<Value> = message
        .publish
        .properties()
        .user_properties()
        .map(|(name, value)| json!({ name: value }))
        .collect();
    let mut answer = json!({
        "topic": topic,
        "payload": STANDARD.encode(message.publish.payload()),
        "qos": message.qos.bits(),
        "lastModifiedTime": message.arrived,
    });
    if let (Some(answer), false) = (answer.as_object_mut(), properties.is_empty()) {
        let encoded = STANDARD.encode(Value::from(properties).to_string());
        answer.insert("userProperties".to_owned(), encoded.into());
    }
    call.all_durable().await?;
    Ok(answer::document(answer.to_string()))
}

/// `GET /retainedMessage?nextToken&maxResults`
pub(super) async fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let limit = call.query.number("maxResults", 1..=PAGE)?.unwrap_or(PAGE);
    let after = page::after(call.query.text("nextToken")?.as_deref())?;
    call.caller.may(&Request::ListRetainedMessages)?;
    let broker = Arc::clone(&call.gate.broker);
    // One more tells whether there is a next page.
    let wanted = limit.saturating_add(1);
    let read = move || broker.retained_page(after.as_deref(), wanted);
    let found = tokio::task::spawn_blocking(read)
        .await
        .map_err(|_| ApiError::internal())??;
    let topics: Vec<Value> = found.iter().take(limit).map(summary).collect();
    let mut answer = json!({ "retainedTopics": topics });
    if found.len() > limit {
        let last = limit.checked_sub(1).and_then(|last| found.get(last));
        if let (Some(last), Some(answer)) = (last, answer.as_object_mut()) {
            let token = page::token(&topic(last));
            answer.insert("nextToken".to_owned(), token.into());
        }
    }
    call.all_durable().await?;
    Ok(answer::document(answer.to_string()))
}

fn topic(message: &Message) -> String {
    String::from_utf8_lossy(message.publish.topic_bytes()).into_owned()
}

fn summary(message: &Message) -> Value {
    json!({
        "topic": topic(message),
        "payloadSize": message.publish.payload().len(),
        "qos": message.qos.bits(),
        "lastModifiedTime": message.arrived,
    })
}
