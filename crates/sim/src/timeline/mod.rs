//! The timeline: a world's history, walked both ways.
//!
//! The truth is seed + script: a start and the interventions with their places. Everything else is
//! derived and may be thrown away. Going back is the nearest keyframe plus a replay (`frames`);
//! records of steps are kept as long as there is room (`records`); what was left by acting in the
//! past is kept as a script (`branch`).
//!
//! # Invariants
//!
//! * Index `n` is the state after step `n`; index 0 is the start.
//! * The world at the cursor is equal to the byte whichever way it was reached. Even the spare
//!   room of its buffers is, on which a clone may differ from its original and which a node tells
//!   (`MEMORY USAGE`): at certain places (`frames::is_clone_point`) any walk goes on with a clone.
//! * How far a step goes ([`Grain`]) decides where a viewer stops, never what happens.
//! * Acting in the past starts a branch; the history left behind stays, see
//!   [`Timeline::branches`].
//! * Memory is bounded, see the limits in `frames`, `records` and `branch`; time is by
//!   [`HISTORY_STEPS_MAX`].

mod branch;
mod compare;
mod frames;
mod records;

use std::sync::Arc;

use lockstep_core::time::Instant;

pub use branch::{Branch, Comparison, NAME_BYTES_MAX};
pub use compare::{Difference, Differs};
use frames::{Keyframes, is_clone_point};
use records::Records;

use crate::script::{Act, Intervention};
use crate::step::{Grain, Step};
use crate::world::World;

/// Steps that [`Timeline::forward`] makes at most in search of one of its grain.
pub const FORWARD_STEPS_MAX: u64 = 2_000;

/// Steps that a history may have. A script may ask for any index, and a world that is at peace
/// beats without end.
pub const HISTORY_STEPS_MAX: u64 = 1_000_000;

/// A world with its history. See the module's documentation.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// State at the cursor.
    world: World,
    script: Vec<Act>,
    records: Records,
    cursor: u64,
    /// The largest index the cursor has had in this history.
    seen: u64,
    frames: Keyframes,
    branches: Vec<Branch>,
    /// The number of this history, and the largest that any history has.
    number: u32,
    newest: u32,
    name: Option<String>,
}

impl Timeline {
    /// A timeline that starts with this world.
    pub fn new(world: World) -> Self {
        Self {
            world: world.clone(),
            frames: Keyframes::new(world),
            script: Vec::new(),
            records: Records::default(),
            cursor: 0,
            seen: 0,
            branches: Vec::new(),
            number: 0,
            newest: 0,
            name: None,
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
        self.records.len()
    }

    /// Whether no step is known yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Step `index` (1 to [`Timeline::len`]): the one that led to state `index`. `None` also if its
    /// record was given up for want of room; those around the cursor never are.
    pub fn step(&self, index: u64) -> Option<&Arc<Step>> {
        self.records.get(index)
    }

    /// The step that led here; `None` at the start.
    pub fn current(&self) -> Option<&Arc<Step>> {
        self.step(self.cursor)
    }

    /// The records of all known steps, in order. In a history too large for memory, routine steps
    /// far from the cursor are missing.
    pub fn steps(&self) -> &[Arc<Step>] {
        self.records.kept()
    }

    /// Those of [`Timeline::steps`] that led to the state at the cursor.
    pub fn past(&self) -> &[Arc<Step>] {
        self.records.until(self.cursor)
    }

    /// The world as it was before the first step.
    pub fn start(&self) -> &World {
        self.frames.start()
    }

    /// Shows every step up to the cursor, with the world after it. All are made again: of a long
    /// history not every record is kept.
    pub fn retell(&self, show: &mut dyn FnMut(&World, &Step)) {
        let mut world = self.start().clone();
        for index in 1..=self.cursor {
            let scripted = self.script.binary_search_by_key(&index, |act| act.index);
            let act = scripted.ok().map(|place| &self.script[place]);
            let Some(step) = make_step(&mut world, act) else { return };
            if is_clone_point(index, &world) {
                world = world.clone();
            }
            show(&world, &step);
        }
    }

    /// Whether stepping by a grain stops at a known step, be its record kept or not.
    pub fn has_grain(&self, index: u64, grain: Grain) -> bool {
        self.records.has_grain(index, grain)
    }

    /// The interventions of this history, in order.
    pub fn script(&self) -> &[Act] {
        &self.script
    }

    /// Virtual time at index `index`, which must be known.
    pub fn time_at(&self, index: u64) -> Option<Instant> {
        match index {
            0 => Some(self.frames.start().now()),
            _ => self.records.time(index),
        }
    }

    /// Goes forward by one step of this grain, but by [`FORWARD_STEPS_MAX`] at most: a world at
    /// peace makes steps without end and none of them is a transition. Returns whether it moved;
    /// it stands still where nothing lies ahead. Whether it has found what it looked for, the step
    /// at the cursor tells ([`Step::has_grain`]).
    pub fn forward(&mut self, grain: Grain) -> bool {
        let start = self.cursor;
        while self.cursor < start + FORWARD_STEPS_MAX && self.advance(u64::MAX) {
            if self.has_grain(self.cursor, grain) {
                break;
            }
        }
        self.records.settle(self.cursor);
        self.cursor > start
    }

    /// Makes the step after the cursor known, without moving. `None`: nothing lies ahead.
    pub fn peek(&mut self) -> Option<Arc<Step>> {
        if self.step(self.cursor + 1).is_none() {
            let act = self.scripted().cloned();
            let step = make_step(&mut self.world.clone(), act.as_ref())?;
            match self.cursor == self.len() {
                true => self.records.push(step),
                false => self.records.again(step),
            }
            self.records.settle(self.cursor);
        }
        self.step(self.cursor + 1).cloned()
    }

    /// Goes back by one step of this grain: to the state after the previous step that has it, or to
    /// the start. Returns whether it moved.
    pub fn back(&mut self, grain: Grain) -> bool {
        let Some(mut to) = self.cursor.checked_sub(1) else { return false };
        while to > 0 && !self.has_grain(to, grain) {
            to -= 1;
        }
        self.seek(to);
        true
    }

    /// Goes to an index; beyond what is known, as far as there is something ahead.
    pub fn seek(&mut self, index: u64) {
        self.frames.aim(index);
        let (at, _) = self.frames.before(index);
        if index < self.cursor || at > self.cursor {
            (self.cursor, self.world) = self.clone_before(index);
        }
        while self.cursor < index && self.advance(index) {}
        // The step that led to a keyframe was not replayed.
        if self.cursor > 0 && self.current().is_none() {
            self.recall();
        }
        self.records.settle(self.cursor);
    }

    /// Goes to the last known state at or before a time.
    pub fn seek_time(&mut self, time: Instant) {
        self.seek(self.records.count_until(time));
    }

    /// Goes forward to the last step not later than a time.
    pub fn pass_to(&mut self, time: Instant) {
        let known = self.records.count_until(time).max(self.cursor);
        self.seek(known);
        if known < self.len() {
            return;
        }
        let seen = self.seen;
        while self.world.next_event_at().is_some_and(|at| at <= time) && self.advance(u64::MAX) {
            // That the next visible event is a later one, only making it has told.
            if self.world.now() > time {
                self.seek(self.cursor - 1);
                self.seen = self.cursor.max(seen);
                break;
            }
        }
        self.records.settle(self.cursor);
    }

    fn clone_before(&self, index: u64) -> (u64, World) {
        let (at, world) = self.frames.before(index);
        (at, world.clone())
    }

    /// Brings the records before the cursor back by a replay from the keyframe before.
    fn recall(&mut self) {
        let (mut at, world) = self.frames.before(self.cursor - 1);
        let mut world = world.clone();
        while at < self.cursor {
            at += 1;
            let scripted = self.script.binary_search_by_key(&at, |a| a.index);
            let act = scripted.ok().map(|place| &self.script[place]);
            let Some(step) = make_step(&mut world, act) else { break };
            self.records.again(step);
            if is_clone_point(at, &world) {
                world = world.clone();
            }
        }
        self.records.settle(self.cursor);
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
        self.arrived(step, u64::MAX);
        self.records.settle(self.cursor);
        self.current().expect("just recorded")
    }

    /// The intervention that is the next step, if it is one.
    fn scripted(&self) -> Option<&Act> {
        let next = self.cursor + 1;
        let at = self.script.binary_search_by_key(&next, |a| a.index).ok()?;
        Some(&self.script[at])
    }

    /// One step forward, on the way to `target`: known, scripted or new.
    fn advance(&mut self, target: u64) -> bool {
        if self.cursor >= HISTORY_STEPS_MAX {
            return false;
        }
        let act = self.script.binary_search_by_key(&(self.cursor + 1), |a| a.index);
        let act = act.ok().map(|at| &self.script[at]);
        match make_step(&mut self.world, act) {
            Some(step) => self.arrived(step, target),
            None => {
                // To find that nothing lies ahead, the world has let much time pass.
                let here = self.cursor;
                (self.cursor, self.world) = self.clone_before(here);
                while self.cursor < here && self.advance(here) {}
                return false;
            }
        }
        true
    }

    /// The world has made a step: keeps its record, and a keyframe now and then.
    fn arrived(&mut self, step: Step, target: u64) {
        self.cursor += 1;
        self.seen = self.seen.max(self.cursor);
        if self.cursor > self.len() {
            self.records.push(step);
        } else {
            self.records.again(step);
        }
        if is_clone_point(self.cursor, &self.world) {
            let clone = self.world.clone();
            let frame = std::mem::replace(&mut self.world, clone);
            self.frames.pass(self.cursor, target, || frame);
        }
    }
}

/// The next step of a world: an intervention, or what comes by itself.
fn make_step(world: &mut World, act: Option<&Act>) -> Option<Step> {
    match act {
        Some(act) => {
            world.pass_until(act.at);
            Some(world.intervene(act.what.clone()))
        }
        None => world.step(),
    }
}
