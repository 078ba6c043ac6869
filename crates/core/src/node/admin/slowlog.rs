//! `SLOWLOG`
//!
//! A node has no clock of its own while it works, so that every run can be repeated exactly. Only
//! what is known to take time enters the log: `DEBUG SLEEP`.

use super::super::Node;
use super::super::conn::Conn;
use super::state::Slow;
use super::{Sub, help};
use crate::commands::{CmdError, Outcome};
use crate::num::parse_i64;
use crate::resp::Args;
use crate::trace::Trace;

/// Arguments kept of a command, and bytes kept of each, as in Redis.
const ARGS_MAX: usize = 32;
const ARG_BYTES_MAX: usize = 128;

impl<T: Trace> Node<T> {
    pub(super) fn slowlog(&mut self, conn: &mut Conn, args: Args<'_>) -> Outcome {
        const BAD_COUNT: CmdError =
            CmdError::fixed("ERR count should be greater than or equal to -1");
        let sub = Sub::new("slowlog", args);
        if sub.is("get", -2)? {
            if args.len() > 3 {
                return Err(CmdError::arity("slowlog|get"));
            }
            let count = match args.get(2) {
                None => 10,
                Some(arg) => parse_i64(arg).filter(|count| *count >= -1).ok_or(BAD_COUNT)?,
            };
            let log = &self.admin.slowlog;
            let count = usize::try_from(count).unwrap_or(usize::MAX).min(log.len());
            conn.out.array(count);
            log.iter().take(count).for_each(|entry| reply(conn, entry));
        } else if sub.is("len", 2)? {
            conn.out.count(self.admin.slowlog.len());
        } else if sub.is("reset", 2)? {
            self.admin.slowlog.clear();
            conn.out.ok();
        } else if sub.is("help", 2)? {
            help(&mut conn.out, "SLOWLOG", HELP);
        } else {
            return Err(sub.unknown());
        }
        Ok(())
    }

    /// Notes a command that takes this long, if `slowlog-log-slower-than` says so.
    pub(super) fn note_slow(&mut self, conn: &Conn, args: Args<'_>, micros: u64) {
        let directive = |name: &str| {
            let found = self.config.get(&[name]);
            found.first().and_then(|(_, value)| parse_i64(value))
        };
        let threshold = directive("slowlog-log-slower-than").unwrap_or(-1);
        if threshold < 0 || micros < threshold as u64 {
            return;
        }
        let most = directive("slowlog-max-len").unwrap_or(128);
        let id = self.admin.next_slow;
        self.admin.next_slow += 1;
        self.admin.slowlog.push_front(Slow {
            id,
            unix_s: self.now.unix_ms / 1000,
            micros,
            args: args
                .from(0)
                .take(ARGS_MAX)
                .map(|arg| arg[..arg.len().min(ARG_BYTES_MAX)].to_vec())
                .collect(),
            peer: conn.peer.clone(),
            name: conn.name.clone(),
        });
        self.admin.slowlog.truncate(usize::try_from(most).unwrap_or(0));
    }
}

fn reply(conn: &mut Conn, entry: &Slow) {
    let out = &mut conn.out;
    out.array(6);
    out.int(entry.id as i64);
    out.int(entry.unix_s as i64);
    out.int(entry.micros as i64);
    out.array(entry.args.len());
    entry.args.iter().for_each(|arg| out.bulk(arg));
    out.bulk(entry.peer.as_bytes());
    out.bulk(&entry.name);
}

const HELP: &[&str] = &[
    "GET [<count>]",
    "    Return top <count> entries from the slowlog (default: 10, -1 mean all).",
    "    Only DEBUG SLEEP is logged: other commands run without a clock.",
    "LEN",
    "    Return the length of the slowlog.",
    "RESET",
    "    Reset the slowlog.",
];
