//! The read-only status over HTTP (`--admin ADDR`): for probes and for people.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Value, json};

use crate::store::Journal;

/// Further fields of `/status`, asked at each request.
pub type StatusSource = Arc<dyn Fn() -> Value + Send + Sync>;

/// `GET /health`: 200 when what is acknowledged reaches the disk, 503 and the reason when it does not.
/// `GET /status`: a JSON object with the version, the journal, and what `source` adds under `gateway`.
///
/// Nothing here changes anything, and nothing tells a secret; whoever can reach the address may read it.
///
/// ```
/// use std::sync::Arc;
/// use thingwire::admin::status;
/// use thingwire::store::{Journal, JournalOptions, MemoryStore};
///
/// let journal = Arc::new(Journal::start(Arc::new(MemoryStore::new()), JournalOptions::default())?);
/// let router = status(journal, Arc::new(|| serde_json::json!({"connections": 0})));
/// # let _router: axum::Router = router;
/// # Ok::<(), thingwire::store::StoreError>(())
/// ```
pub fn status(journal: Arc<Journal>, source: StatusSource) -> Router {
    let health = Arc::clone(&journal);
    Router::new()
        .route(
            "/health",
            get(move || core::future::ready(healthy(&health))),
        )
        .route(
            "/status",
            get(move || core::future::ready(report(&journal, &source))),
        )
}

fn healthy(journal: &Journal) -> impl IntoResponse + use<> {
    match journal.status().failing {
        None => (StatusCode::OK, "ok\n".to_owned()),
        Some(error) => (
            StatusCode::SERVICE_UNAVAILABLE,
            format!("{error}. {}\n", error.advice()),
        ),
    }
}

fn report(journal: &Journal, source: &StatusSource) -> impl IntoResponse + use<> {
    let status = journal.status();
    let report = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "journal": {
            "submitted": status.submitted.number(),
            "durable": status.durable.number(),
            "pendingBytes": status.pending_bytes,
            "commits": status.commits,
            "failing": status.failing.map(|error| error.to_string()),
        },
        "gateway": source(),
    });
    (
        [(header::CONTENT_TYPE, "application/json")],
        format!("{report:#}\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Batch, Entry, JournalOptions, MemoryStore, Store, StoreError, Table};
    use axum::body::Body;
    use axum::http::Request;
    use bytes::Bytes;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    /// A disk without room.
    struct Full;

    impl Store for Full {
        fn get(&self, _: Table, _: &[u8]) -> Result<Option<Bytes>, StoreError> {
            Ok(None)
        }

        fn scan(
            &self,
            _: Table,
            _: &[u8],
            _: Option<&[u8]>,
            _: usize,
        ) -> Result<Vec<Entry>, StoreError> {
            Ok(Vec::new())
        }

        fn commit(&self, _: &Batch) -> Result<(), StoreError> {
            Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into())
        }
    }

    async fn answer(journal: &Arc<Journal>, path: &str) -> (StatusCode, String) {
        let router = status(Arc::clone(journal), Arc::new(|| json!({"connections": 7})));
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        let code = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (code, String::from_utf8(body.to_vec()).unwrap())
    }

    fn journal(store: impl Store) -> Arc<Journal> {
        Arc::new(Journal::start(Arc::new(store), JournalOptions::default()).unwrap())
    }

    #[tokio::test]
    async fn a_healthy_gateway_says_so() {
        let journal = journal(MemoryStore::new());
        assert_eq!(
            answer(&journal, "/health").await,
            (StatusCode::OK, "ok\n".to_owned())
        );
        let (code, body) = answer(&journal, "/status").await;
        assert_eq!(code, StatusCode::OK);
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["gateway"]["connections"], 7);
        assert_eq!(body["journal"]["failing"], Value::Null);
        assert_eq!(answer(&journal, "/").await.0, StatusCode::NOT_FOUND);
    }

    #[tokio::test]
    async fn a_full_disk_is_told() {
        let journal = journal(Full);
        journal
            .submit(Batch::new().put(Table::Queue, "a", "b"))
            .unwrap();
        while journal.status().failing.is_none() {
            tokio::task::yield_now().await;
        }
        let (code, body) = answer(&journal, "/health").await;
        assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE);
        assert!(
            body.contains("no room on the disk") && body.contains("Make room"),
            "{body}"
        );
    }
}
