//! Worlds to play in: who follows whom, and how many.

use lockstep_core::config::Era;
use lockstep_sim::{Setup, Timeline, World, scenarios};

/// Who follows whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// All follow one master.
    Star,
    /// Each follows the one before it.
    Chain,
    /// Each is followed by two.
    Tree,
}

impl Shape {
    #[cfg(test)]
    pub(crate) const ALL: [Self; 3] = [Self::Star, Self::Chain, Self::Tree];

    /// The number of the node that node `index` follows.
    fn master_of(self, index: usize) -> Option<usize> {
        let before = index.checked_sub(1)?;
        Some(match self {
            Self::Star => 0,
            Self::Chain => before,
            Self::Tree => before / 2,
        })
    }
}

/// Replicas that can be asked for.
pub(crate) const REPLICAS_MAX: usize = 7;

/// The port of the first node; the others follow.
const FIRST_PORT: u16 = 6380;

/// A world of this shape, at the moment in which all replicas have caught up for the first time.
pub(crate) fn build(shape: Shape, replicas: usize, era: Era) -> Timeline {
    let port = |index: usize| FIRST_PORT + index as u16;
    let node = |index: usize| {
        let mut config = scenarios::config(port(index), shape.master_of(index).map(port));
        config.set_era(era);
        config
    };
    let nodes = (0..=replicas).map(node).collect();
    // All start within the first second.
    let setup = Setup { nodes, stagger_us: 100_000, ..scenarios::setup(1) };
    let mut timeline = Timeline::new(World::new(setup));
    scenarios::until_online(&mut timeline);
    timeline
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn everybody_follows_and_has_caught_up() {
        for shape in Shape::ALL {
            let timeline = build(shape, REPLICAS_MAX, Era::default());
            let nodes = timeline.world().nodes();
            assert!(scenarios::all_online(timeline.world()), "{shape:?}");
            for (index, node) in nodes.iter().enumerate() {
                let live = node.live.as_ref().expect("it runs");
                let master = live.master.as_ref().and_then(|m| m.node).map(|id| id.0 as usize);
                assert_eq!(master, shape.master_of(index), "{shape:?}");
                assert_eq!(live.keys, 5, "{shape:?}: node {index}");
            }
        }
    }
}
