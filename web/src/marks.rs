//! What of a history deserves a mark over the slider.
//!
//! Marks are found once, when their steps become known, so that moving in a long history costs
//! nothing. Places that are drawn over each other are drawn once.

use lockstep_core::replication::psync::Outcome;
use lockstep_core::trace::Event;
use lockstep_sim::{Cause, Intervention, Recording, Step};

use crate::i18n::Key;
use crate::recording::Watched;

/// What a mark is for, from the least to the most important.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mark {
    Start,
    Restore,
    Partial,
    Full,
    Stop,
    Cut,
    Shift,
    /// Something happened that must never happen.
    Violation,
}

impl Mark {
    /// What of a step deserves one.
    fn of(step: &Step) -> Option<Self> {
        if let Cause::Intervention(what) = &step.cause {
            return match what {
                Intervention::CutLink { .. } | Intervention::CutOneWay { .. } => Some(Self::Cut),
                Intervention::StopNode { .. } => Some(Self::Stop),
                Intervention::RestoreLink { .. } | Intervention::RestoreOneWay { .. } => {
                    Some(Self::Restore)
                }
                Intervention::StartNode { .. } => Some(Self::Start),
                _ => None,
            };
        }
        step.effects.iter().find_map(|effect| match &effect.event {
            Event::PsyncDecided { verdict, .. } => Some(match verdict.outcome {
                Outcome::Continue { .. } => Self::Partial,
                Outcome::FullResync { .. } => Self::Full,
            }),
            Event::ReplIdShifted { .. } => Some(Self::Shift),
            _ => None,
        })
    }

    /// What of a step deserves one where no master tells its decisions.
    fn told(step: &Step) -> Option<Self> {
        step.effects.iter().find_map(|effect| match &effect.event {
            Event::FullResync { .. } => Some(Self::Full),
            Event::Continued { .. } => Some(Self::Partial),
            _ => None,
        })
    }

    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Start | Self::Restore => "flag mend",
            Self::Partial => "flag partial",
            Self::Full => "flag full",
            Self::Stop | Self::Cut => "flag cut",
            Self::Shift => "flag shift",
            Self::Violation => "flag violation",
        }
    }

    pub(crate) fn key(self) -> Key {
        match self {
            Self::Start => Key::MarkStart,
            Self::Restore => Key::MarkRestore,
            Self::Stop => Key::MarkStop,
            Self::Cut => Key::MarkCut,
            Self::Partial => Key::MarkPartial,
            Self::Full => Key::MarkFull,
            Self::Shift => Key::MarkShift,
            Self::Violation => Key::MarkViolation,
        }
    }
}

/// The marks of a history.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    /// With their steps, in order.
    found: Vec<(u64, Mark)>,
    /// What was violated, and at which step.
    violations: Vec<(u64, String)>,
    /// The history they belong to.
    history: u32,
    /// Up to which step there are no more to be found.
    seen: u64,
}

/// Places on the slider at which marks can be told apart.
const PLACES: u64 = 400;

impl Marks {
    /// Looks at what has become known.
    pub(crate) fn update(&mut self, watched: &Watched) {
        if self.history != watched.number() || self.seen > watched.len() {
            *self = Self { history: watched.number(), ..Self::default() };
        }
        let steps = watched.steps();
        let new = &steps[steps.partition_point(|step| step.index <= self.seen)..];
        let recording = watched.recording();
        for step in new {
            if let Some(mark) = Mark::of(step).or_else(|| recording.and_then(|_| Mark::told(step)))
            {
                self.add(step.index, mark);
            }
        }
        for (index, _) in recording.into_iter().flat_map(Recording::breaches) {
            if *index > self.seen {
                self.add(*index, Mark::Violation);
            }
        }
        self.seen = watched.len();
    }

    /// What came after a step is no longer so.
    pub(crate) fn forget_after(&mut self, index: u64) {
        self.found.retain(|(step, _)| *step <= index);
        self.violations.retain(|(step, _)| *step <= index);
        self.seen = self.seen.min(index);
    }

    /// A violation was found at a step.
    pub(crate) fn violated(&mut self, index: u64, what: String) {
        if !self.found.contains(&(index, Mark::Violation)) {
            self.add(index, Mark::Violation);
            self.violations.push((index, what));
        }
    }

    /// What was violated, and at which steps.
    pub(crate) fn violations(&self) -> &[(u64, String)] {
        &self.violations
    }

    fn add(&mut self, index: u64, mark: Mark) {
        let at = self.found.partition_point(|(step, _)| *step <= index);
        self.found.insert(at, (index, mark));
    }

    /// What is to be drawn of a history of `len` steps: where (in percent), which step, and what.
    pub(crate) fn drawn(&self, len: u64) -> Vec<(f64, u64, Mark)> {
        let len = len.max(1);
        let mut drawn: Vec<(u64, u64, Mark)> = Vec::new();
        for &(step, mark) in &self.found {
            let place = step * PLACES / len;
            match drawn.last_mut() {
                Some(last) if last.0 == place && last.2 >= mark => {}
                Some(last) if last.0 == place => *last = (place, step, mark),
                _ => drawn.push((place, step, mark)),
            }
        }
        let percent = |step: u64| step as f64 * 100.0 / len as f64;
        drawn.into_iter().map(|(_, step, mark)| (percent(step), step, mark)).collect()
    }
}

#[cfg(test)]
mod tests {
    use lockstep_sim::scenarios;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn what_matters_is_marked_once() {
        let mut timeline = Watched::new(scenarios::first_light());
        let mut marks = Marks::default();
        marks.update(&timeline);
        let kinds = |marks: &Marks| marks.found.iter().map(|(_, mark)| *mark).collect::<Vec<_>>();
        let (cut, mend) = (Mark::Cut, Mark::Restore);
        assert_eq!(kinds(&marks), [Mark::Full, Mark::Full, cut, mend]);
        scenarios::until(&mut timeline, |t| scenarios::all_online(t.world()));
        marks.update(&timeline);
        marks.update(&timeline);
        assert_eq!(kinds(&marks), [Mark::Full, Mark::Full, cut, mend, Mark::Partial]);
        marks.forget_after(timeline.len() - 10);
        marks.update(&timeline);
        assert_eq!(kinds(&marks), [Mark::Full, Mark::Full, cut, mend, Mark::Partial]);
    }

    #[test]
    fn a_place_shows_what_matters_most() {
        let mut marks = Marks::default();
        for index in 1..=10_000 {
            marks.add(index, if index == 5_001 { Mark::Shift } else { Mark::Partial });
        }
        let drawn = marks.drawn(10_000);
        assert!(drawn.len() <= PLACES as usize + 1, "{}", drawn.len());
        assert!(drawn.iter().any(|(_, step, mark)| (*step, *mark) == (5_001, Mark::Shift)));
    }
}
