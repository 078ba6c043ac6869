//! Which texts a page opens with, and which may come later.
//!
//! The page's module is divided by what runs in its first seconds, and constants follow the
//! functions that refer to them. A table of texts is therefore two: one that is asked first and
//! holds what the opening world needs, and one behind a function of its own that holds the rest.
//! Which texts are in which says nothing about what is shown, only about when it is fetched.

use super::Key;

/// The sentences of the opening world and of the steps that follow it.
#[rustfmt::skip]
const OPENING: &[Key] = &[
    Key::ConnectArrives, Key::AcceptArrives, Key::DialFails, Key::PingArrives, Key::PortArrives,
    Key::CapaArrives, Key::PongArrives, Key::OkArrives, Key::FullResyncArrives,
    Key::ReplyArrives, Key::RdbMarkArrives, Key::RdbArrives, Key::KeepaliveArrives,
    Key::StreamApplied, Key::StreamPingArrives, Key::AckArrives, Key::RequestArrives,
    Key::WriteArrives, Key::ResponseArrives, Key::ClientSends, Key::PingFed, Key::AckSent,
    Key::DialSent, Key::DialTried, Key::KeyExpired, Key::Typed, Key::LinkCut, Key::LinkRestored,
    Key::TrafficOn, Key::DecidedFullFresh, Key::PsyncSent, Key::PsyncFreshSent,
    Key::SnapshotToReplicas, Key::SnapshotDone, Key::Loaded, Key::Continued, Key::DecidedContinue,
    Key::HandshakeArrives,
];

/// Which sentences the page opens with, by their numbers.
pub const IN_OPENING: [bool; Key::ALL.len()] = {
    let mut mask = [false; Key::ALL.len()];
    let mut at = 0;
    while at < OPENING.len() {
        mask[OPENING[at] as usize] = true;
        at += 1;
    }
    mask
};

/// The texts of which `mask` says `wanted`, the others empty.
#[must_use]
pub const fn pick<const N: usize>(
    mut texts: [&'static str; N],
    mask: &[bool; N],
    wanted: bool,
) -> [&'static str; N] {
    let mut at = 0;
    while at < N {
        if mask[at] != wanted {
            texts[at] = "";
        }
        at += 1;
    }
    texts
}

#[cfg(test)]
mod tests {
    use crate::narrate::narrate;
    use crate::{Grain, scenarios};

    use super::*;

    #[test]
    fn the_opening_world_and_what_follows_it_have_their_sentences_at_once() {
        let mut timeline = scenarios::first_light();
        for _ in 0..60 {
            timeline.forward(Grain::Delivery);
        }
        let mut late: Vec<Key> = timeline.steps().iter().map(|step| narrate(step).key).collect();
        late.retain(|key| !IN_OPENING[*key as usize]);
        late.sort_unstable();
        late.dedup();
        assert_eq!(late, []);
    }

    #[test]
    fn a_table_and_the_rest_of_it_make_the_whole() {
        let mask = [true, false, true];
        assert_eq!(pick(["a", "b", "c"], &mask, true), ["a", "", "c"]);
        assert_eq!(pick(["a", "b", "c"], &mask, false), ["", "b", ""]);
    }
}
