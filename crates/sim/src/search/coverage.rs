//! What a search has reached: verdicts, transitions, events and log lines; and what never.
//!
//! The lists of what there is are checked: those of verdicts and events by matches without a
//! wildcard, those of transitions and log lines by a test that reads the core's sources.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use lockstep_core::replication::psync::{FullReason, Outcome, Retirement, Verdict};
use lockstep_core::trace::Event;

use super::lines::{LINES, TRANSITIONS};
use super::never::why_never;
use crate::step::Step;

/// How often each thing was reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Steps seen.
    pub steps: u64,
    verdicts: BTreeMap<&'static str, u64>,
    transitions: BTreeMap<&'static str, u64>,
    events: BTreeMap<&'static str, u64>,
    lines: BTreeMap<&'static str, u64>,
    /// Log lines that no template of the list fits: the list is not complete.
    pub strange: BTreeMap<String, u64>,
}

/// What was never reached, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unreached {
    /// Verdicts and conditions of PSYNC.
    pub verdicts: Vec<&'static str>,
    /// Reasons of transitions of the protocol.
    pub transitions: Vec<&'static str>,
    /// Kinds of events.
    pub events: Vec<&'static str>,
    /// Log lines.
    pub lines: Vec<&'static str>,
}

/// Log lines that are remembered although no template fits, at most.
const STRANGE_MAX: usize = 50;

impl Coverage {
    /// Counts what a step reached.
    pub fn observe(&mut self, step: &Step) {
        self.steps += 1;
        for effect in &step.effects {
            *self.events.entry(event_name(&effect.event)).or_default() += 1;
            match &effect.event {
                Event::PsyncDecided { verdict, .. } => {
                    *self.verdicts.entry(verdict_name(verdict)).or_default() += 1;
                }
                Event::ReplStateChanged { why: Cow::Borrowed(why), .. }
                | Event::ReplicaStateChanged { why: Cow::Borrowed(why), .. }
                | Event::MasterDiscarded { why: Cow::Borrowed(why) } => {
                    *self.transitions.entry(why).or_default() += 1;
                }
                // Without an id: why there is no history to ask for.
                Event::PsyncSent { why: Cow::Borrowed(why), .. } if TRANSITIONS.contains(why) => {
                    *self.transitions.entry(why).or_default() += 1;
                }
                Event::Log(_, line) => self.line(line),
                _ => {}
            }
        }
    }

    fn line(&mut self, line: &str) {
        // Some templates are special cases of others: the longest says most.
        let fitting = LINES.iter().filter(|template| fits(template, line));
        match fitting.max_by_key(|template| template.len()) {
            Some(template) => *self.lines.entry(template).or_default() += 1,
            None if self.strange.len() < STRANGE_MAX => {
                *self.strange.entry(line.to_owned()).or_default() += 1;
            }
            None => {}
        }
    }

    /// Adds what another search reached.
    pub fn merge(&mut self, other: Self) {
        self.steps += other.steps;
        let pairs = [
            (&mut self.verdicts, other.verdicts),
            (&mut self.transitions, other.transitions),
            (&mut self.events, other.events),
            (&mut self.lines, other.lines),
        ];
        for (mine, theirs) in pairs {
            theirs.into_iter().for_each(|(name, n)| *mine.entry(name).or_default() += n);
        }
        other.strange.into_iter().for_each(|(name, n)| *self.strange.entry(name).or_default() += n);
    }

    /// What was never reached.
    pub fn unreached(&self) -> Unreached {
        let missing = |all: &[&'static str], seen: &BTreeMap<&str, u64>| {
            all.iter().copied().filter(|name| !seen.contains_key(name)).collect()
        };
        Unreached {
            verdicts: missing(VERDICTS, &self.verdicts),
            transitions: missing(TRANSITIONS, &self.transitions),
            events: missing(EVENTS, &self.events),
            lines: missing(LINES, &self.lines),
        }
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let missed = self.unreached();
        let parts = [
            ("PSYNC verdicts and conditions", &self.verdicts, missed.verdicts),
            ("transitions, by their reasons", &self.transitions, missed.transitions),
            ("kinds of events", &self.events, missed.events),
            ("log lines", &self.lines, missed.lines),
        ];
        for (title, seen, missed) in parts {
            writeln!(f, "{title}: {} of {}", seen.len(), seen.len() + missed.len())?;
            let mut seen: Vec<_> = seen.iter().collect();
            seen.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
            seen.iter().try_for_each(|(name, count)| writeln!(f, "  {count:>10}  {name}"))?;
            for name in missed {
                writeln!(f, "       never  {name}")?;
                if let Some(why) = why_never(name) {
                    writeln!(f, "              ({why})")?;
                }
            }
        }
        for (line, count) in &self.strange {
            writeln!(f, "  {count:>10}  not in the list: {line}")?;
        }
        Ok(())
    }
}

/// Whether a line is one of a template, in which `*` stands for any text.
pub(super) fn fits(template: &str, line: &str) -> bool {
    let mut parts = template.split('*');
    let Some(mut rest) = parts.next().and_then(|head| line.strip_prefix(head)) else {
        return false;
    };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

macro_rules! full {
    ($why:pat) => {
        Outcome::FullResync { why: $why }
    };
}

macro_rules! mismatch {
    ($was:pat) => {
        full!(FullReason::ReplIdMismatch { was: $was })
    };
}

macro_rules! names {
    (
        $(#[$doc:meta])*
        $list:ident, $function:ident, $type:ty, $($pattern:pat => $name:literal,)*
    ) => {
        $(#[$doc])*
        const $list: &[&str] = &[$($name),*];

        fn $function(value: &$type) -> &'static str {
            match value {
                $($pattern => $name,)*
            }
        }
    };
}

names! {
    /// What a master may decide about a partial resynchronisation that it grants, or why it
    /// does not.
    VERDICTS, outcome_name, Outcome,
    Outcome::Continue { by_replid2: false, bytes: 0, .. } => "partial, nothing to send",
    Outcome::Continue { by_replid2: false, .. } => "partial",
    Outcome::Continue { by_replid2: true, bytes: 0, .. } => "partial by replid2, nothing to send",
    Outcome::Continue { by_replid2: true, .. } => "partial by replid2",
    full!(FullReason::SyncCommand) => "full: SYNC",
    full!(FullReason::NoHistory) => "full: no history",
    mismatch!(None) => "full: an id that was never this node's",
    mismatch!(Some(Retirement::BacklogFreed)) => "full: the id went with the backlog",
    mismatch!(Some(Retirement::BacklogCreated)) => "full: the id from before the backlog",
    mismatch!(Some(Retirement::TwoBehind)) => "full: the id is two histories old",
    mismatch!(Some(Retirement::Replaced)) => "full: the id was replaced by a master's",
    mismatch!(Some(Retirement::BeforePsync2)) => "full: before Redis 4.0 no second id is kept",
    mismatch!(Some(Retirement::Changed)) => "full: the id was changed by DEBUG",
    full!(FullReason::SecondOffsetPassed { .. }) => "full: beyond replid2",
    full!(FullReason::NoBacklog) => "full: no backlog",
    full!(FullReason::BeforeBacklog { sufficient_size: Some(_), .. }) =>
        "full: before the backlog, which was too small",
    full!(FullReason::BeforeBacklog { sufficient_size: None, .. }) =>
        "full: before the backlog, which was created later",
    full!(FullReason::AfterBacklog { .. }) => "full: after the backlog",
}

fn verdict_name(verdict: &Verdict) -> &'static str {
    outcome_name(&verdict.outcome)
}

names! {
    /// Kinds of events.
    EVENTS, event_name, Event,
    Event::Command { .. } => "Command",
    Event::Fed { .. } => "Fed",
    Event::Applied { .. } => "Applied",
    Event::Expired { .. } => "Expired",
    Event::Evicted { .. } => "Evicted",
    Event::ReplStateChanged { .. } => "ReplStateChanged",
    Event::ReplicaStateChanged { .. } => "ReplicaStateChanged",
    Event::PsyncDecided { .. } => "PsyncDecided",
    Event::PsyncSent { .. } => "PsyncSent",
    Event::FullResync { .. } => "FullResync",
    Event::Continued { .. } => "Continued",
    Event::SnapshotStarted { .. } => "SnapshotStarted",
    Event::SnapshotProgress { .. } => "SnapshotProgress",
    Event::SnapshotFinished { .. } => "SnapshotFinished",
    Event::TransferProgress { .. } => "TransferProgress",
    Event::Loaded { .. } => "Loaded",
    Event::BacklogCreated { .. } => "BacklogCreated",
    Event::BacklogFreed { .. } => "BacklogFreed",
    Event::ReplIdShifted { .. } => "ReplIdShifted",
    Event::RoleChanged { .. } => "RoleChanged",
    Event::MasterCached { .. } => "MasterCached",
    Event::MasterDiscarded { .. } => "MasterDiscarded",
    Event::Acked { .. } => "Acked",
    Event::ClientBlocked { .. } => "ClientBlocked",
    Event::ClientUnblocked { .. } => "ClientUnblocked",
    Event::Closed { .. } => "Closed",
    Event::TimerFired(_) => "TimerFired",
    Event::Log(..) => "Log",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_fits_the_lines_made_from_it() {
        assert!(fits("Connecting to MASTER *:*", "Connecting to MASTER 127.0.0.1:6380"));
        assert!(fits("*", "") && fits("plain", "plain"));
        assert!(!fits("plain", "plain text") && !fits("a*b", "ac") && !fits("a*b*b", "ab"));
    }
}
