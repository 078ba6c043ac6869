//! The decision about a `PSYNC`: partial or full, and why.

use crate::id::ReplId;
use crate::mutants::{Mutant, mutant};

/// What a master knows when it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MasterView {
    /// Current history.
    pub replid: ReplId,
    /// Previous history, [`ReplId::NONE`] if there is none.
    pub replid2: ReplId,
    /// `replid2` is accepted up to this offset; -1 without one.
    pub second_replid_offset: i64,
    /// Bytes of the stream so far.
    pub master_repl_offset: u64,
    /// The backlog's window; `None` if there is no backlog.
    pub backlog: Option<BacklogView>,
    /// Ids that were this node's own and no longer are.
    pub retired: Retired,
}

/// Why an id is no longer this node's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retirement {
    /// `repl-backlog-ttl` ran out, and with the backlog the id was given up.
    BacklogFreed,
    /// The first replica came: the backlog was created, and with it a fresh id.
    BacklogCreated,
    /// It had been `replid2` until a further change of history took its place: only one earlier
    /// history is remembered.
    TwoBehind,
    /// A full resynchronisation from a master replaced this node's history by the master's.
    Replaced,
    /// It was this node's master's; before Redis 4.0 a promotion begins a history that remembers
    /// none.
    BeforePsync2,
    /// `DEBUG CHANGE-REPL-ID`.
    Changed,
}

/// Ids that were this node's own, newest first: enough of them to explain a mismatch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Retired([Option<(ReplId, Retirement)>; 4]);

impl Retired {
    /// Remembers an id; the oldest one is forgotten.
    pub fn push(&mut self, id: ReplId, why: Retirement) {
        if id != ReplId::NONE {
            self.0.rotate_right(1);
            self.0[0] = Some((id, why));
        }
    }

    /// The ids, newest first, and why they are this node's no more.
    pub fn iter(&self) -> impl Iterator<Item = (ReplId, Retirement)> + '_ {
        self.0.iter().flatten().copied()
    }

    fn why(&self, asked: &[u8]) -> Option<Retirement> {
        let mut all = self.0.iter().flatten();
        all.find(|(id, _)| asked.eq_ignore_ascii_case(id.as_bytes())).map(|(_, why)| *why)
    }
}

/// The backlog's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BacklogView {
    /// `repl_backlog_size`
    pub size: u64,
    /// Offset of the oldest byte held.
    pub first_byte_offset: u64,
    /// Bytes held.
    pub histlen: u64,
    /// Offset of the first byte that was ever put into this backlog: what lies before it could not
    /// be here whatever the size.
    pub created_at: u64,
}

/// What the replica asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Request {
    /// The old `SYNC`.
    Sync,
    /// `PSYNC ? -1`: it has no history.
    Fresh,
    /// `PSYNC <replid> <offset>`: it holds everything before `offset`.
    Resume {
        /// The id, as sent: it may be any bytes.
        replid: Vec<u8>,
        /// The first byte it does not hold.
        offset: i64,
    },
}

/// A decision with everything it rests on, enough to explain it to a person.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// What was asked.
    pub request: Request,
    /// What the master knew.
    pub master: MasterView,
    /// What it decided.
    pub outcome: Outcome,
}

/// Partial or full.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The stream goes on at `from`, with `bytes` of backlog at once.
    Continue {
        /// First byte to send.
        from: u64,
        /// Bytes of backlog to send.
        bytes: u64,
        /// Whether the id was the secondary one.
        by_replid2: bool,
    },
    /// A full resynchronisation.
    FullResync {
        /// Which condition failed.
        why: FullReason,
    },
}

/// The condition that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FullReason {
    /// The replica spoke `SYNC`.
    SyncCommand,
    /// The replica has no history (`PSYNC ? -1`).
    NoHistory,
    /// The id is neither `replid` nor `replid2`.
    ReplIdMismatch {
        /// Whether and how the id was this node's once; `None`: it never was, as far as known.
        was: Option<Retirement>,
    },
    /// The id is `replid2`, but the offset lies after the point where the histories part.
    SecondOffsetPassed {
        /// By how many bytes.
        by: u64,
    },
    /// There is no backlog.
    NoBacklog,
    /// The offset lies before the backlog's window.
    BeforeBacklog {
        /// Bytes that are no longer held.
        missing: u64,
        /// The `repl-backlog-size` that would have sufficed; `None` if none would have, for the
        /// backlog was created later than the byte asked for.
        sufficient_size: Option<u64>,
    },
    /// The offset lies after what this master has produced: another history wearing the same id.
    AfterBacklog {
        /// By how many bytes.
        by: u64,
    },
}

/// Decides about a resynchronisation request (spec: replication section 4, rule 1; Redis
/// `masterTryPartialResynchronization`).
pub fn decide(master: MasterView, request: Request) -> Verdict {
    let outcome = outcome(&master, &request);
    Verdict { request, master, outcome }
}

fn outcome(master: &MasterView, request: &Request) -> Outcome {
    let full = |why| Outcome::FullResync { why };
    let (replid, offset) = match request {
        Request::Sync => return full(FullReason::SyncCommand),
        Request::Fresh => return full(FullReason::NoHistory),
        Request::Resume { replid, offset } => (replid.as_slice(), *offset),
    };
    let by_replid2 = match replid {
        id if id.eq_ignore_ascii_case(master.replid.as_bytes()) => false,
        id if id.eq_ignore_ascii_case(master.replid2.as_bytes()) => {
            if offset > master.second_replid_offset {
                let by = offset.abs_diff(master.second_replid_offset);
                return full(FullReason::SecondOffsetPassed { by });
            }
            true
        }
        _ if mutant(Mutant::ContinueAnything) => false,
        id => return full(FullReason::ReplIdMismatch { was: master.retired.why(id) }),
    };
    let Some(backlog) = master.backlog else { return full(FullReason::NoBacklog) };
    let end = backlog.first_byte_offset + backlog.histlen;
    let before = (offset as u64) < backlog.first_byte_offset;
    if offset < 0 || (before && !mutant(Mutant::ContinueBeforeBacklog)) {
        let missing = backlog.first_byte_offset.saturating_sub(offset.max(0) as u64);
        let from = u64::try_from(offset).ok().filter(|from| *from >= backlog.created_at);
        let sufficient_size = from.map(|from| end - from);
        return full(FullReason::BeforeBacklog { missing, sufficient_size });
    }
    let from = offset as u64;
    if from > end {
        return full(FullReason::AfterBacklog { by: from - end });
    }
    Outcome::Continue { from, bytes: end - from, by_replid2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(letter: u8) -> ReplId {
        ReplId::parse(&[letter; 40]).expect("forty bytes")
    }

    fn master() -> MasterView {
        MasterView {
            replid: id(b'a'),
            replid2: id(b'b'),
            second_replid_offset: 150,
            master_repl_offset: 199,
            backlog: Some(BacklogView {
                size: 100,
                first_byte_offset: 100,
                histlen: 100,
                created_at: 50,
            }),
            retired: Retired::default(),
        }
    }

    fn ask(letter: u8, offset: i64) -> Outcome {
        let replid = id(letter).as_bytes().to_vec();
        decide(master(), Request::Resume { replid, offset }).outcome
    }

    #[test]
    fn the_window_is_inclusive_at_both_ends() {
        let go_on = |from, bytes| Outcome::Continue { from, bytes, by_replid2: false };
        assert_eq!(ask(b'a', 100), go_on(100, 100));
        assert_eq!(ask(b'a', 200), go_on(200, 0));
        let before = FullReason::BeforeBacklog { missing: 1, sufficient_size: Some(101) };
        assert_eq!(ask(b'a', 99), Outcome::FullResync { why: before });
        let after = FullReason::AfterBacklog { by: 1 };
        assert_eq!(ask(b'a', 201), Outcome::FullResync { why: after });
    }

    #[test]
    fn the_secondary_id_counts_up_to_its_offset() {
        assert_eq!(ask(b'b', 150), Outcome::Continue { from: 150, bytes: 50, by_replid2: true });
        let passed = FullReason::SecondOffsetPassed { by: 1 };
        assert_eq!(ask(b'b', 151), Outcome::FullResync { why: passed });
    }

    #[test]
    fn an_unknown_id_is_a_full_resync_whatever_the_offset() {
        let why = FullReason::ReplIdMismatch { was: None };
        assert_eq!(ask(b'c', 150), Outcome::FullResync { why });
    }

    #[test]
    fn an_id_that_was_ones_own_is_recognised_until_four_newer_ones_came() {
        let mut retired = Retired::default();
        retired.push(ReplId::NONE, Retirement::BacklogFreed);
        for letter in b"cdefg" {
            retired.push(id(*letter), Retirement::TwoBehind);
        }
        let was = |letter| {
            let request = Request::Resume { replid: vec![letter; 40], offset: 1 };
            decide(MasterView { retired, ..master() }, request).outcome
        };
        let mismatch = |was| Outcome::FullResync { why: FullReason::ReplIdMismatch { was } };
        assert_eq!(was(b'd'), mismatch(Some(Retirement::TwoBehind)));
        assert_eq!(was(b'c'), mismatch(None));
    }

    #[test]
    fn no_size_would_have_kept_what_came_before_the_backlog() {
        let why = FullReason::BeforeBacklog { missing: 51, sufficient_size: None };
        assert_eq!(ask(b'a', 49), Outcome::FullResync { why });
        let why = FullReason::BeforeBacklog { missing: 50, sufficient_size: Some(150) };
        assert_eq!(ask(b'a', 50), Outcome::FullResync { why });
    }

    #[test]
    fn absurd_offsets_are_refused() {
        for offset in [i64::MIN, -1, 0, i64::MAX] {
            assert!(matches!(ask(b'a', offset), Outcome::FullResync { .. }), "{offset}");
        }
    }
}
