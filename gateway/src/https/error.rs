//! Errors of the API, as its clients know them.

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;
use mqtt_codec::ReasonCode;
use shadow_doc::Rejection;
use sigv4::{AnswerTable, VerifyError};

use crate::registry::RegistryError;
use crate::store::StoreError;

/// What a client is told of a request that failed: a status, and the name under which SDKs have an exception.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) name: &'static str,
    pub(super) body: ErrorBody,
    /// A header that belongs to the status.
    pub(super) header: Option<(&'static str, &'static str)>,
}

#[derive(Debug)]
pub(super) enum ErrorBody {
    /// A sentence.
    Message(Cow<'static, str>),
    /// A body of a form of its own.
    Document(Bytes),
}

impl ApiError {
    fn new(status: StatusCode, name: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            name,
            body: ErrorBody::Message(message.into()),
            header: None,
        }
    }

    fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestException", message)
    }

    pub(super) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden")
    }

    pub(super) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    }

    pub(super) fn method_not_allowed(allowed: &'static str) -> Self {
        let message = "The specified verb and URI combination is not supported";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowedException",
            message,
        )
        .with_header("allow", allowed)
    }

    /// The body is over the limit. What is left of it is not taken for the next request.
    pub(super) fn too_large() -> Self {
        let message = "The payload exceeds the maximum size allowed";
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLargeException",
            message,
        )
        .with_header("connection", "close")
    }

    pub(super) fn throttled(message: &'static str) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "ThrottlingException",
            message,
        )
    }

    pub(super) fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailureException",
            "Internal service failure",
        )
    }

    pub(super) fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailableException",
            "The service cannot make the change durable now",
        )
    }

    pub(super) fn no_confirmation() -> Self {
        Self::new(
            StatusCode::GATEWAY_TIMEOUT,
            "GatewayTimeoutException",
            "The client did not confirm the message in time",
        )
    }

    pub(super) fn body_timeout() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "RequestTimeoutException",
            "The body of the request did not come in time",
        )
        .with_header("connection", "close")
    }

    /// RFC 9110 §15.5.22; RFC 6455 §4.2.2 for the version.
    pub(super) fn upgrade_required() -> Self {
        Self::new(
            StatusCode::UPGRADE_REQUIRED,
            "InvalidRequestException",
            "This path speaks MQTT over WebSocket, version 13 of the protocol",
        )
        .with_header("sec-websocket-version", "13")
    }
}

impl From<VerifyError> for ApiError {
    fn from(error: VerifyError) -> Self {
        let answer = AnswerTable::rest_json().answer(error.kind());
        let status = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::FORBIDDEN);
        let message = match answer.name() {
            "MissingAuthenticationTokenException" => "Missing Authentication Token",
            "UnrecognizedClientException" => {
                "The security token included in the request is invalid."
            }
            "ExpiredTokenException" => "The security token included in the request is expired",
            _ => "The request signature cannot be accepted.",
        };
        Self::new(status, answer.name(), message)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a request failed on the store");
        Self::unavailable()
    }
}

impl From<RegistryError> for ApiError {
    fn from(error: RegistryError) -> Self {
        tracing::error!(%error, "a request failed on the registry");
        Self::internal()
    }
}

impl From<&Rejection> for ApiError {
    fn from(rejection: &Rejection) -> Self {
        let (status, name) = match rejection.code() {
            400 => (StatusCode::BAD_REQUEST, "InvalidRequestException"),
            401 => (StatusCode::UNAUTHORIZED, "UnauthorizedException"),
            403 => (StatusCode::FORBIDDEN, "ForbiddenException"),
            404 => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
            405 => (StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowedException"),
            409 => (StatusCode::CONFLICT, "ConflictException"),
            413 => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
            ),
            415 => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedDocumentEncodingException",
            ),
            429 => (StatusCode::TOO_MANY_REQUESTS, "ThrottlingException"),
            503 => (
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailableException",
            ),
            _ => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "InternalFailureException",
            ),
        };
        Self {
            status,
            name,
            body: ErrorBody::Document(rejection.to_payload().into()),
            header: None,
        }
    }
}

/// What a service behind a reserved topic says of a message that it does not take.
impl From<ReasonCode> for ApiError {
    fn from(code: ReasonCode) -> Self {
        match code {
            ReasonCode::NotAuthorized => Self::forbidden(),
            ReasonCode::TopicNameInvalid => {
                Self::invalid("This reserved topic does not take messages")
            }
            ReasonCode::QuotaExceeded => Self::throttled("Too many requests"),
            _ => Self::internal(),
        }
    }
}
