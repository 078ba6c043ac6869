//! Faults of links: partitions, stalls, messages kept back, connections reset in mid-message.

use super::World;
use super::net::{ACCEPTOR, DIALER, Flow, InFlight, Wire, way};
use crate::ids::{MessageId, NodeId, Peer, WireId};
use crate::message::{Message, MessageKind, MessageRef, StreamRange};
use crate::script::Cut;
use crate::step::{Impossible, Note};

impl World {
    fn wires_between(&self, pair: (NodeId, NodeId)) -> Vec<WireId> {
        let between = self.wires.iter().filter(|(_, w)| w.nodes() == Some(pair));
        between.map(|(id, _)| *id).collect()
    }

    /// Cuts a link in both directions.
    pub(super) fn cut_link(&mut self, a: NodeId, b: NodeId, cut: Cut) -> Result<(), Impossible> {
        let pair = (a.min(b), a.max(b));
        let link = self.links.get(&pair).ok_or(Impossible::NoLink(a, b))?;
        if link.ways.iter().all(|way| way.cut == Some(cut)) {
            return Err(Impossible::AlreadySo);
        }
        self.cut_way(a, b, cut);
        self.cut_way(b, a, cut);
        if cut == Cut::Reset {
            for id in self.wires_between(pair) {
                self.reset_wire(id, "No route to host");
            }
        }
        self.kick_all();
        Ok(())
    }

    /// Breaks the connections over a link.
    pub(super) fn reset_connections(&mut self, a: NodeId, b: NodeId) -> Result<(), Impossible> {
        let pair = (a.min(b), a.max(b));
        self.links.get(&pair).ok_or(Impossible::NoLink(a, b))?;
        for id in self.wires_between(pair) {
            self.reset_wire(id, "Connection reset by peer");
        }
        Ok(())
    }

    /// All links are as at the start; nothing is kept back.
    pub(super) fn mend_links(&mut self) {
        let kept = |f: &Flow| f.queue.iter().filter(|m| m.kept).map(|m| m.message.id).collect();
        let flows = self.wires.values().flat_map(|w| &w.flows);
        let kept: Vec<MessageId> = flows.flat_map(|f| -> Vec<MessageId> { kept(f) }).collect();
        for id in kept {
            let _ = self.release_message(id);
        }
        let pairs: Vec<(NodeId, NodeId)> = self.links.keys().copied().collect();
        let (latency_us, bandwidth) = self.default_link;
        for (a, b) in pairs {
            // Already whole is as good.
            let _ = self.restore_link(a, b);
            if let Some(link) = self.links.get_mut(&(a, b)) {
                (link.latency_us, link.bandwidth) = (latency_us, bandwidth);
                (link.jitter_us, link.random_segments) = (0, false);
            }
        }
    }

    /// Cuts one direction silently.
    pub(super) fn cut_one_way(&mut self, from: NodeId, to: NodeId) -> Result<(), Impossible> {
        let pair = (from.min(to), from.max(to));
        let link = self.links.get(&pair).ok_or(Impossible::NoLink(from, to))?;
        if link.ways[way(Peer::Node(from), Peer::Node(to))].cut.is_some() {
            return Err(Impossible::AlreadySo);
        }
        self.cut_way(from, to, Cut::Silent);
        self.kick_all();
        Ok(())
    }

    /// What is on its way stays where it is.
    fn cut_way(&mut self, from: NodeId, to: NodeId, cut: Cut) {
        let (pair, now) = ((from.min(to), from.max(to)), self.now);
        let Some(link) = self.links.get_mut(&pair) else { return };
        link.ways[way(Peer::Node(from), Peer::Node(to))].cut = Some(cut);
        for wire in self.wires.values_mut().filter(|w| w.nodes() == Some(pair)) {
            let side = side_of(wire, from);
            for message in &mut wire.flows[side].queue {
                message.held_since.get_or_insert(now);
            }
        }
    }

    /// Mends both directions.
    pub(super) fn restore_link(&mut self, a: NodeId, b: NodeId) -> Result<(), Impossible> {
        match (self.restore_one_way(a, b), self.restore_one_way(b, a)) {
            (Err(why), Err(_)) => Err(why),
            _ => Ok(()),
        }
    }

    /// Mends one direction: what waited goes on where it is (a stall), or is sent again.
    pub(super) fn restore_one_way(&mut self, from: NodeId, to: NodeId) -> Result<(), Impossible> {
        let (pair, now) = ((from.min(to), from.max(to)), self.now);
        let link = self.links.get_mut(&pair).ok_or(Impossible::NoLink(from, to))?;
        let way = &mut link.ways[way(Peer::Node(from), Peer::Node(to))];
        let cut = way.cut.take().ok_or(Impossible::AlreadySo)?;
        if cut != Cut::Stall {
            way.busy_until = now;
        }
        for id in self.wires_between(pair) {
            let Some(wire) = self.wires.get_mut(&id) else { continue };
            let side = side_of(wire, from);
            // The other end's acknowledgements travel this way.
            wire.flows[1 - side].unacked = 0;
            let held = std::mem::take(&mut wire.flows[side].queue);
            for mut m in held {
                if cut == Cut::Stall {
                    go_on(&mut m, now);
                } else {
                    (m.departs_at, m.arrives_at) =
                        Self::travel(&mut self.links, wire, side, &m.message, now);
                    m.held_since = m.kept.then_some(now);
                }
                wire.flows[side].queue.push_back(m);
            }
        }
        self.kick_all();
        Ok(())
    }

    /// Where a message is: its connection, its direction, its place there.
    fn find_message(&self, id: MessageId) -> Result<(WireId, usize, usize), Impossible> {
        for (wire_id, wire) in self.wires.iter() {
            for side in [DIALER, ACCEPTOR] {
                let queue = &wire.flows[side].queue;
                if let Some(at) = queue.iter().position(|m| m.message.id == id) {
                    return Ok((*wire_id, side, at));
                }
            }
        }
        Err(Impossible::NoMessage(id))
    }

    /// Keeps a message back.
    pub(super) fn hold_message(&mut self, id: MessageId) -> Result<Note, Impossible> {
        let now = self.now;
        let (wire, side, at) = self.find_message(id)?;
        let flow = self.flow_mut(wire, side);
        let m = &mut flow.queue[at];
        if std::mem::replace(&mut m.kept, true) {
            return Err(Impossible::AlreadySo);
        }
        m.held_since.get_or_insert(now);
        let note = Note::About(m.message.clone());
        self.kick(wire, side);
        Ok(note)
    }

    /// Lets a message go on that was kept back.
    pub(super) fn release_message(&mut self, id: MessageId) -> Result<Note, Impossible> {
        let now = self.now;
        let (wire, side, at) = self.find_message(id)?;
        let w = self.wires.get(&wire).ok_or(Impossible::NoMessage(id))?;
        let cut = Self::cut_of(&self.links, w, side);
        let flow = self.flow_mut(wire, side);
        if !std::mem::replace(&mut flow.queue[at].kept, false) {
            return Err(Impossible::AlreadySo);
        }
        if cut.is_none() {
            go_on(&mut flow.queue[at], now);
        }
        // Nothing overtakes what is before it on its connection.
        let mut last = now;
        for m in &mut flow.queue {
            m.arrives_at = m.arrives_at.max(last);
            last = m.arrives_at;
        }
        let note = Note::About(flow.queue[at].message.clone());
        self.kick(wire, side);
        Ok(note)
    }

    /// Has the connection of a message break at one of its bytes.
    pub(super) fn reset_at(&mut self, id: MessageId, byte: u64) -> Result<Note, Impossible> {
        let (wire, side, at) = self.find_message(id)?;
        let flow = self.flow_mut(wire, side);
        let whole = flow.queue[at].message.clone();
        let keep = usize::try_from(byte).unwrap_or(usize::MAX).min(whole.bytes.len());
        flow.queue.truncate(at + 1);
        if keep < whole.bytes.len() {
            flow.queue[at].message = MessageRef::new(first_bytes(&whole, keep));
        }
        // The reset takes the place of what would have followed it.
        let mut reset = flow.queue[at].clone();
        if keep == 0 {
            flow.queue.pop_back();
        }
        flow.bytes = flow.queue.iter().map(|m| m.message.bytes.len() as u64).sum();
        flow.closed = true;
        flow.broken = true;
        let id = MessageId(self.next_message);
        self.next_message += 1;
        reset.kept &= keep == 0;
        reset.message = MessageRef::new(Message {
            id,
            kind: MessageKind::Reset,
            bytes: Vec::new(),
            stream: None,
            complete: true,
            sent_at: self.now,
            ..first_bytes(&whole, 0)
        });
        self.sent.push(reset.message.clone());
        self.flow_mut(wire, side).queue.push_back(reset);
        self.kick(wire, side);
        Ok(Note::About(whole))
    }
}

/// The flow of a connection that a node sends.
fn side_of(wire: &Wire, from: NodeId) -> usize {
    if wire.ends[DIALER].peer == Peer::Node(from) { DIALER } else { ACCEPTOR }
}

/// A message that was held goes on from where it is.
fn go_on(m: &mut InFlight, now: lockstep_core::time::Instant) {
    if m.kept {
        return;
    }
    if let Some(since) = m.held_since.take() {
        // What was held before it left, leaves now.
        let waited = now.micros_since(since);
        m.departs_at = m.departs_at + waited;
        m.arrives_at = m.arrives_at + waited;
    }
}

/// A message of which only so many bytes are left.
fn first_bytes(whole: &Message, len: usize) -> Message {
    let stream = whole.stream.map(|s| StreamRange { from: s.from, to: s.from + len as u64 });
    Message {
        bytes: whole.bytes[..len].to_vec(),
        stream: stream.filter(|s| s.to > s.from),
        complete: false,
        ..whole.clone()
    }
}
