//! Branches: histories that were left, with names, to be compared and returned to.

use lockstep_core::time::Instant;

use super::Timeline;
use super::compare::{Difference, differences};
use super::records::Records;
use crate::script::Act;
use crate::world::World;

/// Branches kept at most; the oldest without a name goes first.
const BRANCHES_MAX: usize = 32;

/// Longest name of a history, in bytes.
pub const NAME_BYTES_MAX: usize = 64;

/// What the records of all branches may take, in bytes; those of the oldest go first, and a branch
/// without records is replayed when one returns to it.
const BRANCH_BYTES_MAX: usize = 4 << 20;

/// A history that was left by acting in its past.
#[derive(Debug, Clone)]
pub struct Branch {
    /// Which history it is: 0 is the first, then in the order in which they began.
    pub number: u32,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Its interventions.
    pub script: Vec<Act>,
    /// How many of its steps are known.
    pub len: u64,
    /// The index up to which it equals the history that replaced it.
    pub forked_at: u64,
    /// Its records after that index, as long as there is room.
    tail: Option<Records>,
}

/// Two histories side by side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The last index at which they are the same.
    pub parted_at: u64,
    /// When that was.
    pub parted_time: Option<Instant>,
    /// Where this history was looked at.
    pub here: (u64, Instant),
    /// Where the branch was looked at: at the last step not later than that.
    pub there: (u64, Instant),
    /// What differs in state.
    pub differences: Vec<Difference>,
}

impl Timeline {
    /// Histories left by acting in their past, oldest first.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// The number of this history, see [`Branch::number`].
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The name of this history.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Names this history; longer names than [`NAME_BYTES_MAX`] are cut, an empty one is none.
    pub fn set_name(&mut self, name: &str) {
        self.name = checked(name);
    }

    /// Names a branch. Returns whether there is such a branch.
    pub fn name_branch(&mut self, branch: usize, name: &str) -> bool {
        let found = self.branches.get_mut(branch);
        found.map(|branch| branch.name = checked(name)).is_some()
    }

    /// Forgets a branch for good.
    pub fn drop_branch(&mut self, branch: usize) -> bool {
        let found = branch < self.branches.len();
        if found {
            self.branches.remove(branch);
        }
        found
    }

    /// Up to which index a branch is this history.
    pub fn shared_with(&self, branch: &Branch) -> u64 {
        let end = self.len().min(branch.len);
        parting(&self.script, &branch.script).map_or(end, |index| index.min(end))
    }

    /// Forgets what lies ahead, keeping it as a branch if the cursor has been there or somebody has
    /// acted there.
    pub(super) fn fork(&mut self) {
        let mine = self.script.partition_point(|a| a.index <= self.cursor);
        if self.cursor == self.len() && mine == self.script.len() {
            return;
        }
        let (at, len) = (self.cursor, self.len());
        let tail = self.records.split_off(at);
        if self.seen > at || mine < self.script.len() {
            self.newest += 1;
            let number = std::mem::replace(&mut self.number, self.newest);
            let (name, script) = (self.name.take(), self.script.clone());
            let branch = Branch { number, name, script, len, forked_at: at, tail: Some(tail) };
            self.keep_branch(branch);
        }
        self.seen = at;
        self.script.truncate(mine);
        self.frames.truncate(at);
    }

    fn keep_branch(&mut self, branch: Branch) {
        if self.branches.len() == BRANCHES_MAX {
            let nameless = self.branches.iter().position(|b| b.name.is_none());
            self.branches.remove(nameless.unwrap_or(0));
        }
        self.branches.push(branch);
        let bytes = |b: &Branch| b.tail.as_ref().map_or(0, Records::bytes);
        let mut all: usize = self.branches.iter().map(bytes).sum();
        for branch in &mut self.branches {
            if all > BRANCH_BYTES_MAX {
                all -= bytes(branch);
                branch.tail = None;
            }
        }
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
        (self.number, self.name) = (branch.number, branch.name);
        match branch.tail {
            Some(tail) if branch.forked_at == shared => self.records.append(tail),
            _ => {
                self.seek(branch.len);
                self.seek(shared);
            }
        }
        self.seen = self.len();
        true
    }

    /// Compares this history, as it is at the cursor, with a branch at the same moment. `None`:
    /// there is no such branch.
    pub fn compare(&self, branch: usize) -> Option<Comparison> {
        let branch = self.branches.get(branch)?;
        let shared = self.shared_with(branch);
        let here = (self.cursor, self.world.now());
        let (there, world) = self.world_in(branch, shared, here.1);
        Some(Comparison {
            parted_at: shared,
            parted_time: self.time_at(shared),
            here,
            there: (there, world.now()),
            differences: differences(&self.world, &world),
        })
    }

    /// The world of a branch at its last known step not later than a time.
    fn world_in(&self, branch: &Branch, shared: u64, time: Instant) -> (u64, World) {
        let shared = shared.min(self.records.count_until(time));
        let (from, start) = self.frames.before(shared);
        let walk = |to: u64| {
            let (mut at, mut world) = (from, start.clone());
            while at < to && world.now() <= time {
                let place = branch.script.binary_search_by_key(&(at + 1), |act| act.index);
                let act = place.ok().map(|place| &branch.script[place]);
                if super::make_step(&mut world, act).is_none() {
                    break;
                }
                at += 1;
            }
            (at, world)
        };
        let (at, world) = walk(branch.len);
        // That a step is a later one, only making it has told.
        if world.now() > time && at > from { walk(at - 1) } else { (at, world) }
    }
}

/// The last index at which two scripts over the same start say the same; `None`: always.
fn parting(a: &[Act], b: &[Act]) -> Option<u64> {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let next = [a.get(same), b.get(same)].into_iter().flatten().map(|act| act.index).min();
    next.map(|index| index - 1)
}

fn checked(name: &str) -> Option<String> {
    let mut end = name.len().min(NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    Some(name[..end].to_owned()).filter(|name| !name.is_empty())
}
