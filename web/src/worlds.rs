//! Worlds to play in: who follows whom, and how many; and how one begins, in place of another.

use lockstep_core::config::Era;
use lockstep_sim::scenario::{NodeSpec, Scenario};
use lockstep_sim::{NodeId, Timeline, scenarios};

use crate::app::{App, Selected};
use crate::marks::Marks;
use crate::watch::Watch;
use crate::{eras, guide};

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

impl App {
    pub(crate) fn experiment(&mut self, index: usize) {
        self.stop();
        self.experiment = index;
        self.shape = None;
        self.own.world = None;
        self.start = scenario(Shape::Star, 2, self.era);
        let timeline = if index == guide::ERAS {
            if self.endings.is_empty() {
                self.endings = eras::endings(self.fault);
            }
            self.fault.start(self.era)
        } else {
            guide::start(index, self.era)
        };
        self.timeline.replace(timeline);
        self.begin();
        self.message = self.moment();
    }

    /// Begins the experiment, or the world that was built, anew.
    pub(crate) fn restart(&mut self) {
        if self.is_recorded() {
            self.timeline.seek(0);
            return self.moved(None);
        }
        if self.restart_lesson() {
            return;
        }
        match self.shape {
            Some(shape) => self.build(shape),
            None if self.experiment == usize::MAX => match self.own.world.clone() {
                Some(loaded) => self.load_world(loaded),
                None => self.open_known(),
            },
            None => self.experiment(self.experiment),
        }
    }

    /// A world begins: what belonged to the one before is forgotten.
    pub(crate) fn begin(&mut self) {
        self.began_at = self.timeline.cursor();
        self.lessons.leave();
        self.marks = Marks::default();
        self.watch = Some(Watch::default());
        self.moved_cards.clear();
        self.lanes.clear();
        self.lane_pick = None;
        self.drag = None;
        self.desks.clear();
        self.world_panel = false;
        self.picked = false;
        // What was open about a link of the other world would hide the new one.
        let (Selected::Node(id) | Selected::Link(_, id)) = self.selected;
        let known = (id.0 as usize) < self.timeline.nodes().len();
        self.selected = Selected::Node(if known { id } else { NodeId(0) });
        self.moved(None);
    }
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
