//! From method and path to an operation.

use http::Method;

use super::error::ApiError;
use super::query::{Query, decode};

/// An operation of the data plane API (botocore, `iot-data` 2015-05-28).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Publish {
        topic: String,
    },
    GetRetainedMessage {
        topic: String,
    },
    ListRetainedMessages,
    GetConnection {
        client_id: String,
    },
    DeleteConnection {
        client_id: String,
    },
    ListSubscriptions {
        client_id: String,
    },
    SendDirectMessage {
        client_id: String,
    },
    /// Shadows: `shadow-doc` reads the rest.
    Shadow(shadow_doc::RestRequest),
    /// MQTT over WebSocket.
    WebSocket,
}

impl Route {
    pub(super) fn find(method: &Method, path: &str, query: Query<'_>) -> Result<Self, ApiError> {
        let only = |allowed: Method, name: &'static str| {
            if *method == allowed {
                Ok(())
            } else {
                Err(ApiError::method_not_allowed(name))
            }
        };
        if path == "/mqtt" {
            only(Method::GET, "GET")?;
            return Ok(Self::WebSocket);
        }
        if path == "/retainedMessage" {
            only(Method::GET, "GET")?;
            return Ok(Self::ListRetainedMessages);
        }
        // Clients send the slashes of a topic escaped or as they are.
        if let Some(topic) = path.strip_prefix("/topics/") {
            only(Method::POST, "POST")?;
            return Ok(Self::Publish {
                topic: decode(topic)?,
            });
        }
        if let Some(topic) = path.strip_prefix("/retainedMessage/") {
            only(Method::GET, "GET")?;
            return Ok(Self::GetRetainedMessage {
                topic: decode(topic)?,
            });
        }
        if let Some(rest) = path.strip_prefix("/connections/") {
            return Self::of_client(method, rest);
        }
        match shadow_doc::RestRequest::parse(method.as_str(), path, Some(query.0)) {
            Ok(request) => Ok(Self::Shadow(request)),
            Err(error) => Err(match error.status() {
                404 => ApiError::not_found("There is no such path"),
                405 if path.starts_with("/api/") => ApiError::method_not_allowed("GET"),
                405 => ApiError::method_not_allowed("GET, POST, DELETE"),
                _ => ApiError::invalid(error.to_string()),
            }),
        }
    }

    fn of_client(method: &Method, rest: &str) -> Result<Self, ApiError> {
        let (client_id, what) = rest.split_once('/').unwrap_or((rest, ""));
        let client_id = decode(client_id)?;
        // botocore: `^[^$].*`
        if client_id.is_empty() || client_id.starts_with('$') {
            return Err(ApiError::invalid("The client identifier is not valid"));
        }
        match (what, method) {
            ("", &Method::GET) => Ok(Self::GetConnection { client_id }),
            ("", &Method::DELETE) => Ok(Self::DeleteConnection { client_id }),
            ("", _) => Err(ApiError::method_not_allowed("GET, DELETE")),
            ("subscriptions", &Method::GET) => Ok(Self::ListSubscriptions { client_id }),
            ("subscriptions", _) => Err(ApiError::method_not_allowed("GET")),
            ("messages", &Method::POST) => Ok(Self::SendDirectMessage { client_id }),
            ("messages", _) => Err(ApiError::method_not_allowed("POST")),
            _ => Err(ApiError::not_found("There is no such path")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations() {
        let text = String::from;
        for (method, path, route) in [
            (
                "POST",
                "/topics/a%2Fb%20c",
                Route::Publish {
                    topic: text("a/b c"),
                },
            ),
            (
                "POST",
                "/topics/a/b%20c",
                Route::Publish {
                    topic: text("a/b c"),
                },
            ),
            ("GET", "/retainedMessage", Route::ListRetainedMessages),
            (
                "GET",
                "/retainedMessage/a%2Fb",
                Route::GetRetainedMessage { topic: text("a/b") },
            ),
            (
                "GET",
                "/connections/a%2Fb",
                Route::GetConnection {
                    client_id: text("a/b"),
                },
            ),
            (
                "DELETE",
                "/connections/a",
                Route::DeleteConnection {
                    client_id: text("a"),
                },
            ),
            (
                "GET",
                "/connections/a/subscriptions",
                Route::ListSubscriptions {
                    client_id: text("a"),
                },
            ),
            (
                "POST",
                "/connections/a/messages",
                Route::SendDirectMessage {
                    client_id: text("a"),
                },
            ),
            ("GET", "/mqtt", Route::WebSocket),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            assert_eq!(Route::find(&method, path, Query("")).unwrap(), route);
        }
    }

    #[test]
    fn refusals() {
        for (method, path, status) in [
            ("GET", "/", 404),
            ("GET", "/topic/a", 404),
            ("GET", "/topics/a", 405),
            ("POST", "/topics/%zz", 400),
            ("POST", "/retainedMessage", 405),
            ("PUT", "/things/a/shadow", 405),
            ("POST", "/api/things/shadow/ListNamedShadowsForThing/a", 405),
            ("GET", "/things/a%20b/shadow", 400),
            ("POST", "/connections/a", 405),
            ("GET", "/connections/%24a", 400),
            ("GET", "/connections/", 400),
            ("GET", "/connections/a/b", 404),
            ("POST", "/mqtt", 405),
            ("GET", "/mqtt/", 404),
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let error = Route::find(&method, path, Query("")).unwrap_err();
            assert_eq!(error.status.as_u16(), status, "{method} {path}");
        }
    }
}
