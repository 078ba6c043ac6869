//! Worlds to play in: who follows whom, and how many.

use lockstep_core::config::Era;
use lockstep_sim::scenario::{NodeSpec, Scenario};
use lockstep_sim::{NodeId, Timeline, scenarios};

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

/// A world of this shape, as data.
pub(crate) fn scenario(shape: Shape, replicas: usize, era: Era) -> Scenario {
    let node = |index: usize| NodeSpec {
        name: match index {
            0 => "master".to_owned(),
            other => format!("replica-{}", char::from(b'a' + other as u8 - 1)),
        },
        port: FIRST_PORT + index as u16,
        of: shape.master_of(index).map(|master| NodeId(master as u32)),
        config: Vec::new(),
    };
    Scenario {
        era,
        nodes: (0..=replicas).map(node).collect(),
        preload: scenarios::PRELOAD.map(str::to_owned).to_vec(),
        ..Scenario::default()
    }
}

/// That world, at the moment in which all replicas have caught up for the first time.
pub(crate) fn build(scenario: &Scenario) -> Timeline {
    let mut timeline = Timeline::new(scenario.world());
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
            let timeline = build(&scenario(shape, REPLICAS_MAX, Era::default()));
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

    #[test]
    fn the_articles_world_is_one_of_them() {
        for era in Era::ALL {
            let (ours, theirs) = (scenario(Shape::Star, 2, era), scenarios::three_nodes_of(1, era));
            assert_eq!(ours.world().fingerprint(), theirs.fingerprint(), "{}", era.name());
        }
    }
}
