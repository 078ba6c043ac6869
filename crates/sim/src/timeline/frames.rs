//! Keyframes: clones of the world along a history, from which any state is a short replay away.
//!
//! There are two kinds. Keyframes proper are spread evenly over the history; when there are too
//! many, or they take too much memory, every other one goes. Near frames are those that a replay
//! to the cursor has passed, at halving distances: who steps back again and again replays a few
//! steps each time, not all that lie between two keyframes.
//!
//! # Invariants
//!
//! * There is always the frame of index 0.
//! * A frame is kept only at a place where every walk goes on with a clone, see
//!   [`is_clone_point`].

use crate::world::World;

/// Keyframes kept at most.
const KEYFRAMES_MAX: usize = 64;

/// Keyframes kept in any case, however large the world is.
const KEYFRAMES_MIN: usize = 8;

/// What keyframes may take, in bytes, as far as that can be estimated.
const KEYFRAME_BYTES_MAX: u64 = 24 << 20;

/// Near frames kept of a world so large that it takes a sixteenth of that or more.
const NEAR_MAX: usize = 2;

/// Distance of places where a walk goes on with a clone, in steps: up to [`DENSE_STEPS`].
const CLONE_EVERY_DENSE: u64 = 32;
/// The same beyond, since there keyframes are further apart, and clones cost time.
const CLONE_EVERY: u64 = 256;
/// As many steps have the shorter distance.
const DENSE_STEPS: u64 = 2_048;

/// What clones may cost a walk for each of its steps, in bytes: the distance grows with the world.
const CLONE_BYTES_PER_STEP: u64 = 2 * 1024;

/// How much longer it gets at most.
const CLONE_FACTOR_MAX: u64 = 32;

/// Whether every walk that comes through this index goes on with a clone of the world there, so
/// that it does not matter whether it came through or began there. The world is as it is there.
pub(super) fn is_clone_point(index: u64, world: &World) -> bool {
    let every = if index < DENSE_STEPS { CLONE_EVERY_DENSE } else { CLONE_EVERY };
    index.is_multiple_of(every) && index.is_multiple_of(every * factor(world.weight(), every))
}

/// A power of two.
fn factor(weight: u64, every: u64) -> u64 {
    (weight / (every * CLONE_BYTES_PER_STEP)).clamp(1, CLONE_FACTOR_MAX).next_power_of_two()
}

/// The keyframes of a history.
#[derive(Debug, Clone)]
pub(super) struct Keyframes {
    spread: Vec<(u64, World)>,
    every: u64,
    near: Vec<(u64, World)>,
}

impl Keyframes {
    pub(super) fn new(start: World) -> Self {
        Self { spread: vec![(0, start)], every: CLONE_EVERY_DENSE, near: Vec::new() }
    }

    /// The start.
    pub(super) fn start(&self) -> &World {
        &self.spread[0].1
    }

    /// The last frame at or before an index.
    pub(super) fn before(&self, index: u64) -> (u64, &World) {
        let last = |frames: &[(u64, World)]| frames.partition_point(|(i, _)| *i <= index);
        let (at, world) = &self.spread[last(&self.spread) - 1];
        match last(&self.near).checked_sub(1).map(|i| &self.near[i]) {
            Some((near, world)) if near > at => (*near, world),
            _ => (*at, world),
        }
    }

    /// A walk comes through a clone point. Its frame is kept if it is wanted, on the way to
    /// `target` or for good.
    pub(super) fn pass(&mut self, index: u64, target: u64, world: impl FnOnce() -> World) {
        let spread = self.spread.last().is_some_and(|(last, _)| *last < index);
        if spread && index.is_multiple_of(self.every) {
            self.spread.push((index, world()));
            self.thin();
        } else if is_near(index, target)
            && self.spread.binary_search_by_key(&index, |(i, _)| *i).is_err()
        {
            let at = self.near.partition_point(|(i, _)| *i < index);
            if self.near.get(at).is_none_or(|(i, _)| *i != index) {
                self.near.insert(at, (index, world()));
                let large = self.near[at].1.weight() > KEYFRAME_BYTES_MAX / 16;
                if large && self.near.len() > NEAR_MAX {
                    // The nearest are needed next.
                    self.near.remove(0);
                }
            }
        }
    }

    /// The cursor goes to `target`: near frames for other places go.
    pub(super) fn aim(&mut self, target: u64) {
        self.near.retain(|(index, _)| is_near(*index, target));
    }

    /// Forgets what lies after an index.
    pub(super) fn truncate(&mut self, index: u64) {
        self.spread.retain(|(i, _)| *i <= index);
        self.near.retain(|(i, _)| *i <= index);
    }

    fn thin(&mut self) {
        let weight = self.spread.last().map_or(0, |(_, world)| world.weight()).max(1);
        let room = usize::try_from(KEYFRAME_BYTES_MAX / weight).unwrap_or(KEYFRAMES_MAX);
        while self.spread.len() > room.clamp(KEYFRAMES_MIN, KEYFRAMES_MAX) {
            self.every *= 2;
            let every = self.every;
            self.spread.retain(|(index, _)| index.is_multiple_of(every));
        }
    }
}

/// Whether a frame at `index` helps who is about to step back from `target`: it is the last place
/// before it that is a multiple of some power of two.
fn is_near(index: u64, target: u64) -> bool {
    let every = 1 << index.trailing_zeros().min(63);
    index > 0 && index <= target && target - index < every
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_world_is_cloned_more_rarely() {
        let factors = [0, 500 << 10, 1 << 20, 2 << 20, 3 << 20, 1 << 40];
        assert_eq!(factors.map(|weight| factor(weight, CLONE_EVERY)), [1, 1, 2, 4, 8, 32]);
    }

    #[test]
    fn near_frames_lie_at_halving_distances() {
        let world = crate::scenarios::three_nodes(1);
        let near: Vec<u64> =
            (0..=70_000).filter(|i| is_clone_point(*i, &world) && is_near(*i, 69_999)).collect();
        assert_eq!(near, [65_536, 69_632, 69_888]);
        assert!(near.iter().all(|i| 69_999 - i < 8_192));
    }
}
