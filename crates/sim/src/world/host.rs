//! Hosts: a process (the node), a disk, a table of sockets; and the driver of the node.
//!
//! The driver keeps the contract written in [`lockstep_core::node`]: after inputs it drains
//! actions, then transmits; it wakes the node no earlier than asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use lockstep_core::config::Config;
use lockstep_core::id::ConnId;
use lockstep_core::node::{Action, Node, Origin, Timer};
use lockstep_core::time::{Instant, Now};
use lockstep_core::trace::{Event, Level, Recorder};

use super::clock::Clock;
use super::disk::{DISK_LATENCY_US, Disk};
use super::net::{ACCEPTOR, DIALER, SOCKET_BYTES_MAX, Wire};
use super::{Due, World};
use crate::ids::{NodeId, Peer, WireId};
use crate::message::MessageKind;
use crate::script::{Cut, Stop};
use crate::step::Effect;

/// The address of every host: the articles run their three instances on one machine.
pub const IP: &str = "127.0.0.1";

/// Turns of draining a node before we believe that it never comes to rest.
const TURNS_MAX: u32 = 100_000;

/// A socket of a process. The generation tells a reused index from its predecessor.
#[derive(Debug, Clone, Default, Hash)]
struct Slot {
    generation: u32,
    wire: Option<(WireId, usize)>,
}

/// A host.
#[derive(Debug, Clone, Hash)]
pub(super) struct Host {
    pub(super) id: NodeId,
    pub(super) port: u16,
    /// What the process starts with: its configuration file.
    pub(super) config: Config,
    pub(super) node: Option<Node<Recorder>>,
    /// How often it was started; answers meant for an earlier process are dropped.
    pub(super) boots: u64,
    pub(super) paused: bool,
    pub(super) asleep_until: Option<Instant>,
    /// What the kernel has to tell a frozen process.
    unheard: Vec<Due>,
    /// The whole host is without power: it does not even refuse.
    pub(super) dark: bool,
    /// It refuses new connections.
    pub(super) refuses: bool,
    pub(super) clock: Clock,
    pub(super) disk: Disk,
    slots: Vec<Slot>,
}

impl Host {
    pub(super) fn new(id: NodeId, config: Config, clock: Clock) -> Self {
        Self {
            id,
            port: config.port,
            config,
            node: None,
            boots: 0,
            paused: false,
            asleep_until: None,
            unheard: Vec::new(),
            dark: false,
            refuses: false,
            clock,
            disk: Disk::default(),
            slots: Vec::new(),
        }
    }

    pub(super) fn address(&self) -> String {
        format!("{IP}:{}", self.port)
    }

    /// Whether the process exists but does nothing.
    pub(super) fn is_frozen(&self) -> bool {
        self.node.is_some() && (self.paused || self.asleep_until.is_some())
    }

    /// Whether what arrives is taken, or answered.
    pub(super) fn receives(&self) -> bool {
        !self.dark && !self.is_frozen()
    }

    /// Keeps what a frozen process cannot hear yet. Gives back what is for nobody to keep.
    pub(super) fn keep_unheard(&mut self, due: Due) -> Option<Due> {
        match due {
            Due::DialFailed { boot, .. } | Due::File { boot, .. }
                if boot == self.boots && self.is_frozen() =>
            {
                self.unheard.push(due);
                None
            }
            due => Some(due),
        }
    }

    /// How many sockets it has, closed ones included.
    pub(super) fn sockets(&self) -> u32 {
        self.slots.len() as u32
    }

    fn new_slot(&mut self, wire: WireId, side: usize) -> ConnId {
        let free = self.slots.iter().position(|s| s.wire.is_none());
        let index = free.unwrap_or_else(|| {
            self.slots.push(Slot::default());
            self.slots.len() - 1
        });
        let slot = &mut self.slots[index];
        slot.generation += 1;
        slot.wire = Some((wire, side));
        ConnId { index: index as u32, generation: slot.generation }
    }

    pub(super) fn free_slot(&mut self, conn: ConnId) {
        let slot = self.slots.get_mut(conn.index as usize);
        if let Some(slot) = slot.filter(|s| s.generation == conn.generation) {
            slot.wire = None;
        }
    }

    /// The connection behind a node's name for it.
    pub(super) fn wire_of(&self, conn: ConnId) -> Option<(WireId, usize)> {
        let slot = self.slots.get(conn.index as usize)?;
        slot.wire.filter(|_| slot.generation == conn.generation)
    }
}

impl World {
    fn host_mut(&mut self, id: NodeId) -> &mut Host {
        &mut self.hosts[id.0 as usize]
    }

    /// What the clocks of a host show.
    pub(super) fn clock(&self, id: NodeId) -> Now {
        self.hosts[id.0 as usize].clock.read(self.now)
    }

    /// Runs one input on a node and then everything that follows from it. Nothing happens if the
    /// node is down.
    pub(super) fn with_node(&mut self, id: NodeId, input: impl FnOnce(&mut Node<Recorder>)) {
        let Some(node) = self.host_mut(id).node.as_mut() else { return };
        input(node);
        self.settle(id);
    }

    /// Drains a node: events, actions, transmits, until it rests.
    fn settle(&mut self, id: NodeId) {
        for _ in 0..TURNS_MAX {
            self.take_trace(id);
            let Some(node) = self.host_mut(id).node.as_mut() else { return };
            if let Some(action) = node.poll_action() {
                self.act_for(id, action);
            } else if let Some(conn) = node.poll_transmit() {
                self.transmit(id, conn);
            } else {
                // The end of a turn may have left events without anything to do or to send.
                return self.take_trace(id);
            }
        }
        debug_assert!(false, "{id} never comes to rest");
    }

    fn take_trace(&mut self, id: NodeId) {
        if let Some(node) = self.hosts[id.0 as usize].node.as_mut() {
            let events = std::mem::take(&mut node.trace_mut().events);
            self.effects.extend(events.into_iter().map(|(_, event)| Effect { node: id, event }));
        }
    }

    /// Hands the network what a connection has to send, as far as the socket takes it.
    pub(super) fn transmit(&mut self, id: NodeId, conn: ConnId) {
        let now = self.clock(id);
        let host = &mut self.hosts[id.0 as usize];
        let Some((wire, side)) = host.wire_of(conn) else { return };
        let Some(node) = host.node.as_mut() else { return };
        let Some(flow) = self.wires.get(&wire).map(|w| &w.flows[side]) else { return };
        let room = SOCKET_BYTES_MAX.saturating_sub(flow.bytes) as usize;
        // `outgoing` shows a limited number of slices at a time.
        let mut bytes = Vec::new();
        let mut blocked = false;
        loop {
            let mut taken = 0;
            for slice in node.outgoing(conn).slices() {
                let take = slice.len().min(room - bytes.len());
                bytes.extend_from_slice(&slice[..take]);
                taken += take;
                blocked |= take < slice.len();
            }
            if taken == 0 {
                break;
            }
            node.handle_sent(now, conn, taken);
        }
        if let Some(w) = self.wires.get_mut(&wire) {
            w.flows[side].blocked = blocked;
        }
        self.send_bytes(wire, side, &bytes);
    }

    /// Goes on sending on a connection whose socket was full, now that something was taken out.
    pub(super) fn unblock(&mut self, wire: WireId, side: usize) {
        let Some(w) = self.wires.get(&wire).filter(|w| w.flows[side].blocked) else { return };
        if w.flows[side].bytes > SOCKET_BYTES_MAX / 2 {
            return;
        }
        if let (Peer::Node(id), Some(conn)) = (w.ends[side].peer, w.ends[side].conn) {
            self.transmit(id, conn);
            self.settle(id);
        }
    }

    fn act_for(&mut self, id: NodeId, action: Action) {
        match action {
            Action::Dial { dial, host, port } => self.dial(id, dial, &host, port),
            Action::Close(conn) => self.close_from(id, conn),
            Action::Read(conn, reads) => {
                if let Some((wire, side)) = self.hosts[id.0 as usize].wire_of(conn) {
                    if let Some(w) = self.wires.get_mut(&wire) {
                        w.ends[side].reads = reads;
                    }
                    self.kick(wire, 1 - side);
                }
            }
            // Links here have no such algorithm.
            Action::Delay(_) => {}
            Action::File(op) => {
                let now = self.now;
                let host = self.host_mut(id);
                let boot = host.boots;
                let done = host.disk.run(op, now);
                if let Some((_, event)) = done.as_ref().filter(|(at, _)| *at == now) {
                    let (event, clock) = (event.clone(), self.clock(id));
                    if let Some(node) = self.host_mut(id).node.as_mut() {
                        node.handle_file(clock, event);
                    }
                } else if let Some((at, event)) = done {
                    self.schedule(at, Due::File { node: id, boot, event });
                }
            }
            // A host of the simulation can be whatever its configuration says.
            Action::ApplyConfig | Action::RewriteConfig => {
                let now = self.clock(id);
                let Host { node: Some(node), disk, .. } = self.host_mut(id) else { return };
                if action == Action::RewriteConfig {
                    let name = node.config().driver.process.config_file.clone();
                    let old = disk.files.get(&name).cloned().unwrap_or_default();
                    disk.files.insert(name, Arc::new(node.config().rewrite(&old)));
                }
                node.handle_config(now, Ok(()));
            }
            Action::Sleep { micros } => {
                let now = self.now;
                let host = self.host_mut(id);
                let until = host.clock.true_time(host.clock.local(now) + micros);
                host.asleep_until = Some(until);
                let boot = host.boots;
                self.schedule(until, Due::Wake { node: id, boot });
                self.kick_all();
            }
            Action::Exit { .. } => self.power_off(id, Stop::Graceful),
        }
    }

    fn dial(&mut self, id: NodeId, dial: u64, host: &str, port: u16) {
        // The obsolete attempt, if any, is given up: its answer will find no wire.
        let obsolete: Vec<WireId> = self
            .wires
            .iter()
            .filter(|(_, w)| w.dial.is_some() && w.ends[DIALER].peer == Peer::Node(id))
            .map(|(id, _)| *id)
            .collect();
        for wire in obsolete {
            self.abandon_dial(wire);
        }
        let local = format!("{IP}:{}", self.next_port());
        let local_host = matches!(host, IP | "localhost");
        let target = self.hosts.iter().find(|h| local_host && h.port == port && h.id != id);
        let Some(target) = target.map(|h| (Peer::Node(h.id), h.address())) else {
            let error = if local_host { "Connection refused" } else { "Name or service not known" };
            let boot = self.hosts[id.0 as usize].boots;
            let due = Due::DialFailed { node: id, boot, dial, error };
            self.schedule(self.now + DISK_LATENCY_US, due);
            return;
        };
        let wire = Wire::new((Peer::Node(id), local), target, Some(dial));
        if Self::cut_of(&self.links, &wire, DIALER) == Some(Cut::Reset) {
            let boot = self.hosts[id.0 as usize].boots;
            let due = Due::DialFailed { node: id, boot, dial, error: "No route to host" };
            self.schedule(self.now + DISK_LATENCY_US, due);
            return;
        }
        let wire_id = self.add_wire(wire);
        self.send_control(wire_id, DIALER, MessageKind::Connect);
    }

    /// Gives up an attempt that is not answered yet. If the other end has accepted already, it
    /// learns that nobody is there.
    fn abandon_dial(&mut self, id: WireId) {
        let accepted = self.wires.get(&id).is_some_and(|w| w.ends[ACCEPTOR].conn.is_some());
        if accepted {
            if let Some(w) = self.wires.get_mut(&id) {
                w.dial = None;
            }
            self.send_control(id, DIALER, MessageKind::Reset);
        } else {
            self.drop_wire(id);
        }
    }

    /// A node closes a connection: what it still has to say goes out first.
    fn close_from(&mut self, id: NodeId, conn: ConnId) {
        let Some((wire, side)) = self.hosts[id.0 as usize].wire_of(conn) else { return };
        self.transmit(id, conn);
        self.hosts[id.0 as usize].free_slot(conn);
        if let Some(w) = self.wires.get_mut(&wire) {
            w.ends[side].conn = None;
        }
        self.send_control(wire, side, MessageKind::Fin);
    }

    /// A connection attempt arrives.
    pub(super) fn arrive_connect(&mut self, id: WireId) {
        let Some(wire) = self.wires.get(&id) else { return };
        let Peer::Node(node) = wire.ends[ACCEPTOR].peer else { return };
        let held = Self::cut_of(&self.links, wire, ACCEPTOR).is_some();
        let host = &self.hosts[node.0 as usize];
        if host.node.is_none() || host.refuses {
            return self.send_control(id, ACCEPTOR, MessageKind::Refuse);
        }
        self.send_control(id, ACCEPTOR, MessageKind::Accept);
        match self.wires.get_mut(&id) {
            Some(wire) if held => wire.pending = true,
            _ => self.accept(id),
        }
    }

    /// The process at the acceptor's end learns of the connection.
    fn accept(&mut self, id: WireId) {
        let Some(wire) = self.wires.get_mut(&id) else { return };
        wire.pending = false;
        let Peer::Node(node) = wire.ends[ACCEPTOR].peer else { return };
        let peer = wire.ends[DIALER].address.clone();
        let local = wire.ends[ACCEPTOR].address.clone();
        let now = self.clock(node);
        let conn = self.open_end(node, id, ACCEPTOR);
        self.with_node(node, |n| n.handle_open(now, conn, Origin::Accepted { peer, local }));
    }

    /// Gives an end of a connection its name in the node.
    pub(super) fn open_end(&mut self, node: NodeId, wire: WireId, side: usize) -> ConnId {
        let conn = self.host_mut(node).new_slot(wire, side);
        if let Some(w) = self.wires.get_mut(&wire) {
            w.ends[side].conn = Some(conn);
        }
        conn
    }

    /// The answer to a connection attempt arrives.
    pub(super) fn arrive_accept(&mut self, id: WireId) {
        if self.wires.get(&id).is_some_and(|wire| wire.pending) {
            self.accept(id);
        }
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let Some(dial) = wire.dial.take() else { return };
        let peer = wire.ends[ACCEPTOR].address.clone();
        let local = wire.ends[DIALER].address.clone();
        let Peer::Node(node) = wire.ends[DIALER].peer else { return };
        let now = self.clock(node);
        let conn = self.open_end(node, id, DIALER);
        self.with_node(node, |n| n.handle_open(now, conn, Origin::Dialed { dial, peer, local }));
    }

    /// A refusal arrives.
    pub(super) fn arrive_refusal(&mut self, id: WireId) {
        let Some(wire) = self.wires.get(&id) else { return };
        let (peer, dial) = (wire.ends[DIALER].peer, wire.dial);
        self.drop_wire(id);
        let (Peer::Node(node), Some(dial)) = (peer, dial) else { return };
        let now = self.clock(node);
        self.with_node(node, |n| n.handle_dial_failed(now, dial, "Connection refused"));
    }

    /// The other end's farewell arrives.
    pub(super) fn arrive_close(&mut self, id: WireId, side: usize) {
        let Some(wire) = self.wires.get(&id) else { return };
        if wire.flows[side].broken {
            return self.reset_wire(id, "Connection reset by peer");
        }
        let end = wire.ends[1 - side].clone();
        let dial = wire.dial;
        self.drop_wire(id);
        match (end.peer, end.conn) {
            (Peer::Node(node), Some(conn)) => {
                let now = self.clock(node);
                self.with_node(node, |n| n.handle_close(now, conn));
            }
            (Peer::Node(node), None) => {
                let now = self.clock(node);
                // Accepted and closed before the dialer learned of it.
                if let Some(dial) = dial.filter(|_| side == ACCEPTOR) {
                    self.with_node(node, |n| {
                        n.handle_dial_failed(now, dial, "Connection reset by peer");
                    });
                }
            }
            (Peer::Client(client), _) => self.client_closed(client, id),
        }
    }

    /// Both ends of a connection learn at once that it is broken.
    pub(super) fn reset_wire(&mut self, id: WireId, error: &str) {
        let Some(wire) = self.wires.get(&id).cloned() else { return };
        self.drop_wire(id);
        for (side, end) in wire.ends.iter().enumerate() {
            let node = match end.peer {
                Peer::Node(node) => node,
                Peer::Client(client) => {
                    self.client_closed(client, id);
                    continue;
                }
            };
            let now = self.clock(node);
            if let Some(conn) = end.conn {
                self.with_node(node, |n| n.handle_close(now, conn));
            } else if let Some(dial) = wire.dial.filter(|_| side == DIALER) {
                self.with_node(node, |n| n.handle_dial_failed(now, dial, error));
            }
        }
    }

    /// Starts the process of a host that is down. Its dataset comes from its disk; if it cannot be
    /// read, the process leaves at once, as the real server does.
    pub(super) fn power_on(&mut self, id: NodeId) {
        let seed = self.rng.next_u64();
        let now = self.clock(id);
        let host = self.host_mut(id);
        if host.node.is_some() {
            return;
        }
        host.boots += 1;
        host.paused = false;
        host.asleep_until = None;
        host.dark = false;
        host.disk.clear_leftovers();
        let mut node = Node::new(host.config.clone(), seed, now, Recorder::default());
        let loaded = match host.disk.load(&host.config.dbfilename) {
            None => Ok(()),
            Some(Ok(file)) => {
                node.load_begin(now, file.len() as u64);
                let read = node.load_chunk(now, &file).and_then(|()| node.load_end(now));
                read.map(|_| ()).map_err(|error| error.to_string())
            }
            Some(Err(error)) => Err(error.to_owned()),
        };
        host.node = Some(node);
        match loaded {
            Ok(()) => self.settle(id),
            Err(error) => {
                self.take_trace(id);
                let text = format!("Fatal error loading the DB: {error}. Exiting.");
                let event = Event::Log(Level::Warning, text);
                self.effects.push(Effect { node: id, event });
                self.host_mut(id).node = None;
            }
        }
        self.kick_all();
    }

    /// Ends the process of a host, and its connections as that way of going does.
    pub(super) fn power_off(&mut self, id: NodeId, stop: Stop) {
        self.take_trace(id);
        let host = self.host_mut(id);
        host.node = None;
        host.paused = false;
        host.asleep_until = None;
        host.unheard.clear();
        host.dark = stop == Stop::PowerLoss;
        host.disk.abandon(stop == Stop::Crash);
        host.slots.iter_mut().for_each(|s| s.wire = None);
        let ids: Vec<WireId> = self.wires.keys().copied().collect();
        for wire_id in ids {
            let Some(wire) = self.wires.get(&wire_id) else { continue };
            if let Some(side) = wire.ends.iter().position(|e| e.peer == Peer::Node(id)) {
                self.part(wire_id, side, stop);
            }
        }
        self.kick_all();
    }

    /// One end of a connection goes with its process.
    fn part(&mut self, id: WireId, side: usize, stop: Stop) {
        let now = self.now;
        let Some(wire) = self.wires.get_mut(&id) else { return };
        let waiting = side == ACCEPTOR && std::mem::take(&mut wire.pending);
        let open = wire.ends[side].conn.take().is_some() || waiting;
        let dials = wire.dial.is_some() && side == DIALER;
        let local = wire.nodes().is_none();
        // A reset is sent once: where packets get lost, it does.
        let lost = stop == Stop::Crash
            && Self::cut_of(&self.links, wire, side).is_some_and(|cut| cut == Cut::Silent);
        let silently = lost || stop == Stop::PowerLoss && !local;
        if !silently && open {
            let kind = if stop == Stop::Graceful { MessageKind::Fin } else { MessageKind::Reset };
            return self.send_control(id, side, kind);
        }
        if !silently {
            if dials {
                self.abandon_dial(id);
            }
            return;
        }
        if stop == Stop::PowerLoss {
            wire.forget_unsent(side, now);
        }
        if open || dials {
            wire.ends[side].gone = true;
            if dials {
                wire.dial = None;
            }
            if wire.ends[1 - side].gone {
                self.drop_wire(id);
            }
        }
    }

    /// A process may go on, unless something else keeps it: it hears what it has missed.
    pub(super) fn thaw(&mut self, node: NodeId) {
        let host = self.host_mut(node);
        if !host.is_frozen() {
            for due in std::mem::take(&mut host.unheard) {
                self.schedule(self.now, due);
            }
        }
        self.kick_all();
    }

    /// When the next timer of any node is due, which node's, and why.
    pub(super) fn next_timer(&self) -> Option<(Instant, NodeId, Timer)> {
        let timers = self.hosts.iter().filter(|h| !h.is_frozen()).filter_map(|h| {
            let (at, timer) = h.node.as_ref()?.poll_timeout()?;
            Some((h.clock.true_time(at).max(self.now), h.id, timer))
        });
        timers.min_by_key(|(at, id, _)| (*at, *id))
    }

    /// Nodes that are connected as replica and master: `(replica, master)`, one for each wire.
    pub(super) fn replication_wires(&self) -> BTreeSet<(NodeId, NodeId)> {
        let established = |w: &&Wire| w.ends.iter().all(|e| e.conn.is_some());
        let ends = self.wires.values().filter(established);
        ends.filter_map(|w| Some((w.ends[DIALER].peer.node()?, w.ends[ACCEPTOR].peer.node()?)))
            .collect()
    }
}
