//! Worlds worth looking at.

use lockstep_core::config::{Config, Era};
use lockstep_core::time::Instant;

use crate::ids::NodeId;
use crate::message::MessageKind;
use crate::script::{Cut, Intervention, Stop};
use crate::step::Cause;
use crate::timeline::Timeline;
use crate::world::{IP, Setup, World};

/// The articles' master.
pub const MASTER: NodeId = NodeId(0);
/// The articles' first replica.
pub const REPLICA_A: NodeId = NodeId(1);
/// The articles' second replica.
pub const REPLICA_B: NodeId = NodeId(2);

/// Steps within which a scenario must have reached its moment.
const STEPS_MAX: u64 = 5_000;

/// Time between the starts of two processes, in microseconds.
pub(crate) const STAGGER_US: u64 = 170_000;

/// 2026-01-01 08:00:00 UTC: what the hosts' clocks show at the start.
pub(crate) const UNIX_MS: u64 = 1_767_254_400_000;

/// What the master holds at the start: one key of each type, so that the first RDB has something to
/// show.
pub const PRELOAD: [&str; 5] = [
    "SET greeting hello",
    "RPUSH queue first second third",
    "HSET user:1 name ada age 36",
    "SADD langs c rust tcl",
    "ZADD scores 10 ada 7.5 grace",
];

/// A node's configuration as learners get it: nothing makes them wait that need not.
pub fn config(port: u16, master: Option<u16>) -> Config {
    Config {
        port,
        replicaof: master.map(|port| (IP.to_owned(), port)),
        // Redis's default of 5 seconds is long to watch. Without any delay the second of two
        // replicas that ask together would get a snapshot of its own.
        repl_diskless_sync_delay: 1,
        // The smallest that Redis takes: a few writes by hand overflow it.
        repl_backlog_size: 16 * 1024,
        // No save points: what is on a disk is there because somebody asked for it.
        save: Vec::new(),
        ..Config::default()
    }
}

/// The articles' world: a master on 6380, replicas on 6381 and 6382, links of 40 ms.
pub fn three_nodes(seed: u64) -> World {
    three_nodes_of(seed, Era::default())
}

/// The articles' world, replicating like another Redis.
pub fn three_nodes_of(seed: u64, era: Era) -> World {
    let node = |port, master| {
        let mut config = config(port, master);
        config.set_era(era);
        config
    };
    let nodes = vec![node(6380, None), node(6381, Some(6380)), node(6382, Some(6380))];
    World::new(Setup { nodes, ..setup(seed) })
}

/// What the articles' world is beside its nodes: links of 40 ms, and one key of each type.
pub fn setup(seed: u64) -> Setup {
    Setup {
        seed,
        unix_ms: UNIX_MS,
        nodes: Vec::new(),
        latency_us: 40_000,
        bandwidth: 200_000,
        stagger_us: STAGGER_US,
        preload: PRELOAD.map(str::to_owned).to_vec(),
        rdb: None,
    }
}

/// Before the handshake: three processes have just started.
pub fn handshake() -> Timeline {
    Timeline::new(three_nodes(1))
}

/// The first screen: replica B was cut off for three seconds, the master went on writing, and B's
/// `PSYNC` is on its way. The history before is known: one can go back to the handshake.
pub fn first_light() -> Timeline {
    let mut t = handshake();
    until_online(&mut t);
    for line in ["SET name chaoge", "INCR visits", "LPUSH queue zeroth"] {
        let line = line.to_owned();
        act_after(&mut t, 300, Intervention::Console { node: MASTER, line });
    }
    act_after(&mut t, 300, Intervention::Traffic { node: MASTER, every_ms: 700 });
    let (a, b, cut) = (MASTER, REPLICA_B, Cut::Reset);
    act_after(&mut t, 1_500, Intervention::CutLink { a, b, cut });
    act_after(&mut t, 3_000, Intervention::RestoreLink { a, b });
    until(&mut t, |t| sent(t, MessageKind::Handshake, b"PSYNC"));
    t
}

/// One fault, and how it ended in the time of each Redis: replica B was cut off for three seconds
/// while the master went on writing; its request is on its way. Full in 2.6, partial since.
pub fn cut_in(era: Era) -> Timeline {
    let mut t = Timeline::new(three_nodes_of(1, era));
    until_online(&mut t);
    act_after(&mut t, 300, Intervention::Traffic { node: MASTER, every_ms: 700 });
    let (a, b, cut) = (MASTER, REPLICA_B, Cut::Reset);
    act_after(&mut t, 1_500, Intervention::CutLink { a, b, cut });
    act_after(&mut t, 3_000, Intervention::RestoreLink { a, b });
    until(&mut t, |t| asks(t, era));
    t
}

/// The articles' failover by hand in the time of each Redis: the master is dead, A is promoted, B
/// follows it; B's request is on its way. Full before 4.0, partial since.
pub fn promotion_in(era: Era) -> Timeline {
    let mut t = Timeline::new(three_nodes_of(1, era));
    until_online(&mut t);
    let say = |t: &mut Timeline, ms, node, line: &str| {
        act_after(t, ms, Intervention::Console { node, line: line.to_owned() });
    };
    say(&mut t, 300, MASTER, "SET name chaoge");
    act_after(&mut t, 1_500, Intervention::StopNode { node: MASTER, stop: Stop::Crash });
    say(&mut t, 1_500, REPLICA_A, "SLAVEOF NO ONE");
    say(&mut t, 500, REPLICA_B, "SLAVEOF 127.0.0.1 6381");
    until(&mut t, |t| asks(t, era));
    t
}

/// Whether the step at the cursor has sent a request for a resynchronisation.
fn asks(t: &Timeline, era: Era) -> bool {
    sent(t, MessageKind::Handshake, if era.has_psync() { b"PSYNC" } else { b"SYNC" })
}

/// Goes forward until every replica is connected and every master sees its replicas online.
/// Returns whether it got there.
pub fn until_online(t: &mut Timeline) -> bool {
    until(t, |t| all_online(t.world()))
}

/// Whether every replica is connected and every master sees its replicas online.
pub fn all_online(world: &World) -> bool {
    use lockstep_core::replication::state::{ReplState, ReplicaState};
    let nodes = world.nodes();
    let mut live = nodes.iter().filter_map(|n| n.live.as_ref()).peekable();
    live.peek().is_some()
        && live.all(|n| {
            n.master.as_ref().is_none_or(|m| m.state == ReplState::Connected)
                && n.replicas.iter().all(|r| r.state == ReplicaState::Online)
        })
}

/// Goes forward until something is true, at most [`STEPS_MAX`] steps. Returns whether it is.
pub fn until(t: &mut Timeline, reached: impl Fn(&Timeline) -> bool) -> bool {
    let last = t.cursor() + STEPS_MAX;
    while !reached(t) {
        if t.cursor() >= last || !t.forward(crate::step::Grain::Event) {
            return false;
        }
    }
    true
}

/// Goes forward by virtual time: to the last step within it. Returns the end of that time.
pub fn pass(t: &mut Timeline, ms: u64) -> Instant {
    let end = t.world().now().plus_ms(ms);
    t.pass_to(end);
    end
}

/// Lets virtual time pass, then does something.
pub fn act_after(t: &mut Timeline, ms: u64, what: Intervention) {
    let end = pass(t, ms);
    t.act_at(end, what);
}

/// Whether the step at the cursor has sent such a message.
fn sent(t: &Timeline, kind: MessageKind, start: &[u8]) -> bool {
    t.current().is_some_and(|step| {
        matches!(step.cause, Cause::Delivered(_))
            && step.sent.iter().any(|m| {
                m.kind == kind
                    && m.command().first().is_some_and(|name| name.eq_ignore_ascii_case(start))
            })
    })
}
