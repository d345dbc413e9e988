//! A stream whose first bytes have been looked at.

use core::pin::Pin;
use core::task::{Context, Poll};
use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use crate::forward::writes_through;

/// A stream that gives its first bytes once more.
#[derive(Debug)]
pub struct Rewind<S> {
    /// What was read and is still to be given.
    first: Vec<u8>,
    inner: S,
}

/// What a connection begins with: one byte tells the protocols apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// A CONNECT packet.
    Mqtt,
    /// The method of an HTTP request.
    Http,
    /// A TLS handshake inside of TLS.
    Tls,
    /// Something else.
    Unknown,
    /// The client closed without a word.
    Nothing,
}

impl<S: AsyncRead + Unpin> Rewind<S> {
    /// Waits for the first bytes and looks at them.
    ///
    /// # Errors
    /// The stream cannot be read.
    pub async fn open(mut stream: S) -> io::Result<(Self, Opening)> {
        let mut first = [0; 16];
        let read = stream.read(&mut first).await?;
        let first = first.get(..read).unwrap_or_default().to_vec();
        let opening = match first.first() {
            None => Opening::Nothing,
            // MQTT 5.0 §3.1.1: the type and the reserved flags of CONNECT.
            Some(0x10) => Opening::Mqtt,
            // RFC 9110 §9.1: methods are upper-case letters. MQTT has packets of these types, but none that can be the first.
            Some(b'A'..=b'Z') => Opening::Http,
            // RFC 8446 §5.1: the record type of a handshake.
            Some(0x16) => Opening::Tls,
            Some(_) => Opening::Unknown,
        };
        let rewind = Self {
            first,
            inner: stream,
        };
        Ok((rewind, opening))
    }
}

impl<S> Rewind<S> {
    /// A stream that gives these bytes before its own.
    pub const fn new(first: Vec<u8>, inner: S) -> Self {
        Self { first, inner }
    }

    /// The stream, and what is still to be given before it.
    pub fn into_parts(self) -> (Vec<u8>, S) {
        (self.first, self.inner)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewind<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.inner).poll_read(cx, buf);
        }
        let given = self.first.len().min(buf.remaining());
        buf.put_slice(self.first.get(..given).unwrap_or_default());
        self.first.drain(..given);
        if self.first.is_empty() {
            self.first = Vec::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewind<S> {
    writes_through!(inner);

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_looked_at_is_given_again() {
        for (sent, expected) in [
            (
                &b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00 and more than sixteen"[..],
                Opening::Mqtt,
            ),
            (b"GET / HTTP/1.1\r\n\r\n", Opening::Http),
            (b"\x16\x03\x01", Opening::Tls),
            (b"\x00", Opening::Unknown),
            (b"", Opening::Nothing),
        ] {
            let (mut rewind, opening) = Rewind::open(sent).await.unwrap();
            assert_eq!(opening, expected);
            let mut read = Vec::new();
            rewind.read_to_end(&mut read).await.unwrap();
            assert_eq!(read, sent);
        }
    }
}
