//! Views of a world.

use std::sync::Arc;

use lockstep_core::id::ConnId;
use lockstep_core::node::{self, Node};
use lockstep_core::time::{Instant, Now};
use lockstep_core::trace::Recorder;

use super::World;
use super::client::{Client, Kind};
use super::host::Host;
use super::keys;
use super::net::{ACCEPTOR, DIALER};
use crate::ids::{ClientId, MessageId, NodeId, Peer, WireId};
use crate::message::Message;
use crate::trace;
use crate::view::{
    ClientKind, ClientView, ConnView, ConsoleLine, DiskView, FlightView, KeyView, LinkView,
    LiveView, NodeView, Power,
};

impl World {
    /// All nodes, in the order of their ids.
    pub fn nodes(&self) -> Vec<NodeView> {
        self.node_ids().filter_map(|id| self.node(id)).collect()
    }

    /// One node; `None` if there is no such node.
    pub fn node(&self, id: NodeId) -> Option<NodeView> {
        let host = self.hosts.get(id.0 as usize)?;
        let power = match &host.node {
            None if host.dark => Power::Dark,
            None => Power::Down,
            Some(_) if host.is_frozen() => Power::Frozen,
            Some(_) => Power::Up,
        };
        Some(NodeView {
            id,
            address: host.address(),
            port: host.port,
            power,
            live: host.node.as_ref().map(|node| self.live(host, node)),
            era: host.config.era,
            unix_ms: host.clock.read(self.now).unix_ms,
            clock_ppm: host.clock.ppm(),
            refuses: host.refuses,
            disk: DiskView {
                latency_us: host.disk.latency_us,
                bandwidth: host.disk.bandwidth,
                fault: host.disk.fault,
            },
            files: host.disk.files.iter().map(|(n, d)| (n.clone(), d.len() as u64)).collect(),
        })
    }

    /// The two ends of a connection, the dialer's first, with their addresses (`ip:port`); `None`
    /// if it is no more.
    pub(crate) fn wire_ends(&self, wire: WireId) -> Option<[(Peer, &str); 2]> {
        let wire = self.wires.get(&wire)?;
        Some(wire.ends.each_ref().map(|end| (end.peer, &*end.address)))
    }

    /// When a message leaves its host, or has left it; `None` if it is not on its way.
    pub(crate) fn departure(&self, message: &Message) -> Option<Instant> {
        let wire = self.wires.get(&message.wire)?;
        let mut underway = wire.flows.iter().flat_map(|flow| flow.queue.iter().rev());
        underway.find(|m| m.message.id == message.id).map(|m| m.departs_at)
    }

    /// Whether a message has been sent and has not arrived.
    pub(crate) fn is_on_its_way(&self, id: MessageId) -> bool {
        let mut flows = self.wires.values().flat_map(|wire| &wire.flows);
        flows.any(|flow| flow.queue.iter().any(|m| m.message.id == id))
    }

    fn live(&self, host: &Host, node: &Node<Recorder>) -> LiveView {
        let now = host.clock.read(self.now).instant;
        let master = |ip: &str, port| {
            let here = matches!(ip, super::IP | "localhost");
            self.node_at_port(port).filter(|_| here)
        };
        let replica = |conn| {
            let wire = host.wire_of(conn);
            let peer = wire.and_then(|(id, side)| Some(self.wires.get(&id)?.ends[1 - side].peer));
            (peer.and_then(Peer::node), wire.map(|(id, _)| id))
        };
        trace::live_view(node, now, master, replica)
    }

    /// The content of a file on a node's disk; `None` if there is no such file.
    pub fn file(&self, id: NodeId, name: &str) -> Option<&[u8]> {
        let host = self.hosts.get(id.0 as usize)?;
        host.disk.files.get(name).map(|file| file.as_slice())
    }

    /// What a node's wall clock shows: milliseconds since the Unix epoch.
    pub fn unix_ms_of(&self, id: NodeId) -> Option<u64> {
        self.hosts.get(id.0 as usize).map(|host| host.clock.read(self.now).unix_ms)
    }

    /// What a running node would answer to `INFO replication` now, without the title: names and
    /// values.
    pub fn replication_info(&self, id: NodeId) -> Vec<(String, String)> {
        let host = self.hosts.get(id.0 as usize);
        let node = host.and_then(|host| host.node.as_ref().zip(Some(host)));
        let text =
            node.map(|(node, host)| node.replication_info(host.clock.read(self.now).instant));
        let lines = text.as_deref().unwrap_or_default().lines();
        let pairs = lines.filter_map(|line| line.split_once(':'));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// The keys of a running node, `max` of them at most, sorted where there are few enough to
    /// sort.
    pub fn keys(&self, id: NodeId, max: usize) -> Vec<KeyView> {
        let Some(node) = self.core(id) else { return Vec::new() };
        let now_ms = self.unix_ms_of(id).unwrap_or_default();
        keys::first(node.keyspace(), now_ms, max)
    }

    /// What a node's clocks show.
    pub fn clock_of(&self, id: NodeId) -> Option<Now> {
        self.hosts.get(id.0 as usize).map(|host| host.clock.read(self.now))
    }

    /// The connections of a node's replicas.
    pub(crate) fn replica_wires(&self, id: NodeId) -> Vec<WireId> {
        let Some(host) = self.hosts.get(id.0 as usize) else { return Vec::new() };
        let Some(node) = &host.node else { return Vec::new() };
        let wire = |(conn, ..): (ConnId, _, _)| host.wire_of(conn).map(|(wire, _)| wire);
        node.replica_positions().filter_map(wire).collect()
    }

    /// A replica of a node, as it sees it, by its connection.
    pub(crate) fn replica_by_wire(&self, id: NodeId, wire: WireId) -> Option<node::ReplicaView> {
        let host = self.hosts.get(id.0 as usize)?;
        let mut replicas = host.node.as_ref()?.replicas().into_iter();
        replicas.find(|r| host.wire_of(r.conn).is_some_and(|(other, _)| other == wire))
    }

    /// The digest of a node's dataset, as `DEBUG DIGEST` computes it; `None` while it is down.
    pub fn digest(&self, id: NodeId) -> Option<[u8; 20]> {
        Some(self.core(id)?.keyspace().digest())
    }

    /// The node that listens on a port.
    pub fn node_at_port(&self, port: u16) -> Option<NodeId> {
        self.hosts.iter().find(|h| h.port == port).map(|h| h.id)
    }

    /// All links, in the order of their ends.
    pub fn links(&self) -> Vec<LinkView> {
        let replication = self.replication_wires();
        let view = |(&(a, b), link): (&(NodeId, NodeId), &super::net::Link)| LinkView {
            a,
            b,
            cut: link.ways[0].cut.filter(|cut| link.ways[1].cut == Some(*cut)),
            ways: link.ways.map(|way| way.cut),
            latency_us: link.latency_us,
            bandwidth: link.bandwidth,
            jitter_us: link.jitter_us,
            random_segments: link.random_segments,
            replication: [(a, b), (b, a)]
                .into_iter()
                .filter(|pair| replication.contains(pair))
                .collect(),
        };
        self.links.iter().map(view).collect()
    }

    /// All messages on their way, those of one direction of a connection in order.
    pub fn in_flight(&self) -> Vec<FlightView> {
        let mut flights = Vec::new();
        for flow in self.wires.values().flat_map(|w| &w.flows) {
            flights.extend(flow.queue.iter().map(|m| FlightView {
                message: m.message.clone(),
                departs_at: m.departs_at,
                arrives_at: m.arrives_at,
                held_since: m.held_since,
                kept: m.kept,
                waits_at_receiver: m.held_since.is_none() && m.arrives_at < self.now,
            }));
        }
        flights
    }

    /// All connections, oldest first.
    pub fn connections(&self) -> Vec<ConnView> {
        let view = |(&wire, w): (&WireId, &super::net::Wire)| ConnView {
            wire,
            dialer: w.ends[DIALER].peer,
            acceptor: w.ends[ACCEPTOR].peer,
            established: w.ends.iter().all(|e| e.conn.is_some() || e.peer.node().is_none()),
            to_acceptor: w.flows[DIALER].bytes,
            to_dialer: w.flows[ACCEPTOR].bytes,
        };
        self.wires.iter().map(view).collect()
    }

    /// What was typed into a node's console and what it answered, oldest first.
    pub fn console(&self, node: NodeId) -> Vec<Arc<ConsoleLine>> {
        self.lines_of(node, |kind| matches!(kind, Kind::Console))
    }

    /// What was typed into a raw connection to a node and what came back, oldest first.
    pub fn telnet(&self, node: NodeId) -> Vec<Arc<ConsoleLine>> {
        self.lines_of(node, |kind| matches!(kind, Kind::Telnet))
    }

    fn lines_of(&self, node: NodeId, is: fn(&Kind) -> bool) -> Vec<Arc<ConsoleLine>> {
        let client = self.client_of(node, is).map(|id| &self.clients[id.0 as usize]);
        client.map(|c| c.lines.iter().cloned().collect()).unwrap_or_default()
    }

    /// The prompt of a node's console, as redis-cli shows it.
    pub fn prompt(&self, node: NodeId) -> String {
        let client = self.console_of(node);
        let address = self.hosts.get(node.0 as usize).map(Host::address).unwrap_or_default();
        client.map(|id| self.clients[id.0 as usize].session.prompt(&address)).unwrap_or_default()
    }

    /// What was typed into a client's console and what it was answered, oldest first.
    pub fn client_lines(&self, client: ClientId) -> Vec<Arc<ConsoleLine>> {
        let client = self.clients.get(client.0 as usize);
        client.map(|c| c.lines.iter().cloned().collect()).unwrap_or_default()
    }

    /// All clients, in the order of their ids.
    pub fn clients(&self) -> Vec<ClientView> {
        let view = |c: &Client| ClientView {
            id: c.id,
            node: c.node,
            wire: c.wire,
            kind: match &c.kind {
                Kind::Console if self.console_of(c.node) == Some(c.id) => ClientKind::Console,
                Kind::Console => ClientKind::Added,
                Kind::Telnet => ClientKind::Raw,
                Kind::Writer(writer) => ClientKind::Writer { every_us: writer.every_us },
                Kind::Gone => ClientKind::Gone,
            },
        };
        self.clients.iter().map(view).collect()
    }

    /// Whether a node's console awaits an answer.
    pub fn console_waits(&self, node: NodeId) -> bool {
        let client = self.client_of(node, |kind| matches!(kind, Kind::Console));
        client.is_some_and(|id| self.clients[id.0 as usize].session.waits())
    }

    /// Whether the node lets its console wait for an answer (`BLPOP`, `WAIT`...).
    pub fn console_is_blocked(&self, node: NodeId) -> bool {
        let client = self.console_of(node);
        let wire = client.and_then(|id| self.clients[id.0 as usize].wire);
        let wire = wire.and_then(|id| self.wires.get(&id));
        let conn = wire.and_then(|wire| wire.ends[ACCEPTOR].conn);
        let node = self.hosts.get(node.0 as usize).and_then(|host| host.node.as_ref());
        node.zip(conn).is_some_and(|(node, conn)| node.is_blocked(conn))
    }

    /// Whether the background writer of a node is at work, and how often it sends, in milliseconds.
    pub fn traffic(&self, node: NodeId) -> Option<u64> {
        let mut writers = self.clients.iter().filter(|c| c.node == node).filter_map(Client::writer);
        writers.find(|w| w.every_us > 0).map(|w| w.every_us / 1_000)
    }

    /// The node a client belongs to.
    pub fn client_node(&self, client: ClientId) -> Option<NodeId> {
        self.clients.get(client.0 as usize).map(|c| c.node)
    }

    /// The address of one end of a live connection, `ip:port`.
    pub fn address_of(&self, peer: Peer) -> Option<String> {
        match peer {
            Peer::Node(id) => self.hosts.get(id.0 as usize).map(Host::address),
            Peer::Client(id) => {
                let ends = self.wires.values().flat_map(|w| &w.ends);
                ends.into_iter().find(|e| e.peer == Peer::Client(id)).map(|e| e.address.clone())
            }
        }
    }
}
