//! What a recording knows of the nodes at one moment: folded from steps, one after the other.
//!
//! Where a node's own events or its own words tell something, that stands; the rest follows from
//! messages that were seen, and what does not follow stays unknown.

use lockstep_core::id::ReplId;
use lockstep_core::replication::psync::Retired;
use lockstep_core::replication::state::{ReplState, ReplicaState};
use lockstep_core::time::Instant;
use lockstep_core::trace::Event;

use crate::ids::{NodeId, Peer, WireId};
use crate::message::{Message, MessageKind, MessageRef};
use crate::step::{Cause, Effect, Recorded, Step};
use crate::view::{FlightView, Known, LinkView, LiveView, MasterLinkView, ReplicaView, Role};

/// Messages without a known arrival that are shown at most.
const FLIGHTS_MAX: usize = 200;

/// A connection between two nodes that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wire {
    id: WireId,
    replica: NodeId,
    master: NodeId,
    /// What was asked for last with `PSYNC`.
    asked: Option<ReplId>,
    /// The history and the offset of the RDB that is announced.
    full: Option<(ReplId, u64)>,
    read: u64,
    total: Option<u64>,
}

/// See the module's documentation.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct State {
    pub(super) at: Instant,
    nodes: Vec<LiveView>,
    wires: Vec<Wire>,
    /// Pairs of nodes that have had a connection.
    pairs: Vec<(NodeId, NodeId)>,
    /// Messages whose arrival will be recorded.
    flights: Vec<MessageRef>,
    /// Messages that left in the last step for where nobody records.
    away: Vec<MessageRef>,
    /// Nodes whose processes have ended.
    down: Vec<NodeId>,
}

fn unknown() -> LiveView {
    LiveView {
        role: Role::Master,
        replid: ReplId::NONE,
        replid2: None,
        second_replid_offset: -1,
        offset: 0,
        own_stream: None,
        master: None,
        replicas: Vec::new(),
        backlog: None,
        retired: Retired::default(),
        keys: 0,
        known: Known::NOTHING,
    }
}

impl State {
    pub(super) fn node(&self, index: usize) -> LiveView {
        self.nodes.get(index).cloned().unwrap_or_else(unknown)
    }

    fn live(&mut self, id: NodeId) -> &mut LiveView {
        let index = id.0 as usize;
        if self.nodes.len() <= index {
            self.nodes.resize_with(index + 1, unknown);
        }
        &mut self.nodes[index]
    }

    pub(super) fn link(&self, wire: WireId) -> Option<(NodeId, NodeId)> {
        self.wires.iter().find(|w| w.id == wire).map(|w| (w.replica, w.master))
    }

    pub(super) fn links(&self) -> Vec<LinkView> {
        let link = |&(a, b): &(NodeId, NodeId)| LinkView {
            a,
            b,
            cut: None,
            ways: [None, None],
            latency_us: 0,
            bandwidth: 0,
            jitter_us: 0,
            random_segments: false,
            replication: self
                .wires
                .iter()
                .filter(|w| (w.replica.min(w.master), w.replica.max(w.master)) == (a, b))
                .map(|w| (w.replica, w.master))
                .collect(),
        };
        self.pairs.iter().map(link).collect()
    }

    pub(super) fn flights(&self) -> Vec<FlightView> {
        let flight = |message: &MessageRef| FlightView {
            message: message.clone(),
            departs_at: message.sent_at,
            // Nobody knows; it is drawn in the middle of its way.
            arrives_at: Instant(
                self.at.0.saturating_add(self.at.0.saturating_sub(message.sent_at.0).max(1)),
            ),
            held_since: None,
            kept: false,
            waits_at_receiver: false,
        };
        self.flights.iter().chain(&self.away).map(flight).collect()
    }

    /// Whether a node's process has ended.
    pub(super) fn is_down(&self, node: NodeId) -> bool {
        self.down.contains(&node)
    }

    /// A node tells its state itself.
    pub(super) fn tell(&mut self, node: NodeId, live: LiveView) {
        // Where the end of its link was left out, it says by this that there is none.
        let link = live.master.as_ref().map_or(ReplState::None, |master| master.state);
        if matches!(link, ReplState::None | ReplState::Connect) {
            self.wires.retain(|wire| wire.replica != node);
        }
        *self.live(node) = live;
    }

    /// What follows from a step.
    pub(super) fn apply(&mut self, step: &Step) {
        self.at = step.at;
        self.away.clear();
        match &step.cause {
            Cause::Delivered(m) => {
                let arrived = |f: &MessageRef| (f.wire, f.from) == (m.wire, m.from) && f.id <= m.id;
                self.flights.retain(|flight| !arrived(flight));
                self.message(m);
            }
            Cause::Recorded(Recorded::UnderWay {
                dialer: Peer::Node(a),
                acceptor: Peer::Node(b),
            }) => self.pair(*a, *b),
            Cause::Recorded(Recorded::LeftOut(_)) => self.flights.clear(),
            Cause::Recorded(Recorded::Ended { node }) => {
                self.down.push(*node);
                self.wires.retain(|wire| wire.replica != *node && wire.master != *node);
            }
            _ => {}
        }
        let away = matches!(step.cause, Cause::Recorded(Recorded::Sent { away: true }));
        for effect in &step.effects {
            self.effect(step, effect);
        }
        let arrived = match &step.cause {
            Cause::Delivered(message) => Some(message.id),
            _ => None,
        };
        for message in step.sent.iter().filter(|m| Some(m.id) != arrived) {
            if away {
                self.message(message);
            } else {
                self.leaves(message);
            }
            let flights = if away { &mut self.away } else { &mut self.flights };
            if flights.len() < FLIGHTS_MAX {
                flights.push(message.clone());
            }
        }
    }

    fn pair(&mut self, a: NodeId, b: NodeId) {
        let pair = (a.min(b), a.max(b));
        if a != b && !self.pairs.contains(&pair) {
            self.pairs.push(pair);
        }
    }

    /// What follows for its sender from a message that has left, and whose arrival will be told.
    fn leaves(&mut self, m: &Message) {
        let (Peer::Node(from), Peer::Node(to)) = (m.from, m.to) else { return };
        self.pair(from, to);
        let range = m.stream.filter(|_| m.complete);
        if let (MessageKind::Stream | MessageKind::Ping, Some(range)) = (m.kind, range) {
            self.wire(m.wire, to, from);
            self.fed(m.wire, (from, to), range.to.saturating_sub(1));
        }
    }

    /// What follows from a message between nodes that was seen. It may be seen twice, where it
    /// leaves and where it arrives: the second time changes nothing.
    fn message(&mut self, m: &Message) {
        let (Peer::Node(from), Peer::Node(to)) = (m.from, m.to) else { return };
        self.pair(from, to);
        match m.kind {
            MessageKind::Handshake | MessageKind::Ack => {
                let at = self.wire(m.wire, from, to);
                self.replica_says(at, m);
            }
            MessageKind::Fin | MessageKind::Reset | MessageKind::Refuse => self.close(m.wire),
            MessageKind::Reply | MessageKind::RdbHeader | MessageKind::Rdb => {
                let at = self.wire(m.wire, to, from);
                self.master_says(at, m);
            }
            MessageKind::Stream | MessageKind::Ping => {
                self.wire(m.wire, to, from);
                if let Some(range) = m.stream.filter(|_| m.complete) {
                    self.streamed(m.wire, (from, to), range.to.saturating_sub(1));
                }
            }
            _ => {}
        }
    }

    /// The connection between a replica and its master.
    fn wire(&mut self, id: WireId, replica: NodeId, master: NodeId) -> usize {
        if let Some(known) = self.wires.iter().position(|w| w.id == id) {
            return known;
        }
        let (asked, full, read, total) = (None, None, 0, None);
        self.wires.push(Wire { id, replica, master, asked, full, read, total });
        let below = self.live(replica);
        if !below.known.role {
            (below.role, below.known.role) = (Role::Replica, true);
        }
        let above = self.live(master);
        if !above.known.role {
            (above.role, above.known.role) = (Role::Master, true);
        }
        self.wires.len() - 1
    }

    fn replica_says(&mut self, at: usize, m: &Message) {
        let Wire { replica, master, .. } = self.wires[at];
        let args = m.command();
        let word = |i: usize| args.get(i).map(|w| w.to_ascii_lowercase()).unwrap_or_default();
        match (word(0).as_slice(), word(1).as_slice()) {
            (b"psync" | b"sync", _) => {
                self.wires[at].asked = args.get(1).and_then(|id| ReplId::parse(id));
            }
            (b"replconf", b"ack") => {
                let n = args.get(2).and_then(|n| std::str::from_utf8(n).ok()?.parse().ok());
                let Some(n) = n else { return };
                let below = self.live(replica);
                (below.offset, below.known.offset) = (n, true);
                // What the master has sent tells more than what somebody claims to hold.
                let above = self.live(master);
                if !above.known.offset {
                    (above.offset, above.known.offset) = (n, true);
                }
                self.position(m.wire, master, replica).ack_offset = n;
                self.settle(master);
            }
            _ => {}
        }
    }

    fn master_says(&mut self, at: usize, m: &Message) {
        let Wire { replica, master, asked, .. } = self.wires[at];
        match m.kind {
            MessageKind::RdbHeader => {
                let line = m.bytes.trim_ascii_end();
                let total = std::str::from_utf8(&line[1..]).ok().and_then(|n| n.parse().ok());
                (self.wires[at].read, self.wires[at].total) = (0, total);
            }
            MessageKind::Rdb => {
                self.wires[at].read += m.bytes.len() as u64;
                let read = (self.wires[at].read, self.wires[at].total);
                if let Some(link) = &mut self.live(replica).master {
                    link.transfer = (!m.complete).then_some(read);
                }
                if let (true, Some((id, offset))) = (m.complete, self.wires[at].full) {
                    let below = self.live(replica);
                    (below.replid, below.offset) = (id, offset);
                    (below.known.replid, below.known.offset) = (true, true);
                }
            }
            _ => {
                let line = m.bytes.trim_ascii_end();
                let words: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
                let id = words.get(1).and_then(|id| ReplId::parse(id));
                match words[0] {
                    b"+FULLRESYNC" => {
                        let offset = words.get(2).and_then(|n| std::str::from_utf8(n).ok());
                        let offset = offset.and_then(|n| n.parse().ok());
                        let (Some(id), Some(offset)) = (id, offset) else { return };
                        self.wires[at].full = Some((id, offset));
                        self.history(master, id);
                        let above = self.live(master);
                        above.offset = above.offset.max(offset);
                        above.known.offset = true;
                        self.position(m.wire, master, replica);
                    }
                    b"+CONTINUE" => {
                        if let Some(id) = id.or(asked) {
                            self.history(master, id);
                            self.history(replica, id);
                        }
                        self.position(m.wire, master, replica);
                    }
                    _ => {}
                }
            }
        }
    }

    /// A node is seen to be in a history. What was known of another one is no longer so.
    fn history(&mut self, node: NodeId, id: ReplId) {
        let live = self.live(node);
        (live.replid, live.known.replid) = (id, true);
    }

    /// A byte of the stream, and all before it, has gone from a master to a replica.
    fn streamed(&mut self, wire: WireId, (master, replica): (NodeId, NodeId), last: u64) {
        self.fed(wire, (master, replica), last);
        let above = self.live(master);
        let id = above.replid;
        let (known, below) = (above.known.replid, self.live(replica));
        if !below.known.offset || below.offset < last || (known && below.replid != id) {
            (below.offset, below.known.offset) = (last, true);
        }
    }

    /// A byte of the stream, and all before it, has left a master for a replica.
    fn fed(&mut self, wire: WireId, (master, replica): (NodeId, NodeId), last: u64) {
        let above = self.live(master);
        if !above.known.offset || above.offset < last {
            (above.offset, above.known.offset) = (last, true);
        }
        self.position(wire, master, replica).sent_offset = last;
        self.settle(master);
    }

    /// The replica of a connection, as its master sees it.
    fn position(&mut self, wire: WireId, master: NodeId, replica: NodeId) -> &mut ReplicaView {
        let replicas = &mut self.live(master).replicas;
        let known = replicas.iter().position(|r| r.wire == Some(wire));
        let at = known.unwrap_or_else(|| {
            replicas.push(ReplicaView {
                node: Some(replica),
                wire: Some(wire),
                state: ReplicaState::Online,
                sent_offset: 0,
                ack_offset: 0,
                lag_bytes: 0,
                lag_seconds: 0,
            });
            replicas.len() - 1
        });
        &mut replicas[at]
    }

    /// Reckons how far replicas are behind.
    fn settle(&mut self, master: NodeId) {
        let live = self.live(master);
        for replica in &mut live.replicas {
            replica.lag_bytes = live.offset.saturating_sub(replica.ack_offset);
        }
    }

    fn close(&mut self, wire: WireId) {
        let Some(at) = self.wires.iter().position(|w| w.id == wire) else { return };
        let Wire { replica, master, .. } = self.wires.remove(at);
        self.flights.retain(|flight| flight.wire != wire);
        self.live(master).replicas.retain(|r| r.wire != Some(wire));
        let linked = self.wires.iter().any(|w| (w.replica, w.master) == (replica, master));
        if let Some(link) = self.live(replica).master.as_mut().filter(|_| !linked) {
            (link.state, link.transfer) = (ReplState::Connect, None);
        }
    }

    /// Something happened in a node: it told so, or it follows from what it said.
    fn effect(&mut self, step: &Step, effect: &Effect) {
        let node = effect.node;
        match &effect.event {
            Event::ReplStateChanged { to, .. } => self.link_state(node, *to),
            Event::ReplicaStateChanged { to, .. } => {
                let Some((wire, replica)) = self.wire_of(step, node) else { return };
                match to {
                    Some(state) => self.position(wire, node, replica).state = *state,
                    None => self.live(node).replicas.retain(|r| r.wire != Some(wire)),
                }
            }
            Event::RoleChanged { master } => self.role(node, master.as_ref()),
            Event::Fed { from, bytes, .. } => {
                self.offset(node, from.saturating_add(bytes.len() as u64).saturating_sub(1));
                self.settle(node);
            }
            Event::Applied { to, .. } => self.offset(node, *to),
            Event::Continued { replid, offset, .. } => {
                self.history(node, *replid);
                self.offset(node, offset.saturating_sub(1));
            }
            Event::ReplIdShifted { replid2, second_offset, replid } => {
                self.history(node, *replid);
                let live = self.live(node);
                live.replid2 = Some(*replid2);
                live.second_replid_offset = i64::try_from(*second_offset).unwrap_or(i64::MAX);
            }
            Event::PsyncDecided { verdict, .. } => {
                self.history(node, verdict.master.replid);
                self.offset(node, verdict.master.master_repl_offset);
            }
            Event::PsyncSent { replid: Some(id), offset, .. } => {
                self.history(node, *id);
                self.offset(node, u64::try_from(*offset).unwrap_or(0).saturating_sub(1));
            }
            _ => {}
        }
    }

    fn offset(&mut self, node: NodeId, offset: u64) {
        let live = self.live(node);
        (live.offset, live.known.offset) = (offset, true);
    }

    /// The connection to a replica that a step is about.
    fn wire_of(&self, step: &Step, master: NodeId) -> Option<(WireId, NodeId)> {
        let message = match &step.cause {
            Cause::Delivered(message) => Some(message),
            _ => step.sent.first(),
        };
        let wire = self.wires.iter().find(|w| message.is_some_and(|m| m.wire == w.id));
        wire.filter(|w| w.master == master).map(|w| (w.id, w.replica))
    }

    fn role(&mut self, node: NodeId, master: Option<&(String, u16)>) {
        let live = self.live(node);
        live.known.role = true;
        live.role = if master.is_some() { Role::Replica } else { Role::Master };
        live.master = master.map(|(host, port)| link_to(host.clone(), *port));
    }

    fn link_state(&mut self, node: NodeId, state: ReplState) {
        // Which master, the connection tells.
        let above = self.wires.iter().rev().find(|w| w.replica == node).map(|w| w.master);
        let live = self.live(node);
        if state == ReplState::None {
            live.master = None;
            return;
        }
        // Who has become a master gives up its link as well.
        if state == ReplState::Connect && live.known.role && live.role == Role::Master {
            live.master = None;
            return;
        }
        (live.role, live.known.role) = (Role::Replica, true);
        let link = live.master.get_or_insert_with(|| link_to(String::new(), 0));
        link.state = state;
        link.node = above.or(link.node);
        if state != ReplState::Transfer {
            link.transfer = None;
        }
    }
}

fn link_to(host: String, port: u16) -> MasterLinkView {
    MasterLinkView {
        host,
        port,
        node: None,
        state: ReplState::Connect,
        transfer: None,
        cached_master: None,
        last_io_seconds: 0,
        down_seconds: None,
    }
}
