//! Bytes on their way to a client: small things copied together, large payloads by reference.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::collections::VecDeque;
use std::io::{self, IoSlice};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

/// Payloads of at least so many bytes are not copied.
const BY_REFERENCE: usize = 4096;

/// Slices that one write takes.
const SLICES: usize = 32;

/// What is to be written, in order.
#[derive(Debug, Default)]
pub(crate) struct Output {
    own: Vec<u8>,
    /// How much of `own` has been written.
    written: usize,
    /// Payloads, each with where in `own` it belongs.
    shared: VecDeque<(usize, Bytes)>,
}

impl Output {
    pub(crate) fn is_empty(&self) -> bool {
        self.written == self.own.len() && self.shared.is_empty()
    }

    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.shared.iter().fold(
            self.own.len().saturating_sub(self.written),
            |sum, (_, bytes)| sum.saturating_add(bytes.len()),
        )
    }

    /// Where heads and small packets go.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.own
    }

    pub(crate) fn put_payload(&mut self, payload: &Bytes) {
        if payload.len() < BY_REFERENCE {
            self.own.extend_from_slice(payload);
        } else {
            self.shared.push_back((self.own.len(), payload.clone()));
        }
    }

    /// Takes over what another has, at the end.
    pub(crate) fn append(&mut self, other: &mut Self) {
        let offset = self.own.len();
        let skipped = other.written;
        self.own
            .extend_from_slice(other.own.get(skipped..).unwrap_or_default());
        for (at, bytes) in other.shared.drain(..) {
            let at = at.saturating_sub(skipped).saturating_add(offset);
            self.shared.push_back((at, bytes));
        }
        other.clear();
    }

    /// Forgets everything; keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.own.clear();
        self.written = 0;
        self.shared.clear();
    }

    /// Writes as much as the transport takes. Ready when all is written.
    pub(crate) fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        transport: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let count = if self.shared.is_empty() {
                let rest = self.own.get(self.written..).unwrap_or_default();
                ready!(Pin::new(&mut *transport).poll_write(cx, rest))?
            } else {
                let mut slices = [IoSlice::new(&[]); SLICES];
                let used = self.slices(&mut slices);
                let slices = slices.get(..used).unwrap_or_default();
                ready!(Pin::new(&mut *transport).poll_write_vectored(cx, slices))?
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(count);
        }
        self.clear();
        Poll::Ready(Ok(()))
    }

    fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
        let mut used = 0_usize;
        let mut from = self.written;
        let mut places = slices.iter_mut();
        let mut put = |bytes: &'a [u8]| {
            if bytes.is_empty() {
                return true;
            }
            match places.next() {
                Some(place) => {
                    *place = IoSlice::new(bytes);
                    used = used.saturating_add(1);
                    true
                }
                None => false,
            }
        };
        for (at, bytes) in &self.shared {
            if !put(self.own.get(from..*at).unwrap_or_default()) || !put(bytes) {
                return used;
            }
            from = *at;
        }
        put(self.own.get(from..).unwrap_or_default());
        used
    }

    fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let next = self.shared.front().map_or(self.own.len(), |(at, _)| *at);
            let own = next.saturating_sub(self.written).min(count);
            self.written = self.written.saturating_add(own);
            count = count.saturating_sub(own);
            if self.written < next || count == 0 && own > 0 {
                continue;
            }
            let Some((_, bytes)) = self.shared.front_mut() else {
                return;
            };
            let taken = bytes.len().min(count);
            bytes.advance(taken);
            count = count.saturating_sub(taken);
            if bytes.is_empty() {
                self.shared.pop_front();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes at a time.
    struct Narrow {
        width: usize,
        got: Vec<u8>,
    }

    impl AsyncWrite for Narrow {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let count = bytes.len().min(self.width);
            self.got.extend_from_slice(&bytes[..count]);
            Poll::Ready(Ok(count))
        }

        fn poll_write_vectored(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            slices: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            let mut room = self.width;
            let mut count = 0;
            for slice in slices {
                let taken = slice.len().min(room);
                self.got.extend_from_slice(&slice[..taken]);
                room -= taken;
                count += taken;
            }
            Poll::Ready(Ok(count))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn bytes_go_out_in_order_whatever_the_transport_takes() {
        let large: Bytes = (0..10_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        for width in [1, 2, 3, 7, 100, 4096, 5000, 100_000] {
            let mut expected = Vec::new();
            let mut output = Output::default();
            for round in 0..40_u8 {
                let head = vec![round; usize::from(round % 5)];
                output.buffer().extend_from_slice(&head);
                expected.extend_from_slice(&head);
                let payload = large.slice(..usize::from(round) * 250);
                output.put_payload(&payload);
                expected.extend_from_slice(&payload);
            }
            assert_eq!(output.len(), expected.len());
            let mut narrow = Narrow {
                width,
                got: Vec::new(),
            };
            let mut cx = Context::from_waker(std::task::Waker::noop());
            let mut all = Output::default();
            all.append(&mut output);
            assert!(output.is_empty());
            assert!(all.poll_write(&mut narrow, &mut cx).is_ready());
            assert!(all.is_empty());
            assert!(narrow.got == expected, "width {width}");
        }
    }
}
