//! What a request says of the message in its body, as MQTT 5.0 has it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mqtt_codec::{PropertiesBuf, Property};
use serde_json::{Map, Value};
use topic_match::TopicName;

use super::Call;
use crate::https::error::ApiError;

/// Reads the properties of a message from query and headers.
pub(super) fn properties(call: &Call<'_>) -> Result<PropertiesBuf, ApiError> {
    let mut properties = PropertiesBuf::new();
    let mut put = |property: Property<'_>| {
        properties
            .push(property)
            .map(|_| ())
            .map_err(|error| ApiError::invalid(error.to_string()))
    };
    match header(call, "x-amz-mqtt5-payload-format-indicator")? {
        None => {}
        Some("UNSPECIFIED_BYTES") => put(Property::PayloadFormatIndicator(false))?,
        Some("UTF8_DATA") => {
            if core::str::from_utf8(&call.body).is_err() {
                return Err(ApiError::invalid(
                    "The payload is not UTF-8, as its format says",
                ));
            }
            put(Property::PayloadFormatIndicator(true))?;
        }
        Some(_) => {
            return Err(ApiError::invalid(
                "The payload format indicator must be UNSPECIFIED_BYTES or UTF8_DATA",
            ));
        }
    }
    if let Some(seconds) = call.query.number("messageExpiry", 0..=u32::MAX)? {
        put(Property::MessageExpiryInterval(seconds))?;
    }
    if let Some(kind) = call.query.text("contentType")? {
        put(Property::ContentType(&kind))?;
    }
    if let Some(topic) = call.query.text("responseTopic")? {
        TopicName::with_profile(&topic, call.gate.broker.topics()).map_err(|error| {
            ApiError::invalid(format!("The response topic is not valid: {error}"))
        })?;
        put(Property::ResponseTopic(&topic))?;
    }
    if let Some(data) = header(call, "x-amz-mqtt5-correlation-data")? {
        let data = STANDARD
            .decode(data)
            .map_err(|_| ApiError::invalid("The correlation data is not base64"))?;
        put(Property::CorrelationData(&data))?;
    }
    if let Some(encoded) = header(call, "x-amz-mqtt5-user-properties")? {
        for object in user_properties(encoded)? {
            for (name, value) in &object {
                let Value::String(value) = value else {
                    return Err(user_properties_error());
                };
                put(Property::UserProperty(name, value))?;
            }
        }
    }
    Ok(properties)
}

fn user_properties_error() -> ApiError {
    ApiError::invalid(
        "The user properties must be a JSON array of objects whose values are strings, in base64",
    )
}

/// SDKs write whatever they are given as JSON. Whoever gives them the array as text, as the service's documentation does,
/// sends a JSON string that holds JSON.
fn user_properties(encoded: &str) -> Result<Vec<Map<String, Value>>, ApiError> {
    let wrong = |_| user_properties_error();
    let json = STANDARD
        .decode(encoded)
        .map_err(|_| user_properties_error())?;
    match serde_json::from_slice(&json).map_err(wrong)? {
        Value::String(text) => serde_json::from_str(&text).map_err(wrong),
        value => serde_json::from_value(value).map_err(wrong),
    }
}

fn header<'c>(call: &'c Call<'_>, name: &str) -> Result<Option<&'c str>, ApiError> {
    call.headers
        .get(name)
        .map(|value| {
            value
                .to_str()
                .map_err(|_| ApiError::invalid(format!("The header `{name}` is not ASCII")))
        })
        .transpose()
}
