//! `LOCKSTEP`: what only this server can tell.
//!
//! `LOCKSTEP PSYNC` lists the latest decisions about resynchronisations, newest first, each with
//! the condition that decided, by how many bytes, and the backlog that would have sufficed.
//! `LOCKSTEP PSYNC CHECK` asks the very function that decides what it would decide now.

use super::super::Node;
use super::super::conn::Conn;
use super::super::decisions::{Decision, Side};
use super::{Sub, help};
use crate::commands::{CmdError, Outcome};
use crate::num::parse_i64;
use crate::replication::psync::{self, Verdict};
use crate::replication::state::ReplState;
use crate::resp::{Args, Reply};
use crate::trace::Trace;

/// Decisions shown unless a number is given.
const SHOWN: usize = 10;

const HELP: &[&str] = &[
    "PSYNC [<count>]",
    "    Return the latest decisions about resynchronizations, as master and as replica, newest",
    "    first (default: 10, -1 means all that are remembered), each with its explanation.",
    "PSYNC CHECK <replid> <offset>",
    "    Return what would be decided if a replica sent PSYNC <replid> <offset> now.",
    "PSYNC RESET",
    "    Forget the decisions.",
];

impl<T: Trace> Node<T> {
    /// `LOCKSTEP subcommand`
    pub(super) fn lockstep(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let sub = Sub::new("lockstep", args);
        if sub.is("psync", -2)? {
            return self.lockstep_psync(conn, args);
        } else if sub.is("help", 2)? {
            help(&mut conn.out, "LOCKSTEP", HELP);
            return Ok(());
        }
        Err(sub.unknown())
    }

    fn lockstep_psync(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        let word = args.get(2).unwrap_or_default();
        let is = |name: &str| word.eq_ignore_ascii_case(name.as_bytes());
        if is("check") && args.len() == 5 {
            let request = super::super::primary::sync_request(args.at(3), args.at(4))?;
            let refused =
                self.config.replicaof.is_some() && self.link.state != ReplState::Connected;
            if refused {
                return Err(CmdError::fixed(
                    "NOMASTERLINK Can't SYNC while not connected with my master",
                ));
            }
            let verdict = psync::decide(self.stream.view(), request);
            conn.out.map(VERDICT_FIELDS);
            show_verdict(&mut conn.out, &verdict);
            return Ok(());
        }
        if args.len() > 3 {
            return Err(CmdError::arity("lockstep|psync"));
        }
        if is("reset") {
            self.decisions.entries.clear();
            conn.out.ok();
            return Ok(());
        }
        let count = match args.get(2) {
            None => SHOWN,
            Some(arg) => match parse_i64(arg) {
                Some(-1) => usize::MAX,
                Some(count) => usize::try_from(count).map_err(|_| CmdError::NOT_POSITIVE)?,
                None => return Err(CmdError::NOT_INT),
            },
        };
        let entries = &self.decisions.entries;
        conn.out.array(entries.len().min(count));
        entries.iter().rev().take(count).for_each(|entry| show(&mut conn.out, entry));
        Ok(())
    }
}

const VERDICT_FIELDS: usize = 13;

fn show(out: &mut Reply, entry: &Decision) {
    let head = |out: &mut Reply, fields: usize, side: &str| {
        out.map(4 + fields);
        field_int(out, "id", entry.id as i64);
        field_int(out, "time-ms", entry.unix_ms as i64);
        field(out, "side", side.as_bytes());
        field(out, "peer", entry.peer.as_bytes());
    };
    match &entry.side {
        Side::Master(verdict) => {
            head(out, VERDICT_FIELDS, "master");
            show_verdict(out, verdict);
        }
        Side::Replica(asked) => {
            head(out, 4, "replica");
            field(out, "request", asked.request.shown().as_bytes());
            field(out, "verdict", asked.answer.word().as_bytes());
            field(out, "condition", asked.condition().as_bytes());
            field(out, "explanation", asked.explain().as_bytes());
        }
    }
}

fn show_verdict(out: &mut Reply, verdict: &Verdict) {
    let (said, master) = (verdict.explain(), &verdict.master);
    field(out, "request", verdict.request.shown().as_bytes());
    field(out, "verdict", verdict.answer().as_bytes());
    field(out, "condition", said.condition.as_bytes());
    field(out, "explanation", said.text.as_bytes());
    field_or_null(out, "bytes", said.bytes);
    field_or_null(out, "sufficient-backlog-size", said.sufficient_size);
    field_or_null(out, "repl-backlog-size", master.backlog.map(|b| b.size));
    field_or_null(out, "repl-backlog-first-byte", master.backlog.map(|b| b.first_byte_offset));
    field_or_null(out, "repl-backlog-histlen", master.backlog.map(|b| b.histlen));
    field(out, "master-replid", master.replid.as_bytes());
    field(out, "master-replid2", master.replid2.as_bytes());
    field_int(out, "master-repl-offset", master.master_repl_offset as i64);
    field_int(out, "second-repl-offset", master.second_replid_offset);
}

fn field(out: &mut Reply, name: &str, value: &[u8]) {
    out.bulk(name.as_bytes());
    out.bulk(value);
}

fn field_int(out: &mut Reply, name: &str, value: i64) {
    out.bulk(name.as_bytes());
    out.int(value);
}

fn field_or_null(out: &mut Reply, name: &str, value: Option<u64>) {
    out.bulk(name.as_bytes());
    match value {
        Some(value) => out.int(value as i64),
        None => out.null(),
    }
}
