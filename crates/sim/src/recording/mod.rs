//! Recordings: a conversation that took place elsewhere, walked both ways like a simulated one.
//!
//! A recording has the shape of a [`crate::Timeline`] (steps, a cursor, views of the nodes at the
//! cursor), but nothing in it is computed: it holds what a trace, a capture or a live session told,
//! in the order in which it was told, and may still grow.
//!
//! ```text
//! add_node    a node that the recording is about
//! push        the next line of a trace: a message, an event, the state of a node
//! push_step   a step that is complete in itself: a message of a capture, with what follows from it
//! left_out    something is missing here
//! forward, back, seek, step, past, nodes, links, in_flight: as of a timeline and its world
//! ```
//!
//! # Invariants
//!
//! * Nothing is invented: of a node's state only what was told, or follows from the bytes, is known
//!   ([`crate::view::Known`]); messages, times and bytes are those that were recorded.
//! * The views at an index are equal whichever way it was reached, and do not change when the
//!   recording grows.
//! * Memory is bounded by [`STEPS_MAX`] and [`BYTES_MAX`]: the oldest steps go first.

mod breach;
mod dataset;
mod link;
mod records;
mod state;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use lockstep_core::config::Era;
use lockstep_core::time::Instant;

pub use breach::{Breach, Rule};
pub use dataset::{DATASET_BYTES_MAX, DATASET_COMMANDS_MAX, Dataset, NoDataset};
pub(crate) use link::{Heard, Link};

use records::Flows;
use state::State;

use crate::ids::{ClientId, MessageId, NodeId, Peer, WireId};
use crate::step::{Cause, Grain, Recorded, Step};
use crate::view::{DiskView, FlightView, LinkView, LiveView, NodeView, Power};

/// Steps that are kept at most.
pub const STEPS_MAX: usize = 200_000;
/// Bytes of messages that are kept at most.
pub const BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Nodes that a recording may be about.
pub const NODES_MAX: usize = 64;
/// Clients that are told apart; all further ones count as one.
pub const CLIENTS_MAX: usize = 1_000;

/// Steps between two copies of the state.
const FRAME_STEPS: u64 = 256;

/// A node that a recording is about.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NodeInfo {
    address: String,
    port: u16,
}

/// A client that talks to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ClientInfo {
    address: String,
    node: NodeId,
}

/// See the module's documentation.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    started_unix_ms: u64,
    nodes: Vec<NodeInfo>,
    clients: Vec<ClientInfo>,
    steps: Vec<Arc<Step>>,
    /// Steps that were given up.
    forgotten: u64,
    /// Bytes of the messages in the steps.
    bytes: u64,
    /// States at some indices, from the oldest that is known on.
    frames: Vec<(u64, State)>,
    /// What nodes told of themselves, with the step after which it holds.
    told: Vec<(u64, NodeId, Box<LiveView>)>,
    /// The state at the cursor, at the end, and before the last step.
    here: State,
    end: State,
    before: State,
    cursor: u64,
    next_message: u64,
    breaches: Vec<(u64, Breach)>,
    /// Messages of which not all bytes were recorded, and how many were not.
    cut: Vec<(MessageId, u64)>,
    flows: Flows,
}

impl Recording {
    /// An empty recording that began at this time, in milliseconds since the Unix epoch.
    pub fn new(started_unix_ms: u64) -> Self {
        let frames = vec![(0, State::default())];
        Self { started_unix_ms, frames, ..Self::default() }
    }

    /// Adds a node by its address, `ip:port`, or finds it. `None`: there are [`NODES_MAX`].
    pub fn add_node(&mut self, address: &str) -> Option<NodeId> {
        let known = self.nodes.iter().position(|node| node.address == address);
        if known.is_none() && self.nodes.len() >= NODES_MAX {
            return None;
        }
        let index = known.unwrap_or_else(|| {
            let port = address.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(0);
            self.nodes.push(NodeInfo { address: address.to_owned(), port });
            self.nodes.len() - 1
        });
        Some(NodeId(index as u32))
    }

    /// Adds a client of a node, or finds it.
    pub fn add_client(&mut self, address: &str, node: NodeId) -> ClientId {
        let newest = self.clients.iter().rposition(|c| c.address == address && c.node == node);
        let index = newest.unwrap_or_else(|| {
            if self.clients.len() < CLIENTS_MAX {
                self.clients.push(ClientInfo { address: address.to_owned(), node });
            }
            self.clients.len() - 1
        });
        ClientId(index as u32)
    }

    /// When it began: milliseconds since the Unix epoch; 0 if that is not known.
    pub fn started_unix_ms(&self) -> u64 {
        self.started_unix_ms
    }

    /// How a node is called: its port where that tells it apart, else its address.
    pub fn node_name(&self, id: NodeId) -> String {
        let Some(node) = self.nodes.get(id.0 as usize) else { return format!("#{}", id.0 + 1) };
        let alike = self.nodes.iter().filter(|other| other.port == node.port).count();
        match node.port {
            0 => node.address.clone(),
            port if alike == 1 => port.to_string(),
            _ => node.address.clone(),
        }
    }

    /// The clients: their addresses, and the nodes they talk to.
    pub fn clients(&self) -> impl Iterator<Item = (&str, NodeId)> {
        self.clients.iter().map(|client| (client.address.as_str(), client.node))
    }

    /// Number of the next message.
    pub(crate) fn message_id(&mut self) -> MessageId {
        self.next_message += 1;
        MessageId(self.next_message)
    }

    /// How many bytes of a message were not recorded.
    pub fn missing(&self, message: MessageId) -> u64 {
        let place = self.cut.binary_search_by_key(&message, |(id, _)| *id);
        place.map_or(0, |place| self.cut[place].1)
    }

    /// Appends a step that is complete in itself. Its number is given to it here.
    pub fn push_step(&mut self, mut step: Step) {
        step.index = self.len() + 1;
        if let Some(last) = self.steps.last() {
            step.at = step.at.max(last.at);
        }
        self.bytes += weight(&step);
        self.before.clone_from(&self.end);
        self.end.apply(&step);
        let index = step.index;
        self.steps.push(Arc::new(step));
        // Where the cursor stands at the end it stays behind: a viewer decides whether to follow.
        if index.is_multiple_of(FRAME_STEPS) {
            self.frames.push((index, self.end.clone()));
        }
        self.bound();
    }

    /// Adds to the last step, if there is one.
    fn extend_step(&mut self, change: impl FnOnce(&mut Step)) {
        let index = self.len();
        let Some(last) = self.steps.last_mut() else { return };
        self.bytes -= weight(last);
        change(Arc::make_mut(last));
        self.bytes += weight(last);
        // What is added may change what follows from the step: it is seen anew.
        let mut end = self.before.clone();
        self.advance(&mut end, index);
        if let Some((_, state)) = self.frames.last_mut().filter(|(at, _)| *at == index) {
            state.clone_from(&end);
        }
        if self.cursor == index {
            self.here.clone_from(&end);
        }
        self.end = end;
    }

    /// The exact state of a node after the last step, as it told it.
    pub fn push_state(&mut self, node: NodeId, live: LiveView) {
        let index = self.len();
        self.told.push((index, node, Box::new(live.clone())));
        self.end.tell(node, live.clone());
        if let Some((_, state)) = self.frames.last_mut().filter(|(at, _)| *at == index) {
            state.tell(node, live.clone());
        }
        if self.cursor == index {
            self.here.tell(node, live);
        }
    }

    /// Notes that the process of a node has ended.
    pub fn ended(&mut self, at: Instant, node: NodeId) {
        self.push_recorded(at, Recorded::Ended { node });
    }

    /// Notes that so many events are missing here.
    pub fn left_out(&mut self, events: u64) {
        let at = self.steps.last().map_or(Instant(0), |last| last.at);
        self.flows.lost();
        self.push_recorded(at, Recorded::LeftOut(events));
    }

    /// Appends a step of something that only recordings tell.
    pub(crate) fn push_recorded(&mut self, at: Instant, what: Recorded) {
        let cause = Cause::Recorded(what);
        let (effects, sent) = (Vec::new(), Vec::new());
        self.push_step(Step { index: 0, at, cause, effects, sent, note: None });
    }

    /// Notes a departure from the protocol at the last step.
    pub(crate) fn push_breach(&mut self, breach: Breach) {
        self.breaches.push((self.len(), breach));
    }

    /// Where the conversation departs from the protocol, with the steps that show it.
    pub fn breaches(&self) -> &[(u64, Breach)] {
        &self.breaches
    }

    /// Gives up the oldest steps if there is no room.
    fn bound(&mut self) {
        if self.steps.len() <= STEPS_MAX && self.bytes <= BYTES_MAX {
            return;
        }
        let mut go = self.steps.len() / 4;
        let mut bytes: u64 = self.steps[..go].iter().map(|step| weight(step)).sum();
        while self.bytes - bytes > BYTES_MAX && go < self.steps.len() {
            bytes += weight(&self.steps[go]);
            go += 1;
        }
        self.forget(go, bytes);
    }

    fn forget(&mut self, steps: usize, bytes: u64) {
        let to = self.forgotten + steps as u64;
        let oldest = self.state_at(to);
        self.steps.drain(..steps);
        (self.forgotten, self.bytes) = (to, self.bytes - bytes);
        self.frames.retain(|(at, _)| *at > to);
        self.frames.insert(0, (to, oldest));
        self.told.retain(|(at, ..)| *at > to);
        self.breaches.retain(|(at, _)| *at > to);
        if self.cursor < to {
            (self.cursor, self.here) = self.frames[0].clone();
        }
    }

    /// How many of the oldest steps were given up for want of room.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// The state after a step that is known.
    fn state_at(&self, index: u64) -> State {
        let place = self.frames.partition_point(|(at, _)| *at <= index).saturating_sub(1);
        let (mut at, mut state) = self.frames[place].clone();
        while at < index {
            at += 1;
            self.advance(&mut state, at);
        }
        state
    }

    fn advance(&self, state: &mut State, to: u64) {
        if let Some(step) = self.step(to) {
            state.apply(step);
        }
        let first = self.told.partition_point(|(at, ..)| *at < to);
        for (_, node, live) in self.told[first..].iter().take_while(|(at, ..)| *at == to) {
            state.tell(*node, (**live).clone());
        }
    }
}

/// What a step weighs: the bytes of its messages, and some for itself.
fn weight(step: &Step) -> u64 {
    const SELF: u64 = 128;
    let bytes = step.sent.iter().map(|message| message.bytes.len() as u64).sum::<u64>();
    match &step.cause {
        Cause::Delivered(m) if step.sent.is_empty() => SELF + bytes + m.bytes.len() as u64,
        _ => SELF + bytes,
    }
}

/// The cursor, and what is to be seen there: as of a [`crate::Timeline`] and its world.
impl Recording {
    /// Where we are: the number of steps before.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// How many steps there are, those that were given up included.
    pub fn len(&self) -> u64 {
        self.forgotten + self.steps.len() as u64
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Step `index`, from 1; `None` if there is none, or it was given up.
    pub fn step(&self, index: u64) -> Option<&Arc<Step>> {
        let place = index.checked_sub(self.forgotten + 1)?;
        self.steps.get(usize::try_from(place).ok()?)
    }

    /// The step that led here; `None` at the start.
    pub fn current(&self) -> Option<&Arc<Step>> {
        self.step(self.cursor)
    }

    /// All steps that are kept, in order.
    pub fn steps(&self) -> &[Arc<Step>] {
        &self.steps
    }

    /// Those of [`Recording::steps`] that led to the state at the cursor.
    pub fn past(&self) -> &[Arc<Step>] {
        &self.steps[..self.cursor.saturating_sub(self.forgotten) as usize]
    }

    /// The time at the cursor.
    pub fn now(&self) -> Instant {
        self.here.at
    }

    /// The time at an index.
    pub fn time_at(&self, index: u64) -> Option<Instant> {
        match index {
            0 => Some(Instant(0)),
            _ => self.step(index).map(|step| step.at),
        }
    }

    /// Whether stepping by a grain stops at a step.
    pub fn has_grain(&self, index: u64, grain: Grain) -> bool {
        self.step(index).is_some_and(|step| step.has_grain(grain))
    }

    /// Goes forward to the next step of this grain, or to the end. Returns whether it moved.
    pub fn forward(&mut self, grain: Grain) -> bool {
        let (start, end) = (self.cursor, self.len());
        let mut here = std::mem::take(&mut self.here);
        while self.cursor < end {
            self.cursor += 1;
            self.advance(&mut here, self.cursor);
            if self.has_grain(self.cursor, grain) {
                break;
            }
        }
        self.here = here;
        self.cursor > start
    }

    /// Goes back to the state after the previous step of this grain, or to the start. Returns
    /// whether it moved.
    pub fn back(&mut self, grain: Grain) -> bool {
        if self.cursor <= self.forgotten {
            return false;
        }
        let mut to = self.cursor - 1;
        while to > self.forgotten && !self.has_grain(to, grain) {
            to -= 1;
        }
        self.seek(to);
        true
    }

    /// Goes to an index, or the nearest there is.
    pub fn seek(&mut self, index: u64) {
        let index = index.clamp(self.forgotten, self.len());
        self.here = self.state_at(index);
        self.cursor = index;
    }

    /// All nodes, in the order of their ids.
    pub fn nodes(&self) -> Vec<NodeView> {
        let view = |(index, node): (usize, &NodeInfo)| NodeView {
            id: NodeId(index as u32),
            address: node.address.clone(),
            port: node.port,
            power: if self.here.is_down(NodeId(index as u32)) { Power::Down } else { Power::Up },
            live: (!self.here.is_down(NodeId(index as u32))).then(|| self.here.node(index)),
            era: Era::default(),
            unix_ms: self.started_unix_ms.saturating_add(self.now().0 / 1_000),
            clock_ppm: 0,
            refuses: false,
            disk: DiskView { latency_us: 0, bandwidth: 0, fault: None },
            files: Vec::new(),
        };
        self.nodes.iter().enumerate().map(view).collect()
    }

    /// The links over which anything has gone up to the cursor.
    pub fn links(&self) -> Vec<LinkView> {
        self.here.links()
    }

    /// Messages that have left and are not known to have arrived.
    pub fn in_flight(&self) -> Vec<FlightView> {
        self.here.flights()
    }

    /// Both ends of an open connection between nodes: replica, then master.
    pub fn link(&self, wire: WireId) -> Option<(NodeId, NodeId)> {
        self.here.link(wire)
    }

    /// The name of either end of a connection.
    pub fn peer_name(&self, peer: Peer) -> String {
        match peer {
            Peer::Node(id) => self.node_name(id),
            Peer::Client(id) => {
                let client = self.clients.get(id.0 as usize);
                client.map_or_else(|| "?".to_owned(), |client| client.address.clone())
            }
        }
    }
}
