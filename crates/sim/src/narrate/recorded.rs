//! Sentences about what only recordings tell.

use super::{Key, Param, Sentence, effects, peer, quote};
use crate::step::{Recorded, Step};

/// What a recording tells without a cause, or about itself.
pub(super) fn recorded(step: &Step, what: &Recorded) -> Sentence {
    match what {
        Recorded::Inside { node } => {
            let mut told = step.effects.iter().filter_map(|e| effects::effect(e.node, &e.event));
            told.next().unwrap_or_else(|| Sentence::new(Key::RecordedInside, [Param::Node(*node)]))
        }
        Recorded::Sent { .. } => match step.sent.first() {
            Some(m) => Sentence::new(Key::RecordedSent, [peer(m.from), peer(m.to), quote(m)]),
            None => Sentence::new(Key::RecordedLeftOut, [Param::Number(1)]),
        },
        Recorded::Act(what) => Sentence::new(Key::RecordedAct, [Param::Code(what.clone())]),
        Recorded::Ended { node } => Sentence::new(Key::RecordedEnded, [Param::Node(*node)]),
        Recorded::LeftOut(count) => Sentence::new(Key::RecordedLeftOut, [Param::Number(*count)]),
        Recorded::Gap { from, to, bytes, cut_short } => {
            let key = if *cut_short { Key::RecordedCutShort } else { Key::RecordedGap };
            Sentence::new(key, [peer(*from), peer(*to), Param::Number(*bytes)])
        }
        Recorded::UnderWay { dialer, acceptor } => {
            Sentence::new(Key::RecordedUnderWay, [peer(*dialer), peer(*acceptor)])
        }
    }
}
