//! Checkers: what must hold in a world after every step, whatever was done to it.
//!
//! They look at the whole cluster, which no node can. They are meant for nodes whose replicas are
//! read-only: a writable replica may differ from its master, and says so in Redis's documentation.

mod history;

use std::collections::BTreeMap;
use std::fmt;

use lockstep_core::id::ReplId;
use lockstep_core::replication::state::ReplState;
use lockstep_core::trace::{CloseReason, Event};

use history::Histories;

use crate::ids::{NodeId, WireId};
use crate::message::{Message, MessageKind};
use crate::step::{Cause, Note, Step};
use crate::view::{LiveView, Role};
use crate::world::World;

/// Something that must never happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// Two nodes stand at the same offset of the same history with different datasets.
    DatasetsDiffer {
        /// One node.
        a: NodeId,
        /// The other node.
        b: NodeId,
        /// The history.
        replid: ReplId,
        /// The offset.
        offset: u64,
    },
    /// A node is further in a history than the master that writes it.
    AheadOfMaster {
        /// The node.
        node: NodeId,
        /// Its offset.
        offset: u64,
        /// The master.
        master: NodeId,
        /// The master's offset.
        master_offset: u64,
    },
    /// A replica took back what it had acknowledged on the same connection.
    AckWentBack {
        /// The connection.
        wire: WireId,
        /// What it had acknowledged.
        before: u64,
        /// What it acknowledges now.
        now: u64,
    },
    /// A replica acknowledged bytes that its master has not produced.
    AckTooHigh {
        /// The master.
        master: NodeId,
        /// Its offset.
        offset: u64,
        /// What was acknowledged.
        ack: u64,
    },
    /// One history has two different bytes at one offset.
    HistoriesDiffer {
        /// The node whose byte is the second one.
        node: NodeId,
        /// The history.
        replid: ReplId,
        /// The offset of the first such byte.
        offset: u64,
    },
    /// A master lets a replica go on where their histories are not the same.
    ContinuedElsewhere {
        /// The master.
        master: NodeId,
        /// The history that the replica followed.
        asked: ReplId,
        /// The first byte it asked for.
        from: u64,
        /// The first byte in which the histories differ.
        differ_at: u64,
    },
    /// One node did not understand another: a stream went on at the wrong byte.
    Misunderstood {
        /// The node that closed the connection.
        node: NodeId,
        /// What it did not understand.
        what: String,
    },
    /// The window of a backlog does not end at the node's offset.
    BacklogGap {
        /// The node.
        node: NodeId,
        /// Offset of the oldest byte held.
        first_byte_offset: u64,
        /// Bytes held.
        histlen: u64,
        /// The node's offset.
        offset: u64,
    },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DatasetsDiffer { a, b, replid, offset } => {
                write!(f, "{a} and {b} differ at offset {offset} of history {replid}")
            }
            Self::AheadOfMaster { node, offset, master, master_offset } => {
                write!(f, "{node} is at {offset}, its master {master} only at {master_offset}")
            }
            Self::AckWentBack { wire, before, now } => {
                write!(f, "acknowledged {before} on {wire}, then {now}")
            }
            Self::AckTooHigh { master, offset, ack } => {
                write!(f, "{ack} was acknowledged to {master}, which is at {offset}")
            }
            Self::HistoriesDiffer { node, replid, offset } => {
                write!(f, "{node} has another byte at offset {offset} of history {replid}")
            }
            Self::ContinuedElsewhere { master, asked, from, differ_at } => write!(
                f,
                "{master} lets a replica go on at {from} after history {asked}, which differs from \
                 its own at {differ_at}"
            ),
            Self::Misunderstood { node, what } => write!(f, "{node} did not understand: {what}"),
            Self::BacklogGap { node, first_byte_offset, histlen, offset } => write!(
                f,
                "the backlog of {node} begins at {first_byte_offset} and holds {histlen} bytes, \
                 but its offset is {offset}"
            ),
        }
    }
}

/// The checkers, with what they remember from step to step.
#[derive(Debug, Clone, Default)]
pub struct Checkers {
    acks: BTreeMap<WireId, u64>,
    histories: Histories,
}

impl Checkers {
    /// Checkers that have seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Checks a world right after a step of it.
    ///
    /// # Errors
    /// Something that must never happen has happened.
    pub fn check(&mut self, world: &World, step: &Step) -> Result<(), Violation> {
        let nodes: Vec<(NodeId, LiveView)> =
            world.nodes().into_iter().filter_map(|n| Some((n.id, n.live?))).collect();
        for effect in &step.effects {
            if let Some((id, live)) = nodes.iter().find(|(id, _)| *id == effect.node) {
                self.histories.observe(*id, live.replid, &effect.event)?;
            }
            if let Event::Closed { reason: CloseReason::Protocol(what), .. } = &effect.event {
                let (node, what) = (effect.node, what.clone());
                return Err(Violation::Misunderstood { node, what });
            }
        }
        nodes.iter().try_for_each(backlog_reaches_offset)?;
        nobody_is_ahead(&nodes)?;
        let claimed = step.note.as_deref() != Some(&Note::Unclaimed);
        if let (true, Cause::Delivered(message)) = (claimed, &step.cause) {
            self.check_ack(world, message)?;
        }
        let touched = step.effects.iter().any(|e| changes_data(&e.event));
        if touched { equal_places_hold_equal_data(world, &nodes) } else { Ok(()) }
    }

    fn check_ack(&mut self, world: &World, message: &Message) -> Result<(), Violation> {
        if message.kind != MessageKind::Ack {
            return Ok(());
        }
        let args = message.command();
        let ack = args.get(2).and_then(|a| std::str::from_utf8(a).ok()?.parse().ok());
        let Some(ack) = ack else { return Ok(()) };
        let before = self.acks.insert(message.wire, ack).unwrap_or(0);
        if ack < before {
            return Err(Violation::AckWentBack { wire: message.wire, before, now: ack });
        }
        let master = message.to.node().and_then(|id| Some((id, world.node(id)?.live?)));
        match master {
            Some((master, live)) if ack > live.offset => {
                Err(Violation::AckTooHigh { master, offset: live.offset, ack })
            }
            _ => Ok(()),
        }
    }
}

/// Equal (replid, offset) means equal datasets.
fn equal_places_hold_equal_data(
    world: &World,
    nodes: &[(NodeId, LiveView)],
) -> Result<(), Violation> {
    let mut seen: BTreeMap<(ReplId, u64), (NodeId, [u8; 20])> = BTreeMap::new();
    for (id, live) in nodes.iter().filter(|(_, live)| is_whole(live)) {
        let place = (live.replid, live.offset);
        let company = nodes.iter().filter(|(_, n)| (n.replid, n.offset) == place).count();
        if company < 2 {
            continue;
        }
        let Some(digest) = world.digest(*id) else { continue };
        let (other, expected) = *seen.entry(place).or_insert((*id, digest));
        if expected != digest {
            let (a, b) = (other, *id);
            return Err(Violation::DatasetsDiffer { a, b, replid: place.0, offset: place.1 });
        }
    }
    Ok(())
}

/// Whether a node's dataset is the one its offset speaks of: not while it receives a new one.
fn is_whole(live: &LiveView) -> bool {
    live.master.as_ref().is_none_or(|m| m.state != ReplState::Transfer)
}

fn changes_data(event: &Event) -> bool {
    matches!(
        event,
        Event::Command { dirty: 1.., .. }
            | Event::Fed { .. }
            | Event::Applied { .. }
            | Event::Evicted { .. }
            | Event::Expired { .. }
            | Event::Loaded { .. }
            | Event::Continued { .. }
    )
}

fn backlog_reaches_offset((node, live): &(NodeId, LiveView)) -> Result<(), Violation> {
    let Some(backlog) = live.backlog else { return Ok(()) };
    let (first_byte_offset, histlen) = (backlog.first_byte_offset, backlog.histlen);
    if first_byte_offset + histlen == live.offset + 1 {
        return Ok(());
    }
    Err(Violation::BacklogGap { node: *node, first_byte_offset, histlen, offset: live.offset })
}

/// In a history, nobody is ahead of the master that writes it.
fn nobody_is_ahead(nodes: &[(NodeId, LiveView)]) -> Result<(), Violation> {
    let masters = nodes.iter().filter(|(_, live)| live.role == Role::Master);
    for (master, writer) in masters {
        let follows = |n: &&(NodeId, LiveView)| n.1.replid == writer.replid;
        if let Some((node, live)) =
            nodes.iter().filter(follows).find(|(_, live)| live.offset > writer.offset)
        {
            return Err(Violation::AheadOfMaster {
                node: *node,
                offset: live.offset,
                master: *master,
                master_offset: writer.offset,
            });
        }
    }
    Ok(())
}
