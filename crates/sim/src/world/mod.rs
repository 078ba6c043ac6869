//! The world: hosts, links, clients and a clock that jumps to the next event.
//!
//! # Invariants
//!
//! * Deterministic: seed, set-up and the sequence of [`World::step`] and [`World::intervene`] calls
//!   decide everything. Events happen in the order of (time, sequence number); at one instant,
//!   what is queued comes before timers, and timers in the order of their nodes.
//! * Between two calls the nodes are at rest: nothing is left to drain.
//! * Time passes only inside `step` and [`World::pass_until`].

mod ask;
mod client;
mod clock;
mod disk;
mod faults;
mod host;
mod interventions;
mod keys;
mod net;
mod views;

use lockstep_core::sorted::Sorted;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use lockstep_core::config::Config;
use lockstep_core::node::{FileEvent, Node, Timer};
use lockstep_core::rng::Rng;
use lockstep_core::time::Instant;
use lockstep_core::trace::{Event, Recorder};

pub use host::IP;

use crate::fingerprint::{Bytes, StateHasher};
use crate::ids::{ClientId, NodeId, Peer, WireId};
use crate::message::{MessageKind, MessageRef};
use crate::step::{Cause, Effect, Note, Step};

type Links = Sorted<(NodeId, NodeId), net::Link>;

/// How many events without a visible effect may follow each other before [`World::step`] reports
/// that the world is at rest. A lone master's timers tick without end.
pub const QUIET_EVENTS_MAX: u32 = 10_000;

/// An event that waits for its time.
#[derive(Debug, Clone, Hash)]
enum Due {
    /// The head of a flow arrives; `side` sent it.
    Arrival { wire: WireId, side: usize },
    /// A connection attempt fails without having reached anybody.
    DialFailed { node: NodeId, boot: u64, dial: u64, error: &'static str },
    /// A file operation ends.
    File { node: NodeId, boot: u64, event: FileEvent },
    /// A sleeping node goes on.
    Wake { node: NodeId, boot: u64 },
    /// A background writer sends its next command.
    Write { client: ClientId },
}

impl Due {
    /// The process that it is told to: one that is frozen hears it later.
    fn process(&self) -> Option<NodeId> {
        match self {
            Self::DialFailed { node, .. } | Self::File { node, .. } => Some(*node),
            Self::Arrival { .. } | Self::Wake { .. } | Self::Write { .. } => None,
        }
    }
}

/// How a world starts.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Decides every random choice.
    pub seed: u64,
    /// Wall clock at the start: milliseconds since the Unix epoch.
    pub unix_ms: u64,
    /// One node for each. Ports must differ: all listen on [`IP`].
    pub nodes: Vec<Config>,
    /// Latency of every link, in microseconds.
    pub latency_us: u64,
    /// Bandwidth of every link and direction, in bytes per second; 0: without limit.
    pub bandwidth: u64,
    /// Time between the starts of two processes, in microseconds; less than a second in all, so
    /// that nothing else happens before the last one has started.
    pub stagger_us: u64,
    /// Commands that the first node has carried out before anybody could watch.
    pub preload: Vec<String>,
    /// What the first node finds on its disk under the name of its RDB file when it starts.
    pub rdb: Option<Arc<Vec<u8>>>,
}

/// A world. See the module's documentation.
#[derive(Debug, Clone, Hash)]
pub struct World {
    now: Instant,
    unix_ms: u64,
    seed: u64,
    rng: Rng,
    steps: u64,
    events: u64,
    next_seq: u64,
    next_message: u64,
    next_wire: u32,
    next_port: u16,
    default_link: (u64, u64),
    hosts: Vec<host::Host>,
    clients: Vec<client::Client>,
    links: Links,
    wires: Sorted<WireId, net::Wire>,
    queue: Sorted<(Instant, u64), Due>,
    // What the event in progress did. Empty between events.
    effects: Vec<Effect>,
    sent: Vec<MessageRef>,
    client_lines: u32,
    note: Option<Note>,
}

impl World {
    /// A world in which every process has just started: the first one at time 0.
    pub fn new(setup: Setup) -> Self {
        let mut world = Self {
            now: Instant(0),
            unix_ms: setup.unix_ms,
            seed: setup.seed,
            rng: Rng::new(setup.seed),
            steps: 0,
            events: 0,
            next_seq: 0,
            next_message: 0,
            next_wire: 0,
            next_port: 50_000,
            default_link: (setup.latency_us, setup.bandwidth),
            hosts: Vec::new(),
            clients: Vec::new(),
            links: Sorted::new(),
            wires: Sorted::new(),
            queue: Sorted::new(),
            effects: Vec::new(),
            sent: Vec::new(),
            client_lines: 0,
            note: None,
        };
        for (i, config) in setup.nodes.into_iter().enumerate() {
            world.now = Instant(i as u64 * setup.stagger_us);
            let file = setup.rdb.as_ref().filter(|_| i == 0).cloned();
            let id = world.add_host(config, file);
            if i == 0 {
                setup.preload.iter().for_each(|line| world.preload(id, line));
            }
        }
        // What the processes did at their start belongs to no step.
        world.effects.clear();
        world.sent.clear();
        world
    }

    /// Adds a host and starts its process. `rdb`: what its disk holds.
    fn add_host(&mut self, config: Config, rdb: Option<Arc<Vec<u8>>>) -> NodeId {
        let id = NodeId(self.hosts.len() as u32);
        let (latency_us, bandwidth) = self.default_link;
        for other in &self.hosts {
            let seed = self.seed ^ (u64::from(other.id.0) << 32 | u64::from(id.0));
            self.links.insert((other.id, id), net::Link::new(latency_us, bandwidth, seed));
        }
        let mut host = host::Host::new(id, config, clock::Clock::new(self.unix_ms));
        if let Some(rdb) = rdb {
            host.disk.files.insert(host.config.dbfilename.clone(), rdb);
        }
        self.hosts.push(host);
        self.add_console(id);
        self.power_on(id);
        id
    }

    /// Virtual time.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// A wall clock that is right: milliseconds since the Unix epoch. What a host's own shows is in
    /// [`crate::view::NodeView`].
    pub fn unix_ms(&self) -> u64 {
        self.unix_ms + self.now.0 / 1_000
    }

    /// How many steps this world has made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How many events have happened in this world, visible or not: arrivals, timers that fired,
    /// ends of file operations and the like. What people did to it does not count.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The ids of all nodes.
    pub fn node_ids(&self) -> impl ExactSizeIterator<Item = NodeId> + use<> {
        (0..self.hosts.len() as u32).map(NodeId)
    }

    /// The core node behind a host; `None` while it is down or if there is no such host.
    pub fn core(&self, node: NodeId) -> Option<&Node<Recorder>> {
        self.hosts.get(node.0 as usize)?.node.as_ref()
    }

    fn schedule(&mut self, at: Instant, due: Due) -> (Instant, u64) {
        let key = (at.max(self.now), self.next_seq);
        self.next_seq += 1;
        self.queue.insert(key, due);
        key
    }

    fn add_wire(&mut self, wire: net::Wire) -> WireId {
        let id = WireId(self.next_wire);
        self.next_wire += 1;
        self.wires.insert(id, wire);
        id
    }

    fn next_port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = if port == u16::MAX { 50_000 } else { port + 1 };
        port
    }

    /// When the next event happens, visible or not.
    pub fn next_event_at(&self) -> Option<Instant> {
        let queued = self.queue.keys().next().map(|(at, _)| *at);
        let timer = self.next_timer().map(|(at, ..)| at);
        queued.into_iter().chain(timer).min()
    }

    /// Goes to the next visible event and makes it happen. `None`: nothing visible lies ahead; to
    /// find that, [`QUIET_EVENTS_MAX`] others may have happened.
    pub fn step(&mut self) -> Option<Step> {
        for _ in 0..QUIET_EVENTS_MAX {
            let cause = self.next_event()?;
            if let Some(step) = cause.and_then(|cause| self.finish(cause, false)) {
                return Some(step);
            }
        }
        None
    }

    /// Goes to the next visible event up to `time` and makes it happen. `None`: it is `time` now,
    /// and nothing visible happened before.
    pub fn step_until(&mut self, time: Instant) -> Option<Step> {
        while self.next_event_at().is_some_and(|at| at <= time) {
            let cause = self.next_event()?;
            if let Some(step) = cause.and_then(|cause| self.finish(cause, false)) {
                return Some(step);
            }
        }
        self.now = self.now.max(time);
        None
    }

    /// Lets time pass up to `time`, as long as nothing visible happens. Returns whether it got
    /// there; if not, the clock stands before the next visible event.
    pub fn pass_until(&mut self, time: Instant) -> bool {
        let ahead = |world: &Self| world.next_event_at().is_some_and(|at| at <= time);
        if ahead(self) {
            // Whether an event is visible, only making it happen tells. If anything happened, the
            // world goes on with a clone, whether it then comes to a visible event or not.
            let clone = self.clone();
            let start = std::mem::replace(self, clone);
            let mut quiet: u64 = 0;
            while ahead(self) {
                let Some(cause) = self.next_event() else { break };
                if cause.is_some_and(|cause| self.finish(cause, false).is_some()) {
                    *self = if quiet > 0 { start.clone() } else { start };
                    for _ in 0..quiet {
                        if let Some(Some(cause)) = self.next_event() {
                            self.finish(cause, false);
                        }
                    }
                    return false;
                }
                quiet += 1;
            }
        }
        self.now = self.now.max(time);
        true
    }

    /// Collects what an event did into the record of a step, if there is anything to show.
    fn finish(&mut self, cause: Cause, always: bool) -> Option<Step> {
        let effects = std::mem::take(&mut self.effects);
        let sent = std::mem::take(&mut self.sent);
        let lines = std::mem::take(&mut self.client_lines);
        let note = self.note.take().map(Box::new);
        let shown = effects.iter().any(|e| !matches!(e.event, Event::TimerFired(_)));
        let arrived = matches!(cause, Cause::Delivered(_));
        if !(always || shown || arrived || !sent.is_empty() || lines > 0) {
            return None;
        }
        self.steps += 1;
        Some(Step { index: self.steps, at: self.now, cause, effects, sent, note })
    }

    /// Makes the next event happen, visible or not. `Some(None)`: it did nothing at all.
    fn next_event(&mut self) -> Option<Option<Cause>> {
        let queued = self.queue.keys().next().map(|(at, _)| *at);
        match (queued, self.next_timer()) {
            (Some(at), timer) if timer.is_none_or(|(timer_at, ..)| at <= timer_at) => {
                let (key, due) = self.queue.pop_first()?;
                self.now = key.0;
                self.events += 1;
                Some(self.happen(due))
            }
            (_, Some((at, node, timer))) => {
                self.now = at;
                self.events += 1;
                Some(Some(self.fire(node, timer)))
            }
            (_, None) => None,
        }
    }

    fn fire(&mut self, node: NodeId, timer: Timer) -> Cause {
        let now = self.clock(node);
        self.with_node(node, |n| n.handle_timeout(now));
        Cause::Timer { node, timer }
    }

    fn happen(&mut self, due: Due) -> Option<Cause> {
        let due = match due.process() {
            Some(node) => self.hosts[node.0 as usize].keep_unheard(due)?,
            None => due,
        };
        Some(match due {
            Due::Arrival { wire, side } => return self.arrive(wire, side),
            Due::DialFailed { node, boot, dial, error } => {
                if self.hosts[node.0 as usize].boots == boot {
                    let now = self.clock(node);
                    self.with_node(node, |n| n.handle_dial_failed(now, dial, error));
                }
                Cause::DialFailed { node }
            }
            Due::File { node, boot, event } => {
                let (name, ok) = match &event {
                    FileEvent::Committed { to, .. } => (to.clone(), true),
                    FileEvent::Data { .. } => (String::new(), true),
                    FileEvent::Failed { name, .. } | FileEvent::NotCreated { name, .. } => {
                        (name.clone(), false)
                    }
                };
                let host = &mut self.hosts[node.0 as usize];
                if host.boots == boot {
                    host.disk.finish(&event);
                    let now = self.clock(node);
                    self.with_node(node, |n| n.handle_file(now, event));
                }
                Cause::File { node, name, ok }
            }
            Due::Wake { node, boot } => {
                let host = &mut self.hosts[node.0 as usize];
                if host.boots == boot {
                    host.asleep_until = None;
                    self.thaw(node);
                }
                Cause::Woke { node }
            }
            Due::Write { client } => {
                self.write_next(client);
                Cause::Client { client }
            }
        })
    }

    /// A message arrives: its receiver takes it. `None`: the receiver has closed, and the bytes are
    /// for nobody.
    fn arrive(&mut self, wire: WireId, side: usize) -> Option<Cause> {
        let message = self.take_arrival(wire, side).expect("only flows with a head are scheduled");
        match message.kind {
            kind if self.is_gone(wire, 1 - side) && !kind.is_farewell() => {
                self.send_control(wire, 1 - side, MessageKind::Reset);
                self.note = Some(Note::Unclaimed);
            }
            MessageKind::Connect => self.arrive_connect(wire),
            MessageKind::Accept => self.arrive_accept(wire),
            MessageKind::Refuse => self.arrive_refusal(wire),
            MessageKind::Fin | MessageKind::Reset => self.arrive_close(wire, side),
            _ => {
                let to = self.wires.get(&wire).map(|w| w.ends[1 - side].clone());
                match to.map(|end| (end.peer, end.conn)) {
                    Some((Peer::Node(node), Some(conn))) => {
                        let now = self.clock(node);
                        self.with_node(node, |n| n.handle_input(now, conn, &message.bytes));
                    }
                    Some((Peer::Client(client), _)) => self.client_input(client, &message),
                    _ => return None,
                }
                self.unblock(wire, side);
            }
        }
        Some(Cause::Delivered(message))
    }

    /// What it takes in memory, roughly, in bytes.
    pub(crate) fn weight(&self) -> u64 {
        // Buffers, statistics, tables that are empty: what every node has.
        const NODE_BYTES: u64 = 16 * 1024;
        let files = |h: &host::Host| h.disk.files.values().map(|f| f.len() as u64).sum::<u64>();
        let node = |n: &Node<Recorder>| {
            let backlog = n.history().backlog.map_or(0, |b| b.histlen);
            NODE_BYTES + n.keyspace().memory() + backlog
        };
        let host = |h: &host::Host| files(h) + h.node.as_ref().map_or(0, node);
        let flows = self.wires.values().flat_map(|w| &w.flows);
        self.hosts.iter().map(host).sum::<u64>() + flows.map(|f| f.bytes).sum::<u64>()
    }

    /// Whether an end of a connection is no more, without the other having been told.
    fn is_gone(&self, wire: WireId, side: usize) -> bool {
        self.wires.get(&wire).is_some_and(|w| w.ends[side].gone)
    }

    /// Everything that [`World::fingerprint`] hashes, as bytes: for tests that want to know that
    /// two worlds are equal, and not only that their hashes are.
    pub fn encoding(&self) -> Vec<u8> {
        let mut bytes = Bytes::default();
        self.hash(&mut bytes);
        bytes.0
    }

    /// A hash over everything that decides the future: every node's whole state, all bytes on
    /// their way, disks, clocks, random generators and consoles. Two worlds with equal
    /// fingerprints go on equally.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = StateHasher::default();
        self.hash(&mut hasher);
        hasher.finish()
    }
}
