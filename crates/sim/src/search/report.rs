//! A failure as people read it.

use std::fmt::Write as _;

use super::plan::{Failure, NodePlan, Plan, port};
use crate::narrate;
use crate::script::{Act, Intervention};
use crate::step::{Cause, Step};
use crate::timeline::Timeline;

/// Steps shown before the one that failed.
const STEPS_SHOWN: u64 = 12;

/// What happened, the world it happened in, what was done to it, and the last steps.
pub fn report(plan: &Plan, failure: &Failure) -> String {
    let mut text = String::new();
    let at = seconds(failure.at.0);
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}\nat step {}, {at}", failure.violation, failure.step);
    let Plan { seed, latency_us, bandwidth, stagger_us, .. } = plan;
    let _ = writeln!(
        text,
        "\nworld: seed {seed}, latency {latency_us} us, bandwidth {bandwidth} B/s, starts \
         {stagger_us} us apart"
    );
    for (index, NodePlan { of, directives }) in plan.nodes.iter().enumerate() {
        let role = of.map_or("a master".to_owned(), |of| format!("replica of n{of}"));
        let _ = writeln!(text, "  n{index} on port {}: {role}", port(index));
        for line in directives {
            let _ = writeln!(text, "     {line}");
        }
    }
    let _ = writeln!(text, "\nscript:");
    for act in &failure.script {
        let _ = writeln!(text, "  step {:<5} {:>10}  {}", act.index, seconds(act.at.0), words(act));
    }
    steps(&mut text, plan, failure);
    text
}

fn seconds(us: u64) -> String {
    format!("{}.{:06} s", us / 1_000_000, us % 1_000_000)
}

fn words(act: &Act) -> String {
    match &act.what {
        Intervention::Console { node, line } if line.len() > 100 => {
            format!("{node}> {}... ({} characters)", &line[..100], line.len())
        }
        Intervention::Console { node, line } => format!("{node}> {line}"),
        Intervention::ClientLine { client, line } => format!("{client}> {line}"),
        _ => {
            let (index, at) = (act.index, act.at);
            let cause = Cause::Intervention(act.what.clone());
            let (effects, sent) = (Vec::new(), Vec::new());
            narrate::narrate(&Step { index, at, cause, effects, sent, note: None }).to_string()
        }
    }
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
            let short: String = sentence.to_string().chars().take(160).collect();
            let _ = writeln!(text, "      {short}");
        }
    }
}
