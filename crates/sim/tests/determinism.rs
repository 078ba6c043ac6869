//! The same seed gives the same trace and the same states, whatever machine and build runs it.
//!
//! A thousand small random worlds, with every kind of intervention, become a table of hashes: one
//! line for every 50 seeds, of their traces and of their states. `cargo xtask test wasm` makes the
//! table natively, and has an optimised build and Chromium compare theirs with it: nothing is
//! written down that would have to be kept up to date. By itself this test makes sure that a seed
//! gives the same trace and states twice.

use std::fmt::Write as _;

use lockstep_core::rng::Rng;
use lockstep_sim::hash::TraceHash;
use lockstep_sim::scenarios::config;
use lockstep_sim::{
    ClientId, Cut, DiskFault, Intervention, MessageId, NodeId, Setup, Stop, World, trace,
};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

const SEEDS: u64 = 1_000;

/// Seeds in one line of the table: enough to find out quickly which one differs.
const SEEDS_PER_LINE: u64 = 50;

/// Interventions in a world.
const ACTS: u64 = 10;

/// Most steps between two of them.
const STEPS_MAX: u64 = 16;

/// The table of another build, given when this one is compiled.
const OTHER: Option<&str> = option_env!("LOCKSTEP_TRACE_TABLE");

/// A world, and what decides what is done to it.
struct Run {
    world: World,
    rng: Rng,
    hash: TraceHash,
    /// The world's fingerprints after every intervention and at the end, all in one.
    states: u64,
    /// Messages have been named up to here, as far as seen.
    messages: u64,
    /// The lines of the trace, if they are wanted.
    lines: Option<String>,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let count = 2 + rng.below(3) as u16;
        let diskless = rng.below(2) == 0;
        let timeout = 3 + rng.below(20);
        let nodes = (0..count).map(|i| {
            let master = if rng.below(3) == 0 { 6379 + i } else { 6380 };
            let mut config = config(6380 + i, (i > 0).then_some(master));
            config.repl_diskless_sync = diskless;
            config.repl_timeout = timeout;
            config.repl_ping_replica_period = 1;
            config
        });
        let nodes = nodes.collect();
        let setup = Setup {
            seed: rng.next_u64(),
            unix_ms: 1_767_254_400_000,
            nodes,
            latency_us: 100 + rng.below(50_000),
            bandwidth: if rng.below(2) == 0 { 0 } else { 20_000 + rng.below(200_000) },
            stagger_us: rng.below(100_000),
            preload: vec!["SET greeting hello".into(), "ZADD scores 0.1 ada 7.5 grace".into()],
            rdb: None,
        };
        let world = World::new(setup);
        Self { world, rng, hash: TraceHash::default(), states: 0, messages: 0, lines: None }
    }

    fn go(mut self) -> Self {
        for _ in 0..ACTS {
            let what = self.intervention();
            let step = self.world.intervene(what);
            self.note(&step);
            self.look();
            for _ in 0..self.rng.below(STEPS_MAX) {
                let Some(step) = self.world.step() else { break };
                self.note(&step);
            }
        }
        self.look();
        self
    }

    /// Takes the state into the hash of states.
    fn look(&mut self) {
        let state = self.world.fingerprint();
        self.states = self.states.rotate_left(9).wrapping_mul(3) ^ state;
        if let Some(lines) = &mut self.lines {
            let _ = writeln!(lines, "# state {state:016x}");
        }
    }

    fn note(&mut self, step: &lockstep_sim::Step) {
        self.hash.step(step);
        self.messages = step.sent.iter().map(|m| m.id.0).fold(self.messages, u64::max);
        if let Some(lines) = &mut self.lines {
            trace::write_step(lines, step);
        }
    }

    fn node(&mut self) -> NodeId {
        NodeId(self.rng.below(self.world.node_ids().len() as u64) as u32)
    }

    /// One of those on their way, most probably.
    fn message(&mut self) -> MessageId {
        MessageId(self.messages.saturating_sub(self.rng.below(4)))
    }

    fn intervention(&mut self) -> Intervention {
        let (node, a, b) = (self.node(), self.node(), self.node());
        let (message, client) = (self.message(), ClientId(self.rng.below(8) as u32));
        let large = self.rng.below(50_000);
        match self.rng.below(40) {
            0 => Intervention::CutLink { a, b, cut: Cut::Reset },
            1 => Intervention::CutLink { a, b, cut: Cut::Silent },
            2 => Intervention::CutLink { a, b, cut: Cut::Stall },
            3 | 4 => Intervention::RestoreLink { a, b },
            5 => Intervention::CutOneWay { from: a, to: b },
            6 => Intervention::ResetConnections { a, b },
            7 => Intervention::SetLink { a, b, latency_us: large, bandwidth: 5_000 + large },
            8 => Intervention::SetJitter { a, b, jitter_us: large },
            9 => Intervention::SetSegments { a, b, random: true },
            10 => Intervention::HoldMessage { message },
            11 => Intervention::ReleaseMessage { message },
            12 => Intervention::ResetAt { message, byte: large % 40 },
            13 => Intervention::StopNode { node, stop: Stop::Crash },
            14 => Intervention::StopNode { node, stop: Stop::Graceful },
            15 => Intervention::StopNode { node, stop: Stop::PowerLoss },
            16 | 17 => Intervention::StartNode { node },
            18 => Intervention::PauseNode { node, paused: large.is_multiple_of(2) },
            19 => Intervention::RefuseConnections { node, refused: large.is_multiple_of(2) },
            20 => Intervention::SkewClock { node, ppm: large as i64 - 25_000 },
            21 => Intervention::JumpClock { node, ms: large as i64 * 40 - 1_000_000 },
            22 => Intervention::SetDisk { node, latency_us: large, bandwidth: 10_000 },
            23 => Intervention::BreakDisk { node, fault: Some(DiskFault::Full) },
            24 => Intervention::BreakDisk { node, fault: Some(DiskFault::Failing) },
            25 => Intervention::Heal,
            26 => Intervention::AddReplica { of: node },
            27 => Intervention::Traffic { node, every_ms: 5 + large % 100 },
            28 => Intervention::AddClient { node },
            29 => Intervention::ClientLine { client, line: self.command() },
            _ => Intervention::Console { node, line: self.command() },
        }
    }

    fn command(&mut self) -> String {
        let (key, n) = (self.rng.below(12), self.rng.below(1_000));
        match self.rng.below(32) {
            0 => format!("SET k{key} {}", "x".repeat(self.rng.below(9_000) as usize)),
            1 => format!("SET k{key} {n} PX {}", 1 + self.rng.below(3_000)),
            2 => format!("INCRBYFLOAT f{key} 0.{n}"),
            3 => format!("HINCRBYFLOAT h{key} f {n}e-3"),
            4 => format!("ZADD z{key} {n}.5 m{n} 1e{} top -inf bottom", n % 300),
            5 => format!("ZINCRBY z{key} 0.1 m{n}"),
            6 => format!("RPUSH l{key} {n} a {n}"),
            7 => format!("BLPOP l{key} 1"),
            8 => format!("SADD s{key} {n} x {}", -(n as i64) << 33),
            9 => format!("SPOP s{key}"),
            10 => format!("HSET h{key} f{n} {n} g {}", "y".repeat(80)),
            11 => format!("HRANDFIELD h{key} -3 WITHVALUES"),
            12 => format!("PEXPIRE k{key} {}", 1 + self.rng.below(2_000)),
            13 => "MULTI".into(),
            14 | 15 => "EXEC".into(),
            16 => format!("SELECT {}", n % 3),
            17 => "REPLICAOF NO ONE".into(),
            18 => format!("REPLICAOF 127.0.0.1 {}", 6380 + n % 3),
            19 => "BGSAVE".into(),
            20 => "INFO replication".into(),
            21 => "LOCKSTEP PSYNC".into(),
            22 => format!("WAIT 1 {n}"),
            23 => format!("FAILOVER TIMEOUT {n}"),
            24 => "DEBUG DIGEST".into(),
            25 => "DEBUG SLEEP 0.05".into(),
            26 => format!("CONFIG SET maxmemory {} maxmemory-policy allkeys-random", n * 200),
            27 => format!("SORT l{key} ALPHA STORE l{n}"),
            28 => "CLIENT KILL TYPE replica".into(),
            29 => ["MEMORY USAGE k1", "INFO server", "CLIENT LIST", "OBJECT ENCODING k1"]
                [n as usize % 4]
                .into(),
            30 => format!("SCAN 0 COUNT {n}"),
            _ => "KEYS *".into(),
        }
    }
}

/// One line for every [`SEEDS_PER_LINE`] seeds: the first of them, the hash of their traces, and
/// the hash of their states.
fn table(seeds: u64) -> String {
    let mut table = String::new();
    for first in (0..seeds).step_by(SEEDS_PER_LINE as usize) {
        let (mut traces, mut states) = (0_u64, 0_u64);
        for seed in first..first + SEEDS_PER_LINE {
            let run = Run::new(seed).go();
            traces = traces.rotate_left(7) ^ run.hash.finish();
            states = states.rotate_left(7) ^ run.states;
        }
        // Writing to a string does not fail.
        let _ = write!(table, "{first}:{traces:016x}:{states:016x};");
    }
    table
}

#[test]
fn a_seed_gives_the_same_trace_and_states_in_every_build() {
    let table = table(SEEDS);
    #[cfg(not(target_arch = "wasm32"))]
    if let Ok(path) = std::env::var("LOCKSTEP_TRACE_TABLE_TO") {
        std::fs::write(path, &table).expect("the table is written");
    }
    let Some(other) = OTHER else { return };
    let lines = table.split_terminator(';').zip(other.split_terminator(';'));
    let differing: Vec<String> =
        lines.filter(|(a, b)| a != b).map(|(a, b)| format!("  here {a}, there {b}")).collect();
    assert!(
        differing.is_empty() && table.len() == other.len(),
        "this build and the one that made the table go different ways, from these seeds on (first \
         seed:traces:states; LOCKSTEP_SEED=N and the test one_seed_as_lines show a trace):\n{}",
        differing.join("\n")
    );
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn a_seed_gives_the_same_twice() {
    for seed in 0..SEEDS_PER_LINE {
        let (one, other) = (Run::new(seed).go(), Run::new(seed).go());
        assert_eq!(one.hash.finish(), other.hash.finish(), "seed {seed}");
        assert_eq!(one.states, other.states, "seed {seed}");
    }
    assert_ne!(table(SEEDS_PER_LINE).len(), 0);
}

/// `LOCKSTEP_SEED=N`, when this test is compiled, has it fail with the whole trace of that seed and
/// its states, to be compared with another build's.
#[test]
fn one_seed_as_lines() {
    let Some(seed) = option_env!("LOCKSTEP_SEED") else { return };
    let mut run = Run::new(seed.parse().expect("a number"));
    run.lines = Some(String::new());
    let lines = run.go().lines.unwrap_or_default();
    panic!("the trace of seed {seed}:\n{lines}");
}
