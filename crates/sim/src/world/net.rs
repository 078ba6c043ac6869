//! Links and connections: how bytes travel.
//!
//! Links model TCP as a program sees it: the bytes of a live connection are never lost, doubled or
//! reordered. What can happen: they take time, they wait (a cut that nobody notices, a receiver
//! that does not read), or the connection ends.
//!
//! # Invariants
//!
//! * A flow is first in, first out. Only its head has a place in the world's queue of events.
//! * A flow that cannot move (see `World::flow_moves`) has none; whoever removes the obstacle
//!   calls `World::kick_all`.

use std::collections::VecDeque;

use lockstep_core::id::ConnId;
use lockstep_core::time::Instant;

use super::{Due, World};
use crate::ids::{MessageId, NodeId, Peer, WireId};
use crate::message::{Message, MessageKind, MessageRef};
use crate::script::Cut;
use crate::splitter::{Piece, Splitter};

/// Time between a client and the node on the same host, in microseconds.
pub(super) const CLIENT_LATENCY_US: u64 = 200;

/// What the sender's and the receiver's socket buffers take together, per direction. More waits in
/// the sending node.
pub(super) const SOCKET_BYTES_MAX: u64 = 256 * 1024;

/// The cable between two nodes.
#[derive(Debug, Clone, Hash)]
pub(super) struct Link {
    pub(super) cut: Option<Cut>,
    pub(super) latency_us: u64,
    /// Bytes per second in each direction; 0: without limit.
    pub(super) bandwidth: u64,
    /// Until when each direction (towards the larger id first) is busy sending.
    busy_until: [Instant; 2],
}

impl Link {
    pub(super) fn new(latency_us: u64, bandwidth: u64) -> Self {
        Self { cut: None, latency_us, bandwidth, busy_until: [Instant(0); 2] }
    }
}

/// A message on its way.
#[derive(Debug, Clone, Hash)]
pub(super) struct InFlight {
    pub(super) message: MessageRef,
    pub(super) departs_at: Instant,
    pub(super) arrives_at: Instant,
    pub(super) held_since: Option<Instant>,
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
    closed: bool,
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
}

impl Wire {
    pub(super) fn new(dialer: (Peer, String), acceptor: (Peer, String), dial: Option<u64>) -> Self {
        let client = matches!(dialer.0, Peer::Client(_));
        let end = |(peer, address)| End { peer, address, conn: None, reads: true };
        Self {
            ends: [end(dialer), end(acceptor)],
            flows: [Flow::new(Splitter::commands(client)), Flow::new(Splitter::replies(client))],
            dial,
        }
    }

    /// The two nodes it connects, smaller id first; `None` if one end is a client.
    pub(super) fn nodes(&self) -> Option<(NodeId, NodeId)> {
        let (a, b) = (self.ends[0].peer.node()?, self.ends[1].peer.node()?);
        Some((a.min(b), a.max(b)))
    }
}

impl World {
    /// Splits `bytes` into messages and puts them on the way.
    pub(super) fn send_bytes(&mut self, wire: WireId, side: usize, bytes: &[u8]) {
        let Some(w) = self.wires.get_mut(&wire) else { return };
        let pieces = w.flows[side].splitter.split(bytes);
        for piece in pieces {
            if side == DIALER && piece.complete {
                self.watch_for_resync(wire, &piece);
            }
            self.send(wire, side, piece);
        }
    }

    /// Puts a message about the connection itself on the way.
    pub(super) fn send_control(&mut self, wire: WireId, side: usize, kind: MessageKind) {
        let closes = matches!(kind, MessageKind::Fin | MessageKind::Reset | MessageKind::Refuse);
        self.send(wire, side, Piece { kind, bytes: Vec::new(), stream: None, complete: true });
        if let Some(w) = self.wires.get_mut(&wire).filter(|_| closes) {
            w.flows[side].closed = true;
        }
    }

    /// Tells the other direction what a `PSYNC` or `SYNC` makes of it.
    fn watch_for_resync(&mut self, wire: WireId, piece: &Piece) {
        if !matches!(piece.kind, MessageKind::Handshake | MessageKind::Request) {
            return;
        }
        let args = crate::splitter::command_args(&piece.bytes).unwrap_or_default();
        let Some(name) = args.first() else { return };
        let offset = if name.eq_ignore_ascii_case(b"psync") {
            args.get(2).and_then(|o| std::str::from_utf8(o).ok()).and_then(|o| o.parse().ok())
        } else if name.eq_ignore_ascii_case(b"sync") {
            None
        } else {
            return;
        };
        if let Some(w) = self.wires.get_mut(&wire) {
            w.flows[ACCEPTOR].splitter.expect_resync(offset);
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
        let held_since = Self::cut_between(&self.links, w).map(|_| now);
        let flow = &mut w.flows[side];
        flow.bytes += message.bytes.len() as u64;
        flow.queue.push_back(InFlight {
            message: message.clone(),
            departs_at,
            arrives_at,
            held_since,
        });
        self.sent.push(message);
        self.kick(wire, side);
    }

    /// When a message that is sent now leaves and arrives.
    fn travel(
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
        let up = usize::from(wire.ends[side].peer > wire.ends[1 - side].peer);
        let departs = link.busy_until[up].max(now);
        // A control message has the size of a TCP header.
        let size = (message.bytes.len() as u64).max(40);
        let sending = (size * 1_000_000).checked_div(link.bandwidth).unwrap_or(0);
        link.busy_until[up] = departs + sending;
        (departs, (departs + sending + link.latency_us).max(last))
    }

    pub(super) fn cut_between(links: &super::Links, wire: &Wire) -> Option<Cut> {
        wire.nodes().and_then(|pair| links.get(&pair)).and_then(|l| l.cut)
    }

    /// Whether the head of a flow can be delivered when its time has come.
    fn flow_moves(&self, wire: &Wire, side: usize) -> bool {
        let to = &wire.ends[1 - side];
        let receives = match to.peer {
            Peer::Node(id) => !self.hosts[id.0 as usize].is_frozen(),
            Peer::Client(_) => true,
        };
        receives && to.reads && Self::cut_between(&self.links, wire).is_none()
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

    fn flow_mut(&mut self, id: WireId, side: usize) -> &mut Flow {
        &mut self.wires.get_mut(&id).expect("the caller has just seen this wire").flows[side]
    }

    /// Takes the head of a flow, whose time has come.
    pub(super) fn take_arrival(&mut self, id: WireId, side: usize) -> Option<MessageRef> {
        let flow = &mut self.wires.get_mut(&id)?.flows[side];
        flow.scheduled = None;
        let head = flow.queue.pop_front()?;
        flow.bytes -= head.message.bytes.len() as u64;
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

    /// A silent cut: what is on its way stays where it is.
    pub(super) fn hold_messages(&mut self, pair: (NodeId, NodeId)) {
        let now = self.now;
        for wire in self.wires.values_mut().filter(|w| w.nodes() == Some(pair)) {
            for message in wire.flows.iter_mut().flat_map(|f| &mut f.queue) {
                message.held_since = Some(now);
            }
        }
        self.kick_all();
    }

    /// The link is back: what was held is sent again, from the start.
    pub(super) fn resend_held(&mut self, pair: (NodeId, NodeId)) {
        let now = self.now;
        if let Some(link) = self.links.get_mut(&pair) {
            link.busy_until = [now; 2];
        }
        let ids: Vec<WireId> =
            self.wires.iter().filter(|(_, w)| w.nodes() == Some(pair)).map(|(id, _)| *id).collect();
        for id in ids {
            for side in [DIALER, ACCEPTOR] {
                let Some(wire) = self.wires.get_mut(&id) else { continue };
                let held = std::mem::take(&mut wire.flows[side].queue);
                for mut m in held {
                    (m.departs_at, m.arrives_at) =
                        Self::travel(&mut self.links, wire, side, &m.message, now);
                    m.held_since = None;
                    wire.flows[side].queue.push_back(m);
                }
            }
        }
        self.kick_all();
    }
}
