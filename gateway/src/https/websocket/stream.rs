//! A WebSocket as a stream of bytes.
//!
//! MQTT packets may be split over messages and joined in one (MQTT 5.0 [MQTT-6.0.0-2]), so that all a stream needs of a
//! WebSocket is its payload in order. A read is one copy, from the WebSocket's buffer to the reader's.
//!
//! Clients may not assume that a packet is a message; some do all the same, as AWSIoTPythonSDK, which leaves the second packet
//! of a message until another message comes. So each packet is written as a message of its own, and messages are written
//! together.
//!
//! The frames are tokio-tungstenite's: kept up, run against the Autobahn suite, with limits of message and frame, and
//! polled as a stream is. fastwebsockets copies less and is read by `async` functions that borrow it, which a stream that
//! is polled would have to keep beside what they borrow.

use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io::{self, IoSlice};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_core::Stream as _;
use futures_sink::Sink as _;
use mqtt_codec::{Peek, Status};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

/// Bytes that an idle WebSocket keeps to read into. What is larger is given back when it has been read.
const READ: usize = 4 * 1024;

/// Bytes of one outgoing message; a longer packet takes more than one.
const WRITE: usize = 64 * 1024;

/// Bytes of messages that are written together.
const TOGETHER: usize = 16 * 1024;

/// Bytes of the longest fixed header.
const HEAD: usize = 5;

/// Messages handled before others have their turn: those without payload cost nothing to send.
const AT_ONCE: usize = 64;

/// Bounds of a WebSocket.
#[derive(Clone, Debug)]
pub(super) struct WebSocketLimits {
    pub(super) message_bytes: usize,
}

/// A WebSocket that carries MQTT.
#[derive(Debug)]
pub(super) struct WebSocket<S> {
    socket: WebSocketStream<S>,
    /// What is left of the last message.
    rest: Bytes,
    /// What is left to send of the packet whose first message has been sent.
    unsent: usize,
    state: State,
    peer: SocketAddr,
}

/// Where the closing stands.
#[derive(Debug)]
enum State {
    Open,
    /// The client closed first; whoever reads has not been told.
    Left,
    /// The client broke a rule; it is to be told so.
    Refusing(Option<CloseFrame>),
    /// Our Close frame is on its way.
    Flushing,
    /// Our Close frame has gone; the client's has not come.
    Closing,
    /// Nothing more comes; the stream beneath is to be closed.
    Closed,
    Ended,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// The server's side of a connection that has been upgraded, with what was already read of it.
    pub(super) async fn server(
        stream: S,
        read: Bytes,
        limits: &WebSocketLimits,
        peer: SocketAddr,
    ) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(TOGETHER)
            .max_message_size(Some(limits.message_bytes))
            .max_frame_size(Some(limits.message_bytes));
        let socket =
            WebSocketStream::from_partially_read(stream, read.into(), Role::Server, Some(config))
                .await;
        Self {
            socket,
            rest: Bytes::new(),
            unsent: 0,
            state: State::Open,
            peer,
        }
    }

    fn refuse(&mut self, code: CloseCode, reason: &'static str) {
        tracing::info!(peer = %self.peer, code = u16::from(code), reason, "a WebSocket broke a rule");
        self.state = State::Refusing(Some(CloseFrame {
            code,
            reason: reason.into(),
        }));
    }

    /// What a message, or its absence, does to the stream.
    fn take(&mut self, message: Option<Result<Message, Error>>) -> io::Result<()> {
        match message {
            Some(Ok(Message::Binary(payload))) => self.rest = payload,
            Some(Ok(Message::Text(_))) | Some(Err(Error::Utf8(_))) => {
                // MQTT 5.0 [MQTT-6.0.0-1]
                self.refuse(CloseCode::Unsupported, "MQTT is carried in binary frames");
            }
            // Pings are answered, and Close is, beneath this.
            Some(Ok(
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) | Message::Frame(_),
            )) => {}
            Some(Err(Error::Capacity(error))) => {
                tracing::debug!(peer = %self.peer, %error, "a message is over the limit");
                self.refuse(CloseCode::Size, "the message is over the limit");
            }
            Some(Err(Error::Io(error))) => return Err(error),
            Some(Err(error @ Error::Protocol(_))) if is_lost(&error) => {
                return Err(io::Error::new(io::ErrorKind::ConnectionReset, error));
            }
            Some(Err(error)) => {
                tracing::debug!(peer = %self.peer, %error, "no WebSocket frame");
                self.refuse(CloseCode::Protocol, "this is no WebSocket frame");
            }
            None => self.state = State::Left,
        }
        Ok(())
    }

    /// Sends our Close frame; ready when it has gone.
    fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let State::Refusing(frame) = &mut self.state {
            ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(into_io)?;
            let frame = frame.take();
            self.state = State::Flushing;
            start_close(&mut self.socket, frame)?;
        }
        ready!(Pin::new(&mut self.socket).poll_flush(cx)).map_err(into_io)?;
        if matches!(self.state, State::Flushing) {
            self.state = State::Closing;
        }
        Poll::Ready(Ok(()))
    }

    /// Waits for the client's Close frame; what else comes is not wanted any more.
    fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut left = AT_ONCE;
        loop {
            match self.state {
                State::Open | State::Left | State::Refusing(_) | State::Flushing => {
                    return Poll::Ready(Ok(()));
                }
                State::Closing => match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => self.state = State::Closed,
                },
                State::Closed => {
                    // Whether it is heard or not, it is over. What a client still sends after a frame that could not be read
                    // is the stream's to forget.
                    let _ = ready!(Pin::new(self.socket.get_mut()).poll_shutdown(cx));
                    self.state = State::Ended;
                }
                State::Ended => return Poll::Ready(Ok(())),
            }
            left = left.saturating_sub(1);
            if left == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// How many of the bytes that are offered, which begin with `head`, are the next message.
    fn message_len(&mut self, head: &[u8], offered: usize) -> usize {
        if self.unsent == 0 {
            self.unsent = match Peek::new(head) {
                Ok(Status::Complete(packet)) => packet.total_len(),
                // Heads are written whole.
                Ok(Status::Incomplete { .. }) | Err(_) => offered,
            };
        }
        let len = self.unsent.min(offered).min(WRITE);
        self.unsent = self.unsent.saturating_sub(len);
        len
    }

    fn send(&mut self, payload: Bytes) -> io::Result<usize> {
        let sent = payload.len();
        Pin::new(&mut self.socket)
            .start_send(Message::Binary(payload))
            .map_err(into_io)?;
        Ok(sent)
    }
}

/// Whether the client went without a Close frame.
fn is_lost(error: &Error) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError;
    matches!(
        error,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
    )
}

fn start_close<S: AsyncRead + AsyncWrite + Unpin>(
    socket: &mut WebSocketStream<S>,
    frame: Option<CloseFrame>,
) -> io::Result<()> {
    match Pin::new(socket).start_send(Message::Close(frame)) {
        Ok(()) | Err(Error::ConnectionClosed | Error::AlreadyClosed) => Ok(()),
        // The client said Close first, and has its answer.
        Err(Error::Protocol(_)) => Ok(()),
        Err(error) => Err(into_io(error)),
    }
}

fn into_io(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::ConnectionClosed | Error::AlreadyClosed => io::ErrorKind::BrokenPipe.into(),
        error => io::Error::other(error),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        for _ in 0..AT_ONCE {
            if !this.rest.is_empty() {
                let given = this.rest.len().min(buf.remaining());
                buf.put_slice(this.rest.get(..given).unwrap_or_default());
                this.rest.advance(given);
            }
            let is_filled = buf.filled().len() > before;
            if buf.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            match this.state {
                State::Open => match Pin::new(&mut this.socket).poll_next(cx) {
                    Poll::Ready(message) => this.take(message)?,
                    Poll::Pending if is_filled => return Poll::Ready(Ok(())),
                    Poll::Pending => return Poll::Pending,
                },
                // What came before goes first.
                _ if is_filled => return Poll::Ready(Ok(())),
                State::Left => {
                    // The session ends now, and the stream beneath when it is shut down.
                    this.state = State::Closed;
                    return Poll::Ready(Ok(()));
                }
                State::Refusing(_) | State::Flushing => return this.poll_closing(cx),
                State::Closing | State::Closed | State::Ended => return this.poll_farewell(cx),
            }
        }
        if buf.filled().len() == before {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(into_io)?;
        let this = &mut *self;
        let part = buf.get(..this.message_len(buf, buf.len())).unwrap_or(buf);
        Poll::Ready(this.send(Bytes::copy_from_slice(part)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(Pin::new(&mut self.socket).poll_ready(cx)).map_err(into_io)?;
        let this = &mut *self;
        let offered = bufs
            .iter()
            .map(|buf| buf.len())
            .fold(0, usize::saturating_add);
        let mut head = [0; HEAD];
        let bytes = bufs.iter().flat_map(|buf| &**buf);
        head.iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = *from);
        let len = this.message_len(head.get(..offered).unwrap_or(&head), offered);
        let mut message = BytesMut::with_capacity(len);
        for buf in bufs {
            let room = len.saturating_sub(message.len());
            message.extend_from_slice(buf.get(..room).unwrap_or(buf));
            if message.len() >= len {
                break;
            }
        }
        Poll::Ready(this.send(message.freeze()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx).map_err(into_io)
    }

    /// Says Close. The client's is waited for by reading on.
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        match this.state {
            State::Open => {
                this.state = State::Refusing(Some(CloseFrame {
                    code: CloseCode::Normal,
                    reason: "".into(),
                }));
                this.poll_closing(cx)
            }
            State::Refusing(_) | State::Flushing | State::Closing => this.poll_closing(cx),
            State::Left => {
                this.state = State::Closed;
                this.poll_farewell(cx)
            }
            State::Closed | State::Ended => this.poll_farewell(cx),
        }
    }
}
