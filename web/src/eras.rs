//! One fault in the time of each Redis, and how it ended.

use lockstep_core::config::Era;
use lockstep_core::replication::psync::Outcome;
use lockstep_core::time::Instant;
use lockstep_core::trace::Event;
use lockstep_sim::{Cause, MessageRef, NodeId, Peer, Step, Timeline, scenarios};

/// What happened to the replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Its link was down for three seconds.
    Cut,
    /// Its master died; it follows the other replica, which was promoted by hand.
    Promotion,
}

impl Fault {
    /// The moment in which the replica asks to go on.
    pub(crate) fn start(self, era: Era) -> Timeline {
        match self {
            Self::Cut => scenarios::cut_in(era),
            Self::Promotion => scenarios::promotion_in(era),
        }
    }
}

/// The replica that asks.
const WHO: NodeId = scenarios::REPLICA_B;

/// How a fault ended.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    pub(crate) era: Era,
    /// What the replica asked.
    pub(crate) asked: Option<MessageRef>,
    /// Whether the answer was a full copy.
    pub(crate) full: bool,
    /// Bytes the master sent to the replica until it was in step.
    pub(crate) bytes: u64,
    /// From the request to that moment.
    pub(crate) ms: u64,
}

/// How a fault ended in every era, oldest first. It is played to its end, not looked up.
pub(crate) fn endings(fault: Fault) -> Vec<Ending> {
    Era::ALL.iter().map(|&era| ending(fault, era)).collect()
}

fn ending(fault: Fault, era: Era) -> Ending {
    let mut t = fault.start(era);
    let (began, since) = (t.cursor(), t.world().now());
    let asked = t.current().and_then(|step| asked(step));
    scenarios::until(&mut t, |t| scenarios::all_online(t.world()));
    let steps = &t.steps()[t.steps().partition_point(|step| step.index <= began)..];
    let until: Instant = t.world().now();
    Ending {
        era,
        asked,
        full: steps.iter().any(|step| is_full(step)),
        bytes: steps.iter().map(|step| received(step)).sum(),
        ms: until.micros_since(since) / 1_000,
    }
}

fn asked(step: &Step) -> Option<MessageRef> {
    step.sent.iter().rev().find(|message| message.from == Peer::Node(WHO)).cloned()
}

fn is_full(step: &Step) -> bool {
    step.effects.iter().any(|effect| {
        matches!(&effect.event, Event::PsyncDecided { verdict, .. }
            if matches!(verdict.outcome, Outcome::FullResync { .. }))
    })
}

/// Bytes that reached the replica in a step.
fn received(step: &Step) -> u64 {
    match &step.cause {
        Cause::Delivered(message)
            if message.to == Peer::Node(WHO) && matches!(message.from, Peer::Node(_)) =>
        {
            message.bytes.len() as u64
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn the_same_fault_ends_differently() {
        let full = |fault| endings(fault).iter().map(|end| end.full).collect::<Vec<_>>();
        assert_eq!(full(Fault::Cut), [true, false, false, false, false]);
        assert_eq!(full(Fault::Promotion), [true, true, true, false, false]);
        for end in endings(Fault::Promotion) {
            let asked = end.asked.as_ref().expect("a request");
            let name = asked.command()[0].to_ascii_uppercase();
            assert_eq!(name, if end.era.has_psync() { &b"PSYNC"[..] } else { b"SYNC" });
            assert!(end.bytes > 0 && end.ms > 0, "{end:?}");
        }
    }
}
