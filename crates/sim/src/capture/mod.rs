//! Captures of packets (pcap, pcapng) as recordings: the conversation that servers had over TCP.
//!
//! ```text
//! file    the two formats: packets with their times
//! frame   packets: link layer, IP, TCP
//! tcp     segments to streams: order, repetitions, gaps
//! talk    streams to messages; whose link, whose client it is, by what is said and not by ports
//! ```
//!
//! # Invariants
//!
//! * Whatever bytes it is given, reading ends in a [`Capture`] or a [`CaptureError`], in time that
//!   is linear (times a logarithm) in their number, and within the limits that are named here.
//! * What the capture does not hold is told: in [`Summary`], or as a step where it is missing.

mod file;
mod frame;
mod talk;
mod tcp;
#[cfg(test)]
mod tests;

use std::fmt;

use file::Packets;
use frame::Frame;
use talk::Talks;
use tcp::Tcp;

use crate::recording::Recording;

/// Largest file that is read.
pub const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Packets that are read; what follows them is left out, and told.
pub const PACKETS_MAX: u64 = 1_000_000;

/// Why there is nothing to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureError {
    /// It is neither pcap nor pcapng.
    NoCapture,
    /// It is larger than [`FILE_BYTES_MAX`].
    TooLarge,
    /// Its packets were captured in a way (this `LINKTYPE_` number) that is not known.
    LinkType(u16),
    /// No connection in it speaks RESP.
    NoRedis {
        /// Packets that were read.
        packets: u64,
        /// Connections that were seen.
        connections: u64,
        /// How many of them are encrypted.
        encrypted: u64,
    },
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCapture => f.write_str("this is neither a pcap nor a pcapng file"),
            Self::TooLarge => write!(f, "the capture is larger than {FILE_BYTES_MAX} bytes"),
            Self::LinkType(link) => {
                write!(f, "its packets were captured in a way that is not known: link type {link}")
            }
            Self::NoRedis { packets, connections, encrypted } => write!(
                f,
                "no connection in it speaks RESP: {packets} packets, {connections} TCP connections, \
                 {encrypted} of them encrypted"
            ),
        }
    }
}

impl std::error::Error for CaptureError {}

/// What a capture holds, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Packets that were read.
    pub packets: u64,
    /// TCP connections.
    pub connections: u64,
    /// Replication links among them.
    pub links: u64,
    /// Connections of clients.
    pub clients: u64,
    /// Connections that are encrypted.
    pub encrypted: u64,
    /// Segments that were sent again.
    pub again: u64,
    /// Parts of IP packets: not put together.
    pub fragments: u64,
    /// Packets whose headers say what cannot be.
    pub damaged: u64,
    /// Bytes that are missing from connections that are shown.
    pub missing: u64,
    /// The file breaks off, or is damaged, at this byte.
    pub broken_at: Option<u64>,
    /// There are more packets, or connections, than are read.
    pub left_out: bool,
}

/// A capture, read.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The conversation.
    pub recording: Recording,
    /// What it was made of.
    pub summary: Summary,
}

/// Reads a capture.
///
/// # Errors
/// There is nothing to show; the error says why.
pub fn read(bytes: &[u8]) -> Result<Capture, CaptureError> {
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(CaptureError::TooLarge);
    }
    let mut packets = Packets::new(bytes).ok_or(CaptureError::NoCapture)?;
    let mut summary = Summary::default();
    let mut tcp = Tcp::default();
    let (mut unknown, mut began, mut now) = (None, None, 0);
    while let Some(packet) = packets.next() {
        if summary.packets >= PACKETS_MAX {
            summary.left_out = true;
            break;
        }
        summary.packets += 1;
        if let Some(at) = packet.at {
            now = at;
            began.get_or_insert(at);
        }
        match frame::frame(bytes, packet.data, packet.len, packet.link) {
            Frame::Tcp(segment) => tcp.segment(&segment, now, summary.packets),
            Frame::Fragment => summary.fragments += 1,
            Frame::Damaged => summary.damaged += 1,
            Frame::UnknownLink => unknown = unknown.or(Some(packet.link)),
            Frame::Other => {}
        }
    }
    tcp.finish();
    summary.broken_at = packets.damaged.map(|at| at as u64);
    summary.connections = tcp.conns.len() as u64;
    summary.again = tcp.again;
    summary.left_out |= tcp.left_out > 0;
    if let (Some(link), true) = (unknown, tcp.conns.is_empty()) {
        return Err(CaptureError::LinkType(link));
    }
    let recording = Talks::new(bytes, &tcp, &mut summary).tell(began.unwrap_or(0));
    if recording.is_empty() {
        let Summary { packets, connections, encrypted, .. } = summary;
        return Err(CaptureError::NoRedis { packets, connections, encrypted });
    }
    Ok(Capture { recording, summary })
}
