//! Checkers: what must hold in a world after every step, whatever was done to it.
//!
//! They look at the whole cluster, which no node can, and remember what they have seen. [`Promise`]
//! lists what they watch; a [`Violation`] says in a sentence which promise was broken, where, and
//! by what numbers.
//!
//! They are cheap: after a step they look at the nodes that had a part in it, and at a dataset only
//! when it may have changed.

mod acks;
mod bounds;
mod data;
mod files;
mod history;
mod info;
mod streams;
mod violation;

use lockstep_core::config::Era;
use lockstep_core::id::ReplId;
use lockstep_core::node::{Node, Timer};
use lockstep_core::replication::psync::{Outcome, Request, Verdict};
use lockstep_core::replication::state::ReplState;
use lockstep_core::trace::{CloseReason, Event, Recorder};

pub use violation::{Promise, Violation};

use crate::ids::{NodeId, Peer};
use crate::message::MessageKind;
use crate::script::Intervention;
use crate::step::{Cause, Step};
use crate::world::World;

type Core = Node<Recorder>;

/// The checkers, with what they remember from step to step.
#[derive(Debug, Clone, Default)]
pub struct Checkers {
    /// What each node was when it was last looked at.
    nodes: Vec<Seen>,
    histories: history::Histories,
    places: data::Places,
    acks: acks::Acks,
    steps: u64,
    /// The first step they saw was not the first of the world: what nodes did before is unknown.
    late: bool,
    /// There is a node of an older Redis: deadlines are not told to the millisecond.
    older: bool,
    /// Somebody talks to a node through a raw connection, and may be taken for a replica.
    strangers: bool,
    /// Ids that have named two histories. Before Redis 4.0 a history bears a run id, and a change
    /// of roles may have the node count anew under it: a replica that was away meanwhile may then
    /// be let go on where it must not. That is true to life, so nothing is compared under these.
    reused: Vec<ReplId>,
    /// Ports of nodes whose commands bear other commands' names (`rename-command`): what they
    /// answer to a replica's handshake need not be what it says.
    liars: Vec<u16>,
    /// Clients have written to a writable replica: what its master knows nothing of may have
    /// spread, by its snapshots and by its promotion, and datasets say nothing any more.
    apart: bool,
}

/// A node as it was after the last step it had a part in.
#[derive(Debug, Clone, Default)]
struct Seen {
    /// It runs, and this is the life it is in.
    life: Option<[u8; 40]>,
    /// The history that its dataset stands in, and where.
    place: Option<(ReplId, u64)>,
    /// The stream that its replicas follow, and its end. Before Redis 4.0 a replica's own is
    /// another history than the one it follows.
    stream: Option<(ReplId, u64)>,
    master: bool,
    /// It writes that stream itself.
    writes: bool,
    /// Its dataset, unless it may have changed since.
    data: Option<u64>,
    /// Since the last snapshot for replicas or promotion, the stream has not named its database.
    select_due: bool,
    /// Full, partial and refused partial resynchronisations that it decided on in this life.
    counts: [u64; 3],
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
        self.late |= self.steps == 0 && step.index > 1;
        self.steps += 1;
        self.nodes.resize_with(world.node_ids().len(), Seen::default);
        for core in world.node_ids().filter_map(|id| world.core(id)) {
            let config = core.config();
            self.older |= config.era != Era::V7;
            if !config.renamed.is_empty() && !self.liars.contains(&config.port) {
                self.liars.push(config.port);
            }
        }
        self.strangers |= matches!(step.cause, Cause::Intervention(Intervention::Telnet { .. }));
        self.acks.request_arrives(world, step);
        for id in world.node_ids().filter(|id| takes_part(step, *id)) {
            let Some(core) = world.core(id) else {
                self.nodes[id.0 as usize] = Seen::default();
                continue;
            };
            self.check_node(step, id, core)?;
        }
        self.nobody_is_ahead()?;
        files::check(world, step)?;
        self.acks.check(world, step)
    }

    fn check_node(&mut self, step: &Step, id: NodeId, core: &Core) -> Result<(), Violation> {
        let events = || step.effects.iter().filter(|e| e.node == id).map(|e| &e.event);
        let mut seen = std::mem::take(&mut self.nodes[id.0 as usize]);
        let life: Option<[u8; 40]> = core.run_id().as_bytes().try_into().ok();
        if seen.life != life {
            // Whoever looks from here on has not seen what was decided before.
            let (full, partial, refused) = core.sync_counts();
            let counts = before_this(step, id, [full, partial, refused]);
            let select_due = !self.late || seen.life.is_some();
            seen = Seen { life, counts, select_due, ..Seen::default() };
        }
        // What a stranger said may be looked at later: when a pause ends, say.
        let strange = |event: &Event| {
            let Event::Closed { reason: CloseReason::Protocol(why), .. } = event else {
                return false;
            };
            let known = ["a replica sent a command", "an impossible acknowledgement"];
            self.strangers && known.contains(&why.as_str())
        };
        if !from_stranger(step, id) {
            let apart = self.apart || self.is_reused(core.place().0);
            let of = core.config().replicaof.as_ref().map(|(_, port)| port);
            let misled = of.is_some_and(|port| self.liars.contains(port));
            let mut events = events().filter(|event| !(strange(event) || misled && lied_to(event)));
            events.try_for_each(|event| understood(id, event, apart))?;
        }
        let was_master = seen.master;
        let follows = !seen.master && seen.place.is_some() && core.config().replicaof.is_some();
        if follows && core.config().replica_read_only {
            events().try_for_each(|event| expires_by_itself(id, event))?;
        }
        self.check_stream(id, core, &mut seen, step)?;
        streams::units_whole(id, step)?;
        self.count(id, core, &mut seen, step)?;
        bounds::check(id, core)?;
        if events().any(|e| matches!(e, Event::TimerFired(Timer::Replication))) {
            bounds::check_silence(id, core)?;
        }
        self.apart |= writes_apart(step, id, core, was_master);
        expired_unseen(step, id, core)?;
        self.check_data(id, core, &mut seen, step)?;
        if self.steps.is_multiple_of(info::EVERY) || events().any(asks_often) {
            info::check(id, core)?;
        }
        self.nodes[id.0 as usize] = seen;
        Ok(())
    }

    /// INFO's three counters are those of the decisions seen.
    fn count(
        &self,
        id: NodeId,
        core: &Core,
        seen: &mut Seen,
        step: &Step,
    ) -> Result<(), Violation> {
        for effect in step.effects.iter().filter(|e| e.node == id) {
            let Event::PsyncDecided { verdict, .. } = &effect.event else { continue };
            if !self.is_reused(verdict.master.replid) {
                self.histories.check_decision(id, verdict)?;
            }
            decide(&mut seen.counts, verdict);
        }
        let (full, partial, refused) = core.sync_counts();
        if [full, partial, refused] == seen.counts {
            return Ok(());
        }
        let [a, b, c] = seen.counts;
        let what = format!(
            "{id} counts {full} full, {partial} partial and {refused} refused partial \
             resynchronisations, but decided {a}, {b} and {c} times so"
        );
        Err(Violation::new(Promise::CountsAgree, id, what))
    }

    /// One place, one dataset.
    fn check_data(
        &mut self,
        id: NodeId,
        core: &Core,
        seen: &mut Seen,
        step: &Step,
    ) -> Result<(), Violation> {
        // Without a backlog a change need not show in the stream.
        let hidden = core.backlog().is_none();
        if hidden || step.effects.iter().any(|e| e.node == id && changes_data(&e.event)) {
            seen.data = None;
        }
        let (Some(place), Some(stream)) = (seen.place, seen.stream) else { return Ok(()) };
        if self.apart || !is_whole(core) {
            return Ok(());
        }
        let own = Some(stream).filter(|_| !hidden);
        let followed = Some(place).filter(|place| place.0 != stream.0);
        for at in own.into_iter().chain(followed).filter(|at| !self.reused.contains(&at.0)) {
            let take = || data::fingerprint(core.keyspace(), !self.older);
            self.places.observe(id, at, *seen.data.get_or_insert_with(take))?;
        }
        Ok(())
    }

    fn is_reused(&self, replid: ReplId) -> bool {
        self.reused.contains(&replid)
    }

    /// In a history, nobody is ahead of the node that writes it.
    fn nobody_is_ahead(&self) -> Result<(), Violation> {
        for (writer, node) in self.nodes.iter().enumerate().filter(|(_, n)| n.writes) {
            let Some((replid, end)) = node.stream.filter(|s| !self.is_reused(s.0)) else {
                continue;
            };
            for (node, other) in self.nodes.iter().enumerate() {
                if let Some((_, offset)) = other.place.filter(|p| p.0 == replid && p.1 > end) {
                    let (id, master) = (NodeId(node as u32), NodeId(writer as u32));
                    let what =
                        format!("{id} is at {offset}, but its master {master} only at {end}");
                    return Err(Violation::new(Promise::NobodyAhead, id, what));
                }
            }
        }
        Ok(())
    }
}

/// The counters as they were before the decisions of a step.
fn before_this(step: &Step, id: NodeId, counts: [u64; 3]) -> [u64; 3] {
    let mut decided = [0; 3];
    for effect in step.effects.iter().filter(|e| e.node == id) {
        if let Event::PsyncDecided { verdict, .. } = &effect.event {
            decide(&mut decided, verdict);
        }
    }
    [0, 1, 2].map(|at| counts[at].saturating_sub(decided[at]))
}

/// Counts a decision as INFO does: full, partial, refused.
fn decide(counts: &mut [u64; 3], verdict: &Verdict) {
    match verdict.outcome {
        Outcome::Continue { .. } => counts[1] += 1,
        Outcome::FullResync { .. } => {
            counts[0] += 1;
            counts[2] += u64::from(matches!(verdict.request, Request::Resume { .. }));
        }
    }
}

/// Whether a node had a part in a step, so that something in it may have changed.
fn takes_part(step: &Step, id: NodeId) -> bool {
    let peer = Peer::Node(id);
    let caused = match &step.cause {
        Cause::Delivered(message) => message.to == peer,
        Cause::Timer { node, .. } | Cause::DialFailed { node } | Cause::Woke { node } => {
            *node == id
        }
        Cause::File { node, .. } => *node == id,
        Cause::Client { .. } | Cause::Recorded(_) => false,
        Cause::Intervention(_) => true,
    };
    caused || step.effects.iter().any(|e| e.node == id) || step.sent.iter().any(|m| m.from == peer)
}

/// Whether a step is about what a client said to a node, who may say anything.
fn from_stranger(step: &Step, id: NodeId) -> bool {
    let Cause::Delivered(message) = &step.cause else { return false };
    message.to == Peer::Node(id) && message.from.node().is_none()
}

/// Whether a writable replica's own clients may have changed its dataset in a step.
fn writes_apart(step: &Step, id: NodeId, core: &Core, was_master: bool) -> bool {
    if core.config().replica_read_only {
        return false;
    }
    let mut master = was_master;
    let wrote = step.effects.iter().filter(|e| e.node == id).any(|effect| match &effect.event {
        Event::RoleChanged { master: of } => {
            master = of.is_none();
            false
        }
        Event::Command { dirty: 1.., .. } => !master,
        _ => false,
    });
    // Some commands (SWAPDB, FLUSHALL) are not told as such.
    let asked = matches!(&step.cause, Cause::Delivered(m)
        if m.to == Peer::Node(id) && m.kind == MessageKind::Request);
    wrote || (asked && !was_master)
}

/// What is worth a look at INFO: what learners look at it for.
fn asks_often(event: &Event) -> bool {
    matches!(event, Event::PsyncDecided { .. } | Event::RoleChanged { .. } | Event::Loaded { .. })
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
    )
}

/// Whether a node's dataset is the one its offset speaks of: not while it receives a new one.
fn is_whole(core: &Core) -> bool {
    core.link().is_none_or(|link| link.state != ReplState::Transfer)
}

/// Ends of a link that are no misunderstanding: the master is not ready or not wanted, or lets
/// nobody in without a password, or a disk is broken.
const REFUSALS: [&str; 15] = [
    "MASTER aborted replication with an error: NOMASTERLINK",
    "MASTER aborted replication with an error: ERR Can't SYNC while not connected with my master",
    "MASTER aborted replication with an error: LOADING",
    "Can't handle RDB format version",
    "MASTER aborted replication with an error: NOAUTH",
    "Error reply to PING from master: '-NOAUTH",
    "Error reply to PING from master: '-MASTERDOWN",
    "Error reply to PING from master: '-LOADING",
    "Error reply to PING from master: '-MISCONF",
    "MASTER aborted replication with an error: MASTERDOWN",
    "Full resync refused: the master's dataset",
    "Failed trying to rename the temp DB",
    "Write error or short write writing to the DB",
    "No space left on device",
    "Input/output error",
];

/// Whether a replica refuses what its master took for an answer.
fn lied_to(event: &Event) -> bool {
    let Event::Closed { reason: CloseReason::Protocol(why), .. } = event else { return false };
    let known =
        ["Bad protocol from MASTER", "Failed trying to load the MASTER synchronization DB from"];
    known.iter().any(|known| why.starts_with(known))
}

/// `apart`: a replica may lack what its master changes.
fn understood(id: NodeId, event: &Event, apart: bool) -> Result<(), Violation> {
    let refused = |why: &str| REFUSALS.iter().any(|refusal| why.starts_with(refusal));
    match event {
        Event::Closed { reason: CloseReason::Protocol(why), .. } if !refused(why) => {
            let what = format!("{id} did not understand its peer: {why}");
            Err(Violation::new(Promise::StreamUnderstood, id, what))
        }
        Event::Log(_, line) if line.starts_with("== CRITICAL ==") && !apart => {
            let what = format!("{id} could not do what its master told it to: {line}");
            Err(Violation::new(Promise::StreamUnderstood, id, what))
        }
        _ => Ok(()),
    }
}

/// A replica waits for its master's word.
fn expires_by_itself(id: NodeId, event: &Event) -> Result<(), Violation> {
    let Event::Expired { key, .. } = event else { return Ok(()) };
    let what = format!("{id} is a replica, and deleted the expired key {}", key.escape_ascii());
    Err(Violation::new(Promise::MasterExpires, id, what))
}

/// A key whose time is over is not there for a client, even where only the master may delete it.
fn expired_unseen(step: &Step, id: NodeId, core: &Core) -> Result<(), Violation> {
    let Cause::Delivered(request) = &step.cause else { return Ok(()) };
    for effect in step.effects.iter().filter(|e| e.node == id) {
        let Event::Command { db, raw, .. } = &effect.event else { continue };
        let args = crate::splitter::command_args(raw).unwrap_or_default();
        let [name, key] = args.as_slice() else { continue };
        if !name.eq_ignore_ascii_case(b"get") || request.kind != MessageKind::Request {
            continue;
        }
        let answer = step.sent.iter().find(|m| m.wire == request.wire);
        let seen = answer.is_some_and(|m| m.bytes.starts_with(b"$") && m.bytes != b"$-1\r\n");
        let keys = core.keyspace();
        let found = keys.iter(*db).find(|(other, ..)| other == key);
        if let Some(at) = found.and_then(|(_, _, at)| at).filter(|at| *at < keys.now_ms() && seen) {
            let (key, now) = (key.escape_ascii(), keys.now_ms());
            let what = format!("{id} shows a client key {key}, whose time was {at}, at {now}");
            return Err(Violation::new(Promise::ExpiredUnseen, id, what));
        }
    }
    Ok(())
}
