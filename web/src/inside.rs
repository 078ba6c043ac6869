//! What the nodes hold and say of themselves, at the cursor and before it: for the inspector alone.

use lockstep_sim::Timeline;
use lockstep_sim::view::KeyView;

/// Keys of a node that are looked at.
pub(crate) const KEYS_MAX: usize = 60;

/// A node from the inside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Inside {
    /// The fields of `INFO replication`.
    pub(crate) info: Vec<(String, String)>,
    /// The first keys.
    pub(crate) keys: Vec<KeyView>,
}

/// All nodes, now and before the step that led here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Insides {
    pub(crate) now: Vec<Inside>,
    pub(crate) before: Vec<Inside>,
}

impl Insides {
    /// Looks at the world at the cursor. `forward`: the world was last looked at where the last
    /// move forward began.
    pub(crate) fn look(&mut self, timeline: &mut Timeline, forward: bool) {
        self.before = std::mem::take(&mut self.now);
        if !forward || self.before.is_empty() {
            let cursor = timeline.cursor();
            self.before = match cursor.checked_sub(1) {
                None => Vec::new(),
                Some(before) => {
                    timeline.seek(before);
                    let seen = see(timeline);
                    timeline.seek(cursor);
                    seen
                }
            };
        }
        self.now = see(timeline);
    }

    /// Forgets everything: nobody looks.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

fn see(timeline: &Timeline) -> Vec<Inside> {
    let world = timeline.world();
    let inside = |id| Inside { info: world.replication_info(id), keys: world.keys(id, KEYS_MAX) };
    world.node_ids().map(inside).collect()
}

#[cfg(test)]
mod tests {
    use lockstep_sim::{Grain, Intervention, NodeId, scenarios};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_changed_is_the_same_whichever_way_one_came() {
        let mut timeline = scenarios::first_light();
        timeline.act(Intervention::Console { node: NodeId(0), line: "SET new key".into() });
        let mut walked = Insides::default();
        walked.look(&mut timeline, false);
        let mut changes = 0;
        for _ in 0..60 {
            timeline.forward(Grain::Event);
            walked.look(&mut timeline, true);
            let print = timeline.world().fingerprint();
            let mut jumped = Insides::default();
            jumped.look(&mut timeline, false);
            assert_eq!(jumped, walked);
            assert_eq!(timeline.world().fingerprint(), print, "looking changes nothing");
            changes += usize::from(walked.now[0] != walked.before[0]);
        }
        assert!(changes > 0);
    }
}
