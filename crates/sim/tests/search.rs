//! A random search for violations: random worlds, traffic and faults; every checker after every
//! step; then the faults end, and everybody must converge.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use lockstep_core::replication::psync::{FullReason, Outcome};
use lockstep_core::rng::Rng;
use lockstep_core::trace::Event;
use lockstep_sim::check::{Checkers, Violation};
use lockstep_sim::scenarios::{all_online, config};
use lockstep_sim::view::{NodeView, Role};
use lockstep_sim::{Act, Cut, Intervention, NodeId, Setup, Step, Stop, World, narrate};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// Seeds of the ordinary test; fewer in a browser. `LOCKSTEP_SEEDS=from..to` runs others.
const SEEDS: std::ops::Range<u64> = if cfg!(target_arch = "wasm32") { 0..40 } else { 0..300 };

/// Interventions per seed.
const ACTS: u64 = 25;

/// Steps shown when a seed fails.
const STEPS_SHOWN: usize = 30;

/// Virtual seconds within which a healed world must converge: `repl-timeout` may have to pass on
/// both ends, one after the other.
const CONVERGENCE_SECONDS: u64 = 200;

/// Virtual seconds that a shutdown waits for replicas, and some.
const SHUTDOWN_SECONDS: u64 = 12;

/// A world under test.
struct Run {
    world: World,
    rng: Rng,
    checkers: Checkers,
    script: Vec<Act>,
    /// The last steps, for the report of a failure.
    last: VecDeque<Step>,
    /// What was reached, and how often.
    reached: BTreeMap<&'static str, u64>,
    /// Kinds of faults that this seed uses: switching some off lets the others go further.
    faults: u64,
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let nodes = 2 + rng.below(3) as u16;
        let diskless = rng.below(2) == 0;
        let timeout = 5 + rng.below(20);
        let nodes = (0..nodes)
            .map(|i| {
                // A chain now and then, else a star.
                let master = if rng.below(4) == 0 { 6379 + i } else { 6380 };
                let mut config = config(6380 + i, (i > 0).then_some(master));
                config.repl_diskless_sync = diskless;
                config.repl_timeout = timeout;
                config.repl_ping_replica_period = 2;
                config
            })
            .collect();
        let setup = Setup {
            seed: rng.next_u64(),
            unix_ms: 1_767_254_400_000,
            nodes,
            latency_us: 500 + rng.below(50_000),
            bandwidth: if rng.below(2) == 0 { 0 } else { 20_000 + rng.below(200_000) },
            stagger_us: rng.below(100_000),
            preload: Vec::new(),
        };
        let faults = rng.next_u64();
        let world = World::new(setup);
        Self {
            world,
            rng,
            checkers: Checkers::new(),
            script: Vec::new(),
            last: VecDeque::new(),
            reached: BTreeMap::new(),
            faults,
        }
    }

    fn node(&mut self) -> NodeId {
        NodeId(self.rng.below(self.world.node_ids().len() as u64) as u32)
    }

    fn intervene(&mut self, what: Intervention) -> Result<(), Violation> {
        let (index, at) = (self.world.steps() + 1, self.world.now());
        self.script.push(Act { index, at, what: what.clone() });
        let step = self.world.intervene(what);
        self.check(step)
    }

    fn check(&mut self, step: Step) -> Result<(), Violation> {
        let result = self.checkers.check(&self.world, &step);
        for name in step.effects.iter().filter_map(|e| landmark(&e.event)) {
            *self.reached.entry(name).or_default() += 1;
        }
        self.last.push_back(step);
        if self.last.len() > STEPS_SHOWN {
            self.last.pop_front();
        }
        result
    }

    /// Makes steps, and returns how many; fewer than asked if nothing lies ahead.
    fn steps(&mut self, count: u64) -> Result<u64, Violation> {
        for made in 0..count {
            let Some(step) = self.world.step() else { return Ok(made) };
            self.check(step)?;
        }
        Ok(count)
    }

    fn random_intervention(&mut self) -> Option<Intervention> {
        let (mut node, a, b) = (self.node(), self.node(), self.node());
        let kind = self.rng.below(16);
        if kind <= 4 && self.rng.below(4) > 0 {
            // Most writes go where they are accepted.
            let nodes = self.world.nodes();
            let master = |n: &&NodeView| n.live.as_ref().is_some_and(|l| l.role == Role::Master);
            node = nodes.iter().find(master).map_or(node, |n| n.id);
        }
        if kind >= 6 && self.faults & (1 << kind) == 0 {
            return None;
        }
        let say = |line: String| Intervention::Console { node, line };
        Some(match kind {
            0..=3 => say(self.random_write()),
            4 => Intervention::Traffic { node, every_ms: 20 + self.rng.below(400) },
            5 => Intervention::RestoreLink { a, b },
            6 => Intervention::CutLink { a, b, cut: Cut::Reset },
            7 => Intervention::CutLink { a, b, cut: Cut::Silent },
            8 => Intervention::StopNode { node, stop: Stop::Crash },
            9 => Intervention::StopNode { node, stop: Stop::Graceful },
            10 => Intervention::StartNode { node },
            11 => Intervention::PauseNode { node, paused: self.rng.below(2) == 0 },
            12 => say("REPLICAOF NO ONE".into()),
            13 => say(format!("REPLICAOF 127.0.0.1 {}", 6380 + a.0)),
            14 => say(["SAVE", "BGSAVE", "DEBUG SLEEP 0.3"][self.rng.below(3) as usize].into()),
            _ => {
                let latency_us = 100 + self.rng.below(300_000);
                Intervention::SetLink { a, b, latency_us, bandwidth: 5_000 }
            }
        })
    }

    fn random_write(&mut self) -> String {
        let (key, n) = (self.rng.below(12), self.rng.below(1_000));
        let large = "x".repeat(1 + self.rng.below(9_000) as usize);
        match self.rng.below(16) {
            0 => format!("SET k{key} {large}"),
            1 => format!("INCRBY n{key} {n}"),
            2 => format!("RPUSH l{key} {n} {n} c"),
            3 => format!("LPOP l{key}"),
            4 => format!("HSET h{key} f{n} {n}"),
            5 => format!("ZADD z{key} {n} m{n}"),
            6 => format!("SADD s{key} {n}"),
            7 => format!("SPOP s{key}"),
            8 => format!("PEXPIRE k{key} {}", 1 + self.rng.below(3_000)),
            9 => format!("DEL k{key} l{key}"),
            10 => "MULTI".into(),
            11 => "EXEC".into(),
            12 => format!("SELECT {}", self.rng.below(3)),
            13 => format!("SET k{key} {n} PX {}", 1 + self.rng.below(3_000)),
            14 => format!("INCRBYFLOAT f{key} 0.5"),
            _ => format!("APPEND k{key} {n}"),
        }
    }

    /// Ends all faults, and makes node 0 the master of all.
    fn heal(&mut self) -> Result<(), Violation> {
        let ids: Vec<NodeId> = self.world.node_ids().collect();
        for link in self.world.links() {
            let (a, b) = (link.a, link.b);
            self.intervene(Intervention::RestoreLink { a, b })?;
            let (latency_us, bandwidth) = (1_000, 0);
            self.intervene(Intervention::SetLink { a, b, latency_us, bandwidth })?;
        }
        for &node in &ids {
            self.intervene(Intervention::Traffic { node, every_ms: 0 })?;
            self.intervene(Intervention::PauseNode { node, paused: false })?;
        }
        // Who was asked to leave may still be waiting for its replicas.
        let end = self.world.now().plus_ms(SHUTDOWN_SECONDS * 1_000);
        while self.world.now() < end && self.steps(10)? > 0 {}
        for &node in &ids {
            self.intervene(Intervention::StartNode { node })?;
        }
        self.steps(50)?;
        for &node in &ids {
            let line = "DISCARD".into();
            self.intervene(Intervention::Console { node, line })?;
            let line = if node.0 == 0 { "REPLICAOF NO ONE" } else { "REPLICAOF 127.0.0.1 6380" };
            self.intervene(Intervention::Console { node, line: line.into() })?;
        }
        // The commands reach even a node that is still asleep.
        self.steps(50)?;
        Ok(())
    }

    /// Whether everybody follows node 0, is at its offset, and holds its data.
    fn converged(&self) -> bool {
        let nodes = self.world.nodes();
        let Some(master) = nodes[0].live.as_ref() else { return false };
        let digest = self.world.digest(NodeId(0));
        all_online(&self.world)
            && master.replicas.len() == nodes.len() - 1
            && nodes.iter().all(|n| {
                n.live.as_ref().is_some_and(|l| {
                    (l.replid, l.offset) == (master.replid, master.offset)
                        && self.world.digest(n.id) == digest
                })
            })
    }

    fn converge(&mut self) -> Result<bool, Violation> {
        let end = self.world.now().plus_ms(CONVERGENCE_SECONDS * 1_000);
        while !self.converged() {
            if self.world.now() > end || self.steps(20)? == 0 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The places that a search must have been at to be worth its name.
const LANDMARKS: [&str; 10] = [
    "partial",
    "partial by the second id",
    "partial with nothing to send",
    "full: no history",
    "full: another history",
    "full: beyond the second id",
    "full: before the backlog",
    "history shifted",
    "state kept",
    "key expired",
];

fn landmark(event: &Event) -> Option<&'static str> {
    let Event::PsyncDecided { verdict, .. } = event else {
        return match event {
            Event::ReplIdShifted { .. } => Some("history shifted"),
            Event::MasterCached { .. } => Some("state kept"),
            Event::Expired { .. } => Some("key expired"),
            _ => None,
        };
    };
    match &verdict.outcome {
        Outcome::Continue { by_replid2: true, .. } => Some("partial by the second id"),
        Outcome::Continue { bytes: 0, .. } => Some("partial with nothing to send"),
        Outcome::Continue { .. } => Some("partial"),
        Outcome::FullResync { why } => match why {
            FullReason::NoHistory => Some("full: no history"),
            FullReason::ReplIdMismatch { .. } => Some("full: another history"),
            FullReason::SecondOffsetPassed { .. } => Some("full: beyond the second id"),
            FullReason::BeforeBacklog { .. } => Some("full: before the backlog"),
            _ => None,
        },
    }
}

/// Runs one seed. The error tells what happened, with everything needed to see it again.
fn run(seed: u64) -> Result<BTreeMap<&'static str, u64>, String> {
    let mut run = Run::new(seed);
    let result = search(&mut run);
    let (problem, violation) = match result {
        Ok(true) => return Ok(run.reached),
        Ok(false) => ("no convergence".to_owned(), None),
        Err(violation) => (violation.to_string(), Some(violation)),
    };
    let mut text =
        format!("seed {seed}: {problem} (step {}, {:?})\n", run.world.steps(), { run.world.now() });
    for act in &run.script {
        writeln!(text, "  step {} at {} us: {:.120?}", act.index, act.at.0, act.what).unwrap();
    }
    for step in &run.last {
        writeln!(text, "  {} {} us", step.index, step.at.0).unwrap();
        for sentence in narrate::details(step) {
            writeln!(text, "      {sentence:.200}").unwrap();
        }
    }
    for node in run.world.nodes() {
        writeln!(text, "  {:?} {:?} {:?}", node.id, node.power, node.live).unwrap();
        let lines = run.world.console(node.id);
        for line in lines.iter().skip(lines.len().saturating_sub(6)) {
            writeln!(text, "      {} us: {:.100?}", line.at.0, line.what).unwrap();
        }
    }
    if let Some(Violation::DatasetsDiffer { a, b, .. }) = violation {
        differences(&mut text, &run.world, a, b);
    }
    Err(text)
}

/// The keys in which two nodes differ.
fn differences(text: &mut String, world: &World, a: NodeId, b: NodeId) {
    let (Some(a), Some(b)) = (world.core(a), world.core(b)) else { return };
    for (one, other) in [(a.keyspace(), b.keyspace()), (b.keyspace(), a.keyspace())] {
        for db in 0..one.databases() {
            for (key, value, expire_at) in one.iter(db) {
                if one.digest_value(db, key) != other.digest_value(db, key) {
                    let key = key.escape_ascii();
                    writeln!(text, "  db {db} {key} {expire_at:?} {value:.150?}").unwrap();
                }
            }
        }
    }
}

fn search(run: &mut Run) -> Result<bool, Violation> {
    for _ in 0..ACTS {
        let steps = run.rng.below(60);
        run.steps(steps)?;
        if let Some(what) = run.random_intervention() {
            // In Redis, what follows a REPLICAOF inside a transaction is written to the new replica
            // alone. Here too, but it is not what this test is after.
            if let Intervention::Console { node, line } = &what
                && line.starts_with("REPLICAOF")
            {
                let (node, line) = (*node, "DISCARD".into());
                run.intervene(Intervention::Console { node, line })?;
            }
            run.intervene(what)?;
        }
    }
    run.heal()?;
    run.converge()
}

fn seeds() -> std::ops::Range<u64> {
    let wanted = std::env::var("LOCKSTEP_SEEDS").ok();
    let range = wanted.as_deref().and_then(|text| {
        let (from, to) = text.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    });
    range.unwrap_or(SEEDS)
}

#[test]
fn random_faults_violate_nothing_and_everybody_converges_after_them() {
    let mut reached: BTreeMap<&str, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for seed in seeds() {
        match run(seed) {
            Ok(places) => {
                places.into_iter().for_each(|(place, n)| *reached.entry(place).or_default() += n);
            }
            Err(text) => failures.push(text),
        }
    }
    let first: Vec<&str> = failures.iter().take(3).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} seeds fail:\n{}", failures.len(), first.join("\n"));
    if seeds().count() >= 300 {
        let missed: Vec<_> = LANDMARKS.iter().filter(|l| !reached.contains_key(*l)).collect();
        assert!(missed.is_empty(), "never reached: {missed:?}; reached: {reached:?}");
    }
}
