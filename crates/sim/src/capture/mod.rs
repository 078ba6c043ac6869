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

use std::borrow::Cow;
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
    let mut reading = Reading::new(bytes)?;
    while reading.go_on(usize::MAX) {}
    reading.finish()
}

/// What a packet, or a happening, is reckoned to cost beside its bytes, in bytes.
const EACH: usize = 256;

/// Reads a capture in slices, so that whoever must answer somebody else meanwhile can.
#[derive(Debug)]
pub struct Reading<'a> {
    file: Cow<'a, [u8]>,
    stage: Stage,
    /// A link type that is not known, if there was one.
    unknown: Option<u16>,
}

#[derive(Debug)]
enum Stage {
    /// From packets to streams.
    Packets(Box<Gathered>),
    /// From streams to the conversation.
    Talks(Box<Talks>),
}

/// What was found in the packets so far.
#[derive(Debug)]
struct Gathered {
    packets: Packets,
    tcp: Tcp,
    summary: Summary,
    /// Times of the first packet, and of the last one.
    began: Option<u64>,
    now: u64,
}

impl<'a> Reading<'a> {
    /// Begins to read a file.
    ///
    /// # Errors
    /// It is no capture, or too large.
    pub fn new(file: impl Into<Cow<'a, [u8]>>) -> Result<Self, CaptureError> {
        let file = file.into();
        if file.len() as u64 > FILE_BYTES_MAX {
            return Err(CaptureError::TooLarge);
        }
        let packets = Packets::new(&file).ok_or(CaptureError::NoCapture)?;
        let (tcp, summary) = (Tcp::default(), Summary::default());
        let gathered = Gathered { packets, tcp, summary, began: None, now: 0 };
        Ok(Self { file, stage: Stage::Packets(Box::new(gathered)), unknown: None })
    }

    /// Reads on: about so many bytes. Returns whether there is more to do.
    pub fn go_on(&mut self, bytes: usize) -> bool {
        let mut done = 0_usize;
        while done < bytes {
            let more = match &mut self.stage {
                Stage::Packets(gathered) => match gathered.packet(&self.file, &mut self.unknown) {
                    None => {
                        let talks = gathered.talks(&self.file);
                        self.stage = Stage::Talks(Box::new(talks));
                        return true;
                    }
                    more => more,
                },
                Stage::Talks(talks) => talks.tell(&self.file),
            };
            let Some(more) = more else { return false };
            done = done.saturating_add(more + EACH);
        }
        true
    }

    /// How much is done, and how much there is to do: the conversation counts as much as the
    /// packets.
    pub fn share(&self) -> (u64, u64) {
        let all = self.file.len().max(1) as u64;
        match &self.stage {
            Stage::Packets(gathered) => (gathered.packets.place() as u64, 2 * all),
            Stage::Talks(talks) => {
                let (told, happened) = talks.share();
                (all + all * told / happened.max(1), 2 * all)
            }
        }
    }

    /// What was read, once all is.
    ///
    /// # Errors
    /// There is nothing to show; the error says why.
    pub fn finish(self) -> Result<Capture, CaptureError> {
        let (recording, summary) = match self.stage {
            Stage::Packets(mut gathered) => gathered.talks(&self.file).finish(),
            Stage::Talks(talks) => talks.finish(),
        };
        let Summary { packets, connections, encrypted, .. } = summary;
        match self.unknown {
            Some(link) if connections == 0 => Err(CaptureError::LinkType(link)),
            _ if recording.is_empty() => {
                Err(CaptureError::NoRedis { packets, connections, encrypted })
            }
            _ => Ok(Capture { recording, summary }),
        }
    }
}

impl Gathered {
    /// Takes the next packet; returns how many bytes it has, `None` if there is none.
    fn packet(&mut self, file: &[u8], unknown: &mut Option<u16>) -> Option<usize> {
        let packet = self.packets.next(file)?;
        let summary = &mut self.summary;
        if summary.packets >= PACKETS_MAX {
            summary.left_out = true;
            return None;
        }
        summary.packets += 1;
        if let Some(at) = packet.at {
            self.now = at;
            self.began.get_or_insert(at);
        }
        let bytes = packet.data.len();
        match frame::frame(file, packet.data, packet.len, packet.link) {
            Frame::Tcp(segment) => self.tcp.segment(&segment, self.now, summary.packets),
            Frame::Fragment => summary.fragments += 1,
            Frame::Damaged => summary.damaged += 1,
            Frame::UnknownLink => *unknown = unknown.or(Some(packet.link)),
            Frame::Other => {}
        }
        Some(bytes)
    }

    /// Nothing more comes: who talks to whom.
    fn talks(&mut self, file: &[u8]) -> Talks {
        let (mut tcp, mut summary) = (std::mem::take(&mut self.tcp), self.summary);
        tcp.finish();
        summary.broken_at = self.packets.damaged.map(|at| at as u64);
        summary.connections = tcp.conns.len() as u64;
        summary.again = tcp.again;
        summary.left_out |= tcp.left_out > 0;
        Talks::new(file, tcp, summary, self.began.unwrap_or(0))
    }
}
