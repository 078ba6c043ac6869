//! Goes forward and checks on the way what must hold after every step.

use lockstep_sim::check::Checkers;
use lockstep_sim::{FORWARD_STEPS_MAX, Grain, Timeline};

use crate::marks::Marks;

/// A world of more nodes is checked only where one stops: to compare all their data at every step
/// takes longer than the steps.
const NODES_MAX: usize = 4;

/// Checks a history as it is made.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    checkers: Checkers,
    /// Where they have seen everything: the history, and its step.
    at: (u32, u64),
}

impl Watch {
    /// Goes forward by one step of this grain, as [`Timeline::forward`] does; what is violated on
    /// the way gets a mark, and the way ends there. `seen` is shown every step of it,
    /// and may end it there.
    pub(crate) fn forward(
        &mut self,
        timeline: &mut Timeline,
        grain: Grain,
        marks: &mut Marks,
        seen: &mut dyn FnMut(&mut Timeline) -> bool,
    ) -> bool {
        if timeline.world().node_ids().len() > NODES_MAX {
            return self.leap(timeline, grain, marks);
        }
        let start = timeline.cursor();
        if self.at != (timeline.number(), start) {
            self.checkers = Checkers::new();
        }
        while timeline.cursor() < start + FORWARD_STEPS_MAX && timeline.forward(Grain::Event) {
            let ends = seen(timeline);
            let Some(step) = timeline.current() else { break };
            if let Err(violation) = self.checkers.check(timeline.world(), step) {
                marks.violated(step.index, violation.to_string());
                break;
            }
            if ends || step.has_grain(grain) {
                break;
            }
        }
        self.at = (timeline.number(), timeline.cursor());
        timeline.cursor() > start
    }

    fn leap(&mut self, timeline: &mut Timeline, grain: Grain, marks: &mut Marks) -> bool {
        let moved = timeline.forward(grain);
        self.checkers = Checkers::new();
        if let (true, Some(step)) = (moved, timeline.current())
            && let Err(violation) = self.checkers.check(timeline.world(), step)
        {
            marks.violated(step.index, violation.to_string());
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use lockstep_sim::{Intervention, scenarios};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_checked_way_is_the_way() {
        let mut plain = scenarios::handshake();
        let mut checked = scenarios::handshake();
        let (mut watch, mut marks) = (Watch::default(), Marks::default());
        for grain in [Grain::Event, Grain::Delivery, Grain::Transition, Grain::Segment] {
            for _ in 0..20 {
                let moved = plain.forward(grain);
                assert_eq!(watch.forward(&mut checked, grain, &mut marks, &mut |_| false), moved);
                assert_eq!(checked.cursor(), plain.cursor());
            }
        }
        assert_eq!(checked.world().fingerprint(), plain.world().fingerprint());
        assert_eq!(marks.violations().len(), 0);
    }

    #[test]
    fn what_must_not_happen_is_marked_where_it_happens() {
        // No world does it, so half of one history is shown and then half of another one, which has
        // other bytes at the same offsets.
        let history = |value: &str| {
            let mut timeline = scenarios::handshake();
            scenarios::until_online(&mut timeline);
            let line = format!("SET greeting {value}");
            timeline.act(Intervention::Console { node: scenarios::MASTER, line });
            timeline
        };
        let (mut one, mut other) = (history("one"), history("two"));
        let (mut watch, mut marks) = (Watch::default(), Marks::default());
        for _ in 0..3 {
            watch.forward(&mut one, Grain::Event, &mut marks, &mut |_| false);
            other.forward(Grain::Event);
        }
        assert_eq!(one.cursor(), other.cursor());
        assert_eq!(marks.violations().len(), 0);
        let from = other.cursor();
        for _ in 0..40 {
            watch.forward(&mut other, Grain::Event, &mut marks, &mut |_| false);
        }
        let found = marks.violations();
        assert!(found.first().is_some_and(|(step, _)| *step > from), "{found:?}");
    }
}
