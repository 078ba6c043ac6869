//! The timeline: a world's history, walked both ways.
//!
//! The truth is seed + script: a start and the interventions with their places. Everything else is
//! derived and may be thrown away. Going back is the nearest keyframe plus a replay.
//!
//! # Invariants
//!
//! * Index `n` is the state after step `n`; index 0 is the start.
//! * The world at the cursor is equal to the byte whichever way it was reached. Even the spare
//!   room of its buffers is, on which a clone may differ from its original and which a node tells
//!   (`MEMORY USAGE`): at every multiple of [`KEYFRAME_EVERY`] any walk goes on with a clone.
//! * Acting in the past starts a branch; the history left behind stays, see
//!   [`Timeline::branches`].

use std::sync::Arc;

use lockstep_core::time::Instant;

use crate::script::{Act, Intervention};
use crate::step::{Grain, Step};
use crate::world::World;

/// Keyframes kept at most. When there are more, every other one goes, and the distance doubles.
const KEYFRAMES_MAX: usize = 64;

/// Distance of keyframes at first, in steps.
const KEYFRAME_EVERY: u64 = 32;

/// Steps that [`Timeline::forward`] makes at most in search of one of its grain.
pub const FORWARD_STEPS_MAX: u64 = 2_000;

/// Branches kept at most; the oldest goes first.
const BRANCHES_MAX: usize = 32;

/// A history that was left by acting in its past.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Its interventions.
    pub script: Vec<Act>,
    /// Its steps, as far as they were known.
    pub steps: Vec<Arc<Step>>,
    /// The index up to which it equals the history that replaced it.
    pub forked_at: u64,
}

/// A world with its history. See the module's documentation.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// State at the cursor.
    world: World,
    script: Vec<Act>,
    steps: Vec<Arc<Step>>,
    cursor: u64,
    /// The largest index the cursor has had in this history.
    seen: u64,
    keyframes: Vec<(u64, World)>,
    keyframe_every: u64,
    branches: Vec<Branch>,
}

impl Timeline {
    /// A timeline that starts with this world.
    pub fn new(world: World) -> Self {
        Self {
            world: world.clone(),
            keyframes: vec![(0, world)],
            script: Vec::new(),
            steps: Vec::new(),
            cursor: 0,
            seen: 0,
            keyframe_every: KEYFRAME_EVERY,
            branches: Vec::new(),
        }
    }

    /// The timeline of a world in which these interventions happen, at an index: what a seed and a
    /// script stand for. `None`: the script's indices do not grow.
    pub fn replay(world: World, script: Vec<Act>, index: u64) -> Option<Self> {
        let grows = script.is_sorted_by(|a, b| a.index < b.index);
        let mut timeline = Self::new(world);
        timeline.script = script;
        grows.then(|| {
            timeline.seek(index);
            timeline
        })
    }

    /// The world at the cursor.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Where we are: the number of steps before.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// How many steps are known.
    pub fn len(&self) -> u64 {
        self.steps.len() as u64
    }

    /// Whether no step is known yet.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Step `index` (1 to [`Timeline::len`]): the one that led to state `index`.
    pub fn step(&self, index: u64) -> Option<&Arc<Step>> {
        let at = usize::try_from(index.checked_sub(1)?).ok()?;
        self.steps.get(at)
    }

    /// The step that led here; `None` at the start.
    pub fn current(&self) -> Option<&Arc<Step>> {
        self.step(self.cursor)
    }

    /// All known steps.
    pub fn steps(&self) -> &[Arc<Step>] {
        &self.steps
    }

    /// The interventions of this history, in order.
    pub fn script(&self) -> &[Act] {
        &self.script
    }

    /// Histories left by acting in their past, oldest first.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// Virtual time at index `index`, which must be known.
    pub fn time_at(&self, index: u64) -> Option<Instant> {
        match index {
            0 => self.keyframes.first().map(|(_, w)| w.now()),
            _ => self.step(index).map(|s| s.at),
        }
    }

    /// Goes forward by one step of this grain, but by [`FORWARD_STEPS_MAX`] at most: a world at
    /// peace makes steps without end and none of them is a transition. Returns whether it moved;
    /// it stands still where nothing lies ahead. Whether it has found what it looked for, the step
    /// at the cursor tells ([`Step::has_grain`]).
    pub fn forward(&mut self, grain: Grain) -> bool {
        let start = self.cursor;
        while self.cursor < start + FORWARD_STEPS_MAX && self.advance() {
            if self.current().is_some_and(|s| s.has_grain(grain)) {
                break;
            }
        }
        self.cursor > start
    }

    /// Makes the step after the cursor known, without moving. `None`: nothing lies ahead.
    pub fn peek(&mut self) -> Option<Arc<Step>> {
        if self.cursor == self.len() {
            let step = self.world.clone().step()?;
            self.steps.push(Arc::new(step));
        }
        self.step(self.cursor + 1).cloned()
    }

    /// Goes back by one step of this grain: to the state after the previous step that has it, or to
    /// the start. Returns whether it moved.
    pub fn back(&mut self, grain: Grain) -> bool {
        let Some(mut to) = self.cursor.checked_sub(1) else { return false };
        while to > 0 && !self.step(to).is_some_and(|s| s.has_grain(grain)) {
            to -= 1;
        }
        self.seek(to);
        true
    }

    /// Goes to an index; beyond what is known, as far as there is something ahead.
    pub fn seek(&mut self, index: u64) {
        let (at, world) = self.keyframe_before(index);
        if index < self.cursor || *at > self.cursor {
            (self.cursor, self.world) = (*at, world.clone());
        }
        while self.cursor < index && self.advance() {}
    }

    /// Goes to the last known state at or before a time.
    pub fn seek_time(&mut self, time: Instant) {
        let index = self.steps.partition_point(|s| s.at <= time);
        self.seek(index as u64);
    }

    /// Does something at the cursor, at the time of the state there.
    pub fn act(&mut self, what: Intervention) -> &Step {
        let now = self.world.now();
        self.act_at(now, what)
    }

    /// Does something at a time between the step at the cursor and the next one; a time outside is
    /// moved to the nearer of the two. If steps are known ahead, they become a branch.
    pub fn act_at(&mut self, time: Instant, what: Intervention) -> &Step {
        self.fork();
        self.world.pass_until(time.max(self.world.now()));
        let act = Act { index: self.cursor + 1, at: self.world.now(), what };
        let step = self.world.intervene(act.what.clone());
        self.script.push(act);
        self.arrived(step);
        self.steps.last().expect("just recorded")
    }

    /// Forgets what lies ahead, keeping it as a branch if the cursor has been there.
    fn fork(&mut self) {
        if self.cursor == self.len() {
            return;
        }
        let at = self.cursor as usize;
        let mine = self.script.partition_point(|a| a.index <= self.cursor);
        if self.seen > self.cursor {
            if self.branches.len() == BRANCHES_MAX {
                self.branches.remove(0);
            }
            self.branches.push(Branch {
                script: self.script.clone(),
                steps: self.steps.clone(),
                forked_at: self.cursor,
            });
        }
        self.seen = self.cursor;
        self.script.truncate(mine);
        self.steps.truncate(at);
        self.keyframes.retain(|(index, _)| *index <= self.cursor);
    }

    /// Goes to a branch; what is left becomes a branch. The cursor stands where they part.
    pub fn switch_to(&mut self, branch: usize) -> bool {
        if branch >= self.branches.len() {
            return false;
        }
        let branch = self.branches.remove(branch);
        let shared = self.shared_with(&branch);
        self.seek(shared);
        self.fork();
        self.script = branch.script;
        self.steps = branch.steps;
        self.seen = self.len();
        true
    }

    /// Up to which index a branch is this history.
    fn shared_with(&self, branch: &Branch) -> u64 {
        let pairs = self.steps.iter().zip(&branch.steps);
        pairs.take_while(|(a, b)| Arc::ptr_eq(a, b) || a == b).count() as u64
    }

    /// One step forward: known, scripted or new.
    fn advance(&mut self) -> bool {
        let next = self.cursor + 1;
        let scripted = self.script.binary_search_by_key(&next, |a| a.index);
        let step = match scripted {
            Ok(at) => {
                let act = &self.script[at];
                self.world.pass_until(act.at);
                self.world.intervene(act.what.clone())
            }
            Err(_) => match self.world.step() {
                Some(step) => step,
                None => return false,
            },
        };
        self.arrived(step);
        true
    }

    /// The world has made a step: keeps its record, and a keyframe now and then.
    fn arrived(&mut self, step: Step) {
        self.cursor += 1;
        self.seen = self.seen.max(self.cursor);
        if self.cursor > self.len() {
            self.steps.push(Arc::new(step));
        } else {
            let known = self.step(self.cursor);
            debug_assert!(known.is_some_and(|k| **k == step), "a replay differs: {step:?}");
        }
        if !self.cursor.is_multiple_of(KEYFRAME_EVERY) {
            return;
        }
        let clone = self.world.clone();
        let frame = std::mem::replace(&mut self.world, clone);
        let last = self.keyframes.last().map_or(0, |(index, _)| *index);
        if !self.cursor.is_multiple_of(self.keyframe_every) || self.cursor <= last {
            return;
        }
        self.keyframes.push((self.cursor, frame));
        if self.keyframes.len() > KEYFRAMES_MAX {
            self.keyframe_every *= 2;
            let every = self.keyframe_every;
            self.keyframes.retain(|(index, _)| index.is_multiple_of(every));
        }
    }

    /// The last keyframe at or before an index. There is always the one of the start.
    fn keyframe_before(&self, index: u64) -> &(u64, World) {
        let at = self.keyframes.partition_point(|(i, _)| *i <= index);
        &self.keyframes[at - 1]
    }
}
