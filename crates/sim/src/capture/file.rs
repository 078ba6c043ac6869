//! The two formats of captures: pcap and pcapng. Gives the packets in the order of the file.
//!
//! pcap: the file format of libpcap, in both byte orders, with micro- or nanoseconds. pcapng: the
//! sections, interfaces and packet blocks of draft-ietf-opsawg-pcapng; other blocks are skipped.

use std::ops::Range;

/// Interfaces of one section that are known; a packet of another one is not read.
const INTERFACES_MAX: usize = 1_024;
/// Longest packet that is believed: libpcap's own limit.
const PACKET_BYTES_MAX: usize = 256 * 1024;

const MICROS: u32 = 0xa1b2_c3d4;
const NANOS: u32 = 0xa1b2_3c4d;
const SECTION: u32 = 0x0a0d_0d0a;
const ORDER: u32 = 0x1a2b_3c4d;

/// A packet, as far as it was captured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packet {
    /// Microseconds since the Unix epoch; `None` where the file has no times.
    pub(super) at: Option<u64>,
    /// How its bytes begin: a `LINKTYPE_` number.
    pub(super) link: u16,
    /// Where in the file it is.
    pub(super) data: Range<usize>,
    /// How many bytes it had on the wire.
    pub(super) len: usize,
}

/// An interface of a pcapng section.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link: u16,
    snap: usize,
    /// Ticks of a second: a power of ten, or of two.
    resolution: Resolution,
    /// Seconds to be added.
    offset: i64,
}

#[derive(Debug, Clone, Copy)]
enum Resolution {
    Ten(u8),
    Two(u8),
}

impl Resolution {
    fn micros(self, ticks: u64) -> u64 {
        let ticks = u128::from(ticks);
        let micros = match self {
            Self::Ten(digits) if digits <= 6 => ticks * 10_u128.pow(u32::from(6 - digits)),
            Self::Ten(digits) => ticks / 10_u128.pow(u32::from(digits - 6).min(30)),
            Self::Two(bits) => (ticks * 1_000_000) >> bits.min(127),
        };
        u64::try_from(micros).unwrap_or(u64::MAX)
    }
}

#[derive(Debug)]
enum Format {
    Pcap { link: u16, nanos: bool },
    PcapNg { interfaces: Vec<Interface> },
}

/// Reads the packets of a file, the same one in all calls.
#[derive(Debug)]
pub(super) struct Packets {
    at: usize,
    big: bool,
    format: Format,
    /// The file breaks off, or is damaged, at this byte.
    pub(super) damaged: Option<usize>,
}

fn word(bytes: &[u8], at: usize, big: bool) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(if big { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) })
}

fn half(bytes: &[u8], at: usize, big: bool) -> Option<u16> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(if big { u16::from_be_bytes(*bytes) } else { u16::from_le_bytes(*bytes) })
}

impl Packets {
    /// `None`: this is no capture.
    pub(super) fn new(file: &[u8]) -> Option<Self> {
        let packets = |at, big, format| Self { at, big, format, damaged: None };
        for big in [false, true] {
            let magic = word(file, 0, big)?;
            if magic == MICROS || magic == NANOS {
                // The upper half may hold the length of a frame check sequence.
                let link = word(file, 20, big)? as u16;
                let nanos = magic == NANOS;
                return Some(packets(24, big, Format::Pcap { link, nanos }));
            }
        }
        let ng = word(file, 0, false)? == SECTION;
        ng.then(|| packets(0, false, Format::PcapNg { interfaces: Vec::new() }))
    }

    /// How far the file was read.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    /// The next packet. `None`: there is none, or the file is damaged from here on.
    pub(super) fn next(&mut self, file: &[u8]) -> Option<Packet> {
        while self.at < file.len() {
            let before = self.at;
            let packet = match self.format {
                Format::Pcap { link, nanos } => self.record(file, link, nanos).map(Some),
                Format::PcapNg { .. } => self.block(file),
            };
            match packet {
                Some(Some(packet)) => return Some(packet),
                Some(None) => {}
                None => {
                    self.damaged = Some(before);
                    self.at = file.len();
                }
            }
        }
        None
    }

    /// A record of a pcap file.
    fn record(&mut self, file: &[u8], link: u16, nanos: bool) -> Option<Packet> {
        let word = |n: usize| word(file, self.at + 4 * n, self.big);
        let (seconds, part) = (u64::from(word(0)?), u64::from(word(1)?));
        let (captured, len) = (word(2)? as usize, word(3)? as usize);
        let start = self.at + 16;
        if captured > PACKET_BYTES_MAX || captured > file.len().checked_sub(start)? {
            return None;
        }
        self.at = start + captured;
        let micros = if nanos { part / 1_000 } else { part };
        let at = Some(seconds * 1_000_000 + micros);
        Some(Packet { at, link, data: start..start + captured, len: len.max(captured) })
    }

    /// A block of a pcapng file; inside, `None`: it is no packet.
    fn block(&mut self, file: &[u8]) -> Option<Option<Packet>> {
        let start = self.at;
        if word(file, start, false)? == SECTION {
            // A section has its own byte order, which says how its length is written.
            self.big = word(file, start + 8, true)? == ORDER;
            (word(file, start + 8, self.big)? == ORDER).then_some(())?;
            self.format = Format::PcapNg { interfaces: Vec::new() };
        }
        let big = self.big;
        let kind = word(file, start, big)?;
        let len = word(file, start + 4, big)? as usize;
        let end = start.checked_add(len).filter(|end| *end <= file.len() && len >= 12)?;
        // The length stands at the end again.
        (len.is_multiple_of(4) && word(file, end - 4, big)? as usize == len).then_some(())?;
        let body = start + 8..end - 4;
        self.at = end;
        let Format::PcapNg { interfaces } = &mut self.format else { return None };
        match kind {
            1 => {
                let interface = interface(&file[body], big)?;
                if interfaces.len() < INTERFACES_MAX {
                    interfaces.push(interface);
                }
                Some(None)
            }
            // The second one is the form before the first; its interface has half a word.
            6 | 2 => {
                let index = match kind {
                    6 => word(file, body.start, big)? as usize,
                    _ => usize::from(half(file, body.start, big)?),
                };
                let word = |n: usize| word(file, body.start + 4 * n, big);
                let ticks = u64::from(word(1)?) << 32 | u64::from(word(2)?);
                let (captured, len) = (word(3)? as usize, word(4)? as usize);
                let data = body.start + 20..(body.start + 20).checked_add(captured)?;
                (data.end <= body.end && captured <= PACKET_BYTES_MAX).then_some(())?;
                let Some(interface) = interfaces.get(index) else { return Some(None) };
                let at = interface.resolution.micros(ticks);
                let at = at.saturating_add_signed(interface.offset.saturating_mul(1_000_000));
                let (at, link) = (Some(at), interface.link);
                Some(Some(Packet { at, link, data, len: len.max(captured) }))
            }
            3 => {
                let len = word(file, body.start, big)? as usize;
                let Some(interface) = interfaces.first() else { return Some(None) };
                let captured = len.min(interface.snap).min(body.len() - 4).min(PACKET_BYTES_MAX);
                let data = body.start + 4..body.start + 4 + captured;
                Some(Some(Packet { at: None, link: interface.link, data, len }))
            }
            _ => Some(None),
        }
    }
}

/// An interface description block.
fn interface(body: &[u8], big: bool) -> Option<Interface> {
    let link = half(body, 0, big)?;
    let snap = match word(body, 4, big)? {
        0 => usize::MAX,
        snap => snap as usize,
    };
    let mut interface = Interface { link, snap, resolution: Resolution::Ten(6), offset: 0 };
    let mut at = 8;
    while let (Some(code), Some(len)) = (half(body, at, big), half(body, at + 2, big)) {
        let value = body.get(at + 4..at + 4 + usize::from(len)).unwrap_or_default();
        match (code, value) {
            (0, _) => break,
            (9, &[resolution]) if resolution & 0x80 == 0 => {
                interface.resolution = Resolution::Ten(resolution);
            }
            (9, &[resolution]) => interface.resolution = Resolution::Two(resolution & 0x7f),
            (14, value) => {
                let bytes: Option<[u8; 8]> = value.try_into().ok();
                let seconds = |b| if big { i64::from_be_bytes(b) } else { i64::from_le_bytes(b) };
                interface.offset = bytes.map_or(0, seconds);
            }
            _ => {}
        }
        at += 4 + usize::from(len).next_multiple_of(4);
    }
    Some(interface)
}
