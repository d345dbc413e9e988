//! Closing so that the last answer is heard.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use crate::forward::writes_through;

/// How long, and for how many bytes, a client may go on sending after it has had its answer.
const PATIENCE: Duration = Duration::from_secs(2);
const BYTES: usize = 8 * 1024 * 1024;

/// A stream that, once it is shut down, reads on until the client closes too. A socket that is closed with bytes unread
/// resets the connection, and an answer given before the request has come to its end is lost with it.
#[derive(Debug)]
pub(super) struct Linger<S> {
    inner: S,
    closing: Option<Closing>,
}

#[derive(Debug)]
struct Closing {
    left: usize,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Linger<S> {
    pub(super) const fn new(inner: S) -> Self {
        Self {
            inner,
            closing: None,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Linger<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Linger<S> {
    writes_through!(inner);

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.closing.is_none() {
            ready!(Pin::new(&mut this.inner).poll_shutdown(cx))?;
        }
        let closing = this.closing.get_or_insert_with(|| Closing {
            left: BYTES,
            alarm: Box::pin(sleep(PATIENCE)),
        });
        let mut forgotten = [0; 4096];
        while closing.left > 0 && closing.alarm.as_mut().poll(cx).is_pending() {
            let mut buf = ReadBuf::new(&mut forgotten);
            match ready!(Pin::new(&mut this.inner).poll_read(cx, &mut buf)) {
                Ok(()) if !buf.filled().is_empty() => {
                    closing.left = closing.left.saturating_sub(buf.filled().len());
                }
                // Whoever has closed, or is lost, has nothing more to say.
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test(start_paused = true)]
    async fn what_comes_late_is_read_and_forgotten() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut linger = Linger::new(ours);
        linger.write_all(b"no").await.unwrap();
        let closing = tokio::spawn(async move {
            linger.shutdown().await.unwrap();
            linger
        });
        theirs.write_all(&[0; 10_000]).await.unwrap();
        let mut answer = Vec::new();
        theirs.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"no");
        drop(theirs);
        closing.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_waited_for_for_long() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let begun = tokio::time::Instant::now();
        Linger::new(ours).shutdown().await.unwrap();
        assert!(begun.elapsed() >= PATIENCE && begun.elapsed() < PATIENCE * 2);
    }
}
