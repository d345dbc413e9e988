//! Responses.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

use super::error::{ApiError, ErrorBody};

pub(super) type Answer = Response<Full<Bytes>>;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The identifier of a request, in the form of a UUID: for the log, and for the client to ask about.
pub(super) fn request_id() -> String {
    let random = ring::rand::generate::<[u8; 16]>(&ring::rand::SystemRandom::new());
    let random = random.map_or(0, |random| u128::from_be_bytes(random.expose()));
    // RFC 9562 §5.4: version 4, variant 2.
    let bits = (random & !(0xF << 76 | 0x3 << 62)) | (4 << 76) | (2 << 62);
    let hex = format!("{bits:032x}");
    let mut id = String::with_capacity(36);
    for (at, digit) in hex.chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id
}

/// A document.
pub(super) fn document(body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Full::new(body.into()));
    answer.headers_mut().insert(CONTENT_TYPE, JSON);
    answer
}

/// What is said when there is nothing more to say.
pub(super) fn done(request_id: &str) -> Answer {
    document(json!({ "message": "OK", "traceId": request_id }).to_string())
}

/// An error.
pub(super) fn failure(error: ApiError, request_id: &str) -> Answer {
    let body = match error.body {
        ErrorBody::Document(body) => body,
        ErrorBody::Message(message) => json!({ "message": message, "traceId": request_id })
            .to_string()
            .into(),
    };
    let mut answer = document(body);
    *answer.status_mut() = error.status;
    let headers = answer.headers_mut();
    headers.insert("x-amzn-errortype", HeaderValue::from_static(error.name));
    if let Some((name, value)) = error.header {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if error.status == StatusCode::UPGRADE_REQUIRED {
        // RFC 9110 §15.5.22: a server that says 426 names the protocol.
        headers.insert(http::header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_ids_are_uuids() {
        let id = request_id();
        let groups: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&id.as_bytes()[19]), "{id}");
        assert_ne!(id, request_id());
    }
}
