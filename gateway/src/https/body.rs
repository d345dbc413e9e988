//! Bodies of requests: read up to a limit and within a time.

use core::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use tokio::time::{Instant, timeout_at};

use super::error::ApiError;

/// A body that has not been read.
#[derive(Debug)]
pub(super) struct Body {
    incoming: Incoming,
    limit: usize,
    deadline: Instant,
}

impl Body {
    pub(super) fn new(incoming: Incoming, limit: usize, time: Duration) -> Self {
        let now = Instant::now();
        Self {
            incoming,
            limit,
            deadline: now.checked_add(time).unwrap_or(now),
        }
    }

    /// All of it, each piece shown to `see` as it comes.
    pub(super) async fn read(mut self, mut see: impl FnMut(&[u8])) -> Result<Bytes, ApiError> {
        let limit = u64::try_from(self.limit).unwrap_or(u64::MAX);
        if self.incoming.size_hint().lower() > limit {
            return Err(ApiError::too_large());
        }
        // Most bodies come in one piece, which is handed on as it is.
        let mut whole = Bytes::new();
        let mut gathered = BytesMut::new();
        while let Some(piece) = self.next().await? {
            let length = whole.len().saturating_add(gathered.len());
            if length.saturating_add(piece.len()) > self.limit {
                return Err(ApiError::too_large());
            }
            see(&piece);
            if length == 0 {
                whole = piece;
                continue;
            }
            if gathered.is_empty() {
                gathered.extend_from_slice(&whole);
                whole = Bytes::new();
            }
            gathered.extend_from_slice(&piece);
        }
        if gathered.is_empty() {
            return Ok(whole);
        }
        Ok(gathered.freeze())
    }

    async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            let frame = timeout_at(self.deadline, self.incoming.frame())
                .await
                .map_err(|_| ApiError::body_timeout())?;
            match frame {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    // Trailers say nothing here.
                    if let Ok(piece) = frame.into_data() {
                        return Ok(Some(piece));
                    }
                }
                Some(Err(error)) => {
                    tracing::debug!(%error, "a body was not sent to its end");
                    return Err(ApiError::invalid("The body of the request is not whole"));
                }
            }
        }
    }

    /// Reads a body that nobody wants, so that the connection can be used again; one over the limit stays where it is.
    pub(super) async fn forget(self) {
        // Its request is refused, whatever the body says.
        let _ = self.read(|_| {}).await;
    }
}
