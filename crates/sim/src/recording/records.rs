//! Recordings from the lines of traces.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::Recording;
use crate::ids::{ClientId, MessageId, NodeId, Peer, WireId};
use crate::message::{Message, MessageKind, MessageRef};
use crate::step::{Cause, Effect, Note, Recorded, Step};
use crate::trace::{Packet, Record, Session, Way, What};

/// Messages of one direction of a connection that are waited for at most: who records at one end
/// only would have them wait for ever.
const PENDING_MAX: usize = 4_096;

/// One direction of a connection, where both ends are recorded.
#[derive(Debug, Clone, Default)]
struct Flow {
    sent: u64,
    received: u64,
    /// Where messages end that were sent and have not arrived.
    pending: VecDeque<(u64, MessageId)>,
}

/// What the lines said so far about places, addresses and connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Flows {
    /// Nodes that record, by their names in the trace.
    places: BTreeMap<String, NodeId>,
    /// Clients of the trace, by name.
    clients: BTreeMap<String, ClientId>,
    /// Addresses that connections have at the end of a node that records.
    locals: BTreeMap<String, NodeId>,
    /// Who is at the other end of a connection, where its address does not say.
    peers: BTreeMap<(String, NodeId), Peer>,
    flows: BTreeMap<(WireId, Peer), Flow>,
    /// The last step may get more.
    begun: bool,
}

impl Flows {
    /// Something is missing: what was under way may have arrived.
    pub(super) fn lost(&mut self) {
        self.flows.clear();
        self.begun = false;
    }
}

impl Recording {
    /// The beginning of a recording of traces, before their first line.
    pub fn of_nodes(session: &Session) -> Self {
        let mut recording = Self::new(session.started_unix_ms);
        for (name, address) in &session.nodes {
            recording.push_node(name, address);
        }
        recording
    }

    /// A node that records (`n0`), and its address.
    pub fn push_node(&mut self, name: &str, address: &str) -> Option<NodeId> {
        let id = self.add_node(address)?;
        self.flows.places.insert(name.to_owned(), id);
        Some(id)
    }

    /// The next line of a trace.
    pub fn push(&mut self, record: &Record) {
        let at = record.at;
        if let What::Act { what, .. } = &record.what {
            self.flows.begun = true;
            return self.push_recorded(at, Recorded::Act(what.clone()));
        }
        let Some(place) = self.place(&record.place) else { return };
        // As in every trace: what has the time of a cause follows from it, wherever it happens.
        let follows = self.flows.begun && self.steps.last().is_some_and(|step| step.at == at);
        let cause = match (&record.what, place) {
            (What::Packet(packet), _) => return self.packet(record, packet, place, follows),
            (What::Event(event), Peer::Node(node)) => {
                let effect = Effect { node, event: event.clone() };
                if follows {
                    return self.extend_step(|step| step.effects.push(effect));
                }
                let cause = Cause::Recorded(Recorded::Inside { node });
                return self.begin(record, cause, vec![effect], Vec::new(), None);
            }
            (What::State(live), Peer::Node(node)) => {
                return self.push_state(node, (**live).clone());
            }
            (What::Timer(timer), Peer::Node(node)) => Cause::Timer { node, timer: *timer },
            (What::DialFailed, Peer::Node(node)) => Cause::DialFailed { node },
            (What::File { name, ok }, Peer::Node(node)) => {
                Cause::File { node, name: name.clone(), ok: *ok }
            }
            (What::Woke, Peer::Node(node)) => Cause::Woke { node },
            (What::Write, Peer::Client(client)) => Cause::Client { client },
            _ => return,
        };
        self.begin(record, cause, Vec::new(), Vec::new(), None);
    }

    fn begin(
        &mut self,
        record: &Record,
        cause: Cause,
        effects: Vec<Effect>,
        sent: Vec<MessageRef>,
        note: Option<Box<Note>>,
    ) {
        self.flows.begun = true;
        self.push_step(Step { index: 0, at: record.at, cause, effects, sent, note });
    }

    /// Who has this name in the trace.
    fn place(&mut self, name: &str) -> Option<Peer> {
        if let Some(node) = self.flows.places.get(name) {
            return Some(Peer::Node(*node));
        }
        if let Some(client) = self.flows.clients.get(name) {
            return Some(Peer::Client(*client));
        }
        let number = |letter| name.strip_prefix(letter).is_some_and(|n| n.parse::<u32>().is_ok());
        if number('n') {
            return self.push_node(name, name).map(Peer::Node);
        }
        // A client of a simulated world: which node it talks to, its messages tell.
        number('c').then(|| {
            let client = self.add_client(name, NodeId(0));
            self.flows.clients.insert(name.to_owned(), client);
            Peer::Client(client)
        })
    }

    fn packet(&mut self, record: &Record, packet: &Packet, place: Peer, follows: bool) {
        let peer = self.other_end(packet, place);
        let wire = wire(&packet.wire);
        let (from, to) = if packet.way == Way::Sent { (place, peer) } else { (peer, place) };
        let recorded = |peer| match peer {
            Peer::Node(id) => self.flows.places.values().any(|known| *known == id),
            Peer::Client(id) => self.flows.clients.values().any(|known| *known == id),
        };
        let both = recorded(from) && recorded(to);
        let id = self.identity(packet, (wire, from), both);
        let missing = packet.len.saturating_sub(packet.bytes.len() as u64);
        if missing > 0 && self.cut.last().is_none_or(|(last, _)| *last < id) {
            self.cut.push((id, missing));
        }
        let message = Arc::new(Message {
            id,
            wire,
            from,
            to,
            sent_at: record.at,
            kind: packet.kind,
            bytes: packet.bytes.clone(),
            stream: packet.stream,
            complete: packet.complete,
        });
        if packet.kind.is_farewell() && (packet.way == Way::Received || !both) {
            self.flows.flows.remove(&(wire, from));
            self.flows.flows.remove(&(wire, to));
            if let Some(node) = place.node() {
                self.flows.peers.remove(&(packet.wire.clone(), node));
            }
        }
        match packet.way {
            Way::Received => {
                let note = packet.unclaimed.then(|| Box::new(Note::Unclaimed));
                self.begin(record, Cause::Delivered(message), Vec::new(), Vec::new(), note);
            }
            Way::Sent if follows && both => self.extend_step(|step| step.sent.push(message)),
            Way::Sent => {
                let cause = Cause::Recorded(Recorded::Sent { away: !both });
                self.begin(record, cause, Vec::new(), vec![message], None);
            }
        }
    }

    /// The number of a message: that under which it was sent, where that was recorded.
    fn identity(&mut self, packet: &Packet, key: (WireId, Peer), both: bool) -> MessageId {
        let new = self.message_id();
        if !both {
            return new;
        }
        let flow = self.flows.flows.entry(key).or_default();
        if packet.way == Way::Sent {
            flow.sent += packet.len;
            if flow.pending.len() < PENDING_MAX {
                flow.pending.push_back((flow.sent, new));
            }
            return new;
        }
        flow.received += packet.len;
        // The message in which the last of these bytes lies.
        while flow.pending.get(1).is_some_and(|_| flow.pending[0].0 < flow.received) {
            flow.pending.pop_front();
        }
        match flow.pending.front() {
            Some(&(end, id)) if end <= flow.received => {
                flow.pending.pop_front();
                id
            }
            Some(&(_, id)) => id,
            None => new,
        }
    }

    /// Who is at the other end of a connection.
    fn other_end(&mut self, packet: &Packet, place: Peer) -> Peer {
        if let Some(local) = &packet.local
            && let Some(node) = place.node()
        {
            self.flows.locals.insert(local.clone(), node);
        }
        let address = packet.peer.replacen("localhost:", "127.0.0.1:", 1);
        let named = |name: &str, letter: char| {
            name.strip_prefix(letter).is_some_and(|n| n.parse::<u32>().is_ok())
        };
        if (named(&address, 'n') || named(&address, 'c'))
            && let Some(peer) = self.place(&address)
        {
            if let (Peer::Client(client), Peer::Node(node)) = (peer, place) {
                self.clients[client.0 as usize].node = node;
            }
            return peer;
        }
        // A client's connection: its other end is a node that records.
        let Peer::Node(here) = place else { return Peer::Node(NodeId(0)) };
        if let Some(node) = self.flows.locals.get(&address) {
            return Peer::Node(*node);
        }
        let known = self.nodes.iter().position(|node| node.address == address);
        if let Some(index) = known {
            return Peer::Node(NodeId(index as u32));
        }
        let key = (packet.wire.clone(), here);
        let dials = packet.kind == MessageKind::Connect && packet.way == Way::Sent;
        let told = self.introduced(packet, &address);
        let peer = match (self.flows.peers.get(&key), told) {
            (Some(Peer::Node(node)), _) => return Peer::Node(*node),
            (_, Some(node)) => Peer::Node(node),
            (Some(client), None) => return *client,
            (None, None) => {
                let node = dials.then(|| self.add_node(&address)).flatten();
                node.map_or_else(|| Peer::Client(self.add_client(&address, here)), Peer::Node)
            }
        };
        self.flows.peers.insert(key, peer);
        peer
    }

    /// A replica that says on which port it listens is a node.
    fn introduced(&mut self, packet: &Packet, address: &str) -> Option<NodeId> {
        if packet.kind != MessageKind::Handshake || packet.way != Way::Received {
            return None;
        }
        let args = crate::message::command_args(&packet.bytes)?;
        let word = |i: usize| args.get(i).map(|w| w.to_ascii_lowercase()).unwrap_or_default();
        let (host, _) = address.rsplit_once(':')?;
        match (word(0).as_slice(), word(1).as_slice()) {
            (b"replconf", b"listening-port") => {
                let port: u16 = std::str::from_utf8(args.get(2)?).ok()?.parse().ok()?;
                self.add_node(&format!("{host}:{port}"))
            }
            (b"psync" | b"sync", _) => self.add_node(address),
            _ => None,
        }
    }
}

/// The number in the name of a connection.
fn wire(name: &str) -> WireId {
    let number = name.strip_prefix('w').and_then(|n| n.parse().ok());
    WireId(number.unwrap_or(u32::MAX))
}
