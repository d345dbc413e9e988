//! TCP streams out of a capture in the classic pcap format.
//!
//! Taken apart: captures of either byte order and of micro- or nanoseconds; Ethernet with at most one VLAN tag, Linux
//! "cooked" frames, loopback frames and bare IP; IPv4 and IPv6. Segments are put in order by their sequence numbers;
//! what was sent again is taken once.
//!
//! Not taken apart: pcapng (`tcpdump -r in.pcapng -w out.pcap` converts it), fragments of IP, IPv6 with extension
//! headers, frames that were cut short by the capture (what follows is a gap), TLS, WebSocket. A stream ends where the
//! first byte is missing. Two connections of the same addresses and ports, one after the other, are one here.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// One connection of the port.
pub(crate) struct Connection {
    pub(crate) client: SocketAddr,
    pub(crate) server: SocketAddr,
    /// What the client sent.
    pub(crate) sent: Stream,
    /// What the server sent.
    pub(crate) received: Stream,
}

/// What one side sent, in order.
#[derive(Default)]
pub(crate) struct Stream {
    pub(crate) bytes: Vec<u8>,
    /// How many bytes came after the first gap.
    pub(crate) lost: usize,
    /// The sequence number of the next byte.
    next: Option<u32>,
    /// What came too early, by its distance from the beginning of the stream.
    early: BTreeMap<usize, Vec<u8>>,
}

const MAGICS: [([u8; 4], bool); 4] = [
    ([0xD4, 0xC3, 0xB2, 0xA1], true),
    ([0x4D, 0x3C, 0xB2, 0xA1], true),
    ([0xA1, 0xB2, 0xC3, 0xD4], false),
    ([0xA1, 0xB2, 0x3C, 0x4D], false),
];

/// Whether these bytes are a capture, by their first four.
pub(crate) fn is_capture(bytes: &[u8]) -> bool {
    bytes
        .first_chunk::<4>()
        .is_some_and(|magic| MAGICS.iter().any(|(known, _)| known == magic))
}

/// The connections to a port, in the order in which they were first seen.
pub(crate) fn connections(bytes: &[u8], port: u16) -> Result<Vec<Connection>, String> {
    let magic = take::<4>(&mut &*bytes).unwrap_or_default();
    let little = MAGICS
        .iter()
        .any(|(known, little)| *known == magic && *little);
    let number = |bytes: [u8; 4]| {
        if little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        }
    };
    let (header, mut rest) = bytes
        .split_at_checked(24)
        .ok_or("the capture ends within its header")?;
    let link = number(header.last_chunk().copied().unwrap_or_default()) & 0x0FFF_FFFF;
    if !matches!(link, 0 | 1 | 12 | 14 | 101 | 108 | 113 | 276) {
        return Err(format!(
            "frames of link type {link}, expected Ethernet, loopback or IP"
        ));
    }
    let mut connections: Vec<Connection> = Vec::new();
    while !rest.is_empty() {
        let frame = (|| {
            let [_seconds, _fraction, captured, _length] = [
                take(&mut rest)?,
                take(&mut rest)?,
                take(&mut rest)?,
                take(&mut rest)?,
            ]
            .map(number);
            split(&mut rest, usize::try_from(captured).ok()?)
        })()
        .ok_or("the capture ends within a frame")?;
        if let Some(segment) = segment(link, frame) {
            put(&mut connections, segment, port);
        }
    }
    for connection in &mut connections {
        connection.sent.finish();
        connection.received.finish();
    }
    Ok(connections)
}

struct Segment<'a> {
    from: SocketAddr,
    to: SocketAddr,
    sequence: u32,
    syn: bool,
    payload: &'a [u8],
}

fn put(connections: &mut Vec<Connection>, segment: Segment<'_>, port: u16) {
    let (client, server) = if segment.to.port() == port {
        (segment.from, segment.to)
    } else if segment.from.port() == port {
        (segment.to, segment.from)
    } else {
        return;
    };
    let known = connections
        .iter()
        .position(|one| (one.client, one.server) == (client, server));
    let at = known.unwrap_or_else(|| {
        connections.push(Connection {
            client,
            server,
            sent: Stream::default(),
            received: Stream::default(),
        });
        connections.len().saturating_sub(1)
    });
    if let Some(connection) = connections.get_mut(at) {
        let stream = if segment.from == client {
            &mut connection.sent
        } else {
            &mut connection.received
        };
        stream.put(segment.sequence, segment.syn, segment.payload);
    }
}

impl Stream {
    fn put(&mut self, sequence: u32, syn: bool, payload: &[u8]) {
        // SYN takes a number of its own.
        let sequence = sequence.wrapping_add(u32::from(syn));
        let next = *self.next.get_or_insert(sequence);
        // How far ahead of what is expected, or behind it: sequence numbers wrap around.
        let ahead = sequence.wrapping_sub(next);
        if ahead < 1 << 31 {
            let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
            let at = self.bytes.len().saturating_add(ahead);
            let known = self.early.entry(at).or_default();
            if known.len() < payload.len() {
                *known = payload.to_vec();
            }
        } else {
            // Sent again, perhaps with something new at its end.
            let seen = usize::try_from(next.wrapping_sub(sequence)).unwrap_or(usize::MAX);
            if let Some(new) = payload.get(seen..) {
                self.append(new);
            }
        }
        // What came too early may fit now.
        while let Some(entry) = self.early.first_entry() {
            let Some(seen) = self.bytes.len().checked_sub(*entry.key()) else {
                break;
            };
            let bytes = entry.remove();
            self.append(bytes.get(seen..).unwrap_or_default());
        }
    }

    fn append(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.next = self.next.map(|next| next.wrapping_add(len));
    }

    fn finish(&mut self) {
        self.lost = self.early.values().map(Vec::len).sum();
        self.early.clear();
    }
}

/// The TCP segment in a frame, if there is one.
fn segment(link: u32, frame: &[u8]) -> Option<Segment<'_>> {
    let mut rest = frame;
    match link {
        // Loopback: the family of addresses, which IP says again.
        0 | 108 => drop(take::<4>(&mut rest)?),
        1 => {
            take::<12>(&mut rest)?;
            if take(&mut rest)? == [0x81, 0x00] {
                take::<4>(&mut rest)?;
            }
        }
        113 => drop(take::<16>(&mut rest)?),
        276 => drop(take::<20>(&mut rest)?),
        _ => {}
    }
    let first = *rest.first()?;
    let (from, to, tcp) = match first >> 4 {
        4 => {
            let header = usize::from(first & 0xF).checked_mul(4)?;
            let [_, _, high, low] = take(&mut rest)?;
            let total = usize::from(u16::from_be_bytes([high, low]));
            let [_, _, flags, offset, _, protocol, _, _] = take(&mut rest)?;
            // Fragments are left alone.
            if protocol != 6 || flags & 0x3F != 0 || offset != 0 {
                return None;
            }
            let (from, to) = (take::<4>(&mut rest)?, take::<4>(&mut rest)?);
            let tcp = rest.get(header.checked_sub(20)?..)?;
            // Ethernet fills short frames up.
            let len = total.checked_sub(header)?.min(tcp.len());
            (IpAddr::from(from), IpAddr::from(to), tcp.get(..len)?)
        }
        6 => {
            let [_, _, _, _, high, low, next, _] = take(&mut rest)?;
            if next != 6 {
                return None;
            }
            let (from, to) = (take::<16>(&mut rest)?, take::<16>(&mut rest)?);
            let len = usize::from(u16::from_be_bytes([high, low])).min(rest.len());
            (IpAddr::from(from), IpAddr::from(to), rest.get(..len)?)
        }
        _ => return None,
    };
    let mut rest = tcp;
    let (source, destination) = (take(&mut rest)?, take(&mut rest)?);
    let sequence = u32::from_be_bytes(take(&mut rest)?);
    let [_, _, _, _, offset, flags] = take(&mut rest)?;
    let payload = tcp.get(usize::from(offset >> 4).checked_mul(4)?..)?;
    Some(Segment {
        from: SocketAddr::new(from, u16::from_be_bytes(source)),
        to: SocketAddr::new(to, u16::from_be_bytes(destination)),
        sequence,
        syn: flags & 0b10 != 0,
        payload,
    })
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (first, after) = rest.split_first_chunk::<N>()?;
    *rest = after;
    Some(*first)
}

fn split<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (first, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(first)
}
