//! Links and connections: how bytes travel.
//!
//! Links model TCP as a program sees it: the bytes of a live connection are never lost, doubled or
//! reordered. What can happen: they take time, they wait (a cut that nobody notices, a receiver
//! that does not read), or the connection ends.
//!
//! # Invariants
//!
//! * A message longer than a segment ([`SEGMENT_BYTES_MAX`]) travels in several, each of which
//!   arrives by itself: that is so whoever looks, by whatever grain.
//! * A flow is first in, first out. Only its head has a place in the world's queue of events.
//! * A flow that cannot move (see `World::flow_moves`) has none; whoever removes the obstacle
//!   calls `World::kick_all`.

use std::collections::VecDeque;

use lockstep_core::id::ConnId;
use lockstep_core::rng::Rng;
use lockstep_core::time::Instant;

use super::{Due, World};
use crate::ids::{MessageId, NodeId, Peer, WireId};
use crate::message::{Message, MessageKind, MessageRef};
use crate::script::Cut;
use crate::splitter::{Asked, Piece, SEGMENT_BYTES_MAX, Splitter};

/// Time between a client and the node on the same host, in microseconds.
pub(super) const CLIENT_LATENCY_US: u64 = 200;

/// What the sender's and the receiver's socket buffers take together, per direction. More waits in
/// the sending node.
pub(super) const SOCKET_BYTES_MAX: u64 = 256 * 1024;

/// What TCP sends without hearing an acknowledgement: its initial congestion window of ten
/// segments. So much still arrives where only the way back is cut.
const UNACKED_BYTES_MAX: u64 = 10 * SEGMENT_BYTES_MAX as u64;

/// One direction of a cable.
#[derive(Debug, Clone, Copy, Hash)]
pub(super) struct Way {
    pub(super) cut: Option<Cut>,
    /// Until when it is busy sending.
    pub(super) busy_until: Instant,
}

/// The cable between two nodes.
#[derive(Debug, Clone, Hash)]
pub(super) struct Link {
    /// The direction towards the larger id first.
    pub(super) ways: [Way; 2],
    pub(super) latency_us: u64,
    /// Bytes per second in each direction; 0: without limit.
    pub(super) bandwidth: u64,
    pub(super) jitter_us: u64,
    pub(super) random_segments: bool,
    /// Of its own, so that what happens on one link changes nothing on another.
    rng: Rng,
}

impl Link {
    pub(super) fn new(latency_us: u64, bandwidth: u64, seed: u64) -> Self {
        let ways = [Way { cut: None, busy_until: Instant(0) }; 2];
        let rng = Rng::new(seed);
        Self { ways, latency_us, bandwidth, jitter_us: 0, random_segments: false, rng }
    }

    /// How long the next segment may be.
    fn segment_max(&mut self) -> usize {
        if !self.random_segments {
            return SEGMENT_BYTES_MAX;
        }
        // Small and large ones, so that every place in a message is a border sometime.
        let bound = [4, 32, 256, SEGMENT_BYTES_MAX as u64][self.rng.below(4) as usize];
        1 + self.rng.below(bound) as usize
    }
}

/// Which direction of the cable between them leads from one node to another.
pub(super) fn way(from: Peer, to: Peer) -> usize {
    usize::from(from > to)
}

/// A message on its way.
#[derive(Debug, Clone, Hash)]
pub(super) struct InFlight {
    pub(super) message: MessageRef,
    pub(super) departs_at: Instant,
    pub(super) arrives_at: Instant,
    pub(super) held_since: Option<Instant>,
    /// Somebody keeps it back.
    pub(super) kept: bool,
}

/// One direction of a connection.
#[derive(Debug, Clone, Hash)]
pub(super) struct Flow {
    pub(super) queue: VecDeque<InFlight>,
    /// Where the head is in the world's queue of events.
    scheduled: Option<(Instant, u64)>,
    /// Bytes in `queue`.
    pub(super) bytes: u64,
    /// The sender had more to send than fitted.
    pub(super) blocked: bool,
    /// Its sender has closed: nothing is added any more.
    pub(super) closed: bool,
    /// It will end with a reset that neither end has sent.
    pub(super) broken: bool,
    /// Bytes that arrived since the way back is cut.
    pub(super) unacked: u64,
    splitter: Splitter,
}

impl Flow {
    fn new(splitter: Splitter) -> Self {
        Self {
            queue: VecDeque::new(),
            scheduled: None,
            bytes: 0,
            blocked: false,
            closed: false,
            broken: false,
            unacked: 0,
            splitter,
        }
    }
}

/// One end of a connection.
#[derive(Debug, Clone, Hash)]
pub(super) struct End {
    pub(super) peer: Peer,
    /// `ip:port`.
    pub(super) address: String,
    /// The node's name for it, while the node considers it open.
    pub(super) conn: Option<ConnId>,
    /// Whether the program at this end takes what arrives.
    pub(super) reads: bool,
    /// This end is no more, and the other was not told: what arrives here is answered by a reset.
    pub(super) gone: bool,
}

/// Index of the dialer's end, and of the flow away from it.
pub(super) const DIALER: usize = 0;
/// Index of the acceptor's end, and of the flow away from it.
pub(super) const ACCEPTOR: usize = 1;

/// A connection. `ends[0]` dialed; `flows[i]` carries what `ends[i]` sends.
#[derive(Debug, Clone, Hash)]
pub(super) struct Wire {
    pub(super) ends: [End; 2],
    pub(super) flows: [Flow; 2],
    /// The dial's number, until it is answered.
    pub(super) dial: Option<u64>,
    /// The acceptor's host has answered, but the answer is held: its process does not know of the
    /// connection before TCP's handshake is complete.
    pub(super) pending: bool,
}

impl Wire {
    pub(super) fn new(dialer: (Peer, String), acceptor: (Peer, String), dial: Option<u64>) -> Self {
        let client = matches!(dialer.0, Peer::Client(_));
        let end = |(peer, address)| End { peer, address, conn: None, reads: true, gone: false };
        Self {
            ends: [end(dialer), end(acceptor)],
            flows: [Flow::new(Splitter::commands(client)), Flow::new(Splitter::replies(client))],
            dial,
            pending: false,
        }
    }

    /// The two nodes it connects, smaller id first; `None` if one end is a client.
    pub(super) fn nodes(&self) -> Option<(NodeId, NodeId)> {
        let (a, b) = (self.ends[0].peer.node()?, self.ends[1].peer.node()?);
        Some((a.min(b), a.max(b)))
    }

    /// What an end has handed to its host and the host has not yet sent is lost with the host.
    pub(super) fn forget_unsent(&mut self, side: usize, now: Instant) {
        let flow = &mut self.flows[side];
        while let Some(last) = flow.queue.back().filter(|m| m.departs_at > now) {
            flow.bytes -= last.message.bytes.len() as u64;
            flow.queue.pop_back();
        }
    }

    /// Which direction of its cable a flow takes.
    fn way(&self, side: usize) -> usize {
        way(self.ends[side].peer, self.ends[1 - side].peer)
    }
}

impl World {
    /// Splits `bytes` into messages and puts them on the way.
    pub(super) fn send_bytes(&mut self, wire: WireId, side: usize, bytes: &[u8]) {
        let Some(w) = self.wires.get_mut(&wire) else { return };
        let pieces = w.flows[side].splitter.split(bytes);
        if let Some(Asked::Resync(offset)) = w.flows[DIALER].splitter.take_asked() {
            w.flows[ACCEPTOR].splitter.expect_resync(offset);
        }
        for piece in pieces {
            self.send_piece(wire, side, piece);
        }
    }

    /// Sends a piece in the segments that its link makes of it.
    fn send_piece(&mut self, wire: WireId, side: usize, mut piece: Piece) {
        let pair = self.wires.get(&wire).and_then(Wire::nodes);
        while let Some(link) = pair.and_then(|pair| self.links.get_mut(&pair)) {
            let Some(head) = piece.cut_off(link.segment_max()) else { break };
            self.send(wire, side, head);
        }
        self.send(wire, side, piece);
    }

    /// Puts a message about the connection itself on the way.
    pub(super) fn send_control(&mut self, wire: WireId, side: usize, kind: MessageKind) {
        let closes = matches!(kind, MessageKind::Fin | MessageKind::Reset | MessageKind::Refuse);
        self.send(wire, side, Piece { kind, bytes: Vec::new(), stream: None, complete: true });
        if let Some(w) = self.wires.get_mut(&wire).filter(|_| closes) {
            w.flows[side].closed = true;
        }
    }

    fn send(&mut self, wire: WireId, side: usize, piece: Piece) {
        let now = self.now;
        let id = MessageId(self.next_message);
        let Some(w) = self.wires.get_mut(&wire).filter(|w| !w.flows[side].closed) else { return };
        self.next_message += 1;
        let message = MessageRef::new(Message {
            id,
            wire,
            from: w.ends[side].peer,
            to: w.ends[1 - side].peer,
            sent_at: now,
            kind: piece.kind,
            bytes: piece.bytes,
            stream: piece.stream,
            complete: piece.complete,
        });
        let (departs_at, arrives_at) = Self::travel(&mut self.links, w, side, &message, now);
        let held_since = Self::cut_of(&self.links, w, side).map(|_| now);
        let flow = &mut w.flows[side];
        flow.bytes += message.bytes.len() as u64;
        flow.queue.push_back(InFlight {
            message: message.clone(),
            departs_at,
            arrives_at,
            held_since,
            kept: false,
        });
        self.sent.push(message);
        self.kick(wire, side);
    }

    /// When a message that is sent now leaves and arrives.
    pub(super) fn travel(
        links: &mut super::Links,
        wire: &Wire,
        side: usize,
        message: &Message,
        now: Instant,
    ) -> (Instant, Instant) {
        let link = wire.nodes().and_then(|pair| links.get_mut(&pair));
        let last = wire.flows[side].queue.back().map_or(now, |m| m.arrives_at);
        let Some(link) = link else {
            return (now, (now + CLIENT_LATENCY_US).max(last));
        };
        let way = &mut link.ways[wire.way(side)];
        let departs = way.busy_until.max(now);
        // A control message has the size of a TCP header.
        let size = (message.bytes.len() as u64).max(40);
        let sending = (size * 1_000_000).checked_div(link.bandwidth).unwrap_or(0);
        way.busy_until = departs + sending;
        let jitter = if link.jitter_us == 0 { 0 } else { link.rng.below(link.jitter_us + 1) };
        (departs, (departs + sending + link.latency_us + jitter).max(last))
    }

    /// How the way of a flow is cut.
    pub(super) fn cut_of(links: &super::Links, wire: &Wire, side: usize) -> Option<Cut> {
        let link = wire.nodes().and_then(|pair| links.get(&pair))?;
        link.ways[wire.way(side)].cut
    }

    /// Whether the head of a flow can be delivered when its time has come.
    fn flow_moves(&self, wire: &Wire, side: usize) -> bool {
        let to = &wire.ends[1 - side];
        let receives = match to.peer {
            Peer::Node(id) => self.hosts[id.0 as usize].receives(),
            Peer::Client(_) => true,
        };
        let flow = &wire.flows[side];
        receives
            && to.reads
            && Self::cut_of(&self.links, wire, side).is_none()
            && (flow.unacked < UNACKED_BYTES_MAX || !self.is_deaf(wire, side))
            && flow.queue.front().is_some_and(|head| !head.kept)
    }

    /// Whether the sender of a flow hears no acknowledgements, so that it stops after a window.
    fn is_deaf(&self, wire: &Wire, side: usize) -> bool {
        Self::cut_of(&self.links, wire, 1 - side).is_some()
    }

    /// Gives the head of a flow its place in the queue of events, or takes it away, as needed.
    pub(super) fn kick(&mut self, id: WireId, side: usize) {
        let Some(wire) = self.wires.get(&id) else { return };
        let moves = self.flow_moves(wire, side);
        let flow = &wire.flows[side];
        let head = flow.queue.front().filter(|_| moves).map(|m| m.arrives_at.max(self.now));
        match (flow.scheduled, head) {
            (None, Some(at)) => {
                let key = self.schedule(at, Due::Arrival { wire: id, side });
                self.flow_mut(id, side).scheduled = Some(key);
            }
            (Some(key), None) => {
                self.queue.remove(&key);
                self.flow_mut(id, side).scheduled = None;
            }
            _ => {}
        }
    }

    /// Reconsiders every flow: something that held some of them back has changed.
    pub(super) fn kick_all(&mut self) {
        let ids: Vec<WireId> = self.wires.keys().copied().collect();
        for id in ids {
            self.kick(id, DIALER);
            self.kick(id, ACCEPTOR);
        }
    }

    pub(super) fn flow_mut(&mut self, id: WireId, side: usize) -> &mut Flow {
        &mut self.wires.get_mut(&id).expect("the caller has just seen this wire").flows[side]
    }

    /// Takes the head of a flow, whose time has come.
    pub(super) fn take_arrival(&mut self, id: WireId, side: usize) -> Option<MessageRef> {
        let deaf = self.is_deaf(self.wires.get(&id)?, side);
        let flow = &mut self.wires.get_mut(&id)?.flows[side];
        flow.scheduled = None;
        let head = flow.queue.pop_front()?;
        let len = head.message.bytes.len() as u64;
        flow.bytes -= len;
        flow.unacked = if deaf { flow.unacked + len } else { 0 };
        self.kick(id, side);
        Some(head.message)
    }

    /// Forgets a connection and everything on its way.
    pub(super) fn drop_wire(&mut self, id: WireId) {
        let Some(wire) = self.wires.remove(&id) else { return };
        for flow in &wire.flows {
            if let Some(key) = flow.scheduled {
                self.queue.remove(&key);
            }
        }
        for end in &wire.ends {
            if let (Peer::Node(node), Some(conn)) = (end.peer, end.conn) {
                self.hosts[node.0 as usize].free_slot(conn);
            }
        }
    }
}
