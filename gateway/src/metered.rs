//! A socket of which no more than so many bytes are read before it is known who is at the other end.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::forward::writes_through;

/// A socket with a limit, until it is lifted.
#[derive(Debug)]
pub struct Metered {
    socket: TcpStream,
    /// Bytes that may still be read.
    left: Option<usize>,
}

impl Metered {
    /// A socket from which so many bytes can be read.
    pub(crate) const fn new(socket: TcpStream, bytes: usize) -> Self {
        Self {
            socket,
            left: Some(bytes),
        }
    }

    /// From here on as many as come.
    pub(crate) const fn lift(&mut self) {
        self.left = None;
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(left) = self.left else {
            return Pin::new(&mut self.socket).poll_read(cx, buf);
        };
        if left == 0 {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::QuotaExceeded,
                "the client sent more than unauthenticated_bytes before it was known who it is",
            )));
        }
        let room = left.min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(room));
        let polled = Pin::new(&mut self.socket).poll_read(cx, &mut part);
        let read = part.filled().len();
        buf.advance(read);
        self.left = Some(left.saturating_sub(read));
        polled
    }
}

impl AsyncWrite for Metered {
    writes_through!(socket);

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
