//! Why a resynchronisation is partial or full, in words.
//!
//! One wording for everything that shows it: the log, `LOCKSTEP PSYNC`, tests. The page has its own
//! sentences, in two languages, made from the same [`Verdict`].

use super::psync::{FullReason, Outcome, Request, Retirement, Verdict};

/// A verdict explained to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The condition that decided, as one word for scripts.
    pub condition: &'static str,
    /// By how many bytes: those to be sent (partial), missing, or too many.
    pub bytes: Option<u64>,
    /// The smallest `repl-backlog-size` with which the answer is partial; `None`: there is none.
    pub sufficient_size: Option<u64>,
    /// The explanation.
    pub text: String,
}

const NO_SIZE: &str = "No backlog size would have changed that.";

impl Verdict {
    /// `partial` or `full`.
    pub fn answer(&self) -> &'static str {
        match self.outcome {
            Outcome::Continue { .. } => "partial",
            Outcome::FullResync { .. } => "full",
        }
    }

    /// Explains the verdict.
    pub fn explain(&self) -> Explanation {
        match self.outcome {
            Outcome::Continue { from, bytes, by_replid2 } => self.partial(from, bytes, by_replid2),
            Outcome::FullResync { why } => self.full(why),
        }
    }

    fn partial(&self, from: u64, bytes: u64, by_replid2: bool) -> Explanation {
        let whose = match by_replid2 {
            false => "this node's (replid)".to_owned(),
            true => format!(
                "the one this node followed before (replid2), which both share before byte {}",
                self.master.second_replid_offset
            ),
        };
        let rest = match bytes {
            0 => "That is the very next byte to come: nothing needs to be sent.".to_owned(),
            _ => format!(
                "The backlog holds the {bytes} bytes from there on. With a repl-backlog-size below \
                 {bytes} it would have been full."
            ),
        };
        Explanation {
            condition: if by_replid2 { "by-replid2" } else { "by-replid" },
            bytes: Some(bytes),
            sufficient_size: Some(bytes),
            text: format!(
                "partial. It asked for byte {from} of history {}, {whose}. {rest}",
                self.asked_id()
            ),
        }
    }

    fn full(&self, why: FullReason) -> Explanation {
        let (condition, bytes, sufficient_size) = match why {
            FullReason::SyncCommand => ("sync-command", None, None),
            FullReason::NoHistory => ("no-history", None, None),
            FullReason::ReplIdMismatch { .. } => ("replid-mismatch", None, None),
            FullReason::SecondOffsetPassed { by } => ("beyond-second-offset", Some(by), None),
            FullReason::NoBacklog => ("no-backlog", None, None),
            FullReason::BeforeBacklog { missing, sufficient_size } => {
                ("before-backlog", Some(missing), sufficient_size)
            }
            FullReason::AfterBacklog { by } => ("after-backlog", Some(by), None),
        };
        let text = format!("full. {}", self.full_text(why));
        Explanation { condition, bytes, sufficient_size, text }
    }

    fn full_text(&self, why: FullReason) -> String {
        let master = &self.master;
        let (asked, id) = (self.asked_offset(), self.asked_id());
        let next = master.master_repl_offset + 1;
        match why {
            FullReason::SyncCommand => format!(
                "It sent SYNC, which knows no other answer: it is older than Redis 2.8, or had no \
                 use for PSYNC. {NO_SIZE}"
            ),
            FullReason::NoHistory => format!(
                "It sent PSYNC ? -1: it has no history to continue, and its own log (or its \
                 LOCKSTEP PSYNC) says why. {NO_SIZE}"
            ),
            FullReason::ReplIdMismatch { was } => {
                format!("It asked for history {id}, but {}. {} {NO_SIZE}", self.own(), whence(was))
            }
            FullReason::SecondOffsetPassed { by } => format!(
                "It asked for byte {asked} of history {id}, which this node followed before, but \
                 shares only before byte {}: the replica holds {by} bytes that this node never \
                 had. {NO_SIZE}",
                master.second_replid_offset
            ),
            FullReason::NoBacklog => {
                "The history is the right one, but there is no backlog: no replica came since this \
                 node started, or repl-backlog-ttl ran out. A backlog is created when a replica \
                 comes; until then no size helps."
                    .into()
            }
            FullReason::BeforeBacklog { missing, sufficient_size } => {
                self.before_backlog(missing, sufficient_size)
            }
            FullReason::AfterBacklog { by } => format!(
                "It asked for byte {asked}, {by} bytes beyond the next one to come ({next}): the \
                 replica is ahead. This node has lost what it once sent (it came back with older \
                 data), or two nodes use the same id. {NO_SIZE}"
            ),
        }
    }

    fn before_backlog(&self, missing: u64, sufficient_size: Option<u64>) -> String {
        let asked = self.asked_offset();
        let Some(backlog) = self.master.backlog else { return String::new() };
        let (first, size) = (backlog.first_byte_offset, backlog.size);
        match sufficient_size {
            Some(enough) => format!(
                "It asked for byte {asked}, but the backlog begins at byte {first}: {missing} \
                 bytes are missing. A repl-backlog-size of {enough} would have sufficed (it is \
                 {size})."
            ),
            None if asked < 1 => {
                format!("It asked for byte {asked}; the first byte of a history is 1. {NO_SIZE}")
            }
            None => format!(
                "It asked for byte {asked}, but the backlog begins at byte {first}: {missing} \
                 bytes are missing. The backlog was created at byte {}, so this node never kept \
                 that one. {NO_SIZE}",
                backlog.created_at
            ),
        }
    }

    fn own(&self) -> String {
        let master = &self.master;
        if master.replid2.is_none() {
            return format!("this node's is {}", master.replid);
        }
        format!(
            "this node's is {}, and {} before byte {}",
            master.replid, master.replid2, master.second_replid_offset
        )
    }

    fn asked_offset(&self) -> i64 {
        match self.request {
            Request::Resume { offset, .. } => offset,
            Request::Sync | Request::Fresh => -1,
        }
    }

    fn asked_id(&self) -> String {
        match &self.request {
            Request::Resume { replid, .. } => replid.escape_ascii().to_string(),
            Request::Sync | Request::Fresh => "?".into(),
        }
    }
}

impl Request {
    /// The request as a replica sends it.
    pub fn shown(&self) -> String {
        match self {
            Self::Sync => "SYNC".into(),
            Self::Fresh => "PSYNC ? -1".into(),
            Self::Resume { replid, offset } => {
                format!("PSYNC {} {offset}", replid.escape_ascii())
            }
        }
    }
}

/// What is known of an id that does not match.
fn whence(was: Option<Retirement>) -> &'static str {
    match was {
        None => {
            "This node has not had that id since it started: the replica followed another master, \
             or this node restarted without an RDB file that holds its id."
        }
        Some(Retirement::BacklogFreed) => {
            "That id was this node's until repl-backlog-ttl ran out without a replica: the backlog \
             was freed, and the id given up. A longer repl-backlog-ttl (or 0, for ever) would have \
             kept both."
        }
        Some(Retirement::BacklogCreated) => {
            "That id was this node's until its first replica came: with the backlog a new history \
             begins, for what was written before was not kept."
        }
        Some(Retirement::TwoBehind) => {
            "That history is two behind: only one earlier history is remembered, and this node's \
             has changed again since."
        }
        Some(Retirement::Replaced) => {
            "That id was this node's until a full resynchronization from a master replaced its \
             dataset and its history."
        }
        Some(Retirement::BeforePsync2) => {
            "That id was its former master's: before Redis 4.0 a promoted replica does not keep it."
        }
        Some(Retirement::Changed) => "DEBUG CHANGE-REPL-ID has given that id up.",
    }
}

#[cfg(test)]
mod tests {
    use super::super::psync::{BacklogView, MasterView, Retired, decide};
    use super::*;
    use crate::id::ReplId;
    use expect_test::{Expect, expect};

    fn id(letter: u8) -> ReplId {
        ReplId::parse(&[letter; 40]).expect("forty bytes")
    }

    fn check(letter: u8, offset: i64, expected: Expect) {
        let mut retired = Retired::default();
        retired.push(id(b'f'), Retirement::BacklogFreed);
        let backlog =
            BacklogView { size: 100, first_byte_offset: 100, histlen: 100, created_at: 50 };
        let master = MasterView {
            replid: id(b'a'),
            replid2: id(b'b'),
            second_replid_offset: 150,
            master_repl_offset: 199,
            backlog: Some(backlog),
            retired,
        };
        let replid = id(letter).as_bytes().to_vec();
        let said = decide(master, Request::Resume { replid, offset }).explain();
        let mut text = said.text;
        for letter in b'a'..=b'f' {
            text = text.replace(&id(letter).to_string(), &char::from(letter).to_string());
        }
        let numbers = (said.condition, said.bytes, said.sufficient_size);
        expected.assert_eq(&format!("{numbers:?} {text}"));
    }

    #[test]
    fn every_answer_names_the_condition_and_its_numbers() {
        check(
            b'a',
            150,
            expect![[
                r#"("by-replid", Some(50), Some(50)) partial. It asked for byte 150 of history a, this node's (replid). The backlog holds the 50 bytes from there on. With a repl-backlog-size below 50 it would have been full."#
            ]],
        );
        check(
            b'b',
            150,
            expect![[
                r#"("by-replid2", Some(50), Some(50)) partial. It asked for byte 150 of history b, the one this node followed before (replid2), which both share before byte 150. The backlog holds the 50 bytes from there on. With a repl-backlog-size below 50 it would have been full."#
            ]],
        );
        check(
            b'a',
            200,
            expect![[
                r#"("by-replid", Some(0), Some(0)) partial. It asked for byte 200 of history a, this node's (replid). That is the very next byte to come: nothing needs to be sent."#
            ]],
        );
        check(
            b'a',
            99,
            expect![[
                r#"("before-backlog", Some(1), Some(101)) full. It asked for byte 99, but the backlog begins at byte 100: 1 bytes are missing. A repl-backlog-size of 101 would have sufficed (it is 100)."#
            ]],
        );
        check(
            b'a',
            49,
            expect![[
                r#"("before-backlog", Some(51), None) full. It asked for byte 49, but the backlog begins at byte 100: 51 bytes are missing. The backlog was created at byte 50, so this node never kept that one. No backlog size would have changed that."#
            ]],
        );
        check(
            b'a',
            -7,
            expect![[
                r#"("before-backlog", Some(100), None) full. It asked for byte -7; the first byte of a history is 1. No backlog size would have changed that."#
            ]],
        );
        check(
            b'a',
            300,
            expect![[
                r#"("after-backlog", Some(100), None) full. It asked for byte 300, 100 bytes beyond the next one to come (200): the replica is ahead. This node has lost what it once sent (it came back with older data), or two nodes use the same id. No backlog size would have changed that."#
            ]],
        );
        check(
            b'b',
            160,
            expect![[
                r#"("beyond-second-offset", Some(10), None) full. It asked for byte 160 of history b, which this node followed before, but shares only before byte 150: the replica holds 10 bytes that this node never had. No backlog size would have changed that."#
            ]],
        );
        check(
            b'c',
            150,
            expect![[
                r#"("replid-mismatch", None, None) full. It asked for history c, but this node's is a, and b before byte 150. This node has not had that id since it started: the replica followed another master, or this node restarted without an RDB file that holds its id. No backlog size would have changed that."#
            ]],
        );
        check(
            b'f',
            150,
            expect![[
                r#"("replid-mismatch", None, None) full. It asked for history f, but this node's is a, and b before byte 150. That id was this node's until repl-backlog-ttl ran out without a replica: the backlog was freed, and the id given up. A longer repl-backlog-ttl (or 0, for ever) would have kept both. No backlog size would have changed that."#
            ]],
        );
    }
}
