//! From a plan that fails to the smallest part of it that still fails in the same way.

use lockstep_core::time::Instant;

use super::Coverage;
use super::plan::{Failure, Move, Plan};
use crate::check::Promise;
use crate::ids::NodeId;
use crate::script::Intervention;

/// A smaller plan, and how it fails.
#[derive(Debug, Clone)]
pub struct Shrunk {
    /// The plan.
    pub plan: Plan,
    /// How it fails.
    pub failure: Box<Failure>,
    /// Plans that were tried.
    pub tries: u64,
}

struct Shrinker {
    best: Shrunk,
    promise: Promise,
    tries_left: u64,
}

/// Shrinks a plan that fails. `tries_max`: plans to try at most.
///
/// First whole runs of moves go, then single ones, then nodes and directives; then what is left
/// gets simple values and early times.
pub fn shrink(plan: Plan, failure: Box<Failure>, tries_max: u64) -> Shrunk {
    let promise = failure.violation.promise;
    let best = Shrunk { plan, failure, tries: 0 };
    let mut shrinker = Shrinker { best, promise, tries_left: tries_max };
    shrinker.cut_end();
    loop {
        let before = shrinker.best.plan.clone();
        shrinker.drop_moves();
        shrinker.drop_nodes();
        shrinker.drop_directives();
        shrinker.simplify_links();
        shrinker.simplify_moves();
        if shrinker.tries_left == 0 || shrinker.best.plan == before {
            break;
        }
    }
    shrinker.best.tries = tries_max - shrinker.tries_left;
    shrinker.best
}

impl Shrinker {
    /// Keeps a plan if it fails in the same way.
    fn attempt(&mut self, plan: Plan) -> bool {
        if self.tries_left == 0 || plan == self.best.plan {
            return false;
        }
        self.tries_left -= 1;
        match plan.run(&mut Coverage::default()) {
            Err(failure) if failure.violation.promise == self.promise => {
                (self.best.plan, self.best.failure) = (plan, failure);
                true
            }
            _ => false,
        }
    }

    /// What comes after the violation has no part in it.
    fn cut_end(&mut self) {
        let at = self.best.failure.at;
        let mut plan = self.best.plan.clone();
        plan.moves.retain(|m| m.at <= at);
        self.attempt(plan);
    }

    /// Delta debugging: halves, quarters, and so on, down to single moves.
    fn drop_moves(&mut self) {
        let mut size = self.best.plan.moves.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < self.best.plan.moves.len() {
                let mut plan = self.best.plan.clone();
                let end = (at + size).min(plan.moves.len());
                plan.moves.drain(at..end);
                if !self.attempt(plan) {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    /// The last node goes, as long as nobody needs it; who followed it follows the first.
    fn drop_nodes(&mut self) {
        for index in (1..self.best.plan.nodes.len()).rev() {
            let mut plan = self.best.plan.clone();
            plan.nodes.remove(index);
            for node in &mut plan.nodes {
                node.of = match node.of {
                    Some(of) if of == index => Some(0),
                    Some(of) if of > index => Some(of - 1),
                    of => of,
                };
            }
            let gone = NodeId(index as u32);
            plan.moves.retain(|m| !nodes_of(&m.what).contains(&gone));
            plan.moves.iter_mut().for_each(|m| renumber(&mut m.what, gone));
            self.attempt(plan);
        }
    }

    fn drop_directives(&mut self) {
        for node in 0..self.best.plan.nodes.len() {
            for line in (0..self.best.plan.nodes[node].directives.len()).rev() {
                let mut plan = self.best.plan.clone();
                plan.nodes[node].directives.remove(line);
                self.attempt(plan);
            }
        }
    }

    fn simplify_links(&mut self) {
        let simple: [fn(&mut Plan); 5] = [
            |plan| plan.bandwidth = 0,
            |plan| plan.latency_us = 1_000,
            |plan| plan.stagger_us = 0,
            |plan| plan.seed = 1,
            |plan| plan.nodes.iter_mut().skip(1).for_each(|node| node.of = Some(0)),
        ];
        for change in simple {
            let mut plan = self.best.plan.clone();
            change(&mut plan);
            self.attempt(plan);
        }
    }

    fn simplify_moves(&mut self) {
        for at in 0..self.best.plan.moves.len() {
            for what in simpler(&self.best.plan.moves[at].what) {
                let mut plan = self.best.plan.clone();
                plan.moves[at].what = what;
                if self.attempt(plan) {
                    break;
                }
            }
        }
        for unit in [1_000_000, 100_000, 10_000, 1_000] {
            for at in 0..self.best.plan.moves.len() {
                let mut plan = self.best.plan.clone();
                let moved = &mut plan.moves[at];
                moved.at = Instant(moved.at.0.div_ceil(unit) * unit);
                // Later moves do not come before it.
                let from = moved.at;
                plan.moves[at..].iter_mut().for_each(|m: &mut Move| m.at = m.at.max(from));
                self.attempt(plan);
            }
        }
    }
}

/// The nodes that an intervention names.
fn nodes_of(what: &Intervention) -> Vec<NodeId> {
    let mut copy = what.clone();
    let mut nodes = Vec::new();
    each_node(&mut copy, |node| nodes.push(*node));
    nodes
}

/// The nodes after one that is gone have one number less.
fn renumber(what: &mut Intervention, gone: NodeId) {
    each_node(what, |node| {
        if *node > gone {
            node.0 -= 1;
        }
    });
}

fn each_node(what: &mut Intervention, mut see: impl FnMut(&mut NodeId)) {
    use Intervention as I;
    match what {
        I::Console { node, .. }
        | I::Telnet { node, .. }
        | I::StopNode { node, .. }
        | I::StartNode { node }
        | I::PauseNode { node, .. }
        | I::RefuseConnections { node, .. }
        | I::SkewClock { node, .. }
        | I::JumpClock { node, .. }
        | I::SetDisk { node, .. }
        | I::BreakDisk { node, .. }
        | I::Traffic { node, .. }
        | I::AddClient { node }
        | I::AddWriter { node, .. }
        | I::AddReplica { of: node } => see(node),
        I::CutLink { a, b, .. }
        | I::RestoreLink { a, b }
        | I::CutOneWay { from: a, to: b }
        | I::RestoreOneWay { from: a, to: b }
        | I::ResetConnections { a, b }
        | I::SetJitter { a, b, .. }
        | I::SetSegments { a, b, .. }
        | I::SetLink { a, b, .. } => {
            see(a);
            see(b);
        }
        I::HoldMessage { .. }
        | I::ReleaseMessage { .. }
        | I::ResetAt { .. }
        | I::Heal
        | I::AddNode { .. }
        | I::ClientLine { .. }
        | I::CloseClient { .. }
        | I::SetWriter { .. } => {}
    }
}

/// Simpler things that may do as well, the simplest first.
fn simpler(what: &Intervention) -> Vec<Intervention> {
    match what {
        Intervention::Console { node, line } => {
            let words = line.split(' ').map(|word| if word.len() > 40 { "value" } else { word });
            let short = words.collect::<Vec<_>>().join(" ");
            let plain = "SET key value".to_owned();
            [plain, short].map(|line| Intervention::Console { node: *node, line }).to_vec()
        }
        Intervention::SetLink { a, b, bandwidth, .. } => {
            let (a, b, bandwidth) = (*a, *b, *bandwidth);
            vec![Intervention::SetLink { a, b, latency_us: 1_000, bandwidth }]
        }
        _ => Vec::new(),
    }
}
