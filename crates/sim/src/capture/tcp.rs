//! From segments to streams: bytes in their order, each once, and where some are missing.
//!
//! Nothing is copied: what is handed out are places in the file. A gap is told when what follows
//! it was captured and the other end has acknowledged what is missing (it has arrived, the capture
//! has not seen it), when too much waits, or when the capture ends. It stands where the other end
//! acknowledges it, for from there on it may answer to what is missing.

use std::collections::BTreeMap;
use std::ops::Range;

use super::frame::{End, Segment};

/// Connections that are followed; further ones are left out, and told.
pub(super) const CONNECTIONS_MAX: usize = 20_000;
/// Segments of one direction that wait for what comes before them.
const PENDING_MAX: usize = 4_096;
/// Furthest that a segment may lie ahead: a TCP window is at most a gigabyte.
const AHEAD_MAX: u32 = 1 << 30;

/// What happens on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    /// The attempt.
    Syn,
    /// Its acceptance.
    SynAck,
    /// The next bytes.
    Data(Range<usize>),
    /// So many bytes are missing; `cut_short`: their packet is there, but not to its end.
    Gap { bytes: u64, cut_short: bool },
    /// The end of a direction.
    Fin,
    /// The end of the connection.
    Reset,
}

/// Something that happens on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Happening {
    /// Index of the connection.
    pub(super) conn: usize,
    /// Which of its ends did it.
    pub(super) side: usize,
    /// Microseconds.
    pub(super) at: u64,
    /// Number of the packet, from 1.
    pub(super) packet: u64,
    /// So many bytes of the other direction had arrived when this was said.
    pub(super) after: u64,
    pub(super) what: What,
}

/// A connection.
#[derive(Debug, Clone)]
pub(super) struct Conn {
    /// Its ends: the one that opened it first, if that was seen, else the one seen first.
    pub(super) ends: [End; 2],
    /// Its beginning was seen.
    pub(super) begun: bool,
    ended: bool,
    ways: [Way; 2],
}

/// One direction.
#[derive(Debug, Clone, Default)]
struct Way {
    /// Sequence number of the next byte, once known, and how many came before it.
    next: Option<u32>,
    position: u64,
    /// The other end has received this many.
    acked: u64,
    /// When it first acknowledged more than was captured: time and number of the packet.
    ahead_of: Option<(u64, u64)>,
    /// Time and number of the packet by which the last bytes were known to follow.
    last: (u64, u64),
    pending: BTreeMap<u64, Piece>,
}

/// A segment that waits.
#[derive(Debug, Clone)]
struct Piece {
    data: Range<usize>,
    missing: usize,
    fin: bool,
    at: u64,
    packet: u64,
    after: u64,
}

impl Way {
    /// Where a sequence number lies, relative to the next byte.
    fn ahead(&self, seq: u32) -> Option<i64> {
        let delta = seq.wrapping_sub(self.next?);
        if delta < AHEAD_MAX {
            Some(i64::from(delta))
        } else {
            let behind = delta.wrapping_neg();
            (behind < AHEAD_MAX).then_some(-i64::from(behind))
        }
    }

    fn pass(&mut self, bytes: u64) {
        self.position += bytes;
        self.next = self.next.map(|next| next.wrapping_add(bytes as u32));
        if self.position >= self.acked {
            self.ahead_of = None;
        }
    }

    /// Where a gap stands that a later packet shows: where it is acknowledged, if that is earlier,
    /// but after what was handed out before it.
    fn place_of_gap(&self, at: u64, packet: u64) -> (u64, u64) {
        let acknowledged = self.ahead_of.filter(|(_, by)| (self.last.1..packet).contains(by));
        acknowledged.unwrap_or((at, packet))
    }
}

/// Follows all connections of a capture.
#[derive(Debug, Default)]
pub(super) struct Tcp {
    pub(super) conns: Vec<Conn>,
    pub(super) happened: Vec<Happening>,
    /// Segments that said again what was known.
    pub(super) again: u64,
    /// Segments of connections beyond [`CONNECTIONS_MAX`].
    pub(super) left_out: u64,
    open: BTreeMap<(End, End), usize>,
}

impl Tcp {
    /// Takes the next segment.
    pub(super) fn segment(&mut self, segment: &Segment, at: u64, packet: u64) {
        let Some((conn, side)) = self.connection(segment) else { return };
        let mut tell = |what| {
            self.happened.push(Happening { conn, side, at, packet, after: 0, what });
        };
        let Conn { ways, ended, .. } = &mut self.conns[conn];
        if segment.rst {
            if !std::mem::replace(ended, true) {
                tell(What::Reset);
            }
            return;
        }
        if segment.syn {
            // The same SYN may be sent again.
            if ways[side].next.is_none() {
                ways[side].next = Some(segment.seq.wrapping_add(1));
                tell(if segment.ack.is_some() { What::SynAck } else { What::Syn });
            }
        } else {
            ways[side].next.get_or_insert(segment.seq);
        }
        let mut after = 0;
        if let Some(ack) = segment.ack {
            let other = &mut ways[1 - side];
            other.next.get_or_insert(ack);
            after = other.position.saturating_add_signed(other.ahead(ack).unwrap_or(0));
            other.acked = other.acked.max(after);
            if after > other.position {
                other.ahead_of.get_or_insert((at, packet));
            }
        }
        let seq = segment.seq.wrapping_add(u32::from(segment.syn));
        if !segment.payload.is_empty() || segment.missing > 0 || segment.fin {
            let piece = Piece {
                data: segment.payload.clone(),
                missing: segment.missing,
                fin: segment.fin,
                at,
                packet,
                after,
            };
            self.store(conn, side, seq, piece);
        }
        self.drain(conn, side, false);
        self.drain(conn, 1 - side, false);
    }

    /// The connection of a segment, and the side it comes from.
    fn connection(&mut self, segment: &Segment) -> Option<(usize, usize)> {
        let (from, to) = (segment.from, segment.to);
        let key = (from.min(to), from.max(to));
        if let Some(&index) = self.open.get(&key) {
            let conn = &self.conns[index];
            let side = usize::from(conn.ends[0] != from);
            let opens = segment.syn && segment.ack.is_none();
            let same = conn.ways[side].next.is_some_and(|_| {
                conn.ways[side].position == 0
                    && conn.ways[side].next == Some(segment.seq.wrapping_add(1))
            });
            // The ports may be used again, by a new connection.
            if !opens || same || conn.ways[side].next.is_none() {
                return Some((index, side));
            }
            self.finish_conn(index);
        }
        if segment.rst {
            return None;
        }
        if self.conns.len() >= CONNECTIONS_MAX {
            self.left_out += 1;
            return None;
        }
        // An acceptance without its attempt tells as well who opened the connection.
        let accepts = segment.syn && segment.ack.is_some();
        let ends = if accepts { [to, from] } else { [from, to] };
        let ways = [Way::default(), Way::default()];
        self.conns.push(Conn { ends, begun: segment.syn, ended: false, ways });
        self.open.insert(key, self.conns.len() - 1);
        Some((self.conns.len() - 1, usize::from(accepts)))
    }

    /// Puts a segment where it belongs, without what is known of it already.
    fn store(&mut self, conn: usize, side: usize, seq: u32, mut piece: Piece) {
        let way = &mut self.conns[conn].ways[side];
        let Some(ahead) = way.ahead(seq) else { return };
        let len = piece.data.len() as u64 + piece.missing as u64;
        let mut position = way.position;
        if ahead < 0 {
            let known = ahead.unsigned_abs();
            if known > len || (known == len && !piece.fin) {
                self.again += u64::from(len > 0);
                return;
            }
            skip(&mut piece, known);
        } else {
            position += ahead as u64;
        }
        // Of two that begin at the same byte the one that knows more is kept.
        let knows = |piece: &Piece| (piece.data.len(), piece.missing, piece.fin);
        match way.pending.get_mut(&position) {
            Some(known) if knows(known) >= knows(&piece) => self.again += 1,
            Some(known) => {
                self.again += 1;
                *known = piece;
            }
            None => {
                way.pending.insert(position, piece);
            }
        }
    }

    /// Hands out what is in order; `all`: nothing more comes, what is missing stays missing.
    fn drain(&mut self, conn: usize, side: usize, all: bool) {
        let Conn { ways, ended, .. } = &mut self.conns[conn];
        let way = &mut ways[side];
        while let Some((&position, piece)) = way.pending.first_key_value() {
            // What came too early is told when what was before it has come.
            let (at, packet) = (piece.at.max(way.last.0), piece.packet.max(way.last.1));
            let after = piece.after;
            if position > way.position {
                let lost = way.acked >= position || way.pending.len() > PENDING_MAX;
                if !all && !lost {
                    return;
                }
                let bytes = position - way.position;
                let (at, packet) = way.place_of_gap(at, packet);
                way.pass(bytes);
                let what = What::Gap { bytes, cut_short: false };
                self.happened.push(Happening { conn, side, at, packet, after: 0, what });
            }
            way.last = (at, packet);
            let mut tell = |what| {
                self.happened.push(Happening { conn, side, at, packet, after, what });
            };
            let Some((_, mut piece)) = way.pending.pop_first() else { return };
            let known = way.position - position;
            let len = piece.data.len() as u64 + piece.missing as u64;
            if known > len {
                self.again += 1;
                continue;
            }
            skip(&mut piece, known);
            way.pass(piece.data.len() as u64 + piece.missing as u64);
            if !piece.data.is_empty() {
                tell(What::Data(piece.data));
            }
            if piece.missing > 0 {
                tell(What::Gap { bytes: piece.missing as u64, cut_short: true });
            }
            if piece.fin {
                // It has a sequence number of its own.
                way.next = way.next.map(|next| next.wrapping_add(1));
                if !*ended {
                    tell(What::Fin);
                }
            }
        }
    }

    fn finish_conn(&mut self, conn: usize) {
        for side in 0..2 {
            self.drain(conn, side, true);
            let way = &mut self.conns[conn].ways[side];
            let bytes = way.acked.saturating_sub(way.position);
            // A single one may be the end of the direction, which is counted like a byte.
            if let Some((at, packet)) = way.ahead_of.filter(|_| bytes > 1) {
                way.pass(bytes);
                let what = What::Gap { bytes, cut_short: false };
                self.happened.push(Happening { conn, side, at, packet, after: 0, what });
            }
        }
    }

    /// The capture has ended.
    pub(super) fn finish(&mut self) {
        (0..self.conns.len()).for_each(|conn| self.finish_conn(conn));
    }
}

/// Leaves out the first bytes of a piece.
fn skip(piece: &mut Piece, bytes: u64) {
    let captured = (piece.data.len() as u64).min(bytes);
    piece.data.start += captured as usize;
    piece.missing -= (bytes - captured) as usize;
}
