//! Acknowledgements, and what rests on them: WAIT and min-replicas-to-write.

use std::collections::VecDeque;

use lockstep_core::sorted::Sorted;
use lockstep_core::trace::{Event, Fed};

use super::{Promise, Violation};
use crate::ids::{NodeId, Peer, WireId};
use crate::message::{Message, MessageKind};
use crate::step::{Cause, Effect, Note, Step};
use crate::world::World;

/// What was acknowledged, and who waits for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Acks {
    /// The last acknowledgement that arrived, by connection.
    arrived: Sorted<WireId, u64>,
    /// The last that was sent.
    sent: Sorted<WireId, u64>,
    clients: Sorted<WireId, Client>,
    /// The beginnings of acknowledgements of which the rest is yet to come: sent, and arrived.
    begun: [Sorted<WireId, Vec<u8>>; 2],
    /// How often each node's configuration had changed after the last step.
    configured: Vec<u64>,
}

/// A client's connection: its commands are answered in their order.
#[derive(Debug, Clone, Default)]
struct Client {
    /// Whose client it is.
    of: Option<NodeId>,
    asked: VecDeque<Asked>,
    /// Where the stream ended at least after its last write.
    wrote: u64,
}

/// A command that was not answered yet.
#[derive(Debug, Clone, Copy)]
enum Asked {
    Wait { replicas: i64, timeout_ms: u64, at_us: u64 },
    Other,
}

fn number<N: std::str::FromStr>(arg: Option<&Vec<u8>>) -> Option<N> {
    std::str::from_utf8(arg?).ok()?.parse().ok()
}

/// What the clock of a node shows: it need not be right.
fn clock_us(world: &World, node: Peer) -> u64 {
    let core = node.node().and_then(|id| world.core(id));
    core.map_or(0, |core| core.now().instant.0)
}

/// The acknowledgement that a message completes.
fn ack_of(begun: &mut Sorted<WireId, Vec<u8>>, message: &Message) -> Option<u64> {
    if message.kind != MessageKind::Ack {
        return None;
    }
    let mut bytes = begun.remove(&message.wire).unwrap_or_default();
    bytes.extend_from_slice(&message.bytes);
    if !message.complete {
        begun.insert(message.wire, bytes);
        return None;
    }
    number(crate::splitter::command_args(&bytes)?.get(2))
}

impl Acks {
    /// Notes a client's command that arrives, before anything is said about its answer.
    pub(super) fn request_arrives(&mut self, world: &World, step: &Step) {
        let Cause::Delivered(message) = &step.cause else { return };
        if message.kind != MessageKind::Request || !message.complete {
            return;
        }
        let args = message.command();
        let is_wait = args.first().is_some_and(|name| name.eq_ignore_ascii_case(b"wait"));
        let asked = match (number(args.get(1)), number(args.get(2))) {
            (Some(replicas), Some(timeout_ms)) if is_wait => {
                Asked::Wait { replicas, timeout_ms, at_us: clock_us(world, message.to) }
            }
            _ => Asked::Other,
        };
        let client = self.clients.or_default(message.wire);
        client.of = message.to.node();
        // The one command that is never answered.
        if !args.first().is_some_and(|name| name.eq_ignore_ascii_case(b"replconf")) {
            client.asked.push_back(asked);
        }
        // The first command that went into the stream is this client's, whatever it set free.
        let node = message.to.node();
        let fed =
            step.effects.iter().filter(|e| Some(e.node) == node).find_map(|e| match &e.event {
                Event::Fed { from, bytes, why: Fed::Command } => {
                    Some(from - 1 + bytes.len() as u64)
                }
                _ => None,
            });
        client.wrote = fed.unwrap_or(client.wrote);
    }

    pub(super) fn check(&mut self, world: &World, step: &Step) -> Result<(), Violation> {
        self.forget_old_counts(world, step);
        if let Cause::Delivered(message) = &step.cause
            && step.note.as_deref() != Some(&Note::Unclaimed)
            && let Some(ack) = ack_of(&mut self.begun[1], message)
        {
            self.arrived(world, step, message, ack)?;
        }
        for message in &step.sent {
            self.sent(world, step, message)?;
        }
        if let Cause::Delivered(message) = &step.cause
            && message.kind == MessageKind::Request
        {
            // The write itself may be too much for a replica's output buffer; and what a client was
            // held back with may be a write and a CONFIG SET after it.
            let kept = |e: &&Effect| !drops(step, e.node) && !self.reconfigured(world, e.node);
            let mut effects = step.effects.iter().filter(kept);
            effects.try_for_each(|e| write_taken(world, e.node, &e.event))?;
        }
        self.configured.clear();
        self.configured.extend(world.node_ids().map(|node| revision(world, node)));
        Ok(())
    }

    /// Whether a node's configuration has changed in this step.
    fn reconfigured(&self, world: &World, node: NodeId) -> bool {
        self.configured.get(node.0 as usize) != Some(&revision(world, node))
    }

    /// A node that takes over another history, by a full resynchronisation or, before Redis 4.0, in
    /// a new role, may count from further back: what was written before has no number there that a
    /// WAIT could wait for.
    fn forget_old_counts(&mut self, world: &World, step: &Step) {
        for Effect { node, event } in &step.effects {
            let Some(core) = world.core(*node) else { continue };
            let old = !core.config().era.has_psync2();
            let most = match event {
                Event::RoleChanged { .. } if old => 0,
                Event::RoleChanged { .. } | Event::Loaded { .. } => core.master_repl_offset(),
                _ => continue,
            };
            let theirs = self.clients.values_mut().filter(|client| client.of == Some(*node));
            theirs.for_each(|client| client.wrote = client.wrote.min(most));
        }
    }

    fn arrived(
        &mut self,
        world: &World,
        step: &Step,
        message: &Message,
        ack: u64,
    ) -> Result<(), Violation> {
        let before = self.arrived.insert(message.wire, ack).unwrap_or(0);
        let Some(master) = message.to.node() else { return Ok(()) };
        let fail = |promise, what| Err(Violation::new(promise, master, what));
        let wire = message.wire;
        if ack < before {
            return fail(
                Promise::AckGrows,
                format!("{before} was acknowledged to {master} on {wire}, then {ack}"),
            );
        }
        let Some(core) = world.core(master) else { return Ok(()) };
        let offset = core.master_repl_offset();
        // It may be what a failover has waited for: before Redis 4.0 a new role is a new count.
        if ack > offset && !turns(step, master) {
            let what = format!("{ack} was acknowledged to {master}, which is at {offset}");
            return fail(Promise::AckTrue, what);
        }
        let noted = world.replica_by_wire(master, wire).map(|replica| replica.ack_offset);
        match noted {
            Some(noted) if noted != ack => {
                let what = format!("{ack} was acknowledged to {master}, which notes {noted}");
                fail(Promise::AckNoted, what)
            }
            _ => Ok(()),
        }
    }

    fn sent(&mut self, world: &World, step: &Step, message: &Message) -> Result<(), Violation> {
        match (message.kind, message.from) {
            (MessageKind::Ack, Peer::Node(node)) => self.ack_sent(world, step, node, message),
            (MessageKind::Response | MessageKind::Error, Peer::Node(node)) if message.complete => {
                self.answered(world, step, node, message)
            }
            (MessageKind::Fin | MessageKind::Reset, _) => {
                self.clients.remove(&message.wire);
                self.sent.remove(&message.wire);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A replica acknowledges what it has applied; asked by GETACK, without the question itself.
    fn ack_sent(
        &mut self,
        world: &World,
        step: &Step,
        node: NodeId,
        message: &Message,
    ) -> Result<(), Violation> {
        let Some(ack) = ack_of(&mut self.begun[0], message) else { return Ok(()) };
        let Some(core) = world.core(node) else { return Ok(()) };
        let before = self.sent.insert(message.wire, ack).unwrap_or(0);
        let offset = core.place().1;
        let exact = match &step.cause {
            Cause::Delivered(asked) if asked.wire == message.wire && asked.complete => {
                let getack = is_getack(asked);
                getack.then(|| asked.stream.map(|range| range.from - 1)).flatten()
            }
            // A pause may have ended in the same step: then commands came after the ACK.
            Cause::Timer { .. } if !applies(step, node) => Some(offset),
            _ => None,
        };
        let wrong = match exact {
            Some(exact) => ack != exact,
            None => ack < before || ack > offset,
        };
        if !wrong {
            return Ok(());
        }
        let applied = exact.unwrap_or(offset);
        let what = format!("{node} acknowledges {ack}, but has applied {applied}");
        Err(Violation::new(Promise::AckTrue, node, what))
    }

    fn answered(
        &mut self,
        world: &World,
        step: &Step,
        node: NodeId,
        message: &Message,
    ) -> Result<(), Violation> {
        let Some(client) = self.clients.get_mut(&message.wire) else { return Ok(()) };
        let Some(Asked::Wait { replicas, timeout_ms, at_us }) = client.asked.pop_front() else {
            return Ok(());
        };
        let digits = message.bytes.strip_prefix(b":").and_then(|rest| rest.strip_suffix(b"\r\n"));
        let Some(said): Option<i64> = number(digits.map(<[u8]>::to_vec).as_ref()) else {
            return Ok(());
        };
        let wrote = client.wrote;
        let have = self.replicas_with(world, node, wrote);
        let fail = |promise, what| Err(Violation::new(promise, node, what));
        if said > have && !drops(step, node) {
            return fail(
                Promise::WaitTrue,
                format!("{node} answers WAIT with {said}, but {have} have acknowledged {wrote}"),
            );
        }
        let waited_us = clock_us(world, Peer::Node(node)).saturating_sub(at_us);
        if said < replicas && (timeout_ms == 0 || waited_us < timeout_ms.saturating_mul(1_000)) {
            let what = format!(
                "{node} answers WAIT {replicas} {timeout_ms} with {said} after {} ms",
                waited_us / 1_000
            );
            return fail(Promise::WaitPatient, what);
        }
        Ok(())
    }

    /// How many connected replicas of a node have acknowledged an offset, by what has arrived.
    fn replicas_with(&self, world: &World, master: NodeId, offset: u64) -> i64 {
        let wires = world.replica_wires(master);
        let has = |wire: &WireId| self.arrived.get(wire).copied().unwrap_or(0) >= offset;
        wires.iter().filter(|wire| has(wire)).count() as i64
    }
}

fn applies(step: &Step, node: NodeId) -> bool {
    step.effects.iter().any(|e| e.node == node && matches!(e.event, Event::Applied { .. }))
}

/// A replica was dropped in this step: it may have counted before.
fn drops(step: &Step, node: NodeId) -> bool {
    let dropped = |event: &Event| matches!(event, Event::ReplicaStateChanged { to: None, .. });
    step.effects.iter().any(|e| e.node == node && dropped(&e.event))
}

/// How often a node's configuration has changed.
fn revision(world: &World, node: NodeId) -> u64 {
    world.core(node).map_or(0, |core| core.config().revision)
}

/// A node has got another role in this step.
fn turns(step: &Step, node: NodeId) -> bool {
    step.effects.iter().any(|e| e.node == node && matches!(e.event, Event::RoleChanged { .. }))
}

fn is_getack(message: &Message) -> bool {
    let args = message.command();
    message.kind == MessageKind::Stream
        && args.first().is_some_and(|a| a.eq_ignore_ascii_case(b"replconf"))
        && args.get(1).is_some_and(|a| a.eq_ignore_ascii_case(b"getack"))
}

/// `min-replicas-to-write`, by the replicas that the node shows.
fn write_taken(world: &World, node: NodeId, event: &Event) -> Result<(), Violation> {
    let Event::Command { dirty: 1.., raw, .. } = event else { return Ok(()) };
    let Some(core) = world.core(node) else { return Ok(()) };
    let (wanted, lag) = (core.config().min_replicas_to_write, core.config().min_replicas_max_lag);
    if wanted == 0 || lag == 0 || core.config().replicaof.is_some() {
        return Ok(());
    }
    use lockstep_core::replication::state::ReplicaState::Online;
    let replicas = core.replicas();
    let good = replicas.iter().filter(|r| r.state == Online && r.lag_seconds <= lag).count();
    if good as u64 >= wanted {
        return Ok(());
    }
    let what = format!(
        "{node} takes a write ({}) with {good} good replicas, and wants {wanted}",
        raw[..raw.len().min(40)].escape_ascii()
    );
    Err(Violation::new(Promise::EnoughReplicas, node, what))
}
