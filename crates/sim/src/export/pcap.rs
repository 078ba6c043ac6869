//! A conversation as packets: what a capture of all these connections would have been.
//!
//! The file is a pcap (microseconds, Ethernet). The simulator has messages and connections, not
//! packets; the packets are made here as TCP would have made them:
//!
//! * A message is one segment or several, with the time at which it left its host. What never left
//!   a host (it lost power) is not there; what left and never arrived is.
//! * What arrives is acknowledged at that time: by what its receiver sends in the same moment, else
//!   by a segment of its own. So the time between the two is that of the way there.
//! * A connection that ends in good order ends with a FIN from either side; one that breaks, with a
//!   RST. Clients sit on the host of their node, and are connected at once.
//! * Addresses are those that nodes show (`CLIENT LIST`), on the loopback interface: MAC addresses
//!   are zero, as there.
//!
//! What TCP does against loss (sending again, probing a silent peer) the simulator's links do not
//! show, and neither does the file.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use crate::ids::{MessageId, Peer, WireId};
use crate::message::{Message, MessageKind, MessageRef};
use crate::step::{Cause, Note, Step};
use crate::world::World;

/// Payload of a segment at most: what Ethernet carries.
const SEGMENT_MAX: usize = 1_460;

/// The longest time that the last acknowledgement of a connection is assumed to travel.
const LAST_ACK_US_MAX: u64 = 1_000_000;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// In a SYN: segments of [`SEGMENT_MAX`] bytes; windows count in units of 128 bytes, so that no
/// window is ever full.
const SYN_OPTIONS: [u8; 8] = [2, 4, 0x05, 0xb4, 1, 3, 3, 7];

/// A file that is being written.
#[derive(Debug)]
pub(super) struct Pcap {
    /// Wall clock at time 0, in microseconds since the Unix epoch.
    started_us: u64,
    /// Those that live, by their wires; the place in `all`.
    open: BTreeMap<WireId, usize>,
    all: Vec<Connection>,
    entries: Vec<Entry>,
    /// What the entries will take in the file.
    len: usize,
}

#[derive(Debug)]
struct Connection {
    /// The dialer's end first.
    ends: [End; 2],
}

#[derive(Debug)]
struct End {
    peer: Peer,
    ip: [u8; 4],
    port: u16,
    /// Sequence number of what it sends next.
    next: u32,
    /// Of what was put on its way and has not arrived: the number behind its last byte, and where
    /// its segments begin in `entries`.
    underway: VecDeque<(MessageId, u32, usize)>,
    last: Option<MessageId>,
    /// Whether it has said that it is there (SYN), that it goes (FIN or RST), and that nothing more
    /// is heard (RST).
    begun: bool,
    ended: bool,
    reset: bool,
}

/// Something that has its time.
#[derive(Debug)]
struct Entry {
    at: u64,
    connection: usize,
    side: usize,
    what: What,
}

#[derive(Debug)]
enum What {
    /// A segment leaves this side. It acknowledges what has been heard by then.
    Segment { flags: u8, seq: u32, payload: Option<(MessageRef, usize, usize)> },
    /// This side has received everything before this number.
    Heard(u32),
    /// It was never sent.
    Nothing,
}

impl Pcap {
    pub(super) fn new(start: &World) -> Self {
        let started_us = (start.unix_ms() - start.now().0 / 1_000) * 1_000;
        Self { started_us, open: BTreeMap::new(), all: Vec::new(), entries: Vec::new(), len: 0 }
    }

    /// Adds a step; returns how long the file will be, about.
    pub(super) fn step(&mut self, world: &World, step: &Step) -> usize {
        let (at, before) = (step.at.0, self.entries.len());
        if matches!(step.cause, Cause::Intervention(_)) {
            self.forget_unsent(world, at);
        }
        let arrived = match &step.cause {
            Cause::Delivered(message) => self.arrived(world, step, message),
            _ => None,
        };
        for message in &step.sent {
            if let Some((connection, side)) = self.place(world, message) {
                self.send(connection, side, world, message, at);
            }
        }
        if let Some((connection, side)) = arrived {
            self.acknowledge(connection, side, at, before);
        }
        self.part(world, step);
        self.len
    }

    /// The connection of a message, and the end that sent it. A new one is noted. `None`: it is
    /// over, and so long that nobody knows its addresses.
    fn place(&mut self, world: &World, message: &Message) -> Option<(usize, usize)> {
        let known = self.open.get(&message.wire).copied();
        let connection = match known {
            Some(connection) => connection,
            None => {
                let ends = world.wire_ends(message.wire)?;
                let number = self.all.len() as u32;
                let end = |side: u32| {
                    let (peer, address) = ends[side as usize];
                    End::new(peer, address, (2 * number + side).wrapping_mul(0x9e37_79b1))
                };
                self.all.push(Connection { ends: [end(0)?, end(1)?] });
                self.open.insert(message.wire, self.all.len() - 1);
                self.all.len() - 1
            }
        };
        let dialer = self.all[connection].ends[0].peer == message.from;
        Some((connection, usize::from(!dialer)))
    }

    /// A message is handed to the network.
    fn send(
        &mut self,
        connection: usize,
        side: usize,
        world: &World,
        message: &MessageRef,
        now: u64,
    ) {
        let at = world.departure(message).map_or(now, |at| at.0.max(now));
        let begun = self.all[connection].ends[0].begun;
        if !begun && message.kind != MessageKind::Connect {
            self.connect(connection, at);
        }
        let first = self.entries.len();
        match message.kind {
            MessageKind::Connect => self.segment(connection, 0, at, SYN),
            MessageKind::Accept => self.segment(connection, 1, at, SYN | ACK),
            MessageKind::Refuse | MessageKind::Reset => {
                self.segment(connection, side, at, RST | ACK);
            }
            MessageKind::Fin => self.segment(connection, side, at, FIN | ACK),
            _ => self.data(connection, side, at, message),
        }
        let end = &mut self.all[connection].ends[side];
        end.last = Some(message.id);
        end.underway.push_back((message.id, end.next, first));
    }

    /// A client on the same host has been connected.
    fn connect(&mut self, connection: usize, at: u64) {
        self.segment(connection, 0, at, SYN);
        self.heard(connection, 1, at);
        self.segment(connection, 1, at, SYN | ACK);
        self.heard(connection, 0, at);
        self.segment(connection, 0, at, ACK);
    }

    fn data(&mut self, connection: usize, side: usize, at: u64, message: &MessageRef) {
        let len = message.bytes.len();
        for from in (0..len).step_by(SEGMENT_MAX) {
            let to = (from + SEGMENT_MAX).min(len);
            let end = &mut self.all[connection].ends[side];
            let seq = end.next;
            end.next = end.next.wrapping_add((to - from) as u32);
            let flags = if to == len { PSH | ACK } else { ACK };
            let payload = Some((message.clone(), from, to));
            self.push(at, connection, side, What::Segment { flags, seq, payload });
            self.len += to - from;
        }
    }

    /// A segment without data.
    fn segment(&mut self, connection: usize, side: usize, at: u64, flags: u8) {
        let end = &mut self.all[connection].ends[side];
        if end.reset || end.ended && flags != ACK {
            return;
        }
        // A refusal answers a SYN: its own sequence has not begun.
        let seq = if flags & RST != 0 && !end.begun { 0 } else { end.next };
        if flags & (SYN | FIN) != 0 {
            end.next = end.next.wrapping_add(1);
        }
        end.begun |= flags & SYN != 0;
        end.ended |= flags & (FIN | RST) != 0;
        end.reset |= flags & RST != 0;
        self.push(at, connection, side, What::Segment { flags, seq, payload: None });
    }

    fn push(&mut self, at: u64, connection: usize, side: usize, what: What) {
        // Header of the record and of the packet.
        self.len += 16 + 14 + 20 + 20;
        self.entries.push(Entry { at, connection, side, what });
    }

    /// A side has received everything that the other one has sent so far.
    fn heard(&mut self, connection: usize, side: usize, at: u64) {
        let next = self.all[connection].ends[1 - side].next;
        self.entries.push(Entry { at, connection, side, what: What::Heard(next) });
    }

    /// A message has arrived. Returns where it went, if its receiver took it.
    fn arrived(
        &mut self,
        world: &World,
        step: &Step,
        message: &MessageRef,
    ) -> Option<(usize, usize)> {
        let (connection, side) = self.place(world, message)?;
        if self.all[connection].ends[side].last < Some(message.id) {
            // It was sent before the first step.
            self.send(connection, side, world, message, message.sent_at.0);
        }
        let underway = &mut self.all[connection].ends[side].underway;
        let known = underway.iter().position(|(id, ..)| *id == message.id)?;
        let (_, next, _) = underway.drain(..=known).next_back()?;
        if step.note.as_deref() == Some(&Note::Unclaimed) || message.kind == MessageKind::Reset {
            return None;
        }
        let at = step.at.0;
        self.entries.push(Entry { at, connection, side: 1 - side, what: What::Heard(next) });
        if message.kind == MessageKind::Accept {
            self.segment(connection, 0, at, ACK);
            return None;
        }
        (message.kind != MessageKind::Refuse).then_some((connection, 1 - side))
    }

    /// What arrived is acknowledged, unless its receiver has said something in this step anyway.
    fn acknowledge(&mut self, connection: usize, side: usize, at: u64, before: usize) {
        let said = |entry: &Entry| {
            let segment = matches!(entry.what, What::Segment { .. });
            segment && (entry.connection, entry.side) == (connection, side)
        };
        let begun = self.all[connection].ends[side].begun;
        if begun && !self.entries[before..].iter().any(said) {
            self.segment(connection, side, at, ACK);
        }
    }

    /// Connections that are no more.
    fn part(&mut self, world: &World, step: &Step) {
        let gone = |wire: &WireId| world.wire_ends(*wire).is_none();
        let gone: Vec<WireId> = self.open.keys().copied().filter(gone).collect();
        for wire in gone {
            let Some(connection) = self.open.remove(&wire) else { continue };
            let at = step.at.0;
            let ends = &self.all[connection].ends;
            let reset = ends.iter().any(|end| end.ended && !end.begun)
                || matches!(&step.cause, Cause::Delivered(m) if m.wire == wire
                    && m.kind == MessageKind::Reset);
            let established = ends.iter().all(|end| end.begun);
            match (reset || !established, ends[0].ended, ends[1].ended) {
                (true, ..) => {}
                // Something between them has broken it.
                (_, false, false) => {
                    self.segment(connection, 0, at, RST | ACK);
                    self.segment(connection, 1, at, RST | ACK);
                }
                (_, first, _) => {
                    let (sender, receiver) = if first { (0, 1) } else { (1, 0) };
                    self.close(connection, sender, receiver, step);
                }
            }
        }
    }

    /// A side has heard that the other one closes, and closes too.
    fn close(&mut self, connection: usize, sender: usize, receiver: usize, step: &Step) {
        let at = step.at.0;
        let travel = match &step.cause {
            Cause::Delivered(message) => at - message.sent_at.0.min(at),
            _ => 0,
        };
        // Its acknowledgement and its own FIN are one segment.
        let only_ack = |entry: &&mut Entry| {
            let plain = matches!(entry.what, What::Segment { flags: ACK, payload: None, .. });
            plain && (entry.at, entry.connection, entry.side) == (at, connection, receiver)
        };
        if !self.all[connection].ends[receiver].ended {
            if let Some(ack) = self.entries.last_mut().filter(only_ack) {
                ack.what = What::Nothing;
            }
            self.segment(connection, receiver, at, FIN | ACK);
        }
        let later = at + travel.min(LAST_ACK_US_MAX);
        self.heard(connection, sender, later);
        self.segment(connection, sender, later, ACK);
    }

    /// What lay in a host's buffers when it lost its power has not left it.
    fn forget_unsent(&mut self, world: &World, now: u64) {
        for connection in self.open.values() {
            for end in &mut self.all[*connection].ends {
                while let Some((id, next, first)) = end.underway.pop_back() {
                    let Some(entry) = self.entries.get(first) else { break };
                    if entry.at <= now || world.is_on_its_way(id) {
                        end.underway.push_back((id, next, first));
                        break;
                    }
                    if let What::Segment { seq, .. } = entry.what {
                        end.next = seq;
                    }
                    let (connection, side) = (entry.connection, entry.side);
                    for entry in &mut self.entries[first..] {
                        let same = (entry.connection, entry.side) == (connection, side);
                        if same && entry.at > now {
                            entry.what = What::Nothing;
                        }
                    }
                }
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        // Stable: what happened at one time stays in its order.
        self.entries.sort_by_key(|entry| entry.at);
        let mut out = Vec::with_capacity(self.len + 64);
        out.extend(0xa1b2_c3d4_u32.to_le_bytes());
        out.extend([2_u16.to_le_bytes(), 4_u16.to_le_bytes()].concat());
        out.extend([0, 0, 262_144, 1_u32].map(u32::to_le_bytes).concat());
        let mut heard = vec![[0_u32; 2]; self.all.len()];
        for (number, entry) in self.entries.iter().enumerate() {
            let Entry { at, connection, side, what } = entry;
            let acked = &mut heard[*connection][*side];
            match what {
                What::Heard(next) => *acked = *next,
                What::Nothing => {}
                What::Segment { flags, seq, payload } => {
                    let ends = &self.all[*connection].ends;
                    let payload = payload.as_ref().map_or(&[][..], |(m, a, b)| &m.bytes[*a..*b]);
                    let ack = if flags & ACK != 0 { *acked } else { 0 };
                    let head = Head { id: number as u16, seq: *seq, ack, flags: *flags };
                    put_packet(
                        &mut out,
                        self.started_us + at,
                        [&ends[*side], &ends[1 - side]],
                        &head,
                        payload,
                    );
                }
            }
        }
        out
    }
}

impl End {
    fn new(peer: Peer, address: &str, next: u32) -> Option<Self> {
        let (ip, port) = address.rsplit_once(':')?;
        Some(Self {
            peer,
            ip: ip.parse::<core::net::Ipv4Addr>().ok()?.octets(),
            port: port.parse().ok()?,
            next,
            underway: VecDeque::new(),
            last: None,
            begun: false,
            ended: false,
            reset: false,
        })
    }
}

/// What differs between the segments of a connection.
struct Head {
    id: u16,
    seq: u32,
    ack: u32,
    flags: u8,
}

/// Appends a packet: the record's header, Ethernet, IP, TCP.
fn put_packet(out: &mut Vec<u8>, at_us: u64, [from, to]: [&End; 2], head: &Head, payload: &[u8]) {
    let options: &[u8] = if head.flags & SYN != 0 { &SYN_OPTIONS } else { &[] };
    let tcp_len = 20 + options.len() + payload.len();
    let frame_len = (14 + 20 + tcp_len) as u32;
    let time = [(at_us / 1_000_000) as u32, (at_us % 1_000_000) as u32];
    out.extend([time[0], time[1], frame_len, frame_len].map(u32::to_le_bytes).concat());

    out.extend([0; 12]);
    out.extend([0x08, 0x00]);

    let ip_at = out.len();
    out.extend([0x45, 0]);
    out.extend(((20 + tcp_len) as u16).to_be_bytes());
    out.extend(head.id.to_be_bytes());
    // Not to be divided; 64 hops; TCP; the checksum comes when the rest is known.
    out.extend([0x40, 0, 64, 6, 0, 0]);
    out.extend(from.ip);
    out.extend(to.ip);
    let sum = checksum(0, &out[ip_at..]);
    out[ip_at + 10..ip_at + 12].copy_from_slice(&sum.to_be_bytes());

    let tcp_at = out.len();
    out.extend(from.port.to_be_bytes());
    out.extend(to.port.to_be_bytes());
    out.extend(head.seq.to_be_bytes());
    out.extend(head.ack.to_be_bytes());
    let words = (5 + options.len() / 4) as u8;
    let window = if head.flags & RST != 0 { [0, 0] } else { [0xff, 0xff] };
    out.extend([words << 4, head.flags, window[0], window[1], 0, 0, 0, 0]);
    out.extend(options);
    out.extend(payload);
    let mut pseudo = [from.ip, to.ip].concat();
    pseudo.extend([0, 6]);
    pseudo.extend((tcp_len as u16).to_be_bytes());
    let sum = checksum(sum_of(&pseudo), &out[tcp_at..]);
    out[tcp_at + 16..tcp_at + 18].copy_from_slice(&sum.to_be_bytes());
}

/// The sum of 16-bit words.
fn sum_of(bytes: &[u8]) -> u32 {
    let word = |pair: &[u8]| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0));
    bytes.chunks(2).map(word).sum()
}

/// The internet checksum (RFC 1071), of this and of what was summed up before.
fn checksum(before: u32, bytes: &[u8]) -> u16 {
    let mut sum = before + sum_of(bytes);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
