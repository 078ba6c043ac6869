//! A plan, and how it runs.

use lockstep_core::replication::state::ReplState;
use lockstep_core::time::Instant;

use super::Coverage;
use crate::check::{Checkers, Promise, Violation};
use crate::ids::{ClientId, NodeId};
use crate::scenario::{NodeSpec, Scenario};
use crate::script::{Act, Intervention};
use crate::step::Step;
use crate::world::World;

/// Virtual time within which a healed world must converge, in microseconds: `repl-timeout` may have
/// to pass on both ends, one after the other, and saves may be slow.
const CONVERGENCE_US: u64 = 120_000_000;

/// How often a healed world is looked at, in microseconds.
const LOOK_US: u64 = 250_000;

/// How long the consoles have to say what heals, in microseconds.
const HEALING_US: u64 = 50_000;

/// Who is master of all in the end.
const MASTER: NodeId = NodeId(0);

/// A node of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodePlan {
    /// The index of its master; `None`: it starts as a master.
    pub of: Option<usize>,
    /// Lines of its configuration, over that of scenarios.
    pub directives: Vec<String>,
}

/// Something done at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// When.
    pub at: Instant,
    /// What.
    pub what: Intervention,
}

/// A world, and what is done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Decides every random choice of the world.
    pub seed: u64,
    /// The nodes; the first listens on port 6380, the others on the ports after it.
    pub nodes: Vec<NodePlan>,
    /// Latency of every link, in microseconds.
    pub latency_us: u64,
    /// Bandwidth of every link and direction, in bytes per second; 0: without limit.
    pub bandwidth: u64,
    /// Time between the starts of two processes, in microseconds.
    pub stagger_us: u64,
    /// What is done, in the order of time.
    pub moves: Vec<Move>,
}

/// A promise that was broken.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What was broken.
    pub violation: Violation,
    /// The step in which it was noticed.
    pub step: u64,
    /// When.
    pub at: Instant,
    /// All interventions up to there, those that heal included.
    pub script: Vec<Act>,
}

/// The port of a plan's node.
pub(super) fn port(index: usize) -> u16 {
    6380 + index as u16
}

impl Plan {
    /// Its world as a scenario, in which nothing is done.
    pub fn scenario(&self) -> Scenario {
        let node = |(index, node): (usize, &NodePlan)| NodeSpec {
            name: format!("n{index}"),
            port: port(index),
            of: node.of.map(|of| NodeId(of as u32)),
            config: node.directives.clone(),
        };
        Scenario {
            title: "What a search has found".to_owned(),
            title_zh: "随机搜索发现的问题".to_owned(),
            seed: self.seed,
            link: (self.latency_us, self.bandwidth),
            stagger_us: self.stagger_us,
            nodes: self.nodes.iter().enumerate().map(node).collect(),
            ..Scenario::default()
        }
    }

    /// Its world, before anything has happened.
    pub fn world(&self) -> World {
        self.scenario().world()
    }

    /// Runs it to its end, or to the first violation. Returns the number of steps.
    ///
    /// # Errors
    /// A promise was broken.
    pub fn run(&self, coverage: &mut Coverage) -> Result<u64, Box<Failure>> {
        let world = self.world();
        let mut run = Run {
            world,
            checkers: Checkers::new(),
            script: Vec::new(),
            coverage,
            operators: Vec::new(),
            renamed: self.moves.iter().any(|m| says(&m.what, "DEBUG CHANGE-REPL-ID")),
        };
        match run.all(self) {
            Ok(()) => Ok(run.world.steps()),
            Err(violation) => Err(Box::new(Failure {
                violation,
                step: run.world.steps(),
                at: run.world.now(),
                script: run.script,
            })),
        }
    }
}

/// A plan that runs.
struct Run<'a> {
    world: World,
    checkers: Checkers,
    script: Vec<Act>,
    coverage: &'a mut Coverage,
    /// The consoles that heal.
    operators: Vec<(NodeId, ClientId)>,
    /// A history got another name under its replicas (`DEBUG CHANGE-REPL-ID`).
    renamed: bool,
}

impl Run<'_> {
    fn all(&mut self, plan: &Plan) -> Result<(), Violation> {
        for Move { at, what } in &plan.moves {
            self.pass(*at)?;
            self.intervene(what.clone())?;
        }
        self.heal()?;
        self.converge()
    }

    /// Lets everything happen up to a time.
    fn pass(&mut self, until: Instant) -> Result<(), Violation> {
        while let Some(step) = self.world.step_until(until) {
            self.check(&step)?;
        }
        Ok(())
    }

    fn intervene(&mut self, what: Intervention) -> Result<(), Violation> {
        let (index, at) = (self.world.steps() + 1, self.world.now());
        self.script.push(Act { index, at, what: what.clone() });
        let step = self.world.intervene(what);
        self.check(&step)
    }

    fn check(&mut self, step: &Step) -> Result<(), Violation> {
        self.coverage.observe(step);
        self.checkers.check(&self.world, step)
    }

    /// Ends all faults, and makes the first node the master of all.
    fn heal(&mut self) -> Result<(), Violation> {
        self.intervene(Intervention::Heal)?;
        for node in self.world.node_ids() {
            if self.world.traffic(node).is_some() {
                self.intervene(Intervention::Traffic { node, every_ms: 0 })?;
            }
            if self.world.core(node).is_none() {
                self.intervene(Intervention::StartNode { node })?;
            }
        }
        self.pass(self.world.now() + HEALING_US)?;
        self.world.node_ids().try_for_each(|node| self.assign(node))
    }

    /// Gives a node its role, through a console of its own: others may be waiting for something.
    fn assign(&mut self, node: NodeId) -> Result<(), Violation> {
        let client = match self.operators.iter().find(|(of, _)| *of == node) {
            Some((_, client)) => *client,
            None => {
                let client = ClientId(self.world.clients().len() as u32);
                self.intervene(Intervention::AddClient { node })?;
                self.operators.push((node, client));
                client
            }
        };
        let mut say =
            |line: &str| self.intervene(Intervention::ClientLine { client, line: line.to_owned() });
        say("FAILOVER ABORT")?;
        say("CLIENT UNPAUSE")?;
        say("CONFIG SET lockstep-refuse-empty-master no stop-writes-on-bgsave-error no")?;
        say(if node == MASTER { "REPLICAOF NO ONE" } else { "REPLICAOF 127.0.0.1 6380" })
    }

    /// Who was asked to leave may have done so only now, and a failover may have ended after its
    /// nodes were told their roles.
    fn heal_again(&mut self) -> Result<(), Violation> {
        for node in self.world.node_ids() {
            let Some(core) = self.world.core(node) else {
                self.intervene(Intervention::StartNode { node })?;
                self.assign(node)?;
                continue;
            };
            let of = core.config().replicaof.as_ref().map(|(_, port)| *port);
            let right = if node == MASTER { None } else { Some(port(0)) };
            if of != right {
                self.assign(node)?;
            }
        }
        Ok(())
    }

    fn converge(&mut self) -> Result<(), Violation> {
        let end = self.world.now() + CONVERGENCE_US;
        loop {
            match self.straggler() {
                None => return Ok(()),
                Some((node, why)) if self.world.now() >= end => {
                    let seconds = CONVERGENCE_US / 1_000_000;
                    let what = format!("{seconds} seconds after the last fault, {node} {why}");
                    return Err(Violation::new(Promise::Converges, node, what));
                }
                Some(_) => {
                    self.heal_again()?;
                    self.pass(self.world.now() + LOOK_US)?;
                }
            }
        }
    }

    /// A node that does not follow the master, or is not where it is.
    fn straggler(&self) -> Option<(NodeId, String)> {
        let down = |node| Some((node, "is down".to_owned()));
        let Some(master) = self.world.core(MASTER) else { return down(MASTER) };
        if master.config().replicaof.is_some() {
            return Some((MASTER, "is no master".to_owned()));
        }
        for id in self.world.node_ids().filter(|id| *id != MASTER) {
            let Some(core) = self.world.core(id) else { return down(id) };
            let state = core.link().map_or(ReplState::None, |link| link.state);
            if state != ReplState::Connected {
                return Some((id, format!("has its link in the state {}", state.name())));
            }
            // A PSYNC that was refused with -MASTERDOWN (replica-serve-stale-data no) has a replica
            // fall back to SYNC, as in Redis: then it is in a history of its own, and counts anew.
            if master.replicas().iter().any(|r| r.old_sync && r.port == core.config().port) {
                continue;
            }
            let (mine, theirs) = (core.place().1, master.master_repl_offset());
            if mine != theirs {
                return Some((id, format!("is at offset {mine}, and its master at {theirs}")));
            }
            if !self.renamed && core.place().0 != master.history().replid {
                return Some((id, "is in another history than its master".to_owned()));
            }
        }
        None
    }
}

fn says(what: &Intervention, said: &str) -> bool {
    matches!(what, Intervention::Console { line, .. } if line == said)
}
