//! A failure as people read it.

use std::fmt::Write as _;

use super::plan::{Failure, Plan};
use crate::narrate;
use crate::permalink::{Permalink, Start};
use crate::timeline::Timeline;

/// Steps shown before the one that failed.
const STEPS_SHOWN: u64 = 12;

/// Characters of a sentence at most.
const SENTENCE_MAX: usize = 160;

/// What happened, the script that leads there as a scenario, the last steps, and the link.
pub fn report(plan: &Plan, failure: &Failure) -> String {
    let mut text = String::new();
    let at = seconds(failure.at.0);
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}\nat step {}, {at}\n", failure.violation, failure.step);
    let scenario = plan.scenario();
    let _ =
        writeln!(text, "{}", scenario.clone().with_acts(&failure.script).to_string().trim_end());
    steps(&mut text, plan, failure);
    let (script, cursor) = (failure.script.clone(), failure.step);
    let start = Start::Inline(Box::new(scenario));
    let link = Permalink { start, script, cursor, branch: None }.address();
    let _ = writeln!(text, "\n{link}");
    text
}

fn seconds(us: u64) -> String {
    format!("{}.{:06} s", us / 1_000_000, us % 1_000_000)
}

/// The last steps, as the page would tell them.
fn steps(text: &mut String, plan: &Plan, failure: &Failure) {
    let script = failure.script.clone();
    let Some(timeline) = Timeline::replay(plan.world(), script, failure.step) else { return };
    let _ = writeln!(text, "\nlast steps:");
    let from = failure.step.saturating_sub(STEPS_SHOWN).max(1);
    for step in (from..=failure.step).filter_map(|index| timeline.step(index)) {
        let _ = writeln!(text, "  step {:<5} {:>10}", step.index, seconds(step.at.0));
        for sentence in narrate::details(step) {
            let short: String = sentence.to_string().chars().take(SENTENCE_MAX).collect();
            let _ = writeln!(text, "      {short}");
        }
    }
}
