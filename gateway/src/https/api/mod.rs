//! The operations of the data plane API.

mod connections;
mod message;
mod publish;
mod retained;
mod shadows;

use bytes::Bytes;
use http::HeaderMap;

use super::answer::Answer;
use super::caller::Caller;
use super::error::ApiError;
use super::gate::Gate;
use super::query::Query;
use super::route::Route;
use crate::store::Ticket;

/// A request whose maker is known, without its path.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) gate: &'a Gate,
    pub(super) caller: &'a Caller,
    pub(super) query: Query<'a>,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: Bytes,
    pub(super) request_id: &'a str,
}

impl Call<'_> {
    /// Waits until what is about to be said cannot be lost any more.
    async fn durable(&self, ticket: Ticket) -> Result<(), ApiError> {
        Ok(self.gate.broker.journal().wait(ticket).await?)
    }

    /// Waits until everything that a reading answer may have seen cannot be lost any more.
    async fn all_durable(&self) -> Result<(), ApiError> {
        self.durable(self.gate.broker.journal().submitted()).await
    }
}

/// Carries out an operation.
pub(super) async fn answer(call: Call<'_>, route: Route) -> Result<Answer, ApiError> {
    match route {
        Route::Publish { topic } => publish::publish(&call, &topic).await,
        Route::GetRetainedMessage { topic } => retained::get(&call, &topic).await,
        Route::ListRetainedMessages => retained::list(&call).await,
        Route::GetConnection { client_id } => connections::get(&call, &client_id),
        Route::DeleteConnection { client_id } => connections::delete(&call, &client_id).await,
        Route::ListSubscriptions { client_id } => {
            connections::subscriptions(&call, &client_id).await
        }
        Route::SendDirectMessage { client_id } => connections::send(&call, &client_id).await,
        Route::Shadow(request) => shadows::answer(&call, &request).await,
        // Whoever upgrades has been seen to before.
        Route::WebSocket => Err(ApiError::upgrade_required()),
    }
}

/// Where the next page of a list begins: the last item of this one. Clients take it for what it is not: opaque.
mod page {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::ApiError;

    pub(super) fn token(last: &str) -> String {
        URL_SAFE_NO_PAD.encode(last)
    }

    pub(super) fn after(token: Option<&str>) -> Result<Option<String>, ApiError> {
        token
            .map(|token| {
                URL_SAFE_NO_PAD
                    .decode(token)
                    .ok()
                    .and_then(|last| String::from_utf8(last).ok())
                    .ok_or_else(|| ApiError::invalid("`nextToken` is none that this service gave"))
            })
            .transpose()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn tokens_come_back() {
            assert_eq!(after(Some(&token("a/ü"))).unwrap().as_deref(), Some("a/ü"));
            assert_eq!(after(None).unwrap(), None);
            assert!(after(Some("%")).is_err());
            assert!(after(Some("_w")).is_err());
        }
    }
}
