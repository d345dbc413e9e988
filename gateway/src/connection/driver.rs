//! A connection on a transport: reads while there is something to read, writes once for all that has gathered.

use core::cell::Cell;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep};

use super::output::Output;
use super::{Connection, End, ROUNDS};
use crate::broker::{Session, Turn};

/// Bytes read at a time.
const READ: usize = 64 * 1024;

/// Output that a slow client may leave unwritten before no more of its packets are read.
const UNSENT: usize = 256 * 1024;

/// How long one read waits for a receiver that cannot keep up.
const PAUSE: Duration = Duration::from_millis(10);

/// For the last words of a connection.
const FAREWELL: Duration = Duration::from_secs(2);

/// Buffers that a thread lends to the connection it is busy with.
struct Workbench {
    read: Box<[u8]>,
    turn: Turn,
    out: Output,
}

thread_local! {
    static WORKBENCH: Cell<Option<Box<Workbench>>> = const { Cell::new(None) };
}

impl Workbench {
    fn borrow() -> Box<Self> {
        WORKBENCH.take().unwrap_or_else(|| {
            Box::new(Self {
                read: vec![0; READ].into(),
                turn: Turn::default(),
                out: Output::default(),
            })
        })
    }

    fn give_back(self: Box<Self>) {
        WORKBENCH.set(Some(self));
    }
}

struct Driver<T> {
    transport: T,
    connection: Connection,
    /// What the transport would not take.
    unsent: Option<Box<Output>>,
    /// Whether the transport still holds something that it took.
    unflushed: bool,
    alarm: Option<Pin<Box<Sleep>>>,
    /// A session that has to catch up before more is read, and how long it is waited for.
    pause: Option<(Arc<Session>, Pin<Box<Sleep>>)>,
    /// When the client has to have taken something of what is unsent.
    stall: Option<Pin<Box<Sleep>>>,
}

/// Runs a connection on a transport until either ends.
///
/// The future is what an idle connection keeps, so it holds the connection once and nothing that is only for the end: `async
/// fn` would hold its arguments beside what is made of them.
pub fn serve<T: AsyncRead + AsyncWrite + Unpin>(
    transport: T,
    connection: Connection,
) -> impl Future<Output = ()> {
    let mut driver = Driver {
        transport,
        connection,
        unsent: None,
        unflushed: false,
        alarm: None,
        pause: None,
        stall: None,
    };
    async move {
        let ended = core::future::poll_fn(|cx| driver.poll(cx)).await;
        if let Err(error) = ended {
            tracing::debug!(peer = %driver.connection.peer, %error, "a connection was lost");
            driver.connection.end(&End::Close, &mut Output::default());
            return;
        }
        Box::pin(part(&mut driver.transport, driver.unsent.take())).await;
    }
}

/// Sends the last words, and waits until the other end has them.
async fn part<T: AsyncRead + AsyncWrite + Unpin>(
    transport: &mut T,
    mut unsent: Option<Box<Output>>,
) {
    let farewell = async {
        if let Some(unsent) = &mut unsent {
            core::future::poll_fn(|cx| unsent.poll_write(transport, cx)).await?;
        }
        transport.shutdown().await?;
        // A socket that is closed with bytes unread resets the connection, and the last words are lost with it.
        let mut rest = [0; 1024];
        while transport.read(&mut rest).await? > 0 {}
        Ok(())
    };
    // Whoever does not listen is not waited for.
    let _: Result<io::Result<()>, _> = tokio::time::timeout(FAREWELL, farewell).await;
}

impl<T: AsyncRead + AsyncWrite + Unpin> Driver<T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut bench = Workbench::borrow();
        let polled = self.poll_with(cx, &mut bench);
        // What a lost connection left behind is nobody's.
        bench.out.clear();
        bench.turn.sendable.clear();
        bench.turn.pressed = None;
        bench.turn.end(&self.connection.broker);
        bench.give_back();
        polled
    }

    fn poll_with(&mut self, cx: &mut Context<'_>, bench: &mut Workbench) -> Poll<io::Result<()>> {
        for _ in 0..ROUNDS {
            let mut is_busy = false;
            let mut ended = self.connection.check(cx).err();
            if ended.is_none() && self.poll_unsent(cx)?.is_ready() {
                ended = Some(End::Close);
            }
            if self.unflushed {
                self.poll_flush(cx)?;
            }

            if ended.is_none()
                && !self.is_paused(cx)
                && self.connection.takes_more()
                && self
                    .unsent
                    .as_ref()
                    .is_none_or(|unsent| unsent.len() < UNSENT)
            {
                let mut buffer = ReadBuf::new(&mut bench.read);
                match Pin::new(&mut self.transport).poll_read(cx, &mut buffer)? {
                    Poll::Ready(()) if buffer.filled().is_empty() => ended = Some(End::Close),
                    Poll::Ready(()) => {
                        is_busy = true;
                        let now = Instant::now();
                        ended = self
                            .connection
                            .receive(buffer.filled(), now, &mut bench.turn, &mut bench.out)
                            .err();
                    }
                    Poll::Pending => {}
                }
            }
            if ended.is_none() {
                if self.unsent.is_some() {
                    // What a slow client is owed waits in its queue, where it is counted.
                    self.connection.answer(cx, &mut bench.out);
                } else {
                    match self.connection.produce(cx, &mut bench.turn, &mut bench.out) {
                        Ok(more) => is_busy |= more,
                        Err(end) => ended = Some(end),
                    }
                }
            }
            if ended.is_none() && self.poll_alarm(cx).is_ready() {
                ended = Some(self.connection.overdue());
            }
            if let Some(end) = &ended {
                self.connection.end(end, &mut bench.out);
            }
            self.write(cx, &mut bench.out)?;
            bench.turn.end(&self.connection.broker);
            if let Some(session) = bench.turn.pressed.take() {
                self.pause = Some((session, Box::pin(tokio::time::sleep(PAUSE))));
            }
            if ended.is_some() {
                return Poll::Ready(Ok(()));
            }
            if !is_busy {
                return Poll::Pending;
            }
        }
        // Others have their turn.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes what the transport did not take before; ready when the client has taken nothing for too long.
    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        let Some(unsent) = &mut self.unsent else {
            return Ok(Poll::Pending);
        };
        let before = unsent.len();
        if unsent.poll_write(&mut self.transport, cx)?.is_ready() {
            self.unsent = None;
            self.stall = None;
            self.unflushed = true;
            return Ok(Poll::Pending);
        }
        let patience = self.connection.broker.settings().limits.stall_timeout;
        if unsent.len() < before {
            self.stall = None;
        }
        let stall = self
            .stall
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        if stall.as_mut().poll(cx).is_ready() {
            tracing::info!(peer = %self.connection.peer, "a client takes nothing of what is sent to it");
            return Ok(Poll::Ready(()));
        }
        Ok(Poll::Pending)
    }

    /// Whether a receiver has to catch up first. One that does not is waited for a little at each read, until its queue
    /// is full and it misses messages.
    fn is_paused(&mut self, cx: &mut Context<'_>) -> bool {
        let Some((session, sleep)) = &mut self.pause else {
            return false;
        };
        if sleep.as_mut().poll(cx).is_pending() && session.await_relief(cx.waker()) {
            return true;
        }
        self.pause = None;
        false
    }

    /// Writes what has gathered; what the transport does not take is kept.
    fn write(&mut self, cx: &mut Context<'_>, out: &mut Output) -> io::Result<()> {
        if out.is_empty() {
            return Ok(());
        }
        if let Some(unsent) = &mut self.unsent {
            unsent.append(out);
            return Ok(());
        }
        if out.poll_write(&mut self.transport, cx)?.is_pending() {
            let mut kept = Box::<Output>::default();
            kept.append(out);
            self.unsent = Some(kept);
            return Ok(());
        }
        self.poll_flush(cx)
    }

    /// Transports with buffers of their own, such as TLS, hand on what they hold.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let flushed = Pin::new(&mut self.transport).poll_flush(cx)?;
        self.unflushed = flushed.is_pending();
        Ok(())
    }

    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.connection.deadline() else {
            self.alarm = None;
            return Poll::Pending;
        };
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        // The deadline moves with every packet; the alarm is moved only when it goes off.
        if alarm.deadline() > deadline {
            alarm.as_mut().reset(deadline);
        }
        while alarm.as_mut().poll(cx).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            alarm.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}
