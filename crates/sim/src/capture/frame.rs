//! From the bytes of a packet to its TCP segment: Ethernet with VLAN tags, Linux's cooked forms,
//! raw IP and the loopback of BSD; IPv4 and IPv6.

use std::fmt;
use std::ops::Range;

/// Headers in a row (VLAN tags, IPv6 extensions) that are gone through at most.
const HEADERS_MAX: usize = 8;

/// An address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Ip {
    V4([u8; 4]),
    V6([u8; 16]),
}

/// An end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct End {
    pub(super) ip: Ip,
    pub(super) port: u16,
}

impl End {
    /// The same host at another port.
    pub(super) fn at_port(self, port: u16) -> Self {
        Self { port, ..self }
    }
}

impl fmt::Display for Ip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4([a, b, c, d]) => write!(f, "{a}.{b}.{c}.{d}"),
            Self::V6(bytes) => six(bytes, f),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ip {
            Ip::V4(_) => write!(f, "{}:{}", self.ip, self.port),
            Ip::V6(_) => write!(f, "[{}]:{}", self.ip, self.port),
        }
    }
}

/// The text of an IPv6 address: the longest run of zeros is left out, as RFC 5952 has it.
fn six(bytes: &[u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut groups = [0_u16; 8];
    for (group, pair) in groups.iter_mut().zip(bytes.chunks_exact(2)) {
        *group = u16::from_be_bytes([pair[0], pair[1]]);
    }
    let run = |from: usize| groups[from..].iter().take_while(|group| **group == 0).count();
    let longest = (0..8).rev().max_by_key(|from| run(*from)).unwrap_or(0);
    let zeros = if run(longest) > 1 { longest..longest + run(longest) } else { 8..8 };
    for (index, group) in groups.iter().enumerate() {
        if zeros.contains(&index) {
            if index == zeros.start {
                f.write_str("::")?;
            }
            continue;
        }
        let colon = if index == 0 || index == zeros.end { "" } else { ":" };
        write!(f, "{colon}{group:x}")?;
    }
    Ok(())
}

/// A TCP segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) from: End,
    pub(super) to: End,
    pub(super) seq: u32,
    /// What the sender has received, if it says so.
    pub(super) ack: Option<u32>,
    pub(super) syn: bool,
    pub(super) fin: bool,
    pub(super) rst: bool,
    /// Where the payload is that was captured.
    pub(super) payload: Range<usize>,
    /// Bytes of the payload that were not captured.
    pub(super) missing: usize,
}

/// What a packet is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Frame {
    Tcp(Segment),
    /// A part of an IP packet: these are not put together.
    Fragment,
    /// Something else.
    Other,
    /// What its headers say cannot be.
    Damaged,
    /// A way of capturing that is not known.
    UnknownLink,
}

/// Reads the packet that lies at `data` in `file`, and had `len` bytes on the wire.
pub(super) fn frame(file: &[u8], data: Range<usize>, len: usize, link: u16) -> Frame {
    let bytes = Bytes { file: &file[..data.end], start: data.start };
    let inner = match link {
        0 | 108 => loopback(&bytes),
        1 => ethernet(&bytes),
        // Raw IP, under its several numbers.
        12 | 14 | 101 | 228 | 229 => Some(Some(data.start)),
        113 => bytes.half(14).and_then(|kind| payload(&bytes, kind, 16)),
        276 => bytes.half(0).and_then(|kind| payload(&bytes, kind, 20)),
        _ => return Frame::UnknownLink,
    };
    let wire_end = data.start + len;
    match inner {
        None => Frame::Damaged,
        Some(None) => Frame::Other,
        Some(Some(at)) => ip(&bytes, at, wire_end).unwrap_or(Frame::Damaged),
    }
}

/// The captured bytes of a packet, by their places in it.
struct Bytes<'a> {
    file: &'a [u8],
    start: usize,
}

impl Bytes<'_> {
    fn byte(&self, at: usize) -> Option<u8> {
        self.file.get(self.start + at).copied()
    }

    fn half(&self, at: usize) -> Option<u16> {
        Some(u16::from_be_bytes(*self.file.get(self.start + at..)?.first_chunk()?))
    }
}

/// Where the IP packet begins in a frame of this type; inside, `None`: it is none.
fn payload(bytes: &Bytes<'_>, mut kind: u16, mut at: usize) -> Option<Option<usize>> {
    for _ in 0..HEADERS_MAX {
        match kind {
            0x8100 | 0x88a8 | 0x9100 => (kind, at) = (bytes.half(at + 2)?, at + 4),
            0x0800 | 0x86dd => return Some(Some(bytes.start + at)),
            _ => return Some(None),
        }
    }
    Some(None)
}

fn ethernet(bytes: &Bytes<'_>) -> Option<Option<usize>> {
    payload(bytes, bytes.half(12)?, 14)
}

/// The family stands in the byte order of the machine that captured.
fn loopback(bytes: &Bytes<'_>) -> Option<Option<usize>> {
    let family = [bytes.byte(0)?, bytes.byte(3)?].into_iter().find(|byte| *byte != 0)?;
    let known = matches!(family, 2 | 10 | 24 | 28 | 30);
    Some(known.then_some(bytes.start + 4))
}

/// An IP packet that begins at `at` in the file; the packet's last byte on the wire was before
/// `wire_end`.
fn ip(bytes: &Bytes<'_>, at: usize, wire_end: usize) -> Option<Frame> {
    let inner = Bytes { file: bytes.file, start: at };
    match inner.byte(0)? >> 4 {
        4 => {
            let header = usize::from(inner.byte(0)? & 15) * 4;
            // A length of 0: the network card was to cut the packet up (TSO).
            let end = match usize::from(inner.half(2)?) {
                0 => wire_end,
                total => at + total,
            };
            if inner.half(6)? & 0x3fff != 0 {
                return Some(Frame::Fragment);
            }
            if inner.byte(9)? != 6 {
                return Some(Frame::Other);
            }
            let address =
                |place: usize| Some(Ip::V4(*inner.file.get(at + place..)?.first_chunk()?));
            (header >= 20).then_some(())?;
            tcp(bytes.file, (address(12)?, address(16)?), at + header, end)
        }
        6 => {
            let end = match usize::from(inner.half(4)?) {
                0 => wire_end,
                rest => at + 40 + rest,
            };
            let address =
                |place: usize| Some(Ip::V6(*inner.file.get(at + place..)?.first_chunk()?));
            let ends = (address(8)?, address(24)?);
            let (mut next, mut place) = (inner.byte(6)?, 40);
            for _ in 0..HEADERS_MAX {
                match next {
                    6 => return tcp(bytes.file, ends, at + place, end),
                    44 => return Some(Frame::Fragment),
                    // Options for hops, routing and destinations.
                    0 | 43 | 60 => {
                        let len = (usize::from(inner.byte(place + 1)?) + 1) * 8;
                        (next, place) = (inner.byte(place)?, place + len);
                    }
                    _ => return Some(Frame::Other),
                }
            }
            Some(Frame::Other)
        }
        _ => None,
    }
}

/// A TCP segment that begins at `at` and whose packet ended at `end` on the wire.
fn tcp(file: &[u8], (from, to): (Ip, Ip), at: usize, end: usize) -> Option<Frame> {
    let head = Bytes { file, start: at };
    let word =
        |place: usize| Some(u32::from(head.half(place)?) << 16 | u32::from(head.half(place + 2)?));
    let flags = head.byte(13)?;
    let start = at + usize::from(head.byte(12)? >> 4) * 4;
    if start < at + 20 || start > end {
        return None;
    }
    let captured = end.min(file.len()).max(start.min(file.len()));
    let payload = start.min(file.len())..captured;
    Some(Frame::Tcp(Segment {
        from: End { ip: from, port: head.half(0)? },
        to: End { ip: to, port: head.half(2)? },
        seq: word(4)?,
        ack: (flags & 16 != 0).then_some(word(8)?),
        syn: flags & 2 != 0,
        fin: flags & 1 != 0,
        rst: flags & 4 != 0,
        missing: (end - start) - payload.len(),
        payload,
    }))
}
