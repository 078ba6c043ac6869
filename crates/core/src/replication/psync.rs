//! The decision about a `PSYNC`: partial or full, and why.

use crate::id::ReplId;

/// What a master knows when it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
}

/// The backlog's window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BacklogView {
    /// `repl_backlog_size`
    pub size: u64,
    /// Offset of the oldest byte held.
    pub first_byte_offset: u64,
    /// Bytes held.
    pub histlen: u64,
}

/// What the replica asked.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What was asked.
    pub request: Request,
    /// What the master knew.
    pub master: MasterView,
    /// What it decided.
    pub outcome: Outcome,
}

/// Partial or full.
#[derive(Debug, Clone, PartialEq, Eq)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullReason {
    /// The replica spoke `SYNC`.
    SyncCommand,
    /// The replica has no history (`PSYNC ? -1`).
    NoHistory,
    /// The id is neither `replid` nor `replid2`.
    ReplIdMismatch,
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
        /// The `repl-backlog-size` that would have sufficed.
        sufficient_size: u64,
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
        _ => return full(FullReason::ReplIdMismatch),
    };
    let Some(backlog) = master.backlog else { return full(FullReason::NoBacklog) };
    let end = backlog.first_byte_offset + backlog.histlen;
    if offset < 0 || (offset as u64) < backlog.first_byte_offset {
        let missing = backlog.first_byte_offset.saturating_sub(offset.max(0) as u64);
        let sufficient_size = end.saturating_sub(offset.max(0) as u64);
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
            backlog: Some(BacklogView { size: 100, first_byte_offset: 100, histlen: 100 }),
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
        let before = FullReason::BeforeBacklog { missing: 1, sufficient_size: 101 };
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
        let why = FullReason::ReplIdMismatch;
        assert_eq!(ask(b'c', 150), Outcome::FullResync { why });
    }

    #[test]
    fn absurd_offsets_are_refused() {
        for offset in [i64::MIN, -1, 0, i64::MAX] {
            assert!(matches!(ask(b'a', offset), Outcome::FullResync { .. }), "{offset}");
        }
    }
}
