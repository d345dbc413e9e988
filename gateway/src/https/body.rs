//! Bodies of requests: read up to a limit and within a time.

use core::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::error::ApiError;

/// A body that has not been read.
#[derive(Debug)]
pub(super) struct Body<B = Incoming> {
    incoming: B,
    limit: usize,
    deadline: Instant,
}

impl<B> Body<B>
where
    B: hyper::body::Body<Data = Bytes> + Unpin,
    B::Error: core::fmt::Display,
{
    pub(super) fn new(incoming: B, limit: usize, time: Duration) -> Self {
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
    /// Each piece is given up as it comes: who has not been authenticated fills no memory.
    pub(super) async fn forget(mut self) {
        let mut left = self.limit;
        // Its request is refused, whatever the body says.
        while let Ok(Some(piece)) = self.next().await {
            match left.checked_sub(piece.len()) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use core::convert::Infallible;
    use core::pin::Pin;
    use core::task::{Context, Poll};
    use std::sync::Arc;

    use hyper::body::Frame;

    use super::*;

    struct Piece {
        bytes: Vec<u8>,
        _alive: Arc<()>,
    }

    impl AsRef<[u8]> for Piece {
        fn as_ref(&self) -> &[u8] {
            &self.bytes
        }
    }

    /// A body of so many pieces, and how many of them were there at most at one time.
    struct Pieces {
        left: usize,
        alive: Arc<()>,
        most: Arc<core::sync::atomic::AtomicUsize>,
    }

    impl hyper::body::Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            let Some(left) = self.left.checked_sub(1) else {
                return Poll::Ready(None);
            };
            self.left = left;
            let piece = Bytes::from_owner(Piece {
                bytes: vec![0; 1000],
                _alive: Arc::clone(&self.alive),
            });
            let alive = Arc::strong_count(&self.alive) - 1;
            self.most
                .fetch_max(alive, core::sync::atomic::Ordering::Relaxed);
            Poll::Ready(Some(Ok(Frame::data(piece))))
        }
    }

    #[tokio::test]
    async fn what_is_forgotten_is_not_gathered() {
        let most = Arc::default();
        let pieces = Pieces {
            left: 100,
            alive: Arc::new(()),
            most: Arc::clone(&most),
        };
        let time = Duration::from_secs(600);
        Body::new(pieces, 128 * 1024, time).forget().await;
        assert_eq!(most.load(core::sync::atomic::Ordering::Relaxed), 1);
    }
}
