//! From a seed to a plan.

use lockstep_core::rng::Rng;
use lockstep_core::time::Instant;

use super::plan::{Move, NodePlan, Plan, port};
use super::words;
use crate::console::INTERRUPT;
use crate::ids::{MessageId, NodeId};
use crate::script::{Cut, DiskFault, Intervention, Stop};

/// Moves of a plan: at least, and how many more at most.
const MOVES: (u64, u64) = (12, 40);

/// What only few seeds have comes from a generator of its own: the rest of a plan is what it would
/// be without it.
const RARE: u64 = 0x7a6d_3c21_95e8_b04f;

/// The same for what came later.
const LIE: u64 = 0x51c3_98d7_0be6_2a49;

/// Kinds of faults that a seed has or has not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Cut,
    Silence,
    Stall,
    OneWay,
    Resets,
    Jitter,
    Crash,
    Power,
    Leave,
    Pause,
    Refuse,
    Clocks,
    Disks,
    Promote,
    Follow,
    Admin,
    Slow,
    Transactions,
    Bursts,
    Writers,
    Strangers,
    Messages,
}

const FAULTS: &[Fault] = &[
    Fault::Cut,
    Fault::Silence,
    Fault::Stall,
    Fault::OneWay,
    Fault::Resets,
    Fault::Jitter,
    Fault::Crash,
    Fault::Power,
    Fault::Leave,
    Fault::Pause,
    Fault::Refuse,
    Fault::Clocks,
    Fault::Disks,
    Fault::Promote,
    Fault::Follow,
    Fault::Admin,
    Fault::Slow,
    Fault::Transactions,
    Fault::Bursts,
    Fault::Writers,
    Fault::Strangers,
    Fault::Messages,
];

struct Generator {
    rng: Rng,
    nodes: u64,
    on: Vec<Fault>,
    now_us: u64,
    /// Whom the clients take for the master.
    master: u64,
    moves: Vec<Move>,
}

impl Plan {
    /// The plan of a seed.
    pub fn generate(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let nodes = topology(&mut rng);
        let on = FAULTS.iter().copied().filter(|_| rng.below(2) == 0).collect();
        let latency_us = [200, 1_000, 5_000, 40_000][rng.below(4) as usize];
        let bandwidth = if rng.below(3) > 0 { 0 } else { 20_000 + rng.below(200_000) };
        let (world_seed, stagger_us) = (rng.next_u64() >> 32, rng.below(2) * 50_000);
        let count = MOVES.0 + rng.below(MOVES.1);
        let mut generator = Generator {
            rng,
            nodes: nodes.len() as u64,
            on,
            now_us: 300_000,
            master: 0,
            moves: Vec::new(),
        };
        for _ in 0..count {
            generator.next();
        }
        let (mut nodes, mut moves) = (nodes, generator.moves);
        let mut rng = Rng::new(seed ^ RARE);
        rare_directives(&mut rng, &mut nodes);
        rude_clients(&mut rng, nodes.len() as u64, &mut moves);
        lying_master(&mut Rng::new(seed ^ LIE), &mut nodes);
        Self { seed: world_seed, nodes, latency_us, bandwidth, stagger_us, moves }
    }
}

/// A star, a chain or a tree.
fn topology(rng: &mut Rng) -> Vec<NodePlan> {
    let count = 2 + rng.below(3) as usize;
    let shape = rng.below(4);
    let common = common_directives(rng);
    let eras = rng.below(8) == 0;
    let nodes = (0..count).map(|index| {
        let of = match (index, shape) {
            (0, _) => None,
            (_, 0) => Some(index - 1),
            (_, 1) => Some(rng.below(index as u64) as usize),
            _ => Some(0),
        };
        let mut directives = Vec::new();
        if eras && rng.below(2) == 0 {
            directives.push("lockstep-era 4.0".to_owned());
        }
        directives.extend(common.iter().cloned());
        own_directives(rng, &mut directives);
        NodePlan { of, directives }
    });
    nodes.collect()
}

/// What all nodes are told alike.
fn common_directives(rng: &mut Rng) -> Vec<String> {
    let mut lines = vec![
        format!("repl-timeout {}", 3 + rng.below(8)),
        format!("repl-ping-replica-period {}", 1 + rng.below(2)),
        format!("repl-diskless-sync-delay {}", rng.below(2)),
    ];
    let rare = |rng: &mut Rng, lines: &mut Vec<String>, one_in: u64, line: &str| {
        if rng.below(one_in) == 0 {
            lines.push(line.to_owned());
        }
    };
    rare(rng, &mut lines, 2, "repl-diskless-sync no");
    rare(rng, &mut lines, 3, "rdb-key-save-delay 15000");
    rare(rng, &mut lines, 8, "lazyfree-lazy-expire yes");
    rare(rng, &mut lines, 8, "rdb-del-sync-files yes");
    rare(rng, &mut lines, 10, "repl-backlog-ttl 1");
    rare(rng, &mut lines, 10, "client-output-buffer-limit replica 20kb 0 0");
    rare(rng, &mut lines, 16, "client-output-buffer-limit replica 0 4kb 1");
    rare(rng, &mut lines, 10, "min-replicas-to-write 1");
    rare(rng, &mut lines, 4, "min-replicas-max-lag 2");
    rare(rng, &mut lines, 12, "shutdown-timeout 1");
    lines
}

/// What one node is told.
fn own_directives(rng: &mut Rng, lines: &mut Vec<String>) {
    let choice = match rng.below(20) {
        0 => "repl-diskless-load swapdb",
        1 => "repl-diskless-load on-empty-db",
        2 => "replica-serve-stale-data no",
        3 => "replica-read-only no",
        4 => "save 1 1",
        5 => "maxmemory 40kb",
        6 => "lockstep-refuse-empty-master yes",
        7 => "replica-announce-ip 127.0.0.1",
        8 => "repl-diskless-sync-max-replicas 2",
        _ => return,
    };
    lines.push(choice.to_owned());
    if choice.starts_with("maxmemory") {
        lines.push("maxmemory-policy allkeys-lru".to_owned());
    }
}

/// Now and then nodes are older than Redis 4.0, and know only the histories of single processes:
/// the first, which is everybody's master in the end, and the others.
const OLD: [(&str, &str); 5] =
    [("2.6", "2.6"), ("2.8", "2.8"), ("3.2", "3.2"), ("2.6", "2.8"), ("2.8", "3.2")];

/// What few nodes are told.
const RARE_DIRECTIVES: [&str; 4] = [
    "timeout 2",
    "rdbchecksum no",
    "client-query-buffer-limit 1mb",
    "replica-ignore-disk-write-errors yes",
];

fn rare_directives(rng: &mut Rng, nodes: &mut [NodePlan]) {
    let old = OLD.get(rng.below(30) as usize);
    for (index, node) in nodes.iter_mut().enumerate() {
        if let Some((first, others)) = old {
            let era = if index == 0 { first } else { others };
            node.directives.retain(|line| !line.starts_with("lockstep-era"));
            node.directives.insert(0, format!("lockstep-era {era}"));
        }
        if let Some(line) = RARE_DIRECTIVES.get(rng.below(40) as usize) {
            node.directives.push((*line).to_owned());
        }
    }
}

/// Commands that bear the names of those with which a replica asks: it is answered with an array, a
/// number, nothing, or the length of a text that is no RDB.
const LIES: [(&str, &str); 5] = [
    ("SYNC", "TIME"),
    ("SYNC", "DBSIZE"),
    ("SYNC", "INFO"),
    ("SYNC", "RANDOMKEY"),
    ("PSYNC", "HEXISTS"),
];

/// In one of twelve seeds one node is no master for anybody, whatever it says. It is not the first,
/// whom all follow in the end.
fn lying_master(rng: &mut Rng, nodes: &mut [NodePlan]) {
    let which = 1 + rng.below(nodes.len() as u64 - 1) as usize;
    if let (Some((asked, told)), Some(node)) =
        (LIES.get(rng.below(60) as usize), nodes.get_mut(which))
    {
        let mut gone = vec!["PSYNC"];
        gone.extend(Some(*asked).filter(|asked| *asked != "PSYNC"));
        node.directives.extend(gone.iter().map(|name| format!("rename-command {name} \"\"")));
        node.directives.push(format!("rename-command {told} {asked}"));
    }
}

/// What somebody with a raw connection says, who is no replica and would be taken for one.
const RUDE: [&str; 14] = [
    "SYNC",
    "PSYNC ? -1",
    "PSYNC ? never",
    "PSYNC 0123456789012345678901234567890123456789 7",
    "REPLCONF listening-port 7000",
    "REPLCONF rdb-only 1",
    "REPLCONF capa eof capa psync2",
    "REPLCONF ACK 0",
    "REPLCONF ACK 123456789",
    "REPLCONF GETACK *",
    "SET s1 rude",
    "SHUTDOWN ABORT",
    "SHUTDOWN SAVE FORCE",
    INTERRUPT,
];

/// In one of eight seeds somebody talks to the nodes like that.
fn rude_clients(rng: &mut Rng, nodes: u64, moves: &mut Vec<Move>) {
    if rng.below(8) > 0 {
        return;
    }
    let end = moves.last().map_or(0, |m| m.at.0);
    for _ in 0..4 + rng.below(12) {
        let (node, at) = (NodeId(rng.below(nodes) as u32), Instant(300_000 + rng.below(end)));
        let line = RUDE[rng.below(RUDE.len() as u64) as usize].to_owned();
        moves.push(Move { at, what: Intervention::Telnet { node, line } });
    }
    moves.sort_by_key(|m| m.at);
}

impl Generator {
    fn has(&self, fault: Fault) -> bool {
        self.on.contains(&fault)
    }

    fn node(&mut self) -> NodeId {
        NodeId(self.rng.below(self.nodes) as u32)
    }

    /// Mostly whom the clients take for the master.
    fn written(&mut self) -> NodeId {
        match self.rng.below(8) {
            0 => self.node(),
            _ => NodeId(self.master as u32),
        }
    }

    /// Time passes: mostly little, so that what is done falls into what is going on.
    fn wait(&mut self) {
        self.now_us += match self.rng.below(16) {
            0 => self.rng.below(4_000_000),
            1..=5 => self.rng.below(500_000),
            _ => self.rng.below(25_000),
        };
    }

    fn push(&mut self, what: Intervention) {
        self.moves.push(Move { at: Instant(self.now_us), what });
    }

    fn say(&mut self, node: NodeId, line: String) {
        self.push(Intervention::Console { node, line });
    }

    fn next(&mut self) {
        self.wait();
        let kind = self.rng.below(40);
        if kind < 18 {
            let node = self.written();
            let line = words::traffic(&mut self.rng);
            return self.say(node, line);
        }
        if kind == 18 {
            return self.expiring();
        }
        if kind == 19 {
            let node = self.node();
            let line = words::read(&mut self.rng);
            return self.say(node, line);
        }
        if kind < 22 {
            // What was cut comes back, and who is down starts, whatever else a seed does.
            let (a, b) = (self.node(), self.node());
            self.push(Intervention::RestoreLink { a, b });
            self.push(Intervention::RestoreOneWay { from: a, to: b });
            let node = self.node();
            return self.push(Intervention::StartNode { node });
        }
        let fault = FAULTS[self.rng.below(FAULTS.len() as u64) as usize];
        if self.has(fault) {
            self.fault(fault);
        }
    }

    fn fault(&mut self, fault: Fault) {
        let (node, a, b) = (self.node(), self.node(), self.node());
        match fault {
            Fault::Cut => self.push(Intervention::CutLink { a, b, cut: Cut::Reset }),
            Fault::Silence => self.push(Intervention::CutLink { a, b, cut: Cut::Silent }),
            Fault::Stall => self.push(Intervention::CutLink { a, b, cut: Cut::Stall }),
            Fault::OneWay => self.push(Intervention::CutOneWay { from: a, to: b }),
            Fault::Resets => self.push(Intervention::ResetConnections { a, b }),
            Fault::Jitter => {
                let jitter_us = self.rng.below(60_000);
                self.push(Intervention::SetJitter { a, b, jitter_us });
                self.push(Intervention::SetSegments { a, b, random: true });
            }
            Fault::Power => self.push(Intervention::StopNode { node, stop: Stop::PowerLoss }),
            Fault::Refuse => {
                let refused = self.rng.below(2) == 0;
                self.push(Intervention::RefuseConnections { node, refused });
            }
            Fault::Clocks => self.clock(node),
            Fault::Disks => self.disk(node),
            Fault::Messages => self.message(),
            Fault::Crash => self.push(Intervention::StopNode { node, stop: Stop::Crash }),
            Fault::Leave => self.push(Intervention::StopNode { node, stop: Stop::Graceful }),
            Fault::Pause => {
                let paused = self.rng.below(3) > 0;
                self.push(Intervention::PauseNode { node, paused });
            }
            Fault::Promote => {
                self.master = u64::from(node.0);
                self.role(node, "NO ONE".to_owned());
            }
            Fault::Follow => {
                let of = port(a.0 as usize);
                self.role(node, format!("127.0.0.1 {of}"));
            }
            Fault::Admin => {
                let line = words::admin(&mut self.rng);
                if line.starts_with("REPLICAOF") || line.starts_with("FAILOVER") {
                    self.say(node, "DISCARD".to_owned());
                }
                self.say(node, line);
            }
            Fault::Slow => {
                let latency_us = 100 + self.rng.below(300_000);
                let bandwidth = [0, 5_000, 50_000][self.rng.below(3) as usize];
                self.push(Intervention::SetLink { a, b, latency_us, bandwidth });
            }
            Fault::Transactions => self.transaction(),
            Fault::Bursts => self.burst(),
            Fault::Writers => {
                let node = self.written();
                let every_ms = 20 + self.rng.below(400);
                self.push(Intervention::Traffic { node, every_ms });
            }
            Fault::Strangers => self.push(Intervention::AddReplica { of: node }),
        }
    }

    fn clock(&mut self, node: NodeId) {
        let sign = if self.rng.below(2) == 0 { 1 } else { -1 };
        let what = match self.rng.below(2) {
            0 => Intervention::SkewClock { node, ppm: sign * self.rng.below(200_000) as i64 },
            _ => Intervention::JumpClock { node, ms: sign * self.rng.below(5_000) as i64 },
        };
        self.push(what);
    }

    fn disk(&mut self, node: NodeId) {
        let what = match self.rng.below(5) {
            0 => Intervention::BreakDisk { node, fault: Some(DiskFault::Full) },
            1 => Intervention::BreakDisk { node, fault: Some(DiskFault::Failing) },
            2 => Intervention::BreakDisk { node, fault: None },
            _ => {
                let latency_us = self.rng.below(2_000_000);
                Intervention::SetDisk { node, latency_us, bandwidth: 0 }
            }
        };
        self.push(what);
        let save = ["SAVE", "BGSAVE"][self.rng.below(2) as usize];
        self.say(node, save.to_owned());
    }

    /// A message, if it happens to be on its way, is kept back or is the last of its connection.
    fn message(&mut self) {
        let first = self.rng.below(400);
        let kept = self.rng.below(2) == 0;
        for message in (first..first + 6).map(MessageId) {
            let byte = self.rng.below(40);
            self.push(match kept {
                true => Intervention::HoldMessage { message },
                false => Intervention::ResetAt { message, byte },
            });
        }
        self.now_us += self.rng.below(800_000);
        for message in (first..first + 6).map(MessageId).filter(|_| kept) {
            self.push(Intervention::ReleaseMessage { message });
        }
    }

    /// In Redis, what follows a REPLICAOF inside a transaction is written to the new replica alone.
    /// Here too, but it is not what a search is after.
    fn role(&mut self, node: NodeId, of: String) {
        self.say(node, "DISCARD".to_owned());
        self.say(node, format!("REPLICAOF {of}"));
    }

    /// A key whose time is over soon, and who asks everybody for it then.
    fn expiring(&mut self) {
        let (node, key) = (self.written(), self.rng.below(4));
        let ms = 10 + self.rng.below(60);
        self.say(node, format!("SET s{key} m1 PX {ms}"));
        self.now_us += (ms + self.rng.below(50)) * 1_000;
        for node in (0..self.nodes as u32).map(NodeId) {
            self.say(node, format!("GET s{key}"));
        }
    }

    /// More than a backlog holds, at once.
    fn burst(&mut self) {
        let node = self.written();
        let letter = char::from(b'a' + self.rng.below(26) as u8);
        for key in 0..4 {
            let value = letter.to_string().repeat(4_000 + self.rng.below(4_000) as usize);
            self.say(node, format!("SET s{key} {value}"));
        }
    }

    fn transaction(&mut self) {
        let node = self.written();
        self.say(node, "MULTI".to_owned());
        for _ in 0..1 + self.rng.below(4) {
            self.now_us += self.rng.below(3_000);
            let line = words::write(&mut self.rng);
            self.say(node, line);
        }
        self.say(node, "EXEC".to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_one_plan_and_another_seed_another() {
        assert_eq!(Plan::generate(7), Plan::generate(7));
        assert_ne!(Plan::generate(7), Plan::generate(8));
    }

    #[test]
    fn every_plan_has_a_world() {
        for seed in 0..300 {
            let plan = Plan::generate(seed);
            assert_eq!(plan.world().node_ids().len(), plan.nodes.len(), "seed {seed}");
            assert!(plan.moves.is_sorted_by_key(|m| m.at), "seed {seed}");
        }
    }
}
