//! What a search cannot reach, and why: everything else that it has never reached it may reach yet.

/// Masters here are nodes of the core. Some of them bear false names for their commands, and answer
/// a handshake with an array or a text; their streams are streams.
const MASTERS: &str =
    "no master here breaks the protocol in this way: each is a node like the others";

/// Names of verdicts, reasons of transitions, and templates of log lines, each with a sentence.
#[rustfmt::skip]
const NEVER: &[(&str, &str)] = &[
    ("full: before Redis 4.0 no second id is kept",
     "before Redis 4.0 who is sent to another master forgets the id that it has followed"),
    ("the last link ended with a protocol error, after which no offset can be trusted", MASTERS),
    ("I/O error reading bulk count from MASTER: line too long", MASTERS),
    ("I/O error reading from MASTER: line too long", MASTERS),
    ("Master replied +CONTINUE to a request for a full resynchronization", MASTERS),
    ("Master replied with wrong +FULLRESYNC syntax.", MASTERS),
    ("Protocol error from master: *", MASTERS),
    ("Replication stream EOF marker is broken", MASTERS),
    ("WARNING: Receiving inline protocol from master, master stream corruption? Closing the \
      master connection and discarding the cached master. The line begins with '*'", MASTERS),
    ("The master's transaction is longer than client-query-buffer-limit",
     "no transaction here is as long as the smallest limit, one megabyte"),
    ("Error moving temp DB file * on the final destination * (in server root dir *): *",
     "a disk fails an operation when it begins, and the last write begins at the same moment: it \
      is the write that fails"),
    ("Read error sending DB to replica: *",
     "a snapshot is read in pieces of 64 KB, the first as soon as its file has its name; no dataset \
      here has more than one piece"),
    ("Unable to AUTH to MASTER: *", "no node here has a password"),
];

/// Why a search cannot reach something; `None`: it may.
pub fn why_never(name: &str) -> Option<&'static str> {
    NEVER.iter().find(|(known, _)| *known == name).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::super::coverage::Coverage;
    use super::*;

    #[test]
    fn what_is_said_to_be_out_of_reach_exists() {
        let all = Coverage::default().unreached();
        let names = [all.verdicts, all.transitions, all.lines].concat();
        for (name, why) in NEVER {
            assert!(names.contains(name), "{name}: in no list");
            assert!(why.contains(' '), "{name}: why?");
        }
    }
}
